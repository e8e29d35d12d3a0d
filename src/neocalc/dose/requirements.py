"""The inputs that a protocol or a site can require: without one of them there is no dose."""

from __future__ import annotations

from typing import Any, Final

from neocalc.errors import PolicyError

REQUIRED: Final = (
    "sex", "age", "gestation", "on", "weighed_on", "weight_source", "last_weight",
    "last_weighed_on", "doses_given", "expires", "thawed_on", "duration", "graduation",
    "syringe_capacity", "dead_volume", "line_filter", "counts", "viability", "subject",
    "identifier", "prepared_by", "enrolled_on", "second_check", "lot", "donor", "planned_doses",
)  # fmt: skip
"""The inputs that a protocol or a site can require."""


def required_of(names: Any, where: str) -> tuple[str, ...]:
    """The inputs that are required, each one that can be.

    Raises
    ------
    PolicyError
        For one that is not known.
    """
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PolicyError(f"{where}: must be a list of names")
    unknown = sorted(set(names) - set(REQUIRED))
    if unknown:
        raise PolicyError(f"{where}: not known: {', '.join(unknown)}; known: {', '.join(REQUIRED)}")
    return tuple(dict.fromkeys(names))
