"""Velocity z-scores by the WHO's increments of 2009, and the increment at a z-score.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.age import Age
from neocalc.errors import STATUSES, InputError, MissingError
from neocalc.lms import centile_from_zscore
from neocalc.policy import AGE_BASES, Policy
from neocalc.references import MEASURES, METHODS
from neocalc.results import Result
from neocalc.units import convert, find_unit, numbers_of, quantity
from neocalc.velocity.increment_tables import WHO_2009
from neocalc.velocity.increments import Rules, ScoredIncrements, score, unscore
from neocalc.velocity.inputs import (
    check_measure,
    pairs_of,
    refuse_pair,
    two_visits,
    values_of,
)

if TYPE_CHECKING:
    import pint

SHOWN_UNITS: Final = {"weight": "g", "length": "cm", "head_circumference": "cm"}
"""The unit in which the WHO states increments of each measure."""


class Velocity(Result):
    """Velocity z-scores with what was done: plain values for one pair of visits, arrays for many.

    Attributes
    ----------
    z : float or numpy.ndarray
        Z-score of the increment, scaled to the nominal interval [unitless]; unrounded; NaN where
        `status` says why there is none.
    z_unscaled : float or numpy.ndarray
        Z-score of the increment as it was measured, by the same row [unitless]; NaN also where
        that is below what the row can score.
    z_floor : float or numpy.ndarray
        No z can be below it in this row of the table [unitless]; -inf where there is no limit.
    centile : float or numpy.ndarray
        100 Phi(z) [%].
    increment, increment_scaled : pint.Quantity
        As measured, and scaled to the nominal interval [g] or [cm]. The first is there also where
        the table has no z, as long as the two visits can be compared.
    increment_figure : float or numpy.ndarray
        `increment` without its unit.
    interval_days : int or numpy.ndarray
        Between the visits [day].
    nominal_months : int or numpy.ndarray
        Width of the row that was used [month]; 0 where there is none.
    scaled : float or numpy.ndarray
        What the increment was multiplied with: nominal width by interval [unitless].
    start_age : float or numpy.ndarray
        Age at the first visit, at which L, M and S were taken [month].
    age_basis : str or numpy.ndarray
        "corrected" or "chronological".
    method : str or numpy.ndarray
        "lms" or "lms-restricted"; empty where there is no z.
    reference : str or numpy.ndarray
        "who-2009-velocity"; empty where there is no row for the pair.
    status : str or numpy.ndarray
        "ok", "interval_scaled" or "implausible" (z kept: a value or the change is beyond what a
        child can have or do), or the reason why there is no z.
    """

    def __init__(self, measure: str, scored: ScoredIncrements, *, single: bool) -> None:
        super().__init__(scored.status, single=single)
        self.measure = measure
        self.codes = scored

    def __repr__(self) -> str:
        if self.single:
            months = f"{self.nominal_months} mo" if self.nominal_months else "no interval"
            return f"<Velocity {self.z:.2f} {months} {self.age_basis} {self.status}>"
        return f"<Velocity of {len(self.codes.z):,}>"

    @cached_property
    def z(self) -> Any:
        """Z-score of the scaled increment [unitless]."""
        return self._one(self.codes.z)

    @cached_property
    def z_unscaled(self) -> Any:
        """Z-score of the increment as measured [unitless]."""
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
        """The increment over the nominal interval [g] or [cm]."""
        return shown(self.measure, self._one(self.codes.increment * self.codes.scaled))

    @cached_property
    def interval_days(self) -> Any:
        """Interval [day]."""
        return self._one(self.codes.pairs.days)

    @cached_property
    def nominal_months(self) -> Any:
        """Nominal interval [month]; 0 where there is none."""
        return self._one(self.codes.nominal_months)

    @cached_property
    def scaled(self) -> Any:
        """Nominal width by interval [unitless]."""
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
        """The LMS method of the row."""
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


def zscore(
    measure: str,
    *,
    first: Any,
    second: Any,
    sex: Any,
    first_age: Age,
    second_age: Age,
    first_position: Any = None,
    second_position: Any = None,
    oedema: Any = None,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    recode: bool = False,
    change_limits: Any = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Velocity:
    """Velocity z-score of the growth between two visits, for one child or for many.

    The nominal interval (1, 2, 3, 4 or 6 months) nearest to the real one is taken, and the
    increment scaled to it; L, M and S are taken at the age of the first visit. Ages are corrected
    as the policy says. What was done is in the result.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    first, second : str, pint.Quantity, or an array of them
        The measurements with their units [kg], [g] or [cm].
    sex : str or array of str
        male, female, m or f, in any case; there is no default.
    first_age, second_age : Age
        Ages at the two visits.
    first_position, second_position : str or array of str, optional
        "recumbent" or "standing" (l or h): how the length was measured. The tables are of
        recumbent length: 0.7 cm is added to a standing one.
    oedema : bool, str or array, optional
        Oedema at either visit: then there is no velocity of weight.
    start : str, default "interpolate"
        "interpolate" between the tabulated starts, or the "nearest" of them.
    tolerance : float, default 0.10
        How far the interval may be from the nominal one, as a share of it [unitless].
    restricted : bool, optional
        Whether the WHO's restriction beyond +-3 SD applies; by default where all SD lines exist.
    recode : bool, default False
        Whether a length or head increment of 0 or less is scored as 0.01 cm.
    change_limits : str or path, optional
        A file with a site's own limits of what a child can do between two visits.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.

    Returns
    -------
    Velocity
        With z, centile, what was done to get them, and status.

    Raises
    ------
    InputError
        For one child: an input that is wrong or missing, visits that are not in order or not of
        one child. In arrays such elements have a status. Where the inputs are right but there is
        no answer (an age or interval without a table, a length that did not increase), z is NaN
        and `status` says why.

    References
    ----------
    WHO 2009 (ISBN 978 92 4 154763 5). Intervals, starts and the restriction for length and head
    circumference are decisions: see docs/velocity.md.

    Examples
    --------
    A girl born at 27w3d, at 88 and 149 days of corrected age:

    >>> ages = Age.from_days(176, "27+3"), Age.from_days(237, "27+3")
    >>> v = zscore("weight", first="4.9 kg", second="5.9 kg", sex="female",
    ...            first_age=ages[0], second_age=ages[1])
    >>> round(v.z, 2), v.nominal_months, v.age_basis, v.status
    (-0.33, 2, 'corrected', 'ok')
    """
    check_measure(measure)
    rules = Rules(start, tolerance, restricted, recode, change_limits)
    visits = two_visits(
        measure,
        *values_of(measure, first, second),
        sex=sex,
        first_age=first_age,
        second_age=second_age,
        first_position=first_position,
        second_position=second_position,
        oedema=oedema,
        policy=policy,
        sex_codes=sex_codes,
    )
    scored = score(measure, pairs_of(measure, visits, first, second, rules.limits), rules)
    if visits.single:
        refuse_pair(STATUSES[scored.status[0]], first_age, second_age)
    return Velocity(measure, scored, single=visits.single)


def increment(
    measure: str,
    z: Any,
    *,
    sex: Any,
    first_age: Age,
    second_age: Age,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> pint.Quantity[Any]:
    """Increment between two visits at a velocity z-score: the inverse of `zscore`.

    It is over the interval as it is, not over the nominal one; a length as it is lying.

    Parameters
    ----------
    measure, sex, first_age, second_age, start, tolerance, restricted, policy, sex_codes
        As for `zscore`.
    z : float or array_like
        Z-score [unitless].

    Returns
    -------
    pint.Quantity
        [g] or [cm], for one child or for many; NaN in an array where there is none.

    Raises
    ------
    InputError
        For one child: a wrong input, or no increment at this z, age or interval.

    Examples
    --------
    The median gain of a boy from birth to 4 weeks:

    >>> ages = Age.from_days(0), Age.from_days(28)
    >>> gain = increment("weight", 0, sex="male", first_age=ages[0], second_age=ages[1])
    >>> round(gain.magnitude, 4)
    1023.0783
    """
    check_measure(measure)
    rules = Rules(start, tolerance, restricted)
    figures, _, single = numbers_of(z, "z", partial(InputError, "z", z, "a number of SD"))
    if single and np.isnan(figures[0]):
        raise MissingError("z", "a number of SD")
    any_value = np.ones(len(figures)), None, single
    visits = two_visits(
        measure,
        any_value,
        any_value,
        sex=sex,
        first_age=first_age,
        second_age=second_age,
        first_position="recumbent",
        second_position="recumbent",
        policy=policy,
        sex_codes=sex_codes,
    )
    pairs = pairs_of(measure, visits, 1.0, 1.0, rules.limits)
    values, status = unscore(measure, np.broadcast_to(figures, visits.age.shape), pairs, rules)
    if not visits.single:
        return shown(measure, values)
    word = STATUSES[status[0]]
    refuse_pair(word, first_age, second_age)
    if word == "invalid_value":
        raise InputError("z", z, f"there is no {measure} increment at this z")
    if word != "ok":
        none = f"there is no {measure} increment between these ages: {word}"
        raise InputError("second_age", second_age, none, status=word)
    return shown(measure, float(values[0]))
