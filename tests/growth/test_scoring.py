"""The one path to a z: positions, lengths, table choice, flags, reasons, and blocks of rows."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
import own_references
from neocalc import arrays as blocks
from neocalc.ages.lengths import adjusted_length
from neocalc.arrays import BLOCK, by_blocks
from neocalc.errors import CODE, STATUSES, combined, first_status, status_where, status_words


def z_of(measure: str, value: Any, *, day: int | None = None, **given: Any) -> Any:
    """The result for one girl whose gestation is not stated."""
    age = None if day is None else nc.Age.from_days(day)
    return nc.zscore(measure, value, sex="f", age=age, **given)


# --------------------------------------------------------------------------------------- statuses


@pytest.mark.requirement("REQ-STAT-01")
def test_the_first_status_in_order_is_given() -> None:
    codes = [np.array([c], dtype=np.uint8) for c in range(len(STATUSES))]
    for i, one in enumerate(codes):
        for j, other in enumerate(codes):
            expected = i or j if not (i and j) else min(i, j)
            assert first_status(one, other).tolist() == [expected]
    assert first_status(codes[0], codes[0], codes[5], codes[2]).tolist() == [2]
    assert status_words(np.array([0, 1, 2, 15], dtype=np.uint8)).tolist() == [
        "ok", "subject_conflict", "missing_value", "implausible",
    ]  # fmt: skip
    assert combined(None, None) is None
    assert combined(None, codes[3]) is codes[3]
    found = status_where(np.array([True, False]), "oedema")
    assert found.dtype == np.uint8
    assert found.tolist() == [CODE["oedema"], 0]


@pytest.mark.requirement("REQ-STAT-01")
def test_status_words_keep_their_order() -> None:
    """The order is the precedence: what the rows of a child contradict comes first."""
    assert STATUSES[:16] == (
        "ok", "subject_conflict", "missing_value", "missing_sex", "missing_age",
        "missing_gestation", "invalid_sex", "invalid_gestation", "invalid_age", "invalid_value",
        "age_below_reference", "age_above_reference", "length_out_of_range", "no_reference",
        "oedema", "implausible",
    )  # fmt: skip
    assert len(set(STATUSES)) == len(STATUSES) < 255


# ----------------------------------------------------------------------------- length and position


@pytest.mark.requirement("REQ-WHO-04", "REQ-WHO-05")
@pytest.mark.parametrize(
    ("day", "position", "expected"),
    [
        (0, 0, 80.0), (0, 1, 80.0), (0, 2, 80.0),
        (273, 0, 80.0), (273, 1, 80.0), (273, 2, 80.0),
        (274, 0, 80.0), (274, 1, 80.0), (274, 2, 80.7),
        (730, 0, 80.0), (730, 1, 80.0), (730, 2, 80.7),
        (731, 0, 80.0), (731, 1, 79.3), (731, 2, 80.0),
        (1826, 0, 80.0), (1826, 1, 79.3), (1826, 2, 80.0),
    ],
)  # fmt: skip
def test_recumbent_and_standing(day: int, position: int, expected: float) -> None:
    """0.7 cm, except standing under 9 months, which is not believed."""
    length, days = np.array([80.0]), np.array([day], dtype=np.int32)
    found = adjusted_length(length, np.array([position], dtype=np.int32), days)
    assert found.tolist() == [expected]
    assert adjusted_length(length, None, days) is length
    assert length.tolist() == [80.0]


def test_a_standing_length_of_0_had_a_z() -> None:
    """It became 0.7 cm, and with it a BMI of 61,000 kg/m2."""
    for length in (0.0, -0.5, -math.inf):
        lengths = nc.Q([length], "cm")
        for day, position in ((300, "h"), (300, "l"), (800, "l"), (800, "h")):
            found = z_of("length", lengths, day=day, position=position)
            assert found.status.tolist() == ["invalid_value"]
            assert np.isnan(found.z[0])
            found = z_of("bmi", ["3 kg"], day=day, length=lengths, position=position)
            assert found.status.tolist() == ["invalid_value"]
            assert np.isnan(found.z[0])
    with pytest.raises(nc.InputError, match="a value above 0"):
        z_of("length", "0 cm", day=300, position="h")
    # Less than 0.7 cm lying at 2 years is no height, and no z either.
    found = z_of("length", ["0.5 cm"], day=800, position="l")
    assert np.isnan(found.z[0])
    assert found.status.tolist() == ["invalid_value"]


@pytest.mark.requirement("REQ-WHO-06")
def test_the_corrected_day_decides_which_length_it_is() -> None:
    """731 days old, 84 days early: a recumbent length is left as it is."""
    age = nc.Age.from_days(731, gestation="28+0")
    lying = nc.zscore("length", "85 cm", sex="f", age=age, position="l")
    assert lying.z == z_of("length", "85 cm", day=647).z
    later = nc.Age.from_days(731 + 84, gestation="28+0")
    lying = nc.zscore("length", "85 cm", sex="f", age=later, position="l")
    assert lying.z == z_of("length", "84.3 cm", day=731).z


@pytest.mark.requirement("REQ-FEN-05")
def test_position_with_a_preterm_reference_changes_nothing() -> None:
    age = nc.Age.from_days(60, gestation="28+0")
    found = {
        nc.zscore("length", "45 cm", sex="f", age=age, position=position).z
        for position in (None, "l", "h")
    }
    assert len(found) == 1


@pytest.mark.requirement("REQ-WHO-10")
def test_bmi_from_weight_and_length() -> None:
    for day, position, height in (
        (700, "h", 80.7),
        (700, "l", 80.0),
        (731, "l", 79.3),
        (731, "h", 80.0),
    ):
        found = z_of("bmi", "10 kg", day=day, length="80 cm", position=position)
        metres = height / 100
        given = z_of("bmi", nc.Q(10 / (metres * metres), "kg/m2"), day=day)
        assert found.z == given.z
        assert (found.reference, found.age_basis) == ("who-2006", "chronological")


@pytest.mark.requirement("REQ-WHO-10", "REQ-WHO-12")
def test_weight_and_length_of_0_were_a_missing_bmi() -> None:
    for weight, length, word in (
        (0.0, 0.0, "invalid_value"),
        (0.0, 50.0, "invalid_value"),
        (3.0, 0.0, "invalid_value"),
        (3.0, -50.0, "invalid_value"),
        (-3.0, 50.0, "invalid_value"),
        (math.inf, math.inf, "invalid_value"),
        (3.0, math.inf, "invalid_value"),
        (3.0, 1e-200, "invalid_value"),
        (math.nan, 50.0, "missing_value"),
        (3.0, math.nan, "missing_value"),
        (math.nan, 0.0, "missing_value"),
        (3.0, 50.0, "ok"),
    ):
        result = z_of("bmi", nc.Q([weight], "kg"), day=10, length=nc.Q([length], "cm"))
        assert result.status.tolist() == [word], (weight, length)
        assert np.isnan(result.z[0]) == (word != "ok")


@pytest.mark.requirement("REQ-WHO-07")
@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"day": 730, "length": "80 cm"}, {"day": 10, "length": "80 cm"}),
        ({"day": 730, "length": "80 cm", "position": "h"}, {"day": 10, "length": "80.7 cm"}),
        ({"day": 731, "length": "80 cm", "position": "l"}, {"day": 800, "length": "79.3 cm"}),
        ({"length": "80 cm"}, {"day": 10, "length": "80 cm"}),
        ({"length": "86.99 cm"}, {"day": 10, "length": "86.99 cm"}),
        ({"length": "87 cm"}, {"day": 800, "length": "87 cm"}),
        ({"length": "95 cm", "position": "l"}, {"day": 10, "length": "95 cm"}),
        ({"length": "70 cm", "position": "h"}, {"day": 800, "length": "70 cm"}),
    ],
)
def test_weight_for_length_or_for_height(given: dict[str, Any], same: dict[str, Any]) -> None:
    """By age; without an age by position; without either from 87 cm on for height."""
    weight = "10 kg"
    assert (
        z_of("weight_for_length", weight, **given).z == z_of("weight_for_length", weight, **same).z
    )
    without_age = z_of("weight_for_length", weight, **given)
    if "day" not in given:
        assert (without_age.age_basis, without_age.reference) == ("", "who-2006")


@pytest.mark.requirement("REQ-WHO-08", "REQ-WHO-09")
def test_lengths_between_rows_and_at_the_ends() -> None:
    """45 to 110 cm lying, 65 to 120 cm standing; a row and what is beside it, never beyond."""
    out, wrong = "length_out_of_range", "invalid_value"
    expected = {
        44.9: out, 44.96: out, 45.0: "", 45.00000001: "", 45.05: "", 109.99: "", 110.0: "",
        110.01: out, 110.1: out, 1e300: wrong, -5.0: wrong, 0.0: wrong, math.inf: wrong,
    }  # fmt: skip
    found = z_of("weight_for_length", ["5 kg"] * 13, day=10, length=nc.Q(list(expected), "cm"))
    for z, status, word in zip(found.z, found.status, expected.values(), strict=True):
        assert np.isnan(z) == (word != "")
        assert not word or status == word
    heights = [64.9, 65, 120, 120.1]
    found = z_of("weight_for_length", ["10 kg"] * 4, day=800, length=nc.Q(heights, "cm"))
    assert np.isnan(found.z).tolist() == [True, False, False, True]


@pytest.mark.requirement("REQ-WHO-08")
def test_standing_length_reaches_the_grid_after_the_conversion() -> None:
    """44.3 + 0.7 and 110.7 - 0.7 are 45 and 110, whatever their binary fractions."""
    result = nc.zscore(
        "weight_for_length",
        ["2.4 kg", "10 kg"],
        sex="f",
        length=["44.3 cm", "120.7 cm"],
        position=["h", "l"],
        age=nc.Age.from_days([300, 800]),
    )
    assert result.z[0] == z_of("weight_for_length", "2.4 kg", day=10, length="45 cm").z
    assert result.z[1] == z_of("weight_for_length", "10 kg", day=800, length="120 cm").z


@pytest.mark.requirement("REQ-FEN-02", "REQ-POL-08", "REQ-WHO-03")
def test_ages_at_the_ends() -> None:
    for measure, value, first in (
        ("head_circumference", "44 cm", 0),
        ("arm_circumference", "13 cm", 91),
        ("triceps_skinfold", "9 mm", 91),
        ("subscapular_skinfold", "7 mm", 91),
    ):
        days = [day for day in (first - 1, first, 1826, 1827, 1_000_000) if day >= 0]
        found = nc.zscore(measure, [value] * len(days), sex="m", age=nc.Age.from_days(days))
        expected = ["age_below_reference"] * (first > 0) + ["", "", *["age_above_reference"] * 2]
        shown = [w if w.startswith("age") else "" for w in found.status]
        assert shown == expected
        assert np.isnan(found.z).tolist() == [word != "" for word in expected]
    age = nc.Age.from_days([0, 1826, 1827])
    found = nc.zscore("weight_for_length", ["10 kg"] * 3, sex="m", age=age, length="80 cm")
    assert found.status.tolist()[1:] == ["ok", "age_above_reference"]


# ------------------------------------------------------------------------------- oedema and flags


@pytest.mark.requirement("REQ-WHO-11")
def test_with_oedema_there_is_no_z_that_contains_weight() -> None:
    given: dict[str, Any] = {"day": 300, "oedema": [True, False, None, "yes"]}
    for measure, value, length in (
        ("weight", "8 kg", None),
        ("bmi", "16 kg/m2", None),
        ("bmi", "8 kg", "70 cm"),
        ("weight_for_length", "8 kg", "70 cm"),
    ):
        found = z_of(measure, [value] * 4, length=length, **given)
        assert found.status.tolist() == ["oedema", "ok", "ok", "oedema"]
        assert np.isnan(found.z).tolist() == [True, False, False, True]
    for measure, value in (("length", "70 cm"), ("head_circumference", "44 cm")):
        assert z_of(measure, [value] * 4, **given).status.tolist() == ["ok"] * 4
    assert z_of("weight", ["8 kg"] * 4, day=300, oedema=["no"] * 4).status.tolist() == ["ok"] * 4


@pytest.mark.requirement("REQ-WHO-11")
def test_a_missing_weight_is_missing_also_with_oedema() -> None:
    found = z_of("weight", [None, "0 kg", "8 kg"], day=300, oedema=True)
    assert found.status.tolist() == ["missing_value", "invalid_value", "oedema"]


@pytest.mark.requirement("REQ-WHO-13", "REQ-WHO-14")
@pytest.mark.parametrize(
    ("measure", "unit", "low", "high"),
    [
        ("weight", "kg", -6, 5),
        ("length", "cm", -6, 6),
        ("head_circumference", "cm", -5, 5),
        ("bmi", "kg/m2", -5, 5),
        ("arm_circumference", "cm", -5, 5),
        ("triceps_skinfold", "mm", -5, 5),
        ("subscapular_skinfold", "mm", -5, 5),
        ("weight_for_length", "kg", -5, 5),
    ],
)
def test_flags_are_judged_on_two_decimals(measure: str, unit: str, low: int, high: int) -> None:
    """As the WHO's program does; the value is kept."""
    given: dict[str, Any] = {"sex": "f", "age": nc.Age.from_days(365)}
    if measure == "weight_for_length":
        given["length"] = "72 cm"
    z = [low - 0.006, low - 0.004, low, high, high + 0.004, high + 0.006]
    y = nc.measurement(measure, z=z, **given)
    found = nc.zscore(measure, y, **given)
    flagged = ["implausible", "ok", "ok", "ok", "ok", "implausible"]
    reachable = ~np.isnan(y.magnitude)
    assert reachable[3:].all()
    np.testing.assert_array_equal(found.status[reachable], np.array(flagged)[reachable])
    np.testing.assert_allclose(found.z[reachable], np.array(z)[reachable], atol=1e-9)


@pytest.mark.requirement("REQ-FEN-04")
@pytest.mark.parametrize("reference", ["fenton-2013", "fenton-2025"])
def test_preterm_charts_flag_beyond_six(reference: str) -> None:
    age = nc.Age.from_days(70, gestation="28+0")
    for measure in ("weight", "length", "head_circumference"):
        given: dict[str, Any] = {"sex": "f", "age": age, "reference": reference}
        y = nc.measurement(measure, z=[5.996, 6.006], **given)
        assert nc.zscore(measure, y, **given).status.tolist() == ["ok", "implausible"]


# ------------------------------------------------------------------------------------ many at once


@pytest.mark.requirement("REQ-STAT-06")
def test_blocks_of_rows_and_single_rows_agree() -> None:
    """Three blocks and a bit, every fault among them: as each row by itself in a small array."""
    n = 3 * BLOCK + 17
    rng = np.random.default_rng(7)
    weights = np.where(rng.random(n) < 0.02, math.nan, rng.uniform(0.4, 20, n))
    days = rng.integers(-5, 2000, n)
    gestations = rng.choice([140, 180, 200, 230, 258, 259, 280, 314], n).astype(float)
    gestations[rng.random(n) < 0.1] = math.nan
    sexes = rng.choice(np.array(["f", "m", "", "x"], dtype=object), n, p=[0.48, 0.48, 0.02, 0.02])
    oedema = rng.choice(np.array(["y", "n", None], dtype=object), n, p=[0.02, 0.5, 0.48])
    lengths = rng.uniform(40, 125, n).round(2)
    position = rng.choice(np.array(["l", "h", ""], dtype=object), n)

    def of(rows: Any, measure: str, **given: Any) -> nc.ZScore:
        age = nc.Age.from_days(days[rows], gestation=nc.Q(gestations[rows], "day"))
        if measure in ("bmi", "weight_for_length"):
            given["length"] = nc.Q(lengths[rows], "cm")
            given["position"] = position[rows]
        return nc.zscore(
            measure,
            nc.Q(weights[rows], "kg"),
            sex=sexes[rows],
            age=age,
            oedema=oedema[rows],
            **given,
        )

    for measure in ("weight", "bmi", "weight_for_length"):
        whole = of(slice(None), measure)
        assert len(set(whole.status.tolist())) >= 8
        for rows in (
            np.arange(BLOCK - 3, BLOCK + 3),
            np.arange(n - 20, n),
            rng.integers(0, n, 500),
        ):
            part = of(rows, measure)
            np.testing.assert_array_equal(part.z, whole.z[rows])
            for name in ("status", "reference", "age_basis", "method"):
                np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_blocks_cover_each_row_once(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "WORKERS", workers)
    for n in (0, 1, BLOCK, BLOCK + 1, 3 * BLOCK, 9 * BLOCK + 1):
        starts = by_blocks(lambda start: start, n)
        assert starts == list(range(0, max(n, 1), BLOCK))


@pytest.mark.parametrize("count", [2, 9])
@pytest.mark.parametrize("at_fault", [0, 1, 8])
def test_an_error_in_a_block_is_raised(count: int, at_fault: int) -> None:
    at_fault = min(at_fault, count - 1)

    def work(start: int) -> int:
        if start == at_fault * BLOCK:
            raise nc.TableError("a table of this block")
        return start

    with pytest.raises(nc.TableError, match="this block"):
        by_blocks(work, count * BLOCK)


def test_an_error_in_a_block_of_another_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calling thread waits in its block until the other one has failed in its own."""
    monkeypatch.setattr(blocks, "WORKERS", 2)
    mine, failing = threading.current_thread(), threading.Event()

    def work(start: int) -> int:
        if threading.current_thread() is mine:
            assert failing.wait(30)
            return start
        failing.set()
        raise nc.TableError("a table of another thread")

    with pytest.raises(nc.TableError, match="another thread"):
        by_blocks(work, 2 * BLOCK)


def test_either_chooses_as_numpy_does() -> None:
    mask = np.array([True, False, True, False])
    for kind in (np.uint8, np.int32):
        this, that = np.array([[1, 2, 255, 0], [7, 255, 0, 3]]).astype(kind)
        for one, other in ((this, that), (kind(7), that), (this, kind(9)), (kind(1), kind(2))):
            found = blocks.either(mask, one, other)
            assert found.dtype == kind
            np.testing.assert_array_equal(found, np.where(mask, one, other))


@pytest.mark.requirement("REQ-STAT-04")
def test_a_measure_without_a_table_says_what_comes_first() -> None:
    age = nc.Age.from_days([100, 100, 100, math.nan, 100], gestation="28+0")
    values = nc.Q([14.0, math.nan, 14.0, 14.0, -1.0], "kg/m2")
    sexes = ["f", "f", "x", "f", "f"]
    found = nc.zscore("bmi", values, sex=sexes, age=age, reference="fenton-2013")
    assert found.status.tolist() == [
        "no_reference", "missing_value", "invalid_sex", "missing_age", "invalid_value",
    ]  # fmt: skip
    assert np.isnan(found.z).all()
    assert found.reference.tolist() == found.method.tolist() == found.age_basis.tolist() == [""] * 5
    y = nc.measurement("bmi", z=[0.0] * 5, sex=sexes, age=age, reference="fenton-2013")
    assert np.isnan(y.magnitude).all()
    found = nc.zscore(
        "weight_for_length", ["3 kg"], sex="f", age=age, length="50 cm", reference="fenton-2013"
    )
    assert set(found.status) == {"no_reference", "missing_age"}


@pytest.mark.requirement("REQ-STAT-04")
def test_why_there_is_no_measurement() -> None:
    age = nc.Age.from_days([10, 10, 10, 10, 7000, math.nan])
    z = [0.0, -60.0, None, "x", 0.0, 0.0]
    y = nc.measurement("weight", z=z, sex="f", age=age)
    assert np.isnan(y.magnitude).tolist() == [False] + [True] * 5
    for one, word in ((-60.0, "invalid_value"), (None, "missing_value")):
        with pytest.raises(nc.InputError, match=r"^z: ") as caught:
            nc.measurement("weight", z=one, sex="f", age=nc.Age.from_days(10))
        assert caught.value.status == word
    with pytest.raises(nc.InputError) as caught:
        nc.measurement("weight", z=0, sex="f", age=nc.Age.from_days(7000))
    assert caught.value.status == "age_above_reference"
    with pytest.raises(nc.InputError) as caught:
        nc.measurement("weight_for_length", z=0, sex="f", length="40 cm", age=nc.Age.from_days(2))
    assert caught.value.status == "length_out_of_range"


def test_no_array_that_is_given_is_changed() -> None:
    grams, cm = np.array([3000.0, math.nan, 8000.0]), np.array([50.0, 70.0, 70.0])
    days, z = np.array([10.0, 300.0, 300.0]), np.array([0.0, 9.0, -9.0])
    before = [array.copy() for array in (grams, cm, days, z)]
    age = nc.Age.from_days(days)
    for measure in ("bmi", "weight_for_length"):
        nc.zscore(
            measure, nc.Q(grams, "g"), sex="f", age=age, length=nc.Q(cm, "cm"), position="h",
            oedema=[False, True, True],
        )  # fmt: skip
    nc.zscore("length", nc.Q(cm, "cm"), sex="f", age=age, position="h")
    nc.zscore("weight", nc.Q(grams / 1000, "kg"), sex="f", age=age, oedema=True)
    nc.measurement("length", z=z, sex="f", age=age, position="h")
    for array, copy in zip((grams, cm, days, z), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("z", "word"), [(1.9, "ok"), (2.1, "implausible"), (-2.1, "implausible")])
def test_the_flag_limits_of_a_users_own_table_may_be_nearer_than_3(
    tmp_path: Path, z: float, word: str
) -> None:
    table = own_references.WEIGHT._replace(more="flag = [-2, 2]")
    folder = str(own_references.write(tmp_path / "mine", {"weight": table}))
    age = nc.Age.from_days(5)
    weight = nc.measurement("weight", z, sex="f", age=age, reference=folder)
    assert nc.zscore("weight", weight, sex="f", age=age, reference=folder).status == word
