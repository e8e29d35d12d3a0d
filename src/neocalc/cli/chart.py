"""`neocalc chart`: pictures of one infant and of a cohort."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.chart import KINDS, OF_ONE, cohort_chart
from neocalc.chart.events import trial_of
from neocalc.chart.style import format_of
from neocalc.cli import add_json, add_policy, policy_of, print_json
from neocalc.cli.files import READ, add_reading, failed, say_columns
from neocalc.cli.growth import whole_days
from neocalc.cli.laid import opened
from neocalc.cli.layouts import add_layout
from neocalc.cohort.canonical import INDICES
from neocalc.cohort.run import Summary
from neocalc.cohort.table import ids_of
from neocalc.errors import AgeError, FileError, InputError, MissingError, printable
from neocalc.files.outputs import refuse_existing, stopped_cleanly
from neocalc.text import NAMES, counted

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.table import Scoring
    from neocalc.files.sources import Source
    from neocalc.trials import Trial

TYPED: Final = ("sex", "gestation", "born", "on", "age_days", "weight", "length", "head")
"""The options that give one infant without a file."""
OF_COHORTS: Final = ("arm", "until")
"""Options of a picture that charts of cohorts take."""
OPTION_OF: Final = {"version": "trial_version"}
"""Arguments of the call that are typed under another name."""
MEASURES: Final = {"weight": "weight", "length": "length", "head": "head_circumference"}
"""Each option of a measurement with its measure."""


def configure_chart(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc chart`."""
    parser.add_argument(
        "input", metavar="VISITS", nargs="?",
        help=f"{READ}, one row a visit; - for standard input",
    )  # fmt: skip
    add_output(parser, ".svg, .pdf or .png")
    parser.add_argument(
        "--kind", choices=KINDS,
        help="growth (default for one subject) or velocity of one infant; z (default for several),"
        " waterfall or statuses of a cohort",
    )  # fmt: skip
    add_picture(parser)
    group = parser.add_argument_group("one infant without a file: a value for each date")
    group.add_argument("--sex", metavar="SEX", help="female, male, f or m")
    group.add_argument("--gestation", metavar="GA", help="gestation at birth, 27+3")
    group.add_argument("--born", metavar="DATE", help="date of birth, 2026-05-01")
    group.add_argument("--on", metavar="DATE", nargs="+", help="dates of the visits")
    group.add_argument("--age-days", metavar="N", nargs="+", help="or whole days since birth")
    group.add_argument("--weight", metavar="VALUE", nargs="+", help="3100g or 3.1kg")
    group.add_argument("--length", metavar="VALUE", nargs="+", help="49.5cm")
    group.add_argument("--head", metavar="VALUE", nargs="+", help="35.2cm")
    add_columns(parser)
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc chart VISITS.csv -o CHART.svg\n"
        "  neocalc chart COHORT.csv --subject 001-0001 --trial NCT03558334 -o CHART.pdf\n"
        "  neocalc chart COHORT.csv --kind waterfall -o CHANGES.png\n"
        "  neocalc chart --sex f --gestation 27+3 --born 2026-05-01 --on 2026-05-01 2026-06-12 \\\n"
        "      --weight 980g 1640g --length 35.5cm 40.1cm -o CHART.svg"
    )


def add_output(parser: argparse.ArgumentParser, formats: str) -> None:
    """Where the output goes, and what makes the exit status 1."""
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help=formats)
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument(
        "--strict", action="store_true",
        help="exit status 1 when a status is not ok or missing_value",
    )  # fmt: skip


def add_picture(parser: argparse.ArgumentParser) -> None:
    """What is drawn, the same for charts and reports."""
    parser.add_argument("--subject", metavar="ID", help="one infant of several")
    parser.add_argument("--sd", action="store_true", help="SD lines instead of centiles")
    parser.add_argument(
        "--until", metavar="MONTHS",
        help="age at the end of the axis; by default as long as the data",
    )  # fmt: skip
    parser.add_argument("--arm", metavar="COLUMN", help="the arms of a cohort; default arm")
    parser.add_argument(
        "--administered-on", metavar="DATE",
        help="day of administration; default the column administered_on",
    )  # fmt: skip
    parser.add_argument("--trial", metavar="ID", help="mark its visits and windows, NCT03558334")
    parser.add_argument(
        "--protocol-version", "--trial-version", dest="trial_version", metavar="NAME",
        help="version of its protocol",
    )  # fmt: skip


def add_columns(parser: argparse.ArgumentParser) -> None:
    """How a file is read: as `neocalc score` reads it."""
    group = parser.add_argument_group("columns of the file")
    add_reading(group)
    add_layout(parser)


class Read(NamedTuple):
    """A table of visits, how it is scored, and the file it came from."""

    table: pl.DataFrame
    scoring: Scoring
    source: Source | None

    @property
    def single(self) -> bool:
        """Whether it is of one infant; a table without ids is."""
        ids = ids_of(self.table, self.scoring)
        return ids is None or ids.key.n_unique() == 1

    def summary(self, subject: str | None, *, charted: bool) -> Summary:
        """Rows and statuses: of all indices, or of those that are drawn."""
        from neocalc.chart.visits import CHARTED, of_subject, score_visits
        from neocalc.cohort.canonical import INDICES
        from neocalc.cohort.counts import count_statuses

        table, ids = self.table, ids_of(self.table, self.scoring)
        if subject is not None and ids is None:
            raise InputError("subject", subject, "a table with the column subject_id")
        if subject is not None and ids is not None and not len(ids.rows_of(subject)):
            column = self.scoring.mapped.names["subject_id"]
            raise InputError("subject", subject, f"a subject of the column {column}")
        if len(table) and (subject is not None or self.single):
            table, _, ids = of_subject(table, self.scoring, subject)
        summary = Summary(mapped=self.scoring.mapped)
        scored, _ = score_visits(table, self.scoring, summary.notes.add, ids)
        counts = count_statuses(scored, self.scoring)
        kept = {i: c for i, c in counts.items() if not charted or INDICES[i] in CHARTED}
        summary.add(len(table), kept)
        return summary


def run_chart(options: argparse.Namespace) -> int:
    """Draw a chart into a file."""
    format_of(options.output)
    refuse_existing(Path(options.output), force=options.force, read=options.input)
    until = until_of(options)
    read = _typed(options) if options.input is None else read_file(options)
    kind = options.kind or ("growth" if options.subject is not None or read.single else "z")
    _check(options, kind)
    trial = trial_of(options.trial, options.trial_version)
    summary = read.summary(options.subject, charted=kind != "statuses")
    with stopped_cleanly():
        _draw(options, read, kind, until, trial).save(options.output, force=options.force)
    said(options, read, summary)
    if kind != "statuses":
        say_without_z(summary)
    if options.json:
        print_json(
            {
                "output": options.output,
                "kind": kind,
                "subject": options.subject,
                "trial": None if trial is None else trial.definition,
                **about(summary),
            }
        )
    status = failed(summary, accepted=options.accept_failed_columns)
    return max(status, int(options.strict and summary.flagged > 0))


def _check(options: argparse.Namespace, kind: str) -> None:
    """Refuse options that a kind of chart has no use for."""
    for name in ("subject", "until", "administered_on", "trial", "trial_version", "sd", "arm"):
        given = getattr(options, name)
        if given is None or given is False:
            continue
        why = ""
        if name == "arm" and kind in OF_ONE:
            why = f"not for the chart of one infant (--kind {kind})"
        elif name not in OF_COHORTS and kind not in OF_ONE:
            why = f"not for the chart of a cohort (--kind {kind})"
        elif name == "until" and kind == "statuses":
            why = "not for the counts of statuses, which are of all rows"
        elif name == "sd" and kind == "velocity":
            why = "not for the velocity chart, whose bands are of SD"
        if why:
            raise FileError(f"--{name.replace('_', '-')}: {why}")


def _draw(
    options: argparse.Namespace, read: Read, kind: str, until: int | None, trial: Trial | None
) -> Any:
    """The chart that the options ask for."""
    if kind not in OF_ONE:
        return cohort_chart(read.table, read.scoring, kind, options.arm, until)
    from neocalc.chart import infants as chart_infant
    from neocalc.chart import velocities as chart_velocity
    from neocalc.chart.events import events_of
    from neocalc.chart.visits import infant_of

    infant = infant_of(
        read.table, read.scoring, subject=options.subject, administered=options.administered_on
    )
    events = events_of(infant, trial)
    if kind == "velocity":
        return chart_velocity.draw(infant, until=until, events=events)
    lines = "sd" if options.sd else "centiles"
    return chart_infant.draw(infant, lines=lines, until=until, events=events)


def said(options: argparse.Namespace, read: Read, summary: Summary) -> None:
    """Print the columns that were used, the statuses and the output, on standard error."""
    names = read.scoring.mapped.names
    if read.source is not None:
        say_columns(names)
    for line in summary.describe().splitlines()[1:]:
        print(line, file=sys.stderr)
    print(printable(f"Written: {options.output}"), file=sys.stderr)


def say_without_z(summary: Summary) -> None:
    """Say why nothing is drawn, where no row has a z that is: how many rows have which status."""
    if any(words["ok"] for words in summary.statuses.values()):
        return
    why = (
        f"{NAMES[INDICES[index]]}: {counted(words)}"
        for index, words in summary.statuses.items()
        if words
    )
    print(f"No z-score to draw: {'; '.join(why) or 'no rows'}.", file=sys.stderr)


def about(summary: Summary) -> dict[str, Any]:
    """Rows and statuses, for machines."""
    statuses = {index: dict(words) for index, words in summary.statuses.items()}
    return {"rows": summary.rows, "statuses": statuses}


def until_of(options: argparse.Namespace) -> int | None:
    """The months that --until gives."""
    if options.until is None:
        return None
    if not options.until.isascii() or not options.until.isdigit() or len(options.until) > 3:
        raise InputError("until", options.until, "a whole number of months")
    return int(options.until)


def read_file(options: argparse.Namespace) -> Read:
    """All rows of a file, with the columns that are needed."""
    import polars as pl

    from neocalc.chart.visits import ADMINISTERED, scored_table

    typed = [name for name in TYPED if getattr(options, name, None) is not None]
    if typed:
        option = typed[0].replace("_", "-")
        raise FileError(f"--{option}: the visits are those of {options.input}; give one of the two")
    with opened(options) as (source, reading):
        arm = options.arm
        if arm is not None and arm not in source.columns:
            raise InputError("arm", arm, f"a column of {source.name}")
        frames = list(source.batches())
        whole = pl.concat(frames) if frames else pl.DataFrame(schema=source.schema())
        table, scoring = scored_table(
            whole, **reading, policy=policy_of(options), reference=options.reference,
            extra=(ADMINISTERED, "arm", *([arm] if arm else ())), where=source.name, command=True,
        )  # fmt: skip
        source.digest()
    return Read(table, scoring, source)


def _typed(options: argparse.Namespace) -> Read:
    """One infant as typed."""
    from neocalc.ages.age import Age
    from neocalc.chart.typed import typed_table
    from neocalc.chart.visits import scored_table

    if not any(getattr(options, name) is not None for name in TYPED):
        raise MissingError("VISITS", "give a file, or --sex, --born, --on and measurements")
    if options.age_days is not None:
        if options.on is not None or options.born is not None:
            raise AgeError("--age-days", options.age_days, "either --age-days, or --born and --on")
        days = [whole_days("--age-days", text) for text in options.age_days]
        age = Age.from_days(days, options.gestation)
    else:
        for name in ("born", "on"):
            if getattr(options, name) is None:
                raise MissingError(f"--{name}", "give the date as YYYY-MM-DD")
        for given in options.on:
            Age(options.born, given, options.gestation)  # one by one, to name what is wrong
        age = Age([options.born] * len(options.on), options.on, options.gestation)
    given = {measure: getattr(options, option) for option, measure in MEASURES.items()}
    table = typed_table(options.sex, age, **given)
    table, scoring = scored_table(table, policy=policy_of(options), reference=options.reference)
    return Read(table, scoring, None)
