"""The dose and the limits that hold: what the arm states, with what the caller adds."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from neocalc.dose.limits import Limits
from neocalc.dose.stops import HARD, Check, every_check
from neocalc.errors import DoseRefused, InputError
from neocalc.units import quantity

if TYPE_CHECKING:
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


def dose_of(arm: Arm | None) -> float | None:
    """The dose of an arm [cell/kg]; NaN where it states none, and None without an arm."""
    if arm is None:
        return None
    stated = arm.limits["dose"]
    return math.nan if stated is None else stated.value


def require_dose(arm: Arm | None, request: object = None) -> None:
    """Refuse an arm that states no dose, whatever dose is given: none is that of this arm."""
    try:
        if arm is not None:
            arm.require_dose()
    except DoseRefused as error:
        check = Check("arm dose", HARD, str(error).removeprefix("no dose: "))
        raise DoseRefused(str(error), tuple(every_check([check])), request) from None
