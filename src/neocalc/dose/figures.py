"""One figure of a dose, read exactly: in a metric unit of its kind, or refused."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

import numpy as np

from neocalc.dose.formulas import exact
from neocalc.errors import InputError, MissingError, UnitError
from neocalc.reading.dimensions import Unit, find_unit, split_quantity
from neocalc.reading.units import figures_of

SAID: Final = {
    "kg": 'kg or g, such as "2.35 kg"',
    "cell": 'cells, such as "20 million cells"',
    "cell/kg": 'cells/kg, such as "1 million cells/kg"',
    "cell/kg/min": 'cells/kg/min, such as "33,000 cells/kg/min"',
    "cell/mL": 'cells/mL, such as "5 million cells/mL"',
    "cell/vial": 'cells/vial, such as "10 million cells/vial"',
    "mL": 'mL, such as "0.1 mL"',
    "mL/kg": 'mL/kg, such as "2 mL/kg"',
    "g/kg": 'g/kg, such as "0.5 g/kg"',
    "mL/h": 'mL/h, such as "5 mL/h"',
    "mL/kg/h": 'mL/kg/h, such as "2 mL/kg/h"',
    "h": 'min or h, such as "30 min"',
    "day": 'day or h, such as "7 day"',
    "week": 'week, such as "44 week"',
    "fraction": 'percent, such as "92%"',
}
"""Each canonical unit as it is asked for: what a person types."""
COUNTS: Final = ("viable", "total")
"""Which cells a dose can count."""
_COUNTED: Final = re.compile(r"\b(viable|total)\s+(?=cells?\b)")


def counted_cells(value: Any) -> str | None:
    """Whether a typed figure says that it counts "viable" or "total" cells; None where it does not.

    Examples
    --------
    >>> counted_cells("1 million viable cells/kg"), counted_cells("1 million cells/kg")
    ('viable', None)
    """
    match = _COUNTED.search(value) if isinstance(value, str) else None
    return None if match is None else match[1]


def one_figure(value: Any, unit: str, argument: str) -> float:
    """One measured value in a canonical unit, from a text or a metric quantity.

    It is converted in decimals: in floats 2.01 million would be 2,009,999.9999999998, and print
    shows each input as it was typed.

    Examples
    --------
    >>> one_figure("2.01 million cells/kg", "cell/kg", "dose")
    2010000.0
    """
    if isinstance(value, str) and "cell" in unit:
        value = _COUNTED.sub("", value, count=1)
    figures, _, single = figures_of(value, unit, argument, units=SAID[unit])
    if not single:
        raise InputError(argument, value, "one value: a dose is for one infant")
    if not math.isfinite(figures[0]):
        raise InputError(argument, value, f"a finite figure in {SAID[unit]}")
    if hasattr(value, "unit_items") and not _is_metric(value):
        raise UnitError(argument, str(value), "a metric unit: kg or g for a mass")
    target, typed = find_unit(unit), _as_typed(value)
    if target is None or typed is None:
        if not _counts_the_same(value, unit):
            raise UnitError(argument, str(value), f"give a quantity in {SAID[unit]}")
        return float(figures[0])
    figure, given = typed
    num, den = given.num * target.den, given.den * target.num
    return float(exact(figure) * num / den)


def _as_typed(value: Any) -> tuple[float, Unit] | None:
    """The figure and the listed unit of a text or quantity; None for a product of units."""
    if isinstance(value, str):
        return split_quantity(value, "", "")
    unit = find_unit(format(value.units, "~C"))
    return None if unit is None else (float(value.magnitude), unit)


def _counts_the_same(value: Any, unit: str) -> bool:
    """Whether a quantity by its own units counts the cells and vials that a unit does.

    In a registry where cells are a plain number so are colonies, and pint would turn one into the
    other.
    """
    counted = [word for word in ("cell", "vial") if word in unit]
    return all(f"[{word}]" in value.dimensionality for word in counted)


def _is_metric(value: Any) -> bool:
    """Whether every unit of mass in a quantity is a gram or a multiple of it."""
    unit = type(value.units)
    return all(
        name.endswith("gram") or "[mass]" not in unit(name).dimensionality
        for name, _ in value.unit_items()
    )


def metric_weight(value: Any, argument: str) -> float:
    """A weight for dosing [kg]: in kilograms or grams, and in nothing else.

    Pounds are refused, as a quantity too: "A Weighty Mistake" (PSNet) is 25 lb taken for 25 kg.

    Examples
    --------
    >>> metric_weight("2350 g", "weight")
    2.35
    """
    if hasattr(value, "units") and hasattr(value, "magnitude"):
        unit = find_unit(format(value.units, "~C"))
        if unit is None or unit.dimension != "mass":
            raise UnitError(argument, str(value), "a dosing weight is in kg or g")
    return one_figure(value, "kg", argument)


def fraction(value: Any, argument: str) -> float:
    """A fraction: a number above 0 and up to 1, or a typed percentage.

    A bare 92 is refused: it could be a percentage or a mistake for 0.92.

    Examples
    --------
    >>> fraction(0.92, "viability"), fraction("92%", "viability")
    (0.92, 0.92)
    """
    accepted = 'a percentage with its sign, such as "92%" or "100%", or a number such as 0.92'
    if isinstance(value, (int, float, Decimal, np.integer, np.floating)):
        unordered = isinstance(value, Decimal) and value.is_nan()
        if isinstance(value, bool) or unordered or not 0 < value <= 1:
            raise InputError(argument, value, accepted)
        return float(value)
    if hasattr(value, "units") and hasattr(value, "magnitude"):
        unit = format(value.units, "~C")
        found = find_unit(unit)
        # An angle and g/kg have no dimension either, and are no share of cells.
        if unit and (found is None or found.dimension != "fraction"):
            raise UnitError(argument, str(value), accepted)
    try:
        return one_figure(value, "fraction", argument)
    except MissingError as error:
        raise MissingError(argument, accepted) from error
    except UnitError as error:
        raise UnitError(argument, error.given, accepted) from error
