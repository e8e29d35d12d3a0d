"""Words for a missing value: for all columns or for one, of any type, and never of an identity."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import neocalc as nc
from neocalc.cohort.columns import column_of
from neocalc.cohort.mapping import Mapped, map_columns
from neocalc.cohort.missing import missing_words, numbers_of, plausible
from shell import Shell, scored_rows

HEADER = ["sex", "age_days", "weight_g", "length_cm", "subject_id"]
NAMES = {name: name for name in HEADER}


@pytest.mark.parametrize(
    ("missing", "everywhere", "single"),
    [
        ((), (), {}),
        (None, (), {}),
        ("NA", ("NA",), {}),
        (-99, ("-99",), {}),
        (-99.0, ("-99",), {}),
        (Decimal("-99.00"), ("-99",), {}),
        (np.float32(999.9), ("999.9",), {}),
        (np.int64(9), ("9",), {}),
        (["NA ", -99, " -99.0", None, math.nan, "", "NA"], ("NA", "-99", "-99.0"), {}),
        (np.array([9, 99]), ("9", "99"), {}),
        (pd.Series(["NA", "."]), ("NA", "."), {}),
        ({"weight_g": 999}, (), {"weight_g": ("999",)}),
        ({"weight_g": [999, "9999"], "all": "NA"}, ("NA",), {"weight_g": ("999", "9999")}),
        ({"note": ["x"]}, (), {}),
        (True, ("True",), {}),
    ],
)
def test_how_words_may_be_given(missing: Any, everywhere: Any, single: Any) -> None:
    """A single number was an error of Python."""
    assert missing_words(missing, NAMES, [*HEADER, "note"]) == (everywhere, single)


def test_a_column_is_named_as_ours_or_as_its_own() -> None:
    names = {"weight_g": "WT"}
    for key in ("weight_g", "WT"):
        assert missing_words({key: 9}, names, ["WT"]) == ((), {"weight_g": ("9",)})


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"wt": 9}, "missing: there is no column 'wt'"),
        ({"subject_id": 99}, "missing: subject_id is an identifier"),
        ([["NA"]], "missing: .* a word or a number, a list of them, or a dict"),
        (object(), "missing: .* a word or a number"),
        ([object()], "missing: .* a word or a number"),
    ],
)
def test_what_is_no_word_is_refused(missing: Any, message: str) -> None:
    with pytest.raises(nc.NeocalcError, match=message):
        map_columns(HEADER, missing=missing)


def test_numbers_are_words_by_their_value() -> None:
    assert numbers_of(["NA", "-99", "9e2", "1_000", "nan", "inf"]) == [-99.0, 900.0]
    assert numbers_of(["999.9"]) == [999.9, float(np.float32(999.9))]
    assert numbers_of(["1e300"]) == [1e300, math.inf]


FRAMES: list[Any] = [
    pd.DataFrame, pl.DataFrame, pa.table, lambda data: pd.DataFrame(data, dtype=object),
    lambda data: pl.DataFrame(data).lazy(), lambda data: pd.DataFrame(data).convert_dtypes(),
]  # fmt: skip


def statuses(frame: Any, **options: Any) -> list[str]:
    """The statuses of weight for age."""
    scored = nc.score(frame, **options)
    column = (scored.collect() if isinstance(scored, pl.LazyFrame) else scored)["waz_status"]
    return [str(word) for word in (column.to_pylist() if hasattr(column, "to_pylist") else column)]


@pytest.mark.requirement("REQ-TAB-08")
@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize(
    "weights",
    [
        [4100.0, 999.9], ["4100", "999.9"], ["4100", " 999.90 "],
        np.array([4100, 999.9], dtype=np.float32), [Decimal("4100"), Decimal("999.90")],
    ],
)  # fmt: skip
def test_a_missing_code_is_one_in_every_frame_and_type(make: Any, weights: Any) -> None:
    """Of pandas, float32 999.9 and Decimal("-99.00") were not recognised; of polars they were."""
    if make in (pa.table, FRAMES[5]) and isinstance(weights[0], Decimal):
        make = pl.DataFrame
    frame = make({"sex": ["m", "f"], "age_days": [30, 30], "weight_g": weights})
    for missing in (999.9, "999.9", ["NA", " 999.90"], Decimal("999.9")):
        assert statuses(frame, missing={"weight_g": missing}) == ["ok", "missing_value"]


@pytest.mark.parametrize(
    ("column", "words", "expected"),
    [
        (pl.Series([9, 99, None]), ("99",), "held gone gone"),
        (pl.Series(["9", " 99.0", "NA ", "x"]), ("99", "NA"), "held gone gone held"),
        (pl.Series([1.5, float("nan")]), ("1.50",), "gone held"),
        (pl.Series([True, False]), ("false",), "held gone"),
        (pl.Series(["a", "NA"], dtype=pl.Categorical), ("NA",), "held gone"),
        (pl.Series(["1900-01-01", "2024-01-01"]).str.to_date(), ("1900-01-01",), "gone held"),
        (pl.Series(["1900-01-01", "2024-01-01"]).str.to_datetime(), ("1900-01-01",), "gone held"),
        (pl.Series([[1]]), ("1",), "held"),
        (pl.Series([b"1"]), ("1",), "held"),
        (pl.Series([Decimal("-99.00"), Decimal("3.10")]), ("-99",), "gone held"),
    ],
)
def test_where_a_word_stands(column: pl.Series, words: tuple[str, ...], expected: str) -> None:
    table = column.alias("x").to_frame()
    found = column_of(table, Mapped({"sex": "x"}, missing=words), "sex")
    assert ["gone" if gone else "held" for gone in found.is_null()] == expected.split()
    assert found.dtype == column.dtype


@pytest.mark.requirement("REQ-TAB-08")
def test_words_of_one_column_touch_no_other(shell: Shell) -> None:
    """--missing 9,99,999 dropped a 999 g infant, an age of 9 days and subject 99."""
    rows = "99,f,28+0,9,999,36\n1,f,28+0,99,2999,48\n9,m,28+0,14,999.0,99\n"
    header = "subject_id,sex,gestational_age,age_days,weight_g,length_cm\n"
    done = shell.score(header + rows, "--missing", "length_cm=99,9")
    assert done.code == 0
    assert "taken as missing" not in done.err
    found = scored_rows(shell.read("out.csv"))
    assert [row[11] for row in found] == ["ok", "ok", "ok"]
    assert [row[14] for row in found] == ["ok", "ok", "missing_value"]
    record = json.loads(shell.read("out.csv.json"))
    assert record["missing"] == []
    assert record["missing_in"] == {"length_cm": ["99", "9"]}


@pytest.mark.requirement("REQ-TAB-08")
def test_a_word_that_may_be_a_value_is_said_with_its_column(shell: Shell) -> None:
    header = "subject_id,sex,age_days,weight_kg\n"
    done = shell.score(header + "1,m,0,0\n2,m,0,3.2\n0,m,10,0\n", "--missing", "0")
    assert "age_days: 2 rows were taken as missing for the word 0, which may be a value" in done.err
    assert "--missing age_days=0" in done.err
    assert "weight_kg: " not in done.err
    (notice,) = json.loads(shell.read("out.csv.json"))["notices"]
    assert notice.startswith("age_days: 2 rows were taken as missing")
    done = shell.score(
        header + "1,m,0,0\n2,m,0,3.2\n0,m,10,0\n", "--missing", "weight_kg=0", "--force"
    )
    assert [row[-1] for row in scored_rows(shell.read("out.csv"))] == [
        "missing_value", "ok", "missing_value"
    ]  # fmt: skip


def test_in_python_it_is_a_warning() -> None:
    frame = pd.DataFrame({"sex": ["m", "m"], "age_days": [9, 30], "weight_g": [3500, 4100]})
    with pytest.warns(nc.ColumnWarning, match=r"age_days: 1 row was .* missing=\{'age_days': \["):
        assert statuses(frame, missing=9) == ["missing_age", "ok"]
    assert statuses(frame, missing=-99) == ["ok", "ok"]


def test_a_word_that_is_a_declared_code_is_said() -> None:
    frame = pd.DataFrame({"sex": [1, 9], "age_days": [30, 30], "weight_g": [3500, 4100]})
    with pytest.warns(nc.ColumnWarning, match="sex: 1 row was taken as missing for the word 9"):
        nc.score(frame, sex_codes={"male": 1, "female": 9}, missing={"sex": 9})


@pytest.mark.requirement("REQ-TAB-08")
def test_an_id_is_never_missing_by_a_number_and_a_word_is_no_id() -> None:
    frame = pd.DataFrame(
        {"subject_id": [99, 99, 1], "sex": ["f"] * 3, "age_days": [152, 213, 30],
         "weight_g": [6900, 7400, 4000]}
    )  # fmt: skip
    scored = nc.velocity.score(frame, missing=[-1, 99, 1])
    assert scored["w_velocity_status"].tolist() == ["first_visit", "ok", "first_visit"]
    # Nor do those without an id become one child of the name NA.
    scored = nc.velocity.score(frame.assign(subject_id=["NA", "NA", "1"]), missing=["NA"])
    assert scored["w_velocity_status"].tolist()[:2] == ["missing_subject"] * 2


def test_what_may_be_a_value() -> None:
    assert plausible("age_days", ["0", "9", "-99", "NA", "99999"]) == ["0", "9"]
    assert plausible("weight_g", ["9", "999", "1e3"]) == ["999", "1e3"]
    assert plausible("sex", ["9"]) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--missing", "weight_g="], "--missing: 'weight_g=' is not accepted; such as NA,-99"),
        (["--missing", "=9"], "--missing: '=9' is not accepted"),
        (["--missing", "wt=9"], "--missing: there is no column 'wt'; or give all"),
        (["--missing", "subject_id=9"], "--missing: subject_id is an identifier"),
    ],
)
def test_wrong_options_are_named(shell: Shell, options: list[str], message: str) -> None:
    header = "subject_id,sex,age_days,weight_g\n1,f,30,4000\n"
    assert message in shell.score(header, *options).problem


def test_a_mapping_file_has_words_for_all_or_for_single_columns(shell: Shell) -> None:
    table = "sex,age_days,WT,length_cm\nf,30,999,NA\nm,30,4000,999\n"
    for content, everywhere, single in (
        ('missing = ["NA", 999]', ["NA", "999"], {}),
        ('[missing]\nweight_g = ["999"]\nall = "NA"', ["NA"], {"weight_g": ["999"]}),
        ("[missing]\nWT = 999", [], {"weight_g": ["999"]}),
        ("missing.weight_g = [999]", [], {"weight_g": ["999"]}),
    ):
        shell.write("map.toml", f"{content}\n[columns]\nweight_g = 'WT'\n")
        shell.score(table, "--columns", "map.toml", "--force")
        record = json.loads(shell.read("out.csv.json"))
        assert (record["missing"], record["missing_in"]) == (everywhere, single)
    shell.write("map.toml", "[missing]\nall = 'NA'\nweight_g = 999\n[columns]\nweight_g = 'WT'\n")
    options = ["--missing", "-1", "--missing", "length_cm=5", "--missing", "length_cm=6"]
    shell.score(table, "--columns", "map.toml", "--force", *options)
    record = json.loads(shell.read("out.csv.json"))
    assert record["missing"] == ["-1"]
    assert record["missing_in"] == {"weight_g": ["999"], "length_cm": ["5", "6"]}
