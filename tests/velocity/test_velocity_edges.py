"""Velocity exactly on and beside its limits: each of these small faults once went unnoticed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.arrays import BLOCK
from neocalc.errors import CODE
from neocalc.references.catalogue import reference
from neocalc.velocity.declines import chart_step
from neocalc.velocity.gains import gain_rate, gain_status
from neocalc.velocity.increment_tables import WHO_2009, increment_table, read_rows, row_at
from neocalc.velocity.increments import Rules, floor, score
from neocalc.velocity.inputs import values_of
from neocalc.velocity.intervals import Rule, every_cell
from neocalc.velocity.trial_zones import zones
from neocalc.velocity.visits import Pairs
from velocity_simulation import MONTH


def term(*days: int) -> nc.Age:
    """Ages of a child born at term, or of several."""
    return nc.Age.from_days(days[0] if len(days) == 1 else list(days))


def weights(first: Any, second: Any, days: tuple[int, int], **options: Any) -> Any:
    """Velocity of a girl's weight."""
    return nc.velocity.zscore(
        "weight", first=first, second=second, sex="female", first_age=term(days[0]),
        second_age=term(days[1]), **options,
    )  # fmt: skip


def lengths(second: str, days: tuple[int, int], **options: Any) -> Any:
    """Velocity of a girl's length, from 60 cm."""
    return nc.velocity.zscore(
        "length", first="60 cm", second=second, sex="female", first_age=term(days[0]),
        second_age=term(days[1]), **options,
    )  # fmt: skip


# ------------------------------------------------------------------------------------- increments


def test_defaults_of_the_rules() -> None:
    assert Rules() == Rules("interpolate", 0.10, None, False)


@pytest.mark.requirement("REQ-VEL-03")
def test_the_option_recode_is_not_for_weight() -> None:
    """A loss of weight has a z of its own."""
    plain = weights("5 kg", "4.99 kg", (91, 152))
    recoded = weights("5 kg", "4.99 kg", (91, 152), recode=True)
    assert (recoded.z, recoded.status) == (plain.z, "ok")


@pytest.mark.requirement("REQ-VEL-03")
def test_recode_scores_a_hundredth_of_a_centimetre() -> None:
    least = lengths("60.01 cm", (91, 152))
    recoded = lengths("60 cm", (91, 152), recode=True)
    assert recoded.z == pytest.approx(least.z, abs=1e-9)
    assert recoded.status == "non_positive_increment"
    assert math.isnan(lengths("60 cm", (91, 152)).z)


@pytest.mark.requirement("REQ-VEL-03")
def test_floor_where_the_third_line_is_at_nothing() -> None:
    """1 - 3 L S is 0: the plain floor is -3, and there is no line to go on from."""
    assert floor(np.array([1.0]), np.array([1 / 3]), np.array([True])).tolist() == [-3.0]


def test_floor_where_the_straight_line_beyond_the_third_meets_0() -> None:
    """S = 0.2. With L = 0.5 the lines are at 0.49 and 0.64 of the median; the plain one is -10."""
    L, S = np.array([0.5, 0.5, -0.5, -0.5]), np.full(4, 0.2)
    found = floor(L, S, np.array([True, False, True, False]))
    third, second = 1.3**-2, 1.2**-2
    below = third / (second - third)
    assert found == pytest.approx([-3 - 0.49 / 0.15, -10.0, -3 - below, -math.inf])


@pytest.mark.requirement("REQ-VEL-15")
def test_reasons_in_the_second_block() -> None:
    n = BLOCK + 10
    days = np.full(n, 61, dtype=np.int32)
    days[-3] = 0
    start = np.full(n, 91, dtype=np.int32)
    pairs = Pairs(
        np.full(n, 6.0), np.full(n, 7.0), days, start, start + days,
        np.ones(n, dtype=np.int32), np.full(n, 2, dtype=np.uint8),
    )  # fmt: skip
    scored = score("weight", pairs)
    assert np.flatnonzero(np.isnan(scored.z)).tolist() == [n - 3]
    assert np.flatnonzero(scored.status).tolist() == [n - 3]
    assert scored.status[n - 3] == CODE["interval_not_positive"]


@pytest.mark.requirement("REQ-VEL-05")
def test_an_interval_exactly_on_the_tolerance_fits() -> None:
    """7 days from 28 are a quarter of it."""
    scored = weights("3.5 kg", "4.2 kg", (0, 21), tolerance=0.25)
    assert (scored.status, scored.nominal_months) == ("interval_scaled", 1)
    scored = weights("3.5 kg", "4.2 kg", (0, 35), tolerance=0.25, between="scale")
    assert (scored.status, scored.nominal_months) == ("interval_scaled", 1)
    lost = weights("8 kg", "1 kg", (0, 35), tolerance=0.25)
    assert lost.status == "non_positive_increment"
    share = 0.4375 / MONTH
    assert share * MONTH == MONTH - 30
    for between in ("interpolate", "scale"):
        assert lengths("62 cm", (91, 121), tolerance=share, between=between).status == "no_table"


@pytest.mark.requirement("REQ-VEL-07")
def test_four_weeks_from_birth_are_an_interval_of_their_own() -> None:
    """26 days are near 4 weeks and not near a month: what is wrong is the increment."""
    assert weights("8 kg", "1 kg", (0, 26)).status == "non_positive_increment"
    assert weights("8 kg", "1 kg", (100, 126)).status == "interval_not_nominal"


# ------------------------------------------------------------------------------------------- tables


@pytest.mark.requirement("REQ-VEL-06")
def test_a_start_exactly_at_the_end_of_the_table() -> None:
    rows = read_rows(reference(WHO_2009), "weight")[2, 0]
    last = len(rows) - 1
    assert row_at(rows, (last + 0.5) * MONTH, 2, "nearest") == rows[last]
    assert row_at(rows, (last + 0.5) * MONTH + 0.1, 2, "nearest") is None
    assert row_at(rows, last * MONTH + 3, 2) == rows[last]
    assert row_at(rows, last * MONTH + 3.1, 2) is None


def test_only_weight_has_a_delta() -> None:
    for measure, has in (("weight", True), ("length", False), ("head_circumference", False)):
        assert increment_table(measure, "interpolate").has_delta is has
        cells = every_cell(measure, Rule("interpolate", "interpolate", 0.1))
        assert (cells.has_delta, cells.has_zero_power) == (has, False)


def test_one_month_has_its_reference() -> None:
    one = weights("3.5 kg", "4.4 kg", (0, 28))
    assert (one.nominal_months, one.reference) == (1, "who-2009-velocity")


def test_the_increment_without_its_unit_is_in_the_same_unit() -> None:
    one = weights("3.5 kg", "4.4 kg", (0, 28))
    assert one.increment_figure == one.increment.to("g").magnitude == pytest.approx(900)


# ------------------------------------------------------------------------------------------- visits


@pytest.mark.requirement("REQ-VEL-15")
def test_an_implausible_value_at_either_visit() -> None:
    scored = nc.velocity.zscore(
        "weight", first=["20 kg", "6 kg", "6 kg"], second=["21 kg", "30 kg", "7 kg"],
        sex=["f"] * 3, first_age=term(91, 91, 91), second_age=term(152, 152, 152),
    )  # fmt: skip
    assert scored.status.tolist() == ["implausible", "implausible", "ok"]
    one = nc.velocity.zscore(
        "weight", first=["11.4 kg", "6 kg"], second=["11.5 kg", "30 kg"], sex=["f"] * 2,
        first_age=term(91, 91), second_age=term(273, 273),
    )  # fmt: skip
    assert one.status.tolist() == ["implausible"] * 2


# -------------------------------------------------------------------------------------------- rates


def test_rate_of_less_than_a_day() -> None:
    """`gain` refuses it; the formula itself holds for every interval above 0."""
    one, two = np.full(4, 1.0), np.full(4, 2.0)
    rate = gain_rate("g/day", one, two, np.array([0.0, -0.5, 0.5, 1.0]))
    assert np.isnan(rate).tolist() == [True, True, False, False]
    assert rate[2:].tolist() == [2000.0, 1000.0]


def test_beyond_belief_from_one_day_on() -> None:
    status = gain_status(np.array([0.5, 1.0, 1.5]), np.full(3, True))
    words = ["interval_not_positive", "implausible", "implausible"]
    assert status.tolist() == [CODE[word] for word in words]


@pytest.mark.parametrize(
    ("second", "status"),
    [("1.5 kg", "ok"), ("1.5001 kg", "implausible"), ("743.4 g", "ok"), ("743.3 g", "implausible")],
)
def test_exactly_on_a_limit_is_believed(second: str, status: str) -> None:
    """In 7 days half as much again, or 25.67 % less."""
    gain = nc.velocity.gain("weight", first="1 kg", second=second, days=7, method="g/day")
    assert gain.status == status


def test_nothing_and_infinity_are_no_weights() -> None:
    """Beside a missing one, which has a status of its own."""
    first = ["0 kg", None, "1 kg", nc.Q(math.inf, "kg")]
    gain = nc.velocity.gain("weight", first=first, second="2 kg", days=14, method="g/day")
    assert gain.status.tolist() == ["invalid_value", "missing_value", "ok", "invalid_value"]
    many = nc.velocity.gain(
        "weight", first=nc.Q([math.inf, 1.0], "kg"), second="2 kg", days=14, method="g/day"
    )
    assert many.status.tolist() == ["invalid_value", "ok"]


def test_a_missing_interval_with_its_unit() -> None:
    gain = nc.velocity.gain(
        "weight", first="1 kg", second="2 kg", days=nc.Q([14.0, math.nan], "day"), method="g/day"
    )
    assert gain.status.tolist() == ["ok", "missing_age"]


def test_every_correlation_must_be_one() -> None:
    with pytest.raises(nc.InputError, match="from 0 to below 1"):
        nc.velocity.conditional_gain([-1, -1], [0, 0], [0.5, 1.2], "someone")
    assert type(nc.velocity.conditional_gain(-1, -1, 0.5, "someone")) is float


@pytest.mark.parametrize(("z1", "r"), [([-1.0, "x"], 0.5), ([-1.0, 0.0], [0.5, "x"])])
def test_every_figure_of_a_conditional_gain_is_a_number(z1: Any, r: Any) -> None:
    with pytest.raises(nc.InputError, match="z1: " if r == 0.5 else "r: "):
        nc.velocity.conditional_gain(z1, [0.0, 0.0], r, "someone")


# ------------------------------------------------------------------------------------------ changes


def test_a_change_within_one_day_of_another() -> None:
    change = nc.velocity.change(
        "weight", first="4 kg", second="4.02 kg", sex="f", first_age=term(30), second_age=term(31)
    )
    assert (change.status, change.interval_days) == ("ok", 1)


def test_two_children_and_two_visits_of_one_day() -> None:
    """A conflict in one row does not hide what is wrong in another."""
    change = nc.velocity.change(
        "weight", first=["1 kg"] * 3, second=["2 kg"] * 3, sex=["f"] * 3,
        first_age=nc.Age.from_days([0, 40, 0], gestation=["27+3"] * 3),
        second_age=nc.Age.from_days([40, 40, 40], gestation=["27+4", "27+3", "27+3"]),
    )  # fmt: skip
    assert change.status.tolist() == ["subject_conflict", "interval_not_positive", "ok"]


@pytest.mark.parametrize("z", [-4.0, 4.0])
def test_the_step_beyond_3_sd_takes_each_chart_by_its_own_method(z: float) -> None:
    """Fenton 2013 plain, the WHO restricted, on the last day of the preterm chart."""
    age = nc.Age.from_days(350 - 200, gestation="28+4")
    for preterm in ("fenton-2013", "fenton-2025"):
        policy = nc.Policy(preterm_reference=preterm)
        kg = nc.measurement("weight", z=z, sex="male", age=age, reference=preterm)
        late = nc.zscore("weight", kg, sex="male", age=age, reference="who-2006", policy=policy).z
        step = chart_step("weight", z, sex=1, policy=policy)
        assert step[0] == pytest.approx(late - z, abs=1e-9)


# -------------------------------------------------------------------------------- edges and zones


def test_increments_are_of_three_measures() -> None:
    ages: dict[str, Any] = {"first_age": term(91), "second_age": term(152)}
    with pytest.raises(nc.InputError, match="accepted: weight, length"):
        nc.velocity.increment("bmi", 0, sex="f", **ages)


def test_gains_in_the_description() -> None:
    first, second = (nc.Age.from_days(day, "26+0") for day in (21, 28))
    found = zones(
        "weight", first="900 g", second="1000 g", sex="f", first_age=first, second_age=second
    )
    assert found.describe().splitlines()[2:4] == [
        "gain 15.1 g/kg/day, exponential (ok)",
        "gain 14.3 g/day (ok)",
    ]


# ------------------------------------------------------------------------------------------ inputs


def test_a_bmi_is_given_as_one_unless_lengths_are() -> None:
    (bmi, *_), _ = values_of("bmi", "15 kg/m2", "16 kg/m2")
    (weight, *_), _ = values_of("bmi", "4 kg", "5 kg", lengths=True)
    assert (bmi.tolist(), weight.tolist()) == ([15.0], [4.0])


def test_an_age_in_days_beside_one_from_dates_is_of_the_same_child() -> None:
    dated = nc.Age(born="2024-01-01", on="2024-04-01")
    ages: dict[str, Any] = {"first_age": dated, "second_age": term(152)}
    found = nc.velocity.zscore("weight", first="5 kg", second="6 kg", sex="f", **ages)
    assert found.status == "ok"
    ages = {"first_age": term(30), "second_age": dated}
    found = nc.velocity.zscore("weight", first="4 kg", second="6 kg", sex="f", **ages)
    assert found.status == "ok"


def test_no_first_visits_and_one_second_visit_are_no_pairs() -> None:
    none = nc.Q(np.array([]), "kg")
    first, second = nc.Age.from_days(np.array([])), term(152)
    found = nc.velocity.zscore(
        "weight", first=none, second="6 kg", sex="f", first_age=first, second_age=second
    )
    assert found.z.shape == (0,)
