"""Reading and checking the files of a reference: its reference.toml and the CSVs of its tables."""

from __future__ import annotations

import hashlib
import itertools
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.errors import TableError
from neocalc.reading.dimensions import convert, find_unit
from neocalc.reading.units import Floats
from neocalc.references import lms, st3
from neocalc.references.lms import small_line
from neocalc.references.shipped import read_small

MEASURES: Final = {
    "weight": "kg",
    "length": "cm",
    "head_circumference": "cm",
    "bmi": "kg/m2",
    "weight_for_length": "kg",
    "weight_for_height": "kg",
    "arm_circumference": "cm",
    "triceps_skinfold": "mm",
    "subscapular_skinfold": "mm",
}
"""Every measure of a growth table, with the unit in which it is computed."""
AXES: Final = {
    "age_days": 1,
    "age_months": 1,
    "postmenstrual_age_days": 1,
    "gestational_age_days": 1,
    "completed_weeks": 1,
    "length_cm": 10,
    "start_months": 1,
}
"""Each axis with its number of rows for one unit: lengths are keyed by whole 0.1 cm."""
LARGEST: Final = 1e300
"""Ranges and limits beyond it are refused: a whole number may be too large for a float."""
COLUMNS: Final = {
    "lms": "L,M,S",
    "lms-restricted": "L,M,S",
    "normal": "mean,SD",
    "lognormal": "median,S",
    "st3": "mu,sigma,nu,tau",
}
"""Each distribution of a table with the columns of its CSV, after the sex and the axis.

``normal`` is LMS with L = 1 and S = SD / mean, ``lognormal`` LMS with L = 0; ``st3`` is the skew t
type 3.
"""
METHODS: Final = tuple(COLUMNS)
MONTH_DAYS: Final = (487, 16)
"""The WHO's month: 487 / 16 = 30.4375 days."""
MOST_SMALL: Final = 100
"""A limit `flag_small` above it would be one that no value can reach."""
LARGEST_TABLE: Final = 1 << 26
"""Bytes of the largest CSV of a table that is read."""
SEXES: Final = ("female", "male")
"""The sexes in the order of their codes, 0 and 1."""


class Table(NamedTuple):
    """The parameters of one measure, for both sexes, along whole-numbered keys without a gap.

    L, M and S have one row for each sex (female, male) and one column for each key from `first`
    to `last`; M is in `unit`. Of a skew t distribution M is mu and S is sigma [unit], L is not a
    number, and `nu` and `tau` are its other two parameters. A value is implausible where its z is
    outside `flag`, and where it is below M exp(-`flag_small` S); None: there is no such limit. Of a
    skew t distribution the S of that line is sigma / mu.
    """

    measure: str
    unit: str
    axis: str
    first: int
    last: int
    L: Floats
    M: Floats
    S: Floats
    method: str
    flag: tuple[float, float]
    flag_small: float | None = None
    nu: Floats | None = None
    tau: Floats | None = None

    @property
    def restricted(self) -> bool:
        """Whether z goes on in steps of an SD line beyond +-3."""
        return self.method == "lms-restricted"

    def zscore(self, y: Any, at: Any) -> Any:
        """Z-scores of measurements at places of the table, by its own distribution.

        Parameters
        ----------
        y : array_like
            Measurements [unit].
        at : tuple
            An index of the arrays: the sex and the place from the first key.
        """
        if self.nu is not None and self.tau is not None:
            return st3.zscore_from_measurement(y, self.M[at], self.S[at], self.nu[at], self.tau[at])
        return lms.zscore_from_measurement(
            y, self.L[at], self.M[at], self.S[at], restricted=self.restricted
        )

    def measurement(self, z: Any, at: Any, *, restricted: bool | None = None) -> Any:
        """Measurements at z-scores: the inverse of `zscore`.

        Parameters
        ----------
        z : array_like
            Z-scores [unitless].
        at : tuple
            An index of the arrays.
        restricted : bool, optional
            Whether the WHO's restriction applies; by default as the table says.
        """
        if self.nu is not None and self.tau is not None:
            return st3.measurement_from_zscore(z, self.M[at], self.S[at], self.nu[at], self.tau[at])
        restricted = self.restricted if restricted is None else restricted
        return lms.measurement_from_zscore(
            z, self.L[at], self.M[at], self.S[at], restricted=restricted
        )

    @property
    def largest_small(self) -> float:
        """The largest of the values below which one is too small, at any age; 0 without a limit."""
        return 0.0 if self.flag_small is None else float(self.small_line().max())

    @property
    def spread(self) -> Floats:
        """S as a share of the median: of a skew t distribution, sigma as a share of mu."""
        return self.S if self.nu is None else self.S / self.M

    def small_line(self) -> Floats:
        """The values below which one is too small, for both sexes and every key [unit]."""
        k = np.nan if self.flag_small is None else self.flag_small
        return small_line(k, self.M, self.spread)


class Measure(NamedTuple):
    """What reference.toml says of one measure, or of one part of its range.

    A measure whose distribution changes along its axis has several `parts`, in the order of their
    ranges and without a gap; its own file, method and checksum are those of the first.
    """

    name: str
    file: str
    axis: str
    unit: str
    range: tuple[float, float]
    method: str
    flag: tuple[float, float] | None
    sha256: str
    age_range: tuple[float, float]
    intervals: tuple[int, ...]
    flag_small: float | None = None
    parts: tuple[Measure, ...] = ()

    @property
    def files(self) -> tuple[Measure, ...]:
        """The parts, each with a file of its own: the measure itself where it has none."""
        return self.parts or (self,)

    @property
    def first_day(self) -> int:
        """The first day of the range, of a measure by age."""
        per, unit = MONTH_DAYS
        first = self.range[0]
        return int(-(-first * per // unit)) if self.axis == "age_months" else int(first)

    @property
    def last_day(self) -> int:
        """The last day of the range, of a measure by age."""
        per, unit = MONTH_DAYS
        last = self.range[1]
        return int(last * per // unit) if self.axis == "age_months" else int(last)

    @property
    def methods(self) -> str:
        """The distribution, or those of the parts, in words."""
        return ", ".join(dict.fromkeys(part.method for part in self.files))


def parse_toml(content: bytes) -> dict[str, Any]:
    """The content of a TOML file.

    Raises
    ------
    ValueError
        When it is not TOML in UTF-8, nests deeper than Python can follow, or has a whole number of
        more digits than Python reads (which tomllib raises as errors of their own).
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def text_of(about: Mapping[str, Any], name: str, path: Path, *, required: bool) -> str:
    """A text of a reference.toml; an empty one where it may be left out."""
    value = about.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise TableError(f"{path}: {name} must be a text")
    return value


def measure_facts(name: str, facts: Any, axes: tuple[str, ...], path: Path) -> Measure:
    """A checked [measures.NAME] section of a reference.toml, or several with one name."""
    where = f"{path}: [measures.{name}]"
    if isinstance(facts, list) and facts:
        parts = tuple(measure_facts(name, part, axes, path) for part in facts)
        for one, following in itertools.pairwise(parts):
            step = 1 / AXES[one.axis]
            joined = one.range[1] + step == following.range[0] and one.axis == following.axis
            if not joined or one.unit != following.unit:
                raise TableError(f"{where}: a part begins one step after the one before ends")
        whole = parts[0].range[0], parts[-1].range[1]
        return parts[0]._replace(range=whole, parts=parts) if len(parts) > 1 else parts[0]
    if not isinstance(facts, dict):
        raise TableError(f"{where} must be a section")
    known = {
        "file", "axis", "unit", "range", "method", "flag", "flag_small", "sha256", "intervals",
        "age_range",
    }  # fmt: skip
    unknown = sorted(set(facts) - known)
    missing = sorted({"file", "axis", "unit", "range", "method", "sha256"} - set(facts))
    if unknown or missing:
        raise TableError(
            f"{where}: missing {', '.join(missing) or 'nothing'};"
            f" not known: {', '.join(unknown) or 'nothing'}"
        )
    unit = find_unit(str(facts["unit"]))
    canonical = find_unit(MEASURES.get(name, ""))
    if canonical is None or unit is None or unit.dimension != canonical.dimension:
        raise TableError(f"{where}: measures {', '.join(MEASURES)} with a unit of their dimension")
    if facts["axis"] not in axes or facts["method"] not in METHODS:
        raise TableError(
            f"{where}: axis must be {' or '.join(axes)}, method {' or '.join(METHODS)}"
        )
    intervals = facts.get("intervals", [])
    if not isinstance(intervals, list) or not all(type(v) is int for v in intervals):
        raise TableError(f"{where}: intervals must be whole numbers of months")
    file = str(facts["file"])
    if Path(file).name != file:
        raise TableError(f"{where}: file must be a file name in the same folder")
    return Measure(
        name,
        file,
        facts["axis"],
        facts["unit"],
        _pair(facts["range"], f"{where} range", finite=True),
        facts["method"],
        _pair(facts["flag"], f"{where} flag") if "flag" in facts else None,
        str(facts["sha256"]),
        _pair(facts.get("age_range", [0, math.inf]), f"{where} age_range"),
        tuple(intervals),
        _small(facts["flag_small"], f"{where} flag_small") if "flag_small" in facts else None,
    )


def _small(value: Any, where: str) -> float:
    """How many S below the median, on the scale of logarithms, a value is too small."""
    if type(value) not in (int, float) or not 0 < value <= MOST_SMALL:
        raise TableError(f"{where}: a number above 0 and up to {MOST_SMALL}")
    return float(value)


def _pair(value: Any, where: str, *, finite: bool = False) -> tuple[float, float]:
    numbers = isinstance(value, list) and all(type(v) in (int, float) for v in value)
    if not numbers or len(value) != 2 or not value[0] < value[1]:
        raise TableError(f"{where}: two ascending numbers")
    if any(LARGEST < abs(v) < math.inf for v in value):
        raise TableError(f"{where}: two ascending numbers")
    if finite and not value[1] - value[0] < math.inf:
        raise TableError(f"{where}: two finite numbers")
    return value[0], value[1]


def read_checked(path: Path, sha256: str) -> bytes:
    """The content of a table, refused when its checksum is not the one stated."""
    try:
        content = read_small(path, LARGEST_TABLE)
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}") from error
    actual = hashlib.sha256(content).hexdigest()
    if actual != sha256:
        raise TableError(
            f"{path}: this table has been altered: its SHA-256 is {actual},"
            f" reference.toml states {sha256}"
        )
    return content


def parse_rows(content: bytes, header: str, path: Path) -> tuple[npt.NDArray[np.bool_], Floats]:
    """Sex (True for male) and the figures of each row of a CSV with exactly this header."""
    try:
        first, _, body = content.decode("ascii").partition("\n")
        if first != header or not body:
            raise ValueError(f"the header must be {header}, with rows below it")
        text = "\n" + body
        female, male = text.count("\nfemale,"), text.count("\nmale,")
        lines = text.replace("\nfemale,", "\n0,").replace("\nmale,", "\n1,").split("\n")[1:]
        if not lines[-1]:
            lines.pop()
        if female + male != len(lines):
            raise ValueError("sex must be female or male")
        rows = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None)
        if rows.shape[1] != header.count(",") + 1:
            raise ValueError("the rows have another number of columns than the header")
    except ValueError as error:
        raise TableError(f"{path}: {error}") from error
    figures = rows[:, 1:]
    if not np.isfinite(figures).all():
        raise TableError(f"{path}: a figure that is not finite")
    return rows[:, 0] == 1, figures


def load_table(facts: Measure, folder: Path, use: str) -> Table:
    """Read, check and stack the table of one measure, or of one part of it."""
    path = folder / facts.file
    if use == "velocity":
        raise TableError(f"{path}: a table of increments is not a table of attained growth")
    content = read_checked(path, facts.sha256)
    male, figures = parse_rows(content, f"sex,{facts.axis},{COLUMNS[facts.method]}", path)
    per_unit = AXES[facts.axis]
    first, last = (round(limit * per_unit) for limit in facts.range)
    stacks = []
    for sex in (False, True):
        rows = figures[male == sex]
        keys = np.rint(rows[:, 0] * per_unit)
        if not len(rows) or np.abs(keys - rows[:, 0] * per_unit).max() > 1e-6:
            raise TableError(f"{path}: {facts.axis} must be in whole steps of {1 / per_unit:g}")
        if (np.diff(keys) != 1).any():
            at = keys[int(np.argmax(np.diff(keys) != 1))] / per_unit
            raise TableError(f"{path}: {facts.axis} repeats, skips or goes back after {at:g}")
        inside = rows[(keys >= first) & (keys <= last)]
        if len(inside) != last - first + 1:
            raise TableError(f"{path}: the range {facts.range} is not covered for {SEXES[sex]}")
        stacks.append(inside[:, 1:].T)
    columns = np.stack(stacks, axis=1)
    axis = facts.axis
    if axis == "age_months":
        first, last, columns = _by_day(columns, first, last)
        axis = "age_days"
    return _table(facts, path, axis, first, last, columns)


def _by_day(columns: Floats, first: int, last: int) -> tuple[int, int, Floats]:
    """Columns by month as columns by day: linear between two whole months, at the exact age.

    Age in months is days / 30.4375, which is not rounded (WHO 2007).
    """
    per, unit = MONTH_DAYS
    start, end = -(-first * per // unit), last * per // unit
    days = np.arange(start, end + 1)
    month, rest = np.divmod(days * unit, per)
    low = np.minimum(month - first, last - first)
    high = np.minimum(low + 1, last - first)
    below, above = columns[..., low], columns[..., high]
    return start, end, below + rest / per * (above - below)


def _table(facts: Measure, path: Path, axis: str, first: int, last: int, columns: Floats) -> Table:
    """A table in canonical units from the columns of its CSV, once they are such as it needs."""
    if not (columns[_POSITIVE[facts.method]] > 0).all():
        names = [COLUMNS[facts.method].split(",")[at] for at in _POSITIVE[facts.method]]
        raise TableError(f"{path}: {' and '.join(names)} must be above 0")
    nu = tau = None
    if facts.method == "normal":
        mean, sd = columns
        power, median, variation = np.ones_like(mean), mean, sd / mean
    elif facts.method == "lognormal":
        median, variation = columns
        power = np.zeros_like(median)
    elif facts.method == "st3":
        median, variation, nu, tau = columns
        power = np.full_like(median, np.nan)
    else:
        power, median, variation = columns
    unit, canonical = find_unit(facts.unit), find_unit(MEASURES[facts.name])
    assert unit is not None and canonical is not None
    if facts.method == "st3":  # sigma is in the unit of mu
        variation = convert(variation, unit, canonical)
    return Table(
        facts.name,
        canonical.name,
        axis,
        first,
        last,
        np.ascontiguousarray(power),
        np.ascontiguousarray(convert(median, unit, canonical)),
        np.ascontiguousarray(variation),
        facts.method,
        facts.flag if facts.flag is not None else (-math.inf, math.inf),
        facts.flag_small,
        nu,
        tau,
    )


_POSITIVE: Final = {
    "lms": [1, 2],
    "lms-restricted": [1, 2],
    "normal": [0, 1],
    "lognormal": [0, 1],
    "st3": [0, 1, 2, 3],
}
"""The columns of each distribution whose figures must be above 0."""
