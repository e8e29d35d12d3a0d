"""The files of trial definitions: what they may hold, and what is wrong with a refused one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from neocalc.age import duration_days
from neocalc.dose.limits import DEFAULTS, Limits
from neocalc.errors import InputError, PolicyError
from neocalc.references import parse_toml
from neocalc.trials.ages import Criterion, Period
from neocalc.trials.conditions import Conditions, of_arm, read_conditions

_REQUIRED: Final = ("id", "version", "title", "source")
_FACTS: Final = (
    "sponsor", "design", "participants", "population", "product", "route", "doi", "notes",
)  # fmt: skip
_SECTIONS: Final = (
    "arms", "eligibility", "outcomes", "visits", "limits", "not_stated", "dosing", "weight_check",
)  # fmt: skip


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
    return read | {
        "facts": facts,
        "arms": arms,
        "criteria": criteria,
        "outcomes": tuple(map(_outcome, _tables(about, "outcomes"))),
        "visit_periods": tuple(Period.read(v, "visits") for v in _section(about, "visits", list)),
        "not_stated": tuple(_texts(about, "not_stated")) if "not_stated" in about else (),
    }


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
