"""The correction policy: which reference, at which age, an infant is scored on.

The default is stated and sourced in docs/methods.md: preterm below 37w0d (the WHO's definition);
corrected until 36 months (AAP: up to 3 years, doi:10.1542/peds.2004-1915, reaffirmed; J Perinatol
2025, doi:10.1038/s41372-024-02202-z: needed through 36 months below 32 weeks); preterm reference to
50w0d, where the Fenton charts join the WHO's (doi:10.1186/1471-2431-13-59). These are decisions,
not rules of the references, and each of them can be set.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.ages.age import Age
from neocalc.ages.lengths import POSITION_MATTERS
from neocalc.arrays import BLOCK, by_blocks, either
from neocalc.errors import InputError, PolicyError, StatusArray, combined, status_where
from neocalc.reading.dates import MONTH, NOT_STATED, TERM, duration_days
from neocalc.reading.words import Ints
from neocalc.references.catalogue import (
    BY_LENGTH,
    Reference,
    ids_of,
    is_there,
    reference,
    reference_for,
    why_not,
)

DEFAULT: Final = "auto"
"""The reference that lets the policy choose."""
AGE_BASES: Final = ("", "chronological", "corrected", "postmenstrual", "gestation")
"""What the age of a result means; empty where no age was used."""
CHRONOLOGICAL, CORRECTED, POSTMENSTRUAL, GESTATION = 1, 2, 3, 4
SCHOOL_AGE: Final = "who-2007"
"""The reference of school age, where its tables are there."""
TERM_SLOT: Final = 1
"""Which of the references of a policy is that of children born at term."""

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Policy:
    """Which reference and which age a child is scored on.

    Parameters
    ----------
    preterm_reference : str, default "fenton-2013"
        Reference by postmenstrual age for children born preterm.
    handover : str or pint.Quantity, optional
        Last postmenstrual age on the preterm reference; from the next day on the term reference.
        By default as the preterm reference states it: 50 weeks for Fenton, 64 for INTERGROWTH-21st.
    preterm_below : str or pint.Quantity, default "37+0"
        Born before this gestation is preterm.
    correct_until : str or pint.Quantity, default "36 month"
        Last corrected age at which a preterm child is scored at corrected age.
    term_reference : str, default "who-2006"
        Reference from then on, and for children born at term or of unstated gestation.
    school_age_reference : str or None, default "who-2007"
        Reference from the day after the term reference ends, or from its own first day where that
        is later; None: there is none. Nor is there one where an installation does without that of
        the WHO (``NEOCALC_EXCLUDE``).
    require_position : bool, default False
        Whether a preterm child's length, and the BMI and weight-for-length that use it, are refused
        (`missing_value`) between 600 and 900 days of corrected age unless the position it was
        measured in is recorded. By default it is taken as the WHO's program does: recumbent to day
        730, standing from day 731.

    Raises
    ------
    PolicyError
        When the hand-over is before 40w0d, where the term reference has no value, or after the last
        day of the preterm reference.

    Examples
    --------
    >>> Policy(handover="40 week").describe()
    'born before 37w0d: fenton-2013 by postmenstrual age to 40w0d, then who-2006 at corrected age \
to 36 months (1,096 days), then at chronological age; born later or gestation not stated: who-2006 \
at chronological age; from day 1,827 who-2007'
    """

    preterm_reference: str = "fenton-2013"
    handover: Any = None
    preterm_below: Any = "37+0"
    correct_until: Any = "36 month"
    term_reference: str = "who-2006"
    require_position: bool = False
    school_age_reference: str | None = SCHOOL_AGE
    handover_day: int = field(init=False, repr=False)
    preterm_below_day: int = field(init=False, repr=False)
    correct_until_day: int = field(init=False, repr=False)
    school_age_from_day: int | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        preterm = _growth_reference("preterm_reference", self.preterm_reference, "postmenstrual")
        term = _growth_reference("term_reference", self.term_reference, "chronological")
        if self.handover is None:
            object.__setattr__(self, "handover", f"{preterm.handover_day} day")
        for name in ("handover", "preterm_below", "correct_until"):
            object.__setattr__(self, f"{name}_day", duration_days(getattr(self, name), name))
        school_age = None
        if self.school_age_reference == SCHOOL_AGE and not is_there(SCHOOL_AGE):
            object.__setattr__(self, "school_age_reference", None)
        if self.school_age_reference is not None:
            name = self.school_age_reference
            later = _growth_reference("school_age_reference", name, "chronological")
            school_age = max(1 + last_day(term), first_day(later))
        object.__setattr__(self, "school_age_from_day", school_age)
        if not isinstance(self.require_position, bool):
            raise InputError("require_position", self.require_position, "True or False")
        if self.handover_day < TERM:
            given = weeks_and_days(self.handover_day)
            raise PolicyError(f"handover: {given} is before 40w0d; accepted: 40w0d or later")
        last = last_day(preterm)
        if self.handover_day > last:
            given, end = weeks_and_days(self.handover_day), weeks_and_days(last)
            raise PolicyError(
                f"handover: {given} is after {preterm.id} ends; accepted: 40w0d to {end}"
            )

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and self.key == other.key

    @property
    def key(self) -> tuple[Any, ...]:
        """What the policy comes to, however it was written."""
        return (
            self.preterm_reference, self.handover_day, self.preterm_below_day,
            self.correct_until_day, self.term_reference, self.require_position,
            self.school_age_reference,
        )  # fmt: skip

    @property
    def references(self) -> tuple[str, ...]:
        """The references of the policy: preterm, term and, where there is one, of school age."""
        names = self.preterm_reference, self.term_reference, self.school_age_reference
        return tuple(name for name in names if name is not None)

    @property
    def of_infants(self) -> Policy:
        """The same without a reference of school age: an older child has no z.

        Examples
        --------
        >>> Policy().of_infants.references
        ('fenton-2013', 'who-2006')
        """
        return (
            self if self.school_age_reference is None else replace(self, school_age_reference=None)
        )

    def describe(self, reference: str = DEFAULT) -> str:
        """The policy in one readable line; with one reference whatever the age, what holds then.

        Parameters
        ----------
        reference : str, default "auto"
            The reference asked for, as in `zscore`.

        Examples
        --------
        >>> Policy().describe("fenton-2013")
        'fenton-2013 by postmenstrual age, whatever the age'
        >>> Policy().describe("who-2006")
        'who-2006 whatever the age; born before 37w0d: at corrected age to 36 months (1,096 days), \
then at chronological age; born later or gestation not stated: at chronological age'
        """
        months = round(self.correct_until_day / MONTH)
        until = f"{self.correct_until_day:,} days"
        if duration_days(f"{months} month", "correct_until") == self.correct_until_day:
            until = f"{months} months ({until})"
        later = "born later or gestation not stated:"
        preterm = f"born before {weeks_and_days(self.preterm_below_day)}:"
        corrected = f"at corrected age to {until}, then at chronological age"
        if reference == DEFAULT:
            text = (
                f"{preterm} {self.preterm_reference} by postmenstrual age to "
                f"{weeks_and_days(self.handover_day)}, then {self.term_reference} {corrected}; "
                f"{later} {self.term_reference} at chronological age"
            )
            if self.school_age_from_day is not None:
                text += f"; from day {self.school_age_from_day:,} {self.school_age_reference}"
        else:
            ref = growth_reference(reference)
            if ref.age_basis == "postmenstrual":
                return f"{ref.id} by postmenstrual age, whatever the age"
            text = f"{ref.id} whatever the age; {preterm} {corrected}; {later} at chronological age"
        first, last = POSITION_MATTERS
        needs = f"; a length at {first} to {last} days corrected needs its position"
        return text + (needs if self.require_position else "")

    def uncorrected_reference(self, reference: str = DEFAULT) -> str:
        """The reference of a z at chronological age, which stands beside the z of the policy.

        The reference asked for, where it goes by chronological age; else the term reference.

        Examples
        --------
        >>> Policy().uncorrected_reference("fenton-2013")
        'who-2006'
        """
        if reference == DEFAULT or growth_reference(reference).age_basis != "chronological":
            return self.term_reference
        return reference


def last_day(ref: Reference) -> int:
    """The last day for which a reference has a table by age; term where it has none."""
    by_age = [facts for name, facts in ref.measures.items() if name not in BY_LENGTH]
    return max((facts.last_day for facts in by_age), default=TERM)


def first_day(ref: Reference) -> int:
    """The first day for which a reference has a table by age; birth where it has none."""
    by_age = [facts for name, facts in ref.measures.items() if name not in BY_LENGTH]
    return min((facts.first_day for facts in by_age), default=0)


def policy_or_default(policy: object) -> Policy:
    """The policy that was given, or where none was the default; anything else is refused."""
    if policy is None:
        return Policy()
    if not isinstance(policy, Policy):
        raise InputError("policy", policy, "a neocalc.Policy")
    return policy


def growth_reference(name: str) -> Reference:
    """A reference of growth by its id or path; the message offers no other."""
    return reference_for(name, "growth", also=(DEFAULT,))


def _growth_reference(part: str, name: str, basis: str) -> Reference:
    """The reference of a part of the policy, refused unless it goes by that age."""
    try:
        ref = reference(name)
    except InputError as error:
        raise InputError(part, name, why_not(name) + _accepted(basis)) from error
    if ref.use != "growth" or ref.age_basis != basis:
        why = f"{ref.id} is not a growth reference by {basis} age"
        raise PolicyError(f"{part}: {why}; {_accepted(basis)}")
    return ref


def _accepted(basis: str) -> str:
    """What fits, for a message."""
    return f"accepted: {', '.join(ids_of('growth', basis=basis))}, or the path of a folder"


def weeks_and_days(days: int) -> str:
    """Days as completed weeks and days.

    >>> weeks_and_days(192)
    '27w3d'
    """
    return f"{days // 7}w{days % 7}d"


class Resolved(NamedTuple):
    """Where each child of many stands: reference, day on its own axis, age basis, status.

    Attributes
    ----------
    references : tuple of Reference
        One, or the preterm, the term and the school-age reference; `slot` points into it.
    slot, basis : numpy.ndarray
        Reference and age basis of each child.
    day : numpy.ndarray
        Age on the axis of that reference [day].
    who_day, who_basis : numpy.ndarray
        Age at which the WHO's rules of length and position apply: corrected while the child is
        corrected, else chronological [day].
    status : numpy.ndarray or None
        Why there is no usable age; None when every child has one.
    """

    references: tuple[Reference, ...]
    slot: npt.NDArray[np.uint8]
    day: Ints
    basis: npt.NDArray[np.uint8]
    who_day: Ints
    who_basis: npt.NDArray[np.uint8]
    status: StatusArray | None

    def rows(self, block: slice | npt.NDArray[np.intp]) -> Resolved:
        """Some of the children."""
        arrays: tuple[Any, ...] = tuple(None if a is None else a[block] for a in self[1:])
        return Resolved(self.references, *arrays)

    def broadcast(self, n: int) -> Resolved:
        """The same for n children, where it is that of one."""
        if len(self.day) == n:
            return self
        arrays: tuple[Any, ...] = tuple(
            None if a is None else np.broadcast_to(a, (n,)) for a in self[1:]
        )
        return Resolved(self.references, *arrays)


def resolve(age: Age, policy: Policy, name: str = DEFAULT) -> Resolved:
    """Apply a policy, or one reference whatever the age, to ages. Kept on `age`: ages repeat."""
    if not isinstance(name, (str, os.PathLike)):
        growth_reference(name)  # which refuses it
    key = (policy.key, name)
    if key not in age.resolved:
        age.resolved[key] = _resolve(age, policy, name)
    found: Resolved = age.resolved[key]
    return found


def _resolve(age: Age, policy: Policy, name: str) -> Resolved:
    slot, day, basis, who_day, who_basis = _by_policy(age, policy)
    status = combined(age.status, age.gestation_status)
    if name == DEFAULT:
        refs = tuple(map(reference, policy.references))
        return Resolved(refs, slot, day, basis, who_day, who_basis, status)
    ref = growth_reference(name)
    slot = np.zeros(len(age), dtype=np.uint8)
    if ref.age_basis != "postmenstrual":
        return Resolved((ref,), slot, who_day, who_basis, who_day, who_basis, status)
    stated = age.gestation_days != NOT_STATED
    if age.gestation_status is not None:  # stated, but not usable: invalid, not missing
        stated |= age.gestation_status != 0
    status = combined(status, status_where(~stated, "missing_gestation"))
    basis = np.full(len(age), POSTMENSTRUAL, dtype=np.uint8)
    return Resolved((ref,), slot, age.days + age.gestation_days, basis, who_day, who_basis, status)


def _by_policy(age: Age, policy: Policy) -> tuple[Bytes, Ints, Bytes, Ints, Bytes]:
    """What a policy chooses for each child: slot, day, basis, who_day and who_basis."""
    n = len(age)
    slot, basis, who_basis = np.empty((3, n), dtype=np.uint8)
    day, who_day = np.empty((2, n), dtype=np.int32)

    def work(start: int) -> None:
        here = slice(start, start + BLOCK)
        chronological, gestation = age.days[here], age.gestation_days[here]
        postmenstrual = chronological + gestation
        preterm = (gestation != NOT_STATED) & (gestation < policy.preterm_below_day)
        corrected = preterm & (postmenstrual <= policy.correct_until_day + TERM)
        early = preterm & (postmenstrual <= policy.handover_day)
        who_day[here] = either(corrected, postmenstrual - np.int32(TERM), chronological)
        who_basis[here] = either(corrected, np.uint8(CORRECTED), np.uint8(CHRONOLOGICAL))
        day[here] = either(early, postmenstrual, who_day[here])
        basis[here] = either(early, np.uint8(POSTMENSTRUAL), who_basis[here])
        slot[here] = ~early
        if policy.school_age_from_day is not None:
            slot[here] += day[here] >= policy.school_age_from_day

    by_blocks(work, n)
    return slot, day, basis, who_day, who_basis
