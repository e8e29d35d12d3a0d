"""Checks of the infusion: its rate, its duration, and the product until it ends."""

from __future__ import annotations

import datetime as dt
from typing import Final

from neocalc.ages.moments import span_between
from neocalc.dose.amounts import Amounts
from neocalc.dose.bounds import judged, side
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LACKS_INPUT, NOT_MADE, PASSED, Check

EMBOLISM: Final = (
    "1 million cells/kg in 30 minutes; faster, a preterm infant had signs of a lung embolism: Lim "
    "2018, doi 10.1002/sctm.18-0079"
)
VIABILITY: Final = (
    "viability fell from 94% to 81% in 90 minutes, and to 59% in 385: doi 10.15419/bmrat.v11i9.917"
)
"""Why the usual limits are where they are."""
_UNTIMED: Final = "neither duration nor rate is typed"
_DAY: Final = dt.timedelta(days=1)


def infusion_checks(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> list[Check]:
    """Every check of the infusion."""
    return [
        judged("rate", _figure(amounts.rate, "mL/h"), [side(limits, "max_rate")], _UNTIMED,
               derived=True),
        judged("rate per kg", _figure(amounts.rate_per_kg, "mL/kg/h"),
               [side(limits, "max_rate_per_kg", "usual_rate_per_kg")], _UNTIMED, derived=True),
        judged("speed of cells", _figure(amounts.cell_rate, "cell/kg/min"),
               [side(limits, "max_cell_rate", "usual_cell_rate", why=EMBOLISM)], _UNTIMED,
               derived=True),
        _pump(inputs, limits, amounts),
        judged("duration", _figure(amounts.duration, "h"),
               [side(limits, "min_duration", "usual_min_duration", least=True, why=EMBOLISM),
                side(limits, "max_duration", "usual_duration")], _UNTIMED, derived=True),
        _thaw(inputs, limits, amounts),
        _end(inputs, amounts),
    ]  # fmt: skip


def _pump(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """The pump can be set to the rate within the tolerance of the dose."""
    name, limit = "pump", limits["rounding_tolerance"]
    assert limit is not None
    if amounts.pump_rate is None or not amounts.rate:
        said = "the step of the pump is not typed"
        return Check(name, NOT_MADE, said, None, None, True, LACKS_INPUT)
    step = Figure(inputs.pump_step or 0.0, "mL/h")
    value = Figure(amounts.pump_rate / amounts.rate - 1, "fraction", 4)
    if abs(value.value) > limit.value:
        said = f"steps of {step} are off by more than {limit}: use another pump, or a vehicle"
        return Check(name, HARD, said, limit, value, True)
    return Check(name, PASSED, f"steps of {step} are off by at most {limit}", limit, value, True)


def _thaw(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """From the thaw to the end of the infusion: thawed cells die while they wait and run."""
    name, thawed, on, hours = "time after thaw", inputs.thawed_on, inputs.on, amounts.duration
    one = side(limits, "max_time_after_thaw", "usual_time_after_thaw", why=VIABILITY)
    if thawed is None:  # the infusion alone takes so long
        alone = None if hours is None or one.stated is not None else Figure(hours, "h", 6)
        found = judged(name, alone, [one], "the time of the thaw is not typed", derived=True)
        if found.outcome == NOT_MADE:
            said = "the time of the thaw is not typed"
            return found._replace(message=said, value=None, lacks=LACKS_INPUT)
        return found
    if on is None or hours is None:
        missing = "the time of the dose" if on is None else "the duration"
        said = f"the product was thawed at {thawed}, and {missing} is not typed"
        return Check(name, HARD, said, one.stated, None, True)
    waited = span_between(thawed, on, "thawed_on").most
    if waited < 0:
        return Check(name, HARD, f"the thaw ({thawed}) is after the dose", one.stated, None, True)
    value = Figure(waited + hours, "h", 6)
    return judged(name, value, [one], "", derived=True)


def _end(inputs: DoseInputs, amounts: Amounts) -> Check:
    """The product must be good until the infusion ends, not only when it begins."""
    name, expires, on, hours = "end of infusion", inputs.expires, inputs.on, amounts.duration
    if expires is None or on is None or hours is None:
        said = "expiry, date of the dose and duration are not all typed"
        return Check(name, NOT_MADE, said, None, None, True, LACKS_INPUT)
    good_until = expires.stamp if expires.timed else expires.stamp + _DAY
    begin = on.stamp if on.timed or not expires.timed else on.stamp + _DAY
    if not (on.timed and expires.timed):
        good_until, begin = good_until.replace(tzinfo=None), begin.replace(tzinfo=None)
    over = hours > (good_until - begin) / dt.timedelta(hours=1)
    if over:
        timed = "" if on.timed or not expires.timed else " at the latest; type the time of the dose"
        said = f"the product expires at {expires}, before the infusion ends{timed}"
        return Check(name, HARD, said, str(expires), None, True)
    return Check(name, PASSED, f"the product is good until {expires}", str(expires), None, True)


def _figure(value: float | None, unit: str) -> Figure | None:
    return None if value is None else Figure(value, unit, 6)
