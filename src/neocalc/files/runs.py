"""The folder of a run: where outputs are written, and how all of them take their places as one.

A run writes into a folder of its own beside the outputs, `.neocalc-` and random letters, that only
its user can enter. What is complete there takes its place by renaming, and several files (a table
and its record) do so as one:

1. the files are on the disk, with the permissions of those that they replace;
2. a journal says which file goes where, and what stood there keeps a second name;
3. the files are renamed, the record first; then the folder is on the disk too.

Whatever ends a run in between, `settle` finds a journal or none. Without one nothing has been
replaced, and the folder is removed. With one the renaming is completed, or, where nothing has been
renamed yet, dropped: afterwards all files are new or all are as before. It is called by the process
that watches over a run (`neocalc.files.supervised`), and by the next run with an output in the same
place. That a run is over is seen by the lock of its folder, which the system holds for its process
and for no other: a folder in use is never touched.

This module needs only the standard library: the process that watches loads nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from neocalc.files.protection import created, give

try:
    import fcntl
except ImportError:  # pragma: no cover - on Windows nobody can tell that a run is over
    fcntl = None  # type: ignore[assignment]

PREFIX: Final = ".neocalc-"
"""How the names of the folders begin."""
WAIT: Final = 5.0
"""How long a run waits for another one that begins in the same place [s]."""
SMALL: Final = 1 << 24
"""Bytes of the largest file that is copied where it can have no second name."""
COMMITTING: Final = threading.Lock()
"""Held while files take their places: who ends the process waits for it."""
NOTES: Final[list[tuple[str, list[str]]]] = []
"""What this process did that stays: see `tell`."""
_LISTENER: list[int] = []
_LOCK, _JOURNAL = "lock", "journal"

Identity = list[int] | None


class Busy(Exception):
    """Another run is writing the same file, which is named."""


class Torn(OSError):
    """Of the files of a run some were replaced and others not, and the disk refuses to mend it."""


def tell(kind: str, paths: Sequence[str]) -> None:
    """Note what a process does that outlives it, also for the process that watches over it.

    Parameters
    ----------
    kind : str
        "folder" of a run that is made now; "began" for what is being written where everybody sees
        it, "wrote" for what is complete.
    paths : sequence of str
        They.
    """
    NOTES.append((kind, list(paths)))
    for listener in _LISTENER:
        with contextlib.suppress(OSError):  # it has left
            os.write(listener, json.dumps([kind, list(paths)]).encode() + b"\n")


def listen(handle: int) -> None:
    """Have what is told written to a pipe too."""
    _LISTENER[:] = [handle]


def outcome(notes: Sequence[tuple[str, Sequence[str]]]) -> str:
    """What a run left behind when it was ended, in words.

    Examples
    --------
    >>> outcome([])
    'no output was written'
    >>> outcome([("wrote", ["out.csv", "out.csv.json"])])
    'out.csv and out.csv.json had been written'
    """

    def told(wanted: str) -> dict[str, None]:
        return {path: None for kind, paths in notes if kind == wanted for path in paths}

    written, begun = told("wrote"), told("began")
    said = [f"{' and '.join(written)} had been written"] if written else []
    said += [f"{path} may have been written to" for path in begun if path not in written]
    return ", ".join(said) or "no output was written"


@dataclass
class Move:
    """A file that takes its place.

    Attributes
    ----------
    part, place : str
        Its path in the folder of the run, and where it goes.
    new : list of int
        What tells it from any other file: number, size and time [ns].
    was : list of int, optional
        The same of what stands there; None: nothing.
    old : str
        The second name of what stands there.
    """

    part: str
    place: str
    new: Identity
    was: Identity
    old: str

    def is_made(self) -> bool:
        """Whether the file has taken its place."""
        return _identity(self.place) == self.new

    def make(self) -> None:
        """Take the place, unless somebody else has put something there meanwhile."""
        if _identity(self.place) == self.was and os.path.lexists(self.part):
            Path(self.part).replace(self.place)

    def undo(self) -> None:
        """Put back what stood there."""
        if not self.is_made():
            return
        if self.was is None:
            Path(self.place).unlink()
        elif os.path.lexists(self.old):
            Path(self.old).replace(self.place)


class Run:
    """A run with outputs in some places, which they take together.

    Parameters
    ----------
    places : sequence of pathlib.Path
        Of regular files, without links.
    shown : sequence of str
        The same as the user named them.

    Attributes
    ----------
    parts : list of pathlib.Path
        Empty files for them, in the same order, in folders beside the places.

    Raises
    ------
    Busy
        When another run is writing one of them.
    OSError
        When a folder cannot be made.
    """

    def __init__(self, places: Sequence[Path], shown: Sequence[str]) -> None:
        self.parts: list[Path] = []
        self._places, self._shown = list(places), list(shown)
        self._folders: dict[Path, Path] = {}
        self._locks: list[int] = []
        self._modes: list[int] = []
        try:
            for place in self._places:
                if place.parent not in self._folders:
                    self._make_folder(place.parent)
                self.parts.append(self._folders[place.parent] / f"new-{len(self.parts)}")
                self._modes.append(created(self.parts[-1]))
        except BaseException:
            self.drop()
            raise

    def _make_folder(self, beside: Path) -> None:
        """A folder of this run, where no other one writes the same files."""
        names = [place.name for place in self._places if place.parent == beside]
        first = next(iter(self._folders.values()), None)
        with _alone_in(beside):
            for other in sweep(beside):
                for name in _read(other / _LOCK).get("names", []):
                    if name in names:
                        raise Busy(str(beside / name))
            folder = beside / f"{PREFIX}{os.urandom(8).hex()}"
            tell("folder", [str(folder)])
            self._folders[beside] = folder
            folder.mkdir(mode=0o700)
            note = {"names": names, "first": None if first is None else str(first)}
            self._locks.append(_locked(folder, note))

    def commit(self) -> None:
        """Have the files take their places, all of them or none.

        Raises
        ------
        Torn
            When a file cannot take its place and another cannot give its own back.
        OSError
            When it cannot be done; then everything is as before.
        """
        with COMMITTING:
            moves = [self._prepared(number) for number in range(len(self.parts))]
            moves.reverse()  # the record is there before its table
            self._write_journal(moves, back=False)
            for beside in self._folders:
                sync(beside)  # so that the journal is found whatever happens
            try:
                for move in moves:
                    Path(move.part).replace(move.place)
                for beside in self._folders:
                    sync(beside)
            except BaseException as error:
                self._undo(moves, error)
            tell("wrote", self._shown)

    def _prepared(self, number: int) -> Move:
        """Have a file on the disk, protected, and what it replaces under a second name."""
        part, place = self.parts[number], self._places[number]
        give(part, place, self._modes[number])
        sync(part)
        was = _identity(place)
        old = part.with_name(f"old-{number}")
        if was is not None:
            try:
                os.link(place, old)
            except OSError:  # not every file system knows second names
                if was[1] <= SMALL:
                    with contextlib.suppress(OSError):
                        shutil.copy2(place, old)
        return Move(str(part), str(place), _identity(part), was, str(old))

    def _write_journal(self, moves: Sequence[Move], *, back: bool) -> None:
        folder = next(iter(self._folders.values()))
        content = {
            "moves": [asdict(move) for move in moves],
            "back": back,
            "folders": [str(other) for other in self._folders.values()],
            "shown": self._shown,
        }
        draft = folder / f"{_JOURNAL}-draft"
        draft.write_text(json.dumps(content))
        sync(draft)
        draft.replace(folder / _JOURNAL)
        sync(folder)

    def _undo(self, moves: Sequence[Move], error: BaseException) -> None:
        """Put everything back as it was, or else make it all new; say which by raising or not."""
        with contextlib.suppress(OSError):  # if it fails, so be it: what follows may still succeed
            self._write_journal(moves, back=True)
        for move in reversed(moves):
            with contextlib.suppress(OSError):
                move.undo()
        if not any(move.is_made() for move in moves):
            raise error
        with contextlib.suppress(OSError):
            self._write_journal(moves, back=False)
        for move in moves:
            with contextlib.suppress(OSError):
                move.make()
        if all(move.is_made() for move in moves):
            return
        self._folders.clear()  # they stay: the next run can mend it
        new = [shown for move, shown in zip(moves, reversed(self._shown), strict=True)
               if move.is_made()]  # fmt: skip
        why = error.strerror if isinstance(error, OSError) else None
        raise Torn(f"{why or error}; {' and '.join(new)} had been replaced already") from error

    def drop(self) -> None:
        """Remove the folders, with all that has not taken its place."""
        for folder in self._folders.values():
            _remove(folder)
        self._folders.clear()
        for lock in self._locks:
            _close(lock)
        self._locks.clear()


def sweep(beside: Path) -> list[Path]:
    """Clean up after the runs of this user in a folder that are over; return the folders in use."""
    try:
        with os.scandir(beside) as entries:
            folders = sorted(Path(entry.path) for entry in entries if _is_own(entry))
    except OSError:  # a folder whose names cannot be read
        return []
    return [folder for folder in folders if settle(folder) is None]


def _is_own(entry: os.DirEntry[str]) -> bool:
    """Whether it is the folder of a run of this user: of another's nothing is believed."""
    if not entry.name.startswith(PREFIX):
        return False
    try:
        about = entry.stat(follow_symlinks=False)
    except OSError:
        return False
    mine = not hasattr(os, "geteuid") or about.st_uid == os.geteuid()
    return mine and stat.S_ISDIR(about.st_mode) and not about.st_mode & 0o077


def settle(folder: Path, *, over: bool = False) -> list[str] | None:
    """Bring a run that is over to its end and remove its folder.

    Parameters
    ----------
    folder : pathlib.Path
        Its folder.
    over : bool, default False
        That it is over is known, whatever its lock says.

    Returns
    -------
    list of str or None
        The outputs that are complete now; of a run that left everything as it was, none. None: the
        run is not over.
    """
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:  # it was made and nothing more
        _remove(folder)
        return []
    except OSError:
        return None
    try:
        if not over and not _is_free(lock):
            return None
        first = _read(folder / _LOCK).get("first")
        if first is None or not Path(first).is_dir():
            return _settled(folder)
        written = settle(Path(first), over=over)  # the journal is there
        if written is not None:
            _remove(folder)
        return written
    finally:
        _close(lock)


def _settled(folder: Path) -> list[str]:
    """What a run wrote, when it is brought to its end."""
    journal = _read(folder / _JOURNAL)
    moves: list[Move] = []
    with contextlib.suppress(TypeError):  # it is not one of this version
        moves = [Move(**move) for move in journal.get("moves", [])]
    written: list[str] = []
    with contextlib.suppress(OSError):  # what cannot be done now, the next run tries again
        if journal.get("back"):
            for move in reversed(moves):
                move.undo()
        elif any(move.is_made() for move in moves):
            for move in moves:
                move.make()
            for beside in sorted({Path(move.place).parent for move in moves}):
                sync(beside)
            written = journal["shown"]
        for other in map(Path, journal.get("folders", [])):
            if other != folder:
                _remove(other)
        _remove(folder)
    return written


def _remove(folder: Path) -> None:
    """Remove the folder of a run, its journal first; what stays, the next run removes."""
    for _ in range(2):  # an error of the system may pass
        with contextlib.suppress(OSError):
            (folder / _JOURNAL).unlink(missing_ok=True)
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
            return


def _identity(path: str | Path) -> Identity:
    """What tells a file from any other that had or will have its name; None: there is none."""
    try:
        about = os.lstat(path)
    except FileNotFoundError:
        return None
    return [about.st_ino, about.st_size, about.st_mtime_ns]


def _read(path: Path) -> dict[str, Any]:
    """A note of a run; empty when it is not there, or was never completed."""
    try:
        about = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _locked(folder: Path, note: dict[str, Any]) -> int:
    """The lock of a folder, held from now on until it is closed or its process is over."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # not every file system knows locks: see _is_free
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(lock, json.dumps(note).encode())
    except BaseException:
        _close(lock)
        raise
    return lock


def _is_free(lock: int) -> bool:
    """Whether a run is over; where there are no locks nobody can tell, and it is not."""
    if fcntl is None:  # pragma: no cover
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _alone_in(beside: Path) -> Iterator[None]:
    """While one run looks around and makes its folder, others that begin there wait."""
    if fcntl is None:  # pragma: no cover
        yield
        return
    handle = os.open(beside, os.O_RDONLY)
    try:
        last = time.monotonic() + WAIT
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > last:  # whoever holds it is not one of ours
                    break
                time.sleep(0.01)
            except OSError:  # there are no locks
                break
            else:
                break
        yield
    finally:
        _close(handle)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    if path.is_dir() and os.name == "nt":  # pragma: no cover - there a folder cannot be opened
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        _close(handle)


def _close(handle: int) -> None:
    """Close what was not written through this handle: nothing is lost when that fails."""
    with contextlib.suppress(OSError):
        os.close(handle)
