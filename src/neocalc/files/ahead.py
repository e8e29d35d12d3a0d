"""Making the next item while one is used."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, each made in a thread while the one before it is used; the first at once."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="neocalc-read")
    first = pool.submit(next, items, None)

    def made() -> Iterator[Item]:
        following = first
        try:
            while (item := following.result()) is not None:
                following = pool.submit(next, items, None)
                yield item
        finally:
            # Nobody waits for the thread: Python may collect this generator inside the start or
            # the end of a thread, and who joins another there waits for ever.
            pool.shutdown(wait=False, cancel_futures=True)

    return made()
