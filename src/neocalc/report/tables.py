"""The other tables of a report: the latest z, velocity, medians and statuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from neocalc import html
from neocalc.chart.medians import FEWEST
from neocalc.chart.reasons import why_not
from neocalc.chart.text import count, date_text, fixed, fixed_centile
from neocalc.chart.velocities import why_none
from neocalc.cohort.canonical import INDICES
from neocalc.errors import STATUSES
from neocalc.html import Safe
from neocalc.reading.dates import MONTH
from neocalc.references.files import MEASURES
from neocalc.report.visits import NOTHING, decimals
from neocalc.text import NAMES, QUIET, TITLES, plain
from neocalc.velocity.scored import SHOWN_UNITS
from neocalc.velocity.trial_zones import SOURCE_WORDS

if TYPE_CHECKING:
    from neocalc.chart.cohorts import Shown
    from neocalc.chart.increments import Chain, Step
    from neocalc.chart.subjects import Cohort
    from neocalc.chart.visits import Infant


def latest(infant: Infant) -> Safe:
    """For each measure the latest z, or why there is none."""
    rows: list[list[object]] = []
    for measure, series in infant.series.items():
        known = [i for i, z in enumerate(series.z) if z == z]  # noqa: PLR0124 - NaN
        if not known:
            why = why_not(Counter(series.words))
            rows.append([TITLES[measure], *[NOTHING] * 5, why])
            continue
        at = known[-1]
        day, z = int(infant.days[at]), float(series.z[at])
        when = count(day, "day") if infant.born is None else date_text(infant.born + day)
        word, unit = series.words[at], MEASURES[measure]
        value = f"{fixed(series.measured[at], decimals(series.measured[known]))} {unit}"
        rows.append(
            [
                TITLES[measure], when, value, fixed(z, 2), fixed_centile(z), series.reference[at],
                plain(word) if word in QUIET else html.bold(plain(word)),
            ]
        )  # fmt: skip
    when = "Age" if infant.born is None else "Date"
    header = ["Latest", when, "Value", "z", "Centile", "Reference", "Status"]
    return html.wide(html.table(header, rows, numbers=(2, 3, 4)))


def velocity(infant: Infant, chains: Mapping[str, Chain]) -> Safe:
    """The increments with their velocity z-scores, and why measures have none.

    Beside each the change in z, standardised and with an allowance for regression to the mean; a
    pair of visits over whose interval there is no increment has these alone.
    """
    rows: list[list[object]] = []
    without = []
    for measure, chain in chains.items():
        steps = {step.last: step for step in chain.steps}
        unit = SHOWN_UNITS[measure]
        if not chain.increments:
            why = why_none(infant, measure, chain)
            without.append(f"{TITLES[measure]}: no velocity z-score: {why}.")
        for i in chain.increments:
            ages = [fixed((day - infant.to_term) / MONTH, 1) for day in (i.first, i.last)]
            growth = i.rate * (i.last - i.first) / MONTH
            places = 0 if unit == "g" else 1
            rows.append(
                [
                    TITLES[measure], f"{ages[0]} to {ages[1]}", f"{i.last - i.first:,}",
                    str(i.months), f"{fixed(growth, places)} {unit}",
                    f"{fixed(i.rate, 2 * places)} {unit}", fixed(i.z, 2),
                    *_changes(steps.get(i.last)),
                ]
            )  # fmt: skip
        for step in chain.beside:
            ages = [fixed((day - infant.to_term) / MONTH, 1) for day in (step.first, step.last)]
            per_month = step.growth * MONTH / (step.last - step.first)
            places = 0 if unit == "g" else 1
            rows.append(
                [
                    TITLES[measure], f"{ages[0]} to {ages[1]}", f"{step.last - step.first:,}",
                    NOTHING, f"{fixed(step.growth, places)} {unit}",
                    f"{fixed(per_month, 2 * places)} {unit}", NOTHING, *_changes(step),
                ]
            )  # fmt: skip
    basis = "corrected" if infant.to_term else "chronological"
    header = [
        "Measure", f"From, to ({basis} months)", "Days", "Table (months)", "Growth", "Per month",
        "Velocity z", "Change in z", "Standardised", "Conditional gain", "r",
    ]  # fmt: skip
    made = [html.wide(html.table(header, rows, numbers=range(2, 11)))] if rows else []
    made += _of_changes(chains)
    odd = {TITLES[m].lower(): c.without["implausible"] for m, c in chains.items()}
    listed = ", ".join(f"{name} {n:,}" for name, n in odd.items() if n)
    if listed:
        without.append(f"Left out, as no child grows or shrinks so (implausible): {listed}.")
    return html.joined([*made, *map(html.paragraph, without)])


def _changes(step: Step | None) -> list[object]:
    """The cells of a standardised change; none where there is none."""
    if step is None:
        return [NOTHING] * 4
    figures = step.change, step.standardised, step.conditional
    return [*(fixed(figure, 2) for figure in figures), fixed(step.r, 3)]


def _of_changes(chains: Mapping[str, Chain]) -> list[Safe]:
    """What the standardised changes are, and where their correlations are from."""
    counts = Counter(step.source for chain in chains.values() for step in chain.steps)
    if not counts:
        return []
    where = ", ".join(f"{SOURCE_WORDS[source]} ({n:,})" for source, n in sorted(counts.items()))
    return [
        html.paragraph(
            "Standardised: the change in z by how unusual it is between these two ages [SD];"
            " conditional gain: the same with an allowance for regression to the mean. Both are by"
            f" the correlation r of z between the ages, {where}."
        )
    ]


def medians(cohort: Cohort, shown: Shown) -> Safe:
    """Median and quartiles of z by arm and age: those of the chart."""
    rows: list[list[object]] = []
    for (measure, arm), found in shown.medians.items():
        for day, n, quartiles in found.values():
            low, middle, high = (fixed(float(z), 2) for z in quartiles)
            name = html.free(cohort.arms[arm]) if cohort.arms[arm] else "All"
            rows.append(
                [TITLES[measure], name, fixed(day / MONTH, 1), f"{n:,}", middle, f"{low} to {high}"]
            )
    if not rows:
        return html.paragraph(f"There is no median: it needs {FEWEST} subjects at one age.")
    age = f"Mean {shown.used.age.lower()} (months)"
    header = ["z of", "Arm", age, "Subjects", "Median", "Quartiles"]
    return html.wide(html.table(header, rows, numbers=(2, 3, 4, 5)))


def statuses(counts: Mapping[str, Mapping[str, int]]) -> Safe:
    """How many rows of each index have each status: a column for each index."""
    words = [word for word in STATUSES if any(word in found for found in counts.values())]
    rows = [
        [
            plain(word),
            *(f"{found[word]:,}" if word in found else NOTHING for found in counts.values()),
            word,
        ]
        for word in words
    ]
    indices = [f"{NAMES[INDICES[i]]} ({i})" for i in counts]
    header = ["Rows with the status", *indices, "Word in files"]
    return html.wide(html.table(header, rows, numbers=range(1, len(indices) + 1)))
