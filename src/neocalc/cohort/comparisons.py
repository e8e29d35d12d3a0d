"""Which visit of a child is compared with which.

Pure functions on columns: no loop over children or visits. Visits are ordered by child and age,
whatever the order of the rows; results are in the order of the rows. What is compared is decided
within a child: no other child can change it.

A measure is compared with the visit before at which that measure was taken. Rows of one child and
day are one visit as long as no two of them state different things: rows that repeat each other have
the same answer, and a weight and a length that stand in two rows are both of that day. Where two
rows differ nobody knows which is right, and the day is left out.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.cohort.identities import NO_SUBJECT
from neocalc.errors import CODE, InputError, StatusArray, status_where
from neocalc.reading.units import Floats
from neocalc.reading.words import Ints
from neocalc.references.lookup import Bools, Rows
from neocalc.velocity.visits import AGAINST

_NEVER: Final = np.int32(2**31 - 1)
_AGES: Final = 34
"""Bits that an age takes, so that no difference of two reaches another child."""


class Taken(NamedTuple):
    """One measure of the rows.

    Attributes
    ----------
    value : numpy.ndarray
        The measurement; NaN where there is none or it cannot be used.
    taken : numpy.ndarray
        Where there is one, usable or not.
    about : tuple of numpy.ndarray
        What else two measurements of one day must have in common: the position of a length, the
        status of a value that cannot be used.
    marks : numpy.ndarray or None
        A code that no row of the day may have above that of the measurement: oedema.
    """

    value: Floats
    taken: Bools
    about: tuple[Any, ...] = ()
    marks: Any = None


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
    conflict : numpy.ndarray or None
        The rows of children of whom two rows state different facts.
    facts : tuple of numpy.ndarray
        Codes of what all rows of one day must have in common, such as the status of the sex.
    baseline : (numpy.ndarray, numpy.ndarray) or None
        Age at the baseline [day], and where it is stated; a child's one baseline serves all its
        rows.
    """

    subject: Ints
    age: Ints
    usable: Bools
    conflict: Bools | None = None
    facts: tuple[Any, ...] = ()
    baseline: tuple[Ints, Bools] | None = None


class Compared(NamedTuple):
    """With which visit each is compared.

    Attributes
    ----------
    other : numpy.ndarray
        Row of the other visit; the row itself where there is none.
    days : numpy.ndarray
        Days since the other visit; 0 where there is none.
    status : numpy.ndarray
        Why there is none: subject_conflict, missing_subject, duplicate_visit, first_visit (also of
        the visits up to the baseline, and of a row without the measure), no_baseline (not known,
        or no visit up to it) or no_visit_in_window (none is near enough to the interval).
    """

    other: Rows
    days: Ints
    status: StatusArray


class Line:
    """The visits of children, in line: each child's by age.

    Parameters
    ----------
    children : Children
        Whose visits the rows are, in any order.
    measures : dict of str to Taken
        What was measured in each row.

    Attributes
    ----------
    since : (numpy.ndarray, numpy.ndarray) or None
        Days since the child's baseline, and where they are known; in the order of the rows.
    repeated : int
        Rows that are of one visit with another row, beyond the first of each.
    """

    def __init__(self, children: Children, measures: dict[str, Taken]) -> None:
        if not children.usable.all():  # what has no age comes last
            children = children._replace(age=np.where(children.usable, children.age, _NEVER))
        self._order = _order(children)
        self._measures = measures
        self._compared: list[tuple[tuple[Any, ...], Bools, Compared]] = []
        if self._order is not None:
            children = _ordered(children, self._order)
        self._children = children
        n = len(children.subject)
        new = np.ones(n, dtype=bool)
        new[1:] = children.subject[1:] != children.subject[:-1]
        again = ~new[1:] & (children.age[1:] == children.age[:-1]) & children.usable[1:]
        again &= children.subject[1:] != NO_SUBJECT
        row = np.arange(n)
        self._visits = _Grouped(np.flatnonzero(new), np.cumsum(new) - 1, row, row)
        self._status = self._shared_status(again)
        self._at = self._baseline()
        self.since = None
        if self._at is not None:
            at, known = self._at
            days = np.where(known, children.age - at, 0).astype(np.int32)
            self.since = self._back(days), self._back(known)

    def compare(
        self, measure: str, against: str = "previous", interval: int = 0, window: int = 0
    ) -> Compared:
        """With which visit each is compared, of those at which a measure was taken.

        Parameters
        ----------
        measure : str
            One of `measures`.
        against : str
            "previous": the visit before; "first": the first; "baseline": the last at or before the
            baseline, for the visits after it; "interval": the earlier one that is nearest to
            `interval` days before, of two that are equally near the earlier.
        interval, window : int
            The interval, and how far from it a visit may be, which is less [day].
        """
        if against not in AGAINST:
            raise InputError("against", against, f"accepted: {', '.join(AGAINST)}")
        if against == "baseline" and self._at is None:
            raise InputError("baseline", None, "the date that visits are compared from")
        taken, how = self._measures[measure].taken, (against, interval, window)
        for asked, where, found in self._compared:  # measures are mostly taken together
            if asked == how and np.array_equal(where, taken):
                return found
        found = self._compare(taken, *how)
        self._compared.append((how, taken, found))
        return found

    def _compare(self, taken: Bools, against: str, interval: int, window: int) -> Compared:
        """The same of what was taken in some rows."""
        children, visits, status = self._children, self._visits, self._status
        candidate = children.usable & (status == 0) & self._in_line(taken)
        before: Any = False
        if against == "previous":
            other = visits.last_before(candidate)
        elif against == "first":
            other = visits.first(candidate)
        elif against == "interval":
            other = visits.nearest(candidate, children.age, interval, window)
        else:
            before = self._until_baseline()
            other = visits.last(candidate & before)
        found = candidate & (other >= visits.starts[visits.child]) & (other < visits.day)
        word = status_where(~found, "first_visit")
        if against == "baseline":  # up to it there is nothing to compare yet, and nothing to ask
            np.putmask(word, ~found & ~before, CODE["no_baseline"])
        if against == "interval":  # an earlier visit there is, and none that serves
            first = visits.first(candidate)
            np.putmask(word, candidate & ~found & (first < visits.day), CODE["no_visit_in_window"])
        status = np.where(status == 0, word, status)
        other = np.where(found, other, visits.row)
        days = children.age - children.age.take(other)
        if self._order is not None:
            other = self._order.take(other)
        return Compared(self._back(other), self._back(days), self._back(status))

    def baseline_of(self, measure: str) -> tuple[Rows, Bools]:
        """For each row that of its child's baseline of a measure, and where there is one.

        It is the last visit at or before the baseline at which the measure was taken: that with
        which `compare` compares the visits after it. Where there is none, the row is its own.
        """
        candidate = self._children.usable & (self._status == 0)
        candidate &= self._in_line(self._measures[measure].taken) & self._until_baseline()
        visits = self._visits
        other = visits.last(candidate)
        found = other >= visits.starts[visits.child]
        other = np.where(found, other, visits.row)
        if self._order is not None:
            other = self._order.take(other)
        return self._back(other), self._back(found)

    def _until_baseline(self) -> Bools:
        """The rows up to the child's baseline, in line."""
        assert self._at is not None
        at, known = self._at
        before: Bools = known & (self._children.age <= at)
        return before

    @property
    def duplicate(self) -> Bools:
        """The rows of days of which two rows differ."""
        found: Bools = self._back(self._status == CODE["duplicate_visit"])
        return found

    def source(self, measure: str | None = None) -> Rows:
        """For each row that of its visit from which a measure is taken; without one, the first.

        It is the first in the order of the rows that has the measure, so that the rows of one visit
        have one source. Of a day of which two rows differ each row is its own.
        """
        visits = self._visits
        own = visits.row if self._order is None else self._order
        if visits.day is visits.row:
            return np.arange(len(own))
        opens = visits.day == visits.row
        starts, visit = np.flatnonzero(opens), np.cumsum(opens) - 1
        first = np.minimum.reduceat(own, starts)
        if measure is not None:
            taken = self._in_line(self._measures[measure].taken)
            having = np.minimum.reduceat(np.where(taken, own, len(own)), starts)
            first = np.where(having < len(own), having, first)
        apart = self._status == CODE["duplicate_visit"]
        found: Rows = self._back(np.where(apart, own, first[visit]))
        return found

    def _shared_status(self, again: Bools) -> StatusArray:
        """Rows that are compared with nothing, and nothing with them, whatever the measure."""
        children = self._children
        status = np.zeros(len(children.subject), dtype=np.uint8)
        self.repeated = 0
        if again.any():
            day = np.arange(len(status))
            day[1:][again] = 0
            self._visits = self._visits._replace(day=np.maximum.accumulate(day))
            several = np.zeros(len(status), dtype=bool)
            several[1:] = again
            several[:-1] |= again
            rows = np.flatnonzero(several)
            status[rows[self._differ(rows)]] = CODE["duplicate_visit"]
            self.repeated = int(np.count_nonzero(again & (status[1:] == 0)))
        conflict = children.conflict
        if children.baseline is not None:
            lowest, highest = self._visits.range(*children.baseline)
            changed = (highest > lowest)[self._visits.child]
            conflict = changed if conflict is None else conflict | changed
        if conflict is not None:
            status[conflict] = CODE["subject_conflict"]
        status[children.subject == NO_SUBJECT] = CODE["missing_subject"]
        return status

    def _differ(self, rows: Rows) -> Bools:
        """Of rows of days with several, in line: those of days of which two rows differ."""
        day = self._visits.day[rows]
        starts = np.flatnonzero(np.diff(day, prepend=-1))
        differ = np.zeros(len(starts), dtype=bool)
        places = rows if self._order is None else self._order[rows]
        for codes in self._children.facts:
            differ |= _several(codes[places], starts)
        for one in self._measures.values():
            taken = one.taken[places]
            none = np.isnan(one.value[places])
            differ |= _several(np.where(none, 0.0, one.value[places]), starts, taken & ~none)
            differ |= _several(none, starts, taken)
            for codes in one.about:
                differ |= _several(codes[places], starts, taken)
            if one.marks is not None:
                marks = one.marks[places]
                least = np.minimum.reduceat(np.where(taken, marks, _NEVER), starts)
                differ |= np.maximum.reduceat(marks, starts) > least
        of_rows: Bools = differ[np.cumsum(np.diff(day, prepend=-1) != 0) - 1]
        return of_rows

    def _baseline(self) -> tuple[Ints, Bools] | None:
        """The age of each row's child at its baseline, and whether it is known."""
        children, visits = self._children, self._visits
        if children.baseline is None:
            return None
        if not len(children.subject):
            return children.baseline
        lowest, highest = visits.range(*children.baseline)
        known = children.usable & (children.subject != NO_SUBJECT)
        known &= (lowest == highest)[visits.child]
        return np.where(known, highest[visits.child], 0).astype(np.int32), known

    def _in_line(self, column: Any) -> Any:
        """A column of the rows, in line."""
        return column if self._order is None else _taken(column, self._order)

    def _back(self, column: Any) -> Any:
        """A column in line, in the order of the rows."""
        if self._order is None:
            return column
        rows = np.empty_like(column)
        rows[self._order] = column
        return rows


def compare(
    children: Children,
    against: str = "previous",
    taken: Bools | None = None,
    interval: int = 0,
    window: int = 0,
) -> Compared:
    """Which visit each is compared with, for one measure that differs on every day.

    Parameters
    ----------
    children : Children
        Whose visits the rows are, in any order.
    against, interval, window
        As for `Line.compare`.
    taken : numpy.ndarray, optional
        In which rows the measure was taken; by default in all.

    Examples
    --------
    Two children; the second has two rows of one day, which differ:

    >>> rows = [np.array(column, dtype=np.int32) for column in ([7, 8, 7, 8, 8, 8, 7],
    ...                                                         [30, 0, 0, 9, 9, 60, 90])]
    >>> compared = compare(Children(*rows, np.ones(7, dtype=bool)))
    >>> compared.other.tolist(), compared.days.tolist()
    ([2, 1, 2, 3, 4, 1, 0], [30, 0, 0, 0, 0, 60, 60])
    """
    n = len(children.subject)
    every = np.ones(n, dtype=bool) if taken is None else taken
    one = Taken(np.arange(n, dtype=np.float64), every)
    return Line(children, {"measure": one}).compare("measure", against, interval, window)


class _Grouped(NamedTuple):
    """Rows in the order of children and ages.

    `starts` is the first row of each child, `child` its place among them, `row` every row's own and
    `day` the first row of its visit.
    """

    starts: Rows
    child: Rows
    row: Rows
    day: Rows

    def last_before(self, which: Bools) -> Rows:
        """The last of these before each row's visit, of whatever child."""
        last = np.maximum.accumulate(np.where(which, self.row, -1))
        before = np.concatenate([[-1], last[:-1]])
        return before if self.day is self.row else before.take(self.day)

    def first(self, which: Bools) -> Rows:
        """The first of these of each row's child; a row beyond the last where there is none."""
        if not len(self.row):
            return self.row
        rows = np.where(which, self.row, len(self.row))
        return np.asarray(np.minimum.reduceat(rows, self.starts)[self.child])

    def last(self, which: Bools) -> Rows:
        """The last of these of each row's child; -1 where there is none."""
        if not len(self.row):
            return self.row
        rows = np.where(which, self.row, -1)
        return np.asarray(np.maximum.reduceat(rows, self.starts)[self.child])

    def nearest(self, which: Bools, age: Ints, interval: int, window: int) -> Rows:
        """Of these of each row's child the one nearest to an interval before it; -1 for none.

        Of two that are equally near it is the earlier.
        """
        rows = np.flatnonzero(which)
        if not rows.size:
            return np.full(len(self.row), -1)
        # One number for child and age: the rows are in its order.
        place = (self.child << _AGES) + age
        known = place.take(rows)
        found = np.full(len(self.row), -1)
        aim = known - interval
        at = np.searchsorted(known, aim)  # the first that is not before it
        best, distance = np.full(len(rows), -1), np.full(len(rows), window + 1)
        for near in (at - 1, at):
            there = (near >= 0) & (near < len(rows))
            apart = np.abs(known.take(near, mode="clip") - aim)
            nearer = there & (apart < distance)
            best[nearer], distance[nearer] = near[nearer], apart[nearer]
        found[rows] = np.where(best < 0, -1, rows.take(best))
        return found

    def range(self, codes: Ints, stated: Bools) -> tuple[Ints, Ints]:
        """The lowest and highest stated code of each child; the first is above where none is."""
        if not len(self.row):
            return codes, codes
        limits = np.iinfo(np.int32)
        lowest = np.where(stated, codes, np.int32(limits.max))
        highest = np.where(stated, codes, np.int32(limits.min))
        return (
            np.asarray(np.minimum.reduceat(lowest, self.starts)),
            np.asarray(np.maximum.reduceat(highest, self.starts)),
        )


def _several(values: Any, starts: Rows, stated: Bools | None = None) -> Bools:
    """Whether the stated values of each group are not one."""
    values = np.asarray(values, dtype=np.float64)
    low = high = values
    if stated is not None:
        low, high = np.where(stated, values, np.inf), np.where(stated, values, -np.inf)
    found: Bools = np.maximum.reduceat(high, starts) > np.minimum.reduceat(low, starts)
    return found


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
    baseline, conflict = children.baseline, children.conflict
    return Children(
        children.subject.take(order),
        children.age.take(order),
        _taken(children.usable, order),
        None if conflict is None else conflict.take(order),
        children.facts,  # of few rows: see `Line._differ`
        None if baseline is None else (baseline[0].take(order), _taken(baseline[1], order)),
    )


def _taken(flags: Bools, order: Rows) -> Bools:
    """Flags in another order; where all are true, as they mostly are, they are so in any."""
    return flags if flags.all() else flags.take(order)
