"""Temporary files without a name: in order again, and a full disk is an error in one line."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from neocalc.errors import FileError
from neocalc.files import spill
from neocalc.files.sources import Source
from neocalc.files.spill import ROW, Added, Parts, Rows, Spill

TABLE = pl.DataFrame({"id": [f"{i % 7}" for i in range(60)], "x": [i / 4 for i in range(60)]})


def full(*_: object, **__: object) -> int:
    raise OSError(28, "No space left on device")


@pytest.mark.requirement("REQ-FILE-09")
def test_nobody_else_can_open_them_and_nothing_is_left(tmp_path: Path) -> None:
    with Spill(tmp_path) as one:
        place = one.put(TABLE)
        assert list(tmp_path.iterdir()) == []
        about = os.fstat(one._file.fileno())
        assert stat.S_IMODE(about.st_mode) == 0o600
        assert about.st_size == place.size
        assert one.get(place).equals(TABLE)


def test_batches_come_back_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "TOGETHER", 3)
    with contextlib.ExitStack() as opened:
        rows = Rows(None, opened)
        for batch in [*TABLE.iter_slices(7), TABLE.clear()]:
            rows.put(batch)
        assert rows.starts == [0, 7, 14, 21, 28, 35, 42, 49, 56, 60]
        assert pl.concat(rows.tables()).equals(TABLE)


def test_parts_hold_whole_children_and_what_is_added_finds_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "BUFFERED", 5)
    with contextlib.ExitStack() as opened:
        parts = Parts(tmp_path, opened)
        for batch in TABLE.with_row_index(ROW).iter_slices(8):
            parts.add(batch, batch["id"])
        added = Added(tmp_path, opened, [0, 13, 14, 60])
        seen: set[str] = set()
        for part in parts.tables():
            assert part[ROW].is_sorted()
            assert not seen & set(part["id"])
            seen |= set(part["id"])
            added.put(part[ROW], [(part["x"] * 2).alias("y")])
        tables = [pl.DataFrame(series) for series in added.tables()]
    assert [table.height for table in tables] == [13, 1, 46]
    assert pl.concat(tables)["y"].equals((TABLE["x"] * 2).alias("y"))


@pytest.mark.requirement("REQ-FILE-07")
def test_a_disk_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Spill(tmp_path) as one:
        place = one.put(TABLE)
        for name, act in (("write", lambda: one.put(TABLE)), ("pread", lambda: one.get(place))):
            with (
                monkeypatch.context() as patch,
                pytest.raises(FileError, match=f"^{tmp_path}: a temporary file there failed: No"),
            ):
                patch.setattr(os, name, full)
                act()
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(FileError, match="a temporary file there failed: No space left"):
        Spill(None)


def test_a_pipe_that_cannot_be_copied_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"a,b\n1,2\n",), daemon=True)
    writer.start()
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    why = r"^pipe: a temporary copy cannot be written: No space left on device$"
    with pytest.raises(FileError, match=why):
        Source(str(pipe))
    writer.join(10)


def test_a_file_is_closed_also_when_that_fails(tmp_path: Path) -> None:
    class Failing:
        def close(self) -> None:
            raise OSError(5, "Input/output error")

    TABLE.write_csv(tmp_path / "in.csv")
    with Source(str(tmp_path / "in.csv")) as source:
        rows = sum(table.height for table in source.batches())
        data: Any = source._data
        data._stream.close()
        data._stream = Failing()
    assert rows == 60
    assert data._stream is not sys.stdin.buffer
