"""Published and hand-checked values of attained growth, WHO Child Growth Standards (W1-W32).

W1-W10 are values of the test suite and issue tracker of the WHO's R package ``anthro``; the others
were computed from the published tables with an independent script. Where a source prints two
decimals only, the value is compared to those two as well as to the digits computed since.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.references import lms

TOLERANCE = 1e-6


def at(day: int) -> nc.Age:
    """An infant whose gestation is not stated: chronological age."""
    return nc.Age.from_days(day)


# id, measure, value, sex, age, other arguments, z, flagged
Z_CASES: list[tuple[str, str, str, str, int | None, dict[str, Any], float, bool]] = [
    ("W1", "weight", "17 kg", "F", 1522, {}, 0.240038, False),
    ("W2", "weight", "10.37 kg", "F", 1, {}, 12.460930, True),
    ("W3", "length", "50 cm", "M", 44, {"position": "l"}, -3.287016, False),
    ("W4", "length", "72.86 cm", "M", 987, {"position": "l"}, -6.088847, True),
    ("W8-lying", "length", "77.5 cm", "F", 730, {"position": "l"}, -2.759645, False),
    ("W8-standing", "length", "77.5 cm", "F", 730, {"position": "h"}, -2.542614, False),
    ("W9-length", "length", "88.5 cm", "M", 731, {"position": "standing"}, 0.448122, False),
    ("W9-weight", "weight", "12.0 kg", "M", 731, {}, -0.112178, False),
    (
        "W9-weight-for-height",
        "weight_for_length",
        "12.0 kg",
        "M",
        731,
        {"length": "88.5 cm", "position": "standing"},
        -0.540519,
        False,
    ),
    (
        "W9-bmi",
        "bmi",
        "12.0 kg",
        "M",
        731,
        {"length": "88.5 cm", "position": "standing"},
        -0.579915,
        False,
    ),
    ("W9-bmi-given", "bmi", f"{12.0 / 0.885**2!r} kg/m2", "M", 731, {}, -0.579915, False),
    ("W9-head", "head_circumference", "47.2 cm", "M", 731, {}, -0.774004, False),
    ("W10", "weight", "3.3464 kg", "M", 0, {}, 0.0, False),
    ("W11", "weight", "5.8 kg", "M", 30, {}, 2.032412, False),
    ("W12", "weight", "8.8 kg", "F", 517, {}, -1.072512, False),
    ("W13", "weight", "9.8 kg", "F", 547, {}, -0.347235, False),
    ("W14", "length", "58 cm", "M", 61, {}, -0.219162, False),
    ("W15", "length", "87 cm", "F", 578, {}, 1.789150, False),
    ("W17", "weight", "4.0 kg", "M", 365, {}, -6.591494, True),
    ("W18", "weight", "3.0 kg", "M", 365, {}, -7.818944, True),
    ("W19", "weight", "15 kg", "M", 365, {}, 4.221196, False),
    ("W20", "weight", "16 kg", "M", 365, {}, 4.957507, False),
    ("W21-not-flagged", "weight", "16.063142 kg", "M", 365, {}, 5.004, False),
    ("W21-flagged", "weight", "16.065859 kg", "M", 365, {}, 5.006, True),
    ("W22-not-flagged", "weight", "4.478629 kg", "M", 365, {}, -6.004, False),
    ("W22-flagged", "weight", "4.477 kg", "M", 365, {}, -6.006, True),
    ("W24", "head_circumference", "39 cm", "M", 365, {}, -5.498255, True),
    ("W25", "bmi", "12 kg/m2", "M", 365, {}, -4.324616, False),
    ("W26", "weight_for_length", "7 kg", "M", 90, {"length": "60.0 cm"}, 1.816241, False),
    (
        "W26-no-age",
        "weight_for_length",
        "7 kg",
        "M",
        None,
        {"length": "60.0 cm", "position": "recumbent"},
        1.816241,
        False,
    ),
    ("W26-between", "weight_for_length", "7 kg", "M", 90, {"length": "60.05 cm"}, 1.790252, False),
    ("W27", "weight_for_length", "5 kg", "F", 150, {"length": "62.35 cm"}, -2.944714, False),
    ("W28", "weight_for_length", "8.8 kg", "F", 800, {"length": "77.5 cm"}, -1.153436, False),
    (
        "W28-no-age",
        "weight_for_length",
        "8.8 kg",
        "F",
        None,
        {"length": "77.5 cm", "position": "standing"},
        -1.153436,
        False,
    ),
]


@pytest.mark.requirement("REQ-LMS-01", "REQ-WHO-13", "REQ-WHO-14")
@pytest.mark.parametrize(
    ("measure", "value", "sex", "day", "others", "z", "flagged"),
    [pytest.param(*case[1:], id=case[0]) for case in Z_CASES],
)
def test_z(
    measure: str,
    value: str,
    sex: str,
    day: int | None,
    others: dict[str, Any],
    z: float,
    flagged: bool,
) -> None:
    age = None if day is None else at(day)
    result = nc.zscore(measure, value, sex=sex, age=age, **others)
    assert result.z == pytest.approx(z, abs=TOLERANCE)
    assert result.status == ("implausible" if flagged else "ok")
    assert result.reference == "who-2006"
    if day is not None:
        assert result.age_basis == "chronological"


# Printed by anthro, to two decimals.
PRINTED = {
    "W1": 0.24,
    "W2": 12.46,
    "W3": -3.29,
    "W4": -6.09,
    "W8-lying": -2.76,
    "W8-standing": -2.54,
    "W9-length": 0.45,
    "W9-weight": -0.11,
    "W9-weight-for-height": -0.54,
    "W9-bmi": -0.58,
    "W9-head": -0.77,
}


@pytest.mark.requirement("REQ-WHO-01", "REQ-WHO-04", "REQ-WHO-05")
@pytest.mark.parametrize(
    "case", [case for case in Z_CASES if case[0] in PRINTED], ids=lambda c: c[0]
)
def test_printed_by_anthro(
    case: tuple[str, str, str, str, int, dict[str, Any], float, bool],
) -> None:
    name, measure, value, sex, day, others, _, _ = case
    result = nc.zscore(measure, value, sex=sex, age=at(day), **others)
    assert round(float(result.z), 2) == PRINTED[name]


# id, age in months, value, sex, position, day, z as printed, z as computed
MONTH_CASES: list[tuple[str, float, str, str, str | None, int, float, float | None]] = [
    ("W5", 8, "60 cm", "M", "standing", 244, -4.81, None),  # below 9 months: no 0.7 cm
    ("W6", 9, "60 cm", "M", "standing", 274, -5.02, -5.024364),
    ("W7", 24, "77.5 cm", "F", None, 731, -2.55, -2.550425),
]


@pytest.mark.requirement("REQ-AGE-05")
@pytest.mark.parametrize(
    ("months", "value", "sex", "position", "day", "printed", "computed"),
    [pytest.param(*case[1:], id=case[0]) for case in MONTH_CASES],
)
def test_age_in_months(
    months: float,
    value: str,
    sex: str,
    position: str | None,
    day: int,
    printed: float,
    computed: float | None,
) -> None:
    age = nc.Age.from_months(months)
    assert age.chronological.magnitude == day
    result = nc.zscore("length", value, sex=sex, age=age, position=position)
    assert round(float(result.z), 2) == printed
    if computed is not None:
        assert result.z == pytest.approx(computed, abs=TOLERANCE)


@pytest.mark.requirement("REQ-LMS-04")
def test_centile_w11() -> None:
    result = nc.zscore("weight", "5.8 kg", sex="M", age=at(30))
    assert result.centile == pytest.approx(97.8944, abs=5e-5)


@pytest.mark.requirement("REQ-WHO-01")
@pytest.mark.parametrize(
    ("z", "kilograms"),
    [
        (-3, 6.9260),
        (-2, 7.7407),
        (-1, 8.6444),
        (0, 9.6460),
        (1, 10.7554),
        (2, 11.9833),
        (3, 13.3415),
    ],
    ids=lambda value: f"W16[{value}]",
)
def test_weights_of_a_boy_of_one_year(z: int, kilograms: float) -> None:
    weight = nc.measurement("weight", z=z, sex="M", age=at(365))
    assert weight.to("kg").magnitude == pytest.approx(kilograms, abs=5e-5)


@pytest.mark.requirement("REQ-LMS-05")
@pytest.mark.parametrize(
    ("z", "kilograms"),
    [pytest.param(4, 14.699589, id="W23[4]"), pytest.param(-4, 6.111282, id="W23[-4]")],
)
def test_inverse_beyond_three_sd(z: int, kilograms: float) -> None:
    weight = nc.measurement("weight", z=z, sex="M", age=at(365))
    assert weight.to("kg").magnitude == pytest.approx(kilograms, abs=TOLERANCE)


# The plain formula beside the restricted one: y, row (L, M, S), plain z, restricted z
PLAIN_CASES = [
    pytest.param(10.37, (0.3259, 3.1957, 0.14578), 9.841954, 12.460930, id="W2"),
    pytest.param(4.0, (0.0645, 9.646, 0.10925), -7.832739, -6.591494, id="W17"),
    pytest.param(15.0, (0.0645, 9.646, 0.10925), 4.099345, 4.221196, id="W19"),
]


@pytest.mark.requirement("REQ-LMS-05")
@pytest.mark.parametrize(("y", "row", "plain", "restricted"), PLAIN_CASES)
def test_plain_and_restricted(
    y: float, row: tuple[float, float, float], plain: float, restricted: float
) -> None:
    got = lms.zscore_from_measurement(y, *row, restricted=False)
    assert float(got) == pytest.approx(plain, abs=TOLERANCE)
    got = lms.zscore_from_measurement(y, *row, restricted=True)
    assert float(got) == pytest.approx(restricted, abs=TOLERANCE)


@pytest.mark.requirement("REQ-LMS-03")
def test_plain_inverse_w23() -> None:
    got = lms.measurement_from_zscore(4.0, 0.0645, 9.646, 0.10925, restricted=False)
    assert float(got) == pytest.approx(14.842548, abs=TOLERANCE)


@pytest.mark.requirement("REQ-LMS-02")
def test_digits_where_l_is_near_zero_w29() -> None:
    result = nc.zscore("weight", "10 kg", sex="M", age=at(653))
    assert result.z == pytest.approx(-1.345898642, abs=5e-10)
    exact = math.expm1(0.0003 * math.log(10 / 11.6403)) / (0.0003 * 0.11285)
    assert result.z == pytest.approx(exact, abs=1e-13)


@pytest.mark.requirement("REQ-AGE-05")
@pytest.mark.parametrize(
    ("months", "day"),
    [(24, 731), (23.99, 730), (9, 274), (8, 244), (59.99, 1826)],
    ids=lambda value: f"W30[{value}]",
)
def test_months_to_days(months: float, day: int) -> None:
    assert nc.Age.from_months(months).chronological.magnitude == day


@pytest.mark.requirement("REQ-AGE-06")
def test_sixty_months_is_too_old_w31() -> None:
    """For the standards of 2006; the policy goes on with the reference from 5 years."""
    result = nc.zscore("weight", "18 kg", sex="F", age=nc.Age.from_months(60), reference="who-2006")
    later = nc.zscore("weight", "18 kg", sex="F", age=nc.Age.from_months(60))
    assert (later.reference, later.status) == ("who-2007", "ok")
    assert math.isnan(result.z)
    assert result.status == "age_above_reference"


@pytest.mark.requirement("REQ-WHO-03")
@pytest.mark.parametrize(("day", "status"), [(1826, "ok"), (1827, "age_above_reference")])
def test_last_day_w31(day: int, status: str) -> None:
    result = nc.zscore("weight", "18 kg", sex="F", age=at(day), reference="who-2006")
    assert result.status == status
    assert math.isnan(result.z) == (status != "ok")


@pytest.mark.requirement("REQ-AGE-09")
def test_day_before_birth_is_refused_w32() -> None:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.zscore("weight", "3.3464 kg", sex="M", age=nc.Age.from_days(-1))
    assert getattr(caught.value, "status", None) == "invalid_age"


@pytest.mark.requirement("REQ-AGE-09")
def test_day_before_birth_in_an_array_w32() -> None:
    days = nc.Age.from_days(np.array([-1, 0]))
    result = nc.zscore("weight", nc.Q(np.array([3.3464, 3.3464]), "kg"), sex=["M", "M"], age=days)
    assert list(result.status) == ["invalid_age", "ok"]
    assert math.isnan(result.z[0])
    assert result.z[1] == pytest.approx(0, abs=1e-12)


# Rows of the published tables: measure, sex, day, length (the day picks its table), and L, M, S.
ROWS: list[tuple[str, str, str, int, str | None, tuple[float, float, float]]] = [
    ("wfa-M0", "weight", "M", 0, None, (0.3487, 3.3464, 0.14602)),
    ("wfa-M30", "weight", "M", 30, None, (0.2303, 4.4525, 0.13413)),
    ("wfa-M365", "weight", "M", 365, None, (0.0645, 9.646, 0.10925)),
    ("wfa-F517", "weight", "F", 517, None, (-0.2561, 10.0196, 0.12305)),
    ("wfa-F1522", "weight", "F", 1522, None, (-0.3387, 16.433, 0.14051)),
    ("wfa-F1", "weight", "F", 1, None, (0.3259, 3.1957, 0.14578)),
    ("wfa-M653", "weight", "M", 653, None, (0.0003, 11.6403, 0.11285)),
    ("lhfa-M61", "length", "M", 61, None, (1.0, 58.4384, 0.03423)),
    ("lhfa-M730", "length", "M", 730, None, (1.0, 87.8018, 0.03479)),
    ("lhfa-M731", "length", "M", 731, None, (1.0, 87.1303, 0.03508)),
    ("hcfa-M365", "head_circumference", "M", 365, None, (1.0, 46.0637, 0.02789)),
    ("wfl-M60.0", "weight_for_length", "M", 90, "60.0 cm", (-0.3521, 5.9907, 0.08342)),
    ("wfl-F62.3", "weight_for_length", "F", 150, "62.3 cm", (-0.3833, 6.4466, 0.09134)),
    ("wfl-F62.4", "weight_for_length", "F", 150, "62.4 cm", (-0.3833, 6.4708, 0.09134)),
    ("wfh-F77.5", "weight_for_length", "F", 800, "77.5 cm", (-0.3833, 9.739, 0.08963)),
    ("bfa-M365", "bmi", "M", 365, None, (-0.4113, 16.7992, 0.08009)),
]
UNITS = {"length": "cm", "head_circumference": "cm", "bmi": "kg/m2"}


@pytest.mark.requirement("REQ-WHO-01")
@pytest.mark.parametrize("k", [-2, 0, 2])
@pytest.mark.parametrize(
    ("measure", "sex", "day", "length", "row"), [pytest.param(*r[1:], id=r[0]) for r in ROWS]
)
def test_published_row(
    measure: str,
    sex: str,
    day: int,
    length: str | None,
    row: tuple[float, float, float],
    k: int,
) -> None:
    """The measurement that the printed row puts at -2, 0 and 2 SD scores just that."""
    big_l, m, s = row
    y = m * (1 + big_l * s * k) ** (1 / big_l)
    others: dict[str, Any] = {} if length is None else {"length": length}
    value = nc.Q(y, UNITS.get(measure, "kg"))
    result = nc.zscore(measure, value, sex=sex, age=at(day), **others)
    assert result.z == pytest.approx(k, abs=1e-9)
    assert float(lms.zscore_from_measurement(y, *row, restricted=True)) == pytest.approx(
        k, abs=1e-9
    )
    back = lms.measurement_from_zscore(float(k), *row, restricted=True)
    assert float(back) == pytest.approx(y, rel=1e-12)


@pytest.mark.requirement("REQ-WHO-08")
def test_between_two_rows_w27() -> None:
    """62.35 cm: halfway between the rows of 62.3 and 62.4 cm, in L, M and S."""
    halfway = (-0.3833, (6.4466 + 6.4708) / 2, 0.09134)
    kernel = lms.zscore_from_measurement(5.0, *halfway, restricted=True)
    assert float(kernel) == pytest.approx(-2.944714, abs=TOLERANCE)
    result = nc.zscore("weight_for_length", "5 kg", sex="F", age=at(150), length="62.35 cm")
    assert result.z == pytest.approx(float(kernel), abs=1e-9)


@pytest.mark.requirement("REQ-LMS-04")
@pytest.mark.parametrize(
    ("z", "centile"), [(0.0, 50.0), (2.032412, 97.8944), (-1.2815515655446004, 10.0)]
)
def test_centile_of_z(z: float, centile: float) -> None:
    assert float(lms.centile_from_zscore(z)) == pytest.approx(centile, abs=5e-5)


@pytest.mark.requirement("REQ-LMS-07")
def test_method_is_named() -> None:
    weight = nc.zscore("weight", "4.0 kg", sex="M", age=at(365))
    head = nc.zscore("head_circumference", "39 cm", sex="M", age=at(365))
    assert (weight.method, head.method) == ("lms-restricted", "lms")
