"""Change in z between two visits, for one child or for many.

References
----------
Goldberg DL, Becker PJ, Brigham K, et al. Identifying malnutrition in preterm and neonatal
populations: recommended indicators. J Acad Nutr Diet 2018;118:1571-82.
doi:10.1016/j.jand.2017.10.006
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from neocalc.age import Age
from neocalc.errors import CODE, STATUSES, MissingError
from neocalc.policy import AGE_BASES, DEFAULT, Policy
from neocalc.results import Result
from neocalc.scoring import Scored
from neocalc.velocity.declines import (
    DECLINE_SOURCE,
    DECLINES,
    attained,
    change_of,
    chart_steps,
    decline_class,
)
from neocalc.velocity.inputs import TwoVisits, refuse_pair, score_visits, two_visits, values_of
from neocalc.velocity.limits import ChangeLimits
from neocalc.velocity.limits import change_limits as limits_of
from neocalc.velocity.visits import impossible_change


class Change(Result):
    """Changes in z with what they are between: plain values for one pair of visits, or arrays.

    Attributes
    ----------
    change : float or numpy.ndarray
        z at the second visit less z at the first [unitless]; NaN where `status` says why.
    per_week : float or numpy.ndarray
        7 (z2 - z1) / days [1/week].
    first_z, second_z : float or numpy.ndarray
        Attained z-scores [unitless].
    first_reference, second_reference : str or numpy.ndarray
        Ids of the references; empty where none applies.
    first_age_basis, second_age_basis : str or numpy.ndarray
        "chronological", "corrected" or "postmenstrual".
    interval_days : int or numpy.ndarray
        Between the visits [day].
    chart_step : float or numpy.ndarray
        Where the references differ: how much of the change is the step between the charts, for a
        child at the first z [unitless]; else NaN.
    decline : str or numpy.ndarray
        "none", "mild", "moderate" or "severe": class of a fall in z of weight or length; empty
        where none is given, as in the first two weeks of life, or from an implausible z or change.
    decline_source : str
        Where the classes are from, and their limits.
    status : str or numpy.ndarray
        "ok", "reference_changed" or "implausible" (change kept: a value or the change is beyond
        what a child can have or do), or the reason why there is none.
    """

    decline_source = DECLINE_SOURCE

    def __init__(
        self,
        measure: str,
        visits: TwoVisits,
        first: Scored,
        second: Scored,
        policy: Policy,
        limits: ChangeLimits,
    ) -> None:
        days, status = visits.interval.days, visits.interval.status
        beyond = impossible_change(measure, visits.first, visits.second, days, limits)
        self.codes = change_of(attained(first), attained(second), days, status, beyond)
        super().__init__(self.codes.status, single=visits.single)
        self.measure = measure
        self._visits, self._policy = visits, policy
        self._first, self._second = first, second

    def __repr__(self) -> str:
        if self.single:
            return f"<Change {self.change:.2f} {self.status}>"
        return f"<Change of {len(self.codes.z):,}>"

    @cached_property
    def change(self) -> Any:
        """Change in z [unitless]."""
        return self._one(self.codes.z)

    @cached_property
    def per_week(self) -> Any:
        """Change in z per week [1/week]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._one(7 * self.codes.z / self._visits.interval.days)

    @cached_property
    def first_z(self) -> Any:
        """Attained z at the first visit [unitless]."""
        return self._one(self._first.z)

    @cached_property
    def second_z(self) -> Any:
        """Attained z at the second visit [unitless]."""
        return self._one(self._second.z)

    @cached_property
    def first_reference(self) -> Any:
        """Id of the reference at the first visit."""
        return self._reference(self._first)

    @cached_property
    def second_reference(self) -> Any:
        """Id of the reference at the second visit."""
        return self._reference(self._second)

    @cached_property
    def first_age_basis(self) -> Any:
        """What the age at the first visit is counted from."""
        return self._words(AGE_BASES, self._first.basis)

    @cached_property
    def second_age_basis(self) -> Any:
        """What the age at the second visit is counted from."""
        return self._words(AGE_BASES, self._second.basis)

    @cached_property
    def interval_days(self) -> Any:
        """Interval [day]."""
        return self._one(self._visits.interval.days)

    @cached_property
    def chart_step(self) -> Any:
        """The step between the charts, where the references differ [unitless]."""
        ends, sex = (attained(self._first), attained(self._second)), self._visits.first.sex
        return self._one(chart_steps(self.measure, *ends, self.codes.z, sex, self._policy))

    @cached_property
    def decline(self) -> Any:
        """Class of a fall in z."""
        codes = decline_class(self.measure, self.codes.z, self._visits.age)
        codes[self.codes.status == CODE["implausible"]] = 0
        return self._words(DECLINES, codes)

    def _reference(self, scored: Scored) -> Any:
        return self._words(["", *(ref.id for ref in scored.references)], scored.reference)


def change(
    measure: str,
    *,
    first: Any,
    second: Any,
    sex: Any,
    first_age: Age,
    second_age: Age,
    first_position: Any = None,
    second_position: Any = None,
    first_length: Any = None,
    second_length: Any = None,
    oedema: Any = None,
    reference: str = DEFAULT,
    change_limits: Any = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Change:
    """Change in z between two visits, for one child or for many.

    Both are scored by the same policy. Without the correlation of z between these ages
    (`conditional_gain`), keep in mind that falls from a high z and rises from a low one are partly
    regression to the mean.

    Parameters
    ----------
    measure : str
        A measure of growth, as for `neocalc.zscore`.
    first, second : str, pint.Quantity, or an array of them
        The measurements with their units [kg], [g], [cm], [mm] or [kg/m2].
    sex : str or array of str
        male, female, m or f, in any case; there is no default.
    first_age, second_age : Age
        Ages at the two visits.
    first_position, second_position : str or array of str, optional
        "recumbent" or "standing" (l or h): how the length was measured.
    first_length, second_length : str, pint.Quantity, or an array, optional
        Length or height [cm], for weight_for_length, and for bmi when weights are given.
    oedema : bool, str or array, optional
        Oedema at either visit: then there is no z that contains weight.
    reference : str, default "auto"
        "auto": the policy chooses. An id or a folder's path: that one at both visits.
    change_limits : str or path, optional
        A file with a site's own limits of what a child can do between two visits.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.

    Returns
    -------
    Change
        With the change, the change per week, both z-scores and references, the step between the
        charts, the class of a fall, and status.

    Raises
    ------
    InputError
        For one child: an input that is wrong or missing, visits that are not in order or not of
        one child. In arrays such elements have a status.

    References
    ----------
    doi:10.1016/j.jand.2017.10.006 for the classes of a fall.

    Examples
    --------
    >>> ages = Age.from_days(0, "27+3"), Age.from_days(56, "27+3")
    >>> c = change("weight", first="980 g", second="2100 g", sex="f",
    ...            first_age=ages[0], second_age=ages[1])
    >>> round(c.change, 2), c.decline, c.status
    (-1.03, 'mild', 'ok')
    """
    policy, limits = policy or Policy(), limits_of(change_limits)
    if (first_length is None) != (second_length is None):
        absent = "first_length" if first_length is None else "second_length"
        raise MissingError(absent, "give the length at both visits, or at neither")
    visits = two_visits(
        measure,
        *values_of(measure, first, second, lengths=first_length is not None),
        sex=sex,
        first_age=first_age,
        second_age=second_age,
        first_position=first_position,
        second_position=second_position,
        first_length=first_length,
        second_length=second_length,
        oedema=oedema,
        reference=reference,
        policy=policy,
        sex_codes=sex_codes,
    )
    scored = score_visits(measure, visits, first, second)
    result = Change(measure, visits, *scored, policy, limits)
    if visits.single:
        refuse_pair(STATUSES[result.codes.status[0]], first_age, second_age)
    return result
