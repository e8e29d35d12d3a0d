"""The benchmarks: one command prints one table of ratios, and keeps it as JSON.

Every figure is a ratio of two things timed in turn in the same run, so that it holds on another
machine and when a machine's speed drifts. A ratio is the median of those of the pairs of runs; its
spread is the distance between the lowest and the highest of them, as a part of the median. Beside
the ratio of the times by the clock stands that of the time of all processors, which other work on
the machine hardly changes: it is the one that a check compares.

    python benchmarks/run.py                 everything, under ten minutes
    python benchmarks/run.py --quick         small: for continuous integration
    python benchmarks/run.py --json FILE     keep the table
    python benchmarks/run.py --quick --check FILE
                                             fail when a ratio is twice that kept in FILE, also when
                                             it is measured again
    python benchmarks/run.py --peers         also the installed peers (requirements-peers.txt)
"""

from __future__ import annotations

import argparse
import json
import math
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
from typing import Any, NamedTuple

import numpy as np
import polars as pl

import neocalc as nc
from neocalc.references.catalogue import reference

MEASURES = ("weight", "length", "head_circumference", "bmi")
CHUNK = 16_384


@dataclass
class Figure:
    """One line of the table: a ratio, what it may be at most, and what it was measured from."""

    what: str
    ratio: float
    processor: float
    target: float | None
    numerator: float
    denominator: float
    unit: str
    spread: float
    runs: int


class Taken(NamedTuple):
    """What a run took: seconds by the clock and of all processors, and memory at most [MiB]."""

    seconds: float
    processor: float
    memory: float = math.nan


Pair = tuple[list[Taken], list[Taken]]


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


WORSE = 2
"""A ratio that is so many times the one that is kept fails the check."""
AGAIN = 2
"""How often it is measured again before it does."""
HEADING = f"{'ratio':>8}  {'at most':>8}  {'spread':>6}  processor  what"
GRID = (-80, -40, 0, 90, 180, 365, 730, 1096)
WEIGHT = (1.0, 2.1, 3.4, 6.0, 7.6, 9.3, 11.8, 14.0)
LENGTH = (36, 44, 50, 60, 66, 75, 87, 95)
HEAD = (26, 31, 35, 40, 43, 45.5, 48, 49)


def in_turn(first: Callable[[], Taken], second: Callable[[], Taken], runs: int) -> Pair:
    """What two things take, measured in turn after a warm-up of each."""
    taken: Pair = ([], [])
    for run in range(-1, runs):
        for measured, kept in zip((first, second), taken, strict=True):
            found = measured()
            if run >= 0:
                kept.append(found)
    return taken


def call(function: Callable[[], object]) -> Callable[[], Taken]:
    """What a call takes in this process, with its threads."""

    def measured() -> Taken:
        start, processor = time.perf_counter(), time.process_time()
        function()
        return Taken(time.perf_counter() - start, time.process_time() - processor)

    return measured


def ratio(what: str, target: float | None, pair: Pair) -> Figure:
    """A line of the table; the spread is that of the ratios pair by pair."""
    first, second = pair
    pairs = [a.seconds / b.seconds for a, b in zip(first, second, strict=True)]
    middle = statistics.median(pairs)
    return Figure(
        what,
        middle,
        statistics.median(a.processor / b.processor for a, b in zip(first, second, strict=True)),
        target,
        statistics.median(a.seconds for a in first),
        statistics.median(b.seconds for b in second),
        "s",
        (max(pairs) - min(pairs)) / middle,
        len(pairs),
    )


def kernel(rows: int, runs: int) -> list[Figure]:
    """`nc.zscore` on arrays over the bare arithmetic of the same four indices.

    Bare: no units, policy, statuses or references; one table and one age for everybody, in chunks
    that fit the cache of one core.
    """
    rng = np.random.default_rng(0)
    days, gestation = rng.integers(0, 1096, rows), rng.integers(168, 290, rows)
    male = rng.integers(0, 2, rows)
    sex = np.array(["f", "m"])[male]
    stated = nc.Q(gestation, "day")
    age = nc.Age.from_days(days, gestation=stated)
    tables = {measure: reference("who-2006").table(measure) for measure in MEASURES}
    # As term children of that age: what the arithmetic takes does not depend on it.
    wild = {
        m: t.M[male, days] * np.exp(rng.normal(0, 1, rows) * t.S[male, days])
        for m, t in tables.items()
    }
    values = {}
    for measure, other in wild.items():
        z = rng.normal(0, 1, rows)
        usual = nc.measurement(measure, z, sex=sex, age=age).magnitude
        values[measure] = np.where(np.isnan(usual), other, usual)

    def bare() -> None:
        for measure, table in tables.items():
            L, M, S = table.L.ravel(), table.M.ravel(), table.S.ravel()
            y, z = values[measure], np.empty(rows)
            for start in range(0, rows, CHUNK):
                b = slice(start, start + CHUNK)
                at = male[b] * table.L.shape[1] + days[b]
                power = L.take(at)
                z[b] = np.expm1(power * np.log(y[b] / M.take(at))) / (power * S.take(at))

    def scored(given: dict[str, Any]) -> None:
        age.resolved.clear()  # a policy is applied once to an age, however many indices there are
        for measure, quantity in given.items():
            nc.zscore(measure, quantity, sex=sex, age=age)

    def words(given: dict[str, Any]) -> None:
        age = nc.Age.from_days(days, gestation=stated)
        for measure, quantity in given.items():
            result = nc.zscore(measure, quantity, sex=sex, age=age)
            _ = result.status, result.reference

    usual = {m: nc.Q(values[m], t.unit) for m, t in tables.items()}
    extreme = {m: nc.Q(wild[m], t.unit) for m, t in tables.items()}
    beyond = np.mean([np.abs(nc.zscore(m, q, sex=sex, age=age).z) > 3 for m, q in extreme.items()])
    name = f"nc.zscore, four indices, {rows:,} rows, over bare NumPy"
    against = call(bare)
    others = {
        f"{name}; {beyond:.0%} beyond 3 SD": lambda: scored(extreme),
        f"{name}; with ages, and statuses and references as words": lambda: words(usual),
    }
    return [
        ratio(name, 2.0, in_turn(call(lambda: scored(usual)), against, runs)),
        *(ratio(what, None, in_turn(call(run), against, runs)) for what, run in others.items()),
    ]


MEASURED = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
"""


def process(*command: str) -> Taken:
    """What a whole process takes.

    A small process starts it: the system counts to a new process what the one that starts it holds.
    """
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, *command], capture_output=True, text=True, check=True
    )
    code, *taken = measured.stdout.split()
    if code != "0":
        raise SystemExit(f"{' '.join(command)}: exit status {code}: {measured.stderr}")
    return Taken(*map(float, taken))


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
        figures.append(ratio(name, target, pair))
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
    pair = in_turn(
        partial(process, *score_command(large, out)),
        partial(process, *score_command(small, out)),
        runs,
    )
    large.unlink()
    of_large, of_small = pair
    peak, small_peak = (statistics.median(one.memory for one in many) for many in pair)
    held = [a.memory / b.memory for a, b in zip(of_large, of_small, strict=True)]
    spread = (max(held) - min(held)) / statistics.median(held)
    more = statistics.median(held)
    name = f"peak memory of {10 * rows:,} rows"
    return [
        ratio(f"time of {10 * rows:,} rows over {rows:,}", 10.5, pair),
        Figure(f"{name} over {rows:,}", more, more, 1.2, peak, small_peak, "MiB", spread, runs),
        Figure(f"{name} [MiB]", peak, peak, 400, peak, 1, "MiB", spread, runs),
    ]


def start_up(runs: int) -> list[Figure]:
    """`neocalc growth` as a whole process over importing NumPy."""
    growth = (
        sys.executable, "-m", "neocalc", "growth", "--sex", "f", "--gestation", "27+3",
        "--born", "2026-05-01", "--on", "2026-08-14",
        "--weight", "3100g", "--length", "49.5cm", "--head", "35.2cm",
    )  # fmt: skip
    numpy = sys.executable, "-c", "import numpy"
    pair = in_turn(partial(process, *growth), partial(process, *numpy), runs)
    return [ratio("neocalc growth, whole process, over import numpy", 1.6, pair)]


def velocity(rows: int, runs: int) -> list[Figure]:
    """Velocity of a table of visits over scoring their attained z alone."""
    table = cohort(rows).sort("subject_id", "measured_on")
    first = table.group_by("subject_id", maintain_order=True).agg(
        pl.col("sex", "birth_date", "gestational_age").first()
    )
    table = table.drop("sex", "birth_date", "gestational_age").join(
        first, on="subject_id", maintain_order="left"
    )
    pair = in_turn(call(lambda: nc.velocity.score(table)), call(lambda: nc.score(table)), runs)
    return [ratio(f"nc.velocity.score, {rows:,} visits, over nc.score", 2.0, pair)]


def peers() -> list[Figure]:
    """Time per z against each installed peer."""
    from peers import time_peers  # noqa: PLC0415 - it looks for packages that may not be there

    found = [row for row in time_peers() if "microseconds_per_z" in row]
    figures = []
    for row in found:
        mine = next(r for r in found if r["name"] == "neocalc" and r["task"] == row["task"])
        if row is not mine:
            ours, theirs = (float(str(r["microseconds_per_z"])) for r in (mine, row))
            what = f"time per z over {row['name']} {row['version']} ({row['task']})"
            most = None if row["name"] == "pedgrowth" else 1 / 50
            part = ours / theirs
            figures.append(Figure(what, part, part, most, ours, theirs, "us", 0, 5))
    return figures


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    about = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "polars": pl.__version__,
        "neocalc": nc.__version__,
    }
    if hasattr(os, "getloadavg"):
        about["load when it began"] = f"{os.getloadavg()[0]:.1f}"
    return about


def groups(folder: Path, *, quick: bool, peers_too: bool) -> list[Callable[[], list[Figure]]]:
    """The parts of the table, each of which can be measured again by itself."""
    if quick:
        return [
            partial(start_up, 7),
            partial(kernel, 250_000, 9),
            partial(velocity, 30_000, 3),
            partial(files, folder, 200_000, 3),
        ]
    return [
        partial(start_up, 15),
        partial(kernel, 1_000_000, 15),
        partial(velocity, 1_000_000, 3),
        partial(files, folder, 1_000_000, 7),
        partial(growth_of_work, folder, 1_000_000, 2),
        *([peers] if peers_too else []),
    ]


def line(f: Figure) -> str:
    """A line of the table."""
    over = f.target is not None and f.ratio > f.target
    ratio, processor = figure(f.ratio), figure(f.processor)
    most = "-" if f.target is None else figure(f.target)
    return f"{ratio:>8}{'*' if over else ' '} {most:>8}  {f.spread:6.0%}  {processor:>9}  {f.what}"


def figure(ratio: float) -> str:
    """A ratio as it is read: a small one as a part of 1."""
    return f"{ratio:.3f}" if ratio > 0.1 else f"1/{1 / ratio:,.0f}"


def slower(figures: list[Figure], before: dict[str, float]) -> list[str]:
    """The figures that are more than twice what they were."""
    return [f.what for f in figures if f.processor > WORSE * before.get(f.what, math.inf)]


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
    before: dict[str, float] = {}
    if options.check:
        kept = json.loads(Path(options.check).read_text(encoding="utf-8"))
        before = {f["what"]: f["processor"] for f in kept["figures"]}
    about, figures, failed = machine(), [], []
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(HEADING)
    with tempfile.TemporaryDirectory() as name:
        for group in groups(Path(name), quick=options.quick, peers_too=options.peers):
            found = group()
            for _ in range(AGAIN):  # a machine may have been busy with something else
                if not slower(found, before):
                    break
                print("twice as slow as kept; measured again:", "; ".join(slower(found, before)))
                found = [
                    min(pair, key=lambda f: f.processor)
                    for pair in zip(found, group(), strict=True)
                ]
            failed += slower(found, before)
            figures += found
            print("\n".join(map(line, found)), flush=True)
    if options.json:
        text = json.dumps({"about": about, "figures": [asdict(f) for f in figures]}, indent=2)
        Path(options.json).write_text(text + "\n", encoding="utf-8")
    if not options.check:
        return 0
    compared = [f.what for f in figures if f.what in before]
    print(
        f"{len(compared)} of {len(figures)} ratios compared, by the time of all processors,"
        f" with those kept in {options.check}"
    )
    for figure in figures:
        if figure.what not in before:
            print(f"not kept, so not compared: {figure.what}")
    for what in failed:
        print(f"more than twice what was kept ({before[what]:.3f}): {what}")
    return int(bool(failed) or not compared)


if __name__ == "__main__":
    sys.exit(main())
