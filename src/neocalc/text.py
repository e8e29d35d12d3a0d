"""Words for people: each status in plain words, and texts of the data with nothing hidden.

CSV, Parquet and JSON have the status words of `neocalc.errors`, which programs rely on. Charts,
reports and what a command prints have the words below, from this one table.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

PLAIN: Final = {
    "ok": "ok",
    "subject_conflict": "rows of the child contradict each other",
    "missing_value": "not measured",
    "missing_sex": "sex not stated",
    "missing_age": "age not stated",
    "missing_gestation": "gestation not stated",
    "invalid_sex": "sex not usable",
    "invalid_gestation": "gestation not usable",
    "invalid_age": "age not usable",
    "invalid_value": "value not usable",
    "age_below_reference": "younger than the chart",
    "age_above_reference": "older than the chart",
    "length_out_of_range": "length outside the chart",
    "no_reference": "no chart at this age",
    "oedema": "oedema",
    "implausible": "implausible",
    "interval_not_positive": "second visit not after the first",
    "interval_not_nominal": "no chart for this interval",
    "interval_interpolated": "between two intervals of the chart",
    "interval_scaled": "interval adjusted",
    "short_interval": "short interval",
    "non_positive_increment": "no growth, or a loss",
    "start_below_term": "first visit before 40 weeks",
    "above_velocity_reference": "older than the velocity chart",
    "no_table": "no velocity chart for this age and interval",
    "reference_changed": "two charts compared",
    "missing_subject": "no subject",
    "duplicate_visit": "rows of one day differ",
    "first_visit": "first visit",
    "no_baseline": "no baseline",
    "no_visit_in_window": "no visit in the window",
    "mixed_age_basis": "correction ends between the visits",
    "died": "died before",
    "withdrawn": "withdrawn before",
    "lost_to_follow_up": "lost to follow-up before",
    "missing_arm": "arm not stated",
    "other_arm": "another arm",
    "missing_dose_date": "date of the dose not stated",
    "other_day": "not the day of the dose",
    "not_eligible": "not eligible by age",
}
"""Each status word in plain words."""
QUIET: Final = frozenset(
    {
        "ok", "missing_value", "oedema", "no_reference", "interval_not_nominal",
        "interval_interpolated", "interval_scaled", "short_interval", "start_below_term",
        "above_velocity_reference", "no_table", "reference_changed", "first_visit", "no_baseline",
        "no_visit_in_window", "mixed_age_basis", "died", "withdrawn", "lost_to_follow_up",
        "other_arm", "other_day",
    }
)  # fmt: skip
"""The statuses that ask nobody to look at the row again: there is nothing in it to mend."""

NAMES: Final = {
    "weight": "weight",
    "length": "length or height",
    "head_circumference": "head circumference",
    "bmi": "BMI",
    "weight_for_length": "weight for length",
    "arm_circumference": "arm circumference",
    "triceps_skinfold": "triceps skinfold",
    "subscapular_skinfold": "subscapular skinfold",
}
"""Each measure as it is called in a sentence."""


def titled(text: str) -> str:
    """A text that begins a line.

    >>> titled("head circumference"), titled("BMI")
    ('Head circumference', 'BMI')
    """
    return f"{text[:1].upper()}{text[1:]}"


TITLES: Final = {measure: titled(name) for measure, name in NAMES.items()}
"""Each measure as it is called at the beginning of a line."""


def plain(word: str) -> str:
    """A status word in plain words.

    Examples
    --------
    >>> plain("age_above_reference"), plain("interval_scaled")
    ('older than the chart', 'interval adjusted')
    """
    return PLAIN[word]


def counted(counts: Mapping[str, int]) -> str:
    """How many have which status, in plain words, the most frequent first.

    Examples
    --------
    >>> counted({"oedema": 2, "missing_value": 1200})
    'not measured (1,200), oedema (2)'
    """
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{plain(word)} ({n:,})" for word, n in found if n)


def hidden(character: str) -> bool:
    """Whether a character is not seen, or changes how its neighbours are seen.

    Control characters, marks of direction and of joining, separators of lines, halves of a
    character and those that mean nothing; a line feed and a tab are seen by what they do.
    """
    return character not in "\n\t" and (
        unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn")
    )


def visible(text: str) -> str:
    """A text in which each hidden character stands as its code point.

    Examples
    --------
    >>> visible("00\u202e1")
    '00[U+202E]1'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[U+{ord(one):04X}]" if hidden(one) else one for one in text)


def listed(words: Iterable[str], last: str = "and") -> str:
    """Words in a sentence.

    Examples
    --------
    >>> listed(["weight"]), listed(["weight", "length", "head"])
    ('weight', 'weight, length and head')
    """
    *first, end = words
    return f"{', '.join(first)} {last} {end}" if first else end


def plain_number(value: float, decimals: int) -> str:
    """A number for people: no exponent and no trailing zero."""
    text = f"{value:.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def z_text(z: float | None) -> str:
    """A z-score for people, to two decimals."""
    return "-" if z is None else plain_number(z, 2)


def centile_text(z: float | None, centile: float | None) -> str:
    """A centile for people; the WHO gives none beyond +-3 SD."""
    if z is None or centile is None:
        return "-"
    if abs(z) > 3:
        return "<0.1" if z < 0 else ">99.9"
    return plain_number(centile, 1)
