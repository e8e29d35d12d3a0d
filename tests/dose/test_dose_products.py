"""Real products: vials with their own counts, several syringes, vehicle, flush, DMSO, a course."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from dose_arguments import message, outcomes, pooled, stops
from neocalc.cli import main
from neocalc.dose import Limits, SecondCheck, prepare, worksheet
from neocalc.dose.formulas import exact, on_graduation, split
from neocalc.dose.vials import Vial, read_vials

SIMPLE: dict[str, Any] = {"weight": "2 kg", "dose": "1 million cells/kg"}
TWO = ["1.2 million cells, 90%, 0.5 mL", "1.4 million cells, 80%, 0.5 mL"]
"""1.08 and 1.12 million viable cells in 1 mL."""


def tried(**arguments: Any) -> Any:
    """The plan, or the refusal."""
    try:
        return prepare(**(SIMPLE | arguments))
    except nc.DoseRefused as error:
        return error


# ------------------------------------------------------------------------------------------- vials


@pytest.mark.requirement("REQ-DOSE-29")
def test_each_vial_has_its_own_count_and_viability() -> None:
    plan = tried(vials=TWO)
    assert plan.amounts.volume == pytest.approx(2 / 2.2, rel=1e-12)
    assert plan.vials == 2
    mean = 2 / (2.6 * 0.85)  # by a mean of the viabilities it would be another volume
    assert plan.amounts.volume != pytest.approx(mean, rel=1e-3)


def test_a_diluent_makes_the_pool_thinner() -> None:
    plan = tried(vials=TWO, diluent_volume="1 mL")
    assert plan.amounts.volume == pytest.approx(2 * 2 / 2.2, rel=1e-12)


def test_vials_of_viable_cells_and_of_all_cells() -> None:
    viable = tried(vials=["2.2 million viable cells, 1 mL"])
    assert viable.amounts.volume == tried(vials=TWO).amounts.volume
    mixed = tried(vials=["1.08 million viable cells, 0.5 mL", TWO[1]])
    assert mixed.amounts.volume == pytest.approx(viable.amounts.volume, rel=1e-12)
    total = tried(vials=[one.replace(", 90%", "").replace(", 80%", "") for one in TWO],
                  counts="total")  # fmt: skip
    assert total.amounts.volume == pytest.approx(2 / 2.6, rel=1e-12)


@pytest.mark.parametrize(
    ("vials", "said"),
    [
        ("2 million cells, 90%, 1 mL", "a list of vials"),
        ([], "at least one vial"),
        (["2 million cells"], "cells, viability and volume"),
        ([5], "cells, viability and volume"),
        (["2 million cells, 90%, 1 mL, 3"], "cells, viability and volume"),
        (["2 million, 90%, 1 mL"], "vials"),
        (["2 million cells, 90, 1 mL"], "vials"),
        (["2 million cells, 90%, 1"], "vials"),
        (["2 million viable cells, 90%, 1 mL"], "applied twice"),
        (["2 million cells, 1 mL"], "the viability of each vial"),
        (3, "a list of vials"),
    ],
)
def test_vials_that_cannot_be_read(vials: Any, said: str) -> None:
    with pytest.raises(nc.InputError, match=said) as caught:
        prepare(**SIMPLE, vials=vials)
    assert caught.value.argument == "vials"


def test_viable_cells_for_a_dose_of_all_cells() -> None:
    with pytest.raises(nc.InputError, match="counts all cells"):
        prepare(**SIMPLE, vials=["2 million viable cells, 1 mL"], counts="total")


@pytest.mark.parametrize(
    "beside",
    [{"concentration": "5e6/mL"}, {"viable_concentration": "5e6/mL"}, {"viability": "90%"},
     {"cells_per_vial": "5e6 cells/vial"}, {"viable_cells_per_vial": "5e6 cells/vial"},
     {"recovery": "90%"}],
)  # fmt: skip
def test_vials_are_instead_of_a_concentration(beside: dict[str, Any]) -> None:
    with pytest.raises(nc.InputError, match=r"one or the other|give that"):
        prepare(**SIMPLE, vials=TWO, **beside)


def test_a_diluent_without_vials() -> None:
    with pytest.raises(nc.MissingError, match="vials"):
        prepare(**SIMPLE, viable_concentration="5e6/mL", diluent_volume="1 mL")


def test_vials_as_they_are_in_python() -> None:
    one = Vial(2.2e6, None, 1.0, True)
    for vials in ([one], [("2.2 million viable cells", nc.Q(1, "mL"))],
                  (("2.2 million viable cells", "1 mL"),)):  # fmt: skip
        assert read_vials(vials) == (one,)


@pytest.mark.parametrize(
    ("vials", "limits", "outcome"),
    [
        (TWO, {"min_viability": "80%"}, "passed"),
        (TWO, {"min_viability": "81%"}, "hard stop"),  # one vial of the two
        (["1.2 million cells, 69%, 0.5 mL", TWO[0]], {}, "soft stop"),
        (["2.2 million viable cells, 1 mL"], {"min_viability": "70%"}, "hard stop"),
    ],
)
def test_the_viability_of_every_vial(
    vials: list[str], limits: dict[str, Any], outcome: str
) -> None:
    assert outcomes(tried(vials=vials, limits=Limits(**limits)))["viability"] == outcome


def test_the_concentration_of_the_pool() -> None:
    assert outcomes(tried(vials=TWO))["concentration"] == "not made"
    thin = tried(vials=TWO, diluent_volume="2 mL")
    assert stops(thin) == {"concentration": "soft stop"}
    viable = tried(vials=["2.2 million viable cells, 1 mL"], diluent_volume="2 mL")
    assert stops(viable)["concentration"] == "soft stop"


@pytest.mark.parametrize(
    "vials",
    [["0 cells, 90%, 1 mL"], ["2 million cells, 90%, 0 mL"], ["2 million cells, 0%, 1 mL"],
     ["2 million cells, 120%, 1 mL"], ["-2 million cells, 90%, 1 mL"], [Vial(2e6, 0.9, 1e300)]],
)  # fmt: skip
def test_impossible_vials(vials: Any) -> None:
    assert stops(tried(vials=vials)) == {"possible values": "hard stop"}


@pytest.mark.parametrize(
    ("weight", "outcome"), [("2.2 kg", "passed"), ("2.21 kg", "hard stop")]
)  # fmt: skip
def test_the_vials_must_hold_what_is_drawn_up(weight: str, outcome: str) -> None:
    found = tried(vials=TWO, weight=weight)
    assert outcomes(found)["yield of the vials"] == outcome
    drawn = tried(vials=TWO, weight="2 kg", dead_volume="0.1 mL")
    assert stops(drawn) == {"yield of the vials": "hard stop"}


@pytest.mark.requirement("REQ-DOSE-29")
@given(
    st.lists(
        st.tuples(st.integers(1, 10**8), st.integers(1, 1000), st.integers(1, 500)),
        min_size=1, max_size=6,
    ),
    st.integers(0, 1000),
)  # fmt: skip
def test_a_pool_is_the_sum_of_its_vials(vials: list[tuple[int, int, int]], diluent: int) -> None:
    texts = [f"{cells} cells, {share / 10}%, {volume / 100} mL" for cells, share, volume in vials]
    pool = nc.dose.inputs.Pool(read_vials(texts), diluent / 100)  # type: ignore[attr-defined]
    volume = sum(Fraction(v, 100) for *_, v in vials) + Fraction(diluent, 100)
    viable = sum(Fraction(c) * Fraction(s, 1000) for c, s, _ in vials)
    assert pool.concentration("viable") == pytest.approx(float(viable / volume), rel=1e-14)
    total = sum(Fraction(c) for c, *_ in vials)
    assert pool.concentration("total") == pytest.approx(float(total / volume), rel=1e-14)


# ---------------------------------------------------------------------------------------- syringes


def syringes(**more: Any) -> Any:
    asked = {"viable_concentration": "2 million cells/mL", "weight": "5 kg",
             "graduation": "0.1 mL", "syringe_capacity": "1 mL",
             "split_syringes": True}  # fmt: skip
    return tried(**(asked | more))


@pytest.mark.requirement("REQ-DOSE-29")
def test_a_dose_in_several_syringes() -> None:
    plan = syringes()
    assert plan.amounts.syringes == (0.9, 0.8, 0.8)
    assert outcomes(plan)["syringe capacity"] == "passed"
    assert stops(syringes(split_syringes=None)) == {"syringe capacity": "hard stop"}
    assert syringes(dead_volume="0.3 mL").amounts.syringes == (1.0, 0.9, 0.9)
    assert syringes(syringe_capacity="3 mL").amounts.syringes == ()
    assert stops(syringes(syringe_capacity="0.05 mL"))["syringe capacity"] == "hard stop"


@pytest.mark.parametrize("missing", ["graduation", "syringe_capacity"])
def test_several_syringes_need_lines_and_size(missing: str) -> None:
    with pytest.raises(nc.MissingError, match="split_syringes needs"):
        syringes(**{missing: None})


def test_several_syringes_have_no_vehicle() -> None:
    with pytest.raises(nc.InputError, match="split_syringes"):
        syringes(vehicle_volume="1 mL")


@pytest.mark.requirement("REQ-DOSE-29")
@given(st.integers(1, 5000), st.sampled_from(["0.01", "0.1", "0.2", "0.5"]), st.integers(1, 30))
def test_parts_are_on_lines_and_add_up(lines: int, line: str, each: int) -> None:
    volume = lines * exact(float(line))
    holds = float(each * exact(float(line)))
    parts = split(volume, float(line), holds)
    assert sum(parts) == volume
    assert max(parts) <= exact(holds)
    assert max(parts) - min(parts) <= exact(float(line))
    assert len(parts) == -(-lines // each)


# --------------------------------------------------------------------------- rounding, never above


@pytest.mark.requirement("REQ-DOSE-30")
@pytest.mark.parametrize(("rule", "volume"), [("nearest", 1.2), ("down", 1.1)])
def test_never_above_the_target(rule: str, volume: float) -> None:
    limits = Limits(rounding=rule, rounding_tolerance="10%")
    plan = tried(weight="2.35 kg", viable_concentration="2e6/mL", graduation="0.1 mL",
                 limits=limits)  # fmt: skip
    assert plan.amounts.syringe_volume == volume
    protocol = Limits(rounding="down", own=("rounding",))
    assert protocol.also(Limits()).rounding == "down"


@pytest.mark.requirement("REQ-DOSE-30")
@given(st.integers(1, 10**6), st.sampled_from(["0.01", "0.1", "0.2"]))
def test_down_is_never_above(volume: int, line: str) -> None:
    exactly = exact(volume / 1000)
    assert exactly - exact(float(line)) < on_graduation(exactly, float(line), down=True) <= exactly


# --------------------------------------------------------------------- vehicle, flush, DMSO, pump


@pytest.mark.requirement("REQ-DOSE-29")
def test_a_vehicle_and_a_flush() -> None:
    plan = pooled()
    assert plan.amounts.given_volume == 0.7
    assert plan.amounts.infused_volume == 1.7
    assert plan.amounts.total_volume == 2.7
    assert plan.amounts.total_volume_per_kg == pytest.approx(2.7 / 3.1)
    assert plan.amounts.rate == pytest.approx(3.4)
    assert plan.amounts.final_concentration == pytest.approx(0.7 * 4.5e6 / 1.7)
    assert plan.amounts.delivered == pytest.approx(0.7 * 4.5e6 / 3.1)


def test_the_total_volume_is_limited() -> None:
    thin = {"viable_concentration": "5e6/mL", "vehicle_volume": "3 mL", "flush_volume": "0.6 mL"}
    tight = Limits(max_total_volume_per_kg="2 mL/kg")
    assert outcomes(tried(**thin, limits=tight))["total volume per kg"] == "passed"
    more = thin | {"flush_volume": "0.7 mL"}
    assert stops(tried(**more, limits=tight)) == {"total volume per kg": "hard stop"}
    found = tried(viable_concentration="5e6/mL", limits=tight)
    assert stops(found) == {"total volume per kg": "hard stop"}
    assert "vehicle and flush are not typed (0 mL for none)" in str(found)
    none = {"vehicle_volume": "0 mL", "flush_volume": "0 mL"}
    passed = tried(viable_concentration="5e6/mL", **none, limits=tight)
    assert outcomes(passed)["total volume per kg"] == "passed"
    flood = tried(viable_concentration="5e6/mL", flush_volume="200 mL")
    assert stops(flood) == {"total volume per kg": "hard stop"}


def test_what_a_flush_gives_too() -> None:
    asked = {"viable_concentration": "5e6/mL", "dead_volume": "0.1 mL"}
    found = tried(**asked, flush_volume="1 mL")
    assert stops(found) == {"dead volume": "soft stop"}
    assert "the flush gives what stays in the line too, 0.1 mL beyond the dose" in str(found)
    assert stops(tried(**asked, flush_volume="0 mL")) == {}
    assert stops(tried(**(asked | {"dead_volume": "0 mL"}), flush_volume="1 mL")) == {}


def test_a_vehicle_and_a_dead_volume() -> None:
    with pytest.raises(nc.InputError, match="a part of the mixture stays in the line"):
        tried(viable_concentration="5e6/mL", dead_volume="0.1 mL", vehicle_volume="1 mL")


def test_the_syringe_holds_dose_and_vehicle() -> None:
    asked = {"viable_concentration": "5e6/mL", "vehicle_volume": "2 mL", "syringe_capacity": "3 mL"}
    assert outcomes(tried(**asked))["syringe capacity"] == "passed"
    found = tried(**asked, weight="6 kg")
    assert stops(found) == {"syringe capacity": "hard stop"}


@pytest.mark.requirement("REQ-DOSE-29")
def test_dimethyl_sulfoxide() -> None:
    """10% by volume is 0.11 g in each mL."""
    asked = {"viable_concentration": "5e6/mL", "dmso": "10%"}
    assert tried(**asked).amounts.dmso_per_kg == pytest.approx(0.4 * 0.1 * 1.1 / 2)
    limit = Limits(max_dmso_per_kg="0.022 g/kg")
    assert outcomes(tried(**asked, limits=limit))["DMSO per kg"] == "passed"
    limit = Limits(max_dmso_per_kg="0.021 g/kg")
    assert stops(tried(**asked, limits=limit)) == {"DMSO per kg": "hard stop"}
    unsaid = tried(viable_concentration="5e6/mL", limits=limit)
    assert stops(unsaid) == {"DMSO per kg": "hard stop"}


@pytest.mark.requirement("REQ-DOSE-29")
@pytest.mark.parametrize(
    ("step", "limits", "rate"),
    [
        ("0.01 mL/h", {}, 0.8), ("0.3 mL/h", {"rounding_tolerance": "20%"}, 0.9),
        ("0.3 mL/h", {"rounding_tolerance": "30%", "max_rate": "5 mL/h"}, 0.6),
        ("0.3 mL/h", {"rounding_tolerance": "30%", "max_cell_rate": "35,000 cells/kg/min"}, 0.6),
    ],
)  # fmt: skip
def test_the_rate_is_on_a_step_of_the_pump(step: str, limits: dict[str, Any], rate: float) -> None:
    """The nearest step, and never faster where the protocol limits how fast it may be."""
    plan = tried(viable_concentration="5e6/mL", duration="30 min", pump_step=step,
                 limits=Limits(**limits))  # fmt: skip
    assert plan.amounts.pump_rate == rate
    assert plan.amounts.pump_duration == pytest.approx(0.4 / rate)


def test_a_pump_too_coarse_is_a_stop() -> None:
    asked = {"viable_concentration": "5e6/mL", "duration": "30 min"}
    for step in ("0.3 mL/h", "5 mL/h"):
        found = tried(**asked, pump_step=step)
        assert stops(found) == {"pump": "hard stop"}
        assert "use another pump" in message(found, "pump")
    with pytest.raises(nc.MissingError, match="pump_step needs a duration"):
        tried(viable_concentration="5e6/mL", pump_step="0.1 mL/h")


@pytest.mark.parametrize(
    "name", ["vehicle_volume", "flush_volume", "dmso", "pump_step", "dead_volume", "duration"]
)
def test_what_needs_a_volume(name: str) -> None:
    value = {"dmso": "10%", "pump_step": "1 mL/h", "duration": "30 min"}.get(name, "1 mL")
    with pytest.raises(nc.MissingError, match=r"needs a concentration|pump_step needs"):
        tried(viable_cells_per_vial="5e6 cells/vial", **{name: value})


@pytest.mark.parametrize("name", ["vehicle_volume", "flush_volume", "dead_volume"])
def test_a_volume_below_0(name: str) -> None:
    found = tried(viable_concentration="5e6/mL", **{name: "-1 mL"})
    assert stops(found) == {"possible values": "hard stop"}


# ------------------------------------------------------------------------------------------ course


def course(planned: Any, given: Any = (), **limits: Any) -> Any:
    doses = None if given is None else [(day, "1 million cells/kg") for day in given]
    return tried(viable_concentration="5e6/mL", on="2026-08-15", doses_given=doses,
                 planned_doses=planned, limits=Limits(**limits))  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-29")
def test_a_planned_course() -> None:
    found = course(3, ["2026-08-08"], max_doses=3)
    assert message(found, "planned course") == (
        "dose 2 of 3 that are planned, 3 million cells/kg in all"
    )
    assert outcomes(found)["planned course"] == "passed"
    assert outcomes(course(3))["planned course"] == "not made"
    assert message(course(3, None), "planned course") == (
        "3 doses are planned, 3 million cells/kg in all; no limit is stated"
    )
    assert outcomes(course(None))["planned course"] == "not made"


@pytest.mark.parametrize(
    ("planned", "given", "limits", "outcome"),
    [
        (4, ["2026-08-08"], {"max_doses": 3}, "hard stop"),
        (3, [], {"max_total_dose": "2.9 million cells/kg"}, "hard stop"),
        (3, [], {"max_total_dose": "3 million cells/kg"}, "passed"),
        (1, ["2026-08-08"], {}, "hard stop"),
        (2, ["2026-08-08"], {"max_total_dose": "2 million cells/kg"}, "passed"),
    ],
)
def test_a_course_that_cannot_be_given_is_stopped_at_its_first_dose(
    planned: int, given: list[str], limits: dict[str, Any], outcome: str
) -> None:
    assert outcomes(course(planned, given, **limits))["planned course"] == outcome


@pytest.mark.parametrize("planned", [0, -1, 2.5, "few", "", True, 101, "1e2"])
def test_what_is_no_number_of_doses(planned: Any) -> None:
    with pytest.raises(nc.InputError, match="planned_doses"):
        course(planned)
    assert course("3").inputs.planned_doses == 3


# -------------------------------------------------------------------------------- the second check


def test_a_second_person_counts_the_vials_too() -> None:
    read = ["4 million cells, 92%, 0.8 mL", "4 million cells, 88%, 0.8 mL"]
    assert outcomes(pooled(second_check=SecondCheck("AB", "3.1 kg", vials=read)))[
        "second check"
    ] == "passed"  # fmt: skip
    for other in (None, read[:1], [read[0], read[0]], read[::-1]):
        with pytest.raises(nc.DoseRefused) as caught:
            pooled(second_check=SecondCheck("AB", "3.1 kg", vials=other))
        assert stops(caught.value) == {"second check": "hard stop"}
        assert "vials" in message(caught.value, "second check")


# ------------------------------------------------------------------------------------- the command


def test_the_command_has_it_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.txt"
    asked = ["dose", "--dose", "1 million viable cells/kg", "--weight", "3.1kg",
             "--vial", "4 million cells, 92%, 0.8 mL", "--vial", "4 million cells, 88%, 0.8 mL",
             "--diluent-volume", "0mL", "--vehicle", "saline", "--vehicle-volume", "1mL",
             "--flush-volume", "1mL", "--dmso", "0.1", "--graduation", "0.1mL", "--duration",
             "30min", "--pump-step", "0.1mL/h", "--planned-doses", "2", "--rounding", "down",
             "--syringe-capacity", "3mL", "--worksheet", str(sheet)]  # fmt: skip
    assert main([*asked, "--json"]) == 1  # 0.6 mL are more than 5% below the dose
    assert "rounding error" in capsys.readouterr().err
    assert main([*[one if one != "down" else "nearest" for one in asked], "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["result"]["syringe volume"]["value"] == 0.7
    assert about["result"]["pump rate"]["value"] == 3.4
    assert about["inputs"]["vials"][1]["viability"] == 0.88
    assert about["inputs"]["planned_doses"] == 2
    assert "0.7 mL" in sheet.read_text("utf-8")
    assert main([*asked[:5], "--vial", "4 million cells, 92, 0.8 mL"]) == 2
    assert "--vial: " in capsys.readouterr().err


def test_the_sheet_of_a_pool() -> None:
    said = worksheet.text(pooled())
    assert "final concentration" in said
    assert "total volume per kg" in said
