"""Published and hand-checked values of rates, conditional gain and classes of a fall (N1-N7)."""

from __future__ import annotations

import numpy as np
import pytest

import neocalc as nc
from neocalc.velocity.declines import DECLINES, decline_class

RATES = [
    pytest.param("1000 g", "2000 g", 28, (24.7553, 23.8095, 35.7143, 35.7143), id="N1"),
    pytest.param("850 g", "1500 g", 35, (16.2281, 15.8055, 21.8487, 18.5714), id="N2"),
    pytest.param("700 g", "650 g", 7, (-10.5869, -10.5820, -10.2041, -7.1429), id="N3"),
    pytest.param("1000 g", "1150 g", 7, (19.9660, 19.9336, 21.4286, 21.4286), id="N4"),
]


@pytest.mark.requirement("REQ-GAIN-01")
@pytest.mark.parametrize(("first", "second", "days", "rates"), RATES)
def test_rates(first: str, second: str, days: int, rates: tuple[float, ...]) -> None:
    methods = {
        "exponential": "g/kg/day",
        "average": "g/kg/day",
        "early": "g/kg/day",
        "g/day": "g/day",
    }
    for (method, unit), rate in zip(methods.items(), rates, strict=True):
        gain = nc.velocity.gain("weight", first=first, second=second, days=days, method=method)
        assert gain.rate.to(unit).magnitude == pytest.approx(rate, abs=5e-5)
        assert gain.magnitude == pytest.approx(rate, abs=5e-5)
        assert (gain.unit, gain.method, gain.status) == (unit, method, "ok")


@pytest.mark.requirement("REQ-GAIN-02")
def test_n5_conditional_gain() -> None:
    z = nc.velocity.conditional_gain(-1, -1.5, 0.9, "methods, a check")
    assert z == pytest.approx(-1.376494, abs=1e-6)


@pytest.mark.requirement("REQ-GAIN-03")
def test_n6_moderate_decline() -> None:
    change = np.array([-1.7 - -0.3])
    assert DECLINES[decline_class("weight", change, np.array([60]))[0]] == "moderate"
    assert DECLINES[decline_class("length", change, np.array([60]))[0]] == "moderate"


@pytest.mark.requirement("REQ-GAIN-03")
@pytest.mark.parametrize(
    ("fall", "word"),
    [(0.79, "none"), (0.80, "mild"), (1.20, "mild"), (1.21, "moderate"), (2.00, "moderate"),
     (2.01, "severe")],
)  # fmt: skip
def test_n7_limits_of_the_classes(fall: float, word: str) -> None:
    for start in np.arange(-3, 3, 0.1):  # whatever the last bit of the difference is
        change = np.array([(start - fall) - start])
        assert DECLINES[decline_class("weight", change, np.array([60]))[0]] == word
