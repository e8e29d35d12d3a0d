"""The working of a dose: each step with its formula, its figures and its result, to be done again.

References
----------
The formulas are in `neocalc.dose.formulas`; each stands here as a person writes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from neocalc.dose.amounts import FASTEST
from neocalc.dose.formulas import DMSO_DENSITY, up_to_graduation
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.notation import COMPUTED, SPELLED, Figure, amount, number
from neocalc.errors import UnitError
from neocalc.reading.dimensions import split_quantity

if TYPE_CHECKING:
    from neocalc.dose.plan import Plan


class Step(NamedTuple):
    """One line of the working: what, by which formula, with which figures, and the result."""

    label: str
    formula: str
    figures: str
    result: str


def steps(plan: Plan) -> list[Step]:
    """The working of a dose, in order.

    Examples
    --------
    >>> from neocalc.dose import prepare
    >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
    ...                viable_concentration="2 million cells/mL")
    >>> for step in steps(plan)[:2]:
    ...     print(step.label, "=", step.figures, "=", step.result)
    cells = 1 million cells/kg x 2.35 kg = 2,350,000 cells
    volume = 2,350,000 cells / 2 million cells/mL = 1.175 mL
    """
    return list(_steps(plan))


def _steps(plan: Plan) -> Iterator[Step]:
    inputs, amounts, shown = plan.inputs, plan.amounts, _results(plan)
    given = {name: str(figure) for name, figure in figures_as_given(inputs).items()}
    weight = given["weight"]
    yield Step("cells", "dose x weight", f"{given['dose']} x {weight}", shown["cells"])
    strength = _strength(plan, given)
    if strength:
        figures = f"{shown['cells']} / {strength}"
        yield Step("volume", f"cells / {_formula(plan)}", figures, shown["volume"])
    administered, volume = "volume", shown.get("volume", "")
    if "syringe volume" in shown:
        administered = "syringe volume"
        down = plan.limits.rounding == "down"
        rule = "line of the syringe below it" if down else "nearest line of the syringe"
        figures = f"lines of {given['graduation']}"
        yield Step("syringe volume", rule, figures, shown["syringe volume"])
        figures = f"{shown['syringe volume']} / {volume} - 1"
        yield Step(
            "rounding error", "syringe volume / volume - 1", figures, shown["rounding error"]
        )
        volume = shown["syringe volume"]
    if "draw-up volume" in shown:
        left = up_to_graduation(inputs.dead_volume or 0.0, inputs.graduation)
        figures = f"{volume} + {amount(left, 'mL')}"
        formula = f"{administered} + dead volume"
        yield Step("draw-up volume", formula, figures, shown["draw-up volume"])
    if "volume per kg" in shown:
        figures = f"{volume} / {weight}"
        yield Step("volume per kg", f"{administered} / weight", figures, shown["volume per kg"])
    if amounts.vials is not None:
        yield _vials(plan, given, shown)
    yield from _infusion(plan, given, shown, administered, volume)
    yield from _product(plan, given, shown, administered, volume)
    if strength:
        figures = f"{volume} x {strength.strip('()')} / {weight}"
        yield Step(
            "delivered dose", f"in reverse, from the {administered}", figures,
            shown["delivered dose"],
        )  # fmt: skip


def _strength(plan: Plan, given: dict[str, str]) -> str:
    """What the cells are divided by; empty without a concentration."""
    inputs, amounts = plan.inputs, plan.amounts
    if amounts.strength is None:
        return ""
    strength = str(Figure(amounts.strength.concentration, "cell/mL", _digits(plan)))
    if inputs.concentration is not None and plan.limits.counts == "viable":
        return f"({strength} x {given['viability']})"
    return strength


def _digits(plan: Plan) -> int | None:
    """Digits of the concentration: that of a pool is computed, any other was typed."""
    return None if plan.inputs.pool is None else COMPUTED


def _formula(plan: Plan) -> str:
    if plan.inputs.pool is not None:
        return f"{plan.limits.counts} cells of all vials in each mL of the pool"
    if plan.inputs.concentration is None:
        return "viable concentration"
    counts_viable = plan.limits.counts == "viable"
    return "(concentration x viability)" if counts_viable else "concentration"


def _infusion(
    plan: Plan, given: dict[str, str], shown: dict[str, str], administered: str, volume: str
) -> Iterator[Step]:
    """Rate, duration, speed of the cells and the pump."""
    inputs, amounts = plan.inputs, plan.amounts
    if "infused volume" in shown:
        figures = f"{volume} + {given['vehicle_volume']}"
        formula = f"{administered} + vehicle"
        yield Step("infused volume", formula, figures, shown["infused volume"])
        administered, volume = "infused volume", shown["infused volume"]
    if inputs.duration is not None:
        figures = f"{volume} / {given['duration']}"
        yield Step("rate", f"{administered} / duration", figures, shown["rate"])
    if inputs.rate is not None:
        figures = f"{volume} / {given['rate']}"
        yield Step("duration", f"{administered} / rate", figures, shown["duration"])
    if "rate per kg" in shown:
        figures = f"{shown['rate']} / {given['weight']}"
        yield Step("rate per kg", "rate / weight", figures, shown["rate per kg"])
    if "speed of cells" in shown:
        minutes = Figure((amounts.duration or 0.0) * 60, "min", COMPUTED)
        figures = f"{shown['delivered dose']} / {minutes}"
        formula = "delivered dose / minutes"
        yield Step("speed of cells", formula, figures, shown["speed of cells"])
    if "pump rate" in shown:
        down = any(plan.limits[name] is not None for name in FASTEST)
        rule = "step of the pump below it" if down else "nearest step of the pump"
        yield Step("pump rate", rule, f"steps of {given['pump_step']}", shown["pump rate"])
    if "pump duration" in shown:
        figures = f"{volume} / {shown['pump rate']}"
        formula = f"{administered} / pump rate"
        yield Step("pump duration", formula, figures, shown["pump duration"])


def _product(
    plan: Plan, given: dict[str, str], shown: dict[str, str], administered: str, volume: str
) -> Iterator[Step]:
    """Vehicle, flush and dimethyl sulfoxide."""
    weight = given["weight"]
    if "final concentration" in shown:
        concentration = _strength(plan, given).strip("()")
        figures = f"{volume} x {concentration} / {shown['infused volume']}"
        formula = "cells in the syringe / infused volume"
        yield Step("final concentration", formula, figures, shown["final concentration"])
    if "total volume" in shown:
        infused = shown.get("infused volume", volume)
        figures = f"{infused} + {given.get('flush_volume', '0 mL')}"
        yield Step("total volume", "infused volume + flush", figures, shown["total volume"])
        figures = f"{shown['total volume']} / {weight}"
        formula = "total volume / weight"
        yield Step("total volume per kg", formula, figures, shown["total volume per kg"])
    if "DMSO per kg" in shown:
        figures = f"{volume} x {given['dmso']} x {number(DMSO_DENSITY)} / {weight}"
        formula = f"{administered} x share of DMSO x g in each mL of it / weight"
        yield Step("DMSO per kg", formula, figures, shown["DMSO per kg"])


def _vials(plan: Plan, given: dict[str, str], shown: dict[str, str]) -> Step:
    if plan.inputs.pool is not None:
        volumes = " + ".join(amount(one.volume, "mL") for one in plan.inputs.pool.vials)
        held = amount(float(plan.inputs.pool.volume), "mL", COMPUTED)
        diluent = given.get("diluent_volume")
        added = f" + {diluent}" if diluent else ""
        return Step("vials", "all that are pooled", f"{volumes}{added} = {held}", shown["vials"])
    per_vial = Figure(plan.amounts.per_vial or 0.0, "cell/vial", COMPUTED)
    formula = "cells drawn up / viable cells per vial"
    if plan.inputs.cells_per_vial is not None:
        formula = "cells drawn up / (cells per vial x recovery"
        formula += " x viability)" if plan.limits.counts == "viable" else ")"
    drawn = plan.amounts.draw_volume or plan.amounts.given_volume
    cells = shown["cells"]
    if drawn is not None and plan.amounts.strength is not None:
        concentration, viable = plan.amounts.strength
        most = max(plan.amounts.cells, drawn * concentration * viable)
        cells = str(Figure(most, "cell", 1))
    return Step("vials", f"{formula}, rounded up", f"{cells} / {per_vial}", shown["vials"])


def _results(plan: Plan) -> dict[str, str]:
    return {label: str(figure) for label, figure in plan.results.items()}


def figures_as_given(inputs: DoseInputs) -> dict[str, Figure]:
    """The inputs; minutes need not end as hours, and stand beside them as they were given."""
    found = inputs.figures
    hours = found.get("duration")
    if hours is not None and as_given(inputs.texts.get("duration"), hours):
        found["duration"] = hours._replace(digits=COMPUTED)
    return found


def as_given(typed: str | None, figure: Figure) -> str:
    """The figure in the unit it was typed in, where that is another; in safe notation too."""
    try:
        value, unit = split_quantity(typed or "", "", "kg")
    except UnitError:
        return ""
    if unit.name == figure.unit or unit.name not in SPELLED:
        return ""
    return f" (given: {amount(value, unit.name)})"
