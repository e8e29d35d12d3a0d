"""What somebody who knows growth would ask of a table before it is scored.

Each is a question about the table as a whole, with how many rows it concerns; no value is repeated.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from neocalc.cohort.canonical import DAYS_OLD, DECIMAL
from neocalc.visits.frames import texts
from neocalc.visits.inspection import Column, Values, values_of

if TYPE_CHECKING:
    import polars as pl

_SIZES: Final = (
    # canonical, below or above which median, what it looks like
    ("weight_kg", 100.0, math.inf, "grams"),
    ("weight_g", 0.0, 60.0, "kilograms"),
    ("length_cm", 200.0, math.inf, "millimetres"),
    ("length_cm", 0.0, 3.0, "metres"),
    ("head_circumference_cm", 100.0, math.inf, "millimetres"),
    ("head_circumference_cm", 0.0, 18.0, "inches"),
    ("head_circumference_mm", 0.0, 80.0, "centimetres"),
    ("arm_circumference_cm", 35.0, math.inf, "millimetres"),
    ("arm_circumference_mm", 0.0, 35.0, "centimetres"),
    ("age_months", 150.0, math.inf, "days"),
    ("age_years", 19.0, math.inf, "months or days"),
    ("gestational_age_days", 0.0, 50.0, "weeks"),
    (DECIMAL, 100.0, math.inf, "days"),
)
_MANY: Final = 10


def suspicions(table: pl.DataFrame, columns: list[Column]) -> list[str]:
    """What is asked of a table.

    Parameters
    ----------
    table : polars.DataFrame
        The rows.
    columns : list of Column
        What its columns seem to be.
    """
    proposed = {c.canonical: c for c in columns if c.canonical}
    values = {name: values_of(table[c.own]) for name, c in proposed.items()}
    found = _units(proposed, values) + _inches(proposed, values)
    for column in columns:
        if column.kind == "gestation":
            found += _weeks_and_days(column, values_of(table[column.own]))
    return found + _same_child(table, proposed) + _times(table, proposed)


def _median(values: Values | None) -> float:
    if values is None or len(values.numbers) < 3:
        return math.nan
    return float(values.numbers.median())  # type: ignore[arg-type]


def _units(proposed: dict[str, Column], values: dict[str, Values]) -> list[str]:
    """Columns whose figures look like another unit than their name says."""
    said = []
    for name, low, high, unit in _SIZES:
        middle = _median(values.get(name))
        if low < middle < high and middle > 0:
            own = name.rpartition("_")[2]
            said.append(f"{proposed[name].name}: its figures look like {unit}, and not {own}")
    return said


def _inches(proposed: dict[str, Column], values: dict[str, Values]) -> list[str]:
    """Lengths that are too short for the weights: inches."""
    length = _median(values.get("length_cm"))
    weight = _median(values.get("weight_kg"))
    if math.isnan(weight):
        weight = _median(values.get("weight_g")) / 1000
    if 12 < length < 45 and weight > 0 and weight < 100:
        shortest = 20 * weight ** (1 / 3)  # a child of that weight is about 33 of it to a third
        if length < shortest:
            return [
                f"{proposed['length_cm'].name}: lengths are too short for the weights: are they in"
                " inches?"
            ]
    return []


def _weeks_and_days(column: Column, values: Values) -> list[str]:
    """Gestations as decimals whose tenths are 0 to 6 alone: weeks and days, as it seems."""
    numbers = values.numbers
    numbers = numbers.filter(numbers.is_between(20, 45))
    tenths = (numbers * 10).round(6)
    of_tenths = tenths.filter((tenths - tenths.round()).abs() < 1e-6)
    if len(numbers) < _MANY or len(of_tenths) < len(numbers):
        return []
    last = (of_tenths.round() % 10).unique().to_list()
    if max(last) <= 6 and len(last) > 2:
        return [
            f"{column.name}: the tenths are 0 to 6 and never 7 to 9: is 27.3 meant as 27 weeks"
            " and 3 days?"
        ]
    return []


def _same_child(table: pl.DataFrame, proposed: dict[str, Column]) -> list[str]:
    """Rows that are there twice, ids that look alike, facts that contradict each other."""
    import polars as pl

    said = []
    if table.width and table.height > 1:
        twice = int(table.is_duplicated().sum())
        if twice:
            said.append(f"{twice:,} rows are there more than once, with the same in every column")
    if "subject_id" not in proposed:
        return said
    child = texts(table[proposed["subject_id"].own])
    alike = _alike(child)
    if alike:
        said.append(
            f"{alike:,} ids are the same as another but for zeros before it, blanks or capitals:"
            " the same child twice?"
        )
    days = [proposed[n].own for n in ("measured_on", *DAYS_OLD) if n in proposed]
    if days:
        on = pl.DataFrame(
            [child.alias("\x00id"), texts(table[days[0]]).alias("\x00day")]
        ).drop_nulls()
        again = int(on.is_duplicated().sum())
        if again:
            said.append(f"{again:,} rows share their child and day with another row")
    for name in ("sex", "birth_date"):
        if name in proposed:
            pair = pl.DataFrame(
                [child.alias("\x00id"), texts(table[proposed[name].own]).alias("f")]
            )
            several = pair.drop_nulls().unique().group_by("\x00id").len().filter(pl.col("len") > 1)
            if several.height:
                children = (
                    "1 child has" if several.height == 1 else f"{several.height:,} children have"
                )
                said.append(f"{children} more than one {proposed[name].name}")
    return said + _two_ids(table, proposed, child)


def _alike(child: pl.Series) -> int:
    """Ids that another one is when zeros, blanks and capitals do not count."""
    import polars as pl

    ids = child.drop_nulls().unique()
    plain = ids.str.to_lowercase().str.replace_all(r"[\s_-]+", "").str.strip_chars_start("0")
    return int(pl.DataFrame({"p": plain}).is_duplicated().sum())


def _two_ids(table: pl.DataFrame, proposed: dict[str, Column], child: pl.Series) -> list[str]:
    """Rows of two ids that agree in everything that is measured: one child under two ids."""
    import polars as pl

    facts = [n for n in ("birth_date", "measured_on", "sex") if n in proposed]
    sizes = [n for n in ("weight_kg", "weight_g", "length_cm", "head_circumference_cm")
             if n in proposed]  # fmt: skip
    if not {"birth_date", "measured_on"} <= set(facts) or len(sizes) < 2:
        return []
    own = table.select(pl.col(proposed[n].own) for n in (*facts, *sizes))
    own = own.with_columns(child.alias("\x00id")).drop_nulls().unique()
    said = own.drop("\x00id")
    n = said.filter(said.is_duplicated()).n_unique() if said.is_duplicated().any() else 0
    if not n:
        return []
    visits = "1 visit is" if n == 1 else f"{n:,} visits are"
    return [f"{visits} there under two ids, with the same facts and sizes: the same child twice?"]


def _times(table: pl.DataFrame, proposed: dict[str, Column]) -> list[str]:
    """Visits before birth, and ages that are negative."""
    said = []
    if {"birth_date", "measured_on"} <= proposed.keys():
        born, on = (_days(table, proposed[name]) for name in ("birth_date", "measured_on"))
        pairs = zip(born, on, strict=True)
        before = sum(b is not None and o is not None and o < b for b, o in pairs)
        if before:
            visits = "1 visit is" if before == 1 else f"{before:,} visits are"
            said.append(f"{visits} before the date of birth")
    for name in DAYS_OLD:
        if name in proposed:
            numbers = values_of(table[proposed[name].own]).numbers
            early = int((numbers < 0).sum())
            if early:
                ages = "1 age is" if early == 1 else f"{early:,} ages are"
                said.append(f"{proposed[name].name}: {ages} negative: before birth?")
    return said


def _days(table: pl.DataFrame, column: Column) -> list[int | None]:
    """The days of a column of dates; None where none is read."""
    from neocalc.cohort.columns import dates

    found = dates(table[column.own], column.codes.get("date_format"))
    usable = [True] * len(found.codes) if found.status is None else (found.status == 0).tolist()
    return [day if ok else None for day, ok in zip(found.codes.tolist(), usable, strict=True)]
