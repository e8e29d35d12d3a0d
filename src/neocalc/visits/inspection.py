"""What each column of a table seems to be, why, and what cannot be known of it.

A column is proposed where its name or its label says what it holds and in which unit; what only its
values suggest is a question. Nothing is shown that tells who a child is: no id, no date, no word
but those of closed lists, and figures with two digits, of columns that seem to be measurements.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.cohort.canonical import CANONICAL, DECIMAL, GROUPS, MEASURE_COLUMNS, PART, UNITS, WEEKS
from neocalc.cohort.lookalikes import KINDS, Look, look
from neocalc.errors import FileError, InputError, printable
from neocalc.reading.dateforms import fitting, read_date
from neocalc.reading.words import plain_word, sex_code
from neocalc.visits.frames import texts

if TYPE_CHECKING:
    import polars as pl

ROWS: Final = 200_000
"""Rows that are looked at."""
DISTINCT: Final = 20_000
"""Distinct words of a column that are looked at."""
_IDS: Final = re.compile(
    r"(?:(?:subject|subj|patient|pat|pt|participant|infant|baby|child|study|record|person|case"
    r"|screening|randomi[sz]ation|usubj|subj|p)_?(?:id|no|nr|num|number|key)|usubjid|subjid|mrn|id)",
    re.IGNORECASE,
)
"""Names of the column that says whose a row is."""


def _split(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: Final = _split(
    "male female m f boy girl b g unknown u undetermined intersex other yes no y n true false"
    " recumbent standing supine lying upright l h w na n/a"
)
"""Words that may be shown: they tell a code, and not a child."""
MISSING: Final = _split(
    "na n/a nan null none . - -- ? unk unknown missing nd n.d. #n/a #value! not_done"
)
"""Words that stand for no value."""
_CODES: Final = frozenset(
    s + digits + tail
    for digits in ("9", "99", "999", "9999", "8", "88", "888", "8888", "7", "77", "777", "7777")
    for s in ("-", "")
    for tail in ("", ".0", ".9")
    if s or len(digits) > 1
)
"""Numbers that often stand for no value."""
_SAID: Final = {
    "kg": "kilograms", "g": "grams", "lb": "pounds", "oz": "ounces", "cm": "centimetres",
    "mm": "millimetres", "m": "metres", "in": "inches", "ft": "feet", "day": "days",
    "week": "weeks", "month": "months", "year": "years",
}  # fmt: skip
_SHARE: Final = 0.95
_PAIR: Final = re.compile(r"[0-9]{2}\s*(\+|w|wk|weeks?)\s*[0-6].*", re.IGNORECASE)
"""A gestation in weeks and days, 27+3."""


class Values(NamedTuple):
    """What stands in a column.

    Attributes
    ----------
    rows, empty : int
        Rows, and those without a value or with a word for none.
    words : list of str
        Distinct words, for judging alone; they are not shown.
    numbers : polars.Series
        The figures, without those that seem to stand for no value.
    numeric : float
        The share of the values that are figures.
    missing : list of str
        Words of closed lists that seem to stand for no value.
    """

    rows: int
    empty: int
    words: list[str]
    numbers: pl.Series
    numeric: float
    missing: list[str]


@dataclass
class Column:
    """A column, what it seems to be, and what is asked.

    Attributes
    ----------
    name : str
        Its name, as it is shown.
    own : str
        Its name, as it is.
    canonical : str
        The column of ours that is proposed; empty: none.
    why : str
        The reason.
    seen : str
        What was seen of its values, without any that tells who a child is.
    empty : float
        The share of rows without a value.
    choices : list of str
        The columns of ours that it may be, where that is asked.
    question : str
        What is asked.
    codes : dict of str to str
        Settings of the mapping file that are certain, such as date_format.
    """

    name: str
    own: str
    canonical: str = ""
    why: str = "no column of ours"
    seen: str = ""
    empty: float = 0.0
    choices: list[str] = field(default_factory=list)
    question: str = ""
    kind: str = ""
    codes: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


def values_of(column: pl.Series) -> Values:
    """What stands in a column."""
    import polars as pl

    text = texts(column).alias("word")
    counts = text.drop_nulls().value_counts(sort=True, name="n").head(DISTINCT)
    words = counts["word"].to_list()
    missing = [word for word in words if word.lower() in MISSING]
    missing += [word for word in words if word in _CODES]
    shown = text.set(text.is_in(missing).fill_null(False), None) if missing else text
    numbers = shown.drop_nulls().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    held = len(shown) - shown.null_count()
    figures = numbers.drop_nulls()
    figures = figures.filter(figures.is_finite())
    if held == 0 or len(figures) < 0.5 * held:  # a code such as 9 may be a value of another column
        missing = [word for word in missing if word.lower() in MISSING]
    low, high = (figures.min(), figures.max()) if len(figures) else (None, None)
    real = [word for word in missing if word.lower() in MISSING or _beyond(word, low, high)]
    if len(real) < len(missing):
        return values_without(column, real)
    return Values(
        len(text), len(text) - held, [w for w in words if w not in missing], figures,
        len(figures) / held if held else 0.0, missing,
    )  # fmt: skip


def values_without(column: pl.Series, missing: list[str]) -> Values:
    """The same, where these words alone stand for no value."""
    import polars as pl

    text = texts(column)
    shown = text.set(text.is_in(missing).fill_null(False), None) if missing else text
    held = shown.drop_nulls()
    numbers = held.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False).drop_nulls()
    numbers = numbers.filter(numbers.is_finite())
    words = held.unique(maintain_order=True).head(DISTINCT).to_list()
    share = len(numbers) / len(held) if len(held) else 0.0
    return Values(len(text), len(text) - len(held), words, numbers, share, missing)


def _beyond(word: str, low: Any, high: Any) -> bool:
    """Whether a number that may stand for no value is far from all figures of its column."""
    if low is None:
        return True
    number = float(word)
    return bool(number < 0 <= low or number > 1.5 * high + 1)


def refuse_headless(header: list[str], where: str) -> None:
    """Refuse names that are there twice, and a first row of values; neither is repeated."""
    for place, name in enumerate(header):
        if name in header[:place]:
            first = header.index(name) + 1
            raise FileError(f"{where}: columns {first:,} and {place + 1:,} have the same name")
    data = sum(is_value(name) for name in header)
    if header and data * 2 >= len(header):
        raise FileError(
            f"{where}: the first row holds values and no names of columns; give the columns names"
        )


def is_value(name: str) -> bool:
    """Whether the name of a column is a number or a date: then it is somebody's value."""
    word = name.strip()
    number = re.fullmatch(r"[+-]?[0-9][0-9.,]*", word) is not None
    return number or read_date(word) is not None or bool(fitting(word))


def shown_name(name: str, place: int) -> str:
    """The name of a column as it may be shown."""
    if is_value(name) or len(name) > 60:
        return f"column {place}"
    return printable(name)


def columns_of(table: pl.DataFrame, labels: Mapping[str, str], where: str) -> list[Column]:
    """Every column of a table, with what it seems to be.

    Parameters
    ----------
    table : polars.DataFrame
        Its rows, or the first of them.
    labels : dict of str to str
        What the file says of its columns beside their names.
    where : str
        The table, for messages.
    """
    found = [
        _column(table[name], place, labels.get(name, ""), set(table.columns))
        for place, name in enumerate(table.columns, 1)
    ]
    _one_each(found)
    return found


def _column(column: pl.Series, place: int, label: str, header: set[str]) -> Column:
    """What one column seems to be."""
    name = column.name
    values = values_of(column)
    own = Column(shown_name(name, place), name)
    own.empty = values.empty / values.rows if values.rows else 1.0
    own.missing = values.missing
    if name in CANONICAL:
        own.canonical, own.why = name, "it has the name"
        own.kind = next((kind for kind, names in GROUPS.items() if name in names), name)
    elif _IDS.fullmatch(name.strip()):
        own.canonical, own.why, own.kind = "subject_id", "its name is that of an id", "subject_id"
    else:
        seems, why = _looks(name, label)
        if seems is not None:
            own.kind, own.why = seems.kind, why
            _propose(own, seems, values, header)
    if own.kind and not is_value(name):
        _look_at(own, values)
    if values.rows and values.empty == values.rows and own.canonical:
        own.why += "; it is empty"
    return own


def _looks(name: str, label: str) -> tuple[Look | None, str]:
    """What a name says, or else a label."""
    for text, said in ((name, "its name says"), (label, "its label says")):
        seems = look(text) if text else None
        if seems is not None:
            unit = " and ".join(f"{_SAID.get(u, u)}" for u in seems.units)
            return seems, f"{said} {KINDS[seems.kind].said}{f' in {unit}' if unit else ''}"
    return None, ""


def _propose(own: Column, seems: Look, values: Values, header: set[str]) -> None:
    """The column of ours that a name means, or what is asked where it leaves that open."""
    if seems.kind == "gestation":
        _gestation(own, seems, values)
        return
    ours = [n for n in GROUPS.get(seems.kind, ()) if not seems.units or UNITS.get(n) in seems.units]
    if not GROUPS.get(seems.kind):
        own.why += ", which is not read"
        return
    if not ours:
        own.question = f"none of ours is in {_SAID[seems.units[0]]}: convert it, or leave it out"
        return
    unit_open = len([n for n in GROUPS[seems.kind] if n in UNITS]) > 0 and not seems.units
    if unit_open:
        own.choices = ours
        units = " or ".join(_SAID[UNITS[name]] for name in ours)
        own.question = (
            f"is it in {units}?" if len(ours) > 1 else f"is it in {units}? no other is read"
        )
        return
    own.canonical = ours[0]


def _gestation(own: Column, seems: Look, values: Values) -> None:
    """A gestation: which of its forms."""
    words = values.words
    if words and all(
        re.fullmatch(r"[0-9]{2}\s*(\+|w|wk|weeks?)\s*[0-6].*", w, re.I) for w in words
    ):
        own.canonical, own.why = "gestational_age", f"{own.why}; weeks and days, as 27+3"
        return
    if seems.units == ("day",):
        part = len(values.numbers) > 0 and values.numbers.is_between(0, 6).all()
        own.canonical = PART if part else "gestational_age_days"
        return
    whole = len(values.numbers) > 0 and (values.numbers == values.numbers.floor()).all()
    if seems.units == ("week",):
        own.choices = [WEEKS] if whole else [DECIMAL]
        own.question = (
            "completed weeks leave up to 6 days open: which column has the days beside them?"
            if whole
            else "is 27.4 a decimal number of weeks? If it means 27 weeks and 4 days, write 27+4"
        )
        return
    own.choices = ["gestational_age_days", DECIMAL, WEEKS]
    own.question = "is it in days, in decimal weeks, or in completed weeks?"


def _look_at(own: Column, values: Values) -> None:
    """What is seen of the values of a column, and what is asked of them."""
    if own.kind == "sex":
        _codes(own, values, _is_sex, "sex_codes", ("male", "female"))
    elif own.kind == "oedema":
        _codes(own, values, _is_in("yes no y n true false"), "oedema_codes", ("yes", "no"))
    elif own.kind == "position":
        words = _is_in("recumbent standing l h")
        _codes(own, values, words, "position_codes", ("recumbent", "standing"))
    elif own.kind in ("birth_date", "measured_on"):
        _dates(own, values)
    elif own.kind == "subject_id":
        own.seen = f"{len(values.words):,} different" + (
            "+" if len(values.words) >= DISTINCT else ""
        )
    elif own.kind in MEASURE_COLUMNS or own.kind in ("age", "gestation"):
        own.seen = spread(values)
        if own.canonical == "gestational_age":
            pairs = sum(_PAIR.fullmatch(word) is not None for word in values.words)
            own.seen = f"{pairs:,} different, as 27+3"
        if values.numeric < _SHARE and own.canonical != "gestational_age" and values.words:
            bad = round(100 * (1 - values.numeric))
            own.seen += f"{'; ' if own.seen else ''}{max(1, bad)} % are no numbers"


def spread(values: Values) -> str:
    """Between which figures nearly all values lie, with two digits."""
    if len(values.numbers) < 5:
        return "fewer than 5 figures"
    low, high = (values.numbers.quantile(q) for q in (0.05, 0.95))
    return f"{_two(low)} to {_two(high)}"


def _two(figure: float | None) -> str:
    """A figure with two digits: none that could be an id."""
    return f"{float(f'{figure or 0.0:.2g}'):,.10g}"


def _is_sex(word: str) -> bool:
    try:
        sex_code(word)
    except InputError:
        return False
    return True


def _is_in(words: str) -> Any:
    return frozenset(words.split()).__contains__


def _codes(
    own: Column, values: Values, accepted: Any, setting: str, meanings: tuple[str, str]
) -> None:
    """The codes of a column, which are asked for unless they are words."""
    words = list(dict.fromkeys(plain_word(word) for word in values.words))
    own.seen = ", ".join(shown_codes(words)) or "nothing"
    unread = [word for word in words if not accepted(word)]
    if unread and len(unread) < len(words):
        own.question = f"{len(unread):,} of its words cannot be read: what do they mean?"
    elif unread:
        own.question = f"which code is {meanings[0]}, and which {meanings[1]}?"
        own.codes[setting] = None


def shown_codes(words: list[str]) -> list[str]:
    """Codes that may be shown: single letters and figures, and words of a closed list."""
    few = [w for w in words if w in _WORDS or re.fullmatch(r"-?[0-9]{1,2}|[a-z]", w)][:6]
    other = len(words) - len(few)
    if not other:
        return few
    return [*few, "1 other word" if other == 1 else f"{other:,} other words"]


def _dates(own: Column, values: Values) -> None:
    """The form of the dates of a column."""
    words = values.words
    if not words:
        return
    if all(read_date(word) is not None for word in words):
        own.seen = "dates whose order is clear"
        return
    forms: Counter[str] = Counter()
    for word in words:
        forms.update({"": 1} if read_date(word) is not None else set(fitting(word)))
    clear = forms.pop("", 0)
    whole = [form for form, n in forms.items() if n + clear == len(words)]
    own.seen = f"{len(words):,} different, of which {clear:,} in an order that is clear"
    if len(whole) == 1 and not clear:
        own.codes["date_format"] = whole[0]
        own.seen = f"dates, all of which fit {whole[0]} and no other order"
    elif whole:
        orders = " or ".join(sorted(whole))
        others = "the others" if clear else "the dates"
        asked = f"in which order are {others}: {orders}?"
        own.question = asked if len(whole) > 1 else f"are {others} in the order {orders}?"
        own.codes["date_formats"] = sorted(whole)
    else:
        own.question = "some are no dates that are read: which form have they?"


def _one_each(found: list[Column]) -> None:
    """Of several columns of one thing none is chosen, unless one has the canonical name."""
    by_kind: dict[str, list[Column]] = {}
    for column in found:
        if column.canonical:
            pair = column.canonical in (WEEKS, PART)
            kind = "gestation pair" if pair else column.kind
            by_kind.setdefault(kind, []).append(column)
    for several in by_kind.values():
        names = [column.canonical for column in several]
        if len(several) < 2 or (len(set(names)) == len(names) and set(names) == {WEEKS, PART}):
            continue
        own_names = {several[0].canonical, "USUBJID"}  # STUDYID beside it is that of the study
        named = [column for column in several if column.own in own_names]
        keep = named[0] if len(named) == 1 else None
        for column in several:
            if column is not keep:
                others = " and ".join(c.name for c in several if c is not column)
                column.question = f"it is there beside {others}: which one is read?"
                column.choices = [column.canonical]
                column.canonical = ""
    weeks = [c for c in found if c.choices == [WEEKS]]
    parts = [c for c in found if c.canonical == PART]
    if len(weeks) == 1 and len(parts) == 1:
        weeks[0].canonical, weeks[0].choices, weeks[0].question = WEEKS, [], ""
        weeks[0].why += f", with the days in {parts[0].name}"
    for part in parts if not weeks else []:
        if not any(c.canonical == WEEKS for c in found):
            part.canonical, part.choices = "", [PART, "gestational_age_days"]
            part.question = "are these all days of the gestation, or those beside its weeks?"
