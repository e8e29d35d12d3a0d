"""A command in a process of its own: whatever ends it, one line says what became of its outputs."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from neocalc.files import runs
from neocalc.files import supervised as watching
from neocalc.files.supervised import guarded, requests, supervised

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no second process"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Signals, streams and notes are afterwards what they were."""
    handlers = {n: signal.getsignal(n) for n in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    err = sys.stderr
    runs.NOTES.clear()
    yield
    sys.stderr = err
    while signal.sigtimedwait(requests() | {signal.SIGCHLD}, 0):
        pass
    for number, handler in handlers.items():
        signal.signal(number, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    runs.NOTES.clear()


def ended_by(number: int) -> Callable[[], int]:
    """A command that ends by a signal."""

    def command() -> int:
        faulthandler.disable()  # that of pytest
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        with contextlib.suppress(OSError):  # SIGKILL has no other
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        time.sleep(30)
        return 0

    return command


@pytest.mark.parametrize("status", [0, 1, 2])
def test_the_exit_status_is_passed_on(status: int) -> None:
    assert supervised(lambda: status) == status


@pytest.mark.requirement("REQ-FILE-08")
@pytest.mark.parametrize(
    ("number", "why"),
    [
        (signal.SIGKILL, "SIGKILL (is there enough memory?)"),
        (signal.SIGABRT, "SIGABRT (a library failed)"),
        (signal.SIGSEGV, "SIGSEGV (a library failed)"),
        (signal.SIGBUS, "SIGBUS (a file could not be read on, or a disk is full)"),
        (signal.SIGALRM, "SIGALRM"),
    ],
)
def test_a_command_that_the_system_ends_is_one_line(
    capsys: pytest.CaptureFixture[str], number: int, why: str
) -> None:
    assert supervised(ended_by(number)) == 2
    said = f"neocalc: the run was ended by {why}; no output was written\n"
    assert capsys.readouterr().err == said


def test_what_a_library_said_before_it_ended_the_process_is_the_reason(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def command() -> int:
        os.write(2, b"thread 'main' panicked at lib.rs:1:\n\nno room for 2305843009213693952\x1b\n")
        os.write(2, b"stack backtrace:\n  0: x\n")
        faulthandler.disable()  # that of pytest
        os.abort()

    assert supervised(command) == 2
    why = r"the run was ended by SIGABRT (no room for 2305843009213693952\x1b)"
    assert capfd.readouterr().err == f"neocalc: {why}; no output was written\n"


def test_what_a_library_says_of_a_command_that_goes_on_is_not_shown(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def command() -> int:
        os.write(2, b"thread 'main' panicked at lib.rs:1:\n")
        sys.stderr.write("and this is\n")
        return 0

    assert supervised(command) == 0
    assert capfd.readouterr().err == "and this is\n"


@pytest.mark.requirement("REQ-FILE-08")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_ends_it_wherever_it_is(
    capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def command() -> int:
        os.kill(os.getppid(), number)
        return ctypes.CDLL(None).sleep(30) or 0  # in a library, and not in Python

    start = time.monotonic()
    assert supervised(command) == 128 + number
    assert time.monotonic() - start < 5
    assert capsys.readouterr().err == "neocalc: stopped; no output was written\n"


def test_a_request_that_is_to_be_ignored_is_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does

    def command() -> int:
        os.kill(os.getppid(), signal.SIGHUP)
        time.sleep(0.1)
        return 7

    assert supervised(command) == 7


def test_requests_to_the_command_itself_are_those_to_stop_the_whole() -> None:
    def command() -> int:  # the terminal sends them to both
        for number in requests():
            os.kill(os.getpid(), number)
        return 5

    assert supervised(command) == 5


def outputs_of(folder: Path, *, at: int | None) -> Callable[[], int]:
    """A command that writes two files, and is killed at a renaming: the journal, then they."""

    def command() -> int:
        real = Path.replace
        calls = [0]

        def replace(path: Path, target: Any) -> Any:
            calls[0] += 1
            if calls[0] == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(path, target)

        Path.replace = replace  # type: ignore[assignment, method-assign]
        run = runs.Run([folder / "out", folder / "out.json"], ["out", "out.json"])
        for part in run.parts:
            part.write_text("new")
        run.commit()
        if at is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    return command


@pytest.mark.requirement("REQ-FILE-07")
@pytest.mark.parametrize("at", [1, 2, 3, None])
def test_a_command_that_was_killed_has_written_all_or_nothing_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], at: int | None
) -> None:
    assert supervised(outputs_of(tmp_path, at=at)) == 2
    written = at is None or at > 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.json"] * written
    said = "out and out.json had been written" if written else "no output was written"
    assert capsys.readouterr().err.endswith(f"(is there enough memory?); {said}\n")


@pytest.mark.requirement("REQ-FILE-07")
def test_when_the_first_process_is_killed_the_second_cleans_up(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from neocalc.files.supervised import supervised\n"
        "from neocalc.files import runs\n"
        "def command():\n"
        "    run = runs.Run([Path('out').absolute()], ['out'])\n"
        "    run.parts[0].write_text('half')\n"
        "    os.kill(os.getppid(), 9)\n"
        "    time.sleep(30)\n"
        "supervised(command)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        err = process.stderr.read()  # until the second process is over too
    assert process.returncode == -9
    assert err == b""
    assert list(tmp_path.iterdir()) == []


def test_the_second_process_completes_what_it_has_begun(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path\n"
        "from neocalc.files.supervised import supervised\n"
        "from neocalc.files import runs\n"
        "real = Path.replace\n"
        "def replace(path, target):\n"
        "    if target.endswith('out'): os.kill(os.getppid(), 9); time.sleep(0.3)\n"
        "    return real(path, target)\n"
        "def command():\n"
        "    Path.replace = replace\n"
        "    names = ['out', 'out.json']\n"
        "    run = runs.Run([Path(name).absolute() for name in names], names)\n"
        "    for part in run.parts: part.write_text('new')\n"
        "    run.commit()\n"
        "    time.sleep(30)\n"
        "supervised(command)\n"
    )
    code = code.replace("target.endswith", "str(target).endswith")
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        err = process.stderr.read()
    assert err == b""
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "out": "new",
        "out.json": "new",
    }


# In this process


@pytest.mark.requirement("REQ-FILE-08")
def test_a_defect_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        runs.tell("wrote", ["out.csv"])
        raise TypeError("'int' object\nis not")

    assert guarded(fails) == 2
    assert capsys.readouterr().err == (
        "neocalc: a defect, of neocalc or of a library: TypeError: 'int' object is not;"
        " out.csv had been written\n"
    )


def test_where_a_defect_is_can_be_seen_by_a_developer() -> None:
    code = (
        "import sys; from neocalc.files.supervised import guarded\n"
        "def fails(): raise TypeError('here')\n"
        "sys.exit(guarded(fails))"
    )
    for options, shown in (([], False), (["-X", "dev"], True)):
        done = subprocess.run(
            [sys.executable, *options, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert ("in fails" in done.stderr) == shown


@pytest.mark.parametrize(("given", "status"), [(0, 0), (3, 3), ("text", 2), (None, 2)])
def test_a_command_that_leaves_has_its_own_exit_status(given: Any, status: int) -> None:
    def leaves() -> int:
        sys.exit(given)

    assert guarded(leaves) == status


def test_where_there_can_be_no_second_process_the_command_runs_in_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fork() -> int:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", fork)
    assert supervised(lambda: os.getpid() % 64) == os.getpid() % 64
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_an_error_of_the_system_that_passes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, told = os.pipe()
    os.write(told, b'["wrote", ["x"]]\n["wrote", ["y')
    os.close(told)
    real = os.read
    calls = [0]

    def read(handle: int, size: int) -> bytes:
        calls[0] += 1
        if calls[0] == 1:
            raise OSError(5, "Input/output error")
        return real(handle, size)

    monkeypatch.setattr(os, "read", read)
    assert watching._settled(heard) == [("wrote", ["x"])]
    os.close(heard)


def test_below_a_line_of_progress_a_new_one_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    watching._say("stopped")
    assert terminal.getvalue() == "\nneocalc: stopped\n"
    monkeypatch.setattr(sys, "stderr", None)
    watching._say("nobody hears it")


class Left(BaseException):
    """The process has been left."""


def test_the_second_process_notices_that_it_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(status: int) -> None:
        raise Left(status)

    run = runs.Run([tmp_path / "out"], ["out"])
    calls = [0]

    def read(handle: int, size: int) -> bytes:
        calls[0] += 1
        if calls[0] == 1:
            raise OSError(5, "Input/output error")
        return b"x" if calls[0] == 2 else b""

    monkeypatch.setattr(os, "read", read)
    monkeypatch.setattr(os, "_exit", leave)
    with pytest.raises(Left, match="2"):
        watching._follow(0)
    sys.stderr.close()
    assert list(tmp_path.iterdir()) == []
    run.drop()


def test_the_second_process_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def leave(status: int) -> None:
        raise Left(status)

    monkeypatch.setattr(os, "_exit", leave)
    noise = os.open(tmp_path / "noise", os.O_RDWR | os.O_CREAT)
    heard, telling = os.pipe()
    living, life = os.pipe()
    two = os.dup(2)

    def command() -> int:
        os.write(2, b"noise")
        sys.stderr.write("ours\n")
        runs.tell("wrote", ["x"])
        monkeypatch.setattr(sys, "stdout", None)
        return 4

    try:
        with pytest.raises(Left, match="4"):
            watching._be_watched(command, telling, living, noise)
    finally:
        os.dup2(two, 2)
        runs._LISTENER.clear()
    assert (tmp_path / "noise").read_bytes() == b"noise"
    assert json.loads(os.read(heard, 100)) == ["wrote", ["x"]]
    assert capfd.readouterr().err == "ours\n"
    for handle in (noise, heard, telling, two):
        os.close(handle)
    del life, living  # a thread waits there
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.close()


def test_without_standard_error_nothing_of_a_library_gets_into_a_file(tmp_path: Path) -> None:
    noise = os.open(tmp_path / "noise", os.O_RDWR | os.O_CREAT)
    two = os.dup(2)
    os.close(2)
    try:
        watching._set_aside(noise)
        os.write(2, b"noise")
    finally:
        os.dup2(two, 2)
    assert (tmp_path / "noise").read_bytes() == b"noise"
    os.close(noise)
    os.close(two)


# As it is used


def neocalc(folder: Path, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "neocalc", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60, **more,
    )  # fmt: skip


def test_the_command_is_watched_over(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv[1:] = ['age', '--born', '2026-05-01', '--on', '2026-05-03']\n"
        "import neocalc.cli, os\n"
        "neocalc.cli.main = lambda: os.abort()\n"
        "from neocalc.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == (
        "neocalc: the run was ended by SIGABRT (a library failed); no output was written\n"
    )
    assert neocalc(tmp_path, "--version").stdout.startswith("neocalc ")


def test_the_first_process_loads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, neocalc.__main__, neocalc.files.supervised\n"
        "print([m for m in ('numpy', 'polars', 'neocalc.cli') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
