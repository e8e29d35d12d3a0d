"""A unit's own defaults for every dose, in a file of its own: trial, syringe, pump, audit trail.

A daily dose is then one short line. What is typed goes before what the file says, and the file is
named with its SHA-256 on every answer, sheet and record::

    [dose]
    trial = "NCT03558334"
    protocol_version = "registry"
    graduation = "0.01 mL"
    syringe_capacity = "1 mL"
    dead_volume = "0.1 mL"
    pump_step = "0.1 mL/h"
    audit = "doses.jsonl"
    required = ["sex", "age", "weighed_on", "weight_source"]
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from neocalc.dose.figures import one_figure
from neocalc.dose.requirements import required_of
from neocalc.errors import FileError, InputError, PolicyError
from neocalc.references.files import parse_toml
from neocalc.references.shipped import read_small

NAME: Final = "neocalc.toml"
"""The file in the folder in which the command runs."""
ENVIRONMENT: Final = "NEOCALC_SITE"
"""The environment variable that names another."""
VALUES: Final = {
    "graduation": "mL",
    "syringe_capacity": "mL",
    "dead_volume": "mL",
    "pump_step": "mL/h",
    "duration": "h",
}
"""The inputs that a unit can set, with their units."""
TEXTS: Final = ("trial", "protocol_version", "audit")
"""What else it can set."""


@dataclass(frozen=True)
class Site:
    """The defaults of a unit.

    Attributes
    ----------
    name, sha256 : str
        Of the file.
    values : dict of str to str
        Inputs of a dose, each with its unit.
    texts : dict of str to str
        Trial, protocol version and the path of the audit trail, which is relative to the file.
    required : tuple of str
        Inputs without which there is no dose.
    """

    name: str
    sha256: str
    values: Mapping[str, str]
    texts: Mapping[str, str]
    required: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The file and its SHA-256 in one line."""
        return f"{self.name}, SHA-256 {self.sha256}"

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a dose with the unit's defaults, where nothing else was typed.

        A default that contradicts what was typed is left out: that of a volume where no volume is
        worked out, the dead volume beside a vehicle, the duration beside a rate.
        """
        known = {name for name, value in given.items() if value is not None}
        strengths = ("concentration", "viable_concentration", "vials")
        used = self.values if any(name in known for name in strengths) else {}
        without = {"dead_volume"} if "vehicle_volume" in known else set()
        without |= {"duration"} if "rate" in known else set()
        return {
            **given,
            **{name: text for name, text in used.items() if name not in known | without},
        }


def read_site(path: str | os.PathLike[str]) -> Site:
    """The defaults of a unit from its file.

    Raises
    ------
    FileError
        When the file cannot be read.
    PolicyError
        When it says something that is not known, or a value without its unit.
    """
    file = Path(path)
    try:
        content = read_small(file)
    except OSError as error:
        raise FileError(f"{file}: {error.strerror or error}") from error
    try:
        about = _section(_parsed(content))
        values = {name: _text(about, name) for name in VALUES if name in about}
        for name, text in values.items():
            if one_figure(text, VALUES[name], name) < 0:
                raise PolicyError(f"{name}: {text} is below 0")
        texts: dict[str, str] = {name: _text(about, name) for name in TEXTS if name in about}
        required = required_of(about.get("required", []), "[dose] required")
    except (InputError, PolicyError) as error:
        raise PolicyError(f"{file}: {error}") from error
    if "audit" in texts:
        texts["audit"] = str(file.parent / texts["audit"])
    return Site(file.name, hashlib.sha256(content).hexdigest(), values, texts, required)


def find_site(path: str | None) -> Site | None:
    """The unit's file: the one that is named, or that of the environment, or of this folder."""
    named = path or os.environ.get(ENVIRONMENT)
    if named:
        return read_site(named)
    return read_site(NAME) if Path(NAME).is_file() else None


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        return parse_toml(content)
    except ValueError as error:
        raise PolicyError(f"is not TOML: {error}") from error


def _section(about: Mapping[str, Any]) -> dict[str, Any]:
    if set(about) - {"dose"} or not isinstance(about.get("dose", {}), dict):
        raise PolicyError(f"only the section [dose] is known, not {', '.join(sorted(about))}")
    section: dict[str, Any] = about.get("dose", {})
    known = (*VALUES, *TEXTS, "required")
    unknown = sorted(set(section) - set(known))
    if unknown:
        raise PolicyError(f"[dose]: not known: {', '.join(unknown)}; known: {', '.join(known)}")
    return section


def _text(section: Mapping[str, Any], name: str) -> str:
    value = section[name]
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise PolicyError(f"[dose] {name}: must be a text of one line")
    return value.strip()
