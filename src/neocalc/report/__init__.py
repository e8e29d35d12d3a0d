"""A report on one infant or on a cohort: one HTML page that needs nothing else.

Charts, the table of z, velocity, statuses, and the record of what it was computed from. The page
makes no request and runs no script; every text from the data is escaped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from neocalc.policy import DEFAULT, Policy
from neocalc.report import html
from neocalc.tables.notes import Notes

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort import Scoring
    from neocalc.tables.batch import Summary
    from neocalc.tables.files import Source

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
    missing: Iterable[str] = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
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
        As for `neocalc.score`.

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
        reference=reference, extra=(ADMINISTERED, "arm", *([arm] if arm else ())),
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
    from neocalc.chart.visits import of_subject
    from neocalc.cohort import count_statuses, ids_of, score_table
    from neocalc.tables.batch import Summary

    whose = ids_of(table, scoring)
    several = options.subject is None and whose is not None and whose.key.n_unique() != 1
    if not several and len(table):
        table, _, whose = of_subject(table, scoring, options.subject)
    summary = Summary(notes=Notes() if notes is None else notes, mapped=scoring.mapped)
    scored = score_table(table, scoring, summary.notes.add, whose)
    summary.add(len(scored), count_statuses(scored, scoring))
    parts = _cohort if several else _infant
    title, shown = parts(table, scored, scoring, options, summary)
    return html.page(title, [*shown, *_foot(scoring, source, summary, options)])


def _infant(
    table: pl.DataFrame,
    scored: pl.DataFrame,
    scoring: Scoring,
    options: Options,
    summary: Summary,
) -> tuple[str, list[str]]:
    from neocalc.chart import infants as chart_infant
    from neocalc.chart import velocities as chart_velocity
    from neocalc.chart.events import event_notes, events_of
    from neocalc.chart.increments import chain_of
    from neocalc.chart.text import count, sex_title
    from neocalc.chart.visits import infant_of
    from neocalc.policy import weeks_and_days
    from neocalc.report import tables

    infant = infant_of(
        table, scoring, subject=options.subject, administered=options.administered_on
    )
    events = events_of(infant, options.trial, options.version)
    growth = chart_infant.draw(infant, lines=options.lines, until=options.until, events=events)
    speed = chart_velocity.draw(infant, until=options.until, events=events)
    chains = {measure: chain_of(infant, measure) for measure in infant.series}
    born = (
        f"born at {weeks_and_days(infant.gestation)}"
        if infant.gestation
        else ("gestation not stated")
    )
    who = f"{sex_title(infant.sex)}, {born}"
    title = f"{infant.subject} · {who}" if infant.subject else who
    return f"Growth report: {title}", [
        f"<h1>{html.text(title)}</h1>\n",
        html.paragraph(f"{count(len(table), 'visit')}. {' '.join(event_notes(infant, events))}"),
        tables.latest(infant),
        *_basis(scoring, summary),
        html.figure(growth, "growth"),
        html.figure(speed, "velocity"),
        html.heading("Visits"),
        tables.visits(scored, scoring, subjects=False),
        html.heading("Growth velocity (WHO 2009)"),
        tables.velocity(infant, chains),
    ]


def _cohort(
    table: pl.DataFrame,
    scored: pl.DataFrame,
    scoring: Scoring,
    options: Options,
    summary: Summary,
) -> tuple[str, list[str]]:
    from neocalc.chart import cohorts as chart_cohort
    from neocalc.chart import waterfall as chart_changes
    from neocalc.chart.subjects import cohort_of
    from neocalc.chart.text import count
    from neocalc.report import tables

    cohort = cohort_of(table, scoring, arm=options.arm)
    counted = chart_changes.draw_statuses(summary.statuses, chart_cohort.footnotes(scoring))
    title = f"{count(len(cohort.subjects), 'subject')}, {count(len(table), 'visit')}"
    return f"Growth report: {title}", [
        f"<h1>{html.text(title)}</h1>\n",
        *_basis(scoring, summary),
        html.figure(chart_cohort.draw_z(cohort), "z"),
        html.figure(chart_changes.draw_waterfall(cohort), "changes"),
        html.figure(counted, "statuses"),
        html.heading("z by arm and age"),
        tables.medians(cohort),
        html.heading("Visits with a status to look at"),
        tables.flagged(scored, scoring),
        html.heading("Visits"),
        tables.visits(scored, scoring, subjects=True),
    ]


def _basis(scoring: Scoring, summary: Summary) -> list[str]:
    """By what the rows were scored, and how many have which status."""
    from neocalc.chart.cohorts import footnotes
    from neocalc.report import tables

    return [
        html.heading("References and policy"),
        *(html.paragraph(line, small=True) for line in footnotes(scoring)),
        html.heading("Statuses"),
        tables.statuses(summary.statuses),
    ]


def _foot(scoring: Scoring, source: Named, summary: Summary, options: Options) -> list[str]:
    """What the report was computed from: the record that stands beside a scored file."""
    from neocalc.records import utc_time
    from neocalc.tables.batch import record

    chosen = {name: str(value) for name, value in vars(options).items() if value is not None}
    more = {"report": chosen}
    about = json.loads(record("report", cast("Source", source), scoring, summary, more))
    if EPOCH in os.environ:
        import datetime as dt

        stamp = dt.datetime.fromtimestamp(int(os.environ[EPOCH]), dt.UTC)
        about["time_utc"] = utc_time(stamp)
    return [
        html.heading("Audit record"),
        html.preformatted(json.dumps(about, indent=2, ensure_ascii=False)),
    ]
