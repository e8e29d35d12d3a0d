"""Doses of many infants at once: cells and volume of each row, with a status.

A table has no second person at its side: whatever would stop a single dose, softly or hard, leaves
the row without cells and volume. A row's figures are for planning; a dose is prepared one by one.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.dose.amounts import strength_of, work_out
from neocalc.dose.checks import derived_checks, input_checks
from neocalc.dose.formulas import cells_needed, volume_needed
from neocalc.dose.inputs import DoseInputs, read_inputs
from neocalc.dose.limits import Limits
from neocalc.dose.stops import HARD, SOFT, above, stop_codes
from neocalc.errors import CODE, DoseRefused, InputError, StatusArray, first_status

Floats = npt.NDArray[np.float64]
_NUMBERS: Final = {int, float, type(None)}
"""What may stand in a column of Python values."""
PRODUCT: Final = (
    "possible values", "arm dose", "measured weight", "age of weight", "concentration", "viability",
)  # fmt: skip
"""The checks before the calculation that a table can be held to; the others are of one infant."""
_UNDATED: Final = (
    "the protocol asks for weights stated as measured, each with its date "
    "(require_measured_weight), and a column of weights states neither: prepare each dose by "
    "itself, with neocalc dose"
)


class DoseColumns(NamedTuple):
    """Doses of many rows.

    Attributes
    ----------
    cells : numpy.ndarray
        [cell]; NaN where the status is not ok.
    volume : numpy.ndarray
        [mL]; NaN where the status is not ok, and everywhere without a concentration.
    status : numpy.ndarray
        Codes of `neocalc.errors.STATUSES`: ``ok``; ``missing_value`` or ``invalid_value`` of the
        weight; ``implausible`` where a check would stop the dose (weight range, z-score, cells).
    """

    cells: Floats
    volume: Floats
    status: StatusArray


def dose_columns(
    weight_kg: Any,
    dose: Any,
    *,
    concentration: Any = None,
    viable_concentration: Any = None,
    viability: Any = None,
    release_viability: Any = None,
    z: Any = None,
    status: StatusArray | None = None,
    stops: Any = None,
    limits: Limits | None = None,
) -> DoseColumns:
    """Cells and volume for a column of weights, at one dose and of one product.

    Parameters
    ----------
    weight_kg : array_like
        Dosing weights [kg]; NaN is a missing weight.
    dose : str or pint.Quantity
        [cell/kg], as for `neocalc.dose.prepare`.
    concentration, viable_concentration, viability, release_viability : optional
        As for `neocalc.dose.prepare`; without a concentration there are cells and no volumes.
    z : array_like, optional
        Weight-for-age z-score of each row [unitless]; NaN where there is none.
    status : numpy.ndarray, optional
        Status codes of the weights, which take precedence.
    stops : numpy.ndarray, optional
        Stop codes of the weights for age and sex (0: none), by `neocalc.dose.weight.weight_codes`:
        where no z-score reaches the limits, a weight may be too small a share of the median.
    limits : Limits, optional
        The protocol's, such as `neocalc.trials.load(...).arm(...).limits`.

    Returns
    -------
    DoseColumns
        Cells [cell], volumes [mL] and status codes.

    Raises
    ------
    DoseRefused
        When the dose or the product would be stopped whatever the weight.
    InputError
        As for `neocalc.dose.prepare`.

    Examples
    --------
    >>> columns = dose_columns([2.35, 850.0, float("nan")], "1 million cells/kg",
    ...                        viable_concentration="2 million cells/mL")
    >>> columns.cells.tolist(), columns.volume.tolist(), columns.status.tolist()
    ([2350000.0, nan, nan], [1.175, nan, nan], [0, 15, 2])
    """
    limits = limits or Limits()
    weights = _column(weight_kg, "weight_kg", "f", "a column of plain numbers [kg]")
    n = len(weights)
    if z is not None:
        z = _column(z, "z", "f", f"a z-score for each of {n:,} weights", n)
    if status is not None:
        status = _column(status, "status", "u", f"a code for each of {n:,} weights", n)
    if stops is not None:
        stops = _column(stops, "stops", "u", f"a code for each of {n:,} weights", n)
    one = _product(limits, dose, concentration, viable_concentration, viability, release_viability)
    cells = cells_needed(one.dose, weights)
    strength = strength_of(one, limits.counts)
    volume = volume_needed(cells, *strength) if strength else np.full(len(weights), np.nan)
    found = _weight_status(weights, cells, z, stops, limits)
    if status is not None:
        found = np.where(status != 0, status, found).astype(np.uint8)
    stopped = found != 0
    return DoseColumns(np.where(stopped, np.nan, cells), np.where(stopped, np.nan, volume), found)


def _column(values: Any, name: str, kind: str, accepted: str, n: int | None = None) -> Any:
    """Plain numbers of one length: NumPy would drop a unit, and spread one number over all rows."""
    if hasattr(values, "units"):
        raise InputError(name, values, f"{accepted}; a quantity has its own unit")
    if hasattr(values, "filled"):  # what a masked array hides is missing
        values = values.astype(np.float64).filled(np.nan)
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "iufO" or array.ndim != 1 or n not in (None, len(array)):
            raise TypeError
        if array.dtype.kind == "O" and not {type(v) for v in array.tolist()} <= _NUMBERS:
            raise TypeError
        if kind == "u" and array.dtype.kind not in "iu":
            raise TypeError
        return array.astype(np.float64 if kind == "f" else np.uint8)
    except (TypeError, ValueError) as error:
        raise InputError(name, values, accepted) from error


def kilograms(grams: Floats) -> Floats:
    """Weights in grams as `neocalc.dose.prepare` takes them: the kilograms of the typed figure.

    In floats 4.1 g / 1000 is not the float nearest to 0.0041 kg.

    Examples
    --------
    >>> kilograms(np.array([2350.1, 850.0])).tolist()
    [2.3501, 0.85]
    """
    plain = (grams >= 1e-4) & (grams < 1e15)  # their repr has no exponent
    typed = [float(f"{gram!r}e-3") for gram in grams[plain].tolist()]
    weights = grams / 1000
    weights[plain] = typed
    return weights


def _product(limits: Limits, dose: Any, *product: Any) -> DoseInputs:
    """The dose and the product, checked with a weight that no limit refuses."""
    names = ("concentration", "viable_concentration", "viability", "release_viability")
    within = math.sqrt(limits.at("min_weight") * limits.at("max_weight"))
    values = {"weight": f"{within!r} kg", "dose": dose} | dict(zip(names, product, strict=True))
    one = read_inputs(values)
    strength = strength_of(one, limits.counts)
    checks = input_checks(one, limits)
    if strength is not None and not any(check.outcome == HARD for check in checks):
        derived = derived_checks(one, limits, work_out(one, limits))
        checks += [check for check in derived if check.name == "volume per kg"]
    stops = [
        check
        for check in checks
        if check.outcome in (HARD, SOFT) and (check.name in PRODUCT or check.derived)
    ]
    if stops:
        said = "; ".join(f"{check.name}: {check.message}" for check in stops)
        said = _UNDATED if limits.require_measured_weight else said
        raise DoseRefused(f"no dose for any row: {said}", tuple(c.withheld() for c in checks))
    return one


def _weight_status(
    weights: Floats, cells: Floats, z: Any, stops: Any, limits: Limits
) -> StatusArray:
    """Why a row has no dose, by the same limits as a single dose."""
    with np.errstate(invalid="ignore"):
        invalid = ~((weights > 0) & (weights < np.inf))
        outside = (weights < limits.at("min_weight")) | (weights > limits.at("max_weight"))
        stopped = outside
        if z is not None:
            stopped = stopped | (stop_codes(z, limits.z_soft, limits.z_hard) != 0)
        if stops is not None:
            stopped = stopped | (stops != 0)
        most = limits["max_cells"]
        if most is not None:
            stopped = stopped | above(cells, most.value)
    return first_status(
        np.where(np.isnan(weights), CODE["missing_value"], 0).astype(np.uint8),
        np.where(invalid & ~np.isnan(weights), CODE["invalid_value"], 0).astype(np.uint8),
        np.where(stopped, CODE["implausible"], 0).astype(np.uint8),
    )
