"""The same scoring on Spark: Arrow batches on the executors, one code for every engine.

The driver checks columns, types and options once, before any job; `spark_tasks` is what the
executors do. Needs the extra "spark" on the driver and neocalc itself on every executor
(docs/spark.md).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from neocalc.ages.policy import DEFAULT, Policy
from neocalc.cohort import followup as followup_tables
from neocalc.cohort import table as cohort
from neocalc.cohort.table import Scoring
from neocalc.errors import ExtraMissing, FileError, InputError
from neocalc.spark.tasks import Order, added_arrays, order_of
from neocalc.velocity.increments import Rules

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

    from neocalc.cohort.mapping import Mapped, Words
    from neocalc.dose.dosing import Dosing

__all__ = ["score", "velocity"]

WHERE: Final = "Spark DataFrame"
UNSEEN: Final = r"[\s\p{Z}\p{Cc}\p{Cf}\x{34F}\x{115F}\x{1160}\x{3164}\x{FFA0}\x{FE00}-\x{FE0F}]"
"""Characters of an id that leave no mark, as Java writes them."""
ALIKE: Final = "\u212a\u037e\u1fef", "K;`"
"""The characters whose normal form is an ASCII character, and these."""


def score(
    df: DataFrame,
    *,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    centiles: bool = False,
    uncorrected: bool = False,
    dose: Dosing | None = None,
    prefix: str = "",
    **words: Unpack[Words],
) -> DataFrame:
    """Score a Spark DataFrame of visits: what `neocalc.score` does, on the executors.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        One row a visit, with the canonical columns or mapped ones. Where it says whose the rows
        are, those of a child are brought together by one shuffle on `subject_id`, as its facts
        hold for all of them; without that column it may be streaming.
    columns, sex_codes, missing, policy, reference, centiles, uncorrected, dose, prefix
        As for `neocalc.score`; and so `ignore`, `oedema_codes`, `position_codes`, `date_format` and
        `decimal`. A column that fails as a whole is not warned of: no one executor sees it all.

    Returns
    -------
    pyspark.sql.DataFrame
        Every row once, every column untouched, and the columns that `neocalc.score` adds, with the
        same values and statuses: ages [day] as long, z [unitless] as double, words as string.

    Raises
    ------
    ExtraMissing
        Without pyspark, pandas or pyarrow.
    FileError
        When columns are missing, appear twice, have no unit in their name, or are of a type that
        cannot be read, and when the rows of a stream say whose they are; before any job. A bad row
        never raises: it has a status.

    Examples
    --------
    >>> from pyspark.sql import SparkSession                                    # doctest: +SKIP
    >>> df = SparkSession.builder.getOrCreate().read.parquet("visits.parquet")  # doctest: +SKIP
    >>> score(df).write.parquet("scored.parquet")                               # doctest: +SKIP
    """
    _require(df)
    scoring = cohort.plan(
        df.columns,
        columns=columns,
        sex_codes=sex_codes,
        missing=missing,
        policy=policy,
        reference=reference,
        centiles=centiles,
        uncorrected=uncorrected,
        dose=dose,
        prefix=prefix,
        where=WHERE,
        **words,
    )
    return _added(df, scoring)


def velocity(
    df: DataFrame,
    *,
    against: str | None = None,
    baseline: str | None = None,
    interval: Any = None,
    window: Any = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    between: str = "interpolate",
    change_limits: Any = None,
    prefix: str = "",
    **words: Unpack[Words],
) -> DataFrame:
    """Velocity, gain and change in z of a Spark DataFrame of visits, as `neocalc.velocity.score`.

    The rows of a child are brought together by one shuffle on `subject_id`.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
        One row a visit, with `subject_id`; its rows may be in any order and any partition.
    against, baseline, interval, window, columns, sex_codes, missing, policy, reference, start, \
tolerance, restricted, between, change_limits
        As for `neocalc.velocity.score`, and so the other options of `score`.

    Returns
    -------
    pyspark.sql.DataFrame
        Every row once, every column untouched, and the columns that `neocalc.velocity.score` adds.

    Raises
    ------
    ExtraMissing, FileError
        As for `score`.
    """
    _require(df)
    scoring = followup_tables.plan(
        df.columns,
        against=against,
        baseline=baseline,
        interval=interval,
        window=window,
        columns=columns,
        sex_codes=sex_codes,
        missing=missing,
        policy=policy,
        reference=reference,
        rules=Rules(start, tolerance, restricted, between=between, change_limits=change_limits),
        prefix=prefix,
        where=WHERE,
        **words,
    )
    return _added(df, scoring)


def _require(df: object) -> None:
    """Refuse what is no Spark DataFrame; name the extra when it is not installed."""
    try:
        import pandas
        import pyarrow
        from pyspark.sql import DataFrame

        del pandas, pyarrow  # Spark uses both between its processes
    except ImportError as error:
        raise ExtraMissing("spark", "neocalc.spark") from error
    if not isinstance(df, DataFrame):
        raise InputError("df", type(df).__name__, "a Spark DataFrame")


def _together(df: DataFrame, mapped: Mapped) -> DataFrame:
    """The rows of a child together, with a last column that is the same for all of them.

    Ids that are the same but for blanks, invisible characters and their Unicode normal form share
    it (`neocalc.cohort.identities` tells them apart); so may others. Of an id with letters beyond
    ASCII it has the digits alone, as these have one form.

    Raises
    ------
    FileError
        When it is a stream: of a child's rows it never has all.
    """
    from pyspark.sql.functions import col, concat, lit, regexp_replace, translate, when

    subject = mapped.names["subject_id"]
    if df.isStreaming:
        raise FileError(
            f"{WHERE}: a stream never has all rows of a child, whose facts hold for each of them;"
            f" leave the column {subject} out, or score each batch: writeStream.foreachBatch"
        )
    text = col("`{}`".format(subject.replace("`", "``"))).cast("string")
    text = when(~text.isin(*mapped.missing), text)  # rows of nobody need not be together
    visible = translate(regexp_replace(text, UNSEEN, ""), *ALIKE)
    digits = concat(lit("?"), regexp_replace(visible, "[^0-9]", ""))
    key = when(visible.rlike("[^!-~]"), digits).otherwise(visible).cast("binary")
    name = "neocalc_" + max(df.columns, key=len)  # longer than any other name
    rows = df.withColumn(name, key)
    # As bytes: a column may have a collation, by which other texts are equal.
    return rows.repartition(key).sortWithinPartitions(col(f"`{name}`"))


def _added(df: DataFrame, scoring: Scoring) -> DataFrame:
    """The DataFrame with the added columns, which the executors compute."""
    import polars as pl
    from pyspark.errors import PySparkNotImplementedError, PySparkTypeError
    from pyspark.sql.pandas.types import from_arrow_type
    from pyspark.sql.types import StructField, StructType

    if df.sparkSession.conf.get("spark.sql.caseSensitive") != "true":
        scoring.check([name.lower() for name in df.columns], WHERE)
    present = df.schema
    # No rows: the types of the added columns, and columns of a wrong type are refused now.
    types = {name: _polars_type(present[name].dataType, name) for name in scoring.needed}
    new = [
        StructField(name, from_arrow_type(column.type))
        for name, column in added_arrays(pl.DataFrame(schema=types), scoring).items()
    ]
    task = task_of(order_of(scoring, df.columns))
    rows = _together(df, scoring.mapped) if scoring.by_child else df
    if not all(re.fullmatch(r"[\w -]+", name) for name in df.columns):
        # Spark takes a dot in a name for a field of a column; order and schema have the names.
        rows = rows.toDF(*(f"column_{i}" for i in range(len(rows.columns))))
    try:
        return rows.mapInArrow(task, StructType([*present.fields, *new]))
    except (PySparkNotImplementedError, PySparkTypeError) as error:
        refused = ", ".join(_refused(df, task))
        raise FileError(
            f"{WHERE}: Spark does not hand columns of these types to Python: {refused};"
            " cast them, or leave them out and join them again"
        ) from error


def task_of(order: Order) -> Callable[[Any], Any]:
    """The function that Spark sends to its executors.

    A function inside another is sent by value: it can say that neocalc is not there, or is of
    another version, where a function of a module could only fail to be loaded.
    """
    version, plain = order.version, tuple(order)

    def task(batches: Any) -> Any:
        import socket

        here = f"the Spark executor on {socket.gethostname()}"
        try:
            import neocalc
        except ImportError as error:
            raise ImportError(
                f"neocalc is not installed for the Python of {here}: pip install neocalc=={version}"
            ) from error
        if neocalc.__version__ != version:
            from neocalc.errors import NeocalcError

            raise NeocalcError(
                f"{here} has neocalc {neocalc.__version__}, the driver {version}; install the same"
            )
        from neocalc.spark import tasks as spark_tasks

        return spark_tasks.added_batches(batches, spark_tasks.Order._make(plain))

    return task


def _refused(df: DataFrame, task: Callable[[Any], Any]) -> list[str]:
    """The columns that Spark does not hand to Python, with their types."""
    from pyspark.errors import PySparkNotImplementedError, PySparkTypeError
    from pyspark.sql.types import StructType

    refused = []
    for field in df.schema.fields:
        try:
            df.select().mapInArrow(task, StructType([field]))
        except (PySparkNotImplementedError, PySparkTypeError):
            refused.append(f"{field.name} ({field.dataType.simpleString()})")
    return refused


def _polars_type(given: DataType, name: str) -> Any:
    """The polars type in which a column reaches the executors' code."""
    import polars as pl

    plain = {
        "void": pl.Null,
        "string": pl.String,
        "char": pl.String,
        "varchar": pl.String,
        "boolean": pl.Boolean,
        "tinyint": pl.Int8,
        "smallint": pl.Int16,
        "int": pl.Int32,
        "bigint": pl.Int64,
        "float": pl.Float32,
        "double": pl.Float64,
        "date": pl.Date,
        "timestamp": pl.Datetime("us", "UTC"),
        "timestamp_ntz": pl.Datetime("us"),
        "decimal": pl.Decimal(38, 10),
    }
    word = given.simpleString().partition("(")[0].partition(" ")[0]
    if word not in plain:
        raise FileError(f"column {name}: values of type {given.simpleString()} are not accepted")
    return plain[word]
