"""Quantities: the accepted units of each dimension.

Units are checked once, here at the edge; inside there are only floats in canonical units. What a
user types is matched against a closed list of units and never evaluated as an expression.

A conversion multiplies or divides by one whole number, so that a string, a pint quantity and a
table column of the same figure give the same float to the last bit. (A pint quantity in a unit
outside the list, such as a product of mixed prefixes, is converted by pint.)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from neocalc.coding import elements, is_missing
from neocalc.errors import CODE, InputError, MissingError, StatusArray, UnitError

if TYPE_CHECKING:
    import pint

Floats: TypeAlias = npt.NDArray[np.float64]
Value: TypeAlias = "str | pint.Quantity[Any] | Sequence[str] | npt.NDArray[Any] | None"


class Unit(NamedTuple):
    """One unit of the closed list: `canonical` figures are figure * num / den."""

    name: str
    dimension: str
    num: int
    den: int


_WORDS: Final = ("thousand", "million", "billion")


def _atoms() -> dict[str, Unit]:
    spelled: dict[tuple[str, str, int, int], str] = {
        ("kg", "mass", 1, 1): "kg kilogram kilograms",
        ("g", "mass", 1, 1000): "g gram grams",
        ("cm", "length", 1, 1): "cm centimetre centimetres centimeter centimeters",
        ("mm", "length", 1, 10): "mm millimetre millimetres millimeter millimeters",
        ("m", "length", 100, 1): "m metre metres meter meters",
        ("day", "time", 1, 1): "day days d",
        ("week", "time", 7, 1): "week weeks wk w",
        ("month", "time", 487, 16): "month months mo",  # 30.4375 days: WHO
        ("h", "time", 1, 24): "h hour hours hr",
        ("min", "time", 1, 1440): "min minute minutes",
        ("mL", "volume", 1, 1): "mL ml millilitre millilitres milliliter milliliters",
        ("cell", "cells", 1, 1): "cell cells",
        ("million cells", "cells", 10**6, 1): "",
        ("thousand cells", "cells", 10**3, 1): "",
        ("billion cells", "cells", 10**9, 1): "",
        ("vial", "vials", 1, 1): "vial vials",
        ("fraction", "fraction", 1, 1): "fraction",
        ("percent", "fraction", 1, 100): "% percent",
    }
    table = {
        alias: Unit(*key)
        for key, aliases in spelled.items()
        for alias in (aliases.split() or [key[0]])
    }
    for word in _WORDS:
        table[f"{word} cell"] = table[f"{word}_cell"] = table[f"{word} cells"]
    return table


_ATOMS: Final = _atoms()

# Compound dimensions, by what is divided by what. Anything else (pmol/kg, CFU/kg) is refused.
_QUOTIENTS: Final = {
    ("mass", "area"): "bmi",
    ("cells", "mass"): "dose",
    ("cells", "volume"): "concentration",
    ("cells", "vials"): "vial_content",
    ("volume", "mass"): "volume_per_mass",
    ("volume", "time"): "rate",
    ("rate", "mass"): "rate_per_mass",
    ("volume_per_mass", "time"): "rate_per_mass",
    ("mass", "time"): "mass_rate",
    ("length", "time"): "length_rate",
    ("mass", "mass"): "mass_fraction",
    ("mass_fraction", "time"): "relative_rate",
    ("mass_rate", "mass"): "relative_rate",
}
CANONICAL: Final = {
    "mass": "kg",
    "length": "cm",
    "time": "day",
    "bmi": "kg/m2",
    "volume": "mL",
    "cells": "cell",
    "vials": "vial",
    "dose": "cell/kg",
    "concentration": "cell/mL",
    "vial_content": "cell/vial",
    "volume_per_mass": "mL/kg",
    "rate": "mL/h",
    "rate_per_mass": "mL/kg/h",
    "mass_rate": "g/day",
    "length_rate": "cm/week",
    "relative_rate": "g/kg/day",
    "fraction": "fraction",
}
"""The canonical unit of each dimension: what stands inside, without a unit."""

_AREA: Final = {"m2": 1, "m^2": 1, "m**2": 1, "m²": 1}


@lru_cache(maxsize=1024)
def find_unit(text: str) -> Unit | None:
    """The unit of the closed list that `text` names, or None.

    Examples
    --------
    >>> find_unit("million cells/kg")
    Unit(name='million cells/kg', dimension='dose', num=1000000, den=1)
    >>> find_unit("furlong") is None
    True
    """
    if len(text) > 40:
        return None
    parts = [" ".join(part.split()) for part in text.replace(" per ", "/").split("/")]
    unit = _ATOMS.get(parts[0])
    for part in parts[1:]:
        if unit is None:
            return None
        if part in _AREA:
            below: Unit | None = Unit("m2", "area", 1, 1)
        else:
            below = _ATOMS.get(part)
        if below is None:
            return None
        dimension = _QUOTIENTS.get((unit.dimension, below.dimension))
        if dimension is None:
            return None
        unit = Unit(
            f"{unit.name}/{below.name}", dimension, unit.num * below.den, unit.den * below.num
        )
    return unit


def convert(figures: Any, unit: Unit, target: Unit) -> Any:
    """Figures in `unit` as figures in `target`: one exact factor, one rounding."""
    num, den = unit.num * target.den, unit.den * target.num
    common = math.gcd(num, den)
    num, den = num // common, den // common
    if num == den:
        return figures
    if num == 1:
        return figures / den
    with np.errstate(over="ignore"):  # beyond the largest float it is infinite: no measurement
        return figures * num if den == 1 else figures * num / den


_NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_QUANTITY: Final = re.compile(rf"\s*({_NUMBER})\s*([^\s0-9+\-.,][^0-9]*(?:\*\*2|\^2|2)?)\s*")
_GROUPED: Final = re.compile(r"\s*([0-9]{1,3}(?:,[0-9]{3})+)\s*((?:cell|million cell)[^0-9]*)")


def split_quantity(text: str, argument: str, accepted: str) -> tuple[float, Unit]:
    """The figure and the unit of a typed quantity such as "1850 g" or "1 million cells/kg".

    A decimal comma is refused. Commas between thousands are accepted for cells alone, where a
    count of cells leaves no doubt what they mean.
    """
    match = _QUANTITY.fullmatch(text[:100])
    number = match[1] if match else ""
    if match is None:
        match = _GROUPED.fullmatch(text[:100])
        number = match[1].replace(",", "") if match else ""
    unit = find_unit(match[2].strip()) if match else None
    if match is None or unit is None or len(text) > 100:
        such = "" if " such as " in accepted else f", such as {example(accepted)}"
        raise UnitError(argument, text, f"{accepted}{such}")
    return float(number), unit


def example(accepted: str) -> str:
    """An example of a quantity in the first unit that an `accepted` text names."""
    unit = (
        accepted.rsplit(" in ", maxsplit=1)[-1]
        .split(" or ", maxsplit=1)[0]
        .split(",", maxsplit=1)[0]
        .strip()
    )
    figure = {"kg": "1.85", "g": "1850", "cm": "49.5", "cell/mL": "5000000"}.get(unit, "1")
    return f'"{figure} {unit}"'


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
    accepted = f"give a quantity in {units or _units_of(unit.dimension)}"
    if hasattr(value, "units") and hasattr(value, "magnitude"):
        return _figures_of_pint(value, unit, argument, accepted)
    if is_missing(value.strip() if isinstance(value, str) else value):
        raise MissingError(argument, accepted)
    if isinstance(value, str):
        return np.array([_figure(value, unit, argument, accepted)]), None, True
    items = _items(value, argument)
    if items is None:
        raise UnitError(argument, value, f"{accepted}; a bare number has no unit")
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
        raise UnitError(argument, text, f"{accepted} (this is a {_spoken(unit.dimension)})")
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


def _units_of(dimension: str) -> str:
    """The units of a dimension, for messages."""
    if dimension in ("mass", "length", "time"):
        names = dict.fromkeys(u.name for u in _ATOMS.values() if u.dimension == dimension)
        return ", ".join(names)
    return CANONICAL[dimension]


def _spoken(dimension: str) -> str:
    return dimension.replace("_", " ")


def pint_name(name: str) -> str:
    """A unit of the closed list as pint spells it."""
    for word in _WORDS:
        name = name.replace(f"{word} cells", f"{word}_cell")
    return name.replace("kg/m2", "kg/m**2").replace("fraction", "dimensionless")


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
