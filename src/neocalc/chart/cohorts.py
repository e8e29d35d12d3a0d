"""A cohort's z-scores over age, arm beside arm: every subject thin, median and quartiles bold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from neocalc.chart import style
from neocalc.chart.ages import until_day
from neocalc.chart.counts import Figure, strip_of
from neocalc.chart.facets import LEFT, Facets, Head, Panel, Room, panel_width
from neocalc.chart.medians import BIN_EDGES, ENOUGH, FEWEST, Median, binned, span_end, spans_text
from neocalc.chart.reasons import left_out, measured, why_no_z
from neocalc.chart.subjects import Cohort
from neocalc.chart.text import count, number
from neocalc.chart.used import Used, caption, used_by
from neocalc.reading.dates import MONTH, TERM
from neocalc.text import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.references.lookup import Bools

MANY: Final = 4_000
"""Visits from which the thin lines are drawn as an image: a file of them would be too large."""
FEW: Final = 0.02
"""Visits after the last median that do not lengthen the axis: at most this share of all, or one."""
MONTHS: Final = (0, 24, 12, 6, -2, 36, 18, 3, 48, 60, 30, -3, -1, 9, 1, 2, -4)
"""Ticks of the axis of age, those first that must not be missing [month]."""
LATER: Final = tuple(range(72, 241, 12))
"""Ticks for references that go on after five years [month]."""
CLOSE: Final = 3.4
"""Height of a step of z that has room for its figure [mm]."""
WIDE: Final = 47.0
"""Width of a panel in which the title of its axis of age has room [mm]."""
ROOM: Final = Room(under=9.0, between=3.0, last=4.0, least=20.0, most=75.0)


class Shown(NamedTuple):
    """What a chart of z over age shows.

    Attributes
    ----------
    drawn : dict of str to numpy.ndarray
        For each measure, the rows whose z is drawn.
    medians : dict of (str, int) to dict
        For each measure and arm, the medians by the number of their span of age.
    later : int
        Rows with a z after the end of the axis.
    used : Used
        What the drawn rows were scored by.
    """

    drawn: dict[str, Bools]
    medians: dict[tuple[str, int], dict[int, Median]]
    later: int
    used: Used

    @property
    def any(self) -> Bools:
        """The rows of which any z is drawn."""
        found: Bools = np.logical_or.reduce(list(self.drawn.values()))
        return found


def shown(cohort: Cohort, until: int | None = None) -> Shown:
    """What a chart of a cohort shows: the axis is as long as there is something to see.

    Parameters
    ----------
    cohort : Cohort
        The visits.
    until : int, optional
        The age around which the last visits are [month]; by default that of the last z, but for
        few visits after the last median.
    """
    usable = {name: found.status == 0 for name, found in cohort.measures.items()}
    any_z = np.logical_or.reduce(list(usable.values()))
    end = span_end(until_day(until)) if until is not None else _end(cohort, usable, any_z)
    near = cohort.day < end
    drawn = {measure: at & near for measure, at in usable.items()}
    return Shown(
        drawn, _medians(cohort, drawn), int((any_z & ~near).sum()),
        used_by(cohort.rows, any_z & near, cohort.scoring),
    )  # fmt: skip


def _end(cohort: Cohort, usable: dict[str, Bools], any_z: Bools) -> int:
    """The day before which visits are drawn: few after the last median do not lengthen the axis."""
    days = cohort.day[any_z]
    if not len(days):
        return 1
    spans = [span for found in _medians(cohort, usable).values() for span in found]
    every = int(days.max()) + 1
    if not spans:
        return every
    after = min(max(spans) + 1, len(BIN_EDGES) - 1)  # one span of ages more is no stretch
    few = int((days >= BIN_EDGES[after]).sum()) <= max(1, FEW * len(days))
    return min(every, BIN_EDGES[after]) if few else every


def _medians(cohort: Cohort, rows: dict[str, Bools]) -> dict[tuple[str, int], dict[int, Median]]:
    found = {}
    for measure, which in rows.items():
        for arm in range(len(cohort.arms)):
            at = which & (cohort.arm == arm)
            z = cohort.measures[measure].z[at]
            found[measure, arm] = binned(cohort.subject[at], cohort.day[at], z)
    return found


def draw_z(cohort: Cohort, until: int | None = None) -> style.Chart:
    """Draw z over age for each arm.

    Parameters
    ----------
    cohort : Cohort
        The visits.
    until : int, optional
        The age around which the last visits are [month].
    """
    found = shown(cohort, until)
    measures = measured(cohort)
    width = panel_width(len(cohort.arms))
    scale = _Scale(cohort, found)
    figures = {
        key: _figures(medians, scale, width)
        for key, medians in found.medians.items()
        if key[0] in measures
    }
    strip = strip_of(figures.values(), width)
    head = Head(
        f"Z-scores over age · {count(len(cohort.subjects), 'subject')}",
        found.used.labels,
        (
            found.used.ages,
            "Thin, or a dot where seen once: each subject. Bold: median; shaded: quartiles.",
        ),
    )
    notes = [*_notes(cohort, found, scale), *caption(found.used)]
    least = ROOM.least + strip.height
    with style.style():
        titles = {measure: f"{TITLES[measure]} z" for measure in measures}
        page = Facets(cohort, titles, head, notes, ROOM._replace(least=least))
        low, high = _limits(cohort, found)
        base = low - (high - low) * strip.height / (page.tall - strip.height)
        ages = [_used_in(cohort, found, arm) for arm in range(len(cohort.arms))]
        for panel in page.panels():
            ax = panel.ax
            corrected = "corrected" in ages[panel.arm].axis
            scale.apply(ax, page.panel, named=panel.lowest, before_term=corrected)
            ax.set_ylim(base, high)
            per_z = (page.tall - strip.height) / (high - low)
            _z_frame(panel.ax, low, scale.kink, 1 if per_z > CLOSE else 2)
            page.ylabel(panel, "z")
            _subjects(cohort, found.drawn[panel.measure], panel)
            _summary(found.medians[panel.measure, panel.arm], panel)
            strip.draw(ax, figures[panel.measure, panel.arm], (page.panel, page.tall))
            if not (found.drawn[panel.measure] & (cohort.arm == panel.arm)).any():
                style.corner(ax, why_no_z(cohort, panel.measure, panel.arm), width=page.panel)
            if panel.measure == measures[-1] and panel.lowest:
                title = _age_title(ages[panel.arm], page.panel)
                ax.set_xlabel(title, weight="bold", labelpad=1.5)
        page.paragraph(LEFT, page.below + ROOM.under + ROOM.last, page.notes)
    title = f"Z-scores over {found.used.age.lower()} by arm"
    return style.Chart(page.figure, title, " ".join([*page.about, *page.notes]))


def _used_in(cohort: Cohort, found: Shown, arm: int) -> Used:
    """What the drawn rows of an arm were scored by."""
    return used_by(cohort.rows, found.any & (cohort.arm == arm), cohort.scoring)


def _age_title(used: Used, width: float) -> str:
    """The title of the axis of age of one arm, in short where its panel is narrow."""
    return f"{used.age} (months)" if width > WIDE else f"{used.age.removesuffix(' age')} (months)"


def _notes(cohort: Cohort, found: Shown, scale: _Scale) -> list[str]:
    spans = {span for medians in found.medians.values() for span in medians}
    birth = {"Corrected age": "term", "Chronological age": "birth"}.get(
        found.used.age, "term or birth"
    )
    notes = []
    if spans:
        notes.append(
            f"Median and quartiles: of the visits {spans_text(spans, birth)}, where at least"
            f" {FEWEST} subjects that are a quarter of the arm, or {ENOUGH}, have one; each counts"
            " once. Small figures: how many subjects."
        )
    elif found.any.any():
        notes.append(f"There is no median: it needs {FEWEST} subjects at one age.")
    if len(found.used.axis) > 1:
        notes[:0] = ["The axis is of corrected age where age is corrected, else of chronological."]
    if scale.kink is not None:
        notes.append("The axis of age is stretched before the hand-over (dashed).")
    if found.later:
        notes.append(
            f"{count(found.later, 'visit')} with a z not drawn: after the end of the axis."
        )
    return [*notes, *left_out(cohort)]


def _limits(cohort: Cohort, found: Shown) -> tuple[float, float]:
    """From -4 to 3, and further where the z-scores go."""
    low, high = -4.0, 3.0
    for measure, at in found.drawn.items():
        z = cohort.measures[measure].z[at]
        if len(z):
            low, high = min(low, np.floor(z.min())), max(high, np.ceil(z.max()))
    return low, high


class _Scale:
    """The axis of age: it holds what is drawn, and is stretched before the hand-over."""

    def __init__(self, cohort: Cohort, found: Shown) -> None:
        days = cohort.day[found.any]
        days = days if len(days) else np.array([0])
        self.first = float(min(days.min(), 0))
        self.last = float(max(days.max(), 30) + 14)
        kink = float(cohort.scoring.policy.handover_day - TERM)
        early = found.used.changes_chart and self.first < 0
        self.kink = kink if early and kink + 60 < self.last else None
        self.first -= 7

    def _knots(self) -> tuple[list[float], list[float]]:
        """Days and their places along the axis, from 0 to 1; between them it is even."""
        first, last = self.first, self.last
        if self.kink is None:
            return [first, last], [0.0, 1.0]
        kink, far = self.kink, 1e4
        knots = [first - far, first, kink, last, last + far]
        return knots, [-far * 0.4 / (kink - first), 0.0, 0.4, 1.0, 1 + far * 0.6 / (last - kink)]

    def along(self, day: float) -> float:
        """How far along the axis a day is, from 0 to 1."""
        return float(np.interp(day, *self._knots()))

    def apply(self, ax: Axes, width: float, *, named: bool, before_term: bool) -> None:
        """Scale and ticks of an axis; only the lowest has the months.

        Months before 0 are there where age is corrected: no chronological age is negative.
        """
        if self.kink is not None:
            knots, places = self._knots()
            ax.set_xscale(
                "function",
                functions=(
                    lambda day: np.interp(day, knots, places),
                    lambda place: np.interp(place, places, knots),
                ),
            )
        ax.set_xlim(self.first, self.last)
        ax.minorticks_off()
        taken: list[float] = []
        shown = []
        for month in (*MONTHS, *LATER):
            at = self.along(month * MONTH) * width
            inside = (self.first if before_term else 0) <= month * MONTH <= self.last
            if inside and all(abs(at - other) >= 4.6 for other in taken):
                shown.append(month)
                taken.append(at)
        ax.set_xticks([m * MONTH for m in shown], [number(m, 0) if named else "" for m in shown])


def _figures(medians: dict[int, Median], scale: _Scale, width: float) -> list[Figure]:
    """How many subjects each median is of, from left to right."""
    return [Figure(scale.along(day) * width, f"{n:,}") for day, n, _ in medians.values()]


def _z_frame(ax: Axes, low: float, kink: float | None, step: int) -> None:
    """The lines of z above the strip of figures, with a tick at each step, and the hand-over."""
    high = ax.get_ylim()[1]
    ticks = [z for z in range(-12, 13) if low <= z <= high and z % step == 0]
    ax.set_yticks(ticks, [number(z, 0) for z in ticks])
    ax.tick_params(pad=2)
    ax.grid(axis="x", color=style.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    for z in (-3, -2, 0, 2, 3):  # which are always within the limits
        line = ax.axhline(z, color=style.LINE, linewidth=0.8 if z else 1.2, zorder=1)
        if z:
            line.set_dashes((5, 2) if abs(z) == 2 else (1.2, 1.2))
    if kink is not None:
        ends = [low, high]  # not through the figures, beside which it would be read as a 1
        ax.plot([kink, kink], ends, color=style.INK, linewidth=1.0, dashes=(5, 2), zorder=1)


def _subjects(cohort: Cohort, drawn: Bools, panel: Panel) -> None:
    """Every subject as a thin line."""
    from matplotlib.collections import LineCollection

    measure, arm, ax, _ = panel
    measured = cohort.measures[measure]
    at = np.flatnonzero(drawn & (cohort.arm == arm))
    if not len(at):
        return
    points = np.column_stack([cohort.day[at].astype(np.float64), measured.z[at]])
    cuts = np.flatnonzero(np.diff(cohort.subject[at])) + 1
    lines = np.split(points, cuts)
    opacity = float(np.clip(2.2 / np.sqrt(len(lines)), 0.04, 0.6))
    thin = LineCollection(
        lines, colors=style.BLUE, linewidths=0.8 if len(lines) < 200 else 0.5, alpha=opacity,
        zorder=2,
    )  # fmt: skip
    thin.set_gid(f"subjects-{measure}-{arm}")
    thin.set_rasterized(len(cohort.day) > MANY)
    ax.add_collection(thin, autolim=False)
    once = np.array([line[0] for line in lines if len(line) == 1])
    if len(once):
        (dots,) = ax.plot(
            *once.T, marker="o", markersize=4.0 if len(lines) < 200 else 2.4, markeredgewidth=0,
            linestyle="none", color=style.BLUE, alpha=max(opacity, 0.3), zorder=2,
        )  # fmt: skip
        dots.set_gid(f"once-{measure}-{arm}")
        dots.set_rasterized(len(cohort.day) > MANY)


def _summary(medians: dict[int, Median], panel: Panel) -> None:
    """Median and quartiles."""
    from matplotlib import patheffects

    measure, arm, ax, _ = panel
    if not medians:
        return
    days = np.array([day for day, _, _ in medians.values()])
    quartiles = np.array([q for _, _, q in medians.values()])
    ax.fill_between(
        days, quartiles[:, 0], quartiles[:, 2], color="#9a9a9a", alpha=0.45, linewidth=0, zorder=3
    )
    (line,) = ax.plot(
        days, quartiles[:, 1], color=style.INK, linewidth=2.2, zorder=5,
        path_effects=[patheffects.withStroke(linewidth=4.2, foreground="white")],
    )  # fmt: skip
    line.set_gid(f"median-{measure}-{arm}")
    ax.plot(
        days, quartiles[:, 1], color=style.INK, linestyle="none", marker="o", markersize=4.5,
        zorder=6,
    )  # fmt: skip
    for side in (0, 2):
        ax.plot(days, quartiles[:, side], color=style.INK, linewidth=0.9, zorder=4)
