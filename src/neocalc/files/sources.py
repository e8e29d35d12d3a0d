"""Cohort files that are read, in batches: CSV, Parquet, and those of `neocalc.files.formats`.

Reading, scoring and writing overlap and memory does not grow with the file: one batch is read
ahead while another is scored, and a thread writes what has been scored (`outputs`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from neocalc.errors import FileError, printable
from neocalc.files.ahead import ahead
from neocalc.files.csvrows import CsvRows
from neocalc.files.forks import use_polars
from neocalc.files.formats.gzipped import Unpacked
from neocalc.files.formats.sheets import SheetRows
from neocalc.files.formats.statistical import KINDS, StatisticalRows
from neocalc.files.inputs import STANDARD, Input, Reading
from neocalc.files.kinds import GZIP, HEAD, WORKBOOK, kind_of, other_kind
from neocalc.files.outputs import PARQUET
from neocalc.files.parquetrows import ParquetRows
from neocalc.files.polarslimits import refuse_wide

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 150_000
IN_VALUES: Final = " .+-:/%_"
"""Characters that stand in numbers, dates, gestations or names of columns: none separates."""
_MAGIC: Final = b"PAR1"
_TABS: Final = {"tab": "\t", "\\t": "\t"}


class Rows(Protocol):
    """The rows of a file of some kind, to be read once."""

    columns: list[str]

    @property
    def rows(self) -> int | None:
        """How many the file says it has; None: it does not say."""

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns."""

    @property
    def about(self) -> dict[str, Any]:
        """What a record says of the file, beside its name and checksum."""

    @property
    def labels(self) -> dict[str, str]:
        """What the file says of its columns, beside their names."""

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of at most so many rows."""

    def digest(self) -> str:
        """SHA-256 of the bytes that were read."""


class Source:
    """A file of a table, or standard input, whose rows are read once and in batches.

    Parameters
    ----------
    path : str
        A file, or "-" for standard input.
    delimiter : str, default ","
        Of a CSV: one character, or "tab".
    name : str, optional
        For messages and records; by default that of the file.
    of : Source, optional
        One whose file is read once more.
    sheet : str, optional
        Of a workbook: the sheet.
    labels : bool, default True
        Whether values to which the file gives labels are replaced by them.

    Attributes
    ----------
    name : str
        For messages and records.
    delimiter : str
        The character.
    columns : list of str
        The header.
    rows : int
        How many have been read.
    labels : dict of str to str
        What the file says of its columns, beside their names.
    """

    rows = 0
    _sha256 = ""

    def __init__(
        self,
        path: str,
        *,
        delimiter: str = ",",
        name: str | None = None,
        of: Source | None = None,
        sheet: str | None = None,
        labels: bool = True,
    ) -> None:
        use_polars()
        self.name = "standard input" if path == STANDARD else printable(Path(path).name)
        self.name = self.name if name is None else name
        self.delimiter = _TABS.get(delimiter, delimiter)
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise FileError(f"--delimiter: {delimiter!r} is not accepted; give one character")
        if self.delimiter.isalnum() or self.delimiter in IN_VALUES:
            raise FileError(
                f"--delimiter: {delimiter!r} is not accepted; it can stand in a number, a date or a"
                " name; give another character, such as ; or |, or tab"
            )
        self._path, self._sheet, self._labelled = path, sheet, labels
        self._packed: Unpacked | None = None
        shown = self.name if path == STANDARD else path
        with contextlib.ExitStack() as stack, self._named_errors(shown):
            if of is None:
                self._data = Input(path, self.name)
                stack.callback(self._data.close)
            else:
                self._data = of._data
            stream = self._data.in_order(again=of is not None)
            start = stream.read(HEAD)
            self._rows = self._kind(stream, start, path)
            self.columns = self._rows.columns
            self.labels = self._rows.labels
            if sheet is not None and not isinstance(self._rows, SheetRows):
                raise FileError(f"--sheet: {self.name} is no Excel workbook")
            refuse_wide(self._rows.schema, self.name)
            self._open = stack.pop_all()

    def _kind(self, stream: Reading, start: bytes, path: str) -> Rows:
        """The rows of the file, by what kind of file it is."""
        suffix = Path(path).suffix.lower()
        what = None if start.startswith(_MAGIC) else kind_of(start, suffix)
        if what == GZIP:
            self._packed = Unpacked(stream, start, self.name)
            return self._unpacked(self._packed, Path(path).stem)
        if start.startswith(_MAGIC) or what == WORKBOOK or what in KINDS:
            self._data.copy_rest()  # of a pipe: it is read at any place
        if start.startswith(_MAGIC):
            return ParquetRows(self._data, self.name)
        if what == WORKBOOK:
            return SheetRows(self._data, self.name, self._sheet)
        if what in KINDS:
            return StatisticalRows(self._data, self.name, what, labels=self._labelled)
        if what is not None:
            raise FileError(f"{self.name}: {other_kind(start, suffix)}")
        if suffix in PARQUET:
            raise FileError(f"{self.name}: is not a Parquet file: it does not start with PAR1")
        return CsvRows(stream, start, self.name, self.delimiter)

    def _unpacked(self, stream: Unpacked, name: str) -> CsvRows:
        """The rows of a CSV that is packed; what else is packed is named."""
        start = stream.read(HEAD)
        other = other_kind(start, Path(name).suffix.lower())
        if start.startswith(_MAGIC):
            other = "is a Parquet file; unpack it first"
        if other is not None:
            raise FileError(f"{self.name}: what is packed in it {other}")
        return CsvRows(stream, start, self.name, self.delimiter)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns."""
        return self._rows.schema

    def again(self) -> Source:
        """The same rows once more: of the file that was opened, or the copy of a pipe."""
        return Source(
            self._path, delimiter=self.delimiter, name=self.name, of=self, sheet=self._sheet,
            labels=self._labelled,
        )  # fmt: skip

    def batches(self, *, again: bool = False) -> Generator[pl.DataFrame]:
        """The rows in order, in tables of a bounded number of cells; once. Reading begins now.

        Who does not take them all closes it: the thread that reads ahead ends with it, and Python
        may collect what is left at a moment at which no thread can end.

        `again`: they may be asked for again, so that what comes through a pipe is copied.

        Raises
        ------
        FileError
            When the file cannot be read, has other rows than it says, or was written to meanwhile.
        """
        if not again:
            self._data.copy_no_more()
        most = max(1, min(MOST_ROWS, CELLS // max(1, len(self.columns))))
        return self._checked(ahead(self._rows.batches(most)))

    def _checked(self, tables: Iterator[pl.DataFrame]) -> Generator[pl.DataFrame]:
        with self._named_errors(self.name):
            for table in tables:
                self.rows += table.height
                yield table
            self._data.refuse_change()
        stated = self._rows.rows
        if stated is not None and self.rows != stated:
            raise FileError(f"{self.name}: of {stated:,} rows {self.rows:,} were read")

    def digest(self) -> str:
        """SHA-256 of the bytes that were read, when all batches have been."""
        if not self._sha256:
            with self._named_errors(self.name):
                self._sha256 = (self._packed or self._rows).digest()
                self._data.refuse_change()
        return self._sha256

    def about(self) -> dict[str, Any]:
        """What a record says of it, when all batches have been read."""
        packed = {} if self._packed is None else {"kind": "CSV (.gz)"}
        return {"name": self.name, "sha256": self.digest(), **packed, **self._rows.about}

    @contextlib.contextmanager
    def _named_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{path}: cannot be read: {error.strerror or error}") from error
