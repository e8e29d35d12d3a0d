"""Outputs that appear only when they are complete, and tables written to them as they come."""

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
from typing import TYPE_CHECKING, Final

from neocalc.errors import FileError
from neocalc.tables.parquetrows import brief
from neocalc.tables.polarslimits import has_csv_form, utf8_path

if TYPE_CHECKING:
    import polars as pl

STANDARD: Final = "-"
"""Standard input or output, where a file is named."""
PARQUET: Final = (".parquet", ".pq")
"""Suffixes of Parquet files."""
CSV: Final = (".csv", ".tsv", ".txt", "")
"""Suffixes of CSV outputs."""


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
        if not parquet and not has_csv_form(dtype):
            raise FileError(f"column {name}: {dtype} has no form in a CSV; write .parquet")
    if parquet:
        utf8_path(target)
    made: queue.Queue[pl.DataFrame | None] = queue.Queue(1)

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
