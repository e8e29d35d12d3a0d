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
from neocalc.errors import FileError, status_words
from neocalc.velocity.comparisons import NO_SUBJECT, Children, Compared, compare
from neocalc.velocity.followup import added_columns
from neocalc.velocity.followup_tables import subjects

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


def test_previous_and_first() -> None:
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 10, 30, 0, 5), yes(5))
    assert compared(children) == ([0, 0, 1, 3, 3], ["first_visit", "ok", "ok", "first_visit", "ok"])
    assert compared(children, "first")[0] == [0, 0, 0, 3, 3]
    assert compare(children).days.tolist() == [0, 10, 20, 0, 5]


def test_rows_in_any_order() -> None:
    children = Children(ints(2, 1, 2, 1, 1), ints(5, 30, 0, 0, 10), yes(5))
    assert compared(children)[0] == [2, 4, 2, 3, 3]
    assert compare(children).days.tolist() == [5, 20, 0, 0, 10]


def test_one_visit_and_none() -> None:
    assert compared(Children(ints(7), ints(3), yes(1))) == ([0], ["first_visit"])
    assert compared(Children(ints(), ints(), yes(0))) == ([], [])


def test_a_row_without_a_subject() -> None:
    children = Children(ints(NO_SUBJECT, NO_SUBJECT, 1, 1), ints(0, 0, 0, 9), yes(4))
    assert compared(children) == (
        [0, 1, 2, 2],
        ["missing_subject", "missing_subject", "first_visit", "ok"],
    )


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


def test_what_must_not_change_within_a_child() -> None:
    sex, stated = ints(0, 0, 1, 0, 0), yes(5)
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 5, 9, 0, 5), yes(5), ((sex, stated),))
    assert compared(children)[1] == [*["subject_conflict"] * 3, "first_visit", "ok"]
    not_all = np.array([True, True, False, True, True])
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 5, 9, 0, 5), yes(5), ((sex, not_all),))
    assert compared(children)[1] == ["first_visit", "ok", "ok", "first_visit", "ok"]
    apart = ints(0, 9, 1, 0, 0), np.array([True, False, True, True, True])
    children = Children(ints(1, 1, 1, 2, 2), ints(0, 5, 9, 0, 5), yes(5), (apart,))
    assert compared(children)[1][:3] == ["subject_conflict"] * 3


def test_baseline() -> None:
    age = ints(0, 10, 20, 40, 0, 50)
    baseline = ints(15, 15, 15, 15, 60, 60), np.array([True, False, True, False, True, True])
    children = Children(ints(1, 1, 1, 1, 2, 2), age, yes(6), (), baseline)
    rows, words = compared(children, "baseline")
    assert rows == [0, 1, 1, 1, 4, 5]
    assert words == ["first_visit", "first_visit", "ok", "ok", "first_visit", "first_visit"]
    since, known = compare(children).baseline or ((), ())
    assert list(since) == [-15, -5, 5, 25, -60, -10]
    assert all(known)


def test_baseline_that_changes_or_is_missing() -> None:
    age = ints(0, 10, 0, 10)
    baseline = ints(5, 6, 0, 0), np.array([True, True, False, False])
    children = Children(ints(1, 1, 2, 2), age, yes(4), (), baseline)
    assert compared(children, "baseline")[1] == ["subject_conflict"] * 2 + ["no_baseline"] * 2
    found = compare(children, "previous")
    assert found.baseline is not None
    assert found.baseline[1].tolist() == [False] * 4
    assert list(status_words(found.status)) == ["subject_conflict"] * 2 + ["first_visit", "ok"]


def test_visit_on_the_day_of_the_baseline_is_the_baseline() -> None:
    children = Children(ints(1, 1, 1), ints(0, 15, 30), yes(3), (), (ints(15, 15, 15), yes(3)))
    assert compared(children, "baseline") == ([0, 1, 1], ["first_visit", "first_visit", "ok"])


def test_no_visit_up_to_the_baseline() -> None:
    """The first visits after it have nothing to be compared with, which is something to ask."""
    children = Children(ints(1, 1), ints(20, 30), yes(2), (), (ints(15, 15), yes(2)))
    assert compared(children, "baseline") == ([0, 1], ["no_baseline", "no_baseline"])


def test_wrong_options() -> None:
    children = Children(ints(1), ints(0), yes(1))
    with pytest.raises(nc.InputError, match="against"):
        compare(children, "last")
    with pytest.raises(nc.InputError, match="baseline"):
        compare(children, "baseline")


def plainly(children: Children, against: str) -> list[tuple[int, str]]:
    """The same rules, a loop over rows."""
    n = len(children.subject)
    result: list[tuple[int, str]] = [(-1, "")] * n
    for i in range(n):
        child = int(children.subject[i])
        if child == NO_SUBJECT:
            result[i] = (i, "missing_subject")
            continue
        own = [j for j in range(n) if children.subject[j] == child]
        constants = [*children.constants, *([children.baseline] if children.baseline else [])]
        if any(len({int(c[j]) for j in own if s[j]}) > 1 for c, s in constants):
            result[i] = (i, "subject_conflict")
            continue
        ages = [int(children.age[j]) for j in own if children.usable[j]]
        if children.usable[i] and ages.count(int(children.age[i])) > 1:
            result[i] = (i, "duplicate_visit")
            continue
        word = "no_baseline" if against == "baseline" else "first_visit"
        single = [j for j in own if children.usable[j] and ages.count(int(children.age[j])) == 1]
        before = [j for j in single if children.age[j] < children.age[i]]
        if against == "baseline" and children.baseline is not None:
            stated = [int(children.baseline[0][j]) for j in own if children.baseline[1][j]]
            upto = [j for j in single if stated and children.age[j] <= stated[0]]
            latest = max(upto, key=lambda j: children.age[j], default=None)
            before = [j for j in before if j == latest]
            if stated and children.usable[i] and children.age[i] <= stated[0]:
                word = "first_visit"
        if not children.usable[i] or not before:
            result[i] = (i, word)
        else:
            choose = min if against == "first" else max
            result[i] = (choose(before, key=lambda j: children.age[j]), "ok")
    return result


@pytest.mark.parametrize("against", ["previous", "first", "baseline"])
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
        (((subject % 2 + (rng.random(n) < 0.02)).astype(np.int32), rng.random(n) < 0.8),),
        baseline,
    )
    found = compare(children, against)
    expected = plainly(children, against)
    assert list(status_words(found.status)) == [word for _, word in expected]
    assert found.other.tolist() == [row for row, _ in expected]


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


def test_every_cell_is_what_the_calls_give() -> None:
    """One rule: the table, and the calls for one pair."""
    scored = nc.velocity.score(visits())
    values = {
        "w": ("weight", [f"{g} g" for g in GRAMS]),
        "l": ("length", [f"{cm} cm" for cm in LENGTHS]),
        "hc": ("head_circumference", [f"{cm} cm" for cm in HEADS]),
    }
    assert scored["interval_days"].to_list() == [None, 70, 28, 61, 61, 243, 365]
    assert scored["velocity_from"].to_list() == [
        None,
        *(BORN + dt.timedelta(days=day) for day in DAYS[:-1]),
    ]
    assert scored["days_since_baseline"].to_list() == [None] * 7
    for prefix, (measure, texts) in values.items():
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
        assert pd.isna(scored["velocity_from"].iloc[0])
        assert scored["velocity_from"].iloc[1] == pd.Timestamp(BORN)
        z = scored["w_velocity_z"].iloc[3]
    else:
        table = pl.from_arrow(scored) if isinstance(scored, pa.Table) else scored
        assert isinstance(table, pl.DataFrame)
        assert table["velocity_from"].to_list() == expected["velocity_from"].to_list()
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


def test_missing_and_empty_subjects() -> None:
    frame = visits(subject_id=["01", None, "", "01", "01", "01", "01"])
    assert statuses(frame)[:4] == ["first_visit", "missing_subject", "missing_subject", "ok"] or (
        statuses(frame)[1:3] == ["missing_subject", "missing_subject"]
    )
    scored = nc.velocity.score(frame)
    assert scored["velocity_from"][3] == BORN
    assert scored.height == 7


def test_subjects_as_numbers_and_as_texts() -> None:
    numbers = subjects(pl.Series([5, 5, 2, None, 2]))
    assert numbers[0] == numbers[1] != numbers[2] == numbers[4]
    assert numbers[3] == NO_SUBJECT
    texts = subjects(pl.Series(["b", "b", "a", None, "a", ""]))
    assert texts[0] == texts[1] != texts[2] == texts[4]
    assert texts[3] == texts[5] == -1
    assert subjects(pl.Series(["a", "a", "b"])).tolist() == [0, 0, 1]
    assert subjects(pl.Series(["", "a", "a"])).tolist() == [-1, 1, 1]
    assert len({*subjects(pl.Series(["1", "01", "1 "])).tolist()}) == 3
    with pytest.raises(FileError, match="not accepted"):
        subjects(pl.Series([[1], [2]]))


@pytest.mark.parametrize(
    "ids",
    [
        ["  ", "01", "\t", "01", " 01"],
        ["01", "01", "  ", "02", ""],
        [math.nan, 1.0, math.nan, 1.0, 2.0],
    ],
    ids=["spaces", "spaces-after", "not-a-number"],
)
def test_rows_without_a_subject_are_not_one_child(ids: list[Any]) -> None:
    """Spaces alone, and NaN in a column of numbers, do not make a child of all such rows."""
    absent = [str(one).strip() in ("", "nan") for one in ids]
    assert (subjects(pl.Series(ids)) == NO_SUBJECT).tolist() == absent
    numbers = subjects(pl.Series(ids)).tolist()
    stated = [i for i, none in enumerate(absent) if not none]
    for i in stated:  # texts are compared as they stand: " 01" is another child than "01"
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


def test_changed_sex_gestation_or_birth() -> None:
    changed: Any
    for column, value in (("sex", "m"), ("gestational_age", "26+1"), ("birth_date", "2024-01-11")):
        changed = {column: [*visits()[column].to_list()[:-1], value]}
        assert statuses(visits(**changed)) == ["subject_conflict"] * 7
    for column, unusable in (("sex", None), ("gestational_age", "26+9")):
        changed = {column: [*visits()[column].to_list()[:-1], unusable]}
        assert "subject_conflict" not in statuses(visits(**changed))


def test_gestation_that_is_not_stated_everywhere() -> None:
    """Without it the age is chronological: another basis."""
    frame = visits(gestational_age=["26+0"] * 4 + [None] * 3)
    assert statuses(frame)[4] == "mixed_age_basis"
    assert nc.velocity.score(frame)["w_change_status"][4] == "mixed_age_basis"


def test_visits_before_birth_and_without_a_date() -> None:
    dates = visits()["measured_on"].to_list()
    frame = visits(measured_on=["2024-01-01", "x", "", *dates[3:]])
    words = statuses(frame)
    assert words[:4] == ["invalid_age", "invalid_age", "missing_age", "first_visit"]
    assert words[4] == "ok"


def test_duplicates_keep_their_rows() -> None:
    frame = pl.concat([visits(), visits()[3:4]])
    words = statuses(frame)
    assert words[3] == words[7] == "duplicate_visit"
    assert nc.velocity.score(frame)["velocity_from"][4] == BORN + dt.timedelta(days=98)


def test_baseline_and_first() -> None:
    frame = visits(administered_on=["2024-03-25"] * 7)
    scored = nc.velocity.score(frame, baseline="administered_on")
    assert scored["interval_days"].to_list() == [None, None, 28, 89, 150, 393, 758]
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    assert scored["w_change_status"].to_list()[:3] == ["first_visit", "first_visit", "ok"]
    previous = nc.velocity.score(frame, baseline="administered_on", against="previous")
    assert previous["interval_days"].to_list()[1] == 70
    assert previous["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    first = nc.velocity.score(frame, against="first")
    assert first["interval_days"].to_list() == [None, *DAYS[1:]]


def test_baseline_in_one_row_of_the_child() -> None:
    frame = visits(administered_on=[None, None, "2024-03-25", "", None, None, None])
    scored = nc.velocity.score(frame, baseline="administered_on")
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    none = nc.velocity.score(visits(administered_on=["?"] * 7), baseline="administered_on")
    assert none["w_velocity_status"].to_list() == ["no_baseline"] * 7
    assert none["days_since_baseline"].to_list() == [None] * 7


def test_ages_instead_of_dates() -> None:
    by_age = visits(age_days=DAYS).drop("birth_date", "measured_on")
    scored = nc.velocity.score(by_age)
    expected = nc.velocity.score(visits())
    assert scored["w_velocity_z"].equals(expected["w_velocity_z"])
    assert scored["velocity_from"].to_list() == [None, *DAYS[:-1]]
    with pytest.raises(FileError, match="a baseline needs birth_date or measured_on"):
        nc.velocity.score(by_age.with_columns(pl.lit("2024-03-25").alias("on")), baseline="on")
    dated = visits(age_days=DAYS, administered_on=["2024-03-25"] * 7).drop("birth_date")
    scored = nc.velocity.score(dated, baseline="administered_on")
    assert scored["days_since_baseline"].to_list() == [d - 75 for d in DAYS]
    assert scored["velocity_from"][3] == BORN + dt.timedelta(days=70)


def test_a_birth_date_that_is_missing_in_the_other_row() -> None:
    frame = visits(age_days=DAYS, birth_date=[None, *[str(BORN)] * 6])
    scored = nc.velocity.score(frame)
    assert scored["interval_days"][1] == 70
    assert scored["velocity_from"][1] is None


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
    assert scored["l_velocity_status"].to_list()[2:4] == ["missing_value", "missing_value"]
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
