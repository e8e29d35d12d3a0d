"""What describes one arm and what compares two: against definitions, R and scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neocalc.outcomes.statistics import EXACT_UP_TO, describe, hodges_lehmann, welch

HAMILTON = (
    np.array([0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]),
    np.array([1.15, 0.88, 0.90, 0.74, 1.21]),
)
"""The example of R's wilcox.test: permeability of the human placenta at term and earlier (Hollander
and Wolfe 1973, page 69)."""
SLEEP = (
    np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]),
    np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]),
)
"""R's data set sleep, whose Welch test is the example of R's t.test."""

finite = st.floats(-10, 10, allow_nan=False).map(lambda v: round(v, 3))
arms = st.lists(finite, min_size=2, max_size=7).map(np.array)


@pytest.mark.requirement("REQ-OUT-05")
def test_r_example_of_the_shift() -> None:
    """wilcox.test(x, y, conf.int = TRUE): p = 0.2544, 0.305, from -0.15 to 0.76."""
    found = hodges_lehmann(*HAMILTON)
    assert found.estimate == pytest.approx(0.305)
    assert (found.lower, found.upper) == pytest.approx((-0.15, 0.76))
    assert found.p == pytest.approx(0.2544, abs=5e-5)
    assert found.method == "exact"
    assert found.level >= 0.95


@pytest.mark.requirement("REQ-OUT-05")
def test_r_example_of_welch() -> None:
    """t.test(extra ~ group): t = -1.8608, df = 17.776, p = 0.07939, -3.3654832 to 0.2054832."""
    found = welch(*SLEEP)
    assert found.estimate == pytest.approx(-1.58)
    assert (found.lower, found.upper) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert found.p == pytest.approx(0.07939, abs=5e-6)


@pytest.mark.requirement("REQ-OUT-05")
@pytest.mark.parametrize(("m", "n"), [(2, 3), (3, 3), (4, 4), (4, 5), (3, 7), (5, 5)])
def test_the_exact_interval_by_enumeration(m: int, n: int) -> None:
    """Over all orders of the two arms, the true shift is inside with the stated probability."""
    inside = total = 0
    found = hodges_lehmann(np.arange(m, dtype=np.float64), 0.5 + np.arange(n, dtype=np.float64))
    for places in itertools.combinations(range(m + n), m):
        first = np.array(places, dtype=float)
        second = np.array([i for i in range(m + n) if i not in places], dtype=float)
        one = hodges_lehmann(first, second)
        assert math.isnan(one.lower) == math.isnan(found.lower)
        total += 1
        inside += bool(one.lower <= 0 <= one.upper)
    if math.isnan(found.lower):
        assert 2 / total > 0.05  # the widest interval there is has less
    else:
        assert inside / total == pytest.approx(found.level)
        assert found.level >= 0.95


@given(first=arms, second=arms)
@settings(max_examples=60, deadline=None)
def test_the_shift_by_its_definition(first: np.ndarray, second: np.ndarray) -> None:
    found, swapped = hodges_lehmann(first, second), hodges_lehmann(second, first)
    assert found.estimate == pytest.approx(np.median([a - b for a in first for b in second]))
    assert found.estimate == pytest.approx(-swapped.estimate)
    if not math.isnan(found.lower):
        assert (found.lower, found.upper) == pytest.approx((-swapped.upper, -swapped.lower))
        assert found.lower <= found.estimate <= found.upper
    if min(len(first), len(second)) < 3:
        assert math.isnan(found.p)


@given(first=arms, second=arms)
@settings(max_examples=60, deadline=None)
def test_welch_by_its_formula(first: np.ndarray, second: np.ndarray) -> None:
    found = welch(first, second)
    v1, v2 = (float(a.var(ddof=1)) / len(a) for a in (first, second))
    if v1 + v2 == 0 or np.ptp(first) == np.ptp(second) == 0:
        assert math.isnan(found.lower)
        return
    df = (v1 + v2) ** 2 / (v1**2 / (len(first) - 1) + v2**2 / (len(second) - 1))
    half = stats.t.ppf(0.975, df) * math.sqrt(v1 + v2)
    assert found.lower == pytest.approx(first.mean() - second.mean() - half, rel=1e-6, abs=1e-9)
    assert found.upper == pytest.approx(first.mean() - second.mean() + half, rel=1e-6, abs=1e-9)


def test_large_arms_are_near_the_exact_interval() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0.4, 1, 51), rng.normal(0, 1, 50)
    near = hodges_lehmann(first, second)
    assert near.method == "normal approximation"
    assert len(first) + len(second) == EXACT_UP_TO + 1
    exact = hodges_lehmann(first[:-1], second)
    assert exact.method == "exact"
    assert near.lower == pytest.approx(exact.lower, abs=0.05)
    assert near.upper == pytest.approx(exact.upper, abs=0.05)


def test_too_few() -> None:
    none, one, two = np.array([]), np.array([1.0]), np.array([1.0, 2.0])
    assert describe(none).n == 0
    assert math.isnan(describe(none).mean)
    assert math.isnan(describe(one).sd)
    for compare in (welch, hodges_lehmann):
        for first, second in ((none, two), (two, none), (one, two), (two, one)):
            found = compare(first, second)
            assert math.isnan(found.lower)
            assert math.isnan(found.p)
            assert found.method.startswith("no interval")
    assert welch(one, two).estimate == -0.5
    assert math.isnan(welch(none, two).estimate)
    same = welch(np.array([1.0, 1.0]), np.array([2.0, 2.0]))
    assert (same.estimate, same.method) == (
        -1,
        "no interval: the values of each arm are all the same",
    )


def test_quartiles_are_those_of_r() -> None:
    """quantile(c(1, 2, 4, 9)): 1.75, 3, 5.25 (type 7)."""
    found = describe(np.array([9.0, 1.0, 4.0, 2.0]))
    assert (found.q1, found.median, found.q3) == (1.75, 3, 5.25)
