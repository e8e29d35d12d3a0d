"""The answer to a question for a dose: first what to do, then why it may be done.

A box says what to give, draw up, set on the pump, and of what it is; then come the stops that were
passed, the checks that passed, what was not checked, and the working. Figures in the box have the
digits that a syringe, a pump and a clock can show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from neocalc.dose.notation import Figure, amount, number, spoken
from neocalc.dose.stops import LACKS_LIMIT, NOT_MADE, PASSED, SOFT, Check
from neocalc.dose.working import steps

if TYPE_CHECKING:
    from neocalc.dose.plan import Plan

MEASURABLE: Final = 3
"""Significant digits of what is measured without lines or steps."""
_MILLION: Final = 1_000_000
_NOBODY: Final = "not typed"


def box(plan: Plan) -> list[tuple[str, str]]:
    """What to do: each line by its word.

    Examples
    --------
    >>> from neocalc.dose import prepare
    >>> plan = prepare(weight="3.1 kg", dose="1 million cells/kg", concentration="5e6 cells/mL",
    ...                viability="92%", graduation="0.01 mL", dead_volume="0.1 mL",
    ...                duration="30 min", pump_step="0.01 mL/h")
    >>> for word, said in box(plan):
    ...     print(f"{word:<7}", said)
    GIVE    0.67 mL
    DRAW UP 0.77 mL: 0.67 mL to give, and 0.1 mL that stays in syringe and line
    PUMP    1.34 mL/h, for 30 minutes
    OF      3.08 million viable cells, 0.994 million viable cells/kg: 99.4% of what is prescribed
    """
    found = [("GIVE", _give(plan))]
    if plan.amounts.given_volume is not None:
        found += [("DRAW UP", _draw_up(plan)), ("PUMP", _pump(plan))]
    if plan.amounts.vials is not None:
        count = amount(plan.amounts.vials, "vial")
        found.append(("THAW", f"{count}, pooled" if plan.inputs.pool is not None else count))
    return [*found, ("OF", _of(plan))]


def _volume(plan: Plan) -> str:
    """The volume of the dose: on a line of the syringe, or as exactly as can be measured."""
    given, lines = plan.amounts.given_volume, plan.amounts.syringe_volume
    assert given is not None
    return amount(given, "mL", None if lines is not None else MEASURABLE)


def _give(plan: Plan) -> str:
    inputs = plan.inputs
    if plan.amounts.given_volume is None:
        return f"{_cells(plan, plan.amounts.cells)} (no volume: no concentration is typed)"
    said = _volume(plan)
    if inputs.vehicle_volume and plan.amounts.infused_volume is not None:
        whole = amount(plan.amounts.infused_volume, "mL", MEASURABLE + 1)
        said = f"{whole}: {said} of cells in {_vehicle(plan)}"
    elif plan.amounts.syringe_volume is None:
        said += " (the lines of the syringe are not typed)"
    if inputs.flush_volume:
        said += f"; then flush with {amount(inputs.flush_volume, 'mL')}"
    return said


def _vehicle(plan: Plan) -> str:
    volume = amount(plan.inputs.vehicle_volume or 0.0, "mL")
    return f"{volume} of {plan.inputs.vehicle or 'vehicle'}"


def _draw_up(plan: Plan) -> str:
    """What is in the syringe, and what of it is not given."""
    inputs, amounts = plan.inputs, plan.amounts
    if inputs.vehicle_volume:
        return f"{_volume(plan)} of cells, then {_vehicle(plan)}"
    if amounts.draw_volume is None:
        return f"{_volume(plan)}, and what stays in syringe and line ({_NOBODY})"
    digits = None if amounts.syringe_volume is not None else MEASURABLE
    drawn = amount(amounts.draw_volume, "mL", digits)
    assert amounts.given_volume is not None
    said = drawn
    if inputs.dead_volume:
        left = amount(amounts.draw_volume - amounts.given_volume, "mL", MEASURABLE)
        said = f"{drawn}: {_volume(plan)} to give, and {left} that stays in syringe and line"
    if amounts.syringes:
        parts = " and ".join(amount(part, "mL") for part in amounts.syringes)
        said += f"; in {len(amounts.syringes)} syringes, {parts}"
    return said


def _pump(plan: Plan) -> str:
    amounts = plan.amounts
    if amounts.rate is None or amounts.duration is None:
        return "neither duration nor rate is typed"
    if amounts.pump_rate is not None and amounts.pump_duration is not None:
        return f"{amount(amounts.pump_rate, 'mL/h')}, for {minutes(amounts.pump_duration)}"
    rate = amount(amounts.rate, "mL/h", MEASURABLE)
    return f"{rate}, for {minutes(amounts.duration)} (the step of the pump is {_NOBODY})"


def _of(plan: Plan) -> str:
    amounts, inputs = plan.amounts, plan.inputs
    if amounts.delivered is None:
        return f"{_cells(plan, amounts.cells)}, {_cells(plan, inputs.dose)}/kg as prescribed"
    share = Figure(amounts.delivered / inputs.dose, "fraction", MEASURABLE)
    cells = _cells(plan, amounts.delivered * inputs.weight)
    return f"{cells}, {_cells(plan, amounts.delivered)}/kg: {share} of what is prescribed"


def _cells(plan: Plan, cells: float) -> str:
    """Cells in millions: "0.994 million viable cells"."""
    millions = number(cells / _MILLION, MEASURABLE)
    return f"{millions} million {plan.limits.counts} cells"


def minutes(hours: float) -> str:
    """A time as a clock shows it: minutes up to two hours, then hours and minutes.

    Examples
    --------
    >>> minutes(0.5), minutes(1 / 3), minutes(2.5), minutes(0.0625)
    ('30 minutes', '20 minutes', '2 hours 30 minutes', '3.8 minutes')
    """
    exact = hours * 60
    if exact < 10:
        return amount(round(exact, 1), "min")
    whole = round(exact)
    if whole <= 120:
        return amount(whole, "min")
    hour, rest = divmod(whole, 60)
    return amount(hour, "h") + (f" {amount(rest, 'min')}" if rest else "")


def whose(plan: Plan) -> str:
    """Whose dose it is, by which protocol, in one line."""
    inputs = plan.inputs
    names = [name for name in (inputs.subject, inputs.identifier) if name is not None]
    dose = str(Figure(inputs.dose, "cell/kg")).replace(" cells", f" {plan.limits.counts} cells")
    who = f"For {', '.join(names)}: " if names else ""
    protocol = plan.arm.label if plan.arm is not None else "no trial named"
    return f"{who}{dose} at {Figure(inputs.weight, 'kg')}; {protocol}"


def passed(plan: Plan) -> list[str]:
    """The checks that passed, a line each, with what was compared."""
    return [f"{one.name}: {_found(one)}" for one in plan.checks if one.outcome == PASSED]


def _found(check: Check) -> str:
    """What a check found; the value of a result stands before its limit."""
    value = check.value
    if not check.derived or not isinstance(value, Figure):
        return check.message
    if check.name == "rounding error":
        less = "less" if value.value < 0 else "more"
        return f"{amount(abs(value.value), 'fraction', 2)} {less} than prescribed, {check.message}"
    return f"{spoken(value._replace(digits=MEASURABLE))}, {check.message}"


def not_checked(plan: Plan) -> str:
    """What nobody has checked, in one line; empty where all was checked."""
    without = [check for check in plan.checks if check.outcome == NOT_MADE]
    unlimited = [check.name for check in without if check.lacks == LACKS_LIMIT]
    untyped = [
        f"{check.name} (viable ones are taken)" if check.name == "cells counted" else check.name
        for check in without
        if check.lacks != LACKS_LIMIT
    ]
    where = "no limit in this protocol" if plan.arm is not None else "no protocol is named"
    said = []
    if unlimited:
        said.append(f"{where}: {', '.join(unlimited)}")
    if untyped:
        said.append(f"{_NOBODY}: {', '.join(untyped)}")
    return f"Not checked: {'; '.join(said)}" if said else ""


def describe(plan: Plan) -> str:
    """The box, the stops, the checks, what was not checked, and the working.

    Examples
    --------
    >>> from neocalc.dose import prepare
    >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
    ...                viable_concentration="2 million cells/mL", graduation="0.1 mL")
    >>> for line in describe(plan).splitlines()[1:4]:
    ...     print(line.rstrip(" |"))
    | GIVE     1.2 mL
    | DRAW UP  1.2 mL, and what stays in syringe and line (not typed)
    | PUMP     neither duration nor rate is typed
    """
    lines = [*framed(box(plan)), whose(plan)]
    site = plan.request.site
    lines += [f"Defaults of the unit: {site.label}"] if site is not None else []
    stops = [check for check in plan.checks if check.outcome == SOFT]
    if stops or plan.loosened:
        lines += ["", *map(str, stops), *filter(None, (plan.passed, plan.loosened))]
    lines += ["", "Checks passed", *(f"  {said}" for said in passed(plan))]
    missing = not_checked(plan)
    lines += ["", missing] if missing else []
    lines += ["", "Working"]
    for step in steps(plan):
        lines.append(f"  {step.label} = {step.formula} = {step.figures} = {step.result}")
    return "\n".join(lines)


def framed(rows: list[tuple[str, str]]) -> list[str]:
    """Rows in a frame."""
    wide = max(len(word) for word, _ in rows)
    said = [f"{word:<{wide}}  {text}" for word, text in rows]
    width = max(map(len, said))
    edge = f"+{'-' * (width + 2)}+"
    return [edge, *(f"| {line:<{width}} |" for line in said), edge]
