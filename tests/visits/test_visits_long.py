"""Long tables: one row a measure, gathered into visits and put back."""

from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
from neocalc.visits.measures import parameter_of, unit_word

ROWS: dict[str, list[Any]] = {
    "subject_id": ["01", "01", "01", "02", None, "01"],
    "sex": ["f", None, None, "m", "f", "f"],
    "age_days": [10, 10, 10, 20, 5, 10],
    "site": ["a", "a", "a", "b", "b", "a"],
    "lab": ["x", "y", "y", "x", "x", "x"],
    "what": ["weight", "height", "TEMP", "weight", "weight", "weight"],
    "value": [3100.0, 49.5, 37.0, 4.1, 2900.0, 3150.0],
    "in": ["g", "cm", "C", "kg", "stone", "g"],
}
COLUMNS: dict[str, Any] = {"parameter": "what", "value": "value", "unit": "in"}


def long(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (ROWS | changed).items() if column})


def quiet(frame: Any, **options: Any) -> Any:
    with pytest.warns(nc.ColumnWarning):
        return nc.visits.from_long(frame, **(COLUMNS | options))


def refusal(frame: Any, **options: Any) -> str:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.visits.from_long(frame, **(COLUMNS | options))
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def one_measure(n: int, **changed: Any) -> pl.DataFrame:
    """Weights alone, of one child each."""
    columns = {
        "subject_id": [str(i) for i in range(n)],
        "sex": ["f"] * n,
        "age_days": [30] * n,
        "what": ["weight"] * n,
        "value": [3900.0] * n,
        "in": ["g"] * n,
    }
    return pl.DataFrame(columns | changed)


@pytest.mark.requirement("REQ-LAY-01")
def test_rows_of_a_child_and_a_day_are_one_visit() -> None:
    visits = quiet(long())
    assert visits.select("subject_id", "sex", "age_days", "length_cm").rows() == [
        ("01", "f", 10, 49.5),
        ("02", "m", 20, None),
        (None, "f", 5, None),
        ("01", "f", 10, None),
    ]
    assert visits["source_rows"].to_list() == [
        "weight=1 length=2", "weight=4", "weight=5", "weight=6",
    ]  # fmt: skip


@pytest.mark.requirement("REQ-LAY-01")
def test_figures_are_in_the_unit_of_their_rows() -> None:
    """Grams and kilograms become kilograms; a unit of no weight leaves an invalid text."""
    visits = quiet(long())
    assert visits["weight_kg"].to_list() == [
        "3.1", "4.1", "2900.0 (no unit of this measure)", "3.15",
    ]  # fmt: skip
    scored = nc.score(visits)
    assert scored["waz_status"].to_list() == ["ok", "ok", "invalid_value", "ok"]


@pytest.mark.requirement("REQ-LAY-01")
@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_1640_grams_became_1_6400000000000001_kilograms(grams: list[int]) -> None:
    """Figures and texts are divided, and not multiplied by 1/1000, which is no float."""
    n = len(grams)
    units = ["kg", *["g"] * n]
    expected = [3.0, *(g / 1000 for g in grams)]
    for values in ([3.0, *map(float, grams)], ["3.0", *map(str, grams)]):
        frame = one_measure(n + 1, value=values, **{"in": units})
        visits = nc.visits.from_long(frame, **COLUMNS)
        assert [float(value) for value in visits["weight_kg"]] == expected


def test_a_text_of_another_unit_keeps_it() -> None:
    frame = one_measure(2, value=["about 3900", "3.9"], **{"in": ["g", "kg"]})
    assert nc.visits.from_long(frame, **COLUMNS)["weight_kg"].to_list() == ["about 3900 g", "3.9"]


def test_a_unit_that_all_rows_share_keeps_its_column() -> None:
    visits = nc.visits.from_long(one_measure(2), **COLUMNS)
    assert visits["weight_g"].to_list() == [3900.0, 3900.0]
    assert visits["weight_g"].dtype == pl.Float64


def test_texts_that_need_no_conversion_stay_byte_for_byte() -> None:
    frame = one_measure(2, value=["3900.0", "<4000"])
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert visits["weight_g"].to_list() == ["3900.0", "<4000"]
    assert nc.score(visits)["waz_status"].to_list() == ["ok", "invalid_value"]


def test_a_decimal_comma_is_kept_where_figures_are_converted() -> None:
    frame = one_measure(2, value=["3,9", "3900"])
    frame = frame.with_columns(pl.Series("in", ["kg", "g"]))
    visits = nc.visits.from_long(frame, decimal=",", **COLUMNS)
    assert visits["weight_kg"].to_list() == ["3,9", "3,9"]
    assert nc.score(visits, decimal=",")["waz_status"].to_list() == ["ok", "ok"]


@pytest.mark.requirement("REQ-LAY-01")
def test_two_values_of_a_visit_are_two_rows_and_none_is_averaged() -> None:
    frame = one_measure(1).vstack(one_measure(1, value=[4100.0]))
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert visits["weight_g"].to_list() == [3900.0, 4100.0]


def test_an_empty_value_beside_others_makes_no_visit_of_its_own() -> None:
    frame = pl.concat([one_measure(1), one_measure(1, value=[None])], how="vertical_relaxed")
    assert nc.visits.from_long(frame, **COLUMNS)["weight_g"].to_list() == [3900.0]
    alone = one_measure(2, value=[3900.0, None])
    visits = nc.visits.from_long(alone, **COLUMNS)
    assert visits["weight_g"].to_list() == [3900.0, None]
    assert nc.score(visits)["waz_status"].to_list() == ["ok", "missing_value"]


def test_rows_without_a_child_are_not_joined() -> None:
    frame = one_measure(2, subject_id=[None, " "], what=["weight", "length"], value=[3900.0, 50.0])
    frame = frame.with_columns(pl.Series("in", ["g", "cm"]))
    assert nc.visits.from_long(frame, **COLUMNS).height == 2


def test_facts_that_contradict_each_other_are_not_chosen_from() -> None:
    frame = one_measure(1).vstack(one_measure(1, sex=["m"], age_days=[60]))
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert nc.score(visits)["waz_status"].to_list() == ["subject_conflict"] * 2
    same_day = one_measure(1).vstack(one_measure(1, sex=["m"]))
    visits = nc.visits.from_long(same_day, **COLUMNS)
    assert nc.score(visits)["waz_status"].to_list() == ["subject_conflict"] * 2


def test_a_position_is_that_of_the_length() -> None:
    frame = pl.DataFrame(
        {
            "subject_id": ["1", "1"], "sex": ["f", "f"], "age_days": [800, 800],
            "what": ["weight", "length"], "value": [11.0, 84.0], "in": ["kg", "cm"],
            "length_position": ["standing", "recumbent"], "weight_method": ["estimated", None],
        }
    )  # fmt: skip
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert visits.select("length_position", "weight_method").rows() == [("recumbent", "estimated")]


def test_parameters_are_read_by_our_names_and_as_stated() -> None:
    for word in ("weight", "Weight", " WEIGHT ", "weight_g", "Weight (g)"):
        frame = one_measure(1, what=[word])
        assert nc.visits.from_long(frame, **COLUMNS)["weight_g"].to_list() == [3900.0], word
    frame = one_measure(1, what=["GEW"])
    visits = nc.visits.from_long(frame, parameters={"weight": ["GEW", "WT"]}, **COLUMNS)
    assert visits["weight_g"].to_list() == [3900.0]


@pytest.mark.requirement("REQ-LAY-01")
def test_a_parameter_that_looks_like_ours_is_not_passed_over() -> None:
    """Any name that scoring would stop at as a column stops here as a parameter."""
    for word in ("WT", "Body weight", "Length at visit", "MUAC", "OFC"):
        frame = one_measure(2, what=["weight", word])
        text = refusal(frame)
        assert word in text
        assert "parameters=" in text
        with pytest.warns(nc.ColumnWarning, match="1 row is of other parameters"):
            nc.visits.from_long(frame, ignore=[word], **COLUMNS)


def test_where_a_measure_is_stated_its_own_name_is_another_parameter() -> None:
    frame = one_measure(2, what=["weight", "WT"])
    assert "'weight' looks like a weight" in refusal(frame, parameters={"weight": "WT"})


@pytest.mark.requirement("REQ-LAY-01")
def test_units_are_stated_or_refused() -> None:
    bare = one_measure(1).drop("in")
    options: dict[str, Any] = {"parameter": "what", "value": "value"}
    with pytest.raises(nc.FileError, match="no row says the unit of weight"):
        nc.visits.from_long(bare, **options)
    visits = nc.visits.from_long(bare, units={"weight": "kg"}, **options)
    assert visits["weight_kg"].to_list() == [3900.0]
    in_name = bare.with_columns(pl.lit("Weight (g)").alias("what"))
    assert nc.visits.from_long(in_name, **options)["weight_g"].to_list() == [3900.0]
    stated = bare.with_columns(pl.lit("WT").alias("what"))
    visits = nc.visits.from_long(stated, parameters={"weight_g": "WT"}, **options)
    assert visits["weight_g"].to_list() == [3900.0]


def test_a_name_and_a_row_that_contradict_each_other_leave_no_figure() -> None:
    frame = one_measure(2, what=["Weight (kg)", "Weight (g)"])
    visits = quiet(frame)
    assert nc.score(visits)["waz_status"].to_list() == ["invalid_value", "ok"]


def test_pounds_are_converted_only_where_that_is_asked_for() -> None:
    frame = one_measure(1, value=[8.6], **{"in": ["lb"]})
    assert "converted only where that is asked for (convert)" in refusal(frame)
    visits = nc.visits.from_long(frame, convert=True, **COLUMNS)
    assert visits["weight_kg"].to_list() == [8.6 * 0.45359237]
    inches = one_measure(1, what=["length"], value=[20.0], **{"in": ["inches"]})
    visits = nc.visits.from_long(inches, convert=True, **COLUMNS)
    assert visits["length_cm"].to_list() == [50.8]


@pytest.mark.parametrize(
    ("changed", "options", "said"),
    [
        ({}, {"parameter": "PARAM"}, "there is no column 'PARAM' (parameter)"),
        ({}, {"unit": "UNITS"}, "there is no column 'UNITS' (unit)"),
        ({}, {"visit": "VISITNUM"}, "there is no column 'VISITNUM'"),
        ({"subject_id": []}, {}, "there is no column subject_id"),
        ({"age_days": []}, {}, "there is no column measured_on or age_days"),
        ({"what": ["TEMP"] * 6}, {}, "no parameter is one of ours"),
        ({}, {"parameters": {"mass": "x"}}, "a measure or its column"),
        ({}, {"parameters": ["x"]}, "a dict of names"),
        ({}, {"units": {"weight": "cm"}}, 'such as {"weight": "g"}'),
        ({}, {"visit": [1]}, "names of columns"),
    ],
)
def test_what_cannot_be_known_is_one_line(
    changed: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    assert said in refusal(long(**changed), **options)


def test_other_columns_stay_where_they_say_one_thing_in_a_visit() -> None:
    with pytest.warns(nc.ColumnWarning) as warned:
        visits = nc.visits.from_long(long(), **COLUMNS)
    assert visits["site"].to_list() == ["a", "b", "b", "a"]
    assert "lab" not in visits.columns
    said = [str(one.message) for one in warned]
    assert said == [
        "table: 1 row is of other parameters and left out: TEMP 1",
        "table: 1 row has no unit of the measure: the value is kept and is invalid",
        "table: a column differs between rows of one visit and is left out: lab",
    ]


def kinds() -> list[tuple[str, Any]]:
    return [
        ("polars", lambda table: table),
        ("lazy", lambda table: table.lazy()),
        ("pandas", lambda table: table.to_pandas()),
        ("pyarrow", lambda table: table.to_arrow()),
    ]


@pytest.mark.requirement("REQ-LAY-07")
@pytest.mark.parametrize(("name", "to"), kinds())
def test_the_kind_of_table_that_came_in_goes_out(name: str, to: Any) -> None:
    given = to(long())
    visits = quiet(given)
    assert type(visits) is type(given)
    table = nc.visits.to_long(visits)
    assert type(table) is type(given)
    if name != "lazy":
        scored = nc.score(visits)
        back = nc.visits.restore(scored, given, layout="long")
        assert type(back) is type(given)
        z = back["z"].to_pylist() if name == "pyarrow" else back["z"].to_list()
        assert [value == value and value is not None for value in z] == [
            True, True, False, True, False, True,
        ]  # fmt: skip


def test_types_of_passing_columns_are_those_of_pandas() -> None:
    frame = one_measure(2).to_pandas()
    frame["group"] = pd.Categorical(["a", "b"])
    frame["n"] = pd.array([1, None], dtype="Int8")
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert visits["group"].dtype == frame["group"].dtype
    assert visits["n"].dtype == frame["n"].dtype


def test_dates_of_pandas_stay_dates() -> None:
    frame = one_measure(1).drop("age_days").to_pandas()
    frame["birth_date"] = pd.to_datetime(["2026-05-01"])
    frame["measured_on"] = pd.to_datetime(["2026-05-29"])
    visits = nc.visits.from_long(frame, **COLUMNS)
    assert nc.score(visits)["chronological_age_days"].to_list() == [28]
    table = pa.table({"a": pa.array([1], pa.int8())})
    assert nc.visits.frames.polars_of(table)["a"].to_list() == [1]


def test_restored_rows_have_what_their_own_measure_has() -> None:
    table = long()
    scored = nc.score(quiet(table), centiles=True, prefix="nc_")
    back = nc.visits.restore(scored, table, layout="long", prefix="nc_")
    assert back.columns == [
        *table.columns, "nc_z", "nc_reference", "nc_status", "nc_centile",
    ]  # fmt: skip
    assert back.select(table.columns).equals(table)
    assert back["nc_status"].to_list() == ["ok", "ok", None, "ok", "invalid_value", "ok"]
    assert back["nc_z"][1] == scored["nc_laz"][0]


measures = st.sampled_from(["weight_kg", "length_cm", "head_circumference_cm"])
figures = st.one_of(st.none(), st.floats(0.5, 99, allow_nan=False).map(lambda x: round(x, 3)))


@pytest.mark.requirement("REQ-LAY-07")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 900), figures, figures, figures),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[:2],
    )
)
def test_visits_that_go_to_a_long_table_come_back(rows: list[tuple[Any, ...]]) -> None:
    rows = [row for row in rows if any(figure is not None for figure in row[2:])]
    if not rows:
        return
    names = ["subject_id", "age_days", "weight_kg", "length_cm", "head_circumference_cm"]
    schema = dict(zip(names, [pl.String, pl.Int64, *[pl.Float64] * 3], strict=True))
    texts = [(str(row[0]), *row[1:]) for row in rows]
    visits = pl.DataFrame(texts, schema=schema, orient="row")
    table = nc.visits.to_long(visits)
    assert table.height == sum(figure is not None for row in rows for figure in row[2:])
    again = nc.visits.from_long(table, parameter="parameter", value="value", unit="unit")
    for name in names:
        if name in again.columns:
            assert again[name].to_list() == visits[name].to_list()
        else:
            assert visits[name].null_count() == visits.height


def test_a_long_table_of_scored_visits() -> None:
    visits = pl.DataFrame(
        {"subject_id": ["1"], "sex": ["f"], "age_days": [30], "weight_g": [3900], "length_cm": [52]}
    )
    table = nc.visits.to_long(nc.score(visits))
    assert table["parameter"].to_list() == ["weight", "length", "bmi", "weight_for_length"]
    assert table["unit"].to_list() == ["g", "cm", None, None]
    assert table["status"].to_list() == ["ok"] * 4
    with pytest.raises(nc.FileError, match="no column of a measure"):
        nc.visits.to_long(visits.select("subject_id", "sex"))
    with pytest.raises(nc.FileError, match="it has a column value already"):
        nc.visits.to_long(visits.with_columns(value=1))


@pytest.mark.parametrize(
    ("scored", "layout", "said"),
    [
        ({"waz": [1.0], "waz_status": ["ok"]}, "long", "no column 'source_rows'"),
        ({"source_rows": ["weight=1"]}, "long", "there is no z-score in it"),
        ({"waz": [1.0], "waz_status": ["ok"], "source_rows": ["weight=9"]}, "long", "names row 9"),
        ({"waz": [1.0], "waz_status": ["ok"], "source_rows": ["9"]}, "redcap", "does not name"),
        ({"waz": [1.0], "waz_status": ["ok"], "source_rows": ["flat 1"]}, "redcap", "does not"),
        ({"waz": [1.0], "waz_status": ["ok"], "source_rows": ["1"]}, "wide", "no column 'visit'"),
        ({"waz": [1.0], "waz_status": ["ok"], "source_rows": ["1"]}, "deep", "one of long"),
        (
            {"waz": [1.0] * 2, "waz_status": ["ok"] * 2, "source_rows": ["weight=1"] * 2},
            "long",
            "names a row twice",
        ),
    ],
)
def test_a_table_that_results_do_not_belong_to(
    scored: dict[str, Any], layout: str, said: str
) -> None:
    with pytest.raises(nc.NeocalcError, match=said):
        nc.visits.restore(pl.DataFrame(scored), pl.DataFrame({"a": [1, 2]}), layout=layout)


def test_words_of_parameters_and_units() -> None:
    assert parameter_of("Height in cm") is None
    assert parameter_of("weight cm") is None
    assert [unit_word(word, "weight") for word in ("KG", "[lb_av]", "cm", "", None)] == [
        "kg", "lb", None, None, None,
    ]  # fmt: skip
    assert [unit_word(word, "length") for word in ("CM", "[in_i]", "kg", "mm")] == [
        "cm", "in", None, "mm",
    ]  # fmt: skip


def test_a_table_that_cannot_be_laid_out() -> None:
    with pytest.raises(nc.FileError, match="two columns are named 'a'"):
        nc.visits.to_long(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(nc.FileError, match="at most 200,000,000 are laid out anew"):
        nc.visits.frames.refuse_large(200_000_001, "in.csv")


def test_the_names_of_the_module() -> None:
    assert set(nc.visits.__all__) == set(dir(nc.visits)) & set(nc.visits.__all__)
    assert all(callable(getattr(nc.visits, name)) for name in nc.visits.__all__)
    with pytest.raises(AttributeError, match="no attribute 'from_excel'"):
        nc.visits.from_excel  # noqa: B018


@pytest.mark.parametrize("name", ["weight_kg", "length_cm", "triceps_skinfold_mm"])
def test_a_measure_beside_the_parameters_would_be_read_at_every_visit(name: str) -> None:
    frame = one_measure(2, **{name: [3.0, 3.0]})
    text = refusal(frame)
    assert name in text
    assert "it has a column" in text or "is of no visit" in text


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(8)))
def test_the_order_of_the_rows_changes_no_visit(order: list[int]) -> None:
    rows = pl.DataFrame(
        {
            "subject_id": ["1", "1", "1", "2", "2", "2", "1", "2"],
            "sex": ["f", None, None, "m", None, None, None, "m"],
            "age_days": [10, 10, 40, 10, 10, 40, 40, 70],
            "what": ["weight", "length", "weight"] * 2 + ["length", "weight"],
            "value": [3000.0, 50.0, 4.1, 3100.0, 51.0, 4200.0, 54.0, 5.0],
            "in": ["g", "cm", "kg", "g", "cm", "g", "cm", "kg"],
        }
    )  # fmt: skip
    names = ["subject_id", "sex", "age_days", "weight_kg", "length_cm"]
    expected = nc.visits.from_long(rows, **COLUMNS).select(names).sort("subject_id", "age_days")
    mixed = nc.visits.from_long(rows[list(order)], **COLUMNS).select(names)
    assert mixed.sort("subject_id", "age_days").equals(expected)


def test_values_of_another_type_and_many_other_parameters() -> None:
    others = [f"TEST {n}" for n in range(7)]
    frame = one_measure(8, what=["weight", *others], value=[True] * 8)
    with pytest.warns(nc.ColumnWarning, match="and 2 more"):
        visits = nc.visits.from_long(frame, **COLUMNS)
    assert nc.score(visits)["waz_status"].to_list() == ["invalid_value"]
    many = [f"WT {n}" for n in range(7)]
    assert "and 2 more" in refusal(one_measure(7, what=many))


@pytest.mark.parametrize("name", ["n", "count", "word", "row", "key", "measure", "figure", "visit"])
def test_no_name_of_a_column_stands_in_the_way(name: str) -> None:
    """Columns of any name, as the parameter, the figure or any other."""
    frame = one_measure(2)
    expected = nc.visits.from_long(frame, **COLUMNS)["weight_g"].to_list()
    for own, options in (
        ("what", {"parameter": name}), ("value", {"value": name}), ("in", {"unit": name}),
    ):  # fmt: skip
        renamed = frame.rename({own: name})
        visits = nc.visits.from_long(renamed, **(COLUMNS | options))
        assert visits["weight_g"].to_list() == expected
    other = frame.with_columns(pl.Series(name, ["a", "b"]))
    visits = nc.visits.from_long(other, **COLUMNS)
    assert visits[name].to_list() == ["a", "b"]
    assert nc.visits.to_long(visits)[name].to_list() == ["a", "b"]
