"""Visits and pairs of visits: what velocity, gain and change in z are computed from.

Columns of codes and of floats in canonical units. A visit that cannot be used, and a pair that
cannot be compared, has no value and a status.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import HEIGHT_FROM, adjusted_length
from neocalc.ages.policy import Resolved
from neocalc.arrays import either, emptied
from neocalc.errors import CODE, InputError, MissingError, StatusArray, combined, status_where
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import WATER_WEIGHS, Scored, parts_of
from neocalc.reading.dates import duration_days
from neocalc.reading.units import Floats, measurable
from neocalc.reading.words import Ints
from neocalc.references.lookup import Bools, Bytes, Rows
from neocalc.velocity.limits import ChangeLimits

AGAINST: Final = ("previous", "first", "baseline", "interval")
"""With which visit of the child each is compared."""
WINDOW: Final = 4
"""Without a window of its own, an interval has a part of itself: one by so much."""
_FAULTS: Final = np.zeros(256, dtype=np.uint8)
for _word in (
    "subject_conflict", "missing_value", "missing_sex", "missing_age", "missing_gestation",
    "invalid_sex", "invalid_gestation", "invalid_age", "invalid_value", "oedema",
):  # fmt: skip
    _FAULTS[CODE[_word]] = CODE[_word]


def interval_and_window(against: str, interval: Any, window: Any) -> tuple[int, int]:
    """The interval to the other visit, and how far from it a visit may be, in whole days.

    Parameters
    ----------
    against : str
        One of `AGAINST`; only "interval" has either, and needs the first. Others have 0 and 0.
    interval, window : str, pint.Quantity or None
        Durations, such as "2 month" and "15 day"; without a window it is a quarter of the interval.

    Examples
    --------
    >>> interval_and_window("interval", "2 month", None)
    (61, 15)
    """
    if against != "interval":
        for name, given in (("interval", interval), ("window", window)):
            if given is not None:
                accepted = f"it is of visits that are compared against an interval, not {against}"
                raise InputError(name, given, accepted)
        return 0, 0
    if interval is None:
        raise MissingError("interval", "give how long before the other visit was, such as 2mo")
    days = duration_days(interval, "interval")
    if days < 1:
        raise InputError("interval", interval, "one day or more")
    if window is None:
        return days, days // WINDOW
    near = duration_days(window, "window")
    if near >= days:
        raise InputError("window", window, f"less than the interval, which is of {days:,} days")
    return days, near


class Visit(NamedTuple):
    """What was measured at one visit of each of many children, for one measure.

    `value` is in the canonical unit, a length as it is lying; NaN where `lacking` says why there is
    none. `status` says beside that why there is no z-score of it: no usable sex, say. `implausible`
    marks values beyond the flag limits of their reference; they are kept. None: no child has such a
    status.
    """

    value: Floats
    status: StatusArray | None
    implausible: Bools | None
    lacking: StatusArray | None = None

    def take(self, rows: Rows) -> Visit:
        """The visits of some rows."""
        columns: tuple[Any, ...] = tuple(None if c is None else c.take(rows) for c in self)
        return Visit(*columns)

    def rows(self, block: slice | Rows) -> Visit:
        """The visits of some rows; of a block a view."""
        columns: tuple[Any, ...] = tuple(None if c is None else c[block] for c in self)
        return Visit(*columns)


class Interval(NamedTuple):
    """What is between two visits of each of many children, whatever was measured at them.

    `days` is the interval, `start` and `end` the ages at the visits, on one basis [day]; `status`
    says why the two cannot be compared, None when all can.
    """

    days: Ints
    start: Ints
    end: Ints
    sex: Ints
    basis: Bytes
    status: StatusArray | None

    def rows(self, block: slice | Rows) -> Interval:
        """Those of some rows; of a block a view."""
        columns: tuple[Any, ...] = tuple(None if c is None else c[block] for c in self)
        return Interval(*columns)


class Pairs(NamedTuple):
    """Two visits of each of many children, in columns of one length.

    Attributes
    ----------
    first, second : numpy.ndarray
        Values in the canonical unit [kg] or [cm]; NaN where `status` is not ok.
    days : numpy.ndarray
        Interval between the visits [day].
    start, end : numpy.ndarray
        Age at the visits, on one basis [day].
    sex, basis : numpy.ndarray
        Codes of the sex and of the basis of the ages.
    status : numpy.ndarray or None
        Why the two visits cannot be compared; None when all can.
    implausible : numpy.ndarray or None
        Where either value is beyond the flag limits of its reference, or the change between them
        beyond what a child can do.
    """

    first: Floats
    second: Floats
    days: Ints
    start: Ints
    end: Ints
    sex: Ints
    basis: Bytes
    status: StatusArray | None = None
    implausible: Bools | None = None


def visit(measure: str, inputs: Inputs, scored: Scored) -> Visit:
    """The usable values of a visit, from its columns and their attained z-scores."""
    faults = lacking = implausible = None
    if scored.status.any():
        implausible = scored.status == CODE["implausible"]
        faults = _FAULTS.take(scored.status)
        if faults.any():
            lacking = value_fault(inputs.value, inputs.value_status)
            asked = (lacking == 0) & (faults == CODE["missing_value"])  # for a position
            lacking = either(asked, np.uint8(CODE["missing_value"]), lacking)
    if measure in WATER_WEIGHS and inputs.oedema is not None:
        oedema = status_where(inputs.oedema != 0, "oedema")
        faults, lacking = combined(faults, oedema), combined(lacking, oedema)
    value = inputs.value
    if measure == "length":
        value = recumbent_length(value, inputs.position, inputs.resolved.who_day)
    return Visit(without(value, lacking), faults, implausible, lacking)


def value_fault(value: Floats, given: StatusArray | None) -> StatusArray:
    """Why a value cannot be used: as it was given, or `missing_value` or `invalid_value`."""
    codes = status_where(~measurable(value), "invalid_value")
    codes = either(np.isnan(value), np.uint8(CODE["missing_value"]), codes)
    return codes if given is None else np.asarray(either(given != 0, given, codes))


def recumbent_length(length: Floats, position: Ints | None, day: Ints) -> Floats:
    """Length as it is lying, at any age [cm]: the tables of increments are of recumbent length.

    Standing: + 0.7 cm, but not before 9 months, where it is not believed. Not recorded: as it is,
    as no increment should depend on whether 24 months are counted as day 730 or 731.
    """
    return adjusted_length(length, position, np.minimum(day, HEIGHT_FROM - 1))


def impossible_change(
    measure: str, first: Inputs, second: Inputs, days: Ints, limits: ChangeLimits
) -> Bools:
    """Where a measure, or what it is computed from, changed beyond what a child can do.

    `first` and `second` are the columns of two visits, as they are scored.
    """
    beyond = np.zeros(len(days), dtype=bool)
    parts = zip(_limited(measure, first), _limited(measure, second), strict=True)
    for (part, before), (_, after) in parts:
        beyond |= limits.implausible(part, before, after, days)
    return beyond


def _limited(measure: str, inputs: Inputs) -> list[tuple[str, Floats]]:
    """A measure and what it is computed from; a length as it is lying."""
    return [
        (
            part,
            recumbent_length(value, inputs.position, inputs.resolved.who_day)
            if part == "length"
            else value,
        )
        for part, value in [(measure, inputs.value), *parts_of(measure, inputs)]
    ]


def between(
    first: Resolved,
    second: Resolved,
    sex: Ints,
    days: Ints,
    status: StatusArray | None,
    other: Rows | None = None,
) -> Interval:
    """What is between two visits; `status` is of the pair, such as a changed sex.

    `sex` is that at the second visits, and `other` the rows of the first ones, where they are not
    in the order of the second.
    Ages that are not counted from the same day at both visits are `mixed_age_basis`.
    """
    start, basis = first.who_day, first.who_basis
    if other is not None:
        start, basis = start.take(other), basis.take(other)
    mixed = basis != second.who_basis
    if mixed.any():
        status = combined(status, status_where(mixed, "mixed_age_basis"))
    return Interval(days, start, second.who_day, sex, basis, status)


def pair(
    measure: str, first: Visit, second: Visit, interval: Interval, limits: ChangeLimits
) -> Pairs:
    """Two visits of the same children."""
    implausible = second.implausible
    if first.implausible is not None:
        both = first.implausible
        implausible = both if implausible is None else implausible | both
    status = combined(first.status, second.status, interval.status)
    beyond = limits.implausible(measure, first.value, second.value, interval.days)
    if beyond.any():
        implausible = beyond if implausible is None else implausible | beyond
    return Pairs(first.value, without(second.value, status), *interval[:5], status, implausible)


def without(value: Floats, status: StatusArray | None) -> Floats:
    """Values, not a number where a status says why there is none."""
    return value if status is None else emptied(value, status)


def amounts(first: Visit, second: Visit, status: StatusArray | None) -> tuple[Floats, StatusArray]:
    """What a rate is computed from: the second values, and why there is none.

    A rate needs two values and the days between them: neither a sex nor a gestation.

    Parameters
    ----------
    first, second : Visit
        The two visits.
    status : numpy.ndarray or None
        Why the two visits cannot be compared, if so.
    """
    found = combined(first.lacking, second.lacking, status)
    none = np.zeros(len(second.value), dtype=np.uint8)
    found = none if found is None else found
    return without(second.value, found), found
