"""A soak: very many rows streamed through `neocalc score`, with its memory watched.

The rows are made while they are scored and never stored; what is kept of the run is how many rows
had gone in and how much memory the process held, second by second.

    python benchmarks/soak.py                      100 million rows, to Parquet
    python benchmarks/soak.py --rows 5e6 --to csv  fewer, to CSV
    python benchmarks/soak.py --seconds 600        stop feeding after ten minutes
    python benchmarks/soak.py --json FILE          keep the figures
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from run import cohort, machine

BATCH = 100_000
DIFFERENT = 10
"""Batches that differ; they come round again."""


def resident(pid: int, which: str = "VmRSS") -> float:
    """Memory that a process holds, or held at most (VmHWM) [MiB]."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(which)) / 1024


def soak(rows: int, kind: str, seconds: float, folder: Path) -> dict[str, Any]:
    """Feed the rows and watch."""
    header, batches = b"", []
    for seed in range(DIFFERENT):
        text = cohort(BATCH, seed=seed).write_csv().encode()
        header, _, body = text.partition(b"\n")
        batches.append(body)
    out = folder / f"scored.{kind}"
    command = (sys.executable, "-m", "neocalc", "score", "-", "-o", str(out))
    scoring = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert scoring.stdin is not None
    watched: list[tuple[float, int, float]] = []
    fed, start, ended = 0, time.perf_counter(), threading.Event()

    def watch() -> None:
        while not ended.wait(1):
            watched.append((time.perf_counter() - start, fed, resident(scoring.pid)))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        scoring.stdin.write(header + b"\n")
        for batch in itertools.cycle(batches):
            if fed >= rows or time.perf_counter() - start > seconds:
                break
            scoring.stdin.write(batch)
            fed += BATCH
        scoring.stdin.close()
        said = scoring.stderr.read().decode() if scoring.stderr else ""
        ended.set()
        watching.join()
        highest = max(memory for _, _, memory in watched) if watched else 0.0
    finally:
        ended.set()
        _, status, usage = os.wait4(scoring.pid, 0)
        scoring.returncode = os.waitstatus_to_exitcode(status)
    taken = time.perf_counter() - start
    if scoring.returncode:
        raise SystemExit(f"neocalc score: exit status {scoring.returncode}: {said}")
    record = json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))
    if record["rows"] != fed:
        raise SystemExit(f"{record['rows']:,} rows came out of {fed:,}")
    return {
        "about": machine(),
        "rows": fed,
        "to": kind,
        "seconds": taken,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "rows_per_second": fed / taken,
        "highest_mib": highest,
        "watched": [(round(t, 1), n, round(memory, 1)) for t, n, memory in watched],
    }


def shown(found: dict[str, Any], lines: int = 10) -> str:
    """The run as a table of so many lines."""
    every = max(1, found["rows"] // lines)
    text = [f"{'rows':>12} {'seconds':>8} {'MiB':>6}"]
    following = every
    for seconds, fed, memory in found["watched"]:
        if fed >= following:
            text.append(f"{fed:>12,} {seconds:>8.0f} {memory:>6.0f}")
            following = (fed // every + 1) * every
    text.append(
        f"{found['rows']:,} rows in {found['seconds']:.0f} s"
        f" ({found['rows_per_second']:,.0f} rows a second,"
        f" {found['cpu_seconds']:.0f} s of processor time); at most {found['highest_mib']:.0f} MiB"
    )
    return "\n".join(text)


def main() -> int:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=float, default=1e8)
    parser.add_argument("--to", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = soak(int(options.rows), options.to, options.seconds, Path(name))
    print(", ".join(f"{key} {value}" for key, value in found["about"].items()))
    print(shown(found))
    if options.json:
        Path(options.json).write_text(json.dumps(found) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
