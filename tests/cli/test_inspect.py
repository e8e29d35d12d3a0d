"""`neocalc inspect`: what columns seem to be, what is asked, and that no child is told."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neocalc.cli import main
from neocalc.visits import inspection
from neocalc.visits.inspection import columns_of, refuse_headless, values_of
from neocalc.visits.layoutsigns import layout_of
from neocalc.visits.mappingfile import mapping_file
from neocalc.visits.suspicions import suspicions

N = 12
PLAIN: dict[str, list[Any]] = {
    "subject_id": [f"S-{i:03}" for i in range(N)],
    "sex": ["f", "m"] * (N // 2),
    "birth_date": ["2026-05-01"] * N,
    "measured_on": ["2026-05-29"] * N,
    "weight_g": [3900 + i for i in range(N)],
}


def table(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (PLAIN | changed).items() if column})


def seems(frame: pl.DataFrame, labels: dict[str, str] | None = None) -> dict[str, Any]:
    return {column.name: column for column in columns_of(frame, labels or {}, "in.csv")}


def one(name: str, values: list[Any], label: str = "") -> Any:
    frame = pl.DataFrame({name: values, "note": [""] * len(values)})
    return seems(frame, {name: label})[name]


def asked(frame: pl.DataFrame) -> list[str]:
    return suspicions(frame, columns_of(frame, {}, "in.csv"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --------------------------------------------------------------------------------- what it seems


@pytest.mark.parametrize(
    ("name", "values", "canonical"),
    [
        ("weight_kg", [3.1] * 6, "weight_kg"),
        ("WTKG", [3.1] * 6, "weight_kg"),
        ("Birth weight", [3.1] * 6, ""),
        ("hc_mm", [340] * 6, "head_circumference_mm"),
        ("Height (cm)", [50] * 6, "length_cm"),
        ("agemos", [3] * 6, "age_months"),
        ("GA", ["27+3", "28+0"] * 3, "gestational_age"),
        ("ga_days", [192] * 6, "gestational_age_days"),
        ("gender", ["F", "M"] * 3, "sex"),
        ("DOB", ["2026-05-01"] * 6, "birth_date"),
        ("USUBJID", ["1"] * 6, "subject_id"),
        ("oedema", ["y"] * 6, "oedema"),
        ("hospital", ["x"] * 6, ""),
        ("pma_weeks", [40] * 6, ""),
    ],
)
def test_a_column_is_proposed_where_its_name_says_what_it_is(
    name: str, values: list[Any], canonical: str
) -> None:
    column = one(name, values)
    assert column.canonical == canonical
    assert not column.question


def test_a_label_says_what_a_name_does_not() -> None:
    column = one("V12", [3100] * 6, "Weight of infant (g)")
    assert column.canonical == "weight_g"
    assert column.why == "its label says a weight in grams"


@pytest.mark.requirement("REQ-LAY-09")
@pytest.mark.parametrize(
    ("name", "values", "question", "choices"),
    [
        (
            "weight",
            [3.1] * 6,
            "is it in kilograms or grams or pounds?",
            ["weight_kg", "weight_g", "weight_lb"],
        ),
        ("age", [3] * 6, "is it in days or months or years?", None),
        ("muac", [12] * 6, "is it in centimetres or millimetres?", None),
        ("length", [50] * 6, "is it in centimetres or inches?", ["length_cm", "length_in"]),
        ("Height_ft", [2] * 6, "none of ours is in feet", []),
        ("weight_oz", [8] * 6, "none of ours is in ounces", []),
        ("ga_weeks", [27, 28] * 3, "completed weeks leave up to 6 days open", None),
        ("ga_weeks", [27.4, 28] * 3, "is 27.4 a decimal number of weeks?", None),
        ("gest_age", [27, 28] * 3, "in days, in decimal weeks, or in completed weeks?", None),
    ],
)
def test_what_a_name_leaves_open_is_asked(
    name: str, values: list[Any], question: str, choices: list[str] | None
) -> None:
    column = one(name, values)
    assert not column.canonical
    assert question in column.question
    assert choices is None or column.choices == choices


def test_codes_are_asked_for_and_words_are_not() -> None:
    assert one("sex", ["f", "Male"] * 3).question == ""
    coded = one("sex", ["1", "2", "9"] * 3)
    assert coded.canonical == "sex"
    assert coded.question == "which code is male, and which female?"
    assert sorted(coded.seen.split(", ")) == ["1", "2", "9"]
    assert one("sex", ["f", "m", "x"] * 3).question == (
        "1 of its words cannot be read: what do they mean?"
    )
    assert "which code is yes" in one("oedema", [0, 1, 2] * 3).question
    assert "which code is recumbent" in one("position", [1, 2, 1] * 3).question


def test_weeks_and_days_in_two_columns_are_one_gestation() -> None:
    frame = table(ga_weeks=[27] * N, ga_days=[i % 7 for i in range(N)])
    found = seems(frame)
    assert found["ga_weeks"].canonical == "gestational_age_weeks"
    assert found["ga_days"].canonical == "gestational_age_days_part"
    alone = seems(table(ga_days=[i % 7 for i in range(N)]))["ga_days"]
    assert not alone.canonical
    assert "those beside its weeks" in alone.question


def test_the_id_of_sdtm_is_not_that_of_the_study() -> None:
    found = seems(table(subject_id=[], STUDYID=["T"] * N, USUBJID=PLAIN["subject_id"]))
    assert found["USUBJID"].canonical == "subject_id"
    assert not found["STUDYID"].canonical


def test_of_two_columns_of_one_thing_none_is_chosen() -> None:
    found = seems(table(weight_g=[], WTKG=[3.9] * N, wt_g=[3900] * N))
    assert found["WTKG"].question == "it is there beside wt_g: which one is read?"
    assert not found["WTKG"].canonical
    assert not found["wt_g"].canonical
    own = seems(table(WTKG=[3.9] * N))
    assert own["weight_g"].canonical == "weight_g"
    assert own["WTKG"].question == "it is there beside weight_g: which one is read?"


@pytest.mark.parametrize(
    ("values", "said", "form"),
    [
        (["2026-05-01"] * 3, "dates whose order is clear", None),
        (["13/05/2026", "01/05/2026"], "all of which fit %d/%m/%Y and no other order", "%d/%m/%Y"),
        (["03/05/2026", "01/05/2026"], "", None),
        (["x", "01/05/2026"], "", None),
        (["2026-05-01", "13/05/2026"], "", None),
        ([None, None], "", None),
    ],
)
def test_the_order_of_dates(values: list[Any], said: str, form: str | None) -> None:
    column = one("dob", values)
    assert said in column.seen
    assert column.codes.get("date_format") == form
    assert bool(column.question) == (not said and values != [None, None])


def test_words_that_stand_for_no_value_are_seen() -> None:
    found = values_of(pl.Series("weight_g", ["3100", "NA", "-99", "3200", "9999", "", None]))
    assert (found.rows, found.empty) == (7, 5)
    assert sorted(found.missing) == ["-99", "9999", "NA"]
    assert found.numbers.to_list() == [3100.0, 3200.0]
    real = values_of(pl.Series("length_cm", ["77", "78", "80", "99", "101"]))
    assert real.missing == []
    assert values_of(pl.Series("sex", ["9", "male", "NA"])).missing == ["NA"]


def test_the_share_of_words_that_are_no_numbers() -> None:
    assert "50 % are no numbers" in one("weight_g", ["3100", "heavy"] * 5).seen


# ------------------------------------------------------------------------------ what is suspected


@pytest.mark.requirement("REQ-LAY-09")
@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("weight_kg", 3100, "weight_kg: its figures look like grams, and not kg"),
        ("weight_g", 3.1, "weight_g: its figures look like kilograms"),
        ("head_circumference_cm", 340, "look like millimetres"),
        ("head_circumference_cm", 13.5, "look like inches"),
        ("head_circumference_mm", 34, "look like centimetres"),
        ("arm_circumference_cm", 120, "look like millimetres"),
        ("length_cm", 500, "look like millimetres"),
        ("length_cm", 0.5, "look like metres"),
        ("length_cm", 20, "lengths are too short for the weights: are they in inches?"),
        ("age_months", 400, "look like days"),
        ("gestational_age_days", 27, "look like weeks"),
    ],
)
def test_figures_of_another_unit(column: str, values: float, said: str) -> None:
    changed: dict[str, list[Any]] = {"weight_g": []} if column == "weight_kg" else {}
    found = asked(table(**changed, **{column: [values] * N}))
    assert any(said in text for text in found), found


def test_figures_as_they_are_leave_no_question() -> None:
    assert asked(table()) == []
    sizes = {"length_cm": [50.5] * N, "head_circumference_cm": [35.0] * N}
    assert asked(table(**sizes)) == []
    preterm = {"weight_g": [980 + i for i in range(N)], "length_cm": [35.0] * N}
    assert asked(table(**preterm)) == []


def test_gestations_that_look_like_weeks_and_days() -> None:
    said = "the tenths are 0 to 6 and never 7 to 9"
    weeks = [round(27 + (i % 7) / 10, 1) for i in range(N)]
    assert said in "".join(asked(table(ga_weeks=weeks)))
    decimals = [round(27 + i / 7, 2) for i in range(N)]
    assert said not in "".join(asked(table(ga_weeks=decimals)))
    tenths = [round(27 + (i % 10) / 10, 1) for i in range(N)]
    assert said not in "".join(asked(table(ga_weeks=tenths)))


@pytest.mark.requirement("REQ-LAY-09")
def test_the_same_child_twice() -> None:
    twice = table().vstack(table())
    assert f"{2 * N} rows are there more than once" in asked(twice)[0]
    ids = ["1", "01", "A 1", "a1", *PLAIN["subject_id"][4:]]
    assert "4 ids are the same as another but for zeros" in "".join(asked(table(subject_id=ids)))
    other = table().vstack(table(weight_g=[4100 + i for i in range(N)]))
    assert f"{2 * N} rows share their child and day" in "".join(asked(other))
    conflict = table().vstack(table(sex=["m"] * N, measured_on=["2026-07-01"] * N))
    assert f"{N // 2} children have more than one sex" in "".join(asked(conflict))
    alone = table().vstack(table(sex=["m", *PLAIN["sex"][1:]], measured_on=["2026-07-01"] * N))
    assert "1 child has more than one sex" in "".join(asked(alone))
    lengths = {"length_cm": [50.0 + i for i in range(N)]}
    two = table(**lengths).vstack(table(subject_id=[f"T-{i}" for i in range(N)], **lengths))
    assert f"{N} visits are there under two ids" in "".join(asked(two))
    first = table(**lengths).vstack(table(subject_id=["T"] * N, **lengths).head(1))
    assert "1 visit is there under two ids" in "".join(asked(first))


def test_visits_before_birth() -> None:
    dates = ["2026-04-01", "2026-13-45", *["2026-05-29"] * (N - 2)]
    assert "1 visit is before the date of birth" in "".join(asked(table(measured_on=dates)))
    ages = table(measured_on=[], birth_date=[], age_days=[-3, *range(10, 10 + N - 1)])
    assert "age_days: 1 age is negative" in "".join(asked(ages))
    doubtful = table(measured_on=["03/05/2026"] * N)
    assert "before" not in "".join(asked(doubtful))


# ------------------------------------------------------------------------------------- the layout


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["USUBJID", "VSTESTCD"], "--layout sdtm"),
        (["record_id", "redcap_event_name"], "--layout redcap"),
        (["record", "field_name", "value"], "--layout redcap"),
        (["id", "Parameter", "Value"], "--layout long"),
        (["id", "weight_kg_1", "weight_kg_2"], "one row a child with 2 visits: --layout wide"),
        (["id", "weight_kg"], ""),
        (["id", "weight_kg_mean"], ""),
    ],
)
def test_signs_of_another_layout(header: list[str], said: str) -> None:
    found = layout_of(pl.DataFrame({name: [1] for name in header}))
    assert said in found
    assert bool(said) == bool(found)


# ------------------------------------------------------------------------------------ the command


@pytest.mark.requirement("REQ-LAY-09")
def test_the_mapping_that_is_certain_is_what_score_reads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = {"subject_id": "USUBJID", "sex": "Gender", "weight_g": "WT (g)", "birth_date": "DOB"}
    table(measured_on=[], visit_date=["29/05/2026"] * N).rename(names).write_csv("in.csv")
    assert main(["inspect", "in.csv"]) == 0
    said = capsys.readouterr()
    assert said.err == "Written: mapping.toml\n"
    mapping = tomllib.loads(Path("mapping.toml").read_text(encoding="utf-8"))
    assert mapping == {
        "date_format": "%d/%m/%Y",
        "columns": {**names, "measured_on": "visit_date"},
    }
    assert main(["score", "in.csv", "--columns", "mapping.toml", "-o", "out.csv"]) == 0
    assert pl.read_csv("out.csv")["waz_status"].to_list() == ["ok"] * N


@pytest.mark.requirement("REQ-LAY-09")
def test_everything_is_said_at_once_and_nothing_is_scored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    table(
        sex=[1, 2] * (N // 2), weight_g=[], weight=[3.9] * N, muac=[120] * N, ga=[27] * N,
        measured_on=["03/05/2026"] * N, age_days=[-99, *range(20, 19 + N)],
    ).write_csv("in.csv")  # fmt: skip
    assert main(["inspect", "in.csv", "-o", "m.toml"]) == 0
    said = capsys.readouterr()
    for question in (
        "sex: which code is male", "weight: is it in kilograms or grams or pounds?",
        "muac: is it in",
        "ga: is it in days", "measured_on: in which order are the dates",
        "age_days: -99: does that stand",
    ):  # fmt: skip
        assert question in said.out, question
    assert "As it stands it is not scored: in.csv:" in said.err
    assert not Path("out.csv").exists()
    text = Path("m.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["columns"]["sex"] == "sex"
    for line in ('# weight_kg = "weight"', '# weight_g = "weight"', "# [sex_codes]",
                 '# date_format = "%d/%m/%Y"', '# missing = ["-99"]'):  # fmt: skip
        assert line in text.splitlines()


def test_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    table(weight=[3.9] * N).write_csv("in.csv")
    assert main(["inspect", "in.csv", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["rows"] == N
    assert about["all_rows"] is True
    column = next(one for one in about["columns"] if one["column"] == "weight")
    assert column["choices"] == ["weight_kg", "weight_g", "weight_lb"]
    assert column["proposed"] is None


def test_parquet_and_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    table().write_parquet("in.parquet")
    assert main(["inspect", "in.parquet", "-o", "-"]) == 0
    said = capsys.readouterr().out
    mapping = said[: said.index("12 rows were looked at")] if "12 rows were" in said else said
    assert tomllib.loads(mapping)["columns"]["weight_g"] == "weight_g"


def test_what_a_file_says_of_its_columns_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Labels of SPSS: the name V1 says nothing, its label says grams."""
    pyreadstat = pytest.importorskip("pyreadstat", reason="the extra files is not installed")
    frame = table().rename({"weight_g": "V1"}).to_pandas()
    pyreadstat.write_sav(frame, "in.sav", column_labels={"V1": "Weight (g)"})
    assert main(["inspect", "in.sav", "--no-labels"]) == 0
    assert "its label says a weight in grams" in capsys.readouterr().out
    mapping = tomllib.loads(Path("mapping.toml").read_text(encoding="utf-8"))
    assert mapping["columns"]["weight_g"] == "V1"


def test_of_a_large_file_the_first_rows_are_looked_at(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "ROWS", 5)
    table().write_csv("in.csv")
    assert main(["inspect", "in.csv"]) == 0
    assert "the first 5 rows were looked at" in capsys.readouterr().out


def test_an_empty_file(capsys: pytest.CaptureFixture[str]) -> None:
    table().head(0).write_csv("in.csv")
    assert main(["inspect", "in.csv"]) == 0
    assert "0 rows were looked at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["none.csv"], "none.csv"),
        (["in.csv", "-o", "mapping.txt"], "a mapping file is written as .toml"),
        (["in.csv", "-o", "there.toml"], "exists already; --force replaces it"),
        (["in.csv", "-o", "-", "--json"], "standard output is the mapping file already"),
        (["twice.csv"], "columns 2 and 3 have the same name"),
        (["headless.csv"], "the first row holds values and no names of columns"),
    ],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], options: list[str], said: str) -> None:
    table().write_csv("in.csv")
    Path("there.toml").write_text("", encoding="utf-8")
    Path("twice.csv").write_text("a,b,b\n1,2,3\n")
    Path("headless.csv").write_text("001,2026-05-01,f,3100\n002,2026-05-02,m,3200\n")
    assert main(["inspect", *options]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert len(text.splitlines()) == 1


# ------------------------------------------------------------------ nothing tells who a child is


NAMES = ["sex", "weight_kg", "weight", "birth_date", "measured_on", "gestational_age", "ga_weeks",
         "oedema", "length_position", "subject_id", "age", "age_days", "muac", "patient name",
         "comment", "DOB", "hc_cm", "gestational_age_days"]  # fmt: skip
SECRETS = st.one_of(
    st.from_regex(r"[A-Z][a-z]{4,9} [A-Z][a-z]{4,9}", fullmatch=True),
    st.integers(10_000_000, 99_999_999).map(str),
    st.from_regex(r"[A-Z]{3}-[0-9]{5}", fullmatch=True),
    st.dates(dt.date(1990, 1, 1), dt.date(2026, 1, 1)).map(str),
    st.dates(dt.date(1990, 1, 1), dt.date(2026, 1, 1)).map(lambda day: f"{day:%d/%m/%Y}"),
    st.from_regex(r"[0-9]{3}\.[0-9]{5}", fullmatch=True),
)


@pytest.mark.requirement("REQ-LAY-10")
@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True),
    st.lists(st.lists(SECRETS, min_size=5, max_size=5), min_size=1, max_size=7),
)
def test_no_value_of_any_column_is_repeated(names: list[str], rows: list[list[str]]) -> None:
    """Whatever stands under whatever name: an id in a column of weights, a name under sex."""
    frame = pl.DataFrame(
        {name: [row[place] for row in rows] for place, name in enumerate(names)}
        | {"note": [""] * len(rows)}
    )
    columns = columns_of(frame, {}, "in.csv")
    questions = suspicions(frame, columns)
    text = mapping_file(columns, questions, "in.csv", frame.height)
    tomllib.loads(text)
    shown = text + json.dumps([[c.name, c.why, c.seen, c.question, c.missing] for c in columns])
    for row in rows:
        for value in row:
            assert value not in shown
            assert all(part not in shown for part in value.split(" ") if len(part) > 5)


@pytest.mark.requirement("REQ-LAY-10")
@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(SECRETS, min_size=3, max_size=3), min_size=2, max_size=4))
def test_a_file_without_names_of_columns_shows_none_of_its_first_row(rows: list[list[str]]) -> None:
    """Its first row is then somebody's: numbers and dates are never shown as names."""
    text = io.StringIO()
    csv.writer(text).writerows([["note", *row] for row in rows])
    Path("headless.csv").write_text(text.getvalue(), encoding="utf-8")
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        main(["inspect", "headless.csv", "-o", "-"])
    for value in rows[0]:
        if value[0].isdigit():
            assert value not in said.getvalue()


def test_a_name_that_is_a_value_is_called_by_its_place() -> None:
    found = columns_of(pl.DataFrame({"note": [1], "sex": ["f"], "2026-05-01": [3]}), {}, "x")
    assert [column.name for column in found] == ["note", "sex", "column 3"]
    refuse_headless([], "x")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True))
def test_whatever_columns_are_called_the_mapping_is_toml(names: list[str]) -> None:
    names = [f"weight_g {name}" for name in names]
    frame = pl.DataFrame({name: ["3100"] * 3 for name in [*names, "subject_id"]})
    columns = columns_of(frame, {names[0]: "Weight (g)"}, "in.csv")
    content = tomllib.loads(mapping_file(columns, [], "in.csv", 3))
    assert content["columns"]["subject_id"] == "subject_id"
    for canonical, own in content["columns"].items():
        assert own in frame.columns, canonical


@pytest.mark.parametrize("name", ["n", "count", "word", "f", "p", "len", "row", "key", "visit"])
def test_no_name_of_a_column_stands_in_the_way(name: str) -> None:
    """A column that was called n could not be counted."""
    frame = table(**{name: [1] * N})
    assert seems(frame)[name].canonical == ""
    assert suspicions(frame, columns_of(frame, {}, "in.csv")) == []
