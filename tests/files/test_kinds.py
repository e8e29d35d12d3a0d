"""Files that are no CSV and no Parquet are named as what they are, with what to do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from neocalc.files.kinds import _FIRST, _KINDS, _SUFFIXES, HEAD, other_kind
from shell import HEADER, ROW, Shell

TABLE = (HEADER + ROW).encode()


def zipped(*names: str) -> bytes:
    """A zip file with members of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 20)
    return file.getvalue()


def opendocument() -> bytes:
    """The start of an OpenDocument spreadsheet: its kind stands in it first, and not packed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    return file.getvalue()


def arrow() -> bytes:
    """A table as an Arrow file."""
    file = io.BytesIO()
    pl.DataFrame({"sex": ["f"]}).write_ipc(file)
    return file.getvalue()


def stata(tmp: Path) -> bytes:
    """A table as Stata has it."""
    path = tmp / "x.dta"
    pd.DataFrame({"a": [1.0]}).to_stata(path, version=118)
    return path.read_bytes()


def database(tmp: Path) -> bytes:
    """A database with one table."""
    path = tmp / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table visits (sex text)")
    return path.read_bytes()


FILES: dict[str, tuple[str, bytes, str]] = {
    "gzip": ("in.csv.gz", gzip.compress(gzip.compress(TABLE)),
             "what is packed in it is a gzip file; unpack it first"),
    "bzip2": ("in.csv.bz2", bz2.compress(TABLE), "is a bzip2 file; unpack it first"),
    "xz": ("in.csv.xz", lzma.compress(TABLE), "is an xz file; unpack it first"),
    "Zstandard": ("in.zst", b"\x28\xb5\x2f\xfd\x04\x00", "is a Zstandard file; unpack it first"),
    "7-Zip": ("in.7z", b"7z\xbc\xaf\x27\x1c\x00\x04", "is a 7-Zip file; unpack it first"),
    "RAR": ("in.rar", b"Rar!\x1a\x07\x01\x00", "is a RAR file; unpack it first"),
    "xlsx": ("in.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"),
             "not a readable Excel workbook (.xlsx)"),
    "ods": ("in.ods", opendocument(), "is an OpenDocument spreadsheet (.ods); save its sheet"),
    "numbers": ("in.numbers", zipped("Index/Document.iwa"), "is a Numbers spreadsheet; save its"),
    "zip": ("in.zip", zipped("cohort.csv"), "is a zip file; unpack it first"),
    "xls": ("in.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(80), "is an Excel workbook"),
    "old xls": ("in.xls", b"\x09\x08\x08\x00\x00\x05\x05\x00", "is an Excel workbook (.xls)"),
    "old dta": ("in.dta", b"\x72\x02\x01\x00" + bytes(100), "not readable as a Stata file (.dta)"),
    "sav": ("in.sav", b"$FL2@(#) SPSS DATA FILE", "not readable as an SPSS file (.sav)"),
    "por": ("in.por", b"0" * 40 + b"SPSS PORT FILE", "is an SPSS portable file (.por)"),
    "xpt": ("in.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000",
            "is cut off: a SAS transport file"),
    "sas7bdat": ("in.sas7bdat", bytes(12) + b"\xc2\xea\x81\x60" + bytes(60),
                 "not readable as a SAS data set (.sas7bdat)"),
    "rda": ("in.rda", b"RDX3\nX\n\x00\x00\x00\x03", "is an R data file (.rds, .RData)"),
    "arrow": ("in.arrow", arrow(), "is an Arrow or Feather file; save the table as Parquet"),
    "orc": ("in.orc", b"ORC\x11\x00\x00", "is an ORC file; save the table as Parquet"),
    "avro": ("in.avro", b"Obj\x01\x04\x14", "is an Avro file; save the table as Parquet"),
    "json": ("in.txt", b'\n [{"sex": "f"}]', "is a JSON file; save the table as CSV"),
    "json object": ("in.txt", b'{"sex": ["f"]}', "is a JSON file; save the table as CSV"),
    "xml": ("in.xml", b"<?xml version='1.0'?><a/>", "is an XML file; save the table as CSV"),
    "html": ("in.html", b"<!DOCTYPE html><html>", "is an HTML page; save the table as CSV"),
    "html called xls": ("in.xls", b"<html xmlns:x='urn:excel'>", "is an HTML page; save the table"),
    "pdf": ("in.pdf", b"%PDF-1.7\n%\xe2\xe3", "is a PDF; a table cannot be read from it"),
    "png": ("in.png", b"\x89PNG\r\n\x1a\n", "is a picture; save the data as CSV"),
    "UTF-16": ("in.csv", (HEADER + ROW).encode("utf-16"), "is a text in UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": ("in.csv", (HEADER + ROW).encode("utf-16-be"), "is a text in UTF-16;"),
    "UTF-32": ("in.csv", (HEADER + ROW).encode("utf-32"), "is a text in UTF-32; save it as UTF-8"),
    "by its suffix alone": ("in.sav", b"\x01\x02\xff\x00", "not readable as an SPSS file (.sav)"),
}  # fmt: skip


@pytest.mark.requirement("REQ-FILE-05")
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_as_what_it_is(shell: Shell, name: str) -> None:
    """Of all of these "save the file as UTF-8" was said."""
    path, content, message = FILES[name]
    shell.write(path, content)
    assert f"{path}: {message}" in shell.run("score", path, "-o", "out.csv").problem
    assert f"{path}: {message}" in shell.run("chart", path, "-o", "out.svg").problem
    assert "standard input: " + message.partition(";")[0] in shell.run(
        "score", "-", "-o", "out.csv", stdin=content
    ).problem or name == "by its suffix alone"  # fmt: skip


def test_files_that_other_programs_write_are_known(tmp_path: Path) -> None:
    for content, what in (
        (stata(tmp_path), "a Stata file"),
        (database(tmp_path), "an SQLite database"),
    ):
        assert what in str(other_kind(content[:HEAD], ""))
    (tmp_path / "frame.pkl").write_bytes(pickle.dumps(np.zeros(3)))
    assert other_kind((tmp_path / "frame.pkl").read_bytes()[:HEAD], ".pkl") is None


@pytest.mark.requirement("REQ-FILE-05")
@pytest.mark.parametrize("suffix", [".xls", ".dta", ".xlsx", ".txt", ".sav", ".zip"])
def test_a_text_is_read_whatever_it_is_called(shell: Shell, suffix: str) -> None:
    """Many programs call a text with tabs .xls."""
    shell.write(f"in{suffix}", (HEADER + ROW).replace(",", "\t"))
    done = shell.run("score", f"in{suffix}", "-o", "out.csv", "--delimiter", "tab")
    assert (done.code, "ok 1" in done.err) == (0, True)


@pytest.mark.parametrize(
    "start",
    [b"", b"sex,age_days\n", "\ufeffsex;age\n".encode(), b"[id],sex\n", b"{id},sex\n", b"id,\xc3",
     "性别,日龄\n".encode(), b"HEADER RECORD,x\n", b"ORCHID,x"[3:], b"PAR1"],
)  # fmt: skip
def test_what_may_be_a_table(start: bytes) -> None:
    assert other_kind(start, ".csv") is None


def test_each_kind_says_what_to_do() -> None:
    named = {what for _, what in _FIRST} | set(_SUFFIXES.values())
    assert named == set(_KINDS)


@pytest.mark.requirement("REQ-FILE-05")
@pytest.mark.parametrize(
    ("first", "said"),
    [
        ("sep=;", "row 1 is an instruction to Excel (sep=;) and not the header; delete it, and give"
         " --delimiter ';'"),
        ('"sep=,"', "row 1 is an instruction to Excel (sep=,) and not the header; delete it"),
        ("SEP=\t", "and not the header; delete it, and give --delimiter tab"),
        ("sep=,", "and not the header; delete it"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_instruction_to_excel_is_no_header(
    shell: Shell, first: str, said: str, end: str
) -> None:
    """It was answered with "there is no column sex"."""
    assert said in shell.score(f"{first}{end}{HEADER}{ROW}").problem
    assert said in shell.score(f"\ufeff{first}{end}{HEADER}{ROW}").problem


@pytest.mark.requirement("REQ-FILE-05")
@pytest.mark.parametrize(
    ("mark", "option"), [(";", "--delimiter ';'"), ("\t", "--delimiter tab"), ("|", "'|'")]
)
def test_another_delimiter_is_named_though_a_name_has_a_comma(
    shell: Shell, mark: str, option: str
) -> None:
    header = mark.join(["id", "sex", "age_days", "weight_kg", "note, if any"])
    said = shell.score(f"{header}\n{mark.join(['1', 'f', '30', '4', ''])}\n").problem
    assert "hold the separator" in said
    assert option in said
    one = shell.score(header.replace(", if any", "") + "\n").problem
    assert "there is one column only" in one
    assert option in one


def test_a_column_of_ours_beside_semicolons_is_no_other_delimiter(shell: Shell) -> None:
    done = shell.score("sex,age_days,weight_kg,sex;age\nf,30,4,x\n")
    assert done.code == 0
