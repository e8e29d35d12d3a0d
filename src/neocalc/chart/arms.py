"""The arms of a cohort: what a column says of each row, and what the arms are called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from neocalc.chart.text import readable
from neocalc.references.files import SEXES

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.mapping import Mapped
    from neocalc.cohort.table import Rows

NOT_STATED: Final = "not stated"
"""The arm of the rows that state none."""
_WHOLE: Final = r"^([+-]?[0-9]+)\.0+$"
"""A whole number as programs write it that keep numbers as decimal ones."""
_SIGNED: Final = re.compile(r"\s*[+-]?[0-9.]+\s*")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def arm_words(table: pl.DataFrame, column: str | None, rows: Rows, mapped: Mapped) -> pl.Series:
    """The arm that each row states, in words; empty where it states none.

    Of the column of sex these are female and male, whatever codes are declared; of one of yes and
    no these words; and a code written as a decimal number is the whole number.

    Parameters
    ----------
    table : polars.DataFrame
        The rows.
    column : str, optional
        The column of the arms.
    rows : Rows
        The same rows prepared.
    mapped : Mapped
        The columns of the table.
    """
    import polars as pl

    if column is None:
        return pl.Series([""], dtype=pl.String).new_from_index(0, table.height)
    if column == mapped.names["sex"]:
        codes = rows.sex.codes
        known = codes >= 0 if rows.sex.status is None else rows.sex.status == 0
        stated = [SEXES[code] if at else "" for code, at in zip(codes, known, strict=True)]
        return pl.Series(stated, dtype=pl.String)
    values = table[column]
    if values.dtype == pl.Boolean:
        values = values.replace_strict([True, False], ["yes", "no"], default=None)
    if values.dtype.is_float():
        values = values.fill_nan(None)
    words = values.cast(pl.String).fill_null("").str.strip_chars()
    words = words.str.replace(_WHOLE, "$1")
    missing = [word for word in mapped.missing if not _SIGNED.fullmatch(word)]  # 9 may be an arm
    return words.replace(missing, [""] * len(missing)) if missing else words


def ordered(names: Iterable[str]) -> list[str]:
    """Names of arms in the order in which people count: 5 before 10.

    Examples
    --------
    >>> ordered(["10 million", "control", "5 million", "2.5 million"])
    ['2.5 million', '5 million', '10 million', 'control']
    """

    def key(name: str) -> tuple[list[tuple[int, float, str]], str]:
        parts = []
        at = 0
        for number in _NUMBER.finditer(name):
            parts += [(1, 0.0, name[at : number.start()])] if number.start() > at else []
            parts.append((0, float(number[0]), ""))
            at = number.end()
        return [*parts, (1, 0.0, name[at:])], name

    return sorted(names, key=key)


def arm_title(column: str, name: str) -> str:
    """What an arm is called: the column in words, and what it says.

    Examples
    --------
    >>> arm_title("arm", "A"), arm_title("treatment_group", "control")
    ('Arm: A', 'Treatment group: control')
    """
    return f"{readable(column)}: {name}"
