"""What a user reads: z-scores, their inverse, chart lines, size at birth, for one and for many."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import neocalc as nc
from neocalc.references.catalogue import reference
from neocalc.references.lms import measurement_from_zscore, zscore_from_centile

GIRL = nc.Age.from_days(105, gestation="27+3")
BOY = nc.Age.from_days(365)


def valid(**changed: Any) -> dict[str, Any]:
    """Arguments of a z-score that is fine, some of them changed."""
    return {"measure": "weight", "value": "3.1 kg", "sex": "f", "age": GIRL} | changed


# -------------------------------------------------------------------------------------- the result


@pytest.mark.requirement("REQ-LMS-07", "REQ-POL-11")
def test_one_child_has_plain_values() -> None:
    r = nc.zscore(**valid())
    assert isinstance(r, nc.ZScore)
    assert type(r.z) is float
    assert type(r.centile) is float
    for text in (r.reference, r.status, r.age_basis, r.method):
        assert type(text) is str
    assert round(r.z, 2) == -1.56
    assert r.centile == pytest.approx(100 * 0.5 * math.erfc(-r.z / math.sqrt(2)))
    assert (r.reference, r.age_basis, r.method, r.status) == (
        "fenton-2013", "postmenstrual", "lms", "ok",
    )  # fmt: skip
    assert repr(r) == "<ZScore -1.56 fenton-2013 postmenstrual ok>"
    assert nc.zscore(**valid(age=BOY)).method == "lms-restricted"


@pytest.mark.requirement("REQ-STAT-02")
def test_one_child_without_an_answer() -> None:
    r = nc.zscore(**valid(oedema=True))
    assert math.isnan(r.z)
    assert math.isnan(r.centile)
    assert (r.reference, r.age_basis, r.method, r.status) == (
        "fenton-2013", "postmenstrual", "", "oedema",
    )  # fmt: skip
    assert repr(r) == "<ZScore nan fenton-2013 postmenstrual oedema>"


@pytest.mark.requirement("REQ-STAT-06")
def test_many_children_have_arrays() -> None:
    r = nc.zscore(**valid(value=["3.1 kg", None, "9 kg"]))
    for array in (r.z, r.centile, r.reference, r.status, r.age_basis, r.method):
        assert isinstance(array, np.ndarray)
        assert array.shape == (3,)
    assert r.z.dtype == r.centile.dtype == np.float64
    assert r.status.tolist() == ["ok", "missing_value", "implausible"]
    assert r.method.tolist() == ["lms", "", "lms"]
    assert r.reference.tolist() == ["fenton-2013"] * 3
    assert all(type(word) is str for word in r.status)
    assert np.isnan(r.z).tolist() == np.isnan(r.centile).tolist() == [False, True, False]
    assert repr(r) == "<ZScore of 3>"
    assert repr(nc.zscore(**valid(value=["3 kg"] * 1000))) == "<ZScore of 1,000>"


@pytest.mark.parametrize(
    "changed",
    [
        {"value": ["3.1 kg"]},
        {"value": nc.Q([3.1], "kg")},
        {"sex": ["f"]},
        {"age": nc.Age.from_days([105], gestation="27+3")},
        {"oedema": ["no"]},
        {"measure": "length", "value": "49 cm", "position": ["l"]},
        {"measure": "bmi", "length": ["49 cm"], "age": BOY, "value": "3.1 kg"},
    ],
)
def test_any_array_of_one_makes_an_array(changed: dict[str, Any]) -> None:
    one = {
        name: value if name == "age" or not isinstance(value, list) else value[0]
        for name, value in changed.items()
    }
    if "age" in changed:
        one["age"] = BOY if changed["age"] is BOY else GIRL
    if isinstance(changed.get("value"), type(nc.Q(1, "kg"))):
        one["value"] = nc.Q(3.1, "kg")
    many = nc.zscore(**valid(**changed))
    assert many.z.shape == (1,)
    assert many.z[0] == nc.zscore(**valid(**one)).z


def test_one_value_serves_many() -> None:
    many = nc.zscore(**valid(sex=["f", "m", None]))
    assert many.status.tolist() == ["ok", "ok", "missing_sex"]
    ages = nc.Age.from_days([0, 1, 2])
    many = nc.zscore("weight", "3 kg", sex="f", age=ages)
    singles = [nc.zscore("weight", "3 kg", sex="f", age=nc.Age.from_days(d)).z for d in range(3)]
    assert many.z.tolist() == singles
    many = nc.zscore("weight", ["3 kg", "4 kg"], sex=["f"], age=nc.Age.from_days([0]))
    assert many.z.shape == (2,)


def test_no_children_at_all() -> None:
    nothing: list[Any] = [[], nc.Q([], "kg"), nc.Q(np.zeros(0), "g")]
    for value in nothing:
        r = nc.zscore(**valid(value=value))
        for array in (r.z, r.centile, r.status, r.reference, r.age_basis, r.method):
            assert array.shape == (0,)
    assert nc.zscore(**valid(age=nc.Age.from_days([]))).z.shape == (0,)
    empty = nc.Age.from_days([])
    assert nc.zscore("weight_for_length", "3 kg", sex="f", age=empty, length="50 cm").z.shape == (
        0,
    )


def test_columns_of_pandas() -> None:
    frame = pd.DataFrame(
        {"g": [3100.0, math.nan], "sex": ["f", "m"], "ga": ["27+3", None], "day": [105, 20]},
    )
    age = nc.Age.from_days(frame["day"], gestation=frame["ga"])
    r = nc.zscore("weight", nc.Q(frame["g"], "g"), sex=frame["sex"], age=age)
    assert r.z[0] == nc.zscore(**valid()).z
    assert r.status.tolist() == ["ok", "missing_value"]


# ------------------------------------------------------------------------- what one child raises


@pytest.mark.requirement("REQ-STAT-02")
@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"value": 3100}, nc.UnitError, "weight: 3100 is not accepted; give a quantity in kg, g"),
        ({"value": "3100"}, nc.UnitError, "such as \"1.85 kg\""),
        ({"value": "3,1 kg"}, nc.UnitError, "'3,1 kg'"),
        ({"value": "31 cm"}, nc.UnitError, "this is a length"),
        ({"value": None}, nc.MissingError, "weight: missing"),
        ({"value": "0 kg"}, nc.InputError, "a value above 0"),
        ({"value": "-1 kg"}, nc.InputError, "a value above 0"),
        ({"value": "1e300 kg"}, nc.InputError, "a value above 0 that can have been measured"),
        ({"value": "1e-300 kg"}, nc.InputError, "a value above 0 that can have been measured"),
        ({"value": nc.Q(math.nan, "kg")}, nc.MissingError, "weight: missing"),
        ({"sex": None}, nc.MissingError, "sex: missing"),
        ({"sex": "1"}, nc.SexError, "accepted: male, female, m, f, or declared codes"),
        ({"sex": 1, "sex_codes": {"male": 2, "female": 3}}, nc.SexError, "declared codes 2, 3"),
        ({"age": None}, nc.MissingError, "age: missing; give a neocalc.Age"),
        ({"age": 105}, nc.AgeError, "age: 105 is not accepted; a neocalc.Age"),
        ({"age": nc.Q(105, "day")}, nc.AgeError, "a neocalc.Age, such as"),
        ({"position": "lying"}, nc.InputError, "position: 'lying'"),
        ({"oedema": "maybe"}, nc.InputError, "oedema: 'maybe'"),
        ({"length": "50 cm"}, nc.InputError,
        "length: '50 cm' .* only for weight_for_length and bmi"), ({"measure": "wheight"},
        nc.InputError, "measure: 'wheight' .* weight, length, head_circ"),
        ({"measure": "weight_for_height"}, nc.InputError, "accepted: weight, length"),
        ({"measure": None}, nc.InputError, "measure: None"), ({"measure": ["weight"]},
        nc.InputError, "measure: "), ({"measure": np.array(["weight", "length"])}, nc.InputError,
        "measure: "), ({"reference": "who-2031"}, nc.InputError,
        "reference: 'who-2031' .* fenton-2013"), ({"policy": "fenton-2025"}, nc.InputError,
        "policy: 'fenton-2025'"), ({"sex_codes": "male=1"}, nc.PolicyError, "sex codes: 'male=1'"),
        ({"measure": "weight_for_length"}, nc.MissingError, "length: missing"),
        ({"measure": "weight_for_length", "length": 50}, nc.UnitError, "length: 50"),
        ({"measure": "weight_for_length", "length": "0 cm"}, nc.InputError, "a value above 0"),
        ({"measure": "weight_for_length", "length": nc.Q(math.nan, "cm")}, nc.MissingError,
        "length"), ({"measure": "bmi", "length": "0 cm", "age": BOY}, nc.InputError,
        "a value above 0"), ({"measure": "bmi", "value": "3.1 kg"}, nc.UnitError,
        "this is a mass"), ({"measure": "bmi", "value": "13 kg/m2", "length": "50 cm"},
        nc.UnitError, "this is a BMI"),
    ],
)  # fmt: skip
def test_one_wrong_input_raises(changed: dict[str, Any], kind: type[Exception], said: str) -> None:
    """One line: the argument, what was given, what is accepted."""
    with pytest.raises(kind, match=said) as caught:
        nc.zscore(**valid(**changed))
    message = str(caught.value)
    assert isinstance(caught.value, nc.NeocalcError)
    assert "\n" not in message
    assert len(message) < 400


def test_arrays_of_different_lengths() -> None:
    with pytest.raises(nc.InputError, match="arrays of 2 and 3 elements"):
        nc.zscore(**valid(value=["3 kg"] * 2, sex=["f"] * 3))
    with pytest.raises(nc.InputError, match="arrays of 2 and 1,000 elements"):
        nc.zscore(**valid(value=["3 kg"] * 2, age=nc.Age.from_days(np.ones(1000))))
    with pytest.raises(nc.InputError, match="arrays of 2 and 3 elements"):
        nc.size_at_birth("weight", ["1 kg"] * 2, sex=["f"] * 3, gestation="27+3")


def test_two_dimensions_are_refused() -> None:
    square: Any = np.ones((2, 2))
    calls: list[Callable[[], Any]] = [
        lambda: nc.zscore(**valid(value=nc.Q(square, "kg"))),
        lambda: nc.zscore(**valid(sex=np.array([["f", "m"]]))),
        lambda: nc.zscore(**valid(oedema=square > 0)),
        lambda: nc.zscore(**valid(position=np.array([["l", "h"]]))),
        lambda: nc.zscore(**valid(measure="bmi", length=nc.Q(square, "cm"))),
        lambda: nc.size_at_birth("weight", nc.Q(square, "kg"), sex="f", gestation="27+3"),
        lambda: nc.measurement("weight", z=square, sex="f", age=GIRL),
        lambda: nc.curves("weight", sex="f", reference="who-2006", z=square),
    ]
    for call in calls:
        with pytest.raises(nc.InputError, match="an array of 2 dimensions"):
            call()


@pytest.mark.requirement("REQ-WHO-15")
def test_a_wrong_position_or_oedema_among_many_has_no_z() -> None:
    r = nc.zscore("length", ["70 cm"] * 3, sex="f", age=BOY, position=["l", "side", None])
    assert r.status.tolist() == ["ok", "invalid_value", "ok"]
    assert np.isnan(r.z).tolist() == [False, True, False]
    r = nc.zscore(
        "weight", ["8 kg", None, "8 kg"], sex="f", age=BOY, oedema=["maybe", "maybe", "n"]
    )
    assert r.status.tolist() == ["invalid_value", "missing_value", "ok"]
    r = nc.zscore("weight", ["8 kg"] * 2, sex="f", age=BOY, oedema=["+", "n"], position=["?", "l"])
    assert r.status.tolist() == ["invalid_value", "ok"]


# ------------------------------------------------------------------------------------- the inverse


def test_the_inverse_for_one_and_for_many() -> None:
    one = nc.measurement("weight", z=4, sex="male", age=BOY)
    assert type(one.magnitude) is float
    assert str(one.units) == "kilogram"
    assert one.magnitude == pytest.approx(14.699589, abs=1e-6)
    assert nc.measurement("weight", z=-4, sex="m", age=BOY).magnitude == pytest.approx(
        6.111282, abs=1e-6
    )
    many = nc.measurement("weight", z=[4, -4, None], sex="male", age=BOY)
    assert many.magnitude.shape == (3,)
    assert many.magnitude[0] == one.magnitude
    assert np.isnan(many.magnitude[2])
    assert many.to("g").magnitude[0] == pytest.approx(14699.589, abs=1e-3)


@pytest.mark.parametrize(
    ("measure", "unit", "given"),
    [
        ("weight", "kilogram", {}),
        ("length", "centimeter", {}),
        ("length", "centimeter", {"position": "h"}),
        ("length", "centimeter", {"position": "l"}),
        ("head_circumference", "centimeter", {}),
        ("bmi", "kilogram / meter ** 2", {}),
        ("weight_for_length", "kilogram", {"length": "70 cm"}),
        ("weight_for_length", "kilogram", {"length": "70.04 cm", "position": "h"}),
        ("arm_circumference", "centimeter", {}),
        ("triceps_skinfold", "millimeter", {}),
        ("subscapular_skinfold", "millimeter", {}),
    ],
)
@pytest.mark.parametrize("z", [-3.7, -1.0, 0.0, 3.0, 4.4])
@pytest.mark.parametrize("day", [300, 731])
def test_the_inverse_of_each_measure(
    measure: str, unit: str, given: dict[str, Any], z: float, day: int
) -> None:
    age = nc.Age.from_days(day)
    y = nc.measurement(measure, z=z, sex="f", age=age, **given)
    assert str(y.units) == unit
    assert nc.zscore(measure, y, sex="f", age=age, **given).z == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(
    "z",
    ["2", "x", b"2", object(), {}, 1j, nc.Q(2, "kg"), True, None, math.nan, math.inf, -math.inf],
)
def test_a_z_that_is_not_a_number_raised_an_error_of_numpy(z: Any) -> None:
    with pytest.raises(nc.InputError, match=r"^z: ") as caught:
        nc.measurement("weight", z=z, sex="f", age=GIRL)
    missing = z is None or (isinstance(z, float) and math.isnan(z))
    assert caught.value.status == ("missing_value" if missing else "invalid_value")
    y = nc.measurement("weight", z=[0, z], sex="f", age=GIRL)
    assert np.isnan(y.magnitude).tolist() == [False, True]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"measure": "weight", "z": None}, "^z: missing; a number of SD$"),
        ({"measure": "weight", "z": -1000}, "^z: -1000 is not accepted; there is no weight at thi"),
        ({"measure": "bmi", "age": nc.Age.from_days(0, gestation="26+0")},
         "^age: .*; there is no bmi at this age: no_reference$"),
        ({"measure": "weight", "age": nc.Age.from_days(7000)},
         "^age: <Age chronological 7000 days> is not accepted; .* age: age_above_reference$"),
        ({"measure": "weight_for_length", "age": None, "length": "44.9 cm"},
         "^length: '44.9 cm' is not accepted; .* at this length: length_out_of_range$"),
    ],
)  # fmt: skip
def test_an_age_without_a_measurement_was_a_fault_of_the_z(asked: Any, said: str) -> None:
    with pytest.raises(nc.InputError, match=said):
        nc.measurement(**{"z": 0, "sex": "f", "age": BOY} | asked)


# ------------------------------------------------------------------------------------- chart lines


@pytest.mark.requirement("REQ-LMS-10")
def test_lines_of_a_chart() -> None:
    chart = nc.curves("weight", sex="female", reference="fenton-2013", centiles=[3, 50, 97])
    assert (chart.measure, chart.sex, chart.reference) == ("weight", "female", "fenton-2013")
    assert chart.chart_label == reference("fenton-2013").chart_label
    assert chart.axis == "postmenstrual_age_days"
    assert chart.x.tolist() == list(range(158, 351))
    assert chart.centiles.tolist() == [3, 50, 97]
    np.testing.assert_allclose(chart.z, zscore_from_centile([3, 50, 97]))
    assert str(chart.lines.units) == "kilogram"
    assert chart.lines.magnitude.shape == (3, 193)
    table = reference("fenton-2013").table("weight")
    np.testing.assert_array_equal(chart.lines.magnitude[1], table.M[0])


@pytest.mark.requirement("REQ-LMS-10")
def test_lines_of_every_table() -> None:
    for name in ("who-2006", "fenton-2013", "fenton-2025", "fenton-2025-birth"):
        ref = reference(name)
        for measure in ref.measures:
            table = ref.table(measure)
            for code, sex in enumerate(("F", "m")):
                chart = nc.curves(measure, sex=sex, reference=name)
                expected = zscore_from_centile([3, 10, 50, 90, 97])
                np.testing.assert_array_equal(chart.z, expected)
                assert chart.lines.magnitude.shape == (5, table.last - table.first + 1)
                assert chart.axis == table.axis
                scale = 10 if table.axis == "length_cm" else 1
                assert (chart.x[0], chart.x[-1]) == (table.first / scale, table.last / scale)
                L, M, S = table.L[code], table.M[code], table.S[code]
                plain = measurement_from_zscore(expected[:, np.newaxis], L, M, S)
                np.testing.assert_array_equal(chart.lines.magnitude, plain)


@pytest.mark.requirement("REQ-LMS-10")
def test_a_line_and_the_inverse_differ_beyond_three_sd() -> None:
    """The WHO draws its outer lines without the restriction."""
    chart = nc.curves("weight", sex="m", reference="who-2006", z=[-3, 3, 4])
    assert chart.lines.magnitude[2, 365] == pytest.approx(14.842548, abs=1e-6)
    assert chart.centiles[1] == pytest.approx(99.8650101968)
    for line, z in zip(chart.lines.magnitude, chart.z, strict=True):
        inverse = nc.measurement("weight", z=z, sex="m", age=BOY).magnitude
        assert (line[365] == pytest.approx(inverse, rel=1e-12)) == (abs(z) <= 3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"measure": "bmi"}, "measure: 'bmi' .* fenton-2013 has: weight, length"),
        ({"measure": None}, "measure: None"),
        ({"measure": ["weight"]}, "measure: "),
        ({"measure": {}}, "measure: "),
        ({"reference": "who-2009-velocity"}, "who-2009-velocity is for velocity"),
        ({"reference": "auto"}, "reference: 'auto'"),
        ({"reference": None}, "reference: None"),
        ({"sex": None}, "sex: missing"),
        ({"sex": ["f"]}, "sex: "),
        ({"sex": np.array(["f", "m"])}, "sex: "),
        ({"centiles": [50], "z": [0]}, "z: .* not both"),
        ({"centiles": [0]}, "centiles: .* above 0 and below 100"),
        ({"centiles": [50, 100]}, "centiles: "),
        ({"centiles": np.array([0.0, 50.0])}, "centiles: "),
        ({"centiles": [50, math.nan]}, "centiles: "),
        ({"centiles": [50, "x"]}, "centiles: "),
        ({"centiles": 50}, "centiles: 50"),
        ({"centiles": "50"}, "centiles: '50'"),
        ({"centiles": [[50]]}, "centiles: "),
        ({"z": [math.inf]}, "z: .* numbers of SD"),
        ({"z": 0}, "z: 0"),
        ({"z": "x"}, "z: 'x'"),
        ({"z": nc.Q([1.0], "kg")}, "z: "),
    ],
)
def test_lines_that_cannot_be_drawn(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"measure": "weight", "sex": "f", "reference": "fenton-2013"} | changed
    with pytest.raises(nc.InputError, match=said) as caught:
        nc.curves(**given)
    assert "\n" not in str(caught.value)


# ----------------------------------------------------------------------------------- size at birth


@pytest.mark.requirement("REQ-FEN-08")
def test_size_at_birth_of_one_and_of_many() -> None:
    one = nc.size_at_birth("weight", "980 g", sex="male", gestation="27+3")
    assert isinstance(one, nc.ZScore)
    assert (round(one.z, 2), one.category, one.status) == (-0.61, "AGA", "ok")
    assert (one.reference, one.age_basis) == ("fenton-2025-birth", "gestation")
    assert one.method == "lms-restricted"
    assert type(one.category) is str
    many = nc.size_at_birth(
        "weight",
        ["980 g", "600 g", "1300 g", None, "980 g", "0 g", "980 g", "980 g", "980 g"],
        sex=["m", "m", "m", "m", "x", "m", "m", "m", "m"],
        gestation=["27+3"] * 6 + [None, "27.3", "21+6"],
    )
    assert many.category.tolist() == ["AGA", "SGA", "LGA"] + [""] * 6
    assert many.status.tolist() == [
        "ok", "ok", "ok", "missing_value", "invalid_sex", "invalid_value", "missing_gestation",
        "invalid_gestation", "age_below_reference",
    ]  # fmt: skip
    assert many.z[0] == one.z


@pytest.mark.requirement("REQ-FEN-06")
def test_every_day_of_a_completed_week_is_the_same() -> None:
    found = {
        nc.size_at_birth("length", "36 cm", sex="f", gestation=f"27+{day}").z for day in range(7)
    }
    assert len(found) == 1
    assert nc.size_at_birth("length", "36 cm", sex="f", gestation="28+0").z not in found
    weeks = nc.Q(np.arange(189, 196), "day")
    assert set(nc.size_at_birth("length", "36 cm", sex="f", gestation=weeks).z) == found


@pytest.mark.requirement("REQ-FEN-07")
def test_categories_change_at_the_10th_and_the_90th_centile() -> None:
    table = reference("fenton-2025-birth").table("weight")
    row = [float(column[0, 27 - table.first]) for column in (table.L, table.M, table.S)]
    for centile, category in ((9.99, "SGA"), (10.01, "AGA"), (89.99, "AGA"), (90.01, "LGA")):
        y = measurement_from_zscore(zscore_from_centile(centile), *row)
        found = nc.size_at_birth("weight", nc.Q(y, "kg"), sex="f", gestation="27+0")
        assert found.category == category


@pytest.mark.requirement("REQ-FEN-08")
@pytest.mark.parametrize(
    ("measure", "first", "last"),
    [("weight", 22, 42), ("length", 23, 41), ("head_circumference", 23, 41)],
)
def test_weeks_at_the_ends(measure: str, first: int, last: int) -> None:
    value = "1 kg" if measure == "weight" else "30 cm"
    weeks = [
        f"{week}+{day}" for week, day in ((first - 1, 6), (first, 0), (last, 6), (last + 1, 0))
    ]
    found = nc.size_at_birth(measure, [value] * 4, sex="f", gestation=weeks)
    assert found.status[0] == "age_below_reference"
    assert found.status[3] == "age_above_reference"
    assert np.isnan(found.z).tolist() == [True, False, False, True]
    assert found.category[[0, 3]].tolist() == ["", ""]


@pytest.mark.requirement("REQ-FEN-08")
@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"gestation": None}, nc.MissingError, "gestation: missing; give it"),
        ({"gestation": "27.3"}, nc.GestationError, "ambiguous"),
        ({"value": "980"}, nc.UnitError, "weight: '980'"),
        ({"value": "0 g"}, nc.InputError, "a value above 0"),
        ({"value": None}, nc.MissingError, "weight: missing"),
        ({"sex": None}, nc.MissingError, "sex: missing"),
        ({"sex": "1"}, nc.SexError, "sex: '1'"),
        ({"measure": "size"}, nc.InputError, "measure: 'size'"),
        ({"reference": "fenton-2025"}, nc.InputError, "for growth; accepted: fenton-2025-birth,"),
        ({"reference": "who-2006"}, nc.InputError, "who-2006 is for growth"),
    ],
)
def test_one_wrong_birth_raises(changed: dict[str, Any], kind: type[Exception], said: str) -> None:
    given: dict[str, Any] = {"measure": "weight", "value": "980 g", "sex": "m", "gestation": "27+3"}
    with pytest.raises(kind, match=said):
        nc.size_at_birth(**(given | changed))


@pytest.mark.requirement("REQ-FEN-08")
def test_a_measure_that_is_not_charted_at_birth() -> None:
    found = nc.size_at_birth("bmi", "9 kg/m2", sex="f", gestation="27+3")
    assert (found.status, found.category, found.reference) == ("no_reference", "", "")
    codes = nc.size_at_birth(
        "weight", "980 g", sex="1", gestation="27+3", sex_codes={"male": 1, "female": 0}
    )
    assert codes.category == "AGA"


def test_a_weight_near_the_largest_float_gave_a_warning() -> None:
    found = nc.zscore("weight", nc.Q([1e308, 9e8], "kg"), sex="f", age=BOY)
    assert found.status.tolist() == ["invalid_value", "implausible"]
    assert [math.isnan(z) for z in found.z] == [True, False]
