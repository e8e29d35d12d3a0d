"""From what a user gives of two visits to prepared columns: the edge of the velocity calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT, Policy
from neocalc.errors import (
    STATUSES,
    AgeError,
    InputError,
    MissingError,
    StatusArray,
    combined,
    status_where,
)
from neocalc.growth.arguments import PUBLIC_MEASURES, inputs_of
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import Scored, body_mass_index, score
from neocalc.reading.dates import NOT_STATED
from neocalc.reading.units import MEASURABLE, Floats, figures_of
from neocalc.reading.words import Ints
from neocalc.references.files import MEASURES
from neocalc.velocity.limits import ChangeLimits
from neocalc.velocity.visits import Interval, Pairs, between, pair, visit

VELOCITY_MEASURES: Final = ("weight", "length", "head_circumference")
"""The measures of which there are increments and rates."""
Figures = tuple[Floats, StatusArray | None, bool]


class TwoVisits(NamedTuple):
    """Two visits of one child or of many: prepared columns of one length.

    `age` is the chronological age at the second visit [day].
    """

    first: Inputs
    second: Inputs
    interval: Interval
    age: Ints
    single: bool


def two_visits(
    measure: str,
    first: Figures,
    second: Figures,
    *,
    sex: Any,
    first_age: Age,
    second_age: Age,
    first_position: Any = None,
    second_position: Any = None,
    first_length: Any = None,
    second_length: Any = None,
    oedema: Any = None,
    reference: str = DEFAULT,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> TwoVisits:
    """Everything parsed, coded and of one length."""
    for argument, age in (("first_age", first_age), ("second_age", second_age)):
        if not isinstance(age, Age):
            raise AgeError(argument, age, "a neocalc.Age, such as neocalc.Age(born=..., on=...)")
    one, one_single = inputs_of(
        measure, *first, sex, first_age, first_length, first_position, oedema, reference, policy,
        sex_codes,
    )  # fmt: skip
    two, two_single = inputs_of(
        measure, *second, sex, second_age, second_length, second_position, oedema, reference,
        policy, sex_codes,
    )  # fmt: skip
    n = _common(len(one.value), len(two.value))
    if measure == "bmi":
        one, two = (i if i.length is None else body_mass_index(i) for i in (one, two))
    before, after = (np.broadcast_to(age.days, (n,)) for age in (first_age, second_age))
    one, two = _broadcast(one, n), _broadcast(two, n)
    conflict = _conflict(first_age, second_age, n)
    interval = between(one.resolved, two.resolved, two.sex, after - before, conflict)
    return TwoVisits(one, two, interval, after, one_single and two_single)


def values_of(
    measure: str, first: Any, second: Any, *, lengths: bool = False
) -> tuple[Figures, Figures]:
    """The two measurements in the canonical unit; `lengths`: a BMI is given as weight and length.

    Raises
    ------
    InputError
        For a measure that is not known, or a value without its unit.
    """
    if measure not in PUBLIC_MEASURES:
        raise InputError("measure", measure, f"accepted: {', '.join(PUBLIC_MEASURES)}")
    unit = "kg" if measure == "bmi" and lengths else MEASURES[measure]
    return figures_of(first, unit, "first"), figures_of(second, unit, "second")


def check_measure(measure: str) -> None:
    """Refuse a measure of which there are no increments."""
    if measure not in VELOCITY_MEASURES:
        raise InputError("measure", measure, f"accepted: {', '.join(VELOCITY_MEASURES)}")


def score_visits(measure: str, visits: TwoVisits, first: Any, second: Any) -> tuple[Scored, Scored]:
    """Attained z-scores at both visits; of one child, a value that cannot be used raises."""
    scored = score(measure, visits.first), score(measure, visits.second)
    if visits.single:
        for argument, value, one in zip(("first", "second"), (first, second), scored, strict=True):
            word = STATUSES[one.status[0]]
            if word == "invalid_value":
                raise InputError(argument, value, MEASURABLE)
            if word == "missing_value":  # the policy asks for it: see Policy.require_position
                accepted = "give recumbent or standing: the policy asks for it"
                raise MissingError(f"{argument}_position", accepted)
    return scored


def pairs_of(
    measure: str, visits: TwoVisits, first: Any, second: Any, limits: ChangeLimits
) -> Pairs:
    """The two visits as what increments are scored from."""
    one, two = score_visits(measure, visits, first, second)
    before, after = visit(measure, visits.first, one), visit(measure, visits.second, two)
    return pair(measure, before, after, visits.interval, limits)


def refuse_pair(word: str, first_age: Age, second_age: Age) -> None:
    """Raise for one child whose two visits cannot be compared; other statuses are answers."""
    if word == "interval_not_positive":
        raise AgeError("second_age", second_age, "an age after the first", status=word)
    if word == "subject_conflict":
        accepted = "the gestation and the date of birth of the first age: two visits of one child"
        raise AgeError("second_age", second_age, accepted, status=word)
    if word == "mixed_age_basis":
        stated = [bool(age.gestation_days.any()) for age in (first_age, second_age)]
        how = "gestation is stated in both or in neither"
        if all(stated):  # it is the policy that changes the basis
            how = "by the policy correction ends between them: set correct_until"
        accepted = f"both ages corrected, or both chronological, with {first_age!r}; {how}"
        raise AgeError("second_age", second_age, accepted, status=word)


def _conflict(first: Age, second: Age, n: int) -> StatusArray | None:
    """Where two ages cannot be of one child: another gestation or another date of birth."""
    one, two = first.gestation_days, second.gestation_days
    differ = (one != two) & (one != NOT_STATED) & (two != NOT_STATED)
    status = status_where(differ, "subject_conflict") if differ.any() else None
    if first.birth_days is not None and second.birth_days is not None:
        born = first.birth_days != second.birth_days
        if born.any():
            status = combined(status, status_where(born, "subject_conflict"))
    return None if status is None else np.broadcast_to(status, (n,))


def _common(one: int, two: int) -> int:
    """The length of the two visits' columns, where those of one element serve all."""
    if one != two and 1 not in (one, two):
        raise InputError("second", f"{two:,} elements", f"as many as first ({one:,})")
    return max(one, two) if 0 not in (one, two) else 0


def _broadcast(inputs: Inputs, n: int) -> Inputs:
    """The same columns with n rows."""
    if len(inputs.value) == n:
        return inputs
    columns: tuple[Any, ...] = tuple(
        np.broadcast_to(column, (n,)) if isinstance(column, np.ndarray) else column
        for column in inputs
    )
    return Inputs(*columns)._replace(resolved=inputs.resolved.broadcast(n))
