"""The small figures that say of how many subjects each median is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from neocalc.chart import style
from neocalc.chart.layout import CHARACTER, levels, text_spans

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW: Final = 2.9
"""Height of a row of figures beside each other [mm]."""
UPRIGHT: Final = 2.7
"""Width of a figure that is turned by a right angle [mm]."""
MARGIN: Final = 0.6
"""Below the lowest row [mm]."""


class Figure(NamedTuple):
    """A figure of a panel: its place from the left edge [mm], and its text."""

    at: float
    text: str


class Strip(NamedTuple):
    """The foot of the panels of a page, with a figure at every median: none is left out.

    Attributes
    ----------
    upright : bool
        Whether the figures are turned, as they take less room so.
    row, height : float
        Of a row of figures, and of the strip [mm].
    """

    upright: bool
    row: float
    height: float

    def draw(self, ax: Axes, figures: Sequence[Figure], size: tuple[float, float]) -> None:
        """The figures of a panel of this width and height [mm]."""
        width, height = size
        places = placed(figures, width, upright=self.upright)
        for (middle, row), figure in zip(places, figures, strict=True):
            ax.text(
                middle / width, (MARGIN + self.row * row) / height, figure.text, zorder=6,
                ha="center", va="bottom", fontsize=style.SMALL, transform=ax.transAxes,
                rotation=90 if self.upright else 0,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4},
            )  # fmt: skip


def placed(figures: Sequence[Figure], width: float, *, upright: bool) -> list[tuple[float, int]]:
    """The middle of each figure [mm] and its row, so that none lies over another.

    Parameters
    ----------
    figures : sequence of Figure
        From left to right.
    width : float
        Of the panel [mm].
    upright : bool
        Whether the figures are turned.

    Examples
    --------
    >>> three = [Figure(10, "120"), Figure(13, "118"), Figure(30, "97")]
    >>> [row for _, row in placed(three, 40, upright=False)]
    [0, 1, 0]
    >>> [row for _, row in placed(three, 40, upright=True)]
    [0, 0, 0]
    """
    if upright:
        half = UPRIGHT / 2
        middles = [min(max(figure.at, half), width - half) for figure in figures]
        spans = [(middle - half, middle + half) for middle in middles]
    else:
        texts = [figure.text for figure in figures]
        spans = text_spans([figure.at for figure in figures], texts, 0.4, width - 0.4, 1.0)
    rows = levels(spans, 0.2 if upright else 0.8)
    return [((start + end) / 2, row) for (start, end), row in zip(spans, rows, strict=True)]


def strip_of(panels: Iterable[Sequence[Figure]], width: float) -> Strip:
    """The strip that holds the figures of all panels of a page: turned where that is much lower.

    Parameters
    ----------
    panels : iterable of sequences of Figure
        The figures of each panel.
    width : float
        Of a panel [mm].
    """
    every = list(panels)
    longest = max((len(figure.text) for figures in every for figure in figures), default=0)
    found = []
    for upright, row in ((False, ROW), (True, longest * CHARACTER + 0.8)):
        rows = [row for figures in every for _, row in placed(figures, width, upright=upright)]
        found.append(Strip(upright, row, MARGIN + row * (max(rows, default=0) + 1)))
    beside, turned = found
    return turned if turned.height + ROW < beside.height else beside
