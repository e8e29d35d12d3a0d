"""Whether the tables and the kernel together give what the WHO prints, and lead back to a z.

- The SD columns that the WHO prints beside its L, M and S.
- From a z to a measurement and back, on every row of every table, the 486 rows of increments too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Final

import numpy as np

from neocalc.reading.dates import MONTH
from neocalc.reading.dimensions import convert, find_unit
from neocalc.reading.units import Floats
from neocalc.references.catalogue import Reference, reference, tables_folder
from neocalc.references.files import AXES, MEASURES, SEXES
from neocalc.references.lms import (
    centile_from_zscore,
    measurement_from_zscore,
    zscore_from_centile,
    zscore_from_measurement,
)
from neocalc.velocity.increment_tables import WHO_2009, Row, read_rows, row_at
from neocalc.verify.checks import Check, Found, agrees, attempt, plain, shown

GRID: Final = np.linspace(-6, 6, 25)
"""The z-scores of which the measurement is scored again."""
ALWAYS: Final = 3
"""A table of attained growth has a measurement for every z up to this, of either sign."""
CLOSE: Final = 1e-9
"""How near to the z that it came from a measurement must score."""
LINES: Final = np.arange(-3, 4)
"""The SD lines of the increments."""
LAST_PLACE: Final = 0.5 + 1e-6
"""Half a unit of the last printed decimal, and the last bits of a float."""


def printed_checks(about: dict[str, Any], section: str) -> Iterator[Check]:
    """Rows of SD columns as the WHO prints them."""
    for kind, compute in (("attained", _attained), ("increments", _increment)):
        for table in about[kind]:
            named = f"{table.get('reference', WHO_2009)} {table['measure']} {table['sex']}"
            where = table.get("axis", f"{table.get('interval_months')} months from month")
            for position, *cells in table["rows"]:
                yield attempt(
                    section, f"{named} {where} {position}",
                    partial(_printed, table, compute, position, cells),
                    expected=shown(cells), source=table["source"], confidence=table["confidence"],
                )  # fmt: skip


def _printed(table: dict[str, Any], compute: Any, position: float, cells: list[float]) -> Found:
    unit, canonical = find_unit(table["unit"]), find_unit(MEASURES[table["measure"]])
    assert unit is not None and canonical is not None
    actual = convert(compute(table, position), canonical, unit).tolist()
    decimals = table["decimals"]
    right = agrees(actual, cells, LAST_PLACE * 10.0**-decimals)
    return Found(right, _fixed(cells, decimals), _fixed(actual, decimals + 2))


def _fixed(figures: list[float], decimals: int) -> str:
    return ", ".join("none" if np.isnan(y) else f"{y:.{decimals}f}" for y in figures)


def _attained(table: dict[str, Any], position: float) -> Floats:
    """Measurements at the z-scores of a table's columns [canonical unit]."""
    own = reference(table["reference"]).table(table["measure"])
    if own.axis != table["axis"]:
        raise ValueError(f"the axis is {own.axis}, not {table['axis']}")
    at = SEXES.index(table["sex"]), round(position * AXES[own.axis]) - own.first
    y: Floats = own.measurement(table["z"], at)
    return y


def _increment(table: dict[str, Any], position: float) -> Floats:
    """Increments at the z-scores of a table's columns [canonical unit]."""
    row = increment_row(table["measure"], table["sex"], table["interval_months"], position)
    y: Floats = measurement_from_zscore(table["z"], row.L, row.M, row.S) - row.delta
    return y


def increment_row(measure: str, sex: str, width: int, start: float) -> Row:
    """The row of increments over `width` months that begins at `start` months, or between two."""
    rows = _increments(measure)[width, SEXES.index(sex)]
    row = rows[int(start)] if start == int(start) else row_at(rows, start * MONTH, width)
    if row is None:
        raise ValueError(f"there is no row that starts at {start} months")
    return row


@cache
def _increments(measure: str) -> dict[tuple[int, int], list[Row]]:
    return read_rows(reference(WHO_2009), measure)


def back_checks(section: str) -> Iterator[Check]:
    """Every row of every table of attained growth: z to measurement to z."""
    yield attempt(section, "z to centile to z", _centiles)
    for folder in sorted(path.parent for path in tables_folder().glob("*/reference.toml")):
        try:
            ref = Reference(folder)
        except Exception:  # noqa: S112 - the section of the tables has said so
            continue
        for measure in ref.measures if ref.use != "velocity" else ():
            yield attempt(section, f"{ref.id} {measure}", partial(_back, ref, measure))


def _centiles() -> Found:
    z = GRID[GRID <= ALWAYS]  # above it a centile near 100 has lost digits of the z
    return _returned(z, np.asarray(zscore_from_centile(centile_from_zscore(z))), len(z))


def _back(ref: Reference, measure: str) -> Found:
    pairs = []
    for table in ref.tables(measure):
        at = (..., np.newaxis)
        y = table.measurement(GRID, at)
        pairs.append((y, table.zscore(y, at)))
    y, z = (np.concatenate(column, axis=1) for column in zip(*pairs, strict=True))
    if np.isnan(y[..., np.abs(GRID) <= ALWAYS]).any():
        return Found(False, f"a measurement at every z up to {ALWAYS}", "none in some row")
    wanted = np.broadcast_to(GRID, z.shape)
    there = ~np.isnan(y)
    return _returned(wanted[there], z[there], z[..., 0].size)


def increment_checks(section: str) -> Iterator[Check]:
    """Every row of increments: its SD lines, and each line scored."""
    ref = reference(WHO_2009)
    for measure, facts in ref.measures.items():
        for width in facts.intervals:
            for sex, word in enumerate(SEXES):
                yield attempt(
                    section, f"{measure} {width} months {word}",
                    partial(_lines, measure, width, sex),
                )  # fmt: skip


def _lines(measure: str, width: int, sex: int) -> Found:
    rows = _increments(measure)[width, sex]
    L, M, S, delta = np.array([(r.L, r.M, r.S, r.delta) for r in rows]).T[..., np.newaxis]
    increment = measurement_from_zscore(LINES, L, M, S) - delta
    z = zscore_from_measurement(increment + delta, L, M, S)
    there = ~np.isnan(increment)
    if not (np.diff(increment)[there[:, :-1]] > 0).all() or not there[:, 2:].all():
        return Found(False, "SD lines that rise, from -1 on in every row", "they do not")
    return _returned(np.broadcast_to(LINES, z.shape)[there], z[there], len(rows))


def _returned(wanted: Floats, z: Floats, rows: int) -> Found:
    """Whether each z is the one that it came from."""
    error = np.abs(z - wanted)
    worst = float(np.where(np.isnan(error), np.inf, error).max())
    right = worst <= CLOSE
    actual = f"largest difference {plain(f'{worst:.1g}')}"
    return Found(right, f"{rows:,} rows within {plain(f'{CLOSE:g}')}", actual)
