"""Rates of gain and conditional gain: methods, statuses and bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.velocity.gains import GAINS


def weight(first: Any, second: Any, days: Any, method: str = "g/day") -> nc.velocity.Gain:
    """Gain of weight."""
    return nc.velocity.gain("weight", first=first, second=second, days=days, method=method)


@pytest.mark.requirement("REQ-GAIN-01")
def test_length_and_head() -> None:
    for measure in ("length", "head_circumference"):
        gain = nc.velocity.gain(measure, first="30 cm", second="31.5 cm", days=14, method="cm/week")
        assert gain.magnitude == pytest.approx(0.75)
        assert gain.rate.to("mm/day").magnitude == pytest.approx(7.5 / 7)
        year = nc.velocity.gain(measure, first="80 cm", second="85 cm", days=365, method="cm/year")
        assert year.rate.to("cm/year").magnitude == pytest.approx(5 * 365.25 / 365)
        assert year.magnitude == pytest.approx(5 * 365.25 / 365)


@pytest.mark.requirement("REQ-GAIN-01")
def test_there_is_no_default_method() -> None:
    call: Any = nc.velocity.gain
    with pytest.raises(TypeError, match="method"):
        call("weight", first="1 kg", second="1.1 kg", days=7)
    for measure, methods in GAINS.items():
        for method in {m for ms in GAINS.values() for m in ms} | {"Exponential", "g/kg/day", None}:
            if method not in methods:
                with pytest.raises(nc.InputError, match="there is no default"):
                    call(measure, first="1 kg", second="1.1 kg", days=7, method=method)
    with pytest.raises(nc.InputError, match="measure"):
        call("bmi", first="1 kg", second="1.1 kg", days=7, method="g/day")
    for name in ("measure", "method"):  # a list has no hash
        with pytest.raises(nc.InputError, match=name):
            call(**{"measure": "weight", "method": "g/day", name: ["weight"]},
                 first="1 kg", second="1.1 kg", days=7)  # fmt: skip


@pytest.mark.requirement("REQ-GAIN-01")
@pytest.mark.parametrize("method", GAINS["weight"])
def test_loss_is_allowed(method: str) -> None:
    assert weight("1 kg", "0.9 kg", 7, method).magnitude < 0


@pytest.mark.requirement("REQ-GAIN-04")
def test_short_interval_keeps_its_value() -> None:
    assert weight("1000 g", "1030 g", 5).status == "ok"
    short = weight("1000 g", "1030 g", 4)
    assert (short.status, short.magnitude) == ("short_interval", pytest.approx(7.5))
    assert weight("1000 g", "1010 g", 1).status == "short_interval"


@pytest.mark.requirement("REQ-GAIN-04")
@pytest.mark.parametrize("days", [0, 0.5, -3])
def test_under_one_day_is_an_error(days: float) -> None:
    with pytest.raises(nc.InputError, match="one day or more") as error:
        weight("1000 g", "1030 g", days)
    assert error.value.status == "interval_not_positive"


@pytest.mark.requirement("REQ-GAIN-05")
def test_a_gain_that_no_child_has_is_not_believed() -> None:
    """2.35 under a heading in grams."""
    wrong = weight("2200 g", "2.35 g", 7)
    assert (wrong.status, wrong.magnitude < 0) == ("implausible", True)
    assert weight("700 g", "2101 g", 13).status == "implausible"
    assert weight("700 g", "1400 g", 14).status == "ok"
    assert weight("700 g", "1050 g", 7).status == "ok"
    assert weight("700 g", "1051 g", 7).status == "implausible"
    assert weight("700 g", "1050 g", 3).status == "implausible"  # before the short interval


@pytest.mark.requirement("REQ-GAIN-01")
def test_many() -> None:
    gain = weight(
        nc.Q([1000, 1000, np.nan, 0, 1000, 1000, 1000], "g"),
        ["1.1 kg", "1.1 kg", "1.1 kg", "1.1 kg", None, "x", "1.1 kg"],
        [7, 0, 7, 7, 7, 7, np.nan],
    )
    assert gain.status.tolist() == [
        "ok",
        "interval_not_positive",
        "missing_value",
        "invalid_value",
        "missing_value",
        "invalid_value",
        "missing_age",
    ]
    assert np.isnan(gain.magnitude).tolist() == [False, *[True] * 6]
    assert gain.rate.to("g/day").magnitude[0] == pytest.approx(100 / 7)
    assert gain.interval_days[0] == 7
    assert repr(gain) == "<Gain of 7>"
    odd = weight("1 kg", "1.1 kg", [7, "x", None])
    assert odd.status.tolist() == ["ok", "invalid_age", "missing_age"]


def test_days_in_any_form() -> None:
    for days in (7, 7.0, np.int64(7), "7 day", "1 week", nc.Q(7, "day"), nc.Q(1, "week")):
        gain = weight("1000 g", "1070 g", days)
        assert gain.magnitude == pytest.approx(10)
        assert gain.interval_days == 7
    assert gain.to("kg/day").magnitude == pytest.approx(0.01)
    assert repr(gain) == "<Gain 10.00 g/day (ok)>"


def test_wrong_days_and_values() -> None:
    days: Any
    for days in (None, float("nan")):
        with pytest.raises(nc.MissingError, match="days"):
            weight("1 kg", "1.1 kg", days)
    for days in (True, "seven", object()):
        with pytest.raises(nc.InputError, match="days"):
            weight("1 kg", "1.1 kg", days)
    with pytest.raises(nc.InputError, match="days"):
        weight("1 kg", ["1.1 kg", "1.2 kg"], [7, 8, 9])
    for days in (math.inf, nc.Q(math.inf, "day")):
        with pytest.raises(nc.InputError, match="days"):
            weight("1 kg", "1.1 kg", days)
    many = weight("1 kg", "1.1 kg", [7, math.inf])
    assert many.status.tolist() == ["ok", "invalid_age"]
    assert np.isnan(many.magnitude).tolist() == [False, True]
    for first, second, name in (("0 kg", "1 kg", "first"), ("1 kg", "-1 kg", "second")):
        with pytest.raises(nc.InputError, match=name):
            weight(first, second, 7)
    with pytest.raises(nc.UnitError, match="first"):
        weight("30 cm", "31 cm", 7)


@pytest.mark.requirement("REQ-GAIN-02")
def test_conditional_gain_needs_r_and_its_source() -> None:
    call: Any = nc.velocity.conditional_gain
    with pytest.raises(TypeError):
        call(-1, -1.5)
    r: Any
    for r in (1, 1.2, -0.1, float("nan"), [0.9, 1]):
        with pytest.raises(nc.InputError, match="from 0 to below 1"):
            call(-1, -1.5, r, "someone")
    with pytest.raises(nc.MissingError, match="correlation"):
        call(-1, -1.5, None, "someone")
    for r in ("0.9", True, [0.9, "x"]):
        with pytest.raises(nc.InputError, match="r: "):
            call(-1, -1.5, r, "someone")
    with pytest.raises(nc.InputError, match="z1"):
        call("low", -1.5, 0.9, "someone")
    with pytest.raises(nc.MissingError, match="z2"):
        call(-1, None, 0.9, "someone")
    with pytest.raises(nc.InputError, match="as many"):
        call([-1, 0], [-1, 0, 1], 0.9, "someone")
    for source in ("", "  ", None, 3):
        with pytest.raises(nc.MissingError, match="citation"):
            call(-1, -1.5, 0.9, source)


@pytest.mark.requirement("REQ-GAIN-02")
def test_conditional_gain_of_many() -> None:
    assert nc.velocity.conditional_gain(-1.0, -1.5, 0, "no correlation") == -1.5
    z = nc.velocity.conditional_gain([-1, 0, 1], [-1, 0, 1], [0.6, 0.6, 0.6], "someone")
    assert z.tolist() == pytest.approx([-0.5, 0.0, 0.5])
    z = nc.velocity.conditional_gain(-1, [-1.5, None], 0.9, "someone")
    assert z[0] == nc.velocity.conditional_gain(-1, -1.5, 0.9, "someone")
    assert math.isnan(z[1])
