"""Quantities: the accepted units of each dimension.

Units are checked once, here at the edge; inside there are only floats in canonical units. What a
user types is matched against a closed list of units and never evaluated as an expression.

A conversion multiplies or divides by one whole number, so that a string, a pint quantity and a
table column of the same figure give the same float to the last bit. (A pint quantity in a unit
outside the list, such as a product of mixed prefixes, is converted by pint.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from numbers import Number
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from neocalc.errors import CODE, InputError, MissingError, StatusArray, UnitError
from neocalc.reading.dimensions import (
    CANONICAL,
    Unit,
    convert,
    example,
    find_unit,
    pint_name,
    split_quantity,
    spoken,
    units_of,
)
from neocalc.reading.words import elements, is_missing

if TYPE_CHECKING:
    import pint

Floats: TypeAlias = npt.NDArray[np.float64]
Value: TypeAlias = "str | pint.Quantity[Any] | Sequence[str] | npt.NDArray[Any] | None"

__all__ = [
    "CANONICAL",
    "MEASURABLE",
    "Floats",
    "Q",
    "Unit",
    "Value",
    "convert",
    "example",
    "figures_of",
    "find_unit",
    "measurable",
    "numbers_of",
    "pint_name",
    "quantity",
    "registry",
    "split_quantity",
]


_SMALLEST, _LARGEST = 1e-9, 1e9
MEASURABLE: Final = "a value above 0 that can have been measured"
"""What `measurable` accepts, for messages."""


def measurable(figures: Floats) -> npt.NDArray[np.bool_]:
    """Which figures can have been measured: above 0, and not of a size that overflows a z.

    A billion kilograms, centimetres or millimetres, and a billionth of one, are beyond any infant
    and any table; whatever is computed from such figures stays finite.
    """
    with np.errstate(invalid="ignore"):
        found: npt.NDArray[np.bool_] = (figures > _SMALLEST) & (figures < _LARGEST)
    return found


def figures_of(
    value: Any, target: str, argument: str, *, units: str | None = None
) -> tuple[Floats, StatusArray | None, bool]:
    """What a user gave as floats in the `target` unit.

    Parameters
    ----------
    value : str, pint.Quantity, sequence or array of str
        A measured value with its unit.
    target : str
        Unit of the result, from the closed list.
    argument : str
        Name for messages.
    units : str, optional
        What to say is accepted; by default the units of the target's dimension.

    Returns
    -------
    figures : numpy.ndarray
        One-dimensional [target]; NaN where `status` is not ok.
    status : numpy.ndarray or None
        ``missing_value`` or ``invalid_value`` for elements of an array; None when all are usable.
    single : bool
        Whether one value was given.

    Raises
    ------
    UnitError
        For a bare number, an unknown unit or another dimension.
    MissingError
        For one missing value.
    """
    unit = find_unit(target)
    assert unit is not None, target
    accepted = f"give a quantity in {units or units_of(unit.dimension)}"
    if hasattr(value, "units") and hasattr(value, "magnitude"):
        return _figures_of_pint(value, unit, argument, accepted)
    if is_missing(value.strip() if isinstance(value, str) else value):
        raise MissingError(argument, accepted)
    if isinstance(value, str):
        return np.array([_figure(value, unit, argument, accepted)]), None, True
    items = _items(value, argument)
    if items is None:
        bare = "; a bare number has no unit" if _is_bare(value, argument) else ""
        raise UnitError(argument, value, f"{accepted}{bare}")
    figures = np.full(len(items), np.nan)
    status = np.zeros(len(items), dtype=np.uint8)
    for i, item in enumerate(items):
        try:
            found, _, single = figures_of(item, target, argument, units=units)
            if not single:
                raise InputError(argument, item, accepted)
            figures[i] = found[0]
        except InputError as error:
            status[i] = CODE[error.status]
    return figures, status if status.any() else None, False


def _is_bare(value: Any, argument: str) -> bool:
    """Whether a value is a number, or numbers, that lacks nothing but its unit."""
    array = elements(value, argument)
    one = value[()] if isinstance(value, np.ndarray) and not value.ndim else value
    figures = [one] if array is None else array.tolist()
    return all(
        is_missing(figure) or (isinstance(figure, Number) and not isinstance(figure, bool))
        for figure in figures
    )


def _items(value: Any, argument: str) -> list[Any] | None:
    """The elements of a sequence of texts or quantities; None for one that has no unit at all."""
    array = elements(value, argument)
    if array is None or array.dtype.kind not in "OUT":
        return None
    items: list[Any] = array.tolist()
    typed = any(isinstance(item, str) or hasattr(item, "magnitude") for item in items)
    return items if typed or all(map(is_missing, items)) else None


def numbers_of(
    value: Any, argument: str, error: Callable[[], InputError]
) -> tuple[Floats, npt.NDArray[np.bool_] | None, bool]:
    """Plain numbers without a unit, such as z-scores or whole days; `error` for one that is not.

    Returns
    -------
    figures : numpy.ndarray
        One-dimensional; NaN for a missing one.
    odd : numpy.ndarray or None
        Which elements of an array are not numbers; None when all are.
    single : bool
        Whether one value was given.
    """
    many = elements(value, argument)
    if many is not None and (many.dtype.kind in "iuf" or set(map(type, many)) <= {int, float}):
        with suppress(OverflowError):
            return many.astype(np.float64), None, False
    items = [value[()] if isinstance(value, np.ndarray) else value] if many is None else many
    figures = np.full(len(items), np.nan)
    odd = np.zeros(len(items), dtype=bool)
    for i, item in enumerate(items):
        number = isinstance(item, (int, float, np.integer, np.floating))
        if number and not isinstance(item, (bool, np.timedelta64)):
            with suppress(OverflowError):  # a whole number beyond the largest float
                figures[i] = item
                continue
        odd[i] = not is_missing(item)
    if many is None and odd[0]:
        raise error()
    return figures, odd if odd.any() else None, many is None


def _figure(text: str, target: Unit, argument: str, accepted: str) -> float:
    figure, unit = split_quantity(text, argument, accepted)
    if unit.dimension != target.dimension:
        raise UnitError(argument, text, f"{accepted} (this is {spoken(unit.dimension)})")
    return float(convert(figure, unit, target))


def _figures_of_pint(
    value: Any, target: Unit, argument: str, accepted: str
) -> tuple[Floats, StatusArray | None, bool]:
    try:
        unit = find_unit(format(value.units, "~C"))
        if unit is not None and unit.dimension == target.dimension:
            magnitude = value.magnitude
        else:
            magnitude, unit = value.to(pint_name(target.name)).magnitude, target
    except Exception as error:
        shown = f"a quantity in {value.units}"
        raise UnitError(argument, shown, accepted) from error
    if hasattr(magnitude, "filled"):  # what a masked array hides is missing
        magnitude = magnitude.astype(np.float64).filled(np.nan)
    try:
        if np.asarray(magnitude).dtype.kind not in "iufO":
            raise TypeError
        figures = np.asarray(magnitude, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnitError(argument, magnitude, accepted) from error
    if figures.ndim > 1:
        raise InputError(argument, f"an array of {figures.ndim} dimensions", "one dimension")
    if figures.ndim:
        return convert(figures, unit, target), None, False
    if math.isnan(figures):
        raise MissingError(argument, accepted)
    return np.array([convert(float(figures), unit, target)]), None, True


@cache
def registry() -> pint.UnitRegistry[Any]:
    """The pint registry behind `Q`: pint's own units, and cells and vials as dimensions."""
    import pint

    units: pint.UnitRegistry[Any] = pint.UnitRegistry(on_redefinition="ignore")
    units.define("cell = [cell] = cell = cells")
    units.define("thousand_cell = 1e3 * cell")
    units.define("million_cell = 1e6 * cell")
    units.define("billion_cell = 1e9 * cell")
    units.define("vial = [vial]")
    units.define("m2 = 1 * meter ** 2")
    units.define("month = 30.4375 * day")  # WHO: the month of the growth standards
    return units


def Q(value: Any, unit: str) -> pint.Quantity[Any]:  # noqa: N802 - the name users know
    """A quantity: a value, or an array of values, with its unit.

    Parameters
    ----------
    value : float or array_like
        The figures.
    unit : str
        A unit of the closed list, such as "kg", "g", "cm", "day", "cell/mL", "million cells/kg".

    Returns
    -------
    pint.Quantity
        Of neocalc's registry.

    Raises
    ------
    UnitError
        When the unit is not on the list. It is never evaluated as an expression.

    Examples
    --------
    >>> Q(1850, "g").to("kg").magnitude
    1.85
    """
    found = find_unit(unit) if isinstance(unit, str) else None
    if found is None:
        raise UnitError("unit", unit, "one of the listed units, such as kg, g, cm, day, cell/mL")
    try:
        inside = value if isinstance(value, (list, tuple)) else [value]
        if value is None or any(hasattr(one, "magnitude") for one in inside):
            raise TypeError  # NumPy would strip the unit that is there already
        kept = isinstance(value, (int, float)) or hasattr(value, "filled")
        figures = value if kept else np.asarray(value)[()]
        if np.asarray(figures).dtype.kind == "O":
            figures = np.asarray(value, dtype=np.float64)[()]
        elif np.asarray(figures).dtype.kind not in "iuf":
            raise TypeError
    except (TypeError, ValueError, OverflowError) as error:
        raise UnitError("value", value, "a number or an array of numbers") from error
    return registry().Quantity(figures, pint_name(found.name))


def quantity(figures: Any, unit: str) -> pint.Quantity[Any]:
    """A result in `unit`: one value as a plain number, many as an array."""
    return registry().Quantity(figures, pint_name(unit))
