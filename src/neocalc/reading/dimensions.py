"""The closed list of units, their dimensions, and quantities as they are typed.

What a user types is matched against the list and never evaluated as an expression. A conversion
multiplies or divides by one whole number.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.errors import UnitError


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
        ("uL", "volume", 1, 1000): "uL ul µL μL microlitre microlitres microliter microliters",
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
    ("dose", "time"): "dose_rate",
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
    "dose_rate": "cell/kg/min",
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
_GROUPED: Final = re.compile(
    r"\s*([0-9]{1,3}(?:,[0-9]{3})+)\s*((?:cell|million cell)[^0-9]*|g|grams?)\s*"
)
_POWER: Final = re.compile(
    r"(\s*[0-9]+(?:\.[0-9]+)?)\s*[x×*]\s*10(?:\^([0-9]{1,2})|([⁰¹²³⁴-⁹]{1,2}))(?![0-9])"
)
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_SPELLINGS: Final = {
    "Kg": "kg", "KG": "kg", "kgs": "kg", "Kgs": "kg", "KGS": "kg", "mins": "min", "hrs": "h",
}  # fmt: skip
"""Units as they are also typed, where no other unit can be meant."""
_PER_VOLUME: Final = re.compile(r"(thousand|million|billion)?\s*/\s*([mµμu][lL])")


def split_quantity(text: str, argument: str, accepted: str) -> tuple[float, Unit]:
    """The figure and the unit of a typed quantity such as "1850 g" or "1 million cells/kg".

    A decimal comma is refused. Commas between thousands are accepted for cells and for grams
    alone, where they leave no doubt what they mean. A power of ten is read where its exponent can
    be told from its base: "5 x 10^6 cells/mL" and "5×10⁶ cells/mL", not "5 x 106 cells/mL". What
    is counted in a millilitre without a word is cells: "5e6/mL".

    Examples
    --------
    >>> split_quantity("5 x 10^6 cells/mL", "", "")
    (5000000.0, Unit(name='cell/mL', dimension='concentration', num=1, den=1))
    >>> split_quantity("2,350 g", "", "")
    (2350.0, Unit(name='g', dimension='mass', num=1, den=1000))
    """
    short = _POWER.sub(_power, text[:100], count=1)
    match = _QUANTITY.fullmatch(short)
    number = match[1] if match else ""
    if match is None:
        match = _GROUPED.fullmatch(short)
        number = match[1].replace(",", "") if match else ""
    unit = find_unit(_spelled(match[2].strip())) if match else None
    if match is None or unit is None or len(text) > 100:
        such = "" if " such as " in accepted else f", such as {example(accepted)}"
        raise UnitError(argument, text, f"{accepted}{such}")
    return float(number), unit


def _power(match: re.Match[str]) -> str:
    """A typed power of ten with its exponent after an e."""
    return f"{match[1]}e{(match[2] or match[3]).translate(_SUPERSCRIPTS)} "


def _spelled(unit: str) -> str:
    """A typed unit as the closed list spells it."""
    counted = _PER_VOLUME.fullmatch(unit.replace(" per ", "/").replace("per ", "/"))
    if counted is not None:
        return f"{counted[1] or ''} cells/{counted[2]}".strip()
    return "/".join(_SPELLINGS.get(part.strip(), part) for part in unit.split("/"))


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


def units_of(dimension: str) -> str:
    """The units of a dimension, for messages."""
    if dimension in ("mass", "length", "time"):
        names = dict.fromkeys(u.name for u in _ATOMS.values() if u.dimension == dimension)
        return ", ".join(names)
    return CANONICAL[dimension]


_SPOKEN: Final = {
    "bmi": "a BMI",
    "cells": "a number of cells",
    "vials": "a number of vials",
    "vial_content": "the content of a vial",
    "relative_rate": "a rate for each kg",
}


def spoken(dimension: str) -> str:
    """A dimension as people say it, after "this is".

    >>> spoken("cells"), spoken("volume_per_mass")
    ('a number of cells', 'a volume per mass')
    """
    return _SPOKEN.get(dimension, f"a {dimension.replace('_', ' ')}")


def pint_name(name: str) -> str:
    """A unit of the closed list as pint spells it."""
    for word in _WORDS:
        name = name.replace(f"{word} cells", f"{word}_cell")
    return name.replace("kg/m2", "kg/m**2").replace("fraction", "dimensionless")
