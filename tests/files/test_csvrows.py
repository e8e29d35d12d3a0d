"""The rows of a CSV: what is malformed is refused by row and column, the rest is read as it is."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neocalc.errors import FileError
from neocalc.files import csvrows
from neocalc.files.csvrows import CsvRows

Cells = list[list[str | None]]


def read(content: str | bytes, delimiter: str = ",", most: int = 100) -> tuple[list[str], Cells]:
    """Header and rows of a CSV."""
    data = content.encode() if isinstance(content, str) else content
    stream = io.BytesIO(data)
    rows = CsvRows(stream, stream.read(4), "in.csv", delimiter)
    cells: Cells = []
    for table in rows.batches(most):
        assert table.columns == rows.columns
        assert 0 < table.height <= most
        cells += [list(row) for row in table.rows()]
    assert rows.digest() == hashlib.sha256(data).hexdigest()
    return rows.columns, cells


def refusal(content: str | bytes) -> str:
    """The message by which a CSV is refused."""
    with pytest.raises(FileError) as caught:
        read(content)
    return str(caught.value)


@pytest.mark.requirement("REQ-TAB-01")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,2\n", [["1", "2"]]),
        ("a,b\n1,2", [["1", "2"]]),
        ("a,b\r\n1,2\r\n3,4\r\n", [["1", "2"], ["3", "4"]]),
        ("a,b\r\n1,2\n3,\r\n", [["1", "2"], ["3", None]]),
        ("\ufeffa,b\n\ufeff1,2\n", [["\ufeff1", "2"]]),
        ('"a",b\n"1","2"\n', [["1", "2"]]),
        ('a,b\n"",\n,""\n', [["", None], [None, ""]]),
        ('a,b\n"x\ny","p\r\nq"\n', [["x\ny", "p\r\nq"]]),
        ('a,b\n"x\ry","z\r"\n', [["x\ry", "z\r"]]),
        ('a,b\n"say ""hm""",""""\n', [['say "hm"', '"']]),
        ('a,b\n"1,5",2\n', [["1,5", "2"]]),
        ("a,b\n 007 ,\tx \n", [[" 007 ", "\tx "]]),
        ("a,b\nå,日本\n", [["å", "日本"]]),
        ("a,b\n#1,'2'\n", [["#1", "'2'"]]),
        ("a,b\n\0,2\n", [["\0", "2"]]),
        ("a,b\n\n1,2\n\r\n\n", [[None, None], ["1", "2"], [None, None], [None, None]]),
        ("a\n\n1\n\n", [[None], ["1"], [None]]),
        ("a,b\n", []),
        ("a,b", []),
    ],
)
def test_rows_are_read_as_they_are(content: str, expected: Cells) -> None:
    columns, rows = read(content)
    assert columns == (["a"] if content.startswith("a\n") else ["a", "b"])
    assert rows == expected


def test_a_header_keeps_its_names_as_they_are() -> None:
    content = '"a\nb", c ,"say ""hm""",,é\n1,2,3,4,5\n'
    assert read(content)[0] == ["a\nb", " c ", 'say "hm"', "", "é"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " ", ":", "."])
def test_other_delimiters(delimiter: str) -> None:
    content = f'a{delimiter}b\n"x{delimiter}y"{delimiter}1,5\n'
    assert read(content, delimiter) == (["a", "b"], [[f"x{delimiter}y", "1,5"]])


@pytest.mark.requirement("REQ-TAB-13")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty; a header line is needed"),
        ("\ufeff", "the file is empty; a header line is needed"),
        ("\n", "row 1 is blank; it must be the header"),
        (" \r\na,b\n1,2\n", "row 1 is blank; it must be the header"),
        (b"a,b\n1,2\n\xe9,2\n", "row 3, column a: the byte 0xE9 is not UTF-8"),
        (b"a,b\n1,x\xff\n", "row 2, column b: the byte 0xFF is not UTF-8"),
        (b"a,\xe9\n1,2\n", "row 1: the byte 0xE9 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "row 1: the byte 0xFF is not UTF-8"),
        ("a,b\r1,2\r3,4\r", "row 1: a carriage return without a line feed"),
        ("a,b\n1,2\r3,4\r", "row 2, column b: a carriage return without a line feed"),
        ("a,b\n1,2,3\n", "row 2: 3 fields where the header has 2; a decimal comma"),
        ("a,b\n1,2\n3,\n1,2,\n", "row 4: 3 fields where the header has 2"),
        ("a,b\n1\n", "row 2, column a: 1 field where the header has 2; is the row cut off"),
        ("a,b,c\n1,2,3\n1,2", "row 3, column b: 2 fields where the header has 3"),
        ("a,b\n \n", "row 2, column a: 1 field where the header has 2"),
        ('a,b\n5" tube,2\n', "row 2, column a: a quotation mark in the middle of a field"),
        ('a,b\n1,"5" tube"\n', "row 2, column b: a quotation mark in the middle of a field"),
        ('a,b\n1, "5"\n', "row 2, column b: a quotation mark in the middle of a field"),
        ('a,b\n1,"5" \n', "row 2, column b: a quotation mark in the middle of a field"),
        ('a,b\n1,"2\n3,"4"\n', "row 2, column b: a quotation mark in the middle of a field"),
        ('a,b\n1,2\n3,"4\n5,6\n', "row 3, column b: a quoted field that is not closed"),
        ('a,b\n1,2\n3,"', "row 3, column b: a quoted field that is not closed"),
        ('"a,b\n1,2\n', "row 1: a quoted field that is not closed"),
        ('a"x,b\n1,2\n', "row 1: a quotation mark in the middle of a field"),
    ],
)
def test_what_is_malformed_is_refused_by_row_and_column(content: str | bytes, message: str) -> None:
    assert refusal(content).startswith(f"in.csv: {message}")


@pytest.mark.requirement("REQ-TAB-13")
def test_rows_are_counted_as_a_spreadsheet_does() -> None:
    # A quoted line feed starts no row, a blank line is one.
    assert refusal('a,b\n"x\ny",2\n\n1\n').startswith("in.csv: row 4, column a: 1 field")


@pytest.mark.requirement("REQ-TAB-13")
def test_the_first_of_several_faults_is_named() -> None:
    assert "row 2, column a: 1 field" in refusal(b'a,b\n1\n3,5" x\n\xe9,2\n')
    assert "row 2, column b: a quotation mark" in refusal(b'a,b\n3,5" x\n1\n\xe9,2\n')
    assert "row 2, column a: the byte" in refusal(b'a,b\n\xe9,2\n3,5" x\n1\n')


def test_text_with_stray_marks_is_not_rewritten() -> None:
    # polars reads this field as 5xy.
    assert "row 2, column b: a quotation mark" in refusal('a,b\n1,"5"x"y"\n')


def test_a_carriage_return_at_the_end_of_a_field_is_not_lost() -> None:
    # polars drops it, here and in no other place.
    assert "row 2, column a: a carriage return" in refusal("a,b\nx\r,2\n")


@pytest.mark.requirement("REQ-TAB-13")
def test_a_short_row_is_not_filled_with_empty_fields() -> None:
    assert "row 2, column b: 2 fields" in refusal("a,b,c,d\n1,2\n1,2,3,4\n")


def test_line_ends_do_not_make_up_for_lost_separators() -> None:
    # Three rows more than expected by a carriage return each, one with three separators less.
    content = "a,b,c,d\n" + "1,2,3,4\r\n" * 3 + "1\n" + "1,2,3,4\n"
    assert "row 5, column a: 1 field" in refusal(content)


def test_a_long_and_a_short_row_do_not_cancel_out() -> None:
    assert "row 2, column a: 1 field" in refusal("a,b\n1\n1,2,3\n")


def test_a_row_of_a_piece_further_on_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvrows, "PIECE", 16)
    rows = "".join(f'"r\n{i}",{i}\n' for i in range(100))
    assert refusal("a,b\n" + rows + "1\n").startswith("in.csv: row 102, column a: 1 field")
    assert refusal("a,b\n" + rows + '1,"').startswith("in.csv: row 102, column b: a quoted field")


def test_a_quoted_field_that_is_never_closed_is_not_read_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csvrows, "PIECE", 1 << 10)
    monkeypatch.setattr(csvrows, "LONGEST_ROW", 1 << 12)
    content = b"a,b\n" * 600 + b'1,"' + b"x\n" * 50_000
    stream = io.BytesIO(content)
    rows = CsvRows(stream, b"", "in.csv", ",")
    with pytest.raises(FileError, match=r"row 601 is longer than 4,096 bytes; is a quoted"):
        list(rows.batches(10))
    assert stream.tell() < 20_000


def test_a_long_row_is_not_looked_at_again_for_each_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(csvrows, "PIECE", 1 << 10)
    looked: list[int] = []
    plain = csvrows.Text.__init__

    def counted(self: csvrows.Text, text: bytes, separator: bytes, *, last: bool = False) -> None:
        looked.append(len(text))
        plain(self, text, separator, last=last)

    monkeypatch.setattr(csvrows.Text, "__init__", counted)
    field = "x\n" * 100_000
    assert read(f'a,b\n1,"{field}"\n')[1] == [["1", field]]
    assert sum(looked) < 5 * len(field)


def test_rows_that_polars_reads_otherwise_are_a_defect_and_not_a_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = pl.read_csv
    monkeypatch.setattr(pl, "read_csv", lambda *args, **kw: plain(*args, **kw).head(1))
    with pytest.raises(FileError, match=r"2 rows from row 1 on cannot be read; this is a defect"):
        read("a,b\n1,2\n")

    def fails(*_: object, **__: object) -> pl.DataFrame:
        raise pl.exceptions.ComputeError("no")

    monkeypatch.setattr(pl, "read_csv", fails)
    with pytest.raises(FileError, match=r"this is a defect of neocalc or of polars"):
        read("a,b\n1,2\n")


FIELD = st.one_of(
    st.sampled_from(["", "007", "NA", "x,y", 'say "hm"', "two\nlines", "\r", " ", "é", '"', "\0"]),
    st.text(alphabet='ab,"\n\r ;\té\0', max_size=6),
)


def as_read(field: str | None) -> str:
    return field or ""


@given(st.data(), st.integers(1, 4), st.integers(2, 40), st.integers(1, 5))
def test_what_the_csv_module_writes_is_read_back(
    data: st.DataObject, width: int, piece: int, most: int
) -> None:
    rows = data.draw(st.lists(st.lists(FIELD, min_size=width, max_size=width), max_size=8))
    line_end = data.draw(st.sampled_from(["\n", "\r\n"]))
    # The csv module leaves a carriage return without quotes where it does not end lines with it.
    everywhere = line_end == "\n" or data.draw(st.booleans())
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, quoting=csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL, lineterminator=line_end
    )
    writer.writerow(header := [f"c{i}" for i in range(width)])
    writer.writerows(rows)
    before, csvrows.PIECE = csvrows.PIECE, piece  # type: ignore[misc]
    try:
        columns, cells = read(text.getvalue(), most=most)
    finally:
        csvrows.PIECE = before  # type: ignore[misc]
    assert columns == header
    assert [[as_read(field) for field in row] for row in cells] == rows


@pytest.mark.requirement("REQ-TAB-13")
@given(st.text(alphabet='a,"\n\r ', max_size=24), st.integers(1, 30))
def test_whatever_the_text_it_is_refused_or_read_as_the_csv_module_reads_it(
    text: str, piece: int
) -> None:
    content = "a,b\n" + text
    before, csvrows.PIECE = csvrows.PIECE, piece  # type: ignore[misc]
    try:
        _, cells = read(content)
    except FileError:
        return
    finally:
        csvrows.PIECE = before  # type: ignore[misc]
    reader: Sequence[list[str]] = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert [[as_read(f) for f in row] for row in cells] == [row or ["", ""] for row in reader[1:]]
