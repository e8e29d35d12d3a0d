"""The outcome as an ADaM data set: Basic Data Structure, one row a subject, parameter and visit.

A target without a visit has a row too, without AVAL: `ASTATUS` says why. Nothing is imputed, so
that there is no DTYPE. Day 1 is the day of administration, and there is no day 0 (ADaM).

As SAS transport version 5: names of at most 8 characters, labels of at most 40, texts of at most
200 bytes of US-ASCII. As Dataset-JSON 1.1, or as Parquet, any text can be kept.

References
----------
CDISC Analysis Data Model Implementation Guide, version 1.3 (2021). CDISC Dataset-JSON, version 1.1
(2024). SAS Institute: the record layout of a SAS transport data set in version 5 (TS-140).
"""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.errors import ExtraMissing, FileError
from neocalc.outcomes.tables import BASELINE
from neocalc.records import utc_time
from neocalc.references.files import MEASURES
from neocalc.text import NAMES

if TYPE_CHECKING:
    import polars as pl

    from neocalc.outcomes.analysis import Outcome

NAME: Final = "ADGROW"
LABEL: Final = "Growth Analysis Dataset"
FORMS: Final = {".xpt": "xpt", ".json": "json", ".parquet": "parquet", ".pq": "parquet"}
LONGEST: Final = 200
"""Bytes of a text in a SAS transport file of version 5."""
SAS_EPOCH: Final = dt.date(1960, 1, 1)


class Variable(NamedTuple):
    """A variable: its label, and its kind (text, integer, float or date)."""

    label: str
    kind: str


VARIABLES: Final = {
    "STUDYID": Variable("Study Identifier", "text"),
    "USUBJID": Variable("Unique Subject Identifier", "text"),
    "TRTP": Variable("Planned Treatment", "text"),
    "ITTFL": Variable("Intent-To-Treat Population Flag", "text"),
    "PPROTFL": Variable("Per-Protocol Population Flag", "text"),
    "PARAMCD": Variable("Parameter Code", "text"),
    "PARAM": Variable("Parameter", "text"),
    "AVISIT": Variable("Analysis Visit", "text"),
    "AVISITN": Variable("Analysis Visit (N)", "integer"),
    "ADT": Variable("Analysis Date", "date"),
    "ADY": Variable("Analysis Relative Day", "integer"),
    "AVAL": Variable("Analysis Value", "float"),
    "BASE": Variable("Baseline Value", "float"),
    "CHG": Variable("Change from Baseline", "float"),
    "ABLFL": Variable("Baseline Record Flag", "text"),
    "ANL01FL": Variable("Analysis Flag 01", "text"),
    "AWTARGET": Variable("Analysis Window Target", "integer"),
    "AWTDIFF": Variable("Analysis Window Diff from Target", "integer"),
    "AWLO": Variable("Analysis Window Beginning Timepoint", "integer"),
    "AWHI": Variable("Analysis Window Ending Timepoint", "integer"),
    "AGEDAYS": Variable("Chronological Age (days)", "integer"),
    "AGEBASIS": Variable("Age Basis of the Growth Reference", "text"),
    "GROWREF": Variable("Growth Reference", "text"),
    "ASTATUS": Variable("Status of the Analysis Value", "text"),
    "CHGSTAT": Variable("Status of the Change from Baseline", "text"),
}
"""The variables in their order. TRTP stands where arms are shown, PPROTFL where they are known."""
KEYS: Final = ("STUDYID", "USUBJID", "PARAMCD", "AVISITN")
CODES: Final = {"weight": ("WEIGHT", "W"), "length": ("LENGTH", "L"),
                "head_circumference": ("HDCIRC", "HC")}  # fmt: skip
"""Of each measure the code of the value, and the beginning of the codes of its scores."""


def form_of(path: str) -> str:
    """The form that the name of a file asks for."""
    form = FORMS.get(Path(path).suffix.lower())
    if form is None:
        raise FileError(f"{path}: an ADaM data set is written as .xpt, .json or .parquet")
    return form


def parameters(measure: str) -> list[tuple[str, str, str, str]]:
    """Code, name, column of the value and column of the status of each parameter of a measure.

    >>> [code for code, *_ in parameters("weight")]
    ['WEIGHT', 'WAZ', 'WVELZ', 'WCHGSTD', 'WCONDG']
    """
    value, short = CODES[measure]
    name = NAMES[measure].capitalize()
    return [
        (value, f"{name} ({MEASURES[measure]})", "value", "status"),
        (f"{short}AZ", f"{name} for age, z-score", "z", "status"),
        (f"{short}VELZ", f"{name} velocity, z-score", "velocity_z", "velocity_status"),
        (f"{short}CHGSTD", f"{name}, standardised change of z", "change_standardised",
         "standardised_status"),
        (f"{short}CONDG", f"{name}, conditional gain of z", "conditional_gain",
         "standardised_status"),
    ]  # fmt: skip


def dataset(found: Outcome) -> pl.DataFrame:
    """The data set as a table."""
    import polars as pl

    table = found.table
    trial = found.plan.trial
    start = pl.col("target_on").filter(pl.col("target_number") == 0).first().over("subject_id")
    table = table.with_columns(start.alias("start"))
    parts = [
        _of_parameter(table.filter(pl.col("measure") == measure), code, name, value, status)
        for measure in found.plan.measures
        for code, name, value, status in parameters(measure)
    ]
    whole = pl.concat(parts).with_columns(
        pl.lit("" if trial is None else trial.id).alias("STUDYID"), pl.lit("Y").alias("ITTFL")
    )
    names = [
        name for name in VARIABLES
        if (name != "TRTP" or "arm" in table.columns)
        and (name != "PPROTFL" or "per_protocol" in table.columns)
    ]  # fmt: skip
    texts = [name for name in names if VARIABLES[name].kind == "text"]
    return whole.select(names).with_columns(pl.col(texts).fill_null("")).sort(KEYS)


def _of_parameter(
    table: pl.DataFrame, code: str, name: str, value: str, status: str
) -> pl.DataFrame:
    """The rows of one parameter."""
    import polars as pl

    flag = pl.when(pl.col(value).is_not_null()).then(pl.lit("Y")).otherwise(pl.lit(""))
    at_baseline = pl.col("target") == BASELINE
    z, raw = value == "z", value == "value"
    whose = ["subject_id", *(n for n in ("arm", "per_protocol") if n in table.columns)]
    nothing = pl.lit(None, dtype=pl.Float64)
    first = pl.col(value).filter(at_baseline).first().over("subject_id")
    base = first if z or raw else nothing
    change = pl.col("change_z") if z else pl.col(value) - first if raw else nothing
    target = _study_day((pl.col("target_on") - pl.col("start")).dt.total_days())
    day = _study_day(pl.col("visit_day"))
    kept = table if z or raw else table.filter(~at_baseline)
    late = ~at_baseline
    return kept.select(
        pl.col("subject_id").alias("USUBJID"),
        *([pl.col("arm").alias("TRTP")] if "arm" in whose else []),
        *(
            [pl.when("per_protocol").then(pl.lit("Y")).otherwise(pl.lit("N")).alias("PPROTFL")]
            if "per_protocol" in whose
            else []
        ),
        pl.lit(code).alias("PARAMCD"),
        pl.lit(name).alias("PARAM"),
        pl.col("target").str.to_titlecase().alias("AVISIT"),
        pl.col("target_number").alias("AVISITN"),
        pl.col("visit_on").alias("ADT"),
        day.alias("ADY"),
        pl.col(value).alias("AVAL"),
        base.alias("BASE"),
        pl.when(late).then(change).otherwise(nothing).alias("CHG"),
        pl.when(at_baseline).then(flag).otherwise(pl.lit("")).alias("ABLFL"),
        flag.alias("ANL01FL"),
        pl.when(late).then(target).alias("AWTARGET"),
        pl.when(late).then((pl.col("visit_on") - pl.col("target_on")).dt.total_days().abs())
        .cast(pl.Int32).alias("AWTDIFF"),
        _study_day((pl.col("window_from") - pl.col("start")).dt.total_days()).alias("AWLO"),
        pl.when(late)
        .then(_study_day((pl.col("window_to") - pl.col("start")).dt.total_days()))
        .alias("AWHI"),
        pl.col("chronological_age_days").alias("AGEDAYS"),
        (pl.lit("") if raw else pl.col("age_basis")).alias("AGEBASIS"),
        (pl.lit("") if raw else pl.col("reference")).alias("GROWREF"),
        pl.col(status).cast(pl.String).alias("ASTATUS"),
        (pl.col("change_status").cast(pl.String) if z else pl.lit("")).alias("CHGSTAT"),
    )  # fmt: skip


def _study_day(days: Any) -> Any:
    """Days since administration as ADaM counts them: the day itself is 1, the one before is -1."""
    import polars as pl

    return pl.when(days >= 0).then(days + 1).otherwise(days).cast(pl.Int32)


def write(found: Outcome, part: Path, name: str) -> None:
    """Write the data set into a file, in the form that its name asks for.

    Raises
    ------
    ExtraMissing
        For .xpt, without pyreadstat.
    FileError
        For .xpt, when a text is not US-ASCII or too long.
    """
    table, form = dataset(found), form_of(name)
    if form == "parquet":
        table.write_parquet(part)
    elif form == "json":
        text = json.dumps(dataset_json(table, found), ensure_ascii=False, allow_nan=False)
        part.write_text(text, encoding="utf-8")
    else:
        _write_xpt(table, part, name)


def dataset_json(table: pl.DataFrame, found: Outcome) -> dict[str, Any]:
    """The data set as Dataset-JSON 1.1."""
    from neocalc._version import __version__

    kinds = {"text": "string", "integer": "integer", "float": "double", "date": "date"}
    columns = []
    for name in table.columns:
        variable = VARIABLES[name]
        column: dict[str, Any] = {
            "itemOID": f"IT.{NAME}.{name}",
            "name": name,
            "label": variable.label,
            "dataType": kinds[variable.kind],
        }
        if variable.kind == "date":
            column |= {"targetDataType": "integer", "displayFormat": "E8601DA."}
        if variable.kind == "text":
            column["length"] = max(1, table[name].str.len_chars().max() or 1)
        if name in KEYS:
            column["keySequence"] = KEYS.index(name) + 1
        columns.append(column)
    rows = [[_plain(value) for value in row] for row in table.iter_rows()]
    trial = found.plan.trial
    about: dict[str, Any] = {
        "datasetJSONCreationDateTime": utc_time(),
        "datasetJSONVersion": "1.1.0",
        "sourceSystem": {"name": "neocalc", "version": __version__},
    }
    if trial is not None:
        about["studyOID"] = trial.id
    return about | {
        "itemGroupOID": f"IG.{NAME}",
        "records": table.height,
        "name": NAME,
        "label": LABEL,
        "columns": columns,
        "rows": rows,
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write_xpt(table: pl.DataFrame, part: Path, name: str) -> None:
    import polars as pl

    try:
        import pyreadstat
    except ImportError as error:
        raise ExtraMissing("files", "writing a SAS transport file") from error
    for column in table.columns:
        if VARIABLES[column].kind != "text":
            continue
        for value in table[column].unique().to_list():
            if not value.isascii() or not value.isprintable():
                raise FileError(
                    f"{name}: {column} holds {value!r}, and a SAS transport file holds US-ASCII;"
                    " write .json or .parquet"
                )
            if len(value) > LONGEST:
                raise FileError(
                    f"{name}: {column} holds a text of {len(value):,} characters, and a SAS"
                    f" transport file at most {LONGEST}; write .json or .parquet"
                )
    days = (pl.col("ADT") - pl.lit(SAS_EPOCH)).dt.total_days().cast(pl.Float64)
    numbers = [n for n in table.columns if VARIABLES[n].kind == "integer"]
    plain = table.with_columns(days.alias("ADT"), pl.col(numbers).cast(pl.Float64))
    pyreadstat.write_xport(
        plain, str(part), file_label=LABEL, table_name=NAME, file_format_version=5,
        column_labels={n: VARIABLES[n].label for n in table.columns},
        variable_format={"ADT": "DATE9"},
    )  # fmt: skip
