"""Fit the model of the correlations that the WHO's tables imply: who-2009-correlation.

::

    python scripts/fit_correlations.py            what it finds, and how near it is to the tables
    python scripts/fit_correlations.py --write    and the table in reference_tables/

Each of the 486 rows of increments and the SDs of attained size at its two ends fix a correlation,
r = (s1^2 + s2^2 - s_inc^2) / (2 s1 s2). To those of a measure, of both sexes and all widths, the
five parameters of `neocalc.velocity.correlations.Model` are fitted by least squares of r.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from scipy.optimize import least_squares

from neocalc.reading.dates import MONTH
from neocalc.references.catalogue import reference
from neocalc.velocity.correlations import ABOUT, FOLDER, HEADER, Model, attained_sd
from neocalc.velocity.increment_tables import WHO_2009, read_rows

ROOT: Final = Path(__file__).resolve().parents[1]
TABLES: Final = ROOT / "reference_tables"
MEASURES: Final = ("weight", "length", "head_circumference")
DECIMALS: Final = 4
"""Of the parameters as they are stored: an r does not change in its third decimal."""
LOWEST: Final = (0.0, 0.0, 1e-3, 0.2, 0.01)
HIGHEST: Final = (0.2, 0.98, 20.0, 3.0, 24.0)
BEGINNINGS: Final = (
    (0.02, 0.3, 0.5, 0.8, 1.0), (0.05, 0.5, 1.0, 1.0, 2.0), (0.01, 0.1, 0.3, 0.6, 0.5),
)  # fmt: skip
"""The search begins at each, and the best end is taken."""


class Implied(NamedTuple):
    """What the rows of a measure imply: columns of one length.

    `first` and `second` are the ages at the ends of each row [month], `sd_first`, `sd_second` and
    `sd_increment` the SDs, `r` the correlation.
    """

    sex: Any
    width: Any
    first: Any
    second: Any
    sd_first: Any
    sd_second: Any
    sd_increment: Any
    r: Any

    def where(self, which: Any) -> Implied:
        """Those of some rows."""
        return Implied(*(column[which] for column in self))


def implied_by_rows(measure: str) -> Implied:
    """The correlation of each row of increments of a measure, by its own ages."""
    sd = attained_sd(measure)
    rows = []
    for (width, sex), found in read_rows(reference(WHO_2009), measure).items():
        for row in found:
            ages = row.start_day, row.start_day + row.width
            one, two = (sd[sex, int(day + 0.5)] for day in ages)
            increment = row.M * row.S
            r = (one**2 + two**2 - increment**2) / (2 * one * two)
            rows.append((sex, width, *(day / MONTH for day in ages), one, two, increment, r))
    return Implied(*np.array(rows).T)


def fitted(rows: Implied) -> Model:
    """The parameters of least squares, to the decimals that are stored."""

    def residuals(parameters: Any) -> Any:
        return Model(*parameters).between(rows.first, rows.second) - rows.r

    ends = [least_squares(residuals, start, bounds=(LOWEST, HIGHEST)) for start in BEGINNINGS]
    best = min(ends, key=lambda end: end.cost)
    return Model(*(round(float(value), DECIMALS) for value in best.x))


def sd_error(model: Model, rows: Implied) -> Any:
    """By how much the model's SD of each increment is off: the logarithm of its share of it."""
    r = model.between(rows.first, rows.second)
    sd = np.sqrt(rows.sd_first**2 + rows.sd_second**2 - 2 * r * rows.sd_first * rows.sd_second)
    return np.log(sd / rows.sd_increment)


def rms(values: Any) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


def table_text(models: dict[str, Model]) -> str:
    """The CSV of the parameters."""
    lines = [",".join([measure, *(f"{v:g}" for v in model)]) for measure, model in models.items()]
    return "\n".join([HEADER, *lines]) + "\n"


ABOUT_IT: Final = {
    "id": FOLDER,
    "title": "Correlation of z between two ages, as the WHO's tables of increments imply it",
    "citation": (
        "Fitted by neocalc to WHO Child Growth Standards: Growth velocity based on weight, length "
        "and head circumference: Methods and development. Geneva: World Health Organization, 2009."
    ),
    "isbn": "978 92 4 154763 5",
    "licence": (
        "The parameters are neocalc's (MIT); the tables that they were fitted to keep the WHO's "
        "terms"
    ),
    "source": (
        "Least squares of r = (s1^2 + s2^2 - s_inc^2) / (2 s1 s2) over the 486 rows of increments, "
        "both sexes together, with s = M S of attained size at both ages and s_inc = M S of the "
        "increment"
    ),
    "form": "r = (1 - n)(p + (1 - p) exp(-c u^q)), u = ln((t2 + tau) / (t1 + tau)), t in months",
}


def about_text(csv: str) -> str:
    """The TOML that says what the table is, from what and how it was made."""
    lines = ["# Written by scripts/fit_correlations.py."]
    lines += [f'{name} = "{text}"' for name, text in ABOUT_IT.items()]
    lines += ["age_months = [0, 24]", "extrapolated_to_months = 36", 'file = "model.csv"']
    lines += [f'sha256 = "{hashlib.sha256(csv.encode()).hexdigest()}"', "", "[fitted_to]"]
    for ref in (WHO_2009, "who-2006"):
        for name in (f"{measure}.csv" for measure in MEASURES):
            sha256 = hashlib.sha256((TABLES / ref / name).read_bytes()).hexdigest()
            lines.append(f'"{ref}/{name}" = "{sha256}"')
    return "\n".join(lines) + "\n"


def main() -> int:
    """Fit, say how near it is, and write the table if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"reference_tables/{FOLDER}/")
    options = parser.parse_args()
    models = {}
    for measure in MEASURES:
        rows = implied_by_rows(measure)
        model = models[measure] = fitted(rows)
        off = model.between(rows.first, rows.second) - rows.r
        print(f"{measure}: {model}")
        print(f"  r off by {rms(off):.4f} (rms), {np.abs(off).max():.3f} at most;", end=" ")
        print(f"SD of increments off by {100 * rms(sd_error(model, rows)):.1f} % (rms)")
        short, six = rows.where(rows.width <= 4), rows.where(rows.width == 6)
        off = sd_error(fitted(short), six)
        print(f"  fitted to widths up to 4 months, SD over 6 months off by {100 * rms(off):.1f} %")
    if options.write:
        folder = TABLES / FOLDER
        folder.mkdir(exist_ok=True)
        csv = table_text(models)
        (folder / "model.csv").write_text(csv, encoding="ascii")
        (folder / ABOUT).write_text(about_text(csv), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
