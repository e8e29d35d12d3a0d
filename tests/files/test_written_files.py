"""Outputs as packed CSV, Excel, SPSS and Stata: what is written is read again."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat
import pytest

from neocalc.errors import FileError
from neocalc.files.formats import writers
from neocalc.files.outputs import write_batches
from neocalc.files.sources import Source
from shell import HEADER, ROW, Shell

SUFFIXES = [".csv.gz", ".xlsx", ".sav", ".dta"]
BODY = HEADER + ROW + "2,x,105,,4100\n3,m,,,\n"


def read(path: Path) -> pl.DataFrame:
    """All rows of a file."""
    with Source(str(path)) as source:
        return pl.concat([pl.DataFrame(schema=source.schema()), *source.batches()])


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("command", ["score", "velocity"])
def test_what_is_written_is_what_a_csv_has(shell: Shell, suffix: str, command: str) -> None:
    shell.write("in.csv", BODY)
    assert shell.run(command, "in.csv", "-o", "out.csv").code == 0
    done = shell.run(command, "in.csv", "-o", f"out{suffix}")
    assert done.code == 0
    assert f"Written: out{suffix} and out{suffix}.json" in done.err
    ours, csv = read(shell.folder / f"out{suffix}"), read(shell.folder / "out.csv")
    assert ours.columns == csv.columns
    for name in csv.columns:
        for one, other in zip(ours[name].to_list(), csv[name].to_list(), strict=True):
            if one in (None, "") or other in (None, ""):
                assert one in (None, "") and other in (None, "")
            else:
                assert str(one) == other or float(one) == float(other)
    record = json.loads(shell.read(f"out{suffix}.json"))["output"]
    content = (shell.folder / f"out{suffix}").read_bytes()
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert shell.names() == sorted(
        ["in.csv", "out.csv", "out.csv.json", f"out{suffix}", f"out{suffix}.json"]
    )


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", [".csv.gz", ".xlsx"])
def test_the_same_bytes_each_time(shell: Shell, suffix: str) -> None:
    shell.write("in.csv", BODY)
    for name in ("a", "b"):
        assert shell.run("score", "in.csv", "-o", f"{name}{suffix}").code == 0
    one, two = ((shell.folder / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert one == two


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_from_one_kind_to_another_and_back(shell: Shell, suffix: str) -> None:
    """The scored file is scored again, beside what it has."""
    shell.write("in.csv", BODY)
    assert shell.run("score", "in.csv", "-o", f"a{suffix}").code == 0
    assert shell.run("score", f"a{suffix}", "-o", "b.csv", "--prefix", "nc_").code == 0
    again = pl.read_csv(shell.folder / "b.csv")
    assert again["nc_waz"].to_list() == again["waz"].to_list()
    assert again["nc_waz_status"].to_list() == again["waz_status"].to_list()


TYPED = pl.DataFrame(
    {
        "t": ["=1+1", "https://a.b", None, "001"],
        "i": [1, 2**60, None, -5],
        "f": [0.1, float("inf"), None, -1e-9],
        "b": [True, False, None, True],
        "d": [dt.date(2026, 5, 1), dt.date(1850, 1, 1), None, dt.date(1999, 12, 31)],
        "w": [dt.datetime.fromisoformat("2026-05-01T10:30"), None, None, None],
        "e": pl.Series(["ok", None, "ok", "no"], dtype=pl.Enum(["ok", "no"])),
    }
)


def written(path: Path, *tables: pl.DataFrame) -> Path:
    """Tables as a file of the kind of its suffix."""
    suffix = writers.suffix_of(path.name)
    write_batches(tables, dict(tables[0].schema), path, parquet=False, other=suffix)
    return path


@pytest.mark.requirement("REQ-FILE-16")
def test_every_type_in_a_workbook(tmp_path: Path) -> None:
    table = read(written(tmp_path / "out.xlsx", TYPED, TYPED))
    assert table.height == 8
    assert table["t"].to_list()[:4] == ["=1+1", "https://a.b", None, "001"]
    assert table["i"].to_list()[:4] == ["1", str(2**60), None, "-5"]
    assert [None if f is None else float(f) for f in table["f"][:4]] == TYPED["f"].to_list()
    assert table["b"].to_list()[:4] == ["true", "false", None, "true"]
    assert table["d"].to_list()[:4] == ["2026-05-01", "1850-01-01", None, "1999-12-31"]
    assert table["w"][0] == "2026-05-01 10:30:00"
    assert table["e"].to_list()[:4] == ["ok", None, "ok", "no"]


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", [".sav", ".dta"])
def test_every_type_in_a_statistical_file(tmp_path: Path, suffix: str) -> None:
    frame = TYPED.with_columns(
        pl.Series("f", [0.1, 2.0, None, -1e-9]), pl.Series("i", [1, 2, 3, 4])
    )
    table = read(written(tmp_path / f"out{suffix}", frame, frame))
    assert table["t"].to_list()[:4] == ["=1+1", "https://a.b", "", "001"]
    for name in ("i", "f", "d", "w"):
        assert table[name].to_list() == frame[name].to_list() * 2
    assert table["b"].to_list()[:4] == [1, 0, None, 1]


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_without_rows(tmp_path: Path, suffix: str) -> None:
    table = read(written(tmp_path / f"out{suffix}", pl.DataFrame(schema={"a": pl.Int64})))
    assert (table.columns, table.height) == (["a"], 0)


@pytest.mark.requirement("REQ-FILE-16")
def test_a_packed_csv_has_the_separator(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": [1], "b": ["x"]})
    path = tmp_path / "out.csv.gz"
    write_batches([table], dict(table.schema), path, parquet=False, other=".csv.gz", delimiter=";")
    assert gzip.decompress(path.read_bytes()) == b"a;b\n1;x\n"


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize(
    ("suffix", "table", "limit", "said"),
    [
        (".xlsx", {"a": [1, 2, 3]}, ("MOST_ROWS", 2), "a sheet has at most 2 rows; write .csv"),
        (".xlsx", {"a": [1], "b": [1]}, ("MOST_COLUMNS", 1), "2 columns: a sheet has at most 1"),
        (".xlsx", {"a": ["xyz"]}, ("LONGEST", 2), "a text of 3 letters: a cell has at most 2"),
        (".sav", {"a": [1, 2, 3]}, ("HELD", 2), "more than 2 cells are not written as .sav"),
        (".dta", {"MUAC mm": [1]}, ("HELD", 2), "column 'MUAC mm': no name of a variable in .dta"),
        (".sav", {"1st": [1]}, ("HELD", 2), "column '1st': no name of a variable in .sav"),
        (".xlsx", {"a": [[1]]}, ("HELD", 2), "column a: List(Int64) has no form in .xlsx"),
    ],
)  # fmt: skip
def test_what_has_no_form_in_a_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, table: dict[str, Any],
    limit: tuple[str, int], said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(writers, *limit)
    with pytest.raises(FileError) as caught:
        written(tmp_path / f"out{suffix}", pl.DataFrame(table))
    assert said in str(caught.value)


@pytest.mark.requirement("REQ-FILE-16")
def test_a_failed_run_leaves_nothing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOST_ROWS", 2)
    shell.write("in.csv", BODY)
    assert "a sheet has at most 2 rows" in shell.run("score", "in.csv", "-o", "out.xlsx").problem
    assert shell.names() == ["in.csv"]


@pytest.mark.requirement("REQ-FILE-16")
def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyreadstat, "write_sav", fail)
    with pytest.raises(OSError, match=r"No space left|polars: "):
        written(tmp_path / "out.sav", pl.DataFrame({"a": [1]}))


@pytest.mark.requirement("REQ-FILE-16")
def test_an_error_of_the_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ValueError("a name\nand more")

    monkeypatch.setattr(pyreadstat, "write_dta", fail)
    with pytest.raises(FileError, match=r"^cannot be written as .dta: a name$"):
        written(tmp_path / "out.dta", pl.DataFrame({"a": [1]}))


@pytest.mark.requirement("REQ-FILE-17")
@pytest.mark.parametrize(("suffix", "module"), [(".xlsx", "xlsxwriter"), (".dta", "pyreadstat")])
def test_without_the_extra_it_is_said_before_any_work(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, suffix: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    said = shell.run("score", "none.csv", "-o", f"out{suffix}").problem
    assert f'writing {suffix} needs the extra "files"' in said


@pytest.mark.requirement("REQ-FILE-16")
def test_a_transport_file_is_not_written(shell: Shell) -> None:
    said = shell.run("score", "in.csv", "-o", "out.xpt").problem
    assert "out.xpt: .xpt is not written; accepted: .csv, .tsv, .txt, .csv.gz, .xlsx, .sav" in said
