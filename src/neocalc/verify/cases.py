"""Published values and worked cases: each a call with its inputs and what it must give.

They are data, ``reference_tables/verification/*.toml``; what may be called is the list `CALLS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import Policy
from neocalc.errors import NeocalcError
from neocalc.growth.birth import size_at_birth
from neocalc.growth.zscores import measurement, zscore
from neocalc.reading.dates import MONTH, NOT_STATED
from neocalc.reading.units import figures_of
from neocalc.references.catalogue import reference
from neocalc.references.files import AXES, SEXES
from neocalc.references.lms import measurement_from_zscore, zscore_from_measurement
from neocalc.velocity.increment_tables import WHO_2009, Row, read_rows
from neocalc.verify.checks import Check, Found, agrees, attempt, shown
from neocalc.verify.tables import increment_row

Results = dict[str, Any]
PRINTED: Final = "printed_"
"""Before the name of a result: as it is printed, to the decimals that are given."""


def case_checks(about: dict[str, Any], section: str) -> Iterator[Check]:
    """Every case of a file."""
    for case in about["cases"]:
        yield attempt(
            section, str(case.get("id")), partial(_made, case), expected=_listed(case["expected"]),
            source=case.get("source", ""), confidence=case.get("confidence", ""),
        )  # fmt: skip


def _made(case: dict[str, Any]) -> Found:
    """Call what a case calls and compare."""
    expected, tolerance = case["expected"], case["tolerance"]
    try:
        results = CALLS[case["call"]](**case["inputs"])
    except NeocalcError as error:
        results = _refusal(error)
    actual = {name: _result(name, results, wanted) for name, wanted in expected.items()}
    right = all(agrees(actual[name], wanted, tolerance) for name, wanted in expected.items())
    if "error" in results and "error" not in expected:
        return Found(False, _listed(expected), f"{results['error']}: {results['message']}")
    return Found(right, _listed(expected), _listed(actual))


def _result(name: str, results: Results, wanted: Any) -> Any:
    if not name.startswith(PRINTED):
        return results.get(name)
    value = results.get(name.removeprefix(PRINTED))
    decimals = len(str(wanted).partition(".")[2])
    return f"{value:.{decimals}f}" if isinstance(value, float) else value


def _listed(values: Results) -> str:
    return "; ".join(f"{name} {shown(value)}" for name, value in values.items())


def _refusal(error: NeocalcError) -> Results:
    """What an error says: its kind, its status, and of a dose the checks that stop."""
    from neocalc.dose.stops import HARD

    checks = getattr(error, "checks", ())
    return {
        "error": type(error).__name__,
        "message": " ".join(str(error).split()),
        "status": getattr(error, "status", None),
        "hard_stops": [check.name for check in checks if check.outcome == HARD],
    }


def _age(given: dict[str, Any]) -> Age | None:
    """Take the age out of the inputs: from dates, days or months."""
    gestation = given.pop("gestation", None)
    if "born" in given:
        return Age(given.pop("born"), given.pop("on"), gestation)
    if "age_days" in given:
        return Age.from_days(given.pop("age_days"), gestation)
    if "age_months" in given:
        return Age.from_months(given.pop("age_months"))
    return None


def _zscore(measure: str, value: str, **given: Any) -> Results:
    if "preterm_reference" in given:
        given["policy"] = Policy(preterm_reference=given.pop("preterm_reference"))
    r = zscore(measure, value, age=_age(given), **given)
    names = ("z", "centile", "reference", "age_basis", "method", "status")
    return {name: getattr(r, name) for name in names}


def _measurement(measure: str, z: list[float], **given: Any) -> Results:
    found = measurement(measure, np.array(z), age=_age(given), **given)
    return {"kg" if measure == "weight" else "cm": found.magnitude.tolist()}


def _size_at_birth(measure: str, value: str, **given: Any) -> Results:
    r = size_at_birth(measure, value, **given)
    return {"z": r.z, "category": r.category, "reference": r.reference, "status": r.status}


def _ages(**given: Any) -> Results:
    age = _age(given)
    assert age is not None
    days, gestation = int(age.days[0]), int(age.gestation_days[0])
    found: Results = {"chronological_days": days}
    if gestation != NOT_STATED and age.corrected is not None and age.postmenstrual is not None:
        corrected = int(age.corrected.magnitude)
        found |= {
            "corrected_days": corrected,
            "corrected_months": corrected / MONTH,
            "postmenstrual_days": int(age.postmenstrual.magnitude),
            "expected_date": str(age.expected_date),
            "preterm": bool(age.is_preterm),
        }
    return found


def _lms_zscore(y: float, L: float, M: float, S: float, restricted: bool) -> Results:
    return {"z": zscore_from_measurement(y, L, M, S, restricted=restricted)}


def _lms_measurement(z: float, L: float, M: float, S: float, restricted: bool) -> Results:
    return {"y": measurement_from_zscore(z, L, M, S, restricted=restricted)}


def _table_row(measure: str, sex: str, **given: Any) -> Results:
    """A row of a table; M in the unit in which neocalc computes."""
    table = reference(given.pop("reference")).table(measure)
    at = SEXES.index(sex), round(given.pop(table.axis) * AXES[table.axis]) - table.first
    return {name: float(getattr(table, name)[at]) for name in ("L", "M", "S")}


def _row_zscore(value: str, restricted: bool, measure: str, **given: Any) -> Results:
    unit = reference(given["reference"]).table(measure).unit
    y = figures_of(value, unit, "value")[0][0]
    row = _table_row(measure, **given)
    return {"z": zscore_from_measurement(y, **row, restricted=restricted)}


def _increment_row(
    measure: str,
    sex: str,
    interval_months: int,
    start_months: float,
    increment: str | None = None,
    restricted: bool = False,
) -> Results:
    """An increment by one row of the WHO's tables, whole or between two."""
    from neocalc.velocity.increments import floor

    row = increment_row(measure, sex, interval_months, start_months)
    lowest = floor(np.array([row.L]), np.array([row.S]), np.array([restricted]))
    found: Results = {"z_floor": float(lowest[0])}
    if increment is not None:
        unit = "kg" if measure == "weight" else "cm"
        y = figures_of(increment, unit, "increment")[0][0] + row.delta
        found["z"] = zscore_from_measurement(y, row.L, row.M, row.S, restricted=restricted)
    return found


def _velocity(measure: str, first_age_days: int, second_age_days: int, **given: Any) -> Results:
    from neocalc import velocity

    ages = Age.from_days(first_age_days), Age.from_days(second_age_days)
    v = velocity.zscore(measure, first_age=ages[0], second_age=ages[1], **given)
    names = ("z", "z_unscaled", "nominal_months", "age_basis", "method", "lms_method", "status")
    cells, at = v.codes.cells, v.codes.at[0]
    grams = 1000 if measure == "weight" else 1
    return {name: getattr(v, name) for name in names} | {
        "increment_scaled": float(v.increment_scaled.magnitude),
        "L": float(cells.L[at]),
        "M": grams * float(cells.M[at]),
        "S": float(cells.S[at]),
        "delta": grams * float(cells.delta[at]),
    }


def _correlation(measure: str, sex: str, first_age_days: int, second_age_days: int) -> Results:
    from neocalc import velocity

    ages = Age.from_days(first_age_days), Age.from_days(second_age_days)
    c = velocity.correlation(measure, sex=sex, first_age=ages[0], second_age=ages[1])
    return {name: getattr(c, name) for name in ("r", "source", "status")}


def _change(measure: str, first_age_days: int, second_age_days: int, **given: Any) -> Results:
    from neocalc import velocity

    ages = Age.from_days(first_age_days), Age.from_days(second_age_days)
    c = velocity.change(measure, first_age=ages[0], second_age=ages[1], **given)
    names = ("change", "standardised", "conditional", "r", "r_source", "standardised_status")
    return {name: getattr(c, name) for name in names}


def _increment_coverage() -> Results:
    """How many rows of increments there are, and how many lack their lower SD lines."""
    ref = reference(WHO_2009)
    rows: list[Row] = [
        row for measure in ref.measures for some in read_rows(ref, measure).values() for row in some
    ]
    L, M, S = (np.array([getattr(row, name) for row in rows]) for name in ("L", "M", "S"))
    missing = [int(np.isnan(measurement_from_zscore(z, L, M, S)).sum()) for z in (-3, -2)]
    return {
        "rows": len(rows), "without_third_line": missing[0], "without_second_line": missing[1],
    }  # fmt: skip


def _gain(**given: Any) -> Results:
    from neocalc.velocity.gains import gain

    found = gain(**given)
    return {"rate": found.magnitude, "unit": found.unit, "status": found.status}


def _conditional_gain(z1: float, z2: float, r: float) -> Results:
    from neocalc.velocity.gains import conditional_gain

    return {"gain": conditional_gain(z1, z2, r, "a worked case")}


def _decline(measure: str, change: float, age_days: int) -> Results:
    from neocalc.velocity.declines import DECLINES, decline_class

    code = decline_class(measure, np.array([change]), np.array([age_days], dtype=np.int32))
    return {"class": DECLINES[int(code[0])]}


def _dose(**given: Any) -> Results:
    """A dose by `neocalc.dose.prepare`, with its limits, protocol and earlier doses as data."""
    from neocalc.dose import prepare
    from neocalc.dose.limits import Limits
    from neocalc.trials import load

    if "trial" in given:
        given["arm"] = load(given.pop("trial"), given.pop("version")).arm(given["arm"])
    if "limits" in given:
        given["limits"] = Limits(**given["limits"])
    if "doses_given" in given:
        given["doses_given"] = [(on, size) for on, size in given["doses_given"]]
    if "preterm_reference" in given:
        given["policy"] = Policy(preterm_reference=given.pop("preterm_reference"))
    if "age_days" in given:
        given["age"] = _age(given)
    amounts = prepare(**given).amounts
    return {
        "cells": amounts.cells,
        "volume_ml": amounts.volume,
        "syringe_volume_ml": amounts.syringe_volume,
        "rounding_error_percent": None
        if amounts.rounding_error is None
        else 100 * amounts.rounding_error,
        "volume_ml_per_kg": amounts.volume_per_kg,
        "delivered_per_kg": amounts.delivered,
        "vials": amounts.vials,
    }


def _print(value: float, unit: str) -> Results:
    from neocalc.dose.notation import amount

    return {"text": amount(value, unit)}


def _exact_volume(
    dose_per_kg: float, weight_kg: float, concentration_per_ml: float, viable_fraction: float
) -> Results:
    from neocalc.dose.formulas import exact_volume

    return {"ml": str(exact_volume(dose_per_kg, weight_kg, concentration_per_ml, viable_fraction))}


def _cohort(columns: dict[str, list[Any]]) -> Results:
    """The added columns of a table of visits."""
    import polars as pl

    from neocalc.cohort.table import score

    scored = score(pl.DataFrame(columns))
    return {
        name: [math.nan if value is None else value for value in scored[name].to_list()]
        for name in scored.columns
    }


CALLS: Final[dict[str, Callable[..., Results]]] = {
    "age": _ages,
    "change": _change,
    "cohort": _cohort,
    "conditional_gain": _conditional_gain,
    "correlation": _correlation,
    "decline": _decline,
    "dose": _dose,
    "exact_volume": _exact_volume,
    "gain": _gain,
    "increment_coverage": _increment_coverage,
    "increment_row": _increment_row,
    "lms_measurement": _lms_measurement,
    "lms_zscore": _lms_zscore,
    "measurement": _measurement,
    "print": _print,
    "row_zscore": _row_zscore,
    "size_at_birth": _size_at_birth,
    "table_row": _table_row,
    "velocity": _velocity,
    "zscore": _zscore,
}
"""What a case may call, by name."""
