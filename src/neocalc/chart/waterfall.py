"""A cohort's changes in z as waterfalls, and the statuses of its rows as counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc import velocity
from neocalc.ages.age import Age
from neocalc.chart import style
from neocalc.chart.ages import until_day
from neocalc.chart.facets import LEFT, Facets, Head, Panel, Room, panel_width
from neocalc.chart.layout import round_step, shortened
from neocalc.chart.medians import span_end
from neocalc.chart.reasons import left_out, measured, tally, why_no_z
from neocalc.chart.subjects import Cohort, administered_before
from neocalc.chart.text import count, fixed, number
from neocalc.chart.used import caption, used_by
from neocalc.cohort.canonical import INDICES
from neocalc.errors import CODE
from neocalc.reading.units import quantity
from neocalc.references.files import MEASURES, SEXES
from neocalc.text import NAMES, TITLES, counted, plain

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from neocalc.reading.units import Floats
    from neocalc.reading.words import Ints

NAME: Final = 2.8
"""Room that the name of a subject needs below its bar [mm]."""
BESIDE: Final = 4
"""With more arms than stand beside each other, there is no room for names."""
APART: Final = 4.0
"""Height of a step of z that has room for its figure [mm]."""
LETTERS: Final = 12
"""Of the name of a subject below its bar."""
THINNEST: Final = 1.0
"""A bar with its hatching [mm]; where there is less room, subjects are the steps of one area."""
CORNER: Final = 10.0
"""Room above the bars for the median and quartiles [mm]."""
BELOW: Final = 6.0
"""Room below the lowest panel for the title of its axis [mm]."""
NAMED: Final = 22.0
"""Room below panels with the names of the subjects [mm]."""
ROOM: Final = Room(under=8.0, between=3.0, last=BELOW + 4, least=26.0, most=80.0)
LABEL: Final = 62.0
"""Room for the words of a status beside its bar [mm]."""
KINDS: Final = ("on one reference", "from one reference to another (hatched)")
"""What a change is, by whether it crosses from one reference to another."""
POSITIONS: Final = (None, "recumbent", "standing")


class Changes(NamedTuple):
    """Change in z of each subject that has one.

    Attributes
    ----------
    subject, arm : numpy.ndarray
        Their numbers.
    change : numpy.ndarray
        Change in z [unitless].
    crossed : numpy.ndarray
        Whether the reference at the end is another one than at the start.
    without : int
        Subjects without two z-scores.
    first, last : numpy.ndarray
        The rows of the cohort that are compared.
    refused, refused_arm : numpy.ndarray
        Status codes of the subjects that have two z-scores and no change between them, as where it
        is beyond what a child can do or the correction of ages ends between the visits; their arms.
    """

    subject: Ints
    arm: Ints
    change: Floats
    crossed: Any
    without: int
    first: Any
    last: Any
    refused: Any
    refused_arm: Any

    def why(self, arm: int | None = None) -> Counter[str]:
        """How many subjects, of an arm or of all, have two z-scores and no change, by status."""
        return tally(self.refused if arm is None else self.refused[self.refused_arm == arm])


def changes_of(cohort: Cohort, measure: str, until: int | None = None) -> Changes:
    """From the last z on or before administration (without its day, the first z) to the last z.

    Parameters
    ----------
    cohort : Cohort
        The visits.
    measure : str
        The measure.
    until : int, optional
        The age around which the last visits are that count [month].
    """
    measured = cohort.measures[measure]
    near = cohort.day < (span_end(until_day(until)) if until is not None else np.inf)
    usable = np.flatnonzero((measured.status == 0) & near)
    subject = cohort.subject[usable]
    ids, starts, visits = np.unique(subject, return_index=True, return_counts=True)
    ends = starts + visits - 1
    first = starts.copy()
    before = administered_before(cohort)
    if before is not None:
        early = before[usable]
        for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
            first[i] = start + max(int(early[start : end + 1].sum()) - 1, 0)
    pairs = first < ends
    one, two = usable[first[pairs]], usable[ends[pairs]]
    every = len(cohort.subjects)
    if not len(one):
        nothing = np.zeros(0, dtype=np.int32)
        no = np.zeros(0, dtype=bool)
        return Changes(nothing, nothing, np.zeros(0), no, every, *[nothing] * 4)
    found = _change(cohort, measure, one, two)
    kept = ~np.isnan(found.change) & (found.status != "implausible")
    crossed = found.status == "reference_changed"
    codes = np.array([CODE[word] for word in found.status], dtype=np.uint8)
    arm = cohort.arm[two]
    return Changes(
        ids[pairs][kept], arm[kept], found.change[kept], crossed[kept], every - len(one),
        one[kept], two[kept], codes[~kept], arm[~kept],
    )  # fmt: skip


def _change(cohort: Cohort, measure: str, one: Any, two: Any) -> velocity.Change:
    """Changes in z between rows of the cohort, by `neocalc.velocity.change`."""
    rows, scoring = cohort.rows, cohort.scoring
    value = rows.measures[measure][0]
    words = np.array(POSITIONS, dtype=object)

    def at(which: Any) -> dict[str, Any]:
        age = Age.from_codes(rows.age.days[which], rows.age.gestation_days[which], None, None)
        known = measure == "length" and rows.position is not None
        position = words[rows.position.codes[which]] if known and rows.position else None
        return {"value": quantity(value[which], MEASURES[measure]), "age": age, "at": position}

    first, second = at(one), at(two)
    return velocity.change(
        measure,
        first=first["value"],
        second=second["value"],
        sex=np.array(SEXES)[rows.sex.codes[two]],
        first_age=first["age"],
        second_age=second["age"],
        first_position=first["at"],
        second_position=second["at"],
        reference=scoring.reference,
        policy=scoring.policy,
    )


def _look(color: str, *, crossed: bool) -> dict[str, Any]:
    """How a change is drawn: hatched where it crosses from one reference to another."""
    face = "white" if crossed else color
    hatch = "////" if crossed else None
    return {"facecolor": face, "edgecolor": color, "linewidth": 0.8, "hatch": hatch}


def draw_waterfall(cohort: Cohort, until: int | None = None) -> style.Chart:
    """Draw the change in z of every subject, from the largest fall to the largest rise.

    Parameters
    ----------
    cohort : Cohort
        The visits.
    until : int, optional
        The age around which the last visits are that count [month].
    """
    measures = measured(cohort)
    found = {measure: changes_of(cohort, measure, until) for measure in measures}
    compared = np.zeros(len(cohort.day), dtype=bool)
    for changes in found.values():
        compared[changes.first] = compared[changes.last] = True
    if not compared.any():  # there are z-scores, and no change between two of them
        compared = cohort.any_z
    used = used_by(cohort.rows, compared, cohort.scoring)
    most = max(map(cohort.arm_subjects, range(len(cohort.arms))))
    width = panel_width(len(cohort.arms))
    bars = most * THINNEST <= width
    named = most * NAME <= width and len(cohort.arms) <= BESIDE
    last = "the last z" if until is None else f"the last z up to the visits around {until} months"
    head = Head(
        f"Change in z · {count(len(cohort.subjects), 'subject')}",
        used.labels,
        (
            used.ages,
            f"Each {'bar' if bars else 'step'} one subject: from {_start(cohort)} to {last}.",
        ),
    )
    every = np.concatenate([changes.change for changes in found.values()])
    high = max(1.0, float(np.ceil(every.max(initial=0) * 2) / 2))
    low = min(-1.0, float(np.floor(every.min(initial=0) * 2) / 2))
    with style.style():
        key = _key(found)
        room = ROOM._replace(last=ROOM.last + key.height)
        if named:
            room = room._replace(under=NAMED, between=NAMED)
        notes = [*_change_notes(found), *left_out(cohort), *caption(used)]
        titles = {measure: f"Change in {NAMES[measure]} z" for measure in measures}
        page = Facets(cohort, titles, head, notes, room)
        for panel in page.panels():
            ax, changes = panel.ax, found[panel.measure]
            ax.set_ylim(low, high + (high - low) * CORNER / (page.tall - CORNER))
            _waterfall(ax, changes, panel.arm, bars=bars)
            if not (changes.arm == panel.arm).any():
                style.corner(ax, _no_change(cohort, changes, panel), width=page.panel)
            if named:
                _names(ax, cohort, changes, panel.arm)
            if panel.measure == measures[-1] and panel.lowest:
                ax.set_xlabel("Subjects, by change in z", fontsize=style.SMALL, labelpad=1.5)
            ax.tick_params(pad=2)
            step = round_step(low, high, (page.tall - CORNER) / APART)
            ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
            ax.set_yticks(ticks, [number(t, 1) for t in ticks])
            page.ylabel(panel, "change in z")
        below = key.draw(page, LEFT - 2, page.below + BELOW + (NAMED if named else 0))
        page.paragraph(LEFT, below + style.ROW, page.notes)
    said = " ".join([*page.about, *page.notes])
    return style.Chart(page.figure, "Change in z of each subject by arm", said)


def _start(cohort: Cohort) -> str:
    if administered_before(cohort) is None:
        return "the first z"
    return "the last z on or before administration (without one, the first)"


def _key(found: Mapping[str, Changes]) -> style.Key:
    """The kinds of changes that there are."""
    key = style.Key()
    crossed = np.concatenate([changes.crossed for changes in found.values()])
    for other in (False, True):
        if (crossed == other).any():
            key.add(KINDS[other], **_look(style.LINE, crossed=other))
    return key


def _no_change(cohort: Cohort, changes: Changes, panel: Panel) -> str:
    """Why an arm has no change: those of two z-scores cannot be used, or there are not two."""
    why = changes.why(panel.arm)
    if why:
        return f"no change: {counted(why)}"
    z = cohort.measures[panel.measure].status[cohort.arm == panel.arm] == 0
    if z.any():
        return "no change: no subject has two z-scores"
    return why_no_z(cohort, panel.measure, panel.arm)


def _change_notes(found: Mapping[str, Changes]) -> list[str]:
    """Who has no change, and whose change contains the step between two charts."""
    parts = []
    for measure, changes in found.items():
        text = f"{NAMES[measure]}: {count(len(changes.change), 'change')}"
        crossed = int(changes.crossed.sum())
        if crossed:
            text += f", {crossed:,} of them from one reference to another"
        if changes.without:
            text += f", {count(changes.without, 'subject')} without two z-scores"
        if len(changes.refused):
            text += f", {count(len(changes.refused), 'change')} left out: {counted(changes.why())}"
        parts.append(text)
    text = "; ".join(parts)
    notes = [f"{text[0].upper()}{text[1:]}."]
    if any(changes.crossed.any() for changes in found.values()):
        notes.append("A change from one reference to another contains the step between the charts.")
    return notes


def _ordered(changes: Changes, arm: int) -> Any:
    """The changes of an arm, from the largest fall to the largest rise."""
    here = np.flatnonzero(changes.arm == arm)
    return here[np.argsort(changes.change[here], kind="stable")]


def _names(ax: Axes, cohort: Cohort, changes: Changes, arm: int) -> None:
    """The names of the subjects below their bars."""
    ids = [cohort.subjects[s] for s in changes.subject[_ordered(changes, arm)]]
    names = [shortened(style.drawable(name), LETTERS) for name in ids]
    ax.set_xticks(range(len(names)), names, rotation=90, fontsize=style.SMALL)


def areas_of(at: Any, change: Floats) -> list[Floats]:
    """Steps from zero to the changes at some places, those beside each other as one outline.

    Parameters
    ----------
    at : numpy.ndarray
        Places, ascending.
    change : numpy.ndarray
        The change at every place.
    """
    found = []
    for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1):
        x = np.repeat(np.append(run, run[-1] + 1) - 0.5, 2)
        y = np.concatenate([[0.0], np.repeat(change[run], 2), [0.0]])
        found.append(np.column_stack([x, y]))
    return found


def _waterfall(ax: Axes, changes: Changes, arm: int, *, bars: bool) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    here = _ordered(changes, arm)
    change, crossed = changes.change[here], changes.crossed[here]
    n = len(here)
    ax.set_xlim(-0.6, max(n, 1) - 0.4)
    ax.set_xticks([])
    ax.grid(axis="y", color=style.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)
    for color, signed in ((style.VERMILION, change < 0), (style.BLUE, change >= 0)):
        for other in (False, True):
            at = np.flatnonzero(signed & (crossed == other))
            if not len(at):
                continue
            look = _look(color, crossed=other)
            if bars:
                ax.bar(at, change[at], width=0.84, zorder=2, **look)
                continue
            area = Path.make_compound_path(*map(Path, areas_of(at, change)))
            ax.add_patch(PathPatch(area, zorder=2, **look | {"linewidth": 0}))
        if not bars and signed.any():
            (outline,) = areas_of(np.flatnonzero(signed), change)
            ax.plot(*outline.T, color=color, linewidth=0.8, zorder=2)
    ax.axhline(0, color=style.INK, linewidth=1.0, zorder=3)
    if not n:
        return
    low, middle, high = np.percentile(change, (25, 50, 75))
    ax.axhline(middle, color=style.INK, linewidth=1.2, dashes=(5, 2), zorder=3)
    style.corner(ax, f"median {fixed(middle, 2)}\nquartiles {fixed(low, 2)}, {fixed(high, 2)}")


def draw_statuses(counts: Mapping[str, Mapping[str, int]], rows: list[str]) -> style.Chart:
    """Draw how many rows have each status, for each index.

    Parameters
    ----------
    counts : dict
        For each index, how many rows have each status word.
    rows : list of str
        What is said below.
    """
    with style.style():
        page = style.Page()
        total = max((sum(words.values()) for words in counts.values()), default=0)
        page.text(
            LEFT, 12, f"Statuses of {count(total, 'row')}", style.TITLE, weight="bold"
        )  # fmt: skip
        page.text(
            LEFT,
            18.5,
            "Each index: rows with each status; ok is given in figures only.",
            style.SMALL,
        )
        text = style.wrapped(rows, page.width - 2 * LEFT)
        words = [len([w for w in found if w != "ok"]) for found in counts.values()]
        room = page.height - 34 - 16 - len(text) * style.ROW - 12 * len(counts)
        step = min(7.0, room / max(sum(max(n, 1) for n in words), 1))
        top = 30.0
        most = max((n for f in counts.values() for w, n in f.items() if w != "ok"), default=1)
        for index, found in counts.items():
            other = [(word, n) for word, n in found.items() if word != "ok"]
            other.sort(key=lambda item: (-item[1], item[0]))
            page.text(LEFT, top, _heading(index, found), style.HEADING, weight="bold")
            height = step * max(len(other), 1)
            if other:
                ax = page.axes(LEFT + LABEL, top + 5.5, page.width - 2 * LEFT - LABEL - 16, height)
                _bars(ax, other, most)
            top += height + 12
        page.paragraph(LEFT, top, text)
    return style.Chart(page.figure, "Statuses of the rows", " ".join(rows))


def _heading(index: str, found: Mapping[str, int]) -> str:
    total = sum(found.values())
    share = np.floor(1000 * found.get("ok", 0) / total) / 10 if total else 0.0  # 100% is all
    return (
        f"{TITLES[INDICES[index]]} ({index}): {found.get('ok', 0):,} of {total:,} ok"
        f" ({number(share, 1)}%)"
    )


def _bars(ax: Axes, other: list[tuple[str, int]], most: int) -> None:
    places = np.arange(len(other))
    numbers = [n for _, n in other]
    ax.barh(places, numbers, height=0.62, color=style.BLUE, zorder=2)
    ax.set_yticks(places, [plain(word) for word, _ in other], fontsize=style.TEXT)
    ax.set_ylim(len(other) - 0.5, -0.5)
    ax.set_xlim(0, most)
    ax.set_xticks([])
    ax.tick_params(left=False, pad=2)
    for side in ("top", "right", "bottom"):
        ax.spines[side].set_visible(False)
    for place, n in zip(places, numbers, strict=True):
        ax.annotate(
            f"{n:,}", (n, place), xytext=(3, 0), textcoords="offset points", va="center",
            fontsize=style.TEXT, annotation_clip=False,
        )  # fmt: skip
