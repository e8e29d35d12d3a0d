"""Limits: what a protocol states, what has a default, and what contradicts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import neocalc as nc
from dose_arguments import LIMITS, plan_of, refusal_of
from neocalc.dose import Limits, audit, worksheet
from neocalc.dose.limits import BOUNDS, DEFAULTS, LOOSER_BELOW, OPTIONAL, UNITS


@pytest.mark.requirement("REQ-DOSE-10")
def test_limits_of_the_dose_come_from_the_protocol_alone() -> None:
    assert {name for name in UNITS if Limits()[name] is None} == {
        "dose", "max_volume_per_kg", "max_rate", "max_rate_per_kg", "max_duration",
        "min_concentration", "max_concentration", "max_cells", "max_total_dose",
        "min_interval", "max_interval", "min_viability", "max_cell_rate", "min_duration",
        "max_time_after_thaw", "max_total_volume_per_kg", "max_dmso_per_kg",
    }  # fmt: skip
    assert {name for name in DEFAULTS if DEFAULTS[name] is None} == OPTIONAL
    assert Limits()["max_doses"] is None


def test_every_limit_is_described_and_has_a_unit() -> None:
    described = Limits.__doc__ or ""
    for item in fields(Limits):
        if item.init:
            assert f"{item.name}" in described, item.name
    plain = {
        "counts", "require_measured_weight", "z_soft", "z_hard", "max_doses", "max_vials",
        "usual_vials", "line_filter", "rounding",
    }  # fmt: skip
    assert set(DEFAULTS) == set(UNITS) | plain


@pytest.mark.requirement("REQ-DOSE-10")
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"max_rate": "5 mL/kg"}, nc.UnitError),
        ({"max_rate": 5}, nc.UnitError),
        ({"max_rate": "0 mL/h"}, nc.InputError),
        ({"max_cells": "1e400 cells"}, nc.InputError),
        ({"min_viability": 70}, nc.InputError),
        ({"min_weight": "1 lb"}, nc.UnitError),
        ({"min_weight": None}, nc.InputError),
        ({"z_soft": "3"}, nc.InputError),
        ({"z_soft": True}, nc.InputError),
        ({"z_hard": None}, nc.InputError),
        ({"max_doses": 2.5}, nc.InputError),
        ({"max_doses": 0}, nc.InputError),
        ({"counts": "all"}, nc.InputError),
        ({"rounding": "up"}, nc.InputError),
        ({"require_measured_weight": "yes"}, nc.InputError),
        ({"min_weight": "3 kg", "max_weight": "2 kg"}, nc.PolicyError),
        ({"z_soft": 7}, nc.PolicyError),
        ({"min_interval": "8 day", "max_interval": "7 day"}, nc.PolicyError),
    ],
)
def test_limits_that_are_not_accepted(changes: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Limits(**changes)


@pytest.mark.requirement("REQ-DOSE-11")
def test_two_sets_of_limits_are_joined_where_they_agree() -> None:
    protocol = Limits(dose="1 million cells/kg", min_viability="70%", max_rate="5 mL/h")
    site = Limits(max_volume_per_kg="2 mL/kg", min_viability=0.7, counts="viable")
    both = protocol.also(site)
    assert both["max_volume_per_kg"] == Limits(max_volume_per_kg="2 mL/kg")["max_volume_per_kg"]
    assert both["dose"] == protocol["dose"]
    assert both["max_rate"] == protocol["max_rate"]
    assert both.at("min_viability") == 0.7


@pytest.mark.requirement("REQ-DOSE-11")
@pytest.mark.parametrize(
    "site", [Limits(max_rate="6 mL/h"), Limits(counts="viable", max_rate="4 mL/h")]
)
def test_a_site_does_not_change_what_the_protocol_states(site: Limits) -> None:
    with pytest.raises(nc.PolicyError, match="max_rate: the protocol states 5 mL/h"):
        Limits(max_rate="5 mL/h").also(site)


class TestLoosened:
    """A site's file that loosens limits said so nowhere: z_hard = 500 switched the check off."""

    def test_what_is_looser_than_a_default_is_listed(self) -> None:
        limits = Limits(z_soft=5, max_weight="20 kg", min_weight="0.3 kg", own=("z_soft",))
        assert [str(one) for one in limits.loosened()] == [
            "min weight 0.3 kg instead of 0.4 kg (by the call)",
            "max weight 20 kg instead of 15 kg (by the call)",
            "z soft 5 instead of 3 (by the protocol)",
        ]

    def test_what_is_tighter_is_not(self) -> None:
        tight = Limits(
            min_weight="0.5 kg", max_weight="6 kg", z_soft=2, z_hard=4, rounding_tolerance="1%",
            early_until="46 week", weight_age_early="12 h", usual_viability="80%",
            least_viability="20%", usual_dose_low="2 million cells/kg", max_cells="1 million cells",
        )  # fmt: skip
        assert tight.loosened() == ()
        assert Limits().loosened() == ()

    def test_each_default_has_a_looser_side(self) -> None:
        for name in set(DEFAULTS) - OPTIONAL - {"counts", "require_measured_weight", "rounding"}:
            figure = Limits().figures[name]
            found = []
            for factor in (0.99, 1.01):
                value: Any = figure.value * factor
                if figure.unit and figure.unit != "fraction":
                    value = f"{value!r} {figure.unit}"
                if name == "usual_vials":
                    value = 19 if factor < 1 else 21
                try:
                    found.append([one.name for one in Limits(**{name: value}).loosened()])
                except nc.PolicyError as error:
                    assert name in BOUNDS, name
                    assert "which nothing can loosen" in str(error)
                    found.append([name])
            assert sorted(found) == [[], [name]], name
            assert (found[0] == [name]) == (name in LOOSER_BELOW), name

    @pytest.mark.requirement("REQ-DOSE-21")
    @pytest.mark.parametrize(
        "changes",
        [{"most_volume_per_kg": "101 mL/kg"}, {"least_viability": "9%"}, {"min_weight": "0.19 kg"},
         {"max_weight": "45.1 kg"}, {"z_hard": 500}, {"z_hard": 8.1}],
    )  # fmt: skip
    def test_what_nothing_can_loosen(self, changes: dict[str, Any]) -> None:
        with pytest.raises(nc.PolicyError, match="which nothing can loosen: "):
            Limits(**changes)
        assert set(changes) <= set(BOUNDS)

    @pytest.mark.parametrize("name", BOUNDS)
    def test_the_bound_itself_is_allowed(self, name: str) -> None:
        bound: Any = BOUNDS[name][0]
        assert Limits(**{name: bound})[name]

    @pytest.mark.requirement("REQ-DOSE-21")
    def test_it_stands_on_the_answer_the_sheet_and_in_the_record(self) -> None:
        loose = {name: getattr(LIMITS, name) for name in DEFAULTS} | {"z_hard": 7.5, "z_soft": 7}
        plan = plan_of(limits=Limits(**loose))
        said = "LOOSENED LIMITS: z soft 7 instead of 3 (by the call); z hard 7.5 instead of 6"
        assert said in plan.describe()
        assert said in " ".join(worksheet.text(plan).split())
        assert said in worksheet.html(plan)
        assert audit.record(plan)["loosened"] == [
            {"name": "z_soft", "default": {"value": 3.0, "unit": ""},
             "holds": {"value": 7, "unit": ""}, "by": "the call"},
            {"name": "z_hard", "default": {"value": 6.0, "unit": ""},
             "holds": {"value": 7.5, "unit": ""}, "by": "the call"},
        ]  # fmt: skip
        refused = refusal_of(limits=Limits(**loose), weight="31 kg")
        assert [one["name"] for one in audit.record(refused)["loosened"]] == ["z_soft", "z_hard"]
        assert "LOOSENED" not in plan_of().describe()
        assert audit.record(plan_of())["loosened"] == []
