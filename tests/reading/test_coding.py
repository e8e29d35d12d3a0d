"""Words into codes: sex, position and oedema, for one and for many."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import neocalc as nc
from neocalc.errors import STATUSES
from neocalc.reading.words import (
    OedemaCodes,
    PositionCodes,
    SexCodes,
    code_array,
    code_words,
    elements,
    is_missing,
    oedema_code,
    oedema_coder,
    plain_word,
    position_code,
    position_coder,
    sex_code,
    sex_coder,
)

NAT = np.datetime64("NaT", "D")
MISSING: list[Any] = [None, "", " ", "\t\u00a0\n", math.nan, np.float32("nan"), NAT, pd.NA, pd.NaT]


def words_of(status: Any) -> list[str]:
    """Status words of an array of codes."""
    return [STATUSES[code] for code in status]


@pytest.mark.parametrize("word", MISSING)
def test_what_is_missing(word: Any) -> None:
    assert is_missing(word)


@pytest.mark.parametrize(
    "word",
    [0, False, "nan", "NA", [], (), {}, np.array([]), np.array([math.nan]),
     pd.Series([math.nan]), pl.Series([math.nan]), pl.col("a"), nc.Q([math.nan], "kg"), object(),
     "\x00", b""],
)  # fmt: skip
def test_what_is_not_missing(word: Any) -> None:
    """Whatever it is, it was given: it is refused as wrong, not passed over as absent."""
    assert not is_missing(word)


# ------------------------------------------------------------------------------------------- sex


@pytest.mark.requirement("REQ-SEX-01")
@pytest.mark.parametrize(
    ("word", "code"),
    [("f", 0), ("F", 0), ("female", 0), ("Female", 0), ("FEMALE", 0), ("fEmAlE", 0),
     (np.str_("f"), 0), ("m", 1), ("M", 1), ("male", 1), ("Male", 1), ("MALE", 1), ("F ", 0),
     (" f", 0), ("\tMale\u00a0", 1)],
)  # fmt: skip
def test_sex(word: str, code: int) -> None:
    assert sex_code(word) == code


@pytest.mark.requirement("REQ-SEX-01")
@pytest.mark.parametrize("word", MISSING)
def test_there_is_no_default_sex(word: Any) -> None:
    with pytest.raises(nc.MissingError, match=r"sex: missing; .* there is no default") as caught:
        sex_code(word)
    assert caught.value.status == "missing_sex"


@pytest.mark.requirement("REQ-SEX-01")
@pytest.mark.parametrize(
    "word",
    ["f f", "x", "w", "fem", "females", "girl", "0", "1", "2", 0, 1, 2, 1.0, True, b"f", ["f"],
     ("f",), {"f"}, {}, object(), "ｆ", "ƒ", "f\x00", "f" * 10_000_000, np.array(["f", "m"])],
)  # fmt: skip
def test_sex_that_is_not_one(word: Any) -> None:
    with pytest.raises(nc.SexError, match=r"sex: .* accepted: male, female, m, f") as caught:
        sex_code(word)
    assert caught.value.status == "invalid_sex"
    assert len(str(caught.value)) < 200


@pytest.mark.requirement("REQ-SEX-02")
@pytest.mark.parametrize(
    "coding",
    [{"male": 1, "female": 2}, {"m": 1, "f": 2}, {"Female": "2", "MALE": "1"}, {"f": np.int64(2),
     "m": 1}],
)  # fmt: skip
def test_declared_codes(coding: Any) -> None:
    rule = sex_coder(coding)
    word: Any
    for word in (1, "1", 1.0, np.int64(1), np.float64(1), "1.0", " 1", "1.00 ", Decimal("1.0")):
        assert rule(word) == 1
    for word in (2, "2", 2.0, "2.", np.float32(2), np.uint8(2)):
        assert rule(word) == 0
    other: Any
    for other in ("m", "f", "male", 0, 3, "01", "1.5", 1.5, True, math.inf, object(), "1.0.0"):
        with pytest.raises(nc.SexError, match="accepted: the declared codes"):
            rule(other)
    for missing in MISSING:
        with pytest.raises(nc.MissingError):
            rule(missing)


@pytest.mark.requirement("REQ-SEX-04")
def test_plain_words() -> None:
    given: Any = [" F", "1.0", "-0.0", "1.50", 1.5, Decimal("1.50"), "01", "+1", "1,0", True, [1]]
    plain = ["f", "1", "0", "1.5", "1.5", "1.5", "01", "+1", "1,0", "true", ""]
    assert [plain_word(word) for word in given] == plain


@pytest.mark.requirement("REQ-SEX-03")
def test_declared_codes_of_position_and_oedema() -> None:
    position = position_coder({"recumbent": 1, "standing": 2})
    assert [position(word) for word in (1, "2.0", " 1 ", None, "")] == [1, 2, 1, 0, 0]
    oedema = oedema_coder({"yes": 1, "no": 0})
    assert [oedema(word) for word in (1, "0", 0.0, Decimal(1), "1.0", math.nan)] == [
        1, 0, 0, 1, 1, 0
    ]  # fmt: skip
    assert [oedema_coder({"y": "TRUE", "n": "FALSE"})(w) for w in (True, "false")] == [1, 0]
    assert position_coder(None) is position_code
    assert oedema_coder(None) is oedema_code
    for rule, words in ((position, ("l", 3, "standing")), (oedema, ("yes", 2, True, "9"))):
        for word in words:
            with pytest.raises(nc.InputError, match="accepted: the declared codes") as caught:
                rule(word)
            assert caught.value.status == "invalid_value"


@pytest.mark.parametrize(
    ("kind", "coding", "accepted"),
    [
        (PositionCodes, {"recumbent": 1}, "position codes: .*recumbent=CODE,standing=CODE"),
        (PositionCodes, {"l": 1, "h": "1.0"}, "position codes: .*recumbent=CODE,standing=CODE"),
        (OedemaCodes, {"yes": 1, "no": ""}, "oedema codes: .*yes=CODE,no=CODE"),
        (OedemaCodes, {"yes": 1, "none": 0}, "oedema codes: .*yes=CODE,no=CODE"),
        (OedemaCodes, {"yes": 1, "y": 2, "no": 0}, "oedema codes: .*yes=CODE,no=CODE"),
        (OedemaCodes, {"yes": [1, 2], "no": 0}, "oedema codes: .*yes=CODE,no=CODE"),
        (OedemaCodes, "yes", "oedema codes: .*yes=CODE,no=CODE"),
    ],
)
def test_a_coding_of_position_or_oedema_that_says_too_little(
    kind: Any, coding: Any, accepted: str
) -> None:
    with pytest.raises(nc.PolicyError, match=accepted):
        kind(coding)


@pytest.mark.requirement("REQ-SEX-02")
def test_codes_of_the_trials() -> None:
    """Fenton's workbook has 1 = male and 0 = female; some have words of their own."""
    assert [sex_coder({"male": 1, "female": 0})(code) for code in (0, 1)] == [0, 1]
    assert [sex_coder({"male": "boy", "female": "girl"})(w) for w in ("girl", "boy")] == [0, 1]
    assert sex_coder(None) is sex_code


@pytest.mark.requirement("REQ-SEX-02")
@pytest.mark.parametrize(
    "coding",
    [{}, {"male": 1}, {"male": 1, "female": 1}, {"male": 1, "m": 2}, {"male": 1, "female": 2,
     "f": 3}, {"boy": 1, "girl": 2}, {1: "male", 2: "female"}, "male=1,female=2", ["male",
     "female"], None, 5],
)  # fmt: skip
def test_a_coding_that_does_not_say_which_is_which(coding: Any) -> None:
    with pytest.raises(nc.PolicyError, match="accepted: male=CODE,female=CODE"):
        SexCodes(coding)
    if coding is not None:
        with pytest.raises(nc.PolicyError):
            nc.zscore("weight", "3 kg", sex="1", age=nc.Age.from_days(0), sex_codes=coding)


# -------------------------------------------------------------------------- position and oedema


@pytest.mark.requirement("REQ-SEX-03")
def test_position() -> None:
    for word in ("l", "L", "recumbent", "Recumbent", " l "):
        assert position_code(word) == 1
    for word in ("h", "H", "standing", "STANDING"):
        assert position_code(word) == 2
    for missing in MISSING:
        assert position_code(missing) == 0
    wrong: Any
    for wrong in ("lying", "s", "supine", "1", 1, True, object(), ["l"]):
        with pytest.raises(nc.InputError, match=r"position: .* accepted: recumbent or l") as caught:
            position_code(wrong)
        assert caught.value.status == "invalid_value"


@pytest.mark.requirement("REQ-SEX-03")
def test_oedema() -> None:
    word: Any
    for word in ("y", "Y", "yes", "Yes", " yes ", True, np.True_, "True", "TRUE", "true "):
        assert oedema_code(word) == 1
    for word in ("n", "N", "no", "NO", False, np.False_, "False", "FALSE", " false"):
        assert oedema_code(word) == 0
    for word in MISSING:
        assert oedema_code(word) == 0
    for word in ("t", "1", 1, 0, 1.0, "+", "mild", object(), [True]):
        with pytest.raises(nc.InputError, match=r"oedema: .* accepted: yes, no, y, n"):
            oedema_code(word)


# ------------------------------------------------------------------------------- one and many


@pytest.mark.requirement("REQ-GA-06")
@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        np.array,
        pd.Series,
        pd.Index,
        pl.Series,
        pd.Categorical,
        lambda words: np.array(words, dtype=object),
        lambda words: np.array(words, dtype="U9"),
        lambda words: np.array(words, dtype=np.dtypes.StringDType()),
        lambda words: pd.array(words, dtype="string"),
        lambda words: np.array(words)[::-1][::-1],
    ],
)
@pytest.mark.parametrize("words", [["f", "m", "F", "x"], ["female", "male", "f", "girl"]])
def test_many_of_every_kind(make: Callable[[Any], Any], words: list[str]) -> None:
    coded, single = code_words(make(words), sex_code)
    assert not single
    assert coded.codes.dtype == np.int32
    assert coded.codes.tolist() == [0, 1, 0, 0]
    assert coded.status is not None
    assert words_of(coded.status) == ["ok", "ok", "ok", "invalid_sex"]


@pytest.mark.parametrize("word", ["f", np.str_("f"), np.array("f")])
def test_one_word(word: Any) -> None:
    coded, single = code_words(word, sex_code)
    assert single
    assert (coded.codes.tolist(), coded.status) == ([0], None)


def test_one_wrong_word_raises() -> None:
    for word in (b"f", 5, {"f"}, {"f": 1}, object(), iter("f"), nc.Q(1, "kg"), pd.NA):
        with pytest.raises(nc.InputError, match=r"^sex: "):
            code_words(word, sex_code)


def test_a_missing_word_in_a_list_of_texts_became_the_word_nan() -> None:
    for missing in MISSING:
        coded, _ = code_words(["f", missing, "m"], sex_code)
        assert coded.status is not None
        assert words_of(coded.status) == ["ok", "missing_sex", "ok"]


def test_a_word_was_coded_as_the_equal_one_before_it() -> None:
    """1 == True: whether the one or the other was accepted depended on the order of the rows."""
    for words in ([1, True, 1.0], [True, 1, 1.0], [1.0, True, 1]):
        coded, _ = code_words(words, oedema_code)
        assert coded.status is not None
        for word, code, status in zip(words, coded.codes, coded.status, strict=True):
            assert (code, STATUSES[status]) == ((1, "ok") if word is True else (0, "invalid_value"))


def test_elements_that_cannot_be_keys_raised_a_type_error() -> None:
    words = [["f"], {}, {"f"}, np.array([1, 2]), "f", nc.Q([1, 2], "kg"), pd.Series(["f", "m"])]
    coded, _ = code_words(words, sex_code)
    assert coded.status is not None
    expected = ["invalid_sex"] * len(words)
    expected[4] = "ok"
    assert words_of(coded.status) == expected


def test_ragged_lists_raised_an_error_of_numpy() -> None:
    coded, _ = code_words([["f", "f"], "f"], sex_code)
    assert coded.status is not None
    assert words_of(coded.status) == ["invalid_sex", "ok"]


def test_two_dimensions_are_refused() -> None:
    for words in (np.array([["f", "m"]]), pd.DataFrame({"sex": ["f"]}), np.zeros((2, 2, 2))):
        with pytest.raises(nc.InputError, match=r"sex: 'an array of . dimensions'"):
            code_words(words, sex_code, "sex")


def test_more_distinct_words_than_are_compared() -> None:
    """A few distinct words are found by comparing arrays, the rest word by word."""
    words = np.array([f"x{i}" for i in range(20)] + ["f", "m"] * 5)
    coded = code_array(words, sex_code)
    assert coded.codes.tolist() == [0] * 20 + [0, 1] * 5
    assert coded.status is not None
    assert words_of(coded.status) == ["invalid_sex"] * 20 + ["ok"] * 10


@pytest.mark.parametrize(
    "words",
    [
        np.array([1.0, 2.0, math.nan, 3.0, math.nan, 1.0]),
        np.array([1, 2, -1, 3, -1, 1]),
        np.array([1, 2, None, 3, None, 1], dtype=object),
        np.array(["1", "2", "", "3", "", "1"]),
    ],
)
def test_declared_codes_of_every_kind_of_column(words: Any) -> None:
    coded = code_array(words, sex_coder({"male": 1, "female": 2}))
    assert coded.codes.tolist() == [1, 0, 0, 0, 0, 1]
    assert coded.status is not None
    blank = "invalid_sex" if words.dtype.kind == "i" else "missing_sex"
    assert words_of(coded.status) == ["ok", "ok", blank, "invalid_sex", blank, "ok"]


def test_true_and_false_in_a_column() -> None:
    coded = code_array(np.array([True, False, True]), oedema_code)
    assert (coded.codes.tolist(), coded.status) == ([1, 0, 1], None)


def test_none_at_all() -> None:
    empties: list[Any] = [[], (), np.array([]), np.array([], dtype="U1"), pd.Series([], dtype=str)]
    for empty in empties:
        coded, single = code_words(empty, sex_code)
        assert not single
        assert coded.codes.shape == (0,)
        assert coded.status is None


def test_elements() -> None:
    for one in (None, "f", 5, {"f"}, nc.Q([1, 2], "kg"), np.array(5), np.float64(5), iter([1])):
        assert elements(one, "sex") is None
    many = elements([1, "a", None, [2]], "sex")
    assert many is not None
    assert many.tolist() == [1, "a", None, [2]]
    dates = elements(pd.Series(pd.to_datetime(["2026-05-01", "NaT"])), "born")
    assert dates is not None
    assert str(dates.dtype) == "datetime64[D]"


def test_long_texts_do_not_make_every_element_long() -> None:
    """An array of NumPy texts is as wide as its longest: 4 bytes x 10 million x the rows."""
    coded, _ = code_words(["f"] * 1000 + ["x" * 10_000_000], sex_code)
    assert coded.status is not None
    assert words_of(coded.status[[0, -1]]) == ["ok", "invalid_sex"]
