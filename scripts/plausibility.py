"""Measure the flag limits: which slips they notice, and how many true values they flag.

::

    python scripts/plausibility.py         print the rows of the table in docs/methods.md

For every row of every table of attained growth and of size at birth:

- the limit of a small value, M exp(-k S), as a share of the median and as a z;
- the share of children whose z is from the standard normal distribution, within 4 SD, and who are
  flagged: on average over the rows of the table, and in the row with most;
- whether a slip of the unit (kilograms or ounces typed as grams, a tenth) is flagged for each
  child at z -4 to 4, and the slips the other way for each child who is not flagged himself.

Children at a z that no measurement has (1 + L S z is not above 0) do not exist, and are not
counted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from neocalc.references.catalogue import references
from neocalc.references.files import Table

Floats = npt.NDArray[np.float64]

OUNCE: Final = 28.349523125
"""[g]"""
LIGHT: Final = {"kg as g": 1 / 1000, "oz as g": 1 / OUNCE, "a tenth": 0.1}
"""What each slip multiplies a value with."""
HEAVY: Final = {"g as kg": 1000.0, "g as oz": OUNCE, "tenfold": 10.0}
CHILDREN: Final = np.linspace(-4, 4, 81)
"""The z of children of whom each slip is made."""
DENSE: Final = np.linspace(-4, 4, 1601)
"""The z of true children, weighted as the normal distribution does."""


class Measured(NamedTuple):
    """What the limits of one table do."""

    reference: str
    measure: str
    k: float | None
    share_of_median: tuple[float, float]
    z_of_limit: tuple[float, float]
    flagged: tuple[float, float]
    missed: dict[str, int]
    children: int


def flagged(table: Table, y: Any) -> npt.NDArray[np.bool_]:
    """Which values of a table are implausible, for both sexes and every key at once."""
    rounded = np.round(table.zscore(y, ...), 2)
    found = (rounded < table.flag[0]) | (rounded > table.flag[1])
    if table.flag_small is not None:
        found |= y < table.small_line()
    return np.asarray(found)


def values(table: Table, z: Floats) -> Floats:
    """The measurements at z-scores, for both sexes and every key; NaN where there is none."""
    at = z[:, np.newaxis, np.newaxis]
    return np.asarray(table.measurement(at, ...))


def measured(reference: str, measure: str, table: Table) -> Measured:
    """What the limits of a table do."""
    k = table.flag_small
    nothing = np.full(1, np.nan)
    share, z = nothing, nothing
    if k is not None:
        share, z = table.small_line() / table.M, table.zscore(table.small_line(), ...)
    true, counted = np.zeros(table.M.shape), np.zeros(table.M.shape)
    for part in np.array_split(DENSE, 20):
        y = values(table, part)
        weight = np.exp(-(part**2) / 2)[:, np.newaxis, np.newaxis] * (y > 0)
        counted += weight.sum(axis=0)
        true += (weight * flagged(table, y)).sum(axis=0)
    y = values(table, CHILDREN)
    there = y > 0
    believed = there & ~flagged(table, y)
    missed = {name: int((there & ~flagged(table, y * by)).sum()) for name, by in LIGHT.items()}
    missed |= {name: int((believed & ~flagged(table, y * by)).sum()) for name, by in HEAVY.items()}
    shares = true / counted
    return Measured(
        reference, measure, k, (float(share.min()), float(share.max())),
        (float(z.min()), float(z.max())), (float(shares.mean()), float(shares.max())), missed,
        int(there.sum()),
    )  # fmt: skip


def everything() -> list[Measured]:
    """Every table of attained growth and of size at birth."""
    return [
        measured(ref.id, measure, table)
        for ref in references()
        if ref.use != "velocity"
        for measure in ref.measures
        for table in ref.tables(measure)
    ]


def percent(share: float) -> str:
    """A share in percent, to three decimals."""
    return f"{100 * share:.3f} %"


def rows() -> list[str]:
    """The rows of the table in docs/methods.md."""
    found = []
    for one in everything():
        limit = "-", "-"
        if one.k is not None:
            limit = (
                "{:.2f} to {:.2f}".format(*one.share_of_median),
                "{:.2f} to {:.2f}".format(*one.z_of_limit),
            )
        missed = [f"{name} {n:,}" for name, n in one.missed.items() if n]
        cells = [
            f"`{one.reference}`", one.measure.replace("_", " "), *limit, percent(one.flagged[0]),
            percent(one.flagged[1]), ", ".join(missed) or "none",
        ]  # fmt: skip
        found.append(f"| {' | '.join(cells)} |")
    return found


if __name__ == "__main__":
    print("\n".join(rows()))
