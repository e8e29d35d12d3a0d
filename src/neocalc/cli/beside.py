"""One infant by every reference side by side: how much the choice of a reference changes a z."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT
from neocalc.cli import print_rows
from neocalc.growth.birth import size_at_birth
from neocalc.growth.zscores import zscore
from neocalc.reading.dates import NOT_STATED
from neocalc.reading.units import quantity
from neocalc.references.catalogue import Reference, reference, references
from neocalc.text import NAMES, centile_text, plain, z_text


def beside(measure: str, text: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What each reference that has a table of a measure says of one measurement.

    Every reference is asked as with `--reference`, whatever the age; those of size at birth on the
    day of birth alone. Where one has no z its status says why.

    Parameters
    ----------
    measure, text : str
        The measure and what was typed, with its unit.
    asked : dict
        Sex, age, policy, length, position and oedema, as for `neocalc.zscore`; its `reference` is
        the one asked for.

    Returns
    -------
    list of dict
        One for each reference: id, age basis, z, centile, method, status, and whether it is the one
        by which the infant is scored.
    """
    age: Age = asked["age"]
    born = int(age.days[0]) == 0 and int(age.gestation_days[0]) != NOT_STATED
    used = str(zscore(measure, [text], **_many(asked)).reference[0])
    found = []
    named = [*asked["policy"].references, asked["reference"]]
    own = [reference(name) for name in named if name != DEFAULT]
    for ref in dict.fromkeys([*references(), *own]):
        if not _has(ref, measure):
            continue
        if ref.use == "growth":
            alone = asked | {"reference": str(ref.folder)}
            found.append(_row(ref, zscore(measure, [text], **_many(alone))))
        elif ref.use == "size_at_birth" and born:
            gestation, sex = quantity(age.gestation_days, "day"), [asked["sex"]]
            size = size_at_birth(measure, [text], sex=sex, gestation=gestation, reference=ref.id)
            found.append(_row(ref, size))
    for row in found:
        row["chosen"] = row["reference"] == used
    return found


def _has(ref: Reference, measure: str) -> bool:
    return measure in ref.measures or (
        measure == "weight_for_length" and "weight_for_height" in ref.measures
    )


def _many(asked: dict[str, Any]) -> dict[str, Any]:
    """The same as a column of one: what cannot be scored has a status, and is no error."""
    more = dict(asked)
    for name in ("sex", "length", "position", "oedema"):
        if more.get(name) is not None:
            more[name] = [more[name]]
    age: Age = more["age"]
    stated = int(age.gestation_days[0]) != NOT_STATED
    gestation = quantity(age.gestation_days, "day") if stated else None
    more["age"] = Age.from_days(np.asarray(age.days), gestation)
    return more


def _row(ref: Reference, result: Any) -> dict[str, Any]:
    z = float(result.z[0])
    there = not math.isnan(z)
    return {
        "reference": ref.id,
        "age_basis": str(result.age_basis[0]) if there else "",
        "z": z if there else None,
        "centile": float(result.centile[0]) if there else None,
        "method": str(result.method[0]) if there else "",
        "status": str(result.status[0]),
    }


def print_beside(rows: list[dict[str, Any]]) -> None:
    """Print the z-scores of each measure by every reference; the one that was used has a star."""
    table = [["Measure", "Reference", "Age basis", "z", "Centile", "Status"]]
    for row in rows:
        for n, one in enumerate(row["all_references"]):
            table.append(
                [
                    NAMES[row["measure"]] if not n else "",
                    one["reference"] + (" *" if one["chosen"] else ""),
                    one["age_basis"] or "-", z_text(one["z"]),
                    centile_text(one["z"], one["centile"]), plain(one["status"]),
                ]
            )  # fmt: skip
    print("By every reference, whatever the age; * is the one used above:")
    print_rows(table)
