"""A command in a process of its own, and one that watches over it.

What a command reads may be damaged, and a library that meets such a file may end the whole process;
a disk may fail, memory may run out, somebody may press Ctrl-C. So the command runs in a second
process, and the first does nothing but wait:

- it passes on the exit status;
- a request to stop (SIGINT, SIGTERM, SIGHUP) ends the second process at once, wherever it is;
- when the second process is ended by a signal, its outputs are brought to one of two states, all
  new or all as before (`neocalc.files.runs`), and one line says which.

If it is the first process that is killed, the second notices, does the same and leaves. What
libraries write to standard error by themselves, such as a panic, is kept for the one line. The
first process loads nothing but the standard library: the second begins as a copy of it, small and
without threads. Where the system has no such copies (Windows) the command runs in the first.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NoReturn

from neocalc.files import runs

STOPPED: Final = 128
"""Exit status of a command that was stopped, less the number of the signal."""
FAILED: Final = 2
"""Exit status of a command that was ended by a library or the system."""
LONGEST: Final = 200
"""Characters of what a library said that are passed on."""
_SIGNALS: Final = {
    "SIGKILL": "is there enough memory?",
    "SIGSEGV": "a library failed",
    "SIGABRT": "a library failed",
    "SIGBUS": "a file could not be read on, or a disk is full",
}
"""What ends a process by each signal, usually."""
_NOISE: Final = ("thread '", "stack backtrace", "note: ")
"""How lines of a panic begin that do not say why."""

Notes = list[tuple[str, list[str]]]


def requests() -> set[int]:
    """The signals that ask this process to stop, but for those that it was started to ignore."""
    named = [getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    return {int(n) for n in named if n is not None and signal.getsignal(n) != signal.SIG_IGN}


def supervised(command: Callable[[], int]) -> int:
    """Run a command in a process of its own and return its exit status.

    Parameters
    ----------
    command : callable
        It returns the exit status.
    """
    if not hasattr(os, "fork"):  # pragma: no cover - Windows
        return command()
    fill()
    heeded = requests()
    signal.signal(signal.SIGCHLD, lambda *_: None)  # kept until it is waited for
    signal.pthread_sigmask(signal.SIG_BLOCK, heeded | {signal.SIGCHLD})
    noise = _noise()
    heard, telling = os.pipe()
    living, life = os.pipe()
    os.set_blocking(telling, False)  # nobody reads it before the end
    try:
        child = os.fork()
    except OSError:  # there can be no more processes
        signal.pthread_sigmask(signal.SIG_UNBLOCK, heeded)
        return command()
    if not child:
        for handle in (heard, life):
            os.close(handle)
        _be_watched(command, telling, living, noise)
    for handle in (telling, living):
        os.close(handle)
    stopped, ended = _wait(child, heeded)
    if os.WIFEXITED(ended):
        return os.WEXITSTATUS(ended)
    outcome = runs.outcome(_settled(heard))
    if stopped:
        _say(f"stopped; {outcome}")
        return STOPPED + stopped
    _say(f"{_cause(os.WTERMSIG(ended), noise)}; {outcome}")
    return FAILED


def fill() -> None:
    """Give closed streams a number that leads nowhere: no file that is opened later takes it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


# The process that watches


def _noise() -> int:
    """A file without a name, for what libraries write to standard error."""
    try:
        return os.memfd_create("neocalc")
    except (AttributeError, OSError):  # pragma: no cover - not Linux
        return os.open(os.devnull, os.O_RDWR)


def _wait(child: int, heeded: Iterable[int]) -> tuple[int, int]:
    """Wait for a process: the signal on whose request it was ended, or 0, and how it ended."""
    stopped = 0
    while True:
        ended, status = os.waitpid(child, 0 if stopped else os.WNOHANG)
        if ended:
            return stopped, status
        number = signal.sigwait({*heeded, signal.SIGCHLD})
        if number != signal.SIGCHLD:
            stopped = number
            os.kill(child, signal.SIGKILL)


def _settled(heard: int) -> Notes:
    """What a process left that is over, its outputs in one of two states."""
    notes: Notes = []
    for line in _all_of(heard).splitlines():
        with contextlib.suppress(ValueError):  # it was cut off
            notes.append(tuple(json.loads(line)))
    for kind, paths in list(notes):
        if kind == "folder" and Path(paths[0]).is_dir():
            notes.append(("wrote", runs.settle(Path(paths[0]), over=True) or []))
    return notes


def _all_of(handle: int) -> bytes:
    """What a pipe holds whose writers are over."""
    parts = []
    for _ in range(3):  # an error of the system may pass
        with contextlib.suppress(OSError):
            while part := os.read(handle, 1 << 16):
                parts.append(part)
            break
    return b"".join(parts)


def _cause(number: int, noise: int) -> str:
    """Why a process was ended: what a library said last, or what the signal usually means."""
    said = ""
    with contextlib.suppress(OSError):
        os.lseek(noise, 0, os.SEEK_SET)
        lines = os.read(noise, 1 << 16).decode(errors="replace").splitlines()
        about = [line.strip() for line in lines if line.strip() and not line.startswith(_NOISE)]
        said = about[0] if about else ""
    name = signal.Signals(number).name
    why = said[:LONGEST] or _SIGNALS.get(name, "")
    return f"the run was ended by {name}" + (f" ({why})" if why else "")


def _say(text: str) -> None:
    """Say something in one line, below what may stand in the line before."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # there may be nobody to hear
        start = "\n" if sys.stderr.isatty() else ""
        line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
        sys.stderr.write(f"{start}neocalc: {line}\n")
        sys.stderr.flush()


# The process that is watched


def _be_watched(command: Callable[[], int], telling: int, living: int, noise: int) -> NoReturn:
    """Run the command and leave with its exit status."""
    status = FAILED
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        runs.listen(telling)
        _set_aside(noise)
        threading.Thread(target=_follow, args=(living,), daemon=True).start()
        status = guarded(command)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
    finally:
        os._exit(status)


def guarded(command: Callable[[], int]) -> int:
    """The exit status of a command, also of one with a defect, which is one line.

    Python's development mode (`python -X dev`) shows where it is.
    """
    try:
        return command()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else FAILED
    except BaseException as error:
        if sys.flags.dev_mode:
            import traceback

            traceback.print_exc()
        said = " ".join(str(error).split())[:LONGEST]
        _say(f"a defect, of neocalc or of a library: {type(error).__name__}: {said}; "
             f"{runs.outcome(runs.NOTES)}")  # fmt: skip
        return FAILED


def _set_aside(noise: int) -> None:
    """Let libraries write to a file instead of standard error, and only us to that."""
    with contextlib.suppress(OSError):  # there is none
        ours = os.dup(2)
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        sys.stderr = open(  # noqa: PTH123, SIM115 - until the end
            ours, "w", buffering=1, encoding=encoding, errors="backslashreplace"
        )
    os.dup2(noise, 2)


def _follow(living: int) -> None:
    """Wait until the other process is over, then end this one; outputs are in one of two states."""
    while True:
        try:
            if not os.read(living, 1):
                break
        except OSError:  # an error of the system may pass
            time.sleep(0.1)
    with runs.COMMITTING:
        with contextlib.suppress(OSError):
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - until the end
        for kind, paths in list(runs.NOTES):
            if kind == "folder":
                runs.settle(Path(paths[0]), over=True)
        os._exit(FAILED)
