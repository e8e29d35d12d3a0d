"""Visits and pairs of visits: what velocity, gain and change in z are computed from.

Columns of codes and of floats in canonical units. A visit that cannot be used, and a pair that
cannot be compared, has no value and a status.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.coding import Ints
from neocalc.errors import CODE, StatusArray, combined, status_where
from neocalc.scoring import HEIGHT_FROM, WATER_WEIGHS, Inputs, Scored, adjusted_length
from neocalc.stacks import Bools, Bytes, Rows
from neocalc.units import Floats

_FAULTS: Final = np.zeros(256, dtype=np.uint8)
for _word in (
    "missing_value", "missing_sex", "missing_age", "missing_gestation", "invalid_sex",
    "invalid_gestation", "invalid_age", "invalid_value", "oedema",
):  # fmt: skip
    _FAULTS[CODE[_word]] = CODE[_word]


class Visit(NamedTuple):
    """One visit of each of many children, for one measure.

    `value` is in the canonical unit, a length as it is lying; NaN where `status` says why it
    cannot be used. `implausible` marks values that the WHO's flag limits call so; they are kept.
    None: no child has such a status.
    """

    value: Floats
    day: Ints
    basis: Bytes
    sex: Ints
    status: StatusArray | None
    implausible: Bools | None

    def take(self, rows: Rows) -> Visit:
        """The visits of some rows."""
        columns: tuple[Any, ...] = tuple(None if c is None else c.take(rows) for c in self)
        return Visit(*columns)

    def rows(self, block: slice) -> Visit:
        """The visits of one block of rows."""
        columns: tuple[Any, ...] = tuple(None if c is None else c[block] for c in self)
        return Visit(*columns)


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
        Where either value is beyond the WHO's flag limits.
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
    faults = None
    implausible = None
    if scored.status.any():
        implausible = scored.status == CODE["implausible"]
        faults = _FAULTS.take(scored.status)
    if measure in WATER_WEIGHS and inputs.oedema is not None:
        faults = combined(faults, status_where(inputs.oedema != 0, "oedema"))
    value = inputs.value
    if measure == "length":
        value = recumbent_length(value, inputs.position, inputs.resolved.who_day)
    if faults is not None:
        value = np.where(faults != 0, np.nan, value)
    resolved = inputs.resolved
    return Visit(value, resolved.who_day, resolved.who_basis, inputs.sex, faults, implausible)


def recumbent_length(length: Floats, position: Ints | None, day: Ints) -> Floats:
    """Length as it is lying, at any age [cm]: the tables of increments are of recumbent length.

    Standing: + 0.7 cm, but not before 9 months, where it is not believed. Not recorded: as it is,
    as no increment should depend on whether 24 months are counted as day 730 or 731.
    """
    return adjusted_length(length, position, np.minimum(day, HEIGHT_FROM - 1))


def on_one_basis(first: Bytes, second: Bytes, status: StatusArray | None) -> StatusArray | None:
    """The status of pairs, with ages that are not counted from the same day at both visits."""
    mixed = first != second
    return combined(status, status_where(mixed, "mixed_age_basis")) if mixed.any() else status


def pair(first: Visit, second: Visit, days: Ints, status: StatusArray | None) -> Pairs:
    """Two visits of the same children; `status` is of the pair, such as a changed sex."""
    status = on_one_basis(first.basis, second.basis, status)
    implausible = second.implausible
    if first.implausible is not None:
        both = first.implausible
        implausible = both if implausible is None else implausible | both
    status = combined(first.status, second.status, status)
    value = second.value
    if status is not None:
        value = np.where(status != 0, np.nan, value)
    return Pairs(
        first.value, value, days, first.day, second.day, second.sex, first.basis, status,
        implausible,
    )  # fmt: skip
