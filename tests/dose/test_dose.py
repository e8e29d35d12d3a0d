"""A dose: its amounts, its checks, soft stops that can be passed and hard ones that cannot."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pint
import pytest

import neocalc as nc
from dose_arguments import (
    message,
    of_trial,
    outcomes,
    passing,
    plan_of,
    plan_passing,
    pooled,
    refusal_of,
    stops,
    whole,
)
from neocalc.dose import Limits, Override, SecondCheck, audit, prepare
from neocalc.dose.notation import Figure
from neocalc.dose.stops import DERIVED, Check

SIMPLE: dict[str, Any] = {
    "weight": "2.35 kg",
    "dose": "1 million cells/kg",
    "viable_concentration": "2 million cells/mL",
}
OVERRIDE = Override(reason="weight confirmed on a second scale", second_person="AB")


def test_every_check_can_pass() -> None:
    plan, other = prepare(**of_trial()), pooled()
    left = {name for name, outcome in outcomes(plan).items() if outcome != "passed"}
    assert left == {"yield of the vials"}
    left = {name for name, outcome in outcomes(other).items() if outcome != "passed"}
    assert left == {"dead volume", "second check"}
    assert list(outcomes(plan)) == [
        "possible values", "required inputs", "arm dose", "cells counted", "eligibility",
        "age at the dose", "cohort gate", "weight range", "measured weight", "age of weight",
        "weight for age and sex", "change from last weight", "second check", "concentration",
        "viability",
        "filter", "cumulative dose", "number of doses", "planned course", "dose interval",
        "product expiry", "cells per dose", "volume per kg", "total volume per kg", "DMSO per kg",
        "rounding error", "dead volume", "syringe capacity", "number of vials",
        "yield of the vials", "rate", "rate per kg", "speed of cells", "pump", "duration",
        "time after thaw", "end of infusion",
        "reverse calculation",
    ]  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-06")
def test_every_amount() -> None:
    plan = plan_of()
    assert plan.cells.to("cell").magnitude == pytest.approx(3_100_000)
    found = {
        "volume": (plan.volume, 3.1e6 / (5e6 * 0.92), "mL"),
        "syringe": (plan.syringe_volume, 0.67, "mL"),
        "drawn": (plan.draw_volume, 0.77, "mL"),
        "per kg": (plan.volume_per_kg, 0.67 / 3.1, "mL/kg"),
        "duration": (plan.duration, 0.5, "hour"),
        "rate": (plan.rate, 1.34, "mL/hour"),
        "delivered": (plan.delivered, 0.67 * 5e6 * 0.92 / 3.1, "cell/kg"),
    }
    for name, (result, expected, unit) in found.items():
        assert result is not None, name
        assert result.to(unit).magnitude == pytest.approx(expected, rel=1e-12), name
    assert plan.vials == 1
    assert plan.rounding_error is not None
    assert plan.rounding_error.magnitude == pytest.approx(100 * (0.67 / (3.1 / 4.6) - 1))
    assert plan.soft_stops == ()
    assert plan.override is None
    assert plan.arm is None


@pytest.mark.requirement("REQ-DOSE-16")
def test_what_was_not_asked_for_is_none_and_its_check_not_made() -> None:
    plan = prepare(**SIMPLE)
    nothing = (plan.syringe_volume, plan.rounding_error, plan.draw_volume, plan.vials, plan.rate,
               plan.duration)  # fmt: skip
    assert nothing == (None,) * 6
    assert list(outcomes(plan)) == list(outcomes(plan_of()))
    made = {name for name, outcome in outcomes(plan).items() if outcome != "not made"}
    assert made == {"possible values", "weight range", "reverse calculation"}
    assert message(plan, "weight for age and sex") == (
        "sex, and date of birth or age, are not both typed"
    )


def test_quantities_of_any_registry() -> None:
    other: Any = pint.UnitRegistry()
    other.define("cell = [cell] = cell = cells")
    plan = prepare(
        weight=other.Quantity(2350, "g"),
        dose=nc.Q(1e6, "cell/kg"),
        viable_concentration=other.Quantity(2e9, "cell/liter"),
        graduation=nc.Q(np.float64(0.1), "mL"),
    )
    assert plan.volume is not None
    assert plan.volume.magnitude == 1.175


@pytest.mark.requirement("REQ-UNIT-08")
def test_a_product_of_mixed_prefixes_keeps_its_prefix() -> None:
    cells = nc.Q(1e6, "cell/kg") * nc.Q(3200, "g")
    assert cells.to("cell").magnitude == 3.2e6  # its bare magnitude is a thousandfold more
    dose = nc.Q(3.2e9, "cell") / nc.Q(3200, "g")
    assert prepare(**(SIMPLE | {"dose": dose / 1000})).cells.magnitude == 2_350_000


@pytest.mark.requirement("REQ-DOSE-07")
def test_the_rate_gives_the_duration_and_the_other_way_round() -> None:
    slow = prepare(**SIMPLE, rate="2.35 mL/h")
    assert slow.duration is not None
    assert slow.duration.to("min").magnitude == pytest.approx(30)
    fast = prepare(**SIMPLE, duration="30 min")
    assert fast.rate is not None
    assert fast.rate.magnitude == pytest.approx(2.35)


@pytest.mark.requirement("REQ-DOSE-02")
def test_a_dose_that_counts_all_cells() -> None:
    total = Limits(counts="total")
    arguments: dict[str, Any] = {"weight": "2 kg", "dose": "5 million cells/kg", "limits": total}
    plan = prepare(**arguments, concentration="5 million cells/mL", release_viability="92%")
    assert plan.volume is not None
    assert plan.volume.magnitude == 2.0
    assert "total cells/kg" in plan.describe()
    vials = prepare(**arguments, cells_per_vial="5 million cells/vial", recovery="80%")
    assert vials.vials == 3  # 10 / 4
    mixed: list[dict[str, Any]] = [
        {"concentration": "5 million cells/mL", "viability": "92%"},
        {"viable_concentration": "5 million cells/mL"},
        {"concentration": "5 million cells/mL", "viable_cells_per_vial": "1 million cells/vial"},
    ]
    for wrong in mixed:
        with pytest.raises(nc.InputError, match="counts all cells"):
            prepare(**arguments, **wrong)


@pytest.mark.requirement("REQ-DOSE-04")
def test_vials_cover_what_is_drawn_up() -> None:
    vial: dict[str, Any] = {"viable_cells_per_vial": "2.35 million cells/vial"}
    assert prepare(**SIMPLE, **vial).vials == 1
    assert prepare(**SIMPLE, **vial, dead_volume="0.1 mL").vials == 2
    assert prepare(**SIMPLE, **vial, graduation="0.1 mL").vials == 2  # rounded up to 1.2 mL
    assert prepare(**SIMPLE, **vial, graduation="0.5 mL", limits=Limits(
        rounding_tolerance="20%")).vials == 1  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-04")
def test_vials_are_not_one_more_for_the_last_bit_of_a_float() -> None:
    assert 1.47e6 / (1e6 * 0.7 * 0.7) > 3
    plan = prepare(
        weight="1.47 kg",
        dose="1 million cells/kg",
        viability=0.7,
        recovery=0.7,
        cells_per_vial="1 million cells/vial",
    )
    assert plan.vials == 3


@pytest.mark.requirement("REQ-DOSE-02")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"viability": None}, "viability"),
        ({"viable_concentration": "1 million cells/mL"}, "viable_concentration"),
        ({"release_viability": "90%"}, "release_viability"),
        ({"cells_per_vial": None}, "recovery"),
        ({"recovery": None}, "recovery"),
        ({"viable_cells_per_vial": "1 million cells/vial"}, "viable_cells_per_vial"),
        ({"rate": "1 mL/h"}, "rate"),
        (
            {"viable_concentration": "2 million cells/mL", "concentration": None,
             "viability": None, "release_viability": "92%"},
            "viability",
        ),
        ({"concentration": None}, "concentration"),
        (
            {"concentration": None, "cells_per_vial": None, "recovery": None, "viability": None,
             "graduation": None, "dead_volume": None, "syringe_capacity": None, "duration": None},
            "concentration",
        ),
    ],
)  # fmt: skip
def test_inputs_that_contradict_each_other(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(nc.InputError) as caught:
        plan_of(**changes)
    assert caught.value.argument == named


@pytest.mark.requirement("REQ-DOSE-02")
def test_viability_for_the_check_alone() -> None:
    low: dict[str, Any] = {"release_viability": "65%", "limits": Limits(min_viability="70%")}
    with pytest.raises(nc.DoseRefused, match="65% is less than 70%"):
        prepare(**SIMPLE, **low)
    plan = prepare(**SIMPLE, **(low | {"release_viability": "75%"}))
    assert plan.volume is not None
    assert plan.volume.magnitude == 1.175


EARLY: dict[str, Any] = {
    "weighed_on": "2026-08-12T06:00",
    "last_weight": None,
    "last_weighed_on": None,
}


class TestSoftStop:
    @pytest.mark.requirement("REQ-SAFE-02")
    def test_needs_a_reason_a_second_person_and_the_code_of_the_stops(self) -> None:
        error = refusal_of(**EARLY)
        assert stops(error) == {"age of weight": "soft stop"}
        assert len(error.seen) == 6
        assert str(error).endswith(
            "To go on, type a reason, who prepares, the initials of a second person, and the code "
            f"of these stops: {error.seen}"
        )

    @pytest.mark.requirement("REQ-SAFE-02")
    def test_is_passed_with_them(self) -> None:
        override = Override("weight confirmed", "A.B.", refusal_of(**EARLY).seen.lower())
        plan = plan_of(**EARLY, override=override)
        assert [check.name for check in plan.soft_stops] == ["age of weight"]
        assert plan.override == override
        said = "Soft stops passed (age of weight): weight confirmed; second person AB"
        assert said in plan.describe()

    def test_of_what_is_computed(self) -> None:
        thin = SIMPLE | {"dose": "30 million cells/kg"}
        with pytest.raises(nc.DoseRefused, match="soft stop: volume per kg") as caught:
            prepare(**thin)
        assert stops(caught.value) == {"volume per kg": "soft stop"}
        assert passing(**thin).soft_stops

    @pytest.mark.parametrize("code", ["", "AAAAAA", "age of weight"])
    def test_none_is_passed_before_it_was_seen(self, code: str) -> None:
        """Every stop could be named beforehand, and was passed by whoever had an alias."""
        error = refusal_of(**EARLY, override=Override("weight confirmed", "AB", code))
        assert stops(error) == {"age of weight": "soft stop"}
        assert (f"{code.upper()} is not the code of these stops" in str(error)) is bool(code)

    @pytest.mark.requirement("REQ-SAFE-02")
    def test_a_code_is_that_of_these_stops_and_figures(self) -> None:
        """A reason for a light infant once passed a low viability that nobody had seen."""
        seen = refusal_of(**EARLY).seen
        assert seen == refusal_of(**EARLY, prepared_by="EF").seen
        low: dict[str, Any] = {"limits": None, "viability": "65%", "dead_volume": None}
        others: list[dict[str, Any]] = [
            {"weight": "3.15 kg"}, {"weighed_on": "2026-08-12T05:59"}, {"subject": "001-0005"},
            {"sex": "male"}, {"viability": "91%"}, {"line_filter": None, "limits": None}, low,
            {"age": nc.Age.from_days(105, gestation="27+4")}, {"doses_given": []},
            {"policy": nc.Policy(preterm_reference="fenton-2025")},
            {"arm": nc.trials.load("NCT03558334").arm("A")},
        ]  # fmt: skip
        codes = {refusal_of(**(EARLY | other)).seen for other in others}
        assert len(codes) == len(others)
        assert seen not in codes
        for other in others:
            with pytest.raises(nc.DoseRefused, match=f"{seen} is not the code of these stops"):
                plan_of(**(EARLY | other), override=Override("weight confirmed", "AB", seen))
        plan = plan_passing(**(EARLY | low))
        assert [check.name for check in plan.soft_stops] == ["age of weight", "viability"]
        assert "Soft stops passed (age of weight, viability): weight" in plan.describe()

    def test_a_hard_stop_has_no_code(self) -> None:
        assert refusal_of(weight="31 kg").seen == ""
        assert refusal_of(weight="31 kg", **EARLY).seen == ""

    def test_an_override_without_one_is_not_kept(self) -> None:
        assert plan_of(override=OVERRIDE).override is None

    @pytest.mark.requirement("REQ-SAFE-02")
    @pytest.mark.parametrize(
        ("reason", "initials"),
        [("", "AB"), ("  ", "AB"), ("...", "AB"), ("weighed twice", ""), ("weighed twice", "A"),
         ("weighed twice", "12"), (None, "AB"), ("weighed twice", None),
         ("two words\nand lines", "AB"), ("ok", "AB"), ("because", "AB"), ("xxxx xxxx", "AB"),
         ("a b c d", "AB"), ("1 234 56", "AB"), ("weighed twice", "A.B.C.D.E.F.")],
    )  # fmt: skip
    def test_an_override_without_reason_or_person_is_refused(
        self, reason: Any, initials: Any
    ) -> None:
        with pytest.raises(nc.InputError):
            Override(reason=reason, second_person=initials, seen="AAAAAA")

    @pytest.mark.parametrize("initials", ["A.B.", "A. B.", "AB", " AB ", "A B"])
    def test_initials_as_they_are_written(self, initials: str) -> None:
        assert Override("weighed twice", initials, "").second_person == "AB"

    def test_a_code_is_a_text(self) -> None:
        wrong: Any = ["age of weight"]
        with pytest.raises(nc.InputError, match="seen"):
            Override("weighed twice", "AB", wrong)

    @pytest.mark.requirement("REQ-SAFE-02")
    def test_the_second_person_is_another(self) -> None:
        for initials in ("cd", " CD ", "ＣＤ", "C.D."):
            with pytest.raises(nc.InputError, match="another person"):
                plan_of(**EARLY, override=Override("weight confirmed", initials))
        override = Override("weight confirmed", "DC", refusal_of(**EARLY).seen)
        assert plan_of(**EARLY, override=override).soft_stops

    def test_who_prepares_is_needed(self) -> None:
        """Without the first person's initials the second could be the same."""
        with pytest.raises(nc.MissingError, match="prepared_by: missing; who prepares"):
            plan_of(**EARLY, override=OVERRIDE, prepared_by=None)

    @pytest.mark.requirement("REQ-SAFE-02")
    @pytest.mark.parametrize("prepared_by", ["C.D.", "c. d.", "Carla Diaz", "Diaz-Cole CD", "C D"])
    def test_the_second_person_is_another_however_the_first_is_written(
        self, prepared_by: str
    ) -> None:
        override = Override("weighed twice", "CD")
        with pytest.raises(nc.InputError, match="another person"):
            plan_of(**EARLY, override=override, prepared_by=prepared_by)

    def test_letters_with_accents_are_the_same_however_they_are_coded(self) -> None:
        override = Override("weighed twice", "\u00c4B")
        with pytest.raises(nc.InputError, match="another person"):
            plan_of(**EARLY, override=override, prepared_by="A\u0308B")


class TestSecondCheck:
    """Two people read scale and certificate apart from each other; neocalc compares."""

    def found(self, **second: Any) -> Any:
        read = {"weight": "3100 g", "concentration": "5e6/mL", "viability": 0.92,
                "cells_per_vial": "10 million cells/vial"} | second  # fmt: skip
        check = SecondCheck("AB", **{name: value for name, value in read.items() if value})
        try:
            return plan_of(second_check=check)
        except nc.DoseRefused as error:
            return error

    def test_the_same_figures_pass(self) -> None:
        plan = self.found()
        assert outcomes(plan)["second check"] == "passed"
        assert message(plan, "second check") == (
            "AB read the same weight, concentration, viability, cells per vial"
        )
        assert outcomes(plan_of(second_check=None))["second check"] == "not made"

    @pytest.mark.requirement("REQ-SAFE-12")
    @pytest.mark.parametrize(
        ("second", "named"),
        [
            ({"weight": "3.01 kg"}, "weight"),
            ({"weight": "31 kg"}, "weight"),
            ({"concentration": "5.1e6/mL"}, "concentration"),
            ({"viability": "29%"}, "viability"),
            ({"viability": "90%", "weight": "2.9 kg"}, "weight, viability"),
            ({"viable_concentration": "5e6/mL"}, "viable concentration"),
        ],
    )
    def test_another_figure_is_a_hard_stop_that_shows_none(
        self, second: dict[str, Any], named: str
    ) -> None:
        found = self.found(**second)
        assert stops(found) == {"second check": "hard stop"}
        said = message(found, "second check")
        assert said.startswith(f"the second person (AB) read another figure: {named}. Both read")
        assert not any(figure in said for figure in ("3.1", "3100", "5", "92", "29", "2.9"))

    def test_what_the_second_person_left_out(self) -> None:
        found = self.found(viability=None, concentration=None)
        assert stops(found) == {"second check": "hard stop"}
        assert message(found, "second check") == (
            "the second person (AB) typed no concentration, viability"
        )

    def test_it_is_another_person(self) -> None:
        check = SecondCheck("CD", "3.1 kg", concentration="5e6/mL", viability="92%")
        with pytest.raises(nc.InputError, match="another person"):
            plan_of(second_check=check)
        with pytest.raises(nc.MissingError, match="prepared_by"):
            plan_of(second_check=check, prepared_by=None)

    @pytest.mark.parametrize(
        ("person", "figures"),
        [("", {}), ("A", {}), ("AB", {"weight": "3.1"}), ("AB", {"viability": 92}),
         ("AB", {"concentration": "5e6"}), ("AB", {"weight": None}), ("AB", {"weight": "7 lb"})],
    )  # fmt: skip
    def test_figures_with_their_units_and_initials(
        self, person: str, figures: dict[str, Any]
    ) -> None:
        with pytest.raises(nc.InputError):
            SecondCheck(person, **({"weight": "3.1 kg"} | figures))

    def test_anything_else_is_an_error(self) -> None:
        wrong: Any = "AB"
        with pytest.raises(nc.InputError, match="second_check"):
            plan_of(second_check=wrong)

    def test_it_is_recorded(self) -> None:
        about = audit.record(self.found())["second_check"]
        assert about["person"] == "AB"
        assert about["figures"]["weight"] == {"value": 3.1, "unit": "kg"}
        assert audit.record(plan_of())["second_check"] is None


class TestHardStop:
    @pytest.mark.requirement("REQ-SAFE-01")
    def test_no_flag_passes_it(self) -> None:
        for override in (None, OVERRIDE):
            error = refusal_of(weight="31 kg", override=override)
            assert stops(error)["weight range"] == "hard stop"

    def test_it_is_named_before_soft_ones(self) -> None:
        error = refusal_of(weight="31 kg", weighed_on="2026-08-12T06:00", last_weight=None)
        assert str(error).startswith("no dose: hard stop: weight range")
        assert "a second person" not in str(error)

    @pytest.mark.requirement("REQ-SAFE-01")
    @pytest.mark.parametrize(
        "changes",
        [
            {"weight": "31 kg"},
            {"limits": Limits(max_volume_per_kg="0.1 mL/kg")},
            {"limits": Limits(max_cells="1 million cells")},
            {"limits": Limits(max_rate="1 mL/h")},
            {"limits": Limits(max_rate_per_kg="0.1 mL/kg/h")},
            {"graduation": "0.5 mL"},
            {"syringe_capacity": "0.5 mL"},
            {"weighed_on": "2026-08-12T06:00"},
        ],
    )
    def test_a_refusal_holds_no_result(self, changes: dict[str, Any]) -> None:
        error = refusal_of(**changes)
        # 3.1 million cells, 0.673913 or 0.67 mL, 0.77 mL drawn, 1.34 mL/h, 0.2161 mL/kg
        held = f"{error} {error.args} {error.checks} {vars(error)['checks']}"
        for figure in ("3,100,000", "3100000", "0.67", "0.77", "1.34", "0.216", "0.43", "994"):
            assert figure not in held, (figure, held)
        assert list(outcomes(error)) == list(outcomes(plan_of()))
        derived = [check for check in error.checks if check.derived]
        assert [check.value for check in derived] == [None] * len(DERIVED)

    @pytest.mark.requirement("REQ-SAFE-01")
    def test_after_a_hard_stop_nothing_is_computed(self) -> None:
        error = refusal_of(weight="31 kg")
        assert message(error, "volume per kg") == "stopped before it"
        assert not hasattr(error.request, "amounts")

    @pytest.mark.parametrize(
        "changes",
        [
            {"concentration": "0 cells/mL"},
            {"concentration": "-5 million cells/mL"},
            {"recovery": "120%"},
            {"viability": "0%"},
            {"viability": "920%"},
            {"weight": "0 kg"},
            {"weight": "-3.1 kg"},
            {"weight": "1e300 kg"},
            {"weight": "1e-300 kg"},
            {"duration": "1e-300 h"},
            {"graduation": "1e-12 mL"},
            {"dead_volume": "1e-12 mL"},
            {"dose": "0 cells/kg"},
            {"dose": "1e300 cells/kg"},
            {"graduation": "0 mL"},
            {"dead_volume": "-0.1 mL"},
            {"duration": "0 min"},
            {"cells_per_vial": "0 cells/vial"},
            {"last_weight": "0 kg"},
        ],
    )
    def test_impossible_values(self, changes: dict[str, Any]) -> None:
        error = refusal_of(**changes)
        assert audit.line(audit.record(error))  # a refusal can always be recorded
        assert len(str(error)) < 200
        assert stops(error) == {"possible values": "hard stop"}
        (name,) = changes
        assert name in str(error)

    @pytest.mark.requirement("REQ-DOSE-06")
    def test_no_dead_volume_is_possible(self) -> None:
        plan = plan_of(dead_volume="0 mL")
        assert plan.draw_volume is not None
        assert plan.draw_volume.magnitude == 0.67


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"weight": 3.1}, nc.UnitError),
        ({"weight": None}, nc.MissingError),
        ({"dose": None}, nc.MissingError),
        ({"weight": "6.8 lb"}, nc.UnitError),
        ({"weight": ["3.1 kg"]}, nc.InputError),
        ({"weight": nc.Q([3.1, 3.2], "kg")}, nc.InputError),
        ({"limits": {"max_rate": "5 mL/h"}}, nc.InputError),
        ({"arm": "A"}, nc.InputError),
        ({"override": "because"}, nc.InputError),
        ({"policy": "fenton-2013"}, nc.InputError),
        ({"age": 105}, nc.AgeError),
        ({"age": nc.Age.from_days([105, 106])}, nc.AgeError),
        ({"on": "2026-08-15"}, nc.AgeError),
        ({"subject": 4}, nc.InputError),
        ({"subject": "two\nlines"}, nc.InputError),
        ({"reference": "who-2000"}, nc.InputError),
        ({"reference": 5}, nc.InputError),
        ({"reference": nc.Q([1.0, 2.0], "mL")}, nc.InputError),
        ({"doses_given": nc.Q(1e6, "cell/kg")}, nc.InputError),
    ],
)
def test_wrong_inputs(changes: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        plan_of(**changes)


def test_the_day_of_the_dose_is_that_of_the_age() -> None:
    plan = plan_of(
        on=None, expires="2026-08-14", weighed_on="2026-08-14", last_weight=None,
        doses_given=[("2026-08-07", "1 million cells/kg")], limits=None, thawed_on=None,
    )  # fmt: skip
    assert str(plan.inputs.on) == "2026-08-14"
    assert outcomes(plan)["age of weight"] == "passed"
    days = prepare(**SIMPLE, age=nc.Age.from_days(105), on="2026-08-14")
    assert str(days.inputs.on) == "2026-08-14"


def test_an_arm_gives_its_dose_and_limits() -> None:
    arm = nc.trials.load("NCT03558334").arm("B")
    plan = prepare(weight="2 kg", viable_concentration="5 million cells/mL", arm=arm)
    assert plan.cells.magnitude == 10_000_000
    assert plan.arm is arm
    assert "NCT03558334, version registry, arm B" in plan.describe()
    same = prepare(**(SIMPLE | {"dose": "5 million cells/kg"}), arm=arm)
    assert outcomes(same)["arm dose"] == "passed"
    with pytest.raises(nc.DoseRefused, match="is not the arm's dose"):
        prepare(**SIMPLE, arm=arm)
    with pytest.raises(nc.PolicyError, match="dose: the protocol states"):
        prepare(weight="2 kg", arm=arm, limits=Limits(dose="1 million cells/kg"),
                viable_concentration="5 million cells/mL")  # fmt: skip


@pytest.mark.requirement("REQ-TRIAL-01")
@pytest.mark.parametrize("dose", [None, "1 million cells/kg"])
def test_an_arm_without_a_dose_is_refused_whatever_dose_is_given(dose: str | None) -> None:
    arm = nc.trials.load("NCT03601416", "registry").arm("MSC")
    with pytest.raises(nc.DoseRefused, match="states no dose") as caught:
        prepare(weight="2 kg", dose=dose, arm=arm, viable_concentration="5 million cells/mL")
    assert stops(caught.value) == {"arm dose": "hard stop"}


def test_an_unknown_reference_is_an_error_without_an_age_too() -> None:
    with pytest.raises(nc.InputError, match="who-2000"):
        plan_of(reference="who-2000", age=None, sex=None)


def test_a_reference_of_ones_own_is_recorded_as_text() -> None:
    folder = Path(__file__).resolve().parents[2] / "reference_tables" / "who-2006"
    plan = plan_passing(reference=folder)
    about = json.loads(audit.line(audit.record(plan)))
    assert about["inputs"]["reference"] == str(folder)


def test_one_reference_whatever_the_age() -> None:
    plan = plan_passing(reference="who-2006")
    assert "who-2006" in message(plan, "weight for age and sex")


def test_a_plan_does_not_change() -> None:
    plan = plan_of()
    with pytest.raises(AttributeError):
        plan.amounts = None  # type: ignore[misc, assignment]
    assert copy.copy(plan).checks == plan.checks


def test_a_refusal_survives_being_sent_between_processes() -> None:
    error = pickle.loads(pickle.dumps(refusal_of(weight="31 kg")))
    assert stops(error)["weight range"] == "hard stop"


def test_a_check_reads_as_a_line() -> None:
    check = Check("rate", "passed", "at most 5 mL/h", Figure(5, "mL/h"), Figure(1, "mL/h"), True)
    assert str(check) == "passed     rate: at most 5 mL/h"
    assert check.withheld().value is None


def test_arguments_of_the_tests_are_fresh() -> None:
    assert whole() is not whole()
