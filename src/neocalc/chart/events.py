"""What a trial adds to an infant's chart: the day of administration, its visits and its windows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.chart import style
from neocalc.chart.ages import Column
from neocalc.chart.layout import levels, shortened, text_spans
from neocalc.chart.text import count, date_text
from neocalc.errors import MissingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.chart.visits import Infant
    from neocalc.trials import Trial

SHORT: Final = 21
"""A window of fewer days is too narrow for an axis of two years: it is named in the notes alone."""
NAMES: Final = 8.0
BAR: Final = 4.6
"""Height of the names of the days, and of each bar of a window, above the panels [mm]."""
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


class Window(NamedTuple):
    """A window of a trial: what is observed in it, and its days since birth."""

    name: str
    first: int
    last: int


class Events(NamedTuple):
    """What is marked on a chart, in days since birth.

    Attributes
    ----------
    administered : int or None
        The day of administration.
    visits : tuple of (str, int)
        The trial's visits after it.
    windows : tuple of Window
        The trial's windows, those that end together as one.
    trial : str
        Which trial, by which version of its protocol.
    """

    administered: int | None = None
    visits: tuple[tuple[str, int], ...] = ()
    windows: tuple[Window, ...] = ()
    trial: str = ""

    @property
    def bars(self) -> list[Window]:
        """The windows that are long enough to be drawn."""
        return [window for window in self.windows if window.last - window.first >= SHORT]

    @property
    def days(self) -> list[int]:
        """Every day that is marked."""
        found = [] if self.administered is None else [self.administered]
        return found + [day for _, day in self.visits] + [window.last for window in self.bars]

    @property
    def height(self) -> float:
        """Of the strip above the panels [mm]."""
        named = self.administered is not None
        return (NAMES + BAR * len(self.bars)) if named else 0.0


def events_of(infant: Infant, trial: Any = None, version: str | None = None) -> Events:
    """The events of an infant: administration, and what the trial says follows it.

    Parameters
    ----------
    infant : Infant
        With its day of administration.
    trial : Trial or str, optional
        A trial of `neocalc.trials`, its id, or the path of a definition.
    version : str, optional
        The version of its protocol.
    """
    found = trial_of(trial, version)
    if found is None:
        return Events(infant.administered)
    if infant.administered is None or infant.born is None:
        raise MissingError(
            "administered_on", "a trial's windows need the day of administration and of birth"
        )
    given = date_text(infant.born + infant.administered)
    ends: dict[tuple[int, str], list[str]] = {}
    for window in found.windows(given):
        ends.setdefault((_day(window.end, infant.born), window.within), []).append(window.outcome)
    windows = [
        Window(f"{within}: {', '.join(names)}", infant.administered, last)
        for (last, within), names in sorted(ends.items())
    ]
    visits = [(visit.after, _day(visit.on, infant.born)) for visit in found.visits(given)]
    return Events(infant.administered, tuple(visits), tuple(windows), found.label)


def trial_of(trial: Any, version: str | None) -> Trial | None:
    """The trial that is named or given; None where there is none."""
    if trial is None:
        if version is not None:
            raise MissingError("trial", f"the version {version!r} is one of a trial's protocol")
        return None
    from neocalc import trials

    return trial if isinstance(trial, trials.Trial) else trials.load(trial, version)


def _day(date: dt.date, born: int) -> int:
    """Days since birth."""
    return date.toordinal() - _EPOCH - born


def event_notes(infant: Infant, events: Events) -> list[str]:
    """Administration and windows, in words."""
    if events.administered is None or infant.born is None:
        return []
    notes = [
        f"Cells given on {date_text(infant.born + events.administered)}"
        f", {count(events.administered, 'day')} after birth."
    ]
    if events.windows:
        ends = "; ".join(f"{w.name} (to {date_text(infant.born + w.last)})" for w in events.windows)
        notes.append(f"Windows of {events.trial}: {ends}.")
    return notes


def draw_lines(ax: Axes, column: Column, events: Events, key: style.Key) -> None:
    """The events, through a panel."""

    def line(day: int | None, words: str, zorder: float, **look: Any) -> None:
        if day is not None and column.holds(day):
            ax.axvline(day, zorder=zorder, **look)
            key.add(words, **look)

    dotted, sparse = {"dashes": (1.2, 1.2)}, {"dashes": (1.2, 2.4)}
    line(events.administered, "day of administration", 3, color=style.INK, linewidth=1.2, **dotted)
    for _, day in events.visits:
        line(day, "visit due by the protocol", 1.8, color=style.BLUE, linewidth=0.8, **sparse)
    for window in events.bars:
        line(window.last, "end of a trial's window", 1.8, color=style.BLUE, linewidth=1.2)


def draw_strip(
    page: style.Page,
    column: Column,
    place: tuple[float, float, float],
    events: Events,
) -> None:
    """The events with their names, above a column whose left edge, top and width are given."""
    left, top, width = place
    height = events.height - 1.0
    ax = page.axes(left, top, width, height)
    ax.set_xlim(column.first, column.last)
    ax.set_ylim(0, height)  # in millimetres
    ax.set_axis_off()
    unit = (column.last - column.first) / width
    names = []
    if events.administered is not None and column.holds(events.administered):
        ax.plot([events.administered], [1.1], marker="v", color=style.INK, ms=6, clip_on=False)
        names.append((events.administered, "cells given"))
    for name, day in events.visits:
        if column.holds(day):
            ax.plot([day], [1.1], marker="v", color=style.BLUE, markersize=4, clip_on=False)
            names.append((day, style.drawable(name)))
    names.sort()
    texts = [text for _, text in names]
    spans = text_spans([d for d, _ in names], texts, column.first, column.last, unit)
    for text, span, level in zip(texts, spans, levels(spans, 1.2 * unit), strict=True):
        if level < 2:
            middle, place_mm = (span[0] + span[1]) / 2, 2.2 + 2.7 * level
            ax.text(middle, place_mm, text, ha="center", va="bottom", fontsize=style.SMALL)
    for i, window in enumerate(events.bars):
        _bar(ax, column, window, NAMES - 0.6 + BAR * i, width)


def _bar(ax: Axes, column: Column, window: Window, height: float, width: float) -> None:
    """A window as a bar, with its name above it where most of it lies."""
    first, last = max(window.first, column.first), min(window.last, column.last)
    if first >= last:
        return
    ax.plot([first, last], [height, height], color=style.BLUE, linewidth=2.2, solid_capstyle="butt")
    for end in (window.first, window.last):
        if column.holds(end):
            ax.plot([end, end], [height - 0.9, height + 0.9], color=style.BLUE, linewidth=1.2)
    room = int(width * (last - first) / (column.last - column.first) / (0.6 * style.SMALL * 0.3528))
    if (last - first) * 2 >= window.last - window.first or column.holds(window.last):
        text = style.drawable(window.name)
        text = shortened(text, room)
        ax.text(first, height + 0.7, text, va="bottom", fontsize=style.SMALL, color=style.BLUE)
