"""The unit's own defaults: a daily dose is one short line, and what it rests on is named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from neocalc.cli import main
from neocalc.dose import Site, audit, prepare, read_site, worksheet
from neocalc.dose.sites import ENVIRONMENT, NAME

TEXT = """
[dose]
trial = "NCT03558334"
protocol_version = "registry"
graduation = "0.01 mL"
syringe_capacity = "1 mL"
dead_volume = "0.1 mL"
pump_step = "0.01 mL/h"
duration = "30 min"
audit = "doses.jsonl"
required = ["sex", "age", "doses_given"]
"""
SHORT = [
    "dose", "--arm", "A", "--weight", "3.1kg", "--concentration", "5e6/mL", "--viability", "92%",
    "--sex", "f", "--gestation", "27+3", "--pma", "42+3", "--none-given",
]  # fmt: skip
PRODUCT: dict[str, Any] = {"concentration": "5e6 cells/mL", "viability": "92%"}


@pytest.fixture
def unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the unit's file, in which the command runs."""
    (tmp_path / NAME).write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    return tmp_path


@pytest.mark.requirement("REQ-DOSE-33")
def test_a_daily_dose_is_one_short_line(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--worksheet", "sheet.txt"]) == 0
    out = capsys.readouterr().out
    assert "| GIVE     0.67 mL " in out
    assert "| DRAW UP  0.77 mL: 0.67 mL to give, and 0.1 mL that stays in syringe" in out
    assert "| PUMP     1.34 mL/h, for 30 minutes " in out
    assert "NCT03558334, version registry, arm A" in out
    sha256 = hashlib.sha256((unit / NAME).read_bytes()).hexdigest()
    label = f"{NAME}, SHA-256 {sha256}"
    assert f"Defaults of the unit: {label}" in out
    assert label in " ".join((unit / "sheet.txt").read_text("utf-8").split())
    (line,) = (unit / "doses.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["site"] == {"name": NAME, "sha256": sha256}
    assert sum(len(word) for word in SHORT if not word.startswith("--")) < 60


@pytest.mark.requirement("REQ-DOSE-33")
def test_what_is_typed_goes_before(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = [*SHORT, "--duration", "40min", "--dead-volume", "0mL", "--audit", "other.jsonl"]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert "| DRAW UP  0.67 mL " in out
    assert "for 40 minutes" in out
    assert (unit / "other.jsonl").exists()
    assert not (unit / "doses.jsonl").exists()
    assert main([*SHORT, "--rate", "1.3mL/h"]) == 0  # the duration is not that of the unit then
    assert "| PUMP     1.3 mL/h, for 31 minutes" in capsys.readouterr().out


@pytest.mark.requirement("REQ-DOSE-33")
def test_an_input_that_the_unit_requires(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SHORT[:-1]) == 1
    err = capsys.readouterr().err
    assert "required inputs: not typed, and required: doses given before" in err
    record = json.loads((unit / "doses.jsonl").read_text("utf-8"))
    assert (record["outcome"], record["site"]["name"]) == ("refused", NAME)


def test_a_dose_of_another_trial_or_of_none(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    alone = [word for word in SHORT if word not in ("--arm", "A")]
    assert main([*alone, "--dose", "1 million cells/kg"]) == 0
    assert "no trial named" in capsys.readouterr().out
    assert main([*SHORT[:2], "low", *SHORT[3:], "--trial", "NCT03601416"]) == 2
    # The version of the unit's trial is not that of another.
    assert "--protocol-version: missing; NCT03601416 has several" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["--site", ENVIRONMENT])
def test_the_file_can_stand_anywhere(
    unit: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    (unit / NAME).rename(unit / "unit.toml")
    assert main(SHORT) == 2  # an arm without a trial
    capsys.readouterr()
    if named == "--site":
        assert main([*SHORT, "--site", "unit.toml"]) == 0
    else:
        monkeypatch.setenv(ENVIRONMENT, str(unit / "unit.toml"))
        assert main(SHORT) == 0
    assert "Defaults of the unit: unit.toml, SHA-256 " in capsys.readouterr().out


@pytest.mark.requirement("REQ-DOSE-33")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[dose]\nsyringe = '1 mL'", "[dose]: not known: syringe; known: graduation"),
        ("[limits]\nz_hard = 500", "only the section [dose] is known, not limits"),
        ("dose = 1", "only the section [dose] is known"),
        ("[dose]\ngraduation = '0.01'", "graduation"),
        ("[dose]\ngraduation = 0.01", "[dose] graduation: must be a text of one line"),
        ("[dose]\npump_step = '-1 mL/h'", "pump_step"),
        ("[dose]\nrequired = ['shoes']", "[dose] required: not known: shoes"),
        ("[dose", "is not TOML"),
    ],
)
def test_a_file_that_is_wrong(
    unit: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (unit / NAME).write_text(text, encoding="utf-8")
    assert main(SHORT) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert said in err
    assert NAME in err
    (unit / NAME).unlink()
    assert main([*SHORT, "--site", "none.toml"]) == 2
    assert "none.toml: " in capsys.readouterr().err


class TestInPython:
    def test_the_same(self, unit: Path) -> None:
        site = read_site(unit / NAME)
        assert isinstance(site, Site)
        arm = nc.trials.load(site.texts["trial"], site.texts["protocol_version"]).arm("A")
        age = nc.Age.from_days(105, "27+3")
        plan = prepare(weight="3.1 kg", arm=arm, sex="f", age=age, doses_given=[], site=site,
                       **PRODUCT)  # fmt: skip
        assert plan.amounts.draw_volume == 0.77
        assert site.label in dict(worksheet.rows(plan))["defaults of the unit"]
        assert audit.record(plan)["site"] == {"name": site.name, "sha256": site.sha256}
        with pytest.raises(nc.DoseRefused, match="doses given before"):
            prepare(weight="3.1 kg", arm=arm, sex="f", age=age, site=site, **PRODUCT)

    def test_what_contradicts_is_left_out(self, unit: Path) -> None:
        site = read_site(unit / NAME)
        assert site.filled({"cells_per_vial": "1e6/vial"}) == {"cells_per_vial": "1e6/vial"}
        filled = site.filled({"vials": [], "vehicle_volume": "1 mL", "rate": "2 mL/h"})
        assert "dead_volume" not in filled
        assert "duration" not in filled
        assert filled["graduation"] == "0.01 mL"

    def test_an_empty_file_changes_nothing(self, unit: Path) -> None:
        (unit / NAME).write_text("[dose]\n", encoding="utf-8")
        site = read_site(unit / NAME)
        assert (site.values, site.texts, site.required) == ({}, {}, ())
        assert site.filled(PRODUCT) == PRODUCT

    def test_nothing_else_is_a_site(self) -> None:
        with pytest.raises(nc.InputError, match="site"):
            prepare(weight="2 kg", dose="1 million cells/kg", site="neocalc.toml", **PRODUCT)  # type: ignore[arg-type]
