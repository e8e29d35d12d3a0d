"""The rows of a CSV: read once, refused where they are malformed, parsed in batches of whole rows.

A CSV is as RFC 4180 says, in UTF-8, with line feeds or carriage returns and line feeds. Every row
must have as many fields as the header, or none at all (a blank line); a row with fewer or more has
lost or gained a separator, and which of its fields stand in the wrong column nobody can tell. Rows
are numbered as in a spreadsheet: the header is row 1, and a blank line counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from neocalc.errors import FileError

if TYPE_CHECKING:
    import polars as pl

PIECE: Final = 6 << 20
"""Bytes that are read at a time."""
LONGEST_ROW: Final = 1 << 26
"""Bytes of the longest row; beyond it a quotation mark has not been closed."""
_MARK, _LINE_FEED, _RETURN = b'"\n\r'
_INSTRUCTION: Final = re.compile(rb'"?sep=([\x09\x20-\x7e])"?,*\r?\n?', re.IGNORECASE)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

Positions = npt.NDArray[np.intp]
Fault = tuple[int, str]
"""A position in a text, and what is wrong there."""


def first_of(*faults: Fault | None) -> Fault | None:
    """The fault that stands first."""
    return min((fault for fault in faults if fault is not None), default=None)


class Text:
    """A piece of a CSV and where its rows and fields end, outside quoted fields.

    Parameters
    ----------
    text : bytes
        It starts at the start of a row.
    separator : bytes
        Between fields.
    last : bool
        Whether it ends where the file ends, and not somewhere in a row.

    Attributes
    ----------
    whole : int
        Bytes of its whole rows.
    marks : numpy.ndarray
        Positions of the quotation marks.
    """

    def __init__(self, text: bytes, separator: bytes, *, last: bool = False) -> None:
        if last and not text.endswith(b"\n"):
            text += b"\n"
        self.text = text
        self.bytes = np.frombuffer(text, dtype=np.uint8)
        self.separator = separator[0]
        self.marks = self._where(_MARK) if b'"' in text else np.empty(0, dtype=np.intp)
        self.whole = len(text) if last else text.rfind(b"\n") + 1
        if np.searchsorted(self.marks, self.whole) % 2 and not last:  # that one is quoted
            self.whole = int(self.ends[-1]) + 1 if self.ends.size else 0
        self.marks = self.marks[: np.searchsorted(self.marks, self.whole)]

    @cached_property
    def ends(self) -> Positions:
        """Positions of the line feeds that end a row."""
        return self._unquoted(self._where(_LINE_FEED))

    @cached_property
    def returns(self) -> Positions:
        """Positions of the carriage returns outside quoted fields."""
        if b"\r" not in self.text:
            return np.empty(0, dtype=np.intp)
        returns = self._where(_RETURN)
        return self._unquoted(returns[returns < self.whole])

    @cached_property
    def separators(self) -> Positions:
        """Positions of the separators between fields."""
        return self._unquoted(self._where(self.separator))

    def _where(self, byte: int) -> Positions:
        return np.flatnonzero(self.bytes == byte)

    def _unquoted(self, at: Positions) -> Positions:
        """Those of the positions that are not between two quotation marks."""
        upto = np.searchsorted(at, self.marks)
        first, last = upto[0::2], upto[1::2]
        if len(first) > len(last):  # the last field is not closed in this piece
            last = np.append(last, len(at))
        some = first < last
        if not some.any():
            return at
        step = np.zeros(len(at) + 1, dtype=np.int8)
        step[first[some]] += 1
        step[last[some]] -= 1
        outside: Positions = at[np.cumsum(step[:-1], dtype=np.int8) == 0]
        return outside

    @cached_property
    def _doubled(self) -> npt.NDArray[np.bool_]:
        """Where a mark that closes a field is followed at once by one that opens it again."""
        opening, closing = self.marks[0::2], self.marks[1::2]
        doubled: npt.NDArray[np.bool_] = closing[: max(len(opening) - 1, 0)] + 1 == opening[1:]
        return doubled

    def is_all_in(self, table: pl.DataFrame) -> bool:
        """Whether every byte of the whole rows is accounted for by the fields of a table.

        Fields, a separator less than fields in each row, line ends, and the marks that quote: a
        row of another number of fields leaves a difference, and so does a blank line.
        """
        import polars as pl

        fields = sum(table.select(pl.all().str.len_bytes().sum()).row(0))
        others = table.height * (table.width - 1 + len(b"\n")) + len(self.returns)
        quotes = len(self.marks) - np.count_nonzero(self._doubled)
        return bool(fields + others + quotes == self.whole)

    def fault(self) -> Fault | None:
        """The first place in the whole rows that no table can hold, and what is wrong there."""
        return first_of(self._not_utf8(), self._stray_mark(), self._lone_return())

    def _not_utf8(self) -> Fault | None:
        if self.text.isascii():
            return None
        try:
            self.text[: self.whole].decode("utf-8")
        except UnicodeDecodeError as error:
            byte = self.text[error.start]
            return error.start, f"the byte 0x{byte:02X} is not UTF-8; save the file as UTF-8"
        return None

    def _stray_mark(self) -> Fault | None:
        """A quotation mark that neither opens nor closes a field, and is not one of two in it."""
        if not self.marks.size:
            return None
        opening, closing, doubled = self.marks[0::2], self.marks[1::2], self._doubled
        before = self.bytes[opening[1:] - 1]
        opens = (before == self.separator) | (before == _LINE_FEED) | doubled
        first = opening[0] == 0 or self.bytes[opening[0] - 1] in (self.separator, _LINE_FEED)
        after = self.bytes[closing + 1]
        closes = (after == self.separator) | (after == _LINE_FEED) | (after == _RETURN)
        closes[: len(doubled)] |= doubled
        wrong = np.concatenate([opening[:1][[not first]], opening[1:][~opens], closing[~closes]])
        if not wrong.size:
            if len(opening) > len(closing):
                return int(opening[-1]), "a quoted field that is not closed"
            return None
        return int(wrong.min()), (
            "a quotation mark in the middle of a field; a field with one is quoted and the mark"
            " doubled, and a quoted field is closed before the next separator"
        )

    def _lone_return(self) -> Fault | None:
        lone = self.returns[self.bytes[self.returns + 1] != _LINE_FEED]
        if not lone.size:
            return None
        return int(lone[0]), (
            "a carriage return without a line feed; save the file with line feeds, or quote the"
            " field that it belongs to"
        )

    def miscount(self, columns: int) -> Fault | None:
        """The first row that has another number of fields than the header, and is not blank."""
        fields = np.diff(np.searchsorted(self.separators, self.ends), prepend=0) + 1
        wrong = np.flatnonzero(fields != columns)
        if not wrong.size:
            return None
        starts = np.where(wrong, self.ends[wrong - 1] + 1, 0)
        blank = (self.bytes[starts] == _LINE_FEED) | (
            (self.bytes[starts] == _RETURN) & (starts + 1 == self.ends[wrong])
        )
        wrong = wrong[~blank]
        if not wrong.size:
            return None
        found = int(fields[wrong[0]])
        why = "is the row cut off, or a separator lost"
        if found > columns:
            why = "a decimal comma, or a text with a separator that is not quoted"
        fields_there = "1 field" if found == 1 else f"{found:,} fields"
        # At the end of the row, so that a fault inside it is named first.
        return int(self.ends[wrong[0]]), f"{fields_there} where the header has {columns:,}; {why}?"

    def place(self, at: int) -> tuple[int, int]:
        """The row of a position, from 0, and the field in it."""
        row = int(np.searchsorted(self.ends, at))
        start = int(self.ends[row - 1]) + 1 if row else 0
        before = np.searchsorted(self.separators, [start, at])
        return row, int(before[1] - before[0])


class Stream(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or fewer; none at the end."""


class CsvRows:
    """The rows of a CSV, to be read once.

    Parameters
    ----------
    stream : Stream
        Read from where it stands to its end.
    start : bytes
        What has been read of it before.
    name : str
        For messages.
    delimiter : str
        One ASCII character, neither a letter nor a digit.

    Attributes
    ----------
    columns : list of str
        The header.
    rows : int, optional
        How many the file says it has: a CSV does not say.
    """

    def __init__(self, stream: Stream, start: bytes, name: str, delimiter: str) -> None:
        self._stream = stream
        self.name = name
        self.columns: list[str] = []
        self.rows: int | None = None
        self.about: dict[str, Any] = {}
        self.labels: dict[str, str] = {}
        self._separator = delimiter.encode()
        self._digest = hashlib.sha256()
        self._row = 1
        self._pieces = self._read(start)
        first = next(self._pieces, None)
        if first is None:
            raise FileError(f"{name}: the file is empty; a header line is needed")
        self._first = first
        self.columns = self._header()

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns: all are texts."""
        import polars as pl

        return dict.fromkeys(self.columns, pl.String())

    def digest(self) -> str:
        """SHA-256 of the bytes that were read."""
        return self._digest.hexdigest()

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order as texts, in tables of at most so many rows."""
        skip = 1  # the header
        for piece in itertools.chain([self._first], self._pieces):
            table = self._table(piece, len(self.columns))
            self._row += table.height
            table.columns = self.columns
            # In equal parts: a last one of a few rows costs nearly as much as a full one.
            rows = table.height - skip
            size = -(-rows // -(-rows // most)) if rows else 1
            for row in range(skip, table.height, size):
                yield table.slice(row, size)
            skip = 0

    def _read(self, start: bytes) -> Iterator[Text]:
        """Pieces of the file, each of whole rows."""
        self._digest.update(start)
        rest = start.removeprefix(_BYTE_ORDER_MARK)
        wanted = PIECE
        while read := self._stream.read(wanted):
            self._digest.update(read)
            text = Text(rest + read, self._separator)
            rest = text.text[text.whole :]
            if text.whole:
                yield text
            elif len(rest) > LONGEST_ROW:
                raise FileError(
                    f"{self.name}: row {self._row:,} is longer than {LONGEST_ROW:,} bytes; is a"
                    " quoted field not closed?"
                )
            # A row that is longer than a piece is not looked at again for each piece of it.
            wanted = max(PIECE, len(rest))
        if rest:
            yield Text(rest, self._separator, last=True)

    def _header(self) -> list[str]:
        """The names in the first row; what follows it may be anything yet."""
        ends = self._first.ends
        line = self._first.text[: int(ends[0]) + 1] if ends.size else self._first.text
        if not line.strip():
            raise FileError(f"{self.name}: row 1 is blank; it must be the header")
        instruction = _INSTRUCTION.fullmatch(line)
        if instruction is not None:
            mark = instruction[1].decode()
            said = "tab" if mark == "\t" else repr(mark)
            also = "" if mark == "," else f", and give --delimiter {said}"
            raise FileError(
                f"{self.name}: row 1 is an instruction to Excel (sep={mark.strip()}) and not the"
                f" header; delete it{also}"
            )
        header = Text(line, self._separator, last=True)
        table = self._table(header, len(header.separators) + 1)
        return [name or "" for name in table.row(0)]

    def _table(self, piece: Text, fields: int) -> pl.DataFrame:
        """The rows of a piece, each in its place and all of its text in the table."""
        import polars as pl

        fault, table = piece.fault(), None
        if fault is None:
            with contextlib.suppress(pl.exceptions.PolarsError):
                table = self._parse(memoryview(piece.text)[: piece.whole], fields)
            if table is not None and piece.is_all_in(table):
                return table
        fault = first_of(fault, piece.miscount(fields))
        if fault is not None:
            row, field = piece.place(fault[0])
            raise FileError(f"{self.name}: {self._where(self._row + row, field)}: {fault[1]}")
        if table is None or table.height != len(piece.ends):
            raise FileError(
                f"{self.name}: {len(piece.ends):,} rows from row {self._row:,} on cannot be read;"
                f" this is a defect of neocalc or of polars {pl.__version__}"
            )
        return table

    def _where(self, row: int, field: int) -> str:
        column = f", column {self.columns[field]}" if field < len(self.columns) else ""
        return f"row {row:,}{column}"

    def _parse(self, text: memoryview, fields: int) -> pl.DataFrame:
        """A table of texts, with a name for each column that no separator can be part of."""
        import polars as pl

        # With a header of its own: without one, polars takes blank lines before the first row,
        # and what looks like a byte order mark in it, for no part of the table.
        names = [f"c{i}" for i in range(fields)]
        header = self._separator.join(name.encode() for name in names)
        return pl.read_csv(
            b"".join([header, b"\n", text]),
            separator=self._separator.decode(),
            schema=dict.fromkeys(names, pl.String),  # every field stays the text that it is
        )
