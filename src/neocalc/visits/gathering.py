"""Rows of one measure each, gathered into visits.

Rows of one child, day and visit are one visit. A second value of a measure on the same visit is
another row of the result: both are kept, and none is averaged or chosen. A row without a child or
without a day is a visit of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from neocalc.cohort.canonical import CANONICAL, GESTATION_COLUMNS, MEASURE_COLUMNS
from neocalc.visits.frames import SOURCE, texts
from neocalc.visits.measures import column_for, in_unit

if TYPE_CHECKING:
    import polars as pl

FACTS: Final = ("sex", "birth_date", *GESTATION_COLUMNS)
"""Columns that say something of the child and not of the visit."""
FIGURES: Final = tuple(name for names in MEASURE_COLUMNS.values() for name in names)
"""Columns of measures."""
ROW, KEY, MEASURE, FIGURE, UNIT, NTH = "row", "key", "measure", "figure", "unit", "nth"


class Gathered(NamedTuple):
    """Visits.

    Attributes
    ----------
    first : polars.Series
        For each visit the first row that it was made from, from 0.
    columns : list of polars.Series
        The measures, and which rows they came from.
    measured : polars.DataFrame
        For each measure that was found the visit, the row and the measure.
    """

    first: pl.Series
    columns: list[pl.Series]
    measured: pl.DataFrame

    def of_visits(self) -> list[list[int]]:
        """For each visit the rows that it was made from."""
        rows: list[list[int]] = [[] for _ in range(len(self.first))]
        for visit, row in self.measured.select("visit", ROW).sort(ROW).iter_rows():
            rows[visit].append(row)
        return rows


def filled(table: pl.DataFrame, subject: str, facts: list[str]) -> pl.DataFrame:
    """Facts of a child in all of its rows, where its rows state one and no other.

    What two rows state differently stays where it stands: scoring says that they contradict.
    """
    import polars as pl

    child = texts(table[subject])
    new = []
    for name in facts:
        own = texts(table[name])
        pair = pl.DataFrame({"child": child, "own": own})
        stated = pair.filter(pl.col("child").is_not_null() & pl.col("own").is_not_null())
        one = stated.group_by("child").agg(pl.col("own").n_unique().alias("n"))
        first = table.select(pl.col(name).alias("value")).with_columns(child=child)
        first = first.filter(own.is_not_null()).unique("child", keep="first", maintain_order=True)
        known = one.filter(pl.col("n") == 1).join(first, on="child", how="left")
        values = pl.DataFrame({"child": child}).join(
            known, on="child", how="left", maintain_order="left"
        )["value"]
        kept = own.is_not_null()
        column = pl.select(pl.when(kept).then(table[name]).otherwise(values)).to_series()
        new.append(column.alias(name))
    return table.with_columns(new)


def contradicted(table: pl.DataFrame, subject: str, facts: list[str]) -> pl.Series:
    """The rows of children of whom two rows state different facts."""
    import polars as pl

    found = pl.Series([False] * table.height, dtype=pl.Boolean)
    child = texts(table[subject])
    for name in facts:
        pair = pl.DataFrame({"child": child, "own": texts(table[name])})
        several = pair.select((pl.col("own").drop_nulls().n_unique() > 1).over("child"))
        found |= several.to_series() & child.is_not_null()
    return found


def keys(table: pl.DataFrame, by: list[str], needed: list[list[str]]) -> pl.Series:
    """A number for each visit: rows that say the same in these columns are one.

    `needed`: groups of columns; a row that is empty in all of a group stands alone.
    """
    import polars as pl

    said = pl.DataFrame([texts(table[name]).alias(str(i)) for i, name in enumerate(by)])
    alone = pl.Series([False] * table.height, dtype=pl.Boolean)
    for group in needed:
        empty = pl.Series([True] * table.height, dtype=pl.Boolean)
        for name in group:
            empty &= texts(table[name]).is_null()
        alone |= empty
    own = pl.int_range(table.height, dtype=pl.Int64, eager=True).set(~alone, -1)
    said = said.with_columns(own=own)
    visits = said.unique(maintain_order=True).with_row_index("\x00key")
    numbers = said.join(
        visits, on=said.columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return numbers["\x00key"].cast(pl.Int64)


def gathered(
    measured: pl.DataFrame,
    *,
    decimal: str = ".",
) -> Gathered:
    """Visits from rows of one measure each.

    Parameters
    ----------
    measured : polars.DataFrame
        Columns `row` (from 0), `key` (the visit), `measure`, `figure` (numbers or texts) and `unit`
        (null: none is known).
    decimal : str
        The mark of decimals in texts.
    """
    import polars as pl

    empty = texts(measured[FIGURE]).is_null()
    measured = measured.with_columns(empty=empty)
    whole = pl.col("empty").all().over(KEY)
    # Of a visit whose rows are all empty one is kept: it is a visit at which nothing was measured.
    measured = measured.filter(
        ~pl.col("empty") | whole & (pl.int_range(pl.len()).over(KEY) == 0)
    ).with_columns(pl.int_range(pl.len()).over(KEY, MEASURE).alias(NTH))
    visits = (
        measured.group_by(KEY, NTH, maintain_order=True)
        .agg(pl.col(ROW).min().alias("first"))
        .sort("first", maintain_order=True)
        .with_row_index("visit")
    )
    measured = measured.join(visits.select(KEY, NTH, "visit"), on=[KEY, NTH], maintain_order="left")
    columns = []
    for measure in MEASURE_COLUMNS:
        part = measured.filter(pl.col(MEASURE) == measure)
        if part.height:
            columns.append(_column(part, measure, visits.height, decimal))
    said = measured.sort("visit", ROW).group_by("visit", maintain_order=True).agg(
        pl.format("{}={}", pl.col(MEASURE), pl.col(ROW) + 1).alias(SOURCE)
    )  # fmt: skip
    columns.append(said[SOURCE].list.join(" ").alias(SOURCE))
    return Gathered(visits["first"].cast(pl.UInt32), columns, measured)


def _column(part: pl.DataFrame, measure: str, visits: int, decimal: str) -> pl.Series:
    """A measure of all visits, in the unit of its column."""
    import polars as pl

    units = {unit for unit in part[UNIT].unique() if unit is not None}
    name, target = column_for(measure, units)
    unknown = part[UNIT].is_null() & ~part["empty"]
    pieces = []
    for unit in sorted(units):
        own = part.filter(pl.col(UNIT) == unit)
        own = own.with_columns(in_unit(own[FIGURE], unit, target, decimal).alias(FIGURE))
        pieces.append(own.select("visit", FIGURE))
    if unknown.any():  # kept as a text that says so, so that it is invalid
        own = part.filter(unknown).with_columns(
            pl.col(FIGURE).cast(pl.String) + " (no unit of this measure)"
        )
        pieces = [piece.with_columns(pl.col(FIGURE).cast(pl.String)) for piece in pieces]
        pieces.append(own.select("visit", FIGURE))
    if not pieces:
        kind = part[FIGURE].dtype
        return pl.Series(name, [None] * visits, dtype=kind)
    known = pl.concat(pieces, how="vertical_relaxed")
    places = pl.DataFrame({"visit": pl.int_range(visits, dtype=pl.UInt32, eager=True)})
    return places.join(known, on="visit", how="left", maintain_order="left")[FIGURE].alias(name)


def steady(table: pl.DataFrame, names: list[str], rows: pl.DataFrame) -> list[str]:
    """The columns that say one thing in all rows of each visit.

    `rows`: the columns `visit` and `row`, from 0, of all rows that a visit was made from.
    """
    import polars as pl

    places = rows["row"].cast(pl.UInt32)
    kept = []
    for name in names:
        own = pl.DataFrame([rows["visit"], table[name].gather(places).alias("said")])
        several = own.unique()["visit"].is_duplicated()
        if not several.any():
            kept.append(name)
    return kept


def canonical_in(header: list[str], columns: dict[str, str]) -> dict[str, str]:
    """The canonical columns of a table that are no measures, with the names that they have."""
    return {
        name: columns.get(name, name)
        for name in CANONICAL
        if name not in FIGURES
        and (name in columns or (name in header and name not in columns.values()))
    }
