"""Try every fault: each call of the system that fails, each moment to stop, each damaged byte.

::

    python scripts/try_faults.py            # `make faults`: all, in an hour or two
    python scripts/try_faults.py --keep     # and docs/faults.json, and the section of the page
    python scripts/try_faults.py --page     # the section again, from docs/faults.json
    python scripts/try_faults.py --every 10 --keep     # of the calls each tenth trial

It needs a C compiler and Linux. The exit status is 1 when something was not as it must be, and each
such trial is printed. The tests try some of the same (tests/files).
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]

import damage  # noqa: E402
import faults  # noqa: E402

KEPT: Final = ROOT / "docs" / "faults.json"
PAGE: Final = ROOT / "docs" / "validation.md"
TITLE: Final = "## 7. Damaged files, failing disks, interrupted runs"
ABOUT: Final = """
`make faults` tries them all; the tests try a part of them each time.

**A call of the system fails** (`tests/fault_shim.c`). Of all reads, writes and so on of a run
that touch its files, one fails with EIO or with ENOSPC, or its process or both processes are
killed there: {every}, without older outputs and over older ones. After each trial the
outputs are all new or all as before, the record is that of its output (its SHA-256 is in it),
what was said is true and is one line, and nothing else is left in the folder: at once, or, where
both processes were killed, when the next run has begun. The figures are calls; each call stands for
{actions} trials, and as many over older outputs.

{calls}

**A request to stop** at a random moment of the run: the same, within {longest} s.

{stops}

**A damaged file**: each byte in turn, one bit of it or all of them. It is refused in one line, or
the rows are the same as before; or a cell is another one, where the file has no checksum that
covers it. A CSV has none; a Parquet file has those that its writer put there, and never one for
its footer and the headers of its pages. Never are there other rows, a traceback, more than
{seconds} s or more than {memory} MiB.

{damaged}
"""
STOPS: Final = 40
"""Requests to stop each command by each signal."""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def section(kept: dict[str, Any]) -> str:
    """The section of the page."""
    calls = [
        [name, *(one.get(call, 0) or "" for call in faults.CALLS), one["trials"], one["wrong"]]
        for name, one in kept["calls"].items()
    ]
    stops = [[name, one["trials"], one["wrong"]] for name, one in kept["stops"].items()]
    damaged = [
        [
            name, f"{one['bytes']:,}", *(one["kinds"].get(kind, 0) for kind in KINDS),
            one["wrong"], f"{one['seconds']:.1f}", round(one["memory"]),
        ]
        for name, one in kept["damaged"].items()
    ]  # fmt: skip
    text = ABOUT.format(
        every="each call in turn"
        if kept.get("every", 1) == 1
        else f"of all these trials each {kept['every']}th",
        actions=len(faults.ACTIONS), longest=faults.LONGEST,
        seconds=damage.LONGEST, memory=damage.MOST,
        calls=table(["Command", *faults.CALLS, "trials", "wrong"], calls),
        stops=table(["Command", "requests", "wrong"], stops),
        damaged=table(["File", "bytes", *KINDS, "wrong", "longest [s]", "most [MiB]"], damaged),
    )  # fmt: skip
    return f"{TITLE}\n{text}"


KINDS: Final = (damage.REFUSED, damage.SAME, damage.CELLS)


def write_page(kept: dict[str, Any]) -> None:
    """Put the section at the end of the page."""
    before = PAGE.read_text(encoding="utf-8").partition(TITLE)[0].rstrip()
    PAGE.write_text(f"{before}\n\n{section(kept)}", encoding="utf-8")


class Places:
    """A folder for each thread."""

    def __init__(self, root: Path) -> None:
        self._root, self._count, self._own = root, itertools.count(), threading.local()

    def of(self, command: faults.Command, *, there: bool) -> faults.Place:
        """The folder of this thread, for a command."""
        if not hasattr(self._own, "folder"):
            self._own.folder = self._root / str(next(self._count)) / "folder"
        return faults.Place(self._own.folder, command, there=there)


def over_calls(places: Places, pool: ThreadPoolExecutor, every: int) -> dict[str, Any]:
    """Let each call of each command fail; of all these trials each n-th is made."""
    found: dict[str, Any] = {}
    for command in faults.COMMANDS:
        one: dict[str, Any] = {"trials": 0, "wrong": 0}
        tries: list[Callable[[], tuple[str, list[str]]]] = []
        for there, call in itertools.product((False, True), faults.CALLS):
            calls = faults.calls_of(places.of(command, there=there), call)
            one[call] = max(one.get(call, 0), calls)
            for at, action in itertools.product(range(1, calls + 1), faults.ACTIONS):

                def trial(
                    command: faults.Command = command, there: bool = there, call: str = call,
                    at: int = at, action: str = action,
                ) -> tuple[str, list[str]]:  # fmt: skip
                    name = f"{command.name}, {call} {at} {action}, older outputs: {there}"
                    return name, faults.trial(places.of(command, there=there), call, at, action)

                tries.append(trial)
        found[command.name] = counted(one, pool.map(lambda trial: trial(), tries[::every]))
    return found


def over_moments(places: Places, pool: ThreadPoolExecutor) -> dict[str, Any]:
    """Ask each command to stop at many moments."""
    found = {}
    draw = random.Random(11)
    for command in faults.COMMANDS:
        requests = [
            (number, draw.uniform(0, 1.5))
            for number in (signal.SIGINT, signal.SIGTERM)
            for _ in range(STOPS)
        ]

        def stop(
            request: tuple[int, float], command: faults.Command = command
        ) -> tuple[str, list[str]]:
            place = places.of(command, there=True)
            return f"{command.name}, stopped by {request}", faults.stopped(place, *request)

        found[command.name] = counted({"trials": 0, "wrong": 0}, pool.map(stop, requests))
    return found


def counted(one: dict[str, Any], results: Iterator[tuple[str, list[str]]]) -> dict[str, Any]:
    """Count trials; print those that were not as they must be."""
    for name, problems in results:
        one["trials"] += 1
        if problems:
            one["wrong"] += 1
            print(f"{name}: {problems}", flush=True)
    print(one, flush=True)
    return one


def over_bytes(root: Path) -> dict[str, Any]:
    """Change each byte of each kind of file."""
    found = {}
    for name, (content, covered) in damage.contents(root).items():
        folder = root / "damaged"
        folder.mkdir(exist_ok=True)
        flips = damage.every_byte(content)
        result = damage.tried(folder, damage.named(name), content, flips, covered)
        for wrong in result.wrong:
            print(wrong, flush=True)
        found[name] = {
            "bytes": len(content), "kinds": dict(result.kinds), "wrong": len(result.wrong),
            "seconds": round(result.seconds, 2), "memory": round(result.memory, 1),
        }  # fmt: skip
        print(name, found[name], flush=True)
    return found


def main() -> int:
    """Try them all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="write docs/faults.json and the page")
    parser.add_argument("--page", action="store_true", help="write the page from docs/faults.json")
    parser.add_argument("--every", type=int, default=1, help="of the calls each n-th trial")
    parser.add_argument("--jobs", type=int, default=2, help="trials at the same time")
    options = parser.parse_args()
    if options.page:
        write_page(json.loads(KEPT.read_text(encoding="utf-8")))
        return 0
    if faults.shim() is None:
        sys.exit("a C compiler and Linux are needed")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
        places = Places(Path(folder))
        kept = {
            "damaged": over_bytes(Path(folder)),
            "stops": over_moments(places, pool),
            "calls": over_calls(places, pool, options.every),
            "every": options.every,
        }
    if options.keep:
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        write_page(kept)
    parts = (kept["damaged"], kept["stops"], kept["calls"])
    return int(any(one["wrong"] for part in parts for one in part.values()))


if __name__ == "__main__":
    sys.exit(main())
