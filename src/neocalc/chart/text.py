"""The words on charts and in reports: numbers, dates, and what a picture was drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from neocalc.cli.growth import centile_text as _centile_text
from neocalc.cli.growth import plain_number
from neocalc.lms import centile_from_zscore
from neocalc.policy import Policy
from neocalc.references import reference as find_reference
from neocalc.references import tables_digest

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


def date_text(number_of_day: int) -> str:
    """A date from its days since 1970-01-01."""
    return str(np.datetime64(number_of_day, "D"))


def count(n: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "visit"), count(5000, "visit")
    ('1 visit', '5,000 visits')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def caption(policy: Policy, reference: str, used: Sequence[str]) -> list[str]:
    """What a picture was drawn from: references (by id or folder), policy and version."""
    import neocalc

    lines = [
        f"{ref.chart_label} ({ref.id}): {ref.citation_line}. Licence: {ref.licence}."
        for ref in map(find_reference, used)
    ]
    return [
        *lines,
        f"Policy: {policy.describe(reference)}.",
        f"Drawn by neocalc {neocalc.__version__} from its tables {tables_digest()[:16]}."
        " neocalc calculates; it does not prescribe.",
    ]
