"""REDCap exports: events, repeating instruments, raw or label values, flat or one row a field.

A row of the export that holds a measurement is a visit. What the other rows of the record say of
the child (sex, gestation, date of birth) is carried into them, and the date of the event into the
rows of its repeating instruments. Fields are read by their declared names; a unit is never taken
from a label.

References
----------
Harris PA et al. 2009, doi:10.1016/j.jbi.2008.08.010 (REDCap).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort.canonical import CANONICAL
from neocalc.errors import FileError, InputError, shown, warn_of_column
from neocalc.visits.frames import (
    SOURCE,
    beside,
    library_of,
    made,
    polars_of,
    refuse_absent,
    refuse_taken,
    texts,
    words_of,
)
from neocalc.visits.gathering import FACTS, FIGURES, contradicted, filled

if TYPE_CHECKING:
    import polars as pl

EVENT: Final = ("redcap_event_name", "Event Name")
INSTRUMENT: Final = ("redcap_repeat_instrument", "Repeat Instrument")
INSTANCE: Final = ("redcap_repeat_instance", "Repeat Instance")
RECORD: Final = ("record_id", "study_id", "Record ID")
"""Names of the record in REDCap's own projects, raw and as a label."""
DICTIONARY: Final = {
    "name": ("Variable / Field Name", "field_name"),
    "label": ("Field Label", "field_label"),
    "type": ("Field Type", "field_type"),
    "choices": (
        "Choices, Calculations, OR Slider Labels",
        "select_choices_or_calculations",
    ),
}
"""Columns of a data dictionary, as downloaded and through the API."""
_EAV: Final = ("field_name", "value")
_CHECKBOX: Final = re.compile(r".+___[a-z0-9_]+", re.IGNORECASE)
_CHECKED: Final = {"1": "yes", "checked": "yes", "0": "no", "unchecked": "no"}
_CODED: Final = ("sex", "oedema", "length_position")


def from_redcap(
    frame: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    record: str | None = None,
    dictionary: Any = None,
) -> Any:
    """Visits from a REDCap export.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The export: raw or labels, flat or one row a field (EAV). It is not changed.
    columns : dict, optional
        Canonical name to the field, or to several of which a row fills one:
        ``{"weight_g": ["birth_weight", "visit_weight"], "sex": "sex"}``. A checkbox is one of its
        columns, ``{"oedema": "signs___1"}``.
    record : str, optional
        The field of the record; by default record_id or study_id.
    dictionary : table, optional
        The data dictionary of the project. With it, codes are read as the labels of their choices
        (1 is Male), and a label export may be mapped by the names of its fields.

    Returns
    -------
    table
        The kind that was given: one row a visit with canonical columns, events and repeating
        instances as they were, every other field, and `source_rows`, the row of the export counted
        from 1. Rows without a measurement are not there, unless their record contradicts itself.

    Raises
    ------
    FileError
        When a field is not there, a row fills two fields of one column, or a value is no choice of
        the data dictionary.

    Warns
    -----
    ColumnWarning
        Of rows without a measurement, counted.

    Examples
    --------
    >>> import polars
    >>> export = polars.DataFrame({
    ...     "record_id": ["1", "1"], "redcap_event_name": ["birth_arm_1", "week_4_arm_1"],
    ...     "sex": ["f", None], "wt": ["3100", "3900"], "age_days": ["0", "28"]})
    >>> from_redcap(export, columns={"weight_g": "wt"}).select(
    ...     "subject_id", "sex", "weight_g").rows()
    [('1', 'f', '3100'), ('1', 'f', '3900')]
    """
    visits, notes = redcap_visits(frame, columns=columns, record=record, dictionary=dictionary)
    for note in notes:
        warn_of_column(note)
    return visits


def redcap_visits(
    frame: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    record: str | None = None,
    dictionary: Any = None,
    where: str = "table",
) -> tuple[Any, list[str]]:
    """The same, and what there is to say of it."""
    import polars as pl

    table = polars_of(frame)
    fields = words_of("columns", columns)
    row = "{}"
    if set(_EAV) <= set(table.columns):
        table = _flat(table, where)
        frame = made(table, library_of(frame))
        row = "flat {}"  # no row of what was given, so that nothing is put back there
    choices, labels = _dictionary(dictionary, where)
    for name in fields:
        if name not in CANONICAL:
            raise InputError("columns", name, f"a canonical column: {', '.join(CANONICAL)}")
    fields = {
        name: tuple(f if f in table.columns else labels.get(f, f) for f in several)
        for name, several in fields.items()
    }
    used = {field for several in fields.values() for field in several}
    fields |= {
        name: (name,)
        for name in CANONICAL
        if name in table.columns and name not in fields and name not in used
    }
    fields["subject_id"] = (_record(table.columns, record, fields, where),)
    for name, several in fields.items():
        for field in several:
            refuse_absent(table.columns, {f"mapped to {name}": field}, where)
    names = {field: name for name, field in labels.items()}
    read = pl.DataFrame(
        [_read(table, name, several, choices, names, where) for name, several in fields.items()]
    )
    if not set(FIGURES) & set(read.columns):
        raise FileError(
            f"{where}: no field is one of our measures ({', '.join(FIGURES)}); map them:"
            ' columns={"weight_g": "FIELD"}'
        )
    facts: list[str] = [name for name in FACTS if name in read.columns]
    read = filled(read, "subject_id", facts)
    read = _event_dates(read, table)
    measured = pl.Series([False] * table.height, dtype=pl.Boolean)
    stated = pl.Series([False] * table.height, dtype=pl.Boolean)
    for name in read.columns:
        if name in FIGURES:
            measured |= texts(read[name]).is_not_null()
    own = pl.DataFrame([_coalesced(table, fields[name], where).alias(name) for name in facts])
    for name in facts:
        stated |= texts(own[name]).is_not_null()
    kept = measured | (stated & contradicted(read, "subject_id", facts))
    rows = [at for at, is_kept in enumerate(kept.to_list()) if is_kept]
    places = pl.Series(rows, dtype=pl.UInt32)
    source = pl.Series(SOURCE, [row.format(at + 1) for at in rows], dtype=pl.String)
    new = [*(read[name].gather(places) for name in read.columns), source]
    mapped = {field for several in fields.values() for field in several}
    passing = [name for name in table.columns if name not in mapped]
    refuse_taken(passing, [column.name for column in new], where)
    notes = _notes(table.height - len(rows), where)
    return beside(frame, rows, passing, new), notes


def _notes(without: int, where: str) -> list[str]:
    if not without:
        return []
    if without == 1:
        return [f"{where}: 1 row holds no measurement and is no visit"]
    return [f"{where}: {without:,} rows hold no measurement and are no visits"]


def _flat(table: pl.DataFrame, where: str) -> pl.DataFrame:
    """An export of one row a field as one row a record, event and instance."""
    import polars as pl

    known = {
        "record",
        *RECORD,
        *(name for names in (EVENT, INSTRUMENT, INSTANCE) for name in names),
    }
    by = [name for name in table.columns if name in known]
    if not by:
        raise FileError(f"{where}: there is no column record beside field_name and value")
    texts_ = pl.DataFrame([texts(table[name]) for name in (*by, *_EAV)])
    several = texts_.group_by([*by, "field_name"], maintain_order=True).agg(pl.col("value"))
    wide: dict[str, Any] = {}
    rows = texts_.select(by).unique(maintain_order=True).with_row_index("row")
    several = several.join(rows, on=by, nulls_equal=True, maintain_order="left")
    for field in texts_["field_name"].drop_nulls().unique(maintain_order=True):
        part = several.filter(pl.col("field_name") == field)
        if field in by or (field in RECORD and "record" in by):
            continue
        boxes = part["value"].list.drop_nulls().list.unique()
        if (boxes.list.len() > 1).any():  # a checkbox: a column for each choice
            for code in sorted(set(part.explode("value")["value"].drop_nulls())):
                held = set(part.filter(pl.col("value").list.contains(code))["row"])
                name = f"{field}___{code}"
                wide[name] = ["1" if row in held else "0" for row in range(rows.height)]
            continue
        value = dict(zip(part["row"], boxes.list.first(), strict=True))
        wide[field] = [value.get(row) for row in range(rows.height)]
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in wide.items()]
    return pl.DataFrame([*(rows[name] for name in by), *columns])


def _record(
    header: list[str], record: str | None, fields: Mapping[str, tuple[str, ...]], where: str
) -> str:
    """The field of the record."""
    if record is not None:
        refuse_absent(header, {"record": record}, where)
        return record
    if "subject_id" in fields:
        return fields["subject_id"][0]
    found = [name for name in (*RECORD, "record") if name in header]
    if len(found) != 1:
        there = f"{' and '.join(found)} are both there" if found else "no record_id"
        raise FileError(f"{where}: {there}; name the field of the record (record)")
    return found[0]


def _dictionary(dictionary: Any, where: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Choices of each field, code to label, and the label of each field."""
    if dictionary is None:
        return {}, {}
    table = polars_of(dictionary)
    at = {}
    for what, names in DICTIONARY.items():
        found = [name for name in names if name in table.columns]
        if not found:
            raise FileError(f"data dictionary: there is no column {shown(names[0])}")
        at[what] = found[0]
    choices: dict[str, dict[str, str]] = {}
    labels: dict[str, str] = {}
    for row in table.select(list(at.values())).iter_rows(named=True):
        field = str(row[at["name"]] or "").strip()
        label = re.sub(r"<[^>]*>", "", str(row[at["label"]] or "")).strip()
        if label and label not in labels.values():
            labels[field] = label
        if str(row[at["type"]] or "") in ("radio", "dropdown", "checkbox"):
            pairs = (part.partition(",") for part in str(row[at["choices"]] or "").split("|"))
            choices[field] = {code.strip(): said.strip() for code, comma, said in pairs if comma}
        elif str(row[at["type"]] or "") in ("yesno", "truefalse"):
            choices[field] = {"1": "yes", "0": "no"}
    return choices, labels


def _read(
    table: pl.DataFrame,
    name: str,
    several: tuple[str, ...],
    choices: Mapping[str, Mapping[str, str]],
    fields: Mapping[str, str],
    where: str,
) -> pl.Series:
    """A canonical column: its fields, of which each row fills one, with labels for codes."""
    import polars as pl

    own = []
    for field in several:
        column = table[field]
        if name in _CODED:
            column = _labelled(column, choices.get(fields.get(field, field), {}), where)
            if name == "oedema" and _CHECKBOX.fullmatch(field):
                column = texts(column)
                lower = column.str.to_lowercase()
                column = lower.replace(_CHECKED).alias(field)
        own.append(column)
    if len(own) == 1:
        return own[0].alias(name)
    return _coalesced(pl.DataFrame(own), several, where).alias(name)


def _labelled(column: pl.Series, choices: Mapping[str, str], where: str) -> pl.Series:
    """The labels of codes; refused where a value is neither a code nor a label of the field."""
    if not choices:
        return column
    text = texts(column)
    accepted = set(choices) | set(choices.values())
    wrong = [value for value in text.drop_nulls().unique(maintain_order=True)
             if value not in accepted]  # fmt: skip
    if wrong:
        said = ", ".join(f"{code} ({label})" for code, label in list(choices.items())[:10])
        raise FileError(
            f"{where}: the field {column.name} holds {shown(wrong[0])}, which is no choice of the"
            f" data dictionary: {said}"
        )
    return text.replace(dict(choices))


def _coalesced(table: pl.DataFrame, several: tuple[str, ...], where: str) -> pl.Series:
    """Several fields as one; refused where a row fills two with different values."""
    import polars as pl

    if len(several) == 1:
        return table[several[0]]
    own = pl.DataFrame([texts(table[name]) for name in several])
    both = own.select(pl.concat_list(pl.all()).list.drop_nulls().list.n_unique() > 1).to_series()
    if both.any():
        rows = int(both.sum())
        named = ", ".join(several)
        first = int(both.arg_true()[0]) + 1
        raise FileError(
            f"{where}: {rows:,} rows (the first is row {first:,}) fill more than one of {named}"
            " with different values; map one of them"
        )
    same = all(table[name].dtype == table[several[0]].dtype for name in several)
    source = table.select(several) if same and table[several[0]].dtype != pl.String else own
    return source.select(pl.coalesce(pl.all())).to_series()


def _event_dates(read: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """The day of an event in the rows of its repeating instruments that state none."""
    import polars as pl

    event = next((name for name in EVENT if name in table.columns), None)
    if event is None or "measured_on" not in read.columns:
        return read
    child, label = texts(read["subject_id"]), texts(table[event])
    both = (child + "\x00" + label).alias("\x00event")
    known = filled(pl.DataFrame([both, read["measured_on"]]), "\x00event", ["measured_on"])
    return read.with_columns(known["measured_on"])
