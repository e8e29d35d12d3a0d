"""`neocalc dose` as a person and as a program use it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from neocalc.cli import main

GIRL = ["--sex", "f", "--gestation", "27+3", "--born", "2026-05-01", "--on", "2026-08-14"]
PRODUCT = ["--concentration", "5e6cells/mL", "--viability", "92%"]
TRIAL = ["--trial", "NCT03558334", "--arm", "A"]
RUN = [*TRIAL, "--weight", "3.1kg", *PRODUCT]


def run(*options: str) -> int:
    """The exit status of the command."""
    return main(["dose", *options])


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on standard error: one line; and nothing on standard output."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err


@pytest.mark.requirement("REQ-DOSE-16")
def test_the_example_of_the_interface(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*TRIAL, "--weight", "2.35kg", *PRODUCT) == 0
    out, err = capsys.readouterr()
    assert "| GIVE     0.511 mL (the lines of the syringe are not typed)" in out
    assert "= 2,350,000 cells\n" in out
    assert "= 0.51087 mL\n" in out
    missing = next(line for line in out.splitlines() if line.startswith("Not checked: "))
    assert "weight for age and sex" in missing.partition("; not typed: ")[2].split(", ")
    assert err == ""


def test_every_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sheet, log = tmp_path / "sheet.html", tmp_path / "doses.jsonl"
    options = [
        *RUN, *GIRL[:-1], "2026-08-14T09:30", "--cells-per-vial", "10 million cells/vial",
        "--recovery", "0.8",
        "--graduation", "0.01mL", "--syringe-capacity", "1mL", "--dead-volume", "0.1mL",
        "--duration", "30min", "--expires", "2026-08-14", "--weighed-on", "2026-08-14",
        "--weight-source", "measured", "--last-weight", "3050g", "--last-weighed-on", "2026-08-13",
        "--subject", "001-0004", "--prepared-by", "CD", "--given",
        "2026-08-07T09:00=1 million cells/kg",
        "--max-volume-per-kg", "2mL/kg", "--max-rate", "10mL/h", "--max-rate-per-kg", "5mL/kg/h",
        "--max-duration", "1h", "--min-duration", "20 mins", "--max-cell-rate",
        "40,000 cells/kg/min", "--max-time-after-thaw", "2h", "--thawed-on", "2026-08-14T09:00",
        "--line-filter", "yes", "--counts", "viable", "--enrolled-on", "2026-08-01",
        "--identifier", "4711", "--lot", "L-17", "--donor", "D-3", "--planned-doses", "3",
        "--pump-step", "0.01mL/h", "--vehicle-volume", "0mL", "--flush-volume", "0mL", "--dmso",
        "10%", "--max-dmso-per-kg", "0.1g/kg", "--max-total-volume-per-kg", "2mL/kg", "--rounding",
        "nearest", "--split-syringes", "--gate", "CD",
        "--min-concentration", "1e6cells/mL", "--max-concentration", "1e7cells/mL",
        "--max-cells", "20 million cells", "--max-total-dose", "3 million cells/kg",
        "--max-doses", "3", "--max-vials", "2", "--min-interval", "7day", "--max-interval", "14day",
        "--min-viability", "0.7", "--worksheet", str(sheet), "--audit", str(log),
        "--preterm-reference", "fenton-2025",
    ]  # fmt: skip
    assert run(*options) == 0
    out = capsys.readouterr().out
    assert out.count("Not checked: ") == 1
    assert (
        "Not checked: no limit in this protocol: required inputs, age at the dose, cohort gate, "
        "filter; not typed: second check, yield of the vials\n" in out
    )
    assert "stop" not in out
    assert "fenton-2025" in out
    assert "001-0004" in sheet.read_text("utf-8")
    assert json.loads(log.read_text("utf-8"))["outcome"] == "prepared"
    assert run(*options) == 2
    assert "exists already; --force replaces it" in one_line(capsys)
    assert run(*options, "--force") == 0
    assert len(log.read_text("utf-8").splitlines()) == 2


@pytest.mark.requirement("REQ-CMD-02")
def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*RUN, *GIRL, "--json") == 0
    about = json.loads(capsys.readouterr().out)
    assert about["result"]["cells"] == {"value": 3_100_000.0, "unit": "cell"}
    assert run(*RUN[:-4], *GIRL, "--json", "--viable-concentration", "0cells/mL") == 1
    out, err = capsys.readouterr()
    about = json.loads(out)
    assert about["outcome"] == "refused"
    assert about["result"] is None
    assert err.count("\n") == 1


@pytest.mark.requirement("REQ-REC-03")
def test_the_sheet_never_takes_the_place_of_the_audit_trail(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    log = tmp_path / "doses.txt"
    assert run(*RUN, "--audit", str(log)) == 0
    capsys.readouterr()
    before = log.read_text("utf-8")
    (tmp_path / "link.txt").symlink_to(log)
    for name in ("doses.txt", "link.txt", "../" + tmp_path.name + "/doses.txt"):
        both = ["--audit", str(log), "--worksheet", str(tmp_path / name), "--force"]
        assert run(*RUN, *both) == 2
        assert "--worksheet" in one_line(capsys)
    assert log.read_text("utf-8") == before


def test_figures_without_end_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*TRIAL, "--weight", "1e400kg", *PRODUCT) == 2
    assert "--weight" in one_line(capsys)


@pytest.mark.parametrize(
    "age",
    [
        ["--born", "2026-05-01", "--on", "2026-08-14"], ["--age-days", "105"], ["--pma", "42+3"],
        ["--pma", "42w3d"],
    ],
)  # fmt: skip
def test_an_age_in_each_of_its_forms(capsys: pytest.CaptureFixture[str], age: list[str]) -> None:
    given = [*TRIAL, "--weight", "3.1kg", *PRODUCT, "--sex", "f", "--gestation", "27+3"]
    assert run(*given, *age) == 0
    assert "weight for age and sex: fits a girl of 42w3d (z -1.56;" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (["--pma", "42+3"], "--gestation: missing; with --pma"),
        (["--pma", "42.3", "--gestation", "27+3"], "--pma: '42.3' is not accepted"),
        (["--pma", "27+2", "--gestation", "27+3"], "from the gestation at birth on (27+3)"),
        (["--pma", "42+7", "--gestation", "27+3"], "--pma: '42+7' is not accepted"),
        (["--age-days", "1.5"], "--age-days: '1.5' is not accepted; whole days"),
        (["--age-days", "5", "--pma", "42+3"], "one of --born, --age-days and --pma"),
        (["--born", "2026-05-01", "--on", "2026-08-14", "--age-days", "105"], "one of --born"),
        (["--gestation", "27+3"], "--born: missing; with --gestation give the date of birth"),
    ],
)
def test_an_age_that_cannot_be_read(
    capsys: pytest.CaptureFixture[str], age: list[str], said: str
) -> None:
    assert run(*TRIAL, "--weight", "3.1kg", *PRODUCT, "--sex", "f", *age) == 2
    assert said in one_line(capsys)


def test_trial_and_arm_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*TRIAL, "--weight", "3.1kg", *PRODUCT]
    lower = [word.lower() if word in ("NCT03558334", "A") else word for word in asked]
    assert lower != asked
    assert run(*lower) == 0
    assert "NCT03558334, version registry, arm A" in capsys.readouterr().out


def test_a_text_worksheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.txt"
    assert run(*RUN, "--worksheet", str(sheet)) == 0
    assert sheet.read_text("utf-8").startswith("DOSE WORKSHEET")


class TestStops:
    @pytest.mark.requirement("REQ-CMD-01")
    def test_a_hard_stop(self, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        sheet, log = tmp_path / "sheet.txt", tmp_path / "doses.jsonl"
        status = run(*TRIAL, "--weight", "3100kg", *PRODUCT, *GIRL, "--worksheet", str(sheet),
                     "--audit", str(log))  # fmt: skip
        assert status == 1
        assert "3,100 kg is outside 0.4 kg to 15 kg. Weigh again" in one_line(capsys)
        assert not sheet.exists()
        assert json.loads(log.read_text("utf-8"))["outcome"] == "refused"

    @pytest.mark.requirement("REQ-SAFE-01")
    def test_no_flag_passes_a_hard_stop(self, capsys: pytest.CaptureFixture[str]) -> None:
        passing = ["--override-reason", "it is so", "--second-person", "AB", "--seen", "ABCDEF"]
        status = run(*TRIAL, "--weight", "31kg", *PRODUCT, *passing, "--prepared-by", "CD")
        assert status == 1
        one_line(capsys)

    def test_no_option_loosens_a_default(self) -> None:
        for option in ("--max-weight", "--min-weight", "--z-hard", "--rounding-tolerance"):
            assert run(*RUN, option, "100") == 2

    @pytest.mark.requirement("REQ-SAFE-01")
    def test_the_sheet_of_an_earlier_dose_is_not_taken_for_this_one(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        sheet = tmp_path / "sheet.txt"
        assert run(*RUN, "--worksheet", str(sheet)) == 0
        capsys.readouterr()
        before = sheet.read_text("utf-8")
        refused = [*TRIAL, "--weight", "31kg", *PRODUCT, "--worksheet", str(sheet), "--force"]
        assert run(*refused) == 1
        assert f"{sheet} is the sheet of an earlier dose" in one_line(capsys)
        assert sheet.read_text("utf-8") == before
        sheet.unlink()
        assert run(*refused) == 1
        assert "earlier" not in one_line(capsys)
        assert not sheet.exists()

    @pytest.mark.requirement("REQ-SAFE-02")
    def test_a_soft_stop(self, capsys: pytest.CaptureFixture[str]) -> None:
        small = [*TRIAL, "--weight", "2.35kg", *PRODUCT, *GIRL, "--prepared-by", "CD"]
        assert run(*small) == 1
        said = one_line(capsys)
        assert "soft stop" in said
        assert "this weight is very low for a girl of 42w3d" in said
        passing = ["--override-reason", "weighed twice", "--second-person", "A.B.", "--seen"]
        assert run(*small, *passing, said.split()[-1]) == 0
        said = "Soft stops passed (weight for age and sex): weighed twice; second person AB"
        assert said in capsys.readouterr().out

    @pytest.mark.requirement("REQ-SAFE-02")
    def test_several_soft_stops(self, capsys: pytest.CaptureFixture[str]) -> None:
        small = [*TRIAL, "--weight", "2.35kg", *GIRL, "--prepared-by", "CD"]
        passing = ["--override-reason", "weighed twice", "--second-person", "AB", "--seen"]
        assert run(*small, *PRODUCT) == 1
        one = one_line(capsys).split()[-1]
        two = [*small, *PRODUCT[:2], "--viability", "65%"]
        assert run(*two, *passing, one) == 1
        said = one_line(capsys)
        assert f"{one} is not the code of these stops" in said
        assert run(*two, *passing, said.split()[-1]) == 0
        assert "Soft stops passed (weight for age and sex, viability)" in capsys.readouterr().out
        assert run(*two, "--seen", one) == 2
        assert "--override-reason: missing" in one_line(capsys)
        assert run(*two, *passing[:-1]) == 2
        assert "--seen: missing" in one_line(capsys)
        assert run(*two[:-4], *PRODUCT, *passing, one, "--json") == 0
        about = json.loads(capsys.readouterr().out)
        assert about["override"]["seen"] == one

    def test_the_code_of_the_stops_is_in_the_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(*TRIAL, "--weight", "2.35kg", *PRODUCT, *GIRL, "--json") == 1
        out, err = capsys.readouterr()
        assert json.loads(out)["seen"] == err.split()[-1]

    def test_an_arm_without_a_dose(self, capsys: pytest.CaptureFixture[str]) -> None:
        registry = ["--trial", "NCT03601416", "--protocol-version", "registry", "--arm", "MSC"]
        assert run(*registry, "--weight", "3kg", *PRODUCT) == 1
        assert "states no dose" in one_line(capsys)
        version = ["--trial", "NCT03601416", "--protocol-version", "protocol-2020", "--arm", "low"]
        assert run(*version, "--weight", "3kg", *PRODUCT) == 0

    def test_doses_before(self, capsys: pytest.CaptureFixture[str]) -> None:
        given = ["--given", "2026-08-10=1 million cells/kg", "--min-interval", "7 day"]
        assert run(*RUN, *GIRL, *given) == 1
        assert "4 days after the last dose" in one_line(capsys)
        assert run(*RUN, *GIRL, "--none-given", "--min-interval", "7 day") == 0


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--weight", "6.8lb"], "--weight"),
        (["--weight", "3.1"], "--weight"),
        (["--weight", "3,1kg"], "--weight"),
        (["--weight", ""], "--weight: missing"),
        (["--viability", "92"], "--viability"),
        (["--viability", "1"], "--viability"),
        (["--viability", "0.92kg"], "--viability"),
        (["--concentration", "5e6"], "--concentration"),
        (["--viable-concentration", "5e6cells/mL"], "--viable-concentration"),
        (["--dose", "5M"], "--dose"),
        (["--sex", "girl"], "--sex"),
        (["--sex", ""], "--sex: missing"),
        (["--gestation", "27.3"], "--gestation"),
        (["--born", "2026-13-01"], "--born"),
        (["--born", "2026-09-01"], "--on"),
        (["--on", "yesterday"], "--on"),
        (["--arm", "C"], "--arm"),
        (["--trial", "NCT1"], "--trial"),
        (["--trial", "no/file.toml"], "no/file.toml: No such file"),
        (["--protocol-version", "9"], "--protocol-version"),
        (["--weight-source", "guessed"], "--weight-source"),
        (["--given", "2026-08-07"], "--given"),
        (["--given", "2026-08-07=5"], "--given"),
        (["--given", "2026-08-07=5 cells/kg", "--none-given"], "--none-given"),
        (["--max-doses", "few"], "--max-doses"),
        (["--max-doses", "0"], "--max-doses"),
        (["--max-rate", "5"], "--max-rate"),
        (["--min-viability", "70"], "--min-viability"),
        (["--rate", "5mL/h", "--duration", "30min"], "--rate"),
        (["--override-reason", "weighed twice"], "--second-person: missing"),
        (["--second-person", "AB"], "--override-reason: missing"),
        (["--second-person", "AB", "--seen", "A", "--override-reason", "-"], "--override-reason"),
        (
            ["--second-person", "AB", "--seen", "A", "--override-reason", "weighed twice"],
            "--prepared-by: missing",
        ),
        (["--second-check"], "--prepared-by: missing"),
        (["--worksheet", "sheet.pdf"], ".txt or .html"),
        (["--worksheet", "no/such/folder/sheet.txt"], "there is no folder"),
        (["--audit", "no/such/folder/log"], "no/such/folder/log"),
        (["--preterm-reference", "who-2006"], "--preterm-reference"),
        (["--reference", "who-2000"], "--reference"),
    ],
)
def test_wrong_input(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    usual = zip(*[iter([*RUN, *GIRL])] * 2, strict=True)
    others = [word for pair in usual if pair[0] not in options for word in pair]
    assert run(*others, *options) == 2
    assert said in one_line(capsys)


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--weight: missing"),
        (["--weight", "3.1kg"], "--dose: missing"),
        (["--weight", "3.1kg", *TRIAL], "--concentration: missing"),
        (["--weight", "3.1kg", *TRIAL, "--concentration", "5e6cells/mL"], "--viability: missing"),
        (["--arm", "A", "--weight", "3.1kg"], "--trial: missing"),
        (["--protocol-version", "registry", "--weight", "3.1kg"], "--trial: missing"),
        (["--trial", "NCT03558334", "--weight", "3.1kg"], "--arm: missing"),
        ([*RUN, "--gestation", "27+3"], "--born: missing"),
        ([*RUN, "--born", "2026-05-01"], "--on: missing"),
    ],
)
def test_missing_input(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*options) == 2
    assert said in one_line(capsys)


class TestSecondCheck:
    ASKED = (*RUN, *GIRL, "--prepared-by", "CD", "--second-check")

    def typed(self, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    @pytest.mark.requirement("REQ-SAFE-12")
    def test_what_a_second_person_types_is_compared(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.typed(monkeypatch, "A.B.", "3100 g", "5 million/mL", "0.92")
        assert run(*self.ASKED) == 0
        out, err = capsys.readouterr()
        assert "second check: AB read the same weight, concentration, viability" in out
        assert [line for line in err.splitlines() if line] == [
            "Second person: read the scale and the certificate, not the other person's figures.",
            "initials: ", "weight: ", "concentration: ", "viability: ",
        ]  # fmt: skip

    def test_another_figure_is_a_hard_stop(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.typed(monkeypatch, "AB", "3.01 kg", "5e6/mL", "92%")
        assert run(*self.ASKED) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert "hard stop: second check: the second person (AB) read another figure: weight" in err
        assert "3.1" not in err

    @pytest.mark.parametrize(
        ("lines", "said"),
        [
            ((), "initials, as the second person reads it"),
            (("AB", ""), "weight, as the second person reads it"),
            (("AB", "3.1 kg", "5e6/mL"), "viability, as the second person reads it"),
            (("A", "3.1 kg", "5e6/mL", "92%"), "the initials of a second person"),
            (("AB", "3.1", "5e6/mL", "92%"), "kg or g"),
            (("CD", "3.1 kg", "5e6/mL", "92%"), "another person than the one who prepares"),
        ],
    )
    def test_what_cannot_be_read(
        self, lines: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        self.typed(monkeypatch, *lines)
        assert run(*self.ASKED) == 2
        out, err = capsys.readouterr()
        assert out == ""
        last = err.splitlines()[-1]
        assert last.startswith("neocalc: --second-check: ")
        assert said in last


@pytest.mark.parametrize(
    "again",
    [["--weight", "31kg"], ["--weight", "3.1kg"], ["--viability", "93%"], ["--arm", "B"],
     ["--sex", "m"], ["--on", "2026-08-15"], ["--max-rate", "5mL/h", "--max-rate", "50mL/h"]],
)  # fmt: skip
def test_a_value_given_twice_is_an_error(
    again: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*RUN, *GIRL, *again) == 2
    assert f"{again[0]} is given twice" in one_line(capsys)


@pytest.mark.requirement("REQ-CMD-01")
def test_an_unknown_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*RUN, "--weigth", "3kg") == 2
    one_line(capsys)


@pytest.mark.requirement("REQ-CMD-02")
def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert "neocalc dose --trial NCT03558334" in said
    assert "92%" in said
    assert "92%%" not in said


def test_a_time_of_day(capsys: pytest.CaptureFixture[str]) -> None:
    girl = [*GIRL[:-1], "2026-08-14T09:30"]
    assert run(*RUN, *girl, "--expires", "2026-08-14T09:00") == 1
    assert "the product expired at 2026-08-14 09:00" in one_line(capsys)
