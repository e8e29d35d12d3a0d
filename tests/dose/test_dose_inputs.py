"""What a dose is prepared from: units, fractions, dates and earlier doses, parsed once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pint
import pytest

import neocalc as nc
from dose_arguments import plan_of
from neocalc.ages.moments import Moment, day_of_age, hours_between, moment, span_between
from neocalc.dose.figures import fraction, metric_weight, one_figure
from neocalc.dose.inputs import Given, read_inputs


@pytest.mark.parametrize("dose", ["5", "5 M", "5e6", "5 M cells/kg", "5 million", "5 pmol/kg",
                                  "5 million CFU/kg", "5 million cells", "5 mg/kg", 5e6, "cells/kg",
                                  "1,5 million cells/kg", "1.000.000 cells/kg"])  # fmt: skip
def test_a_dose_is_cells_for_each_kilogram(dose: Any) -> None:
    with pytest.raises(nc.UnitError):
        one_figure(dose, "cell/kg", "dose")


@pytest.mark.requirement("REQ-DOSE-09")
def test_a_quantity_of_another_dimension_is_refused() -> None:
    registry: Any = pint.UnitRegistry()
    for unit in ("pmol/kg", "count/kg", "1/kg", "mol/kg", "mL/kg"):
        with pytest.raises(nc.UnitError):
            one_figure(registry.Quantity(5, unit), "cell/kg", "dose")
    with pytest.raises(nc.UnitError):
        one_figure(nc.Q(5, "cell/mL"), "cell/kg", "dose")


@pytest.mark.requirement("REQ-DOSE-09")
@pytest.mark.parametrize("unit", ["CFU/kg", "1/kg", "count/kg", "organism/kg"])
def test_a_registry_in_which_cells_are_a_plain_number(unit: str) -> None:
    """Where cells and CFU are both counts, pint would turn one into the other."""
    counted: Any = pint.UnitRegistry()
    counted.define("cell = count = cell = cells")
    counted.define("CFU = count")
    counted.define("organism = 1e3 * count")
    assert one_figure(counted.Quantity(1e6, "cell/kg"), "cell/kg", "dose") == 1e6
    with pytest.raises(nc.UnitError):
        one_figure(counted.Quantity(1e6, unit), "cell/kg", "dose")


@pytest.mark.parametrize("figure", ["1e400 cells/kg", nc.Q(float("inf"), "cell/kg")])
def test_a_figure_without_end_is_an_error(figure: Any) -> None:
    with pytest.raises(nc.InputError, match="finite"):
        one_figure(figure, "cell/kg", "dose")


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("weight", "2.35", 'kg or g, such as "2.35 kg"'),
        ("dose", "1e6", 'cells/kg, such as "1 million cells/kg"'),
        ("concentration", "5e6", 'cells/mL, such as "5 million cells/mL"'),
        ("cells_per_vial", "10 million", 'cells/vial, such as "10 million cells/vial"'),
        ("graduation", "0.01", 'mL, such as "0.1 mL"'),
        ("duration", "30", 'min or h, such as "30 min"'),
        ("rate", "5", 'mL/h, such as "5 mL/h"'),
        ("viability", "", 'such as "92%"'),
        ("dose", "", 'cells/kg, such as "1 million cells/kg"'),
    ],
)
def test_what_is_accepted_is_said_as_it_is_typed(argument: str, value: str, said: str) -> None:
    with pytest.raises(nc.InputError, match=argument) as caught:
        plan_of(**{argument: value})
    assert said in str(caught.value)


def test_integers_and_words_with_a_unit_are_accepted() -> None:
    for dose in ("5000000 cells/kg", "5,000,000 cells/kg", "5 million cells/kg", "5e6 cell/kg"):
        assert one_figure(dose, "cell/kg", "dose") == 5e6


def test_a_dose_as_it_is_printed_is_read() -> None:
    """Our own "1 million viable cells/kg" was refused."""
    for typed in ("1 million viable cells/kg", "1 million total cells/kg", "1e6 viable cells/kg"):
        assert one_figure(typed, "cell/kg", "dose") == 1e6
    printed = plan_of(dose="1 million viable cells/kg").describe()
    assert "1 million viable cells/kg" in printed


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("concentration", "5 million viable cells/mL", "give viable_concentration"),
        ("viable_concentration", "5 million total cells/mL", "give concentration"),
        ("cells_per_vial", "10 million viable cells/vial", "give viable_cells_per_vial"),
        ("viable_cells_per_vial", "10 million total cells/vial", "give cells_per_vial"),
    ],
)
def test_cells_of_another_kind_than_the_argument_counts(
    argument: str, value: str, said: str
) -> None:
    with pytest.raises(nc.InputError, match=said) as caught:
        plan_of(**{argument: value})
    assert caught.value.argument == argument
    other = "total" if "viable " in value else "viable"
    same = value.replace("viable " if other == "total" else "total ", f"{other} ")
    unit = "cell/vial" if "vial" in argument else "cell/mL"
    assert one_figure(same, unit, argument) > 0


def test_figures_are_those_that_were_typed() -> None:
    for dose in ("2.01 million cells/kg", nc.Q(2.01, "million cells/kg")):
        assert 2.01 * 1e6 != 2_010_000
        assert one_figure(dose, "cell/kg", "dose") == 2_010_000
    for hundredths in range(1, 1000):
        typed = f"{hundredths / 100} million cells/kg"
        assert one_figure(typed, "cell/kg", "dose") == hundredths * 10_000


class TestWeight:
    def test_kilograms_and_grams(self) -> None:
        for weight in ("2350 g", "2.35 kg", nc.Q(2350, "g"), nc.Q(2.35, "kg")):
            assert metric_weight(weight, "weight") == 2.35

    @pytest.mark.requirement("REQ-DOSE-09")
    @pytest.mark.parametrize("unit", ["lb", "oz", "stone", "mg", "tonne", "dimensionless", "cm"])
    def test_nothing_else_as_a_quantity(self, unit: str) -> None:
        registry: Any = pint.UnitRegistry()
        with pytest.raises(nc.UnitError):
            metric_weight(registry.Quantity(5, unit), "weight")

    @pytest.mark.requirement("REQ-DOSE-09")
    @pytest.mark.parametrize("weight", ["5 lb", "5 lbs", "80 oz", "5", 5, "2,35 kg", "5 Kg m", ""])
    def test_nothing_else_as_a_text(self, weight: Any) -> None:
        with pytest.raises(nc.InputError):
            metric_weight(weight, "weight")

    @pytest.mark.requirement("REQ-DOSE-09")
    def test_no_pounds_in_a_dose_either(self) -> None:
        registry: Any = pint.UnitRegistry()
        registry.define("cell = [cell] = cell = cells")
        with pytest.raises(nc.UnitError, match="metric"):
            one_figure(registry.Quantity(5e6, "cell/pound"), "cell/kg", "dose")


class TestFraction:
    @pytest.mark.requirement("REQ-DOSE-03")
    @pytest.mark.parametrize(
        "value", [0.92, "92%", "92 %", "92 percent", Decimal("0.92"), np.float64(0.92)]
    )
    def test_a_number_up_to_one_or_a_percentage(self, value: Any) -> None:
        assert fraction(value, "viability") == 0.92

    def test_a_quantity(self) -> None:
        registry: Any = pint.UnitRegistry()
        assert fraction(nc.Q(92, "percent"), "viability") == 0.92
        assert fraction(registry.Quantity(92, "percent"), "viability") == 0.92

    def test_the_whole(self) -> None:
        assert fraction(1, "viability") == fraction("100%", "viability") == 1.0

    def test_a_one_that_is_typed_is_refused_for_what_it_is(self) -> None:
        """It was told that a number up to 1 is accepted: of 1 and 100% nobody knows which."""
        with pytest.raises(nc.InputError, match='such as "92%" or "100%", or a number'):
            fraction("1", "viability")

    @pytest.mark.requirement("REQ-DOSE-03")
    @pytest.mark.parametrize("value", [92, 92.0, 0, -0.5, 1.01, True, float("nan"), "92", "0.92",
                                       "92 kg", None, "", [0.92], np.True_, b"92%", np.array(0.92),
                                       Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"),
                                       complex(0.92)])  # fmt: skip
    def test_anything_else_is_an_error(self, value: Any) -> None:
        with pytest.raises(nc.InputError):
            fraction(value, "viability")

    @pytest.mark.requirement("REQ-DOSE-03")
    @pytest.mark.parametrize("unit", ["radian", "g/kg", "mL/L", "count", "ppm", "degree"])
    def test_another_quantity_without_a_dimension(self, unit: str) -> None:
        registry: Any = pint.UnitRegistry()
        with pytest.raises(nc.UnitError, match="percentage with its sign"):
            fraction(registry.Quantity(0.92, unit), "viability")


class TestMoment:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-08-14",
            dt.date(2026, 8, 14),
            np.datetime64("2026-08-14"),
            moment("2026-08-14", "on"),
        ],
    )
    def test_a_date(self, value: Any) -> None:
        found = moment(value, "on")
        assert (str(found), found.timed, found.value) == (
            "2026-08-14", False, dt.date(2026, 8, 14),
        )  # fmt: skip

    @pytest.mark.parametrize("value", ["2026-08-14T09:30", "2026-08-14 09:30:00",
                                       dt.datetime(2026, 8, 14, 9, 30)])  # noqa: DTZ001  # fmt: skip
    def test_a_date_and_time(self, value: Any) -> None:
        found = moment(value, "on")
        assert (str(found), found.timed) == ("2026-08-14 09:30", True)
        assert found.value == dt.datetime(2026, 8, 14, 9, 30)  # noqa: DTZ001

    @pytest.mark.parametrize("value", ["14/08/2026", "2026-02-30", "2026-08-14T25:00", 20260814,
                                       "2026/08/14 09:30", "14 Aug 2026", "20260814",
                                       "2026-8-14", "", " ", None, "2026-08"])  # fmt: skip
    def test_anything_else_is_an_error(self, value: Any) -> None:
        with pytest.raises(nc.InputError) as caught:
            moment(value, "expires")
        assert caught.value.argument == "expires"

    def test_a_time_that_does_not_exist_is_named_as_one(self) -> None:
        with pytest.raises(nc.AgeError, match="a date and time that exist"):
            moment("2026-08-14T25:00", "expires")

    def test_the_day_of_a_dose_stays_as_it_is_given(self) -> None:
        """With its time, beside an age in days or from dates; else it is that of the dates."""
        given = moment("2026-08-14T09:30", "on")
        from_dates = nc.Age(born="2026-05-01", on="2026-08-14")
        assert day_of_age(nc.Age.from_days(105), given) is given
        assert day_of_age(from_dates, given) is given
        assert str(day_of_age(from_dates, None)) == "2026-08-14"
        assert day_of_age(nc.Age.from_days(105), None) is None
        with pytest.raises(nc.AgeError, match="the day of the age"):
            day_of_age(from_dates, moment("2026-08-15", "on"))

    def test_hours(self) -> None:
        def hours(first: str, second: str) -> float:
            return hours_between(moment(first, "a"), moment(second, "b"), "b")

        assert hours("2026-08-14T09:30", "2026-08-14T11:00") == 1.5
        assert hours("2026-08-14", "2026-08-15T23:00") == 24
        assert hours("2026-08-14T09:30Z", "2026-08-14T09:30+08:00") == -8
        assert hours("2026-08-15", "2026-08-14") == -24
        with pytest.raises(nc.AgeError, match="time zone"):
            hours("2026-08-14T09:30Z", "2026-08-14T09:30")


class TestDosesGiven:
    def read(self, doses: Any, **more: Any) -> tuple[Given, ...] | None:
        return read_inputs(
            {"weight": "2 kg", "dose": "1 million cells/kg", "doses_given": doses} | more
        ).given

    @pytest.mark.requirement("REQ-DOSE-14")
    def test_none_given_is_not_the_same_as_not_stated(self) -> None:
        assert self.read([]) == ()
        assert self.read(None) is None

    def test_they_are_put_in_order(self) -> None:
        late, early = ("2026-08-07", "1 million cells/kg"), ("2026-08-01", nc.Q(2e6, "cell/kg"))
        found = self.read([late, early])
        assert found is not None
        assert [str(dose.on) for dose in found] == ["2026-08-01", "2026-08-07"]
        assert [dose.dose for dose in found] == [2e6, 1e6]

    @pytest.mark.parametrize("doses", ["2026-08-07", {"2026-08-07": "1 million cells/kg"}, 3,
                                       ["2026-08-07"], [("2026-08-07",)],
                                       [("2026-08-07", "5 mg")], [("7 August", "1 cell/kg")],
                                       [("2026-08-07", "0 cells/kg")],
                                       [("2026-08-07", "1e300 cells/kg")],
                                       [("2026-08-07", "1e400 cells/kg")]])  # fmt: skip
    def test_anything_else_is_an_error(self, doses: Any) -> None:
        with pytest.raises(nc.InputError):
            self.read(doses)

    @pytest.mark.parametrize(
        "doses",
        [
            ["2026-08-07", "2026-08-07"],
            ["2026-08-07", "2026-08-07T09:00"],
            ["2026-08-07T09:00", "2026-08-07T09:00"],
            ["2026-08-07T09:00Z", "2026-08-07T11:00+02:00"],
        ],
    )
    def test_a_dose_that_is_typed_twice_is_an_error(self, doses: list[str]) -> None:
        with pytest.raises(nc.InputError, match="each dose once") as caught:
            self.read([(on, "1 million cells/kg") for on in doses])
        assert caught.value.argument == "doses_given"

    def test_two_doses_of_one_day_have_their_times(self) -> None:
        twice = [(f"2026-08-07T{hour}:00", "1 million cells/kg") for hour in ("09", "15")]
        assert len(self.read(twice) or ()) == 2

    def test_a_dose_after_this_one_is_an_error(self) -> None:
        later = [("2026-08-15", "1 million cells/kg")]
        with pytest.raises(nc.AgeError):
            self.read(later, on="2026-08-14")


@pytest.mark.requirement("REQ-SAFE-06")
@pytest.mark.parametrize(
    ("word", "source"),
    [("measured", "measured"), ("Measured ", "measured"), ("3141-9", "measured"),
     ("8335-2", "estimated"), ("3142-7", "stated"), ("historical", "historical")],
)  # fmt: skip
def test_where_a_weight_comes_from(word: str, source: str) -> None:
    given = {"weight": "2 kg", "dose": "1 million cells/kg", "weight_source": word}
    assert read_inputs(given).weight_source == source


@pytest.mark.parametrize("word", ["29463-7", "yes", "", 1])
def test_an_unknown_source_is_an_error(word: Any) -> None:
    with pytest.raises(nc.InputError):
        plan_of(weight_source=word)


def test_each_input_is_kept_as_it_was_given() -> None:
    plan = plan_of(weight="3100  g", concentration=nc.Q(5e6, "cell/mL"))
    assert plan.inputs.texts["weight"] == "3100 g"
    assert plan.inputs.texts["concentration"] == "5000000.0 cell / milliliter"
    assert str(plan.inputs.figures["weight"]) == "3.1 kg"
    assert isinstance(plan.inputs.on, Moment)


@pytest.mark.parametrize("by_days", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("doses_given", [("2026-04-30", "1 million cells/kg")]),
        ("weighed_on", "2026-04-30"),
        ("last_weighed_on", "2026-04-30T23:59"),
    ],
)
def test_nothing_is_before_birth(name: str, value: Any, by_days: bool) -> None:
    """A dose before the infant was born counted as one."""
    age = nc.Age.from_days(105, gestation="27+3") if by_days else plan_of().inputs.age
    with pytest.raises(nc.AgeError, match=r"on or after the day of birth \(2026-05-01\)") as caught:
        plan_of(age=age, **{name: value})
    assert caught.value.argument == name


def test_on_the_day_of_birth_is_not_before_it() -> None:
    given = {"doses_given": [("2026-05-01", "1 million cells/kg")]}
    found = read_inputs(
        {"weight": "2 kg", "dose": "1 million cells/kg", "age": plan_of().inputs.age} | given
    )
    assert found.given is not None
    long_ago = {"age": nc.Age.from_days(300), "on": "0001-02-01", "weighed_on": "0001-01-01"}
    assert read_inputs({"weight": "2 kg", "dose": "1 cell/kg"} | long_ago).weighed_on is not None


class TestSpans:
    """Between two moments of which one is a date alone lies a range of hours."""

    @pytest.mark.requirement("REQ-DOSE-24")
    @pytest.mark.parametrize(
        ("first", "second", "least", "most"),
        [
            ("2026-08-13T09:00", "2026-08-14T09:30", 24.5, 24.5),
            ("2026-08-13", "2026-08-14", 0, 48),
            ("2026-08-13T21:00", "2026-08-14", 3, 27),
            ("2026-08-13", "2026-08-14T03:00", 3, 27),
            ("2026-08-14", "2026-08-14", -24, 24),
            ("2026-08-13", "2026-08-14T03:00Z", 3, 27),
        ],
    )
    def test_spans(self, first: str, second: str, least: float, most: float) -> None:
        span = span_between(moment(first, "a"), moment(second, "b"), "b")
        assert span == (least, most)
        if moment(first, "a").timed == moment(second, "b").timed:
            assert least <= hours_between(moment(first, "a"), moment(second, "b"), "b") <= most
