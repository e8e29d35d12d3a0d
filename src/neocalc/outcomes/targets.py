"""Targets of an outcome: when a visit is due after administration, and the window around it.

A target is a time of the calendar after administration, as in `Trial.visits`. Its window is that of
the trial's source. Where the source states none, the window is a decision of neocalc's, named so in
every record: to each side half the way to the neighbouring target (before the first: to the
administration), but at most 25 % of the time since administration.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.ages.moments import Moment
from neocalc.errors import InputError
from neocalc.reading.words import Ints
from neocalc.trials.ages import Period
from neocalc.trials.follow_up import GROWTH, FollowUpVisit, in_order

if TYPE_CHECKING:
    from neocalc.trials import Trial

SHARE: Final = 0.25
"""The most that a window of neocalc's reaches to each side, of the time since administration."""
LARGEST_SHARE: Final = 0.5
DEFAULT: Final = ("1 month", "3 months", "6 months", "12 months", "24 months")
"""The targets where no trial and no targets are given."""
OURS: Final = "neocalc's default"
ASKED: Final = "as asked for"
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_SHORT: Final = re.compile(r"([1-9][0-9]{0,3})\s*(d|w|mo|y)")
_UNITS: Final = {"d": "day", "w": "week", "mo": "month", "y": "year"}


class Windows(NamedTuple):
    """For each child and target the day it is due and the window, in days since administration."""

    due: Ints
    first: Ints
    last: Ints


class Schedule(NamedTuple):
    """The targets of an analysis.

    Attributes
    ----------
    targets : tuple of FollowUpVisit
        In order, each with its source, and its window where the source states one.
    share : float
        Of the windows that are neocalc's: the most to each side, of the time since administration.
    """

    targets: tuple[FollowUpVisit, ...]
    share: float = SHARE

    @property
    def labels(self) -> list[str]:
        """The names of the targets: how long after administration."""
        return [str(target.after) for target in self.targets]

    def window_source(self, target: FollowUpVisit) -> str:
        """Where the window of a target is from."""
        if target.earliest is not None:
            return target.source
        said = OURS if self.share == SHARE else ASKED
        return f"{said}: half the way to the next target, at most {100 * self.share:g} %"

    def about(self) -> list[dict[str, Any]]:
        """The targets for a record."""
        return [
            {
                "target": str(target.after),
                "source": target.source,
                "earliest": None if target.earliest is None else str(target.earliest),
                "latest": None if target.latest is None else str(target.latest),
                "window_source": self.window_source(target),
            }
            for target in self.targets
        ]

    def windows(self, administered: Ints) -> Windows:
        """The days on which visits are due, and the windows, of children.

        Parameters
        ----------
        administered : numpy.ndarray
            Day of administration, since 1970-01-01.

        Examples
        --------
        >>> found = schedule().windows(np.array([0]))
        >>> found.due.tolist(), found.first.tolist(), found.last.tolist()
        ([[31, 90, 181, 365, 730]], [[24, 68, 136, 274, 548]], [[38, 112, 226, 456, 912]])
        """
        days, place = np.unique(administered, return_inverse=True)
        found = np.array([_of_day(self, int(day)) for day in days], dtype=np.int32)
        found = found.reshape(len(days), 3, len(self.targets))[place]
        return Windows(found[:, 0], found[:, 1], found[:, 2])


@lru_cache(maxsize=4096)
def _of_day(plan: Schedule, day: int) -> list[list[int]]:
    """Due day, first and last day of the window of each target, for one day of administration."""
    due = [_days_after(target.after, day) for target in plan.targets]
    first, last = [], []
    for i, target in enumerate(plan.targets):
        most = int(plan.share * due[i])
        before = min((due[i] - (due[i - 1] if i else 0)) // 2, most)
        after = min((due[i + 1] - due[i]) // 2, most) if i + 1 < len(due) else most
        low, high = due[i] - before, due[i] + after
        if target.earliest is not None and target.latest is not None:
            low, high = (_days_after(end, day) for end in (target.earliest, target.latest))
        first.append(max(low, 1))  # the day of administration is the baseline's
        last.append(high)
    return [due, first, last]


def _days_after(period: Period, day: int) -> int:
    """Days from a day to the day that is a period after it."""
    on = dt.date.fromordinal(day + _EPOCH)
    end = period.after(Moment(dt.datetime.combine(on, dt.time()), timed=False))
    return end.toordinal() - on.toordinal()


def schedule(trial: Trial | None = None, targets: Any = None, window: Any = None) -> Schedule:
    """The targets of an analysis: those that are given, the trial's, or neocalc's own.

    Parameters
    ----------
    trial : Trial, optional
        Its follow-up visits for growth are the targets.
    targets : iterable of str, optional
        Other targets, such as ``["1 month", "3mo"]``.
    window : float, optional
        The most that a window reaches to each side where its source states none, as a share of the
        time since administration, above 0 and up to 0.5; by default 0.25.

    Raises
    ------
    InputError
        For a target or a window that cannot be used, and a trial without visits.
    """
    share = SHARE if window is None else _share(window)
    if targets is not None:
        return Schedule(_asked(targets), share)
    if trial is None:
        return Schedule(_visits(DEFAULT, OURS), share)
    found = tuple(visit for visit in trial.follow_up if visit.purpose == GROWTH)
    if not found:
        raise InputError("trial", trial.label, "it states no visits: name targets, 1mo,3mo")
    if any(visit.after.unit == "hour" for visit in found):
        raise InputError("trial", trial.label, "targets of growth are whole days, weeks or months")
    return Schedule(found, share)


def _visits(texts: Iterable[str], source: str) -> tuple[FollowUpVisit, ...]:
    return tuple(FollowUpVisit(_period(text), GROWTH, source) for text in texts)


def _asked(targets: Any) -> tuple[FollowUpVisit, ...]:
    if isinstance(targets, str) or not isinstance(targets, Iterable):
        raise InputError("targets", targets, 'a list of periods such as ["1 month", "3 months"]')
    found = _visits(list(targets), ASKED)
    if not found:
        raise InputError("targets", targets, "one period at least, such as 6 months")
    try:
        return in_order(list(found))
    except ValueError as error:
        raise InputError("targets", targets, "each once") from error


def _period(text: object) -> Period:
    """A target as it is typed: 6mo or 6 months."""
    short = _SHORT.fullmatch(text.strip()) if isinstance(text, str) else None
    if short is not None:
        return Period(int(short[1]), _UNITS[short[2]])
    try:
        period = Period.read(text, "targets")
    except InputError as error:
        raise InputError("targets", text, "a period such as 1 month, 3mo, 90 days, 1y") from error
    if period.unit == "hour":
        raise InputError("targets", text, "whole days, weeks, months or years")
    return period


def _share(window: Any) -> float:
    number = isinstance(window, (int, float)) and not isinstance(window, bool)
    if not (number and 0 < window <= LARGEST_SHARE):
        raise InputError("window", window, f"a share above 0 and up to {LARGEST_SHARE:g}, 0.25")
    return float(window)
