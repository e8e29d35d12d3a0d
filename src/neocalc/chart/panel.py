"""One panel of a growth chart: the curves of a measure, and the visits on them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.chart import style
from neocalc.chart.ages import Column, Ticks, age_ticks
from neocalc.chart.layout import crowded, levels, round_step, spread, text_spans, vertices_of
from neocalc.chart.reasons import reasons, why_not
from neocalc.chart.text import centile_text, number, z_text
from neocalc.growth.curves import curves
from neocalc.references.files import MEASURES
from neocalc.text import TITLES, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.chart.visits import Infant, Segment, Series

CENTILES: Final = (3, 10, 50, 90, 97)
SD_LINES: Final = (-3, -2, -1, 0, 1, 2, 3)
FLAGS: Final = {
    "implausible": ("X", 7.0),
    "oedema": ("s", 5.5),
    "age_below_reference": ("v", 6.0),
    "age_above_reference": ("^", 6.0),
}
"""How a visit with a value and a status other than ok is marked: shape and size."""
OTHER_FLAG: Final = ("D", 5.0)


class Panel:
    """One measure in one column of the page."""

    def __init__(
        self, ax: Axes, infant: Infant, column: Column, measure: str, size: tuple[float, float]
    ) -> None:
        self.ax, self.infant, self.column, self.measure = ax, infant, column, measure
        self.width, self.height = size
        self.name = f"{measure}-{'preterm' if column.preterm else 'term'}"
        self.series: Series = infant.series[measure]
        self.low, self.high = math.inf, -math.inf
        self.names: list[tuple[str, float, float]] = []
        ax.set_xlim(column.first, column.last)

    def curves(self, segments: list[Segment], lines: str) -> None:
        """The lines of each reference, each at the ages for which the policy asks it."""
        levels = CENTILES if lines == "centiles" else SD_LINES
        for segment in segments:
            first = max(segment.first, math.ceil(self.column.first))
            last = min(segment.last, math.floor(self.column.last))
            if first > last:
                continue
            found = curves(
                self.measure,
                sex=self.infant.sex_word,
                reference=str(segment.reference.folder),
                centiles=levels if lines == "centiles" else None,
                z=None if lines == "centiles" else levels,
            )
            days = np.arange(first, last + 1)
            at = days + (self.infant.shift(segment.basis) - int(found.x[0]))
            rows = found.lines.magnitude[:, at]
            kept = vertices_of(rows)
            days, rows = days[kept], rows[:, kept]
            self.ax.fill_between(days, rows[0], rows[-1], color=style.BAND, linewidth=0, zorder=1)
            for level, z, row in zip(levels, found.z, rows, strict=True):
                (line,) = self.ax.plot(days, row, color=style.LINE, zorder=2, **line_look(z))
                what = f"{segment.reference.id}-{segment.basis}-{lines}{level}"
                line.set_gid(f"curve-{self.name}-{what}")
            self.low, self.high = min(self.low, rows.min()), max(self.high, rows.max())
            texts = [number(level, 0) for level in levels]
            if lines != "centiles":
                texts = [f"+{text}" if text[0] not in "−0" else text for text in texts]
            self.names = [
                (text, float(days[-1]), float(row[-1]))
                for text, row in zip(texts, rows, strict=True)
            ]

    def visits(self, key: style.Key) -> None:
        """The visits: those with status ok joined, the others each with its mark."""
        days, value = self.infant.days, self.series.value
        words = np.array(self.series.words, dtype=object)
        here = (days >= self.column.first) & (days <= self.column.last)
        known = ~np.isnan(value)
        good = known & (words == "ok")
        self._limits(value[here & known & self._likely(value, words)])
        (line,) = self.ax.plot(
            days[good], value[good], color=style.DATA, linewidth=1.4, zorder=5,
            solid_joinstyle="round",
        )  # fmt: skip
        line.set_gid(f"visits-{self.name}")
        look: dict[str, Any] = {"marker": "o", "color": style.DATA}
        unit = (self.column.last - self.column.first) / self.width
        size = {"markersize": 4.4, "markeredgewidth": 0.5}
        if crowded(days[good & here], unit):  # white edges would cover the dots beside them
            size = {"markersize": 2.0, "markeredgewidth": 0.0}
        (dots,) = self.ax.plot(
            days[good & here], value[good & here], linestyle="none", markeredgecolor="white",
            zorder=6, clip_on=False, **look | size,
        )  # fmt: skip
        dots.set_gid(f"points-{self.name}")
        look["markersize"] = 4.4
        if good.sum() > 1:
            key.add("visit, joined to the next", linewidth=1.4, **look)
        elif good.any():
            key.add("visit", linestyle="none", **look)
        for word in dict.fromkeys(words[here & known & ~good]):
            self._flagged(str(word), here & known & (words == word), key)
        self._unusable(days[here & ~known & (words != "missing_value")], key)

    def _likely(self, value: Any, words: Any) -> Any:
        """The visits that the scale has to hold: a slip of the pen does not set it."""
        if not math.isfinite(self.low):
            return words != "implausible"
        near = (value > 0.5 * self.low) & (value < 1.5 * self.high)
        return (words == "ok") | (near & (words != "implausible"))

    def _limits(self, values: Any) -> None:
        """A scale in round steps that holds the curves and these values."""
        if not math.isfinite(self.low) and len(values):  # no curves: room around the visits
            self.low, self.high = 0.9 * values.min(), 1.1 * values.max()
        self.low = min(self.low, values.min(initial=math.inf))
        self.high = max(self.high, values.max(initial=-math.inf))
        if not math.isfinite(self.low):
            self.low, self.high = 0.0, 1.0
        step = round_step(self.low, self.high, max(4.0, self.height / 7))
        ticks = np.arange(math.floor(self.low / step), math.ceil(self.high / step) + 1) * step
        self.low, self.high = float(ticks[0]), float(ticks[-1])
        self.ax.set_ylim(self.low, self.high)
        self.ax.set_yticks(ticks, [number(t, 2) for t in ticks])
        for tick, at in zip(self.ax.yaxis.get_major_ticks(), ticks, strict=True):
            tick.gridline.set_gid(f"y-{self.name}-{number(at, 2)}")

    def _flagged(self, word: str, at: Any, key: style.Key) -> None:
        """Visits with a value and a status: an open mark, at the edge where the scale ends."""
        marker, size = FLAGS.get(word, OTHER_FLAG)
        look: dict[str, Any] = {
            "linestyle": "none", "marker": marker, "markersize": size, "color": style.VERMILION,
            "markerfacecolor": "white", "markeredgewidth": 1.3,
        }  # fmt: skip
        days, value = self.infant.days[at], self.series.value[at]
        edge = np.clip(value, self.low, self.high)
        (marks,) = self.ax.plot(days, edge, zorder=7, clip_on=False, **look)
        marks.set_gid(f"flagged-{self.name}-{word}")
        key.add(plain(word), **look)
        for up in (True, False):
            off = value > self.high if up else value < self.low
            self._off_scale(days[off], value[off], up=up)

    def _off_scale(self, days: Any, values: Any, *, up: bool) -> None:
        """The values of visits beyond an end of the scale, as far as there is room for them."""
        unit, arrow = MEASURES[self.measure], "↑" if up else "↓"
        day = (self.column.last - self.column.first) / self.width
        texts = [f"{number(value, 3 if value >= 0.1 else 6)} {unit} {arrow}" for value in values]
        bold = [f"{text}  " for text in texts]  # wider than the others
        spans = text_spans(days, bold, self.column.first, self.column.last, day)
        for text, span, level in zip(texts, spans, levels(spans, 1.5 * day), strict=True):
            if level < 3:  # below the text in the corner
                place = (2.7 if up else 1.3) + level
                self.ax.annotate(
                    text, (span[0], self.high if up else self.low),
                    xytext=(3, (-1 if up else 1) * place * style.SMALL * 1.25),
                    textcoords="offset points", va="center", fontsize=style.SMALL,
                    color=style.VERMILION, weight="bold", zorder=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                )  # fmt: skip

    def _unusable(self, days: Any, key: style.Key) -> None:
        """Visits whose value cannot be used: a tick at the foot of the panel."""
        if len(days):
            look: dict[str, Any] = {
                "linestyle": "none", "marker": 2, "markersize": 7, "markeredgewidth": 2.0,
                "color": style.VERMILION,
            }  # fmt: skip
            (ticks,) = self.ax.plot(days, np.full(len(days), self.low), zorder=7, **look)
            ticks.set_gid(f"unusable-{self.name}")
            key.add("value that cannot be used", **look)

    def finish(self, *, lowest: bool, end: bool) -> None:
        """Grid, units, the two axes of age, and the names of the lines.

        Parameters
        ----------
        lowest, end : bool
            Whether it is the lowest panel of the page, and in its last column.
        """
        ax = self.ax
        ax.grid(color=style.FAINT, linewidth=0.5)
        ax.set_axisbelow(True)
        ax.tick_params(pad=2)
        ax.set_ylabel(f"{TITLES[self.measure]} ({MEASURES[self.measure]})", labelpad=2)
        ticks = age_ticks(self.infant, self.column)
        ax.set_xticks([day for day, _ in ticks.main], [text for _, text in ticks.main])
        for tick, (_, text) in zip(ax.xaxis.get_major_ticks(), ticks.main, strict=True):
            tick.gridline.set_gid(f"x-{self.name}-{text}")
        if lowest:
            second_axis(ax, ticks, self.height)
        term = self.infant.to_term
        if self.column.preterm and self.column.holds(term):
            ax.axvline(term, color=style.LINE, linewidth=0.9, dashes=(5, 2), zorder=2)
        self._name_lines()
        self._latest(end=end)

    def _name_lines(self) -> None:
        """The names of the lines at their right ends, none over another."""
        gap = (self.high - self.low) * style.SMALL * style.POINT * 1.1 / self.height
        places = spread([value for _, _, value in self.names], gap)
        for (text, day, _), place in zip(self.names, places, strict=True):
            self.ax.annotate(
                text, (day, place), xytext=(2.5, 0), textcoords="offset points", va="center",
                fontsize=style.SMALL, annotation_clip=False,
            )  # fmt: skip

    def _latest(self, *, end: bool) -> None:
        """The latest z of the measure, in the corner that growth leaves free; or why there is none.

        It stands in the column of its visit, and what has none in the last.
        """
        found = np.flatnonzero(~np.isnan(self.series.z))
        if not found.size:
            if end:
                counts = Counter(self.series.words)
                look = style.VERMILION if reasons(counts) else style.LINE
                style.corner(self.ax, why_not(counts), width=self.width, color=look)
            return
        if self.column.holds(self.infant.days[found[-1]]):
            z, word = float(self.series.z[found[-1]]), self.series.words[found[-1]]
            text = f"latest z {z_text(z)}, centile {centile_text(z)}"
            text += "" if word == "ok" else f": {plain(word)}"
            style.corner(self.ax, text, color=style.DATA if word == "ok" else style.VERMILION)


def second_axis(ax: Axes, ticks: Ticks, height: float) -> None:
    """The titles of the axes of age, and chronological age below the other."""
    ax.set_xlabel(ticks.main_title, labelpad=1.5, weight="bold")
    if ticks.other:
        other = ax.secondary_xaxis(-8.2 / height)
        other.set_xticks([day for day, _ in ticks.other], [text for _, text in ticks.other])
        other.set_xlabel(ticks.other_title, labelpad=1.5)
        other.tick_params(pad=2)


def line_look(z: float) -> dict[str, Any]:
    """The median heavy, the outer lines solid, those between dashed, +-3 SD dotted."""
    size = round(abs(z), 3)
    if size == 0:
        return {"linewidth": 1.4}
    if size == 3:
        return {"linewidth": 1.0, "dashes": (1.2, 1.2)}
    return {"linewidth": 0.9} if size > 1.5 else {"linewidth": 0.7, "dashes": (5, 2)}
