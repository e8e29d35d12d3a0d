"""How many rows of a scored table have each status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neocalc.errors import STATUSES

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.table import Scoring


def count_statuses(table: pl.DataFrame, scoring: Scoring) -> dict[str, dict[str, int]]:
    """How many rows of a scored table have each status, for each index."""
    counts = {}
    for index in [*scoring.indices, *(["dose"] if scoring.dose is not None else [])]:
        codes = table[f"{scoring.prefix}{index}_status"].to_physical().to_numpy()
        others = codes[codes != 0]  # mostly few
        numbers = np.bincount(others, minlength=len(STATUSES))
        numbers[0] = len(codes) - len(others)
        counts[index] = {w: int(n) for w, n in zip(STATUSES, numbers, strict=True) if n}
    return counts
