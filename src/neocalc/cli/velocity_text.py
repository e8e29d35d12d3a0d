"""What `neocalc velocity` says of two visits of one infant: JSON, and lines for people."""

from __future__ import annotations

import math
from typing import Any, Final

from neocalc.ages.age import Age
from neocalc.ages.policy import Policy, weeks_and_days
from neocalc.cli.growth import gestation_text
from neocalc.reading.dates import TERM
from neocalc.text import centile_text, plain, plain_number, z_text
from neocalc.velocity.scored import SHOWN_UNITS
from neocalc.velocity.trial_zones import SOURCE_WORDS, Zones

HOW: Final = {
    "who-2009": "at a width of the tables",
    "who-2009-interpolated": "between two widths of the tables",
    "who-2009-scaled": "scaled to the nearest width of the tables",
}
"""Each method of a velocity z-score, for people."""


def facts(measure: str, found: Zones) -> dict[str, Any]:
    """Everything that exists, as JSON."""
    about: dict[str, Any] = {"measure": measure, "zone": found.zone}
    velocity, change = found.velocity, found.change
    if velocity is not None:
        about["velocity"] = {
            "z": velocity.z,
            "centile": velocity.centile,
            "z_unscaled": velocity.z_unscaled,
            "z_floor": None if math.isinf(velocity.z_floor) else velocity.z_floor,
            "increment": velocity.increment_figure,
            "increment_unit": SHOWN_UNITS[measure],
            "increment_scaled": velocity.increment_figure * velocity.scaled,
            "interval_days": velocity.interval_days,
            "nominal_months": velocity.nominal_months,
            "scaled": velocity.scaled,
            "start_age_months": velocity.start_age,
            "age_basis": velocity.age_basis,
            "method": velocity.method,
            "lms_method": velocity.lms_method,
            "reference": velocity.reference,
            "status": velocity.status,
        }
    if change is not None:
        about["change"] = {
            "z": change.change,
            "per_week": change.per_week,
            "first_z": change.first_z,
            "second_z": change.second_z,
            "first_reference": change.first_reference,
            "second_reference": change.second_reference,
            "chart_step": known(change.chart_step),
            "standardised": known(change.standardised),
            "conditional": known(change.conditional),
            "r": known(change.r),
            "r_source": change.r_source or None,
            "standardised_status": change.standardised_status,
            "decline": change.decline,
            "decline_source": change.decline_source if change.decline else None,
            "status": change.status,
        }
    about["gains"] = {
        method: {"rate": gain.magnitude, "unit": gain.unit, "status": gain.status}
        for method, gain in found.gains.items()
    }
    about["absent"] = found.absent
    return about


def print_pair(sex: str, ages: tuple[Age, Age], found: dict[str, Any], policy: Policy) -> None:
    """Everything that exists, for people."""
    print(f"Sex           {sex}")
    print(f"Gestation     {gestation_text(ages[0])}")
    for which, age in zip(("First visit", "Second visit"), ages, strict=True):
        days = int(age.days[0])
        text = f"{which:<13} {days:,} days ({weeks_and_days(days)})"
        if age.is_preterm:
            corrected = days + int(age.gestation_days[0]) - TERM
            sign = "-" if corrected < 0 else ""
            text += f", corrected {corrected:,} days ({sign}{weeks_and_days(abs(corrected))})"
        print(text)
    for measure, (given, result) in found.items():
        title = measure.replace("_", " ").capitalize()
        print(f"\n{title}: {given[0]} to {given[1]}. Zone {result.zone}: {result.words}.")
        for line in _lines(result):
            print(f"  {line}")
    print(f"\nPolicy: {policy.describe()}.")


def _lines(found: Zones) -> list[str]:
    """What exists for one measure, in sentences."""
    lines = []
    velocity, change = found.velocity, found.change
    if velocity is not None:
        gained = f"{velocity.increment_figure:+.1f}".removesuffix(".0")
        unit = SHOWN_UNITS[velocity.measure]
        taken = ""
        if velocity.scaled != 1:
            scaled = plain_number(velocity.increment_figure * velocity.scaled, 1)
            taken = f", taken as {scaled} {unit} in {velocity.nominal_months} months"
        lines.append(
            f"Velocity z {z_text(velocity.z)}, centile {centile_text(velocity.z, velocity.centile)}"
            f": {gained} {unit} in {velocity.interval_days} days{taken} ({plain(velocity.status)})."
        )
        lines.append(
            f"By the WHO's increments of 2009 from {plain_number(velocity.start_age, 2)} months of"
            f" {velocity.age_basis} age, {HOW[velocity.method]} ({velocity.method},"
            f" {velocity.lms_method})."
        )
    if change is not None:
        lines.append(
            f"Change in z {_signed(change.change)}: from {z_text(change.first_z)}"
            f" ({change.first_reference}) to {z_text(change.second_z)}"
            f" ({change.second_reference}), {_signed(change.per_week, 3)} per week"
            f" ({plain(change.status)})."
        )
        if change.r_source:
            source = SOURCE_WORDS.get(change.r_source, change.r_source)
            lines.append(
                f"Standardised change {_signed(change.standardised)}, conditional gain"
                f" {_signed(change.conditional)}: by the correlation {change.r:.3f} of z between"
                f" these ages, {source} ({plain(change.standardised_status)})."
            )
        if not math.isnan(change.chart_step):
            step = _signed(change.chart_step)
            lines.append(f"Of this the step between the two charts is {step}.")
        if change.decline == "none":
            lines.append("No fall in z that Goldberg 2018 (doi:10.1016/j.jand.2017.10.006) names.")
        elif change.decline:
            lines.append(f"Fall in z: {change.decline}. {change.decline_source}.")
    for method, gain in found.gains.items():
        how = "" if method == gain.unit else f", {method}"
        rate = plain_number(gain.magnitude, 2)
        lines.append(f"Gain {rate} {gain.unit}{how} ({plain(gain.status)}).")
    lines += [f"No {name}: {why}." for name, why in found.absent.items()]
    return lines


def known(value: float) -> float | None:
    """A figure for JSON: none where it is not a number."""
    return None if math.isnan(value) else value


def _signed(value: float, decimals: int = 2) -> str:
    """A number with its sign."""
    text = plain_number(value, decimals)
    return text if text.startswith("-") or text == "0" else f"+{text}"
