"""The visits of a cohort that its charts show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.chart.arms import NOT_STATED, arm_title, arm_words, ordered
from neocalc.chart.visits import administered_dates, drawn_measures, refused
from neocalc.cohort import columns
from neocalc.cohort.children import MISSING, completed
from neocalc.cohort.comparisons import Line
from neocalc.cohort.followup import line_of
from neocalc.cohort.identities import NO_SUBJECT
from neocalc.cohort.table import Rows, Scoring, ids_of
from neocalc.errors import CODE, FileError
from neocalc.reading.words import Coded
from neocalc.references.lookup import Rows as Places

if TYPE_CHECKING:
    import polars as pl

    from neocalc.errors import StatusArray
    from neocalc.reading.units import Floats
    from neocalc.reading.words import Ints
    from neocalc.references.lookup import Bools

MOST_ARMS: Final = 12
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
    conflicting : int
        Rows of subjects of whom two rows state different facts: sex, gestation, date of birth, arm
        or day of administration; they are left out too.
    administered : Coded or None
        The day of administration of each row's subject, as days since 1970-01-01.
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
    conflicting: int = 0
    administered: Coded | None = None

    @property
    def any_z(self) -> Bools:
        """The rows with a z of any measure."""
        found: Bools = np.any([found.status == 0 for found in self.measures.values()], axis=0)
        return found

    def arm_subjects(self, arm: int) -> int:
        """How many subjects an arm has."""
        return len(np.unique(self.subject[self.arm == arm]))


def cohort_of(
    table: pl.DataFrame,
    scoring: Scoring,
    *,
    arm: str | None = None,
    watch: Callable[[Rows], None] | None = None,
) -> Cohort:
    """A cohort from a table of visits.

    The arm and the day of administration are facts of a subject: what one of its rows states holds
    for all of them. Rows of one day that do not differ are one visit; rows that do have no z.

    Parameters
    ----------
    table : polars.DataFrame
        With the columns of `scoring`, and those of the arm and of administration.
    scoring : Scoring
        How it is scored.
    arm : str, optional
        Name of the column of the arms; by default "arm", where there is one.
    watch : callable, optional
        It is shown the prepared rows.
    """
    import polars as pl

    ids = ids_of(table, scoring)
    if ids is None:
        raise FileError("there is no column subject_id; map it: --column subject_id=NAME")
    if arm is not None and arm not in table.columns:
        raise FileError(f"arm: there is no column {arm!r}")
    arms = arm or (ARM if ARM in table.columns else None)
    every = Rows(table, scoring)
    if watch is not None:
        watch(every)
    words = arm_words(table, arms, every, scoring.mapped)
    names = ordered(set(words.to_list()) - {""})
    codes = words.replace_strict(names, range(len(names)), default=0, return_dtype=pl.Int32)
    blank = (words == "").to_numpy() * np.uint8(CODE[MISSING])
    own = {"arm": Coded(codes.to_numpy(), blank)}
    dates = administered_dates(table, scoring)
    own |= {} if dates is None else {"administered_on": dates}
    facts = completed(ids, own)
    conflict = np.zeros(table.height, dtype=bool)
    for children in (every.children, facts):
        conflict |= False if children.conflict is None else children.conflict
    usable = (facts.subject != NO_SUBJECT) & ~conflict
    conflicting = int(np.count_nonzero(conflict))
    if every.age.status is not None:
        usable &= every.age.status == 0
    texts = ids.texts
    subjects = texts.filter(pl.Series(usable)).unique().sort().to_list()
    numbers = texts.replace_strict(
        subjects, range(len(subjects)), default=-1, return_dtype=pl.Int32
    )
    order = np.lexsort((every.age.days, numbers.to_numpy()))
    order = order[usable[order]]
    rows = every.take(order)
    drawn = drawn_measures(rows)
    line = line_of(rows, {measure: rows.inputs(measure, rows.resolved) for measure in drawn})
    of_arm, arm_names = _arms(facts.facts["arm"], names, arms, order)
    given = facts.facts.get("administered_on")
    return Cohort(
        table[order], scoring, rows, numbers.to_numpy()[order], of_arm, subjects, arm_names,
        rows.resolved.who_day, {measure: _measured(rows, measure, line) for measure in drawn},
        table.height - len(order) - conflicting, conflicting,
        None if given is None else _taken(given, order),
    )  # fmt: skip


def _arms(
    stated: Coded, names: list[str], column: str | None, order: Places
) -> tuple[Ints, list[str]]:
    """The arm of each row, by its number, and the names of the arms."""
    if column is None or not len(order):
        return np.zeros(len(order), dtype=np.int32), [""]
    assert stated.status is not None
    codes = np.where(stated.status != 0, len(names), stated.codes)[order]
    present, numbers = np.unique(codes, return_inverse=True)
    shown = [*names, NOT_STATED]
    if len(present) > MOST_ARMS:
        raise FileError(
            f"column {column}: {len(present):,} different arms; a chart has at most {MOST_ARMS}:"
            " name another column: --arm NAME"
        )
    return numbers.astype(np.int32), [arm_title(column, shown[code]) for code in present]


def _taken(fact: Coded, order: Places) -> Coded:
    """A fact of the rows in their order."""
    return Coded(fact.codes[order], None if fact.status is None else fact.status[order])


def _measured(rows: Rows, measure: str, line: Line) -> Measured:
    """A measure of the rows, each visit once; none of a day of which two rows differ."""
    scored = rows.score(measure)
    z, status = refused(scored.z, scored.status, line.duplicate)
    again = line.source(measure) != np.arange(len(z))
    z[again], status[again] = np.nan, CODE["missing_value"]
    return Measured(z, status, scored.reference)


def administered_before(cohort: Cohort) -> npt.NDArray[np.bool_] | None:
    """Which visits are on or before the day of administration; None where no day is known."""
    mapped = cohort.scoring.mapped
    given = cohort.administered
    if given is None or not mapped.has("measured_on"):
        return None
    on = columns.dates_of(cohort.table, mapped, "measured_on")
    before: npt.NDArray[np.bool_] = on.codes <= given.codes
    for status in (given.status, on.status):
        if status is not None:
            before &= status == 0
    return before if before.any() else None
