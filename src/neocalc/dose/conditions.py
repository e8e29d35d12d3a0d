"""Checks of what a protocol states about giving the dose, beside its limits.

Whether the dose counts viable or all cells, whether the infant is eligible and of the age for it,
whether the arm is open, and whether everything that must be known was typed. What a source does
not state is asked for or shown as not stated; it is never asserted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.moments import birth_date, days_between
from neocalc.ages.policy import weeks_and_days
from neocalc.dose.bounds import lacking
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.persons import SecondCheck
from neocalc.dose.stops import HARD, LACKS_INPUT, LACKS_LIMIT, NOT_MADE, PASSED, SOFT, Check
from neocalc.reading.dates import NOT_STATED

if TYPE_CHECKING:
    from neocalc.trials import Arm
    from neocalc.trials.conditions import Conditions

_UNAGED: Final = "date of birth or age is not typed"
SAID: Final = {
    "age": "date of birth or age",
    "on": "date of the dose",
    "doses_given": "doses given before, or that there was none",
    "duration": "duration or rate",
    "counts": "whether the dose counts viable or total cells",
    "line_filter": "whether a filter is in the line",
    "second_check": "the second check",
    "viability": "viability",
}
"""How a required input is asked for, where that is not its name."""


def condition_checks(
    inputs: DoseInputs,
    limits: Limits,
    arm: Arm | None,
    second: SecondCheck | None,
    required: Sequence[str] = (),
) -> list[Check]:
    """Every check of the conditions of a dose; `required` are the inputs that a site requires."""
    stated = None if arm is None else arm.conditions
    return [
        _required(inputs, stated, second, required),
        _counts(inputs, stated),
        _eligible(inputs, stated),
        _age(inputs, limits, stated),
        _gate(inputs, stated),
    ]


def stopped_by_age(arm: Arm, age: Age) -> bool:
    """Whether a dose of the arm would be stopped for the infant's age, softly or hard.

    The time since enrolment is not looked at: a table has no day of it.
    """
    inputs = DoseInputs(weight=1.0, dose=1.0, age=age)
    stated = replace(arm.conditions, within=None)
    checks = (_eligible(inputs, stated), _age(inputs, arm.limits, stated))
    return any(check.outcome in (HARD, SOFT) for check in checks)


def _required(
    inputs: DoseInputs,
    stated: Conditions | None,
    second: SecondCheck | None,
    required: Sequence[str],
) -> Check:
    """Everything without which the protocol or the site gives no dose."""
    name = "required inputs"
    asked = list(dict.fromkeys([*(stated.required if stated else ()), *required]))
    if not asked:
        said = "neither the protocol nor a site file requires any"
        return Check(name, NOT_MADE, said, None, None, False, LACKS_LIMIT)
    missing = [one for one in asked if not _is_typed(one, inputs, second)]
    if missing:
        said = ", ".join(SAID.get(one, one.replace("_", " ")) for one in missing)
        return Check(name, HARD, f"not typed, and required: {said}")
    return Check(name, PASSED, "everything that is required is typed")


def _is_typed(name: str, inputs: DoseInputs, second: SecondCheck | None) -> bool:
    if name == "second_check":
        return second is not None
    if name == "gestation":
        return inputs.age is not None and int(inputs.age.gestation_days[0]) != NOT_STATED
    if name == "duration":
        return inputs.duration is not None or inputs.rate is not None
    if name == "viability":
        return any(getattr(inputs, one) is not None for one in ("viability", "release_viability"))
    value: Any = inputs.given if name == "doses_given" else getattr(inputs, name)
    return value is not None


def _counts(inputs: DoseInputs, stated: Conditions | None) -> Check:
    """Viable or all cells: the protocol says it, or the person; else viable ones are taken."""
    name, typed = "cells counted", inputs.counts
    protocol = stated.counts if stated is not None else None
    if protocol is not None:
        if typed not in (None, protocol):
            said = f"the protocol counts {protocol} cells, and {typed} was typed"
            return Check(name, HARD, said, protocol, typed)
        return Check(name, PASSED, f"{protocol} cells, as the protocol states", protocol, protocol)
    unstated = "no protocol states it" if stated is None else "the protocol does not state it"
    if typed is not None:
        return Check(name, PASSED, f"{typed} cells, as typed; {unstated}", typed, typed)
    said = f"viable or total: {unstated}, and it is not typed; viable cells are taken"
    return Check(name, NOT_MADE, said, None, None, False, LACKS_INPUT)


def _eligible(inputs: DoseInputs, stated: Conditions | None) -> Check:
    """The criteria that an age decides, on the day of enrolment where it is typed."""
    name = "eligibility"
    if stated is None or not stated.criteria:
        said = "the protocol states no criterion" if stated else "no trial is named"
        return Check(name, NOT_MADE, said, None, None, False, LACKS_LIMIT)
    by_age = [one for one in stated.criteria if one.by_age]
    others = "; ".join(one.text for one in stated.criteria if not one.by_age)
    ask = f"; a person decides: {others}" if others else ""
    if inputs.age is None:
        if not by_age:
            return lacking(name, f"a person decides: {others}")
        return lacking(name, f"{_UNAGED}: {'; '.join(one.text for one in by_age)}{ask}")
    age = _age_at_enrolment(inputs)
    judged = [one.judged(age) for one in by_age]
    for outcome in ("not met", "not decidable from age"):
        failed = [f"{one.text} ({one.reason})" for one in judged if one.outcome == outcome]
        if failed:
            word = "not eligible" if outcome == "not met" else "eligibility cannot be decided"
            return Check(name, HARD, f"{word}: {'; '.join(failed)}")
    if not judged:
        return lacking(name, f"a person decides: {others}")
    return Check(name, PASSED, f"{'; '.join(one.text for one in judged)}{ask}")


def _age_at_enrolment(inputs: DoseInputs) -> Age:
    """The age on the day of enrolment; on that of the dose where it is not typed."""
    age, enrolled = inputs.age, inputs.enrolled_on
    assert age is not None
    born = birth_date(age, inputs.on)
    if enrolled is None or born is None:
        return age
    gestation = int(age.gestation_days[0])
    stated = None if gestation == NOT_STATED else weeks_and_days(gestation)
    return Age(born=born, on=enrolled.date, gestation=stated)


def _age(inputs: DoseInputs, limits: Limits, stated: Conditions | None) -> Check:
    """The age on the day of the dose, and the time since enrolment."""
    name = "age at the dose"
    if stated is None:
        return Check(name, NOT_MADE, "no trial is named", None, None, False, LACKS_LIMIT)
    bounds = _bounds(stated)
    if inputs.age is None:
        if bounds:
            return Check(name, HARD, f"the protocol states {bounds}, and {_UNAGED}", bounds)
        return lacking(name, _UNAGED)
    if stated.within is not None and (inputs.enrolled_on is None or inputs.on is None):
        missing = "enrolment" if inputs.enrolled_on is None else "the dose"
        said = f"the protocol states {bounds}, and the date of {missing} is not typed"
        return Check(name, HARD, said, bounds)
    days, gestation = int(inputs.age.days[0]), int(inputs.age.gestation_days[0])
    shown = Figure(days, "day")
    if gestation == NOT_STATED and (stated.min_pma, stated.max_pma) != (None, None):
        said = f"the protocol states {bounds}, and gestation is not typed"
        return Check(name, HARD, said, bounds, shown)
    pma = days + gestation
    outside = [
        f"{shown} old" for least, most in [(stated.min_age, stated.max_age)]
        if not (least or 0) <= days <= _or_any(most)
    ] + [
        f"{weeks_and_days(pma)} of postmenstrual age"
        for least, most in [(stated.min_pma, stated.max_pma)]
        if (least, most) != (None, None) and not (least or 0) <= pma <= _or_any(most)
    ]  # fmt: skip
    if stated.within is not None:
        assert inputs.enrolled_on is not None and inputs.on is not None
        since = days_between(inputs.enrolled_on, inputs.on)
        outside += [f"{Figure(since, 'day')} after enrolment"] if since > stated.within else []
    if outside:
        return Check(name, HARD, f"{' and '.join(outside)}: the protocol states {bounds}", bounds,
                     shown)  # fmt: skip
    if bounds:
        return Check(name, PASSED, f"{shown} old; the protocol states {bounds}", bounds, shown)
    return _usual_age(limits, stated, shown)


def _usual_age(limits: Limits, stated: Conditions, shown: Figure) -> Check:
    """Where the protocol states no age, neither at enrolment nor at the dose."""
    name, low, high = "age at the dose", limits["usual_age_low"], limits["usual_age_high"]
    assert low is not None and high is not None
    if not stated.states_age and not low.value <= shown.value <= high.value:
        said = f"{shown} old: outside the usual {low} to {high}; the protocol states no age"
        return Check(name, SOFT, said, f"{low} to {high}", shown)
    said = "the protocol states no age at the dose"
    return Check(name, NOT_MADE, said, None, shown, False, LACKS_LIMIT)


def _bounds(stated: Conditions) -> str:
    """The ages and times that a protocol states for the dose, in words."""
    said = []
    for least, most, what in (
        (stated.min_age, stated.max_age, "days old"),
        (stated.min_pma, stated.max_pma, "of postmenstrual age"),
    ):
        if (least, most) == (None, None):
            continue
        ends = [
            ("any" if end is None else str(end) if what == "days old" else weeks_and_days(end))
            for end in (least, most)
        ]
        said.append(f"{ends[0]} to {ends[1]} {what}")
    if stated.within is not None:
        said.append(f"within {Figure(stated.within, 'day')} of enrolment")
    return " and ".join(said)


def _or_any(most: int | None) -> float:
    return np.inf if most is None else most


def _gate(inputs: DoseInputs, stated: Conditions | None) -> Check:
    """What must have happened before the arm is open: a person confirms it."""
    name = "cohort gate"
    if stated is None or not stated.gate:
        said = "the protocol states none"
        return Check(name, NOT_MADE, said, None, inputs.gate, False, LACKS_LIMIT)
    if inputs.gate is None:
        said = f"{stated.gate}: type by whom and when that was confirmed"
        return Check(name, HARD, said, stated.gate)
    return Check(name, PASSED, f"{stated.gate}: confirmed, {inputs.gate}", stated.gate, inputs.gate)
