"""What is to be done, as text that a driver writes and an executor reads: JSON, and no code.

Only the classes that are named here are made of it, by their own constructors, which check every
value again.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any, Final

from neocalc.ages.policy import Policy
from neocalc.cohort.table import Scoring

_PLACES: Final = {
    "Scoring": "cohort.table",
    "FollowUp": "cohort.followup",
    "Mapped": "cohort.mapping",
    "Policy": "ages.policy",
    "Rules": "velocity.increments",
    "Dosing": "dose.dosing",
    "Limits": "dose.limits",
    "Arm": "trials",
    "Conditions": "trials.conditions",
    "Criterion": "trials.ages",
    "Period": "trials.ages",
    "Band": "trials.conditions",
}
"""Each class that is written, and the module that has it."""


def written(scoring: Scoring) -> str:
    """What is to be done, as text: the same for the same scoring, however it was given."""
    return json.dumps(_plain(scoring), sort_keys=True)


def read(text: str) -> Scoring:
    """What is to be done, from text.

    Raises
    ------
    NeocalcError
        When a value is not accepted here.
    """
    scoring = _made(json.loads(text))
    assert isinstance(scoring, Scoring)
    return scoring


def _plain(value: Any) -> Any:
    """A value as JSON has it; an object as the name of its class and what it is made from."""
    kind = type(value).__name__
    if kind in _PLACES:
        return [kind, {name: _plain(part) for name, part in _parts(value).items()}]
    if kind == "Figure":  # as it is typed: a share without a unit, a measured figure with its own
        unit = value.unit.removeprefix("fraction")
        return f"{value.value!r} {unit}" if unit else value.value
    if isinstance(value, dict):
        return ["", {name: _plain(part) for name, part in value.items()}]
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _parts(value: Any) -> dict[str, Any]:
    """The arguments that make an object again, with figures in canonical units."""
    if not is_dataclass(value):
        return dict(value._asdict())
    parts = {one.name: getattr(value, one.name) for one in fields(value) if one.init}
    if isinstance(value, Policy):
        days = ("handover", "preterm_below", "correct_until")
        return parts | {name: f"{getattr(value, f'{name}_day')} day" for name in days}
    return parts | dict(getattr(value, "figures", {}))


def _made(plain: Any) -> Any:
    """The value again: lists come back as tuples, which is what they were."""
    if not isinstance(plain, list):
        return plain
    if len(plain) == 2 and isinstance(plain[1], dict):
        kind, parts = plain[0], {name: _made(part) for name, part in plain[1].items()}
        if not kind:
            return parts
        return getattr(import_module(f"neocalc.{_PLACES[kind]}"), kind)(**parts)
    return tuple(_made(part) for part in plain)
