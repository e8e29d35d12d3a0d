"""Fuzz everything that a user types or feeds: each target for a fixed time, guided by coverage.

::

    python fuzz/fuzzer.py                          every target for 10 seconds
    python fuzz/fuzzer.py dates words --seconds 120
    python fuzz/fuzzer.py dates --input FILE       one input again, with its traceback
    python fuzz/fuzzer.py --list

Needs atheris: pip install atheris. Exit status 0: nothing was found; 1: an input made something
other than a `NeocalcError`, hung, or took too much memory; 2: it cannot run. What is found lies in
build/fuzz/TARGET/; made small, it belongs in fuzz/findings/TARGET/ and is then a test.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent
BUILD: Final = HERE.parent / "build" / "fuzz"
MEMORY: Final = 1_536
"""A process that holds more is stopped: polars and NumPy alone hold 200 [MB]."""
FUZZED: Final = ("neocalc", "tomllib")
"""The packages whose branches guide the fuzzer."""
NOT_FUZZED: Final = ("chart", "report", "spark")
"""Modules of neocalc that read nothing that a user types, or need an extra."""


class Outcome(NamedTuple):
    """What came of one target."""

    target: str
    inputs: int
    branches: int
    memory: int
    fault: str

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        return [
            self.target, f"{self.inputs:,}", f"{self.branches:,}", f"{self.memory:,} MB",
            "FOUND" if self.fault else "nothing",
        ]  # fmt: skip


def main() -> int:
    """Fuzz the targets that are named, or all."""
    sys.path.insert(0, str(HERE))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=10, help="for each target; default 10")
    parser.add_argument("--seed", type=int, default=1, help="0: another one each time")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time; default 1")
    parser.add_argument("--input", metavar="FILE", help="run one input, without the fuzzer")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("--worker", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    from targets import TARGETS

    names = options.targets or list(TARGETS)
    unknown = sorted(set(names) - set(TARGETS))
    if unknown:
        parser.error(f"there is no target {', '.join(unknown)}; accepted: {', '.join(TARGETS)}")
    if options.list:
        for name, target in TARGETS.items():
            print(f"{name:<16} {(target.run.__doc__ or '').splitlines()[0]}")
        return 0
    if options.input is not None:
        for name in names:
            TARGETS[name].run(Path(options.input).read_bytes())
            print(f"{name}: nothing")
        return 0
    if importlib.util.find_spec("atheris") is None:
        print("fuzz/fuzzer.py: needs atheris: pip install atheris", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda name: fuzz(name, options.seconds, options.seed), names))
    rows = [["Target", "Inputs", "Branches", "Memory", "Found"], *(o.cells for o in outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip())
    for outcome in outcomes:
        if outcome.fault:
            print(f"\n{outcome.target}\n{outcome.fault}")
    return int(any(outcome.fault for outcome in outcomes))


def fuzz(name: str, seconds: int, seed: int) -> Outcome:
    """Fuzz one target in a process of its own."""
    from targets import TARGETS

    target, place = TARGETS[name], BUILD / name
    (place / "corpus").mkdir(parents=True, exist_ok=True)
    seeds = [folder for folder in (HERE / "corpus" / name, HERE / "findings" / name)
             if folder.is_dir()]  # fmt: skip
    dictionary = HERE / "dictionaries" / f"{name}.dict"
    command = [
        sys.executable, str(Path(__file__).resolve()), "--worker", name, str(place / "corpus"),
        *map(str, seeds), f"-max_total_time={seconds}", f"-max_len={target.longest}",
        f"-timeout={target.seconds}", f"-rss_limit_mb={MEMORY}", f"-seed={seed}",
        f"-artifact_prefix={place}/", "-print_final_stats=1", "-verbosity=1",
        *([f"-dict={dictionary}"] if dictionary.exists() else []),
    ]  # fmt: skip
    quiet = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False,
        env=os.environ | quiet,
    )  # fmt: skip
    said = done.stdout + done.stderr
    (place / "log.txt").write_text(said, encoding="utf-8")
    branches = _last(r"cov: (\d+)", said)
    blind = "" if branches else "No branch of it was seen: its modules must be imported in work()."
    return Outcome(
        name,
        _last(r"stat::number_of_executed_units: (\d+)", said) or _last(r"^#(\d+)", said),
        branches,
        _last(r"stat::peak_rss_mb: +(\d+)", said) or _last(r"rss: (\d+)Mb", said),
        blind if done.returncode == 0 else _fault(said, name),
    )


def _last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text, re.MULTILINE)
    return int(found[-1]) if found else 0


def _fault(said: str, name: str) -> str:
    """The traceback, or what libFuzzer says, and how to see it again."""
    start = said.find("=== Uncaught Python exception")
    if start < 0:
        start = max(said.find("ERROR: libFuzzer"), said.rfind("Traceback"), 0)
    lines = [
        line
        for line in said[start:].splitlines()
        if line and not line.startswith(("#", "INFO", "WARNING"))
    ][-30:]
    written = re.findall(r"Test unit written to (\S+)", said)
    again = (
        f"python fuzz/fuzzer.py {name} --input {written[-1]}" if written else f"log: build/{name}"
    )
    return "\n".join([*lines, f"Again: {again}"])


def work(name: str, *arguments: str) -> int:
    """Run the fuzzer in this process; it does not return."""
    import atheris

    with atheris.instrument_imports(include=list(FUZZED)):
        import tomllib  # noqa: F401

        import neocalc

        for module in pkgutil.walk_packages(neocalc.__path__, "neocalc."):
            if not {"__main__", *NOT_FUZZED} & set(module.name.split(".")):
                importlib.import_module(module.name)
    from targets import TARGETS

    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
