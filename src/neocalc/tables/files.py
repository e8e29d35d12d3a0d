"""Cohort files that are read: CSV and Parquet in batches.

Reading, scoring and writing overlap and memory does not grow with the file: one batch is read
ahead while another is scored, and a thread writes what has been scored (`outputs`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neocalc.errors import FileError, printable
from neocalc.forks import use_polars
from neocalc.tables.ahead import ahead
from neocalc.tables.csvrows import CsvRows
from neocalc.tables.inputs import STANDARD, Input, Reading
from neocalc.tables.kinds import HEAD, other_kind
from neocalc.tables.outputs import PARQUET
from neocalc.tables.parquetrows import ParquetRows
from neocalc.tables.polarslimits import refuse_wide

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 150_000
IN_VALUES: Final = " .+-:/%_"
"""Characters that stand in numbers, dates, gestations or names of columns: none separates."""
_MAGIC: Final = b"PAR1"
_TABS: Final = {"tab": "\t", "\\t": "\t"}


class Source:
    """A CSV or Parquet file, or standard input, whose rows are read once and in batches.

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
    """

    rows = 0
    _sha256 = ""

    def __init__(
        self, path: str, *, delimiter: str = ",", name: str | None = None, of: Source | None = None
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
        self._path = path
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
            refuse_wide(self.schema() if isinstance(self._rows, ParquetRows) else {}, self.name)
            self._open = stack.pop_all()

    def _kind(self, stream: Reading, start: bytes, path: str) -> CsvRows | ParquetRows:
        other = None if start.startswith(_MAGIC) else other_kind(start, Path(path).suffix)
        if other is not None:
            raise FileError(f"{self.name}: {other}")
        if start.startswith(_MAGIC):
            self._data.copy_rest()  # of a pipe; the end is read first
            return ParquetRows(self._data, self.name)
        if Path(path).suffix.lower() in PARQUET:
            raise FileError(f"{self.name}: is not a Parquet file: it does not start with PAR1")
        return CsvRows(stream, start, self.name, self.delimiter)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns."""
        import polars as pl

        if isinstance(self._rows, ParquetRows):
            return self._rows.schema
        return dict.fromkeys(self.columns, pl.String())

    def again(self) -> Source:
        """The same rows once more: of the file that was opened, or the copy of a pipe."""
        return Source(self._path, delimiter=self.delimiter, name=self.name, of=self)

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
                self._sha256 = self._rows.digest()
                self._data.refuse_change()
        return self._sha256

    def about(self) -> dict[str, str]:
        """What a record says of it, when all batches have been read."""
        found = {"name": self.name, "sha256": self.digest()}
        if isinstance(self._rows, ParquetRows):
            found["page_checksums"] = self._rows.checksums
        return found

    @contextlib.contextmanager
    def _named_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{path}: cannot be read: {error.strerror or error}") from error
