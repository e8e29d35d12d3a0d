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

from neocalc import st3
from neocalc.coding import Ints
from neocalc.lms import (
    L_IS_ZERO,
    fill_plain,
    fill_zero_power,
    measurement_from_zscore,
    restrict,
)
from neocalc.references import Reference, Table
from neocalc.units import Floats, measurable

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
        # Nearer to 0 than this no z is beyond the flag limits, however it is rounded.
        self.plausible = min(abs(limit) for table in present for limit in table.flag) - 0.01
        self.usual = min(3.0, self.plausible)
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
        are nearer, the flag limits, and those without a z.
        """
        if part is None:
            columns = zip((self.L, self.M, self.LS), _room(len(rows)), strict=True)
            L, M, LS = (column.take(rows, out=room, mode="wrap") for column, room in columns)
        else:
            L, M, S = self.lms(rows, part)
            LS = L * S
        fill_plain(out, y, L, M, LS)
        # Between two rows of opposite sign, L may be 0 where no row has 0.
        if self.has_zero_power or part is not None:
            zero = np.flatnonzero(np.abs(L) < L_IS_ZERO)
            _, *two = self._lms_of(zero, rows, part)
            fill_zero_power(out, zero, y[zero], *two)
        if self._shapes is not None:
            skewed = np.flatnonzero(self.skewed[table])
            nu_tau = self._shapes[:, rows[skewed]]
            _, mu, sigma = self.lms(rows[skewed], None)
            out[skewed] = st3.zscore_from_measurement(y[skewed], mu, sigma, *nu_tau)
        odd: Rows = np.flatnonzero(~(np.abs(out, out=M) <= self.usual))
        if odd.size:
            extreme = odd[self.restricted[table[odd]] & (np.abs(out[odd]) > 3)]
            restrict(out, extreme, y[extreme], *self._lms_of(extreme, rows, part))
            out[odd[~measurable(y[odd])]] = np.nan
        return odd

    def measurements(self, z: Floats, rows: Rows, part: Floats | None, table: Bytes) -> Floats:
        """Measurements at z-scores: the inverse of `zscores`, by the same distributions."""
        L, M, S = self.lms(rows, part)
        y: Floats = measurement_from_zscore(z, L, M, S, restricted=self.restricted[table])
        if self._shapes is not None:
            skewed = np.flatnonzero(self.skewed[table])
            nu_tau = self._shapes[:, rows[skewed]]
            y[skewed] = st3.measurement_from_zscore(z[skewed], M[skewed], S[skewed], *nu_tau)
        return y

    def _lms_of(self, some: Rows, rows: Rows, part: Floats | None) -> tuple[Floats, Floats, Floats]:
        return self.lms(rows[some], None if part is None else part[some])


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
