"""The canonical columns of a cohort table: their names, units and groups."""

from __future__ import annotations

from typing import Final

MEASURE_COLUMNS: Final = {
    "weight": {"weight_kg": "kg", "weight_g": "g", "weight_lb": "lb"},
    "length": {"length_cm": "cm", "length_in": "in"},
    "head_circumference": {"head_circumference_cm": "cm", "head_circumference_mm": "mm"},
    "arm_circumference": {"arm_circumference_cm": "cm", "arm_circumference_mm": "mm"},
    "triceps_skinfold": {"triceps_skinfold_mm": "mm"},
    "subscapular_skinfold": {"subscapular_skinfold_mm": "mm"},
}
"""For each measure that is read, its columns with their units."""

CONVERTED: Final = {"weight_lb": "pounds", "length_in": "inches"}
"""Columns in units that are read only where their conversion is asked for."""
WEEKS: Final = "gestational_age_weeks"
PART: Final = "gestational_age_days_part"
"""Completed weeks of gestation, and the days beside them."""
DECIMAL: Final = "gestational_age_weeks_decimal"
DUE: Final = "due_date"
"""The day on which the gestation is 40 weeks: with the date of birth it gives that at birth."""
GESTATION_COLUMNS: Final = ("gestational_age", "gestational_age_days", DECIMAL, WEEKS, PART, DUE)
COMPLETED_WEEKS: Final = {"start": 0, "middle": 3}
"""How many days are added to completed weeks that stand alone, by what is declared."""
DAYS_OLD: Final = ("age_days", "age_months", "age_years")
"""Columns of an age, of which one is read."""
OTHER_COLUMNS: Final = (
    "subject_id", "sex", "birth_date", "measured_on", *DAYS_OLD, "length_position", "oedema",
    "weight_method",
)  # fmt: skip
CANONICAL: Final = (
    *OTHER_COLUMNS,
    *GESTATION_COLUMNS,
    *(name for names in MEASURE_COLUMNS.values() for name in names),
)
"""Every canonical column."""
UNITS: Final = {
    **{name: unit for columns in MEASURE_COLUMNS.values() for name, unit in columns.items()},
    "age_days": "day", "age_months": "month", "age_years": "year",
}  # fmt: skip
"""The unit of each column of numbers."""
GROUPS: Final = {
    **{measure: tuple(columns) for measure, columns in MEASURE_COLUMNS.items()},
    "due_date": (DUE,),
    "gestation": GESTATION_COLUMNS,
    "age": DAYS_OLD,
    "oedema": ("oedema",),
    "sex": ("sex",),
    "birth_date": ("birth_date",),
    "position": ("length_position",),
    "measured_on": ("measured_on",),
}
"""For each kind of `lookalikes.KINDS` that is read, its columns."""
AGE_COLUMNS: Final = ("chronological_age_days", "postmenstrual_age_days", "corrected_age_days")
DOSE_COLUMNS: Final = ("dose_cells", "dose_volume_ml", "dose_status")
"""Columns that scoring adds, beside those of each index."""
TABLE: Final = "table"
"""What a table is called that is not a file."""
IN_MEMORY: Final = (TABLE, "Spark DataFrame")
"""What tables are called whose messages say what to write in Python."""
INDICES: Final = {
    "waz": "weight",
    "laz": "length",
    "hcz": "head_circumference",
    "baz": "bmi",
    "wlz": "weight_for_length",
    "acz": "arm_circumference",
    "tsz": "triceps_skinfold",
    "ssz": "subscapular_skinfold",
}
"""Each index with its measure, in the order of the added columns."""
