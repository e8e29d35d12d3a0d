"""neocalc: growth z-scores at corrected age, growth velocity and doses per body weight.

neocalc calculates; it does not prescribe.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import neocalc.files.forks  # noqa: F401 - what it notes has to be noted from the beginning
from neocalc._version import __version__

if TYPE_CHECKING:
    from neocalc import chart, dose, report, spark, trials, velocity, verify, visits
    from neocalc.ages.age import Age
    from neocalc.ages.policy import Policy
    from neocalc.cohort.table import score
    from neocalc.errors import (
        AgeError,
        ColumnWarning,
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
        TrialWarning,
        UnitError,
    )
    from neocalc.growth.birth import size_at_birth
    from neocalc.growth.curves import curves
    from neocalc.growth.zscores import ZScore, measurement, zscore
    from neocalc.outcomes.analysis import outcome
    from neocalc.reading.units import Q
    from neocalc.references.catalogue import reference, references

__all__ = [
    "Age",
    "AgeError",
    "ColumnWarning",
    "DoseRefused",
    "ExtraMissing",
    "FileError",
    "GestationError",
    "InputError",
    "MissingError",
    "NeocalcError",
    "Policy",
    "PolicyError",
    "Q",
    "SexError",
    "TableError",
    "TrialWarning",
    "UnitError",
    "ZScore",
    "__version__",
    "chart",
    "curves",
    "dose",
    "measurement",
    "outcome",
    "reference",
    "references",
    "report",
    "score",
    "size_at_birth",
    "spark",
    "trials",
    "velocity",
    "verify",
    "visits",
    "zscore",
]

_HOMES = {
    "ages.age": ("Age",),
    "cohort.table": ("score",),
    "growth.zscores": ("ZScore", "measurement", "zscore"),
    "growth.birth": ("size_at_birth",),
    "growth.curves": ("curves",),
    "outcomes.analysis": ("outcome",),
    "ages.policy": ("Policy",),
    "references.catalogue": ("reference", "references"),
    "reading.units": ("Q",),
    "errors": tuple(
        name for name in __all__ if name.endswith(("Error", "Refused", "ExtraMissing", "Warning"))
    ),
}
_PUBLIC = {name: home for home, names in _HOMES.items() for name in names}
_MODULES: tuple[str, ...] = (
    "chart",
    "dose",
    "report",
    "spark",
    "trials",
    "velocity",
    "verify",
    "visits",
)


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


class _Package(ModuleType):
    """The package: a submodule that is loaded does not take the place of a public name.

    Loading a module of the folder would otherwise make `neocalc.references` that folder.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in _PUBLIC):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
