"""Change in z between two visits, by the same policy at both.

A change across two references contains the step between the charts: it is marked, and the size of
the step is given beside it. A fall in z is named after the indicators of malnutrition in preterm
infants and neonates.

References
----------
Goldberg DL, Becker PJ, Brigham K, et al. Identifying malnutrition in preterm and neonatal
populations: recommended indicators. J Acad Nutr Diet 2018;118:1571-82.
doi:10.1016/j.jand.2017.10.006
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.policy import TERM_SLOT, Policy
from neocalc.arrays import either
from neocalc.errors import StatusArray, first_status, status_where
from neocalc.growth.scoring import Scored
from neocalc.reading.dates import TERM
from neocalc.reading.units import Floats
from neocalc.reading.words import Ints
from neocalc.references.catalogue import reference as find_reference
from neocalc.references.lookup import Bools, Bytes, Rows

DECLINES: Final = ("", "none", "mild", "moderate", "severe")
"""Classes of a fall in z; empty where none is given."""
DECLINE_SOURCE: Final = (
    "Goldberg 2018 (doi:10.1016/j.jand.2017.10.006), preterm infants and neonates: fall in"
    " weight-for-age or length-for-age z of 0.8 to 1.2 mild, above 1.2 to 2 moderate, above 2"
    " severe, judged on the fall rounded to two decimals; not in the first 2 weeks of life"
)
MILD_FROM: Final = 80
MODERATE_ABOVE: Final = 120
SEVERE_ABOVE: Final = 200
"""Limits of the classes [0.01 z]."""
TWO_WEEKS: Final = 14
"""Before this chronological age every infant loses weight: no class [day]."""
DECLINE_MEASURES: Final = ("weight", "length")


class Changes(NamedTuple):
    """Changes of many: z at the second visit less z at the first, and why there is none."""

    z: Floats
    status: StatusArray


class Attained(NamedTuple):
    """Attained z-scores of one visit of many, with their statuses and codes of the references."""

    z: Floats
    status: StatusArray
    reference: Bytes

    def take(self, rows: Rows) -> Attained:
        """Those of some rows."""
        return Attained(self.z.take(rows), self.status.take(rows), self.reference.take(rows))

    def rows(self, block: slice) -> Attained:
        """Those of one block of rows."""
        return Attained(self.z[block], self.status[block], self.reference[block])


def attained(scored: Scored) -> Attained:
    """What a change is computed from."""
    return Attained(scored.z, scored.status, scored.reference)


def change_of(
    first: Attained,
    second: Attained,
    days: Ints,
    status: StatusArray | None,
    implausible: Bools | None = None,
) -> Changes:
    """Changes in z from attained z-scores; `status` is of the pair of visits.

    Without a z at either visit there is no change, and the status is that of the visit. A z that is
    implausible, a change beyond what a child can do (`implausible`), and a change of the reference
    are said; the change is kept.
    """
    z = second.z - first.z
    changed = (first.reference != second.reference) & (first.reference * second.reference != 0)
    codes = first_status(first.status, second.status, status_where(changed, "reference_changed"))
    if implausible is not None:
        codes = first_status(codes, status_where(implausible, "implausible"))
    nothing = status_where(days <= 0, "interval_not_positive")
    if status is not None:
        nothing = either(status != 0, status, nothing)
    z[np.flatnonzero(nothing != 0)] = np.nan
    without = np.flatnonzero(np.isnan(z))
    reasons = nothing[without]
    for one in (first, second):  # a status that is kept with a z is no reason
        reason = np.where(np.isnan(one.z[without]), one.status[without], np.uint8(0))
        reasons = first_status(reasons, reason)
    codes[without] = reasons
    return Changes(z, codes)


def chart_step(measure: str, z: Any, *, sex: Any, policy: Policy) -> Floats:
    """The step between the charts of a policy at its hand-over, for a child at a z.

    It is the z-score by the term reference, less the z-score by the preterm reference, of one
    measurement on the last day of the preterm reference.

    Parameters
    ----------
    measure : str
        A measure of both references.
    z : array_like
        Z-score by the preterm reference [unitless].
    sex : array_like
        Codes of the sex.
    policy : Policy
        Names the references and the hand-over.

    Returns
    -------
    numpy.ndarray
        Step [unitless]; NaN where the preterm reference does not go as far as the hand-over.

    Examples
    --------
    A boy at the median of Fenton 2013, handed over at 40 weeks and at 50 weeks:

    >>> early, late = Policy(handover="40 week"), Policy()
    >>> [chart_step("weight", 0.0, sex=1, policy=p).round(2).item() for p in (early, late)]
    [0.44, 0.0]
    """
    z, sex = np.atleast_1d(np.asarray(z, dtype=np.float64)), np.atleast_1d(sex)
    days = policy.handover_day, policy.handover_day - TERM
    names = policy.preterm_reference, policy.term_reference
    found = []
    for name, day in zip(names, days, strict=True):
        tables = find_reference(name).tables(measure)
        table = next((table for table in tables if table.first <= day <= table.last), None)
        if table is None:
            return np.full(len(z), np.nan)
        found.append((table, (sex, day - table.first)))
    (preterm, last), (term, same) = found
    return np.asarray(term.zscore(preterm.measurement(z, last), same) - z)


def chart_steps(
    measure: str, first: Attained, second: Attained, change: Floats, sex: Ints, policy: Policy
) -> Floats:
    """For each change across the hand-over the step between the charts; else NaN [unitless].

    A change to the reference of school age is none across the hand-over.
    """
    steps = np.full(len(change), np.nan)
    over = (first.reference == 1) & (second.reference == 1 + TERM_SLOT)
    at = np.flatnonzero(~np.isnan(change) & over)
    if at.size:
        steps[at] = chart_step(measure, first.z[at], sex=sex[at], policy=policy)
    return steps


def decline_class(measure: str, change: Floats, age: Ints) -> Bytes:
    """Codes of `DECLINES` for changes in z that end at a chronological age [day].

    Parameters
    ----------
    measure : str
        Only weight and length have classes.
    change : numpy.ndarray
        Change in z [unitless].
    age : numpy.ndarray
        Chronological age at the second visit [day].

    References
    ----------
    doi:10.1016/j.jand.2017.10.006. Where exactly a class begins is a decision: the fall is rounded
    to two decimals, 0.8 and 1.2 are mild, 2 is moderate.

    Examples
    --------
    >>> falls = np.array([-0.79, -0.8, -1.2, -1.21, -2.0, -2.01])
    >>> [DECLINES[i] for i in decline_class("weight", falls, np.full(6, 60))]
    ['none', 'mild', 'mild', 'moderate', 'moderate', 'severe']
    """
    if measure not in DECLINE_MEASURES:
        return np.zeros(len(change), dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        fall = np.rint(-100 * change)
        code = np.uint8(1) + (fall >= MILD_FROM) + (fall > MODERATE_ABOVE) + (fall > SEVERE_ABOVE)
    return np.where(np.isnan(change) | (age < TWO_WEEKS), 0, code).astype(np.uint8)
