"""The columns that scoring adds to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from neocalc.age import NOT_STATED, TERM, Age
from neocalc.errors import STATUSES, combined, status_where
from neocalc.lms import centile_from_zscore
from neocalc.scoring import Inputs, Scored, place_of
from neocalc.tables.columns import column_of, figures, measured_weights
from neocalc.tables.mapping import AGE_COLUMNS, DOSE_COLUMNS, Mapped
from neocalc.units import Floats

if TYPE_CHECKING:
    from neocalc.dose import Dosing


def age_series(age: Age) -> list[pl.Series]:
    """The ages of the rows, empty where there is none."""
    usable = np.ones(len(age), dtype=bool) if age.status is None else age.status == 0
    stated = usable & (age.gestation_days != NOT_STATED)
    postmenstrual = age.days + age.gestation_days
    columns = (age.days, usable), (postmenstrual, stated), (postmenstrual - TERM, stated)
    return [
        pl.Series(name, days).set(pl.Series(~shown), None)
        for name, (days, shown) in zip(AGE_COLUMNS, columns, strict=True)
    ]  # fmt: skip


def index_series(index: str, scored: Scored, *, centiles: bool) -> list[pl.Series]:
    """The z-scores of an index with reference and status and, where they are wanted, centiles."""
    ids = [ref.id for ref in scored.references]
    none = scored.reference == 0
    reference = pl.Series(f"{index}_reference", scored.reference - ~none)
    reference = (reference.set(pl.Series(none), None) if none.any() else reference).cat.to(
        pl.Enum(ids)
    )
    status = pl.Series(f"{index}_status", scored.status).cat.to(pl.Enum(STATUSES))
    series = [floats(index, scored.z), reference, status]
    if centiles:
        series.append(floats(f"{index}_centile", centile_from_zscore(scored.z)))
    return series


def dose_series(
    table: pl.DataFrame, scored: Scored, inputs: Inputs, mapped: Mapped, dosing: Dosing
) -> list[pl.Series]:
    """The dose of each row whose weight, scored from `inputs`, stops no dose."""
    from neocalc.dose.columns import kilograms  # only where doses are asked for
    from neocalc.dose.weight import weight_codes

    found = mapped.measure("weight")
    assert found is not None
    name, unit = found
    weights, _ = figures(column_of(table, mapped, name), unit, unit)
    if unit == "g":
        weights = kilograms(weights)
    assert dosing.limits is not None
    stops = weight_codes(weights, scored.z, place_of("weight", inputs), dosing.limits)
    measured = measured_weights(table, mapped)
    stated = None if measured is None else status_where(~measured, "invalid_value")
    status = combined(scored.status, stated)  # an estimated weight has a z-score and no dose
    doses = dosing.columns(weights, scored.z, status, stops)
    cells, volume, word = DOSE_COLUMNS
    return [
        floats(cells, doses.cells),
        floats(volume, doses.volume),
        pl.Series(word, doses.status).cat.to(pl.Enum(STATUSES)),
    ]


def floats(name: str, values: Floats) -> pl.Series:
    """A column of figures, empty where there is none."""
    return pl.Series(name, values).fill_nan(None)
