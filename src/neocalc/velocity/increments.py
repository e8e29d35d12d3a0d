"""From two visits to a velocity z-score: the one path for a pair, an array and a table.

z = ((Y/M)^L - 1) / (L S), where Y is the increment plus delta, both in the unit of M. Real visits
are not a whole number of months apart and do not begin at a whole month, and no rule of the WHO's
for that could be found: what is done is a decision, and an option of `Rules`. L, M, S and delta of
every interval are those of `intervals`.

What comes in is coded and in canonical units; nothing here parses. A pair without a z is looked at
again for the reason.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.arrays import BLOCK, by_blocks, either
from neocalc.errors import CODE, InputError, StatusArray
from neocalc.reading.dates import MONTH
from neocalc.reading.units import Floats
from neocalc.references.catalogue import reference
from neocalc.references.lms import (
    measurement_from_zscore,
    plain_zscore,
    restrict,
    zscore_from_measurement,
)
from neocalc.references.lookup import Bools, Bytes, Rows
from neocalc.velocity.increment_tables import STARTS, WHO_2009
from neocalc.velocity.intervals import BETWEEN, Cells, Rule, cells_of
from neocalc.velocity.limits import ChangeLimits, change_limits
from neocalc.velocity.visits import Pairs

LARGEST_TOLERANCE: Final = 0.25
"""From a third on, one month could pass for two, which is another table [share]."""
NOTHING: Final = 1e-5
"""Not above it, an increment plus delta is the rounding of binary fractions, in single precision
too, and 0: it is 10 mg or 0.1 micrometres [kg] or [cm]."""
LEAST_INCREMENT: Final = 0.01
"""What the option `recode` scores in place of an increment of 0 or less [cm]."""


@dataclass(frozen=True)
class Rules:
    """What is done with intervals, starts and increments that the table does not have.

    None of these is a rule of the WHO's; the defaults are decisions (docs/velocity.md).

    Parameters
    ----------
    start : str, default "interpolate"
        "interpolate": L, M and S linearly between the tabulated starts on either side; "nearest":
        those of the nearest start.
    tolerance : float, default 0.10
        How far an interval may be below the shortest or above the longest width that has a row at
        this start, as a share of the width [unitless]. Within it the increment is scaled to the
        width; outside there is no z.
    restricted : bool, optional
        Whether the WHO's restriction beyond +-3 SD applies. By default it does where the SD lines
        -3, -2, 2 and 3 all exist: everywhere for weight.
    recode : bool, default False
        Whether a length or head increment of 0 or less is scored as 0.01 cm, as one published
        program does. The status stays `non_positive_increment`.
    between : str, default "interpolate"
        What is done with an interval between two widths. "interpolate": L, M, S and delta between
        the rows of both; "scale": the increment is scaled to the nearest width within the
        tolerance, and otherwise has no z.
    change_limits : str, path or ChangeLimits, optional
        A file with a site's own limits of what a child can do between two visits; by default
        neocalc's. A change beyond them is `implausible`.
    """

    start: str = "interpolate"
    tolerance: float = 0.10
    restricted: bool | None = None
    recode: bool = False
    between: str = "interpolate"
    change_limits: Any = None

    def __post_init__(self) -> None:
        if self.start not in STARTS:
            raise InputError("start", self.start, f"accepted: {' or '.join(STARTS)}")
        number = isinstance(self.tolerance, (int, float)) and not isinstance(self.tolerance, bool)
        if not (number and 0 <= self.tolerance <= LARGEST_TOLERANCE):
            raise InputError(
                "tolerance", self.tolerance, f"a share from 0 to {LARGEST_TOLERANCE:g}, such as 0.1"
            )
        if self.restricted is not None and not isinstance(self.restricted, bool):
            raise InputError("restricted", self.restricted, "True, False or None (the default)")
        if not isinstance(self.recode, bool):
            raise InputError("recode", self.recode, "True or False")
        if self.between not in BETWEEN:
            raise InputError("between", self.between, f"accepted: {' or '.join(BETWEEN)}")
        if self.change_limits is not None:
            object.__setattr__(self, "change_limits", change_limits(self.change_limits))

    @property
    def rule(self) -> Rule:
        """Those of the rules on which L, M and S depend."""
        return Rule(self.start, self.between, self.tolerance)

    @property
    def limits(self) -> ChangeLimits:
        """The limits of what a child can do between two visits."""
        return change_limits(self.change_limits)


DEFAULT_RULES: Final = Rules()


class ScoredIncrements(NamedTuple):
    """Velocity z-scores with where each came from: `at` points into `cells`."""

    z: Floats
    status: StatusArray
    at: Rows
    cells: Cells
    pairs: Pairs
    rules: Rules

    @property
    def places(self) -> tuple[Cells, Rows]:
        """The cells, and the one of each pair: see `intervals.cells_of`."""
        return self.cells, self.at

    @property
    def method(self) -> Bytes:
        """Codes of `intervals.METHODS`: how each z came about; 0 where there is none."""
        return np.asarray(self.cells.method.take(self.at) * ~np.isnan(self.z))

    @property
    def nominal_months(self) -> Bytes:
        """The tabulated width nearest to each interval [month]; 0 where there is no table."""
        return self.cells.months.take(self.at)

    @property
    def increment(self) -> Floats:
        """The increment as it was measured [kg] or [cm]."""
        return self.pairs.second - self.pairs.first

    @property
    def scaled(self) -> Floats:
        """What the increment was multiplied with [unitless]: width by interval, or 1."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.cells.width.take(self.at) / self.pairs.days)

    @property
    def start_age(self) -> Floats:
        """Age at the start of each interval that has a table [month]."""
        return np.where(self.nominal_months > 0, self.pairs.start / MONTH, np.nan)

    @property
    def restricted(self) -> Bools:
        """Whether the restriction beyond +-3 SD applies to each pair."""
        return _restricted(self.rules, *self._lms[::2])

    @property
    def z_unscaled(self) -> Floats:
        """Z-score of the increment as it was measured, by the same L, M and S."""
        delta = self.cells.delta.take(self.at)
        y = _scorable(self.increment, self.cells, self.rules) + delta
        y[y <= NOTHING] = np.nan
        z: Floats = zscore_from_measurement(y, *self._lms, restricted=self.restricted)
        z[np.isnan(self.z)] = np.nan
        return z

    @property
    def z_floor(self) -> Floats:
        """The z below which none can be with each L and S: that of the end of the domain."""
        return floor(*self._lms[::2], self.restricted)

    @property
    def _lms(self) -> tuple[Floats, Floats, Floats]:
        return _lms(self.cells, self.at)


def floor(L: Floats, S: Floats, restricted: Bools) -> Floats:
    """The limit of z as the increment plus delta goes to 0.

    It is -1 / (L S) by the plain method where L is above 0, and without a limit otherwise; by the
    restricted method it is where the straight line beyond -3 SD meets 0.

    Examples
    --------
    Girls, head circumference, 20 to 24 months: no girl can be below -1.657.

    >>> floor(np.array([1.0952]), np.array([0.55112]), np.array([True])).round(3).tolist()
    [-1.657]
    """
    with np.errstate(divide="ignore"):
        lowest = np.where(L > 0, -1 / (L * S), -np.inf)
    lowest[np.isnan(L)] = np.nan
    at = np.flatnonzero((lowest < -3) & restricted)
    if at.size:
        third, second = (measurement_from_zscore(z, L[at], 1.0, S[at]) for z in (-3.0, -2.0))
        lowest[at] = -3 - third / (second - third)
    return lowest


def score(measure: str, pairs: Pairs, rules: Rules = DEFAULT_RULES) -> ScoredIncrements:
    """Velocity z-scores with status: the one way to a velocity z.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    pairs : Pairs
        Prepared columns.
    rules : Rules
        What is done with what the table does not have.

    Examples
    --------
    A boy from 91 to 147 days of corrected age (56 days) gains 1 kg:

    >>> whole = [np.array([n], dtype=np.int32) for n in (56, 91, 147, 1)]
    >>> pairs = Pairs(np.array([6.0]), np.array([7.0]), *whole, np.array([2], dtype=np.uint8))
    >>> scored = score("weight", pairs)
    >>> float(scored.z[0].round(6)), int(scored.nominal_months[0])
    (-0.225388, 2)
    """
    cells, at = cells_of(measure, rules.rule, pairs.sex, pairs.start, pairs.days)
    flag = reference(WHO_2009).measures[measure].flag or (-np.inf, np.inf)
    n = len(pairs.days)
    z, status = np.full(n, np.nan), np.empty(n, dtype=np.uint8)

    def work(start: int) -> None:
        here = slice(start, start + BLOCK)
        _score(cells, at[here], pairs, rules, here, z[here], status[here], flag)

    by_blocks(work, n)
    return ScoredIncrements(z, status, at, cells, pairs, rules)


def _score(
    cells: Cells,
    at: Rows,
    pairs: Pairs,
    rules: Rules,
    here: slice,
    z: Floats,
    status: StatusArray,
    flag: tuple[float, float],
) -> None:
    """Fill z and status of one block of pairs; z holds nothing but NaN.

    A z outside `flag` is implausible. What has no table is left out of the arithmetic: below term
    and above 24 months, they are many.
    """
    method = cells.method.take(at)
    cells.status.take(at, out=status, mode="clip")  # every place is one; "raise" would copy
    if pairs.status is not None:
        given = pairs.status[here]
        method *= given == 0
        status[:] = either(given != 0, given, status)
    placed = np.flatnonzero(method != 0)
    own, days = at.take(placed), pairs.days[here].take(placed)
    increment = pairs.second[here].take(placed) - pairs.first[here].take(placed)
    y = _scorable(increment, cells, rules) * (cells.width.take(own) / days)
    if cells.has_delta:
        y += cells.delta.take(own)
    y[y <= NOTHING] = np.nan
    L, M, S = _lms(cells, own)
    found = plain_zscore(y, L, M, S, zero_power=cells.has_zero_power)
    beyond = np.flatnonzero(np.abs(found) > 3)
    beyond = beyond[_restricted(rules, L[beyond], S[beyond])]
    restrict(found, beyond, y[beyond], L[beyond], M[beyond], S[beyond])
    z[placed] = found
    odd = np.flatnonzero((found < flag[0]) | (found > flag[1]))
    status[placed[odd]] = CODE["implausible"]
    if rules.recode and not cells.has_delta:
        status[placed[increment <= NOTHING]] = CODE["non_positive_increment"]
    if pairs.implausible is not None:
        status[placed[pairs.implausible[here].take(placed)]] = CODE["implausible"]
    status[placed[np.isnan(found)]] = CODE["non_positive_increment"]


def unscore(
    measure: str, z: Floats, pairs: Pairs, rules: Rules = DEFAULT_RULES
) -> tuple[Floats, StatusArray]:
    """Increments over the intervals as they are [kg] or [cm], at z-scores: the inverse of `score`.

    The values in `pairs` are not used; the status says why there is no increment.
    """
    cells, at = cells_of(measure, rules.rule, pairs.sex, pairs.start, pairs.days)
    L, M, S = _lms(cells, at)
    y = measurement_from_zscore(z, L, M, S, restricted=_restricted(rules, L, S))
    with np.errstate(divide="ignore", invalid="ignore"):
        increment = (y - cells.delta.take(at)) * (pairs.days / cells.width.take(at))
    if pairs.status is not None:
        increment[pairs.status != 0] = np.nan
    status = cells.status.take(at)
    # Where all is there but the increment, no increment has this z.
    status[cells.method.take(at) > 0] = CODE["invalid_value"]
    if pairs.status is not None:
        np.putmask(status, pairs.status != 0, pairs.status)
    status[~np.isnan(increment)] = 0
    return increment, status


def _lms(cells: Cells, at: Rows) -> tuple[Floats, Floats, Floats]:
    """L, M and S of pairs."""
    return cells.L.take(at), cells.M.take(at), cells.S.take(at)


def _scorable(increment: Floats, cells: Cells, rules: Rules) -> Floats:
    """The increment, or by the option `recode` the least one there is."""
    if cells.has_delta or not rules.recode:
        return increment
    return np.where(increment <= NOTHING, LEAST_INCREMENT, increment)


def _restricted(rules: Rules, L: Floats, S: Floats) -> Bools:
    """Whether the restriction applies: as asked for, else where the SD lines -3 to 3 all exist."""
    if rules.restricted is None:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.abs(3 * L * S) < 1)
    return np.full(len(L), rules.restricted)
