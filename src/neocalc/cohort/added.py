"""The columns that scoring adds to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from neocalc.ages.age import Age
from neocalc.cohort.canonical import AGE_COLUMNS, DOSE_COLUMNS
from neocalc.cohort.columns import column_of, figures, measured_weights
from neocalc.cohort.doserows import not_eligible, row_codes
from neocalc.cohort.mapping import Mapped
from neocalc.errors import CODE, STATUSES, combined, status_where
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import Scored, place_of
from neocalc.reading.dates import NOT_STATED, TERM
from neocalc.reading.units import Floats
from neocalc.references.lms import centile_from_zscore

if TYPE_CHECKING:
    from neocalc.dose.dosing import Dosing


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
    table: pl.DataFrame, age: Age, scored: Scored, inputs: Inputs, mapped: Mapped, dosing: Dosing
) -> list[pl.Series]:
    """The dose of each row that is due one and whose weight, scored from `inputs`, stops none."""
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
    weighed = combined(scored.status, stated)  # an estimated weight has a z-score and no dose
    doses = dosing.columns(weights, scored.z, weighed, stops)
    cells, volume, status = DOSE_COLUMNS
    codes = row_codes(table, mapped, dosing)
    codes = np.where(codes != 0, codes, doses.status).astype(np.uint8)
    refused = not_eligible(table, age, codes == 0, mapped, dosing)
    codes[refused] = CODE["not_eligible"]
    stopped = codes != 0
    return [
        floats(cells, np.where(stopped, np.nan, doses.cells)),
        floats(volume, np.where(stopped, np.nan, doses.volume)),
        pl.Series(status, codes).cat.to(pl.Enum(STATUSES)),
    ]


def floats(name: str, values: Floats) -> pl.Series:
    """A column of figures, empty where there is none."""
    return pl.Series(name, values).fill_nan(None)
