"""The dose and the limits that hold: what the arm states, with what the caller adds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neocalc.dose.figures import metric_weight
from neocalc.dose.limits import Limits
from neocalc.dose.notation import amount
from neocalc.dose.stops import HARD, Check, every_check
from neocalc.errors import DoseRefused, InputError
from neocalc.reading.units import quantity

if TYPE_CHECKING:
    from neocalc.dose.plan import Request
    from neocalc.trials import Arm


def limits_that_hold(limits: Limits | None, arm: Arm | None) -> Limits:
    """The limits of the arm together with those given; without either, the defaults.

    Raises
    ------
    PolicyError
        When they state different figures for the same limit.
    """
    if limits is not None and not isinstance(limits, Limits):
        raise InputError("limits", limits, "a neocalc.dose.Limits")
    if arm is None:
        return limits or Limits()
    if not hasattr(arm, "require_dose"):
        raise InputError("arm", arm, 'an arm, such as neocalc.trials.load("NCT03558334").arm("A")')
    own = replace(arm.limits, own=arm.limits.stated())
    return own if limits is None else own.also(limits)


def dose_that_holds(dose: Any, arm: Arm | None) -> Any:
    """The dose given, else the arm's; refused where the protocol version states none.

    Raises
    ------
    DoseRefused
        Whatever dose is given: none is that of this arm.
    """
    if arm is None:
        return dose
    require_dose(arm)
    return quantity(dose_of(arm), "cell/kg") if dose is None else dose


def counting(limits: Limits, arm: Arm | None, typed: str | None) -> tuple[Limits, str | None]:
    """The limits with the cells that the dose counts, and what was said of them.

    What the protocol states holds. Where it states nothing the typed word does, and without one
    viable cells are taken.

    Raises
    ------
    InputError
        When limits of the call say something else than the word.
    """
    if arm is not None and arm.conditions.counts is not None:
        return limits, typed
    if typed is None:
        return limits, None if limits.counts == "viable" else limits.counts
    if limits.counts not in ("viable", typed):
        raise InputError("counts", typed, f"the limits say {limits.counts}")
    return replace(limits, counts=typed), typed


def banded(limits: Limits, arm: Arm | None, weight: float) -> Limits:
    """The limits with the dose of the weight's band, where the arm doses by bands."""
    band = None if arm is None else arm.conditions.band(weight)
    return limits if band is None else replace(limits, dose=f"{band.cells / weight!r} cell/kg")


def dose_of(arm: Arm | None, weight: Any = None) -> float | None:
    """The dose of an arm [cell/kg]; NaN where it states none, and None without an arm.

    `weight` decides the band of an arm that doses by bands.
    """
    if arm is None:
        return None
    if arm.conditions.bands and weight is not None:
        kilograms = metric_weight(weight, "weight")
        band = arm.conditions.band(kilograms)
        return math.nan if band is None else band.cells / kilograms
    stated = arm.limits["dose"]
    return math.nan if stated is None else stated.value


def require_dose(arm: Arm | None, request: Request | None = None) -> None:
    """Refuse an arm that states no dose, whatever dose is given: none is that of this arm."""
    try:
        if arm is not None and arm.conditions.bands:
            _require_band(arm, request)
        elif arm is not None:
            arm.require_dose()
    except DoseRefused as error:
        check = Check("arm dose", HARD, str(error).removeprefix("no dose: "))
        raise DoseRefused(str(error), tuple(every_check([check])), request) from None


def _require_band(arm: Arm, request: Request | None) -> None:
    if request is None:
        raise DoseRefused(f"no dose: {arm.label} doses by bands of weight: prepare each by itself")
    if arm.conditions.band(request.inputs.weight) is None:
        bands = ", ".join(
            f"{amount(one.low, 'kg')} to below {amount(one.high, 'kg')}"
            for one in arm.conditions.bands
        )
        raise DoseRefused(f"no dose: {arm.label} has no band for this weight; it has: {bands}")
