"""What was used: the references and ages by which the rows that are shown were scored.

Titles, axes, notes and citations of charts and reports come from here, so that they name what the
reader sees and nothing else: a policy has a preterm reference even where no child was scored on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.ages.lengths import POSITION_MATTERS
from neocalc.ages.policy import AGE_BASES, CHRONOLOGICAL, DEFAULT, Policy, Resolved, weeks_and_days
from neocalc.reading.dates import MONTH, NOT_STATED, duration_days
from neocalc.references.catalogue import Reference
from neocalc.references.catalogue import reference as find_reference
from neocalc.text import listed, titled

if TYPE_CHECKING:
    import polars as pl

    from neocalc.chart.visits import Infant, Segment
    from neocalc.cohort.table import Rows, Scoring
    from neocalc.references.lookup import Bools

ORDER: Final = ("postmenstrual", "corrected", "chronological")
"""The bases of age, in the order of a child's life."""


class Use(NamedTuple):
    """A reference, and the age by which children were placed on it."""

    reference: Reference
    basis: str


class Used(NamedTuple):
    """By what the rows that are shown were scored.

    Attributes
    ----------
    uses : tuple of Use
        The references with their ages, in the order of a child's life.
    why : tuple of str
        Why ages are chronological, where some are.
    axis : tuple of str
        The ages along an axis of corrected age: corrected, chronological, or both.
    policy : Policy
        The correction policy.
    name : str
        "auto", or one reference whatever the age.
    """

    uses: tuple[Use, ...]
    why: tuple[str, ...]
    axis: tuple[str, ...]
    policy: Policy
    name: str = DEFAULT

    @property
    def folders(self) -> list[str]:
        """The references, each once: by id, or where they are the user's by folder."""
        return list(dict.fromkeys(str(use.reference.folder) for use in self.uses))

    @property
    def changes_chart(self) -> bool:
        """Whether children go from one reference to another at the hand-over."""
        bases = {use.basis for use in self.uses}
        return self.name == DEFAULT and "postmenstrual" in bases and len(bases) > 1

    @property
    def labels(self) -> str:
        """The labels that the licences ask for, and where one reference follows another."""
        labels = list(dict.fromkeys(use.reference.chart_label for use in self.uses))
        if not labels:
            return "No reference: there is no z-score"
        if self.changes_chart and "corrected" in self.axis:
            labels[0] += f" to {weeks_and_days(self.policy.handover_day)}"
            return f"{labels[0]}, then {listed(labels[1:])}"
        return listed(labels)

    @property
    def ages(self) -> str:
        """By which ages, in a sentence."""
        bases = dict.fromkeys(use.basis for use in self.uses)
        parts = [f"at {basis} age{self._to(basis)}" for basis in bases]
        return f"{titled(listed(parts))}." if parts else ""

    @property
    def sentence(self) -> str:
        """Each reference with its age, in a sentence."""
        parts = [f"{use.reference.id} at {use.basis} age{self._to(use.basis)}" for use in self.uses]
        if not parts:
            return "There is no z-score."
        needs = ""
        if self.policy.require_position:
            first, last = POSITION_MATTERS
            needs = f"; a length at {first} to {last} days corrected needs its position"
        return f"References and ages: {'; '.join(parts)}{needs}."

    def _to(self, basis: str) -> str:
        if basis == "postmenstrual" and self.name == DEFAULT:
            return f" to {weeks_and_days(self.policy.handover_day)}"
        if basis == "corrected":
            return f" to {correction_ends(self.policy)}"
        return f" ({listed(self.why)})" if basis == "chronological" and self.why else ""

    @property
    def age(self) -> str:
        """The age along an axis: corrected, chronological, or where there are both in short."""
        return f"{titled(self.axis[0])} age" if len(self.axis) == 1 else "Age"


def used_by(rows: Rows, which: Bools, scoring: Scoring) -> Used:
    """What some rows of a table were scored by.

    Parameters
    ----------
    rows : Rows
        The prepared rows.
    which : numpy.ndarray
        Whether each row is shown with a z.
    scoring : Scoring
        How they were scored.
    """
    resolved, policy = rows.resolved, scoring.policy
    at = np.flatnonzero(which)
    uses = _uses(resolved, at)
    bases = np.unique(resolved.who_basis[at])
    axis = tuple(sorted((AGE_BASES[code] for code in bases), key=ORDER.index))
    alone = at[resolved.basis[at] == CHRONOLOGICAL]
    return Used(
        uses, reasons(rows.age.gestation_days[alone], policy), axis, policy, scoring.reference
    )


def _uses(resolved: Resolved, at: Any) -> tuple[Use, ...]:
    pairs = np.unique(np.stack([resolved.slot[at], resolved.basis[at]], axis=1), axis=0)
    found = [Use(resolved.references[slot], AGE_BASES[basis]) for slot, basis in pairs]
    return tuple(sorted(found, key=_order))


def _order(use: Use) -> tuple[int, str]:
    return ORDER.index(use.basis), use.reference.id


def reasons(gestations: Any, policy: Policy) -> tuple[str, ...]:
    """Why children of these gestations [day] are scored at chronological age."""
    stated = np.asarray(gestations) != NOT_STATED
    term = stated & (gestations >= policy.preterm_below_day)
    found = []
    if not stated.all():
        found.append("gestation not stated")
    if term.any():
        found.append(f"born at {weeks_and_days(policy.preterm_below_day)} or later")
    if (stated & ~term).any():
        found.append(f"after {correction_ends(policy)} of corrected age")
    return tuple(found)


def correction_ends(policy: Policy) -> str:
    """The last corrected age, in months where it is a whole number of them."""
    days = policy.correct_until_day
    months = round(days / MONTH)
    whole = duration_days(f"{months} month", "correct_until") == days
    return f"{months} months" if whole else f"{days:,} days"


def used_on(infant: Infant, segments: Iterable[Segment]) -> Used:
    """What an infant is scored by on some spans of its age."""
    pairs = dict.fromkeys(Use(s.reference, s.basis) for s in segments)
    uses = tuple(sorted(pairs, key=_order))
    bases = {use.basis for use in uses}
    axis = {basis for basis in bases if basis != "postmenstrual"}
    axis |= {"corrected"} if "postmenstrual" in bases and infant.to_term else set()
    why = reasons(np.array([infant.gestation]), infant.policy) if "chronological" in bases else ()
    return Used(uses, why, tuple(sorted(axis, key=ORDER.index)), infant.policy, infant.reference)


def with_any_z(scored: pl.DataFrame, indices: Iterable[str]) -> Bools:
    """Which rows of a scored table have a z of any index."""
    import polars as pl

    found = scored.select(pl.any_horizontal(pl.col(index).is_not_null() for index in indices))
    which: Bools = found.to_series().to_numpy()
    return which


def caption(used: Used, more: Iterable[str] = ()) -> list[str]:
    """What a picture was drawn from: references, ages, the version and its tables.

    Parameters
    ----------
    used : Used
        What the rows that are shown were scored by.
    more : iterable of str
        Other references that are drawn, by id.
    """
    from neocalc._version import __version__
    from neocalc.references.catalogue import tables_digest

    lines = [
        f"{ref.chart_label} ({ref.id}): {ref.citation_line}. Licence: {ref.licence}."
        for ref in map(find_reference, dict.fromkeys([*more, *used.folders]))
    ]
    return [
        *lines,
        used.sentence,
        f"Drawn by neocalc {__version__} from its tables {tables_digest()[:16]}."
        " neocalc calculates; it does not prescribe.",
    ]
