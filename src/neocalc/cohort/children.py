"""Facts of a child: what stands in one of its rows holds for all of them.

Sex, gestation and date of birth do not change. Where a table says whose its rows are, a fact that
is stated in one row of a child is that of its rows that leave it empty. Where two rows state
different values nobody knows which is right: every row of that child is a `subject_conflict` and
has no z-score. A value that cannot be used (an unknown word) is the fault of its row alone: it is
not handed on, and contradicts nothing. But where it is the only gestation that a child has, the
rows that leave theirs empty are `invalid_gestation` too: they would else be taken for those of a
child without a stated gestation, and scored without correction. Without ids, a row stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.cohort.identities import NO_SUBJECT, Hashes, Ids, Places, hashes
from neocalc.errors import CODE, STATUSES, StatusArray
from neocalc.reading.dates import NOT_STATED
from neocalc.reading.words import Coded, Ints
from neocalc.references.lookup import Bools

if TYPE_CHECKING:
    import polars as pl

EMPTY: Final = {"sex": "missing_sex", "gestation": None}
"""The status of a row that does not state a fact; None: its code is 0. Of others, `MISSING`."""
MISSING: Final = "missing_age"
"""The status of a row that does not state a date."""
_BITS: Final = {"birth_date": 32, "gestation": 9, "sex": 1}
"""Bits of the codes of each fact."""
_STATUS_BITS: Final = 6
assert len(STATUSES) <= 1 << _STATUS_BITS


def stated(facts: Mapping[str, Coded]) -> Hashes:
    """What rows state of their children, a number for each row: codes and statuses side by side.

    Two rows have the same number exactly when sex, gestation and date of birth have the same codes
    and statuses.
    """
    together: Any = None
    for name, bits in _BITS.items():
        if name not in facts:
            continue
        codes, status = facts[name]
        if together is None:
            together = codes.astype(np.int64)
            together &= (1 << bits) - 1
        else:
            together <<= bits
            together |= codes
        together <<= _STATUS_BITS
        if status is not None:
            together |= status
    found: Hashes = together.view(np.uint64)
    return found


class Seen:
    """What the rows so far state of each child, by a hash of its id: 16 bytes a place.

    Ids of one hash would be taken for one child, and then for one whose rows differ: what has to be
    done is then found out by a way that compares the ids themselves. So no chance of the hash can
    change a result.

    Parameters
    ----------
    size : int
        Places that there are at first, a power of 2.
    """

    def __init__(self, size: int = 1 << 19) -> None:
        self._places = Places(size)
        self._said = np.zeros(size, dtype=np.uint64)
        self._taken = 0

    def agree(self, ids: pl.Series, said: Hashes) -> bool:
        """Whether these rows state of their children what was stated before; they are kept.

        Parameters
        ----------
        ids : polars.Series
            The keys of the children; null where a row does not say whose it is.
        said : numpy.ndarray
            What the rows state: `stated`.
        """
        key, said = hashes(ids), said | _STATED
        if ids.null_count():
            known = ids.is_not_null().to_numpy()
            key, said = key[known], said[known]
        self._make_room(len(key))
        place = self._places.put(key)
        new = np.flatnonzero(self._said.take(place) == _NOTHING)
        self._taken += len(new)  # at most: one child may be among them twice
        self._said[place.take(new)] = said.take(new)
        return bool((self._said.take(place) == said).all())

    def _make_room(self, more: int) -> None:
        """Have places for so many more children."""
        size = len(self._said)
        if self._taken + more <= Places.FULLEST * size:
            return
        self._taken = int(np.count_nonzero(self._said))
        larger = Places.of(self._taken + more, size)
        if len(larger.key) == size:
            return
        said = np.zeros(len(larger.key), dtype=np.uint64)
        for start in range(0, size, _PIECE):
            here = slice(start, start + _PIECE)
            held = np.flatnonzero(self._said[here])
            said[larger.put(self._places.key[here][held])] = self._said[here][held]
        self._places, self._said = larger, said


_NOTHING: Final = np.uint64(0)
"""What is stated in a place that is free."""
_STATED: Final = np.uint64(1 << 63)
"""A bit that what is stated of a child has, and nothing has not."""
_PIECE: Final = 1 << 20


class Children(NamedTuple):
    """The facts of the rows, once each child's rows share theirs.

    Attributes
    ----------
    ids : Ids or None
        Whose the rows are; None: each stands alone.
    facts : dict of str to Coded
        For each fact its codes, those of rows that left it empty filled in.
    conflicts : dict of str to numpy.ndarray
        The rows of children of whom two rows state different values, for each fact with any; the
        fact "subject_id" is the spelling of the id.
    completed : int
        Rows of which a fact was filled in.
    trimmed : int
        Ids that had blanks around them.
    """

    ids: Ids | None
    facts: dict[str, Coded]
    conflicts: dict[str, Bools]
    completed: int = 0
    trimmed: int = 0

    @property
    def subject(self) -> Ints:
        """A number for each child; `NO_SUBJECT` where the row does not say whose it is."""
        if self.ids is None:
            return np.full(len(self.facts["sex"].codes), NO_SUBJECT, dtype=np.int32)
        return self.ids.numbers

    @property
    def conflict(self) -> Bools | None:
        """The rows of children with a conflict of whatever fact; None where there are none."""
        found = list(self.conflicts.values())
        return np.logical_or.reduce(found) if found else None

    @property
    def status(self) -> StatusArray | None:
        """`subject_conflict` at these rows; None where there are none."""
        conflict = self.conflict
        return None if conflict is None else conflict * np.uint8(CODE["subject_conflict"])


def alone(facts: Mapping[str, Coded]) -> Children:
    """The facts of rows that each stand alone."""
    return Children(None, dict(facts), {})


def completed(ids: Ids, facts: Mapping[str, Coded]) -> Children:
    """The facts of the rows of children, shared between the rows of each.

    Parameters
    ----------
    ids : Ids
        Whose the rows are.
    facts : dict of str to Coded
        For each fact its codes and statuses; what "empty" is stands in `EMPTY`.

    Examples
    --------
    The first child states its gestation once, the second two of them:

    >>> import polars as pl
    >>> from neocalc.cohort.identities import identified
    >>> weeks = Coded(np.array([182, 0, 182, 189, 0], dtype=np.int32), None)
    >>> children = completed(identified(pl.Series(["1", "1", "2", "2", "2"])), {"gestation": weeks})
    >>> children.facts["gestation"].codes.tolist(), children.completed
    ([182, 182, 182, 189, 0], 1)
    >>> children.conflicts["gestation"].tolist()
    [False, False, True, True, True]
    """
    if facts.keys() <= _BITS.keys() and _agree(ids, stated(facts)):
        return Children(ids, dict(facts), {}, 0, ids.trimmed)
    subject, spelling = ids.numbers, ids.spellings
    conflicts: dict[str, Bools] = {}
    if spelling is not None:
        differ, _ = _shared(subject, spelling, None)
        if differ is not None:
            conflicts["subject_id"] = differ
    filled: Any = False
    shared = {}
    for name, fact in facts.items():
        known, empty = _stated(name, fact)
        differ, value = _shared(subject, fact.codes, known)
        fill = None
        if empty is not None:
            assert value is not None
            fill = empty & value.known.take(subject)
            fill &= subject != NO_SUBJECT
        if differ is not None:
            conflicts[name] = differ
            fill = None if fill is None else fill & ~differ
        shared[name] = fact
        if fill is not None and fill.any():
            assert value is not None
            codes = np.where(fill, value.codes.take(subject), fact.codes)
            status = None if fact.status is None else np.where(fill, 0, fact.status)
            shared[name] = Coded(codes, None if status is None else status.astype(np.uint8))
            filled = filled | fill
        if name == "gestation" and fact.status is not None:
            shared[name] = _doubted(subject, shared[name])
    return Children(ids, shared, conflicts, int(np.count_nonzero(filled)), ids.trimmed)


def _agree(ids: Ids, said: Hashes) -> bool:
    """Whether the rows of each child state the same, the empty ones too, as they mostly do."""
    if ids.spelling is not None:
        return False
    if not ids.in_order and not ids.numbered:  # quicker than to tell the children apart
        return Seen(len(Places.of(len(said)).key)).agree(ids.key, said)
    subject = ids.numbers
    same = subject[1:] == subject[:-1]
    together = same | (subject[1:] > subject[:-1])
    if together.all():  # the rows of a child stand together
        return not (same & (said[1:] != said[:-1]) & (subject[1:] != NO_SUBJECT)).any()
    of = np.zeros(int(subject.max(initial=NO_SUBJECT)) + 2, dtype=np.uint64)
    of[subject] = said
    return not ((of.take(subject) != said) & (subject != NO_SUBJECT)).any()


def _doubted(subject: Ints, gestation: Coded) -> Coded:
    """Gestations where an unusable one that no row makes good is that of the empty rows too."""
    codes, status = gestation
    assert status is not None
    n = int(subject.max(initial=NO_SUBJECT)) + 2
    worst = np.zeros(n, dtype=np.uint8)
    faulty = np.flatnonzero(status)
    worst[subject[faulty]] = status[faulty]
    empty = (codes == NOT_STATED) & (status == 0) & (subject != NO_SUBJECT)
    return Coded(codes, np.where(empty, worst.take(subject), status))


class _Shared(NamedTuple):
    """For each child the code that one of its rows states, and whether any does.

    There is one more than children: the last is of nobody, as `NO_SUBJECT` counts from the end.
    """

    codes: Ints
    known: Bools


def _stated(name: str, fact: Coded) -> tuple[Bools | None, Bools | None]:
    """The rows that state a usable value, and those that state none; None: all, and none."""
    word = EMPTY.get(name, MISSING)
    if word is None:
        empty = fact.codes == NOT_STATED
        if fact.status is not None:
            empty &= fact.status == 0
        stated = ~empty if fact.status is None else ~empty & (fact.status == 0)
        return (None, None) if stated.all() else (stated, empty)
    if fact.status is None:
        return None, None
    return fact.status == 0, fact.status == CODE[word]


def _shared(subject: Ints, codes: Ints, stated: Bools | None) -> tuple[Bools | None, Any]:
    """The rows of children whose rows state different codes (None: none), and one code of each."""
    n = int(subject.max(initial=NO_SUBJECT)) + 2
    of = np.zeros(n, dtype=codes.dtype)
    if stated is None:
        of[subject] = codes
        differ = of.take(subject) != codes
        known = np.ones(n, dtype=bool)
    else:
        rows = np.flatnonzero(stated)
        known = np.zeros(n, dtype=bool)
        of[subject[rows]], known[subject[rows]] = codes[rows], True
        differ = stated & (of.take(subject) != codes)
    differ &= subject != NO_SUBJECT
    if not differ.any():
        return None, _Shared(of, known)
    child = np.zeros(n, dtype=bool)
    child[subject[differ]] = True
    return child.take(subject) & (subject != NO_SUBJECT), _Shared(of, known)
