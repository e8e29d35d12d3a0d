"""The visits that a chart shows: of one infant, from a table or from typed values.

A chart shows every visit that has a value and an age, whatever its status; what it cannot place is
counted and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.age import NOT_STATED, TERM, Age, date_number
from neocalc.cohort import Rows, Scoring, plan
from neocalc.errors import CODE, STATUSES, AgeError, FileError
from neocalc.growth import zscore
from neocalc.policy import AGE_BASES, DEFAULT, Policy
from neocalc.references import MEASURES, SEXES, Reference
from neocalc.scoring import adjusted_length
from neocalc.tables import columns, frames
from neocalc.units import quantity

if TYPE_CHECKING:
    import polars as pl

    from neocalc.coding import Coded, Ints
    from neocalc.errors import StatusArray
    from neocalc.units import Floats

CHARTED: Final = ("weight", "length", "head_circumference")
"""The measures of a growth chart, from top to bottom."""
ADMINISTERED: Final = "administered_on"
"""The column with the day on which the cells were given."""
LONGEST_LIFE: Final = 40_000
"""More days than this between birth and administration are a slip of the pen."""


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
    """

    measure: str
    value: Floats
    z: Floats
    status: StatusArray
    reference: list[str]
    adjusted: int

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
    missing: Iterable[str] = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    extra: tuple[str, ...] = (),
    where: str = "table",
) -> tuple[pl.DataFrame, Scoring]:
    """A table of any kind as polars, with the columns that are needed, and its plan."""
    kind = frames.kind_of(visits)
    present = kind.columns(visits)
    scoring = plan(
        present, columns=columns, sex_codes=sex_codes, missing=missing, policy=policy,
        reference=reference, where=where,
    )  # fmt: skip
    wanted = [*scoring.mapped.names.values(), *(name for name in extra if name in present)]
    ids = scoring.mapped.names.get("subject_id")
    return kind.select(visits, list(dict.fromkeys(wanted)), ids), scoring


def infant_of(
    table: pl.DataFrame, scoring: Scoring, *, subject: str | None = None, administered: Any = None
) -> Infant:
    """One infant's visits, from a table of one subject or the subject named.

    Raises
    ------
    FileError
        When there is no such subject, several without one named, or one whose sex, gestation or
        date of birth is not the same in all rows.
    """
    mapped = scoring.mapped
    if not len(table):
        raise FileError("there are no visits to draw")
    name = ""
    if mapped.has("subject_id"):
        table, name = _rows_of(table, mapped.names["subject_id"], subject)
    elif subject is not None:
        raise FileError("subject: the table has no column subject_id; map it: subject_id=NAME")
    what = f"subject {name}"
    if not mapped.has("subject_id"):
        what = "there is no column subject_id, so all rows are of one infant"
    rows = Rows(table, scoring)
    sexes = rows.sex.codes if rows.sex.status is None else rows.sex.codes[rows.sex.status == 0]
    sex = _only([SEXES[code] for code in sexes], what, "sex")
    if sex is None:
        raise FileError(f"{what}: no row has a usable sex; a chart needs it")
    gestations = rows.age.gestation_days
    gestation = _only([int(g) for g in gestations if g != NOT_STATED], what, "gestational age")
    born = None
    if mapped.has("birth_date"):
        dates = columns.dates(columns.column_of(table, mapped, "birth_date"))
        usable = dates.codes if dates.status is None else dates.codes[dates.status == 0]
        born = _only([str(d) for d in usable.astype("datetime64[D]")], what, "date of birth")
    usable = np.ones(len(rows.age), bool) if rows.age.status is None else rows.age.status == 0
    order = np.flatnonzero(usable)[np.argsort(rows.age.days[usable], kind="stable")]
    birth = None if born is None else date_number(born)
    return Infant(
        name,
        SEXES.index(sex),
        gestation or NOT_STATED,
        birth,
        rows.age.days[order],
        {measure: _series(rows, measure, order) for measure in drawn_measures(rows)},
        int((~usable).sum()),
        _administered(table, scoring, birth, administered, what),
        scoring.policy,
        scoring.reference,
    )


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


def _rows_of(table: pl.DataFrame, column: str, subject: str | None) -> tuple[pl.DataFrame, str]:
    import polars as pl

    ids = table[column].cast(pl.String).fill_null("")
    names = ids.unique(maintain_order=True).to_list()
    if subject is None and len(names) > 1:
        some = ", ".join(names[:3])
        raise FileError(
            f"{column}: there are {len(names):,} subjects ({some}, ...); name one: --subject"
        )
    if subject is None:
        return table, names[0] if names else ""
    if subject not in names:
        raise FileError(f"subject: there is no {subject!r} in the column {column}")
    return table.filter(ids == subject), subject


def _only(values: list[Any], what: str, name: str) -> Any:
    """The one value that all rows agree on; None where no row has one."""
    found = list(dict.fromkeys(values))
    if len(found) > 1:
        shown = " and ".join(str(value) for value in found[:2])
        cure = "correct it first" if what.startswith("subject") else "map it: subject_id=NAME"
        raise FileError(f"{what}: the {name} differs between rows ({shown}); {cure}")
    return found[0] if found else None


def _series(rows: Rows, measure: str, order: Any) -> Series:
    scored = rows.score(measure)
    inputs = rows.inputs(measure, rows.resolved)
    value = inputs.value
    if measure == "length":
        value = adjusted_length(value, inputs.position, rows.resolved.who_day)
    with np.errstate(invalid="ignore"):
        value = np.where((value > 0) & (value < np.inf), value, np.nan)
    if inputs.value_status is not None:
        value = np.where(inputs.value_status != 0, np.nan, value)
    names = ["", *(ref.id for ref in scored.references)]
    with np.errstate(invalid="ignore"):
        adjusted = int((np.abs(value - inputs.value)[order] > 0).sum())
    return Series(
        measure,
        value[order],
        scored.z[order],
        scored.status[order],
        [names[code] for code in scored.reference[order]],
        adjusted,
    )


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
    found = columns.dates(columns.column_of(table, named, ADMINISTERED))
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
