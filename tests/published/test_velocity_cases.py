"""Published and hand-checked values of the WHO's increments of 2009 (V1-V24).

V6-V9 are the SD cells that the WHO prints; the others were computed from the published rows with
an independent script. Rows that start on a whole day go through the public call, the others through
the row of the table and the kernel that the call uses.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

import neocalc as nc
from neocalc.reading.dates import MONTH
from neocalc.references.catalogue import reference
from neocalc.references.lms import zscore_from_measurement
from neocalc.velocity import increments
from neocalc.velocity.increment_tables import WHO_2009, Row, read_rows, row_at

TOLERANCE = 1e-6
SEXES = {"F": 0, "M": 1}


def row(measure: str, width: int, sex: str, start: float) -> Row:
    """A row of the table, or between two of them [g or cm]."""
    rows = read_rows(reference(WHO_2009), measure)[width, SEXES[sex]]
    found = row_at(rows, start * MONTH, width)
    assert found is not None
    scale = 1000 if measure == "weight" else 1
    return found._replace(M=found.M * scale, delta=found.delta * scale)


def z_of(found: Row, increment: float, *, restricted: bool = False) -> float:
    """z of an increment [g or cm] by the package's kernel."""
    return float(
        zscore_from_measurement(
            increment + found.delta, found.L, found.M, found.S, restricted=restricted
        )
    )


def birth_to_4_weeks(grams: float, restricted: bool | None = None) -> nc.velocity.Velocity:
    """A boy's gain from birth to 28 days, by the public call."""
    return nc.velocity.zscore(
        "weight",
        first="3300 g",
        second=f"{3300 + grams} g",
        sex="male",
        first_age=nc.Age.from_days(0),
        second_age=nc.Age.from_days(28),
        restricted=restricted,
    )


@pytest.mark.requirement("REQ-VEL-02")
@pytest.mark.parametrize(
    ("grams", "z"),
    [
        pytest.param(1023, -0.000250, id="V1"),
        pytest.param(600, -1.266319, id="V2"),
        pytest.param(0, -2.712809, id="V3"),
        pytest.param(-300, -3.291505, id="V4-restricted"),
    ],
)
def test_birth_to_4_weeks(grams: float, z: float) -> None:
    v = birth_to_4_weeks(grams)
    assert v.z == pytest.approx(z, abs=TOLERANCE)
    assert (v.status, v.nominal_months, v.scaled) == ("ok", 1, 1.0)
    assert (v.method, v.lms_method) == ("who-2009", "lms-restricted")
    assert v.z_unscaled == v.z
    found = row("weight", 1, "M", 0)
    assert found == pytest.approx((0, 28, 1.3828, 1423.0783, 0.22048, 400), abs=1e-9)


@pytest.mark.requirement("REQ-VEL-04")
def test_v4_plain() -> None:
    v = birth_to_4_weeks(-300, restricted=False)
    assert v.z == pytest.approx(-3.196578, abs=TOLERANCE)
    assert (v.method, v.lms_method) == ("who-2009", "lms")


@pytest.mark.requirement("REQ-VEL-03")
def test_v5_loss_beyond_delta() -> None:
    for grams in (-400, -450):
        v = birth_to_4_weeks(grams)
        assert math.isnan(v.z)
        assert v.status == "non_positive_increment"
        assert v.increment.to("g").magnitude == pytest.approx(grams)


PRINTED = [
    pytest.param("M", 0, (-160, 321, 694, 1023, 1325, 1608, 1876), id="V6"),
    pytest.param("M", 1, (354, 615, 897, 1196, 1512, 1844, 2189), id="V7"),
    pytest.param("M", 11, (-333, -172, 22, 239, 475, 726, 990), id="V8"),
    pytest.param("F", 0, (123, 358, 611, 879, 1161, 1453, 1757), id="V9"),
]


@pytest.mark.requirement("REQ-VEL-01")
@pytest.mark.parametrize(("sex", "start", "cells"), PRINTED)
def test_printed_sd_cells(sex: str, start: int, cells: tuple[int, ...]) -> None:
    start_months = 28 / MONTH if start == 1 else start
    found = row("weight", 1, sex, start_months)
    for sd, grams in zip(range(-3, 4), cells, strict=True):
        assert z_of(found, grams) == pytest.approx(sd, abs=0.003)


@pytest.mark.requirement("REQ-VEL-01")
@pytest.mark.parametrize(
    ("sex", "days", "cells"),
    [
        pytest.param("M", (0, 28), (-160, 321, 694, 1023, 1325, 1608, 1876), id="V6"),
        pytest.param("M", (28, 61), (354, 615, 897, 1196, 1512, 1844, 2189), id="V7"),
        pytest.param("F", (0, 28), (123, 358, 611, 879, 1161, 1453, 1757), id="V9"),
    ],
)
def test_printed_sd_cells_by_the_public_call(
    sex: str, days: tuple[int, int], cells: tuple[int, ...]
) -> None:
    """4 weeks to 2 months are 32.875 days: 33 whole days are nominal."""
    first, second = (nc.Age.from_days(day) for day in days)
    for sd, grams in zip(range(-3, 4), cells, strict=True):
        v = nc.velocity.zscore(
            "weight",
            first="4000 g",
            second=f"{4000 + grams} g",
            sex=sex,
            first_age=first,
            second_age=second,
            restricted=False,
        )
        assert v.status == "ok"
        assert v.z == pytest.approx(sd, abs=0.03)


# id, measure, width, sex, start, (L, M, S, delta), increment, restricted, z
ROWS = [
    ("V10", "weight", 2, "F", 4, (0.4264, 1482.7466, 0.19524, 600), 500, False, -1.435977),
    ("V11-a", "weight", 6, "F", 0, (-0.1223, 4528.9831, 0.15945, 450), 4079, False, 0.000023),
    ("V11-b", "weight", 6, "F", 0, (-0.1223, 4528.9831, 0.15945, 450), 3000, False, -1.735353),
    ("V12", "weight", 3, "M", 6, (0.4866, 1611.6464, 0.21853, 650), 1200, False, 0.652832),
    ("V13-0", "weight", 6, "M", 18, (0.7478, 1508.4744, 0.30647, 350), 0, False, -2.899992),
    ("V13-plain", "weight", 6, "M", 18, (0.7478, 1508.4744, 0.30647, 350), -300, False, -4.021904),
    ("V13", "weight", 6, "M", 18, (0.7478, 1508.4744, 0.30647, 350), -300, True, -3.775616),
    ("V14", "weight", 4, "F", 1, (-0.0491, 3541.1498, 0.16054, 800), 1500, False, -2.716748),
    ("V15", "length", 3, "M", 3, (0.8792, 6.2317, 0.18096, 0), 5.0, False, -1.106352),
    ("V16", "length", 6, "F", 12, (0.7138, 6.6823, 0.16252, 0), 6.0, False, -0.637871),
    ("V17", "length", 2, "M", 22, (0.9497, 1.7133, 0.48129, 0), 0.1, False, -2.040485),
    ("V18", "head_circumference", 2, "F", 4, (0.8807, 1.6524, 0.22476, 0), 1.0, False, -1.805802),
    ("V19", "head_circumference", 4, "F", 20, (1.0952, 0.5013, 0.55112, 0), 0.1, False, -1.373289),
    ("V20", "head_circumference", 6, "M", 0, (0.4441, 8.864, 0.1101, 0), 7.5, False, -1.462723),
    ("V21-3", "weight", 2, "M", 3, (0.5915, 1744.8197, 0.18708, 600), 900, False, -0.773055),
    ("V21-4", "weight", 2, "M", 4, (0.5891, 1541.367, 0.2013, 600), 900, False, -0.134067),
]


@pytest.mark.requirement("REQ-VEL-02")
@pytest.mark.parametrize(
    ("measure", "width", "sex", "start", "lms", "increment", "restricted", "z"),
    [pytest.param(*case[1:], id=case[0]) for case in ROWS],
)
def test_rows(
    measure: str,
    width: int,
    sex: str,
    start: int,
    lms: tuple[float, ...],
    increment: float,
    restricted: bool,
    z: float,
) -> None:
    found = row(measure, width, sex, start)
    assert found[2:] == pytest.approx(lms, abs=1e-9)
    assert z_of(found, increment, restricted=restricted) == pytest.approx(z, abs=TOLERANCE)


def visit_pair(
    measure: str, sex: str, days: tuple[int, int], values: tuple[str, str]
) -> nc.velocity.Velocity:
    """Two visits of a child born at term, by the public call."""
    first, second = (nc.Age.from_days(day) for day in days)
    return nc.velocity.zscore(
        measure, first=values[0], second=values[1], sex=sex, first_age=first, second_age=second
    )


@pytest.mark.requirement("REQ-VEL-03")
@pytest.mark.parametrize(
    ("measure", "sex", "days", "floor"),
    [
        # 22 months are 669.625 days, 20 months 608.75: the nearest days are past the last start
        pytest.param("length", "M", (670, 731), -2.188, id="V17"),
        pytest.param("head_circumference", "F", (609, 731), -1.657, id="V19"),
    ],
)
def test_floor_and_no_increment(
    measure: str, sex: str, days: tuple[int, int], floor: float
) -> None:
    v = visit_pair(measure, sex, days, ("50 cm", "50 cm"))
    assert v.status == "non_positive_increment"
    assert math.isnan(v.z)
    assert v.z_floor == pytest.approx(floor, abs=5e-4)
    assert v.increment.to("cm").magnitude == 0
    v = visit_pair(measure, sex, days, ("50 cm", "50.1 cm"))
    assert v.z_floor < v.z < v.z_floor + 0.4


@pytest.mark.requirement("REQ-VEL-06")
def test_v21_between_two_starts() -> None:
    assert z_of(row("weight", 2, "M", 3.5), 900) == pytest.approx(-0.457, abs=5e-4)


@pytest.mark.requirement("REQ-VEL-05")
def test_v22_corrected_and_scaled() -> None:
    """z is printed as -0.187330: five decimals and a nought. It is -0.187332."""
    ages = [nc.Age.from_days(days + 70, gestation="30+0") for days in (91, 147)]
    v = nc.velocity.zscore(
        "weight",
        first="6000 g",
        second="7000 g",
        sex="male",
        first_age=ages[0],
        second_age=ages[1],
        between="scale",
    )
    assert v.increment_scaled.to("g").magnitude == pytest.approx(1087.0536, abs=5e-5)
    assert v.z == pytest.approx(-0.18733, abs=5e-6)
    assert v.z_unscaled == pytest.approx(-0.460528, abs=TOLERANCE)
    assert v.start_age == pytest.approx(2.98973, abs=5e-6)
    assert (v.interval_days, v.nominal_months) == (56, 2)
    assert (v.age_basis, v.status) == ("corrected", "interval_scaled")
    L, M, S = (
        column[v.codes.at[0]] for column in (v.codes.cells.L, v.codes.cells.M, v.codes.cells.S)
    )
    used = (L, 1000 * M, S)
    assert used == pytest.approx((0.591660, 1747.830828, 0.186962), abs=TOLERANCE)


@pytest.mark.requirement("REQ-VEL-08")
@pytest.mark.parametrize(
    ("measure", "days", "status"),
    [
        pytest.param("length", (61, 91), "no_table", id="V23-length-1-month"),
        pytest.param("head_circumference", (335, 396), "no_table", id="V23-head-2-months-from-11"),
        pytest.param("weight", (61, 426), "interval_not_nominal", id="V23-weight-12-months"),
    ],
)
def test_v23_no_table(measure: str, days: tuple[int, int], status: str) -> None:
    unit = "kg" if measure == "weight" else "cm"
    v = visit_pair(measure, "F", days, (f"5 {unit}", f"6 {unit}"))
    assert (v.status, v.nominal_months, v.reference, v.method) == (status, 0, "", "")
    assert math.isnan(v.z)


@pytest.mark.requirement("REQ-VEL-16")
def test_v23_5_months_of_weight_are_between_4_and_6() -> None:
    """There is no such table: interpolated, and refused where scaling is asked for."""
    call = partial(
        nc.velocity.zscore, "weight", first="5 kg", second="7 kg", sex="F",
        first_age=nc.Age.from_days(61), second_age=nc.Age.from_days(213),
    )  # fmt: skip
    assert (call().status, call().method) == ("interval_interpolated", "who-2009-interpolated")
    refused = call(between="scale")
    assert (refused.status, refused.method) == ("interval_not_nominal", "")


# id, measure, sex, ages, gain, (L, M, S, delta), z: between two widths
BETWEEN = [
    ("V31", "weight", "M", (91, 137), 900, (0.639958, 1415.8090, 0.195100, 510.738), -0.018369),
    ("V32", "weight", "M", (91, 168), 1200, (0.561522, 2018.4641, 0.187867, 627.736), -0.513892),
    ("V33", "weight", "F", (61, 160), 2100, (0.034591, 2722.4172, 0.164316, 800), 0.384989),
    ("V34", "weight", "F", (122, 275), 2000, (0.255391, 2416.0778, 0.209697, 611.542), 0.374699),
    ("V35", "weight", "M", (244, 400), 1300, (0.595861, 1672.7351, 0.286499, 411.932), 0.081408),
    ("V36", "length", "F", (91, 167), 5.0, (0.919747, 5.1478, 0.191353, 0), -0.150258),
    ("V37", "length", "M", (30, 137), 12.0, (0.950978, 10.6022, 0.122591, 0), 1.072117),
    ("V38", "length", "F", (183, 330), 7.0, (0.768992, 6.7678, 0.159995, 0), 0.213568),
    ("V39", "head_circumference", "M", (122, 200), 1.5, (0.647412, 2.1064, 0.18795, 0), -1.621662),
    ("V40", "head_circumference", "F", (61, 165), 4.2, (0.638508, 3.5896, 0.149505, 0), 1.104953),
    ("V41", "head_circumference", "M", (400, 545), 1.0, (0.907869, 0.9541, 0.318128, 0), 0.150775),
]


@pytest.mark.requirement("REQ-VEL-16")
@pytest.mark.parametrize(
    ("measure", "sex", "days", "gain", "lms", "z"),
    [pytest.param(*case[1:], id=case[0]) for case in BETWEEN],
)
def test_between_two_widths(
    measure: str,
    sex: str,
    days: tuple[int, int],
    gain: float,
    lms: tuple[float, ...],
    z: float,
) -> None:
    unit, base = ("g", 6000.0) if measure == "weight" else ("cm", 45.0)
    v = visit_pair(measure, sex, days, (f"{base} {unit}", f"{base + gain} {unit}"))
    assert v.z == pytest.approx(z, abs=TOLERANCE)
    assert v.method == "who-2009-interpolated"
    assert v.status in ("interval_interpolated", "implausible")  # of the sizes taken here
    cells, at = v.codes.cells, v.codes.at[0]
    scale = 1000 if measure == "weight" else 1
    assert cells.L[at] == pytest.approx(lms[0], abs=TOLERANCE)
    assert cells.M[at] * scale == pytest.approx(lms[1], abs=1e-4)
    assert cells.S[at] == pytest.approx(lms[2], abs=TOLERANCE)
    assert cells.delta[at] * scale == pytest.approx(lms[3], abs=1e-3)


@pytest.mark.requirement("REQ-VEL-01")
def test_v24_coverage() -> None:
    ref = reference(WHO_2009)
    rows = [
        r for measure in ref.measures for rows in read_rows(ref, measure).values() for r in rows
    ]
    power = np.array([r.L * r.S for r in rows])
    assert len(rows) == 486
    assert int((1 - 3 * power <= 0).sum()) == 41
    assert int((1 - 2 * power <= 0).sum()) == 3
    assert int((1 + 3 * power <= 0).sum()) == 0
    for measure, highest in (
        ("head_circumference", [-1.878, -1.761, -1.657]),
        ("length", [-2.188]),
    ):
        found = [r for rows in read_rows(ref, measure).values() for r in rows]
        columns = (np.array([r.L for r in found]), np.array([r.S for r in found]))
        floors = np.sort(increments.floor(*columns, np.ones(len(found), dtype=bool)))
        assert floors[-len(highest) :] == pytest.approx(highest, abs=5e-4)
