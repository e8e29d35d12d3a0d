"""Rebuild reference_tables/ from the published files.

The package neither needs this script nor the published files: it documents how each figure
got where it is, and the test suite runs it when the published files are at hand
(``NEOCALC_PUBLISHED_FILES=DIR pytest tests/references/test_reference_tables.py``).

Every figure is copied as the text that the publisher printed: nothing is parsed, rounded or
converted. Only the row order, the column names and the spelling of the sexes are ours. The
INTERGROWTH-21st standards that are published as formulas are tables made from these formulas, one
row a day, with all digits of a double.

Usage: python scripts/build_reference_tables.py PUBLISHED_FILES [OUTPUT_FOLDER]
"""

from __future__ import annotations

import csv
import hashlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SEXES = {"1": "male", "2": "female", "m": "male", "f": "female", "male": "male", "female": "female"}
Row = tuple[str, ...]
Rows = Iterator[Row]
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


WHO_2007 = {
    "id": "who-2007",
    "title": "WHO growth reference, 5 to 19 years",
    "citation": (
        "de Onis M, Onyango AW, Borghi E, Siyam A, Nishida C, Siekmann J. Development of a WHO "
        "growth reference for school-aged children and adolescents. Bull World Health Organ "
        "2007;85:660-7."
    ),
    "doi": "10.2471/BLT.07.043497",
    "isbn": "",
    "publisher": "World Health Organization",
    "licence": WHO_LICENCE,
    "source": "Monthly LMS tables as distributed with the WHO's R package anthroplus",
    "age_basis": "chronological",
    "use": "growth",
    "chart_label": "WHO 5 to 19 years (2007)",
}
OXFORD = "University of Oxford; terms: see https://intergrowth21.com; check before use"
INTERGROWTH_PRETERM = {
    "id": "intergrowth-21st-preterm",
    "title": "INTERGROWTH-21st standards for postnatal growth of preterm infants",
    "citation": (
        "Villar J, Giuliani F, Bhutta ZA, et al. Postnatal growth standards for preterm infants: "
        "the Preterm Postnatal Follow-up Study of the INTERGROWTH-21st Project. Lancet Glob Health "
        "2015;3:e681-91."
    ),
    "doi": "10.1016/S2214-109X(15)00163-1",
    "isbn": "",
    "publisher": "University of Oxford",
    "licence": OXFORD,
    "source": "Computed from the published equations at exact postmenstrual weeks, one row a day",
    "age_basis": "postmenstrual",
    "use": "growth",
    "handover_day": 448,
    "chart_label": "INTERGROWTH-21st preterm postnatal growth standards",
}
INTERGROWTH_NEWBORN = {
    "id": "intergrowth-21st-newborn",
    "title": "INTERGROWTH-21st standards for newborn size by gestation and sex",
    "citation": (
        "Villar J, Cheikh Ismail L, Victora CG, et al. International standards for newborn weight, "
        "length, and head circumference by gestational age and sex: the Newborn Cross-Sectional "
        "Study of the INTERGROWTH-21st Project. Lancet 2014;384:857-68. Before 33 weeks: Villar J, "
        "Giuliani F, Fenton TR, Ohuma EO, Ismail LC, Kennedy SH. INTERGROWTH-21st very preterm "
        "size at birth reference charts. Lancet 2016;387:844-5, doi:10.1016/S0140-6736(16)00384-6."
    ),
    "doi": "10.1016/S0140-6736(14)60932-6",
    "isbn": "",
    "publisher": "University of Oxford",
    "licence": OXFORD,
    "source": (
        "24w0d to 32w6d: computed from the published equations, one row a day; 33w0d to 42w6d: "
        "the published skew t parameters by day, two independent copies agree"
    ),
    "age_basis": "gestation",
    "use": "size_at_birth",
    "chart_label": "INTERGROWTH-21st newborn size standards",
}


def postnatal(measure: str, day: int, boy: int) -> tuple[float, float]:
    """Median and S, or mean and SD, of a preterm infant at a postmenstrual age (Villar 2015)."""
    w = day / 7
    if measure == "weight":  # [kg]
        log_median = 2.591277 - 0.01155 * w**0.5 - 2201.705 * w**-2 + 0.0911639 * boy
        return math.exp(log_median), 0.1470258 + 505.92394 / w**2 - 140.0576 / w**2 * math.log(w)
    if measure == "length":  # [cm]
        log_median = 4.136244 - 547.0018 * w**-2 + 0.0026066 * w + 0.0314961 * boy
        return math.exp(log_median), 0.050489 + 310.44761 / w**2 - 90.0742 / w**2 * math.log(w)
    mean = 55.53617 - 852.0059 / w + 0.7957903 * boy  # head circumference [cm]
    return mean, 3.0582292 + 3910.05 / w**2 - 180.5625 / w


def very_preterm(measure: str, day: int, boy: int) -> tuple[float, float]:
    """Median and S, or mean and SD, at birth before 33 weeks of gestation (Villar 2016)."""
    w = day / 7
    if measure == "weight":  # [kg]
        log_median = -7.00303 + 1.325911 * w**0.5 + 0.0571937 * boy
        return math.exp(log_median), math.sqrt(0.0373218)
    if measure == "length":  # [cm]
        return 1.307633 + 1.270022 * w + 0.4263885 * boy, math.sqrt(6.757543)
    return 0.7866522 + 0.887638 * w + 0.2513385 * boy, math.sqrt(2.433481)  # head circumference


def formula_rows(formula: Callable[..., tuple[float, float]], measure: str, days: range) -> Rows:
    """Rows (sex, day and two parameters) of a formula."""
    for boy, sex in enumerate(("female", "male")):
        for day in days:
            yield (sex, str(day), *map(repr, formula(measure, day, boy)))


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


def write_table(path: Path, header: str, rows: Iterable[Row]) -> str:
    """Write one CSV, female rows first and keys ascending; return its SHA-256."""
    columns = header.split(",")
    keys = next(at for at, name in enumerate(columns) if name in PARAMETERS)
    ordered = sorted(rows, key=lambda row: (row[0], *(float(cell) for cell in row[1:keys])))
    text = header + "\n" + "".join(",".join(row) + "\n" for row in ordered)
    data = text.encode("ascii")
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


PARAMETERS = ("L", "mean", "median", "mu")
"""The first parameter of each distribution: what stands before it in a header is the key."""


def toml_value(value: object) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return str(value)


Part = tuple[dict[str, Any], Iterable[Row]]


def write_reference(
    root: Path, about: Mapping[str, object], measures: Mapping[str, Part | list[Part]]
) -> None:
    """Write a reference's folder; a measure is one table, or several that follow one another."""
    folder = root / str(about["id"])
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {toml_value(value)}" for key, value in about.items() if value != ""]
    for measure, given in measures.items():
        parts = given if isinstance(given, list) else [given]
        for number, (facts, rows) in enumerate(parts):
            file = f"{measure}.csv" if not number else f"{measure}_{facts['range'][0]}.csv"
            digest = write_table(folder / file, str(facts["header"]), rows)
            section = f"[measures.{measure}]"
            lines += ["", f"[{section}]" if len(parts) > 1 else section, f'file = "{file}"']
            lines += [
                f"{key} = {toml_value(value)}" for key, value in facts.items() if key != "header"
            ]
            lines.append(f'sha256 = "{digest}"')
    (folder / "reference.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


COLUMNS = {"normal": "mean,SD", "lognormal": "median,S", "st3": "mu,sigma,nu,tau"}
"""The columns of the distributions that are not LMS."""


def facts(
    axis: str,
    unit: str,
    lowest: float,
    highest: float,
    method: str,
    flag: list[int],
    small: int | None = None,
) -> dict[str, Any]:
    about: dict[str, Any] = {
        "header": f"sex,{axis},{COLUMNS.get(method, 'L,M,S')}",
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
    measures: dict[str, Part | list[Part]] = {
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
                    "flag": [-5, 5],
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

    school = source / "who_2007"
    flags = {"weight": [-6, 5], "length": [-6, 6], "bmi": [-5, 5]}
    write_reference(
        root,
        WHO_2007,
        {
            measure: (
                facts("age_months", unit, 60, last, method, flags[measure]),
                who_rows(school / f"{name}who2007.txt", decimals=0),
            )
            for measure, name, unit, last, method in (
                ("weight", "wfa", "kg", 120, restricted),
                ("length", "hfa", "cm", 228, plain),
                ("bmi", "bfa", "kg/m2", 228, restricted),
            )
        },
    )
    forms = {"weight": "lognormal", "length": "lognormal", "head_circumference": "normal"}
    units = {"weight": "kg", "length": "cm", "head_circumference": "cm"}
    write_reference(
        root,
        INTERGROWTH_PRETERM,
        {
            measure: (
                facts(axis, units[measure], 189, 448, form, [-6, 6]),
                formula_rows(postnatal, measure, range(189, 449)),
            )
            for measure, form in forms.items()
        },
    )
    forms = {"weight": "lognormal", "length": "normal", "head_circumference": "normal"}
    published = source / "intergrowth_21st" / "newborn_size_st3.csv"
    by_day = "gestational_age_days"
    # The tails of the skew t are heavy: 4 kg for 400 g at 33 weeks has a z between 5 and 6, and
    # 3 g one of -5. The normal and the lognormal forms need no second limit of small values.
    limits = {"weight": [-6, 5], "length": [-6, 6], "head_circumference": [-6, 6]}
    write_reference(
        root,
        INTERGROWTH_NEWBORN,
        {
            measure: [
                (
                    facts(by_day, units[measure], 168, 230, form, limits[measure]),
                    formula_rows(very_preterm, measure, range(168, 231)),
                ),
                (
                    facts(by_day, units[measure], 231, 300, "st3", limits[measure], SMALL),
                    csv_rows(published, measure, f"{by_day} mu sigma nu tau"),
                ),
            ]
            for measure, form in forms.items()
        },
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    here = Path(__file__).resolve().parents[1] / "reference_tables"
    build(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else here)
