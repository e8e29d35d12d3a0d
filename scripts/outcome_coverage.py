"""How often the intervals of an outcome hold the true effect, in simulated trials.

Run: ``python scripts/outcome_coverage.py`` (a few minutes). It writes docs/validation_outcome.json,
from which the table in docs/outcome.md is; with ``--replicates 200`` it writes nothing.

A simulated child has a z of weight at baseline (mean -1.5, SD 1) and another 6 months after
administration, correlated by 0.8 and with the effect added in the first arm. Both are turned into
weights by `neocalc.measurement`, on days that differ from the target, and 15 in 100 visits are
missing at random. `neocalc.outcome` then sees nothing but the visits.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

import neocalc as nc
from neocalc.outcomes.statistics import LEVEL, hodges_lehmann, welch

OUTPUT: Final = Path(__file__).resolve().parents[1] / "docs" / "validation_outcome.json"
REPLICATES: Final = 2000
EFFECTS: Final = (0.0, 0.3, 0.6)
SIZES: Final = (12, 57)
MISSING: Final = 0.15
CORRELATION: Final = 0.8
GIVEN: Final = dt.date(2025, 6, 1)
BORN: Final = dt.date(2025, 2, 1)
GESTATION: Final = "28+0"
TARGET: Final = "6 months"
DUE: Final = 183
ENDPOINTS: Final = ("z", "change_z")


def visits(effect: float, size: int, replicates: int, seed: int) -> pl.DataFrame:
    """The visits of all trials together; the trial and the arm stand in the id of a child.

    Parameters
    ----------
    effect : float
        Of the first arm on z at 6 months [unitless].
    size : int
        Children of a trial, half of them in each arm.
    replicates : int
        Trials.
    seed : int
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    n = size * replicates
    child = np.arange(n)
    first_arm = child % size < size // 2
    before = rng.normal(-1.5, 1, n)
    noise = rng.normal(0, math.sqrt(1 - CORRELATION**2), n)
    after = -1.5 + CORRELATION * (before + 1.5) + noise + effect * first_arm
    days = (-rng.integers(0, 5, n), DUE + rng.integers(-20, 21, n))
    sex = np.where(rng.random(n) < 0.5, "f", "m")
    parts = []
    for z, day in zip((before, after), days, strict=True):
        age = nc.Age.from_days((GIVEN - BORN).days + day, [GESTATION] * n)
        weight = nc.measurement("weight", z=z, sex=sex, age=age).to("kg").magnitude
        seen = rng.random(n) >= MISSING
        parts.append(
            pl.DataFrame(
                {
                    "subject_id": [f"{i // size:05}-{i % size:03}" for i in child],
                    "arm": np.where(first_arm, "treated", "control"),
                    "sex": sex,
                    "measured_on": (np.datetime64(GIVEN) + day).astype("datetime64[D]"),
                    "weight_kg": weight,
                }
            ).filter(seen)
        )
    return pl.concat(parts).with_columns(
        pl.lit(BORN).alias("birth_date"), pl.lit(GIVEN).alias("administered_on"),
        pl.lit(GESTATION).alias("gestational_age"),
    )  # fmt: skip


def coverage(effect: float, size: int, replicates: int, seed: int = 1) -> list[dict[str, Any]]:
    """For each endpoint how many intervals hold the effect, of both methods."""
    found = nc.outcome(visits(effect, size, replicates, seed), arm="arm", targets=[TARGET])
    rows = found.subjects.filter(pl.col("target") == TARGET).with_columns(
        pl.col("subject_id").str.slice(0, 5).alias("replicate")
    )
    results = []
    for endpoint in ENDPOINTS:
        counts: dict[str, list[int]] = {"Welch": [0, 0], "Hodges-Lehmann": [0, 0]}
        levels, errors = [], []
        there = rows.filter(pl.col(endpoint).is_not_null())
        for _, trial in there.group_by("replicate", maintain_order=True):
            first, second = (
                trial.filter(pl.col("arm") == arm)[endpoint].to_numpy()
                for arm in ("treated", "control")
            )
            for name, compare in (("Welch", welch), ("Hodges-Lehmann", hodges_lehmann)):
                interval = compare(first, second)
                if math.isnan(interval.lower):
                    continue
                counts[name][0] += int(interval.lower <= effect <= interval.upper)
                counts[name][1] += 1
                if name == "Welch":
                    errors.append(interval.estimate - effect)
                else:
                    levels.append(interval.level)
        for name, (held, intervals) in counts.items():
            results.append(
                {
                    "children": size,
                    "effect": effect,
                    "endpoint": endpoint,
                    "method": name,
                    "trials": replicates,
                    "intervals": intervals,
                    "held": held,
                    "coverage": round(held / intervals, 4),
                    "level": LEVEL if name == "Welch" else round(float(np.mean(levels)), 4),
                    "bias": round(float(np.mean(errors)), 4),
                }
            )
    return results


def line(row: dict[str, Any]) -> str:
    """A setting as a line of the table in docs/outcome.md."""
    return (
        f"| {row['children']} | {row['effect']:g} | `{row['endpoint']}` | {row['method']} |"
        f" {row['intervals']:,} | {100 * row['coverage']:.1f} | {100 * row['level']:.1f} |"
        f" {row['bias'] + 0.0:.3f} |"
    )


def main() -> None:
    """Simulate all settings; print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    replicates = parser.parse_args().replicates
    results = [
        row
        for size in SIZES
        for effect in EFFECTS
        for row in coverage(effect, size, replicates, seed=round(1000 * effect) + size)
    ]
    for row in results:
        print(line(row))
    if replicates == REPLICATES:
        OUTPUT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        print(f"Written: {OUTPUT}")


if __name__ == "__main__":
    main()
