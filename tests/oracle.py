"""A second, deliberately plain implementation of the attained-growth rules, to test neocalc with.

It shares nothing with the library: one infant, one measurement, one value at a time; the standard
library only; no numpy, no interpolation in age, no cleverness. It is meant to be read beside the
published rules in ten minutes. All it has in common with the library is the published tables.

Units inside: kg, cm, mm (skinfolds), kg/m2, whole days. ``gestation`` is whole days at birth, or
None when it is not stated. Sources:

- LMS: Cole & Green, Stat Med 1992;11:1305-19, doi 10.1002/sim.4780111005.
- Restriction beyond 3 SD, 0.7 cm, flag limits, weight-for-length: WHO Child Growth Standards
  (2006), ISBN 92 4 154693 X, chapter 7, and the WHO's R package ``anthro``.
- Postmenstrual and corrected age: Engle, Pediatrics 2004;114:1362-4, doi 10.1542/peds.2004-1915.
- Fenton & Kim, BMC Pediatr 2013;13:59; Fenton, Elmrayed & Alshaikh 2025, doi 10.1111/ppe.70035.
- WHO reference, 5 to 19 years: de Onis 2007, doi 10.2471/BLT.07.043497, and the WHO's R package
  ``anthroplus``: age in months is days / 30.4375, L, M and S are linear between two months.
- INTERGROWTH-21st: Villar 2015, doi 10.1016/S2214-109X(15)00163-1 (preterm infants after birth);
  Villar 2016, doi 10.1016/S0140-6736(16)00384-6 (newborns below 33 weeks); Villar 2014, doi
  10.1016/S0140-6736(14)60932-6 (newborns from 33 weeks). The first two are computed here from the
  published equations, not from a table.
"""

from __future__ import annotations

import csv
import datetime
import math
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLES = Path(__file__).resolve().parents[1] / "reference_tables"

WHO = "who-2006"
SCHOOL = "who-2007"
FENTON = ("fenton-2013", "fenton-2025")
INTERGROWTH = "intergrowth-21st-preterm"
PRETERM_CHARTS = (*FENTON, INTERGROWTH)
BIRTH = "fenton-2025-birth"
BIRTH_21 = "intergrowth-21st-newborn"

TERM = 280  # 40w0d
FIRST_GESTATION, LAST_GESTATION = 140, 314  # 20w0d, 44w6d
DAYS_PER_MONTH = 30.4375
FIRST_HEIGHT_DAY = 731  # 24 months: height, not length, from this day on
FIRST_STANDING_DAY = 274  # 9 months: a younger infant cannot have been measured standing
LAST_WHO_DAY = 1826  # the last whole day below 60 months
LAST_SCHOOL_MONTH = {"weight": 120, "length": 228, "bmi": 228}
LAST_INTERGROWTH_DAY = 448  # 64w0d
FIRST_ST3_DAY = 231  # 33w0d: before it newborns are scored by the very preterm equations
RECUMBENT_MINUS_STANDING = 0.7  # cm

PRETERM_MEASURES = ("weight", "length", "head_circumference")
WEIGHT_BASED = ("weight", "weight_for_length", "bmi")
PLAIN_WHO = ("length", "head_circumference")

# Flagged when z, rounded to 2 decimals, lies strictly outside: the WHO's limits, for every chart.
FLAG_LIMITS = {
    "weight": (-6.0, 5.0),
    "length": (-6.0, 6.0),
    "head_circumference": (-5.0, 5.0),
    "bmi": (-5.0, 5.0),
    "weight_for_length": (-5.0, 5.0),
    "arm_circumference": (-5.0, 5.0),
    "triceps_skinfold": (-5.0, 5.0),
    "subscapular_skinfold": (-5.0, 5.0),
}

# Preterm charts have a lower limit beside that of z, which cannot fall far where L and S are large:
# the -6 SD line that the chart would have if it were lognormal with the same S.
SMALL_SD = 6

# When several things are wrong, the first of these is reported.
STATUS_ORDER = (
    "missing_value",
    "missing_sex",
    "missing_age",
    "missing_gestation",
    "invalid_sex",
    "invalid_gestation",
    "invalid_age",
    "invalid_value",
    "age_below_reference",
    "age_above_reference",
    "length_out_of_range",
    "no_reference",
    "oedema",
    "implausible",
    "ok",
)


class LMS(NamedTuple):
    """One row of a table."""

    L: float
    M: float
    S: float


class Answer(NamedTuple):
    """The answer to one measurement. ``z`` is nan when there is none; ``status`` says why."""

    z: float
    reference: str
    age_basis: str
    method: str
    status: str


class BirthAnswer(NamedTuple):
    """Size at birth. ``category`` is SGA below the 10th centile, LGA above the 90th, else AGA."""

    z: float
    centile: float
    category: str
    status: str


class Ages(NamedTuple):
    """Ages in days. Without a stated gestation only the chronological age is known."""

    chronological: int
    postmenstrual: int | None
    corrected: int | None
    expected_date: datetime.date | None


@dataclass(frozen=True)
class Policy:
    """Which reference, at which age. In days; the last day each applies to, unless it says so."""

    preterm_reference: str = "fenton-2013"
    handover: int = 350  # postmenstrual: 50w0d is the last day of the preterm reference
    preterm_below: int = 259  # gestation: the first that is not preterm, 37w0d
    correct_until: int = 1096  # corrected: 36 months, the last day that is corrected
    school_age: bool = True  # from day 1827 on the WHO's reference of 5 to 19 years


DEFAULT_POLICY = Policy()


# ------------------------------------------------------------------------------------------ tables


@cache
def table(reference: str, measure: str) -> dict[tuple[str, int], LMS]:
    """Rows by sex and whole number: day, completed week, or length in tenths of a centimetre."""
    rows: dict[tuple[str, int], LMS] = {}
    with (TABLES / reference / f"{measure}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sex, axis = row.pop("sex"), next(iter(row))
            tenths = axis == "length_cm"
            at = round(float(row[axis]) * 10) if tenths else int(row[axis])
            rows[sex, at] = LMS(float(row["L"]), float(row["M"]), float(row["S"]))
    return rows


@cache
def table_range(reference: str, measure: str) -> tuple[int, int]:
    """First and last row. The publisher does not use head circumference at birth in week 22."""
    at = [key for _, key in table(reference, measure)]
    first = 23 if (reference, measure) == (BIRTH, "head_circumference") else min(at)
    return first, max(at)


def interpolated_row(measure: str, sex: str, length: float) -> LMS | None:
    """Weight-for-length (or -height) at any length: L, M, S linear between rows, None outside."""
    rows = table(WHO, measure)
    first, last = table_range(WHO, measure)
    tenths = round(length * 10, 9)  # 44.3 + 0.7 is 45, whatever the binary fraction says
    if not first <= tenths <= last:
        return None
    below = math.floor(tenths)
    part = tenths - below
    if part == 0:
        return rows[sex, below]
    low, high = rows[sex, below], rows[sex, below + 1]
    return LMS(*(a + part * (b - a) for a, b in zip(low, high, strict=True)))


def table_row(reference: str, measure: str, sex: str, day: int) -> LMS:
    """The row of a day, of any chart of growth."""
    if reference == INTERGROWTH:
        return intergrowth_row(measure, sex, day)
    if reference == SCHOOL:
        months = day / DAYS_PER_MONTH
        below = math.floor(months)
        low = table(SCHOOL, measure)[sex, below]
        high = table(SCHOOL, measure).get((sex, below + 1), low)
        part = months - below
        return LMS(*(a + part * (b - a) for a, b in zip(low, high, strict=True)))
    return table(reference, measure)[sex, day]


def days_of_table(reference: str, measure: str) -> tuple[int, int]:
    """First and last day of a chart of growth."""
    if reference == INTERGROWTH:
        return 189, LAST_INTERGROWTH_DAY
    if reference == SCHOOL:
        return LAST_WHO_DAY + 1, math.floor(LAST_SCHOOL_MONTH[measure] * DAYS_PER_MONTH)
    return table_range(reference, measure)


def intergrowth_row(measure: str, sex: str, day: int) -> LMS:
    """Villar 2015, at exact weeks of postmenstrual age: L = 0 is normal in ln, L = 1 normal."""
    w, b = day / 7, 1 if sex == "male" else 0
    if measure == "weight":
        median = math.exp(2.591277 - 0.01155 * w**0.5 - 2201.705 / w**2 + 0.0911639 * b)
        return LMS(0, median, 0.1470258 + 505.92394 / w**2 - 140.0576 / w**2 * math.log(w))
    if measure == "length":
        median = math.exp(4.136244 - 547.0018 / w**2 + 0.0026066 * w + 0.0314961 * b)
        return LMS(0, median, 0.050489 + 310.44761 / w**2 - 90.0742 / w**2 * math.log(w))
    mean = 55.53617 - 852.0059 / w + 0.7957903 * b
    return LMS(1, mean, (3.0582292 + 3910.05 / w**2 - 180.5625 / w) / mean)


def very_preterm_row(measure: str, sex: str, day: int) -> LMS:
    """Villar 2016, at exact weeks of gestation."""
    w, b = day / 7, 1 if sex == "male" else 0
    if measure == "weight":
        median = math.exp(-7.00303 + 1.325911 * w**0.5 + 0.0571937 * b)
        return LMS(0, median, 0.0373218**0.5)
    if measure == "length":
        mean = 1.307633 + 1.270022 * w + 0.4263885 * b
        return LMS(1, mean, 6.757543**0.5 / mean)
    mean = 0.7866522 + 0.887638 * w + 0.2513385 * b
    return LMS(1, mean, 2.433481**0.5 / mean)


# ------------------------------------------------------------------------------------------- skew t


class ST3(NamedTuple):
    """One row of a skew t table of newborns (Villar 2014)."""

    mu: float
    sigma: float
    nu: float
    tau: float


@cache
def st3_table(measure: str) -> dict[tuple[str, int], ST3]:
    """Rows by sex and day of gestation, from 33w0d on."""
    path = TABLES / BIRTH_21 / f"{measure}_{FIRST_ST3_DAY}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["sex"], int(row["gestational_age_days"])): ST3(
                *(float(row[name]) for name in ST3._fields)
            )
            for row in csv.DictReader(file)
        }


def incomplete_beta(x: float, a: float, b: float) -> float:
    """I_x(a, b) by its continued fraction (Abramowitz & Stegun 26.5.8), summed from the far end."""
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    fraction = 0.0
    for m in range(300, 0, -1):
        odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1))
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        fraction = odd / (1 + even / (1 + fraction))
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    return front / a / (1 + fraction)


def t_tail(x: float, freedom: float) -> float:
    """The share of Student's t beyond x, x above 0."""
    return incomplete_beta(freedom / (freedom + x * x), freedom / 2, 0.5) / 2


def st3_z(y: float, row: ST3) -> float:
    """The share below y, or above it where that is smaller, as a normal deviate."""
    x, square = (y - row.mu) / row.sigma, row.nu * row.nu
    normal = statistics.NormalDist()
    if x == 0:
        return normal.inv_cdf(1 / (1 + square))
    if x < 0:
        below = 2 * t_tail(-row.nu * x, row.tau) / (1 + square)
        return normal.inv_cdf(below)
    above = 2 * square * t_tail(x / row.nu, row.tau) / (1 + square)
    return -normal.inv_cdf(above)


# --------------------------------------------------------------------------------------------- LMS


def plain_z(y: float, row: LMS) -> float:
    """z = ((y/M)^L - 1) / (L S); ln(y/M)/S when L is 0. expm1 keeps the digits near L = 0."""
    log_ratio = math.log(y / row.M)
    if row.L == 0:
        return log_ratio / row.S
    return math.expm1(row.L * log_ratio) / (row.L * row.S)


def plain_inverse(z: float, row: LMS) -> float:
    """y = M (1 + L S z)^(1/L), or M exp(S z) when L is 0; nan where the curve does not reach z."""
    if row.L == 0:
        return row.M * math.exp(row.S * z)
    base = row.L * row.S * z
    if base <= -1:
        return math.nan
    return row.M * math.exp(math.log1p(base) / row.L)


def restricted_z(y: float, row: LMS) -> float:
    """Beyond 3 SD, count in steps as wide as the one between 2 and 3 SD on that side."""
    z = plain_z(y, row)
    if z > 3:
        sd2, sd3 = plain_inverse(2, row), plain_inverse(3, row)
        return 3 + (y - sd3) / (sd3 - sd2)
    if z < -3:
        sd2, sd3 = plain_inverse(-2, row), plain_inverse(-3, row)
        return -3 + (y - sd3) / (sd2 - sd3)
    return z


def restricted_inverse(z: float, row: LMS) -> float:
    """The measurement whose restricted z this is; nan where it would not be above 0."""
    if z > 3:
        sd2, sd3 = plain_inverse(2, row), plain_inverse(3, row)
        return sd3 + (z - 3) * (sd3 - sd2)
    if z < -3:
        sd2, sd3 = plain_inverse(-2, row), plain_inverse(-3, row)
        y = sd3 + (z + 3) * (sd2 - sd3)
        return y if y > 0 else math.nan
    return plain_inverse(z, row)


def method_of(reference: str, measure: str) -> str:
    """WHO restricts all but length and head circumference; Fenton only its 2025 weight."""
    if reference == INTERGROWTH:
        return "normal" if measure == "head_circumference" else "lognormal"
    if reference in (WHO, SCHOOL):
        return "lms" if measure in PLAIN_WHO else "lms-restricted"
    return "lms-restricted" if reference != "fenton-2013" and measure == "weight" else "lms"


def z_of(y: float, row: LMS, method: str) -> float:
    """z by the named method."""
    return restricted_z(y, row) if method == "lms-restricted" else plain_z(y, row)


def measurement_of(z: float, row: LMS, method: str) -> float:
    """The inverse of :func:`z_of`."""
    return restricted_inverse(z, row) if method == "lms-restricted" else plain_inverse(z, row)


def centile_of(z: float) -> float:
    """100 Phi(z)."""
    return 50 * math.erfc(-z / math.sqrt(2))


def is_flagged(reference: str, measure: str, z: float) -> bool:
    """As ``anthro`` does it: first 2 decimals, then strictly outside the limits.

    The limits are the WHO's for the WHO's tables; beyond 6 SD on the preterm charts, but for the
    weight of newborns of INTERGROWTH-21st, whose upper tail is heavy: above 5 SD.
    """
    low, high = FLAG_LIMITS[measure] if reference in (WHO, SCHOOL) else (-6, 6)
    if reference == BIRTH_21 and measure == "weight":
        high = 5
    return not low <= round(z, 2) <= high


def is_too_small(reference: str, value: float, row: LMS) -> bool:
    """On a chart of Fenton: below M exp(-6 S)."""
    return reference in (*FENTON, BIRTH) and value < row.M * math.exp(-SMALL_SD * row.S)


# -------------------------------------------------------------------------------------------- ages


def months_to_days(months: float) -> int:
    """30.4375 days to the month, halves up: 24 months is day 731."""
    return math.floor(months * DAYS_PER_MONTH + 0.5)


def parse_gestation(text: str) -> int:
    """Days from "27+3", "27w3d" or "27 3/7", within 20w0d-44w6d. All else is refused."""
    forms = r"(\d\d)\+(\d)", r"(\d\d)w(\d)d", r"(\d\d) (\d)/7"
    for form in forms:
        found = re.fullmatch(form, text)
        if found:
            weeks, days = int(found[1]), int(found[2])
            if days <= 6 and FIRST_GESTATION <= 7 * weeks + days <= LAST_GESTATION:
                return 7 * weeks + days
    raise ValueError(f"not a gestational age: {text!r}")


def ages(born: datetime.date, on: datetime.date, gestation: int | None) -> Ages:
    """The day of birth is day 0; at 40w0d the postmenstrual age is 280, the corrected age 0."""
    chronological = (on - born).days
    if gestation is None:
        return Ages(chronological, None, None, None)
    early = TERM - gestation
    expected = born + datetime.timedelta(days=early)
    return Ages(chronological, gestation + chronological, chronological - early, expected)


# ------------------------------------------------------------------------------------------ length


def adjusted_length(length: float, position: str | None, day: int | None) -> float:
    """Recumbent length before 24 months, standing height from then on; 0.7 cm between the two.

    A standing measurement below 9 months is taken as it is, its position not believed.
    """
    standing, recumbent = position in ("standing", "h"), position in ("recumbent", "l")
    if day is None:
        return length
    if standing and FIRST_STANDING_DAY <= day < FIRST_HEIGHT_DAY:
        return length + RECUMBENT_MINUS_STANDING
    if recumbent and day >= FIRST_HEIGHT_DAY:
        return length - RECUMBENT_MINUS_STANDING
    return length


def weight_table(length: float, position: str | None, day: int | None) -> str:
    """By age; where the age is not known by position; where neither is, by 87 cm."""
    if day is not None:
        height = day >= FIRST_HEIGHT_DAY
    elif position is not None:
        height = position in ("standing", "h")
    else:
        height = length >= 87
    return "weight_for_height" if height else "weight_for_length"


# ------------------------------------------------------------------------------------------ policy


class Choice(NamedTuple):
    """The reference (empty when there is none), the age basis, the age [day] on that basis."""

    reference: str
    age_basis: str
    day: int


def choose(
    measure: str, chronological: int, gestation: int | None, reference: str, policy: Policy
) -> Choice:
    """Which reference at which age. A named preterm chart's gestation is checked before."""
    if reference in PRETERM_CHARTS:
        if measure not in PRETERM_MEASURES:
            return Choice("", "", 0)
        assert gestation is not None
        return Choice(reference, "postmenstrual", gestation + chronological)

    if reference == SCHOOL and measure not in LAST_SCHOOL_MONTH:
        return Choice("", "", 0)

    def after(age_basis: str, day: int) -> Choice:
        """The WHO's: the reference of school age where there is one, from day 1827."""
        school = measure in LAST_SCHOOL_MONTH and policy.school_age and day > LAST_WHO_DAY
        if reference == SCHOOL or (reference == "auto" and school):
            return Choice(SCHOOL, age_basis, day)
        return Choice(WHO, age_basis, day)

    if gestation is None or gestation >= policy.preterm_below:
        return after("chronological", chronological)

    postmenstrual = gestation + chronological
    corrected = postmenstrual - TERM
    if reference == "auto":
        if measure in PRETERM_MEASURES and postmenstrual <= policy.handover:
            return Choice(policy.preterm_reference, "postmenstrual", postmenstrual)
        if measure not in PRETERM_MEASURES and corrected < 0:
            return Choice("", "", 0)
    if corrected <= policy.correct_until:
        return after("corrected", corrected)
    return after("chronological", chronological)


# ----------------------------------------------------------------------------------------- z-score


def first_status(found: Iterable[str]) -> str:
    """The one that comes first in the list of status words."""
    return min(found, key=STATUS_ORDER.index)


def is_missing(value: float | None) -> bool:
    """None or nan."""
    return value is None or math.isnan(value)


def zscore(
    measure: str,
    value: float | None,
    *,
    sex: str | None,
    chronological: int | None,
    gestation: int | None = None,
    length: float | None = None,
    position: str | None = None,
    oedema: bool = False,
    reference: str = "auto",
    policy: Policy = DEFAULT_POLICY,
) -> Answer:
    """z of one measurement [kg, cm, mm or kg/m2] at an age [day].

    ``weight_for_length`` takes a weight and ``length``; ``bmi`` a BMI, or a weight with ``length``.
    """
    # What is wrong with what was given?
    wrong = []
    length_needed = measure == "weight_for_length"
    if is_missing(value) or (length_needed and is_missing(length)):
        wrong.append("missing_value")
    if value is not None and not 1e-9 < value < 1e9:
        wrong.append("invalid_value")
    if length is not None and not 1e-9 < length < 1e9:
        wrong.append("invalid_value")
    if sex is None:
        wrong.append("missing_sex")
    elif sex not in ("male", "female"):
        wrong.append("invalid_sex")
    if chronological is None:
        if not length_needed:
            wrong.append("missing_age")
    elif chronological < 0:
        wrong.append("invalid_age")
    if gestation is None:
        if reference in PRETERM_CHARTS:
            wrong.append("missing_gestation")
    elif not FIRST_GESTATION <= gestation <= LAST_GESTATION:
        wrong.append("invalid_gestation")
    if wrong:
        return Answer(math.nan, "", "", "", first_status(wrong))
    assert value is not None
    assert sex is not None

    # Which reference, and is it within its ages?
    if chronological is None:
        choice, day = Choice(WHO, "", 0), None
    else:
        choice = choose(measure, chronological, gestation, reference, policy)
        day = choice.day if choice.reference in (WHO, SCHOOL) else None
    if not choice.reference:
        return Answer(math.nan, "", "", "", "no_reference")
    method = method_of(choice.reference, measure)

    def no_answer(status: str) -> Answer:
        return Answer(math.nan, choice.reference, choice.age_basis, method, status)

    if measure == "weight_for_length":
        first, last = 0, LAST_WHO_DAY
    else:
        first, last = days_of_table(choice.reference, measure)
    if choice.day < first:
        return no_answer("age_below_reference")
    if choice.day > last:
        return no_answer("age_above_reference")

    # The measurement as the table wants it, and its row.
    weight, length_given = (None, 0.0) if length is None else (value, length)
    if measure == "length":
        value = adjusted_length(value, position, day)
    if length is not None:
        length = adjusted_length(length, position, day)
    if measure == "bmi" and length is not None:
        value = value / (length / 100) ** 2
    if measure == "weight_for_length":
        assert length is not None
        row = interpolated_row(weight_table(length, position, day), sex, length)
        if row is None:
            return no_answer("length_out_of_range")
    else:
        row = table_row(choice.reference, measure, sex, choice.day)
    if choice.reference in FENTON and measure == "weight":
        value = value * 1000  # these tables are in grams

    if oedema and measure in WEIGHT_BASED:
        return no_answer("oedema")
    z = z_of(value, row, method)
    flagged = is_flagged(choice.reference, measure, z)
    flagged = flagged or is_too_small(choice.reference, value, row)
    # What a BMI or a weight-for-length is made of is too small by its own chart, at its own age.
    if weight is not None and length is not None and chronological is not None:
        for part, given in (("weight", weight), ("length", length_given)):
            own = choose(part, chronological, gestation, reference, policy)
            grams = 1000 if part == "weight" and own.reference in FENTON else 1
            if own.reference in FENTON:
                first, last = days_of_table(own.reference, part)
                if first <= own.day <= last:
                    at = table_row(own.reference, part, sex, own.day)
                    flagged = flagged or is_too_small(own.reference, given * grams, at)
    status = "implausible" if flagged else "ok"
    return Answer(z, choice.reference, choice.age_basis, method, status)


def size_at_birth(measure: str, value: float, *, sex: str, gestation: int) -> BirthAnswer:
    """By completed week: 36w0d to 36w6d are week 36. Weight in kg; the table is in grams."""
    week = gestation // 7
    first, last = table_range(BIRTH, measure)
    if week < first:
        return BirthAnswer(math.nan, math.nan, "", "age_below_reference")
    if week > last:
        return BirthAnswer(math.nan, math.nan, "", "age_above_reference")
    row = table(BIRTH, measure)[sex, week]
    value = value * 1000 if measure == "weight" else value
    z = z_of(value, row, method_of(BIRTH, measure))
    flagged = is_flagged(BIRTH, measure, z) or is_too_small(BIRTH, value, row)
    return birth_answer(z, flagged)


def size_at_birth_21(measure: str, value: float, *, sex: str, gestation: int) -> BirthAnswer:
    """By day of gestation, 24w0d to 42w6d; from 33w0d on by the skew t. Weight in kg."""
    if gestation < 168:
        return BirthAnswer(math.nan, math.nan, "", "age_below_reference")
    if gestation > 300:
        return BirthAnswer(math.nan, math.nan, "", "age_above_reference")
    if gestation < FIRST_ST3_DAY:
        row = very_preterm_row(measure, sex, gestation)
        z, small = plain_z(value, row), 0.0
    else:
        skewed = st3_table(measure)[sex, gestation]
        z = st3_z(value, skewed)
        small = skewed.mu * math.exp(-SMALL_SD * skewed.sigma / skewed.mu)
    return birth_answer(z, is_flagged(BIRTH_21, measure, z) or value < small)


def birth_answer(z: float, flagged: bool) -> BirthAnswer:
    """The category by the 10th and the 90th centile."""
    centile = centile_of(z)
    category = "SGA" if centile < 10 else "LGA" if centile > 90 else "AGA"
    return BirthAnswer(z, centile, category, "implausible" if flagged else "ok")
