"""Several vials of a product, each with its own count and viability, pooled into one suspension.

What the pool holds is a sum: cells of each vial, viable ones by its own viability, and the volumes
with that of the diluent. A mean of the viabilities would be another number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from neocalc.dose.figures import counted_cells, fraction, one_figure
from neocalc.dose.formulas import exact
from neocalc.errors import InputError, MissingError

_ACCEPTED = 'cells, viability and volume of a vial, such as "12 million cells, 92%, 1 mL"'
_DIGITS = 50


class Vial(NamedTuple):
    """What one vial holds after thaw.

    Attributes
    ----------
    cells : float
        All cells, or the viable ones where `viability` is None and `viable` is set [cell].
    viability : float or None
        Viable fraction [fraction].
    volume : float
        [mL]
    viable : bool
        Whether `cells` counts viable cells alone.
    """

    cells: float
    viability: float | None
    volume: float
    viable: bool = False

    def counted(self, counts: str) -> Decimal:
        """The cells of the vial that a dose counts [cell].

        Raises
        ------
        MissingError
            When they do not follow from what is known of the vial.
        """
        if counts == "total":
            if self.viable:
                raise MissingError("vials", "this dose counts all cells: give those of each vial")
            return exact(self.cells)
        if self.viable:
            return exact(self.cells)
        if self.viability is None:
            raise MissingError(
                "vials", "the viability of each vial, as the dose counts viable cells"
            )
        return exact(self.cells) * exact(self.viability)


class Pool(NamedTuple):
    """Vials that are pooled, and the diluent that is added to them.

    Attributes
    ----------
    vials : tuple of Vial
        Each as it was counted.
    diluent : float
        Volume that is added [mL].
    """

    vials: tuple[Vial, ...]
    diluent: float = 0.0

    @property
    def volume(self) -> Decimal:
        """Of the whole pool [mL]."""
        with localcontext() as context:
            context.prec = _DIGITS
            return sum((exact(one.volume) for one in self.vials), start=exact(self.diluent))

    def cells(self, counts: str) -> Decimal:
        """The cells of the pool that a dose counts [cell]."""
        with localcontext() as context:
            context.prec = _DIGITS
            return sum((one.counted(counts) for one in self.vials), start=Decimal(0))

    def concentration(self, counts: str) -> float:
        """Of the cells that a dose counts [cell/mL].

        Examples
        --------
        >>> pool = Pool((Vial(12e6, 0.9, 1.0), Vial(8e6, 0.8, 1.0)), 2.0)
        >>> pool.concentration("viable"), pool.concentration("total")
        (4300000.0, 5000000.0)
        """
        with localcontext() as context:
            context.prec = _DIGITS
            return float(self.cells(counts) / self.volume) if self.volume else math.nan

    @property
    def lowest_viability(self) -> float | None:
        """The lowest viability of a vial; None where none is known [fraction]."""
        known = [one.viability for one in self.vials if one.viability is not None]
        return min(known, default=None)


def read_vials(value: Any) -> tuple[Vial, ...]:
    """The vials of a list of texts, or of (cells, viability, volume).

    Examples
    --------
    >>> read_vials(["12 million cells, 92%, 1 mL", "11 million viable cells, 1 mL"])[1]
    Vial(cells=11000000.0, viability=None, volume=1.0, viable=True)
    """
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InputError("vials", value, f"a list of vials, each with {_ACCEPTED}")
    found = tuple(_vial(one) for one in value)
    if not found:
        raise InputError("vials", value, f"at least one vial, with {_ACCEPTED}")
    return found


def _vial(value: Any) -> Vial:
    if isinstance(value, Vial):
        return value
    parts = re.split(r",\s+|\s*;\s*", value) if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or len(parts) not in (2, 3):
        raise InputError("vials", value, _ACCEPTED)
    cells, *share, volume = parts
    counted = counted_cells(cells)
    if counted == "viable" and share:
        accepted = "viable cells have no viability beside them: it would be applied twice"
        raise InputError("vials", value, accepted)
    return Vial(
        one_figure(cells, "cell", "vials"),
        fraction(share[0], "vials") if share else None,
        one_figure(volume, "mL", "vials"),
        counted == "viable",
    )
