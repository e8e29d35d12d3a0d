"""Columns that fail as a whole: one cause, its likely reason, and what to type.

A column of which every row, or 95 % of more than a handful, has one fault is not many bad rows. The
reason is read off what its words have in common (`findings`); of a measure whose every z-score is
implausible, a sample of the rows is scored again as if it were in another unit, or the ages were.
"""

from __future__ import annotations

import copy
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.ages.age import Age
from neocalc.cohort.canonical import (
    CANONICAL,
    COMPLETED_WEEKS,
    CONVERTED,
    DAYS_OLD,
    DECIMAL,
    DUE,
    MEASURE_COLUMNS,
    PART,
    UNITS,
    WEEKS,
)
from neocalc.cohort.findings import AGES, CODED, DATES, Found
from neocalc.cohort.mapping import Mapped
from neocalc.cohort.unread import typed
from neocalc.errors import CODE, shown
from neocalc.reading.dateforms import SERIAL, spoken
from neocalc.reading.dates import MONTH
from neocalc.reading.words import plain_word

if TYPE_CHECKING:
    from neocalc.cohort.table import Rows

SHARE: Final = 0.95
"""Of the rows that are not empty: from here on a fault is that of the column."""
HANDFUL: Final = 5
SAMPLED: Final = 2_000
"""Rows of the first table that are looked at again."""
_FITS, _NEAR = 0.8, 3.0
_KILOGRAMS: Final = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "oz": 0.028349523125}
_CENTIMETRES: Final = {"cm": 1.0, "mm": 0.1, "m": 100.0, "in": 2.54}
_DAYS: Final = {"day": 1.0, "month": MONTH, "week": 7.0, "year": 12 * MONTH}
_SAID: Final = {
    "kg": "kilograms", "g": "grams", "lb": "pounds", "oz": "ounces", "cm": "centimetres",
    "mm": "millimetres", "m": "metres", "in": "inches", "day": "days", "month": "months",
    "week": "weeks", "year": "years",
}  # fmt: skip
_METRIC: Final = ("kg", "g", "cm", "mm", "m")


class Failure(NamedTuple):
    """A column that failed.

    Attributes
    ----------
    column : str
        Its name in the table.
    status : str
        The fault.
    text : str
        The column, how many rows, the likely reason and what to type.
    """

    column: str
    status: str
    text: str


def failures(
    seen: Mapping[str, Found],
    sample: Rows | None,
    mapped: Mapped,
    statuses: Mapping[str, Mapping[str, int]] | None = None,
    *,
    command: bool,
) -> list[Failure]:
    """The columns that failed as a whole, each with its reason.

    Parameters
    ----------
    seen : dict of str to Found
        What was found in each canonical column.
    sample : Rows or None
        Some of the rows, which are scored again.
    mapped : Mapped
        The columns.
    statuses : dict, optional
        Of each index how many rows have each status.
    command : bool
        Whether options are written as they are typed to a command.
    """
    failed = []
    for canonical, found in seen.items():
        status, rows = max(found.faults.items(), key=lambda item: item[1], default=("", 0))
        if _whole(rows, found.rows):
            name = _name(canonical, mapped)
            why = _reason(canonical, found, mapped, command=command)
            failed.append(Failure(name, status, f"{name}: {_count(rows, found)} {why}"))
    if sample is not None:
        failed += _implausible(sample, mapped, statuses, command=command)
    return failed


def remarks(seen: Mapping[str, Found], mapped: Mapped, *, command: bool) -> list[str]:
    """Columns of codes in which some rows have a word that is not read, though not nearly all.

    And of a table with one row every column that cannot be read: it is no column that failed.
    """
    said = []
    for canonical, found in seen.items():
        rows = found.faults.total()
        if not rows or _whole(rows, found.rows) or (canonical not in CODED and found.rows > 1):
            continue
        why = _reason(canonical, found, mapped, command=command)
        said.append(f"{_name(canonical, mapped)}: {_count(rows, found)} {why}")
    return said


def dropped(seen: Mapping[str, Found], mapped: Mapped, *, command: bool) -> list[str]:
    """Declared words for a missing value that stood where they may be a child's value."""
    said = []
    for canonical, found in seen.items():
        for word, rows in found.dropped.items():
            one = _option("missing", f"{canonical}={word}", {canonical: [word]}, command=command)
            verb = "row was" if rows == 1 else "rows were"
            said.append(
                f"{_name(canonical, mapped)}: {rows:,} {verb} taken as missing for the word {word},"
                f" which may be a value there; for one column alone: {one}"
            )
    return said


def said_of_numbers(seen: Mapping[str, Found], mapped: Mapped) -> list[str]:
    """How dates and ages were taken: a time of day left out, months to the nearest day."""
    said = []
    for canonical, found in seen.items():
        name = _name(canonical, mapped)
        if found.times:
            dates = "1 date" if found.times == 1 else f"{found.times:,} dates"
            said.append(f"{name}: the time of day was left out of {dates}")
        if canonical in ("age_months", "age_years") and found.rows:
            unit = "365.25 days" if canonical == "age_years" else f"{MONTH} days"
            said.append(f"{name}: times {unit}, taken to the nearest day, half up")
        if canonical == WEEKS and mapped.completed_weeks is not None and found.rows:
            days = COMPLETED_WEEKS[mapped.completed_weeks]
            said.append(f"{name}: completed weeks, taken as the {mapped.completed_weeks} of the"
                        f" week: 27 is 27+{days}")  # fmt: skip
        if canonical == DUE and found.rows:
            said.append(f"{name}: the gestation at birth is 40+0 less the days from birth to it")
        if canonical in CONVERTED and found.rows:
            factor = "0.45359237 kg" if UNITS[canonical] == "lb" else "2.54 cm"
            said.append(f"{name}: {CONVERTED[canonical]}, times {factor}")
    return said


def completed_weeks(seen: Mapping[str, Found], mapped: Mapped) -> list[str]:
    """A column of decimal weeks in which every week is whole: the days have been left out."""
    found = seen.get(DECIMAL)
    if found is None or found.rows <= HANDFUL or found.whole < found.rows - found.faults.total():
        return []
    return [
        f"{_name(DECIMAL, mapped)}: every gestation is a whole number of weeks; completed weeks are"
        f" up to 6 days too short, and are then not decimal: {WEEKS} and {PART} have both"
    ]


def _whole(faulty: int, rows: int) -> bool:
    """Whether a fault is that of the column: of a single row nobody can say."""
    if rows < 2 or not faulty:
        return False
    return faulty >= rows or (faulty > HANDFUL and faulty >= SHARE * rows)


def _name(canonical: str, mapped: Mapped) -> str:
    return mapped.names.get(canonical, canonical)


def _count(rows: int, found: Found) -> str:
    whole = rows >= found.rows > 1
    return f"all {rows:,} rows" if whole else f"{rows:,} of {found.rows:,} rows"


def _option(name: str, text: str, value: Any, *, command: bool) -> str:
    """An option as it is typed, or an argument as it is written."""
    if command:
        return f"--{name} {shlex.quote(text)}"
    return f"{name.replace('-', '_')}={value!r}"


def _reason(canonical: str, found: Found, mapped: Mapped, *, command: bool) -> str:
    """Why nearly every row of a column cannot be read, and what mends it."""
    if canonical in CODED:
        return _codes(canonical, found, mapped, command=command)
    if canonical == AGES:
        return _dates_apart(found, mapped, command=command)
    if canonical == DUE and not found.distinct:
        return "give no gestation of 20+0 to 44+6; are they due dates, and those of birth right?"
    if canonical in DATES or canonical not in CANONICAL:
        return _dates(found, command=command)
    if found.has("comma") and mapped.decimal == ".":
        option = _option("decimal", ",", ",", command=command)
        return f"have a decimal comma: {option}"
    name = mapped.names[canonical]
    if canonical in DAYS_OLD:
        return _ages(canonical, name, found, command=command)
    if "gestational_age" in canonical:
        return _gestations(canonical, name, found, command=command)
    if found.has("unit"):
        return "have a unit beside the figure; the unit stands in the name of the column alone"
    return "are not numbers; is it the right column, and what is written for a missing value?"


_MEANINGS: Final = {
    "sex": ("sex-codes", ("male", "female"), "neither male nor female"),
    "length_position": ("position-codes", ("recumbent", "standing"), "no position"),
    "oedema": ("oedema-codes", ("yes", "no"), "neither yes nor no"),
}


def _codes(canonical: str, found: Found, mapped: Mapped, *, command: bool) -> str:
    option, (one, two), what = _MEANINGS[canonical]
    declared = mapped.codes_of(canonical)
    words = list(dict.fromkeys(map(plain_word, found.shown)))
    given = f" ({', '.join(words)})" if words else ""
    if declared:
        return f"have none of the declared codes {', '.join(declared)}{given}"
    a, b = words if len(words) == 2 else ("CODE", "CODE")
    coding = _option(option, f"{one}={a},{two}={b}", {one: a, two: b}, command=command)
    if len(words) == 2:
        coding += " or " + _option(
            option, f"{one}={b},{two}={a}", {one: b, two: a}, command=command
        )
    return f"are {what}{given}; if they are codes, as the code book says: {coding}"


def _dates(found: Found, *, command: bool) -> str:
    if SERIAL in found.forms:
        return (
            "are the number of a day, as a spreadsheet stores it; format the column as a date"
            " (YYYY-MM-DD) there and save it again"
        )
    forms = found.forms
    options = " or ".join(_option("date-format", form, form, command=command) for form in forms)
    if len(forms) == 1:
        return f"look like {spoken(forms[0])}: {options}"
    if forms:
        many = " or as ".join(spoken(form) for form in forms)
        return f"can be read as {many}; say which: {options}"
    return "are not dates; accepted: YYYY-MM-DD, or another form that is declared: " + _option(
        "date-format", "%d/%m/%Y", "%d/%m/%Y", command=command
    )


def _dates_apart(found: Found, mapped: Mapped, *, command: bool) -> str:
    if found.has("before birth"):
        born, on = mapped.names.get("birth_date"), mapped.names.get("measured_on")
        if born is None or on is None:
            return "have an age below 0"
        other = typed({"birth_date": on, "measured_on": born}, command=command)
        return f"are before the date of birth; are the two dates interchanged? {other}"
    out = typed({}, [_name("age_days", mapped)], command=command)
    return f"have an age that differs from that of their dates; to go by the dates: {out}"


def _ages(canonical: str, name: str, found: Found, *, command: bool) -> str:
    if found.has("date"):
        return "are dates; birth_date and measured_on take them"
    if canonical == "age_days" and (found.has("decimal") or found.traits["decimal"]):
        months, years = (typed({ours: name}, command=command) for ours in DAYS_OLD[1:])
        return f"are not whole days; if they are months: {months}, if years: {years}"
    return "are no age: a number, 0 or more"


def _gestations(canonical: str, name: str, found: Found, *, command: bool) -> str:
    def use(ours: str) -> str:
        return typed({ours: name}, command=command)

    if found.has("weeks and days") and canonical != "gestational_age":
        return f"are weeks and days: {use('gestational_age')}"
    if found.has("days of a gestation") and canonical != "gestational_age_days":
        return f"are days: {use('gestational_age_days')}"
    if found.has("days beside weeks") and canonical != PART:
        beside = typed({PART: name, WEEKS: "NAME"}, command=command)
        return f"are 0 to 6, the days beside weeks: {beside}"
    if found.has("weeks of a gestation"):
        beside = typed({WEEKS: name, PART: "NAME"}, command=command)
        return f"are whole weeks; with the column of the days beside them: {beside}"
    if found.has("decimal weeks"):
        return f"are 27+3 written as 27.3, or decimal weeks; if these: {use(DECIMAL)}"
    if canonical == WEEKS and not found.distinct:
        return f"have weeks without days or days without weeks; is {PART} the right column?"
    return "are no gestation; accepted: 27+3, or days or weeks in the column of their name"


# Implausible as a whole


def _implausible(
    sample: Rows,
    mapped: Mapped,
    statuses: Mapping[str, Mapping[str, int]] | None,
    *,
    command: bool,
) -> Iterator[Failure]:
    """The measures of which nearly every z-score is implausible, each with a unit that fits."""
    from neocalc.cohort.canonical import INDICES

    failed: dict[str, int] = {}
    for measure in sample.measures:
        index = next(index for index, of in INDICES.items() if of == measure)
        counts = None if statuses is None else statuses.get(index)
        odd, rows = _odd(sample, measure)
        if counts is not None:
            odd = counts.get("implausible", 0)
            rows = odd + counts.get("ok", 0) if _whole(*_odd(sample, measure)) or rows < 2 else 0
        if _whole(odd, rows):
            failed[measure] = odd
    by_age = _other_age(sample, mapped, list(failed)) if failed else None
    for measure, rows in failed.items():
        name, unit = mapped.measure(measure) or ("", "")
        own = mapped.names.get(name, measure)
        other = _other_unit(sample, measure, unit)
        said = "" if statuses is None else f" ({rows:,} rows)"
        ways = [_way_of_unit(measure, own, other, mapped, command=command)] if other else []
        if by_age is not None and (len(failed) > 1 or other not in _METRIC):
            way = _way_of_age(by_age, mapped, command=command)
            ways = [*ways, way] if len(failed) == 1 and by_age == "week" else [way]
        if not ways and rows <= HANDFUL:
            continue
        why = "are beyond the limits; are the unit and the ages right?"
        if ways:
            why = f"fit {', or '.join(ways)}"
        yield Failure(own, "implausible", f"{own}: nearly every z is implausible{said}; they {why}")


def _way_of_age(unit: str, mapped: Mapped, *, command: bool) -> str:
    """When the values fit, if the ages are in another unit, and what to type then."""
    ours = next((ours for ours in DAYS_OLD if ours in mapped.names), "")
    fits = next((ours for ours in DAYS_OLD if UNITS[ours] == unit), "")
    name = mapped.names[ours]
    how = typed({fits: name}, command=command) if fits else "convert it"
    return f"when {shown(name)} is in {_SAID[unit]}: {how}"


def _way_of_unit(measure: str, own: str, unit: str, mapped: Mapped, *, command: bool) -> str:
    """When the values fit, if they are in another unit, and what to type then."""
    fits = next((c for c, u in MEASURE_COLUMNS[measure].items() if u == unit), "")
    how = typed({fits: own}, command=command) if fits else "convert it"
    if fits in CONVERTED and not mapped.convert:
        how += " --convert" if command else ", convert=True"
    return f"when it is in {_SAID[unit]}: {how}"


def _odd(rows: Rows, measure: str) -> tuple[int, int]:
    """How many z-scores are implausible, and how many there are."""
    scored = rows.score(measure)
    odd = scored.status == CODE["implausible"]
    return int(np.count_nonzero(odd)), int(np.count_nonzero(odd | (scored.status == 0)))


def _fit(rows: Rows, measure: str) -> bool:
    """Whether nearly all z-scores are such as children have."""
    scored = rows.score(measure)
    good = scored.status == 0
    usable = good | (scored.status == CODE["implausible"])
    n = np.count_nonzero(usable)
    if not n or np.count_nonzero(good) < _FITS * n:
        return False
    return bool(abs(np.median(scored.z[good])) <= _NEAR)


def _other_unit(sample: Rows, measure: str, unit: str) -> str:
    """The unit in which the values of a measure are such as children have; empty: none is."""
    units = _KILOGRAMS if unit in _KILOGRAMS else _CENTIMETRES
    values, status = sample.measures[measure]
    for other in sorted(units, key=lambda one: one not in _METRIC):
        if other == unit:
            continue
        rows = copy.copy(sample)
        rows.measures = sample.measures | {measure: (values * (units[other] / units[unit]), status)}
        if _fit(rows, measure):
            return other
    return ""


def _other_age(sample: Rows, mapped: Mapped, measures: list[str]) -> str | None:
    """The unit of the ages in which the values of all measures are such as children have."""
    ours = next((name for name in DAYS_OLD if name in mapped.names), None)
    if ours is None or mapped.has("birth_date", "measured_on"):  # which go first
        return None
    for other, days in _DAYS.items():
        if other == UNITS[ours]:
            continue
        age = sample.age
        taken = np.floor(np.clip(age.days * (days / _DAYS[UNITS[ours]]) + 0.5, 0, 1e6))
        rows = sample.aged(
            Age.from_codes(
                taken.astype(np.int32), age.gestation_days, age.status, age.gestation_status
            )
        )
        if all(_fit(rows, measure) for measure in measures):
            return other
    return None
