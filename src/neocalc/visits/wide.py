"""Wide tables: one row a child, and for each visit columns of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.cohort.canonical import CANONICAL, DAYS_OLD
from neocalc.errors import FileError, InputError, shown, warn_of_column
from neocalc.visits.frames import (
    SOURCE,
    beside,
    names_of,
    polars_of,
    refuse_taken,
    refuse_unassigned,
    texts,
)
from neocalc.visits.gathering import FACTS, FIGURES

if TYPE_CHECKING:
    import polars as pl

VISIT: Final = "visit"
"""The column that says which visit a row is."""
PATTERN: Final = "{column}_{visit}"
OF_VISITS: Final = tuple(name for name in CANONICAL if name not in FACTS and name != "subject_id")
"""Canonical columns that a visit has of its own."""
_SELF_EVIDENT: Final = re.compile(
    r"(?:v|visit|t|time|no|n)?_?[0-9]{1,3}"
    r"|birth|discharge|admission|term|baseline|screening|follow_?up_?[0-9]*|fu_?[0-9]*"
    r"|(?:d|day|w|wk|week|m|mo|month|y|yr|year)_?[0-9]{1,3}"
    r"|[0-9]{1,3}_?(?:d|days?|w|wks?|weeks?|m|mo|months?|y|yrs?|years?)",
    re.IGNORECASE,
)
"""Names that can only be those of visits."""


class Cell(NamedTuple):
    """A column of one visit: which canonical one it is there."""

    canonical: str
    visit: str


def from_wide(
    frame: Any,
    *,
    pattern: str = PATTERN,
    visits: str | Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    ages: Mapping[str, int] | None = None,
) -> Any:
    """Visits from a table with one row a child.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The rows. It is not changed.
    pattern : str, default "{column}_{visit}"
        How a column is named: ``"{column}_{visit}"`` is weight_kg_1 or weight_kg_discharge,
        ``"{visit}_{column}"`` is v1_weight_kg.
    visits : str or iterable of str
        The names of the visits. Without, numbers and words that can only be visits are taken: 1,
        v2, birth, discharge, term, 12m, week4.
    columns : dict, optional
        Canonical name to the name in the table, without the visit: ``{"weight_kg": "WT"}`` is
        WT_1. A column of the child is mapped when it is scored, not here.
    ages : dict, optional
        Visit to the age in whole days [day] where the table has no date and no age of that visit:
        ``{"birth": 0}``.

    Returns
    -------
    table
        The kind that was given: one row a visit, children and visits in their order, with the
        columns `visit` and `source_rows` (the row of the child, counted from 1). Visits at which
        nothing was measured have no row.

    Raises
    ------
    FileError
        When there is no such column, a name may or may not be that of a visit, or a visit has
        neither a date nor an age.

    Warns
    -----
    ColumnWarning
        Of visits at which nothing was measured.

    Examples
    --------
    >>> import polars
    >>> children = polars.DataFrame({
    ...     "subject_id": ["01"], "sex": ["f"], "age_days_1": [0], "weight_kg_1": [3.1],
    ...     "age_days_2": [28], "weight_kg_2": [4.0]})
    >>> from_wide(children).select("visit", "age_days", "weight_kg").rows()
    [('1', 0, 3.1), ('2', 28, 4.0)]
    """
    table, notes = wide_visits(frame, pattern=pattern, visits=visits, columns=columns, ages=ages)
    for note in notes:
        warn_of_column(note)
    return table


def wide_visits(
    frame: Any,
    *,
    pattern: str = PATTERN,
    visits: str | Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    ages: Mapping[str, int] | None = None,
    where: str = "table",
) -> tuple[Any, list[str]]:
    """The same, and what there is to say of it."""
    import polars as pl

    table = polars_of(frame)
    stated = names_of("visits", visits)
    cells = cells_of(table.columns, pattern, dict(columns or {}), stated, where)
    labels = list(dict.fromkeys(cell.visit for cell in cells.values()))
    days = _days(ages, labels)
    names = {cell: name for name, cell in cells.items()}
    columns_there = [c for c in OF_VISITS if any((c, label) in names for label in labels)]
    _refuse_ageless(table.columns, labels, names, days, where)
    if days and "age_days" not in columns_there:
        columns_there.insert(0, "age_days")
    pieces = []
    for place, label in enumerate(labels):
        own = _of_visit(table, names, columns_there, label, days)
        row = pl.int_range(table.height, eager=True).alias("row")
        pieces.append(own.with_columns(row, pl.lit(place).alias("place"), _measured(own)))
    whole = pl.concat(pieces, how="vertical_relaxed").sort("row", "place")
    kept = whole.filter(pl.col("measured"))
    rows = kept["row"].to_list()
    label_of = kept["place"].replace_strict(dict(enumerate(labels)), return_dtype=pl.String)
    source = (kept["row"] + 1).cast(pl.String).alias(SOURCE)
    new = [label_of.alias(VISIT), *(kept[name] for name in columns_there), source]
    passing = [name for name in table.columns if name not in cells]
    refuse_taken(passing, [column.name for column in new], where)
    refuse_unassigned(passing, OF_VISITS, where)
    empty = whole.height - kept.height
    notes = []
    if empty:
        said = "1 visit has" if empty == 1 else f"{empty:,} visits have"
        notes.append(f"{where}: {said} no measurement and no row")
    return beside(frame, rows, passing, new), notes


def cells_of(
    header: list[str],
    pattern: str,
    columns: dict[str, str],
    stated: tuple[str, ...],
    where: str,
) -> dict[str, Cell]:
    """The columns of visits, with what each is."""
    if pattern.count("{column}") != 1 or pattern.count("{visit}") != 1:
        raise InputError("pattern", pattern, 'a text such as "{column}_{visit}"')
    for name, own in columns.items():
        if name not in OF_VISITS or list(columns.values()).count(own) > 1:
            raise InputError("columns", columns, "columns of visits, each with a name of its own")
    stems = {columns.get(name, name): name for name in OF_VISITS}
    longest_first = sorted(stems, key=len, reverse=True)
    expression = re.escape(pattern).replace(r"\{column\}", "(?P<column>%s)")
    expression = expression.replace(r"\{visit\}", "(?P<visit>.+)")
    matches = re.compile(expression % "|".join(map(re.escape, longest_first)))
    found: dict[str, Cell] = {}
    doubtful = []
    for name in header:
        match = matches.fullmatch(name)
        if match is None or name in CANONICAL:
            continue
        if (match["visit"] in stated) if stated else _SELF_EVIDENT.fullmatch(match["visit"]):
            found[name] = Cell(stems[match["column"]], match["visit"])
        elif not stated:
            doubtful.append((name, match["visit"]))
    if doubtful:
        named = ", ".join(f"{shown(visit)} ({shown(name)})" for name, visit in doubtful[:5])
        raise FileError(
            f"{where}: it is not known whether these are visits: {named}; name all that are"
            " (visits)"
        )
    if not any(cell.canonical in FIGURES for cell in found.values()):
        accepted = pattern.format(column="weight_kg", visit="1")
        missing = ", ".join(label for label in stated) or "1, v2, birth, 12m"
        raise FileError(
            f"{where}: no column is a measure of a visit ({missing}), such as {accepted}; name them"
            ' otherwise with pattern, or columns={"weight_kg": "WT"}'
        )
    return found


def _days(ages: Mapping[str, int] | None, labels: list[str]) -> dict[str, int]:
    """The stated ages of visits [day]."""
    for label, day in (ages or {}).items():
        if label not in labels or isinstance(day, bool) or not isinstance(day, int) or day < 0:
            named = ", ".join(labels)
            raise InputError("ages", ages, f"whole days since birth of one of the visits: {named}")
    return dict(ages or {})


def _refuse_ageless(
    header: list[str],
    labels: list[str],
    names: Mapping[Cell, str],
    days: Mapping[str, int],
    where: str,
) -> None:
    """Refuse visits of which nothing says when they were."""
    when = ("measured_on", *DAYS_OLD)
    lacking = [
        label
        for label in labels
        if label not in days and not any(Cell(name, label) in names for name in when)
    ]
    if lacking and not any(name in header for name in when):
        named = ", ".join(lacking[:10])
        raise FileError(
            f"{where}: no column says when these visits were: {named}; give measured_on or age_days"
            f" of each, or state the days since birth at {lacking[0]} (ages)"
        )


def _of_visit(
    table: pl.DataFrame,
    names: Mapping[Any, str],
    columns: list[str],
    label: str,
    days: Mapping[str, int],
) -> pl.DataFrame:
    """The canonical columns of one visit; empty where the table has none of it."""
    import polars as pl

    own = []
    for name in columns:
        if (name, label) in names:
            own.append(table[names[name, label]].alias(name))
        elif name == "age_days" and label in days:
            own.append(pl.Series(name, [days[label]] * table.height, dtype=pl.Int64))
        else:
            own.append(pl.Series(name, [None] * table.height, dtype=pl.Null))
    return pl.DataFrame(own)


def _measured(own: pl.DataFrame) -> pl.Series:
    """Whether anything was measured."""
    import polars as pl

    found = pl.Series("measured", [False] * own.height, dtype=pl.Boolean)
    for name in own.columns:
        if name in FIGURES:
            found |= texts(own[name]).is_not_null()
    return found
