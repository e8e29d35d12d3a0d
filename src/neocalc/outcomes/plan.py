"""The plan of an outcome: columns, policy, targets and arms, checked before a row is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Unpack

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT, Policy, policy_or_default, resolve
from neocalc.cohort.canonical import TABLE
from neocalc.cohort.followup import FollowUp
from neocalc.cohort.mapping import Words, map_columns, mapping_of
from neocalc.errors import FileError, InputError, MissingError
from neocalc.outcomes.targets import Schedule, schedule
from neocalc.trials import Trial
from neocalc.velocity.increments import DEFAULT_RULES, Rules

ORDER: Final = (
    "subject_id", "arm", "per_protocol", "left", "measure", "target", "target_number", "target_on",
    "window_from", "window_to", "visit_on", "visit_day", "chronological_age_days",
    "postmenstrual_age_days", "corrected_age_days", "value", "unit", "z", "reference", "age_basis",
    "status", "baseline_on", "baseline_day", "baseline_z", "baseline_reference", "baseline_status",
    "change_z", "change_chart_step", "change_status", "change_standardised", "conditional_gain",
    "change_r", "change_r_source", "standardised_status", "velocity_from",
    "velocity_interval_days", "velocity_z", "velocity_method", "velocity_status",
)  # fmt: skip
"""The columns of the table of the subjects, in their order."""
COLUMNS: Final = {
    "arm": "the arms", "baseline": "the date of administration", "population": "the population",
    "disposition": "how a child left the trial", "ended": "the date on which a child left it",
}  # fmt: skip
"""The columns of the trial, beside those of growth."""


@dataclass(frozen=True)
class OutcomePlan(FollowUp):
    """What is computed of a table of visits.

    Parameters
    ----------
    arm : str, optional
        The column of the arms; None: one arm.
    population : str, optional
        The column that says with yes or no who is in the per-protocol population.
    disposition, ended : str, optional
        The columns that say how and when a child left the trial.
    control : str, optional
        The arm that the others are compared with.
    plan : Schedule
        The targets.
    trial : Trial, optional
        The trial.
    blind : bool
        Whether no arm is shown.
    """

    arm: str | None = None
    population: str | None = None
    disposition: str | None = None
    ended: str | None = None
    control: str | None = None
    plan: Schedule = field(default_factory=schedule)
    trial: Trial | None = None
    blind: bool = False

    @property
    def added(self) -> list[str]:
        """The columns of the table of the subjects."""
        there = {
            "arm": self.arm is not None and not self.blind,
            "per_protocol": self.population is not None,
            "left": self.disposition is not None,
        }
        return [name for name in ORDER if there.get(name, True)]

    @property
    def needed(self) -> list[str]:
        """The columns that are read."""
        own = (getattr(self, name) for name in COLUMNS)
        return list(dict.fromkeys([*super().needed, *filter(None, own)]))


def plan(
    present: list[str],
    *,
    baseline: str | None,
    arm: str | None = None,
    control: str | None = None,
    population: str | None = None,
    disposition: str | None = None,
    ended: str | None = None,
    trial: Trial | None = None,
    targets: Any = None,
    window: Any = None,
    blind: bool = False,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    rules: Rules = DEFAULT_RULES,
    where: str = TABLE,
    command: bool = False,
    **words: Unpack[Words],
) -> OutcomePlan:
    """Check the columns and options once, before any row is read."""
    mapped = map_columns(
        present, columns, sex_codes, missing, where=where, command=command, **words
    )
    if baseline is None:
        raise MissingError("baseline", "name the column with the date of administration")
    own = {
        "arm": arm, "baseline": baseline, "population": population, "disposition": disposition,
        "ended": ended,
    }  # fmt: skip
    for name, column in own.items():
        if column is not None and column not in present:
            raise FileError(f"{where}: there is no column {column!r} ({COLUMNS[name]})")
    if "subject_id" not in mapped.names:
        how = mapping_of("subject_id", "NAME", where)
        raise FileError(f"{where}: there is no column subject_id; map it: {how}")
    if not (mapped.has("birth_date") or mapped.has("measured_on")):
        raise FileError(f"{where}: an outcome needs dates: birth_date or measured_on")
    if control is not None and arm is None:
        raise InputError("control", control, "name the column of the arms too")
    if ended is not None and disposition is None:
        raise InputError("ended", ended, "name the column that says how a child left too")
    found = OutcomePlan(
        mapped, policy_or_default(policy), reference, against="baseline", baseline=baseline,
        rules=rules, arm=arm, population=population, disposition=disposition, ended=ended,
        control=control, plan=schedule(trial, targets, window), trial=trial, blind=blind,
    )  # fmt: skip
    if not found.measures:
        raise FileError(f"{where}: there is no weight, length or head circumference")
    resolve(Age.from_days(0, "30+0"), found.policy, reference)  # an unknown reference, now
    return found
