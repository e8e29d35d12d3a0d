"""Checks of the dosing weight exactly on and beside their limits, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

import neocalc as nc
from dose_arguments import message, outcomes
from neocalc.dose import Limits, Override, Plan, prepare
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.stops import Check
from neocalc.dose.weight import WeightZ, _agrees_with_last, _plausible, change_codes, weigh_again

SIMPLE: dict[str, Any] = {
    "weight": "2 kg",
    "dose": "1 million cells/kg",
    "viable_concentration": "5 million cells/mL",
    "on": "2026-08-14T09:00",
}
OLD = nc.Age.from_days(200, gestation="40+0")


def tried(**arguments: Any) -> Plan | nc.DoseRefused:
    """The plan, or the refusal."""
    try:
        return prepare(**(SIMPLE | arguments))
    except nc.DoseRefused as error:
        return error


def checked(name: str, **arguments: Any) -> Check:
    """One check of a plan or refusal."""
    return next(check for check in tried(**arguments).checks if check.name == name)


# ------------------------------------------------------------------------------- age of the weight


@pytest.mark.requirement("REQ-SAFE-06")
@pytest.mark.parametrize(
    ("weighed_on", "said"),
    [
        ("2026-08-14T08:13:20", "weighed on the day of the dose"),
        ("2026-08-12T09:30", "the weight is 47.5 hours old"),
        ("2026-08-12T09:00", "the weight is 2 days old"),
        ("2026-08-12T08:00", "the weight is 2.04 days old"),
        ("2026-08-11T22:21", "the weight is 2.44 days old"),
    ],
)
def test_age_of_a_weight_is_in_hours_up_to_two_days(weighed_on: str, said: str) -> None:
    assert message(tried(weighed_on=weighed_on, age=OLD), "age of weight") == said


def test_what_is_missing_for_the_age_of_a_weight() -> None:
    assert message(tried(), "age of weight") == "the date of the weighing is not typed"
    without = {"on": None, "weighed_on": "2026-08-14"}
    assert message(tried(**without), "age of weight") == "the date of the dose is not typed"


@pytest.mark.requirement("REQ-SAFE-06")
def test_a_weighing_half_an_hour_after_the_dose() -> None:
    check = checked("age of weight", weighed_on="2026-08-14T09:30", age=OLD)
    assert check.outcome == "hard stop"
    assert "is after the dose" in check.message


@pytest.mark.requirement("REQ-SAFE-06")
def test_an_old_weight_says_for_which_age_it_is_too_old() -> None:
    weighed = "2026-08-11T08:00"
    early = message(tried(weighed_on=weighed), "age of weight")
    assert early == (
        "the weight is 3.04 days old. Under 44 weeks of postmenstrual age it must be from the last "
        "24 hours. Weigh again"
    )
    late = message(tried(weighed_on=weighed, age=OLD), "age of weight")
    assert late == (
        "the weight is 3.04 days old. At this age it must be from the last 72 hours. Weigh again"
    )


# --------------------------------------------------------------------------------- weight for age


@pytest.mark.requirement("REQ-SAFE-04")
@pytest.mark.parametrize(
    ("z", "outcome", "said"),
    [
        (0.4567, "passed", "fits a boy of 200 days (z 0.46; allowed -3 to 3; who, corrected age)"),
        (-2.4567, "passed", "fits a boy of 200 days (z -2.46; allowed -3 to 3; who, "
         "corrected age)"),
        (-3.4567, "soft stop", "this weight is very low for a boy of 200 days (z -3.46; allowed "
         "-3 to 3; who, corrected age)"),
        (12.4567, "hard stop", "this weight is very high for a boy of 200 days (z 12.46; allowed "
         "-6 to 6; who, corrected age)"),
    ],
)  # fmt: skip
def test_z_of_a_weight_has_two_decimals_and_its_limit(z: float, outcome: str, said: str) -> None:
    inputs = DoseInputs(weight=7.0, dose=1e6, sex="male", age=OLD)
    check = _plausible(inputs, Limits(), WeightZ(z, "who", "corrected", "ok"))
    assert (check.outcome, check.message) == (outcome, said)
    assert check.limit == ("-6 to 6" if outcome == "hard stop" else "-3 to 3")


@pytest.mark.parametrize(
    ("days", "gestation", "said"),
    [(157, "27+3", "49w6d"), (158, "27+3", "158 days"), (0, "40+0", "40w0d"), (0, None, "0 days")],
)
def test_an_infant_is_named_by_postmenstrual_age_until_50_weeks(
    days: int, gestation: str | None, said: str
) -> None:
    age = nc.Age.from_days(days, gestation=gestation)
    inputs = DoseInputs(weight=4.0, dose=1e6, sex="female", age=age)
    check = _plausible(inputs, Limits(), WeightZ(0.5, "who", "corrected", "ok"))
    assert check.message.startswith(f"fits a girl of {said} (z 0.5;")


# ------------------------------------------------------------------------- change of the weight


@pytest.mark.requirement("REQ-SAFE-07")
def test_codes_of_a_change_on_its_limits() -> None:
    limits = Limits(change_in_a_day="10%", change_per_day="3%", change_hard="50%")
    change = [0.2, -0.5, -0.5, 0.0]
    assert change_codes(change, [24.5, 500.0, 24.0, 24.0], True, limits).tolist() == [1, 0, 1, 0]
    assert change_codes([0.75], [600.0], True, limits).tolist() == [0]  # 3 % a day for 25 days
    # Between 24 and 25 hours it is 3 % for each day, and a newborn may lose 11 %.
    assert change_codes([0.05], [24.5], True, limits).tolist() == [1]
    change = [0.2, -0.11, -0.1101, -0.05]
    assert change_codes(change, [24.5] * 4, False, limits).tolist() == [1, 0, 1, 0]


@pytest.mark.requirement("REQ-SAFE-07")
@pytest.mark.parametrize(
    ("last_on", "days", "limit"),
    [
        ("2026-08-13T08:00", 200, "10% in up to 24 hours"),
        ("2026-08-13T07:30", 200, "3% a day"),
        ("2026-08-13T08:00", 10, "10% in up to 24 hours"),
        ("2026-08-13T08:30", 10, "10% in up to 24 hours"),
        ("2026-08-13T07:30", 10, "3% a day"),
        ("2026-08-13T07:30", 14, "3% a day"),
        ("2026-08-13T07:30", 4, "3% a day"),
        ("2026-08-14T08:00", 200, "10% in up to 24 hours"),
        ("2026-08-14T07:30", 200, "10% in up to 24 hours"),
    ],
)
def test_which_limit_a_change_has(last_on: str, days: int, limit: str) -> None:
    check = checked(
        "change from last weight", weighed_on="2026-08-14T08:00", last_weight="2 kg",
        last_weighed_on=last_on, age=nc.Age.from_days(days, gestation="40+0"),
    )  # fmt: skip
    assert (check.outcome, check.limit) == ("passed", limit)
    assert check.message.startswith("0% in ")
    assert check.message.endswith(", from 2 kg")


def test_a_weighing_half_an_hour_before_the_last() -> None:
    check = checked(
        "change from last weight", weighed_on="2026-08-14T08:00", last_weight="2 kg",
        last_weighed_on="2026-08-14T08:30",
    )  # fmt: skip
    assert (check.outcome, check.message) == ("hard stop", "the last weighing is after this one")


@pytest.mark.requirement("REQ-SAFE-07")
def test_a_change_without_dates() -> None:
    limits = Limits(change_hard="100%")
    on_it = checked("change from last weight", last_weight="1 kg", limits=limits)
    assert on_it.outcome == "not made"
    check = checked("change from last weight", last_weight="1.2345 kg")
    assert (check.outcome, str(check.value)) == ("soft stop", "62%")
    check = checked("change from last weight", last_weight="3 kg")
    assert (check.outcome, str(check.value)) == ("hard stop", "-33.3%")


# ---------------------------------------------------------------------------------------- slips


def test_a_slip_to_the_ends_of_the_range_agrees() -> None:
    limits = Limits(min_weight="1 kg", max_weight="4 kg")
    for weight, agrees in ((1.0, True), (4.0, True), (0.999, False), (4.001, False)):
        inputs = DoseInputs(weight=9.0, dose=1e6, last_weight=weight)
        assert _agrees_with_last(inputs, limits, weight) is agrees


@pytest.mark.parametrize(("weight", "grams"), [(400.0, "400 g"), (15000.0, "15,000 g")])
def test_grams_at_the_ends_of_the_range_are_named(weight: float, grams: str) -> None:
    inputs = DoseInputs(weight=weight, dose=1e6, last_weight=weight / 1000)
    assert f"{grams} (grams taken for kilograms)" in weigh_again(inputs, Limits())
    for beyond in (weight * 0.9999, weight * 1.0001):
        outside = not 400 <= beyond <= 15000
        named = weigh_again(inputs.__class__(beyond, 1e6, last_weight=weight / 1000), Limits())
        assert ("grams" not in named) is outside


def test_a_slip_exactly_as_far_from_the_last_weight_as_may_be() -> None:
    inputs = DoseInputs(weight=30.0, dose=1e6, last_weight=2.0)
    limits = Limits(change_in_a_day="50%", change_hard="60%")
    assert _agrees_with_last(inputs, limits, 3.0) is True
    assert _agrees_with_last(inputs, limits, 3.01) is False


# ---------------------------------------------------------------------------- limits and override


@pytest.mark.parametrize("value", [0, -0.5, 1_000_001, float("nan")])
def test_a_limit_of_a_z_score_is_above_0_and_one(value: float) -> None:
    with pytest.raises(nc.InputError, match="a limit above 0 and up to 1,000,000"):
        Limits(z_hard=value)


def test_the_largest_limit_is_one() -> None:
    assert Limits(z_hard=8, max_doses=1_000_000).max_doses == 1_000_000


def test_a_reason_has_two_words_of_two_letters() -> None:
    assert Override("so is", "AB").reason == "so is"
    for reason in ("no 1!", "so so", "is a b"):
        with pytest.raises(nc.InputError, match="a reason in words"):
            Override(reason, "AB")


def test_results_in_their_units_and_lines() -> None:
    plan = prepare(
        weight="2.3456789 kg", dose="1 million cells/kg", graduation="0.01 mL", subject="001",
        viable_concentration="7 million cells/mL", viable_cells_per_vial="2 million cells/vial",
    )  # fmt: skip
    assert str(plan.results["vials"]) == "2 vials"
    assert str(plan.results["rounding error"]) == "1.463%"
    said = plan.describe()
    assert "001" in said
    assert "1 million viable cells/kg at 2.3456789 kg" in said
    assert outcomes(plan)["possible values"] == "passed"
