"""Excel workbooks: each cell is the text that a CSV of the sheet would have."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from neocalc.errors import FileError
from neocalc.files.formats import sheets, workbooks
from neocalc.files.formats.workbooks import Workbook, number_of
from neocalc.files.sources import Source
from shell import HEADER, ROW, Shell

TEN = dt.datetime.fromisoformat("2026-08-14T10:30")
ROWS: list[list[Any]] = [
    ["subject_id", "sex", "birth_date", "measured_on", "gestational_age", "weight_g", "note"],
    ["001", "f", dt.date(2026, 5, 1), TEN, "27+3", 3100, "=1+1"],
    ["2", "m", dt.date(2026, 4, 30), TEN.replace(hour=0, minute=0), "", 3100.5, "a, b"],
    ["003", "f", "2026-05-01", dt.date(2026, 8, 14), "27+3", "NA", True],
]


def workbook(
    path: Path, rows: list[list[Any]], *more: str, at: tuple[int, int] = (0, 0),
    change: Callable[[Any, Any], None] | None = None, sheet: str = "Visits",
) -> Path:  # fmt: skip
    """A workbook with a sheet of these rows, and empty sheets of further names."""
    options = {"strings_to_formulas": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(path, options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page = book.add_worksheet(sheet)
        for i, row in enumerate(rows, at[0]):
            for j, cell in enumerate(row, at[1]):
                if isinstance(cell, dt.date):
                    page.write_datetime(i, j, cell, day)
                else:
                    page.write(i, j, cell)
        if change is not None:
            change(book, page)
        for name in more:
            book.add_worksheet(name)
    return path


def read(path: Path, **options: Any) -> pl.DataFrame:
    """All rows of a workbook."""
    with Source(str(path), **options) as source:
        table = pl.concat([pl.DataFrame(schema=source.schema()), *source.batches()])
        assert source.digest() == hashlib.sha256(path.read_bytes()).hexdigest()
    return table


def repacked(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The same workbook with another part; the part is made where there is none."""
    changed = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        for name in names:
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
        if part not in names:
            new.writestr(part, change(b""))
    return changed


@pytest.mark.requirement("REQ-FILE-14")
def test_cells_are_the_texts_of_a_csv(tmp_path: Path) -> None:
    table = read(workbook(tmp_path / "in.xlsx", ROWS))
    assert table.columns == ROWS[0]
    assert table.rows() == [
        ("001", "f", "2026-05-01", "2026-08-14 10:30:00", "27+3", "3100", "=1+1"),
        ("2", "m", "2026-04-30", "2026-08-14", None, "3100.5", "a, b"),
        ("003", "f", "2026-05-01", "2026-08-14", "27+3", "NA", "true"),
    ]


@pytest.mark.requirement("REQ-FILE-14")
@pytest.mark.parametrize("through_a_pipe", [False, True])
def test_a_workbook_is_scored_as_the_csv_of_its_sheet(shell: Shell, through_a_pipe: bool) -> None:
    content = workbook(shell.folder / "in.xlsx", ROWS).read_bytes()
    read(shell.folder / "in.xlsx").write_csv(shell.folder / "in.csv")
    name = "-" if through_a_pipe else "in.xlsx"
    first = shell.run("score", name, "-o", "one.csv", "--missing", "NA", stdin=content)
    second = shell.run("score", "in.csv", "-o", "two.csv", "--missing", "NA")
    assert (first.code, second.code) == (0, 0)
    assert shell.read("one.csv") == shell.read("two.csv")
    about = json.loads(shell.read("one.csv.json"))["input"]
    assert (about["kind"], about["sheet"]) == ("Excel (.xlsx)", "Visits")
    assert about["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.requirement("REQ-FILE-14")
@pytest.mark.parametrize("command", ["velocity", "chart", "report"])
def test_every_command_takes_it(shell: Shell, command: str) -> None:
    workbook(shell.folder / "in.xlsx", [
        ["subject_id", "sex", "age_days", "weight_g"], ["1", "f", 150, 6900], ["1", "f", 211, 7400],
    ], "Notes")  # fmt: skip
    out = {"velocity": "out.csv", "chart": "out.svg", "report": "out.html"}[command]
    assert shell.run(command, "in.xlsx", "-o", out, "--sheet", "Visits").code == 0


@pytest.mark.requirement("REQ-FILE-14")
def test_a_large_sheet_in_batches(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["id", "n"], *([f"{n:05}", n / 8192] for n in range(5_000))]
    table = read(workbook(tmp_path / "in.xlsx", rows))
    assert table["id"].to_list() == [row[0] for row in rows[1:]]
    assert [float(n) for n in table["n"]] == [row[1] for row in rows[1:]]


@pytest.mark.requirement("REQ-FILE-14")
def test_all_figures_of_a_number(tmp_path: Path) -> None:
    """The library that reads the cells writes nine decimals."""
    numbers = [0.1234567890123, 1e-10, 1 / 1024**2, 123456789012345, 3.1, -2.5e-9, 2.0**60]
    words = ["001", "0.1234567890123", "1e-10", "+5", "", "x", "1_0"]
    rows: list[list[Any]] = [["n", "t"], *map(list, zip(numbers, words, strict=True))]
    table = read(workbook(tmp_path / "in.xlsx", rows))
    assert [float(n) for n in table["n"]] == numbers
    assert table["n"][3:5].to_list() == ["123456789012345", "3.1"]
    assert table["t"].to_list() == ["001", "0.1234567890123", "1e-10", "+5", None, "x", "1_0"]


@pytest.mark.requirement("REQ-FILE-14")
def test_of_several_sheets_none_is_chosen(shell: Shell) -> None:
    workbook(shell.folder / "in.xlsx", ROWS, *(f"S{n}" for n in range(30)))
    said = shell.run("score", "in.xlsx", "-o", "out.csv").problem
    assert "in.xlsx: has 31 sheets: 'Visits', 'S0'," in said
    assert said.endswith("and 11 more; say which one is read: --sheet NAME")
    said = shell.run("score", "in.xlsx", "-o", "out.csv", "--sheet", "Visit").problem
    assert "there is no sheet 'Visit'; there are: 'Visits'" in said
    said = shell.run("score", "in.xlsx", "-o", "out.csv", "--sheet", "S1").problem
    assert "in.xlsx: sheet 'S1' is empty; a header line is needed" in said
    assert shell.run("score", "in.xlsx", "-o", "out.csv", "--sheet", "Visits").code == 0


@pytest.mark.requirement("REQ-FILE-15")
def test_a_thousand_sheets_are_one_line(shell: Shell) -> None:
    workbook(shell.folder / "in.xlsx", ROWS, *(f"S{n}" for n in range(999)))
    assert "has 1,000 sheets" in shell.run("score", "in.xlsx", "-o", "out.csv").problem


@pytest.mark.requirement("REQ-FILE-14")
def test_a_sheet_that_begins_elsewhere(tmp_path: Path) -> None:
    table = read(workbook(tmp_path / "in.xlsx", [["a", "b"], [1, "x"], ["", ""], [3, "z"]],
                          at=(3, 2)))  # fmt: skip
    assert table.rows() == [("1", "x"), (None, None), ("3", "z")]


@pytest.mark.requirement("REQ-FILE-14")
def test_columns_without_a_name(tmp_path: Path) -> None:
    """Kept where something stands in them, as in a CSV."""
    table = read(workbook(tmp_path / "in.xlsx", [["a", "", " b", ""], [1, "", 2, "x"]]))
    assert table.columns == ["a", "b", ""]
    assert table.rows() == [("1", "2", "x")]


@pytest.mark.requirement("REQ-FILE-14")
def test_two_columns_of_one_name_are_refused(shell: Shell) -> None:
    workbook(shell.folder / "in.xlsx", [["sex", "age_days", "sex", "weight_g"], ["f", 1, "m", 9]])
    said = shell.run("score", "in.xlsx", "-o", "out.csv").problem
    assert "columns 1 and 3 are both named 'sex'" in said


@pytest.mark.requirement("REQ-FILE-14")
@pytest.mark.parametrize("at", [(0, 0), (2, 3)])
def test_a_cell_with_an_error_is_no_empty_cell(shell: Shell, at: tuple[int, int]) -> None:
    def change(_: Any, page: Any) -> None:
        page.write_formula(at[0] + 2, at[1] + 5, "=1/0", None, "#DIV/0!")
        page.write_formula(at[0] + 3, at[1] + 6, "=NA()", None, "#N/A")

    workbook(shell.folder / "in.xlsx", ROWS, at=at, change=change)
    assert shell.run("score", "in.xlsx", "-o", "out.csv").code in (0, 1)
    scored = pl.read_csv(shell.folder / "out.csv", infer_schema=False)
    assert scored["weight_g"].to_list() == ["3100", "#DIV/0!", "NA"]
    assert scored["note"].to_list() == ["=1+1", "a, b", "#N/A"]
    assert scored["waz_status"].to_list() == ["ok", "invalid_value", "invalid_value"]


@pytest.mark.requirement("REQ-FILE-15")
def test_many_errors_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change(_: Any, page: Any) -> None:
        for row in range(1, 4):
            page.write_formula(row, 5, "=1/0", None, "#DIV/0!")

    path = workbook(tmp_path / "in.xlsx", ROWS, change=change)
    monkeypatch.setattr(workbooks, "MOST_FAULTY", 2)
    with pytest.raises(FileError, match=r"in.xlsx: sheet 'Visits': 3 cells have an error such as"):
        read(path)
    monkeypatch.setattr(workbooks, "MOST_FAULTY", 9)
    for wrong in (workbooks.Faulty(1, 0, "#N/A"), workbooks.Faulty(1, 99, "#N/A"),
                  workbooks.Faulty(99, 1, "#N/A")):  # fmt: skip
        monkeypatch.setattr(workbooks, "_faulty", lambda *_, one=wrong: [one])
        with pytest.raises(FileError, match=r"in.xlsx: cells have an error such as #N/A"):
            read(path)


@pytest.mark.requirement("REQ-FILE-14")
def test_a_formula_has_the_value_that_was_stored(shell: Shell) -> None:
    def change(_: Any, page: Any) -> None:
        page.write_formula(1, 5, "=3000+100", None, 3100)

    path = workbook(shell.folder / "in.xlsx", ROWS, change=change)
    assert read(path)["weight_g"][0] == "3100"
    for empty in (b"", b"<v/>", b"<v></v>"):

        def emptied(text: bytes, value: bytes = empty) -> bytes:
            return text.replace(b"<v>3100</v>", value, 1)

        changed = repacked(path, "xl/worksheets/sheet1.xml", emptied)
        said = shell.run("score", changed.name, "-o", "out.csv").problem
        assert "the file holds no value of the formula in F2; open it in a spreadsheet" in said


@pytest.mark.requirement("REQ-FILE-15")
def test_macros_and_other_workbooks_are_named(shell: Shell) -> None:
    path = workbook(shell.folder / "in.xlsx", ROWS)
    for part, said in (
        ("xl/vbaProject.bin", "a workbook with macros is not read; save it as .xlsx"),
        ("xl/workbook.bin", "is a binary workbook (.xlsb); save it as .xlsx"),
    ):
        changed = repacked(path, part, lambda _: b"x")
        assert f": {said}" in shell.run("score", changed.name, "-o", "out.csv").problem
    with zipfile.ZipFile(shell.folder / "zip.xlsx", "w") as archive:
        archive.writestr("cohort.csv", "x")
    said = shell.run("score", "zip.xlsx", "-o", "out.csv").problem
    assert "zip.xlsx: is a zip file and no Excel workbook; unpack it first" in said


@pytest.mark.requirement("REQ-FILE-15")
def test_a_bomb_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "UNPACKED", 4 << 20)
    path = workbook(shell.folder / "in.xlsx", ROWS)
    for part in ("xl/worksheets/sheet1.xml", "xl/media/image1.png"):
        changed = repacked(path, part, lambda text: text + b" " * (5 << 20))
        assert changed.stat().st_size < 50_000
        said = shell.run("score", changed.name, "-o", "out.csv").problem
        assert "unpacks to more than 4 MiB; save its sheet as CSV (UTF-8)" in said


@pytest.mark.requirement("REQ-FILE-15")
def test_a_cell_in_the_last_corner_is_refused(shell: Shell) -> None:
    """It would be a table of 17,000 million cells."""
    workbook(
        shell.folder / "in.xlsx", ROWS, change=lambda _, page: page.write(1_048_575, 16_383, 1)
    )
    said = shell.run("score", "in.xlsx", "-o", "out.csv").problem
    assert "something is written as far as row 1,048,576 and column 16,384; at most" in said


@pytest.mark.requirement("REQ-FILE-15")
def test_a_text_that_is_repeated_too_often_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [["a", "b"], *([("x" * 1_000), "y"] for _ in range(50))]
    path = workbook(shell.folder / "in.xlsx", rows)
    monkeypatch.setattr(workbooks, "TEXTS", 55_000)
    assert read(path).height == 50  # the long one is that of half of the cells
    monkeypatch.setattr(workbooks, "TEXTS", 40_000)
    with pytest.raises(FileError, match=r"sheet 'Visits': its texts have more than"):
        read(path)


@pytest.mark.requirement("REQ-FILE-15")
def test_thousands_of_columns(tmp_path: Path) -> None:
    rows: list[list[Any]] = [[f"c{n}" for n in range(3_000)], list(range(3_000))]
    assert read(workbook(tmp_path / "in.xlsx", rows)).shape == (1, 3_000)


@pytest.mark.requirement("REQ-FILE-15")
def test_a_workbook_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "LARGEST", 1 << 10)
    with pytest.raises(FileError, match=r"a workbook of more than 0 MiB; save its sheet as CSV"):
        read(workbook(tmp_path / "in.xlsx", ROWS))
    monkeypatch.setattr(sheets, "LARGEST", 1 << 30)
    monkeypatch.setattr(workbooks, "PARTS", 3)
    with pytest.raises(FileError, match=r"a workbook of [0-9]+ parts; at most 3"):
        read(tmp_path / "in.xlsx")


@pytest.mark.requirement("REQ-FILE-15")
def test_cut_off_or_damaged_it_is_one_line(tmp_path: Path) -> None:
    content = workbook(tmp_path / "in.xlsx", ROWS).read_bytes()
    whole, chance = read(tmp_path / "in.xlsx"), random.Random(16)
    path = tmp_path / "bad.xlsx"
    cut = [content[:end] for end in range(10, len(content), len(content) // 30)]
    damaged = []
    for _ in range(60):
        one = bytearray(content)
        one[chance.randrange(len(one))] ^= 1 << chance.randrange(8)
        damaged.append(bytes(one))
    for bad in cut + damaged:
        path.write_bytes(bad)
        try:
            assert read(path).equals(whole)
        except FileError as error:
            assert "\n" not in str(error)
            assert str(error).startswith("bad.xlsx: ")


@pytest.mark.requirement("REQ-FILE-15")
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("xl/workbook.xml", lambda _: b"<workbook"),
        ("xl/workbook.xml", lambda text: b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + text),
        ("xl/workbook.xml", lambda text: text + b" " * (1 << 24)),
        ("xl/worksheets/sheet1.xml", lambda _: b"<worksheet><sheetData><row r='1'><c"),
        ("xl/worksheets/sheet1.xml", lambda _: b"no XML"),
        ("xl/sharedStrings.xml", lambda _: b"<sst><si>"),
        ("xl/_rels/workbook.xml.rels", lambda text: text.replace(b"sheet1.xml", b"sheet9.xml")),
        ("xl/_rels/workbook.xml.rels", lambda text: text.replace(b"/worksheet\"", b"/other\"")),
    ],
)  # fmt: skip
def test_parts_that_are_not_such_as_excel_writes(
    shell: Shell, part: str, change: Callable[[bytes], bytes]
) -> None:
    path = workbook(shell.folder / "in.xlsx", ROWS)
    said = shell.run("score", repacked(path, part, change).name, "-o", "out.csv").problem
    assert re.search("not a readable Excel workbook|has no sheet with cells|is empty", said), said


@pytest.mark.requirement("REQ-FILE-14")
def test_a_sheet_of_a_chart_is_none(tmp_path: Path) -> None:
    def change(book: Any, page: Any) -> None:
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Visits!$F$2:$F$4"})
        book.add_chartsheet("Curve").set_chart(chart)

    book = Workbook(workbook(tmp_path / "in.xlsx", ROWS, change=change).read_bytes(), "in.xlsx")
    assert list(book.sheets) == ["Visits"]


@pytest.mark.requirement("REQ-FILE-14")
def test_parts_by_their_whole_path(tmp_path: Path) -> None:
    """As some programs write them."""
    path = workbook(tmp_path / "in.xlsx", ROWS)
    changed = repacked(path, "xl/_rels/workbook.xml.rels",
                       lambda text: text.replace(b'"worksheets/', b'"/xl/worksheets/'))  # fmt: skip
    assert read(changed).equals(read(path))


@pytest.mark.requirement("REQ-FILE-14")
def test_without_texts(tmp_path: Path) -> None:
    def written(content: bytes) -> bytes:
        return content.replace(b't="s"', b"")

    path = repacked(
        workbook(tmp_path / "in.xlsx", [[1, 2], [3, 4]]), "[Content_Types].xml", written
    )
    assert read(path).columns == ["1", "2"]


@pytest.mark.requirement("REQ-FILE-17")
def test_without_the_extra_it_is_said_which(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    workbook(shell.folder / "in.xlsx", ROWS)
    monkeypatch.setitem(sys.modules, "fastexcel", None)
    said = shell.run("score", "in.xlsx", "-o", "out.csv").problem
    assert 'needs the extra "files": pip install "neocalc[files]"' in said


@pytest.mark.requirement("REQ-FILE-14")
def test_numbers_of_columns() -> None:
    assert [number_of(name) for name in (b"A", b"Z", b"AA", b"XFD")] == [1, 26, 27, 16_384]


@pytest.mark.requirement("REQ-FILE-14")
def test_a_text_called_xlsx_is_a_text(shell: Shell) -> None:
    shell.write("in.xlsx", HEADER + ROW)
    assert shell.run("score", "in.xlsx", "-o", "out.csv").code == 0
    assert io.StringIO(shell.read("out.csv")).readline().startswith("subject_id")


@pytest.mark.requirement("REQ-FILE-14")
@pytest.mark.parametrize("since_1904", [False, True])
@pytest.mark.parametrize(
    "form", ["yyyy-mm-dd", "dd.mm.yyyy", "d mmm yy", "m/d/yy h:mm", "[$-409]d-mmm"]
)
def test_a_date_is_the_day_whatever_it_looks_like(
    tmp_path: Path, since_1904: bool, form: str
) -> None:
    """Workbooks of older Macintoshes count days from 1904."""
    path = tmp_path / "in.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": since_1904}) as book:
        page, shown = book.add_worksheet("V"), book.add_format({"num_format": form})
        page.write(0, 0, "d")
        for row, day in enumerate(
            (dt.date(2026, 5, 1), dt.date(2024, 2, 29), dt.date(1999, 12, 31))
        ):
            page.write_datetime(row + 1, 0, day, shown)
    assert read(path)["d"].to_list() == ["2026-05-01", "2024-02-29", "1999-12-31"]


@pytest.mark.requirement("REQ-FILE-14")
def test_a_sheet_is_inspected(shell: Shell) -> None:
    workbook(shell.folder / "in.xlsx", ROWS, "Notes")
    assert "say which one is read: --sheet NAME" in shell.run("inspect", "in.xlsx").problem
    assert shell.run("inspect", "in.xlsx", "--sheet", "Visits").code == 0
    assert 'weight_g = "weight_g"' in shell.read("mapping.toml")
