"""Files in and out: read once, in batches, and written as a whole or not at all."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from neocalc.errors import FileError
from neocalc.files import csvrows, runs
from neocalc.files import sources as files
from neocalc.files.ahead import ahead
from neocalc.files.outputs import (
    is_parquet,
    output,
    outputs,
    refuse_existing,
    scored_output,
    stopped_cleanly,
    write_batches,
)
from neocalc.files.sources import Source

ROWS = pl.DataFrame({"a": [f"{i:03}" for i in range(250)], "b": ["x, y", None] * 125})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cohort(folder: Path, name: str = "in.csv") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        ROWS.write_csv(path)
    else:
        ROWS.write_parquet(path, row_group_size=40)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# In


@pytest.mark.requirement("REQ-FILE-01")
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
@pytest.mark.parametrize("most", [1, 7, 100, 10_000])
def test_batches_hold_every_row_once_and_in_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    path = cohort(folder, name)
    monkeypatch.setattr(files, "MOST_ROWS", most)
    with Source(str(path)) as source:
        assert source.name == name
        assert source.columns == ["a", "b"]
        assert source.schema() == dict(ROWS.schema)
        batches = list(source.batches())
        digest = source.digest()
    assert pl.concat(batches).equals(ROWS)
    assert all(batch.height <= max(most, 1) for batch in batches)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.requirement("REQ-FILE-01")
def test_the_wider_a_file_the_fewer_rows_are_held(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CELLS", 20)
    with Source(str(cohort(folder))) as source:
        assert {batch.height for batch in source.batches()} == {10}
    monkeypatch.setattr(files, "CELLS", 1)
    with Source(str(cohort(folder))) as source:
        assert {batch.height for batch in source.batches()} == {1}


@pytest.mark.requirement("REQ-FILE-04")
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    content = cohort(folder, name).read_bytes()
    stdin(monkeypatch, content)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "temporary"))
    (folder / "temporary").mkdir()
    with Source("-") as source:
        assert source.name == "standard input"
        assert pl.concat(list(source.batches())).equals(ROWS)
        assert source.digest() == hashlib.sha256(content).hexdigest()
    assert names(folder / "temporary") == []


def test_a_pipe_can_be_read_as_it_is_read_once_only(folder: Path) -> None:
    # As the shell gives it: neocalc score <(zcat cohort.csv.gz) -o scored.csv
    os.mkfifo(folder / "pipe")
    content = cohort(folder).read_bytes()
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(content,))
    writer.start()
    with Source("pipe") as source:
        assert pl.concat(list(source.batches())).equals(ROWS)
        assert source.digest() == hashlib.sha256(content).hexdigest()
    writer.join()


@pytest.mark.requirement("REQ-FILE-04")
@pytest.mark.parametrize(
    ("given", "used"), [(";", ";"), ("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), ("|", "|")]
)
def test_delimiters(folder: Path, given: str, used: str) -> None:
    ROWS.write_csv("in.csv", separator=used)
    with Source("in.csv", delimiter=given) as source:
        assert source.delimiter == used
        assert pl.concat(list(source.batches())).equals(ROWS)


@pytest.mark.requirement("REQ-TAB-21")
@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r", "é", "1", "a", *" .+-:/%_"])
def test_what_can_be_no_delimiter_is_refused(folder: Path, delimiter: str) -> None:
    cohort(folder)
    with pytest.raises(FileError, match=r"^--delimiter: .* is not accepted; "):
        Source("in.csv", delimiter=delimiter)


@pytest.mark.requirement("REQ-FILE-04")
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("in.csv", b"", "in.csv: the file is empty; a header line is needed"),
        ("in.xlsx", b"PK\x03\x04..xl/", "in.xlsx: not a readable Excel workbook (.xlsx): "),
        ("in.csv", b"\x1f\x8b\x08\x00", "in.csv: the gzip file is cut off; copy or pack it again"),
        ("in.parquet", b"a,b\n", "in.parquet: is not a Parquet file: it does not start with PAR1"),
        ("in.parquet", b"PAR1", "in.parquet: not a readable Parquet file: "),
        ("in.csv", b"PAR1" + b"\0" * 90 + b"PAR1", "in.csv: not a readable Parquet file: "),
    ],
)
def test_what_is_no_table_is_refused(folder: Path, name: str, content: bytes, message: str) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(FileError) as caught:
        Source(name)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.requirement("REQ-FILE-04")
def test_a_parquet_file_that_is_cut_off_is_refused(folder: Path) -> None:
    content = cohort(folder, "in.parquet").read_bytes()
    (folder / "in.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(FileError, match=r"^in.parquet: not a readable Parquet file"):
        Source("in.parquet")


def test_a_parquet_file_whose_pages_are_damaged_is_refused(folder: Path) -> None:
    content = bytearray(cohort(folder, "in.parquet").read_bytes())
    content[4:200] = b"\xff" * 196
    (folder / "in.parquet").write_bytes(content)
    unreadable = pytest.raises(FileError, match=r"^in.parquet: not a readable Parquet file")
    with Source("in.parquet") as source, unreadable:
        list(source.batches())


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".", ".: cannot be read: Is a directory"),
        ("nothing.csv", "nothing.csv: cannot be read: No such file or directory"),
        ("in.csv/in.csv", "in.csv/in.csv: cannot be read: Not a directory"),
        ("n" * 300, "n" * 300 + ": cannot be read: File name too long"),
    ],
)
def test_what_cannot_be_opened_is_refused(folder: Path, path: str, message: str) -> None:
    cohort(folder)
    with pytest.raises(FileError) as caught:
        Source(path)
    assert str(caught.value) == message


def test_a_file_that_stops_being_readable_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 8:
                raise OSError(5, "Input/output error")
            return super().read(size)

    monkeypatch.setattr(csvrows, "PIECE", 5)
    with Source(str(cohort(folder))) as source:
        source._rows._stream = Failing(b"0" * 100)  # type: ignore[attr-defined]
        with pytest.raises(FileError, match=r"^in.csv: cannot be read: Input/output error$"):
            list(source.batches())


def test_ahead_gives_the_same_items_and_raises_the_same_error() -> None:
    assert list(ahead(iter(range(1, 50)))) == list(range(1, 50))
    assert list(ahead(iter(()))) == []

    def fails() -> Iterator[int]:
        yield 1
        raise FileError("here")

    items = ahead(fails())
    assert next(items) == 1
    with pytest.raises(FileError, match="here"):
        next(items)


def test_ahead_that_is_left_early_leaves_no_thread() -> None:
    before = threading.active_count()
    items = ahead(iter(range(1, 50)))
    next(items)
    items.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 5  # it is told to end, and nobody waits for it
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_ahead_makes_the_first_at_once() -> None:
    made = threading.Event()

    def one() -> Iterator[int]:
        made.set()
        yield 1

    items = ahead(one())
    assert made.wait(timeout=10)
    assert list(items) == [1]


def test_ahead_that_is_never_asked_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    items = ahead(iter(range(1, 50)))
    threads = set(threading.enumerate()) - before
    del items
    for thread in threads:
        thread.join(timeout=10)
    assert threads
    assert not any(thread.is_alive() for thread in threads)


# Out


@pytest.mark.requirement("REQ-FILE-04")
@pytest.mark.parametrize(
    ("path", "parquet"),
    [("a.csv", False), ("a.TSV", False), ("a.txt", False), ("a", False), ("-", False),
     ("a.parquet", True), ("a.b.PQ", True)],
)  # fmt: skip
def test_the_suffix_says_what_is_written(path: str, parquet: bool) -> None:
    assert is_parquet(path) == parquet


@pytest.mark.parametrize("path", ["a.xls", "a.gz", "a.csv.json", "a.sas7bdat", "a.feather"])
def test_an_output_is_not_a_csv_under_the_name_of_another_kind(path: str) -> None:
    with pytest.raises(FileError, match=r"is not written; accepted: .csv, .tsv, .txt, "):
        is_parquet(path)


@pytest.mark.requirement("REQ-FILE-02")
def test_an_output_takes_its_place_when_it_is_complete(folder: Path) -> None:
    with output("out.csv", force=False) as part:
        part.write_text("scored")
        assert part.parent.parent == folder
        assert part.parent.name.startswith(".neocalc-")
        assert not (folder / "out.csv").exists()
    assert names(folder) == ["out.csv"]
    assert (folder / "out.csv").read_text() == "scored"


@pytest.mark.requirement("REQ-FILE-09")
def test_an_output_has_the_permissions_of_any_new_file(folder: Path) -> None:
    before = os.umask(0o027)
    try:
        with output("out.csv", force=False):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "out.csv").stat().st_mode) == 0o640


@pytest.mark.requirement("REQ-FILE-02")
@pytest.mark.parametrize("error", [FileError("row 3"), KeyboardInterrupt(), ValueError("x")])
def test_an_output_that_fails_leaves_nothing(folder: Path, error: BaseException) -> None:
    (folder / "out.csv").write_text("before")
    with (
        pytest.raises(type(error)),
        outputs("out.csv", "out.csv.json", force=True) as (part, note),
    ):
        part.write_text("half")
        note.write_text("half")
        raise error
    assert names(folder) == ["out.csv"]
    assert (folder / "out.csv").read_text() == "before"


@pytest.mark.requirement("REQ-FILE-02")
def test_outputs_take_their_places_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(FileError, match=r"^out.csv: cannot be written: No space left on device$"),
        outputs("out.csv", "out.csv.json", force=False) as (part, note),
    ):
        part.write_text("scored")
        note.write_text("{}")
    assert names(folder) == []


@pytest.mark.requirement("REQ-FILE-03")
def test_two_runs_to_one_output_do_not_overwrite_each_other(folder: Path) -> None:
    with (
        pytest.raises(FileError, match=r"out.csv: exists already; --force replaces it"),
        output("out.csv", force=False) as part,
    ):
        part.write_text("second")
        (folder / "out.csv").write_text("first")
    assert (folder / "out.csv").read_text() == "first"
    assert names(folder) == ["out.csv"]


def test_a_symbolic_link_as_output_stays_a_link(folder: Path) -> None:
    (folder / "there").mkdir()
    (folder / "out.csv").symlink_to("there/real.csv")
    with output("out.csv", force=False) as part:
        part.write_text("scored")
    assert (folder / "out.csv").is_symlink()
    assert (folder / "there" / "real.csv").read_text() == "scored"
    assert names(folder / "there") == ["real.csv"]


def test_the_longest_name_of_a_file_can_be_written(folder: Path) -> None:
    with output("n" * 255, force=False):
        pass
    assert names(folder) == ["n" * 255]


@pytest.mark.requirement("REQ-FILE-03")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("there", "there: is a folder"),
        ("nowhere/out.csv", "nowhere/out.csv: there is no folder nowhere"),
        ("in.csv/out.csv", "in.csv/out.csv: there is no folder in.csv"),
        ("in.csv", "in.csv: exists already; --force replaces it"),
        ("/dev/null", "/dev/null: is not a file; for standard output give -"),
        ("n" * 300, "n" * 300 + ": cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_an_output_is_refused(folder: Path, path: str, message: str) -> None:
    cohort(folder)
    (folder / "there").mkdir()
    with pytest.raises(FileError) as caught:
        refuse_existing(Path(path), force=False)
    assert str(caught.value) == message


@pytest.mark.requirement("REQ-FILE-03")
def test_a_device_is_not_replaced_by_a_file_even_when_forced() -> None:
    for device in ("/dev/null", "/dev/full"):
        with pytest.raises(FileError, match="is not a file"):
            refuse_existing(Path(device), force=True)


@pytest.mark.requirement("REQ-FILE-03")
def test_the_input_is_never_replaced_under_whatever_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = cohort(folder)
    (folder / "link.csv").symlink_to(path)
    (folder / "hard.csv").hardlink_to(path)
    for name in ("in.csv", "./in.csv", "link.csv", "hard.csv"):
        with pytest.raises(FileError, match="is the input, which is never changed"):
            refuse_existing(Path(name), force=True, read="in.csv")
    with path.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(FileError, match="is the input, which is never changed"):
            refuse_existing(path, force=True, read="-")
    stdin(monkeypatch, b"")
    refuse_existing(path, force=True, read="-")
    refuse_existing(path, force=True, read="nothing.csv")


@pytest.mark.requirement("REQ-FILE-02")
def test_standard_output_has_all_or_nothing(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with scored_output("-", force=False) as (part, note):
        part.write_bytes(b"scored")
        note.write_bytes(b"record")
    assert capsysbinary.readouterr().out == b"scored"
    with pytest.raises(FileError, match="row 3"), scored_output("-", force=False) as (part, _):
        part.write_bytes(b"half")
        raise FileError("row 3")
    with (
        pytest.raises(FileError, match=r"cannot be written: No space left"),
        scored_output("-", force=False),
    ):
        raise OSError(28, "No space left on device")
    assert capsysbinary.readouterr().out == b""
    assert names(folder) == []


@pytest.mark.requirement("REQ-FILE-01")
@pytest.mark.parametrize("parquet", [False, True])
def test_batches_are_written_as_they_come(folder: Path, parquet: bool) -> None:
    part = folder / "part"
    write_batches([ROWS.head(100), ROWS.slice(100)], dict(ROWS.schema), part, parquet=parquet)
    read = pl.read_parquet(part) if parquet else pl.read_csv(part, infer_schema=False)
    assert read.equals(ROWS)


def test_a_slow_disk_loses_no_batch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More batches wait than may wait: the reading does, and every row comes once, in order."""
    write_csv = pl.DataFrame.write_csv

    def slow(*given: Any, **options: Any) -> Any:
        time.sleep(0.15)
        return write_csv(*given, **options)

    monkeypatch.setattr(pl.DataFrame, "write_csv", slow)
    batches = (ROWS.slice(start, 50) for start in range(0, 250, 50))
    write_batches(batches, dict(ROWS.schema), folder / "part", parquet=False)
    assert pl.read_csv(folder / "part", infer_schema=False).equals(ROWS)


@pytest.mark.parametrize("parquet", [False, True])
def test_no_batches_are_a_header(folder: Path, parquet: bool) -> None:
    part = folder / "part"
    write_batches((), dict(ROWS.schema), part, parquet=parquet)
    if parquet:
        assert pl.read_parquet(part).equals(ROWS.head(0))
    else:
        assert part.read_text() == "a,b\n"


@pytest.mark.parametrize("error", [FileError("row 3"), KeyboardInterrupt("x"), ValueError("x")])
def test_an_error_of_a_batch_is_raised_as_it_was(folder: Path, error: BaseException) -> None:
    def batches() -> Iterator[pl.DataFrame]:
        yield ROWS
        raise error

    with pytest.raises(type(error)) as caught:
        write_batches(batches(), dict(ROWS.schema), folder / "part", parquet=False)
    assert caught.value is error


@pytest.mark.parametrize("parquet", [False, True])
def test_an_output_that_cannot_be_written_is_an_error_of_the_system(
    folder: Path, parquet: bool
) -> None:
    with pytest.raises(OSError, match="No such file or directory") as caught:
        write_batches([ROWS], dict(ROWS.schema), folder / "no" / "part", parquet=parquet)
    assert caught.value.errno == 2


def test_an_error_of_polars_itself_is_not_hidden(folder: Path) -> None:
    other = pl.DataFrame({"a": [1], "c": [[1]]})
    with pytest.raises(OSError, match=r"^polars: data type mismatch for column a"):
        write_batches([other], dict(ROWS.schema), folder / "part", parquet=True)


def test_a_writer_that_fails_at_once_is_not_waited_for(folder: Path) -> None:
    made = 0

    def batches() -> Iterator[pl.DataFrame]:
        nonlocal made
        while made < 1_000:
            made += 1
            yield ROWS

    with pytest.raises(OSError, match="No such file or directory"):
        write_batches(batches(), dict(ROWS.schema), folder / "no" / "part", parquet=False)
    assert made < 100


@pytest.mark.parametrize(
    ("column", "kind"),
    [(pl.Series([[1]]), r"List\(Int64\)"), (pl.Series([{"a": 1}]), "Struct"),
     (pl.Series([b"1"]), "Binary")],
)  # fmt: skip
def test_what_has_no_form_in_a_csv_is_refused_by_column(
    folder: Path, column: pl.Series, kind: str
) -> None:
    table = pl.DataFrame({"a": column})
    with pytest.raises(FileError, match=f"^column a: {kind}.* has no form in a CSV; write .parq"):
        write_batches([table], dict(table.schema), folder / "part", parquet=False)
    write_batches([table], dict(table.schema), folder / "part", parquet=True)
    assert pl.read_parquet(folder / "part").equals(table)


# Signals


@pytest.mark.requirement("REQ-FILE-02")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_cleans_up_as_the_keyboard_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), stopped_cleanly():
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)  # again: it does not interrupt the cleaning up
    assert signal.getsignal(number) is before


def test_a_request_to_stop_while_outputs_take_their_places_is_too_late(folder: Path) -> None:
    with stopped_cleanly(), output("out.csv", force=False) as part:
        part.write_text("scored")
        with runs.COMMITTING:
            signal.raise_signal(signal.SIGTERM)
    assert names(folder) == ["out.csv"]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with stopped_cleanly():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    found: list[Any] = []

    def work() -> None:
        with stopped_cleanly():
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


def test_a_signal_is_heard_while_polars_writes(folder: Path) -> None:
    # The handler runs in the main thread, which must not be inside polars then.
    written = 0

    def batches() -> Iterator[pl.DataFrame]:
        nonlocal written
        for _ in range(2_000):
            if written == 3:
                os.kill(os.getpid(), signal.SIGTERM)
            written += 1
            yield ROWS

    with pytest.raises(KeyboardInterrupt), stopped_cleanly():
        write_batches(batches(), dict(ROWS.schema), folder / "part", parquet=False)
    assert written < 1_000


def test_an_interrupt_while_the_writer_starts_hung_at_exit(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from neocalc.files import outputs
import polars as pl

class Interrupted(outputs.ThreadPoolExecutor):
    def submit(self, *given):
        super().submit(*given)
        raise KeyboardInterrupt

outputs.ThreadPoolExecutor = Interrupted
table = pl.DataFrame({"a": [1]})
try:
    outputs.write_batches([table], dict(table.schema), Path(sys.argv[1]), parquet=False)
except KeyboardInterrupt:
    print("interrupted")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "part")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "interrupted\n"


def test_a_second_interrupt_does_not_disturb_the_cleaning_up() -> None:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), stopped_cleanly():
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                cleaned = True
        assert cleaned
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_reader_that_is_collected_joins_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python may collect it while a thread starts or ends, where a join waits for ever."""
    joined: list[object] = []
    monkeypatch.setattr(threading.Thread, "join", lambda thread, *_: joined.append(thread))
    tables = ahead(iter(["one", "two", "three"]))
    assert next(tables) == "one"
    del tables
    gc.collect()
    assert joined == []
    assert list(ahead(iter(["one", "two"]))) == ["one", "two"]
