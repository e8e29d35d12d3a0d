"""Where labels go, so that none lies over another; steps of a scale."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from neocalc.reading.units import Floats

CHARACTER: Final = 0.64 * 7 * 25.4 / 72
"""Width of a character of small type, on the safe side [mm]."""


def spread(places: Sequence[float], gap: float) -> list[float]:
    """Ascending places moved apart to be no nearer than `gap`, as little as needed.

    Examples
    --------
    >>> spread([0.0, 1.0, 2.0, 9.0], 2.0)
    [-1.0, 1.0, 3.0, 9.0]
    """
    groups: list[tuple[float, int]] = []  # centre of a run of labels, and how many they are
    for place in places:
        centre, count = place, 1
        while groups and groups[-1][0] + gap * (groups[-1][1] + count) / 2 > centre:
            other, more = groups.pop()
            centre = (centre * count + other * more) / (count + more)
            count += more
        groups.append((centre, count))
    return [c + gap * (i - (n - 1) / 2) for c, n in groups for i in range(n)]


def letters(text: str) -> float:
    """The length of a text in letters, where a Chinese character is as wide as one and a half.

    >>> letters("Girl"), letters("重庆")
    (4.0, 3.0)
    """
    return sum(1.5 if unicodedata.east_asian_width(one) in "WF" else 1.0 for one in text)


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, cut in its middle: names often differ at their ends.

    >>> shortened("5 million cells/kg, arm B", 12)
    '5 mill…arm B'
    """
    if len(text) <= most:
        return text
    tail = max((most - 1) // 2, 0)
    return f"{text[: max(most - 1 - tail, 0)]}…{text[len(text) - tail :]}"


def text_spans(
    places: Sequence[float], texts: Sequence[str], first: float, last: float, unit: float
) -> list[tuple[float, float]]:
    """Where small texts centred on places lie, moved to be within an axis; 1 mm is `unit` long."""
    spans = []
    for place, text in zip(places, texts, strict=True):
        width = CHARACTER * letters(text) * unit
        start = min(max(place - width / 2, first), last - width)
        spans.append((start, start + width))
    return spans


def levels(spans: Sequence[tuple[float, float]], gap: float) -> list[int]:
    """The first level on which each span (in order of its start) is free of those before it.

    Examples
    --------
    >>> levels([(0, 10), (5, 12), (11, 20)], gap=1)
    [0, 1, 0]
    """
    ends: list[float] = []
    found = []
    for start, end in spans:
        level = next((i for i, last in enumerate(ends) if start >= last + gap), len(ends))
        ends[level : level + 1] = [end]
        found.append(level)
    return found


def crowded(days: npt.ArrayLike, unit: float) -> bool:
    """Whether half of the marks at some days are less than 1 mm from the next; 1 mm is `unit`.

    Examples
    --------
    >>> crowded([0, 1, 2], 2.6), crowded([0, 7, 14, 15], 2.6)
    (True, False)
    """
    gaps = np.diff(np.asarray(days))
    return bool(gaps.size and np.median(gaps) < unit)


def round_step(low: float, high: float, most: float) -> float:
    """The round step with which `low` to `high` has at most `most` steps.

    Examples
    --------
    >>> round_step(0, 7, 8), round_step(22, 61, 8)
    (1.0, 5.0)
    """
    for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if (high - low) / step <= most:
            return float(step)
    return float(high - low)


def vertices_of(rows: Floats, every: int = 7, share: float = 0.0004) -> npt.NDArray[np.intp]:
    """Which columns of curves (one row each) must be vertices for straight lines to follow them.

    One in `every`, the ends, and all where a line would be off by more than a `share` of the
    height: where a curve bends sharply or steps.

    Parameters
    ----------
    rows : numpy.ndarray
        Curves, one row each, at even steps.
    every : int
        Steps from vertex to vertex where the curves are smooth.
    share : float
        Of the height of all curves [unitless].

    Examples
    --------
    >>> vertices_of(np.array([[0.0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13]]), every=5)
    array([ 0,  5,  6,  7,  8,  9, 10])
    """
    n = rows.shape[1]
    at = np.arange(n)
    kept = np.union1d(at[::every], at[-1:])
    tolerance = share * float(rows.max() - rows.min())
    for row in rows:
        off = np.abs(np.interp(at, kept, row[kept]) - row) > tolerance
        spans = np.unique(np.searchsorted(kept, at[off]))
        inside = np.isin(np.searchsorted(kept, at), spans)
        kept = np.union1d(kept, at[inside])
    return kept
