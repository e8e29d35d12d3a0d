"""Reference tables: what a reference is, and how one is loaded.

A reference is a folder: ``reference.toml`` says what it is and holds the SHA-256 of each of its
CSVs of L, M and S. A folder added to ``reference_tables/`` is a reference added; a user's own is
given by its path, or by its id when its folder is on the path list ``NEOCALC_REFERENCES``. A table
whose checksum differs from its reference.toml is refused.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.errors import InputError, TableError
from neocalc.units import Floats, convert, find_unit

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

AGES: Final = {
    ("growth", "chronological"): "age_days",
    ("growth", "postmenstrual"): "postmenstrual_age_days",
    ("size_at_birth", "gestation"): "completed_weeks",
    ("velocity", "chronological"): "start_months",
}
"""The axis of the tables by age, for each use and age basis that go together."""
BY_LENGTH: Final = ("weight_for_length", "weight_for_height")
"""The measures whose tables go by length, not by age."""

LARGEST: Final = 1e300
"""Ranges and limits beyond it are refused: a whole number may be too large for a float."""
METHODS: Final = ("lms", "lms-restricted")
USES: Final = ("growth", "size_at_birth", "velocity")
ENVIRONMENT: Final = "NEOCALC_REFERENCES"
SEXES: Final = ("female", "male")
"""The sexes in the order of their codes, 0 and 1."""


class Table(NamedTuple):
    """L, M and S of one measure, for both sexes, along whole-numbered keys without a gap.

    L, M and S have one row for each sex (female, male) and one column for each key from `first`
    to `last`; M is in `unit`.
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

    @property
    def method(self) -> str:
        """The method: "lms" or "lms-restricted"."""
        return METHODS[self.restricted]


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


class Reference:
    """A folder of tables and what its reference.toml says of them.

    Attributes
    ----------
    id, title, citation, doi, isbn, publisher, licence, source, chart_label : str
        Provenance; `chart_label` must stand on every chart that is drawn from the tables.
    age_basis : str
        "chronological", "postmenstrual" or "gestation": what the tables' age means.
    use : str
        "growth", "size_at_birth" or "velocity": the calls that may use it.
    measures : dict of str to Measure
        Unit, axis, range, method, flag limits and checksum of each table.
    folder : pathlib.Path
        Where the tables were read from.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / "reference.toml"
        try:
            content = path.read_bytes()
            about = parse_toml(content)
        except FileNotFoundError as error:
            raise TableError(f"{path}: there is no reference.toml in this folder") from error
        except (OSError, ValueError) as error:
            raise TableError(f"{path}: {error}") from error
        self.sha256 = hashlib.sha256(content).hexdigest()
        text = {
            name: _text(about, name, path, required=name not in ("doi", "isbn", "age_basis"))
            for name in (
                "id", "title", "citation", "doi", "isbn", "publisher", "licence", "source",
                "age_basis", "use", "chart_label",
            )
        }  # fmt: skip
        self.id = text["id"]
        self.title = text["title"]
        self.citation = text["citation"]
        self.doi = text["doi"]
        self.isbn = text["isbn"]
        self.publisher = text["publisher"]
        self.licence = text["licence"]
        self.source = text["source"]
        self.age_basis = text["age_basis"]
        self.use = text["use"]
        self.chart_label = text["chart_label"]
        if self.use not in USES:
            raise TableError(f"{path}: use is {self.use!r}; accepted: {', '.join(USES)}")
        axis = AGES.get((self.use, self.age_basis))
        if axis is None:
            accepted = " or ".join(basis for use, basis in AGES if use == self.use)
            raise TableError(
                f"{path}: age_basis is {self.age_basis!r}; for the use {self.use}: {accepted}"
            )
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.id) or self.id == "auto":
            raise TableError(f"{path}: id {self.id!r}; accepted: a-z, 0-9 and -, and not auto")
        measures = about.get("measures")
        if not isinstance(measures, dict) or not measures:
            raise TableError(f"{path}: no [measures.NAME] section")
        self.measures = {
            name: _measure(name, facts, "length_cm" if name in BY_LENGTH else axis, path)
            for name, facts in measures.items()
        }
        self._tables: dict[str, Table] = {}

    def __repr__(self) -> str:
        return f"<Reference {self.id}: {', '.join(self.measures)}>"

    def table(self, measure: str) -> Table:
        """The table of a measure, checked against its checksum when it is first read.

        Raises
        ------
        InputError
            When the reference has no such measure.
        TableError
            When the file is missing, altered or malformed; the message says which and how.
        """
        if measure not in self.measures:
            raise InputError("measure", measure, f"{self.id} has: {', '.join(self.measures)}")
        if measure not in self._tables:
            self._tables[measure] = _load(self.measures[measure], self.folder, self.use)
        return self._tables[measure]

    @cached_property
    def citation_line(self) -> str:
        """The citation with its DOI or ISBN."""
        identifier = f" doi:{self.doi}" if self.doi else f" ISBN {self.isbn}" if self.isbn else ""
        return self.citation + identifier


def tables_folder() -> Path:
    """The folder of the tables: inside the installed package, or beside src/ in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "reference_tables"
    return installed if installed.is_dir() else here.parents[1] / "reference_tables"


@cache
def open_folder(folder: Path) -> Reference:
    """The reference in a folder; read once."""
    return Reference(folder)


def reference(name: str | os.PathLike[str]) -> Reference:
    """A reference by its id, or a user's own by the path of its folder.

    Parameters
    ----------
    name : str or path
        An id such as "who-2006", or the path of a folder with a reference.toml.

    Returns
    -------
    Reference
        What it is and where it comes from; its tables are read when they are needed.

    Raises
    ------
    InputError
        When there is none of that name.
    TableError
        When the folder is not a valid reference.

    Examples
    --------
    >>> reference("fenton-2013").doi
    '10.1186/1471-2431-13-59'
    """
    text = os.fsdecode(name) if isinstance(name, (str, os.PathLike)) else ""
    own = tables_folder()
    found = [
        folder
        for folder in _folders()
        if (folder.name if folder.parent == own else open_folder(folder).id) == text
    ]
    if len(found) > 1:
        raise TableError(f"{found[1]}: a second reference with the id {text!r}")
    if found:
        return open_folder(found[0])
    path = Path(text)
    if text and _is_there(path):
        return open_folder((path.parent if path.suffix == ".toml" else path).resolve())
    known = ", ".join(ref.id for ref in references())
    raise InputError("reference", name, f"accepted: {known}, or the path of a folder")


def _is_there(path: Path) -> bool:
    """Whether a path is that of a folder or of a reference.toml; not what cannot be a path."""
    try:
        return path.is_dir() or (path.suffix == ".toml" and path.is_file())
    except (OSError, ValueError):
        return False


def references() -> tuple[Reference, ...]:
    """Every reference there is: neocalc's own and those on ``NEOCALC_REFERENCES``.

    Returns
    -------
    tuple of Reference
        With title, citation, licence, source, and for each measure its range, unit and checksum.

    Examples
    --------
    >>> [ref.id for ref in references()][:2]
    ['fenton-2013', 'fenton-2025']
    """
    found = {}
    for folder in _folders():
        ref = open_folder(folder)
        if ref.id in found:
            raise TableError(f"{folder}: a second reference with the id {ref.id!r}")
        found[ref.id] = ref
    return tuple(found.values())


def tables_digest() -> str:
    """One digest of all of neocalc's own tables: it changes when any figure does.

    It covers every reference.toml (which holds the checksum of each CSV) and trial definition.
    """
    root = tables_folder()
    digest = hashlib.sha256()
    for path in sorted(root.glob("*/*.toml")):
        digest.update(f"{path.parent.name}/{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _folders() -> list[Path]:
    """The folders of all references, neocalc's own first, by name."""
    own = sorted(path.parent for path in tables_folder().glob("*/reference.toml"))
    added: list[Path] = []
    for entry in os.environ.get(ENVIRONMENT, "").split(os.pathsep):
        if entry:
            root = Path(entry).resolve()
            inside = sorted(path.parent for path in root.glob("*/reference.toml"))
            if not inside and not (root / "reference.toml").exists():
                raise TableError(f"{ENVIRONMENT}: {root} holds no reference.toml")
            added += inside or [root]
    return own + added


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


def _text(about: Mapping[str, Any], name: str, path: Path, *, required: bool) -> str:
    value = about.get(name, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise TableError(f"{path}: {name} must be a text")
    return value


def _measure(name: str, facts: Any, axis: str, path: Path) -> Measure:
    where = f"{path}: [measures.{name}]"
    if not isinstance(facts, dict):
        raise TableError(f"{where} must be a section")
    known = {"file", "axis", "unit", "range", "method", "flag", "sha256", "intervals", "age_range"}
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
    )


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
        content = path.read_bytes()
    except (OSError, ValueError) as error:  # a ValueError: a name that no file can have
        raise TableError(f"{path}: {getattr(error, 'strerror', error)}") from error
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


def _load(facts: Measure, folder: Path, use: str) -> Table:
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
    )
