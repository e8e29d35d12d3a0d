"""Words into codes: what users write for a sex, a position or oedema, for one and for many.

Each rule is a function of one word. Arrays go through `code_words`, which calls it once for each
distinct word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from numbers import Number
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
_OEDEMAS: Final = _YES_NO | {"false": 0, "true": 1}
_FEW: Final = 6
_DECIMAL: Final = re.compile(r"(-?(?:0|[1-9][0-9]*))\.([0-9]*?)0*")


class Coded(NamedTuple):
    """Codes of many words, and the status of those that have none (None: all have one)."""

    codes: Ints
    status: StatusArray | None


def plain_word(word: object) -> str:
    """A word as it is compared: no blanks around it, in lower case, a number by its value.

    A number that is written with a decimal point is the code that it is: 1.0, "1.0" and 1 are one.
    What is neither a text nor a number is the empty text, which is no word.

    Examples
    --------
    >>> [plain_word(word) for word in (" F", "1.0", 1, 1.0, True, "01", b"f")]
    ['f', '1', '1', '1', 'true', '01', '']
    """
    if isinstance(word, (str, bool, np.bool_)):
        text = str(word).strip().lower()
    else:
        text = str(word) if isinstance(word, Number) else ""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return text
    whole = f"{match[1]}.{match[2]}" if match[2] else match[1]
    return "0" if whole == "-0" else whole


class Codes:
    """A declared coding of a column of words: a code for each of two meanings.

    Parameters
    ----------
    coding : dict
        The meaning to the code, such as ``{"male": 1, "female": 2}``.

    Raises
    ------
    PolicyError
        Unless it names a code for each of the two, and two different ones.
    """

    column: str
    meanings: Mapping[str, int]
    names: tuple[str, str]
    error: type[InputError] = InputError

    def __init__(self, coding: Mapping[str, Any]) -> None:
        pairs = coding.items() if isinstance(coding, Mapping) else ()
        codes = {plain_word(code): self.meanings.get(plain_word(name)) for name, code in pairs}
        both = sorted({self.meanings[name] for name in self.names})
        if sorted(codes.values(), key=str) != both or "" in codes or len(pairs) != len(both):
            accepted = ",".join(f"{name}=CODE" for name in self.names)
            raise PolicyError(f"{self.column} codes: {shown(coding)}; accepted: {accepted}")
        self._codes = codes

    def __call__(self, word: object) -> int:
        """Look up the code of one declared word."""
        code = self._codes.get(plain_word(word))
        if code is None:
            declared = f"accepted: the declared codes {', '.join(self._codes)}"
            raise self.error(self.column, word, declared)
        return code


class SexCodes(Codes):
    """A declared coding of sex, such as ``{"male": 1, "female": 2}``."""

    column, meanings, names, error = "sex", _SEXES, ("male", "female"), SexError


class PositionCodes(Codes):
    """A declared coding of the position, such as ``{"recumbent": 1, "standing": 2}``."""

    column, meanings, names = "position", _POSITIONS, ("recumbent", "standing")


class OedemaCodes(Codes):
    """A declared coding of oedema, such as ``{"yes": 1, "no": 0}``."""

    column, meanings, names = "oedema", _YES_NO, ("yes", "no")


def sex_code(word: object) -> int:
    """The code of a sex: male, female, m or f, in any case. There is no default."""
    if is_missing(word):
        raise MissingError("sex", "give male or female; there is no default", status="missing_sex")
    code = _SEXES.get(plain_word(word))
    if code is None:
        raise SexError("sex", word, "accepted: male, female, m, f, or declared codes")
    return code


def position_code(word: object) -> int:
    """The code of the position in which a length was measured; unknown where none is given."""
    if is_missing(word):
        return UNKNOWN
    code = _POSITIONS.get(plain_word(word))
    if code is None:
        accepted = "accepted: recumbent or l, standing or h, or declared codes"
        raise InputError("position", word, accepted)
    return code


def oedema_code(word: object) -> int:
    """1 for oedema, 0 for none, also where nothing is given."""
    if is_missing(word):
        return 0
    code = _OEDEMAS.get(plain_word(word))
    if code is None:
        accepted = "accepted: yes, no, y, n, True, False, or declared codes"
        raise InputError("oedema", word, accepted)
    return code


def _coder(
    kind: type[Codes], rule: Callable[[object], int], coding: Mapping[str, Any] | None
) -> Callable[[object], int]:
    """The rule for one word: the words, or the declared coding alone; both alike if missing."""
    if coding is None:
        return rule
    declared = kind(coding)

    def code(word: object) -> int:
        return rule(word) if is_missing(word) else declared(word)

    return code


def sex_coder(sex_codes: Mapping[str, Any] | None) -> Callable[[object], int]:
    """The rule for one word of sex: the words, or the declared coding alone."""
    return _coder(SexCodes, sex_code, sex_codes)


def position_coder(position_codes: Mapping[str, Any] | None) -> Callable[[object], int]:
    """The rule for one word of the position: the words, or the declared coding alone."""
    return _coder(PositionCodes, position_code, position_codes)


def oedema_coder(oedema_codes: Mapping[str, Any] | None) -> Callable[[object], int]:
    """The rule for one word of oedema: the words, or the declared coding alone."""
    return _coder(OedemaCodes, oedema_code, oedema_codes)


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
    """None, a text of nothing or of blanks, NaN, NaT and the other libraries' missing values."""
    if word is None or isinstance(word, str):
        return not word or word.isspace()
    if getattr(word, "ndim", 0):
        return False
    try:
        return bool(word != word)  # noqa: PLR0124 - NaN and NaT alone differ from themselves
    except (TypeError, ArithmeticError):  # pandas.NA, like other things, has no truth value
        return type(word).__name__ == "NAType"
