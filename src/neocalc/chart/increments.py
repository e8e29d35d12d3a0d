"""The increments that a velocity chart shows: from visit to visit, with the WHO's bands."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc import velocity
from neocalc.ages.age import Age
from neocalc.chart.visits import Infant
from neocalc.cohort.velocity_columns import PREFIXES
from neocalc.errors import CODE, STATUSES
from neocalc.reading.dates import MONTH
from neocalc.reading.dimensions import convert, find_unit
from neocalc.references.files import MEASURES
from neocalc.velocity.correlations import SOURCES
from neocalc.velocity.intervals import METHODS
from neocalc.velocity.scored import SHOWN_UNITS

NOTHING_TO_SAY: Final = ("first_visit", "missing_value")
"""Statuses of visits that have nothing to be compared with, or no value."""
BANDS: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""The lines of a band [z]."""


class Increment(NamedTuple):
    """Growth between two visits: their days since birth, its rate per month and that of the band.

    `rate` and `band` are in the unit in which the WHO states increments, per month of 30.4375
    days; the lines of the band are those of `BANDS`, NaN where the table has none.
    """

    first: int
    last: int
    z: float
    months: int
    rate: float
    band: Any
    method: str


class Step(NamedTuple):
    """The change in z between two visits: their days since birth, and how unusual it is.

    `standardised` and `conditional` are in SD of such changes, by the correlation r, which is from
    `source`.
    """

    first: int
    last: int
    growth: float
    change: float
    standardised: float
    conditional: float
    r: float
    source: str


class Chain(NamedTuple):
    """The increments of a measure, one after the other, and why other visits have none.

    `steps` are the visits that have a standardised change, with an increment or without.
    """

    increments: list[Increment]
    without: Counter[str]
    steps: list[Step]

    @property
    def beside(self) -> list[Step]:
        """The steps over which there is no increment."""
        there = {increment.last for increment in self.increments}
        return [step for step in self.steps if step.last not in there]


def chain_of(infant: Infant, measure: str) -> Chain:
    """Increments from visit to visit: each from the visit before at which it was measured.

    They are those of `neocalc.velocity.score`, by the same comparison: what has no z there has none
    here. An implausible one is counted, and not shown.

    Parameters
    ----------
    infant : Infant
        The visits.
    measure : str
        The measure.
    """
    growth = infant.series[measure].growth
    source, target = find_unit(MEASURES[measure]), find_unit(SHOWN_UNITS[measure])
    assert source is not None and target is not None
    shown = convert(growth.increment, source, target)
    found, without = [], Counter[str]()
    for at, code in enumerate(growth.status.tolist()):
        word = STATUSES[code]
        if word in NOTHING_TO_SAY:
            continue
        if growth.implausible[at]:
            word = "implausible"
        if growth.z[at] != growth.z[at] or word == "implausible":
            without[word] += 1
            continue
        first, last = int(infant.days[growth.other[at]]), int(infant.days[at])
        per_month = MONTH / (last - first)
        found.append(
            Increment(
                first, last, float(growth.z[at]), int(growth.months[at]),
                float(shown[at]) * per_month, _band(infant, measure, first, last) * per_month,
                METHODS[growth.more[f"{PREFIXES[measure]}_velocity_method"][at]],
            )
        )  # fmt: skip
    return Chain(found, without, _steps(infant, measure, shown))


def _steps(infant: Infant, measure: str, shown: Any) -> list[Step]:
    """The standardised changes of a measure, but for implausible ones."""
    growth, prefix = infant.series[measure].growth, PREFIXES[measure]
    names = ("change_z", "change_standardised", "conditional_gain", "change_r")
    figures = [growth.more[f"{prefix}_{name}"].tolist() for name in names]
    source = growth.more[f"{prefix}_change_r_source"]
    ok = growth.more[f"{prefix}_standardised_status"] == CODE["ok"]
    return [
        Step(
            int(infant.days[growth.other[at]]), int(infant.days[at]), float(shown[at]),
            figures[0][at], figures[1][at], figures[2][at], figures[3][at], SOURCES[source[at]],
        )
        for at in np.flatnonzero(ok).tolist()
    ]  # fmt: skip


def _ages(infant: Infant, days: Any) -> Age:
    days = np.atleast_1d(np.asarray(days, dtype=np.int32))
    return Age.from_codes(days, np.full_like(days, infant.gestation), None, None)


def _band(infant: Infant, measure: str, first: int, last: int) -> Any:
    """Increments at the lines of a band, over the interval as it is."""
    n = len(BANDS)
    lines = velocity.increment(
        measure,
        np.array(BANDS),
        sex=infant.sex_word,
        first_age=_ages(infant, np.full(n, first)),
        second_age=_ages(infant, np.full(n, last)),
        policy=infant.policy,
    )
    return np.asarray(lines.magnitude)
