"""Spark gives the same rows as one machine: same columns, same values to the last bit, same words.

One real local session serves the module. Without Java 17 or pyspark its tests are skipped, with the
reason, unless NEOCALC_NEEDS_SPARK is set: then they fail.
"""

from __future__ import annotations

import datetime as dt
import decimal
import itertools
import os
import re
import shutil
import subprocess
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc import spark as on_spark
from neocalc.cohort import followup as followup_tables
from neocalc.cohort import table as cohort
from neocalc.dose import Dosing, Limits
from neocalc.spark import tasks as spark_tasks
from neocalc.spark.orders import read, written
from neocalc.velocity.increments import Rules

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.filterwarnings(
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore::ResourceWarning",  # sockets that Spark leaves to the garbage collector
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
JAVA = 17
QUICK_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Of Java: what is compiled well does not pay in a few seconds."""
TABLES = Path(__file__).resolve().parents[2] / "reference_tables"


def lacking() -> str | None:
    """What Spark needs and is not here, if anything."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return 'pyspark is not installed: pip install "neocalc[spark]"'
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        return f"there is no Java: Spark needs {JAVA} or later"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(\d+)', said.stderr + said.stdout)
    if version is None or int(version[1]) < JAVA:
        return f"{java} is not Java {JAVA} or later, which Spark needs"
    return None


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local session of two threads, whose tasks may fail three times."""
    reason = lacking()
    if reason is not None:
        if os.environ.get("NEOCALC_NEEDS_SPARK"):
            pytest.fail(reason)
        pytest.skip(reason)
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        folder = tmp_path_factory.mktemp("spark")
        session = (
            SparkSession.builder.master("local[2,4]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.extraJavaOptions", QUICK_START)
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.local.dir", str(folder / "local"))
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.sql.shuffle.partitions", "3")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "300")
            .config("spark.sql.session.timeZone", "Asia/Kolkata")
            .config("spark.log.level", "OFF")
            .getOrCreate()
        )
        yield session
        session.stop()


# ------------------------------------------------------------------------------------- the tables

SEXES = ("male", "female", "M", "f", None, "", "X")
GESTATIONS = ("27+3", "24w0d", "39 2/7", "36+6", None, "", "27.3", "19+6", "30+1")
POSITIONS = ("recumbent", "standing", "l", "h", None, "sideways")


def visits(n: int = 4000, seed: int = 5) -> pa.Table:
    """Visits of which many are bad, among columns of other types that have to come through."""
    random = np.random.default_rng(seed)

    def pick(words: tuple[str | None, ...], good: int) -> list[str | None]:
        """Mostly the first words, some of the others."""
        at = np.where(random.random(n) < 0.95, random.integers(0, good, n), 0)
        rest = random.integers(good, len(words), n)
        bad = random.random(n) < 0.05
        return [words[j] if b else words[i] for i, j, b in zip(at, rest, bad, strict=True)]

    days = random.integers(-3, 2000, n)
    born = np.datetime64("2020-01-01") + random.integers(0, 1500, n)
    missing = random.random((4, n)) < 0.03
    weight = np.round(3000 + days * 5 + random.normal(0, 400, n)).astype(np.int32)
    length = np.round(50 + days / 30 + random.normal(0, 2, n), 1)
    length[random.random(n) < 0.01] = np.inf
    length[random.random(n) < 0.01] = -1.0
    odd = ("", " 36.5 ", "x", "-2")
    head = [odd[i % 4] if i % 50 == 0 else f"{35 + d / 150:.1f}" for i, d in enumerate(days)]
    stamp = dt.datetime(2024, 3, 10, 2, 30, tzinfo=dt.UTC)
    return pa.table(
        {
            "row": pa.array(np.arange(n)),
            "id": pa.array([f"{i:07d}" for i in range(n)]),
            "sex": pa.array(pick(SEXES, 4)),
            "birth_date": pa.array(born, mask=missing[0]),
            "measured_on": pa.array(born + days, mask=missing[1]),
            "gestational_age": pa.array(pick(GESTATIONS, 4)),
            "weight_g": pa.array(weight, mask=missing[2]),
            "length_cm": pa.array(length, mask=missing[3]),
            "length_position": pa.array(pick(POSITIONS, 4)),
            "head_circumference_cm": pa.array(head),
            "oedema": pa.array(pick(("no", "n", "yes", None, "perhaps"), 2)),
            "seen_at": pa.array([stamp + dt.timedelta(minutes=i) for i in range(n)]),
            "local_time": pa.array([dt.datetime(2024, 3, 10, 2, 30)] * n),  # noqa: DTZ001
            "dose": pa.array([decimal.Decimal(i) / 1000 for i in range(n)], pa.decimal128(38, 10)),
            "tags": pa.array([["a", None, str(i)] if i % 3 else None for i in range(n)]),
            "nested": pa.array([{"x": i, "y": [1.5, None]} for i in range(n)]),
            "blob": pa.array([b"\x00\xff"] * n),
            "small": pa.array([i % 100 for i in range(n)], pa.int8()),
            "real": pa.array(np.where(np.arange(n) % 7, np.nan, 0.1), pa.float32()),
            "nothing": pa.nulls(n),
        }
    )


def children(n: int = 3000, seed: int = 6) -> pa.Table:
    """Visits of few children in no order: of some unnamed, twice a day, or of changing sex."""
    random = np.random.default_rng(seed)
    child = random.integers(0, n // 6, n)
    names: list[str | None] = [f"{c:05d}" for c in child]
    for i in np.flatnonzero(random.random(n) < 0.04):
        names[i] = None if i % 2 else ""
    days = random.integers(0, 40, n) * 30
    return pa.table(
        {
            "row": pa.array(np.arange(n)),
            "subject_id": pa.array(names),
            "sex": pa.array(["m" if c % 2 or i % 499 == 0 else "f" for i, c in enumerate(child)]),
            "birth_date": pa.array(np.datetime64("2020-01-01") + child),
            "measured_on": pa.array(np.datetime64("2020-01-01") + child + days),
            "gestational_age": pa.array([f"{26 + c % 15}+{c % 7}" for c in child]),
            "weight_kg": pa.array(np.round(3 + days / 150 + random.normal(0, 0.3, n), 3)),
            "length_cm": pa.array(np.round(50 + days / 30 + random.normal(0, 1, n), 1)),
        }
    )


def widened(table: pl.DataFrame) -> pl.DataFrame:
    """The types that Spark has for those of polars, in the order of the rows."""
    enums = [name for name, kind in table.schema.items() if kind == pl.Enum]
    whole = [name for name in table.columns if "days" in name or "months" in name]
    whole += [n for n, kind in table.schema.items() if n.endswith("_from") and kind == pl.Int32]
    return table.with_columns(pl.col(enums).cast(pl.String), pl.col(whole).cast(pl.Int64))


def local(table: pa.Table, **options: Any) -> pl.DataFrame:
    """What neocalc.score gives on this machine."""
    return widened(nc.score(pl.DataFrame(table), **options))


def collected(df: DataFrame) -> pl.DataFrame:
    """All rows of a Spark DataFrame, in the order of their numbers."""
    return pl.DataFrame(df.toArrow()).sort("row", maintain_order=True)


def bits(column: pl.Series) -> pl.Series:
    """Floats as whole numbers: -0.0 is not 0.0."""
    return pl.Series(column.fill_null(0.0).to_numpy().view(np.uint64))


def assert_identical(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    """The same columns, rows and types, and the same bits."""
    assert got.columns == expected.columns
    for name in got.columns:
        ours, theirs = got[name], expected[name]
        assert ours.dtype == theirs.dtype, name
        assert ours.is_null().equals(theirs.is_null()), name
        if ours.dtype == pl.Float64:
            assert bits(ours).equals(bits(theirs)), name
        else:
            assert ours.equals(theirs), name


# --------------------------------------------------------------------------- the same as elsewhere

OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "all columns": {"centiles": True, "uncorrected": True},
    "policy": {
        "policy": nc.Policy(
            preterm_reference="fenton-2025",
            handover=nc.Q(44, "week"),
            preterm_below="36+0",
            correct_until="24 month",
            require_position=True,
        )
    },
    "one reference": {"reference": "fenton-2013"},
    "codes": {
        "sex_codes": {"male": "M", "female": "female"},
        "columns": {"age_days": "small"},
        "missing": ["x", "27.3"],
    },
}


@pytest.mark.requirement("REQ-SPARK-01")
@pytest.mark.parametrize("name", list(OPTIONS))
def test_identical_to_one_machine(spark: SparkSession, name: str) -> None:
    table = visits()
    df = spark.createDataFrame(table).repartition(5)
    got = collected(on_spark.score(df, **OPTIONS[name]))
    expected = local(table, **OPTIONS[name])
    added = [column for column in expected.columns if column not in table.column_names]
    assert_identical(got.select(added), expected.select(added))
    words = {word for column in added if column.endswith("_status") for word in expected[column]}
    assert len(words) > 7  # the table is as bad as it is meant to be


def test_every_column_passes_through(spark: SparkSession) -> None:
    from pyspark.sql.functions import col, create_map, expr

    df = spark.createDataFrame(visits(600)).repartition(4)
    df = df.withColumns(
        {
            "map": create_map(col("id"), col("row")),
            "interval": expr("make_dt_interval(1, 2, 3, 4.5)"),
            "variant": expr("parse_json('{\"a\": [1, null]}')"),
            "commented": col("id"),
        }
    )
    df = df.withMetadata("commented", {"comment": "the registry's"})
    scored = on_spark.score(df)
    own = df.schema.fields
    assert scored.schema.fields[: len(own)] == own
    assert scored.schema["commented"].metadata == {"comment": "the registry's"}
    first = [row.asDict(recursive=True) for row in df.orderBy("row").collect()]
    after = [row.asDict(recursive=True) for row in scored.select(df.columns).collect()]
    after.sort(key=lambda row: int(row["row"]))
    assert repr(after) == repr(first)  # NaN is not equal to itself, but looks the same


def test_types_of_the_added_columns(spark: SparkSession) -> None:
    scored = on_spark.score(spark.createDataFrame(visits(10)), centiles=True)
    types = dict(scored.dtypes)
    assert types["corrected_age_days"] == "bigint"
    assert types["waz"] == types["waz_centile"] == "double"
    assert types["waz_reference"] == types["waz_status"] == "string"


def test_dotted_names(spark: SparkSession) -> None:
    table = visits(50)
    names = [f"t.{n}`*" if n in ("weight_g", "tags") else n for n in table.column_names]
    table = table.rename_columns(names)
    scored = on_spark.score(spark.createDataFrame(table), columns={"weight_g": "t.weight_g`*"})
    assert scored.columns[: len(names)] == names
    expected = local(table, columns={"weight_g": "t.weight_g`*"})
    assert collected(scored)["waz"].equals(expected["waz"])


def test_names_that_differ_in_case_alone(spark: SparkSession) -> None:
    """Two columns where Spark minds the case of names; refused where it does not."""
    table = visits(20).append_column("WAZ", pa.array(range(20)))
    with pytest.raises(nc.FileError, match="waz already"):
        on_spark.score(spark.createDataFrame(table))
    spark.conf.set("spark.sql.caseSensitive", "true")
    try:
        got = collected(on_spark.score(spark.createDataFrame(table)))
    finally:
        spark.conf.unset("spark.sql.caseSensitive")
    assert got["WAZ"].to_list() == list(range(20))
    assert got["waz"].equals(local(table)["waz"])


def test_a_bad_row_stays_a_row(spark: SparkSession) -> None:
    rows = [
        (0, "f", "3.5", 100),
        (1, None, "3.5", 100),
        (2, "f", "three", 100),
        (3, "f", None, 100),
        (4, "f", "3.5", None),
        (5, "f", "3.5", -7),
        (6, "?", "3.5", 100_000),
    ]
    df = spark.createDataFrame(rows, "row long, sex string, weight_kg string, age_days int")
    words = collected(on_spark.score(df.repartition(3)))["waz_status"].to_list()
    assert words == [
        "ok",
        "missing_sex",
        "invalid_value",
        "missing_value",
        "missing_age",
        "invalid_age",
        "invalid_sex",
    ]


@pytest.mark.requirement("REQ-SPARK-01")
@pytest.mark.parametrize("partitions", [1, 2, 7])
def test_any_partitioning(spark: SparkSession, partitions: int) -> None:
    """Also into partitions of very different sizes, some empty, and with rows that come twice."""
    table = visits(700)
    df = spark.createDataFrame(table)
    df = df.union(df).repartition(partitions, "sex")
    twice = pl.concat([pl.DataFrame(table)] * 2).sort("row", maintain_order=True)
    names = ["row", "waz", "waz_status", "wlz", "wlz_reference"]
    got = collected(on_spark.score(df).select(names))
    assert_identical(got, widened(nc.score(twice)).select(names))


def test_no_rows(spark: SparkSession) -> None:
    df = spark.createDataFrame(visits(5)).where("row < 0")
    scored = on_spark.score(df)
    assert scored.count() == 0
    assert scored.columns == nc.score(pl.DataFrame(visits(5))).columns


def test_inside_a_larger_query(spark: SparkSession) -> None:
    from pyspark.sql.functions import count
    from pyspark.sql.functions import max as highest

    table = visits(900)
    df = spark.createDataFrame(table).repartition(3)
    query = (
        df.where("small < 50")
        .transform(on_spark.score, uncorrected=True)
        .where("waz_status = 'ok'")
        .groupBy("waz_reference")
        .agg(count("*").alias("n"), highest("waz").alias("most"))
    )
    kept = local(table, uncorrected=True).filter(
        (pl.col("small") < 50) & (pl.col("waz_status") == "ok")
    )
    expected = kept.group_by("waz_reference").agg(n=pl.len(), most=pl.col("waz").max())
    got = {row["waz_reference"]: (row["n"], row["most"]) for row in query.collect()}
    assert got == {r: (n, most) for r, n, most in expected.iter_rows()}


def test_streaming(spark: SparkSession, tmp_path: Path) -> None:
    table = visits(300)
    for i in range(3):
        pl.DataFrame(table.slice(100 * i, 100)).drop("nothing").write_parquet(
            tmp_path / "in" / f"{i}.parquet", mkdir=True
        )
    source = str(tmp_path / "in")
    df = spark.readStream.schema(spark.read.parquet(source).schema).parquet(source)
    query = (
        on_spark.score(df)
        .writeStream.format("parquet")
        .option("checkpointLocation", str(tmp_path / "state"))
        .trigger(availableNow=True)
        .start(str(tmp_path / "out"))
    )
    assert query.awaitTermination(60)
    got = collected(spark.read.parquet(str(tmp_path / "out")))
    assert got["waz"].equals(local(table)["waz"])


def test_a_stream_never_has_all_rows_of_a_child(spark: SparkSession, tmp_path: Path) -> None:
    """Its facts could stand in a row that has not come yet."""
    pl.DataFrame(children(30)).write_parquet(tmp_path / "in" / "0.parquet", mkdir=True)
    source = str(tmp_path / "in")
    df = spark.readStream.schema(spark.read.parquet(source).schema).parquet(source)
    for scored in (on_spark.score, on_spark.velocity):
        with pytest.raises(
            nc.FileError, match=r"a stream .* column subject_id out, .*foreachBatch"
        ):
            scored(df)


IDS = (
    "001", " 001", "001\t", "1", "A1", "a1", "A\u200b1", "e\u03011", "\u00e91", "K2", "\u212a2",
    "\u674e\u660e", "\u674e\u660e ", "A 1", "A\u00a01", "", " ", "\u200b", None, "NA",
)  # fmt: skip
"""Ids that are the same but for blanks, and others that only look the same."""


def test_the_characters_whose_normal_form_is_ascii() -> None:
    """Only these can make two ids one of which the other has no character beyond ASCII."""
    found = {
        chr(code): unicodedata.normalize("NFC", chr(code))
        for code in range(0x80, 0x11_0000)
        if unicodedata.normalize("NFC", chr(code)).isascii()
    }
    assert found == dict(zip(*on_spark.ALIKE, strict=True))


@pytest.mark.requirement("REQ-CHILD-04")
def test_facts_of_a_child_are_found_in_any_partition(spark: SparkSession) -> None:
    """Gestation and sex stand in one row of each child; two rows of some contradict each other."""
    random = np.random.default_rng(2)
    names = [IDS[i] for i in random.integers(0, len(IDS), 400)]
    given = pl.DataFrame(
        {
            "row": range(400),
            "subject_id": names,
            "sex": [None if random.random() < 0.9 else "f" for _ in names],
            "gestational_age": [None if random.random() < 0.9 else "28+0" for _ in names],
            "age_days": random.integers(0, 900, 400),
            "weight_kg": random.integers(10, 90, 400) / 10,
        }
    )
    given = given.with_columns(
        pl.when(pl.col("row") == names.index("a1")).then(pl.lit("m")).otherwise("sex").alias("sex")
    )
    df = spark.createDataFrame(given.to_arrow()).repartition(7)
    with pytest.warns(nc.ColumnWarning, match="blanks around"):
        expected = widened(nc.score(given, missing=["NA"]))
    assert_identical(collected(on_spark.score(df, missing=["NA"])), expected)
    words = set(expected["waz_status"])
    assert {"ok", "missing_sex", "subject_conflict"} <= words
    with pytest.warns(nc.ColumnWarning):
        paired = widened(nc.velocity.score(given, missing=["NA"]))
    assert_identical(collected(on_spark.velocity(df, missing=["NA"])), paired)


@pytest.mark.requirement("REQ-FOLLOW-09", "REQ-FOLLOW-10", "REQ-SPARK-01")
@pytest.mark.parametrize(
    "options",
    [{}, {"against": "interval", "interval": "2 month", "window": "20 day", "between": "scale"}],
)
def test_velocity_is_identical_to_one_machine(spark: SparkSession, options: dict[str, Any]) -> None:
    table = children()
    df = spark.createDataFrame(table).repartition(4)
    got = collected(on_spark.velocity(df, **options))
    expected = widened(nc.velocity.score(pl.DataFrame(table), **options))
    assert_identical(got, expected)
    words = set(expected["w_velocity_status"])
    own = "no_visit_in_window" if options else "ok"
    assert {own, "missing_subject", "subject_conflict", "duplicate_visit"} <= words


# ------------------------------------------------------------------------------- errors come first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop sex", "no column sex"),
        ("rename row WAZ", "waz already"),
        ("birth_date to_timestamp(birth_date)", "time zone"),
        ("sex array(sex)", "values of type array<string> are not accepted"),
        ("head_circumference_cm birth_date", "column head_circumference_cm"),
        ("id make_interval(1, 2, 3)", r"to Python: id \(interval\); cast"),
        ("id interval '1-2' year to month", r"to Python: id \(interval year to month\)"),
    ],
)
def test_refused_before_any_job(spark: SparkSession, change: str, message: str) -> None:
    from pyspark.sql.functions import expr

    name, _, rest = change.partition(" ")
    df = spark.createDataFrame(visits(5))
    if name == "drop":
        df = df.drop(rest)
    elif name == "rename":
        df = df.withColumnRenamed(*rest.split())
    else:
        df = df.withColumn(name, expr(rest))
    group = f"refused {change}"
    spark.sparkContext.setJobGroup(group, "")
    with pytest.raises(nc.FileError, match=message):
        on_spark.score(df)
    assert not spark.sparkContext.statusTracker().getJobIdsForGroup(group)


def test_a_fault_that_only_values_show_fails_the_job(spark: SparkSession) -> None:
    """Numbers as gestations: a column of them that is empty is no fault."""
    from pyspark.errors import PythonException
    from pyspark.sql.functions import lit

    df = spark.createDataFrame(visits(20))
    empty = df.withColumn("gestational_age", lit(None).cast("double"))
    numbers = df.withColumn("gestational_age", df["small"])
    assert len(on_spark.score(empty).collect()) == 20
    with pytest.raises(PythonException, match="column gestational_age: gestations are texts"):
        on_spark.score(numbers).collect()


def test_dates_with_a_time_but_no_zone(spark: SparkSession) -> None:
    df = spark.createDataFrame(visits(200))
    timed = df.withColumn("birth_date", df["birth_date"].cast("timestamp_ntz"))
    names = ["row", "chronological_age_days", "waz"]
    got = collected(on_spark.score(timed).select(names))
    assert_identical(got, collected(on_spark.score(df).select(names)))


def test_not_a_spark_frame() -> None:
    pytest.importorskip("pyspark")
    with pytest.raises(nc.InputError, match="a Spark DataFrame"):
        on_spark.score(pl.DataFrame(visits(5)))  # type: ignore[arg-type]


def test_score_of_one_machine_points_to_spark(spark: SparkSession) -> None:
    with pytest.raises(nc.InputError, match=r"neocalc\.spark takes"):
        nc.score(spark.range(3))


@pytest.mark.requirement("REQ-PKG-02")
@pytest.mark.parametrize("module", ["pyspark.sql", "pyarrow", "pandas"])
def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(nc.ExtraMissing, match=re.escape('pip install "neocalc[spark]"')):
        on_spark.score(object())  # type: ignore[arg-type]


def test_spark_is_imported_only_where_it_is_used() -> None:
    code = "import neocalc.spark, sys; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------- executors that disagree


def order(table: pa.Table, **options: Any) -> spark_tasks.Order:
    """What executors would be told for this table."""
    scoring = cohort.plan(table.column_names, **options)
    return spark_tasks.order_of(scoring, table.column_names)


@pytest.mark.requirement("REQ-SPARK-02")
@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"version": "0.0.9"}, nc.NeocalcError, "has neocalc .*, the driver 0.0.9"),
        ({"digest": "0" * 64}, nc.TableError, "tables with the digest .*, the driver 0000"),
        (
            {"references": (("who-2006", "0" * 64),)},
            nc.TableError,
            "reference who-2006 with the SHA-256 .*, the driver 0000",
        ),
        ({"references": (("mine-2020", "0" * 64),)}, nc.InputError, "'mine-2020'"),
        (
            {"policy": ("fenton-2013", 280, 259, 1096, "who-2006", False)},
            nc.PolicyError,
            "takes the policy as",
        ),
    ],
)
def test_an_executor_that_disagrees_refuses(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    table = visits(5)
    task = on_spark.task_of(order(table)._replace(**changed))
    with pytest.raises(error, match=message):
        next(task(iter(table.to_batches())))


def test_an_executor_without_neocalc_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    task = on_spark.task_of(order(visits(5)))
    monkeypatch.setitem(sys.modules, "neocalc", None)
    with pytest.raises(ImportError, match="not installed for the Python of the Spark executor"):
        task(iter([]))


def test_an_executor_keeps_the_visits_of_a_child_together() -> None:
    """A child whose visits come in two batches has the velocity of one that came in one."""
    table = pl.DataFrame(children(300)).sort("subject_id").to_arrow()
    scoring = followup_tables.plan(table.column_names)
    task = on_spark.task_of(spark_tasks.order_of(scoring, table.column_names))
    keyed = table.append_column("key", table["subject_id"].cast(pa.binary()))
    got = pa.Table.from_batches(list(task(iter(keyed.to_batches(max_chunksize=7)))))
    assert_identical(pl.DataFrame(got), widened(nc.velocity.score(pl.DataFrame(table))))


def test_an_executor_scores_as_one_machine_does() -> None:
    table = visits(50)
    task = on_spark.task_of(order(table))
    got = pa.Table.from_batches(list(task(iter(table.to_batches(max_chunksize=7)))))
    assert pl.DataFrame(got)["waz"].equals(local(table)["waz"])


def test_a_policy_arrives_as_it_left() -> None:
    policy = OPTIONS["policy"]["policy"]
    assert spark_tasks.checked(order(visits(5), policy=policy)).policy == policy


@pytest.mark.parametrize("name", list(OPTIONS))
def test_what_is_to_be_done_arrives_as_it_left(name: str) -> None:
    scoring = cohort.plan(visits(5).column_names, **OPTIONS[name])
    again = read(written(scoring))
    assert written(again) == written(scoring)
    assert replace(again, dose=None) == replace(scoring, dose=None)
    table = pl.DataFrame(visits(300))
    assert_identical(cohort.score_table(table, again), cohort.score_table(table, scoring))


def test_a_follow_up_arrives_as_it_left() -> None:
    scoring = followup_tables.plan(
        [*visits(5).column_names, "subject_id", "dosed_on"],
        baseline="dosed_on",
        policy=nc.Policy(handover=nc.Q(45, "week"), correct_until=nc.Q(24, "month")),
        rules=Rules("nearest", 0.2, True),
    )
    assert read(written(scoring)) == scoring


@pytest.mark.parametrize(
    "given",
    [
        {"limits": Limits(min_weight=nc.Q(500, "g"), min_viability=0.7, max_doses=3, z_hard=4.5),
         "viable_concentration": "5e6 cells/mL", "release_viability": "90%"},
        {"arm": nc.trials.load("NCT03558334").arm("B"), "dose": nc.Q(5, "million cells/kg")},
        {"dose": "2.01 million cells/kg", "concentration": "5e6 cells/mL", "viability": "92%"},
        {"viable_concentration": "4.6e6 cells/mL", "release_viability": 0.95},
    ],
)  # fmt: skip
def test_a_dose_arrives_as_it_left(given: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"dose": "1 million cells/kg", "every_row": True}
    dosing = Dosing(**asked | given)
    scoring = cohort.plan(visits(5).column_names, dose=dosing)
    again = read(written(scoring)).dose
    assert again is not None
    assert again.limits is not None
    assert dosing.limits is not None
    assert again.limits.figures == dosing.limits.figures
    assert (again.record(), again.describe()) == (dosing.record(), dosing.describe())
    assert written(replace(scoring, dose=again)) == written(scoring)


@pytest.mark.parametrize(
    "text", ['["Path", {"a": 1}]', '["Scoring", {}]', '["os.system", {}]', '["__import__", {}]']
)
def test_nothing_else_is_made_of_text(text: str) -> None:
    with pytest.raises((KeyError, TypeError)):
        read(text)


@pytest.mark.requirement("REQ-SPARK-02")
def test_other_tables_fail_the_job(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    made = spark_tasks.order_of

    def another(*given: Any) -> spark_tasks.Order:
        return made(*given)._replace(digest="0" * 64)

    monkeypatch.setattr(on_spark, "order_of", another)
    scored = on_spark.score(spark.createDataFrame(visits(5)))
    from pyspark.errors import PythonException

    with pytest.raises(PythonException, match="tables with the digest"):
        scored.collect()


def test_a_reference_of_the_user(spark: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(TABLES / "fenton-2013", folder)
    about = folder / "reference.toml"
    about.write_text(about.read_text().replace('id = "fenton-2013"', 'id = "mine"'))
    table = visits(100)
    scored = on_spark.score(spark.createDataFrame(table), reference=str(folder))
    expected = local(table, reference="fenton-2013")
    got = collected(scored)
    assert got["waz"].equals(expected["waz"])
    assert set(got["waz_reference"].drop_nulls()) == {"mine"}


@pytest.mark.requirement("REQ-REF-10")
@pytest.mark.parametrize(
    "asked",
    [
        {"preterm_reference": "intergrowth-21st-preterm"},
        {"school_age_reference": None},
        {"correct_until": "66 month"},
    ],
)
def test_every_reference_of_a_policy(spark: SparkSession, asked: dict[str, Any]) -> None:
    """INTERGROWTH-21st and the reference of school age, on executors as on this machine."""
    table, policy = visits(400), nc.Policy(**asked)
    got = collected(on_spark.score(spark.createDataFrame(table), policy=policy))
    expected = local(table, policy=policy)
    for name in ("waz", "waz_reference", "waz_status", "laz", "hcz", "baz"):
        assert got[name].equals(expected[name])
    used = set(got["waz_reference"].drop_nulls())
    assert ("who-2007" in used) == (policy.school_age_reference is not None)


def test_executors_are_told_of_every_reference_of_the_policy() -> None:
    """They compare each with their own before anything is scored."""
    columns = ["sex", "age_days", "weight_kg"]
    for asked, names in (
        (None, ["fenton-2013", "who-2006", "who-2007"]),
        (nc.Policy(school_age_reference=None), ["fenton-2013", "who-2006"]),
    ):
        order = spark_tasks.order_of(cohort.plan(columns, policy=asked), columns)
        assert [name for name, _ in order.references] == names
        assert read(written(cohort.plan(columns, policy=asked))).policy == (asked or nc.Policy())


# --------------------------------------------------------------------- executors and their workers

Wrap = Callable[[Callable[[Any], Any]], Callable[[Any], Any]]


def wrap_tasks(monkeypatch: pytest.MonkeyPatch, wrap: Wrap) -> None:
    """Send something else around the function that goes to the executors."""
    made = on_spark.task_of
    monkeypatch.setattr(on_spark, "task_of", lambda order: wrap(made(order)))


def test_tables_are_read_once_in_each_worker(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = str(tmp_path)

    def wrap(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def counting(batches: Any) -> Any:
            import os

            from neocalc.spark import tasks as spark_tasks

            yield from task(batches)
            with open(f"{folder}/{os.getpid()}", "a") as notes:  # noqa: PTH123
                notes.write(f"{spark_tasks.checked.cache_info().misses}\n")

        return counting

    wrap_tasks(monkeypatch, wrap)
    policy = nc.Policy(handover="45 week")  # one that no other test has
    table = visits(2000)
    scored = on_spark.score(spark.createDataFrame(table).repartition(20), policy=policy)
    assert scored.count() == 2000
    counts = [path.read_text().split() for path in tmp_path.iterdir()]
    assert sum(map(len, counts)) == 20
    assert len(counts) < 20
    assert all(len(set(misses)) == 1 for misses in counts)


@pytest.mark.requirement("REQ-SPARK-02")
def test_a_killed_worker_is_replaced_without_duplicate_rows(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Killed after it has given rows: the task begins again, and its first rows count once."""
    marker = str(tmp_path / "killed")

    def wrap(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def dying(batches: Any) -> Any:
            import os
            import signal

            for i, batch in enumerate(task(batches)):
                yield batch
                if i == 1:
                    try:
                        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                    except FileExistsError:
                        continue
                    os.kill(os.getpid(), signal.SIGKILL)

        return dying

    wrap_tasks(monkeypatch, wrap)
    table = visits(4000)
    got = collected(on_spark.score(spark.createDataFrame(table).repartition(3)))
    assert Path(marker).exists()
    assert got["row"].to_list() == list(range(4000))
    assert got["waz"].equals(local(table)["waz"])


LOSE_AN_EXECUTOR = """
    import os, signal, sys, time
    from pyspark.sql import SparkSession, functions as F
    from neocalc import spark as on_spark

    marker, made = sys.argv[1], on_spark.task_of

    def wrapped(order):
        task = made(order)

        def dying(batches):
            for i, batch in enumerate(task(batches)):
                yield batch
                if i == 1:
                    try:
                        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
                    except FileExistsError:
                        continue
                    with open(f"/proc/{os.getppid()}/stat") as about:
                        executor = int(about.read().rsplit(")")[-1].split()[1])
                    with open(f"/proc/{executor}/cmdline") as about:
                        assert "CoarseGrainedExecutorBackend" in about.read()
                    os.kill(executor, signal.SIGKILL)
                    time.sleep(60)

        return dying

    on_spark.task_of = wrapped
    session = (
        SparkSession.builder.master("local-cluster[2,1,512]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "512m")
        .config("spark.executor.memory", "512m")
        .config("spark.driver.extraJavaOptions", sys.argv[2])
        .config("spark.executor.extraJavaOptions", sys.argv[2])
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "100")
        .config("spark.log.level", "OFF")
        .getOrCreate()
    )
    visits = session.range(0, 3000, 1, 6).select(
        "id",
        F.lit("f").alias("sex"),
        (F.col("id") % 700).alias("age_days"),
        (3 + F.col("id") % 5).alias("weight_kg"),
    )
    scored = on_spark.score(visits).select("id", "waz", "waz_status").toArrow()
    assert sorted(scored["id"].to_pylist()) == list(range(3000)), len(scored)
    assert scored["waz"].null_count == 0
    session.stop()
"""


@pytest.mark.requirement("REQ-SPARK-02")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the executor in /proc")
def test_a_lost_executor_is_replaced_without_duplicate_rows(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Two executors in processes of their own, one of which is killed in the middle of a task."""
    marker = tmp_path / "killed"
    code = textwrap.dedent(LOSE_AN_EXECUTOR)
    done = subprocess.run(
        [sys.executable, "-c", code, str(marker), QUICK_START],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert marker.exists()


# ------------------------------------------------------------------- all visits of a child together


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d", "", None]), st.integers(1, 9))),
    st.lists(st.integers(0, 40)),
)
def test_no_child_is_cut(runs: list[tuple[str | None, int]], cuts: list[int]) -> None:
    """However the rows are cut into batches: all rows, in order, and no child in two of them."""
    named = {name: n for name, n in runs if name}  # a sort leaves one run of each
    names: list[str | None] = [name for name, n in runs if not name for _ in range(n)]
    names += [name for name, n in sorted(named.items()) for _ in range(n)]
    keys = pa.array([None if name is None else name.encode() for name in names], pa.binary())
    whole = pa.record_batch({"row": range(len(names)), "key": keys})
    edges = [0, *sorted(min(cut, len(names)) for cut in cuts), len(names)]
    batches = [whole.slice(i, j - i) for i, j in itertools.pairwise(edges)]
    given_back = [b["row"].to_pylist() for b in spark_tasks.whole_children(iter(batches))]
    assert [row for rows in given_back for row in rows] == list(range(len(names)))
    assert all(given_back)
    children = [{names[row] for row in rows} - {None, ""} for rows in given_back]
    assert sum(map(len, children)) == len(set(names) - {None, ""})
