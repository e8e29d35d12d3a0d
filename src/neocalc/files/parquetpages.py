"""What a Parquet file says of itself: its rows, columns, row groups and pages, checked before use.

A library that decodes Parquet believes the file. So everything that it would believe is read here
first, in plain Python: that the rows of the groups add up, that columns lie inside the file, that
the pages of a column hold as many values as the column, how large they become, and that they have
the checksum that is written beside them. What a reader of this module then decodes is as large as
was said, and a page that was changed is noticed, where the file has checksums. The format has none
for its layout: the footer and the headers of the pages.

References
----------
Apache Parquet, "File format", https://parquet.apache.org/docs/file-format/; parquet-format,
src/main/thrift/parquet.thrift (fields by number).
"""

from __future__ import annotations

import struct
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from neocalc.files.thrift import I64, Reader, Struct, ThriftError

MAGIC: Final = b"PAR1"
ENCRYPTED: Final = b"PARE"
LARGEST_FOOTER: Final = 1 << 26
"""Bytes of the longest footer."""
LARGEST_PAGE: Final = 1 << 26
"""Bytes of the largest page, compressed or not."""
MOST_PAGES: Final = 1_000_000
"""Pages of a row group."""
MOST_ROWS: Final = 1 << 48
"""Rows that a file can say it has."""
_WINDOWS: Final = (1 << 9, 1 << 13, 1 << 17, 1 << 22)
"""Bytes in which the header of a page is looked for, each when the one before is too short."""
_DATA, _INDEX, _DICTIONARY, _DATA_2 = range(4)
_REPEATED: Final = 2
_WIDTHS: Final = (1, 4, 8, 12, 4, 8, 16)
"""Bytes of a decoded value of each physical type but the last: a text has a view of 16 bytes."""
_BYTE_ARRAY, _FIXED = 6, 7
_DELTA_BYTE_ARRAY: Final = 7
_SHARED: Final = 8
"""How much longer texts may be than what is stored, where each begins as the one before it."""

ReadAt = Callable[[int, int], "bytes | memoryview"]
"""From a position and a size to the bytes there; fewer at the end."""


class Damaged(ValueError):
    """A file that is not as the format says: where, and what is wrong."""


@dataclass
class Column:
    """A leaf of the schema: values of one type.

    Attributes
    ----------
    name : str
        For messages: its path, with dots.
    top : int
        Which column of the table it belongs to, from 0.
    is_flat : bool
        Whether it is a column of the table, with one value, or none, in each row.
    kind : int
        Physical type.
    width : int
        Bytes of a decoded value.
    """

    name: str
    top: int
    is_flat: bool
    kind: int
    width: int


@dataclass
class Chunk:
    """The pages of a column in a row group.

    Attributes
    ----------
    column : Column
    about : dict
        Its description in the footer.
    values : int
        How many it has.
    start, size : int
        Where it lies, as the footer says [byte].
    dictionary : tuple of int
        Position, size and size when decompressed of the page with its distinct values; of size 0
        where it has none.
    first, at, stored, decompressed : array
        Of each page: its first value, position, size and size when decompressed.
    """

    column: Column
    about: Struct
    values: int
    start: int
    size: int
    dictionary: tuple[int, int, int] = (0, 0, 0)
    first: array[int] = field(default_factory=lambda: array("q"))
    at: array[int] = field(default_factory=lambda: array("q"))
    stored: array[int] = field(default_factory=lambda: array("q"))
    decompressed: array[int] = field(default_factory=lambda: array("q"))
    shared: bool = False

    @property
    def decoded(self) -> int:
        """Bytes that all its values take, at most, but for the repetitions of a dictionary."""
        return self.dictionary[2] + self.decoded_in(range(len(self.at)), self.values)

    def decoded_in(self, pages: range, values: int) -> int:
        """Bytes that some of the values of some pages take, if all are equally long."""
        size = values * self.column.width
        if self.column.kind == _BYTE_ARRAY and pages:
            stored = sum(self.decompressed[pages.start : pages.stop]) * values
            size += stored // max(self.values_in(pages), 1) * (_SHARED if self.shared else 1)
        return size

    def pages_of(self, start: int, values: int) -> range:
        """The pages in which some values stand."""
        return range(bisect_right(self.first, start) - 1, bisect_left(self.first, start + values))

    def values_in(self, pages: range) -> int:
        """How many values some pages have."""
        end = self.first[pages.stop] if pages.stop < len(self.first) else self.values
        return end - self.first[pages.start]


@dataclass
class Group:
    """A row group: its rows and the chunks of all columns."""

    rows: int
    chunks: list[Chunk]

    @property
    def decoded(self) -> int:
        """Bytes that its rows take, at most, but for the repetitions of dictionaries."""
        return sum(chunk.decoded for chunk in self.chunks)


@dataclass
class Part:
    """Some pages of a column: what of them goes into another Parquet file.

    Attributes
    ----------
    chunk : Chunk
    pages : range
    """

    chunk: Chunk
    pages: range

    @property
    def bytes(self) -> list[tuple[int, int]]:
        """Where they lie: positions and sizes, that of the dictionary first."""
        if not self.pages:
            return []
        at, size, _ = self.chunk.dictionary
        start, last = self.chunk.at[self.pages.start], self.pages.stop - 1
        end = self.chunk.at[last] + self.chunk.stored[last]
        return [*([(at, size)] if size else []), (start, end - start)]

    def described(self, at: int) -> Struct:
        """Their description in the footer of a file in which they lie at a position."""
        sizes = [size for _, size in self.bytes]
        about = {number: self.chunk.about[number] for number in (1, 2, 3, 4)}
        has_dictionary = len(sizes) > 1
        about[5] = I64, self.chunk.values_in(self.pages) if self.pages else 0
        about[6] = I64, sum(sizes)
        about[7] = I64, sum(sizes)
        about[9] = I64, at + (sizes[0] if has_dictionary else 0)
        if has_dictionary:
            about[11] = I64, at
        return about


class Layout:
    """The footer of a Parquet file.

    Parameters
    ----------
    read_at : callable
        Reads the file.
    size : int
        Of the file [byte].

    Attributes
    ----------
    about : dict
        The footer as it stands.
    columns : list of Column
        The leaves of the schema.
    names : list of str
        The columns of the table.
    rows : int
        Of the file.
    groups : list of Group
        In order.
    notes : list of dict
        Keys and values that programs have put there.
    checked, unchecked : int
        Pages so far that had a checksum, and that had none.

    Raises
    ------
    Damaged
        When it is not a footer, or says what cannot be.
    """

    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at = read_at
        self.checked = self.unchecked = 0
        tail = bytes(read_at(max(size - 8, 0), 8))
        if size < 12 or tail[4:] != MAGIC:
            if tail[4:] == ENCRYPTED:
                raise Damaged("it is encrypted")
            raise Damaged("it does not end with PAR1; is it cut off?")
        (length,) = struct.unpack("<I", tail[:4])
        self.end = size - 8 - length
        if self.end < len(MAGIC):
            raise Damaged(f"its footer has {length:,} bytes of {size:,}")
        if length > LARGEST_FOOTER:
            raise Damaged(f"its footer has {length:,} bytes; at most {LARGEST_FOOTER:,} are read")
        data = bytes(read_at(self.end, length))
        try:
            self.about = Reader(data).struct()
        except ThriftError as error:
            raise Damaged(f"its footer cannot be read: {error}") from error
        self.rows = _number(self.about, 3, "rows", MOST_ROWS)
        self.columns, self.names = _leaves(_list(self.about, 2, "schema"))
        self.groups = [self._group(one) for one in _list(self.about, 4, "row groups")]
        self.notes = _list(self.about, 5, "notes") if 5 in self.about else []
        held = sum(group.rows for group in self.groups)
        if held != self.rows:
            raise Damaged(f"its footer says {self.rows:,} rows, its row groups hold {held:,}")

    def _group(self, about: Struct) -> Group:
        rows = _number(about, 3, "rows of a group", MOST_ROWS)
        chunks = _list(about, 1, "columns")
        if len(chunks) != len(self.columns):
            raise Damaged(f"a row group of {len(chunks):,} columns, not {len(self.columns):,}")
        return Group(
            rows,
            [
                self._chunk(one, column, rows)
                for one, column in zip(chunks, self.columns, strict=True)
            ],
        )

    def _chunk(self, about: Struct, column: Column, rows: int) -> Chunk:
        where = f"column {column.name}"
        if 1 in about:
            raise Damaged(f"{where} is in another file")
        meta = about.get(3, (0, None))[1]
        if not isinstance(meta, dict):
            raise Damaged(f"{where} is not described; is it encrypted?")
        if not {2, 3, 4} <= meta.keys():
            raise Damaged(f"{where} is not described")
        if _number(meta, 1, f"type of {where}", _FIXED) != column.kind:
            raise Damaged(f"{where} has two types")
        values = _number(meta, 5, f"values of {where}", MOST_ROWS)
        if column.is_flat and values != rows:
            raise Damaged(f"{where} has {values:,} values for {rows:,} rows")
        size = _number(meta, 7, f"size of {where}", self.end)
        data = _number(meta, 9, f"position of {where}", self.end)
        dictionary = _whole(meta, 11, f"position of {where}", absent=0)
        start = dictionary if 0 < dictionary < data else data
        if values and not len(MAGIC) <= start < self.end:
            raise Damaged(f"{where} lies outside of the file")
        return Chunk(column, meta, values, start, size)

    def walk(self, group: Group) -> None:
        """Find the pages of a row group and check them.

        Raises
        ------
        Damaged
            When a page is not as it says, or a column has another number of values.
        """
        pages = 0
        for chunk in group.chunks:
            at, values = chunk.start, 0
            while values < chunk.values:
                pages += 1
                if pages > MOST_PAGES:
                    raise Damaged(f"a row group has more than {MOST_PAGES:,} pages")
                at, more = self._page(chunk, at, values)
                values += more
            if values != chunk.values:
                raise Damaged(
                    f"column {chunk.column.name} has {chunk.values:,} values, its pages {values:,}"
                )

    def _page(self, chunk: Chunk, at: int, values: int) -> tuple[int, int]:
        """Check a page and keep it; where the next one begins, and how many values this one has."""
        where = f"a page of column {chunk.column.name}, at byte {at:,},"
        header, length = self._header(at, where)
        kind = _number(header, 1, f"type of {where}", 1 << 31)
        decompressed = _number(header, 2, f"size of {where}", LARGEST_PAGE)
        stored = _number(header, 3, f"size of {where}", LARGEST_PAGE)
        body, end = at + length, at + length + stored
        if end > self.end:
            raise Damaged(f"{where} does not end before the footer")
        if 4 in header:
            found = zlib.crc32(self._read_at(body, stored))
            if found != _whole(header, 4, f"checksum of {where}") & 0xFFFFFFFF:
                raise Damaged(f"{where} is not what its checksum says: the file is damaged")
            self.checked += 1
        else:
            self.unchecked += 1
        if kind == _INDEX:
            return end, 0
        about = header.get({_DATA: 5, _DICTIONARY: 7, _DATA_2: 8}.get(kind, 0), (0, None))[1]
        if not isinstance(about, dict):
            raise Damaged(f"{where} is of no known type")
        count = _number(about, 1, f"values of {where}", 1 << 31)
        if kind == _DICTIONARY:
            if chunk.at or chunk.dictionary[1]:
                raise Damaged(f"{where} holds a second dictionary")
            chunk.dictionary = at, end - at, decompressed
            return end, 0
        encoding = _whole(about, 4 if kind == _DATA_2 else 2, f"encoding of {where}")
        chunk.shared |= encoding == _DELTA_BYTE_ARRAY
        for column, value in zip(
            (chunk.first, chunk.at, chunk.stored, chunk.decompressed),
            (values, at, end - at, decompressed),
            strict=True,
        ):
            column.append(value)
        return end, count

    def _header(self, at: int, where: str) -> tuple[Struct, int]:
        """The header of a page and its length."""
        why = "it is cut off"
        for window in _WINDOWS:
            data = bytes(self._read_at(at, min(window, self.end - at)))
            try:
                reader = Reader(data)
                return reader.struct(), reader.at
            except ThriftError as error:
                why = str(error)
            if len(data) < window:
                break
        raise Damaged(f"{where} has no header: {why}")


def _number(about: Struct, number: int, what: str, most: int) -> int:
    """A whole number that cannot be less than 0."""
    value = _whole(about, number, what)
    if not 0 <= value <= most:
        raise Damaged(f"the {what} cannot be {value:,}")
    return value


def _whole(about: Struct, number: int, what: str, absent: int | None = None) -> int:
    """A whole number, or what it is where there is none."""
    value = about.get(number, (0, absent))[1]
    if isinstance(value, bool) or not isinstance(value, int):
        raise Damaged(f"the {what} cannot be read")
    return value


def _list(about: Struct, number: int, what: str) -> list[Struct]:
    """A list of structures."""
    value = about.get(number, (0, None))[1]
    if not isinstance(value, tuple) or not all(isinstance(one, dict) for one in value[1]):
        raise Damaged(f"the {what} cannot be read")
    found: list[Struct] = value[1]
    return found


def _leaves(elements: list[Struct]) -> tuple[list[Column], list[str]]:
    """The leaves of a schema, whose elements stand one after the other from the root on."""
    rest: Iterator[Struct] = iter(elements)
    leaves: list[Column] = []

    def name_of(element: Struct) -> str:
        name: Any = element.get(4, (0, b""))[1]
        return bytes(name).decode("utf-8", "replace") if isinstance(name, bytes) else ""

    def add(path: str, top: int, depth: int) -> str:
        element = next(rest, None)
        if element is None or depth > 50:
            raise Damaged("its schema is cut off")
        name = name_of(element)
        here = path + "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
        children = _whole(element, 5, "schema", absent=0)
        if not children:
            kind = _number(element, 1, f"type of column {here}", _FIXED)
            width = (
                max(_number(element, 2, f"width of column {here}", LARGEST_PAGE), 1)
                if kind == _FIXED
                else _WIDTHS[kind]
            )
            repetition = _whole(element, 3, f"repetition of column {here}", absent=0)
            is_flat = depth == 1 and repetition != _REPEATED
            leaves.append(Column(here, top, is_flat, kind, width))
        for _ in range(children):
            add(f"{here}.", top, depth + 1)
        return name

    root = next(rest, None)
    if root is None:
        raise Damaged("it has no schema")
    count = _number(root, 5, "columns", len(elements)) if 5 in root else 0
    names = [add("", top, 1) for top in range(count)]
    if next(rest, None) is not None:
        raise Damaged("its schema has more than its columns")
    return leaves, names
