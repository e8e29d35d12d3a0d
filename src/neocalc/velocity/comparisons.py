"""Which visit of a child is compared with which.

Pure functions on columns: no loop over children or visits. Visits are ordered by child and age,
whatever the order of the rows; results are in the order of the rows. What is compared is decided
within a child: no other child can change it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.coding import Ints
from neocalc.errors import CODE, InputError, StatusArray, status_where
from neocalc.stacks import Bools, Rows
from neocalc.velocity.visits import AGAINST

NO_SUBJECT: Final = -1

_NEVER: Final = np.int32(2**31 - 1)
_NOTHING: Final = np.zeros(0, dtype=np.uint8)


class Children(NamedTuple):
    """Whose visits the rows are: columns of one length.

    Attributes
    ----------
    subject : numpy.ndarray
        A number for each child; `NO_SUBJECT` where the row does not say whose it is.
    age : numpy.ndarray
        Chronological age [day].
    usable : numpy.ndarray
        Whether the age is.
    constants : tuple of (numpy.ndarray, numpy.ndarray)
        What must be the same at all visits of a child (sex, gestation, date of birth): codes, and
        where they are stated.
    baseline : (numpy.ndarray, numpy.ndarray) or None
        Age at the baseline [day], and where it is stated; a child's one baseline serves all its
        rows.
    """

    subject: Ints
    age: Ints
    usable: Bools
    constants: tuple[tuple[Any, Bools], ...] = ()
    baseline: tuple[Ints, Bools] | None = None


class Compared(NamedTuple):
    """With which visit each is compared.

    Attributes
    ----------
    other : numpy.ndarray
        Row of the other visit; the row itself where there is none.
    days : numpy.ndarray
        Days since the other visit; 0 where there is none.
    status : numpy.ndarray or None
        Why there is none: missing_subject, subject_conflict, duplicate_visit, first_visit (also of
        the visits up to the baseline) or no_baseline (not known, or no visit up to it).
    baseline : (numpy.ndarray, numpy.ndarray) or None
        Days since the child's baseline, and where they are known.
    """

    other: Rows
    days: Ints
    status: StatusArray
    baseline: tuple[Ints, Bools] | None


def compare(children: Children, against: str = "previous") -> Compared:
    """Which visit each is compared with.

    A visit on the same day as another of the child is a `duplicate_visit`: it is not compared, and
    no other is compared with it, as neither of the two is to be preferred. Nor is a visit whose
    age is not usable. A child whose sex, gestation or date of birth is not the same at all visits
    is a `subject_conflict` at every one: which of them is right is not known.

    Parameters
    ----------
    children : Children
        Whose visits the rows are, in any order.
    against : str
        "previous": the visit before; "first": the first; "baseline": the last at or before the
        baseline, for the visits after it.

    Examples
    --------
    Two children; the second has two visits on one day:

    >>> rows = [np.array(column, dtype=np.int32) for column in ([7, 8, 7, 8, 8, 8, 7],
    ...                                                         [30, 0, 0, 9, 9, 60, 90])]
    >>> compared = compare(Children(*rows, np.ones(7, dtype=bool)))
    >>> compared.other.tolist(), compared.days.tolist()
    ([2, 1, 2, 3, 4, 1, 0], [30, 0, 0, 0, 0, 60, 60])
    """
    if against not in AGAINST:
        raise InputError("against", against, f"accepted: {', '.join(AGAINST)}")
    if against == "baseline" and children.baseline is None:
        raise InputError("baseline", None, "the date that visits are compared from")
    if not len(children.subject):
        return Compared(np.zeros(0, dtype=np.intp), children.age, _NOTHING, children.baseline)
    if not children.usable.all():  # what has no age comes last
        children = children._replace(age=np.where(children.usable, children.age, _NEVER))
    order = _order(children)
    children = children if order is None else _ordered(children, order)
    subject, age, usable = children.subject, children.age, children.usable
    new = np.ones(len(subject), dtype=bool)
    new[1:] = subject[1:] != subject[:-1]
    visits = _Grouped(np.flatnonzero(new), np.cumsum(new) - 1, np.arange(len(subject)))
    status = _unpaired(children, visits, new)
    candidate = usable & (status == 0)
    since, at = None, age
    if children.baseline is not None:
        lowest, highest = visits.range(*children.baseline)
        known = usable & (subject != NO_SUBJECT) & (lowest == highest)[visits.child]
        at = np.where(known, highest[visits.child], 0).astype(np.int32)
        since = np.where(known, age - at, 0).astype(np.int32), known
    if against == "previous":
        other = visits.last_before(candidate)
    elif against == "first":
        other = visits.first(candidate)
    else:
        assert since is not None
        before = since[1] & (age <= at)
        other = visits.last(candidate & before)
    found = candidate & (other >= visits.starts[visits.child]) & (other < visits.row)
    word = status_where(~found, "first_visit")
    if against == "baseline":  # up to it there is nothing to compare yet, and nothing to ask
        np.putmask(word, ~found & ~before, CODE["no_baseline"])
    status = np.where(status == 0, word, status)
    other = np.where(found, other, visits.row)
    compared = Compared(other, age - age.take(other), status, since)
    return compared if order is None else _in_rows(compared, order)


class _Grouped(NamedTuple):
    """Rows in the order of children and ages.

    `starts` is the first row of each child, `child` its place among them, `row` every row's own.
    """

    starts: Rows
    child: Rows
    row: Rows

    def last_before(self, which: Bools) -> Rows:
        """The last of these before each row, of whatever child."""
        last = np.maximum.accumulate(np.where(which, self.row, -1))
        return np.concatenate([[-1], last[:-1]])

    def first(self, which: Bools) -> Rows:
        """The first of these of each row's child; a row beyond the last where there is none."""
        rows = np.where(which, self.row, len(self.row))
        return np.asarray(np.minimum.reduceat(rows, self.starts)[self.child])

    def last(self, which: Bools) -> Rows:
        """The last of these of each row's child; -1 where there is none."""
        rows = np.where(which, self.row, -1)
        return np.asarray(np.maximum.reduceat(rows, self.starts)[self.child])

    def range(self, codes: Ints, stated: Bools) -> tuple[Ints, Ints]:
        """The lowest and highest stated code of each child; the first is above where none is."""
        limits = np.iinfo(np.int32)
        lowest = np.where(stated, codes, np.int32(limits.max))
        highest = np.where(stated, codes, np.int32(limits.min))
        return (
            np.asarray(np.minimum.reduceat(lowest, self.starts)),
            np.asarray(np.maximum.reduceat(highest, self.starts)),
        )


def _unpaired(children: Children, visits: _Grouped, new: Bools) -> StatusArray:
    """Rows that are compared with nothing, and nothing with them."""
    conflict = np.zeros(len(visits.starts), dtype=bool)
    constants = children.constants
    if children.baseline is not None:
        constants = (*constants, children.baseline)
    for codes, stated in constants:
        if stated.all():
            changed = np.flatnonzero((codes[1:] != codes[:-1]) & ~new[1:]) + 1
            conflict[visits.child[changed]] = True
        else:
            lowest, highest = visits.range(codes, stated)
            conflict |= highest > lowest
    again = ~new[1:] & (children.age[1:] == children.age[:-1]) & children.usable[1:]
    duplicate = np.zeros(len(new), dtype=bool)
    duplicate[1:] = again
    duplicate[:-1] |= again
    status = status_where(duplicate, "duplicate_visit")
    status[conflict[visits.child]] = CODE["subject_conflict"]
    status[children.subject == NO_SUBJECT] = CODE["missing_subject"]
    return status


def _order(children: Children) -> Rows | None:
    """The rows by child and age; None when that is their order."""
    subject, age = children.subject, children.age
    ahead = subject[1:] > subject[:-1]
    ahead |= (subject[1:] == subject[:-1]) & (age[1:] >= age[:-1])
    if ahead.all():
        return None
    # One number for both, as that sorts faster; rows of one child and day may come in any order.
    return np.argsort((subject.astype(np.int64) << 32) + age)


def _ordered(children: Children, order: Rows) -> Children:
    """The same in another order."""
    baseline = children.baseline
    return Children(
        children.subject.take(order),
        children.age.take(order),
        _taken(children.usable, order),
        tuple((codes.take(order), _taken(stated, order)) for codes, stated in children.constants),
        None if baseline is None else (baseline[0].take(order), _taken(baseline[1], order)),
    )


def _taken(flags: Bools, order: Rows) -> Bools:
    """Flags in another order; where all are true, as they mostly are, they are so in any."""
    return flags if flags.all() else flags.take(order)


def _in_rows(compared: Compared, order: Rows) -> Compared:
    """The result in the order of the rows, from that of children and ages."""

    def back(column: Any) -> Any:
        rows = np.empty_like(column)
        rows[order] = column
        return rows

    since = compared.baseline
    return Compared(
        back(order.take(compared.other)),
        back(compared.days),
        back(compared.status),
        None if since is None else (back(since[0]), back(since[1])),
    )
