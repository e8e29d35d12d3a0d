"""The columns of a cohort table: from text or numbers to prepared columns, with a status a row."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from neocalc.ages.age import Age
from neocalc.cohort.canonical import (
    COMPLETED_WEEKS,
    DAYS_OLD,
    DECIMAL,
    DUE,
    GESTATION_COLUMNS,
    PART,
    WEEKS,
)
from neocalc.cohort.findings import Found, note, note_ages
from neocalc.cohort.mapping import Mapped
from neocalc.cohort.missing import numbers_of, plausible
from neocalc.errors import (
    CODE,
    AgeError,
    FileError,
    GestationError,
    InputError,
    StatusArray,
    first_status,
)
from neocalc.reading.dates import (
    LONGEST_GESTATION,
    MONTH,
    SHORTEST_GESTATION,
    check_gestation,
    date_reader,
    days_from_months,
    gestation_days,
    whole_gestation,
)
from neocalc.reading.dimensions import Unit, convert, find_unit
from neocalc.reading.units import Floats
from neocalc.reading.words import Coded, Ints, is_missing, oedema_coder, position_coder, sex_coder

if TYPE_CHECKING:
    import polars as pl


def column_of(table: pl.DataFrame, mapped: Mapped, canonical: str) -> pl.Series:
    """A canonical column of a table, empty where a declared word for a missing value stands."""
    import polars as pl

    column = table[mapped.names[canonical]]
    words = mapped.words_for(canonical)
    if not words or column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return column
    if mapped.seen is not None:
        codes = mapped.codes_of(canonical)
        doubtful = [*plausible(canonical, mapped.missing), *(w for w in words if w in codes)]
        for word in dict.fromkeys(doubtful):
            rows = int(_are_words(column, (word,)).sum())
            if rows:
                mapped.seen.setdefault(canonical, Found()).dropped[word] += rows
    held = ~_are_words(column, words)
    return pl.select(pl.when(held).then(column)).to_series().alias(column.name)


def _are_words(column: pl.Series, words: tuple[str, ...]) -> pl.Series:
    """Where one of some words stands: a text without blanks around it, a number by its value."""
    import polars as pl

    numbers = numbers_of(words)
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).is_in(numbers).fill_null(False)
    if isinstance(column.dtype, pl.Datetime):
        column = column.dt.date()
    texts = column.cast(pl.String).str.strip_chars()
    found = texts.is_in(list(words))
    if len(numbers) and column.dtype not in (pl.Date, pl.Boolean):
        found |= texts.cast(pl.Float64, strict=False).is_in(numbers).fill_null(False)
    return found.fill_null(False)


def read(table: pl.DataFrame, mapped: Mapped, canonical: str, rule: Callable[[Any], int]) -> Coded:
    """The codes of a canonical column, and what was found in it."""
    column = column_of(table, mapped, canonical)
    found = coded(column, rule)
    note(mapped.seen, canonical, column, found.status)
    return found


def coded(column: pl.Series, rule: Callable[[Any], int]) -> Coded:
    """Codes of a column: one call of the rule for each distinct value."""
    import polars as pl

    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise FileError(f"column {column.name}: values of type {column.dtype} are not accepted")
    if not len(column):
        return Coded(np.zeros(0, dtype=np.int32), None)
    values, places = _distinct(column)
    packed = [_packed(rule, value) for value in values.to_list()]
    codes = np.array(packed, dtype=np.int32).take(places)
    faulty = codes >= _FAULT
    if not faulty.any():
        return Coded(codes, None)
    status = np.where(faulty, codes - _FAULT, 0).astype(np.uint8)
    return Coded(np.where(faulty, 0, codes), status)


def _distinct(column: pl.Series) -> tuple[pl.Series, npt.NDArray[Any]]:
    """The distinct values of a column, and which of them stands in each row."""
    import polars as pl

    if column.dtype != pl.String:
        values = column.unique()
        places = column.replace_strict(values, pl.Series(range(len(values)), dtype=pl.UInt32))
        return values, places.to_numpy()
    # Categories of its own: those that all columns share are kept as long as the process lives.
    kind = pl.Categorical(pl.Categories.random())
    held = column.cast(kind)
    physical = held.to_physical()
    last = physical.max()
    words = last + 1 if isinstance(last, int) else 0
    values = pl.Series(range(words), dtype=pl.UInt32).cat.to(kind).cast(pl.String)
    values = values.str.strip_chars().str.head(_LONGEST)
    if not column.null_count():
        return values, physical.to_numpy()
    missing = pl.Series([None], dtype=pl.String)
    return values.append(missing), physical.fill_null(words).to_numpy()


_FAULT: Final = 1_000_000_000
_LONGEST: Final = 200
"""Characters of a word that are looked at: none that means something is so long."""


@lru_cache(maxsize=65_536, typed=True)  # words and dates repeat from one chunk to the next
def _packed(rule: Callable[[Any], int], value: Any) -> int:
    """The code of a value, or its status above `_FAULT`."""
    try:
        return rule(value)
    except InputError as error:
        return _FAULT + CODE[error.status]


def measured(
    table: pl.DataFrame, mapped: Mapped, measure: str, target: str
) -> tuple[Floats, StatusArray | None] | None:
    """The figures of a measure in the target unit; None where the table has none."""
    found = mapped.measure(measure)
    if found is None:
        return None
    name, unit = found
    column = column_of(table, mapped, name)
    values, status = figures(column, unit, target, decimal=mapped.decimal)
    note(mapped.seen, name, column, status)
    return values, status


_CONVERTED: Final = {
    "lb": Unit("lb", "mass", 45_359_237, 10**8),  # kg, by definition
    "in": Unit("in", "length", 254, 100),  # cm, by definition
}
"""Units that only a column has whose conversion is asked for: no value is typed in them."""


def figures(
    column: pl.Series, unit: str, target: str, *, decimal: str = "."
) -> tuple[Floats, StatusArray | None]:
    """Numbers of a column in the target unit; `invalid_value` where a text is not a number."""
    import polars as pl

    status = None
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        text = column.cast(pl.String)
        if decimal != ".":  # then a point is no mark of decimals, and what it is nobody says
            text = text.str.replace_all(".", "?", literal=True).str.replace(",", ".", literal=True)
        numbers = text.cast(pl.Float64, strict=False)
        if numbers.null_count() > text.null_count():
            # Not a number as it stands: again without spaces around it, and what is then left
            # empty is missing, the rest invalid.
            text = text.str.strip_chars()
            numbers = text.cast(pl.Float64, strict=False)
            blank = text.is_null() | (text == "")
            invalid = (numbers.is_null() & ~blank.fill_null(True)).to_numpy()
            status = np.where(invalid, CODE["invalid_value"], 0).astype(np.uint8)
    elif column.dtype.is_numeric() or column.dtype == pl.Null:
        numbers = column.cast(pl.Float64)
    else:
        raise FileError(f"column {column.name}: values of type {column.dtype} are not numbers")
    values = numbers.fill_null(math.nan).to_numpy()
    source, wanted = _CONVERTED.get(unit) or find_unit(unit), find_unit(target)
    if source is None or wanted is None:
        raise InputError("unit", unit, "a unit of the closed list")
    return convert(values, source, wanted), status


def refuse_zone(zone: object, name: str) -> None:
    """Refuse dates in a time zone: the calendar date depends on the place."""
    if zone is not None:
        raise FileError(
            f"column {name}: it has the time zone {zone}; give calendar dates, as the day depends"
            " on the place"
        )


def dates(column: pl.Series, form: str | None = None) -> Coded:
    """Dates of a column as days since 1970-01-01; texts also in a declared form."""
    import polars as pl

    if isinstance(column.dtype, pl.Datetime):
        refuse_zone(column.dtype.time_zone, column.name)
        column = column.dt.date()
    if column.dtype == pl.Date:
        missing = column.is_null().to_numpy()
        days = column.to_physical().fill_null(0).to_numpy()
        status = np.where(missing, CODE["missing_age"], 0).astype(np.uint8)
        return Coded(days, status if missing.any() else None)
    return coded(column, date_reader(form))


def dates_of(table: pl.DataFrame, mapped: Mapped, canonical: str) -> Coded:
    """The dates of a canonical column, and what was found in it."""
    column = column_of(table, mapped, canonical)
    found = dates(column, mapped.date_format)
    note(mapped.seen, canonical, column, found.status)
    times = 0 if mapped.seen is None else _times(column)
    if times and mapped.seen is not None:
        mapped.seen[canonical].times += times
    return found


def _times(column: pl.Series) -> int:
    """Rows in which a time of day stands beside the date."""
    import polars as pl

    if isinstance(column.dtype, pl.Datetime):
        return int((column.dt.time() != dt.time()).sum())
    if column.dtype != pl.String:
        return 0
    longest = column.str.len_bytes().max()
    if not isinstance(longest, int) or longest <= len("2026-05-01"):  # as nearly all are
        return 0
    return int(column.str.contains("[0-9]:[0-5][0-9]").sum())


def ages(table: pl.DataFrame, mapped: Mapped, gestation: Coded, born: Coded | None) -> Age:
    """The ages of the rows of a table, by the gestations and dates of birth of its children."""
    days, status = _chronological(table, mapped, born)
    if mapped.seen is not None:
        usable = len(days) if status is None else int(np.count_nonzero(status == 0))
        early = days < 0 if status is None else (days < 0) & (status == 0)
        note_ages(mapped.seen, usable, int(np.count_nonzero(early)), "before birth")
    return Age.from_codes(days, gestation.codes, status, gestation.status)


def births(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """The dates of birth as days since 1970-01-01; None where the table has none."""
    if not mapped.has("birth_date"):
        return None
    return dates_of(table, mapped, "birth_date")


def gestations(table: pl.DataFrame, mapped: Mapped, born: Coded | None = None) -> Coded:
    """The gestations at birth [day]; 0 where the row does not state one.

    `born` are the dates of birth, which a due date needs.
    """
    if mapped.has(DUE):
        assert born is not None  # a table without them has been refused
        return _until_due(table, mapped, born)
    if mapped.has(WEEKS) and mapped.completed_weeks is not None:
        weeks = read(table, mapped, WEEKS, number_rule(WEEKS, mapped.decimal))
        days = 7 * weeks.codes + COMPLETED_WEEKS[mapped.completed_weeks]
        return Coded(np.where(weeks.codes != 0, days, 0).astype(np.int32), weeks.status)
    if mapped.has(WEEKS):
        return _weeks_and_days(table, mapped)
    gestation = Coded(np.zeros(table.height, dtype=np.int32), None)
    for name in GESTATION_COLUMNS[:3]:
        if name in mapped.names:
            column = column_of(table, mapped, name)
            empty = column.null_count() == len(column)  # has no type of its own
            if name == "gestational_age" and column.dtype.is_numeric() and not empty:
                raise FileError(
                    f"column {column.name}: gestations are texts such as 27+3; whole days belong"
                    " in gestational_age_days, decimal weeks in gestational_age_weeks_decimal"
                )
            gestation = coded(column, number_rule(name, mapped.decimal))
            note(mapped.seen, name, column, gestation.status)
            if name == DECIMAL and mapped.seen is not None:
                whole = (gestation.codes % 7 == 0) & (gestation.codes != 0)
                mapped.seen[name].whole += int(np.count_nonzero(whole))
    return gestation


_TERM: Final = 280
"""The gestation on the due date [day]: 40 weeks."""


def _until_due(table: pl.DataFrame, mapped: Mapped, born: Coded) -> Coded:
    """Gestations of 40 weeks less the days from birth to the due date.

    A row that states a due date and no date of birth is `invalid_gestation`: without it nobody
    knows the gestation, and the child would else be taken for one that has none stated.
    """
    due = dates_of(table, mapped, DUE)
    nothing = np.zeros(len(due.codes), dtype=np.uint8)
    own = nothing if due.status is None else due.status
    birth = nothing if born.status is None else born.status
    days = _TERM - (due.codes - born.codes)
    stated = own != CODE["missing_age"]
    usable = (own == 0) & (birth == 0) & (days >= SHORTEST_GESTATION) & (days <= LONGEST_GESTATION)
    codes = np.where(stated & usable, days, 0).astype(np.int32)
    faulty = stated & ~usable
    if not faulty.any():
        return Coded(codes, None)
    if mapped.seen is not None:
        beyond = int(np.count_nonzero(faulty & (own == 0) & (birth == 0)))
        mapped.seen[DUE].faults["invalid_gestation"] += beyond
    return Coded(codes, faulty * np.uint8(CODE["invalid_gestation"]))


def _weeks_and_days(table: pl.DataFrame, mapped: Mapped) -> Coded:
    """Gestations of whole weeks in one column and the days beside them in another.

    A row with one of the two is `invalid_gestation`: up to 6 days would be lost.
    """
    weeks = read(table, mapped, WEEKS, number_rule(WEEKS, mapped.decimal))
    days = read(table, mapped, PART, number_rule(PART, mapped.decimal))
    stated, beside = weeks.codes != 0, days.codes != _NO_DAYS
    faulty = stated & ~beside | ~stated & (days.codes > 0)
    for part in (weeks, days):
        if part.status is not None:
            faulty |= part.status != 0
    codes = np.where(stated & ~faulty, 7 * weeks.codes + days.codes, 0).astype(np.int32)
    if not faulty.any():
        return Coded(codes, None)
    status = faulty * np.uint8(CODE["invalid_gestation"])
    if mapped.seen is not None and weeks.status is None and days.status is None:
        mapped.seen[WEEKS].faults["invalid_gestation"] += int(np.count_nonzero(faulty))
    return Coded(codes, status)


def _chronological(
    table: pl.DataFrame, mapped: Mapped, born: Coded | None
) -> tuple[Ints, StatusArray | None]:
    """Days since birth by dates, else as given; where both are given they must agree."""
    by_dates = by_days = None
    if born is not None and mapped.has("measured_on"):
        on = dates_of(table, mapped, "measured_on")
        given = [c.status for c in (born, on) if c.status is not None]
        status = first_status(*given) if given else None
        by_dates = Coded((on.codes - born.codes).astype(np.int32), status)
    for name in DAYS_OLD:
        if name in mapped.names:
            by_days = read(table, mapped, name, number_rule(name, mapped.decimal))
    if by_dates is None or by_days is None:
        only = by_dates or by_days
        assert only is not None
        return only.codes, only.status
    nothing = np.zeros(len(by_dates.codes), dtype=np.uint8)
    first = nothing if by_dates.status is None else by_dates.status
    second = nothing if by_days.status is None else by_days.status
    missing = CODE["missing_age"]
    days = np.where(first == missing, by_days.codes, by_dates.codes)
    differ = (first == 0) & (second == 0) & (by_dates.codes != by_days.codes)
    if mapped.seen is not None:
        apart = int(np.count_nonzero(differ))
        note_ages(mapped.seen, apart, apart, "differ")
    status = np.where(first == missing, second, np.where(second == missing, 0, second))
    status = first_status(np.where(first == missing, 0, first), status.astype(np.uint8))
    return days, np.where(differ, CODE["invalid_age"], status).astype(np.uint8)


_NUMBER: Final = re.compile(r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan)\s*", re.I)
_NO_DAYS: Final = -1
"""The code of days beside weeks that are not stated."""


LONGEST_LIFE: Final = 1_000_000
"""Days beyond which an age is none."""


def _number(value: Any, decimal: str = ".") -> float:
    """A cell that should hold a number; NaN when it is empty.

    Raises
    ------
    ValueError, TypeError
        When it is not a number as `figures` reads them: Python takes 1_000 for one.
    """
    if is_missing(value):
        return math.nan
    if isinstance(value, str) and decimal != ".":
        value = value.replace(".", "?").replace(",", ".", 1)
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise ValueError("not a number")
    return float(value)


def _whole_days(days: float) -> int:
    if not days.is_integer() or abs(days) > LONGEST_LIFE:
        raise ValueError("not whole days")
    return int(days)


def _months(months: float) -> int:
    """Whole days of an age in decimal months, as the WHO rounds them."""
    if not 0 <= months <= LONGEST_LIFE / MONTH:
        raise ValueError("not an age")
    return days_from_months(months)


def _years(years: float) -> int:
    """Whole days of an age in decimal years: twelve months of 30.4375 days."""
    return _months(12 * years)


def _decimal_weeks(weeks: float) -> int:
    """Decimal weeks to the nearest day, half up: the column's name declares them."""
    return check_gestation(math.floor(weeks * 7 + 0.5), weeks)


def _completed_weeks(weeks: float) -> int:
    if not weeks.is_integer():
        raise ValueError("not whole weeks")
    check_gestation(int(7 * weeks), weeks)
    return int(weeks)


def _days_beside(days: float) -> int:
    if not days.is_integer() or not 0 <= days <= 6:
        raise ValueError("not 0 to 6")
    return int(days)


_NUMBERS: Final[dict[str, tuple[Callable[[float], int], str, int | None]]] = {
    "age_days": (_whole_days, "whole days", None),
    "age_months": (_months, "months, 0 or more", None),
    "age_years": (_years, "years, 0 or more", None),
    "gestational_age_days": (whole_gestation, "whole days", 0),
    DECIMAL: (_decimal_weeks, "weeks", 0),
    WEEKS: (_completed_weeks, "whole weeks, 20 to 44", 0),
    PART: (_days_beside, "whole days, 0 to 6", _NO_DAYS),
}
"""For each column of numbers its rule, what is accepted, and its code where it is empty."""


@lru_cache(maxsize=64)
def number_rule(canonical: str, decimal: str) -> Callable[[Any], int]:
    """The rule for one cell of a column of ages or gestations: its days, or its error."""
    if canonical == "gestational_age":
        return gestation_days
    rule, accepted, empty = _NUMBERS[canonical]
    error = AgeError if empty is None else GestationError

    def code(value: Any) -> int:
        try:
            number = _number(value, decimal)
            if not math.isnan(number):
                return rule(number)
        except (TypeError, ValueError, OverflowError) as wrong:
            raise error(canonical, value, accepted) from wrong
        if empty is None:
            raise error(canonical, value, accepted, status="missing_age")
        return empty

    return code


def positions(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """How the lengths were measured, where the table says so."""
    if not mapped.has("length_position"):
        return None
    return read(table, mapped, "length_position", position_coder(mapped.position_codes))


def oedemas(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """Which rows have oedema, where the table says so."""
    if not mapped.has("oedema"):
        return None
    return read(table, mapped, "oedema", oedema_coder(mapped.oedema_codes))


def measured_weights(table: pl.DataFrame, mapped: Mapped) -> npt.NDArray[np.bool_] | None:
    """Which weights were measured, where the table says how they were taken.

    A weight is one of `weight_method`: measured, estimated or stated. Where nothing is said it is
    taken as measured, as it is in a table without the column; any other word is not.
    """
    import polars as pl

    if not mapped.has("weight_method"):
        return None
    said = column_of(table, mapped, "weight_method").cast(pl.String)
    words = said.str.strip_chars().str.to_lowercase().fill_null("")
    found: npt.NDArray[np.bool_] = words.is_in(["", "measured"]).to_numpy()
    return found


def sexes(table: pl.DataFrame, mapped: Mapped) -> Coded:
    """The sexes of the rows."""
    return read(table, mapped, "sex", sex_coder(mapped.sex_codes))
