"""The endpoints of each subject, measure and target, each with its status.

Attained z, change since baseline, standardised change, conditional gain, and the velocity z over
the interval from the target before: by the same functions as `neocalc.score` and
`neocalc.velocity.score`. A missing visit is missing: nothing is carried forward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.cohort.comparisons import Compared, Line
from neocalc.cohort.velocity_columns import between_visits, link, measured, velocities
from neocalc.errors import CODE, StatusArray
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import score as score_attained
from neocalc.outcomes.subjects import Subjects
from neocalc.outcomes.targets import Windows
from neocalc.outcomes.visits import NONE, chosen
from neocalc.reading.units import Floats
from neocalc.reading.words import Ints
from neocalc.references.lookup import Bytes, Rows
from neocalc.velocity.correlations import sources, standardise, standardised_status
from neocalc.velocity.declines import attained, change_of, chart_steps
from neocalc.velocity.visits import pair, visit

if TYPE_CHECKING:
    from neocalc.cohort.table import Rows as Prepared
    from neocalc.outcomes.plan import OutcomePlan

ENDPOINTS: Final = {
    "z": "status",
    "change_z": "change_status",
    "change_standardised": "standardised_status",
    "conditional_gain": "standardised_status",
    "velocity_z": "velocity_status",
}
"""Each endpoint with the column of its status."""


class Picked(NamedTuple):
    """For each subject the row of its baseline and of each target, of one measure.

    Attributes
    ----------
    rows : numpy.ndarray
        One row a subject; the first column is the baseline, the others are the targets; `NONE`
        where there is no visit.
    status : numpy.ndarray
        Why there is none: what is wrong with the subject, no_baseline (in the column of the
        baseline), duplicate_visit, died, withdrawn, lost_to_follow_up or no_visit_in_window; ok
        where there is one.
    """

    rows: Rows
    status: StatusArray


class Figures(NamedTuple):
    """The endpoints of a measure, in the form of `Picked`: NaN where the status says why.

    `row`, `previous` are rows of the table, `NONE` where there is no visit; `days` is from the
    target before [day].
    """

    picked: Picked
    value: Floats
    z: Floats
    reference: Bytes
    basis: Bytes
    status: StatusArray
    change_z: Floats
    chart_step: Floats
    change_status: StatusArray
    change_standardised: Floats
    conditional_gain: Floats
    r: Floats
    r_source: Bytes
    standardised_status: StatusArray
    velocity_z: Floats
    velocity_method: Bytes
    velocity_days: Ints
    velocity_status: StatusArray
    references: tuple[Any, ...]


def picked(
    measure: str, line: Line, rows: Prepared, subjects: Subjects, windows: Windows
) -> Picked:
    """The visits of the baseline and of the targets."""
    assert line.since is not None  # the plan names a baseline
    days, known = line.since
    value, given = rows.measures[measure]
    taken = ~np.isnan(value) if given is None else ~np.isnan(value) | (given != 0)
    own = taken & known & (subjects.of_row >= 0)
    own &= np.append(subjects.status == 0, False)[subjects.of_row]
    first_of_visit = line.source(measure) == np.arange(len(days))
    later, unsure = own & (days > 0), line.duplicate
    targets = chosen(subjects.of_row, days, later & ~unsure & first_of_visit, windows)
    differing = chosen(subjects.of_row, days, later & unsure, windows)
    baseline = np.full(len(subjects.ids), NONE, dtype=np.intp)
    other, found = line.baseline_of(measure)
    found = found & own
    baseline[subjects.of_row[found]] = other[found]
    n, width = targets.shape
    status = np.zeros((n, width + 1), dtype=np.uint8)
    status[:, 0] = np.where(baseline == NONE, CODE["no_baseline"], 0)
    status[:, 1:] = np.where(targets == NONE, CODE["no_visit_in_window"], 0)
    gone = (targets == NONE) & _left(subjects, windows, days, known)
    status[:, 1:] = np.where(gone, subjects.left[:, None], status[:, 1:])
    differ = (targets == NONE) & (differing != NONE)
    status[:, 1:][differ] = CODE["duplicate_visit"]
    status = np.where(subjects.status[:, None] != 0, subjects.status[:, None], status)
    return Picked(np.column_stack([baseline, targets]), status)


def _left(subjects: Subjects, windows: Windows, days: Ints, known: Any) -> Any:
    """The targets that a subject did not live or stay to see to the end of their window.

    Where the day on which it left is not stated, these are the targets due after its last visit.
    """
    last = np.full(len(subjects.ids), -1, dtype=np.int64)
    at = np.flatnonzero(known & (subjects.of_row >= 0))
    np.maximum.at(last, subjects.of_row[at], days[at])
    on = subjects.left_on - subjects.administered
    stated = (subjects.left_on >= 0)[:, None]
    after = np.where(stated, windows.last > on[:, None], windows.due > last[:, None])
    return after & (subjects.left != 0)[:, None]


def figures(
    measure: str, line: Line, inputs: Inputs, scoring: OutcomePlan, chosen_rows: Picked,
    age_status: StatusArray | None,
) -> Figures:  # fmt: skip
    """The endpoints of one measure.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    line : Line
        The visits, from which the baseline of each is.
    inputs : Inputs
        The columns of the measure, at the ages of the policy.
    scoring : OutcomePlan
        Policy and rules.
    chosen_rows : Picked
        The visits that are used.
    age_status : numpy.ndarray or None
        Why an age cannot be used.
    """
    scored = score_attained(measure, inputs)
    sizes, every = attained(scored), slice(None)
    base = link(line.compare(measure, "baseline"), age_status)
    since = between_visits(inputs, base, every)
    visits = visit(measure, inputs, scored)
    pairs = pair(measure, visits.take(base.other), visits, since, scoring.rules.limits)
    ends = sizes.take(base.other), sizes
    change = change_of(*ends, since.days, since.status, pairs.implausible)
    steps = chart_steps(measure, *ends, change.z, since.sex, scoring.policy)
    standard = standardise(measure, *ends, change, since)
    word = standardised_status(measure, *ends, change, since)
    r_source = sources(measure, since, standard.r)
    before = link(_target_before(chosen_rows, line), age_status)
    speed = velocities(measured(measure, inputs), before, every, scoring.rules)

    at = chosen_rows.rows
    none = at == NONE
    row = np.where(none, 0, at)
    reason = chosen_rows.status

    def of(column: Any, blank: Any) -> Any:
        return np.where(none, blank, np.asarray(column)[row])

    def why(column: StatusArray) -> StatusArray:
        return np.where(none, reason, column[row]).astype(np.uint8)

    velocity_status = why(speed.status)
    lacking = np.column_stack([np.zeros(len(at), bool), at[:, :-1] == NONE]) & ~none
    earlier = np.column_stack([reason[:, :1], reason[:, :-1]])
    velocity_status = np.where(lacking, earlier, velocity_status)
    return Figures(
        chosen_rows,
        of(inputs.value, np.nan), of(scored.z, np.nan), of(scored.reference, 0),
        of(scored.basis, 0), why(scored.status),
        of(change.z, np.nan), of(steps, np.nan), why(change.status),
        of(standard.change, np.nan), of(standard.conditional, np.nan), of(standard.r, np.nan),
        of(r_source, 0), why(word),
        of(speed.z, np.nan), of(speed.method, 0), of(before.days, 0),
        velocity_status.astype(np.uint8), scored.references,
    )  # fmt: skip


def _target_before(chosen_rows: Picked, line: Line) -> Compared:
    """With which visit that of each target is compared: that of the target before, or nothing."""
    assert line.since is not None
    days = line.since[0]
    n = len(days)
    other, status = np.arange(n), np.full(n, CODE["first_visit"], dtype=np.uint8)
    since = np.zeros(n, dtype=np.int32)
    before, now = chosen_rows.rows[:, :-1].ravel(), chosen_rows.rows[:, 1:].ravel()
    both = (before != NONE) & (now != NONE)
    other[now[both]], status[now[both]] = before[both], 0
    since[now[both]] = days[now[both]] - days[before[both]]
    return Compared(other, since, status)
