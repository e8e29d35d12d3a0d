"""A report on one infant or on a cohort: one HTML page that needs nothing else.

Charts, the table of z, velocity, statuses, and the record of what it was computed from. The page
makes no request and runs no script; every text from the data is escaped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, Unpack, cast

from neocalc import html
from neocalc.ages.policy import DEFAULT, Policy
from neocalc.cohort.notes import Notes
from neocalc.html import Safe
from neocalc.report.style import STYLE
from neocalc.text import hidden

if TYPE_CHECKING:
    import polars as pl

    from neocalc.chart.used import Used
    from neocalc.chart.visits import Infant
    from neocalc.cohort.mapping import Words
    from neocalc.cohort.run import Summary
    from neocalc.cohort.table import Scoring
    from neocalc.files.sources import Source
    from neocalc.report.visits import Visits

__all__ = ["page"]

EPOCH: Final = "SOURCE_DATE_EPOCH"
"""With this environment variable the record is of that time, so that a report can be reproduced."""


class Named(Protocol):
    """What the record says of the input: its name, and the digest of its content."""

    @property
    def name(self) -> str:
        """Name of the file."""

    def about(self) -> dict[str, str]:
        """The same as the record has it."""


class _Table:
    """The input of a report on a table in memory."""

    name = "table"

    def about(self) -> dict[str, str]:
        """Its name alone: there is no file."""
        return {"name": self.name, "sha256": ""}


class Options:
    """What a report shows.

    Parameters
    ----------
    subject : str, optional
        One infant of several.
    arm : str, optional
        The column of the arms of a cohort.
    administered_on, trial, version, lines, until
        As for `neocalc.chart.infant`.
    """

    def __init__(
        self,
        subject: str | None = None,
        arm: str | None = None,
        administered_on: Any = None,
        trial: Any = None,
        version: str | None = None,
        lines: str = "centiles",
        until: int | None = None,
    ) -> None:
        self.subject = subject
        self.arm = arm
        self.administered_on = administered_on
        self.trial, self.version = trial, version
        self.lines, self.until = lines, until


def page(
    visits: Any,
    *,
    subject: str | None = None,
    arm: str | None = None,
    administered_on: Any = None,
    trial: Any = None,
    version: str | None = None,
    lines: str = "centiles",
    until: int | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    **words: Unpack[Words],
) -> str:
    """A report on a table of visits: of the one subject, of the one named, or of the cohort.

    Parameters
    ----------
    visits : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        As for `neocalc.chart.infant`.
    subject : str, optional
        One infant of several; without it a table of several subjects is a cohort.
    arm : str, optional
        The column of the arms of a cohort; by default "arm", where there is one.
    administered_on, trial, version, lines, until
        As for `neocalc.chart.infant`.
    columns, sex_codes, missing, policy, reference
        As for `neocalc.score`; and so `ignore`, `oedema_codes`, `position_codes`, `date_format` and
        `decimal`.

    Returns
    -------
    str
        A whole HTML page.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame(
    ...     {"sex": ["f", "f"], "age_days": [105, 166], "gestational_age": ["27+3", "27+3"],
    ...      "weight_g": [3100, 4100]})
    >>> page(visits).startswith("<!DOCTYPE html>")
    True
    """
    from neocalc.chart.visits import ADMINISTERED, scored_table

    table, scoring = scored_table(
        visits, columns=columns, sex_codes=sex_codes, missing=missing, policy=policy,
        reference=reference, extra=(ADMINISTERED, "arm", *([arm] if arm else ())), **words,
    )  # fmt: skip
    options = Options(subject, arm, administered_on, trial, version, lines, until)
    notes = Notes()
    made = build(table, scoring, _Table(), options, notes)
    notes.warn(scoring.mapped)
    return made


def build(
    table: pl.DataFrame,
    scoring: Scoring,
    source: Named,
    options: Options,
    notes: Notes | None = None,
) -> str:
    """The page of a prepared table; `notes` is filled with what is found of its columns."""
    from neocalc.chart.events import trial_of
    from neocalc.chart.visits import of_subject, score_visits
    from neocalc.cohort.counts import count_statuses
    from neocalc.cohort.run import Summary
    from neocalc.cohort.table import ids_of
    from neocalc.report.visits import Visits

    options.trial, options.version = trial_of(options.trial, options.version), None
    whose = ids_of(table, scoring)
    several = options.subject is None and whose is not None and whose.key.n_unique() != 1
    if not several and len(table):
        table, _, whose = of_subject(table, scoring, options.subject)
    summary = Summary(notes=Notes() if notes is None else notes, mapped=scoring.mapped)
    scored, rows = score_visits(table, scoring, summary.notes.add, whose)
    summary.add(len(scored), count_statuses(scored, scoring))
    parts = _cohort if several else _infant
    title, shown = parts(table, Visits(scored, rows, scoring), options, summary)
    return html.page(title, [*shown, *_foot(scoring, source, summary, options)], STYLE)


def _infant(
    table: pl.DataFrame, visits: Visits, options: Options, summary: Summary
) -> tuple[str, list[Safe]]:
    from neocalc.chart import infants as chart_infant
    from neocalc.chart import velocities as chart_velocity
    from neocalc.chart.events import event_notes, events_of
    from neocalc.chart.increments import chain_of
    from neocalc.chart.visits import infant_of
    from neocalc.report import tables
    from neocalc.report.visits import never_measured
    from neocalc.report.visits import table as visits_table
    from neocalc.velocity.increment_tables import WHO_2009

    infant = infant_of(
        table, visits.scoring, subject=options.subject, administered=options.administered_on
    )
    events = events_of(infant, options.trial, options.version)
    growth = chart_infant.draw(infant, lines=options.lines, until=options.until, events=events)
    speed = chart_velocity.draw(infant, until=options.until, events=events)
    chains = {measure: chain_of(infant, measure) for measure in infant.series}
    who = chart_infant.born_text(infant)
    title = html.joined([html.free(infant.subject), " · ", who]) if infant.subject else who
    compared = [WHO_2009] if any(chain.increments for chain in chains.values()) else []
    return f"Growth report: {chart_infant.who(infant)}", [
        html.title(title),
        html.paragraph(f"{_seen(table, infant)}. {' '.join(event_notes(infant, events))}"),
        tables.latest(infant),
        *_basis(visits, summary, compared),
        html.figure(growth, "growth"),
        html.figure(speed, "velocity"),
        html.heading("Visits"),
        visits_table(visits, subjects=False),
        *never_measured(visits.never),
        html.heading("Growth velocity (WHO 2009)" if compared else "Growth velocity"),
        tables.velocity(infant, chains),
    ]


def _seen(table: pl.DataFrame, infant: Infant) -> str:
    """How many visits, and how many rows where these are more: rows that repeat each other."""
    from neocalc.chart.text import count

    visits = len(infant.days) + infant.unplaced
    rows = "" if visits == len(table) else f" in {count(len(table), 'row')}"
    return f"{count(visits, 'visit')}{rows}"


def _cohort(
    table: pl.DataFrame, visits: Visits, options: Options, summary: Summary
) -> tuple[str, list[Safe]]:
    from neocalc.chart import cohorts as chart_cohort
    from neocalc.chart import waterfall as chart_changes
    from neocalc.chart.subjects import cohort_of
    from neocalc.chart.text import count
    from neocalc.chart.used import caption
    from neocalc.report import tables
    from neocalc.report.visits import never_measured
    from neocalc.report.visits import table as visits_table

    cohort = cohort_of(table, visits.scoring, arm=options.arm)
    until = options.until
    counted = chart_changes.draw_statuses(summary.statuses, caption(_used(visits)))
    title = f"{count(len(cohort.subjects), 'subject')}, {count(len(table), 'visit')}"
    look = visits.to_look_at
    return f"Growth report: {title}", [
        html.title(title),
        *_basis(visits, summary),
        html.figure(chart_cohort.draw_z(cohort, until), "z"),
        html.figure(chart_changes.draw_waterfall(cohort, until), "changes"),
        html.figure(counted, "statuses"),
        html.heading("z by arm and age"),
        tables.medians(cohort, chart_cohort.shown(cohort, until)),
        html.heading("Visits with a status to look at"),
        visits_table(visits, subjects=True, which=look) if len(look) else html.paragraph("None."),
        html.heading("Visits"),
        visits_table(visits, subjects=True),
        *never_measured(visits.never),
    ]


def _used(visits: Visits) -> Used:
    """What the rows with a z of any index were scored by."""
    from neocalc.chart.used import used_by, with_any_z

    return used_by(visits.rows, with_any_z(visits.scored, visits.scoring.indices), visits.scoring)


def _basis(visits: Visits, summary: Summary, more: Iterable[str] = ()) -> list[Safe]:
    """By what the rows were scored, which columns they stand in, and their statuses."""
    from neocalc.chart.used import caption
    from neocalc.report import tables

    mapped = visits.scoring.mapped
    renamed = [
        html.joined([canonical, " is ", html.free(name)])
        for canonical, name in mapped.names.items()
        if name != canonical
    ]
    columns = html.joined(["Columns of the file: ", html.joined(renamed, "; "), "."])
    return [
        html.heading("References"),
        *(html.paragraph(line, "small") for line in caption(_used(visits), more)),
        *([html.paragraph(columns, "small")] if renamed else []),
        html.heading("Statuses"),
        tables.statuses(summary.statuses),
    ]


def _foot(scoring: Scoring, source: Named, summary: Summary, options: Options) -> list[Safe]:
    """What the report was computed from: the record that stands beside a scored file."""
    from neocalc.cohort.run import record
    from neocalc.records import utc_time

    chosen: dict[str, Any] = {
        name: value.definition if name == "trial" else str(value)
        for name, value in vars(options).items()
        if value is not None
    }
    more = {"report": chosen}
    about = json.loads(record("report", cast("Source", source), scoring, summary, more))
    if EPOCH in os.environ:
        import datetime as dt

        stamp = dt.datetime.fromtimestamp(int(os.environ[EPOCH]), dt.UTC)
        about["time_utc"] = utc_time(stamp)
    text = json.dumps(about, indent=2, ensure_ascii=False)
    text = "".join(json.dumps(one)[1:-1] if hidden(one) else one for one in text)  # still JSON
    return [html.heading("Audit record"), html.preformatted(text)]
