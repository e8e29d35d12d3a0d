"""Tables in memory: the same kind back, itself unchanged, the same bits from every kind."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import neocalc as nc
from neocalc.cohort.frames import kind_of

VISITS: dict[str, list[Any]] = {
    "id": ["007", "", None, "é", "x"],
    "sex": ["f", "M", None, "x", "f"],
    "birth_date": ["2024-01-01"] * 5,
    "measured_on": ["2024-04-15", "2024-04-15", "2024-04-15", "2024-04-15", None],
    "gestational_age": ["27+3", None, "27.3", "40+0", "30w0d"],
    "weight_g": [3100.0, 3200.5, None, 5000.0, 0.0],
    "length_cm": ["49.5", "50", "51", " ", "x"],
}
POLARS = pl.DataFrame(VISITS)
EXPECTED = nc.score(POLARS)
ADDED = EXPECTED.columns[len(VISITS) :]


def pandas() -> pd.DataFrame:
    return pd.DataFrame(VISITS)


def days(column: str) -> pd.Series[Any]:
    dates = [None if text is None else dt.date.fromisoformat(text) for text in VISITS[column]]
    return pd.Series(dates, dtype=object)


def moments(zone: str | None = None) -> pd.Series[Any]:
    return pd.Series(pd.to_datetime(VISITS["birth_date"]).tz_localize(zone))


def as_polars(scored: Any) -> pl.DataFrame:
    """The added columns of a scored table of any kind, as polars made them."""
    if isinstance(scored, pd.DataFrame):
        columns = {}
        for name in ADDED:
            values = [None if pd.isna(value) else value for value in scored[name].tolist()]
            columns[name] = pl.Series(name, values, dtype=EXPECTED[name].dtype)
        return pl.DataFrame(columns)
    table = scored if isinstance(scored, pl.DataFrame) else pl.from_arrow(scored)
    assert isinstance(table, pl.DataFrame)
    return table.select(pl.col(name).cast(EXPECTED[name].dtype) for name in ADDED)


def test_the_expected_statuses() -> None:
    assert EXPECTED["waz_status"].to_list() == [
        "ok", "ok", "missing_value", "invalid_sex", "missing_age",
    ]  # fmt: skip


PANDAS: dict[str, Callable[[], pd.DataFrame]] = {
    "as read": pandas,
    "object": lambda: pandas().astype(object),
    "nullable": lambda: pandas().convert_dtypes(),
    "string": lambda: pandas().astype({"sex": "string", "gestational_age": "string"}),
    "categorical": lambda: pandas().astype(
        dict.fromkeys(["sex", "birth_date", "gestational_age", "length_cm"], "category")
    ),
    "arrow": lambda: pa.table(VISITS).to_pandas(types_mapper=pd.ArrowDtype),
    "datetime64": lambda: pandas().assign(
        birth_date=moments(), measured_on=pd.to_datetime(pd.Series(VISITS["measured_on"]))
    ),
    "datetime64[s], not at midnight": lambda: pandas().assign(
        birth_date=moments().astype("datetime64[s]") + pd.Timedelta(hours=23)
    ),
    "dates as objects": lambda: pandas().assign(
        birth_date=days("birth_date"), measured_on=days("measured_on")
    ),
    "dates of every class in one column": lambda: pandas().assign(
        birth_date=pd.Series(
            [
                dt.date(2024, 1, 1),
                pd.Timestamp("2024-01-01 13:00"),
                "2024-01-01",
                np.datetime64("2024-01-01"),
                dt.date(2024, 1, 1),
            ],
            dtype=object,
        )
    ),
    "arrow dates": lambda: pandas().assign(
        birth_date=pd.Series(days("birth_date"), dtype=pd.ArrowDtype(pa.date32()))
    ),
    "arrow moments": lambda: pandas().assign(
        birth_date=moments().astype(pd.ArrowDtype(pa.timestamp("ms")))
    ),
    "numbers and texts in one column": lambda: pandas().assign(
        weight_g=pd.Series([3100, "3200.5", None, 5000.0, "0"], dtype=object)
    ),
    "numbers of every class in one column": lambda: pandas().assign(
        weight_g=pd.Series(
            [decimal.Decimal(3100), np.float64(3200.5), None, np.int16(5000), 0], dtype=object
        )
    ),
    "float32": lambda: pandas().astype({"weight_g": "float32"}),
    "Float64": lambda: pandas().astype({"weight_g": "Float64"}),
    "sparse": lambda: pandas().assign(weight_g=pd.arrays.SparseArray(VISITS["weight_g"])),
    "another index": lambda: pandas().set_index(pd.Index([9, 9, -1, 0, 5], name="row")),
    "an index of dates": lambda: pandas().set_index(pd.date_range("2020", periods=5)),
    "names that are no texts": lambda: pandas().assign(more=1).rename(columns={"more": 0}),
    "a subclass": lambda: type("Cohort", (pd.DataFrame,), {})(VISITS),
}


@pytest.mark.requirement("REQ-TAB-12")
@pytest.mark.parametrize("kind", PANDAS)
def test_pandas(kind: str) -> None:
    frame = PANDAS[kind]()
    before = frame.copy(deep=True)
    scored = nc.score(frame)
    assert isinstance(scored, pd.DataFrame)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(pd.DataFrame(scored[frame.columns]), pd.DataFrame(before))
    assert scored.index.equals(before.index)
    assert scored.columns.tolist() == [*frame.columns, *ADDED]
    assert as_polars(scored).equals(EXPECTED.select(ADDED))


def test_the_types_of_the_added_pandas_columns() -> None:
    scored = nc.score(pandas())
    assert scored["chronological_age_days"].dtype == pd.Int64Dtype()
    assert scored["waz"].dtype == np.float64
    assert isinstance(scored["waz_status"].dtype, pd.CategoricalDtype)
    assert isinstance(scored["waz_reference"].dtype, pd.CategoricalDtype)
    assert nc.score(pandas().head(0)).shape == (0, len(VISITS) + len(ADDED))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("birth_date", lambda: moments("UTC")),
        ("birth_date", lambda: moments("Asia/Shanghai").astype(object)),
        ("birth_date", lambda: moments("UTC").astype(pd.ArrowDtype(pa.timestamp("us", "UTC")))),
    ],
)
def test_a_time_zone_is_refused_in_every_kind_of_pandas_column(
    column: str, values: Callable[[], Any]
) -> None:
    with pytest.raises(nc.FileError, match=rf"column {column}: it has the time zone"):
        nc.score(pandas().assign(**{column: values()}))


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("weight_g", [True] * 5, "values of type Boolean are not numbers"),
        ("weight_g", [b"1"] * 5, "values of type Binary are not numbers"),
        ("weight_g", [[1]] * 5, "are not numbers"),
        ("weight_g", [1j] * 5, "are not numbers"),
        ("sex", [["f"]] * 5, "are not accepted"),
        ("birth_date", pd.period_range("2024", periods=5, freq="D"), "are not accepted"),
        ("gestational_age", [27.3] * 5, "gestations are texts"),
        ("sex", pd.Series(["\ud800"] * 5, dtype=object), "is not Unicode text"),
    ],
)
def test_a_pandas_column_of_a_wrong_type_is_refused_by_name(
    column: str, values: Any, message: str
) -> None:
    with pytest.raises(nc.FileError, match=f"^column {column}: .*{message}"):
        nc.score(pandas().assign(**{column: values}))


def test_a_column_that_is_mapped_may_have_a_number_for_a_name() -> None:
    frame = pandas().rename(columns={"weight_g": 7})
    scored = nc.score(frame, columns={"weight_g": "7"})
    assert as_polars(scored).equals(EXPECTED.select(ADDED))


@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_a_pandas_column_without_any_gestation_is_a_column_of_nan() -> None:
    scored = nc.score(pandas().assign(gestational_age=np.nan))
    assert scored["waz_status"].tolist()[:2] == ["ok", "ok"]
    assert scored["postmenstrual_age_days"].isna().all()


def test_repeated_names_are_refused() -> None:
    frame = pd.DataFrame([["f", 3, 3.3, 1, 2]], columns=["sex", "age_days", "weight_kg", "x", "x"])
    with pytest.raises(nc.FileError, match=r"^table: columns 4 and 5 are both named 'x'$"):
        nc.score(frame)


def test_declared_codes_in_pandas_columns() -> None:
    frame = pd.DataFrame({"sex": [1, 2, 3], "age_days": [3, 3, 3], "weight_kg": [3.3] * 3})
    codes = {"male": 1, "female": 2}
    for sex in (
        frame.sex,
        frame.sex.astype(float),
        frame.sex.astype("Int8"),
        frame.sex.astype(str),
    ):
        scored = nc.score(frame.assign(sex=sex), sex_codes=codes)
        assert scored["waz_status"].tolist() == ["ok", "ok", "invalid_sex"]
        assert scored["waz"][0] < scored["waz"][1]


POLARS_KINDS: dict[str, Callable[[], pl.DataFrame]] = {
    "as read": lambda: POLARS,
    "categorical": lambda: POLARS.with_columns(
        pl.col("sex", "gestational_age", "birth_date", "length_cm").cast(pl.Categorical)
    ),
    "enum": lambda: POLARS.with_columns(pl.col("sex").cast(pl.Enum(["x", "M", "f"]))),
    "dates": lambda: POLARS.with_columns(pl.col("birth_date", "measured_on").str.to_date()),
    "moments": lambda: POLARS.with_columns(
        pl.col("birth_date", "measured_on").str.to_datetime("%Y-%m-%d", time_unit="ns")
    ),
    "decimals": lambda: POLARS.with_columns(pl.col("weight_g").cast(pl.Decimal(10, 1))),
    "texts": lambda: POLARS.with_columns(pl.col("weight_g").cast(pl.String)),
    "chunks": lambda: pl.concat([POLARS.head(2), POLARS.slice(2)], rechunk=False),
    "nested columns beside": lambda: POLARS.with_columns(
        visits=pl.Series([[1], [], None, [2, None], [3]]), struct=pl.struct("id")
    ),
}


@pytest.mark.requirement("REQ-TAB-12")
@pytest.mark.parametrize("kind", POLARS_KINDS)
def test_polars(kind: str) -> None:
    frame = POLARS_KINDS[kind]()
    before = frame.clone()
    scored = nc.score(frame)
    assert isinstance(scored, pl.DataFrame)
    assert frame.equals(before)
    assert scored.select(frame.columns).equals(before)
    assert scored.select(frame.columns).schema == before.schema
    assert scored.select(ADDED).equals(EXPECTED.select(ADDED))


@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_polars_columns_without_a_value() -> None:
    empty = POLARS.with_columns(pl.lit(None).alias(name) for name in VISITS if name != "sex")
    scored = nc.score(empty)
    assert scored["waz_status"].to_list() == ["missing_value"] * 5
    assert scored["postmenstrual_age_days"].to_list() == [None] * 5


def test_a_time_zone_is_refused_in_polars_and_pyarrow() -> None:
    frame = POLARS.with_columns(
        pl.col("birth_date").str.to_datetime("%Y-%m-%d", time_zone="Asia/Shanghai")
    )
    for table in (frame, frame.to_arrow()):
        with pytest.raises(nc.FileError, match="column birth_date: it has the time zone Asia/Sh"):
            nc.score(table)


ARROW = pa.table(VISITS)


def replaced(name: str, values: Any) -> pa.Table:
    return ARROW.set_column(list(VISITS).index(name), name, values)


ARROW_KINDS: dict[str, Callable[[], pa.Table]] = {
    "as read": lambda: ARROW,
    "dictionary": lambda: replaced("sex", ARROW["sex"].dictionary_encode()),
    "large strings": lambda: replaced("sex", ARROW["sex"].cast(pa.large_string())),
    "string views": lambda: replaced("sex", ARROW["sex"].cast(pa.string_view())),
    "date32": lambda: replaced("measured_on", pa.array(days("measured_on"), pa.date32())),
    "date64": lambda: replaced("measured_on", pa.array(days("measured_on"), pa.date64())),
    "timestamps": lambda: replaced("birth_date", pa.array(moments(), pa.timestamp("s"))),
    "float32": lambda: replaced("weight_g", ARROW["weight_g"].cast(pa.float32())),
    "chunks": lambda: pa.concat_tables([ARROW.slice(0, 2), ARROW.slice(2)]),
    "nested columns beside": lambda: ARROW.append_column("v", pa.array([[1], [], None, [2], []])),
}


@pytest.mark.requirement("REQ-TAB-12")
@pytest.mark.parametrize("kind", ARROW_KINDS)
def test_pyarrow(kind: str) -> None:
    frame = ARROW_KINDS[kind]()
    scored = nc.score(frame)
    assert isinstance(scored, pa.Table)
    assert scored.select(frame.column_names).equals(frame)
    assert scored.column_names == [*frame.column_names, *ADDED]
    scored.validate(full=True)
    assert as_polars(scored).equals(EXPECTED.select(ADDED))


@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_pyarrow_without_a_value_or_a_row() -> None:
    scored = nc.score(replaced("gestational_age", pa.nulls(5)))
    assert scored["postmenstrual_age_days"].to_pylist() == [None] * 5
    assert nc.score(ARROW.slice(0, 0)).num_rows == 0


def test_a_scored_pyarrow_table_is_usable_by_others() -> None:
    scored = nc.score(ARROW)
    assert scored.to_pandas()["waz_status"].tolist() == EXPECTED["waz_status"].to_list()
    file = io.BytesIO()
    pq.write_table(scored, file)
    assert pq.read_table(io.BytesIO(file.getvalue())).num_rows == 5


def test_a_lazy_table_is_scored_when_it_is_collected() -> None:
    lazy = nc.score(POLARS.lazy())
    assert isinstance(lazy, pl.LazyFrame)
    assert lazy.collect().equals(EXPECTED)
    assert lazy.select("waz").collect().equals(EXPECTED.select("waz"))
    with pytest.raises(nc.FileError, match="values of type Boolean"):
        nc.score(POLARS.with_columns(weight_g=True).lazy())


def test_nothing_can_be_attached_to_a_query_that_has_no_rows_yet() -> None:
    lazy = POLARS.lazy()
    kind = kind_of(lazy)
    assert kind.select(lazy, ["sex"], None).equals(POLARS.select("sex"))
    with pytest.raises(nc.InputError, match=r"collect\(\) it first"):
        kind.attach(lazy, [])


@pytest.mark.requirement("REQ-TAB-12")
@pytest.mark.parametrize("frame", [None, VISITS, np.zeros(3), "cohort.csv", pd.Series([1])])
def test_what_is_no_table_is_refused(frame: object) -> None:
    with pytest.raises(nc.InputError, match="a pandas or polars DataFrame, a polars LazyFrame"):
        nc.score(frame)


def test_a_table_of_spark_is_told_where_to_go() -> None:
    spark = type("DataFrame", (), {"__module__": "pyspark.sql.dataframe"})()
    with pytest.raises(nc.InputError, match=r"neocalc\.spark takes Spark DataFrames"):
        nc.score(spark)
