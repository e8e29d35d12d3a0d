"""Velocity of one pair of visits, plainly: the rules again, one infant at a time, without NumPy.

Lengths and heads in cm, weights in g, as the tables are. Ages are days; `corrected` says on which
day the WHO's tables stand for the first visit.
"""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from typing import NamedTuple

from oracle import TABLES
from velocity_simulation import MONTH, WIDTHS, Row, rows

ALL_WIDTHS = (1, 2, 3, 4, 6)
LAST_DAY = 731
REFUSED = float("nan")
NOTHING = {
    "weight": 0.01,
    "length": 1e-5,
    "head_circumference": 1e-5,
}  # g or cm: rounding, not growth


class Answer(NamedTuple):
    """z, status, nominal months (0: none), scaled and unscaled increments' factor and z."""

    z: float
    status: str
    months: int = 0
    scaled: float = REFUSED
    z_unscaled: float = REFUSED


class LMS(NamedTuple):
    """L, M, S, delta and width at a start."""

    L: float
    M: float
    S: float
    delta: float
    width: float


def half_up(x: float) -> int:
    """Rounded to the nearest whole number."""
    return math.floor(x + 0.5)


def lms_at(measure: str, sex: str, interval: int, day: int, start: str) -> LMS | None:
    """L, M, S, delta and width of an interval that starts on a day."""
    table = sorted(
        (r for r in rows(measure) if (r.sex, r.interval) == (sex, interval)), key=lambda r: r.start
    )
    last = len(table) - 1
    months = day / MONTH

    def of(row: Row) -> LMS:
        return LMS(row.L, row.M, row.S, row.delta, row.days[1])

    if start == "nearest" or (interval == 1 and months < 1):
        near = min(table, key=lambda r: abs(r.days[0] - day))
        return of(near) if months <= last + 0.5 else None
    if months >= last:
        return of(table[last]) if day <= half_up(last * MONTH) else None
    low = int(months)
    part = months - low
    return LMS(
        *(a + part * (b - a) for a, b in zip(of(table[low]), of(table[low + 1]), strict=True))
    )


def plain(y: float, at: LMS) -> float:
    """z by the plain method."""
    return float(((y / at.M) ** at.L - 1) / (at.L * at.S))


def line(z: float, at: LMS) -> float:
    """The SD line."""
    return float(at.M * (1 + at.L * at.S * z) ** (1 / at.L))


def z_of(y: float, at: LMS, restricted: bool | None) -> float:
    """z by the method that applies."""
    z = plain(y, at)
    exists = abs(3 * at.L * at.S) < 1
    if (exists if restricted is None else restricted) and abs(z) > 3:
        side = 1 if z > 0 else -1
        if 1 + 3 * side * at.L * at.S > 0:
            step = abs(line(3 * side, at) - line(2 * side, at))
            return 3 * side + (y - line(3 * side, at)) / step
    return z


def velocity(
    measure: str,
    increment: float,
    *,
    sex: str,
    first: int,
    days: int,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
) -> Answer:
    """Velocity of an increment [g or cm] over some days from a day."""
    if days <= 0:
        return Answer(REFUSED, "interval_not_positive")
    if first < 0:
        return Answer(REFUSED, "start_below_term")
    if first + days > LAST_DAY:
        return Answer(REFUSED, "above_velocity_reference")
    width = min(WIDTHS[measure], key=lambda k: abs(days / MONTH - k))
    at = lms_at(measure, sex, width, first, start)
    if at is None or abs(days - at.width) > tolerance * at.width:
        any_width = min(ALL_WIDTHS, key=lambda k: abs(days / MONTH - k))
        fits = abs(days - any_width * MONTH) <= tolerance * any_width * MONTH
        absent = any_width not in WIDTHS[measure] or at is None
        return Answer(REFUSED, "no_table" if fits and absent else "interval_not_nominal")
    factor = at.width / days
    y = increment * factor + at.delta
    if y <= NOTHING[measure]:
        return Answer(REFUSED, "non_positive_increment", width, factor)
    raw = increment + at.delta
    return Answer(
        z_of(y, at, restricted),
        "interval_scaled" if abs(days - at.width) > 0.5 else "ok",
        width,
        factor,
        z_of(raw, at, restricted) if raw > NOTHING[measure] else REFUSED,
    )


def limit_at(points: list[list[float]], days: float) -> float:
    """A limit of change after some days: on the line between two points, then on as the last."""
    for (a, low), (b, high) in pairwise(points):
        if days <= b or b == points[-1][0]:
            return low + (high - low) * (days - a) / (b - a)
    return points[0][1]


def impossible(measure: str, first: float, second: float, days: int) -> bool:
    """Whether no child changes so: kg or cm; the limits are the file of the tables."""
    text = (TABLES / "limits" / "changes.toml").read_text(encoding="utf-8")
    lists = tomllib.loads(text)[measure]
    gained = second - first
    most, least = [], []
    if "rise" in lists:
        most.append(limit_at(lists["rise"], days))
    if "rise_times" in lists:
        most.append(first * (limit_at(lists["rise_times"], days) - 1))
    if "fall" in lists:
        least.append(-limit_at(lists["fall"], days))
    if "fall_share" in lists:
        least.append(-first * min(limit_at(lists["fall_share"], days), 1))
    return days > 0 and (gained > min(most) or gained < max(least))
