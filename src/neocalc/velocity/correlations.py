"""The correlation of z between two ages, as the WHO's tables imply it, and what follows from it.

The SD of an increment and the SDs of attained size at both ages fix the correlation of size, and so
of z: r = (s1^2 + s2^2 - s_inc^2) / (2 s1 s2), where each s is M S of its table. Where the tables of
increments have the interval, at a width or between two, r is computed from them. Elsewhere it is
that of a smooth model, fitted once to the r of every row (scripts/fit_correlations.py): over more
than 6 months, and from 24 to 36 months, where it is an extrapolation and says so.

With r, two z-scores follow for any two ages: the standardised change, (z2 - z1) / sqrt(2 (1 - r)),
and the conditional gain, (z2 - r z1) / sqrt(1 - r^2), which allows for regression to the mean.

References
----------
Cole TJ. Conditional reference charts to assess weight gain in British infants. Arch Dis Child
1995;73:8-16.

WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: growth velocity based on
weight, length and head circumference: methods and development. Geneva: WHO; 2009
(ISBN 978 92 4 154763 5).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.arrays import either
from neocalc.errors import CODE, StatusArray, TableError
from neocalc.reading.dates import MONTH, days_from_months
from neocalc.reading.units import Floats
from neocalc.references.catalogue import reference, tables_folder
from neocalc.references.files import parse_toml, read_checked
from neocalc.references.lookup import Bytes, Rows
from neocalc.references.shipped import read_small, refuse_altered
from neocalc.velocity.declines import Attained, Changes
from neocalc.velocity.gains import conditional
from neocalc.velocity.increment_tables import LAST_DAY
from neocalc.velocity.increments import DEFAULT_RULES
from neocalc.velocity.intervals import (
    FEW,
    INTERPOLATED,
    ROW,
    WHO_2006,
    Cells,
    axes_of,
    cells_of,
    every_cell,
)
from neocalc.velocity.visits import Interval

FOLDER: Final = "who-2009-correlation"
"""The folder of the model's parameters, among the tables."""
ABOUT: Final = "correlation.toml"
HEADER: Final = "measure,n,p,c,q,tau"
SOURCES: Final = (
    "", "who-2009", "who-2009-interpolated", "who-2009-model", "who-2009-model-extrapolated",
)  # fmt: skip
"""Where an r is from: none, a row of increments, between the rows of two widths, the model, or the
model beyond the age at which the tables end. The first three are codes of `intervals.METHODS`."""
MODEL: Final = 3
"""Code of the model; the next one is of the model beyond the tables."""
LAST_CORRELATED: Final = days_from_months(36)
"""The model is used to 36 months, the last age to which a preterm child is corrected [day]."""


_SOURCE_OF: Final = np.array([MODEL, ROW, INTERPOLATED, MODEL], dtype=np.uint8)
"""The source of r for each of `intervals.METHODS`: an increment that is scaled has no SD of its
own."""
Placed = tuple[Cells, Rows]
"""Cells of increments, and the one of each pair, as `intervals.cells_of` gives them."""


class Model(NamedTuple):
    """r = (1 - n)(p + (1 - p) exp(-c u^q)), u = ln((t2 + tau) / (t1 + tau)), ages t in months."""

    n: float
    p: float
    c: float
    q: float
    tau: float

    def at(self, u: Any) -> Any:
        """The correlation over a span u of the logarithm of age [unitless]."""
        return (1 - self.n) * (self.p + (1 - self.p) * np.exp(-self.c * u**self.q))

    def between(self, first: Any, second: Any) -> Any:
        """The correlation between two ages [month].

        >>> round(float(Model(0.02, 0.4, 0.5, 1.7, 1.0).between(3, 12)), 4)
        0.6955
        """
        return self.at(np.log((second + self.tau) / (first + self.tau)))


class Correlations(NamedTuple):
    """Correlations of many pairs of ages: r, codes of `SOURCES`, and why there is none."""

    r: Floats
    source: Bytes
    status: StatusArray


class Standardised(NamedTuple):
    """Standardised changes and conditional gains of many, with the r that both are by."""

    change: Floats
    conditional: Floats
    r: Floats


def read_models(folder: Path) -> dict[str, Model]:
    """The parameters of each measure.

    Raises
    ------
    TableError
        When the folder or its table is missing, altered or malformed.
    """
    path = folder / ABOUT
    try:
        about = parse_toml(read_small(path))
        file, sha256 = folder / str(about["file"]), str(about["sha256"])
    except FileNotFoundError as error:
        raise TableError(f"{path}: there is no {ABOUT} in this folder") from error
    except (OSError, ValueError, KeyError) as error:
        raise TableError(f"{path}: {error}") from error
    content = read_checked(file, sha256)
    try:
        header, *lines = content.decode("ascii").split("\n")
        if header != HEADER:
            raise ValueError(f"the header must be {HEADER}")
        cells = [line.split(",") for line in lines if line]
        return {name: Model(*map(float, figures)) for name, *figures in cells}
    except (TypeError, ValueError) as error:
        raise TableError(f"{file}: {error}") from error


@cache
def models() -> dict[str, Model]:
    """The models of neocalc's own tables; read once."""
    root = tables_folder()
    path = root / FOLDER / ABOUT
    found = read_models(path.parent)
    refuse_altered(root, path, hashlib.sha256(read_small(path)).hexdigest())
    return found


def implied(measure: str, interval: Interval) -> Correlations:
    """The correlation of z between the two ages of each pair, as the WHO's tables imply it.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference; of another there is none (`no_table`).
    interval : Interval
        The ages at the visits, on one basis, and why pairs cannot be compared.
    """
    status = _without(measure, interval)
    r = np.full(len(status), np.nan)
    there = np.flatnonzero(status == 0)
    if there.size:
        r[there] = _implied(measure, interval, there)
    return Correlations(r, sources(measure, interval, r), status)


def _without(measure: str, interval: Interval) -> StatusArray:
    """Why pairs have no correlation."""
    known = measure in models()
    word = np.full(len(interval.days), 0 if known else CODE["no_table"], dtype=np.uint8)
    for mask, code in (
        (interval.end > LAST_CORRELATED, "above_velocity_reference"),
        (interval.start < 0, "start_below_term"),
        (interval.days <= 0, "interval_not_positive"),
    ):
        word = either(mask, np.uint8(CODE[code]), word)
    if interval.status is not None:
        word = either(interval.status != 0, interval.status, word)
    return word


def _implied(measure: str, interval: Interval, at: Rows, placed: Placed | None = None) -> Floats:
    """Correlations of some pairs, all from term to 36 months; `placed` as for `standardise`."""
    if placed is None:
        interval = interval.rows(at)
        placed, at = _placed(measure, interval), np.arange(len(at))
    sex, start, days = interval.sex, interval.start, interval.days
    cells, place = placed
    if len(days) <= FEW:
        r = _of_cells(measure, cells, sex, start, days).take(at)
    else:
        r = _of_every_cell(measure).take(place.take(at))
    others = np.flatnonzero(np.isnan(r))
    if others.size:
        pairs = at.take(others)
        first, model = start.take(pairs), models()[measure]
        log_age = _log_age(model.tau)
        r[others] = model.at(log_age.take(first + days.take(pairs)) - log_age.take(first))
    return r


def _placed(measure: str, interval: Interval) -> Placed:
    """The cells of pairs by the rules that r is computed by, and the one of each."""
    return cells_of(measure, DEFAULT_RULES.rule, interval.sex, interval.start, interval.days)


def sources(measure: str, interval: Interval, r: Floats, placed: Placed | None = None) -> Bytes:
    """Codes of `SOURCES` of correlations that `implied` or `standardise` gave; 0 where r is NaN."""
    known = ~np.isnan(r)
    if not known.any():  # of some measures there are no cells
        return known * np.uint8(0)
    cells, place = _placed(measure, interval) if placed is None else placed
    found: Bytes = _SOURCE_OF.take(cells.method.take(place))
    found += (found == MODEL) & (interval.end > LAST_DAY)  # the next: extrapolated
    found *= known
    return found


@cache
def _log_age(tau: float) -> Floats:
    """The logarithm of every age to 36 months, in months and with tau added."""
    return np.asarray(np.log(np.arange(LAST_CORRELATED + 1) / MONTH + tau))


def _of_cells(measure: str, cells: Cells, sex: Any, start: Any, days: Any) -> Floats:
    """The correlation that each cell's increment implies; NaN where there is no SD for its days.

    An increment that is scaled to a width has no SD of its own.
    """
    sd = attained_sd(measure)
    one, two = (sd[sex, np.clip(age, 0, LAST_CORRELATED)] for age in (start, start + days))
    r = (one**2 + two**2 - (cells.M * cells.S) ** 2) / (2 * one * two)
    return np.where(cells.method <= INTERPOLATED, r, np.nan)


@cache
def _of_every_cell(measure: str) -> Floats:
    """The same for all cells, in their order; kept, as they serve every call."""
    rule = DEFAULT_RULES.rule
    return _of_cells(measure, every_cell(measure, rule), *axes_of(rule))


@cache
def attained_sd(measure: str) -> Floats:
    """M S of the WHO's attained growth by sex and day, to 36 months [canonical unit]."""
    table = reference(WHO_2006).table(measure)
    return np.asarray((table.M * table.S)[:, : LAST_CORRELATED + 1])


def standardise(
    measure: str,
    first: Attained,
    second: Attained,
    change: Changes,
    interval: Interval,
    own: Floats | None = None,
    placed: Placed | None = None,
) -> Standardised:
    """Standardised changes and conditional gains; `standardised_status` says why there is none.

    There are none without a change, across two references, and where r is not known. An r of the
    caller's goes before ours; it is of the caller's ages, whatever they are.

    Parameters
    ----------
    measure : str
        The measure.
    first, second : Attained
        Attained z-scores at both visits.
    change : Changes
        The change between them.
    interval : Interval
        What is between the visits.
    own : numpy.ndarray, optional
        The caller's correlations, from 0 to below 1 [unitless].
    placed : (Cells, numpy.ndarray), optional
        The cells of the pairs by the default rules, where the caller has looked them up already.
    """
    usable = ~np.isnan(change.z)
    usable &= first.reference == second.reference
    if own is None:
        usable &= interval.start >= 0
        usable &= interval.end <= LAST_CORRELATED
        usable &= measure in models()
    r = np.full(len(usable), np.nan)
    there = np.flatnonzero(usable)
    if there.size:
        r[there] = _implied(measure, interval, there, placed) if own is None else own.take(there)
    return Standardised(standardised(change.z, r), conditional(first.z, second.z, r), r)


def standardised(change: Floats, r: Floats) -> Floats:
    """Change / sqrt(2 (1 - r)), with an r below 1."""
    spread = 1 - r
    spread *= 2
    np.sqrt(spread, out=spread)
    return np.divide(change, spread, out=spread)


def standardised_status(
    measure: str, first: Attained, second: Attained, change: Changes, interval: Interval, *,
    own: bool = False,
) -> StatusArray:  # fmt: skip
    """Why there is no standardised change; ok or implausible where there is one.

    `own`: r is the caller's.
    """
    n = len(change.z)
    status = np.zeros(n, dtype=np.uint8) if own else _without(measure, interval)
    changed = first.reference != second.reference
    status = either(changed, np.uint8(CODE["reference_changed"]), status)
    status = np.asarray(either(np.isnan(change.z), change.status, status))
    kept = np.uint8(CODE["implausible"])
    status += ((status == 0) & (change.status == kept)) * kept
    return status
