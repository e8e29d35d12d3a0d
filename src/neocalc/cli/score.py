"""`neocalc score`: a cohort file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cli import add_json, add_policy, one_line, policy_of, print_json
from neocalc.cli.dose import add_once, typed_fraction
from neocalc.cohort import plan
from neocalc.errors import DoseRefused, FileError, InputError, MissingError
from neocalc.references import parse_toml
from neocalc.tables.batch import score_file
from neocalc.tables.files import STANDARD, Source, is_parquet, refuse_existing
from neocalc.tables.mapping import GESTATION_COLUMNS

if TYPE_CHECKING:
    from neocalc.dose import Dosing

DOSE_VALUES: Final = {
    "concentration": "of all cells after thaw and wash, 5e6cells/mL; without it no volume",
    "viable-concentration": "of viable cells; instead of --concentration and --viability",
    "viability": "92%% or 0.92",
    "release-viability": "for the check alone, where no viability is applied",
}
"""The product of `--dose`, with the options of `neocalc dose`."""


def configure_score(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc score`."""
    add_files(parser)
    parser.add_argument("--centiles", action="store_true", help="add the centile of each index")
    parser.add_argument(
        "--uncorrected", action="store_true", help="add the z at chronological age of each index"
    )
    _add_dose(parser)
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc score COHORT.csv -o SCORED.csv\n"
        "  neocalc score EXPORT.csv -o SCORED.parquet --column weight_kg=WT "
        "--sex-codes male=1,female=2\n"
        "  cat COHORT.csv | neocalc score - -o - > SCORED.csv\n"
        "  neocalc score COHORT.csv -o DOSES.csv --dose NCT03558334:A --concentration 5e6cells/mL "
        "--viability 92%"
    )


def _add_dose(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "dose of each row, for planning (a dose is prepared one by one: neocalc dose)"
    )
    about = "NCT03558334:A, or the path of a definition and an arm"
    add_once(group, "--dose", "TRIAL:ARM", help=about)
    add_once(group, "--protocol-version", "NAME", help="where a trial has several")
    for option, text in DOSE_VALUES.items():
        add_once(group, f"--{option}", "VALUE", help=text)


def _dosing(options: argparse.Namespace) -> Dosing | None:
    """The dose that the options ask for, checked before any row is read."""
    names = [option.replace("-", "_") for option in DOSE_VALUES]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.dose is None:
        for name in [*given, *(["protocol_version"] if options.protocol_version else [])]:
            raise MissingError("dose", f"--{name.replace('_', '-')} is that of a dose: TRIAL:ARM")
        return None
    from neocalc.dose import Dosing
    from neocalc.trials import load

    trial, _, arm = options.dose.rpartition(":")
    if not trial or not arm:
        raise InputError("dose", options.dose, "TRIAL:ARM, such as NCT03558334:A")
    for name in ("viability", "release_viability"):
        if name in given:
            given[name] = typed_fraction(given[name])
    return Dosing(arm=load(trial, options.protocol_version).arm(arm), **given)


def add_files(
    parser: argparse.ArgumentParser, *, needed: bool = True, unflagged: str = "ok or missing_value"
) -> None:
    """Options of a command from file to file.

    `needed`: that it is always of files; `unflagged`: the statuses that --strict lets pass.
    """
    parser.add_argument(
        "input",
        metavar="COHORT",
        nargs=None if needed else "?",
        help=".csv or .parquet; - for standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=needed,
        help=".csv or .parquet; - for standard output",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument(
        "--strict", action="store_true",
        help=f"exit status 1 when a status is not {unflagged}",
    )  # fmt: skip
    parser.add_argument(
        "--column", metavar="NAME=COLUMN", action="append", default=[],
        help="a canonical column under another name, weight_kg=WT; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="FILE",
        help="a TOML file with [columns], [sex_codes] and missing instead",
    )  # fmt: skip
    parser.add_argument("--sex-codes", metavar="CODES", help="male=1,female=2")
    parser.add_argument(
        "--missing", metavar="WORDS", help="words for a missing value beside an empty field, NA,-99"
    )
    parser.add_argument(
        "--delimiter", metavar="CHARACTER", default=",",
        help="of a CSV: one character, or tab; default ,",
    )  # fmt: skip


def run_score(options: argparse.Namespace) -> int:
    """Score a file; print what came of it."""
    policy = policy_of(options)
    columns, sex_codes = mapping_of(options)
    try:
        dose = _dosing(options)
    except DoseRefused as error:
        print(f"neocalc score: {one_line(str(error))}", file=sys.stderr)
        return 1
    refuse_output(options)
    with Source(options.input, delimiter=options.delimiter) as source:
        scoring = plan(
            source.columns,
            columns=columns,
            sex_codes=sex_codes,
            missing=missing_of(options),
            policy=policy,
            reference=options.reference,
            centiles=options.centiles,
            uncorrected=options.uncorrected,
            dose=dose,
            where=source.name,
        )
        summary = score_file(
            source, options.output, scoring, force=options.force, progress=True,
            more={"dose": None if dose is None else dose.record()},
        )  # fmt: skip
    if dose is not None:
        print(f"Dose: {dose.describe()}", file=sys.stderr)
    report(summary.describe(), scoring.mapped.names, options.output)
    if options.json:
        about: dict[str, Any] = {
            "rows": summary.rows,
            "seconds": round(summary.seconds, 3),
            "statuses": summary.counts,
            "columns": scoring.mapped.names,
        }
        print_json(about)
    if options.strict and summary.flagged:
        flagged = f"{summary.flagged:,}"
        print(f"--strict: statuses other than ok and missing_value: {flagged}", file=sys.stderr)
        return 1
    return 0


def report(summary: str, names: dict[str, str], path: str) -> None:
    """Print the mapping that was used and the summary, on standard error."""
    used = ", ".join(n if n == c else f"{n}={c}" for n, c in names.items())
    print(f"Columns: {used}", file=sys.stderr)
    if not set(names) & set(GESTATION_COLUMNS):
        print("No gestational age: every age is chronological.", file=sys.stderr)
    print(summary, file=sys.stderr)
    if path != STANDARD:
        print(f"Written: {path} and {path}.json", file=sys.stderr)


def refuse_output(options: argparse.Namespace) -> None:
    """Refuse an output that exists or is the input, before any work is done."""
    is_parquet(options.output)
    if options.output == STANDARD:
        if options.json:
            raise FileError("--json: standard output is the table already; give -o FILE")
        return
    for path in (options.output, f"{options.output}.json"):
        refuse_existing(Path(path), force=options.force, read=options.input)


def mapping_of(options: argparse.Namespace) -> tuple[dict[str, str], dict[str, str] | None]:
    """The column mapping and sex codes that the options or the mapping file give."""
    columns: dict[str, str] = {}
    sex_codes: dict[str, str] | None = None
    if options.columns is not None:
        content = _mapping_file(options.columns)
        columns, sex_codes = content["columns"], content.get("sex_codes")
    given = _pairs("--column", options.column, "weight_kg=WT")
    if options.sex_codes is not None:
        codes = _pairs("--sex-codes", options.sex_codes.split(","), "male=1,female=2")
        sex_codes = {sex: code.strip() for sex, code in codes.items()}
    return columns | given, sex_codes


def missing_of(options: argparse.Namespace) -> list[str]:
    """The words for a missing value that the options or the mapping file give."""
    if options.missing is not None:
        return [word.strip() for word in options.missing.split(",")]
    words: list[str] = _mapping_file(options.columns)["missing"] if options.columns else []
    return words


def _mapping_file(path: str) -> dict[str, Any]:
    """What a TOML file says of the columns."""
    try:
        content = parse_toml(Path(path).read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: is not TOML: {error}") from error
    shape = {"columns": dict, "sex_codes": dict, "missing": list}
    for name, part in content.items():
        words = part.values() if isinstance(part, dict) else part
        if not isinstance(part, shape.get(name, ())) or not all(
            isinstance(word, (str, int)) for word in words
        ):
            raise FileError(
                f'{path}: {name}; accepted: [columns] with lines such as weight_kg = "WT",'
                ' [sex_codes] with male = 1 and female = 2, and missing = ["NA", "-99"]'
            )
    return {"columns": {}, "missing": []} | {
        name: list(map(str, part))
        if isinstance(part, list)
        else {key: str(word) for key, word in part.items()}
        for name, part in content.items()
    }


def _pairs(option: str, given: Iterable[str], example: str) -> dict[str, str]:
    """NAME=VALUE pairs, each name once."""
    pairs: dict[str, str] = {}
    for text in given:
        name, _, value = text.partition("=")
        name = name.strip()
        if not name or not value.strip():
            raise FileError(f"{option}: {text!r} is not accepted; such as {example}")
        if name in pairs:
            raise FileError(f"{option}: {name} is given twice")
        pairs[name] = value
    return pairs
