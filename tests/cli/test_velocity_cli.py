"""`neocalc velocity`: two measurements of one infant, and files."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import polars as pl
import pytest

import neocalc as nc
from shell import Shell

INFANT = ("velocity", "--sex", "f", "--gestation", "27+3", "--born", "2026-05-01")
DATES = ("--first", "2026-09-01", "--second", "2026-11-01")
WEIGHT = ("--weight", "3500g", "4400g")

VISITS = (
    "subject_id,sex,gestational_age,birth_date,measured_on,administered_on,weight_g\n"
    "01,f,27+3,2026-05-01,2026-09-01,2026-09-15,3500\n"
    "01,f,27+3,2026-05-01,2026-11-01,2026-09-15,4400\n"
)


def expected() -> nc.velocity.Velocity:
    """The same by the call."""
    ages = [nc.Age("2026-05-01", on, "27+3") for on in ("2026-09-01", "2026-11-01")]
    return nc.velocity.zscore(
        "weight", first="3500 g", second="4400 g", sex="f", first_age=ages[0], second_age=ages[1]
    )


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_the_example_of_the_contract_in_words(shell: Shell) -> None:
    done = shell.run(*INFANT, *DATES, *WEIGHT)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:4] == [
        "Sex           female",
        "Gestation     27w3d (preterm)",
        "First visit   123 days (17w4d), corrected 35 days (5w0d)",
        "Second visit  184 days (26w2d), corrected 96 days (13w5d)",
    ]
    assert (
        "Velocity z -2.17, centile 1.5: +900 g in 61 days, taken as 898.2 g in 2 months (ok)."
        in (done.out)
    )
    assert (
        "from 1.15 months of corrected age, at a width of the tables (who-2009, lms-restricted)."
        in done.out
    )
    assert "(fenton-2013) to -2.38 (who-2006)" in done.out
    assert "the step between the two charts" in done.out
    assert "Gain 3.75 g/kg/day, exponential (ok)." in done.out
    assert lines[-1].startswith("Policy: born before 37w0d")


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_json(shell: Shell) -> None:
    done = shell.run(*INFANT, *DATES, *WEIGHT, "--length", "50cm", "54cm", "--json")
    about = json.loads(done.out)
    weight, length = about["results"]
    v = expected()
    assert weight["velocity"]["z"] == v.z
    assert weight["velocity"]["z_floor"] == v.z_floor
    assert weight["velocity"]["scaled"] == v.scaled
    assert weight["velocity"]["increment_unit"] == "g"
    assert length["velocity"]["increment_unit"] == "cm"
    assert weight["change"]["status"] == "reference_changed"
    assert weight["change"]["chart_step"] is not None
    assert set(weight["gains"]) == {"exponential", "g/day"}
    assert about["sex"] == "female"
    assert about["neocalc"] == nc.__version__
    assert weight["measurements"] == ["3500g", "4400g"]  # a record of its own
    assert about["first_age"]["corrected_days"] == 35
    assert about["second_age"]["corrected_days"] == 96
    assert about["second_age"]["gestation_days"] == 192


def test_zone_a_in_words_and_in_json(shell: Shell) -> None:
    early = ("--first", "2026-06-01", "--second", "2026-06-08", "--weight", "1500g", "1350g")
    done = shell.run(*INFANT, *early, "--head", "28cm", "28.9cm")
    assert "Gain -15.05 g/kg/day, exponential (ok)." in done.out
    assert "Gain -21.43 g/day (ok)." in done.out
    assert "Gain 0.9 cm/week (ok)." in done.out
    assert "No velocity z: the WHO's increments begin at 40w0d." in done.out
    assert "corrected -57 days (-8w1d)" in done.out
    assert "Head circumference: 28cm to 28.9cm." in done.out
    about = json.loads(shell.run(*INFANT, *early, "--json").out)
    (weight,) = about["results"]
    assert "velocity" not in weight
    assert weight["change"]["chart_step"] is None
    assert weight["gains"]["exponential"]["rate"] == pytest.approx(1000 * math.log(0.9) / 7)


def test_class_of_a_fall_in_words(shell: Shell) -> None:
    days = ("--first-days", "20", "--second-days", "60")
    base = ("velocity", "--sex", "m", "--gestation", "27+3", *days)
    assert "Fall in z: severe. Goldberg 2018" in shell.run(*base, "--weight", "1.4kg", "1.6kg").out
    assert "No fall in z that Goldberg 2018" in shell.run(*base, "--weight", "1.4kg", "2.6kg").out
    head = shell.run(*base, "--head", "28cm", "29cm").out
    assert "Goldberg" not in head
    about = json.loads(shell.run(*base, "--head", "28cm", "29cm", "--json").out)
    assert about["results"][0]["change"]["decline_source"] is None


def test_days_instead_of_dates_and_a_child_born_at_term(shell: Shell) -> None:
    days = ("--first-days", "91", "--second-days", "152")
    done = shell.run("velocity", "--sex", "m", *days, "--weight", "6kg", "7kg", "--oedema")
    assert "No velocity z: there was oedema." in done.out
    assert "No change in z: there was oedema." in done.out
    assert "First visit   91 days (13w0d)\n" in done.out
    about = json.loads(
        shell.run(
            "velocity", "--sex", "m", *days, "--weight", "6kg", "7kg", "--oedema", "--json"
        ).out
    )
    assert "velocity" not in about["results"][0]
    assert "change" not in about["results"][0]


def test_decisions_are_options(shell: Shell) -> None:
    days = ("--first-days", "75", "--second-days", "276", "--sex", "m", "--json")
    weight = ("--weight", "6kg", "6.5kg")

    def z(*options: str) -> float:
        about = json.loads(shell.run("velocity", *days, *weight, *options).out)
        return float(about["results"][0].get("velocity", {}).get("z", math.nan))

    assert math.isnan(z())
    wide = z("--tolerance", "0.2")
    assert wide != z("--tolerance", "0.2", "--start", "nearest")
    assert wide != z("--tolerance", "0.2", "--plain")
    floor = json.loads(
        shell.run("velocity", "--first-days", "0", "--second-days", "183", "--sex", "f", "--json",
                  "--weight", "3kg", "6kg", "--plain").out
    )  # fmt: skip
    assert floor["results"][0]["velocity"]["z_floor"] is None  # L is below 0: no limit


@pytest.mark.requirement("REQ-GAIN-10")
def test_a_standardised_change_in_words(shell: Shell) -> None:
    visit = ("velocity", "--sex", "m", "--weight", "7.9kg", "10kg", "--first-days", "183")
    done = shell.run(*visit, "--second-days", "548").out
    assert (
        "Standardised change -1.1, conditional gain -1.19: by the correlation 0.759 of z between"
        " these ages, from a model of the WHO's increments (ok)."
    ) in done
    late = shell.run(*visit, "--second-days", "1000").out
    assert "from a model of the WHO's increments, extrapolated beyond 24 months (ok)." in late
    last = shell.run(*visit, "--second-days", "1097").out
    assert "No standardised change: the correlation of z is known to 36 months." in last
    own = ("--correlation", "0.7", "--correlation-source", "a cohort")
    done = shell.run(*visit, "--second-days", "548", *own).out
    assert "by the correlation 0.700 of z between these ages, a cohort (ok)." in done
    about = json.loads(shell.run(*visit, "--second-days", "548", *own, "--json").out)
    change = about["results"][0]["change"]
    assert (change["r"], change["r_source"]) == (0.7, "a cohort")
    assert change["standardised"] == pytest.approx(change["z"] / (2 * 0.3) ** 0.5)
    assert change["conditional"] < change["standardised"]
    about = json.loads(shell.run(*visit, "--second-days", "1097", "--json").out)
    change = about["results"][0]["change"]
    assert (change["r"], change["r_source"], change["standardised"]) == (None, None, None)
    assert change["standardised_status"] == "above_velocity_reference"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--correlation", "0.7"), "--correlation-source: missing; give the citation"),
        (("--correlation", "0.7", "--correlation-source", " "), "--correlation-source: missing"),
        (("--correlation-source", "a cohort"), "--correlation: missing; give the figure"),
        (("--correlation", "1", "--correlation-source", "a cohort"), "from 0 to below 1"),
        (("--correlation", "x", "--correlation-source", "a cohort"), "from 0 to below 1"),
    ],
)
def test_a_correlation_needs_its_source(
    shell: Shell, options: tuple[str, ...], problem: str
) -> None:
    done = shell.run(*INFANT, *DATES, *WEIGHT, *options)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert problem in done.err


@pytest.mark.requirement("REQ-VEL-16")
def test_an_interval_between_two_widths_in_words(shell: Shell) -> None:
    days = ("--first-days", "91", "--second-days", "159", "--sex", "m", "--weight", "6kg", "7kg")
    done = shell.run("velocity", *days)
    assert ": +1000 g in 68 days (between two intervals of the chart).\n" in done.out
    assert "between two widths of the tables (who-2009-interpolated, lms-restricted)." in done.out
    refused = shell.run("velocity", *days, "--between", "scale")
    assert "No velocity z: the interval is not near enough to the WHO's, of 1 to 6" in refused.out
    scaled = shell.run("velocity", *days, "--between", "scale", "--tolerance", "0.2").out
    assert "taken as 895.2 g in 2 months (interval adjusted)." in scaled
    assert "scaled to the nearest width of the tables (who-2009-scaled" in scaled
    wrong = shell.run("velocity", *days, "--between", "x")
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)
    assert "between: 'x' is not accepted; accepted: interpolate or scale" in wrong.err


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((*INFANT, *DATES), "measurement: missing; give one of --weight, --length, --head"),
        ((*INFANT, *WEIGHT), "--first: missing; give the date"),
        ((*INFANT, "--first", "2026-09-01", *WEIGHT), "--second: missing"),
        (
            (*INFANT, "--first", "1.9.2026", "--second", "2026-11-01", *WEIGHT),
            "--first: '1.9.2026'",
        ),
        (
            (*INFANT, "--first", "2026-11-01", "--second", "2026-09-01", *WEIGHT),
            "--second: '2026-09-01' is not accepted; an age after the first",
        ),
        ((*INFANT, *DATES, "--weight", "3500", "4400g"), "--weight: '3500' is not accepted"),
        ((*INFANT, *DATES, "--weight", "3500g", "0g"), "--weight: '0g' is not accepted"),
        ((*INFANT, *DATES, "--head", "34kg", "35cm"), "--head: '34kg' is not accepted"),
        ((*INFANT, *DATES, *WEIGHT, "--tolerance", "wide"), "--tolerance: 'wide'"),
        ((*INFANT, *DATES, *WEIGHT, "--tolerance", "0.5"), "--tolerance: 0.5"),
        ((*INFANT, *DATES, *WEIGHT, "--start", "last"), "--start: 'last'"),
        ((*INFANT, *DATES, *WEIGHT, "--reference", "who-2006"), "--reference: of one infant"),
        ((*INFANT, *DATES, *WEIGHT, "--against", "first"), "--against: is of a cohort file"),
        ((*INFANT, *DATES, *WEIGHT, "-o", "out.csv"), "--output: is of a cohort file"),
        (("velocity", *DATES, *WEIGHT), "sex: missing"),
        (
            ("velocity", "--sex", "f", "--first-days", "9", *WEIGHT),
            "--second-days: missing; give whole days since birth",
        ),
        (
            ("velocity", "--sex", "f", "--first-days", "90", "--second-days", "9", *WEIGHT),
            "--second-days: '9' is not accepted; an age after the first",
        ),
        (("velocity", "in.csv"), "--output: missing; give -o FILE"),
        (("velocity", "in.csv", "-o", "out.csv", *WEIGHT), "--weight: is of one infant"),
        (("velocity", "in.csv", "-o", "out.csv", "--baseline", "day0"), "no column 'day0'"),
        (("velocity", "in.csv", "-o", "in.csv"), "in.csv: is the input"),
        (("velocity", "none.csv", "-o", "out.csv"), "none.csv: cannot be read"),
    ],
)
def test_wrong_input_is_one_line(shell: Shell, arguments: tuple[str, ...], problem: str) -> None:
    shell.write("in.csv", VISITS)
    assert problem in shell.run(*arguments).problem
    assert shell.names() == ["in.csv"]


DAYS = ("velocity", "--sex", "f", "--first-days", "61", "--second-days", "122")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("velocity", "in.csv", "-o", "out.csv", "--oedema"), "--oedema"),
        ((*DAYS, *WEIGHT, "--first", "2026-09-01"), "--first"),
        ((*DAYS, *WEIGHT, "--born", "2026-05-01"), "--born"),
        ((*INFANT, "--first", "2026-04-01", "--second", "2026-11-01", *WEIGHT), "--first"),
        ((*DAYS, *WEIGHT, "--strict"), "--strict"),
        ((*DAYS, *WEIGHT, "--column", "weight_kg=WT"), "--column"),
        ((*DAYS, *WEIGHT, "--delimiter", ";"), "--delimiter"),
    ],
)
def test_nothing_typed_is_left_out_unsaid(
    shell: Shell, arguments: tuple[str, ...], problem: str
) -> None:
    """Oedema is a column of a file; ages are dates or days; a file has its own options."""
    shell.write("in.csv", VISITS)
    assert shell.run(*arguments).problem.startswith(f"neocalc: {problem}: ")


def test_an_empty_gestation_was_one_that_is_not_stated(shell: Shell) -> None:
    """As from a variable of a script that holds nothing: z 0.07 instead of -2.17."""
    for empty in ("", " "):
        infant = ("velocity", "--sex", "f", "--gestation", empty, "--born", "2026-05-01")
        done = shell.run(*infant, *DATES, *WEIGHT)
        assert done.problem.startswith("neocalc: --gestation: missing; give a value, or leave")


def test_a_gestation_that_is_not_stated_is_said(shell: Shell) -> None:
    done = shell.run(*DAYS, *WEIGHT)
    assert done.out.splitlines()[1] == "Gestation     not stated: no correction"


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (("--first-days", "\u0661\u0660\u0660", "--second-days", "161"), "--first-days: "),
        (("--first-days", "1_0", "--second-days", "161"), "--first-days: '1_0' is not accepted"),
        (("--first-days", "100"), "--second-days: missing; give whole days since birth"),
        ((*DATES, "--born", "2026-05-01", "--tolerance", "\u0660.1"), "--tolerance: "),
        ((*DATES, "--born", "2026-05-01", "--tolerance", "0_0.1"), "--tolerance: '0_0.1' is not"),
        ((*DATES, "--born", "2026-05-01", "--tolerance", "nan"), "--tolerance: 'nan' is not"),
    ],
)
def test_digits_are_those_of_ascii(shell: Shell, typed: tuple[str, ...], problem: str) -> None:
    """Arabic digits and underscores were taken for numbers."""
    done = shell.run("velocity", "--sex", "f", *WEIGHT, *typed)
    assert done.problem.startswith(f"neocalc: {problem}")


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (("--weight", "3500g", "0g"), "--weight: '0g' is not accepted; a value above 0"),
        (("--weight", "3500g", ""), "--weight: missing; two measurements with units, such as"),
        (("--weight", "-1kg", "3kg"), "--weight: '-1kg' is not accepted; a value above 0"),
        (("--weight", "3500", "4400"), "--weight: '3500' is not accepted; two measurements with"),
        (
            ("--length", "50cm", "54cm", "--second-position", "up"),
            "--second-position: 'up' is not accepted; accepted: recumbent or l, standing or h",
        ),
        ((*WEIGHT, "--force"), "--force: is of a cohort file; no file is named"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(
    shell: Shell, typed: tuple[str, ...], problem: str
) -> None:
    assert shell.run(*INFANT, *DATES, *typed).problem.startswith(f"neocalc: {problem}")


def test_at_the_bedside_nothing_is_loaded_that_scores_tables() -> None:
    """It took a tenth of the time of the command."""
    code = (
        "import sys; from neocalc.cli import main; assert main(sys.argv[1:]) == 0;"
        "tables = {name for name in sys.modules if name.startswith('neocalc.cohort.')};"
        "tables |= {'polars'} & set(sys.modules);"
        "assert not tables, tables"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *INFANT, *DATES, *WEIGHT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_position_that_the_infants_policy_does_not_know(shell: Shell) -> None:
    done = shell.run(*INFANT, *DATES, "--length", "50cm", "54cm", "--first-position", "sitting")
    assert "'sitting' is not accepted" in done.problem


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_a_file(shell: Shell) -> None:
    shell.write("in.csv", VISITS)
    done = shell.run("velocity", "in.csv", "-o", "out.csv")
    assert done.code == 0
    assert done.out == ""
    assert "2 rows" in done.err
    assert "w_velocity: ok 1, first_visit 1" in done.err
    assert "Written: out.csv and out.csv.json" in done.err
    header, first, second = shell.read("out.csv").splitlines()
    row = dict(zip(header.split(","), second.split(","), strict=True))
    assert float(row["w_velocity_z"]) == pytest.approx(expected().z, abs=1e-12)
    assert row["w_from"] == "2026-09-01"
    assert first.startswith("01,f,27+3,2026-05-01,2026-09-01,2026-09-15,3500,")
    record = json.loads(shell.read("out.csv.json"))
    assert record["against"] == "previous"


@pytest.mark.requirement("REQ-FOLLOW-05")
def test_a_file_against_its_baseline_for_machines(shell: Shell) -> None:
    shell.write("in.csv", VISITS)
    done = shell.run(
        "velocity", "in.csv", "-o", "out.parquet", "--baseline", "administered_on", "--json"
    )
    about = json.loads(done.out)
    assert (about["against"], about["baseline"]) == ("baseline", "administered_on")
    assert about["rows"] == 2
    assert about["statuses"]["w_velocity"] == {"first_visit": 1, "ok": 1}


@pytest.mark.requirement("REQ-FOLLOW-09")
def test_a_file_against_an_interval(shell: Shell) -> None:
    rows = "".join(f"01,f,{day},40+0,{3300 + 25 * day}\n" for day in (0, 30, 61, 91, 122))
    shell.write("in.csv", "subject_id,sex,age_days,gestational_age,weight_g\n" + rows)
    asked = ("--against", "interval", "--interval", "2mo", "--window", "15d")
    done = shell.run("velocity", "in.csv", "-o", "out.csv", "--json", *asked)
    assert done.code == 0
    about = json.loads(done.out)
    assert (about["against"], about["interval_days"], about["window_days"]) == ("interval", 61, 15)
    record = json.loads(shell.read("out.csv.json"))
    assert (record["interval_days"], record["window_days"]) == (61, 15)
    assert about["statuses"]["w_velocity"] == {"first_visit": 1, "no_visit_in_window": 1, "ok": 3}
    plain = shell.run("velocity", "in.csv", "-o", "b.csv", "--json")
    about = json.loads(plain.out)
    assert (about["against"], about["interval_days"], about["window_days"]) == (
        "previous", None, None
    )  # fmt: skip
    wrong = shell.run("velocity", "in.csv", "-o", "c.csv", "--against", "interval")
    assert wrong.problem.startswith("neocalc: --interval: missing; give how long before")
    wrong = shell.run("velocity", "in.csv", "-o", "c.csv", "--interval", "2mo", "--window", "3mo")
    assert wrong.problem.startswith(
        "neocalc: --window: '3mo' is not accepted; less than the interv"
    )


def monthly(children: int = 3) -> str:
    """Term girls who are weighed and measured every month, and once more after a year."""
    header = "subject_id,sex,age_days,gestational_age,weight_g,length_cm\n"
    days = (0, 30, 61, 91, 122, 500)
    return header + "".join(
        f"{child:02},f,{day},40+0,{3300 + 25 * min(day, 200)},{50 + 0.1 * min(day, 200):.1f}\n"
        for child in range(children)
        for day in days
    )


@pytest.mark.requirement("REQ-FOLLOW-11")
def test_the_summary_says_what_another_choice_of_the_earlier_visit_would_give(
    shell: Shell,
) -> None:
    shell.write("in.csv", monthly())
    done = shell.run("velocity", "in.csv", "-o", "out.csv", "--json")
    told = [
        "Length or height: 3 visits are too long after the one that they are compared with, for any"
        " table; no other choice of the earlier visit gives any of them a z;"
        " 3 of them have a standardised change",
        "Length or height: 12 visits have no table for so short an interval; --against interval"
        " --interval 2mo gives 9 of them a z; 12 of them have a standardised change",
        "Weight: 3 visits are too long after the one that they are compared with, for any table; no"
        " other choice of the earlier visit gives any of them a z;"
        " 3 of them have a standardised change",
    ]
    assert [line.strip() for line in done.err.splitlines() if "visits" in line] == told
    option = "--against interval --interval 2mo"
    found = {
        "measure": "length", "why": "interval_too_short", "visits": 12, "standardised": 12,
        "against": "interval", "interval_months": 2,
        "option": option, "z": 9,
    }  # fmt: skip
    assert json.loads(done.out)["alternatives"][1] == found
    assert json.loads(shell.read("out.csv.json"))["alternatives"][1] == found
    # It is what the choice gives.
    shell.run("velocity", "in.csv", "-o", "b.csv", *option.split())
    scored = pl.read_csv(shell.folder / "b.csv")
    assert scored.filter(pl.col("age_days") < 200)["l_velocity_z"].count() == 9


@pytest.mark.requirement("REQ-FOLLOW-11")
def test_the_summary_says_what_a_choice_leaves_out(shell: Shell) -> None:
    """The first month of a child has no visit two months before; the visit before serves."""
    shell.write("in.csv", monthly(1))
    asked = ("--against", "interval", "--interval", "2mo", "--window", "5d")
    done = shell.run("velocity", "in.csv", "-o", "out.csv", *asked)
    assert (
        "Weight: 2 visits have no earlier visit near the interval; --against previous gives 1 of"
        " them a z\n"
    ) in done.err
    first = shell.run("velocity", "in.csv", "-o", "b.csv", "--against", "first")
    assert (
        "Weight: 1 visit is too long after the one that it is compared with, for any table; no"
        " other choice of the earlier visit gives it a z; it has a standardised change\n"
    ) in first.err


@pytest.mark.requirement("REQ-FOLLOW-11")
def test_nothing_is_said_where_every_visit_has_its_table(shell: Shell) -> None:
    shell.write("in.csv", "subject_id,sex,age_days,weight_g\n01,f,0,3300\n01,f,30,4200\n")
    done = shell.run("velocity", "in.csv", "-o", "out.csv", "--json")
    assert json.loads(done.out)["alternatives"] == []
    assert "a z" not in done.err


def test_standard_input_and_output(shell: Shell) -> None:
    done = shell.run("velocity", "-", "-o", "-", "--against", "first", stdin=VISITS.encode())
    assert done.code == 0
    assert len(done.out.splitlines()) == 3
    assert shell.names() == []


def test_strict(shell: Shell) -> None:
    """Every child has a first visit: about it there is nothing to ask."""
    shell.write("in.csv", VISITS)
    done = shell.run("velocity", "in.csv", "-o", "out.csv", "--strict")
    assert done.code == 1
    asked = "--strict: statuses other than ok, missing_value or first_visit: 2"
    assert done.lines[-1] == asked  # the change in z is of two references
    for more in ((), ("--baseline", "administered_on")):
        shell.write("in.csv", VISITS.replace("-05-01,", "-01-01,").replace("27+3", "40+0"))
        done = shell.run("velocity", "in.csv", "-o", "out.csv", "--force", "--strict", *more)
        assert done.code == 0, done.err


def test_help_has_an_example(shell: Shell) -> None:
    done = shell.run("velocity", "--help")
    assert done.code == 0
    assert "--baseline administered_on" in done.out
    assert "--weight 3500g 4400g" in done.out
