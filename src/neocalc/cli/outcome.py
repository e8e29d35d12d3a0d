"""`neocalc outcome`: the outcome of a trial, from the visits to the table of the paper."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Final

from neocalc.cli import add_json, add_policy, one_line, policy_of, print_json, print_rows
from neocalc.cli.files import add_files, failed, reading_of, source_of
from neocalc.cohort.run import NOT_FLAGGED
from neocalc.errors import FileError, InputError, printable
from neocalc.files.inputs import STANDARD
from neocalc.files.outputs import refuse_existing
from neocalc.files.sources import Source
from neocalc.outcomes.files import Wanted, write_file
from neocalc.outcomes.plan import OutcomePlan, plan
from neocalc.outcomes.summary import finite

OPTION_OF: Final = {
    "version": "trial_version", "arm": "arm_column", "population": "population_column",
    "disposition": "disposition_column", "ended": "ended_column",
}  # fmt: skip
"""Arguments of the call that are typed under another name."""
PRINTED: Final = ("z", "change_z")
"""The endpoints that are printed; all are in the record and in --summary."""
UNFLAGGED: Final = "ok, missing_value or one of a visit that was not made"
EXPECTED: Final = NOT_FLAGGED | {"no_visit_in_window", "died", "withdrawn", "lost_to_follow_up"}
"""The statuses of `UNFLAGGED`."""


def configure_outcome(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc outcome`."""
    add_files(parser, unflagged=UNFLAGGED)
    group = parser.add_argument_group("the trial")
    group.add_argument("--trial", metavar="ID", help="NCT03558334, or the path of a definition")
    group.add_argument("--trial-version", metavar="NAME", help="version of its protocol")
    group.add_argument("--arm-column", metavar="COLUMN", help="the arms; without it one arm")
    group.add_argument(
        "--control",
        metavar="ARM",
        help="the arm of the comparisons; default the trial's without cells",
    )
    group.add_argument(
        "--baseline", metavar="COLUMN", default="administered_on",
        help="the date of administration; default administered_on",
    )  # fmt: skip
    group.add_argument(
        "--population-column", metavar="COLUMN", help="yes or no: in the per-protocol population"
    )
    group.add_argument(
        "--disposition-column", metavar="COLUMN",
        help="died, withdrawn, lost to follow up, completed, ongoing or empty",
    )  # fmt: skip
    group.add_argument("--ended-column", metavar="COLUMN", help="the date of that")
    group.add_argument(
        "--targets", metavar="LIST", help="instead of the trial's: 1mo,3mo,6mo; 90d, 2w and 1y too"
    )
    group.add_argument(
        "--window", metavar="SHARE",
        help="where no source states one: at most this share to each side; default 0.25",
    )  # fmt: skip
    group = parser.add_argument_group("what is written")
    group.add_argument("--summary", metavar="FILE", help="the arms side by side, .csv or .parquet")
    group.add_argument("--sap", metavar="FILE", help="text for a statistical analysis plan, .md")
    group.add_argument("--adam", metavar="FILE", help="ADaM data set, .xpt, .json or .parquet")
    group.add_argument(
        "--sensitivity", action="store_true",
        help="the same table at chronological age, by other references and with other windows",
    )  # fmt: skip
    group.add_argument("--blind", action="store_true", help="no arm is shown, and none compared")
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc outcome COHORT.csv -o OUTCOME.csv --trial NCT03558334 --arm-column arm \\\n"
        "      --baseline administered_on\n"
        "  neocalc outcome COHORT.csv -o OUTCOME.html --arm-column arm --control A --sensitivity"
    )


def run_outcome(options: argparse.Namespace) -> int:
    """The outcome of a file; print the summary."""
    wanted = Wanted(options.output, options.summary, options.sap, options.adam)
    wanted.check()
    if options.output == STANDARD and options.json:
        raise FileError("--json: standard output is the table already; give -o FILE")
    for path in wanted.every:
        refuse_existing(Path(path), force=options.force, read=options.input)
    settings = _settings(options)
    with source_of(options) as source:
        scoring = plan(source.columns, **settings, where=source.name, command=True)
        table = _table(source, scoring)
        source.digest()
        found, summary = write_file(
            source, table, scoring, wanted, sensitivity=options.sensitivity, force=options.force
        )
    _say(summary, found, wanted)
    status = failed(summary, accepted=options.accept_failed_columns)
    rows = [finite(row) for row in found.summary_table.iter_rows(named=True)]
    if options.json:
        print_json(
            {
                "output": options.output,
                "rows": summary.rows,
                "subjects": found.table["subject_id"].n_unique(),
                "seconds": round(summary.seconds, 3),
                "policy": scoring.policy.describe(scoring.reference),
                "targets": scoring.plan.about(),
                "control": found.control,
                "children": summary.notes.record(),
                "notices": [*summary.notes.notices(scoring.mapped), *found.notices],
                "statuses": summary.counts,
                "columns": scoring.mapped.names,
                "failed_columns": {one.column: one.status for one in summary.failures},
                "summary": rows,
            }
        )
    elif options.output != STANDARD:
        print_rows(shown(rows))
        print("All endpoints: in the record, and with --summary FILE.")
    asked = sum(
        n for words in summary.counts.values() for word, n in words.items() if word not in EXPECTED
    )
    if options.strict and asked:
        print(f"--strict: statuses other than {UNFLAGGED}: {asked:,}", file=sys.stderr)
        return 1
    return status


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    """What the options ask for."""
    from neocalc.chart.events import trial_of

    window = options.window
    if window is not None:
        if not re.fullmatch(r"0?\.[0-9]{1,6}", window):
            raise InputError("--window", window, "a share above 0 and up to 0.5, such as 0.25")
        window = float(window)
    targets = options.targets
    return {
        "trial": trial_of(options.trial, options.trial_version),
        "arm": options.arm_column,
        "control": options.control,
        "baseline": options.baseline,
        "population": options.population_column,
        "disposition": options.disposition_column,
        "ended": options.ended_column,
        "targets": None if targets is None else [text.strip() for text in targets.split(",")],
        "window": window,
        "blind": options.blind,
        **reading_of(options),
        "policy": policy_of(options),
        "reference": options.reference,
    }


def _table(source: Source, scoring: OutcomePlan) -> Any:
    """All rows of a file, with the columns that are needed."""
    import polars as pl

    parts = [batch.select(scoring.needed) for batch in source.batches()]
    if not parts:
        return pl.DataFrame(schema=source.schema()).select(scoring.needed)
    return pl.concat(parts)


def _say(summary: Any, found: Any, wanted: Wanted) -> None:
    """Print the columns, what is to be known of the subjects, and the outputs, on stderr."""
    names = summary.mapped.names
    used = ", ".join(n if n == c else f"{n}={c}" for n, c in names.items())
    print(printable(f"Columns: {used}"), file=sys.stderr)
    print(found.plan.policy.describe(found.plan.reference), file=sys.stderr)
    plan = found.plan.plan
    for source in dict.fromkeys(target.source for target in plan.targets):
        own = [str(target.after) for target in plan.targets if target.source == source]
        print(printable(f"Targets {', '.join(own)}: {source}"), file=sys.stderr)
    for source in dict.fromkeys(map(plan.window_source, plan.targets)):
        print(printable(f"Windows: {source}"), file=sys.stderr)
    for line in [*summary.notes.lines(summary.mapped), *found.notices]:
        print(one_line(line), file=sys.stderr)
    if found.control is None and not found.plan.blind and found.plan.arm is not None:
        print("No control arm: the arms stand side by side, without differences", file=sys.stderr)
    if wanted.every:
        print(printable(f"Written: {', '.join(wanted.every)}"), file=sys.stderr)


def shown(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The summary for people: z and its change, in aligned rows."""
    several = len({row["population"] for row in rows}) > 1
    analyses = len({row["analysis"] for row in rows}) > 1
    head = [*(["analysis"] if analyses else []), *(["population"] if several else [])]
    head += ["measure", "target", "endpoint", "arm", "n", "mean", "SD", "median"]
    compared = any(row["control"] for row in rows)
    head += [*(["difference (95 % CI)", "shift (CI)"] if compared else []), "missing"]
    lines = [head]
    for row in rows:
        if row["endpoint"] not in PRINTED:
            continue
        line = [row["analysis"]] if analyses else []
        line += [row["population"]] if several else []
        line += [row["measure"], row["target"], row["endpoint"], printable(row["arm"])]
        line += [str(row["n"]), *(two(row[name]) for name in ("mean", "sd", "median"))]
        if compared:
            line += [interval(row, "difference"), interval(row, "shift")]
        lines.append([*line, row["missing"] or ""])
    return lines


def two(value: float | None) -> str:
    """A figure with two decimals; empty without one.

    >>> two(-0.004), two(None)
    ('0.00', '')
    """
    if value is None:
        return ""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def interval(row: dict[str, Any], name: str) -> str:
    """An estimate with its interval; empty without one.

    >>> interval({"shift": 0.5, "shift_lower": None, "shift_upper": None}, "shift")
    '0.50 (no interval)'
    """
    if row[name] is None:
        return ""
    if row[f"{name}_lower"] is None:
        return f"{two(row[name])} (no interval)"
    return f"{two(row[name])} ({two(row[f'{name}_lower'])} to {two(row[f'{name}_upper'])})"
