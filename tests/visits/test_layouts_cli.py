"""`--layout` on the commands: files whose rows are no visits, and results in the same layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

from neocalc.cli import main
from neocalc.cli.layouts import NAMES
from neocalc.visits import frames

SCHEMAS = Path(__file__).resolve().parents[2] / "docs" / "schemas"
LONG = """\
ID,sex,age_days,what,value,unit
01,f,10,weight,3100,g
01,f,10,height,49.5,cm
01,f,40,weight,4.1,kg
02,m,20,WT,4,kg
"""
AS_LONG = [
    "--layout", "long", "--parameter", "what", "--value", "value", "--unit", "unit",
    "--column", "subject_id=ID",
]  # fmt: skip
WIDE = "subject_id,sex,WT_birth,WT_12m,age_days_12m\n01,f,3100,9000,365\n02,m,3200,,\n"
AS_WIDE = ["--layout", "wide", "--column", "weight_g=WT", "--visit-age", "birth=0"]
REDCAP = """\
record_id,redcap_event_name,sex,dob,bw,wt,vdate
1,birth_arm_1,2,2026-01-01,3100,,2026-01-01
1,v1_arm_1,,,,3900,2026-02-01
2,birth_arm_1,1,2026-02-01,,,
"""
DICTIONARY = """\
Variable / Field Name,Field Label,Field Type,"Choices, Calculations, OR Slider Labels"
sex,Sex,radio,"1, Male | 2, Female"
"""
AS_REDCAP = [
    "--layout", "redcap", "--column", "weight_g=bw,wt", "--column", "birth_date=dob",
    "--column", "measured_on=vdate",
]  # fmt: skip
VS = """\
USUBJID,VSTESTCD,VSSTRESN,VSSTRESU,VSDTC
T-01,WEIGHT,3.1,kg,2026-05-11
T-01,LENGTH,49.5,cm,2026-05-11
T-01,TEMP,37,C,2026-05-11
"""
DM = "USUBJID,SEX,BRTHDTC,GADAYS\nT-01,F,2026-04-30,280\n"
EX = "USUBJID,EXTRT,EXSTDTC\nT-01,MSC,2026-05-12\n"
AS_SDTM = [
    "--layout", "sdtm", "--dm", "dm.csv", "--ex", "ex.csv", "--column",
    "gestational_age_days=GADAYS", "--column", "length_cm=HEIGHT,LENGTH",
]  # fmt: skip
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "entry": [
        {"resource": {"resourceType": "Patient", "id": "p1", "gender": "female",
                      "birthDate": "2026-05-01"}},
        {"resource": {"resourceType": "Observation", "id": "o1", "status": "final",
                      "subject": {"reference": "Patient/p1"}, "effectiveDateTime": "2026-05-29",
                      "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
                      "valueQuantity": {"value": 3900, "unit": "g"}}},
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "long.csv": LONG, "wide.csv": WIDE, "redcap.csv": REDCAP, "dictionary.csv": DICTIONARY,
        "vs.csv": VS, "dm.csv": DM, "ex.csv": EX, "bundle.json": json.dumps(BUNDLE),
    }.items():  # fmt: skip
        Path(name).write_text(text, encoding="utf-8")


def score(*options: str) -> pl.DataFrame:
    assert main(["score", *options, "-o", "out.csv", "--force"]) == 0
    return pl.read_csv("out.csv", infer_schema=False)


def refused(capsys: pytest.CaptureFixture[str], *options: str, command: str = "score") -> str:
    output = [] if command == "inspect" else ["-o", "out.csv"]
    assert main([command, *options, *output]) == 2
    text = capsys.readouterr().err
    assert len(text.splitlines()) == 1, text
    assert not Path("out.csv").exists()
    return text


def test_a_long_file(capsys: pytest.CaptureFixture[str]) -> None:
    scored = score("long.csv", *AS_LONG, "--column", "weight_kg=weight,WT")
    assert scored.select("subject_id", "weight_kg", "length_cm", "waz_status").rows() == [
        ("01", "3.1", "49.5", "ok"), ("01", "4.1", None, "ok"), ("02", "4", None, "ok"),
    ]  # fmt: skip
    score("long.csv", *AS_LONG, "--ignore", "WT")
    assert "Notice: long.csv: 1 row is of other parameters" in capsys.readouterr().err


def test_a_unit_may_be_stated_instead() -> None:
    options = [part for part in AS_LONG if part not in ("--unit", "unit")]
    Path("long.csv").write_text("ID,sex,age_days,what,value\n01,f,10,WT,3100\n", encoding="utf-8")
    scored = score("long.csv", *options, "--column", "weight_g=WT")
    assert scored["weight_g"].to_list() == ["3100"]


def test_a_wide_file() -> None:
    scored = score("wide.csv", *AS_WIDE)
    assert scored.select("subject_id", "visit", "age_days", "weight_g").rows() == [
        ("01", "birth", "0", "3100"), ("01", "12m", "365", "9000"), ("02", "birth", "0", "3200"),
    ]  # fmt: skip


def test_a_redcap_file() -> None:
    scored = score("redcap.csv", *AS_REDCAP, "--dictionary", "dictionary.csv")
    assert scored.select("subject_id", "sex", "weight_g", "waz_status").rows() == [
        ("1", "Female", "3100", "ok"), ("1", "Female", "3900", "ok"),
    ]  # fmt: skip
    coded = score("redcap.csv", *AS_REDCAP, "--sex-codes", "male=1,female=2")
    assert coded["waz"].to_list() == scored["waz"].to_list()


def test_an_sdtm_file() -> None:
    scored = score("vs.csv", *AS_SDTM)
    assert scored.select("subject_id", "measured_on", "administered_on", "laz_status").rows() == [
        ("T-01", "2026-05-11", "2026-05-12", "ok")
    ]
    record = json.loads(Path("out.csv.json").read_text(encoding="utf-8"))
    assert set(record["input"]["beside"]) == {"dm", "ex"}


@pytest.mark.requirement("REQ-LAY-04")
def test_domains_of_dataset_json_and_transport_files() -> None:
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra files is not installed")
    expected = score("vs.csv", *AS_SDTM)["waz"].to_list()
    table = pl.read_csv("vs.csv")
    content = {"columns": [{"name": n} for n in table.columns], "rows": table.rows()}
    Path("vs.json").write_text(json.dumps(content), encoding="utf-8")
    assert score("vs.json", *AS_SDTM)["waz"].to_list() == expected
    pyreadstat.write_xport(pl.read_csv("dm.csv").to_pandas(), "dm.xpt", file_format_version=5)
    pyreadstat.write_xport(table.to_pandas(), "vs.xpt", file_format_version=5)
    options = ["dm.xpt" if part == "dm.csv" else part for part in AS_SDTM]
    assert score("vs.xpt", *options)["waz"].to_list() == expected


def test_a_transport_file_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyreadstat", reason="the extra files is not installed")
    Path("vs.xpt").write_bytes(b"HEADER RECORD*******LIB" + b"x" * 500)
    text = refused(capsys, "vs.xpt", *AS_SDTM)
    assert "vs.xpt: is not a SAS transport file that can be read" in text


def test_a_bundle_needs_no_option_and_gives_observations(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scored = score("bundle.json")
    assert scored["waz_status"].to_list() == ["ok"]
    assert main(["score", "bundle.json", "-o", "z.json", "--observations"]) == 0
    bundle = json.loads(Path("z.json").read_text(encoding="utf-8"))
    (entry,) = bundle["entry"]
    assert entry["resource"]["valueQuantity"]["value"] == float(scored["waz"][0])
    assert entry["resource"]["derivedFrom"] == [{"reference": "Observation/o1"}]
    capsys.readouterr()
    assert main(["score", "bundle.json", "-o", "z.csv", "--observations"]) == 2
    assert "--observations: are written to -o FILE.json" in capsys.readouterr().err


@pytest.mark.requirement("REQ-LAY-07")
@pytest.mark.parametrize(
    ("file", "options", "columns"),
    [
        ("long.csv", [*AS_LONG, "--ignore", "WT"], ["z", "reference", "status"]),
        ("wide.csv", AS_WIDE, ["waz_birth", "waz_status_12m"]),
        ("redcap.csv", [*AS_REDCAP, "--sex-codes", "male=1,female=2"], ["waz", "waz_status"]),
        ("vs.csv", AS_SDTM, ["z", "status"]),
    ],
)
@pytest.mark.parametrize("output", ["back.csv", "back.parquet"])
def test_results_go_back_into_the_file_as_it_was(
    file: str, options: list[str], columns: list[str], output: str
) -> None:
    assert main(["score", file, *options, "-o", output, "--restore"]) == 0
    if output.endswith("csv"):
        back = pl.read_csv(output, infer_schema=False)
    else:
        back = pl.read_parquet(output)
    given = pl.read_csv(file, infer_schema=False)
    assert back.select(given.columns).equals(given)
    assert set(columns) <= set(back.columns[given.width :])


@pytest.mark.requirement("REQ-LAY-08")
def test_the_record_says_how_the_file_was_read() -> None:
    score("long.csv", *AS_LONG, "--ignore", "WT")
    record = json.loads(Path("out.csv.json").read_text(encoding="utf-8"))
    schema = json.loads((SCHEMAS / "cohort-record.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, schema)
    assert record["input"]["layout"] == {
        "name": "long",
        "options": {"parameter": "what", "value": "value", "unit": "unit"},
        "columns": {"subject_id": "ID"},
        "ignored": ["WT"],
    }
    assert len(record["input"]["left_out"]) == 1
    assert record["rows"] == 2


@pytest.mark.requirement("REQ-LAY-08")
def test_the_other_commands_read_the_same_visits() -> None:
    assert main(["velocity", "long.csv", *AS_LONG, "--ignore", "WT", "-o", "v.csv"]) == 0
    assert pl.read_csv("v.csv")["w_velocity_status"].to_list()[0] == "first_visit"
    assert main(["report", "wide.csv", *AS_WIDE, "-o", "r.html"]) == 0
    assert main(["chart", "wide.csv", *AS_WIDE, "--subject", "01", "-o", "c.svg"]) == 0


@pytest.mark.requirement("REQ-LAY-08")
@pytest.mark.parametrize(
    ("file", "options", "said"),
    [
        ("long.csv", ["--layout", "tall"], "--layout: 'tall' is not accepted; accepted: long,"),
        ("long.csv", ["--layout", "long"], "--layout long needs --parameter COLUMN"),
        ("long.csv", [*AS_LONG], "or leave it out (--ignore WORD)"),
        ("long.csv", [*AS_LONG, "--column", "mass=WT"], "'mass' is not a canonical column"),
        ("long.csv", [*AS_LONG, "--dm", "dm.csv"], "--dm: is of --layout sdtm alone"),
        ("long.csv", ["--parameter", "what"], "--parameter: is of --layout long alone"),
        ("long.csv", ["--restore"], "--restore: is of --layout long, wide, redcap or sdtm"),
        ("wide.csv", ["--layout", "wide", "--column", "weight_g=WT"], "(--visit-age VISIT=DAYS)"),
        ("wide.csv", [*AS_WIDE, "--visit-age", "12m"], "--visit-age: '12m' is not accepted"),
        ("redcap.csv", ["--layout", "redcap"], "--column weight_g=FIELD"),
        ("redcap.csv", [*AS_REDCAP, "--record", "id"], "no column 'id'"),
        ("vs.csv", ["--layout", "sdtm"], "--layout sdtm needs --dm FILE"),
        ("vs.csv", AS_SDTM[:4], "'LENGTH' looks like a length"),
        ("-", ["--layout", "fhir"], "give a file, not standard input"),
        ("none.json", [], "none.json: cannot be read"),
        ("bundle.json", ["--restore"], "--restore: is of --layout long, wide, redcap or sdtm"),
    ],
)
def test_what_is_wrong_is_one_line_with_what_to_type(
    capsys: pytest.CaptureFixture[str], file: str, options: list[str], said: str
) -> None:
    assert said in refused(capsys, file, *options)


def test_one_infant_takes_no_layout(capsys: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        option = f"--{name.replace('_', '-')}"
        value = [] if name == "convert" else ["x"]
        assert main(["velocity", option, *value, "--sex", "f"]) == 2
        assert f"{option}: is of a cohort file" in capsys.readouterr().err


@pytest.mark.requirement("REQ-LAY-08")
def test_a_file_that_is_too_large_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MOST_CELLS", 10)
    text = refused(capsys, "long.csv", *AS_LONG)
    assert "long.csv: it has 24 cells, and at most 10 are laid out anew" in text


def test_an_empty_file_of_a_layout(capsys: pytest.CaptureFixture[str]) -> None:
    Path("long.csv").write_text(LONG.splitlines()[0] + "\n", encoding="utf-8")
    assert "no parameter is one of ours" in refused(capsys, "long.csv", *AS_LONG)
    Path("wide.csv").write_text(WIDE.splitlines()[0] + "\n", encoding="utf-8")
    assert score("wide.csv", *AS_WIDE).height == 0


def test_visits_of_children_in_any_order_are_read_again() -> None:
    """Rows of a child stand apart: the commands then read the visits by another way."""
    rows = ["01,f,10,weight,3100,g", "02,m,20,weight,4000,g", "01,f,40,weight,4100,g"]
    Path("long.csv").write_text(LONG.splitlines()[0] + "\n" + "\n".join(rows), encoding="utf-8")
    assert main(["velocity", "long.csv", *AS_LONG, "-o", "v.csv"]) == 0
    assert pl.read_csv("v.csv")["w_interval_days"].to_list() == [None, None, 30]


def test_a_column_that_is_left_out_on_purpose_is_no_visit() -> None:
    Path("wide.csv").write_text(
        "subject_id,sex,length_cm,WT_birth\n01,f,50,3100\n", encoding="utf-8"
    )
    options = ["--layout", "wide", "--column", "weight_g=WT", "--visit-age", "birth=0"]
    assert main(["score", "wide.csv", *options, "-o", "no.csv"]) == 2
    scored = score("wide.csv", *options, "--ignore", "length_cm")
    assert scored["waz_status"].to_list() == ["ok"]
    assert "laz" not in scored.columns
