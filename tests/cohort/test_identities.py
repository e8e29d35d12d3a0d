"""Ids: a text, unchanged, whatever type the frame holds; no two infants merge and none splits."""

from __future__ import annotations

import datetime as dt
import unicodedata
import warnings
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
from neocalc import chart
from neocalc.chart.visits import infant_of, scored_table
from neocalc.cohort import children, identities
from neocalc.cohort.identities import NO_SUBJECT, Ids, Places, identified, one_child

BIG = 2**53


def together(ids: Ids) -> list[list[int]]:
    """The rows of each child, in the order of their first rows."""
    rows: dict[int, list[int]] = {}
    for row, number in enumerate(ids.numbers.tolist()):
        if number != NO_SUBJECT:
            rows.setdefault(number, []).append(row)
    return list(rows.values())


def test_ids_are_texts_as_they_stand() -> None:
    ids = identified(pl.Series(["01", "1", "A1", "a1", "4.0", "4", "01", "A1"]))
    assert together(ids) == [[0, 6], [1], [2, 7], [3], [4], [5]]
    assert ids.texts.to_list() == ["01", "1", "A1", "a1", "4.0", "4", "01", "A1"]
    assert ids.trimmed == 0
    assert ids.spelling is None


def test_blanks_around_an_id_are_no_part_of_it() -> None:
    ids = identified(pl.Series(["001", "001 ", " 002", "002", "5\t", "5", "\u00a07", "7", "a b"]))
    assert together(ids) == [[0, 1], [2, 3], [4, 5], [6, 7], [8]]
    assert ids.trimmed == 4
    assert ids.texts[1] == "001"


def test_rows_of_nobody() -> None:
    column = pl.Series(["1", "", None, "  ", "\u200b", "1"])
    ids = identified(column)
    assert together(ids) == [[0, 5]]
    assert ids.trimmed == 0
    assert ids.texts.to_list() == ["1", "", "", "", "", "1"]
    for empty in (pl.Series([None, None]), pl.Series([], dtype=pl.String)):
        assert together(identified(empty)) == []
    assert identified(pl.Series([None, float("nan"), 2.0])).texts.to_list() == ["", "", "2"]


LOOK_ALIKE = [
    ("\u00e91", "e\u03011"),  # two Unicode forms
    ("K1", "\u212a1"),  # the sign of the kelvin
    ("A1", "A\u200b1"),  # a space of no width
    ("A1", "\u202eA1"),  # from right to left
    ("A1", "A1\ufe0f"),  # a selector of a variant
    ("A1", "A\x001"),  # a control character
    ("A 1", "A\u00a01"),  # two kinds of blank
    ("A1", "A\u00ad1"),  # a soft hyphen
]


@pytest.mark.requirement("REQ-CHILD-05")
@pytest.mark.parametrize(("one", "other"), LOOK_ALIKE)
def test_ids_that_look_the_same_are_neither_joined_nor_kept_apart(one: str, other: str) -> None:
    """Whoever they are, none of their rows has a z: nobody can tell one infant from two."""
    frame = pl.DataFrame(
        {
            "subject_id": [one, other, "9"],
            "sex": ["f"] * 3,
            "age_days": [60, 121, 60],
            "weight_kg": [4.9, 6.4, 4.9],
        }
    )
    expected = ["subject_conflict", "subject_conflict", "ok"]
    assert nc.score(frame)["waz_status"].to_list() == expected
    paired = nc.velocity.score(frame)["w_velocity_status"].to_list()
    assert paired == [*expected[:2], "first_visit"]
    with pytest.raises(nc.FileError, match="written in two ways that look the same"):
        chart.infant(frame, subject=one)


@pytest.mark.parametrize(("one", "other"), LOOK_ALIKE)
def test_an_id_in_one_spelling_is_an_id(one: str, other: str) -> None:
    frame = pl.DataFrame(
        {"subject_id": [other] * 2, "sex": ["f"] * 2, "age_days": [60, 121], "weight_kg": [5.0, 6]}
    )
    assert nc.velocity.score(frame)["w_velocity_status"].to_list() == ["first_visit", "ok"]
    assert chart.infant(frame, subject=other).title.startswith("Growth chart: ")
    assert identified(frame["subject_id"]).texts[0] == other


COLUMNS: dict[str, tuple[Any, list[str]]] = {
    "integers": (pl.Series([BIG, BIG + 1, BIG, None]), [f"{BIG}", f"{BIG + 1}", f"{BIG}", ""]),
    "unsigned": (pl.Series([2**64 - 1, 0], dtype=pl.UInt64), [str(2**64 - 1), "0"]),
    "floats": (pl.Series([1.0, None, -2.0]), ["1", "", "-2"]),
    "float32": (pl.Series([1.0, 3.0], dtype=pl.Float32), ["1", "3"]),
    "decimals": (pl.Series([Decimal("1.0"), Decimal("1.50")]), ["1", "1.5"]),
    "large decimals": (pl.Series([Decimal(BIG * 10 + 1)]), [str(BIG * 10 + 1)]),
    "hundreds": (pl.Series([Decimal("100"), Decimal("10.20")]), ["100", "10.2"]),
    "categories": (pl.Series(["b", "a", None], dtype=pl.Categorical), ["b", "a", ""]),
    "enum": (pl.Series(["b", "a"], dtype=pl.Enum(["a", "b"])), ["b", "a"]),
    "booleans": (pl.Series([True, False, None]), ["true", "false", ""]),
    "dates": (pl.Series([dt.date(2024, 1, 2)]), ["2024-01-02"]),
}


@pytest.mark.requirement("REQ-CHILD-05")
@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type(name: str) -> None:
    column, texts = COLUMNS[name]
    ids = identified(column)
    assert ids.texts.to_list() == texts
    named = [[i for i, own in enumerate(texts) if own == text] for text in dict.fromkeys(texts)]
    assert together(ids) == [rows for rows in named if texts[rows[0]]]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pl.Series("id", [1.5]), r"column id: 1\.5 is not a whole number; an id is a text"),
        (pl.Series("id", [2.0**53]), r"column id: 9007199254740992 is a floating-point number"),
        (pl.Series("id", [2.0**24], dtype=pl.Float32), r"16777216 is .* from 2\*\*24 on"),
        (pl.Series("id", [float("inf")]), r"column id: inf is"),
        (pl.Series("id", [[1]]), r"column id: values of type List"),
        (pl.Series("id", [b"1"]), r"column id: values of type Binary"),
        (pl.Series("id", [object()]), r"column id: values of type Object"),
    ],
)
def test_what_cannot_be_an_id(column: pl.Series, message: str) -> None:
    with pytest.raises(nc.FileError, match=message):
        identified(column)


# --- frames ---------------------------------------------------------------------------------------

ROWS = {
    "sex": ["f"] * 4,
    "gestational_age": ["27+3"] * 4,
    "age_days": [0, 21, 7, 28],
    "weight_g": [1000, 1400, 650, 800],
}
"""Two infants of two visits each: 19.0 and 7.1 g a day."""


def kinds(ids: list[Any]) -> dict[str, Any]:
    """The same ids in every type of column that a frame may have."""
    texts = [str(one) for one in ids]
    found = {
        "pandas int64": pd.Series(ids),
        "pandas Int64": pd.Series(ids, dtype="Int64"),
        "pandas UInt64": pd.Series(ids, dtype="UInt64"),
        "pandas objects": pd.Series(ids, dtype=object),
        "pandas numpy objects": pd.Series([np.int64(one) for one in ids], dtype=object),
        "pandas decimals": pd.Series([Decimal(one) for one in ids], dtype=object),
        "pandas texts": pd.Series(texts, dtype=object),
        "pandas string": pd.Series(texts, dtype="string"),
        "pandas categories": pd.Series(ids, dtype="category"),
        "pandas arrow": pd.Series(ids, dtype="int64[pyarrow]"),
        "pandas mixed": pd.Series([ids[0], texts[1], ids[2], texts[3]], dtype=object),
    }
    frames: dict[str, Any] = {
        name: pd.DataFrame({"subject_id": column, **ROWS}) for name, column in found.items()
    }
    frames["polars"] = pl.DataFrame({"subject_id": ids, **ROWS})
    frames["polars texts"] = pl.DataFrame({"subject_id": texts, **ROWS})
    frames["pyarrow"] = pa.table({"subject_id": ids, **ROWS})
    frames["pyarrow dictionary"] = pa.table(
        {"subject_id": pa.array(texts).dictionary_encode(), **ROWS}
    )
    return frames


def column(frame: Any, name: str) -> list[Any]:
    """A column of a frame of any kind."""
    found = frame[name]
    cells: list[Any] = found.to_pylist() if isinstance(frame, pa.Table) else found.to_list()
    return cells


@pytest.mark.requirement("REQ-CHILD-05")
@pytest.mark.parametrize("ids", [[BIG, BIG, BIG + 1, BIG + 1], [1, 1, 2, 2]], ids=str)
@pytest.mark.parametrize("kind", list(kinds([1, 1, 2, 2])))
def test_two_infants_stay_two_and_whole(kind: str, ids: list[int]) -> None:
    frame = kinds(ids)[kind]
    scored = nc.velocity.score(frame)
    gains = column(scored, "w_gain_g_per_day")
    assert gains[1] == pytest.approx(19.047619, abs=1e-6)
    assert gains[3] == pytest.approx(7.142857, abs=1e-6)
    assert column(scored, "subject_id") == column(frame, "subject_id")
    for subject in (str(ids[0]), ids[0]):
        infant = infant_of(*scored_table(frame), subject=subject)
        assert infant.subject == str(ids[0])
        assert infant.days.tolist() == [0, 21]


def test_a_float_column_with_a_gap_has_the_ids_that_it_shows() -> None:
    """As pandas writes whole numbers when one is missing."""
    ids = pd.Series([1, 1, None, 2], dtype=float)
    frame = pd.DataFrame({"subject_id": ids, **ROWS})
    scored = nc.velocity.score(frame)
    assert scored["w_gain_status"].tolist()[1:3] == ["ok", "missing_subject"]
    assert infant_of(*scored_table(frame), subject="1").subject == "1"
    with pytest.raises(nc.FileError, match=r"there is no '1\.0'"):
        infant_of(*scored_table(frame), subject="1.0")


def test_one_and_1_and_1_0_are_one_infant_in_a_column_of_objects() -> None:
    ids = pd.Series([1, "1", 1.0, Decimal("1")], dtype=object)
    frame = pd.DataFrame({"subject_id": ids, **ROWS})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        days = nc.velocity.score(frame)["w_interval_days"].tolist()
    assert pd.isna(days[0])
    assert days[1:] == [14, 7, 7]


@pytest.mark.requirement("REQ-CHILD-05")
@pytest.mark.parametrize(
    "ids",
    [
        pd.Series([1.0, 1.0, float(BIG), float(BIG)]),
        pd.Series([1.0, 1.0, 2.5, 2.5]),
        pd.Series([1, 1, 2.0**24, 2.0**24], dtype="float32"),
        pd.Series([1.0, "1", float(BIG), 2.0], dtype=object),
        pd.Series([1.5, "1", 2, 2], dtype=object),
    ],
    ids=str,
)
def test_floats_that_have_lost_an_id_are_refused(ids: Any) -> None:
    frame = pd.DataFrame({"subject_id": ids, **ROWS})
    for call in (nc.score, nc.velocity.score, chart.cohort):
        with pytest.raises(nc.FileError, match=r"column subject_id: .*number"):
            call(frame)


def test_whole_numbers_of_every_size_in_columns_of_objects() -> None:
    ids = pd.Series([2**70, 2**70, 2**70 + 1, 1], dtype=object)
    frame = pd.DataFrame({"subject_id": ids, **ROWS})
    days = nc.velocity.score(frame)["w_interval_days"]
    assert days.isna().tolist() == [True, False, True, True]
    mixed = pd.Series([BIG + 1, 1.0, BIG, 1.0], dtype=object)
    days = nc.velocity.score(pd.DataFrame({"subject_id": mixed, **ROWS}))["w_interval_days"]
    assert days.isna().tolist() == [True, True, True, False]


@pytest.mark.requirement("REQ-CHILD-06")
def test_blanks_are_said_once() -> None:
    frame = pl.DataFrame({"subject_id": ["1", " 1", "2 ", "2"], **ROWS})
    message = "subject_id: blanks around 2 ids were removed"
    for call in (nc.score, nc.velocity.score):
        with pytest.warns(nc.ColumnWarning, match=message) as said:
            scored = call(frame)
        assert len(said) == 1
        assert scored["subject_id"].to_list() == ["1", " 1", "2 ", "2"]
    one = pl.DataFrame({"subject_id": ["1", " 1", "2", "2"], **ROWS})
    with pytest.warns(nc.ColumnWarning, match="subject_id: blanks around 1 id was removed"):
        nc.score(one)
    with pytest.warns(nc.ColumnWarning, match=message):
        chart.infant(frame, subject="2")
    with pytest.warns(nc.ColumnWarning, match=message):
        chart.cohort(frame)


def test_a_declared_word_for_a_missing_id() -> None:
    frame = pl.DataFrame({"subject_id": ["NA", "NA", "2", "2"], **ROWS})
    words = nc.velocity.score(frame, missing=["NA"])["w_gain_status"].to_list()
    assert words == ["missing_subject", "missing_subject", "first_visit", "ok"]


ANY_ID = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.sampled_from(["1", "01", " 1", "1 ", "A", "a", "\u00e9", "e\u0301", "A\u200b", "\u3000"]),
)


@pytest.mark.requirement("REQ-CHILD-05")
@given(st.lists(ANY_ID, max_size=12))
def test_what_is_one_child(names: list[str | None]) -> None:
    """Rows share a number exactly when their ids are one text but for what nobody sees."""
    ids = identified(pl.Series(names, dtype=pl.String))
    numbers = ids.numbers.tolist()
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            if one == other and one is not None:
                assert numbers[i] == numbers[j]
            if numbers[i] == numbers[j] != NO_SUBJECT and ids.spellings is None:
                assert one is not None and other is not None
                assert one.strip() == other.strip() or not (one + other).isascii()
    if ids.spelling is None and numbers:
        assert [t for t in ids.texts if t] == ids.key.drop_nulls().cast(pl.String).to_list()
    for text, number in zip(ids.texts, numbers, strict=True):
        assert (text == "") == (number == NO_SUBJECT)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=6))
def test_visible_ascii_is_its_own_key(name: str) -> None:
    ids = identified(pl.Series([name]))
    assert ids.key.to_list() == ids.texts.to_list() == [name]
    assert unicodedata.normalize("NFC", name) == name


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """However unlikely: a hash finds its place, and the ids themselves are compared."""

    def one_for_all(key: pl.Series) -> Any:
        return np.full(len(key), 7, dtype=np.uint64)

    texts = ["b", "a", "b", None, "c", "a"]
    frame = pl.DataFrame(
        {
            "subject_id": texts,
            "sex": ["f", "m", "", "", "f", "f"],
            "age_days": [60, 60, 121, 60, 60, 121],
            "weight_kg": [4.9] * 6,
        }
    )
    expected = nc.score(frame)
    assert expected["waz_status"].to_list() == [
        "ok", "subject_conflict", "ok", "missing_sex", "ok", "subject_conflict",
    ]  # fmt: skip
    monkeypatch.setattr(identities, "hashes", one_for_all)
    monkeypatch.setattr(children, "hashes", one_for_all)
    assert together(identified(pl.Series(texts))) == [[0, 2], [1, 5], [4]]
    assert nc.score(frame).equals(expected)


@given(st.lists(st.lists(st.integers(1, 40)), max_size=5))
def test_every_number_has_its_place(batches: list[list[int]]) -> None:
    places = Places.of(sum(map(len, batches)), 1)
    known: dict[int, int] = {}
    for numbers in batches:
        # Multiples of a large number, which share the bits that choose the first place.
        found = places.put(np.array(numbers, dtype=np.uint64) << np.uint64(50))
        for number, place in zip(numbers, found.tolist(), strict=True):
            assert known.setdefault(number, place) == place
    assert len(set(known.values())) == len(known)


def test_rows_of_one_child_without_ids() -> None:
    assert together(one_child(3)) == [[0, 1, 2]]
    assert together(one_child(0)) == []


def test_rows_of_a_subject() -> None:
    ids = identified(pl.Series(["1", " 2", "2", None]))
    assert ids.rows_of("2 ").tolist() == [1, 2]
    assert ids.rows_of(2).tolist() == [1, 2]
    assert ids.rows_of("").tolist() == [3]
    assert ids.rows_of("3").tolist() == []
    assert ids.take(np.array([3, 1])).texts.to_list() == ["", "2"]
