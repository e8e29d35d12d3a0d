"""The velocity chart of one infant: z over time, and increments on the WHO's bands.

Where no reference exists, before 40 weeks and after 24 months, the zone is left empty.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.chart import style
from neocalc.chart.ages import Column, age_ticks, span_of
from neocalc.chart.events import Events, draw_lines, event_notes
from neocalc.chart.increments import Chain, Increment, chain_of
from neocalc.chart.infants import RIGHT, foot_of, who
from neocalc.chart.layout import crowded, levels, round_step, text_spans
from neocalc.chart.panel import second_axis
from neocalc.chart.reasons import NEVER, reasons, why_not
from neocalc.chart.text import count, number, z_text
from neocalc.chart.used import caption, used_on
from neocalc.chart.visits import Infant, Segment
from neocalc.reading.dates import NOT_STATED
from neocalc.references.catalogue import reference as find_reference
from neocalc.text import NAMES, TITLES, counted, plain
from neocalc.velocity.increment_tables import LAST_DAY, WHO_2009
from neocalc.velocity.scored import SHOWN_UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS: Final[dict[str, dict[str, Any]]] = {
    "weight": {"marker": "o", "color": style.DATA, "markersize": 4.6},
    "length": {"marker": "s", "color": style.VERMILION, "markersize": 4.2, "dashes": (5, 2)},
    "head_circumference": {
        "marker": "^", "color": style.GREEN, "markersize": 5.2, "dashes": (1.5, 1.2),
    },
}  # fmt: skip
"""Marks of the measures where they share a panel: told apart by shape and dashes too."""
BARS: Final = (
    "Bars: growth since the visit before at which it was measured, per month of 30.4375 days, on"
    " the WHO's median, ±1 and ±2 SD for that age and interval; the figure is its z. There is one"
    " where the WHO's tables reach: 1 to 6 months, length and head circumference from 2 months;"
    " between two of their intervals it is interpolated, and just beyond them scaled."
)
STEPS: Final = (
    "Dotted: where the WHO has no increments over an interval, the standardised change, which is"
    " the change in z by how unusual it is between these two ages [SD]."
)
MARKS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "who-2009": ("at a WHO interval", {}),
    "who-2009-interpolated": ("between two WHO intervals", {"markerfacecolor": "white"}),
    "who-2009-scaled": ("scaled to a WHO interval", {"fillstyle": "left"}),
}
"""What is said of each method of a velocity z-score, and how its mark differs."""
STEP: Final[dict[str, Any]] = {"markerfacecolor": "#cacaca", "linestyle": ":"}
"""How the mark and the line of a standardised change differ."""
LEFT: Final = 23.0
"""Beside the panels, for titles of two rows [mm]."""
PANEL: Final = style.A4[0] - LEFT - RIGHT
"""Width of the panels [mm]."""
TOP: Final = 31.0
GAP: Final = 5.5


def draw(infant: Infant, *, until: int | None = None, events: Events | None = None) -> style.Chart:
    """Draw an infant's velocity chart.

    Parameters
    ----------
    infant : Infant
        The visits.
    until : int, optional
        Corrected age at the end [month]; by default what the visits need.
    events : Events, optional
        What else is marked; by default the day of administration.
    """
    events = Events(infant.administered) if events is None else events
    span = span_of(infant, until, events.days)
    column = Column(0.0, float(span.end), False)
    chains = {measure: chain_of(infant, measure) for measure in infant.series}
    segments = {measure: infant.segments(measure, span.end) for measure in infant.series}
    used = used_on(infant, _placed(infant, segments, span.end))
    compared = any(chain.increments for chain in chains.values())
    label = find_reference(WHO_2009).chart_label if compared else "No velocity z-score"
    with style.style():
        page, key = style.Page(), style.Key(4)
        width = PANEL
        page.heading(LEFT, 12, f"{who(infant)}: growth velocity", style.TITLE, width)
        page.heading(LEFT, 19, used.labels, style.HEADING, width)
        page.heading(LEFT, 24.5, label, style.HEADING, width)
        text = [*event_notes(infant, events), *_notes(infant, chains)]
        text += caption(used, [WHO_2009] if compared else [])
        rows = style.wrapped(text, width)
        foot = page.height - 8 - len(rows) * style.ROW - 5 * style.ROW
        panels = 2 + len(chains)
        height = min((foot - TOP - foot_of(infant) - GAP * (panels - 1)) / panels, 45.0)
        top = TOP
        for i in range(panels):
            ax = page.axes(LEFT, top, width, height)
            ax.set_xlim(column.first, column.last)
            if i == 0:
                _attained(ax, infant, segments, key, hand_over=used.changes_chart)
            elif i == 1:
                _velocities(ax, infant, chains, key)
            else:
                measure = list(chains)[i - 2]
                _increments(ax, infant, measure, chains[measure], key)
            if i:
                _empty_zones(ax, infant, column, key)
            draw_lines(ax, column, events, key)
            ticks = age_ticks(infant, column)
            lowest = i == panels - 1
            texts = [text if lowest else "" for _, text in ticks.main]
            ax.set_xticks([day for day, _ in ticks.main], texts)
            ax.grid(color=style.FAINT, linewidth=0.5)
            ax.set_axisbelow(True)
            ax.tick_params(pad=2)
            if lowest:
                second_axis(ax, ticks, height)
            top += height + GAP
        below = key.draw(page, LEFT - 2, top - GAP + foot_of(infant))
        page.paragraph(LEFT, below + style.ROW, rows)
    return style.Chart(page.figure, f"Growth velocity: {who(infant)}", " ".join(rows))


def _placed(infant: Infant, segments: dict[str, list[Segment]], end: int) -> list[Segment]:
    """The references on which a z of the chart stands."""
    found = []
    for measure, spans in segments.items():
        days = infant.days[(infant.series[measure].status == 0) & (infant.days <= end)]
        found += [s for s in spans if ((days >= s.first) & (days <= s.last)).any()]
    return sorted(found, key=lambda segment: segment.first)


def why_none(infant: Infant, measure: str, chain: Chain) -> str:
    """Why a measure has no increment.

    Parameters
    ----------
    infant : Infant
        The visits.
    measure : str
        The measure.
    chain : Chain
        Its increments, of which there are none.
    """
    series = infant.series[measure]
    values = int((~np.isnan(series.value)).sum())
    if values < 2:
        found = reasons(Counter(series.words))
        if values:
            return "measured once"
        return counted(found) if found else plain(NEVER)
    return counted(chain.without) or "no z-score"


def _notes(infant: Infant, chains: dict[str, Chain]) -> list[str]:
    """How the increments were chosen, and what has none."""
    notes = []
    if any(chain.increments for chain in chains.values()):
        notes.append(BARS)
    if any(chain.beside for chain in chains.values()):
        notes.append(STEPS)
    implausible = sum(s.words.count("implausible") for s in infant.series.values())
    if implausible:
        notes.append(f"{count(implausible, 'implausible z-score')} not drawn.")
    parts = []
    for measure, chain in chains.items():
        words = {word: n for word, n in chain.without.items() if word != "start_below_term"}
        if words:
            parts.append(f"{NAMES[measure]}: {counted(words)}")
    if parts:
        notes.append(f"Visits without a velocity z-score: {'; '.join(parts)}.")
    return notes


def _attained(
    ax: Axes,
    infant: Infant,
    segments: dict[str, list[Segment]],
    key: style.Key,
    *,
    hand_over: bool,
) -> None:
    """Z of attained size over time; where there is no reference, nothing."""
    low, high = _z_scale([s.z[s.status == 0] for s in infant.series.values()])
    _z_lines(ax, low, high, "Attained z-score")
    if not any((series.status == 0).any() for series in infant.series.values()):
        why = (f"{NAMES[m]}: {why_not(Counter(s.words))}" for m, s in infant.series.items())
        style.corner(ax, "; ".join(why), width=PANEL)
    for measure, series in infant.series.items():
        good = np.array([word == "ok" for word in series.words], dtype=bool)
        look = LOOKS[measure] | {"linewidth": 1.2}
        days, z = infant.days[good], series.z[good]
        (line,) = ax.plot(days, z, zorder=5, **look | {"marker": ""})
        line.set_gid(f"z-{measure}")
        here = days <= ax.get_xlim()[1]
        small = {"markersize": 2.0} if crowded(days[here], np.ptp(ax.get_xlim()) / PANEL) else {}
        marks = look | {"linestyle": "none"} | small
        ax.plot(days[here], z[here], zorder=6, clip_on=False, **marks)
        key.add(NAMES[measure], **look)
    every = [s for found in segments.values() for s in found]
    first = min((s.first for s in every), default=0)
    if first > 1:
        _hatch(ax, 0, first, "no reference", key)
    ends = [s.last for s in every if s.basis == "postmenstrual"]
    if ends and hand_over:
        ax.axvline(max(ends) + 0.5, color=style.INK, linewidth=1.0, dashes=(5, 2), zorder=2)
        key.add("hand-over of the reference", color=style.INK, linewidth=1.0, dashes=(5, 2))


def _velocities(ax: Axes, infant: Infant, chains: dict[str, Chain], key: style.Key) -> None:
    """Velocity z, each over its interval; where there is none, the standardised change."""
    every = [np.array([i.z for i in c.increments]) for c in chains.values()]
    every += [np.array([s.standardised for s in c.beside]) for c in chains.values()]
    low, high = _z_scale(every)
    _z_lines(ax, low, high, "Velocity z-score")
    for measure, chain in chains.items():
        look = dict(LOOKS[measure])
        middles, values = [], []
        for before, increment in zip([None, *chain.increments], chain.increments, strict=False):
            ends = [increment.first, increment.last]
            ax.plot(ends, [increment.z] * 2, color=look["color"], linewidth=1.6, zorder=4)
            if before is not None and before.last != increment.first:  # not joined over a gap
                middles.append(np.nan)
                values.append(np.nan)
            middles.append(sum(ends) / 2)
            values.append(increment.z)
        (line,) = ax.plot(middles, values, linewidth=0.7, zorder=5, **look | {"marker": ""})
        line.set_gid(f"velocity-{measure}")
        marks = look | {"linestyle": "none"}
        marks.pop("dashes", None)
        for method, (words, own) in MARKS.items():
            found = [i for i in chain.increments if i.method == method]
            if found:
                at = [(i.first + i.last) / 2 for i in found], [i.z for i in found]
                (line,) = ax.plot(*at, zorder=6, **marks | own)
                line.set_gid(f"velocity-{measure}-{method}")
                key.add(words, color=style.INK, marker="o", linestyle="none", markersize=4.6, **own)
        for i, step in enumerate(chain.beside):
            days = np.linspace(step.first, step.last, 3)
            dotted = marks | STEP | {"linewidth": 1.3, "markevery": [1]}
            (line,) = ax.plot(days, [step.standardised] * 3, zorder=4, **dotted)
            line.set_gid(f"standardised-{measure}-{i}")
            key.add("standardised change", color=style.INK, marker="o", markersize=4.6, **STEP)
    if not any(chain.increments or chain.beside for chain in chains.values()):
        why = (f"{NAMES[m]}: {why_none(infant, m, chain)}" for m, chain in chains.items())
        style.corner(ax, f"no velocity z-score: {'; '.join(why)}", width=PANEL)


def _increments(ax: Axes, infant: Infant, measure: str, chain: Chain, key: style.Key) -> None:
    """Rates of growth, each on the band of its age and interval."""
    unit = SHOWN_UNITS[measure]
    ax.set_ylabel(f"{TITLES[measure].split(' or ')[0]}\n({unit} per month)", labelpad=2)
    if not chain.increments:
        ax.set_yticks([])
        style.corner(ax, f"no velocity z-score: {why_none(infant, measure, chain)}", width=PANEL)
        return
    low, high = 0.0, 0.0
    for i, increment in enumerate(chain.increments):
        band = np.where(np.isnan(increment.band), 0.0, increment.band)
        span = [increment.first, increment.last]
        for outer, shade in ((0, "#e6e6e6"), (1, "#cacaca")):
            ax.fill_between(span, band[outer], band[-1 - outer], color=shade, linewidth=0, zorder=2)
        ax.plot(span, [band[2]] * 2, color=style.LINE, linewidth=1.0, zorder=3)
        (bar,) = ax.plot(
            span, [increment.rate] * 2, color=style.DATA, linewidth=2.6, zorder=5,
            solid_capstyle="butt", marker="|", markersize=6, markeredgewidth=1.4,
        )  # fmt: skip
        bar.set_gid(f"increment-{measure}-{i}")
        low, high = min(low, band[0], increment.rate), max(high, band[-1], increment.rate)
    key.add("growth between two visits", color=style.DATA, linewidth=2.6)
    key.add("WHO median", color=style.LINE, linewidth=1.0)
    look = {"marker": "s", "markersize": 6, "linestyle": "none"}
    key.add("WHO ±1 SD", color="#cacaca", **look)
    key.add("WHO ±2 SD", color="#e6e6e6", **look)
    spans = _figure_spans(ax, chain)
    rows = 1 + max(level for _, level in spans)
    high += (0.04 + 0.13 * min(rows, MOST_FIGURES)) * (high - low)  # room for the figures
    step = round_step(low, high, 5)
    ticks = np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step
    ax.set_ylim(ticks[0], ticks[-1])
    ax.set_yticks(ticks, [number(t, 1) for t in ticks])
    _figures(ax, chain, spans)


MOST_FIGURES: Final = 2
"""Rows of figures above each other."""


def _figure(increment: Increment) -> str:
    return f"z {z_text(increment.z)}"


def _figure_spans(ax: Axes, chain: Chain) -> list[tuple[tuple[float, float], int]]:
    """Where the z of each increment lies, and in which row above its bar."""
    first, last = ax.get_xlim()
    unit = (last - first) / PANEL
    middles = [(i.first + i.last) / 2 for i in chain.increments]
    spans = text_spans(middles, [_figure(i) for i in chain.increments], first, last, unit)
    return list(zip(spans, levels(spans, unit), strict=True))


def _figures(ax: Axes, chain: Chain, spans: list[tuple[tuple[float, float], int]]) -> None:
    """The z of each increment above its bar, where there is room."""
    top = max(max(i.rate, float(np.nanmax(i.band))) for i in chain.increments)
    for at, (span, level) in zip(chain.increments, spans, strict=True):
        if level < MOST_FIGURES:
            own = float(np.nanmax([at.rate, *at.band]))
            ax.annotate(
                _figure(at), (sum(span) / 2, top if level else own),
                xytext=(0, 1.5 + level * style.SMALL * 1.3), textcoords="offset points",
                ha="center", va="bottom", fontsize=style.SMALL, zorder=6,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip


def _z_scale(every: list[Any]) -> tuple[float, float]:
    """From -3 to 3, and further where the z-scores go."""
    values = np.concatenate([np.ravel(z) for z in every]) if every else np.zeros(0)
    values = values[~np.isnan(values)]
    low = min(-3.0, float(np.floor(values.min(initial=0))))
    return low, max(3.0, float(np.ceil(values.max(initial=0))))


def _z_lines(ax: Axes, low: float, high: float, title: str) -> None:
    ax.set_ylim(low, high)
    step = round_step(low, high, 8)
    ticks = [t for t in np.arange(-40, 41) * step if low <= t <= high]
    ax.set_yticks(ticks, [number(t, 1) for t in ticks])
    ax.set_ylabel(title, labelpad=2)
    ax.axhline(0, color=style.LINE, linewidth=1.2, zorder=1)
    for z in (-2, 2):
        ax.axhline(z, color=style.LINE, linewidth=0.8, dashes=(5, 2), zorder=1)


def _empty_zones(ax: Axes, infant: Infant, column: Column, key: style.Key) -> None:
    """Before 40 weeks and after 24 months there is no reference of velocity."""
    if infant.to_term > 0:
        _hatch(ax, 0, infant.to_term, "no WHO\nvelocity\nbefore\n40 weeks", key)
    end = LAST_DAY + infant.to_term
    if infant.gestation == NOT_STATED or infant.to_term == 0:
        end = LAST_DAY
    if column.last > end + SHORTEST_ZONE:
        _hatch(ax, end, column.last, "no WHO\nvelocity\nafter\n24 months", key)


SHORTEST_ZONE: Final = 10


def _hatch(ax: Axes, first: float, last: float, text: str, key: style.Key) -> None:
    """An empty zone: hatched, and named in it where there is room, else in the key."""
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": "#b5b5b5", "hatch": "////"}
    ax.axvspan(first, last, zorder=1.2, **look)
    left, right = ax.get_xlim()
    room = (last - first) / (right - left) * PANEL
    longest = max(map(len, text.split("\n")))
    if room > 0.62 * style.SMALL * style.POINT * longest:
        ax.text(
            (first + last) / 2, 0.5, text, transform=ax.get_xaxis_transform(), ha="center",
            va="center", fontsize=style.SMALL, zorder=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
    else:
        key.add(text.replace("\n", " "), **look)
