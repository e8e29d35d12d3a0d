"""Growth exactly on and beside its limits: each of these small faults once went unnoticed."""

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
from neocalc.ages.policy import CORRECTED, Resolved
from neocalc.errors import STATUSES
from neocalc.growth import scoring
from neocalc.growth.placement import Inputs, place
from neocalc.growth.scoring import score
from neocalc.reading.dates import duration_days, stated_gestations, whole_gestation
from neocalc.reading.words import FEMALE, RECUMBENT
from neocalc.references.catalogue import reference
from own_references import OwnTable, rows


def words(status: Any) -> list[str]:
    """Status words."""
    return [STATUSES[code] for code in status]


def by_length(value: Any, **given: Any) -> Any:
    """Weight-for-length of girls of 8 kg."""
    return nc.zscore("weight_for_length", value, sex="f", **given)


def inputs(day: int, **more: Any) -> Inputs:
    """One girl on the WHO standards at a corrected age, 80 cm."""
    days, codes = np.array([day], dtype=np.int32), np.zeros(1, dtype=np.uint8)
    basis = codes + np.uint8(CORRECTED)
    who = reference("who-2006")
    resolved = Resolved((who,), codes, days, basis, days, basis, None)
    return Inputs(np.array([80.0]), np.array([FEMALE], dtype=np.int32), resolved, **more)


# ------------------------------------------------------------------------------------------- ages


def test_the_longest_age_is_a_million_days() -> None:
    age = nc.Age.from_days([1_000_000, 1_000_001, -1_000_001])
    assert words(age.status) == ["ok", "invalid_age", "invalid_age"]


@pytest.mark.requirement("REQ-AGE-05")
def test_a_million_months_became_a_million_days() -> None:
    age = nc.Age.from_months([24.0, 1e6, -1e6, math.inf, math.nan])
    assert words(age.status) == ["ok", *["invalid_age"] * 3, "missing_age"]
    with pytest.raises(nc.InputError, match="months"):
        nc.Age.from_months(1e6)


def test_an_age_from_a_table_is_of_many_even_if_of_one() -> None:
    days = np.array([105], dtype=np.int32)
    age = nc.Age.from_codes(days, np.array([192], dtype=np.int32), None, None)
    assert not age.single
    assert age.corrected.magnitude.tolist() == [17.0]


def test_two_numbers_are_one_gestation_and_two_other_things_are_two() -> None:
    one = nc.Age.from_days(105, gestation=(27, 3))
    assert one.single
    assert one.corrected.magnitude == 17
    two = nc.Age.from_days([105, 105], gestation=(27, "27+3"))
    assert two.gestation_status is not None
    assert words(two.gestation_status) == ["invalid_gestation", "ok"]


def test_a_gestation_in_whole_days_from_a_column() -> None:
    assert [whole_gestation(days) for days in (140.0, 192.0, 314.0, math.nan)] == [140, 192, 314, 0]
    coded, single = stated_gestations(nc.Q(np.array([192.0, math.inf, -math.inf]), "day"))
    assert not single
    assert coded.codes.tolist() == [192, 0, 0]
    assert words(coded.status) == ["ok", "invalid_gestation", "invalid_gestation"]


def test_the_longest_duration_is_40000_days() -> None:
    assert duration_days("40000 day", "correct_until") == 40_000
    assert duration_days(nc.Q(40_000, "day"), "correct_until") == 40_000
    for value in ("40001 day", "-1 day", nc.Q(40_001, "day")):
        with pytest.raises(nc.InputError, match="correct_until"):
            duration_days(value, "correct_until")


def test_a_week_of_nine_days_says_which_durations_are_accepted() -> None:
    with pytest.raises(nc.AgeError, match="accepted: a duration such as") as error:
        duration_days("37+9", "preterm_below")
    assert str(error.value).count("accepted:") == 1


# -------------------------------------------------------------------------------------- placement


def test_a_table_in_blocks_gives_what_it_gives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every column goes through: sex, gestation, position, oedema, and the statuses of each."""
    n = 11
    given: dict[str, Any] = {
        "sex": ["f", "m", "x", "f", "m", "f", "m", "f", "m", "f", "m"],
        "age": nc.Age.from_days(
            [100, 730, 800, 731, 1000, 40, 50, 60, 700, 650, -1],
            gestation=["27+3", None, "x", "30+0", "41+0"] + ["28+1"] * 6,
        ),
        "length": nc.Q(np.linspace(60.05, 90.0, n), "cm"),
        "position": ["l", "h", None, "y", "l", "h", None, "l", "h", None, "h"],
        "oedema": [None, "n", "n", "n", "y", "n", "n", "?", "n", "n", "n"],
        "policy": nc.Policy(require_position=True),
    }
    weight = nc.Q(np.linspace(4.0, 12.0, n), "kg")
    whole = nc.zscore("weight_for_length", weight, **given)
    monkeypatch.setattr(blocks, "BLOCK", 3)
    monkeypatch.setattr(scoring, "BLOCK", 3)
    parts = nc.zscore("weight_for_length", weight, **given)
    np.testing.assert_array_equal(parts.z, whole.z)
    for name in ("status", "reference", "age_basis", "method"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()
    assert len(set(whole.status.tolist())) > 4


@pytest.mark.requirement("REQ-POL-10")
def test_a_position_is_asked_for_only_where_the_policy_says_so() -> None:
    assert score("length", inputs(700)).status.tolist() == [0]
    asked = score("length", inputs(700, require_position=True))
    assert words(asked.status) == ["missing_value"]


def test_what_the_term_reference_lacks_the_preterm_one_has_at_its_own_age(tmp_path: Path) -> None:
    term = own_references.write(tmp_path / "term")  # of weight, to day 10
    policy = nc.Policy(term_reference=str(term))
    age = nc.Age.from_days([30, 30], gestation=["27+3", None])
    result = nc.zscore(
        "head_circumference", nc.Q(np.array([28.0, 28.0]), "cm"), sex="f", age=age, policy=policy
    )
    fenton = nc.zscore(
        "head_circumference", "28 cm", sex="f", reference="fenton-2013",
        age=nc.Age.from_days(30, gestation="27+3"),
    )  # fmt: skip
    assert result.z[0] == fenton.z
    assert result.reference.tolist() == ["fenton-2013", ""]
    assert result.age_basis.tolist() == ["postmenstrual", ""]
    assert result.status.tolist() == ["ok", "no_reference"]


LENGTHS = [f"{tenths / 10:.1f}" for tenths in range(450, 1101)]
LYING = OwnTable(
    rows("length_cm", LENGTHS, M=2.5), "length_cm", "kg", 45.0, 110.0, more="age_range = [0, 1826]"
)


@pytest.mark.requirement("REQ-WHO-07")
@pytest.mark.parametrize("days", [[1000, 1001], [100, 1000], [100, 101]])
def test_children_who_stand_were_scored_by_the_lying_table(tmp_path: Path, days: list[int]) -> None:
    """Where a reference has no table of standing height, and no child in the call lay."""
    folder = own_references.write(
        tmp_path / "lying", {"weight": own_references.WEIGHT, "weight_for_length": LYING}
    )
    result = by_length(
        nc.Q(np.array([8.0, 8.0]), "kg"), age=nc.Age.from_days(days),
        length=nc.Q(np.array([65.0, 65.0]), "cm"), reference=str(folder),
    )  # fmt: skip
    expected = ["ok" if day < 731 else "no_reference" for day in days]
    assert result.status.tolist() == expected
    assert np.isnan(result.z).tolist() == [word != "ok" for word in expected]


def test_the_preterm_reference_by_length_where_the_term_one_has_none(tmp_path: Path) -> None:
    day, week = {"measures": {"weight": own_references.WEIGHT}}, "postmenstrual"
    term = own_references.write(tmp_path / "term", day["measures"])
    preterm = own_references.write(
        tmp_path / "preterm",
        {
            "weight": OwnTable(
                rows("postmenstrual_age_days", map(str, range(160, 351))),
                "postmenstrual_age_days", "kg", 160, 350,
            ),
            "weight_for_length": LYING,
        },
        id="preterm", age_basis=week,
    )  # fmt: skip
    policy = nc.Policy(preterm_reference=str(preterm), term_reference=str(term))
    age = nc.Age.from_days(150, gestation="27+3")
    result = by_length("8 kg", age=age, length="65 cm", policy=policy)
    alone = by_length("8 kg", age=age, length="65 cm", reference=str(preterm))
    assert (result.reference, result.z) == ("preterm", alone.z)
    assert not math.isnan(result.z)


def test_a_table_that_nobody_needs_is_not_read() -> None:
    term = nc.zscore("weight", "4 kg", sex="f", age=nc.Age.from_days(10, gestation="40+0"))
    assert [table is None for table in term.codes.tables] == [True, False, True]
    preterm = nc.zscore("weight", "2 kg", sex="f", age=nc.Age.from_days(10, gestation="30+0"))
    assert [table is None for table in preterm.codes.tables] == [False, True, True]


@pytest.mark.parametrize("choice", [{}, {"reference": "who-2006"}])
def test_no_children_at_all(choice: dict[str, Any]) -> None:
    none = np.array([])
    age = nc.Age.from_days(none)
    assert nc.zscore("weight", nc.Q(none, "kg"), sex=[], age=age, **choice).z.shape == (0,)
    result = nc.zscore(
        "weight_for_length", nc.Q(none, "kg"), sex=[], age=age, length=nc.Q(none, "cm"), **choice
    )
    assert result.z.shape == (0,)


def test_no_children_at_all_in_a_thread_that_scored_none_before() -> None:
    found = []

    def work() -> None:
        none = np.array([])
        age = nc.Age.from_days(none)
        found.append(nc.zscore("weight", nc.Q(none, "kg"), sex=[], age=age).z.shape)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(0,)]


@pytest.mark.requirement("REQ-WHO-07")
def test_a_length_without_an_age_is_not_adjusted() -> None:
    """The other date of a child without a birth date counts as many days, which mean nothing."""
    age = nc.Age(born=[None, "2024-01-01"], on=["2026-06-01", "2026-06-01"])
    length = nc.Q(np.array([80.0, 80.0]), "cm")
    both = by_length(
        nc.Q(np.array([10.0, 10.0]), "kg"), age=age, length=length, position=["l", "l"]
    )
    alone = by_length("10 kg", length="80 cm", position="l")
    assert both.z[0] == alone.z
    assert both.age_basis.tolist() == ["", "chronological"]


@pytest.mark.requirement("REQ-WHO-08")
@pytest.mark.parametrize("metres", [0.55, 0.57, 0.58, 1.09, 1.1])
def test_a_length_in_metres_is_the_row_of_its_centimetres(metres: float) -> None:
    """1.1 m times 100 is a little more than 110, the last row: that is the row, not beyond it."""
    age = nc.Age.from_days(700)
    result = by_length("9 kg", age=age, length=nc.Q(metres, "m"))
    assert result.z == by_length("9 kg", age=age, length=f"{round(metres * 100)} cm").z
    assert not math.isnan(result.z)


def test_lengths_that_are_far_out_or_have_no_end() -> None:
    lengths = np.array([44.9, 110.1, 1e6, 1e300, 0.01, 45.0, 110.0])
    result = by_length(
        nc.Q(np.full(7, 9.0), "kg"), age=nc.Age.from_days([700] * 7), length=nc.Q(lengths, "cm")
    )
    out, impossible = "length_out_of_range", "invalid_value"
    assert result.status.tolist()[:5] == [out, out, out, impossible, out]
    lengths = np.array([-1e300, -math.inf, -80.0, 0.0, math.inf, math.nan])
    placed = place("weight_for_length", inputs(700, length=lengths))
    assert placed is not None
    assert np.isnan(placed.stack.M[placed.rows]).all()
    placed = place("weight_for_length", inputs(700, length=np.array([80.05])))
    assert placed is not None
    assert placed.key.tolist() == [800]
    assert placed.part == pytest.approx([0.5])


# -------------------------------------------------------------------------------------- positions


def test_a_recumbent_length_is_shortened_from_day_731_on() -> None:
    codes = np.array([RECUMBENT, RECUMBENT], dtype=np.int32)
    days = np.array([730, 731], dtype=np.int32)
    found = scoring.adjusted_length(np.array([80.0, 80.0]), codes, days)
    assert found.tolist() == [80.0, pytest.approx(79.3)]


# ------------------------------------------------------------------------------------- own tables


def own(tmp_path: Path, table: OwnTable, measure: str = "weight") -> str:
    """The path of a reference with this table."""
    measures = {"weight": own_references.WEIGHT} | {measure: table}
    return str(own_references.write(tmp_path / "own", measures))


@pytest.mark.requirement("REQ-LMS-01")
def test_a_table_whose_power_is_0(tmp_path: Path) -> None:
    """The logarithm of the ratio, for one and among others."""
    csv = rows("age_days", own_references.DAYS, L=0.0)
    path = own(tmp_path, OwnTable(csv, "age_days", "kg", 0, 10))
    result = nc.zscore(
        "weight", nc.Q(np.array([3.0, 3.3, 6.0]), "kg"), sex="f",
        age=nc.Age.from_days([0, 0, 0]), reference=path,
    )  # fmt: skip
    expected = [0.0, math.log(1.1) / 0.1, math.log(2) / 0.1]
    assert result.z == pytest.approx(expected, abs=1e-12)


@pytest.mark.requirement("REQ-LMS-01")
def test_a_power_of_0_between_two_rows(tmp_path: Path) -> None:
    """Half-way between a row with L = 0.5 and one with L = -0.5."""
    lines = rows("length_cm", ["65.0", "65.1"]).splitlines()
    csv = "\n".join(line.replace(",0.5,", ",-0.5,") if ",65.1," in line else line for line in lines)
    lying = OwnTable(csv + "\n", "length_cm", "kg", 65.0, 65.1)
    path = own(tmp_path, lying, "weight_for_length")
    age = nc.Age.from_days(5)
    result = by_length("3.6 kg", length="65.05 cm", age=age, reference=path)
    assert result.z == pytest.approx(math.log(3.6 / 3.015) / 0.1, abs=1e-12)


def test_flag_limits_nearer_than_3_do_not_restrict_what_is_nearer_than_3(tmp_path: Path) -> None:
    csv = rows("age_days", own_references.DAYS)
    table = OwnTable(csv, "age_days", "kg", 0, 10, "lms-restricted", "flag = [-2, 2]")
    path = own(tmp_path, table)
    at = (1 + 0.5 * 0.1 * 2.5) ** 2 * 3.0
    result = nc.zscore("weight", nc.Q(at, "kg"), sex="f", age=nc.Age.from_days(0), reference=path)
    assert (result.z, result.status) == (pytest.approx(2.5, abs=1e-12), "implausible")


@pytest.mark.requirement("REQ-WHO-13")
@pytest.mark.parametrize(("z", "status"), [(5.0, "ok"), (5.02, "implausible"),
                                           (-5.9, "ok"), (-6.02, "implausible")])  # fmt: skip
def test_the_nearer_of_two_flag_limits_counts(tmp_path: Path, z: float, status: str) -> None:
    """-6 and 5: what lies between 5 and 6 is flagged above, and not below."""
    path = own(tmp_path, own_references.WEIGHT)
    at = nc.Q((1 + 0.5 * 0.1 * z) ** 2 * 3.0, "kg")
    result = nc.zscore("weight", at, sex="f", age=nc.Age.from_days(0), reference=path)
    assert (result.z, result.status) == (pytest.approx(z, abs=1e-9), status)


def test_a_weight_that_vanishes_is_invalid_with_oedema_too() -> None:
    """The least float above 0: its ratio to the median is 0, of which there is no logarithm."""
    result = nc.zscore(
        "weight", nc.Q(np.array([5e-324, 5e-324, 7.0]), "kg"), sex="f",
        age=nc.Age.from_days([100] * 3), oedema=["n", "y", "n"],
    )  # fmt: skip
    assert result.status.tolist() == ["invalid_value", "invalid_value", "ok"]


# -------------------------------------------------------------------------------------- the inverse


@pytest.mark.requirement("REQ-LMS-03")
@pytest.mark.parametrize("day", [0, 1826])
def test_a_z_without_a_measurement_on_the_first_and_the_last_day(day: int) -> None:
    """It is the z that is refused, and not the age."""
    with pytest.raises(nc.InputError) as error:
        nc.measurement("weight", z=-100, sex="f", age=nc.Age.from_days(day))
    assert (error.value.argument, error.value.status) == ("z", "invalid_value")


def test_whether_a_position_is_required_is_true_or_false() -> None:
    for value in ("yes", 1, None):
        with pytest.raises(nc.InputError, match="require_position"):
            nc.Policy(require_position=value)  # type: ignore[arg-type]


def test_a_policy_is_printed_as_it_was_written() -> None:
    assert repr(nc.Policy(handover="40 week")) == (
        "Policy(preterm_reference='fenton-2013', handover='40 week', preterm_below='37+0',"
        " correct_until='36 month', term_reference='who-2006', require_position=False,"
        " school_age_reference='who-2007')"
    )
