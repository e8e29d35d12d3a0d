"""Words into codes: what users write for a sex, a position or oedema, for one and for many.

Each rule is a function of one word. Arrays go through `code_words`, which calls it once for each
distinct word.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from neocalc.errors import (
    CODE,
    AgeError,
    InputError,
    MissingError,
    PolicyError,
    SexError,
    StatusArray,
    shown,
)

Ints = npt.NDArray[np.int32]
Word = TypeVar("Word", bound=Hashable)

FEMALE: Final = 0
MALE: Final = 1
UNKNOWN: Final = 0
RECUMBENT: Final = 1
STANDING: Final = 2

_SEXES: Final = {"f": FEMALE, "female": FEMALE, "m": MALE, "male": MALE}
_POSITIONS: Final = {"l": RECUMBENT, "recumbent": RECUMBENT, "h": STANDING, "standing": STANDING}
_YES_NO: Final = {"n": 0, "no": 0, "y": 1, "yes": 1}
_FEW: Final = 6


class Coded(NamedTuple):
    """Codes of many words, and the status of those that have none (None: all have one)."""

    codes: Ints
    status: StatusArray | None


class SexCodes:
    """A declared coding of sex, such as ``{"male": 1, "female": 2}``.

    Raises
    ------
    PolicyError
        Unless it names a code for each of male and female, and two different ones.
    """

    def __init__(self, coding: Mapping[str, Any]) -> None:
        pairs = coding.items() if isinstance(coding, Mapping) else ()
        codes = {str(code): _SEXES.get(str(sex).lower()) for sex, code in pairs}
        if sorted(codes.values(), key=str) != [FEMALE, MALE]:
            raise PolicyError(f"sex codes: {shown(coding)}; accepted: male=CODE,female=CODE")
        self._codes = codes

    def __call__(self, word: object) -> int:
        """Look up the code of one declared word."""
        code = self._codes.get(str(word))
        if code is None and isinstance(word, float) and word.is_integer():
            code = self._codes.get(str(int(word)))
        if code is None:
            raise SexError("sex", word, f"accepted: the declared codes {', '.join(self._codes)}")
        return code


def sex_code(word: object) -> int:
    """The code of a sex: male, female, m or f, in any case. There is no default."""
    if is_missing(word):
        raise MissingError("sex", "give male or female; there is no default", status="missing_sex")
    code = _SEXES.get(word.lower()) if isinstance(word, str) else None
    if code is None:
        raise SexError("sex", word, "accepted: male, female, m, f, or declared codes")
    return code


def sex_coder(sex_codes: Mapping[str, Any] | None) -> Callable[[object], int]:
    """The rule for one word of sex: the words, or the declared coding alone."""
    if sex_codes is None:
        return sex_code
    declared = SexCodes(sex_codes)

    def code(word: object) -> int:
        return sex_code(word) if is_missing(word) else declared(word)

    return code


def position_code(word: object) -> int:
    """The code of the position in which a length was measured; unknown where none is given."""
    if is_missing(word):
        return UNKNOWN
    code = _POSITIONS.get(word.strip().lower()) if isinstance(word, str) else None
    if code is None:
        raise InputError("position", word, "accepted: recumbent or l, standing or h")
    return code


def oedema_code(word: object) -> int:
    """1 for oedema, 0 for none, also where nothing is given."""
    if is_missing(word):
        return 0
    if isinstance(word, (bool, np.bool_)):
        return int(word)
    code = _YES_NO.get(word.strip().lower()) if isinstance(word, str) else None
    if code is None:
        raise InputError("oedema", word, "accepted: yes, no, y, n, True, False")
    return code


def elements(values: Any, argument: str) -> npt.NDArray[Any] | None:
    """Many values as an array of one dimension, each as it was given; None for a single value.

    NumPy would turn the elements of a list into one type, and a missing one into the text "nan".
    """
    if isinstance(values, (list, tuple)):
        return np.fromiter(values, dtype=object, count=len(values))
    if not hasattr(values, "__array__") or hasattr(values, "magnitude"):
        return None
    array = np.asarray(values)
    if hasattr(values, "mask") and hasattr(values, "filled"):  # what a mask hides is missing
        array = array.astype(object)
        array[values.mask] = None
    if array.ndim > 1:
        raise InputError(argument, f"an array of {array.ndim} dimensions", "one dimension")
    if array.ndim == 0:
        return None
    if array.dtype.kind != "M":
        return array
    refuse_partial_date(array.dtype, argument)
    return array.astype("datetime64[D]")


def refuse_partial_date(dtype: np.dtype[Any], argument: str) -> None:
    """Raise for dates to the year, month or week: NumPy would take the first day of each."""
    unit = {"Y": "year", "M": "month", "W": "week"}.get(np.datetime_data(dtype)[0])
    if unit is not None:
        raise AgeError(argument, f"a date to the {unit}", "accepted: whole calendar dates")


def code_words(
    words: Any, rule: Callable[[Any], int], argument: str = "value"
) -> tuple[Coded, bool]:
    """Apply a rule to one word (whose error is raised) or to each of many (as its status).

    Returns
    -------
    coded : Coded
        One-dimensional codes; 0 where the status is not ok.
    single : bool
        Whether one word was given.
    """
    many = elements(words, argument)
    if many is None:
        word = words[()] if isinstance(words, np.ndarray) else words
        return Coded(np.array([rule(word)], dtype=np.int32), None), True
    return code_array(many, rule), False


def code_array(words: npt.NDArray[Any], rule: Callable[[Any], int]) -> Coded:
    """Codes of an array of words: one call of the rule for each distinct text."""
    codes: Any = None  # nothing but 0
    status: Any = None
    todo = np.ones(len(words), dtype=bool)
    # In a plain array a few distinct words are found by comparing, without a loop over rows.
    plain = words.view(np.uint32) if words.dtype == "U1" else words
    for _ in range(_FEW if words.dtype.kind != "O" else 0):
        at = int(np.argmax(todo)) if len(todo) else 0
        if not len(todo) or not todo[at]:
            break
        same = plain == plain[at]
        same[at] = True  # NaN and NaT differ from themselves
        code, fault = _code(words[at : at + 1].tolist()[0], rule)
        codes = _with(codes, same, np.int32(code))
        status = _with(status, same, np.uint8(fault))
        np.greater(todo, same, out=todo)
    codes = np.zeros(len(words), dtype=np.int32) if codes is None else codes
    rest = np.flatnonzero(todo)
    if not rest.size:
        return Coded(codes, status)
    status = np.zeros(len(words), dtype=np.uint8) if status is None else status
    memo: dict[str, tuple[int, int]] = {}
    for i, word in zip(rest.tolist(), words[rest].tolist(), strict=True):
        if not isinstance(word, str):  # 1 and True are equal, and not the same word
            codes[i], status[i] = _code(word, rule)
            continue
        known = memo.get(word)
        if known is None:
            known = memo[word] = _code(word, rule)
        codes[i], status[i] = known
    return Coded(codes, status if status.any() else None)


def _with(codes: Any, same: npt.NDArray[np.bool_], code: Any) -> Any:
    """Codes with that of one word added, where it stands."""
    if not code:
        return codes
    return same * code if codes is None else codes + same * code


def _code(word: Any, rule: Callable[[Any], int]) -> tuple[int, int]:
    try:
        return rule(word), 0
    except InputError as error:
        return 0, CODE[error.status]


def is_missing(word: object) -> bool:
    """None, an empty text, NaN, NaT and the other libraries' missing values."""
    if word is None or isinstance(word, str):
        return not word
    if getattr(word, "ndim", 0):
        return False
    try:
        return bool(word != word)  # noqa: PLR0124 - NaN and NaT alone differ from themselves
    except (TypeError, ArithmeticError):  # pandas.NA, like other things, has no truth value
        return type(word).__name__ == "NAType"
