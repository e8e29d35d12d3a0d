"""Properties of quantities and of what a user may type: whatever it is, it is read or refused."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pint
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.reading.dimensions import convert, find_unit
from neocalc.reading.units import figures_of

OTHER_REGISTRY: Any = pint.UnitRegistry()
AGE = nc.Age.from_days(100, gestation="28+0")

grams = st.integers(1, 60_000)
figures = st.floats(1e-6, 1e9, allow_nan=False)


# ------------------------------------------------------------------------- units do not matter


def in_every_way(gram: int) -> list[Any]:
    """One weight in all the ways in which it can be given."""
    kilogram = Decimal(gram) / 1000
    return [
        f"{gram} g",
        f"{gram}g",
        f"{gram}.0 grams",
        f"{kilogram} kg",
        f"{kilogram:.3f} kilograms",
        f"{Decimal(gram):E} g",
        nc.Q(gram, "g"),
        nc.Q(float(gram), "gram"),
        nc.Q(float(kilogram), "kg"),
        OTHER_REGISTRY.Quantity(gram, "g"),
        OTHER_REGISTRY.Quantity(float(kilogram), "kilogram"),
        pint.Quantity(gram, "g"),
    ]


@pytest.mark.requirement("REQ-UNIT-05")
@given(grams)
def test_units_do_not_matter_to_the_last_bit(gram: int) -> None:
    found = {figures_of(way, "kg", "weight")[0].item() for way in in_every_way(gram)}
    assert found == {gram / 1000}


@pytest.mark.requirement("REQ-UNIT-05")
@given(st.integers(400, 20_000), st.sampled_from(["weight", "bmi", "weight_for_length"]))
def test_nor_do_they_to_a_z(gram: int, measure: str) -> None:
    age = nc.Age.from_days(200)
    more: dict[str, Any] = {} if measure == "weight" else {"length": "65.5 cm"}
    ways = in_every_way(gram)
    single = [nc.zscore(measure, way, sex="f", age=age, **more).z for way in ways]
    many = nc.zscore(measure, ways, sex="f", age=age, **more)
    assert len(set(single)) == 1
    assert many.z.tolist() == single
    lengths = [nc.Q(655, "mm"), "655 mm", nc.Q(65.5, "cm"), OTHER_REGISTRY.Quantity(655, "mm")]
    if more:
        for length in lengths:
            assert nc.zscore(measure, ways[0], sex="f", age=age, length=length).z == single[0]


@pytest.mark.requirement("REQ-UNIT-04")
@given(
    figures, st.sampled_from(["kg", "g", "cm", "mm", "day", "week", "cells/kg", "cells/mL", "%"])
)
def test_text_quantity_and_array_of_one_figure_are_one_float(figure: float, unit: str) -> None:
    found = find_unit(unit)
    assert found is not None
    target = {
        "mass": "kg", "length": "cm", "time": "day", "dose": "cell/kg", "concentration": "cell/mL",
        "fraction": "fraction",
    }[found.dimension]  # fmt: skip
    canonical = find_unit(target)
    assert canonical is not None
    expected = convert(figure, found, canonical)
    ways = [f"{figure!r} {unit}", nc.Q(figure, unit), nc.Q([figure], unit), [f"{figure!r} {unit}"]]
    for way in ways:
        assert figures_of(way, target, "value")[0].tolist() == [expected]


@pytest.mark.requirement("REQ-UNIT-05")
@given(
    figures,
    st.sampled_from([("g", "kg"), ("mm", "cm"), ("m", "cm"), ("week", "day"), ("%", "fraction")]),
)
def test_a_conversion_there_and_back(figure: float, units: tuple[str, str]) -> None:
    one, other = (find_unit(name) for name in units)
    assert one is not None
    assert other is not None
    there = convert(figure, one, other)
    assert convert(there, other, one) == pytest.approx(figure, rel=4e-16)
    assert convert(there, other, other) is there


@pytest.mark.requirement("REQ-UNIT-07")
@given(st.text(max_size=30), st.sampled_from(["kg", "cm", "day", "cell/kg"]))
def test_a_text_is_read_or_refused(text: str, target: str) -> None:
    try:
        found, status, single = figures_of(text, target, "value")
    except nc.InputError as error:
        message = str(error)
        assert message.startswith("value: ")
        assert len(message.splitlines()) == 1
    else:
        assert (found.shape, status, single) == ((1,), None, True)
        assert not math.isnan(found[0])


numbers = st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True)
units = st.sampled_from(
    ["g", "kg", "cells/kg", "million cells", "g/kg/day", "m2", "lb", "furlong", ""]
)


@pytest.mark.requirement("REQ-UNIT-07")
@given(numbers, st.sampled_from(["", " ", "\t", "  "]), units)
def test_what_is_read_is_the_figure_that_was_typed(number: str, space: str, unit: str) -> None:
    """Never another one: no prefix, no sign, no exponent lost."""
    text = f"{number}{space}{unit}"
    found = find_unit(unit)
    if found is not None and found.dimension == "mass":
        expected = float(number) / (1000 if unit == "g" else 1)
        assert figures_of(text, "kg", "weight")[0].tolist() == [expected]
    else:
        with pytest.raises(nc.UnitError):
            figures_of(text, "kg", "weight")


# ------------------------------------------------------------------- nothing else than our errors

odd_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["27+3", "27.3", "2026-05-01", "2026-13-01", "f", "1", "3 kg", "50 cm", "nan", "inf",
         "yes", "l", "weight", "who-2006", "auto", "NaT", "None", "\x00", "\ud800", "50 week",
         "9" * 400, "/", "..", "/dev/null", "~", "a" * 5000]
    ),
)  # fmt: skip
odd_numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.complex_numbers(),
    st.fractions(),
    st.decimals(),
    st.sampled_from([10**400, np.float32(3), np.int8(3), np.bool_(True), np.float64("nan")]),
)
odd_dates = st.one_of(
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.timedeltas(),
    st.times(),
    st.sampled_from(
        [np.datetime64("NaT", "D"), np.datetime64("2026-05-01T01", "ns"), np.datetime64(2**60, "D"),
         np.timedelta64(3, "D"), pd.NaT, pd.Timestamp("2026-05-01", tz="UTC"), pd.Timestamp(0)]
    ),
)  # fmt: skip
odd_quantities = st.builds(
    nc.Q,
    st.one_of(st.floats(), st.integers(-(10**6), 10**6), st.lists(st.floats(), max_size=3)),
    st.sampled_from(["kg", "g", "cm", "day", "week", "kg/m2", "cell", "%"]),
)
odd_things: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    odd_texts,
    odd_numbers,
    odd_dates,
    odd_quantities,
    st.binary(max_size=5),
    st.sampled_from(
        [pd.NA, object(), int, len, ..., NotImplemented, frozenset({"f"}), {"male": 1}]
    ),
    st.sampled_from([pl.col("x"), pl.Series([1, None]), pd.Series(["f", None]), pd.DataFrame()]),
)
odd: st.SearchStrategy[Any] = st.one_of(
    odd_things,
    st.lists(odd_things, max_size=3),
    st.tuples(odd_things, odd_things),
    st.lists(odd_texts, max_size=3).map(np.array),
    st.lists(st.floats(), max_size=3).map(np.array),
    st.sampled_from(
        [np.ones((2, 2)), np.array([["f"]]), np.array(5), np.array("f"), np.zeros(0),
         np.array([b"f"]), np.array([1j]), np.array([True]), np.array(["2026-05-01"], "M8[ns]"),
         np.array([1], "m8[D]"), np.ma.array([1.0, 2.0], mask=[True, False]),
         np.array([(1, 2)], dtype="i4,i4"), np.array([None, "f", {}, []], dtype=object),
         np.array(["f"], dtype=np.dtypes.StringDType())]
    ),
)  # fmt: skip


def refused_or_done(call: Callable[[], Any]) -> None:
    """Nothing but an error of neocalc's own, in one line, or a result that can be read."""
    try:
        result = call()
    except nc.NeocalcError as error:
        message = str(error)
        assert message
        assert len(message.splitlines()) == 1, message
        assert len(message) < 6000
        return
    if isinstance(result, nc.ZScore):
        z, status = np.atleast_1d(result.z), np.atleast_1d(result.status)
        assert (np.isnan(z) == ~np.isin(status, ["ok", "implausible"])).all()
        for name in ("centile", "reference", "age_basis", "method"):
            assert np.atleast_1d(getattr(result, name)).shape == z.shape
    repr(result)


ARGUMENTS = [
    "measure", "value", "sex", "age", "length", "position", "oedema", "reference", "policy",
    "sex_codes",
]  # fmt: skip


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize("argument", ARGUMENTS)
@pytest.mark.parametrize("measure", ["weight", "weight_for_length"])
@given(thing=odd)
def test_any_argument_of_zscore(argument: str, measure: str, thing: Any) -> None:
    arguments: dict[str, Any] = {"measure": measure, "value": "3 kg", "sex": "f", "age": AGE}
    if measure == "weight_for_length":
        arguments["length"] = "50 cm"
    refused_or_done(lambda: nc.zscore(**(arguments | {argument: thing})))


@pytest.mark.requirement("REQ-STAT-07")
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(ARGUMENTS, odd)))
def test_any_arguments_of_zscore_at_once(things: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"measure": "weight", "value": "3 kg", "sex": "f", "age": AGE}
    refused_or_done(lambda: nc.zscore(**(arguments | things)))


@pytest.mark.requirement("REQ-STAT-07")
@given(odd, odd, odd)
def test_any_dates_and_gestation(born: Any, on: Any, gestation: Any) -> None:
    refused_or_done(lambda: nc.Age(born=born, on=on, gestation=gestation))
    refused_or_done(lambda: nc.Age(born="2026-05-01", on=on))
    refused_or_done(lambda: nc.Age(born=born, on="2026-05-01"))


@given(odd, odd)
def test_any_days_months_and_gestation(days: Any, gestation: Any) -> None:
    refused_or_done(lambda: nc.Age.from_days(days, gestation=gestation))
    refused_or_done(lambda: nc.Age.from_days(days))
    refused_or_done(lambda: nc.Age.from_days(10, gestation=gestation))
    refused_or_done(lambda: nc.Age.from_months(days))


@pytest.mark.requirement("REQ-UNIT-03")
@given(odd, odd)
def test_any_quantity(value: Any, unit: Any) -> None:
    refused_or_done(lambda: nc.Q(value, unit))
    refused_or_done(lambda: nc.Q(value, "kg"))
    refused_or_done(lambda: nc.zscore("weight", nc.Q(value, "kg"), sex="f", age=AGE))
    if type(value) in (int, float, np.ndarray):
        theirs = OTHER_REGISTRY.Quantity(value, "g")
        refused_or_done(lambda: nc.zscore("weight", theirs, sex="f", age=AGE))


POLICY = [
    "preterm_reference", "handover", "preterm_below", "correct_until", "term_reference",
    "require_position",
]  # fmt: skip


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize("part", POLICY)
@given(thing=odd)
def test_any_part_of_a_policy(part: str, thing: Any) -> None:
    refused_or_done(lambda: nc.Policy(**{part: thing}).describe())


@given(odd, odd)
def test_any_z_and_lines(thing: Any, other: Any) -> None:
    refused_or_done(lambda: nc.measurement("weight", z=thing, sex="f", age=AGE))
    refused_or_done(lambda: nc.curves("weight", sex="f", reference="who-2006", z=thing))
    refused_or_done(lambda: nc.curves("weight", sex="f", reference="who-2006", centiles=thing))
    refused_or_done(lambda: nc.curves(thing, sex=other, reference="who-2006"))
    refused_or_done(lambda: nc.curves("weight", sex="f", reference=thing))
    refused_or_done(lambda: nc.reference(thing))


@pytest.mark.requirement("REQ-STAT-07")
@given(odd, odd, odd)
def test_any_birth(value: Any, gestation: Any, sex: Any) -> None:
    for arguments in (
        {"value": value},
        {"gestation": gestation},
        {"sex": sex},
        {"measure": value},
        {"reference": value},
        {"sex_codes": value},
        {"value": value, "gestation": gestation, "sex": sex},
    ):
        given: dict[str, Any] = {
            "measure": "weight",
            "value": "1 kg",
            "sex": "f",
            "gestation": "27+3",
        }
        refused_or_done(lambda given=given | arguments: nc.size_at_birth(**given))  # type: ignore[misc]  # any
