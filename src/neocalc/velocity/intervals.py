"""L, M, S and delta of an increment over any interval, from the WHO's tables of whole months.

At a tabulated width they are those of its row. Between two widths that both have a row at the age
of the start they are interpolated. Below the shortest width and above the longest one the increment
is scaled to the width, within a tolerance. No rule of the WHO's for this could be found: it is a
decision. docs/validation.md shows how near the interpolation comes to rows that it is not given.

Every interval in whole days from every day of start has a cell. When many pairs of visits are
scored, all cells are laid out once: from then on a pair is one index, as a row of the tables of
attained growth is.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).

WHO Child Growth Standards: methods and development. Geneva: WHO; 2006 (ISBN 92 4 154693 X), and
2007 for head circumference: the medians of attained growth.
"""

from __future__ import annotations

import math
import threading
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import HEIGHT_FROM, LYING_IS_LONGER
from neocalc.errors import CODE, StatusArray
from neocalc.reading.dates import MONTH
from neocalc.reading.units import Floats
from neocalc.reading.words import Ints
from neocalc.references.catalogue import reference
from neocalc.references.files import SEXES
from neocalc.references.lms import L_IS_ZERO
from neocalc.references.lookup import Bytes, Rows
from neocalc.velocity.increment_tables import (
    HALF_A_DAY,
    LAST_DAY,
    WIDTHS,
    IncrementTable,
    increment_table,
)

BETWEEN: Final = ("interpolate", "scale")
"""What is done with an interval between two of the table's widths."""
METHODS: Final = ("", "who-2009", "who-2009-interpolated", "who-2009-scaled")
"""By what L, M and S an increment is scored: none, those of a row, those between the rows of two
widths, or those of a row to whose width the increment is scaled."""
ROW, INTERPOLATED, SCALED = 1, 2, 3
METHOD_STATUS: Final = np.array(
    [CODE[word] for word in ("ok", "ok", "interval_interpolated", "interval_scaled")],
    dtype=np.uint8,
)
"""The status of a z by each method, where nothing else is to be said of it."""
WHO_2006: Final = "who-2006"
FEW: Final = 4096
"""Up to so many pairs their own cells are computed, beyond it all that there can be."""
_laying_out: Final = threading.Lock()
_STARTS: Final = LAST_DAY + 3
"""Days of start from -1 to one after the last: both ends have no table."""


class Rule(NamedTuple):
    """What is done with starts and intervals that the tables do not have: see `Rules`."""

    start: str
    between: str
    tolerance: float


class Cells(NamedTuple):
    """L, M, S and delta by sex, day of start and interval in days: columns of one length.

    A cell without a value is not a number.

    Attributes
    ----------
    L, M, S, delta : numpy.ndarray
        M and delta in the canonical unit.
    width : numpy.ndarray
        What they are of [day]: a tabulated width, or the interval itself where they are
        interpolated. What is scored is the increment times width by interval.
    method : numpy.ndarray
        Codes of `METHODS`.
    months : numpy.ndarray
        The tabulated width nearest to the interval [month]; 0 where there is no method.
    status : numpy.ndarray
        Status of a z by the method; where there is no method, why not.
    has_delta, has_zero_power : bool
        Whether any delta is above 0, and any L is 0.
    """

    L: Floats
    M: Floats
    S: Floats
    delta: Floats
    width: Floats
    method: Bytes
    months: Bytes
    status: StatusArray
    has_delta: bool
    has_zero_power: bool


def cells_of(measure: str, rule: Rule, sex: Ints, start: Ints, days: Ints) -> tuple[Cells, Rows]:
    """Cells, and the one of each pair of visits.

    Of a few pairs they are the pairs' own; of many, all that there can be.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    rule : Rule
        What is done with what the tables do not have.
    sex, start, days : numpy.ndarray
        Code of the sex, age at the first visit and interval [day].

    Examples
    --------
    A boy from 91 to 137 days of age, 46 days:

    >>> one = [np.array([n], dtype=np.int32) for n in (1, 91, 46)]
    >>> cells, at = cells_of("weight", Rule("interpolate", "interpolate", 0.1), *one)
    >>> [float(column[at[0]].round(6)) for column in (cells.L, cells.M, cells.S, cells.delta)]
    [0.639958, 1.415809, 0.1951, 0.510738]
    >>> METHODS[cells.method[at[0]]]
    'who-2009-interpolated'
    """
    n = _intervals(rule)
    late = (start + days > LAST_DAY) & (start >= 0)  # as one that starts after the last day
    start = start + late * np.int32(LAST_DAY + 1)
    start = np.maximum(np.minimum(start, np.int32(LAST_DAY + 1)), np.int32(-1))
    days = np.maximum(np.minimum(days, np.int32(n - 1)), np.int32(0))
    if len(days) <= FEW:
        return _cells(measure, rule, sex, start, days), np.arange(len(days))
    at: Ints = sex * np.int32(_STARTS)
    at += start
    at += np.int32(1)
    at *= np.int32(n)
    at += days
    with _laying_out:  # one thread lays out, the others wait for it
        return every_cell(measure, rule), at.astype(np.intp)  # which is what `take` wants


@lru_cache(maxsize=12)
def every_cell(measure: str, rule: Rule) -> Cells:
    """The cells of every sex, day of start from -1 on, and interval; kept, as they serve all calls.

    They are in this order; the first and last start and the first and last interval have no table.
    """
    return _cells(measure, rule, *axes_of(rule))


def axes_of(rule: Rule) -> tuple[Ints, Ints, Ints]:
    """Sex, day of start and interval of every cell."""
    axes = np.ogrid[: len(SEXES), -1 : _STARTS - 1, : _intervals(rule)]
    sex, start, days = (axis.ravel() for axis in np.broadcast_arrays(*axes))
    return sex, start, days


def _intervals(rule: Rule) -> int:
    """How many intervals there are in whole days, from 0 to the first that is too long."""
    return math.floor(WIDTHS[-1] * MONTH * (1 + rule.tolerance) + HALF_A_DAY) + 2


def _cells(measure: str, rule: Rule, sex: Any, start: Any, days: Any) -> Cells:
    """The cells of these sexes, days of start and intervals: the rules, in one place."""
    table = increment_table(measure, rule.start)
    inside = (start >= 0) & (start <= LAST_DAY) & (days > 0)
    first = np.where(inside, sex * (LAST_DAY + 1) + start, 0)
    widths = _by_width(table.width)[:, first]
    widths[:, ~inside] = np.nan
    low, high = _around(widths, days)
    near = _nearest(table, rule, widths, low, high, days)
    width = widths[near, np.arange(len(days))]
    distance = np.abs(days - width)
    method = np.zeros(len(days), dtype=np.uint8)
    method[distance <= rule.tolerance * width] = SCALED
    if rule.between == "interpolate":
        method[(low >= 0) & (high >= 0)] = INTERPOLATED
    method[distance <= HALF_A_DAY] = ROW
    columns = [
        np.where(method > 0, _by_width(column)[near, first], np.nan)
        for column in (table.L, table.M, table.S, table.delta)
    ]
    width = np.where(method > 0, width, np.nan)
    between = np.flatnonzero(method == INTERPOLATED)
    if between.size:
        ages = sex[between], start[between], days[between]
        mixed = interpolated(measure, table, low[between], high[between], *ages)
        for column, values in zip(columns, mixed, strict=True):
            column[between] = values
        width[between] = days[between]
    months = np.where(method > 0, np.array(table.months, dtype=np.uint8)[near], np.uint8(0))
    zero = bool((np.abs(columns[0]) < L_IS_ZERO).any())
    status = np.where(method > 0, METHOD_STATUS[method], _reasons(table, rule, widths, start, days))
    L, M, S, delta = columns
    return Cells(L, M, S, delta, width, method, months, status, table.has_delta, zero)


def _by_width(column: Floats) -> Floats:
    """A column of a table of increments with one axis for the width and one for sex and start."""
    return column.reshape(len(column), -1)


def _around(widths: Floats, days: Ints) -> tuple[Rows, Rows]:
    """The index of the longest width that is not above an interval, and of the shortest not below.

    Only widths with a row at the age of the start count; -1 where there is none.
    """
    low, high = (np.full(len(days), -1, dtype=np.intp) for _ in range(2))
    for k in range(len(widths)):
        low[widths[k] <= days] = k
    for k in reversed(range(len(widths))):
        high[widths[k] >= days] = k
    return low, high


def _nearest(
    table: IncrementTable, rule: Rule, widths: Floats, low: Rows, high: Rows, days: Ints
) -> Rows:
    """The index of the width that an interval would be scaled to.

    It is the nearer of the two around the interval, of those that have a row at this start; where
    every interval is scaled, the nearest of all that the measure has.
    """
    if rule.between == "scale":
        return np.minimum(nearest_width(table.months)[days], len(widths) - 1)
    pair = np.arange(len(days))
    with np.errstate(invalid="ignore"):
        upper = widths[high, pair] - days < days - widths[low, pair]
    upper = np.where(low < 0, True, np.where(high < 0, False, upper))
    return np.where(upper, high, low)


def interpolated(
    measure: str, table: IncrementTable, low: Rows, high: Rows, sex: Any, start: Any, days: Any
) -> tuple[Floats, Floats, Floats, Floats]:
    """L, M, S and delta between the rows of two widths.

    With widths of W1 and W2 days, an interval of d days, and g(x) the gain of the WHO's median of
    attained growth in x days from the start: t = (sqrt(d) - sqrt(W1)) / (sqrt(W2) - sqrt(W1)), as
    the SD of an increment grows about with the root of its width; L and delta are linear in t;
    M - delta = g(d) + (1 - t)(M1 - delta1 - g(W1)) + t (M2 - delta2 - g(W2)), so that only the
    deviation from the median's own gain is interpolated; M S is linear in t.
    """
    first = sex * (LAST_DAY + 1) + start
    medians = lying_medians(measure)
    at_start = medians[sex, start]

    def gain(interval: Any) -> Floats:
        """The median's own gain, to the nearest whole day."""
        later = start + np.floor(interval + 0.5).astype(np.intp)
        return np.asarray(medians[sex, later] - at_start)

    def row(k: Rows) -> tuple[Floats, ...]:
        """Root of the width, L, delta, deviation from the median's gain, and SD."""
        L, M, S, delta, width = (
            _by_width(column)[k, first]
            for column in (table.L, table.M, table.S, table.delta, table.width)
        )
        return np.sqrt(width), L, delta, M - delta - gain(width), M * S

    (low_root, *lower), (high_root, *upper) = row(low), row(high)
    t = (np.sqrt(days) - low_root) / (high_root - low_root)
    L, delta, deviation, sd = (
        (1 - t) * one + t * other for one, other in zip(lower, upper, strict=True)
    )
    M = delta + gain(days) + deviation
    return L, M, sd / M, delta


def _reasons(
    table: IncrementTable, rule: Rule, widths: Floats, start: Any, days: Any
) -> StatusArray:
    """Why there is no method for these cells, the first that holds.

    An interval that is not positive; an age for which there is no table at all; no table, if the
    WHO has increments over such an interval, of some measure at some age; else an interval that is
    not nominal. The first 1-month rows are not of 30.4375 days: where this measure has a row, it
    counts.
    """
    nominal = np.array(WIDTHS)[:, np.newaxis] * np.full(len(days), MONTH)
    if table.months[0] == WIDTHS[0]:
        nominal[0] = np.where(np.isnan(widths[0]), MONTH, widths[0])
    if rule.between == "scale":
        fits = (np.abs(days - nominal) <= rule.tolerance * nominal).any(axis=0)
    else:
        fits = days >= nominal[0] * (1 - rule.tolerance)
        fits &= days <= nominal[-1] * (1 + rule.tolerance)
    word = np.where(fits, CODE["no_table"], CODE["interval_not_nominal"]).astype(np.uint8)
    word[start > LAST_DAY] = CODE["above_velocity_reference"]
    word[start < 0] = CODE["start_below_term"]
    word[days <= 0] = CODE["interval_not_positive"]
    return word


@cache
def lying_medians(measure: str) -> Floats:
    """The WHO's median of attained growth by sex and day; of length as it is lying."""
    table = reference(WHO_2006).table(measure)
    medians = table.M.copy()
    if measure == "length":  # a table of standing height from 24 months on
        medians[:, HEIGHT_FROM - table.first :] += LYING_IS_LONGER
    return medians


@cache
def nearest_width(widths: tuple[int, ...]) -> Bytes:
    """For each whole number of days the index of the nearest width [month]; the last for none."""
    days = np.arange(1, LAST_DAY)
    distance = np.abs(days[:, np.newaxis] / MONTH - np.array(widths))
    none = np.array([len(widths)])
    return np.concatenate([none, distance.argmin(axis=1)]).astype(np.uint8)
