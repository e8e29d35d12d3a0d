"""Frames of every kind give the same values: lazy, nullable, dictionary and categorical.

A LazyFrame stays one: nothing is read before it is collected, and polars reads only what is needed.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import neocalc as nc
from neocalc.cohort import frames
from neocalc.cohort import table as cohort

Engine = Literal["in-memory", "streaming"]
ENGINES: tuple[Engine, ...] = ("in-memory", "streaming")


SEXES = ("male", "female", "m", "", "X")
SHARES = (0.4, 0.3, 0.2, 0.05, 0.05)


def visits(n: int = 2000, seed: int = 3) -> pl.DataFrame:
    """Visits of which some are bad, beside columns that only pass through."""
    random = np.random.default_rng(seed)
    days = random.integers(-5, 2000, n)
    weeks = random.integers(22, 42, n)
    table = pl.DataFrame(
        {
            "id": [f"{i:07d}" for i in range(n)],
            "sex": random.choice(
                ["male", "female", "f", "", "X"], n, p=[0.4, 0.4, 0.1, 0.05, 0.05]
            ),
            "age_days": days,
            "gestational_age": [f"{week}+{i % 8}" for i, week in enumerate(weeks)],
            "weight_g": (3000 + days * 5 + random.normal(0, 400, n)).round().astype(np.int64),
            "length_cm": (50 + days / 30 + random.normal(0, 2, n)).round(1),
            "oedema": random.choice(["no", "yes"], n, p=[0.97, 0.03]),
            "site": random.choice(["A", "B"], n),
        }
    )
    holes = pl.Series(random.random(n) < 0.03)
    return table.with_columns(
        pl.when(~holes).then(pl.col(name)).alias(name) for name in ("age_days", "weight_g")
    )


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More visits than are scored at once, in a file."""
    path = tmp_path_factory.mktemp("lazy") / "visits.parquet"
    visits(300_000).write_parquet(path, row_group_size=70_000)
    return path


# ---------------------------------------------------------------------------------------- LazyFrame


@pytest.mark.requirement("REQ-TAB-12")
@pytest.mark.parametrize("engine", ENGINES)
def test_lazy_is_the_same_as_eager(parquet: Path, engine: Engine) -> None:
    """In one piece or streamed in many: same rows, order, types and bits."""
    options: dict[str, Any] = {"centiles": True, "uncorrected": True}
    expected = nc.score(pl.read_parquet(parquet), **options)
    query = nc.score(pl.scan_parquet(parquet), **options)
    assert isinstance(query, pl.LazyFrame)
    assert query.collect_schema() == expected.schema
    got = query.collect(engine=engine)
    assert got.schema == expected.schema
    assert got.equals(expected)
    z = got["waz"].drop_nulls().to_numpy().view(np.uint64)
    np.testing.assert_array_equal(z, expected["waz"].drop_nulls().to_numpy().view(np.uint64))


@pytest.mark.requirement("REQ-TAB-12")
def test_nothing_is_read_before_collect(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    visits(50).write_csv(path)
    query = nc.score(pl.scan_csv(path, infer_schema=False))
    assert isinstance(query, pl.LazyFrame)
    path.unlink()
    visits(80).write_csv(path)
    assert query.collect().height == 80


def test_only_the_needed_columns_are_read(parquet: Path) -> None:
    """What polars pushes down to the file is neither hindered nor changed by the scoring."""
    query = nc.score(pl.scan_parquet(parquet)).filter(pl.col("site") == "A").select("waz")
    plan = query.explain()
    assert "PROJECT 7/8 COLUMNS" in plan
    assert 'SELECTION: col("site") == "A"' in plan
    expected = nc.score(pl.read_parquet(parquet)).filter(pl.col("site") == "A").select("waz")
    assert query.collect().equals(expected)
    assert "python" not in nc.score(pl.scan_parquet(parquet)).select("site").explain()


def test_rows_that_are_not_asked_for_are_not_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = []

    def counting(table: pl.DataFrame, *given: Any) -> list[pl.Series]:
        rows.append(table.height)
        return added(table, *given)

    added = cohort.added_columns
    monkeypatch.setattr(cohort, "added_columns", counting)
    assert nc.score(visits(2000).lazy()).head(30).collect().height == 30
    assert sum(rows) == 30


def test_all_rows_are_scored_where_they_are_of_children() -> None:
    """The fact that a row leaves empty may stand in the last row of its child."""
    table = pl.DataFrame(
        {
            "subject_id": ["1", "2", "1"],
            "sex": ["", "m", "f"],
            "age_days": [60, 60, 121],
            "weight_kg": [4.9, 4.9, 6.4],
        }
    )
    scored = nc.score(table)
    assert scored["waz_status"].to_list() == ["ok", "ok", "ok"]
    assert nc.score(table.lazy()).head(1).collect().equals(scored.head(1))
    for engine in ENGINES:
        assert nc.score(table.lazy()).collect(engine=engine).equals(scored)


@pytest.mark.parametrize("engine", ENGINES)
def test_inside_a_larger_query(parquet: Path, engine: Engine) -> None:
    def query(table: Any) -> Any:
        return (
            table.filter(pl.col("site") == "B")
            .pipe(nc.score, policy=nc.Policy(correct_until="24 month"))
            .filter(pl.col("waz_status") == "ok", pl.col("waz_reference") == "who-2006")
            .group_by("sex")
            .agg(pl.len(), pl.col("waz").max())
            .sort("sex")
        )

    lazy = query(pl.scan_parquet(parquet)).collect(engine=engine)
    assert lazy.equals(query(pl.read_parquet(parquet)))


def test_streamed_to_a_file(parquet: Path, tmp_path: Path) -> None:
    nc.score(pl.scan_parquet(parquet)).sink_parquet(tmp_path / "scored.parquet")
    got = pl.read_parquet(tmp_path / "scored.parquet")
    assert got.equals(nc.score(pl.read_parquet(parquet)))


def test_a_lazy_csv(tmp_path: Path) -> None:
    visits(300).write_csv(tmp_path / "visits.csv")
    query = nc.score(pl.scan_csv(tmp_path / "visits.csv", infer_schema=False))
    assert query.collect().equals(
        nc.score(pl.read_csv(tmp_path / "visits.csv", infer_schema=False))
    )


@pytest.mark.parametrize("n", [0, 1])
def test_few_rows(n: int) -> None:
    table = visits(5).head(n)
    assert nc.score(table.lazy()).collect().equals(nc.score(table))


def test_a_wrong_column_is_refused_before_the_query_runs() -> None:
    table = visits(5).lazy()
    with pytest.raises(nc.FileError, match="no column sex"):
        nc.score(table.drop("sex"))
    with pytest.raises(nc.FileError, match="waz already"):
        nc.score(table.with_columns(waz=1))
    zoned = pl.col("age_days").cast(pl.Datetime("us", "Europe/Rome"))
    dated = table.with_columns(birth_date=zoned, measured_on=zoned).drop("age_days")
    with pytest.raises(nc.FileError, match="time zone Europe/Rome"):
        nc.score(dated)


def test_a_fault_that_only_values_show_is_named_when_it_is_collected() -> None:
    query = nc.score(visits(5).lazy().with_columns(gestational_age=27.3))
    with pytest.raises(nc.FileError, match="column gestational_age: gestations are texts"):
        query.collect()


def test_a_column_with_any_name_comes_through() -> None:
    table = visits(20).with_columns(neocalc_gestational_age=1, neocalc=2, zzz_neocalc_gestation=3)
    ours = ["neocalc_gestational_age", "zzz_neocalc_gestation"]
    scored = nc.score(table, ignore=ours)
    assert nc.score(table.lazy(), ignore=ours).collect().equals(scored)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_depend_on_others_come_in_one_piece(parquet: Path, engine: Engine) -> None:
    def added(table: pl.DataFrame) -> list[pl.Series]:
        return [pl.Series("rows", [table.height]).new_from_index(0, table.height)]

    query = frames.with_added(pl.scan_parquet(parquet), ["age_days", "sex"], added, by_row=False)
    assert query.select(pl.col("rows").unique()).collect(engine=engine).item() == 300_000


# -------------------------------------------------------------------------------- types of columns


def as_types(table: pl.DataFrame) -> dict[str, Any]:
    """The same table with other types, in every library."""
    words = ["sex", "gestational_age", "oedema"]
    pandas = table.to_pandas()
    nullable = pandas.convert_dtypes()
    arrow = pa.table({name: table[name].to_list() for name in table.columns})
    dictionary = arrow
    for name in words:
        at = dictionary.column_names.index(name)
        dictionary = dictionary.set_column(at, name, dictionary[name].dictionary_encode())
    enum = {name: pl.Enum(table[name].unique().drop_nulls().sort()) for name in words}
    return {
        "polars": table,
        "polars categorical": table.with_columns(pl.col(words).cast(pl.Categorical)),
        "polars enum": table.with_columns(pl.col(name).cast(kind) for name, kind in enum.items()),
        "polars small": table.with_columns(
            pl.col("age_days").cast(pl.Int16), pl.col("weight_g").cast(pl.UInt32)
        ),
        "polars decimal": table.with_columns(pl.col("length_cm").cast(pl.Decimal(6, 1))),
        "pandas": pandas,
        "pandas nullable": nullable,
        "pandas categorical": pandas.astype(dict.fromkeys(words, "category")),
        "pandas categorical numbers": pandas.astype({"age_days": "category"}),
        "pandas objects": pandas.astype(dict.fromkeys(words, object)),
        "pandas arrow": table.to_pandas(use_pyarrow_extension_array=True),
        "pyarrow": arrow,
        "pyarrow dictionary": dictionary,
        "pyarrow chunks": pa.concat_tables([arrow.slice(0, 700), arrow.slice(700)]),
    }


KINDS = list(as_types(visits(5)))


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_column(kind: str) -> None:
    table = visits()
    frame = as_types(table)[kind]
    expected = nc.score(table)
    scored = nc.score(frame)
    assert type(scored) is type(frame)
    for name in ("corrected_age_days", "waz", "wlz", "waz_status", "waz_reference"):
        column = scored[name]
        values = column.to_list() if hasattr(column, "to_list") else column.to_pylist()
        missing = [None if v is None or v is pd.NA or v != v else v for v in values]
        assert missing == expected[name].to_list(), name


@pytest.mark.parametrize("kind", ["pandas", "pandas nullable", "pandas arrow"])
def test_dates_of_pandas(kind: str) -> None:
    born = pd.Series(["2026-05-01", None, "2026-05-01"], dtype="datetime64[ns]")
    on = pd.Series([dt.date(2026, 8, 14)] * 3, dtype=object)
    frame = pd.DataFrame({"sex": "f", "birth_date": born, "measured_on": on, "weight_kg": 6.0})
    if kind == "pandas nullable":
        frame = frame.convert_dtypes()
    elif kind == "pandas arrow":
        frame["birth_date"] = frame["birth_date"].astype("date32[pyarrow]")
        frame["measured_on"] = frame["measured_on"].astype("date32[pyarrow]")
    scored = nc.score(frame)
    assert scored["waz_status"].to_list() == ["ok", "missing_age", "ok"]
    assert scored["chronological_age_days"][0] == 105


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_dates_in_every_unit_of_time(unit: Any) -> None:
    born = pa.array([np.datetime64("2026-05-01", unit)]).cast(pa.timestamp(unit))
    table = pa.table({"sex": ["f"], "birth_date": born, "measured_on": born, "weight_kg": [3.0]})
    assert nc.score(table)["chronological_age_days"].to_pylist() == [0]
    assert nc.score(table.to_pandas())["chronological_age_days"].to_list() == [0]


@pytest.mark.parametrize("make", [pa.Table.to_pandas, pl.DataFrame, lambda table: table])
def test_a_time_zone_is_refused(make: Any) -> None:
    zoned = pa.array([0], pa.timestamp("us", "Asia/Kolkata"))
    table = pa.table({"sex": ["f"], "birth_date": zoned, "measured_on": zoned, "weight_kg": [3.0]})
    with pytest.raises(nc.FileError, match="time zone"):
        nc.score(make(table))


# ------------------------------------------------------------------------------------------- copies


def test_own_columns_are_not_copied() -> None:
    table = visits(1000)
    arrow = table.to_arrow()
    scored = nc.score(arrow)
    for name in arrow.column_names:
        ours, theirs = (t[name].chunk(0).buffers()[-1].address for t in (arrow, scored))
        assert ours == theirs
    pandas = table.to_pandas()
    for name in ("length_cm", "age_days"):
        assert np.shares_memory(pandas[name].to_numpy(), nc.score(pandas)[name].to_numpy())
    again = nc.score(table)
    for name in ("length_cm", "id"):
        ours, theirs = (t[name].to_arrow().buffers()[1].address for t in (table, again))
        assert ours == theirs


@pytest.mark.requirement("REQ-TAB-01")
def test_the_frame_that_was_given_is_not_changed() -> None:
    for frame in as_types(visits(50)).values():
        before = frame.copy(deep=True) if isinstance(frame, pd.DataFrame) else frame
        columns = list(getattr(frame, "column_names", None) or frame.columns)
        nc.score(frame)
        assert list(getattr(frame, "column_names", None) or frame.columns) == columns
        assert frame.equals(before)
