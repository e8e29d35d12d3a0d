"""Columns of a table: which is which, and what their texts and numbers become."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from neocalc.ages.age import Age
from neocalc.cohort.canonical import CANONICAL, CONVERTED
from neocalc.cohort.columns import (
    ages,
    births,
    coded,
    column_of,
    dates,
    figures,
    gestations,
    oedemas,
    positions,
    sexes,
)
from neocalc.cohort.mapping import Mapped, map_columns
from neocalc.errors import STATUSES, ColumnWarning, FileError, InputError, PolicyError, SexError

NEEDED = ["sex", "age_days", "weight_g"]
AGES = ("age_days", "age_months", "age_years")
GESTATIONS = [name for name in CANONICAL if name.startswith("gestational_age_")]


def words(codes: Any, n: int) -> list[str]:
    """Status words of an array of status codes; None is all ok."""
    return ["ok"] * n if codes is None else [STATUSES[code] for code in codes]


def ages_of(table: pl.DataFrame, names: Mapped) -> Age:
    """The ages of rows that each stand alone."""
    return ages(table, names, gestations(table, names), births(table, names))


def refusal(header: list[str], **options: Any) -> str:
    with pytest.raises(FileError) as caught:
        map_columns(header, where="in.csv", command=True, **options)
    return str(caught.value)


# Which column is which


@pytest.mark.requirement("REQ-TAB-02")
def test_canonical_names_are_found_and_others_left() -> None:
    assert map_columns(["id", *NEEDED, "note"]).names == {name: name for name in NEEDED}
    others = {"weight_kg", "head_circumference_mm", "arm_circumference_mm", *AGES[1:], *GESTATIONS}
    others |= {"due_date", *CONVERTED}
    everything = [name for name in CANONICAL if name not in others]
    assert set(map_columns(everything).names) == set(everything)
    weeks = ["sex", "age_months", "weight_kg", "gestational_age_weeks", "gestational_age_days_part"]
    assert set(map_columns(weeks).names) == set(weeks)
    due = ["sex", "birth_date", "measured_on", "due_date", *CONVERTED]
    assert set(map_columns(due, convert=True).names) == set(due)


@pytest.mark.requirement("REQ-TAB-02")
def test_a_mapping_takes_a_column_from_its_own_name() -> None:
    mapped = map_columns(
        ["sex", "age_days", "weight_g", "when"],
        {"weight_kg": "weight_g", "age_days": "when"},
        ignore=["age_days"],
    )
    assert mapped.names == {"sex": "sex", "age_days": "when", "weight_kg": "weight_g"}
    assert mapped.measure("weight") == ("weight_kg", "kg")
    assert mapped.measure("length") is None


def test_a_mapping_says_which_of_two_columns_is_read() -> None:
    """The other is left out, which is said unless it is ignored."""
    header = [*NEEDED, "WT", "gestational_age", "GA"]
    mapping = {"weight_kg": "WT", "gestational_age_days": "GA"}
    with pytest.warns(ColumnWarning, match="2 columns are not read: 'weight_g' .*gestational_age"):
        mapped = map_columns(header, mapping)
    assert mapped.names["weight_kg"] == "WT"
    assert mapped.names["gestational_age_days"] == "GA"
    assert not mapped.has("weight_g")
    assert not mapped.has("gestational_age")
    ignored = map_columns(header, mapping, ignore=["weight_g", "gestational_age"])
    assert ignored.names == mapped.names
    with pytest.warns(ColumnWarning):
        own = map_columns([*NEEDED, "weight_kg"], {"weight_kg": "weight_kg"})
    assert own.measure("weight") == ("weight_kg", "kg")
    assert map_columns([*NEEDED, "weight_kg"], ignore="weight_g").measure("weight") == (
        "weight_kg", "kg"
    )  # fmt: skip


@pytest.mark.requirement("REQ-TAB-03")
@pytest.mark.parametrize(
    ("header", "mapping", "message"),
    [
        ([*NEEDED, "x", "x"], {}, "in.csv: columns 4 and 5 are both named 'x'"),
        (["sex", *NEEDED], {}, "in.csv: columns 1 and 2 are both named 'sex'"),
        ([*NEEDED, "", ""], {}, "in.csv: columns 4 and 5 have no name"),
        (NEEDED, {"wt": "weight_g"}, "column mapping: 'wt' is not a canonical column; accepted:"),
        (NEEDED, {"sex": "SEX"}, "in.csv: there is no column 'SEX' (mapped to sex)"),
        (
            [*NEEDED, "day"],
            {"birth_date": "day", "measured_on": "day"},
            "column mapping: birth_date and measured_on are both 'day'",
        ),
        (
            [*NEEDED, "weight_kg"],
            {},
            "in.csv: weight_kg and weight_g are both there; say which one is read:"
            " --ignore weight_g or --ignore weight_kg",
        ),
        (
            [*NEEDED, "gestational_age", "gestational_age_days"],
            {},
            "in.csv: gestational_age and gestational_age_days are both there; say which one",
        ),
        (["age_days", "weight_g"], {}, "in.csv: there is no column sex; map it: --column sex=NAME"),
        (
            ["Gender", "age_days", "weight_g"],
            {},
            "in.csv: there is no column sex; map it: --column sex=Gender",
        ),
        (
            ["sex", "DOB", "weight_g"],
            {},
            "in.csv: no age: it needs birth_date and measured_on, or age_days;"
            " map it: --column birth_date=DOB",
        ),
        (
            ["sex", "birth_date", "Visit Date", "weight_g"],
            {},
            "in.csv: no age: it needs birth_date and measured_on, or age_days;"
            " map it: --column 'measured_on=Visit Date'",
        ),
        (["sex", "age_days"], {}, "in.csv: there is no column to score; accepted: weight_kg,"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(
    header: list[str], mapping: dict[str, str], message: str
) -> None:
    assert refusal(header, mapping=mapping).startswith(message)


@pytest.mark.parametrize("mapping", [["weight_kg"], "weight_kg=WT", {"weight_kg": ["WT"]}, 7])
def test_what_is_no_mapping_raised_an_error_of_python(mapping: Any) -> None:
    with pytest.raises(InputError, match=r"columns: .* canonical name to the name in the table"):
        map_columns([*NEEDED, "WT"], mapping)


@pytest.mark.parametrize(("delimiter", "option"), [(";", "';'"), ("\t", "tab"), ("|", "'|'")])
def test_another_delimiter_is_named_before_what_is_missing(delimiter: str, option: str) -> None:
    found = refusal([delimiter.join(NEEDED)])
    assert "there is one column only" in found
    assert found.endswith(f"--delimiter {option}")


def test_one_column_alone_lacks_the_others() -> None:
    assert "there is no column sex" in refusal(["weight_g"])


@pytest.mark.parametrize(
    "codes",
    [{"male": 1}, {"male": 1, "female": 1}, {"boy": 1, "girl": 2}, {}, {"male": 1, "m": 2},
     ["male"], "male=1", 3],
)  # fmt: skip
def test_a_wrong_coding_of_sex_is_refused_before_any_row_is_read(codes: Any) -> None:
    with pytest.raises(PolicyError, match="male=CODE,female=CODE"):
        map_columns(NEEDED, sex_codes=codes)


# From texts and numbers


def mapped(**names: str) -> Mapped:
    return Mapped(dict(names))


@pytest.mark.requirement("REQ-TAB-07")
@pytest.mark.parametrize(
    "dtype", [pl.String, pl.Categorical, pl.Enum(["3.1", " 3.1 ", "3,1", "", " ", "x", "nan"])]
)
def test_texts_as_numbers(dtype: Any) -> None:
    column = pl.Series("w", ["3.1", " 3.1 ", "3,1", "", " ", "x", "nan", None], dtype=dtype)
    values, status = figures(column, "kg", "kg")
    assert values[:2].tolist() == [3.1, 3.1]
    assert np.isnan(values[2:]).all()
    assert words(status, 8) == [
        "ok",
        "ok",
        "invalid_value",
        "ok",
        "ok",
        "invalid_value",
        "ok",
        "ok",
    ]


@pytest.mark.requirement("REQ-TAB-07")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3100", 3.1),
        ("+3100.0", 3.1),
        ("3100.", 3.1),
        ("3.1e3", 3.1),
        ("0", 0.0),
        ("-5", -0.005),
        ("inf", math.inf),
        *((text, None) for text in ("3 100", "3.1 kg", "1_000", "0x10", "٣", "<3", "3-4", "3/1")),
    ],
)
def test_what_is_a_number(text: str, expected: float | None) -> None:
    values, status = figures(pl.Series("w", [text]), "g", "kg")
    if expected is None:
        assert words(status, 1) == ["invalid_value"]
        assert math.isnan(values[0])
    else:
        assert status is None
        assert values[0] == expected


@pytest.mark.parametrize(
    "dtype", [pl.Int8, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Decimal(10, 2), pl.Null]
)
def test_every_kind_of_number(dtype: Any) -> None:
    given = [None, None] if dtype == pl.Null else [12, None]
    values, status = figures(pl.Series("w", given, dtype=dtype), "kg", "kg")
    assert status is None
    assert math.isnan(values[1])
    assert math.isnan(values[0]) if dtype == pl.Null else values[0] == 12


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("w", [True]),
        pl.Series("w", [[1.0]]),
        pl.Series("w", [b"1"]),
        pl.Series("w", [dt.date(2024, 1, 1)]),
        pl.Series("w", [object()], dtype=pl.Object),
    ],
)
def test_what_is_no_column_of_numbers_is_refused_by_name(column: pl.Series) -> None:
    with pytest.raises(FileError, match=r"^column w: values of type .* are not numbers$"):
        figures(column, "kg", "kg")


@pytest.mark.requirement("REQ-TAB-03")
def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError, match="unit"):
        figures(pl.Series("w", [1.0]), "stone", "kg")


def test_each_distinct_word_is_read_once() -> None:
    asked = []

    def rule(word: Any) -> int:
        asked.append(word)
        if word is None:
            raise SexError("sex", word, "x", status="missing_sex")
        return len(word)

    result = coded(pl.Series("x", ["a", "bb", None, "a", "a"]), rule)
    assert sorted(asked, key=str) == [None, "a", "bb"]
    assert result.codes.tolist() == [1, 2, 0, 1, 1]
    assert words(result.status, 5) == ["ok", "ok", "missing_sex", "ok", "ok"]
    assert coded(pl.Series("x", [], dtype=pl.String), rule).codes.tolist() == []


def test_a_word_of_ten_million_characters_is_not_read_to_its_end() -> None:
    lengths = []

    def rule(word: Any) -> int:
        lengths.append(len(word))
        return 0

    coded(pl.Series("x", ["f" * 10_000_000]), rule)
    assert lengths == [200]


@pytest.mark.parametrize(
    "column", [pl.Series("x", [["f"]]), pl.Series("x", [object()], dtype=pl.Object)]
)
def test_what_is_no_column_of_words_is_refused_by_name(column: pl.Series) -> None:
    with pytest.raises(FileError, match=r"^column x: values of type .* are not accepted$"):
        coded(column, len)


DAYS_2024 = (dt.date(2024, 1, 1) - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("d", ["2024-01-01", None, "1969-12-31"]),
        pl.Series("d", ["2024-01-01", "", " 1969-12-31"]),
        pl.Series("d", ["2024-01-01", None, "1969-12-31"], dtype=pl.Categorical),
        pl.Series("d", [dt.date(2024, 1, 1), None, dt.date(1969, 12, 31)]),
        pl.Series("d", ["2024-01-01T23:59", None, "1969-12-31T12:00"]).str.to_datetime(),
    ],
)
def test_dates_of_every_kind(column: pl.Series) -> None:
    result = dates(column)
    assert result.codes.tolist()[::2] == [DAYS_2024, -1]
    assert words(result.status, 3) == ["ok", "missing_age", "ok"]


@pytest.mark.requirement("REQ-AGE-07")
@pytest.mark.parametrize(
    "text",
    ["01/05/2024", "05.01.2024", "25/12/2024", "2024-01", "2024-02-30", "24-01-05", "5-Jan-24",
     "45296", "0000-01-01"],
)  # fmt: skip
def test_a_date_in_another_order_is_not_guessed(text: str) -> None:
    assert words(dates(pl.Series("d", [text])).status, 1) == ["invalid_age"]


def test_a_time_zone_is_refused_by_column() -> None:
    column = pl.Series("d", ["2024-01-01T00:00"]).str.to_datetime(time_zone="Asia/Shanghai")
    with pytest.raises(FileError, match=r"^column d: it has the time zone Asia/Shanghai;"):
        dates(column)


def one_age(**cells: Any) -> tuple[int, int, str, str]:
    """Days, gestation and their statuses of a table of one row."""
    table = pl.DataFrame({name: [value] for name, value in cells.items()}, strict=False)
    age = ages_of(table, mapped(**{name: name for name in cells}))
    return (
        int(age.days[0]),
        int(age.gestation_days[0]),
        words(age.status, 1)[0],
        words(age.gestation_status, 1)[0],
    )


@pytest.mark.parametrize(
    ("age_days", "status"),
    [
        (105, "ok"), ("105", "ok"), (" 105 ", "ok"), (105.0, "ok"), ("105.0", "ok"), ("0", "ok"),
        (None, "missing_age"), ("", "missing_age"), (" ", "missing_age"), ("nan", "missing_age"),
        (math.nan, "missing_age"), (105.5, "invalid_age"), ("105.5", "invalid_age"),
        ("-1", "invalid_age"), (-1, "invalid_age"), ("x", "invalid_age"), ("inf", "invalid_age"),
        (math.inf, "invalid_age"), ("1e9", "invalid_age"), ("1_05", "invalid_age"),
        ("٣", "invalid_age"), (True, "invalid_age"), (dt.time(1), "invalid_age"),
    ],
)  # fmt: skip
def test_whole_days(age_days: Any, status: str) -> None:
    found = one_age(age_days=age_days)
    assert found[2] == status
    if status == "ok":
        assert found[0] == float(str(age_days).strip())


@pytest.mark.requirement("REQ-TAB-06")
@pytest.mark.parametrize(
    ("born", "on", "age_days", "days", "status"),
    [
        ("2024-01-01", "2024-04-15", "105", 105, "ok"),
        ("2024-01-01", "2024-04-15", None, 105, "ok"),
        (None, "2024-04-15", "105", 105, "ok"),
        ("2024-01-01", "", "105", 105, "ok"),
        ("2024-01-01", "2024-04-15", "104", None, "invalid_age"),
        ("2024-01-01", "2024-04-15", "x", None, "invalid_age"),
        ("2024-01-01", "15/04/2024", "105", None, "invalid_age"),
        (None, "15/04/2024", "105", 105, "ok"),
        (None, None, None, None, "missing_age"),
        (None, "2024-04-15", "x", None, "invalid_age"),
        ("x", "2024-04-15", None, None, "invalid_age"),
        ("2024-04-15", "2024-01-01", "-105", None, "invalid_age"),
        ("2024-01-01", "2024-01-01", "0", 0, "ok"),
    ],
)
def test_dates_and_days_must_agree_where_both_are_given(
    born: str | None, on: str | None, age_days: str | None, days: int | None, status: str
) -> None:
    found = one_age(birth_date=born, measured_on=on, age_days=age_days)
    assert found[2] == status
    if days is not None:
        assert found[0] == days


@pytest.mark.requirement("REQ-TAB-05")
@pytest.mark.parametrize(
    ("column", "value", "days", "status"),
    [
        ("gestational_age", "27+3", 192, "ok"),
        ("gestational_age", "27w3d", 192, "ok"),
        ("gestational_age", "27 3/7", 192, "ok"),
        ("gestational_age", None, 0, "ok"),
        ("gestational_age", "", 0, "ok"),
        ("gestational_age", "  ", 0, "ok"),
        ("gestational_age", "27.3", None, "invalid_gestation"),
        ("gestational_age", "28+7", None, "invalid_gestation"),
        ("gestational_age", "27", None, "invalid_gestation"),
        ("gestational_age", "192", None, "invalid_gestation"),
        ("gestational_age", "19+6", None, "invalid_gestation"),
        ("gestational_age", "45+0", None, "invalid_gestation"),
        ("gestational_age", dt.date(2024, 1, 1), None, "invalid_gestation"),
        ("gestational_age_days", "192", 192, "ok"),
        ("gestational_age_days", 192, 192, "ok"),
        ("gestational_age_days", 192.0, 192, "ok"),
        ("gestational_age_days", None, 0, "ok"),
        ("gestational_age_days", " ", 0, "ok"),
        ("gestational_age_days", "27+3", None, "invalid_gestation"),
        ("gestational_age_days", 27, None, "invalid_gestation"),
        ("gestational_age_days", 192.5, None, "invalid_gestation"),
        ("gestational_age_weeks_decimal", "27.43", 192, "ok"),
        ("gestational_age_weeks_decimal", 27.43, 192, "ok"),
        ("gestational_age_weeks_decimal", 27.5, 193, "ok"),
        ("gestational_age_weeks_decimal", "", 0, "ok"),
        ("gestational_age_weeks_decimal", "27+3", None, "invalid_gestation"),
        ("gestational_age_weeks_decimal", "inf", None, "invalid_gestation"),
        ("gestational_age_weeks_decimal", math.inf, None, "invalid_gestation"),
        ("gestational_age_weeks_decimal", 192, None, "invalid_gestation"),
    ],
)
def test_gestations(column: str, value: Any, days: int | None, status: str) -> None:
    found = one_age(age_days=1, **{column: value})
    assert found[3] == status
    if days is not None:
        assert found[1] == days


@pytest.mark.requirement("REQ-TAB-05")
def test_numbers_under_gestational_age_are_refused_by_column() -> None:
    with pytest.raises(FileError, match=r"^column gestational_age: gestations are texts such as"):
        one_age(age_days=1, gestational_age=27.3)


def test_an_empty_column_of_gestations_has_no_type_to_refuse() -> None:
    for dtype in (pl.Null, pl.Float64, pl.Int64, pl.String):
        table = pl.DataFrame({"age_days": [1], "gestational_age": pl.Series([None], dtype=dtype)})
        age = ages_of(table, mapped(age_days="age_days", gestational_age="gestational_age"))
        assert age.gestation_days.tolist() == [0]
        assert age.gestation_status is None


@pytest.mark.requirement("REQ-SEX-03")
def test_sexes_positions_and_oedema() -> None:
    table = pl.DataFrame(
        {
            "s": ["f", "Male", "girl", None, " "],
            "p": ["l", " Standing ", None, "x", "  "],
            "o": ["y", "No", None, "maybe", " "],
        }
    )
    names = mapped(sex="s", length_position="p", oedema="o")
    sex, position, oedema = sexes(table, names), positions(table, names), oedemas(table, names)
    assert position is not None
    assert oedema is not None
    assert sex.codes.tolist()[:2] == [0, 1]
    assert words(sex.status, 5)[2:] == ["invalid_sex", "missing_sex", "missing_sex"]
    assert position.codes.tolist() == [1, 2, 0, 0, 0]
    assert words(position.status, 5) == ["ok", "ok", "ok", "invalid_value", "ok"]
    assert oedema.codes.tolist() == [1, 0, 0, 0, 0]
    assert words(oedema.status, 5) == ["ok", "ok", "ok", "invalid_value", "ok"]
    assert positions(table, mapped(sex="s")) is None
    assert oedemas(table, mapped(sex="s")) is None


@pytest.mark.requirement("REQ-SEX-02")
@pytest.mark.parametrize(
    ("column", "codes"),
    [
        (pl.Series("s", ["1", "2", None, "3", "f"]), {"male": 1, "female": 2}),
        (pl.Series("s", ["1", "0", "", "2", "m"]), {"m": "1", "f": "0"}),
        (pl.Series("s", [1, 2, None, 3, 0]), {"male": 1, "female": 2}),
        (pl.Series("s", [1.0, 0.0, None, 0.5, 2.0]), {"male": 1, "female": 0}),
    ],
)
def test_declared_codes_alone_are_sexes(column: pl.Series, codes: dict[str, Any]) -> None:
    names = map_columns(["s", "age_days", "weight_g"], {"sex": "s"}, codes)
    sex = sexes(column.to_frame(), names)
    assert sex.codes.tolist()[:2] == [1, 0]
    assert words(sex.status, 5) == ["ok", "ok", "missing_sex", "invalid_sex", "invalid_sex"]


# Declared words for a missing value


@pytest.mark.requirement("REQ-TAB-08")
@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", ["NA", "-99", "-99.0", "", None, "1"]),
        pl.Series("x", ["NA", "-99", None, None, None, "1"], dtype=pl.Categorical),
        pl.Series("x", [-99, -99, None, None, None, 1], dtype=pl.Int16),
        pl.Series("x", [-99, -99, None, None, None, 1], dtype=pl.Float32),
    ],
)
def test_declared_words_are_missing(column: pl.Series) -> None:
    names = Mapped({"age_days": "x"}, None, ("NA", "-99"))
    found = column_of(column.to_frame(), names, "age_days")
    assert found.name == "x"
    assert found.dtype == column.dtype
    age = ages_of(column.to_frame(), names)
    assert words(age.status, 6) == ["missing_age"] * 5 + ["ok"]


def test_a_date_can_be_declared_missing() -> None:
    table = pl.DataFrame({"b": [dt.date(1900, 1, 1)], "m": ["2024-01-01"]})
    names = Mapped({"birth_date": "b", "measured_on": "m"}, None, ("1900-01-01",))
    assert words(ages_of(table, names).status, 1) == ["missing_age"]


def test_words_are_not_looked_for_where_no_word_can_be() -> None:
    table = pl.DataFrame({"x": [["NA"]], "y": pl.Series([object()], dtype=pl.Object)})
    names = Mapped({"sex": "x", "oedema": "y"}, None, ("NA",))
    assert column_of(table, names, "sex").to_list() == [["NA"]]
    assert column_of(table, names, "oedema").dtype == pl.Object


def test_one_word_may_be_given_as_a_text() -> None:
    assert map_columns(NEEDED, missing="NA").missing == ("NA",)
    assert map_columns(NEEDED, missing=["NA", -99]).missing == ("NA", "-99")
