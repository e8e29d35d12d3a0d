"""Stacked tables: the tables of a measure end to end, with one index for table, sex and key.

Every path to a z ends here: each of L, M and S is fetched once for rows of all references.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from neocalc.reading.units import Floats, measurable
from neocalc.reading.words import Ints
from neocalc.references import st3
from neocalc.references.catalogue import Reference
from neocalc.references.files import Table
from neocalc.references.lms import (
    L_IS_ZERO,
    fill_plain,
    fill_zero_power,
    measurement_from_zscore,
    restrict,
    small_line,
)

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp]

NOWHERE: Final = 0
"""A row that every stack has and that is not a number: of a child without a usable age or sex."""


class Stack:
    """The tables of one measure, end to end: for each table and sex a block of rows by key.

    Each block begins and ends with a row that is not a number, so that a key outside the table
    finds no value and nothing has to be tested beforehand.

    Parameters
    ----------
    slots : sequence of sequences of Table or None
        For each reference its tables of the measure, in the order of their keys; None for one that
        no row needs.
    """

    def __init__(self, slots: Sequence[Sequence[Table | None]]) -> None:
        tables = [table for parts in slots for table in parts]
        present = [table for table in tables if table is not None]
        self.tables = tuple(tables)
        self._first = np.cumsum([0, *(len(parts) for parts in slots[:-1])]).astype(np.uint8)
        self._breaks = [
            (np.uint8(slot), part.first)
            for slot, parts in enumerate(slots)
            for part in parts[1:]
            if part is not None
        ]
        self._split = len(tables) > len(slots)
        self.lowest = min(table.first for table in present) - 1
        self.highest = max(table.last for table in present) + 1
        self.size = self.highest - self.lowest + 1
        blank = np.full((3, len(tables), 2, self.size), np.nan)
        for slot, table in enumerate(tables):
            if table is not None:
                start = table.first - self.lowest
                here = slice(start, start + table.last - table.first + 1)
                blank[:, slot, :, here] = table.L, table.M, table.S
        # One more, as interpolation looks at the row after the last.
        self.L, self.M, self.S = (np.append(column, np.nan) for column in blank)
        self.LS = self.L * self.S
        self.has_zero_power = bool((np.abs(self.L) < L_IS_ZERO).any())
        self.restricted = np.array([t is not None and t.restricted for t in tables])
        self.skewed = np.array([t is not None and t.nu is not None for t in tables])
        self._shapes = self._skewed_columns(tables) if self.skewed.any() else None
        self.flags = np.array([(0.0, 0.0) if t is None else t.flag for t in tables])
        # How many S below the median a value is too small; not a number where there is no limit.
        has = [np.nan if t is None or t.flag_small is None else t.flag_small for t in tables]
        self.flag_small = np.array(has)
        S = np.where(self.skewed[:, None, None], blank[2] / blank[1], blank[2])
        self.small = np.append(small_line(self.flag_small[:, None, None], blank[1], S), np.nan)
        # Nearer to 0 than this no z is beyond the flag limits, however it is rounded.
        self.plausible = min(abs(limit) for table in present for limit in table.flag) - 0.01
        self.usual = min(3.0, self.plausible)
        # A value that is too small has a z below -`not_small`. Where such a z may be nearer to 0
        # than `usual`, the value is found by its ln(y/M), which is below `low`.
        bounds = np.array([_small_bounds(table, self.usual) for table in present])
        self.not_small, self.low = float(bounds[:, 0].min()), float(bounds[:, 1].max())
        self.ends = np.array([(0, 0) if t is None else (t.first, t.last) for t in tables])

    def _skewed_columns(self, tables: Sequence[Table | None]) -> Floats:
        """The parameters nu and tau of every row of the stack; not a number where it has none."""
        shapes = np.full((2, len(tables), 2, self.size), np.nan)
        for place, table in enumerate(tables):
            if table is not None and table.nu is not None:
                start = table.first - self.lowest
                shapes[:, place, :, start : start + table.nu.shape[1]] = table.nu, table.tau
        return shapes.reshape(2, -1)

    def table_of(self, slot: Bytes, key: Ints) -> Bytes:
        """The table in which a key of a reference stands; outside all parts, the nearest."""
        if not self._split:
            return slot
        table = self._first.take(slot)
        for at, start in self._breaks:
            table = table + ((slot == at) & (key >= start))
        return table.astype(np.uint8)

    def rows(self, table: Bytes, sex: Ints, key: Ints, nowhere: Bools | None) -> Rows:
        """The row of each table, sex and key; `NOWHERE` where a child has no place."""
        row = np.clip(key, self.lowest, self.highest)
        row += (table + table + sex) * np.int32(self.size)
        row -= np.int32(self.lowest)
        if nowhere is not None:
            row *= ~nowhere
        rows: Rows = row.astype(np.intp)
        return rows

    def lms(self, rows: Rows, part: Floats | None) -> tuple[Floats, Floats, Floats]:
        """L, M and S of rows, linearly between a row and the next where there is a part."""
        L, M, S = self.L.take(rows), self.M.take(rows), self.S.take(rows)
        if part is not None:
            between = np.flatnonzero(part)
            here, above, share = rows[between], rows[between] + 1, part[between]
            for mine, column in ((L, self.L), (M, self.M), (S, self.S)):
                low = column.take(here)
                mine[between] = low + share * (column.take(above) - low)
        return L, M, S

    def zscores(
        self, y: Floats, rows: Rows, part: Floats | None, table: Bytes, out: Floats
    ) -> Rows:
        """Fill `out` with z-scores.

        The rows that are to be looked at again are returned: those beyond +-3 SD or, where these
        are nearer, the flag limits, those that may be too small, and those without a z.
        """
        if part is None:
            columns = zip((self.L, self.M, self.LS), _room(len(rows)), strict=True)
            L, M, LS = (column.take(rows, out=room, mode="wrap") for column, room in columns)
        else:
            L, M, S = self.lms(rows, part)
            LS = L * S
        low = fill_plain(out, y, L, M, LS, self.low)
        # Between two rows of opposite sign, L may be 0 where no row has 0.
        if self.has_zero_power or part is not None:
            zero = np.flatnonzero(np.abs(L) < L_IS_ZERO)
            _, *two = self._lms_of(zero, rows, part)
            fill_zero_power(out, zero, y[zero], *two)
        if self._shapes is not None:
            at = np.flatnonzero(self.skewed[table])
            out[at] = st3.zscore_from_measurement(y[at], *self._skew_of(at, rows, part))
        odd: Rows = np.flatnonzero(~(np.abs(out, out=M) <= self.usual))
        if low.size:
            odd = np.concatenate([odd, low[M.take(low) <= self.usual]])
        if odd.size:
            extreme = odd[(M.take(odd) > 3) & self.restricted.take(table.take(odd))]
            restrict(out, extreme, y[extreme], *self._lms_of(extreme, rows, part))
            out[odd[~measurable(y.take(odd))]] = np.nan
        return odd

    def measurements(self, z: Floats, rows: Rows, part: Floats | None, table: Bytes) -> Floats:
        """Measurements at z-scores: the inverse of `zscores`, by the same distributions."""
        L, M, S = self.lms(rows, part)
        y: Floats = measurement_from_zscore(z, L, M, S, restricted=self.restricted[table])
        if self._shapes is not None:
            at = np.flatnonzero(self.skewed[table])
            y[at] = st3.measurement_from_zscore(z[at], *self._skew_of(at, rows, part))
        return y

    def too_small(self, y: Floats, rows: Rows) -> Bools:
        """Which values are below the line of their table's `flag_small` (`Table.small_line`)."""
        with np.errstate(invalid="ignore"):  # not a number: there is no limit
            below: Bools = y < self.small.take(rows)
        return below

    def too_small_between(self, y: Floats, rows: Rows, part: Floats, table: Bytes) -> Bools:
        """The same where some rows are between two of a table."""
        M, spread = self.spread(rows, part, table)
        with np.errstate(invalid="ignore"):
            below: Bools = y < small_line(self.flag_small[table], M, spread)
        return below

    def spread(self, rows: Rows, part: Floats | None, table: Bytes) -> tuple[Floats, Floats]:
        """M, and S as a share of it: of a skew t distribution mu, and sigma as a share of mu."""
        _, M, S = self.lms(rows, part)
        if self._shapes is not None:
            S = np.where(self.skewed[table], S / M, S)
        return M, S

    def _skew_of(self, some: Rows, rows: Rows, part: Floats | None) -> tuple[Floats, ...]:
        """The parameters mu, sigma, nu and tau of some of the rows."""
        assert self._shapes is not None
        _, mu, sigma = self._lms_of(some, rows, part)
        nu, tau = self._shapes[:, rows[some]]
        if part is not None:
            between = np.flatnonzero(part[some])
            above, share = rows[some][between] + 1, part[some][between]
            for mine, column in zip((nu, tau), self._shapes, strict=True):
                mine[between] += share * (column.take(above) - mine[between])
        return mu, sigma, nu, tau

    def _lms_of(self, some: Rows, rows: Rows, part: Floats | None) -> tuple[Floats, Floats, Floats]:
        return self.lms(rows[some], None if part is None else part[some])


def _small_bounds(table: Table, usual: float) -> tuple[float, float]:
    """How the values of a table that are too small are found without a look at each.

    Returned are the z (less its sign) that none of them reaches, and the ln(y/M) below which are
    all those whose z is within `usual`. Nearly no other value is below it: at 29 weeks on Fenton
    2013 a value is too small below a z of -2.8, and z alone would lead to many that are not.
    """
    if table.flag_small is None:
        return np.inf, -np.inf
    logs = -table.flag_small * table.spread
    if table.axis == "length_cm":  # between two rows L, M and S are others
        return 0.0, float(logs.max()) + _MARGIN
    z = table.zscore(table.small_line(), ...)
    size = np.where(np.isnan(z), np.inf, np.abs(z))
    near = logs[size < usual + _MARGIN]
    return float(size.min()) - _MARGIN, float(near.max(initial=-np.inf)) + _MARGIN


_MARGIN: Final = 1e-6
"""For the last bits of a float."""


class _Rooms(threading.local):
    """Arrays that each thread uses again for the next block: new memory costs as much as a log."""

    columns: Floats = np.empty((3, 0))


_rooms: Final = _Rooms()


def _room(n: int) -> Floats:
    """Three columns of n floats, that hold nothing; they serve until the thread's next call."""
    if _rooms.columns.shape[1] < n:
        _rooms.columns = np.empty((3, n))
    return _rooms.columns[:, :n]


@lru_cache(maxsize=64)
def stack(entries: tuple[tuple[Reference, str, bool] | None, ...]) -> Stack:
    """The stack of the named tables of references; kept, as it serves every call.

    Each entry names a reference, a measure and whether any row needs it: what none needs is not
    read, and keeps its place.
    """
    slots: list[Sequence[Table | None]] = []
    for entry in entries:
        if entry is None:
            slots.append((None,))
            continue
        ref, measure, needed = entry
        parts = ref.measures[measure].files
        slots.append(ref.tables(measure) if needed else (None,) * len(parts))
    return Stack(slots)
