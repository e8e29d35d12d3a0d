"""Long tables: one row a measure, as `parameter`, `value` and `unit`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.cohort.canonical import DAYS_OLD
from neocalc.errors import FileError, warn_of_column
from neocalc.visits.frames import (
    SOURCE,
    beside,
    names_of,
    polars_of,
    refuse_absent,
    refuse_taken,
    refuse_unassigned,
    texts,
)
from neocalc.visits.gathering import (
    FACTS,
    FIGURES,
    Gathered,
    canonical_in,
    filled,
    gathered,
    keys,
    steady,
)
from neocalc.visits.measures import IMPERIAL, Parameters, unit_word

if TYPE_CHECKING:
    import polars as pl

BESIDE: Final = {"length_position": "length", "weight_method": "weight"}
"""Columns that say how a measure was taken, each with that measure."""
SAID: Final = 'parameters={"weight": "WORD"}'
"""How a parameter is stated."""


class Rows(NamedTuple):
    """Where the rows of one measure each stand in a table.

    Attributes
    ----------
    parameter, value : str
        Columns.
    unit : str or None
        The column of the units.
    beside : dict of str to str
        Columns that say how one measure was taken: canonical name to the name in the table.
    decimal : str
        The mark of decimals in texts.
    convert : bool
        Whether pounds, ounces, feet and inches are converted.
    """

    parameter: str
    value: str
    unit: str | None
    beside: Mapping[str, str] = {}
    decimal: str = "."
    convert: bool = False


def from_long(
    frame: Any,
    *,
    parameter: str,
    value: str,
    unit: str | None = None,
    units: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    ignore: Iterable[str] = (),
    visit: str | Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    decimal: str = ".",
    convert: bool = False,
) -> Any:
    """Visits from a table with one row a measure.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The rows. It is not changed.
    parameter, value : str
        The columns that say what was measured, and its figure.
    unit : str, optional
        The column of the unit of each row.
    units : dict, optional
        Measure to its unit where no row says it, ``{"weight": "g"}``.
    parameters : dict, optional
        Measure, or its canonical column, to the word or words of `parameter`,
        ``{"weight": "WT", "length": ["HT", "LEN"]}``. Names of ours need not be stated.
    ignore : iterable of str
        Parameters that look like ours and are left out on purpose.
    visit : str or iterable of str
        Columns that tell visits of one child and day apart, such as a visit number.
    columns : dict, optional
        Canonical name to the name in the table, for the child and the day.
    decimal : str, default "."
        The mark between whole and decimals in texts.
    convert : bool, default False
        Whether figures in pounds, ounces, feet and inches are converted. They are refused without.

    Returns
    -------
    table
        The kind that was given: one row a visit, with canonical columns. `source_rows` says from
        which rows each figure came, ``weight=3 length=5``, counted from 1. Other columns stay where
        all rows of each visit say the same.

    Raises
    ------
    FileError
        When a column is not there, a parameter looks like ours and is not stated, or no row says
        which unit it is in.

    Warns
    -----
    ColumnWarning
        Of rows of other parameters, of rows without a unit, and of columns that are left out.

    Examples
    --------
    >>> import polars
    >>> rows = polars.DataFrame({
    ...     "subject_id": ["01", "01"], "sex": ["f", "f"], "age_days": [0, 0],
    ...     "what": ["weight", "length"], "is": [3100.0, 49.5], "in": ["g", "cm"]})
    >>> from_long(rows, parameter="what", value="is", unit="in").select(
    ...     "subject_id", "weight_g", "length_cm").row(0)
    ('01', 3100.0, 49.5)
    """
    visits, notes = long_visits(
        frame, parameter=parameter, value=value, unit=unit, units=units, parameters=parameters,
        ignore=ignore, visit=visit, columns=columns, decimal=decimal, convert=convert,
    )  # fmt: skip
    for note in notes:
        warn_of_column(note)
    return visits


def long_visits(
    frame: Any,
    *,
    parameter: str,
    value: str,
    unit: str | None = None,
    units: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    ignore: Iterable[str] = (),
    visit: str | Iterable[str] = (),
    columns: Mapping[str, str] | None = None,
    decimal: str = ".",
    convert: bool = False,
    where: str = "table",
) -> tuple[Any, list[str]]:
    """The same, and what there is to say of it."""
    columns = dict(columns or {})
    table = polars_of(frame, columns.get("subject_id", "subject_id"))
    visit = names_of("visit", visit)
    header = table.columns
    refuse_absent(header, {"parameter": parameter, "value": value, "unit": unit}, where)
    refuse_absent(header, {**columns, **{f"visit {n}": n for n in visit}}, where)
    found = canonical_in(header, columns)
    own = {name: found.pop(name) for name in BESIDE if name in found}
    layout = Rows(parameter, value, unit, own, decimal, convert)
    for name in (parameter, value, unit):  # what holds the figures is no column of the child
        found = {ours: own for ours, own in found.items() if own != name}
    _refuse_loose(found, visit, where)
    table = filled(table, found["subject_id"], [found[name] for name in FACTS if name in found])
    by = list(dict.fromkeys([*found.values(), *visit]))
    ages = [found[name] for name in ("measured_on", *DAYS_OLD) if name in found]
    needed = [[found["subject_id"]], [*ages, *visit]]
    words = Parameters(parameters, units, names_of("ignore", ignore))
    visits, notes = visits_of(table, layout, keys(table, by, needed), words, where)
    new = [
        table[own].gather(visits.first).alias(ours) for ours, own in found.items()
    ] + visits.columns  # fmt: skip
    used = {*found.values(), parameter, value, unit, *layout.beside.values()}
    others = [name for name in header if name not in used]
    refuse_taken(others, [column.name for column in new], where)
    refuse_unassigned(others, FIGURES, where)
    kept = steady(table, others, visits.measured)
    notes += left_out(where, others, kept)
    return beside(frame, visits.first, kept, new), notes


def visits_of(
    table: pl.DataFrame, layout: Rows, key: pl.Series, parameters: Parameters, where: str
) -> tuple[Gathered, list[str]]:
    """The visits of a table with one row a measure, and what there is to say of its rows."""
    import polars as pl

    from neocalc.visits import gathering as names

    word = texts(table[layout.parameter])
    counts = dict(word.alias("word").value_counts(name="n").iter_rows())
    ours = parameters.find(sorted(w for w in counts if w is not None), where, SAID)
    measure = word.replace_strict({w: one.measure for w, one in ours.items()}, default=None)
    unit = _units(table, layout, word, parameters, ours, where)
    value = table[layout.value]
    if not (value.dtype.is_numeric() or value.dtype == pl.String):
        value = value.cast(pl.String)
    measured = pl.DataFrame(
        {
            names.ROW: pl.int_range(table.height, dtype=pl.Int64, eager=True),
            names.KEY: key,
            names.MEASURE: measure,
            names.FIGURE: value if value.dtype == pl.String else value.cast(pl.Float64),
            names.UNIT: unit,
        }
    ).filter(pl.col(names.MEASURE).is_not_null())
    found = gathered(measured, decimal=layout.decimal)
    for name, column in layout.beside.items():
        found.columns.insert(-1, _of_measure(table[column], BESIDE[name], found).alias(name))
    notes = _other_rows(where, counts, ours)
    nothing = measured.filter(
        pl.col(names.UNIT).is_null() & texts(measured[names.FIGURE]).is_not_null()
    ).height
    if nothing:
        rows = "1 row has" if nothing == 1 else f"{nothing:,} rows have"
        notes.append(f"{where}: {rows} no unit of the measure: the value is kept and is invalid")
    return found, notes


def _units(
    table: pl.DataFrame,
    layout: Rows,
    word: pl.Series,
    parameters: Parameters,
    ours: Mapping[str, Any],
    where: str,
) -> pl.Series:
    """The unit of each row; null where none of its measure is known."""
    import polars as pl

    said = pl.Series([None] * table.height, dtype=pl.String)
    if layout.unit is not None:
        said = texts(table[layout.unit])
    pairs = pl.DataFrame({"word": word, "said": said})
    rules = []
    for one, text in pairs.unique().iter_rows():
        parameter = ours.get(one)
        if parameter is None:
            continue
        stated = parameters.unit(parameter)
        unit = stated if text is None else unit_word(text, parameter.measure)
        if text is not None and parameter.unit not in (None, unit):
            unit = None  # the name and the row contradict each other
        if unit in IMPERIAL and not layout.convert:
            raise FileError(
                f"{where}: {parameter.measure} in {unit}: it is converted only where that is asked"
                " for (convert)"
            )
        rules.append((one, text, unit))
    schema = {"word": pl.String, "said": pl.String, "unit": pl.String}
    known = pl.DataFrame(rules, schema=schema, orient="row")
    for measure in dict.fromkeys(one.measure for one in ours.values()):
        own = [unit for one, _, unit in rules if ours[one].measure == measure]
        if not any(own):
            raise FileError(
                f"{where}: no row says the unit of {measure}; give the column of the units (unit),"
                " or state it (units)"
            )
    return pairs.join(
        known, on=["word", "said"], how="left", nulls_equal=True, maintain_order="left"
    )["unit"]


def _of_measure(column: pl.Series, measure: str, found: Gathered) -> pl.Series:
    """What the row of one measure says, for each visit."""
    import polars as pl

    own = found.measured.filter(pl.col("measure") == measure).select("visit", "row")
    own = own.with_columns(said=column.gather(own["row"].cast(pl.UInt32)))
    visits = pl.DataFrame({"visit": pl.int_range(len(found.first), dtype=pl.UInt32, eager=True)})
    return visits.join(own, on="visit", how="left", maintain_order="left")["said"]


def _refuse_loose(found: Mapping[str, str], visit: tuple[str, ...], where: str) -> None:
    """Refuse a table that does not say which rows belong together."""
    if "subject_id" not in found:
        raise FileError(
            f"{where}: there is no column subject_id: it says which rows are of one child; map it"
            ' (columns={"subject_id": "NAME"})'
        )
    if not visit and not {"measured_on", *DAYS_OLD} & found.keys():
        raise FileError(
            f"{where}: there is no column measured_on or age_days: it says which rows are of one"
            ' visit; map it (columns={"measured_on": "NAME"}) or name the columns of the visit'
        )


def _other_rows(where: str, counts: Mapping[Any, int], ours: Mapping[str, Any]) -> list[str]:
    """Rows of parameters that are none of ours, counted."""
    others = {word: n for word, n in counts.items() if word not in ours}
    if not others:
        return []
    total = sum(others.values())
    most = sorted(others.items(), key=lambda item: (-item[1], str(item[0])))[:5]
    named = ", ".join(
        f"{'(empty)' if word is None else str(word)[:40]} {n:,}" for word, n in most
    ) + (f" and {len(others) - 5:,} more" if len(others) > 5 else "")
    rows = "1 row is" if total == 1 else f"{total:,} rows are"
    return [f"{where}: {rows} of other parameters and left out: {named}"]


def left_out(where: str, others: list[str], kept: list[str]) -> list[str]:
    """Columns that differ within a visit and are therefore not in its row."""
    gone = [name for name in others if name not in kept and name != SOURCE]
    if not gone:
        return []
    named = ", ".join(gone[:10]) + (f" and {len(gone) - 10:,} more" if len(gone) > 10 else "")
    if len(gone) == 1:
        return [f"{where}: a column differs between rows of one visit and is left out: {named}"]
    return [f"{where}: columns differ between rows of one visit and are left out: {named}"]
