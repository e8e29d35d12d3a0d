"""The table of the subjects: one row a subject, measure and target, the baseline among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from neocalc.ages.policy import AGE_BASES
from neocalc.cohort.added import age_series
from neocalc.errors import STATUSES
from neocalc.outcomes.endpoints import Figures
from neocalc.outcomes.subjects import Subjects
from neocalc.outcomes.targets import Windows
from neocalc.outcomes.visits import NONE
from neocalc.references.files import MEASURES
from neocalc.references.lookup import Bools
from neocalc.velocity.correlations import SOURCES
from neocalc.velocity.intervals import METHODS

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.followup import Dates
    from neocalc.cohort.table import Rows as Prepared
    from neocalc.outcomes.plan import OutcomePlan

BASELINE: Final = "baseline"
"""The name of the target of the baseline."""
Cells = npt.NDArray[Any]


def subject_table(
    found: dict[str, Figures],
    scoring: OutcomePlan,
    rows: Prepared,
    subjects: Subjects,
    windows: Windows,
    born: Dates,
) -> pl.DataFrame:
    """The table of the subjects, sorted by subject and within it by measure and target.

    Parameters
    ----------
    found : dict of str to Figures
        The endpoints of each measure.
    scoring : OutcomePlan
        The targets.
    rows : neocalc.cohort.table.Rows
        The prepared rows.
    subjects : Subjects
        The subjects.
    windows : Windows
        When their targets are due.
    born : Dates
        The day of birth of each row's child.

    Returns
    -------
    polars.DataFrame
        Values in the unit that stands beside them [kg] or [cm], days [day], z [unitless].
    """
    import polars as pl

    cells = _Cells(found, len(subjects.ids))
    columns = _who(cells, scoring, subjects) | _when(cells, scoring, subjects, windows)
    columns |= _visits(cells, subjects, rows, born) | _attained(cells)
    columns |= _compared(cells, [BASELINE, *scoring.plan.labels])
    return pl.DataFrame([columns[name].alias(name) for name in scoring.added])


class _Cells:
    """Columns of the table: one place a subject, measure and target."""

    def __init__(self, found: dict[str, Figures], n: int) -> None:
        self.found = found
        self.measures = list(found)
        width = next(iter(found.values())).picked.rows.shape[1]
        self.shape = n, len(found), width
        self.target = self.over(np.arange(width)[None, None, :])
        self.measure = self.over(np.arange(len(found))[None, :, None])
        self.at = self.of("picked.rows")
        self.base = self.of("picked.rows", baseline=True)

    def over(self, column: Any) -> Cells:
        """A column of subjects, measures or targets, repeated over the others."""
        return np.broadcast_to(column, self.shape).reshape(-1)

    def of_subjects(self, column: Any) -> Cells:
        """A column of subjects."""
        return self.over(np.asarray(column)[:, None, None])

    def of(self, name: str, *, baseline: bool = False) -> Cells:
        """A column of the figures of all measures; of each row's target, or of its baseline."""
        stacked = np.stack([_named(self.found[measure], name) for measure in self.measures], axis=1)
        return self.over(stacked[:, :, :1] if baseline else stacked)

    def words(self, texts: Any, codes: Cells) -> pl.Series:
        """A column of words; null where the word is empty."""
        import polars as pl

        column = pl.Series(np.array(texts, dtype=object)[codes].tolist(), dtype=pl.String)
        return column.set(column == "", None)

    def floats(self, name: str, *, baseline: bool = False) -> pl.Series:
        """A column of figures; null where there is none."""
        import polars as pl

        return pl.Series(self.of(name, baseline=baseline)).fill_nan(None)

    def status(self, name: str, *, baseline: bool = False) -> pl.Series:
        """A column of status words."""
        import polars as pl

        codes = self.of(name, baseline=baseline).astype(np.uint8)
        return pl.Series(codes).cat.to(pl.Enum(STATUSES))

    def days(self, values: Any, there: Bools) -> pl.Series:
        """Whole days; null where they are not known."""
        import polars as pl

        column = pl.Series(np.where(there, values, 0).astype(np.int32))
        return column.set(pl.Series(~there), None)

    def dates(self, values: Any, there: Bools) -> pl.Series:
        """Dates from days since 1970-01-01; null where they are not known."""
        import polars as pl

        return self.days(values, there).cast(pl.Date)


def _named(figures: Figures, name: str) -> Any:
    found: Any = figures
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _who(cells: _Cells, scoring: OutcomePlan, subjects: Subjects) -> dict[str, pl.Series]:
    """Subject, arm, population, and how it left the trial."""
    import polars as pl

    n = np.arange(len(subjects.ids))
    whose = cells.of_subjects(n)
    columns = {"subject_id": pl.Series(subjects.ids, dtype=pl.String).gather(whose)}
    if scoring.arm is not None and not scoring.blind:
        columns["arm"] = cells.words([*subjects.arm, ""], whose)
    if subjects.per_protocol is not None:
        columns["per_protocol"] = pl.Series(subjects.per_protocol, dtype=pl.Boolean).gather(whose)
    if scoring.disposition is not None:
        columns["left"] = cells.words(["", *STATUSES[1:]], cells.of_subjects(subjects.left))
    return columns


def _when(
    cells: _Cells, scoring: OutcomePlan, subjects: Subjects, windows: Windows
) -> dict[str, pl.Series]:
    """Measure and target, with the date on which it is due, and the window."""
    known = cells.of_subjects((subjects.administered >= 0) & (subjects.status == 0))
    start = cells.of_subjects(subjects.administered)

    def of_targets(column: Any) -> Cells:
        with_baseline = np.column_stack([np.zeros(len(column), dtype=np.int64), column])
        return cells.over(with_baseline[:, None, :])

    import polars as pl

    later = known & (cells.target > 0)
    return {
        "measure": cells.words(cells.measures, cells.measure),
        "target": cells.words([BASELINE, *scoring.plan.labels], cells.target),
        "target_number": pl.Series(cells.target.astype(np.int32)),
        "target_on": cells.dates(start + of_targets(windows.due), known),
        "window_from": cells.dates(start + of_targets(windows.first), later),
        "window_to": cells.dates(start + of_targets(windows.last), known),
    }


def _visits(cells: _Cells, subjects: Subjects, rows: Prepared, born: Dates) -> dict[str, pl.Series]:
    """The visit that is used, and that of the baseline."""
    import polars as pl

    start = cells.of_subjects(subjects.administered)
    known, age = np.append(born.known, False), np.append(rows.age.days, 0)
    on = np.append(born.days, 0) + age  # of the last place, which -1 points to, nothing is known
    has, has_base = cells.at != NONE, cells.base != NONE
    columns = {
        "visit_on": cells.dates(on[cells.at], has & known[cells.at]),
        "visit_day": cells.days(on[cells.at] - start, has & known[cells.at]),
        "baseline_on": cells.dates(on[cells.base], has_base & known[cells.base]),
        "baseline_day": cells.days(on[cells.base] - start, has_base & known[cells.base]),
    }
    for series in age_series(rows.age):
        column = series.extend_constant(None, 1).gather(np.where(has, cells.at, len(age) - 1))
        columns[series.name] = pl.Series(column)
    return columns


def _attained(cells: _Cells) -> dict[str, pl.Series]:
    """The value and its z, and those of the baseline."""
    z = cells.of("z")
    codes = cells.of("reference")
    names: list[str] = []
    reference = np.full(len(codes), 0)
    for i, measure in enumerate(cells.measures):
        own = [one.id for one in cells.found[measure].references]
        mine = (cells.measure == i) & (codes > 0)
        reference[mine] = codes[mine] + len(names)
        names += own
    basis = np.where(np.isnan(z), len(AGE_BASES), cells.of("basis"))
    return {
        "value": cells.floats("value"),
        "unit": cells.words([MEASURES[measure] for measure in cells.measures], cells.measure),
        "z": cells.floats("z"),
        "reference": cells.words(["", *names], reference),
        "age_basis": cells.words([*AGE_BASES, ""], basis),
        "status": cells.status("status"),
        "baseline_z": cells.floats("z", baseline=True),
        "baseline_reference": cells.words(["", *names], _first_of_each(cells, reference)),
        "baseline_status": cells.status("status", baseline=True),
    }


def _first_of_each(cells: _Cells, column: Cells) -> Cells:
    """What stands in the row of the baseline, in all rows of a subject and measure."""
    return cells.over(column.reshape(cells.shape)[:, :, :1])


def _compared(cells: _Cells, labels: list[str]) -> dict[str, pl.Series]:
    """What is compared with the baseline, and with the target before."""
    since = cells.of("velocity_days")
    return {
        "change_z": cells.floats("change_z"),
        "change_chart_step": cells.floats("chart_step"),
        "change_status": cells.status("change_status"),
        "change_standardised": cells.floats("change_standardised"),
        "conditional_gain": cells.floats("conditional_gain"),
        "change_r": cells.floats("r"),
        "change_r_source": cells.words(SOURCES, cells.of("r_source")),
        "standardised_status": cells.status("standardised_status"),
        "velocity_from": cells.words(["", *labels[:-1]], cells.target),
        "velocity_interval_days": cells.days(since, since > 0),
        "velocity_z": cells.floats("velocity_z"),
        "velocity_method": cells.words(METHODS, cells.of("velocity_method")),
        "velocity_status": cells.status("velocity_status"),
    }
