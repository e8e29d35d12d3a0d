"""What holds for the rows of any children: their order, copies of them, and what each states."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.chart.cohorts import shown
from neocalc.chart.increments import chain_of
from neocalc.chart.subjects import cohort_of
from neocalc.chart.visits import infant_of, scored_table
from neocalc.report import tables

pytestmark = pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")

ROW = st.fixed_dictionaries(
    {
        "subject_id": st.sampled_from(["a", "a", "b", " a", "", "c"]),
        "sex": st.sampled_from(["f", "f", "F", "", "", "m", "x"]),
        "gestational_age": st.sampled_from(["27+3", "27w3d", "", "", "28+0", "27.3"]),
        "birth_date": st.sampled_from(["2024-01-01", "2024-01-01", "", "2024-01-02", "x"]),
        "measured_on": st.sampled_from(
            ["2024-03-01", "2024-05-01", "2024-05-01", "2024-07-01", "2024-09-01", "", "2023-01-01"]
        ),
        "weight_kg": st.sampled_from(["3.1", "3.1", "3.2", "", "4.5", "0", "x"]),
        "length_cm": st.sampled_from(["50", "50", "", "51", "56"]),
        "length_position": st.sampled_from(["", "", "l", "h", "?"]),
        "oedema": st.sampled_from(["", "", "n", "y", "?"]),
        "arm": st.sampled_from(["A", "", "A", "B"]),
    }
)
"""A row of which anything may be missing, wrong, or other than in the rows beside it."""
CLEAN = st.fixed_dictionaries(
    {
        "subject_id": st.sampled_from(["a", "b"]),
        "sex": st.just("f"),
        "gestational_age": st.sampled_from(["27+3", ""]),
        "birth_date": st.just("2024-01-01"),
        "measured_on": st.sampled_from(["2024-05-01", "2024-06-01", "2024-07-01", "2024-09-01"]),
        "weight_kg": st.sampled_from(["4.1", "5.2", ""]),
        "length_cm": st.sampled_from(["55", "", "58"]),
        "length_position": st.just(""),
        "oedema": st.just(""),
        "arm": st.just("A"),
    }
)
"""A row without a fault, of which some are on one day."""


def table_of(rows: list[dict[str, str]]) -> pl.DataFrame:
    """A table of rows with their numbers."""
    return pl.DataFrame(rows).with_row_index("row")


SCORES: Any = (
    nc.score,
    nc.velocity.score,
    lambda frame: nc.velocity.score(frame, against="first"),
    lambda frame: nc.velocity.score(frame, baseline="birth_date"),
)


@pytest.mark.requirement("REQ-FOLLOW-06")
@given(st.lists(ROW | CLEAN, min_size=1, max_size=14), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_answer(rows: list[dict[str, str]], chance: Any) -> None:
    frame = table_of(rows)
    places = list(range(len(rows)))
    chance.shuffle(places)
    for call in SCORES:
        assert call(frame[places]).sort("row").equals(call(frame))


@pytest.mark.requirement("REQ-FOLLOW-06")
@given(st.lists(ROW | CLEAN, min_size=1, max_size=10), st.integers(0, 9))
def test_a_row_that_is_there_twice_has_one_answer_and_moves_no_other(
    rows: list[dict[str, str]], which: int
) -> None:
    frame = table_of(rows)
    which %= len(rows)
    for call in SCORES:
        doubled = call(pl.concat([frame, frame[which]]))
        assert doubled.head(len(rows)).equals(call(frame))
        assert doubled[-1].equals(doubled[which])


@pytest.mark.requirement("REQ-CHILD-01")
@given(st.lists(ROW, min_size=1, max_size=10))
def test_a_child_has_one_sex_and_one_gestation_or_none(rows: list[dict[str, str]]) -> None:
    """By a plain loop over children: what is stated, by how many, and what is left of it."""
    frame = table_of(rows)
    scored = nc.score(frame)
    ids = [row["subject_id"].strip() for row in rows]
    sexes = {"f": "f", "F": "f", "m": "m"}
    weeks = {"27+3": 192, "27w3d": 192, "28+0": 196}
    for i, row in enumerate(rows):
        own = [rows[j] for j in range(len(rows)) if ids[j] and ids[j] == ids[i]] or [row]
        sex = {sexes[r["sex"]] for r in own if r["sex"] in sexes}
        gestation = {weeks[r["gestational_age"]] for r in own if r["gestational_age"] in weeks}
        born = {r["birth_date"] for r in own if r["birth_date"] not in ("", "x")}
        status = scored["waz_status"][i]
        conflict = len(sex) > 1 or len(gestation) > 1 or len(born) > 1
        assert (status == "subject_conflict") == conflict
        if conflict:
            assert scored["waz"][i] is None
            assert scored["laz"][i] is None
            continue
        if scored["waz"][i] is not None or scored["laz"][i] is not None:
            assert sex
            assert born
            assert row["sex"] != "x"
            unusable = any(r["gestational_age"] == "27.3" for r in own)
            assert gestation or not unusable
            days = scored["postmenstrual_age_days"][i]
            assert (days is None) == (not gestation)
            if gestation:
                assert days - scored["chronological_age_days"][i] == gestation.pop()


def drawn(frame: pl.DataFrame) -> Any:
    """What a chart and a report of an infant show, and those of the cohort."""
    found: list[Any] = []
    for subject in ("a", "b"):
        try:
            infant = infant_of(*scored_table(frame), subject=subject)
        except nc.FileError as error:
            found.append(str(error).split("(")[0])
            continue
        chains = {measure: chain_of(infant, measure) for measure in infant.series}
        found.append(tables.latest(infant) + tables.velocity(infant, chains))
        for measure, series in infant.series.items():
            found += [infant.days.tolist(), np.nan_to_num(series.value).tolist(), series.words]
            found += [
                str(series.z.tolist()),
                str(series.growth.z.tolist()),
                chains[measure].without,
            ]
    cohort = cohort_of(*scored_table(frame, extra=("arm",)))
    found.append(tables.medians(cohort, shown(cohort)))
    for measured in cohort.measures.values():
        rows = zip(cohort.subject, cohort.day, measured.z, measured.status, cohort.arm, strict=True)
        found.append(sorted(map(str, rows)))
    return found


@pytest.mark.requirement("REQ-FOLLOW-07")
@given(st.lists(ROW | CLEAN, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_chart_and_no_report(
    rows: list[dict[str, str]], chance: Any
) -> None:
    frame = table_of(rows)
    places = list(range(len(rows)))
    chance.shuffle(places)
    assert drawn(frame[places]) == drawn(frame)


@pytest.mark.requirement("REQ-FOLLOW-07")
@given(st.lists(CLEAN, min_size=1, max_size=12))
def test_a_chart_and_a_report_have_the_velocity_of_the_table(rows: list[dict[str, str]]) -> None:
    """One rule for which pair is compared: no z where the table has none."""
    frame = table_of(rows).filter(pl.col("subject_id") == "a")
    assume(len(frame))
    scored = nc.velocity.score(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        infant = infant_of(*scored_table(frame))
    ages = nc.score(frame)["chronological_age_days"].to_list()
    for measure, prefix in (("weight", "w"), ("length", "l")):
        series = infant.series[measure]
        expected: dict[int, set[Any]] = {}
        for row, age in zip(scored.rows(named=True), ages, strict=True):
            z, word = row[f"{prefix}_velocity_z"], row[f"{prefix}_velocity_status"]
            if word != "missing_value":
                expected.setdefault(age, set()).add((z, word))
        for day, z, code in zip(infant.days, series.growth.z, series.growth.status, strict=True):
            word = nc.errors.STATUSES[code]
            if word != "missing_value":
                assert expected[int(day)] == {(None if np.isnan(z) else z, word)}
        shown = {(i.last, i.z) for i in chain_of(infant, measure).increments}
        kept = {
            (age, z) for age, found in expected.items() for z, word in found
            if z is not None and word != "implausible"
        }  # fmt: skip
        assert shown == kept
