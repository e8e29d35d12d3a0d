"""`--layout`: files with one row a measure or a child, of REDCap, SDTM or FHIR, as visits."""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cli import one_line
from neocalc.cli.files import reading_of, source_of
from neocalc.cli.layouts import LAYOUTS, OF_LAYOUTS
from neocalc.cohort.canonical import CANONICAL, GESTATION_COLUMNS, MEASURE_COLUMNS
from neocalc.errors import FileError, NeocalcError
from neocalc.files.inputs import STANDARD, file_digest
from neocalc.files.sources import Source

if TYPE_CHECKING:
    import polars as pl

JSON: Final = (".json", ".ndjson", ".jsonl")
_MEASURE: Final = {name: m for m, names in MEASURE_COLUMNS.items() for name in names}
_FIGURES: Final = frozenset(_MEASURE)
_TYPED: Final = {
    'parameters={"weight": "WORD"}': "--column weight_kg=WORD",
    "or leave it out (ignore)": "or leave it out (--ignore WORD)",
    "give the column of the units (unit)": "give the column of the units (--unit COLUMN)",
    'columns={"weight_kg": "WT"}': "--column weight_kg=WT",
    'columns={"weight_g": "FIELD"}': "--column weight_g=FIELD",
    'columns={"subject_id": "NAME"}': "--column subject_id=NAME",
    'columns={"measured_on": "NAME"}': "--column measured_on=NAME",
    "name the columns of the visit": "name the columns of the visit (--visit COLUMN)",
    "name all that are (visits)": "name all that are (--visit NAME)",
    "otherwise with pattern": "otherwise with --pattern",
    "or state it (units)": "or state it (--column weight_g=WORD)",
    "(ages)": "(--visit-age VISIT=DAYS)",
    "(convert)": "(--convert)",
    "(record)": "(--record FIELD)",
    "(treatment)": "(--treatment NAME)",
    "(gestation_weeks)": "(--gestation-weeks WORD)",
}
"""What a message of the library says to write in Python, and how the same is typed."""


class Laid(Source):
    """The visits of a file of another layout, as a file with one row a visit is read.

    Attributes
    ----------
    notes : list of str
        What there is to say of rows that are no visits.
    read : polars.DataFrame or None
        The table as it was read; None where it was none.
    layout : str
        Its layout.
    asked : dict
        How it was read, for the record.
    """

    def __init__(
        self,
        table: pl.DataFrame,
        name: str,
        layout: str,
        notes: list[str],
        about: Mapping[str, Any],
        read: pl.DataFrame | None,
        delimiter: str = ",",
    ) -> None:
        self._table, self._about = table, dict(about)
        self.name, self.layout, self.notes, self.read = name, layout, notes, read
        self.asked: dict[str, Any] = {}
        self.delimiter = delimiter
        self.columns = table.columns
        self._sha256 = str(about["sha256"])

    def __exit__(self, *exception: object) -> None:
        """Nothing is open."""

    def schema(self) -> dict[str, pl.DataType]:
        """Names and types of the columns."""
        return dict(self._table.schema)

    def again(self) -> Source:
        """The same visits once more."""
        again = copy.copy(self)
        again.rows = 0
        return again

    def batches(self, *, again: bool = False) -> Generator[pl.DataFrame]:
        """The visits, in one table."""
        self.rows = self._table.height
        yield self._table

    def digest(self) -> str:
        """SHA-256 of the file that was read."""
        return self._sha256

    def about(self) -> dict[str, Any]:
        """What a record says of it."""
        return {**self._about, "layout": self.asked, "left_out": self.notes}


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Iterator[tuple[Source, dict[str, Any]]]:
    """The rows of a file, one a visit, and how its columns and words are read.

    What a layout has used of the mapping is no longer in it; what is left out is printed.
    """
    reading = reading_of(options)
    layout = _layout(options)
    _refuse_foreign(options, layout)
    if layout is None:
        with source_of(options) as source:
            yield source, reading
        return
    asked = {
        "name": layout,
        "options": {
            name: getattr(options, name)
            for name in (*OF_LAYOUTS, "convert")
            if getattr(options, name) not in (None, [], False)
        },
        "columns": dict(reading["columns"]),
        "ignored": list(reading["ignore"]),
    }
    try:
        laid = _LAID[layout](options, reading)
    except NeocalcError as error:
        error.args = (_as_typed(str(error)),)
        raise
    laid.asked = asked
    for note in laid.notes:
        print(f"Notice: {one_line(note)}", file=sys.stderr)
    there = set(laid.columns)
    reading["ignore"] = [name for name in reading["ignore"] if name in there]
    yield laid, reading


def _as_typed(message: str) -> str:
    """A message with options in the place of arguments."""
    for written, typed in _TYPED.items():
        message = message.replace(written, typed)
    return message


def _layout(options: argparse.Namespace) -> str | None:
    """The layout that is asked for; a file of JSON is FHIR where none is."""
    layout: str | None = options.layout
    if layout is None and Path(options.input).suffix.lower() in JSON:
        return "fhir"
    if layout is not None and layout not in LAYOUTS:
        raise FileError(f"--layout: {layout!r} is not accepted; accepted: {', '.join(LAYOUTS)}")
    return layout


def _refuse_foreign(options: argparse.Namespace, layout: str | None) -> None:
    """Refuse an option of another layout."""
    for name, layouts in OF_LAYOUTS.items():
        if getattr(options, name) not in (None, [], False) and layout not in layouts:
            raise FileError(
                f"--{name.replace('_', '-')}: is of --layout {' or '.join(layouts)} alone"
            )


def _whole(source: Source) -> pl.DataFrame:
    """All rows of a file; refused where they are too many to be laid out anew."""
    import polars as pl

    from neocalc.visits.frames import refuse_large

    batches, cells = [], 0
    for batch in source.batches():
        cells += batch.height * batch.width
        refuse_large(cells, source.name)
        batches.append(batch)
    return pl.concat(batches) if batches else pl.DataFrame(schema=source.schema())


def _table(options: argparse.Namespace) -> tuple[pl.DataFrame, str, dict[str, Any], str]:
    """The table of the file that is read: rows, name, what a record says, delimiter."""
    with source_of(options) as source:
        table = _whole(source)
        return table, source.name, source.about(), source.delimiter


def _kept(table: pl.DataFrame, reading: Mapping[str, Any]) -> pl.DataFrame:
    """A table without the columns that are left out on purpose."""
    return table.drop([name for name in reading["ignore"] if name in table.columns])


def _split(columns: Mapping[str, str], header: list[str]) -> dict[str, tuple[str, ...]]:
    """A mapping in which a name may be of several columns, with commas between them."""
    return {
        name: (own,) if own in header else tuple(part.strip() for part in own.split(","))
        for name, own in columns.items()
    }


def _canonical(columns: Mapping[str, str]) -> None:
    """Refuse a mapping to names that are none of ours, as scoring does."""
    for name in columns:
        if name not in CANONICAL:
            raise FileError(
                f"column mapping: {name!r} is not a canonical column;"
                f" accepted: {', '.join(CANONICAL)}"
            )


def _long(options: argparse.Namespace, reading: dict[str, Any]) -> Laid:
    from neocalc.visits.long import long_visits

    for name in ("parameter", "value"):
        if getattr(options, name) is None:
            raise FileError(f"--layout long needs --{name} COLUMN")
    table, name, about, delimiter = _table(options)
    columns = reading["columns"]
    _canonical(columns)
    measures = {n: own for n, own in columns.items() if n in _FIGURES}
    words = [word for word in reading["ignore"] if word not in table.columns]
    if options.unit is not None:  # then each row says its unit
        measures = {_MEASURE[n]: own for n, own in measures.items()}
    visits, notes = long_visits(
        _kept(table, reading),
        parameter=options.parameter, value=options.value, unit=options.unit,
        parameters=_split(measures, []), ignore=words, visit=options.visit,
        columns={n: own for n, own in columns.items() if n not in _FIGURES},
        decimal=reading["decimal"], convert=options.convert, where=name,
    )  # fmt: skip
    reading["columns"] = {}
    return Laid(visits, name, "long", notes, about, table, delimiter)


def _wide(options: argparse.Namespace, reading: dict[str, Any]) -> Laid:
    from neocalc.visits.wide import OF_VISITS, PATTERN, wide_visits

    table, name, about, delimiter = _table(options)
    columns = reading["columns"]
    _canonical(columns)
    stems = {
        n: own for n, own in columns.items() if n in OF_VISITS and own not in table.columns
    }  # fmt: skip
    ages = {}
    for text in options.visit_age:
        visit, equals, days = text.partition("=")
        if not equals or not days.isascii() or not days.isdigit() or len(days) > 5:
            raise FileError(f"--visit-age: {text!r} is not accepted; such as birth=0")
        ages[visit] = int(days)
    visits, notes = wide_visits(
        _kept(table, reading), pattern=options.pattern or PATTERN, visits=options.visit,
        columns=stems, ages=ages, where=name,
    )  # fmt: skip
    reading["columns"] = {n: own for n, own in columns.items() if n not in stems}
    return Laid(visits, name, "wide", notes, about, table, delimiter)


def _redcap(options: argparse.Namespace, reading: dict[str, Any]) -> Laid:
    from neocalc.visits.redcap import redcap_visits

    table, name, about, delimiter = _table(options)
    dictionary = None
    if options.dictionary is not None:
        with Source(options.dictionary) as source:
            dictionary = _whole(source)
    _canonical(reading["columns"])
    columns = _split(reading["columns"], table.columns)
    visits, notes = redcap_visits(
        _kept(table, reading),
        columns=columns,
        record=options.record,
        dictionary=dictionary,
        where=name,
    )
    reading["columns"] = {}
    return Laid(visits, name, "redcap", notes, about, table, delimiter)


def _sdtm(options: argparse.Namespace, reading: dict[str, Any]) -> Laid:
    from neocalc.visits.sdtm import read_domain, sdtm_visits

    if options.dm is None:
        raise FileError("--layout sdtm needs --dm FILE: sex and date of birth stand in DM")
    columns = reading["columns"]
    _canonical(columns)
    path = options.input
    if path != STANDARD and Path(path).suffix.lower() in (*JSON, ".xpt"):
        table = read_domain(path)
        name = Path(path).name
        about: dict[str, Any] = {"name": name, "sha256": file_digest(Path(path))}
    else:
        table, name, about, _ = _table(options)
    others = {
        domain: None if getattr(options, domain) is None else read_domain(getattr(options, domain))
        for domain in ("dm", "ex", "supp")
    }
    gestation = {n: own for n, own in columns.items() if n in GESTATION_COLUMNS}
    tests = {n: own for n, own in columns.items() if n in _FIGURES}  # VSSTRESU is the unit
    visits, notes = sdtm_visits(
        _kept(table, reading), others["dm"], ex=others["ex"], supp=others["supp"],
        treatment=options.treatment,
        gestation=gestation,
        tests=_split({_MEASURE[n]: own for n, own in tests.items()}, []), convert=options.convert,
        ignore=[word for word in reading["ignore"] if word not in table.columns],
    )  # fmt: skip
    used = {**gestation, **tests}
    reading["columns"] = {n: own for n, own in columns.items() if n not in used}
    beside = {
        domain: {
            "name": Path(getattr(options, domain)).name,
            "sha256": file_digest(Path(getattr(options, domain))),
        }
        for domain, one in others.items()
        if one is not None
    }
    return Laid(visits, name, "sdtm", notes, {**about, "beside": beside}, table)


def _fhir(options: argparse.Namespace, reading: dict[str, Any]) -> Laid:
    from neocalc.visits.fhir import fhir_visits

    if options.input == STANDARD:
        raise FileError("--layout fhir: give a file, not standard input")
    name = Path(options.input).name
    visits, notes = fhir_visits(
        options.input, gestation_weeks=options.gestation_weeks, convert=options.convert, where=name
    )
    about = {"name": name, "sha256": file_digest(Path(options.input))}
    return Laid(visits, name, "fhir", notes, about, None)


_LAID: Final = {"long": _long, "wide": _wide, "redcap": _redcap, "sdtm": _sdtm, "fhir": _fhir}


def refuse_unrestored(source: Source) -> None:
    """Refuse to put results back into a file that is no table of another layout."""
    if not isinstance(source, Laid) or source.read is None:
        raise FileError("--restore: is of --layout long, wide, redcap or sdtm alone")


def restored(source: Source, scored: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """The table as it was read, with the results beside its rows."""
    from neocalc.visits.back import restore

    assert isinstance(source, Laid)
    result: pl.DataFrame = restore(scored, source.read, layout=source.layout, prefix=prefix)
    return result


def write_fhir(scored: pl.DataFrame, path: Path, options: argparse.Namespace, policy: Any) -> None:
    """The results as a Bundle of Observations."""
    from neocalc.visits.fhir_out import to_fhir

    bundle = to_fhir(
        scored, policy=policy, reference=options.reference, prefix=options.prefix or ""
    )
    text = json.dumps(bundle, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
