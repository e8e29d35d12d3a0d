"""Checks of a dose against its protocol: the product, the volume, the rate and earlier doses.

Every check is in every result, in one order. One that cannot be made, for want of an input or
because the protocol states no limit, says so. Hard stops are found before anything is computed
from which a dose could be read. A value on its limit is inside it.
"""

from __future__ import annotations

import math
from typing import Final

from neocalc.dose.amounts import Amounts
from neocalc.dose.arithmetic import exact_volume, finer_graduation
from neocalc.dose.inputs import FRACTIONS, LARGEST, SMALLEST, DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure
from neocalc.dose.stops import HARD, LAST_BITS, NOT_MADE, PASSED, SOFT, Check, above
from neocalc.dose.weight import weight_checks
from neocalc.moments import hours_between

REVERSE: Final = 1e-9
"""Agreement asked of the forward and the reverse calculation."""


def input_checks(inputs: DoseInputs, limits: Limits) -> list[Check]:
    """Every check that can be made before anything is computed."""
    possible = _possible(inputs)
    if possible.outcome == HARD:
        return [possible]
    return [
        possible,
        _arm_dose(inputs, limits),
        *weight_checks(inputs, limits),
        _concentration(inputs, limits),
        _viability(inputs, limits),
        _dead_volume(inputs, limits),
        _cumulative(inputs, limits),
        _number(inputs, limits),
        _interval(inputs, limits),
        _expiry(inputs),
    ]


def derived_checks(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> list[Check]:
    """Every check of what was computed."""
    return [
        _cells(inputs, limits, amounts),
        _volume_per_kg(limits, amounts),
        _rounding(inputs, limits, amounts),
        _capacity(inputs, amounts),
        _infusion("rate", "mL/h", amounts.rate, limits["max_rate"]),
        _infusion(
            "rate per kg",
            "mL/kg/h",
            amounts.rate_per_kg,
            limits["max_rate_per_kg"],
            None if limits["max_rate"] else limits["usual_rate_per_kg"],
        ),
        _infusion(
            "duration", "h", amounts.duration, limits["max_duration"], limits["usual_duration"]
        ),
        _reverse(inputs, amounts),
    ]


def _possible(inputs: DoseInputs) -> Check:
    """Nothing that is measured is 0 or below, without end, or a part above the whole."""
    name = "possible values"
    impossible = []
    for argument, figure in inputs.figures.items():
        high = 1.0 if argument in FRACTIONS else LARGEST
        nothing_left = argument == "dead_volume" and figure.value == 0
        if not (SMALLEST <= figure.value <= high or nothing_left):
            shown = inputs.texts.get(argument, str(figure.value))
            part = ", at most 100%" if argument in FRACTIONS else ""
            impossible.append(f"{argument} {shown} (above 0{part})")
    if impossible:
        return Check(name, HARD, f"not possible: {'; '.join(impossible)}")
    return Check(name, PASSED, "every figure is above 0, and no part above the whole")


def _arm_dose(inputs: DoseInputs, limits: Limits) -> Check:
    name, dose, stated = "arm dose", Figure(inputs.dose, "cell/kg"), limits["dose"]
    if stated is not None:
        if not math.isclose(inputs.dose, stated.value, rel_tol=LAST_BITS):
            return Check(name, HARD, f"{dose} is not the arm's dose of {stated}", stated, dose)
        return Check(name, PASSED, f"{dose} is the arm's dose", stated, dose)
    low, high = limits["usual_dose_low"], limits["usual_dose_high"]
    assert low is not None and high is not None
    usual = f"{low} to {high}"
    if above(low.value, inputs.dose) or above(inputs.dose, high.value):
        shown = f"{dose} is outside the range of published protocols, {usual}; no arm is given"
        return Check(name, SOFT, shown, usual, dose)
    return Check(name, NOT_MADE, "no arm of a trial is given", None, dose)


def _concentration(inputs: DoseInputs, limits: Limits) -> Check:
    name, low, high = "concentration", limits["min_concentration"], limits["max_concentration"]
    figure = inputs.figures.get("concentration") or inputs.figures.get("viable_concentration")
    if figure is None:
        return Check(name, NOT_MADE, "no concentration is given")
    if low is None and high is None:
        least, most = limits["usual_concentration_low"], limits["usual_concentration_high"]
        assert least is not None and most is not None
        usual = f"{least} to {most}"
        if above(least.value, figure.value) or above(figure.value, most.value):
            shown = f"{figure} is outside the usual {usual}; the protocol states no limit"
            return Check(name, SOFT, shown, usual, figure)
        return Check(name, NOT_MADE, "the protocol states no limit", None, figure)
    limit = f"{low or 'no least'} to {high or 'no most'}"
    if high is not None and above(figure.value, high.value):
        return Check(name, HARD, f"{figure} is above {high}", limit, figure)
    if low is not None and above(low.value, figure.value):
        return Check(name, HARD, f"{figure} is below {low}", limit, figure)
    return Check(name, PASSED, f"{figure} is within {limit}", limit, figure)


def _viability(inputs: DoseInputs, limits: Limits) -> Check:
    """The product's specification; without one, what tells a slip from a product."""
    name = "viability"
    figure = inputs.figures.get("viability") or inputs.figures.get("release_viability")
    stated, least, usual = (
        limits["min_viability"], limits["least_viability"], limits["usual_viability"]
    )  # fmt: skip
    assert least is not None and usual is not None
    if figure is None:
        return Check(name, NOT_MADE, "viability is not given", stated)
    if above(least.value, figure.value):
        said = f"{figure} is below {least}. Read the certificate again, and type the percent sign"
        return Check(name, HARD, said, least, figure)
    if stated is not None:
        if above(stated.value, figure.value):
            return Check(name, HARD, f"{figure} is below {stated}", stated, figure)
        return Check(name, PASSED, f"{figure} is at least {stated}", stated, figure)
    if above(usual.value, figure.value):
        shown = f"{figure} is below the usual {usual}; the protocol states no limit"
        return Check(name, SOFT, shown, usual, figure)
    return Check(name, NOT_MADE, "the protocol states no limit", None, figure)


def _dead_volume(inputs: DoseInputs, limits: Limits) -> Check:
    """What is drawn up on top of the dose: too much of it in a shorter line is an overdose."""
    name, figure, usual = (
        "dead volume",
        inputs.figures.get("dead_volume"),
        limits["usual_dead_volume"],
    )
    assert usual is not None
    if figure is None:
        return Check(name, NOT_MADE, "the dead volume is not given", usual)
    if above(figure.value, usual.value):
        return Check(name, SOFT, f"{figure} is more than the usual {usual}", usual, figure)
    return Check(name, PASSED, f"{figure} is at most {usual}", usual, figure)


def _cumulative(inputs: DoseInputs, limits: Limits) -> Check:
    """Cells per body weight over all doses, as prescribed."""
    name, limit = "cumulative dose", limits["max_total_dose"]
    if limit is None:
        return Check(name, NOT_MADE, "the protocol states no limit")
    before = inputs.given or ()
    total = Figure(math.fsum([inputs.dose, *(dose.dose for dose in before)]), "cell/kg")
    if above(total.value, limit.value):  # a dose may be too much by itself
        shown = f"with this dose {total} in all: more than {limit}"
        return Check(name, HARD, shown, limit, total)
    if inputs.given is None:
        return Check(name, NOT_MADE, "doses already given are not stated", limit)
    return Check(name, PASSED, f"with this dose {total} in all", limit, total)


def _number(inputs: DoseInputs, limits: Limits) -> Check:
    name, limit = "number of doses", limits["max_doses"]
    if limit is None:
        return Check(name, NOT_MADE, "the protocol states no limit")
    if inputs.given is None:
        return Check(name, NOT_MADE, "doses already given are not stated", limit)
    total = Figure(len(inputs.given) + 1, "")
    if total.value > limit.value:
        return Check(name, HARD, f"this would be dose {total} of {limit}", limit, total)
    return Check(name, PASSED, f"dose {total} of {limit}", limit, total)


def _interval(inputs: DoseInputs, limits: Limits) -> Check:
    """Days since the last dose; twice on one day is refused unless the protocol has an interval."""
    name, least, most = "dose interval", limits["min_interval"], limits["max_interval"]
    if inputs.given is None:
        return Check(name, NOT_MADE, "doses already given are not stated", least)
    if not inputs.given:
        return Check(name, PASSED, "no dose was given before", least)
    if inputs.on is None:
        return Check(name, NOT_MADE, "the date of the dose is not given", least)
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
        return Check(name, NOT_MADE, "the protocol states no interval", None, shown)
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
        return Check(name, NOT_MADE, f"{missing} is not given")
    if expires.timed and on.timed:
        expired = hours_between(on, expires, "expires") < 0
    elif expires.timed and expires.date == on.date:
        return Check(name, NOT_MADE, "the time of the dose is not given", str(expires), str(on))
    else:
        expired = expires.date < on.date
    if expired:
        return Check(name, HARD, f"the product expired at {expires}", str(expires), str(on))
    return Check(name, PASSED, f"the product is good until {expires}", str(expires), str(on))


def _cells(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """Cells of the dose, or in the syringe where that is more."""
    name, limit = "cells per dose", limits["max_cells"]
    delivered = 0.0 if amounts.delivered is None else amounts.delivered * inputs.weight
    most = Figure(max(amounts.cells, delivered), "cell", 6)
    if limit is None:
        return Check(name, NOT_MADE, "the protocol states no limit", None, most, derived=True)
    if above(most.value, limit.value):
        return Check(name, HARD, f"more than {limit}", limit, most, derived=True)
    return Check(name, PASSED, f"at most {limit}", limit, most, derived=True)


def _volume_per_kg(limits: Limits, amounts: Amounts) -> Check:
    name, limit = "volume per kg", limits["max_volume_per_kg"]
    usual, most = limits["usual_volume_per_kg"], limits["most_volume_per_kg"]
    assert usual is not None and most is not None
    if amounts.volume_per_kg is None:
        return Check(name, NOT_MADE, "no concentration is given", limit, derived=True)
    value = Figure(amounts.volume_per_kg, "mL/kg", 6)
    if above(value.value, most.value):
        return Check(name, HARD, f"more than {most}", most, value, derived=True)
    if limit is not None:
        over = above(value.value, limit.value)
        message = f"more than {limit}" if over else f"at most {limit}"
        return Check(name, HARD if over else PASSED, message, limit, value, derived=True)
    if above(value.value, usual.value):
        message = f"more than {usual}; the protocol states no limit"
        return Check(name, SOFT, message, usual, value, derived=True)
    return Check(name, NOT_MADE, "the protocol states no limit", None, value, derived=True)


def _rounding(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """The syringe must measure the volume within the tolerance; if not, which would."""
    name, limit, error = "rounding error", limits["rounding_tolerance"], amounts.rounding_error
    assert limit is not None
    if error is None:
        return Check(name, NOT_MADE, "no graduation of a syringe is given", limit, derived=True)
    value = Figure(error, "fraction", 4)
    if amounts.syringe_volume and not above(abs(error), limit.value):
        return Check(name, PASSED, f"at most {limit}", limit, value, derived=True)
    assert amounts.strength is not None
    precise = exact_volume(inputs.dose, inputs.weight, *amounts.strength)
    finer = finer_graduation(precise, limit.value)
    advice = f"use a syringe of graduation {finer} mL" if finer else "use another dilution"
    message = (
        f"a graduation of {Figure(inputs.graduation or 0.0, 'mL')} is off by more than {limit}"
    )
    return Check(name, HARD, f"{message}: {advice}", limit, value, derived=True)


def _capacity(inputs: DoseInputs, amounts: Amounts) -> Check:
    name = "syringe capacity"
    drawn = amounts.draw_volume if amounts.draw_volume is not None else amounts.given_volume
    if inputs.syringe_capacity is None or drawn is None:
        return Check(name, NOT_MADE, "the capacity of the syringe is not given", derived=True)
    limit, value = Figure(inputs.syringe_capacity, "mL"), Figure(drawn, "mL", 6)
    if above(drawn, limit.value):
        message = f"what is drawn up is more than the syringe holds ({limit})"
        return Check(name, HARD, message, limit, value, derived=True)
    return Check(name, PASSED, f"the syringe holds {limit}", limit, value, derived=True)


def _infusion(
    name: str, unit: str, figure: float | None, limit: Figure | None, usual: Figure | None = None
) -> Check:
    """Against the limit of the protocol; without one, against what is usual, where that is said."""
    value = None if figure is None else Figure(figure, unit, 6)
    if limit is None:
        if usual is not None and figure is not None and above(figure, usual.value):
            message = f"more than {usual}; the protocol states no limit"
            return Check(name, SOFT, message, usual, value, derived=True)
        return Check(name, NOT_MADE, "the protocol states no limit", None, value, derived=True)
    if figure is None:
        return Check(name, NOT_MADE, "no duration or rate is given", limit, derived=True)
    over = above(figure, limit.value)
    message = f"more than {limit}" if over else f"at most {limit}"
    return Check(name, HARD if over else PASSED, message, limit, value, derived=True)


def _reverse(inputs: DoseInputs, amounts: Amounts) -> Check:
    """The exact volume, computed in floats, must give back the dose, computed in decimals."""
    name, dose = "reverse calculation", Figure(inputs.dose, "cell/kg")
    if amounts.reverse is None:
        return Check(name, NOT_MADE, "no concentration is given", dose, derived=True)
    value = Figure(amounts.reverse, "cell/kg", 6)
    if not math.isclose(amounts.reverse, inputs.dose, rel_tol=REVERSE):
        return Check(name, HARD, "the volume does not give back the dose", dose, value, True)
    return Check(name, PASSED, "the volume gives back the dose", dose, value, derived=True)
