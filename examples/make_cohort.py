"""Make ``cohort.csv``: simulated infants of a bronchopulmonary dysplasia trial, and their visits.

The infants do not exist. Each follows a made-up trajectory of z around the published medians; the
measurements come from that z, the reference table and some noise. Fourteen rows are then spoilt on
purpose, as listed in ``README.md``, so that the file shows what happens to bad input.

    python examples/make_cohort.py             # writes examples/cohort.csv
    python examples/make_cohort.py OTHER.csv

The same file comes out every time, on every machine: all numbers come from ``random.random()`` of a
seeded generator and are rounded to the gram and the millimetre. Only the standard library and
``reference_tables/`` are used.
"""

from __future__ import annotations

import csv
import datetime
import math
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent / "reference_tables"

SEED = 3271
DATA_CUT = datetime.date(2026, 6, 30)
COLUMNS = (
    "subject_id",
    "arm",
    "site",
    "visit",
    "sex",
    "birth_date",
    "gestational_age",
    "administered_on",
    "measured_on",
    "weight_g",
    "length_cm",
    "length_position",
    "head_circumference_cm",
    "oedema",
    "note",
)
MONTHS_AFTER = (1, 3, 6, 12, 18, 24)
NOTES = (
    "weighed twice, mean taken",
    'mother says "feeding well"',
    "length measured by two people, one new",
    'scale "B", after nappy change',
    "on diuretics, dose unchanged",
)
Row = dict[str, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Infant:
    """One simulated infant. z of weight, length and head at birth, and how they go on."""

    subject_id: str
    site: str
    arm: str
    sex: str
    born: datetime.date
    gestation: int  # days
    administered: datetime.date | None
    z_at_birth: tuple[float, float, float]
    fall: float  # SD, after birth
    regained: float  # fraction of the fall that is caught up in the end


@cache
def table(reference: str, measure: str) -> dict[tuple[str, int], tuple[float, float, float]]:
    """L, M, S by sex and day."""
    with (TABLES / reference / f"{measure}.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return {(row[0], int(row[1])): (float(row[2]), float(row[3]), float(row[4])) for row in rows}


def measurement(measure: str, sex: str, postmenstrual: int, z: float) -> float:
    """Weight [g], length or head circumference [cm]: Fenton 2013 to 50 weeks, then the WHO."""
    if postmenstrual <= 350:
        l, m, s = table("fenton-2013", measure)[sex, postmenstrual]  # noqa: E741
        grams = 1.0
    else:
        l, m, s = table("who-2006", measure)[sex, postmenstrual - 280]  # noqa: E741
        grams = 1000.0 if measure == "weight" else 1.0
    return m * grams * (math.exp(s * z) if abs(l) < 1e-6 else (1 + l * s * z) ** (1 / l))


# Only random() is promised to give the same numbers in every version of Python.


def normal(rng: random.Random, mean: float, sd: float) -> float:
    """A normal deviate."""
    return statistics.NormalDist(mean, sd).inv_cdf(0.001 + 0.998 * rng.random())


def whole(rng: random.Random, low: int, high: int) -> int:
    """A whole number, both ends included."""
    return low + int(rng.random() * (high - low + 1))


def one_of(rng: random.Random, things: Sequence[T]) -> T:
    """One of several."""
    return things[whole(rng, 0, len(things) - 1)]


def shuffled(rng: random.Random, things: Sequence[T]) -> list[T]:
    """In another order."""
    keyed = [(rng.random(), place) for place in range(len(things))]
    return [things[place] for _, place in sorted(keyed)]


def make_infant(rng: random.Random, number: int, kind: str) -> Infant:
    """Preterm with BPD (24-31 weeks), late preterm (32-36) or a control born at term."""
    weeks = {"bpd": (24, 31), "late": (32, 36), "term": (38, 41)}[kind]
    gestation = 7 * whole(rng, *weeks) + whole(rng, 0, 6)
    born = datetime.date(2023, 1, 9) + datetime.timedelta(days=whole(rng, 0, 850))
    administered = None
    if kind != "term":
        # 36 weeks at the earliest, when the lung disease is graded, and 28 days of age.
        after = max(252 - gestation, 28) + whole(rng, 0, 10)
        administered = born + datetime.timedelta(days=after)
    z_weight = normal(rng, -0.5 if kind != "term" else 0.1, 0.6)
    z = (z_weight, z_weight + normal(rng, 0, 0.35), z_weight + normal(rng, 0.1, 0.35))
    site = f"{whole(rng, 1, 3):03}"
    return Infant(
        subject_id=f"{site}-{number:04}",
        site=site,
        arm="control" if kind == "term" else one_of(rng, ["A", "B"]),
        sex=one_of(rng, ["female", "male"]),
        born=born,
        gestation=gestation,
        administered=administered,
        z_at_birth=z,
        fall=normal(rng, 0.9, 0.12) if kind != "term" else 0.2,
        regained=0.5 + 0.4 * rng.random(),
    )


def visits(rng: random.Random, infant: Infant) -> list[tuple[str, datetime.date]]:
    """Birth, about weekly to 36 weeks, 40 weeks, then months after the administration."""
    planned = [("birth", infant.born)]
    day, at_36 = whole(rng, 6, 8), 252 - infant.gestation
    while day < at_36 - 4:
        planned.append((f"day {day}", infant.born + datetime.timedelta(days=day)))
        day += whole(rng, 7, 14)
    if at_36 > 0:
        planned.append(("36 weeks", infant.born + datetime.timedelta(days=at_36)))
    if infant.gestation < 273:
        at_40 = 280 - infant.gestation + whole(rng, -2, 2)
        planned.append(("40 weeks", infant.born + datetime.timedelta(days=at_40)))
    start = infant.administered or infant.born
    for months in MONTHS_AFTER:
        late = whole(rng, -3, 6) if months < 6 else whole(rng, -7, 14)
        day = math.floor(months * 30.4375 + 0.5) + late
        planned.append((f"month {months}", start + datetime.timedelta(days=day)))
    attended = [
        (name, date)
        for name, date in planned
        if date <= DATA_CUT and (name in ("birth", "36 weeks") or rng.random() > 0.06)
    ]
    kept: list[tuple[str, datetime.date]] = []
    for name, date in sorted(attended, key=lambda visit: visit[1]):
        if not kept or (date - kept[-1][1]).days >= 4:
            kept.append((name, date))
    return kept


def z_now(start: float, infant: Infant, age: int, share: float, days: float) -> float:
    """A fall within some days after birth, a plateau to term, then a slow return."""
    fallen = 1 - math.exp(-age / days)
    after_term = max(infant.gestation + age - 280, 0)
    caught_up = infant.regained * (1 - math.exp(-after_term / 330))
    return start - share * infant.fall * fallen * (1 - caught_up)


def gestation_text(days: int) -> str:
    """27+3 and the like."""
    return f"{days // 7}+{days % 7}"


def make_row(rng: random.Random, infant: Infant, visit: str, on: datetime.date) -> Row:
    """One visit, before anything is spoilt."""
    age = (on - infant.born).days
    postmenstrual = infant.gestation + age
    ways = (  # weight falls at once; length falls further, the head less; how noisy each is
        ("weight", 1.0, 5.0, 0.08),
        ("length", 1.1, 30.0, 0.1),
        ("head_circumference", 0.6, 20.0, 0.1),
    )
    weight, length, head = (
        measurement(
            measure,
            infant.sex,
            postmenstrual,
            z_now(start, infant, age, share, days) + normal(rng, 0, noise),
        )
        for (measure, share, days, noise), start in zip(ways, infant.z_at_birth, strict=True)
    )
    grams = round(weight) if weight < 2500 else 10 * round(weight / 10)
    # A few clinics change to the stadiometer at two years of chronological age.
    standing = age >= 731 and infant.site != "002"
    if standing and postmenstrual - 280 < 731:
        length -= 0.7  # the table was of lengths
    elif not standing and postmenstrual - 280 >= 731:
        length += 0.7  # the table was of heights
    return {
        "subject_id": infant.subject_id,
        "arm": infant.arm,
        "site": infant.site,
        "visit": visit,
        "sex": infant.sex,
        "birth_date": infant.born.isoformat(),
        "gestational_age": gestation_text(infant.gestation),
        "administered_on": infant.administered.isoformat() if infant.administered else "",
        "measured_on": on.isoformat(),
        "weight_g": str(grams),
        "length_cm": f"{length:.1f}",
        "length_position": "standing" if standing else "recumbent",
        "head_circumference_cm": f"{head:.1f}",
        "oedema": "no",
        "note": one_of(rng, NOTES) if rng.random() < 0.06 else "",
    }


def spoil(rng: random.Random, rows: list[Row]) -> list[Row]:
    """Put the bad rows in, each in another infant, each with a note that says so."""
    unused = shuffled(rng, sorted({row["subject_id"] for row in rows}))

    def pick(visit: str, gestation: str = "") -> Row:
        """The visit of the next infant that has it, and had nothing spoilt yet."""
        for subject in unused:
            for row in rows:
                fits = gestation in ("", row["gestational_age"])
                if (row["subject_id"], row["visit"]) == (subject, visit) and fits:
                    unused.remove(subject)
                    return row
        raise LookupError(f"no infant is left with the visit {visit}")

    def change(row: Row, note: str, **new: str) -> None:
        row.update(new, note=f"simulated error: {note}")

    row = pick("36 weeks", gestation="27+3")
    change(row, "gestation as a decimal, 27+3 or 27.3 weeks?", gestational_age="27.3")
    row = pick("40 weeks", gestation="29+0")
    change(row, "gestation with 7 days, for 29+0", gestational_age="28+7")
    change(pick("month 3"), "sex missing", sex="")
    change(pick("month 1"), 'sex "X"', sex="X")
    row = pick("birth")
    before = datetime.date.fromisoformat(row["birth_date"]) - datetime.timedelta(days=3)
    change(row, "measured before birth", measured_on=before.isoformat())
    row = pick("month 6")
    day_first = datetime.date.fromisoformat(row["measured_on"]).strftime("%d/%m/%Y")
    change(row, "date not in the ISO form", measured_on=day_first)
    change(pick("36 weeks"), "weight zero", weight_g="0")
    row = pick("40 weeks")
    kilograms = f"{int(row['weight_g']) / 1000:.2f}"
    change(row, "weight in kg under a heading in g", weight_g=kilograms)
    change(pick("month 1"), "weight missing", weight_g="")
    row = pick("month 12")
    change(row, "decimal comma", weight_g=f"{row['weight_g']},5")
    row = pick("month 3")
    tenfold = row["length_cm"].replace(".", "")
    change(row, "length tenfold, the decimal point lost", length_cm=tenfold)
    row = pick("36 weeks")
    change(row, "", oedema="yes", weight_g=str(int(row["weight_g"]) + 240))
    row["note"] = "simulated: oedema, so the weight is not scored"
    row = pick("month 6")
    change(row, "the same visit twice")
    rows.insert(rows.index(row), dict(row))
    return rows


def make_cohort() -> list[Row]:
    """All rows, by subject and date of the visit (as it was before rows were spoilt)."""
    rng = random.Random(SEED)
    kinds = ["bpd"] * 28 + ["late"] * 7 + ["term"] * 4
    infants = [
        make_infant(rng, number, kind) for number, kind in enumerate(shuffled(rng, kinds), start=1)
    ]
    rows = [make_row(rng, infant, *visit) for infant in infants for visit in visits(rng, infant)]
    rows.sort(key=lambda row: (row["subject_id"], row["measured_on"]))
    return spoil(rng, rows)


def write(path: Path) -> int:
    """Write the table; the number of its rows."""
    rows = make_cohort()
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "cohort.csv"
    print(f"{target}: {write(target)} rows of simulated infants")
