"""10,000 random doses, each worked out again in fractions from the figures as they are typed."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any, Final

import pytest

import neocalc as nc
from neocalc.dose import Limits, Plan, prepare

DOSES: Final = 10_000
LINES: Final = ("0.01", "0.02", "0.1", "0.2", "0.5")


def asked(rng: random.Random) -> dict[str, str]:
    """The figures of one dose, as a person types them."""
    found = {
        "weight": f"{rng.randint(400, 15000) / 1000:.3f}",
        "dose": f"{rng.choice([1, 2.5, 5, 10, 2.01, 3.3])}",
        "concentration": f"{rng.randint(10, 200) / 10:.1f}",
        "counts": rng.choice(["viable", "total"]),
        "graduation": rng.choice(LINES),
        "rounding": rng.choice(["nearest", "down"]),
    }
    if found["counts"] == "viable":
        found["viability"] = f"{rng.randint(700, 1000) / 10:.1f}"
    more = {
        "dead_volume": f"{rng.randint(0, 30) / 100:.2f}",
        "per_vial": f"{rng.randint(1, 40)}",
        rng.choice(["minutes", "rate"]): f"{rng.randint(30, 240)}",
    }
    return found | {name: figure for name, figure in more.items() if rng.random() < 0.6}


def plan_of(given: dict[str, str]) -> Plan | None:
    """The same by neocalc; None where it is stopped."""
    arguments: dict[str, Any] = {
        "weight": f"{given['weight']} kg",
        "dose": f"{given['dose']} million cells/kg",
        "concentration": f"{given['concentration']} million cells/mL",
        "graduation": f"{given['graduation']} mL",
        "limits": Limits(rounding=given["rounding"], counts=given["counts"]),
    }
    if "viability" in given:
        arguments["viability"] = f"{given['viability']}%"
    if "dead_volume" in given:
        arguments["dead_volume"] = f"{given['dead_volume']} mL"
    if "per_vial" in given:
        arguments |= {"cells_per_vial": f"{given['per_vial']} million cells/vial",
                      "recovery": "80%"}  # fmt: skip
    if "minutes" in given:
        arguments["duration"] = f"{given['minutes']} min"
    if "rate" in given:
        arguments["rate"] = f"{given['rate']} mL/h"
    try:
        return prepare(**arguments, prepared_by="CD")
    except nc.DoseRefused as error:
        if not error.seen:
            return None
        override = nc.dose.Override("tried at random", "AB", error.seen)
        return prepare(**arguments, prepared_by="CD", override=override)


def same(found: float | None, exactly: Fraction) -> bool:
    """Whether a float is the exact figure, but for its last bits."""
    return found is not None and math.isclose(found, float(exactly), rel_tol=1e-14, abs_tol=1e-300)


def check(given: dict[str, str], plan: Plan) -> None:
    """Every amount against the fractions."""
    amounts, million = plan.amounts, 1_000_000
    weight, dose = Fraction(given["weight"]), Fraction(given["dose"]) * million
    viable = Fraction(given.get("viability", "100")) / 100
    strength = Fraction(given["concentration"]) * million * viable
    lines = Fraction(given["graduation"])
    cells = dose * weight
    volume = cells / strength
    count = volume / lines
    # Python rounds a fraction half to even.
    syringe = lines * (math.floor(count) if given["rounding"] == "down" else round(count))
    dead = lines * math.ceil(Fraction(given.get("dead_volume", "0")) / lines)
    assert same(amounts.cells, cells)
    assert same(amounts.volume, volume)
    assert amounts.syringe_volume == float(syringe)
    assert math.isclose(amounts.rounding_error or 0.0, float(syringe / volume - 1), abs_tol=1e-12)
    assert same(amounts.volume_per_kg, syringe / weight)
    assert same(amounts.delivered, syringe * strength / weight)
    assert amounts.draw_volume == (float(syringe + dead) if "dead_volume" in given else None)
    if "per_vial" in given:
        each = Fraction(given["per_vial"]) * million * Fraction(4, 5) * viable
        drawn = max(cells, (syringe + dead) * strength)
        assert amounts.vials == math.ceil(drawn / each)
    hours = None
    if "minutes" in given:
        hours = Fraction(given["minutes"]) / 60
        assert same(amounts.rate, syringe / hours)
    if "rate" in given:
        hours = syringe / Fraction(given["rate"])
        assert same(amounts.duration, hours)
    if hours:
        assert same(amounts.cell_rate, syringe * strength / weight / (hours * 60))
        assert same(amounts.rate_per_kg, syringe / hours / weight)


@pytest.mark.requirement("REQ-DOSE-08")
def test_every_amount_of_10_000_random_doses() -> None:
    rng, done = random.Random(14), 0
    for _ in range(DOSES):
        given = asked(rng)
        plan = plan_of(given)
        if plan is not None:
            check(given, plan)
            done += 1
    # The others are stopped for a line too coarse, a dead volume or a volume.
    assert done > DOSES // 2
