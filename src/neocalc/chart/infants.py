"""The growth chart of one infant: the visits on the curves of the policy, on one upright page.

A preterm infant's page has two columns, each with its own scale: postmenstrual age to the
hand-over, then the WHO's standard to two years. A single scale would press the first weeks, in
which most happens, into a corner.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import HEIGHT_FROM
from neocalc.ages.policy import Policy, weeks_and_days
from neocalc.chart import style
from neocalc.chart.ages import Column, basis_text, columns_of, segments_of, span_of
from neocalc.chart.events import Events, draw_lines, draw_strip, event_notes
from neocalc.chart.panel import Panel
from neocalc.chart.text import count, date_text, number, sex_title
from neocalc.chart.used import caption, used_on
from neocalc.chart.visits import CHARTED, Infant, Segment
from neocalc.errors import InputError
from neocalc.reading.dates import MONTH, NOT_STATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES: Final = {
    "centiles": "centile lines 3, 10, 50, 90, 97",
    "sd": "SD lines −3 to +3",
}
"""The lines that can be asked for."""
LEFT, RIGHT, GUTTER = 18.0, 13.0, 24.0
"""Beside the columns, and between them [mm]."""
HEAD: Final = 36.0
GAP: Final = 9.5
FOOT: Final = 18.0
SECOND: Final = 8.0
"""Between panels, below the last one for its two axes of age, and of that for the second [mm]."""
BOTTOM: Final = 8.0
SHARES: Final = {"weight": 0.40, "length": 0.30, "head_circumference": 0.30}
"""Of the height."""
TALLEST: Final = 95.0


class _Sheet(NamedTuple):
    """What is drawn."""

    page: style.Page
    infant: Infant
    segments: dict[str, list[Segment]]
    columns: list[Column]
    events: Events
    lines: str
    key: style.Key

    @property
    def every(self) -> list[Segment]:
        """The references of all measures, in order of age."""
        found = [segment for segments in self.segments.values() for segment in segments]
        return sorted(found, key=lambda segment: segment.first)

    def place(self, column: Column) -> tuple[float, float]:
        """Left edge and width of a column [mm]."""
        room = self.page.width - LEFT - RIGHT
        if len(self.columns) == 1:
            return LEFT, room
        first = 0.46 * (room - GUTTER)
        if column.preterm:
            return LEFT, first
        return LEFT + first + GUTTER, room - first - GUTTER


def draw(
    infant: Infant,
    *,
    lines: str = "centiles",
    until: int | None = None,
    events: Events | None = None,
) -> style.Chart:
    """Draw an infant's growth chart.

    Parameters
    ----------
    infant : Infant
        The visits.
    lines : str
        "centiles" (3, 10, 50, 90, 97) or "sd" (-3 to 3).
    until : int, optional
        Corrected age at the end of the chart [month]: by default what the visits need.
    events : Events, optional
        What else is marked; by default the day of administration.
    """
    if lines not in LINES:
        raise InputError("lines", lines, f"accepted: {', '.join(LINES)}")
    events = Events(infant.administered) if events is None else events
    span = span_of(infant, until, events.days)
    measures = [str(measure) for measure in CHARTED if measure in infant.series]
    segments = segments_of(infant, measures, span)
    columns = columns_of(infant, segments, span)
    with style.style():
        sheet = _Sheet(style.Page(), infant, segments, columns, events, lines, style.Key())
        text = [*_notes(sheet), *caption(used_on(infant, sheet.every))]
        rows = style.wrapped(text, sheet.page.width - LEFT - RIGHT)
        foot = sheet.page.height - BOTTOM - len(rows) * style.ROW
        _head(sheet)
        bottom = _panels(sheet, HEAD + max(events.height, 1.0), foot - 4 * style.ROW)
        for column in columns if events.height else []:
            left, width = sheet.place(column)
            draw_strip(sheet.page, column, (left, HEAD, width), events)
        below = sheet.key.draw(sheet.page, LEFT - 2, bottom + foot_of(infant))
        sheet.page.paragraph(LEFT, below + style.ROW, rows)
    return style.Chart(sheet.page.figure, f"Growth chart: {who(infant)}", " ".join(text))


def foot_of(infant: Infant) -> float:
    """Room below the last panel for its axes of age: two where age is corrected [mm]."""
    return FOOT if infant.to_term else FOOT - SECOND


def _panels(sheet: _Sheet, top: float, end: float) -> float:
    """Draw the measures below each other; the foot of the last is returned [mm]."""
    infant, measures = sheet.infant, list(sheet.segments)
    shares = np.array([SHARES[measure] for measure in measures])
    room = end - foot_of(infant) - top - GAP * (len(measures) - 1)
    for measure, share in zip(measures, shares / shares.sum(), strict=True):
        height = min(float(room * share), TALLEST)
        for column in sheet.columns:
            left, width = sheet.place(column)
            ax = sheet.page.axes(left, top, width, height)
            panel = Panel(ax, infant, column, measure, (width, height))
            panel.curves(sheet.segments[measure], sheet.lines)
            panel.visits(sheet.key)
            draw_lines(ax, column, sheet.events, sheet.key)
            panel.finish(lowest=measure == measures[-1], end=column is sheet.columns[-1])
            if len(sheet.columns) > 1:
                _hand_over(sheet, ax, column, top + height / 2)
        top += height + GAP
    if sheet.columns[0].preterm and sheet.columns[0].holds(infant.to_term):
        sheet.key.add("40 weeks: corrected age 0", color=style.LINE, linewidth=0.9, dashes=(5, 2))
    return top - GAP


def _hand_over(sheet: _Sheet, ax: Axes, column: Column, middle: float) -> None:
    """Make the joint between the two columns visible."""
    ax.spines["right" if column.preterm else "left"].set_linewidth(2.2)
    if column.preterm:
        left, width = sheet.place(column)
        day = weeks_and_days(int(column.last) + sheet.infant.gestation)
        after = any(s.first > column.last for found in sheet.segments.values() for s in found)
        end = "hand-over after" if after else "no reference after"
        sheet.page.text(
            left + width + 8.2, middle, f"{end} {day}", style.SMALL, rotation=90,
            va="center", ha="center",
        )  # fmt: skip


def born_text(infant: Infant) -> str:
    """Girl or boy, and the gestation at birth."""
    if infant.gestation == NOT_STATED:
        return f"{sex_title(infant.sex)}, gestation not stated"
    return f"{sex_title(infant.sex)}, born at {weeks_and_days(infant.gestation)}"


def who(infant: Infant) -> str:
    """Who it is, in one line."""
    name = f"{style.drawable(infant.subject)} · " if infant.subject else ""
    return f"{name}{born_text(infant)}"


def _head(sheet: _Sheet) -> None:
    """Title and, above each column, the label that the references' licences ask for."""
    page, infant = sheet.page, sheet.infant
    page.heading(LEFT, 12, who(infant), style.TITLE, page.width - LEFT - RIGHT)
    facts = [] if infant.born is None else [f"born {date_text(infant.born)}"]
    facts += [count(len(infant.days), "visit"), LINES[sheet.lines]]
    page.text(LEFT, 18.5, " · ".join(facts), style.TEXT)
    for column in sheet.columns:
        here = [s for s in sheet.every if s.first <= column.last and s.last >= column.first]
        labels = dict.fromkeys(s.reference.chart_label for s in here)
        left, width = sheet.place(column)
        room = width + (GUTTER - 3 if column.preterm else 0)
        page.heading(left, 26, " · ".join(labels) or "No reference", style.HEADING, room)
        page.text(left, 31, basis_text(infant, column, here), style.SMALL)


def _steps(infant: Infant, segment: Segment) -> bool:
    """Whether the WHO's change from length to height lies within a span of days."""
    shift = infant.shift(segment.basis)
    who = segment.reference.id == Policy.term_reference
    return who and segment.first + shift < HEIGHT_FROM <= segment.last + shift


def _notes(sheet: _Sheet) -> list[str]:
    """What a reader has to know about the visits that are drawn, or are not."""
    infant, notes = sheet.infant, event_notes(sheet.infant, sheet.events)
    length = infant.series.get("length")
    if length is not None and length.adjusted:
        notes.append(
            f"{count(length.adjusted, 'length')} drawn as scored by the WHO's rule: 0.7 cm longer"
            " when measured standing before 2 years of age, 0.7 cm shorter when lying after it."
        )
    if any(_steps(infant, segment) for segment in sheet.segments.get("length", [])):
        notes.append(
            "At 2 years the curves of length step by 0.7 cm: the WHO's are of length lying down"
            " before, and of height standing after."
        )
    if infant.unplaced:
        notes.append(f"{count(infant.unplaced, 'visit')} not drawn: no usable age.")
    first, last = sheet.columns[0].first, sheet.columns[-1].last
    outside = int((infant.seen & ((infant.days < first) | (infant.days > last))).sum())
    if outside:
        notes.append(f"{count(outside, 'visit')} not drawn: outside the ages of this chart.")
    parts = next(iter(sheet.segments.values()), [])
    for before, after in itertools.pairwise(parts):
        if before.basis == "corrected" and after.basis == "chronological":
            notes.append(
                f"From {number(after.first / MONTH, 1)} months of chronological age on, age is no"
                " longer corrected: the curves step there."
            )
    return notes
