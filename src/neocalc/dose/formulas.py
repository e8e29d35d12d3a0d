"""The arithmetic of a dose, each formula once. It knows no limits and checks nothing.

The forward formulas are plain expressions: they serve floats, arrays and decimals alike. What must
not be off by the last bit of a float (a graduation, a number of vials, the reverse calculation) is
computed in decimals from the figures as they were typed.
"""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Any, Final

SYRINGES: Final = ((1, "0.01"), (3, "0.1"), (5, "0.2"), (10, "0.2"), (20, "1"), (60, "1"))
"""Usual syringes from small to large: what one holds, and the distance of its lines [mL]. Makers
differ: it is the syringe in hand that counts."""
DMSO_DENSITY: Final = 1.1
"""Of dimethyl sulfoxide [g/mL]."""
_DIGITS: Final = 50


def cells_needed(dose: Any, weight: Any) -> Any:
    """Cells of a dose: dose x weight.

    Parameters
    ----------
    dose : float, numpy.ndarray or decimal.Decimal
        [cell/kg]
    weight : float, numpy.ndarray or decimal.Decimal
        [kg]

    Returns
    -------
    float, numpy.ndarray or decimal.Decimal
        [cell]

    Examples
    --------
    >>> cells_needed(1e6, 2.35)
    2350000.0
    """
    return dose * weight


def volume_needed(cells: Any, concentration: Any, viable: Any = 1) -> Any:
    """Volume that holds the cells: cells / (concentration x viable fraction).

    Parameters
    ----------
    cells : float, numpy.ndarray or decimal.Decimal
        [cell]
    concentration : float, numpy.ndarray or decimal.Decimal
        After thaw and wash [cell/mL].
    viable : float, numpy.ndarray or decimal.Decimal, default 1
        Viable fraction where the cells are viable ones and the concentration is of all cells; 1
        where both are viable or both are all cells, so that it is never applied twice [fraction].

    Returns
    -------
    float, numpy.ndarray or decimal.Decimal
        [mL]

    Examples
    --------
    >>> round(volume_needed(4_250_000, 5e6, 0.92), 6)
    0.923913
    >>> from decimal import Decimal
    >>> volume_needed(Decimal("2350000"), Decimal("2000000"))
    Decimal('1.175')
    """
    return cells / (concentration * viable)


def exact(figure: float) -> Decimal:
    """A float as the shortest decimal that stands for it: the figure as it was typed.

    >>> exact(0.1)
    Decimal('0.1')
    """
    return Decimal(repr(float(figure)))


def exact_product(*figures: float) -> Decimal:
    """The product of figures as they were typed.

    >>> exact_product(0.1, 0.2, 3.0)
    Decimal('0.060')
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return math.prod(map(exact, figures), start=Decimal(1))


def exact_sum(first: Decimal, second: Decimal) -> Decimal:
    """The sum of two decimals, with all of their digits."""
    with localcontext() as context:
        context.prec = _DIGITS
        return first + second


def exact_volume(dose: float, weight: float, concentration: float, viable: float) -> Decimal:
    """The volume of a dose in decimals [mL]; arguments as of the formulas above.

    >>> exact_volume(1e6, 2.35, 2e6, 1.0)
    Decimal('1.175')
    """
    with localcontext() as context:
        context.prec = _DIGITS
        cells = cells_needed(exact(dose), exact(weight))
        return Decimal(volume_needed(cells, exact(concentration), exact(viable)))


def on_graduation(volume: Decimal, graduation: float, *, down: bool = False) -> Decimal:
    """The nearest line of a syringe, half to even; or the one below, never above the volume.

    Parameters
    ----------
    volume : decimal.Decimal
        [mL]
    graduation : float
        Distance of two lines [mL].
    down : bool, default False
        Whether the line below is taken.

    Returns
    -------
    decimal.Decimal
        [mL]

    Examples
    --------
    >>> on_graduation(Decimal("1.175"), 0.1), on_graduation(Decimal("1.175"), 0.01)
    (Decimal('1.2'), Decimal('1.18'))
    >>> on_graduation(Decimal("1.199"), 0.1, down=True)
    Decimal('1.1')
    """
    with localcontext() as context:
        context.prec = _DIGITS
        rule = ROUND_FLOOR if down else ROUND_HALF_EVEN
        lines = (volume / exact(graduation)).to_integral_value(rule)
        return lines * exact(graduation)


def split(volume: Decimal, graduation: float, holds: float) -> tuple[Decimal, ...]:
    """A volume in as few syringes as hold it, each part on a line, as even as lines allow [mL].

    Parameters
    ----------
    volume : decimal.Decimal
        On a line [mL].
    graduation, holds : float
        Distance of two lines, and what one syringe holds [mL].

    Examples
    --------
    >>> split(Decimal("2.5"), 0.1, 1.0)
    (Decimal('0.9'), Decimal('0.8'), Decimal('0.8'))
    """
    with localcontext() as context:
        context.prec = _DIGITS
        line = exact(graduation)
        lines = int((volume / line).to_integral_value(ROUND_CEILING))
        each = int(exact(holds) // line)
        if not each:
            return (volume,)
        syringes = max(1, -(-lines // each))
        fewest, more = divmod(lines, syringes)
        return tuple(line * (fewest + (i < more)) for i in range(syringes))


def rounding_error(rounded: Decimal, volume: Decimal) -> float:
    """Relative error of a rounded volume: rounded / volume - 1 [fraction].

    >>> round(100 * rounding_error(Decimal("1.2"), Decimal("1.175")), 5)
    2.12766
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return float(rounded / volume - 1)


def up_to_graduation(volume: float, graduation: float | None) -> Decimal:
    """A volume on the next line of a syringe, never less than it is [mL]; as it is without lines.

    >>> up_to_graduation(0.07, 0.1), up_to_graduation(0.2, 0.1), up_to_graduation(0.07, None)
    (Decimal('0.1'), Decimal('0.2'), Decimal('0.07'))
    """
    if graduation is None:
        return exact(volume)
    with localcontext() as context:
        context.prec = _DIGITS
        lines = (exact(volume) / exact(graduation)).to_integral_value(ROUND_CEILING)
        return lines * exact(graduation)


def largest_syringe(graduation: float) -> int:
    """What the largest usual syringe with lines so fine holds [mL]; 0 where none has such lines.

    >>> largest_syringe(0.01), largest_syringe(0.1), largest_syringe(0.5), largest_syringe(0.005)
    (1, 3, 10, 0)
    """
    return max((holds for holds, lines in SYRINGES if float(lines) <= graduation), default=0)


def fitting_syringe(volume: Decimal, drawn: Decimal, tolerance: float) -> str | None:
    """The smallest usual syringe that holds what is drawn up, and measures the dose.

    Parameters
    ----------
    volume, drawn : decimal.Decimal
        Of the dose, and of what is drawn up with the dead volume [mL].
    tolerance : float
        Largest relative error of the dose on the lines [fraction].

    Examples
    --------
    >>> fitting_syringe(Decimal("0.2"), Decimal("0.3"), 0.05)
    'a syringe of 1 mL with lines of 0.01 mL'
    >>> fitting_syringe(Decimal("0.001"), Decimal("0.001"), 0.05) is None
    True
    """
    for holds, lines in SYRINGES:
        error = rounding_error(on_graduation(volume, float(lines)), volume)
        if drawn <= holds and abs(error) <= tolerance:
            return f"a syringe of {holds} mL with lines of {lines} mL"
    return None


def vials_needed(cells: Decimal, per_vial: Decimal) -> int:
    """Whole vials that hold the cells: the ratio, rounded up.

    Parameters
    ----------
    cells : decimal.Decimal
        To be drawn up [cell].
    per_vial : decimal.Decimal
        That a vial yields: cells at freezing x recovery x viable fraction [cell/vial].

    Examples
    --------
    >>> vials_needed(Decimal(16_000_000), Decimal(10_000_000) * Decimal("0.8") * Decimal("0.9"))
    3
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return int((cells / per_vial).to_integral_value(ROUND_CEILING))


def delivered_dose(volume: Decimal, concentration: float, viable: float, weight: float) -> Decimal:
    """The reverse calculation: the dose that a volume delivers.

    volume x concentration x viable fraction / weight, in decimals.

    Parameters
    ----------
    volume : decimal.Decimal
        [mL]
    concentration, viable, weight : float
        [cell/mL], [fraction], [kg]

    Returns
    -------
    decimal.Decimal
        [cell/kg]

    Examples
    --------
    >>> float(delivered_dose(Decimal("1.175"), 2e6, 1.0, 2.35))
    1000000.0
    """
    with localcontext() as context:
        context.prec = _DIGITS
        return volume * exact(concentration) * exact(viable) / exact(weight)
