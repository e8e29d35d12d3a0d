"""The columns of a cohort table: from text or numbers to prepared columns, with a status a row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from neocalc.age import (
    Age,
    check_gestation,
    date_number,
    gestation_days,
    whole_gestation,
)
from neocalc.coding import Coded, Ints, oedema_code, position_code, sex_coder
from neocalc.errors import CODE, FileError, GestationError, InputError, StatusArray, first_status
from neocalc.tables.mapping import Mapped
from neocalc.units import Floats, convert, find_unit

if TYPE_CHECKING:
    import polars as pl


def column_of(table: pl.DataFrame, mapped: Mapped, canonical: str) -> pl.Series:
    """A canonical column of a table, empty where a declared word for a missing value stands."""
    import polars as pl

    column = table[mapped.names[canonical]]
    if not mapped.missing or column.dtype.is_nested() or column.dtype == pl.Object:
        return column
    words = set(mapped.missing)
    for word in mapped.missing:
        if _NUMBER.fullmatch(word):
            words.add(repr(float(word)))  # -99 in a column of floats
    held = ~column.cast(pl.String, strict=False).is_in(words)
    return pl.select(pl.when(held).then(column)).to_series().alias(column.name)


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
    values = values.str.head(_LONGEST)
    if not column.null_count():
        return values, physical.to_numpy()
    missing = pl.Series([None], dtype=pl.String)
    return values.append(missing), physical.fill_null(words).to_numpy()


_FAULT: Final = 1_000_000_000
_LONGEST: Final = 200
"""Characters of a word that are looked at: none that means something is so long."""


@lru_cache(maxsize=65_536, typed=True)  # words and dates repeat from one chunk to the next
def _packed(rule: Callable[[Any], int], value: Any) -> int:
    """The code of a value, or its status above `_FAULT`; a text of spaces alone is empty."""
    if isinstance(value, str) and not value.strip():
        value = ""
    try:
        return rule(value)
    except InputError as error:
        return _FAULT + CODE[error.status]


def figures(column: pl.Series, unit: str, target: str) -> tuple[Floats, StatusArray | None]:
    """Numbers of a column in the target unit; `invalid_value` where a text is not a number."""
    import polars as pl

    status = None
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        text = column.cast(pl.String)
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
    source, wanted = find_unit(unit), find_unit(target)
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


def dates(column: pl.Series) -> Coded:
    """Dates of a column as days since 1970-01-01."""
    import polars as pl

    if isinstance(column.dtype, pl.Datetime):
        refuse_zone(column.dtype.time_zone, column.name)
        column = column.dt.date()
    if column.dtype == pl.Date:
        missing = column.is_null().to_numpy()
        days = column.to_physical().fill_null(0).to_numpy()
        status = np.where(missing, CODE["missing_age"], 0).astype(np.uint8)
        return Coded(days, status if missing.any() else None)
    return coded(column, date_number)


def ages(table: pl.DataFrame, mapped: Mapped, gestation: Coded, born: Coded | None) -> Age:
    """The ages of the rows of a table, by the gestations and dates of birth of its children."""
    days, status = _chronological(table, mapped, born)
    return Age.from_codes(days, gestation.codes, status, gestation.status)


def births(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """The dates of birth as days since 1970-01-01; None where the table has none."""
    if not mapped.has("birth_date"):
        return None
    return dates(column_of(table, mapped, "birth_date"))


def gestations(table: pl.DataFrame, mapped: Mapped) -> Coded:
    """The gestations at birth [day]; 0 where the row does not state one."""
    gestation = Coded(np.zeros(table.height, dtype=np.int32), None)
    for name, rule in (
        ("gestational_age", gestation_days),
        ("gestational_age_days", _gestation_days_column),
        ("gestational_age_weeks_decimal", _gestation_weeks_column),
    ):
        if name in mapped.names:
            column = column_of(table, mapped, name)
            empty = column.null_count() == len(column)  # has no type of its own
            if name == "gestational_age" and column.dtype.is_numeric() and not empty:
                raise FileError(
                    f"column {column.name}: gestations are texts such as 27+3; whole days belong"
                    " in gestational_age_days, decimal weeks in gestational_age_weeks_decimal"
                )
            gestation = coded(column, rule)
    return gestation


def _chronological(
    table: pl.DataFrame, mapped: Mapped, born: Coded | None
) -> tuple[Ints, StatusArray | None]:
    """Days since birth by dates, else as given; where both are given they must agree."""
    by_dates = by_days = None
    if born is not None and mapped.has("measured_on"):
        on = dates(column_of(table, mapped, "measured_on"))
        given = [c.status for c in (born, on) if c.status is not None]
        status = first_status(*given) if given else None
        by_dates = Coded((on.codes - born.codes).astype(np.int32), status)
    if mapped.has("age_days"):
        by_days = coded(column_of(table, mapped, "age_days"), _whole_days)
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
    status = np.where(first == missing, second, np.where(second == missing, 0, second))
    status = first_status(np.where(first == missing, 0, first), status.astype(np.uint8))
    return days, np.where(differ, CODE["invalid_age"], status).astype(np.uint8)


def _number(value: Any) -> float:
    """A cell that should hold a number; NaN when it is empty.

    Raises
    ------
    ValueError, TypeError
        When it is not a number as `figures` reads them: Python takes 1_000 for one.
    """
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise ValueError("not a number")
    return float(value)


_NUMBER: Final = re.compile(r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|nan)\s*", re.I)


def _whole_days(value: Any) -> int:
    try:
        days = _number(value)
    except (TypeError, ValueError):
        days = math.inf
    if math.isnan(days):
        raise InputError("age_days", value, "whole days", status="missing_age")
    if not days.is_integer() or abs(days) > 1_000_000:
        raise InputError("age_days", value, "whole days", status="invalid_age")
    return int(days)


def _gestation_days_column(value: Any) -> int:
    try:
        return whole_gestation(_number(value))
    except (TypeError, ValueError) as error:
        raise GestationError("gestational_age_days", value, "whole days") from error


def _gestation_weeks_column(value: Any) -> int:
    """Decimal weeks to the nearest day, half up: the column's name declares them."""
    try:
        weeks = _number(value)
    except (TypeError, ValueError) as error:
        raise GestationError("gestational_age_weeks_decimal", value, "weeks") from error
    if math.isnan(weeks):
        return 0
    if not math.isfinite(weeks):
        raise GestationError("gestational_age_weeks_decimal", value, "weeks")
    return check_gestation(math.floor(weeks * 7 + 0.5), value)


def positions(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """How the lengths were measured, where the table says so."""
    if not mapped.has("length_position"):
        return None
    return coded(column_of(table, mapped, "length_position"), position_code)


def oedemas(table: pl.DataFrame, mapped: Mapped) -> Coded | None:
    """Which rows have oedema, where the table says so."""
    if not mapped.has("oedema"):
        return None
    return coded(column_of(table, mapped, "oedema"), oedema_code)


def sexes(table: pl.DataFrame, mapped: Mapped) -> Coded:
    """The sexes of the rows."""
    return coded(column_of(table, mapped, "sex"), sex_coder(mapped.sex_codes))
