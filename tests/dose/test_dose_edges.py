"""Doses exactly on and beside their limits: each of these small faults once went unnoticed."""

from __future__ import annotations

import math
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pint
import pytest

import neocalc as nc
from dose_arguments import message, outcomes, plan_of, refusal_of, stops
from neocalc.dose import Limits, prepare
from neocalc.dose.amounts import Amounts, Strength
from neocalc.dose.checks import derived_checks
from neocalc.dose.dosing import Dosing
from neocalc.dose.figures import fraction, metric_weight
from neocalc.dose.formulas import fitting_syringe
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.notation import amount
from neocalc.dose.stops import DERIVED
from neocalc.reading.units import registry

SIMPLE: dict[str, Any] = {
    "weight": "2 kg",
    "dose": "1 million cells/kg",
    "viable_concentration": "5 million cells/mL",
}
INPUTS = DoseInputs(weight=2.0, dose=1e6, graduation=0.1, syringe_capacity=1.0)
AMOUNTS = Amounts(
    cells=1234567.89,
    volume=1.23456789,
    syringe_volume=1.2,
    rounding_error=0.0123456789,
    given_volume=0.123456789,
    volume_per_kg=1.23456789,
    duration=0.523456789,
    rate=1.23456789,
    rate_per_kg=0.123456789,
    cell_rate=12345.6789,
    delivered=123456.789,
    reverse=1e6 + 1e-6,
    strength=Strength(5e6, 1.0),
)
EVERY_LIMIT: dict[str, Any] = {
    "max_cells": "20 million cells", "max_volume_per_kg": "2 mL/kg", "max_rate": "10 mL/h",
    "max_rate_per_kg": "5 mL/kg/h", "max_duration": "1 h", "max_cell_rate": "20,000 cells/kg/min",
}  # fmt: skip
LOW_LIMIT: dict[str, Any] = {
    "max_cells": "1 million cells", "max_volume_per_kg": "1 mL/kg", "max_rate": "1 mL/h",
    "max_rate_per_kg": "0.1 mL/kg/h", "max_duration": "0.1 h",
    "max_cell_rate": "10,000 cells/kg/min",
}  # fmt: skip
LOW_USUAL: dict[str, Any] = {
    "usual_volume_per_kg": "1 mL/kg", "usual_rate_per_kg": "0.1 mL/kg/h", "usual_duration": "0.1 h",
}  # fmt: skip


def tried(**arguments: Any) -> Any:
    """The plan, or the refusal."""
    try:
        return prepare(**(SIMPLE | arguments))
    except nc.DoseRefused as error:
        return error


# ------------------------------------------------------------------------------- what was computed


@pytest.mark.requirement("REQ-DOSE-10")
@pytest.mark.parametrize("limits", [{}, EVERY_LIMIT, LOW_LIMIT, LOW_USUAL])
@pytest.mark.parametrize(
    "amounts",
    [AMOUNTS, Amounts(cells=1e6), AMOUNTS._replace(volume_per_kg=200.0, rounding_error=0.2),
     AMOUNTS._replace(reverse=2e6, rounding_error=None)],
)  # fmt: skip
def test_whatever_comes_of_it_a_result_is_marked_as_one(
    limits: dict[str, Any], amounts: Amounts
) -> None:
    """A refusal shows no value from which a dose could be read."""
    for inputs in (INPUTS, DoseInputs(weight=2.0, dose=1e6)):
        checks = derived_checks(inputs, Limits(**limits), amounts)
        assert [check.name for check in checks] == list(DERIVED)
        assert all(check.derived for check in checks)
        assert all(check.withheld().value is None for check in checks)


def test_results_are_shown_to_so_many_digits() -> None:
    amounts = AMOUNTS._replace(cells=123.456789, delivered=12.3456789, reverse=123.456789)
    checks = derived_checks(INPUTS, Limits(**EVERY_LIMIT), amounts)
    assert {check.name: str(check.value) for check in checks} == {
        "cells per dose": "123.457 cells",
        "volume per kg": "1.23457 mL/kg",
        "rounding error": "1.235%",
        "dead volume": "None",
        "syringe capacity": "0.123457 mL",
        "number of vials": "None",
        "rate": "1.23457 mL/h",
        "rate per kg": "0.123457 mL/kg/h",
        "duration": "0.523457 hours",
        "end of infusion": "None",
        "speed of cells": "12,345.7 cells/kg/min",
        "time after thaw": "None",
        "DMSO per kg": "None",
        "pump": "None",
        "total volume per kg": "None",
        "yield of the vials": "None",
        "reverse calculation": "123.457 cells/kg",
    }


def test_half_a_cell_is_half_a_cell() -> None:
    first, *_ = derived_checks(INPUTS, Limits(), Amounts(cells=0.5))
    assert first.value == (0.5, "cell", 6)


@pytest.mark.requirement("REQ-DOSE-10")
def test_what_is_said_is_what_was_found() -> None:
    within = {c.name: c.message for c in derived_checks(INPUTS, Limits(**EVERY_LIMIT), AMOUNTS)}
    beyond = {c.name: c.message for c in derived_checks(INPUTS, Limits(**LOW_LIMIT), AMOUNTS)}
    for name in ("cells per dose", "volume per kg", "rate", "rate per kg", "speed of cells",
                 "duration"):  # fmt: skip
        assert within[name].startswith("at most ")
        assert beyond[name].startswith("more than ")


@pytest.mark.requirement("REQ-DOSE-05")
def test_what_is_administered_is_what_the_syringe_measures() -> None:
    arguments = {"weight": "2.35 kg", "viable_concentration": "2 million cells/mL"}
    assert prepare(**(SIMPLE | arguments), graduation="0.1 mL").amounts.given_volume == 1.2
    assert prepare(**(SIMPLE | arguments)).amounts.given_volume == 1.175


@pytest.mark.requirement("REQ-DOSE-05")
def test_lines_exactly_on_the_tolerance_serve() -> None:
    """10.4 mL read as 10 mL is off by a twenty-sixth."""
    volume = Decimal("10.4")
    assert fitting_syringe(volume, volume, 1 / 26) == "a syringe of 20 mL with lines of 1 mL"
    assert fitting_syringe(volume, volume, 1 / 26 - 1e-9) is None
    for drawn, holds in (("1", 1), ("1.01", 3), ("3", 3), ("3.01", 5), ("5.01", 10), ("20.1", 60)):
        assert f"a syringe of {holds} mL " in str(fitting_syringe(Decimal(4), Decimal(drawn), 0.2))
    assert fitting_syringe(Decimal(4), Decimal("60.1"), 0.5) is None


# -------------------------------------------------------------------------------------- the inputs


@pytest.mark.requirement("REQ-DOSE-03")
def test_all_cells_viable_is_possible() -> None:
    assert outcomes(plan_of(viability="100%"))["possible values"] == "passed"
    found = message(tried(release_viability="101%"), "possible values")
    assert found == "not possible: release_viability 101% (above 0, at most 100%)"
    assert message(tried(weight="0 kg"), "possible values") == (
        "not possible: weight 0 kg (above 0)"
    )


def test_smallest_and_largest_figures_are_possible() -> None:
    for volume in ("1e-9 mL", "1e18 mL"):
        arguments = {"syringe_capacity": volume}
        assert outcomes(tried(**arguments))["possible values"] == "passed"


@pytest.mark.requirement("REQ-DOSE-02")
def test_which_argument_does_not_go_with_a_dose_of_all_cells() -> None:
    limits = Limits(counts="total")
    with pytest.raises(nc.InputError, match=r"^viable_concentration: '5 million cells/mL'"):
        prepare(**SIMPLE, limits=limits)
    total: dict[str, Any] = {
        "weight": "2 kg",
        "dose": "1 million cells/kg",
        "concentration": "5e6 cells/mL",
    }
    with pytest.raises(nc.InputError, match=r"^viability: '90%'"):
        prepare(**total, viability="90%", limits=limits)


def test_a_policy_is_a_policy() -> None:
    with pytest.raises(nc.InputError, match=r"policy.*neocalc\.Policy"):
        prepare(**(SIMPLE | {"policy": "fenton-2025"}))


# ---------------------------------------------------------------------------------- earlier doses


@pytest.mark.requirement("REQ-DOSE-14")
@pytest.mark.parametrize("order", [1, -1])
def test_the_interval_is_from_the_latest_of_several_doses(order: int) -> None:
    """In whatever order they are given."""
    given = [("2026-07-20", "0.5 million cells/kg"), ("2026-08-10", "0.5 million cells/kg")]
    refusal = refusal_of(doses_given=given[::order])
    assert stops(refusal) == {"dose interval": "hard stop"}
    assert "(2026-08-10): less than 7 days" in message(refusal, "dose interval")


def test_the_interval_is_shown_to_three_digits() -> None:
    given = [("2026-08-06T07:11", "1 million cells/kg")]
    assert message(plan_of(doses_given=given), "dose interval") == "8.1 days after the last dose"
    given = [("2026-08-04T01:23", "1 million cells/kg")]
    assert message(plan_of(doses_given=given), "dose interval") == "10.3 days after the last dose"


def test_a_longest_interval_alone_is_the_limit_that_is_shown() -> None:
    plan = tried(
        on="2026-08-14", doses_given=[("2026-08-04", "1 million cells/kg")],
        limits=Limits(max_interval="14 day"),
    )  # fmt: skip
    (check,) = (check for check in plan.checks if check.name == "dose interval")
    assert (check.outcome, str(check.limit)) == ("passed", "14 days")


@pytest.mark.requirement("REQ-DOSE-14")
def test_hours_between_doses_need_the_times_of_all_of_them() -> None:
    limits = Limits(min_interval="36 h")
    timed = ("2026-08-10T09:00", "1 million cells/kg")
    bare = ("2026-08-12", "1 million cells/kg")
    one = tried(on="2026-08-14T09:00", doses_given=[timed], limits=limits)
    assert outcomes(one)["dose interval"] == "passed"
    two = tried(on="2026-08-14T09:00", doses_given=[timed, bare], limits=limits)
    assert stops(two) == {"dose interval": "hard stop"}
    bare, timed = ("2026-08-04", timed[1]), ("2026-08-11T21:00", timed[1])
    late = tried(on="2026-08-14T09:00", doses_given=[bare, timed], limits=limits)
    assert outcomes(late)["dose interval"] == "passed"  # two and a half days, less one


@pytest.mark.requirement("REQ-DOSE-16")
def test_what_is_missing_for_the_expiry() -> None:
    assert message(tried(on="2026-08-14"), "product expiry") == (
        "the expiry of the product is not typed"
    )
    assert message(tried(expires="2026-08-14"), "product expiry") == (
        "the product expires at 2026-08-14, and the date of the dose is not typed"
    )


def test_a_dose_half_an_hour_later_was_not_given_before() -> None:
    with pytest.raises(nc.InputError, match="doses_given"):
        plan_of(doses_given=[("2026-08-14T10:00", "1 million cells/kg")])


@pytest.mark.parametrize("size", ["1e-9 cells/kg", "1e18 cells/kg"])
def test_smallest_and_largest_earlier_doses_are_possible(size: str) -> None:
    plan = tried(on="2026-08-14", doses_given=[("2026-08-04", size)])
    assert outcomes(plan)["dose interval"] == "not made"  # and not refused


def test_limits_may_meet() -> None:
    limits = Limits(min_concentration="5e6 cells/mL", max_concentration="5e6 cells/mL")
    assert outcomes(tried(limits=limits))["concentration"] == "passed"


@pytest.mark.parametrize("half", [{"units": "kg"}, {"magnitude": 2.0}])
@pytest.mark.parametrize("name", ["weight", "release_viability"])
def test_half_a_quantity_is_none(half: dict[str, Any], name: str) -> None:
    with pytest.raises(nc.InputError, match=name):
        tried(**{name: SimpleNamespace(**half)})


def test_a_limit_without_end_is_none() -> None:
    with pytest.raises(nc.InputError, match="max_volume_per_kg"):
        Limits(max_volume_per_kg=nc.Q(math.inf, "mL/kg"))


def test_limits_are_compared_and_shown_by_what_was_given() -> None:
    assert hash(Limits(max_doses=3)) == hash(Limits(max_doses=3))
    assert "figures" not in repr(Limits(max_doses=3))


def test_a_few_cells_are_shown_whole() -> None:
    arguments: dict[str, Any] = {
        "weight": "1.375 kg",
        "dose": "1.1 cells/kg",
        "viable_concentration": "2 cells/mL",
    }
    limits = Limits(usual_dose_low="1 cells/kg", usual_concentration_low="1 cells/mL")
    plan = prepare(**arguments, limits=limits)
    assert str(plan.results["cells"]) == "2 cells"


def test_a_dose_by_the_pound_is_refused() -> None:
    with pytest.raises(nc.UnitError, match="a metric unit"):
        tried(dose=registry().Quantity(1e6, "cell/pound"))


# ----------------------------------------------------------------------------- the dose of a table


def test_a_table_needs_a_dose_or_an_arm() -> None:
    with pytest.raises(nc.MissingError, match="with its unit, or an arm"):
        Dosing(viable_concentration="5 million cells/mL")


def test_the_dose_and_the_product_of_a_table_in_one_line() -> None:
    dosing = Dosing(dose="1 million cells/kg", concentration="5e6 cells/mL", viability="92%")
    assert dosing.describe() == (
        "1 million viable cells/kg, no trial named, concentration 5 million cells/mL, viability 92%"
    )


@pytest.mark.parametrize("unit", ["stone", "troy_ounce", "m", "lb"])
def test_a_weight_in_any_other_unit_is_refused_by_name(unit: str) -> None:
    other: Any = pint.UnitRegistry()
    with pytest.raises(nc.UnitError, match="a dosing weight is in kg or g"):
        metric_weight(other.Quantity(2, unit), "weight")


def test_millions_are_named_up_to_the_thousand() -> None:
    assert amount(1_234_000, "cell/kg") == "1.234 million cells/kg"
    assert amount(1_234_500, "cell/kg") == "1,234,500 cells/kg"


def test_what_is_computed_is_printed_with_six_digits() -> None:
    """2 kg of 1 million/kg at 7 million/mL: two sevenths of a millilitre."""
    said = prepare(**(SIMPLE | {"viable_concentration": "7 million cells/mL"})).describe()
    assert "0.285714 mL" in said


@pytest.mark.parametrize("unit", ["radian", "g/kg"])
def test_an_angle_is_no_share_of_cells(unit: str) -> None:
    with pytest.raises(nc.UnitError, match="a percentage with its sign"):
        fraction(registry().Quantity(0.92, unit), "viability")
