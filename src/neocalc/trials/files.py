"""The files of trial definitions: which there are, what they may hold, and what is wrong with one.

Neocalc's own are pinned by the manifest of the tables; a site's own by its SHA-256 in every record.
A file that is broken stops a call for its own trial, and is passed over for every other.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from neocalc.dose.limits import DEFAULTS, Limits
from neocalc.errors import FileError, InputError, NeocalcError, PolicyError, printable
from neocalc.reading.dates import duration_days
from neocalc.references.catalogue import tables_folder
from neocalc.references.files import parse_toml
from neocalc.references.shipped import SHIPPED, manifest, read_small, refuse_altered
from neocalc.trials.ages import Criterion, Period
from neocalc.trials.conditions import Conditions, of_arm, read_conditions
from neocalc.trials.follow_up import GROWTH, FollowUpVisit, in_order, read_follow_up

ENVIRONMENT: Final = "NEOCALC_TRIALS"
FOLDER: Final = "trials"
"""The folder of neocalc's own definitions, among the tables."""
_REQUIRED: Final = ("id", "version", "title", "source")
_FACTS: Final = (
    "sponsor", "design", "participants", "population", "product", "route", "doi", "notes",
)  # fmt: skip
_SECTIONS: Final = (
    "arms", "eligibility", "outcomes", "visits", "limits", "not_stated", "dosing", "weight_check",
    "follow_up",
)  # fmt: skip


class Definition(NamedTuple):
    """One definition: which version of which trial, from where, and what it states.

    Attributes
    ----------
    id, version : str
        Of the trial and of its protocol.
    origin, sha256 : str
        "shipped" or the name of the file, and its checksum.
    about : dict
        Everything that it states, checked.
    """

    id: str
    version: str
    origin: str
    sha256: str
    about: dict[str, Any]


class Fault(NamedTuple):
    """A file that is no definition, or takes the place of another, and what is known of it.

    Attributes
    ----------
    path : str
        The file, or the entry of ``NEOCALC_TRIALS``.
    error : NeocalcError
        What is wrong.
    id, version : str or None
        What it calls itself, as far as that can be read.
    content : bytes or None
        Its content; None where it cannot be read.
    ours : bool
        Whether it stands among those that ship.
    """

    path: str
    error: NeocalcError
    id: str | None = None
    version: str | None = None
    content: bytes | None = None
    ours: bool = False

    def may_be(self, trial: str, version: str | None, *, there: bool) -> bool:
        """Whether the file may be the definition that is asked for, or another version of it.

        Parameters
        ----------
        trial, version : str
            What is asked for.
        there : bool
            Whether another file is that version of that trial.
        """
        if self.id is not None:
            if not same(self.id, trial):
                return False
            if version is not None and self.version is not None:
                return same(self.version, version)
        elif self.content is not None and not _mentioned(trial, self.path, self.content):
            return False
        return version is None or not there


def same(one: str, other: str) -> bool:
    """Whether two names are the same but for case and forms of letters.

    >>> same("NCT03558334", "nct03558334"), same("2.1", "2.10")
    (True, False)
    """
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _mentioned(trial: str, path: str, content: bytes) -> bool:
    """Whether a file that cannot be parsed names a trial anywhere, in whatever encoding."""
    text = content.replace(b"\0", b"").decode("utf-8", "replace")
    return _plain(trial) in _plain(f"{Path(path).name} {text}")


def definitions() -> tuple[list[Definition], list[Fault]]:
    """Every definition, neocalc's own first, and the files that are none."""
    found: list[Definition] = []
    faults: list[Fault] = []
    paths = {real: (path, True) for real, path in _shipped().items()}
    for entry in filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep)):
        try:
            for path in _inside(Path(entry)):
                paths.setdefault(path.resolve(), (path, False))
        except OSError as error:
            faults.append(Fault(entry, FileError(f"{ENVIRONMENT}: {entry}: {error.strerror}")))
    for path, ours in paths.values():
        try:
            content = _content(path)
        except FileError as error:
            faults.append(Fault(str(path), error))
            continue
        try:
            one = _checked(path, content, ours)
            if any(same(one.id, o.id) and same(one.version, o.version) for o in found):
                raise PolicyError(f"{path}: a second definition of {one.id}, version {one.version}")
            found.append(one)
        except NeocalcError as error:
            faults.append(Fault(str(path), error, *_claimed(path, content, ours), content, ours))
    return found, faults


def definition_of(path: Path) -> Definition:
    """The definition in a file: a site's own, or one of neocalc's own.

    Raises
    ------
    FileError
        When it cannot be read.
    PolicyError
        When it is not valid, or has the trial and version of one that ships.
    TableError
        When it is neocalc's own and has been altered.
    """
    ours = _shipped().get(path.resolve())
    return _checked(ours or path, _content(path), ours is not None)


def _shipped() -> dict[Path, Path]:
    """The files of neocalc's own definitions, by where they are: each may be a link."""
    paths = sorted((tables_folder() / FOLDER).glob("*.toml"))
    return {path.resolve(): path for path in paths}


def _inside(path: Path) -> list[Path]:
    """The files that an entry of ``NEOCALC_TRIALS`` names."""
    if not stat.S_ISDIR(path.stat().st_mode):
        return [path]
    inside = sorted(path.glob("*.toml"))
    if not inside:
        raise OSError(errno.ENOENT, "holds no definition of a trial (.toml)")
    return inside


def _content(path: Path) -> bytes:
    try:
        return read_small(path)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error


def _checked(path: Path, content: bytes, ours: bool) -> Definition:
    """What a file states; one of neocalc's own only as it was published."""
    sha256 = hashlib.sha256(content).hexdigest()
    root = tables_folder()
    if ours:
        refuse_altered(root, path, sha256)
    about = read_definition(content, path)
    trial, version = about["id"], about["version"]
    if not ours and any(same(trial, i) and same(version, v) for i, v in _names(root)):
        raise PolicyError(
            f"{path}: {trial}, version {version}, ships with neocalc; give yours another version"
        )
    origin = SHIPPED if ours else printable(path.name)
    return Definition(trial, version, origin, sha256, about)


def _names(root: Path) -> list[tuple[str, str]]:
    """The trials and versions that ship, by the names of their files."""
    return [_named(Path(name)) for name in manifest(root) if name.startswith(f"{FOLDER}/")]


def _named(path: Path) -> tuple[str, str]:
    """Trial and version of a file of neocalc's own: TRIAL.toml is the registry's version."""
    trial, _, version = path.name.removesuffix(".toml").partition(".")
    return trial, version or "registry"


def _claimed(path: Path, content: bytes, ours: bool) -> tuple[str | None, str | None]:
    """What a file calls its trial and version, also where it is no definition."""
    if ours:
        return _named(path)
    try:
        about: dict[str, Any] = parse_toml(content)
    except ValueError:
        return None, None
    trial, version = (about.get(name) for name in ("id", "version"))
    if not isinstance(trial, str):
        return None, None
    return trial, version if isinstance(version, str) else None


def read_definition(content: bytes, path: Path) -> dict[str, Any]:
    """What a trial definition states, checked.

    Raises
    ------
    PolicyError
        With the file, the section and the key that are wrong.
    """
    try:
        about = parse_toml(content)
    except ValueError as error:
        raise PolicyError(f"{path}: {error}") from error
    try:
        return _definition(about)
    except (InputError, PolicyError) as error:
        raise PolicyError(f"{path}: {error}") from error


def _definition(about: dict[str, Any]) -> dict[str, Any]:
    _known(about, (*_REQUIRED, *_FACTS, *_SECTIONS), "the file")
    read = {name: _text(about, name, "the file") for name in _REQUIRED}
    facts: dict[str, Any] = {name: _fact(about, name) for name in _FACTS if name in about}
    shared = _limits(_section(about, "limits", dict), "[limits]")
    criteria = tuple(map(_criterion, _tables(about, "eligibility")))
    conditions = read_conditions(about, criteria, facts)
    arms = [_arm(arm, shared, conditions) for arm in _tables(about, "arms")]
    names = [arm["name"] for arm in arms]
    if not arms or len(set(names)) != len(names):
        raise PolicyError("[[arms]]: at least one, and no name twice")
    visits = tuple(Period.read(v, "visits") for v in _section(about, "visits", list))
    return read | {
        "facts": facts,
        "arms": arms,
        "criteria": criteria,
        "outcomes": tuple(map(_outcome, _tables(about, "outcomes"))),
        "visit_periods": visits,
        "follow_up": _follow_up(about, visits, read["source"]),
        "not_stated": tuple(_texts(about, "not_stated")) if "not_stated" in about else (),
    }


def _follow_up(
    about: dict[str, Any], visits: Iterable[Period], source: str
) -> tuple[FollowUpVisit, ...]:
    """The follow-up visits: as sections of their own, or the visits that the source states."""
    found = [read_follow_up(entry, source) for entry in _tables(about, "follow_up")]
    if not found:
        found = [FollowUpVisit(visit, GROWTH, source) for visit in visits]
    return in_order(found)


def _arm(arm: dict[str, Any], shared: dict[str, Any], conditions: Conditions) -> dict[str, Any]:
    where = f"[[arms]] {arm.get('name', '')!r}"
    known = ("name", "description", "dose", "receives_cells", "limits", "gate", "bands")
    _known(arm, known, where)
    receives = arm.get("receives_cells", True)
    if not isinstance(receives, bool):
        raise PolicyError(f"{where}: receives_cells must be true or false")
    own = _limits(arm.get("limits", {}), f"{where} limits")
    if "dose" in arm:
        if not receives:
            raise PolicyError(f"{where}: a dose for an arm that receives no cells")
        own["dose"] = arm["dose"]
    if arm.get("bands") and ("dose" in arm or not receives):
        raise PolicyError(f"{where}: bands beside a dose, or for an arm that receives no cells")
    try:
        limits = Limits(**(shared | own))
    except (InputError, PolicyError) as error:
        raise PolicyError(f"{where}: {error}") from error
    return {
        "name": _text(arm, "name", where),
        "description": _text(arm, "description", where) if "description" in arm else "",
        "limits": limits,
        "receives_cells": receives,
        "conditions": of_arm(conditions, arm, (shared | own).get("counts"), where),
    }


def _limits(section: Any, where: str) -> dict[str, Any]:
    """The limits of a section; a dose stands with its arm."""
    if not isinstance(section, dict):
        raise PolicyError(f"{where}: must be a section")
    _known(section, [name for name in DEFAULTS if name != "dose"], where)
    return dict(section)


def _criterion(entry: dict[str, Any]) -> Criterion:
    where = "[[eligibility]]"
    _known(entry, ("criterion", "preterm", "min_age", "max_age"), where)
    preterm = entry.get("preterm")
    if preterm is not None and not isinstance(preterm, bool):
        raise PolicyError(f"{where}: preterm must be true or false")
    ages = {
        name: duration_days(entry[name], f"{where} {name}")
        for name in ("min_age", "max_age")
        if name in entry
    }
    if ages.get("min_age", 0) > ages.get("max_age", 10**9):
        raise PolicyError(f"{where}: min_age is above max_age")
    text = _text(entry, "criterion", where)
    periods: dict[str, Any] = {
        f"{name[:3]}_period": Period.of_calendar(entry[name])
        for name in ("min_age", "max_age")
        if name in entry
    }
    return Criterion(text, preterm, ages.get("min_age"), ages.get("max_age"), **periods)


def _outcome(entry: dict[str, Any]) -> tuple[str, Period]:
    where = "[[outcomes]]"
    _known(entry, ("outcome", "within"), where)
    return _text(entry, "outcome", where), Period.read(entry.get("within"), f"{where} within")


def _tables(about: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = _section(about, name, list)
    if not all(isinstance(entry, dict) for entry in entries):
        raise PolicyError(f"[[{name}]]: must be sections")
    return list(entries)


def _section(about: dict[str, Any], name: str, kind: type) -> Any:
    section = about.get(name, kind())
    if not isinstance(section, kind):
        raise PolicyError(f"{name}: must be a {'list' if kind is list else 'section'}")
    return section


def _text(about: dict[str, Any], name: str, where: str) -> str:
    """A text that can stand in one line of print, and be typed again as it is shown."""
    value = about.get(name)
    if not isinstance(value, str) or not value or not value.isprintable() or value != value.strip():
        raise PolicyError(f"{where}: {name} must be a text of one line")
    return value


def _texts(about: dict[str, Any], name: str) -> list[str]:
    value = about[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise PolicyError(f"the file: {name} must be a list of texts")
    return value


def _fact(about: dict[str, Any], name: str) -> Any:
    """What the source states beside arms and limits."""
    if name == "notes":
        return _texts(about, name)
    if name != "participants":
        return _text(about, name, "the file")
    if isinstance(about[name], bool) or not isinstance(about[name], int):
        raise PolicyError("the file: participants must be a whole number")
    return about[name]


def _known(about: dict[str, Any], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(about) - set(known))
    if unknown:
        raise PolicyError(f"{where}: not known: {', '.join(unknown)}; known: {', '.join(known)}")
