"""Velocity z-scores as the Python calls answer them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.ages.policy import AGE_BASES
from neocalc.growth.results import Result
from neocalc.reading.dimensions import convert, find_unit
from neocalc.reading.units import quantity
from neocalc.references.files import MEASURES, METHODS
from neocalc.references.lms import centile_from_zscore
from neocalc.velocity.increment_tables import WHO_2009
from neocalc.velocity.increments import ScoredIncrements
from neocalc.velocity.intervals import METHODS as INTERVAL_METHODS

if TYPE_CHECKING:
    import pint

SHOWN_UNITS: Final = {"weight": "g", "length": "cm", "head_circumference": "cm"}
"""The unit in which the WHO states increments of each measure."""


class Velocity(Result):
    """Velocity z-scores with what was done: plain values for one pair of visits, arrays for many.

    Attributes
    ----------
    z : float or numpy.ndarray
        Z-score of the increment [unitless]; unrounded; NaN where `status` says why there is none.
    z_unscaled : float or numpy.ndarray
        Z-score of the increment as it was measured, without scaling, by the same L, M and S
        [unitless]; NaN also where that is below what they can score.
    z_floor : float or numpy.ndarray
        No z can be below it with these L and S [unitless]; -inf where there is no limit.
    centile : float or numpy.ndarray
        100 Phi(z) [%].
    increment, increment_scaled : pint.Quantity
        As measured, and as it was scored: scaled to the width of the row where `method` says so, or
        the same [g] or [cm]. The first is there also where there is no z, as long as the two visits
        can be compared.
    increment_figure : float or numpy.ndarray
        `increment` without its unit.
    interval_days : int or numpy.ndarray
        Between the visits [day].
    nominal_months : int or numpy.ndarray
        The WHO's width that is nearest to the interval [month]; 0 where there is no table.
    scaled : float or numpy.ndarray
        What the increment was multiplied with [unitless]: the width of the row by the interval, or
        1 where L, M and S are of the interval itself.
    start_age : float or numpy.ndarray
        Age at the first visit, at which L, M and S were taken [month].
    age_basis : str or numpy.ndarray
        "corrected" or "chronological".
    method : str or numpy.ndarray
        "who-2009": by a row of the WHO's, the interval being its width; "who-2009-interpolated":
        between the rows of two widths; "who-2009-scaled": by a row, the increment being scaled to
        its width; empty where there is no z.
    lms_method : str or numpy.ndarray
        "lms" or "lms-restricted"; empty where there is no z.
    reference : str or numpy.ndarray
        "who-2009-velocity"; empty where there is no table for the pair.
    status : str or numpy.ndarray
        "ok", "interval_interpolated", "interval_scaled" or "implausible" (z kept), or the reason
        why there is no z.
    """

    def __init__(self, measure: str, scored: ScoredIncrements, *, single: bool) -> None:
        super().__init__(scored.status, single=single)
        self.measure = measure
        self.codes = scored

    def __repr__(self) -> str:
        if self.single:
            days = f"{self.interval_days} days"
            return f"<Velocity {self.z:.2f} {days} {self.age_basis} {self.status}>"
        return f"<Velocity of {len(self.codes.z):,}>"

    @cached_property
    def z(self) -> Any:
        """Z-score of the increment [unitless]."""
        return self._one(self.codes.z)

    @cached_property
    def z_unscaled(self) -> Any:
        """Z-score of the increment as measured, without scaling [unitless]."""
        return self._one(self.codes.z_unscaled)

    @cached_property
    def z_floor(self) -> Any:
        """The lowest z there can be [unitless]."""
        return self._one(self.codes.z_floor)

    @cached_property
    def centile(self) -> Any:
        """Centile [%]."""
        return centile_from_zscore(self.z)

    @cached_property
    def increment(self) -> pint.Quantity[Any]:
        """The increment as measured [g] or [cm]."""
        return shown(self.measure, self._one(self.codes.increment))

    @cached_property
    def increment_figure(self) -> Any:
        """The increment as measured in the unit of `increment`, without it [g] or [cm]."""
        return shown_figures(self.measure, self._one(self.codes.increment))

    @cached_property
    def increment_scaled(self) -> pint.Quantity[Any]:
        """The increment as it was scored [g] or [cm]."""
        return shown(self.measure, self._one(self.codes.increment * self.codes.scaled))

    @cached_property
    def interval_days(self) -> Any:
        """Interval [day]."""
        return self._one(self.codes.pairs.days)

    @cached_property
    def nominal_months(self) -> Any:
        """The WHO's width nearest to the interval [month]; 0 where there is no table."""
        return self._one(self.codes.nominal_months)

    @cached_property
    def scaled(self) -> Any:
        """What the increment was multiplied with [unitless]."""
        return self._one(self.codes.scaled)

    @cached_property
    def start_age(self) -> Any:
        """Age at the first visit [month]."""
        return self._one(self.codes.start_age)

    @cached_property
    def age_basis(self) -> Any:
        """What the ages are counted from."""
        return self._words(AGE_BASES, self.codes.pairs.basis)

    @cached_property
    def method(self) -> Any:
        """By which of the WHO's L, M and S: of a row, between two widths, or scaled to one."""
        return self._words(INTERVAL_METHODS, self.codes.method)

    @cached_property
    def lms_method(self) -> Any:
        """The LMS method: plain, or restricted beyond +-3 SD."""
        codes = np.where(np.isnan(self.codes.z), 2, self.codes.restricted)
        return self._words((*METHODS, ""), codes)

    @cached_property
    def reference(self) -> Any:
        """Id of the reference."""
        return self._words(("", WHO_2009), (self.codes.nominal_months > 0) * 1)


def shown(measure: str, figures: Any) -> pint.Quantity[Any]:
    """Increments in the unit in which the WHO states them."""
    return quantity(shown_figures(measure, figures), SHOWN_UNITS[measure])


def shown_figures(measure: str, figures: Any) -> Any:
    """The same without the unit, where pint, which takes long to load, is not needed."""
    source, wanted = find_unit(MEASURES[measure]), find_unit(SHOWN_UNITS[measure])
    assert source is not None and wanted is not None
    return convert(figures, source, wanted)
