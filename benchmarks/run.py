"""The benchmarks: one command prints one table of ratios, and keeps it as JSON.

Every figure is a ratio of two things timed in turn in the same run, so that it holds on another
machine and when a machine's speed drifts. Times are medians.

    python benchmarks/run.py                 everything, under ten minutes
    python benchmarks/run.py --quick         small: for continuous integration
    python benchmarks/run.py --check FILE    fail when a ratio is twice that kept in FILE
    python benchmarks/run.py --json FILE     keep the table
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

import neocalc as nc
from neocalc.references import reference

MEASURES = ("weight", "length", "head_circumference", "bmi")
BLOCK = 16_384


@dataclass
class Figure:
    """One line of the table: a ratio, what it may be at most, and what it was measured from."""

    what: str
    ratio: float
    target: float
    numerator: float
    denominator: float
    unit: str
    spread: float
    runs: int


def cohort(rows: int, seed: int = 1) -> pl.DataFrame:
    """Simulated visits of infants from 24 weeks to term, to 36 months."""
    rng = np.random.default_rng(seed)
    days = rng.integers(0, 1096, rows)
    gestation = rng.integers(168, 290, rows)
    born = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows)
    weeks = np.array([f"{g // 7}+{g % 7}" for g in range(290)])
    mature = np.clip(days - (280 - gestation), -80, 1096)
    return pl.DataFrame(
        {
            "subject_id": np.char.zfill(
                np.sort(rng.integers(0, rows // 10 + 1, rows)).astype(str), 7
            ),
            "site": rng.choice(["A", "B", "C"], rows),
            "sex": rng.choice(["female", "male"], rows),
            "birth_date": born,
            "measured_on": born + days,
            "gestational_age": weeks[gestation],
            "weight_kg": np.round(np.interp(mature, GRID, WEIGHT) * rng.normal(1, 0.12, rows), 3),
            "length_cm": np.round(np.interp(mature, GRID, LENGTH) * rng.normal(1, 0.04, rows), 1),
            "head_circumference_cm": np.round(
                np.interp(mature, GRID, HEAD) * rng.normal(1, 0.03, rows), 1
            ),
            "note": ["seen, well"] * rows,
        }
    )


GRID = (-80, -40, 0, 90, 180, 365, 730, 1096)
WEIGHT = (1.0, 2.1, 3.4, 6.0, 7.6, 9.3, 11.8, 14.0)
LENGTH = (36, 44, 50, 60, 66, 75, 87, 95)
HEAD = (26, 31, 35, 40, 43, 45.5, 48, 49)


def in_turn(
    first: Callable[[], object], second: Callable[[], object], runs: int
) -> tuple[list[float], list[float]]:
    """Seconds of two calls, timed in turn after a warm-up of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(-1, runs):
        for call, kept in zip((first, second), times, strict=True):
            start = time.perf_counter()
            call()
            if run >= 0:
                kept.append(time.perf_counter() - start)
    return times


def ratio(
    what: str, target: float, first: list[float], second: list[float], unit: str = "s"
) -> Figure:
    """A line of the table; the spread is that of the ratios pair by pair."""
    pairs = [a / b for a, b in zip(first, second, strict=True)]
    spread = (max(pairs) - min(pairs)) / statistics.median(pairs)
    return Figure(
        what, statistics.median(pairs), target, statistics.median(first), statistics.median(second),
        unit, spread, len(pairs),
    )  # fmt: skip


def kernel(rows: int, runs: int) -> list[Figure]:
    """`nc.zscore` on arrays over the bare arithmetic of the same four indices."""
    rng = np.random.default_rng(0)
    days, gestation = rng.integers(0, 1096, rows), rng.integers(168, 290, rows)
    male = rng.integers(0, 2, rows)
    sex = np.array(["f", "m"])[male]
    tables = {measure: reference("who-2006").table(measure) for measure in MEASURES}
    values = {
        m: t.M[male, days] * np.exp(rng.normal(0, 1, rows) * t.S[male, days])
        for m, t in tables.items()
    }

    def bare() -> None:
        for measure, table in tables.items():
            L, M, S = table.L.ravel(), table.M.ravel(), table.S.ravel()
            y, z = values[measure], np.empty(rows)
            for start in range(0, rows, BLOCK):
                b = slice(start, start + BLOCK)
                at = male[b] * table.L.shape[1] + days[b]
                power = L.take(at)
                z[b] = np.expm1(power * np.log(y[b] / M.take(at))) / (power * S.take(at))

    quantities = {m: nc.Q(values[m], t.unit) for m, t in tables.items()}
    stated = nc.Q(gestation, "day")

    def scored(words: bool) -> None:
        age = nc.Age.from_days(days, gestation=stated)
        for measure, quantity in quantities.items():
            result = nc.zscore(measure, quantity, sex=sex, age=age)
            if words:
                _ = result.status, result.reference

    age = nc.Age.from_days(days, gestation=stated)

    def prepared() -> None:
        age.resolved.clear()
        for measure, quantity in quantities.items():
            nc.zscore(measure, quantity, sex=sex, age=age)

    name = f"nc.zscore, four indices, {rows:,} rows, over bare NumPy"
    return [
        ratio(name, 2.0, *in_turn(prepared, bare, runs)),
        ratio(
            f"{name}; with ages, and statuses and references as words",
            9.0,
            *in_turn(lambda: scored(True), bare, runs),
        ),
    ]


def process(*command: str) -> tuple[float, float]:
    """Wall seconds and peak memory [MiB] of a whole process."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {child.returncode}")
    return seconds, usage.ru_maxrss / 1024


def score_command(source: Path, target: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "neocalc", "score", str(source), "-o", str(target), "--force")


def copy_command(source: Path, scored: Path, target: Path) -> tuple[str, ...]:
    """Read the input, and write the table of the output (kept as Arrow): nothing else."""
    kind = source.suffix[1:]
    read = (
        f"pl.read_csv({str(source)!r}, infer_schema=False)"
        if kind == "csv"
        else f"pl.read_parquet({str(source)!r})"
    )
    code = f"import polars as pl; {read};pl.read_ipc({str(scored)!r}).write_{kind}({str(target)!r})"
    return sys.executable, "-c", code


def files(folder: Path, rows: int, runs: int) -> list[Figure]:
    """`neocalc score` over reading and writing the same tables only."""
    table = cohort(rows)
    figures = []
    for kind, target in (("csv", 1.5), ("parquet", 2.0)):
        source, scored, out = (folder / f"{name}.{kind}" for name in ("cohort", "scored", "copy"))
        (table.write_csv if kind == "csv" else table.write_parquet)(source)
        process(*score_command(source, scored))
        mapped = folder / f"{kind}.ipc"
        result = (
            pl.read_csv(scored, infer_schema_length=10_000)
            if kind == "csv"
            else pl.read_parquet(scored)
        )
        result.write_ipc(mapped)
        del result
        pair = in_turn(
            partial(process, *score_command(source, scored)),
            partial(process, *copy_command(source, mapped, out)),
            runs,
        )
        name = f"neocalc score, {kind} to {kind}, {rows:,} rows, over reading and writing"
        figures.append(ratio(name, target, *pair))
    return figures


def growth_of_work(folder: Path, rows: int, runs: int) -> list[Figure]:
    """Time and memory of ten times the rows."""
    small, large = folder / "small.csv", folder / "large.csv"
    table = cohort(rows)
    table.write_csv(small)
    with large.open("wb") as stream:
        for part in range(10):
            table.write_csv(stream, include_header=part == 0)
    del table
    out = folder / "out.csv"
    of_large, of_small = [], []
    for _ in range(runs):
        of_large.append(process(*score_command(large, out)))
        of_small.append(process(*score_command(small, out)))
    seconds = [m[0] for m in of_large], [m[0] for m in of_small]
    memory = [m[1] for m in of_large], [m[1] for m in of_small]
    largest = Figure(
        "peak memory of the larger [MiB]", statistics.median(memory[0]), 400,
        statistics.median(memory[0]), 1, "MiB", 0, runs,
    )  # fmt: skip
    large.unlink()
    return [
        ratio(f"time of {10 * rows:,} rows over {rows:,}", 10.5, *seconds),
        ratio(f"peak memory of {10 * rows:,} rows over {rows:,}", 1.2, *memory, unit="MiB"),
        largest,
    ]


def start_up(runs: int) -> list[Figure]:
    """`neocalc growth` as a whole process over importing NumPy."""
    growth = (
        sys.executable, "-m", "neocalc", "growth", "--sex", "f", "--gestation", "27+3",
        "--born", "2026-05-01", "--on", "2026-08-14",
        "--weight", "3100g", "--length", "49.5cm", "--head", "35.2cm",
    )  # fmt: skip
    numpy = sys.executable, "-c", "import numpy"
    pair = in_turn(lambda: process(*growth), lambda: process(*numpy), runs)
    return [ratio("neocalc growth, whole process, over import numpy", 1.6, *pair)]


def velocity(rows: int, runs: int) -> list[Figure]:
    """Velocity of a table of visits over scoring their attained z alone."""
    table = cohort(rows).sort("subject_id", "measured_on")
    first = table.group_by("subject_id", maintain_order=True).agg(
        pl.col("sex", "birth_date", "gestational_age").first()
    )
    table = table.drop("sex", "birth_date", "gestational_age").join(
        first, on="subject_id", maintain_order="left"
    )
    pair = in_turn(lambda: nc.velocity.score(table), lambda: nc.score(table), runs)
    return [ratio(f"nc.velocity.score, {rows:,} visits, over nc.score", 2.0, *pair)]


def peers() -> list[Figure]:
    """Time per z against each installed peer."""
    from peers import time_peers  # noqa: PLC0415 - it looks for packages that may not be there

    found = [row for row in time_peers() if "microseconds_per_z" in row]
    ours = [row for row in found if row["name"] == "neocalc"]
    return [
        Figure(
            f"time per z over {row['name']} {row['version']} ({row['task']})",
            float(str(mine["microseconds_per_z"])) / float(str(row["microseconds_per_z"])),
            1 / 50, float(str(mine["microseconds_per_z"])), float(str(row["microseconds_per_z"])),
            "us", 0, 5,
        )
        for row in found
        for mine in ours
        if row["name"] != "neocalc" and mine.get("task") == row.get("task")
    ]  # fmt: skip


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "polars": pl.__version__,
        "neocalc": nc.__version__,
    }


def main() -> int:
    """Run, print, keep and check."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--check", metavar="FILE")
    parser.add_argument("--peers", action="store_true", help="also the installed peers")
    options = parser.parse_args()
    rows, runs = (100_000, 5) if options.quick else (1_000_000, 7)
    figures = start_up(15) + kernel(rows, runs) + velocity(rows, 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures += files(folder, rows, 3 if options.quick else 5)
        if not options.quick:
            figures += growth_of_work(folder, rows, 2)
    if options.peers:
        figures += peers()
    about = machine()
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(f"{'ratio':>8}  {'at most':>8}  {'spread':>6}  what")
    for f in figures:
        mark = " " if f.ratio <= f.target else "*"
        print(f"{f.ratio:8.3f}{mark} {f.target:8.3f}  {f.spread:6.0%}  {f.what}")
    if options.json:
        kept = {"about": about, "figures": [asdict(f) for f in figures]}
        Path(options.json).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if options.check:
        kept = json.loads(Path(options.check).read_text(encoding="utf-8"))
        before = {f["what"]: f["ratio"] for f in kept["figures"]}
        slower = [f.what for f in figures if f.ratio > 2 * before.get(f.what, float("inf"))]
        for what in slower:
            print(f"twice as slow as kept: {what}")
        return int(bool(slower))
    return 0


if __name__ == "__main__":
    sys.exit(main())
