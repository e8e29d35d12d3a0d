"""Change in z: references, the step between the charts, classes of a fall."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.velocity.declines import chart_step
from own_references import OwnTable, rows, write


def at(day: int, gestation: str | None = "27+3") -> nc.Age:
    """An age of a child born at 27w3d."""
    return nc.Age.from_days(day, gestation)


def change(
    first: str, second: str, days: tuple[int, int], measure: str = "weight", **options: Any
) -> nc.velocity.Change:
    """Change of a girl's z."""
    return nc.velocity.change(
        measure,
        first=first,
        second=second,
        sex="f",
        first_age=at(days[0]),
        second_age=at(days[1]),
        **options,
    )


@pytest.mark.requirement("REQ-GAIN-06")
def test_it_is_the_difference_of_the_two_z() -> None:
    c = change("980 g", "1500 g", (0, 35))
    one = nc.zscore("weight", "980 g", sex="f", age=at(0))
    two = nc.zscore("weight", "1500 g", sex="f", age=at(35))
    assert (c.first_z, c.second_z) == (one.z, two.z)
    assert c.change == two.z - one.z
    assert c.per_week == pytest.approx(c.change / 5)
    assert (c.first_reference, c.second_reference) == ("fenton-2013",) * 2
    assert (c.first_age_basis, c.second_age_basis) == ("postmenstrual",) * 2
    assert (c.interval_days, c.status) == (35, "ok")
    assert math.isnan(c.chart_step)
    assert repr(c) == f"<Change {c.change:.2f} ok>"


@pytest.mark.requirement("REQ-GAIN-07")
def test_across_two_references_the_step_is_beside_it() -> None:
    c = change("2900 g", "5900 g", (88, 210))
    assert (c.first_reference, c.second_reference) == ("fenton-2013", "who-2006")
    assert c.status == "reference_changed"
    assert c.change == c.second_z - c.first_z
    assert abs(c.chart_step) < 0.04
    forty = change("2900 g", "5900 g", (88, 210), policy=nc.Policy(handover="40 week"))
    assert 0.3 < forty.chart_step < 0.6
    one = change("2900 g", "5900 g", (88, 210), reference="who-2006")
    assert one.status == "ok"
    assert math.isnan(one.chart_step)


# WHO z of a measurement at a Fenton 2013 z, less that z, at the hand-over: boys, girls
STEPS = [
    ("weight", "male", "40 week", (0.57, 0.55, 0.44, 0.25)),
    ("weight", "male", "44 week", (0.31, 0.29, 0.21, 0.07)),
    ("weight", "male", "50 week", (0.03, 0.02, 0.00, -0.03)),
    ("weight", "female", "50 week", (0.01, 0.01, 0.00, -0.01)),
    ("head_circumference", "male", "50 week", (-0.14, -0.12, -0.07, -0.02)),
]


@pytest.mark.requirement("REQ-GAIN-07")
@pytest.mark.parametrize(("measure", "sex", "handover", "steps"), STEPS)
def test_size_of_the_step(measure: str, sex: str, handover: str, steps: tuple[float, ...]) -> None:
    found = chart_step(
        measure, [-3, -2, 0, 2], sex=int(sex == "male"), policy=nc.Policy(handover=handover)
    )
    assert found.tolist() == pytest.approx(steps, abs=0.0051)


def test_step_where_the_chart_does_not_reach(tmp_path: Path) -> None:
    """A preterm reference whose weights end before its lengths do."""
    days = [str(day) for day in range(200, 401)]
    weight = OwnTable(
        rows("postmenstrual_age_days", days), "postmenstrual_age_days", "kg", 200, 300
    )
    tables = {"weight": weight, "length": weight._replace(unit="cm", last=400)}
    folder = write(tmp_path, tables, age_basis="postmenstrual")
    policy = nc.Policy(preterm_reference=str(folder))
    assert np.isnan(chart_step("weight", 0.0, sex=0, policy=policy)).all()


@pytest.mark.requirement("REQ-GAIN-07")
@pytest.mark.parametrize("measure", ["length", "head_circumference"])
def test_steps_at_50_weeks_are_small(measure: str) -> None:
    for sex in (0, 1):
        steps = chart_step(measure, [-2, 0, 2], sex=sex, policy=nc.Policy())
        assert np.abs(steps).max() < 0.13


@pytest.mark.requirement("REQ-GAIN-03")
def test_class_of_a_fall() -> None:
    assert change("980 g", "1300 g", (0, 35)).decline == "moderate"
    assert change("980 g", "1900 g", (0, 35)).decline == "none"
    assert change("980 g", "900 g", (0, 13)).decline == ""
    assert change("980 g", "900 g", (0, 14)).decline == "moderate"
    head = change("26 cm", "27 cm", (0, 35), "head_circumference")
    assert head.change < -0.8
    assert head.decline == ""
    assert change("36 cm", "37 cm", (0, 35), "length").decline == "severe"
    assert "10.1016/j.jand.2017.10.006" in head.decline_source


def test_measures_that_are_made_of_two() -> None:
    options: dict[str, Any] = {"first_length": "60 cm", "second_length": "64 cm"}
    c = change("5.5 kg", "6.9 kg", (180, 250), "weight_for_length", **options)
    assert c.status == "ok"
    b = change("5.5 kg", "6.9 kg", (180, 250), "bmi", **options)
    direct = change("15.2777778 kg/m2", "16.8457031 kg/m2", (180, 250), "bmi")
    assert b.change == pytest.approx(direct.change, abs=1e-6)
    with pytest.raises(nc.MissingError, match="length"):
        change("5.5 kg", "6.9 kg", (180, 250), "weight_for_length")
    with pytest.raises(nc.InputError, match="measure"):
        change("5.5 kg", "6.9 kg", (180, 250), "size")


@pytest.mark.parametrize("measure", ["bmi", "weight_for_length"])
@pytest.mark.parametrize("given", ["first_length", "second_length"])
def test_a_length_at_one_visit_alone_is_refused(measure: str, given: str) -> None:
    """A weight of 6.9 kg must not be read as a BMI of 6.9 kg/m2."""
    absent = {"first_length": "second_length", "second_length": "first_length"}[given]
    one: dict[str, Any] = {given: "62 cm"}
    with pytest.raises(nc.MissingError, match=absent):
        change("5.5 kg", "6.9 kg", (180, 250), measure, **one)


@pytest.mark.requirement("REQ-GAIN-06")
def test_one_child_raises() -> None:
    with pytest.raises(nc.AgeError, match="after the first"):
        change("980 g", "1500 g", (35, 35))
    with pytest.raises(nc.AgeError, match="both ages corrected, or both chronological"):
        change("9 kg", "11 kg", (400, 600), policy=nc.Policy(correct_until="12 month"))
    with pytest.raises(nc.InputError, match="second"):
        change("980 g", "0 g", (0, 35))
    with pytest.raises(nc.AgeError, match="one child"):
        nc.velocity.change(
            "weight", first="1 kg", second="2 kg", sex="f", first_age=at(0, "27+3"),
            second_age=at(40, "27+4"),
        )  # fmt: skip


@pytest.mark.requirement("REQ-GAIN-06")
def test_a_z_that_does_not_exist() -> None:
    c = change("30 cm", "36 cm", (0, 35), "head_circumference", reference="who-2006")
    assert (c.status, math.isnan(c.change)) == ("age_below_reference", True)
    assert c.decline == ""
    c = change("980 g", "1500 g", (0, 35), oedema=True)
    assert c.status == "oedema"


@pytest.mark.requirement("REQ-GAIN-06")
def test_many() -> None:
    c = nc.velocity.change(
        "weight",
        first=["980 g", "980 g", None, "980 g", "9.8 kg", "2900 g"],
        second=["1500 g", "1500 g", "1500 g", "x", "1500 g", "5900 g"],
        sex=["f", "x", "f", "f", "f", "f"],
        first_age=nc.Age.from_days([0, 0, 0, 0, 0, 88], "27+3"),
        second_age=nc.Age.from_days([35, 35, 35, 35, 35, 210], "27+3"),
    )
    assert c.status.tolist() == [
        "ok",
        "invalid_sex",
        "missing_value",
        "invalid_value",
        "implausible",
        "reference_changed",
    ]
    assert np.isnan(c.change).tolist() == [False, True, True, True, False, False]
    assert c.decline.tolist() == ["mild", "", "", "", "", "none"]
    assert np.isnan(c.chart_step).tolist() == [True] * 5 + [False]
    assert c.first_reference.tolist()[0] == "fenton-2013"
    assert c.per_week[0] == pytest.approx(c.change[0] / 5)
    assert repr(c) == "<Change of 6>"


def test_implausible_is_said_and_kept() -> None:
    c = nc.velocity.change(
        "weight", first="3.3 kg", second="20 kg", sex="m",
        first_age=nc.Age.from_days(0), second_age=nc.Age.from_days(90),
    )  # fmt: skip
    assert c.status == "implausible"
    assert c.change > 5
    later = nc.velocity.change(
        "weight", first=["20 kg"], second=["20 kg"], sex="m",
        first_age=nc.Age.from_days([90]), second_age=nc.Age.from_days([7000]),
    )  # fmt: skip
    assert later.status.tolist() == ["age_above_reference"]


@pytest.mark.requirement("REQ-POL-13")
def test_a_change_to_the_reference_of_school_age_is_marked_and_has_no_step() -> None:
    """The step beside a change is that of the hand-over; from 5 years on another chart follows."""
    found = nc.velocity.change(
        "weight", first="17 kg", second="19 kg", sex="m",
        first_age=nc.Age.from_days(1700, "28+0"), second_age=nc.Age.from_days(2065, "28+0"),
    )  # fmt: skip
    assert found.status == "reference_changed"
    assert math.isnan(found.chart_step)
    early = nc.velocity.change(
        "weight", first="4 kg", second="19 kg", sex="m",
        first_age=nc.Age.from_days(140, "28+0"), second_age=nc.Age.from_days(2065, "28+0"),
        policy=nc.Policy(correct_until="80 month"),
    )  # fmt: skip
    assert early.status == "reference_changed"
    assert math.isnan(early.chart_step)
