"""`nc.velocity.correlation`: the correlation of z between two ages, for one child or for many."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import Policy
from neocalc.errors import STATUSES, combined
from neocalc.growth.results import Result
from neocalc.velocity.correlations import SOURCES, Correlations, implied
from neocalc.velocity.inputs import check_measure, refuse_pair, two_visits
from neocalc.velocity.visits import Interval


class Correlation(Result):
    """Correlations of z: plain values for one pair of ages, arrays for many.

    Attributes
    ----------
    r : float or numpy.ndarray
        Correlation of z between the two ages [unitless]; NaN where `status` says why.
    source : str or numpy.ndarray
        "who-2009": from a row of the WHO's increments and the SDs of attained size at its ends;
        "who-2009-interpolated": from between the rows of two widths; "who-2009-model": from the
        model that was fitted to all rows; "who-2009-model-extrapolated": from the model, with an
        age above 24 months; empty where there is none.
    interval_days : int or numpy.ndarray
        Between the ages [day].
    status : str or numpy.ndarray
        "ok", or the reason why there is none: "start_below_term", "above_velocity_reference" (36
        months) or what is wrong with the ages or the sex.
    """

    def __init__(
        self, measure: str, interval: Interval, found: Correlations, *, single: bool
    ) -> None:
        super().__init__(found.status, single=single)
        self.measure = measure
        self.codes = found
        self._interval = interval

    def __repr__(self) -> str:
        if self.single:
            return f"<Correlation {self.r:.3f} {self.source or self.status}>"
        return f"<Correlation of {len(self.codes.r):,}>"

    @cached_property
    def r(self) -> Any:
        """Correlation [unitless]."""
        return self._one(self.codes.r)

    @cached_property
    def source(self) -> Any:
        """Where the correlation is from."""
        return self._words(SOURCES, self.codes.source)

    @cached_property
    def interval_days(self) -> Any:
        """Interval [day]."""
        return self._one(self._interval.days)


def correlation(
    measure: str,
    *,
    sex: Any,
    first_age: Age,
    second_age: Age,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Correlation:
    """The correlation of z between two ages that the WHO's tables imply.

    It is that of healthy children born at term and measured with the WHO's care, at their own age;
    a preterm child's age is corrected as the policy says. In children who are measured less
    carefully it is lower.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    sex : str or array of str
        male, female, m or f, in any case; there is no default.
    first_age, second_age : Age
        The two ages, from 40w0d to 36 months.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.

    Returns
    -------
    Correlation
        With r, its source and status.

    Raises
    ------
    InputError
        For one child: an input that is wrong or missing, or ages that are not in order or not of
        one child. In arrays such elements have a status.

    References
    ----------
    WHO 2009 (ISBN 978 92 4 154763 5). How r follows from the tables is a decision: see
    docs/methods.md.

    Examples
    --------
    >>> ages = Age.from_days(0), Age.from_days(183)
    >>> correlation("weight", sex="male", first_age=ages[0], second_age=ages[1])
    <Correlation 0.468 who-2009>
    >>> ages = Age.from_days(183), Age.from_days(913)
    >>> correlation("weight", sex="male", first_age=ages[0], second_age=ages[1])
    <Correlation 0.627 who-2009-model-extrapolated>
    """
    check_measure(measure)
    any_value = np.ones(1), None, True
    visits = two_visits(
        measure,
        any_value,
        any_value,
        sex=sex,
        first_age=first_age,
        second_age=second_age,
        policy=policy,
        sex_codes=sex_codes,
    )
    ends = visits.first, visits.second
    faults = [status for end in ends for status in (end.sex_status, end.resolved.status)]
    interval = visits.interval
    interval = interval._replace(status=combined(interval.status, *faults))
    found = implied(measure, interval)
    if visits.single:
        refuse_pair(STATUSES[found.status[0]], first_age, second_age)
    return Correlation(measure, interval, found, single=visits.single)
