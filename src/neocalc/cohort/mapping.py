"""The names of a cohort table's columns: which column is which canonical one.

A column keeps the name it has in the file; a mapping says which canonical column it is. Units stand
in the names: a measure without a unit in its name, or with another unit, is refused, not guessed.
So is a column that looks like one of ours under another name, as leaving it out would go unnoticed:
scores without a correction, or of a swollen child.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypedDict

from neocalc.cohort.canonical import (
    AGE_COLUMNS,
    CANONICAL,
    COMPLETED_WEEKS,
    CONVERTED,
    DAYS_OLD,
    DECIMAL,
    DOSE_COLUMNS,
    DUE,
    GESTATION_COLUMNS,
    IN_MEMORY,
    MEASURE_COLUMNS,
    OTHER_COLUMNS,
    PART,
    TABLE,
    WEEKS,
)
from neocalc.cohort.lookalikes import look
from neocalc.cohort.missing import IDENTIFIERS, NUMBER, Missing, missing_words
from neocalc.cohort.unread import Table, described, lacking, typed, unread
from neocalc.errors import FileError, InputError, shown, warn_of_column
from neocalc.files.forks import use_polars
from neocalc.reading.dates import date_reader
from neocalc.reading.words import oedema_coder, plain_word, position_coder, sex_coder

__all__ = [
    "AGE_COLUMNS",
    "CANONICAL",
    "DOSE_COLUMNS",
    "GESTATION_COLUMNS",
    "IN_MEMORY",
    "MEASURE_COLUMNS",
    "OTHER_COLUMNS",
    "TABLE",
    "Mapped",
    "Words",
    "checked_prefix",
    "map_columns",
    "mapping_of",
]

_ALTERNATIVES: Final = (
    *(tuple((name,) for name in columns) for columns in MEASURE_COLUMNS.values()),
    (("gestational_age",), ("gestational_age_days",), (WEEKS, PART), (DECIMAL,), (DUE,)),
    tuple((name,) for name in DAYS_OLD),
)
"""Columns, or pairs of columns, of which only one is read."""
_ONE_OF: Final = ({"weight_kg", "weight_g"}, {"gestational_age", "gestational_age_days", DECIMAL})
"""Columns of which two in a table in memory are refused, and not only warned of."""
LONGEST_PREFIX: Final = 40
"""Characters of the longest prefix of added columns."""
DELIMITERS: Final = {";": "';'", "\t": "tab", "|": "'|'"}
"""Separators that a file may have instead of commas, and how they are typed."""


class Words(TypedDict, total=False):
    """How the columns and words of a table are read, beside `columns`, `sex_codes` and `missing`.

    `ignore`: columns that are left out on purpose; `oedema_codes`, `position_codes`: codings;
    `date_format`: the form of dates; `decimal`: the mark between whole and decimals;
    `completed_weeks`: what weeks without days stand for; `convert`: whether pounds and inches are
    read.
    """

    ignore: Iterable[str]
    oedema_codes: Mapping[str, Any] | None
    position_codes: Mapping[str, Any] | None
    date_format: str | None
    decimal: str
    completed_weeks: str | None
    convert: bool


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
    missing_in : dict of str to tuple of str
        The same for single canonical columns.
    ignored : tuple of str
        Columns that are left out on purpose.
    oedema_codes, position_codes : dict of str to str or None
        The declared codings of oedema and of the position.
    date_format : str or None
        The declared form of dates that are texts.
    decimal : str
        The mark between whole and decimals.
    completed_weeks : str or None
        What completed weeks without days stand for: "start" of the week, or its "middle".
    convert : bool
        Whether pounds and inches are read.
    seen : dict or None
        Where it is written what was found in each column: `neocalc.cohort.findings`.
    """

    names: dict[str, str]
    sex_codes: dict[str, str] | None = None
    missing: tuple[str, ...] = ()
    missing_in: Missing = {}  # noqa: RUF012 - it is never changed
    ignored: tuple[str, ...] = ()
    oedema_codes: dict[str, str] | None = None
    position_codes: dict[str, str] | None = None
    date_format: str | None = None
    decimal: str = "."
    completed_weeks: str | None = None
    convert: bool = False
    seen: dict[str, Any] | None = None

    def has(self, *canonical: str) -> bool:
        """Whether all of these canonical columns are there."""
        return all(name in self.names for name in canonical)

    def words_for(self, canonical: str) -> tuple[str, ...]:
        """The words for a missing value in a column; of an identifier those that are no numbers."""
        if canonical in IDENTIFIERS:
            return tuple(word for word in self.missing if not NUMBER.fullmatch(word))
        return self.missing + self.missing_in.get(canonical, ())

    def codes_of(self, canonical: str) -> tuple[str, ...]:
        """The declared codes of a column."""
        codings = {
            "sex": self.sex_codes,
            "oedema": self.oedema_codes,
            "length_position": self.position_codes,
        }
        return tuple(map(plain_word, (codings.get(canonical) or {}).values()))

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
    missing: Any = (),
    *,
    ignore: Iterable[str] = (),
    oedema_codes: Mapping[str, Any] | None = None,
    position_codes: Mapping[str, Any] | None = None,
    date_format: str | None = None,
    decimal: str = ".",
    completed_weeks: str | None = None,
    convert: bool = False,
    where: str = TABLE,
    command: bool = False,
) -> Mapped:
    """Find the canonical columns of a table, and refuse what cannot be told apart.

    Parameters
    ----------
    present : iterable of str
        The names in the table.
    mapping : dict, optional
        Canonical name to the name in the table.
    sex_codes, oedema_codes, position_codes : dict, optional
        ``{"male": CODE, "female": CODE}``, ``{"yes": CODE, "no": CODE}``,
        ``{"recumbent": CODE, "standing": CODE}``.
    missing : str, number, iterable of them, or dict
        Words for a missing value, such as "NA" or -99; in a dict for single columns.
    ignore : iterable of str
        Columns that are left out on purpose.
    date_format : str, optional
        The form of dates that are texts, such as "%d/%m/%Y".
    decimal : str
        The mark between whole and decimals, "." or ",".
    completed_weeks : str, optional
        What weeks of gestation without days stand for: "start" (27 is 27+0) or "middle" (27+3).
    convert : bool
        Whether columns in pounds and inches are read.
    where : str
        The table, for messages.
    command : bool
        Whether a command reads it: a column that would be left out unnoticed is then refused, while
        a Python call warns of it, and messages say what to type.

    Raises
    ------
    FileError
        Naming the column: a duplicate, a mapped column that is not there, two columns for one
        thing, a measure without its unit, or a needed column that is missing.
    """
    use_polars()
    header = list(present)
    _refuse_repeated(header, where)
    mapping = _names(mapping)
    ignored = _ignored(ignore, mapping, header, where)
    _refuse_mapping(mapping, header, where)
    if not convert:
        _refuse_converted(mapping, command=command)
    _refuse_delimiter(header, where)
    passing = {*mapping.values(), *ignored}
    there = {
        canonical: mapping.get(canonical, canonical)
        for canonical in CANONICAL
        if canonical in mapping or (canonical in header and canonical not in passing)
        if convert or canonical not in CONVERTED
    }
    _check_weeks(completed_weeks, there, where, command=command)
    names, left = _chosen(there, mapping, where, command=command)
    if completed_weeks is not None and WEEKS in left:
        names[WEEKS] = left.pop(WEEKS)
    sex_coder(sex_codes)  # a wrong coding is refused before any row is read
    oedema_coder(oedema_codes)
    position_coder(position_codes)
    date_reader(date_format)
    if decimal not in (".", ","):
        raise InputError("decimal", decimal, "the mark between whole and decimals: . or ,")
    everywhere, single = missing_words(missing, names, header)
    mapped = Mapped(
        names, _codes(sex_codes), everywhere, single, ignored, _codes(oedema_codes),
        _codes(position_codes), date_format, decimal, completed_weeks, bool(convert),
    )  # fmt: skip
    _refuse_unread(
        Table(header, names, left, frozenset(ignored), bool(convert)), where, command=command
    )
    if not any(mapped.measure(measure) for measure in MEASURE_COLUMNS):
        accepted = ", ".join(c for cs in MEASURE_COLUMNS.values() for c in cs)
        raise FileError(f"{where}: there is no column to score; accepted: {accepted}")
    return mapped


def _refuse_converted(mapping: Mapping[str, str], *, command: bool) -> None:
    """Refuse pounds and inches whose conversion is not asked for."""
    for canonical in sorted(CONVERTED.keys() & mapping.keys()):
        how = "--convert" if command else "convert=True"
        raise FileError(f"column mapping: {canonical} is read with {how} alone")


def _check_weeks(
    completed_weeks: Any, there: Mapping[str, str], where: str, *, command: bool
) -> None:
    """Refuse a declaration of what completed weeks stand for, where they do not stand alone."""
    if completed_weeks is None:
        return
    if completed_weeks not in COMPLETED_WEEKS:
        accepted = "what weeks without days stand for: start or middle"
        raise InputError("completed_weeks", completed_weeks, accepted)
    option = "--completed-weeks" if command else "completed_weeks"
    if WEEKS not in there:
        raise FileError(f"{where}: {option} is of the column {WEEKS}; there is none")
    if PART in there:
        raise FileError(f"{where}: {option}: the days beside the weeks are in {there[PART]}")
    others = [there[name] for name in GESTATION_COLUMNS if name in there and name != WEEKS]
    if others:
        raise FileError(
            f"{where}: {option}: there is another gestation, {others[0]}; leave one of the two out:"
            f" {typed({}, [others[0]], command=command)}"
        )


def _codes(coding: Mapping[str, Any] | None) -> dict[str, str] | None:
    """A coding as texts."""
    if coding is None:
        return None
    return {plain_word(word): str(code) for word, code in coding.items()}


def _ignored(
    ignore: Any, mapping: Mapping[str, str], header: list[str], where: str
) -> tuple[str, ...]:
    """The columns that are left out on purpose, each of them there and none of them mapped."""
    names = (ignore,) if isinstance(ignore, str) else tuple(ignore or ())
    for name in names:
        if not isinstance(name, str):
            raise InputError("ignore", ignore, "names of columns")
        if name not in header:
            raise FileError(f"{where}: there is no column {shown(name)} (to be ignored)")
        if name in mapping.values():
            raise FileError(f"{where}: the column {shown(name)} is both mapped and ignored")
    return names


def _chosen(
    there: dict[str, str], mapping: Mapping[str, str], where: str, *, command: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """Of columns of which one is read that one, and the others: what is mapped goes first."""
    left: dict[str, str] = {}
    for group in _ALTERNATIVES:
        found = [columns for columns in group if set(columns) <= there.keys()]
        stated = [columns for columns in found if set(columns) & mapping.keys()]
        old = [columns for columns in found if any(set(columns) <= names for names in _ONE_OF)]
        if len(stated) > 1 or (len(old) > 1 and not stated):
            a, b = (there[columns[0]] for columns in (stated if len(stated) > 1 else old)[:2])
            ways = " or ".join(typed({}, [name], command=command) for name in (b, a))
            raise FileError(f"{where}: {a} and {b} are both there; say which one is read: {ways}")
        kept = (*stated, *found, ())[0]
        columns = {name for alternative in group for name in alternative}
        left |= {name: there[name] for name in there if name in columns and name not in kept}
    if DUE in there and "birth_date" not in there:
        if DUE in mapping:
            raise FileError(f"{where}: {DUE} gives a gestation where there is a birth_date alone")
        left[DUE] = there[DUE]
    if {"birth_date", "measured_on"} <= there.keys():
        left |= {name: there[name] for name in DAYS_OLD[1:] if name in there}
    return {name: own for name, own in there.items() if name not in left}, left


def _refuse_unread(table: Table, where: str, *, command: bool) -> None:
    """Refuse, or warn of, what would be left out unnoticed, and a table that lacks a column."""
    lacks = lacking(table, command=command)
    kinds = {"sex"} if "sex" not in table.names else set()
    if len(lacks) > len(kinds):
        kinds |= {"age", "birth_date"}
    found = [one for one in unread(table) if one.kind not in kinds]
    refused = found if command else [one for one in found if one.refused]
    if refused:
        lacks.append(described(refused, "would not be", command=command))
    if lacks:
        raise FileError(f"{where}: {'; '.join(lacks)}")
    if found:
        warn_of_column(f"{where}: {described(found, 'is not', command=command)}")


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
            what = f"are both named {shown(name)}" if name else "have no name"
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


def _refuse_delimiter(header: list[str], where: str) -> None:
    """Refuse a header that falls apart into our columns by another separator."""
    if set(header) & set(CANONICAL):
        return
    for mark, word in DELIMITERS.items():
        pieces = [piece.strip(' "') for name in header for piece in name.split(mark)]
        ours = set(pieces) & set(CANONICAL) or any(map(look, pieces))
        if len(pieces) > len(header) and (len(header) == 1 or ours):
            what = f"there is one column only, {shown(header[0])}"
            if len(header) > 1:
                what = f"columns such as {shown(max(header, key=len))} hold the separator"
            raise FileError(f"{where}: {what}; if it is separated otherwise: --delimiter {word}")


def mapping_of(canonical: str, name: str, where: str) -> str:
    """One entry of a mapping as it is written for a table in memory, or for a file."""
    return typed({canonical: name}, command=where not in IN_MEMORY)


def checked_prefix(prefix: Any) -> str:
    """What is to stand before the names of added columns, once it is a short text."""
    if not isinstance(prefix, str) or len(prefix) > LONGEST_PREFIX or not prefix.isprintable():
        raise InputError("prefix", prefix, "a short text such as nc_")
    return prefix
