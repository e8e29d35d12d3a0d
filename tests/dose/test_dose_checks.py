"""The product, the volume, the rate and earlier doses against the protocol."""

from __future__ import annotations

from typing import Any

import pytest

import neocalc as nc
from dose_arguments import LIMITS, message, of_trial, outcomes, passing, plan_of, refusal_of, stops
from neocalc.dose import Limits, prepare
from neocalc.dose import amounts as dose_amounts
from neocalc.dose.limits import DEFAULTS
from neocalc.dose.stops import DERIVED, INPUT

SIMPLE: dict[str, Any] = {
    "weight": "2 kg",
    "dose": "1 million cells/kg",
    "viable_concentration": "5 million cells/mL",
}


def protocol(**stated: Any) -> Limits:
    """Limits that a protocol's own definition states."""
    return Limits(**stated, own=tuple(stated))


NO_CONCENTRATION: dict[str, Any] = {"min_concentration": None, "max_concentration": None}


def tried(**arguments: Any) -> Any:
    """The plan, or the refusal."""
    try:
        return prepare(**(SIMPLE | arguments))
    except nc.DoseRefused as error:
        return error


class TestArmDose:
    @pytest.mark.requirement("REQ-DOSE-12")
    @pytest.mark.parametrize("dose", ["10 million cells/kg", "1000 cells/kg", "1.01e6 cells/kg"])
    def test_any_other_is_a_hard_stop(self, dose: str) -> None:
        assert stops(refusal_of(dose=dose))["arm dose"] == "hard stop"

    @pytest.mark.requirement("REQ-DOSE-12")
    @pytest.mark.parametrize(
        ("dose", "outcome"),
        [("1 million cells/kg", "not made"), ("50 million cells/kg", "not made"),
         ("0.99 million cells/kg", "soft stop"), ("51 million cells/kg", "soft stop")],
    )  # fmt: skip
    def test_without_an_arm_the_published_range(self, dose: str, outcome: str) -> None:
        arguments = {"dose": dose, "viable_concentration": "10 million cells/mL"}
        assert outcomes(tried(**arguments))["arm dose"] == outcome


class TestConcentration:
    @pytest.mark.parametrize(
        ("limits", "outcome"),
        [({"max_concentration": "5 million cells/mL"}, "passed"),
         ({"max_concentration": "4.9 million cells/mL"}, "hard stop"),
         ({"min_concentration": "5 million cells/mL"}, "passed"),
         ({"min_concentration": "5.1 million cells/mL"}, "hard stop"),
         ({}, "not made"),
         ({"usual_concentration_high": "4.9 million cells/mL"}, "soft stop"),
         ({"usual_concentration_low": "5.1 million cells/mL"}, "soft stop")],
    )  # fmt: skip
    def test_limits(self, limits: dict[str, Any], outcome: str) -> None:
        assert outcomes(tried(limits=Limits(**limits)))["concentration"] == outcome

    def test_one_side_alone_is_said(self) -> None:
        found = tried(limits=Limits(max_concentration="9 million cells/mL"))
        assert message(found, "concentration") == "5 million cells/mL is at most 9 million cells/mL"

    def test_vials_alone_have_none(self) -> None:
        found = tried(viable_concentration=None, viable_cells_per_vial="1 million cells/vial")
        assert message(found, "concentration") == "no concentration is given"
        assert found.vials == 2


class TestViability:
    @pytest.mark.requirement("REQ-DOSE-13")
    @pytest.mark.parametrize(
        ("viability", "stated", "outcome"),
        [("70%", "70%", "passed"), ("69.9%", "70%", "hard stop"), (None, "70%", "hard stop"),
         (None, None, "not made"), ("69%", "60%", "soft stop"), ("69%", "65%", "soft stop"),
         ("70%", None, "not made"), ("69%", None, "soft stop"), ("9.9%", None, "hard stop"),
         ("9%", "5%", "hard stop")],
    )  # fmt: skip
    def test_the_specification(
        self, viability: str | None, stated: str | None, outcome: str
    ) -> None:
        found = tried(release_viability=viability, limits=Limits(min_viability=stated))
        assert outcomes(found)["viability"] == outcome

    @pytest.mark.requirement("REQ-SAFE-05")
    @pytest.mark.parametrize("viability", ["1%", "0.92%", "0.5%", "0.092%", "9.2%"])
    def test_no_other_viability_is_named(self, viability: str) -> None:
        """Of 1% it asked "did you mean 100%?": a product without living cells would pass."""
        found = message(tried(release_viability=viability), "viability")
        assert found == (
            f"{viability} is below 10%. Read the certificate again, and type the percent sign"
        )


class TestEarlierDoses:
    def one(self, *days: str, **limits: Any) -> Any:
        given = [(day, "1 million cells/kg") for day in days]
        return tried(doses_given=given, on="2026-08-15", limits=Limits(**limits))

    @pytest.mark.requirement("REQ-DOSE-14")
    def test_cumulative(self) -> None:
        cap: dict[str, Any] = {"max_total_dose": "3 million cells/kg"}
        assert outcomes(self.one("2026-08-01", "2026-08-08", **cap))["cumulative dose"] == "passed"
        three = self.one("2026-07-25", "2026-08-01", "2026-08-08", **cap)
        assert stops(three) == {"cumulative dose": "hard stop"}
        assert outcomes(tried(limits=Limits(**cap)))["cumulative dose"] == "hard stop"
        assert outcomes(tried())["cumulative dose"] == "not made"

    @pytest.mark.requirement("REQ-DOSE-14")
    def test_one_dose_above_the_sum_needs_no_earlier_ones(self) -> None:
        alone = tried(limits=Limits(max_total_dose="0.9 million cells/kg"))
        assert stops(alone) == {"cumulative dose": "hard stop"}

    def test_a_sum_of_tenths_is_not_above_its_limit(self) -> None:
        given = [("2026-08-01", "0.1e6 cells/kg"), ("2026-08-08", "0.2e6 cells/kg")]
        limits = Limits(max_total_dose="1.3 million cells/kg")
        found = tried(doses_given=given, on="2026-08-15", limits=limits)
        assert outcomes(found)["cumulative dose"] == "passed"

    @pytest.mark.requirement("REQ-DOSE-14")
    def test_number(self) -> None:
        assert outcomes(self.one("2026-08-01", max_doses=2))["number of doses"] == "passed"
        assert stops(self.one("2026-08-01", max_doses=1)) == {"number of doses": "hard stop"}
        assert outcomes(tried(limits=Limits(max_doses=1)))["number of doses"] == "hard stop"
        assert outcomes(tried())["number of doses"] == "not made"

    @pytest.mark.requirement("REQ-DOSE-14")
    @pytest.mark.parametrize(
        ("last", "limits", "outcome"),
        [
            ("2026-08-08", {"min_interval": "7 day"}, "passed"),
            ("2026-08-09", {"min_interval": "7 day"}, "hard stop"),
            ("2026-08-01", {"max_interval": "14 day"}, "passed"),
            ("2026-07-31", {"max_interval": "14 day"}, "soft stop"),
            ("2026-08-08", {}, "not made"),
            ("2026-08-15", {}, "hard stop"),
            ("2026-08-15", {"max_interval": "14 day"}, "hard stop"),
            ("2026-08-15", {"min_interval": "1 h"}, "hard stop"),
        ],
    )
    def test_interval(self, last: str, limits: dict[str, Any], outcome: str) -> None:
        assert outcomes(self.one(last, **limits))["dose interval"] == outcome

    def test_interval_in_hours(self) -> None:
        twice = {"doses_given": [("2026-08-15T08:00", "1 million cells/kg")]}
        limits = Limits(min_interval="6 h")
        for on, outcome in (("2026-08-15T14:00", "passed"), ("2026-08-15T13:59", "hard stop")):
            assert outcomes(tried(**twice, on=on, limits=limits))["dose interval"] == outcome

    @pytest.mark.requirement("REQ-DOSE-14", "REQ-DOSE-24")
    @pytest.mark.parametrize(
        ("last", "on", "interval", "outcome"),
        [
            ("2026-08-14", "2026-08-15T00:30", "12 h", "hard stop"),  # half an hour, or a day
            ("2026-08-14T23:30", "2026-08-15", "12 h", "hard stop"),
            ("2026-08-14", "2026-08-15", "12 h", "hard stop"),
            ("2026-08-14", "2026-08-15", "1 day", "hard stop"),
            ("2026-08-14", "2026-08-15", "24 h", "hard stop"),
            ("2026-08-13", "2026-08-15", "12 h", "passed"),  # a day at least
            ("2026-08-13", "2026-08-15", "24 h", "passed"),
            ("2026-08-13", "2026-08-15", "25 h", "hard stop"),
            ("2026-08-15", "2026-08-15T13:00", "12 h", "hard stop"),
            ("2026-08-08T23:00", "2026-08-15", "7 day", "hard stop"),
            ("2026-08-08", "2026-08-15T09:00", "7 day", "hard stop"),
            ("2026-08-08", "2026-08-15", "7 day", "passed"),  # days of the calendar, both of them
            ("2026-08-08", "2026-08-15", "6.5 day", "hard stop"),
            ("2026-08-08T09:00", "2026-08-15T09:00", "7 day", "passed"),
            ("2026-08-08T09:01", "2026-08-15T09:00", "7 day", "hard stop"),
        ],
    )  # fmt: skip
    def test_a_date_without_a_time_is_taken_at_its_worst(
        self, last: str, on: str, interval: str, outcome: str
    ) -> None:
        """Half an hour between two dates was "not made", and passed."""
        given = [(last, "1 million cells/kg")]
        found = tried(doses_given=given, on=on, limits=Limits(min_interval=interval))
        assert outcomes(found)["dose interval"] == outcome

    def test_the_message_asks_for_the_times(self) -> None:
        given = [("2026-08-14", "1 million cells/kg")]
        found = tried(doses_given=given, on="2026-08-15T09:00", limits=Limits(min_interval="12 h"))
        assert message(found, "dose interval") == (
            "by its date alone the last dose (2026-08-14) may be only 0.375 days ago: less than "
            "0.5 days. Type the times of the doses"
        )

    @pytest.mark.parametrize(
        ("last", "on", "outcome"),
        [("2026-08-01", "2026-08-15", "passed"), ("2026-08-01", "2026-08-15T09:00", "soft stop"),
         ("2026-08-01T09:00", "2026-08-15T09:00", "passed"),
         ("2026-08-01T08:59", "2026-08-15T09:00", "soft stop")],
    )  # fmt: skip
    def test_the_longest_interval_at_its_worst(self, last: str, on: str, outcome: str) -> None:
        given = [(last, "1 million cells/kg")]
        found = tried(doses_given=given, on=on, limits=Limits(max_interval="14 day"))
        assert outcomes(found)["dose interval"] == outcome

    @pytest.mark.requirement("REQ-DOSE-16")
    def test_interval_without_a_date_or_without_doses(self) -> None:
        given = [("2026-08-01", "1 million cells/kg")]
        assert stops(tried(doses_given=given)) == {"dose interval": "hard stop"}
        assert outcomes(tried(doses_given=[]))["dose interval"] == "passed"
        assert outcomes(tried())["dose interval"] == "not made"


@pytest.mark.requirement("REQ-DOSE-15")
@pytest.mark.parametrize(
    ("expires", "on", "outcome"),
    [
        ("2026-08-14", "2026-08-14", "passed"),
        ("2026-08-13", "2026-08-14", "hard stop"),
        ("2026-08-14T12:00", "2026-08-14T12:00", "passed"),
        ("2026-08-14T12:00", "2026-08-14T12:01", "hard stop"),
        ("2026-08-14T12:00", "2026-08-14", "hard stop"),
        ("2026-08-14T12:00", "2026-08-15", "hard stop"),
        ("2026-08-14T12:00", "2026-08-13", "passed"),
        ("2026-08-14", "2026-08-14T23:59", "passed"),
        (None, "2026-08-14", "not made"),
        ("2026-08-14", None, "hard stop"),
    ],
)
def test_expiry(expires: str | None, on: str | None, outcome: str) -> None:
    assert outcomes(tried(expires=expires, on=on))["product expiry"] == outcome


@pytest.mark.requirement("REQ-DOSE-23")
@pytest.mark.parametrize(
    ("expires", "on", "duration", "outcome"),
    [
        ("2026-08-14T10:00", "2026-08-14T09:30", "30 min", "passed"),
        ("2026-08-14T10:00", "2026-08-14T09:30", "31 min", "hard stop"),
        ("2026-08-14", "2026-08-14T23:30", "30 min", "passed"),
        ("2026-08-14", "2026-08-14T23:30", "31 min", "hard stop"),
        ("2026-08-14", "2026-08-14", "30 min", "passed"),
        ("2026-08-15T00:20", "2026-08-14", "20 min", "passed"),
        ("2026-08-15T00:20", "2026-08-14", "21 min", "hard stop"),
        ("2026-08-14T10:00Z", "2026-08-14T11:30+02:00", "30 min", "passed"),
        ("2026-08-14T10:00Z", "2026-08-14T11:30+02:00", "31 min", "hard stop"),
        ("2026-08-15T00:20Z", "2026-08-14", "20 min", "passed"),
        ("2026-08-14T10:00", "2026-08-14T09:30", None, "not made"),
        (None, "2026-08-14T09:30", "30 min", "not made"),
    ],
)
def test_a_product_that_expires_during_the_infusion(
    expires: str | None, on: str, duration: str | None, outcome: str
) -> None:
    found = tried(expires=expires, on=on, duration=duration)
    assert outcomes(found)["end of infusion"] == outcome


def test_an_infusion_that_a_rate_makes_too_long_for_the_product() -> None:
    arguments = {"expires": "2026-08-14T12:00", "on": "2026-08-14T09:30"}
    assert outcomes(tried(**arguments, rate="0.4 mL/h"))["end of infusion"] == "passed"
    assert outcomes(tried(**arguments, rate="0.15 mL/h"))["end of infusion"] == "hard stop"


class TestVolume:
    def test_cells_counts_what_the_syringe_delivers(self) -> None:
        limits = Limits(max_cells="2 million cells")
        assert outcomes(tried(limits=limits))["cells per dose"] == "passed"
        up = tried(limits=limits, viable_concentration="5.1 million cells/mL", graduation="0.01 mL")
        assert outcomes(up)["cells per dose"] == "passed"  # 0.3922 mL, 0.39 mL
        up = tried(limits=limits, viable_concentration="5.1 million cells/mL", graduation="0.4 mL")
        assert stops(up) == {"cells per dose": "hard stop"}  # 0.4 mL hold 2.04 million cells

    def test_volume_without_a_limit_of_the_protocol(self) -> None:
        found = tried(dose="50 million cells/kg")
        assert outcomes(found)["volume per kg"] == "not made"
        found = tried(dose="50 million cells/kg", viable_concentration="4.99 million cells/mL")
        assert stops(found) == {"volume per kg": "soft stop"}

    @pytest.mark.requirement("REQ-DOSE-05")
    def test_another_syringe_is_suggested(self) -> None:
        found = tried(graduation="0.5 mL")
        assert message(found, "rounding error") == (
            "a graduation of 0.5 mL is off by more than 5%: use a syringe of 1 mL with lines of "
            "0.01 mL"
        )
        large = tried(graduation="0.5 mL", dead_volume="0.3 mL", dose="1.8 million cells/kg")
        assert "use a syringe of 3 mL with lines of 0.1 mL" in message(large, "rounding error")
        little = tried(viable_concentration="1000 million cells/mL", graduation="0.1 mL")
        assert "use another dilution" in message(little, "rounding error")

    @pytest.mark.requirement("REQ-DOSE-05")
    def test_the_tolerance_is_the_protocols(self) -> None:
        half = {"graduation": "0.5 mL", "limits": Limits(rounding_tolerance="30%")}
        assert outcomes(tried(**half))["rounding error"] == "passed"

    def test_an_empty_syringe_is_within_no_tolerance(self) -> None:
        wide = {"graduation": "1 mL", "limits": Limits(rounding_tolerance="100%")}
        assert stops(tried(**wide)) == {"rounding error": "hard stop"}

    @pytest.mark.requirement("REQ-DOSE-06")
    def test_the_syringe_holds_what_is_drawn_up(self) -> None:
        assert outcomes(tried(syringe_capacity="0.4 mL"))["syringe capacity"] == "passed"
        drawn = tried(syringe_capacity="0.4 mL", dead_volume="0.01 mL")
        assert stops(drawn) == {"syringe capacity": "hard stop"}

    @pytest.mark.requirement("REQ-DOSE-07")
    def test_rates(self) -> None:
        limits = Limits(max_rate="1 mL/h", max_rate_per_kg="0.5 mL/kg/h")
        assert outcomes(tried())["rate"] == "not made"
        assert outcomes(tried(limits=limits, rate="1 mL/h"))["rate per kg"] == "passed"
        found = stops(tried(limits=limits, duration="20 min"))
        assert found["rate"] == found["rate per kg"] == "hard stop"

    @pytest.mark.requirement("REQ-DOSE-10")
    @pytest.mark.parametrize(
        ("arguments", "check", "outcome"),
        [
            ({"duration": "30 min"}, "duration", "not made"),
            ({"duration": "29 min"}, "duration", "soft stop"),
            ({"duration": "4 h"}, "duration", "not made"),
            ({"duration": "4.1 h"}, "duration", "soft stop"),
            ({"duration": "30 h"}, "duration", "soft stop"),
            ({"rate": "40 mL/h"}, "rate per kg", "not made"),
            ({"rate": "41 mL/h"}, "rate per kg", "soft stop"),
            ({"rate": "5 mL/min"}, "rate per kg", "soft stop"),
            ({"rate": "5 mL/min", "limits": protocol(max_rate_per_kg="150 mL/kg/h")},
             "rate per kg", "passed"),
            ({"duration": "30 h", "limits": protocol(max_duration="40 h")}, "duration", "passed"),
            ({"duration": "10 min", "limits": protocol(max_duration="40 h")}, "duration",
             "soft stop"),
        ],
    )  # fmt: skip
    def test_what_is_unusual_where_the_protocol_states_no_limit(
        self, arguments: dict[str, Any], check: str, outcome: str
    ) -> None:
        assert outcomes(tried(**arguments))[check] == outcome

    @pytest.mark.requirement("REQ-DOSE-10")
    def test_more_than_an_infants_blood_is_a_hard_stop_whatever_the_protocol(self) -> None:
        thin: dict[str, Any] = {"viable_concentration": "9900 cells/mL"}
        assert stops(tried(**thin))["volume per kg"] == "hard stop"
        wide = protocol(max_volume_per_kg="500 mL/kg")
        assert stops(tried(**thin, limits=wide))["volume per kg"] == "hard stop"
        almost = thin | {"viable_concentration": "10,000 cells/mL"}
        assert stops(tried(**almost))["volume per kg"] == "soft stop"


class TestStatedAndUsual:
    """Stating one limit once removed another check."""

    @pytest.mark.requirement("REQ-DOSE-19")
    @pytest.mark.parametrize(
        ("stated", "asked", "check"),
        [
            ({"max_concentration": "8 million cells/mL"},
             {"viable_concentration": "0.9 million cells/mL"}, "concentration"),
            ({"min_concentration": "3 million cells/mL"},
             {"viable_concentration": "21 million cells/mL"}, "concentration"),
            ({"max_rate": "400 mL/h"}, {"rate": "5 mL/min"}, "rate per kg"),
            ({"max_duration": "9 h"}, {"rate": "5 mL/min"}, "rate per kg"),
            ({"max_rate_per_kg": "5 mL/kg/h"}, {"duration": "5 h"}, "duration"),
            ({"max_cells": "900 million cells"}, {"dose": "49 million cells/kg",
             "viable_concentration": "4 million cells/mL"}, "volume per kg"),
        ],
    )  # fmt: skip
    def test_a_limit_of_one_side_or_figure_leaves_the_others(
        self, stated: dict[str, Any], asked: dict[str, Any], check: str
    ) -> None:
        for limits in (None, Limits(**stated), protocol(**stated)):
            assert stops(tried(**asked, limits=limits))[check] == "soft stop", limits

    @pytest.mark.requirement("REQ-DOSE-19")
    @pytest.mark.parametrize(
        ("stated", "asked", "check"),
        [
            ({"max_concentration": "40 million cells/mL"},
             {"viable_concentration": "21 million cells/mL"}, "concentration"),
            ({"min_concentration": "0.5 million cells/mL"},
             {"viable_concentration": "0.9 million cells/mL"}, "concentration"),
            ({"max_volume_per_kg": "50 mL/kg"}, {"dose": "50 million cells/kg",
             "viable_concentration": "4 million cells/mL"}, "volume per kg"),
            ({"max_rate_per_kg": "150 mL/kg/h"}, {"rate": "5 mL/min"}, "rate per kg"),
            ({"max_duration": "40 h"}, {"duration": "5 h"}, "duration"),
            ({"min_viability": "20%"}, {"release_viability": "65%"}, "viability"),
        ],
    )  # fmt: skip
    def test_a_looser_limit_replaces_the_usual_one_only_as_the_protocols_own(
        self, stated: dict[str, Any], asked: dict[str, Any], check: str
    ) -> None:
        typed = tried(**asked, limits=Limits(**stated))
        assert outcomes(typed)[check] == "soft stop"
        assert "was typed, and is not in the protocol's file" in message(typed, check)
        own = tried(**asked, limits=protocol(**stated))
        assert outcomes(own)[check] == "passed"

    @pytest.mark.requirement("REQ-DOSE-19")
    @pytest.mark.parametrize(
        ("stated", "asked", "check"),
        [
            ({"max_concentration": "20 million cells/mL"}, {}, "concentration"),
            ({"min_concentration": "1 million cells/mL"}, {}, "concentration"),
            ({"max_volume_per_kg": "10 mL/kg"}, {}, "volume per kg"),
            ({"max_rate_per_kg": "20 mL/kg/h"}, {"rate": "1 mL/h"}, "rate per kg"),
            ({"min_viability": "70%"}, {"release_viability": "70%"}, "viability"),
        ],
    )
    def test_a_limit_as_tight_as_the_usual_one_replaces_it(
        self, stated: dict[str, Any], asked: dict[str, Any], check: str
    ) -> None:
        assert outcomes(tried(**asked, limits=Limits(**stated)))[check] == "passed"

    def test_the_limits_of_an_arm_are_its_protocols_own(self) -> None:
        arm = nc.trials.Arm(
            "A", "", "T", "1", "0" * 64, "shipped", Limits(dose="50 million cells/kg",
                                                max_volume_per_kg="50 mL/kg"))  # fmt: skip
        thin = SIMPLE | {"dose": None, "viable_concentration": "4 million cells/mL"}
        found = prepare(**thin, arm=arm, limits=Limits(max_cells="900 million cells"))
        assert outcomes(found)["volume per kg"] == "passed"
        assert set(found.limits.own) == {"dose", "max_volume_per_kg"}


@pytest.mark.requirement("REQ-DOSE-20")
@pytest.mark.parametrize(
    ("limit", "check"),
    [
        ({"max_total_dose": "3 million cells/kg"}, "cumulative dose"),
        ({"max_doses": 3}, "number of doses"),
        ({"min_interval": "7 day"}, "dose interval"),
        ({"max_interval": "7 day"}, "dose interval"),
        ({"max_duration": "2 h"}, "duration"),
        ({"max_rate": "5 mL/h"}, "rate"),
        ({"max_rate_per_kg": "5 mL/kg/h"}, "rate per kg"),
        ({"min_viability": "70%"}, "viability"),
    ],
)
def test_a_stated_limit_that_cannot_be_checked_is_a_stop(limit: dict[str, Any], check: str) -> None:
    """It was "not made", and passed."""
    for limits in (Limits(**limit), protocol(**limit)):
        found = tried(limits=limits)
        assert stops(found) == {check: "hard stop"}
        assert "cannot be checked: " in message(found, check)


@pytest.mark.requirement("REQ-DOSE-20")
@pytest.mark.parametrize(
    "limit",
    [{"max_volume_per_kg": "2 mL/kg"}, {"max_concentration": "5 million cells/mL"},
     {"min_concentration": "5 million cells/mL"}],
)  # fmt: skip
def test_a_limit_of_the_volume_cannot_be_checked_on_vials_alone(limit: dict[str, Any]) -> None:
    vials = {"viable_concentration": None, "viable_cells_per_vial": "1 million cells/vial"}
    assert set(stops(tried(**vials, limits=Limits(**limit))).values()) == {"hard stop"}
    assert stops(tried(**vials)) == {}


@pytest.mark.requirement("REQ-DOSE-20")
def test_an_interval_without_the_date_of_the_dose_is_a_stop() -> None:
    given = [("2026-08-01", "1 million cells/kg")]
    found = tried(doses_given=given, limits=Limits(min_interval="7 day"))
    assert stops(found) == {"dose interval": "hard stop"}
    assert "the date of the dose is not typed" in message(found, "dose interval")


def test_a_check_that_was_not_made_says_what_it_lacks() -> None:
    lacks = {check.name: check.lacks for check in tried().checks if check.outcome == "not made"}
    assert lacks == {
        "required inputs": "limit", "cells counted": "input", "eligibility": "limit",
        "age at the dose": "limit", "cohort gate": "limit",
        "arm dose": "limit", "measured weight": "input", "age of weight": "input",
        "weight for age and sex": "input", "change from last weight": "input",
        "second check": "input",
        "concentration": "limit", "viability": "limit", "dead volume": "input",
        "cumulative dose": "limit", "number of doses": "limit", "dose interval": "input",
        "product expiry": "input", "cells per dose": "limit", "volume per kg": "limit",
        "rounding error": "input", "syringe capacity": "input", "rate": "limit",
        "rate per kg": "limit", "duration": "limit", "end of infusion": "input",
        "DMSO per kg": "limit", "planned course": "input", "pump": "input",
        "total volume per kg": "input", "yield of the vials": "input",
        "number of vials": "limit", "filter": "limit", "speed of cells": "limit",
        "time after thaw": "input",
    }  # fmt: skip
    assert {check.lacks for check in prepare(**of_trial()).checks} == {"", "input"}
    assert {check.lacks for check in refusal_of(weight="31 kg").checks if check.derived} == {""}


class TestSpeedOfCells:
    """0.7 minutes, 18.6 mL/kg/h, 1.4 million cells/kg/min once passed."""

    @pytest.mark.requirement("REQ-DOSE-22")
    def test_seconds_for_minutes(self) -> None:
        fast = tried(viable_concentration="4.6 million cells/mL", graduation="0.01 mL",
                     duration="0.7 min")  # fmt: skip
        assert stops(fast) == {"speed of cells": "soft stop", "duration": "soft stop"}
        assert "a preterm infant had signs of a lung embolism" in message(fast, "speed of cells")
        assert "less than 30 minutes, the usual limit" in message(fast, "duration")

    @pytest.mark.parametrize(
        ("dose", "duration", "outcome"),
        [
            ("1 million cells/kg", "30 min", "not made"),
            ("1.05 million cells/kg", "30 min", "not made"),
            ("1.06 million cells/kg", "30 min", "soft stop"),
            ("5 million cells/kg", "30 min", "soft stop"),
            ("5 million cells/kg", "2.4 h", "not made"),
        ],
    )
    def test_the_usual_speed(self, dose: str, duration: str, outcome: str) -> None:
        found = tried(dose=dose, duration=duration)
        assert outcomes(found)["speed of cells"] == outcome

    @pytest.mark.requirement("REQ-DOSE-22")
    def test_the_protocols_speed_is_a_hard_limit(self) -> None:
        for limits in (Limits(max_cell_rate="30,000 cells/kg/min"),
                       protocol(max_cell_rate="2 million cells/kg/h")):  # fmt: skip
            assert outcomes(tried(duration="35 min", limits=limits))["speed of cells"] == "passed"
            fast = tried(duration="29 min", limits=limits)
            assert stops(fast)["speed of cells"] == "hard stop"

    def test_the_speed_is_that_of_what_the_syringe_delivers(self) -> None:
        plan = tried(duration="30 min", graduation="0.01 mL", viable_concentration="5.2e6 cells/mL")
        assert plan.amounts.cell_rate == pytest.approx(0.38 * 5.2e6 / 2 / 30)
        assert plan.results["speed of cells"].unit == "cell/kg/min"

    @pytest.mark.parametrize(
        ("limits", "duration", "outcome"),
        [
            ({"min_duration": "20 min"}, "20 min", "soft stop"),  # typed: looser than the usual
            ({"min_duration": "20 min"}, "19 min", "hard stop"),
            ({"min_duration": "40 min"}, "40 min", "passed"),
            ({"min_duration": "40 min"}, "39 min", "hard stop"),
        ],
    )
    def test_the_shortest_duration(
        self, limits: dict[str, Any], duration: str, outcome: str
    ) -> None:
        assert outcomes(tried(duration=duration, limits=Limits(**limits)))["duration"] == outcome
        if outcome == "soft stop":
            own = tried(duration=duration, limits=protocol(**limits))
            assert outcomes(own)["duration"] == "passed"

    @pytest.mark.requirement("REQ-DOSE-22")
    @pytest.mark.parametrize(
        ("stated", "there", "outcome"),
        [
            (None, None, "not made"), (None, "yes", "not made"), (None, "no", "not made"),
            ("in-line, 200 micrometres", None, "hard stop"),
            ("in-line, 200 micrometres", "no", "hard stop"),
            ("in-line, 200 micrometres", "yes", "passed"),
            ("in-line, 200 micrometres", True, "passed"),
            ("none", None, "hard stop"), ("none", "yes", "hard stop"), ("none", "no", "passed"),
            ("none", False, "passed"),
        ],
    )  # fmt: skip
    def test_a_filter_is_a_stated_condition(
        self, stated: str | None, there: Any, outcome: str
    ) -> None:
        found = tried(line_filter=there, limits=Limits(line_filter=stated))
        assert outcomes(found)["filter"] == outcome

    @pytest.mark.parametrize("there", ["maybe", "", 1, "in-line"])
    def test_a_filter_is_there_or_not(self, there: Any) -> None:
        with pytest.raises(nc.InputError, match="line_filter"):
            tried(line_filter=there)

    @pytest.mark.parametrize("stated", ["", "  ", "two\nlines", 200])
    def test_a_filter_that_is_stated_has_words(self, stated: Any) -> None:
        with pytest.raises(nc.InputError, match="line_filter"):
            Limits(line_filter=stated)


class TestTimeAfterThaw:
    """94% of thawed cells were alive, 81% after 90 minutes and 59% after 385."""

    def timed(self, thawed: str | None, duration: str | None, **limits: Any) -> Any:
        return tried(thawed_on=thawed, on="2026-08-14T09:30", duration=duration,
                     limits=Limits(**limits))  # fmt: skip

    @pytest.mark.requirement("REQ-DOSE-23")
    @pytest.mark.parametrize(
        ("thawed", "duration", "outcome"),
        [
            ("2026-08-14T08:30", "30 min", "not made"),  # 90 minutes: within what is usual
            ("2026-08-14T08:29", "30 min", "soft stop"),
            ("2026-08-14T09:30", "91 min", "soft stop"),
            ("2026-08-14", "30 min", "soft stop"),  # it may be ten hours
            (None, "30 min", "not made"),
            (None, "90 min", "not made"),
            (None, "91 min", "soft stop"),  # the infusion alone
            (None, None, "not made"),
            ("2026-08-14T09:31", "30 min", "hard stop"),
            ("2026-08-14T09:00", None, "hard stop"),
        ],
    )
    def test_to_the_end_of_the_infusion(
        self, thawed: str | None, duration: str | None, outcome: str
    ) -> None:
        assert outcomes(self.timed(thawed, duration))["time after thaw"] == outcome

    @pytest.mark.requirement("REQ-DOSE-23")
    @pytest.mark.parametrize(
        ("thawed", "duration", "outcome"),
        [
            ("2026-08-14T09:00", "30 min", "passed"),
            ("2026-08-14T08:59", "30 min", "hard stop"),
            ("2026-08-14T09:00", "31 min", "hard stop"),
            (None, "30 min", "hard stop"),
            ("2026-08-14T09:00", None, "hard stop"),
        ],
    )
    def test_the_protocols_limit(
        self, thawed: str | None, duration: str | None, outcome: str
    ) -> None:
        found = self.timed(thawed, duration, max_time_after_thaw="1 h")
        assert stops(found).get("time after thaw", "passed") == outcome

    def test_a_thaw_without_the_time_of_the_dose(self) -> None:
        found = tried(thawed_on="2026-08-14T09:00", duration="30 min")
        assert stops(found) == {"time after thaw": "hard stop"}
        assert "the time of the dose is not typed" in message(found, "time after thaw")

    def test_the_reason_is_said(self) -> None:
        said = message(self.timed("2026-08-14T08:00", "30 min"), "time after thaw")
        assert said.startswith("more than 90 minutes, the usual limit (viability fell from 94% to")


def test_a_dead_volume_that_no_line_has() -> None:
    """Drawn up on top of the dose, 3 mL for 0.3 mL once went unnoticed."""
    large: dict[str, Any] = {"viable_concentration": "1 million cells/mL", "weight": "4 kg"}
    assert outcomes(tried(**large, dead_volume="1 mL"))["dead volume"] == "passed"
    found = tried(**large, dead_volume="3 mL")
    assert stops(found) == {"dead volume": "soft stop"}
    assert message(found, "dead volume") == "3 mL is more than the usual 1 mL"
    short = Limits(usual_dead_volume="0.2 mL")
    assert stops(tried(dead_volume="0.3 mL", limits=short)) == {"dead volume": "soft stop"}
    assert outcomes(tried())["dead volume"] == "not made"


def test_a_dead_volume_larger_than_the_dose_is_a_stop() -> None:
    """0.4 mL of cells, and 0.5 mL that stay in the line."""
    assert outcomes(tried(dead_volume="0.4 mL"))["dead volume"] == "passed"
    for limits in (None, Limits(usual_dead_volume="2 mL")):
        found = tried(dead_volume="0.41 mL", limits=limits)
        assert stops(found) == {"dead volume": "hard stop"}
        assert message(found, "dead volume") == (
            "0.41 mL is more than the dose itself: use a shorter line, or a flush"
        )


class TestLinesOfTheSyringe:
    @pytest.mark.requirement("REQ-DOSE-25")
    @pytest.mark.parametrize(
        ("dead", "lines", "drawn"),
        [("0.07 mL", "0.1 mL", 0.5), ("0.1 mL", "0.1 mL", 0.5), ("0.11 mL", "0.1 mL", 0.6),
         ("0.07 mL", "0.01 mL", 0.47), ("0.071 mL", "0.01 mL", 0.48), ("0 mL", "0.1 mL", 0.4)],
    )  # fmt: skip
    def test_what_is_drawn_up_lies_on_a_line_too(self, dead: str, lines: str, drawn: float) -> None:
        """0.47 mL were to be drawn up in a syringe with lines of 0.1 mL."""
        plan = tried(dead_volume=dead, graduation=lines)
        assert plan.amounts.syringe_volume == 0.4
        assert plan.amounts.draw_volume == drawn

    def test_without_lines_the_dead_volume_is_as_it_is_typed(self) -> None:
        assert tried(dead_volume="0.07 mL").amounts.draw_volume == 0.47

    def test_the_syringe_must_hold_what_is_on_the_line(self) -> None:
        lines = {"graduation": "0.1 mL", "dead_volume": "0.07 mL"}
        assert stops(tried(**lines, syringe_capacity="0.5 mL")) == {}
        assert stops(tried(**lines, syringe_capacity="0.49 mL")) == {
            "syringe capacity": "hard stop"
        }

    def test_vials_for_what_is_on_the_line(self) -> None:
        vial = {"viable_cells_per_vial": "2.4 million cells/vial", "dead_volume": "0.07 mL"}
        assert tried(**vial).vials == 1
        assert tried(**vial, graduation="0.1 mL").vials == 2

    @pytest.mark.requirement("REQ-DOSE-25")
    @pytest.mark.parametrize(
        ("arguments", "outcome"),
        [
            ({"graduation": "0.01 mL", "syringe_capacity": "1 mL"}, "passed"),
            ({"graduation": "0.01 mL", "syringe_capacity": "3 mL"}, "soft stop"),
            ({"graduation": "0.1 mL", "syringe_capacity": "3 mL"}, "passed"),
            ({"graduation": "0.1 mL", "syringe_capacity": "5 mL"}, "soft stop"),
            ({"graduation": "0.2 mL", "syringe_capacity": "10 mL"}, "passed"),
            ({"graduation": "0.01 mL"}, "not made"),
            ({"graduation": "0.01 mL", "weight": "12.75 kg"}, "soft stop"),  # 2.55 mL
            ({"graduation": "0.1 mL", "weight": "12.75 kg"}, "not made"),
            ({"graduation": "0.01 mL", "weight": "4 kg", "dead_volume": "0.21 mL"}, "soft stop"),
            ({"graduation": "0.01 mL", "weight": "4 kg", "dead_volume": "0.2 mL"}, "not made"),
            ({"graduation": "0.001 mL"}, "soft stop"),
        ],
    )
    def test_lines_too_fine_for_the_syringe(self, arguments: dict[str, Any], outcome: str) -> None:
        """2.55 mL on lines of 0.01 mL: no such syringe is usual."""
        assert outcomes(tried(**arguments))["syringe capacity"] == outcome

    def test_what_it_says(self) -> None:
        found = tried(graduation="0.01 mL", weight="12.75 kg")
        assert message(found, "syringe capacity") == (
            "what is drawn up is more than usual for lines of 0.01 mL (1 mL): look at the syringe"
        )
        found = tried(graduation="0.01 mL", syringe_capacity="3 mL")
        assert message(found, "syringe capacity") == (
            "the syringe is larger than usual for lines of 0.01 mL (1 mL): look at the syringe"
        )


class TestImpossibleNumbers:
    @pytest.mark.parametrize(
        ("per_vial", "outcome"),
        [("0.1 million cells/vial", "not made"), ("0.095 million cells/vial", "soft stop"),
         ("6.3 cells/vial", "soft stop")],
    )  # fmt: skip
    def test_vials(self, per_vial: str, outcome: str) -> None:
        """319,294 vials were asked for, and nothing was said."""
        assert outcomes(tried(viable_cells_per_vial=per_vial))["number of vials"] == outcome

    def test_the_protocols_number_of_vials(self) -> None:
        one = {"viable_cells_per_vial": "1 million cells/vial"}
        assert outcomes(tried(**one, limits=Limits(max_vials=2)))["number of vials"] == "passed"
        assert stops(tried(**one, limits=Limits(max_vials=1))) == {"number of vials": "hard stop"}
        many = {"viable_cells_per_vial": "0.05 million cells/vial"}
        assert (
            outcomes(tried(**many, limits=Limits(max_vials=50)))["number of vials"] == "soft stop"
        )
        own = tried(**many, limits=protocol(max_vials=50))
        assert outcomes(own)["number of vials"] == "passed"

    @pytest.mark.parametrize("kind", ["viable_concentration", "concentration"])
    def test_more_cells_than_fit_into_a_millilitre(self, kind: str) -> None:
        """5e9 cells/mL passed under a protocol with a large limit, and by a reason."""
        asked = {"viable_concentration": None, kind: "5e9 cells/mL"}
        asked |= {"viability": "92%"} if kind == "concentration" else {}
        for limits in (None, protocol(max_concentration="9000 million cells/mL")):
            found = tried(**asked, limits=limits)
            assert stops(found)["concentration"] == "hard stop"
            assert "more than fit into a millilitre" in message(found, "concentration")
        with pytest.raises(nc.PolicyError, match="which nothing can loosen"):
            Limits(most_concentration="1001 million cells/mL")


@pytest.mark.requirement("REQ-DOSE-08")
def test_the_reverse_calculation_catches_a_wrong_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    def viability_twice(cells: Any, concentration: Any, viable: Any = 1) -> Any:
        return cells / (concentration * viable * viable)

    monkeypatch.setattr(dose_amounts, "volume_needed", viability_twice)
    assert stops(refusal_of()) == {"reverse calculation": "hard stop"}


@pytest.mark.requirement("REQ-DOSE-10")
def test_a_limit_of_the_dose_that_is_absent_is_listed_as_not_made() -> None:
    found = outcomes(plan_of(limits=None))
    assert {name for name, outcome in found.items() if outcome == "not made"} == {
        "arm dose", "concentration", "viability", "cumulative dose", "number of doses",
        "dose interval", "cells per dose", "volume per kg", "rate", "rate per kg", "duration",
        "filter", "speed of cells", "time after thaw", "number of vials", "second check",
        "age at the dose", "required inputs", "cohort gate", "eligibility", "planned course",
        "yield of the vials", "DMSO per kg", "total volume per kg",
    }  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-10")
def test_every_limit_has_a_check_that_it_stops() -> None:
    tight: dict[str, tuple[Any, dict[str, Any]]] = {
        "dose": ("2 million cells/kg", {}),
        "max_volume_per_kg": ("0.1 mL/kg", {}),
        "max_rate": ("1 mL/h", {}),
        "max_rate_per_kg": ("0.1 mL/kg/h", {}),
        "max_duration": ("20 min", {}),
        "max_total_volume_per_kg": ("0.2 mL/kg", {}),
        "max_dmso_per_kg": ("0.02 g/kg", {}),
        "max_cell_rate": ("33,000 cells/kg/min", {}),
        "min_duration": ("31 min", {}),
        "max_time_after_thaw": ("59 min", {}),
        "line_filter": ("none", {}),
        "min_concentration": ("6 million cells/mL", {}),
        "max_concentration": ("4 million cells/mL", {}),
        "max_cells": ("1 million cells", {}),
        "max_total_dose": ("1 million cells/kg", {}),
        "max_doses": (1, {}),
        "min_interval": ("8 day", {}),
        "max_interval": ("6 day", {"min_interval": None}),
        "min_viability": ("95%", {}),
        "min_weight": ("3.2 kg", {}),
        "max_weight": ("3 kg", {}),
        "rounding_tolerance": ("0.1%", {}),
        "weight_age_early": ("3 h", {}),
        "weight_age_later": ("3 h", {"weight_age_early": "2 h", "early_until": "41 week"}),
        "weight_age_hard": ("3 h", {}),
        "z_soft": (1, {}),
        "z_hard": (1.2, {"z_soft": 1}),
        "change_in_a_day": ("1%", {}),
        "change_hard": ("1%", {"change_per_day": "1%"}),
        "usual_dose_low": ("2 million cells/kg", {"dose": None}),
        "usual_dose_high": ("0.5 million cells/kg", {"dose": None, "usual_dose_low": "1 cell/kg"}),
        "usual_concentration_low": ("6 million cells/mL", NO_CONCENTRATION),
        "usual_concentration_high": ("4 million cells/mL", NO_CONCENTRATION),
        "usual_volume_per_kg": ("0.1 mL/kg", {"max_volume_per_kg": None}),
        "most_volume_per_kg": ("0.2 mL/kg", {"usual_volume_per_kg": "0.1 mL/kg"}),
        "most_concentration": (
            "4 million cells/mL",
            NO_CONCENTRATION | {"usual_concentration_high": "4e6 cells/mL"},
        ),
        "max_vials": (1, {}),
        "usual_vials": (1, {"max_vials": None}),
        "usual_rate_per_kg": ("0.1 mL/kg/h", {"max_rate": None, "max_rate_per_kg": None}),
        "usual_duration": ("20 min", {"max_duration": None}),
        "usual_cell_rate": ("33,000 cells/kg/min", {"max_cell_rate": None}),
        "usual_min_duration": ("31 min", {"min_duration": None}),
        "usual_time_after_thaw": ("59 min", {"max_time_after_thaw": None}),
        "usual_dead_volume": ("0.05 mL", {}),
        "usual_viability": ("95%", {"min_viability": None}),
        "least_viability": ("93%", {"usual_viability": "94%"}),
    }
    stated = {name: getattr(LIMITS, name) for name in DEFAULTS}
    two = {"cells_per_vial": "4 million cells/vial"}
    for name, (value, more) in tight.items():
        with pytest.raises(nc.DoseRefused):
            plan_of(**two, limits=Limits(**(stated | more | {name: value})))
    days = {"last_weighed_on": "2026-08-12T06:00", "last_weight": "3 kg"}
    with pytest.raises(nc.DoseRefused):
        plan_of(**days, limits=Limits(**(stated | {"change_per_day": "1%"})))
    newborn = {"age": nc.Age(born="2026-08-12", on="2026-08-14", gestation="40+0"),
               "last_weight": "3.35 kg", "last_weighed_on": "2026-08-12T06:00",
               "doses_given": []}  # fmt: skip
    assert plan_of(**newborn)
    with pytest.raises(nc.DoseRefused):
        plan_of(**newborn, limits=Limits(**(stated | {"newborn_loss": "6.5%"})))
    for usual in (Limits(usual_age_low="106 day"), Limits(usual_age_high="104 day")):
        with pytest.raises(nc.DoseRefused):
            plan_of(arm=nc.trials.load("NCT03558334").arm("A"), limits=usual)
    other = {
        "rounding", "usual_age_low", "usual_age_high", "early_until", "change_per_day",
        "newborn_loss", "counts", "require_measured_weight",
    }  # fmt: skip
    assert set(tight) | other == set(DEFAULTS)


def test_soft_stops_are_listed_together() -> None:
    found = tried(dose="60 million cells/kg", release_viability="60%")
    assert stops(found) == {
        "arm dose": "soft stop",
        "viability": "soft stop",
        "volume per kg": "soft stop",
    }
    assert passing(**SIMPLE | {"dose": "60 million cells/kg", "release_viability": "60%"}).cells


def test_derived_checks_are_those_not_reached_after_a_hard_stop() -> None:
    derived = [check.name for check in plan_of().checks if check.derived]
    before = [check.name for check in plan_of().checks if not check.derived]
    assert (*before, *derived) == (*INPUT, *DERIVED)
