"""Trials of a command while a call of the system fails, or a process is killed there.

A small library (`fault_shim.c`) is loaded before all others and makes one call fail: of the reads,
writes, renames and so on of a run, the n-th. It is compiled when it is needed. After each trial the
outputs are all new or all as they were, what was said is true, and nothing is left behind, at the
latest when the next run is over.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from neocalc.files.runs import sweep

ROOT: Final = Path(__file__).resolve().parents[1]
CALLS: Final = (
    "read", "write", "close", "fsync", "rename", "open", "link", "unlink", "mkdir", "rmdir",
    "chmod", "truncate",
)  # fmt: skip
"""The calls that fail."""
ACTIONS: Final = ("EIO", "ENOSPC", "KILL", "KILLALL")
"""What happens at the call: it fails with an error, its process is killed, or all processes are."""
LONGEST: Final = 30
"""How long a run may take [s]."""
VISITS: Final = ROOT / "examples" / "cohort.csv"
_SMALL: Final = """
def small(real=command._command):
    from neocalc.files import sources as files, spill; from neocalc.cohort import wholes
    files.MOST_ROWS, spill.PARTS, wholes.HELD = 50, 4, 100
    return real()
command._command = small
"""
_STARTED: Final = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
def masked(*given, real=signal.pthread_sigmask):
    signal.pthread_sigmask = real
    real(*given)
    print(flush=True)
signal.pthread_sigmask = masked
"""
"""A command that says when it hears requests to stop; a shell starts some to ignore SIGINT."""
OLD: Final = b"what was there before\n"


@dataclass(frozen=True)
class Command:
    """A command that is tried.

    Attributes
    ----------
    name : str
        For the table of results.
    arguments : tuple of str
        Its input is in.csv or in.parquet, in the folder where it runs.
    outputs : tuple of str
        The files that it writes, all of them or none.
    is_small : bool
        Whether it has as little memory as for a file that is far larger than it, whose rows come
        in any order.
    """

    name: str
    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    is_small: bool = False


DOSE = (
    "dose", "--dose", "1 million cells/kg", "--weight", "2.35kg",
    "--viable-concentration", "2 million cells/mL", "--audit", "trail.jsonl",
)  # fmt: skip
COMMANDS: Final = (
    Command("score, CSV", ("score", "in.csv", "-o", "out.csv"), ("out.csv", "out.csv.json")),
    Command(
        "score, Parquet",
        ("score", "in.parquet", "-o", "out.parquet"),
        ("out.parquet", "out.parquet.json"),
    ),
    Command("velocity", ("velocity", "in.csv", "-o", "out.csv"), ("out.csv", "out.csv.json")),
    Command(
        "velocity, by temporary files",
        ("velocity", "in.csv", "-o", "out.csv"),
        ("out.csv", "out.csv.json"),
        is_small=True,
    ),
    Command("report", ("report", "in.csv", "-o", "out.html"), ("out.html",)),
    Command("chart", ("chart", "in.csv", "-o", "out.svg"), ("out.svg",)),
    Command("dose --audit", DOSE, ("trail.jsonl",)),
)


@functools.cache
def shim() -> Path | None:
    """The library, compiled; None where there is no compiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    source = ROOT / "tests" / "fault_shim.c"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    built = Path(tempfile.gettempdir(), f"neocalc-fault-shim-{os.getuid()}-{digest}.so")
    if not built.exists():
        draft = built.with_suffix(f".{os.getpid()}")
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(draft), str(source), "-ldl"]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return None
        draft.replace(built)
    return built


@dataclass
class Ended:
    """How a run ended: exit status and standard error; and how many calls there were."""

    code: int
    err: str
    calls: int


class Place:
    """A folder in which a command is tried.

    Parameters
    ----------
    folder : pathlib.Path
        Empty, or with what an earlier trial left.
    command : Command
    there : bool
        Whether older outputs are there, which are replaced.
    """

    def __init__(self, folder: Path, command: Command, *, there: bool) -> None:
        self.folder, self.command, self.there = folder, command, there
        self.inputs = self._inputs()
        self.state = folder.with_name(f"{folder.name}.calls")
        self.temporary = folder / "temporary"

    def _inputs(self) -> dict[str, bytes]:
        if "in.parquet" not in self.command.arguments:
            visits = VISITS.read_bytes()
            if self.command.is_small:
                head, *rows = visits.splitlines(keepends=True)
                random.Random(3).shuffle(rows)
                visits = b"".join([head, *rows])
            return {"in.csv": visits} if "in.csv" in self.command.arguments else {}
        import io

        import polars as pl

        made = io.BytesIO()
        pl.read_csv(VISITS, infer_schema=False).write_parquet(made, row_group_size=100)
        return {"in.parquet": made.getvalue()}

    def set_up(self) -> None:
        """Have in the folder what is there before a run, and nothing else."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.temporary.mkdir(parents=True)
        for name, content in self.inputs.items():
            (self.folder / name).write_bytes(content)
        if self.there:
            for name in self.command.outputs:
                (self.folder / name).write_bytes(OLD)

    def environment(self, more: dict[str, str]) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": str(self.temporary),
            **more,
        }

    def argv(self, before: str = "") -> list[str]:
        """The command line; `before`: what is done first."""
        force = ["--force"] if self.command.outputs[0].startswith("out") else []
        before += _SMALL if self.command.is_small else ""
        code = f"import sys, neocalc.__main__ as command\n{before}\nsys.exit(command.main())"
        way = ["-c", code] if before else ["-m", "neocalc"]
        return [sys.executable, *way, *self.command.arguments, *force]

    def run(
        self, call: str = "read", at: int = 0, action: str = "EIO", *, all_: bool = False
    ) -> Ended:
        """Run the command while one call fails."""
        self.state.write_bytes(bytes(16))
        faults = {
            "LD_PRELOAD": str(shim()),
            "FAULT_FOLDER": str(self.folder),
            "FAULT_CALL": call,
            "FAULT_AT": str(at),
            "FAULT_DO": action,
            "FAULT_STATE": str(self.state),
        }
        if all_:
            faults["FAULT_ALL"] = "1"
        with tempfile.TemporaryFile() as err:
            with subprocess.Popen(
                self.argv(), cwd=self.folder, env=self.environment(faults),
                stdout=subprocess.DEVNULL, stderr=err, start_new_session=True,
            ) as process:  # fmt: skip
                code = process.wait(LONGEST)
                self._wait_for_all(process.pid)
            err.seek(0)
            said = err.read().decode(errors="replace")
        return Ended(code, said, struct.unpack("<q", self.state.read_bytes()[:8])[0])

    def _wait_for_all(self, group: int) -> None:
        """Wait until the second process is over too, when the first was killed."""
        last = time.monotonic() + LONGEST
        while time.monotonic() < last:
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return
            time.sleep(0.01)
        raise TimeoutError("a process was left")

    def left(self) -> dict[str, bytes]:
        """The outputs that are there."""
        names = self.command.outputs
        return {n: (self.folder / n).read_bytes() for n in names if (self.folder / n).exists()}

    def leftovers(self) -> list[str]:
        """What else is there."""
        known = {*self.inputs, *self.command.outputs, self.temporary.name}
        found = [p.name for p in self.folder.iterdir() if p.name not in known]
        return sorted(found + [f"temporary/{p.name}" for p in self.temporary.iterdir()])

    def is_new(self) -> bool:
        """Whether all outputs are there, complete, and belong to each other."""
        left = self.left()
        if left.keys() != set(self.command.outputs):
            return False
        first = left[self.command.outputs[0]]
        ends = {"html": b"</html>\n", "svg": b"</svg>\n", "jsonl": b"}\n"}
        kind = self.command.outputs[0].rpartition(".")[2]
        if kind in ends:
            return first != OLD and first.endswith(ends[kind])
        try:
            about = json.loads(left[self.command.outputs[1]])["output"]
        except ValueError:
            return False
        digest = hashlib.sha256(first).hexdigest()
        return bool(about["sha256"] == digest and about["bytes"] == len(first))

    def is_before(self) -> bool:
        """Whether the outputs are as they were."""
        names = self.command.outputs if self.there else ()
        left = self.left()
        if left == {"trail.jsonl": b""}:  # a trail that was begun and has no line
            left = {}
        return left == dict.fromkeys(names, OLD)

    def faults_of(self, ended: Ended) -> Iterator[str]:
        """What is wrong after a run.

        Parameters
        ----------
        ended : Ended
            How it ended.
        """
        new, before = self.is_new(), self.is_before()
        if not new and not before:
            yield f"outputs of two runs, or a part of one: {sorted(self.left())}"
        if leftovers := self.leftovers():
            yield f"left behind: {leftovers}"
        if "Traceback" in ended.err or "panicked" in ended.err:
            yield "a traceback"
        lines = [line for line in ended.err.splitlines() if line.startswith("neocalc")]
        if ended.code == 0 and not new:
            yield "exit status 0 without an output"
        if ended.code > 0 and (len(lines) != 1 or len(ended.err.splitlines()) > 1) and not new:
            yield f"not one line: {ended.err!r}"
        for words, true in (
            ("no output was written", before),
            ("cannot be written", before or "had been replaced" in ended.err),
            ("cannot be read", before),
            ("had been written", new),
            ("Written: ", new),
        ):
            if words in ended.err and not true:
                yield f"not true: {ended.err.strip()!r}"


def trial(place: Place, call: str, at: int, action: str, *, all_: bool = False) -> list[str]:
    """What is wrong after a run in which a call failed; nothing, when all is as it must be."""
    place.set_up()
    try:
        ended = place.run(call, at, action, all_=all_)
    except (subprocess.TimeoutExpired, TimeoutError):
        return ["it hung"]
    if action == "KILLALL":
        sweep(place.folder)
        sweep(place.temporary)
    problems = list(place.faults_of(ended))
    return [f"{problem} (exit status {ended.code})" for problem in problems]


def stopped(place: Place, number: int, after: float) -> list[str]:
    """What is wrong after a run that was asked to stop so many seconds after it began."""
    place.set_up()
    with subprocess.Popen(
        place.argv(_STARTED), cwd=place.folder, env=place.environment({}), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()  # until then Python itself is asked to stop
        time.sleep(after)
        process.send_signal(number)
        try:
            _, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return ["it hung"]
    found = list(place.faults_of(Ended(process.returncode, err, 0)))
    if process.returncode not in (0, 128 + number):
        found.append(f"exit status {process.returncode}: {err}")
    return found


def calls_of(place: Place, call: str, *, all_: bool = False) -> int:
    """How many calls an undisturbed run makes; it must succeed."""
    place.set_up()
    ended = place.run(call, all_=all_)
    problems = list(place.faults_of(ended))
    if ended.code or problems or not place.is_new():
        raise AssertionError(f"{place.command.name}: {ended} {problems}")
    return ended.calls
