"""Rebuild reference_tables/ from the published files.

The package neither needs this script nor the published files: it documents how each figure
got where it is, and the test suite runs it when the published files are at hand
(``NEOCALC_PUBLISHED_FILES=DIR pytest tests/test_reference_tables.py``).

Every figure is copied as the text that the publisher printed: nothing is parsed, rounded or
converted. Only the row order, the column names and the spelling of the sexes are ours.

Usage: python scripts/build_reference_tables.py PUBLISHED_FILES [OUTPUT_FOLDER]
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

SEXES = {"1": "male", "2": "female", "m": "male", "f": "female", "male": "male", "female": "female"}
Row = tuple[str, ...]
SMALL = 6
"""A value of a preterm chart is too small below M exp(-6 S): docs/methods.md."""

WHO_LICENCE = "CC BY-NC-SA 3.0 IGO (as usually stated; the terms at who.int decide)"
WHO_2006 = {
    "id": "who-2006",
    "title": "WHO Child Growth Standards",
    "citation": (
        "WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: "
        "Length/height-for-age, weight-for-age, weight-for-length, weight-for-height and body mass "
        "index-for-age (2006); Head circumference-for-age, arm circumference-for-age, triceps "
        "skinfold-for-age and subscapular skinfold-for-age (2007). Geneva: World Health "
        "Organization."
    ),
    "doi": "",
    "isbn": "92 4 154693 X",
    "publisher": "World Health Organization",
    "licence": WHO_LICENCE,
    "source": "Daily and 0.1 cm LMS tables as distributed with the WHO's R package anthro",
    "age_basis": "chronological",
    "use": "growth",
    "chart_label": "WHO Child Growth Standards",
}
VELOCITY = {
    "id": "who-2009-velocity",
    "title": "WHO Child Growth Standards: growth velocity",
    "citation": (
        "WHO Child Growth Standards: Growth velocity based on weight, length and head "
        "circumference: Methods and development. Geneva: World Health Organization, 2009."
    ),
    "doi": "",
    "isbn": "978 92 4 154763 5",
    "publisher": "World Health Organization",
    "licence": WHO_LICENCE,
    "source": "The WHO's 24 spreadsheets of increment LMS parameters (486 rows)",
    "age_basis": "chronological",
    "use": "velocity",
    "chart_label": "WHO Child Growth Standards: growth velocity",
}
FENTON_2013 = {
    "id": "fenton-2013",
    "title": "Fenton preterm growth charts (2013)",
    "citation": (
        "Fenton TR, Kim JH. A systematic review and meta-analysis to revise the Fenton growth "
        "chart for preterm infants. BMC Pediatrics 2013;13:59."
    ),
    "doi": "10.1186/1471-2431-13-59",
    "isbn": "",
    "publisher": "BMC Pediatrics",
    "licence": "Paper: open access (CC BY 2.0); rights in the LMS parameters are not stated",
    "source": "Daily LMS parameters; two independent transcriptions agree on all rows",
    "age_basis": "postmenstrual",
    "use": "growth",
    "chart_label": "Fenton preterm growth chart (2013)",
}
FENTON_2025 = {
    "id": "fenton-2025",
    "title": "Fenton third-generation preterm growth charts (2025)",
    "citation": (
        "Fenton TR, Elmrayed S, Alshaikh BN. Fenton Third-Generation Growth Charts of Preterm "
        "Infants Without Abnormal Fetal Growth: A Systematic Review and Meta-Analysis. Paediatr "
        "Perinat Epidemiol 2025."
    ),
    "doi": "10.1111/ppe.70035",
    "isbn": "",
    "publisher": "University of Calgary",
    "licence": "CC BY-NC-ND 4.0",
    "source": "Daily LMS parameters by exact postmenstrual age; two public copies agree",
    "age_basis": "postmenstrual",
    "use": "growth",
    "chart_label": "Fenton 2025 Preterm Growth Chart",
}
FENTON_2025_BIRTH = FENTON_2025 | {
    "id": "fenton-2025-birth",
    "title": "Fenton third-generation size at birth by completed week (2025)",
    "source": "The publisher's size-at-birth workbook, LMS by completed week",
    "age_basis": "gestation",
    "use": "size_at_birth",
}


def who_rows(path: Path, *, decimals: int) -> Iterator[Row]:
    """Rows (sex, axis, L, M, S) of one of the WHO's tab-separated tables."""
    with path.open(newline="", encoding="ascii") as stream:
        for row in csv.reader(stream, delimiter="\t"):
            if row[0] == "sex":
                continue
            axis = row[1] if not decimals or "." in row[1] else f"{row[1]}.0"
            yield SEXES[row[0]], axis, row[2], row[3], row[4]


def csv_rows(path: Path, measure: str, columns: str) -> Iterator[Row]:
    """The named columns of the rows of one measure, the sex first and spelled out."""
    with path.open(newline="", encoding="ascii") as stream:
        reader = csv.DictReader(stream)
        key = (reader.fieldnames or [""])[0]
        for row in reader:
            if row[key] == measure:
                yield (SEXES[row["sex"]], *(row[name] for name in columns.split()))


def write_table(folder: Path, measure: str, header: str, rows: Iterable[Row]) -> str:
    """Write one CSV, female rows first and keys ascending; return its SHA-256."""
    keys = header.split(",").index("L")
    ordered = sorted(rows, key=lambda row: (row[0], *(float(cell) for cell in row[1:keys])))
    text = header + "\n" + "".join(",".join(row) + "\n" for row in ordered)
    data = text.encode("ascii")
    (folder / f"{measure}.csv").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def toml_value(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return str(value)


def write_reference(
    root: Path, about: dict[str, str], measures: dict[str, tuple[dict[str, object], Iterable[Row]]]
) -> None:
    folder = root / about["id"]
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {toml_value(value)}" for key, value in about.items() if value != ""]
    for measure, (facts, rows) in measures.items():
        header = str(facts["header"])
        digest = write_table(folder, measure, header, rows)
        lines += ["", f"[measures.{measure}]", f'file = "{measure}.csv"']
        lines += [f"{key} = {toml_value(value)}" for key, value in facts.items() if key != "header"]
        lines.append(f'sha256 = "{digest}"')
    (folder / "reference.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def facts(
    axis: str,
    unit: str,
    lowest: float,
    highest: float,
    method: str,
    flag: list[int],
    small: int | None = None,
) -> dict[str, object]:
    about: dict[str, object] = {
        "header": f"sex,{axis},L,M,S",
        "axis": axis,
        "unit": unit,
        "range": [lowest, highest],
        "method": method,
        "flag": flag,
    }
    return about if small is None else about | {"flag_small": small}


def build(source: Path, root: Path) -> None:
    """Write every reference folder below `root` from the published files below `source`."""
    who = source / "who_2006"
    restricted, plain = "lms-restricted", "lms"
    by_age = {
        "weight": ("weianthro", "kg", 0, restricted, [-6, 5]),
        "length": ("lenanthro", "cm", 0, plain, [-6, 6]),
        "head_circumference": ("hcanthro", "cm", 0, plain, [-5, 5]),
        "bmi": ("bmianthro", "kg/m2", 0, restricted, [-5, 5]),
        "arm_circumference": ("acanthro", "cm", 91, restricted, [-5, 5]),
        "triceps_skinfold": ("tsanthro", "mm", 91, restricted, [-5, 5]),
        "subscapular_skinfold": ("ssanthro", "mm", 91, restricted, [-5, 5]),
    }
    measures: dict[str, tuple[dict[str, object], Iterable[Row]]] = {
        measure: (
            facts("age_days", unit, start, 1826, method, flag),
            who_rows(who / f"{name}.txt", decimals=0),
        )
        for measure, (name, unit, start, method, flag) in by_age.items()
    }
    for measure, name, lowest, highest in (
        ("weight_for_length", "wflanthro", 45.0, 110.0),
        ("weight_for_height", "wfhanthro", 65.0, 120.0),
    ):
        measures[measure] = (
            facts("length_cm", "kg", lowest, highest, restricted, [-5, 5])
            | {"age_range": [0, 1826]},
            who_rows(who / f"{name}.txt", decimals=1),
        )
    write_reference(root, WHO_2006, measures)

    daily = source / "fenton_2013" / "fenton_2013_daily_lms.csv"
    axis = "postmenstrual_age_days"
    names = {"weight": "g", "length": "cm", "head_circumference": "cm"}
    start_2013 = {"weight": 158, "length": 165, "head_circumference": 165}
    write_reference(
        root,
        FENTON_2013,
        {
            measure: (
                facts(axis, unit, start_2013[measure], 350, plain, [-6, 6], SMALL),
                csv_rows(
                    daily,
                    {"head_circumference": "hc"}.get(measure, measure),
                    "gestational_age_in_days l m s",
                ),
            )
            for measure, unit in names.items()
        },
    )
    daily = source / "fenton_2025" / "fenton_2025_daily_lms.csv"
    start_2025 = {"weight": 158, "length": 165, "head_circumference": 158}
    methods = {"weight": restricted, "length": plain, "head_circumference": plain}
    write_reference(
        root,
        FENTON_2025,
        {
            measure: (
                facts(axis, unit, start_2025[measure], 350, methods[measure], [-6, 6], SMALL),
                csv_rows(daily, measure, f"{axis} L M S"),
            )
            for measure, unit in names.items()
        },
    )
    birth = source / "fenton_2025" / "fenton_2025_size_at_birth_lms.csv"
    weeks = {"weight": (22, 42), "length": (23, 41), "head_circumference": (23, 41)}
    write_reference(
        root,
        FENTON_2025_BIRTH,
        {
            measure: (
                facts("completed_weeks", unit, *weeks[measure], methods[measure], [-6, 6], SMALL),
                csv_rows(birth, measure, "completed_weeks L M S"),
            )
            for measure, unit in names.items()
        },
    )
    increments = source / "who_2009_velocity" / "increment_lms.csv"
    write_reference(
        root,
        VELOCITY,
        {
            measure: (
                {
                    "header": "sex,interval_months,start_months,L,M,S,delta",
                    "axis": "start_months",
                    "unit": unit,
                    "range": [0, 24],
                    "method": restricted,
                    "intervals": intervals,
                },
                csv_rows(increments, measure, "interval_months start_months L M S delta"),
            )
            for measure, unit, intervals in (
                ("weight", "g", [1, 2, 3, 4, 6]),
                ("length", "cm", [2, 3, 4, 6]),
                ("head_circumference", "cm", [2, 3, 4, 6]),
            )
        },
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = Path(__file__).resolve().parents[1] / "reference_tables"
    build(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else here)
