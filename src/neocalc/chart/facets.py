"""A page with a panel for each measure and arm of a cohort: arm beside arm, or in several rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from neocalc.chart import style
from neocalc.chart.layout import CHARACTER
from neocalc.chart.text import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.chart.subjects import Cohort

LEFT, RIGHT, GAP = 17.0, 12.0, 9.5
"""Beside the panels, and between them [mm]."""
INTRO: Final = 24.0
"""Top of the sentences below the headings [mm]."""
NAMES: Final = 9.0
"""Room for the names of the arms at the top of the page [mm]."""
MEASURE: Final = 6.5
"""Room for the name of a measure above its panels, where the arms stand in several rows [mm]."""
NAME: Final = 5.5
"""Room for the name of an arm above its panel, where the arms stand in several rows [mm]."""
FOOT: Final = 8.0
ACROSS: Final = {1: 1, 2: 2, 3: 3, 4: 4, 5: 3, 6: 3, 7: 4, 8: 4, 9: 3, 10: 4, 11: 4, 12: 4}
"""How many arms stand beside each other, for every number of them that a chart has."""


class Head(NamedTuple):
    """What stands above the panels: title, labels of the references, and sentences."""

    title: str
    labels: str
    about: Sequence[str]


class Room(NamedTuple):
    """Room around panels, and their height [mm].

    Attributes
    ----------
    under : float
        Below the lowest panels of a measure.
    between : float
        Below the other panels.
    last : float
        Below everything, before the notes.
    least, most : float
        Height of a panel.
    """

    under: float
    between: float
    last: float
    least: float
    most: float


class Panel(NamedTuple):
    """A place for a panel: of which measure and arm, and its axes."""

    measure: str
    arm: int
    ax: Axes
    lowest: bool
    """Whether no panel of the measure stands below it."""


class Facets(style.Page):
    """A page with panels; it is longer than A4 where more arms need more room.

    Parameters
    ----------
    cohort : Cohort
        Whose arms.
    measures : dict of str to str
        From top to bottom, with what their panels show.
    head : Head
        What stands above.
    notes : iterable of str
        What is said below.
    room : Room
        Around the panels.
    """

    def __init__(
        self,
        cohort: Cohort,
        measures: Mapping[str, str],
        head: Head,
        notes: Iterable[str],
        room: Room,
    ) -> None:
        self.cohort, self.titles, self.around = cohort, measures, room
        arms = len(cohort.arms)
        self.across = ACROSS[arms]
        self.down = -(-arms // self.across)
        self.room = style.A4[0] - LEFT - RIGHT
        self.panel = panel_width(arms)
        self.about = style.wrapped(head.about, self.room)
        self.notes = style.wrapped(notes, self.room)
        top = INTRO + len(self.about) * style.ROW + 4
        self.top = top + (NAMES if self.down == 1 else 0)
        names, titles = (NAME, MEASURE) if self.down > 1 else (0.0, 0.0)
        rest = self.top + room.last + len(self.notes) * style.ROW + FOOT
        of_one = titles + self.down * names + (self.down - 1) * room.between + room.under
        rest += len(measures) * of_one
        panels = len(measures) * self.down
        self.tall = min(max((style.A4[1] - rest) / panels, room.least), room.most)
        super().__init__(height=max(style.A4[1], rest + panels * self.tall))
        self.heading(LEFT, 12, head.title, style.TITLE, self.room)
        self.heading(LEFT, 18.5, head.labels, style.HEADING, self.room)
        self.paragraph(LEFT, INTRO, self.about)
        self.below = self.top
        for arm in range(arms) if self.down == 1 else ():
            self.name(arm, top)

    def left(self, arm: int) -> float:
        """Left edge of an arm's panels [mm]."""
        return LEFT + arm % self.across * (self.panel + GAP)

    def name(self, arm: int, top: float) -> None:
        """The name of an arm, and how many subjects it has: below it, or beside it."""
        name, n = style.drawable(self.cohort.arms[arm]) or "All", self.cohort.arm_subjects(arm)
        left = self.left(arm)
        if self.down == 1:
            self.heading(left, top, name, style.HEADING, self.panel)
            self.text(left, top + 4.5, count(n, "subject"), style.SMALL)
            return
        text = f"n = {n:,}"
        room = self.panel - len(text) * CHARACTER - 1
        self.heading(left, top, name, style.TEXT, room)
        self.text(left + self.panel, top + 0.4, text, style.SMALL, ha="right")

    def ylabel(self, panel: Panel, short: str) -> None:
        """What a panel at the left shows: the measure, or in short below the measure's name."""
        if panel.arm % self.across == 0:
            text = self.titles[panel.measure] if self.down == 1 else short
            panel.ax.set_ylabel(text, labelpad=2)

    def panels(self) -> Iterator[Panel]:
        """The places of the panels, measure by measure; `below` is then the end of the last."""
        arms = len(self.cohort.arms)
        top = self.top
        for measure in self.titles:
            if self.down > 1:
                self.text(LEFT, top, self.titles[measure], style.HEADING, weight="bold")
                top += MEASURE
            for row in range(self.down):
                if self.down > 1:
                    for arm in self._row(row):
                        self.name(arm, top)
                    top += NAME
                for arm in self._row(row):
                    ax = self.axes(self.left(arm), top, self.panel, self.tall)
                    yield Panel(measure, arm, ax, arm + self.across >= arms)
                top += self.tall + self.around.between
            top += self.around.under - self.around.between
        self.below = top - self.around.under

    def _row(self, row: int) -> range:
        return range(row * self.across, min((row + 1) * self.across, len(self.cohort.arms)))


def panel_width(arms: int) -> float:
    """Width of the panel of an arm, of so many [mm]."""
    across = ACROSS[arms]
    return (style.A4[0] - LEFT - RIGHT - GAP * (across - 1)) / across
