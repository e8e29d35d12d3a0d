"""`neocalc age`, `growth`, `references` and the command itself, as typed at the bedside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from neocalc.cli import COMMANDS, main, one_line
from neocalc.references.catalogue import tables_digest
from neocalc.text import centile_text, plain_number, z_text
from own_references import OwnTable, rows, write
from shell import Shell

DATES = ["--born", "2026-05-01", "--on", "2026-08-14"]
GIRL = ["growth", "--sex", "f", "--gestation", "27+3", *DATES]
AGE = nc.Age(born="2026-05-01", on="2026-08-14", gestation="27+3")


def facts(shell: Shell, *arguments: str) -> dict[str, Any]:
    """What a command says as JSON."""
    done = shell.run(*arguments, "--json")
    assert done.code == 0
    assert done.err == ""
    about: dict[str, Any] = json.loads(done.out)
    assert about.pop("record") == f"neocalc {arguments[0]} answer"
    assert about.pop("format") == 1
    assert about.pop("neocalc") == nc.__version__
    assert about.pop("tables") == tables_digest()
    return about


# Age


@pytest.mark.requirement("REQ-CMD-06")
def test_age(shell: Shell) -> None:
    done = shell.run("age", "--gestation", "27+3", *DATES)
    assert done.out.splitlines() == [
        "Gestation          27w3d (preterm)",
        "Chronological age  105 days (15w0d)",
        "Postmenstrual age  297 days (42w3d)",
        "Corrected age      17 days (2w3d)",
        "Due date           2026-07-28",
    ]


def test_age_before_term_at_term_and_on_the_first_day(shell: Shell) -> None:
    early = shell.run("age", "--age-days", "1", "--gestation", "27+3").out.splitlines()
    assert early[1:] == [
        "Chronological age  1 day (0w1d)",
        "Postmenstrual age  193 days (27w4d)",
        "Corrected age      -87 days (-12w3d)",
    ]
    assert "(not preterm)" in shell.run("age", "--age-days", "0", "--gestation", "37+0").out


@pytest.mark.requirement("REQ-GA-04")
@pytest.mark.parametrize(
    ("gestation", "said"),
    [
        ("21+6", "21w6d (preterm; outside 22w0d to 42w6d: check it)"),
        ("22+0", "22w0d (preterm)"),
        ("42+6", "42w6d (not preterm)"),
        ("43+0", "43w0d (not preterm; outside 22w0d to 42w6d: check it)"),
    ],
)
def test_an_unusual_gestation_was_taken_without_a_word(
    shell: Shell, gestation: str, said: str
) -> None:
    done = shell.run("age", "--gestation", gestation, "--age-days", "1")
    assert done.out.splitlines()[0] == f"Gestation          {said}"


def test_age_without_gestation(shell: Shell) -> None:
    assert shell.run("age", *DATES).out.splitlines() == [
        "Gestation          not stated: no correction",
        "Chronological age  105 days (15w0d)",
    ]


@pytest.mark.requirement("REQ-CMD-02")
def test_age_as_json(shell: Shell) -> None:
    assert facts(shell, "age", "--gestation", "27w3d", *DATES)["age"] == {
        "gestation_days": 192,
        "is_preterm": True,
        "chronological_days": 105,
        "postmenstrual_days": 297,
        "corrected_days": 17,
        "expected_date": "2026-07-28",
    }
    assert facts(shell, "age", "--age-days", "105")["age"] == {
        "gestation_days": None,
        "is_preterm": None,
        "chronological_days": 105,
        "postmenstrual_days": None,
        "corrected_days": None,
        "expected_date": None,
    }


# Growth


@pytest.mark.requirement("REQ-CMD-06")
def test_growth(shell: Shell) -> None:
    done = shell.run(*GIRL, "--weight", "3100g", "--length", "49.5cm", "--head", "35.2cm")
    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "Sex                female"
    header = lines[lines.index("") + 1]
    assert header.split("  ")[0] == "Measure"
    assert " ".join(header.split()) == ("Measure Value z Centile Reference Age basis Method Status")
    rows = {line.split("  ")[0]: line for line in lines}
    assert " ".join(rows["weight"].split()[1:]) == (
        "3.1 kg -1.56 5.9 fenton-2013 postmenstrual lms ok"
    )
    assert rows["BMI"].split()[-3:] == ["corrected", "lms-restricted", "ok"]
    assert "weight for length" in rows
    assert lines[-1] == f"Policy: {nc.Policy().describe()}."
    columns = {line.index(word) for line, word in ((header, "z "), (rows["weight"], "-1.56"))}
    assert len(columns) == 1  # aligned


@pytest.mark.requirement("REQ-CMD-06")
def test_every_measurement_has_its_option(shell: Shell) -> None:
    about = facts(
        shell, "growth", "--sex", "Male", "--age-days", "365", "--weight", "9.6kg", "--length",
        "75.7 cm", "--head", "461mm", "--arm", "14.6cm", "--triceps", "8.2mm", "--subscapular",
        "0.71cm",
    )  # fmt: skip
    assert about["sex"] == "male"
    assert [row["measure"] for row in about["results"]] == [
        "weight", "length", "head_circumference", "arm_circumference", "triceps_skinfold",
        "subscapular_skinfold", "bmi", "weight_for_length",
    ]  # fmt: skip
    assert {row["status"] for row in about["results"]} == {"ok"}
    assert about["results"][2]["value"] == pytest.approx(46.1)
    assert about["results"][2]["unit"] == "cm"


@pytest.mark.requirement("REQ-STAT-06")
def test_growth_is_what_the_call_gives(shell: Shell) -> None:
    about = facts(shell, *GIRL, "--weight", "3100g", "--length", "49.5cm", "--uncorrected")
    assert about["policy"] == nc.Policy().describe()
    for row in about["results"]:
        measure = row["measure"]
        value, more = ("49.5 cm", {}) if measure == "length" else ("3100 g", {})
        if measure in ("bmi", "weight_for_length"):
            more = {"length": "49.5 cm"}
        result = nc.zscore(measure, value, sex="f", age=AGE, **more)  # type: ignore[arg-type]
        plain = nc.zscore(measure, value, sex="f", age=nc.Age.from_days(105), **more)  # type: ignore[arg-type]
        assert row["z"] == result.z
        assert row["centile"] == result.centile
        assert row["z_uncorrected"] == plain.z
        assert (row["reference"], row["age_basis"], row["method"], row["status"]) == (
            result.reference, result.age_basis, result.method, result.status,
        )  # fmt: skip


@pytest.mark.requirement("REQ-POL-12")
def test_the_uncorrected_z_stands_beside(shell: Shell) -> None:
    done = shell.run(*GIRL, "--weight", "3100g", "--uncorrected")
    row = next(line for line in done.out.splitlines() if line.startswith("weight"))
    assert row.split()[-1] == "-4.95"
    assert "z uncorrected" in done.out


def test_one_measurement_brings_no_others(shell: Shell) -> None:
    assert len(facts(shell, *GIRL, "--weight", "3100g")["results"]) == 1
    assert len(facts(shell, *GIRL, "--length", "49.5cm")["results"]) == 1


@pytest.mark.requirement("REQ-CMD-04")
def test_the_policy_and_one_reference(shell: Shell) -> None:
    about = facts(shell, *GIRL, "--weight", "3100g", "--preterm-reference", "fenton-2025")
    assert about["results"][0]["reference"] == "fenton-2025"
    assert "fenton-2025" in about["policy"]
    about = facts(shell, *GIRL, "--weight", "3100g", "--handover", "40w")
    assert about["results"][0]["reference"] == "who-2006"
    about = facts(shell, *GIRL, "--weight", "3100g", "--reference", "who-2006")
    assert about["results"][0]["reference"] == "who-2006"
    assert about["results"][0]["age_basis"] == "corrected"
    assert about["policy"] == nc.Policy().describe("who-2006")
    done = shell.run(*GIRL, "--weight", "3100g", "--reference", "who-2006", "--correct-until", "0d")
    assert "born before 37w0d: at corrected age to 0 months (0 days), then" in done.out


@pytest.mark.requirement("REQ-POL-12")
def test_the_uncorrected_z_was_of_another_reference(shell: Shell, tmp_path: Path) -> None:
    """Beside a z of a user's own tables by chronological age stood one of the WHO."""
    days = [str(day) for day in range(401)]
    table = OwnTable(rows("age_days", days), "age_days", "kg", 0, 400)
    own = str(write(tmp_path / "mine", {"weight": table}))
    asked = [*GIRL, "--weight", "3100g", "--uncorrected", "--reference"]
    about = facts(shell, *asked, own)
    term = nc.Age.from_days(105)
    plain = nc.zscore("weight", "3.1 kg", sex="f", age=term, reference=own)
    assert about["results"][0]["z_uncorrected"] == plain.z
    assert about["uncorrected"] == "mine at chronological age"
    about = facts(shell, *asked, "fenton-2025")
    who = nc.zscore("weight", "3.1 kg", sex="f", age=term)
    assert about["results"][0]["z_uncorrected"] == who.z
    assert about["policy"] == "fenton-2025 by postmenstrual age, whatever the age"
    assert about["uncorrected"] == "who-2006 at chronological age"
    assert shell.run(*asked, "fenton-2025").out.endswith(
        "\nUncorrected: who-2006 at chronological age.\n"
    )
    assert "uncorrected" not in facts(shell, *GIRL, "--weight", "3100g")


def test_the_bmi_had_no_value(shell: Shell) -> None:
    given = ["--weight", "11kg", "--length", "85cm", "--position", "standing"]
    girl = ["growth", "--sex", "f", "--age-days", "700", *given]
    rows = {row["measure"]: row for row in facts(shell, *girl)["results"]}
    assert rows["bmi"]["unit"] == "kg/m2"
    assert rows["bmi"]["value"] == pytest.approx(11 / 0.857**2)  # lying it would be 85.7 cm
    again = nc.zscore(
        "bmi", nc.Q(rows["bmi"]["value"], "kg/m2"), sex="f", age=nc.Age.from_days(700)
    )
    assert again.z == pytest.approx(rows["bmi"]["z"], abs=1e-12)
    wfl = rows["weight_for_length"]
    assert (wfl["value"], wfl["unit"], wfl["length_cm"]) == (11, "kg", 85)
    printed = shell.run(*girl).out
    assert "14.98 kg/m2" in printed
    assert "11 kg at 85 cm" in printed


def test_an_answer_that_is_no_number_says_why(shell: Shell) -> None:
    old = ["growth", "--sex", "m", "--age-days", "7000", "--weight", "20kg"]
    row = facts(shell, *old)["results"][0]
    assert (row["z"], row["centile"], row["status"]) == (None, None, "age_above_reference")
    printed = shell.run(*old).out
    assert printed.splitlines()[5].endswith("  older than the chart")
    assert "nan" not in printed.lower()
    swollen = facts(shell, *GIRL, "--weight", "3100g", "--length", "49.5cm", "--oedema")
    assert [row["status"] for row in swollen["results"]] == ["oedema", "ok", "oedema", "oedema"]


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_strict_is_not_done_with_a_value_that_is_not_ok(shell: Shell, more: list[str]) -> None:
    assert shell.run(*GIRL, "--weight", "3100kg", *more).code == 0
    done = shell.run(*GIRL, "--weight", "3100kg", "--length", "49.5cm", "--strict", *more)
    assert done.code == 1
    assert done.err == (
        "--strict: not ok: weight: implausible, bmi: implausible, weight_for_length: implausible\n"
    )
    assert "implausible" in done.out
    right = shell.run(*GIRL, "--weight", "3100g", "--strict", *more)
    assert (right.code, right.err) == (0, "")


@pytest.mark.parametrize(
    ("gestation", "more", "marked"),
    [
        ("36+3", [], False), ("36+4", [], True), ("36+6", [], True), ("37+0", [], True),
        ("37+3", [], True), ("37+4", [], False), ("36+6", ["--reference", "who-2006"], False),
        ("32+0", ["--preterm-below", "32w"], True),
    ],
)  # fmt: skip
def test_the_step_between_two_charts_is_marked(
    shell: Shell, gestation: str, more: list[str], marked: bool
) -> None:
    """From one day of gestation to the next the z falls by 0.9, without anything having changed."""
    asked = ["growth", "--sex", "f", "--gestation", gestation, "--age-days", "19", *more]
    done = shell.run(*asked, "--weight", "2.5kg")
    assert done.code == 0, done.err
    assert ("of gestation on another chart holds" in done.out) == marked


WRONG = {
    "age": ["--age-days", "-5"],
    "growth": ["--sex", "q", "--age-days", "5", "--weight", "3kg"],
    "velocity": ["--sex", "f"],
    "dose": ["--weight", "3.1"],
    "score": ["none.csv", "-o", "out.csv"],
    "inspect": ["none.csv"],
    "outcome": ["none.csv"],
    "chart": ["none.csv", "-o", "out.svg"],
    "report": ["none.csv", "-o", "out.html"],
    "references": ["nowhere"],
    "verify": ["--nowhere"],
}
"""A mistake for each command."""


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("more", [[], ["--no-such-option"]])
def test_an_error_is_json_too(shell: Shell, command: str, more: list[str]) -> None:
    plain = shell.run(command, *WRONG[command], *more)
    done = shell.run(command, *WRONG[command], *more, "--json")
    assert (plain.code, plain.out) == (2, "")
    assert (done.code, done.err) == (2, plain.err)
    about = json.loads(done.out)
    assert list(about) == ["record", "format", "neocalc", "exit_status", "error"]
    assert (about["record"], about["format"]) == (f"neocalc {command} error", 1)
    assert about["exit_status"] == 2
    assert about["error"] in done.err


def test_an_impossible_value_is_marked_and_kept(shell: Shell) -> None:
    row = facts(shell, *GIRL, "--weight", "3100kg")["results"][0]
    assert row["status"] == "implausible"
    assert row["z"] > 70


def test_the_position_counts(shell: Shell) -> None:
    girl = ["growth", "--sex", "f", "--age-days", "700", "--length", "85cm"]
    lying = facts(shell, *girl, "--position", "recumbent")["results"][0]["z"]
    standing = facts(shell, *girl, "--position", "h")["results"][0]["z"]
    assert standing > lying
    assert facts(shell, *girl)["results"][0]["z"] == lying


WEIGHT = ["--weight", "3100g"]


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sex", "f", *DATES, "--weight", "3100"], "--weight: '3100' is not accepted; give a"),
        (["--sex", "f", *DATES, "--weight", "50cm"], "--weight: '50cm' is not accepted; give a"),
        (["--sex", "f", *DATES, "--weight", "7lb"], "--weight: '7lb' is not accepted; give a"),
        (["--sex", "f", *DATES, "--weight", "3,1kg"], "--weight: '3,1kg' is not accepted; give a"),
        (["--sex", "f", *DATES, "--weight", ""], "--weight: missing; give a value, or leave"),
        (["--sex", "f", *DATES, "--weight", "0kg"], "--weight: '0kg' is not accepted; a value"),
        (["--sex", "f", *DATES, "--weight=-3kg"], "--weight: '-3kg' is not accepted; a value"),
        (["--sex", "f", *DATES, "--weight", "-3kg"], "--weight: '-3kg' is not accepted; a value"),
        (["--sex", "f", *DATES, *WEIGHT, "--position", ""], "--position: missing; give a value"),
        (["--sex", "f", *DATES, "--head", "35.2kg"], "--head: '35.2kg' is not accepted; give a"),
        (["--sex", "f", *DATES, "--head", "0cm"], "--head: '0cm' is not accepted; a value above"),
        (["--sex", "f", *DATES, "--arm", "0cm"], "--arm: '0cm' is not accepted; a value above 0"),
        (
            ["--sex", "f", *DATES, *WEIGHT, "--length", "0cm"],
            "--length: '0cm' is not accepted; a value above 0",
        ),
        (
            ["--sex", "f", *DATES, "--length", "50cm", "--position", "up"],
            "--position: 'up' is not accepted; accepted: recumbent or l, standing or h",
        ),
        ([*DATES, *WEIGHT], "--sex: missing; give male or female; there is no default"),
        (["--sex", "1", *DATES, *WEIGHT], "--sex: '1' is not accepted; accepted: male, female"),
        (["--sex", "girl", *DATES, *WEIGHT], "--sex: 'girl' is not accepted; accepted: male, fem"),
        (
            ["--sex", "f", "--gestation", "27.3", *DATES, *WEIGHT],
            "--gestation: '27.3' is not accepted; ambiguous: is it \"27+3\", or a decimal number",
        ),
        (
            ["--sex", "f", "--gestation", "28+7", *DATES, *WEIGHT],
            "--gestation: '28+7' is not accepted; the days are 0 to 6;",
        ),
        (
            ["--sex", "f", "--gestation", "19+0", *DATES, *WEIGHT],
            "--gestation: '19+0' is not accepted; 20w0d to 44w6d",
        ),
        (
            ["--sex", "f", "--born", "2026-08-14", "--on", "2026-05-01", *WEIGHT],
            "--on: '2026-05-01' is not accepted; a date from birth on (--born 2026-08-14)",
        ),
        (
            ["--sex", "f", "--born", "01.05.2026", "--on", "2026-05-01", *WEIGHT],
            "--born: '01.05.2026' is not accepted; accepted: a calendar date, as YYYY-MM-DD",
        ),
        (
            ["--sex", "f", "--born", "2026-05-01", "--on", "2026-02-30", *WEIGHT],
            "--on: '2026-02-30' is not accepted; accepted: a calendar date, as YYYY-MM-DD",
        ),
        (
            ["--sex", "f", "--born", "2026-05-01", *WEIGHT],
            "--on: missing; give the date as YYYY-MM-DD",
        ),
        (["--sex", "f", *WEIGHT], "--born: missing; give the date as YYYY-MM-DD"),
        (
            ["--sex", "f", "--age-days", "3", *DATES, *WEIGHT],
            "--age-days: '3' is not accepted; either --age-days, or --born and --on",
        ),
        (
            ["--sex", "f", "--age-days", "3.5", *WEIGHT],
            "--age-days: '3.5' is not accepted; whole days; 0 is the day of birth",
        ),
        (["--sex", "f", "--age-days", "-5", *WEIGHT], "--age-days: '-5' is not accepted; whole"),
        (["--sex", "f", "--age-days", "1_0", *WEIGHT], "--age-days: '1_0' is not accepted; whole"),
        (["--sex", "f", "--age-days", "٣", *WEIGHT], "--age-days: '٣' is not accepted; whole days"),
        (
            ["--sex", "f", *DATES],
            "measurement: missing; give one of --weight, --length, --head, --arm, --triceps,",
        ),
        (
            ["--sex", "f", *DATES, *WEIGHT, "--reference", "fenton-2013"],
            "--gestation: missing; fenton-2013 goes by postmenstrual age",
        ),
        (
            ["--sex", "f", *DATES, *WEIGHT, "--reference", "who-1977"],
            "--reference: 'who-1977' is not accepted; accepted: ",
        ),
        (
            ["--sex", "f", *DATES, *WEIGHT, "--reference", "who-2006", "--handover", "44w"],
            "--handover: --reference is one reference whatever the age",
        ),
        (["--sex", "f", *DATES, *WEIGHT, "--handover", "39w"], "--handover: "),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(
    shell: Shell, arguments: list[str], message: str
) -> None:
    assert shell.run("growth", *arguments).problem.startswith(f"neocalc: {message}")


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize("option", ["--sex", "--weight", "--gestation", "--born", "--reference"])
def test_of_two_values_of_an_option_the_last_was_taken(shell: Shell, option: str) -> None:
    given = {"--sex": "f", "--weight": "3.1kg", "--gestation": "27+3", "--born": "2026-05-01"}
    given |= {"--on": "2026-08-14", "--reference": "who-2006"}
    typed = [word for pair in given.items() for word in pair]
    done = shell.run("growth", *typed, option, given[option])
    assert done.problem.startswith(f"neocalc growth: {option} is given twice")
    assert done.code == 2
    if option in ("--gestation", "--born"):
        ages = ["age", "--gestation", "27+3", *DATES]
        assert "given twice" in shell.run(*ages, option, given[option]).problem


def test_an_empty_gestation_was_one_that_is_not_stated(shell: Shell) -> None:
    """As from a variable of a script that holds nothing."""
    for empty in ("", " "):
        done = shell.run("growth", "--sex", "f", "--gestation", empty, *DATES, *WEIGHT)
        assert done.problem.startswith("neocalc: --gestation: missing; give a value, or leave")
        for command in ("age", "dose"):
            done = shell.run(command, "--gestation", empty, "--born", "2026-05-01")
            assert done.problem.startswith("neocalc: --gestation: missing; give a value, or leave")


def test_no_command_takes_a_quantity_for_a_gestation(shell: Shell) -> None:
    """The message offered one."""
    done = shell.run("age", "--gestation", "192 day", *DATES)
    assert done.problem.endswith('such as "27+3", "27w3d" or "27 3/7"')


@pytest.mark.parametrize(
    ("day", "position", "said"),
    [
        (273, "standing", "standing is not believed under 9 months: no 0.7 cm is added (WHO)"),
        (274, "h", None),
        (273, "recumbent", None),
        (599, None, None),
        (600, None, "not stated; taken as recumbent, under 24 months (WHO)"),
        (730, None, "not stated; taken as recumbent, under 24 months (WHO)"),
        (731, None, "not stated; taken as standing, from 24 months on (WHO)"),
        (900, None, "not stated; taken as standing, from 24 months on (WHO)"),
        (901, None, None),
        (730, "recumbent", None),
    ],
)
def test_what_is_taken_for_the_position_was_not_said(
    shell: Shell, day: int, position: str | None, said: str | None
) -> None:
    """The corrected day counts: this boy is 98 days older."""
    boy = ["growth", "--sex", "m", "--gestation", "26+0", "--age-days", str(day + 98)]
    typed = [*boy, "--length", "80cm", *(() if position is None else ("--position", position))]
    assert facts(shell, *typed).get("position") == said
    last = shell.run(*typed).out.splitlines()[-1]
    assert last == f"Position: {said}." if said else last.startswith("Policy: ")
    assert "position" not in facts(shell, *boy, "--weight", "9kg")


def test_a_policy_that_requires_the_position_is_an_option(shell: Shell) -> None:
    boy = ["growth", "--sex", "m", "--gestation", "26+0", "--age-days", "800", "--length", "83cm"]
    done = shell.run(*boy, "--require-position")
    assert done.problem.startswith("neocalc: --position: missing; the policy needs it at 600 to")
    done = shell.run(*boy, "--require-position", "--position", "recumbent")
    assert "a length at 600 to 900 days corrected needs its position." in done.out
    shell.write("in.csv", "sex,age_days,gestational_age,length_cm\nm,800,26+0,83\n")
    assert shell.run("score", "in.csv", "-o", "o.csv", "--require-position").code == 0
    assert shell.read("o.csv").endswith(",missing_value\n")


def test_the_reference_after_the_hand_over_is_an_option(shell: Shell) -> None:
    folder = str(write(shell.folder / "mine"))
    born = ["growth", "--sex", "f", "--age-days", "5", "--weight", "3100g"]
    done = shell.run(*born, "--term-reference", folder)
    assert "  mine  " in done.out
    assert f"gestation not stated: {folder} at chronological age" in done.out
    done = shell.run(*born, "--term-reference", folder, "--reference", "who-2006")
    assert done.problem.startswith("neocalc: --term-reference: --reference is one reference")
    done = shell.run(*born, "--term-reference", "fenton-2013")
    assert done.problem.startswith("neocalc: --term-reference: fenton-2013 is not a growth")


def test_a_length_without_a_bmi_was_a_fault_of_the_weight(shell: Shell) -> None:
    girl = ["growth", "--sex", "f", *DATES, *WEIGHT, "--length"]
    for length in ("1e300cm", "1e-200cm"):
        assert shell.run(*girl, length).problem.startswith(f"neocalc: --length: '{length}' is not")


def test_a_fault_of_a_derived_measure_is_named_too(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(measure: str, *_: object, **__: object) -> None:
        raise nc.InputError(measure, "x", "y")

    monkeypatch.setattr("neocalc.cli.growth.zscore", fails)
    assert shell.run(*GIRL, *WEIGHT).problem == "neocalc: --weight: 'x' is not accepted; y"


@pytest.mark.requirement("REQ-CMD-06")
@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(1.0, 2, "1"), (0.5, 2, "0.5"), (-0.001, 2, "0"), (1000000.0, 2, "1000000"), (10.0, 0, "10"),
     (2.35, 6, "2.35"), (1e-9, 6, "0"), (100.0, 1, "100"), (1e22, 2, "1" + "0" * 22)],
)  # fmt: skip
def test_numbers_have_no_exponent_and_no_trailing_zero(
    value: float, decimals: int, text: str
) -> None:
    assert plain_number(value, decimals) == text


@pytest.mark.requirement("REQ-CMD-07")
def test_centiles_beyond_three_sd_are_not_given() -> None:
    assert centile_text(-3.01, 0.13) == "<0.1"
    assert centile_text(3.01, 99.87) == ">99.9"
    assert centile_text(-3.0, 0.1349898) == "0.1"
    assert centile_text(0.0, 50.0) == "50"
    assert centile_text(None, None) == "-"
    assert z_text(None) == "-"
    assert z_text(-1.5) == "-1.5"


# References


@pytest.mark.requirement("REQ-REF-01")
def test_references(shell: Shell) -> None:
    done = shell.run("references")
    for ref in nc.references():
        assert f"\n{ref.id}: {ref.title}\n" in f"\n{done.out}"
        assert f"  Citation   {ref.citation_line}\n" in done.out
        assert f"  Licence    {ref.licence}\n" in done.out
        assert f"  On charts  {ref.chart_label}\n" in done.out
        assert all(measure.sha256[:16] in done.out for measure in ref.measures.values())
    assert "Used for   size at birth, by gestation\n" in done.out
    assert "Used for   growth, by postmenstrual age\n" in done.out
    assert done.out.endswith(f"All tables: {tables_digest()}\n")


@pytest.mark.requirement("REQ-CMD-02")
def test_references_as_json(shell: Shell) -> None:
    about = facts(shell, "references")["references"]
    assert [ref["id"] for ref in about] == [ref.id for ref in nc.references()]
    who = next(ref for ref in about if ref["id"] == "who-2006")
    weight = who["measures"]["weight"]
    assert weight["unit"] == "kg"
    assert weight["range"] == [0, 1826]
    assert weight["sha256"] == nc.reference("who-2006").measures["weight"].sha256


def test_references_on_a_terminal_without_the_letters(shell: Shell) -> None:
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = shell.spawn("references", environment=ascii_only)
    assert (done.code, done.err) == (0, "")
    done = shell.spawn("references", "--json", environment=ascii_only)
    found = json.loads(done.out)["references"]
    assert [ref["citation"] for ref in found] == [ref.citation for ref in nc.references()]


# The command


@pytest.mark.requirement("REQ-CMD-08")
def test_version(shell: Shell) -> None:
    done = shell.run("--version")
    assert done.out == f"neocalc {nc.__version__}, tables {tables_digest()}\n"


@pytest.mark.requirement("REQ-CMD-02")
@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(shell: Shell, arguments: list[str]) -> None:
    done = shell.run(*arguments)
    assert done.code == 0
    for command, (_, about) in COMMANDS.items():
        assert f"  {command} " in done.out
        assert about in done.out
    assert "neocalc calculates; it does not prescribe." in done.out


@pytest.mark.requirement("REQ-CMD-02")
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_and_json(shell: Shell, command: str) -> None:
    done = shell.run(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert f"  neocalc {command}" in done.out.partition("example")[2]
    assert "--json" in done.out


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["grow"], "neocalc: there is no command 'grow'; accepted: age, "),
        (["--versio"], "neocalc: unrecognized arguments: --versio (see neocalc --help)"),
        (["growth", "--wieght", "3kg"], "neocalc growth: unrecognized arguments: --wieght 3kg"),
        (["growth", "--gest", "27+3"], "neocalc growth: unrecognized arguments: --gest 27+3"),
        (["growth", "--sex"], "neocalc growth: argument --sex: expected one argument"),
        (["age", "two\nlines"], "neocalc age: unrecognized arguments: two lines"),
    ],
)
def test_a_command_that_is_mistyped(shell: Shell, arguments: list[str], message: str) -> None:
    assert shell.run(*arguments).problem.startswith(message)


@pytest.mark.requirement("REQ-CMD-01")
def test_a_message_is_one_line_whatever_was_typed(shell: Shell) -> None:
    problem = shell.run("growth", "--sex", "f\n\x1b[31m", *DATES, *WEIGHT).problem
    assert problem.startswith("neocalc: --sex: ")
    assert "\x1b" not in problem
    assert one_line("a\n  b\tc") == "a b c"


def test_the_arguments_of_the_process_are_the_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["neocalc", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("neocalc ")


def test_standard_output_may_be_anything_that_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Kept:
        text = ""

        def write(self, text: str) -> int:
            self.text += text
            return len(text)

        def flush(self) -> None:
            pass

    kept = Kept()
    monkeypatch.setattr(sys, "stdout", kept)
    assert main(["age", "--age-days", "3"]) == 0
    assert "3 days" in kept.text


@pytest.mark.requirement("REQ-CMD-08")
def test_python_m_is_the_same(shell: Shell) -> None:
    here = shell.run(*GIRL, *WEIGHT)
    there = shell.spawn(*GIRL, *WEIGHT)
    assert (there.code, there.out, there.err) == (here.code, here.out, here.err)
    assert shell.spawn("growth").code == 2


@pytest.mark.parametrize("arguments", [["age", "--age-days", "3"], [*GIRL, *WEIGHT]])
def test_a_bedside_command_loads_nothing_that_costs_time(arguments: list[str]) -> None:
    code = (
        "import sys; from neocalc.cli import main; assert main(sys.argv[1:]) == 0;"
        "costly = {'pint', 'scipy', 'polars', 'pandas', 'pyarrow', 'tqdm', 'matplotlib', 'csv'};"
        "assert not costly & set(sys.modules), costly & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# ------------------------------------------------------------------------- by every reference


def of_one(about: Any, measure: str) -> dict[str, Any]:
    """By every reference, of one measure: each row by its id."""
    row = next(row for row in about["results"] if row["measure"] == measure)
    return {one["reference"]: one for one in row["all_references"]}


@pytest.mark.requirement("REQ-REF-12")
def test_by_every_reference_side_by_side(shell: Shell) -> None:
    """Each as with --reference, whatever the age; the one that is used is marked."""
    asked = [*GIRL, "--weight", "3100g", "--length", "49.5cm"]
    about = facts(shell, *asked, "--all-references")
    plain_about = facts(shell, *asked)
    for row in about["results"]:
        row.pop("all_references")
    assert about["results"] == plain_about["results"]
    found = of_one(facts(shell, *asked, "--all-references"), "weight")
    assert list(found) == [
        "fenton-2013", "fenton-2025", "intergrowth-21st-preterm", "who-2006", "who-2007",
    ]  # fmt: skip
    for name, one in found.items():
        if name == "who-2007":
            assert (one["z"], one["status"]) == (None, "age_below_reference")
            continue
        alone = facts(shell, *asked, "--reference", name)["results"][0]
        assert {k: one[k] for k in ("z", "centile", "age_basis", "method", "status")} == {
            k: alone[k] for k in ("z", "centile", "age_basis", "method", "status")
        }
    assert [name for name, one in found.items() if one["chosen"]] == ["fenton-2013"]
    done = shell.run(*asked, "--all-references")
    assert "By every reference, whatever the age; * is the one used above:" in done.out
    assert "fenton-2013 *" in done.out
    assert "younger than the chart" in done.out
    weight = of_one(facts(shell, *asked, "--all-references"), "weight_for_length")
    assert [name for name, one in weight.items() if one["chosen"]] == ["who-2006"]


@pytest.mark.requirement("REQ-REF-12")
def test_on_the_day_of_birth_size_at_birth_is_among_them(shell: Shell) -> None:
    born = ["growth", "--sex", "m", "--gestation", "36+3", "--age-days", "0", "--weight", "2600g"]
    found = of_one(facts(shell, *born, "--all-references"), "weight")
    for name in ("fenton-2025-birth", "intergrowth-21st-newborn"):
        size = nc.size_at_birth("weight", "2600 g", sex="m", gestation="36+3", reference=name)
        assert (found[name]["z"], found[name]["age_basis"]) == (size.z, "gestation")
    born[-3] = "1"
    assert "fenton-2025-birth" not in of_one(facts(shell, *born, "--all-references"), "weight")


def test_a_reference_of_your_own_is_among_them(shell: Shell, tmp_path: Path) -> None:
    folder = str(write(tmp_path / "mine"))
    asked = ["growth", "--sex", "f", "--age-days", "5", "--weight", "3100g", "--all-references"]
    assert "mine" not in of_one(facts(shell, *asked), "weight")
    found = of_one(facts(shell, *asked, "--term-reference", folder), "weight")
    assert found["mine"]["chosen"]
    assert found["fenton-2013"]["status"] == "missing_gestation"
    assert not found["who-2006"]["chosen"]


def test_the_uncorrected_z_of_school_age(shell: Shell) -> None:
    """At chronological age the WHO's from 5 years on, as for a child born at term."""
    asked = ["growth", "--sex", "f", "--gestation", "28+0", "--weight", "18kg", "--uncorrected"]
    for days, name in (("1826", "who-2006"), ("1827", "who-2007")):
        about = facts(shell, *asked, "--age-days", days, "--correct-until", "70mo")
        alone = nc.zscore("weight", "18 kg", sex="f", age=nc.Age.from_days(int(days)))
        assert about["results"][0]["z_uncorrected"] == alone.z
        assert about["results"][0]["reference"] == "who-2006"
        assert about["uncorrected"] == f"{name} at chronological age"


@pytest.mark.requirement("REQ-POL-13")
def test_the_reference_of_school_age_is_an_option(shell: Shell) -> None:
    asked = ["growth", "--sex", "f", "--age-days", "2200", "--length", "112cm"]
    assert facts(shell, *asked)["results"][0]["reference"] == "who-2007"
    none = facts(shell, *asked, "--school-age-reference", "none")
    assert none["results"][0]["status"] == "age_above_reference"
    assert "who-2007" not in none["policy"]
    done = shell.run(*asked, "--school-age-reference", "fenton-2013")
    assert done.err.startswith("neocalc: --school-age-reference: fenton-2013 is not a growth refer")
    done = shell.run(*asked, "--school-age-reference", "none", "--reference", "who-2007")
    assert "--school-age-reference: --reference is one reference whatever the age" in done.err
