"""Parquet files: as many rows as the file says, in bounded memory, and damage is noticed."""

from __future__ import annotations

import datetime as dt
import decimal
import io
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from neocalc.errors import FileError
from neocalc.files import parquetpages, parquetrows
from neocalc.files import sources as files
from neocalc.files.inputs import read_at
from neocalc.files.outputs import write_batches
from neocalc.files.parquetpages import Layout
from neocalc.files.sources import Source
from neocalc.files.thrift import I32, I64, LIST, STRUCT, Reader, Struct, written

ROWS = 600
TABLE = pl.DataFrame(
    {
        "id": [f"{i % 97:03}" for i in range(ROWS)],
        "x": [None if i % 7 == 0 else i / 8 for i in range(ROWS)],
        "on": [dt.date(2026, 1, 1) + dt.timedelta(i % 400) for i in range(ROWS)],
        "at": pl.Series([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * ROWS),
        "for": [dt.timedelta(hours=i) for i in range(ROWS)],
        "arm": pl.Series(["A", "B", None] * (ROWS // 3), dtype=pl.Enum(["A", "B"])),
        "site": pl.Series(["one", "two"] * (ROWS // 2), dtype=pl.Categorical),
        "dose": pl.Series([decimal.Decimal("1.25")] * ROWS),
        "text": ["t" * (i % 50) for i in range(ROWS)],
        "seen": [i % 3 == 0 for i in range(ROWS)],
        "raw": [bytes([i % 256]) for i in range(ROWS)],
        "none": pl.Series([None] * ROWS),
        "many": [list(range(i % 4)) for i in range(ROWS)],
        "both": [{"a": i, "b": [str(i)]} for i in range(ROWS)],
    }
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.parquet"


def read(path: Path) -> pl.DataFrame:
    with Source(str(path)) as source:
        tables = list(source.batches())
        assert source.rows == sum(table.height for table in tables)
        return pl.concat(tables) if tables else pl.DataFrame(schema=source.schema())


def refused(path: Path) -> str:
    """Why a file is refused."""
    with pytest.raises(FileError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix("in.parquet: not a readable Parquet file: ")


# The same rows


@pytest.fixture(params=["as a whole", "in slices", "group by group"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the row groups are decoded."""
    if request.param == "in slices":
        monkeypatch.setattr(parquetrows, "WHOLE", 0)
        monkeypatch.setattr(parquetrows, "SLICE", 30_000)
    if request.param == "group by group":
        monkeypatch.setattr(files, "MOST_ROWS", 70)
    name: str = request.param
    return name


def polars_file(path: Path, **options: Any) -> None:
    TABLE.write_parquet(path, **options)


def arrow_file(path: Path, **options: Any) -> None:
    pq.write_table(TABLE.to_arrow(), path, row_group_size=250, **options)


FILES: list[Callable[[Path], None]] = [
    partial(polars_file, compression="uncompressed"),
    partial(polars_file, row_group_size=100, data_page_size=300),
    partial(arrow_file, data_page_size=200, write_page_checksum=True),
    partial(arrow_file, data_page_version="2.0", data_page_size=200, compression="zstd"),
    partial(arrow_file, use_dictionary=False, data_page_size=200, compression="gzip"),
    partial(arrow_file, store_schema=False),
    partial(arrow_file, use_dictionary=False, column_encoding={"text": "DELTA_BYTE_ARRAY"}),
]


@pytest.mark.requirement("REQ-FILE-06")
@pytest.mark.parametrize("write", FILES)
def test_rows_and_types_are_those_of_the_file(path: Path, way: str, write: Any) -> None:
    write(path)
    found, right = read(path), pl.read_parquet(path)
    assert found.schema == right.schema
    assert found.equals(right)


def test_a_file_without_rows(path: Path, way: str) -> None:
    TABLE.clear().write_parquet(path)
    assert read(path).schema == TABLE.schema
    pq.write_table(TABLE.clear().to_arrow(), path)
    assert read(path).equals(pl.read_parquet(path))


def test_row_groups_without_rows(path: Path) -> None:
    some = TABLE.select("id", "x").to_arrow()
    with pq.ParquetWriter(path, some.schema) as writer:
        for part in (some.slice(0, 0), some, some.slice(0, 0)):
            writer.write_table(part)
    assert read(path).equals(TABLE.select("id", "x"))


@pytest.mark.parametrize("most", [1, 7, 1_000])
def test_batches_are_of_equal_size(path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    TABLE.write_parquet(path)
    monkeypatch.setattr(files, "MOST_ROWS", most)
    with Source(str(path)) as source:
        heights = [table.height for table in source.batches()]
    assert max(heights) <= most
    assert max(heights) - min(heights[:-1] or heights) <= 1


# Bounded memory

MEMORY = """
import re, sys
from neocalc.files.sources import Source
rows = 0
with Source(sys.argv[1]) as source:
    for table in source.batches():
        rows += table.height
        if rows > int(sys.argv[2]): break
print(rows, int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) >> 10)
"""


def memory(path: Path, most: int = 1 << 60) -> tuple[int, int]:
    """Rows that were read, and the most memory that this took [MiB]."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(path), str(most)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows, most = map(int, done.stdout.split())
    return rows, most


@pytest.mark.requirement("REQ-FILE-06")
def test_one_row_group_of_many_rows(path: Path) -> None:
    n = 8_000_000
    words = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(n, dtype=np.int32)), pa.array(["a text of some length"])
    )
    table = pa.table({"x": pa.array(np.zeros(n)), "text": words, "none": pa.nulls(n, pa.int64())})
    pq.write_table(table, path, row_group_size=n, store_schema=False, max_rows_per_page=n)
    assert path.stat().st_size < 20_000
    rows, most = memory(path)
    assert rows == n
    assert most < 300


@pytest.mark.requirement("REQ-FILE-06")
def test_a_long_text_in_many_rows_is_passed_on_in_small_parts(path: Path) -> None:
    n = 3_000
    text = "x" * 1_000_000
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array([text]))
    pq.write_table(pa.table({"i": range(n), "text": words}), path, store_schema=False)
    with Source(str(path)) as source:
        heights = [table.height for table in source.batches()]
    assert sum(heights) == n
    assert max(heights) * len(text) < 2 * parquetrows.BATCH
    rows, most = memory(path)
    assert rows == n
    assert most < 300


def test_lengths_that_differ_much_are_cut_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetrows, "BATCH", 1_000)
    table = pl.DataFrame({"text": ["x" * 900] * 20 + ["y"] * 500})
    table.write_parquet(path)
    with Source(str(path)) as source:
        tables = list(source.batches())
    assert pl.concat(tables).equals(table)
    assert max(part.estimated_size() for part in tables) <= 2_000


def test_a_row_that_is_too_long_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetrows, "LONGEST_ROW", 10_000)
    monkeypatch.setattr(parquetrows, "BATCH", 1_000)
    pl.DataFrame({"text": ["short", "x" * 10_001]}).write_parquet(path)
    assert refused(path) == "a row is longer than 10,000 bytes"


def test_a_row_group_of_which_one_row_takes_too_much_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquetrows, "WHOLE", 1_000)
    monkeypatch.setattr(parquetrows, "LARGEST", 1_000)
    TABLE.write_parquet(path)
    why = refused(path)
    assert why.startswith("for one row of a row group of 600 rows ")
    assert why.endswith("write the file again with smaller row groups")


def test_a_page_that_is_too_large_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetpages, "LARGEST_PAGE", 100)
    TABLE.select("text").write_parquet(path)
    assert "the size of a page of column text, at byte" in refused(path)


def test_more_pages_than_can_be_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetpages, "MOST_PAGES", 3)
    TABLE.write_parquet(path)
    assert refused(path) == "a row group has more than 3 pages"


# Checksums


def checksums(path: Path) -> str:
    with Source(str(path)) as source:
        for _ in source.batches():
            pass
        return str(source.about()["page_checksums"])


@pytest.mark.requirement("REQ-FILE-06")
def test_the_record_says_whether_there_were_checksums(path: Path) -> None:
    arrow_file(path)
    assert checksums(path) == "absent"
    arrow_file(path, write_page_checksum=True)
    assert checksums(path) == "verified"
    content = changed(path.read_bytes(), without_first_checksum)
    path.write_bytes(content)
    assert checksums(path) == "verified where there are any"


@pytest.mark.requirement("REQ-FILE-06")
def test_no_page_that_has_a_checksum_is_read_when_it_was_changed(path: Path) -> None:
    table = TABLE.select("id", "x").head(60)
    pq.write_table(table.to_arrow(), path, write_page_checksum=True, row_group_size=30)
    content = path.read_bytes()
    layout = layout_of(path)
    tried = 0
    for group in layout.groups:
        layout.walk(group)
        for chunk in group.chunks:
            pages = [chunk.dictionary[:2], *zip(chunk.at, chunk.stored, strict=True)]
            for at, size in pages:
                reader = Reader(content, at)
                reader.struct()
                for place in range(reader.at, at + size):
                    tried += 1
                    path.write_bytes(
                        content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
                    )
                    assert refused(path).endswith(
                        "is not what its checksum says: the file is damaged"
                    )
    assert tried > 400


# What a file says of itself


def layout_of(path: Path) -> Layout:
    content = path.read_bytes()
    return Layout(lambda at, size: content[at : at + size], len(content))


def changed(content: bytes, change: Callable[[Struct, bytearray], None]) -> bytes:
    """A file with its footer, or what stands before it, changed."""
    size = int.from_bytes(content[-8:-4], "little")
    footer = Reader(content[-8 - size : -8]).struct()
    body = bytearray(content[: -8 - size])
    change(footer, body)
    data = written(footer)
    return bytes(body) + data + len(data).to_bytes(4, "little") + b"PAR1"


def without_first_checksum(footer: Struct, body: bytearray) -> None:
    """Leave out the checksum of the first page, and have as many bytes as before."""
    reader = Reader(bytes(body), 4)
    header = reader.struct()
    del header[4]
    header[99] = LIST, (3, [])  # a field that nobody knows
    data = written(header)
    header[99] = LIST, (3, [0] * (reader.at - 4 - len(data)))
    body[4 : reader.at] = written(header)
    assert Reader(bytes(body), 4).struct() == header


def setting(struct: Struct, number: int, value: Any) -> Any:
    """Set a field, as an expression."""
    struct[number] = value
    return None


def group(footer: Struct) -> Struct:
    found: Struct = footer[4][1][1][0]
    return found


def meta(footer: Struct) -> Struct:
    found: Struct = group(footer)[1][1][1][0][3][1]
    return found


def element(footer: Struct) -> Struct:
    found: Struct = footer[2][1][1][1]
    return found


def page(change: Callable[[Struct], Any]) -> Callable[[Struct, bytearray], None]:
    """A change of the header of the first page, behind which all else stays where it is."""

    def of(footer: Struct, body: bytearray) -> None:
        reader = Reader(bytes(body), 4)
        header = reader.struct()
        change(header)
        data = written(header)
        rest = bytes(body[reader.at :])
        body[4:] = data + rest
        moved = len(data) - (reader.at - 4)
        for one in group(footer)[1][1][1]:
            for number in (9, 11):
                if number in one[3][1] and one[3][1][number][1] > 4:
                    one[3][1][number] = I64, one[3][1][number][1] + moved

    return of


def put(of: Callable[[Struct], Struct], number: int, value: Any, kind: int = I64) -> Any:
    return lambda footer, _: setting(of(footer), number, (kind, value))


CHANGES: dict[str, tuple[Any, str]] = {
    "rows": (put(lambda f: f, 3, 61), "its footer says 61 rows, its row groups hold 60"),
    "rows below 0": (put(lambda f: f, 3, -1), "the rows cannot be -1"),
    "rows of a group": (put(group, 3, 59), "column id has 60 values for 59 rows"),
    "rows of both": (
        lambda f, _: (setting(f, 3, (I64, 59)), setting(group(f), 3, (I64, 59))),
        "column id has 60 values for 59 rows",
    ),
    "rows of a column": (put(meta, 5, 59), "column id has 59 values for 60 rows"),
    "rows that nobody has": (put(group, 3, 2**60), "the rows of a group cannot be 1,152,"),
    "rows of all": (
        lambda f, _: (
            setting(f, 3, (I64, 61)),
            setting(group(f), 3, (I64, 61)),
            [setting(one[3][1], 5, (I64, 61)) for one in group(f)[1][1][1]],
        ),
        "a page of column id, at byte",
    ),
    "fewer rows of all": (
        lambda f, _: (
            setting(f, 3, (I64, 59)),
            setting(group(f), 3, (I64, 59)),
            [setting(one[3][1], 5, (I64, 59)) for one in group(f)[1][1][1]],
        ),
        "column id has 59 values, its pages 60",
    ),
    "no columns": (lambda f, _: group(f).pop(1), "the columns cannot be read"),
    "a column less": (lambda f, _: group(f)[1][1][1].pop(), "a row group of 1 columns, not 2"),
    "no description": (
        lambda f, _: group(f)[1][1][1][0].pop(3),
        "column id is not described; is it encrypted?",
    ),
    "half a description": (lambda f, _: meta(f).pop(4), "column id is not described"),
    "another file": (
        lambda f, _: setting(group(f)[1][1][1][0], 1, (8, b"other.parquet")),
        "column id is in another file",
    ),
    "another type": (put(meta, 1, 1, I32), "column id has two types"),
    "no type": (lambda f, _: meta(f).pop(1), "the type of column id cannot be read"),
    "a dictionary behind its pages": (put(meta, 11, 2**40), ""),  # whatever polars says
    "a position before": (
        lambda f, _: (meta(f).pop(11, None), setting(meta(f), 9, (I64, 1))),
        "column id lies outside of the file",
    ),
    "a position within": (put(meta, 11, 7), "the type of a page of column id, at byte 7,"),
    "no schema": (lambda f, _: f.pop(2), "the schema cannot be read"),
    "an empty schema": (put(lambda f: f, 2, (STRUCT, []), LIST), "it has no schema"),
    "a schema of numbers": (put(lambda f: f, 2, (I32, [1]), LIST), "the schema cannot be read"),
    "a longer schema": (
        lambda f, _: f[2][1][1].append(dict(element(f))),
        "its schema has more than its columns",
    ),
    "a shorter schema": (lambda f, _: f[2][1][1].pop(), "its schema is cut off"),
    "a column within itself": (put(element, 5, 3, I32), "its schema is cut off"),
    "a page of 2.3e18 bytes": (
        page(lambda h: setting(h, 2, (I64, 2**61))),
        "the size of a page of column id, at byte 4, cannot be 2,305,843,009,213,693,952",
    ),
    "a page of 2.3e18 bytes in the file": (
        page(lambda h: setting(h, 3, (I64, 2**61))),
        "the size of a page of column id, at byte 4, cannot be 2,305,843,009,213,693,952",
    ),
    "a page that is longer than the file": (
        page(lambda h: setting(h, 3, (I32, 10**6))),
        "a page of column id, at byte 4, does not end before the footer",
    ),
    "a page of no type": (
        page(lambda h: setting(h, 1, (I32, 9))),
        "a page of column id, at byte 4, is of no known type",
    ),
    "an index in place of a page": (
        page(lambda h: setting(h, 1, (I32, 1))),
        "",  # whatever polars says
    ),
    "a page without a size": (
        page(lambda h: h.pop(2)),
        "the size of a page of column id, at byte 4, cannot be read",
    ),
}


@pytest.mark.requirement("REQ-FILE-06")
@pytest.mark.parametrize("name", CHANGES)
def test_a_file_that_contradicts_itself_is_refused(path: Path, name: str) -> None:
    change, why = CHANGES[name]
    pq.write_table(TABLE.select("id", "x").head(60).to_arrow(), path, store_schema=False)
    path.write_bytes(changed(path.read_bytes(), change))
    assert refused(path).startswith(why)


def test_two_dictionaries_are_refused(path: Path) -> None:
    def twice(footer: Struct, body: bytearray) -> None:
        reader = Reader(bytes(body), 4)
        header = reader.struct()
        end = reader.at + header[3][1]
        body[end:end] = body[4:end]
        for one in group(footer)[1][1][1][1:]:
            for number in (9, 11):
                if number in one[3][1]:
                    one[3][1][number] = I64, one[3][1][number][1] + end - 4

    pq.write_table(TABLE.select("id", "x").head(60).to_arrow(), path, store_schema=False)
    path.write_bytes(changed(path.read_bytes(), twice))
    assert refused(path).endswith("holds a second dictionary")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PAR1", "it does not end with PAR1; is it cut off?"),
        (b"PAR1" + bytes(20), "it does not end with PAR1; is it cut off?"),
        (b"PAR1" + bytes(20) + b"PARE", "it is encrypted"),
        (b"PAR1" + bytes(20) + b"\xff\xff\xff\x7fPAR1", "its footer has 2,147,483,647 bytes of 32"),
        (b"PAR1" + bytes(20) + b"\x14\0\0\0PAR1", "the rows cannot be read"),
        (b"PAR1" + b"\x15" * 20 + b"\x14\0\0\0PAR1", "its footer cannot be read: "),
    ],
)
def test_what_has_no_footer_is_refused(path: Path, content: bytes, why: str) -> None:
    path.write_bytes(content)
    assert refused(path).startswith(why)


def test_a_footer_that_is_too_long_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquetpages, "LARGEST_FOOTER", 100)
    TABLE.write_parquet(path)
    assert refused(path).endswith("at most 100 are read")


def test_the_header_of_a_page_may_be_long(path: Path) -> None:
    text = pl.DataFrame({"text": ["x" * 5_000, "y" * 5_000]})
    pq.write_table(text.to_arrow(), path)
    content = changed(
        path.read_bytes(), page(lambda header: setting(header, 99, (8, b"z" * 10_000)))
    )
    path.write_bytes(content)
    assert read(path).equals(text)


# Fewer rows than the file says


@pytest.mark.requirement("REQ-FILE-06")
def test_rows_that_the_decoder_loses_are_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A thread of the decoder may end and the rows so far be taken for all.
    TABLE.write_parquet(path)
    real: Any = pl.LazyFrame.collect
    monkeypatch.setattr(pl.LazyFrame, "collect", lambda *a, **k: real(*a, **k).head(450))
    assert refused(path) == "of 600 rows 450 could be decoded"


def test_rows_that_a_batch_loses_are_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TABLE.write_parquet(path)
    monkeypatch.setattr(parquetrows.ParquetRows, "_cut", lambda *_: iter([TABLE.head(10)]))
    with pytest.raises(FileError, match=r"^in.parquet: of 600 rows 10 were read$"):
        read(path)


def test_columns_that_the_decoder_names_otherwise_are_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    TABLE.write_parquet(path)
    monkeypatch.setattr(pl, "read_parquet_schema", lambda *_: {"a": pl.String()})
    assert refused(path) == "its columns are not those of its schema"


@pytest.mark.requirement("REQ-FILE-08")
def test_a_panic_of_the_decoder_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def panics(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds\nat lib.rs")

    TABLE.write_parquet(path)
    monkeypatch.setattr(pl.LazyFrame, "collect", panics)
    assert refused(path) == "index out of bounds"


@pytest.mark.requirement("REQ-FILE-06")
def test_rows_that_are_lost_when_they_are_written_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pl.LazyFrame.sink_parquet
    monkeypatch.setattr(
        pl.LazyFrame, "sink_parquet", lambda lazy, at: real(lazy.collect().head(10).lazy(), at)
    )
    with pytest.raises(OSError, match=r"^polars: of \d+ rows 10 were written$"):
        write_batches([TABLE], dict(TABLE.schema), tmp_path / "part", parquet=True)


# The file that was opened


@pytest.mark.requirement("REQ-FILE-10")
def test_a_file_that_is_replaced_while_it_is_read(path: Path) -> None:
    arrow_file(path)
    digest = json.dumps(list(path.read_bytes()))
    with Source(str(path)) as source:
        io.BytesIO(path.read_bytes())
        (path.parent / "other").write_bytes(b"other")
        (path.parent / "other").replace(path)
        table = pl.concat(list(source.batches()))
        import hashlib

        assert source.digest() == hashlib.sha256(bytes(json.loads(digest))).hexdigest()
        with source.again() as again:
            assert pl.concat(list(again.batches())).equals(table)
            assert again.digest() == source.digest()
    assert table.equals(TABLE)


@pytest.mark.requirement("REQ-FILE-10")
@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    some = TABLE.select("id", "x")
    (some.write_csv if name == "in.csv" else some.write_parquet)(path)
    with Source(str(path)) as source, path.open("ab") as stream:
        stream.write(b"\n")
        stream.flush()
        with pytest.raises(FileError, match=f"^{name}: was changed while it was read"):
            list(source.batches())


def test_reading_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    with (tmp_path / "x").open("rb") as stream:
        assert read_at(stream.fileno(), 2, 3) == b"234"
        assert read_at(stream.fileno(), 8, 5) == b"89"
        assert read_at(stream.fileno(), 20, 5) == b""
