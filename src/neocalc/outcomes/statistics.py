"""The statistics of an outcome table: what describes one arm, and what compares two.

Figures that are missing have been counted before: every function takes the finite values alone.
Intervals are two-sided. Where there are too few children for a figure, it is NaN.

References
----------
Welch BL. The generalization of Student's problem when several different population variances are
involved. Biometrika 1947;34:28-35. doi:10.1093/biomet/34.1-2.28

Hodges JL, Lehmann EL. Estimates of location based on rank tests. Ann Math Stat 1963;34:598-611.
doi:10.1214/aoms/1177704172

Bauer DF. Constructing confidence sets using rank statistics. J Am Stat Assoc 1972;67:687-90.
doi:10.1080/01621459.1972.10481279
"""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from neocalc.reading.units import Floats

LEVEL: Final = 0.95
"""Confidence level of the intervals."""
EXACT_UP_TO: Final = 100
"""Children in both arms together up to which the distribution of the ranks is exact."""
FEWEST_FOR_P: Final = 3
"""Children that each arm needs for a p-value."""


class Description(NamedTuple):
    """One arm: number of values, mean, SD (n - 1), median and quartiles [unit of the values].

    Quartiles are linear between the two nearest values (type 7 of Hyndman and Fan 1996,
    doi:10.1080/00031305.1996.10473566; the default of R and NumPy).
    """

    n: int
    mean: float
    sd: float
    median: float
    q1: float
    q3: float


class Comparison(NamedTuple):
    """A difference of two arms with its interval.

    Attributes
    ----------
    estimate, lower, upper : float
        First arm less the second [unit of the values].
    p : float
        Two-sided p-value; NaN where an arm has fewer than `FEWEST_FOR_P` values.
    level : float
        Confidence that the interval has: exactly, or at least.
    method : str
        How it was computed; why there is no interval, where there is none.
    """

    estimate: float
    lower: float
    upper: float
    p: float
    level: float
    method: str


def describe(values: Floats) -> Description:
    """What describes the values of one arm.

    Parameters
    ----------
    values : numpy.ndarray
        Finite values.

    Examples
    --------
    >>> describe(np.array([1.0, 2.0, 4.0, 9.0]))
    Description(n=4, mean=4.0, sd=3.559026084010437, median=3.0, q1=1.75, q3=5.25)
    """
    n = len(values)
    if not n:
        return Description(0, *[math.nan] * 5)
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    sd = float(np.std(values, ddof=1)) if n > 1 else math.nan
    return Description(n, float(values.mean()), sd, float(median), float(q1), float(q3))


def welch(first: Floats, second: Floats, *, level: float = LEVEL) -> Comparison:
    """Difference of two means with the interval of Welch, which allows for unequal variances.

    Parameters
    ----------
    first, second : numpy.ndarray
        Finite values of the two arms.
    level : float
        Confidence level.

    Examples
    --------
    >>> found = welch(np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 1.0]))
    >>> round(found.estimate, 4), round(found.lower, 4), round(found.upper, 4)
    (1.6667, -1.6477, 4.981)
    """
    from scipy import stats

    estimate = float(first.mean() - second.mean()) if len(first) and len(second) else math.nan
    if min(len(first), len(second)) < 2:
        why = "no interval: fewer than 2 values in an arm"
        return Comparison(estimate, math.nan, math.nan, math.nan, level, why)
    if not (np.ptp(first) > 0 or np.ptp(second) > 0):
        why = "no interval: the values of each arm are all the same"
        return Comparison(estimate, math.nan, math.nan, math.nan, level, why)
    with warnings.catch_warnings():  # of an arm whose values are all the same: its SD is 0
        warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
        test = stats.ttest_ind(first, second, equal_var=False)
    interval = test.confidence_interval(level)
    p = float(test.pvalue) if min(len(first), len(second)) >= FEWEST_FOR_P else math.nan
    return Comparison(estimate, float(interval.low), float(interval.high), p, level, "Welch")


def hodges_lehmann(first: Floats, second: Floats, *, level: float = LEVEL) -> Comparison:
    """Shift between two arms: the median of all differences, with its interval from the ranks.

    The interval goes from the k-th smallest to the k-th largest of the m n differences, k being the
    largest number for which Mann and Whitney's U is below k with a probability of at most
    (1 - level) / 2. Where values are tied, it holds at least the stated level.

    Parameters
    ----------
    first, second : numpy.ndarray
        Finite values of the two arms.
    level : float
        Confidence level that is asked for.

    Returns
    -------
    Comparison
        `level` is what the interval has, as the ranks come in steps. Where no interval has the
        level that is asked for, as with 3 against 3, there is none. Beyond `EXACT_UP_TO` values in
        all, U is taken as normal, with its variance corrected for ties.

    Examples
    --------
    >>> found = hodges_lehmann(np.array([1.1, 2.0, 4.2, 5.0]), np.array([0.1, 0.4, 1.0, 3.0]))
    >>> round(found.estimate, 4), round(found.lower, 4), round(found.upper, 4), found.method
    (1.75, -1.9, 4.9, 'exact')
    """
    m, n = len(first), len(second)
    differences = np.sort(np.subtract.outer(first, second), axis=None)
    if not differences.size:
        why = "no interval: an arm has no value"
        return Comparison(math.nan, math.nan, math.nan, math.nan, math.nan, why)
    estimate = float(np.median(differences))
    p = _p_of_ranks(first, second) if min(m, n) >= FEWEST_FOR_P else math.nan
    exact = m + n <= EXACT_UP_TO
    k, reached = _exact_rank(m, n, level) if exact else _normal_rank(first, second, level)
    if k < 1:
        why = f"no interval: {m} and {n} values allow none of {100 * level:g} %"
        return Comparison(estimate, math.nan, math.nan, p, math.nan, why)
    method = "exact" if exact else "normal approximation"
    lower, upper = differences[k - 1], differences[len(differences) - k]
    return Comparison(estimate, float(lower), float(upper), p, reached, method)


def _exact_rank(m: int, n: int, level: float) -> tuple[int, float]:
    """The rank k of the interval's ends, and its exact level; 0 where there is none."""
    ways = _ways(m, n)
    total = math.comb(m + n, m)
    below, k = 0, 0  # ways with U < k
    # Compared as whole numbers: 2 * below / total <= 1 - level.
    while 2 * (below + ways[k]) <= (1 - level) * total * (1 + 1e-12):
        below += ways[k]
        k += 1
    return k, 1 - 2 * below / total


@lru_cache(maxsize=256)
def _ways(m: int, n: int) -> tuple[int, ...]:
    """In how many orders of m and n values Mann and Whitney's U is 0, 1, ... m n.

    The coefficients of the Gaussian binomial: the product of (1 - x^(n + i)) / (1 - x^i).
    """
    ways = [1] + [0] * (m * n)
    for i in range(1, m + 1):
        for u in range(m * n, n + i - 1, -1):
            ways[u] -= ways[u - n - i]
        for u in range(i, m * n + 1):
            ways[u] += ways[u - i]
    return tuple(ways)


def _normal_rank(first: Floats, second: Floats, level: float) -> tuple[int, float]:
    """The rank k of the interval's ends where U is taken as normal."""
    from scipy.special import ndtri

    m, n = len(first), len(second)
    _, tied = np.unique(np.concatenate([first, second]), return_counts=True)
    ties = float((tied.astype(np.float64) ** 3 - tied).sum())
    total = m + n
    variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    k = math.floor(m * n / 2 + 0.5 + float(ndtri((1 - level) / 2)) * math.sqrt(variance))
    return k, level


def _p_of_ranks(first: Floats, second: Floats) -> float:
    """Two-sided p-value of Mann and Whitney: exact without ties in small arms, else normal."""
    from scipy import stats

    together = np.concatenate([first, second])
    tied = len(np.unique(together)) < len(together)
    how = "exact" if len(together) <= EXACT_UP_TO and not tied else "asymptotic"
    return float(stats.mannwhitneyu(first, second, method=how).pvalue)
