"""The rows of a sheet of an Excel workbook, each cell the text that a CSV of it would have.

Numbers are written as short as they can be without another value, dates as YYYY-MM-DD, and a text
that looks like a number stays the text that it is: `001` is not 1. A cell with an error is that
error (#DIV/0!), which is no number, and not an empty cell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import ExtraMissing, FileError
from neocalc.files.formats.workbooks import LARGEST, UNREADABLE, Faulty, Workbook
from neocalc.files.inputs import Input

if TYPE_CHECKING:
    import polars as pl

KIND: Final = "Excel (.xlsx)"
_MIDNIGHT: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$"
_CLOCK: Final = r"^1899-12-3[01] ([0-9]{2}:[0-9]{2}:[0-9]{2})"


class SheetRows:
    """The rows of one sheet, to be read once.

    Parameters
    ----------
    data : Input
        The bytes of the file.
    name : str
        For messages.
    sheet : str, optional
        Which one; needed where there are several.

    Attributes
    ----------
    columns : list of str
        The first row in which something is written.
    rows : int
        How many follow it.
    about : dict
        What a record says of it.
    """

    def __init__(self, data: Input, name: str, sheet: str | None = None) -> None:
        if data.size > LARGEST:
            raise FileError(
                f"{name}: a workbook of more than {LARGEST >> 20} MiB; save its sheet as CSV"
            )
        packed = data.read_at(0, data.size)
        self._digest = hashlib.sha256(packed).hexdigest()
        self._name = name
        book = Workbook(packed, name)
        chosen = book.chosen(sheet)
        table = self._read(packed, chosen, book.faults(chosen))
        if not table.height:
            raise FileError(f"{name}: sheet {chosen!r} is empty; a header line is needed")
        header = ["" if word is None else word.strip() for word in table.row(0)]
        kept = [
            number for number, word in enumerate(header)
            if word or table.to_series(number).null_count() < table.height
        ]  # fmt: skip
        self._table = table[1:, kept]
        self.columns = [header[number] for number in kept]
        self.rows = self._table.height
        self.about: dict[str, Any] = {"kind": KIND, "sheet": chosen}
        self.labels: dict[str, str] = {}

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns: all are texts."""
        import polars as pl

        return dict.fromkeys(self.columns, pl.String())

    def digest(self) -> str:
        """SHA-256 of the file."""
        return self._digest

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of at most so many rows."""
        for start in range(0, self.rows, most):
            part = self._table.slice(start, most)
            part.columns = self.columns
            yield part

    def _read(self, packed: bytes, sheet: str, faults: list[Faulty]) -> pl.DataFrame:
        """The cells of a sheet as texts."""
        try:
            import fastexcel
        except ImportError as error:
            raise ExtraMissing("files", "reading an Excel workbook") from error
        import polars as pl

        try:
            book = fastexcel.read_excel(packed)
            table, numbers = (
                book.load_sheet(sheet, header_row=None, dtypes=kind).to_polars()
                for kind in ("string", "float")
            )
        except (fastexcel.FastExcelError, pl.exceptions.PolarsError, ValueError) as error:
            said = str(error).strip().partition("\n")[0][:120]
            raise FileError(f"{self._name}: {UNREADABLE}: {said}") from error
        table = pl.DataFrame(list(map(_exact, table, numbers)))
        table = table.with_columns(pl.all().str.replace(_MIDNIGHT, "$1").str.replace(_CLOCK, "$1"))
        return self._marked(table, faults)

    def _marked(self, table: pl.DataFrame, faults: list[Faulty]) -> pl.DataFrame:
        """The same with the errors of cells that have one."""
        import polars as pl

        for column in sorted({fault.column for fault in faults}):
            here = [fault for fault in faults if fault.column == column]
            inside = column < table.width and here[-1].row < table.height
            texts = table.to_series(column) if inside else pl.Series([], dtype=pl.String)
            if not inside or texts.gather([fault.row for fault in here]).null_count() < len(here):
                raise FileError(f"{self._name}: cells have an error such as {here[0].word}")
            marked = texts.scatter([fault.row for fault in here], [fault.word for fault in here])
            table = table.with_columns(marked.alias(texts.name))
        return table


def _exact(texts: pl.Series, numbers: pl.Series) -> pl.Series:
    """The texts of a column; where that of a number was rounded, all of its figures.

    The library writes nine decimals. A text that looks like a number is the same in both.
    """
    import polars as pl

    rounded = texts.cast(pl.Float64, strict=False) != numbers
    if not rounded.any():
        return texts
    return numbers.cast(pl.String).zip_with(rounded.fill_null(False), texts).alias(texts.name)
