"""What ships with neocalc beside its code: the checksums of its TOML files, checked at load.

``reference_tables/verification/manifest.toml`` holds the SHA-256 of every TOML file of the tables
but itself: each reference.toml (limits, flags, methods and ranges, and the SHA-256 of each CSV),
each trial definition, each file of published values. A file that differs, or that the manifest
does not name, is refused when it is loaded. ``python scripts/tables_manifest.py`` writes it anew.

The manifest finds what was damaged or edited in passing. Whoever can write these files can write
the manifest, the code and its compiled copies too: against that no program can guard itself.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from neocalc.errors import TableError

SHIPPED: Final = "shipped"
"""The origin of what ships with neocalc; a site's own has the name of its file."""
MANIFEST: Final = "verification/manifest.toml"
"""The manifest, among the tables."""
MOST: Final = 1 << 20
"""Bytes of the largest TOML file that is read."""
_ABOUT: Final = """\
# SHA-256 of every TOML file of the tables but this one. The CSVs have theirs in reference.toml.
# A file that differs is refused when it is loaded. Written by scripts/tables_manifest.py.

[files]
"""


def checksums(root: Path) -> dict[str, str]:
    """SHA-256 of every TOML file of the tables but the manifest, by its path."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.glob("*/*.toml"))
        if (name := f"{path.parent.name}/{path.name}") != MANIFEST
    }


def manifest_text(root: Path) -> str:
    """The manifest of the tables as they are."""
    return _ABOUT + "".join(f'"{name}" = "{sha}"\n' for name, sha in checksums(root).items())


@cache
def manifest(root: Path) -> dict[str, str]:
    """What the manifest of these tables states, as it was when it was first read.

    Raises
    ------
    TableError
        When there is none, or it cannot be read.
    """
    path = root / MANIFEST
    try:
        files = tomllib.loads(read_small(path).decode("utf-8"))["files"]
        return {str(name): str(sha256) for name, sha256 in files.items()}
    except (OSError, ValueError, LookupError, AttributeError) as error:
        why = getattr(error, "strerror", None) or error
        raise TableError(f"{path}: the checksums of the tables cannot be read: {why}") from error


def refuse_altered(root: Path, path: Path, sha256: str) -> None:
    """Refuse a file of the tables that is not the one that was published.

    Raises
    ------
    TableError
        With the SHA-256 that it has, and the one that the manifest states.
    """
    stated = manifest(root).get(f"{path.parent.name}/{path.name}")
    if stated is None:
        raise TableError(
            f"{path}: this file is not one of those that ship with neocalc; a site's own belongs in"
            " a folder of its own, named in NEOCALC_REFERENCES or NEOCALC_TRIALS"
        )
    if sha256 != stated:
        raise TableError(
            f"{path}: this file has been altered: its SHA-256 is {sha256},"
            f" {Path(MANIFEST).name} states {stated}"
        )


def read_small(path: str | os.PathLike[str], most: int = MOST) -> bytes:
    """The content of a file that a person has written, and of nothing else.

    Parameters
    ----------
    path : str or path
        A file: a pipe, a device or a folder is refused, and never waited for.
    most : int
        Bytes that it may have.

    Raises
    ------
    OSError
        When there is no such file, it is not a file, or is larger.
    """
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except ValueError as error:  # a name that no file can have
        raise OSError(errno.EINVAL, str(error)) from error
    try:
        there = os.fstat(number)
        if not stat.S_ISREG(there.st_mode):
            code = errno.EISDIR if stat.S_ISDIR(there.st_mode) else errno.EINVAL
            raise OSError(code, "Is a directory" if code == errno.EISDIR else "is not a file")
        if there.st_size > most:
            raise OSError(errno.EFBIG, f"is larger than {most:,} bytes")
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(number)
