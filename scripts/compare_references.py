"""How the preterm references differ: the rows and the picture of docs/references.md.

::

    python scripts/compare_references.py            print the rows of the tables
    python scripts/compare_references.py IMAGE.svg  draw the picture

The picture has the lines at z -2, 0 and 2 of the weight of girls by postmenstrual age, with the
labels that the publishers ask for.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import neocalc as nc
from neocalc.references.catalogue import reference

Floats = npt.NDArray[np.float64]

PRETERM: Final = ("fenton-2013", "fenton-2025", "intergrowth-21st-preterm")
WHO: Final = "who-2006"
WEEKS: Final = (28, 32, 36, 40)
MEASURES: Final = {"weight": ("kg", 2), "length": ("cm", 1), "head_circumference": ("cm", 1)}
TERM: Final = 280
BORN: Final = 175
"""Gestation of the infants that are scored [day]: 25w0d."""
LINES: Final = (-2.0, 0.0, 2.0)


def age_at(day: int) -> nc.Age:
    """The age at a postmenstrual day."""
    return nc.Age.from_days(day - BORN, gestation=nc.Q(BORN, "day"))


def size(name: str, measure: str, sex: str, day: int, z: float) -> float:
    """The measurement at a z of a reference [kg or cm]."""
    found = nc.measurement(measure, z=z, sex=sex, age=age_at(day), reference=name)
    return float(found.to(MEASURES[measure][0]).magnitude)


def score(name: str, measure: str, sex: str, day: int, value: float) -> float:
    """The z of a measurement [kg or cm] by a reference."""
    given = nc.Q(value, MEASURES[measure][0])
    return float(nc.zscore(measure, given, sex=sex, age=age_at(day), reference=name).z)


def two_decimals(values: list[float]) -> str:
    """Figures with two decimals, none as -0.00."""
    return ", ".join(f"{round(value, 2) + 0.0:.2f}" for value in values)


def sizes() -> list[str]:
    """Sizes of girls at z -2, 0 and 2 by each preterm reference, by week."""
    rows = []
    for measure, (unit, digits) in MEASURES.items():
        for week in WEEKS:
            cells = [
                ", ".join(f"{size(name, measure, 'f', 7 * week, z):.{digits}f}" for z in LINES)
                for name in PRETERM
            ]
            name = measure.replace("_", " ")
            rows.append(f"| {name} [{unit}] | {week}w0d | {' | '.join(cells)} |")
    return rows


def differences() -> list[str]:
    """What the other two say of a girl at z -2, 0 and 2 of Fenton 2013, by week."""
    rows = []
    for measure in MEASURES:
        for week in WEEKS:
            day = 7 * week
            values = [size(PRETERM[0], measure, "f", day, z) for z in LINES]
            cells = [
                two_decimals([score(name, measure, "f", day, y) for y in values])
                for name in PRETERM[1:]
            ]
            rows.append(f"| {measure.replace('_', ' ')} | {week}w0d | {' | '.join(cells)} |")
    return rows


def joints() -> list[str]:
    """The step to the WHO's z at each hand-over, of children at z -2, 0 and 2."""
    rows = []
    for name in PRETERM:
        for day in dict.fromkeys((350, reference(name).handover_day)):
            for measure in MEASURES:
                cells = []
                for sex in ("m", "f"):
                    steps = [
                        score(WHO, measure, sex, day, size(name, measure, sex, day, z)) - z
                        for z in LINES
                    ]
                    cells.append(two_decimals(steps))
                what = measure.replace("_", " ")
                rows.append(f"| `{name}` | {day // 7}w0d | {what} | {' | '.join(cells)} |")
    return rows


def draw(path: Path) -> None:
    """Draw the lines of the preterm references and the WHO's."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "neocalc"
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    colours = dict(zip((*PRETERM, WHO), ("#1b6ca8", "#c8553d", "#2a7f62", "#555555"), strict=True))
    for name, colour in colours.items():
        ref = reference(name)
        table = ref.table("weight")
        first, last = (TERM, 462) if name == WHO else (table.first, table.last)
        days = np.arange(first, last + 1)
        for z in LINES:
            at = 0, days - (TERM if name == WHO else 0) - table.first
            y: Floats = table.measurement(z, at)
            label = ref.chart_label if z == 0 else None
            axes.plot(days / 7, y, color=colour, lw=1.8 if z == 0 else 0.9, label=label)
    axes.set(xlabel="Postmenstrual age [weeks]; the WHO's at corrected age", ylabel="Weight [kg]")
    axes.set_title("Weight of girls at z -2, 0 and 2")
    axes.set_xticks(range(24, 67, 4))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


def main() -> None:
    """Print the rows, or draw the picture."""
    if len(sys.argv) > 1:
        draw(Path(sys.argv[1]))
        return
    for rows in (sizes(), differences(), joints()):
        print("\n".join(rows), end="\n\n")


if __name__ == "__main__":
    main()
