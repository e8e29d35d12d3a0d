"""The visits of many children: what came of comparing them.

Columns that are added to a table are in `added_columns`: days since the baseline, and for each
measure, with the prefix w (weight), l (length) or hc (head circumference):

- ``w_from``, ``w_interval_days``: the other visit at which it was taken, and the days since it;
- ``w_velocity_z``, ``w_velocity_method``, ``w_velocity_nominal_months``, ``w_velocity_status``: by
  the WHO's increments, of a row, between the rows of two widths, or scaled;
- ``w_gain_g_per_kg_day_exponential`` and ``w_gain_g_per_day``, ``l_gain_cm_per_week``,
  ``w_gain_status``;
- ``w_change_z``, ``w_change_chart_step``, ``w_change_status``: z at this visit less z at the other,
  and how much of it is the step between the charts, where they are of two;
- ``w_change_standardised``, ``w_conditional_gain``, ``w_change_r``, ``w_change_r_source``,
  ``w_standardised_status``: how unusual that change is, without and with an allowance for
  regression to the mean, the correlation of z that both are by, and where it is from.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.ages.policy import Policy
from neocalc.arrays import BLOCK, by_blocks, either
from neocalc.cohort.comparisons import Compared
from neocalc.errors import StatusArray, first_status
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import score
from neocalc.references.lookup import Rows
from neocalc.velocity.correlations import sources, standardise, standardised_status
from neocalc.velocity.declines import Attained, attained, change_of, chart_steps
from neocalc.velocity.gains import gain_rate, gain_status
from neocalc.velocity.increments import DEFAULT_RULES, Rules, ScoredIncrements
from neocalc.velocity.increments import score as score_increments
from neocalc.velocity.visits import Interval, Visit, amounts, between, pair, visit

SINCE: Final = "days_since_baseline"
PREFIXES: Final = {"weight": "w", "length": "l", "head_circumference": "hc"}
RATES: Final = {
    "weight": {"exponential": "g_per_kg_day_exponential", "g/day": "g_per_day"},
    "length": {"cm/week": "cm_per_week"},
    "head_circumference": {"cm/week": "cm_per_week"},
}
"""The rates that a table gets, each with the end of the column's name."""
VELOCITY: Final = (
    "velocity_z", "velocity_method", "velocity_nominal_months", "velocity_status",
)  # fmt: skip
STANDARDISED: Final = (
    "change_standardised", "conditional_gain", "change_r", "change_r_source",
    "standardised_status",
)  # fmt: skip
"""The ends of the columns' names, in their order."""


def added_columns(measures: Iterable[str]) -> list[str]:
    """The names of the columns that are added to a table with these measures.

    Examples
    --------
    >>> added_columns(["length"])
    ['days_since_baseline', 'l_from', 'l_interval_days', 'l_velocity_z', \
'l_velocity_method', 'l_velocity_nominal_months', 'l_velocity_status', 'l_gain_cm_per_week', \
'l_gain_status', 'l_change_z', 'l_change_chart_step', 'l_change_status', \
'l_change_standardised', 'l_conditional_gain', 'l_change_r', 'l_change_r_source', \
'l_standardised_status']
    """
    names = [SINCE]
    for measure in measures:
        own = ["from", "interval_days", *VELOCITY]
        own += [f"gain_{rate}" for rate in RATES[measure].values()]
        own += ["gain_status", "change_z", "change_chart_step", "change_status", *STANDARDISED]
        names += [f"{PREFIXES[measure]}_{name}" for name in own]
    return names


def link(compared: Compared, age_status: StatusArray | None) -> Compared:
    """The comparison with why an age cannot be used, which comes before that nothing was found."""
    if age_status is None:
        return compared
    return compared._replace(status=first_status(compared.status, age_status))


class Measured(NamedTuple):
    """A measure at the visits of many children: what was measured, and its attained z-scores."""

    measure: str
    inputs: Inputs
    visits: Visit
    sizes: Attained


def measured(measure: str, inputs: Inputs) -> Measured:
    """A measure at all visits, from its columns."""
    scored = score(measure, inputs)
    return Measured(measure, inputs, visit(measure, inputs, scored), attained(scored))


def velocities(
    of: Measured, compared: Compared, here: slice | Rows, rules: Rules = DEFAULT_RULES
) -> ScoredIncrements:
    """The velocity z-scores of some visits, with the pairs that they are of."""
    before, now = of.visits.take(compared.other[here]), of.visits.rows(here)
    interval = between_visits(of.inputs, compared, here)
    return score_increments(
        of.measure, pair(of.measure, before, now, interval, rules.limits), rules
    )


def score_measure(
    of: Measured,
    compared: Compared,
    policy: Policy,
    rules: Rules = DEFAULT_RULES,
) -> dict[str, Any]:
    """The added columns of a measure: z-scores and rates [NaN: none], months [0: none], statuses.

    Parameters
    ----------
    of : Measured
        A measure at all visits.
    compared : Compared
        With which visit each is compared.
    policy : Policy
        By which the ages were resolved.
    rules : Rules
        Of the velocity z-scores.
    """
    measure, inputs, visits, sizes = of
    n, prefix, limits = len(sizes.z), PREFIXES[measure], rules.limits
    floats = ("velocity_z", *(f"gain_{rate}" for rate in RATES[measure].values()))
    floats += ("change_z", "change_chart_step", *STANDARDISED[:3])
    codes = (*VELOCITY[1:], "gain_status", "change_status", *STANDARDISED[3:])
    columns: dict[str, Any] = {f"{prefix}_{name}": np.empty(n) for name in floats}
    columns |= {f"{prefix}_{name}": np.empty(n, dtype=np.uint8) for name in codes}

    def work(start: int) -> None:
        here = slice(start, start + BLOCK)
        own, since = compared.other[here], between_visits(inputs, compared, here)
        before, now = visits.take(own), visits.rows(here)
        pairs = pair(measure, before, now, since, limits)
        velocity = score_increments(measure, pairs, rules)
        ends = sizes.take(own), sizes.rows(here)
        change = change_of(*ends, since.days, since.status, pairs.implausible)
        block: dict[str, Any] = {
            "velocity_z": velocity.z,
            "velocity_method": velocity.method,
            "velocity_nominal_months": velocity.nominal_months,
            "velocity_status": velocity.status,
            "change_z": change.z,
            "change_chart_step": chart_steps(measure, *ends, change.z, since.sex, policy),
            "change_status": change.status,
        }
        # The cells that r is computed from are those of the increments, by the default rules.
        placed = velocity.places if rules.rule == DEFAULT_RULES.rule else None
        standardised = standardise(measure, *ends, change, since, placed=placed)
        source = sources(measure, since, standardised.r, placed)
        reason = standardised_status(measure, *ends, change, since)
        block |= dict(zip(STANDARDISED, (*standardised, source, reason), strict=True))
        grown, word = amounts(before, now, compared.status[here])
        status = gain_status(since.days, pairs.implausible)
        block["gain_status"] = either(word != 0, word, status)
        for method, name in RATES[measure].items():
            block[f"gain_{name}"] = gain_rate(method, before.value, grown, since.days)
        for name, values in block.items():
            columns[f"{prefix}_{name}"][here] = values

    by_blocks(work, n)
    return columns


def between_visits(inputs: Inputs, compared: Compared, here: slice | Rows) -> Interval:
    """What is between the visits of some rows and those that they are compared with."""
    days, status = compared.days[here], compared.status[here]
    ages, sex = inputs.resolved, inputs.sex[here]
    return between(ages, ages.rows(here), sex, days, status, compared.other[here])
