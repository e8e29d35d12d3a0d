"""The visits that a chart shows: of one infant, from a table or from typed values.

A chart shows every visit that has a value and an age, whatever its status; what it cannot place is
counted and said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Unpack

import numpy as np
import numpy.typing as npt

from neocalc.ages.age import Age
from neocalc.ages.lengths import adjusted_length
from neocalc.ages.policy import AGE_BASES, DEFAULT, Policy
from neocalc.cohort import columns, frames
from neocalc.cohort.comparisons import Line
from neocalc.cohort.followup import line_of
from neocalc.cohort.identities import Ids, one_child
from neocalc.cohort.mapping import Words
from neocalc.cohort.table import Rows, Scoring, ids_of, plan, score_table
from neocalc.cohort.velocity_columns import link, measured, score_measure, velocities
from neocalc.errors import CODE, STATUSES, AgeError, FileError
from neocalc.files.polarslimits import plain_columns
from neocalc.growth.zscores import zscore
from neocalc.reading.dates import NOT_STATED, TERM, date_number
from neocalc.reading.units import quantity
from neocalc.references.catalogue import Reference
from neocalc.references.files import MEASURES, SEXES
from neocalc.references.lookup import Rows as Places

if TYPE_CHECKING:
    import polars as pl

    from neocalc.errors import StatusArray
    from neocalc.growth.placement import Inputs
    from neocalc.reading.units import Floats
    from neocalc.reading.words import Coded, Ints
    from neocalc.references.lookup import Bools

CHARTED: Final = ("weight", "length", "head_circumference")
"""The measures of a growth chart, from top to bottom."""
ADMINISTERED: Final = "administered_on"
"""The column with the day on which the cells were given."""
LONGEST_LIFE: Final = 40_000
"""More days than this between birth and administration are a slip of the pen."""


class Growth(NamedTuple):
    """What came of comparing each visit with the one before: as `neocalc.velocity.score` does it.

    Attributes
    ----------
    other : numpy.ndarray
        The visit before, by its place among the visits; the visit itself where there is none.
    z : numpy.ndarray
        Velocity z-score [unitless]; NaN where `status` says why there is none.
    months : numpy.ndarray
        The nominal interval that was scored [month].
    increment : numpy.ndarray
        From the visit before to this one [kg] or [cm].
    status : numpy.ndarray
        Status codes.
    implausible : numpy.ndarray
        Where either value, or the change between them, is beyond what a child can have or do.
    more : dict of str to numpy.ndarray
        The other added columns of the measure, as `score_measure` of
        `neocalc.cohort.velocity_columns` names them: figures, and codes.
    """

    other: Places
    z: Floats
    months: Any
    increment: Floats
    status: StatusArray
    implausible: npt.NDArray[np.bool_]
    more: dict[str, Any]


class Series(NamedTuple):
    """One measure of one infant, in the order of the visits.

    Attributes
    ----------
    measure : str
        The measure.
    value : numpy.ndarray
        As it is scored [kg] or [cm]; NaN where there is none.
    z : numpy.ndarray
        Z-score [unitless]; NaN where `status` says why there is none.
    status : numpy.ndarray
        Status codes.
    reference : list of str
        Id of the reference of each z; empty where there is none.
    adjusted : int
        How many lengths are drawn 0.7 cm longer or shorter than measured, as they are scored.
    growth : Growth
        Since the visit before at which it was measured.
    measured : numpy.ndarray
        As it was measured: a length lying or standing [kg] or [cm].
    """

    measure: str
    value: Floats
    z: Floats
    status: StatusArray
    reference: list[str]
    adjusted: int
    growth: Growth
    measured: Floats

    @property
    def words(self) -> list[str]:
        """The status words."""
        return [STATUSES[code] for code in self.status]


class Segment(NamedTuple):
    """A span of days since birth in which an infant stands on one reference, by one age."""

    reference: Reference
    basis: str
    first: int
    last: int


@dataclass(frozen=True)
class Infant:
    """The visits of one infant, in order of age.

    Attributes
    ----------
    subject : str
        Its id; empty where the table has none.
    sex : int
        Its code: 0 female, 1 male.
    gestation : int
        Gestation at birth [day]; 0 when not stated.
    born : int or None
        Date of birth as days since 1970-01-01, where the table has dates.
    days : numpy.ndarray
        Chronological age at each visit [day].
    series : dict of str to Series
        The measures of the table.
    unplaced : int
        Visits without a usable age, which no chart can show.
    administered : int or None
        Chronological age on the day of administration [day].
    policy : Policy
        The correction policy.
    reference : str
        "auto", or one reference whatever the age.
    """

    subject: str
    sex: int
    gestation: int
    born: int | None
    days: Ints
    series: dict[str, Series]
    unplaced: int
    administered: int | None
    policy: Policy
    reference: str

    @property
    def sex_word(self) -> str:
        """Female or male."""
        return SEXES[self.sex]

    @property
    def to_term(self) -> int:
        """Days from birth to 40w0d, by which a preterm infant's age is corrected; else 0."""
        preterm = NOT_STATED < self.gestation < self.policy.preterm_below_day
        return TERM - self.gestation if preterm else 0

    @property
    def seen(self) -> Bools:
        """The visits at which anything that a chart shows was measured, well or not."""
        missing = CODE["missing_value"]
        found: Bools = np.any([series.status != missing for series in self.series.values()], axis=0)
        return found

    def segments(self, measure: str, last: int) -> list[Segment]:
        """The references of a measure from birth to `last`, each with its span of days."""
        days = np.arange(last + 1, dtype=np.int32)
        scored = zscore(
            measure,
            quantity(np.ones(last + 1), MEASURES[measure]),  # any value: where it stands, not how
            sex=self.sex_word,
            age=Age.from_codes(days, np.full_like(days, self.gestation), None, None),
            reference=self.reference,
            policy=self.policy,
        ).codes
        found: list[Segment] = []
        for day in np.flatnonzero(~np.isnan(scored.z)).tolist():
            reference = scored.references[scored.reference[day] - 1]
            now = Segment(reference, AGE_BASES[scored.basis[day]], day, day)
            if found and found[-1] == now._replace(first=found[-1].first, last=day - 1):
                found[-1] = found[-1]._replace(last=day)
            else:
                found.append(now)
        return found

    def shift(self, basis: str) -> int:
        """What a day since birth has to be moved by to be an age of that basis [day]."""
        return {"postmenstrual": self.gestation, "corrected": -self.to_term}.get(basis, 0)


def scored_table(
    visits: Any,
    *,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    extra: tuple[str, ...] = (),
    where: str = "table",
    command: bool = False,
    **words: Unpack[Words],
) -> tuple[pl.DataFrame, Scoring]:
    """A table of any kind as polars, with the columns that are needed, and its plan."""
    kind = frames.kind_of(visits)
    present = kind.columns(visits)
    scoring = plan(
        present, columns=columns, sex_codes=sex_codes, missing=missing, policy=policy,
        reference=reference, where=where, command=command, adds=False, **words,
    )  # fmt: skip
    wanted = [*scoring.mapped.names.values(), *(name for name in extra if name in present)]
    scoring.check(wanted, where)  # what was scored before is not read, and may be there
    ids = scoring.mapped.names.get("subject_id")
    return plain_columns(kind.select(visits, list(dict.fromkeys(wanted)), ids)), scoring


def score_visits(
    table: pl.DataFrame,
    scoring: Scoring,
    watch: Callable[[Rows], None] | None = None,
    ids: Ids | None = None,
) -> tuple[pl.DataFrame, Rows]:
    """A table of visits with its z-scores and statuses, and its prepared rows.

    Of a day of which two rows differ no z is drawn, and here none is given: what a page lists and
    counts is what its pictures show.

    Parameters
    ----------
    table : polars.DataFrame
        With the columns of `scoring`.
    scoring : Scoring
        How it is scored.
    watch : callable, optional
        It is shown the prepared rows.
    ids : Ids, optional
        Whose the rows are, where it is not the column subject_id that says so.
    """
    kept: list[Rows] = []

    def see(rows: Rows) -> None:
        kept.append(rows)
        if watch is not None:
            watch(rows)

    scored = score_table(table, scoring, see, ids)
    (rows,) = kept
    measures = [str(measure) for measure in CHARTED if measure in rows.measures]
    inputs = {measure: rows.inputs(measure, rows.resolved) for measure in measures}
    return _without_days(scored, scoring.indices, line_of(rows, inputs).duplicate), rows


def _without_days(scored: pl.DataFrame, indices: Iterable[str], which: Bools) -> pl.DataFrame:
    """A scored table whose rows of some days have no z, and `duplicate_visit` for it."""
    import polars as pl

    if not which.any():
        return scored
    days = pl.Series(which)
    made = []
    for index in indices:
        no = days & scored[index].is_not_null()
        word = pl.Series(["duplicate_visit"], dtype=scored[f"{index}_status"].dtype)
        made.append(pl.when(no).then(None).otherwise(pl.col(index)).alias(index))
        made += [
            pl.when(no).then(other).otherwise(pl.col(name)).alias(name)
            for name, other in ((f"{index}_reference", None), (f"{index}_status", pl.lit(word)))
        ]
    return scored.with_columns(made)


def infant_of(
    table: pl.DataFrame,
    scoring: Scoring,
    *,
    subject: object = None,
    administered: Any = None,
    watch: Callable[[Rows], None] | None = None,
) -> Infant:
    """One infant's visits, from a table of one subject or the subject named.

    Rows of one day that do not differ are one visit. Rows that do are `duplicate_visit`, as
    everywhere: their values are shown, and have no z.

    Raises
    ------
    FileError
        When there is no such subject, several without one named, or one whose sex, gestation or
        date of birth is not the same in all rows.
    """
    if not len(table):
        raise FileError("there are no visits to draw")
    table, name, ids = of_subject(table, scoring, subject)
    what = f"subject {name}"
    if not scoring.by_child:
        what = "there is no column subject_id, so all rows are of one infant"
    every = Rows(table, scoring, ids)
    if watch is not None:
        watch(every)
    if "subject_id" in every.children.conflicts:
        raise FileError(
            f"{what}: its id is written in two ways that look the same, in another Unicode form or"
            " with a character that nobody sees; correct it first"
        )
    sex = _only([SEXES[code] for code in _usable(every.stated["sex"])], what, "sex")
    if sex is None:
        raise FileError(f"{what}: no row has a usable sex; a chart needs it")
    gestations = _usable(every.stated["gestation"])
    gestation = _only([int(g) for g in gestations if g != NOT_STATED], what, "gestational age")
    born = None
    if "birth_date" in every.stated:
        days = _usable(every.stated["birth_date"]).astype("datetime64[D]")
        born = _only([str(day) for day in days], what, "date of birth")
    usable = np.ones(len(every.age), bool) if every.age.status is None else every.age.status == 0
    order = np.flatnonzero(usable)
    measures = drawn_measures(every)
    # By age; of one day by what it says, so that the order of the rows does not matter.
    facts: list[Any] = [every.measures[measure] for measure in measures]
    facts += [every.sex, every.position, every.oedema, (every.age.gestation_status, None)]
    columns = [column for fact in facts if fact is not None for column in fact]
    keys = [*(column for column in columns if column is not None), every.age.days]
    rows = every.take(order[np.lexsort([key[order] for key in keys])])
    inputs = {measure: rows.inputs(measure, rows.resolved) for measure in measures}
    line = line_of(rows, inputs)
    visits = np.flatnonzero(line.source() == np.arange(len(rows.age)))
    birth = None if born is None else date_number(born)
    return Infant(
        name,
        SEXES.index(sex),
        gestation or NOT_STATED,
        birth,
        rows.age.days[visits],
        {measure: _series(rows, measure, inputs[measure], line, visits) for measure in measures},
        int((~usable).sum()),
        _administered(table, scoring, birth, administered, what),
        scoring.policy,
        scoring.reference,
    )


def of_subject(
    table: pl.DataFrame, scoring: Scoring, subject: object = None
) -> tuple[pl.DataFrame, str, Ids]:
    """The rows of one infant, its id and whose the rows are: of the one subject, or the one named.

    Raises
    ------
    FileError
        When there is no such subject, or several without one named.
    """
    ids = ids_of(table, scoring)
    if ids is None:
        if subject is not None:
            raise FileError("subject: the table has no column subject_id; map it: subject_id=NAME")
        return table, "", one_child(table.height)
    column = scoring.mapped.names["subject_id"]
    if subject is None:
        first = ids.key.is_first_distinct()
        if first.sum() > 1:
            some = ", ".join(ids.texts.filter(first).head(3).to_list())
            some += ", ..." if first.sum() > 3 else ""
            raise FileError(
                f"{column}: there are {first.sum():,} subjects ({some}); name one: --subject"
            )
        places = np.arange(table.height)
    else:
        places = ids.rows_of(subject)
        if not len(places):
            raise FileError(f"subject: there is no {subject!r} in the column {column}")
    own = ids.take(places)
    name = own.texts[0] if len(own.texts) else ""
    if own.key.null_count():  # nobody's, and drawn as one infant's
        own = one_child(len(places))
    return table[places], name, own


def _usable(fact: Coded) -> Any:
    """The codes of the rows that state a usable value."""
    return fact.codes if fact.status is None else fact.codes[fact.status == 0]


def drawn_measures(rows: Rows) -> list[str]:
    """The measures of a table that a chart shows.

    Raises
    ------
    FileError
        When there is none.
    """
    found = [str(measure) for measure in CHARTED if measure in rows.measures]
    if not found:
        accepted = "weight_kg, weight_g, length_cm, head_circumference_cm"
        raise FileError(f"there is no column to draw; accepted: {accepted}")
    return found


def _only(values: list[Any], what: str, name: str) -> Any:
    """The one value that all rows agree on; None where no row has one."""
    found = list(dict.fromkeys(values))
    if len(found) > 1:
        shown = " and ".join(str(value) for value in found[:2])
        cure = "correct it first" if what.startswith("subject") else "map it: subject_id=NAME"
        raise FileError(f"{what}: the {name} differs between rows ({shown}); {cure}")
    return found[0] if found else None


def _series(rows: Rows, measure: str, inputs: Inputs, line: Line, visits: Places) -> Series:
    """A measure at the visits, each from the row that has it."""
    scored = rows.score(measure)
    at = line.source(measure)[visits]
    value = inputs.value
    if measure == "length":
        value = adjusted_length(value, inputs.position, rows.resolved.who_day)
    with np.errstate(invalid="ignore"):
        value = np.where((value > 0) & (value < np.inf), value, np.nan)
    if inputs.value_status is not None:
        value = np.where(inputs.value_status != 0, np.nan, value)
    names = ["", *(ref.id for ref in scored.references)]
    with np.errstate(invalid="ignore"):
        adjusted = int((np.abs(value - inputs.value)[at] > 0).sum())
    z, status = refused(scored.z, scored.status, line.duplicate)
    return Series(
        measure,
        value[at],
        z[at],
        status[at],
        [names[code] for code in scored.reference[at]],
        adjusted,
        _growth(rows, measure, inputs, line, visits),
        inputs.value[at],
    )


def refused(z: Floats, status: StatusArray, which: Bools) -> tuple[Floats, StatusArray]:
    """Z-scores and statuses with `duplicate_visit` where a z is of a day of which two rows differ.

    Which of the rows is right is not known: none of them is joined to others, or counted.
    """
    which = which & ~np.isnan(z)
    codes = np.where(which, CODE["duplicate_visit"], status).astype(np.uint8)
    return np.where(which, np.nan, z), codes


def _growth(rows: Rows, measure: str, inputs: Inputs, line: Line, visits: Places) -> Growth:
    """The growth of a measure since the visit before at which it was taken."""
    compared = link(line.compare(measure), rows.age.status)
    of = measured(measure, inputs)
    found = velocities(of, compared, slice(None))
    more = score_measure(of, compared, rows.policy)
    at = line.source(measure)[visits]
    visit_of = np.zeros(len(rows.age), dtype=np.intp)
    visit_of[visits] = np.arange(len(visits))
    before = visit_of[line.source()[compared.other[at]]]
    odd = found.pairs.implausible
    implausible = np.zeros(len(at), dtype=bool) if odd is None else odd[at]
    return Growth(
        before, found.z[at], found.nominal_months[at], found.increment[at], found.status[at],
        implausible, {name: column[at] for name, column in more.items()},
    )  # fmt: skip


def administered_dates(table: pl.DataFrame, scoring: Scoring) -> Coded | None:
    """The days of administration that a table states, as days since 1970-01-01.

    Raises
    ------
    FileError
        When one of them is not a date.
    """
    if ADMINISTERED not in table.columns:
        return None
    mapped = scoring.mapped
    named = mapped._replace(names=mapped.names | {ADMINISTERED: ADMINISTERED})
    found = columns.dates_of(table, named, ADMINISTERED)
    if found.status is not None and (found.status == CODE["invalid_age"]).any():
        at = int(np.argmax(found.status == CODE["invalid_age"]))
        given = table[ADMINISTERED][at]
        raise FileError(f"column {ADMINISTERED}: {given!r} is not a date; accepted: YYYY-MM-DD")
    return found


def _administered(
    table: pl.DataFrame, scoring: Scoring, born: int | None, given: Any, what: str
) -> int | None:
    """Days from birth to administration, from the argument or the column."""
    if given is None:
        dates = administered_dates(table, scoring)
        if dates is not None:
            usable = dates.codes if dates.status is None else dates.codes[dates.status == 0]
            given = _only([str(d) for d in usable.astype("datetime64[D]")], what, ADMINISTERED)
    if given is None:
        return None
    if born is None:
        raise AgeError(ADMINISTERED, str(given), "needs the date of birth, to know the age then")
    day = date_number(given) - born
    if not 0 <= day <= LONGEST_LIFE:
        raise AgeError(ADMINISTERED, str(given), "a day on or after the day of birth")
    return day
