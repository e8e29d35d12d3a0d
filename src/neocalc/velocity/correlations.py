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

from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from neocalc.age import MONTH, days_from_months
from neocalc.coding import Ints
from neocalc.errors import CODE, StatusArray, TableError
from neocalc.references import parse_toml, read_checked, reference, tables_folder
from neocalc.stacks import Bytes
from neocalc.units import Floats
from neocalc.velocity.declines import Attained, Changes
from neocalc.velocity.increment_tables import LAST_DAY
from neocalc.velocity.increments import DEFAULT_RULES
from neocalc.velocity.intervals import (
    FEW,
    INTERPOLATED,
    WHO_2006,
    Cells,
    axes_of,
    cells_of,
    every_cell,
)
from neocalc.velocity.rates import conditional
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
MODEL, EXTRAPOLATED, OWN = 3, 4, 5
"""Codes of the last two, and of an r that the caller gives."""
LAST_CORRELATED: Final = days_from_months(36)
"""The model is used to 36 months, the last age to which a preterm child is corrected [day]."""


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
    """Standardised changes and conditional gains of many, with r, its source and the status."""

    change: Floats
    conditional: Floats
    r: Floats
    source: Bytes
    status: StatusArray


def read_models(folder: Path) -> dict[str, Model]:
    """The parameters of each measure.

    Raises
    ------
    TableError
        When the folder or its table is missing, altered or malformed.
    """
    path = folder / ABOUT
    try:
        about = parse_toml(path.read_bytes())
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
    return read_models(tables_folder() / FOLDER)


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
    there = np.flatnonzero(status == 0)
    r, source = np.full(len(status), np.nan), np.zeros(len(status), dtype=np.uint8)
    if there.size:
        ages = (column.take(there) for column in (interval.sex, interval.start, interval.days))
        r[there], source[there] = _implied(measure, *ages)
    return Correlations(r, source, status)


def _without(measure: str, interval: Interval) -> StatusArray:
    """Why pairs have no correlation."""
    word = np.zeros(len(interval.days), dtype=np.uint8)
    if measure not in models():
        word[:] = CODE["no_table"]
    np.putmask(word, interval.end > LAST_CORRELATED, CODE["above_velocity_reference"])
    np.putmask(word, interval.start < 0, CODE["start_below_term"])
    np.putmask(word, interval.days <= 0, CODE["interval_not_positive"])
    if interval.status is not None:
        np.putmask(word, interval.status != 0, interval.status)
    return word


def _implied(measure: str, sex: Ints, start: Ints, days: Ints) -> tuple[Floats, Bytes]:
    """Correlations from term to 36 months, each with the code of its source."""
    cells, at = cells_of(measure, DEFAULT_RULES.rule, sex, start, days)
    if len(days) <= FEW:
        r, source = _of_cells(measure, cells, sex, start, days)
    else:
        every, sources = _of_every_cell(measure)
        r, source = every.take(at), sources.take(at)
    others = np.flatnonzero(source == 0)
    if others.size:
        first = start.take(others)
        second = first + days.take(others)
        model = models()[measure]
        log_age = _log_age(model.tau)
        r[others] = model.at(log_age.take(second) - log_age.take(first))
        source[others] = MODEL + (second > LAST_DAY)  # the next code: extrapolated
    return r, source


@cache
def _log_age(tau: float) -> Floats:
    """The logarithm of every age to 36 months, in months and with tau added."""
    return np.asarray(np.log(np.arange(LAST_CORRELATED + 1) / MONTH + tau))


def _of_cells(measure: str, cells: Cells, sex: Any, start: Any, days: Any) -> tuple[Floats, Bytes]:
    """The correlation that each cell's increment implies; none where there is no SD for its days.

    An increment that is scaled to a width has no SD of its own.
    """
    source = np.where(cells.method <= INTERPOLATED, cells.method, np.uint8(0))
    sd = attained_sd(measure)
    start = np.maximum(start, 0)
    one, two = sd[sex, start], sd[sex, np.minimum(start + days, LAST_CORRELATED)]
    r = (one**2 + two**2 - (cells.M * cells.S) ** 2) / (2 * one * two)
    return np.where(source > 0, r, np.nan), source


@cache
def _of_every_cell(measure: str) -> tuple[Floats, Bytes]:
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
) -> Standardised:
    """Standardised changes and conditional gains.

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
    """
    n = len(change.z)
    status = _without(measure, interval) if own is None else np.zeros(n, dtype=np.uint8)
    np.putmask(status, first.reference != second.reference, CODE["reference_changed"])
    np.putmask(status, np.isnan(change.z), change.status)
    figures = np.full((3, n), np.nan)
    found = Standardised(figures[0], figures[1], figures[2], np.zeros(n, dtype=np.uint8), status)
    there = np.flatnonzero(status == 0)
    if not there.size:
        return found
    if own is None:
        ages = (column.take(there) for column in (interval.sex, interval.start, interval.days))
        r, found.source[there] = _implied(measure, *ages)
    else:
        r, found.source[there] = own.take(there), OWN
    found.r[there] = r
    found.change[there] = change.z.take(there) / np.sqrt(2 * (1 - r))
    found.conditional[there] = conditional(first.z.take(there), second.z.take(there), r)
    kept = CODE["implausible"]
    status[(status == 0) & (change.status == kept)] = kept
    return found
