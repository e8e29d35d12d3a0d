"""How near the velocity between the WHO's rows, and the correlations, come to what is known.

::

    python scripts/validation_velocity.py                              print the tables
    python scripts/validation_velocity.py --visits COHORT.csv "NAME"   compare with visits, and keep
                                                                       the figures
    python scripts/validation_velocity.py --shares COHORT.csv "NAME"   count which visits have a
                                                                       velocity, and keep that

The tables stand in docs/validation.md (scripts/validation_report.py). The visits of a cohort are
not part of the project: only figures of the whole cohort are kept, docs/validation_velocity.json
and docs/validation_shares.json. A cohort is a CSV with the columns of `neocalc score` (subject_id,
sex, age_days, gestational_age_days, weight_kg, length_cm, head_circumference_cm).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from fit_correlations import MEASURES, fitted, implied_by_rows, rms, sd_error

import neocalc as nc
from neocalc.cohort.velocity_columns import PREFIXES
from neocalc.reading.dates import MONTH
from neocalc.references.catalogue import reference
from neocalc.references.files import SEXES
from neocalc.references.lms import measurement_from_zscore, zscore_from_measurement
from neocalc.velocity.correlations import models
from neocalc.velocity.increment_tables import LAST_DAY, WHO_2009, increment_table, read_rows
from neocalc.velocity.intervals import interpolated

ROOT: Final = Path(__file__).resolve().parents[1]
KEPT: Final = ROOT / "docs" / "validation_velocity.json"
KEPT_SHARES: Final = ROOT / "docs" / "validation_shares.json"
COLUMNS: Final = {
    "weight": "weight_kg",
    "length": "length_cm",
    "head_circumference": "head_circumference_cm",
}
CHOICES: Final[dict[str, dict[str, Any]]] = {
    "against the previous visit, at the widths alone": {"between": "scale"},
    "and between the widths": {},
    "or nearest to 2 months before": {"interval": "2 month"},
    "or nearest to 3 months before, within 2": {"interval": "3 month", "window": "2 month"},
}
ANY: Final = "of any earlier visit"
"""Ways to give visits a velocity z-score, each with the options of `neocalc.velocity.score`."""
UNITS: Final = {"weight": "kg", "length": "cm", "head_circumference": "cm"}
LEFT_OUT: Final = (
    ("weight", 2, 1, 3), ("weight", 3, 2, 4), ("weight", 4, 3, 6), ("length", 3, 2, 4),
    ("length", 4, 3, 6), ("head_circumference", 3, 2, 4), ("head_circumference", 4, 3, 6),
)  # fmt: skip
"""A measure, a width that is predicted, and the two that it is predicted from [month]."""
LINES: Final = (-2.0, 0.0, 2.0)
BANDS: Final = (
    (28, 45),
    (45, 61),
    (61, 76),
    (76, 91),
    (91, 107),
    (107, 122),
    (122, 153),
    (153, 184),
)
"""Intervals that are looked at together [day]."""
AGES: Final = (0, 61, 122, 183, 274, 365, 548, 731, 913, 1096, 1461)
"""Ages at which the visits of a cohort are taken, the nearest within a window [day]."""
WINDOW: Final = 0.1
"""Of the age, and ten days at least, on either side."""
FEWEST: Final = 40
"""Children seen at both ages, without whom a correlation is not given."""


# --- between two widths -------------------------------------------------------------------------


class Predicted(NamedTuple):
    """z of a width left out, from its neighbours, less the true z: rows for each of `LINES`."""

    by_neocalc: Any
    by_increments: Any


def left_out(measure: str, width: int, low: int, high: int) -> Predicted:
    """Predict every row of a width from the rows of two others at the same start."""
    table = increment_table(measure, "interpolate")
    at, one, two = (table.months.index(k) for k in (width, low, high))
    ours, plain = [], []
    for sex in range(len(SEXES)):
        for month in range(24):
            day = np.array([int(month * MONTH + 0.5)])
            where = (sex, day[0])
            if np.isnan([table.L[(k, *where)] for k in (at, one, two)]).any():
                continue
            days = table.width[(at, *where)]
            true = [float(c[(at, *where)]) for c in (table.L, table.M, table.S)]
            gain = measurement_from_zscore(np.array(LINES), *true) - table.delta[(at, *where)]
            code = np.array([sex])
            L, M, S, delta = interpolated(
                measure, table, np.array([one]), np.array([two]), code, day, np.array([days])
            )
            ours.append(zscore_from_measurement(gain + delta, L, M, S) - LINES)
            plain.append(_by_increments(table, (one, two), where, days, gain) - LINES)
    return Predicted(np.array(ours).T, np.array(plain).T)


def _by_increments(
    table: Any, widths: tuple[int, int], where: tuple[int, int], days: float, gain: Any
) -> Any:
    """Instead: L, M, S and delta linear in the interval, as between two starts."""
    low, high = widths
    one, two = table.width[(low, *where)], table.width[(high, *where)]
    t = (days - one) / (two - one)
    L, M, S, delta = (
        (1 - t) * column[(low, *where)] + t * column[(high, *where)]
        for column in (table.L, table.M, table.S, table.delta)
    )
    return zscore_from_measurement(gain + delta, L, M, S)


def _figures(values: list[float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values)


def left_out_lines() -> list[str]:
    """The table of widths that were left out."""
    lines = [
        "| predicted | rows | rms at z -2 / 0 / +2 | largest | linear instead: rms |",
        "|---|--:|---|---|---|",
    ]
    for measure, width, low, high in LEFT_OUT:
        found = left_out(measure, width, low, high)
        lines.append(
            f"| {_words(measure)}, {width} months from {low} and {high} |"
            f" {found.by_neocalc.shape[1]} | {_figures([rms(z) for z in found.by_neocalc])} |"
            f" {_figures([float(np.abs(z).max()) for z in found.by_neocalc])} |"
            f" {_figures([rms(z) for z in found.by_increments])} |"
        )
    return lines


def _words(measure: str) -> str:
    return measure.replace("_", " ")


# --- a cohort drawn from the WHO's standards ----------------------------------------------------


def drawn(measure: str, sex: int, n: int, seed: int) -> tuple[Any, Any]:
    """Interval [day] and velocity z of children whose attained z at both ages are drawn.

    The two z are bivariate normal with the correlation that the rows imply, which between two
    widths is linear in the interval: nothing of the interpolation takes part.
    """
    rng = np.random.default_rng(seed)
    rows = implied_by_rows(measure)
    days = rng.integers(28 if 1 in rows.width else 61, 184, n)
    start = rng.integers(0, 732 - days)
    r = _row_r(rows.where(rows.sex == sex), start, days)
    known = ~np.isnan(r)
    start, days, r = start[known], days[known], r[known]
    first = rng.standard_normal(len(r))
    second = r * first + np.sqrt(1 - r**2) * rng.standard_normal(len(r))
    ages = nc.Age.from_days(start), nc.Age.from_days(start + days)
    values = [
        nc.measurement(measure, z=z, sex=SEXES[sex], age=age, reference="who-2006")
        for z, age in zip((first, second), ages, strict=True)
    ]
    if measure == "length":  # as it is lying
        values[1] = values[1] + nc.Q(np.where(start + days > 730, 0.7, 0.0), "cm")
    v = nc.velocity.zscore(
        measure, first=values[0], second=values[1], sex=SEXES[sex], first_age=ages[0],
        second_age=ages[1],
    )  # fmt: skip
    return days, v


def _row_r(rows: Any, start: Any, days: Any) -> Any:
    """The correlation of the rows, linear in the start and then in the interval."""
    by_width = []
    for width in np.unique(rows.width):
        own = rows.where(rows.width == width)
        r = np.interp(start / MONTH, own.first, own.r)
        r[start / MONTH > own.first[-1]] = np.nan
        span = np.interp(start / MONTH, own.first, (own.second - own.first) * MONTH)
        by_width.append((r, span))
    found = np.full(len(start), np.nan)
    for i, (r, span) in enumerate(by_width[:-1]):
        later = reversed(by_width[i + 1 :])
        above, end = np.full(len(start), np.nan), np.full(len(start), np.nan)
        for other, its_span in later:
            has = ~np.isnan(other)
            above[has], end[has] = other[has], its_span[has]
        inside = (days >= span - 0.5) & (days <= end + 0.5)
        mixed = r + (days - span) / (end - span) * (above - r)
        found = np.where(inside, mixed, found)
    return found


def drawn_lines(n: int = 200_000) -> list[str]:
    """Mean and SD of the velocity z of the drawn cohort, by measure, sex and interval."""
    heads = [f"{first}-{last - 1} d" for first, last in BANDS]
    lines = [f"| mean, SD | at the widths | {' | '.join(heads)} |", "|---" * (len(BANDS) + 2) + "|"]
    for measure in MEASURES:
        for sex, word in enumerate(SEXES):
            days, v = drawn(measure, sex, n, seed=1)
            cells = []
            masks = [v.method == "who-2009"]
            masks += [(days >= a) & (days < b) & (v.method != "who-2009") for a, b in BANDS]
            for mask in masks:
                z = v.z[mask & ~np.isnan(v.z)]
                cells.append(f"{z.mean():+.2f}, {z.std():.2f}" if len(z) else "-")
            lines.append(f"| {_words(measure)}, {word} | {' | '.join(cells)} |")
    return lines


# --- the correlations ---------------------------------------------------------------------------


def model_lines() -> list[str]:
    """How near the model comes to the rows, and to a width that it is not given."""
    lines = [
        "| | r off by, rms | at most | SD of increments off by, rms | fitted to widths up to 4"
        " months: SD over 6 months off by, rms |",
        "|---|--:|--:|--:|--:|",
    ]
    for measure in MEASURES:
        rows, model = implied_by_rows(measure), models()[measure]
        off = model.between(rows.first, rows.second) - rows.r
        short, six = rows.where(rows.width <= 4), rows.where(rows.width == 6)
        lines.append(
            f"| {_words(measure)} | {rms(off):.3f} | {np.abs(off).max():.3f} |"
            f" {100 * rms(sd_error(model, rows)):.0f} % |"
            f" {100 * rms(sd_error(fitted(short), six)):.0f} % |"
        )
    return lines


def agreement_lines() -> list[str]:
    """The standardised change less the WHO's velocity z, of children at the median at first."""
    lines = ["| | velocity z -1 | 0 | +1 |", "|---|---|---|---|"]
    for measure in MEASURES:
        for width in reference(WHO_2009).measures[measure].intervals:
            off = np.array([_against_velocity(measure, width, z) for z in (-1.0, 0.0, 1.0)])
            cells = [f"{row.mean():+.2f}, {rms(row):.2f}" for row in off]
            unit = "month" if width == 1 else "months"
            lines.append(f"| {_words(measure)}, {width} {unit} | {' | '.join(cells)} |")
    return lines


def _against_velocity(measure: str, width: int, z: float) -> Any:
    """Of every row of a width and both sexes."""
    off = []
    for sex, word in enumerate(SEXES):
        rows = read_rows(reference(WHO_2009), measure)[width, sex]
        first = np.array([int(row.start_day + 0.5) for row in rows])
        second = np.array([int(row.start_day + row.width + 0.5) for row in rows])
        ages = nc.Age.from_days(first), nc.Age.from_days(second)
        child: dict[str, Any] = {"sex": word, "first_age": ages[0], "second_age": ages[1]}
        size = nc.measurement(measure, z=0.0, sex=word, age=ages[0], reference="who-2006")
        gain = nc.velocity.increment(measure, np.full(len(rows), z), **child)
        position: dict[str, Any] = {}
        if measure == "length":
            position = {"first_position": "recumbent", "second_position": "recumbent"}
        c = nc.velocity.change(measure, first=size, second=size + gain, **position, **child)
        off.append(c.standardised - z)
    return np.concatenate(off)


# --- visits of a cohort -------------------------------------------------------------------------


def of_cohort(path: Path) -> list[dict[str, Any]]:
    """Observed correlations of z in a cohort, and what the WHO's tables say of the same ages."""
    table = pl.read_csv(path, infer_schema_length=None)
    gestation = [f"{days // 7}+{days % 7}" for days in table["gestational_age_days"]]
    ages = table["age_days"].to_numpy()
    age = nc.Age.from_days(ages, gestation)
    found = []
    for measure, column in (("weight", "weight_kg"), ("length", "length_cm"),
                            ("head_circumference", "head_circumference_cm")):  # fmt: skip
        if column not in table.columns:
            continue
        values = table[column].cast(pl.Float64).to_numpy()
        result = nc.zscore(
            measure, nc.Q(values, UNITS[measure]), sex=table["sex"].to_numpy(), age=age,
            reference="who-2006",
        )  # fmt: skip
        z = np.where(np.isin(result.status, ["ok"]), result.z, np.nan)
        corrected = np.where(age.is_preterm, age.corrected.magnitude, ages)
        visits = pl.DataFrame(
            {"id": table["subject_id"], "sex": table["sex"], "day": corrected, "z": z}
        ).filter(pl.col("z").is_not_nan())
        found += _pairs(measure, visits)
    return found


def _pairs(measure: str, visits: pl.DataFrame) -> list[dict[str, Any]]:
    """Each pair of the ages that enough children were seen at."""
    near = {}
    for target in AGES:
        window = max(10, WINDOW * target)
        near[target] = (
            visits.with_columns(off=(pl.col("day") - target).abs())
            .filter(pl.col("off") <= window)
            .sort("id", "off")
            .unique("id", keep="first", maintain_order=True)
        )
    found = []
    for i, first in enumerate(AGES):
        for second in AGES[i + 1 :]:
            both = near[first].join(near[second], on="id", suffix="_2")
            if both.height >= FEWEST:
                found.append(_pair(measure, first, second, both))
    return found


def _pair(measure: str, first: int, second: int, both: pl.DataFrame) -> dict[str, Any]:
    """The correlation of z at two ages, observed and implied, and what a standardised change is."""
    z1, z2 = both["z"].to_numpy(), both["z_2"].to_numpy()
    r = nc.velocity.correlation(
        measure, sex=both["sex"].to_numpy(), first_age=nc.Age.from_days(both["day"].to_numpy()),
        second_age=nc.Age.from_days(both["day_2"].to_numpy()),
    )  # fmt: skip
    ours = r.r
    if second > 1096:  # beyond what is offered: the model all the same
        days = both["day"].to_numpy(), both["day_2"].to_numpy()
        ours = models()[measure].between(*(day / MONTH for day in days))
    change, gain = (z2 - z1) / np.sqrt(2 * (1 - ours)), (z2 - ours * z1) / np.sqrt(1 - ours**2)
    return {
        "measure": measure,
        "first_day": first,
        "second_day": second,
        "children": both.height,
        "observed": round(float(np.corrcoef(z1, z2)[0, 1]), 3),
        "implied": round(float(np.mean(ours)), 3),
        "source": Counter(r.source.tolist()).most_common(1)[0][0] or "beyond 36 months",
        "sd_of_z": [round(float(z.std(ddof=1)), 2) for z in (z1, z2)],
        "sd_of_standardised": round(float(change.std(ddof=1)), 2),
        "sd_of_conditional": round(float(gain.std(ddof=1)), 2),
    }


def cohort_lines(name: str, pairs: list[dict[str, Any]]) -> list[str]:
    """The table of one cohort."""
    lines = [
        f"{name}:", "",
        "| | days | children | r observed | r here | source | too large by r | SD of z | SD of the"
        " standardised change | of the conditional gain |",
        "|---|---|--:|--:|--:|---|--:|---|--:|--:|",
    ]  # fmt: skip
    return lines + [
        f"| {_words(p['measure'])} | {p['first_day']}, {p['second_day']} | {p['children']} |"
        f" {p['observed']:.2f} | {p['implied']:.2f} | {p['source']} |"
        f" {((1 - p['observed']) / (1 - p['implied'])) ** 0.5:.2f} |"
        f" {p['sd_of_z'][0]:.2f}, {p['sd_of_z'][1]:.2f} | {p['sd_of_standardised']:.2f} |"
        f" {p['sd_of_conditional']:.2f} |"
        for p in pairs
    ]  # fmt: skip


# --- which visits have a velocity ---------------------------------------------------------------


def shares_of(path: Path) -> list[dict[str, Any]]:
    """How many visits of a cohort have a velocity z-score, by each of `CHOICES`.

    Visits from term on count that have an earlier one from term on at which the measure was taken.
    """
    table = pl.read_csv(path, infer_schema_length=None)
    present = [name for name in COLUMNS.values() if name in table.columns]
    table = table.select("subject_id", "sex", "age_days", "gestational_age_days", *present)
    corrected = pl.col("age_days") + pl.col("gestational_age_days") - 280
    preterm = pl.col("gestational_age_days") < 259
    table = table.with_columns(day=pl.when(preterm).then(corrected).otherwise("age_days"))
    found = []
    for measure, column in COLUMNS.items():
        if column not in present:
            continue
        prefix = PREFIXES[measure]
        visits = table.filter(pl.col(column).is_not_null(), pl.col("day") >= 0)
        visits = visits.select("subject_id", "sex", "age_days", "gestational_age_days", column)
        scored = {name: nc.velocity.score(visits, **more) for name, more in CHOICES.items()}
        plain = scored[list(CHOICES)[1]]
        pairs = plain[f"{prefix}_interval_days"].is_not_null()
        z = {name: one[f"{prefix}_velocity_z"].is_not_null() for name, one in scored.items()}
        first, second, *others = z
        found.append(
            {
                "measure": measure,
                "visits": int(pairs.sum()),
                "z": {
                    first: int(z[first].sum()),
                    second: int(z[second].sum()),
                    **{name: int((z[second] | z[name]).sum()) for name in others},
                    ANY: _of_any(visits, measure),
                },
                "standardised": int(plain[f"{prefix}_change_standardised"].is_not_null().sum()),
                "within_the_widths": _within(plain, prefix, measure),
            }
        )
    return found


def _of_any(visits: pl.DataFrame, measure: str) -> int:
    """How many visits have a z-score against any earlier one: no choice can give more."""
    both = visits.join(visits, on="subject_id", suffix="_2")
    both = both.filter(pl.col("age_days_2") > pl.col("age_days"))
    gestation = [f"{days // 7}+{days % 7}" for days in both["gestational_age_days"]]
    column, unit = COLUMNS[measure], UNITS[measure]
    values: dict[str, Any] = {
        "first": nc.Q(both[column].to_numpy(), unit),
        "second": nc.Q(both[f"{column}_2"].to_numpy(), unit),
        "first_age": nc.Age.from_days(both["age_days"].to_numpy(), gestation),
        "second_age": nc.Age.from_days(both["age_days_2"].to_numpy(), gestation),
    }
    z = nc.velocity.zscore(measure, sex=both["sex"].to_numpy(), **values).z
    return both.filter(~np.isnan(z)).unique(["subject_id", "age_days_2"]).height


def _within(scored: pl.DataFrame, prefix: str, measure: str) -> dict[str, int]:
    """Visits over an interval within the widths that their start has, and those without a z."""
    days = scored[f"{prefix}_interval_days"].fill_null(0).to_numpy()
    basis = np.where(
        scored["gestational_age_days"] < 259, 280 - scored["gestational_age_days"].to_numpy(), 0
    )
    start = scored["age_days"].to_numpy() - basis - days
    widths = increment_table(measure, "interpolate").width
    inside = (days > 0) & (start + days <= LAST_DAY)
    sex = (scored["sex"].str.to_lowercase().str.starts_with("m")).to_numpy() * 1
    at = widths[:, sex[inside], start[inside]]
    fits = (days[inside] >= np.nanmin(at, axis=0)) & (days[inside] <= np.nanmax(at, axis=0))
    words = scored[f"{prefix}_velocity_status"].to_numpy()[inside][fits]
    z = scored[f"{prefix}_velocity_z"].is_not_null().to_numpy()[inside][fits]
    expected = np.isin(words, ["non_positive_increment"])
    return {"visits": int(fits.sum()), "without": int((~z & ~expected).sum())}


def share_lines(name: str, shares: list[dict[str, Any]]) -> list[str]:
    """The table of one cohort."""
    ways = [*CHOICES, ANY]
    lines = [
        f"{name}:", "",
        "| | visits after another | " + " | ".join(ways) + " | with a standardised change |",
        "|---|--:|" + "--:|" * (len(ways) + 1),
    ]  # fmt: skip
    return lines + [
        f"| {_words(one['measure'])} | {one['visits']:,} | "
        + " | ".join(
            f"{n:,} ({n / one['visits']:.0%})" for n in (*one["z"].values(), one["standardised"])
        )
        + " |"
        for one in shares
    ]


def section() -> list[str]:
    """The section of docs/validation.md."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    lines = [
        "## 6. Velocity between the WHO's rows, and correlations of z", "",
        "By `scripts/validation_velocity.py`, from the tables alone but for the cohorts.", "",
        "**An interval between two widths.** Each width is left out and predicted from its two "
        "neighbours, a gap about twice as wide as any that is interpolated: z predicted less the "
        "true z, of every start and both sexes. Beside it L, M, S and delta linear in the "
        "interval.", "",
        *left_out_lines(), "",
        "**Children drawn from the WHO's standards of attained growth**, 200,000 of each sex with "
        "the correlation of z that the rows of increments imply, seen from any day on at any "
        "interval from the shortest width to 6 months. Between two widths the mean and the SD of "
        "their velocity z are what they are at the widths themselves (0 and 1 but for what the "
        "WHO's two sets of tables differ by, which is largest for the head over 2 and 3 months).",
        "", *drawn_lines(), "",
        "**The model of the correlations**, used over more than 6 months and from 24 to 36 months, "
        "beside the r of the rows that it was fitted to; and fitted to the shorter widths alone, "
        "beside the rows of 6 months:", "",
        *model_lines(), "",
        "**The standardised change beside the WHO's velocity z** at every row, of children at the "
        "median at first, at velocity z -1, 0 and 1: mean difference, and rms. Near the median "
        "they are the same to about 0.1.", "",
        *agreement_lines(), "",
        "**Cohorts.** The correlation of z between the visits nearest to two ages, beside the one "
        "that neocalc takes for the same days. *Too large by r* is sqrt((1 - r observed) / (1 - r "
        "here)): by so much a standardised change is too large for that reason alone. The SD of "
        "the standardised change holds also what the cohort's own z vary more than 1. The WHO's "
        "children were measured twice, by trained pairs; where children are measured less "
        "carefully r is lower. In these cohorts it makes changes of weight too large by up to a "
        "fifth, and those of length and head mostly by a third or more, most between visits two "
        "months apart: a standardised change of length of -2 may be one of -1.5 there, or of -1. A "
        "conditional gain suffers likewise. Give your own r (`r`, `r_source`) where your cohort "
        "has one. Visits beyond 36 months, for which neocalc gives no r, show where the model "
        "leads.", "",
    ]  # fmt: skip
    for name, pairs in kept.items():
        lines += [*cohort_lines(name, pairs), ""]
    lines += [
        "**Which visits have a velocity z-score.** Visits from term on that have an earlier one "
        "from term on at which the measure was taken. *At the widths alone* is what version 0.1.0 "
        "gave: the increment scaled to the nearest width, within 10 % of it. Visits less than a "
        "month after the one before (of length and head less than two) have none against it by any "
        "rule; `--against interval` finds them an earlier one; the last column but one is what no "
        "choice can exceed. Every visit over an interval within the widths that the tables have at "
        "its start has a z-score, but where length or head did not increase.", "",
    ]  # fmt: skip
    for name, shares in json.loads(KEPT_SHARES.read_text(encoding="utf-8")).items():
        lines += [*share_lines(name, shares), ""]
    return lines[:-1]


def main() -> int:
    """Print the tables, or keep the figures of a cohort."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", nargs=2, metavar=("CSV", "NAME"), action="append", default=[])
    parser.add_argument("--shares", nargs=2, metavar=("CSV", "NAME"), action="append", default=[])
    options = parser.parse_args()
    for path, name in options.visits:
        kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
        kept[name] = of_cohort(Path(path))
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print("\n".join(cohort_lines(name, kept[name])))
    for path, name in options.shares:
        kept = json.loads(KEPT_SHARES.read_text(encoding="utf-8")) if KEPT_SHARES.exists() else {}
        kept[name] = shares_of(Path(path))
        KEPT_SHARES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print("\n".join(share_lines(name, kept[name])))
    if not options.visits and not options.shares:
        for lines in (left_out_lines(), drawn_lines(), model_lines(), agreement_lines()):
            print("\n".join([*lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
