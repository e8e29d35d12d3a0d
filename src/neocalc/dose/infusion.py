"""Checks of the infusion: its rate, its duration, and the product until it ends."""

from __future__ import annotations

import datetime as dt
from typing import Final

from neocalc.dose.amounts import Amounts
from neocalc.dose.bounds import judged, side
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LACKS_INPUT, NOT_MADE, PASSED, Check

_UNTIMED: Final = "neither duration nor rate is typed"
_DAY: Final = dt.timedelta(days=1)


def infusion_checks(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> list[Check]:
    """Every check of the infusion."""
    return [
        judged("rate", _figure(amounts.rate, "mL/h"), [side(limits, "max_rate")], _UNTIMED,
               derived=True),
        judged("rate per kg", _figure(amounts.rate_per_kg, "mL/kg/h"),
               [side(limits, "max_rate_per_kg", "usual_rate_per_kg")], _UNTIMED, derived=True),
        judged("duration", _figure(amounts.duration, "h"),
               [side(limits, "max_duration", "usual_duration")], _UNTIMED, derived=True),
        _end(inputs, amounts),
    ]  # fmt: skip


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
