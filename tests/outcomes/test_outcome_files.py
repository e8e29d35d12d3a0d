"""The outcome of a file: table, page, summary, plan, ADaM data set and record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from jsonschema import Draft202012Validator

import neocalc as nc
from shell import Shell
from test_outcome import cohort

ROOT = Path(__file__).resolve().parents[2]
COHORT = str(ROOT / "examples" / "cohort.csv")
ARMS = ("--arm-column", "arm", "--control", "A")


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    shell = Shell(tmp_path, capsys, monkeypatch)
    cohort(7, 16).write_csv(tmp_path / "in.csv")
    return shell


def faults(record: Any) -> list[str]:
    """Where a record does not have the published form."""
    path = ROOT / "docs" / "schemas" / "outcome-record.schema.json"
    found = Draft202012Validator(json.loads(path.read_text("utf-8"))).iter_errors(record)
    return [f"{error.json_path}: {error.message[:200]}" for error in found]


class TestTable:
    @pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
    def test_it_is_that_of_the_call(self, shell: Shell, name: str) -> None:
        done = shell.run("outcome", "in.csv", "-o", name, *ARMS)
        assert done.code == 0
        read = pl.read_parquet if name.endswith("parquet") else pl.read_csv
        written = read(shell.folder / name)
        texts = pl.read_csv(shell.folder / "in.csv", infer_schema=False)
        wanted = nc.outcome(texts, arm="arm", control="A")
        assert written.columns == wanted.subjects.columns
        assert written["z"].equals(wanted.subjects["z"])
        assert written["status"].cast(pl.String).equals(wanted.subjects["status"].cast(pl.String))

    @pytest.mark.requirement("REQ-OUT-09")
    def test_the_record(self, shell: Shell) -> None:
        options = ("--trial", "NCT03558334", "--sensitivity")
        done = shell.run("outcome", "in.csv", "-o", "out.csv", *ARMS, *options)
        assert done.code == 0
        record = json.loads((shell.folder / "out.csv.json").read_text("utf-8"))
        assert faults(record) == []
        assert record["trial"]["trial"] == "NCT03558334"
        assert [one["target"] for one in record["targets"]][:2] == ["1 month", "3 months"]
        assert record["analyses"][0] == "main"
        assert record["subjects"] == 16
        assert record["control"] == "A"
        assert record["added"] == pl.read_csv(shell.folder / "out.csv").columns
        table = pl.read_csv(shell.folder / "out.csv").filter(pl.col("target_number") > 0)
        weights = table.filter(pl.col("measure") == "weight")["status"].value_counts()
        assert dict(weights.rows()) == record["statuses"]["w_status"]

    def test_the_chunks_of_a_file_do_not_matter(self, shell: Shell) -> None:
        table = pl.read_csv(shell.folder / "in.csv", infer_schema=False)
        table.write_parquet(shell.folder / "whole.parquet")
        table.reverse().write_parquet(shell.folder / "parts.parquet", row_group_size=7)
        written = []
        for name in ("in.csv", "whole.parquet", "parts.parquet"):
            assert shell.run("outcome", name, "-o", f"of_{name}.csv", *ARMS).code == 0
            written.append((shell.folder / f"of_{name}.csv").read_bytes())
        assert written[0] == written[1] == written[2]

    def test_standard_output_and_input(self, shell: Shell) -> None:
        done = shell.run("outcome", "in.csv", "-o", "-")
        assert done.code == 0
        assert done.out.startswith("subject_id,measure,target,")
        assert shell.run("outcome", "in.csv", "-o", "-", "--json").code == 2

    @pytest.mark.requirement("REQ-OUT-09")
    def test_summary_and_plan_beside_it(self, shell: Shell) -> None:
        more = ("--summary", "sum.csv", "--sap", "sap.md")
        done = shell.run("outcome", "in.csv", "-o", "out.csv", *ARMS, *more)
        assert done.code == 0
        texts = pl.read_csv(shell.folder / "in.csv", infer_schema=False)
        wanted = nc.outcome(texts, arm="arm", control="A")
        summary = pl.read_csv(shell.folder / "sum.csv")
        assert summary.columns == wanted.summary.columns
        assert summary["n"].to_list() == wanted.summary["n"].to_list()
        assert (shell.folder / "sap.md").read_text("utf-8") == wanted.sap()
        assert "0.00 (no interval)" not in done.out
        assert re.search(r"weight +1 month +z +B +\d", done.out)
        again = shell.run("outcome", "in.csv", "-o", "new.csv", *ARMS, *more)
        assert again.code == 2
        assert "exists already" in again.err
        assert not (shell.folder / "new.csv").exists()

    def test_it_reads_what_score_reads(self, shell: Shell) -> None:
        """Pounds and completed weeks, where they are asked for, as in every command."""
        table = pl.read_csv(shell.folder / "in.csv", infer_schema=False).with_columns(
            (pl.col("weight_g").cast(pl.Float64) / 453.59237).alias("weight_lb"),
            pl.lit("27").alias("gestational_age_weeks"),
        )
        table = table.drop("weight_g", "gestational_age")
        table.write_csv(shell.folder / "lb.csv")
        options = ("--convert", "--completed-weeks", "middle")
        assert shell.run("outcome", "lb.csv", "-o", "lb_out.csv", *ARMS, *options).code == 0
        assert shell.run("outcome", "in.csv", "-o", "out.csv", *ARMS).code == 0
        one, other = (pl.read_csv(shell.folder / name)["z"] for name in ("lb_out.csv", "out.csv"))
        assert ((one - other).abs().drop_nulls() < 1e-9).all()
        found = nc.outcome(table, arm="arm", convert=True, completed_weeks="middle")
        assert found.subjects["z"].null_count() == other.null_count()

    def test_json(self, shell: Shell) -> None:
        done = shell.run("outcome", "in.csv", "-o", "out.csv", *ARMS, "--json", "--window", "0.2")
        about = json.loads(done.out)
        assert about["subjects"] == 16
        assert {row["arm"] for row in about["summary"]} == {"A", "B"}
        assert "at most 20 %" in about["targets"][0]["window_source"]

    @pytest.mark.requirement("REQ-OUT-08")
    def test_blind_shows_no_arm_anywhere(self, shell: Shell) -> None:
        table = pl.read_csv(shell.folder / "in.csv")
        arms = table["arm"].replace({"A": "Zulu", "B": "Yankee"})
        table.with_columns(arms.alias("arm")).write_csv(shell.folder / "named.csv")
        files = ("--summary", "s.csv", "--sap", "p.md", "--adam", "a.json")
        for name in ("b.csv", "b.html"):
            own = files if name == "b.csv" else ()
            done = shell.run(
                "outcome", "named.csv", "-o", name, "--arm-column", "arm", "--blind", *own
            )
            assert done.code == 0
            for text in (done.out, done.err):
                assert "Zulu" not in text
                assert "Yankee" not in text
        for path in shell.folder.iterdir():
            if path.name not in ("in.csv", "named.csv"):
                content = path.read_text("utf-8")
                assert "Zulu" not in content, path.name
                assert "Yankee" not in content, path.name

    def test_strict_and_populations_and_ends(self, shell: Shell) -> None:
        table = pl.read_csv(shell.folder / "in.csv").with_columns(
            pl.lit("yes").alias("pp"), pl.lit("withdrawn").alias("end"),
            pl.lit("2025-06-30").alias("end_on"),
        )  # fmt: skip
        table.write_csv(shell.folder / "full.csv")
        columns = ("--population-column", "pp", "--disposition-column", "end", "--ended-column",
                   "end_on")  # fmt: skip
        done = shell.run("outcome", "full.csv", "-o", "out.csv", *ARMS, *columns, "--strict")
        assert done.code == 1  # a velocity without a z asks for a look
        assert "--strict" in done.err
        assert "per protocol" in done.out
        assert "withdrawn" in done.out

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("-o", "out.docx"), "out.docx"),
            (("-o", "out.csv", "--adam", "a.sas"), ".xpt, .json or .parquet"),
            (("-o", "out.csv", "--summary", "out.csv"), "two outputs"),
            (("-o", "out.csv", "--summary", "-"), "--summary"),
            (("-o", "out.csv", "--window", "2"), "--window"),
            (("-o", "out.csv", "--targets", "soon"), "targets"),
            (("-o", "out.csv", "--arm-column", "nothere"), "nothere"),
            (("-o", "out.csv", "--control", "A"), "control"),
            (("-o", "out.csv", "--baseline", "nothere"), "nothere"),
            (("-o", "out.csv", "--trial", "NCT03601416"), "version"),
            (("-o", "in.csv"), "is the input"),
        ],
    )
    def test_what_is_refused(self, shell: Shell, options: tuple[str, ...], said: str) -> None:
        done = shell.run("outcome", "in.csv", *options)
        assert done.code == 2
        assert said in done.err
        assert len(done.err.strip().splitlines()) == 1
        assert sorted(path.name for path in shell.folder.iterdir()) == ["in.csv"]

    def test_no_rows(self, shell: Shell) -> None:
        header = (shell.folder / "in.csv").read_text("utf-8").splitlines()[0]
        (shell.folder / "none.csv").write_text(header + "\n", encoding="utf-8")
        for name in ("none_out.csv", "none.html"):
            done = shell.run("outcome", "none.csv", "-o", name, "--arm-column", "arm")
            assert done.code == 0, done.err


class TestPage:
    @pytest.mark.requirement("REQ-OUT-09")
    def test_the_example(self, shell: Shell) -> None:
        done = shell.run("outcome", COHORT, "-o", "page.html", *ARMS, "--sensitivity")
        assert done.code == 0
        text = (shell.folder / "page.html").read_text("utf-8")
        assert "<script" not in text
        assert not re.search(r'(?:src|href)="(?!#)', text)
        for part in ("Visits at each target", "Attained z", "Sensitivity: Difference of means",
                     "Text for a statistical analysis plan", "Audit record",
                     "chronological age"):  # fmt: skip
            assert part in text
        assert text.count("<svg") == 2
        assert faults(json.loads((shell.folder / "page.html.json").read_text("utf-8"))) == []

    @pytest.mark.requirement("REQ-OUT-09")
    def test_text_of_the_data_is_escaped(self) -> None:
        table = cohort(7).with_columns(
            pl.col("arm").replace({"A": "<b>A</b>", "B": "B"}), pl.lit("yes").alias("pp")
        )
        found = nc.outcome(table, arm="arm", control="<b>A</b>", population="pp")
        text = found.page()
        assert "<b>A</b>" not in text
        assert "&lt;b&gt;A&lt;/b&gt;" in text
        assert "per protocol" in text
        assert "Audit record" not in text

    def test_one_arm_and_side_by_side(self) -> None:
        single = nc.outcome(cohort(7), trial="NCT03558334", sensitivity=True).page()
        assert "Outcome of NCT03558334" in single
        assert "n and mean (SD)" in single
        both = nc.outcome(cohort(7), arm="arm").page()
        assert "side by side" in both

    def test_the_count_of_visits_adds_up(self) -> None:
        from neocalc.outcomes.page import flow

        found = nc.outcome(cohort(7, 16), arm="arm")
        for row in flow(found):
            assert row["subjects"] == 8
            assert row["seen"] + row["why"].total() == 8


class TestAdam:
    @pytest.fixture
    def found(self) -> Any:
        table = cohort(7, 16).with_columns(pl.lit("y").alias("pp"))
        return nc.outcome(table, arm="arm", trial="NCT03558334", population="pp")

    @pytest.mark.requirement("REQ-OUT-10")
    def test_what_it_holds(self, found: Any) -> None:
        table = found.adam()
        assert not table.select("USUBJID", "PARAMCD", "AVISITN").is_duplicated().any()
        z = table.filter(pl.col("PARAMCD") == "WAZ")
        rows = found.subjects.filter(pl.col("measure") == "weight").sort(
            "subject_id", "target_number"
        )
        z = z.sort("USUBJID", "AVISITN")
        assert z["AVAL"].equals(rows["z"])
        assert z["BASE"].equals(rows["baseline_z"])
        assert z["CHG"].equals(rows["change_z"])
        assert z["ADT"].equals(rows["visit_on"])
        assert z["ASTATUS"].to_list() == rows["status"].to_list()
        day = rows["visit_day"].to_list()
        assert z["ADY"].to_list() == [None if d is None else d + (d >= 0) for d in day]
        assert 0 not in z["ADY"].drop_nulls().to_list()
        base = z.filter(pl.col("AVISITN") == 0)
        assert set(base["ABLFL"]) <= {"Y", ""}
        assert (base["AVAL"].is_not_null() == (base["ABLFL"] == "Y")).all()
        assert (table["AVAL"].is_not_null() == (table["ANL01FL"] == "Y")).all()
        assert table.filter(pl.col("AVISITN") > 0)["ABLFL"].unique().to_list() == [""]
        value = table.filter((pl.col("PARAMCD") == "WEIGHT") & pl.col("CHG").is_not_null())
        assert value.height
        assert ((value["AVAL"] - value["BASE"] - value["CHG"]).abs() < 1e-12).all()
        inside = z.filter(pl.col("ADY").is_not_null() & (pl.col("AVISITN") > 0))
        assert ((inside["AWLO"] <= inside["ADY"]) & (inside["ADY"] <= inside["AWHI"])).all()
        assert ((inside["ADY"] - inside["AWTARGET"]).abs() == inside["AWTDIFF"]).all()

    @pytest.mark.requirement("REQ-OUT-10")
    def test_transport_file_read_back(self, found: Any, tmp_path: Path) -> None:
        pyreadstat = pytest.importorskip("pyreadstat", reason="the extra files is not installed")
        from neocalc.outcomes.adam import VARIABLES, write

        path = tmp_path / "adgrow.xpt"
        write(found, path, "adgrow.xpt")
        header = path.read_bytes()[:80]
        assert header.startswith(b"HEADER RECORD*******LIBRARY HEADER RECORD")  # version 5
        back, about = pyreadstat.read_xport(str(path))
        wanted = found.adam()
        assert about.table_name == "ADGROW"
        assert list(back.columns) == wanted.columns
        assert len(back) == wanted.height
        for name, label in about.column_names_to_labels.items():
            assert len(name) <= 8
            assert len(label) <= 40
            assert label == VARIABLES[name].label
        for name in wanted.columns:
            column = wanted[name]
            if column.dtype == pl.String:
                assert back[name].tolist() == column.to_list(), name
            elif column.dtype == pl.Date:
                days = [None if v is None else str(v)[:10] for v in column.to_list()]
                read = [None if v != v or v is None else str(v)[:10] for v in back[name].tolist()]
                assert read == days
            else:
                read = [None if v != v else v for v in back[name].tolist()]
                for mine, theirs in zip(column.to_list(), read, strict=True):
                    assert (mine is None) == (theirs is None)
                    assert mine is None or mine == pytest.approx(theirs, rel=1e-13)

    @pytest.mark.parametrize("text", ["Kind Ä", "x" * 201])
    def test_texts_that_a_transport_file_cannot_hold(self, tmp_path: Path, text: str) -> None:
        pytest.importorskip("pyreadstat", reason="the extra files is not installed")
        from neocalc.outcomes.adam import write

        found = nc.outcome(cohort(7).with_columns(pl.lit(text).alias("subject_id")))
        with pytest.raises(nc.FileError, match="USUBJID"):
            write(found, tmp_path / "a.xpt", "a.xpt")
        write(found, tmp_path / "a.json", "a.json")

    def test_without_the_extra(self, found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        import sys

        from neocalc.outcomes.adam import write

        monkeypatch.setitem(sys.modules, "pyreadstat", None)
        with pytest.raises(nc.ExtraMissing, match=r"neocalc\[files\]"):
            write(found, Path("a.xpt"), "a.xpt")

    @pytest.mark.requirement("REQ-OUT-10")
    def test_dataset_json(self, found: Any, tmp_path: Path) -> None:
        """The form that CDISC's model of Dataset-JSON 1.1 states."""
        from neocalc.outcomes.adam import write

        write(found, tmp_path / "a.json", "a.json")
        about = json.loads((tmp_path / "a.json").read_text("utf-8"))
        required = {"datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records",
                    "name", "label", "columns"}  # fmt: skip
        optional = {"fileOID", "dbLastModifiedDateTime", "originator", "sourceSystem", "studyOID",
                    "metaDataVersionOID", "metaDataRef", "isReferenceData", "rows"}  # fmt: skip
        assert required <= set(about) <= required | optional
        assert re.fullmatch(r"1\.1(\.\d+)?", about["datasetJSONVersion"])
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", about["datasetJSONCreationDateTime"]
        )
        assert set(about["sourceSystem"]) == {"name", "version"}
        kinds = {"string": str, "integer": int, "double": float, "date": str}
        for i, column in enumerate(about["columns"]):
            assert {"itemOID", "name", "label", "dataType"} <= set(column)
            assert set(column) <= {"itemOID", "name", "label", "dataType", "targetDataType",
                                   "length", "displayFormat", "keySequence"}  # fmt: skip
            values = [row[i] for row in about["rows"] if row[i] is not None]
            assert all(isinstance(value, kinds[column["dataType"]]) for value in values)
            if "length" in column:
                assert max(map(len, values)) <= max(column["length"], 1)
        assert about["records"] == len(about["rows"]) == found.adam().height
        keys = {c["keySequence"]: c["name"] for c in about["columns"] if "keySequence" in c}
        assert [keys[k] for k in sorted(keys)] == ["STUDYID", "USUBJID", "PARAMCD", "AVISITN"]

    def test_parquet_and_the_command(self, shell: Shell) -> None:
        done = shell.run("outcome", "in.csv", "-o", "o.csv", "--adam", "a.parquet", *ARMS)
        assert done.code == 0
        table = pl.read_parquet(shell.folder / "a.parquet")
        assert "TRTP" in table.columns
        blind = nc.outcome(cohort(7), arm="arm", blind=True).adam()
        assert "TRTP" not in blind.columns
