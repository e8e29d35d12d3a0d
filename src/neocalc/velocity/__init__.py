"""Growth velocity: what changes between two visits of a child, in one table of words.

- `zscore`, `increment`: z-scores by the WHO's increments of 2009, and back.
- `gain`: the rates of the neonatal unit, g/kg/day and others, each by its name.
- `change`: change in z, by one policy at both visits; the standardised change and the conditional
  gain, between any two ages from term to 36 months.
- `correlation`: the correlation of z between two ages, as the WHO's tables imply it.
- `conditional_gain`: change in z allowing for regression to the mean, with a correlation that the
  caller supplies and cites.
- `zones`: everything that exists for a pair of visits, and why the rest does not.
- `score`: a table of visits, each compared with another of its child.

docs/velocity.md explains them for a clinician, with an infant from birth at 26 weeks to 24 months.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from neocalc.cohort.followup import score
    from neocalc.velocity.changes import Change, change
    from neocalc.velocity.gains import Gain, conditional_gain, gain
    from neocalc.velocity.implied_correlation import Correlation, correlation
    from neocalc.velocity.scored import Velocity
    from neocalc.velocity.trial_zones import Zones, zones
    from neocalc.velocity.zscores import increment, zscore

__all__ = [
    "Change",
    "Correlation",
    "Gain",
    "Velocity",
    "Zones",
    "change",
    "conditional_gain",
    "correlation",
    "gain",
    "increment",
    "score",
    "zones",
    "zscore",
]

_HOMES: Final = {
    "velocity.changes": ("Change", "change"),
    "cohort.followup": ("score",),
    "velocity.implied_correlation": ("Correlation", "correlation"),
    "velocity.gains": ("Gain", "conditional_gain", "gain"),
    "velocity.zscores": ("Velocity", "increment", "zscore"),
    "velocity.trial_zones": ("Zones", "zones"),
}
_PUBLIC: Final = {name: home for home, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # pragma: no branch - to a type checker no other name is there

    def __getattr__(name: str) -> Any:
        """Load a public name when it is first used: at the bedside, tables would cost time."""
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"neocalc.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
