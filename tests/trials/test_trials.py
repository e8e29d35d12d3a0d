"""Trials as data: what the sources state, what they do not, and a site's own definitions."""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import json
import os
import re
import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pytest

import neocalc as nc
from neocalc import trials
from neocalc.cli import main
from neocalc.references.catalogue import tables_folder
from neocalc.trials import files
from neocalc.trials.ages import MET, NOT_MET, UNDECIDED, Period

PRETERM = nc.Age.from_days(60, gestation="27+3")
TERM = nc.Age.from_days(60, gestation="39+0")
UNSTATED = nc.Age.from_days(60)

SITE = """
id = "SITE-1"
version = "2"
title = "A site's trial"
source = "protocol of the site, version 2"

[[arms]]
name = "A"
dose = "2 million cells/kg"

[[arms]]
name = "B"
dose = "4 million cells/kg"
limits = { max_rate = "4 mL/h" }

[[eligibility]]
criterion = "28 days to 6 months old"
min_age = "28 day"
max_age = "6 month"

[[outcomes]]
outcome = "infusion reactions"
within = "12 hours"

[limits]
max_volume_per_kg = "2 mL/kg"
counts = "total"
max_doses = 3
"""


def site(folder: Path, text: str = SITE, name: str = "site.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestOwn:
    @pytest.mark.requirement("REQ-TRIAL-01")
    def test_versions(self) -> None:
        assert [(trial.id, trial.version) for trial in trials.trials()] == [
            ("NCT03558334", "registry"),
            ("NCT03601416", "protocol-2020"),
            ("NCT03601416", "registry"),
        ]

    @pytest.mark.requirement("REQ-TRIAL-01")
    @pytest.mark.parametrize(
        ("name", "version", "arm", "dose"),
        [
            ("NCT03558334", None, "A", 1e6),
            ("NCT03558334", "registry", "B", 5e6),
            ("NCT03601416", "protocol-2020", "low", 2.5e6),
            ("NCT03601416", "protocol-2020", "high", 5e6),
        ],
    )
    def test_doses(self, name: str, version: str | None, arm: str, dose: float) -> None:
        found = nc.trials.load(name, version).arm(arm)
        assert found.dose.to("cell/kg").magnitude == dose
        assert found.limits.at("dose") == dose
        assert found.trial == name

    @pytest.mark.requirement("REQ-TRIAL-01")
    def test_a_dose_that_the_registry_does_not_state_is_refused(self) -> None:
        trial = nc.trials.load("NCT03601416", "registry")
        assert trial.version == "registry"
        with pytest.raises(nc.DoseRefused, match=r"states no dose.*do: protocol-2020"):
            _ = trial.arm("MSC").dose
        for version in ("registry", "protocol-2020"):
            with pytest.raises(nc.DoseRefused, match="receives no cells"):
                _ = nc.trials.load("NCT03601416", version).arm("control").dose

    def test_of_two_arms_that_differ_by_case_the_one_that_is_typed(self, tmp_path: Path) -> None:
        text = SITE.replace('name = "B"', 'name = "a"')
        trial = nc.trials.load(site(tmp_path, text))
        assert [trial.arm(name).name for name in ("A", "a")] == ["A", "a"]
        two = nc.trials.load(site(tmp_path, text.replace('name = "a"', 'name = "b"')))
        assert two.arm("B").name == "b"
        with pytest.raises(nc.InputError, match="has: A, b"):
            two.arm("c")

    @pytest.mark.requirement("REQ-TRIAL-02")
    def test_an_arm_or_version_that_is_not_there(self) -> None:
        with pytest.raises(nc.InputError, match="has: A, B"):
            nc.trials.load("NCT03558334").arm("C")
        with pytest.raises(nc.InputError, match="has: registry"):
            nc.trials.load("NCT03558334", version="2")
        with pytest.raises(nc.InputError, match="accepted: NCT03558334, NCT03601416"):
            nc.trials.load("NCT00000000")

    @pytest.mark.requirement("REQ-TRIAL-03")
    def test_what_is_missing_is_missing(self) -> None:
        for trial in trials.trials():
            assert trial.not_stated
            assert trial.source
            for arm in trial.arms:
                stated = set(arm.limits.figures) - set(nc.dose.Limits().figures)
                assert stated <= {"dose"}
        assert nc.trials.load("NCT03601416", "registry").windows("2026-08-14") == ()
        assert nc.trials.load("NCT03558334").visits("2026-08-14") == ()

    @pytest.mark.requirement("REQ-TRIAL-03")
    def test_facts(self) -> None:
        assert nc.trials.load("NCT03558334").facts["participants"] == 12
        assert nc.trials.load("NCT03601416", "registry").facts["participants"] == 57
        published = nc.trials.load("NCT03601416", "protocol-2020")
        assert published.facts["participants"] == 72
        assert published.facts["doi"] == "10.1186/s13063-019-3935-x"

    def test_the_checksum_is_that_of_the_file(self) -> None:
        trial = nc.trials.load("NCT03558334")
        path = tables_folder() / "trials" / "NCT03558334.toml"
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        assert trial.sha256 == trial.arm("A").sha256 == sha256
        assert trial.origin == trial.arm("A").origin == "shipped"
        assert trial.label == "NCT03558334, version registry"
        assert nc.trials.load(path).definition == trial.definition == {
            "trial": "NCT03558334", "version": "registry", "origin": "shipped", "sha256": sha256,
        }  # fmt: skip

    def test_files_are_named_after_trial_and_version(self) -> None:
        """The names say which trials and versions a site's own file cannot take."""
        root = tables_folder()
        stated = {(trial.id, trial.version) for trial in trials.trials()}
        assert set(files._names(root)) == stated

    @pytest.mark.requirement("REQ-TRIAL-07")
    def test_none_of_several_versions_is_chosen(self) -> None:
        with pytest.raises(nc.MissingError) as caught:
            nc.trials.load("NCT03601416")
        assert str(caught.value) == (
            "version: missing; NCT03601416 has several, name the one that is meant: "
            "protocol-2020 (shipped), registry (shipped)"
        )


class TestEligibility:
    @pytest.mark.requirement("REQ-TRIAL-04")
    @pytest.mark.parametrize(
        ("age", "born", "truth"),
        [(PRETERM, MET, True), (TERM, NOT_MET, False), (UNSTATED, UNDECIDED, False)],
    )
    def test_preterm(self, age: nc.Age, born: str, truth: bool) -> None:
        found = nc.trials.load("NCT03558334").eligible(age)
        assert [criterion.outcome for criterion in found] == [born, UNDECIDED]
        assert len(found) == 2
        assert bool(found) is truth
        assert found.outcome == (NOT_MET if born == NOT_MET else UNDECIDED)

    @pytest.mark.requirement("REQ-TRIAL-04")
    @pytest.mark.parametrize(
        ("days", "outcome"), [(27, NOT_MET), (28, MET), (365, MET), (366, NOT_MET)]
    )
    def test_age_at_enrolment(self, days: int, outcome: str) -> None:
        found = nc.trials.load("NCT03601416", "registry").eligible(nc.Age.from_days(days))
        assert [criterion.outcome for criterion in found] == [outcome]
        assert found.outcome == outcome
        assert bool(found) is (outcome == MET)
        assert f"{days} days old" in found.criteria[0].reason

    @pytest.mark.parametrize(
        ("born", "on", "outcome"),
        [
            ("2023-06-01", "2024-06-01", MET),  # 366 days, and the first birthday
            ("2023-06-01", "2024-06-02", NOT_MET),
            ("2024-06-01", "2025-06-01", MET),
            ("2024-06-01", "2025-06-02", NOT_MET),
            ("2024-02-29", "2025-02-28", MET),
            ("2024-02-29", "2025-03-01", MET),
            ("2024-02-29", "2025-03-02", NOT_MET),
            ("2024-06-01", "2024-06-29", MET),
            ("2024-06-01", "2024-06-28", NOT_MET),
        ],
    )
    def test_the_first_birthday_after_a_leap_day(self, born: str, on: str, outcome: str) -> None:
        """366 days after birth was more than 1 year."""
        found = nc.trials.load("NCT03601416", "registry").eligible(nc.Age(born, on))
        assert found.outcome == outcome

    def test_months_of_the_calendar_from_below(self, tmp_path: Path) -> None:
        text = SITE.replace('min_age = "28 day"', 'min_age = "1 month"')
        trial = nc.trials.load(site(tmp_path, text))
        assert trial.eligible(nc.Age("2025-02-01", "2025-03-01")).outcome == MET
        assert trial.eligible(nc.Age("2025-02-01", "2025-02-28")).outcome == NOT_MET
        assert trial.eligible(nc.Age.from_days(29)).outcome == NOT_MET
        assert trial.eligible(nc.Age.from_days(30)).outcome == MET

    @pytest.mark.requirement("REQ-TRIAL-04")
    def test_reasons(self) -> None:
        found = nc.trials.load("NCT03558334").eligible(UNSTATED)
        assert [criterion.reason for criterion in found] == [
            "gestation is not stated",
            "an age does not tell",
        ]
        assert repr(found) == "<Eligibility not decidable from age: 2 criteria>"

    @pytest.mark.requirement("REQ-TRIAL-04")
    def test_without_criteria_nothing_is_decided(self) -> None:
        found = nc.trials.load("NCT03601416", "protocol-2020").eligible(PRETERM)
        assert found.outcome == UNDECIDED
        assert not found

    @pytest.mark.parametrize("age", [60, None, nc.Age.from_days([60, 61])])
    def test_it_needs_the_age_of_one_infant(self, age: Any) -> None:
        with pytest.raises(nc.AgeError):
            nc.trials.load("NCT03558334").eligible(age)

    def test_one_side_alone_and_the_other_way_round(self, tmp_path: Path) -> None:
        text = SITE.replace('max_age = "6 month"\n', "").replace(
            'min_age = "28 day"', 'max_age = "28 day"\npreterm = false'
        )
        trial = nc.trials.load(site(tmp_path, text))
        assert trial.eligible(nc.Age.from_days(28, gestation="39+0")).outcome == MET
        assert trial.eligible(nc.Age.from_days(29, gestation="39+0")).outcome == NOT_MET
        assert trial.eligible(nc.Age.from_days(28, gestation="30+0")).outcome == NOT_MET
        both = trial.eligible(nc.Age.from_days(29, gestation="30+0")).criteria[0].reason
        assert both == "born before 37 weeks; 29 days old"
        assert trial.eligible(nc.Age.from_days(28)).outcome == UNDECIDED


class TestWindows:
    @pytest.mark.requirement("REQ-TRIAL-05")
    def test_from_a_date(self) -> None:
        found = nc.trials.load("NCT03558334").windows("2026-08-14")
        assert [(window.within, window.end) for window in found] == [
            ("24 hours", dt.date(2026, 8, 15)),
            ("3 days", dt.date(2026, 8, 17)),
            ("2 years", dt.date(2028, 8, 14)),
            ("2 years", dt.date(2028, 8, 14)),
        ]
        assert {window.start for window in found} == {dt.date(2026, 8, 14)}

    @pytest.mark.requirement("REQ-TRIAL-05")
    def test_from_a_time(self) -> None:
        found = nc.trials.load("NCT03558334").windows("2026-08-14T09:30+08:00")
        assert found[0].end.isoformat() == "2026-08-15T09:30:00+08:00"

    @pytest.mark.requirement("REQ-TRIAL-05")
    def test_visits(self) -> None:
        found = nc.trials.load("NCT03601416", "protocol-2020").visits("2026-08-31")
        assert [(visit.after, str(visit.on)) for visit in found] == [
            ("1 month", "2026-09-30"),
            ("3 months", "2026-11-30"),
            ("6 months", "2027-02-28"),
            ("12 months", "2027-08-31"),
            ("24 months", "2028-08-31"),
        ]

    @pytest.mark.requirement("REQ-TRIAL-05")
    def test_a_leap_day(self) -> None:
        found = nc.trials.load("NCT03558334").windows("2024-02-29")
        assert found[2].end == dt.date(2026, 2, 28)

    @pytest.mark.parametrize("text", ["24 h", "0 days", "2 decades", "", None, 24, "1.5 days"])
    def test_periods_are_whole(self, text: object) -> None:
        with pytest.raises(nc.InputError):
            Period.read(text, "within")

    def test_beyond_the_calendar(self) -> None:
        with pytest.raises(nc.AgeError, match="before the year 10000"):
            nc.trials.load("NCT03558334").windows("9999-12-31")

    def test_a_wrong_date(self) -> None:
        with pytest.raises(nc.InputError, match="administered_on"):
            nc.trials.load("NCT03558334").windows("14 August")


class TestSite:
    @pytest.mark.requirement("REQ-TRIAL-06")
    def test_by_path(self, tmp_path: Path) -> None:
        trial = nc.trials.load(site(tmp_path))
        assert trial.arm("A").dose.magnitude == 2e6
        assert trial.arm("A").limits["max_rate"] is None
        assert str(trial.arm("B").limits["max_rate"]) == "4 mL/h"
        assert str(trial.arm("B").limits["max_volume_per_kg"]) == "2 mL/kg"
        assert trial.arm("B").limits.counts == "total"
        assert trial.windows("2026-08-14T09:30")[0].end.isoformat() == "2026-08-14T21:30:00"
        assert nc.trials.load(str(site(tmp_path)), version="2").id == "SITE-1"
        with pytest.raises(nc.InputError, match="has: 2"):
            nc.trials.load(site(tmp_path), version="3")

    @pytest.mark.requirement("REQ-TRIAL-06")
    def test_its_limits_hold(self, tmp_path: Path) -> None:
        arm = nc.trials.load(site(tmp_path)).arm("B")
        with pytest.raises(nc.DoseRefused, match="hard stop: volume per kg"):
            nc.dose.prepare(
                weight="2 kg", arm=arm, concentration="1 million cells/mL", doses_given=[]
            )

    @pytest.mark.requirement("REQ-TRIAL-06")
    @pytest.mark.parametrize("as_folder", [True, False])
    def test_by_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
    ) -> None:
        path = site(tmp_path)
        monkeypatch.setenv(files.ENVIRONMENT, f":{tmp_path if as_folder else path}")
        assert nc.trials.load("SITE-1").version == "2"

    @pytest.mark.requirement("REQ-TRIAL-02")
    def test_several_versions_need_a_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site(tmp_path)
        site(tmp_path, SITE.replace('version = "2"', 'version = "3"'), "site3.toml")
        monkeypatch.setenv(files.ENVIRONMENT, str(tmp_path))
        listed = re.escape("2 (site.toml), 3 (site3.toml)")
        with pytest.raises(nc.MissingError, match=f"name the one that is meant: {listed}$"):
            nc.trials.load("SITE-1")
        with pytest.raises(nc.InputError, match=f"version: '4' .* SITE-1 has: {listed}$"):
            nc.trials.load("SITE-1", "4")
        assert nc.trials.load("SITE-1", "3").version == "3"

    def test_the_same_version_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site(tmp_path)
        site(tmp_path, SITE, "again.toml")
        monkeypatch.setenv(files.ENVIRONMENT, str(tmp_path))
        for version in (None, "2"):
            with pytest.raises(nc.PolicyError, match=r"second definition of SITE-1, version 2"):
                nc.trials.load("SITE-1", version)
        with pytest.raises(nc.PolicyError, match="second definition"):
            trials.trials()

    def test_a_file_that_is_listed_twice_is_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "shipped").symlink_to(tables_folder() / "trials")
        monkeypatch.setenv(files.ENVIRONMENT, f"{tmp_path}:{site(tmp_path)}:{tmp_path / 'shipped'}")
        assert nc.trials.load("SITE-1").version == "2"
        assert nc.trials.load("NCT03558334").origin == "shipped"
        assert len(trials.trials()) == 4

    @pytest.mark.parametrize("name", [None, 5, b"NCT03558334", ["NCT03558334"]])
    def test_a_trial_is_named_by_a_text_or_a_path(self, name: Any) -> None:
        with pytest.raises(nc.InputError, match="NCT03558334"):
            nc.trials.load(name)

    def test_an_empty_folder_and_a_missing_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(nc.FileError, match="No such file"):
            nc.trials.load(tmp_path / "none.toml")
        monkeypatch.setenv(files.ENVIRONMENT, str(tmp_path))
        with pytest.raises(nc.FileError, match="holds no definition"):
            nc.trials.load("SITE-1")

    @pytest.mark.requirement("REQ-TRIAL-06")
    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('id = "SITE-1"', "id = 1", "the file: id must be a text"),
            ('title = "A site\'s trial"', "", "the file: title must be a text"),
            ('title = "A site\'s trial"', 'titel = "x"', "not known: titel"),
            ('title = "A site\'s trial"', 'title = "two\\nlines"', "title must be a text"),
            ('id = "SITE-1"', 'id = " SITE-1"', "id must be a text of one line"),
            ('name = "A"', 'name = "A "', "name must be a text of one line"),
            ('name = "A"', 'name = "A"\ndescription = 5', "description must be a text"),
            ('id = "SITE-1"', 'id = "SITE-1"\nsponsor = 5', "sponsor must be a text"),
            ('id = "SITE-1"', 'id = "SITE-1"\nparticipants = "many"', "participants must be"),
            ('id = "SITE-1"', 'id = "SITE-1"\nparticipants = true', "participants must be"),
            ('id = "SITE-1"', 'id = "SITE-1"\nnotes = "one"', "notes must be a list of texts"),
            ('id = "SITE-1"', 'id = "SITE-1"\nnot_stated = [5]', "not_stated must be a list of"),
            ('version = "2"', "version =", "Invalid value"),
            ('dose = "2 million cells/kg"', "dose = 2e6", r"'A'.*dose: 2000000.0"),
            ('dose = "2 million cells/kg"', 'dose = "2 mg/kg"', r"\[\[arms\]\] 'A'"),
            ('dose = "2 million cells/kg"', 'doze = "x"', "not known: doze"),
            ('dose = "2 million cells/kg"', "receives_cells = 1", "true or false"),
            (
                'dose = "2 million cells/kg"',
                'receives_cells = false\ndose = "2 million cells/kg"',
                "a dose for an arm that receives no cells",
            ),
            ('name = "B"', 'name = "A"', "no name twice"),
            ('name = "B"', "", "name must be a text"),
            ("[[arms]]", "[[weapons]]", "not known: weapons"),
            ('max_rate = "4 mL/h"', 'max_rate = "4 mL"', "'B'.*max_rate"),
            ('{ max_rate = "4 mL/h" }', '"4 mL/h"', "must be a section"),
            ('{ max_rate = "4 mL/h" }', '{ dose = "1 cell/kg" }', "not known: dose"),
            ('min_age = "28 day"', 'min_age = "28"', "min_age"),
            ('min_age = "28 day"', 'min_age = "7 month"', "min_age is above max_age"),
            ('min_age = "28 day"', 'preterm = "yes"', "preterm must be true or false"),
            ('within = "12 hours"', 'within = "soon"', "within"),
            ('within = "12 hours"', "", "within"),
            ('[limits]', '[[limits]]', "limits: must be a section"),
            ('counts = "total"', 'counts = "some"', "counts"),
            ("max_doses = 3", 'max_doses = 3\nmin_rate = "1 mL/h"', "not known: min_rate"),
            ("max_doses = 3", 'min_weight = "16 kg"', "min_weight 16 kg is above max_weight 15 kg"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_named(self, tmp_path: Path, old: str, new: str, said: str) -> None:
        assert old in SITE
        path = site(tmp_path, SITE.replace(old, new))
        with pytest.raises(nc.PolicyError, match=said) as caught:
            nc.trials.load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("added", "said"),
        [("arms = 3\n", "arms: must be a list"), ("visits = 3\n", "visits: must be a list"),
         ("outcomes = [3]\n", r"\[\[outcomes\]\]: must be sections"),
         ('visits = ["soon"]\n', "visits")],
    )  # fmt: skip
    def test_sections_of_the_wrong_kind(self, tmp_path: Path, added: str, said: str) -> None:
        name = added.split(" ", maxsplit=1)[0]
        rest = SITE.split(f"[[{name}]]", maxsplit=1)[0] if f"[[{name}]]" in SITE else SITE
        path = site(tmp_path, added + rest)
        with pytest.raises(nc.PolicyError, match=said):
            nc.trials.load(path)

    def test_no_arms_and_no_text(self, tmp_path: Path) -> None:
        with pytest.raises(nc.PolicyError, match="at least one"):
            nc.trials.load(site(tmp_path, SITE.split("[[arms]]", maxsplit=1)[0]))
        path = tmp_path / "bytes.toml"
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(nc.PolicyError):
            nc.trials.load(path)

    def test_without_other_versions_the_advice_is_to_name_one(self, tmp_path: Path) -> None:
        text = SITE.replace('dose = "2 million cells/kg"\n', "")
        with pytest.raises(nc.DoseRefused, match="name a protocol version that does"):
            _ = nc.trials.load(site(tmp_path, text)).arm("A").dose


# ------------------------------------------------------------- a site's own beside those that ship

REGISTERED = (
    SITE.replace('"SITE-1"', '"NCT03558334"')
    .replace('version = "2"', 'version = "2.1"')
    .replace('counts = "total"', 'counts = "viable"')
)
"""A site's own version of a trial that ships."""
DOSE = ("--arm", "A", "--weight", "2.35kg", "--concentration", "5e6cells/mL", "--viability", "92%")
FIRST = ("--none-given",)
"""A dose of a trial that limits their number says which were given before."""
LISTED = "registry (shipped), 2.1 (site.toml)"
VISITS = Path(__file__).resolve().parents[2] / "examples" / "cohort.csv"


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on NEOCALC_TRIALS, in which the commands run."""
    folder = tmp_path / "trials"
    folder.mkdir()
    monkeypatch.setenv(files.ENVIRONMENT, str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def commands(trial: str, version: str | None = None) -> dict[str, list[str]]:
    """Every command that takes a trial, with its own option for the version."""
    of = {name: [] if version is None else [name, version] for name in OPTIONS}
    chart = [str(VISITS), "--subject", "001-0037", "--trial", trial, *of["--trial-version"]]
    return {
        "dose": ["dose", "--trial", trial, *of["--protocol-version"], *DOSE, *FIRST],
        "score": [
            "score", str(VISITS), "-o", "out.csv", "--dose", f"{trial}:A", "--every-row",
            *of["--protocol-version"],
        ],
        "chart": ["chart", *chart, "-o", "out.svg"],
        "report": ["report", *chart, "-o", "out.html"],
    }  # fmt: skip


OPTIONS = ("--protocol-version", "--trial-version")
OPTION = {"dose": OPTIONS[0], "score": OPTIONS[0], "chart": OPTIONS[1], "report": OPTIONS[1]}


class TestSeveralVersions:
    """A site's own version 2.1 was once passed over for the version of the registry."""

    @pytest.mark.requirement("REQ-TRIAL-07")
    @pytest.mark.parametrize("command", list(OPTION))
    def test_no_command_chooses(
        self, beside: Path, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        site(beside, REGISTERED)
        assert main(commands("NCT03558334")[command]) == 2
        told = capsys.readouterr().err.splitlines()
        assert told[-1] == (
            f"neocalc: {OPTION[command]}: missing; NCT03558334 has several, name the one that is "
            f"meant: {LISTED}"
        )
        assert [path.name for path in beside.parent.iterdir()] == ["trials"]

    @pytest.mark.parametrize("command", list(OPTION))
    @pytest.mark.parametrize("version", ["registry", "2.1"])
    def test_every_command_takes_the_one_that_is_named(
        self, beside: Path, capsys: pytest.CaptureFixture[str], command: str, version: str
    ) -> None:
        site(beside, REGISTERED)
        assert main([*commands("NCT03558334", version)[command], "--json"]) == 0
        assert "several" not in capsys.readouterr().err

    @pytest.mark.parametrize("command", list(OPTION))
    def test_a_version_that_is_not_there(
        self, beside: Path, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        site(beside, REGISTERED)
        assert main(commands("NCT03558334", "2.0")[command]) == 2
        assert (
            f"{OPTION[command]}: '2.0' is not accepted; NCT03558334 has: {LISTED}"
            in capsys.readouterr().err
        )

    @pytest.mark.parametrize("command", list(OPTION))
    def test_the_version_is_called_the_same_everywhere(
        self, beside: Path, capsys: pytest.CaptureFixture[str], command: str
    ) -> None:
        site(beside, REGISTERED)
        asked = [
            OPTIONS[0] if word == OPTIONS[1] else word
            for word in commands("NCT03558334", "2.1")[command]
        ]
        assert main(asked) == 0, capsys.readouterr().err

    @pytest.mark.requirement("REQ-TRIAL-07")
    def test_python_alike(self, beside: Path) -> None:
        path = site(beside, REGISTERED)
        visits = pl.read_csv(VISITS, infer_schema=False)
        calls: list[Callable[..., Any]] = [
            nc.trials.load,
            partial(nc.chart.infant, visits, subject="001-0037"),
            partial(nc.chart.velocity, visits, subject="001-0037"),
            partial(nc.report.page, visits, subject="001-0037"),
        ]
        for call in calls:
            given = {} if call is nc.trials.load else {"trial": "NCT03558334"}
            names = ("NCT03558334",) if call is nc.trials.load else ()
            with pytest.raises(nc.MissingError, match=re.escape(LISTED)):
                call(*names, **given)
            call(*names, **given, version="2.1")
        found = nc.trials.load("nct03558334", "2.1")  # in any case: the same trial
        assert found.definition == nc.trials.load(path).definition
        assert found.label == "NCT03558334, version 2.1, from site.toml"

    def test_a_path_names_one_version(self, beside: Path) -> None:
        path = site(beside, REGISTERED)
        assert nc.trials.load(path).version == "2.1"


class TestPinned:
    """Records, sheets and reports say which definition was used."""

    @pytest.fixture
    def sha256(self, beside: Path) -> str:
        return hashlib.sha256(site(beside, REGISTERED).read_bytes()).hexdigest()

    @pytest.mark.requirement("REQ-TRIAL-08")
    def test_dose(self, sha256: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        asked = commands("NCT03558334", "2.1")["dose"]
        assert main([*asked, "--audit", "a.jsonl", "--worksheet", "w.txt"]) == 0
        assert "NCT03558334, version 2.1, arm A, from site.toml" in capsys.readouterr().out
        (line,) = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
        assert json.loads(line)["protocol"] == {
            "trial": "NCT03558334", "version": "2.1", "arm": "A", "origin": "site.toml",
            "sha256": sha256,
        }  # fmt: skip
        sheet = " ".join((tmp_path / "w.txt").read_text("utf-8").split())
        assert "NCT03558334, version 2.1, arm A, from site.toml" in sheet
        assert "protocol file site.toml" in sheet
        assert f"protocol file, SHA-256 {sha256}" in sheet

    def test_the_sheet_of_one_that_ships(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main([*commands("NCT03558334")["dose"], "--worksheet", "w.txt"]) == 0
        sheet = " ".join((tmp_path / "w.txt").read_text("utf-8").split())
        assert "protocol file ships with neocalc" in sheet

    @pytest.mark.requirement("REQ-TRIAL-08")
    def test_score(self, sha256: str, tmp_path: Path) -> None:
        assert main(commands("NCT03558334", "2.1")["score"]) == 0
        dose = json.loads((tmp_path / "out.csv.json").read_text("utf-8"))["dose"]
        assert [dose[name] for name in ("trial", "version", "arm", "origin", "sha256")] == [
            "NCT03558334", "2.1", "A", "site.toml", sha256,
        ]  # fmt: skip

    @pytest.mark.requirement("REQ-TRIAL-08")
    def test_chart_and_report(
        self, sha256: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pinned = {
            "trial": "NCT03558334", "version": "2.1", "origin": "site.toml", "sha256": sha256,
        }  # fmt: skip
        assert main([*commands("NCT03558334", "2.1")["chart"], "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["trial"] == pinned
        assert main(commands("NCT03558334", "2.1")["report"]) == 0
        page = html.unescape((tmp_path / "out.html").read_text("utf-8"))
        assert json.dumps({"trial": pinned}, indent=2)[2:-2].replace("\n", "\n  ") in page
        assert "Windows of NCT03558334, version 2.1, from site.toml: 12 hours: " in page

    def test_a_chart_without_a_trial(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert main(["chart", str(VISITS), "-o", "out.svg", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["trial"] is None

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
    def test_a_name_that_would_move_the_cursor(self, tmp_path: Path) -> None:
        trial = nc.trials.load(site(tmp_path, SITE, "a\x1b[2J\u202e.toml"))
        assert trial.origin == "a\\x1b[2J\\u202e.toml"


class TestTakenNames:
    @pytest.mark.requirement("REQ-TRIAL-07")
    @pytest.mark.parametrize(
        ("trial", "version"),
        [("NCT03558334", "registry"), ("nct03558334", "Registry"), ("ＮＣＴ03558334", "registry"),
         ("NCT03601416", "protocol-2020")],
    )  # fmt: skip
    def test_a_site_cannot_take_the_place_of_one_that_ships(
        self, beside: Path, trial: str, version: str
    ) -> None:
        text = REGISTERED.replace("NCT03558334", trial).replace('"2.1"', f'"{version}"')
        path = site(beside, text)
        said = "ships with neocalc; give yours another version"
        with pytest.raises(nc.PolicyError, match=said):
            nc.trials.load(path)
        shipped = "NCT03601416" if "36" in trial else "NCT03558334"
        for asked in (None, version):
            with pytest.raises(nc.PolicyError, match=said):
                nc.trials.load(shipped, asked)

    def test_a_copy_of_one_that_ships_is_no_other(self, tmp_path: Path) -> None:
        copy = shutil.copy(tables_folder() / "trials" / "NCT03558334.toml", tmp_path)
        with pytest.raises(nc.PolicyError, match="ships with neocalc"):
            nc.trials.load(copy)


class TestBrokenFiles:
    """A broken file of another trial does not block a dose; one of the same trial does."""

    OTHER: ClassVar = {
        "another trial, a limit of nothing": SITE.replace("max_doses = 3", "max_doses = 0"),
        "another trial, no TOML": SITE.replace("[[arms]]", "[[arms"),
        "no TOML and no name": "[[[",
        "no id": SITE.replace('id = "SITE-1"', ""),
        "an id that is no text": SITE.replace('id = "SITE-1"', "id = 7"),
        "no UTF-8": b"\xff\xfe\x00",
        "nothing": "",
    }
    SAME: ClassVar = {
        "a limit of nothing": REGISTERED.replace("max_doses = 3", "max_doses = 0"),
        "no TOML": REGISTERED.replace("[[arms]]", "[[arms"),
        "no TOML, in UTF-16": REGISTERED.encode("utf-16"),
        "no version": REGISTERED.replace('version = "2.1"', ""),
        "another case": REGISTERED.replace("NCT", "nct").replace("[[arms]]", "[[arms"),
    }

    @pytest.mark.requirement("REQ-TRIAL-09")
    @pytest.mark.parametrize("content", list(OTHER.values()), ids=list(OTHER))
    def test_of_another_trial(
        self, beside: Path, capsys: pytest.CaptureFixture[str], content: str | bytes
    ) -> None:
        (beside / "x.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        assert main(commands("NCT03558334")["dose"]) == 0
        told = capsys.readouterr()
        (notice,) = told.err.splitlines()
        assert notice.startswith(f"Notice: passed over: {beside / 'x.toml'}: ")
        assert "2,350,000 cells" in told.out
        with pytest.warns(nc.TrialWarning, match=re.escape(str(beside / "x.toml"))):
            assert nc.trials.load("NCT03558334").origin == "shipped"
        with warnings.catch_warnings():
            warnings.simplefilter("error", nc.TrialWarning)
            with pytest.raises(nc.TrialWarning):
                nc.trials.load("NCT03558334")

    @pytest.mark.requirement("REQ-TRIAL-09")
    @pytest.mark.parametrize("content", list(SAME.values()), ids=list(SAME))
    def test_of_the_same_trial(
        self, beside: Path, capsys: pytest.CaptureFixture[str], content: str | bytes
    ) -> None:
        (beside / "x.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        assert main(commands("NCT03558334")["dose"]) == 2
        assert str(beside / "x.toml") in capsys.readouterr().err
        assert main(commands("NCT03558334", "2.1")["dose"]) == 2
        assert str(beside / "x.toml") in capsys.readouterr().err
        assert main(commands("NCT03558334", "registry")["dose"]) == 0  # none other can be meant
        assert "Notice: passed over: " in capsys.readouterr().err

    @pytest.mark.requirement("REQ-TRIAL-09")
    @pytest.mark.parametrize("kind", ["missing", "empty folder", "pipe", "too large"])
    def test_what_cannot_be_read_may_be_any_trial(
        self, beside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        """A share that is not mounted once hid a site's own version."""
        entry = beside / "x.toml"
        if kind == "pipe":
            os.mkfifo(entry)
        elif kind == "too large":
            with entry.open("wb") as file:
                file.truncate((1 << 20) + 1)
        elif kind == "missing":
            monkeypatch.setenv(files.ENVIRONMENT, str(entry))
        with pytest.raises(nc.FileError, match=re.escape(str(beside))):
            nc.trials.load("NCT03558334")
        with pytest.warns(nc.TrialWarning, match=re.escape(str(beside))):
            assert nc.trials.load("NCT03558334", "registry").origin == "shipped"

    def test_other_warnings_are_shown_as_they_were(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def run(_: object) -> int:
            warnings.warn("of something else", stacklevel=1)
            return 0

        monkeypatch.setattr("neocalc.cli.references.run_references", run)
        with pytest.warns(UserWarning, match="of something else"):
            assert main(["references"]) == 0
        assert "Notice" not in capsys.readouterr().err

    def test_the_ones_that_are_there_are_named(self, beside: Path) -> None:
        site(beside)
        with pytest.raises(nc.InputError, match="accepted: NCT03558334, NCT03601416, SITE-1, or"):
            nc.trials.load("NCT0")


def test_the_definition_on_the_page_of_the_dose(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "dose.md").read_text("utf-8")
    trial = nc.trials.load(site(tmp_path, page.split("```toml\n")[1].split("```")[0]))
    assert trial.arm("A").dose.magnitude == 1e6
    assert str(trial.arm("A").limits["max_rate_per_kg"]) == "4 mL/kg/h"
