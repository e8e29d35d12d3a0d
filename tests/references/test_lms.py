"""The LMS kernel: one value and many, L at and near 0, the restriction, what is undefined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neocalc.references.lms import (
    centile_from_zscore,
    measurement_from_zscore,
    zscore_from_centile,
    zscore_from_measurement,
)

BOY_365 = 0.0645, 9.646, 0.10925
"""L, M and S of the WHO's weight-for-age, boys of day 365."""


def test_one_value_is_a_float_and_many_keep_their_shape() -> None:
    L, M, S = BOY_365
    for one in (10.0, 10, np.float64(10), np.array(10.0)):
        assert type(zscore_from_measurement(one, L, M, S)) is float
    assert type(measurement_from_zscore(1, L, M, S)) is float
    assert type(centile_from_zscore(1)) is float
    assert type(zscore_from_centile(50)) is float
    for shape in ((0,), (1,), (3,), (2, 3), (0, 2)):
        assert zscore_from_measurement(np.ones(shape), L, M, S).shape == shape
        assert measurement_from_zscore(np.ones(shape), L, M, S).shape == shape
        assert centile_from_zscore(np.ones(shape)).shape == shape
        assert zscore_from_centile(np.ones(shape)).shape == shape


def test_arguments_broadcast() -> None:
    y = np.array([8.0, 10.0, 12.0])
    M = np.array([[9.0], [10.0]])
    z = zscore_from_measurement(y, 0.5, M, 0.1, restricted=[[True], [False]])
    assert z.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = zscore_from_measurement(y[j], 0.5, M[i, 0], 0.1, restricted=i == 0)
            assert z[i, j] == one


def test_no_argument_is_changed() -> None:
    y, L = np.array([1.0, 9.0, 30.0]), np.array([0.0, 0.5, 1.0])
    M, S = np.full(3, 10.0), np.full(3, 0.1)
    before = [array.copy() for array in (y, L, M, S)]
    zscore_from_measurement(y, L, M, S, restricted=True)
    measurement_from_zscore(y, L, M, S, restricted=True)
    for array, copy in zip((y, L, M, S), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.requirement("REQ-LMS-01")
@pytest.mark.parametrize("restricted", [False, True])
def test_power_of_zero_is_the_logarithm(restricted: bool) -> None:
    z = np.array([-3.0, -1.0, 0.0, 2.0, 3.0])
    y = 10 * np.exp(0.1 * z)
    np.testing.assert_allclose(measurement_from_zscore(z, 0, 10, 0.1, restricted=restricted), y)
    found = zscore_from_measurement(y, 0, 10, 0.1, restricted=restricted)
    np.testing.assert_allclose(found, z, atol=1e-14)


@pytest.mark.requirement("REQ-LMS-02")
@pytest.mark.parametrize("L", [1e-15, -1e-15, 9e-13, 1.1e-12, -1.1e-12, 1e-9, 1e-6])
def test_no_digit_is_lost_near_a_power_of_zero(L: float) -> None:
    """ln(y/M)/S (1 + L ln(y/M)/2 + ...): the series, which has no cancellation."""
    ratio = math.log(8.0 / 10.0)
    series = ratio / 0.1 * (1 + L * ratio / 2 + (L * ratio) ** 2 / 6)
    z = zscore_from_measurement(8.0, L, 10.0, 0.1)
    assert z == pytest.approx(series, rel=5e-13)
    assert measurement_from_zscore(z, L, 10.0, 0.1) == pytest.approx(8.0, rel=1e-13)


@pytest.mark.requirement("REQ-LMS-09")
@pytest.mark.parametrize("y", [0.0, -0.0, -1.0, -math.inf, math.inf, math.nan])
@pytest.mark.parametrize("L", [-1.0, 0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("restricted", [False, True])
def test_no_z_of_what_nobody_measures(y: float, L: float, restricted: bool) -> None:
    """Not even where the formula has a value: with L = 1, a weight of 0 would be -1/S."""
    assert math.isnan(zscore_from_measurement(y, L, 10, 0.1, restricted=restricted))


@pytest.mark.requirement("REQ-LMS-05")
def test_restriction_goes_on_in_steps_of_the_last_sd() -> None:
    L, M, S = BOY_365
    sd = {k: measurement_from_zscore(k, L, M, S) for k in (-3, -2, 2, 3)}
    up, down = sd[3] - sd[2], sd[-2] - sd[-3]
    for steps in (0.0, 0.25, 1.0, 5.0):
        above = zscore_from_measurement(sd[3] + steps * up, L, M, S, restricted=True)
        below = zscore_from_measurement(sd[-3] - steps * down, L, M, S, restricted=True)
        assert above == pytest.approx(3 + steps, abs=1e-12)
        assert below == pytest.approx(-3 - steps, abs=1e-12)
        assert measurement_from_zscore(3 + steps, L, M, S, restricted=True) == pytest.approx(
            sd[3] + steps * up, rel=1e-14
        )
        assert measurement_from_zscore(-3 - steps, L, M, S, restricted=True) == pytest.approx(
            sd[-3] - steps * down, rel=1e-14
        )


@pytest.mark.requirement("REQ-LMS-05")
def test_restriction_changes_nothing_within_three_sd() -> None:
    z = np.linspace(-3, 3, 101)
    y = measurement_from_zscore(z, *BOY_365)
    np.testing.assert_array_equal(measurement_from_zscore(z, *BOY_365, restricted=True), y)
    inner = y[1:-1]
    np.testing.assert_array_equal(
        zscore_from_measurement(inner, *BOY_365, restricted=True),
        zscore_from_measurement(inner, *BOY_365),
    )


@pytest.mark.requirement("REQ-LMS-06")
def test_restriction_changes_nothing_where_the_power_is_1() -> None:
    y = np.array([20.0, 30.0, 70.0, 80.0])
    plain = zscore_from_measurement(y, 1, 50, 0.05)
    restricted = zscore_from_measurement(y, 1, 50, 0.05, restricted=True)
    np.testing.assert_allclose(restricted, plain, rtol=1e-12)


def test_restriction_holds_element_by_element() -> None:
    y, (L, M, S) = np.full(3, 4.0), BOY_365
    z = zscore_from_measurement(y, L, M, S, restricted=np.array([True, False, True]))
    assert z[0] == z[2] == pytest.approx(-6.591494, abs=1e-6)
    assert z[1] == pytest.approx(-7.832739, abs=1e-6)
    back = measurement_from_zscore(z, L, M, S, restricted=np.array([True, False, True]))
    np.testing.assert_allclose(back, y)


def test_plain_method_holds_where_a_line_does_not_exist() -> None:
    """L S = 0.4: there is no line of -3 SD (1 - 1.2 < 0), and none of +3 SD for L S = -0.4."""
    for L, S, y in ((1.0, 0.4, 1e-9), (-1.0, 0.4, 1e9)):
        plain = zscore_from_measurement(y, L, 1.0, S)
        assert 2.4 < abs(plain) < 2.6
        assert zscore_from_measurement(y, L, 1.0, S, restricted=True) == plain
    # Beyond the third line in the direction where the other side has none.
    plain = zscore_from_measurement(2.5, 1.0, 1.0, 0.4)
    assert plain > 3
    assert zscore_from_measurement(2.5, 1.0, 1.0, 0.4, restricted=True) == pytest.approx(plain)
    # Nor is there a measurement beyond a line that does not exist.
    assert math.isnan(measurement_from_zscore(-3.5, 1.0, 1.0, 0.4, restricted=True))
    assert math.isnan(measurement_from_zscore(3.5, -1.0, 1.0, 0.4, restricted=True))


@pytest.mark.requirement("REQ-LMS-03")
def test_no_measurement_at_a_z_that_the_curve_does_not_reach() -> None:
    assert math.isnan(measurement_from_zscore(-10, 1, 10, 0.1))  # 1 + L S z = 0
    assert math.isnan(measurement_from_zscore(-11, 1, 10, 0.1))
    assert math.isnan(measurement_from_zscore(11, -1, 10, 0.1))
    assert math.isnan(measurement_from_zscore(-60, *BOY_365, restricted=True))  # below 0 kg
    assert math.isnan(measurement_from_zscore(math.nan, *BOY_365))


@pytest.mark.requirement("REQ-LMS-03")
@pytest.mark.parametrize("z", [math.inf, -math.inf])
@pytest.mark.parametrize("restricted", [False, True])
@pytest.mark.parametrize("L", [-0.5, 0.0, 0.0645, 1.0])
def test_an_infinite_z_was_given_an_infinite_measurement(
    z: float, restricted: bool, L: float
) -> None:
    assert math.isnan(measurement_from_zscore(z, L, 9.646, 0.10925, restricted=restricted))


@pytest.mark.requirement("REQ-LMS-04")
@pytest.mark.parametrize(
    ("z", "centile"),
    [
        (0.0, 50.0),
        (-3.0, 0.1349898031630095),
        (3.0, 99.86501019683699),
        (1.959963984540054, 97.5),
        (-1.2815515655446004, 10.0),
    ],
)
def test_centiles_of_the_normal_distribution(z: float, centile: float) -> None:
    assert centile_from_zscore(z) == pytest.approx(centile, rel=1e-14)
    assert zscore_from_centile(centile) == pytest.approx(z, abs=1e-14)


@pytest.mark.requirement("REQ-LMS-04")
def test_centiles_keep_their_digits_in_the_tails() -> None:
    assert centile_from_zscore(-10.0) == pytest.approx(100 * 7.619853024160527e-24, rel=1e-12)
    assert centile_from_zscore(40.0) == 100.0
    assert math.isnan(centile_from_zscore(math.nan))
    z = np.linspace(-6, 3, 50)
    np.testing.assert_allclose(zscore_from_centile(centile_from_zscore(z)), z, rtol=1e-9)


@pytest.mark.parametrize(
    ("centile", "z"), [(0, -math.inf), (100, math.inf), (-1, math.nan), (100.1, math.nan)]
)
def test_there_is_no_line_at_or_beyond_the_ends(centile: float, z: float) -> None:
    np.testing.assert_equal(zscore_from_centile(centile), z)


def test_lists_and_integers_are_taken() -> None:
    found: Any = zscore_from_measurement([9, 10], 1, [10, 10], [0.1, 0.1])
    np.testing.assert_allclose(found, [-1.0, 0.0])


@pytest.mark.requirement("REQ-LMS-05")
def test_not_restricted_unless_it_is_asked_for() -> None:
    L, M, S = BOY_365
    for y in (2.0, 20.0):
        plain = zscore_from_measurement(y, L, M, S, restricted=False)
        assert zscore_from_measurement(y, L, M, S) == plain
        assert zscore_from_measurement(y, L, M, S, restricted=True) != plain
    for z in (-5.0, 5.0):
        plain = measurement_from_zscore(z, L, M, S, restricted=False)
        assert measurement_from_zscore(z, L, M, S) == plain
        assert measurement_from_zscore(z, L, M, S, restricted=True) != plain


def test_a_measurement_below_one_is_one() -> None:
    assert measurement_from_zscore(0.0, 0.5, 0.25, 0.1) == 0.25


def test_one_value_that_cannot_be_leaves_the_others() -> None:
    """0 to a power above 0 would be a z of -1 / (L S)."""
    z = zscore_from_measurement([0.0, 10.0, math.inf, -1.0], 0.5, 10.0, 0.1)
    np.testing.assert_array_equal(z, [math.nan, 0.0, math.nan, math.nan])
