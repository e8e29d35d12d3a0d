"""Ages: every form of a gestation, a date and a duration, for one child and for many."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pint
import polars as pl
import pytest

import neocalc as nc
from neocalc.errors import STATUSES
from neocalc.reading.dates import date_number, days_from_months, gestation_days, whole_gestation

NAT = np.datetime64("NaT", "D")
MISSING: list[Any] = [None, "", " ", math.nan, np.float32("nan"), NAT, pd.NA, pd.NaT]


def words(status: Any, n: int) -> list[str]:
    """Status words; ok for each of n where there are none."""
    return ["ok"] * n if status is None else [STATUSES[code] for code in status]


def magnitude(quantity: Any) -> Any:
    """The days of a quantity, which must be there."""
    assert quantity is not None
    assert str(quantity.units) == "day"
    return quantity.magnitude


# ------------------------------------------------------------------------------------- gestation


@pytest.mark.requirement("REQ-GA-01")
@pytest.mark.parametrize(
    "value",
    ["27+3", "27w3d", "27 3/7", "27W3D", "27w 3d", "27 w 3 d", "27 weeks 3 days",
     "27 weeks and 3 days", " 27+3 ", "27 + 3", "27+3/7",
     "27  3/7", "27+3\n", np.str_("27+3"), (27, 3), nc.Q(192, "day"), nc.Q(192.0, "day"),
     nc.Q(27 + 3 / 7, "week"), nc.Q(4608, "h"), pint.UnitRegistry().Quantity(192, "day"),
     (np.int64(27), np.int64(3)), (27, 3.0), (27.0, 3.0), (np.float32(27), np.uint8(3)),
     (Decimal(27), Fraction(3)), np.array([(27, 3)], dtype="i8,i8")[0]],
)  # fmt: skip
def test_gestation(value: Any) -> None:
    assert gestation_days(value) == 192
    age = nc.Age.from_days(105, gestation=value)
    assert magnitude(age.gestation) == 192
    assert magnitude(age.corrected) == 17
    assert magnitude(age.postmenstrual) == 297


@pytest.mark.requirement("REQ-GA-03")
@pytest.mark.parametrize(
    "value",
    ["27.3", "27.43", "27,3", "27", "27+", "+3", "27+7", "27w7d", "27 7/7", "27+10", "27+-3",
     "27-3", "27w", "27d", "27w3", "27 3", "27/3", "273/7", "7+3", "027+3", "27+3+1",
     "27 weeks", "192", "192 day", "abc", "２７+３", "27+٣", "27+3\x00", "x" * 10_000,
     "27+3" * 1000, " " * 10_000 + "x", 27, 27.3, 192, True, b"27+3", [27, 3], {}, object(), (27,
     7), (27, -1), (27, 3.5), (27.4, 3), (27,), (27, 3, 0), (27, None), (27, math.nan), (None, 3),
     (math.inf, 3), (27, True), (27, "3"), ("27", "3"), (27, 3j), (27, np.timedelta64(3, "D")),
     (27, nc.Q(3, "day")), np.array([(27, "a")], dtype="i8,U1")[0],
     np.array([(27, 3, 1)], dtype="i8,i8,i8")[0], nc.Q(27.43, "week"), nc.Q(192.5, "day"),
     nc.Q(math.inf, "day"), nc.Q([192], "day"), np.datetime64("2026-05-01"), dt.date(2026, 5, 1)],
)  # fmt: skip
def test_gestation_that_is_refused(value: Any) -> None:
    with pytest.raises(nc.GestationError) as caught:
        gestation_days(value)
    assert caught.value.status == "invalid_gestation"
    message = str(caught.value)
    assert message.startswith("gestation: ")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.requirement("REQ-GA-02")
def test_an_ambiguous_gestation_says_why() -> None:
    with pytest.raises(nc.GestationError, match=r'ambiguous: is it "27\+3", or a decimal number'):
        gestation_days("27.3")


@pytest.mark.requirement("REQ-GA-04")
@pytest.mark.parametrize("value", ["19+6", "45+0", (19, 6), (45, 0), nc.Q(139, "day"), "00+0"])
def test_gestation_out_of_range(value: Any) -> None:
    with pytest.raises(nc.GestationError, match="20w0d to 44w6d"):
        gestation_days(value)


@pytest.mark.requirement("REQ-GA-04")
def test_gestations_at_the_ends() -> None:
    assert [gestation_days(text) for text in ("20+0", "44+6")] == [140, 314]


WEEKS, DAYS = np.array([27, 28, 31]), np.array([3, 0, 6])
FRAME = pd.DataFrame({"w": WEEKS, "d": DAYS})


@pytest.mark.parametrize(
    "make",
    [lambda: zip(WEEKS, DAYS, strict=True), lambda: list(zip(WEEKS, DAYS, strict=True)),
     lambda: zip(WEEKS.astype(float), DAYS.astype("f4"), strict=True),
     lambda: tuple(zip(WEEKS.tolist(), DAYS.tolist(), strict=True)),
     lambda: (pair for pair in zip(FRAME.w.values, FRAME.d.values, strict=True)),
     lambda: FRAME.itertuples(index=False), lambda: FRAME, FRAME.to_numpy,
     lambda: np.column_stack([WEEKS, DAYS]), lambda: FRAME.to_records(index=False),
     lambda: pl.DataFrame({"w": WEEKS, "d": DAYS}),
     lambda: pl.DataFrame({"w": WEEKS, "d": DAYS}).rows(),
     lambda: pd.Series(list(zip(WEEKS, DAYS, strict=True))),
     lambda: np.array(list(zip(WEEKS, DAYS, strict=True)), dtype=[("w", "i4"), ("d", "f8")])],
)  # fmt: skip
def test_weeks_and_days_of_many(make: Callable[[], Any]) -> None:
    """A tuple of two NumPy numbers was two ages, both invalid, without an error."""
    age = nc.Age.from_days([10, 20, 30], gestation=make())
    assert age.gestation_days.tolist() == [192, 196, 223]
    assert age.gestation_status is None
    assert nc.Age(["2026-05-01"] * 3, ["2026-05-11"] * 3, make()).gestation_days[2] == 223


def test_weeks_and_days_that_are_missing_or_wrong() -> None:
    pairs: Any = [(27, 3), (math.nan, math.nan), (None, None), (27, None), (27, 7), (None, 2)]
    pairs += [(np.float64("nan"), 0), (27.5, 0), (19, 6)]
    age = nc.Age.from_days([10] * len(pairs), gestation=pairs)
    assert age.gestation_days.tolist() == [192, *[0] * 8]
    assert words(age.gestation_status, 9) == [
        "ok", "ok", "ok", *["invalid_gestation"] * 3, "ok", *["invalid_gestation"] * 2
    ]  # fmt: skip
    assert nc.Age.from_days(10, gestation=(math.nan, None)).gestation is None


@pytest.mark.requirement("REQ-GA-05")
@pytest.mark.parametrize("value", [*MISSING, nc.Q(math.nan, "day")])
def test_gestation_that_is_not_stated(value: Any) -> None:
    """No correction, no postmenstrual age, and no 40 weeks in its place."""
    age = nc.Age.from_days(105, gestation=value)
    assert age.postmenstrual is None
    assert age.corrected is None
    assert age.gestation is None
    assert age.is_preterm is None
    assert magnitude(age.chronological) == 105
    assert repr(age) == "<Age chronological 105 days>"


def test_a_gestation_of_another_dimension() -> None:
    with pytest.raises(nc.UnitError, match=r"gestation: .*day, week, month") as caught:
        nc.Age.from_days(1, gestation=nc.Q(27, "kg"))
    assert caught.value.status == "invalid_gestation"
    with pytest.raises(nc.UnitError):
        nc.Age.from_days(1, gestation=nc.Q([27.0], "kg"))


@pytest.mark.requirement("REQ-GA-01")
def test_every_week_and_day_as_a_quantity_of_weeks() -> None:
    """k/7 is not a binary fraction: one and many agree on which are whole days."""
    days = np.arange(140, 315)
    many = nc.Age.from_days(0, gestation=nc.Q(days / 7, "week"))
    assert many.gestation_days.tolist() == days.tolist()
    for day in days.tolist():
        assert gestation_days(nc.Q(day / 7, "week")) == day
    for odd in (192 + 1e-5, 192 - 1e-5, 192.5):
        many = nc.Age.from_days(0, gestation=nc.Q([odd], "day"))
        assert words(many.gestation_status, 1) == ["invalid_gestation"]
        with pytest.raises(nc.GestationError):
            whole_gestation(odd)


@pytest.mark.requirement("REQ-GA-06")
@pytest.mark.parametrize(
    "make",
    [
        lambda: ["27+3", None, "28w7d", "40+0"],
        lambda: ("27+3", "", "28+7", "40+0"),
        lambda: ["27+3", math.nan, 27.3, "40+0"],
        lambda: ["27+3", pd.NA, object(), "40+0"],
        lambda: [(27, 3), None, (28, 7), (40, 0)],
        lambda: [nc.Q(192, "day"), None, nc.Q(1, "kg"), nc.Q(40, "week")],
        lambda: [nc.Q(192, "day"), nc.Q(math.nan, "day"), nc.Q([1, 2], "day"), "40+0"],
        lambda: np.array(["27+3", "", "28+7", "40+0"]),
        lambda: np.array(["27+3", None, "28+7", "40+0"], dtype=object),
        lambda: pd.Series(["27+3", None, "28+7", "40+0"]),
        lambda: pd.Series(["27+3", pd.NA, "28+7", "40+0"], dtype="string"),
        lambda: pl.Series(["27+3", None, "28+7", "40+0"]),
        lambda: nc.Q([192, math.nan, 139, 280], "day"),
        lambda: nc.Q([27 + 3 / 7, math.nan, math.inf, 40], "week"),
    ],
)
def test_gestations_of_many(make: Callable[[], Any]) -> None:
    """Lists with a missing or a non-text element raised errors of NumPy and pint, or lost it."""
    age = nc.Age.from_days([10, 10, 10, 10], gestation=make())
    assert age.gestation_days.tolist() == [192, 0, 0, 280]
    assert words(age.gestation_status, 4) == ["ok", "ok", "invalid_gestation", "ok"]
    np.testing.assert_array_equal(magnitude(age.corrected), [-78, math.nan, math.nan, 10])
    np.testing.assert_array_equal(magnitude(age.postmenstrual), [202, math.nan, math.nan, 290])
    np.testing.assert_array_equal(magnitude(age.gestation), [192, math.nan, math.nan, 280])
    assert age.is_preterm.tolist() == [True, False, False, False]


# ------------------------------------------------------------------------------------------ dates

MAY_1 = dt.date(2026, 5, 1)


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(
    "value",
    ["2026-05-01", " 2026-05-01\n", np.str_("2026-05-01"), MAY_1, dt.datetime.combine(MAY_1,
     dt.time(23, 59)), pd.Timestamp("2026-05-01 12:00"), np.datetime64("2026-05-01"),
     np.datetime64("2026-05-01T23:59:59"), np.datetime64("2026-05-01T00:00:00.000000001"),
     "2026-5-1", "2026/05/01", "2026.05.01", "20260501", 20260501, np.int64(20260501), 20260501.0,
     Decimal(20260501), "20260501.0", "1 May 2026", "01-May-2026", "1-MAY-2026", "01MAY2026",
     "01 may, 2026", "May 1, 2026", "may 01 2026", "2026-May-01", "2026-05-01T12:00",
     "2026-05-01 00:00:00", "2026-05-01T23:59:59.999", "2026/05/01 3:05 pm", "01MAY2026:10:30:00",
     "20260501T1:30"],
)  # fmt: skip
def test_dates(value: Any) -> None:
    assert date_number(value) == 20574
    assert magnitude(nc.Age(born="2026-04-30", on=value).chronological) == 1


@pytest.mark.requirement("REQ-AGE-10")
@pytest.mark.parametrize("value", MISSING)
def test_missing_dates(value: Any) -> None:
    for born, on, name in ((value, "2026-05-01", "born"), ("2026-05-01", value, "on")):
        with pytest.raises(nc.MissingError, match=f"^{name}: missing; give a date") as caught:
            nc.Age(born=born, on=on)
        assert caught.value.status == "missing_age"


UTC = dt.UTC


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(
    "value",
    ["01.05.2026", "05/01/2026", "13/05/2026", "05/13/2026", "01052026", "2026-05-01T12",
     "2026-05-01T24:00", "2026-05-01T12:60", "2026-05-01T12:00Z", "2026-05-01T12:00+08:00",
     "2026-05/01", "1-5-2026", "1 Mai 2026", "01-May-26", "1 M 2026", "32 May 2026", "May 2026",
     "2026-05", "2026", "May 12026", "45291", "ſep 1 2026", "18991231",
     "2026-W18-5", "2026-02-30", "2026-13-01", "2025-02-29", "0000-01-01", "+2026-05-01",
     "２０２６-05-01", "today", "2026-05-01\x00", "9" * 10_000, 20574, 20261301, 2026.5, True,
     b"2026-05-01", [], {}, object(), dt.time(12), dt.timedelta(1), np.timedelta64(1, "D"),
     nc.Q(1, "day"), np.datetime64(2**40, "D"), np.datetime64(-(2**40), "D"), dt.datetime(2026, 5,
     1, tzinfo=UTC), pd.Timestamp("2026-05-01", tz="Europe/Zurich")],
)  # fmt: skip
def test_dates_that_are_refused(value: Any) -> None:
    if isinstance(value, list):
        value = [value]
    with pytest.raises(nc.AgeError) as caught:
        date_number(value, "on")
    assert caught.value.status == "invalid_age"
    message = str(caught.value)
    assert message.startswith("on: ")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(("text", "unit"), [("2026", "Y"), ("2026-02", "M"), ("2026-02-05", "W")])
def test_a_date_to_the_month_became_its_first_day(text: str, unit: Any) -> None:
    """NumPy fills in what a partial date lacks; nothing is imputed here."""
    partial = np.datetime64(text, unit)
    for given in (partial, np.array(partial), np.array([partial, partial])):
        with pytest.raises(nc.AgeError, match=r"^born: 'a date to the (year|month|week)'"):
            nc.Age(born=given, on="2026-05-01")
    assert np.isnan(nc.Age(born=[partial], on="2026-05-01").chronological.magnitude).all()


@pytest.mark.requirement("REQ-AGE-07")
def test_a_time_zone_is_named() -> None:
    """Its calendar date depends on the place."""
    with pytest.raises(nc.AgeError, match="a calendar date without a time zone"):
        nc.Age(born=dt.datetime(2026, 5, 1, tzinfo=UTC), on="2026-08-14")
    zoned = pd.Series(pd.to_datetime(["2026-05-01"])).dt.tz_localize("UTC")
    age = nc.Age(born=zoned, on="2026-08-14")
    assert words(age.status, 1) == ["invalid_age"]


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("01/05/2026", "which figure is the day is not guessed"),
        ("25.12.23", "which figure is the day is not guessed"),
        ("15-May-15", "which figure is the day is not guessed"),
        ("45291", "not the number of a day that a spreadsheet stores"),
        ("2026-05-01T10:30+08:00", "a calendar date without a time zone"),
        ("soon", "as YYYY-MM-DD or a date"),
    ],
)
def test_a_date_that_is_refused_says_why(text: str, hint: str) -> None:
    with pytest.raises(nc.AgeError) as caught:
        nc.Age(born=text, on="2026-05-01")
    assert str(caught.value).endswith(hint)


@pytest.mark.requirement("REQ-AGE-07")
def test_dates_of_the_calendar_and_no_others() -> None:
    assert date_number("0001-01-01") == -719162
    assert date_number("9999-12-31") == 2932896
    assert magnitude(nc.Age(born="0001-01-01", on="9999-12-31").chronological) == 3652058


DATES = ["2026-05-01", "2026-08-14"]
MAY_AND_AUGUST = [dt.date.fromisoformat(text) for text in DATES]


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(
    "make",
    [
        lambda: DATES,
        lambda: tuple(DATES),
        lambda: MAY_AND_AUGUST,
        lambda: [DATES[0], MAY_AND_AUGUST[1]],
        lambda: [dt.datetime.fromisoformat(text) for text in DATES],
        lambda: np.array(DATES),
        lambda: np.array(DATES, dtype=object),
        lambda: np.array(MAY_AND_AUGUST),
        lambda: np.array(DATES, dtype="datetime64[D]"),
        lambda: np.array(DATES, dtype="datetime64[s]"),
        lambda: np.array(DATES, dtype="datetime64[ns]"),
        lambda: pd.Series(DATES),
        lambda: pd.to_datetime(pd.Series(DATES)),
        lambda: pd.to_datetime(DATES),
        lambda: pd.to_datetime(pd.Series(DATES)).astype("datetime64[ns]"),
        lambda: pl.Series(DATES),
        lambda: pl.Series(MAY_AND_AUGUST),
        lambda: pl.Series(MAY_AND_AUGUST).cast(pl.Datetime),
    ],
)
def test_many_dates(make: Callable[[], Any]) -> None:
    """Those of pandas, with nanoseconds, were all invalid."""
    age = nc.Age(born=make(), on="2026-08-14", gestation="27+3")
    assert not age.single
    assert len(age) == 2
    assert magnitude(age.chronological).tolist() == [105, 0]
    assert age.status is None
    assert [str(day) for day in age.expected_date] == ["2026-07-28", "2026-11-10"]
    assert repr(age) == "<Age of 2>"


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_date_in_a_list_of_texts_was_invalid(missing: Any) -> None:
    age = nc.Age(born=["2026-05-01", missing], on="2026-08-14")
    assert words(age.status, 2) == ["ok", "missing_age"]
    np.testing.assert_array_equal(magnitude(age.chronological), [105, math.nan])
    age = nc.Age(born=["2026-05-01", "2026-05-01"], on=[missing, "2026-08-14"])
    assert words(age.status, 2) == ["missing_age", "ok"]


@pytest.mark.requirement("REQ-AGE-10")
def test_missing_and_invalid_dates_of_many() -> None:
    age = nc.Age(
        born=["2026-05-01", None, "bad", "bad", "2026-05-01", "2026-05-02"],
        on=["2026-05-01", "2026-05-01", None, "2026-05-01", "5.6.2026", "2026-05-01"],
        gestation="30+0",
    )
    assert words(age.status, 6) == [
        "ok", "missing_age", "missing_age", "invalid_age", "invalid_age", "invalid_age",
    ]  # fmt: skip
    expected = [0] + [math.nan] * 5
    np.testing.assert_array_equal(magnitude(age.chronological), expected)
    np.testing.assert_array_equal(magnitude(age.corrected), np.array(expected) - 70)


@pytest.mark.requirement("REQ-AGE-04")
def test_the_due_date_of_a_missing_birth_was_in_1970() -> None:
    age = nc.Age(born=["2026-05-01", None, "bad"], on="2026-08-14", gestation="27+3")
    assert str(age.expected_date[0]) == "2026-07-28"
    assert np.isnat(age.expected_date[1:]).all()


@pytest.mark.requirement("REQ-AGE-04")
def test_due_dates() -> None:
    age = nc.Age(born="2024-01-15", on="2024-07-15", gestation="26+3")
    assert age.expected_date == dt.date(2024, 4, 19)
    assert age.expected_date is age.expected_date
    assert nc.Age(born="2024-01-15", on="2024-07-15").expected_date is None
    assert nc.Age.from_days(10, gestation="26+3").expected_date is None
    many = nc.Age(born="2024-01-15", on="2024-07-15", gestation=["26+3", None, "40+0", "x"])
    assert [str(day) for day in many.expected_date] == ["2024-04-19", "NaT", "2024-01-15", "NaT"]


@pytest.mark.requirement("REQ-AGE-09")
def test_a_date_before_birth() -> None:
    with pytest.raises(nc.AgeError, match=r"^on: '-1 days' .* on or after the day of birth"):
        nc.Age(born="2026-05-02", on="2026-05-01")
    age = nc.Age(born=["2026-05-02", "2026-05-01"], on="2026-05-01")
    assert words(age.status, 2) == ["invalid_age", "ok"]
    age = nc.Age(born="2026-05-02", on=np.array(["2026-05-01"]), gestation="30+0")
    assert words(age.status, 1) == ["invalid_age"]
    np.testing.assert_array_equal(magnitude(age.corrected), [math.nan])


# ------------------------------------------------------------------------------------- one and many


@pytest.mark.requirement("REQ-AGE-01")
def test_one_child() -> None:
    age = nc.Age(born="2026-05-01", on="2026-08-14", gestation="27+3")
    for quantity in (age.chronological, age.postmenstrual, age.corrected, age.gestation):
        assert type(quantity.magnitude) is int
    assert (age.single, len(age), age.is_preterm) == (True, 1, True)
    assert repr(age) == "<Age chronological 105 days, corrected 17 days>"
    assert age.birth_days is not None
    assert age.birth_days.tolist() == [20574]
    assert nc.Age.from_days(5).birth_days is None
    assert nc.Age.from_days(5, gestation="36+6").is_preterm is True
    assert nc.Age.from_days(5, gestation="37+0").is_preterm is False


def test_one_birth_and_many_dates() -> None:
    age = nc.Age(born="2026-05-01", on=["2026-05-01", "2026-08-14", None], gestation="27+3")
    np.testing.assert_array_equal(magnitude(age.chronological), [0, 105, math.nan])
    assert age.gestation_days.tolist() == [192] * 3
    assert [str(day) for day in age.expected_date] == ["2026-07-28", "2026-07-28", "NaT"]


def test_many_gestations_at_one_age() -> None:
    age = nc.Age.from_days(10, gestation=["27+3", None])
    assert not age.single
    np.testing.assert_array_equal(magnitude(age.postmenstrual), [202, math.nan])
    assert magnitude(age.chronological).tolist() == [10, 10]


def test_an_array_of_one_stays_an_array() -> None:
    for age in (
        nc.Age(born=["2026-05-01"], on="2026-08-14"),
        nc.Age(born="2026-05-01", on=["2026-08-14"]),
        nc.Age.from_days([105]),
        nc.Age.from_days(105, gestation=["27+3"]),
        nc.Age.from_months([3]),
        nc.Age.from_days(nc.Q([105], "day")),
    ):
        assert not age.single
        assert magnitude(age.chronological).shape == (1,)


def test_none_at_all() -> None:
    for age in (nc.Age(born=[], on=[]), nc.Age(born="2026-05-01", on=[]), nc.Age.from_days([])):
        assert len(age) == 0
        assert magnitude(age.chronological).shape == (0,)


def test_arrays_of_different_lengths_raised_an_error_of_numpy() -> None:
    with pytest.raises(nc.InputError, match=r"^on: '2 dates' .* as dates of birth \(3\)"):
        nc.Age(born=DATES + DATES[:1], on=DATES)
    with pytest.raises(nc.InputError, match=r"^gestation: '2 values' .* as many as ages \(3\)"):
        nc.Age.from_days([1, 2, 3], gestation=["27+3", "28+0"])


def test_two_dimensions_were_flattened_or_failed() -> None:
    square: Any = np.array([DATES, DATES])
    calls: list[Callable[[], nc.Age]] = [
        lambda: nc.Age(born=square, on="2026-08-14"),
        lambda: nc.Age(born="2026-05-01", on=square.astype("datetime64[D]")),
        lambda: nc.Age.from_days(np.ones((2, 2))),
        lambda: nc.Age.from_days(nc.Q(np.ones((2, 2)), "day")),
        lambda: nc.Age.from_months(np.ones((2, 2))),
        lambda: nc.Age.from_days(1, gestation=np.array([["27+3"]])),
        lambda: nc.Age.from_days(1, gestation=nc.Q(np.ones((2, 2)), "day")),
    ]
    for call in calls:
        with pytest.raises(nc.InputError, match="an array of 2 dimensions"):
            call()


# ------------------------------------------------------------------------------------------- days


@pytest.mark.requirement("REQ-AGE-08")
@pytest.mark.parametrize(
    "value",
    [105, 105.0, np.int8(105), np.float32(105), np.array(105), nc.Q(105, "day"), nc.Q(15, "week"),
     nc.Q(2520, "h"), pint.UnitRegistry().Quantity(15, "week")],
)  # fmt: skip
def test_days(value: Any) -> None:
    age = nc.Age.from_days(value)
    assert age.single
    assert magnitude(age.chronological) == 105


@pytest.mark.requirement("REQ-AGE-08")
@pytest.mark.parametrize(
    "value",
    [-1, -0.5, 0.5, 105.5, 1e7, math.inf, -math.inf, 10**400, "105", "105 day", True, False,
     b"105", {}, object(), 1j, np.timedelta64(48, "h"), dt.timedelta(2),
     np.datetime64("2026-05-01"), MAY_1, nc.Q(105.5, "day"), nc.Q(-1, "day"), nc.Q(1, "month")],
)  # fmt: skip
def test_days_that_are_refused(value: Any) -> None:
    """48 hours of a NumPy time difference were 48 days."""
    with pytest.raises(nc.AgeError, match=r"^days: .* a whole number of days, 0 or more") as caught:
        nc.Age.from_days(value)
    assert caught.value.status == "invalid_age"


@pytest.mark.requirement("REQ-AGE-10")
@pytest.mark.parametrize("value", MISSING)
def test_missing_days(value: Any) -> None:
    with pytest.raises(nc.AgeError, match=r"^days: ") as caught:
        nc.Age.from_days(value)
    assert caught.value.status == "missing_age"


def test_days_of_another_dimension_raised_an_error_of_pint() -> None:
    with pytest.raises(nc.UnitError, match="days: 'a quantity in kilogram'"):
        nc.Age.from_days(nc.Q(3, "kg"))
    with pytest.raises(nc.MissingError):
        nc.Age.from_days(nc.Q(math.nan, "day"))


@pytest.mark.requirement("REQ-AGE-08")
@pytest.mark.parametrize(
    "make",
    [
        lambda: [10, None, 0.5, -1, 1e7],
        lambda: [10, math.nan, "10", -1, math.inf],
        lambda: [10, pd.NA, True, -1, {}],
        lambda: np.array([10, math.nan, 0.5, -1, 1e7]),
        lambda: np.array([10, None, "10", -1, []], dtype=object),
        lambda: pd.Series([10, math.nan, 0.5, -1, 1e7]),
        lambda: pd.array([10, None, 0.5, -1, 1e7], dtype="Float64"),
        lambda: pl.Series([10.0, None, 0.5, -1.0, 1e7]),
        lambda: nc.Q([10, math.nan, 0.5, -1, 1e7], "day"),
    ],
)
def test_days_of_many(make: Callable[[], Any]) -> None:
    age = nc.Age.from_days(make())
    assert words(age.status, 5) == ["ok", "missing_age"] + ["invalid_age"] * 3
    np.testing.assert_array_equal(magnitude(age.chronological), [10] + [math.nan] * 4)


@pytest.mark.requirement("REQ-AGE-08")
def test_whole_days_of_many() -> None:
    for days in ([0, 1], np.array([0, 1], dtype="u1"), pd.Series([0, 1], dtype="Int64")):
        age = nc.Age.from_days(days)
        assert age.status is None
        assert magnitude(age.chronological).tolist() == [0, 1]


# ----------------------------------------------------------------------------------------- months


@pytest.mark.requirement("REQ-AGE-05")
@pytest.mark.parametrize(
    ("months", "days"),
    [(0, 0), (1, 30), (8, 244), (9, 274), (23.99, 730), (24, 731), (59.99, 1826), (60, 1827), (72,
     2192)],
)  # fmt: skip
def test_months(months: float, days: int) -> None:
    """Times 30.4375, halves up; 60 months are beyond the WHO's tables."""
    assert days_from_months(months) == days
    assert magnitude(nc.Age.from_months(months).chronological) == days
    assert nc.Age.from_months([months, math.nan]).days.tolist() == [days, 0]


@pytest.mark.parametrize(
    "value",
    [-1, math.inf, 1e9, "24", True, {}, object(), nc.Q(24, "month"), np.timedelta64(2, "M")],
)
def test_months_that_raised_errors_of_python(value: Any) -> None:
    with pytest.raises(nc.AgeError, match=r"^months: .* a number of months, 0 or more") as caught:
        nc.Age.from_months(value)
    assert caught.value.status == "invalid_age"
    age = nc.Age.from_months([24, value])
    assert words(age.status, 2) == ["ok", "invalid_age"]


@pytest.mark.requirement("REQ-AGE-10")
def test_missing_months() -> None:
    for value in MISSING:
        with pytest.raises(nc.AgeError) as caught:
            nc.Age.from_months(value)
        assert caught.value.status == "missing_age"
    age = nc.Age.from_months([24, *MISSING], gestation="30+0")
    assert words(age.status, 8) == ["ok"] + ["missing_age"] * len(MISSING)
    assert magnitude(age.corrected)[0] == 731 - 70


def test_a_gestation_that_is_not_whole_was_quoted_as_numpy_prints_it() -> None:
    with pytest.raises(nc.GestationError, match=r"<Quantity\(27\.5, 'week'\)> .* whole days, 140"):
        nc.Age.from_days(0, gestation=nc.Q(27.5, "week"))
