"""Quantities at the edge: the closed list, what is refused, texts, pint quantities and arrays."""

from __future__ import annotations

import decimal
import fractions
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pint
import polars as pl
import pytest

import neocalc as nc
from neocalc.errors import CODE
from neocalc.reading.dimensions import CANONICAL, Unit, convert, example, find_unit, split_quantity
from neocalc.reading.units import figures_of, numbers_of, quantity


def one(value: Any, target: str = "kg") -> float:
    """The figure of one value."""
    figures, status, single = figures_of(value, target, "weight")
    assert single
    assert status is None
    assert figures.shape == (1,)
    return float(figures[0])


def unit(text: str) -> Unit:
    """A unit that is on the list."""
    found = find_unit(text)
    assert found is not None
    return found


# ------------------------------------------------------------------------------- the closed list

ACCEPTED = {
    "mass": "kg kilogram kilograms g gram grams",
    "length": "cm centimetre centimeter centimeters mm millimetre millimeters m metre meters",
    "time": "day days d week weeks wk w month months mo h hour hours hr min minute minutes",
    "volume": "mL ml millilitre milliliters",
    "cells": "cell cells",
    "vials": "vial vials",
    "fraction": "% percent fraction",
    "bmi": "kg/m2 kg/m^2 kg/m**2 kg/m²",
    "dose": "cells/kg cell/kg million_cell/kg",
    "concentration": "cells/mL cell/ml",
    "vial_content": "cells/vial",
    "volume_per_mass": "mL/kg",
    "rate": "mL/h mL/min mL/hour",
    "rate_per_mass": "mL/kg/h mL/h/kg",
    "mass_rate": "g/day",
    "length_rate": "cm/week mm/day cm/wk",
    "relative_rate": "g/kg/day g/day/kg",
    "mass_fraction": "g/kg",
    "dose_rate": "cells/kg/min cell/kg/h",
}


@pytest.mark.requirement("REQ-UNIT-02")
@pytest.mark.parametrize(
    ("dimension", "text"), [(d, text) for d, texts in ACCEPTED.items() for text in texts.split()]
)
def test_units_of_each_dimension(dimension: str, text: str) -> None:
    assert unit(text).dimension == dimension


@pytest.mark.requirement("REQ-UNIT-07")
def test_units_of_several_words() -> None:
    for text in (
        "million cells/kg",
        "million cell/kg",
        "million  cells / kg",
        "million cells per kg",
    ):
        assert unit(text) == Unit("million cells/kg", "dose", 10**6, 1)
    assert unit("thousand cells").num == 1_000
    assert unit("billion cells").num == 1_000_000_000


def test_canonical_units_are_on_the_list_and_canonical() -> None:
    for dimension, name in CANONICAL.items():
        assert unit(name).dimension == dimension
    for name in ("kg", "cm", "day", "mL", "cell", "cell/kg", "cell/mL"):
        assert (unit(name).num, unit(name).den) == (1, 1)


@pytest.mark.requirement("REQ-UNIT-02")
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "kG", "KG", "Kg", "G", "lb", "oz", "stone", "inch", "ft", "mg", "ug", "µg", "L",
        "cc", "s", "sec", "year", "yr", "a", "pmol/kg", "CFU/kg", "IU", "kg/kg/kg", "kg*m", "kg/",
        "/kg", "kg//m2", "kg/m3", "cm/m2", "cells/m2", "m2", "g/week/day", "k g", "kilo gram", "g.",
        "g;", "kg\x00", "kg/m2/day", "×10^6 cells", "M cells/kg", "1e6 cells/kg", "10^6", "million",
        "кг", "x" * 41, "x" * 10_000,
    ],
)  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    assert find_unit(text) is None


# ------------------------------------------------------------------------------------ conversion


@pytest.mark.requirement("REQ-UNIT-05")
@pytest.mark.parametrize(
    ("figure", "source", "target", "expected"),
    [
        (1850, "g", "kg", 1.85),
        (1.85, "kg", "g", 1850.0),
        (495, "mm", "cm", 49.5),
        (0.495, "m", "cm", 49.5),
        (3, "week", "day", 21.0),
        (36, "month", "day", 1095.75),
        (36, "h", "day", 1.5),
        (1, "mL/min", "mL/h", 60.0),
        (5, "million cells/kg", "cell/kg", 5e6),
        (92, "%", "fraction", 0.92),
        (7, "cm/week", "mm/day", 10.0),
        (12.5, "kg/m2", "kg/m2", 12.5),
    ],
)
def test_conversions(figure: float, source: str, target: str, expected: float) -> None:
    assert convert(figure, unit(source), unit(target)) == expected


@pytest.mark.requirement("REQ-UNIT-05")
def test_a_conversion_rounds_once() -> None:
    """Whole grams are the nearest float to their decimal kilograms, for each of 10,000."""
    grams = np.arange(1, 10_001)
    kilograms = convert(grams.astype(float), unit("g"), unit("kg"))
    assert kilograms.tolist() == [float(f"{g // 1000}.{g % 1000:03d}") for g in grams]


# ----------------------------------------------------------------------------------------- texts


@pytest.mark.requirement("REQ-UNIT-04")
@pytest.mark.parametrize(
    "text",
    [
        "1850 g", "1850g", " 1850  g ", "1850.0 g", "+1850 g", "1.85e3 g", "1.85E+3g", "1850 grams",
        "1.85 kg", "1.85kg", "01.85 kg", "1.850 kilograms", "1850\tg", "1850 g\n", ".00185e3 kg",
        "1850.g",
    ],
)  # fmt: skip
def test_texts_of_one_weight(text: str) -> None:
    assert one(text) == 1.85


@pytest.mark.requirement("REQ-UNIT-07")
@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("1 million cells/kg", "cell/kg", 1e6),
        ("2.5 million cells per kg", "cell/kg", 2.5e6),
        ("5e6 cells/mL", "cell/mL", 5e6),
        ("5,000,000 cells/mL", "cell/mL", 5e6),
        ("1,500 million cells", "cell", 1.5e9),
        ("92%", "fraction", 0.92),
        ("92 %", "fraction", 0.92),
        ("0.92 fraction", "fraction", 0.92),
        ("13.5 kg/m2", "kg/m2", 13.5),
        ("13.5 kg/m²", "kg/m2", 13.5),
        ("13.5 kg/m**2", "kg/m2", 13.5),
        ("13.5 kg/m^2", "kg/m2", 13.5),
        ("-3 cm", "cm", -3.0),
    ],
)
def test_texts_of_other_quantities(text: str, target: str, expected: float) -> None:
    assert one(text, target) == expected


@pytest.mark.requirement("REQ-UNIT-02", "REQ-UNIT-06")
@pytest.mark.parametrize(
    "text",
    [
        "1850", "g", "kg 1.85", "1,85 kg", "1,850 kg", "18,50 g", "1.850,5 g", "1850 g g",
        "1 850 g",
        "1850 g 2", "1.8.5 kg", "--1 kg", "1e kg", "e3 kg", "0x10 kg", "1_000 g", "nan kg",
        "NaN kg", "inf kg", "-inf kg", "1+1 kg", "2*3 kg", "9**9**9 kg", "__import__('os') kg",
        "1 kg; 2 kg", "<1 kg", "~2 kg", "2kg 300g", "1e9999 kg", "１８５０ g", "١٨٥٠ g", "1850 ｇ",
        "−5 kg", "1850 g\x00", "1850\x00 g", "1850 lb", "1850 furlong", "(1850) g", "1850 [g]",
        "${1} kg", "1/2 kg", "½ kg", "1'850 g", "12,34,567 cells", "1850 gg", "1" * 10_000 + " g",
        "1850 g" + " " * 10_000, "1850 " + "g" * 10_000, " " * 10_000 + "1850 g", "9" * 101,
    ],
)  # fmt: skip
def test_other_texts_are_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    with pytest.raises(nc.UnitError) as caught:
        one(text)
    assert time.perf_counter() - start < 0.1
    message = str(caught.value)
    assert message.startswith("weight: ")
    assert "kg" in message
    assert "\n" not in message
    assert len(message) < 300


def test_a_figure_too_large_for_a_float_is_infinite_and_has_no_z() -> None:
    assert one("1e999 kg") == math.inf
    age = nc.Age.from_days(10)
    with pytest.raises(nc.InputError, match="above 0") as caught:
        nc.zscore("weight", "1e999 kg", sex="f", age=age)
    assert caught.value.status == "invalid_value"


@pytest.mark.requirement("REQ-UNIT-06")
def test_commas_between_thousands_are_for_cells_and_grams_alone() -> None:
    """1,850 kg could be 1.85 kg with a decimal comma; 1,850 g as 1.85 g is no infant's weight."""
    for text in ("1,850 kg", "1,850 mL", "12,000 day", "1,85 g", "1,8500 g", "0,850.5 g"):
        with pytest.raises(nc.UnitError):
            split_quantity(text, "value", "a quantity")
    assert one("1,850 g") == one("1,850 grams") == 1.85


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("5e6/mL", "cell/mL", 5e6),
        ("5 million/mL", "cell/mL", 5e6),
        ("5 million per mL", "cell/mL", 5e6),
        ("5000 cells/uL", "cell/mL", 5e6),
        ("5000/µL", "cell/mL", 5e6),
        ("5 x 10^6 cells/mL", "cell/mL", 5e6),
        ("5×10⁶ cells/mL", "cell/mL", 5e6),
        ("2.5 × 10⁶ cells/kg", "cell/kg", 2.5e6),
        ("1 x 10^6/mL", "cell/mL", 1e6),
        ("1.85 Kg", "kg", 1.85),
        ("1.85KG", "kg", 1.85),
        ("1.85 kgs", "kg", 1.85),
        ("2 mL/Kg", "mL/kg", 2.0),
        ("30 mins", "h", 0.5),
        ("2 hrs", "h", 2.0),
        ("500 uL", "mL", 0.5),
    ],
)
def test_texts_as_they_stand_on_labels(text: str, target: str, expected: float) -> None:
    assert one(text, target) == expected


@pytest.mark.parametrize(
    "text",
    [
        "5 M/mL", "5e6", "5 million", "5 x 10^6", "5 x 106 cells/mL", "5 x 10 cells/mL",
        "x 10^6 cells/mL", "5 10^6 cells/mL", "5 x 10^-6 cells/mL", "5 x 10^6 x 10^6 cells/mL",
        "5e6/kg", "5 million/kg", "1 million/vial", "5e6/ML", "5e6/L", "5,5 million/mL",
        "5 x 11^6 cells/mL", "5e6 x 10^6 cells/mL", "5 lbs",
    ],
)  # fmt: skip
def test_texts_that_could_be_something_else_are_refused(text: str) -> None:
    for target in ("cell/mL", "cell/kg", "kg"):
        with pytest.raises(nc.UnitError):
            one(text, target)


@pytest.mark.parametrize(
    "value", [None, "", " ", "\n", math.nan, pd.NA, pd.NaT, nc.Q(math.nan, "kg")]
)
def test_one_missing_value(value: Any) -> None:
    with pytest.raises(nc.MissingError, match="weight: missing") as caught:
        figures_of(value, "kg", "weight")
    assert caught.value.status == "missing_value"


@pytest.mark.requirement("REQ-UNIT-01")
@pytest.mark.parametrize(
    "value",
    [5, 5.0, 0, np.float64(5), np.array(5.0), [1.0, 2.0], (1, 2), np.ones(3), [None, 5.0],
     5j, pd.Series([1.0]), pl.Series([1.0]), fractions.Fraction(1, 2), decimal.Decimal("1.85")],
)  # fmt: skip
def test_a_bare_number_has_no_unit(value: Any) -> None:
    with pytest.raises(nc.UnitError, match="a bare number has no unit") as caught:
        figures_of(value, "kg", "weight")
    assert caught.value.argument == "weight"
    assert "kg, g" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [True, [True], {"kg": 5}, {5}, object(), b"5 kg", [b"5 kg"], np.array([b"5 kg"]), float,
     lambda: 1, iter(["5 kg"])],
)  # fmt: skip
def test_what_is_no_number_was_called_a_bare_one(value: Any) -> None:
    with pytest.raises(nc.UnitError, match=r"give a quantity in kg, g$") as caught:
        figures_of(value, "kg", "weight")
    assert "\n" not in str(caught.value)


@pytest.mark.requirement("REQ-UNIT-03")
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("3.2 cm", "(this is a length)"),
        ("3.2 kg/m2", "(this is a BMI)"),
        ("3 mL/kg", "(this is a volume per mass)"),
        ("3 cells", "(this is a number of cells)"),
        ("3 vials", "(this is a number of vials)"),
        ("3 million cells/kg", "(this is a dose)"),
        ("3 cells/vial", "(this is the content of a vial)"),
        ("3 g/kg/day", "(this is a rate for each kg)"),
        (nc.Q(3.2, "cm"), "a quantity in centimeter"),
        (pint.UnitRegistry().Quantity(3.2, "newton"), "a quantity in newton"),
        (pint.UnitRegistry().Quantity(20, "degC"), "a quantity in degree_Celsius"),
        (pint.UnitRegistry().Quantity(3.2, ""), "a quantity in dimensionless"),
    ],
)
def test_another_dimension_is_named(value: Any, said: str) -> None:
    with pytest.raises(nc.UnitError, match="give a quantity in kg, g") as caught:
        figures_of(value, "kg", "weight")
    assert said in str(caught.value)


@pytest.mark.requirement("REQ-UNIT-03")
def test_examples_in_messages() -> None:
    assert example("give a quantity in kg, g") == '"1.85 kg"'
    assert example("give a quantity in g or kg") == '"1850 g"'
    assert example("give a quantity in mL/kg") == '"1 mL/kg"'
    with pytest.raises(nc.UnitError, match=r'such as "49\.5 cm"$'):
        figures_of("49,5cm", "cm", "length")
    with pytest.raises(nc.UnitError, match="give a quantity in grams"):
        figures_of("49,5cm", "kg", "weight", units="grams")


def test_the_example_of_a_duration_was_made_of_its_own_message() -> None:
    with pytest.raises(nc.UnitError) as caught:
        nc.Policy(handover="abc")
    assert str(caught.value).endswith('"50 week", "36 month", "37+0" or "350 day"')


# ------------------------------------------------------------------------------- pint quantities


@pytest.mark.requirement("REQ-UNIT-04")
@pytest.mark.parametrize("make", [pint.UnitRegistry, pint.get_application_registry])
def test_quantities_of_any_registry(make: Callable[[], Any]) -> None:
    units = make()
    assert one(units.Quantity(1850, "g")) == 1.85
    assert one(units.Quantity(1.85, "kilogram")) == 1.85
    assert one(units.Quantity(1850.0, "gram")) == 1.85
    assert one(units.Quantity(495, "mm"), "cm") == 49.5
    assert one(units.Quantity(3, "week"), "day") == 21.0
    assert one(units.Quantity(13.5, "kg/m**2"), "kg/m2") == 13.5
    assert one(units.Quantity(1_850_000, "mg")) == pytest.approx(1.85, rel=1e-15)
    assert one(units.Quantity(4, "lb")) == pytest.approx(1.81436948, rel=1e-15)
    figures, status, single = figures_of(units.Quantity(np.array([1850, 2000]), "g"), "kg", "w")
    assert figures.tolist() == [1.85, 2.0]
    assert status is None
    assert not single


@pytest.mark.requirement("REQ-UNIT-08")
def test_a_product_of_mixed_prefixes_keeps_its_prefix() -> None:
    """1e6 cells/kg x 3200 g: its bare magnitude is 3.2e9, which is a thousandfold overdose."""
    product = nc.Q(1e6, "cell/kg") * nc.Q(3200, "g")
    assert product.magnitude == 3.2e9
    assert one(product, "cell") == pytest.approx(3.2e6, rel=1e-15)
    millions = nc.Q(1, "million cells/kg") * nc.Q(3200, "g")
    assert one(millions, "cell") == pytest.approx(3.2e6, rel=1e-15)


@pytest.mark.parametrize(
    "make",
    [
        lambda: 5,
        lambda: 5.0,
        lambda: np.int64(5),
        lambda: np.float32(5),
        lambda: np.array(5),
        lambda: decimal.Decimal(5),
        lambda: fractions.Fraction(5),
    ],
)
def test_one_number_of_any_kind(make: Callable[[], Any]) -> None:
    assert one(nc.Q(make(), "kg")) == 5.0


@pytest.mark.requirement("REQ-UNIT-04")
@pytest.mark.parametrize(
    "make",
    [
        lambda: [1, 2],
        lambda: (1.0, 2.0),
        lambda: np.array([1, 2]),
        lambda: np.array([1.0, 2.0], dtype=">f8"),
        lambda: range(1, 3),
        lambda: pd.Series([1, 2]),
        lambda: pd.Series([1, 2], dtype="Int64"),
        lambda: pd.array([1.0, 2.0], dtype="Float64"),
        lambda: pl.Series([1.0, 2.0]),
    ],
)
def test_arrays_of_any_kind(make: Callable[[], Any]) -> None:
    """A pandas column was refused by pint with an error that was not neocalc's."""
    figures, status, single = figures_of(nc.Q(make(), "kg"), "kg", "weight")
    assert figures.tolist() == [1.0, 2.0]
    assert status is None
    assert not single


@pytest.mark.requirement("REQ-UNIT-09")
def test_missing_elements_of_a_pint_array_are_nan() -> None:
    for values in ([1.0, None], [1.0, math.nan], pd.array([1, None], dtype="Int64")):
        np.testing.assert_array_equal(figures_of(nc.Q(values, "kg"), "kg", "w")[0], [1, math.nan])


@pytest.mark.requirement("REQ-UNIT-09")
def test_a_masked_value_was_scored_as_if_it_had_been_measured() -> None:
    masked = np.ma.array([3.0, 4.0], mask=[False, True])
    figures = figures_of(nc.Q(masked, "kg"), "kg", "weight")[0]
    np.testing.assert_array_equal(figures, [3.0, math.nan])
    result = nc.zscore("weight", nc.Q(masked, "kg"), sex="f", age=nc.Age.from_days(3))
    assert result.status.tolist() == ["ok", "missing_value"]
    sexes = np.ma.array(["f", "m"], mask=[False, True])
    result = nc.zscore("weight", ["3 kg", "3 kg"], sex=sexes, age=nc.Age.from_days(3))
    assert result.status.tolist() == ["ok", "missing_sex"]


@pytest.mark.parametrize(
    "value",
    [None, "5", True, [True], "a", ["5"], [[1], [2, 3]], {}, {1}, object(), 5j, 10**400,
     nc.Q(5, "kg"), [nc.Q(5, "kg")], np.datetime64("2026-05-01"), np.timedelta64(5, "D"), [pd.NA],
     np.array(["5"]), iter([1])],
)  # fmt: skip
def test_q_takes_numbers_alone(value: Any) -> None:
    with pytest.raises(nc.UnitError, match="a number or an array of numbers"):
        nc.Q(value, "kg")


def test_the_unit_of_quantities_in_a_list_was_stripped() -> None:
    """3,000 g became 3,000 kg, with no more than a warning of pint's."""
    with pytest.raises(nc.UnitError):
        nc.Q([nc.Q([3000.0], "g")], "kg")


@pytest.mark.requirement("REQ-UNIT-02")
@pytest.mark.parametrize("name", ["furlong", "", "kg*m", "exec('1')", None, 5, "x" * 10_000_000])
def test_q_takes_listed_units_alone(name: Any) -> None:
    with pytest.raises(nc.UnitError, match="one of the listed units"):
        nc.Q(5, name)


def test_quantities_that_are_not_numbers() -> None:
    units: Any = pint.UnitRegistry()
    for magnitude in (np.array(["1", "2"]), np.array([True]), np.array([1j]), object()):
        with pytest.raises(nc.UnitError):
            figures_of(units.Quantity(magnitude, "kg"), "kg", "weight")


@pytest.mark.requirement("REQ-UNIT-02")
def test_what_only_looks_like_a_quantity_is_refused() -> None:
    class Pretended:
        units = "kg"
        magnitude = 5

    with pytest.raises(nc.UnitError, match="a quantity in kg"):
        figures_of(Pretended(), "cm", "length")


def test_two_dimensions_are_refused() -> None:
    for value in (nc.Q(np.ones((2, 2)), "kg"), np.array([["1 kg"], ["2 kg"]])):
        with pytest.raises(nc.InputError, match="weight: 'an array of 2 dimensions'"):
            figures_of(value, "kg", "weight")


@pytest.mark.requirement("REQ-UNIT-09")
def test_results_are_plain_numbers_with_a_unit() -> None:
    assert str(quantity(1.85, "kg")) == "1.85 kilogram"
    assert str(quantity(13.5, "kg/m2").units) == "kilogram / meter ** 2"
    assert quantity(0.5, "fraction").magnitude == 0.5
    assert nc.Q(1, "million cells").to("cell").magnitude == 1e6
    assert nc.Q(1, "month").to("day").magnitude == 30.4375


# ------------------------------------------------------------------------------- arrays of texts


@pytest.mark.parametrize("make", [list, tuple, np.array, pd.Series, pl.Series, pd.Index])
def test_arrays_of_texts(make: Callable[[Any], Any]) -> None:
    """A pandas column of texts was refused as a bare number."""
    figures, status, single = figures_of(make(["1850 g", "2 kg"]), "kg", "weight")
    assert figures.tolist() == [1.85, 2.0]
    assert status is None
    assert not single


@pytest.mark.requirement("REQ-UNIT-09")
def test_bad_elements_have_a_status_and_the_others_go_on() -> None:
    values = [
        "1850 g", None, "", "5", "2 cm", nc.Q(2.5, "kg"), nc.Q(3, "cm"), math.nan, pd.NA, 7.0, [],
        nc.Q([1.0, 2.0], "kg"), nc.Q(math.nan, "kg"), "nan kg", object(), {}, "-1 kg",
    ]  # fmt: skip
    figures, status, single = figures_of(values, "kg", "weight")
    assert not single
    missing, invalid = CODE["missing_value"], CODE["invalid_value"]
    assert status is not None
    assert status.tolist() == [
        0, missing, missing, invalid, invalid, 0, invalid, missing, missing, invalid, invalid,
        invalid, missing, invalid, invalid, invalid, 0,
    ]  # fmt: skip
    expected = [math.nan] * len(values)
    expected[0], expected[5], expected[-1] = 1.85, 2.5, -1.0
    np.testing.assert_array_equal(figures, expected)


def test_a_list_with_one_missing_weight_was_refused_as_a_whole() -> None:
    for missing in (math.nan, pd.NA, None):
        figures, status, _ = figures_of(["3 kg", missing], "kg", "weight")
        np.testing.assert_array_equal(figures, [3.0, math.nan])
        assert status is not None
        assert status.tolist() == [0, CODE["missing_value"]]


def test_all_missing_and_none_at_all() -> None:
    figures, status, single = figures_of([None, math.nan], "kg", "weight")
    assert np.isnan(figures).all()
    assert status is not None
    assert status.tolist() == [CODE["missing_value"]] * 2
    empties: list[Any] = [[], (), np.array([], dtype=object), pd.Series([], dtype=str)]
    for empty in empties:
        figures, status, single = figures_of(empty, "kg", "weight")
        assert figures.shape == (0,)
        assert status is None
        assert not single


# --------------------------------------------------------------------------------- plain numbers


def plain(value: Any) -> tuple[list[float], list[bool] | None, bool]:
    """`numbers_of` as plain lists."""
    figures, odd, single = numbers_of(value, "z", lambda: nc.InputError("z", value, "numbers"))
    return figures.tolist(), None if odd is None else odd.tolist(), single


@pytest.mark.parametrize("value", [2, 2.0, np.int8(2), np.float32(2), np.array(2)])
def test_one_plain_number(value: Any) -> None:
    assert plain(value) == ([2.0], None, True)


@pytest.mark.parametrize(
    "value", [[1, 2], (1.0, 2), np.array([1, 2], dtype="u1"), pd.Series([1, 2]), pl.Series([1, 2])]
)
def test_many_plain_numbers(value: Any) -> None:
    assert plain(value) == ([1.0, 2.0], None, False)


def test_infinite_numbers_are_numbers() -> None:
    assert plain(math.inf) == ([math.inf], None, True)
    assert plain([1, -math.inf]) == plain(np.array([1, -math.inf])) == ([1, -math.inf], None, False)


def test_missing_numbers_are_nan() -> None:
    for value in (None, math.nan, pd.NA, pd.NaT, ""):
        figures, odd, single = plain(value)
        assert (math.isnan(figures[0]), odd, single) == (True, None, True)
    figures, odd, single = plain([1, None, math.nan, pd.NA])
    np.testing.assert_array_equal(figures, [1, math.nan, math.nan, math.nan])
    assert (odd, single) == (None, False)


@pytest.mark.parametrize(
    "value",
    ["2", True, 2j, 10**400, {}, object(), nc.Q(2, "kg"), np.datetime64("2026-05-01")],
)
def test_what_is_not_a_number(value: Any) -> None:
    with pytest.raises(nc.InputError):
        plain(value)
    figures, odd, single = plain([1, value])
    assert math.isnan(figures[1])
    assert (figures[0], odd, single) == (1.0, [False, True], False)


def test_numbers_in_two_dimensions_are_refused() -> None:
    with pytest.raises(nc.InputError, match="z: 'an array of 2 dimensions'"):
        plain(np.ones((2, 2)))
