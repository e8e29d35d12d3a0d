"""A cohort whose true increments are drawn from the WHO's tables has z with mean 0 and SD 1."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

import neocalc as nc
from velocity_simulation import (
    GROUPS,
    MONTH,
    SEXES,
    WIDTHS,
    cohort,
    random_visits,
    rows,
    scored,
)

N = 20_000
FOUR_ERRORS = 4 / math.sqrt(N)


@pytest.mark.requirement("REQ-FOLLOW-04", "REQ-VEL-18")
@pytest.mark.parametrize("group", range(len(GROUPS)), ids=["-".join(map(str, g)) for g in GROUPS])
def test_on_time(group: int) -> None:
    measure, interval, sex = GROUPS[group]
    children = cohort(measure, interval, sex, jitter=0, seed=group, n=N)
    result = scored(measure, sex, children)
    assert not np.isnan(result.z).any()
    assert abs(result.z.mean()) < FOUR_ERRORS + 0.005  # starts are rounded to whole days
    assert abs(result.z.std() - 1) < FOUR_ERRORS / math.sqrt(2) + 0.005
    assert np.abs(result.z - children.z).max() < 0.25
    assert set(result.nominal_months) == {interval}


@pytest.mark.requirement("REQ-FOLLOW-04")
@pytest.mark.parametrize("group", range(len(GROUPS)), ids=["-".join(map(str, g)) for g in GROUPS])
@pytest.mark.parametrize("jitter", [3, 7])
def test_early_and_late(group: int, jitter: int) -> None:
    measure, interval, sex = GROUPS[group]
    children = cohort(measure, interval, sex, jitter=jitter, seed=1000 + group, n=N)
    result = scored(measure, sex, children)
    has = ~np.isnan(result.z)
    errors = 4 / math.sqrt(has.sum())
    assert abs(result.z[has].mean()) < errors + 0.03
    assert abs(result.z[has].std() - 1) < errors / math.sqrt(2) + 0.03
    words = set(result.status[~has])
    assert words <= {
        "interval_not_nominal",
        "no_table",
        "start_below_term",
        "above_velocity_reference",
    }
    error = np.sqrt(((result.z - children.z)[has] ** 2).mean())
    unscaled = np.sqrt(np.nanmean((result.z_unscaled - children.z)[has] ** 2))
    assert error < 0.15
    assert error < unscaled + 0.02


@pytest.mark.requirement("REQ-FOLLOW-04")
def test_rows_with_a_floor_lose_those_who_would_be_below_it() -> None:
    """Heads of girls from 20 to 24 months: z below -1.66 is no growth, and has no z."""
    (row,) = (
        r for r in rows("head_circumference") if (r.sex, r.interval, r.start) == ("female", 4, 20)
    )
    z = np.random.default_rng(7).standard_normal(N)
    base = np.maximum(1 + row.L * row.S * z, 0)
    increment = row.M * base ** (1 / row.L)
    first, second = round(20 * MONTH), round(24 * MONTH + 0.25)
    result = nc.velocity.zscore(
        "head_circumference",
        first=nc.Q(np.full(N, 46.0), "cm"),
        second=nc.Q(46.0 + increment * (second - first) / (4 * MONTH), "cm"),
        sex="f",
        first_age=nc.Age.from_days(np.full(N, first)),
        second_age=nc.Age.from_days(np.full(N, second)),
    )
    lost = result.status == "non_positive_increment"
    assert lost.mean() == pytest.approx(norm.cdf(row.floor), abs=FOUR_ERRORS / 4)
    assert np.abs(result.z[~lost] - z[~lost]).max() < 1e-6


BANDS = ((28, 45), (45, 61), (61, 76), (76, 91), (91, 107), (107, 122), (122, 153), (153, 184))
"""Intervals that are looked at together [day]."""


@pytest.mark.requirement("REQ-VEL-18")
@pytest.mark.parametrize("measure", WIDTHS)
@pytest.mark.parametrize("sex", SEXES)
def test_visits_at_any_interval_from_1_to_6_months(measure: str, sex: str) -> None:
    children = random_visits(measure, sex, seed=len(measure) + len(sex))
    result = scored(measure, sex, children)
    days = children.second_day - children.first_day
    assert not np.isnan(result.z).any()
    assert set(result.method) == {"who-2009", "who-2009-interpolated"}
    met = 0
    for first, last in BANDS:
        here = (days >= first) & (days < last)
        n = int(here.sum())
        if not n:
            continue
        met += 1
        assert n > 900
        errors = 4 / math.sqrt(n)
        assert abs(result.z[here].mean()) < errors + 0.02, (first, last)
        assert abs(result.z[here].std() - 1) < errors / math.sqrt(2) + 0.02, (first, last)
        assert np.sqrt(((result.z - children.z)[here] ** 2).mean()) < 0.05, (first, last)
    assert met == (8 if measure == "weight" else 6)
