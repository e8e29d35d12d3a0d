"""SDTM: vital signs (VS) with demographics (DM), and the day of administration from EX.

References
----------
CDISC Study Data Tabulation Model Implementation Guide, version 3.4: VS, DM, EX, SUPP--.
CDISC Dataset-JSON, versions 1.0 and 1.1.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort.canonical import GESTATION_COLUMNS
from neocalc.errors import ExtraMissing, FileError, InputError, printable, shown, warn_of_column
from neocalc.visits.frames import (
    beside,
    made,
    names_of,
    polars_of,
    refuse_taken,
    refuse_unassigned,
    texts,
)
from neocalc.visits.gathering import keys, steady
from neocalc.visits.jsonfiles import read_json
from neocalc.visits.long import Rows, left_out, visits_of
from neocalc.visits.measures import Parameters
from neocalc.visits.wide import OF_VISITS

if TYPE_CHECKING:
    import polars as pl

TESTS: Final = {"WEIGHT": "weight", "HEIGHT": "length", "HDCIRC": "head_circumference"}
"""Test codes of the controlled terminology that are read without being stated."""
POSITIONS: Final = {
    "SUPINE": "recumbent", "RECUMBENT": "recumbent", "LYING": "recumbent",
    "STANDING": "standing", "UPRIGHT": "standing",
}  # fmt: skip
"""Positions (VSPOS) that say how a length was taken; others stay as they are and are refused."""
_VISITS: Final = ("VISITNUM", "VISIT")
_DM: Final = ("SEX", "BRTHDTC")
ADMINISTERED: Final = "administered_on"


def from_sdtm(
    vs: Any,
    dm: Any,
    *,
    ex: Any = None,
    treatment: str | None = None,
    supp: Any = None,
    gestation: Mapping[str, str] | None = None,
    tests: Mapping[str, Any] | None = None,
    ignore: Iterable[str] = (),
    convert: bool = False,
) -> Any:
    """Visits from the domains of SDTM.

    Parameters
    ----------
    vs, dm : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        Vital signs and demographics. They are not changed.
    ex : table, optional
        Exposure: the day of the first administration becomes `administered_on`.
    treatment : str, optional
        Of EX only the rows with this EXTRT; needed where there are several.
    supp : table, optional
        SUPPDM, for the gestation.
    gestation : dict, optional
        The canonical column of the gestation to the column of DM, or the QNAM of SUPPDM, that
        holds it: ``{"gestational_age_days": "GADAYS"}``. SDTM has no variable of its own for it.
    tests : dict, optional
        Measure, or its canonical column, to the test codes beyond WEIGHT, HEIGHT and HDCIRC:
        ``{"length": ["HEIGHT", "LENGTH"]}``.
    ignore : iterable of str
        Test codes that look like ours and are left out on purpose.
    convert : bool, default False
        Whether figures in pounds and inches are converted. They are refused without.

    Returns
    -------
    table
        The kind of `vs`: one row a subject, day and visit, with `subject_id`, `sex`, `birth_date`,
        `measured_on`, the measures, `length_position` (VSPOS) and `source_rows`; the columns of VS
        that say one thing in each visit, and ARM and ARMCD of DM.

    Raises
    ------
    FileError
        When a variable is missing. VSDY is no age: it counts from the start of the study.

    Warns
    -----
    ColumnWarning
        Of rows of other tests, of rows that were not done, and of rows without a unit.

    Examples
    --------
    >>> import polars
    >>> vs = polars.DataFrame({
    ...     "USUBJID": ["T-01", "T-01"], "VSTESTCD": ["WEIGHT", "HEIGHT"],
    ...     "VSSTRESN": [3.1, 49.5], "VSSTRESU": ["kg", "cm"], "VSDTC": ["2026-05-01"] * 2})
    >>> dm = polars.DataFrame({"USUBJID": ["T-01"], "SEX": ["F"], "BRTHDTC": ["2026-04-30"]})
    >>> from_sdtm(vs, dm).select("subject_id", "sex", "weight_kg", "length_cm").row(0)
    ('T-01', 'F', 3.1, 49.5)
    """
    visits, notes = sdtm_visits(
        vs, dm, ex=ex, treatment=treatment, supp=supp, gestation=gestation, tests=tests,
        ignore=ignore, convert=convert,
    )  # fmt: skip
    for note in notes:
        warn_of_column(note)
    return visits


def sdtm_visits(
    vs: Any,
    dm: Any,
    *,
    ex: Any = None,
    treatment: str | None = None,
    supp: Any = None,
    gestation: Mapping[str, str] | None = None,
    tests: Mapping[str, Any] | None = None,
    ignore: Iterable[str] = (),
    convert: bool = False,
) -> tuple[Any, list[str]]:
    """The same, and what there is to say of it."""
    table = polars_of(vs, "USUBJID")
    _refuse_lacking(table, ("USUBJID", "VSTESTCD", "VSDTC"), "VS")
    value, unit = _figures(table)
    children = _demographics(dm, supp, dict(gestation or {}))
    table = table.with_columns(
        _not_done(table, value), texts(table["VSDTC"]).str.replace("T.*", "").alias("\x00day")
    )
    done = table["\x00done"]
    how_taken: dict[str, str] = {}
    if "VSPOS" in table.columns:
        spoken = texts(table["VSPOS"])
        known = spoken.str.to_uppercase().replace_strict(POSITIONS, default=spoken)
        table = table.with_columns(known.alias("\x00position"))
        how_taken = {"length_position": "\x00position"}
    words = Parameters(tests, None, names_of("ignore", ignore), TESTS)
    by = ["USUBJID", "\x00day", *(name for name in _VISITS if name in table.columns)]
    numbered = table.with_row_index("\x00row").filter(done)
    layout = Rows("VSTESTCD", value, unit, how_taken, ".", convert)
    found, notes = visits_of(
        numbered, layout, keys(numbered, by, [["USUBJID"], ["\x00day"]]), words, "VS"
    )
    own_rows = numbered["\x00row"].to_list()
    first = numbered["\x00row"].gather(found.first)
    source = _renumbered(found.columns.pop(), own_rows)
    subject = texts(table["USUBJID"]).gather(first)
    facts = _joined(subject, children)
    new = [
        subject.alias("subject_id"), *facts, table["\x00day"].gather(first).alias("measured_on"),
        *found.columns, source,
    ]  # fmt: skip
    if ex is not None:
        new.append(_administered(subject, ex, treatment))
    others = [n for n in polars_of(vs).columns if n not in ("USUBJID", "VSTESTCD", "VSPOS")]
    rows = found.measured.with_columns(
        numbered["\x00row"].gather(found.measured["row"]).alias("row")
    )
    kept = [name for name in steady(table, others, rows) if not name.startswith("VS")]
    refuse_taken(kept, [column.name for column in new], "VS")
    refuse_unassigned(kept, OF_VISITS, "VS")
    skipped = table.height - int(done.sum())
    if skipped:
        said = "1 row is" if skipped == 1 else f"{skipped:,} rows are"
        notes.append(f"VS: {said} of what was not done and left out")
    notes += _strangers(subject, children)
    notes += left_out("VS", [name for name in others if not name.startswith("VS")], kept)
    return beside(vs, first, kept, new), notes


def _refuse_lacking(table: pl.DataFrame, names: Iterable[str], where: str) -> None:
    for name in names:
        if name not in table.columns:
            more = ""
            if name in ("VSDTC", "BRTHDTC"):
                more = "; an age needs the dates: VSDY and AGE are no ages at the visit"
            raise FileError(f"{where}: there is no variable {name}{more}")


def _figures(table: pl.DataFrame) -> tuple[str, str]:
    """The variables of the figures and of their units: standard ones, else as collected."""
    for value, unit in (("VSSTRESN", "VSSTRESU"), ("VSORRES", "VSORRESU")):
        if value in table.columns and unit in table.columns:
            return value, unit
    raise FileError(
        "VS: it needs VSSTRESN with VSSTRESU, or VSORRES with VSORRESU: a figure and its unit"
    )


def _not_done(table: pl.DataFrame, value: str) -> pl.Series:
    """Whether a row holds something that was done."""
    import polars as pl

    done = pl.Series("\x00done", [True] * table.height, dtype=pl.Boolean)
    if "VSSTAT" in table.columns:
        said = texts(table["VSSTAT"]).str.to_uppercase().fill_null("") == "NOT DONE"
        done = done & ~(said & texts(table[value]).is_null())
    return done.alias("\x00done")


def _demographics(dm: Any, supp: Any, gestation: dict[str, str]) -> pl.DataFrame:
    """A row for each subject: sex, date of birth, gestation, arm."""
    import polars as pl

    table = polars_of(dm, "USUBJID")
    _refuse_lacking(table, ("USUBJID", *_DM), "DM")
    subject = texts(table["USUBJID"])
    if subject.drop_nulls().is_duplicated().any():
        raise FileError("DM: a subject has two rows")
    columns = {"sex": table["SEX"], "birth_date": table["BRTHDTC"]}
    for name, source in gestation.items():
        if name not in GESTATION_COLUMNS:
            accepted = ", ".join(GESTATION_COLUMNS)
            raise InputError("gestation", name, f"a canonical column of the gestation: {accepted}")
        if source in table.columns:
            columns[name] = table[source]
        elif supp is not None:
            columns[name] = _supplemental(supp, source, subject)
        else:
            raise FileError(f"DM: there is no variable {shown(source)}; it may be one of SUPPDM")
    for name in ("ARM", "ARMCD"):
        if name in table.columns:
            columns[name] = table[name]
    rows = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    return rows.with_columns(subject.alias("\x00subject")).filter(subject.is_not_null())


def _supplemental(supp: Any, name: str, subject: pl.Series) -> pl.Series:
    """A value of SUPPDM for each subject."""
    import polars as pl

    table = polars_of(supp, "USUBJID")
    _refuse_lacking(table, ("USUBJID", "QNAM", "QVAL"), "SUPPDM")
    own = table.filter(texts(table["QNAM"]) == name)
    if not own.height:
        raise FileError(f"SUPPDM: no QNAM is {shown(name)}")
    pairs = pl.DataFrame({"s": texts(own["USUBJID"]), "v": texts(own["QVAL"])}).unique()
    if pairs["s"].is_duplicated().any():
        raise FileError(f"SUPPDM: a subject has two values of {shown(name)}")
    return pl.DataFrame({"s": subject}).join(pairs, on="s", how="left", maintain_order="left")["v"]


def _joined(subject: pl.Series, children: pl.DataFrame) -> list[pl.Series]:
    """What is known of the subject of each visit."""
    import polars as pl

    whole = pl.DataFrame({"\x00subject": subject}).join(
        children, on="\x00subject", how="left", maintain_order="left"
    )
    return [whole[name] for name in whole.columns if name != "\x00subject"]


def _strangers(subject: pl.Series, children: pl.DataFrame) -> list[str]:
    """Rows of subjects that DM does not have."""
    unknown = int((~subject.is_in(children["\x00subject"].to_list())).sum())
    if not unknown:
        return []
    said = "1 visit is" if unknown == 1 else f"{unknown:,} visits are"
    return [f"VS: {said} of subjects who are not in DM: without sex and date of birth"]


def _renumbered(source: pl.Series, rows: list[int]) -> pl.Series:
    """The rows of VS from which each figure came, counted from 1."""
    import polars as pl

    said = [
        " ".join(
            f"{measure}={rows[int(row) - 1] + 1}"
            for measure, _, row in (part.partition("=") for part in text.split())
        )
        for text in source.to_list()
    ]
    return pl.Series(source.name, said, dtype=pl.String)


def _administered(subject: pl.Series, ex: Any, treatment: str | None) -> pl.Series:
    """The day of the first administration of each subject."""
    import polars as pl

    table = polars_of(ex, "USUBJID")
    _refuse_lacking(table, ("USUBJID", "EXTRT", "EXSTDTC"), "EX")
    names = texts(table["EXTRT"])
    several = names.drop_nulls().unique(maintain_order=True).to_list()
    if treatment is not None and treatment not in several:
        raise FileError(f"EX: no EXTRT is {shown(treatment)}; it has {', '.join(several[:10])}")
    if treatment is None and len(several) > 1:
        raise FileError(f"EX: say which is the treatment (treatment): {', '.join(several[:10])}")
    own = table.with_columns(names.alias("\x00name"))
    own = own if treatment is None else own.filter(pl.col("\x00name") == treatment)
    days = texts(own["EXSTDTC"]).str.replace("T.*", "")
    whole = days.str.contains(r"^\d{4}-\d{2}-\d{2}$").fill_null(False)
    pairs = pl.DataFrame({"s": texts(own["USUBJID"]), "d": days}).filter(whole)
    first = pairs.group_by("s").agg(pl.col("d").min())
    return (
        pl.DataFrame({"s": subject})
        .join(first, on="s", how="left", maintain_order="left")["d"]
        .alias(ADMINISTERED)
    )


def read_domain(path: str | os.PathLike[str], *, kind: str = "polars") -> Any:
    """A domain from a file: XPT, Dataset-JSON (.json or .ndjson), CSV or Parquet.

    Parameters
    ----------
    path : str or path
        The file.
    kind : {"polars", "pandas", "pyarrow"}
        The kind of table that is given back.

    Raises
    ------
    FileError
        When it is none of these.
    ExtraMissing
        When an XPT file is read without pyreadstat.
    """
    import polars as pl

    name, suffix = printable(Path(path).name), Path(path).suffix.lower()
    if suffix in (".json", ".ndjson", ".jsonl"):
        return made(dataset_json(read_json(path), name).get_columns(), kind)
    if suffix == ".xpt":
        return made(_transport(path, name).get_columns(), kind)
    from neocalc.files.sources import Source

    with Source(os.fspath(path)) as source:
        batches = list(source.batches())
        whole = pl.concat(batches) if batches else pl.DataFrame(schema=source.schema())
    return made(whole.get_columns(), kind)


def _transport(path: str | os.PathLike[str], name: str) -> pl.DataFrame:
    """A SAS transport file."""
    import polars as pl

    try:
        import pyreadstat
    except ImportError as error:
        raise ExtraMissing("files", "reading .xpt") from error
    try:
        columns, _ = pyreadstat.read_xport(os.fspath(path), output_format="dict")
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise FileError(f"{name}: is not a SAS transport file that can be read: {said}") from error
    return pl.DataFrame({key: _plain_values(values) for key, values in columns.items()})


def _plain_values(values: Iterable[Any]) -> list[Any]:
    """Values of a SAS column: a missing number is none."""
    return [None if isinstance(v, float) and math.isnan(v) else v for v in values]


def dataset_json(content: Any, name: str) -> pl.DataFrame:
    """A table from Dataset-JSON: version 1.1, its lines, or version 1.0."""
    import polars as pl

    columns, rows = _parts(content, name)
    names = [str(c.get("name", "")) if isinstance(c, dict) else "" for c in columns]
    if not names or "" in names or len(set(names)) < len(names):
        raise FileError(f"{name}: Dataset-JSON: columns need names of their own")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(names):
            raise FileError(f"{name}: Dataset-JSON: row {number:,} has not {len(names)} values")
        if any(isinstance(value, (list, dict)) for value in row):
            raise FileError(f"{name}: Dataset-JSON: row {number:,} holds more than plain values")
    series = []
    for place, one in enumerate(names):
        values = [row[place] for row in rows]
        plain = all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool))
                    for v in values)  # fmt: skip
        if plain and any(v is not None for v in values):
            series.append(pl.Series(one, [None if v is None else float(v) for v in values]))
        else:
            text = [None if v in (None, "") else str(v) for v in values]
            series.append(pl.Series(one, text, dtype=pl.String))
    return pl.DataFrame(series)


def _parts(content: Any, name: str) -> tuple[list[Any], list[Any]]:
    """Columns and rows of a Dataset-JSON text."""
    if isinstance(content, list) and content and isinstance(content[0], dict):
        head, rows = content[0], content[1:]
        if isinstance(head.get("columns"), list):
            return head["columns"], rows
    if isinstance(content, dict):
        if isinstance(content.get("columns"), list):
            rows = content.get("rows", [])
            return content["columns"], rows if isinstance(rows, list) else [rows]
        for part in ("clinicalData", "referenceData"):
            groups = content.get(part, {})
            groups = groups.get("itemGroupData", {}) if isinstance(groups, dict) else {}
            if isinstance(groups, dict) and len(groups) == 1:
                group = next(iter(groups.values()))
                if isinstance(group, dict) and isinstance(group.get("items"), list):
                    data = group.get("itemData", [])
                    return group["items"], data if isinstance(data, list) else [data]
    raise FileError(f"{name}: is not Dataset-JSON: it has no columns and rows of one data set")
