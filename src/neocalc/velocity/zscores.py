"""Velocity z-scores by the WHO's increments of 2009, and the increment at a z-score.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import Policy
from neocalc.errors import STATUSES, InputError, MissingError
from neocalc.reading.units import numbers_of
from neocalc.velocity.increments import Rules, score, unscore
from neocalc.velocity.inputs import check_measure, pairs_of, refuse_pair, two_visits, values_of
from neocalc.velocity.scored import SHOWN_UNITS, Velocity, shown

if TYPE_CHECKING:
    import pint

__all__ = ["SHOWN_UNITS", "Velocity", "increment", "zscore"]


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
    between: str = "interpolate",
    change_limits: Any = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Velocity:
    """Velocity z-score of the growth between two visits, for one child or for many.

    The WHO has increments over 1 (weight only), 2, 3, 4 and 6 months. For an interval between two
    of them L, M and S are interpolated between their rows, at the age of the first visit; a little
    below the shortest or above the longest the increment is scaled to it. Ages are corrected as the
    policy says. What was done is in the result.

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
        How far the interval may be below the shortest or above the longest width of the tables at
        this age, as a share of it [unitless].
    restricted : bool, optional
        Whether the WHO's restriction beyond +-3 SD applies; by default where all SD lines exist.
    recode : bool, default False
        Whether a length or head increment of 0 or less is scored as 0.01 cm.
    between : str, default "interpolate"
        "interpolate" between two widths of the tables, or "scale" the increment to the nearest
        width within the tolerance and score no other.
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
    >>> round(v.z, 2), v.method, v.age_basis, v.status
    (-0.33, 'who-2009', 'corrected', 'ok')

    And 10 days later, which is between 2 and 3 months:

    >>> v = zscore("weight", first="4.9 kg", second="6.1 kg", sex="female",
    ...            first_age=ages[0], second_age=Age.from_days(247, "27+3"))
    >>> round(v.z, 2), v.method, v.status
    (-0.13, 'who-2009-interpolated', 'interval_interpolated')
    """
    check_measure(measure)
    rules = Rules(start, tolerance, restricted, recode, between, change_limits)
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
    between: str = "interpolate",
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> pint.Quantity[Any]:
    """Increment between two visits at a velocity z-score: the inverse of `zscore`.

    It is over the interval as it is; a length as it is lying.

    Parameters
    ----------
    measure, sex, first_age, second_age, start, tolerance, restricted, between, policy, sex_codes
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
    rules = Rules(start, tolerance, restricted, between=between)
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
