"""Words of every way in: blanks never matter, a code is one however it is written, words of one
column touch no other.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.cohort.columns import _packed, coded, column_of, figures, gestations, number_rule
from neocalc.cohort.mapping import Mapped
from neocalc.errors import InputError
from neocalc.reading.dates import date_number, days_of_pair, gestation_days
from neocalc.reading.words import oedema_code, plain_word, position_code, sex_code, sex_coder

BLANKS = st.text(st.sampled_from(" \t\u00a0\u2003\n"), max_size=3)
SEXES = ["f", "m", "Female", "MALE", "girl", "1", "x"]
POSITIONS = ["l", "h", "Recumbent", "STANDING", "lying", "1"]
OEDEMAS = ["y", "n", "Yes", "NO", "True", "FALSE", "0", "mild"]
DATES = ["2026-05-01", "2026/5/1", "20260501", "1 May 2026", "01MAY2026", "01/05/2026", "45291"]
GESTATIONS = ["27+3", "27w3d", "27 3/7", "27.3", "192", "28+7"]
NUMBERS = ["3.1", "-5", "1e3", "+4.", ".5", "3,1", "x", "1_0", "nan"]
FRAMES: list[Any] = [
    pd.DataFrame, pl.DataFrame, pa.table, lambda data: pd.DataFrame(data).astype("category"),
    lambda data: pl.DataFrame(data).with_columns(pl.all().cast(pl.Categorical)),
]  # fmt: skip


def outcome(rule: Any, word: Any) -> Any:
    """The code of a word, or the status of its fault."""
    try:
        return rule(word)
    except InputError as error:
        return error.status


@pytest.mark.requirement("REQ-SEX-04")
@given(before=BLANKS, after=BLANKS, data=st.data())
def test_blanks_around_a_word_never_matter(before: str, after: str, data: st.DataObject) -> None:
    for rule, words in (
        (sex_code, SEXES),
        (position_code, POSITIONS),
        (oedema_code, OEDEMAS),
        (date_number, DATES),
        (gestation_days, GESTATIONS),
        (number_rule("age_days", "."), NUMBERS),
        (number_rule("gestational_age_weeks_decimal", "."), NUMBERS),
        (sex_coder({"male": "1", "female": "x"}), SEXES),
    ):
        word = data.draw(st.sampled_from(words))
        padded = f"{before}{word}{after}"
        expected = outcome(rule, word)
        assert outcome(rule, padded) == expected
        column = coded(pl.Series("x", [padded, word]), rule)
        assert column.codes[0] == column.codes[1]
        assert column.status is None or column.status[0] == column.status[1]
    number = data.draw(st.sampled_from(NUMBERS))
    values, status = figures(pl.Series("x", [f"{before}{number}{after}", number]), "kg", "kg")
    assert np.array_equal(values[:1], values[1:], equal_nan=True)
    assert status is None or status[0] == status[1]


@pytest.mark.requirement("REQ-SEX-04")
@given(before=BLANKS, after=BLANKS, make=st.sampled_from(FRAMES), data=st.data())
def test_blanks_never_matter_in_any_frame(
    before: str, after: str, make: Any, data: st.DataObject
) -> None:
    row = {
        "sex": data.draw(st.sampled_from(SEXES)),
        "birth_date": "2026-01-01",
        "measured_on": data.draw(st.sampled_from(DATES)),
        "gestational_age": data.draw(st.sampled_from(GESTATIONS)),
        "length_cm": data.draw(st.sampled_from(["55", "0", "x"])),
        "length_position": data.draw(st.sampled_from(POSITIONS)),
        "weight_g": data.draw(st.sampled_from(["3100", "x", "3100.0"])),
        "oedema": data.draw(st.sampled_from(OEDEMAS)),
    }
    # Beside a row that is right, so that no column fails as a whole.
    good = {"sex": "f", "birth_date": "2026-01-01", "measured_on": "2026-02-01",
            "gestational_age": "40+0", "length_cm": "54", "length_position": "l",
            "weight_g": "4100", "oedema": "n"}  # fmt: skip
    padded = {name: f"{before}{word}{after}" for name, word in row.items()}
    scored = []
    for one in (row, padded):
        found = nc.score(make({name: [one[name], good[name], good[name]] for name in good}))
        table = found if isinstance(found, pd.DataFrame) else pd.DataFrame(
            found.to_pydict() if isinstance(found, pa.Table) else found.to_dict(as_series=False)
        )  # fmt: skip
        scored.append(table.iloc[0, len(good) :].astype(str).tolist())
    assert scored[0] == scored[1]


@pytest.mark.requirement("REQ-SEX-04")
@given(code=st.integers(-999, 999), zeros=st.integers(0, 3))
def test_a_number_is_one_code_however_it_is_written(code: int, zeros: int) -> None:
    ways: list[Any] = [
        code, float(code), str(code), f"{code}.{'0' * zeros}", f" {code} ", Decimal(code),
        Decimal(f"{code}.{'0' * (zeros + 1)}"), np.int64(code), np.float32(code), np.float64(code),
    ]  # fmt: skip
    assert {plain_word(way) for way in ways} == {str(code)}
    for declared in ways:
        rule = sex_coder({"male": declared, "female": "other"})
        assert {rule(way) for way in ways} == {1}


@pytest.mark.requirement("REQ-SEX-04")
@given(
    code=st.floats(-1e6, 1e6, width=32).filter(lambda x: not x.is_integer()),
    other=st.floats(-1e6, 1e6, width=32),
)
def test_numbers_that_differ_are_two_codes(code: float, other: float) -> None:
    if other != code:
        assert plain_word(code) != plain_word(other)


@pytest.mark.requirement("REQ-TAB-08")
@given(
    words=st.lists(st.sampled_from(["9", "99", "NA", "-99", "999.9"]), min_size=1, max_size=3),
    column=st.sampled_from(["weight_g", "age_days", "sex"]),
    cells=st.lists(
        st.sampled_from(["9", "99", "NA", " -99.0 ", "-99", "999.9", "f", "4100"]), min_size=1
    ),
)
def test_words_of_one_column_touch_no_other(
    words: list[str], column: str, cells: list[str]
) -> None:
    names = {name: name for name in ("weight_g", "age_days", "sex", "subject_id")}
    table = pl.DataFrame(dict.fromkeys(names, cells))
    mapped = Mapped(names, missing_in={column: tuple(words)})
    values = {float(word) for word in words if word != "NA"}
    for name in names:
        found = column_of(table, mapped, name)
        gone = [
            name == column and (cell.strip() in words or (cell not in ("NA", "f")
                                                          and float(cell) in values))
            for cell in cells
        ]  # fmt: skip
        assert found.is_null().to_list() == gone
        assert found.filter(~pl.Series(gone)).to_list() == [
            cell for cell, is_gone in zip(cells, gone, strict=True) if not is_gone
        ]


@pytest.mark.requirement("REQ-TAB-05")
@given(
    weeks=st.one_of(st.none(), st.integers(15, 50), st.floats(15, 50)),
    days=st.one_of(st.none(), st.integers(-1, 8), st.floats(0, 7)),
)
def test_weeks_and_days_are_the_same_in_two_columns_and_in_a_pair(
    weeks: float | None, days: float | None
) -> None:
    table = pl.DataFrame(
        {"w": [weeks], "d": [days]}, schema={"w": pl.Float64, "d": pl.Float64}, strict=False
    )
    mapped = Mapped({"gestational_age_weeks": "w", "gestational_age_days_part": "d"})
    found = gestations(table, mapped)
    expected = outcome(
        lambda pair: days_of_pair(*pair),
        (math.nan if weeks is None else float(weeks), math.nan if days is None else float(days)),
    )
    if isinstance(expected, str):
        assert found.status is not None
        assert found.codes.tolist() == [0]
        age = nc.Age.from_days([1], gestation=[(weeks, days)])
        assert age.gestation_status is not None
        assert age.gestation_status[0] == found.status[0]
    else:
        assert (found.codes.tolist(), found.status) == ([expected], None)
        assert nc.Age.from_days(1, gestation=(weeks, days)).gestation_days[0] == expected


@pytest.mark.requirement("REQ-TAB-15")
@given(months=st.floats(0, 70), decimals=st.integers(0, 4))
def test_months_in_a_column_are_those_of_a_call(months: float, decimals: int) -> None:
    given_months = round(months, decimals)
    rule = number_rule("age_months", ".")
    days = int(nc.Age.from_months(given_months).days[0])
    assert rule(given_months) == rule(str(given_months)) == days
    assert number_rule("age_months", ",")(str(given_months).replace(".", ",")) == days
    assert number_rule("age_years", ".")(given_months / 12) in (days - 1, days, days + 1)


@pytest.mark.requirement("REQ-TAB-17")
@given(date=st.dates(dt.date(1970, 1, 1), dt.date(2060, 1, 1)), form=st.sampled_from(
    ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d-%b-%Y"]))  # fmt: skip
def test_a_declared_form_is_read_alike_in_a_file_and_in_frames(date: dt.date, form: str) -> None:
    later = date + dt.timedelta(days=30)
    data = {"sex": ["f"], "birth_date": [date.strftime(form)], "measured_on": [
        later.strftime(form)], "weight_g": ["4100"]}  # fmt: skip
    for make in FRAMES[:3]:
        scored = nc.score(make(data), date_format=form)
        assert list(map(str, list(scored["waz_status"]))) == ["ok"]


@given(st.text(max_size=30))
def test_any_text_is_a_word_or_a_fault(text: str) -> None:
    for rule in (sex_code, position_code, oedema_code, date_number, gestation_days):
        assert isinstance(outcome(rule, text), (int, str))
        assert isinstance(_packed(rule, text), int)
