"""From prepared columns to z-scores: the one path for one child, an array, a table and Spark.

What comes in is coded and in canonical units; nothing here parses. The tables of a measure are
stacked, so that the reference, the sex and the age of a row make one index and each of L, M and S
is fetched once for all rows. A row without a z is looked at again for the reason.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import (
    HEIGHT_ABOVE,
    HEIGHT_FROM,
    LYING_IS_LONGER,
    POSITION_MATTERS,
    STANDING_FROM,
    adjusted_length,
    length_adjustment,
)
from neocalc.ages.policy import CORRECTED
from neocalc.arrays import BLOCK, WORKERS, by_blocks
from neocalc.errors import CODE, StatusArray, combined, first_status, status_where
from neocalc.growth.placement import Inputs, Placement, place
from neocalc.reading.units import Floats, measurable
from neocalc.reading.words import UNKNOWN
from neocalc.references.catalogue import Reference
from neocalc.references.files import Table
from neocalc.references.lookup import Bools, Bytes, Rows

__all__ = [
    "BLOCK",
    "BY_POSITION",
    "HEIGHT_ABOVE",
    "HEIGHT_FROM",
    "LYING_IS_LONGER",
    "POSITION_MATTERS",
    "STANDING_FROM",
    "WATER_WEIGHS",
    "WORKERS",
    "Inputs",
    "Place",
    "Placement",
    "Scored",
    "adjusted_length",
    "body_mass_index",
    "by_blocks",
    "place",
    "place_of",
    "score",
    "unscore",
]

WATER_WEIGHS: Final = frozenset({"weight", "bmi", "weight_for_length"})
"""Measures that oedema makes meaningless: no z (WHO)."""
BY_POSITION: Final = frozenset({"length", "weight_for_length"})
"""Measures whose length depends on the position; that of a BMI is adjusted beforehand."""


class Scored(NamedTuple):
    """Z-scores of many rows with where each came from.

    `reference` is 0 where none applies, else one more than the index into `references`; `table` is
    the index into `tables`; `basis` the index into `policy.AGE_BASES`.
    """

    z: Floats
    status: StatusArray
    reference: Bytes
    basis: Bytes
    table: Bytes
    references: tuple[Reference, ...]
    tables: tuple[Table | None, ...]


def body_mass_index(inputs: Inputs) -> Inputs:
    """Inputs of a BMI from those of a weight and a length, at the age in `inputs.resolved`."""
    assert inputs.length is not None
    length = adjusted_length(inputs.length, inputs.position, inputs.resolved.who_day)
    with np.errstate(all="ignore"):
        metres = np.fmax(length, 0.0)  # 0 also where there is none
        metres /= 100
        value = inputs.value / np.multiply(metres, metres, out=metres)
    odd = np.flatnonzero(~np.isfinite(value))
    if odd.size:  # missing where one of the two is, else impossible
        missing = np.isnan(inputs.value[odd]) | np.isnan(inputs.length[odd])
        value[odd] = np.where(missing, np.nan, np.inf)
    status = combined(inputs.value_status, inputs.length_status)
    if inputs.require_position:
        status = combined(status, status_where(_position_missing(inputs), "missing_value"))
    return inputs._replace(
        value=value, value_status=status, length=None, length_status=None,
        weight=inputs.value, height=inputs.length,
    )  # fmt: skip


def score(measure: str, inputs: Inputs) -> Scored:
    """Z-scores with status, reference and age basis: the one way to a z.

    Long columns are scored in blocks, which the processor's cores share.
    """
    n = len(inputs.value)
    z, codes = np.empty(n), np.empty((4, n), dtype=np.uint8)

    def work(start: int) -> tuple[Table | None, ...]:
        block = slice(start, start + BLOCK)
        return _score(
            measure, inputs if n <= BLOCK else inputs.rows(block), z[block], codes[:, block]
        )

    read = by_blocks(work, n)
    tables = tuple(
        next((table for table in slot if table is not None), None)
        for slot in zip(*read, strict=True)
    )
    status, reference, basis, table = codes
    return Scored(z, status, reference, basis, table, inputs.resolved.references, tables)


def _score(measure: str, inputs: Inputs, z: Floats, codes: Bytes) -> tuple[Table | None, ...]:
    """Fill z and the codes (status, reference, basis, table) of one block; its tables."""
    status, reference, basis, table = codes
    placement = place(measure, inputs)
    if placement is None:
        codes[:] = 0
        z[:] = np.nan
        status[:] = _unplaced(inputs)
        return (None,)
    value = _usable(measure, inputs)
    odd = placement.stack.zscores(value, placement.rows, placement.part, placement.table, z)
    np.add(placement.slot, np.uint8(1), out=reference)
    basis[:], table[:] = placement.basis, placement.table
    status[:] = 0
    if odd.size:
        found = z.take(odd)
        low = odd[found < -placement.stack.not_small]
        if low.size:
            status[low[_small(placement, value, low)]] = CODE["implausible"]
        without = odd[np.isnan(found)]
        far = np.abs(found, out=found) > placement.stack.plausible
        if far.any():
            at = odd[far]
            status[at] = first_status(status[at], _flags(placement, z[at], at))
        if without.size:
            status[without] = _reasons(measure, inputs, placement, without)
    for part_measure, part_value in parts_of(measure, inputs):
        status[_too_small(part_measure, part_value, inputs, status)] = CODE["implausible"]
    if placement.status is not None:
        usable = placement.status == 0
        reference *= usable
        basis *= usable
    return placement.stack.tables


def parts_of(measure: str, inputs: Inputs) -> list[tuple[str, Floats]]:
    """The measurements that a derived measure was computed from, each with its measure.

    Examples
    --------
    >>> weight_alone = Inputs(np.array([3.1]), *[None] * 8)
    >>> parts_of("weight", weight_alone)
    []
    """
    if measure == "weight_for_length":
        assert inputs.length is not None
        return [("weight", inputs.value), ("length", inputs.length)]
    if measure == "bmi" and inputs.weight is not None and inputs.height is not None:
        return [("weight", inputs.weight), ("length", inputs.height)]
    return []


def _too_small(measure: str, value: Floats, inputs: Inputs, status: StatusArray) -> Rows:
    """Rows, still ok, whose value is below the limit `flag_small` of its own reference and age.

    Few values are as small as the limit is anywhere: only those are placed in a table.
    """
    resolved = inputs.resolved
    limited = [
        table.largest_small
        for slot, ref in enumerate(resolved.references)
        if ref.has_small(measure) and (resolved.slot == slot).any()
        for table in ref.tables(measure)
    ]
    if not limited:
        return np.zeros(0, dtype=np.intp)
    if measure == "length":
        value = adjusted_length(value, inputs.position, resolved.who_day)
    rows: Rows = np.flatnonzero((value < max(limited)) & (status == 0))
    if rows.size:
        placed = place(measure, inputs.rows(rows))
        assert placed is not None  # one of the references has the measure
        rows = rows[_small(placed, value[rows], slice(None))]
    return rows


class Place(NamedTuple):
    """Median and S of each row's place in its table, and how many S below it is too small.

    Not a number where a row has no place; `flag_small` also where its table has no such limit.
    """

    median: Floats
    S: Floats
    flag_small: Floats


def place_of(measure: str, inputs: Inputs) -> Place:
    """Where each row stands, whatever was measured; the median in the canonical unit."""
    placement = place(measure, inputs)
    if placement is None:
        nothing = np.full(len(inputs.value), np.nan)
        return Place(nothing, nothing, nothing)
    M, S = placement.stack.spread(placement.rows, placement.part, placement.table)
    return Place(M, S, placement.stack.flag_small[placement.table])


def unscore(measure: str, z: Floats, inputs: Inputs) -> tuple[Floats, StatusArray]:
    """Measurements at z-scores: the inverse of `score`, by the same tables and method."""
    placement = place(measure, inputs)
    if placement is None:
        return np.full(len(z), np.nan), _unplaced(inputs)
    y = placement.stack.measurements(z, placement.rows, placement.part, placement.table)
    if inputs.value_status is not None:
        y[inputs.value_status != 0] = np.nan
    if measure in BY_POSITION and inputs.require_position:
        y[_position_missing(inputs)] = np.nan
    status = np.zeros(len(y), dtype=np.uint8)
    without = np.flatnonzero(np.isnan(y))
    status[without] = _reasons(measure, inputs._replace(value=z), placement, without, of_z=True)
    if measure == "length" and inputs.position is not None:
        y = y - length_adjustment(inputs.position, inputs.resolved.who_day)
    return y, status


def _usable(measure: str, inputs: Inputs) -> Floats:
    """The values that may be scored: adjusted for position, and NaN under oedema.

    A value whose position or oedema cannot be read has a status and no z.
    """
    value = inputs.value
    if inputs.value_status is not None:
        value = np.where(inputs.value_status != 0, np.nan, value)
    if measure == "length":
        value = adjusted_length(value, inputs.position, inputs.resolved.who_day)
    if measure in BY_POSITION and inputs.require_position:
        value = np.where(_position_missing(inputs), np.nan, value)
    if measure in WATER_WEIGHS and inputs.oedema is not None and inputs.oedema.any():
        value = np.where(inputs.oedema != 0, np.nan, value)
    return value


def _position_missing(inputs: Inputs) -> Bools:
    """Whether the policy asks for a position that is not recorded."""
    day, basis = inputs.resolved.who_day, inputs.resolved.who_basis
    unknown = True if inputs.position is None else inputs.position == UNKNOWN
    first, last = POSITION_MATTERS
    asked: Bools = (day >= first) & (day <= last) & (basis == CORRECTED) & unknown
    return asked


def _flags(placement: Placement, z: Floats, at: Rows) -> StatusArray:
    """`implausible` beyond the limits of each table, judged on z rounded to two decimals.

    The WHO's program rounds first: a weight-for-age z of 5.004 is not flagged, 5.006 is.
    """
    lowest, highest = placement.stack.flags[placement.table[at]].T
    with np.errstate(over="ignore"):  # a z near the largest float is beyond any limit
        rounded = np.round(z, 2)
    return status_where((rounded < lowest) | (rounded > highest), "implausible")


def _small(placement: Placement, value: Floats, at: Rows | slice) -> Bools:
    """Which of the values at `at` are too small, where no z may say so (`Stack.too_small`)."""
    if placement.part is None:
        return placement.stack.too_small(value[at], placement.rows[at])
    part, table = placement.part[at], placement.table[at]
    return placement.stack.too_small_between(value[at], placement.rows[at], part, table)


def _reasons(
    measure: str, inputs: Inputs, placement: Placement, at: Rows, *, of_z: bool = False
) -> StatusArray:
    """Why the rows `at` have no z: the first reason in the order of the status words."""
    first, last = placement.stack.ends[placement.table[at]].T
    key = placement.key[at]
    beyond = key > last
    if placement.part is not None:
        beyond |= (key == last) & (placement.part[at] > 0)
    below, above = placement.outside
    status = np.where(key < first, below, np.where(beyond, above, 0)).astype(np.uint8)
    if placement.status is not None:
        status = np.where(placement.status[at] != 0, placement.status[at], status)
    if inputs.sex_status is not None:
        status = first_status(status, inputs.sex_status[at])
    if not of_z and measure in WATER_WEIGHS and inputs.oedema is not None:
        status = first_status(status, status_where(inputs.oedema[at] != 0, "oedema"))
    status = first_status(status, _fault(inputs.value, inputs.value_status, at, signed=of_z))
    if inputs.length is not None:
        status = first_status(status, _fault(inputs.length, inputs.length_status, at))
    if measure in BY_POSITION and inputs.require_position:
        missing = status_where(_position_missing(inputs)[at], "missing_value")
        status = first_status(status, missing)
    # What remains is a z for which no measurement exists.
    return np.where(status == 0, CODE["invalid_value"], status)


def _fault(
    column: Floats, given: StatusArray | None, at: Rows, *, signed: bool = False
) -> StatusArray:
    """The status given, else `missing_value` for NaN, `invalid_value` for what nobody measures."""
    figures = column[at]
    invalid = np.isinf(figures) if signed else ~measurable(figures)
    codes = np.where(invalid, CODE["invalid_value"], 0)
    codes = np.where(np.isnan(figures), CODE["missing_value"], codes).astype(np.uint8)
    return codes if given is None else np.where(given[at] != 0, given[at], codes)


def _unplaced(inputs: Inputs) -> StatusArray:
    """Statuses of a measure of which no reference in question has a table."""
    n = len(inputs.value)
    none = status_where(np.ones(n, dtype=bool), "no_reference")
    fault = _fault(inputs.value, inputs.value_status, np.arange(n))
    status = combined(none, fault, inputs.sex_status, inputs.resolved.status)
    assert status is not None
    return status
