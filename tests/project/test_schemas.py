"""The records that are written have the published form, and the same input gives the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import neocalc as nc
from dose_arguments import passing, plan_of, pooled, refusal_of
from neocalc.cohort.canonical import INDICES
from neocalc.dose import Override, SecondCheck, audit, prepare
from neocalc.dose.inputs import FRACTIONS, OR_NONE, POSITIVE
from neocalc.dose.limits import DEFAULTS, OPTIONAL, UNITS
from neocalc.errors import STATUSES
from shell import HEADER, ROW, Shell

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
NAMES = ("cohort-record", "dose-record", "outcome-record", "velocity-record")
COHORT = ROOT / "examples" / "cohort.csv"
VISITS = (
    "subject_id,sex,age_days,gestational_age,weight_g,length_cm,head_circumference_cm,dosed\n"
    "01,f,152,27+3,6900,60,40,2026-01-01\n"
    "01,f,213,27+3,7400,63,41,2026-01-01\n"
    "02,m,30,,4000,,,\n"
)


def schema(name: str) -> dict[str, Any]:
    """A published schema."""
    about: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return about


def faults(name: str, record: Any) -> list[str]:
    """Where a record does not have the published form."""
    found = Draft202012Validator(schema(name)).iter_errors(record)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.mark.requirement("REQ-REC-02")
def test_every_schema_is_one_and_is_known() -> None:
    assert sorted(path.name for path in SCHEMAS.iterdir()) == [f"{n}.schema.json" for n in NAMES]
    for name in NAMES:
        about = schema(name)
        Draft202012Validator.check_schema(about)
        assert about["$id"] == f"urn:neocalc:schema:{name}:1"
        assert about["additionalProperties"] is False
        assert sorted(about["required"]) == sorted(about["properties"])


def undescribed(part: dict[str, Any], schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The fields of a schema that it does not explain; a figure is explained where it stands."""
    for name, field in part.get("properties", {}).items():
        defined = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
        if "description" not in field | defined and name not in ("value", "unit"):
            yield path + name
        yield from undescribed(field, schema, f"{path}{name}.")
    for inside in [*part.get("oneOf", []), *([part["items"]] if "items" in part else [])]:
        yield from undescribed(inside, schema, path)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described(name: str) -> None:
    about = schema(name)
    assert list(undescribed(about, about)) == []


# -------------------------------------------------------------------------------- beside an output


@pytest.mark.requirement("REQ-REC-02")
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--centiles", "--uncorrected"],
        ["--reference", "who-2006"],
        ["--reference", "fenton-2025", "--uncorrected"],
        ["--preterm-reference", "fenton-2025", "--handover", "42w", "--correct-until", "24mo"],
        ["--dose", "NCT03558334:B", "--every-row"],
        [
            "--dose",
            "NCT03558334:A",
            "--every-row",
            "--concentration",
            "5e6cells/mL",
            "--viability",
            "92%",
        ],
    ],
)
@pytest.mark.parametrize("output", ["out.csv", "out.parquet"])
def test_the_record_of_a_cohort(shell: Shell, options: list[str], output: str) -> None:
    done = shell.run("score", str(COHORT), "-o", output, *options)
    assert done.code == 0, done.err
    record = json.loads(shell.read(f"{output}.json"))
    assert faults("cohort-record", record) == []
    assert record["neocalc"] == nc.__version__
    assert ("whatever the age" in record["policy"]) == ("--reference" in options)


def test_the_record_of_mapped_and_coded_columns(shell: Shell) -> None:
    content = "sx,age_days,WT\n1,30,4\n2,40,5\n3,,\n"
    mapped = ["--column", "weight_kg=WT", "--column", "sex=sx", "--sex-codes", "male=1,female=2"]
    assert shell.score(content, *mapped).code == 0
    record = json.loads(shell.read("out.csv.json"))
    assert faults("cohort-record", record) == []
    assert record["sex_codes"] == {"male": "1", "female": "2"}
    assert record["statuses"] == {"waz": {"missing_value": 1, "ok": 2}}


def test_the_record_of_no_rows(shell: Shell) -> None:
    assert shell.score(HEADER).code == 0
    record = json.loads(shell.read("out.csv.json"))
    assert faults("cohort-record", record) == []
    assert record["rows"] == 0


@pytest.mark.requirement("REQ-FOLLOW-09", "REQ-REC-02")
@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--against", "first"],
        ["--against", "interval", "--interval", "2mo", "--window", "15d"],
        ["--start", "nearest", "--tolerance", "0.2", "--plain", "--between", "scale"],
    ],
)
def test_the_record_of_velocity(shell: Shell, options: list[str]) -> None:
    shell.write("in.csv", VISITS)
    done = shell.run("velocity", "in.csv", "-o", "out.csv", *options)
    assert done.code == 0, done.err
    record = json.loads(shell.read("out.csv.json"))
    assert faults("velocity-record", record) == []
    assert faults("cohort-record", record) != []
    assert record["rows"] == 3


def without_time(text: str, output: str) -> str:
    """A record without the parts that differ: the time, and the name of the output."""
    for part in (r'"time_utc": "[0-9-]{10}T[0-9:]{8}Z"', rf'"name": "{re.escape(output)}"'):
        assert len(re.findall(part, text)) == 1
        text = re.sub(part, "", text)
    return text


@pytest.mark.requirement("REQ-REC-01")
@pytest.mark.parametrize("command", ["score", "velocity"])
def test_the_same_input_gives_the_same_bytes(shell: Shell, command: str) -> None:
    shell.write("in.csv", VISITS)
    for output in ("a.csv", "b.csv"):
        assert shell.run(command, "in.csv", "-o", output).code == 0
    assert shell.read("a.csv") == shell.read("b.csv")
    records = [without_time(shell.read(f"{name}.json"), name) for name in ("a.csv", "b.csv")]
    assert records[0] == records[1]


@pytest.mark.requirement("REQ-REC-01")
def test_another_process_gives_the_same_bytes(shell: Shell) -> None:
    """Sets and dicts of texts are in another order under another seed of the hash."""
    shell.write("in.csv", HEADER + ROW)
    records = []
    for seed in ("1", "2"):
        done = shell.spawn(
            "score", "in.csv", "-o", f"{seed}.csv", environment={"PYTHONHASHSEED": seed}
        )
        assert done.code == 0, done.err
        record = without_time(shell.read(f"{seed}.csv.json"), f"{seed}.csv")
        records.append((shell.read(f"{seed}.csv"), record))
    assert records[0] == records[1]


# ----------------------------------------------------------------------------------------- a dose


def doses() -> Iterator[Any]:
    """Doses and refusals of every kind."""
    arm = nc.trials.load("NCT03558334").arm("A")
    yield plan_of()
    yield plan_of(subject=None, prepared_by=None, doses_given=[], sex=None, age=None, limits=None)
    yield plan_of(cells_per_vial=None, recovery=None, viable_cells_per_vial="7 million cells/vial")
    yield prepare(weight="2 kg", arm=arm, viable_concentration="2 million cells/mL")
    yield passing(
        weight="2 kg", arm=arm, viable_concentration="90,000 cells/mL", release_viability="85%"
    )
    yield plan_of(
        second_check=SecondCheck("AB", "3.1 kg", concentration="5e6/mL", viability="92%",
                                 cells_per_vial="10 million cells/vial"),
    )  # fmt: skip
    yield pooled()
    yield plan_of(split_syringes=True, syringe_capacity="0.5 mL")
    yield refusal_of(weighed_on="2026-08-12T06:00", last_weight=None)
    yield prepare(
        weight="4 kg", dose="1 million cells/kg", viable_concentration="5 million cells/mL",
        age=nc.Age.from_days(60), rate="1.5 mL/h", on="2026-08-14",
    )  # fmt: skip
    yield refusal_of(weight="31 kg")
    yield refusal_of(graduation="0.5 mL")
    yield refusal_of(weight="0 kg", override=Override("it is so", "AB"))
    with pytest.raises(nc.DoseRefused) as caught:
        prepare(
            weight="2 kg", arm=nc.trials.load("NCT03601416", "registry").arm("MSC"),
            viable_concentration="5 million cells/mL",
        )  # fmt: skip
    yield caught.value


@pytest.mark.requirement("REQ-REC-02")
def test_the_record_of_a_dose() -> None:
    for result in doses():
        record = json.loads(audit.line(audit.record(result)))
        assert faults("dose-record", record) == []


def test_the_record_that_the_command_adds(shell: Shell) -> None:
    common = ["dose", "--dose", "1 million cells/kg", "--audit", "log.jsonl"]
    strength = ["--viable-concentration", "2 million cells/mL"]
    assert shell.run(*common, "--weight", "2350g", *strength).code == 0
    assert shell.run(*common, "--weight", "850kg", *strength).code == 1
    records = [json.loads(line) for line in shell.read("log.jsonl").splitlines()]
    assert [record["outcome"] for record in records] == ["prepared", "refused"]
    for record in records:
        assert faults("dose-record", record) == []


def test_the_same_dose_gives_the_same_bytes(shell: Shell) -> None:
    command = ["dose", "--dose", "1 million cells/kg", "--weight", "2350g", "--audit", "log.jsonl"]
    for _ in range(2):
        done = shell.run(*command, "--viable-concentration", "2 million cells/mL")
        assert done.code == 0, done.err
    first, second = (
        re.subn(r'"time_utc":"[0-9-]{10}T[0-9:]{8}Z"', "", line)
        for line in shell.read("log.jsonl").splitlines()
    )
    assert first == second
    assert first[1] == 1


# ------------------------------------------------------------------------- the schemas are strict


def dose_record() -> dict[str, Any]:
    about: dict[str, Any] = json.loads(audit.line(audit.record(plan_of())))
    return about


@pytest.mark.requirement("REQ-REC-02")
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("outcome", "refused"),
        ("outcome", "done"),
        ("time_utc", "2026-08-14T09:30:00"),
        ("tables", "abc"),
        ("result", None),
        ("refusal", "no dose"),
        ("inputs", None),
        ("inputs.weight.unit", "g"),
        ("inputs.weight.value", "3.1"),
        ("inputs.weight.lb", 3.1),
        ("inputs.sex", "f"),
        ("inputs.age.gestation_days", 0),
        ("limits.max_rate.unit", "mL"),
        ("limits.counts", "live"),
        ("checks.0.outcome", "hard stop"),
        ("checks", []),
        ("result.volume.unit", "L"),
        ("more", 1),
    ],
)
def test_what_is_not_a_dose_record(place: str, value: Any) -> None:
    record = dose_record()
    assert faults("dose-record", record) == []
    *path, last = place.split(".")
    inside: Any = record
    for step in path:
        inside = inside[int(step) if step.isdigit() else step]
    inside[last] = value
    assert faults("dose-record", record) != []


@pytest.mark.parametrize("name", list(dose_record()))
def test_a_dose_record_lacks_nothing(name: str) -> None:
    record = dose_record()
    del record[name]
    assert faults("dose-record", record) != []


@pytest.mark.requirement("REQ-REC-02")
@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("time_utc", "2026-08-14"),
        ("record", "neocalc velocity"),
        ("format", 2),
        ("rows", -1),
        ("settings.handover_day", 350.5),
        ("settings.more", 1),
        ("statuses.waz.fine", 1),
        ("statuses.zzz", {}),
        ("tables", "0" * 63),
        ("references", {}),
        ("input.sha256", None),
        ("sex_codes", {"other": "1"}),
        ("more", 1),
    ],
)
def test_what_is_not_a_cohort_record(shell: Shell, place: str, value: Any) -> None:
    assert shell.score(HEADER + ROW).code == 0
    record = json.loads(shell.read("out.csv.json"))
    *path, last = place.split(".")
    inside = record
    for step in path:
        inside = inside[step]
    inside[last] = value
    assert faults("cohort-record", record) != []


def test_the_schemas_know_what_the_code_knows() -> None:
    for name in ("cohort-record", "outcome-record", "velocity-record"):
        assert schema(name)["$defs"]["status"]["enum"] == list(STATUSES)
    pattern = schema("cohort-record")["properties"]["statuses"]["propertyNames"]["pattern"]
    assert pattern == f"^({'|'.join([*INDICES, 'dose'])})$"
    dose = schema("dose-record")["properties"]
    limits = dose["limits"]["oneOf"][1]
    assert set(limits["properties"]) == set(DEFAULTS)
    assert set(limits["required"]) == set(DEFAULTS) - OPTIONAL | {"line_filter"}
    inputs = dose["inputs"]["oneOf"][1]["properties"]
    figures = (
        {"weight": "kg"} | POSITIVE | dict.fromkeys(FRACTIONS, "fraction")
        | dict.fromkeys(OR_NONE, "mL")
    )  # fmt: skip
    for properties, units, suffix in (
        (inputs, figures, "_as_typed"),
        (limits["properties"], UNITS, ""),
    ):
        for name, unit in units.items():
            kind = properties[name]["$ref"].rpartition("/")[2]
            assert kind == unit.replace("/", "_per_") + suffix, name
            assert schema("dose-record")["$defs"][kind]["properties"]["unit"] == {"const": unit}
