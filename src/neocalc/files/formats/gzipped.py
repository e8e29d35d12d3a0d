"""A text that is packed with gzip, unpacked as it is read and in bounded memory."""

from __future__ import annotations

import hashlib
import zlib
from typing import Final

from neocalc.errors import FileError
from neocalc.files.csvrows import Stream

MAGIC: Final = b"\x1f\x8b"
"""How a gzip file begins."""
PIECE: Final = 1 << 18
"""Packed bytes that are read at a time."""
LARGE: Final = 1 << 30
"""Unpacked bytes up to which nothing is asked of the proportion."""
MOST_TIMES: Final = 400
"""How many times as long as its packed form a table can be: one of few words is 20 to 100 times."""


class Unpacked:
    """The bytes of a gzip file, unpacked.

    A file may have several members one after another, as `cat a.gz b.gz` writes, and zeros at its
    end. Its checksums are verified.

    Parameters
    ----------
    stream : Stream
        The packed bytes, read from where it stands to its end.
    start : bytes
        What has been read of them before.
    name : str
        For messages.
    """

    def __init__(self, stream: Stream, start: bytes, name: str) -> None:
        self._stream, self._name = stream, name
        self._packed = start
        self._digest = hashlib.sha256(start)
        self._read, self._given = len(start), 0
        self._member = zlib.decompressobj(wbits=31)

    def read(self, size: int, /) -> bytes:
        """So many unpacked bytes; fewer at the end.

        Raises
        ------
        FileError
            When the file is cut off or damaged, or unpacks to far more than a table can.
        """
        parts: list[bytes] = []
        while size > 0 and (part := self._some(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def digest(self) -> str:
        """SHA-256 of the packed bytes, when all have been read."""
        return self._digest.hexdigest()

    def _some(self, size: int) -> bytes:
        """Some bytes, at most so many; none at the end."""
        while True:
            if self._member.eof and not self._begin_another():
                return b""
            if not self._packed and not self._fill():
                raise FileError(f"{self._name}: the gzip file is cut off; copy or pack it again")
            try:
                part = self._member.decompress(self._packed, size)
            except zlib.error as error:
                raise FileError(f"{self._name}: the gzip file is damaged: {error}") from error
            self._packed = self._member.unconsumed_tail or self._member.unused_data
            self._given += len(part)
            if self._given > LARGE and self._given > MOST_TIMES * self._read:
                raise FileError(
                    f"{self._name}: unpacks to more than {MOST_TIMES} times its size, which is no"
                    " table"
                )
            if part:
                return part

    def _begin_another(self) -> bool:
        """Go on to the next member; whether there is one."""
        while True:
            self._packed = self._packed.lstrip(b"\0")
            if self._packed:
                break
            if not self._fill():
                return False
        if len(self._packed) < len(MAGIC):
            self._fill()
        if not self._packed.startswith(MAGIC):
            raise FileError(f"{self._name}: other bytes follow the end of the gzip file")
        self._member = zlib.decompressobj(wbits=31)
        return True

    def _fill(self) -> bool:
        """Read some packed bytes; whether there are any."""
        read = self._stream.read(PIECE)
        self._digest.update(read)
        self._read += len(read)
        self._packed += read
        return bool(read)
