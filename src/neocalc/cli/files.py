"""What the commands from file to file share: options, the mapping of columns, what is said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neocalc.errors import FileError
from neocalc.references import parse_toml


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


def report(summary: str, names: dict[str, str], path: str) -> None:
    """Print the mapping that was used and the summary, on standard error."""
    from neocalc.tables.inputs import STANDARD
    from neocalc.tables.mapping import GESTATION_COLUMNS

    used = ", ".join(n if n == c else f"{n}={c}" for n, c in names.items())
    print(f"Columns: {used}", file=sys.stderr)
    if not set(names) & set(GESTATION_COLUMNS):
        print("No gestational age: every age is chronological.", file=sys.stderr)
    print(summary, file=sys.stderr)
    if path != STANDARD:
        print(f"Written: {path} and {path}.json", file=sys.stderr)


def refuse_output(options: argparse.Namespace) -> None:
    """Refuse an output that exists or is the input, before any work is done."""
    from neocalc.tables.inputs import STANDARD
    from neocalc.tables.outputs import is_parquet, refuse_existing

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
