"""SDTM: VS with DM and EX, from tables, Dataset-JSON and XPT."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import neocalc as nc

VS: dict[str, list[Any]] = {
    "STUDYID": ["T"] * 6,
    "USUBJID": ["T-01"] * 4 + ["T-02"] * 2,
    "VSSEQ": [1, 2, 3, 4, 1, 2],
    "VSTESTCD": ["WEIGHT", "HEIGHT", "HDCIRC", "TEMP", "WEIGHT", "HEIGHT"],
    "VSORRES": ["3100", "49.5", "34", "37", None, "50"],
    "VSORRESU": ["g", "cm", "cm", "C", None, "cm"],
    "VSSTRESN": [3.1, 49.5, 34.0, 37.0, None, 50.0],
    "VSSTRESU": ["kg", "cm", "cm", "C", None, "cm"],
    "VSPOS": [None, "SUPINE", None, None, None, "Standing"],
    "VSSTAT": [None, None, None, None, "NOT DONE", None],
    "VSDTC": ["2026-05-11T10:00", "2026-05-11", "2026-05-11", "2026-05-11", *["2026-05-12"] * 2],
    "VSDY": [12.0] * 6,
    "VISITNUM": [1.0] * 6,
}
DM: dict[str, list[Any]] = {
    "USUBJID": ["T-01", "T-02"],
    "SEX": ["F", "U"],
    "BRTHDTC": ["2026-04-30", "2026-04"],
    "AGE": [11, 12],
    "ARM": ["A", "B"],
}
EX = pl.DataFrame(
    {
        "USUBJID": ["T-01", "T-01", "T-02"],
        "EXTRT": ["MSC", "MSC", "PLACEBO"],
        "EXSTDTC": ["2026-05-04T08:00", "2026-05-03", "2026-05"],
    }
)
SUPPDM = pl.DataFrame(
    {"USUBJID": ["T-01", "T-01"], "QNAM": ["GADAYS", "RACEOTH"], "QVAL": ["250", "x"]}
)


def vs(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (VS | changed).items() if column})


def dm(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (DM | changed).items() if column})


def quiet(*tables: Any, **options: Any) -> Any:
    with pytest.warns(nc.ColumnWarning):
        return nc.visits.from_sdtm(*tables, **options)


def refusal(*tables: Any, **options: Any) -> str:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.visits.from_sdtm(*tables, **options)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.requirement("REQ-LAY-04")
def test_vital_signs_with_demographics_are_visits() -> None:
    visits = quiet(vs(), dm())
    names = ["subject_id", "sex", "birth_date", "measured_on", "weight_kg", "length_cm",
             "head_circumference_cm", "length_position", "source_rows", "VISITNUM",
             "ARM"]  # fmt: skip
    assert visits.select(names).rows() == [
        ("T-01", "F", "2026-04-30", "2026-05-11", 3.1, 49.5, 34.0, "recumbent",
         "weight=1 length=2 head_circumference=3", 1.0, "A"),
        ("T-02", "U", "2026-04", "2026-05-12", None, 50.0, None, "standing", "length=6", 1.0, "B"),
    ]  # fmt: skip


@pytest.mark.requirement("REQ-LAY-04")
def test_what_is_not_known_has_its_status() -> None:
    """Sex U, and a date of birth without a day: nothing is imputed."""
    scored = nc.score(quiet(vs(), dm()))
    assert scored["laz_status"].to_list() == ["ok", "invalid_sex"]
    scored = nc.score(quiet(vs(), dm(SEX=["F", "M"])))
    assert scored["laz_status"].to_list() == ["ok", "invalid_age"]


def test_rows_that_are_no_visit_are_counted() -> None:
    with pytest.warns(nc.ColumnWarning) as warned:
        nc.visits.from_sdtm(vs(), dm().head(1))
    assert [str(one.message) for one in warned] == [
        "VS: 1 row is of other parameters and left out: TEMP 1",
        "VS: 1 row is of what was not done and left out",
        "VS: 1 visit is of subjects who are not in DM: without sex and date of birth",
    ]


def test_figures_as_collected_where_there_are_no_standard_ones() -> None:
    visits = quiet(vs(VSSTRESN=[], VSSTRESU=[]), dm())
    assert visits["weight_g"].to_list() == ["3100", None]


def test_other_test_codes_are_stated() -> None:
    codes = ["WEIGHT", "LENGTH", "HDCIRC", "BODLNGTH", "WEIGHT", "HEIGHT"]
    text = refusal(vs(VSTESTCD=codes), dm())
    assert "'LENGTH' looks like a length" in text
    tests = {"length": ["LENGTH", "HEIGHT"]}
    visits = quiet(vs(VSTESTCD=codes), dm(), tests=tests)
    assert visits["length_cm"].to_list() == [49.5, 50.0]
    assert quiet(vs(VSTESTCD=codes), dm(), ignore="LENGTH")["length_cm"].to_list() == [None, 50.0]


def test_the_gestation_is_where_it_is_said_to_be() -> None:
    days = {"gestational_age_days": "GADAYS"}
    visits = quiet(vs(), dm(), supp=SUPPDM, gestation=days)
    assert visits["gestational_age_days"].to_list() == ["250", None]
    visits = quiet(vs(), dm(GADAYS=[250, 280]), gestation=days)
    assert visits["gestational_age_days"].to_list() == [250, 280]
    assert "no variable 'GADAYS'" in refusal(vs(), dm(), gestation=days)
    assert "no QNAM is 'GA'" in refusal(
        vs(), dm(), supp=SUPPDM, gestation={"gestational_age_days": "GA"}
    )
    assert "a canonical column of the gestation" in refusal(vs(), dm(), gestation={"ga": "GADAYS"})
    twice = SUPPDM.with_columns(QNAM=pl.lit("GADAYS"))
    assert "two values of 'GADAYS'" in refusal(vs(), dm(), supp=twice, gestation=days)


@pytest.mark.requirement("REQ-LAY-04")
def test_the_first_administration_is_that_of_the_treatment() -> None:
    visits = quiet(vs(), dm(), ex=EX, treatment="MSC")
    assert visits["administered_on"].to_list() == ["2026-05-03", None]
    assert "say which is the treatment (treatment): MSC, PLACEBO" in refusal(vs(), dm(), ex=EX)
    assert "no EXTRT is 'X'" in refusal(vs(), dm(), ex=EX, treatment="X")
    one = EX.filter(pl.col("EXTRT") == "MSC")
    assert quiet(vs(), dm(), ex=one)["administered_on"][0] == "2026-05-03"


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ((vs(VSDTC=[]), dm()), "VS: there is no variable VSDTC; an age needs the dates"),
        ((vs(), dm(BRTHDTC=[])), "DM: there is no variable BRTHDTC; an age needs the dates"),
        ((vs(), dm(SEX=[])), "DM: there is no variable SEX"),
        ((vs(VSTESTCD=[]), dm()), "VS: there is no variable VSTESTCD"),
        ((vs(VSSTRESU=[], VSORRESU=[]), dm()), "VS: it needs VSSTRESN with VSSTRESU"),
        ((vs(), dm(USUBJID=["T-01"] * 2)), "DM: a subject has two rows"),
        ((vs(VSSTRESU=["LB", *["cm"] * 5]), dm()), "converted only where that is asked for"),
        ((vs(VSTESTCD=["TEMP"] * 6), dm()), "no parameter is one of ours"),
    ],
)
def test_what_cannot_be_known_is_one_line(tables: tuple[Any, Any], said: str) -> None:
    assert said in refusal(*tables)


def test_pounds_are_converted_where_that_is_asked_for() -> None:
    table = vs(VSSTRESU=["LB", *["cm"] * 5], VSSTRESN=[6.8, 49.5, 34.0, 37.0, None, 50.0])
    visits = quiet(table, dm(), convert=True)
    assert visits["weight_kg"][0] == 6.8 * 0.45359237


@pytest.mark.requirement("REQ-LAY-07")
@pytest.mark.parametrize("to", [lambda t: t, lambda t: t.to_pandas(), lambda t: t.to_arrow()])
def test_results_go_back_into_the_vital_signs(to: Any) -> None:
    table = to(vs())
    visits = quiet(table, to(dm()))
    assert type(visits) is type(table)
    back = nc.visits.restore(nc.score(visits), table, layout="sdtm")
    assert type(back) is type(table)
    whole = nc.visits.frames.polars_of(back)
    assert whole.columns[: len(VS)] == list(VS)
    assert whole["status"].to_list() == ["ok", "ok", "ok", None, None, "invalid_sex"]


def dataset(table: pl.DataFrame) -> dict[str, Any]:
    return {
        "datasetJSONVersion": "1.1.0", "itemGroupOID": "IG.VS", "records": table.height,
        "name": "VS", "label": "Vital Signs",
        "columns": [{"itemOID": f"IT.VS.{n}", "name": n, "label": n, "dataType": "string"}
                    for n in table.columns],
        "rows": [list(row) for row in table.rows()],
    }  # fmt: skip


@pytest.mark.requirement("REQ-LAY-04")
def test_dataset_json_of_each_version(tmp_path: Path) -> None:
    content = dataset(vs())
    old = {
        "clinicalData": {
            "itemGroupData": {"IG.VS": {"items": content["columns"], "itemData": content["rows"]}}
        }
    }
    rows = [json.dumps({k: v for k, v in content.items() if k != "rows"})]
    rows += [json.dumps(row) for row in content["rows"]]
    for name, text in (
        ("a.json", json.dumps(content)), ("b.json", json.dumps(old)), ("c.ndjson", "\n".join(rows)),
    ):  # fmt: skip
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        table = nc.visits.read_domain(path)
        assert table["VSSTRESN"].to_list() == VS["VSSTRESN"]
        visits = quiet(table, dm())
        assert visits.select("subject_id", "weight_kg").row(0) == ("T-01", 3.1)
        assert type(nc.visits.read_domain(path, kind="pandas")).__name__ == "DataFrame"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "is not Dataset-JSON"),
        ([1, 2], "is not Dataset-JSON"),
        ([{}], "is not Dataset-JSON"),
        ({"clinicalData": {"itemGroupData": {"a": {}, "b": {}}}}, "is not Dataset-JSON"),
        ({"clinicalData": {"itemGroupData": {"a": []}}}, "is not Dataset-JSON"),
        ({"clinicalData": []}, "is not Dataset-JSON"),
        ({"columns": []}, "columns need names of their own"),
        ({"columns": [{"name": "A"}, {"name": "A"}]}, "columns need names of their own"),
        ({"columns": ["A"]}, "columns need names of their own"),
        ({"columns": [{"name": "A"}], "rows": [[1, 2]]}, "row 1 has not 1 values"),
        ({"columns": [{"name": "A"}], "rows": [1]}, "row 1 has not 1 values"),
        ({"columns": [{"name": "A"}], "rows": {}}, "row 1 has not 1 values"),
        ({"columns": [{"name": "A"}], "rows": [[[1]]]}, "row 1 holds more than plain values"),
    ],
)
def test_json_that_is_no_data_set(tmp_path: Path, content: Any, said: str) -> None:
    path = tmp_path / "vs.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(nc.FileError, match=said):
        nc.visits.read_domain(path)


def test_a_domain_of_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "vs.csv"
    vs().write_csv(path)
    table = nc.visits.read_domain(path)
    assert table["VSSTRESN"][0] == "3.1"
    assert quiet(table, dm())["weight_kg"].to_list() == ["3.1", None]


def test_a_transport_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vs.xpt"
    path.write_bytes(b"HEADER RECORD*******LIB")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(nc.ExtraMissing, match=r"reading \.xpt"):
        nc.visits.read_domain(path)
