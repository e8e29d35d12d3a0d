"""What holds for every dose."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neocalc as nc
from dose_arguments import passing
from neocalc.dose import Limits, Plan, audit, dose_columns, prepare, worksheet
from neocalc.dose.formulas import exact, on_graduation
from neocalc.dose.notation import Figure, amount, number, parse
from neocalc.reading.dimensions import CANONICAL, find_unit


def decimals(low: str, high: str, places: int) -> st.SearchStrategy[Decimal]:
    """Figures as people type them."""
    return st.decimals(Decimal(low), Decimal(high), places=places)


weights = decimals("0.4", "15", 3)
millions = decimals("0.01", "80", 2)  # of cells for each kilogram or millilitre
shares = decimals("0.1", "1", 3)
graduations = st.sampled_from(["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"])
volumes = decimals("0", "5", 2)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Valid arguments of a dose, whether it will be stopped or not."""
    counts = draw(st.sampled_from(["viable", "total"]))
    asked: dict[str, Any] = {
        "weight": f"{draw(weights)} kg",
        "dose": f"{draw(millions)} million cells/kg",
    }
    basis = draw(st.sampled_from(["total", "viable"] if counts == "viable" else ["total"]))
    if basis == "viable":
        asked["viable_concentration"] = f"{draw(millions)} million cells/mL"
    else:
        asked["concentration"] = f"{draw(millions)} million cells/mL"
        if counts == "viable":
            asked["viability"] = float(draw(shares))
    if draw(st.booleans()):
        asked["graduation"] = f"{draw(graduations)} mL"
    if draw(st.booleans()):
        asked["dead_volume"] = f"{draw(volumes)} mL"
    if draw(st.booleans()):
        if basis == "viable":
            asked["viable_cells_per_vial"] = f"{draw(millions)} million cells/vial"
        else:
            asked["cells_per_vial"] = f"{draw(millions)} million cells/vial"
            asked["recovery"] = float(draw(shares))
    timing = draw(st.sampled_from(["", "duration", "rate"]))
    if timing:
        unit = "min" if timing == "duration" else "mL/h"
        asked[timing] = f"{draw(decimals('1', '60', 1))} {unit}"
    limits: dict[str, Any] = {"counts": counts}
    if draw(st.booleans()):
        limits["rounding_tolerance"] = float(draw(decimals("0.001", "0.2", 3)))
    if draw(st.booleans()):
        limits["max_volume_per_kg"] = f"{draw(decimals('0.1', '20', 1))} mL/kg"
    if draw(st.booleans()):
        limits["max_cells"] = f"{draw(decimals('0.1', '200', 1))} million cells"
    return asked | {"limits": Limits(**limits)}


def plan_or_refusal(asked: dict[str, Any]) -> Plan | nc.DoseRefused:
    """With the soft stops seen and passed."""
    try:
        return passing("drawn by a property test", **asked)
    except nc.DoseRefused as error:
        return error


def viable_share(plan: Plan) -> Fraction:
    """The share of a millilitre's counted cells, exactly."""
    assert plan.amounts.strength is not None
    concentration, viable = plan.amounts.strength
    return Fraction(exact(concentration)) * Fraction(exact(viable))


@pytest.mark.requirement("REQ-DOSE-01")
@given(weights, millions, st.integers(2, 9))
def test_cells_are_linear_in_weight_and_dose(weight: Decimal, dose: Decimal, n: int) -> None:
    assume(weight * n <= 15 and dose * n <= 80)

    def cells(w: Decimal, d: Decimal) -> float:
        plan = passing(weight=f"{w} kg", dose=f"{d} million cells/kg",
                       viable_concentration="100 million cells/mL")  # fmt: skip
        return float(plan.cells.magnitude)

    assert cells(weight * n, dose) == pytest.approx(n * cells(weight, dose), rel=1e-14)
    assert cells(weight, dose * n) == pytest.approx(n * cells(weight, dose), rel=1e-14)
    assert cells(weight, dose) == pytest.approx(float(weight * dose * 10**6), rel=1e-14)


@pytest.mark.requirement("REQ-DOSE-01")
@given(requests())
def test_volume_by_concentration_by_viability_is_the_cells(asked: dict[str, Any]) -> None:
    plan = plan_or_refusal(asked)
    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    assert plan.amounts.volume is not None
    cells = plan.amounts.volume * float(viable_share(plan))
    assert cells == pytest.approx(plan.amounts.cells, rel=1e-12)


@pytest.mark.requirement("REQ-DOSE-05")
@given(decimals("0.001", "50", 6), graduations)
def test_rounding_is_within_half_a_graduation(volume: Decimal, graduation: str) -> None:
    line = on_graduation(volume, float(graduation))
    assert abs(line - volume) <= Decimal(graduation) / 2
    assert line % Decimal(graduation) == 0


@pytest.mark.requirement("REQ-DOSE-05")
@given(requests())
def test_the_dose_delivered_is_within_tolerance_or_a_check_fails(asked: dict[str, Any]) -> None:
    result = plan_or_refusal(asked)
    if isinstance(result, nc.DoseRefused):
        assert any(check.outcome.endswith("stop") for check in result.checks)
        return
    limits, amounts, inputs = result.limits, result.amounts, result.inputs
    assert amounts.given_volume is not None
    given_volume = Fraction(exact(amounts.given_volume))
    delivered = given_volume * viable_share(result) / Fraction(exact(inputs.weight))
    assert abs(float(delivered / Fraction(exact(inputs.dose))) - 1) <= (
        limits.at("rounding_tolerance") * (1 + 1e-9)
    )
    assert amounts.delivered == pytest.approx(float(delivered), rel=1e-12)
    most = limits["max_volume_per_kg"]
    if most is not None:
        assert amounts.given_volume / inputs.weight <= most.value * (1 + 1e-9)
    most = limits["max_cells"]
    if most is not None:
        assert float(delivered) * inputs.weight <= most.value * (1 + 1e-9)


@pytest.mark.requirement("REQ-DOSE-04")
@given(requests())
def test_vials_are_enough_and_one_fewer_are_not(asked: dict[str, Any]) -> None:
    assume("recovery" in asked or "viable_cells_per_vial" in asked)
    plan = plan_or_refusal(asked)
    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    assert plan.vials is not None
    needed = Fraction(exact(plan.inputs.dose)) * Fraction(exact(plan.inputs.weight))
    dead = Fraction(exact(plan.inputs.dead_volume or 0.0))
    if plan.inputs.graduation is not None:  # on the next line
        lines = Fraction(exact(plan.inputs.graduation))
        dead = math.ceil(dead / lines) * lines
    dead *= viable_share(plan)
    syringe = plan.amounts.syringe_volume
    drawn = needed if syringe is None else Fraction(exact(syringe)) * viable_share(plan)
    needed = max(needed, drawn + dead)
    inputs = plan.inputs
    if inputs.viable_cells_per_vial is not None:
        each = Fraction(exact(inputs.viable_cells_per_vial))
    else:
        assert inputs.cells_per_vial is not None
        each = Fraction(exact(inputs.cells_per_vial)) * Fraction(exact(inputs.recovery or 0.0))
        if plan.limits.counts == "viable":
            each *= Fraction(exact(inputs.viability or 0.0))
    assert plan.vials * each >= needed
    assert (plan.vials - 1) * each < needed


@pytest.mark.requirement("REQ-SAFE-01")
@given(requests())
def test_a_plan_has_no_hard_stop_and_a_refusal_no_number(asked: dict[str, Any]) -> None:
    result = plan_or_refusal(asked)
    if isinstance(result, Plan):
        assert all(check.outcome != "hard stop" for check in result.checks)
        return
    assert all(check.value is None for check in result.checks if check.derived)
    computed = float(asked["weight"][:-3]) * float(asked["dose"].split()[0]) * 1e6
    if computed > 1e4:
        assert number(computed, 1) not in str(result)


@pytest.mark.requirement("REQ-SAFE-10")
@given(requests())
def test_what_is_printed_reads_back_as_the_same_dose(asked: dict[str, Any]) -> None:
    plan = plan_or_refusal(asked)
    assume(isinstance(plan, Plan))
    assert isinstance(plan, Plan)
    for name, figure in plan.inputs.figures.items():
        assert parse(str(figure)) == (figure.value, figure.unit, None), name
    for label, figure in plan.results.items():
        back = parse(str(figure))
        assert back.unit == figure.unit
        assert back.value == pytest.approx(figure.value, rel=6e-4 if "error" in label else 6e-6,
                                           abs=0.5 if label == "cells" else 0)  # fmt: skip
    typed = {
        name: str(figure)
        for name, figure in plan.inputs.figures.items()
        if figure.unit not in ("h", "mL/h")
    }
    again = passing(**(asked | typed))
    assert again.amounts == plan.amounts


@pytest.mark.requirement("REQ-SAFE-10")
@given(
    st.floats(1e-12, 1e15) | st.floats(-1e15, -1e-12) | st.just(0.0),
    st.sampled_from(["kg", "mL", "cell", "cell/kg", "cell/mL", "fraction", "mL/kg", "h", ""]),
)
def test_every_number_is_printed_so_that_it_reads_back(value: float, unit: str) -> None:
    text = amount(value, unit)
    assert parse(text).value == value
    assert "e" not in text.replace("cell", "").replace("one", "")
    if "." in text:
        figure = text.rstrip("%").split(" ")[0]
        assert not figure.endswith("0")
        assert figure.lstrip("-+")[0] != "."


@pytest.mark.requirement("REQ-DOSE-09")
@given(st.sampled_from(sorted(set(CANONICAL.values()) - {"kg", "g/day", "fraction"})), weights)
def test_a_weight_of_another_dimension_is_refused(unit: str, weight: Decimal) -> None:
    assert find_unit(unit) is not None
    for given_weight in (f"{weight} {unit}", nc.Q(float(weight), unit)):
        with pytest.raises(nc.UnitError):
            prepare(weight=given_weight, dose="1 million cells/kg",
                    viable_concentration="5 million cells/mL")  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-09")
@given(st.sampled_from(sorted(set(CANONICAL.values()))), millions, st.sampled_from(
    ["dose", "concentration", "viable_concentration", "cells_per_vial", "graduation",
     "dead_volume", "duration", "rate", "last_weight"]))  # fmt: skip
def test_no_input_of_another_dimension_is_accepted(unit: str, figure: Decimal, name: str) -> None:
    right = {"dose": "dose", "concentration": "concentration", "rate": "rate",
             "viable_concentration": "concentration", "cells_per_vial": "vial_content",
             "graduation": "volume", "dead_volume": "volume", "duration": "time",
             "last_weight": "mass"}  # fmt: skip
    found = find_unit(unit)
    assert found is not None
    assume(found.dimension != right[name])
    asked: dict[str, Any] = {
        "weight": "2 kg", "dose": "1 million cells/kg", "concentration": "5 million cells/mL",
        "viability": 0.9, "recovery": 0.9, "cells_per_vial": "5 million cells/vial",
    }  # fmt: skip
    for value in (f"{figure} {unit}", nc.Q(float(figure), unit)):
        with pytest.raises(nc.UnitError):
            prepare(**(asked | {name: value}))


@pytest.mark.requirement("REQ-DOSE-17")
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=20), millions)
def test_columns_give_what_a_dose_gives_or_nothing(weight: list[float], dose: Decimal) -> None:
    assume(1 <= dose <= 50)
    asked = f"{dose} million cells/kg"
    columns = dose_columns(weight, asked, viable_concentration="20 million cells/mL")
    for w, cells, volume, status in zip(weight, *columns, strict=True):
        assert (status == 0) == (not math.isnan(cells)) == (0.4 <= w <= 15)
        if status == 0:
            plan = prepare(weight=f"{float(w)!r} kg", dose=asked,
                           viable_concentration="20 million cells/mL")  # fmt: skip
            assert (plan.amounts.cells, plan.amounts.volume) == (cells, volume)


@given(st.floats(1e-3, 1e9), st.integers(1, 9))
def test_rounding_in_print_is_half_a_unit_of_the_last_digit(value: float, digits: int) -> None:
    back = parse(str(Figure(value, "mL", digits))).value
    kept = max(digits, math.floor(math.log10(value)) + 1)
    assert abs(back - value) <= 0.5000001 * 10 ** (math.floor(math.log10(value)) + 1 - kept)


ODD: list[Any] = [
    "", " ", "nan", "1e400 kg", "-1 kg", "0 mL", "1e-300 h", "5 lb", "92", "0.92%", "\x00", "kg",
    float("nan"), float("inf"), -0.0, 0, 10**400, True, b"1 kg", [], ["1 kg"], {}, object(), 1j,
    Decimal("NaN"), Decimal("sNaN"), Fraction(1, 3), nc.Q(float("nan"), "kg"),
    nc.Q(float("inf"), "cell/kg"), nc.Q([1.0, 2.0], "mL"), nc.Q(1e300, "cell/mL"),
    nc.Q(-1, "h"), nc.Age.from_days(3), nc.Policy(), Limits(), "2026-08-14", "2026-08-14T09:30Z",
    [("2026-08-14", "1 million cells/kg")], [(None, None)],
]  # fmt: skip
NAMES = (
    "weight", "dose", "arm", "concentration", "viable_concentration", "viability",
    "release_viability", "cells_per_vial", "viable_cells_per_vial", "recovery", "graduation",
    "syringe_capacity", "dead_volume", "duration", "rate", "on", "expires", "weighed_on",
    "weight_source", "last_weight", "last_weighed_on", "doses_given", "sex", "age", "policy",
    "reference", "limits", "override", "subject", "prepared_by",
)  # fmt: skip


@pytest.mark.requirement("REQ-SAFE-01")
@given(requests(), st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ODD), max_size=3))
def test_whatever_is_given_there_is_a_dose_or_a_refusal_and_a_record(
    asked: dict[str, Any], odd: dict[str, Any]
) -> None:
    try:
        result: Any = prepare(**(asked | odd))
    except nc.DoseRefused as error:
        result = error
    except (nc.InputError, nc.PolicyError, nc.TableError) as error:
        assert len(str(error).splitlines()) == 1
        return
    about = json.loads(audit.line(audit.record(result)))
    assert (about["result"] is None) == isinstance(result, nc.DoseRefused)
    if isinstance(result, Plan):
        assert worksheet.text(result)
        assert all(math.isfinite(figure.value) for figure in result.results.values())
