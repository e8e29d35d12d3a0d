"""What another choice of the earlier visit would give the visits that have no velocity z-score.

The WHO's increments are of 1 to 6 months, those of length and head circumference of 2 months or
more: compared with the visit before, a child that is seen every month has no velocity of its
length. What the summary of a file says of it is counted here, batch by batch. It costs a second
comparison for each choice, and so is done for files only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.cohort.comparisons import Compared, Line
from neocalc.cohort.velocity_columns import PREFIXES, Measured, link, velocities
from neocalc.errors import CODE, StatusArray
from neocalc.reading.dates import MONTH, duration_days
from neocalc.references.lookup import Rows
from neocalc.text import NAMES, titled
from neocalc.velocity.increment_tables import WIDTHS
from neocalc.velocity.increments import Rules
from neocalc.velocity.visits import WINDOW

SHORT, LONG, NONE_NEAR = "interval_too_short", "interval_too_long", "no_visit_in_window"
"""Why visits have no velocity z-score that the choice of the earlier visit can mend."""
WHY: Final = {
    SHORT: ("has no table for so short an interval", "have no table for so short an interval"),
    LONG: (
        "is too long after the one that it is compared with, for any table",
        "are too long after the one that they are compared with, for any table",
    ),
    NONE_NEAR: (
        "has no earlier visit near the interval", "have no earlier visit near the interval",
    ),
}  # fmt: skip
"""Each of them in words, of one visit and of several."""
BETWEEN_TABLES: Final = 4 * MONTH
"""An interval without a table is too short up to here, and too long beyond [day]."""
PREVIOUS: Final = "previous"
VISITS, STANDARDISED = "visits", "standardised"
Key = tuple[str, str, str]
"""Measure, why, and what is counted: `VISITS`, `STANDARDISED`, or those with a z by a choice."""


class Choice(NamedTuple):
    """A way to choose the earlier visit, with its name on the command line."""

    name: str
    against: str
    months: int
    interval: int
    window: int


def choices(against: str, interval: int) -> Iterator[Choice]:
    """The ways to choose the earlier visit that are not the one in use."""
    if against != PREVIOUS:
        yield Choice(f"--against {PREVIOUS}", PREVIOUS, 0, 0, 0)
    for months in WIDTHS:
        days = duration_days(f"{months} month", "interval")
        if days != interval:
            name = f"--against interval --interval {months}mo"
            yield Choice(name, "interval", months, days, days // WINDOW)


class Without(NamedTuple):
    """Rows without a velocity z-score for which another earlier visit might give one.

    `rows` are those of each reason, and `standardised` counts those that have such a change.
    """

    rows: dict[str, Rows]
    standardised: dict[str, int]


def without_z(found: dict[str, Any], measure: str, compared: Compared) -> Without:
    """The rows of a measure without a velocity z-score, by reason.

    Parameters
    ----------
    found : dict
        The added columns of the measure, as `followup.score_measure` gives them.
    measure : str
        The measure.
    compared : Compared
        With which visit each is compared.
    """
    status = found[f"{PREFIXES[measure]}_velocity_status"]
    change = found[f"{PREFIXES[measure]}_change_standardised"]
    no_table = status == CODE["no_table"]
    without = no_table | (status == CODE["interval_not_nominal"])
    long = without & (compared.days > BETWEEN_TABLES)
    masks = {
        SHORT: without & ~long,
        LONG: long,
        NONE_NEAR: compared.status == CODE["no_visit_in_window"],
    }
    rows = {why: np.flatnonzero(mask) for why, mask in masks.items()}
    known = {why: int(np.count_nonzero(~np.isnan(change[at]))) for why, at in rows.items()}
    return Without(rows, known)


def count(
    measured: Measured,
    line: Line,
    without: Without,
    age_status: StatusArray | None,
    *,
    against: str,
    interval: int,
    rules: Rules,
) -> Counter[Key]:
    """Count the visits without a velocity z-score, and those that each choice would give one.

    Parameters
    ----------
    measured : Measured
        A measure at all visits.
    line : Line
        The visits.
    without : Without
        Those of this measure.
    age_status : numpy.ndarray or None
        Why an age cannot be used.
    against, interval
        The choice in use.
    rules : Rules
        Of the velocity z-scores.
    """
    measure, counts = measured.measure, Counter[Key]()
    for why, rows in without.rows.items():
        counts[measure, why, VISITS] += len(rows)
        counts[measure, why, STANDARDISED] += without.standardised[why]
    if not any(rows.size for rows in without.rows.values()):
        return counts
    for choice in choices(against, interval):
        other = line.compare(measure, choice.against, choice.interval, choice.window)
        other = link(other, age_status)
        for why, rows in without.rows.items():
            there = rows[other.status[rows] == 0]
            if there.size:
                z = velocities(measured, other, there, rules).z
                counts[measure, why, choice.name] += int(np.count_nonzero(~np.isnan(z)))
    return counts


def described(counts: Counter[Key], against: str, interval: int) -> list[dict[str, Any]]:
    """For each measure and reason the visits without a z, and the choice that gives most one.

    Returns
    -------
    list of dict
        With measure, why, visits, how many of these have a standardised change, and the best
        choice: against, interval_months, option and z, the visits that it gives a velocity z-score;
        None, None, None and 0 where no choice gives any.
    """
    told = []
    for (measure, why, what), visits in sorted(counts.items()):
        if what != VISITS or not visits:
            continue
        best, most = None, 0
        for choice in choices(against, interval):
            z = counts[measure, why, choice.name]
            if z > most:
                best, most = choice, z
        told.append(
            {
                "measure": measure,
                "why": why,
                "visits": visits,
                "standardised": counts[measure, why, STANDARDISED],
                "against": best and best.against,
                "interval_months": (best.months or None) if best else None,
                "option": best and best.name,
                "z": most,
            }
        )
    return told


def sentences(told: list[dict[str, Any]]) -> list[str]:
    """The same for people, a line for each measure and reason.

    Examples
    --------
    >>> counts = Counter({("length", SHORT, VISITS): 412,
    ...                   ("length", SHORT, "--against interval --interval 2mo"): 398})
    >>> print(sentences(described(counts, "previous", 0))[0])
    Length or height: 412 visits have no table for so short an interval; \
--against interval --interval 2mo gives 398 of them a z
    """
    return [_sentence(one) for one in told]


def _sentence(one: dict[str, Any]) -> str:
    if one["visits"] == 1:
        visits, some, has = "1 visit", "it", "it has"
    else:
        visits, some = (
            f"{one['visits']:,} visits",
            f"{one['z']:,} of them" if one["z"] else "any of them",
        )
        has = f"{one['standardised']:,} of them have"
    visits += f" {WHY[one['why']][one['visits'] != 1]}"
    choice = one["option"] or "no other choice of the earlier visit"
    line = f"{titled(NAMES[one['measure']])}: {visits}; {choice} gives {some} a z"
    return f"{line}; {has} a standardised change" if one["standardised"] else line
