"""The words on charts and in reports: numbers, dates, and what a picture was drawn from."""

from __future__ import annotations

from typing import Final

import numpy as np

from neocalc.references.lms import centile_from_zscore
from neocalc.text import centile_text as _centile_text
from neocalc.text import plain_number, titled

SEX_TITLES: Final = ("Girl", "Boy")


def sex_title(sex: int) -> str:
    """Girl or boy."""
    return SEX_TITLES[sex]


def number(value: float, decimals: int) -> str:
    """A number on a chart: no exponent, no trailing zero, and a minus sign that can be seen.

    Examples
    --------
    >>> number(3.10, 2), number(-1.5, 1)
    ('3.1', '−1.5')
    """
    return plain_number(value, decimals).replace("-", "−")


def z_text(z: float) -> str:
    """A z-score, to two decimals."""
    return number(z, 2)


def centile_text(z: float) -> str:
    """The centile of a z-score; beyond +-3 SD the WHO gives none."""
    return _centile_text(z, float(centile_from_zscore(z)))


def fixed(value: float, decimals: int) -> str:
    """A number in a column: all of them with the same number of decimals.

    Examples
    --------
    >>> fixed(-3.6, 2), fixed(-0.001, 2)
    ('−3.60', '0.00')
    """
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text.replace("-", "−")


def fixed_centile(z: float) -> str:
    """The centile of a z-score in a column."""
    return centile_text(z) if abs(z) > 3 else fixed(float(centile_from_zscore(z)), 1)


def date_text(number_of_day: int) -> str:
    """A date from its days since 1970-01-01."""
    return str(np.datetime64(number_of_day, "D"))


def count(n: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "visit"), count(5000, "visit")
    ('1 visit', '5,000 visits')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def readable(name: str) -> str:
    """The name of a column in words, as the beginning of a line.

    Examples
    --------
    >>> readable("treatment_group"), readable("preterm"), readable("TRT01P")
    ('Treatment group', 'Preterm', 'TRT01P')
    """
    return titled(" ".join(name.replace("_", " ").split())) or name
