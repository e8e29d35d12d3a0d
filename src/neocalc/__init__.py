"""neocalc: growth z-scores at corrected age, growth velocity and doses per body weight.

neocalc calculates; it does not prescribe.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neocalc.age import Age
    from neocalc.errors import (
        AgeError,
        DoseRefused,
        ExtraMissing,
        FileError,
        GestationError,
        InputError,
        MissingError,
        NeocalcError,
        PolicyError,
        SexError,
        TableError,
        UnitError,
    )
    from neocalc.growth import ZScore, curves, measurement, size_at_birth, zscore
    from neocalc.policy import Policy
    from neocalc.references import reference, references
    from neocalc.units import Q

__version__ = "0.1.0"

_PUBLIC = {
    "Age": "age",
    "Policy": "policy",
    "Q": "units",
    "ZScore": "growth",
    "curves": "growth",
    "measurement": "growth",
    "reference": "references",
    "references": "references",
    "size_at_birth": "growth",
    "zscore": "growth",
} | dict.fromkeys(
    (
        "AgeError", "DoseRefused", "ExtraMissing", "FileError", "GestationError", "InputError",
        "MissingError", "NeocalcError", "PolicyError", "SexError", "TableError", "UnitError",
    ),
    "errors",
)  # fmt: skip
_MODULES: tuple[str, ...] = ()

__all__ = ["__version__", *_PUBLIC, *_MODULES]  # noqa: PLE0604 - names, some of them loaded lazily


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: importing neocalc alone costs nothing."""
    if name in _PUBLIC:
        value = getattr(import_module(f"neocalc.{_PUBLIC[name]}"), name)
    elif name in _MODULES:
        value = import_module(f"neocalc.{name}")
    else:
        raise AttributeError(f"module 'neocalc' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
