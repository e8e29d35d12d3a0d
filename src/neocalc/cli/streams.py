"""The standard streams of a command: closed, full or left by their reader, they raise nothing.

A command goes on to its end, so that a file that it writes is complete and its exit status is that
of its work. What could not be shown is told at the end, and is an error unless nobody wanted it:

- the reader of a pipe has left (``| head -1``): no error;
- standard output was closed from the start and the result is in a file: no error;
- standard error is closed or full: no error, as what it says is said by the exit status too;
- else the result was not delivered: one line on standard error, and exit status 2.
"""

from __future__ import annotations

import contextlib
import errno
import io
import sys
from typing import TYPE_CHECKING, Any, Final

from neocalc.errors import is_shown
from neocalc.files.supervised import fill

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

FAILED: Final = 2
"""The exit status of a result that was not delivered."""


class Guarded(io.RawIOBase):
    """A stream that keeps the first error and takes everything after it.

    Parameters
    ----------
    raw : io.RawIOBase or io.BytesIO, optional
        Where the bytes go; None for a stream that was closed from the start.
    """

    def __init__(self, raw: Any = None) -> None:
        self.raw = raw
        self.error: OSError | None = None

    def writable(self) -> bool:
        """It is written to."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.raw is not None and bool(self.raw.isatty())

    def fileno(self) -> int:
        """The number of the file, where it has one."""
        if self.raw is None:
            raise io.UnsupportedOperation("fileno")
        return int(self.raw.fileno())

    def write(self, data: ReadableBuffer, /) -> int | None:
        """Write what can be written."""
        if self.error is None:
            try:
                return self._written(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def _written(self, data: ReadableBuffer) -> int | None:
        if self.raw is None:
            raise OSError(errno.EBADF, "is closed")
        count: int | None = self.raw.write(data)
        return count


class _Text(io.TextIOWrapper):
    """Text for people, without a character that a terminal would obey, whatever it quotes.

    Names of files and columns, ids and texts of a site's own files are shown as they are, but for
    control characters and those that turn or hide what stands beside them: these as in JSON. The
    one exception is what a bar of progress begins with.
    """

    def write(self, text: str, /) -> int:
        """Write a text."""
        bar = text[:1] if text.startswith("\r") else ""
        lines = text.removeprefix(bar).split("\n")
        if not all(map(str.isprintable, lines)):
            text = bar + "\n".join(map(_plain, lines))
        return super().write(text)


def _plain(line: str) -> str:
    import json

    return "".join(c if is_shown(c) else json.dumps(c)[1:-1] for c in line)


class _Closed(io.RawIOBase):
    """Standard input that was closed from the start."""

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any, /) -> int:
        raise OSError(errno.EBADF, "is closed")


class Streams:
    """Standard input, output and error for the time of a command.

    Attributes
    ----------
    needed : bool
        Whether standard output is where the result goes, and not a file.
    """

    def __init__(self) -> None:
        self.needed = True
        self._before = sys.stdin, sys.stdout, sys.stderr
        self._output: Guarded | None = None

    def __enter__(self) -> Streams:
        stdin, stdout, stderr = self._before
        if None in self._before:
            fill()
        if stdin is None:
            sys.stdin = io.TextIOWrapper(io.BufferedReader(_Closed()))
        sys.stdout, self._output = _guarded(stdout, "replace")  # a terminal may lack letters
        sys.stderr, _ = _guarded(stderr, "backslashreplace")
        return self

    def __exit__(self, *exception: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdin, sys.stdout, sys.stderr = self._before

    def status(self, status: int) -> int:
        """The exit status, when all has been said: that of the work, unless nobody can see it."""
        sys.stdout.flush()
        error = None if self._output is None else self._output.error
        if error is None or status not in (0, 1) or isinstance(error, BrokenPipeError):
            return status
        if self._before[1] is None and not self.needed:
            return status
        print(f"neocalc: standard output: {error.strerror or error}", file=sys.stderr)
        return status or FAILED


def _guarded(stream: Any, errors: str) -> tuple[Any, Guarded | None]:
    """A stream in place of a standard one; a stream of another kind stays as it is."""
    if stream is not None and not hasattr(stream, "buffer"):
        return stream, None
    if stream is None:
        guard = Guarded()
        encoding, at_once = "utf-8", False
    else:
        with contextlib.suppress(OSError):
            stream.flush()
        guard = Guarded(getattr(stream.buffer, "raw", stream.buffer))
        encoding, at_once = stream.encoding, stream.line_buffering or stream.write_through
    text = _Text(io.BufferedWriter(guard), encoding=encoding, errors=errors, line_buffering=at_once)
    return text, guard
