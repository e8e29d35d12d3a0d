"""The rows of a Parquet file, in batches, in memory that does not grow with the file.

The pages of a row group are checked first (`parquetpages`), then given to polars to decode: as a
small Parquet file of their own, which holds the whole of some row groups, or, where these would
take more than `WHOLE` bytes, the pages of one column in which some rows stand. So each row is read
as the same decoder reads it from the file, and as many rows as the file says it has.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import FileError
from neocalc.files.inputs import Input, read_at
from neocalc.files.parquetpages import MAGIC, Damaged, Group, Layout, Part
from neocalc.files.thrift import I64, LIST, STRUCT, Struct, written

if TYPE_CHECKING:
    import polars as pl


WHOLE: Final = 96 << 20
"""Bytes of row groups that are decoded as a whole."""
SLICE: Final = 48 << 20
"""Bytes of rows that are decoded at a time, of a larger group."""
MOST_SLICED: Final = 1 << 20
"""Rows that are decoded at a time, of a larger group."""
LONGEST_ROW: Final = 1 << 26
"""Bytes of the longest row, as in a CSV."""
BATCH: Final = 64 << 20
"""Bytes of texts in a batch."""
LARGEST: Final = 4 * SLICE
"""Bytes that are decoded for a row, at most."""
LARGE: Final = 1 << 24
"""Bytes of the largest page of which two are decoded at the same time."""
_KEPT: Final = (1, 2, 6, 7)
"""Fields of a footer that are passed on as they are: version, schema, program and orders."""
_ARROW: Final = b"ARROW:schema"
"""The note in a footer that tells types apart which Parquet itself does not have."""


class ParquetRows:
    """The rows of a Parquet file, to be read once.

    Parameters
    ----------
    data : Input
        The bytes of the file.
    name : str
        For messages.

    Attributes
    ----------
    columns : list of str
    schema : dict of str to polars.DataType
    rows : int
        How many the file says it has.
    """

    def __init__(self, data: Input, name: str) -> None:
        self._data = data
        self._name = name
        with self._named_errors():
            self._layout = Layout(data.read_at, data.size)
            self.schema = self._read_schema()
        self.rows = self._layout.rows
        self.columns = list(self.schema)
        self._hashing: Future[str] | None = None
        self.labels: dict[str, str] = {}

    def _read_schema(self) -> dict[str, pl.DataType]:
        import polars as pl

        schema = dict(pl.read_parquet_schema(io.BytesIO(self._file([]))))
        if list(schema) != self._layout.names:
            raise Damaged("its columns are not those of its schema")
        return schema

    @property
    def about(self) -> dict[str, Any]:
        """What a record says of the file."""
        return {"page_checksums": self.checksums}

    @property
    def checksums(self) -> str:
        """Of the pages that were read: verified, or absent, or verified where there are any."""
        if not self._layout.checked:
            return "absent"
        return "verified where there are any" if self._layout.unchecked else "verified"

    def digest(self) -> str:
        """SHA-256 of the file."""
        return self._data.digest() if self._hashing is None else self._hashing.result()

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of at most so many rows."""
        layout = self._layout
        pool = ThreadPoolExecutor(1, thread_name_prefix="neocalc-digest")
        self._hashing = pool.submit(self._data.digest)  # meanwhile
        pool.shutdown(wait=False)
        together: list[Group] = []
        with self._named_errors():
            while layout.groups:
                group = layout.groups.pop(0)
                layout.walk(group)
                if together and _too_much([*together, group], most):
                    yield from self._whole(together, most)
                    together = []
                if group.decoded > WHOLE:
                    yield from self._sliced(group, most)
                elif group.rows:
                    together.append(group)
            if together:
                yield from self._whole(together, most)

    def _whole(self, groups: Sequence[Group], most: int) -> Iterator[pl.DataFrame]:
        """The rows of some row groups, which are decoded as a whole."""
        parts = [(group.rows, [Part(chunk, range(len(chunk.at))) for chunk in group.chunks])
                 for group in groups]  # fmt: skip
        rows = sum(group.rows for group in groups)
        yield from self._cut(self._decoded(parts, self.columns, 0, rows), most)

    def _sliced(self, group: Group, most: int) -> Iterator[pl.DataFrame]:
        """The rows of a large row group, some at a time and column by column."""
        import polars as pl

        start = 0
        large = any(max(chunk.decompressed, default=0) > LARGE for chunk in group.chunks)
        pool = ThreadPoolExecutor(1 if large else 2, thread_name_prefix="neocalc-decode")
        try:
            while start < group.rows:
                rows = self._fitting(group, start)
                decode = partial(self._column, group, start, rows)
                columns = list(pool.map(decode, range(len(self.columns))))
                yield from self._cut(pl.concat(columns, how="horizontal"), most)
                start += rows
        finally:  # nobody waits: see `ahead`
            pool.shutdown(wait=False, cancel_futures=True)

    def _fitting(self, group: Group, start: int) -> int:
        """How many rows of a row group can be decoded together."""
        flat = [chunk for chunk in group.chunks if chunk.column.is_flat]
        # Decoded for any row: distinct values, and columns of which nobody knows where a row is.
        always = sum(c.dictionary[2] for c in flat)
        always += sum(c.decoded for c in group.chunks if not c.column.is_flat)
        rows = min(group.rows - start, MOST_SLICED)
        while True:
            size = sum(chunk.decoded_in(chunk.pages_of(start, rows), rows) for chunk in flat)
            if size <= SLICE or rows == 1:
                break
            rows //= 2
        if always + size > LARGEST:
            raise Damaged(
                f"for one row of a row group of {group.rows:,} rows {(always + size) >> 20:,} MiB"
                f" have to be decoded, and {LARGEST >> 20} is the most; write the file again with"
                " smaller row groups"
            )
        return rows

    def _column(self, group: Group, start: int, rows: int, top: int) -> pl.DataFrame:
        """Some rows of a column of the table."""
        parts: list[Part] = []
        first, held = 0, group.rows
        for chunk in group.chunks:
            pages = range(0)
            if chunk.column.top == top:
                pages = range(len(chunk.at))
                if chunk.column.is_flat:  # else which rows a page holds is written inside it
                    pages = chunk.pages_of(start, rows)
                    first, held = chunk.first[pages.start], chunk.values_in(pages)
            parts.append(Part(chunk, pages))
        return self._decoded([(held, parts)], [self.columns[top]], start - first, rows)

    def _decoded(
        self, groups: Sequence[tuple[int, list[Part]]], columns: list[str], start: int, rows: int
    ) -> pl.DataFrame:
        """Some rows of a small file."""
        import polars as pl

        scan = pl.scan_parquet(io.BytesIO(self._file(groups)), use_statistics=False, cache=False)
        if columns != self.columns:
            scan = scan.select(columns)
        table = scan.slice(start, rows).collect()
        if table.height != rows:
            raise Damaged(f"of {rows:,} rows {table.height:,} could be decoded")
        return table

    def _cut(self, table: pl.DataFrame, most: int) -> Iterator[pl.DataFrame]:
        """A table in parts of about equal size, with a bounded number of rows and bytes."""
        parts = max(-(-table.height // most), -(-int(table.estimated_size()) // BATCH))
        size = -(-table.height // parts)
        for start in range(0, table.height, size):
            part = table.slice(start, size)
            if part.height > 1 and part.estimated_size() > 2 * BATCH:
                yield from self._cut(part, part.height - 1)
                continue
            if part.estimated_size() > LONGEST_ROW and part.height == 1:
                raise Damaged(f"a row is longer than {LONGEST_ROW:,} bytes")
            yield part

    def _file(self, groups: Sequence[tuple[int, list[Part]]]) -> bytes:
        """A Parquet file of some pages; what has no pages in it cannot be read from it."""
        body, at = [MAGIC], len(MAGIC)
        row_groups = []
        for rows, parts in groups:
            columns = []
            for part in parts:
                columns.append({2: (I64, 0), 3: (STRUCT, part.described(at))})
                for place, size in part.bytes:
                    body.append(self._data.read_at(place, size))
                    at += size
            row_groups.append({1: (LIST, (STRUCT, columns)), 2: (I64, at), 3: (I64, rows)})
        about = self._layout.about
        footer: Struct = {number: about[number] for number in _KEPT if number in about}
        footer[3] = I64, sum(rows for rows, _ in groups)
        footer[4] = LIST, (STRUCT, row_groups)
        notes = [note for note in self._layout.notes if note.get(1, (0, None))[1] == _ARROW]
        if notes:
            footer[5] = LIST, (STRUCT, notes)
        data = written(footer)
        return b"".join([*body, data, len(data).to_bytes(4, "little"), MAGIC])

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        import polars as pl

        try:
            yield
        except (Damaged, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise FileError(f"{self._name}: not a readable Parquet file: {brief(error)}") from error


def _too_much(groups: Sequence[Group], most: int) -> bool:
    """Whether row groups are too much to be decoded together with the last of them."""
    rows = sum(group.rows for group in groups[:-1])
    return rows >= most or sum(group.decoded for group in groups) > WHOLE


def brief(error: BaseException) -> str:
    """The first line of a library's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def rows_of(path: Path) -> int:
    """How many rows a Parquet file has."""
    with path.open("rb") as stream:
        return Layout(partial(read_at, stream.fileno()), path.stat().st_size).rows
