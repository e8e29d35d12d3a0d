"""Every table: its keys, figures and curves, its joints with others, and its published source.

The rebuild of the tables and the comparison of every figure need the published files. They run when
NEOCALC_PUBLISHED_FILES names the folder that holds them.
"""

from __future__ import annotations

import csv
import importlib.util
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neocalc.references.catalogue import reference, references, tables_folder
from neocalc.references.files import COLUMNS, Table
from neocalc.references.lms import measurement_from_zscore, zscore_from_measurement

SEXES = ("female", "male")
Z = np.arange(-3.0, 4.0)
ROOT = Path(__file__).resolve().parents[2]
TABLES = [(ref.id, name) for ref in references() if ref.use != "velocity" for name in ref.files]

LATER = "_231"

every_table = pytest.mark.parametrize(("name", "measure"), TABLES)


def table_of(name: str, measure: str) -> Table:
    """The table of a file: of a measure, or of its part from 33w0d (day 231) on."""
    return reference(name).tables(measure.removesuffix(LATER))[measure.endswith(LATER)]


def row(table: Table, sex: str, key: int) -> tuple[float, float, float]:
    """L, M and S of a key."""
    s, at = SEXES.index(sex), key - table.first
    return float(table.L[s, at]), float(table.M[s, at]), float(table.S[s, at])


def lines(table: Table, sex: str) -> Any:
    """The plain SD lines from -3 to 3, one row for each."""
    return table.measurement(Z[:, np.newaxis], (SEXES.index(sex),), restricted=False)


# ------------------------------------------------------------------------------- keys and figures

RANGES = {
    ("who-2006", "weight"): (0, 1826),
    ("who-2006", "length"): (0, 1826),
    ("who-2006", "head_circumference"): (0, 1826),
    ("who-2006", "bmi"): (0, 1826),
    ("who-2006", "arm_circumference"): (91, 1826),
    ("who-2006", "triceps_skinfold"): (91, 1826),
    ("who-2006", "subscapular_skinfold"): (91, 1826),
    ("who-2006", "weight_for_length"): (450, 1100),
    ("who-2006", "weight_for_height"): (650, 1200),
    ("fenton-2013", "weight"): (158, 350),
    ("fenton-2013", "length"): (165, 350),
    ("fenton-2013", "head_circumference"): (165, 350),
    ("fenton-2025", "weight"): (158, 350),
    ("fenton-2025", "length"): (165, 350),
    ("fenton-2025", "head_circumference"): (158, 350),
    ("fenton-2025-birth", "weight"): (22, 42),
    ("fenton-2025-birth", "length"): (23, 41),
    ("fenton-2025-birth", "head_circumference"): (23, 41),
    ("intergrowth-21st-preterm", "weight"): (189, 448),
    ("intergrowth-21st-preterm", "length"): (189, 448),
    ("intergrowth-21st-preterm", "head_circumference"): (189, 448),
    ("intergrowth-21st-newborn", "weight"): (168, 230),
    ("intergrowth-21st-newborn", "weight_231"): (231, 300),
    ("intergrowth-21st-newborn", "length"): (168, 230),
    ("intergrowth-21st-newborn", "length_231"): (231, 300),
    ("intergrowth-21st-newborn", "head_circumference"): (168, 230),
    ("intergrowth-21st-newborn", "head_circumference_231"): (231, 300),
    ("who-2007", "weight"): (1827, 3652),
    ("who-2007", "length"): (1827, 6939),
    ("who-2007", "bmi"): (1827, 6939),
}
"""The first and the last key of each table: days, weeks or tenths of a centimetre."""


@pytest.mark.requirement("REQ-REF-01")
def test_every_table_is_listed_here() -> None:
    assert set(TABLES) == set(RANGES)


@pytest.mark.requirement("REQ-REF-03")
@every_table
def test_keys_are_unique_and_contiguous(name: str, measure: str) -> None:
    """Read with csv and int alone, as the file has them."""
    ref = reference(name)
    facts, table = ref.files[measure], table_of(name, measure)
    assert (table.first, table.last) == RANGES[name, measure]
    first, last = (
        (60, 121 if measure == "weight" else 229) if name == "who-2007" else RANGES[name, measure]
    )  # the last month is there for what lies between
    scale = 10 if facts.axis == "length_cm" else 1
    for sex in SEXES:
        with (ref.folder / facts.file).open(newline="", encoding="ascii") as file:
            found = [float(r[facts.axis]) * scale for r in csv.DictReader(file) if r["sex"] == sex]
        keys = [round(key) for key in found]
        np.testing.assert_allclose(found, keys, atol=1e-9)
        assert keys == list(range(keys[0], keys[-1] + 1))
        # The publisher's workbook lists head circumference at week 22, and does not use it.
        unused = 1 if (name, measure) == ("fenton-2025-birth", "head_circumference") else 0
        assert (keys[0], keys[-1]) == (first - unused, last)


@pytest.mark.requirement("REQ-REF-03")
@every_table
def test_figures_are_finite_and_positive(name: str, measure: str) -> None:
    table = table_of(name, measure)
    shapes = (table.L,) if table.nu is None else (table.nu, table.tau)
    for column in (*shapes, table.M, table.S):
        assert column is not None
        assert column.shape == (2, table.last - table.first + 1)
        assert np.isfinite(column).all()
    assert (table.M > 0).all()
    assert (table.S > 0).all()


@pytest.mark.requirement("REQ-REF-03")
@every_table
def test_medians_and_spreads_are_those_of_children(name: str, measure: str) -> None:
    """Figures of the right unit: kg, cm, mm or kg/m2."""
    table = table_of(name, measure)
    kind = measure.removesuffix(LATER)
    lowest, highest = {
        "weight": (0.4, 20),
        "weight_for_length": (2, 20),
        "weight_for_height": (7, 23),
        "length": (27, 111),
        "head_circumference": (19, 51),
        "bmi": (13, 18),
        "arm_circumference": (13, 17.5),
        "triceps_skinfold": (7.5, 12),
        "subscapular_skinfold": (5, 8),
        "weight 5 to 19 years": (17, 34),
        "length 5 to 19 years": (108, 177),
        "bmi 5 to 19 years": (15, 23),
    }[kind + " 5 to 19 years" * (name == "who-2007")]
    assert table.M.min() > lowest
    assert table.M.max() < highest
    spread = {"length": (0.028, 0.082), "head_circumference": (0.025, 0.08)}.get(kind, (0.07, 0.3))
    assert table.spread.min() > spread[0]
    assert table.spread.max() < spread[1]


@pytest.mark.requirement("REQ-REF-03")
@every_table
def test_centiles_do_not_cross(name: str, measure: str) -> None:
    """No SD line from -3 to 3 comes nearer to the next than 2.5 % of the median.

    Found: 0.0257 (INTERGROWTH-21st head circumference) to 0.115 (WHO triceps skinfold).
    """
    table = table_of(name, measure)
    for sex in SEXES:
        curves = lines(table, sex)
        assert (curves > 0).all()
        assert (np.diff(curves, axis=0) > 0.025 * table.M[SEXES.index(sex)]).all()


@pytest.mark.parametrize(
    ("name", "measure"),
    [t for t in TABLES if t[1].removesuffix(LATER) in ("weight", "length", "head_circumference")],
)
def test_medians_grow(name: str, measure: str) -> None:
    """But for the loss of weight of the first day, and the day on which length becomes height."""
    table = table_of(name, measure)
    known = {("who-2006", "weight"): [0], ("who-2006", "length"): [730]}
    for s in range(2):
        shrinking = np.flatnonzero(np.diff(table.M[s]) <= 0) + table.first
        assert shrinking.tolist() == known.get((name, measure), [])


# ---------------------------------------------------------------------------------------- smooth

KNOWN_JOINTS = {
    # The WHO's newborns were measured at birth and from two weeks on (weight: the loss of the first
    # days; BMI: from day 7); on day 731 length becomes height. Largest bend of any SD line there.
    ("who-2006", "weight"): {1: 0.114, 2: 0.0138},
    ("who-2006", "length"): {14: 0.0164, 730: 0.2292, 731: 0.2290},
    ("who-2006", "head_circumference"): {14: 0.0184},
    ("who-2006", "bmi"): {7: 0.106, 14: 0.0416, 730: 0.2907, 731: 0.2857},
}
LARGEST_BEND = {
    # Of any SD line at any other key. Found, in the same order:
    ("who-2006", "weight"): 0.007,  # 0.0068, on day 3
    ("who-2006", "length"): 0.0015,  # 0.0014
    ("who-2006", "head_circumference"): 0.003,  # 0.0027
    ("who-2006", "bmi"): 0.004,  # 0.0039
    ("who-2006", "arm_circumference"): 0.001,  # 0.0007
    ("who-2006", "triceps_skinfold"): 0.001,  # 0.0009
    ("who-2006", "subscapular_skinfold"): 0.0025,  # 0.0023
    ("who-2006", "weight_for_length"): 0.002,  # 0.0016
    ("who-2006", "weight_for_height"): 0.0015,  # 0.0011
    ("fenton-2013", "weight"): 0.0125,  # 0.0123, girls at 23w3d
    ("fenton-2013", "length"): 0.0015,  # 0.0012
    ("fenton-2013", "head_circumference"): 0.0015,  # 0.0013
    ("fenton-2025", "weight"): 0.006,  # 0.0055
    ("fenton-2025", "length"): 0.002,  # 0.0018
    ("fenton-2025", "head_circumference"): 0.0055,  # 0.0052
    ("fenton-2025-birth", "weight"): 0.33,  # 0.324: from week to week
    ("fenton-2025-birth", "length"): 0.17,  # 0.160
    ("fenton-2025-birth", "head_circumference"): 0.17,  # 0.163
    ("intergrowth-21st-preterm", "weight"): 0.003,  # 0.0028
    ("intergrowth-21st-preterm", "length"): 0.001,  # 0.0009
    ("intergrowth-21st-preterm", "head_circumference"): 0.002,  # 0.0019
    ("intergrowth-21st-newborn", "weight"): 0.003,  # 0.0029
    ("intergrowth-21st-newborn", "weight_231"): 0.002,  # 0.0017
    ("intergrowth-21st-newborn", "length"): 1e-9,  # straight lines
    ("intergrowth-21st-newborn", "length_231"): 0.002,  # 0.0019
    ("intergrowth-21st-newborn", "head_circumference"): 1e-9,  # straight lines
    ("intergrowth-21st-newborn", "head_circumference_231"): 0.0015,  # 0.0013
    ("who-2007", "weight"): 0.0001,  # 0.00006: from month to month straight
    ("who-2007", "length"): 0.0001,  # 0.00009
    ("who-2007", "bmi"): 0.0001,  # 0.00006
}


def bends(curves: Any) -> Any:
    """At each key but the ends: the largest second difference of any SD line from -3 to 3, in SD.

    As long as a line is straight it is 0. A figure that is wrong by x SD bends it by 2 x.
    """
    sd = (curves[4] - curves[2]) / 2
    return np.abs(np.diff(curves, 2, axis=1) / sd[1:-1]).max(axis=0)


@pytest.mark.requirement("REQ-REF-03")
@every_table
def test_curves_are_smooth(name: str, measure: str) -> None:
    table = table_of(name, measure)
    joints = KNOWN_JOINTS.get((name, measure), {})
    largest = dict.fromkeys(joints, 0.0)
    for s in range(2):
        found = bends(lines(table, SEXES[s]))
        for key, bend in enumerate(found.tolist(), start=table.first + 1):
            if key in joints:
                largest[key] = max(largest[key], bend)
            else:
                assert bend < LARGEST_BEND[name, measure], f"{SEXES[s]}, {key}"
    assert largest == pytest.approx(joints, rel=0.01)


@pytest.mark.parametrize(
    ("name", "measure"),
    [("who-2006", "weight"), ("fenton-2013", "length"), ("fenton-2025", "weight")],
)
def test_a_median_that_is_wrong_by_a_hundredth_would_bend_the_curves(
    name: str, measure: str
) -> None:
    """Whatever the key: this is what the bound on the bends is worth."""
    table = table_of(name, measure)
    joints = KNOWN_JOINTS.get((name, measure), {})
    for key in range(table.first + 3, table.last - 1, 7):
        if any(key + d in joints for d in (-1, 0, 1)):
            continue
        M = table.M[0].copy()
        M[key - table.first] *= 1.01
        changed = measurement_from_zscore(Z[:, np.newaxis], table.L[0], M, table.S[0])
        assert bends(changed).max() > LARGEST_BEND[name, measure]


# ---------------------------------------------------------------------------------------- joints


@pytest.mark.requirement("REQ-WHO-06")
def test_joint_of_length_and_height() -> None:
    """Day 730 is recumbent length, day 731 standing height; their medians differ by 0.67 cm.

    A child on a given SD line of day 730 who is not converted gains 0.21 to 0.22 SD. Converted by
    0.7 cm, as the WHO's rule is, it loses 0.008 to 0.011 SD: no more than on any other day.
    """
    table = table_of("who-2006", "length")
    assert row(table, "male", 730)[1] == 87.8018
    assert row(table, "male", 731)[1] == 87.1303
    assert row(table, "female", 730)[1] == 86.4008
    assert row(table, "female", 731)[1] == 85.7299
    steps = {"male": (0.2216, 0.2178), "female": (0.2093, 0.2065)}  # at z = -3 and 3
    converted = {"male": (-0.0075, -0.0112), "female": (-0.0076, -0.0104)}
    usual = {"male": (-0.0075, -0.0111), "female": (-0.0072, -0.0108)}
    for sex in SEXES:
        y = measurement_from_zscore(Z, *row(table, sex, 730))
        step = zscore_from_measurement(y, *row(table, sex, 731)) - Z
        assert (step[0], step[-1]) == pytest.approx(steps[sex], abs=5e-5)
        step = zscore_from_measurement(y - 0.7, *row(table, sex, 731)) - Z
        assert (step[0], step[-1]) == pytest.approx(converted[sex], abs=5e-5)
        y = measurement_from_zscore(Z, *row(table, sex, 729))
        step = zscore_from_measurement(y, *row(table, sex, 730)) - Z
        assert (step[0], step[-1]) == pytest.approx(usual[sex], abs=5e-5)


def test_joint_of_bmi_at_the_same_day() -> None:
    """A child is 0.7 cm less tall from day 731 on, so that its BMI rises: M by 1.8 %.

    A BMI that is not computed anew loses 0.14 to 0.25 SD.
    """
    table = table_of("who-2006", "bmi")
    assert [row(table, "male", day)[1] for day in (730, 731)] == [15.7356, 16.0189]
    assert [row(table, "female", day)[1] for day in (730, 731)] == [15.4052, 15.6881]
    steps = {"male": (-0.2319, -0.2305, -0.1920), "female": (-0.2494, -0.2164, -0.1399)}
    for sex in SEXES:
        y = measurement_from_zscore(Z, *row(table, sex, 730), restricted=True)
        step = zscore_from_measurement(y, *row(table, sex, 731), restricted=True) - Z
        assert (step[0], step[3], step[-1]) == pytest.approx(steps[sex], abs=5e-5)
    # Computed anew at the median height, the median loses 0.02 SD.
    for sex, height in (("male", 87.1303), ("female", 85.7299)):
        y = row(table, sex, 730)[1] * ((height + 0.7) / height) ** 2
        z = zscore_from_measurement(y, *row(table, sex, 731))
        assert z == pytest.approx(-0.023, abs=0.001)


def test_weight_for_length_and_weight_for_height_are_one_table() -> None:
    """The same figures, 0.7 cm apart, wherever both have them."""
    length, height = (table_of("who-2006", f"weight_for_{word}") for word in ("length", "height"))
    for sex, key in itertools.product(SEXES, range(657, 1101)):
        assert row(length, sex, key) == row(height, sex, key - 7)


HANDOVER = {
    # The WHO's z at 50w0d (day 70) of the Fenton z -3, -2, -1, 0, 1, 2 and 3, less that z.
    ("fenton-2013", "weight", "male"): (0.0289, 0.0218, 0.0123, 0.0006, -0.0134, -0.0296, -0.0479),
    ("fenton-2013", "weight", "female"): (
        0.0110, 0.0074, 0.0039, 0.0003, -0.0033, -0.0069, -0.0104,
    ),
    ("fenton-2013", "length", "male"): (-0.0370, -0.0276, -0.0183, -0.0090, 0.0004, 0.0097, 0.0191),
    ("fenton-2013", "length", "female"): (
        0.0194, 0.0091, -0.0012, -0.0116, -0.0219, -0.0322, -0.0426,
    ),
    ("fenton-2013", "head_circumference", "male"): (
        -0.1419, -0.1181, -0.0943, -0.0705, -0.0467, -0.0229, 0.0009,
    ),
    ("fenton-2013", "head_circumference", "female"): (
        -0.0298, -0.0234, -0.0171, -0.0107, -0.0044, 0.0020, 0.0083,
    ),
    ("fenton-2025", "weight", "male"): (
        -0.1492, -0.1530, -0.1482, -0.1443, -0.1412, -0.1390, -0.1375,
    ),
    ("fenton-2025", "weight", "female"): (
        -0.1386, -0.1398, -0.1335, -0.1298, -0.1285, -0.1297, -0.1334,
    ),
    ("fenton-2025", "length", "male"): (
        -0.1991, -0.1899, -0.1806, -0.1714, -0.1622, -0.1529, -0.1437,
    ),
    ("fenton-2025", "length", "female"): (
        -0.1758, -0.1704, -0.1651, -0.1597, -0.1543, -0.1489, -0.1436,
    ),
    ("fenton-2025", "head_circumference", "male"): (
        -0.1397, -0.1441, -0.1485, -0.1529, -0.1573, -0.1617, -0.1661,
    ),
    ("fenton-2025", "head_circumference", "female"): (
        -0.0862, -0.0957, -0.1053, -0.1149, -0.1245, -0.1341, -0.1436,
    ),
}  # fmt: skip


def step(name: str, measure: str, sex: str, day: int, z: Any) -> Any:
    """What changing from a Fenton chart to the WHO's adds to a z on one postmenstrual day."""
    fenton, who = table_of(name, measure), table_of("who-2006", measure)
    y = measurement_from_zscore(z, *row(fenton, sex, day), restricted=fenton.restricted)
    return zscore_from_measurement(y, *row(who, sex, day - 280), restricted=who.restricted) - z


@pytest.mark.requirement("REQ-FEN-03")
@pytest.mark.parametrize(("name", "measure", "sex"), list(HANDOVER))
def test_joint_of_fenton_and_who_at_50_weeks(name: str, measure: str, sex: str) -> None:
    found = step(name, measure, sex, 350, Z)
    np.testing.assert_allclose(found, HANDOVER[name, measure, sex], atol=5e-5)


@pytest.mark.requirement("REQ-FEN-03")
def test_joint_of_fenton_2013_as_the_policy_states_it() -> None:
    """Within 0.04 SD for weight and length from -3 to 2; boys' heads -0.14; girls' within 0.03."""
    z = np.array([-3.0, -2.0, 0.0, 2.0])
    near = pytest.approx
    boys = step("fenton-2013", "weight", "male", 280, z)
    assert boys == near([0.57, 0.55, 0.44, 0.25], abs=0.005)
    assert step("fenton-2013", "weight", "male", 308, z) == near(
        [0.31, 0.29, 0.21, 0.07], abs=0.005
    )
    assert step("fenton-2013", "weight", "male", 350, z) == near([0.03, 0.02, 0, -0.03], abs=0.005)
    assert step("fenton-2013", "weight", "female", 350, z) == near(
        [0.01, 0.01, 0, -0.01], abs=0.005
    )
    for sex in SEXES:
        assert np.abs(step("fenton-2013", "length", sex, 350, z)).max() < 0.04
    heads = step("fenton-2013", "head_circumference", "male", 350, z)
    assert heads == near([-0.14, -0.12, -0.07, -0.02], abs=0.005)
    assert np.abs(step("fenton-2013", "head_circumference", "female", 350, z)).max() < 0.03


@pytest.mark.requirement("REQ-FEN-03")
@pytest.mark.parametrize(
    ("measure", "sex", "day", "median", "low"),
    [
        ("weight", "male", 280, 0.40, -1.36),
        ("weight", "female", 280, 0.40, -1.54),
        ("length", "male", 280, 0.59, None),
        ("length", "female", 280, 0.56, None),
        ("head_circumference", "male", 280, 0.70, None),
        ("head_circumference", "female", 280, 0.71, None),
        ("weight", "male", 294, 0.42, -1.37),
        ("weight", "male", 308, 0.09, -1.75),
        ("weight", "male", 322, -0.11, -2.01),
        ("weight", "male", 350, -0.14, -2.15),
        ("weight", "female", 350, -0.13, -2.14),
        ("length", "male", 350, -0.17, None),
        ("length", "female", 350, -0.16, None),
        ("head_circumference", "male", 350, -0.15, None),
        ("head_circumference", "female", 350, -0.11, None),
    ],
)
def test_joint_of_fenton_2025(
    measure: str, sex: str, day: int, median: float, low: float | None
) -> None:
    """The WHO's z of the median and of -2 SD, from 40w0d to 50w0d."""
    assert step("fenton-2025", measure, sex, day, 0.0) == pytest.approx(median, abs=0.0051)
    if low is not None:
        assert step("fenton-2025", measure, sex, day, -2.0) - 2 == pytest.approx(low, abs=0.005)


@pytest.mark.requirement("REQ-FEN-06")
def test_daily_and_birth_tables_of_fenton_2025() -> None:
    """Completed week k is k + 1/2 weeks to 0.01 % up to week 36; from 40 they differ by design."""
    for measure, sex in itertools.product(("weight", "length", "head_circumference"), SEXES):
        daily, birth = table_of("fenton-2025", measure), table_of("fenton-2025-birth", measure)
        for week in range(24 if measure == "length" else 23, birth.last + 1):
            first, second = (row(daily, sex, 7 * week + day)[1] for day in (3, 4))
            difference = abs((first * second) ** 0.5 / row(birth, sex, week)[1] - 1)
            assert difference < 1e-4 or week > 36
            assert difference > 5e-3 or week < 40


# ------------------------------------------------------------------------------- published figures

# L, M and S as the publishers print them, to test without the published files.
ROWS = [
    ("weight", "male", 0, 0.3487, 3.3464, 0.14602),
    ("weight", "male", 30, 0.2303, 4.4525, 0.13413),
    ("weight", "male", 365, 0.0645, 9.646, 0.10925),
    ("weight", "female", 517, -0.2561, 10.0196, 0.12305),
    ("weight", "female", 1522, -0.3387, 16.433, 0.14051),
    ("weight", "female", 1, 0.3259, 3.1957, 0.14578),
    ("weight", "male", 653, 0.0003, 11.6403, 0.11285),
    ("length", "male", 61, 1, 58.4384, 0.03423),
    ("length", "male", 730, 1, 87.8018, 0.03479),
    ("length", "male", 731, 1, 87.1303, 0.03508),
    ("head_circumference", "male", 365, 1, 46.0637, 0.02789),
    ("weight_for_length", "male", 600, -0.3521, 5.9907, 0.08342),
    ("weight_for_length", "female", 623, -0.3833, 6.4466, 0.09134),
    ("weight_for_length", "female", 624, -0.3833, 6.4708, 0.09134),
    ("weight_for_height", "female", 775, -0.3833, 9.739, 0.08963),
    ("bmi", "male", 365, -0.4113, 16.7992, 0.08009),
]


@pytest.mark.requirement("REQ-WHO-01")
@pytest.mark.parametrize(("measure", "sex", "key", "L", "M", "S"), ROWS)
def test_rows_of_the_who(measure: str, sex: str, key: int, L: float, M: float, S: float) -> None:
    assert row(table_of("who-2006", measure), sex, key) == (L, M, S)


@pytest.mark.requirement("REQ-FEN-01")
def test_rows_of_fenton() -> None:
    found = row(table_of("fenton-2025", "weight"), "female", 210)
    assert found == pytest.approx((0.401514, 1.365221139, 0.144565), abs=5e-7)
    L, M, S = row(table_of("fenton-2013", "weight"), "female", 158)
    assert (L, M, S) == (0.090956142, 512.9417451 / 1000, 0.141753314)


PUBLISHED = os.environ.get("NEOCALC_PUBLISHED_FILES", "")
with_published_files = pytest.mark.skipif(
    not PUBLISHED, reason="NEOCALC_PUBLISHED_FILES does not name the folder of the published files"
)


@pytest.mark.requirement("REQ-REF-04")
@with_published_files
def test_the_script_builds_these_very_bytes(tmp_path: Path) -> None:
    path = ROOT / "scripts" / "build_reference_tables.py"
    spec = importlib.util.spec_from_file_location("build_reference_tables", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.build(Path(PUBLISHED), tmp_path)
    built = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    kept = {
        path.relative_to(tables_folder())
        for ref in references()
        for path in ref.folder.iterdir()
        if path.name != "LICENSE.txt"
    }
    assert built == kept
    for name in built:
        assert (tmp_path / name).read_bytes() == (tables_folder() / name).read_bytes(), name


Figures = dict[tuple[str, ...], tuple[float, ...]]


def read(path: Path, keys: str, values: str, *, delimiter: str = ",") -> Iterator[Any]:
    """The named columns of each row: keys as texts, values as floats."""
    with path.open(newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter=delimiter):
            yield [line[k] for k in keys.split()], tuple(float(line[v]) for v in values.split())


def published(folder: Path) -> Figures:
    """Every figure of the published files by reference, measure, sex and axis value."""
    found: Figures = {}
    for measure, short, axis in (
        ("weight", "wei", "age"),
        ("length", "len", "age"),
        ("head_circumference", "hc", "age"),
        ("bmi", "bmi", "age"),
        ("arm_circumference", "ac", "age"),
        ("triceps_skinfold", "ts", "age"),
        ("subscapular_skinfold", "ss", "age"),
        ("weight_for_length", "wfl", "length"),
        ("weight_for_height", "wfh", "height"),
    ):
        path = folder / "who_2006" / f"{short}anthro.txt"
        for (sex, at), figures in read(path, f"sex {axis}", "l m s", delimiter="\t"):
            found["who-2006", measure, ("male", "female")[int(sex) - 1], str(float(at))] = figures
    path = folder / "fenton_2013" / "fenton_2013_daily_lms.csv"
    words = {"f": "female", "m": "male", "hc": "head_circumference"}
    for (metric, sex, at), figures in read(path, "metric sex gestational_age_in_days", "l m s"):
        found["fenton-2013", words.get(metric, metric), words[sex], str(float(at))] = figures
    for name, file, axis in (
        ("fenton-2025", "daily", "postmenstrual_age_days"),
        ("fenton-2025-birth", "size_at_birth", "completed_weeks"),
    ):
        path = folder / "fenton_2025" / f"fenton_2025_{file}_lms.csv"
        for (measure, sex, at), figures in read(path, f"measure sex {axis}", "L M S"):
            found[name, measure, sex, str(float(at))] = figures
    for measure, short in (("weight", "wfa"), ("length", "hfa"), ("bmi", "bfa")):
        path = folder / "who_2007" / f"{short}who2007.txt"
        for (sex, at), figures in read(path, "sex age", "l m s", delimiter="\t"):
            found["who-2007", measure, SEXES[2 - int(sex)], str(float(at))] = figures
    path = folder / "intergrowth_21st" / "newborn_size_st3.csv"
    keys = "measure sex gestational_age_days"
    for (measure, sex, at), figures in read(path, keys, "mu sigma nu tau"):
        found["intergrowth-21st-newborn", measure + LATER, words.get(sex, sex), str(float(at))] = (
            figures
        )
    path = folder / "who_2009_velocity" / "increment_lms.csv"
    keys = "measure sex interval_months start_months end_months"
    for (measure, sex, months, start, end), figures in read(path, keys, "L M S delta"):
        assert int(start) + int(months) == int(end)
        found["who-2009-velocity", measure, sex, f"{months}|{start}"] = figures
    return found


def kept() -> Figures:
    """Every figure of the tables in the same way; not of those that are made from equations."""
    found: Figures = {}
    for ref in references():
        for measure, facts in ref.files.items():
            if facts.method in ("normal", "lognormal"):
                continue
            path = ref.folder / facts.file
            if ref.use == "velocity":
                keys = "sex interval_months start_months"
                for (sex, months, start), figures in read(path, keys, "L M S delta"):
                    found[ref.id, measure, sex, f"{months}|{start}"] = figures
                continue
            columns = COLUMNS[facts.method].replace(",", " ")
            for (sex, at), figures in read(path, f"sex {facts.axis}", columns):
                found[ref.id, measure, sex, str(float(at))] = figures
    return found


@pytest.mark.requirement("REQ-FEN-01", "REQ-WHO-01")
@with_published_files
def test_every_figure_is_the_published_one() -> None:
    ours, theirs = kept(), published(Path(PUBLISHED))
    assert ours.keys() == theirs.keys()
    different = [key for key, figures in theirs.items() if ours[key] != figures]
    assert different == []
    counts: dict[str, int] = {}
    for name, *_ in theirs:
        counts[name] = counts.get(name, 0) + 1
    assert counts == {
        "who-2006": 4 * 3654 + 3 * 3472 + 1302 + 1102,
        "fenton-2013": 1130,
        "fenton-2025": 1144,
        "fenton-2025-birth": 120,
        "who-2009-velocity": 486,
        "who-2007": 2 * (62 + 170 + 170),
        "intergrowth-21st-newborn": 420,
    }
