"""What a protocol states about giving a dose: to whom, when, of which cells, what must be known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from dose_arguments import ARM, CONDITIONS, message, of_trial, outcomes, refusal_of, stops
from neocalc.cli import main
from neocalc.dose import Limits, SecondCheck, audit, prepare, worksheet
from neocalc.dose.requirements import REQUIRED
from neocalc.trials import Arm, Criterion
from neocalc.trials.conditions import Conditions

REGISTRY = nc.trials.load("NCT03558334").arm("A")
TERM_TRIAL = nc.trials.load("NCT03601416", "registry")
PRODUCT: dict[str, Any] = {"concentration": "5 million cells/mL", "viability": "92%"}
GIRL: dict[str, Any] = PRODUCT | {"weight": "3.1 kg", "sex": "female", "arm": REGISTRY}


def tried(**arguments: Any) -> Any:
    """The plan, or the refusal."""
    try:
        return prepare(**arguments)
    except nc.DoseRefused as error:
        return error


def trial(**changes: Any) -> Any:
    """A dose of a trial that states every condition, some of them changed."""
    conditions = {name: changes.pop(name) for name in list(changes) if hasattr(CONDITIONS, name)
                  and name not in ("counts", "gate")}  # fmt: skip
    for name in ("counts", "gate"):
        if f"stated_{name}" in changes:
            conditions[name] = changes.pop(f"stated_{name}")
    arm = replace(ARM, conditions=replace(CONDITIONS, **conditions))
    return tried(**(of_trial() | {"arm": arm} | changes))


def aged(days: int, gestation: str | None = "27+3") -> nc.Age:
    return nc.Age.from_days(days, gestation=gestation)


# ------------------------------------------------------------------------------------ eligibility


@pytest.mark.requirement("REQ-DOSE-26")
@pytest.mark.parametrize(
    ("age", "outcome"),
    [
        (aged(105), "passed"),
        (aged(105, "39+0"), "hard stop"),  # a term infant
        (aged(105, "37+0"), "hard stop"),
        (aged(105, "36+6"), "passed"),
        (aged(105, None), "hard stop"),  # nobody knows
        (None, "not made"),
    ],
)
def test_a_preterm_only_trial(age: nc.Age | None, outcome: str) -> None:
    found = tried(**GIRL, age=age)
    assert outcomes(found)["eligibility"] == outcome


def test_a_doubled_weight_where_gestation_is_not_stated() -> None:
    """A preterm-only trial without a gestation scored a doubled weight as z 0.1."""
    found = tried(**(GIRL | {"weight": "6.2 kg"}), age=aged(105, None))
    assert stops(found)["eligibility"] == "hard stop"
    assert message(found, "eligibility") == (
        "eligibility cannot be decided: born preterm (gestation is not stated)"
    )


def test_what_a_person_decides_is_said() -> None:
    assert message(tried(**GIRL, age=aged(105)), "eligibility") == (
        "born preterm; a person decides: moderate or severe bronchopulmonary dysplasia"
    )
    only = replace(CONDITIONS, criteria=(Criterion("severe lung disease"),))
    for age in (None, aged(105)):
        found = tried(**(of_trial() | {"arm": replace(ARM, conditions=only), "age": age}))
        assert outcomes(found)["eligibility"] == "not made"
        assert message(found, "eligibility") == "a person decides: severe lung disease"


@pytest.mark.requirement("REQ-DOSE-26")
@pytest.mark.parametrize(
    ("enrolled", "days", "outcome"),
    [
        (None, 28, "passed"), (None, 27, "hard stop"), (None, 365, "passed"),
        (None, 366, "hard stop"), (None, 9, "hard stop"), (None, 820, "hard stop"),
        ("2026-08-04", 37, "hard stop"), ("2026-08-05", 37, "passed"),
        ("2026-08-04", 375, "passed"), ("2026-08-05", 376, "hard stop"),
    ],
)  # fmt: skip
def test_age_at_enrolment(enrolled: str | None, days: int, outcome: str) -> None:
    """9 days, 27 months and 6 years passed; enrolment can be before the dose."""
    arm = replace(TERM_TRIAL.arm("MSC"), limits=Limits(dose="1 million cells/kg"))
    found = tried(**(GIRL | {"arm": arm}), age=aged(days), on="2026-08-14", enrolled_on=enrolled)
    assert outcomes(found)["eligibility"] == outcome


def test_enrolment_by_dates_and_without_a_gestation() -> None:
    arm = replace(TERM_TRIAL.arm("MSC"), limits=Limits(dose="1 million cells/kg"))
    age = nc.Age(born="2025-08-10", on="2026-08-14")
    dated = GIRL | {"arm": arm, "age": age, "weight": "9 kg"}
    assert outcomes(tried(**dated))["eligibility"] == "hard stop"
    assert outcomes(tried(**dated, enrolled_on="2026-08-10"))["eligibility"] == "passed"
    with pytest.raises(nc.AgeError, match="enrolled_on"):
        prepare(**dated, enrolled_on="2026-08-15")


def test_without_a_criterion_nothing_is_decided() -> None:
    found = tried(**(GIRL | {"arm": replace(ARM, conditions=Conditions())}), age=aged(105))
    assert message(found, "eligibility") == "the protocol states no criterion"
    assert message(
        tried(**(GIRL | {"arm": None, "dose": "1 million cells/kg"})), "eligibility"
    ) == ("no trial is named")


# ---------------------------------------------------------------------------------- age at the dose


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(28, "not made"), (27, "soft stop"), (9, "soft stop"), (366, "not made"), (367, "soft stop"),
     (820, "soft stop"), (470, "soft stop")],
)  # fmt: skip
def test_a_trial_that_states_no_age(days: int, outcome: str) -> None:
    """27 months, and a year typed wrong, passed in a trial of infants."""
    assert outcomes(tried(**GIRL, age=aged(days)))["age at the dose"] == outcome


def test_an_age_at_enrolment_takes_the_place_of_the_usual_one() -> None:
    arm = replace(TERM_TRIAL.arm("MSC"), limits=Limits(dose="1 million cells/kg"))
    found = tried(**(GIRL | {"arm": arm, "age": aged(400)}), on="2026-08-14",
                  enrolled_on="2026-07-01")  # fmt: skip
    assert outcomes(found)["age at the dose"] == "not made"


@pytest.mark.requirement("REQ-DOSE-26")
@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"min_age": 105}, "passed"), ({"min_age": 106}, "hard stop"),
        ({"max_age": 105}, "passed"), ({"max_age": 104}, "hard stop"),
        ({"min_pma": 42 * 7 + 3}, "passed"), ({"min_pma": 42 * 7 + 4}, "hard stop"),
        ({"max_pma": 42 * 7 + 3}, "passed"), ({"max_pma": 42 * 7 + 2}, "hard stop"),
        ({"within": 4}, "passed"), ({"within": 3}, "hard stop"),
        ({"enrolled_on": None}, "hard stop"), ({"age": None, "sex": None}, "hard stop"),
        ({"age": aged(105, None)}, "hard stop"),
        ({"age": aged(105, None), "min_pma": None, "max_pma": None}, "passed"),
        ({"age": aged(105), "on": None}, "hard stop"),
    ],
)  # fmt: skip
def test_the_window_of_the_protocol(changes: dict[str, Any], outcome: str) -> None:
    assert outcomes(trial(**changes))["age at the dose"] == outcome


def test_the_window_is_said() -> None:
    said = (
        "28 to 365 days old and 36w0d to 60w0d of postmenstrual age and within 14 days of enrolment"
    )
    assert message(trial(), "age at the dose") == f"105 days old; the protocol states {said}"
    found = trial(max_age=50, within=1)
    assert message(found, "age at the dose").startswith(
        "105 days old and 4 days after enrolment: the protocol states 28 to 50 days old"
    )
    one = trial(min_age=None, max_age=200, min_pma=None, max_pma=None, within=None)
    assert message(one, "age at the dose").endswith("the protocol states any to 200 days old")
    assert message(trial(age=None, sex=None), "age at the dose").endswith(
        "and date of birth or age is not typed"
    )


def test_without_an_age_it_is_not_made_where_the_protocol_states_none() -> None:
    assert outcomes(tried(**GIRL))["age at the dose"] == "not made"


# ---------------------------------------------------------------------------------- cells counted


@pytest.mark.requirement("REQ-DOSE-26")
def test_what_the_registry_does_not_state_is_not_asserted() -> None:
    found = tried(**GIRL, age=aged(105))
    check = next(c for c in found.checks if c.name == "cells counted")
    assert (check.outcome, check.lacks) == ("not made", "input")
    assert check.message == (
        "viable or total: the protocol does not state it, and it is not typed; viable cells are "
        "taken"
    )


@pytest.mark.parametrize(
    ("asked", "counts"),
    [({"counts": "viable"}, "viable"), ({"dose": "1 million viable cells/kg"}, "viable")],
)
def test_it_is_typed(asked: dict[str, Any], counts: str) -> None:
    found = tried(**GIRL, **asked, age=aged(105))
    assert outcomes(found)["cells counted"] == "passed"
    assert f"{counts} cells, as typed" in message(found, "cells counted")


@pytest.mark.parametrize("asked", [{"counts": "total"}, {"dose": "1 million total cells/kg"}])
def test_a_dose_of_all_cells(asked: dict[str, Any]) -> None:
    total = {name: value for name, value in GIRL.items() if name != "viability"}
    found = tried(**total, **asked, age=aged(105), release_viability="92%")
    assert outcomes(found)["cells counted"] == "passed"
    assert found.limits.counts == "total"
    assert found.amounts.volume == pytest.approx(3.1 / 5)
    with pytest.raises(nc.InputError, match="counts all cells"):
        prepare(**GIRL, **asked)


def test_limits_that_say_it_are_enough() -> None:
    total: dict[str, Any] = {
        "weight": "2 kg", "dose": "1 million cells/kg", "concentration": "5e6 cells/mL",
        "limits": Limits(counts="total"),
    }  # fmt: skip
    assert outcomes(tried(**total))["cells counted"] == "passed"
    assert outcomes(tried(**total, counts="total"))["cells counted"] == "passed"
    with pytest.raises(nc.InputError, match="the limits say total"):
        prepare(**total, counts="viable")


@pytest.mark.parametrize(
    "asked", [{"counts": "all"}, {"counts": 1}, {"counts": "total", "dose": "1 viable cells/kg"}]
)
def test_what_is_not_a_count(asked: dict[str, Any]) -> None:
    with pytest.raises(nc.InputError, match="counts"):
        prepare(**GIRL, **asked)


def test_what_the_protocol_states_holds() -> None:
    assert message(trial(counts=None), "cells counted") == "viable cells, as the protocol states"
    found = trial(counts="total")
    assert stops(found) == {"cells counted": "hard stop"}
    assert message(found, "cells counted") == (
        "the protocol counts viable cells, and total was typed"
    )


# ------------------------------------------------------------------------------------ gate, inputs


@pytest.mark.requirement("REQ-DOSE-26")
def test_a_cohort_that_is_not_open() -> None:
    assert outcomes(trial())["cohort gate"] == "passed"
    found = trial(gate=None)
    assert stops(found) == {"cohort gate": "hard stop"}
    assert message(found, "cohort gate") == (
        "cohort 2 opens after the review of dose-limiting toxicity of 3 infants: type by whom and "
        "when that was confirmed"
    )
    assert outcomes(trial(stated_gate="", gate="CD"))["cohort gate"] == "not made"
    assert "confirmed, CD, 2026-08-01" in message(trial(), "cohort gate")


LEFT_OUT: dict[str, dict[str, Any]] = {
    "gestation": {"age": aged(105, None), "min_pma": None, "max_pma": None, "criteria": ()},
    "age": {"age": None, "within": None, "min_age": None, "max_age": None, "min_pma": None,
            "max_pma": None},
    "on": {"on": None, "age": aged(105), "expires": None, "thawed_on": None, "doses_given": [],
           "within": None},
    "duration": {"duration": None, "pump_step": None},
    "viability": {"viability": None, "concentration": None, "viable_concentration": "4e6/mL",
                  "cells_per_vial": None, "recovery": None},
    "planned_doses": {}, "second_check": {"second_check": None}, "counts": {"counts": None},
}  # fmt: skip


@pytest.mark.requirement("REQ-DOSE-26")
@pytest.mark.parametrize("name", [name for name in REQUIRED if name != "planned_doses"])
def test_every_input_that_can_be_required(name: str) -> None:
    changes = LEFT_OUT.get(name, {name: None}) | {"required": (name,)}
    if name == "prepared_by":
        changes |= {"second_check": None}
    assert outcomes(trial(required=(name,)))["required inputs"] == "passed"
    found = trial(**changes)
    assert stops(found)["required inputs"] == "hard stop"
    assert message(found, "required inputs").startswith("not typed, and required: ")


def test_what_is_missing_is_said_in_words() -> None:
    found = trial(required=("age", "doses_given", "last_weight"), age=None, doses_given=None,
                  last_weight=None)  # fmt: skip
    assert message(found, "required inputs") == (
        "not typed, and required: date of birth or age, doses given before, or that there was "
        "none, last weight"
    )
    assert message(trial(required=()), "required inputs") == (
        "neither the protocol nor a site file requires any"
    )


# ---------------------------------------------------------------------------- the weight's policy


UNCORRECTED: list[dict[str, Any]] = [
    {"policy": nc.Policy(correct_until="0 day", handover="40 week")},
    {"policy": nc.Policy(preterm_below="20+0")},
]


@pytest.mark.requirement("REQ-DOSE-27")
@pytest.mark.parametrize("asked", UNCORRECTED)
@pytest.mark.parametrize("in_trial", [True, False])
def test_a_policy_that_switches_correction_off(asked: dict[str, Any], in_trial: bool) -> None:
    """Without correction the doubled weight of a preterm infant is a usual one: z 0.1."""
    doubled = GIRL | {"weight": "6.9 kg", "age": aged(105)}
    if not in_trial:
        doubled |= {"arm": None, "dose": "1 million cells/kg"}
    alone = nc.zscore("weight", "6.9 kg", sex="f", age=aged(105), **asked)
    assert abs(alone.z) < 1.5
    found = tried(**doubled, **asked)
    assert stops(found)["weight for age and sex"] == "soft stop"
    assert "fenton-2013, postmenstrual age" in message(found, "weight for age and sex")


LATE: dict[str, Any] = {"policy": {"preterm_reference": "fenton-2025", "handover": "44 week"}}


@pytest.mark.requirement("REQ-DOSE-27")
def test_the_protocols_policy_holds_whatever_is_typed() -> None:
    stated = trial(**LATE)
    assert "fenton-2025, postmenstrual age" in message(stated, "weight for age and sex")
    arm = replace(ARM, conditions=replace(CONDITIONS, **LATE))
    typed = tried(**(of_trial() | {"arm": arm, "reference": "who-2006"}))
    by_who = nc.zscore("weight", "3.1 kg", sex="f", age=aged(105), reference="who-2006").z
    by_fenton = nc.zscore("weight", "3.1 kg", sex="f", age=aged(105), reference="fenton-2025").z
    further = "who-2006" if abs(by_who) > abs(by_fenton) else "fenton-2025"
    assert further in message(typed, "weight for age and sex")
    said = audit.record(typed)["inputs"]["policy"]
    assert said.count("; and ") == 1
    assert "fenton-2025 by postmenstrual age to 44w0d" in said
    assert "who-2006 whatever the age" in said
    assert worksheet.text(typed).count("who-2006 whatever the age") == 1


def test_the_same_policy_typed_is_one() -> None:
    arm = replace(ARM, conditions=replace(CONDITIONS, policy={"preterm_reference": "fenton-2025"}))
    typed = tried(
        **(of_trial() | {"arm": arm, "policy": nc.Policy(preterm_reference="fenton-2025")})
    )
    assert "; and " not in audit.record(typed)["inputs"]["policy"]


# ------------------------------------------------------------------------------------------- bands


BANDED = """
id = "BANDS-1"
version = "1"
title = "Doses by bands of weight"
source = "protocol of the site"

[dosing]
min_age = "28 day"
max_age = "12 month"
min_pma = "36 week"
max_pma = "60+0"
within = "2 week"
required = ["sex", "age"]

[weight_check]
preterm_reference = "fenton-2025"

[limits]
counts = "viable"
line_filter = "in-line, 200 micrometres"

[[arms]]
name = "A"
gate = "opens after the review of 3 infants"
bands = [
  { from = "2 kg", below = "3 kg", cells = "2.5 million cells" },
  { from = "3 kg", below = "5 kg", cells = "4 million cells" },
]
"""


@pytest.fixture
def banded(tmp_path: Path) -> Path:
    path = tmp_path / "bands.toml"
    path.write_text(BANDED, encoding="utf-8")
    return path


def of_bands(path: Path, weight: str, **more: Any) -> Any:
    asked = GIRL | {"arm": nc.trials.load(path).arm("A"), "weight": weight, "age": aged(105),
                    "on": "2026-08-14", "enrolled_on": "2026-08-10", "gate": "CD",
                    "line_filter": "yes"}  # fmt: skip
    return tried(**(asked | more))


@pytest.mark.requirement("REQ-DOSE-28")
def test_the_dose_of_a_band(banded: Path) -> None:
    for weight, cells in (("2.9 kg", 2.5e6), ("3 kg", 4e6), ("3.1 kg", 4e6)):
        plan = of_bands(banded, weight)
        assert plan.amounts.cells == pytest.approx(cells, rel=1e-15)
        assert plan.amounts.volume == pytest.approx(cells / (5e6 * 0.92), rel=1e-12)
        assert outcomes(plan)["arm dose"] == "passed"
    assert message(plan, "arm dose") == "4,000,000 cells, the dose from 3 kg to below 5 kg"


@pytest.mark.requirement("REQ-DOSE-28")
def test_a_weight_of_no_band(banded: Path) -> None:
    found = of_bands(banded, "1.9 kg")
    assert stops(found) == {"arm dose": "hard stop"}
    assert str(found) == (
        "no dose: BANDS-1, version 1, arm A, from bands.toml has no band for this weight; "
        "it has: 2 kg to below 3 kg, 3 kg to below 5 kg"
    )
    assert of_bands(banded, "5 kg").checks
    other = of_bands(banded, "3.1 kg", dose="1 million cells/kg")
    assert stops(other)["arm dose"] == "hard stop"


def test_a_table_has_no_bands(banded: Path) -> None:
    with pytest.raises(nc.DoseRefused, match="by bands of weight"):
        nc.dose.Dosing(arm=nc.trials.load(banded).arm("A"))


# ---------------------------------------------------------------------------------------- the file


def test_the_conditions_of_a_file(banded: Path) -> None:
    found = nc.trials.load(banded).arm("A").conditions
    assert (found.min_age, found.max_age) == (28, 365)
    assert (found.min_pma, found.max_pma, found.within) == (252, 420, 14)
    assert found.required == ("sex", "age")
    assert found.counts == "viable"
    assert found.gate == "opens after the review of 3 infants"
    assert found.policy == {"preterm_reference": "fenton-2025"}
    assert found.states_age
    assert not Conditions().states_age
    assert nc.trials.load("NCT03558334").arm("A").conditions.counts is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('within = "2 week"', 'within = "2 kg"', "within"),
        ('min_age = "28 day"', 'min_age = "13 month"', "min_age is above max_age"),
        ('max_pma = "60+0"', 'max_pma = "30 week"', "min_pma is above max_pma"),
        ('required = ["sex", "age"]', 'required = ["sex", "colour"]', "not known: colour"),
        ('required = ["sex", "age"]', 'required = "sex"', "a list of names"),
        ('required = ["sex", "age"]', "color = 1", "not known: color"),
        ('preterm_reference = "fenton-2025"', 'handover = "20 week"', "[weight_check]: handover"),
        ('preterm_reference = "fenton-2025"', 'preterm_reference = 5', "[weight_check]"),
        ('preterm_reference = "fenton-2025"', 'colour = "red"', "[weight_check]: not known"),
        ('line_filter = "in-line, 200 micrometres"', 'line_filter = 5', "line_filter"),
        ('gate = "opens after the review of 3 infants"', "gate = 5", "gate must be a text"),
        ('below = "3 kg"', 'below = "4 kg"', "in order and not overlap"),
        ('below = "3 kg"', 'below = "1 kg"', "from must be below below"),
        ('below = "3 kg"', 'below = "3 lb"', "bands: below"),
        ('cells = "4 million cells"', 'cells = "4 million"', "bands: cells"),
        ('cells = "4 million cells"', 'dose = "4 million"', "not known: dose"),
        ('name = "A"', 'name = "A"\ndose = "1 million cells/kg"', "bands beside a dose"),
        ('name = "A"', 'name = "A"\nreceives_cells = false', "bands beside a dose"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in BANDED
    path = tmp_path / "bands.toml"
    path.write_text(BANDED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(nc.PolicyError) as caught:
        nc.trials.load(path)
    assert said in str(caught.value)


def test_a_section_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "bands.toml"
    for name in ("dosing", "weight_check"):
        head, _, rest = BANDED.partition(f"[{name}]")
        after = rest[rest.index("\n[") :]
        path.write_text(f"{name} = 5\n{head}{after}", encoding="utf-8")
        with pytest.raises(nc.PolicyError, match=f"{name}: must be a section"):
            nc.trials.load(path)


def test_bands_that_are_no_list(tmp_path: Path) -> None:
    path = tmp_path / "bands.toml"
    head = BANDED[: BANDED.index("bands = [")]
    for wrong in ("bands = 5", 'bands = ["2 kg"]'):
        path.write_text(head + wrong, encoding="utf-8")
        with pytest.raises(nc.PolicyError, match="bands must be a list of sections"):
            nc.trials.load(path)


# ------------------------------------------------------------------------------------- the command


def test_a_term_infant_is_not_dosed_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["dose", "--trial", "NCT03558334", "--arm", "A", "--weight", "3.1kg", "--sex", "f",
             "--concentration", "5e6cells/mL", "--viability", "92%", "--born", "2026-05-01",
             "--on", "2026-08-14"]  # fmt: skip
    assert main([*asked, "--gestation", "39+2"]) == 1
    assert "not eligible: born preterm (born at 37 weeks or later)" in capsys.readouterr().err
    assert main(asked) == 1
    assert "eligibility cannot be decided" in capsys.readouterr().err
    assert main([*asked, "--gestation", "27+3", "--counts", "viable"]) == 0
    assert "viable cells, as typed" in capsys.readouterr().out


def test_a_refusal_keeps_what_was_typed() -> None:
    about = audit.record(refusal_of(weight="31 kg", lot="L-17", identifier="4711"))
    assert about["inputs"]["lot"] == "L-17"
    assert about["inputs"]["identifier"] == "4711"
    assert about["inputs"]["counts"] == "viable"


def test_arms_of_other_programs_have_no_conditions() -> None:
    arm = Arm("A", "", "T", "1", "0" * 64, "shipped", Limits(dose="1 million cells/kg"))
    assert outcomes(tried(**(GIRL | {"arm": arm, "age": aged(105)})))["eligibility"] == "not made"
    assert SecondCheck("AB", "2 kg").person == "AB"
