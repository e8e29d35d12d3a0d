"""What no child does between two visits: the limits of a gain or a change, as data.

A change beyond them is `implausible`: a wrong figure, unit, date or child. They need no age and no
sex, so that they hold for every pair of visits, also where there is no reference. neocalc's own are
``limits/changes.toml`` among its tables, each with its reason; a site can state its own in a file
of the same form.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.errors import InputError, TableError
from neocalc.reading.units import Floats
from neocalc.references.catalogue import tables_folder
from neocalc.references.files import LARGEST, MEASURES, parse_toml, text_of
from neocalc.references.lookup import Bools
from neocalc.references.shipped import read_small, refuse_altered

OWN: Final = "limits/changes.toml"
"""neocalc's own limits, among the tables."""
LIMITED: Final[tuple[str, ...]] = ("weight", "length", "head_circumference")
"""The measures that have limits of change."""
LISTS: Final = ("rise", "rise_times", "fall", "fall_share")
LONGEST: Final = 8_000
"""Beyond this interval the limits stay as they are [day]."""
LAST_BITS: Final = 1e-9
"""Of a value on a limit: 50.3 - 47.3 is more than 3 in binary fractions [share]."""
Points = tuple[tuple[float, float], ...]


class MeasureLimits(NamedTuple):
    """The limits of one measure for every whole number of days; None where it has no such limit.

    `rise` and `fall` are in the canonical unit, `rise_times` and `kept_share` multiples of the
    first value.
    """

    rise: Floats | None
    rise_times: Floats | None
    fall: Floats | None
    kept_share: Floats | None

    def highest(self, first: Floats, at: Any) -> list[Floats]:
        """The highest second values by each limit, after a number of days."""
        by = [] if self.rise is None else [first + self.rise.take(at)]
        return by if self.rise_times is None else [*by, first * self.rise_times.take(at)]

    def lowest(self, first: Floats, at: Any) -> list[Floats]:
        """The lowest second values by each limit, after a number of days."""
        by = [] if self.fall is None else [first - self.fall.take(at)]
        return by if self.kept_share is None else [*by, first * self.kept_share.take(at)]


class ChangeLimits(NamedTuple):
    """Limits of change between two visits, as a file states them.

    Attributes
    ----------
    path : str
        The file.
    sha256 : str
        Of its content.
    points : dict of str to dict of str to tuple
        For each measure its lists, as they stand in the file.
    """

    path: str
    sha256: str
    points: Mapping[str, Mapping[str, Points]]

    def __hash__(self) -> int:
        return hash((self.path, self.sha256))

    def implausible(self, measure: str, first: Floats, second: Floats, days: Any) -> Bools:
        """Which changes are beyond the limits; none where a value or the interval is missing.

        Parameters
        ----------
        measure : str
            The measure; one without limits has no implausible change.
        first, second : numpy.ndarray
            Values in the canonical unit [kg] or [cm].
        days : numpy.ndarray
            Interval [day]; a part of a day counts as a whole one.

        Examples
        --------
        1.02 kg and, three weeks later, kilograms typed as grams:

        >>> own = change_limits()
        >>> own.implausible("weight", np.array([1.02]), np.array([0.00131]), np.array([21])).item()
        True
        >>> own.implausible("weight", np.array([1.02]), np.array([1.31]), np.array([21])).item()
        False
        """
        if measure not in self.points:
            return np.zeros(np.broadcast(first, second, days).shape, dtype=bool)
        limits = _by_day(self, measure)
        with np.errstate(invalid="ignore"):
            if np.asarray(days).dtype.kind == "f":
                days = np.nan_to_num(np.ceil(days), nan=-1.0, posinf=LONGEST, neginf=-1.0)
                days = np.clip(days, -1, LONGEST).astype(np.int32)
            at = np.clip(days, 0, LONGEST)
            beyond = np.zeros(np.broadcast(first, second, days).shape, dtype=bool)
            for most in limits.highest(first, at):
                beyond |= second > most * (1 + LAST_BITS)
            for least in limits.lowest(first, at):
                beyond |= second < least * (1 - LAST_BITS)
        beyond &= days > 0
        return np.asarray(beyond)


@cache
def _by_day(limits: ChangeLimits, measure: str) -> MeasureLimits:
    """The limits of a measure for each whole day."""
    lists = limits.points[measure]

    def by_day(name: str) -> Floats | None:
        if name not in lists:
            return None
        days = np.arange(LONGEST + 1, dtype=np.float64)
        at, limit = np.array(lists[name]).T
        found: Floats = np.interp(days, at, limit)
        if len(at) > 1:  # on at the last rate
            rate = (limit[-1] - limit[-2]) / (at[-1] - at[-2])
            found += np.fmax(days - at[-1], 0) * rate
        return found

    lost = by_day("fall_share")
    kept = None if lost is None else np.fmax(1 - lost, 0.0)
    return MeasureLimits(by_day("rise"), by_day("rise_times"), by_day("fall"), kept)


def change_limits(given: Any = None) -> ChangeLimits:
    """Limits of change: neocalc's own, or those of a file.

    Parameters
    ----------
    given : str, path or ChangeLimits, optional
        A file in the form of ``limits/changes.toml`` of the tables; limits are given back.

    Raises
    ------
    InputError
        For what cannot be the path of a file.
    TableError
        When the file is missing or malformed; the message says how.

    Examples
    --------
    >>> sorted(change_limits().points)
    ['head_circumference', 'length', 'weight']
    """
    if given is None:
        return _own()
    if isinstance(given, ChangeLimits):
        return given
    if not isinstance(given, (str, os.PathLike)) or not os.fsdecode(given):
        raise InputError("change_limits", given, "the path of a file of limits")
    return _read(Path(os.fsdecode(given)))


@cache
def _own() -> ChangeLimits:
    folder = tables_folder()
    limits = _read(folder / OWN)
    refuse_altered(folder, folder / OWN, limits.sha256)
    return limits


def _read(path: Path) -> ChangeLimits:
    """The limits of a file, checked."""
    try:
        content = read_small(path)
        about = parse_toml(content)
    except (OSError, ValueError) as error:
        raise TableError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    for name in ("title", "source"):
        text_of(about, name, path, required=True)
    unknown = sorted(set(about) - {"title", "source", *LIMITED})
    if unknown:
        raise TableError(f"{path}: not known: {', '.join(unknown)}; accepted: {', '.join(LIMITED)}")
    points = {name: _lists(name, about[name], path) for name in LIMITED if name in about}
    return ChangeLimits(str(path), hashlib.sha256(content).hexdigest(), points)


def _lists(measure: str, facts: Any, path: Path) -> dict[str, Points]:
    """The lists of one measure."""
    where = f"{path}: [{measure}]"
    if not isinstance(facts, dict):
        raise TableError(f"{where} must be a section")
    unknown = sorted(set(facts) - {"unit", "reason", *LISTS})
    if unknown:
        raise TableError(f"{where}: not known: {', '.join(unknown)}; accepted: {', '.join(LISTS)}")
    if facts.get("unit") != MEASURES[measure]:
        raise TableError(f"{where}: unit must be {MEASURES[measure]}")
    text_of(facts, "reason", Path(where), required=True)
    found = {name: _points(facts[name], f"{where} {name}") for name in LISTS if name in facts}
    if not found:
        raise TableError(f"{where}: give at least one of {', '.join(LISTS)}")
    return found


def _points(value: Any, where: str) -> Points:
    """A list of [days, limit]: days that ascend from 0, limits above 0 that do not fall."""
    wanted = (
        "a list of [days, limit]: days from 0 in ascending order, limits above 0 that never fall"
    )
    if not isinstance(value, list) or not value:
        raise TableError(f"{where}: {wanted}")
    for point in value:
        numbers = isinstance(point, list) and all(type(v) in (int, float) for v in point)
        if not numbers or len(point) != 2 or not 0 <= point[0] <= LONGEST:
            raise TableError(f"{where}: {wanted}")
        if not 0 < point[1] < LARGEST:
            raise TableError(f"{where}: {wanted}")
    if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(value)):
        raise TableError(f"{where}: {wanted}")
    return tuple((float(day), float(limit)) for day, limit in value)
