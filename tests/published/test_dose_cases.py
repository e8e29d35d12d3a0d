"""Doses worked by hand (D1-D14): exact arithmetic, and the cases that must be refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from neocalc.dose import Limits, Override, prepare
from neocalc.dose.formulas import cells_needed, exact_volume, volume_needed
from neocalc.dose.notation import Figure, amount

D1: dict[str, Any] = {
    "weight": "2.35 kg",
    "dose": "1 million cells/kg",
    "viable_concentration": "2 million cells/mL",
}


def stopped(error: nc.DoseRefused, outcome: str = "hard stop") -> set[str]:
    """The names of the checks that stopped a dose."""
    return {check.name for check in error.checks if check.outcome == outcome}


def refused(**arguments: Any) -> nc.DoseRefused:
    with pytest.raises(nc.DoseRefused) as caught:
        prepare(**arguments)
    return caught.value


@pytest.mark.requirement("REQ-DOSE-01")
def test_d1_viable_concentration() -> None:
    plan = prepare(**D1)
    assert plan.cells.to("cell").magnitude == 2_350_000
    assert plan.volume is not None
    assert plan.volume.to("mL").magnitude == 1.175


@pytest.mark.requirement("REQ-DOSE-05")
def test_d2_rounded_to_a_tenth() -> None:
    plan = prepare(**D1, graduation="0.1 mL")
    assert plan.syringe_volume is not None
    assert plan.rounding_error is not None
    assert plan.syringe_volume.magnitude == 1.2
    assert plan.rounding_error.to("percent").magnitude == pytest.approx(100 * 0.025 / 1.175)
    assert round(plan.rounding_error.magnitude, 5) == 2.12766


@pytest.mark.requirement("REQ-DOSE-01")
def test_d3_total_concentration_and_viability() -> None:
    plan = prepare(
        weight="0.850 kg",
        dose="5 million cells/kg",
        concentration="5 million cells/mL",
        viability=0.92,
        graduation="0.01 mL",
    )
    assert plan.cells.magnitude == 4_250_000
    assert plan.volume is not None
    assert plan.volume.magnitude == pytest.approx(4_250_000 / (5_000_000 * 0.92), rel=1e-15)
    assert round(plan.volume.magnitude, 6) == 0.923913
    assert plan.syringe_volume is not None
    assert plan.syringe_volume.magnitude == 0.92
    assert plan.rounding_error is not None
    assert round(plan.rounding_error.magnitude, 4) == -0.4235


@pytest.mark.requirement("REQ-DOSE-04")
def test_d4_vials() -> None:
    plan = prepare(
        weight="3.2 kg",
        dose="5 million cells/kg",
        cells_per_vial="10 million cells/vial",
        recovery=0.8,
        viability=0.9,
    )
    assert plan.cells.magnitude == 16_000_000
    assert plan.vials == 3
    assert plan.amounts.per_vial is not None
    assert round(plan.amounts.cells / plan.amounts.per_vial, 3) == 2.222
    assert plan.volume is None


@pytest.mark.requirement("REQ-DOSE-01")
def test_d5_volume_for_each_kilogram() -> None:
    dose: dict[str, Any] = {
        "weight": "0.9 kg",
        "dose": "10 million cells/kg",
        "viable_concentration": "5 million cells/mL",
    }
    plan = prepare(**dose, limits=Limits(max_volume_per_kg="2 mL/kg"))
    assert plan.volume is not None
    assert plan.volume.magnitude == 1.8
    assert plan.volume_per_kg is not None
    assert plan.volume_per_kg.to("mL/kg").magnitude == 2.0
    error = refused(**dose, limits=Limits(max_volume_per_kg="1.99 mL/kg"))
    assert stopped(error) == {"volume per kg"}


@pytest.mark.requirement("REQ-DOSE-12")
def test_d6_another_dose_than_the_arms(tmp_path: Path) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        'id = "SITE"\nversion = "2"\ntitle = "A site"\nsource = "its protocol"\n'
        '[[arms]]\nname = "B"\ndose = "2.5 million cells/kg"\n',
        encoding="utf-8",
    )
    error = refused(
        weight="0.850 kg",
        dose="5 million cells/kg",
        arm=nc.trials.load(site).arm("B"),
        viable_concentration="5 million cells/mL",
    )
    assert stopped(error) == {"arm dose"}
    assert "2.5 million cells/kg" in str(error)


@pytest.mark.requirement("REQ-SAFE-03")
def test_d7_grams_taken_for_kilograms() -> None:
    error = refused(**(D1 | {"weight": "850 kg"}))
    assert stopped(error) == {"weight range"}
    assert "Weigh again, and check the unit" in str(error)


@pytest.mark.requirement("REQ-DOSE-02")
def test_d8_viability_with_a_viable_concentration() -> None:
    with pytest.raises(nc.InputError, match="applied twice"):
        prepare(**D1, viability=0.92)


@pytest.mark.requirement("REQ-DOSE-13")
def test_d9_viability_below_the_specification() -> None:
    error = refused(
        weight="2.35 kg",
        dose="1 million cells/kg",
        concentration="2 million cells/mL",
        viability=0.65,
        limits=Limits(min_viability=0.70),
    )
    assert stopped(error) == {"viability"}


@pytest.mark.requirement("REQ-SAFE-04")
@pytest.mark.parametrize(
    ("weight", "z", "outcome"),
    [
        ("2350 g", -0.93, "passed"),
        ("23,500 g", 41.41, "hard stop"),
        ("23,500 kg", None, None),
        ("23500 g", 41.41, "hard stop"),
        ("235 g", -8.77, "hard stop"),
        ("5181 g", 5.29, "soft stop"),  # 2,350 g in pounds, taken for kilograms
        ("1066 g", -5.63, "soft stop"),  # and the other way
    ],
)
def test_d10_weight_for_a_boy_of_36_weeks(
    weight: str, z: float | None, outcome: str | None
) -> None:
    arguments: dict[str, Any] = D1 | {
        "weight": weight,
        "sex": "male",
        "age": nc.Age.from_days(0, gestation="36+0"),
        "policy": nc.Policy(preterm_reference="fenton-2025"),
    }
    if z is None:  # a comma in kilograms could be a decimal one
        with pytest.raises(nc.UnitError):
            prepare(**arguments)
        return
    checks: tuple[Any, ...]
    try:
        checks = prepare(**arguments).checks
    except nc.DoseRefused as error:
        checks = error.checks
    found = next(check for check in checks if check.name == "weight for age and sex")
    assert found.outcome == outcome
    assert isinstance(found.value, Figure)
    assert round(found.value.value, 2) == z


@pytest.mark.requirement("REQ-SAFE-09")
@pytest.mark.parametrize(
    ("figure", "unit", "printed"),
    [
        (Decimal("0.90"), "mL", "0.9 mL"),
        (Decimal("1.0"), "kg", "1 kg"),
        (1_000_000, "cell/kg", "1 million cells/kg"),
        (10_000_000, "cell/kg", "10 million cells/kg"),
    ],
)
def test_d11_notation(figure: Any, unit: str, printed: str) -> None:
    assert amount(figure, unit) == printed


@pytest.mark.requirement("REQ-DOSE-08")
def test_d12_decimals_and_floats() -> None:
    exact = exact_volume(1e6, 2.35, 2e6, 1.0)
    assert exact == Decimal("1.175")
    decimals = volume_needed(cells_needed(Decimal(10**6), Decimal("2.35")), Decimal(2 * 10**6))
    assert decimals == exact
    floats = volume_needed(cells_needed(1e6, 2.35), 2e6)
    assert abs(floats / float(exact) - 1) <= 1e-12


@pytest.mark.requirement("REQ-DOSE-14")
def test_d13_cumulative_cap() -> None:
    once: dict[str, Any] = {
        "weight": "0.9 kg",
        "dose": "10 million cells/kg",
        "viable_concentration": "5 million cells/mL",
        "limits": Limits(max_total_dose="30 million cells/kg"),
        "on": "2026-08-15",
    }
    days = ("2026-08-01", "2026-08-06", "2026-08-11")
    before = [(day, "10 million cells/kg") for day in days]
    third = prepare(**once, doses_given=before[:2])
    found = next(check for check in third.checks if check.name == "cumulative dose")
    assert found.outcome == "passed"
    assert str(found.value) == "30 million cells/kg"
    assert stopped(refused(**once, doses_given=before)) == {"cumulative dose"}


@pytest.mark.requirement("REQ-DOSE-14")
def test_d14_interval() -> None:
    second = D1 | {"doses_given": [("2026-08-01", "1 million cells/kg")]}
    limits = Limits(min_interval="7 day")
    error = refused(**second, on="2026-08-06", limits=limits)
    assert stopped(error) == {"dose interval"}
    assert prepare(**second, on="2026-08-08", limits=limits).cells.magnitude == 2_350_000


ASKED: dict[str, Any] = {
    "weight": "0.85 kg",
    "dose": "5 million cells/kg",
    "concentration": "5 million cells/mL",
    "viability": "92%",
}

# What bad input looks like, and what happens: an input error, or a hard stop.
BAD_INPUT: list[tuple[str, dict[str, Any], type[nc.NeocalcError]]] = [
    ("a dose without a unit", {"dose": "5"}, nc.UnitError),
    ("5 M", {"dose": "5 M"}, nc.UnitError),
    ("5e6 as text", {"dose": "5e6"}, nc.UnitError),
    (
        "5 million for 50 million",
        {"dose": "50 million cells/kg", "limits": Limits(dose="5 million cells/kg")},
        nc.DoseRefused,
    ),
    ("grams as kilograms", {"weight": "850 kg"}, nc.DoseRefused),
    ("a weight without a unit", {"weight": 850}, nc.UnitError),
    ("below 0.4 kg", {"weight": "0.39 kg"}, nc.DoseRefused),
    ("above 15 kg", {"weight": "15.1 kg"}, nc.DoseRefused),
    ("pounds", {"weight": "1.87 lb"}, nc.UnitError),
    ("viability 92", {"viability": 92}, nc.InputError),
    (
        "viability below the specification",
        {"viability": 0.65, "limits": Limits(min_viability=0.7)},
        nc.DoseRefused,
    ),
    (
        "viability with a viable concentration",
        {"concentration": None, "viable_concentration": "5 million cells/mL"},
        nc.InputError,
    ),
    ("a concentration of 0", {"concentration": "0 cells/mL"}, nc.DoseRefused),
    (
        "recovery above 1",
        {"cells_per_vial": "10 million cells/vial", "recovery": nc.Q(1.1, "fraction")},
        nc.DoseRefused,
    ),
    ("volume above the limit", {"limits": Limits(max_volume_per_kg="1 mL/kg")}, nc.DoseRefused),
    ("a syringe too coarse", {"graduation": "0.5 mL"}, nc.DoseRefused),
    ("exosomes", {"dose": "5 pmol/kg"}, nc.UnitError),
    ("colony-forming units", {"dose": "5 million CFU/kg"}, nc.UnitError),
    (
        "a second dose too soon",
        {
            "on": "2026-08-06",
            "doses_given": [("2026-08-01", "5 million cells/kg")],
            "limits": Limits(min_interval="7 day"),
        },
        nc.DoseRefused,
    ),
    ("a decimal comma", {"weight": "0,85 kg"}, nc.UnitError),
    ("a thousands point", {"dose": "5.000.000 cells/kg"}, nc.UnitError),
    ("an estimated weight, by its LOINC code", {"weight_source": "8335-2"}, nc.DoseRefused),
    ("a stated weight, by its LOINC code", {"weight_source": "3142-7"}, nc.DoseRefused),
]


@pytest.mark.parametrize(
    ("changes", "kind"), [row[1:] for row in BAD_INPUT], ids=[row[0] for row in BAD_INPUT]
)
def test_bad_input(changes: dict[str, Any], kind: type[nc.NeocalcError]) -> None:
    with pytest.raises(kind) as caught:
        prepare(**(ASKED | changes))
    assert "4,250,000" not in str(caught.value)
    assert "0.92391" not in str(caught.value)


def test_an_arm_or_version_that_the_protocol_does_not_have() -> None:
    with pytest.raises(nc.InputError):
        nc.trials.load("NCT03558334").arm("C")
    with pytest.raises(nc.InputError):
        nc.trials.load("NCT03558334", version="2030")


def test_an_override_without_reason_or_person() -> None:
    for reason, person in (("", "AB"), ("weighed twice", "")):
        with pytest.raises(nc.InputError):
            Override(reason, person)


def test_a_trailing_zero_is_accepted_and_printed_without_it() -> None:
    said = prepare(**(ASKED | {"weight": "0.850 kg"})).describe()
    assert " 0.85 kg" in said
    assert "0.850" not in said
