"""Who may read and write a file: kept when the file is replaced, and narrow while it is written.

A file that takes the place of another gets its permissions, its owner and group where the system
allows it, and its access list. A new one gets those of any new file there: umask, or the default
access list of the folder.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

_ACCESS_LIST: Final = "system.posix_acl_access"
_PRIVATE: Final = 0o600
_BITS: Final = 0o777


def created(path: Path) -> int:
    """Make an empty file that only its user can read, and return the permissions of any new file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "new")
    ...     before = os.umask(0o027)
    ...     mode = created(path)
    ...     _ = os.umask(before)
    ...     print(oct(mode), oct(path.stat().st_mode & 0o777))
    0o640 0o600
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        path.chmod(_PRIVATE)
    finally:
        with contextlib.suppress(OSError):  # nothing has been written
            os.close(handle)
    return mode


def give(part: Path, place: Path, mode: int) -> None:
    """Give a file the protection of the one that it replaces, or else these permissions.

    Parameters
    ----------
    part : pathlib.Path
        The file.
    place : pathlib.Path
        What it is to replace, if there is anything.
    mode : int
        For a new file: what `created` returned.
    """
    try:
        there = place.stat()
    except FileNotFoundError:
        part.chmod(mode)
        return
    mode = stat.S_IMODE(there.st_mode) & _BITS
    if hasattr(os, "chown"):
        for user, group in ((there.st_uid, -1), (-1, there.st_gid)):
            with contextlib.suppress(OSError):  # only some may give files away
                os.chown(part, user, group)
        if part.stat().st_gid != there.st_gid:
            mode = _of_no_group(mode)
    if not _has_access_list_of(part, place):
        mode = _of_no_group(mode)
    part.chmod(mode)


def _of_no_group(mode: int) -> int:
    """The permissions without more for the group than everybody has: it is another group."""
    return mode & ~0o070 | (mode & 0o007) << 3


def _has_access_list_of(part: Path, place: Path) -> bool:
    """Give a file the access list of another; whether it has it now, or neither has one."""
    if not hasattr(os, "getxattr"):  # pragma: no cover - only Linux shows access lists this way
        return True
    lists = []
    for path in (place, part):
        try:
            lists.append(os.getxattr(path, _ACCESS_LIST))
        except OSError:  # none, or the file system has none
            lists.append(b"")
    wanted, given = lists
    try:
        if wanted and wanted != given:
            os.setxattr(part, _ACCESS_LIST, wanted)
        elif given and not wanted:
            os.removexattr(part, _ACCESS_LIST)
    except OSError:
        return False
    return True
