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

from neocalc.ages.age import Age
from neocalc.ages.policy import AGE_BASES, DEFAULT, Policy
from neocalc.errors import CODE, STATUSES, InputError, MissingError
from neocalc.growth.results import Result
from neocalc.growth.scoring import Scored
from neocalc.reading.units import Floats
from neocalc.velocity.correlations import (
    SOURCES,
    Standardised,
    sources,
    standardise,
    standardised_status,
)
from neocalc.velocity.declines import (
    DECLINE_SOURCE,
    DECLINES,
    Attained,
    Changes,
    attained,
    change_of,
    chart_steps,
    decline_class,
)
from neocalc.velocity.gains import correlation_of
from neocalc.velocity.inputs import TwoVisits, refuse_pair, score_visits, two_visits, values_of
from neocalc.velocity.limits import ChangeLimits
from neocalc.velocity.limits import change_limits as limits_of
from neocalc.velocity.visits import Interval, impossible_change


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
    standardised : float or numpy.ndarray
        Standardised change, (z2 - z1) / sqrt(2 (1 - r)) [SD of such changes]; NaN where
        `standardised_status` says why.
    conditional : float or numpy.ndarray
        Conditional gain, (z2 - r z1) / sqrt(1 - r^2), which allows for regression to the mean [SD];
        NaN where the standardised change is.
    r : float or numpy.ndarray
        Correlation of z between the two ages, by which both were computed [unitless].
    r_source : str or numpy.ndarray
        Where r is from: the caller's own source, or as `Correlation.source` says; empty where there
        is none.
    standardised_status : str or numpy.ndarray
        "ok" or "implausible" (value kept), or the reason why there is no standardised change:
        "reference_changed", "start_below_term", "above_velocity_reference" (36 months), "no_table"
        (of this measure), or why there is no change.
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
        own: tuple[Floats, str] | None = None,
    ) -> None:
        days, status = visits.interval.days, visits.interval.status
        beyond = impossible_change(measure, visits.first, visits.second, days, limits)
        self.codes = change_of(attained(first), attained(second), days, status, beyond)
        super().__init__(self.codes.status, single=visits.single)
        self.measure = measure
        self._visits, self._policy = visits, policy
        self._first, self._second = first, second
        self._own = own

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

    @cached_property
    def standardised(self) -> Any:
        """Standardised change [SD]."""
        return self._one(self._standardised.change)

    @cached_property
    def conditional(self) -> Any:
        """Conditional gain [SD]."""
        return self._one(self._standardised.conditional)

    @cached_property
    def r(self) -> Any:
        """Correlation of z between the two ages [unitless]."""
        return self._one(self._standardised.r)

    @cached_property
    def r_source(self) -> Any:
        """Where r is from."""
        r = self._standardised.r
        if self._own is not None:
            return self._words(("", self._own[1]), ~np.isnan(r) * 1)
        return self._words(SOURCES, sources(self.measure, self._visits.interval, r))

    @cached_property
    def standardised_status(self) -> Any:
        """The status word of the standardised change."""
        own = self._own is not None
        return self._words(STATUSES, standardised_status(*self._pair, own=own))

    @cached_property
    def _standardised(self) -> Standardised:
        return standardise(*self._pair, None if self._own is None else self._own[0])

    @cached_property
    def _pair(self) -> tuple[str, Attained, Attained, Changes, Interval]:
        ends = attained(self._first), attained(self._second)
        return self.measure, *ends, self.codes, self._visits.interval

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
    r: Any = None,
    r_source: str | None = None,
    reference: str = DEFAULT,
    change_limits: Any = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Change:
    """Change in z between two visits, for one child or for many.

    Both are scored by the same policy. Falls from a high z and rises from a low one are partly
    regression to the mean: `conditional` allows for it, and `standardised` says how unusual the
    change is, by the correlation of z between the two ages.

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
    r : float or array_like, optional
        The correlation of z between these ages in a population like the child's [unitless], from 0
        to below 1; it goes before the one that the WHO's tables imply, and is used below term too.
    r_source : str, optional
        Its citation; needed with `r`.
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
        charts, the class of a fall, and status; the standardised change and the conditional gain,
        with r, its source and a status of their own.

    Raises
    ------
    InputError
        For one child: an input that is wrong or missing, visits that are not in order or not of
        one child. In arrays such elements have a status.

    References
    ----------
    doi:10.1016/j.jand.2017.10.006 for the classes of a fall. Cole TJ. Arch Dis Child 1995;73:8-16
    for the conditional gain. The correlation that the WHO's tables imply is a decision: see
    docs/methods.md.

    Examples
    --------
    >>> ages = Age.from_days(0, "27+3"), Age.from_days(56, "27+3")
    >>> c = change("weight", first="980 g", second="2100 g", sex="f",
    ...            first_age=ages[0], second_age=ages[1])
    >>> round(c.change, 2), c.decline, c.status
    (-1.03, 'mild', 'ok')

    A boy born at term, from 6 to 18 months:

    >>> c = change("weight", first="7.9 kg", second="10 kg", sex="m",
    ...            first_age=Age.from_days(183), second_age=Age.from_days(548))
    >>> round(c.change, 2), round(c.standardised, 2), round(c.conditional, 2)
    (-0.76, -1.1, -1.19)
    >>> round(c.r, 3), c.r_source
    (0.759, 'who-2009-model')
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
    own = own_correlation(r, r_source, len(visits.age))
    scored = score_visits(measure, visits, first, second)
    result = Change(measure, visits, *scored, policy, limits, own)
    if visits.single:
        refuse_pair(STATUSES[result.codes.status[0]], first_age, second_age)
    return result


def own_correlation(r: Any, source: str | None, n: int) -> tuple[Floats, str] | None:
    """The caller's own correlations, one for each of n pairs, and their source; None without.

    Raises
    ------
    InputError
        When one is given without the other, an r is not from 0 to below 1, or there are not as many
        as pairs.
    """
    if r is None:
        if source is not None:
            raise MissingError("r", "give the correlation that r_source is the source of")
        return None
    if not isinstance(source, str) or not source.strip():
        raise MissingError("r_source", "give the citation of r")
    figures, _ = correlation_of(r)
    if len(figures) not in (1, n):
        raise InputError("r", r, f"one correlation, or as many as pairs of visits ({n:,})")
    return np.broadcast_to(figures, (n,)), source
