"""Checks of a course: the doses before this one, and the expiry of the product."""

from __future__ import annotations

import math

from neocalc.dose.bounds import judged, lacking, side
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LACKS_LIMIT, NOT_MADE, PASSED, SOFT, Check, above
from neocalc.moments import hours_between

_UNSAID = "it is not typed which doses were given before, or that there was none"


def course_checks(inputs: DoseInputs, limits: Limits) -> list[Check]:
    """Every check of earlier doses and of the product's expiry."""
    return [
        _cumulative(inputs, limits),
        _number(inputs, limits),
        _interval(inputs, limits),
        _expiry(inputs),
    ]


def _cumulative(inputs: DoseInputs, limits: Limits) -> Check:
    """Cells per body weight over all doses, as prescribed."""
    name, limit = "cumulative dose", limits["max_total_dose"]
    before = inputs.given or ()
    total = Figure(math.fsum([inputs.dose, *(dose.dose for dose in before)]), "cell/kg")
    if limit is not None and above(total.value, limit.value):
        shown = f"with this dose {total} in all: more than {limit}"
        return Check(name, HARD, shown, limit, total)  # a dose may be too much by itself
    known = None if inputs.given is None else total
    found = judged(name, known, [side(limits, "max_total_dose")], _UNSAID)
    if found.outcome == PASSED:
        return found._replace(message=f"with this dose {total} in all: at most {limit}")
    return found


def _number(inputs: DoseInputs, limits: Limits) -> Check:
    name, limit = "number of doses", limits["max_doses"]
    total = None if inputs.given is None else Figure(len(inputs.given) + 1, "")
    if limit is None or total is None:
        return judged(name, total, [side(limits, "max_doses")], _UNSAID)
    if total.value > limit.value:
        return Check(name, HARD, f"this would be dose {total} of {limit}", limit, total)
    return Check(name, PASSED, f"dose {total} of {limit}", limit, total)


def _interval(inputs: DoseInputs, limits: Limits) -> Check:
    """Days since the last dose; twice on one day is refused unless the protocol has an interval."""
    name, least, most = "dose interval", limits["min_interval"], limits["max_interval"]
    if inputs.given is None or (inputs.given and inputs.on is None):
        missing = _UNSAID if inputs.given is None else "the date of the dose is not typed"
        sides = (side(limits, "min_interval", least=True), side(limits, "max_interval"))
        found = judged(name, None, sides, missing)
        return found if found.outcome == HARD else lacking(name, missing)
    if not inputs.given:
        return Check(name, PASSED, "no dose was given before", least)
    assert inputs.on is not None
    last = inputs.given[-1].on
    days = min(hours_between(dose.on, inputs.on, "on") for dose in inputs.given) / 24
    shown = Figure(days, "day", 3)
    if least is not None and above(least.value, days):
        message = f"{shown} after the last dose ({last}): less than {least}"
        return Check(name, HARD, message, least, shown)
    if least is None and last.date == inputs.on.date:
        return Check(name, HARD, f"a dose was given on the same day ({last})", None, shown)
    if most is not None and above(days, most.value):
        message = f"{shown} after the last dose ({last}): more than {most}"
        return Check(name, SOFT, message, most, shown)
    if least is None and most is None:
        said = "the protocol states no interval"
        return Check(name, NOT_MADE, said, None, shown, False, LACKS_LIMIT)
    if least is not None and not _is_certain(inputs, days, least.value):
        return Check(name, NOT_MADE, f"{least} need the times of the doses", least, shown)
    return Check(name, PASSED, f"{shown} after the last dose", least or most, shown)


def _is_certain(inputs: DoseInputs, days: float, least: float) -> bool:
    """Whether dates show that at least so many days have passed; it takes times for hours."""
    assert inputs.given is not None and inputs.on is not None
    timed = inputs.on.timed and all(dose.on.timed for dose in inputs.given)
    return timed or least == int(least) or days - 1 >= least


def _expiry(inputs: DoseInputs) -> Check:
    """A date is good to its last minute; a time is compared with a time."""
    name, expires, on = "product expiry", inputs.expires, inputs.on
    if expires is None or on is None:
        missing = "the expiry of the product" if expires is None else "the date of the dose"
        return lacking(name, f"{missing} is not typed")
    if expires.timed and on.timed:
        expired = hours_between(on, expires, "expires") < 0
    elif expires.timed and expires.date == on.date:
        return Check(name, NOT_MADE, "the time of the dose is not given", str(expires), str(on))
    else:
        expired = expires.date < on.date
    if expired:
        return Check(name, HARD, f"the product expired at {expires}", str(expires), str(on))
    return Check(name, PASSED, f"the product is good until {expires}", str(expires), str(on))
