"""Arguments of a dose that passes every check, and what tests ask of a refusal."""

from __future__ import annotations

from typing import Any

import pytest

import neocalc as nc
from neocalc.dose import Limits, Override, Plan, SecondCheck, prepare
from neocalc.trials import Arm, Criterion
from neocalc.trials.conditions import Conditions

LIMITS = Limits(
    dose="1 million cells/kg",
    max_volume_per_kg="2 mL/kg",
    max_total_volume_per_kg="4 mL/kg",
    max_dmso_per_kg="0.1 g/kg",
    max_rate="10 mL/h",
    max_rate_per_kg="5 mL/kg/h",
    max_cell_rate="40,000 cells/kg/min",
    min_duration="20 min",
    max_duration="1 h",
    max_time_after_thaw="2 h",
    line_filter="in-line, 200 micrometres",
    min_concentration="1 million cells/mL",
    max_concentration="10 million cells/mL",
    max_cells="20 million cells",
    max_total_dose="3 million cells/kg",
    max_doses=3,
    max_vials=2,
    min_interval="7 day",
    max_interval="14 day",
    min_viability="70%",
    require_measured_weight=True,
)
"""A protocol that states every limit."""


CONDITIONS = Conditions(
    criteria=(Criterion("born preterm", preterm=True), Criterion("severe lung disease")),
    min_age=28,
    max_age=365,
    min_pma=36 * 7,
    max_pma=60 * 7,
    within=14,
    required=("sex", "age", "gestation", "weighed_on", "doses_given", "prepared_by"),
    counts="viable",
    product="umbilical cord cells",
    route="intravenous",
    gate="cohort 2 opens after the review of dose-limiting toxicity of 3 infants",
)
"""A protocol that states every condition."""
ARM = Arm("A", "", "SITE-7", "2.1", "0" * 64, "shipped", LIMITS, conditions=CONDITIONS)


def whole() -> dict[str, Any]:
    """Every argument, so that every check is made and passes."""
    return {
        "weight": "3.1 kg",
        "dose": "1 million cells/kg",
        "concentration": "5 million cells/mL",
        "viability": "92%",
        "cells_per_vial": "10 million cells/vial",
        "recovery": "80%",
        "graduation": "0.01 mL",
        "syringe_capacity": "1 mL",
        "dead_volume": "0.1 mL",
        "duration": "30 min",
        "pump_step": "0.01 mL/h",
        "vehicle_volume": "0 mL",
        "flush_volume": "0 mL",
        "dmso": "10%",
        "planned_doses": 3,
        "line_filter": "yes",
        "on": "2026-08-14T09:30",
        "expires": "2026-08-14T12:00",
        "thawed_on": "2026-08-14T09:00",
        "weighed_on": "2026-08-14T06:00",
        "weight_source": "measured",
        "last_weight": "3.05 kg",
        "last_weighed_on": "2026-08-13T06:00",
        "doses_given": [("2026-08-07T09:00", "1 million cells/kg")],
        "sex": "female",
        "age": nc.Age(born="2026-05-01", on="2026-08-14", gestation="27+3"),
        "limits": LIMITS,
        "counts": "viable",
        "subject": "001-0004",
        "prepared_by": "CD",
    }


def of_trial() -> dict[str, Any]:
    """Every argument of a dose of a trial that states every condition, and a second person."""
    return whole() | {
        "arm": ARM,
        "limits": None,
        "enrolled_on": "2026-08-10",
        "gate": "CD, 2026-08-01",
        "identifier": "hospital number 4711",
        "lot": "L-17",
        "donor": "D-3",
        "second_check": SecondCheck(
            "AB", "3.1 kg", concentration="5e6/mL", viability="92%",
            cells_per_vial="10 million cells/vial",
        ),
    }  # fmt: skip


def pooled(**changes: Any) -> Plan:
    """The plan of a dose of pooled vials in a vehicle, with a flush."""
    asked = of_trial() | {
        "concentration": None, "viability": None, "cells_per_vial": None, "recovery": None,
        "dead_volume": None, "syringe_capacity": "3 mL", "graduation": "0.1 mL",
        "vials": ["4 million cells, 92%, 0.8 mL", "4 million cells, 88%, 0.8 mL"],
        "vehicle": "saline", "vehicle_volume": "1 mL", "flush_volume": "1 mL",
        "second_check": None,
    }  # fmt: skip
    return prepare(**(asked | changes))


def plan_of(**changes: Any) -> Plan:
    """The plan of the whole arguments with some of them changed; None leaves one out."""
    return prepare(**(whole() | changes))


def passing(reason: str = "weight confirmed on a second scale", **asked: Any) -> Plan:
    """The plan of a dose whose soft stops are seen first, and then passed."""
    asked = {"prepared_by": "CD"} | asked
    try:
        return prepare(**asked)
    except nc.DoseRefused as error:
        if not error.seen:
            raise
        return prepare(**asked, override=Override(reason, "AB", error.seen))


def plan_passing(**changes: Any) -> Plan:
    """The plan of the whole arguments, with its soft stops passed."""
    return passing(**(whole() | changes))


def refusal_of(**changes: Any) -> nc.DoseRefused:
    """The refusal of the whole arguments with some of them changed."""
    with pytest.raises(nc.DoseRefused) as caught:
        plan_of(**changes)
    return caught.value


def outcomes(result: Plan | nc.DoseRefused) -> dict[str, str]:
    """The outcome of each check by its name."""
    return {check.name: check.outcome for check in result.checks}


def stops(result: Plan | nc.DoseRefused) -> dict[str, str]:
    """The checks that stop."""
    return {name: out for name, out in outcomes(result).items() if out.endswith("stop")}


def message(result: Plan | nc.DoseRefused, name: str) -> str:
    """What a check found."""
    found: str = next(check.message for check in result.checks if check.name == name)
    return found
