"""Reading and checking the files of a reference: its reference.toml and its CSVs of L, M and S."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.dimensions import convert, find_unit
from neocalc.errors import TableError
from neocalc.lms import small_line
from neocalc.shipped import read_small
from neocalc.units import Floats

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
    "postmenstrual_age_days": 1,
    "completed_weeks": 1,
    "length_cm": 10,
    "start_months": 1,
}
"""Each axis with its number of rows for one unit: lengths are keyed by whole 0.1 cm."""
LARGEST: Final = 1e300
"""Ranges and limits beyond it are refused: a whole number may be too large for a float."""
MOST_SMALL: Final = 100
"""A limit `flag_small` above it would be one that no value can reach."""
LARGEST_TABLE: Final = 1 << 26
"""Bytes of the largest CSV of L, M and S that is read."""
METHODS: Final = ("lms", "lms-restricted")
SEXES: Final = ("female", "male")
"""The sexes in the order of their codes, 0 and 1."""


class Table(NamedTuple):
    """L, M and S of one measure, for both sexes, along whole-numbered keys without a gap.

    L, M and S have one row for each sex (female, male) and one column for each key from `first`
    to `last`; M is in `unit`. A value is implausible where its z is outside `flag`, and where it
    is below M exp(-`flag_small` S); None: there is no such limit.
    """

    measure: str
    unit: str
    axis: str
    first: int
    last: int
    L: Floats
    M: Floats
    S: Floats
    restricted: bool
    flag: tuple[float, float]
    flag_small: float | None = None

    @property
    def method(self) -> str:
        """The method: "lms" or "lms-restricted"."""
        return METHODS[self.restricted]

    @property
    def largest_small(self) -> float:
        """The largest of the values below which one is too small, at any age; 0 without a limit."""
        if self.flag_small is None:
            return 0.0
        return float(small_line(self.flag_small, self.M, self.S).max())


class Measure(NamedTuple):
    """What reference.toml says of one measure."""

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


def measure_facts(name: str, facts: Any, axis: str, path: Path) -> Measure:
    """A checked [measures.NAME] section of a reference.toml."""
    where = f"{path}: [measures.{name}]"
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
    if facts["axis"] != axis or facts["method"] not in METHODS:
        raise TableError(f"{where}: axis must be {axis}, method {' or '.join(METHODS)}")
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
    """Read, check and stack the table of one measure."""
    path = folder / facts.file
    if use == "velocity":
        raise TableError(f"{path}: a table of increments is not a table of attained growth")
    content = read_checked(path, facts.sha256)
    male, figures = parse_rows(content, f"sex,{facts.axis},L,M,S", path)
    per_unit = AXES[facts.axis]
    first, last = (round(limit * per_unit) for limit in facts.range)
    unit, canonical = find_unit(facts.unit), find_unit(MEASURES[facts.name])
    assert unit is not None and canonical is not None
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
    power, median, variation = np.stack(stacks, axis=1)
    if not ((median > 0) & (variation > 0)).all():
        raise TableError(f"{path}: M and S must be above 0")
    return Table(
        facts.name,
        canonical.name,
        facts.axis,
        first,
        last,
        np.ascontiguousarray(power),
        np.ascontiguousarray(convert(median, unit, canonical)),
        np.ascontiguousarray(variation),
        facts.method == "lms-restricted",
        facts.flag if facts.flag is not None else (-math.inf, math.inf),
        facts.flag_small,
    )
