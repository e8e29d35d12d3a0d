"""The visits of a cohort that its charts show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.chart.visits import administered_dates, drawn_measures
from neocalc.cohort import Rows, Scoring
from neocalc.errors import FileError
from neocalc.tables import columns

if TYPE_CHECKING:
    import polars as pl

    from neocalc.coding import Ints
    from neocalc.errors import StatusArray
    from neocalc.units import Floats

MOST_ARMS: Final = 4
ARM: Final = "arm"
"""The column of the arms, where the table has it."""


class Measured(NamedTuple):
    """One measure of every row of a cohort: z, status codes, and the reference's number."""

    z: Floats
    status: StatusArray
    reference: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Cohort:
    """Visits of many subjects, in the order of subject and age.

    Attributes
    ----------
    table : polars.DataFrame
        The rows, in that order; those without an age or a subject are left out.
    scoring : Scoring
        How they are scored.
    rows : Rows
        The prepared columns.
    subject, arm : numpy.ndarray
        Numbers of the subject and of the arm of each row.
    subjects, arms : list of str
        Their names.
    day : numpy.ndarray
        Corrected age; chronological for a child whose age is not corrected [day].
    measures : dict of str to Measured
        The measures of the table.
    left_out : int
        Rows without a usable age or without a subject.
    """

    table: pl.DataFrame
    scoring: Scoring
    rows: Rows
    subject: Ints
    arm: Ints
    subjects: list[str]
    arms: list[str]
    day: Ints
    measures: dict[str, Measured]
    left_out: int

    def arm_subjects(self, arm: int) -> int:
        """How many subjects an arm has."""
        return len(np.unique(self.subject[self.arm == arm]))


def cohort_of(table: pl.DataFrame, scoring: Scoring, *, arm: str | None = None) -> Cohort:
    """A cohort from a table of visits.

    Parameters
    ----------
    table : polars.DataFrame
        With the columns of `scoring`, and those of the arm and of administration.
    scoring : Scoring
        How it is scored.
    arm : str, optional
        Name of the column of the arms; by default "arm", where there is one.
    """
    import polars as pl

    name = scoring.mapped.names.get("subject_id")
    if name is None:
        raise FileError("there is no column subject_id; map it: --column subject_id=NAME")
    if arm is not None and arm not in table.columns:
        raise FileError(f"arm: there is no column {arm!r}")
    arms = arm or (ARM if ARM in table.columns else None)
    rows = Rows(table, scoring)
    ids = table[name].cast(pl.String).fill_null("")
    usable = (ids != "").to_numpy()
    if rows.age.status is not None:
        usable &= rows.age.status == 0
    names = ids.filter(pl.Series(usable)).unique().sort().to_list()
    numbers = ids.replace_strict(names, range(len(names)), default=-1, return_dtype=pl.Int32)
    order = np.lexsort((rows.age.days, numbers.to_numpy()))
    order = order[usable[order]]
    kept = table[order]
    rows = Rows(kept, scoring)
    of_arm, arm_names = _arms(kept, arms)
    measures = {measure: _measured(rows, measure) for measure in drawn_measures(rows)}
    return Cohort(
        kept, scoring, rows, numbers.to_numpy()[order], of_arm, names, arm_names,
        rows.resolved.who_day, measures, len(usable) - len(order),
    )  # fmt: skip


def _arms(table: pl.DataFrame, column: str | None) -> tuple[Ints, list[str]]:
    import polars as pl

    if column is None or not len(table):
        return np.zeros(len(table), dtype=np.int32), [""]
    words = table[column].cast(pl.String).fill_null("")
    words = words.replace("", "not stated")
    names = words.unique().sort().to_list()
    if len(names) > MOST_ARMS:
        raise FileError(
            f"column {column}: {len(names):,} different arms; a chart has at most {MOST_ARMS}:"
            " name another column: --arm NAME"
        )
    numbers = words.replace_strict(names, range(len(names)), return_dtype=pl.Int32)
    return numbers.to_numpy(), [f"{column} {name}" for name in names]


def _measured(rows: Rows, measure: str) -> Measured:
    scored = rows.score(measure)
    return Measured(scored.z, scored.status, scored.reference)


def administered_before(cohort: Cohort) -> npt.NDArray[np.bool_] | None:
    """Which visits are on or before the day of administration; None where no day is known."""
    mapped = cohort.scoring.mapped
    given = administered_dates(cohort.table, cohort.scoring)
    if given is None or not mapped.has("measured_on"):
        return None
    on = columns.dates(columns.column_of(cohort.table, mapped, "measured_on"))
    before: npt.NDArray[np.bool_] = on.codes <= given.codes
    for status in (given.status, on.status):
        if status is not None:
            before &= status == 0
    return before if before.any() else None
