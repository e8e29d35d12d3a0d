"""Dates that statistics programs keep as numbers: by which format a number is a date.

SAS counts days, or seconds, from 1 January 1960; Stata days or milliseconds from the same day; SPSS
seconds from 14 October 1582. The format of a variable says that its number is one, and which.
Formats that show a month, a quarter or a week alone are left as the numbers that they are: nobody
can tell the day from them.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

_EPOCH: Final = dt.date(1970, 1, 1)
_SAS: Final = (dt.date(1960, 1, 1) - _EPOCH).days
_SPSS: Final = (dt.date(1582, 10, 14) - _EPOCH).days
FIRST: Final = (dt.date(1, 1, 1) - _EPOCH).days
LAST: Final = (dt.date(9999, 12, 31) - _EPOCH).days
"""Between what days since 1970-01-01 a number is a date."""
_WIDTH: Final = r"[0-9]*(?:\.[0-9]*)?"


class Counted(NamedTuple):
    """How the numbers of a column count dates.

    Attributes
    ----------
    per_day : int
        Numbers from one day to the next.
    start : int
        The day of the number 0, in days since 1970-01-01.
    timed : bool
        Whether a time of day may stand beside the date.
    """

    per_day: int
    start: int
    timed: bool


def _pattern(names: str) -> re.Pattern[str]:
    return re.compile(f"(?:{names}){_WIDTH}", re.IGNORECASE)


_SAS_FORMATS: Final = (
    (
        _pattern(
            "DATE|(?:DDMMYY|MMDDYY|YYMMDD)[BCDNPS]?|[EBI]S?8601DA|NLDATE|WEEKDAT[EX]|WORDDAT[EX]"
            "|JULIAN|JULDAY|EURDFDE|EURDFDD|EURDFWDX|EURDFWKX"
        ),
        Counted(1, _SAS, False),
    ),
    (
        _pattern("DATETIME|DATEAMPM|DTDATE|[EBI]S?8601D[TNZX]|NLDATM|MDYAMPM|EURDFDT"),
        Counted(86_400, _SAS, True),
    ),
)
FORMATS: Final = {
    "SPSS": (
        (_pattern("DATE|ADATE|EDATE|SDATE|JDATE"), Counted(86_400, _SPSS, False)),
        (_pattern("DATETIME|YMDHMS"), Counted(86_400, _SPSS, True)),
    ),
    "SAS": _SAS_FORMATS,
    "Stata": (
        (re.compile(r"%-?[0-9]*t?d.*"), Counted(1, _SAS, False)),
        (re.compile(r"%-?[0-9]*tc.*"), Counted(86_400_000, _SAS, True)),
    ),
}
"""For each program its formats of dates, and how their numbers count."""


def counted(program: str, form: str | None) -> Counted | None:
    """How the numbers of a variable count dates, by its format; None: it is no date.

    Examples
    --------
    >>> counted("SAS", "YYMMDD10."), counted("SPSS", "DATETIME20") is None, counted("Stata", "%tm")
    (Counted(per_day=1, start=-3653, timed=False), False, None)
    """
    for pattern, how in FORMATS[program]:
        if form and pattern.fullmatch(form):
            return how
    return None
