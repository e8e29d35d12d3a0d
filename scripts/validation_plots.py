"""The figures of docs/validation.md, in the style of neocalc's charts."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import matplotlib
import numpy as np

from neocalc.chart import style
from neocalc.chart.style import Chart, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 180.0
"""Of every figure [mm]."""
ONE_CENT: Final = 0.01
"""The step in which z-scores are usually printed."""
MONTHS: Final = 2.0
CENTIMETRES: Final = 2.0
"""Of each so much of age or length the largest differences are drawn: few points."""


def grid_figure(rows: Sequence[tuple[str, float, float]], limit: float) -> Chart:
    """Largest differences from the simple implementation, by table: label, within 3 SD, beyond."""
    with style.style():
        page = Page(WIDTH, 26 + 4.6 * len(rows))
        ax = page.axes(70, 8, WIDTH - 80, 4.6 * len(rows))
        at = np.arange(len(rows))[::-1]
        least = 1e-16  # on the axis for none at all
        near = [max(row[1], least) for row in rows]
        far = [max(row[2], least) for row in rows]
        ax.hlines(at, near, far, color=style.LINE, linewidth=0.8, zorder=2)
        ax.plot(near, at, linestyle="none", marker="o", markersize=4.4, color=style.DATA, zorder=4)
        ax.plot(
            far, at, linestyle="none", marker="^", markersize=5, color=style.VERMILION,
            markerfacecolor="white", markeredgewidth=1.2, zorder=3,
        )  # fmt: skip
        for x, words in ((limit, "accepted"), (ONE_CENT, "printed z")):
            ax.axvline(x, color=style.INK, linewidth=1.0, dashes=(5, 2), zorder=1)
            ax.text(x, len(rows) - 0.1, words, ha="center", va="bottom", fontsize=style.SMALL)
        ax.set_xscale("log")
        ax.set_xlim(least / 2, 0.1)
        ax.set_xticks([10.0**k for k in range(-16, 0, 2)])
        ax.set_xticklabels([_power(k) for k in range(-16, 0, 2)])
        ax.minorticks_off()
        ax.set_ylim(-0.7, len(rows) - 0.3)
        ax.set_yticks(at, [row[0] for row in rows])
        ax.grid(axis="x", color=style.FAINT, linewidth=0.5)
        ax.set_axisbelow(True)
        ax.set_xlabel("largest difference of a z-score")
        key = style.Key(2)
        key.add("|z| up to 3", linestyle="none", marker="o", markersize=4.4, color=style.DATA)
        key.add(
            "|z| from 3 to 8", linestyle="none", marker="^", markersize=5, color=style.VERMILION,
            markerfacecolor="white", markeredgewidth=1.2,
        )  # fmt: skip
        key.draw(page, 70, 20 + 4.6 * len(rows))
    return Chart(
        page.figure,
        "Agreement with the simple implementation",
        "Largest absolute difference of z on each table, on a logarithmic axis: far below what is"
        " printed everywhere.",
    )


def _power(exponent: int) -> str:
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"10{str(exponent).translate(digits)}"


def peers_figure(panels: dict[str, tuple[Any, Any, Any]]) -> Chart:
    """Differences of other packages over age: days, neocalc's z and the difference of each."""
    columns = 2
    lines = -(-len(panels) // columns)
    with style.style():
        page = Page(WIDTH, 22 + 33.0 * lines)
        for i, (title, (days, z, difference)) in enumerate(panels.items()):
            line, column = divmod(i, columns)
            ax = page.axes(20 + 80.0 * column, 8 + 33.0 * line, 72, 22)
            for far in (True, False):
                chosen = (np.abs(z) > 3) == far
                _spread(ax, days[chosen] / 30.4375, difference[chosen], MONTHS, far=far)
            _difference_axis(ax)
            ax.set_title(title, fontsize=style.TEXT, loc="left", pad=3)
            ax.set_xlim(-1, 61)
            ax.set_xticks(range(0, 61, 12))
            if column:
                ax.set_yticklabels([])
            else:
                ax.set_ylabel("difference of z")
            if i >= len(panels) - columns:
                ax.set_xlabel("age [month]")
        key = style.Key(2)
        key.add("|z| up to 3", color=style.DATA, linewidth=0.9)
        key.add("|z| beyond 3", color=style.VERMILION, linewidth=1.0, dashes=(3, 1.5))
        key.draw(page, 20, 15 + 33.0 * lines)
    return Chart(
        page.figure,
        "Weight for age: other packages less neocalc",
        "From the largest difference below neocalc to the largest above it, of each two months of"
        " age, within 3 SD and beyond, by package.",
    )


def length_figure(panels: dict[str, tuple[Any, Any]]) -> Chart:
    """Weight-for-length between two rows of the table: length and difference, by package."""
    with style.style():
        page = Page(WIDTH, 14 + 34.0 * len(panels))
        for i, (title, (length, difference)) in enumerate(panels.items()):
            ax = page.axes(20, 8 + 34.0 * i, WIDTH - 30, 23)
            _spread(ax, length, difference, CENTIMETRES, far=False)
            ax.axhline(0, color=style.LINE, linewidth=0.8, zorder=1)
            ax.grid(color=style.FAINT, linewidth=0.5)
            ax.set_axisbelow(True)
            ax.set_title(title, fontsize=style.TEXT, loc="left", pad=3)
            ax.set_ylabel("difference of z")
            if i == len(panels) - 1:
                ax.set_xlabel("length or height [cm]")
    return Chart(
        page.figure,
        "Weight for length between two rows of the table: other packages less neocalc",
        "Packages that take the nearest row differ by up to some hundredths.",
    )


def spread(at: Any, difference: Any, step: float) -> tuple[Any, Any, Any]:
    """Where each step begins, and in it the largest difference below 0 and above 0 (0 if none).

    >>> [column.tolist() for column in spread([0, 1, 2, 5], [0.1, -0.3, math.nan, 0.2], 2)]
    [[0.0, 4.0], [-0.3, 0.0], [0.1, 0.2]]
    """
    at, difference = np.asarray(at, dtype=np.float64), np.asarray(difference, dtype=np.float64)
    known = ~np.isnan(difference)
    bins, inverse = np.unique(np.floor(at[known] / step), return_inverse=True)
    low, high = np.zeros(len(bins)), np.zeros(len(bins))
    np.minimum.at(low, inverse, difference[known])
    np.maximum.at(high, inverse, difference[known])
    return bins * step, low, high


def _spread(ax: Axes, at: Any, difference: Any, step: float, *, far: bool) -> None:
    """The spread of differences: an area within 3 SD, a broken outline beyond."""
    start, low, high = spread(at, difference, step)
    ax.fill_between(start + step / 2, low, high, **_area(far=far))


def _area(*, far: bool) -> dict[str, Any]:
    if far:
        return {
            "facecolor": "none", "edgecolor": style.VERMILION, "linewidth": 1.0,
            "linestyle": (0, (3, 1.5)), "zorder": 5,
        }  # fmt: skip
    return {"facecolor": "#9db8c9", "edgecolor": style.DATA, "linewidth": 0.9, "zorder": 4}


def _difference_axis(ax: Axes) -> None:
    """Both signs, on a logarithmic axis that is linear within a hundredth."""
    ax.set_yscale("symlog", linthresh=ONE_CENT, linscale=1.0)
    ticks = [-1.0, -0.1, -ONE_CENT, 0.0, ONE_CENT, 0.1, 1.0]
    ax.set_ylim(-2, 2)
    ax.set_yticks(ticks, [f"{t:+g}".replace("-", "−") if t else "0" for t in ticks])
    ax.minorticks_off()
    ax.axhspan(-ONE_CENT / 2, ONE_CENT / 2, color=style.BAND, zorder=0)
    ax.axhline(0, color=style.LINE, linewidth=0.8, zorder=1)
    ax.grid(axis="x", color=style.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)


def save(chart: Chart, path: Path) -> None:
    """Write a figure of the page: words as text, not outlines of letters; places to 0.01 point."""
    content = io.StringIO()
    with style.style():
        matplotlib.rcParams["svg.fonttype"] = "none"
        about = {"Title": chart.title, "Description": chart.description, "Date": None}
        chart.figure.savefig(content, format="svg", metadata=about)
    shorter = re.sub(
        r' (?:d|x|y|transform)="[^"]*"',
        lambda place: re.sub(r"(\.[0-9]{2})[0-9]+", r"\1", place[0]),
        content.getvalue(),
    )
    path.write_text(re.sub(r"\n +", "\n", shorter), encoding="utf-8")
