"""The way back: visits as a long or a wide table, and results in the table that they came from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort.canonical import (
    AGE_COLUMNS,
    CANONICAL,
    DOSE_COLUMNS,
    INDICES,
    MEASURE_COLUMNS,
    UNITS,
)
from neocalc.errors import FileError, InputError
from neocalc.visits.frames import (
    SOURCE,
    beside,
    library_of,
    made,
    polars_of,
    refuse_absent,
    refuse_taken,
    texts,
)
from neocalc.visits.gathering import FACTS
from neocalc.visits.wide import VISIT

if TYPE_CHECKING:
    import polars as pl

LAYOUTS: Final = ("long", "wide", "redcap", "sdtm")
PARTS: Final = ("", "_reference", "_status", "_centile", "_uncorrected")
"""What stands behind the name of an index in the columns that scoring adds."""
LONG_NAMES: Final = ("z", "reference", "status", "centile", "z_uncorrected")
"""How the same are called in a long table."""
_FIGURES: Final = {name: m for m, names in MEASURE_COLUMNS.items() for name in names}
_PLACE: Final = re.compile(r"([a-z_]+)=([0-9]+)")


def to_long(visits: Any, *, prefix: str = "") -> Any:
    """A long table from visits: one row a measure, with its z-score where it was scored.

    Parameters
    ----------
    visits : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with canonical columns; scored or not.
    prefix : str
        What stands before the names of the columns that scoring added.

    Returns
    -------
    table
        The kind that was given, with the columns `parameter`, `value` and `unit`, and of scored
        visits `z`, `reference` and `status` (and `centile`, `z_uncorrected`). BMI and
        weight-for-length have rows of their own without a value. Values that are empty have none.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame({"subject_id": ["01"], "weight_g": [980], "length_cm": [35.0]})
    >>> to_long(visits).rows()
    [('01', 'weight', 980.0, 'g'), ('01', 'length', 35.0, 'cm')]
    """
    import polars as pl

    table = polars_of(visits)
    scored = scored_indices(table.columns, prefix)
    figures = [name for name in table.columns if name in _FIGURES]
    if not figures:
        raise FileError("table: there is no column of a measure, such as weight_kg")
    added = {prefix + index + part for index in scored for part in PARTS}
    others = [n for n in table.columns if n not in figures and n not in added and n != SOURCE]
    refuse_taken(others, ["parameter", "value", "unit", *(LONG_NAMES if scored else ())], "table")
    pieces = []
    base = table.select(others).with_row_index("\x00row")
    text = any(table[name].dtype == pl.String for name in figures)
    for place, (measure, name) in enumerate(_long_rows(figures, scored)):
        own = base.with_columns(
            pl.lit(place).alias("\x00place"), pl.lit(measure).alias("parameter")
        )
        value = pl.lit(None) if name is None else table[name]
        unit = None if name is None else UNITS[name]
        kind = pl.String if text else pl.Float64
        own = own.with_columns(
            value.cast(kind).alias("value"), pl.lit(unit, dtype=pl.String).alias("unit")
        )
        index = next((i for i, m in INDICES.items() if m == measure and i in scored), None)
        for part, said in zip(PARTS, LONG_NAMES, strict=True):
            if index is not None and prefix + index + part in table.columns:
                column = table[prefix + index + part]
                column = column.cast(pl.String) if part in ("_reference", "_status") else column
                own = own.with_columns(column.alias(said))
        kept = texts(own["value"]).is_not_null() if name is not None else _has_status(own)
        pieces.append(own.filter(kept))
    whole = pl.concat(pieces, how="diagonal_relaxed").sort("\x00row", "\x00place")
    return made(whole.drop("\x00row", "\x00place"), library_of(visits))


def _long_rows(figures: list[str], scored: list[str]) -> list[tuple[str, str | None]]:
    """The measures of a long table, with the columns of their figures."""
    rows: list[tuple[str, str | None]] = [(_FIGURES[name], name) for name in figures]
    derived = ("bmi", "weight_for_length")
    return rows + [(m, None) for i, m in INDICES.items() if m in derived and i in scored]


def _has_status(own: pl.DataFrame) -> pl.Series:
    """Whether a derived measure has something to say: BMI without a length has not."""
    return (own["status"] != "missing_value").fill_null(False)


def scored_indices(header: list[str], prefix: str) -> list[str]:
    """The indices that were scored."""
    return [i for i in INDICES if prefix + i in header and f"{prefix}{i}_status" in header]


def to_wide(visits: Any, *, visit: str = VISIT, subject: str = "subject_id") -> Any:
    """A wide table from visits: one row a child, the columns of each visit with its name.

    Parameters
    ----------
    visits : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with canonical columns; scored or not.
    visit, subject : str
        The columns that say which visit of which child a row is.

    Returns
    -------
    table
        The kind that was given. Facts of the child, and other columns that say one thing in all of
        a child's rows, stand once; every other column is there for each visit, `weight_kg_1`.

    Raises
    ------
    FileError
        When a child has two rows of one visit, or a row has no child or no visit.
    """
    import polars as pl

    table = polars_of(visits, subject)
    refuse_absent(table.columns, {"subject": subject, "visit": visit}, "table")
    child, label = texts(table[subject]), texts(table[visit])
    nameless = int((child.is_null() | label.is_null()).sum())
    if nameless:
        raise FileError(f"table: {nameless:,} rows have no {subject} or no {visit}")
    pair = pl.DataFrame({"child": child, "label": label})
    if pair.is_duplicated().any():
        twice = int(pair.is_duplicated().sum())
        raise FileError(f"table: {twice:,} rows share their {subject} and {visit} with another row")
    children = child.unique(maintain_order=True)
    number = child.replace_strict(
        children, pl.int_range(len(children), dtype=pl.UInt32, eager=True)
    )
    first = pl.DataFrame({"n": number}).with_row_index("row").group_by("n").agg(pl.col("row").min())
    rows = first.sort("n")["row"].to_list()
    own: list[str] = []
    once: list[str] = []
    for name in table.columns:
        if name in (visit, SOURCE):
            continue
        varies = table.select(pl.col(name).n_unique().over(number)).to_series().max()
        of_child = name == subject or (not _of_visit(name) and varies in (None, 1))
        (once if of_child else own).append(name)
    new = []
    for one in label.unique(maintain_order=True):
        at = label == one
        place = pl.DataFrame({"n": number.filter(at), "row": table.select(pl.int_range(pl.len()))
                              .to_series().filter(at)})  # fmt: skip
        joined = pl.DataFrame({"n": pl.int_range(len(children), dtype=pl.UInt32, eager=True)}).join(
            place, on="n", how="left", maintain_order="left"
        )["row"]
        new += [table[name].gather(joined.cast(pl.UInt32)).alias(f"{name}_{one}") for name in own]
    refuse_taken(once, [column.name for column in new], "table")
    result = pl.DataFrame([*(table[name].gather(rows) for name in once), *new])
    return made(_plain(result), library_of(visits))


def _plain(table: pl.DataFrame) -> pl.DataFrame:
    """Words of closed lists as texts: every library has those."""
    import polars as pl

    return table.with_columns(
        pl.col(name).cast(pl.String)
        for name, kind in table.schema.items()
        if isinstance(kind, (pl.Enum, pl.Categorical))
    )


def _of_visit(name: str) -> bool:
    """Whether a column is that of a visit even where it says one thing for all."""
    canonical = name in CANONICAL and name not in FACTS
    results = name in (*AGE_COLUMNS, *DOSE_COLUMNS)
    return canonical or results or any(name == i + part for i in INDICES for part in PARTS)


def restore(scored: Any, original: Any, *, layout: str, prefix: str = "") -> Any:
    """The table that visits came from, with what scoring added to them.

    Parameters
    ----------
    scored : table
        The scored visits, with the column `source_rows` that `from_long` and the others made.
    original : table
        The table as it was given to them, with the same rows in the same order.
    layout : {"long", "wide", "redcap", "sdtm"}
        Which of them it was.
    prefix : str
        What stands before the names of the columns that scoring added.

    Returns
    -------
    table
        `original` in its kind, every row and column as it was, with columns added: of a long table
        or SDTM `z`, `reference` and `status` of the row's own measure; of a wide table the columns
        that scoring added with the name of the visit, `waz_1`; of REDCap the same without. Rows
        that are in no visit have none.

    Raises
    ------
    FileError
        When `source_rows` is not there, or does not fit the table.
    """
    if layout not in LAYOUTS:
        raise InputError("layout", layout, f"one of {', '.join(LAYOUTS)}")
    table, there = polars_of(scored), polars_of(original)
    refuse_absent(table.columns, {"from_long, from_wide and others make it": SOURCE}, "scored")
    indices = scored_indices(table.columns, prefix)
    if not indices:
        raise FileError("scored: there is no z-score in it, such as waz with waz_status")
    if layout in ("long", "sdtm"):
        new = _long_results(table, indices, there.height, prefix)
    else:
        new = _results(table, indices, there.height, prefix, by_visit=layout == "wide")
    new = _plain_all(new)
    refuse_taken(there.columns, [column.name for column in new], "original")
    everything = list(range(there.height))
    result = beside(original, everything, there.columns, new)
    return _last(result, [*there.columns, *(column.name for column in new)])


def _plain_all(columns: list[pl.Series]) -> list[pl.Series]:
    import polars as pl

    return [c.cast(pl.String) if isinstance(c.dtype, pl.Enum) else c for c in columns]


def _last(table: Any, names: list[str]) -> Any:
    """The added columns last, as scoring adds them."""
    return table.select(names) if hasattr(table, "select") else table[names]


def _long_results(
    table: pl.DataFrame, indices: list[str], rows: int, prefix: str
) -> list[pl.Series]:
    """z, reference and status of each row of a long table."""
    import polars as pl

    measures = {INDICES[index]: index for index in indices}
    places: dict[str, tuple[list[int], list[int]]] = {index: ([], []) for index in indices}
    for visit, text in enumerate(table[SOURCE].to_list()):
        for measure, row in _PLACE.findall(text or ""):
            if int(row) > rows or int(row) < 1:
                raise FileError(f"scored: {SOURCE} names row {row} of {rows:,}: another table")
            if measure in measures:
                places[measures[measure]][0].append(visit)
                places[measures[measure]][1].append(int(row) - 1)
    new = []
    for part, name in zip(PARTS, LONG_NAMES, strict=True):
        pieces = []
        for index, (visits, own) in places.items():
            if prefix + index + part in table.columns and own:
                values = table[prefix + index + part].gather(pl.Series(visits, dtype=pl.UInt32))
                values = values.cast(pl.String) if part in ("_reference", "_status") else values
                pieces.append(pl.DataFrame({"row": own, "value": values}))
        if pieces:
            new.append(_placed(pl.concat(pieces), rows).alias(prefix + name))
    return new


def _placed(known: pl.DataFrame, rows: int) -> pl.Series:
    """Values at their rows."""
    import polars as pl

    whole = pl.DataFrame({"row": pl.int_range(rows, dtype=pl.Int64, eager=True)})
    if known["row"].is_duplicated().any():
        raise FileError(f"scored: {SOURCE} names a row twice")
    known = known.with_columns(pl.col("row").cast(pl.Int64))
    return whole.join(known, on="row", how="left", maintain_order="left")["value"]


def _results(
    table: pl.DataFrame, indices: list[str], rows: int, prefix: str, *, by_visit: bool
) -> list[pl.Series]:
    """What scoring added, at the rows of the visits."""
    import polars as pl

    row = table[SOURCE].cast(pl.Int64, strict=False) - 1
    if row.null_count() or (row >= rows).any() or (row < 0).any():
        raise FileError(f"scored: {SOURCE} does not name rows of this table")
    names = [
        prefix + name
        for name in (*AGE_COLUMNS, *(i + p for i in indices for p in PARTS), *DOSE_COLUMNS)
        if prefix + name in table.columns
    ]
    if not by_visit:
        return [
            _placed(pl.DataFrame({"row": row, "value": table[n]}), rows).alias(n) for n in names
        ]
    refuse_absent(table.columns, {"from_wide makes it": VISIT}, "scored")
    label = table[VISIT].cast(pl.String)
    new = []
    for one in label.unique(maintain_order=True):
        own = table.filter(label == one)
        for name in names:
            known = pl.DataFrame({"row": row.filter(label == one), "value": own[name]})
            new.append(_placed(known, rows).alias(f"{name}_{one}"))
    return new
