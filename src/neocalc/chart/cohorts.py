"""A cohort's z-scores over age, arm beside arm: every subject thin, median and quartiles bold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from neocalc.age import MONTH, TERM
from neocalc.chart import style
from neocalc.chart.layout import levels, text_spans
from neocalc.chart.panel import TITLES
from neocalc.chart.subjects import Cohort
from neocalc.chart.text import caption, count, number
from neocalc.cohort import Scoring
from neocalc.errors import CODE
from neocalc.policy import DEFAULT, weeks_and_days
from neocalc.references import reference as find_reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.coding import Ints
    from neocalc.units import Floats

LEFT, RIGHT, GAP = 17.0, 12.0, 8.0
TOP: Final = 40.0
"""Of the panels [mm]."""
MANY: Final = 4_000
"""Visits from which the thin lines are drawn as an image: a file of them would be too large."""
FIGURES: Final = 2
"""Rows of the small figures that say of how many subjects a median is."""
FIGURE: Final = 2.9
"""Height of such a row [mm]."""
FEWEST: Final = 3
SHARE: Final = 0.25
ENOUGH: Final = 20
"""A median needs three subjects, and a quarter of those who have a z at all, or twenty: the first
and the last to be seen are not like the others, and the line would follow who they are."""
BIN_EDGES: Final = tuple(
    [-140 + 28 * i for i in range(5)]
    + [round(MONTH * m) for m in (-0.5, 0.75, 2, 4.5, 7.5, 10.5, 15, 21, 27, 33, 39, 51, 61)]
)
"""Ages between which visits are taken together, around those of a trial's schedule [day]."""
MONTHS: Final = (0, 24, 12, 6, -2, 36, 18, 3, 48, 60, 30, -3, -1, 9, 1, 2, -4)
"""Ticks of the axis of age, those first that must not be missing [month]."""


def panel_width(cohort: Cohort) -> float:
    """Width of the panel of an arm [mm]."""
    arms = len(cohort.arms)
    return (style.A4[0] - LEFT - RIGHT - GAP * (arms - 1)) / arms


class Page(style.Page):
    """A page with a column of panels for each arm."""

    def __init__(self, cohort: Cohort, title: str, about: str) -> None:
        super().__init__()
        self.cohort = cohort
        self.room = self.width - LEFT - RIGHT
        self.panel = panel_width(cohort)
        self.heading(LEFT, 12, title, style.TITLE, self.room)
        self.heading(LEFT, 18.5, ", ".join(_labels(cohort)), style.HEADING, self.room)
        self.text(LEFT, 24, about, style.SMALL)
        for arm, name in enumerate(cohort.arms):
            n = count(cohort.arm_subjects(arm), "subject")
            self.heading(
                self.left(arm), 31, style.drawable(name) or "all", style.HEADING, self.panel
            )
            self.text(self.left(arm), 35.5, n, style.SMALL)

    def left(self, arm: int) -> float:
        """Left edge of an arm's column [mm]."""
        return LEFT + arm * (self.panel + GAP)


def draw_z(cohort: Cohort) -> style.Chart:
    """Draw z over age for each arm."""
    measures = list(cohort.measures)
    with style.style():
        page = Page(
            cohort,
            f"Z-scores over age · {count(len(cohort.subjects), 'subject')}",
            "Thin, or a dot where seen once: each subject. Bold: median; shaded: quartiles.",
        )
        rows = style.wrapped([*_notes(cohort), *footnotes(cohort.scoring)], page.room)
        foot = page.height - 8 - len(rows) * style.ROW
        low, high = _limits(cohort)
        top, height = TOP, min((foot - TOP - 16) / len(measures) - 9, 75.0)
        strip = FIGURES * FIGURE + 1.0
        base = low - (high - low) * strip / (height - strip)
        scale = _Scale(cohort)
        for measure in measures:
            for arm in range(len(cohort.arms)):
                ax = page.axes(page.left(arm), top, page.panel, height)
                scale.apply(ax, page.panel)
                ax.set_ylim(base, high)
                _z_frame(ax, measure, low, policy_day=scale.kink, first=arm == 0)
                _subjects(ax, cohort, measure, arm)
                _summary(ax, cohort, measure, arm, (page.panel, height))
                if measure == measures[-1]:
                    ax.set_xlabel("Corrected age (months)", weight="bold", labelpad=1.5)
            top += height + 9
        page.paragraph(LEFT, top + 4, rows)
    return style.Chart(page.figure, "Z-scores over corrected age by arm", " ".join(rows))


def _labels(cohort: Cohort) -> list[str]:
    """The labels of the references, and where one hands over to the other."""
    policy, name = cohort.scoring.policy, cohort.scoring.reference
    if name != DEFAULT:
        return [find_reference(name).chart_label]
    return [
        f"{find_reference(policy.preterm_reference).chart_label} to"
        f" {weeks_and_days(policy.handover_day)}",
        f"then {find_reference(policy.term_reference).chart_label}",
    ]


def footnotes(scoring: Scoring) -> list[str]:
    """What a cohort's chart was drawn from."""
    policy, name = scoring.policy, scoring.reference
    used = [name] if name != DEFAULT else [policy.preterm_reference, policy.term_reference]
    return caption(policy, name, used)


def _notes(cohort: Cohort) -> list[str]:
    notes = [
        "Median and quartiles: of the visits around birth, term and 1, 3, 6, 9, 12, 18, 24, 30 and"
        f" 36 months, where at least {FEWEST} subjects that are a quarter of the arm, or {ENOUGH},"
        " have one; each counts once. Small figures: how many subjects. Age is corrected where the"
        " policy corrects it, else chronological."
    ]
    if cohort.scoring.reference == DEFAULT:
        notes[0] += " The axis of age is stretched before the hand-over (dashed)."
    flagged = sum(int((m.status == CODE["implausible"]).sum()) for m in cohort.measures.values())
    if flagged:
        notes.append(f"{count(flagged, 'implausible z-score')} left out.")
    if cohort.left_out:
        notes.append(f"{count(cohort.left_out, 'row')} left out: no usable age or no subject.")
    if cohort.conflicting:
        notes.append(
            f"{count(cohort.conflicting, 'row')} left out: two rows of the subject state different"
            " facts."
        )
    return notes


def _limits(cohort: Cohort) -> tuple[float, float]:
    """From -4 to 3, and further where the z-scores go."""
    low, high = -4.0, 3.0
    for measured in cohort.measures.values():
        z = measured.z[measured.status == 0]
        if len(z):
            low, high = min(low, np.floor(z.min())), max(high, np.ceil(z.max()))
    return low, high


class _Scale:
    """The axis of age: stretched before the hand-over."""

    def __init__(self, cohort: Cohort) -> None:
        days = cohort.day if len(cohort.day) else np.array([0])
        self.first = float(min(days.min(), 0))
        self.last = float(max(days.max(), 30) + 14)
        auto = cohort.scoring.reference == DEFAULT
        kink = float(cohort.scoring.policy.handover_day - TERM)
        self.kink = kink if auto and self.first < 0 and kink + 60 < self.last else None
        self.first -= 7

    def apply(self, ax: Axes, width: float) -> None:
        """Scale and ticks of an axis."""
        if self.kink is not None:
            first, kink, last = self.first, self.kink, self.last
            knots = [first - 1e4, first, kink, last, last + 1e4]
            places = [-(1e4) * 0.4 / (kink - first), 0.0, 0.4, 1.0, 1 + 1e4 * 0.6 / (last - kink)]
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
        for month in MONTHS:
            at = along(ax, month * MONTH) * width
            if 0 <= at <= width and all(abs(at - other) >= 4.6 for other in taken):
                shown.append(month)
                taken.append(at)
        ax.set_xticks([m * MONTH for m in shown], [number(m, 0) for m in shown])


def along(ax: Axes, day: float) -> float:
    """How far along an axis a day is, from 0 to 1."""
    places = ax.transScale.transform([(x, 0) for x in (*ax.get_xlim(), day)])[:, 0]
    return float((places[2] - places[0]) / (places[1] - places[0]))


def _z_frame(ax: Axes, measure: str, low: float, *, policy_day: float | None, first: bool) -> None:
    """The lines of z above the strip of figures, and the hand-over."""
    high = ax.get_ylim()[1]
    step = 1 if high - low < 9 else 2
    ticks = [z for z in range(-12, 13) if low <= z <= high and z % step == 0]
    ax.set_yticks(ticks, [number(z, 0) for z in ticks])
    ax.tick_params(pad=2)
    ax.grid(axis="x", color=style.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    for z in (-3, -2, 0, 2, 3):  # which are always within the limits
        line = ax.axhline(z, color=style.LINE, linewidth=0.8 if z else 1.2, zorder=1)
        if z:
            line.set_dashes((5, 2) if abs(z) == 2 else (1.2, 1.2))
    if policy_day is not None:
        ax.axvline(policy_day, color=style.INK, linewidth=1.0, dashes=(5, 2), zorder=1)
    if first:
        ax.set_ylabel(f"{TITLES[measure]} z-score", labelpad=2)


def _subjects(ax: Axes, cohort: Cohort, measure: str, arm: int) -> None:
    """Every subject as a thin line."""
    from matplotlib.collections import LineCollection

    measured = cohort.measures[measure]
    at = np.flatnonzero((measured.status == 0) & (cohort.arm == arm))
    if not len(at):
        return
    points = np.column_stack([cohort.day[at].astype(np.float64), measured.z[at]])
    cuts = np.flatnonzero(np.diff(cohort.subject[at])) + 1
    lines = np.split(points, cuts)
    opacity = float(np.clip(2.2 / np.sqrt(len(lines)), 0.04, 0.6))
    drawn = LineCollection(
        lines, colors=style.BLUE, linewidths=0.8 if len(lines) < 200 else 0.5, alpha=opacity,
        zorder=2,
    )  # fmt: skip
    drawn.set_gid(f"subjects-{measure}-{arm}")
    drawn.set_rasterized(len(cohort.day) > MANY)
    ax.add_collection(drawn, autolim=False)
    once = np.array([line[0] for line in lines if len(line) == 1])
    if len(once):
        (dots,) = ax.plot(
            *once.T, marker="o", markersize=4.0 if len(lines) < 200 else 2.4, markeredgewidth=0,
            linestyle="none", color=style.BLUE, alpha=max(opacity, 0.3), zorder=2,
        )  # fmt: skip
        dots.set_gid(f"once-{measure}-{arm}")
        dots.set_rasterized(len(cohort.day) > MANY)


def binned(
    subject: Ints, day: Ints, z: Floats, edges: tuple[int, ...] = BIN_EDGES
) -> list[tuple[float, int, Floats]]:
    """For each span of age: mean age [day], subjects, and quartiles of z.

    A subject with several visits in a span counts once, with the mean of them. Spans of too few
    subjects are left out.
    """
    found = []
    fewest = max(FEWEST, min(SHARE * len(np.unique(subject)), ENOUGH))
    which = np.digitize(day, edges)
    for span in np.unique(which):
        at = which == span
        ids, inverse, visits = np.unique(subject[at], return_inverse=True, return_counts=True)
        if len(ids) >= fewest:
            means = np.bincount(inverse, weights=z[at]) / visits
            quartiles = np.percentile(means, (25, 50, 75))
            found.append((float(day[at].mean()), len(ids), quartiles))
    return found


def _summary(ax: Axes, cohort: Cohort, measure: str, arm: int, size: tuple[float, float]) -> None:
    """Median and quartiles, and how many subjects they are of."""
    from matplotlib import patheffects

    measured = cohort.measures[measure]
    at = (measured.status == 0) & (cohort.arm == arm)
    spans = binned(cohort.subject[at], cohort.day[at], measured.z[at])
    if not spans:
        return
    days = np.array([day for day, _, _ in spans])
    quartiles = np.array([q for _, _, q in spans])
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
    _figures(ax, days, [f"{n:,}" for _, n, _ in spans], size)


def _figures(ax: Axes, days: Floats, texts: list[str], size: tuple[float, float]) -> None:
    """How many subjects a median is of, in rows; the last visit comes first where room is short."""
    width, height = size
    middles = [along(ax, day) * width for day in days]
    spans = text_spans(middles, texts, 0.4, width - 0.4, 1.0)
    mirrored = sorted((-end, -start, text) for (start, end), text in zip(spans, texts, strict=True))
    rows = levels([(start, end) for start, end, _ in mirrored], 0.8)
    for (start, end, text), row in zip(mirrored, rows, strict=True):
        if row < FIGURES:
            ax.text(
                -(start + end) / 2 / width, (0.6 + FIGURE * row) / height, text, zorder=6,
                ha="center", va="bottom", fontsize=style.SMALL, transform=ax.transAxes,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip
