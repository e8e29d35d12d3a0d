"""Growth velocity: what changes between two visits of a child, in one table of words.

- `zscore`, `increment`: z-scores by the WHO's increments of 2009, and back.
- `gain`: the rates of the neonatal unit, g/kg/day and others, each by its name.
- `change`: change in z, by one policy at both visits.
- `conditional_gain`: change in z allowing for regression to the mean, with a correlation that the
  caller supplies and cites.
- `zones`: everything that exists for a pair of visits, and why the rest does not.
- `score`: a table of visits, each compared with another of its child.

docs/velocity.md explains them for a clinician, with an infant from birth at 26 weeks to 24 months.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neocalc.velocity.changes import Change, change
from neocalc.velocity.rates import Gain, conditional_gain, gain
from neocalc.velocity.scores import Velocity, increment, zscore
from neocalc.velocity.trial_zones import Zones, zones

if TYPE_CHECKING:
    from neocalc.velocity.followup_tables import score

__all__ = [
    "Change",
    "Gain",
    "Velocity",
    "Zones",
    "change",
    "conditional_gain",
    "gain",
    "increment",
    "score",
    "zones",
    "zscore",
]


def __getattr__(name: str) -> Any:
    """Load what scores tables when it is first used: at the bedside it would cost time."""
    if name != "score":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from neocalc.velocity.followup_tables import score

    globals()[name] = score
    return score


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
