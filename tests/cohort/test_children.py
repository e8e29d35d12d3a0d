"""Facts of a child: what one of its rows states holds for all of them, and is never contradicted.

The same cohort goes through every call, frame and kind of file.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import neocalc as nc
from neocalc import chart, report
from neocalc.chart.subjects import cohort_of
from neocalc.chart.visits import infant_of, scored_table
from neocalc.cohort.children import completed, stated
from neocalc.cohort.identities import identified
from neocalc.cohort.table import Rows
from neocalc.reading.words import Coded
from shell import Shell

ONLY_IN_THE_FIRST_ROW = """\
subject_id,visit,sex,gestational_age,birth_date,measured_on,weight_g,length_cm
1,birth,m,26+0,2024-01-10,2024-01-10,850,33
1,m6,m,,2024-01-10,2024-07-10,5600,59
1,m12,m,,2024-01-10,2025-01-10,8300,71
"""
"""A boy whose gestation stands in his first row, as a form of facts at birth gives it."""


def read(text: str) -> pl.DataFrame:
    """A table of texts."""
    return pl.read_csv(io.StringIO(text), infer_schema=False)


def filled() -> str:
    """The same with the gestation in every row."""
    return ONLY_IN_THE_FIRST_ROW.replace("m,,", "m,26+0,")


# --- the case, by every way -----------------------------------------------------------------------

WAZ, LAZ = [0.06, -0.85, -0.59], [-0.31, -0.87, -0.32]
"""By an independent program."""


@pytest.mark.requirement("REQ-CHILD-01")
def test_a_gestation_in_the_first_row_corrects_the_others() -> None:
    scored = nc.score(read(ONLY_IN_THE_FIRST_ROW))
    assert scored["waz"].round(2).to_list() == WAZ
    assert scored["laz"].round(2).to_list() == LAZ
    assert scored["corrected_age_days"].to_list() == [-98, 84, 268]
    whole = nc.score(read(filled()))
    assert scored.drop("gestational_age").equals(whole.drop("gestational_age"))


def test_velocity_by_the_same_gestation() -> None:
    scored = nc.velocity.score(read(ONLY_IN_THE_FIRST_ROW))
    last = scored.row(2, named=True)
    assert round(last["w_velocity_z"], 2) == 0.02
    assert round(last["l_velocity_z"], 2) == 0.63
    assert round(last["w_change_z"], 2) == 0.27
    whole = nc.velocity.score(read(filled()))
    assert scored.drop("gestational_age").equals(whole.drop("gestational_age"))


@pytest.mark.requirement("REQ-CHILD-04")
def test_charts_and_reports_by_the_same_gestation() -> None:
    infants = [infant_of(*scored_table(read(t))) for t in (ONLY_IN_THE_FIRST_ROW, filled())]
    for infant in infants:
        assert infant.series["weight"].z.round(2).tolist() == WAZ
        assert infant.series["length"].z.round(2).tolist() == LAZ
        assert round(float(infant.series["weight"].growth.z[2]), 2) == 0.02
        assert round(float(infant.series["length"].growth.z[2]), 2) == 0.63
    pages = [
        report.page(read(text)).split("<h2>Audit record")[0]
        for text in (ONLY_IN_THE_FIRST_ROW, filled())
    ]
    assert pages[0] == pages[1]
    for draw in (chart.infant, chart.velocity, chart.cohort):
        assert isinstance(draw(read(ONLY_IN_THE_FIRST_ROW)), chart.Chart)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """A folder in which neocalc is run."""
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_files_by_the_same_gestation(shell: Shell, suffix: str) -> None:
    source, target = f"in{suffix}", shell.folder / f"out{suffix}"
    table = read(ONLY_IN_THE_FIRST_ROW)
    given = shell.folder / source
    table.write_csv(given) if suffix == ".csv" else table.write_parquet(given)
    done = shell.run("score", source, "-o", target.name)
    assert done.code == 0
    assert "Rows with a fact taken from another row of the child: 2" in done.err
    scored = pl.read_csv(target) if suffix == ".csv" else pl.read_parquet(target)
    assert scored["waz"].round(2).to_list() == WAZ
    record = json.loads(Path(f"{target}.json").read_text())
    assert record["children"] == {
        "completed_rows": 2, "conflicting_rows": 0, "repeated_rows": 0, "trimmed_ids": 0,
    }  # fmt: skip
    done = shell.run("velocity", source, "-o", target.name, "--force")
    assert "Rows with a fact taken from another row of the child: 2" in done.err


@pytest.mark.parametrize("kind", ["pandas", "pyarrow", "lazy"])
def test_frames_by_the_same_gestation(kind: str) -> None:
    table: Any = read(ONLY_IN_THE_FIRST_ROW)
    if kind == "pandas":
        table = pd.DataFrame(table.to_dict(as_series=False))
    elif kind == "pyarrow":
        table = table.to_arrow()
    else:
        table = table.lazy()
    scored = nc.score(table)
    if kind == "lazy":
        scored = scored.collect()
    found = scored["waz"].to_pylist() if kind == "pyarrow" else scored["waz"].to_list()
    assert [round(z, 2) for z in found] == WAZ


# --- each fact ------------------------------------------------------------------------------------

CHILD = {
    "subject_id": ["1", "1", "1"],
    "sex": ["f", "f", "f"],
    "gestational_age": ["27+3", "27+3", "27+3"],
    "birth_date": ["2024-01-01", "2024-01-01", "2024-01-01"],
    "measured_on": ["2024-04-01", "2024-06-01", "2024-08-01"],
    "weight_kg": ["3.1", "4.6", "5.8"],
}
FACTS = ("sex", "gestational_age", "birth_date")
OTHER = {"sex": "m", "gestational_age": "28+3", "birth_date": "2024-01-02"}
SAME = {"sex": "Female", "gestational_age": "27w3d", "birth_date": "2024-01-01 "}
WRONG = {"sex": "x", "gestational_age": "27.3", "birth_date": "1.1.2024"}
FAULT = {"sex": "invalid_sex", "gestational_age": "invalid_gestation", "birth_date": "invalid_age"}


def child(**changed: Any) -> pl.DataFrame:
    """Three visits of one girl."""
    return pl.DataFrame(CHILD | changed)


def words(frame: pl.DataFrame) -> list[str]:
    """The statuses of weight for age."""
    found: list[str] = nc.score(frame)["waz_status"].to_list()
    return found


@pytest.mark.requirement("REQ-CHILD-01")
@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_holds_from_whatever_row_states_it(fact: str, row: int) -> None:
    """All rows but one leave it empty: nothing is another than where all state it."""
    given = [value if i == row else "" for i, value in enumerate(CHILD[fact])]
    for empty in (given, [value or None for value in given], [value or "  " for value in given]):
        assert nc.score(child(**{fact: empty})).drop(fact).equals(nc.score(child()).drop(fact))
        scored = nc.velocity.score(child(**{fact: empty}))
        assert scored.drop(fact).equals(nc.velocity.score(child()).drop(fact))


@pytest.mark.requirement("REQ-CHILD-02")
@pytest.mark.parametrize("fact", FACTS)
def test_two_values_of_a_fact_leave_the_child_without_a_z(fact: str) -> None:
    """In every row, that without the fact too; other children go on."""
    for given in ([OTHER[fact], CHILD[fact][0], ""], ["", CHILD[fact][0], OTHER[fact]]):
        frame = pl.concat([child(**{fact: given}), child(subject_id=["2"] * 3)])
        scored = nc.score(frame)
        assert scored["waz_status"].to_list() == ["subject_conflict"] * 3 + ["ok"] * 3
        assert scored["waz"].is_null().to_list() == [True] * 3 + [False] * 3
        paired = nc.velocity.score(frame)
        for result in ("velocity", "gain", "change"):
            assert paired[f"w_{result}_status"].to_list()[:3] == ["subject_conflict"] * 3
        assert paired.filter(pl.col("subject_id") == "1")["w_gain_g_per_day"].is_null().all()
        cohort = cohort_of(*scored_table(frame))
        assert (cohort.subjects, cohort.conflicting, cohort.left_out) == (["2"], 3, 0)
        with pytest.raises(nc.FileError, match="differs between rows"):
            chart.infant(frame, subject="1")


@pytest.mark.requirement("REQ-CHILD-02")
@pytest.mark.parametrize("fact", FACTS)
def test_two_spellings_of_a_value_are_one_fact(fact: str) -> None:
    given = [SAME[fact], CHILD[fact][0], SAME[fact].upper()]
    assert words(child(**{fact: given})) == ["ok"] * 3


@pytest.mark.requirement("REQ-CHILD-03")
@pytest.mark.parametrize("fact", FACTS)
def test_a_value_that_cannot_be_used_is_the_fault_of_its_row(fact: str) -> None:
    """It is not handed on, and contradicts nothing."""
    given = [WRONG[fact], CHILD[fact][0], ""]
    assert words(child(**{fact: given})) == [FAULT[fact], "ok", "ok"]
    assert words(child(**{fact: list(reversed(given))})) == ["ok", "ok", FAULT[fact]]


def test_a_fact_that_no_row_states_is_missing() -> None:
    assert words(child(sex=["", "", ""])) == ["missing_sex"] * 3
    assert words(child(sex=["x", "", ""])) == ["invalid_sex", "missing_sex", "missing_sex"]
    assert words(child(birth_date=["", "", ""])) == ["missing_age"] * 3


@pytest.mark.requirement("REQ-CHILD-03")
def test_an_unusable_gestation_that_no_row_makes_good_is_that_of_all() -> None:
    """Its empty rows would be taken for those of a child without one, and not be corrected."""
    given = ["", "27.3", ""]
    assert words(child(gestational_age=given)) == ["invalid_gestation"] * 3
    alone = child(gestational_age=given).drop("subject_id")
    assert words(alone) == ["ok", "invalid_gestation", "ok"]


@pytest.mark.requirement("REQ-CHILD-01")
@pytest.mark.parametrize("subject", ["", None])
def test_rows_of_nobody_stand_alone(subject: str | None) -> None:
    given = child(subject_id=[subject] * 3, sex=["f", "", "m"])
    assert words(given) == ["ok", "missing_sex", "ok"]
    assert words(given.drop("subject_id")) == ["ok", "missing_sex", "ok"]


def test_facts_of_one_child_are_not_those_of_the_next() -> None:
    frame = child(subject_id=["1", "2", "3"], sex=["f", "", ""], gestational_age=["27+3", "", ""])
    scored = nc.score(frame)
    assert scored["waz_status"].to_list() == ["ok", "missing_sex", "missing_sex"]
    assert scored["corrected_age_days"].null_count() == 2


def test_whole_days_and_decimal_weeks_are_facts_too() -> None:
    for name, value in (("gestational_age_days", "192"), ("gestational_age_weeks_decimal", "27.4")):
        frame = child().drop("gestational_age").with_columns(pl.Series(name, ["", value, ""]))
        assert nc.score(frame)["postmenstrual_age_days"].null_count() == 0
    days = (
        child()
        .drop("gestational_age")
        .with_columns(pl.Series("gestational_age_days", ["192", "193", ""]))
    )
    assert words(days) == ["subject_conflict"] * 3


def test_a_known_date_of_birth_must_agree_with_the_days() -> None:
    """A row that states days of its own is held against the date of birth of another row."""
    frame = child(birth_date=["2024-01-01", "", ""]).with_columns(
        age_days=pl.Series(["91", "152", "214"])
    )
    assert words(frame) == ["ok", "ok", "invalid_age"]


@pytest.mark.requirement("REQ-CHILD-02")
def test_ages_in_doubt_are_not_shown() -> None:
    scored = nc.score(child(birth_date=["2024-01-01", "2024-01-02", ""]))
    assert scored["chronological_age_days"].null_count() == 3
    scored = nc.score(child(gestational_age=["27+3", "28+3", ""]))
    assert scored["chronological_age_days"].null_count() == 0
    assert scored["corrected_age_days"].null_count() == 3
    scored = nc.score(child(sex=["f", "m", ""]))
    assert scored["corrected_age_days"].null_count() == 0


@pytest.mark.requirement("REQ-CHILD-02")
def test_the_conflict_comes_before_other_statuses() -> None:
    """Also where nothing was weighed: the row is of that child."""
    frame = child(sex=["f", "m", "x"], weight_kg=["3.1", "", "0"], measured_on=["2024-04-01"] * 3)
    assert words(frame) == ["subject_conflict"] * 3


@pytest.mark.requirement("REQ-CHILD-06")
def test_conflicts_are_counted(shell: Shell) -> None:
    given = pl.concat([child(sex=["f", "m", ""]), child(subject_id=["2"] * 3)])
    given.write_csv(shell.folder / "in.csv")
    for command in ("score", "velocity"):
        done = shell.run(command, "in.csv", "-o", "out.csv", "--force")
        said = "Rows of children of whom two rows state different facts: 3 (subject_conflict)"
        assert said in done.err
        record = json.loads(shell.read("out.csv.json"))
        assert record["children"]["conflicting_rows"] == 3
        assert shell.run(command, "in.csv", "-o", "out.csv", "--force", "--strict").code == 1


# --- an empty gestation ---------------------------------------------------------------------------

EMPTY = pl.DataFrame(
    {
        "sex": ["f", "m"],
        "gestational_age": ["", None],
        "age_days": [30, 60],
        "weight_g": [1200, 1500],
    }
)
SAID = "The column gestational_age is empty: every age is chronological"


@pytest.mark.requirement("REQ-CHILD-06")
def test_an_empty_gestation_is_said(shell: Shell) -> None:
    with_ids = EMPTY.with_columns(subject_id=pl.Series(["1", "2"]))
    for call, frame in ((nc.score, EMPTY), (nc.score, with_ids), (nc.velocity.score, with_ids)):
        with pytest.warns(nc.ColumnWarning, match=SAID) as said:
            call(frame)
        assert len(said) == 1
    for page in (chart.infant, chart.velocity, report.page):
        with pytest.warns(nc.ColumnWarning, match=SAID):
            page(EMPTY.head(1))
    with_ids.write_csv(shell.folder / "in.csv")
    for command in ("score", "velocity"):
        done = shell.run(command, "in.csv", "-o", "out.csv", "--force")
        assert done.code == 0
        assert done.err.count(SAID) == 1
        assert json.loads(shell.read("out.csv.json"))["notices"] == [SAID]
    done = shell.run("chart", "in.csv", "-o", "out.svg", "--kind", "statuses")
    assert SAID in done.err


def test_a_gestation_under_another_name_is_said_by_that_name() -> None:
    frame = EMPTY.rename({"gestational_age": "GA"})
    with pytest.warns(nc.ColumnWarning, match="The column GA is empty"):
        nc.score(frame, columns={"gestational_age": "GA"})


def test_one_gestation_is_enough_to_say_nothing() -> None:
    for value in ("27+3", "27.3"):
        nc.score(EMPTY.with_columns(gestational_age=pl.Series([None, value])))
    nc.score(EMPTY.drop("gestational_age"))
    nc.score(EMPTY.clear())


# --- the arm and the day of administration --------------------------------------------------------


def arms(**changed: Any) -> pl.DataFrame:
    """Two children, whose arm and day of administration stand in one row each."""
    return pl.DataFrame(
        {
            "subject_id": ["1", "1", "2", "2"],
            "sex": ["f"] * 4,
            "birth_date": ["2024-01-01"] * 4,
            "measured_on": ["2024-02-01", "2024-04-01"] * 2,
            "weight_kg": [4.2, 5.9, 4.0, 5.8],
            "arm": ["A", "", "", "B"],
            "administered_on": ["", "2024-03-01", "2024-03-01", ""],
        }
        | changed
    )


@pytest.mark.requirement("REQ-CHILD-01")
def test_an_arm_in_one_row_is_that_of_the_child() -> None:
    extra = ("arm", "administered_on")
    cohort = cohort_of(*scored_table(arms(), extra=extra))
    assert cohort.arms == ["Arm: A", "Arm: B"]
    assert cohort.arm.tolist() == [0, 0, 1, 1]
    assert cohort.administered is not None
    assert cohort.administered.status is None or not cohort.administered.status.any()
    assert chart.cohort(arms(), kind="waterfall").title


@pytest.mark.requirement("REQ-CHILD-02")
def test_two_arms_of_one_child() -> None:
    for changed in ({"arm": ["A", "B", "B", "B"]},
                    {"administered_on": ["2024-03-01", "2024-03-02", "", ""]}):  # fmt: skip
        cohort = cohort_of(*scored_table(arms(**changed), extra=("arm", "administered_on")))
        assert cohort.subjects == ["2"]
        assert (cohort.conflicting, cohort.left_out) == (2, 0)
        said = chart.cohort(arms(**changed)).description
        assert "2 rows left out: two rows of the subject state different facts." in said


def test_a_child_without_an_arm() -> None:
    cohort = cohort_of(*scored_table(arms(arm=["A", "", "", ""]), extra=("arm",)))
    assert cohort.arms == ["Arm: A", "Arm: not stated"]
    assert cohort.arm.tolist() == [0, 0, 1, 1]


# --- the mechanism --------------------------------------------------------------------------------


def ints(*values: int) -> Any:
    """A column of codes."""
    return np.array(values, dtype=np.int32)


def test_rows_keep_the_facts_of_the_whole_child() -> None:
    """A row without a date is not drawn, and its gestation holds all the same."""
    frame = child(gestational_age=["27+3", "", ""], measured_on=["", "2024-06-01", "2024-08-01"])
    infant = infant_of(*scored_table(frame))
    assert (infant.gestation, infant.unplaced) == (192, 1)
    assert infant.series["weight"].z.round(6).tolist() == (
        nc.score(child())["waz"].to_numpy()[1:].round(6).tolist()
    )
    table, scoring = scored_table(frame)
    rows = Rows(table, scoring).take(np.array([2, 1]))
    assert rows.age.gestation_days.tolist() == [192, 192]
    assert rows.children.completed == 2


def test_what_rows_state_is_one_number() -> None:
    """Equal exactly where codes and statuses are."""
    rng = np.random.default_rng(4)
    n = 3_000
    facts = {
        "sex": Coded(rng.integers(0, 2, n).astype(np.int32), None),
        "gestation": Coded(
            rng.integers(0, 315, n).astype(np.int32), rng.integers(0, 2, n).astype(np.uint8) * 6
        ),
        "birth_date": Coded(
            rng.integers(-3, 3, n).astype(np.int32), rng.integers(0, 60, n).astype(np.uint8)
        ),
    }
    said = stated(facts)
    columns: list[Any] = [column for fact in facts.values() for column in fact]
    full = list(zip(*(c.tolist() for c in columns if c is not None), strict=True))
    assert len(set(said.tolist())) == len(set(full))
    assert len(set(zip(said.tolist(), full, strict=True))) == len(set(full))
    assert len(np.unique(stated({"sex": facts["sex"]}))) == 2


def test_the_order_of_rows_does_not_matter_to_a_conflict() -> None:
    ids = identified(pl.Series(["1", "2", "1", "2", "1", ""]))
    sex = Coded(ints(0, 1, 0, 1, 1, 0), None)
    found = completed(ids, {"sex": sex})
    assert found.conflicts["sex"].tolist() == [True, False, True, False, True, False]
    assert found.conflict is not None
    assert found.status is not None
    assert completed(ids, {"sex": Coded(ints(0, 1, 0, 1, 0, 1), None)}).conflict is None
