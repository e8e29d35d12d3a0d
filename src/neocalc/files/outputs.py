"""Outputs that appear only when they are complete, and tables written to them as they come."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Final

from neocalc.errors import FileError
from neocalc.files import runs
from neocalc.files.ahead import ahead
from neocalc.files.formats import writers
from neocalc.files.inputs import STANDARD
from neocalc.files.parquetrows import brief, rows_of
from neocalc.files.polarslimits import has_csv_form, utf8_path

if TYPE_CHECKING:
    import polars as pl

PARQUET: Final = (".parquet", ".pq")
"""Suffixes of Parquet files."""
CSV: Final = (".csv", ".tsv", ".txt", "")
"""Suffixes of CSV outputs."""


def is_parquet(path: str) -> bool:
    """Whether an output is to be Parquet, by its suffix; suffixes of no output are refused."""
    other = writers.suffix_of(path)
    if other is not None:
        writers.refuse_without_extra(other)
        return False
    suffix = "" if path == STANDARD else Path(path).suffix.lower()
    if suffix not in CSV + PARQUET:
        accepted = ", ".join((*CSV[:3], *writers.WRITTEN))
        raise FileError(f"{path}: {suffix} is not written; accepted: {accepted} or .parquet")
    return suffix in PARQUET


@contextlib.contextmanager
def scored_output(path: str, *, force: bool) -> Iterator[tuple[Path, Path]]:
    """Where a table and its record are written: beside their places, or aside for "-".

    Standard output too has all of the table or nothing; the record is for files only.
    """
    if path != STANDARD:
        with outputs(path, f"{path}.json", force=force) as (part, note):
            yield part, note
        return
    folder = Path(tempfile.gettempdir())
    name = os.urandom(8).hex()
    with _begun([folder / name, folder / f"{name}.json"], ["standard output"]) as run:
        part, note = run.parts
        with _named_errors(str(folder)):
            yield part, note
        runs.tell("began", ["standard output"])
        with part.open("rb") as stream:
            shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
        runs.tell("wrote", ["standard output"])


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
    places = [Path(os.path.realpath(path)) for path in paths]
    for place in places:
        refuse_existing(place, force=force)
    with _begun(places, paths) as run, _named_errors(paths[0]):
        yield run.parts
        for place in places:
            refuse_existing(place, force=force)  # somebody else may have been faster
        run.commit()


@contextlib.contextmanager
def _begun(places: Sequence[Path], shown: Sequence[str]) -> Iterator[runs.Run]:
    """A run with outputs in some places, whose folders are removed in the end."""
    with _named_errors(shown[0]):
        try:
            run = runs.Run(places, shown)
        except runs.Busy as busy:
            raise FileError(f"{busy}: another run of neocalc is writing it") from busy
    try:
        yield run
    finally:
        run.drop()


@contextlib.contextmanager
def _named_errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from error


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
    other: str | None = None,
) -> None:
    """Write tables as they come: as Parquet, as another of `writers.WRITTEN`, or as CSV.

    The next table is made by one thread while another writes, so that a signal is heard at once and
    not when the file is complete.
    """
    import polars as pl
    from polars.io.plugins import register_io_source

    if other is not None:
        writers.check_schema(schema, other)
    for name, dtype in schema.items():
        if not parquet and not has_csv_form(dtype):
            raise FileError(f"column {name}: {dtype} has no form in a CSV; write .parquet")
    if parquet:
        utf8_path(target)
    stopped = threading.Event()
    failed: list[BaseException] = []
    rows = 0

    def made() -> Iterator[pl.DataFrame]:
        nonlocal rows
        try:
            for batch in ahead(iter(batches)):
                if stopped.is_set():
                    break
                rows += batch.height
                yield batch
        except GeneratorExit:  # what writes has failed
            raise
        except BaseException as error:  # polars would make it one of its own
            failed.append(error)
            raise

    def write() -> None:
        if parquet:
            register_io_source(lambda *_: made(), schema=schema).sink_parquet(target)
            return
        if other is not None:
            writers.write(other, made(), schema, target, delimiter)
            return
        with target.open("wb") as stream:
            pl.DataFrame(schema=schema).write_csv(stream, separator=delimiter)
            for batch in made():
                batch.write_csv(stream, separator=delimiter, include_header=False)

    with ThreadPoolExecutor(1, thread_name_prefix="neocalc-write") as pool:
        try:  # an interrupt may come while the thread is started: it is told to end all the same
            writing = pool.submit(write)
            while not wait([writing], timeout=1).done:
                pass
        finally:
            stopped.set()
    if failed:
        raise failed[0]
    try:
        writing.result()
    except (pl.exceptions.PolarsError, OSError) as error:
        _raise_why(target)
        raise OSError(f"polars: {brief(error)}") from error
    if parquet and rows != (written := rows_of(target)):
        raise OSError(f"polars: of {rows:,} rows {written:,} were written")


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
        if runs.COMMITTING.locked():  # too late: the outputs take their places now
            return
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
