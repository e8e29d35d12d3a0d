"""From the inputs of a dose to its amounts: which formula applies, and what it needs.

Viability is applied once or not at all, by what the dose counts and what the concentration is of::

    dose counts   concentration of   volume
    viable cells  all cells          cells / (concentration x viability)
    viable cells  viable cells       cells / viable concentration
    all cells     all cells          cells / concentration
    all cells     viable cells       refused
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple

from neocalc.dose.formulas import (
    DMSO_DENSITY,
    cells_needed,
    delivered_dose,
    exact,
    exact_product,
    exact_sum,
    exact_volume,
    on_graduation,
    rounding_error,
    split,
    up_to_graduation,
    vials_needed,
    volume_needed,
)
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.errors import InputError, MissingError


class Strength(NamedTuple):
    """The concentration that a volume is computed from, and the viable fraction applied to it."""

    concentration: float
    viable: float


class Amounts(NamedTuple):
    """What a dose comes to; None where it was not asked for.

    Attributes
    ----------
    cells : float
        [cell]
    volume : float
        That holds exactly the cells [mL].
    syringe_volume : float
        The nearest line of the syringe [mL].
    rounding_error : float
        Of the syringe's volume [fraction].
    given_volume : float
        What is administered: the syringe's volume, or the exact one without a syringe [mL].
    draw_volume : float
        What is administered and the dead volume, each on a line of the syringe [mL].
    volume_per_kg : float
        Of what is administered [mL/kg].
    vials : int
        To thaw.
    per_vial : float
        Cells that a vial yields, as the dose counts them [cell/vial].
    duration, rate, rate_per_kg, cell_rate : float
        [h], [mL/h], [mL/kg/h], [cell/kg/min]
    delivered : float
        The reverse calculation: the dose in what is administered [cell/kg].
    reverse : float
        The reverse calculation of the exact volume [cell/kg].
    strength : Strength
        What the volume was computed from.
    infused_volume, final_concentration : float
        Of the dose in its vehicle [mL], [cell/mL].
    total_volume, total_volume_per_kg : float
        With vehicle and flush [mL], [mL/kg].
    dmso_per_kg : float
        Dimethyl sulfoxide in what is administered [g/kg].
    syringes : tuple of float
        What each of several syringes holds; empty where one holds it all [mL].
    pump_rate, pump_duration : float
        On a step of the pump, and how long that takes [mL/h], [h].
    """

    cells: float
    volume: float | None = None
    syringe_volume: float | None = None
    rounding_error: float | None = None
    given_volume: float | None = None
    draw_volume: float | None = None
    volume_per_kg: float | None = None
    vials: int | None = None
    per_vial: float | None = None
    duration: float | None = None
    rate: float | None = None
    rate_per_kg: float | None = None
    cell_rate: float | None = None
    delivered: float | None = None
    reverse: float | None = None
    strength: Strength | None = None
    infused_volume: float | None = None
    final_concentration: float | None = None
    total_volume: float | None = None
    total_volume_per_kg: float | None = None
    dmso_per_kg: float | None = None
    syringes: tuple[float, ...] = ()
    pump_rate: float | None = None
    pump_duration: float | None = None


def strength_of(inputs: DoseInputs, counts: str) -> Strength | None:
    """The concentration and the viable fraction that apply; None without a concentration.

    Raises
    ------
    InputError
        When viability would be applied twice, or not at all where it must be.
    """
    total, viable, viability = inputs.concentration, inputs.viable_concentration, inputs.viability
    if inputs.pool is not None:
        for name in ("concentration", "viable_concentration", "viability", "cells_per_vial",
                     "viable_cells_per_vial", "recovery"):  # fmt: skip
            if getattr(inputs, name) is not None:
                accepted = "the vials have their own counts: give one or the other"
                raise InputError(name, inputs.texts.get(name), accepted)
        return Strength(inputs.pool.concentration(counts), 1.0)
    if total is not None and viable is not None:
        raise InputError(
            "viable_concentration",
            inputs.texts.get("viable_concentration", viable),
            "give concentration (of all cells) or viable_concentration, not both",
        )
    if viable is not None and viability is not None:
        raise InputError(
            "viability",
            inputs.texts.get("viability", viability),
            "a viable concentration already counts viable cells only: viability would be applied "
            "twice; for the check against the specification alone give release_viability",
        )
    if counts == "total" and (viable is not None or viability is not None):
        name = "viability" if viable is None else "viable_concentration"
        raise InputError(
            name,
            inputs.texts.get(name),
            "this dose counts all cells: give concentration; for the check of viability alone "
            "give release_viability",
        )
    if viability is not None and inputs.release_viability is not None:
        raise InputError(
            "release_viability",
            inputs.texts.get("release_viability"),
            "viability is given and is checked itself",
        )
    if viable is not None:
        return Strength(viable, 1.0)
    if total is None:
        return None
    if counts == "total":
        return Strength(total, 1.0)
    if viability is None:
        raise MissingError(
            "viability",
            "the dose counts viable cells and the concentration all cells: give viability, or "
            "viable_concentration instead of concentration (of a dose that counts all cells say so "
            "with counts)",
        )
    return Strength(total, viability)


def yield_of(inputs: DoseInputs, counts: str) -> Decimal | None:
    """Cells that a vial yields, as the dose counts them [cell/vial]; None without vials."""
    total, viable = inputs.cells_per_vial, inputs.viable_cells_per_vial
    if total is None:
        if inputs.recovery is not None:
            raise InputError(
                "recovery", inputs.texts.get("recovery"), "it applies to cells_per_vial: give that"
            )
        if viable is not None and counts == "total":
            raise InputError(
                "viable_cells_per_vial",
                inputs.texts.get("viable_cells_per_vial"),
                "this dose counts all cells: give cells_per_vial and recovery",
            )
        return None if viable is None else exact(viable)
    if viable is not None:
        raise InputError(
            "viable_cells_per_vial",
            inputs.texts.get("viable_cells_per_vial"),
            "give cells_per_vial (all cells at freezing) or viable_cells_per_vial (viable cells "
            "after thaw), not both",
        )
    if inputs.recovery is None:
        raise MissingError(
            "recovery", 'give the share of cells recovered after thaw, such as "80%"'
        )
    if counts == "total":
        return exact_product(total, inputs.recovery)
    if inputs.viability is None:
        raise MissingError(
            "viability",
            "the dose counts viable cells and cells_per_vial all cells: give viability, or "
            "viable_cells_per_vial with a viable concentration",
        )
    return exact_product(total, inputs.recovery, inputs.viability)


def check_complete(inputs: DoseInputs, counts: str) -> None:
    """Refuse inputs that contradict each other or from which nothing follows."""
    strength, per_vial = strength_of(inputs, counts), yield_of(inputs, counts)
    if inputs.vials is None and inputs.diluent_volume is not None:
        raise MissingError("vials", "diluent_volume is added to vials: give each of them")
    if strength is None:
        for name in OF_VOLUME:
            if getattr(inputs, name) not in (None, False):
                raise MissingError("concentration", f"{name} needs a concentration")
        if per_vial is None:
            raise MissingError(
                "concentration",
                "give concentration or viable_concentration (or cells_per_vial, for vials alone)",
            )
    if inputs.duration is not None and inputs.rate is not None:
        raise InputError("rate", inputs.texts.get("rate"), "give duration or rate, not both")
    if inputs.vehicle_volume and inputs.dead_volume:
        raise InputError(
            "dead_volume",
            inputs.texts.get("dead_volume"),
            "with a vehicle a part of the mixture stays in the line: give a flush_volume instead",
        )
    if inputs.split_syringes and inputs.vehicle_volume:
        accepted = "with a vehicle the whole is in one syringe: leave split_syringes out"
        raise InputError("split_syringes", True, accepted)
    if inputs.split_syringes and None in (inputs.graduation, inputs.syringe_capacity):
        raise MissingError("graduation", "split_syringes needs graduation and syringe_capacity")
    if inputs.pump_step is not None and inputs.duration is None and inputs.rate is None:
        raise MissingError("duration", "pump_step needs a duration or a rate")


OF_VOLUME: Final = (
    "graduation", "dead_volume", "syringe_capacity", "duration", "rate", "vehicle_volume",
    "flush_volume", "dmso", "split_syringes", "pump_step",
)  # fmt: skip
"""Inputs that mean nothing without a volume."""


def work_out(inputs: DoseInputs, limits: Limits) -> Amounts:
    """Every amount that follows from possible and complete inputs."""
    counts = limits.counts
    strength, per_vial = strength_of(inputs, counts), yield_of(inputs, counts)
    cells = cells_needed(inputs.dose, inputs.weight)
    if strength is None:
        assert per_vial is not None
        vials = vials_needed(exact_product(inputs.dose, inputs.weight), per_vial)
        return Amounts(cells, vials=vials, per_vial=float(per_vial))
    volume = volume_needed(cells, *strength)
    precise = exact_volume(inputs.dose, inputs.weight, *strength)
    given, syringe, error = precise, None, None
    if inputs.graduation is not None:
        down = limits.rounding == "down"
        given = syringe = on_graduation(precise, inputs.graduation, down=down)
        error = rounding_error(syringe, precise)
    draw = exact_sum(given, up_to_graduation(inputs.dead_volume or 0.0, inputs.graduation))
    infused = float(exact_sum(given, exact(inputs.vehicle_volume or 0.0)))
    duration, rate = inputs.duration, inputs.rate
    if duration is not None:
        rate = infused / duration
    elif rate is not None:
        duration = infused / rate
    delivered = float(delivered_dose(given, *strength, inputs.weight))
    found = Amounts(
        cells=cells,
        volume=volume,
        syringe_volume=None if syringe is None else float(syringe),
        rounding_error=error,
        given_volume=float(given) if syringe is not None else volume,
        draw_volume=None if inputs.dead_volume is None else float(draw),
        volume_per_kg=float(given) / inputs.weight,
        vials=_vials(inputs, strength, syringe, per_vial),
        per_vial=None if per_vial is None else float(per_vial),
        duration=duration,
        rate=rate,
        rate_per_kg=None if rate is None else rate / inputs.weight,
        cell_rate=delivered / (duration * 60) if duration else None,  # nothing on no line
        delivered=delivered,
        reverse=float(delivered_dose(exact(volume), *strength, inputs.weight)),
        strength=strength,
    )
    found = found._replace(**_product(inputs, found, infused), syringes=_syringes(inputs, draw))
    return found._replace(**_pump(inputs, limits, found))


def _product(inputs: DoseInputs, found: Amounts, infused: float) -> dict[str, Any]:
    """What follows from a vehicle, a flush and dimethyl sulfoxide; nothing without them."""
    assert found.strength is not None and found.given_volume is not None
    more: dict[str, Any] = {}
    if inputs.vehicle_volume is not None:
        cells = found.given_volume * found.strength.concentration * found.strength.viable
        more["infused_volume"] = infused
        more["final_concentration"] = cells / infused if infused else None
    if inputs.vehicle_volume is not None or inputs.flush_volume is not None:
        more["total_volume"] = infused + (inputs.flush_volume or 0.0)
        more["total_volume_per_kg"] = more["total_volume"] / inputs.weight
    if inputs.dmso is not None:
        grams = found.given_volume * inputs.dmso * DMSO_DENSITY
        more["dmso_per_kg"] = grams / inputs.weight
    return more


def _syringes(inputs: DoseInputs, draw: Decimal) -> tuple[float, ...]:
    """What each of several syringes holds; empty where one does."""
    if not inputs.split_syringes:
        return ()
    assert inputs.graduation is not None and inputs.syringe_capacity is not None
    parts = split(draw, inputs.graduation, inputs.syringe_capacity)
    return tuple(map(float, parts)) if len(parts) > 1 else ()


def _pump(inputs: DoseInputs, limits: Limits, found: Amounts) -> dict[str, Any]:
    """The rate on a step of the pump, and how long it takes then.

    The nearest step; the one below where the protocol limits how fast it may be.
    """
    if inputs.pump_step is None or found.rate is None:
        return {}
    down = any(limits[name] is not None for name in FASTEST)
    rate = on_graduation(exact(found.rate), inputs.pump_step, down=down)
    infused = found.infused_volume if found.infused_volume is not None else found.given_volume
    assert infused is not None
    return {"pump_rate": float(rate), "pump_duration": infused / float(rate) if rate else None}


FASTEST: Final = ("max_rate", "max_rate_per_kg", "max_cell_rate", "min_duration")
"""The limits of how fast an infusion may be."""


def _vials(
    inputs: DoseInputs, strength: Strength, syringe: Decimal | None, per_vial: Decimal | None
) -> int | None:
    """Vials for the dose, and for what is drawn up where that is more; those that are pooled.

    The exact volume is not used: it need not end, and its last digit could ask for a vial more.
    """
    if per_vial is None:
        return None if inputs.vials is None else len(inputs.vials)
    cells = exact_product(inputs.dose, inputs.weight)
    drawn = cells if syringe is None else exact_product(float(syringe), *strength)
    left = up_to_graduation(inputs.dead_volume or 0.0, inputs.graduation)
    dead = exact_product(float(left), *strength)
    return vials_needed(max(cells, exact_sum(drawn, dead)), per_vial)
