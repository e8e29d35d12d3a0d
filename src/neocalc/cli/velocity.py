"""`neocalc velocity`: two measurements of one infant, or the visits of a cohort file."""

from __future__ import annotations

import argparse
import re
from typing import Any, Final

from neocalc.ages.age import Age
from neocalc.cli import add_json, add_policy, policy_of, print_json
from neocalc.cli.files import VISITS_UNFLAGGED, add_files, add_prefix
from neocalc.cli.growth import age_facts, whole_days
from neocalc.cli.layouts import NAMES, add_layout
from neocalc.cli.velocity_text import facts, print_pair
from neocalc.errors import AgeError, FileError, InputError, MissingError, UnitError
from neocalc.reading.dates import date_number
from neocalc.reading.words import position_code, sex_code
from neocalc.velocity.increment_tables import STARTS
from neocalc.velocity.increments import Rules
from neocalc.velocity.intervals import BETWEEN
from neocalc.velocity.trial_zones import zones
from neocalc.velocity.visits import AGAINST

MEASURES: Final = {
    "weight": ("weight", "3500g 4400g"),
    "length": ("length", "52cm 56.5cm"),
    "head": ("head_circumference", "37cm 39.5cm"),
}
"""Options of two measurements, each with its measure and an example."""
OF_ONE: Final = (
    "sex", "gestation", "born", "first", "second", "first_days", "second_days", "weight", "length",
    "head", "first_position", "second_position", "oedema", "correlation", "correlation_source",
)  # fmt: skip
"""Options of one infant, which a file does not take."""
OF_FILES: Final = (
    "output", "force", "strict", "column", "columns", "sex_codes", "missing", "delimiter",
    "against", "baseline", "interval", "window", "ignore", "oedema_codes", "position_codes",
    "date_format", "decimal", "accept_failed_columns", "prefix", "sheet", "no_labels",
    "completed_weeks", "convert", *NAMES,
)  # fmt: skip
"""Options of a file, which one infant does not take."""
NOT_GIVEN: Final[tuple[Any, ...]] = (None, False, [], ",")
"""Values of options that have not been given."""


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
    infant.add_argument(
        "--correlation", metavar="R",
        help="of z between the two ages, from 0 to below 1; instead of the WHO tables' own",
    )  # fmt: skip
    infant.add_argument("--correlation-source", metavar="TEXT", help="its citation")
    files = parser.add_argument_group("a cohort file instead")
    files.add_argument(
        "--against", metavar="VISIT", help=f"{', '.join(AGAINST)}: with which each is compared"
    )
    files.add_argument("--baseline", metavar="COLUMN", help="with its date: administered_on")
    files.add_argument(
        "--interval", metavar="TIME", help="2mo: the earlier visit nearest to so long before"
    )
    files.add_argument(
        "--window", metavar="TIME", help="15d: how far from it; default a quarter of the interval"
    )
    add_files(parser, needed=False, unflagged=VISITS_UNFLAGGED)
    add_prefix(parser)
    add_layout(parser)
    rules = parser.add_argument_group("decisions where the WHO has no rule")
    rules.add_argument(
        "--start", metavar="WORD", default="interpolate", help=f"{' or '.join(STARTS)} (the first)"
    )
    rules.add_argument(
        "--tolerance", metavar="SHARE", default="0.1",
        help="how far below the shortest or above the longest width; default 0.1 of it",
    )  # fmt: skip
    rules.add_argument(
        "--between", metavar="WORD", default="interpolate",
        help=f"{' or '.join(BETWEEN)} (to the nearest): an interval between two widths",
    )  # fmt: skip
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
        "  neocalc velocity COHORT.csv -o OUT.csv --baseline administered_on\n"
        "  neocalc velocity COHORT.csv -o OUT.csv --against interval --interval 2mo"
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
    correlation = _correlation(options)
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
                between=rules.between, r=correlation, r_source=options.correlation_source,
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
        print_pair(sex, ages, found, policy)
    return 0


def _rules(options: argparse.Namespace) -> Rules:
    """The decisions that the options ask for."""
    if not re.fullmatch(r"[0-9]{0,3}\.?[0-9]{1,6}", options.tolerance):
        raise InputError("--tolerance", options.tolerance, "a share such as 0.1")
    restricted = False if options.plain else None
    return Rules(
        options.start, float(options.tolerance), restricted, between=options.between,
        change_limits=options.change_limits,
    )  # fmt: skip


def _correlation(options: argparse.Namespace) -> float | None:
    """The caller's own correlation, with its source; None without."""
    r, source = options.correlation, options.correlation_source
    if r is None:
        if source is not None:
            raise MissingError("--correlation", "give the figure that the citation is of")
        return None
    if not re.fullmatch(r"0?\.[0-9]{1,6}|0", r):
        raise InputError("--correlation", r, "a figure from 0 to below 1, such as 0.85")
    if not (source or "").strip():
        raise MissingError("--correlation-source", "give the citation of the correlation")
    return float(r)


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
