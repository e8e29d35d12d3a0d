"""Trials as data: what the sources state, what they do not, and a site's own definitions."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from neocalc import trials
from neocalc.references import tables_folder
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
    def test_versions(self) -> None:
        assert [(trial.id, trial.version) for trial in trials.trials()] == [
            ("NCT03558334", "registry"),
            ("NCT03601416", "protocol-2020"),
            ("NCT03601416", "registry"),
        ]

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

    def test_a_dose_that_the_registry_does_not_state_is_refused(self) -> None:
        trial = nc.trials.load("NCT03601416")
        assert trial.version == "registry"
        with pytest.raises(nc.DoseRefused, match=r"states no dose.*do: protocol-2020"):
            _ = trial.arm("MSC").dose
        for version in ("registry", "protocol-2020"):
            with pytest.raises(nc.DoseRefused, match="receives no cells"):
                _ = nc.trials.load("NCT03601416", version).arm("control").dose

    def test_an_arm_or_version_that_is_not_there(self) -> None:
        with pytest.raises(nc.InputError, match="has: A, B"):
            nc.trials.load("NCT03558334").arm("C")
        with pytest.raises(nc.InputError, match="has: registry"):
            nc.trials.load("NCT03558334", version="2")
        with pytest.raises(nc.InputError, match="accepted: NCT03558334, NCT03601416"):
            nc.trials.load("NCT00000000")

    def test_what_is_missing_is_missing(self) -> None:
        for trial in trials.trials():
            assert trial.not_stated
            assert trial.source
            for arm in trial.arms:
                stated = set(arm.limits.figures) - set(nc.dose.Limits().figures)
                assert stated <= {"dose"}
        assert nc.trials.load("NCT03601416").windows("2026-08-14") == ()
        assert nc.trials.load("NCT03558334").visits("2026-08-14") == ()

    def test_facts(self) -> None:
        assert nc.trials.load("NCT03558334").facts["participants"] == 12
        assert nc.trials.load("NCT03601416").facts["participants"] == 57
        published = nc.trials.load("NCT03601416", "protocol-2020")
        assert published.facts["participants"] == 72
        assert published.facts["doi"] == "10.1186/s13063-019-3935-x"

    def test_the_checksum_is_that_of_the_file(self) -> None:
        trial = nc.trials.load("NCT03558334")
        content = (tables_folder() / "trials" / "NCT03558334.toml").read_bytes()
        assert trial.sha256 == trial.arm("A").sha256 == hashlib.sha256(content).hexdigest()


class TestEligibility:
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

    @pytest.mark.parametrize(
        ("days", "outcome"), [(27, NOT_MET), (28, MET), (365, MET), (366, NOT_MET)]
    )
    def test_age_at_enrolment(self, days: int, outcome: str) -> None:
        found = nc.trials.load("NCT03601416").eligible(nc.Age.from_days(days))
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

    def test_reasons(self) -> None:
        found = nc.trials.load("NCT03558334").eligible(UNSTATED)
        assert [criterion.reason for criterion in found] == [
            "gestation is not stated",
            "an age does not tell",
        ]
        assert repr(found) == "<Eligibility not decidable from age: 2 criteria>"

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
    def test_from_a_date(self) -> None:
        found = nc.trials.load("NCT03558334").windows("2026-08-14")
        assert [(window.within, window.end) for window in found] == [
            ("24 hours", dt.date(2026, 8, 15)),
            ("3 days", dt.date(2026, 8, 17)),
            ("2 years", dt.date(2028, 8, 14)),
            ("2 years", dt.date(2028, 8, 14)),
        ]
        assert {window.start for window in found} == {dt.date(2026, 8, 14)}

    def test_from_a_time(self) -> None:
        found = nc.trials.load("NCT03558334").windows("2026-08-14T09:30+08:00")
        assert found[0].end.isoformat() == "2026-08-15T09:30:00+08:00"

    def test_visits(self) -> None:
        found = nc.trials.load("NCT03601416", "protocol-2020").visits("2026-08-31")
        assert [(visit.after, str(visit.on)) for visit in found] == [
            ("1 month", "2026-09-30"),
            ("3 months", "2026-11-30"),
            ("6 months", "2027-02-28"),
            ("12 months", "2027-08-31"),
            ("24 months", "2028-08-31"),
        ]

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

    def test_its_limits_hold(self, tmp_path: Path) -> None:
        arm = nc.trials.load(site(tmp_path)).arm("B")
        with pytest.raises(nc.DoseRefused, match="hard stop: volume per kg"):
            nc.dose.prepare(
                weight="2 kg", arm=arm, concentration="1 million cells/mL", doses_given=[]
            )

    @pytest.mark.parametrize("as_folder", [True, False])
    def test_by_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
    ) -> None:
        path = site(tmp_path)
        monkeypatch.setenv(trials.ENVIRONMENT, f":{tmp_path if as_folder else path}")
        assert nc.trials.load("SITE-1").version == "2"

    def test_several_versions_need_a_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site(tmp_path)
        site(tmp_path, SITE.replace('version = "2"', 'version = "3"'), "site3.toml")
        monkeypatch.setenv(trials.ENVIRONMENT, str(tmp_path))
        with pytest.raises(nc.InputError, match="has: 2, 3"):
            nc.trials.load("SITE-1")
        assert nc.trials.load("SITE-1", "3").version == "3"

    def test_the_same_version_twice(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site(tmp_path)
        site(tmp_path, SITE, "again.toml")
        monkeypatch.setenv(trials.ENVIRONMENT, str(tmp_path))
        with pytest.raises(nc.PolicyError, match=r"second definition of SITE-1, version 2"):
            nc.trials.load("SITE-1")

    @pytest.mark.parametrize("name", [None, 5, b"NCT03558334", ["NCT03558334"]])
    def test_a_trial_is_named_by_a_text_or_a_path(self, name: Any) -> None:
        with pytest.raises(nc.InputError, match="NCT03558334"):
            nc.trials.load(name)

    def test_an_empty_folder_and_a_missing_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(nc.FileError, match="No such file"):
            nc.trials.load(tmp_path / "none.toml")
        monkeypatch.setenv(trials.ENVIRONMENT, str(tmp_path))
        with pytest.raises(nc.FileError, match="holds no definition"):
            nc.trials.load("SITE-1")

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


def test_the_definition_on_the_page_of_the_dose(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "dose.md").read_text("utf-8")
    trial = nc.trials.load(site(tmp_path, page.split("```toml\n")[1].split("```")[0]))
    assert trial.arm("A").dose.magnitude == 1e6
    assert str(trial.arm("A").limits["max_rate_per_kg"]) == "4 mL/kg/h"
