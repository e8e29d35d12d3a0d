"""`neocalc velocity`: two measurements of one infant, or the visits of a cohort file."""

from __future__ import annotations

import argparse
import math
import re
from typing import Any, Final

from neocalc.age import TERM, Age, date_number
from neocalc.cli import add_json, add_policy, policy_of, print_json
from neocalc.cli.files import add_files, add_prefix
from neocalc.cli.growth import (
    age_facts,
    centile_text,
    gestation_text,
    plain_number,
    whole_days,
    z_text,
)
from neocalc.coding import position_code, sex_code
from neocalc.errors import AgeError, FileError, InputError, MissingError, UnitError
from neocalc.policy import Policy, weeks_and_days
from neocalc.velocity.increment_tables import STARTS
from neocalc.velocity.increments import Rules
from neocalc.velocity.scores import SHOWN_UNITS
from neocalc.velocity.trial_zones import ZONES, Zones, zones
from neocalc.velocity.visits import AGAINST

MEASURES: Final = {
    "weight": ("weight", "3500g 4400g"),
    "length": ("length", "52cm 56.5cm"),
    "head": ("head_circumference", "37cm 39.5cm"),
}
"""Options of two measurements, each with its measure and an example."""
OF_ONE: Final = (
    "sex", "gestation", "born", "first", "second", "first_days", "second_days", "weight", "length",
    "head", "first_position", "second_position", "oedema",
)  # fmt: skip
"""Options of one infant, which a file does not take."""
OF_FILES: Final = (
    "output", "force", "strict", "column", "columns", "sex_codes", "missing", "delimiter",
    "against", "baseline", "ignore", "oedema_codes", "position_codes", "date_format", "decimal",
    "accept_failed_columns", "prefix",
)  # fmt: skip
"""Options of a file, which one infant does not take."""
NOT_GIVEN: Final[tuple[Any, ...]] = (None, False, [], ",")
"""Values of options that have not been given."""
UNFLAGGED: Final = "ok, missing_value or first_visit"
"""Statuses about which there is nothing to ask: every child has a first visit."""


def configure_velocity(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc velocity`."""
    infant = parser.add_argument_group("one infant")
    infant.add_argument("--sex", metavar="SEX", help="female, male, f or m; there is no default")
    infant.add_argument(
        "--gestation", metavar="GA", help="gestation at birth, 27+3; without it no correction"
    )
    infant.add_argument("--born", metavar="DATE", help="date of birth, 2026-05-01")
    for which in ("first", "second"):
        infant.add_argument(f"--{which}", metavar="DATE", help=f"date of the {which} visit")
    for which in ("first", "second"):
        infant.add_argument(
            f"--{which}-days", metavar="N", help="instead of dates: whole days since birth"
        )
    for option, (_, example) in MEASURES.items():
        infant.add_argument(
            f"--{option}", metavar=("FIRST", "SECOND"), nargs=2, help=f"with units: {example}"
        )
    for which in ("first", "second"):
        infant.add_argument(
            f"--{which}-position", metavar="WORD", help="of the length: recumbent or standing"
        )
    infant.add_argument("--oedema", action="store_true", help="at either visit")
    files = parser.add_argument_group("a cohort file instead")
    files.add_argument(
        "--against", metavar="VISIT", help=f"{', '.join(AGAINST)}: with which each is compared"
    )
    files.add_argument("--baseline", metavar="COLUMN", help="with its date: administered_on")
    add_files(parser, needed=False, unflagged=UNFLAGGED)
    add_prefix(parser)
    rules = parser.add_argument_group("decisions where the WHO has no rule")
    rules.add_argument(
        "--start", metavar="WORD", default="interpolate", help=f"{' or '.join(STARTS)} (the first)"
    )
    rules.add_argument(
        "--tolerance", metavar="SHARE", default="0.1", help="of the nominal interval; default 0.1"
    )
    rules.add_argument("--plain", action="store_true", help="without the restriction beyond 3 SD")
    rules.add_argument(
        "--change-limits", metavar="FILE", help="a site's own limits of what a child can do"
    )
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc velocity --sex f --gestation 27+3 --born 2026-05-01 --first 2026-09-01 \\\n"
        "      --second 2026-11-01 --weight 3500g 4400g\n"
        "  neocalc velocity COHORT.csv -o OUT.csv --baseline administered_on"
    )


def run_velocity(options: argparse.Namespace) -> int:
    """Velocity of one infant, or of a file."""
    foreign = OF_ONE if options.input is not None else OF_FILES
    for name in foreign:
        if getattr(options, name) not in NOT_GIVEN:
            whose = "one infant" if options.input is not None else "a cohort file"
            here = "here is a file" if options.input is not None else "no file is named"
            raise FileError(f"--{name.replace('_', '-')}: is of {whose}; {here}")
    if options.input is None:
        return run_infant(options)
    from neocalc.cli.followup import run_file

    return run_file(options, _rules(options))


def run_infant(options: argparse.Namespace) -> int:
    """Everything that exists for two visits of one infant."""
    policy, rules = policy_of(options), _rules(options)
    if options.reference != "auto":
        raise FileError("--reference: of one infant the policy chooses the reference")
    sex = ("female", "male")[sex_code(options.sex)]
    ages = _ages(options)
    for name in ("first_position", "second_position"):
        try:
            position_code(getattr(options, name))
        except InputError as error:
            raise InputError(name, error.given, error.accepted) from error
    found = {}
    for option, (measure, example) in MEASURES.items():
        given = getattr(options, option)
        if given is None:
            continue
        try:
            found[measure] = given, zones(
                measure, first=given[0], second=given[1], sex=sex, first_age=ages[0],
                second_age=ages[1], first_position=options.first_position,
                second_position=options.second_position, oedema=options.oedema,
                start=rules.start, tolerance=rules.tolerance, restricted=rules.restricted,
                change_limits=rules.change_limits, policy=policy,
            )  # fmt: skip
        except InputError as error:
            raise _as_typed(error, option, example, options) from error
    if not found:
        raise MissingError("measurement", f"give one of --{', --'.join(MEASURES)}, two of each")
    if options.json:
        results = [
            facts(measure, result) | {"measurements": given}
            for measure, (given, result) in found.items()
        ]
        first, second = map(age_facts, ages)
        about = {"sex": sex, "first_age": first, "second_age": second}
        print_json(about | {"policy": policy.describe(), "results": results})
    else:
        _print(sex, ages, found, policy)
    return 0


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
            "chart_step": None if math.isnan(change.chart_step) else change.chart_step,
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


def _print(sex: str, ages: tuple[Age, Age], found: dict[str, Any], policy: Policy) -> None:
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
        print(f"\n{title}: {given[0]} to {given[1]}. Zone {result.zone}: {ZONES[result.zone]}.")
        for line in _lines(result):
            print(f"  {line}")
    print(f"\nPolicy: {policy.describe()}.")


def _lines(found: Zones) -> list[str]:
    """What exists for one measure, in sentences."""
    lines = []
    velocity, change = found.velocity, found.change
    if velocity is not None:
        gained = f"{velocity.increment_figure:+.1f}".removesuffix(".0")
        scaled = plain_number(velocity.increment_figure * velocity.scaled, 1)
        unit = SHOWN_UNITS[velocity.measure]
        text = (
            f"Velocity z {z_text(velocity.z)}, centile {centile_text(velocity.z, velocity.centile)}"
            f": {gained} {unit} in {velocity.interval_days} days, taken as {scaled} {unit} in"
            f" {velocity.nominal_months} months ({velocity.status})."
        )
        lines.append(text)
        lines.append(
            f"By the WHO's increments of 2009 from {plain_number(velocity.start_age, 2)} months of"
            f" {velocity.age_basis} age, {velocity.method}."
        )
    if change is not None:
        lines.append(
            f"Change in z {_signed(change.change)}: from {z_text(change.first_z)}"
            f" ({change.first_reference}) to {z_text(change.second_z)}"
            f" ({change.second_reference}), {_signed(change.per_week, 3)} per week"
            f" ({change.status})."
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
        lines.append(f"Gain {rate} {gain.unit}{how} ({gain.status}).")
    lines += [f"No {name}: {why}." for name, why in found.absent.items()]
    return lines


def _signed(value: float, decimals: int = 2) -> str:
    """A number with its sign."""
    text = plain_number(value, decimals)
    return text if text.startswith("-") or text == "0" else f"+{text}"


def _rules(options: argparse.Namespace) -> Rules:
    """The decisions that the options ask for."""
    if not re.fullmatch(r"[0-9]{0,3}\.?[0-9]{1,6}", options.tolerance):
        raise InputError("--tolerance", options.tolerance, "a share such as 0.1")
    restricted = False if options.plain else None
    tolerance, limits = float(options.tolerance), options.change_limits
    return Rules(options.start, tolerance, restricted, change_limits=limits)


def _ages(options: argparse.Namespace) -> tuple[Age, Age]:
    """The ages at the two visits."""
    by_days = options.first_days, options.second_days
    if any(days is not None for days in by_days):
        for name in ("born", "first", "second"):
            if getattr(options, name) is not None:
                raise AgeError(f"--{name}", getattr(options, name), "dates, or days; not both")
        first, second = (_age_of(f"--{which}-days", options) for which in ("first", "second"))
        return first, second
    for name in ("born", "first", "second"):
        given = getattr(options, name)
        if given is None:
            raise MissingError(f"--{name}", "give the date as YYYY-MM-DD", status="missing_age")
        try:
            date_number(given)
        except InputError as error:
            raise AgeError(f"--{name}", given, error.accepted) from error
    return _age_at("first", options), _age_at("second", options)


def _age_of(option: str, options: argparse.Namespace) -> Age:
    """The age at one of the visits, from its days."""
    days = getattr(options, option.removeprefix("--").replace("-", "_"))
    if days is None:
        raise MissingError(option, "give whole days since birth", status="missing_age")
    return Age.from_days(whole_days(option, days), options.gestation)


def _age_at(which: str, options: argparse.Namespace) -> Age:
    """The age at one of the visits, from its date."""
    date = getattr(options, which)
    try:
        return Age(options.born, date, options.gestation)
    except AgeError as error:  # both are dates: it is before birth
        raise AgeError(f"--{which}", date, "a date on or after the day of birth") from error


def _as_typed(
    error: InputError, option: str, example: str, options: argparse.Namespace
) -> InputError:
    """An error under the name of the option."""
    if error.argument in ("first", "second"):
        two = f"two measurements with units, such as {example}"
        if isinstance(error, MissingError):
            return MissingError(f"--{option}", two)
        accepted = two if isinstance(error, UnitError) else error.accepted
        return InputError(f"--{option}", error.given, accepted, status=error.status)
    if error.argument == "second_age":
        if options.second is None:
            return AgeError("--second-days", options.second_days, error.accepted)
        return AgeError("--second", options.second, error.accepted)
    return error
