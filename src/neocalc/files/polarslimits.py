"""What polars cannot read or write: types of columns, names of files. Each is one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import FileError, NeocalcError
from neocalc.files.parquetrows import brief

if TYPE_CHECKING:
    import polars as pl

DIGITS: Final = 38
"""Digits of the longest decimal number that polars holds."""
CAST: Final = "this type cannot be read; cast the column to numbers, texts or dates"


def refuse_wide(schema: Mapping[str, pl.DataType], where: str) -> None:
    """Refuse a file with decimal numbers of more digits than polars holds."""
    import polars as pl

    for name, kind in schema.items():
        if isinstance(kind, pl.Decimal) and (kind.precision or 0) > DIGITS:
            said = f"decimal numbers of {kind.precision} digits"
            raise FileError(f"{where}: column {name}: {said}; at most {DIGITS} can be read")


def utf8_path(path: Path) -> Path:
    """A path for polars, which has its names in UTF-8; another is refused."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        said = "a Parquet file and its folders have names in UTF-8; rename what has not"
        raise FileError(f"{path}: {said}") from error
    return path


def has_csv_form(kind: pl.DataType) -> bool:
    """Whether values of a type can stand in a CSV."""
    import polars as pl

    return not (
        kind.is_nested()
        or kind in (pl.Binary, pl.Object, pl.Duration)
        or isinstance(kind, pl.BaseExtension)
    )


def plain_columns(table: pl.DataFrame) -> pl.DataFrame:
    """The same table, whose values all have a text; refused where some have none."""
    for name, kind in table.schema.items():
        if not has_csv_form(kind):
            raise FileError(f"column {name}: values of type {kind} are not accepted")
    return table


def readable(select: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
    """A way to take columns of a frame, whose errors name the column and its type."""

    def selected(frame: Any, names: list[str], *more: Any) -> pl.DataFrame:
        import polars as pl

        for name in names:  # of these polars panics
            if _type_of(frame, name).startswith("decimal256"):
                raise FileError(f"column {name}: {_type_of(frame, name)}: {CAST}")
        try:
            return select(frame, names, *more)
        except NeocalcError:
            raise
        except (pl.exceptions.PolarsError, RuntimeError, TypeError, ValueError) as error:
            if len(names) == 1:
                kind = _type_of(frame, names[0])
                raise FileError(f"column {names[0]}: {kind}: {CAST} ({brief(error)})") from error
            for name in names:
                selected(frame, [name], *more)
            raise

    return selected


def _type_of(frame: Any, name: str) -> str:
    """The type of a column, in the words of its library."""
    if hasattr(frame, "column_names"):
        return str(frame.schema.field(frame.column_names.index(name)).type)
    dtype = frame.dtypes.iloc[[str(column) for column in frame.columns].index(name)]
    return str(getattr(dtype, "pyarrow_dtype", dtype))
