"""The outcome of a trial: which visit is taken, what is computed of it, and how arms compare."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

import neocalc as nc
from neocalc.outcomes.statistics import describe
from neocalc.outcomes.targets import Windows, schedule
from neocalc.outcomes.visits import NONE, chosen

BORN = dt.date(2025, 1, 1)
GIVEN = dt.date(2025, 4, 1)


def visits(rows: list[dict[str, Any]], **more: Any) -> pl.DataFrame:
    """Visits of children, by days since administration."""
    usual = {
        "subject_id": "01", "sex": "f", "birth_date": BORN, "gestational_age": "27+3",
        "administered_on": GIVEN, "arm": "A",
    }  # fmt: skip
    table = []
    for given_row in rows:
        row: dict[str, Any] = usual | more | given_row
        row["measured_on"] = GIVEN + dt.timedelta(days=row.pop("day"))
        table.append(row)
    return pl.DataFrame(table, infer_schema_length=None)


def row_of(found: Any, target: str, measure: str = "weight", subject: str = "01") -> dict[str, Any]:
    """The row of one target."""
    row: dict[str, Any] = found.subjects.filter(
        (pl.col("target") == target)
        & (pl.col("measure") == measure)
        & (pl.col("subject_id") == subject)
    ).row(0, named=True)
    return row


class TestWindows:
    @pytest.mark.requirement("REQ-OUT-01")
    def test_half_the_way_and_a_quarter_at_most(self) -> None:
        """By hand: 30, 91, 183, 365 and 730 days after 2025-04-01, a quarter of each."""
        found = schedule().windows(np.array([(GIVEN - dt.date(1970, 1, 1)).days]))
        assert found.due.tolist() == [[30, 91, 183, 365, 730]]
        assert found.first.tolist() == [[23, 69, 138, 274, 548]]
        assert found.last.tolist() == [[37, 113, 228, 456, 912]]

    def test_neighbours_are_nearer_than_a_quarter(self) -> None:
        found = schedule(targets=["100 days", "110 days", "121 days"]).windows(np.array([0]))
        assert found.first.tolist() == [[75, 105, 116]]
        assert found.last.tolist() == [[105, 115, 151]]

    @pytest.mark.requirement("REQ-OUT-01")
    def test_a_trial_states_its_own(self, tmp_path: Any) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            'id = "OWN"\nversion = "1"\ntitle = "own"\nsource = "protocol 1"\n'
            '[[arms]]\nname = "A"\n[[follow_up]]\nafter = "3 months"\n'
            'earliest = "11 weeks"\nlatest = "15 weeks"\n'
            'source = "protocol 1, page 9"\n'
            '[[follow_up]]\nafter = "1 month"\n'
            '[[follow_up]]\nafter = "1 day"\npurpose = "fever"\n',
            encoding="utf-8",
        )
        plan = schedule(nc.trials.load(path))
        assert plan.labels == ["1 month", "3 months"]
        found = plan.windows(np.array([0]))
        assert (found.first[0, 1], found.last[0, 1]) == (77, 105)
        about = plan.about()
        assert about[1]["window_source"] == "protocol 1, page 9"
        assert about[0]["window_source"].startswith("neocalc's default")
        assert about[0]["source"] == "protocol 1"

    @pytest.mark.parametrize(
        ("text", "why"),
        [('after = "soon"', "after"), ('after = "1 month"\nx = 1', "not known: x"),
         ('after = "1 month"\nearliest = "2 weeks"', "both earliest and latest"),
         ('after = "1 month"\nearliest = "2 months"\nlatest = "3 months"', "earliest is after it"),
         ('after = "1 month"\nsource = ""', "source"),
         ('after = "1 month"\n[[follow_up]]\nafter = "1 month"', "stands twice")],
    )  # fmt: skip
    def test_a_definition_that_is_wrong(self, tmp_path: Any, text: str, why: str) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            'id = "OWN"\nversion = "1"\ntitle = "own"\nsource = "p"\n[[arms]]\nname = "A"\n'
            f"[[follow_up]]\n{text}\n",
            encoding="utf-8",
        )
        with pytest.raises(nc.PolicyError, match=why):
            nc.trials.load(path)

    @pytest.mark.requirement("REQ-OUT-01")
    @pytest.mark.parametrize("name", ["NCT03558334", "NCT03601416"])
    def test_both_trials_have_their_visits_each_with_its_source(self, name: str) -> None:
        for trial in nc.trials.trials():
            if trial.id != name:
                continue
            plan = schedule(trial)
            months = ["1 month", "3 months", "6 months", "12 months", "24 months"]
            assert plan.labels == months
            assert all("10.1186/s13063-019-3935-x" in target.source for target in plan.targets)

    def test_the_visits_for_other_outcomes_are_no_targets_of_growth(self) -> None:
        trial = nc.trials.load("NCT03558334")
        others = {str(one.after): one.purpose for one in trial.follow_up[:2]}
        assert others["24 hours"] == "infusion reactions"
        assert others["3 days"].startswith("temperature")
        assert trial.visits("2026-08-14") == ()  # which the entry itself does not state

    @pytest.mark.parametrize(
        "targets", ["1 month", [], [7], ["soon"], ["24 hours"], ["1mo", "1 month"], ["0 days"], 3]
    )
    def test_targets_that_are_refused(self, targets: Any) -> None:
        with pytest.raises(nc.InputError, match="targets"):
            schedule(targets=targets)

    @pytest.mark.parametrize("window", [0, -0.1, 0.51, True, "0.25", float("nan")])
    def test_windows_that_are_refused(self, window: Any) -> None:
        with pytest.raises(nc.InputError, match="window"):
            schedule(window=window)

    def test_short_words(self) -> None:
        found = schedule(targets=["90d", "1mo", "2w", "1y"]).labels
        assert found == ["2 weeks", "1 month", "90 days", "1 year"]

    def test_growth_after_some_hours_is_no_target(self, tmp_path: Any) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            'id = "OWN"\nversion = "1"\ntitle = "own"\nsource = "p"\n[[arms]]\nname = "A"\n'
            '[[follow_up]]\nafter = "24 hours"\n',
            encoding="utf-8",
        )
        with pytest.raises(nc.InputError, match="whole days"):
            schedule(nc.trials.load(path))

    def test_a_trial_without_visits(self, tmp_path: Any) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            'id = "OWN"\nversion = "1"\ntitle = "own"\nsource = "p"\n[[arms]]\nname = "A"\n',
            encoding="utf-8",
        )
        with pytest.raises(nc.InputError, match="states no visits"):
            schedule(nc.trials.load(path))


class TestVisits:
    @pytest.mark.requirement("REQ-OUT-02")
    def test_the_nearest_is_taken_and_of_two_the_earlier(self) -> None:
        table = visits(
            [{"day": -3, "weight_g": 2300}, {"day": 28, "weight_g": 3100},
             {"day": 32, "weight_g": 3200}, {"day": 90, "weight_g": 5000}]
        )  # fmt: skip
        found = nc.outcome(table)
        assert [row_of(found, t)["visit_day"] for t in ("baseline", "1 month", "3 months")] == [
            -3, 28, 90,
        ]  # fmt: skip

    @pytest.mark.requirement("REQ-OUT-01")
    def test_the_baseline_is_the_last_at_or_before(self) -> None:
        days = [-40, -2, 0, 1, 30]
        table = visits([{"day": day, "weight_g": 2300 + day} for day in days])
        assert row_of(nc.outcome(table), "1 month")["baseline_day"] == 0
        found = nc.outcome(table.filter(pl.col("measured_on") != GIVEN))
        assert row_of(found, "1 month")["baseline_day"] == -2
        late = table.filter(pl.col("measured_on") > GIVEN)
        row = row_of(nc.outcome(late), "1 month")
        assert (row["status"], row["change_status"]) == ("ok", "no_baseline")
        assert row["baseline_status"] == "no_baseline"
        assert (row["baseline_z"], row["change_z"], row["velocity_z"]) == (None, None, None)
        assert row["velocity_status"] == "no_baseline"

    @pytest.mark.requirement("REQ-OUT-01")
    def test_each_measure_has_its_own_baseline_and_visits(self) -> None:
        table = visits(
            [{"day": -9, "weight_g": 2200, "length_cm": 43.0}, {"day": -1, "weight_g": 2350},
             {"day": 29, "weight_g": 3200}, {"day": 36, "length_cm": 49.5}]
        )  # fmt: skip
        found = nc.outcome(table)
        assert row_of(found, "1 month")["baseline_day"] == -1
        assert row_of(found, "1 month")["visit_day"] == 29
        length = row_of(found, "1 month", "length")
        assert (length["baseline_day"], length["visit_day"]) == (-9, 36)

    @pytest.mark.requirement("REQ-OUT-02")
    def test_a_missing_visit_is_missing(self) -> None:
        table = visits([{"day": 0, "weight_g": 2400}, {"day": 45, "weight_g": 3500}])
        row = row_of(nc.outcome(table), "1 month")
        assert [row[n] for n in ("status", "change_status", "velocity_status")] == [
            "no_visit_in_window"
        ] * 3
        assert all(row[n] is None for n in ("z", "value", "visit_on", "change_z", "velocity_z"))

    def test_a_velocity_needs_the_visit_of_the_target_before(self) -> None:
        table = visits([{"day": 0, "weight_g": 2400}, {"day": 91, "weight_g": 5000}])
        row = row_of(nc.outcome(table), "3 months")
        assert row["change_status"] != "no_visit_in_window"
        assert row["change_z"] is not None
        assert (row["velocity_z"], row["velocity_status"]) == (None, "no_visit_in_window")
        assert row["velocity_from"] == "1 month"

    def test_a_value_that_cannot_be_used_keeps_its_status(self) -> None:
        table = visits([{"day": 0, "weight_g": "2400"}, {"day": 30, "weight_g": "3,3x"}])
        assert row_of(nc.outcome(table), "1 month")["status"] == "invalid_value"

    def test_a_day_of_which_two_rows_differ(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200},
                {"day": 30, "weight_g": 3300}]  # fmt: skip
        row = row_of(nc.outcome(visits(rows)), "1 month")
        assert (row["status"], row["z"]) == ("duplicate_visit", None)
        other = nc.outcome(visits([*rows, {"day": 33, "weight_g": 3350}]))
        assert (row_of(other, "1 month")["visit_day"], row_of(other, "1 month")["status"]) == (
            33, "ok",
        )  # fmt: skip

    def test_rows_of_one_day_that_repeat_each_other_are_one_visit(self) -> None:
        table = visits([{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}])
        twice = nc.outcome(pl.concat([table, table]))
        assert twice.subjects.equals(nc.outcome(table).subjects)

    def test_subjects_that_contradict_themselves(self) -> None:
        good = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}]
        for name, values in {
            "sex": ("f", "m"), "arm": ("A", "B"), "gestational_age": ("27+3", "28+0"),
            "administered_on": (GIVEN, GIVEN + dt.timedelta(days=1)),
        }.items():  # fmt: skip
            rows = [row | {name: value} for row, value in zip(good, values, strict=True)]
            found = nc.outcome(visits(rows), arm="arm")
            row = row_of(found, "1 month")
            assert (row["status"], row["z"]) == ("subject_conflict", None), name

    def test_nobody_and_no_administration(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}]
        with pytest.warns(nc.ColumnWarning, match="do not say whose they are"):
            found = nc.outcome(visits(rows, subject_id=""))
        assert found.subjects.height == 0
        table = visits(rows).with_columns(pl.lit(None, dtype=pl.Date).alias("administered_on"))
        found = nc.outcome(table)
        assert found.subjects["status"].unique().to_list() == ["no_baseline"]
        table = visits(rows).with_columns(pl.lit("soon").alias("birth_date"))
        with pytest.warns(nc.ColumnWarning, match="not dates"):
            found = nc.outcome(table)
        assert found.subjects["status"].unique().to_list() == ["invalid_age"]

    def test_without_a_date_of_birth_in_the_table(self) -> None:
        table = visits([{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}])
        by_days = table.with_columns(
            (pl.col("measured_on") - pl.col("birth_date")).dt.total_days().alias("age_days")
        ).drop("birth_date")
        columns = ["visit_on", "visit_day", "z", "change_z", "status"]
        one, other = (nc.outcome(t).subjects.select(columns) for t in (table, by_days))
        assert one.equals(other)

    @pytest.mark.requirement("REQ-OUT-04")
    def test_death_and_withdrawal_are_a_status(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}]
        left = GIVEN + dt.timedelta(days=100)
        for word, status in {"Died": "died", "withdrawn": "withdrawn",
                             "lost to follow-up": "lost_to_follow_up"}.items():  # fmt: skip
            found = nc.outcome(
                visits(rows, end=word, end_on=left), disposition="end", ended="end_on"
            )
            words = found.subjects["status"].to_list()
            # 3 months: its window ends on day 113, after the child left.
            assert words == ["ok", "ok", *[status] * 4]
            assert found.subjects["left"].unique().to_list() == [status]
            late = nc.outcome(visits(rows, end=word), disposition="end")
            assert late.subjects["status"].to_list() == ["ok", "ok", *[status] * 4]
        later = GIVEN + dt.timedelta(days=114)
        found = nc.outcome(
            visits(rows, end="died", end_on=later), disposition="end", ended="end_on"
        )
        assert found.subjects["status"].to_list()[2:4] == ["no_visit_in_window", "died"]
        found = nc.outcome(visits(rows, end="completed"), disposition="end")
        assert found.subjects["status"].to_list()[2:] == ["no_visit_in_window"] * 4
        summary = nc.outcome(visits(rows, end="died"), disposition="end").summary
        six = summary.filter((pl.col("target") == "6 months") & (pl.col("endpoint") == "z"))
        assert six.select("subjects", "n", "n_missing", "missing").row(0) == (1, 0, 1, "died 1")

    def test_a_subject_that_was_seen_after_its_death(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}]
        for word, status in (("died", "subject_conflict"), ("withdrawn", "ok")):
            left = GIVEN + dt.timedelta(days=29)
            table = visits(rows, end=word, end_on=left)
            found = nc.outcome(table, disposition="end", ended="end_on")
            assert row_of(found, "1 month")["status"] == status
        on_the_day = visits(rows, end="died", end_on=GIVEN + dt.timedelta(days=30))
        found = nc.outcome(on_the_day, disposition="end", ended="end_on")
        assert row_of(found, "1 month")["status"] == "ok"

    def test_administration_before_birth(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 3200}]
        table = visits(rows).with_columns(pl.lit("2024-12-31").alias("administered_on"))
        assert nc.outcome(table).subjects["status"].unique().to_list() == ["invalid_age"]
        table = table.with_columns(pl.lit("2025-01-01").alias("administered_on"))
        assert "invalid_age" not in nc.outcome(table).subjects["status"].to_list()

    def test_a_column_of_numbers_says_yes_and_no(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}]
        for code, within in ((1, True), (0, False), (1.0, True), (True, True)):
            found = nc.outcome(visits(rows, pp=code), population="pp")
            assert found.subjects["per_protocol"].unique().to_list() == [within]

    def test_an_unknown_word_is_refused(self) -> None:
        rows = [{"day": 0, "weight_g": 2400}]
        with pytest.raises(nc.FileError, match=r"column end: 'gone'.*died"):
            nc.outcome(visits(rows, end="gone"), disposition="end")
        with pytest.raises(nc.FileError, match=r"column pp: 'maybe'.*yes"):
            nc.outcome(visits(rows, pp="maybe"), population="pp")


class TestFigures:
    """Every figure is what the calls for one child give."""

    TABLE = visits(
        [{"day": -5, "weight_g": 4100, "length_cm": 54.0}, {"day": 33, "weight_g": 5000,
          "length_cm": 57.5}, {"day": 88, "weight_g": 6300, "length_cm": 62.0},
         {"day": 185, "weight_g": 7600, "length_cm": 67.5},
         {"day": 370, "weight_g": 9300, "length_cm": 75.0}],
        administered_on=dt.date(2025, 8, 1),
    ).with_columns(pl.col("measured_on") + pl.duration(days=122))  # fmt: skip

    @pytest.mark.requirement("REQ-OUT-03")
    @pytest.mark.parametrize(("measure", "column", "unit"), [
        ("weight", "weight_g", "g"), ("length", "length_cm", "cm"),
    ])  # fmt: skip
    def test_as_for_one_child(self, measure: str, column: str, unit: str) -> None:
        found = nc.outcome(self.TABLE)
        days = self.TABLE["measured_on"].to_list()
        values = [f"{value} {unit}" for value in self.TABLE[column].to_list()]
        ages = [nc.Age(BORN, day, "27+3") for day in days]
        labels = ["baseline", "1 month", "3 months", "6 months", "12 months"]
        for i, label in enumerate(labels):
            row = row_of(found, label, measure)
            one = nc.zscore(measure, values[i], sex="f", age=ages[i])
            assert row["z"] == one.z
            assert (row["status"], row["reference"]) == (one.status, one.reference)
            assert row["age_basis"] == one.age_basis
            if i == 0:
                continue
            change = nc.velocity.change(
                measure, first=values[0], second=values[i], sex="f", first_age=ages[0],
                second_age=ages[i],
            )  # fmt: skip
            assert row["change_z"] == change.change
            assert row["change_status"] == change.status
            assert row["change_standardised"] == change.standardised
            assert row["conditional_gain"] == change.conditional
            assert (row["change_r"], row["change_r_source"]) == (change.r, change.r_source)
            assert row["standardised_status"] == change.standardised_status
            speed = nc.velocity.zscore(
                measure, first=values[i - 1], second=values[i], sex="f", first_age=ages[i - 1],
                second_age=ages[i],
            )  # fmt: skip
            assert (row["velocity_status"], row["velocity_from"]) == (speed.status, labels[i - 1])
            assert row["velocity_interval_days"] == speed.interval_days
            if speed.method:
                assert row["velocity_z"] == speed.z
                assert row["velocity_method"] == speed.method

    @pytest.mark.requirement("REQ-OUT-03")
    def test_as_the_table_of_velocity(self) -> None:
        """The change since baseline is that of `nc.velocity.score`."""
        scored = nc.velocity.score(self.TABLE, baseline="administered_on")
        found = nc.outcome(self.TABLE)
        row = row_of(found, "6 months")
        at = scored.filter(pl.col("measured_on") == row["visit_on"])
        assert at["w_change_z"][0] == row["change_z"]
        assert at["days_since_baseline"][0] == row["visit_day"]
        assert at["w_from"][0] == row["baseline_on"]


def cohort(seed: int, n: int = 8) -> pl.DataFrame:
    """Visits of some children of two arms, some of them without some measures."""
    random.seed(seed)
    rows = []
    for child in range(n):
        base = random.uniform(1900, 2600)
        days = set(random.sample(range(-30, 420), random.randint(1, 5)))
        days |= {d + random.randint(-4, 4) for d in (-5, 30, 91, 183) if random.random() < 0.8}
        for day in sorted(days):
            row: dict[str, Any] = {
                "subject_id": f"{child:02}", "arm": "AB"[child % 2], "day": day,
                "sex": "fm"[child % 2], "weight_g": round(base + 20 * max(day, 0) ** 0.95),
            }  # fmt: skip
            row["length_cm"] = round(44.0 + 1.4 * max(day, 0) ** 0.5, 1)
            if random.random() < 0.2:
                row[random.choice(["weight_g", "length_cm"])] = None
            rows.append(row)
    return visits(rows).with_columns(pl.col("weight_g", "length_cm").cast(pl.Float64))


class TestProperties:
    @pytest.mark.requirement("REQ-OUT-06")
    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_the_order_of_rows_and_of_subjects_does_not_matter(self, seed: int) -> None:
        table = cohort(seed)
        shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
        one, other = (nc.outcome(t, arm="arm", control="A") for t in (table, shuffled))
        assert one.subjects.equals(other.subjects)
        assert one.summary.equals(other.summary)

    @pytest.mark.requirement("REQ-OUT-02")
    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_a_visit_never_serves_two_targets(self, seed: int) -> None:
        found = nc.outcome(cohort(seed), targets=["20 days", "1 month", "40 days", "2 months"])
        taken = found.subjects.filter(pl.col("visit_on").is_not_null())
        assert not taken.select("subject_id", "measure", "visit_on").is_duplicated().any()
        late = taken.filter(pl.col("target_number") > 0)
        assert (late["window_from"] <= late["visit_on"]).all()
        assert (late["visit_on"] <= late["window_to"]).all()

    @pytest.mark.requirement("REQ-OUT-06")
    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_relabelled_arms_swap_the_signs(self, seed: int) -> None:
        table = cohort(seed, 12)
        if table["arm"].n_unique() < 2:
            return
        one = nc.outcome(table, arm="arm", control="A").summary
        other = nc.outcome(table, arm="arm", control="B").summary
        keys = ["measure", "target", "endpoint"]
        both = one.filter(pl.col("control").is_not_null()).join(
            other.filter(pl.col("control").is_not_null()), on=keys, suffix="_other"
        )
        assert both.height
        for name, swapped in [("difference", "difference"), ("shift", "shift"),
                              ("difference_lower", "difference_upper"),
                              ("shift_lower", "shift_upper")]:  # fmt: skip
            mine, theirs = both[name].to_numpy(), both[f"{swapped}_other"].to_numpy()
            np.testing.assert_allclose(mine, -theirs, atol=1e-12)
        for name in ("difference_p", "shift_p", "shift_level"):
            np.testing.assert_allclose(both[name].to_numpy(), both[f"{name}_other"].to_numpy())

    @pytest.mark.requirement("REQ-OUT-06")
    @given(seed=st.integers(0, 10_000))
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_a_further_subject_changes_nothing_of_the_others(self, seed: int) -> None:
        table = cohort(seed)
        more = cohort(seed + 1, 1).with_columns(pl.lit("zz").alias("subject_id"))
        with_more = nc.outcome(pl.concat([more, table]), arm="arm").subjects
        without = nc.outcome(table, arm="arm").subjects
        assert with_more.filter(pl.col("subject_id") != "zz").equals(without)

    @pytest.mark.requirement("REQ-OUT-02")
    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_the_choice_of_visits_by_its_definition(self, data: st.DataObject) -> None:
        """Every visit to its nearest target, then of each target the nearest visit."""
        days = data.draw(st.lists(st.integers(1, 60), unique=True, max_size=12))
        due = sorted(data.draw(st.sets(st.integers(5, 60), min_size=1, max_size=5)))
        width = data.draw(st.integers(0, 20))
        windows = Windows(*(np.array([[d + k * width for d in due]]) for k in (0, -1, 1)))
        found = chosen(
            np.zeros(len(days), int), np.array(days, dtype=int), np.ones(len(days), bool), windows
        )
        wanted = [NONE] * len(due)
        near = {
            row: min((abs(day - d), i) for i, d in enumerate(due) if abs(day - d) <= width)[1]
            for row, day in enumerate(days)
            if any(abs(day - d) <= width for d in due)
        }
        for i, d in enumerate(due):
            mine = [(abs(days[row] - d), days[row], row) for row, at in near.items() if at == i]
            wanted[i] = min(mine)[2] if mine else NONE
        assert found.tolist() == [wanted]


class TestSummary:
    @pytest.fixture
    def found(self) -> Any:
        return nc.outcome(cohort(7, 24), arm="arm", control="A")

    @pytest.mark.requirement("REQ-OUT-05")
    def test_against_scipy(self, found: Any) -> None:
        rows = found.subjects.filter(
            (pl.col("measure") == "weight") & (pl.col("target") == "3 months")
        )
        first, second = (
            rows.filter(pl.col("arm") == arm)["z"].drop_nulls().to_numpy() for arm in "BA"
        )
        line = found.summary.filter(
            (pl.col("measure") == "weight") & (pl.col("target") == "3 months")
            & (pl.col("endpoint") == "z") & (pl.col("arm") == "B")
        ).row(0, named=True)  # fmt: skip
        assert len(second) > 2
        test = stats.ttest_ind(first, second, equal_var=False)
        interval = test.confidence_interval(0.95)
        assert line["n"] == len(first) > 2
        assert line["difference"] == pytest.approx(first.mean() - second.mean())
        assert line["difference_lower"] == pytest.approx(interval.low)
        assert line["difference_upper"] == pytest.approx(interval.high)
        assert line["difference_p"] == pytest.approx(test.pvalue)
        assert line["shift"] == pytest.approx(np.median(np.subtract.outer(first, second)))
        assert line["shift_p"] == pytest.approx(stats.mannwhitneyu(first, second).pvalue)
        assert (line["mean"], line["sd"]) == pytest.approx((first.mean(), first.std(ddof=1)))
        assert line["median"] == describe(first).median

    @pytest.mark.requirement("REQ-OUT-04")
    def test_what_is_missing_is_counted_never_as_zero(self, found: Any) -> None:
        for line in found.summary.iter_rows(named=True):
            assert line["subjects"] == line["n"] + line["n_missing"] == 12
            words = [part.rsplit(" ", 1) for part in (line["missing"] or "").split(", ") if part]
            assert sum(int(count) for _, count in words) == line["n_missing"]
            if not line["n"]:
                assert line["mean"] is None

    @pytest.mark.requirement("REQ-OUT-05")
    def test_no_p_below_three(self, found: Any) -> None:
        small = nc.outcome(cohort(7, 4), arm="arm", control="A").summary
        assert small["difference_p"].null_count() == small.height
        assert small["shift_p"].null_count() == small.height
        assert found.summary["difference_p"].null_count() < found.summary.height

    def test_without_a_control_arms_stand_side_by_side(self) -> None:
        found = nc.outcome(cohort(7), arm="arm")
        assert found.control is None
        assert found.summary["difference"].null_count() == found.summary.height
        assert found.summary["arm"].unique(maintain_order=True).to_list() == ["A", "B"]
        single = nc.outcome(cohort(7))
        assert single.summary["arm"].unique().to_list() == ["all"]

    def test_the_control_of_the_trial(self) -> None:
        table = cohort(7).with_columns(pl.col("arm").replace({"A": "control", "B": "MSC"}))
        found = nc.outcome(table, trial="NCT03601416", version="registry", arm="arm")
        assert found.control == "control"
        assert found.summary["control"].drop_nulls().unique().to_list() == ["control"]
        with pytest.raises(nc.InputError, match="control"):
            nc.outcome(table, arm="arm", control="placebo")
        with pytest.raises(nc.InputError, match="control"):
            nc.outcome(table, control="MSC")
        with pytest.warns(nc.ColumnWarning, match="does not name: MSC; it names A, B"):
            nc.outcome(table.filter(pl.col("arm") == "MSC"), trial="NCT03558334", arm="arm")

    def test_populations(self) -> None:
        table = cohort(7).with_columns(
            pl.when(pl.col("subject_id") < "04").then(pl.lit("yes")).otherwise(pl.lit("no"))
            .alias("pp")
        )  # fmt: skip
        found = nc.outcome(table, arm="arm", control="A", population="pp")
        sizes = found.summary.group_by("population").agg(pl.col("subjects").first())
        assert dict(sizes.rows()) == {"intention to treat": 4, "per protocol": 2}
        alone = nc.outcome(table.filter(pl.col("pp") == "yes"), arm="arm", control="A")
        part = found.summary.filter(pl.col("population") == "per protocol").drop("population")
        assert part.equals(alone.summary.drop("population"))

    @pytest.mark.requirement("REQ-OUT-08")
    def test_blind_shows_no_arm(self) -> None:
        table = cohort(7).with_columns(pl.col("arm").replace({"A": "Zulu", "B": "Yankee"}))
        found = nc.outcome(table, arm="arm", blind=True)
        assert "arm" not in found.subjects.columns
        assert found.summary["arm"].unique().to_list() == ["all"]
        for text in (found.subjects.write_csv(), found.summary.write_csv()):
            assert "Zulu" not in text
            assert "Yankee" not in text
        with pytest.raises(nc.InputError, match="control"):
            nc.outcome(table, arm="arm", control="Zulu", blind=True)

    @pytest.mark.filterwarnings("ignore:Implausible")
    @pytest.mark.parametrize(
        ("given", "handover", "name", "taken"),
        [("fenton-2013", None, "intergrowth-21st-preterm", 448),
         ("fenton-2013", "45 week", "intergrowth-21st-preterm", 315),
         ("intergrowth-21st-preterm", "60 week", "fenton-2025", 350),
         ("intergrowth-21st-preterm", None, "fenton-2013", 350)],
    )  # fmt: skip
    def test_each_reference_has_its_own_hand_over(
        self, given: str, handover: str | None, name: str, taken: int
    ) -> None:
        from neocalc.outcomes.analysis import _with_preterm

        policy = nc.Policy(preterm_reference=given, handover=handover)
        assert _with_preterm(policy, name).handover_day == taken

    @pytest.mark.requirement("REQ-OUT-08")
    @pytest.mark.filterwarnings("ignore:Implausible")  # at chronological age
    def test_sensitivity_is_the_same_table_under_each_policy(self) -> None:
        table = cohort(7)
        found = nc.outcome(table, arm="arm", control="A", sensitivity=True).summary
        parts = {part["analysis"][0]: part for part in found.partition_by("analysis")}
        assert list(parts)[:2] == ["main", "chronological age"]
        assert "preterm reference fenton-2025" in parts
        plain = nc.outcome(
            table.drop("gestational_age"), arm="arm", control="A", reference="who-2006"
        )
        assert parts["chronological age"].drop("analysis").equals(plain.summary.drop("analysis"))
        other = nc.outcome(
            table, arm="arm", control="A", policy=nc.Policy(preterm_reference="fenton-2025")
        )
        named = parts["preterm reference fenton-2025"].drop("analysis")
        assert named.equals(other.summary.drop("analysis"))
        other = nc.outcome(
            table, arm="arm", control="A",
            policy=nc.Policy(preterm_reference="intergrowth-21st-preterm"),
        )  # fmt: skip
        named = parts["preterm reference intergrowth-21st-preterm"].drop("analysis")
        assert named.equals(other.summary.drop("analysis"))
        half = nc.outcome(table, arm="arm", control="A", window=0.125)
        named = parts["windows half as wide"].drop("analysis")
        assert named.equals(half.summary.drop("analysis"))

    @pytest.mark.requirement("REQ-OUT-04")
    def test_implausible_values_are_counted_and_in_no_mean_but_of_one_variant(self) -> None:
        table = visits([{"day": 0, "weight_g": 2400}, {"day": 30, "weight_g": 320}])
        with pytest.warns(nc.ColumnWarning, match=r"Implausible values.*: 1;"):
            found = nc.outcome(table, sensitivity=True)
        found = found.summary.filter((pl.col("target") == "1 month") & (pl.col("endpoint") == "z"))
        main = found.filter(pl.col("analysis") == "main").row(0, named=True)
        assert (main["n"], main["missing"], main["mean"]) == (0, "implausible 1", None)
        kept = found.filter(pl.col("analysis") == "with implausible values")
        assert kept.select("n", "flagged").row(0) == (1, "implausible 1")


class TestCalls:
    def test_the_kind_of_table_that_was_given(self) -> None:
        import pandas as pd
        import pyarrow as pa

        table = cohort(3)
        wanted = nc.outcome(table).subjects
        pandas = nc.outcome(table.to_pandas()).subjects
        assert isinstance(pandas, pd.DataFrame)
        assert list(pandas.columns) == wanted.columns
        assert pandas["z"].isna().sum() == wanted["z"].null_count()
        arrow = nc.outcome(table.to_arrow()).summary
        assert isinstance(arrow, pa.Table)
        assert nc.outcome(table.lazy()).subjects.equals(wanted)

    def test_columns_that_are_not_there(self) -> None:
        table = cohort(3)
        for name in ("arm", "baseline", "population", "disposition"):
            with pytest.raises(nc.FileError, match="nothere"):
                nc.outcome(table, **{name: "nothere"})  # type: ignore[arg-type]
        with pytest.raises(nc.FileError, match="nothere"):
            nc.outcome(table, disposition="arm", ended="nothere")
        with pytest.raises(nc.InputError, match="ended"):
            nc.outcome(table, ended="administered_on")
        with pytest.raises(nc.MissingError, match="baseline"):
            nc.outcome(table, baseline=None)  # type: ignore[arg-type]
        with pytest.raises(nc.FileError, match="subject_id"):
            nc.outcome(table.drop("subject_id"))
        skin = table.drop("weight_g", "length_cm").with_columns(
            pl.lit(9.0).alias("triceps_skinfold_mm")
        )
        with pytest.raises(nc.FileError, match="weight, length or head"):
            nc.outcome(skin)
        with pytest.raises(nc.InputError, match="fenton"):
            nc.outcome(table, reference="fenton-1999")
        by_days = table.drop("birth_date", "measured_on").with_columns(pl.lit(9).alias("age_days"))
        with pytest.raises(nc.FileError, match="needs dates"):
            nc.outcome(by_days)

    def test_a_table_that_was_scored_already(self) -> None:
        table = cohort(3)
        scored = nc.velocity.score(table)
        assert nc.outcome(scored).subjects.equals(nc.outcome(table).subjects)


class TestText:
    def test_the_plan_says_what_was_done(self) -> None:
        table = cohort(7).with_columns(pl.lit("yes").alias("pp"), pl.lit("").alias("end"))
        text = nc.outcome(
            table, trial="NCT03558334", arm="arm", control="A", population="pp",
            disposition="end", sensitivity=True, targets=None, window=0.2,
        ).sap()  # fmt: skip
        flat = " ".join(text.split())
        for part in (
            "1 month, 3 months, 6 months, 12 months and 24 months after that date",
            "doi 10.1186/s13063-019-3935-x", "at most 20 %", "compared with arm A", "Welch 1947",
            "per-protocol population (column pp)", "preterm reference fenton-2025",
            "nothing was imputed", "fenton-2013 by postmenstrual age", "(column end)",
            "BMC Pediatrics 2013;13:59",
        ):  # fmt: skip
            assert part in flat, part

    def test_the_plan_of_a_trial_with_its_own_windows_and_rules(self, tmp_path: Any) -> None:
        path = tmp_path / "own.toml"
        path.write_text(
            'id = "OWN"\nversion = "1"\ntitle = "own"\nsource = "page 9"\n'
            '[[arms]]\nname = "A"\n'
            '[[follow_up]]\nafter = "3 months"\nearliest = "11 weeks"\nlatest = "15 weeks"\n',
            encoding="utf-8",
        )
        rules = {"restricted": False, "tolerance": 0.2}
        found = nc.outcome(cohort(7), trial=path, **rules)  # type: ignore[arg-type]
        text = " ".join(found.sap().split())
        assert "The window of 3 months was from 11 weeks to 15 weeks (page 9)." in text
        assert "No source states" not in text
        assert "within 20 %" in text
        assert repr(found).startswith("<Outcome of 8 subjects, 3 months")

    def test_the_plan_without_arms_and_blinded(self) -> None:
        table = cohort(7)
        assert "no control arm is named" in " ".join(nc.outcome(table).sap().split())
        blind = nc.outcome(table, arm="arm", blind=True, reference="who-2006").sap()
        assert "all arms were described together" in " ".join(blind.split())
        assert "BMC Pediatrics" not in blind
