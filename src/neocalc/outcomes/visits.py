"""Which visit is that of a target.

Of each child the visit nearest to a target is taken, of those in its window at which the measure
was taken; of two equally near the earlier. A visit serves one target: that to which it is nearest,
of two the earlier target. Results do not depend on the order of the rows, and of a child only on
its own visits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from neocalc.outcomes.targets import Windows
from neocalc.reading.words import Ints
from neocalc.references.lookup import Bools, Rows

NONE: Final = -1
"""The row of a target without a visit."""


def chosen(subject: Rows, day: Ints, candidate: Bools, windows: Windows) -> Rows:
    """The row that each child's target takes; `NONE` where no visit is in its window.

    Parameters
    ----------
    subject : numpy.ndarray
        The child of each row, a row of `windows`.
    day : numpy.ndarray
        Days since the child's administration.
    candidate : numpy.ndarray
        The rows that may be taken: one a visit, whose child and day are known.
    windows : Windows
        For each child and target the day it is due and the window [day].

    Returns
    -------
    numpy.ndarray
        One row a child, one column a target.

    Examples
    --------
    One child, targets on days 30 and 60; day 45 is as near to both, and 33 is nearer to 30:

    >>> import numpy as np
    >>> windows = Windows(*(np.array([column]) for column in ([30, 60], [15, 45], [45, 75])))
    >>> day = np.array([58, 45, 33, 62])
    >>> chosen(np.zeros(4, int), day, np.ones(4, bool), windows).tolist()
    [[2, 0]]
    """
    n, targets = windows.due.shape
    found = np.full((n, targets), NONE, dtype=np.intp)
    rows = np.flatnonzero(candidate)
    mine, at = subject[rows], day[rows]
    nearest = np.full(len(rows), np.iinfo(np.int32).max, dtype=np.int64)
    target = np.full(len(rows), NONE)
    for i in range(targets):
        away = np.abs(at - windows.due[mine, i])
        better = (windows.first[mine, i] <= at) & (at <= windows.last[mine, i]) & (away < nearest)
        nearest[better], target[better] = away[better], i
    inside = target != NONE
    rows, mine, target, at, nearest = (c[inside] for c in (rows, mine, target, at, nearest))
    # The last that is written stays: the nearest, and of two the earlier.
    order = np.lexsort((-rows, -at, -nearest))
    for place in order.tolist():
        found[mine[place], target[place]] = rows[place]
    return found
