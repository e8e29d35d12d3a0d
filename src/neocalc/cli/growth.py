"""`neocalc age` and `neocalc growth`: one infant, typed at the bedside."""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Iterator
from typing import Any, Final

from neocalc.ages.age import Age
from neocalc.ages.lengths import HEIGHT_FROM, POSITION_MATTERS, STANDING_FROM
from neocalc.ages.policy import DEFAULT, Policy, resolve, weeks_and_days
from neocalc.cli import add_json, add_policy, policy_of, print_json, print_rows
from neocalc.cli.beside import beside, print_beside
from neocalc.errors import AgeError, InputError, MissingError
from neocalc.growth.arguments import inputs_of
from neocalc.growth.scoring import body_mass_index
from neocalc.growth.zscores import ZScore, zscore
from neocalc.reading.dates import NOT_STATED, TERM, date_number
from neocalc.reading.units import figures_of
from neocalc.reading.words import STANDING, position_code, sex_code
from neocalc.references.catalogue import reference
from neocalc.references.files import MEASURES
from neocalc.text import NAMES, centile_text, plain, plain_number, z_text

OPTIONS: Final = {
    "weight": ("weight", "3100g or 3.1kg"),
    "length": ("length", "length or height, 49.5cm"),
    "head": ("head_circumference", "head circumference, 35.2cm"),
    "arm": ("arm_circumference", "arm circumference, 12.5cm"),
    "triceps": ("triceps_skinfold", "8.2mm"),
    "subscapular": ("subscapular_skinfold", "7.1mm"),
}
USUAL: Final = (154, 300)
"""Gestations outside 22w0d to 42w6d are accepted and pointed out [day]."""
NEAR: Final = 3
"""So many days from the gestation at which another chart begins it is pointed out [day]."""
_DERIVED: Final = ("bmi", "weight_for_length")
"""What follows from weight and length."""


def _add_infant(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--born", metavar="DATE", help="date of birth, 2026-05-01")
    parser.add_argument("--on", metavar="DATE", help="date of measurement")
    parser.add_argument("--age-days", metavar="N", help="instead of dates: whole days since birth")
    parser.add_argument(
        "--gestation", metavar="GA", help="gestation at birth, 27+3; without it no correction"
    )


def configure_age(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc age`."""
    _add_infant(parser)
    add_json(parser)
    parser.epilog = "example:\n  neocalc age --gestation 27+3 --born 2026-05-01 --on 2026-08-14"


def configure_growth(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc growth`."""
    parser.add_argument("--sex", metavar="SEX", help="female, male, f or m; there is no default")
    _add_infant(parser)
    group = parser.add_argument_group("measurements, each with its unit")
    for option, (_, text) in OPTIONS.items():
        group.add_argument(f"--{option}", metavar="VALUE", help=text)
    group.add_argument("--position", metavar="WORD", help="of the length: recumbent or standing")
    group.add_argument("--oedema", action="store_true", help="no z-score that contains weight")
    group.add_argument(
        "--uncorrected", action="store_true", help="also the z-scores at chronological age"
    )
    group.add_argument(
        "--all-references",
        action="store_true",
        help="also the z-score by every reference there is, side by side",
    )
    parser.add_argument(
        "--strict", action="store_true", help="exit status 1 when a status is not ok"
    )
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "BMI and weight-for-length follow when weight and length are given.\n\nexample:\n"
        "  neocalc growth --sex f --gestation 27+3 --born 2026-05-01 --on 2026-08-14 \\\n"
        "      --weight 3100g --length 49.5cm --head 35.2cm"
    )


def run_age(options: argparse.Namespace) -> int:
    """Print the ages."""
    age = infant_age(options)
    if options.json:
        print_json({"age": age_facts(age)})
    else:
        print_age(age)
    return 0


def run_growth(options: argparse.Namespace) -> int:
    """Print the z-scores of the measurements given."""
    policy = policy_of(options)
    age = infant_age(options)
    sex = ("female", "male")[sex_code(options.sex)]
    rows = list(_scored(options, sex, age, policy))
    if not rows:
        raise MissingError("measurement", f"give one of --{', --'.join(OPTIONS)}, with its unit")
    how = {"policy": policy.describe(options.reference)}
    if options.uncorrected:
        how["uncorrected"] = f"{_uncorrected(options, age, policy)} at chronological age"
    step = _step(age, policy) if options.reference == DEFAULT else ""
    if step:
        how["note"] = step
    taken = _position_taken(options, age, policy)
    if taken:
        how["position"] = taken
    if options.json:
        print_json({"sex": sex, "age": age_facts(age), **how, "results": rows})
        return _strict(options, rows)
    print(f"Sex                {sex}")
    print_age(age)
    print()
    header = ["Measure", "Value", "z", "Centile", "Reference", "Age basis", "Method", "Status"]
    header += ["z uncorrected"] if options.uncorrected else []
    print_rows([header] + [_cells(row) for row in rows])
    print()
    if options.all_references:
        print_beside(rows)
        print()
    for name, text in how.items():
        print(f"{name.capitalize()}: {text}.")
    return _strict(options, rows)


def _strict(options: argparse.Namespace, rows: list[dict[str, Any]]) -> int:
    """Exit status 1 where --strict is asked for and a measurement is not ok."""
    odd = [f"{row['measure']}: {row['status']}" for row in rows if row["status"] != "ok"]
    if not options.strict or not odd:
        return 0
    print(f"--strict: not ok: {', '.join(odd)}", file=sys.stderr)
    return 1


def _uncorrected(options: argparse.Namespace, age: Age, policy: Policy) -> str:
    """The reference of the z at chronological age."""
    name = policy.uncorrected_reference(options.reference)
    later = policy.school_age_from_day
    old = later is not None and int(age.days[0]) >= later
    if old and options.reference == DEFAULT and policy.school_age_reference is not None:
        name = policy.school_age_reference
    return reference(name).id


def infant_age(options: argparse.Namespace) -> Age:
    """The age that the options give."""
    if options.age_days is not None:
        if options.born is not None or options.on is not None:
            raise AgeError("--age-days", options.age_days, "either --age-days, or --born and --on")
        return Age.from_days(whole_days("--age-days", options.age_days), options.gestation)
    days = []
    for name in ("born", "on"):
        given = getattr(options, name)
        if given is None:
            raise MissingError(f"--{name}", "give the date as YYYY-MM-DD", status="missing_age")
        try:
            days.append(date_number(given))
        except InputError as error:
            raise AgeError(f"--{name}", given, error.accepted) from error
    if days[1] < days[0]:
        raise AgeError("--on", options.on, f"a date from birth on (--born {options.born})")
    return Age(options.born, options.on, options.gestation)


def whole_days(option: str, text: str) -> int:
    """An age as it is typed in whole days."""
    if not re.fullmatch("[0-9]{1,6}", text):
        raise AgeError(option, text, "whole days; 0 is the day of birth")
    return int(text)


def age_facts(age: Age) -> dict[str, Any]:
    """The ages as JSON: whole days, None where gestation is not stated."""
    days, gestation = int(age.days[0]), int(age.gestation_days[0])
    stated = gestation != NOT_STATED
    return {
        "gestation_days": gestation if stated else None,
        "is_preterm": age.is_preterm,
        "chronological_days": days,
        "postmenstrual_days": days + gestation if stated else None,
        "corrected_days": days + gestation - TERM if stated else None,
        "expected_date": str(age.expected_date) if age.expected_date else None,
    }


def print_age(age: Age) -> None:
    """Print the ages in days, and in weeks and days."""
    facts = age_facts(age)
    print(f"Gestation          {gestation_text(age)}")
    for name in ("chronological", "postmenstrual", "corrected"):
        days = facts[f"{name}_days"]
        if days is not None:
            sign = "-" if days < 0 else ""
            unit = "day" if abs(days) == 1 else "days"
            weeks = f"{sign}{weeks_and_days(abs(days))}"
            print(f"{name.capitalize() + ' age':<18} {days:,} {unit} ({weeks})")
    if facts["expected_date"]:
        print(f"Due date           {facts['expected_date']}")


def gestation_text(age: Age) -> str:
    """Gestation for people: whether it corrects, and whether it is unusual."""
    days = int(age.gestation_days[0])
    if days == NOT_STATED:
        return "not stated: no correction"
    kind = "preterm" if age.is_preterm else "not preterm"
    if not USUAL[0] <= days <= USUAL[1]:
        kind += "; outside 22w0d to 42w6d: check it"
    return f"{weeks_and_days(days)} ({kind})"


def _step(age: Age, policy: Policy) -> str:
    """That another chart begins some days of gestation away; empty where none does."""
    days, step = int(age.gestation_days[0]), policy.preterm_below_day
    if days == NOT_STATED or abs(days - step) > NEAR:
        return ""
    return (
        f"born {weeks_and_days(days)}: from {weeks_and_days(step)} of gestation on another chart "
        "holds, and an infant born a few days earlier or later has another z"
    )


def _position_taken(options: argparse.Namespace, age: Age, policy: Policy) -> str:
    """What was taken for the position of a length, where that is not simply what was typed."""
    if options.length is None:
        return ""
    day = int(resolve(age, policy, options.reference).who_day[0])
    if options.position is None:
        first, last = POSITION_MATTERS
        usual = (
            "standing, from 24 months on" if day >= HEIGHT_FROM else "recumbent, under 24 months"
        )
        return f"not stated; taken as {usual} (WHO)" if first <= day <= last else ""
    if position_code(options.position) == STANDING and day < STANDING_FROM:
        return "standing is not believed under 9 months: no 0.7 cm is added (WHO)"
    return ""


def _scored(
    options: argparse.Namespace, sex: str, age: Age, policy: Policy
) -> Iterator[dict[str, Any]]:
    """Each measurement given, and what follows from weight and length, with its z-scores."""
    given = {
        measure: getattr(options, option)
        for option, (measure, _) in OPTIONS.items()
        if getattr(options, option) is not None
    }
    names = {measure: f"--{option}" for option, (measure, _) in OPTIONS.items()}
    pairs = list(given.items())
    if "weight" in given and "length" in given:
        pairs += [("bmi", given["weight"]), ("weight_for_length", given["weight"])]
    uncorrected: dict[str, Any] = {
        "age": Age.from_days(int(age.days[0])),
        "reference": _uncorrected(options, age, policy),
    }
    asked: dict[str, Any] = {"age": age, "reference": options.reference}
    for measure, text in pairs:
        length = given["length"] if measure in _DERIVED else None
        more: dict[str, Any] = {
            "sex": sex,
            "length": length,
            "position": options.position,
            "policy": policy,
        }
        try:
            result = zscore(measure, text, oedema=options.oedema, **asked, **more)
            row = {"measure": measure, **_measured(measure, text, asked | more), **_facts(result)}
            if options.uncorrected:
                plain = zscore(measure, text, oedema=options.oedema, **uncorrected, **more)
                row["z_uncorrected"] = _or_none(plain.z)
            if options.all_references:
                row["all_references"] = beside(
                    measure, text, asked | more | {"oedema": options.oedema}
                )
        except InputError as error:
            if error.argument not in names:
                raise
            name = names[error.argument]
            if isinstance(error, MissingError):
                raise MissingError(name, error.accepted) from error
            raise InputError(name, error.given, error.accepted) from error
        yield row


def _measured(measure: str, text: str, more: dict[str, Any]) -> dict[str, Any]:
    """What was measured, in the unit in which it is scored: for the BMI, what it comes to."""
    if measure == "bmi":
        weight, status, _ = figures_of(text, "kg", "weight")
        inputs, _ = inputs_of(
            measure, weight, status, True, oedema=None, sex_codes=None, **more
        )  # fmt: skip
        return {"value": float(body_mass_index(inputs).value[0]), "unit": MEASURES[measure]}
    value = {"value": float(figures_of(text, MEASURES[measure], measure)[0][0])}
    row = value | {"unit": MEASURES[measure]}
    if measure == "weight_for_length":
        row["length_cm"] = float(figures_of(more["length"], "cm", "length")[0][0])
    return row


def _facts(result: ZScore) -> dict[str, Any]:
    """A result as JSON."""
    return {
        "z": _or_none(result.z),
        "centile": _or_none(result.centile),
        "reference": result.reference,
        "age_basis": result.age_basis,
        "method": result.method,
        "status": result.status,
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cells(row: dict[str, Any]) -> list[str]:
    value = f"{plain_number(row['value'], 2 if row['measure'] == 'bmi' else 6)} {row['unit']}"
    value += f" at {plain_number(row['length_cm'], 6)} cm" if "length_cm" in row else ""
    cells = [
        NAMES[row["measure"]], value, z_text(row["z"]), centile_text(row["z"], row["centile"]),
        row["reference"] or "-", row["age_basis"] or "-", row["method"] or "-",
        plain(row["status"]),
    ]  # fmt: skip
    return cells + ([z_text(row["z_uncorrected"])] if "z_uncorrected" in row else [])
