"""The increments that a velocity chart shows: from visit to visit, with the WHO's bands."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc import velocity
from neocalc.age import MONTH, Age
from neocalc.chart.visits import Infant
from neocalc.references import MEASURES
from neocalc.scoring import HEIGHT_FROM
from neocalc.units import quantity

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


class Chain(NamedTuple):
    """The increments of a measure, one after the other, and why pairs of visits have none."""

    increments: list[Increment]
    without: Counter[str]


def chain_of(infant: Infant, measure: str) -> Chain:
    """Increments from visit to visit: each begins where the last one ended.

    From a visit on, the first later visit is taken whose interval the WHO has; when there is none,
    the next visit begins a new one.

    Parameters
    ----------
    infant : Infant
        The visits.
    measure : str
        The measure.
    """
    series = infant.series[measure]
    usable = np.array([word in ("ok", "age_below_reference") for word in series.words], dtype=bool)
    usable &= ~np.isnan(series.value)
    days, values = infant.days[usable], series.value[usable]
    found, without = [], Counter[str]()
    at = 0
    while at < len(days) - 1:
        later = np.arange(at + 1, len(days))
        result = _scored(infant, measure, days[at], values[at], days[later], values[later])
        good = np.flatnonzero(~np.isnan(result.z))
        if not good.size:
            without[str(result.status[0])] += 1
            at += 1
            continue
        end = later[good[0]]
        first, last = int(days[at]), int(days[end])
        per_month = MONTH / (last - first)
        found.append(
            Increment(
                first, last, float(result.z[good[0]]), int(result.nominal_months[good[0]]),
                float(result.increment.magnitude[good[0]]) * per_month,
                _band(infant, measure, first, last) * per_month,
            )
        )  # fmt: skip
        at = int(end)
    return Chain(found, without)


def _ages(infant: Infant, days: Any) -> Age:
    days = np.atleast_1d(np.asarray(days, dtype=np.int32))
    return Age.from_codes(days, np.full_like(days, infant.gestation), None, None)


def _scored(
    infant: Infant, measure: str, day: int, value: float, days: Any, values: Any
) -> velocity.Velocity:
    """Velocity z-scores from one visit to each of several later ones."""
    unit = MEASURES[measure]
    firsts = np.full(len(days), day)

    def position(at: Any) -> Any:  # as the attained z took it
        words = np.where(at - infant.to_term < HEIGHT_FROM, "recumbent", "standing")
        return words.astype(object) if measure == "length" else None

    return velocity.zscore(
        measure,
        first=quantity(np.full(len(days), value), unit),
        second=quantity(values, unit),
        sex=infant.sex_word,
        first_age=_ages(infant, firsts),
        second_age=_ages(infant, days),
        first_position=position(firsts),
        second_position=position(days),
        policy=infant.policy,
    )


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
