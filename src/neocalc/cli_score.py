"""`neocalc score`: a cohort file."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

from neocalc.batch import score_file
from neocalc.cli import add_json, add_policy, policy_of, print_json
from neocalc.cohort import plan
from neocalc.errors import FileError
from neocalc.files import STANDARD, Source, refuse_existing


def configure_score(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc score`."""
    add_files(parser)
    parser.add_argument("--centiles", action="store_true", help="add the centile of each index")
    parser.add_argument(
        "--uncorrected", action="store_true", help="add the z at chronological age of each index"
    )
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc score COHORT.csv -o SCORED.csv\n"
        "  neocalc score EXPORT.csv -o SCORED.parquet --column weight_kg=WT "
        "--sex-codes male=1,female=2\n"
        "  cat COHORT.csv | neocalc score - -o - > SCORED.csv"
    )


def add_files(parser: argparse.ArgumentParser) -> None:
    """Options of a command from file to file."""
    parser.add_argument("input", metavar="COHORT", help=".csv or .parquet; - for standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help=".csv or .parquet; - for standard output",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument(
        "--strict", action="store_true",
        help="exit status 1 when a status is not ok or missing_value",
    )  # fmt: skip
    parser.add_argument(
        "--column", metavar="NAME=COLUMN", action="append", default=[],
        help="a canonical column under another name, weight_kg=WT; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="FILE",
        help="a TOML file with [columns] and [sex_codes] instead",
    )  # fmt: skip
    parser.add_argument("--sex-codes", metavar="CODES", help="male=1,female=2")
    parser.add_argument("--delimiter", metavar="CHARACTER", default=",", help="of a CSV; default ,")


def run_score(options: argparse.Namespace) -> int:
    """Score a file; print what came of it."""
    policy = policy_of(options)
    columns, sex_codes = mapping_of(options)
    refuse_output(options)
    with Source(options.input, delimiter=options.delimiter) as source:
        scoring = plan(
            source.columns,
            columns=columns,
            sex_codes=sex_codes,
            policy=policy,
            reference=options.reference,
            centiles=options.centiles,
            uncorrected=options.uncorrected,
            where=source.name,
        )
        summary = score_file(source, options.output, scoring, force=options.force, progress=True)
    if options.json:
        if options.output == STANDARD:
            raise FileError("--json: standard output is the scored table already")
        about: dict[str, Any] = {
            "rows": summary.rows,
            "seconds": round(summary.seconds, 3),
            "statuses": {index: dict(words) for index, words in summary.statuses.items()},
            "columns": scoring.mapped.names,
        }
        print_json(about)
    else:
        report(summary.describe(), scoring.mapped.names, options.output)
    return int(options.strict and summary.flagged > 0)


def report(summary: str, names: dict[str, str], path: str) -> None:
    """Print the mapping that was used and the summary, on standard error."""
    used = ", ".join(n if n == c else f"{n}={c}" for n, c in names.items())
    print(f"Columns: {used}", file=sys.stderr)
    print(summary, file=sys.stderr)
    if path != STANDARD:
        print(f"Written: {path} and {path}.json", file=sys.stderr)


def refuse_output(options: argparse.Namespace) -> None:
    """Refuse an output that exists or is the input, before any work is done."""
    if options.output == STANDARD:
        return
    target = Path(options.output)
    if options.input != STANDARD and target.exists() and target.samefile(options.input):
        raise FileError(f"{options.output}: is the input, which is never changed")
    if not target.parent.is_dir():
        raise FileError(f"{options.output}: there is no folder {target.parent}")
    refuse_existing(target, force=options.force)
    refuse_existing(Path(f"{options.output}.json"), force=options.force)


def mapping_of(options: argparse.Namespace) -> tuple[dict[str, str], dict[str, str] | None]:
    """The column mapping and sex codes that the options or the mapping file give."""
    columns: dict[str, str] = {}
    sex_codes: dict[str, str] | None = None
    if options.columns is not None:
        try:
            content = tomllib.loads(Path(options.columns).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise FileError(f"{options.columns}: {error}") from error
        unknown = sorted(set(content) - {"columns", "sex_codes"})
        if unknown or not all(isinstance(part, dict) for part in content.values()):
            raise FileError(f"{options.columns}: accepted: the sections [columns] and [sex_codes]")
        columns = {name: str(column) for name, column in content.get("columns", {}).items()}
        if "sex_codes" in content:
            sex_codes = {sex: str(code) for sex, code in content["sex_codes"].items()}
    for pair in options.column:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise FileError(f"--column {pair}: accepted: NAME=COLUMN, such as weight_kg=WT")
        columns[name] = column
    if options.sex_codes is not None:
        sex_codes = dict(
            pair.partition("=")[::2] for pair in options.sex_codes.replace(" ", "").split(",")
        )
    return columns, sex_codes
