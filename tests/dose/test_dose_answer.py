"""The answer: what to do stands first, in figures that can be measured; then why it may be done."""

from __future__ import annotations

from typing import Any

import pytest

from dose_arguments import plan_of, plan_passing, pooled
from neocalc.dose import Limits, Plan, prepare
from neocalc.dose.answer import box, describe, minutes, not_checked, passed
from neocalc.dose.stops import NOT_MADE, PASSED

PLAIN: dict[str, Any] = {
    "weight": "3.1 kg", "dose": "1 million cells/kg", "concentration": "5 million cells/mL",
    "viability": "92%",
}  # fmt: skip


def said(plan: Plan) -> dict[str, str]:
    return dict(box(plan))


@pytest.mark.requirement("REQ-DOSE-31")
def test_the_box_opens_the_answer() -> None:
    lines = plan_of().describe().splitlines()
    assert lines[0] == lines[6] == f"+{'-' * (len(lines[0]) - 2)}+"
    assert [line.split("  ")[0] for line in lines[1:6]] == [
        "| GIVE", "| DRAW UP", "| PUMP", "| THAW", "| OF",
    ]  # fmt: skip
    assert lines[7] == "For 001-0004: 1 million viable cells/kg at 3.1 kg; no trial named"


def test_what_is_given_and_what_stays_behind() -> None:
    assert said(plan_of()) == {
        "GIVE": "0.67 mL",
        "DRAW UP": "0.77 mL: 0.67 mL to give, and 0.1 mL that stays in syringe and line",
        "PUMP": "1.34 mL/h, for 30 minutes",
        "THAW": "1 vial",
        "OF": "3.08 million viable cells, 0.994 million viable cells/kg: 99.4% of what is "
        "prescribed",
    }  # fmt: skip
    drawn = said(plan_of(dead_volume="0.07 mL", graduation="0.1 mL", syringe_capacity="3 mL"))
    assert drawn["DRAW UP"] == ("0.8 mL: 0.7 mL to give, and 0.1 mL that stays in syringe and line")
    assert said(plan_of(dead_volume="0 mL"))["DRAW UP"] == "0.67 mL"
    parts = said(plan_of(split_syringes=True, syringe_capacity="0.5 mL"))["DRAW UP"]
    assert parts.endswith("; in 2 syringes, 0.39 mL and 0.38 mL")


@pytest.mark.requirement("REQ-DOSE-31")
def test_the_digits_are_those_that_can_be_measured() -> None:
    own = ("max_cell_rate", "min_duration")
    limits = Limits(max_cell_rate="1e6 cells/kg/min", min_duration="10 min", own=own)
    found = said(prepare(**PLAIN, duration="20 min", limits=limits))
    assert found["GIVE"] == "0.674 mL (the lines of the syringe are not typed)"
    assert found["DRAW UP"] == "0.674 mL, and what stays in syringe and line (not typed)"
    assert found["PUMP"] == "2.02 mL/h, for 20 minutes (the step of the pump is not typed)"
    assert said(prepare(**PLAIN))["PUMP"] == "neither duration nor rate is typed"


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (1 / 3, "20 minutes"), (0.5, "30 minutes"), (2.0, "120 minutes"), (1 / 60, "1 minute"),
        (0.12, "7.2 minutes"), (2.25, "2 hours 15 minutes"), (3.0, "3 hours"),
        (0.5037, "30 minutes"),
    ],
)  # fmt: skip
def test_a_time_is_that_of_a_clock(hours: float, shown: str) -> None:
    assert minutes(hours) == shown


def test_a_product_in_a_vehicle() -> None:
    assert said(pooled()) == {
        "GIVE": "1.7 mL: 0.7 mL of cells in 1 mL of saline; then flush with 1 mL",
        "DRAW UP": "0.7 mL of cells, then 1 mL of saline",
        "PUMP": "3.4 mL/h, for 30 minutes",
        "THAW": "2 vials, pooled",
        "OF": "3.15 million viable cells, 1.02 million viable cells/kg: 102% of what is prescribed",
    }
    assert "in 1 mL of vehicle" in said(pooled(vehicle=None))["GIVE"]


def test_vials_alone() -> None:
    plan = prepare(weight="2 kg", dose="5 million cells/kg", viability="90%", recovery="75%",
                   cells_per_vial="3 million cells/vial")  # fmt: skip
    assert said(plan) == {
        "GIVE": "10 million viable cells (no volume: no concentration is typed)",
        "THAW": "5 vials",
        "OF": "10 million viable cells, 5 million viable cells/kg as prescribed",
    }


@pytest.mark.requirement("REQ-DOSE-31")
def test_each_check_stands_once() -> None:
    """Those that passed have a line each, those that were not made are named in one line."""
    for plan in (plan_of(), pooled(), prepare(**PLAIN)):
        lines = plan.describe().splitlines()
        done = lines[lines.index("Checks passed") + 1 :]
        for check in plan.checks:
            first = [line for line in done if line.startswith(f"  {check.name}: ")]
            assert len(first) == (check.outcome == PASSED), check.name
            told = not_checked(plan).replace(" (viable ones are taken)", "")
            named = told.replace(";", ",").replace(": ", ", ").split(", ")
            assert (check.name in named) == (check.outcome == NOT_MADE), check.name
        assert sum(line.startswith("Not checked: ") for line in lines) == 1


def test_nothing_is_left_unchecked_is_said_by_saying_nothing() -> None:
    assert not_checked(prepare(**PLAIN)).startswith("Not checked: no protocol is named: ")
    plan = plan_of()
    all_made = tuple(one._replace(outcome=PASSED) for one in plan.checks)
    assert not_checked(Plan(plan.request, all_made, plan.amounts)) == ""
    assert "Not checked" not in describe(Plan(plan.request, all_made, plan.amounts))


def test_what_was_taken_for_want_of_an_answer_is_said() -> None:
    assert "cells counted (viable ones are taken)" in not_checked(prepare(**PLAIN))
    assert "viable ones are taken" not in not_checked(prepare(**PLAIN, counts="viable"))


def test_what_a_result_was_compared_with_is_said() -> None:
    found = passed(plan_of())
    assert "rounding error: 0.58% less than prescribed, at most 5%" in found
    assert "rate: 1.34 mL/h, at most 10 mL/h" in found
    assert "duration: 30 minutes, at least 20 minutes and at most 60 minutes" in found
    assert "syringe capacity: 0.77 mL, the syringe holds 1 mL" in found
    more = passed(plan_of(graduation="0.1 mL", syringe_capacity="3 mL"))
    assert "rounding error: 3.9% more than prescribed, at most 5%" in more


def test_stops_that_were_passed_stand_before_the_checks() -> None:
    text = plan_passing(weighed_on="2026-08-12T06:00", last_weight=None).describe()
    stop = text.index("soft stop  age of weight: the weight is 2.15 days old")
    assert text.index("| OF") < stop < text.index("Soft stops passed") < text.index("Checks passed")


def test_the_working_ends_the_answer() -> None:
    tail = plan_of().describe().partition("\nWorking\n")[2].splitlines()
    assert tail[0] == "  cells = dose x weight = 1 million cells/kg x 3.1 kg = 3,100,000 cells"
    assert tail[-1].startswith("  delivered dose = in reverse, from the syringe volume = ")
