"""Pictures of an outcome: means with intervals over time by arm, and every subject's own line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.chart import style
from neocalc.outcomes.statistics import LEVEL
from neocalc.outcomes.summary import ALL, ITT, MAIN, NOT_STATED, arms_of
from neocalc.text import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neocalc.outcomes.analysis import Outcome

LOOKS: Final = (
    ("o", "-", style.DATA), ("s", "--", style.VERMILION), ("^", "-.", style.GREEN),
    ("D", ":", style.INK), ("v", (0, (5, 1)), style.BLUE), ("x", (0, (1, 1)), style.LINE),
)  # fmt: skip
"""Mark, dashes and colour of each arm: none is told from another by colour alone."""
SHOWN: Final = {"z": "z", "change_z": "Change in z since baseline"}
LEFT: Final = 22.0
TOP: Final = 34.0
FOOT: Final = 26.0
APART: Final = 0.09
"""Between the marks of two arms at one target, as a share of the way to the next."""


def draw_means(found: Outcome) -> style.Chart:
    """Mean and 95 % interval of z and of its change, at each target by arm."""
    with style.style():
        page = style.Page()
        key = style.Key()
        measures = found.plan.measures
        _head(page, found, "Mean and 95 % interval")
        width, height = _cell(page, len(SHOWN), len(measures))
        for i, measure in enumerate(measures):
            for j, (endpoint, title) in enumerate(SHOWN.items()):
                place = LEFT + j * (width + 16), TOP + i * (height + 16)
                axes = page.axes(*place, width, height)
                _means(axes, found, measure, endpoint, key)
                axes.set_title(f"{TITLES[measure]}: {title}", fontsize=style.TEXT, loc="left")
        key.draw(page, LEFT, page.height - FOOT + 6)
        words = "Whiskers: 95 % interval of each mean (Student); none with fewer than two values."
        page.text(LEFT, page.height - 10, words, style.SMALL)
        return style.Chart(
            page.figure,
            "Mean z and its change by arm and target",
            f"Means with 95 % intervals of {', '.join(measures)} at {_targets(found)}.",
        )


def draw_subjects(found: Outcome) -> style.Chart:
    """The z of every subject at the visits of its targets, arm beside arm."""
    with style.style():
        page = style.Page()
        arms, measures = arms_of(found.table), found.plan.measures
        _head(page, found, "z of each subject")
        width, height = _cell(page, len(arms), len(measures))
        for i, measure in enumerate(measures):
            first: Any = None
            for j, arm in enumerate(arms):
                place = LEFT + j * (width + 16), TOP + i * (height + 16)
                axes = page.axes(*place, width, height, sharey=first)
                first = first or axes
                n = _lines(axes, found, measure, arm)
                name = "" if arm == ALL else f", {_arm(arm)}"
                title = f"{TITLES[measure]}{name} ({n})"
                axes.set_title(style.drawable(title), fontsize=style.TEXT, loc="left")
                axes.set_xlabel("Months since administration")
        words = "A line joins the visits of one subject; without missing visits and implausible z."
        page.text(LEFT, page.height - 10, words, style.SMALL)
        return style.Chart(
            page.figure,
            "z of each subject by arm",
            f"Every subject's z of {', '.join(measures)}, {len(arms)} arms side by side.",
        )


def _head(page: style.Page, found: Outcome, title: str) -> None:
    trial = found.plan.trial
    whose = "" if trial is None else f" · {trial.label}"
    page.heading(LEFT, 12, f"{title}{whose}", style.TITLE, page.width - 2 * LEFT)
    page.paragraph(LEFT, 20, style.wrapped([found.plan.policy.describe(found.plan.reference)], 165))


def _cell(page: style.Page, columns: int, rows: int) -> tuple[float, float]:
    """Width and height of a panel [mm]."""
    width = (page.width - LEFT - 12 - 16 * (columns - 1)) / columns
    height = (page.height - TOP - FOOT - 16 * (rows - 1) - 8) / rows
    return max(width, 8.0), min(height, 70.0)


def _targets(found: Outcome) -> str:
    return ", ".join(["baseline", *found.plan.plan.labels])


def _arm(arm: str) -> str:
    return arm if arm == NOT_STATED else f"arm {arm}"


def _means(axes: Axes, found: Outcome, measure: str, endpoint: str, key: style.Key) -> None:
    """One panel of means."""
    import polars as pl
    from scipy import stats

    rows = found.summary_table.filter(
        (pl.col("analysis") == MAIN) & (pl.col("population") == ITT)
        & (pl.col("measure") == measure) & (pl.col("endpoint") == endpoint)
    )  # fmt: skip
    arms = arms_of(found.table)
    for k, arm in enumerate(arms):
        mark, dashes, colour = LOOKS[k % len(LOOKS)]
        of_arm = rows.filter((pl.col("arm") == arm) & (pl.col("n") > 0))
        if not of_arm.height:
            continue
        x = of_arm["target_number"].to_numpy() + APART * (k - (len(arms) - 1) / 2)
        y = of_arm["mean"].to_numpy()
        half = [
            stats.t.ppf((1 + LEVEL) / 2, n - 1) * sd / math.sqrt(n) if n > 1 else math.nan
            for n, sd in of_arm.select("n", "sd").iter_rows()
        ]
        axes.errorbar(
            x, y, yerr=np.array(half, dtype=float), fmt=mark, linestyle=dashes, color=colour,
            markersize=3.5, linewidth=1, elinewidth=0.9, capsize=2,
        )  # fmt: skip
        if arm != ALL:
            words = style.drawable(_arm(arm))
            key.add(words, marker=mark, linestyle=dashes, color=colour, markersize=3.5)
    labels = ["baseline", *found.plan.plan.labels]
    axes.set_xticks(range(len(labels)), [_short(label) for label in labels])
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.axhline(0, color=style.LINE, linewidth=0.6)
    axes.grid(axis="y", color=style.FAINT, linewidth=0.5)
    axes.set_axisbelow(True)


def _short(label: str) -> str:
    """A target below its tick."""
    return label.replace(" months", " mo").replace(" month", " mo").replace("baseline", "base")


def _lines(axes: Axes, found: Outcome, measure: str, arm: str) -> int:
    """One panel of lines; how many subjects it shows."""
    import polars as pl

    table = found.table.filter(
        (pl.col("measure") == measure) & pl.col("z").is_not_null()
        & (pl.col("status") != "implausible")
    )  # fmt: skip
    if arm != ALL:
        table = table.filter(pl.col("arm").fill_null(NOT_STATED) == arm)
    shown = 0
    for (_,), one in table.sort("visit_day").group_by("subject_id", maintain_order=True):
        days = one["visit_day"].to_numpy() / 30.4375
        axes.plot(
            days, one["z"].to_numpy(), "-o", color=style.DATA, linewidth=0.6, markersize=1.6,
            alpha=0.7,
        )  # fmt: skip
        shown += 1
    axes.axhline(0, color=style.LINE, linewidth=0.6)
    axes.grid(axis="y", color=style.FAINT, linewidth=0.5)
    if not shown:
        axes.text(0.5, 0.6, "none", transform=axes.transAxes, ha="center", fontsize=style.TEXT)
    return shown
