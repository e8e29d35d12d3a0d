"""Calendar dates as texts: the forms that are read, those that are declared, those that are named.

A form is read without being asked for when it leaves no doubt which figure is the day: the year
stands first, or the month has a name. Figures alone with the year last (01/05/2026) are the first
of May or the fifth of January; they are never guessed, but read strictly by a declared form.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

from neocalc.errors import InputError

_NAMES: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_MONTHS: Final = {
    short: number
    for number, name in enumerate(_NAMES, 1)
    for short in (name, name[:3], *(["sept"] if number == 9 else []))
}
_MONTH: Final = f"({'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_TIME: Final = (
    r"(?:[T :]\s*(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?(?:\s?[AP]M)?)?"
)
_FLAGS: Final = re.IGNORECASE | re.ASCII
_READ: Final = tuple(
    (re.compile(rf"{pattern}{_TIME}", _FLAGS), order)
    for pattern, order in (
        (r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})", (1, 3, 4)),
        (r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})", (1, 2, 3)),
        (rf"([0-9]{{1,2}})[-/. ]*{_MONTH}[-/., ]*([0-9]{{4}})", (3, 2, 1)),
        (rf"{_MONTH}[-/. ]*([0-9]{{1,2}})[-/., ]+([0-9]{{4}})", (3, 1, 2)),
        (rf"([0-9]{{4}})[-/. ]{_MONTH}[-/. ]([0-9]{{1,2}})", (1, 2, 3)),
    )
)
"""Each form that is read, with the places of year, month and day in it."""
_ZONE: Final = re.compile(r".*[0-9]:[0-9.,:]*\s?(?:Z|UTC|GMT|[+-][0-9]{2}:?(?:[0-9]{2})?)", re.I)
_CLOCK: Final = re.compile(r"[0-9]:[0-5][0-9]")
_LONGEST: Final = 60

READ: Final = "YYYY-MM-DD"
"""The form that messages ask for."""
SERIAL: Final = "serial"
"""What a number of days is called that a spreadsheet shows as a date."""


def read_date(text: str) -> dt.date | None:
    """The date of a text in one of the forms that leave no doubt; a time of day is left out.

    Examples
    --------
    >>> texts = "2026-05-01", "2026/5/1", "20260501", "01MAY2026", "May 1, 2026", "01/05/2026"
    >>> [str(read_date(text)) for text in texts]
    ['2026-05-01', '2026-05-01', '2026-05-01', '2026-05-01', '2026-05-01', 'None']
    """
    if _ISO.fullmatch(text):  # as nearly all are
        with suppress(ValueError):
            return dt.date.fromisoformat(text)
        return None
    if len(text) > _LONGEST:
        return None
    for pattern, places in _READ:
        match = pattern.fullmatch(text)
        if match is not None:
            year, month, day = (match[place].lower() for place in places)
            with suppress(ValueError):
                return dt.date(int(year), _MONTHS.get(month) or int(month), int(day))
            return None
    return None


def has_time(text: str) -> bool:
    """Whether a time of day stands in a text.

    >>> has_time("2026-05-01T10:30"), has_time("2026-05-01")
    (True, False)
    """
    return ":" in text and _CLOCK.search(text) is not None


def has_zone(text: str) -> bool:
    """Whether a time of day with a time zone stands in a text.

    >>> has_zone("2026-05-01T10:30Z"), has_zone("2026-05-01 10:30")
    (True, False)
    """
    return ":" in text and len(text) <= _LONGEST and _ZONE.fullmatch(text) is not None


_ISO: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DIRECTIVES: Final = {
    "d": (r"(?P<d>[0-9]{1,2})", r"(?P<d>[0-9]{2})"),
    "m": (r"(?P<m>[0-9]{1,2})", r"(?P<m>[0-9]{2})"),
    "Y": (r"(?P<Y>[0-9]{4})",) * 2,
    "y": (r"(?P<y>[0-9]{2})",) * 2,
    "b": (f"(?P<b>{_MONTH})",) * 2,
    "B": (f"(?P<b>{_MONTH})",) * 2,
    "H": ("[0-9]{1,2}", "[0-9]{2}"),
    "M": ("[0-9]{2}",) * 2,
    "S": ("[0-9]{2}",) * 2,
}
"""Each part of a declared form: before a separator, and before another figure."""
_ACCEPTED: Final = "the parts %d, %m or %b, %Y or %y (and %H, %M, %S), each once, as in %d/%m/%Y"


@lru_cache(maxsize=64)
def declared(form: Any) -> Callable[[str], dt.date | None]:
    """How a text is read by a declared form; None: it is not of this form.

    Parameters
    ----------
    form : str
        As for `datetime.strptime`, with day, month and year, such as "%d/%m/%Y". Of years with two
        figures 69 to 99 are of the last century, as in POSIX. A date as YYYY-MM-DD is read beside
        it, as no form that ends with the year can be mistaken for it.

    Raises
    ------
    InputError
        When it does not have a day, a month and a year, each once.

    Examples
    --------
    >>> read = declared("%d/%m/%Y")
    >>> str(read("01/05/2026")), str(read("2026-05-01")), read("2026/05/01"), read("13/13/2026")
    ('2026-05-01', '2026-05-01', None, None)
    """
    parts = re.split(r"%(.)", form) if isinstance(form, str) else []
    used = "".join(parts[1::2]).replace("b", "m").replace("B", "m").replace("y", "Y")
    wrong = set(parts[1::2]) - set(_DIRECTIVES) or len(set(used)) != len(used)
    if wrong or not set("dmY") <= set(used):
        raise InputError("date_format", form, _ACCEPTED)
    pattern = re.escape(parts[0])
    for directive, literal in zip(parts[1::2], parts[2::2], strict=True):
        joined = literal == "" and not form.endswith(f"%{directive}")
        pattern += _DIRECTIVES[directive][joined] + re.escape(literal)
    compiled = re.compile(pattern, _FLAGS)
    beside = _ISO if parts[1] != "Y" else compiled

    def read(text: str) -> dt.date | None:
        match = compiled.fullmatch(text[:_LONGEST])
        if match is None:
            return read_date(text) if beside.fullmatch(text) else None
        found = match.groupdict()
        month = _MONTHS[found["b"].lower()] if "b" in found else int(found["m"])
        year = int(found["Y"]) if "Y" in found else int(found["y"])
        if "y" in found:
            year += 1900 if year >= 69 else 2000
        with suppress(ValueError):
            return dt.date(year, month, int(found["d"]))
        return None

    return read


_FIGURES: Final = re.compile(
    r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})( [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?"
)
_NAMED: Final = re.compile(rf"[0-9]{{1,2}}([-/. ]?){_MONTH}\1[0-9]{{2}}", _FLAGS)
_TOGETHER: Final = re.compile(r"[0-9]{8}|[0-9]{6}")
_SERIAL: Final = re.compile(r"[2-6][0-9]{4}(\.[0-9]*)?")


@lru_cache(maxsize=4096)
def fitting(text: str) -> tuple[str, ...]:
    """The forms, to be declared, by which a text would be a date; `SERIAL` for a number of days.

    Examples
    --------
    >>> fitting("25/12/2023"), fitting("01/05/2023"), fitting("45291"), fitting("x")
    (('%d/%m/%Y',), ('%d/%m/%Y', '%m/%d/%Y'), ('serial',), ())
    """
    if len(text) > _LONGEST:
        return ()
    if _SERIAL.fullmatch(text):
        return (SERIAL,)
    forms: list[str] = []
    match = _FIGURES.fullmatch(text)
    if match is not None:
        mark, year = match[2], "%Y" if len(match[4]) == 4 else "%y"
        clock = "" if not match[5] else " %H:%M:%S" if match[6] else " %H:%M"
        orders = [("%d", "%m", year), ("%m", "%d", year)]
        orders += [("%y", "%m", "%d")] if year == "%y" else []
        forms = [mark.join(order) + clock for order in orders]
    elif _TOGETHER.fullmatch(text):
        orders = [("%d", "%m", "%Y"), ("%m", "%d", "%Y")]
        if len(text) == 6:
            orders = [("%y", "%m", "%d"), ("%d", "%m", "%y"), ("%m", "%d", "%y")]
        forms = ["".join(order) for order in orders]
    else:
        match = _NAMED.fullmatch(text)
        mark = "" if match is None else match[1]
        forms = [] if match is None else [f"%d{mark}%b{mark}%y", f"%y{mark}%b{mark}%d"]
    return tuple(form for form in forms if declared(form)(text) is not None)


_WORDS: Final = {"%d": "day", "%m": "month", "%b": "month", "%Y": "year", "%y": "year"}


def spoken(form: str) -> str:
    """A form with an example, as people say it.

    >>> spoken("%d/%m/%Y"), spoken("%d%b%y")
    ('25/12/2023, day/month/year', '25Dec23, day month year')
    """
    shown, said = form, re.sub(" ?%[HMS].*", "", form)
    figures = {"%d": "25", "%m": "12", "%b": "Dec", "%Y": "2023", "%y": "23"}
    for part, figure in (figures | {"%H": "10", "%M": "30", "%S": "00"}).items():
        shown = shown.replace(part, figure)
    mark = re.sub("%[dmbYy]", "", said)[:1] or " "
    return f"{shown}, {mark.join(_WORDS[part] for part in re.findall('%[dmbYy]', said))}"
