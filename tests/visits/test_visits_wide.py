"""Wide tables: one row a child, taken apart into visits and put back."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc

CHILDREN: dict[str, list[Any]] = {
    "subject_id": ["01", "02"],
    "sex": ["f", "m"],
    "site": ["x", "y"],
    "age_days_birth": [0, 0],
    "weight_kg_birth": [3.1, 3.2],
    "age_days_12m": [365, None],
    "weight_kg_12m": [9.0, None],
    "length_cm_12m": [74.0, None],
}


def wide(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (CHILDREN | changed).items() if column})


def refusal(frame: Any, **options: Any) -> str:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.visits.from_wide(frame, **options)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.requirement("REQ-LAY-02")
def test_a_child_has_a_row_for_each_visit_at_which_it_was_measured() -> None:
    with pytest.warns(nc.ColumnWarning, match="1 visit has no measurement and no row"):
        visits = nc.visits.from_wide(wide())
    names = ["subject_id", "visit", "age_days", "weight_kg", "length_cm", "source_rows", "site"]
    assert visits.select(names).rows() == [
        ("01", "birth", 0, 3.1, None, "1", "x"),
        ("01", "12m", 365, 9.0, 74.0, "1", "x"),
        ("02", "birth", 0, 3.2, None, "2", "y"),
    ]


@pytest.mark.parametrize("label", ["1", "01", "v1", "visit_2", "birth", "Discharge", "12m",
                                   "week4", "d28", "2y", "term", "fu1"])  # fmt: skip
def test_names_that_can_only_be_visits_need_not_be_stated(label: str) -> None:
    frame = pl.DataFrame({"sex": ["f"], "age_days": [3], f"weight_kg_{label}": [3.1]})
    frame = frame.rename({"age_days": f"age_days_{label}"})
    assert nc.visits.from_wide(frame)["visit"].to_list() == [label]


@pytest.mark.requirement("REQ-LAY-02")
@pytest.mark.parametrize("label", ["mean", "z", "flag", "new", "mother", "raw"])
def test_names_that_may_be_something_else_are_asked_about(label: str) -> None:
    frame = wide().with_columns(pl.lit(3.0).alias(f"weight_kg_{label}"))
    assert f"it is not known whether these are visits: {label!r}" in refusal(frame)
    with pytest.warns(nc.ColumnWarning):
        visits = nc.visits.from_wide(frame, visits=["birth", "12m"])
    assert f"weight_kg_{label}" in visits.columns


def test_other_patterns_and_names() -> None:
    frame = pl.DataFrame(
        {"sex": ["f"], "v1.AGE": [28], "v1.WT": [3.9], "v2.AGE": [60], "v2.WT": [4.9]}
    )
    visits = nc.visits.from_wide(
        frame, pattern="{visit}.{column}", columns={"weight_kg": "WT", "age_days": "AGE"}
    )
    assert visits.select("visit", "age_days", "weight_kg").rows() == [
        ("v1", 28, 3.9), ("v2", 60, 4.9),
    ]  # fmt: skip


def test_a_canonical_name_is_never_the_column_of_a_visit() -> None:
    """gestational_age_days_part, and weight_kg itself, are those of the child or the row."""
    frame = wide(gestational_age_weeks=[39, 40], gestational_age_days_part=[0, 1])
    with pytest.warns(nc.ColumnWarning):
        visits = nc.visits.from_wide(frame)
    assert visits["gestational_age_days_part"].to_list() == [0, 0, 1]


@pytest.mark.requirement("REQ-LAY-02")
def test_a_visit_without_a_date_needs_its_age() -> None:
    frame = wide(age_days_birth=[], age_days_12m=[])
    text = refusal(frame)
    assert "no column says when these visits were: birth, 12m" in text
    with pytest.warns(nc.ColumnWarning):
        visits = nc.visits.from_wide(frame, ages={"birth": 0, "12m": 365})
    assert visits["age_days"].to_list() == [0, 365, 0]
    assert "whole days since birth" in refusal(frame, ages={"birth": -1})
    assert "whole days since birth" in refusal(frame, ages={"6m": 182})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"pattern": "{column}"}, 'a text such as "{column}_{visit}"'),
        ({"visits": "36m"}, "no column is a measure of a visit (36m), such as weight_kg_1"),
        ({"visits": 3}, "names of columns"),
    ],
)
def test_what_cannot_be_known_is_one_line(options: dict[str, Any], said: str) -> None:
    assert said in refusal(wide(), **options)


def test_a_column_of_the_name_of_one_that_is_made() -> None:
    assert "it has a column visit already" in refusal(wide(visit=["a", "b"]))


@pytest.mark.parametrize("to", [lambda t: t, lambda t: t.to_pandas(), lambda t: t.to_arrow()])
def test_results_go_back_into_the_wide_table(to: Any) -> None:
    table = to(wide())
    with pytest.warns(nc.ColumnWarning):
        visits = nc.visits.from_wide(table)
    assert type(visits) is type(table)
    back = nc.visits.restore(nc.score(visits), table, layout="wide")
    assert type(back) is type(table)
    whole = nc.visits.frames.polars_of(back)
    assert whole.columns[: len(CHILDREN)] == list(CHILDREN)
    assert whole["waz_status_birth"].to_list() == ["ok", "ok"]
    assert whole["laz_status_12m"].to_list() == ["ok", None]


def test_a_wide_table_from_visits() -> None:
    with pytest.warns(nc.ColumnWarning):
        visits = nc.visits.from_wide(wide())
    again = nc.visits.to_wide(visits)
    assert again.select(list(CHILDREN)).equals(wide())
    scored = nc.visits.to_wide(nc.score(visits))
    assert {"waz_birth", "waz_status_12m"} <= set(scored.columns)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            {"subject_id": ["1", "1"], "visit": ["1", "1"]},
            "2 rows share their subject_id and visit",
        ),
        ({"subject_id": ["1", None], "visit": ["1", "2"]}, "1 rows have no subject_id or no visit"),
        ({"subject_id": ["1", "1"]}, "there is no column 'visit'"),
    ],
)
def test_visits_that_have_no_place_in_a_wide_table(rows: dict[str, Any], said: str) -> None:
    with pytest.raises(nc.FileError, match=said):
        nc.visits.to_wide(pl.DataFrame(rows | {"weight_kg": [3.0, 4.0]}))


weights = st.one_of(st.none(), st.floats(0.5, 20).map(lambda x: round(x, 2)))


@pytest.mark.requirement("REQ-LAY-07")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(weights, weights, weights), min_size=1, max_size=6))
def test_children_that_are_taken_apart_come_back(rows: list[tuple[Any, ...]]) -> None:
    rows = [row for row in rows if any(w is not None for w in row)]
    labels = [v for v in range(3) if any(row[v] is not None for row in rows)]
    if not rows:
        return
    columns: dict[str, Any] = {"subject_id": [str(n) for n in range(len(rows))]}
    for v in labels:
        held = [row[v] is not None for row in rows]
        columns[f"age_days_{v}"] = [30 * v if there else None for there in held]
        columns[f"weight_kg_{v}"] = [row[v] for row in rows]
    table = pl.DataFrame(columns)
    empty = sum(row[v] is None for row in rows for v in labels)
    if empty:
        with pytest.warns(nc.ColumnWarning, match=f"{empty} visit"):
            visits = nc.visits.from_wide(table)
    else:
        visits = nc.visits.from_wide(table)
    assert visits.height == len(rows) * len(labels) - empty
    again = nc.visits.to_wide(visits)
    assert again.select(table.columns).equals(table)


@pytest.mark.parametrize("name", ["weight_kg", "length_cm", "age_days", "measured_on", "oedema",
                                  "length_position", "weight_method"])  # fmt: skip
def test_a_column_of_no_visit_would_be_read_at_every_one(name: str) -> None:
    """A length at birth beside numbered weights was the length of each visit."""
    frame = pl.DataFrame({"subject_id": ["1"], "sex": ["f"], "age_days_1": [28], name: [50],
                          "head_circumference_cm_1": [36.0]})  # fmt: skip
    assert f"{name}" in refusal(frame)


@pytest.mark.parametrize("columns", [{"weight_kg": "WT", "weight_g": "WT"}, {"sex": "gender"}])
def test_a_mapping_that_is_not_of_visits(columns: dict[str, str]) -> None:
    assert "each with a name of its own" in refusal(wide(), columns=columns)
