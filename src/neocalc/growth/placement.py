"""Where each child stands: the table, the row and the age of a measure, or why there is none.

The rules here choose between the tables of a policy and between weight-for-length and -height.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import HEIGHT_ABOVE, HEIGHT_FROM, adjusted_length
from neocalc.ages.policy import TERM_SLOT, Resolved
from neocalc.arrays import either
from neocalc.errors import CODE, StatusArray, combined, first_status, status_where
from neocalc.reading.units import Floats
from neocalc.reading.words import STANDING, UNKNOWN, Ints
from neocalc.references.catalogue import Reference
from neocalc.references.lookup import Bools, Bytes, Rows, Stack, stack


class Inputs(NamedTuple):
    """Prepared columns, all of one length: codes, and floats in canonical units.

    A float is NaN where there is none, with the reason in its status; a status of None: all are
    usable. `value` is the weight for weight-for-length; for BMI it is the BMI itself, and `weight`
    and `height` are what it was computed from, where it was.
    """

    value: Floats
    sex: Ints
    resolved: Resolved
    value_status: StatusArray | None = None
    sex_status: StatusArray | None = None
    position: Ints | None = None
    oedema: Ints | None = None
    length: Floats | None = None
    length_status: StatusArray | None = None
    require_position: bool = False
    weight: Floats | None = None
    height: Floats | None = None

    def rows(self, block: slice | Rows) -> Inputs:
        """Some of the rows."""
        columns: tuple[Any, ...] = tuple(
            column[block] if isinstance(column, np.ndarray) else column for column in self
        )
        return Inputs(*columns)._replace(resolved=self.resolved.rows(block))


def _used(
    slot: Bytes, entries: Sequence[tuple[Reference, str] | None]
) -> tuple[tuple[Reference, str, bool] | None, ...]:
    """The tables with whether any row points to them: a table nobody needs is not read."""
    used = [entry is not None and bool((slot == i).any()) for i, entry in enumerate(entries)]
    if not any(used):
        used = [True] * len(used)
    return tuple(
        None if entry is None else (*entry, needed)
        for entry, needed in zip(entries, used, strict=True)
    )


class Placement(NamedTuple):
    """Where each row of a table stands in the stack of a measure, or why nowhere.

    `status` is that of the age and of the choice of the reference; it is None where every row has
    one. A key outside its table is found later, by its missing z.
    """

    stack: Stack
    rows: Rows
    key: Ints
    part: Floats | None
    table: Bytes
    slot: Bytes
    basis: Bytes
    references: tuple[Reference, ...]
    status: StatusArray | None
    outside: tuple[int, int]


def place(measure: str, inputs: Inputs) -> Placement | None:
    """The table, row and age of each child for a measure; None when no reference has it."""
    if measure == "weight_for_length":
        return _place_by_length(inputs)
    resolved = inputs.resolved
    refs = resolved.references
    slot, day, basis, status = resolved.slot, resolved.day, resolved.basis, resolved.status
    has = [measure in ref.measures for ref in refs]
    if not any(has):
        return None
    if not all(has):
        slot, day, basis, status = _elsewhere(resolved, has)
    tables = stack(
        _used(slot, [(r, measure) if ok else None for r, ok in zip(refs, has, strict=True)])
    )
    outside = CODE["age_below_reference"], CODE["age_above_reference"]
    table = tables.table_of(slot, day)
    rows = tables.rows(table, inputs.sex, day, _nowhere(status, inputs.sex_status))
    return Placement(tables, rows, day, None, table, slot, basis, refs, status, outside)


def _nowhere(*statuses: StatusArray | None) -> Bools | None:
    """Which rows have no place in any table, for want of an age or a sex."""
    status = combined(*statuses)
    return None if status is None else status != 0


def _elsewhere(resolved: Resolved, has: Sequence[bool]) -> tuple[Bytes, Ints, Bytes, StatusArray]:
    """What a reference lacks: the term reference, at corrected age from 40w0d on.

    A measure that the preterm reference lacks is the term reference's from 40w0d; one that the
    reference of school age lacks stays the term reference's, beyond whose end there is no z. What
    the term reference lacks has none: the others know no age but their own.
    """
    lacking = np.logical_not(has).take(resolved.slot)
    other = TERM_SLOT if len(has) > 1 and has[TERM_SLOT] else list(has).index(True)
    none = lacking & (resolved.who_day < 0) if other == TERM_SLOT else lacking
    status = combined(resolved.status, status_where(none, "no_reference"))
    assert status is not None
    slot = either(lacking, np.uint8(other), resolved.slot)
    day = either(lacking, resolved.who_day, resolved.day)
    return slot, day, either(lacking, resolved.who_basis, resolved.basis), status


def _place_by_length(inputs: Inputs) -> Placement | None:
    """Weight-for-length before day 731, weight-for-height from it; by position without an age."""
    assert inputs.length is not None
    resolved, length, position = inputs.resolved, inputs.length, inputs.position
    refs = resolved.references
    names = ("weight_for_length", "weight_for_height")
    has = [names[0] in ref.measures for ref in refs]
    if not any(has):
        return None
    slot, _, basis, status = _elsewhere(resolved, has)
    which = TERM_SLOT if len(has) > 1 and has[TERM_SLOT] else has.index(True)
    day, basis = resolved.who_day, resolved.who_basis
    # An age that is not known leaves the choice to the position, and without it to the length.
    ageless = status == CODE["missing_age"]
    lowest, highest = refs[which].measures[names[0]].age_range
    status = status * ~ageless
    below = status_where(day < lowest, "age_below_reference")
    above = status_where(day > highest, "age_above_reference")
    status += (below + above) * ((status == 0) & ~ageless)
    table = (day >= HEIGHT_FROM).view(np.uint8)
    adjusted = adjusted_length(length, position, day)
    if ageless.any():
        known = UNKNOWN if position is None else position
        with np.errstate(invalid="ignore"):
            tall = (known == STANDING) | ((known == UNKNOWN) & (length >= HEIGHT_ABOVE))
        table = either(ageless, tall, table)
        adjusted = np.where(ageless, length, adjusted)
    key, part = _tenths(adjusted)
    entries = [(refs[which], name) if name in refs[which].measures else None for name in names]
    if None in entries:  # a user's own reference may have a table of recumbent length alone
        status = first_status(status, status_where(table == entries.index(None), "no_reference"))
    tables = stack(_used(table, entries))
    nowhere = _nowhere(status, inputs.sex_status)
    assert nowhere is not None
    rows = tables.rows(table, inputs.sex, key, nowhere)
    if part is not None:
        part *= ~nowhere
    basis = basis * ~ageless
    outside = CODE["length_out_of_range"], CODE["length_out_of_range"]
    return Placement(tables, rows, key, part, table, slot, basis, refs, status, outside)


def _tenths(length: Floats) -> tuple[Ints, Floats | None]:
    """The row of 0.1 cm at or below each length, and how far it is to the next; None: no row is.

    A length that is not a number, or has no end, stands before the first row or after the last.
    """
    with np.errstate(over="ignore"):
        tenths = length * 10
    np.fmax(tenths, -1.0, out=tenths)
    np.fmin(tenths, _FAR, out=tenths)
    apart = np.rint(tenths)
    key = apart.astype(np.int32)
    np.subtract(tenths, apart, out=apart)
    np.abs(apart, out=apart)
    between = np.flatnonzero(apart >= 1e-6)  # 0.1 cm is not a binary fraction
    if not between.size:
        return key, None
    below = np.floor(tenths[between])
    key[between] = below
    part = np.zeros(len(length))
    part[between] = tenths[between] - below
    return key, part


_FAR: Final = 1e7
"""Beyond any table [0.1 cm], and within the range of a key."""
