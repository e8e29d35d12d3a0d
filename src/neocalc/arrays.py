"""Long columns in blocks of rows, which the processor's cores share.

NumPy lets go of the interpreter while it computes, so that threads are enough; but each of its
calls begins and ends by holding it. In small blocks, which would fit a core's cache, two threads
wait for each other longer than they compute (docs/speed.md).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Result = TypeVar("Result")

BLOCK: Final = 262_144
"""Rows that are worked on together."""
WORKERS: Final = min(os.cpu_count() or 1, 8)
"""Threads that share the blocks of a long column."""


def by_blocks(work: Callable[[int], Result], n: int) -> list[Result]:
    """Results of work on the blocks of n rows, given where each begins; the cores share them.

    The calling thread takes blocks too, and does not wait for one that has not been woken yet.
    """
    starts = range(0, max(n, 1), BLOCK)
    if len(starts) == 1 or WORKERS == 1:
        return [work(start) for start in starts]
    done: dict[int, Result] = {}
    left = iter(starts)

    def some() -> None:
        for start in left:
            done[start] = work(start)

    others = [_pool().submit(some) for _ in range(WORKERS - 1)]
    try:
        some()
    finally:
        failed = [other for other in others if not other.cancel() and other.exception()]
    for other in failed:
        other.result()
    return [done[start] for start in starts]


def emptied(values: npt.NDArray[np.float64], mask: Any) -> npt.NDArray[np.float64]:
    """Values, not a number where a mask is not 0: as `numpy.where`, in a third of the time."""
    kept = values.copy()
    kept[np.flatnonzero(np.not_equal(mask, 0))] = np.nan
    return kept


def either(mask: npt.NDArray[np.bool_], this: Any, that: Any) -> Any:
    """Whole numbers of `this` where the mask is true, else of `that`.

    The same as `numpy.where`, which branches at each element and takes eight times as long.
    """
    chosen = (this ^ that) * mask
    chosen ^= that
    return chosen


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(WORKERS, thread_name_prefix="neocalc")
