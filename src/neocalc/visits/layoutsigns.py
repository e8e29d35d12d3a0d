"""Signs that the rows of a table are no visits, by the names of its columns alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neocalc.errors import NeocalcError
from neocalc.visits.redcap import EVENT, INSTRUMENT

if TYPE_CHECKING:
    import polars as pl


def layout_of(table: pl.DataFrame) -> str:
    """What is asked where a table seems to have another layout; empty: it has one row a visit."""
    header = set(table.columns)
    if {"VSTESTCD", "USUBJID"} <= header:
        return "it looks like VS of SDTM: --layout sdtm --dm FILE?"
    if {"field_name", "value"} <= header or header & {*EVENT, *INSTRUMENT}:
        return "it looks like an export of REDCap: --layout redcap?"
    plain = {name.strip().lower() for name in header}
    if {"value", "result"} & plain and {"parameter", "paramcd", "param", "test", "measure"} & plain:
        return "it looks like one row a measure: --layout long --parameter COLUMN --value COLUMN?"
    return _wide(table)


def _wide(table: pl.DataFrame) -> str:
    """Whether columns are numbered by visit, or the like."""
    from neocalc.visits.wide import PATTERN, cells_of

    try:
        cells = cells_of(table.columns, PATTERN, {}, (), "table")
    except NeocalcError:
        return ""
    visits = len({cell.visit for cell in cells.values()})
    return f"it looks like one row a child with {visits} visits: --layout wide?" if cells else ""
