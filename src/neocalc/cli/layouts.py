"""The options of `--layout`, the same on every command that reads visits."""

from __future__ import annotations

from typing import Any, Final

LAYOUTS: Final = ("long", "wide", "redcap", "sdtm", "fhir")
OF_LAYOUTS: Final = {
    "parameter": ("long",), "value": ("long",), "unit": ("long",), "visit": ("long", "wide"),
    "pattern": ("wide",), "visit_age": ("wide",), "record": ("redcap",), "dictionary": ("redcap",),
    "dm": ("sdtm",), "ex": ("sdtm",), "supp": ("sdtm",), "treatment": ("sdtm",),
    "gestation_weeks": ("fhir",),
}  # fmt: skip
"""The options of layouts, each with those that take it."""
NAMES: Final = ("layout", *OF_LAYOUTS)
"""All of them, by their names in the parsed options."""


def add_layout(parser: Any) -> None:
    """Options of how the rows of a file become visits."""
    group = parser.add_argument_group(
        "layout of the file, where a row is no visit (it is then read as a whole)"
    )
    group.add_argument("--layout", metavar="NAME", help=f"{', '.join(LAYOUTS)}: what its rows are")
    group.add_argument("--parameter", metavar="COLUMN", help="long: what was measured")
    group.add_argument("--value", metavar="COLUMN", help="long: the figure")
    group.add_argument("--unit", metavar="COLUMN", help="long: the unit of the figure")
    group.add_argument(
        "--visit", metavar="NAME", action="append", default=[],
        help="long: a column that tells visits of a day apart; wide: the name of a visit;"
        " may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--pattern", metavar="TEXT", help="wide: names of columns, default {column}_{visit}"
    )
    group.add_argument(
        "--visit-age", metavar="VISIT=DAYS", action="append", default=[],
        help="wide: the age at a visit that has no date, birth=0; may be repeated",
    )  # fmt: skip
    group.add_argument("--record", metavar="FIELD", help="redcap: default record_id or study_id")
    group.add_argument("--dictionary", metavar="FILE", help="redcap: the data dictionary, .csv")
    group.add_argument("--dm", metavar="FILE", help="sdtm: DM beside VS")
    group.add_argument("--ex", metavar="FILE", help="sdtm: EX, for the day of administration")
    group.add_argument("--supp", metavar="FILE", help="sdtm: SUPPDM, for the gestation")
    group.add_argument("--treatment", metavar="NAME", help="sdtm: the EXTRT of several")
    group.add_argument(
        "--gestation-weeks", metavar="WORD",
        help="fhir: whole weeks are exact, or completed: from their start or middle",
    )  # fmt: skip
