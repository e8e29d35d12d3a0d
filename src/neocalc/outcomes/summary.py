"""The summary of an outcome: each arm described, and compared with the control arm.

One row a population, measure, target, endpoint and arm. Figures that are missing are counted with
the reason; figures that are kept with a status beside ok are counted too. An arm stands beside the
others; a difference is only of an arm to a control arm.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.chart.arms import ordered
from neocalc.outcomes.endpoints import ENDPOINTS
from neocalc.outcomes.statistics import describe, hodges_lehmann, welch
from neocalc.outcomes.tables import BASELINE

if TYPE_CHECKING:
    import polars as pl

ALL: Final = "all"
"""The arm of a table without arms, or whose arms are not shown."""
NOT_STATED: Final = "not stated"
"""The arm of subjects of whom no row states one, or two rows state different ones."""
ITT: Final = "intention to treat"
PP: Final = "per protocol"
MAIN: Final = "main"
"""The name of the analysis as it was planned."""
TEXTS: Final = (
    "analysis", "population", "measure", "target", "endpoint", "arm", "missing", "flagged",
    "control", "difference_method", "shift_method",
)  # fmt: skip
COUNTS: Final = ("target_number", "subjects", "n", "n_missing", "n_flagged")
FIGURES: Final = (
    "mean", "sd", "median", "q1", "q3", "difference", "difference_lower", "difference_upper",
    "difference_p", "shift", "shift_lower", "shift_upper", "shift_level", "shift_p",
)  # fmt: skip
COLUMNS: Final = (
    "analysis", "population", "measure", "target", "target_number", "endpoint", "arm", "subjects",
    "n", "n_missing", "missing", "n_flagged", "flagged", "mean", "sd", "median", "q1", "q3",
    "control", "difference", "difference_lower", "difference_upper", "difference_p",
    "difference_method", "shift", "shift_lower", "shift_upper", "shift_level", "shift_p",
    "shift_method",
)  # fmt: skip


def arms_of(table: pl.DataFrame) -> list[str]:
    """The arms of a table of subjects, in the order in which people count; unstated at the end."""
    if "arm" not in table.columns:
        return [ALL]
    names = table["arm"].drop_nulls().unique().to_list()
    more = [NOT_STATED] if table["arm"].null_count() else []
    return [*ordered(names), *more]


def summarise(table: pl.DataFrame, control: str | None, analysis: str = MAIN) -> pl.DataFrame:
    """The summary of a table of subjects.

    Parameters
    ----------
    table : polars.DataFrame
        As `neocalc.outcomes.tables.subject_table` gives it.
    control : str or None
        The arm that each other is compared with; None: none is compared.
    analysis : str
        The name of the analysis.
    """
    import polars as pl

    rows = list(_rows(table, control, analysis))
    columns = []
    for name in COLUMNS:
        kind: Any = pl.Float64 if name in FIGURES else pl.Int32 if name in COUNTS else pl.String
        column = pl.Series(name, [row.get(name) for row in rows], dtype=kind)
        columns.append(column.fill_nan(None) if name in FIGURES else column)
    return pl.DataFrame(columns)


def _rows(table: pl.DataFrame, control: str | None, analysis: str) -> Iterator[dict[str, Any]]:
    import polars as pl

    arms = arms_of(table)
    populations = {ITT: table}
    if "per_protocol" in table.columns:
        populations[PP] = table.filter(pl.col("per_protocol"))
    for population, of_it in populations.items():
        parts = of_it.partition_by("measure", "target_number", maintain_order=True)
        for part in sorted(parts, key=_place(table)):
            if "arm" in part.columns:
                own = part["arm"].fill_null(NOT_STATED)
                by_arm = {arm: part.filter(own == arm) for arm in arms}
            else:
                by_arm = {ALL: part}
            about = {"analysis": analysis, "population": population}
            about |= {name: part[name][0] for name in ("measure", "target", "target_number")}
            for endpoint in ENDPOINTS if about["target"] != BASELINE else ("z",):
                yield from _of_arms(by_arm, control, endpoint, about)


def _place(table: pl.DataFrame) -> Any:
    """The place of a part: its measure as it comes first in the table, then its target."""
    measures = table["measure"].unique(maintain_order=True).to_list()
    return lambda part: (measures.index(part["measure"][0]), part["target_number"][0])


def _of_arms(
    by_arm: dict[str, pl.DataFrame], control: str | None, endpoint: str, about: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """The rows of one endpoint, an arm each."""
    values = {
        arm: part[endpoint].drop_nulls().to_numpy().astype(np.float64)
        for arm, part in by_arm.items()
    }
    for arm, part in by_arm.items():
        status = part[ENDPOINTS[endpoint]].cast(str)
        lacking = part[endpoint].is_null()
        missing = Counter(status.filter(lacking).to_list())
        flagged = Counter(word for word in status.filter(~lacking).to_list() if word != "ok")
        found = describe(values[arm])
        row = about | {
            "endpoint": endpoint, "arm": arm, "subjects": part.height, "n": found.n,
            "n_missing": missing.total(), "missing": counted(missing),
            "n_flagged": flagged.total(), "flagged": counted(flagged),
            "mean": found.mean, "sd": found.sd, "median": found.median,
            "q1": found.q1, "q3": found.q3,
        }  # fmt: skip
        if control in by_arm and arm not in (control, NOT_STATED):
            assert control is not None
            row |= _compared(values[arm], values[control]) | {"control": control}
        yield row


def _compared(first: Any, second: Any) -> dict[str, Any]:
    """The difference of means and the shift of an arm to the control arm."""
    difference, shift = welch(first, second), hodges_lehmann(first, second)
    return {
        "difference": difference.estimate, "difference_lower": difference.lower,
        "difference_upper": difference.upper, "difference_p": difference.p,
        "difference_method": difference.method, "shift": shift.estimate,
        "shift_lower": shift.lower, "shift_upper": shift.upper, "shift_level": shift.level,
        "shift_p": shift.p, "shift_method": shift.method,
    }  # fmt: skip


def counted(words: Counter[str]) -> str | None:
    """How many have each status, the most first; None without any.

    >>> counted(Counter({"died": 1, "no_visit_in_window": 3}))
    'no_visit_in_window 3, died 1'
    """
    listed = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{word} {n}" for word, n in listed) or None


def finite(row: dict[str, Any]) -> dict[str, Any]:
    """A row for a record: no figure that JSON does not have.

    >>> finite({"mean": float("nan"), "n": 2})
    {'mean': None, 'n': 2}
    """
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
