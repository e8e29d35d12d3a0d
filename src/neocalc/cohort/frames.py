"""The kinds of tables that can be scored: each is given back as it came."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neocalc.cohort.columns import refuse_zone
from neocalc.cohort.identities import identified
from neocalc.errors import FileError, InputError
from neocalc.files.polarslimits import readable

if TYPE_CHECKING:
    import polars as pl


class Kind(NamedTuple):
    """How a kind of table is read and added to, without changing it.

    `select` takes the table, the columns that are read, and which of them holds the ids of the
    children, if any does.
    """

    columns: Callable[[Any], list[str]]
    select: Callable[[Any, list[str], str | None], pl.DataFrame]
    attach: Callable[[Any, list[pl.Series]], Any]


def kind_of(frame: Any) -> Kind:
    """The kind of a table."""
    library = type(frame).__module__.partition(".")[0]
    for base in type(frame).__mro__:  # a subclass is of the kind that it extends
        name = f"{base.__module__.partition('.')[0]}.{base.__name__}"
        if name in _KINDS:
            return _KINDS[name]
    accepted = "a pandas or polars DataFrame, a polars LazyFrame or a pyarrow Table"
    if library == "pyspark":
        accepted += "; neocalc.spark takes Spark DataFrames"
    raise InputError("frame", type(frame).__name__, accepted)


def is_lazy(frame: Any) -> bool:
    """Whether a table is a query, which is scored when it is collected, and maybe in parts."""
    return kind_of(frame) is _KINDS["polars.LazyFrame"]


def with_added(
    frame: Any,
    names: list[str],
    added: Callable[[pl.DataFrame], list[pl.Series]],
    *,
    by_row: bool = True,
    ids: str | None = None,
) -> Any:
    """A table with columns added that are computed from some of its own.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        It is not changed.
    names : list of str
        The columns that are read.
    added : callable
        From these columns to the added ones.
    by_row : bool
        Whether a row's result depends on that row alone; a LazyFrame is then scored in parts.
    ids : str, optional
        The column with the ids of the children.
    """
    kind = kind_of(frame)
    if kind is _KINDS["polars.LazyFrame"]:
        return _with_added_lazily(frame, names, added, by_row)
    return kind.attach(frame, added(kind.select(frame, names, ids)))


def _with_added_lazily(
    frame: pl.LazyFrame,
    names: list[str],
    added: Callable[[pl.DataFrame], list[pl.Series]],
    by_row: bool,
) -> pl.LazyFrame:
    """The same as an expression: polars reads only the rows and columns that are asked for."""
    import polars as pl

    present = frame.collect_schema()
    # No rows: the types of the added columns, and columns of a wrong type are refused now.
    schema = {one.name: one.dtype for one in added(pl.DataFrame(schema=present).select(names))}

    def part(columns: pl.Series) -> pl.Series:  # pragma: no cover - in a thread of polars
        return pl.DataFrame(added(columns.struct.unnest())).to_struct()

    together = "neocalc_" + max(present.names(), key=len)  # longer than any other name
    return (
        frame.with_columns(
            pl.struct(names)
            .map_batches(part, return_dtype=pl.Struct(schema), is_elementwise=by_row)
            .alias(together)
        )
        .with_columns(pl.col(together).struct.field(name) for name in schema)
        .drop(together)
    )


def _no_rows_to_attach_to(frame: Any, series: list[pl.Series]) -> Any:
    """A query has no rows of its own, and may give them in another order the next time."""
    raise InputError("frame", type(frame).__name__, "collect() it first")


def _pandas_select(frame: Any, names: list[str], ids: str | None) -> pl.DataFrame:
    import polars as pl

    present = _pandas_columns(frame)
    return pl.DataFrame(
        [
            _pandas_series(frame.iloc[:, present.index(name)], name, ids=name == ids)
            for name in names
        ]
    )


def _pandas_columns(frame: Any) -> list[str]:
    return [str(name) for name in frame.columns]


def _pandas_series(column: Any, name: str, *, ids: bool = False) -> pl.Series:
    """A pandas column as polars; through NumPy, as pandas may be there without pyarrow."""
    import polars as pl

    if hasattr(column.dtype, "pyarrow_dtype") or getattr(column.dtype, "storage", "") == "pyarrow":
        return pl.Series(name, column.array.__arrow_array__())  # it is Arrow already: no copy
    if hasattr(column, "cat"):
        words = _pandas_series(column.cat.categories.to_series(), name, ids=ids)
        codes = pl.Series(column.cat.codes.to_numpy(dtype=np.int64))
        return words.gather(codes.set(codes < 0, None))
    kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
    if kind == "M":
        refuse_zone(getattr(column.dtype, "tz", None), name)
        return pl.Series(name, column.to_numpy("datetime64[us]")).dt.date()
    if kind in "iu":  # as whole numbers: a float has no more than 53 binary digits
        missing = column.isna().to_numpy()
        whole = np.uint64 if kind == "u" else np.int64
        numbers = column.fillna(0) if missing.any() else column
        return pl.Series(name, numbers.to_numpy(dtype=whole)).set(pl.Series(missing), None)
    if kind == "f":
        width = np.float32 if getattr(column.dtype, "itemsize", 8) == 4 else np.float64
        return pl.Series(name, column.to_numpy(dtype=width, na_value=np.nan)).fill_nan(None)
    values = [None if _is_na(value) else _plain(value, name) for value in column.tolist()]
    try:
        return _of_objects(values, name, ids=ids)
    except UnicodeEncodeError as error:
        raise FileError(f"column {name}: {error.object!r} is not Unicode text") from error


def _of_objects(values: list[Any], name: str, *, ids: bool) -> pl.Series:
    """A column of Python objects: of one kind, or texts where several kinds stand in it."""
    import polars as pl

    types = {type(value) for value in values if value is not None}
    kinds: dict[type, Any] = {str: pl.String, bool: pl.Boolean, int: pl.Int64}
    for plain, kind in kinds.items():
        if types <= {plain}:
            with contextlib.suppress(OverflowError, TypeError):  # a larger number: as its text
                return pl.Series(name, values, dtype=kind)
    if types <= {int, float} and not any(map(_is_large, values)):
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    if len(types) == 1 and int not in types:
        return pl.Series(name, values)
    if ids:  # a float that is too large may have been another id
        identified(pl.Series(name, [v for v in values if isinstance(v, float)], dtype=pl.Float64))
    return pl.Series(name, [None if v is None else _text(v) for v in values], dtype=pl.String)


def _plain(value: Any, name: str) -> Any:
    """A date and time as its calendar date, everything else as it is."""
    if isinstance(value, dt.datetime):
        refuse_zone(value.tzinfo, name)
        return value.date()
    return value


def _is_large(value: Any) -> bool:
    """Whether it is a whole number that a float may not hold."""
    return isinstance(value, int) and abs(value) > 2**53


def _text(value: Any) -> str:
    """The text of a value that stands among texts; of 1.0 that of 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _is_na(value: Any) -> bool:
    from neocalc.reading.words import is_missing

    return not isinstance(value, str) and is_missing(value)


def _pandas_attach(frame: Any, series: list[pl.Series]) -> Any:
    import pandas as pd
    import polars as pl

    added: dict[str, Any] = {}
    for column in series:
        if isinstance(column.dtype, pl.Enum):
            codes, words = _occurring(column)
            added[column.name] = pd.Categorical.from_codes(codes, categories=pd.Index(words))
        elif column.dtype.is_integer():
            missing = column.is_null().to_numpy()
            days = column.fill_null(0).to_numpy().astype(np.int64)
            added[column.name] = pd.arrays.IntegerArray(days, missing.copy())
        elif column.dtype == pl.Date:
            added[column.name] = column.to_numpy().astype("datetime64[s]")
        else:
            added[column.name] = column.fill_null(float("nan")).to_numpy()
    return frame.assign(**added)


def _occurring(column: pl.Series) -> tuple[Any, list[str]]:
    """The codes of a column of words, and the words: those that occur, in their order.

    With all words as categories, pandas counts and groups by those too that no row has.
    """
    import polars as pl

    assert isinstance(column.dtype, pl.Enum)
    words: list[str] = column.dtype.categories.to_list()
    codes = column.to_physical().cast(pl.Int16).fill_null(-1).to_numpy()
    occurs = np.bincount(codes + 1, minlength=len(words) + 1)[1:] > 0
    places = np.append(np.cumsum(occurs) - 1, -1).astype(np.int16)  # the last is of -1
    return places[codes], [word for word, there in zip(words, occurs, strict=True) if there]


def _arrow_select(frame: Any, names: list[str], ids: str | None) -> pl.DataFrame:
    import polars as pl

    table = pl.from_arrow(frame.select(names))
    assert isinstance(table, pl.DataFrame)
    return table


def _arrow_attach(frame: Any, series: list[pl.Series]) -> Any:
    for column in series:
        frame = frame.append_column(column.name, column.to_arrow())
    return frame


_KINDS = {
    "polars.DataFrame": Kind(
        lambda frame: list(frame.columns),
        lambda frame, names, ids: frame.select(names),
        lambda frame, series: frame.hstack(series),
    ),
    "polars.LazyFrame": Kind(
        lambda frame: frame.collect_schema().names(),
        lambda frame, names, ids: frame.select(names).collect(),
        _no_rows_to_attach_to,
    ),
    "pandas.DataFrame": Kind(_pandas_columns, readable(_pandas_select), _pandas_attach),
    "pyarrow.Table": Kind(
        lambda frame: list(frame.column_names), readable(_arrow_select), _arrow_attach
    ),
}
