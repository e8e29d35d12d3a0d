"""The subjects of a trial: the rows of each, its arm, population and how it left the trial.

What a trial says of a subject stands in one of its rows or in all; where two rows say different
things of its arm, population or end, nobody knows which is right, and the subject is a
`subject_conflict`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.chart.arms import arm_words
from neocalc.cohort.columns import column_of, dates
from neocalc.cohort.identities import NO_SUBJECT
from neocalc.errors import CODE, FileError, StatusArray, first_status
from neocalc.reading.words import Ints
from neocalc.references.lookup import Bools, Rows

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.followup import Dates
    from neocalc.cohort.table import Rows as Prepared
    from neocalc.outcomes.plan import OutcomePlan

ENDS: Final = {
    "died": "died", "death": "died", "dead": "died", "deceased": "died",
    "withdrawn": "withdrawn", "withdrew": "withdrawn", "withdrawal": "withdrawn",
    "lost_to_follow_up": "lost_to_follow_up", "lost": "lost_to_follow_up",
    "completed": "", "complete": "", "ongoing": "", "on study": "", "in follow up": "",
}  # fmt: skip
"""How a subject left the trial, as a column may say it, with the status; empty: it did not."""
IN_POPULATION: Final = {
    "yes": True, "y": True, "1": True, "true": True,
    "no": False, "n": False, "0": False, "false": False,
}  # fmt: skip

Words = npt.NDArray[np.object_]


class Subjects(NamedTuple):
    """The subjects, in the order of their ids: columns of one length.

    Attributes
    ----------
    ids : list of str
        As they are written.
    row : numpy.ndarray
        One row of each.
    of_row : numpy.ndarray
        The subject of each row of the table; -1 where the row does not say whose it is.
    arm : numpy.ndarray
        The arm of each; empty where it is not stated or contradicted.
    per_protocol : numpy.ndarray or None
        Who is in the per-protocol population; None where no column says so.
    left : numpy.ndarray
        Codes of how each left the trial: died, withdrawn or lost_to_follow_up; 0: it did not.
    left_on : numpy.ndarray
        The day on which it left, since 1970-01-01; -1 where it is not stated.
    administered : numpy.ndarray
        The day of administration, since 1970-01-01.
    status : numpy.ndarray
        Why a subject has no outcome: subject_conflict (also of one that was seen after its death),
        what is wrong with the ages of all its rows, invalid_age (administration before birth), or
        no_baseline, where the day of administration is not known.
    """

    ids: list[str]
    row: Rows
    of_row: Rows
    arm: Words
    per_protocol: Bools | None
    left: StatusArray
    left_on: Ints
    administered: Ints
    status: StatusArray


def subjects_of(
    table: pl.DataFrame,
    prepared: Prepared,
    scoring: OutcomePlan,
    administered: tuple[Ints, Bools],
    born: Dates,
) -> Subjects:
    """The subjects of a table.

    Parameters
    ----------
    table : polars.DataFrame
        The rows.
    prepared : neocalc.cohort.table.Rows
        The same rows prepared.
    scoring : OutcomePlan
        The columns.
    administered : (numpy.ndarray, numpy.ndarray)
        For each row the day of its child's administration, and where it is known.
    born : Dates
        The day of birth of each row's child.
    """
    ids = prepared.children.ids
    assert ids is not None  # the plan asks for subject_id
    texts, number = ids.texts.to_list(), prepared.children.subject
    first: dict[int, int] = {}
    for row, one in enumerate(number.tolist()):
        if one != NO_SUBJECT:
            first.setdefault(one, row)
    ordered = sorted(first, key=lambda one: texts[first[one]])
    place = np.full(int(number.max(initial=NO_SUBJECT)) + 2, -1)
    place[ordered] = np.arange(len(ordered))
    of_row, n = place[number], len(ordered)  # that of nobody is the last place
    facts = _Facts(of_row, n)
    arm = facts.words(arm_words(table, scoring.arm, prepared, scoring.mapped))
    population = None
    if scoring.population is not None:
        said = _said(table, scoring.population, scoring)
        population = facts.words(said)
        population = _recoded(population, IN_POPULATION, scoring.population)
    left = np.zeros(n, dtype=np.uint8)
    if scoring.disposition is not None:
        ends = facts.words(_said(table, scoring.disposition, scoring))
        words = _recoded(ends, ENDS, scoring.disposition)
        left = np.array([CODE[word] if word else 0 for word in words], dtype=np.uint8)
    left_on = np.full(n, -1, dtype=np.int32)
    if scoring.ended is not None:
        name, mapped = scoring.ended, scoring.mapped
        column = column_of(table, mapped._replace(names={name: name}), name)
        coded = dates(column, mapped.date_format)
        stated = np.ones(len(of_row), bool) if coded.status is None else coded.status == 0
        left_on = facts.codes(coded.codes, stated)
    days, known = administered
    day = facts.codes(days, known)
    status = np.where(day < 0, np.uint8(CODE["no_baseline"]), np.uint8(0))
    if prepared.age.status is not None:  # of children without any usable age
        worst = np.full(n, 255, dtype=np.uint8)
        mine = of_row >= 0
        np.minimum.at(worst, of_row[mine], prepared.age.status[mine])
        status = np.where(worst != 0, first_status(worst, status), status)
    birth = facts.codes(born.days, born.known)
    status[(day >= 0) & (birth > day)] = CODE["invalid_age"]
    contradicted = facts.conflict
    conflict = prepared.children.conflict
    if conflict is not None:
        contradicted[of_row[conflict & (of_row >= 0)]] = True
    last = np.full(n, -1, dtype=np.int64)
    seen = np.flatnonzero(born.known & (of_row >= 0))
    np.maximum.at(last, of_row[seen], born.days[seen] + prepared.age.days[seen])
    contradicted |= (left == CODE["died"]) & (left_on >= 0) & (last > left_on)
    status[contradicted] = CODE["subject_conflict"]
    return Subjects(
        [texts[first[one]] for one in ordered],
        np.array([first[one] for one in ordered], dtype=np.intp),
        of_row,
        arm,
        None if population is None else population == True,  # noqa: E712 - element by element
        left,
        left_on,
        day,
        status.astype(np.uint8),
    )


class _Facts:
    """What rows say of their subjects; `conflict` marks those of whom two rows differ."""

    def __init__(self, of_row: Rows, n: int) -> None:
        self._of_row, self._n = of_row, n
        self.conflict = np.zeros(n, dtype=bool)

    def words(self, said: pl.Series) -> Words:
        """The word of each subject; empty where none of its rows says one, or two differ."""
        found = np.full(self._n, "", dtype=object)
        differ = np.zeros(self._n, dtype=bool)
        for subject, word in zip(self._of_row.tolist(), said.to_list(), strict=True):
            if subject >= 0 and word:
                differ[subject] |= found[subject] not in ("", word)
                found[subject] = word
        found[differ] = ""
        self.conflict |= differ
        return found

    def codes(self, codes: Any, stated: Bools) -> Ints:
        """The code of each subject; -1 where none of its rows states one, or two differ."""
        low = np.full(self._n, np.iinfo(np.int32).max, dtype=np.int32)
        high = np.full(self._n, -1, dtype=np.int32)
        at = np.flatnonzero(stated & (self._of_row >= 0))
        np.minimum.at(low, self._of_row[at], codes[at])
        np.maximum.at(high, self._of_row[at], codes[at])
        differ = high > low
        self.conflict |= differ
        return np.where(differ | (low > high), np.int32(-1), high)


def _said(table: pl.DataFrame, column: str, scoring: OutcomePlan) -> pl.Series:
    """A column of words in one case, without blanks around them."""
    import polars as pl

    values = column_of(table, scoring.mapped._replace(names={column: column}), column)
    if values.dtype.is_float():
        values = values.cast(pl.Int64, strict=False)
    return values.cast(pl.String).fill_null("").str.strip_chars().str.to_lowercase()


def _recoded(words: Words, known: dict[str, Any], column: str) -> Words:
    """Words of a column as what they mean; an unknown one is refused: it decides who counts."""
    found = np.full(len(words), "", dtype=object)
    for i, word in enumerate(words):
        plain = word.replace("-", "_").replace(" ", "_")
        meanings = {text.replace(" ", "_"): meaning for text, meaning in known.items()}
        if word and plain not in meanings:
            raise FileError(f"column {column}: {word!r}; accepted: {', '.join(known)}, or empty")
        found[i] = meanings.get(plain, "")
    return found
