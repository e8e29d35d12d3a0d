"""The axes of age: postmenstrual, corrected and chronological, along days since birth."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from neocalc.ages.policy import DEFAULT, last_day, weeks_and_days
from neocalc.chart.text import number
from neocalc.errors import InputError
from neocalc.reading.dates import MONTH, NOT_STATED
from neocalc.references.catalogue import reference

if TYPE_CHECKING:
    from neocalc.chart.visits import Infant, Segment

INFANTS: Final = 60
"""The last month of corrected age on a chart without a reference of school age."""
LATEST: Final = 228
"""The last month of corrected age that a chart can show."""
ENDS: Final = (3, 6, 9, 12, 18, 24, 36, 48, INFANTS, 84, 120, 168, LATEST)
"""Where a chart ends by default: at the first of these that holds the visits [month]."""
MARKED: Final = 24
"""Up to this age a chart is lengthened for what is marked on it without a visit [month]."""
SLACK: Final = 31
"""A visit this late still counts as the visit at the end of the chart [day]."""


class Column(NamedTuple):
    """A column of a page: its days since birth, whether they are counted as postmenstrual age."""

    first: float
    last: float
    preterm: bool

    def holds(self, day: float) -> bool:
        """Whether a day is in this column."""
        return self.first <= day <= self.last


class Ticks(NamedTuple):
    """Ticks (day since birth, text) and title of the axis of age and of the one below it."""

    main: list[tuple[float, str]]
    main_title: str
    other: list[tuple[float, str]]
    other_title: str


def until_day(until: int) -> int:
    """The last day of an age at which a chart ends [day].

    Parameters
    ----------
    until : int
        Corrected age [month].
    """
    if not 1 <= until <= LATEST:
        raise InputError("until", until, f"1 to {LATEST} months of corrected age")
    return math.floor(until * MONTH)


class Span(NamedTuple):
    """The days since birth of what a chart has to hold, and the day at which it ends."""

    first: int
    last: int
    end: int


def span_of(infant: Infant, until: int | None, marked: Iterable[int] = ()) -> Span:
    """What a chart of an infant holds: it is as long as there is something to see.

    Parameters
    ----------
    infant : Infant
        The visits.
    until : int, optional
        Corrected age at the end [month]; by default what the visits need.
    marked : iterable of int
        Other days that are marked, such as those of visits due by a trial; up to two years count.
    """
    latest_month = _latest(infant)
    most = _end(infant, latest_month) + SLACK
    days = [int(day) for day in infant.days[infant.seen] if day <= most]
    days += [day for day in marked if day <= _end(infant, MARKED)]
    first, latest = min(days, default=0), max(days, default=0)
    if until is not None:
        end = until_day(until) + infant.to_term
        return Span(0, end, end)
    ends = [_end(infant, months) for months in ENDS if months <= latest_month]
    end = next((day for day in ends if latest <= day + SLACK), ends[-1])
    return Span(first, latest, max(end, latest + 3))


def _latest(infant: Infant) -> int:
    """The last month of which the infant's references have a table: 5 years, or beyond."""
    policy, name = infant.policy, infant.reference
    names = policy.references if name == DEFAULT else (name,)
    last = max(last_day(reference(one)) for one in names)
    return min(max(INFANTS, math.floor(last / MONTH)), LATEST)


def _end(infant: Infant, months: int) -> int:
    """The day since birth of a corrected age [month]."""
    return math.floor(months * MONTH) + infant.to_term


Segments = dict[str, "list[Segment]"]


def segments_of(infant: Infant, measures: Iterable[str], span: Span) -> Segments:
    """The references of each measure that a chart has to show: those at the ages of the visits."""
    every = {measure: infant.segments(measure, span.end) for measure in measures}
    kept = {
        measure: [s for s in found if s.first <= span.last and s.last >= span.first]
        for measure, found in every.items()
    }
    return kept if any(kept.values()) else every


def columns_of(infant: Infant, segments: Segments, span: Span) -> list[Column]:
    """The column by postmenstrual age, where there is one, and that of the term reference."""
    every = [segment for found in segments.values() for segment in found]
    early = [s.last for s in every if s.basis == "postmenstrual"]
    if not early:
        first = min((s.first for s in every), default=0)
        return [Column(float(min(first, span.first)), float(span.end), False)]
    boundary = max(early) + 0.5
    start = float(infant.gestation // 14 * 14 - infant.gestation)
    beyond = any(s.last > boundary for s in every) or span.last > boundary
    columns = [Column(start, boundary, True)]
    return [*columns, Column(boundary, float(span.end), False)] if beyond else columns


def age_ticks(infant: Infant, column: Column) -> Ticks:
    """Postmenstrual or corrected age, with chronological age below it."""
    if column.preterm:
        step = 2 if column.last - column.first > 70 else 1
        end = math.ceil((column.last + infant.gestation) / 7) + 1
        weeks = range(20, end, step)
        main = [(float(w * 7 - infant.gestation), str(w)) for w in weeks]
        other = [(float(w * 7), str(w)) for w in range(0, end, 2 * step)]
        return Ticks(
            _inside(main, column), "Postmenstrual age (weeks)",
            _inside(other, column), "Chronological age (weeks)",
        )  # fmt: skip
    step = month_step((column.last - column.first) / MONTH)
    months = range(-6, LATEST + 13)
    other = _inside([(m * MONTH, str(m)) for m in months if m >= 0 and m % step == 0], column)
    if not infant.to_term:
        return Ticks(other, "Chronological age (months)", [], "")
    main = [(m * MONTH + infant.to_term, number(m, 0)) for m in months if m % step == 0]
    return Ticks(
        _inside(main, column), "Corrected age (months)", other, "Chronological age (months)"
    )


def month_step(months: float) -> int:
    """Months from tick to tick.

    >>> month_step(24), month_step(60)
    (2, 6)
    """
    return next(step for step in (1, 2, 3, 6, 12, 24) if months / step <= 13)


def _inside(ticks: list[tuple[float, str]], column: Column) -> list[tuple[float, str]]:
    """The ticks within a column, and on its ends."""
    return [(day, text) for day, text in ticks if column.first <= day <= column.last + 0.75]


def basis_text(infant: Infant, column: Column, here: list[Segment]) -> str:
    """By which age an infant is placed in a column, in words."""
    if column.preterm:
        return f"by postmenstrual age, to {_weeks(infant, math.floor(column.last))}"
    if not here:
        return "no curves at these ages"
    corrected = [s for s in here if s.basis == "corrected"]
    if corrected:
        text = "at corrected age"
        return text if column.first == 0 else f"{text}, from {_weeks(infant, corrected[0].first)}"
    if infant.gestation == NOT_STATED:
        return "at chronological age: gestation is not stated"
    return "at chronological age: not corrected"


def _weeks(infant: Infant, day: int) -> str:
    """Postmenstrual age on a day, as 50w0d."""
    return weeks_and_days(day + infant.gestation)
