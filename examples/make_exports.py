"""Write the exports of docs/files.md: the same simulated visits by several programs.

    python examples/make_exports.py [FOLDER]

They are the first visits of examples/cohort.csv and have what files of Excel, SAS, SPSS and Stata
have: names of at most eight letters, codes with labels, dates as numbers with a format, and a code
for a missing value.
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import polars as pl
import pyreadstat
import xlsxwriter

HERE = Path(__file__).resolve().parent
ROWS = 60


def visits() -> pl.DataFrame:
    """The first visits of the example cohort, under the names of an export."""
    cohort = pl.read_csv(HERE / "cohort.csv", infer_schema=False).head(ROWS)
    weeks = pl.col("gestational_age").str.extract_all("[0-9]+")
    return cohort.select(
        pl.col("subject_id").alias("SUBJID"),
        pl.col("sex").replace_strict({"male": 1.0, "female": 2.0}, default=None).alias("SEX"),
        pl.col("birth_date").str.to_date(strict=False).alias("BRTHDT"),
        pl.col("measured_on").str.to_date(strict=False).alias("VISITDT"),
        weeks.list.get(0, null_on_oob=True).cast(pl.Float64).alias("GAWEEKS"),
        weeks.list.get(1, null_on_oob=True).cast(pl.Float64).alias("GADAYS"),
        pl.col("weight_g").cast(pl.Float64, strict=False).fill_null(9999).alias("WEIGHT"),
        pl.col("length_cm").cast(pl.Float64, strict=False).alias("LENGTH"),
        pl.col("head_circumference_cm").cast(pl.Float64, strict=False).alias("HEADCIRC"),
    )


LABELS: dict[str, dict[float, str]] = {
    "SEX": {1: "Male", 2: "Female"},
    "WEIGHT": {9999: "Not weighed"},
}
COLUMN_LABELS: dict[str, str | None] = {
    "WEIGHT": "Body weight, grams",
    "GADAYS": "Days beside the weeks, 0 to 6",
}


def main(folder: Path) -> None:
    """Write the files."""
    folder.mkdir(exist_ok=True)
    table = visits()
    pyreadstat.write_sav(
        table, folder / "visits.sav", variable_value_labels={"SEX": LABELS["SEX"]},
        missing_ranges={"WEIGHT": [9999]}, column_labels=COLUMN_LABELS,
    )  # fmt: skip
    pyreadstat.write_dta(
        table, folder / "visits.dta", variable_value_labels=LABELS, column_labels=COLUMN_LABELS
    )
    pyreadstat.write_xport(
        table.with_columns(pl.col("WEIGHT").replace(9999, None)), folder / "visits.xpt",
        table_name="VISITS", file_format_version=5,
    )  # fmt: skip
    with xlsxwriter.Workbook(folder / "visits.xlsx") as book:
        book.set_properties({"created": dt.datetime(2000, 1, 1)})  # noqa: DTZ001 - the same bytes
        page, day = book.add_worksheet("Visits"), book.add_format({"num_format": "dd.mm.yyyy"})
        page.write_row(0, 0, table.columns)
        for row, values in enumerate(table.iter_rows(), 1):
            for column, value in enumerate(values):
                if isinstance(value, dt.date):
                    page.write_datetime(row, column, value, day)
                elif value is not None:
                    page.write(row, column, value)
        book.add_worksheet("Codes").write_row(0, 0, ["SEX", "1 = male, 2 = female"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "exports")
