"""z-scores that a table carries already, beside ours: how far apart, and why.

For each row the difference is explained by the first of these that fits:

- `same`, or `rounding`: theirs is ours, rounded to two decimals;
- `uncorrected`: theirs is that of the chronological age, where ours is of the corrected age or by
  the reference for preterm infants;
- `other_reference`: theirs is that of another reference that is installed;
- `position`: theirs is that of a length measured in the other position, 0.7 cm apart;
- `unexplained`.

Nothing is changed by it: ours stays ours, and an explanation is no proof.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.cohort.columns import column_of, figures
from neocalc.errors import FileError, InputError, NeocalcError, shown
from neocalc.reading.words import RECUMBENT, STANDING, Coded
from neocalc.references.catalogue import references

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.table import Rows, Scoring
    from neocalc.reading.units import Floats

WORDS: Final = (
    "same", "rounding", "uncorrected", "other_reference", "position", "unexplained", "ours_missing",
    "theirs_missing", "both_missing",
)  # fmt: skip
"""What is said of a row."""
EQUAL: Final = 1e-6
ROUNDED: Final = 0.005 + 1e-6
"""How far apart two z-scores are that are the same, and one of which is rounded to two decimals."""
_OF_LENGTHS: Final = ("length", "bmi", "weight_for_length")


def checked(compare: Any, indices: Mapping[str, str], present: list[str], where: str) -> Any:
    """Which column is compared with each index, once all of them are there.

    Raises
    ------
    InputError, FileError
        For an index that is not computed, and a column that is not there.
    """
    if not isinstance(compare, Mapping):
        raise InputError("compare", compare, 'a dict of index to column, such as {"waz": "WAZ"}')
    for index, name in compare.items():
        if index not in indices:
            accepted = f"an index that is computed: {', '.join(indices)}"
            raise InputError("compare", index, accepted)
        if name not in present:
            raise FileError(f"{where}: there is no column {shown(name)} (to be compared)")
    return dict(compare)


def compared_series(
    table: pl.DataFrame, rows: Rows, scoring: Scoring, index: str, z: Floats
) -> list[pl.Series]:
    """The difference of an index, ours less theirs, and what explains it."""
    import polars as pl

    from neocalc.cohort.added import floats

    name, measure = scoring.compare[index], scoring.indices[index]
    column = column_of(table, scoring.mapped._replace(names={name: name}), name)
    theirs, _ = figures(column, "fraction", "fraction", decimal=scoring.mapped.decimal)
    difference = z - theirs
    words = np.full(len(z), WORDS.index("unexplained"), dtype=np.uint8)
    open_ = np.isfinite(difference)
    words[np.isnan(z)] = WORDS.index("ours_missing")
    words[np.isnan(theirs)] = WORDS.index("theirs_missing")
    words[np.isnan(z) & np.isnan(theirs)] = WORDS.index("both_missing")

    def explain(word: str, other: Floats, within: float = ROUNDED) -> None:
        nonlocal open_
        found = open_ & (np.abs(other - theirs) <= within)
        words[found] = WORDS.index(word)
        open_ = open_ & ~found

    explain("same", z, EQUAL)
    explain("rounding", z)
    for word, other in _others(rows, measure):
        if not open_.any():
            break
        explain(word, other)
    return [
        floats(f"{index}_difference", difference),
        pl.Series(f"{index}_compared", words).cat.to(pl.Enum(WORDS)),
    ]


def _others(rows: Rows, measure: str) -> Iterator[tuple[str, Floats]]:
    """What the z-scores of a measure would be otherwise, each with its word."""
    yield "uncorrected", rows.score(measure, uncorrected=True).z
    for one in references():
        if one.id == rows.reference or measure not in one.measures:
            continue
        other = copy.copy(rows)
        other.reference = one.id
        try:
            other._resolve()
            yield "other_reference", other.score(measure).z
            yield "other_reference", other.score(measure, uncorrected=True).z
        except NeocalcError:  # a reference of another kind, such as of size at birth
            continue
    if measure in _OF_LENGTHS:
        for code in (RECUMBENT, STANDING):
            other = copy.copy(rows)
            other.position = Coded(np.full(len(rows.age), code, dtype=np.int32), None)
            yield "position", other.score(measure).z


def count_words(table: pl.DataFrame, scoring: Scoring) -> dict[str, dict[str, int]]:
    """How many rows of a scored table have each explanation, for each index that is compared."""
    return {
        index: {
            str(word): int(n)
            for word, n in table[f"{scoring.prefix}{index}_compared"].value_counts().iter_rows()
        }
        for index in scoring.compare
    }
