"""Checks of the infusion: its rate and its duration."""

from __future__ import annotations

from neocalc.dose.amounts import Amounts
from neocalc.dose.bounds import judged, side
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import Check

_UNTIMED = "neither duration nor rate is typed"


def infusion_checks(limits: Limits, amounts: Amounts) -> list[Check]:
    """Every check of the infusion."""
    return [
        judged("rate", _figure(amounts.rate, "mL/h"), [side(limits, "max_rate")], _UNTIMED,
               derived=True),
        judged("rate per kg", _figure(amounts.rate_per_kg, "mL/kg/h"),
               [side(limits, "max_rate_per_kg", "usual_rate_per_kg")], _UNTIMED, derived=True),
        judged("duration", _figure(amounts.duration, "h"),
               [side(limits, "max_duration", "usual_duration")], _UNTIMED, derived=True),
    ]  # fmt: skip


def _figure(value: float | None, unit: str) -> Figure | None:
    return None if value is None else Figure(value, unit, 6)
