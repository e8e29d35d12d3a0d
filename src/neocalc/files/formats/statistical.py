"""The rows of a file of SAS, SPSS or Stata, in batches.

The file says more than its numbers, and what it says holds:

- A value that has a label is the label: 1 is Male, and 9999 is Not weighed, in a variable of
  weights whose other values stay numbers. Two values with one label would become one: such a
  variable keeps its values.
- A value that the file declares as missing, and SAS's and Stata's special ones (.A), are missing.
- A number whose format is one of dates is a date (`numbered_dates`).
- Numbers that are all whole are whole: an id is 1001, and not 1001.0.

What holds for a column is known when all of it has been read, so the file is read twice unless it
is small. pyreadstat reads some rows at a time, so that memory does not grow with the file.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import ExtraMissing, FileError, NeocalcError
from neocalc.files.formats.numbered_dates import FIRST, LAST, Counted, counted
from neocalc.files.inputs import PIECE, Input

if TYPE_CHECKING:
    import polars as pl

CELLS: Final = 1_000_000
"""Cells that are read at a time."""
BYTES: Final = 1 << 27
"""Bytes that the file sets aside for rows that are read at a time."""
WIDEST: Final = 20_000
"""Columns of the widest table that is read."""
_EXACT: Final = 2.0**53
_RECORD: Final = 80
_MEMBER: Final = b"HEADER RECORD*******MEMB"
_READERS: Final = {
    "an SPSS file (.sav)": ("SPSS (.sav)", "SPSS", "read_sav"),
    "a Stata file (.dta)": ("Stata (.dta)", "Stata", "read_dta"),
    "a SAS data set (.sas7bdat)": ("SAS (.sas7bdat)", "SAS", "read_sas7bdat"),
    "a SAS transport file (.xpt)": ("SAS (.xpt)", "SAS", "read_xport"),
}
"""Each kind of file that is read: its name in records, the program, and the reader."""
KINDS: Final = frozenset(_READERS)

Values = Mapping[str, list[Any]]


class Seekable(io.RawIOBase):
    """The bytes of an input as a file that is read at any place."""

    def __init__(self, data: Input) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        """That it can be read."""
        return True

    def seekable(self) -> bool:
        """That it is read at any place."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._data.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """The place."""
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes; fewer at the end."""
        rest = max(0, self._data.size - self._at)
        wanted = rest if size is None or size < 0 else min(size, rest)
        read = self._data.read_at(self._at, wanted)
        self._at += len(read)
        return read


@dataclass
class Variable:
    """A column of the file, and what its values have in common.

    Attributes
    ----------
    text : bool
        Whether its values are texts.
    dated : Counted or None
        How its numbers count dates.
    labels : dict
        Labels of values.
    ranges : list of pair
        Between which a value is declared as missing.
    low, high : float
        The least and the greatest number; of none the other way round.
    whole, midnight : bool
        Whether all numbers are whole, and all dates without a time of day.
    labelled : bool
        Whether one of its values has a label: then labels stand for the values that have one.
    declared : int
        Rows with a value that is declared as missing.
    """

    text: bool
    dated: Counted | None = None
    labels: dict[Any, str] = field(default_factory=dict)
    ranges: list[tuple[Any, Any]] = field(default_factory=list)
    low: float = float("inf")
    high: float = float("-inf")
    whole: bool = True
    midnight: bool = True
    labelled: bool = False
    declared: int = 0

    def look(self, name: str, values: list[Any]) -> None:
        """Take some of the values into account."""
        column, declared = self.held(name, values)
        self.declared += declared
        if self.labels:
            self.labelled |= bool(column.is_in(list(self.labels)).any())
        if self.text or column.null_count() == len(column):
            return
        self.low = min(self.low, float(str(column.min())))
        self.high = max(self.high, float(str(column.max())))
        self.whole &= bool((column.drop_nulls() == column.drop_nulls().floor()).all())
        if self.dated is not None:
            self.midnight &= bool((column.drop_nulls() % self.dated.per_day == 0).all())

    def held(self, name: str, values: list[Any]) -> tuple[pl.Series, int]:
        """The values that are not missing, and how many are declared as such."""
        import polars as pl

        kind = pl.String if self.text else pl.Float64
        column = pl.Series(name, values, dtype=kind, strict=False)
        if not self.text:
            column = column.fill_nan(None)
        special = column.null_count() - sum(value is None for value in values)
        missing = pl.repeat(False, len(column), dtype=pl.Boolean, eager=True)
        for low, high in self.ranges:
            missing |= column.is_between(low, high).fill_null(False)
        if missing.any():
            column = column.set(missing, None)
        return column, max(0, special) + int(missing.sum())

    @property
    def _all_dates(self) -> bool:
        assert self.dated is not None
        return all(FIRST <= self._day(edge) <= LAST for edge in (self.low, self.high))

    def _day(self, number: float) -> float:
        assert self.dated is not None
        return number / self.dated.per_day + self.dated.start

    def type(self) -> pl.DataType:
        """The type of its column."""
        import polars as pl

        if self.text or self.labelled:
            return pl.String()
        if self.dated is not None and self.low <= self.high:
            if not self._all_dates:
                return pl.String()
            return pl.Datetime("us") if self.dated.timed and not self.midnight else pl.Date()
        exact = self.whole and self.low <= self.high and -_EXACT < self.low <= self.high < _EXACT
        return pl.Int64() if exact else pl.Float64()

    def column(self, name: str, values: list[Any]) -> pl.Series:
        """Some of the values as its type has them."""
        import polars as pl

        column, _ = self.held(name, values)
        kind = self.type()
        if self.text and not self.labelled:
            return column
        if self.labelled:
            words = column if self.text else _texts(column)
            keys = pl.Series(list(self.labels), dtype=column.dtype)
            named = column.replace_strict(
                keys, pl.Series(list(self.labels.values()), dtype=pl.String),
                default=None, return_dtype=pl.String,
            )  # fmt: skip
            return named.zip_with(named.is_not_null(), words).alias(name)
        if self.dated is None or kind in (pl.Int64, pl.Float64):
            return column.cast(kind)
        days = column / self.dated.per_day + self.dated.start
        inside = days.is_between(FIRST, LAST + 1, closed="left")
        dates = days.set(~inside.fill_null(False), None).floor().cast(pl.Int32).cast(pl.Date)
        if kind == pl.Datetime:
            past = (column % self.dated.per_day) * (86_400_000_000 / self.dated.per_day)
            return dates.cast(pl.Datetime("us")) + past.round().cast(pl.Int64).cast(
                pl.Duration("us")
            )
        if kind == pl.Date:
            return dates
        return dates.cast(pl.String).zip_with(dates.is_not_null(), _texts(column)).alias(name)


def _texts(column: pl.Series) -> pl.Series:
    """Numbers as texts, whole ones without decimals."""
    import polars as pl

    whole = (column == column.floor()) & (column.abs() < _EXACT)
    wholes = column.set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
    return wholes.zip_with(wholes.is_not_null(), column.cast(pl.String))


class StatisticalRows:
    """The rows of a file of SAS, SPSS or Stata, to be read once.

    Parameters
    ----------
    data : Input
        The bytes of the file.
    name : str
        For messages.
    what : str
        The kind of file: one of `KINDS`.
    labels : bool
        Whether values that have a label are replaced by it.

    Attributes
    ----------
    columns : list of str
    schema : dict of str to polars.DataType
    rows : int
    labels : dict of str to str
        The label of each variable that has one.
    about : dict
        What a record says of it.
    """

    def __init__(self, data: Input, name: str, what: str, *, labels: bool = True) -> None:
        try:
            import pyreadstat
        except ImportError as error:
            raise ExtraMissing("files", f"reading {what}") from error
        self._data, self._name, self._what = data, name, what
        kind, program, reader = _READERS[what]
        self._reader: Callable[..., Any] = getattr(pyreadstat, reader)
        self._options: dict[str, Any] = {
            "output_format": "dict", "disable_datetime_conversion": True,
        }  # fmt: skip
        if reader == "read_xport":
            self._check_members()
        else:
            self._options["user_missing"] = True
        _, about = self._called(metadataonly=True)
        self.columns = list(about.column_names)
        if len(self.columns) > WIDEST:
            raise FileError(f"{name}: {len(self.columns):,} columns; at most {WIDEST:,} are read")
        if not self.columns:
            raise FileError(f"{name}: has no columns")
        self._variables = {
            one: _variable(one, about, program, labels=labels) for one in self.columns
        }
        widths = sum(int(about.variable_storage_width.get(one) or 8) for one in self.columns)
        self._most = max(1, min(CELLS // len(self.columns), BYTES // max(1, widths)))
        self._kept: Values | None = None
        self.rows = self._look_through(about.number_rows)
        self.schema = {one: variable.type() for one, variable in self._variables.items()}
        self.labels = {one: label for one, label in about.column_names_to_labels.items() if label}
        self.about = self._described(kind)

    def digest(self) -> str:
        """SHA-256 of the file."""
        return self._data.digest()

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of at most so many rows."""
        import polars as pl

        parts = iter([self._kept]) if self._kept is not None else self._parts()
        self._kept = None
        for values in parts:
            columns = [self._variables[one].column(one, values[one]) for one in self.columns]
            table = pl.DataFrame(columns)
            for start in range(0, table.height, most):
                yield table.slice(start, most)

    def _look_through(self, stated: int | None) -> int:
        """Read the file once: what its columns have in common, and how many rows there are."""
        rows = 0
        for values in self._parts():
            for one, variable in self._variables.items():
                variable.look(one, values[one])
            read = len(values[self.columns[0]])
            self._kept = values if not rows else None
            rows += read
        if stated is not None and rows != stated >= 0:
            raise FileError(
                f"{self._name}: of {stated:,} rows {rows:,} can be read; is it cut off?"
            )
        for variable in self._variables.values():
            if len(set(variable.labels.values())) < len(variable.labels):
                variable.labelled = False  # two values would become one
        return rows

    def _parts(self) -> Iterator[Values]:
        """The values of the columns, some rows at a time."""
        at = 0
        while True:
            values, _ = self._called(row_offset=at, row_limit=self._most)
            read = len(values.get(self.columns[0], ()))
            if read:
                yield values
            at += read
            if read < self._most:
                return

    def _called(self, **options: Any) -> tuple[Any, Any]:
        """What pyreadstat reads."""
        try:
            return self._reader(Seekable(self._data), **self._options, **options)  # type: ignore[no-any-return]
        except (NeocalcError, MemoryError):
            raise
        except UnicodeError as error:
            said = "a text in it is not in the encoding that the file names; save it as UTF-8"
            raise FileError(f"{self._name}: {said}") from error
        except Exception as error:  # it raises errors of many kinds, its own and others
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
            raise FileError(f"{self._name}: not readable as {self._what}: {said}") from error

    def _check_members(self) -> None:
        """Refuse a transport file that is cut off, or of several tables: one would be read."""
        if self._data.size % _RECORD:
            raise FileError(
                f"{self._name}: is cut off: a SAS transport file consists of records of {_RECORD}"
                " bytes"
            )
        found, at, before = 0, 0, b""
        while piece := self._data.read_at(at, PIECE):
            found += (before + piece).count(_MEMBER)
            before = piece[-len(_MEMBER) + 1 :]
            at += len(piece)
        if found > 1:
            raise FileError(
                f"{self._name}: holds {found:,} tables; write the one with the visits into a file"
                " of its own"
            )

    def _described(self, kind: str) -> dict[str, Any]:
        labelled = {
            one: {_plain(value): label for value, label in variable.labels.items()}
            for one, variable in self._variables.items()
            if variable.labelled
        }
        declared = Counter({one: v.declared for one, v in self._variables.items() if v.declared})
        return {
            "kind": kind,
            **({"labels": self.labels} if self.labels else {}),
            **({"value_labels": labelled} if labelled else {}),
            **({"declared_missing": dict(declared)} if declared else {}),
        }


def _plain(value: Any) -> str:
    """A value as it stands in a record."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _variable(name: str, about: Any, program: str, *, labels: bool) -> Variable:
    """A column by what the file says of it."""
    text = about.readstat_variable_types.get(name) == "string"
    given = about.variable_value_labels.get(name, {}) if labels else {}
    named = {
        (value if text else float(value)): label
        for value, label in given.items()
        if isinstance(value, str) == text and label.strip()
    }
    ranges = [(one["lo"], one["hi"]) for one in about.missing_ranges.get(name, [])]
    ranges = [pair for pair in ranges if all(isinstance(edge, str) == text for edge in pair)]
    dated = None if text else counted(program, about.original_variable_types.get(name))
    return Variable(text, dated, named, ranges)
