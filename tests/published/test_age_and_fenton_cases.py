"""Published and hand-checked values of preterm ages and the Fenton charts (F1-F20).

Ages are calendar arithmetic. Size at birth (F8-F10) is as the publisher's workbook prints it. The
day-level values were computed from the published parameters with an independent script.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.references import lms

TOLERANCE = 1e-6


def days_of(quantity: Any) -> Any:
    """The bare days of an age, which must be known."""
    assert quantity is not None
    return quantity.to("day").magnitude


def at(postmenstrual: int, gestation: int = 161) -> nc.Age:
    """An infant of a postmenstrual age [day], born preterm."""
    gestation = min(gestation, postmenstrual)
    return nc.Age.from_days(postmenstrual - gestation, gestation=nc.Q(gestation, "day"))


# id, born, measured, gestation, chronological, corrected, postmenstrual, expected date
AGE_CASES = [
    pytest.param("2024-01-15", "2024-07-15", "26w3d", 182, 87, 367, "2024-04-19", id="F1"),
    pytest.param("2024-01-15", "2024-03-01", "26w3d", 46, -49, 231, "2024-04-19", id="F2"),
    pytest.param("2023-11-30", "2025-11-30", "24w0d", 731, 619, 899, "2024-03-21", id="F3"),
    pytest.param("2024-02-29", "2025-02-28", "36w6d", 365, 343, 623, "2024-03-22", id="F5"),
    pytest.param("2024-02-29", "2024-03-22", "36w6d", 22, 0, 280, "2024-03-22", id="F6"),
]


@pytest.mark.requirement("REQ-AGE-01", "REQ-AGE-02", "REQ-AGE-03", "REQ-AGE-04")
@pytest.mark.parametrize(
    ("born", "on", "gestation", "chronological", "corrected", "postmenstrual", "expected"),
    AGE_CASES,
)
def test_ages(
    born: str,
    on: str,
    gestation: str,
    chronological: int,
    corrected: int,
    postmenstrual: int,
    expected: str,
) -> None:
    age = nc.Age(born=born, on=on, gestation=gestation)
    assert days_of(age.chronological) == chronological
    assert days_of(age.corrected) == corrected
    assert days_of(age.postmenstrual) == postmenstrual
    assert str(age.expected_date) == expected
    assert age.is_preterm


@pytest.mark.requirement("REQ-AGE-02")
def test_corrected_months_f1() -> None:
    age = nc.Age(born="2024-01-15", on="2024-07-15", gestation="26w3d")
    assert days_of(age.corrected) / 30.4375 == pytest.approx(2.8583, abs=5e-5)
    assert divmod(days_of(age.postmenstrual), 7) == (52, 3)


@pytest.mark.requirement("REQ-POL-08")
def test_before_term_fenton_and_no_who_f2() -> None:
    age = nc.Age(born="2024-01-15", on="2024-03-01", gestation="26w3d")
    assert divmod(days_of(age.postmenstrual), 7) == (33, 0)
    by_policy = nc.zscore("weight", "1500 g", sex="female", age=age)
    assert by_policy.status == "ok"
    assert by_policy.reference == "fenton-2013"
    assert by_policy.age_basis == "postmenstrual"
    who = nc.zscore("weight", "1500 g", sex="female", age=age, reference="who-2006")
    assert math.isnan(who.z)
    assert who.status == "age_below_reference"


@pytest.mark.requirement("REQ-WHO-06")
def test_lying_table_by_corrected_age_f3() -> None:
    """731 days old, corrected 619: a recumbent length is left as it is."""
    age = nc.Age(born="2023-11-30", on="2025-11-30", gestation="24w0d")
    corrected = nc.zscore("length", "82 cm", sex="male", age=age, position="recumbent")
    same = nc.zscore("length", "82 cm", sex="male", age=nc.Age.from_days(619), position="recumbent")
    standing = nc.zscore("length", "81.3 cm", sex="male", age=age, position="standing")
    assert corrected.age_basis == "corrected"
    assert corrected.z == pytest.approx(same.z, abs=1e-12)
    assert standing.z == pytest.approx(same.z, abs=1e-9)


@pytest.mark.requirement("REQ-POL-01")
def test_term_is_not_corrected_f4() -> None:
    age = nc.Age(born="2024-02-29", on="2025-02-28", gestation="37w0d")
    assert days_of(age.chronological) == 365
    assert not age.is_preterm
    result = nc.zscore("weight", "9 kg", sex="male", age=age)
    at_365 = nc.zscore("weight", "9 kg", sex="male", age=nc.Age.from_days(365))
    assert result.age_basis == "chronological"
    assert result.reference == "who-2006"
    assert result.z == at_365.z


@pytest.mark.requirement("REQ-POL-01")
def test_one_day_less_is_corrected_f5() -> None:
    age = nc.Age(born="2024-02-29", on="2025-02-28", gestation="36w6d")
    result = nc.zscore("weight", "9 kg", sex="male", age=age)
    at_343 = nc.zscore("weight", "9 kg", sex="male", age=nc.Age.from_days(343))
    assert result.age_basis == "corrected"
    assert result.z == at_343.z


@pytest.mark.requirement("REQ-POL-12")
@pytest.mark.parametrize(
    ("measure", "value", "corrected", "chronological"),
    [
        pytest.param("weight", "11.0 kg", -0.395820, -0.869609, id="F7-11kg"),
        pytest.param("weight", "10.0 kg", -1.242761, -1.705502, id="F7-10kg"),
        pytest.param("length", "83.0 cm", -0.669937, -1.571977, id="F7-83cm"),
    ],
)
def test_corrected_and_chronological_z(
    measure: str, value: str, corrected: float, chronological: float
) -> None:
    age = nc.Age.from_days(730, gestation="26w0d")
    result = nc.zscore(measure, value, sex="male", age=age)
    assert (result.reference, result.age_basis) == ("who-2006", "corrected")
    assert result.z == pytest.approx(corrected, abs=TOLERANCE)
    result = nc.zscore(measure, value, sex="male", age=nc.Age.from_days(730))
    assert (result.reference, result.age_basis) == ("who-2006", "chronological")
    assert result.z == pytest.approx(chronological, abs=TOLERANCE)


BIRTH_CASES = [
    pytest.param("male", 23, "weight", 462.7764220439821, -1.5742358796, "SGA", id="F8-weight"),
    pytest.param("male", 23, "length", 26.651398968, -1.4416562930, "SGA", id="F8-length"),
    pytest.param(
        "male", 23, "head_circumference", 18.940781548, -1.5484731494, "SGA", id="F8-head"
    ),
    pytest.param("female", 31, "weight", 1559.37985945, -0.2831598100, "AGA", id="F9-weight"),
    pytest.param("female", 31, "length", 40.682239724, -0.0829427684, "AGA", id="F9-length"),
    pytest.param(
        "female", 31, "head_circumference", 28.339073447, -0.2631866114, "AGA", id="F9-head"
    ),
    pytest.param("female", 41, "weight", 4164.2188786837, 1.3358963345, "LGA", id="F10-weight"),
    pytest.param("female", 41, "length", 54.104240930, 1.9780176811, "LGA", id="F10-length"),
    pytest.param(
        "female", 41, "head_circumference", 36.678628336, 1.5438274229, "LGA", id="F10-head"
    ),
]


@pytest.mark.requirement("REQ-FEN-06", "REQ-FEN-07")
@pytest.mark.parametrize("days", [0, 3, 6])
@pytest.mark.parametrize(("sex", "week", "measure", "value", "z", "category"), BIRTH_CASES)
def test_size_at_birth(
    sex: str, week: int, measure: str, value: float, z: float, category: str, days: int
) -> None:
    """By completed week: every day of the week gives the same answer."""
    quantity = nc.Q(value, "g" if measure == "weight" else "cm")
    result = nc.size_at_birth(measure, quantity, sex=sex, gestation=f"{week}+{days}")
    assert result.z == pytest.approx(z, abs=1e-9)
    assert result.category == category
    assert result.status == "ok"
    assert (result.centile < 10, result.centile > 90) == (category == "SGA", category == "LGA")


# id, sex, postmenstrual age [day], measure, value, z
DAY_CASES = [
    pytest.param("F", 210, "weight", "1000 g", -2.024323, id="F11"),
    pytest.param("M", 196, "weight", "1000 g", -0.877586, id="F12"),
    pytest.param("M", 252, "weight", "2000 g", -2.093813, id="F13-2000g"),
    pytest.param("M", 252, "weight", "2350 g", -0.932511, id="F13-2350g"),
    pytest.param("F", 252, "length", "44 cm", -1.036529, id="F14"),
    pytest.param("F", 280, "head_circumference", "33 cm", -1.331170, id="F15"),
    pytest.param("M", 182, "weight", "600 g", -2.172059, id="F16"),
    pytest.param("M", 178, "weight", "350 g", -3.842289, id="F17"),
    pytest.param("M", 189, "weight", "1000 g", -0.029551, id="F18-27w0d"),
    pytest.param("M", 195, "weight", "1000 g", -0.766204, id="F18-27w6d"),
]


@pytest.mark.requirement("REQ-FEN-01")
@pytest.mark.parametrize("gestation", [154, 168, 178])
@pytest.mark.parametrize(("sex", "day", "measure", "value", "z"), DAY_CASES)
def test_fenton_2025_by_day(
    sex: str, day: int, measure: str, value: str, z: float, gestation: int
) -> None:
    """By exact postmenstrual age, whatever the gestation at birth."""
    age = at(day, gestation)
    assert days_of(age.postmenstrual) == day
    result = nc.zscore(measure, value, sex=sex, age=age, reference="fenton-2025")
    assert result.z == pytest.approx(z, abs=TOLERANCE)
    assert (result.reference, result.age_basis) == ("fenton-2025", "postmenstrual")
    assert result.method == ("lms-restricted" if measure == "weight" else "lms")


@pytest.mark.requirement("REQ-FEN-01")
def test_row_of_f11() -> None:
    """The row as printed: L, M and S to six decimals."""
    z = lms.zscore_from_measurement(1000.0, 0.401514, 1365.221139, 0.144565, restricted=True)
    assert float(z) == pytest.approx(-2.024323, abs=1e-5)


@pytest.mark.requirement("REQ-LMS-06")
def test_plain_beside_restricted_f17() -> None:
    """2025 restricts the weight; the row's plain z is recovered from the curve within 3 SD."""
    age = at(178)
    curve = {
        k: nc.measurement("weight", z=k, sex="M", age=age, reference="fenton-2025")
        .to("g")
        .magnitude
        for k in (-3, -2)
    }
    step = curve[-2] - curve[-3]
    assert -3 + (350 - curve[-3]) / step == pytest.approx(-3.842289, abs=TOLERANCE)
    row = _row("fenton-2025", "weight", "male", 178)
    plain = lms.zscore_from_measurement(350.0, *row, restricted=False)
    assert float(plain) == pytest.approx(-3.802526, abs=TOLERANCE)


def _row(reference: str, measure: str, sex: str, day: int) -> tuple[float, float, float]:
    """One published row, read from its table."""
    tables = Path(__file__).resolve().parents[2] / "reference_tables"
    with (tables / reference / f"{measure}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if row[:2] == [sex, str(day)]:
                return float(row[2]), float(row[3]), float(row[4])
    raise LookupError(f"{reference} {measure}: no row for {sex} {day}")


@pytest.mark.requirement("REQ-FEN-06", "REQ-REF-07")
@pytest.mark.parametrize("gestation", ["27+0", "27+6"])
def test_completed_week_is_another_table_f18(gestation: str) -> None:
    result = nc.size_at_birth("weight", "1000 g", sex="male", gestation=gestation)
    assert result.z == pytest.approx(-0.476, abs=5e-4)
    assert result.category == "AGA"


@pytest.mark.requirement("REQ-POL-02")
def test_handover_f19() -> None:
    """50w0d is the last day of Fenton; the day after is WHO at corrected day 71."""
    last, first = at(350), at(351)
    fenton = nc.zscore("weight", "5 kg", sex="female", age=last)
    assert (fenton.reference, fenton.age_basis) == ("fenton-2013", "postmenstrual")
    who = nc.zscore("weight", "5 kg", sex="female", age=first)
    assert days_of(first.corrected) == 71
    assert (who.reference, who.age_basis) == ("who-2006", "corrected")
    day_71 = nc.zscore("weight", "5 kg", sex="female", age=nc.Age.from_days(71))
    assert who.z == day_71.z
    assert fenton.status == who.status == "ok"


@pytest.mark.requirement("REQ-FEN-02")
@pytest.mark.parametrize("reference", ["auto", "fenton-2013", "fenton-2025"])
@pytest.mark.parametrize(
    ("measure", "value", "first"),
    [
        pytest.param("length", "29 cm", 165, id="F20-length"),
        pytest.param("weight", "450 g", 158, id="F20-weight"),
    ],
)
def test_below_the_first_day(measure: str, value: str, first: int, reference: str) -> None:
    before = nc.zscore(measure, value, sex="M", age=at(first - 1, 150), reference=reference)
    assert math.isnan(before.z)
    assert before.status == "age_below_reference"
    there = nc.zscore(measure, value, sex="M", age=at(first, 150), reference=reference)
    assert math.isfinite(there.z)


@pytest.mark.requirement("REQ-AGE-11")
def test_ages_in_an_array() -> None:
    """F1, F2, F3 and F5 at once."""
    age = nc.Age(
        born=np.array(
            ["2024-01-15", "2024-01-15", "2023-11-30", "2024-02-29"], dtype="datetime64[D]"
        ),
        on=np.array(
            ["2024-07-15", "2024-03-01", "2025-11-30", "2025-02-28"], dtype="datetime64[D]"
        ),
        gestation=["26w3d", "26w3d", "24w0d", "36w6d"],
    )
    assert list(days_of(age.chronological)) == [182, 46, 731, 365]
    assert list(days_of(age.corrected)) == [87, -49, 619, 343]
    assert list(days_of(age.postmenstrual)) == [367, 231, 899, 623]
