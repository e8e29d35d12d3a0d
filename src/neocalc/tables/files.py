"""Cohort files that are read: CSV and Parquet in batches.

Reading, scoring and writing overlap and memory does not grow with the file: one batch is read
ahead while another is scored, and a thread writes what has been scored (`outputs`).
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeVar

from neocalc.errors import FileError
from neocalc.tables.csvrows import CsvRows
from neocalc.tables.outputs import PARQUET, STANDARD
from neocalc.tables.parquetrows import ParquetRows

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 150_000
_MAGIC: Final = b"PAR1"
_TABS: Final = {"tab": "\t", "\\t": "\t"}
_OTHERS: Final = {b"PK\x03\x04": "an Excel workbook or a zip file", b"\x1f\x8b": "a gzip file"}

Item = TypeVar("Item")


class Source:
    """A CSV or Parquet file, or standard input, whose rows are read once and in batches.

    Parameters
    ----------
    path : str
        A file, or "-" for standard input.
    delimiter : str, default ","
        Of a CSV: one character, or "tab".

    Attributes
    ----------
    name : str
        For messages and records.
    delimiter : str
        The character.
    columns : list of str
        The header.
    """

    def __init__(self, path: str, *, delimiter: str = ",") -> None:
        self.name = "standard input" if path == STANDARD else Path(path).name
        self.delimiter = _TABS.get(delimiter, delimiter)
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in '"\r\n':
            raise FileError(f"--delimiter: {delimiter!r} is not accepted; give one character")
        if self.delimiter.isalnum():
            raise FileError(f"--delimiter: {delimiter!r} is not accepted; not a letter or a digit")
        shown = self.name if path == STANDARD else path
        with contextlib.ExitStack() as stack, self._named_errors(shown):
            if path == STANDARD:
                stream: IO[bytes] = sys.stdin.buffer
            else:
                stream = stack.enter_context(Path(path).open("rb"))
            start = stream.read(len(_MAGIC))
            self._rows = self._kind(stream, start, path, stack)
            self.columns = self._rows.columns
            self._open = stack.pop_all()

    def _kind(
        self, stream: IO[bytes], start: bytes, path: str, stack: contextlib.ExitStack
    ) -> CsvRows | ParquetRows:
        for magic, what in _OTHERS.items():
            if start.startswith(magic):
                raise FileError(f"{self.name}: is {what}; save it as CSV or Parquet")
        if start == _MAGIC:
            if path == STANDARD or not Path(path).is_file():  # a pipe; the end is read first
                path = stack.enter_context(_copied(start, stream))
            return ParquetRows(Path(path), self.name)
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

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of a bounded number of cells; once. Reading begins now."""
        most = max(1, min(MOST_ROWS, CELLS // max(1, len(self.columns))))
        return self._named(ahead(self._rows.batches(most)))

    def _named(self, tables: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        with self._named_errors(self.name):
            yield from tables

    def digest(self) -> str:
        """SHA-256 of the file, when all batches have been read."""
        return self._rows.digest()

    @contextlib.contextmanager
    def _named_errors(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{path}: cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def _copied(start: bytes, stream: IO[bytes]) -> Iterator[str]:
    """A temporary file of a stream whose start has been read."""
    with tempfile.NamedTemporaryFile(prefix="neocalc-") as copy:
        copy.write(start)
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.flush()
        yield copy.name


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is used; the first at once."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="neocalc-read")
    first = pool.submit(next, items, None)

    def made() -> Iterator[Item]:
        following = first
        with pool:
            while (item := following.result()) is not None:
                following = pool.submit(next, items, None)
                yield item

    return made()
