"""Follow-up visits of a trial: when each is due after administration, what for, and who says so.

A visit whose source states no window has none here: which window is then used is a decision of the
analysis (`neocalc.outcomes.targets`), and is named as one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final, NamedTuple

from neocalc.errors import InputError, PolicyError
from neocalc.trials.ages import Period

GROWTH: Final = "growth"
"""What a visit is for where nothing else is stated."""
KEYS: Final = ("after", "purpose", "source", "earliest", "latest")
"""What a section ``[[follow_up]]`` of a definition may hold."""


class FollowUpVisit(NamedTuple):
    """A visit after administration.

    Attributes
    ----------
    after : Period
        How long after it the visit is due.
    purpose : str
        What is observed at it: "growth", or an outcome as its source names it.
    source : str
        Where the visit is stated.
    earliest, latest : Period or None
        The window, both ends included; None where the source states none.
    """

    after: Period
    purpose: str
    source: str
    earliest: Period | None = None
    latest: Period | None = None


def read_follow_up(entry: dict[str, Any], source: str) -> FollowUpVisit:
    """The visit that a section ``[[follow_up]]`` states.

    Parameters
    ----------
    entry : dict
        The section.
    source : str
        The source of the definition, where the section names none of its own.
    """
    where = "[[follow_up]]"
    unknown = sorted(set(entry) - set(KEYS))
    if unknown:
        raise PolicyError(f"{where}: not known: {', '.join(unknown)}; known: {', '.join(KEYS)}")
    after = Period.read(entry.get("after"), f"{where} after")
    texts = {"purpose": entry.get("purpose", GROWTH), "source": entry.get("source", source)}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip() or not text.isprintable():
            raise InputError(f"{where} {name}", text, "a text of one line")
    ends = [
        None if name not in entry else Period.read(entry[name], f"{where} {name}")
        for name in ("earliest", "latest")
    ]
    if (ends[0] is None) != (ends[1] is None):
        raise PolicyError(f"{where}: {after}: a window has both earliest and latest")
    if ends[0] is not None and ends[1] is not None:
        low, middle, high = (_days(period) for period in (ends[0], after, ends[1]))
        if not low <= middle <= high:
            raise PolicyError(f"{where}: {after}: earliest is after it, or latest before it")
    return FollowUpVisit(after, texts["purpose"], texts["source"], ends[0], ends[1])


_DAYS: Final = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25}


def _days(period: Period) -> float:
    """About how many days a period is: to put periods in order."""
    return period.count * _DAYS[period.unit]


def in_order(visits: list[FollowUpVisit]) -> tuple[FollowUpVisit, ...]:
    """The visits by when they are due; two of one purpose at one time are refused."""
    found = sorted(visits, key=lambda visit: _days(visit.after))
    for one, other in pairwise(found):
        if (one.purpose, _days(one.after)) == (other.purpose, _days(other.after)):
            raise PolicyError(f"[[follow_up]]: {one.after} stands twice for {one.purpose}")
    return tuple(found)
