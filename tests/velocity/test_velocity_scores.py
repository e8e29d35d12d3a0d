"""Velocity z-scores: the decisions, their options, and what bad input gives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import neocalc as nc
import velocity_oracle as oracle
from neocalc.velocity import increments, intervals
from neocalc.velocity.visits import Pairs
from velocity_simulation import SEXES, UNITS, WIDTHS

BASE = {"weight": 5000.0, "length": 60.0, "head_circumference": 40.0}


def term(day: int) -> nc.Age:
    """A child of unstated gestation."""
    return nc.Age.from_days(day)


def preterm(corrected: int) -> nc.Age:
    """A child born at 30 weeks."""
    return nc.Age.from_days(corrected + 70, gestation="30+0")


def girl(
    first: int, second: int, grams: float = 1000, *, at: Any = term, **options: Any
) -> nc.velocity.Velocity:
    """A girl's gain between two days."""
    return nc.velocity.zscore(
        "weight",
        first="5000 g",
        second=f"{5000 + grams} g",
        sex="female",
        first_age=at(first),
        second_age=at(second),
        **options,
    )


@pytest.mark.requirement("REQ-VEL-02", "REQ-VEL-16")
@pytest.mark.parametrize("measure", WIDTHS)
@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"start": "nearest"},
        {"tolerance": 0.25},
        {"tolerance": 0.0},
        {"between": "scale"},
        {"between": "scale", "start": "nearest", "tolerance": 0.25},
        {"restricted": True},
        {"restricted": False},
    ],
    ids=str,
)
def test_every_day_against_the_plain_implementation(
    measure: str, sex: str, options: dict[str, Any]
) -> None:
    """Every interval from -3 to 250 days, starts over the whole range, gains small and large."""
    rng = np.random.default_rng(20090 + len(measure))
    days = np.repeat(np.arange(-3, 251), 16)
    first = rng.integers(-40, 760, len(days))
    first[::7] = rng.integers(0, 60, len(first[::7]))
    scale = {"weight": 2500.0, "length": 9.0, "head_circumference": 5.0}[measure]
    increment = scale * rng.uniform(-0.25, 1.1, len(days))
    second = first + days
    unit = UNITS[measure]
    result = nc.velocity.zscore(
        measure,
        first=nc.Q(np.full(len(days), BASE[measure]), unit),
        second=nc.Q(BASE[measure] + increment, unit),
        sex=sex,
        first_age=nc.Age.from_days(first + 140, gestation="20+0"),
        second_age=nc.Age.from_days(second + 140, gestation="20+0"),
        **options,
    )
    bad = result.status == "implausible"  # of the attained z at such ages and values; z is kept
    for i in range(len(days)):
        expected = oracle.velocity(
            measure, float(increment[i]), sex=sex, first=int(first[i]), days=int(days[i]), **options
        )
        if not bad[i]:
            assert result.status[i] == expected.status, (first[i], days[i], increment[i])
        assert result.z[i] == pytest.approx(expected.z, abs=1e-7, nan_ok=True)
        if not math.isnan(expected.z):
            assert result.scaled[i] == pytest.approx(expected.scaled, rel=1e-12)
            assert result.nominal_months[i] == expected.months
            assert result.method[i] == expected.method
            if result.z_unscaled[i] == result.z_unscaled[i]:
                assert result.z_unscaled[i] == pytest.approx(expected.z_unscaled, abs=1e-7)


@pytest.mark.requirement("REQ-VEL-15")
def test_one_pair_many_pairs_and_strings_agree() -> None:
    one = girl(91, 152)
    many = nc.velocity.zscore(
        "weight",
        first=["5000 g", "5 kg"],
        second=nc.Q([6.0, 6.0], "kg"),
        sex=["f", "F"],
        first_age=nc.Age.from_days([91, 91]),
        second_age=nc.Age.from_days([152, 152]),
    )
    assert many.z.tolist() == [one.z, one.z]
    assert many.centile[0] == one.centile
    assert many.status.tolist() == ["ok", "ok"]
    assert many.reference.tolist() == ["who-2009-velocity"] * 2
    assert many.method.tolist() == [one.method] * 2
    assert many.age_basis.tolist() == ["chronological"] * 2
    assert many.interval_days.tolist() == [61, 61]
    assert many.nominal_months.tolist() == [2, 2]
    assert many.start_age.tolist() == [one.start_age] * 2
    assert many.increment.to("g").magnitude.tolist() == pytest.approx([1000, 1000])
    assert repr(many) == "<Velocity of 2>"
    assert repr(one) == f"<Velocity {one.z:.2f} 61 days chronological ok>"


def test_one_age_serves_many_measurements() -> None:
    v = nc.velocity.zscore(
        "weight",
        first="5 kg",
        second=["5.5 kg", "6 kg", None],
        sex="f",
        first_age=term(91),
        second_age=term(152),
    )
    assert v.z[0] < v.z[1]
    assert v.status.tolist() == ["ok", "ok", "missing_value"]


def test_no_values_at_all() -> None:
    v = nc.velocity.zscore(
        "weight",
        first=nc.Q(np.array([]), "kg"),
        second=nc.Q(np.array([]), "kg"),
        sex=np.array([], dtype=object),
        first_age=nc.Age.from_days([]),
        second_age=nc.Age.from_days([]),
    )
    assert len(v.z) == len(v.status) == 0


def test_arrays_of_different_lengths_are_refused() -> None:
    with pytest.raises(nc.InputError, match="second"):
        nc.velocity.zscore(
            "weight",
            first=["1 kg", "2 kg"],
            second=["2 kg", "3 kg", "4 kg"],
            sex="f",
            first_age=term(91),
            second_age=term(152),
        )


# --- what was done ------------------------------------------------------------------------------


@pytest.mark.requirement("REQ-VEL-05")
def test_whole_days_next_to_the_nominal_interval_are_ok() -> None:
    """2 months are 60.875 days: 61 days are nominal, and scaled by 60.875/61 all the same."""
    v = girl(91, 152)
    assert (v.status, v.method) == ("ok", "who-2009")
    assert v.scaled == 60.875 / 61
    assert v.z != v.z_unscaled
    for tolerance in (0.0, 0.1, 0.25):
        assert girl(91, 152, tolerance=tolerance).z == v.z
        assert girl(91, 152, tolerance=tolerance, between="scale").z == v.z


@pytest.mark.requirement("REQ-VEL-16")
@pytest.mark.parametrize("days", [31, 60, 62, 66, 67, 90, 92, 100, 121, 123, 152, 182])
def test_between_two_widths_nothing_is_scaled_and_nothing_refused(days: int) -> None:
    v = girl(91, 91 + days)
    assert (v.status, v.method) == ("interval_interpolated", "who-2009-interpolated")
    assert v.scaled == 1.0
    assert v.z == v.z_unscaled
    assert v.increment_scaled.magnitude == v.increment.magnitude
    assert v.reference == "who-2009-velocity"
    assert girl(91, 91 + days, tolerance=0).z == v.z


def test_the_nearest_width_of_an_interval_between_two() -> None:
    assert [girl(91, 91 + days).nominal_months for days in (76, 77, 106, 107)] == [2, 3, 3, 4]


@pytest.mark.requirement("REQ-VEL-05")
def test_beyond_the_shortest_and_the_longest_width_the_increment_is_scaled() -> None:
    low, high = girl(91, 91 + 28, 800), girl(91, 91 + 200, 3000)
    for v, width in ((low, 30.4375), (high, 182.625)):
        assert (v.status, v.method) == ("interval_scaled", "who-2009-scaled")
        assert v.scaled == width / v.interval_days
    assert girl(91, 91 + 27).status == "interval_not_nominal"
    assert girl(91, 91 + 27, tolerance=0.12).status == "interval_scaled"
    assert girl(91, 91 + 201).status == "interval_not_nominal"
    assert girl(91, 91 + 201, tolerance=0.11).status == "interval_scaled"


@pytest.mark.requirement("REQ-VEL-16")
def test_every_interval_can_be_scaled_instead() -> None:
    def by_scaling(days: int, tolerance: float = 0.1) -> str:
        v = girl(91, 91 + days, between="scale", tolerance=tolerance)
        assert v.method in ("", "who-2009-scaled")
        return str(v.status)

    assert by_scaling(66) == "interval_scaled"
    assert by_scaling(67) == "interval_not_nominal"
    assert by_scaling(67, 0.11) == "interval_scaled"
    assert by_scaling(55) == "interval_scaled"
    assert by_scaling(54) == "interval_not_nominal"
    with pytest.raises(nc.InputError, match=r"between: 'x'.*interpolate or scale"):
        girl(91, 152, between="x")


@pytest.mark.requirement("REQ-VEL-16")
@pytest.mark.parametrize("measure", WIDTHS)
@pytest.mark.parametrize("between", ["interpolate", "scale"])
def test_few_pairs_and_many_have_the_same_cells(
    measure: str, between: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a few pairs only their own L, M and S are computed."""
    rng = np.random.default_rng(1)
    rule = intervals.Rule("interpolate", between, 0.1)
    columns = [
        rng.integers(*ends, 4000).astype(np.int32) for ends in ((0, 2), (-9, 760), (-9, 260))
    ]
    few, own = intervals.cells_of(measure, rule, *columns)
    monkeypatch.setattr(intervals, "FEW", 0)
    many, at = intervals.cells_of(measure, rule, *columns)
    assert len(few.L) == 4000 < len(many.L)
    for name in ("L", "M", "S", "delta", "width", "method", "months", "status"):
        one, other = getattr(few, name)[own], getattr(many, name)[at]
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), name
    assert (few.has_delta, few.has_zero_power) == (many.has_delta, many.has_zero_power)


@pytest.mark.requirement("REQ-VEL-07")
def test_first_interval_is_28_days_and_the_second_32_875() -> None:
    assert (girl(0, 28).status, girl(0, 28).scaled) == ("ok", 1.0)
    assert girl(0, 26).scaled == 28 / 26
    assert girl(0, 25).status == "interval_not_nominal"  # 28 less 10 % is 25.2
    assert girl(0, 30, between="scale").scaled == 28 / 30
    assert girl(0, 31, between="scale").status == "interval_not_nominal"
    assert girl(28, 61).scaled == 32.875 / 33
    assert girl(28, 61).status == "ok"
    assert girl(61, 91).scaled == 30.4375 / 30


@pytest.mark.requirement("REQ-VEL-12")
def test_a_standing_length_is_taken_as_lying() -> None:
    def length(first: str | None, second: str | None, height: float = 82.0) -> Any:
        return nc.velocity.zscore(
            "length",
            first="78 cm",
            second=f"{height} cm",
            sex="f",
            first_age=term(548),
            second_age=term(731),
            first_position=first,
            second_position=second,
        )

    lying = length("recumbent", "recumbent", 82.7)
    assert length("recumbent", "standing").z == pytest.approx(lying.z, abs=1e-12)
    assert length("l", "h").increment.magnitude == pytest.approx(4.7)
    assert length("standing", "standing").increment.magnitude == pytest.approx(4.0)
    assert length(None, None).increment.magnitude == pytest.approx(4.0)


@pytest.mark.requirement("REQ-VEL-12")
def test_a_standing_infant_under_9_months_is_not_believed() -> None:
    v = nc.velocity.zscore(
        "length",
        first="60 cm",
        second="66 cm",
        sex="f",
        first_age=term(91),
        second_age=term(213),
        first_position="standing",
        second_position="recumbent",
    )
    assert v.increment.magnitude == pytest.approx(6.0)


@pytest.mark.parametrize("rule", ["recode", "restricted"])
@pytest.mark.parametrize("given", ["no", 1, 0])
def test_a_rule_that_is_no_truth_value_is_refused(rule: str, given: Any) -> None:
    """Any text was true."""
    with pytest.raises(nc.InputError, match=rf"^{rule}: .* is not accepted; True"):
        girl(61, 122, **{rule: given})


@pytest.mark.requirement("REQ-VEL-03")
def test_recode_is_an_option_that_says_so() -> None:
    def head(second: float, **options: Any) -> Any:
        return nc.velocity.zscore(
            "head_circumference",
            first="46.5 cm",
            second=f"{second} cm",
            sex="f",
            first_age=term(609),
            second_age=term(731),
            **options,
        )

    for second in (46.5, 46.1):
        refused, recoded = head(second), head(second, recode=True)
        assert math.isnan(refused.z)
        assert refused.status == recoded.status == "non_positive_increment"
        assert recoded.z == pytest.approx(head(46.51).z, abs=1e-6)
        assert recoded.z_unscaled < recoded.z_unscaled + 1
        assert recoded.increment.magnitude == pytest.approx(second - 46.5)
    assert head(46.6, recode=True).status == "ok"
    assert head(46.6, recode=True).z == head(46.6).z
    weight = girl(609, 731, -900, recode=True)
    assert (weight.status, math.isnan(weight.z)) == ("non_positive_increment", True)


def test_rounding_of_binary_fractions_is_no_growth() -> None:
    """82.1 + 0.7 is not 82.8 in binary: an increment of 1e-14 cm is none."""
    v = nc.velocity.zscore(
        "length",
        first="82.8 cm",
        second="82.1 cm",
        sex="m",
        first_age=term(609),
        second_age=term(731),
        first_position="recumbent",
        second_position="standing",
    )
    assert v.status == "non_positive_increment"


# --- ages and zones ------------------------------------------------------------------------------


@pytest.mark.requirement("REQ-VEL-10")
def test_age_is_corrected_and_the_interval_is_by_the_calendar() -> None:
    early, late = girl(91, 152, at=preterm), girl(91, 152)
    assert early.z == late.z
    assert (early.age_basis, late.age_basis) == ("corrected", "chronological")


@pytest.mark.requirement("REQ-VEL-09")
def test_below_term_and_above_24_months_whatever_the_interval() -> None:
    for days in (7, 28, 61, 183, 365):
        assert girl(-9, -9 + days, at=preterm).status == "start_below_term"
    for days in (28, 61, 183, 365):
        assert girl(732 - days, 732, at=preterm).status == "above_velocity_reference"
    assert girl(548, 731, at=preterm).status == "ok"
    assert girl(0, 28, at=preterm).status == "ok"


@pytest.mark.requirement("REQ-VEL-05")
def test_12_months_are_not_nominal() -> None:
    assert girl(365, 730).status == "interval_not_nominal"


@pytest.mark.requirement("REQ-VEL-08")
def test_head_ends_at_12_months_for_2_and_3_months() -> None:
    def head(first: int, second: int, between: str = "interpolate") -> str:
        return str(
            nc.velocity.zscore(
                "head_circumference", first="42 cm", second="43 cm", sex="m", between=between,
                first_age=term(first), second_age=term(second),
            ).status
        )  # fmt: skip

    assert head(304, 365) == "ok"
    assert head(335, 396) == "no_table"
    assert head(304, 396) == "interval_interpolated"  # 2 and 4 months have a row at 10 months
    assert head(304, 396, "scale") == "no_table"
    assert head(335, 427) == "no_table"  # at 11 months 4 months are the shortest
    assert head(335, 445) == "interval_scaled"
    assert head(335, 465) == "interval_interpolated"
    assert head(304, 426) == "ok"  # 4 months go on to 24
    assert head(30, 61) == "no_table"  # and 1 month does not exist


@pytest.mark.requirement("REQ-VEL-08")
def test_weight_in_1_month_ends_at_12_months() -> None:
    assert girl(335, 365).status == "ok"
    assert girl(365, 396).status == "no_table"


@pytest.mark.requirement("REQ-VEL-10")
def test_mixed_age_basis() -> None:
    policy = nc.Policy(correct_until="12 month")
    # It said that the gestation should be stated in both, where it was.
    with pytest.raises(nc.AgeError, match=r"; by the policy correction ends between") as error:
        girl(304, 396, at=preterm, policy=policy)
    assert error.value.status == "mixed_age_basis"
    with pytest.raises(nc.AgeError, match="; gestation is stated in both or in neither"):
        nc.velocity.zscore(
            "weight", first="5 kg", second="6 kg", sex="f",
            first_age=nc.Age.from_days(161, "30+0"), second_age=nc.Age.from_days(222),
        )  # fmt: skip
    many = nc.velocity.zscore(
        "weight",
        first=["5 kg", "5 kg"],
        second=["6 kg", "6 kg"],
        sex="f",
        first_age=nc.Age.from_days([374, 161], gestation="30+0"),
        second_age=nc.Age.from_days([466, 222], gestation="30+0"),
        policy=policy,
    )
    assert many.status.tolist() == ["mixed_age_basis", "ok"]
    assert np.isnan(many.z).tolist() == [True, False]


@pytest.mark.requirement("REQ-VEL-10")
def test_two_children_are_not_compared() -> None:
    for first, second in (
        (nc.Age.from_days(100, "30+0"), nc.Age.from_days(161, "31+0")),
        (
            nc.Age("2026-01-01", "2026-05-01", "30+0"),
            nc.Age("2026-01-02", "2026-07-01", "30+0"),
        ),
    ):
        with pytest.raises(nc.AgeError, match="one child") as error:
            nc.velocity.zscore(
                "weight", first="5 kg", second="6 kg", sex="f", first_age=first, second_age=second
            )
        assert error.value.status == "subject_conflict"
    many = nc.velocity.zscore(
        "weight",
        first=["5 kg", "5 kg"],
        second=["6 kg", "6 kg"],
        sex="f",
        first_age=nc.Age(["2026-01-01"] * 2, ["2026-05-01"] * 2, ["30+0", "40+0"]),
        second_age=nc.Age(["2026-01-02", "2026-01-01"], ["2026-07-01"] * 2, ["30+0", "40+0"]),
    )
    assert many.status.tolist() == ["subject_conflict", "ok"]


# --- bad input -----------------------------------------------------------------------------------


@pytest.mark.requirement("REQ-VEL-11")
@pytest.mark.parametrize("second", [90, 91])
def test_swapped_or_same_day(second: int) -> None:
    with pytest.raises(nc.AgeError, match="an age after the first") as error:
        girl(91, second)
    assert error.value.status == "interval_not_positive"
    many = nc.velocity.zscore(
        "weight", first=["5 kg"], second=["6 kg"], sex="f",
        first_age=nc.Age.from_days([91]), second_age=nc.Age.from_days([second]),
    )  # fmt: skip
    assert many.status.tolist() == ["interval_not_positive"]
    assert many.scaled.tolist() != [0.0]


@pytest.mark.requirement("REQ-VEL-13")
def test_oedema_at_either_visit() -> None:
    for oedema in (True, "yes"):
        v = girl(91, 152, oedema=oedema)
        assert (v.status, math.isnan(v.z)) == ("oedema", True)
    assert girl(91, 152, oedema="no").status == "ok"
    head = nc.velocity.zscore(
        "head_circumference", first="40 cm", second="41 cm", sex="f",
        first_age=term(91), second_age=term(152), oedema=True,
    )  # fmt: skip
    assert head.status == "ok"


@pytest.mark.requirement("REQ-VEL-15")
def test_values_that_cannot_be_used() -> None:
    ages: dict[str, Any] = {"first_age": term(91), "second_age": term(152), "sex": "f"}
    with pytest.raises(nc.UnitError, match="first"):
        nc.velocity.zscore("weight", first=5.0, second="6 kg", **ages)
    with pytest.raises(nc.UnitError, match="second"):
        nc.velocity.zscore("weight", first="5 kg", second="60 cm", **ages)
    for bad in ("0 kg", "-1 kg"):
        with pytest.raises(nc.InputError, match=r"first.*above 0"):
            nc.velocity.zscore("weight", first=bad, second="6 kg", **ages)
        with pytest.raises(nc.InputError, match=r"second.*above 0"):
            nc.velocity.zscore("weight", first="5 kg", second=bad, **ages)
    with pytest.raises(nc.MissingError, match="second"):
        nc.velocity.zscore("weight", first="5 kg", second=None, **ages)
    many = nc.velocity.zscore(
        "weight",
        first=["0 kg", "5 kg", "5 kg", "5 kg", "5 kg"],
        second=["6 kg", None, "x", "6 kg", "6 kg"],
        sex=["f", "f", "f", None, "x"],
        first_age=term(91),
        second_age=term(152),
    )
    assert many.status.tolist() == [
        "invalid_value",
        "missing_value",
        "invalid_value",
        "missing_sex",
        "invalid_sex",
    ]
    assert np.isnan(many.z).all()


@pytest.mark.requirement("REQ-VEL-15")
def test_wrong_arguments() -> None:
    with pytest.raises(nc.InputError, match="measure"):
        nc.velocity.zscore(
            "bmi", first="5 kg", second="6 kg", sex="f", first_age=term(91), second_age=term(152)
        )
    with pytest.raises(nc.MissingError, match="sex"):
        nc.velocity.zscore(
            "weight", first="5 kg", second="6 kg", sex=None, first_age=term(1), second_age=term(29)
        )
    not_an_age: Any = 152
    with pytest.raises(nc.AgeError, match="second_age"):
        nc.velocity.zscore(
            "weight", first="5 kg", second="6 kg", sex="f", first_age=term(9), second_age=not_an_age
        )
    wrong: list[tuple[str, Any]] = [
        ("start", "linear"),
        ("tolerance", 0.3),
        ("tolerance", -0.1),
        ("tolerance", True),
        ("tolerance", "0.1"),
        ("tolerance", None),
        ("tolerance", math.nan),
        ("restricted", "yes"),
    ]
    for name, value in wrong:
        with pytest.raises(nc.InputError, match=name):
            girl(91, 152, **{name: value})


@pytest.mark.requirement("REQ-VEL-15")
def test_a_lost_decimal_point_is_said() -> None:
    """554 cm: the increment is scored, and marked as the attained z is."""
    v = nc.velocity.zscore(
        "length", first="55.4 cm", second="580 cm", sex="f",
        first_age=term(61), second_age=term(122),
    )  # fmt: skip
    assert v.status == "implausible"
    assert v.z > 20
    v = nc.velocity.zscore(
        "length", first=["554 cm", "55.4 cm"], second=["580 cm", "58 cm"], sex="f",
        first_age=term(61), second_age=term(122),
    )  # fmt: skip
    assert v.status.tolist() == ["implausible", "ok"]


@pytest.mark.requirement("REQ-VEL-12")
def test_the_policy_asks_for_the_position() -> None:
    policy = nc.Policy(require_position=True)

    def length(**position: Any) -> Any:
        return nc.velocity.zscore(
            "length", first="78 cm", second="82 cm", sex="f", first_age=preterm(548),
            second_age=preterm(731), policy=policy, **position,
        )  # fmt: skip

    with pytest.raises(nc.MissingError, match="second_position"):
        length(first_position="l")
    assert length(second_position="l").status == "ok"  # day 548 is before 600


# --- the inverse ---------------------------------------------------------------------------------


@pytest.mark.requirement("REQ-VEL-14")
@pytest.mark.parametrize("z", [-3.4, -1.5, 0.0, 2.0, 3.6])
def test_increment_is_the_inverse(z: float) -> None:
    ages: dict[str, Any] = {"first_age": preterm(95), "second_age": preterm(152), "sex": "m"}
    gain = nc.velocity.increment("weight", z, **ages)
    assert str(gain.units) == "gram"
    back = nc.velocity.zscore(
        "weight", first=nc.Q(5000, "g"), second=nc.Q(5000, "g") + gain, **ages
    )
    assert back.z == pytest.approx(z, abs=1e-9)
    many = nc.velocity.increment("weight", [z, z], **ages)
    assert many.magnitude.tolist() == [gain.magnitude] * 2


@pytest.mark.requirement("REQ-VEL-14")
def test_increment_where_there_is_none() -> None:
    ages: dict[str, Any] = {"first_age": term(609), "second_age": term(731), "sex": "f"}
    with pytest.raises(nc.InputError, match="no head_circumference increment at this z") as error:
        nc.velocity.increment("head_circumference", -2, **ages)
    assert error.value.status == "invalid_value"
    for missing in (None, math.nan):
        with pytest.raises(nc.MissingError, match=r"^z: missing; a number of SD$"):
            nc.velocity.increment("head_circumference", missing, **ages)
    with pytest.raises(nc.InputError, match=r"^z: 'x' is not accepted; a number of SD$"):
        nc.velocity.increment("head_circumference", "x", **ages)
    found = nc.velocity.increment("head_circumference", [-2, 0, math.nan], **ages)
    assert np.isnan(found.magnitude).tolist() == [True, False, True]
    with pytest.raises(nc.InputError, match=r"second_age: .* between these ages: interval_not"):
        nc.velocity.increment("weight", 0, sex="f", first_age=term(0), second_age=term(300))
    with pytest.raises(nc.AgeError, match="after the first"):
        nc.velocity.increment("weight", 0, sex="f", first_age=term(30), second_age=term(3))
    with pytest.raises(nc.InputError, match="z: 'x'"):
        nc.velocity.increment("weight", "x", sex="f", first_age=term(0), second_age=term(28))
    policy = nc.Policy(correct_until="12 month")
    many = nc.velocity.increment(
        "weight",
        [0.0, 0.0],
        sex="f",
        first_age=nc.Age.from_days([374, 161], gestation="30+0"),
        second_age=nc.Age.from_days([466, 222], gestation="30+0"),
        policy=policy,
    )
    assert np.isnan(many.magnitude).tolist() == [True, False]


def test_prepared_columns_without_any_fault() -> None:
    """The core, as a table uses it: back and forth."""
    days, start, end, sex = (np.array([n, n], dtype=np.int32) for n in (61, 91, 152, 1))
    basis = np.array([2, 2], dtype=np.uint8)
    pairs = Pairs(np.array([6.0, 6.0]), np.array([7.0, 5.9]), days, start, end, sex, basis)
    scored = increments.score("weight", pairs)
    assert scored.status.tolist() == [0, 0]
    found, status = increments.unscore("weight", scored.z, pairs)
    assert status.tolist() == [0, 0]
    assert found.tolist() == pytest.approx([1.0, -0.1])
