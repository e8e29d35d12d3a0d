"""Tables in, tables out: rows of a table beside new columns, in the kind that was given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort.frames import kind_of
from neocalc.errors import FileError, InputError, shown
from neocalc.files.forks import use_polars
from neocalc.files.polarslimits import plain_columns

if TYPE_CHECKING:
    import polars as pl

MOST_CELLS: Final = 200_000_000
"""Cells of the largest table that is laid out anew: it is held in memory as a whole."""
KINDS: Final = ("polars", "pandas", "pyarrow")
SOURCE: Final = "source_rows"
"""The column that says from which rows a visit was made."""


def polars_of(frame: Any, ids: str | None = None) -> pl.DataFrame:
    """All columns of a table as polars; refused where it is too large to be held."""
    use_polars()
    kind = kind_of(frame)
    names = kind.columns(frame)
    for name in names:
        if names.count(name) > 1:
            raise FileError(f"table: two columns are named {shown(name)}")
    table = plain_columns(kind.select(frame, names, ids))
    refuse_large(table.height * table.width, "table")
    return table


def refuse_large(cells: int, where: str) -> None:
    """Refuse a table of more cells than are held in memory."""
    if cells > MOST_CELLS:
        raise FileError(
            f"{where}: it has {cells:,} cells, and at most {MOST_CELLS:,} are laid out anew, as a"
            " layout is read as a whole; leave out columns, or split it by child"
        )


def library_of(frame: Any) -> str:
    """The library whose table it is: one of `KINDS`, or "lazy"."""
    kind_of(frame)
    for base in type(frame).__mro__:
        library = base.__module__.partition(".")[0]
        if library in KINDS:
            return "lazy" if base.__name__ == "LazyFrame" else library
    raise AssertionError(type(frame))  # pragma: no cover - kind_of has refused it


def made(columns: Iterable[pl.Series], library: str) -> Any:
    """A table of a library from columns of polars."""
    import polars as pl

    table = pl.DataFrame(list(columns))
    if library == "pandas":
        return _pandas(table)
    if library == "pyarrow":
        return table.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.lazy() if library == "lazy" else table


def _pandas(table: pl.DataFrame) -> Any:
    """The same in pandas, which may be there without pyarrow."""
    import pandas as pd
    import polars as pl

    columns: dict[str, Any] = {}
    for column in table:
        missing = column.null_count() > 0
        if column.dtype.is_integer() and missing:
            values = column.fill_null(0).to_numpy()
            columns[column.name] = pd.arrays.IntegerArray(values, column.is_null().to_numpy())
        elif column.dtype == pl.Date:
            columns[column.name] = column.to_numpy().astype("datetime64[s]")
        elif column.dtype.is_float():
            columns[column.name] = column.fill_null(float("nan")).to_numpy()
        elif column.dtype.is_numeric() or (column.dtype == pl.Boolean and not missing):
            columns[column.name] = column.to_numpy()
        else:
            columns[column.name] = pd.Series(column.to_list(), dtype=None if len(column) else "str")
    return pd.DataFrame(columns)


def beside(frame: Any, rows: list[int] | pl.Series, kept: list[str], new: list[pl.Series]) -> Any:
    """New columns, and beside them some columns of some rows of a table, as they are there.

    Parameters
    ----------
    frame : table
        What was given; it is not changed.
    rows : list of int or polars.Series
        The rows, from 0, in the order of the result.
    kept : list of str
        Its columns that pass.
    new : list of polars.Series
        The columns that are new, one value for each of the rows.
    """
    import polars as pl

    library = library_of(frame)
    if library == "lazy":
        frame, library = frame.collect(), "polars"
        lazy = True
    else:
        lazy = False
    added = made(new, library)
    places = pl.Series(rows, dtype=pl.UInt32)
    if library == "pandas":
        import pandas as pd

        names = [str(name) for name in frame.columns]
        taken = frame.iloc[places.to_numpy(), [names.index(name) for name in kept]]
        return pd.concat([added, taken.reset_index(drop=True)], axis=1)
    if library == "pyarrow":
        import pyarrow as pa

        taken = frame.select(kept).take(pa.array(places.to_numpy()))
        for name in kept:
            added = added.append_column(taken.field(name), taken[name])
        return added
    result = pl.DataFrame([*new, *(frame[name].gather(places) for name in kept)])
    return result.lazy() if lazy else result


def texts(column: pl.Series) -> pl.Series:
    """A column as texts without blanks around them; empty ones are null.

    A whole number that stands in a column of floats is the number: 1, not 1.0.
    """
    import polars as pl

    if column.dtype.is_float():
        whole = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
        numbers = column.set(~whole.fill_null(False), 0).cast(pl.Int64).cast(pl.String)
        column = (
            pl.select(
                pl.when(whole.fill_null(False)).then(numbers).otherwise(column.cast(pl.String))
            )
            .to_series()
            .alias(column.name)
        )
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text.fill_null("") == "", None)


def names_of(argument: str, given: Any) -> tuple[str, ...]:
    """One name or several."""
    several = isinstance(given or (), Iterable)
    names = (given,) if isinstance(given, str) else tuple(given or ()) if several else ()
    if not several or not all(isinstance(name, str) for name in names):
        raise InputError(argument, given, "names of columns")
    return names


def words_of(argument: str, given: Any) -> dict[str, tuple[str, ...]]:
    """A mapping of names to one word or several."""
    if not isinstance(given or {}, Mapping):
        raise InputError(argument, given, "a dict of names")
    found = {}
    for name, words in (given or {}).items():
        several = (words,) if isinstance(words, (str, int)) else tuple(words)
        found[str(name)] = tuple(str(word) for word in several)
    return found


def refuse_absent(header: Iterable[str], names: Mapping[str, str | None], where: str) -> None:
    """Refuse columns that are named and not there: argument to the name."""
    there = list(header)
    for argument, name in names.items():
        if name is not None and name not in there:
            raise FileError(f"{where}: there is no column {shown(name)} ({argument})")


def refuse_taken(header: Iterable[str], names: Iterable[str], where: str) -> None:
    """Refuse a table that has a column of the name of one that is made."""
    there = set(header)
    for name in names:
        if name in there:
            raise FileError(f"{where}: it has a column {name} already; rename it")


def refuse_unassigned(passing: Iterable[str], of_visits: Iterable[str], where: str) -> None:
    """Refuse a column of a visit that is of no visit: it would be read at every one of them."""
    names = set(of_visits)
    for name in passing:
        if name in names:
            raise FileError(
                f"{where}: the column {name} is of no visit and would be read at every one: rename"
                " it, or leave it out"
            )
