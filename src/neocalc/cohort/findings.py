"""What stands in the columns of a table: how many rows cannot be read, and how they look.

A column of which nearly every row has one fault has one cause: another order of dates, undeclared
codes, another unit. It is counted here row by row, over all tables of a run, with as little of the
data as names the cause: forms of dates, and up to three short words of a column of codes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.cohort.canonical import CANONICAL
from neocalc.errors import STATUSES, InputError, StatusArray
from neocalc.reading.dateforms import fitting

if TYPE_CHECKING:
    import polars as pl

FAULTS: Final = ("invalid_sex", "invalid_gestation", "invalid_age", "invalid_value")
"""The statuses that a column gives a row by itself."""
CODED: Final = ("sex", "length_position", "oedema")
"""Columns of a few words, which may be shown: nothing in them tells who a child is."""
DATES: Final = ("birth_date", "measured_on", "due_date")
AGES: Final = "age"
"""Where it is written what was found of the ages, whatever they come from."""
LOOKED_AT: Final = 10_000
"""Distinct words of a table that are looked at."""
_FEW, _SHORT = 6, 12
_IS_FAULT: Final = np.array([word in FAULTS for word in STATUSES] + [False] * (256 - len(STATUSES)))

Traits = dict[str, Callable[[str], bool]]

_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]+")
_UNIT: Final = re.compile(r"[0-9.,]+\s*(kg|g|gr|lb|lbs|oz|cm|mm|m|in)\.?", re.IGNORECASE)


def _between(low: float, high: float, *, whole: bool = True) -> Callable[[str], bool]:
    def fits(word: str) -> bool:
        if not _NUMBER.fullmatch(word):
            return False
        value = float(word)
        return low <= value <= high and (value.is_integer() or not whole)

    return fits


def _decimal(word: str) -> bool:
    return _NUMBER.fullmatch(word) is not None and not float(word).is_integer()


def _read_by(rule: Callable[[Any], int]) -> Callable[[str], bool]:
    def fits(word: str) -> bool:
        try:
            return rule(word) != 0
        except InputError:
            return False

    return fits


def _dated(word: str) -> bool:
    from neocalc.reading.dateforms import read_date

    return read_date(word) is not None or bool(fitting(word))


def _weeks_and_days(word: str) -> bool:
    from neocalc.reading.dates import gestation_days

    return _read_by(gestation_days)(word)


TRAITS: Final[Traits] = {
    "comma": lambda word: _COMMA.fullmatch(word) is not None,
    "unit": lambda word: _UNIT.fullmatch(word) is not None,
    "decimal": _decimal,
    "date": _dated,
    "weeks and days": _weeks_and_days,
    "days of a gestation": _between(140, 314),
    "weeks of a gestation": _between(20, 44),
    "decimal weeks": _between(20, 45, whole=False),
    "days beside weeks": _between(0, 6),
}
"""What the words of a column may have in common."""


@dataclass
class Found:
    """What was found in one column.

    Attributes
    ----------
    rows : int
        Rows that are not empty.
    faults : Counter of str
        Rows with each fault.
    distinct : int
        Distinct faulty words that were looked at.
    words : list of str
        A few of them, where the column holds codes.
    traits : Counter of str
        How many of them have each of `TRAITS`, or would be read by a form of dates.
    times : int
        Rows with a time of day, which is left out.
    whole : int
        Of a column of decimal weeks: rows that are whole numbers.
    dropped : Counter of str
        Rows that a declared word for a missing value emptied, though it may be a child's value.
    """

    rows: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    distinct: int = 0
    words: list[str] = field(default_factory=list)
    traits: Counter[str] = field(default_factory=Counter)
    times: int = 0
    whole: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, other: Found) -> None:
        """Count what was found in another table of the run."""
        self.rows += other.rows
        self.faults.update(other.faults)
        self.distinct += other.distinct
        self.words = list(dict.fromkeys(self.words + other.words))[: _FEW + 1]
        self.traits.update(other.traits)
        self.times += other.times
        self.whole += other.whole
        self.dropped.update(other.dropped)

    def has(self, trait: str) -> bool:
        """Whether nearly all faulty words have a trait."""
        return self.distinct > 0 and self.traits[trait] >= 0.95 * self.distinct

    @property
    def forms(self) -> list[str]:
        """The forms of dates by which all faulty words would be read, or nearly all."""
        near = [trait for trait in self.traits if trait not in TRAITS and self.has(trait)]
        return [form for form in near if self.traits[form] == self.distinct] or near

    @property
    def shown(self) -> list[str]:
        """Up to three of the faulty words: of a few short ones, as codes are."""
        if not self.words or len(self.words) > _FEW or max(map(len, self.words)) > _SHORT:
            return []
        return sorted(self.words)[:3]


def note(
    seen: dict[str, Found] | None, canonical: str, column: pl.Series, status: StatusArray | None
) -> None:
    """Write down what was found in a column, where somebody asks for it.

    Parameters
    ----------
    seen : dict of str to Found or None
        Where it is written; None: nobody asks.
    canonical : str
        The canonical column; or the name of another one, which is then of dates.
    column : polars.Series
        Its values, empty where a declared word for a missing value stands.
    status : numpy.ndarray or None
        Why rows cannot be read; None: all can.
    """
    if seen is None:
        return
    found = seen.setdefault(canonical, Found())
    faulty = None if status is None else _IS_FAULT[status]
    if status is None or faulty is None or not faulty.any():
        found.rows += len(column) - column.null_count()
        return
    counts = np.bincount(status, minlength=len(STATUSES))
    found.rows += _filled(column)
    found.faults.update({word: int(counts[STATUSES.index(word)]) for word in FAULTS})
    words = _distinct(column, faulty)
    found.distinct += len(words)
    if canonical in CODED:
        found.words = words[: _FEW + 1]
    for word in words:
        found.traits.update(trait for trait, fits in TRAITS.items() if fits(word))
        if canonical in DATES or canonical not in CANONICAL:
            found.traits.update(fitting(word))


def note_ages(seen: dict[str, Found], rows: int, faulty: int, trait: str) -> None:
    """Write down how many ages were had, and how many of them cannot be used, and why."""
    found = seen.setdefault(AGES, Found())
    found.rows += rows
    if faulty:
        found.faults["invalid_age"] += faulty
        found.distinct += faulty
        found.traits[trait] += faulty


def _filled(column: pl.Series) -> int:
    """Rows that are neither empty nor blank."""
    import polars as pl

    if column.dtype == pl.String:
        return int((column.str.strip_chars() != "").sum())
    return len(column) - column.null_count()


def _distinct(column: pl.Series, rows: Any) -> list[str]:
    """The distinct words of some rows, as texts without blanks around them, the first first."""
    import polars as pl

    words = column.filter(pl.Series(rows)).unique(maintain_order=True).head(LOOKED_AT)
    try:
        words = words.cast(pl.String)
    except pl.exceptions.PolarsError:  # bytes and lengths of time are no words
        return []
    texts = words.str.strip_chars().str.head(_SHORT * 5).to_list()
    return list(dict.fromkeys(text for text in texts if text))


def combined(seen: dict[str, Found], more: dict[str, Found]) -> None:
    """Count what was found in one more table of a run."""
    for canonical, found in more.items():
        seen.setdefault(canonical, Found()).add(found)
