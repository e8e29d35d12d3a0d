"""Units in the names of columns: weeks and days, months and years, millimetres; decimal commas."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd
import polars as pl
import pytest

import neocalc as nc
from shell import Shell, scored_rows


def scored(frame: Any, **options: Any) -> Any:
    return nc.score(pl.DataFrame(frame), **options)


@pytest.mark.requirement("REQ-TAB-05")
def test_weeks_and_days_in_two_columns() -> None:
    """The days were dropped: 0.006 and -1.029 instead of -0.484 and -1.316."""
    frame: Any = {
        "record_id": [1, 2, 3], "sex": ["m", "f", "m"], "ga_weeks": [27, 24, 31],
        "ga_days": [6, 6, 5], "age_days": [21, 30, 200], "weight_g": [1390, 800, 7000],
    }  # fmt: skip
    columns = {"gestational_age_weeks": "ga_weeks", "gestational_age_days_part": "ga_days"}
    z = scored(frame, columns=columns)["waz"].round(3).to_list()
    assert z[:2] == [-0.484, -1.316]
    texts = [f"{w}+{d}" for w, d in zip(frame["ga_weeks"], frame["ga_days"], strict=True)]
    same = scored({**{n: frame[n] for n in ("sex", "age_days", "weight_g")},
                   "gestational_age": texts})  # fmt: skip
    assert same["waz"].equals(scored(frame, columns=columns)["waz"])


WEEKS, PART = "gestational_age_weeks", "gestational_age_days_part"


@pytest.mark.requirement("REQ-TAB-05")
@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("ga_weeks", "ga_days"), ("--column", f"{WEEKS}=ga_weeks", "--column", f"{PART}=ga_days")),
        ((WEEKS, "gestational_age_days"), ("--column", f"{PART}=gestational_age_days")),
        ((WEEKS, PART), ()),
    ],
)
def test_weeks_and_days_by_the_hint_of_the_message(
    shell: Shell, names: tuple[str, str], options: tuple[str, ...]
) -> None:
    """Without the days the z of this infant was 6.652, not a word."""
    table = "sex,birth_date,measured_on,{},{},weight_g\nm,2026-01-01,2026-01-08,25,6,1820\n"
    content = table.format(*names)
    if options:
        assert " ".join(options) in shell.score(content).problem
    assert shell.score(content, *options).code == 0
    (row,) = scored_rows(shell.read("out.csv"))
    assert round(float(row[9]), 3) == 5.269
    assert row[7:9] == ["188", "-92"]


@pytest.mark.requirement("REQ-TAB-05")
@pytest.mark.parametrize(
    ("weeks", "days", "status", "gestation"),
    [
        (27, 3, "ok", 192), ("27", " 3 ", "ok", 192), (27.0, 3.0, "ok", 192), (20, 0, "ok", 140),
        (44, 6, "ok", 314), (None, None, "ok", None), ("", "", "ok", None), (None, 0, "ok", None),
        (27, None, "invalid_gestation", None), (None, 3, "invalid_gestation", None),
        (27, 7, "invalid_gestation", None), (27, -1, "invalid_gestation", None),
        (27.4, 3, "invalid_gestation", None), (27, 3.5, "invalid_gestation", None),
        (19, 6, "invalid_gestation", None), (45, 0, "invalid_gestation", None),
        ("27+3", 3, "invalid_gestation", None), (27, "x", "invalid_gestation", None),
        (192, 0, "invalid_gestation", None),
    ],
)  # fmt: skip
def test_each_row_of_weeks_and_days(weeks: Any, days: Any, status: str, gestation: Any) -> None:
    frame = pl.DataFrame(
        {"sex": ["f"], "age_days": [400], "weight_g": [9000],
         "gestational_age_weeks": [weeks], "gestational_age_days_part": [days]}, strict=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nc.ColumnWarning)  # of a gestation that no row has
        found = nc.score(frame)
    assert found["waz_status"].to_list() == [status]
    after = None if gestation is None else 400 + gestation
    assert found["postmenstrual_age_days"].to_list() == [after]


@pytest.mark.requirement("REQ-TAB-15")
@pytest.mark.parametrize(
    ("months", "days"),
    [(0, 0), (24, 731), (23.99, 730), (9, 274), (8, 244), (59.99, 1826), (2.5, 76), ("12", 365),
     (" 6.0 ", 183), (0.01, 0)],
)  # fmt: skip
def test_months_are_read_as_the_who_rounds_them(months: Any, days: int) -> None:
    """By round() 24 months are day 730, the table of lying children: 0.23 of a z off."""
    found = scored({"sex": ["f"], "age_months": [months], "length_cm": [86.4]})
    assert found["chronological_age_days"].to_list() == [days]
    own = nc.Age.from_months(float(months))
    assert int(own.days[0]) == days


@pytest.mark.requirement("REQ-TAB-15")
@pytest.mark.parametrize(
    ("years", "days"), [(0, 0), (2, 731), (1, 365), (4.99, 1823), (0.5, 183), ("1.5", 548)]
)
def test_years_are_twelve_months(years: Any, days: int) -> None:
    found = scored({"sex": ["f"], "age_years": [years], "length_cm": [86.4]})
    assert found["chronological_age_days"].to_list() == [days]


@pytest.mark.parametrize("column", ["age_months", "age_years"])
def test_twenty_years_are_beyond_the_tables(column: str) -> None:
    age = {"age_months": 240, "age_years": 20}[column]
    found = scored({"sex": ["f"], column: [age], "length_cm": [165.0]})
    assert found["laz_status"].to_list() == ["age_above_reference"]


@pytest.mark.parametrize(
    ("column", "cell", "status"),
    [
        ("age_months", -0.01, "invalid_age"), ("age_years", -1, "invalid_age"),
        ("age_months", "x", "invalid_age"), ("age_months", "1e9", "invalid_age"),
        ("age_months", "inf", "invalid_age"), ("age_months", "", "missing_age"),
        ("age_months", None, "missing_age"), ("age_years", "nan", "missing_age"),
        ("age_years", True, "invalid_age"),
    ],
)  # fmt: skip
def test_ages_that_cannot_be_used(column: str, cell: Any, status: str) -> None:
    found = scored({"sex": ["f"], column: [cell], "length_cm": [60.0]})
    assert found["laz_status"].to_list() == [status]


@pytest.mark.requirement("REQ-TAB-15")
@pytest.mark.parametrize("measure", ["head_circumference", "arm_circumference"])
def test_millimetres_are_the_same_bits_as_centimetres(measure: str) -> None:
    """Of a survey 3,002 of 3,002 arm circumferences were implausible: z 78.8."""
    size = (
        [455, 462.5, 450, 139, 151] if measure.startswith("head") else [145, 139.5, 150, 131, 122]
    )
    size = list(map(float, size))
    base = {"sex": ["m"] * 5, "age_days": [365, 400, 420, 450, 500]}
    index = "hcz" if measure.startswith("head") else "acz"
    mm = scored({**base, f"{measure}_mm": size})
    cm = scored({**base, f"{measure}_cm": [value / 10 for value in size]})
    assert mm[index].equals(cm[index])
    assert mm[f"{index}_status"].equals(cm[f"{index}_status"])


def test_velocity_reads_the_same_columns() -> None:
    visits = {"subject_id": ["1", "1"], "sex": ["f", "f"], "age_months": [5, 7],
              "head_circumference_mm": [420, 431]}  # fmt: skip
    found = nc.velocity.score(pl.DataFrame(visits))
    assert found["hc_velocity_status"].to_list() == ["first_visit", "ok"]
    assert found["hc_interval_days"].to_list() == [None, 61]


def test_charts_read_millimetres_and_months(shell: Shell) -> None:
    shell.write("in.csv", "sex,age_months,head_circumference_mm\nf,5,420\nf,7,431\n")
    done = shell.run("chart", "in.csv", "-o", "c.svg")
    assert done.code == 0
    assert "hcz: ok 2" in done.err


# Decimal commas


@pytest.mark.requirement("REQ-TAB-07")
@pytest.mark.parametrize(
    ("text", "status"),
    [("4,1", "ok"), (" 4,10 ", "ok"), ("4", "ok"), ("4.1", "invalid_value"), (",5", "implausible"),
     ("4,1,0", "invalid_value"), ("1.234,5", "invalid_value"), ("", "missing_value"),
     ("4,", "ok"), ("x", "invalid_value"), ("4,1e0", "ok")],
)  # fmt: skip
def test_a_declared_decimal_comma(text: str, status: str) -> None:
    frame = {"sex": ["m", "m"], "age_days": ["30", "30,0"], "weight_kg": [text, "4,2"]}
    assert scored(frame, decimal=",")["waz_status"].to_list() == [status, "ok"]


@pytest.mark.requirement("REQ-TAB-07")
def test_a_comma_that_is_not_declared_is_no_number() -> None:
    frame = {"sex": ["m", "m"], "age_days": [30, 30], "weight_kg": ["4,1", "4.1"]}
    assert scored(frame)["waz_status"].to_list() == ["invalid_value", "ok"]
    with pytest.raises(nc.InputError, match=r"decimal: ';' .* the mark between whole and decimals"):
        scored(frame, decimal=";")


def test_numbers_that_are_numbers_have_no_comma() -> None:
    frame = pd.DataFrame({"sex": ["m"], "age_days": [30], "weight_kg": [4.1]})
    assert nc.score(frame, decimal=",")["waz_status"].tolist() == ["ok"]


def test_a_file_of_semicolons_and_commas(shell: Shell) -> None:
    content = "sex;age_months;gestational_age_weeks_decimal;weight_kg\nf;2,5;27,43;3,1\n"
    options = ("--delimiter", ";", "--decimal", ",")
    shell.write("in.csv", content)
    assert shell.run("score", "in.csv", "-o", "a.csv", *options).code == 0
    shell.write("in.csv", content.replace(",", "."))
    assert shell.run("score", "in.csv", "-o", "b.csv", "--delimiter", ";").code == 0
    z = [shell.read(name).splitlines()[1].split(";")[7:] for name in ("a.csv", "b.csv")]
    assert z[0] == z[1]
    assert z[0][2] == "ok"


# Dates


@pytest.mark.requirement("REQ-TAB-17")
def test_a_declared_form_of_dates(shell: Shell) -> None:
    header = "subject_id,sex,birth_date,measured_on,administered_on,weight_kg\n"
    shell.write("in.csv", header + "1,m,25/12/2023,25/01/2024,01/02/2024,4\n"
                                   "1,m,25/12/2023,25/02/2024,01/02/2024,5\n")  # fmt: skip
    form = ("--date-format", "%d/%m/%Y")
    assert shell.run("score", "in.csv", "-o", "a.csv", *form).code == 0
    assert [row[6] for row in scored_rows(shell.read("a.csv"))] == ["31", "62"]
    done = shell.run("velocity", "in.csv", "-o", "v.csv", *form, "--baseline", "administered_on")
    assert done.code == 0
    assert shell.read("v.csv").splitlines()[2].split(",")[6] == "24"
    assert shell.run("chart", "in.csv", "-o", "c.svg", *form).code == 0
    assert shell.run("report", "in.csv", "-o", "r.html", *form).code == 0
    bad = shell.run("score", "in.csv", "-o", "b.csv", "--date-format", "d/m/y")
    assert bad.problem.startswith("neocalc: --date-format: 'd/m/y' is not accepted; the parts %d")


def test_a_mapping_file_declares_what_options_do(shell: Shell) -> None:
    shell.write("map.toml", 'date_format = "%d.%m.%Y"\ndecimal = ","\nignore = ["Height"]\n'
                "[oedema_codes]\nyes = 1\nno = 0\n[position_codes]\nrecumbent = 1\nstanding = 2\n"
                )  # fmt: skip
    header = "sex;birth_date;measured_on;weight_kg;length_cm;Height;oedema;length_position\n"
    shell.write("in.csv", header + "f;25.12.2022;25.12.2023;9,1;74,5;x;0;1\n"
                                   "f;25.12.2022;25.12.2023;9,1;74,5;x;1;2\n")  # fmt: skip
    done = shell.run("score", "in.csv", "-o", "a.csv", "--columns", "map.toml", "--delimiter", ";")
    assert (done.code, "Failed" in done.err) == (0, False)
    rows = [line.split(";") for line in shell.read("a.csv").splitlines()]
    status = rows[0].index("waz_status")
    assert [row[status] for row in rows[1:]] == ["ok", "oedema"]
    lengths = [float(row[rows[0].index("laz")]) for row in rows[1:]]
    assert lengths[1] > lengths[0]  # standing: 0.7 cm are added
    done = shell.run(
        "score", "in.csv", "-o", "b.csv", "--columns", "map.toml", "--delimiter", ";",
        "--oedema-codes", "yes=0,no=1", "--date-format", "%m.%d.%Y",
    )  # fmt: skip
    assert "Failed: birth_date: all 2 rows look like 25.12.2023, day.month.year" in done.err
    for content in ("ignore = 'Height'", "ignore = [5]", "decimal = 5", "date_format = ['x']",
                    "[oedema_codes]\nyes = true", "[missing]\nweight_kg = [[9]]"):  # fmt: skip
        shell.write("map.toml", content)
        done = shell.run("score", "in.csv", "-o", "c.csv", "--columns", "map.toml")
        assert (
            f"map.toml: {content.partition(' ')[0].strip('[').partition(']')[0]}; accepted: "
            in (done.problem)
        )
