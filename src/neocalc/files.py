"""Cohort files: CSV and Parquet in chunks, and an output that appears only when it is complete.

Reading, scoring and writing overlap and memory does not grow with the file: polars reads batches
and writes what comes back, here only the batches in between are scored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from neocalc.errors import FileError

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 100_000
STANDARD: Final = "-"
"""Standard input or output, where a file is named."""


class Source:
    """A CSV or Parquet file, or standard input, to be read in batches.

    Parameters
    ----------
    path : str
        A file, or "-" for standard input, which is first copied to a temporary file.
    delimiter : str, default ","
        Of a CSV.

    Attributes
    ----------
    name : str
        For messages and records.
    columns : list of str
        The header.
    """

    def __init__(self, path: str, *, delimiter: str = ",") -> None:
        self.name = "standard input" if path == STANDARD else Path(path).name
        self.delimiter = delimiter
        self._copy: Path | None = None
        self.path = self._spooled() if path == STANDARD else Path(path)
        try:
            with self.path.open("rb") as stream:
                start = stream.read(65_536)
        except OSError as error:
            raise FileError(f"{path}: {error.strerror}") from error
        self.is_parquet = start[:4] == b"PAR1"
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
            raise FileError(f"delimiter: {delimiter!r} is not accepted; give one character")
        if not start.strip(b"\xef\xbb\xbf \t\r\n"):
            raise FileError(f"{self.name}: the file is empty; a header line is needed")
        self.columns = self._header()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._copy is not None:
            self._copy.unlink(missing_ok=True)

    def _spooled(self) -> Path:
        """Standard input in a temporary file: a stream can be read only once."""
        handle, name = tempfile.mkstemp(prefix="neocalc-")
        self._copy = Path(name)
        with os.fdopen(handle, "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy, 1 << 20)
        return self._copy

    def _scan(self) -> pl.LazyFrame:
        import polars as pl

        if self.is_parquet:
            return pl.scan_parquet(self.path, glob=False)
        return pl.scan_csv(
            self.path,
            separator=self.delimiter,
            infer_schema=False,  # every field stays the text that it is
            glob=False,
        )

    def _header(self) -> list[str]:
        if self.is_parquet:
            with self._named_errors():
                return self._scan().collect_schema().names()
        # polars renames a column that appears twice; here it has to be refused
        import csv

        try:
            with self.path.open(encoding="utf-8-sig", newline="") as stream:
                header = next(csv.reader(_lines(stream), delimiter=self.delimiter))
        except UnicodeDecodeError as error:
            raise self._not_utf8() from error
        except (csv.Error, StopIteration) as error:
            raise FileError(f"{self.name}: row 1 (the header) is not a CSV header") from error
        if "\r" in header[-1] or any("\r" in name for name in header):
            raise FileError(
                f"{self.name}: the lines end with a lone carriage return; save it with line feeds"
            )
        return header

    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns."""
        with self._named_errors():
            return dict(self._scan().collect_schema())

    def batches(self) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of a bounded number of cells."""
        rows = max(1, min(MOST_ROWS, CELLS // max(1, len(self.columns))))
        with self._named_errors():
            yield from self._scan().collect_batches(chunk_size=rows, maintain_order=True)

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        """Errors of the reader as one line that names file, row and column."""
        import polars as pl

        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as error:
            if self.is_parquet:
                raise FileError(
                    f"{self.name}: not a readable Parquet file: {_brief(error)}"
                ) from error
            raise self._located(error) from error

    def _located(self, error: Exception) -> FileError:
        """Where a CSV is malformed: read again, row by row, to name the place."""
        if "utf-8" in str(error).lower():
            return self._not_utf8()
        import csv

        csv.field_size_limit(sys.maxsize)
        row = 1
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as stream:
                reader = csv.reader(_lines(stream), delimiter=self.delimiter, strict=True)
                for row, fields in enumerate(reader, 1):
                    if len(fields) > len(self.columns):
                        return FileError(
                            f"{self.name}: row {row} has {len(fields)} fields, the header has"
                            f" {len(self.columns)}; a decimal comma, or text with a comma that is"
                            " not quoted?"
                        )
                    for name, field in zip(self.columns, fields, strict=False):
                        if '"' in field and _is_stray(field):
                            return FileError(
                                f"{self.name}: row {row}, column {name}: a quotation mark inside"
                                " a field that is not quoted; quote the field and double the mark"
                            )
        except UnicodeDecodeError:
            return self._not_utf8()
        except csv.Error as problem:
            return FileError(
                f"{self.name}: row {row + 1}: {problem}: is a quoted field not closed?"
            )
        return FileError(f"{self.name}: the CSV cannot be read: {_brief(error)}")

    def _not_utf8(self) -> FileError:
        """Row and column of the first byte that is not UTF-8."""
        row, field = 0, 0
        with self.path.open("rb") as stream:
            for row, line in enumerate(_byte_lines(stream), 1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    before = line[: error.start]
                    field = before.count(self.delimiter.encode())
                    byte = line[error.start]
                    names = getattr(self, "columns", [])
                    column = f", column {names[field]}" if field < len(names) else ""
                    return FileError(
                        f"{self.name}: row {row}{column}: the byte 0x{byte:02X} is not UTF-8;"
                        " save the file as UTF-8"
                    )
        return FileError(f"{self.name}: row {row}, field {field}: not UTF-8; save it as UTF-8")


def _is_stray(field: str) -> bool:
    """Whether a field, read by the csv module, had a mark but was not itself quoted."""
    return not field.startswith('"') and field.count('"') % 2 == 1


def _lines(stream: IO[str]) -> Iterator[str]:
    """Lines of a text, none longer than 64 million characters."""
    while line := stream.readline(64_000_000):
        yield line


def _byte_lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(64_000_000):
        yield line


def _brief(error: Exception) -> str:
    """The first line of a library's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


class Digest:
    """SHA-256 of a file, computed beside the work."""

    def __init__(self, path: Path) -> None:
        self._value = ""
        self._path = path
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError), self._path.open("rb") as stream:
            self._value = hashlib.file_digest(stream, "sha256").hexdigest()

    def hexdigest(self) -> str:
        """The digest, when it is complete."""
        self._thread.join()
        return self._value


@contextlib.contextmanager
def output(path: str, *, force: bool) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when all went well, else is removed.

    Raises
    ------
    FileError
        When the file exists and is not to be replaced, or its folder cannot be written to.
    """
    target = Path(path)
    refuse_existing(target, force=force)
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=".part", dir=target.parent
        )
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from error
    os.close(handle)
    part = Path(name)
    try:
        yield part
        part.chmod(0o666 & ~_umask())
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to overwrite a file unless told to."""
    if path.is_dir():
        raise FileError(f"{path}: is a folder")
    if path.exists() and not force:
        raise FileError(f"{path}: exists already; --force replaces it")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def write_batches(
    batches: Callable[[], Iterator[pl.DataFrame]],
    schema: dict[str, pl.DataType],
    target: Path | IO[bytes],
    *,
    parquet: bool,
    delimiter: str = ",",
) -> None:
    """Write tables as they come; an error of theirs is raised as it was."""
    import polars as pl
    from polars.io.plugins import register_io_source

    raised: list[BaseException] = []

    def source(*_: Any) -> Iterator[pl.DataFrame]:
        try:
            yield from batches()
        except BaseException as error:  # polars would wrap it in an error of its own
            raised.append(error)
            raise

    rows = register_io_source(source, schema=schema)
    try:
        if parquet:
            rows.sink_parquet(target)
        else:
            rows.sink_csv(target, separator=delimiter)
    except BaseException as error:
        if raised:
            raise raised[0] from None
        if isinstance(error, (pl.exceptions.PolarsError, OSError)):
            raise FileError(f"{target}: cannot be written: {_brief(error)}") from error
        raise


@contextlib.contextmanager
def stopped_cleanly() -> Iterator[None]:
    """Let a request to stop (SIGTERM) clean up as an interrupt from the keyboard does."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
