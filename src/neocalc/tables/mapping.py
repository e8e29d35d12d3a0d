"""The names of a cohort table's columns: which column is which canonical one.

A column keeps the name it has in the file; a mapping says which canonical column it is. Units stand
in the names: a measure without a unit in its name, or with another unit, is refused, not guessed.
So is a column that looks like one of ours under another name, as leaving it out would go unnoticed:
scores without a correction, or of a swollen child.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from neocalc.coding import sex_coder
from neocalc.errors import FileError, InputError
from neocalc.units import find_unit

MEASURE_COLUMNS: Final = {
    "weight": {"weight_kg": "kg", "weight_g": "g"},
    "length": {"length_cm": "cm"},
    "head_circumference": {"head_circumference_cm": "cm"},
    "arm_circumference": {"arm_circumference_cm": "cm"},
    "triceps_skinfold": {"triceps_skinfold_mm": "mm"},
    "subscapular_skinfold": {"subscapular_skinfold_mm": "mm"},
}
"""For each measure that is read, its columns with their units."""

GESTATION_COLUMNS: Final = (
    "gestational_age", "gestational_age_days", "gestational_age_weeks_decimal",
)  # fmt: skip
OTHER_COLUMNS: Final = (
    "subject_id", "sex", "birth_date", "measured_on", "age_days", "length_position", "oedema",
)  # fmt: skip
CANONICAL: Final = (
    *OTHER_COLUMNS,
    *GESTATION_COLUMNS,
    *(name for names in MEASURE_COLUMNS.values() for name in names),
)
"""Every canonical column."""

TABLE: Final = "table"
"""What a table is called that is not a file."""
_UNIT: Final = (
    "(_(?P<unit>kgs?|g|gm|gms|grams?|kilograms?|lbs?|pounds?|oz|ounces?|mm|cms?|m|in|inch|inches|ft"
    "|days?|d|weeks?|wks?|w|weeks_days|weeks_decimal|completed_weeks))?"
)
_LOOKALIKES: Final = {
    tuple(MEASURE_COLUMNS["weight"]): "(body_?)?(weight|wt|wgt|mass)",
    tuple(MEASURE_COLUMNS["length"]): "(body_?)?(length|len|height|ht|hgt|stature)",
    tuple(MEASURE_COLUMNS["head_circumference"]): "head|hc|ofc|hcirc|head_?circ(umference)?",
    tuple(MEASURE_COLUMNS["arm_circumference"]): "muac|ac|(mid_upper_)?arm_?circ(umference)?",
    tuple(MEASURE_COLUMNS["triceps_skinfold"]): "triceps(_?(skinfold|sf))?",
    tuple(MEASURE_COLUMNS["subscapular_skinfold"]): "subscapular(_?(skinfold|sf))?",
    GESTATION_COLUMNS: "ga|gest|gestation|gest(ational)?_?age|ga_?(birth|at_birth)",
    ("oedema",): "o?edema",
    ("length_position",): "(length_?|height_?)?position",
    ("sex",): "sex|gender",
    ("birth_date",): "birth_?date|date_?of_?birth|dob|born|brthdtc",
    ("measured_on",): "measured_?on|(visit|measurement|exam)_?date|date_?of_?visit|vsdtc",
    ("age_days",): "age|age_?in_?days",
}
"""For the columns of one thing, the other names that it goes by, before a unit."""
_FORMS: Final = {
    "gestational_age": " (27+3)",
    "gestational_age_days": " (192)",
    "gestational_age_weeks_decimal": " (27.43)",
}
"""Examples of what stands in columns that are easily mistaken for one another."""
_ALTERNATIVES: Final = (tuple(MEASURE_COLUMNS["weight"]), GESTATION_COLUMNS)
"""Columns of which only one is read."""
_REQUIRED: Final = {"sex", "birth_date", "measured_on", "age_days"}
"""Columns whose absence has a message of its own."""
AGE_COLUMNS: Final = ("chronological_age_days", "postmenstrual_age_days", "corrected_age_days")
DOSE_COLUMNS: Final = ("dose_cells", "dose_volume_ml", "dose_status")
"""Columns that scoring adds, beside those of each index."""


class Mapped(NamedTuple):
    """Which column of a table is which canonical column, and what stands in them.

    Attributes
    ----------
    names : dict of str to str
        Canonical name to the name in the table.
    sex_codes : dict of str to str or None
        The declared coding of sex.
    missing : tuple of str
        The words that the table writes where it has no value, beside an empty field.
    """

    names: dict[str, str]
    sex_codes: dict[str, str] | None = None
    missing: tuple[str, ...] = ()

    def has(self, *canonical: str) -> bool:
        """Whether all of these canonical columns are there."""
        return all(name in self.names for name in canonical)

    def measure(self, measure: str) -> tuple[str, str] | None:
        """The canonical column of a measure and its unit, if it is there."""
        for name, unit in MEASURE_COLUMNS[measure].items():
            if name in self.names:
                return name, unit
        return None


def map_columns(
    present: Iterable[str],
    mapping: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Iterable[str] = (),
    *,
    where: str = TABLE,
) -> Mapped:
    """Find the canonical columns of a table, and refuse what cannot be told apart.

    Parameters
    ----------
    present : iterable of str
        The names in the table.
    mapping : dict, optional
        Canonical name to the name in the table.
    sex_codes : dict, optional
        ``{"male": CODE, "female": CODE}``.
    missing : iterable of str, optional
        Words for a missing value, such as "NA" or "-99".
    where : str
        The table, for messages.

    Raises
    ------
    FileError
        Naming the column: a duplicate, a mapped column that is not there, two columns for one
        thing, a measure without its unit, or a needed column that is missing.
    """
    header = list(present)
    _refuse_repeated(header, where)
    mapping = _names(mapping)
    _refuse_mapping(mapping, header, where)
    # A column that is mapped to another, or beside another that is mapped, just passes through.
    passing = set(mapping.values())
    for columns in _ALTERNATIVES:
        passing |= set(columns) if mapping.keys() & set(columns) else set()
    names = {
        canonical: mapping.get(canonical, canonical)
        for canonical in CANONICAL
        if canonical in mapping or (canonical in header and canonical not in passing)
    }
    for columns in _ALTERNATIVES:
        found = [name for name in columns if name in names]
        if len(found) > 1:
            raise FileError(
                f"{where}: {' and '.join(found)} are both there; say which one is read:"
                f" {mapping_of(found[0], names[found[0]], where)}"
            )
    if isinstance(missing, str):
        missing = (missing,)
    sex_coder(sex_codes)  # a wrong coding is refused before any row is read
    codes = None if sex_codes is None else {sex: str(code) for sex, code in sex_codes.items()}
    mapped = Mapped(names, codes, tuple(map(str, missing)))
    if len(header) == 1:
        for delimiter, word in ((";", "';'"), ("\t", "tab"), ("|", "'|'")):
            if delimiter in header[0]:
                raise FileError(
                    f"{where}: there is one column only, {header[0]!r}; if it is separated"
                    f" otherwise: --delimiter {word}"
                )
    likely = _lookalikes([name for name in header if name not in names.values()])
    _refuse_unmapped(mapped, likely, where)
    if "sex" not in names:
        raise FileError(f"{where}: there is no column sex; {_how('sex', likely, where)}")
    if not mapped.has("birth_date", "measured_on") and "age_days" not in names:
        lacking = "measured_on" if "birth_date" in names else "birth_date"
        raise FileError(
            f"{where}: no age: it needs birth_date and measured_on, or age_days;"
            f" {_how(lacking, likely, where)}"
        )
    if not any(mapped.measure(measure) for measure in MEASURE_COLUMNS):
        accepted = ", ".join(c for cs in MEASURE_COLUMNS.values() for c in cs)
        raise FileError(f"{where}: there is no column to score; accepted: {accepted}")
    return mapped


def _names(mapping: Any) -> dict[str, str]:
    """The mapping, once it is one of names to names."""
    named = isinstance(mapping, Mapping) and all(
        isinstance(name, str) for pair in mapping.items() for name in pair
    )
    if mapping is not None and not named:
        raise InputError("columns", mapping, "a dict of canonical name to the name in the table")
    return dict(mapping or {})


def _refuse_repeated(header: list[str], where: str) -> None:
    first: dict[str, int] = {}
    for place, name in enumerate(header, 1):
        if name in first:
            what = f"are both named {name!r}" if name else "have no name"
            raise FileError(f"{where}: columns {first[name]:,} and {place:,} {what}")
        first[name] = place


def _refuse_mapping(mapping: Mapping[str, str], header: list[str], where: str) -> None:
    used: dict[str, str] = {}
    for canonical, name in mapping.items():
        if canonical not in CANONICAL:
            raise FileError(
                f"column mapping: {canonical!r} is not a canonical column;"
                f" accepted: {', '.join(CANONICAL)}"
            )
        if name not in header:
            raise FileError(f"{where}: there is no column {name!r} (mapped to {canonical})")
        if name in used:
            raise FileError(f"column mapping: {used[name]} and {canonical} are both {name!r}")
        used[name] = canonical


def _lookalikes(spare: Iterable[str]) -> dict[tuple[str, ...], tuple[str, str | None]]:
    """For the columns of one thing, the first other column of that meaning, and its unit."""
    likely: dict[tuple[str, ...], tuple[str, str | None]] = {}
    for name in spare:
        plain = re.sub(r"[\W_]+", "_", name.lower()).strip("_")
        for columns, pattern in _LOOKALIKES.items():
            match = re.fullmatch(f"({pattern}){_UNIT}", plain)
            if match:
                likely.setdefault(columns, (name, match["unit"]))
    return likely


def _refuse_unmapped(mapped: Mapped, likely: Mapping[tuple[str, ...], Any], where: str) -> None:
    """Refuse a column of ours under another name, where we have none of that meaning."""
    for columns, (name, unit) in likely.items():
        if set(columns) & _REQUIRED or mapped.names.keys() & set(columns):
            continue
        fitting = [column for column in columns if unit is None or _unit_of(column) == _named(unit)]
        hint = "map it: " + " or ".join(mapping_of(column, name, where) for column in fitting)
        forms = ", ".join(f"{column}{_FORMS.get(column, '')}" for column in columns)
        raise FileError(
            f"{where}: the column {name!r} would not be read; accepted: {forms};"
            f" {hint if fitting else 'none is in its unit: convert it, or rename it'}"
        )


def _unit_of(column: str) -> str | None:
    """The unit that the name of a canonical column ends with."""
    return _named(column.rpartition("_")[2])


def _named(word: str) -> str | None:
    unit = find_unit(word)
    return None if unit is None else unit.name


def _how(
    canonical: str, likely: Mapping[tuple[str, ...], tuple[str, str | None]], where: str
) -> str:
    """How to map a canonical column, with the column that it probably is."""
    name = next((n for columns, (n, _) in likely.items() if canonical in columns), "NAME")
    return f"map it: {mapping_of(canonical, name, where)}"


def mapping_of(canonical: str, name: str, where: str) -> str:
    """One entry of a mapping as it is written for a table in memory, or for a file."""
    if where == TABLE:
        return f"columns={{{canonical!r}: {name!r}}}"
    return f"--column {shlex.quote(f'{canonical}={name}')}"
