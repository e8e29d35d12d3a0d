"""Columns that are read as they are declared: due dates, completed weeks, pounds and inches."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.errors import FileError, InputError
from shell import Shell

HEADER = "subject_id,sex,birth_date,measured_on,due_date,weight_g\n"
BORN = dt.date(2026, 5, 1)


def scored(text: str, shell: Shell, *options: str) -> pl.DataFrame:
    """The rows of a scored CSV, all as texts."""
    assert shell.score(text, *options).code == 0
    return pl.read_csv(shell.folder / "out.csv", infer_schema=False)


# The due date


@pytest.mark.requirement("REQ-TAB-22")
@given(st.integers(140, 314))
def test_a_due_date_gives_the_gestation_at_birth(days: int) -> None:
    frame = pl.DataFrame(
        {"sex": ["f"], "birth_date": [BORN], "measured_on": [BORN + dt.timedelta(50)],
         "weight_g": [3000], "due_date": [BORN + dt.timedelta(280 - days)]}
    )  # fmt: skip
    by_due = nc.score(frame)
    stated = frame.drop("due_date").with_columns(gestational_age_days=pl.lit(days))
    by_days = nc.score(stated)
    for name in ("postmenstrual_age_days", "corrected_age_days", "waz", "waz_status"):
        assert by_due[name].to_list() == by_days[name].to_list()


@pytest.mark.requirement("REQ-TAB-22")
def test_what_a_row_without_a_due_date_is(shell: Shell) -> None:
    table = scored(
        HEADER
        + "1,f,2026-05-01,2026-08-14,2026-07-28,3100\n"  # 27+3
        + "2,f,2026-05-01,2026-08-14,,3100\n"
        + "3,f,,2026-08-14,2026-07-28,3100\n"
        + "4,f,2026-05-01,2026-08-14,2027-07-28,3100\n"
        + "5,f,2026-05-01,2026-08-14,soon,3100\n"
        + "6,f,2026-05-01,,2026-07-28,3100\n",
        shell,
    )
    assert table["waz_status"].to_list() == [
        "ok", "ok", "missing_age", "invalid_gestation", "invalid_gestation", "missing_age",
    ]  # fmt: skip
    assert table["postmenstrual_age_days"][:2].to_list() == ["297", None]
    assert float(table["waz"][0]) == pytest.approx(-1.5619738166171258)


@pytest.mark.requirement("REQ-TAB-22")
def test_a_due_date_holds_for_the_rows_of_the_child(shell: Shell) -> None:
    table = scored(
        HEADER
        + "1,f,2026-05-01,2026-08-14,2026-07-28,3100\n"
        + "1,f,2026-05-01,2026-09-14,,3900\n"
        + "2,f,2026-05-01,2026-08-14,2026-07-28,3100\n"
        + "2,f,2026-05-01,2026-09-14,2026-07-29,3900\n",
        shell,
    )
    assert table["postmenstrual_age_days"].to_list() == ["297", "328", None, None]
    assert table["waz_status"].to_list() == ["ok", "ok", "subject_conflict", "subject_conflict"]


@pytest.mark.requirement("REQ-TAB-22")
def test_the_date_of_birth_stands_in_its_row(shell: Shell) -> None:
    """Its row cannot tell the gestation, and the child is not taken for one without."""
    table = scored(
        HEADER + "1,f,2026-05-01,2026-08-14,,3100\n" + "1,f,,2026-09-14,2026-07-28,3900\n",
        shell,
    )
    assert table["waz_status"].to_list() == ["invalid_gestation", "invalid_gestation"]


@pytest.mark.requirement("REQ-TAB-22")
def test_what_was_taken_is_said(shell: Shell) -> None:
    done = shell.score(HEADER + "1,f,2026-05-01,2026-08-14 10:30,2026-07-28,3100\n")
    assert "due_date: the gestation at birth is 40+0 less the days from birth to it" in done.err
    assert "No gestational age" not in done.err


@pytest.mark.requirement("REQ-TAB-22")
def test_a_due_date_needs_the_date_of_birth(shell: Shell) -> None:
    table = "sex,age_days,due_date,weight_g\nf,1,2026-07-28,3100\n"
    said = shell.score(table).problem
    assert "(a due date): it gives a gestation beside a birth_date alone; --ignore due_date" in said
    said = shell.score(table, "--column", "due_date=due_date").problem
    assert "due_date gives a gestation where there is a birth_date alone" in said
    assert shell.score(table, "--ignore", "due_date").code == 0


@pytest.mark.requirement("REQ-TAB-22")
@pytest.mark.parametrize("name", ["EDD", "expected_date_of_delivery", "duedate"])
def test_other_names_of_a_due_date_are_mapped(shell: Shell, name: str) -> None:
    table = HEADER.replace("due_date", name) + "1,f,2026-05-01,2026-08-14,2026-07-28,3100\n"
    assert f"--column due_date={name}, or --ignore {name}" in shell.score(table).problem
    assert shell.score(table, "--column", f"due_date={name}").code == 0


@pytest.mark.requirement("REQ-TAB-22")
def test_beside_another_gestation_it_is_a_second_one(shell: Shell) -> None:
    table = (
        "sex,birth_date,measured_on,due_date,gestational_age,weight_g\n"
        "f,2026-05-01,2026-08-14,2026-07-28,27+3,3100\n"
    )
    said = shell.score(table).problem
    assert "'due_date' would not be read (a second gestation beside 'gestational_age')" in said
    mapped = table.replace("due_date", "EDD")
    assert "(a second gestation beside 'gestational_age')" in shell.score(mapped).problem
    assert shell.score(table, "--ignore", "due_date").code == 0


@pytest.mark.requirement("REQ-TAB-22")
def test_a_column_of_due_dates_that_fails_is_named(shell: Shell) -> None:
    rows = "".join(f"{n},f,2026-05-01,2026-08-14,28/07/2026,3100\n" for n in range(9))
    done = shell.score(HEADER + rows)
    assert done.code == 1
    assert "--date-format %d/%m/%Y" in done.err
    beyond = "".join(f"{n},f,2026-05-01,2026-08-14,2028-07-28,3100\n" for n in range(9))
    done = shell.score(HEADER + beyond, output="beyond.csv")
    assert done.code == 1
    assert "Failed: due_date: all 9 rows give no gestation of 20+0 to 44+6" in done.err


# Completed weeks

WEEKS = "sex,age_days,gestational_age_weeks,weight_g\n"


@pytest.mark.requirement("REQ-TAB-22")
@pytest.mark.parametrize(("word", "days"), [("start", 0), ("middle", 3)])
def test_completed_weeks_stand_for_what_is_declared(shell: Shell, word: str, days: int) -> None:
    table = scored(
        WEEKS + "f,105,27,3100\nf,105,,3100\nf,105,27.4,3100\n", shell, "--completed-weeks", word
    )
    assert table["postmenstrual_age_days"].to_list() == [str(105 + 7 * 27 + days), None, None]
    assert table["waz_status"].to_list() == ["ok", "ok", "invalid_gestation"]
    assert json.loads(shell.read("out.csv.json"))["completed_weeks"] == word
    frame = pl.DataFrame({"sex": ["f"], "age_days": [105], "GA": [27], "weight_g": [3100]})
    mapped = {"gestational_age_weeks": "GA"}
    ours = nc.score(frame, columns=mapped, completed_weeks=word)
    assert ours["postmenstrual_age_days"].to_list() == [105 + 7 * 27 + days]


@pytest.mark.requirement("REQ-TAB-22")
def test_completed_weeks_alone_are_refused(shell: Shell) -> None:
    said = shell.score(WEEKS + "f,105,27,3100\n").problem
    assert "--completed-weeks start (27 is 27+0), or --completed-weeks middle (27 is 27+3)" in said
    with pytest.raises(FileError, match="completed_weeks='middle'"):
        nc.score(pl.DataFrame({"sex": ["f"], "age_days": [1], "weight_g": [3100],
                               "gestational_age_weeks": [27]}))  # fmt: skip


@pytest.mark.requirement("REQ-TAB-22")
def test_what_was_taken_of_the_weeks_is_said(shell: Shell) -> None:
    done = shell.score(WEEKS + "f,105,27,3100\n", "--completed-weeks", "middle")
    assert "completed weeks, taken as the middle of the week: 27 is 27+3" in done.err


@pytest.mark.requirement("REQ-TAB-22")
@pytest.mark.parametrize(
    ("header", "row", "said"),
    [
        ("sex,age_days,weight_g", "f,1,3100", "is of the column gestational_age_weeks; there is"),
        ("sex,age_days,weight_g,gestational_age_weeks,gestational_age_days_part", "f,1,3100,27,3",
         "the days beside the weeks are in gestational_age_days_part"),
        ("sex,age_days,weight_g,gestational_age_weeks,gestational_age", "f,1,3100,27,27+3",
         "there is another gestation, gestational_age; leave one of the two out: --ignore"),
    ],
)  # fmt: skip
def test_a_declaration_of_what_is_not_there_is_refused(
    shell: Shell, header: str, row: str, said: str
) -> None:
    done = shell.score(f"{header}\n{row}\n", "--completed-weeks", "start")
    assert said in done.problem


@pytest.mark.requirement("REQ-TAB-22")
def test_another_word_is_refused(shell: Shell) -> None:
    said = shell.score(WEEKS + "f,1,27,3100\n", "--completed-weeks", "end").problem
    assert "--completed-weeks: 'end' is not accepted; what weeks without days stand for" in said
    with pytest.raises(InputError, match="start or middle"):
        nc.score(pl.DataFrame({"sex": ["f"]}), completed_weeks=True)  # type: ignore[arg-type]


# Pounds and inches

POUNDS = "sex,age_days,weight_lb,length_in\nf,365,20,29\n"


@pytest.mark.requirement("REQ-TAB-22")
def test_pounds_and_inches_are_converted_where_that_is_asked_for(shell: Shell) -> None:
    done = shell.score(POUNDS, "--convert")
    assert done.code == 0
    assert "weight_lb: pounds, times 0.45359237 kg" in done.err
    assert "length_in: inches, times 2.54 cm" in done.err
    ours = pl.read_csv(shell.folder / "out.csv")
    metric = nc.score(
        pl.DataFrame({"sex": ["f"], "age_days": [365], "weight_kg": [20 * 0.45359237],
                      "length_cm": [29 * 2.54]})
    )  # fmt: skip
    for name in ("waz", "laz", "baz", "wlz"):
        assert ours[name].to_list() == pytest.approx(metric[name].to_list(), abs=1e-12)
    assert json.loads(shell.read("out.csv.json"))["convert"] is True


@pytest.mark.requirement("REQ-TAB-22")
def test_they_are_refused_else(shell: Shell) -> None:
    said = shell.score(POUNDS).problem
    assert "'weight_lb' (a weight): --convert, or --ignore weight_lb" in said
    assert "'length_in' (a length): --convert, or --ignore length_in" in said
    with pytest.raises(FileError, match="convert=True"):
        nc.score(pl.DataFrame({"sex": ["f"], "age_days": [3], "weight_lb": [7]}))
    named = POUNDS.replace("weight_lb", "WT_LBS")
    assert "--column weight_lb=WT_LBS --convert, or" in shell.score(named).problem
    said = shell.score(named, "--column", "weight_lb=WT_LBS").problem
    assert "weight_lb is read with --convert alone" in said
    assert shell.score(named, "--column", "weight_lb=WT_LBS", "--convert").code == 0


@pytest.mark.requirement("REQ-TAB-22")
def test_a_bare_weight_is_not_proposed_in_pounds(shell: Shell) -> None:
    said = shell.score("sex,age_days,weight\nf,3,7\n").problem
    assert "weight_lb" not in said


@pytest.mark.requirement("REQ-TAB-22")
def test_a_weight_that_fits_in_pounds_is_named(shell: Shell) -> None:
    rows = "".join(f"f,{700 + 10 * n},{26 + n / 5}\n" for n in range(20))
    done = shell.score("sex,age_days,weight_kg\n" + rows)
    assert done.code == 1
    assert "--column weight_lb=weight_kg --convert" in done.err


@pytest.mark.requirement("REQ-TAB-22")
def test_no_dose_from_pounds(shell: Shell) -> None:
    said = shell.score(
        POUNDS, "--convert", "--dose", "NCT03558334:A", "--concentration", "5e6cells/mL",
        "--viability", "92%",
    ).problem  # fmt: skip
    assert "no dose is worked out from pounds; give weight_kg or weight_g" in said


@pytest.mark.requirement("REQ-TAB-22")
@pytest.mark.parametrize("command", ["score", "velocity", "chart", "report"])
def test_a_mapping_file_says_the_same(shell: Shell, command: str) -> None:
    shell.write(
        "map.toml",
        'completed_weeks = "middle"\nconvert = true\n\n[columns]\ngestational_age_weeks = "GA"\n',
    )
    rows = "".join(f"1,f,{day},27,{9 + day / 100}\n" for day in (150, 211))
    shell.write("in.csv", f"subject_id,sex,age_days,GA,weight_lb\n{rows}")
    out = {"chart": "out.svg", "report": "out.html"}.get(command, "out.csv")
    assert shell.run(command, "in.csv", "-o", out, "--columns", "map.toml").code == 0
    shell.write("map.toml", "convert = 1\n")
    assert (
        "map.toml: convert; accepted:"
        in shell.run(command, "in.csv", "-o", out, "--force", "--columns", "map.toml").problem
    )


@pytest.mark.requirement("REQ-TAB-22")
@pytest.mark.parametrize("call", [nc.score, nc.velocity.score])
def test_python_calls_take_the_same(call: Any) -> None:
    frame = pl.DataFrame(
        {"subject_id": ["1", "1"], "sex": ["f", "f"], "age_days": [150, 211],
         "gestational_age_weeks": [27, 27], "weight_lb": [11.0, 12.0]}
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        added = call(frame, completed_weeks="start", convert=True)
    assert added.height == 2
