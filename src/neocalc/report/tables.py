"""The tables of a report: visits, velocity, medians and statuses, as texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from neocalc.age import MONTH
from neocalc.chart.cohorts import binned
from neocalc.chart.panel import TITLES
from neocalc.chart.text import centile_text, count, date_text, number, z_text
from neocalc.chart.visits import CHARTED
from neocalc.cohort import INDICES, Scoring
from neocalc.errors import STATUSES
from neocalc.policy import weeks_and_days
from neocalc.report import html
from neocalc.velocity.scores import SHOWN_UNITS

if TYPE_CHECKING:
    import polars as pl

    from neocalc.chart.increments import Chain
    from neocalc.chart.subjects import Cohort
    from neocalc.chart.visits import Infant

MOST_ROWS: Final = 1_000
"""Rows of visits that a page shows: a page of more is not read, and slow to open."""
NOTHING: Final = "–"


def visits(scored: pl.DataFrame, scoring: Scoring, *, subjects: bool) -> str:
    """Every visit as it stands in the table, with its ages, z-scores, centiles and statuses.

    Parameters
    ----------
    scored : polars.DataFrame
        The table with the added columns.
    scoring : Scoring
        How it was scored.
    subjects : bool
        Whether the subject stands in each row.
    """
    names = scoring.mapped.names
    shown = ["subject_id"] if subjects and "subject_id" in names else []
    shown += [name for name in ("measured_on",) if name in names]
    given = [names[name] for name in shown]
    header = [*given, "age (days)", "postmenstrual", "corrected (days)"]
    right = {len(given), len(given) + 1, len(given) + 2}
    measures = []
    for index, measure in INDICES.items():
        column = scoring.mapped.measure(measure) if measure in CHARTED else None
        if column is not None:
            right |= {len(header), len(header) + 1, len(header) + 2}
            header += [names[column[0]], index, "centile"]
            measures.append((index, names[column[0]]))
    header.append("status")
    rows = [_visit(row, given, measures) for row in scored.head(MOST_ROWS).iter_rows(named=True)]
    more = ""
    if len(scored) > MOST_ROWS:
        more = html.paragraph(
            f"The first {MOST_ROWS:,} of {count(len(scored), 'row')}. neocalc score writes all."
        )
    return html.table(header, rows, numbers=right, dense=True) + more


def _visit(row: dict[str, Any], given: list[str], measures: list[tuple[str, str]]) -> list[str]:
    cells = [_text(row[name]) for name in given]
    days, postmenstrual = row["chronological_age_days"], row["postmenstrual_age_days"]
    cells += [
        NOTHING if days is None else number(days, 0),
        NOTHING if postmenstrual is None else weeks_and_days(postmenstrual),
        NOTHING if postmenstrual is None else number(row["corrected_age_days"], 0),
    ]
    words: dict[str, list[str]] = {}
    for index, column in measures:
        z, status = row[index], row[f"{index}_status"]
        cells += [_figure(row[column])]
        cells += [NOTHING, NOTHING] if z is None else [z_text(z), centile_text(z)]
        if status != "ok":
            words.setdefault(status, []).append(index)
    said = "; ".join(f"{', '.join(indices)}: {word}" for word, indices in words.items())
    return [*cells, html.Bold(said) if said else "ok"]


_LONG: Final = re.compile(r"-?[0-9]+\.[0-9]{5,}")
"""A number with more decimals than anyone measures: the mean of some, or a conversion."""


def _figure(value: Any) -> str:
    """A measured value as it is; of a long one three decimals."""
    text = _text(value)
    return number(float(text), 3) if _LONG.fullmatch(text) else text


def _text(value: Any) -> str:
    """A cell of the table as it is."""
    return NOTHING if value is None or value == "" else str(value)


def latest(infant: Infant) -> str:
    """For each measure the latest z."""
    rows = []
    for measure, series in infant.series.items():
        known = [i for i, z in enumerate(series.z) if z == z]  # noqa: PLR0124 - NaN
        if not known:
            rows.append([TITLES[measure], NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING])
            continue
        at = known[-1]
        day, z = int(infant.days[at]), float(series.z[at])
        when = NOTHING if infant.born is None else date_text(infant.born + day)
        unit = "kg" if measure == "weight" else "cm"
        word = series.words[at]
        rows.append(
            [
                TITLES[measure], when, f"{number(series.value[at], 3)} {unit}", z_text(z),
                centile_text(z), series.reference[at], word if word == "ok" else html.Bold(word),
            ]
        )  # fmt: skip
    header = ["Latest", "Date", "Value", "z", "Centile", "Reference", "Status"]
    return html.table(header, rows, numbers=(2, 3, 4))


def velocity(infant: Infant, chains: Mapping[str, Chain]) -> str:
    """The increments with their velocity z-scores."""
    rows = []
    for measure, chain in chains.items():
        unit = SHOWN_UNITS[measure]
        for i in chain.increments:
            ages = [number((day - infant.to_term) / MONTH, 1) for day in (i.first, i.last)]
            growth = i.rate * (i.last - i.first) / MONTH
            decimals = 0 if unit == "g" else 1
            rows.append(
                [
                    TITLES[measure], f"{ages[0]} to {ages[1]}", f"{i.last - i.first:,}",
                    str(i.months), f"{number(growth, decimals)} {unit}",
                    f"{number(i.rate, decimals if unit == 'g' else 2)} {unit}", z_text(i.z),
                ]
            )  # fmt: skip
    odd = {TITLES[m].lower(): c.without["implausible"] for m, c in chains.items()}
    listed = ", ".join(f"{name} {n:,}" for name, n in odd.items() if n)
    left = html.paragraph(f"Left out, as no child grows or shrinks so (implausible): {listed}.")
    left = left if listed else ""
    if not rows:
        none = html.paragraph("No two visits with an interval for which the WHO has a table.")
        return none + left
    basis = "corrected" if infant.to_term else "chronological"
    header = [
        "Measure", f"From, to ({basis} months)", "Days", "Table (months)", "Growth", "Per month",
        "Velocity z",
    ]  # fmt: skip
    return html.table(header, rows, numbers=(2, 3, 4, 5, 6)) + left


def medians(cohort: Cohort) -> str:
    """Median and quartiles of z by arm and age."""
    rows = []
    for measure, measured in cohort.measures.items():
        for arm, name in enumerate(cohort.arms):
            at = (measured.status == 0) & (cohort.arm == arm)
            for day, n, quartiles in binned(cohort.subject[at], cohort.day[at], measured.z[at]):
                low, middle, high = (z_text(float(z)) for z in quartiles)
                rows.append(
                    [TITLES[measure], name or "all", number(day / MONTH, 1), f"{n:,}", middle,
                     f"{low} to {high}"]
                )  # fmt: skip
    header = ["z of", "Arm", "Mean age (corrected months)", "Subjects", "Median", "Quartiles"]
    return html.table(header, rows, numbers=(2, 3, 4, 5))


def flagged(scored: pl.DataFrame, scoring: Scoring) -> str:
    """The rows of which a drawn measure has a status to ask about."""
    import polars as pl

    from neocalc.tables.batch import NOT_FLAGGED

    indices = [i for i, measure in scoring.indices.items() if measure in CHARTED]
    odd = [~pl.col(f"{i}_status").cast(pl.String).is_in(sorted(NOT_FLAGGED)) for i in indices]
    found = scored.filter(pl.any_horizontal(odd))
    if not len(found):
        return html.paragraph("None.")
    return visits(found, scoring, subjects=True)


def statuses(counts: Mapping[str, Mapping[str, int]]) -> str:
    """How many rows of each index have each status: a column for each index."""
    words = [word for word in STATUSES if any(word in found for found in counts.values())]
    rows = [
        [word, *(f"{found[word]:,}" if word in found else NOTHING for found in counts.values())]
        for word in words
    ]
    header = ["Rows with the status", *(f"{_index_name(i)} ({i})" for i in counts)]
    return html.table(header, rows, numbers=range(1, len(header)))


def _index_name(index: str) -> str:
    return "BMI" if index == "baz" else INDICES[index].replace("_", " ")
