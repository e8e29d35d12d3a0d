"""Tables that are written as packed CSV, Excel, SPSS or Stata.

A CSV is packed as it comes, and a workbook is written row by row, so that memory does not grow with
the table. A file of SPSS or Stata is written at once: it may hold `HELD` cells. SAS transport files
are not written, as their names have at most eight letters and `waz_reference` has more.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import ExtraMissing, FileError
from neocalc.files.polarslimits import has_csv_form

if TYPE_CHECKING:
    import datetime as dt

    import polars as pl

PACKED, SHEET, SPSS, STATA = ".csv.gz", ".xlsx", ".sav", ".dta"
WRITTEN: Final = (PACKED, SHEET, SPSS, STATA)
"""The suffixes of these files."""
MOST_ROWS: Final = 1_048_575
MOST_COLUMNS: Final = 16_384
"""Rows below the header, and columns, of the largest sheet."""
LONGEST: Final = 32_767
"""Letters of the longest text in a cell."""
HELD: Final = 20_000_000
"""Cells of the largest file of SPSS or Stata that is written."""
PAGE: Final = "Scored"
"""The name of the sheet."""
_EXACT: Final = 2**53
_NAMES: Final = {
    SPSS: re.compile(r"[^\W\d_][\w.@#$]{0,63}"),
    STATA: re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,31}"),
}

Tables = Iterable["pl.DataFrame"]


def suffix_of(path: str) -> str | None:
    """The suffix of an output of one of these kinds; None: it is another."""
    return next((suffix for suffix in WRITTEN if path.lower().endswith(suffix)), None)


def refuse_without_extra(suffix: str) -> None:
    """Refuse an output for which a library is missing, before any work is done."""
    try:
        if suffix == SHEET:
            import xlsxwriter  # noqa: F401 - whether it is there
        elif suffix in _NAMES:
            import pyreadstat  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ExtraMissing("files", f"writing {suffix}") from error


def check_schema(schema: dict[str, pl.DataType], suffix: str) -> None:
    """Refuse columns that have no form in such a file."""
    for name, dtype in schema.items():
        if not has_csv_form(dtype):
            raise FileError(f"column {name}: {dtype} has no form in {suffix}; write .parquet")
        if suffix in _NAMES and not _NAMES[suffix].fullmatch(name):
            raise FileError(
                f"column {name!r}: no name of a variable in {suffix}; write .csv or .parquet"
            )
    if suffix == SHEET and len(schema) > MOST_COLUMNS:
        raise FileError(f"{len(schema):,} columns: a sheet has at most {MOST_COLUMNS:,}")


def write(
    suffix: str, tables: Tables, schema: dict[str, pl.DataType], target: Path, delimiter: str
) -> None:
    """Write tables as they come into a file of one of these kinds."""
    if suffix == PACKED:
        _write_packed(tables, schema, target, delimiter)
    elif suffix == SHEET:
        _write_sheet(tables, list(schema), target)
    else:
        _write_at_once(suffix, tables, schema, target)


def _write_packed(
    tables: Tables, schema: dict[str, pl.DataType], target: Path, delimiter: str
) -> None:
    """A packed CSV, the same bytes each time: neither its name nor the time stands in it."""
    import polars as pl

    with target.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as stream:
        stream.write(pl.DataFrame(schema=schema).write_csv(separator=delimiter).encode())
        for table in tables:
            text = table.write_csv(separator=delimiter, include_header=False)
            stream.write(text.encode())


def _write_sheet(tables: Tables, names: list[str], target: Path) -> None:
    """A workbook of one sheet. Texts stay texts: none becomes a formula, a link or a number."""
    import datetime as dt

    import xlsxwriter

    options = {"constant_memory": True, "tmpdir": str(target.parent), "use_zip64": True}
    with target.open("wb") as file, xlsxwriter.Workbook(file, options) as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1)})  # noqa: DTZ001 - the same bytes
        page = book.add_worksheet(PAGE)
        for column, name in enumerate(names):
            page.write_string(0, column, name)
        row = 0
        for table in tables:
            puts = [_cell(page, book, kind) for kind in table.dtypes]
            for values in table.iter_rows():
                row += 1
                if row > MOST_ROWS:
                    raise FileError(f"a sheet has at most {MOST_ROWS:,} rows; write .csv")
                for column, (put, value) in enumerate(zip(puts, values, strict=True)):
                    if value is not None:
                        put(row, column, value)


class _Whole(float):
    """A number that is written with all of its figures: the library would write 16."""

    def __format__(self, form: str, /) -> str:
        return repr(float(self))


def _cell(page: Any, book: Any, kind: pl.DataType) -> Callable[[int, int, Any], None]:
    """How a value of a type is written into a cell."""
    import polars as pl

    def text(row: int, column: int, value: Any) -> None:
        words = str(value)
        if len(words) > LONGEST:
            raise FileError(f"a text of {len(words):,} letters: a cell has at most {LONGEST:,}")
        page.write_string(row, column, words)

    def number(row: int, column: int, value: Any) -> None:
        exact = not isinstance(value, int) or abs(value) <= _EXACT
        if exact and math.isfinite(value):
            page.write_number(row, column, _Whole(value))
        else:
            text(row, column, value)

    if kind == pl.Boolean:
        return page.write_boolean  # type: ignore[no-any-return]
    if kind.is_float() or kind.is_integer():
        return number
    if kind == pl.Date or (isinstance(kind, pl.Datetime) and kind.time_zone is None):
        form = "yyyy-mm-dd" if kind == pl.Date else "yyyy-mm-dd hh:mm:ss"
        shown = book.add_format({"num_format": form})

        def day(row: int, column: int, value: dt.date) -> None:
            if value.year < 1900:
                return text(row, column, value)
            return page.write_datetime(row, column, value, shown)  # type: ignore[no-any-return]

        return day
    return text


def _write_at_once(
    suffix: str, tables: Tables, schema: dict[str, pl.DataType], target: Path
) -> None:
    """A file of SPSS or Stata."""
    import polars as pl
    import pyreadstat

    held, cells = [pl.DataFrame(schema=schema)], 0
    for table in tables:
        cells += table.height * table.width
        if cells > HELD:
            raise FileError(f"more than {HELD:,} cells are not written as {suffix}; write .csv")
        held.append(table)
    whole = pl.concat(held)
    plain = whole.with_columns(
        pl.col(name).cast(_plain(kind)) for name, kind in whole.schema.items()
    )
    writer = pyreadstat.write_sav if suffix == SPSS else pyreadstat.write_dta
    try:
        writer(plain, str(target))
    except OSError:
        raise
    except Exception as error:  # it raises errors of many kinds, its own and others
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise FileError(f"cannot be written as {suffix}: {said}") from error


def _plain(kind: pl.DataType) -> Any:
    """The type of a column that both programs have."""
    import polars as pl

    if kind.is_numeric() or kind in (pl.Boolean, pl.Null):
        return pl.Float64
    if kind == pl.Date or (isinstance(kind, pl.Datetime) and kind.time_zone is None):
        return kind
    return pl.String
