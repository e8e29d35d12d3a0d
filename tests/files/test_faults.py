"""A failing disk and a killed process: outputs are all new or all as before, and it is said.

Here some calls of the system fail in turn. `make faults` lets each call of each command fail
(`scripts/try_faults.py`); docs/validation.md has the table.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from faults import COMMANDS, Place, calls_of, shim, stopped, trial

pytestmark = pytest.mark.skipif(shim() is None, reason="there is no C compiler, or it is not Linux")
BY_NAME = {command.name: command for command in COMMANDS}


def problems(folder: Path, name: str, call: str, actions: list[str], *, there: bool) -> list[str]:
    """What is wrong after a run in which a call failed, for each of these calls in turn."""
    place = Place(folder / "place", BY_NAME[name], there=there)
    found = []
    for at in range(1, calls_of(place, call) + 1):
        for action in actions:
            found += [f"{call} {at} {action}: {what}" for what in trial(place, call, at, action)]
    return found


@pytest.mark.requirement("REQ-FILE-07")
@pytest.mark.parametrize("there", [False, True])
def test_each_renaming_that_fails_or_at_which_a_process_is_killed(
    tmp_path: Path, there: bool
) -> None:
    actions = ["EIO", "KILL", "KILLALL"]
    assert problems(tmp_path, "score, CSV", "rename", actions, there=there) == []


@pytest.mark.requirement("REQ-FILE-07")
def test_each_flush_to_the_disk_that_fails(tmp_path: Path) -> None:
    assert problems(tmp_path, "score, CSV", "fsync", ["EIO"], there=True) == []


@pytest.mark.requirement("REQ-FILE-07")
@pytest.mark.parametrize(
    ("name", "call", "at", "action"),
    [
        ("score, CSV", "write", 1, "ENOSPC"),
        ("score, CSV", "close", 9, "EIO"),
        ("score, Parquet", "write", 2, "ENOSPC"),
        ("score, Parquet", "read", 3, "EIO"),
        ("velocity", "write", 2, "EIO"),
        ("velocity", "link", 1, "KILL"),
        ("report", "fsync", 1, "EIO"),
        ("dose --audit", "write", 1, "KILL"),
        ("dose --audit", "fsync", 1, "EIO"),
    ],
)
def test_a_call_that_fails(tmp_path: Path, name: str, call: str, at: int, action: str) -> None:
    place = Place(tmp_path / "place", BY_NAME[name], there=True)
    assert trial(place, call, at, action) == []


@pytest.mark.requirement("REQ-FILE-08")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_at_any_moment(tmp_path: Path, number: int) -> None:
    place = Place(tmp_path / "place", BY_NAME["velocity"], there=True)
    draw = random.Random(7)
    for _ in range(4):
        assert stopped(place, number, draw.uniform(0.05, 1.0)) == []


@pytest.mark.requirement("REQ-FILE-07")
def test_a_full_disk_is_one_line_for_rows_in_any_order(tmp_path: Path) -> None:
    """The temporary files were mapped into memory: a full disk was a signal, SIGBUS."""
    place = Place(tmp_path / "place", BY_NAME["velocity"], there=False)
    place.set_up()
    visits = (place.folder / "in.csv").read_bytes().splitlines(keepends=True)
    rows = visits[1:]
    random.Random(3).shuffle(rows)
    code = (
        "import sys; from neocalc.cohort import wholes; from neocalc.files import sources\n"
        "wholes.HELD = 100; sources.MOST_ROWS = 50\n"
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))\n"
        "from neocalc.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    (place.folder / "in.csv").write_bytes(b"".join([visits[0], *rows]))
    done = subprocess.run(
        [place.argv()[0], "-c", code, "velocity", "in.csv", "-o", "out.csv"],
        cwd=place.folder, env=place.environment({}), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.endswith(": a temporary file there failed: File too large\n")
    assert len(done.stderr.splitlines()) == 1
    assert (place.left(), place.leftovers()) == ({}, [])


def test_the_harness_notices_what_is_wrong(tmp_path: Path) -> None:
    place = Place(tmp_path / "place", BY_NAME["score, CSV"], there=True)
    place.set_up()
    ended = place.run()
    assert place.is_new()
    assert not place.is_before()
    assert list(place.faults_of(ended)) == []
    ended.err = "neocalc: stopped; no output was written\nTraceback"
    (place.folder / "out.csv").write_bytes(b"another")
    (place.folder / ".neocalc-0").mkdir()
    found = " ".join(place.faults_of(ended))
    for word in ("outputs of two runs", "left behind", "a traceback", "exit status 0", "not true"):
        assert word in found
    start = time.monotonic()
    shutil.rmtree(place.folder)
    assert time.monotonic() - start < 10
