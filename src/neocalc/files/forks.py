"""A process that was forked after polars had been used: its threads are gone, and it would hang.

Threads do not live on in the copy of a process that `fork` makes, but the locks do that they held.
Whether there were any is noted in the parent, before it forks.
"""

from __future__ import annotations

import os
import sys

_MESSAGE = (
    "this process was forked after polars had been used, and would hang; start worker processes"
    ' with multiprocessing.get_context("spawn"), or use threads'
)


class _Polars:
    """What is known of polars.

    Attributes
    ----------
    used : bool
        Whether neocalc has used it in this process.
    lost : bool
        Whether it was in use in a process that this one was forked from.
    """

    used = False
    lost = False


def use_polars() -> None:
    """Note that polars is used in this process; refuse it where it would hang.

    Raises
    ------
    NeocalcError
        In a process that was forked from one in which polars was in use.
    """
    if _Polars.lost:
        from neocalc.errors import NeocalcError

        raise NeocalcError(_MESSAGE)
    _Polars.used = True


def has_threads() -> bool | None:
    """Whether polars has threads that compute; None where the system does not say (not Linux)."""
    try:
        tasks = os.listdir("/proc/self/task")  # noqa: PTH208 - pathlib is not loaded for it
        names = []
        for task in tasks:
            with open(f"/proc/self/task/{task}/comm", "rb") as name:  # noqa: PTH123
                names.append(name.read().strip())
    except OSError:
        return None
    return any(name.startswith(b"polars-") and name[7:].isdigit() for name in names)


def _before() -> None:
    """Note in the parent what the child is forked from."""
    threads = has_threads() if "polars" in sys.modules else False
    if threads is not None:
        _Polars.used = threads


def _in_child() -> None:
    _Polars.lost = _Polars.lost or _Polars.used
    _Polars.used = False


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(before=_before, after_in_child=_in_child)
