"""`neocalc dose`: one dose, with its checks, a worksheet and an audit record."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from neocalc.ages.age import Age
from neocalc.cli import add_json, add_policy, one_line, policy_of
from neocalc.cli.growth import whole_days
from neocalc.errors import DoseRefused, FileError, InputError, MissingError

VALUES: Final = {
    "weight": "the dosing weight, 2.35kg or 2350g",
    "dose": 'without a trial, "1 million cells/kg"; with one, for comparison',
    "concentration": 'of all cells after thaw and wash, 5e6cells/mL or "5 million cells/mL"',
    "viable-concentration": "of viable cells; instead of --concentration and --viability",
    "viability": "92%% or 0.92",
    "release-viability": "for the check alone, where no viability is applied",
    "cells-per-vial": 'all cells at freezing, "10 million cells/vial"; with --recovery',
    "recovery": "share of cells after thaw, 80%%",
    "viable-cells-per-vial": "viable cells that a vial yields after thaw; instead of the two",
    "diluent-volume": "added to the vials that are pooled, 2mL",
    "vehicle": "with what the dose is diluted in the syringe",
    "vehicle-volume": "how much of it, 5mL",
    "flush-volume": "after the dose, 1mL",
    "dmso": "share of dimethyl sulfoxide in the product by volume, 10%%",
    "pump-step": "to which the pump can be set, 0.1mL/h",
    "planned-doses": "of the whole course, this one included",
    "graduation": "distance of two lines of the syringe, 0.01mL",
    "syringe-capacity": "what the syringe holds, 3mL",
    "dead-volume": "what stays behind in syringe and line, 0.1mL",
    "duration": "of the infusion, 30min",
    "rate": "of the infusion, 5mL/h; instead of --duration",
    "expires": "expiry of the product: a date, or a date and time",
    "thawed-on": "date and time of the thaw",
    "line-filter": "yes or no: whether a filter is in the line",
    "weighed-on": "date (and time) of the weighing",
    "weight-source": "measured, estimated, stated or historical",
    "last-weight": "the last weight before this one",
    "last-weighed-on": "its date",
    "subject": "the subject's id, repeated on everything printed",
    "identifier": "a second identifier of the infant",
    "prepared-by": "initials of who prepares",
    "enrolled-on": "date of enrolment, on which eligibility is judged",
    "counts": "viable or total: what the dose counts, where the protocol does not state it",
    "lot": "of the product",
    "donor": "of the product",
    "gate": "who confirmed, and when, that the arm is open, where the protocol has a gate",
}
"""Options that are handed on as they are, by name."""
FRACTIONS: Final = ("viability", "release_viability", "recovery", "dmso", "min_viability")
WORKSHEETS: Final = (".txt", ".html")


OPTION_OF: Final = {
    "reason": "override_reason",
    "doses_given": "given",
    "version": "protocol_version",
    "vials": "vial",
}
"""Arguments of the call that are typed under another name."""


def configure_dose(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc dose`."""
    parser.add_argument(
        "--site", metavar="FILE",
        help="defaults of the unit; without it NEOCALC_SITE, or neocalc.toml in this folder",
    )  # fmt: skip
    group = parser.add_argument_group("protocol")
    group.add_argument("--trial", metavar="ID", help="NCT03558334, or the path of a definition")
    group.add_argument("--protocol-version", metavar="NAME", help="where a trial has several")
    group.add_argument("--arm", metavar="NAME", help="of the trial; its dose is given")
    group = parser.add_argument_group("dose, product, syringe (each value with its unit)")
    for option, text in VALUES.items():
        group.add_argument(f"--{option}", metavar="VALUE", help=text)
    group.add_argument(
        "--vial", metavar="VIAL", action="append",
        help='"12 million cells, 92%%, 1 mL" after thaw; repeated for each vial that is pooled',
    )  # fmt: skip
    group.add_argument(
        "--split-syringes", action="store_true", help="fill more syringes where one is too small"
    )
    group.add_argument("--rounding", metavar="RULE", help="nearest line (default), or down")
    group = parser.add_argument_group("infant, for the weight's z-score")
    group.add_argument("--sex", metavar="SEX", help="female, male, f or m; there is no default")
    group.add_argument("--gestation", metavar="GA", help="gestation at birth, 27+3")
    group.add_argument("--born", metavar="DATE", help="date of birth, 2026-05-01")
    group.add_argument("--age-days", metavar="N", help="instead of it: whole days since birth")
    group.add_argument("--pma", metavar="PMA", help="or postmenstrual age, 42+3, with --gestation")
    group.add_argument("--on", metavar="DATE", help="date of the dose, or date and time")
    group = parser.add_argument_group("doses before this one")
    group.add_argument(
        "--given", metavar="DATE=DOSE", action="append",
        help='"2026-08-07=1 million cells/kg"; may be repeated',
    )  # fmt: skip
    group.add_argument("--none-given", action="store_true", help="this is the first dose")
    group = parser.add_argument_group("limits that the protocol states and the trial's file lacks")
    for name in _limits():
        group.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE")
    group = parser.add_argument_group("soft stops (a hard stop cannot be passed)")
    group.add_argument("--override-reason", metavar="TEXT", help="why a soft stop is passed")
    group.add_argument("--second-person", metavar="INITIALS", help="who else has looked at it")
    group.add_argument("--seen", metavar="CODE", help="of the stops, as their refusal says it")
    group = parser.add_argument_group("second person")
    group.add_argument(
        "--second-check", action="store_true",
        help="a second person types initials, weight and count, and neocalc compares them",
    )  # fmt: skip
    add_policy(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--worksheet", metavar="FILE", help="a printable sheet, .txt or .html")
    group.add_argument("--force", action="store_true", help="replace an existing worksheet")
    group.add_argument("--audit", metavar="FILE", help="add the audit record, one line of JSON")
    add_json(parser)
    parser.epilog = (
        "Checks that cannot be made for want of an input are listed as not made. Exit status: 0 "
        "done,\n1 a hard stop, or a soft stop without a reason and a second person, 2 wrong "
        "input.\n\nexamples:\n"
        '  neocalc dose --trial NCT03558334 --arm A --weight 3.1kg --concentration "5 million '
        'cells/mL" \\\n      --viability 92% --sex f --gestation 27+3 --born 2026-05-01 '
        "--on 2026-08-14 \\\n      --graduation 0.01mL --worksheet dose.html\n"
        '  neocalc dose --dose "1 million cells/kg" --weight 2350g \\\n'
        '      --viable-concentration "2 million cells/mL" --json'
    )


def run_dose(args: argparse.Namespace) -> int:
    """Prepare the dose; print it, or why there is none."""
    from neocalc.dose import audit, prepare

    site = _site(args)
    _refuse_outputs(args)
    try:
        result: Any = prepare(**_arguments(args), site=site)
    except DoseRefused as error:
        result = error
    about = audit.record(result)
    if args.audit is not None:
        audit.append(args.audit, about)
    refused = isinstance(result, DoseRefused)
    if args.worksheet is not None and not refused:
        _write_worksheet(args, result)
    if args.json:
        print(json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False))
    elif not refused:
        print(result.describe())
    if refused:
        said = str(result)
        if args.worksheet is not None and Path(args.worksheet).exists():
            said += f"; {args.worksheet} is the sheet of an earlier dose"
        print(f"neocalc dose: {one_line(said)}", file=sys.stderr)
    return int(refused)


def _site(args: argparse.Namespace) -> Any:
    """The unit's defaults, with trial, version and audit trail where none is typed."""
    from neocalc.dose.sites import find_site

    site = find_site(args.site)
    if site is None:
        return None
    own_trial = args.trial is None and args.dose is None
    for name, text in site.texts.items():
        of_trial = name in ("trial", "protocol_version")
        if getattr(args, name) is None and (own_trial or not of_trial):
            setattr(args, name, text)
    return site


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `neocalc.dose.prepare` that the options give."""
    given = {
        name: getattr(args, name)
        for name in (option.replace("-", "_") for option in VALUES)
        if getattr(args, name) is not None
    }
    for name in FRACTIONS[:-1]:
        if name in given:
            given[name] = typed_fraction(given[name])
    if args.weight is None:
        raise MissingError("weight", "give the dosing weight with its unit, 2.35kg")
    return given | {
        "arm": _arm(args),
        "on": args.on,
        "sex": args.sex,
        "age": _age(args),
        "doses_given": _given(args),
        "limits": _stated_limits(args),
        "override": _override(args),
        "second_check": _second_check(args),
        "vials": args.vial,
        "split_syringes": args.split_syringes or None,
        "policy": policy_of(args),
        "reference": args.reference,
    }


def _arm(args: argparse.Namespace) -> Any:
    from neocalc.trials import load

    if args.trial is None:
        for name in ("arm", "protocol_version"):
            if getattr(args, name) is not None:
                raise MissingError("trial", f"--{name.replace('_', '-')} is that of a trial")
        return None
    if args.arm is None:
        raise MissingError("arm", "name the arm of the trial; there is no default")
    return load(args.trial, args.protocol_version).arm(args.arm)


def _age(args: argparse.Namespace) -> Age | None:
    """The age on the day of the dose, by one of its three forms."""
    from neocalc.ages.moments import moment

    forms = [name for name in ("born", "age_days", "pma") if getattr(args, name) is not None]
    if len(forms) > 1:
        said = "one of --born, --age-days and --pma"
        raise InputError(forms[1], getattr(args, forms[1]), said)
    if args.age_days is not None:
        return Age.from_days(whole_days("--age-days", args.age_days), args.gestation)
    if args.pma is not None:
        return _age_of_pma(args)
    if args.born is None:
        if args.gestation is not None:
            accepted = "with --gestation give the date of birth, 2026-05-01, or --age-days or --pma"
            raise MissingError("born", accepted)
        return None
    if args.on is None:
        raise MissingError("on", "with --born give the date of the dose, 2026-08-14")
    return Age(args.born, moment(args.on, "on").date, args.gestation)


def _age_of_pma(args: argparse.Namespace) -> Age:
    """The age from postmenstrual age and gestation at birth, each in weeks and days."""
    if args.gestation is None:
        raise MissingError("gestation", "with --pma give the gestation at birth, 27+3")
    match = re.fullmatch(r"([1-9][0-9]{1,2})(?:\+|w)([0-6])d?", args.pma.strip())
    if match is None:
        raise InputError("pma", args.pma, "weeks and days, such as 42+3")
    birth = int(Age.from_days(0, args.gestation).gestation_days[0])
    days = int(match[1]) * 7 + int(match[2]) - birth
    if days < 0:
        raise InputError("pma", args.pma, f"from the gestation at birth on ({args.gestation})")
    return Age.from_days(days, args.gestation)


def _given(args: argparse.Namespace) -> list[tuple[str, str]] | None:
    if args.given is None:
        return [] if args.none_given else None
    if args.none_given:
        raise InputError("none_given", "--none-given", "give --given or --none-given, not both")
    pairs = [tuple(entry.partition("=")[::2]) for entry in args.given]
    for entry, (_, dose) in zip(args.given, pairs, strict=True):
        if not dose:
            raise InputError("given", entry, 'DATE=DOSE, such as "2026-08-07=1 million cells/kg"')
    return pairs


def _limits() -> list[str]:
    """The limits that only a protocol can state: an option can add one, and loosen none."""
    from neocalc.dose.limits import OPTIONAL

    return sorted(OPTIONAL - {"dose", "line_filter"})


def _stated_limits(args: argparse.Namespace) -> Any:
    from neocalc.dose.limits import Limits

    stated: dict[str, Any] = {
        name: getattr(args, name) for name in _limits() if getattr(args, name) is not None
    }
    if "min_viability" in stated:
        stated["min_viability"] = typed_fraction(stated["min_viability"])
    for name in ("max_doses", "max_vials"):
        if name in stated:
            if not stated[name].isascii() or not stated[name].isdigit():
                raise InputError(name, stated[name], f"a whole number of {name[4:]}")
            stated[name] = int(stated[name])
    if args.rounding is not None:
        stated["rounding"] = args.rounding
    return Limits(**stated) if stated else None


def _override(args: argparse.Namespace) -> Any:
    from neocalc.dose.persons import Override

    names = ("override_reason", "second_person", "seen")
    if all(getattr(args, name) is None for name in names):
        return None
    for name in names:
        if getattr(args, name) is None:
            accepted = "a soft stop needs a reason, a second person and the code of its refusal"
            raise MissingError(name, accepted)
    return Override(args.override_reason, args.second_person, args.seen)


def _second_check(args: argparse.Namespace) -> Any:
    """What a second person types, asked for line by line; the first's figures are not shown."""
    from neocalc.dose.persons import SECOND, SecondCheck

    if not args.second_check:
        return None
    if args.prepared_by is None:
        raise MissingError("prepared_by", "who prepares: the second person must be another")
    if sys.stderr.isatty():  # pragma: no cover - a screen, from which the first's figures go
        print("\033[2J\033[3J\033[H", end="", file=sys.stderr)
    print(
        "Second person: read the scale and the certificate, not the other person's figures.",
        file=sys.stderr,
    )
    typed: dict[str, Any] = {"person": _asked("initials")}
    for name in SECOND:
        if getattr(args, name) is not None:
            value = _asked(name.replace("_", " "))
            typed[name] = typed_fraction(value) if name in FRACTIONS else value
    if args.vial is not None:
        typed["vials"] = [_asked(f"vial {i + 1}") for i in range(len(args.vial))]
    try:
        return SecondCheck(**typed)
    except InputError as error:
        said = error.accepted
        raise InputError("second_check", f"{error.argument} {error.given}", said) from error


def _asked(what: str) -> str:
    """One line of standard input."""
    print(f"{what}: ", end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        print(file=sys.stderr)
    if not line.strip():
        raise MissingError("second_check", f"{what}, as the second person reads it")
    return line.strip()


def typed_fraction(text: str) -> str | float:
    """A decimal fraction below 1 as the number it is; a percentage keeps its sign."""
    return float(text) if re.fullmatch(r"0?\.[0-9]+", text.strip()) else text


def _refuse_outputs(args: argparse.Namespace) -> None:
    """Refuse a worksheet that cannot be written, before anything is computed."""
    from neocalc.files.outputs import refuse_existing

    if args.worksheet is not None:
        path = Path(args.worksheet)
        if path.suffix.lower() not in WORKSHEETS:
            raise FileError(f"--worksheet: {path}: accepted: {' or '.join(WORKSHEETS)}")
        if args.audit is not None and os.path.realpath(path) == os.path.realpath(args.audit):
            raise FileError(f"--worksheet: {path} is the audit trail of --audit; give another file")
        refuse_existing(path, force=args.force)


def _write_worksheet(args: argparse.Namespace, plan: Any) -> None:
    from neocalc.dose import worksheet
    from neocalc.files.outputs import output

    page = worksheet.html if Path(args.worksheet).suffix.lower() == ".html" else worksheet.text
    with output(args.worksheet, force=args.force) as part:
        part.write_text(page(plan), encoding="utf-8")
