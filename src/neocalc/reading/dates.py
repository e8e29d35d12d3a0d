"""Gestations, calendar dates, months and durations as whole days: what a user writes for an age.

References
----------
WHO Child Growth Standards: methods and development, 2006 (ISBN 92 4 154693 X): the month of
30.4375 days.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from numbers import Number
from typing import Any, Final

import numpy as np

from neocalc.errors import CODE, AgeError, GestationError, MissingError, UnitError
from neocalc.reading.dateforms import READ, SERIAL, declared, fitting, has_zone, read_date
from neocalc.reading.dimensions import convert, find_unit, split_quantity
from neocalc.reading.units import Floats, figures_of
from neocalc.reading.words import Coded, code_words, is_missing, plain_word, refuse_partial_date

TERM: Final = 280
"""40w0d, from which age is corrected [day]."""
MONTH: Final = 30.4375
"""The month of the WHO growth standards [day]."""
SHORTEST_GESTATION: Final = 140
LONGEST_GESTATION: Final = 314
"""Gestations outside 20w0d to 44w6d are refused [day]."""
NOT_STATED: Final = 0
"""The gestation in days where none is stated."""
_GESTATION: Final = re.compile(
    r"\s*([0-9]{2})\s*(?:\+\s*([0-9])(?:/7)?"
    r"|(?:w|weeks?,?)\s*(?:and\s+)?([0-9])\s*(?:d|days?)|\s([0-9])/7)\s*",
    re.IGNORECASE,
)
_FORMS: Final = 'accepted: weeks and days, such as "27+3", "27w3d" or "27 3/7"'
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


def gestation_days(value: object) -> int:
    """Gestational age in days; `NOT_STATED` for None, NaN or an empty text.

    Raises
    ------
    GestationError
        When it is ambiguous ("27.3"), malformed or outside 20w0d to 44w6d.

    Examples
    --------
    >>> gestation_days("27+3"), gestation_days("27w3d"), gestation_days("27 weeks 3 days")
    (192, 192, 192)
    """
    if is_missing(value):
        return NOT_STATED
    if isinstance(value, str):
        match = _GESTATION.fullmatch(value)
        if match is None:
            hint = _FORMS
            if re.fullmatch(r"\s*[0-9]{2}\.[0-9]\s*", value):
                form = value.strip().replace(".", "+")
                hint = f'ambiguous: is it "{form}", or a decimal number of weeks? {_FORMS}'
            raise GestationError("gestation", value, hint)
        weeks, day = int(match[1]), int(match[2] or match[3] or match[4])
        if day > 6:
            raise GestationError("gestation", value, f"the days are 0 to 6; {_FORMS}")
        days = 7 * weeks + day
    elif is_pair(value):
        return days_of_pair(*_pair(value))
    elif hasattr(value, "magnitude"):
        try:
            exact, _, single = figures_of(value, "day", "gestation")
        except UnitError as error:
            error.status = GestationError.status
            raise
        if not single:
            raise GestationError("gestation", value, _FORMS)
        coded = whole_gestations(exact)
        if coded.status is not None:
            raise GestationError("gestation", value, "whole days, 140 to 314 (20w0d to 44w6d)")
        days = int(coded.codes[0])
    else:
        raise GestationError("gestation", value, f"{_FORMS}, or a quantity of days")
    return check_gestation(days, value)


def is_pair(value: object) -> bool:
    """Whether a value is a gestation in two numbers, its weeks and its days.

    Two bare numbers are no two gestations, as one of them alone is refused.

    Examples
    --------
    >>> is_pair((27, 3)), is_pair(("27+3", "28+0")), is_pair([27, 3])
    (True, False, False)
    """
    if isinstance(value, np.void):
        return value.dtype.names is not None and len(value.dtype.names) == 2
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: object) -> bool:
    number = isinstance(value, Number) or is_missing(value)
    return number and not isinstance(value, (str, bool, np.bool_, np.datetime64, np.timedelta64))


def _pair(value: Any) -> tuple[float, float]:
    """Weeks and days as floats; NaN where there is none."""
    weeks, days = value.item() if isinstance(value, np.void) else value
    if not (_is_number(weeks) and _is_number(days)):
        raise GestationError("gestation", value, _FORMS)
    try:
        return _float(weeks), _float(days)
    except (TypeError, ValueError, OverflowError) as error:
        raise GestationError("gestation", value, _FORMS) from error


def _float(value: Any) -> float:
    return math.nan if is_missing(value) else float(value)


def days_of_pair(weeks: float, days: float) -> int:
    """Gestation in days from completed weeks and the days beside them, both as numbers.

    `NOT_STATED` where neither is given, or only that there are 0 days. Weeks without their days
    are refused: up to 6 days would be lost.

    Raises
    ------
    GestationError
        Unless both are whole, the days are 0 to 6 and the whole is 20w0d to 44w6d.

    Examples
    --------
    >>> days_of_pair(27, 3), days_of_pair(math.nan, math.nan)
    (192, 0)
    """
    if math.isnan(weeks) and (math.isnan(days) or days == 0):
        return NOT_STATED
    given = f"weeks {weeks:g}, days {days:g}"
    if math.isnan(days):
        raise GestationError("gestation", given, "the days beside the weeks are needed, 0 to 6")
    if not float(weeks).is_integer() or not float(days).is_integer() or not 0 <= days <= 6:
        raise GestationError("gestation", given, "whole weeks, and days that are 0 to 6")
    return check_gestation(int(7 * weeks + days), given)


def check_gestation(days: int, given: object) -> int:
    """The days, refused outside 20w0d to 44w6d."""
    if not SHORTEST_GESTATION <= days <= LONGEST_GESTATION:
        raise GestationError("gestation", given, "20w0d to 44w6d (140 to 314 days)")
    return days


def date_number(value: object, argument: str = "date", form: str | None = None) -> int:
    """A calendar date as days since 1970-01-01.

    Parameters
    ----------
    value : str, int, datetime.date or numpy.datetime64
        A date, or a text in a form that leaves no doubt which figure is the day: the year first
        (2026-05-01, 2026/05/01, 20260501) or the month by its name (1 May 2026, 01MAY2026). A date
        and time counts as its calendar date; one with a time zone is refused, as its calendar date
        depends on the place.
    argument : str, default "date"
        Name for messages.
    form : str, optional
        A declared form of texts, such as "%d/%m/%Y"; then no other is read but YYYY-MM-DD.

    Examples
    --------
    >>> date_number("1970-02-01"), date_number("1 Feb 1970")
    (31, 31)
    >>> date_number("1/2/1970", form="%d/%m/%Y")
    31
    """
    if is_missing(value):
        raise MissingError(argument, "give a date such as 2026-05-01", status="missing_age")
    if isinstance(value, np.datetime64):  # beyond the calendar's years it stays a number
        refuse_partial_date(value.dtype, argument)
        value = value.astype("datetime64[D]").item()
    hint = ""
    if isinstance(value, dt.date):
        if getattr(value, "tzinfo", None) is not None:
            raise AgeError(argument, value.isoformat(), "a calendar date without a time zone")
        return value.toordinal() - _EPOCH
    text = "" if isinstance(value, (bool, np.bool_)) else plain_word(value)
    read = read_date if form is None else declared(form)
    found = read(text)
    if found is not None:
        return found.toordinal() - _EPOCH
    if has_zone(text):
        raise AgeError(argument, value, "a calendar date without a time zone")
    if form is not None:
        raise AgeError(argument, value, f"accepted: dates of the form {form}, or {READ}")
    forms = fitting(text) if isinstance(value, str) else ()
    if SERIAL in forms:
        hint = ", not the number of a day that a spreadsheet stores"
    elif len(forms) > 0:
        hint = "; which figure is the day is not guessed"
    raise AgeError(argument, value, f"accepted: a calendar date, as {READ} or a date{hint}")


@lru_cache(maxsize=16)
def date_reader(form: str | None) -> Callable[[object], int]:
    """The rule for one date in a table: `date_number`, by a declared form where there is one."""
    if form is None:
        return date_number
    declared(form)
    return partial(date_number, form=form)


def days_from_months(months: float) -> int:
    """Whole days of an age in months: times 30.4375, rounded half up, as the WHO's anthro does.

    60 months and more are never rounded down into the last table day (1826): the WHO scores
    children under 60 months.

    Examples
    --------
    >>> [days_from_months(m) for m in (24, 23.99, 9, 8, 59.99, 60)]
    [731, 730, 274, 244, 1826, 1827]
    """
    days = math.floor(months * MONTH + 0.5)
    return max(days, 1827) if months >= 60 else days


def duration_days(value: object, argument: str) -> int:
    """A duration or a gestation-like age ("36 month", "50w", "37+0") in whole days."""
    accepted = 'accepted: a duration such as "50 week", "36 month", "37+0" or "350 day"'
    if isinstance(value, str):
        match = _GESTATION.fullmatch(value)
        if match:
            day = int(match[2] or match[3] or match[4])
            if day <= 6:
                return 7 * int(match[1]) + day
            raise AgeError(argument, value, accepted)
        figure, unit = split_quantity(value, argument, accepted)
        if unit.dimension != "time":
            raise AgeError(argument, value, accepted)
        target = find_unit("day")
        assert target is not None
        days = float(convert(figure, unit, target))
    else:
        figures, _, single = figures_of(value, "day", argument)
        days = float(figures[0]) if single else math.nan
    if not 0 <= days <= 40_000:
        raise AgeError(argument, value, accepted)
    return math.floor(days + 0.5)


def stated_gestations(value: Any) -> tuple[Coded, bool]:
    """Gestations of one or many, from words or from a quantity of days."""
    if is_pair(value):
        return _one(gestation_days(value)), True
    magnitude = getattr(value, "magnitude", None)
    if magnitude is not None:
        if np.ndim(magnitude) == 0:
            return _one(gestation_days(value)), True
        return whole_gestations(figures_of(value, "day", "gestation")[0]), False
    if isinstance(value, Iterator):  # such as zip(weeks, days)
        value = list(value)
    elif getattr(value, "shape", ())[1:] == (2,):  # a column of weeks and one of days
        value = [tuple(pair) for pair in np.asarray(value).tolist()]
    return code_words(value, gestation_days, "gestation")


def whole_gestation(days: float) -> int:
    """Gestation from a number of days in a column whose name says so; NaN is not stated."""
    coded = whole_gestations(np.array([days], dtype=np.float64))
    if coded.status is not None:
        raise GestationError("gestation", days, "whole days, 140 to 314 (20w0d to 44w6d)")
    return int(coded.codes[0])


def whole_gestations(days: Floats) -> Coded:
    """Gestations from numbers of days: invalid unless whole and in range; NaN is not stated."""
    stated = ~np.isnan(days)
    whole = np.rint(days)
    valid = (whole >= SHORTEST_GESTATION) & (whole <= LONGEST_GESTATION)
    with np.errstate(invalid="ignore"):
        valid &= np.abs(days - whole) < 1e-6
    codes = np.where(valid, whole, NOT_STATED).astype(np.int32)
    faulty = stated & ~valid
    if not faulty.any():
        return Coded(codes, None)
    return Coded(codes, np.where(faulty, CODE["invalid_gestation"], 0).astype(np.uint8))


def _one(code: int) -> Coded:
    """One checked code as `code_words` returns it."""
    return Coded(np.array([code], dtype=np.int32), None)
