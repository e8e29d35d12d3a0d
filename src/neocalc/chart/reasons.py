"""Why there is no z, and what is not drawn, in plain words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from neocalc.chart.text import count
from neocalc.errors import STATUSES
from neocalc.text import NAMES, counted, plain, titled

if TYPE_CHECKING:
    from neocalc.chart.subjects import Cohort
    from neocalc.errors import StatusArray

NEVER: Final = "missing_value"
"""The status of a row at which a measure was not taken."""


def tally(status: StatusArray) -> Counter[str]:
    """How many rows have each status, by its word."""
    codes, numbers = np.unique(status, return_counts=True)
    return Counter({STATUSES[code]: int(n) for code, n in zip(codes, numbers, strict=True)})


def reasons(counts: Mapping[str, int]) -> dict[str, int]:
    """How many rows have a value that is not drawn as an ordinary z, by status word."""
    return {word: n for word, n in counts.items() if word not in (NEVER, "ok") and n}


def why_not(counts: Mapping[str, int]) -> str:
    """Why a measure has no z, from how many of its rows have which status.

    Examples
    --------
    >>> why_not({"missing_value": 12})
    'not measured'
    >>> why_not({"missing_value": 2, "oedema": 1, "implausible": 3})
    'no z-score: implausible (3), oedema (1)'
    """
    found = reasons(counts)
    return f"no z-score: {counted(found)}" if found else plain(NEVER)


def measured(cohort: Cohort) -> list[str]:
    """The measures that were taken at all; every one, where none was."""
    taken = [m for m, found in cohort.measures.items() if set(tally(found.status)) - {NEVER}]
    return taken or list(cohort.measures)


def why_no_z(cohort: Cohort, measure: str, arm: int) -> str:
    """Why an arm has no z of a measure."""
    return why_not(tally(cohort.measures[measure].status[cohort.arm == arm]))


def left_out(cohort: Cohort) -> list[str]:
    """What a chart of a cohort does not show, and why."""
    notes, parts = [], []
    shown = measured(cohort)
    for measure, found in cohort.measures.items():
        counts = reasons(tally(found.status))
        if counts:
            parts.append(f"{NAMES[measure]}: {counted(counts)}")
        if measure not in shown:
            notes.append(f"{titled(NAMES[measure])}: not measured.")
    if parts:
        notes.append(f"Visits left out: {'; '.join(parts)}.")
    if cohort.left_out:
        notes.append(f"{count(cohort.left_out, 'row')} left out: no usable age or no subject.")
    if cohort.conflicting:
        notes.append(
            f"{count(cohort.conflicting, 'row')} left out: two rows of the subject state different"
            " facts."
        )
    return notes
