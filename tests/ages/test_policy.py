"""The correction policy: its parts, what it refuses, how it reads, and whom it sends where."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.ages.policy import AGE_BASES, resolve, weeks_and_days
from own_references import OwnTable, rows, write


def where(
    policy: nc.Policy, day: int, gestation: str | None, measure: str = "weight"
) -> tuple[str, str]:
    """Reference and age basis of one child."""
    value = {"weight": "3 kg", "bmi": "14 kg/m2", "arm_circumference": "12 cm"}[measure]
    age = nc.Age.from_days(day, gestation=gestation)
    result = nc.zscore(measure, value, sex="f", age=age, policy=policy)
    return result.reference, result.age_basis


FENTON = "fenton-2013", "postmenstrual"
CORRECTED = "who-2006", "corrected"
CHRONOLOGICAL = "who-2006", "chronological"


@pytest.mark.requirement("REQ-POL-02", "REQ-POL-03")
def test_defaults() -> None:
    policy = nc.Policy()
    assert policy.handover_day == 350
    assert policy.preterm_below_day == 259
    assert policy.correct_until_day == 1096
    assert (policy.preterm_reference, policy.term_reference) == ("fenton-2013", "who-2006")
    assert not policy.require_position


@pytest.mark.requirement("REQ-GA-05", "REQ-POL-01", "REQ-POL-03")
@pytest.mark.parametrize(
    ("day", "gestation", "expected"),
    [
        (0, "36+6", FENTON),
        (0, "37+0", CHRONOLOGICAL),
        (0, None, CHRONOLOGICAL),
        (0, "27+3", FENTON),
        (158, "27+3", FENTON),  # 50w1d less 1: 192 + 158 = 350
        (159, "27+3", CORRECTED),
        (1096 + 88, "27+3", CORRECTED),
        (1096 + 89, "27+3", CHRONOLOGICAL),
        (92, "36+6", FENTON),
        (93, "36+6", CORRECTED),
        (92, "37+0", CHRONOLOGICAL),
    ],
)
def test_who_is_scored_on_what(day: int, gestation: str | None, expected: tuple[str, str]) -> None:
    assert where(nc.Policy(), day, gestation) == expected


@pytest.mark.requirement("REQ-POL-09")
@pytest.mark.parametrize("measure", ["bmi", "arm_circumference"])
def test_what_the_preterm_reference_lacks(measure: str) -> None:
    """The WHO at corrected age from 40w0d, none before."""
    policy = nc.Policy()
    age = nc.Age.from_days([87, 88, 200], gestation="27+3")
    value = nc.Q([14.0] * 3, "kg/m2" if measure == "bmi" else "cm")
    result = nc.zscore(measure, value, sex="f", age=age, policy=policy)
    second = "ok" if measure == "bmi" else "age_below_reference"  # arms are measured from day 91
    assert result.status.tolist() == ["no_reference", second, "ok"]
    assert result.reference.tolist()[0] == ""
    assert result.age_basis.tolist()[0] == ""
    assert (result.reference[2], result.age_basis[2]) == CORRECTED


@pytest.mark.requirement("REQ-POL-04")
def test_every_part_can_be_set() -> None:
    policy = nc.Policy(preterm_reference="fenton-2025")
    assert where(policy, 0, "27+3") == ("fenton-2025", "postmenstrual")
    policy = nc.Policy(handover="40 week")
    assert where(policy, 88, "27+3") == FENTON
    assert where(policy, 89, "27+3") == CORRECTED
    policy = nc.Policy(preterm_below="32+0")
    assert where(policy, 0, "31+6") == FENTON
    assert where(policy, 0, "32+0") == CHRONOLOGICAL
    policy = nc.Policy(correct_until="24 month")
    assert policy.correct_until_day == 731
    assert where(policy, 731 + 88, "27+3") == CORRECTED
    assert where(policy, 731 + 89, "27+3") == CHRONOLOGICAL
    policy = nc.Policy(correct_until="0 day")
    assert where(policy, 158, "27+3") == FENTON
    assert where(policy, 159, "27+3") == CHRONOLOGICAL
    policy = nc.Policy(preterm_below="0 day")
    assert where(policy, 0, "27+3") == CHRONOLOGICAL


@pytest.mark.requirement("REQ-POL-05")
@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("50 week", 350), ("50w", 350), ("50 wk", 350), ("50+0", 350), ("50w0d", 350), ("50 0/7",
        350), ("350 day", 350), ("350d", 350), ("8400 h", 350), ("36 month", 1096), ("36mo", 1096),
        ("24 months", 731), (nc.Q(350, "day"), 350), (nc.Q(50, "week"), 350), ([ "350 day" ][0],
        350),
    ],
)  # fmt: skip
def test_spellings_of_a_duration(text: Any, days: int) -> None:
    assert nc.Policy(correct_until=text).correct_until_day == days
    if days <= 350:
        assert nc.Policy(handover=text).handover_day == days


@pytest.mark.requirement("REQ-POL-05")
@pytest.mark.parametrize("part", ["handover", "preterm_below", "correct_until"])
@pytest.mark.parametrize(
    "value",
    ["", "abc", "50", 50, 50.0, "50 kg", nc.Q(50, "kg"), nc.Q(math.nan, "day"), "50+7",
     "-1 day", nc.Q(math.inf, "day"), "1e9 day", "27.3", nc.Q([50.0, 60.0], "week"), nc.Q([],
     "week"), ["50 week", "60 week"], ["50 week"], [], {}, object(), True],
)  # fmt: skip
def test_durations_that_are_refused(part: str, value: Any) -> None:
    with pytest.raises(nc.InputError) as caught:
        nc.Policy(**{part: value})
    assert caught.value.argument == part
    assert "\n" not in str(caught.value)


@pytest.mark.requirement("REQ-POL-05")
def test_the_first_of_several_durations_was_taken() -> None:
    with pytest.raises(nc.AgeError, match="handover"):
        nc.Policy(handover=nc.Q([50.0, 60.0], "week"))


@pytest.mark.requirement("REQ-POL-04")
def test_handover_before_term_contradicts_itself() -> None:
    """The WHO has no value before 40w0d."""
    for given in ("39+6", "279 day", "39 week", "30\nweek"):
        with pytest.raises(
            nc.PolicyError, match=r"^handover: .*d is before 40w0d; accepted: 40w0d"
        ):
            nc.Policy(handover=given)
    assert nc.Policy(handover="40+0").handover_day == 280


@pytest.mark.requirement("REQ-POL-04")
def test_children_beyond_the_end_of_the_preterm_chart_had_no_z(tmp_path: Path) -> None:
    """A hand-over at 52 weeks left two weeks without any reference."""
    for given in ("50w1d", "52 week", "36 month"):
        with pytest.raises(
            nc.PolicyError,
            match=r"^handover: \d+w\dd is after fenton-2013 ends; accepted: 40w0d to 50w0d",
        ):
            nc.Policy(handover=given)
    days = [str(day) for day in range(200, 401)]
    longer = OwnTable(
        rows("postmenstrual_age_days", days, M=0.5), "postmenstrual_age_days", "kg", 200, 400
    )
    shorter = longer._replace(unit="cm", last=300)
    tables = {"weight": longer, "length": shorter}
    folder = str(write(tmp_path / "p", tables, age_basis="postmenstrual"))
    policy = nc.Policy(preterm_reference=folder, handover="400 day")
    with pytest.raises(nc.PolicyError, match="mine ends; accepted: 40w0d to 57w1d"):
        nc.Policy(preterm_reference=folder, handover="401 day")
    # A measure whose table ends before the others says so in each row.
    age = nc.Age.from_days([104, 105, 205], gestation="28+0")
    found = nc.zscore("length", ["1.5 cm"] * 3, sex="f", age=age, policy=policy)
    assert found.status.tolist()[:2] == ["ok", "age_above_reference"]
    assert found.reference.tolist() == ["mine", "mine", "who-2006"]


def test_a_preterm_reference_by_length_alone_ends_at_term(tmp_path: Path) -> None:
    by_length = OwnTable(rows("length_cm", ["45.0", "45.1"]), "length_cm", "kg", 45.0, 45.1)
    folder = write(tmp_path, {"weight_for_length": by_length}, age_basis="postmenstrual")
    with pytest.raises(nc.PolicyError, match="after mine ends; accepted: 40w0d to 40w0d"):
        nc.Policy(preterm_reference=str(folder))
    assert nc.Policy(preterm_reference=str(folder), handover="40 week").handover_day == 280


PRETERM = "fenton-2013, fenton-2025, intergrowth-21st-preterm"


@pytest.mark.requirement("REQ-POL-04")
@pytest.mark.parametrize(
    ("part", "name", "basis"),
    [
        ("preterm_reference", "who-2006", "postmenstrual"),
        ("preterm_reference", "fenton-2025-birth", "postmenstrual"),
        ("preterm_reference", "who-2009-velocity", "postmenstrual"),
        ("term_reference", "fenton-2013", "chronological"),
        ("term_reference", "who-2009-velocity", "chronological"),
        ("preterm_reference", "intergrowth-21st-newborn", "postmenstrual"),
        ("school_age_reference", "intergrowth-21st-preterm", "chronological"),
        ("school_age_reference", "who-2009-velocity", "chronological"),
    ],
)
def test_references_that_cannot_serve(part: str, name: str, basis: str) -> None:
    fit = {"postmenstrual": PRETERM, "chronological": "who-2006, who-2007"}[basis]
    said = f"{part}: {name} is not a growth reference by {basis} age; accepted: {fit}, or the path"
    with pytest.raises(nc.PolicyError, match=f"^{said} of a folder$"):
        nc.Policy(**dict[str, Any]({part: name}))


@pytest.mark.parametrize("name", ["fenton-2031", "", None, 5])
@pytest.mark.parametrize(
    ("part", "fit"),
    [("preterm_reference", PRETERM), ("term_reference", "who-2006, who-2007")],
)
def test_an_unknown_part_was_answered_with_references_that_cannot_serve(
    part: str, fit: str, name: Any
) -> None:
    with pytest.raises(nc.InputError) as caught:
        nc.Policy(**{part: name})
    assert caught.value.argument == part
    assert caught.value.accepted == f"accepted: {fit}, or the path of a folder"


@pytest.mark.requirement("REQ-POL-06")
def test_description() -> None:
    assert nc.Policy().describe() == (
        "born before 37w0d: fenton-2013 by postmenstrual age to 50w0d, then who-2006 at corrected"
        " age to 36 months (1,096 days), then at chronological age; born later or gestation not"
        " stated: who-2006 at chronological age; from day 1,827 who-2007"
    )
    assert nc.Policy(school_age_reference=None).describe() == nc.Policy().describe().replace(
        "; from day 1,827 who-2007", ""
    )
    text = nc.Policy(
        correct_until="500 day", preterm_below="32+3", require_position=True
    ).describe()
    assert text.startswith("born before 32w3d: ")
    assert "at corrected age to 500 days, then" in text
    assert text.endswith("; a length at 600 to 900 days corrected needs its position")
    assert "\n" not in text
    assert weeks_and_days(350) == "50w0d"


@pytest.mark.parametrize("name", ["fenton-2031", "", 5])
def test_an_unknown_reference_of_school_age(name: Any) -> None:
    accepted = "accepted: who-2006, who-2007, or the path of a folder"
    with pytest.raises(nc.InputError, match=f"^school_age_reference: .* {accepted}$"):
        nc.Policy(school_age_reference=name)


@pytest.mark.requirement("REQ-POL-14")
def test_the_handover_of_a_reference() -> None:
    """As the reference states it; what is typed goes before."""
    for name, day in (
        ("fenton-2013", 350),
        ("fenton-2025", 350),
        ("intergrowth-21st-preterm", 448),
    ):
        assert nc.Policy(preterm_reference=name).handover_day == day
        typed = nc.Policy(preterm_reference=name, handover="45 week")
        assert typed.handover_day == 315
        assert typed != nc.Policy(preterm_reference=name)
        assert nc.Policy(preterm_reference=name, handover=f"{day} day") == nc.Policy(
            preterm_reference=name
        )
    text = nc.Policy(preterm_reference="intergrowth-21st-preterm").describe()
    assert "intergrowth-21st-preterm by postmenstrual age to 64w0d, then who-2006" in text
    with pytest.raises(nc.PolicyError, match="64w1d is after intergrowth-21st-preterm ends"):
        nc.Policy(preterm_reference="intergrowth-21st-preterm", handover="64+1")


@pytest.mark.requirement("REQ-POL-13")
def test_from_day_1827_the_reference_of_school_age() -> None:
    """Without a gap; and at corrected age where the correction lasts so long."""
    policy, none = nc.Policy(), nc.Policy(school_age_reference=None)
    assert policy.school_age_from_day == 1827
    assert none.school_age_from_day is None
    assert policy != none
    for day, name in ((1826, "who-2006"), (1827, "who-2007"), (3652, "who-2007")):
        found = nc.zscore("weight", ["20 kg"], sex="m", age=nc.Age.from_days([day]))
        assert (found.reference.tolist(), found.age_basis.tolist()) == ([name], ["chronological"])
        assert found.status.tolist() == ["ok"]
    alone = nc.zscore("weight", ["20 kg"], sex="m", age=nc.Age.from_days([1827]), policy=none)
    assert alone.status.tolist() == ["age_above_reference"]
    late = nc.Policy(correct_until="70 month")
    born = nc.Age.from_days([1910, 1911], gestation=["28+0"] * 2)
    found = nc.zscore("length", ["108 cm"] * 2, sex=["f"] * 2, age=born, policy=late)
    assert found.reference.tolist() == ["who-2006", "who-2007"]
    assert found.age_basis.tolist() == ["corrected"] * 2
    for day, status in ((3652, "ok"), (3653, "age_above_reference")):
        found = nc.zscore("weight", ["30 kg"], sex="m", age=nc.Age.from_days([day]))
        assert found.status.tolist() == [status]
    for day, status in ((6939, "ok"), (6940, "age_above_reference")):
        found = nc.zscore("length", ["170 cm"], sex="m", age=nc.Age.from_days([day]))
        assert found.status.tolist() == [status]


@pytest.mark.requirement("REQ-POL-13")
def test_what_the_reference_of_school_age_lacks_stays_where_it_was() -> None:
    """No head circumference and no weight for length after 5 years."""
    age = nc.Age.from_days([2000])
    head = nc.zscore("head_circumference", ["51 cm"], sex="m", age=age)
    assert head.status.tolist() == ["age_above_reference"]
    ratio = nc.zscore("weight_for_length", ["20 kg"], length=["110 cm"], sex="m", age=age)
    assert ratio.status.tolist() == ["age_above_reference"]
    assert nc.zscore("bmi", ["20 kg"], length=["110 cm"], sex="m", age=age).status[0] == "ok"


@pytest.mark.requirement("REQ-POL-13")
def test_a_gap_between_two_references_is_of_the_first(tmp_path: Path) -> None:
    """A term reference that ends early does not send children to one that begins later."""
    own = str(write(tmp_path))
    policy = nc.Policy(term_reference=own)
    assert policy.school_age_from_day == 1827
    found = nc.zscore("weight", ["3 kg"], sex="m", age=nc.Age.from_days([900]), policy=policy)
    assert found.status.tolist() == ["age_above_reference"]


@pytest.mark.requirement("REQ-POL-06")
def test_one_reference_was_described_as_alone_while_the_age_was_corrected() -> None:
    policy = nc.Policy()
    preterm = nc.Age.from_days(105, gestation="27+3")
    found = nc.zscore("weight", "3.1 kg", sex="f", age=preterm, reference="who-2006")
    assert found.age_basis == "corrected"
    assert policy.describe("who-2006") == (
        "who-2006 whatever the age; born before 37w0d: at corrected age to 36 months (1,096 days),"
        " then at chronological age; born later or gestation not stated: at chronological age"
    )
    assert policy.describe("fenton-2025") == "fenton-2025 by postmenstrual age, whatever the age"
    asked = nc.Policy(require_position=True, correct_until="24 month").describe("who-2006")
    assert "at corrected age to 24 months (731 days), then" in asked
    assert asked.endswith("; a length at 600 to 900 days corrected needs its position")
    with pytest.raises(nc.InputError, match=f"accepted: auto, {PRETERM}, who-2006,"):
        policy.describe("who-2009-velocity")


@pytest.mark.requirement("REQ-POL-12")
def test_the_reference_of_the_uncorrected_z(tmp_path: Path) -> None:
    """The one asked for where it goes by chronological age; else the term reference."""
    policy = nc.Policy()
    own = str(write(tmp_path))
    assert policy.uncorrected_reference() == "who-2006"
    assert policy.uncorrected_reference("who-2006") == "who-2006"
    assert policy.uncorrected_reference("fenton-2013") == "who-2006"
    assert policy.uncorrected_reference(own) == own
    assert nc.Policy(term_reference=own).uncorrected_reference() == own
    assert nc.Policy(term_reference=own).uncorrected_reference("who-2006") == "who-2006"


@pytest.mark.requirement("REQ-POL-06")
def test_24_months_were_described_as_731_days() -> None:
    for months in range(61):
        policy = nc.Policy(correct_until=f"{months} month")
        assert f" to {months} months ({policy.correct_until_day:,} days), " in policy.describe()


@pytest.mark.requirement("REQ-POL-06")
def test_equal_when_they_come_to_the_same() -> None:
    one = nc.Policy(handover="50 week", correct_until="36 month")
    same = nc.Policy(handover=nc.Q(350, "day"), correct_until="1096 day")
    assert one == same
    assert hash(one) == hash(same)
    assert len({one, same, nc.Policy()}) == 1
    for other in (
        nc.Policy(handover="49 week"),
        nc.Policy(preterm_below="32+0"),
        nc.Policy(correct_until="24 month"),
        nc.Policy(preterm_reference="fenton-2025"),
        nc.Policy(require_position=True),
    ):
        assert other != one
    assert one != "who-2006"
    assert replace(one, handover="40 week") == nc.Policy(handover="40 week")
    assert pickle.loads(pickle.dumps(one)) == one


def test_it_cannot_be_changed() -> None:
    policy: Any = nc.Policy()
    with pytest.raises(FrozenInstanceError):
        policy.handover = "40 week"


def test_something_else_for_a_policy_raised_an_attribute_error() -> None:
    other: Any
    for other in ("fenton-2025", {}, 5, nc.Policy):
        with pytest.raises(nc.InputError, match=r"policy: .*a neocalc\.Policy"):
            nc.zscore("weight", "3 kg", sex="f", age=nc.Age.from_days(0), policy=other)


# ----------------------------------------------------------------------------------- resolved


def test_the_answer_is_kept_on_the_age() -> None:
    age = nc.Age.from_days([1, 2], gestation="30+0")
    first = resolve(age, nc.Policy())
    assert resolve(age, nc.Policy(handover="350 day")) is first
    assert resolve(age, nc.Policy(handover="40 week")) is not first
    assert resolve(age, nc.Policy(), "who-2006") is not first
    assert len(age.resolved) == 3


@pytest.mark.requirement("REQ-POL-11")
def test_ages_of_each_basis() -> None:
    age = nc.Age.from_days([100, 300, 2000, 100], gestation=["28+0", "28+0", "28+0", None])
    found = resolve(age, nc.Policy())
    assert [AGE_BASES[basis] for basis in found.basis] == [
        "postmenstrual", "corrected", "chronological", "chronological",
    ]  # fmt: skip
    assert found.day.tolist() == [296, 216, 2000, 100]
    assert found.who_day.tolist() == [16, 216, 2000, 100]
    assert found.status is None


@pytest.mark.requirement("REQ-POL-07")
def test_a_named_reference_by_postmenstrual_age_needs_a_gestation() -> None:
    age = nc.Age.from_days([10, 10, 10], gestation=["30+0", None, "99"])
    found = nc.zscore("weight", ["1.5 kg"] * 3, sex="f", age=age, reference="fenton-2025")
    assert found.status.tolist() == ["ok", "missing_gestation", "invalid_gestation"]
    with pytest.raises(nc.MissingError, match="gestation: missing; fenton-2025 goes by"):
        nc.zscore("weight", "3 kg", sex="f", age=nc.Age.from_days(0), reference="fenton-2025")


@pytest.mark.requirement("REQ-POL-07")
def test_a_named_reference_holds_whatever_the_age() -> None:
    age = nc.Age.from_days([60, 200], gestation=["30+0", "40+0"])
    found = nc.zscore("weight", ["3 kg", "7 kg"], sex="f", age=age, reference="fenton-2013")
    assert found.status.tolist() == ["ok", "age_above_reference"]
    found = nc.zscore("weight", ["3 kg", "7 kg"], sex="f", age=age, reference="who-2006")
    assert found.status.tolist() == ["age_below_reference", "ok"]
    assert np.isnan(found.z[0])


@pytest.mark.parametrize("make", [lambda: [], lambda: 5, lambda: None, lambda: {}])
def test_a_reference_that_is_not_a_name_raised_a_type_error(make: Callable[[], Any]) -> None:
    with pytest.raises(nc.InputError, match=r"^reference: "):
        nc.zscore("weight", "3 kg", sex="f", age=nc.Age.from_days(0), reference=make())


# ----------------------------------------------------------------------------- require_position


@pytest.mark.requirement("REQ-POL-10")
def test_position_is_asked_for_where_it_matters() -> None:
    """600 to 900 days of corrected age, of a preterm child, where none is recorded."""
    policy = nc.Policy(require_position=True)
    corrected = np.array([599, 600, 731, 900, 901])
    age = nc.Age.from_days(corrected + 84, gestation="28+0")
    result = nc.zscore("length", ["85 cm"] * 5, sex="f", age=age, policy=policy)
    asked = ["ok", "missing_value", "missing_value", "missing_value", "ok"]
    assert result.status.tolist() == asked
    given = nc.zscore("length", ["85 cm"] * 5, sex="f", age=age, policy=policy, position="h")
    assert given.status.tolist() == ["ok"] * 5
    some = [None, "l", "", "h", None]
    result = nc.zscore("length", ["85 cm"] * 5, sex="f", age=age, policy=policy, position=some)
    assert result.status.tolist() == ["ok", "ok", "missing_value", "ok", "ok"]
    term = nc.Age.from_days(corrected, gestation="40+0")
    result = nc.zscore("length", ["85 cm"] * 5, sex="f", age=term, policy=policy)
    assert result.status.tolist() == ["ok"] * 5
    by_default = nc.zscore("length", ["85 cm"] * 5, sex="f", age=age)
    assert by_default.status.tolist() == ["ok"] * 5
    one = nc.Age.from_days(700 + 84, gestation="28+0")
    with pytest.raises(nc.MissingError, match=r"^position: missing; the policy needs it at 600 to"):
        nc.zscore("length", "85 cm", sex="f", age=one, policy=policy)


@pytest.mark.requirement("REQ-POL-10")
@pytest.mark.parametrize("measure", ["bmi", "weight_for_length"])
def test_bmi_and_weight_for_length_passed_without_the_position_their_length_needs(
    measure: str,
) -> None:
    """0.7 cm are 0.2 kg/m2 at this age: as much as for the length itself."""
    policy = nc.Policy(require_position=True)
    corrected = np.array([599, 600, 731, 900, 901])
    age = nc.Age.from_days(corrected + 84, gestation="28+0")
    given: dict[str, Any] = {"sex": "f", "length": ["85 cm"] * 5, "policy": policy}
    found = nc.zscore(measure, ["11 kg"] * 5, age=age, **given)
    asked = ["ok", "missing_value", "missing_value", "missing_value", "ok"]
    assert found.status.tolist() == asked
    assert np.isnan(found.z).tolist() == [word != "ok" for word in asked]
    position = [None, "l", "h", None, None]
    found = nc.zscore(measure, ["11 kg"] * 5, age=age, position=position, **given)
    assert found.status.tolist() == ["ok", "ok", "ok", "missing_value", "ok"]
    found = nc.zscore(measure, [None] * 5, age=age, **given)
    assert found.status.tolist() == ["missing_value"] * 5
    term = nc.Age.from_days(corrected, gestation="40+0")
    found = nc.zscore(measure, ["11 kg"] * 5, age=term, **given)
    assert found.status.tolist() == ["ok"] * 5
    one = nc.Age.from_days(784, gestation="28+0")
    with pytest.raises(nc.MissingError, match=r"^position: missing"):
        nc.zscore(measure, "11 kg", sex="f", age=one, length="85 cm", policy=policy)
    assert nc.zscore("bmi", "15 kg/m2", sex="f", age=one, policy=policy).status == "ok"


@pytest.mark.requirement("REQ-POL-10")
def test_the_inverse_needs_the_position_too() -> None:
    policy = nc.Policy(require_position=True)
    age = nc.Age.from_days(np.array([599, 700]) + 84, gestation="28+0")
    weights = nc.measurement(
        "weight_for_length", z=[0, 0], sex="f", age=age, length="85 cm", policy=policy
    )
    assert np.isnan(weights.magnitude).tolist() == [False, True]
    bmi = nc.measurement("bmi", z=[0, 0], sex="f", age=age, policy=policy)
    assert not np.isnan(bmi.magnitude).any()
    one = nc.Age.from_days(784, gestation="28+0")
    with pytest.raises(nc.MissingError, match=r"^position: missing"):
        nc.measurement("length", z=0, sex="f", age=one, policy=policy)
    with pytest.raises(nc.InputError, match=r"^z: missing; a number of SD$"):
        nc.measurement("length", z=math.nan, sex="f", age=one, policy=policy)


@pytest.mark.requirement("REQ-POL-10")
def test_the_inverse_gave_a_length_where_the_z_is_refused() -> None:
    policy = nc.Policy(require_position=True)
    age = nc.Age.from_days(np.array([599, 700]) + 84, gestation="28+0")
    lengths = nc.measurement("length", z=[0, 0], sex="f", age=age, policy=policy)
    assert np.isnan(lengths.magnitude).tolist() == [False, True]
    lengths = nc.measurement("length", z=[0, 0], sex="f", age=age, policy=policy, position="h")
    assert not np.isnan(lengths.magnitude).any()
