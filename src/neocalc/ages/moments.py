"""Dates, and dates with a time of day: when a dose is given, a weight was taken, a product expires.

Ages go by calendar dates; between two moments that both have a time it is hours that count.
"""

from __future__ import annotations

import datetime as dt
import re
from numbers import Number
from typing import Any, Final, NamedTuple

from neocalc.ages.age import Age
from neocalc.errors import AgeError, MissingError
from neocalc.reading.dates import date_number
from neocalc.reading.words import is_missing

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_DATE: Final = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*")
_TIMED: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)


class Moment(NamedTuple):
    """A calendar date, or a date and time where `timed`."""

    stamp: dt.datetime
    timed: bool

    @property
    def date(self) -> dt.date:
        """The calendar date."""
        return self.stamp.date()

    @property
    def value(self) -> dt.date | dt.datetime:
        """The date, or the date and time."""
        return self.stamp if self.timed else self.date

    def __str__(self) -> str:
        return self.stamp.isoformat(" ", "minutes") if self.timed else self.date.isoformat()


def moment(value: Any, argument: str) -> Moment:
    """A date, or a date and time, from ISO 8601 or the types of datetime.

    Examples
    --------
    >>> str(moment("2026-08-14", "on")), str(moment("2026-08-14T09:30", "on"))
    ('2026-08-14', '2026-08-14 09:30')
    """
    if isinstance(value, Moment):
        return value
    if isinstance(value, str) and _TIMED.fullmatch(value.strip()):
        try:
            return Moment(dt.datetime.fromisoformat(value.strip()), timed=True)
        except ValueError as error:
            raise AgeError(argument, value, "a date and time that exist") from error
    if isinstance(value, dt.datetime) and value == value:  # noqa: PLR0124 - NaT differs
        return Moment(value, timed=True)
    accepted = "a date (2026-08-14) or a date and time (2026-08-14T09:30)"
    if _is_of_another_form(value):  # whose time of day would be left out: here it counts
        raise AgeError(argument, value, accepted)
    try:
        day = dt.date.fromordinal(date_number(value) + _EPOCH)
    except MissingError as error:
        raise MissingError(argument, error.accepted) from error
    except AgeError as error:
        raise AgeError(argument, value, accepted) from error
    return Moment(dt.datetime.combine(day, dt.time()), timed=False)


def _is_of_another_form(value: Any) -> bool:
    """Whether it is a number, or a text that is no date as YYYY-MM-DD."""
    if is_missing(value):
        return False
    return isinstance(value, Number) or (isinstance(value, str) and not _DATE.fullmatch(value))


def hours_between(first: Moment, second: Moment, argument: str) -> float:
    """Hours from one moment to another [h]; whole days of 24 hours unless both have a time.

    Examples
    --------
    >>> hours_between(moment("2026-08-13", "a"), moment("2026-08-14T09:30", "b"), "b")
    24.0
    """
    if first.timed and second.timed:
        if (first.stamp.tzinfo is None) != (second.stamp.tzinfo is None):
            raise AgeError(argument, str(second), "times all with a time zone, or all without one")
        return (second.stamp - first.stamp) / dt.timedelta(hours=1)
    return 24.0 * (second.date - first.date).days


class Span(NamedTuple):
    """The shortest and the longest time that can lie between two moments [h]."""

    least: float
    most: float


def span_between(first: Moment, second: Moment, argument: str) -> Span:
    """How long it may be from one moment to another: a date without a time is any time of its day.

    Examples
    --------
    >>> span_between(moment("2026-08-13", "a"), moment("2026-08-14T09:30", "b"), "b")
    Span(least=9.5, most=33.5)
    >>> span_between(moment("2026-08-13", "a"), moment("2026-08-14", "b"), "b")
    Span(least=0.0, most=48.0)
    """
    if first.timed and second.timed:
        hours = hours_between(first, second, argument)
        return Span(hours, hours)
    starts = [m.stamp.replace(tzinfo=None) for m in (first, second)]
    hours = (starts[1] - starts[0]) / dt.timedelta(hours=1)
    return Span(hours - (0 if first.timed else 24), hours + (0 if second.timed else 24))


def days_between(first: Moment, second: Moment) -> int:
    """Calendar days from one date to another [day]."""
    return (second.date - first.date).days


def birth_date(age: Age, on: Moment | None) -> dt.date | None:
    """The date of birth: that of an age from dates, else counted back from a day; None without."""
    if age.birth_days is not None:
        return dt.date.fromordinal(int(age.birth_days[0]) + _EPOCH)
    if on is None:
        return None
    try:
        return on.date - dt.timedelta(days=int(age.days[0]))
    except OverflowError:  # before the first year of the calendar
        return None


def day_of_age(age: Age, on: Moment | None) -> Moment | None:
    """The day of the dose: the day of an age from dates, with which a date given must agree."""
    if age.birth_days is None:
        return on
    day = dt.date.fromordinal(int(age.birth_days[0] + age.days[0]) + _EPOCH)
    if on is None:
        return moment(day, "on")
    if on.date != day:
        raise AgeError("on", str(on), f"the day of the age ({day}): age is that on the day of dose")
    return on
