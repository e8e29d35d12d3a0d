"""Scoring on one and on two local Spark executors: a small table of ratios, kept as JSON.

A session of `local[1]` is held to one core and one of `local[2]` to two, as executors on a cluster
are; sessions of both kinds take turns, so that a machine whose speed drifts drifts for both. Every
job reads Parquet and writes Parquet. Needs Java, the extra "spark", and Linux (for /proc).

    python benchmarks/spark.py                  one million rows, about ten minutes
    python benchmarks/spark.py --rows 10000000
    python benchmarks/spark.py --json FILE      keep the figures
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import polars as pl

import neocalc as nc

# Beside this script: the simulated cohort, and how ratios are taken and shown.
run: Any = importlib.import_module("run")

PARTITIONS = 8
CORES = (1, 2)
LARGE = "score in batches of 100,000"
Times = dict[str, list[float]]


def write_cohort(folder: Path, rows: int) -> None:
    """Visits in as many files as there are to be partitions; what is constant in a child is so."""
    folder.mkdir()
    for part in range(PARTITIONS):
        table = run.cohort(rows // PARTITIONS, seed=part)
        constant = table.group_by("subject_id", maintain_order=True).agg(
            pl.col("sex", "birth_date", "gestational_age").first()
        )
        table = (
            table.drop("sex", "birth_date", "gestational_age")
            .join(constant, on="subject_id", maintain_order="left")
            .with_columns(pl.format("{}-{}", pl.lit(part), "subject_id").alias("subject_id"))
        )
        table.write_parquet(folder / f"{part}.parquet")


def hold_to(cores: int) -> None:
    """Keep this process, and the Java and Python processes that it starts, on so many cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def timed(jobs: dict[str, Callable[[], object]], runs: int) -> Times:
    """Seconds of each job, and of the cores for it, in turn, after a warm-up of each."""
    times: Times = defaultdict(list)
    for at in range(-1, runs):
        for name, job in jobs.items():
            start, used = time.perf_counter(), core_seconds()
            job()
            if at >= 0:
                times[name].append(time.perf_counter() - start)
                times[f"{name} [core-seconds]"].append(core_seconds() - used)
    return times


def started() -> list[Path]:
    """The folders in /proc of this process and of all that it started."""
    parents = {
        path: path.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
        for path in Path("/proc").glob("[0-9]*")
        if path.joinpath("stat").exists()
    }
    found = {str(os.getpid())}
    while more := {path.name for path, parent in parents.items() if parent in found} - found:
        found |= more
    return [path for path in parents if path.name in found]


def core_seconds() -> float:
    """Time of all cores in this process and those that it started: others do not count [s]."""
    ticks = 0
    for path in started():
        fields = path.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # with that of children that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def on_spark(folder: Path, cores: int, runs: int) -> Times:
    """The jobs on `local[cores]`."""
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    hold_to(cores)
    from pyspark.sql import SparkSession  # noqa: PLC0415 - after the environment is set

    from neocalc import spark as neocalc_spark  # noqa: PLC0415 - likewise

    session = (
        SparkSession.builder.master(f"local[{cores}]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.sql.shuffle.partitions", str(PARTITIONS))
        .config("spark.sql.files.openCostInBytes", "1g")  # every file a partition of its own
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    visits = session.read.parquet(str(folder / "in"))

    def write(table: Any, batch: int = 10_000) -> None:
        session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", str(batch))
        table.write.mode("overwrite").parquet(str(folder / "out"))

    times = timed(
        {
            "copy": lambda: write(visits),
            "score": lambda: write(neocalc_spark.score(visits)),
            LARGE: lambda: write(neocalc_spark.score(visits), 100_000),
            "velocity": lambda: write(neocalc_spark.velocity(visits)),
        },
        runs,
    )
    assert session.read.parquet(str(folder / "out")).count() == visits.count()
    times |= memory()
    session.stop()
    return times


def on_polars(folder: Path, cores: int, runs: int) -> Times:
    """The same without Spark: polars reads, streams and writes."""
    hold_to(cores)
    os.environ["POLARS_MAX_THREADS"] = str(cores)
    visits = pl.scan_parquet(folder / "in")
    return timed({"score": lambda: nc.score(visits).sink_parquet(folder / "out.parquet")}, runs)


def memory() -> Times:
    """Peak memory of Java and of the largest Python worker [MiB]."""
    peaks: Times = {"Java [MiB]": [], "Python worker [MiB]": []}
    for path in started():
        lines = path.joinpath("status").read_text(encoding="utf-8").splitlines()
        facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        if path.name != str(os.getpid()) and "VmHWM" in facts:
            kind = "Java [MiB]" if facts["Name"] == "java" else "Python worker [MiB]"
            peaks[kind].append(int(facts["VmHWM"].split()[0]) / 1024)
    return {kind: [max(sizes)] for kind, sizes in peaks.items() if sizes}


def in_processes(folder: Path, runs: int, rounds: int) -> dict[tuple[str, int], Times]:
    """Every session in a process of its own, one kind after the other, several times."""
    found: dict[tuple[str, int], Times] = defaultdict(lambda: defaultdict(list))
    for _ in range(rounds):
        for engine in ("spark", "polars"):
            for cores in CORES:
                command = [sys.executable, __file__, "--session", engine, str(cores), str(runs)]
                done = subprocess.run(
                    [*command, str(folder)], check=True, stdout=subprocess.PIPE, text=True
                )
                times = json.loads(done.stdout.splitlines()[-1])
                for job, values in times.items():
                    found[engine, cores][job] += values
    return found


def ratio(what: str, first: tuple[Times, str], second: tuple[Times, str]) -> Any:
    """A line of the table: a job of one kind of session over another."""
    pair = tuple(
        [run.Taken(*both) for both in zip(times[job], times[f"{job} [core-seconds]"], strict=True)]
        for times, job in (first, second)
    )
    return run.ratio(what, None, pair)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of each job in each session")
    parser.add_argument("--rounds", type=int, default=2, help="sessions of each kind")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--session", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.session:
        engine, cores, runs, folder = options.session
        measure = on_spark if engine == "spark" else on_polars
        print("\n" + json.dumps(measure(Path(folder), int(cores), int(runs))))
        return
    with tempfile.TemporaryDirectory() as name:
        write_cohort(Path(name) / "in", options.rows)
        found = in_processes(Path(name), options.runs, options.rounds)
    one, two = found["spark", 1], found["spark", 2]
    rows = f"{options.rows:,} rows"
    figures = [
        ratio(f"score, {rows}: local[2] over local[1]", (two, "score"), (one, "score")),
        ratio(f"velocity, {rows}: local[2] over local[1]", (two, "velocity"), (one, "velocity")),
        ratio(f"score over reading and writing, {rows}", (two, "score"), (two, "copy")),
        ratio("batches of 100,000 over batches of 10,000", (two, LARGE), (two, "score")),
        ratio("velocity over score", (two, "velocity"), (two, "score")),
        ratio("local[2] over polars on two cores", (two, "score"), (found["polars", 2], "score")),
    ]
    about = run.machine() | {p: metadata.version(p) for p in ("pyspark", "pyarrow")}
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(run.HEADING)
    print("\n".join(map(run.line, figures)))
    print(f"Medians for {rows}; of memory, the peak")
    for (engine, cores), times in found.items():
        for job, values in times.items():
            kind = job if job.endswith("]") else f"{job} [s]"
            print(f"{statistics.median(values):8.2f}  {engine}, cores: {cores}, {kind}")
    if options.json:
        kept = {
            "about": about,
            "rows": options.rows,
            "figures": [asdict(f) for f in figures],
            "measured": {f"{engine} {cores}": times for (engine, cores), times in found.items()},
        }
        Path(options.json).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
