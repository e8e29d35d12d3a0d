"""The kinds of tables that can be scored: each is given back as it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neocalc.errors import FileError, InputError

if TYPE_CHECKING:
    import polars as pl


class Kind(NamedTuple):
    """How a kind of table is read and added to, without changing it."""

    columns: Callable[[Any], list[str]]
    select: Callable[[Any, list[str]], pl.DataFrame]
    attach: Callable[[Any, list[pl.Series]], Any]


def kind_of(frame: Any) -> Kind:
    """The kind of a table."""
    library = type(frame).__module__.partition(".")[0]
    name = f"{library}.{type(frame).__name__}"
    if name not in _KINDS:
        accepted = "a pandas or polars DataFrame or a pyarrow Table"
        if name == "polars.LazyFrame":
            accepted += "; collect() a LazyFrame first"
        raise InputError("frame", type(frame).__name__, accepted)
    return _KINDS[name]


def _pandas_select(frame: Any, names: list[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame([_pandas_series(frame[name], name) for name in names])


def _pandas_series(column: Any, name: str) -> pl.Series:
    """A pandas column as polars, through NumPy: pandas may be there without pyarrow."""
    import polars as pl

    kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
    if kind == "M":
        if getattr(column.dtype, "tz", None) is not None:
            raise FileError(
                f"column {name}: it has a time zone ({column.dtype.tz}); give calendar dates"
            )
        return pl.Series(name, column.to_numpy("datetime64[us]")).dt.date()
    if kind in "iuf":
        return pl.Series(name, column.to_numpy(dtype=np.float64, na_value=np.nan)).fill_nan(None)
    values = [None if _is_na(value) else value for value in column.tolist()]
    types = {type(value) for value in values if value is not None}
    if types <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    if types <= {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if types <= {int, float}:
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    try:
        return pl.Series(name, values)
    except TypeError:  # texts and other things in one column: as their texts
        return pl.Series(name, [None if v is None else str(v) for v in values], dtype=pl.String)


def _is_na(value: Any) -> bool:
    from neocalc.coding import is_missing

    return not isinstance(value, str) and is_missing(value)


def _pandas_attach(frame: Any, series: list[pl.Series]) -> Any:
    import pandas as pd
    import polars as pl

    added: dict[str, Any] = {}
    for column in series:
        if isinstance(column.dtype, pl.Enum):
            codes = column.to_physical().cast(pl.Int16).fill_null(-1).to_numpy()
            words: list[str] = column.dtype.categories.to_list()
            added[column.name] = pd.Categorical.from_codes(codes, categories=pd.Index(words))
        elif column.dtype.is_integer():
            missing = column.is_null().to_numpy()
            days = column.fill_null(0).to_numpy().astype(np.int64)
            added[column.name] = pd.arrays.IntegerArray(days, missing.copy())
        else:
            added[column.name] = column.fill_null(float("nan")).to_numpy()
    return frame.assign(**added)


def _arrow_select(frame: Any, names: list[str]) -> pl.DataFrame:
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
        lambda frame, names: frame.select(names),
        lambda frame, series: frame.hstack(series),
    ),
    "pandas.DataFrame": Kind(
        lambda frame: [str(name) for name in frame.columns], _pandas_select, _pandas_attach
    ),
    "pyarrow.Table": Kind(lambda frame: list(frame.column_names), _arrow_select, _arrow_attach),
}
