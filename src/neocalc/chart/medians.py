"""Median and quartiles of a cohort's z over age: of which visits, and of how many subjects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from neocalc.reading.dates import MONTH
from neocalc.text import listed

if TYPE_CHECKING:
    from neocalc.reading.units import Floats
    from neocalc.reading.words import Ints

FEWEST: Final = 3
SHARE: Final = 0.25
ENOUGH: Final = 20
"""A median needs three subjects, and a quarter of those who have a z at all, or twenty: the first
and the last to be seen are not like the others, and the line would follow who they are."""
AROUND: Final = (1, 3, 6, 9, 12, 18, 24, 30, 36, *range(48, 229, 12))
"""The ages around which visits are taken together, after those around term: those of trials, and
each year to 19 [month]."""
EARLY: Final = (-140, -112, -84, -56, -28, -15)
"""Before term, spans of four weeks [day]."""
BIN_EDGES: Final = (
    *EARLY, *(round(MONTH * m) for m in (0.75, 2, 4.5, 7.5, 10.5, 15, 21, 27, 33, 39)),
    *(round(MONTH * m) for m in (51, *range(66, 235, 12))),
)  # fmt: skip
"""Ages between which visits are taken together [day]."""
TERM_SPAN: Final = len(EARLY)
"""The number of the span around term: those before it are of premature days."""

Median = tuple[float, int, "Floats"]
"""Mean age [day], how many subjects, and their quartiles of z."""


def binned(subject: Ints, day: Ints, z: Floats) -> dict[int, Median]:
    """For each span of age that has one, by its number: mean age [day], subjects, quartiles of z.

    A subject with several visits in a span counts once, with the mean of them. Spans of too few
    subjects are left out, and visits before the first span or after the last.

    Parameters
    ----------
    subject : numpy.ndarray
        Whose each visit is.
    day : numpy.ndarray
        Age at each visit [day].
    z : numpy.ndarray
        Z-score [unitless].
    """
    found = {}
    fewest = max(FEWEST, min(SHARE * len(np.unique(subject)), ENOUGH))
    which = np.digitize(day, BIN_EDGES)
    for span in np.unique(which[(which > 0) & (which < len(BIN_EDGES))]).tolist():
        at = which == span
        ids, inverse, visits = np.unique(subject[at], return_inverse=True, return_counts=True)
        if len(ids) >= fewest:
            means = np.bincount(inverse, weights=z[at]) / visits
            quartiles = np.percentile(means, (25, 50, 75))
            found[span] = float(day[at].mean()), len(ids), quartiles
    return found


def span_end(day: float) -> int:
    """The end of the span of ages that holds a day; the day after it, where none does [day].

    Examples
    --------
    >>> span_end(365.25), span_end(8000)
    (457, 8001)
    """
    return next((edge for edge in BIN_EDGES if edge > day), int(day) + 1)


def spans_text(spans: Iterable[int], birth: str) -> str:
    """Which spans of age medians are of, in words.

    Parameters
    ----------
    spans : iterable of int
        Their numbers.
    birth : str
        What day 0 of the axis is: term or birth.

    Examples
    --------
    >>> spans_text([4, 5, 6, 7, 11], "term")
    'in spans of four weeks before term, around term and around 1 and 12 months'
    """
    found = sorted(set(spans))
    parts = ["in spans of four weeks before term"] if any(s < TERM_SPAN for s in found) else []
    parts += [f"around {birth}"] if TERM_SPAN in found else []
    months = [str(AROUND[span - TERM_SPAN - 1]) for span in found if span > TERM_SPAN]
    parts += [f"around {listed(months)} months"] if months else []
    return listed(parts)
