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
        with pool:
            while (item := following.result()) is not None:
                following = pool.submit(next, items, None)
                yield item

    return made()
