"""`nc.outcome`: the outcome of a trial, from a table of visits."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT, Policy, last_day
from neocalc.cohort import frames
from neocalc.cohort.comparisons import Line
from neocalc.cohort.followup import Dates, baseline_ages, born_of, line_of
from neocalc.cohort.notes import Notes
from neocalc.cohort.table import Rows, ids_of
from neocalc.errors import InputError
from neocalc.outcomes.endpoints import ENDPOINTS, Figures, figures, picked
from neocalc.outcomes.plan import OutcomePlan, plan
from neocalc.outcomes.subjects import Subjects, subjects_of
from neocalc.outcomes.summary import arms_of, summarise
from neocalc.outcomes.tables import subject_table
from neocalc.outcomes.targets import Windows
from neocalc.velocity.increments import Rules

if TYPE_CHECKING:
    import polars as pl

    from neocalc.trials import Trial

CHRONOLOGICAL: Final = "chronological age"
HALF_WINDOWS: Final = "windows half as wide"
IMPLAUSIBLE: Final = "with implausible values"
OTHERS: Final = ("fenton-2013", "fenton-2025", "intergrowth-21st-preterm")
"""Preterm references of which the sensitivity analyses use those that are installed."""


class Prepared:
    """The rows of a table, prepared once for the analysis and its variants.

    Attributes
    ----------
    rows : neocalc.cohort.table.Rows
        The rows.
    born : Dates
        The day of birth of each row's child.
    line : Line
        The visits of each child, and its baseline.
    subjects : Subjects
        The subjects.
    """

    rows: Rows
    born: Dates
    line: Line
    subjects: Subjects

    def __init__(
        self, table: pl.DataFrame, scoring: OutcomePlan, watch: Callable[[Rows], None] | None
    ) -> None:
        ids = ids_of(table, scoring)
        assert ids is not None  # the plan asks for subject_id
        ids.numbers  # noqa: B018 - the children are told apart once, for their facts too
        self.rows = Rows(table, scoring, ids)
        born = born_of(table, self.rows, scoring)
        assert born is not None  # and for dates
        self.born = born
        baseline = baseline_ages(table, self.rows, scoring, born)
        assert baseline is not None
        inputs = {m: self.rows.inputs(m, self.rows.resolved) for m in scoring.measures}
        self.line = line_of(self.rows, inputs, baseline)
        self.rows.repeated = self.line.repeated
        if watch is not None:
            watch(self.rows)
        at, known = baseline
        self.subjects = subjects_of(table, self.rows, scoring, (at + born.days, known), born)

    def windows(self, scoring: OutcomePlan) -> Windows:
        """When the targets of each subject are due."""
        return scoring.plan.windows(np.maximum(self.subjects.administered, 0))

    def table(self, scoring: OutcomePlan, rows: Rows | None = None) -> pl.DataFrame:
        """The table of the subjects, of these rows or of the same at other ages."""
        rows = self.rows if rows is None else rows
        windows = self.windows(scoring)
        found: dict[str, Figures] = {}
        for measure in scoring.measures:
            visits = picked(measure, self.line, self.rows, self.subjects, windows)
            inputs = rows.inputs(measure, rows.resolved)
            found[measure] = figures(
                measure, self.line, inputs, scoring, visits, rows.age.status
            )  # fmt: skip
        return subject_table(found, scoring, self.rows, self.subjects, windows, self.born)


class Outcome:
    """The outcome of a trial.

    Attributes
    ----------
    subjects : table
        One row a subject, measure and target, the baseline among them, of the kind of table that
        was given: attained z, change since baseline, standardised change, conditional gain and
        velocity z, each with its status.
    summary : table
        One row a population, measure, target, endpoint and arm: counts, missing with reasons, mean,
        SD, median, quartiles, and the difference to the control arm.
    control : str or None
        The control arm; None: the arms stand side by side, without differences.
    notices : list of str
        What has to be known of the subjects, a sentence each.
    plan : OutcomePlan
        The columns, policy and targets.
    """

    def __init__(
        self,
        table: pl.DataFrame,
        summary: pl.DataFrame,
        scoring: OutcomePlan,
        control: str | None,
        notices: list[str],
        prepared: Prepared,
        give: Callable[[pl.DataFrame], Any] = lambda table: table,
    ) -> None:
        self.table, self.summary_table = table, summary
        self.plan, self.control = scoring, control
        self.notices = notices
        self.prepared = prepared
        self.subjects, self.summary = give(table), give(summary)

    @property
    def analyses(self) -> list[str]:
        """The names of the analyses of the summary, "main" first."""
        names: list[str] = self.summary_table["analysis"].unique(maintain_order=True).to_list()
        return names

    def sap(self) -> str:
        """The choices in sentences with citations, for a statistical analysis plan (Markdown)."""
        from neocalc.outcomes.sap import analysis_plan

        return analysis_plan(self.plan, self.control, sensitivity=tuple(self.analyses[1:]))

    def page(self) -> str:
        """A self-contained HTML page: tables, pictures, and the text of the plan.

        Raises
        ------
        ExtraMissing
            Without matplotlib.
        """
        from neocalc.outcomes.page import page

        return page(self)

    def adam(self) -> pl.DataFrame:
        """An ADaM data set (Basic Data Structure), as a polars table."""
        from neocalc.outcomes.adam import dataset

        return dataset(self)

    def __repr__(self) -> str:
        n = self.table["subject_id"].n_unique()
        return f"<Outcome of {n:,} subjects, {', '.join(self.plan.plan.labels)}>"


def analyse(
    table: pl.DataFrame,
    scoring: OutcomePlan,
    *,
    sensitivity: bool = False,
    watch: Callable[[Rows], None] | None = None,
    give: Callable[[pl.DataFrame], Any] = lambda table: table,
) -> Outcome:
    """The outcome of a polars table that holds all visits."""
    import polars as pl

    prepared = Prepared(table, scoring, watch)
    main = prepared.table(scoring)
    control = control_of(main, scoring)
    notices = _notices(main, prepared, scoring)
    summaries = [summarise(plausible(main), control)]
    if sensitivity:
        for name, found in variants(prepared, scoring):
            summaries.append(summarise(plausible(found), control, name))
        summaries.append(summarise(main, control, IMPLAUSIBLE))
    return Outcome(main, pl.concat(summaries), scoring, control, notices, prepared, give)


def plausible(table: pl.DataFrame) -> pl.DataFrame:
    """A table of subjects without the figures that are implausible: they have no place in a mean.

    They stay in the table of the subjects, and are counted among the missing with that reason.
    """
    import polars as pl

    return table.with_columns(
        pl.when(pl.col(status) == "implausible").then(None).otherwise(pl.col(name)).alias(name)
        for name, status in ENDPOINTS.items()
    )


def variants(prepared: Prepared, scoring: OutcomePlan) -> Iterable[tuple[str, pl.DataFrame]]:
    """The table of the subjects under each other policy: what a conclusion may hang on."""
    from neocalc.references.catalogue import references

    rows, policy = prepared.rows, scoring.policy
    plain = copy.copy(rows)
    plain.reference = policy.uncorrected_reference(scoring.reference)
    age = rows.age
    unstated = np.zeros_like(age.gestation_days)
    plain = plain.aged(Age.from_codes(age.days, unstated, age.status, None))
    yield CHRONOLOGICAL, prepared.table(scoring, plain)
    installed = {one.id for one in references()}
    if scoring.reference == DEFAULT:
        for name in OTHERS:
            if name in installed and name != policy.preterm_reference:
                other = _with_preterm(policy, name)
                again = copy.copy(rows)
                again.policy = other
                again = again.aged(age)
                yield (
                    f"preterm reference {name}",
                    prepared.table(replace(scoring, policy=other), again),
                )
    half = scoring.plan._replace(share=scoring.plan.share / 2)
    yield HALF_WINDOWS, prepared.table(replace(scoring, plan=half))


def _with_preterm(policy: Policy, name: str) -> Policy:
    """The policy with another preterm reference, handed over as that one is by default.

    A hand-over that the policy states against its own reference is kept, where the other goes so
    far.
    """
    from neocalc.references.catalogue import reference

    handover = policy.handover
    usual = reference(policy.preterm_reference).handover_day
    if policy.handover_day == usual or policy.handover_day > last_day(reference(name)):
        handover = None
    return replace(policy, preterm_reference=name, handover=handover)


def control_of(table: pl.DataFrame, scoring: OutcomePlan) -> str | None:
    """The arm that others are compared with: the one named, or the trial's without cells."""
    arms = arms_of(table)
    if scoring.control is not None:
        if scoring.blind:
            raise InputError("control", scoring.control, "not with blind: no arm is shown")
        if scoring.control not in arms:
            raise InputError("control", scoring.control, f"an arm: {', '.join(arms)}")
        return scoring.control
    if scoring.trial is None or scoring.blind:
        return None
    without = [arm.name for arm in scoring.trial.arms if not arm.receives_cells]
    return next((name for name in without if name in arms), None)


def _notices(table: pl.DataFrame, prepared: Prepared, scoring: OutcomePlan) -> list[str]:
    """What a user has to know of the subjects, a sentence each."""
    import polars as pl

    said = []
    nobody = int(np.count_nonzero(prepared.subjects.of_row < 0))
    if nobody:
        said.append(f"Rows that do not say whose they are, which are left out: {nobody:,}")
    flagged = table.filter(pl.col("status") == "implausible").height
    if flagged:
        said.append(
            f"Implausible values, which are in the table of the subjects and in no summary:"
            f" {flagged:,}; a sensitivity analysis has them in"
        )
    if scoring.arm is None or scoring.blind:
        return said
    arms = arms_of(table)
    if scoring.trial is not None:
        named = [arm.name for arm in scoring.trial.arms]
        others = [arm for arm in arms if arm not in named and arm != "not stated"]
        if others:
            said.append(
                f"Arms that {scoring.trial.label} does not name: {', '.join(others)};"
                f" it names {', '.join(named)}"
            )
    return said


def outcome(
    frame: Any,
    *,
    trial: Trial | str | None = None,
    version: str | None = None,
    arm: str | None = None,
    baseline: str = "administered_on",
    control: str | None = None,
    population: str | None = None,
    disposition: str | None = None,
    ended: str | None = None,
    targets: Any = None,
    window: float | None = None,
    sensitivity: bool = False,
    blind: bool = False,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    ignore: Iterable[str] = (),
    oedema_codes: Mapping[str, Any] | None = None,
    position_codes: Mapping[str, Any] | None = None,
    date_format: str | None = None,
    decimal: str = ".",
    completed_weeks: str | None = None,
    convert: bool = False,
    policy: Policy | None = None,
    reference: str = DEFAULT,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    change_limits: Any = None,
) -> Outcome:
    """The outcome of a trial: each subject at each target, and the arms compared.

    The baseline of a measure is the last visit on or before the day of administration at which it
    was taken. Of each target the visit nearest to it is taken, of those in its window; a visit
    serves one target. A missing visit is missing: nothing is carried forward.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with the canonical columns or mapped ones, `subject_id` and dates. It is
        not changed; its rows may be in any order.
    trial : Trial or str, optional
        The trial, whose follow-up visits are the targets; without it 1, 3, 6, 12 and 24 months.
    version : str, optional
        The version of its protocol, where there are several.
    arm : str, optional
        The column of the arms; without it all subjects are of one arm.
    baseline : str, default "administered_on"
        The column with the date of administration.
    control : str, optional
        The arm that the others are compared with; by default the trial's arm without cells.
    population : str, optional
        A column that says with yes or no who is in the per-protocol population; both that and the
        population by intention to treat are then summarised.
    disposition : str, optional
        A column that says how a subject left the trial: died, withdrawn, lost to follow up,
        completed, ongoing, or empty.
    ended : str, optional
        The column with the date on which it left.
    targets : iterable of str, optional
        Other targets, such as ``["1 month", "6 months"]``.
    window : float, optional
        The most that a window reaches to each side where the trial states none, as a share of the
        time since administration [unitless]; by default 0.25.
    sensitivity : bool
        Whether the summary is repeated at chronological age, by the other preterm references, with
        narrower windows and with implausible values.
    blind : bool
        Whether no arm is shown: the summary is of all subjects together.
    columns, sex_codes, missing, ignore, oedema_codes, position_codes, date_format, decimal
        As for `neocalc.score`.
    completed_weeks, convert
        As for `neocalc.score`.
    policy, reference
        As for `neocalc.score`.
    start, tolerance, restricted, change_limits
        As for `neocalc.velocity.zscore`.

    Returns
    -------
    Outcome
        With `subjects` and `summary`, tables of the kind that was given.

    Raises
    ------
    InputError, FileError
        When a column, a target or an arm cannot be used. A bad row never raises: it has a status.

    Warns
    -----
    ColumnWarning
        As for `neocalc.score`.

    References
    ----------
    Welch 1947, doi:10.1093/biomet/34.1-2.28. Hodges and Lehmann 1963, doi:10.1214/aoms/1177704172.
    Cole 1995, Arch Dis Child 73:8-16, for the conditional gain. Windows are a decision: see
    docs/outcome.md.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame({
    ...     "subject_id": ["01", "01", "01"], "sex": ["f", "f", "f"],
    ...     "birth_date": ["2025-01-01"] * 3, "gestational_age": ["27+3"] * 3,
    ...     "administered_on": ["2025-04-01"] * 3,
    ...     "measured_on": ["2025-03-31", "2025-05-02", "2025-07-05"],
    ...     "weight_g": [2400, 3300, 5000]})
    >>> found = outcome(visits, targets=["1 month", "3 months", "6 months"])
    >>> found.subjects.select("target", "visit_day", "status", "velocity_from").rows()[2:]
    [('3 months', 95, 'ok', '1 month'), ('6 months', None, 'no_visit_in_window', '3 months')]
    """
    from neocalc.chart.events import trial_of
    from neocalc.errors import warn_of_column

    kind = frames.kind_of(frame)
    scoring = plan(
        kind.columns(frame), trial=trial_of(trial, version), baseline=baseline, arm=arm,
        control=control, population=population, disposition=disposition, ended=ended,
        targets=targets, window=window, blind=blind, columns=columns, sex_codes=sex_codes,
        missing=missing, ignore=ignore, oedema_codes=oedema_codes, position_codes=position_codes,
        date_format=date_format, decimal=decimal, completed_weeks=completed_weeks,
        convert=convert, policy=policy, reference=reference,
        rules=Rules(start, tolerance, restricted, change_limits=change_limits),
    )  # fmt: skip
    table = kind.select(frame, scoring.needed, scoring.mapped.names["subject_id"])
    notes = Notes()
    found = analyse(
        table, scoring, sensitivity=sensitivity, watch=notes.add, give=lambda t: _as(frame, t)
    )
    notes.warn(scoring.mapped)
    for notice in found.notices:
        warn_of_column(notice)
    return found


def _as(frame: Any, table: pl.DataFrame) -> Any:
    """A table of the kind of another."""
    library = type(frame).__module__.partition(".")[0]
    kinds = {base.__module__.partition(".")[0] for base in type(frame).__mro__}
    if library == "polars" or "polars" in kinds:
        return table
    if "pyarrow" in kinds:
        return table.to_arrow()
    import pandas as pd
    import polars as pl

    texts = {n: table[n].to_list() for n in table.columns if table[n].dtype in (pl.String,)}
    flags = {n: table[n].to_numpy() for n in table.columns if table[n].dtype == pl.Boolean}
    empty = pd.DataFrame(texts | flags, index=pd.RangeIndex(table.height))
    others = [table[n] for n in table.columns if n not in texts and n not in flags]
    return frames.kind_of(frame).attach(empty, others)[table.columns]
