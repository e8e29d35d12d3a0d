"""Words for a missing value: for all columns, or for one of them.

A number is a word by its value, however it is written: -99, "-99.0", " -99" and Decimal("-99.00")
are one. An id is never missing by a number, as 99 is the id of somebody; a word such as NA is none:
the rows without an id would become one child.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Number
from typing import Any, Final, TypeAlias

import numpy as np

from neocalc.errors import FileError, InputError, shown
from neocalc.reading.words import is_missing, plain_word

Missing: TypeAlias = dict[str, tuple[str, ...]]

ALL: Final = "all"
"""In a mapping of columns to words: the words that hold for all columns."""
NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
IDENTIFIERS: Final = frozenset({"subject_id"})
_ACCEPTED: Final = 'a word or a number, a list of them, or a dict such as {"weight_g": [999]}'
_PLAUSIBLE: Final = {
    "age_days": (0, 2_000),
    "age_months": (0, 72),
    "age_years": (0, 20),
    "gestational_age_days": (140, 314),
    "gestational_age_weeks_decimal": (20, 45),
    "gestational_age_weeks": (20, 44),
    "gestational_age_days_part": (0, 6),
    "weight_kg": (0.2, 40),
    "weight_g": (200, 40_000),
    "weight_lb": (0.4, 90),
    "length_cm": (20, 130),
    "length_in": (8, 52),
    "head_circumference_cm": (15, 60),
    "head_circumference_mm": (150, 600),
    "arm_circumference_cm": (4, 30),
    "arm_circumference_mm": (40, 300),
    "triceps_skinfold_mm": (1, 40),
    "subscapular_skinfold_mm": (1, 40),
}
"""For each column of numbers, between what a word may be a child's value."""


def missing_words(
    missing: Any, names: Mapping[str, str], header: Iterable[str]
) -> tuple[tuple[str, ...], Missing]:
    """The words for a missing value of all columns, and those of single columns.

    Parameters
    ----------
    missing : str, number, iterable of them, or dict
        In a dict the keys are canonical names or those in the table, or "all".
    names : dict
        Canonical name to the name in the table.
    header : iterable of str
        All names in the table.

    Raises
    ------
    FileError
        For a column that is not there or not read, and for identifiers.
    InputError
        For what is no word.
    """
    if not isinstance(missing, Mapping):
        return _words(missing), {}
    canonical = {own: ours for ours, own in names.items()}
    single: Missing = {}
    everywhere: tuple[str, ...] = ()
    for name, words in missing.items():
        if name == ALL:
            everywhere = _words(words)
            continue
        ours = name if name in names else canonical.get(name)
        if ours is None and name not in header:
            raise FileError(f"missing: there is no column {shown(name)}; or give {ALL}")
        if ours in IDENTIFIERS:
            raise FileError(f"missing: {name} is an identifier; an empty field alone is missing")
        if ours is not None:  # a column that passes through has no words of its own
            single[ours] = single.get(ours, ()) + _words(words)
    return everywhere, single


def _words(given: Any) -> tuple[str, ...]:
    """Words as texts, each once; what is missing already needs no word."""
    one = isinstance(given, (str, Number, np.bool_)) or given is None
    words = [given] if one else list(given) if isinstance(given, Iterable) else None
    if words is None:
        raise InputError("missing", given, _ACCEPTED)
    found = []
    for word in words:
        if is_missing(word):
            continue
        if isinstance(word, str):
            found.append(word.strip())
        elif isinstance(word, Number):
            found.append(str(word) if isinstance(word, (bool, np.bool_)) else plain_word(word))
        else:
            raise InputError("missing", given, _ACCEPTED)
    return tuple(dict.fromkeys(found))


def numbers_of(words: Iterable[str]) -> list[float]:
    """The words that are numbers, by their values; of each also the nearest of 32 bits.

    A column of 32 bits holds no 999.9, but the number nearest to it.
    """
    values = [float(word) for word in words if NUMBER.fullmatch(word)]
    with np.errstate(over="ignore"):
        return list(dict.fromkeys(values + [float(np.float32(value)) for value in values]))


def plausible(canonical: str, words: Iterable[str]) -> list[str]:
    """The words that may be a child's value in a column.

    >>> plausible("age_days", ["9", "-99", "NA", "99999"]), plausible("sex", ["9"])
    (['9'], [])
    """
    low, high = _PLAUSIBLE.get(canonical, (1, 0))
    return [word for word in words if NUMBER.fullmatch(word) and low <= Decimal(word) <= high]
