"""Trial definitions: arms and their doses, eligibility, outcome windows and visits, as data.

A dose is keyed by trial, protocol version and arm, and never stands in code. A definition is a
TOML file in ``reference_tables/trials``; a site's own is given by its path, or by its id when it is
on the path list ``NEOCALC_TRIALS``. What the source does not state is absent, and is named so.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.dose.limits import Limits
from neocalc.errors import DoseRefused, FileError, InputError, PolicyError
from neocalc.moments import moment
from neocalc.references import tables_folder
from neocalc.trials.ages import Criterion, Eligibility, Period, Visit, Window, judge
from neocalc.trials.conditions import Conditions
from neocalc.trials.files import read_definition
from neocalc.units import quantity

if TYPE_CHECKING:
    import pint

    from neocalc.age import Age

__all__ = ["Arm", "Criterion", "Eligibility", "Trial", "Visit", "Window", "load", "trials"]

ENVIRONMENT: Final = "NEOCALC_TRIALS"
REGISTRY: Final = "registry"
"""The version that is meant where several are there and none is named."""


@dataclass(frozen=True)
class Arm:
    """One arm of a trial's protocol version.

    Attributes
    ----------
    name, description : str
        As the source names it.
    trial, version, sha256 : str
        Where it is from: registry number, protocol version and checksum of the file.
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
        """Trial, version and arm in one line."""
        return f"{self.trial}, version {self.version}, arm {self.name}"


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
        Times of the visits after administration.
    not_stated : tuple of str
        What the source does not state.
    sha256 : str
        Checksum of the file.

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
    not_stated: tuple[str, ...]
    sha256: str

    def arm(self, name: str) -> Arm:
        """The arm of that name.

        Raises
        ------
        InputError
            When this version of the protocol has none of that name.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
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
        The version of the protocol. Without it the only one, or the one named "registry".

    Raises
    ------
    InputError
        When there is no such trial or version.
    PolicyError
        When a definition is not valid; the message says where and why.
    FileError
        When a file cannot be read.

    Examples
    --------
    >>> load("NCT03601416", version="protocol-2020").arm("low").limits["dose"].value
    2500000.0
    """
    text = os.fspath(name) if isinstance(name, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise InputError("trial", name, "a registry number such as NCT03558334, or a path (.toml)")
    if text.endswith(".toml") or os.sep in text:
        found = [_trial(Path(text))]
    else:
        found = [trial for trial in trials() if trial.id == text]
    if not found:
        known = ", ".join(sorted({trial.id for trial in trials()}))
        raise InputError("trial", text, f"accepted: {known}, or the path of a definition (.toml)")
    versions = {trial.version: trial for trial in found}
    if version is not None and version in versions:
        return versions[version]
    if version is None and len(found) == 1:
        return found[0]
    if version is None and REGISTRY in versions:
        return versions[REGISTRY]
    raise InputError("version", version, f"{text} has: {', '.join(versions)}")


def trials() -> tuple[Trial, ...]:
    """Every trial definition there is: neocalc's own and those on ``NEOCALC_TRIALS``.

    Examples
    --------
    >>> [(trial.id, trial.version) for trial in trials()][0]
    ('NCT03558334', 'registry')
    """
    found: dict[tuple[str, str], Trial] = {}
    for path in _paths():
        trial = _trial(path)
        key = trial.id, trial.version
        if key in found:
            raise PolicyError(f"{path}: a second definition of {trial.id}, version {trial.version}")
        found[key] = trial
    return tuple(_with_other_doses(trial, found.values()) for trial in found.values())


def _paths() -> Iterator[Path]:
    """The files of all trials, neocalc's own first."""
    yield from sorted((tables_folder() / "trials").glob("*.toml"))
    for entry in os.environ.get(ENVIRONMENT, "").split(os.pathsep):
        if entry:
            path = Path(entry)
            inside = sorted(path.glob("*.toml")) if path.is_dir() else [path]
            if not inside:
                raise FileError(f"{ENVIRONMENT}: {path} holds no definition of a trial (.toml)")
            yield from inside


def _trial(path: Path) -> Trial:
    """The definition in a file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    about = read_definition(content, path)
    arms = tuple(
        Arm(trial=about["id"], version=about["version"], sha256=sha256, **arm)
        for arm in about.pop("arms")
    )
    return Trial(arms=arms, sha256=sha256, **about)


def _with_other_doses(trial: Trial, known: Any) -> Trial:
    """The trial, whose arms can say which other versions of its protocol state a dose."""
    others = tuple(
        other.version
        for other in known
        if other.id == trial.id and any(arm.limits["dose"] is not None for arm in other.arms)
    )
    arms = tuple(Arm(**{**vars(arm), "versions_with_dose": others}) for arm in trial.arms)
    return Trial(**{**vars(trial), "arms": arms})
