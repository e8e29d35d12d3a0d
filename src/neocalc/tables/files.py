"""Cohort files: CSV and Parquet in batches, and outputs that appear only when they are complete.

Reading, scoring and writing overlap and memory does not grow with the file: one batch is read
ahead while another is scored, and polars writes what has been scored.
"""

from __future__ import annotations

import contextlib
import os
import queue
import secrets
import shutil
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, TypeVar

from neocalc.errors import FileError
from neocalc.tables.csvrows import CsvRows
from neocalc.tables.parquetrows import ParquetRows, brief

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_500_000
"""Cells in one batch: the wider a file, the fewer rows are held."""
MOST_ROWS: Final = 150_000
STANDARD: Final = "-"
"""Standard input or output, where a file is named."""
PARQUET: Final = (".parquet", ".pq")
"""Suffixes of Parquet files."""
CSV: Final = (".csv", ".tsv", ".txt", "")
"""Suffixes of CSV outputs."""
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
        """The rows in order, in tables of a bounded number of cells; once."""
        most = max(1, min(MOST_ROWS, CELLS // max(1, len(self.columns))))
        with self._named_errors(self.name):
            yield from ahead(self._rows.batches(most))

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
    """The same items, each made in a thread while the one before it is used."""
    with ThreadPoolExecutor(1, thread_name_prefix="neocalc-read") as pool:
        following = pool.submit(next, items, None)
        while (item := following.result()) is not None:
            following = pool.submit(next, items, None)
            yield item


def is_parquet(path: str) -> bool:
    """Whether an output is to be Parquet and not CSV, by its suffix; other suffixes are refused."""
    suffix = "" if path == STANDARD else Path(path).suffix.lower()
    if suffix not in CSV + PARQUET:
        raise FileError(f"{path}: {suffix} is not written; accepted: .csv, .tsv, .txt or .parquet")
    return suffix in PARQUET


@contextlib.contextmanager
def scored_output(path: str, *, force: bool) -> Iterator[list[Path]]:
    """Where a table and its record are written: beside their places, or aside for "-".

    Standard output too has all of the table or nothing; the record is for files only.
    """
    if path != STANDARD:
        with outputs(path, f"{path}.json", force=force) as parts:
            yield parts
        return
    with tempfile.TemporaryDirectory(prefix="neocalc-") as folder:
        part = Path(folder, "table")
        try:
            yield [part, Path(folder, "record")]
        except OSError as error:
            raise FileError(f"{folder}: cannot be written: {error.strerror or error}") from error
        with part.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def output(path: str, *, force: bool) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when all went well, else is removed.

    Raises
    ------
    FileError
        When the file exists and is not to be replaced, or its folder cannot be written to.
    """
    with outputs(path, force=force) as (part,):
        yield part


@contextlib.contextmanager
def outputs(*paths: str, force: bool) -> Iterator[list[Path]]:
    """Temporary files that take their places together, when all of them are complete."""
    targets = [Path(os.path.realpath(path)) for path in paths]
    parts: list[Path] = []
    try:
        for target in targets:
            refuse_existing(target, force=force)
            parts.append(target.with_name(f".neocalc-{secrets.token_hex(8)}.part"))
            os.close(os.open(parts[-1], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield parts
        for part in parts:
            with part.open("rb") as stream:
                os.fsync(stream.fileno())
        for target in targets:
            refuse_existing(target, force=force)  # another run may have been faster
        for part, target in zip(parts, targets, strict=True):
            part.replace(target)
    except OSError as error:
        raise FileError(f"{paths[0]}: cannot be written: {error.strerror or error}") from error
    finally:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


def refuse_existing(path: Path, *, force: bool, read: str | None = None) -> None:
    """Refuse what cannot become an output.

    Parameters
    ----------
    path : pathlib.Path
        The output.
    force : bool
        Whether a file that is there may be replaced.
    read : str, optional
        The input, which never is.
    """
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        if not path.parent.is_dir():
            raise FileError(f"{path}: there is no folder {path.parent}") from error
        return
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from error
    if stat.S_ISDIR(there.st_mode):
        raise FileError(f"{path}: is a folder")
    if not stat.S_ISREG(there.st_mode):
        raise FileError(f"{path}: is not a file; for standard output give -")
    if read is not None and _is_input(read, there):
        raise FileError(f"{path}: is the input, which is never changed")
    if not force:
        raise FileError(f"{path}: exists already; --force replaces it")


def _is_input(read: str, there: os.stat_result) -> bool:
    """Whether a file is the one that is read, under whatever name."""
    with contextlib.suppress(OSError, ValueError):  # an input that is not there, or not a file
        given = os.fstat(sys.stdin.fileno()) if read == STANDARD else Path(read).stat()
        return os.path.samestat(given, there)
    return False


def write_batches(
    batches: Iterable[pl.DataFrame],
    schema: dict[str, pl.DataType],
    target: Path,
    *,
    parquet: bool,
    delimiter: str = ",",
) -> None:
    """Write tables as they come.

    A thread writes, so that the next table is made meanwhile, and a signal is heard at once and not
    when the file is complete.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    for name, dtype in schema.items():
        if not parquet and (dtype.is_nested() or dtype in (pl.Binary, pl.Object)):
            raise FileError(f"column {name}: {dtype} has no form in a CSV; write .parquet")
    made: queue.Queue[pl.DataFrame | None] = queue.Queue(2)

    def taken() -> Iterator[pl.DataFrame]:
        while (batch := made.get()) is not None:
            yield batch

    def write() -> None:
        head = made.get()
        if head is None:  # stopped before it began: nothing is touched
            return
        if parquet:
            register_io_source(lambda *_: taken(), schema=schema).sink_parquet(target)
            return
        with target.open("wb") as stream:
            head.write_csv(stream, separator=delimiter)
            for batch in taken():
                batch.write_csv(stream, separator=delimiter, include_header=False)

    def put(batch: pl.DataFrame | None) -> None:
        while writing is None or not writing.done():  # nobody takes it when it has failed
            try:
                made.put(batch, timeout=0.1)
            except queue.Full:
                continue
            break

    with ThreadPoolExecutor(1, thread_name_prefix="neocalc-write") as pool:
        writing: Future[None] | None = None
        try:  # an interrupt may come while the thread is started: it is told to end all the same
            writing = pool.submit(write)
            put(pl.DataFrame(schema=schema))
            for batch in batches:
                put(batch)
                if writing.done():
                    break
        finally:
            put(None)
        try:
            writing.result()
        except (pl.exceptions.PolarsError, OSError) as error:
            _raise_why(target)
            raise OSError(f"polars: {brief(error)}") from error


def _raise_why(target: Path) -> None:
    """Let the system say why a file could not be written: of a full disk, polars does not."""
    with target.open("ab") as stream:
        stream.write(bytes(1 << 16))
        stream.flush()
        os.fsync(stream.fileno())


@contextlib.contextmanager
def stopped_cleanly() -> Iterator[None]:
    """Let every request to stop (SIGINT, SIGTERM, SIGHUP) clean up, once and undisturbed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.getsignal(getattr(signal, name)) for name in names}

    def stop(*_: object) -> None:
        for name in names:  # once: a second request must not interrupt the cleaning up
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        raise KeyboardInterrupt

    for name in names:
        if before[name] is not signal.SIG_IGN:
            signal.signal(getattr(signal, name), stop)
    try:
        yield
    finally:
        for name in names:
            signal.signal(getattr(signal, name), before[name] or signal.SIG_DFL)
