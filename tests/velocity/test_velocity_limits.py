"""What no child does between two visits: limits of a gain or a change, at any interval."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
from neocalc import chart, report
from neocalc.chart.increments import chain_of
from neocalc.chart.subjects import cohort_of
from neocalc.chart.visits import infant_of, scored_table
from neocalc.chart.waterfall import changes_of, draw_waterfall
from neocalc.errors import CODE, TableError
from neocalc.references.catalogue import reference, tables_folder
from neocalc.references.lms import measurement_from_zscore
from neocalc.velocity.increment_tables import WHO_2009, read_rows
from neocalc.velocity.increments import Rules
from neocalc.velocity.limits import LIMITED, LONGEST, OWN, change_limits
from shell import Shell
from velocity_oracle import impossible

OUNCE = 28.349523125
CHILDREN = (-4.0, -2.0, 0.0, 2.0, 4.0)
INTERVALS = (1, 2, 5, 7, 14, 28, 42, 61, 91, 122, 183, 365, 548, 731, 1095)
SLIPS = {
    "weight": {"kg as g": 1 / 1000, "g as kg": 1000, "oz as g": 1 / OUNCE, "a tenth": 0.1,
               "tenfold": 10},
    "length": {"mm as cm": 10, "m as cm": 0.01, "inches as cm": 1 / 2.54, "a tenth": 0.1},
    "head_circumference": {"mm as cm": 10, "m as cm": 0.01, "inches as cm": 1 / 2.54},
}  # fmt: skip
FIELD = pl.DataFrame(
    {
        "subject_id": ["1"] * 3,
        "sex": ["f"] * 3,
        "gestational_age": ["28+0"] * 3,
        "age_days": [0, 21, 42],
        "weight_g": [1020.0, 1.31, 1750.0],
    }
)
"""A weight in kilograms in a column of grams."""


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def flagged(measure: str, first: Any, second: Any, days: Any) -> Any:
    """Which changes are beyond neocalc's own limits."""
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return change_limits().implausible(measure, one, two, np.asarray(days, dtype=np.int32))


# ----------------------------------------------------------------------- what children really do


@pytest.mark.requirement("REQ-GAIN-11")
@pytest.mark.parametrize("measure", LIMITED)
def test_no_increment_of_the_who_within_4_sd_is_flagged(measure: str) -> None:
    """At any width, start, sex and size at the start, with the least and the largest increment."""
    sizes = reference("who-2006").table(measure)
    ref = reference(WHO_2009)
    for (_, sex), rows in read_rows(ref, measure).items():
        for row in rows:
            start = round(row.start_day)
            all_lines = abs(3 * row.L * row.S) < 1
            for z in np.linspace(-4, 4, 17):
                y = measurement_from_zscore(z, row.L, row.M, row.S, restricted=all_lines)
                gained = (0.0 if np.isnan(y) else y) - row.delta  # below the floor: no z, the least
                for size in CHILDREN:
                    first = measurement_from_zscore(
                        size, sizes.L[sex, start], sizes.M[sex, start], sizes.S[sex, start],
                        restricted=sizes.restricted,
                    )  # fmt: skip
                    odd = flagged(measure, [first], [first + gained], [round(row.width)])
                    assert not odd.any(), (sex, row, z, size)


def everywhere(measure: str, z: float, ref: str) -> Any:
    """Measurements of girls and boys who stay at a z, day by day."""
    table = reference(ref).table(measure)
    return measurement_from_zscore(z, table.L, table.M, table.S, restricted=table.restricted)


@pytest.mark.requirement("REQ-GAIN-11")
@pytest.mark.parametrize("measure", LIMITED)
@pytest.mark.parametrize(
    ("ref", "lowest"), [("fenton-2013", -2.0), ("fenton-2025", -4.0), ("who-2006", -4.0)]
)
def test_no_child_who_follows_a_line_is_flagged(measure: str, ref: str, lowest: float) -> None:
    """Between any two days. (At 29 weeks the -4 SD line of Fenton 2013 does not exist.)"""
    for z in np.linspace(lowest, 4, 9):
        y = everywhere(measure, z, ref)
        for days in (1, 2, 3, 5, 7, 14, 21, 28, 45, 60, 90, 120, 150, 180, 185, 365, 731, 1095):
            if days < y.shape[1]:
                odd = flagged(measure, y[:, :-days], y[:, days:], np.full(1, days))
                assert not odd.any(), (z, days)


@pytest.mark.requirement("REQ-GAIN-11")
@pytest.mark.parametrize("measure", LIMITED)
def test_from_the_first_weeks_to_three_years_no_change_of_the_medians_is_flagged(
    measure: str,
) -> None:
    """Born at 23w4d: the longest way there is, also with 1 SD more in 2 months, 4 in a year."""
    days = np.arange(0, 1100)
    age = nc.Age.from_days(days, nc.Q(np.full(len(days), 165), "day"))
    lines = {
        z: nc.measurement(measure, z=z, sex=["f"] * len(days), age=age).magnitude
        for z in (-2.0, -1.0, 0.0, 1.0, 2.0)
    }
    for one, two, least in ((0, 0, 1), (-1, 0, 60), (0, 1, 60), (-2, 2, 365)):
        for interval in (least, 100, 150, 200, 365, 700, 1000):
            if interval < least:
                continue
            odd = flagged(
                measure, lines[one][:-interval], lines[two][interval:], np.full(1, interval)
            )
            assert not odd.any(), (one, two, interval)


@pytest.mark.requirement("REQ-GAIN-05")
@pytest.mark.parametrize(
    ("first", "second", "days", "what"),
    [
        (1.0, 0.85, 1, "15 % lost in a day"),
        (3.4, 3.02, 5, "11 % lost in five days (Rochow 2016)"),
        (0.6, 0.46, 6, "a fifth and more lost by the smallest"),
        (10.0, 10.7, 1, "a meal and clothes"),
        (1.0, 1.15, 2, "oedema"),
        (2.0, 2.7, 6, "regained"),
    ],
)
def test_what_sick_infants_do_is_believed(
    first: float, second: float, days: int, what: str
) -> None:
    assert not flagged("weight", [first], [second], [days]).any(), what


@pytest.mark.requirement("REQ-GAIN-05")
@pytest.mark.parametrize(
    ("measure", "first", "second", "days"),
    [
        ("weight", 2.0, 1.42, 2),
        ("weight", 2.0, 2.56, 2),
        ("weight", 1.0, 3.0, 13),
        ("length", 50.0, 46.9, 14),
        ("length", 42.0, 50.5, 14),
        ("length", 60.0, 56.9, 365),
        ("head_circumference", 38.4, 34.0, 28),
        ("head_circumference", 31.0, 36.0, 5),
    ],
)
def test_what_no_infant_does(measure: str, first: float, second: float, days: int) -> None:
    """Wrong figures and other infants: real ones, slightly changed."""
    assert flagged(measure, [first], [second], [days]).all()


# ------------------------------------------------------------------------------------------- slips


def children(measure: str) -> Any:
    """First ages, sexes, gestations and z of children, at whom every slip is made."""
    found = []
    for gestation, days in ((168, 0), (180, 20), (200, 10), (224, 30), (245, 60), (258, 90),
                            (0, 0), (0, 61), (0, 200), (0, 500), (0, 730)):  # fmt: skip
        for sex in ("f", "m"):
            found += [(gestation, days, sex, z) for z in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    return [np.array(column) for column in zip(*found, strict=True)]


def sizes(measure: str, gestation: Any, days: Any, sex: Any, z: Any) -> Any:
    """What the children measure at an age, and the age."""
    stated = [None if g == 0 else nc.Q(int(g), "day") for g in gestation]
    age = nc.Age.from_days(days, stated)
    return nc.measurement(measure, z=z, sex=sex, age=age), age


@pytest.mark.requirement("REQ-GAIN-11")
@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("measure", LIMITED)
def test_a_slip_of_the_unit_at_either_visit_is_flagged(measure: str, interval: int) -> None:
    """In the change and in the gain, from one day to three years."""
    gestation, days, sex, z = children(measure)
    unit = "kg" if measure == "weight" else "cm"
    method = "exponential" if measure == "weight" else "cm/week"
    (one, first_age), (two, second_age) = (
        sizes(measure, gestation, at, sex, z) for at in (days, days + interval)
    )
    for name, by in {"none": 1.0, **SLIPS[measure]}.items():
        for slip in ((by, 1.0), (1.0, by)):
            values: dict[str, Any] = {
                "first": nc.Q(one.magnitude * slip[0], unit),
                "second": nc.Q(two.magnitude * slip[1], unit),
            }
            ages: dict[str, Any] = {"first_age": first_age, "second_age": second_age}
            change = nc.velocity.change(measure, sex=sex, **values, **ages)
            visits = pl.DataFrame(
                {
                    "subject_id": np.tile(np.arange(len(z)), 2),
                    "sex": np.tile(sex, 2),
                    "age_days": np.concatenate([days, days + interval]),
                    "gestational_age_days": np.tile(np.where(gestation == 0, -1, gestation), 2),
                    f"{measure}_{unit}": np.concatenate(
                        [values["first"].magnitude, values["second"].magnitude]
                    ),
                }
            ).with_columns(pl.col("gestational_age_days").replace(-1, None))
            prefix = {"weight": "w", "length": "l", "head_circumference": "hc"}[measure]
            scored = nc.velocity.score(visits)[len(z) :]
            words = scored[f"{prefix}_gain_status"].cast(pl.String)
            if name == "none":
                assert "implausible" not in set(change.status)
                assert "implausible" not in set(words)
                continue
            # Past 36 months a preterm child's second age is chronological: no value at all.
            believed = {"implausible", "mixed_age_basis"}
            assert set(change.status) <= believed, (name, slip)
            assert set(words) <= believed, (name, slip)
            assert set(scored[f"{prefix}_change_status"].cast(pl.String)) <= believed
            velocity = nc.velocity.zscore(measure, sex=sex, **values, **ages)
            assert set(velocity.status[~np.isnan(velocity.z)]) <= {"implausible"}, (name, slip)
            if interval <= 61:  # a gain alone knows no age
                gain = nc.velocity.gain(measure, **values, days=interval, method=method)
                assert set(gain.status) == {"implausible"}, (name, slip)


@pytest.mark.parametrize("interval", [1, 3, 7, 14])
def test_pounds_between_two_visits(interval: int) -> None:
    """2.2 times or less than half, which no z-score of one visit need notice."""
    for first, second in ((1.0, 2.2046), (1.0, 0.4536), (3.0, 6.6139), (3.0, 1.3608)):
        assert flagged("weight", [first], [second], [interval]).all()


# -------------------------------------------------------------------------------- the field's case


@pytest.mark.requirement("REQ-GAIN-05")
def test_kilograms_in_a_column_of_grams() -> None:
    """It was a loss of 317 g/kg/day with the status ok, and a "severe" fall in z."""
    scored = nc.velocity.score(FIELD)
    for column in ("w_gain_status", "w_change_status"):
        assert scored[column].to_list() == ["first_visit", "implausible", "implausible"]
    kept = scored["w_gain_g_per_kg_day_exponential"][1]
    assert round(kept, 1) == -317.0
    assert scored["w_change_z"].null_count() == 1


@pytest.mark.requirement("REQ-GAIN-05")
def test_one_pair() -> None:
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days(0, "28+0"), "second_age": nc.Age.from_days(21, "28+0")
    }  # fmt: skip
    change = nc.velocity.change("weight", first="1020 g", second="1.31 g", sex="f", **ages)
    assert (round(change.change, 2), change.decline, change.status) == (-3.9, "", "implausible")
    found = nc.velocity.zones("weight", first="1020 g", second="1.31 g", sex="f", **ages)
    assert {gain.status for gain in found.gains.values()} == {"implausible"}
    assert "(implausible)" in found.describe()


@pytest.mark.requirement("REQ-GAIN-05")
def test_a_fall_between_two_usual_values_has_no_class() -> None:
    """Both weights are within 3 SD; 27 % are not lost in three days."""
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days(30, "40+0"), "second_age": nc.Age.from_days(33, "40+0")
    }  # fmt: skip
    change = nc.velocity.change("weight", first="4.8 kg", second="3.5 kg", sex="m", **ages)
    assert abs(change.first_z) < 3
    assert abs(change.second_z) < 3
    assert (change.change < -2, change.decline, change.status) == (True, "", "implausible")
    slower = nc.velocity.change(
        "weight", first="4.8 kg", second="4.3 kg", sex="m", first_age=ages["first_age"],
        second_age=nc.Age.from_days(50, "40+0"),
    )  # fmt: skip
    assert (slower.status, slower.decline) == ("ok", "severe")


@pytest.mark.requirement("REQ-GAIN-05")
def test_the_z_of_an_impossible_increment_is_kept() -> None:
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days(61), "second_age": nc.Age.from_days(122)
    }  # fmt: skip
    found = nc.velocity.zscore("length", first="52 cm", second="71 cm", sex="f", **ages)
    assert found.status == "implausible"
    assert found.z > 5
    shorter = nc.velocity.zscore("length", first="60 cm", second="56 cm", sex="f", **ages)
    assert np.isnan(shorter.z)
    assert shorter.status == "non_positive_increment", "it says why there is no z"
    recoded = nc.velocity.zscore(
        "length", first="60 cm", second="56 cm", sex="f", recode=True, **ages
    )
    assert recoded.status == "implausible"
    assert nc.velocity.change("length", first="60 cm", second="56 cm", sex="f", **ages).status == (
        "implausible"
    )


def test_a_reference_that_changes_does_not_hide_it() -> None:
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days(150, "28+0"), "second_age": nc.Age.from_days(158, "28+0")
    }  # fmt: skip
    values: dict[str, Any] = {"first": "5.2 kg", "second": "3.4 kg"}
    change = nc.velocity.change("weight", sex="m", **values, **ages)
    assert change.first_reference != change.second_reference
    assert change.status == "implausible"


def test_a_length_is_compared_lying() -> None:
    """Standing, 0.7 cm shorter: 70 and 66.5 cm are 2.8 cm apart."""
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days(400), "second_age": nc.Age.from_days(430),
        "first_position": "recumbent",
    }  # fmt: skip
    for position, word in (("standing", "ok"), ("recumbent", "implausible")):
        change = nc.velocity.change(
            "length", first="70 cm", second="66.5 cm", sex="f", second_position=position, **ages
        )
        assert change.status == word


@pytest.mark.requirement("REQ-GAIN-05")
@pytest.mark.parametrize("measure", ["bmi", "weight_for_length"])
def test_what_is_computed_from_an_impossible_change(measure: str) -> None:
    """A change of the weight, or of the length, that no child can do: as of each by itself."""
    common: dict[str, Any] = {
        "sex": "m", "first_age": nc.Age.from_days(100), "second_age": nc.Age.from_days(103),
    }  # fmt: skip

    def word(second: str, length: str) -> str:
        found = nc.velocity.change(
            measure, first="6 kg", second=second, first_length="61 cm", second_length=length,
            **common,
        )  # fmt: skip
        return str(found.status)

    assert word("6.1 kg", "61.2 cm") == "ok"
    assert word("4.4 kg", "61.2 cm") == "implausible"
    assert word("6.1 kg", "57 cm") == "implausible"
    if measure == "bmi":
        alone = nc.velocity.change("bmi", first="16 kg/m2", second="12 kg/m2", **common)
        assert alone.status == "ok"


def test_a_measure_without_limits() -> None:
    found = nc.velocity.change(
        "arm_circumference", first="13 cm", second="9.9 cm", sex="m",
        first_age=nc.Age.from_days(100), second_age=nc.Age.from_days(101),
    )  # fmt: skip
    assert found.status == "ok"


def test_the_reasons_that_go_before() -> None:
    """A pair that cannot be compared has no rate, and its status says why."""
    visits = FIELD.with_columns(age_days=pl.Series([0, 21, 21]))
    scored = nc.velocity.score(visits)
    assert scored["w_gain_status"].to_list() == [
        "first_visit",
        "duplicate_visit",
        "duplicate_visit",
    ]
    assert not flagged("weight", [1.0, np.nan, 1.0], [np.nan, 1.0, 9.0], [5, 5, 0]).any()
    assert not flagged("weight", [1.0], [9.0], [-3]).any()
    gain = nc.velocity.gain(
        "weight", first=["1 kg"] * 4, second=["9 kg"] * 4, days=[0, np.nan, np.inf, 2.5],
        method="g/day",
    )  # fmt: skip
    words = ["interval_not_positive", "missing_age", "invalid_age", "implausible"]
    assert gain.status.tolist() == words


# ------------------------------------------------------------------------------ charts and reports


def wrong_length() -> pl.DataFrame:
    """Monthly visits of an infant, of which the third length is another child's."""
    return pl.DataFrame(
        {
            "subject_id": ["7"] * 6,
            "sex": ["m"] * 6,
            "age_days": [61, 122, 183, 244, 305, 366],
            "length_cm": [58.4, 63.9, 59.5, 70.2, 73.0, 75.5],
        }
    )


@pytest.mark.requirement("REQ-GAIN-05")
def test_a_velocity_chart_leaves_it_out_and_says_so() -> None:
    """The visit after it is compared with it, as `velocity` does: one rule for a pair."""
    infant = infant_of(*scored_table(wrong_length()))
    assert set(infant.series["length"].words) == {"ok"}, "each by itself is a length"
    chain = chain_of(infant, "length")
    assert chain.without["implausible"] == 2, "the wrong length, and what follows it"
    spans = [(i.first, i.last) for i in chain.increments]
    assert spans == [(61, 122), (244, 305), (305, 366)]
    scored = nc.velocity.score(wrong_length())
    z = pl.col("l_velocity_z").is_not_null()
    shown = scored.filter(z & (pl.col("l_velocity_status") != "implausible"))
    assert spans == list(shown.select("l_from", "age_days").iter_rows())
    assert [i.z for i in chain.increments] == shown["l_velocity_z"].to_list()
    drawn = chart.velocity(wrong_length()).to_bytes("svg").decode()
    assert "length or height: implausible (2)" in drawn
    page = report.page(wrong_length())
    assert "Left out, as no child grows or shrinks so (implausible): length or height 2." in page


def test_a_report_without_any_increment_says_what_was_left_out() -> None:
    two = wrong_length()[1:3]
    page = report.page(two)
    assert "Length or height: no velocity z-score: implausible (1)." in page
    assert "Left out, as no child grows or shrinks so (implausible): length or height 1." in page
    assert "Left out" not in report.page(wrong_length()[:2])


@pytest.mark.requirement("REQ-GAIN-05")
def test_a_waterfall_leaves_it_out_and_counts_it() -> None:
    visits = pl.DataFrame(
        {
            "subject_id": ["1", "1", "2", "2", "3"],
            "sex": ["f"] * 5,
            "age_days": [61, 66, 61, 66, 61],
            "weight_kg": [5.4, 5.5, 5.9, 4.1, 5.0],
        }
    )
    cohort = cohort_of(*scored_table(visits))
    found = changes_of(cohort, "weight")
    assert (len(found.change), found.why(), found.without) == (1, {"implausible": 1}, 1)
    drawn = draw_waterfall(cohort).to_bytes("svg").decode()
    assert "1 subject without two z-scores, 1 change left out: implausible (1)" in drawn


# ------------------------------------------------------------------------------- the limits as data


@pytest.mark.requirement("REQ-GAIN-05")
@settings(max_examples=300, deadline=None)
@given(
    measure=st.sampled_from(LIMITED),
    first=st.floats(0.2, 120),
    times=st.floats(0.05, 80),
    days=st.integers(-3, 2500),
)
def test_as_the_plain_implementation(measure: str, first: float, times: float, days: int) -> None:
    second = first * times
    near = flagged(measure, [first], [second * (1 + 2e-9)], [days]).all()
    if near == flagged(measure, [first], [second * (1 - 2e-9)], [days]).all():
        assert near == impossible(measure, first, second, days)


def test_on_a_limit_it_is_believed_whatever_the_last_bits_of_a_float_say() -> None:
    assert 32.2 - 29.2 > 3
    assert not flagged("length", [32.2], [29.2], [20]).any()
    assert flagged("length", [32.2], [29.19], [20]).all()


def test_after_the_last_day_the_limits_stay() -> None:
    days = np.array([LONGEST, LONGEST + 1, 10 * LONGEST])
    assert flagged("length", [50.0] * 3, [46.9] * 3, days).all()
    one, two = np.full(3, 3.0), np.full(3, 80.0)
    assert not flagged("weight", one, two, days).any()
    assert not flagged("weight", one[:1], two[:1], [2**31 - 1]).any()


@pytest.mark.requirement("REQ-GAIN-11")
def test_every_measure_has_its_reason() -> None:
    text = (tables_folder() / OWN).read_text(encoding="utf-8")
    assert text.count("reason = ") == len(LIMITED)
    assert set(change_limits().points) == set(LIMITED)


SITE = """\
title = "Ours"
source = "The ward's own rule"

[weight]
unit = "kg"
reason = "Scales of the ward"
rise_times = [[0, 1.1], [10, 1.2]]
"""


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """A site's own file, changed."""
    text = SITE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.requirement("REQ-GAIN-11")
def test_a_site_states_its_own(tmp_path: Path) -> None:
    """Only what it states is a limit: here no loss, and no length."""
    path = written(tmp_path)
    own = change_limits(str(path))
    found = own.implausible("weight", np.ones(3), np.array([1.14, 1.16, 0.1]), np.full(3, 5))
    assert found.tolist() == [False, True, False]
    assert not own.implausible("length", np.ones(1), np.ones(1) * 9, np.ones(1)).any()
    assert change_limits(own) is own
    assert pickle.loads(pickle.dumps(Rules(change_limits=path))).limits == change_limits(path)

    def status(**more: Any) -> str:
        gain = nc.velocity.gain(
            "weight", first="1 kg", second="1.16 kg", days=5, method="g/day", **more
        )
        return str(gain.status)

    assert status() == "ok"
    assert status(change_limits=path) == "implausible"
    ages = {"first_age": nc.Age.from_days(0), "second_age": nc.Age.from_days(28)}
    values: dict[str, Any] = {"first": "3.4 kg", "second": "4.9 kg", "sex": "f"} | ages
    for call in (nc.velocity.change, nc.velocity.zscore):
        own_call: Any = call
        assert own_call("weight", **values).status == "ok"
        assert own_call("weight", change_limits=path, **values).status == "implausible"
    zones: Any = nc.velocity.zones
    assert zones("weight", change_limits=path, **values).change.status == "implausible"
    table = pl.DataFrame(
        {"subject_id": ["1", "1"], "sex": ["f", "f"], "age_days": [0, 28], "weight_kg": [3.4, 4.9]}
    )
    for limits, word in ((None, "ok"), (path, "implausible")):
        scored = nc.velocity.score(table, change_limits=limits)
        assert scored["w_gain_status"][1] == word


@pytest.mark.requirement("REQ-GAIN-11")
def test_the_command_takes_a_file_and_its_record_names_it(shell: Shell, tmp_path: Path) -> None:
    path = written(tmp_path)
    one = ["velocity", "--sex", "f", "--first-days", "0", "--second-days", "28", "--weight",
           "3.4kg", "4.9kg"]  # fmt: skip
    assert "(ok)" in shell.run(*one).out
    assert "(implausible)" in shell.run(*one, "--change-limits", str(path)).out
    visits = "subject_id,sex,age_days,weight_kg\n1,f,0,3.4\n1,f,28,4.9\n"
    (shell.folder / "visits.csv").write_text(visits, encoding="utf-8")
    shas = []
    for more in ([], ["--change-limits", str(path)]):
        done = shell.run("velocity", "visits.csv", "-o", "out.csv", "--force", *more)
        assert done.code == 0, done.err
        about = json.loads((shell.folder / "out.csv.json").read_text(encoding="utf-8"))
        shas.append(about["velocity"]["change_limits"])
    assert shas == [change_limits().sha256, change_limits(path).sha256]
    done = shell.run(*one, "--change-limits", "nowhere.toml")
    assert (done.code, done.err) == (2, "neocalc: nowhere.toml: No such file or directory\n")


POINTS = "a list of \\[days, limit\\]"


@pytest.mark.requirement("REQ-GAIN-11")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("[[0, 1.1], [10, 1.2]]", "[]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "1.2")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[0, 1.1, 2]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[0, 1.1]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", '[["0", 1.1]]')], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[0, true]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[-1, 1.1]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[0, 0]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[0, inf]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[0, nan]]")], POINTS),
        ([("[[0, 1.1], [10, 1.2]]", "[[nan, 1.2]]")], POINTS),
        ([("[10, 1.2]", "[10, 1.0]")], POINTS),
        ([("[10, 1.2]", "[0, 1.2]")], POINTS),
        ([("rise_times", "rises")], "not known: rises; accepted: rise, rise_times, fall, fall_s"),
        ([("rise_times = [[0, 1.1], [10, 1.2]]\n", "")], "give at least one of rise, rise_times"),
        ([('unit = "kg"', 'unit = "g"')], "unit must be kg"),
        ([('reason = "Scales of the ward"', "")], "reason must be a text"),
        ([("[weight]", "[bmi]")], "not known: bmi; accepted: weight, length, head_circumference"),
        ([('title = "Ours"', "")], "title must be a text"),
        ([("[weight]", "weight = 3\n[x]")], "not known: x"),
        ([("[weight]", "[weight")], "limits.toml: "),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, changes: list[tuple[str, str]], said: str
) -> None:
    with pytest.raises(TableError, match=said):
        change_limits(written(tmp_path, *changes))


def test_a_section_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text('title = "Ours"\nsource = "Us"\nweight = 3\n', encoding="utf-8")
    with pytest.raises(TableError, match=r"\[weight\] must be a section"):
        change_limits(path)


@pytest.mark.parametrize("given", ["", 3, b""])
def test_what_cannot_be_a_file(given: Any) -> None:
    with pytest.raises(nc.InputError, match=r"change_limits: .* the path of a file of limits"):
        change_limits(given)


def test_one_point_is_a_limit_at_every_interval(tmp_path: Path) -> None:
    own = change_limits(written(tmp_path, ("[[0, 1.1], [10, 1.2]]", "[[0, 1.1]]")))
    for days in (1, 100, 20_000):
        second = np.array([1.09, 1.11])
        found = own.implausible("weight", np.ones(2), second, np.full(2, days))
        assert found.tolist() == [False, True]


def test_a_status_before_a_short_interval() -> None:
    gain = nc.velocity.gain("weight", first="1 kg", second="2 kg", days=2, method="exponential")
    assert gain.status == "implausible"
    assert CODE["implausible"] < CODE["short_interval"]
