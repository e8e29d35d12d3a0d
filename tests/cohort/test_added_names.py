"""The names of added columns: beside those that a table has already, under a prefix."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import neocalc as nc
from shell import ADDED, HEADER, ROW, Shell

VISITS: Any = {"subject_id": ["1", "1"], "sex": ["f", "f"], "age_days": [105, 166],
               "gestational_age": ["27+3", "27+3"], "weight_g": [3100, 4100]}  # fmt: skip
FRAMES: list[Any] = [pd.DataFrame, pl.DataFrame, pa.table, lambda data: pl.DataFrame(data).lazy()]


def table_of(frame: Any) -> pl.DataFrame:
    """A table of any kind as polars."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pd.DataFrame):
        data = {
            str(name): [None if pd.isna(value) else value for value in frame[name].tolist()]
            for name in frame.columns
        }
        return pl.DataFrame(data)
    return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(pl.from_arrow(frame))


@pytest.mark.requirement("REQ-TAB-10")
@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("call", [nc.score, nc.velocity.score])
def test_a_scored_table_is_scored_again_under_a_prefix(make: Any, call: Any) -> None:
    """Existing z columns were refused: exactly the files that one wants to compare."""
    once = call(make(VISITS))
    names = [name for name in table_of(once).columns if name not in VISITS]
    with pytest.raises(nc.FileError) as caught:
        call(once)
    assert str(caught.value) == (
        f"table: it has the columns {', '.join(names)} already; to add ours beside them under other"
        " names: prefix='nc_'"
    )
    twice = table_of(call(once, prefix="nc_"))
    assert twice.columns == [*VISITS, *names, *(f"nc_{name}" for name in names)]
    for name in names:
        first, second = twice[name].cast(pl.String), twice[f"nc_{name}"].cast(pl.String)
        assert first.equals(second), name


def test_options_add_under_the_prefix_too() -> None:
    dose = nc.dose.Dosing(arm=nc.trials.load("NCT03558334").arm("A"), every_row=True)
    found = nc.score(
        pl.DataFrame(VISITS), prefix="x.", centiles=True, uncorrected=True, dose=dose
    ).columns[len(VISITS) :]
    assert all(name.startswith("x.") for name in found)
    assert {"x.waz_centile", "x.waz_uncorrected", "x.dose_cells"} <= set(found)


@pytest.mark.requirement("REQ-TAB-10")
def test_the_commands_refuse_all_columns_at_once_and_take_a_prefix(shell: Shell) -> None:
    assert shell.score(HEADER + ROW).code == 0
    scored = shell.read("out.csv")
    said = shell.score(scored, output="two.csv").problem
    assert f"it has the columns {ADDED.replace(',', ', ')} already;" in said
    assert said.endswith("--prefix nc_")
    done = shell.score(scored, "--prefix", "nc_", "--json", output="two.csv")
    assert done.code == 0
    assert list(json.loads(done.out)["statuses"]) == ["waz"]
    header, row = shell.read("two.csv").splitlines()
    assert header == f"{HEADER.strip()},{ADDED},nc_{ADDED.replace(',', ',nc_')}"
    cells = row.split(",")
    assert cells[5:11] == cells[11:]
    record = json.loads(shell.read("two.csv.json"))
    assert record["prefix"] == "nc_"
    assert record["added"] == [f"nc_{name}" for name in ADDED.split(",")]
    shell.write("in.csv", HEADER + ROW)
    done = shell.run("velocity", "in.csv", "-o", "v.csv", "--prefix", "nc_")
    assert done.code == 0
    assert "nc_w_velocity_status" in shell.read("v.csv").splitlines()[0]
    assert shell.run("velocity", "--prefix", "nc_").problem.endswith("no file is named")


@pytest.mark.parametrize("prefix", [5, None, "x" * 41, "a\nb"])
def test_what_can_be_no_prefix(prefix: Any) -> None:
    with pytest.raises(nc.InputError, match=r"prefix: .* a short text such as nc_"):
        nc.score(pl.DataFrame(VISITS), prefix=prefix)


# Statuses in pandas


@pytest.mark.requirement("REQ-TAB-18")
@pytest.mark.parametrize(
    ("call", "column"),
    [
        (nc.score, "waz_status"),
        (nc.score, "waz_reference"),
        (nc.score, "dose_status"),
        (nc.velocity.score, "w_velocity_status"),
        (nc.velocity.score, "w_gain_status"),
    ],
)
def test_a_status_column_of_pandas_has_no_words_that_no_row_has(call: Any, column: str) -> None:
    """`value_counts()` printed 24 lines of zeros."""
    options: Any = {}
    if column == "dose_status":
        options["dose"] = nc.dose.Dosing(arm=nc.trials.load("NCT03558334").arm("A"), every_row=True)
    frame = pd.DataFrame(VISITS | {"sex": ["f", None], "weight_g": [3100, -5]})
    found = call(frame, **options)[column]
    counts = found.value_counts()
    assert isinstance(found.dtype, pd.CategoricalDtype)
    assert (counts > 0).all()
    assert set(counts.index) == set(found.dropna())
    empty = call(frame.iloc[:0], **options)[column]
    assert empty.value_counts().empty


def test_words_keep_their_order_and_missing_ones_stay_missing() -> None:
    frame = pd.DataFrame(
        {"sex": ["m", "m", "", "f"], "age_days": [365, 9_000, 365, None],
         "weight_kg": [9.5, 9.5, 9.5, 9.5]}
    )  # fmt: skip
    scored = nc.score(frame)
    assert scored["waz_status"].tolist() == ["ok", "age_above_reference", "missing_sex",
                                             "missing_age"]  # fmt: skip
    assert scored["waz_status"].cat.categories.tolist() == [
        "ok", "missing_sex", "missing_age", "age_above_reference"
    ]  # fmt: skip
    assert (scored["waz_status"] == "oedema").sum() == 0
    assert scored["waz_reference"].isna().tolist() == [
        value is None for value in nc.score(pl.from_pandas(frame))["waz_reference"].to_list()
    ]


@pytest.mark.parametrize("make", [pl.DataFrame, pa.table])
def test_other_tables_count_only_what_occurs(make: Any) -> None:
    scored = nc.score(make(VISITS))["waz_status"]
    if isinstance(scored, pl.Series):
        assert scored.value_counts().height == 1
    else:
        assert len(scored.combine_chunks().value_counts()) == 1
