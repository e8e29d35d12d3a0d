"""Trial definitions: arms and their doses, eligibility, outcome windows and visits, as data.

A dose is keyed by trial, protocol version and arm, and never stands in code. A definition is a
TOML file in ``reference_tables/trials``, refused when it is not as it was published; a site's own
is given by its path, or by its id when it is on the path list ``NEOCALC_TRIALS``. What the source
does not state is absent, and is named so.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neocalc.ages.moments import moment
from neocalc.dose.limits import Limits
from neocalc.errors import DoseRefused, InputError, MissingError, TrialWarning
from neocalc.reading.units import quantity
from neocalc.references.shipped import SHIPPED
from neocalc.trials.ages import Criterion, Eligibility, Period, Visit, Window, judge
from neocalc.trials.conditions import Conditions
from neocalc.trials.files import Definition, definition_of, definitions, same
from neocalc.trials.follow_up import FollowUpVisit

if TYPE_CHECKING:
    import pint

    from neocalc.ages.age import Age

__all__ = ["Arm", "Criterion", "Eligibility", "Trial", "Visit", "Window", "load", "trials"]


@dataclass(frozen=True)
class Arm:
    """One arm of a trial's protocol version.

    Attributes
    ----------
    name, description : str
        As the source names it.
    trial, version, sha256, origin : str
        Where it is from: registry number, protocol version, checksum of the file, and "shipped" or
        the name of a site's own file.
    limits : Limits
        The protocol's limits, with the arm's dose where it is stated.
    receives_cells : bool
        False for an arm without cells.
    versions_with_dose : tuple of str
        Other versions of the protocol that state a dose.
    conditions : Conditions
        To whom and when the dose may be given, what must be known, and its bands.
    """

    name: str
    description: str
    trial: str
    version: str
    sha256: str
    origin: str
    limits: Limits
    receives_cells: bool = True
    versions_with_dose: tuple[str, ...] = ()
    conditions: Conditions = field(default_factory=Conditions)

    @property
    def dose(self) -> pint.Quantity[Any]:
        """The dose of the arm [cell/kg].

        Raises
        ------
        DoseRefused
            When this protocol version states none, or the arm receives no cells.
        """
        return quantity(self.require_dose(), "cell/kg")

    def require_dose(self) -> float:
        """The figure of the dose [cell/kg], refused as `dose` is."""
        stated = self.limits["dose"]
        if stated is not None:
            return stated.value
        if not self.receives_cells:
            raise DoseRefused(f"no dose: arm {self.name} of {self.trial} receives no cells")
        others = ", ".join(self.versions_with_dose)
        advice = f"versions that do: {others}" if others else "name a protocol version that does"
        raise DoseRefused(
            f"no dose: {self.trial}, version {self.version}, states no dose for arm {self.name}; "
            f"{advice}"
        )

    @property
    def label(self) -> str:
        """Trial, version and arm in one line, with the file of a site's own definition."""
        return f"{self.trial}, version {self.version}, arm {self.name}{_from(self.origin)}"

    @property
    def definition(self) -> dict[str, str]:
        """Which definition it is from, for a record: trial, version, arm, origin and SHA-256."""
        return {
            "trial": self.trial, "version": self.version, "arm": self.name, "origin": self.origin,
            "sha256": self.sha256,
        }  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """A trial as one version of its protocol states it.

    Attributes
    ----------
    id, version, title, source : str
        Which trial, by which version of its protocol, read where.
    facts : dict of str to str or int
        What else the source states: sponsor, design, participants, population, product, route.
    arms : tuple of Arm
        The arms, by their names.
    criteria : tuple of Criterion
        Of eligibility.
    outcomes : tuple of (str, Period)
        Outcomes and the time after administration within which they are observed.
    visit_periods : tuple of Period
        Times of the visits after administration, as this source states them.
    follow_up : tuple of FollowUpVisit
        The visits of the analysis, each with its purpose, its source, and its window where the
        source states one; they may be from another source than this version's own.
    not_stated : tuple of str
        What the source does not state.
    sha256 : str
        Checksum of the file.
    origin : str
        "shipped", or the name of a site's own file.

    Examples
    --------
    >>> trial = load("NCT03558334")
    >>> str(trial.arm("A").dose.units), trial.arm("A").dose.magnitude
    ('cell / kilogram', 1000000.0)
    >>> [(window.outcome, str(window.end)) for window in trial.windows("2026-08-14")][0]
    ('infusion reactions', '2026-08-15')
    """

    id: str
    version: str
    title: str
    source: str
    facts: dict[str, Any]
    arms: tuple[Arm, ...]
    criteria: tuple[Criterion, ...]
    outcomes: tuple[tuple[str, Period], ...]
    visit_periods: tuple[Period, ...]
    follow_up: tuple[FollowUpVisit, ...]
    not_stated: tuple[str, ...]
    sha256: str
    origin: str

    @property
    def label(self) -> str:
        """Trial and version in one line, with the file of a site's own definition."""
        return f"{self.id}, version {self.version}{_from(self.origin)}"

    @property
    def definition(self) -> dict[str, str]:
        """Which definition it is, for a record: trial, version, origin and SHA-256."""
        return {
            "trial": self.id, "version": self.version, "origin": self.origin, "sha256": self.sha256,
        }  # fmt: skip

    def arm(self, name: str) -> Arm:
        """The arm of that name; in another case where only one arm is meant.

        Raises
        ------
        InputError
            When this version of the protocol has none of that name.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        alike = [arm for arm in self.arms if isinstance(name, str) and same(arm.name, name)]
        if len(alike) == 1:
            return alike[0]
        known = ", ".join(arm.name for arm in self.arms)
        raise InputError("arm", name, f"{self.id}, version {self.version}, has: {known}")

    def eligible(self, age: Age) -> Eligibility:
        """Each criterion of eligibility, as far as an age decides it.

        Parameters
        ----------
        age : Age
            Of one infant, at enrolment.

        Returns
        -------
        Eligibility
            With the outcome of each criterion: "met", "not met" or "not decidable from age".
        """
        return judge(self.criteria, age)

    def windows(self, administered_on: Any) -> tuple[Window, ...]:
        """When each outcome is to be observed, from the date (or date and time) of the dose.

        Parameters
        ----------
        administered_on : str, datetime.date or datetime.datetime
            A date alone gives windows that end on a date.

        Returns
        -------
        tuple of Window
            Empty where the source states none.
        """
        start = moment(administered_on, "administered_on")
        return tuple(
            Window(outcome, str(period), start.value, period.after(start))
            for outcome, period in self.outcomes
        )

    def visits(self, administered_on: Any) -> tuple[Visit, ...]:
        """The dates of the visits after a dose; empty where the source states none."""
        start = moment(administered_on, "administered_on")
        return tuple(Visit(str(p), p.after(start)) for p in self.visit_periods)


def load(name: str | os.PathLike[str], version: str | None = None) -> Trial:
    """A trial by its registry number, or a site's own by the path of its file.

    Parameters
    ----------
    name : str or path
        A number such as "NCT03558334", or the path of a TOML file.
    version : str, optional
        The version of the protocol; needed where there are several, whoever they are from.

    Raises
    ------
    InputError
        When there is no such trial or version, or there are several versions and none is named.
    TableError
        When a definition that ships with neocalc is not the one that was published.
    PolicyError
        When a site's own definition is not valid, or takes the place of another; the message says
        where and why.
    FileError
        When a site's own file cannot be read.

    Warns
    -----
    TrialWarning
        When a file on ``NEOCALC_TRIALS`` is passed over: it cannot be used, and is of another trial
        or another version than what is asked for.

    Examples
    --------
    >>> load("NCT03601416", version="protocol-2020").arm("low").limits["dose"].value
    2500000.0
    """
    text = os.fspath(name) if isinstance(name, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise InputError("trial", name, "a registry number such as NCT03558334, or a path (.toml)")
    if text.endswith(".toml") or os.sep in text:
        return _version_of(_trials([definition_of(Path(text))]), text, version)
    known, faults = definitions()
    of_it = _trials([one for one in known if same(one.id, text)])
    there = version is not None and any(same(one.version, version) for one in of_it)
    for fault in faults:
        if fault.may_be(text, version, there=there):
            raise fault.error
    if not of_it:
        ids = ", ".join(sorted({one.id for one in known}))
        raise InputError("trial", text, f"accepted: {ids}, or the path of a definition (.toml)")
    trial = _version_of(of_it, text, version)
    for fault in faults:
        warnings.warn(f"passed over: {fault.error}", TrialWarning, stacklevel=2)
    return trial


def _from(origin: str) -> str:
    return "" if origin == SHIPPED else f", from {origin}"


def _version_of(found: list[Trial], text: str, version: str | None) -> Trial:
    """The version that is named, or the only one: of several none is chosen."""
    if version is None and len(found) == 1:
        return found[0]
    listed = ", ".join(f"{trial.version} ({trial.origin})" for trial in found)
    if version is None:
        raise MissingError("version", f"{text} has several, name the one that is meant: {listed}")
    for trial in found:
        if same(trial.version, version):
            return trial
    raise InputError("version", version, f"{text} has: {listed}")


def trials() -> tuple[Trial, ...]:
    """Every trial definition there is: neocalc's own and those on ``NEOCALC_TRIALS``.

    Raises
    ------
    NeocalcError
        When one of them cannot be used.

    Examples
    --------
    >>> [(trial.id, trial.version) for trial in trials()][0]
    ('NCT03558334', 'registry')
    """
    found, faults = definitions()
    if faults:
        raise faults[0].error
    return tuple(_trials(found))


def _trials(found: list[Definition]) -> list[Trial]:
    """The trials that definitions state, whose arms know which other versions state a dose."""
    dosed = [d for d in found if any(arm["limits"]["dose"] is not None for arm in d.about["arms"])]
    return [
        _trial(one, tuple(d.version for d in dosed if same(d.id, one.id) and d is not one))
        for one in found
    ]


def _trial(one: Definition, dosed: tuple[str, ...]) -> Trial:
    about = dict(one.about)
    pinned: dict[str, Any] = {"sha256": one.sha256, "origin": one.origin}
    arms = tuple(
        Arm(trial=one.id, version=one.version, versions_with_dose=dosed, **pinned, **arm)
        for arm in about.pop("arms")
    )
    return Trial(arms=arms, **pinned, **about)
