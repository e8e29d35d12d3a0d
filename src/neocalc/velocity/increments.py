"""From two visits to a velocity z-score: the one path for a pair, an array and a table.

z = ((Y/M)^L - 1) / (L S), where Y is the increment plus delta, both in the unit of M. Real visits
are not a whole number of months apart and do not begin at a whole month, and no rule of the WHO's
for that could be found: what is done is a decision, and an option of `Rules`.

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
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.age import MONTH
from neocalc.coding import Ints
from neocalc.errors import CODE, InputError, StatusArray, status_where
from neocalc.lms import measurement_from_zscore, plain_zscore, restrict, zscore_from_measurement
from neocalc.scoring import BLOCK, by_blocks
from neocalc.stacks import Bools, Bytes, Rows
from neocalc.units import Floats
from neocalc.velocity.increment_tables import (
    HALF_A_DAY,
    LAST_DAY,
    STARTS,
    WIDTHS,
    IncrementTable,
    increment_table,
    nearest_width,
)
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
        How far an interval may be from a nominal width, as a share of it [unitless]. Within it the
        increment is scaled to the width; outside there is no z.
    restricted : bool, optional
        Whether the WHO's restriction beyond +-3 SD applies. By default it does where the SD lines
        -3, -2, 2 and 3 all exist: everywhere for weight.
    recode : bool, default False
        Whether a length or head increment of 0 or less is scored as 0.01 cm, as one published
        program does. The status stays `non_positive_increment`.
    change_limits : str, path or ChangeLimits, optional
        A file with a site's own limits of what a child can do between two visits; by default
        neocalc's. A change beyond them is `implausible`.
    """

    start: str = "interpolate"
    tolerance: float = 0.10
    restricted: bool | None = None
    recode: bool = False
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
        if self.change_limits is not None:
            object.__setattr__(self, "change_limits", change_limits(self.change_limits))

    @property
    def limits(self) -> ChangeLimits:
        """The limits of what a child can do between two visits."""
        return change_limits(self.change_limits)


DEFAULT_RULES: Final = Rules()


class ScoredIncrements(NamedTuple):
    """Velocity z-scores with where each came from; `rows` point into `table`."""

    z: Floats
    status: StatusArray
    rows: Ints
    table: IncrementTable
    pairs: Pairs
    rules: Rules

    @property
    def nominal_months(self) -> Bytes:
        """The nominal width of each interval [month]; 0 where there is none."""
        return self.table.nominal(self.rows)

    @property
    def increment(self) -> Floats:
        """The increment as it was measured [kg] or [cm]."""
        return self.pairs.second - self.pairs.first

    @property
    def scaled(self) -> Floats:
        """What the increment was multiplied with: nominal width by interval [unitless]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.table.width.take(self.rows) / self.pairs.days)

    @property
    def start_age(self) -> Floats:
        """Age at the start of each interval that has a row of the table [month]."""
        known = ~np.isnan(self.table.width.take(self.rows))
        return np.where(known, self.pairs.start / MONTH, np.nan)

    @property
    def restricted(self) -> Bools:
        """Whether the restriction beyond +-3 SD applies to each pair."""
        return _restricted(self.table, self.rules, self.rows)

    @property
    def z_unscaled(self) -> Floats:
        """Z-score of the increment as it was measured, by the same row."""
        table, rows = self.table, self.rows
        y = _scorable(self.increment, table, self.rules) + table.delta.take(rows)
        y[y <= NOTHING] = np.nan
        z: Floats = zscore_from_measurement(
            y, table.L.take(rows), table.M.take(rows), table.S.take(rows),
            restricted=self.restricted,
        )  # fmt: skip
        z[np.isnan(self.z)] = np.nan
        return z

    @property
    def z_floor(self) -> Floats:
        """The z below which none can be in each row: that of an increment at the domain's end."""
        table, rows = self.table, self.rows
        return floor(table.L.take(rows), table.S.take(rows), self.restricted)


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
    (-0.187332, 2)
    """
    table = increment_table(measure, rules.start)
    n = len(pairs.days)
    z, rows, status = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n, dtype=np.uint8)

    def work(start: int) -> None:
        here = slice(start, start + BLOCK)
        z[here], rows[here], status[here] = _score(table, pairs, rules, here)
        without = np.flatnonzero(np.isnan(z[here])) + start
        if without.size:
            status[without] = _reasons(table, pairs, rules, without)

    by_blocks(work, n)
    return ScoredIncrements(z, status, rows, table, pairs, rules)


def _score(
    table: IncrementTable, pairs: Pairs, rules: Rules, here: slice
) -> tuple[Floats, Ints, StatusArray]:
    """Z-scores, rows and, of those with a z, statuses of one block.

    Only pairs that have a row are computed: in a cohort with visits at other intervals, or beyond
    24 months, they are few.
    """
    rows, width, distance = _place(table, pairs, rules, here)
    z, status = np.full(len(rows), np.nan), np.zeros(len(rows), dtype=np.uint8)
    placed = np.flatnonzero(rows)  # NOWHERE is row 0
    own, days = rows.take(placed), pairs.days[here].take(placed)
    increment = pairs.second[here].take(placed) - pairs.first[here].take(placed)
    y = _scorable(increment, table, rules) * (width.take(placed) / days) + table.delta.take(own)
    y[y <= NOTHING] = np.nan
    L, M, S = table.L.take(own), table.M.take(own), table.S.take(own)
    found = plain_zscore(y, L, M, S, zero_power=table.has_zero_power)
    beyond = np.flatnonzero(np.abs(found) > 3)
    beyond = beyond[_restricted(table, rules, own[beyond])]
    restrict(found, beyond, y[beyond], L[beyond], M[beyond], S[beyond])
    word = status_where(distance.take(placed) > HALF_A_DAY, "interval_scaled")
    if rules.recode and not table.has_delta:
        word[increment <= NOTHING] = CODE["non_positive_increment"]
    if pairs.implausible is not None:
        word[pairs.implausible[here].take(placed)] = CODE["implausible"]
    z[placed], status[placed] = found, word
    return z, rows, status


def unscore(
    measure: str, z: Floats, pairs: Pairs, rules: Rules = DEFAULT_RULES
) -> tuple[Floats, StatusArray]:
    """Increments over the intervals as they are [kg] or [cm], at z-scores: the inverse of `score`.

    The values in `pairs` are not used; the status says why there is no increment.
    """
    table = increment_table(measure, rules.start)
    rows, width, _ = _place(table, pairs, rules, slice(None))
    y = measurement_from_zscore(
        z, table.L.take(rows), table.M.take(rows), table.S.take(rows),
        restricted=_restricted(table, rules, rows),
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        increment = (y - table.delta.take(rows)) * (pairs.days / width)
    if pairs.status is not None:
        increment[pairs.status != 0] = np.nan
    without = np.flatnonzero(np.isnan(increment))
    status = np.zeros(len(z), dtype=np.uint8)
    reasons = _reasons(table, pairs, rules, without)
    # Where all is there but the increment, no increment has this z.
    none = CODE["non_positive_increment"]
    status[without] = np.where(reasons == none, CODE["invalid_value"], reasons)
    return increment, status


def _place(
    table: IncrementTable, pairs: Pairs, rules: Rules, here: slice
) -> tuple[Ints, Floats, Floats]:
    """The row of each pair, its nominal width and how far the interval is from it [day].

    Where no row applies it is `NOWHERE`, and what is computed from it is not a number.
    """
    days = pairs.days[here]
    rows = table.rows(days, pairs.sex[here], pairs.start[here])
    width = table.width.take(rows)
    distance = np.abs(days - width)
    applies = distance <= rules.tolerance * width
    applies &= pairs.end[here] <= LAST_DAY
    rows *= applies  # NOWHERE is row 0
    return rows, width, distance


def _scorable(increment: Floats, table: IncrementTable, rules: Rules) -> Floats:
    """The increment, or by the option `recode` the least one there is."""
    if table.has_delta or not rules.recode:
        return increment
    return np.where(increment <= NOTHING, LEAST_INCREMENT, increment)


def _restricted(table: IncrementTable, rules: Rules, rows: Any) -> Bools:
    """Whether the restriction applies: as asked for, else where all SD lines exist."""
    if rules.restricted is None:
        return np.asarray(table.all_lines.take(rows))
    return np.full(len(rows), rules.restricted)


def _reasons(table: IncrementTable, pairs: Pairs, rules: Rules, at: Rows) -> StatusArray:
    """Why pairs have no z.

    First what is wrong with the visits themselves; then an interval that is not positive; then an
    age for which there is no table at all, so that no interval is nominal there; then the interval;
    then a table that this measure does not have; last the increment.
    """
    days, start = pairs.days[at], pairs.start[at]
    word: StatusArray = _words_by_day(table.months, rules.tolerance).take(days, mode="clip")
    unordered = word == CODE["interval_not_positive"]
    np.putmask(word, pairs.end[at] > LAST_DAY, CODE["above_velocity_reference"])
    np.putmask(word, start < 0, CODE["start_below_term"])
    np.putmask(word, unordered, CODE["interval_not_positive"])
    if pairs.status is not None:
        given = pairs.status[at]
        np.putmask(word, given != 0, given)
    closer = np.flatnonzero(word == 0)
    days, start, sex = days[closer], start[closer], pairs.sex[at[closer]]
    width = table.width.take(table.rows(days, sex, start))
    months = np.array((*WIDTHS, np.nan))[nearest_width(WIDTHS).take(days, mode="clip")]
    nominal = np.where(np.isnan(width), months * MONTH, width)
    fits = np.abs(days - nominal) <= rules.tolerance * nominal
    no_increment = np.where(np.isnan(width), CODE["no_table"], CODE["non_positive_increment"])
    word[closer] = np.where(fits, no_increment, CODE["interval_not_nominal"])
    return word


@lru_cache(maxsize=64)
def _words_by_day(months: tuple[int, ...], tolerance: float) -> StatusArray:
    """For each interval in whole days what is wrong with it; 0 where that depends on the start."""
    slots = nearest_width(WIDTHS)
    nominal = np.array((*WIDTHS, np.nan))[slots] * MONTH
    days = np.arange(len(slots))
    with np.errstate(invalid="ignore"):
        fits = np.abs(days - nominal) <= tolerance * nominal
    own = np.isin(np.array((*WIDTHS, 0))[slots], months)
    words = np.where(fits, CODE["no_table"], CODE["interval_not_nominal"])
    # The first two 1-month rows are of other widths: their intervals are looked at one by one.
    words[own & (fits | (slots == 0))] = 0
    words[0] = CODE["interval_not_positive"]
    return words.astype(np.uint8)
