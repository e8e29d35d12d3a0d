"""`neocalc chart`: its kinds, typed values, exit statuses and refusals."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from shell import Shell
from test_chart_layout import (
    COHORT,
    GIRL_24_WEEKS,
    ROOT,
    TERM_BOY,
    cohort,
    content,
    infant,
    velocity,
)

VISITS = str(ROOT / "examples" / "cohort.csv")
TYPED = (
    "--sex", "f", "--gestation", "27+3", "--born", "2026-05-01", "--on", "2026-05-01", "2026-06-12",
)  # fmt: skip


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A folder in which the command is run."""
    yield Shell(tmp_path, capsys, monkeypatch)


def test_one_subject_gives_the_growth_chart(shell: Shell) -> None:
    done = shell.run("chart", VISITS, "--subject", TERM_BOY, "-o", "out.svg")
    assert (done.code, done.out) == (0, "")
    assert shell.read("out.svg").encode() == content(infant(TERM_BOY))
    assert done.lines[0].startswith("Columns: subject_id, sex, birth_date")
    assert done.lines[1:] == ["  waz: ok 6", "  laz: ok 6", "  hcz: ok 6", "Written: out.svg"]
    rows = COHORT.filter(pl.col("subject_id") == TERM_BOY).write_csv()
    done = shell.run("chart", "-", "-o", "again.svg", stdin=rows.encode())
    assert done.code == 0
    assert shell.read("again.svg") == shell.read("out.svg")


def test_several_subjects_give_z_over_age(shell: Shell) -> None:
    done = shell.run("chart", VISITS, "-o", "out.svg", "--json")
    assert done.code == 0
    about = json.loads(done.out)
    assert (about["kind"], about["rows"], about["subject"]) == ("z", 430, None)
    assert about["statuses"]["waz"]["ok"] == 420
    assert set(about["statuses"]) == {"waz", "laz", "hcz"}
    assert shell.read("out.svg").encode() == content(cohort())


@pytest.mark.parametrize("kind", ["waterfall", "statuses", "velocity"])
def test_the_other_kinds(shell: Shell, kind: str) -> None:
    of_one = ("--subject", GIRL_24_WEEKS, "--trial", "NCT03558334") if kind == "velocity" else ()
    done = shell.run("chart", VISITS, "--kind", kind, *of_one, "-o", "out.pdf", "--json")
    assert done.code == 0
    assert json.loads(done.out)["kind"] == kind
    expected = velocity(GIRL_24_WEEKS, trial="NCT03558334") if kind == "velocity" else cohort(kind)
    assert (shell.folder / "out.pdf").read_bytes() == content(expected, "pdf")


def test_typed_values(shell: Shell) -> None:
    values = ("--weight", "980g", "1640g", "--length", "35.5cm", "40.1cm", "--head", "25cm", "28cm")
    done = shell.run("chart", *TYPED, *values, "--sd", "-o", "out.png")
    assert done.code == 0
    assert done.lines[-1] == "Written: out.png"
    assert (shell.folder / "out.png").read_bytes().startswith(b"\x89PNG")
    days = ("--sex", "f", "--age-days", "0", "42", "--weight", "3kg", "4.5kg")
    assert shell.run("chart", *days, "-o", "days.svg").code == 0
    done = shell.run(
        "chart", *TYPED, "--weight", "980g", "1640g", "--administered-on", "2026-06-01", "--trial",
        "NCT03558334", "--trial-version", "registry", "--until", "12", "-o", "trial.svg",
    )  # fmt: skip
    assert done.code == 0


def test_columns_of_another_name(shell: Shell) -> None:
    renamed = COHORT.rename({"subject_id": "ID", "weight_g": "WT", "arm": "group"})
    shell.write("in.csv", renamed.write_csv())
    names = ("--column", "subject_id=ID", "--column", "weight_g=WT")
    done = shell.run("chart", "in.csv", *names, "--arm", "group", "-o", "out.svg")
    assert done.code == 0
    assert "subject_id=ID" in done.lines[0]
    text = shell.read("out.svg")
    assert "Group: A" in text
    done = shell.run("chart", "in.csv", *names, "--subject", TERM_BOY, "-o", "one.svg")
    assert shell.read("one.svg").encode() == content(infant(TERM_BOY))


def test_a_policy_and_one_reference(shell: Shell) -> None:
    one = ("chart", VISITS, "--subject", GIRL_24_WEEKS)
    done = shell.run(*one, "--preterm-reference", "fenton-2025", "-o", "out.svg")
    assert done.code == 0
    assert "Fenton 2025 Preterm Growth Chart" in shell.read("out.svg")
    done = shell.run(*one, "--reference", "who-2006", "-o", "who.svg")
    assert done.code == 0
    assert "Fenton" not in shell.read("who.svg")


@pytest.mark.requirement("REQ-CHART-09")
def test_a_chart_without_any_z_says_why_and_uncorrected_ages_are_said(shell: Shell) -> None:
    """An empty picture was written without a word."""
    rows = "1,f,8000,50,\n1,f,8100,51,\n2,m,8000,0.2,\n"
    shell.write("in.csv", f"subject_id,sex,age_days,weight_kg,length_cm\n{rows}")
    why = (
        "No z-score to draw: weight: older than the chart (3); length or height: not measured (3)."
    )
    for kind in ("z", "waterfall"):
        done = shell.run("chart", "in.csv", "--kind", kind, "-o", f"{kind}.svg")
        assert "No gestational age: every age is chronological." in done.lines
        assert why in done.lines
    done = shell.run("report", "in.csv", "-o", "out.html")
    assert why in done.lines
    done = shell.run("chart", "in.csv", "--subject", "1", "-o", "1.svg")
    assert "No z-score to draw: weight: older than the chart (2); " in done.err
    done = shell.run("chart", VISITS, "-o", "out.svg")
    assert "No z-score" not in done.err
    assert "No gestational age" not in done.err


@pytest.mark.parametrize("kind", ["z", "waterfall"])
def test_until_is_for_cohorts_too(shell: Shell, kind: str) -> None:
    done = shell.run("chart", VISITS, "--kind", kind, "--until", "6", "-o", "out.svg")
    assert done.code == 0
    asked = "after the end of the axis" if kind == "z" else "up to the visits around 6 months"
    assert asked in shell.read("out.svg")
    assert shell.run("report", VISITS, "--until", "6", "-o", "out.html").code == 0
    page = shell.read("out.html")
    medians = page[page.index("z by arm and age") : page.index("Visits with a status")]
    ages = [float(age.replace("−", "-")) for age in re.findall(r'"n">([−0-9.]+)</td>', medians)]
    assert max(ages[::3]) < 7


def test_several_subjects_are_named_as_many_as_there_are(shell: Shell) -> None:
    """Three subjects were "1, 2, 3, ..."."""
    for n, named in ((2, "(1, 2)"), (3, "(1, 2, 3)"), (4, "(1, 2, 3, ...)")):
        rows = "".join(f"{i + 1},f,30,4.1\n" for i in range(n))
        shell.write("in.csv", f"subject_id,sex,age_days,weight_kg\n{rows}")
        done = shell.run("chart", "in.csv", "--kind", "growth", "-o", "out.svg")
        problem = f"subject_id: there are {n} subjects {named}; name one: --subject"
        assert done.problem == f"neocalc: {problem}"


def test_strict_looks_at_what_is_drawn(shell: Shell) -> None:
    drawn = ("--strict", "-o", "out.svg", "--force")
    assert shell.run("chart", VISITS, "--subject", TERM_BOY, *drawn).code == 0
    assert shell.run("chart", VISITS, "--subject", "001-0009", *drawn).code == 1
    assert shell.run("chart", VISITS, *drawn).code == 1
    assert shell.names() == ["out.svg"]


@pytest.mark.requirement("REQ-CHART-05")
def test_an_existing_file_and_the_input_are_kept(shell: Shell) -> None:
    shell.write("out.svg", "mine")
    done = shell.run("chart", VISITS, "-o", "out.svg")
    assert done.problem == "neocalc: out.svg: exists already; --force replaces it"
    assert shell.read("out.svg") == "mine"
    shell.write("in.svg", COHORT.write_csv())
    assert "is the input" in shell.run("chart", "in.svg", "-o", "in.svg", "--force").problem
    assert shell.names() == ["in.svg", "out.svg"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "VISITS: missing; give a file, or --sex, --born, --on and measurements"),
        ((VISITS, "--sex", "f"), "--sex: the visits are those of"),
        ((VISITS, "--age-days", "3"), "--age-days: the visits are those of"),
        ((VISITS, "--subject", "nobody"), "--subject: 'nobody' is not accepted"),
        ((VISITS, "--kind", "growth"), "name one: --subject"),
        (
            (VISITS, "--kind", "z", "--subject", TERM_BOY),
            "--subject: not for the chart of a cohort",
        ),
        ((VISITS, "--subject", TERM_BOY, "--trial-version", "x"), "--trial: missing; the version"),
        ((VISITS, "--kind", "statuses", "--arm", "arm"), "--arm: 'arm' is not accepted"),
        ((VISITS, "--trial", "NCT03558334"), "--trial: not for the chart of a cohort"),
        ((VISITS, "--sd"), "--sd: not for the chart of a cohort"),
        ((VISITS, "--subject", TERM_BOY, "--arm", "arm"), "--arm: not for the chart of one infant"),
        (
            (VISITS, "--subject", TERM_BOY, "--kind", "velocity", "--sd"),
            "--sd: not for the velocity chart",
        ),
        ((VISITS, "--subject", TERM_BOY, "--until", "x"), "--until: 'x' is not accepted"),
        ((VISITS, "--subject", TERM_BOY, "--until", "229"), "--until: 229 is not accepted"),
        ((VISITS, "--arm", "foo"), "--arm: 'foo' is not accepted"),
        ((VISITS, "--arm", "subject_id"), "39 different arms"),
        ((VISITS, "--column", "foo=bar"), "'foo' is not a canonical column"),
        (("nothing.csv",), "nothing.csv: cannot be read"),
        ((*TYPED, "--weight", "980", "1640g"), "--weight: '980' is not accepted"),
        ((*TYPED, "--weight", "980g"), "--weight: '1 value' is not accepted; one for each age"),
        (TYPED, "measurement: missing; give one of weight, length, head_circumference"),
        (("--sex", "f", "--weight", "3kg"), "--born: missing"),
        (("--sex", "f", "--born", "2026-05-01", "--weight", "3kg"), "--on: missing"),
        (("--sex", "f", "--age-days", "x", "--weight", "3kg"), "--age-days: 'x'"),
        (("--sex", "f", "--age-days", "9" * 5000, "--weight", "3kg"), "--age-days: '999"),
        (
            ("--sex", "f", "--age-days", "3", "--born", "2026-05-01", "--weight", "3kg"),
            "either --age-days, or --born and --on",
        ),
        (("--sex", "f", "--age-days", "3", "--gestation", "", "--weight", "3kg"), "--gestation: m"),
        ((*TYPED, "--age-days", "1", "--weight", "3kg"), "either --age-days, or --born and --on"),
        (
            ("--sex", "f", "--born", "2026-05-01", "--on", "2026-04-01", "--weight", "3kg"),
            "--on: '-30 days' is not accepted",
        ),
        (("--sex", "x", "--age-days", "1", "--weight", "3kg"), "--sex: 'x' is not accepted"),
    ],
)
def test_a_wrong_input_is_one_line(shell: Shell, arguments: tuple[str, ...], problem: str) -> None:
    done = shell.run("chart", *arguments, "-o", "out.svg")
    assert problem in done.problem
    assert shell.names() == []


@pytest.mark.requirement("REQ-CHART-05")
def test_a_wrong_ending_is_told_before_anything_is_read(shell: Shell) -> None:
    done = shell.run("chart", "nothing.csv", "-o", "out.jpg")
    assert done.problem == "neocalc: out.jpg: a chart is written as .svg, .pdf or .png"


def test_a_table_of_one_child_without_ids(shell: Shell) -> None:
    rows = COHORT.filter(pl.col("subject_id") == TERM_BOY).drop("subject_id")
    shell.write("in.csv", rows.write_csv())
    assert shell.run("chart", "in.csv", "-o", "out.svg").code == 0
    done = shell.run("chart", "in.csv", "--subject", "x", "-o", "no.svg")
    assert "a table with the column subject_id" in done.problem


def test_an_empty_file(shell: Shell) -> None:
    shell.write("in.csv", COHORT.head(0).write_csv())
    assert shell.run("chart", "in.csv", "-o", "out.svg").code == 0
    assert "0 subjects" in shell.read("out.svg")


def test_a_parquet_file(shell: Shell) -> None:
    COHORT.filter(pl.col("subject_id") == TERM_BOY).write_parquet(shell.folder / "in.parquet")
    assert shell.run("chart", "in.parquet", "-o", "out.svg").code == 0
    assert shell.read("out.svg").encode() == content(infant(TERM_BOY))


def test_without_matplotlib(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = shell.run("chart", VISITS, "-o", "out.svg")
    assert done.problem == (
        'neocalc: drawing a chart needs the extra "chart": pip install "neocalc[chart]"'
    )
    assert shell.names() == []


def test_help_has_an_example(shell: Shell) -> None:
    done = shell.run("chart", "--help")
    assert done.code == 0
    assert "neocalc chart VISITS.csv -o CHART.svg" in done.out
