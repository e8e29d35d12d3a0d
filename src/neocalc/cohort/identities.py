"""Whose a row is: an id is a text, unchanged, whatever type its column has.

Two ids are the same when their texts are: ``001`` and ``1`` are two infants, and so are ``A1`` and
``a1``. Only blanks around an id are no part of it, as in every other column, and a whole number is
the same as an integer, as a decimal and as a floating-point number (1 and 1.0). A floating-point
number that is not whole, or too large to be told from its neighbour, is refused: there the id has
been lost before it came here.

Two ids that look the same and are not the same text, as they differ in Unicode normal form, in a
kind of blank or in a character that nobody sees, are neither joined nor kept apart silently: they
share one `key`, and their `spelling` differs, which is a conflict of the child
(`neocalc.cohort.children`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from neocalc.errors import FileError
from neocalc.files.polarslimits import has_csv_form
from neocalc.reading.words import Ints

if TYPE_CHECKING:
    import polars as pl

NO_SUBJECT: Final = -1
"""The number of a row that does not say whose it is."""
ACCEPTED: Final = "an id is a text or a whole number"
_INVISIBLE: Final = r"[\p{Cc}\p{Cf}\p{Variation_Selector}\u{34F}\u{115F}\u{1160}\u{3164}\u{FFA0}]"
"""Characters that leave no mark: controls, formats, fillers and selectors of a variant."""
_DIGITS: Final = {"Float16": 11, "Float32": 24, "Float64": 53}
"""Binary digits of a floating-point number: two whole numbers of more may be one."""
_PIECE: Final = 1_000_000

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Ids:
    """The ids of rows.

    Parameters
    ----------
    key : polars.Series
        A text or a whole number that is the same for all rows of a child; null where the row does
        not say whose it is.
    spelling : polars.Series or None
        The ids as they are written, without blanks around them; None where they are the keys.
    trimmed : int
        How many had blanks around them.
    """

    key: pl.Series
    spelling: pl.Series | None = None
    trimmed: int = 0

    def take(self, rows: npt.NDArray[np.intp]) -> Ids:
        """The ids of some rows."""
        spelling = None if self.spelling is None else self.spelling.gather(rows)
        return Ids(self.key.gather(rows), spelling, self.trimmed)

    def rows_of(self, subject: object) -> npt.NDArray[np.intp]:
        """The rows of the child with an id, whatever type it is given in."""
        import polars as pl

        key = identified(pl.Series("subject", [subject], strict=False)).key.cast(pl.String)[0]
        same = self.key.is_null() if key is None else self.key.cast(pl.String) == key
        return np.flatnonzero(same.fill_null(False).to_numpy())

    @property
    def texts(self) -> pl.Series:
        """The ids as they are shown: as they are written, empty where there is none."""
        import polars as pl

        return (self.key if self.spelling is None else self.spelling).cast(pl.String).fill_null("")

    @cached_property
    def numbers(self) -> Ints:
        """A number for each child, and `NO_SUBJECT` where there is none."""
        return _numbers(self.key)

    @property
    def numbered(self) -> bool:
        """Whether the children have been told apart already."""
        return "numbers" in self.__dict__

    @property
    def in_order(self) -> bool:
        """Whether every row says whose it is, and the ids come in order."""
        return self.key.null_count() == 0 and self.key.is_sorted()

    @property
    def spellings(self) -> Ints | None:
        """A number for each spelling; None where every child has one."""
        return None if self.spelling is None else _numbers(self.spelling)


def one_child(n: int) -> Ids:
    """The ids of n rows that are all of one child."""
    import polars as pl

    return Ids(pl.Series("subject_id", [""], dtype=pl.String).new_from_index(0, n))


def identified(column: pl.Series) -> Ids:
    """The ids of a column of any type.

    Raises
    ------
    FileError
        When its values cannot be ids, or are numbers that have lost digits.

    Examples
    --------
    >>> import polars as pl
    >>> ids = identified(pl.Series(["001", " 001", "1", "", None]))
    >>> ids.key.to_list(), ids.trimmed
    (['001', '001', '1', None, None], 1)
    >>> identified(pl.Series([1.0, float("nan"), 2.0])).texts.to_list()
    ['1', '', '2']
    """
    import polars as pl

    kind = column.dtype
    if kind.is_integer():
        return Ids(column)
    if kind.is_float():
        return Ids(_whole(column))
    if kind.is_decimal():
        texts = column.cast(pl.String)
        return Ids(texts.str.replace(r"\.0*$", "").str.replace(r"(\.[0-9]*[1-9])0+$", "$1"))
    if not has_csv_form(kind):
        raise FileError(f"column {column.name}: values of type {kind} are not accepted; {ACCEPTED}")
    return _of_texts(column.cast(pl.String))


def _whole(column: pl.Series) -> pl.Series:
    """Floating-point numbers as the whole numbers that they are."""
    import polars as pl

    column = column.fill_nan(None)
    found = column.drop_nulls()
    odd = found.filter(found != found.round())
    if len(odd):
        raise FileError(f"column {column.name}: {odd[0]!r} is not a whole number; {ACCEPTED}")
    digits = _DIGITS[str(column.dtype)]
    large = found.filter(found.abs() >= 2**digits)
    if len(large):
        raise FileError(
            f"column {column.name}: {large[0]:.0f} is a floating-point number, and from 2**{digits}"
            " on two whole numbers may be one of these; read the ids as texts"
        )
    return column.cast(pl.Int64)


def _of_texts(column: pl.Series) -> Ids:
    """Ids that are texts."""
    import polars as pl

    if _is_plain(column):
        return Ids(column.set(column == "", None) if (column == "").any() else column)
    spelling = column.str.strip_chars()
    spelling = spelling.set((spelling == "").fill_null(False), None)
    trimmed = int((spelling.str.len_bytes() != column.str.len_bytes()).sum())
    if not spelling.str.contains("[^ -~]").any():
        return Ids(spelling, None, trimmed)
    key = spelling.str.replace_all(_INVISIBLE, "").str.replace_all(r"\s", " ")
    key = key.str.normalize("NFC").str.strip_chars()
    key = key.set((key == "").fill_null(False), None)
    if (key == spelling).all() and key.null_count() == spelling.null_count():
        return Ids(key, None, trimmed)
    return Ids(key.cast(pl.String), spelling.set(key.is_null(), None), trimmed)


def _is_plain(column: pl.Series) -> bool:
    """Whether every text is of visible ASCII characters alone: looked at as one text of bytes."""
    for start in range(0, len(column), _PIECE):
        text = column.slice(start, _PIECE).str.join("").item() or ""
        found = np.frombuffer(text.encode(), dtype=np.uint8)
        if ((found < ord("!")) | (found > ord("~"))).any():
            return False
    return True


def _numbers(key: pl.Series) -> Ints:
    """A number for each value; `NO_SUBJECT` for none."""
    runs = key.rle_id().to_numpy()  # visits of a child mostly stand together
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    first = key.gather(starts)
    if first.null_count() == 0 and first.is_sorted():
        return np.arange(len(first), dtype=np.int32).take(runs)
    place = Places.of(len(first)).put(hashes(first))
    stands = np.zeros(int(place.max(initial=0)) + 1, dtype=np.intp)
    stands[place] = np.arange(len(first))
    if not first.gather(stands.take(place)).eq_missing(first).all():
        place = first.rank("dense").fill_null(0).to_numpy()  # of two ids the hash was one
    numbers = place.astype(np.int32)
    if first.null_count():
        numbers[first.is_null().to_numpy()] = NO_SUBJECT
    return numbers.take(runs)


def hashes(key: pl.Series) -> Hashes:
    """A number of 64 bits for each value, never 0; the same for the same value in every column."""
    found: Hashes = key.hash().to_numpy() | np.uint64(1)
    return found


class Places:
    """Places for numbers of 64 bits: a table with open addressing.

    Parameters
    ----------
    size : int
        How many places there are, a power of 2; they must not all be taken.

    Attributes
    ----------
    key : numpy.ndarray
        The number that has each place; 0 where it is free.
    """

    FULLEST: Final = 0.6

    def __init__(self, size: int) -> None:
        self.key: Hashes = np.zeros(size, dtype=np.uint64)

    @classmethod
    def of(cls, numbers: int, size: int = 1 << 4) -> Places:
        """Enough places for so many numbers, and not fewer than `size`."""
        while numbers > cls.FULLEST * size:
            size *= 2
        return cls(size)

    def put(self, key: Hashes) -> npt.NDArray[np.int64]:
        """The place of each number, which is a free one that becomes its own or was before."""
        last = len(self.key) - 1
        found = place = (key >> np.uint64(20)).view(np.int64) & last
        rows: npt.NDArray[np.intp] | None = None
        while True:
            there = self.key.take(place)
            free = np.flatnonzero(there == 0)
            if free.size:
                self.key[place.take(free)] = key.take(free)  # of several for one place one stays
                there = self.key.take(place)
            other = np.flatnonzero(there != key)
            if not other.size:
                return found
            rows = other if rows is None else rows.take(other)
            key, place = key.take(other), place.take(other)
            place = (place + ((key >> np.uint64(44)).view(np.int64) | 1)) & last
            found[rows] = place
