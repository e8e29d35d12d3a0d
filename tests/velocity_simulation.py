"""Simulated children whose true increments are drawn from the WHO's tables of increments.

The tables are read here with the csv module and the increments computed with plain arithmetic, so
that nothing of the package takes part in making the cohort. A visit is on a whole day. Between the
visits a child grows along the shape of the WHO's median of attained growth, so that a visit some
days early or late has the increment that this child would have had.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import neocalc as nc

TABLES = Path(__file__).resolve().parents[1] / "reference_tables"
MONTH = 30.4375
UNITS = {"weight": "g", "length": "cm", "head_circumference": "cm"}
SEXES = ("female", "male")
WIDTHS = {"weight": (1, 2, 3, 4, 6), "length": (2, 3, 4, 6), "head_circumference": (2, 3, 4, 6)}
GROUPS = [(m, k, s) for m, widths in WIDTHS.items() for k in widths for s in SEXES]
Floats = npt.NDArray[np.float64]


class Row(NamedTuple):
    """One row of a table of increments, in the unit of the table."""

    sex: str
    interval: int
    start: int
    L: float
    M: float
    S: float
    delta: float

    @property
    def days(self) -> tuple[float, float]:
        """Start and width [day]."""
        if self.interval == 1 and self.start < 2:
            return (0.0, 28.0) if self.start == 0 else (28.0, 2 * MONTH - 28)
        return self.start * MONTH, self.interval * MONTH

    @property
    def floor(self) -> float:
        """The plain floor of z."""
        return -1 / (self.L * self.S) if self.L > 0 else -np.inf


@cache
def rows(measure: str) -> tuple[Row, ...]:
    """The rows of a measure."""
    with (TABLES / "who-2009-velocity" / f"{measure}.csv").open(newline="") as file:
        return tuple(
            Row(r["sex"], int(r["interval_months"]), int(r["start_months"]), float(r["L"]),
                float(r["M"]), float(r["S"]), float(r["delta"]))
            for r in csv.DictReader(file)
        )  # fmt: skip


@cache
def medians(measure: str, sex: str) -> Floats:
    """The WHO's median of attained growth by day, in the unit of the increments; length lying."""
    with (TABLES / "who-2006" / f"{measure}.csv").open(newline="") as file:
        values = np.array([float(r["M"]) for r in csv.DictReader(file) if r["sex"] == sex])
    if measure == "length":
        values[731:] += 0.7  # from there on the table is of standing height
    return values * (1000 if measure == "weight" else 1)


class Cohort(NamedTuple):
    """Pairs of visits of simulated children."""

    first: Floats
    second: Floats
    first_day: npt.NDArray[np.int64]
    second_day: npt.NDArray[np.int64]
    z: Floats


def cohort(
    measure: str, interval: int, sex: str, *, jitter: int, seed: int, n: int = 20_000
) -> Cohort:
    """Children with visits up to `jitter` days early or late; rows with a floor are left out."""
    rng = np.random.default_rng(seed)
    chosen = [r for r in rows(measure) if (r.sex, r.interval) == (sex, interval) and r.floor < -4]
    row = rng.integers(0, len(chosen), n)
    L, M, S, delta = (np.array([r[i] for r in chosen])[row] for i in (3, 4, 5, 6))
    start, width = (np.array([r.days[i] for r in chosen])[row] for i in (0, 1))
    z = rng.standard_normal(n)
    z = np.clip(z, -3.9, 3.9)
    increment = M * (1 + L * S * z) ** (1 / L) - delta
    first = np.floor(start + 0.5).astype(np.int64)
    second = np.floor(start + width + 0.5).astype(np.int64)
    early = np.minimum(first, jitter)
    first = first + rng.integers(-early, jitter + 1)
    second = np.minimum(second + rng.integers(-jitter, jitter + 1, n), 731)
    curve = medians(measure, sex)

    def at(day: Any) -> Floats:
        return np.asarray(np.interp(day, np.arange(len(curve)), curve))

    share = (at(second) - at(first)) / (at(start + width) - at(start))
    y = at(first)
    return Cohort(y, y + increment * share, first, second, z)


class Between(NamedTuple):
    """L, M, S, delta and width of one width at each day of start; NaN where there is none."""

    L: Floats
    M: Floats
    S: Floats
    delta: Floats
    width: Floats


def at_starts(measure: str, interval: int, sex: str, start: npt.NDArray[np.int64]) -> Between:
    """The rows of one width at days of start, each linear between the tabulated starts."""
    own = [r for r in rows(measure) if (r.sex, r.interval) == (sex, interval)]
    months = start / MONTH
    known = months <= own[-1].start
    if interval == 1:  # the first two rows are of other widths: between their starts there is none
        known &= (months >= 1) | (start == 0)
    columns = ([r.L for r in own], [r.M for r in own], [r.S for r in own],
               [r.delta for r in own], [r.days[1] for r in own])  # fmt: skip
    at = [np.interp(months, [r.start for r in own], column) for column in columns]
    return Between(*(np.where(known, column, np.nan) for column in at))


def random_visits(measure: str, sex: str, *, seed: int, n: int = 60_000) -> Cohort:
    """Children seen twice, from any day on, some 1 to 6 months apart.

    The increments of each over the widths on either side of the interval are drawn from the rows,
    with one z for both; in between the child grows along the shape of the WHO's median.
    """
    rng = np.random.default_rng(seed)
    days = rng.integers(28 if 1 in WIDTHS[measure] else 61, 184, n)
    first = rng.integers(0, 732 - days)
    z = np.clip(rng.standard_normal(n), -3.9, 3.9)
    curve = medians(measure, sex)
    line = np.arange(len(curve))
    gained = np.full(n, np.nan)
    tables = [at_starts(measure, interval, sex, first) for interval in WIDTHS[measure]]
    increments = []
    for at in tables:
        base = 1 + at.L * at.S * z
        floor = 1 - 3.9 * at.L * at.S  # left out, as no normal distribution fits there
        with np.errstate(invalid="ignore"):
            increments.append(np.where(floor > 0, at.M * base ** (1 / at.L) - at.delta, np.nan))
    for low in range(len(tables) - 1):
        there = range(low + 1, len(tables))
        high_width = np.full(n, np.nan)
        high_gain = np.full(n, np.nan)
        for high in reversed(there):  # the next width that has a row at this start
            has = ~np.isnan(tables[high].width)
            high_width[has], high_gain[has] = tables[high].width[has], increments[high][has]
        ends = first + tables[low].width, first + high_width
        inside = (days >= tables[low].width - 0.5) & (days <= high_width + 0.5)
        at_low, at_high = (np.interp(end, line, curve) for end in ends)
        share = (np.interp(first + days, line, curve) - at_low) / (at_high - at_low)
        mixed = increments[low] + share * (high_gain - increments[low])
        gained = np.where(inside, mixed, gained)
    kept = ~np.isnan(gained)
    first, days, gained, z = first[kept], days[kept], gained[kept], z[kept]
    y = curve[first]
    return Cohort(y, y + gained, first, first + days, z)


def scored(measure: str, sex: str, children: Cohort, **options: Any) -> nc.velocity.Velocity:
    """Velocity of the cohort by the package."""
    unit = UNITS[measure]
    return nc.velocity.zscore(
        measure,
        first=nc.Q(children.first, unit),
        second=nc.Q(children.second, unit),
        sex=sex,
        first_age=nc.Age.from_days(children.first_day),
        second_age=nc.Age.from_days(children.second_day),
        **options,
    )


class Pooled(NamedTuple):
    """Result of the cohorts of one measure, all intervals and both sexes together."""

    share: float
    mean: float
    sd: float
    error: float
    share_scaled: float
    error_scaled: float

    def cells(self) -> list[str]:
        """For the table in docs/velocity.md."""
        return [
            f"{100 * self.share:.0f} %",
            f"{self.mean:+.2f}".replace("-0.00", "0.00").replace("+0.00", "0.00"),
            f"{self.sd:.2f}",
            f"{self.error:.2f}",
            f"{100 * self.share_scaled:.0f} %",
            f"{self.error_scaled:.2f}",
        ]


def pooled(measure: str, jitter: int) -> Pooled:
    """Scored cohorts: share with a z, its mean and SD, and how far z is from the true one (RMS).

    With it the share and the error where every interval is scaled to the nearest width.
    """
    z: list[Floats] = []
    error: dict[str, list[Floats]] = {"interpolate": [], "scale": []}
    n = 0
    for seed, (name, interval, sex) in enumerate(GROUPS):
        if name == measure:
            children = cohort(name, interval, sex, jitter=jitter, seed=100 + seed)
            n += len(children.z)
            for between, off in error.items():
                result = scored(name, sex, children, between=between)
                has = ~np.isnan(result.z)
                off.append((result.z - children.z)[has])
                if between == "interpolate":
                    z.append(result.z[has])
    every = np.concatenate(z)
    ours, scaled_to = (np.concatenate(off) for off in error.values())
    return Pooled(
        len(every) / n,
        float(every.mean()),
        float(every.std()),
        float(np.sqrt((ours**2).mean())),
        len(scaled_to) / n,
        float(np.sqrt((scaled_to**2).mean())),
    )


def table() -> list[list[str]]:
    """The rows of the table in docs/velocity.md."""
    return [
        [measure.replace("_", " "), str(jitter), *pooled(measure, jitter).cells()]
        for measure in WIDTHS
        for jitter in (0, 1, 3, 5, 7)
    ]
