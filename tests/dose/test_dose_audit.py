"""The audit record: everything a dose or a refusal rests on, the same for the same call."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from dose_arguments import passing, plan_of, refusal_of
from neocalc.dose import Limits, Override, audit, prepare
from neocalc.dose.stops import DERIVED, INPUT
from neocalc.references.catalogue import tables_digest

AT = dt.datetime(2026, 8, 14, 9, 30, tzinfo=dt.UTC)


def test_a_dose() -> None:
    about = audit.record(plan_of(weight="3100 g"), at=AT)
    assert about["outcome"] == "prepared"
    assert about["time_utc"] == "2026-08-14T09:30:00Z"
    assert about["neocalc"] == nc.__version__
    assert about["tables"] == tables_digest()
    assert about["inputs"]["weight"] == {"value": 3.1, "unit": "kg", "given": "3100 g"}
    assert about["inputs"]["subject"] == "001-0004"
    assert about["inputs"]["prepared_by"] == "CD"
    assert about["inputs"]["age"] == {"chronological_days": 105, "gestation_days": 192}
    assert about["inputs"]["doses_given"] == [
        {"on": "2026-08-07 09:00", "value": 1e6, "unit": "cell/kg"}
    ]
    assert about["limits"]["max_rate"] == {"value": 10.0, "unit": "mL/h"}
    assert about["limits"]["counts"] == "viable"
    assert about["result"]["syringe volume"] == {"value": 0.67, "unit": "mL"}
    assert about["result"]["volume"]["value"] == pytest.approx(3.1 / 4.6)  # nothing is rounded
    assert len(about["checks"]) == len((*INPUT, *DERIVED))
    assert about["override"] is None
    assert about["refusal"] is None
    assert about["protocol"] is None


def test_a_trial_an_override_and_no_age() -> None:
    arm = nc.trials.load("NCT03558334").arm("A")
    plan = passing("dilution of the day", weight="2 kg", arm=arm,
                   viable_concentration="90,000 cells/mL")  # fmt: skip
    about = audit.record(plan, at=AT)
    assert about["protocol"] == {
        "trial": "NCT03558334", "version": "registry", "arm": "A", "origin": "shipped",
        "sha256": arm.sha256,
    }  # fmt: skip
    assert about["override"] == {
        "reason": "dilution of the day",
        "second_person": "AB",
        "seen": plan.override.seen if plan.override else "",
        "passed": ["concentration", "volume per kg"],
    }
    assert about["inputs"]["age"] is None
    assert about["inputs"]["doses_given"] is None
    unstated = prepare(
        weight="4 kg", dose="1 million cells/kg", viable_concentration="5 million cells/mL",
        age=nc.Age.from_days(60),
    )  # fmt: skip
    assert audit.record(unstated)["inputs"]["age"]["gestation_days"] is None


@pytest.mark.requirement("REQ-REC-03")
def test_a_refusal_has_its_inputs_and_checks_and_no_result() -> None:
    error = refusal_of(graduation="0.5 mL")
    about = audit.record(error, at=AT)
    assert about["outcome"] == "refused"
    assert about["result"] is None
    assert about["refusal"] == str(error)
    assert about["inputs"]["graduation"]["value"] == 0.5
    stopped = {check["name"] for check in about["checks"] if check["outcome"] == "hard stop"}
    assert stopped == {"rounding error"}
    derived = {check["name"]: check["value"] for check in about["checks"]}
    assert derived["volume per kg"] is derived["cells per dose"] is None


@pytest.mark.requirement("REQ-REC-03")
def test_a_refusal_for_an_arm_without_a_dose_says_what_was_asked_for() -> None:
    """It once held neither the protocol nor the inputs: nobody could say whose dose was refused."""
    arm = nc.trials.load("NCT03601416", "registry").arm("MSC")
    asked: dict[str, Any] = {"weight": "2 kg", "arm": arm, "subject": "001-0004"}
    with pytest.raises(nc.DoseRefused, match=r"^no dose: NCT03601416, version registry") as caught:
        prepare(**asked, viable_concentration="5 million cells/mL")
    about = audit.record(caught.value, at=AT)
    assert about["protocol"]["version"] == "registry"
    assert about["inputs"]["subject"] == "001-0004"
    assert about["inputs"]["weight"] == {"value": 2.0, "unit": "kg", "given": "2 kg"}
    assert "dose" not in about["inputs"]
    assert "dose" not in about["limits"]
    assert about["result"] is None
    hard = [check["name"] for check in about["checks"] if check["outcome"] == "hard stop"]
    assert hard == ["arm dose"]
    with pytest.raises(nc.DoseRefused) as caught:
        prepare(**asked, dose="1 million cells/kg", limits=Limits(max_total_dose="1 cell/kg"))
    assert audit.record(caught.value)["inputs"]["dose"]["value"] == 1e6
    with pytest.raises(nc.InputError, match="weight"):
        prepare(**asked | {"weight": "2 lb"})


def test_an_override_that_passes_nothing_says_so() -> None:
    error = refusal_of(weight="31 kg", override=Override("it is so", "AB", "ABCDEF"))
    assert audit.record(error)["override"]["passed"] == []


@pytest.mark.requirement("REQ-REC-03")
@pytest.mark.parametrize(
    "changes",
    [
        {"weight": "0 kg"},
        {"weight": "31 kg"},
        {"graduation": "0.5 mL"},
        {"arm": nc.trials.load("NCT03601416", "registry").arm("MSC"), "limits": None},
        {
            "arm": nc.trials.load("NCT03601416", "registry").arm("control"),
            "limits": None,
            "dose": None,
        },
    ],
)
def test_a_refusal_lists_every_check_in_order(changes: dict[str, Any]) -> None:
    """After a value that is not possible, twelve checks were not listed at all."""
    every = [check.name for check in plan_of().checks]
    assert [check.name for check in refusal_of(**changes).checks] == every


def test_the_dose_of_an_arm_was_not_typed() -> None:
    """The record once showed "1000000.0 cell / kilogram" as what was given."""
    arm = nc.trials.load("NCT03558334").arm("A")
    asked: dict[str, Any] = {"weight": "2 kg", "arm": arm, "viable_concentration": "2e6 cells/mL"}
    dose = audit.record(prepare(**asked))["inputs"]["dose"]
    assert dose == {"value": 1e6, "unit": "cell/kg", "given": None}
    typed = audit.record(prepare(**asked, dose="1 million cells/kg"))["inputs"]["dose"]
    assert typed["given"] == "1 million cells/kg"


def test_one_reference_whatever_the_age_is_what_the_record_says() -> None:
    about = audit.record(plan_of(reference="who-2006"))
    assert about["inputs"]["policy"].startswith("who-2006 whatever the age")


@pytest.mark.requirement("REQ-REC-01")
def test_it_is_one_line_of_json_and_deterministic() -> None:
    first, second = (audit.line(audit.record(plan_of(), at=AT)) for _ in range(2))
    assert first == second
    assert "\n" not in first
    assert json.loads(first)["record"] == "neocalc dose"


def test_names_keep_their_letters() -> None:
    assert "Zoë" in audit.line(audit.record(plan_of(subject="Zoë"), at=AT))


@pytest.mark.requirement("REQ-REC-03")
@pytest.mark.parametrize("at", [dt.datetime(2026, 8, 14, 9, 30), "2026-08-14T09:30Z"])  # noqa: DTZ001
def test_a_time_without_a_zone_is_refused(at: Any) -> None:
    with pytest.raises(nc.InputError, match="time zone"):
        audit.record(plan_of(), at=at)


def test_the_time_is_now_by_default() -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    stamp = dt.datetime.fromisoformat(audit.record(plan_of())["time_utc"])
    assert before <= stamp <= dt.datetime.now(dt.UTC)


@pytest.mark.requirement("REQ-REC-03")
def test_lines_are_added_and_none_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "doses.jsonl"
    audit.append(log, audit.record(plan_of(), at=AT))
    audit.append(log, audit.record(refusal_of(weight="31 kg"), at=AT))
    outcomes = [json.loads(row)["outcome"] for row in log.read_text("utf-8").splitlines()]
    assert outcomes == ["prepared", "refused"]
    with pytest.raises(nc.FileError):
        audit.append(tmp_path / "no folder" / "doses.jsonl", {})


@pytest.mark.requirement("REQ-REC-03")
def test_a_line_that_was_cut_short_spoils_no_other(tmp_path: Path) -> None:
    log = tmp_path / "doses.jsonl"
    log.write_text('{"record":"neocalc do', encoding="utf-8")  # the power failed
    audit.append(log, audit.record(plan_of(), at=AT))
    cut, whole = log.read_text("utf-8").splitlines()
    assert cut == '{"record":"neocalc do'
    assert json.loads(whole)["outcome"] == "prepared"


def test_each_line_is_written_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of two dispensaries must not run into each other: one line, one write."""
    written: list[bytes] = []

    class Counted(io.FileIO):
        def write(self, data: Any, /) -> int:
            written.append(bytes(data))
            return super().write(data)

    log = tmp_path / "doses.jsonl"
    monkeypatch.setattr(audit, "FileIO", Counted)
    about = audit.record(plan_of(subject="x" * 20_000), at=AT)
    audit.append(log, about)
    assert written == [audit.line(about).encode() + b"\n"]


@pytest.mark.requirement("REQ-REC-03")
def test_many_processes_add_whole_lines(tmp_path: Path) -> None:
    log = tmp_path / "doses.jsonl"
    code = (
        "import sys; from neocalc.dose import audit\n"
        "for i in range(50): audit.append(sys.argv[1], {'who': sys.argv[2], 'pad': 'x' * 9000})"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(log), str(i)]) for i in range(3)]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    lines = [json.loads(line)["who"] for line in log.read_text("utf-8").splitlines()]
    assert sorted(lines) == sorted("012" * 50)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said() -> None:
    with pytest.raises(nc.FileError, match="/dev/full: No space left"):
        audit.append("/dev/full", audit.record(plan_of(), at=AT))


@pytest.mark.requirement("REQ-FILE-07")
def test_a_line_of_which_a_part_was_written_is_said_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Short(io.FileIO):
        def write(self, data: Any, /) -> int:
            return super().write(bytes(data)[:-10])

    log = tmp_path / "doses.jsonl"
    with monkeypatch.context() as patch:
        patch.setattr(audit, "FileIO", Short)
        with pytest.raises(nc.FileError, match="No space left"):
            audit.append(log, audit.record(plan_of(), at=AT))
    assert log.read_bytes() == b""
    audit.append(log, audit.record(plan_of(), at=AT))
    assert json.loads(log.read_text("utf-8"))["outcome"] == "prepared"
