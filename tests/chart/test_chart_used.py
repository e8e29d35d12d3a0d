"""Charts and reports say what was used: titles, axes, ages and citations come from the rows scored.

A policy has a preterm reference even where no child was scored on it; what a reader sees named is
what the numbers on the page were computed from.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

import neocalc as nc
from neocalc import Policy, chart, report
from neocalc.chart.style import Chart
from neocalc.chart.subjects import Cohort, cohort_of
from neocalc.chart.used import correction_ends, used_by
from neocalc.chart.visits import scored_table

IDS = ("fenton-2013", "fenton-2025", "who-2006", "who-2009-velocity")
COHORTS = ("z", "waterfall", "statuses")


def visits(gestation: str | None, *days: int, grams: float = 0.0, **more: Any) -> pl.DataFrame:
    """Visits of two children of this gestation, whose weights are near the median."""
    ages = [day for _ in range(2) for day in days]
    data: dict[str, Any] = {
        "subject_id": [name for name in "ab" for _ in days],
        "sex": ["f"] * len(ages),
        "age_days": ages,
        "weight_kg": nc.measurement(
            "weight", [0.1] * len(ages), sex=["f"] * len(ages),
            age=nc.Age.from_days(ages, [gestation] * len(ages)),
        ).magnitude + grams / 1000,
    }  # fmt: skip
    if gestation is not None:
        data["gestational_age"] = [gestation] * len(ages)
    return pl.DataFrame(data | more)


NOT_STATED = visits(None, 0, 60, 180)
"""As a file without a column of the gestation: its chart was titled with Fenton's."""
TERM = visits("40+0", 0, 60, 180)
EARLY = visits("30+0", 0, 28, 56)
LATER = visits("30+0", 0, 56, 250)
LATE = visits("30+0", 400, 1300)
MIXED = pl.concat(
    [LATER, NOT_STATED.with_columns(subject_id=pl.col("subject_id") + "2")], how="diagonal"
)


def words(drawn: Chart) -> str:
    """Every text of a chart, in one line."""
    texts = (t.get_text() for t in drawn.figure.findobj(Text) if isinstance(t, Text))
    return " ".join(" ".join(texts).split())


def cited(text: str) -> set[str]:
    """The references that a text names by their ids."""
    return {name for name in IDS if f"({name})" in text}


def axes_titles(drawn: Chart) -> set[str]:
    """The titles of the axes of age."""
    return {ax.get_xlabel() for ax in drawn.figure.axes} - {"", "Subjects, by change in z"}


CASES: dict[str, tuple[pl.DataFrame, set[str], str, str, str]] = {
    "not stated": (
        NOT_STATED, {"who-2006"}, "WHO Child Growth Standards", "Chronological age (months)",
        "At chronological age (gestation not stated).",
    ),
    "born at term": (
        TERM, {"who-2006"}, "WHO Child Growth Standards", "Chronological age (months)",
        "At chronological age (born at 37w0d or later).",
    ),
    "before the hand-over": (
        EARLY, {"fenton-2013"}, "Fenton preterm growth chart (2013)", "Corrected age (months)",
        "At postmenstrual age to 50w0d.",
    ),
    "after it too": (
        LATER, {"fenton-2013", "who-2006"},
        "Fenton preterm growth chart (2013) to 50w0d, then WHO Child Growth Standards",
        "Corrected age (months)",
        "At postmenstrual age to 50w0d and at corrected age to 36 months.",
    ),
    "after correction ends": (
        LATE, {"who-2006"}, "WHO Child Growth Standards", "Age (months)",
        "At corrected age to 36 months and at chronological age (after 36 months of corrected"
        " age).",
    ),
    "some not stated": (
        MIXED, {"fenton-2013", "who-2006"},
        "Fenton preterm growth chart (2013) to 50w0d, then WHO Child Growth Standards",
        "Age (months)",
        "At postmenstrual age to 50w0d, at corrected age to 36 months and at chronological age"
        " (gestation not stated).",
    ),
}  # fmt: skip


@pytest.mark.requirement("REQ-CHART-09")
@pytest.mark.parametrize("case", sorted(CASES))
def test_a_cohort(case: str) -> None:
    table, references, label, axis, ages = CASES[case]
    for kind in COHORTS:
        drawn = chart.cohort(table, kind=kind)
        assert cited(words(drawn)) == references, kind
        assert cited(drawn.description) == references, kind
        if kind == "statuses":
            continue
        texts = [t.get_text() for t in drawn.figure.texts]
        assert texts[1] == label, kind
        assert ages in words(drawn), kind
    drawn = chart.cohort(table)
    assert axes_titles(drawn) == {axis}
    assert drawn.title == f"Z-scores over {axis.removesuffix(' (months)').lower()} by arm"
    page = report.page(table)
    assert cited(page) == references
    assert f'aria-label="{drawn.title}"' in page


@pytest.mark.requirement("REQ-CHART-09")
@pytest.mark.parametrize(
    ("case", "growth", "velocity"),
    [
        ("not stated", {"who-2006"}, {"who-2006", "who-2009-velocity"}),
        ("born at term", {"who-2006"}, {"who-2006", "who-2009-velocity"}),
        ("before the hand-over", {"fenton-2013"}, {"fenton-2013"}),
    ],
)
def test_an_infant(case: str, growth: set[str], velocity: set[str]) -> None:
    table, _, _, axis, _ = CASES[case]
    drawn = chart.infant(table, subject="a")
    assert cited(words(drawn)) == growth
    drawn = chart.velocity(table, subject="a")
    assert cited(words(drawn)) == velocity
    assert axes_titles(drawn) == {axis}
    assert cited(report.page(table, subject="a")) == growth | velocity


@pytest.mark.requirement("REQ-CHART-09")
def test_without_any_z_nothing_is_cited_and_the_reason_is_said() -> None:
    """An empty chart was titled with the references of the policy, and said nothing."""
    table = visits(None, 60, 180, weight_kg=[0.05, 0.07, None, 0.05])
    for drawn in (chart.cohort(table), chart.cohort(table, kind="waterfall")):
        assert cited(words(drawn)) == set()
        assert "No reference: there is no z-score" in words(drawn)
        assert "no z-score: implausible (3)" in words(drawn)
        assert "Visits left out: weight: implausible (3)." in words(drawn)
    drawn = chart.velocity(table, subject="a")
    assert "weight: no z-score: implausible (2)" in words(drawn)
    assert "no velocity z-score: weight: implausible (1)" in words(drawn)
    growth = words(chart.infant(table, subject="a"))
    assert "latest z −10.77, centile <0.1: implausible" in growth


@pytest.mark.requirement("REQ-CHART-09")
def test_z_scores_without_a_change_between_them_are_cited_and_the_reason_is_said() -> None:
    """The chart said that no subject has two z-scores, where correction ends between them."""
    drawn = chart.cohort(LATE, kind="waterfall")
    assert "no change: correction ends between the visits (2)" in words(drawn)
    note = "Weight: 0 changes, 2 changes left out: correction ends between the visits (2)."
    assert note in words(drawn)
    assert "WHO Child Growth Standards" in words(drawn)
    assert "no z-score" not in words(drawn)


@pytest.mark.requirement("REQ-CHART-09")
def test_what_lies_after_the_end_of_the_chart_is_not_cited() -> None:
    drawn = chart.cohort(LATER, until=1)
    assert cited(words(drawn)) == {"fenton-2013"}
    assert "2 visits with a z not drawn: after the end of the axis." in words(drawn)


def test_one_reference_whatever_the_age_and_another_preterm_reference() -> None:
    drawn = chart.cohort(LATER, reference="who-2006")
    assert cited(words(drawn)) == {"who-2006"}
    assert "At corrected age to 36 months." in words(drawn)
    drawn = chart.cohort(LATER, policy=Policy(preterm_reference="fenton-2025"))
    assert cited(words(drawn)) == {"fenton-2025", "who-2006"}
    drawn = chart.cohort(LATE, policy=Policy(require_position=True), kind="statuses")
    assert re.search(r"a length at \d+ to \d+ days corrected needs its position", words(drawn))
    assert "needs its position" not in words(chart.cohort(LATE, kind="statuses"))


@pytest.mark.parametrize(
    ("until", "said"),
    [("24 month", "24 months"), ("500 day", "500 days"), ("1096 day", "36 months")],
)
def test_where_correction_ends_is_named_as_it_was_set(until: str, said: str) -> None:
    policy = Policy(correct_until=until)
    assert correction_ends(policy) == said
    assert f"who-2006 at corrected age to {said}" in words(chart.cohort(LATER, policy=policy))


def prepared(table: pl.DataFrame) -> Cohort:
    """The cohort of a table."""
    return cohort_of(*scored_table(table))


@pytest.mark.requirement("REQ-CHART-09")
@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["26+0", "36+6", "37+0", "41+0", None]),
            st.integers(0, 1800),
            st.sampled_from([None, 0.02, 1.5, 3.5, 9.0]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_references_and_ages_named_are_those_of_the_rows_with_a_z(rows: list[Any]) -> None:
    table = pl.DataFrame(
        {
            "subject_id": [str(i) for i in range(len(rows))],
            "sex": ["m"] * len(rows),
            "gestational_age": [row[0] for row in rows],
            "age_days": [row[1] for row in rows],
            "weight_kg": [row[2] for row in rows],
        },
        schema_overrides={"gestational_age": pl.String, "weight_kg": pl.Float64},
    )
    cohort = prepared(table)
    ok = cohort.measures["weight"].status == 0
    used = used_by(cohort.rows, ok, cohort.scoring)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nc.ColumnWarning)
        scored = nc.score(cohort.table).filter(pl.Series(ok))
    assert {use.reference.id for use in used.uses} == set(scored["waz_reference"].cast(pl.String))
    corrected = scored["gestational_age"].is_in(["26+0", "36+6"])
    corrected &= scored["corrected_age_days"] <= 1096
    expected = {"corrected" if own else "chronological" for own in corrected}
    assert set(used.axis) == expected
    stated = re.findall(r"([a-z0-9-]+) at (\w+) age", used.sentence)
    assert {name for name, _ in stated} == {use.reference.id for use in used.uses}
    assert ("gestation not stated" in used.sentence) == (scored["gestational_age"].null_count() > 0)
