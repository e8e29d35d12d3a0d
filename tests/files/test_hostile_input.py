"""Hostile files: one clear line that names file, row and column, or a status; never half an output.

Every run checks that the input is unchanged byte for byte and that nothing is left behind.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import own_references
from neocalc.errors import printable
from neocalc.references.catalogue import open_folder
from shell import HEADER, ROW, Shell, scored_rows

REFUSED: dict[str, tuple[str | bytes, str]] = {
    "an empty file": ("", "in.csv: the file is empty; a header line is needed"),
    "a byte order mark alone": ("\ufeff", "in.csv: the file is empty; a header line is needed"),
    "blank lines alone": ("\n\n\n", "in.csv: row 1 is blank; it must be the header"),
    "a blank line first": (f"\n{HEADER}{ROW}", "in.csv: row 1 is blank; it must be the header"),
    "a duplicate column": (
        "sex,sex,age_days,weight_g\nf,f,1,3000\n",
        "in.csv: columns 1 and 2 are both named 'sex'",
    ),
    "columns without a name": (
        "sex,age_days,weight_g,,\nf,1,3000,,\n",
        "in.csv: columns 4 and 5 have no name",
    ),
    "no sex": (
        "age_days,weight_g\n1,3000\n",
        "in.csv: there is no column sex; map it: --column sex=NAME",
    ),
    "no age": (
        "sex,birth_date,weight_g\nf,2024-01-01,3000\n",
        "in.csv: no age: it needs birth_date and measured_on, or age_days;"
        " map it: --column measured_on=NAME",
    ),
    "no measure": ("sex,age_days\nf,1\n", "in.csv: there is no column to score; accepted: "),
    "no unit": (
        "sex,age_days,weight\nf,1,3\n",
        "in.csv: the column 'weight' would not be read (a weight): --column weight_kg=weight if it"
        " is in kg, or --column weight_g=weight if it is in g, or --ignore weight",
    ),
    "pounds": (
        "sex,age_days,weight_lb,length_cm\nf,1,7,50\n",
        "in.csv: the column 'weight_lb' would not be read (a weight): --convert, or"
        " --ignore weight_lb",
    ),
    "semicolons": (
        (HEADER + ROW).replace(",", ";"),
        "in.csv: there is one column only, 'subject_id;sex;age_days;gestational_age;weight_g';"
        " if it is separated otherwise: --delimiter ';'",
    ),
    "tabs": (
        (HEADER + ROW).replace(",", "\t"),
        "in.csv: there is one column only, 'subject_id\\tsex",
    ),
    "Latin-1": (
        f"note,{HEADER}José,{ROW}".encode("latin-1"),
        "in.csv: row 2, column note: the byte 0xE9 is not UTF-8; save the file as UTF-8",
    ),
    "Latin-1 in the header": (
        f"José,{HEADER}x,{ROW}".encode("latin-1"),
        "in.csv: row 1: the byte 0xE9 is not UTF-8; save the file as UTF-8",
    ),
    "UTF-16": (
        (HEADER + ROW).encode("utf-16"),
        "in.csv: is a text in UTF-16; save it as UTF-8 (in Excel: CSV UTF-8)",
    ),
    "decimal commas without quotes": (
        HEADER + ROW + "002,f,105,27+3,3100,5\n",
        "in.csv: row 3: 6 fields where the header has 5; a decimal comma, or a text with a",
    ),
    "a short row": (
        HEADER + ROW + "002,f,105\n" + ROW,
        "in.csv: row 3, column age_days: 3 fields where the header has 5; is the row cut off",
    ),
    "a file that is cut off": (
        HEADER + ROW + "002,f,1",
        "in.csv: row 3, column age_days: 3 fields where the header has 5; is the row cut off",
    ),
    "a stray quotation mark": (
        f'note,{HEADER}5" tube,{ROW}x,{ROW}',
        "in.csv: row 2, column note: a quotation mark in the middle of a field; a field with one",
    ),
    "text after a quoted field": (
        f'note,{HEADER}"5" tube,{ROW}',
        "in.csv: row 2, column note: a quotation mark in the middle of a field; a field with one",
    ),
    "a quoted field that is not closed": (
        f'note,{HEADER}x,{ROW}"x,{ROW}x,{ROW}',
        "in.csv: row 3, column note: a quoted field that is not closed",
    ),
    "lone carriage returns": (
        (HEADER + ROW).replace("\n", "\r"),
        "in.csv: row 1: a carriage return without a line feed; save the file with line feeds,",
    ),
    "the end of a DOS file": (
        HEADER + ROW + "\x1a",
        "in.csv: row 3, column subject_id: 1 field where the header has 5;",
    ),
    "a scored file": (
        f"waz,{HEADER}1,{ROW}",
        "in.csv: it has the columns waz already; to add ours beside them under other",
    ),
    "a gzip file": (b"\x1f\x8b\x08\x00", "in.csv: the gzip file is cut off; copy or pack it again"),
    "a workbook": (
        b"PK\x03\x04" + b"-" * 26 + b"[Content_Types].xml",
        "in.csv: not a readable Excel workbook (.xlsx): File is not a zip file",
    ),
    "a broken Parquet file": (b"PAR1PAR1", "in.csv: not a readable Parquet file: "),
}

STATUSES: dict[str, tuple[str, str]] = {
    "a quoted decimal comma": (HEADER + '001,f,105,27+3,"3,1"\n', "invalid_value"),
    "a byte order mark": ("\ufeff" + HEADER + ROW, "ok"),
    "carriage returns and line feeds": ((HEADER + ROW).replace("\n", "\r\n"), "ok"),
    "no line feed at the end": ((HEADER + ROW).strip(), "ok"),
    "a quoted line feed": (f'note,{HEADER}"a\nb",{ROW}', "ok"),
    "a NUL byte beside": (f"note,{HEADER}a\0b,{ROW}", "ok"),
    "a NUL byte in a number": (HEADER + "001,f,105,27+3,3\x00100\n", "invalid_value"),
    "a formula": (HEADER + "=cmd|' /C calc'!A0,f,105,27+3,3100\n", "ok"),
    "a blank line": (HEADER + "\n", "missing_value"),
    "a unit in the cell": (HEADER + "001,f,105,27+3,3100 g\n", "invalid_value"),
    "a weight of zero": (HEADER + "001,f,105,27+3,0\n", "invalid_value"),
    "a huge number": (HEADER + "001,f,105,27+3,1e308\n", "invalid_value"),
    "an infinite number": (HEADER + "001,f,105,27+3,1e999\n", "invalid_value"),
    "a huge age": (HEADER + "001,f,99999999999999999999,27+3,3100\n", "invalid_age"),
    "gestation as a number": (HEADER + "001,f,105,27.3,3100\n", "invalid_gestation"),
    "a sex in another language": (HEADER + "001,девочка,105,27+3,3100\n", "invalid_sex"),
}

DATES = ["01/05/2024", "25/05/2024", "1.5.2024", "1-May-24", "45413", "2024-02-30", "2024-05",
         "0000-00-00", "9999-99-99", "today"]  # fmt: skip


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(shell: Shell, name: str) -> None:
    content, message = REFUSED[name]
    problem = shell.score(content).problem
    assert problem.startswith(f"neocalc: {message}")
    assert len(problem) < 300
    assert shell.names() == ["in.csv"]


@pytest.mark.requirement("REQ-FILE-02")
@pytest.mark.parametrize("name", REFUSED)
def test_an_existing_output_survives_a_refusal(shell: Shell, name: str) -> None:
    shell.write("out.csv", "mine")
    shell.write("in.csv", REFUSED[name][0])
    assert shell.run("score", "in.csv", "-o", "out.csv", "--force").code == 2
    assert shell.read("out.csv") == "mine"
    assert shell.names() == ["in.csv", "out.csv"]


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize("name", STATUSES)
def test_what_can_be_read_has_a_status(shell: Shell, name: str) -> None:
    content, status = STATUSES[name]
    assert shell.score(content).code == 0
    with (shell.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["waz_status"] for row in rows] == [status]
    assert json.loads(shell.read("out.csv.json"))["statuses"] == {"waz": {status: 1}}


@pytest.mark.parametrize("date", DATES)
def test_dates_in_other_orders_have_a_status(shell: Shell, date: str) -> None:
    header = "sex,birth_date,measured_on,weight_g\n"
    rows = f"f,{date},2024-06-01,3100\nf,2024-01-01,{date},3100\n"
    shell.score(header + rows)
    assert [row[-1] for row in scored_rows(shell.read("out.csv"))] == ["invalid_age"] * 2


def test_a_header_alone_is_a_table_without_rows(shell: Shell) -> None:
    for content in (HEADER, HEADER.strip()):
        done = shell.score(content, "--force", "--strict")
        assert done.code == 0
        assert done.lines[1].startswith("0 rows in ")
        assert shell.read("out.csv").count("\n") == 1
        assert json.loads(shell.read("out.csv.json"))["rows"] == 0
    assert shell.score(HEADER, output="out.parquet").code == 0
    assert pl.read_parquet(shell.folder / "out.parquet").height == 0


@pytest.mark.requirement("REQ-STAT-07")
def test_ten_thousand_columns(shell: Shell) -> None:
    more = [f"x{i}" for i in range(10_000)]
    header = ",".join([*more, HEADER.strip()])
    row = ",".join(["007"] * 10_000)
    content = f"{header}\n" + f"{row},{ROW}" * 20
    assert shell.score(content).code == 0
    lines = shell.read("out.csv").splitlines()
    assert all(line.startswith(f"{row},001,f,105") for line in lines[1:])
    problem = shell.score(f"{content}{row}\n", "--force", output="other.csv").problem
    assert "row 22, column x9999: 10,000 fields where the header has 10,005" in problem


@pytest.mark.requirement("REQ-STAT-07")
def test_a_field_of_ten_megabytes(shell: Shell) -> None:
    field = 'a,"\n' * 2_500_000
    content = "note," + HEADER + '"' + field.replace('"', '""') + '",' + ROW + "x," + ROW
    assert shell.score(content).code == 0
    text = shell.read("out.csv")
    assert text.startswith("note,subject_id")
    assert text.count("\n") == 3 + field.count("\n")
    assert text.endswith("-1.5619738166171258,fenton-2013,ok\n")
    del text, content
    long = "9" * 10_000_000
    rows = [f"1,f,105,27+3,{long}", f"1,f,{long},27+3,3", f"1,f,105,{long},3", f"1,{long},105,,3"]
    shell.score(HEADER + "\n".join(rows), "--force")
    assert [row[-1] for row in scored_rows(shell.read("out.csv"))] == [
        "invalid_value", "invalid_age", "invalid_gestation", "invalid_sex",
    ]  # fmt: skip


def test_a_name_of_ten_megabytes_is_refused_in_a_short_line(shell: Shell) -> None:
    name = "s" * 10_000_000
    for header in (name, f"{name},{name}"):
        assert len(shell.score(f"{header}\n").problem) < 1_100


@pytest.mark.requirement("REQ-FILE-04")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([".", "-o", "out.csv"], ".: cannot be read: Is a directory"),
        (["no.csv", "-o", "out.csv"], "no.csv: cannot be read: No such file or directory"),
        (["", "-o", "out.csv"], ": cannot be read: "),
        (["in.csv", "-o", "."], ".: is a folder"),
        (["in.csv", "-o", ""], "-o: missing; give a value, or leave the option out"),
        (["in.csv", "-o", "no/out.csv"], "no/out.csv: there is no folder no"),
        (["in.csv", "-o", "in.csv", "--force"], "in.csv: is the input, which is never changed"),
        (["in.csv", "-o", "link.csv", "--force"], "link.csv: is the input, which is never changed"),
        (["in.csv", "-o", "out.ods"], "out.ods: .ods is not written; accepted: .csv, .tsv,"),
        (["in.csv", "-o", "/dev/full", "--force"], "/dev/full: is not a file; for standard output"),
        (["in.csv", "-o", "n" * 300], "n" * 300 + ": cannot be written: File name too long"),
        (["n" * 300, "-o", "out.csv"], "n" * 300 + ": cannot be read: File name too long"),
    ],
)
def test_paths_that_cannot_be_used(shell: Shell, arguments: list[str], message: str) -> None:
    path = shell.write("in.csv", HEADER + ROW)
    (shell.folder / "link.csv").symlink_to("in.csv")
    problem = shell.run("score", *arguments).problem
    assert problem.startswith(f"neocalc: {message}")
    assert path.read_text() == HEADER + ROW
    assert shell.names() == ["in.csv", "link.csv"]
    assert Path("/dev/full").is_char_device()


@pytest.mark.requirement("REQ-FILE-03")
def test_the_record_does_not_replace_the_input_either(shell: Shell) -> None:
    shell.write("x.csv.json", HEADER + ROW)
    problem = shell.run("score", "x.csv.json", "-o", "x.csv", "--force").problem
    assert problem == "neocalc: x.csv.json: is the input, which is never changed"


@contextlib.contextmanager
def without_rights() -> Iterator[None]:
    """Without the rights of the superuser, who may read and write everything."""
    user = os.geteuid()
    os.seteuid(user or 65534)
    try:
        yield
    finally:
        os.seteuid(user)


def test_no_permission(shell: Shell) -> None:
    assert shell.score(HEADER + ROW).code == 0  # everything is loaded that has to be
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a.csv").write_text(HEADER + ROW)
        (folder / "a.csv").chmod(0)
        (folder / "b.csv").write_text(HEADER + ROW)
        (folder / "closed").mkdir(mode=0o555)
        shell.folder = folder
        with without_rights():
            unread = shell.run("score", "a.csv", "-o", "-")
            unwritten = shell.run("score", "b.csv", "-o", "closed/c.csv")
        assert unread.problem == "neocalc: a.csv: cannot be read: Permission denied"
        assert unwritten.problem == "neocalc: closed/c.csv: cannot be written: Permission denied"
        assert list((folder / "closed").iterdir()) == []


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize(
    "name",
    ["an empty file", "Latin-1", "a short row", "a quoted field that is not closed",
     "a broken Parquet file", "lone carriage returns", "blank lines alone"],
)  # fmt: skip
def test_as_a_process_of_its_own_there_is_no_traceback_either(shell: Shell, name: str) -> None:
    content, message = REFUSED[name]
    shell.write("in.csv", content)
    done = shell.spawn("score", "in.csv", "-o", "out.csv")
    assert done.problem.startswith(f"neocalc: {message}")
    assert shell.names() == ["in.csv"]


@pytest.mark.parametrize("weight", ["1e300kg", "1e308kg", "1e-300kg", "2000000000kg"])
def test_a_weight_beyond_any_infant_had_a_z_without_end(shell: Shell, weight: str) -> None:
    child = ("--sex", "f", "--gestation", "27+3")
    for command in (
        ("growth", *child, "--age-days", "20", "--weight", weight),
        ("growth", *child, "--age-days", "400", "--weight", weight, "--length", "70cm"),
        (
            "velocity",
            *child,
            "--first-days",
            "20",
            "--second-days",
            "30",
            "--weight",
            "1kg",
            weight,
        ),
        (
            "velocity",
            *child,
            "--first-days",
            "200",
            "--second-days",
            "261",
            "--weight",
            weight,
            "5kg",
        ),
    ):
        done = shell.run(*command)
        assert done.problem.startswith(
            f"neocalc: --weight: {weight!r} is not accepted; a value above 0"
        )
    head = "subject_id,sex,age_days,gestational_age,weight_kg\na,f,9,27+3,0.9\n"
    shell.write("in.csv", f"{head}a,f,30,27+3,{weight.strip('kg')}\n")
    assert shell.run("score", "in.csv", "-o", "out.csv").code == 0
    assert shell.read("out.csv").splitlines()[-1].endswith(",,fenton-2013,invalid_value")
    assert shell.run("velocity", "in.csv", "-o", "v.csv").code == 0
    assert "inf" not in shell.read("v.csv")


# ------------------------------------------------------------------------------- names of any bytes

RAW = ("\x1b", "\x07", "\x9b", "\u202e", "\r", "\x00", "\x7f")
NAMES = {
    "not UTF-8": b"\xff\xfe",
    "an escape sequence": b"a\x1b[2Jb",
    "a line break": b"new\nline",
    "a carriage return": b"a\rb",
    "right to left": "b\u202evsc".encode(),
    "a C1 control": "\x9b31m".encode(),
}


@pytest.mark.requirement("REQ-CMD-10")
@pytest.mark.parametrize("bad", list(NAMES.values()), ids=list(NAMES))
def test_a_name_of_a_file_may_be_any_bytes_and_is_shown_as_text(shell: Shell, bad: bytes) -> None:
    name = os.fsdecode(bad)
    header = HEADER.replace("\n", ",x\x1b[31mred\n")
    shell.write(f"{name}.csv", header + ROW.replace("\n", ",\n"))
    pl.read_csv(f"{HEADER}{ROW}".encode()).write_parquet(shell.folder / "p.parquet")
    (shell.folder / "p.parquet").rename(shell.folder / f"{name}.parquet")
    shell.write(f"{name}.toml", '[columns]\nweight_g = "weight_g"\n')
    product = ("--weight", "2kg", "--viable-concentration", "5e6cells/mL")
    dose = ("dose", "--dose", "1 million cells/kg", *product)
    for arguments, code in (
        (("score", f"{name}.csv", "-o", f"{name}.out.csv"), 0),
        (("score", f"{name}.csv", "-o", f"{name}.out.parquet"), 0),
        (("velocity", f"{name}.csv", "-o", f"{name}.out.tsv"), 0),
        (("chart", f"{name}.csv", "-o", f"{name}.svg"), 0),
        (("report", f"{name}.csv", "-o", f"{name}.html"), 0),
        ((*dose, "--worksheet", f"{name}.txt", "--audit", f"{name}.jsonl"), 0),
        (("score", f"{name}.parquet", "-o", "p.csv"), 0),
        (("score", f"{name}.csv", "-o", "x.csv", "--columns", f"{name}.toml"), 0),
        (("score", f"{name}.csv", "-o", "y.csv", "--column", f"weight_g={name}"), 2),
        (("score", f"{name}.none", "-o", "y.csv"), 2),
        (("score", f"{name}.csv", "-o", f"{name}/y.csv"), 2),
        (("chart", f"{name}.csv", "--subject", name, "-o", "y.svg"), 2),
        (("dose", "--trial", f"{name}.toml", "--arm", "A", *product), 2),
        ((*dose, "--subject", name), 2),
        ((name,), 2),
        (("growth", "--sex", name, "--age-days", "3", "--weight", "3kg"), 2),
    ):
        done = shell.run(*arguments)
        assert done.code == code, (arguments, done)
        assert not [c for c in RAW if c in done.out + done.err], (arguments, done)
        if code == 2:
            assert len(done.lines) == 1, done
        assert "y.csv" not in shell.names()
        if arguments[-2:-1] == ("-o",) and code == 0:
            assert f"Written: {printable(arguments[-1])}" in done.err
    (shell.folder / f"f{name}").mkdir()
    done = shell.run("score", f"{name}.csv", "-o", f"f{name}/y.parquet")
    assert done.code == (2 if bad == NAMES["not UTF-8"] else 0)
    assert not [c for c in RAW if c in done.err], done
    record = json.loads(shell.read(f"{name}.out.csv.json"))
    assert record["input"]["name"].isprintable()


@pytest.mark.requirement("REQ-CMD-10")
def test_names_of_columns_ids_and_titles_are_shown_as_text(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = "id\x1b[1A,sex,age_days,w\u202e\n"
    shell.write("in.csv", header + "a\x07,f,30,4\nb,f,30,4\n")
    given = ("--column", "subject_id=id\x1b[1A", "--column", "weight_kg=w\u202e")
    done = shell.run("score", "in.csv", "-o", "out.csv", *given)
    assert done.code == 0
    assert "subject_id=id\\x1b[1A" in done.err
    assert "weight_kg=w\\u202e" in done.err
    assert shell.read("out.csv").startswith(header.rstrip("\n"))  # the data stay as they are
    done = shell.run("chart", "in.csv", "-o", "out.svg", *given, "--subject", "a\x07", "--json")
    assert done.code == 0
    assert json.loads(done.out)["subject"] == "a\x07"
    folder = own_references.write(shell.folder / "mine", title="two\\u001b[2J")
    monkeypatch.setenv("NEOCALC_REFERENCES", str(folder))
    listed = shell.run("references")
    assert listed.code == 0
    assert "mine: two\\u001b[2J\n" in listed.out


# --------------------------------------------------------------- files that are large, or no files


@pytest.mark.requirement("REQ-CMD-11")
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder", "a huge file"])
def test_what_is_no_small_file_is_refused_and_not_waited_for(shell: Shell, kind: str) -> None:
    shell.write("in.csv", HEADER + ROW)
    path = shell.folder / "x.toml"
    said = "is not a file"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a folder":
        path.mkdir()
        said = "Is a directory"
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
        said = "is larger than 1,048,576 bytes"
    product = ("--arm", "A", "--weight", "2kg", "--viable-concentration", "5e6cells/mL")
    for arguments in (
        ("score", "in.csv", "-o", "out.csv", "--columns", "x.toml"),
        ("velocity", "in.csv", "-o", "out.csv", "--columns", "x.toml"),
        ("chart", "in.csv", "-o", "out.svg", "--columns", "x.toml"),
        ("report", "in.csv", "-o", "out.html", "--columns", "x.toml"),
        ("dose", "--trial", "x.toml", *product),
        ("score", "in.csv", "-o", "out.csv", "--dose", "x.toml:A", "--every-row"),
    ):
        problem = shell.run(*arguments).problem
        assert problem.startswith("neocalc: x.toml: ")
        assert problem.endswith(said)
    assert shell.names() == ["in.csv", "x.toml"]


@pytest.mark.requirement("REQ-CMD-11")
def test_a_reference_that_is_no_file_is_refused_and_not_waited_for(shell: Shell) -> None:
    growth = ("growth", "--sex", "f", "--age-days", "3", "--weight", "3kg", "--reference")
    folder = own_references.write(shell.folder / "mine")
    for name in ("weight.csv", "reference.toml"):
        (folder / name).unlink()
        os.mkfifo(folder / name)
        open_folder.cache_clear()
        assert shell.run(*growth, str(folder)).problem.endswith(f"{name}: is not a file")


@pytest.mark.requirement("REQ-CMD-11")
def test_an_audit_trail_that_is_a_pipe_is_refused_and_not_waited_for(shell: Shell) -> None:
    os.mkfifo(shell.folder / "a.jsonl")
    product = ("--weight", "2kg", "--viable-concentration", "5e6cells/mL")
    done = shell.run("dose", "--dose", "1 million cells/kg", *product, "--audit", "a.jsonl")
    assert done.problem == "neocalc: a.jsonl: is a pipe; an audit trail is a file"
