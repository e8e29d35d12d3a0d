"""Velocity of one pair of visits, plainly: the rules again, one infant at a time, without NumPy.

Lengths and heads in cm, weights in g, as the tables are. Ages are days; `corrected` says on which
day the WHO's tables stand for the first visit.
"""

from __future__ import annotations

import csv
import math
import tomllib
from itertools import pairwise
from typing import NamedTuple

from oracle import TABLES
from oracle import table as attained_table
from velocity_simulation import MONTH, WIDTHS, Row, rows

ALL_WIDTHS = (1, 2, 3, 4, 6)
FLAG = 5
LAST_DAY = 731
REFUSED = float("nan")
NOTHING = {
    "weight": 0.01,
    "length": 1e-5,
    "head_circumference": 1e-5,
}  # g or cm: rounding, not growth


class Answer(NamedTuple):
    """z, status, nearest width (0: none), factor of the increment, z without it, method."""

    z: float
    status: str
    months: int = 0
    scaled: float = REFUSED
    z_unscaled: float = REFUSED
    method: str = ""


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
        return of(table[last]) if day <= last * MONTH + 3 else None
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


def median(measure: str, sex: str, day: int) -> float:
    """The WHO's median of attained growth [g or cm]; length lying."""
    M = attained_table("who-2006", measure)[sex, day].M
    if measure == "weight":
        return 1000 * M
    return M + 0.7 if measure == "length" and day >= 731 else M


def between(measure: str, sex: str, first: int, days: int, low: LMS, high: LMS) -> LMS:
    """L, M, S and delta of an interval between two widths, as docs/methods.md has it."""

    def gain(width: float) -> float:
        return median(measure, sex, first + half_up(width)) - median(measure, sex, first)

    root = math.sqrt(days)
    t = (root - math.sqrt(low.width)) / (math.sqrt(high.width) - math.sqrt(low.width))
    L = low.L + t * (high.L - low.L)
    delta = low.delta + t * (high.delta - low.delta)
    below = low.M - low.delta - gain(low.width)
    above = high.M - high.delta - gain(high.width)
    M = delta + gain(days) + below + t * (above - below)
    sd = low.M * low.S + t * (high.M * high.S - low.M * low.S)
    return LMS(L, M, sd / M, delta, days)


def any_interval(
    measure: str, sex: str, first: int, days: int, start: str, tolerance: float
) -> tuple[LMS, int, str] | str:
    """L, M, S and delta of an interval, the nearest width and the method; or why there is none."""
    there = [(k, lms_at(measure, sex, k, first, start)) for k in WIDTHS[measure]]
    known = [(k, at) for k, at in there if at is not None]
    for k, at in known:
        if abs(at.width - days) <= 0.5:
            return at, k, "who-2009"
    shorter = [(k, at) for k, at in known if at.width < days]
    longer = [(k, at) for k, at in known if at.width > days]
    if shorter and longer:
        low, high = shorter[-1], longer[0]
        nearer = low if days - low[1].width <= high[1].width - days else high
        mixed = between(measure, sex, first, days, low[1], high[1])
        return mixed, nearer[0], "who-2009-interpolated"
    for k, at in shorter[-1:] or longer[:1]:
        if abs(at.width - days) <= tolerance * at.width:
            return at, k, "who-2009-scaled"
    month = next((at.width for k, at in known if k == 1), MONTH)
    fits = month * (1 - tolerance) <= days <= 6 * MONTH * (1 + tolerance)
    return "no_table" if fits else "interval_not_nominal"


def nearest_width(
    measure: str, sex: str, first: int, days: int, start: str, tolerance: float
) -> tuple[LMS, int, str] | str:
    """The same where every interval is scaled to the nearest width."""
    width = min(WIDTHS[measure], key=lambda k: abs(days / MONTH - k))
    at = lms_at(measure, sex, width, first, start)
    if at is not None and abs(days - at.width) <= max(0.5, tolerance * at.width):
        return at, width, "who-2009" if abs(days - at.width) <= 0.5 else "who-2009-scaled"
    any_width = min(ALL_WIDTHS, key=lambda k: abs(days / MONTH - k))
    fits = abs(days - any_width * MONTH) <= tolerance * any_width * MONTH
    absent = any_width not in WIDTHS[measure] or at is None
    return "no_table" if fits and absent else "interval_not_nominal"


STATUS = {
    "who-2009": "ok",
    "who-2009-interpolated": "interval_interpolated",
    "who-2009-scaled": "interval_scaled",
}


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
    between: str = "interpolate",
) -> Answer:
    """Velocity of an increment [g or cm] over some days from a day."""
    if days <= 0:
        return Answer(REFUSED, "interval_not_positive")
    if first < 0:
        return Answer(REFUSED, "start_below_term")
    if first + days > LAST_DAY:
        return Answer(REFUSED, "above_velocity_reference")
    find = any_interval if between == "interpolate" else nearest_width
    found = find(measure, sex, first, days, start, tolerance)
    if isinstance(found, str):
        return Answer(REFUSED, found)
    at, months, method = found
    factor = at.width / days
    y = increment * factor + at.delta
    if y <= NOTHING[measure]:
        return Answer(REFUSED, "non_positive_increment", months, factor)
    raw = increment + at.delta
    z_unscaled = z_of(raw, at, restricted) if raw > NOTHING[measure] else REFUSED
    z = z_of(y, at, restricted)
    status = "implausible" if abs(z) > FLAG else STATUS[method]
    return Answer(z, status, months, factor, z_unscaled, method)


# --- the correlation of z between two ages -------------------------------------------------------

FOLDER = TABLES / "who-2009-correlation"


def attained_sd(measure: str, sex: str, day: int) -> float:
    """M S of the WHO's attained growth [kg or cm]."""
    row = attained_table("who-2006", measure)[sex, day]
    return row.M * row.S


def model(measure: str, first: int, second: int) -> float:
    """The fitted correlation between two days."""
    with (FOLDER / "model.csv").open(newline="") as file:
        (row,) = (r for r in csv.DictReader(file) if r["measure"] == measure)
    n, p, c, q, tau = (float(row[name]) for name in ("n", "p", "c", "q", "tau"))
    u = math.log((second / MONTH + tau) / (first / MONTH + tau))
    return (1 - n) * (p + (1 - p) * math.exp(-c * u**q))


def correlation(measure: str, sex: str, first: int, second: int) -> tuple[float, str]:
    """r between two days and its source, or NaN and the reason."""
    if second <= first:
        return REFUSED, "interval_not_positive"
    if first < 0:
        return REFUSED, "start_below_term"
    if second > 1096:
        return REFUSED, "above_velocity_reference"
    if second <= LAST_DAY:
        found = any_interval(measure, sex, first, second - first, "interpolate", 0.0)
        if not isinstance(found, str):
            at, _, method = found
            grams = 1000 if measure == "weight" else 1
            one, two = (attained_sd(measure, sex, day) for day in (first, second))
            increment = at.M * at.S / grams
            return (one * one + two * two - increment * increment) / (2 * one * two), method
    beyond = "-extrapolated" if second > LAST_DAY else ""
    return model(measure, first, second), f"who-2009-model{beyond}"


def standardised(z1: float, z2: float, r: float) -> tuple[float, float]:
    """Standardised change and conditional gain."""
    return (z2 - z1) / math.sqrt(2 * (1 - r)), (z2 - r * z1) / math.sqrt(1 - r * r)


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
