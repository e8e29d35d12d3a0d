"""Visits of many children: which is compared with which, and what a table gets."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import neocalc as nc
from neocalc.cohort.comparisons import Children, Compared, Line, Taken, compare
from neocalc.cohort.identities import NO_SUBJECT, identified
from neocalc.cohort.velocity_columns import added_columns
from neocalc.errors import FileError, status_words

BORN = dt.date(2024, 1, 10)


def ints(*values: int) -> Any:
    """A column of codes."""
    return np.array(values, dtype=np.int32)


def yes(n: int) -> Any:
    """A column of truth."""
    return np.ones(n, dtype=bool)


def compared(children: Children, against: str = "previous") -> tuple[list[int], list[str]]:
    """The rows compared with, and the statuses."""
    found = compare(children, against)
    return found.other.tolist(), list(status_words(found.status))


# --- which visit is compared with which ----------------------------------------------------------


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_previous_and_first() -> None:
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 10, 30, 0, 5), yes(5))
    assert compared(children) == ([0, 0, 1, 3, 3], ["first_visit", "ok", "ok", "first_visit", "ok"])
    assert compared(children, "first")[0] == [0, 0, 0, 3, 3]
    assert compare(children).days.tolist() == [0, 10, 20, 0, 5]


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_rows_in_any_order() -> None:
    children = Children(ints(2, 1, 2, 1, 1), ints(5, 30, 0, 0, 10), yes(5))
    assert compared(children)[0] == [2, 4, 2, 3, 3]
    assert compare(children).days.tolist() == [5, 20, 0, 0, 10]


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_one_visit_and_none() -> None:
    assert compared(Children(ints(7), ints(3), yes(1))) == ([0], ["first_visit"])
    assert compared(Children(ints(), ints(), yes(0))) == ([], [])


def test_a_row_without_a_subject() -> None:
    children = Children(ints(NO_SUBJECT, NO_SUBJECT, 1, 1), ints(0, 0, 0, 9), yes(4))
    assert compared(children) == (
        [0, 1, 2, 2],
        ["missing_subject", "missing_subject", "first_visit", "ok"],
    )


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_two_visits_on_one_day_are_compared_with_nothing() -> None:
    children = Children(ints(1, 1, 1, 1), ints(0, 10, 10, 30), yes(4))
    assert compared(children) == (
        [0, 1, 2, 0],
        ["first_visit", "duplicate_visit", "duplicate_visit", "ok"],
    )
    three = Children(ints(1, 1, 1, 1), ints(5, 5, 5, 9), yes(4))
    assert compared(three)[1] == [*["duplicate_visit"] * 3, "first_visit"]


def test_an_age_that_cannot_be_used_hides_no_duplicate() -> None:
    """Its code is 0, the age of the two visits around it."""
    usable = np.array([True, False, True, True])
    children = Children(ints(1, 1, 1, 1), ints(0, 0, 0, 9), usable)
    assert compared(children)[1] == [
        "duplicate_visit",
        "first_visit",
        "duplicate_visit",
        "first_visit",
    ]


def test_an_age_that_cannot_be_used_is_compared_with_nothing() -> None:
    usable = np.array([True, False, True])
    children = Children(ints(1, 1, 1), ints(0, -3, 20), usable)
    assert compared(children) == ([0, 1, 0], ["first_visit", "first_visit", "ok"])


def test_a_child_in_conflict_is_compared_with_nothing() -> None:
    conflict = np.array([True, True, True, False, False])
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 5, 9, 0, 5), yes(5), conflict)
    assert compared(children)[1] == [*["subject_conflict"] * 3, "first_visit", "ok"]


def since_baseline(children: Children) -> tuple[Any, Any]:
    """Days since the baseline, and where they are known."""
    found = Line(children, {}).since
    assert found is not None
    return found


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_baseline() -> None:
    age = ints(0, 10, 20, 40, 0, 50)
    baseline = ints(15, 15, 15, 15, 60, 60), np.array([True, False, True, False, True, True])
    children = Children(ints(1, 1, 1, 1, 2, 2), age, yes(6), baseline=baseline)
    rows, words = compared(children, "baseline")
    assert rows == [0, 1, 1, 1, 4, 5]
    assert words == ["first_visit", "first_visit", "ok", "ok", "first_visit", "first_visit"]
    since, known = since_baseline(children)
    assert list(since) == [-15, -5, 5, 25, -60, -10]
    assert all(known)


def test_baseline_that_changes_or_is_missing() -> None:
    age = ints(0, 10, 0, 10)
    baseline = ints(5, 6, 0, 0), np.array([True, True, False, False])
    children = Children(ints(1, 1, 2, 2), age, yes(4), baseline=baseline)
    assert compared(children, "baseline")[1] == ["subject_conflict"] * 2 + ["no_baseline"] * 2
    found = compare(children, "previous")
    assert since_baseline(children)[1].tolist() == [False] * 4
    assert list(status_words(found.status)) == ["subject_conflict"] * 2 + ["first_visit", "ok"]


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_visit_on_the_day_of_the_baseline_is_the_baseline() -> None:
    children = Children(ints(1, 1, 1), ints(0, 15, 30), yes(3), baseline=(ints(15, 15, 15), yes(3)))
    assert compared(children, "baseline") == ([0, 1, 1], ["first_visit", "first_visit", "ok"])


def test_no_visit_up_to_the_baseline() -> None:
    """The first visits after it have nothing to be compared with, which is something to ask."""
    children = Children(ints(1, 1), ints(20, 30), yes(2), baseline=(ints(15, 15), yes(2)))
    assert compared(children, "baseline") == ([0, 1], ["no_baseline", "no_baseline"])


def test_wrong_options() -> None:
    children = Children(ints(1), ints(0), yes(1))
    with pytest.raises(nc.InputError, match="against"):
        compare(children, "last")
    with pytest.raises(nc.InputError, match="baseline"):
        compare(children, "baseline")


INTERVAL, WINDOW = 8, 3


def plainly(children: Children, against: str, taken: Any) -> list[tuple[int, str]]:
    """The same rules, a loop over rows."""
    n = len(children.subject)
    result: list[tuple[int, str]] = [(-1, "")] * n
    for i in range(n):
        child = int(children.subject[i])
        if child == NO_SUBJECT:
            result[i] = (i, "missing_subject")
            continue
        own = [j for j in range(n) if children.subject[j] == child]
        stated: list[int] = []
        if children.baseline is not None:
            stated = [int(children.baseline[0][j]) for j in own if children.baseline[1][j]]
        if (children.conflict is not None and children.conflict[i]) or len(set(stated)) > 1:
            result[i] = (i, "subject_conflict")
            continue
        days: dict[int, list[int]] = {}
        for j in own:
            if children.usable[j]:
                days.setdefault(int(children.age[j]), []).append(j)
        differ = {day for day, rows in days.items() if sum(bool(taken[j]) for j in rows) > 1}
        if children.usable[i] and int(children.age[i]) in differ:
            result[i] = (i, "duplicate_visit")
            continue
        word = "no_baseline" if against == "baseline" else "first_visit"
        single = [j for day, rows in days.items() if day not in differ for j in rows if taken[j]]
        before = [j for j in single if children.age[j] < children.age[i]]
        if against == "baseline" and children.baseline is not None:
            upto = [j for j in single if stated and children.age[j] <= stated[0]]
            latest = max(upto, key=lambda j: children.age[j], default=None)
            before = [j for j in before if j == latest]
            if stated and children.usable[i] and children.age[i] <= stated[0]:
                word = "first_visit"
        if against == "interval" and children.usable[i] and taken[i] and before:
            aim = int(children.age[i]) - INTERVAL
            near = [j for j in before if abs(int(children.age[j]) - aim) <= WINDOW]
            if not near:
                result[i] = (i, "no_visit_in_window")
            else:
                best = min(near, key=lambda j: (abs(int(children.age[j]) - aim), children.age[j]))
                result[i] = (best, "ok")
        elif not children.usable[i] or not before or not taken[i]:
            result[i] = (i, word)
        else:
            choose = min if against == "first" else max
            result[i] = (choose(before, key=lambda j: children.age[j]), "ok")
    return result


@pytest.mark.requirement("REQ-FOLLOW-01", "REQ-FOLLOW-09")
@pytest.mark.parametrize("against", ["previous", "first", "baseline", "interval"])
@pytest.mark.parametrize("seed", range(30))
def test_against_a_plain_loop(against: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    subject = rng.integers(NO_SUBJECT, 5, n).astype(np.int32)
    baseline = None
    if against == "baseline" or seed % 2:
        baseline = (subject * 3 + (rng.random(n) < 0.02)).astype(np.int32), rng.random(n) < 0.7
    children = Children(
        subject,
        rng.integers(-2, 30, n).astype(np.int32),
        rng.random(n) < 0.9,
        subject == 3 if seed % 3 else None,
        baseline=baseline,
    )
    taken = rng.random(n) < (1.0 if seed % 2 else 0.6)
    found = compare(children, against, taken, INTERVAL, WINDOW)
    expected = plainly(children, against, taken)
    assert list(status_words(found.status)) == [word for _, word in expected]
    assert found.other.tolist() == [row for row, _ in expected]


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_the_visit_nearest_to_an_interval_before() -> None:
    age = ints(0, 50, 60, 70, 122, 130, 400)
    children = Children(ints(1, 1, 1, 1, 1, 1, 1), age, yes(7))
    found = compare(children, "interval", interval=61, window=15)
    assert found.other.tolist() == [0, 0, 0, 0, 2, 3, 6]
    assert found.days.tolist() == [0, 50, 60, 70, 62, 60, 0]
    assert list(status_words(found.status)) == ["first_visit", *["ok"] * 5, "no_visit_in_window"]


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_of_two_visits_that_are_equally_near_the_earlier_one_is_taken() -> None:
    children = Children(ints(1, 1, 1), ints(10, 14, 72), yes(3))
    assert compare(children, "interval", interval=60, window=15).other.tolist() == [0, 1, 0]
    repeated = Children(ints(1, 1, 1), ints(10, 14, 72), yes(3))
    assert compare(repeated, "interval", interval=59, window=1).other.tolist() == [0, 1, 1]
    assert compare(repeated, "interval", interval=61, window=0).status[2] != 0


# --- rows of one day ------------------------------------------------------------------------------


def of_one_day(*measures: Taken, facts: tuple[Any, ...] = ()) -> list[str]:
    """The statuses of two rows of one day, and of a visit after it, for the first measure."""
    children = Children(ints(1, 1, 1), ints(5, 5, 9), yes(3), facts=facts)
    line = Line(children, {f"measure {i}": one for i, one in enumerate(measures)})
    return list(status_words(line.compare("measure 0").status))


def taken(*values: float, **other: Any) -> Taken:
    """A measure of rows, not taken where it is NaN."""
    column = np.array(values)
    return Taken(column, ~np.isnan(column), **other)


ONE = ["first_visit", "first_visit", "ok"]
TWO = ["duplicate_visit", "duplicate_visit", "first_visit"]
NONE = math.nan


@pytest.mark.requirement("REQ-FOLLOW-06")
@pytest.mark.parametrize(
    ("measures", "expected"),
    [
        ((taken(3.0, 3.0, 4.0),), ONE),
        ((taken(3.0, 3.1, 4.0),), TWO),
        ((taken(3.0, 3.0, 4.0), taken(50.0, 50.0, NONE)), ONE),
        ((taken(3.0, 3.0, 4.0), taken(50.0, 51.0, NONE)), TWO),
        ((taken(3.0, 3.0, 4.0), taken(50.0, NONE, NONE)), ONE),
        ((taken(3.0, NONE, 4.0), taken(NONE, 50.0, NONE)), ONE),
        ((taken(NONE, 3.0, 4.0), taken(50.0, NONE, NONE)), ONE),
        ((taken(3.0, 3.0, 4.0, about=(ints(1, 1, 0),)),), ONE),
        ((taken(3.0, 3.0, 4.0, about=(ints(1, 2, 0),)),), TWO),
        ((taken(3.0, NONE, 4.0, about=(ints(1, 2, 0),)),), ONE),
        ((taken(3.0, NONE, 4.0, marks=ints(0, 1, 0)),), TWO),
        ((taken(3.0, NONE, 4.0, marks=ints(1, 0, 0)),), ONE),
        ((taken(3.0, 3.0, 4.0, marks=ints(1, 0, 0)),), TWO),
        ((Taken(np.array([3.0, NONE, 4.0]), yes(3)),), TWO),
        ((Taken(np.array([NONE, NONE, 4.0]), yes(3)),), ONE),
        ((taken(math.inf, math.inf, 4.0),), ONE),
    ],
)
def test_rows_of_one_day(measures: tuple[Taken, ...], expected: list[str]) -> None:
    assert of_one_day(*measures) == expected
    facts = (np.array([0, 0, 7], dtype=np.uint8),)
    assert of_one_day(*measures, facts=facts) == expected
    other = (np.array([0, 5, 0], dtype=np.uint8),)
    assert of_one_day(*measures, facts=other) == TWO


def test_from_which_row_of_a_visit_a_measure_is_taken() -> None:
    children = Children(ints(2, 1, 1, 1, 1, -1), ints(0, 9, 5, 5, 5, 5), yes(6))
    weight = taken(2.0, 4.0, NONE, 3.0, 3.0, 3.0)
    line = Line(children, {"weight": weight, "length": taken(NONE, NONE, 50.0, NONE, NONE, 50.0)})
    assert line.source().tolist() == [0, 1, 2, 2, 2, 5]
    assert line.source("weight").tolist() == [0, 1, 3, 3, 3, 5]
    assert line.source("length").tolist() == [0, 1, 2, 2, 2, 5]
    assert line.repeated == 2
    assert line.duplicate.tolist() == [False] * 6
    differ = Line(children, {"weight": taken(2.0, 4.0, 3.0, 3.0, 3.5, 3.0)})
    assert differ.source("weight").tolist() == [0, 1, 2, 3, 4, 5]
    assert differ.repeated == 0
    assert differ.duplicate.tolist() == [False, False, True, True, True, False]


# --- tables --------------------------------------------------------------------------------------

DAYS = [0, 70, 98, 159, 220, 463, 828]
GRAMS = [820, 2150, 2950, 4600, 5900, 8600, 11000]
LENGTHS = [33.0, 43.0, 47.0, 55.5, 60.0, 71.0, 83.0]
HEADS = [23.5, 31.0, 34.0, 38.0, 40.0, 44.0, 46.5]


def visits(subject: str = "01", **changed: Any) -> pl.DataFrame:
    """The visits of one girl born at 26 weeks."""
    columns: dict[str, Any] = {
        "subject_id": [subject] * 7,
        "sex": ["f"] * 7,
        "gestational_age": ["26+0"] * 7,
        "birth_date": [str(BORN)] * 7,
        "measured_on": [str(BORN + dt.timedelta(days=day)) for day in DAYS],
        "weight_g": GRAMS,
        "length_cm": LENGTHS,
        "head_circumference_cm": HEADS,
    }
    return pl.DataFrame(columns | changed)


@pytest.mark.requirement("REQ-FOLLOW-01", "REQ-FOLLOW-10")
def test_every_cell_is_what_the_calls_give() -> None:
    """One rule: the table, and the calls for one pair."""
    scored = nc.velocity.score(visits())
    values = {
        "w": ("weight", [f"{g} g" for g in GRAMS]),
        "l": ("length", [f"{cm} cm" for cm in LENGTHS]),
        "hc": ("head_circumference", [f"{cm} cm" for cm in HEADS]),
    }
    assert scored["days_since_baseline"].to_list() == [None] * 7
    for prefix, (measure, texts) in values.items():
        intervals = [None, 70, 28, 61, 61, 243, 365]
        assert scored[f"{prefix}_interval_days"].to_list() == intervals
        dates = [BORN + dt.timedelta(days=day) for day in DAYS[:-1]]
        assert scored[f"{prefix}_from"].to_list() == [None, *dates]
        for i in range(1, 7):
            ages: dict[str, Any] = {
                "first_age": nc.Age.from_days(DAYS[i - 1], "26+0"),
                "second_age": nc.Age.from_days(DAYS[i], "26+0"),
            }
            pair: dict[str, Any] = {"first": texts[i - 1], "second": texts[i]}
            velocity = nc.velocity.zscore(measure, **pair, sex="f", **ages)
            change = nc.velocity.change(measure, **pair, sex="f", **ages)
            row = scored.row(i, named=True)
            assert same(row[f"{prefix}_velocity_z"], velocity.z)
            assert row[f"{prefix}_velocity_status"] == velocity.status
            assert (row[f"{prefix}_velocity_nominal_months"] or 0) == velocity.nominal_months
            assert same(row[f"{prefix}_change_z"], change.change)
            assert same(row[f"{prefix}_change_chart_step"], change.chart_step)
            assert row[f"{prefix}_change_status"] == change.status
            assert (row[f"{prefix}_velocity_method"] or "") == velocity.method
            assert same(row[f"{prefix}_change_standardised"], change.standardised)
            assert same(row[f"{prefix}_conditional_gain"], change.conditional)
            assert same(row[f"{prefix}_change_r"], change.r)
            assert (row[f"{prefix}_change_r_source"] or "") == change.r_source
            assert row[f"{prefix}_standardised_status"] == change.standardised_status
            rates = {"g_per_kg_day_exponential": "exponential", "g_per_day": "g/day"}
            if prefix != "w":
                rates = {"cm_per_week": "cm/week"}
            for name, method in rates.items():
                days = DAYS[i] - DAYS[i - 1]
                gain = nc.velocity.gain(measure, **pair, days=days, method=method)
                assert same(row[f"{prefix}_gain_{name}"], gain.magnitude)
                assert row[f"{prefix}_gain_status"] == gain.status


def same(cell: float | None, value: float) -> bool:
    """Whether a cell of a table is a value; empty is NaN."""
    return math.isnan(value) if cell is None else cell == pytest.approx(value, abs=1e-12)


def test_only_columns_of_measures_that_are_there() -> None:
    frame = visits().drop("length_cm", "head_circumference_cm")
    scored = nc.velocity.score(frame)
    assert scored.columns == [*frame.columns, *added_columns(["weight"])]
    assert frame.columns == visits().drop("length_cm", "head_circumference_cm").columns


def test_other_children_and_the_order_of_rows_do_not_matter() -> None:
    alone = nc.velocity.score(visits())
    crowd = pl.concat([visits("03", weight_g=[g + 77 for g in GRAMS]), visits(), visits("00")])
    scored = nc.velocity.score(crowd.sample(fraction=1, shuffle=True, seed=4))
    back = scored.filter(pl.col("subject_id") == "01").sort("measured_on")
    assert back.equals(alone)


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "polars"])
def test_the_kind_of_table_that_was_given(kind: str) -> None:
    frame: Any = visits()
    if kind == "pandas":
        frame = pd.DataFrame(frame.to_dict(as_series=False))
    elif kind == "pyarrow":
        frame = frame.to_arrow()
    scored = nc.velocity.score(frame)
    assert type(scored) is type(frame)
    expected = nc.velocity.score(visits())
    if kind == "pandas":
        assert scored["w_velocity_status"].tolist() == expected["w_velocity_status"].to_list()
        assert pd.isna(scored["w_velocity_z"].iloc[0])
        assert pd.isna(scored["w_from"].iloc[0])
        assert scored["w_from"].iloc[1] == pd.Timestamp(BORN)
        z = scored["w_velocity_z"].iloc[3]
    else:
        table = pl.from_arrow(scored) if isinstance(scored, pa.Table) else scored
        assert isinstance(table, pl.DataFrame)
        assert table["w_from"].to_list() == expected["w_from"].to_list()
        z = table["w_velocity_z"][3]
    assert z == expected["w_velocity_z"][3]


def test_a_query_is_scored_when_it_is_collected() -> None:
    frame = pl.concat([visits(), visits("02")]).sample(fraction=1, shuffle=True, seed=9)
    lazy = nc.velocity.score(frame.lazy())
    assert isinstance(lazy, pl.LazyFrame)
    scored = nc.velocity.score(frame)
    assert lazy.collect().equals(scored)
    assert lazy.collect(engine="streaming").equals(scored)
    assert lazy.collect_schema() == scored.schema
    late = lazy.filter(pl.col("weight_g") > 8000).select("w_change_z").collect()
    assert late.equals(scored.filter(pl.col("weight_g") > 8000).select("w_change_z"))
    assert lazy.tail(2).collect().equals(scored.tail(2))


def statuses(frame: pl.DataFrame, **options: Any) -> list[str]:
    """The statuses of the velocity of weight."""
    words: list[str] = nc.velocity.score(frame, **options)["w_velocity_status"].to_list()
    return words


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_missing_and_empty_subjects() -> None:
    frame = visits(subject_id=["01", None, "", "01", "01", "01", "01"])
    assert statuses(frame)[:4] == ["first_visit", "missing_subject", "missing_subject", "ok"] or (
        statuses(frame)[1:3] == ["missing_subject", "missing_subject"]
    )
    scored = nc.velocity.score(frame)
    assert scored["w_from"][3] == BORN
    assert scored.height == 7


@pytest.mark.parametrize(
    "ids",
    [
        ["  ", "01", "\t", "01", "02"],
        ["01", "01", "  ", "02", ""],
        [math.nan, 1.0, math.nan, 1.0, 2.0],
    ],
    ids=["spaces", "spaces-after", "not-a-number"],
)
def test_rows_without_a_subject_are_not_one_child(ids: list[Any]) -> None:
    """Spaces alone, and NaN in a column of numbers, do not make a child of all such rows."""
    absent = [str(one).strip() in ("", "nan") for one in ids]
    numbers = identified(pl.Series(ids)).numbers.tolist()
    assert [number == NO_SUBJECT for number in numbers] == absent
    stated = [i for i, none in enumerate(absent) if not none]
    for i in stated:
        assert [numbers[i] == numbers[j] for j in stated] == [ids[i] == ids[j] for j in stated]


def test_a_declared_word_for_a_missing_value_is_no_subject() -> None:
    frame = visits(subject_id=["NA", "NA", *["01"] * 5])
    assert statuses(frame, missing=["NA"])[:3] == ["missing_subject"] * 2 + ["first_visit"]


def test_a_loss_of_delta_in_single_precision_is_out_of_the_table() -> None:
    """3.3 - 2.9 kg is not 0.4 in either precision; what is left is rounding, not 0.15 mg."""
    frame = pl.DataFrame(
        {
            "subject_id": ["a", "a"],
            "sex": ["m", "m"],
            "age_days": [0, 28],
            "weight_kg": [3.3, 2.9],
        }
    )
    for dtype in (pl.Float64, pl.Float32):
        assert statuses(frame.cast({"weight_kg": dtype}))[1] == "non_positive_increment"


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_changed_sex_gestation_or_birth() -> None:
    changed: Any
    for column, value in (("sex", "m"), ("gestational_age", "26+1"), ("birth_date", "2024-01-11")):
        changed = {column: [*visits()[column].to_list()[:-1], value]}
        assert statuses(visits(**changed)) == ["subject_conflict"] * 7
    for column, unusable in (("sex", None), ("gestational_age", "26+9")):
        changed = {column: [*visits()[column].to_list()[:-1], unusable]}
        assert "subject_conflict" not in statuses(visits(**changed))


def test_gestation_that_is_not_stated_everywhere() -> None:
    """What one row states holds for all: the ages stay on one basis."""
    frame = visits(gestational_age=["26+0"] * 4 + [None] * 3)
    assert (
        nc.velocity.score(frame)
        .drop("gestational_age")
        .equals(nc.velocity.score(visits()).drop("gestational_age"))
    )


@pytest.mark.requirement("REQ-FOLLOW-08")
def test_the_end_of_correction_between_two_visits() -> None:
    """By then age is chronological: another basis. A rate needs neither."""
    frame = visits()
    policy = nc.Policy(correct_until="3 month")
    scored = nc.velocity.score(frame, policy=policy)
    assert scored["w_velocity_status"][4] == scored["w_change_status"][4] == "mixed_age_basis"
    assert scored["w_gain_status"][4] == "ok"
    assert scored["w_gain_g_per_day"][4] == pytest.approx(1300 / 61)


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_visits_before_birth_and_without_a_date() -> None:
    dates = visits()["measured_on"].to_list()
    frame = visits(measured_on=["2024-01-01", "x", "", *dates[3:]])
    words = statuses(frame)
    assert words[:4] == ["invalid_age", "invalid_age", "missing_age", "first_visit"]
    assert words[4] == "ok"


@pytest.mark.requirement("REQ-FOLLOW-06")
def test_a_row_that_repeats_another_has_its_answer() -> None:
    frame = pl.concat([visits(), visits()[3:4]])
    scored = nc.velocity.score(frame)
    assert scored.head(7).equals(nc.velocity.score(visits()))
    assert scored[7].equals(scored[3])


@pytest.mark.requirement("REQ-FOLLOW-02")
def test_rows_of_one_day_that_differ_are_left_out() -> None:
    other = visits()[3:4].with_columns(weight_g=pl.lit(4601, dtype=pl.Int64))
    frame = pl.concat([visits(), other])
    scored = nc.velocity.score(frame)
    for name in ("w_velocity_status", "w_gain_status", "w_change_status", "l_velocity_status"):
        assert scored[name][3] == scored[name][7] == "duplicate_visit"
    assert scored["w_from"][4] == BORN + dt.timedelta(days=98)
    assert scored["w_gain_g_per_day"][3] is None


@pytest.mark.requirement("REQ-FOLLOW-06")
def test_a_weight_and_a_length_in_two_rows_of_one_day() -> None:
    """As an export with one row for each form has them."""
    weights = visits().with_columns(length_cm=pl.lit(None, dtype=pl.Float64))
    lengths = visits().with_columns(
        weight_g=pl.lit(None, dtype=pl.Int64),
        head_circumference_cm=pl.lit(None, dtype=pl.Float64),
    )
    scored = nc.velocity.score(pl.concat([lengths, weights]))
    whole = nc.velocity.score(visits())
    for name in whole.columns[len(visits().columns) :]:
        own = scored[:7] if name.startswith("l_") else scored[7:]
        assert own[name].equals(whole[name]), name
    for name in ("w_velocity_status", "w_gain_status", "w_change_status"):
        assert scored[:7][name].to_list() == ["missing_value"] * 7


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_the_visit_before_is_that_at_which_the_measure_was_taken() -> None:
    """Weight every day, length and head once a week."""
    days = list(range(14, 43))
    weekly = [i % 7 == 0 for i in range(29)]
    frame = pl.DataFrame(
        {
            "subject_id": ["1"] * 29,
            "sex": ["f"] * 29,
            "gestational_age": ["28+0"] * 29,
            "age_days": days,
            "weight_g": [1000 + 20 * i for i in range(29)],
            "length_cm": [36.0 + i / 7 if at else None for i, at in enumerate(weekly)],
            "head_circumference_cm": [
                25.5 + 0.8 * i / 7 if at else None for i, at in enumerate(weekly)
            ],
        }
    )
    scored = nc.velocity.score(frame)
    assert scored["w_interval_days"].to_list() == [None, *[1] * 28]
    at = scored.filter(pl.Series(weekly))
    assert at["l_interval_days"].to_list() == at["hc_interval_days"].to_list() == [None, *[7] * 4]
    assert at["l_from"].to_list() == [None, 14, 21, 28, 35]
    assert at["l_gain_cm_per_week"].round(9).to_list() == [None, 1, 1, 1, 1]
    assert at["hc_gain_cm_per_week"].round(9).to_list() == [None, 0.8, 0.8, 0.8, 0.8]
    assert at["l_change_z"].null_count() == 1
    between = scored.filter(~pl.Series(weekly))
    for result in ("velocity", "gain", "change"):
        assert set(between[f"l_{result}_status"]) == {"missing_value"}
    assert between["l_from"].null_count() == between["l_interval_days"].null_count() == 24
    first = nc.velocity.score(frame.slice(3), against="first").filter(pl.Series(weekly[3:]))
    assert first["l_from"].to_list() == [None, 21, 21, 21]
    assert first["w_from"].to_list() == [17] * 4


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_the_baseline_of_each_measure() -> None:
    """The last visit up to it at which that measure was taken."""
    frame = visits(
        administered_on=["2024-03-25"] * 7, length_cm=[33.0, None, 47.0, 55.5, 60.0, 71.0, 83.0]
    )
    scored = nc.velocity.score(frame, baseline="administered_on")
    assert scored["w_interval_days"].to_list() == [None, None, 28, 89, 150, 393, 758]
    assert scored["l_interval_days"].to_list() == [None, None, *DAYS[2:]]
    words = scored["l_gain_status"].to_list()
    assert words == ["first_visit", "missing_value", *["ok"] * 5]


def monthly() -> pl.DataFrame:
    """A term girl who is weighed every month and measured at every other visit."""
    days = [0, 30, 61, 91, 122, 152, 183]
    return visits(
        gestational_age=["40+0"] * 7,
        measured_on=[str(BORN + dt.timedelta(days=day)) for day in days],
        weight_g=[3300, 4200, 5100, 5800, 6400, 6900, 7300],
        length_cm=[49.0, None, 57.0, None, 62.0, None, 66.0],
        head_circumference_cm=[34.0, 36.5, 38.2, 39.5, 40.5, 41.4, 42.1],
    )


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_an_interval_before_is_found_for_each_measure() -> None:
    """Heads a month apart have no velocity z-score; those of two months apart have."""
    before = nc.velocity.score(monthly())
    assert before["hc_velocity_z"].null_count() == 7
    scored = nc.velocity.score(monthly(), against="interval", interval="2 month", window="15 day")
    assert scored["hc_interval_days"].to_list() == [None, None, 61, 61, 61, 61, 61]
    assert scored["hc_velocity_z"].null_count() == 2
    assert scored["hc_velocity_status"].to_list() == [
        "first_visit", "no_visit_in_window", *["ok"] * 5
    ]  # fmt: skip
    assert scored["l_from"].to_list()[2] == BORN
    assert scored["l_velocity_status"].to_list() == [
        "first_visit", "missing_value", "ok", "missing_value", "ok", "missing_value", "ok"
    ]  # fmt: skip
    assert scored.equals(nc.velocity.score(monthly(), interval="2mo"))  # within a quarter of it
    pair = nc.velocity.zscore(
        "head_circumference", first="38.2 cm", second="40.5 cm", sex="f",
        first_age=nc.Age.from_days(61), second_age=nc.Age.from_days(122),
    )  # fmt: skip
    assert scored["hc_velocity_z"][4] == pytest.approx(pair.z, abs=1e-12)


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_how_near_a_visit_must_be_to_the_interval() -> None:
    days = {}
    for window in ("0 day", "1 day", "2 day"):
        scored = nc.velocity.score(monthly(), interval="60 day", window=window)
        days[window] = scored["w_interval_days"].to_list()
    assert days["0 day"] == [None] * 7
    assert days["1 day"] == [None, None, 61, 61, 61, 61, 61]
    assert days["2 day"] == days["1 day"]


@pytest.mark.requirement("REQ-FOLLOW-09")
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"against": "interval"}, "interval: missing; give how long before the other visit was"),
        ({"interval": "2 month", "against": "previous"}, "interval: '2 month' is not accepted"),
        ({"window": "15 day"}, "window: '15 day' is not accepted; it is of visits that are"),
        ({"interval": "0 day"}, "interval: '0 day' is not accepted; one day or more"),
        ({"interval": "2 kg"}, "interval: '2 kg' is not accepted; accepted: a duration"),
        ({"interval": 61}, "interval: 61 is not accepted"),
        ({"interval": "2mo", "window": "61 day"}, "window: '61 day' is not accepted; less than"),
        (
            {"interval": "2 month", "baseline": "birth_date"},
            "against: missing; there are a baseline and an interval; name one of them",
        ),
    ],
)
def test_an_interval_that_cannot_be_used(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(nc.InputError) as caught:
        nc.velocity.score(monthly(), **options)
    assert str(caught.value).startswith(problem)


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_a_baseline_beside_an_interval_counts_the_days_since_it() -> None:
    options: dict[str, Any] = {"interval": "2 month", "baseline": "birth_date"}
    scored = nc.velocity.score(monthly(), against="interval", **options)
    assert scored["days_since_baseline"].to_list() == [0, 30, 61, 91, 122, 152, 183]
    assert scored["w_interval_days"][6] == 61


@pytest.mark.requirement("REQ-FOLLOW-08")
def test_a_rate_needs_no_sex_and_no_gestation() -> None:
    """1 kg to 1.3 kg in 14 days."""
    frame = pl.DataFrame(
        {
            "subject_id": ["1", "1"],
            "sex": ["", "x"],
            "gestational_age": ["27.3", ""],
            "age_days": [10, 24],
            "weight_kg": [1.0, 1.3],
            "length_cm": [36.0, 38.0],
        }
    )
    scored = nc.velocity.score(frame)
    assert (
        scored["w_gain_status"].to_list()
        == scored["l_gain_status"].to_list()
        == [
            "first_visit",
            "ok",
        ]
    )
    assert scored["w_gain_g_per_kg_day_exponential"][1] == pytest.approx(18.740304)
    assert scored["w_gain_g_per_day"][1] == pytest.approx(21.428571)
    assert scored["l_gain_cm_per_week"][1] == pytest.approx(1.0)
    assert scored["w_velocity_status"].to_list() == ["missing_sex"] * 2
    assert scored["w_change_status"].to_list() == ["missing_sex"] * 2
    assert scored["w_velocity_z"].null_count() == scored["w_change_z"].null_count() == 2


@pytest.mark.requirement("REQ-FOLLOW-08")
def test_a_rate_needs_two_values() -> None:
    """Whatever else is wrong, the status says what is wrong with the values."""
    frame = pl.DataFrame(
        {
            "subject_id": ["1"] * 5,
            "sex": [""] * 5,
            "age_days": [10, 24, 38, 52, 66],
            "weight_kg": ["1.0", "x", "1.5", "0", "1.9"],
            "oedema": ["n", "n", "y", "n", "n"],
        }
    )
    scored = nc.velocity.score(frame)
    assert scored["w_gain_status"].to_list() == [
        "first_visit", "invalid_value", "invalid_value", "invalid_value", "invalid_value",
    ]  # fmt: skip
    assert scored["w_gain_g_per_day"].null_count() == 5
    swollen = nc.velocity.score(frame.with_columns(weight_kg=pl.lit("1.5")))
    assert swollen["w_gain_status"].to_list() == ["first_visit", "ok", "oedema", "oedema", "ok"]


def test_a_position_that_the_policy_asks_for_is_asked_of_a_rate_too() -> None:
    frame = visits(sex=[""] * 7)
    asked = nc.velocity.score(frame, policy=nc.Policy(require_position=True))
    assert asked["l_gain_status"].to_list()[-1] == "missing_value"
    assert nc.velocity.score(frame)["l_gain_status"].to_list()[-1] == "ok"


@pytest.mark.requirement("REQ-FOLLOW-01")
def test_baseline_and_first() -> None:
    frame = visits(administered_on=["2024-03-25"] * 7)
    scored = nc.velocity.score(frame, baseline="administered_on")
    assert scored["w_interval_days"].to_list() == [None, None, 28, 89, 150, 393, 758]
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    assert scored["w_change_status"].to_list()[:3] == ["first_visit", "first_visit", "ok"]
    previous = nc.velocity.score(frame, baseline="administered_on", against="previous")
    assert previous["w_interval_days"].to_list()[1] == 70
    assert previous["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    first = nc.velocity.score(frame, against="first")
    assert first["w_interval_days"].to_list() == [None, *DAYS[1:]]


def test_a_row_that_is_there_twice_moves_no_baseline() -> None:
    """From 5.0 kg on the day of the baseline to 6.9 kg 92 days later; not from the visit before."""
    days = ["2024-01-01", "2024-01-01", "2024-02-01", "2024-03-01", "2024-03-01", "2024-06-01"]
    frame = pl.DataFrame(
        {
            "subject_id": ["1"] * 6,
            "sex": ["f"] * 6,
            "birth_date": ["2024-01-01"] * 6,
            "measured_on": days,
            "administered_on": ["2024-03-01"] * 6,
            "weight_kg": [3.2, 3.2, 4.2, 5.0, 5.0, 6.9],
        }
    )
    for rows in (frame, frame.reverse(), frame[[0, 2, 3, 5]]):
        scored = nc.velocity.score(rows, baseline="administered_on").sort("measured_on")
        last = scored.row(-1, named=True)
        assert last["w_gain_g_per_day"] == pytest.approx(20.652174, abs=1e-6)
        assert (last["w_interval_days"], last["w_from"]) == (92, dt.date(2024, 3, 1))
        assert set(scored["w_gain_status"].to_list()[:-1]) == {"first_visit"}


def test_baseline_in_one_row_of_the_child() -> None:
    frame = visits(administered_on=[None, None, "2024-03-25", "", None, None, None])
    scored = nc.velocity.score(frame, baseline="administered_on")
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    with pytest.warns(nc.ColumnWarning, match="administered_on: all 7 rows are not dates"):
        none = nc.velocity.score(visits(administered_on=["?"] * 7), baseline="administered_on")
    assert none["w_velocity_status"].to_list() == ["no_baseline"] * 7
    assert none["days_since_baseline"].to_list() == [None] * 7


def test_ages_instead_of_dates() -> None:
    by_age = visits(age_days=DAYS).drop("birth_date", "measured_on")
    scored = nc.velocity.score(by_age)
    expected = nc.velocity.score(visits())
    assert scored["w_velocity_z"].equals(expected["w_velocity_z"])
    assert scored["w_from"].to_list() == [None, *DAYS[:-1]]
    with pytest.raises(FileError, match="a baseline needs birth_date or measured_on"):
        nc.velocity.score(by_age.with_columns(pl.lit("2024-03-25").alias("on")), baseline="on")
    dated = visits(age_days=DAYS, administered_on=["2024-03-25"] * 7).drop("birth_date")
    scored = nc.velocity.score(dated, baseline="administered_on")
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    assert scored["w_from"][3] == BORN + dt.timedelta(days=70)


def test_a_birth_date_that_is_missing_in_the_other_row() -> None:
    frame = visits(age_days=DAYS, birth_date=[None, *[str(BORN)] * 6])
    scored = nc.velocity.score(frame)
    assert scored["w_interval_days"][1] == 70
    assert scored["w_from"][1] == BORN
    never = nc.velocity.score(visits(age_days=DAYS, birth_date=[None] * 7))
    assert never["w_interval_days"][1] == 70
    assert never["w_from"].null_count() == 7


def test_oedema_position_and_values() -> None:
    frame = visits(
        oedema=["n", "n", "n", "y", "n", "n", "n"],
        length_position=["l"] * 6 + ["h"],
        length_cm=[*LENGTHS[:2], None, *LENGTHS[3:]],
    )
    scored = nc.velocity.score(frame)
    assert scored["w_velocity_status"].to_list()[3:5] == ["oedema", "oedema"]
    assert scored["w_gain_status"].to_list()[3:5] == ["oedema", "oedema"]
    assert scored["w_gain_g_per_day"].to_list()[3:5] == [None, None]
    assert scored["w_change_status"].to_list()[3:5] == ["oedema", "oedema"]
    assert scored["l_velocity_status"].to_list()[2:4] == ["missing_value", "start_below_term"]
    assert scored["l_interval_days"].to_list()[2:4] == [None, 159 - 70]
    assert scored["hc_velocity_status"][3] == "ok"
    assert scored["l_gain_cm_per_week"][6] == pytest.approx(7 * (83.7 - 71) / 365)


def test_values_in_the_wrong_unit_are_marked() -> None:
    frame = visits(
        weight_g=[820.0, 2150.0, 2.95, 4600.0, 5900.0, 8600.0, 11000.0],
        measured_on=[str(BORN + dt.timedelta(days=d)) for d in (0, 90, 98, 159, 220, 463, 828)],
    )
    scored = nc.velocity.score(frame)
    assert scored["w_gain_status"].to_list()[2] == "implausible"
    assert scored["w_gain_g_per_day"][2] < 0


def test_options_of_the_call() -> None:
    dates = [str(BORN + dt.timedelta(days=d)) for d in (0, 70, 98, 159, 227, 438, 828)]
    frame = visits(measured_on=dates)
    assert statuses(frame)[4:6] == ["interval_interpolated", "interval_not_nominal"]
    assert statuses(frame, tolerance=0.2)[5] == "interval_scaled"
    near = nc.velocity.score(visits(), start="nearest")["w_velocity_z"][4]
    assert near != nc.velocity.score(visits())["w_velocity_z"][4]
    who = nc.velocity.score(visits(), reference="who-2006")
    assert who["w_change_status"].to_list()[1:4] == ["age_below_reference"] * 2 + ["ok"]
    policy = nc.Policy(handover="40 week")
    assert nc.velocity.score(visits(), policy=policy)["w_change_status"][3] == "reference_changed"
    coded = visits(sex=["2"] * 7)
    assert statuses(coded, sex_codes={"male": 1, "female": 2})[3] == "ok"
    renamed = visits().rename({"weight_g": "WT", "subject_id": "ID"})
    mapping = {"weight_g": "WT", "subject_id": "ID"}
    assert statuses(renamed, columns=mapping)[3] == "ok"
    gone = visits(weight_g=[*GRAMS[:3], -99, *GRAMS[4:]])
    assert statuses(gone)[3] == "invalid_value"
    assert statuses(gone, missing=["-99"])[3] == "missing_value"
    with pytest.raises(nc.InputError, match="tolerance"):
        nc.velocity.score(visits(), tolerance=1)


def test_tables_that_cannot_be_scored() -> None:
    mapped = r"no column subject_id; map it: columns=\{'subject_id': 'NAME'\}$"
    with pytest.raises(FileError, match=mapped):  # a frame has no --column
        nc.velocity.score(visits().drop("subject_id"))
    with pytest.raises(nc.InputError, match="policy: 'who' is not accepted; a neocalc"):
        nc.velocity.score(visits(), policy="who")  # type: ignore[arg-type]
    with pytest.raises(nc.MissingError, match="baseline: missing; name the column with the date"):
        nc.velocity.score(visits(), against="baseline")
    with pytest.raises(FileError, match="no weight, length or head"):
        nc.velocity.score(
            visits(arm_circumference_cm=HEADS).drop(
                "weight_g", "length_cm", "head_circumference_cm"
            )
        )
    with pytest.raises(FileError, match="'given' \\(the baseline\\)"):
        nc.velocity.score(visits(), baseline="given")
    with pytest.raises(nc.InputError, match="against"):
        nc.velocity.score(visits(), against="last")
    with pytest.raises(nc.InputError, match="baseline"):
        nc.velocity.score(visits(), against="baseline")
    with pytest.raises(FileError, match="w_velocity_z already"):
        nc.velocity.score(visits(w_velocity_z=GRAMS))
    with pytest.raises(nc.InputError, match="reference"):
        nc.velocity.score(visits(), reference="who")


def test_an_empty_table() -> None:
    scored = nc.velocity.score(visits().clear())
    assert scored.height == 0
    assert scored.columns == [
        *visits().columns,
        *added_columns(["weight", "length", "head_circumference"]),
    ]


def test_compared_of_nothing_is_empty() -> None:
    found = compare(Children(ints(), ints(), yes(0)))
    assert isinstance(found, Compared)
    assert len(found.status) == len(found.days) == 0


@pytest.mark.requirement("REQ-FOLLOW-10")
def test_many_visits_have_what_a_few_have() -> None:
    """Of many pairs of visits all cells are laid out, of a few their own are computed."""
    few = visits()
    many = pl.concat([visits(f"{i:04}") for i in range(700)])
    one, all_of_them = nc.velocity.score(few), nc.velocity.score(many)
    added = all_of_them.columns[len(few.columns) :]
    assert all_of_them.height == 4900
    for name in added:
        expected = [one[name].to_list()] * 700
        assert [all_of_them[name].slice(7 * i, 7).to_list() for i in range(700)] == expected
    sources = set(one["w_change_r_source"].to_list())
    assert sources == {None, "who-2009", "who-2009-model"}


@pytest.mark.requirement("REQ-FOLLOW-10")
def test_other_rules_of_the_increments_do_not_change_r() -> None:
    """The correlation is that of the WHO's tables, however increments are scored."""
    by_default, scaled = (nc.velocity.score(visits(), tolerance=t) for t in (0.1, 0.2))
    for name in ("change_r", "change_r_source", "change_standardised", "standardised_status"):
        for prefix in ("w", "l", "hc"):
            column = f"{prefix}_{name}"
            assert by_default[column].to_list() == scaled[column].to_list()


@pytest.mark.requirement("REQ-FOLLOW-10")
def test_why_there_is_no_standardised_change() -> None:
    scored = nc.velocity.score(visits())
    assert scored["w_standardised_status"].to_list() == [
        "first_visit", "start_below_term", "start_below_term", "ok", "reference_changed", "ok",
        "ok",
    ]  # fmt: skip
    there = scored["w_change_standardised"].is_not_null()
    assert there.to_list() == (scored["w_standardised_status"] == "ok").to_list()
    assert there.to_list() == scored["w_conditional_gain"].is_not_null().to_list()
    assert there.to_list() == scored["w_change_r_source"].is_not_null().to_list()
