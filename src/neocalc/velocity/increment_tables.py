"""The WHO's tables of increments: L, M, S and delta by width, sex and whole day of start.

The tables are of increments over 1, 2, 3, 4 and 6 months that start at a whole month. They are laid
out by day when first used, between the tabulated starts by a stated rule.

M is the median of the increment plus delta, and so is what is scored: delta makes it positive for a
child who loses a little weight. It is 0 for length and head circumference.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from neocalc.errors import InputError, TableError
from neocalc.reading.dates import MONTH, days_from_months
from neocalc.reading.dimensions import convert, find_unit
from neocalc.reading.units import Floats
from neocalc.references.catalogue import Reference, reference
from neocalc.references.files import MEASURES, SEXES, parse_rows, read_checked

WHO_2009: Final = "who-2009-velocity"
WIDTHS: Final = (1, 2, 3, 4, 6)
"""The widths of which the WHO has increments, of one measure or another [month]."""
LAST_DAY: Final = days_from_months(24)
"""24 months in whole days, rounded as the WHO's program anthro does: the tables end there."""
FOUR_WEEKS: Final = 28
"""The 1-month rows of the WHO begin with birth to 4 weeks and 4 weeks to 2 months [day]."""
HALF_A_DAY: Final = 0.5
"""Visits are on whole days: what is this near to a tabulated start or width is on it [day]."""
LONGEST_MONTHS: Final = 3
"""A whole number of months by the calendar, up to 24, is up to 3 days longer than as many months of
30.4375 days (18 months are 546 to 550 days): to so many days after the last tabulated start its row
holds, so that a child seen at exactly 18 and 24 months has it whatever the date of birth [day]."""
HEADER: Final = "sex,interval_months,start_months,L,M,S,delta"
STARTS: Final = ("interpolate", "nearest")
"""What is done with a start between two of the table's."""


class Row(NamedTuple):
    """One row of a table of increments; M and delta in the canonical unit, days exact."""

    start_day: float
    width: float
    L: float
    M: float
    S: float
    delta: float


def read_rows(ref: Reference, measure: str) -> dict[tuple[int, int], list[Row]]:
    """The rows of a measure by width and code of the sex, checked and in the order of the start.

    Raises
    ------
    TableError
        When the file is missing, altered or malformed.
    """
    facts = ref.measures[measure]
    path = ref.folder / facts.file
    male, figures = parse_rows(read_checked(path, facts.sha256), HEADER, path)
    unit, canonical = find_unit(facts.unit), find_unit(MEASURES[measure])
    assert unit is not None and canonical is not None  # references.py has checked both
    rows: dict[tuple[int, int], list[Row]] = {}
    for width in facts.intervals:
        for sex in range(len(SEXES)):
            chosen = figures[(male == bool(sex)) & (figures[:, 0] == width)]
            starts = chosen[:, 1].tolist()
            if not starts or starts != list(range(len(starts))):
                raise TableError(
                    f"{path}: the {width}-month rows for {SEXES[sex]} must start at 0, 1, 2, ..."
                )
            if not ((chosen[:, 3:5] > 0).all() and (chosen[:, 5] >= 0).all()):
                raise TableError(f"{path}: M and S must be above 0, delta 0 or above")
            rows[width, sex] = [
                Row(*row_days(width, int(start)), L, convert(M, unit, canonical), S,
                    convert(delta, unit, canonical))
                for _, start, L, M, S, delta in chosen.tolist()
            ]  # fmt: skip
    if sum(map(len, rows.values())) != len(figures) or not set(facts.intervals) <= set(WIDTHS):
        raise TableError(f"{path}: intervals other than those that reference.toml lists")
    return rows


def row_days(width: int, start: int) -> tuple[float, float]:
    """Start and width of a row [day].

    Months are of 30.4375 days, but the first two 1-month rows of the WHO are birth to 4 weeks and
    4 weeks to 2 months.

    >>> row_days(1, 0), row_days(1, 1), row_days(1, 2)
    ((0.0, 28.0), (28.0, 32.875), (60.875, 30.4375))
    """
    if width == 1 and start == 0:
        return 0.0, float(FOUR_WEEKS)
    if width == 1 and start == 1:
        return float(FOUR_WEEKS), 2 * MONTH - FOUR_WEEKS
    return start * MONTH, width * MONTH


def row_at(rows: list[Row], day: float, width: int, start: str = "interpolate") -> Row | None:
    """The row for an interval that starts on a day: one of the table, or between two of them.

    There is none before the first start, and none after the last one, which is taken as it is up to
    `LONGEST_MONTHS` later.

    Parameters
    ----------
    rows : list of Row
        Of one width and sex.
    day : float
        Age at the start [day].
    width : int
        Of the rows [month].
    start : str
        "interpolate" or "nearest".

    Examples
    --------
    >>> rows = read_rows(reference(WHO_2009), "weight")[2, 1]
    >>> row = row_at(rows, 91, 2)
    >>> round(row.L, 6), round(row.M * 1000, 6), round(row.S, 6)
    (0.59166, 1747.830828, 0.186962)
    """
    found = rows_at(rows, np.array([day], dtype=np.float64), width, start)[0]
    return None if np.isnan(found[0]) else Row(*found.tolist())


def rows_at(rows: list[Row], days: Floats, width: int, start: str) -> Floats:
    """What `row_at` gives for many days: a line for each, in columns as `Row`; NaN for none."""
    table, last = np.array(rows), len(rows) - 1
    months = days / MONTH
    low = np.clip(np.floor(months), 0, last).astype(np.intp)
    share = (months - low)[:, np.newaxis]
    found: Floats = table[low] + share * (table[np.minimum(low + 1, last)] - table[low])
    exists = days <= last * MONTH + LONGEST_MONTHS
    near = np.full(len(days), start == "nearest")
    if width == 1:  # the first two rows differ in width
        near |= months < 1
    found[near] = table[np.abs(table[:, 0] - days[near, np.newaxis]).argmin(axis=1)]
    exists[near] = months[near] <= last + 0.5
    found[~exists | (days < 0)] = np.nan
    return found


class IncrementTable:
    """The rows of one measure laid out by whole day of start, for each width and sex.

    Attributes
    ----------
    months : tuple of int
        The widths of the measure, from the shortest [month].
    width, L, M, S, delta : numpy.ndarray
        For each width, sex and day of start from 0 to `LAST_DAY`; width in days, M and delta in the
        canonical unit; NaN where there is no row.
    """

    def __init__(self, measure: str, start: str) -> None:
        self.reference = reference(WHO_2009)
        if measure not in self.reference.measures:
            known = ", ".join(self.reference.measures)
            raise InputError("measure", measure, f"{WHO_2009} has: {known}")
        rows = read_rows(self.reference, measure)
        self.months = self.reference.measures[measure].intervals
        self.has_delta = any(row.delta > 0 for of_one in rows.values() for row in of_one)
        every = np.arange(LAST_DAY + 1, dtype=np.float64)
        columns = np.full((len(Row._fields), len(self.months), len(SEXES), len(every)), np.nan)
        for (width, sex), of_one in rows.items():
            columns[:, self.months.index(width), sex] = rows_at(of_one, every, width, start).T
        _, self.width, self.L, self.M, self.S, self.delta = columns


@cache
def increment_table(measure: str, start: str) -> IncrementTable:
    """The table of a measure; kept, as it serves every call."""
    return IncrementTable(measure, start)
