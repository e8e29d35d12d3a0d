"""What the commands from file to file share: options, the mapping of columns, what is said."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cli import one_line
from neocalc.errors import FileError, printable
from neocalc.references.files import parse_toml
from neocalc.references.shipped import read_small

if TYPE_CHECKING:
    from neocalc.cohort.run import Summary
    from neocalc.files.sources import Source
VISITS_UNFLAGGED: Final = "ok, missing_value or first_visit"
"""Statuses of pairs of visits that need no query: every child has a first visit."""
READ: Final = ".csv, .csv.gz, .parquet, .xlsx, .sas7bdat, .xpt, .sav or .dta"
"""The files that are read."""


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
        help=f"{READ}; - for standard input",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=needed,
        help=".csv, .csv.gz, .parquet, .xlsx, .sav or .dta; - for standard output",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing output")
    parser.add_argument(
        "--strict", action="store_true",
        help=f"exit status 1 when a status is not {unflagged}",
    )  # fmt: skip
    add_reading(parser)


def add_reading(parser: Any) -> None:
    """Options of how the columns and words of a file are read, the same on every command."""
    parser.add_argument(
        "--column", metavar="NAME=COLUMN", action="append", default=[],
        help="a canonical column under another name, weight_kg=WT; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="FILE",
        help="a TOML file with [columns], [sex_codes], missing and the like instead",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", metavar="COLUMN", action="append", default=[],
        help="a column that looks like one of ours and is left out on purpose; may be repeated",
    )  # fmt: skip
    parser.add_argument("--sex-codes", metavar="CODES", help="male=1,female=2")
    parser.add_argument("--oedema-codes", metavar="CODES", help="yes=1,no=0")
    parser.add_argument("--position-codes", metavar="CODES", help="recumbent=1,standing=2")
    parser.add_argument(
        "--missing", metavar="WORDS", action="append", default=[],
        help="words for a missing value beside an empty field, NA,-99, or of one column,"
        " weight_g=999,9999; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--date-format", metavar="FORM",
        help="of dates whose order is in doubt, %%d/%%m/%%Y; YYYY-MM-DD is read without",
    )  # fmt: skip
    parser.add_argument("--decimal", metavar="MARK", help="between whole and decimals; default .")
    parser.add_argument(
        "--completed-weeks", metavar="WHERE",
        help="what gestational_age_weeks without days stands for: start (27 is 27+0) or middle"
        " (27+3)",
    )  # fmt: skip
    parser.add_argument(
        "--convert",
        action="store_true",
        help="convert pounds, ounces, feet and inches: weight_lb, length_in, and units of layouts",
    )
    parser.add_argument(
        "--delimiter", metavar="CHARACTER", default=",",
        help="of a CSV: one character, or tab; default ,",
    )  # fmt: skip
    add_file_kinds(parser)
    parser.add_argument(
        "--accept-failed-columns", action="store_true",
        help="exit status 0 although a column failed as a whole",
    )  # fmt: skip


def add_file_kinds(parser: Any) -> None:
    """Options of how files of single programs are read."""
    parser.add_argument(
        "--sheet", metavar="NAME", help="of an Excel workbook: the sheet that is read"
    )
    parser.add_argument(
        "--no-labels", action="store_true",
        help="of SPSS and Stata: the codes that the file stores, not their value labels",
    )  # fmt: skip


def source_of(options: argparse.Namespace) -> Source:
    """The file that is read, as the options say."""
    from neocalc.files.sources import Source

    return Source(
        options.input,
        delimiter=options.delimiter,
        sheet=options.sheet,
        labels=not options.no_labels,
    )


def add_prefix(parser: argparse.ArgumentParser) -> None:
    """The option of what stands before the names of added columns."""
    parser.add_argument("--prefix", metavar="TEXT", help="before each added column, nc_")


def say_columns(names: dict[str, str]) -> None:
    """Print the mapping that was used, and that ages are not corrected, on standard error."""
    from neocalc.cohort.canonical import GESTATION_COLUMNS

    used = ", ".join(n if n == c else f"{n}={c}" for n, c in names.items())
    print(printable(f"Columns: {used}"), file=sys.stderr)
    if not set(names) & set(GESTATION_COLUMNS):
        print("No gestational age: every age is chronological.", file=sys.stderr)


def report(summary: str, names: dict[str, str], path: str) -> None:
    """Print the mapping that was used and the summary, on standard error."""
    from neocalc.files.inputs import STANDARD

    say_columns(names)
    print(summary, file=sys.stderr)
    if path != STANDARD:
        print(printable(f"Written: {path} and {path}.json"), file=sys.stderr)


def refuse_output(options: argparse.Namespace) -> None:
    """Refuse an output that exists or is the input, before any work is done."""
    from neocalc.files.inputs import STANDARD
    from neocalc.files.outputs import is_parquet, refuse_existing

    if not getattr(options, "observations", False):
        is_parquet(options.output)
    if options.output == STANDARD:
        if options.json:
            raise FileError("--json: standard output is the table already; give -o FILE")
        return
    for path in (options.output, f"{options.output}.json"):
        refuse_existing(Path(path), force=options.force, read=options.input)


def failed(summary: Summary, *, accepted: bool) -> int:
    """Say on standard error which columns failed as a whole; the exit status."""
    found = summary.failures
    for failure in found:
        print(f"Failed: {one_line(failure.text)}", file=sys.stderr)
    return int(bool(found) and not accepted)


def reading_of(options: argparse.Namespace) -> dict[str, Any]:
    """How the columns and words are read, as the options and the mapping file say.

    An option goes before what the file says of the same.
    """
    file: dict[str, Any] = {} if options.columns is None else _mapping_file(options.columns)
    given = pairs("--column", options.column, "weight_kg=WT")
    reading = {
        "columns": file.get("columns", {}) | given,
        "ignore": [*file.get("ignore", ()), *options.ignore],
        "missing": _missing(file.get("missing", {}), options.missing),
        "date_format": options.date_format or file.get("date_format"),
        "decimal": options.decimal or file.get("decimal", "."),
        "completed_weeks": options.completed_weeks or file.get("completed_weeks"),
        "convert": options.convert or file.get("convert", False),
    }
    for name, example in CODINGS.items():
        text = getattr(options, name)
        reading[name] = file.get(name)
        if text is not None:
            codes = pairs(f"--{name.replace('_', '-')}", text.split(","), example)
            reading[name] = {word: code.strip() for word, code in codes.items()}
    return reading


def _missing(file: dict[str, list[str]], given: list[str]) -> dict[str, list[str]]:
    """The words for a missing value of all columns and of single ones."""
    from neocalc.cohort.missing import ALL

    typed: dict[str, list[str]] = {}
    for text in given:
        name, equals, words = text.partition("=")
        if not equals:
            name, words = ALL, text
        if not words.strip() or not name.strip():
            raise FileError(f"--missing: {text!r} is not accepted; such as NA,-99 or weight_g=999")
        typed.setdefault(name.strip(), []).extend(word.strip() for word in words.split(","))
    return file | typed


CODINGS: Final = {
    "sex_codes": "male=1,female=2",
    "oedema_codes": "yes=1,no=0",
    "position_codes": "recumbent=1,standing=2",
}
"""The declared codings, each with an example."""
_SHAPES: Final[dict[str, Any]] = {
    "columns": dict, **dict.fromkeys(CODINGS, dict), "missing": (list, dict), "ignore": list,
    "date_format": str, "decimal": str, "completed_weeks": str, "convert": bool,
}  # fmt: skip
"""What a mapping file may hold."""
_ACCEPTED: Final = (
    'accepted: [columns] with lines such as weight_kg = "WT", [sex_codes] with male = 1 and female'
    ' = 2, [oedema_codes], [position_codes], missing = ["NA", "-99"] or [missing] with lines such'
    ' as weight_g = ["999"], ignore = ["Height"], date_format = "%d/%m/%Y", decimal = ","'
    ', completed_weeks = "start", convert = true'
)


def _mapping_file(path: str) -> dict[str, Any]:
    """What a TOML file says of the columns."""
    from neocalc.cohort.missing import ALL

    try:
        content = parse_toml(read_small(path).removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise FileError(f"{path}: is not TOML: {error}") from error
    for name, part in content.items():
        if not isinstance(part, _SHAPES.get(name, ())) or not _is_said(name, part):
            raise FileError(f"{path}: {name}; {_ACCEPTED}")
    read: dict[str, Any] = {}
    for name, part in content.items():
        if name == "missing":
            words = part if isinstance(part, dict) else {ALL: part}
            read[name] = {column: list(map(str, _listed(given))) for column, given in words.items()}
        elif isinstance(part, dict):
            read[name] = {word: str(code) for word, code in part.items()}
        else:
            read[name] = part
    return read


def _listed(words: Any) -> list[Any]:
    return words if isinstance(words, list) else [words]


def _is_said(name: str, part: Any) -> bool:
    """Whether what a mapping file says under a name are words and numbers."""
    if isinstance(part, (str, bool)):
        return True
    words = list(part.values()) if isinstance(part, dict) else part
    if name == "missing" and isinstance(part, dict):
        words = [word for given in words for word in _listed(given)]
    kinds = str if name == "ignore" else (str, int, float)
    return all(isinstance(word, kinds) and not isinstance(word, bool) for word in words)


def pairs(option: str, given: Iterable[str], example: str) -> dict[str, str]:
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
