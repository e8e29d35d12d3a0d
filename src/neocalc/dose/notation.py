"""How figures are printed wherever a dose is concerned, and how print is read back.

No trailing zero (1, not 1.0), always a leading zero (0.5), a space between number and unit, commas
from 1,000, "1 million" in words, and never an exponent, "M", "U", "IU", "ug" or "cc".

References
----------
Institute for Safe Medication Practices. List of error-prone abbreviations, symbols, and dose
designations.

The Joint Commission. Official "Do Not Use" list.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.errors import InputError, UnitError
from neocalc.reading.dimensions import find_unit
from neocalc.reading.units import quantity

if TYPE_CHECKING:
    import pint

COMPUTED: Final = 6
"""Significant digits of a computed figure in print; digits before the point are never dropped."""

IN_MINUTES: Final = 3
"""A shorter time is said in minutes [h]."""

SPELLED: Final = {
    "kg": ("kg", "kg"),
    "g": ("g", "g"),
    "mL": ("mL", "mL"),
    "mL/kg": ("mL/kg", "mL/kg"),
    "g/kg": ("g/kg", "g/kg"),
    "mL/h": ("mL/h", "mL/h"),
    "mL/kg/h": ("mL/kg/h", "mL/kg/h"),
    "cell": ("cell", "cells"),
    "cell/kg": ("cell/kg", "cells/kg"),
    "cell/kg/min": ("cell/kg/min", "cells/kg/min"),
    "cell/mL": ("cell/mL", "cells/mL"),
    "cell/vial": ("cell/vial", "cells/vial"),
    "vial": ("vial", "vials"),
    "min": ("minute", "minutes"),
    "h": ("hour", "hours"),
    "day": ("day", "days"),
    "week": ("week", "weeks"),
}
"""How each unit is printed, for one and for any other number of it."""

_IN_MILLIONS: Final = ("cell/kg", "cell/mL", "cell/vial")
_MILLION: Final = Decimal(1_000_000)
_PRINTED: Final = re.compile(
    r"([+-]?(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})*)(?:\.[0-9]+)?)(?:(%)| ([A-Za-z][A-Za-z/ ]*))?"
)


class Figure(NamedTuple):
    """A figure with its unit: plain in records, in safe notation in print.

    Parameters
    ----------
    value : float
        The figure [unit].
    unit : str
        A canonical unit such as "kg", "mL", "cell/kg"; "fraction", printed in percent; or empty.
    digits : int, optional
        Significant digits in print; all of them by default.

    Examples
    --------
    >>> str(Figure(0.5, "mL")), str(Figure(1e6, "cell/kg")), str(Figure(0.92, "fraction"))
    ('0.5 mL', '1 million cells/kg', '92%')
    """

    value: float
    unit: str
    digits: int | None = None

    def __str__(self) -> str:
        return amount(self.value, self.unit, self.digits)

    @property
    def quantity(self) -> pint.Quantity[Any]:
        """The same as a quantity."""
        return quantity(self.value, self.unit)


def number(value: float | Decimal, digits: int | None = None) -> str:
    """A number in print.

    Parameters
    ----------
    value : float or decimal.Decimal
        The figure [any unit].
    digits : int, optional
        Significant digits, half to even; digits before the point are never dropped. By default the
        shortest text that is exactly this number.

    Examples
    --------
    >>> number(0.90), number(1_000_000), number(0.923913043, 6), number(1.50)
    ('0.9', '1,000,000', '0.923913', '1.5')
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not exact.is_finite():
        raise InputError("value", value, "a finite number")
    if digits is not None:
        kept = max(digits, exact.adjusted() + 1)
        exact = Context(prec=kept, rounding=ROUND_HALF_EVEN).plus(exact)
    text = f"{exact:,f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def amount(value: float | Decimal, unit: str, digits: int | None = None) -> str:
    """A figure with its unit in print.

    Parameters
    ----------
    value : float or decimal.Decimal
        The figure [unit].
    unit : str
        A canonical unit; "fraction" is printed in percent, "" is a number alone.
    digits : int, optional
        Significant digits; all of them by default.

    Examples
    --------
    >>> amount(0.90, "mL"), amount(1.0, "kg"), amount(10_000_000, "cell/kg")
    ('0.9 mL', '1 kg', '10 million cells/kg')
    >>> amount(2_350_000, "cell"), amount(0.5, "h"), amount(1, "vial")
    ('2,350,000 cells', '0.5 hours', '1 vial')
    """
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if unit == "fraction":
        return f"{number(exact.scaleb(2), digits)}%"
    if not unit:
        return number(exact, digits)
    if unit in _IN_MILLIONS and exact.is_finite() and abs(exact) >= _MILLION:
        millions = exact / _MILLION
        thousands = millions.scaleb(3)
        if thousands == thousands.to_integral_value():
            return f"{number(millions)} million {SPELLED[unit][1]}"
    text = number(exact, digits)
    one, many = SPELLED[unit]
    return f"{text} {one if text == '1' else many}"


def spoken(figure: Figure) -> str:
    """A figure as people say it: less than three hours in minutes.

    Examples
    --------
    >>> spoken(Figure(0.5, "h")), spoken(Figure(4.0, "h")), spoken(Figure(2.0, "mL"))
    ('30 minutes', '4 hours', '2 mL')
    """
    if figure.unit == "h" and figure.value < IN_MINUTES:
        minutes = Decimal(repr(float(figure.value))) * 60
        return amount(minutes, "min", figure.digits or COMPUTED)
    return str(figure)


def parse(text: str) -> Figure:
    """Read print back: the inverse of `amount`.

    Examples
    --------
    >>> parse("2,350,000 cells")
    Figure(value=2350000.0, unit='cell', digits=None)
    >>> parse("92%").value, parse("10 million cells/kg").value
    (0.92, 10000000.0)
    """
    match = _PRINTED.fullmatch(text)
    accepted = 'a figure as neocalc prints it, such as "0.5 mL"'
    if match is None:
        raise UnitError("text", text, accepted)
    figure = Decimal(match[1].replace(",", ""))
    if match[2]:
        return Figure(float(figure / 100), "fraction")
    if match[3] is None:
        return Figure(float(figure), "")
    spelled = match[3]
    if spelled.startswith("million "):
        figure, spelled = figure * _MILLION, spelled.removeprefix("million ")
    unit = find_unit(spelled)
    if unit is None or unit.name not in SPELLED:
        raise UnitError("text", text, accepted)
    return Figure(float(figure), unit.name)
