"""`neocalc score`: options, the summary, the record, progress and streams."""

from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import json
import os
import pty
import random
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import neocalc as nc
from neocalc.files import csvrows
from neocalc.files import sources as files
from neocalc.references.catalogue import tables_digest
from shell import ADDED, HEADER, ROW, SCORED, Shell

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cohort.csv"
TWO = HEADER + ROW + "002,f,105,27.3,3100\n"


def test_a_table_is_scored_beside_its_record(shell: Shell) -> None:
    done = shell.score(HEADER + ROW)
    assert done.code == 0
    assert done.out == ""
    assert shell.names() == ["in.csv", "out.csv", "out.csv.json"]
    assert shell.read("out.csv") == f"{HEADER.strip()},{ADDED}\n{ROW.strip()},{SCORED}\n"


@pytest.mark.requirement("REQ-CMD-05")
def test_the_summary_is_on_standard_error(shell: Shell) -> None:
    done = shell.score(TWO)
    assert done.lines[0] == "Columns: subject_id, sex, age_days, gestational_age, weight_g"
    assert done.lines[1].startswith("2 rows in ")
    assert done.lines[1].endswith(" rows per second)")
    assert done.lines[2] == "  waz: ok 1, invalid_gestation 1"
    assert done.lines[3] == "Written: out.csv and out.csv.json"
    assert shell.score(HEADER + ROW, "--force").lines[1].startswith("1 row in ")


@pytest.mark.requirement("REQ-CMD-04")
def test_the_mapping_that_is_used_is_printed(shell: Shell) -> None:
    done = shell.score(
        "id,SEX,DAYS,WT\n1,1,105,3.1\n", "--column", "sex=SEX", "--column", "age_days=DAYS",
        "--column", "weight_kg=WT", "--sex-codes", "male=2, female=1",
    )  # fmt: skip
    assert done.lines[0] == "Columns: sex=SEX, age_days=DAYS, weight_kg=WT"
    assert done.lines[1] == "No gestational age: every age is chronological."
    assert "waz: ok 1" in done.err


@pytest.mark.requirement("REQ-TAB-02")
def test_a_mapping_file(shell: Shell) -> None:
    mapping = (
        '\ufeffmissing = ["NA", -99]\n[columns]\nweight_kg = "WT"\nsex = " SEX"\n'
        "[sex_codes]\nmale = 1\nfemale = 2\n"
    )
    shell.write("map.toml", mapping)
    content = " SEX,age_days,WT\n2,105,3.1\nNA,105,3.1\n2,-99,3.1\n2,105,-99.0\n"
    done = shell.score(content, "--columns", "map.toml")
    assert "waz: ok 1, missing_age 1, missing_sex 1, missing_value 1" in done.err
    record = json.loads(shell.read("out.csv.json"))
    assert record["columns"] == {"sex": " SEX", "age_days": "age_days", "weight_kg": "WT"}
    assert record["sex_codes"] == {"male": "1", "female": "2"}
    assert record["missing"] == ["NA", "-99"]


@pytest.mark.requirement("REQ-CMD-04")
def test_options_go_before_the_mapping_file(shell: Shell) -> None:
    shell.write(
        "map.toml",
        'missing = ["NA"]\n[columns]\nweight_kg = "A"\n[sex_codes]\nmale = 1\nfemale = 2\n',
    )
    shell.score(
        "sex,age_days,A,B\n1,105,9,x\n", "--columns", "map.toml", "--column", "weight_kg=B",
        "--sex-codes", "male=2,female=1", "--missing", "x, y",
    )  # fmt: skip
    record = json.loads(shell.read("out.csv.json"))
    assert record["columns"]["weight_kg"] == "B"
    assert record["sex_codes"] == {"male": "2", "female": "1"}
    assert record["missing"] == ["x", "y"]
    assert record["statuses"] == {"waz": {"missing_value": 1}}


@pytest.mark.requirement("REQ-TAB-02")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = ", "map.toml: is not TOML: "),
        (b"\xff", "map.toml: is not TOML: "),
        ("weight_kg = 'WT'", "map.toml: weight_kg; accepted: [columns] with lines such as"),
        ("[columns.weight_kg]\nname = 'WT'", "map.toml: columns; accepted: "),
        ("columns = 'WT'", "map.toml: columns; accepted: "),
        ("missing = 'NA'", "map.toml: missing; accepted: "),
        ("missing = [[]]", "map.toml: missing; accepted: "),
        ("[columns]\nwt = 'WT'", "column mapping: 'wt' is not a canonical column; accepted: "),
        ("[columns]\nsex = 'SEX'", "in.csv: there is no column 'SEX' (mapped to sex)"),
        ("[sex_codes]\nmale = 1", "sex codes: {'male': '1'}; accepted: male=CODE,female=CODE"),
    ],
)
def test_a_wrong_mapping_file_is_refused(shell: Shell, content: str | bytes, message: str) -> None:
    shell.write("map.toml", content)
    assert shell.score(TWO, "--columns", "map.toml").problem.startswith(f"neocalc: {message}")


def test_a_mapping_file_that_is_not_there_is_refused(shell: Shell) -> None:
    problem = shell.score(TWO, "--columns", "map.toml").problem
    assert problem == "neocalc: map.toml: cannot be read: No such file or directory"


@pytest.mark.requirement("REQ-CMD-01")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column", "weight_kg"], "--column: 'weight_kg' is not accepted; such as weight_kg=WT"),
        (["--column", "=WT"], "--column: '=WT' is not accepted; such as weight_kg=WT"),
        (["--column", "sex="], "--column: 'sex=' is not accepted; such as weight_kg=WT"),
        (["--column", "sex=a", "--column", "sex=b"], "--column: sex is given twice"),
        (["--sex-codes", "1,2"], "--sex-codes: '1' is not accepted; such as male=1,female=2"),
        (["--sex-codes", "male=1,female=2,male=3"], "--sex-codes: male is given twice"),
        (["--sex-codes", "male=1,female=1"], "sex codes: {'male': '1', 'female': '1'}; accepted:"),
        (["--reference", "who"], "--reference: 'who' is not accepted; accepted: "),
        (["--reference", "fenton-2025-birth"], "--reference: 'fenton-2025-birth' is not accepted;"),
        (["--handover", "39w"], "--handover: "),
        (["--correct-until", "soon"], "--correct-until: 'soon' is not accepted; accepted:"),
        (
            ["--reference", "who-2006", "--handover", "44w"],
            "--handover: --reference is one reference whatever the age",
        ),
        (
            ["--reference", "who-2006", "--preterm-reference", "fenton-2025"],
            "--preterm-reference: --reference is one reference whatever the age",
        ),
        (["--delimiter", ";;"], "--delimiter: ';;' is not accepted; give one character"),
    ],
)
def test_wrong_options_are_named_as_they_were_typed(
    shell: Shell, options: list[str], message: str
) -> None:
    problem = shell.score(TWO, *options).problem
    assert problem.startswith(f"neocalc: {message}")
    assert shell.names() == ["in.csv"]


@pytest.mark.requirement("REQ-CMD-01")
def test_wrong_arguments_are_one_line(shell: Shell) -> None:
    for arguments in (["score"], ["score", "in.csv", "--nothing\nelse"], ["score", "a", "b"]):
        problem = shell.run(*arguments).problem
        assert problem.startswith("neocalc score: ")
        assert problem.endswith("(see neocalc score --help)")


# Rows that pass through


@pytest.mark.requirement("REQ-TAB-01")
def test_text_comes_out_as_it_went_in(shell: Shell) -> None:
    cells = [
        "007", " 7 ", "", "NA", "1e5", "1,5", 'say "hm"', "two\nlines", "cr\r\nlf", "é 日本 🙂",
        "\t", "'", "=1+1", "0.10", "-0", "\ufeff", "\0", "a;b", "\\", "#",
    ]  # fmt: skip
    with (shell.folder / "in.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\r\n")
        writer.writerow(["id", "note", *HEADER.strip().split(",")])
        writer.writerows([f"{i:03}", cell, *ROW.strip().split(",")] for i, cell in enumerate(cells))
    before = (shell.folder / "in.csv").read_bytes()
    assert shell.run("score", "in.csv", "-o", "out.csv").code == 0
    assert (shell.folder / "in.csv").read_bytes() == before
    with (shell.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert [row[:2] for row in rows[1:]] == [[f"{i:03}", cell] for i, cell in enumerate(cells)]
    assert {",".join(row[-6:]) for row in rows[1:]} == {SCORED}


@pytest.mark.requirement("REQ-TAB-01")
def test_empty_and_quoted_empty_stay_what_they_were(shell: Shell) -> None:
    shell.score(f'a,b,{HEADER}"",,{ROW},"",{ROW}')
    lines = shell.read("out.csv").splitlines()
    assert [line[:4] for line in lines] == ["a,b,", '"",,', ',"",']


@pytest.mark.requirement("REQ-TAB-01")
def test_blank_lines_keep_their_place(shell: Shell) -> None:
    shell.score(f"{HEADER}\n{ROW}\n\n{ROW}\n")
    rows = [line.split(",") for line in shell.read("out.csv").splitlines()]
    assert [row[0] for row in rows] == ["subject_id", "", "001", "", "", "001", ""]
    assert [row[-1] for row in rows[1:3]] == ["missing_value", "ok"]


def test_the_output_has_the_delimiter_of_the_input(shell: Shell) -> None:
    shell.score((HEADER + ROW).replace(",", ";"), "--delimiter", ";")
    assert shell.read("out.csv").splitlines()[1] == f"{ROW.strip()},{SCORED}".replace(",", ";")
    shell.score((HEADER + ROW).replace(",", "\t"), "--delimiter", "tab", output="out.tsv")
    assert shell.read("out.tsv").splitlines()[1] == f"{ROW.strip()},{SCORED}".replace(",", "\t")


@pytest.mark.requirement("REQ-FILE-01")
@pytest.mark.parametrize(
    ("piece", "rows", "cells"),
    [(64, 10**9, 10**9), (1 << 23, 13, 10**9), (999, 10**9, 300), (1 << 23, 10**9, 1)],
)
def test_the_size_of_the_chunks_does_not_change_a_byte(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, piece: int, rows: int, cells: int
) -> None:
    lines = EXAMPLE.read_bytes().splitlines(keepends=True)
    content = b"".join(lines[:20] + lines[100:120])
    options = ["--centiles", "--uncorrected"]
    whole = shell.score(content, *options)
    monkeypatch.setattr(csvrows, "PIECE", piece)
    monkeypatch.setattr(files, "MOST_ROWS", rows)
    monkeypatch.setattr(files, "CELLS", cells)
    done = shell.score(content, *options, output="again.csv")
    assert done.lines[2:-1] == whole.lines[2:-1]
    assert shell.read("again.csv") == shell.read("out.csv")
    records = [json.loads(shell.read(f"{name}.csv.json")) for name in ("out", "again")]
    for record in records:
        del record["time_utc"], record["output"]["name"]
    assert records[0] == records[1]


@pytest.mark.requirement("REQ-FILE-04", "REQ-FILE-10")
def test_csv_and_parquet_and_frame_agree(shell: Shell) -> None:
    shell.score(EXAMPLE.read_bytes())
    table = pl.read_csv(EXAMPLE, infer_schema=False)
    table.write_parquet(shell.folder / "in.parquet", row_group_size=50)
    assert shell.run("score", "in.parquet", "-o", "out.parquet").code == 0
    assert shell.run("score", "in.parquet", "-o", "from_parquet.csv").code == 0
    assert shell.run("score", "in.csv", "-o", "from_csv.parquet").code == 0
    frame = nc.score(table)
    assert pl.read_parquet(shell.folder / "out.parquet").equals(frame)
    assert pl.read_parquet(shell.folder / "from_csv.parquet").equals(frame)
    assert shell.read("from_parquet.csv") == shell.read("out.csv") == frame.write_csv()


@pytest.mark.requirement("REQ-TAB-01")
def test_typed_columns_of_parquet_are_untouched(shell: Shell) -> None:
    table = pl.DataFrame(
        {
            "id": pl.Series([7, None, 9], dtype=pl.Int8),
            "sex": pl.Series(["f", None, "m"], dtype=pl.Categorical),
            "birth_date": pl.Series(["2024-01-01"] * 3).str.to_date(),
            "measured_on": pl.Series(["2024-04-15T13:00", None, "2024-04-15T00:00"])
            .str.to_datetime()
            .dt.cast_time_unit("ms"),
            "gestational_age_days": pl.Series([192, None, 290], dtype=pl.UInt16),
            "weight_kg": pl.Series([3.1, float("nan"), None], dtype=pl.Float32),
            "arm": pl.Series(["B", "A", None], dtype=pl.Enum(["B", "A"])),
            "visits": [[1, None], [], None],
            "site": [{"code": "001", "n": 1}] * 3,
            "amount": pl.Series(["1.10", "2", None]).cast(pl.Decimal(12, 2)),
            "blob": [b"\xff", b"", None],
            "at": pl.Series(["2024-01-01T08:00"] * 3).str.to_datetime(time_zone="Asia/Shanghai"),
            "nothing": [None] * 3,
        }
    )
    table.write_parquet(shell.folder / "in.parquet")
    assert shell.run("score", "in.parquet", "-o", "out.parquet").code == 0
    scored = pl.read_parquet(shell.folder / "out.parquet")
    assert scored.select(table.columns).schema == table.schema
    assert scored.select(table.columns).equals(table)
    assert scored["waz_status"].to_list() == ["ok", "missing_value", "missing_value"]
    problem = shell.run("score", "in.parquet", "-o", "out.csv").problem
    assert problem.startswith("neocalc: column visits: List(Int64) has no form in a CSV")
    assert shell.names() == ["in.parquet", "out.parquet", "out.parquet.json"]


# The record


@pytest.mark.requirement("REQ-CMD-05")
def test_the_record_says_what_it_takes_to_compute_the_table_again(shell: Shell) -> None:
    shell.score(TWO)
    record = json.loads(shell.read("out.csv.json"))
    assert record.pop("time_utc").startswith("20")
    checksums = record.pop("references")
    assert checksums.keys() == {"fenton-2013", "who-2006", "who-2007"}
    weight = nc.reference("who-2006").measures["weight"].sha256
    assert checksums["who-2006"]["weight"] == weight
    assert record == {
        "record": "neocalc score",
        "format": 1,
        "neocalc": nc.__version__,
        "tables": tables_digest(),
        "policy": nc.Policy().describe(),
        "settings": {
            "preterm_reference": "fenton-2013",
            "term_reference": "who-2006",
            "school_age_reference": "who-2007",
            "school_age_from_day": 1827,
            "handover_day": 350,
            "preterm_below_day": 259,
            "correct_until_day": 1096,
            "require_position": False,
        },
        "reference": "auto",
        "columns": {name: name for name in HEADER.strip().split(",")},
        "sex_codes": None,
        "missing": [],
        "missing_in": {},
        "ignored": [],
        "oedema_codes": None,
        "position_codes": None,
        "date_format": None,
        "decimal": ".",
        "completed_weeks": None,
        "convert": False,
        "compare": {},
        "compared": {},
        "prefix": "",
        "dose": None,
        "added": ADDED.split(","),
        "input": {"name": "in.csv", "sha256": hashlib.sha256(TWO.encode()).hexdigest()},
        "output": {
            "name": "out.csv",
            "sha256": hashlib.sha256((shell.folder / "out.csv").read_bytes()).hexdigest(),
            "bytes": (shell.folder / "out.csv").stat().st_size,
        },
        "rows": 2,
        "children": {
            "completed_rows": 0,
            "conflicting_rows": 0,
            "repeated_rows": 0,
            "trimmed_ids": 0,
        },
        "notices": [],
        "failed_columns": {},
        "statuses": {"waz": {"invalid_gestation": 1, "ok": 1}},
    }


def test_the_same_input_gives_the_same_bytes_apart_from_the_time(shell: Shell) -> None:
    shell.score(TWO)
    first = [shell.read("out.csv"), shell.read("out.csv.json").splitlines()]
    shell.score(TWO, "--force")
    second = [shell.read("out.csv"), shell.read("out.csv.json").splitlines()]
    assert first[0] == second[0]
    differ = [a for a, b in zip(first[1], second[1], strict=True) if a != b]
    assert all(line.startswith('  "time_utc": ') for line in differ)


def test_the_record_of_one_reference_has_its_settings_and_every_table_used(shell: Shell) -> None:
    shell.score(TWO, "--reference", "fenton-2025", "--uncorrected", "--correct-until", "24mo")
    record = json.loads(shell.read("out.csv.json"))
    assert record["policy"] == nc.Policy(correct_until="24 month").describe("fenton-2025")
    assert record["reference"] == "fenton-2025"
    assert record["settings"]["correct_until_day"] == 731
    # The z at chronological age are the WHO's.
    assert set(record["references"]) == {"fenton-2025", "who-2006"}
    shell.score(TWO, "--reference", "who-2006", "--force")
    record = json.loads(shell.read("out.csv.json"))
    assert set(record["references"]) == {"who-2006"}


# Options


def test_centiles_and_uncorrected(shell: Shell) -> None:
    shell.score(HEADER + ROW, "--centiles", "--uncorrected")
    header, row = (line.split(",") for line in shell.read("out.csv").splitlines())
    cells = dict(zip(header, row, strict=True))
    assert header[-2:] == ["waz_centile", "waz_uncorrected"]
    assert float(cells["waz_centile"]) == pytest.approx(5.9147, abs=1e-4)
    age = nc.Age.from_days(105)
    plain = nc.zscore("weight", "3100 g", sex="f", age=age).z
    assert float(cells["waz_uncorrected"]) == plain


@pytest.mark.requirement("REQ-CMD-04")
def test_the_policy_options(shell: Shell) -> None:
    shell.score(
        HEADER + ROW, "--preterm-reference", "fenton-2025", "--handover", "42w",
        "--preterm-below", "36+0", "--correct-until", "24mo",
    )  # fmt: skip
    record = json.loads(shell.read("out.csv.json"))
    expected = {
        "preterm_reference": "fenton-2025", "term_reference": "who-2006", "handover_day": 294,
        "preterm_below_day": 252, "correct_until_day": 731,
    }  # fmt: skip
    assert expected.items() <= record["settings"].items()
    assert ",who-2006,ok" in shell.read("out.csv")


@pytest.mark.requirement("REQ-CMD-01")
def test_strict_leaves_with_1_when_a_status_is_a_question(shell: Shell) -> None:
    assert shell.score(HEADER + ROW, "--strict").code == 0
    done = shell.score(TWO, "--strict", "--force")
    assert done.code == 1
    assert done.lines[-1] == "--strict: statuses other than ok and missing_value: 1"
    assert "002" in shell.read("out.csv")
    missing = HEADER + "001,f,105,27+3,\n"
    assert shell.score(missing, "--strict", "--force").code == 0


@pytest.mark.requirement("REQ-CMD-02")
def test_json_is_one_object_on_standard_output(shell: Shell) -> None:
    done = shell.score(TWO, "--json")
    about = json.loads(done.out)
    assert about["neocalc"] == nc.__version__
    assert about["tables"] == tables_digest()
    assert about["rows"] == 2
    assert about["statuses"] == {"waz": {"invalid_gestation": 1, "ok": 1}}
    assert about["columns"]["weight_g"] == "weight_g"
    assert about["seconds"] >= 0
    assert "Written: out.csv" in done.err


def test_json_with_the_table_on_standard_output_is_refused_before_any_work(shell: Shell) -> None:
    shell.write("in.csv", TWO)
    problem = shell.run("score", "in.csv", "-o", "-", "--json").problem
    assert problem == "neocalc: --json: standard output is the table already; give -o FILE"


@pytest.mark.requirement("REQ-FILE-03")
def test_an_output_that_is_there_is_kept_unless_forced(shell: Shell) -> None:
    shell.write("out.csv", "mine")
    shell.write("in.csv", HEADER + ROW)
    problem = shell.run("score", "in.csv", "-o", "out.csv").problem
    assert problem == "neocalc: out.csv: exists already; --force replaces it"
    assert shell.read("out.csv") == "mine"
    assert shell.run("score", "in.csv", "-o", "out.csv", "--force").code == 0
    assert shell.read("out.csv") != "mine"
    (shell.folder / "out.csv").unlink()
    problem = shell.run("score", "in.csv", "-o", "out.csv").problem
    assert problem == "neocalc: out.csv.json: exists already; --force replaces it"


def test_an_input_that_is_not_there_with_an_output_that_is(shell: Shell) -> None:
    # This was a traceback.
    shell.write("out.csv", "mine")
    problem = shell.run("score", "nothing.csv", "-o", "out.csv", "--force").problem
    assert problem == "neocalc: nothing.csv: cannot be read: No such file or directory"
    assert shell.read("out.csv") == "mine"


# Streams


@pytest.mark.requirement("REQ-FILE-04")
def test_standard_input_to_standard_output(shell: Shell) -> None:
    done = shell.run("score", "-", "-o", "-", stdin=(HEADER + ROW).encode())
    assert done.out == f"{HEADER.strip()},{ADDED}\n{ROW.strip()},{SCORED}\n"
    assert "Written" not in done.err
    assert done.lines[-1] == "  waz: ok 1"
    assert shell.names() == []


@pytest.mark.requirement("REQ-FILE-04")
def test_parquet_from_standard_input(shell: Shell) -> None:
    path = shell.folder / "in.parquet"
    pl.DataFrame({"sex": ["f"], "age_days": [105], "weight_g": [3100]}).write_parquet(path)
    done = shell.run("score", "-", "-o", "-", stdin=path.read_bytes())
    assert done.code == 0
    assert done.out.startswith("sex,age_days,weight_g,chron")


@pytest.mark.requirement("REQ-FILE-02")
def test_a_fault_in_the_last_row_leaves_standard_output_empty(shell: Shell) -> None:
    content = HEADER + ROW * 200_000 + "short\n"
    done = shell.run("score", "-", "-o", "-", stdin=content.encode())
    assert done.problem.startswith("neocalc: standard input: row 200,002, column subject_id: ")


def test_standard_output_that_is_full_is_one_line(shell: Shell) -> None:
    shell.write("in.csv", HEADER + ROW)
    for arguments in (["score", "in.csv", "-o", "-"], ["references"], ["score", "--help"]):
        command = [sys.executable, "-m", "neocalc", *arguments]
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command, cwd=shell.folder, stdout=full, stderr=subprocess.PIPE, check=False
            )
        if "--help" not in arguments:
            last = done.stderr.splitlines()[-1]
            assert last == b"neocalc: standard output: No space left on device"
            assert done.returncode == 2
        assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(shell: Shell) -> None:
    shell.write("in.csv", HEADER + ROW * 50_000)
    with subprocess.Popen(
        [sys.executable, "-m", "neocalc", "score", "in.csv", "-o", "-"],
        cwd=shell.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(10) == b"subject_id"
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 0


def on_a_terminal(shell: Shell, *arguments: str) -> str:
    """What a command writes to a terminal on standard error."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    command = [sys.executable, "-m", "neocalc", *arguments]
    with subprocess.Popen(command, cwd=shell.folder, stderr=theirs) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                read = os.read(ours, 65_536)
            except OSError as error:  # the other end is closed
                assert error.errno == errno.EIO
                break
            if not read:
                break
            text += read
    os.close(ours)
    assert process.returncode == 0
    return text.decode()


def test_progress_is_shown_on_a_terminal_and_nowhere_else(shell: Shell) -> None:
    shell.write("in.csv", HEADER + ROW)
    shown = on_a_terminal(shell, "score", "in.csv", "-o", "out.csv")
    assert " rows [" in shown
    assert "Written: out.csv" in shown
    assert " rows [" not in shell.spawn("score", "in.csv", "-o", "out.csv", "--force").err


class Terminal:
    """Standard error as a terminal, for what tqdm writes to it."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_counts_rows(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(files, "MOST_ROWS", 10)
    shell.write("in.csv", HEADER + ROW * 100)
    assert shell.run("score", "in.csv", "-o", "out.csv").code == 0
    assert " rows [" in terminal.text


# Signals


@pytest.fixture(scope="module")
def long_input(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes seconds to score."""
    path = tmp_path_factory.mktemp("long") / "long.csv"
    with path.open("w") as stream:
        stream.write(HEADER)
        for _ in range(40):
            stream.write(ROW * 100_000)
    return path


def started(folder: Path, source: Path, output: str) -> Any:
    """A run that has begun to write."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from neocalc.__main__ import main; sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "score", str(source), "-o", output],
        cwd=folder, stderr=subprocess.PIPE,
    )  # fmt: skip
    for _ in range(2_000):
        if any(part.stat().st_size for part in folder.glob(".neocalc-*/new-0")):
            return process
        time.sleep(0.005)
    raise AssertionError("nothing was written")


@pytest.mark.requirement("REQ-FILE-02")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_run_that_is_stopped_leaves_no_output(
    tmp_path: Path, long_input: Path, number: signal.Signals, name: str
) -> None:
    size = long_input.stat().st_size
    with started(tmp_path, long_input, name) as process:
        start = time.monotonic()
        process.send_signal(number)
        err = process.stderr.read().decode()
        process.wait(timeout=30)
    assert time.monotonic() - start < 3
    left = [path.name for path in tmp_path.iterdir()]
    assert long_input.stat().st_size == size
    if number == signal.SIGKILL:
        # The second process notices that the first is gone, and cleans up.
        assert process.returncode == -signal.SIGKILL
        for _ in range(1_000):
            if not left:
                break
            time.sleep(0.01)
            left = [path.name for path in tmp_path.iterdir()]
        assert (left, err) == ([], "")
    else:
        assert left == []
        assert err == "neocalc: stopped; no output was written\n"
        assert process.returncode == 128 + number


@pytest.mark.parametrize("there", [None, b"an older output"])
def test_killed_at_random_points_it_leaves_all_or_nothing(
    tmp_path: Path, there: bytes | None
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(HEADER + ROW * 200_000)
    command = [sys.executable, "-m", "neocalc", "score", str(source), "-o", str(out), "--force"]
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    taken = time.monotonic() - start
    complete = out.read_bytes()
    draw = random.Random(20)
    for _ in range(8):
        for path in (out, tmp_path / "out.csv.json"):
            path.unlink(missing_ok=True)
        if there is not None:
            out.write_bytes(there)
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0, 1.1 * taken))
            process.kill()
        left = out.read_bytes() if out.exists() else None
        assert left in (there, complete)
    subprocess.run(command, check=True, capture_output=True)
    assert out.read_bytes() == complete


@pytest.mark.requirement("REQ-FILE-02")
def test_a_disk_that_fills_up_leaves_no_output(shell: Shell) -> None:
    shell.write("in.csv", HEADER + ROW * 100_000)
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096));"
        "from neocalc.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for name in ("out.csv", "out.parquet"):
        done = subprocess.run(
            [sys.executable, "-c", code, "score", "in.csv", "-o", name],
            cwd=shell.folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr == f"neocalc: {name}: cannot be written: File too large\n"
        assert shell.names() == ["in.csv"]


@pytest.mark.requirement("REQ-CMD-01")
def test_no_memory_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("neocalc.cli.score.score_file", full)
    assert shell.score(TWO).problem == "neocalc: there is not enough memory"


@pytest.mark.requirement("REQ-CMD-01")
def test_an_interrupt_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("neocalc.cli.score.score_file", stop)
    done = shell.score(TWO)
    assert (done.code, done.err) == (130, "neocalc: stopped; no output was written\n")


def test_an_error_of_the_system_is_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of the command itself, which raise nothing: test_streams.py."""
    for error, said in (
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe"),
        (OSError(28, "No space left on device", "a/b"), "a/b: No space left on device"),
        (OSError("why"), "why"),
    ):

        def fails(*_: object, broken: OSError = error, **__: object) -> None:
            raise broken

        monkeypatch.setattr("neocalc.cli.score.score_file", fails)
        assert shell.score(TWO).problem == f"neocalc: {said}"
