"""neocalc against the deliberately simple implementation of tests/, over the whole grid.

The grid: each reference, measure and sex; every day, completed week or 0.1 cm of its table, and
every day on which an increment may start; z from -8 to 8, as far as there is a measurement. Each
measurement is computed by the simple implementation from its z, and scored by both.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

import neocalc as nc

TESTS: Final = Path(__file__).resolve().parents[1] / "tests"
if str(TESTS) not in sys.path:
    sys.path.append(str(TESTS))

import oracle  # noqa: E402
import velocity_oracle  # noqa: E402
from velocity_simulation import UNITS, WIDTHS  # noqa: E402

SEXES: Final = ("female", "male")
HALF_Z: Final = tuple(step / 2 for step in range(-16, 17))
WHOLE_Z: Final = tuple(float(step) for step in range(-8, 9))
LIMIT: Final = 1e-9
"""What the two may differ by: the last digits of a float."""
MEASURE_UNITS: Final = {
    "weight": "kg", "length": "cm", "head_circumference": "cm", "bmi": "kg/m2",
    "weight_for_length": "kg", "arm_circumference": "cm", "triceps_skinfold": "mm",
    "subscapular_skinfold": "mm",
}  # fmt: skip
INTERVALS: Final = (28, 30, 45, 61, 76, 91, 107, 122, 140, 153, 168, 183, 195)
"""The tabulated widths of increments, intervals between them, and one on either side [day]."""
FIRST_VALUE: Final = {"weight": 3.5, "length": 52.0, "head_circumference": 36.0}
"""What increments are added to [kg] or [cm]: it does not matter to them."""


class Agreement(NamedTuple):
    """How far the two are apart on one table: within 3 SD, beyond, and where most."""

    reference: str
    measure: str
    values: int
    within: float
    beyond: float
    statuses: int
    where: str


class _Side(NamedTuple):
    """Where each value is, and the z-scores and statuses of the simple implementation."""

    where: list[str]
    z: list[float]
    status: list[str]


def _agreement(reference: str, measure: str, simple: _Side, result: Any) -> Agreement:
    expected, z = np.array(simple.z), np.asarray(result.z, dtype=np.float64)
    # One that has a z where the other has none is as far off as can be.
    difference = np.where(np.isnan(expected) & np.isnan(z), 0.0, np.abs(z - expected))
    difference = np.where(np.isnan(difference), math.inf, difference)
    near = np.nan_to_num(np.abs(expected)) <= 3
    worst = int(np.argmax(difference))
    return Agreement(
        reference,
        measure,
        len(expected),
        float(difference[near].max()),
        float(difference[~near].max(initial=0.0)),
        int((np.asarray(result.status).astype(str) != np.array(simple.status)).sum()),
        simple.where[worst],
    )


def _points(
    reference: str, table: str, step: int, zs: tuple[float, ...]
) -> Iterator[tuple[str, int, float, float]]:
    """Sex, row, z and measurement [unit of the table] of one table."""
    first, last = oracle.table_range(reference, table)
    rows, method = oracle.table(reference, table), oracle.method_of(reference, table)
    for sex, at in itertools.product(SEXES, range(first, last + 1, step)):
        for z in zs:
            y = oracle.measurement_of(z, rows[sex, at], method)
            if y > 0:
                yield sex, at, z, y


def by_age(reference: str, measure: str, step: int, zs: tuple[float, ...] = HALF_Z) -> Agreement:
    """One measure by day of age, chronological (WHO) or postmenstrual (Fenton)."""
    born = 0 if reference == oracle.WHO else 150
    scale = 1000 if born and measure == "weight" else 1
    points = list(_points(reference, measure, step, zs))
    simple = [
        oracle.zscore(
            measure, y / scale, sex=sex, chronological=day - born, gestation=born or None,
            reference=reference,
        )
        for sex, day, _, y in points
    ]  # fmt: skip
    days = np.array([day - born for _, day, _, _ in points])
    result = nc.zscore(
        measure,
        nc.Q(np.array([y / scale for *_, y in points]), MEASURE_UNITS[measure]),
        sex=[sex for sex, *_ in points],
        age=nc.Age.from_days(days, gestation=["21+3"] * len(days) if born else None),
        reference=reference,
    )
    where = [f"{sex}, day {day}, z {z:g}" for sex, day, z, _ in points]
    side = _Side(where, [one.z for one in simple], [one.status for one in simple])
    return _agreement(reference, measure, side, result)


def by_length(table: str, step: int, zs: tuple[float, ...] = HALF_Z) -> Agreement:
    """Weight by length or height, to 0.1 cm."""
    day = 100 if table == "weight_for_length" else 1000
    points = list(_points(oracle.WHO, table, step, zs))
    simple = [
        oracle.zscore("weight_for_length", y, sex=sex, chronological=day, length=tenths / 10)
        for sex, tenths, _, y in points
    ]
    result = nc.zscore(
        "weight_for_length",
        nc.Q(np.array([y for *_, y in points]), "kg"),
        sex=[sex for sex, *_ in points],
        age=nc.Age.from_days(np.full(len(points), day)),
        length=nc.Q(np.array([tenths / 10 for _, tenths, _, _ in points]), "cm"),
    )
    where = [f"{sex}, {tenths / 10:g} cm, z {z:g}" for sex, tenths, z, _ in points]
    side = _Side(where, [one.z for one in simple], [one.status for one in simple])
    return _agreement(oracle.WHO, table, side, result)


def at_birth(measure: str, zs: tuple[float, ...] = HALF_Z) -> Agreement:
    """Size at birth by completed week."""
    scale = 1000 if measure == "weight" else 1
    first, _ = oracle.table_range(oracle.BIRTH, measure)
    points = [point for point in _points(oracle.BIRTH, measure, 1, zs) if point[1] >= first]
    simple = [
        oracle.size_at_birth(measure, y / scale, sex=sex, gestation=7 * week)
        for sex, week, _, y in points
    ]
    result = nc.size_at_birth(
        measure,
        nc.Q(np.array([y / scale for *_, y in points]), MEASURE_UNITS[measure]),
        sex=[sex for sex, *_ in points],
        gestation=[f"{week}+0" for _, week, _, _ in points],
    )
    where = [f"{sex}, week {week}, z {z:g}" for sex, week, z, _ in points]
    side = _Side(where, [one.z for one in simple], [one.status for one in simple])
    return _agreement(oracle.BIRTH, measure, side, result)


_lms_at = cache(velocity_oracle.lms_at)


def increments(
    measure: str, days: int, step: int, zs: tuple[float, ...] = WHOLE_Z
) -> Agreement | None:
    """Increments over one interval, from every day on which it may start."""
    base = FIRST_VALUE[measure]
    grams = 1000 if measure == "weight" else 1
    where, firsts, seconds, simple = [], [], [], []
    for sex, day in itertools.product(SEXES, range(0, velocity_oracle.LAST_DAY - days + 1, step)):
        found = velocity_oracle.any_interval(measure, sex, day, days, "interpolate", 0.1)
        if isinstance(found, str):
            continue
        at, _, _ = found
        for z in zs:
            if 1 + at.L * at.S * z <= 0:
                continue
            second = base + (velocity_oracle.line(z, at) - at.delta) / grams
            if second <= 0:
                continue
            # The increment of the two values as they are, so that both score the same one.
            increment = (second - base) * grams
            where.append(f"{sex}, {days} days from day {day}, z {z:g}")
            firsts.append(day)
            seconds.append((sex, second))
            simple.append(
                velocity_oracle.velocity(measure, increment, sex=sex, first=day, days=days)
            )
    if not where:
        return None
    unit = "kg" if UNITS[measure] == "g" else "cm"
    first = np.array(firsts)
    result = nc.velocity.zscore(
        measure,
        first=nc.Q(np.full(len(first), base), unit),
        second=nc.Q(np.array([value for _, value in seconds]), unit),
        sex=[sex for sex, _ in seconds],
        first_age=nc.Age.from_days(first),
        second_age=nc.Age.from_days(first + days),
    )
    side = _Side(where, [one.z for one in simple], [one.status for one in simple])
    # `implausible` is of the attained values, which mean nothing here; the z is kept.
    statuses = np.where(result.status == "implausible", side.status, result.status)
    scored = _Scored(result.z, statuses)
    return _agreement("who-2009-velocity", f"{measure}, {days} days", side, scored)


class _Scored(NamedTuple):
    z: Any
    status: Any


def whole_grid(step: int = 1) -> list[Agreement]:
    """Every table; `step` takes every so many rows only."""
    velocity_oracle.lms_at = _lms_at
    found = [by_age(oracle.WHO, m, step) for m in MEASURE_UNITS if m != "weight_for_length"]
    found += [by_length(table, step) for table in ("weight_for_length", "weight_for_height")]
    found += [by_age(ref, m, step) for ref in oracle.FENTON for m in oracle.PRETERM_MEASURES]
    found += [at_birth(measure) for measure in oracle.PRETERM_MEASURES]
    for measure in WIDTHS:
        found += [one for days in INTERVALS if (one := increments(measure, days, step)) is not None]
    return found


if __name__ == "__main__":
    for one in whole_grid(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        print(one)
