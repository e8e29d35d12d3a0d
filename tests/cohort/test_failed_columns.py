"""A column that fails as a whole is one cause: it is named with the option that mends it."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import neocalc as nc
from neocalc.cohort.failures import failures
from neocalc.cohort.findings import TRAITS, Found
from neocalc.cohort.mapping import Mapped
from neocalc.cohort.notes import Notes
from neocalc.cohort.table import Rows, plan
from shell import Shell, scored_rows

DOB = "sex,birth_date,measured_on,weight_kg\n"
DAYS = "sex,age_days,weight_kg\n"
GA = "sex,age_days,{},weight_g\n"


def rows(*cells: str) -> str:
    """Rows of a CSV, six of each."""
    return "".join(f"{row}\n" for row in cells for _ in range(6))


def one_by_one(*cells: str) -> str:
    """Rows of a CSV, one of each."""
    return "".join(f"{row}\n" for row in cells)


FAILED: dict[str, tuple[str, str, str]] = {
    "sex in codes": (
        DAYS + rows("1,30,4.1", "2.0,60,5.2"),
        "sex: all 12 rows are neither male nor female (1, 2); if they are codes, as the code book"
        " says: --sex-codes male=1,female=2 or --sex-codes male=2,female=1",
        "invalid_sex",
    ),
    "sex in many words": (
        DAYS + one_by_one(*(f"Li Wei {i},30,4" for i in range(9))),
        "sex: all 9 rows are neither male nor female; if they are codes, as the code book says:"
        " --sex-codes male=CODE,female=CODE",
        "invalid_sex",
    ),
    "days before months": (
        DOB + one_by_one("m,25/12/2023,15/01/2024,4", "f,01/02/2023,20/03/2023,5"),
        "birth_date: all 2 rows look like 25/12/2023, day/month/year: --date-format %d/%m/%Y",
        "invalid_age",
    ),
    "months before days": (
        DOB + one_by_one("m,12.25.2023,01.30.2024,4", "f,01.02.2023,02.20.2023,5"),
        "birth_date: all 2 rows look like 12.25.2023, month.day.year: --date-format %m.%d.%Y",
        "invalid_age",
    ),
    "an order that no row decides": (
        DOB + rows("m,01/05/2024,02/06/2024,4"),
        "birth_date: all 6 rows can be read as 25/12/2023, day/month/year or as 12/25/2023,"
        " month/day/year; say which: --date-format %d/%m/%Y or --date-format %m/%d/%Y",
        "invalid_age",
    ),
    "years of two figures": (
        DOB + one_by_one("m,31-Dec-23,15-Jan-24,4", "f,01-Feb-23,20-Mar-23,5"),
        "measured_on: all 2 rows can be read as 25-Dec-23, day-month-year or as 23-Dec-25",
        "invalid_age",
    ),
    "days of a spreadsheet": (
        DOB + rows("m,45291,45320,4"),
        "birth_date: all 6 rows are the number of a day, as a spreadsheet stores it; format the",
        "invalid_age",
    ),
    "words for dates": (
        DOB + rows("m,soon,later,4"),
        "birth_date: all 6 rows are not dates; accepted: YYYY-MM-DD, or another form that is",
        "invalid_age",
    ),
    "dates interchanged": (
        DOB + rows("m,2024-05-01,2024-01-01,4"),
        "age: all 6 rows are before the date of birth; are the two dates interchanged? --column"
        " birth_date=measured_on --column measured_on=birth_date",
        "invalid_age",
    ),
    "an age below 0": (
        DAYS + rows("m,-5,4"),
        "age: all 6 rows have an age below 0",
        "invalid_age",
    ),
    "days that differ from the dates": (
        "sex,birth_date,measured_on,age_days,weight_kg\n" + rows("m,2024-01-01,2024-02-01,32,4"),
        "age: all 6 rows have an age that differs from that of their dates; to go by the dates:"
        " --ignore age_days",
        "invalid_age",
    ),
    "ages with decimals": (
        DAYS + rows("m,2.5,5.1", "m,11.25,9"),
        "age_days: all 12 rows are not whole days; if they are months: --column"
        " age_months=age_days, if years: --column age_years=age_days",
        "invalid_age",
    ),
    "dates for days": (
        DAYS + rows("m,2024-05-01,4"),
        "age_days: all 6 rows are dates; birth_date and measured_on take them",
        "invalid_age",
    ),
    "words for days": (DAYS + rows("m,old,4"), "age_days: all 6 rows are no age:", "invalid_age"),
    "decimal commas in ages": (
        "sex,age_months,weight_kg\n" + rows('m,"2,5","5,6"'),
        "age_months: all 6 rows have a decimal comma: --decimal ,",
        "invalid_age",
    ),
    "decimal commas": (
        DAYS + rows('m,30,"4,1"'),
        "weight_kg: all 6 rows have a decimal comma: --decimal ,",
        "invalid_value",
    ),
    "units in cells": (
        DAYS + rows("m,30,4.1 kg", "f,30,4 KG"),
        "weight_kg: all 12 rows have a unit beside the figure; the unit stands in the name",
        "invalid_value",
    ),
    "words for weights": (
        DAYS + rows("m,30,heavy"),
        "weight_kg: all 6 rows are not numbers; is it the right column",
        "invalid_value",
    ),
    "27.3": (
        GA.format("gestational_age") + rows("m,30,27.3,1500", "m,30,31.6,1500"),
        "gestational_age: all 12 rows are 27+3 written as 27.3, or decimal weeks; if these:"
        " --column gestational_age_weeks_decimal=gestational_age",
        "invalid_gestation",
    ),
    "whole weeks": (
        GA.format("gestational_age") + rows("m,30,27,1500", "m,30,31,1500"),
        "gestational_age: all 12 rows are whole weeks; with the column of the days beside them:"
        " --column gestational_age_weeks=gestational_age --column gestational_age_days_part=NAME",
        "invalid_gestation",
    ),
    "days for weeks and days": (
        GA.format("gestational_age") + rows("m,30,192,1500"),
        "gestational_age: all 6 rows are days: --column gestational_age_days=gestational_age",
        "invalid_gestation",
    ),
    "weeks and days for days": (
        GA.format("gestational_age_days") + rows("m,30,27+3,1500"),
        "are weeks and days: --column gestational_age=gestational_age_days",
        "invalid_gestation",
    ),
    "the days beside weeks for days": (
        GA.format("gestational_age_days") + rows("m,30,6,1500", "m,30,0,1500"),
        "are 0 to 6, the days beside weeks: --column gestational_age_days_part=gestational_age_days"
        " --column gestational_age_weeks=NAME",
        "invalid_gestation",
    ),
    "days for decimal weeks": (
        GA.format("gestational_age_weeks_decimal") + rows("m,30,192,1500"),
        "are days: --column gestational_age_days=gestational_age_weeks_decimal",
        "invalid_gestation",
    ),
    "decimal weeks for weeks": (
        GA.format("gestational_age_weeks,gestational_age_days_part") + rows("m,30,27.4,3,1500"),
        "gestational_age_weeks: all 6 rows are 27+3 written as 27.3, or decimal weeks; if these:",
        "invalid_gestation",
    ),
    "weeks without days": (
        GA.format("gestational_age_weeks,gestational_age_days_part") + rows("m,30,27,,1500"),
        "gestational_age_weeks: all 6 rows have weeks without days or days without weeks",
        "invalid_gestation",
    ),
    "words for a gestation": (
        GA.format("gestational_age") + rows("m,30,preterm,1500"),
        "gestational_age: all 6 rows are no gestation; accepted: 27+3, or days or weeks",
        "invalid_gestation",
    ),
    "positions in codes": (
        "sex,age_days,length_cm,length_position\n" + rows("m,30,54,1", "m,900,90,2"),
        "length_position: all 12 rows are no position (1, 2); if they are codes, as the code book"
        " says: --position-codes recumbent=1,standing=2 or --position-codes recumbent=2,standing=1",
        "invalid_value",
    ),
    "oedema in codes": (
        "sex,age_days,weight_kg,oedema\n" + rows("m,30,4.1,0"),
        "oedema: all 6 rows are neither yes nor no (0); if they are codes, as the code book says:"
        " --oedema-codes yes=CODE,no=CODE",
        "invalid_value",
    ),
    "grams for kilograms": (
        DAYS + rows("m,365,9600", "f,400,9000"),
        "weight_kg: nearly every z is implausible (12 rows); they fit when it is in grams: --column"
        " weight_g=weight_kg",
        "implausible",
    ),
    "grams for kilograms, by dates": (
        DOB + rows("m,2024-01-01,2024-12-31,9600"),
        "weight_kg: nearly every z is implausible (6 rows); they fit when it is in grams",
        "implausible",
    ),
    "pounds": (
        DAYS + rows("m,365,21.2", "f,400,20.5"),
        "weight_kg: nearly every z is implausible (12 rows); they fit when it is in pounds:"
        " --column weight_lb=weight_kg --convert",
        "implausible",
    ),
    "millimetres for centimetres": (
        "sex,age_days,arm_circumference_cm\n" + rows("m,365,150", "f,400,145"),
        "they fit when it is in millimetres: --column arm_circumference_mm=arm_circumference_cm",
        "implausible",
    ),
    "centimetres for millimetres": (
        "sex,age_days,head_circumference_mm\n" + rows("m,365,46.1", "f,400,45.5"),
        "they fit when it is in centimetres: --column head_circumference_cm=head_circumference_mm",
        "implausible",
    ),
    "inches": (
        "sex,age_days,length_cm\n" + rows("m,365,29.8", "f,400,29.5"),
        "they fit when it is in inches: --column length_in=length_cm --convert",
        "implausible",
    ),
    "months for days": (
        "sex,age_days,weight_kg,length_cm\n" + rows("m,12,9.6,76", "f,24,11.5,86", "f,6,7.3,65.7"),
        "length_cm: nearly every z is implausible (18 rows); they fit when 'age_days' is in months:"
        " --column age_months=age_days",
        "implausible",
    ),
    "weeks for days": (
        "sex,age_days,length_cm\n" + rows("m,50,75.4", "f,30,67.5", "m,24,67"),
        "they fit when 'age_days' is in weeks: convert it",
        "implausible",
    ),
    "what no unit explains": (
        DAYS + rows("m,365,0.11", "f,365,45"),
        "weight_kg: nearly every z is implausible (12 rows); they are beyond the limits; are the",
        "implausible",
    ),
}  # fmt: skip


@pytest.mark.requirement("REQ-TAB-16", "REQ-TAB-17")
@pytest.mark.parametrize("name", FAILED)
def test_one_line_names_the_column_the_reason_and_what_mends_it(shell: Shell, name: str) -> None:
    """Whole columns were `invalid_age` or `implausible`, and the command ended with 0."""
    content, message, status = FAILED[name]
    done = shell.score(content)
    assert done.code == 1
    failed = [line for line in done.lines if line.startswith("Failed: ")]
    assert any(message in line for line in failed), failed
    record = json.loads(shell.read("out.csv.json"))
    assert status in record["failed_columns"].values()
    accepted = shell.score(content, "--accept-failed-columns", "--force")
    assert accepted.code == 0
    assert [line for line in accepted.lines if line.startswith("Failed: ")] == failed


MENDED = [name for name, (_, message, _) in FAILED.items() if "--" in message and "NAME" not in
          message and "CODE" not in message]  # fmt: skip


@pytest.mark.requirement("REQ-TAB-16")
@pytest.mark.parametrize("name", MENDED)
def test_what_is_to_be_typed_mends_it(shell: Shell, name: str) -> None:
    """Every option that is named is tried: one of them at least reads the column."""
    content, _, _ = FAILED[name]
    said = [line for line in shell.score(content).lines if line.startswith("Failed: ")]
    option = r"--(?:column|ignore|date-format|decimal|sex-codes|oedema-codes|position-codes) "
    option += r"(?:'[^']*'|[^\s;]+)"
    ways = [re.findall(rf"{option}(?: {option})*", line) for line in said]
    assert all(ways)
    codes = set()
    first = [shlex.split(re.sub(r"(?<=\w),$", "", way[0])) for way in ways]
    typed = [part for options in first for part in options]
    pairs = dict.fromkeys(zip(typed[::2], typed[1::2], strict=True))
    more = ["--convert"] if any(" --convert" in line for line in said) else []
    done = shell.score(content, *(part for pair in pairs for part in pair), "--force", *more)
    codes.add(done.code)
    assert codes == {0}, (done.err, pairs)


def frame_of(content: str) -> pd.DataFrame:
    """A CSV as pandas reads it."""
    import io

    return pd.read_csv(io.StringIO(content))


@pytest.mark.requirement("REQ-TAB-16")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sex in codes", r"sex_codes=\{'male': '1', 'female': '2'\}"),
        ("days before months", "date_format='%d/%m/%Y'"),
        ("decimal commas", "decimal=','"),
        ("grams for kilograms", r"columns=\{'weight_g': 'weight_kg'\}"),
        ("oedema in codes", "oedema_codes="),
        ("days of a spreadsheet", "the number of a day"),
        ("months for days", r"columns=\{'age_months': 'age_days'\}"),
    ],
)
@pytest.mark.parametrize("make", [lambda frame: frame, pl.from_pandas])
def test_in_python_it_is_a_warning_that_can_be_made_an_error(
    name: str, message: str, make: Any
) -> None:
    with pytest.warns(nc.ColumnWarning, match=message):
        nc.score(make(frame_of(FAILED[name][0])))


def test_a_lazy_table_in_parts_says_nothing_of_a_part() -> None:
    frame = pl.from_pandas(frame_of(FAILED["sex in codes"][0]))
    assert nc.score(frame.lazy()).collect()["waz_status"].n_unique() == 1


@pytest.mark.requirement("REQ-TAB-16")
def test_velocity_charts_and_reports_say_it_too(shell: Shell) -> None:
    content = "subject_id,sex,age_days,weight_kg\n" + one_by_one(
        "1,1,100,6.4", "1,1,160,7.6", "2,2,100,6", "2,2,160,7"
    )
    shell.write("in.csv", content)
    done = shell.run("velocity", "in.csv", "-o", "v.csv")
    assert done.code == 1
    assert "--sex-codes male=1,female=2" in done.err
    assert shell.run("velocity", "in.csv", "-o", "w.csv", "--accept-failed-columns").code == 0
    heavy = content.replace(",1,100", ",f,100").replace(",1,160", ",f,160").replace(
        "2,2", "2,m").replace("6.4", "6400").replace("7.6", "7600").replace(
        ",6\n", ",6000\n").replace(",7\n", ",7000\n")  # fmt: skip
    shell.write("in.csv", heavy)
    for arguments in (
        ("velocity", "in.csv", "-o", "x.csv"),
        ("chart", "in.csv", "--subject", "1", "-o", "c.svg"),
        ("chart", "in.csv", "-o", "d.svg"),
        ("report", "in.csv", "-o", "r.html"),
    ):
        done = shell.run(*arguments)
        assert done.code == 1, (arguments, done.err)
        assert "--column weight_g=weight_kg" in done.err


def test_json_names_the_columns_that_failed(shell: Shell) -> None:
    shell.write("in.csv", "subject_id," + DAYS + one_by_one("1,1,30,4.1", "2,2,30,4.2"))
    for arguments in (("score",), ("velocity",)):
        done = shell.run(*arguments, "in.csv", "-o", f"{arguments[0]}.csv", "--json")
        assert json.loads(done.out)["failed_columns"] == {"sex": "invalid_sex"}


@pytest.mark.requirement("REQ-TAB-16")
@pytest.mark.parametrize(
    ("good", "bad", "failed"),
    [
        (0, 1, False),  # of a single row nobody can say
        (0, 2, True),
        (1, 5, False),
        (1, 18, False),
        (1, 19, True),
        (5, 95, True),
        (6, 94, False),
        (1, 2, False),
    ],
)
def test_how_many_rows_are_a_column(shell: Shell, good: int, bad: int, failed: bool) -> None:
    done = shell.score(DAYS + "m,30,4\n" * good + "1,30,4\n" * bad + ",30,4\n" * 50)
    assert done.code == int(failed)
    assert ("Failed: sex" in done.err) == failed
    record = json.loads(shell.read("out.csv.json"))
    assert record["failed_columns"] == ({"sex": "invalid_sex"} if failed else {})
    if not failed:  # what is in some rows is said beside the statuses
        assert f"sex: {bad} of {good + bad} rows are neither male nor female (1)" in done.err


def test_counts_go_over_all_parts_of_a_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    from neocalc.files import sources as files

    monkeypatch.setattr(files, "MOST_ROWS", 3)
    done = shell.score(DAYS + "1,30,4\n" * 30 + "m,30,4\n")
    assert "Failed: sex: 30 of 31 rows are neither male nor female (1)" in done.err
    done = shell.score(DAYS + "m,30,4\n" * 30 + "1,30,4\n" * 5, "--force")
    assert done.code == 0
    done = shell.score(DOB + "m,05/06/2023,05/07/2023,4\n" * 8 + "m,25/12/2023,26/12/2023,4\n",
                       "--force")  # fmt: skip
    assert "birth_date: all 9 rows look like 25/12/2023, day/month/year" in done.err


def test_one_row_is_told_what_is_wrong_and_is_no_column_that_failed(shell: Shell) -> None:
    done = shell.score(DOB + "m,25/12/2023,2024-01-20,4\n")
    assert done.code == 0
    assert "birth_date: 1 of 1 rows look like 25/12/2023, day/month/year" in done.err


@pytest.mark.requirement("REQ-TAB-16")
def test_a_few_implausible_rows_of_sick_children_are_no_unit(shell: Shell) -> None:
    done = shell.score(DAYS + one_by_one("m,365,4.0", "f,365,3.9", "m,365,4.1"))
    assert (done.code, "Failed" in done.err) == (0, False)
    assert [row[-1] for row in scored_rows(shell.read("out.csv"))] == ["implausible"] * 3


@pytest.mark.requirement("REQ-TAB-16")
def test_no_words_are_shown_that_tell_who_a_child_is(shell: Shell) -> None:
    """Dates, ids and long words stand nowhere in what is said."""
    content = DOB.replace("sex", "sex,name") + one_by_one(
        "1,Li Wei,25/12/2023,15/01/2024,4", "1,Ana Diaz,13/02/2023,20/03/2023,5"
    )
    done = shell.score(content)
    assert "25/12/2023" in done.err  # the example of a form is no date of the file's but Christmas
    for private in ("13/02/2023", "15/01/2024", "20/03/2023", "Li Wei", "Ana Diaz"):
        assert private not in done.err
    long = shell.score(DAYS + rows("sexe masculin,30,4"), "--force")
    assert "masculin" not in long.err


@pytest.mark.requirement("REQ-SEX-03")
def test_undeclared_codes_and_true_and_false(shell: Shell) -> None:
    """The same booleans that were read in a frame made a weight `invalid_value` in a CSV."""
    header = "sex,age_days,weight_kg,length_cm,oedema\n"
    words = ["True", "False", "FALSE", " N ", "y", "0", "1"]
    done = shell.score(header + one_by_one(*(f"m,365,9.5,75,{word}" for word in words)))
    assert done.code == 0
    assert "oedema: 2 of 7 rows are neither yes nor no (0, 1); if they are codes" in done.err
    found = [row[10] for row in scored_rows(shell.read("out.csv"))]
    assert found == ["oedema", "ok", "ok", "ok", "oedema", "invalid_value", "invalid_value"]
    done = shell.score(
        header + one_by_one("m,365,9.5,75,1", "m,365,9.5,75,0.0", "m,365,9.5,75,x"),
        "--oedema-codes", "yes=1,no=0", "--force",
    )  # fmt: skip
    assert "oedema: 1 of 3 rows have none of the declared codes 1, 0 (x)" in done.err
    assert [row[10] for row in scored_rows(shell.read("out.csv"))] == [
        "oedema", "ok", "invalid_value"
    ]  # fmt: skip


def test_whole_weeks_in_a_column_of_decimal_weeks_are_said(shell: Shell) -> None:
    header = GA.format("gestational_age_weeks_decimal")
    done = shell.score(header + rows("m,30,27,1500", "f,30,31,1500"))
    assert done.code == 0
    assert (
        "every gestation is a whole number of weeks; completed weeks are up to 6 days" in done.err
    )
    assert "whole number of weeks" not in shell.score(
        header + rows("m,30,27,1500", "f,30,31.3,1500"), "--force"
    ).err  # fmt: skip
    frame = pd.DataFrame(
        {"sex": ["m"] * 6, "age_days": 30, "gestational_age_weeks_decimal": 27.0, "weight_g": 1500}
    )
    with pytest.warns(nc.ColumnWarning, match="completed weeks are up to 6 days too short"):
        nc.score(frame)


def test_months_and_times_of_day_are_said(shell: Shell) -> None:
    done = shell.score("sex,age_months,weight_kg\nm,24,12.1\n")
    assert "age_months: times 30.4375 days, taken to the nearest day, half up" in done.err
    done = shell.score("sex,age_years,weight_kg\nm,2,12.1\n", "--force")
    assert "age_years: times 365.25 days, taken to the nearest day, half up" in done.err
    done = shell.score(DOB + "m,2024-01-15 00:00:00,2024-02-15T10:30,4\n", "--force")
    assert "birth_date: the time of day was left out of 1 date" in done.err
    assert "measured_on: the time of day was left out of 1 date" in done.err
    table = pl.DataFrame(
        {"sex": ["m"] * 2, "birth_date": ["2024-01-15", "2024-01-16"],
         "measured_on": ["2024-02-15 10:30", "2024-02-15 00:00"], "weight_kg": [4.0, 4.0]}
    ).with_columns(pl.col("measured_on").str.to_datetime("%Y-%m-%d %H:%M"))  # fmt: skip
    table.write_parquet(shell.folder / "in.parquet")
    done = shell.run("score", "in.parquet", "-o", "out.parquet")
    assert "measured_on: the time of day was left out of 1 date" in done.err
    assert "birth_date:" not in done.err


def test_a_sample_is_enough_to_know_a_unit_and_the_counts_are_of_all() -> None:
    table = pl.DataFrame(
        {"sex": ["m"] * 5_000, "age_days": [365] * 5_000, "weight_kg": [9_600.0] * 5_000}
    )
    scoring = plan(table.columns)
    notes = Notes()
    notes.add(Rows(table, scoring))
    assert notes.sample is not None
    assert len(notes.sample.age) == 2_000
    (failure,) = notes.failures(scoring.mapped, {"waz": {"implausible": 5_000}})
    assert "(5,000 rows)" in failure.text
    assert notes.failures(scoring.mapped, {"waz": {"implausible": 4_000, "ok": 1_000}}) == []
    assert notes.failures(scoring.mapped, {"waz": {"implausible": 1, "ok": 0}}) == []


def test_what_words_have_in_common() -> None:
    examples = {
        "comma": "3,1", "unit": "3.1 kg", "decimal": "27.3", "date": "25/12/2023",
        "weeks and days": "27+3", "days of a gestation": "192", "weeks of a gestation": "27",
        "decimal weeks": "27.3", "days beside weeks": "6",
    }  # fmt: skip
    assert examples.keys() == TRAITS.keys()
    for trait, word in examples.items():
        assert TRAITS[trait](word)
        assert not TRAITS[trait]("x")
    found = Found(distinct=20)
    found.traits["comma"] = 18
    assert not found.has("comma")
    found.traits["comma"] = 19
    assert found.has("comma")
    assert not Found().has("comma")


def test_nothing_was_found_of_nothing() -> None:
    assert failures({}, None, Mapped({}), command=True) == []
    notes = Notes()
    table = pl.DataFrame({"sex": [], "age_days": [], "weight_kg": []}, schema_overrides={
        "sex": pl.String, "age_days": pl.Int64, "weight_kg": pl.Float64})  # fmt: skip
    notes.add(Rows(table, plan(table.columns)))
    assert notes.sample is None
    assert notes.failures(plan(table.columns).mapped) == []
    assert np.isnan(nc.score(table.to_pandas())["waz"]).all()
