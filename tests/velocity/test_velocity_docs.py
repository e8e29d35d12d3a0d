"""docs/velocity.md: what it prints is what the library gives."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import neocalc as nc
from neocalc.cohort.velocity_columns import added_columns
from neocalc.errors import STATUSES
from neocalc.velocity.increments import Rules
from velocity_simulation import WIDTHS, pooled, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "velocity.md"


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_every_example_of_the_page() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted > 20


def test_the_table_of_early_and_late_visits() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = lines.index(
        "| Measure | Days | With a z | Mean z | SD of z | Error | Scaled: with a z | Error |"
    )
    printed = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[start + 2 : start + 2 + 5 * len(WIDTHS)]
    ]
    assert printed == table()


def test_what_the_page_says_of_the_table() -> None:
    for measure in WIDTHS:
        late = pooled(measure, 7)
        assert late.error < 0.08
        assert late.share > late.share_scaled + 0.08
        assert late.share > 0.9


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_the_defaults_that_the_page_states() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rules = Rules()
    assert (rules.start, rules.tolerance, rules.restricted) == ("interpolate", 0.10, None)
    assert rules.between == "interpolate"
    assert "within 10 % of it" in page
    for word in ("tolerance", "start", "restricted", "recode", "between"):
        assert re.search(rf"\| `{word}\b", page), word


def test_four_weeks_from_six_weeks_are_not_a_month() -> None:
    six, ten = nc.Age.from_days(42), nc.Age.from_days(70)

    def score(tolerance: float) -> nc.velocity.Velocity:
        return nc.velocity.zscore(
            "weight", first="4.6 kg", second="5.4 kg", sex="m", first_age=six, second_age=ten,
            tolerance=tolerance,
        )  # fmt: skip

    assert score(Rules().tolerance).status == "interval_not_nominal"
    wide = score(0.15)
    assert wide.status == "interval_scaled"
    assert 28 * wide.scaled == pytest.approx(32, abs=0.1)
    assert "at 6 weeks it is 32 days" in PAGE.read_text(encoding="utf-8")
    assert "`tolerance=0.15` scores it" in PAGE.read_text(encoding="utf-8")


def test_columns_and_statuses_are_on_the_page_of_columns() -> None:
    text = (PAGE.parent / "columns.md").read_text(encoding="utf-8")
    for name in [*added_columns(["weight"]), "l_gain_cm_per_week", "hc_gain_cm_per_week"]:
        assert f"`{name}`" in text, name
    for word in STATUSES:
        assert f"`{word}`" in text, word


def test_lost_one_month_intervals() -> None:
    """Of 1-month intervals a fifth is lost to 3 days, a third to 7: those that are shorter."""
    from velocity_simulation import cohort, scored

    for jitter, lost in ((3, 0.18), (7, 0.34)):
        children = cohort("weight", 1, "female", jitter=jitter, seed=1)
        result = scored("weight", "female", children)
        assert 1 - (result.z == result.z).mean() == pytest.approx(lost, abs=0.02)
        gone = np.isnan(result.z)
        assert (children.second_day - children.first_day)[gone].max() < 31
