"""Files of SAS, SPSS and Stata: what the file says of its values holds."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyreadstat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neocalc.errors import FileError
from neocalc.files.formats import statistical
from neocalc.files.formats.numbered_dates import counted
from neocalc.files.formats.statistical import Seekable, StatisticalRows
from neocalc.files.inputs import Input
from neocalc.files.sources import Source
from shell import Shell

TEN = dt.datetime.fromisoformat("2026-08-14T10:30")
VISITS = pl.DataFrame(
    {
        "id": ["001", "002", "003"],
        "sex": [2.0, 1.0, 2.0],
        "born": [dt.date(2026, 5, 1), dt.date(2026, 4, 30), None],
        "seen": [TEN, TEN.replace(hour=0, minute=0), None],
        "weeks": [27.0, 28.0, 29.0],
        "days": [3.0, 0.0, 6.0],
        "wt_g": [3100.0, None, 9999.0],
        "len_cm": [49.5, 50.25, math.nan],
    }
)
SEXES = {"sex": {1: "Male", 2: "Female"}}
MAPPING = (
    "--column", "subject_id=id", "--column", "birth_date=born", "--column", "measured_on=seen",
    "--column", "gestational_age_weeks=weeks", "--column", "gestational_age_days_part=days",
    "--column", "weight_g=wt_g", "--column", "length_cm=len_cm",
)  # fmt: skip
SUFFIXES = (".sav", ".zsav", ".dta", ".xpt")


def written(path: Path, table: pl.DataFrame = VISITS, **about: Any) -> Path:
    """A table as a file of the kind that its suffix says."""
    frame = table.to_pandas()
    for name, kind in table.schema.items():
        if kind == pl.Date:
            frame[name] = table[name].to_list()
    if path.suffix == ".xpt":
        pyreadstat.write_xport(frame, path, file_format_version=5)
    elif path.suffix == ".dta":
        pyreadstat.write_dta(frame, path, **about)
    else:
        pyreadstat.write_sav(frame, path, compress=path.suffix == ".zsav", **about)
    return path


def read(path: Path, **options: Any) -> pl.DataFrame:
    """All rows of a file."""
    with Source(str(path), **options) as source:
        table = pl.concat([pl.DataFrame(schema=source.schema()), *source.batches()])
        assert dict(table.schema) == dict(source.schema())
        assert source.digest() == hashlib.sha256(path.read_bytes()).hexdigest()
    return table


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_data_as_its_reference_library_reads(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"in{suffix}")
    table = read(path)
    assert table["id"].to_list() == ["001", "002", "003"]
    assert table["sex"].to_list() == [2, 1, 2]
    assert table["sex"].dtype == pl.Int64
    assert table["born"].to_list() == VISITS["born"].to_list()
    assert table["born"].dtype == pl.Date
    assert table["seen"].to_list() == VISITS["seen"].to_list()
    assert table["wt_g"].to_list() == [3100, None, 9999]
    assert table["len_cm"].to_list() == [49.5, 50.25, None]
    reader: Any = {".dta": pyreadstat.read_dta, ".xpt": pyreadstat.read_xport}.get(suffix)
    theirs, _ = (reader or pyreadstat.read_sav)(path, output_format="polars")
    for name in ("id", "sex", "born", "wt_g", "len_cm"):
        assert table[name].to_list() == theirs[name].to_list()


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("rows", [1, 2, 1_000_000])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_number_of_rows_at_a_time_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, rows: int
) -> None:
    path = written(tmp_path / f"in{suffix}")
    whole = read(path)
    monkeypatch.setattr(statistical, "CELLS", rows * len(VISITS.columns))
    assert read(path).equals(whole)


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("suffix", [".sav", ".zsav", ".dta"])
def test_labels_say_what_a_value_is(shell: Shell, suffix: str) -> None:
    """Without a coding: the file has it."""
    name = written(shell.folder / f"in{suffix}", variable_value_labels=SEXES).name
    done = shell.run("score", name, "-o", "out.csv", *MAPPING)
    assert done.code == 0
    assert "invalid_sex" not in done.err
    scored = pl.read_csv(shell.folder / "out.csv")
    assert scored["sex"].to_list() == ["Female", "Male", "Female"]
    assert scored["waz_status"].to_list() == ["ok", "missing_value", "missing_age"]
    about = json.loads(shell.read("out.csv.json"))["input"]
    assert about["value_labels"] == {"sex": {"1": "Male", "2": "Female"}}
    assert about["sha256"] == hashlib.sha256((shell.folder / name).read_bytes()).hexdigest()
    # The time of day is dropped, and said.
    assert "1 " in done.err
    assert "time" in done.err


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_codes_without_labels_are_declared_or_refused(shell: Shell, suffix: str) -> None:
    labels: dict[str, Any] = {} if suffix == ".xpt" else {"variable_value_labels": SEXES}
    name = written(shell.folder / f"in{suffix}", **labels).name
    bare = shell.run("score", name, "-o", "bare.csv", *MAPPING, "--no-labels")
    assert bare.code == 1
    assert "invalid_sex" in bare.err
    coded = shell.run(
        "score", name, "-o", "coded.csv", *MAPPING, "--no-labels", "--sex-codes", "male=1,female=2"
    )
    assert coded.code == 0
    assert pl.read_csv(shell.folder / "coded.csv")["sex"].to_list() == [2, 1, 2]


@pytest.mark.requirement("REQ-FILE-13")
def test_a_label_of_one_value_leaves_the_numbers_beside_it(shell: Shell) -> None:
    """9999 is no weight where the file says that it is not one."""
    labels = SEXES | {"wt_g": {9999: "Not weighed"}, "len_cm": {1: "One"}}
    name = written(shell.folder / "in.sav", variable_value_labels=labels).name
    done = shell.run("score", name, "-o", "out.csv", *MAPPING)
    scored = pl.read_csv(shell.folder / "out.csv")
    assert scored["wt_g"].to_list() == ["3100", None, "Not weighed"]
    assert scored["len_cm"].to_list() == [49.5, 50.25, None]
    assert done.code == 0


@pytest.mark.requirement("REQ-FILE-13")
def test_two_values_of_one_label_stay_two(tmp_path: Path) -> None:
    labels = {"weeks": {27: "early", 28: "early", 29: "late"}}
    path = written(tmp_path / "in.sav", variable_value_labels=labels)
    assert read(path)["weeks"].to_list() == [27, 28, 29]


@pytest.mark.requirement("REQ-FILE-13")
def test_labels_of_texts(tmp_path: Path) -> None:
    table = pl.DataFrame({"sex": ["f", "m", "u", ""], "n": [1.5, 2.0, 3.0, 4.0]})
    path = written(
        tmp_path / "in.sav", table, variable_value_labels={"sex": {"f": "Female", "m": "Male"}}
    )
    assert read(path)["sex"].to_list() == ["Female", "Male", "u", ""]
    assert read(path, labels=False)["sex"].to_list() == ["f", "m", "u", ""]


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("code", [[9999.0], [{"lo": 9990, "hi": 9999}]])
def test_values_that_spss_declares_as_missing_are_missing(shell: Shell, code: list[Any]) -> None:
    """A weight of 9,999 g would else be one that a child may have."""
    name = written(
        shell.folder / "in.sav", missing_ranges={"wt_g": code, "id": ["003"]},
        variable_value_labels=SEXES, column_labels={"wt_g": "Weight, grams"},
    ).name  # fmt: skip
    done = shell.run("score", name, "-o", "out.csv", *MAPPING)
    assert done.code == 0
    assert pl.read_csv(shell.folder / "out.csv")["wt_g"].to_list() == [3100, None, None]
    about = json.loads(shell.read("out.csv.json"))["input"]
    assert about["declared_missing"] == {"id": 1, "wt_g": 1}
    assert about["labels"] == {"wt_g": "Weight, grams"}


@pytest.mark.requirement("REQ-FILE-13")
def test_special_missing_values_of_stata_are_missing(tmp_path: Path) -> None:
    frame = pd.DataFrame({"sex": ["f", "f", "m"], "wt_g": [3100.0, "a", "b"]})
    path = tmp_path / "in.dta"
    pyreadstat.write_dta(
        frame, path, missing_user_values={"wt_g": ["a", "b"]},
        variable_value_labels={"wt_g": {"a": "Refused"}},  # type: ignore[dict-item]
    )  # fmt: skip
    with Source(str(path)) as source:
        (table,) = source.batches()
        assert table["wt_g"].to_list() == [3100, None, None]
        assert source.about()["declared_missing"] == {"wt_g": 2}


@pytest.mark.requirement("REQ-FILE-13")
def test_integers_of_stata(tmp_path: Path) -> None:
    frame = pd.DataFrame({"i": pd.array([1, None, 3], dtype="Int32"), "f": [1.5, None, 3.0]})
    frame.to_stata(tmp_path / "in.dta", version=118, write_index=False)
    table = read(tmp_path / "in.dta")
    assert table.to_dict(as_series=False) == {"i": [1, None, 3], "f": [1.5, None, 3.0]}
    assert table.dtypes == [pl.Int64, pl.Float64]


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize(
    ("program", "form", "number", "day"),
    [
        ("SAS", "DATE9", 24_227, "2026-05-01"), ("SAS", "YYMMDD10.", 0, "1960-01-01"),
        ("SAS", "MMDDYY10", -1, "1959-12-31"), ("SAS", "E8601DA", 24_227, "2026-05-01"),
        ("SAS", "DATETIME20", 24_227 * 86_400, "2026-05-01"), ("SAS", "YYMMDDN8", 1, "1960-01-02"),
        ("SAS", "E8601DT19", 24_227 * 86_400, "2026-05-01"),
        ("SPSS", "DATE11", 13_996_972_800, "2026-05-01"), ("SPSS", "SDATE10", 0, "1582-10-14"),
        ("SPSS", "DATETIME20", 13_996_972_800, "2026-05-01"),
        ("Stata", "%td", 24_227, "2026-05-01"), ("Stata", "%d", 0, "1960-01-01"),
        ("Stata", "%tdDD/NN/CCYY", 1, "1960-01-02"), ("Stata", "%-td", 1, "1960-01-02"),
        ("Stata", "%tc", 24_227 * 86_400_000, "2026-05-01"),
    ],
)  # fmt: skip
def test_numbers_of_dates(program: str, form: str, number: int, day: str) -> None:
    how = counted(program, form)
    assert how is not None
    since = number // how.per_day + how.start
    assert str(dt.date(1970, 1, 1) + dt.timedelta(days=since)) == day


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize(
    ("program", "form"),
    [("SAS", "BEST12"), ("SAS", "8.2"), ("SAS", None), ("SAS", "MONYY7"), ("SAS", "TIME8"),
     ("SAS", "DATEOFX"), ("SPSS", "F8.2"), ("SPSS", "MOYR8"), ("SPSS", "TIME8"), ("SPSS", "DTIME"),
     ("Stata", "%9.0g"), ("Stata", "%tm"), ("Stata", "%tw"), ("Stata", "%tC"), ("Stata", "%9s")],
)  # fmt: skip
def test_numbers_that_are_no_dates(program: str, form: str | None) -> None:
    """A month has no day, and %tC counts leap seconds."""
    assert counted(program, form) is None


@pytest.mark.requirement("REQ-FILE-13")
def test_a_number_that_is_no_date_is_the_fault_of_its_row(shell: Shell) -> None:
    frame = pd.DataFrame(
        {"sex": ["f"] * 3, "birth_date": [24_227.0, 9e9, 24_227.0],
         "measured_on": [24_327.0] * 3, "weight_g": [5000.0] * 3}
    )  # fmt: skip
    pyreadstat.write_sav(
        frame.assign(birth_date=[13_996_972_800.0, 9e17, 13_996_972_800.0],
                     measured_on=[14_005_612_800.0] * 3),
        shell.folder / "in.sav",
        variable_format={"birth_date": "DATE11", "measured_on": "DATETIME20"},
    )  # fmt: skip
    assert shell.run("score", "in.sav", "-o", "out.csv").code == 0
    scored = pl.read_csv(shell.folder / "out.csv")
    assert scored["waz_status"].to_list() == ["ok", "invalid_age", "ok"]
    assert scored["birth_date"].to_list() == ["2026-05-01", "9e+17", "2026-05-01"]
    assert scored["measured_on"].to_list() == ["2026-08-09"] * 3


@pytest.mark.requirement("REQ-FILE-13")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9),
            st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=9),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_written_is_read(tmp_path: Path, rows: list[tuple[float | None, str]]) -> None:
    table = pl.DataFrame(
        {"n": pl.Series([n for n, _ in rows], dtype=pl.Float64, strict=False),
         "t": [t for _, t in rows]}
    )  # fmt: skip
    for suffix in (".sav", ".dta"):
        got = read(written(tmp_path / f"in{suffix}", table))
        assert got["n"].to_list() == table["n"].to_list()
        assert got["t"].to_list() == table["t"].to_list()


@pytest.mark.requirement("REQ-FILE-13")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("command", ["score", "velocity", "chart", "report"])
def test_every_command_takes_it_from_a_pipe_too(shell: Shell, suffix: str, command: str) -> None:
    table = pl.DataFrame(
        {"subj": ["1", "1"], "sex": ["f", "f"], "agedays": [100.0, 161.0], "wt_g": [5000.0, 6500.0]}
    )
    content = written(shell.folder / f"in{suffix}", table).read_bytes()
    out = {"chart": "out.svg", "report": "out.html"}.get(command, "out.csv")
    options = (
        "--column", "subject_id=subj", "--column", "age_days=agedays", "--column", "weight_g=wt_g",
    )  # fmt: skip
    done = shell.run(command, "-", "-o", out, *options, stdin=content)
    assert done.code == 0
    assert out in shell.names()


@pytest.mark.requirement("REQ-FILE-15")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_off_anywhere_it_is_one_line_or_whole(tmp_path: Path, suffix: str) -> None:
    content = written(tmp_path / f"in{suffix}").read_bytes()
    whole = read(tmp_path / f"in{suffix}")
    path = tmp_path / f"cut{suffix}"
    for end in sorted({*range(60, len(content), max(1, len(content) // 40)), len(content) - 1}):
        if suffix == ".xpt" and end % 80 == 0:
            continue  # a whole record fewer: the file does not say how many rows it has
        path.write_bytes(content[:end])
        try:
            assert read(path).equals(whole)  # what was cut off is no row
        except FileError as error:
            assert "\n" not in str(error)
            assert str(error).startswith(f"cut{suffix}: ")


@pytest.mark.requirement("REQ-FILE-15")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hostile_files_are_one_line(shell: Shell, suffix: str) -> None:
    written(shell.folder / f"in{suffix}")
    content = (shell.folder / f"in{suffix}").read_bytes()
    for name, bad in (
        (f"magic{suffix}", b"\x01\x02\xff\x00" + content[4:]),
        (f"zeros{suffix}", content[:100] + bytes(len(content))),
        (f"filled{suffix}", content[:100] + b"\xff" * len(content)),
    ):
        shell.write(name, bad)
        done = shell.spawn("score", name, "-o", "out.csv", *MAPPING)
        assert done.code == 2, (name, done.err)
        assert len(done.lines) == 1
        assert "Traceback" not in done.err


@pytest.mark.requirement("REQ-FILE-13")
def test_a_data_set_of_sas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No library writes this kind: the same table, read by the reader of a transport file."""
    path = written(tmp_path / "in.xpt")

    def read_sas7bdat(file: Any, *, user_missing: bool = False, **options: Any) -> Any:
        assert user_missing or options.get("metadataonly")
        return pyreadstat.read_xport(file, **options)

    monkeypatch.setattr(pyreadstat, "read_sas7bdat", read_sas7bdat)
    rows = StatisticalRows(Input(str(path), "in"), "in.sas7bdat", "a SAS data set (.sas7bdat)")
    (table,) = rows.batches(10)
    assert table.equals(read(path))
    assert rows.about == {"kind": "SAS (.sas7bdat)"}
    rows._data.close()


@pytest.mark.requirement("REQ-FILE-15")
def test_a_transport_file_of_several_tables_is_refused(tmp_path: Path) -> None:
    """Only the first would be read, and it may not be the visits."""
    content = written(tmp_path / "in.xpt").read_bytes()
    (tmp_path / "two.xpt").write_bytes(content + content[240:])
    with pytest.raises(FileError, match=r"two.xpt: holds 2 tables; write the one with the visits"):
        Source(str(tmp_path / "two.xpt"))


@pytest.mark.requirement("REQ-FILE-15")
def test_thousands_of_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "in.sav"
    pyreadstat.write_sav(pd.DataFrame({f"c{i}": [1.0, 2.5] for i in range(3_000)}), path)
    assert read(path).shape == (2, 3_000)
    monkeypatch.setattr(statistical, "WIDEST", 2_999)
    with pytest.raises(FileError, match=r"in.sav: 3,000 columns; at most 2,999 are read"):
        Source(str(path))


@pytest.mark.requirement("REQ-FILE-13")
def test_a_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "in.sav", VISITS.clear())
    with Source(str(path)) as source:
        assert source.columns == VISITS.columns
        assert list(source.batches()) == []


@pytest.mark.requirement("REQ-FILE-15")
def test_more_rows_stated_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "in.dta")
    called = statistical.StatisticalRows._called

    def stating(self: Any, **options: Any) -> Any:
        values, about = called(self, **options)
        about.number_rows = 4
        return values, about

    monkeypatch.setattr(statistical.StatisticalRows, "_called", stating)
    with pytest.raises(FileError, match="of 4 rows 3 can be read; is it cut off"):
        Source(str(path))


@pytest.mark.requirement("REQ-FILE-15")
@pytest.mark.parametrize("failing", [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x"), KeyError()])
def test_an_error_of_the_library_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Exception
) -> None:
    path = written(tmp_path / "in.dta")

    def fail(*_: Any, **__: Any) -> None:
        raise failing

    monkeypatch.setattr(pyreadstat, "read_dta", fail)
    with pytest.raises(FileError, match=r"in.dta: (a text in it is not|not readable as a Stata)"):
        Source(str(path))
    failing = MemoryError()
    with pytest.raises(MemoryError):
        Source(str(path))


@pytest.mark.requirement("REQ-FILE-17")
def test_without_the_extra_it_is_said_which(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    written(shell.folder / "in.sav")
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    said = shell.run("score", "in.sav", "-o", "out.csv").problem
    assert 'needs the extra "files": pip install "neocalc[files]"' in said


@pytest.mark.requirement("REQ-FILE-13")
def test_bytes_at_any_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    data = Input(str(tmp_path / "x"), "x")
    stream = Seekable(data)
    assert stream.readable() and stream.seekable()
    assert (stream.read(3), stream.tell()) == (b"012", 3)
    assert (stream.seek(-2, io.SEEK_END), stream.read()) == (8, b"89")
    assert (stream.seek(-4, io.SEEK_CUR), stream.read(2)) == (6, b"67")
    assert (stream.seek(90), stream.read(2)) == (90, b"")
    data.close()


@pytest.mark.requirement("REQ-FILE-13")
def test_a_sheet_is_that_of_a_workbook(shell: Shell) -> None:
    name = written(shell.folder / "in.sav").name
    said = shell.run("score", name, "-o", "out.csv", "--sheet", "Visits").problem
    assert "--sheet: in.sav is no Excel workbook" in said


@pytest.mark.requirement("REQ-FILE-13")
def test_a_data_set_that_sas_wrote(tmp_path: Path) -> None:
    packed = Path(__file__).parent / "sas" / "file1.sas7bdat.gz"
    path = tmp_path / "in.sas7bdat"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    table = read(path)
    theirs = pd.read_sas(path, encoding="utf-8")
    assert table.dtypes == [pl.Int64, pl.String, pl.Float64, pl.Date]
    for name in table.columns:
        assert table[name].to_list() == [
            value.date() if name == "date_row" else value for value in theirs[name].tolist()
        ]
    content = path.read_bytes()
    for end in range(300, 70_000, 5_000):
        path.write_bytes(content[:end])
        with pytest.raises(FileError, match=r"^in.sas7bdat: not readable as a SAS data set"):
            read(path)
