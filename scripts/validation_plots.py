"""The figures of docs/validation.md, in the style of neocalc's charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.chart import style
from neocalc.chart.style import Chart, Page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 180.0
"""Of every figure [mm]."""
ONE_CENT: Final = 0.01
"""The step in which z-scores are usually printed."""


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
        page = Page(WIDTH, 18 + 33.0 * lines)
        for i, (title, (days, z, difference)) in enumerate(panels.items()):
            line, column = divmod(i, columns)
            ax = page.axes(20 + 80.0 * column, 8 + 33.0 * line, 72, 22)
            for far in (True, False):
                chosen = (np.abs(z) > 3) == far
                ax.plot(days[chosen] / 30.4375, difference[chosen], **_mark(far))
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
        key.add("|z| up to 3", **_mark(far=False))
        key.add("|z| beyond 3", **_mark(far=True))
        key.draw(page, 20, 13 + 33.0 * lines)
    return Chart(
        page.figure,
        "Weight for age: other packages less neocalc",
        "The largest difference at each age, sex and side of 3 SD, by package.",
    )


def length_figure(panels: dict[str, tuple[Any, Any]]) -> Chart:
    """Weight-for-length between two rows of the table: length and difference, by package."""
    with style.style():
        page = Page(WIDTH, 12 + 34.0 * len(panels))
        for i, (title, (length, difference)) in enumerate(panels.items()):
            ax = page.axes(20, 8 + 34.0 * i, WIDTH - 30, 23)
            ax.plot(length, difference, **_mark(far=False))
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


def _mark(far: bool) -> dict[str, Any]:
    if far:
        return {
            "linestyle": "none", "marker": "^", "markersize": 3.6, "color": style.VERMILION,
            "markerfacecolor": "white", "markeredgewidth": 0.8, "zorder": 3,
            "rasterized": True,  # thousands of points
        }  # fmt: skip
    return {
        "linestyle": "none", "marker": "o", "markersize": 2.2, "color": style.DATA, "zorder": 4,
        "rasterized": True,
    }  # fmt: skip


def _difference_axis(ax: Axes) -> None:
    """Both signs, on a logarithmic axis that is linear within a hundredth."""
    ax.set_yscale("symlog", linthresh=ONE_CENT, linscale=1.0)
    ticks = [-10.0, -0.1, -ONE_CENT, 0.0, ONE_CENT, 0.1, 10.0]
    ax.set_ylim(-30, 30)
    ax.set_yticks(ticks, [f"{t:+g}".replace("-", "−") if t else "0" for t in ticks])
    ax.minorticks_off()
    ax.axhspan(-ONE_CENT / 2, ONE_CENT / 2, color=style.BAND, zorder=0)
    ax.axhline(0, color=style.LINE, linewidth=0.8, zorder=1)
    ax.grid(axis="x", color=style.FAINT, linewidth=0.5)
    ax.set_axisbelow(True)


def largest_of(days: Any, z: Any, difference: Any) -> tuple[Any, Any, Any]:
    """At each day the largest difference of either sign, within 3 SD and beyond: few points."""
    kept: dict[tuple[int, bool, bool], int] = {}
    for i, (day, one, off) in enumerate(zip(days, z, difference, strict=True)):
        if math.isnan(off):
            continue
        key = int(day), bool(abs(one) > 3), bool(off > 0)
        if key not in kept or abs(off) > abs(difference[kept[key]]):
            kept[key] = i
    at = np.array(sorted(kept.values()), dtype=int)
    return days[at], z[at], difference[at]
