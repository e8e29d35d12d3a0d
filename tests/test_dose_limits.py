"""Limits: what a protocol states, what has a default, and what contradicts."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import neocalc as nc
from neocalc.dose import Limits
from neocalc.dose.limits import DEFAULTS, OPTIONAL, UNITS


def test_limits_of_the_dose_come_from_the_protocol_alone() -> None:
    assert {name for name in UNITS if Limits()[name] is None} == {
        "dose", "max_volume_per_kg", "max_rate", "max_rate_per_kg", "max_duration",
        "min_concentration", "max_concentration", "max_cells", "max_total_dose",
        "min_interval", "max_interval", "min_viability",
    }  # fmt: skip
    assert {name for name in DEFAULTS if DEFAULTS[name] is None} == OPTIONAL
    assert Limits()["max_doses"] is None


def test_every_limit_is_described_and_has_a_unit() -> None:
    described = Limits.__doc__ or ""
    for item in fields(Limits):
        if item.init:
            assert f"{item.name}" in described, item.name
    plain = {"counts", "require_measured_weight", "z_soft", "z_hard", "max_doses"}
    assert set(DEFAULTS) == set(UNITS) | plain


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
        ({"require_measured_weight": "yes"}, nc.InputError),
        ({"min_weight": "3 kg", "max_weight": "2 kg"}, nc.PolicyError),
        ({"z_soft": 7}, nc.PolicyError),
        ({"min_interval": "8 day", "max_interval": "7 day"}, nc.PolicyError),
    ],
)
def test_limits_that_are_not_accepted(changes: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Limits(**changes)


def test_two_sets_of_limits_are_joined_where_they_agree() -> None:
    protocol = Limits(dose="1 million cells/kg", min_viability="70%", max_rate="5 mL/h")
    site = Limits(max_volume_per_kg="2 mL/kg", min_viability=0.7, counts="viable")
    both = protocol.also(site)
    assert both["max_volume_per_kg"] == Limits(max_volume_per_kg="2 mL/kg")["max_volume_per_kg"]
    assert both["dose"] == protocol["dose"]
    assert both["max_rate"] == protocol["max_rate"]
    assert both.at("min_viability") == 0.7


@pytest.mark.parametrize(
    "site", [Limits(max_rate="6 mL/h"), Limits(counts="viable", max_rate="4 mL/h")]
)
def test_a_site_does_not_change_what_the_protocol_states(site: Limits) -> None:
    with pytest.raises(nc.PolicyError, match="max_rate: the protocol states 5 mL/h"):
        Limits(max_rate="5 mL/h").also(site)
