"""Checks of a dose against its protocol: the product, the volume, the syringe and the arithmetic.

Every check is in every result, in one order. One that cannot be made, for want of an input or
because the protocol states no limit, says so; a limit that is stated and cannot be checked is a
stop. Hard stops are found before anything is computed from which a dose could be read. A value on
its limit is inside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from neocalc.dose.amounts import Amounts
from neocalc.dose.bounds import judged, side
from neocalc.dose.conditions import condition_checks
from neocalc.dose.course import course_checks
from neocalc.dose.formulas import exact, exact_sum, exact_volume, fitting_syringe, largest_syringe
from neocalc.dose.infusion import infusion_checks
from neocalc.dose.inputs import FRACTIONS, LARGEST, OR_NONE, SMALLEST, DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure, amount
from neocalc.dose.persons import SecondCheck, second_check
from neocalc.dose.stops import (
    HARD,
    LACKS_INPUT,
    LACKS_LIMIT,
    LAST_BITS,
    NOT_MADE,
    PASSED,
    SOFT,
    Check,
    above,
)
from neocalc.dose.weight import weight_checks

if TYPE_CHECKING:
    from neocalc.trials import Arm

REVERSE: Final = 1e-9
"""Agreement asked of the forward and the reverse calculation."""


def input_checks(
    inputs: DoseInputs,
    limits: Limits,
    second: SecondCheck | None = None,
    arm: Arm | None = None,
    required: Sequence[str] = (),
) -> list[Check]:
    """Every check that can be made before anything is computed."""
    possible = _possible(inputs)
    if possible.outcome == HARD:
        return [possible]
    needed, *conditions = condition_checks(inputs, limits, arm, second, required)
    return [
        possible,
        needed,
        _arm_dose(inputs, limits, arm),
        *conditions,
        *weight_checks(inputs, limits),
        second_check(inputs, second),
        _concentration(inputs, limits),
        _viability(inputs, limits),
        _filter(inputs, limits),
        *course_checks(inputs, limits),
    ]


def derived_checks(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> list[Check]:
    """Every check of what was computed."""
    return [
        _cells(inputs, limits, amounts),
        _volume_per_kg(limits, amounts),
        _total_volume(inputs, limits, amounts),
        _dmso(limits, amounts),
        _rounding(inputs, limits, amounts),
        _dead_volume(inputs, limits, amounts),
        _capacity(inputs, amounts),
        _vials(limits, amounts),
        _yield(inputs, amounts),
        *infusion_checks(inputs, limits, amounts),
        _reverse(inputs, amounts),
    ]


def _possible(inputs: DoseInputs) -> Check:
    """Nothing that is measured is 0 or below, without end, or a part above the whole."""
    name = "possible values"
    impossible = []
    for argument, figure in inputs.figures.items():
        high = 1.0 if argument in FRACTIONS else LARGEST
        nothing_left = argument in OR_NONE and figure.value == 0
        if not (SMALLEST <= figure.value <= high or nothing_left):
            shown = inputs.texts.get(argument, str(figure.value))
            part = ", at most 100%" if argument in FRACTIONS else ""
            impossible.append(f"{argument} {shown} (above 0{part})")
    for one in inputs.vials or ():
        share = 1.0 if one.viability is None else one.viability
        sizes = (one.cells, one.volume)
        if not (0 < share <= 1 and min(sizes) >= SMALLEST and max(sizes) <= LARGEST):
            impossible.append("a vial (cells, volume and viability above 0, at most 100%)")
    if impossible:
        return Check(name, HARD, f"not possible: {'; '.join(impossible)}")
    return Check(name, PASSED, "every figure is above 0, and no part above the whole")


def _arm_dose(inputs: DoseInputs, limits: Limits, arm: Arm | None) -> Check:
    name, dose, stated = "arm dose", Figure(inputs.dose, "cell/kg"), limits["dose"]
    if stated is not None:
        if not math.isclose(inputs.dose, stated.value, rel_tol=LAST_BITS):
            return Check(name, HARD, f"{dose} is not the arm's dose of {stated}", stated, dose)
        band = None if arm is None else arm.conditions.band(inputs.weight)
        if band is not None:
            ends = f"from {amount(band.low, 'kg')} to below {amount(band.high, 'kg')}"
            said = f"{amount(band.cells, 'cell')}, the dose {ends}"
            return Check(name, PASSED, said, stated, dose)
        return Check(name, PASSED, f"{dose} is the arm's dose", stated, dose)
    low, high = limits["usual_dose_low"], limits["usual_dose_high"]
    assert low is not None and high is not None
    usual = f"{low} to {high}"
    if above(low.value, inputs.dose) or above(inputs.dose, high.value):
        shown = f"{dose} is outside the range of published protocols, {usual}; no arm is given"
        return Check(name, SOFT, shown, usual, dose)
    return Check(name, NOT_MADE, "no arm of a trial is named", None, dose, False, LACKS_LIMIT)


def _concentration(inputs: DoseInputs, limits: Limits) -> Check:
    """Both sides, each by its own limit: one that is stated says nothing of the other side."""
    figure = inputs.figures.get("concentration") or inputs.figures.get("viable_concentration")
    if inputs.pool is not None:
        kinds = {one.viable for one in inputs.pool.vials}
        counts = "total" if kinds == {False} else limits.counts
        figure = Figure(inputs.pool.concentration(counts), "cell/mL", 6)
    most = limits["most_concentration"]
    assert most is not None
    if figure is not None and above(figure.value, most.value):
        said = f"{figure} is more than {most}, more than fit into a millilitre"
        return Check("concentration", HARD, said, most, figure)
    sides = (
        side(limits, "min_concentration", "usual_concentration_low", least=True),
        side(limits, "max_concentration", "usual_concentration_high"),
    )
    return judged("concentration", figure, sides, "no concentration is given")


def _viability(inputs: DoseInputs, limits: Limits) -> Check:
    """The product's specification; without one, what tells a slip from a product."""
    name = "viability"
    figure = inputs.figures.get("viability") or inputs.figures.get("release_viability")
    if inputs.pool is not None and inputs.pool.lowest_viability is not None:
        figure = Figure(inputs.pool.lowest_viability, "fraction")
    least = limits["least_viability"]
    assert least is not None
    if figure is not None and above(least.value, figure.value):
        said = f"{figure} is below {least}. Read the certificate again, and type the percent sign"
        return Check(name, HARD, said, least, figure)
    one = side(limits, "min_viability", "usual_viability", least=True)
    return judged(name, figure, [one], "no viability is given")


def _filter(inputs: DoseInputs, limits: Limits) -> Check:
    """A filter in the line is a condition that the protocol states and the person confirms."""
    name, stated, there = "filter", limits.line_filter, inputs.line_filter
    if stated is None:
        typed = {None: "", True: "; one is in the line", False: "; none is in the line"}[there]
        said = f"the protocol states no filter{typed}"
        return Check(name, NOT_MADE, said, None, None, False, LACKS_LIMIT)
    asked = "no filter" if stated == "none" else f"a filter ({stated})"
    if there is None:
        said = f"the protocol asks for {asked}: type whether one is in the line"
        return Check(name, HARD, said, stated)
    if there is (stated == "none"):
        found = "one is" if there else "none is"
        return Check(name, HARD, f"the protocol asks for {asked}, and {found} in the line", stated)
    return Check(name, PASSED, f"{asked}, as the protocol asks", stated)


def _cells(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """Cells of the dose, or in the syringe where that is more."""
    delivered = 0.0 if amounts.delivered is None else amounts.delivered * inputs.weight
    most = Figure(max(amounts.cells, delivered), "cell", 6)
    return judged("cells per dose", most, [side(limits, "max_cells")], "", derived=True)


def _volume_per_kg(limits: Limits, amounts: Amounts) -> Check:
    name, most = "volume per kg", limits["most_volume_per_kg"]
    assert most is not None
    value = None
    if amounts.volume_per_kg is not None:
        value = Figure(amounts.volume_per_kg, "mL/kg", 6)
        if above(value.value, most.value):
            return Check(name, HARD, f"more than {most}", most, value, derived=True)
    one = side(limits, "max_volume_per_kg", "usual_volume_per_kg")
    return judged(name, value, [one], "no concentration is given", derived=True)


def _total_volume(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """The dose with its vehicle and the flush."""
    name, most = "total volume per kg", limits["most_volume_per_kg"]
    assert most is not None
    known = amounts.total_volume_per_kg
    if known is None and inputs.flush_volume is None and limits["max_total_volume_per_kg"] is None:
        said = "neither vehicle nor flush is typed"
        return Check(name, NOT_MADE, said, None, None, True, LACKS_INPUT)
    value = None if known is None else Figure(known, "mL/kg", 6)
    if value is not None and above(value.value, most.value):
        return Check(name, HARD, f"more than {most}", most, value, True)
    one = side(limits, "max_total_volume_per_kg")
    return judged(name, value, [one], "vehicle and flush are not typed (0 mL for none)",
                  derived=True)  # fmt: skip


def _dmso(limits: Limits, amounts: Amounts) -> Check:
    value = None if amounts.dmso_per_kg is None else Figure(amounts.dmso_per_kg, "g/kg", 4)
    one, missing = side(limits, "max_dmso_per_kg"), "the share of DMSO in the product is not typed"
    return judged("DMSO per kg", value, [one], missing, derived=True)


def _yield(inputs: DoseInputs, amounts: Amounts) -> Check:
    """The pooled vials must hold what is drawn up."""
    name, pool = "yield of the vials", inputs.pool
    drawn = amounts.draw_volume if amounts.draw_volume is not None else amounts.given_volume
    if pool is None or drawn is None:
        said = "the vials are not typed with their own counts"
        return Check(name, NOT_MADE, said, None, None, True, LACKS_INPUT)
    limit, value = Figure(float(pool.volume), "mL"), Figure(drawn, "mL", 6)
    if above(drawn, limit.value):
        said = f"what is drawn up is more than the vials hold ({limit})"
        return Check(name, HARD, said, limit, value, True)
    return Check(name, PASSED, f"the vials hold {limit}", limit, value, True)


def _rounding(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """The syringe must measure the volume within the tolerance; if not, which would."""
    name, limit, error = "rounding error", limits["rounding_tolerance"], amounts.rounding_error
    assert limit is not None
    if error is None:
        said = "the graduation of the syringe is not typed"
        return Check(name, NOT_MADE, said, limit, None, True, LACKS_INPUT)
    value = Figure(error, "fraction", 4)
    if amounts.syringe_volume and not above(abs(error), limit.value):
        return Check(name, PASSED, f"at most {limit}", limit, value, derived=True)
    assert amounts.strength is not None
    precise = exact_volume(inputs.dose, inputs.weight, *amounts.strength)
    drawn = exact_sum(precise, exact(inputs.dead_volume or 0.0))
    fitting = fitting_syringe(precise, drawn, limit.value)
    advice = f"use {fitting}" if fitting else "use another dilution"
    message = (
        f"a graduation of {Figure(inputs.graduation or 0.0, 'mL')} is off by more than {limit}"
    )
    return Check(name, HARD, f"{message}: {advice}", limit, value, derived=True)


def _dead_volume(inputs: DoseInputs, limits: Limits, amounts: Amounts) -> Check:
    """What is drawn up on top of the dose: too much of it in a shorter line is an overdose."""
    name, figure = "dead volume", inputs.figures.get("dead_volume")
    usual, given = limits["usual_dead_volume"], amounts.given_volume
    assert usual is not None
    if figure is None:
        said = "the dead volume of syringe and line is not typed"
        return Check(name, NOT_MADE, said, usual, None, True, LACKS_INPUT)
    if given is not None and above(figure.value, given):
        said = f"{figure} is more than the dose itself: use a shorter line, or a flush"
        return Check(name, HARD, said, usual, figure, True)
    if figure.value and inputs.flush_volume:
        said = (
            f"the flush gives what stays in the line too, {figure} beyond the dose: draw up the "
            "dose alone (dead volume 0 mL), or do not flush"
        )
        return Check(name, SOFT, said, usual, figure, True)
    if above(figure.value, usual.value):
        return Check(name, SOFT, f"{figure} is more than the usual {usual}", usual, figure, True)
    return Check(name, PASSED, f"{figure} is at most {usual}", usual, figure, True)


def _capacity(inputs: DoseInputs, amounts: Amounts) -> Check:
    """The syringe holds what is drawn up; and a syringe that holds so much has such lines."""
    name, lines = "syringe capacity", inputs.graduation
    drawn = amounts.draw_volume if amounts.draw_volume is not None else amounts.given_volume
    drawn = max(amounts.syringes, default=drawn)
    if drawn is not None and not amounts.syringes:
        drawn += inputs.vehicle_volume or 0.0
    value = None if drawn is None else Figure(drawn, "mL", 6)
    holds = inputs.syringe_capacity
    if holds is not None and drawn is not None and above(drawn, holds):
        limit = Figure(holds, "mL")
        message = f"what is drawn up is more than the syringe holds ({limit})"
        return Check(name, HARD, message, limit, value, derived=True)
    needed = holds if holds is not None else drawn
    if lines is not None and needed is not None and above(needed, largest_syringe(lines)):
        limit = Figure(largest_syringe(lines), "mL")
        what = "the syringe is larger" if holds is not None else "what is drawn up is more"
        message = (
            f"{what} than usual for lines of {Figure(lines, 'mL')} ({limit}): look at the syringe"
        )
        return Check(name, SOFT, message, limit, value, derived=True)
    if holds is None or drawn is None:
        said = "the capacity of the syringe is not typed"
        return Check(name, NOT_MADE, said, None, value, True, LACKS_INPUT)
    limit = Figure(holds, "mL")
    return Check(name, PASSED, f"the syringe holds {limit}", limit, value, derived=True)


def _vials(limits: Limits, amounts: Amounts) -> Check:
    value = None if amounts.vials is None else Figure(amounts.vials, "vial")
    one = side(limits, "max_vials", "usual_vials")
    return judged(
        "number of vials", value, [one], "the content of a vial is not typed", derived=True
    )


def _reverse(inputs: DoseInputs, amounts: Amounts) -> Check:
    """The exact volume, computed in floats, must give back the dose, computed in decimals."""
    name, dose = "reverse calculation", Figure(inputs.dose, "cell/kg")
    if amounts.reverse is None:
        return Check(name, NOT_MADE, "no concentration is given", dose, None, True, LACKS_INPUT)
    value = Figure(amounts.reverse, "cell/kg", 6)
    if not math.isclose(amounts.reverse, inputs.dose, rel_tol=REVERSE):
        return Check(name, HARD, "the volume does not give back the dose", dose, value, True)
    return Check(name, PASSED, "the volume gives back the dose", dose, value, derived=True)
