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
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

from neocalc.errors import FileError, printable
from neocalc.forks import use_polars
from neocalc.tables.csvrows import CsvRows
from neocalc.tables.kinds import HEAD, other_kind
from neocalc.tables.outputs import PARQUET, STANDARD
from neocalc.tables.parquetrows import ParquetRows
from neocalc.tables.polarslimits import refuse_wide, utf8_path

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 150_000
IN_VALUES: Final = " .+-:/%_"
"""Characters that stand in numbers, dates, gestations or names of columns: none separates."""
_MAGIC: Final = b"PAR1"
_TABS: Final = {"tab": "\t", "\\t": "\t"}

Item = TypeVar("Item")


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

    Attributes
    ----------
    name : str
        For messages and records.
    delimiter : str
        The character.
    columns : list of str
        The header.
    """

    def __init__(self, path: str, *, delimiter: str = ",", name: str | None = None) -> None:
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
        shown = self.name if path == STANDARD else path
        with contextlib.ExitStack() as stack, self._named_errors(shown):
            if path == STANDARD:
                stream: Any = sys.stdin.buffer
            else:
                stream = stack.enter_context(Path(path).open("rb"))
            self._path, self._copy = path, None
            if not can_be_read_again(path):
                stream = self._copy = stack.enter_context(_Copied(stream))
                self._path = stream.name
            start = stream.read(HEAD)
            self._rows = self._kind(stream, start, path)
            self.columns = self._rows.columns
            refuse_wide(self.schema() if isinstance(self._rows, ParquetRows) else {}, self.name)
            self._open = stack.pop_all()

    def _kind(self, stream: Any, start: bytes, path: str) -> CsvRows | ParquetRows:
        other = None if start.startswith(_MAGIC) else other_kind(start, Path(path).suffix)
        if other is not None:
            raise FileError(f"{self.name}: {other}")
        if start.startswith(_MAGIC):
            if self._copy is not None:  # a pipe; the end is read first
                self._copy.all()
            return ParquetRows(utf8_path(Path(self._path)), self.name)
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
        """The same rows once more: of what came through a pipe, from its copy."""
        if self._copy is not None:
            self._copy.flush()
        return Source(self._path, delimiter=self.delimiter, name=self.name)

    def batches(self, *, again: bool = False) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of a bounded number of cells; once. Reading begins now.

        `again`: they may be asked for again, so that what comes through a pipe is copied.
        """
        if self._copy is not None and not again:
            self._copy.stop()
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


def can_be_read_again(path: str) -> bool:
    """Whether opening a path again gives the same rows: a pipe, and all in /dev, is read once."""
    real = Path(path).resolve()  # of /dev/stdin what is behind it
    return path != STANDARD and real.is_file() and Path("/dev") not in real.parents


class _Copied:
    """A stream that is copied into a private temporary file as it is read.

    Attributes
    ----------
    name : str
        Path of the copy.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._copy = tempfile.NamedTemporaryFile(prefix="neocalc-")  # noqa: SIM115 - see __exit__
        self._copying = True
        self.name = self._copy.name

    def __enter__(self) -> _Copied:
        return self

    def __exit__(self, *exception: object) -> None:
        self._copy.close()

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        read = self._stream.read(size)
        if self._copying:
            self._copy.write(read)
        return read

    def all(self) -> None:
        """Copy the rest."""
        shutil.copyfileobj(self._stream, self._copy, 1 << 20)
        self.flush()

    def flush(self) -> None:
        """Have all that was read in the file."""
        self._copy.flush()

    def stop(self) -> None:
        """Copy no more: nobody will ask for it."""
        self._copying = False


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
