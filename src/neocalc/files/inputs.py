"""The bytes of an input: read in order or at any place, again, and always of the same file.

The file is opened once. Whatever takes its name meanwhile, what is read, read again and recorded is
the file that was opened. What comes through a pipe is copied into a temporary file without a name
as it is read, where somebody may ask for it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

from neocalc.errors import FileError

STANDARD: Final = "-"
"""Standard input or output, where a file is named."""
PIECE: Final = 1 << 22
"""Bytes that are copied or hashed at a time."""
_ALONE: Final = threading.Lock()
"""Held while a position is set and read from, where the system does not do both in one."""


def can_be_read_again(path: str) -> bool:
    """Whether opening a path again gives the same rows: a pipe, and all in /dev, is read once."""
    real = Path(path).resolve()  # of /dev/stdin what is behind it
    return path != STANDARD and real.is_file() and Path("/dev") not in real.parents


class Input:
    """The bytes of a file or of what comes through a pipe.

    Parameters
    ----------
    path : str
        A file, or "-" for standard input.
    name : str
        For messages.
    """

    def __init__(self, path: str, name: str) -> None:
        self._name = name
        self._copy: Any = None
        self._is_copied, self._is_closed = True, False
        self._stream: Any = sys.stdin.buffer
        if path != STANDARD:
            self._stream = Path(path).open("rb")  # noqa: SIM115 - see close
        self._is_piped = not can_be_read_again(path)
        self._before = None if self._is_piped else self._state()

    def close(self) -> None:
        """Close the file. What was read has been read, also when that fails."""
        self._is_closed = True
        streams = [self._copy, None if self._stream is sys.stdin.buffer else self._stream]
        for stream in filter(None, streams):
            with contextlib.suppress(OSError):
                stream.close()

    def in_order(self, *, again: bool = False) -> Reading:
        """The bytes from the first to the last; `again`: when they have been read before."""
        return Reading(self) if again or not self._is_piped else Copying(self)

    def copy_no_more(self) -> None:
        """Do not copy what comes through a pipe any longer: nobody will ask for it again."""
        self._is_copied = False

    def next(self, size: int) -> bytes:
        """So many bytes of what comes through a pipe; fewer at its end."""
        read: bytes = self._stream.read(size)
        if self._is_copied:
            try:
                if self._copy is None:
                    self._copy = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see close
                write_all(self._copy.fileno(), read)
            except OSError as error:
                why = error.strerror or error
                raise FileError(
                    f"{self._name}: a temporary copy cannot be written: {why}"
                ) from error
        return read

    def copy_rest(self) -> None:
        """Have all of what comes through a pipe in the copy, to read it at any place."""
        while self._is_piped and self.next(PIECE):
            pass

    @property
    def size(self) -> int:
        """Bytes that can be read at any place."""
        return os.fstat(self._handle).st_size

    @property
    def _handle(self) -> int:
        handle: int = (self._copy if self._is_piped else self._stream).fileno()
        return handle

    def read_at(self, at: int, size: int) -> bytes:
        """The bytes at a place; fewer where the file ends."""
        return read_at(self._handle, at, size)

    def digest(self) -> str:
        """SHA-256 of all bytes; of a file that is closed meanwhile, of a part of them."""
        digest = hashlib.sha256()
        reading = Reading(self)
        while not self._is_closed and (piece := reading.read(PIECE)):
            digest.update(piece)
        return digest.hexdigest()

    def refuse_change(self) -> None:
        """Refuse a file that was written to since it was opened.

        Raises
        ------
        FileError
        """
        if self._before is not None and self._state() != self._before:
            raise FileError(f"{self._name}: was changed while it was read; run it again")

    def _state(self) -> tuple[int, int]:
        about = os.fstat(self._stream.fileno())
        return about.st_size, about.st_mtime_ns


class Reading:
    """Bytes from the first to the last, by a position of their own."""

    def __init__(self, data: Input) -> None:
        self._data = data
        self._at = 0

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        read = self._data.read_at(self._at, size)
        self._at += len(read)
        return read


class Copying(Reading):
    """Bytes as they come through a pipe."""

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        return self._data.next(size)


def write_all(handle: int, data: bytes | memoryview) -> None:
    """Write all of the bytes: a write may take a part of them."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]


def read_at(handle: int, at: int, size: int) -> bytes:
    """The bytes of a file at a place; fewer where it ends."""
    parts = []
    while size > 0 and (part := _read_some(handle, size, at)):
        parts.append(part)
        at, size = at + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_some(handle: int, size: int, at: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(handle, size, at)
    with _ALONE:  # pragma: no cover - Windows
        os.lseek(handle, at, os.SEEK_SET)
        return os.read(handle, size)


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
