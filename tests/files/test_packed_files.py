"""Files that are packed with gzip: read in bounded memory, and refused where they are cut off."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neocalc.errors import FileError
from neocalc.files.formats import gzipped
from neocalc.files.formats.gzipped import Unpacked
from shell import ADDED, HEADER, ROW, SCORED, Shell

TABLE = (HEADER + ROW).encode()


def gz(content: bytes) -> bytes:
    """Packed, without the time: names of tests are the same in every process."""
    return gzip.compress(content, mtime=0)


def unpacked(content: bytes, start: int = 0, size: int = 1 << 16) -> bytes:
    """What a file holds, read some bytes at a time."""
    stream = Unpacked(io.BytesIO(content[start:]), content[:start], "in.csv.gz")
    parts = []
    while part := stream.read(size):
        parts.append(part)
    assert stream.digest() == hashlib.sha256(content).hexdigest()
    return b"".join(parts)


@pytest.mark.requirement("REQ-FILE-12")
@pytest.mark.parametrize("through_a_pipe", [False, True])
def test_a_packed_table_is_scored_as_the_table_is(shell: Shell, through_a_pipe: bool) -> None:
    packed = gz(TABLE)
    shell.write("in.csv.gz", packed)
    name = "-" if through_a_pipe else "in.csv.gz"
    done = shell.run("score", name, "-o", "out.csv", stdin=packed if through_a_pipe else None)
    assert done.code == 0
    assert shell.read("out.csv") == f"{HEADER.strip()},{ADDED}\n{ROW.strip()},{SCORED}\n"
    record = json.loads(shell.read("out.csv.json"))["input"]
    assert record["sha256"] == hashlib.sha256(packed).hexdigest()
    assert record["kind"] == "CSV (.gz)"


@pytest.mark.requirement("REQ-FILE-12")
@pytest.mark.parametrize("command", ["velocity", "chart", "report"])
def test_every_command_takes_it(shell: Shell, command: str) -> None:
    rows = "".join(f"001,f,{day},27+3,{3000 + 20 * day}\n" for day in (150, 211))
    shell.write("in.csv.gz", gz((HEADER + rows).encode()))
    out = {"velocity": "out.csv", "chart": "out.svg", "report": "out.html"}[command]
    assert shell.run(command, "in.csv.gz", "-o", out).code == 0
    assert out in shell.names()


@pytest.mark.requirement("REQ-FILE-12")
def test_rows_of_a_child_anywhere_in_it(shell: Shell) -> None:
    """The file is read again by another way."""
    rows = "".join(f"{n % 3},f,{100 + n},{'27+3' if n < 3 else ''},3100\n" for n in range(9))
    shell.write("in.csv.gz", gz((HEADER + rows).encode()))
    shell.write("in.csv", HEADER + rows)
    for name in ("in.csv.gz", "in.csv"):
        assert shell.run("score", name, "-o", f"{name}.out.csv").code == 0
    assert shell.read("in.csv.gz.out.csv") == shell.read("in.csv.out.csv")


@pytest.mark.requirement("REQ-FILE-12")
@given(st.binary(max_size=2_000), st.binary(max_size=200), st.integers(0, 40), st.integers(1, 99))
def test_what_was_packed_comes_out(one: bytes, two: bytes, start: int, size: int) -> None:
    content = gz(one) + gz(two) + b"\0" * (start % 3)
    assert unpacked(content, min(start, len(content)), size) == one + two


@pytest.mark.requirement("REQ-FILE-15")
@given(st.binary(max_size=500), st.data())
def test_a_file_that_is_cut_off_is_refused(content: bytes, data: st.DataObject) -> None:
    packed = gz(content)
    end = data.draw(st.integers(2, len(packed) - 1))
    with pytest.raises(FileError, match="cut off"):
        unpacked(packed[:end], 2)


@pytest.mark.requirement("REQ-FILE-15")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (gz(TABLE)[:-9], "in.csv.gz: the gzip file is cut off; copy or pack it again"),
        (gz(TABLE)[:-5] + b"\1" * 5, "in.csv.gz: the gzip file is damaged"),
        (b"\x1f\x8b\x08\x00" + b"\xff" * 40, "in.csv.gz: the gzip file is damaged"),
        (gz(TABLE) + b"more", "in.csv.gz: other bytes follow the end of the gzip file"),
        (gz(TABLE) + b"m", "in.csv.gz: other bytes follow the end of the gzip file"),
        (gz(gz(TABLE)), "what is packed in it is a gzip file"),
        (gz(b""), "the file is empty"),
    ],
)
def test_hostile_packed_files_are_one_line(shell: Shell, content: bytes, said: str) -> None:
    shell.write("in.csv.gz", content)
    assert said in shell.run("score", "in.csv.gz", "-o", "out.csv").problem
    assert shell.names() == ["in.csv.gz"]


@pytest.mark.requirement("REQ-FILE-12")
def test_what_else_is_packed_is_named(shell: Shell) -> None:
    parquet, archive = io.BytesIO(), io.BytesIO()
    pl.DataFrame({"sex": ["f"]}).write_parquet(parquet)
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("cohort.csv"), io.BytesIO())
    shell.write("in.parquet.gz", gz(parquet.getvalue()))
    shell.write("in.tar.gz", archive.getvalue())
    said = shell.run("score", "in.parquet.gz", "-o", "out.csv").problem
    assert "what is packed in it is a Parquet file; unpack it first" in said
    said = shell.run("score", "in.tar.gz", "-o", "out.csv").problem
    assert "what is packed in it is a tar archive; unpack it first" in said


@pytest.mark.requirement("REQ-FILE-15")
def test_a_bomb_is_refused_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte that unpacks to a gigabyte of blank lines."""
    monkeypatch.setattr(gzipped, "LARGE", 1 << 20)
    bomb = gz(b"\n" * (64 << 20))
    stream = Unpacked(io.BytesIO(bomb), b"", "in.csv.gz")
    given = 0
    with pytest.raises(FileError, match="unpacks to more than 400 times its size"):
        while part := stream.read(1 << 16):
            assert len(part) <= 1 << 16
            given += len(part)
    assert given < (gzipped.MOST_TIMES + 2) * len(bomb)


@pytest.mark.requirement("REQ-FILE-12")
def test_a_long_table_of_few_words_is_no_bomb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzipped, "LARGE", 1 << 16)
    rows = (HEADER + "".join(f"{n},f,105,27+3,3100\n" for n in range(20_000))).encode()
    assert unpacked(gz(rows)) == rows
