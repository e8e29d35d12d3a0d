"""docs/validation.md is of these tables and this version, and what it says still holds."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.references.catalogue import tables_digest
from neocalc.verify.report import COVERED, NOT_COVERED

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
sys.path.append(str(ROOT / "scripts"))

import fit_correlations  # noqa: E402
import validation_compare  # noqa: E402
import validation_grid  # noqa: E402
import validation_reasons  # noqa: E402
import validation_report  # noqa: E402
import validation_velocity  # noqa: E402

GRID = validation_grid.whole_grid(step=60)


def section(number: int) -> str:
    """One section of the page."""
    return re.split(r"^## ", PAGE, flags=re.MULTILINE)[number]


def cells(text: str) -> list[list[str]]:
    """The rows of the tables in a text, without their heads."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


@pytest.mark.requirement("REQ-REC-06")
def test_the_page_is_of_these_tables_and_this_version() -> None:
    """Else: python scripts/validation_report.py (--kept-peers where the peers are not at hand)."""
    facts = dict(row for row in cells(section(5)) if len(row) == 2)
    assert facts["neocalc"] == nc.__version__
    assert facts["tables digest"] == tables_digest()


@pytest.mark.requirement("REQ-REC-06")
@pytest.mark.parametrize("one", GRID, ids=lambda a: f"{a.reference}-{a.measure}")
def test_neocalc_agrees_with_the_simple_implementation(one: validation_grid.Agreement) -> None:
    """Every 60th row of each table here; every row in the report."""
    assert max(one.within, one.beyond) < validation_grid.LIMIT
    assert one.statuses == 0
    assert one.values > 50


@pytest.mark.requirement("REQ-REC-06")
def test_the_page_says_the_same_of_the_whole_grid() -> None:
    rows = cells(section(1))[1:]
    named = [(a.reference, a.measure.replace("_", " ")) for a in GRID]
    assert [(row[0], row[1]) for row in rows] == named
    for row in rows:
        assert max(float(row[3]), float(row[4])) < validation_grid.LIMIT
    assert "; 0 different statuses" in section(1)


@pytest.mark.requirement("REQ-REC-06")
def test_every_published_value_agrees() -> None:
    rows = [row for row in cells(section(2)) if len(row) == 7][1:]
    assert len(rows) >= 8
    for row in rows:
        assert row[1] == row[2], row[0]


def test_what_verify_covers_and_what_it_cannot_is_said() -> None:
    assert f"- {COVERED}" in section(2)
    assert f"- {NOT_COVERED}" in section(2)


@pytest.mark.requirement("REQ-REC-06")
def test_every_difference_from_another_package_has_its_reason() -> None:
    assert "NOT EXPLAINED" not in PAGE
    kept = json.loads((ROOT / "docs" / "validation_peers.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in kept["table"]} == set(validation_compare.NAMES)
    for one in kept["table"]:
        assert "status" in one or "NOT EXPLAINED" not in validation_compare.reason(one)


@pytest.mark.requirement("REQ-REC-06")
def test_a_reason_that_leaves_more_than_rounding_explains_nothing() -> None:
    one = {"name": "anthro", "index": "weight_for_length off the grid", "within": 0.04,
           "beyond": 0.05, "none": 0, "left": 4.9e-5}  # fmt: skip
    assert validation_compare.reason(one).startswith("nearest row")
    assert validation_compare.reason(one | {"left": 0.002}) == "NOT EXPLAINED"
    assert validation_compare.reason(one | {"index": "bmi", "left": None}) == "NOT EXPLAINED"


@pytest.mark.requirement("REQ-REC-06")
def test_a_reason_is_tried_on_the_values_of_the_other_package() -> None:
    """Its z without the restriction, as docs/differences.md has it of pygrowthstandards."""
    rows = [["male", 365, 15.0], ["male", 365, 10.0]]
    theirs = [(math.log(kg / 9.646), kg) for kg in (15.0, 10.0)]
    plain = [math.expm1(0.0645 * ratio) / (0.0645 * 0.10925) for ratio, _ in theirs]
    assert validation_reasons.left(
        "pygrowthstandards", "weight", rows, np.array(plain)
    ) == pytest.approx(0, abs=1e-9)
    off = np.array([plain[0], plain[1] + 0.3])
    found = validation_reasons.left("pygrowthstandards", "weight", rows, off)
    assert found == pytest.approx(0.3)
    assert validation_reasons.left("anthro", "weight", rows, off) is None


@pytest.mark.requirement("REQ-REC-06")
def test_a_package_that_is_not_installed_is_said_and_the_rest_goes_on() -> None:
    z: dict[str, Any] = {"weight": [0.5, -4.0, 1.0]}
    rows = {"weight": [["male", 1, 3.0], ["female", 2, 1.5], ["male", 3, 4.0]]}
    said = {"anthro": {"version": "9", "z": {"weight": [0.5, -4.2, None]}}}
    table = validation_compare.compare(rows, z, said)
    assert len(table) == len(validation_compare.NAMES)
    anthro = next(one for one in table if one["name"] == "anthro")
    assert (anthro["within"], anthro["none"]) == (0.0, 1)
    assert anthro["beyond"] == pytest.approx(0.2)
    assert anthro["where"] == "female, day 2, 1.5 kg: -4.0000, there -4.2000"
    assert {one["status"] for one in table if one["name"] != "anthro"} == {"not installed"}
    kept = {"date": "2026-01-01", "neocalc": "0", "python": "3", "table": table}
    page = "\n".join(validation_report.peers_section(kept))
    assert "| rcpchgrowth | not installed |" in page


LEFT_OUT = {
    ("weight", 2): (0.05, 0.06, 0.10), ("weight", 3): (0.06, 0.04, 0.05),
    ("weight", 4): (0.05, 0.04, 0.05), ("length", 3): (0.06, 0.05, 0.17),
    ("length", 4): (0.06, 0.04, 0.11), ("head_circumference", 3): (0.06, 0.05, 0.07),
    ("head_circumference", 4): (0.06, 0.04, 0.05),
}  # fmt: skip
"""How far off a width may be that is predicted from its neighbours: rms at z -2, 0 and 2."""


@pytest.mark.requirement("REQ-VEL-16")
@pytest.mark.parametrize("case", validation_velocity.LEFT_OUT, ids=str)
def test_a_width_that_is_left_out_is_predicted(case: tuple[str, int, int, int]) -> None:
    found = validation_velocity.left_out(*case)
    errors = [fit_correlations.rms(z) for z in found.by_neocalc]
    assert len(found.by_neocalc[0]) >= 20
    assert np.less(errors, LEFT_OUT[case[:2]]).all(), errors
    middle = fit_correlations.rms(found.by_increments[1])
    assert errors[1] < 0.7 * middle  # interpolated linearly it is further off


@pytest.mark.requirement("REQ-GAIN-09")
def test_the_correlations_predict_the_longest_width() -> None:
    """Fitted to widths up to 4 months, the SD of increments over 6 months, by 6 to 11 %."""
    for measure, most in (("weight", 0.065), ("length", 0.111), ("head_circumference", 0.111)):
        rows = fit_correlations.implied_by_rows(measure)
        model = fit_correlations.fitted(rows.where(rows.width <= 4))
        six = rows.where(rows.width == 6)
        assert fit_correlations.rms(fit_correlations.sd_error(model, six)) < most


def test_the_page_shows_the_tables_of_velocity() -> None:
    page = section(6)
    for lines in (
        validation_velocity.left_out_lines(),
        validation_velocity.model_lines(),
        validation_velocity.agreement_lines(),
    ):
        assert "\n".join(lines) in page
    kept = json.loads(validation_velocity.KEPT.read_text(encoding="utf-8"))
    for name, pairs in kept.items():
        assert "\n".join(validation_velocity.cohort_lines(name, pairs)) in page


def test_a_cohort_is_compared_as_a_whole(tmp_path: Path) -> None:
    """Children drawn from the WHO's tables have the correlation that the tables imply."""
    rng = np.random.default_rng(3)
    n, r = (
        4000,
        nc.velocity.correlation(
            "weight", sex="m", first_age=nc.Age.from_days(122), second_age=nc.Age.from_days(365)
        ).r,
    )
    first = rng.standard_normal(n)
    second = r * first + math.sqrt(1 - r * r) * rng.standard_normal(n)
    lines = ["subject_id,sex,age_days,gestational_age_days,weight_kg"]
    for day, z in ((122, first), (365, second)):
        kg = nc.measurement("weight", z=z, sex="m", age=nc.Age.from_days(day)).magnitude
        lines += [f"{i},male,{day},280,{y:.6f}" for i, y in enumerate(kg)]
    (tmp_path / "cohort.csv").write_text("\n".join(lines) + "\n")
    (pair,) = validation_velocity.of_cohort(tmp_path / "cohort.csv")
    assert (pair["first_day"], pair["second_day"], pair["children"]) == (122, 365, n)
    assert pair["observed"] == pytest.approx(r, abs=0.03)
    assert pair["implied"] == pytest.approx(r, abs=1e-3)
    assert pair["sd_of_standardised"] == pytest.approx(1, abs=0.05)
    assert pair["sd_of_conditional"] == pytest.approx(1, abs=0.05)


@pytest.mark.requirement("REQ-FOLLOW-12")
def test_the_visits_of_a_cohort_that_have_a_velocity_are_counted(tmp_path: Path) -> None:
    """Weights of a month apart, a week apart and ten weeks apart, of a boy born at term."""
    lines = ["subject_id,sex,age_days,gestational_age_days,weight_kg,length_cm"]
    lines += [f"1,m,{day},280,{3.3 + day / 40:.2f},{50 + day / 10:.1f}" for day in (0, 30, 37, 107)]
    lines += ["2,f,0,210,1.2,38", "2,f,60,210,3,46", "2,f,90,210,4.2,"]  # one visit before term
    (tmp_path / "cohort.csv").write_text("\n".join(lines) + "\n")
    weight, length = validation_velocity.shares_of(tmp_path / "cohort.csv")
    assert (weight["measure"], weight["visits"], length["visits"]) == ("weight", 3, 3)
    assert list(weight["z"].values()) == [1, 2, 2, 3, 3]
    assert list(length["z"].values()) == [0, 1, 1, 1, 1]
    assert weight["standardised"] == 3
    assert weight["within_the_widths"] == {"visits": 2, "without": 0}
    shown = validation_velocity.share_lines("A cohort", [weight])[-1]
    assert shown == "| weight | 3 | 1 (33%) | 2 (67%) | 2 (67%) | 3 (100%) | 3 (100%) | 3 (100%) |"


@pytest.mark.requirement("REQ-FOLLOW-12")
def test_every_visit_within_the_widths_of_a_cohort_has_a_velocity() -> None:
    kept = json.loads(validation_velocity.KEPT_SHARES.read_text(encoding="utf-8"))
    page = section(6)
    for name, shares in kept.items():
        assert "\n".join(validation_velocity.share_lines(name, shares)) in page
        assert [one["within_the_widths"]["without"] for one in shares] == [0] * len(shares)
        for one in shares:
            *ways, most = one["z"].values()
            assert ways == sorted(ways[:2]) + ways[2:] and max(ways) <= most <= one["visits"]
