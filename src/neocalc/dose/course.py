"""Checks of a course: the doses before this one, and the expiry of the product."""

from __future__ import annotations

import math
from typing import Final

from neocalc.ages.moments import days_between, hours_between, span_between
from neocalc.dose.bounds import judged, lacking, side
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LACKS_LIMIT, NOT_MADE, PASSED, SOFT, Check, above

WHOLE_DAYS: Final = 2
"""From so many days on an interval in whole days is one of the calendar [day]."""
_UNSAID: Final = "it is not typed which doses were given before, or that there was none"


def course_checks(inputs: DoseInputs, limits: Limits) -> list[Check]:
    """Every check of earlier doses and of the product's expiry."""
    return [
        _cumulative(inputs, limits),
        _number(inputs, limits),
        _planned(inputs, limits),
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


def _planned(inputs: DoseInputs, limits: Limits) -> Check:
    """The whole course as it is planned, before its first dose is given."""
    name, planned = "planned course", inputs.planned_doses
    if planned is None:
        return lacking(name, "the number of planned doses is not typed")
    count, most = Figure(planned, ""), limits["max_doses"]
    this = len(inputs.given or ()) + 1
    if this > planned:
        return Check(name, HARD, f"this would be dose {this} of {count} that are planned", count)
    if most is not None and planned > most.value:
        return Check(name, HARD, f"{count} doses are planned: more than {most}", most, count)
    left = (planned - this + 1) * inputs.dose
    total = Figure(math.fsum([left, *(dose.dose for dose in inputs.given or ())]), "cell/kg")
    limit = limits["max_total_dose"]
    if limit is not None and above(total.value, limit.value):
        said = f"{count} doses come to {total}: more than {limit}"
        return Check(name, HARD, said, limit, total)
    said = f"dose {this} of {count} that are planned, {total} in all"
    if inputs.given is None:
        said = f"{count} doses are planned, {total} in all"
    if most is None and limit is None:
        return Check(name, NOT_MADE, f"{said}; no limit is stated", None, total, False, LACKS_LIMIT)
    return Check(name, PASSED, said, limit or most, total)


def _interval(inputs: DoseInputs, limits: Limits) -> Check:
    """Days since the last dose; twice on one day is refused unless the protocol has an interval."""
    name, least, most = "dose interval", limits["min_interval"], limits["max_interval"]
    if inputs.given is None or (inputs.given and inputs.on is None):
        missing = _UNSAID if inputs.given is None else "the date of the dose is not typed"
        sides = (side(limits, "min_interval", least=True), side(limits, "max_interval"))
        found = judged(name, None, sides, missing)
        if found.outcome == HARD or inputs.given is None:
            return found if found.outcome == HARD else lacking(name, missing)
        return Check(name, HARD, f"doses given before are typed, and {missing}")
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
    fewest, longest = _worst(inputs, least, most)
    if least is not None and above(least.value, fewest):
        message = (
            f"by its date alone the last dose ({last}) may be only {Figure(fewest, 'day', 3)} ago: "
            f"less than {least}. Type the times of the doses"
        )
        return Check(name, HARD, message, least, shown)
    if most is not None and above(longest, most.value):
        message = f"{Figure(longest, 'day', 3)} after the last dose ({last}): more than {most}"
        return Check(name, SOFT, message, most, shown)
    if least is None and most is None:
        said = "the protocol states no interval"
        return Check(name, NOT_MADE, said, None, shown, False, LACKS_LIMIT)
    return Check(name, PASSED, f"{shown} after the last dose", least or most, shown)


def _worst(inputs: DoseInputs, least: Figure | None, most: Figure | None) -> tuple[float, float]:
    """The fewest and the most days that may have passed since any earlier dose, and the last one.

    A date without a time is any time of its day. Between two such dates an interval of 2 days or
    more that is stated in whole days is counted in days of the calendar, as it is stated.
    """
    assert inputs.given and inputs.on is not None
    on = inputs.on
    fewest = min(
        days_between(dose.on, on)
        if _in_days(least) and not (dose.on.timed or on.timed)
        else span_between(dose.on, on, "on").least / 24
        for dose in inputs.given
    )
    last = inputs.given[-1].on
    if _in_days(most) and not (last.timed or on.timed):
        return fewest, days_between(last, on)
    return fewest, span_between(last, on, "on").most / 24


def _in_days(limit: Figure | None) -> bool:
    """Whether an interval is one of whole days, and of more than a single one."""
    return limit is not None and limit.value >= WHOLE_DAYS and limit.value == int(limit.value)


def _expiry(inputs: DoseInputs) -> Check:
    """A product is good to its time, or to the end of its day where it has no time."""
    name, expires, on = "product expiry", inputs.expires, inputs.on
    if expires is None:
        return lacking(name, "the expiry of the product is not typed")
    if on is None:
        said = f"the product expires at {expires}, and the date of the dose is not typed"
        return Check(name, HARD, said, str(expires))
    if expires.timed and not on.timed and expires.date == on.date:
        said = f"the product expires at {expires}, and the time of the dose is not typed"
        return Check(name, HARD, said, str(expires), str(on))
    if expires.timed and on.timed:
        expired = hours_between(on, expires, "expires") < 0
    else:
        expired = expires.date < on.date
    if expired:
        return Check(name, HARD, f"the product expired at {expires}", str(expires), str(on))
    return Check(name, PASSED, f"the product is good until {expires}", str(expires), str(on))
