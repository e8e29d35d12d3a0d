"""The commands: parse, call, print. A command loads only what it needs.

Exit status: 0 done; 1 a check failed; 2 wrong input, or a run that could not be completed, named in
one line on standard error; 128 and the number of the signal (130, 143) when it was stopped.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, NoReturn

from neocalc._version import __version__
from neocalc.ages.policy import DEFAULT, Policy
from neocalc.cli.streams import Streams
from neocalc.errors import MissingError, NeocalcError, PolicyError, TrialWarning, printable
from neocalc.files import runs

COMMANDS: Final = {
    "age": ("growth", "chronological, postmenstrual and corrected age"),
    "growth": ("growth", "z-scores of one infant"),
    "velocity": ("velocity", "growth velocity of one infant, or of a cohort's visits"),
    "dose": ("dose", "a dose of cells by body weight, with its checks"),
    "inspect": ("inspect", "what the columns of a file seem to be, and a mapping file to confirm"),
    "score": ("score", "z-scores of a cohort file"),
    "outcome": (
        "outcome",
        "the outcome of a trial: each subject at each target, the arms compared",
    ),
    "chart": ("chart", "growth charts of one infant or a cohort"),
    "report": ("report", "one page with charts and tables, of one infant or a cohort"),
    "references": ("references", "the reference tables: ranges, licences, checksums"),
    "verify": ("verify", "that this installation computes what was published"),
}
"""Each command with its module, which has `configure` and `run` under the command's name."""

_COMMAND: ContextVar[str] = ContextVar("command", default="")
"""The command that runs, which its answer names."""
FORMAT: Final = 1
"""The version of the form of answers and errors in JSON."""
RESULTS: Final = ("output", "html", "worksheet")
"""The options of a file that holds the whole result."""
LONGEST_MESSAGE: Final = 4_000
"""Characters of the longest message."""
EPILOG: Final = (
    "neocalc calculates; it does not prescribe. "
    "Example: neocalc growth --sex f --gestation 27+3 --born 2026-05-01 --on 2026-08-14 "
    "--weight 3100g"
)


class Once(argparse.Action):
    """An option that may be given once, and not empty.

    Of two weights neither is taken silently, and a variable of a script that holds nothing is not
    an option that was left out.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the value, unless it is blank or there is one from an earlier place."""
        assert isinstance(parser, Parser)
        blank = isinstance(values, str) and not values.strip()
        if blank and option_string not in (None, "--delimiter"):
            raise MissingError(str(option_string), "give a value, or leave the option out")
        if self.dest in parser.given:
            parser.error(f"{option_string} is given twice")
        parser.given.add(self.dest)
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose options are given once."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.given: set[str] = set()
        self.said = ""
        self.register("action", None, Once)
        # What begins like a number is a value, and is refused as one: -1kg.
        self._negative_number_matcher = re.compile(r"-\.?[0-9]")

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and leave with status 2."""
        self.said = one_line(message)
        self.exit(2, f"{self.prog}: {self.said} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is returned."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    runs.NOTES.clear()
    _ANSWERED.clear()
    with Streams() as streams:
        return streams.status(_status(given, streams))


def _status(given: list[str], streams: Streams) -> int:
    """The exit status of a command; what ends it is one line on standard error."""
    try:
        with _warnings_in_one_line():
            return _run(given, streams)
    except NeocalcError as error:
        said = one_line(str(error))
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        said = one_line(f"{where}{error.strerror or error}")
    except UnicodeEncodeError as error:
        quoted = error.object[max(0, error.start - 40) : error.end + 40]
        said = f"{one_line(repr(quoted))} is not Unicode text"
    except MemoryError:
        said = "there is not enough memory"
    except KeyboardInterrupt:
        print(f"neocalc: stopped; {runs.outcome(runs.NOTES)}", file=sys.stderr)
        return 130
    print(f"neocalc: {said}", file=sys.stderr)
    _print_error(given, said)
    return 2


def _print_error(given: list[str], said: str) -> None:
    """For a program that asked for JSON: what was wrong, where no answer was printed before."""
    piped = any(pair in (("-o", "-"), ("--output", "-")) for pair in pairwise(given))
    if "--json" in given and given[0] in COMMANDS and not (_ANSWERED or piped):
        about = _json_head(f"{given[0]} error") | {"exit_status": 2, "error": said}
        # Into a stream that is closed or full the line on standard error must be enough.
        with contextlib.suppress(OSError, ValueError):
            print(json.dumps(about, indent=2), flush=True)


_ANSWERED: Final[list[str]] = []
"""The command whose answer in JSON has been printed."""


def _json_head(kind: str) -> dict[str, Any]:
    """What every JSON object begins with."""
    return {"record": f"neocalc {kind}", "format": FORMAT, "neocalc": __version__}


@contextlib.contextmanager
def _warnings_in_one_line() -> Iterator[None]:
    """A file of another trial that was passed over is named on standard error."""

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if issubclass(category, TrialWarning):
            print(f"Notice: {one_line(str(message))}", file=sys.stderr)
        else:
            before(message, category, *place, **more)

    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always", TrialWarning)
        warnings.showwarning = show
        yield


def one_line(text: str) -> str:
    """A message without line breaks or control characters, and not endless, whatever it quotes."""
    short = text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}..."
    return printable(" ".join(short.split()))


def _run(given: list[str], streams: Streams) -> int:
    command = given[0] if given else ""
    parser = Parser()
    try:
        if command not in COMMANDS:
            return _top_level(given)
        module, about = COMMANDS[command]
        _COMMAND.set(command)
        loaded = import_module(f"neocalc.cli.{module}")
        parser = Parser(
            prog=f"neocalc {command}",
            description=about[0].upper() + about[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        getattr(loaded, f"configure_{command}")(parser)
        options = parser.parse_args(given[1:])
    except SystemExit as left:  # --help, or an error that has been printed
        if left.code == 2:
            _print_error(given, parser.said)
        return int(left.code or 0)
    files = [getattr(options, name, None) for name in RESULTS]
    streams.needed = options.json or all(file in (None, "-") for file in files)
    try:
        status: int = getattr(loaded, f"run_{command}")(options)
    except NeocalcError as error:
        argument, colon, rest = str(error).partition(":")
        name = getattr(loaded, "OPTION_OF", {}).get(argument, argument)
        if colon and name in vars(options):  # as it was typed
            error.args = (f"--{name.replace('_', '-')}:{rest}",)
        raise
    return status


def _top_level(given: list[str]) -> int:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items())
    parser = Parser(
        prog="neocalc",
        usage="neocalc COMMAND [options]",
        description="Growth z-scores at corrected age, growth velocity, doses per weight.\n\n"
        f"commands (each with --help):\n{listing}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="versions of package and tables")
    if given and not given[0].startswith("-"):
        parser.error(f"there is no command {given[0]!r}; accepted: {', '.join(COMMANDS)}")
    options = parser.parse_args(given)
    if options.version:
        from neocalc.references.catalogue import tables_digest

        print(f"neocalc {__version__}, tables {tables_digest()}")
    else:
        parser.print_help()
    return 0


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Add the options of the correction policy, the same on every command that scores."""
    group = parser.add_argument_group("policy")
    group.add_argument(
        "--preterm-reference",
        metavar="ID",
        help="fenton-2013 (default), fenton-2025, intergrowth-21st-preterm, or a folder",
    )
    group.add_argument("--term-reference", metavar="ID", help="who-2006 (default), or a folder")
    group.add_argument(
        "--school-age-reference",
        metavar="ID",
        help="from the day after the term reference ends: who-2007 (default), a folder, or none",
    )
    group.add_argument(
        "--handover",
        metavar="AGE",
        help="last age on the preterm reference; default 50w, of intergrowth-21st-preterm 64w",
    )
    group.add_argument("--preterm-below", metavar="GA", help="default 37+0")
    group.add_argument("--correct-until", metavar="AGE", help="corrected age; default 36mo")
    group.add_argument(
        "--require-position",
        action="store_true",
        help="a preterm child's length from 600 to 900 days corrected needs its position",
    )
    group.add_argument(
        "--reference", metavar="ID", default=DEFAULT, help="one reference whatever the age"
    )


def policy_of(options: argparse.Namespace) -> Policy:
    """The policy that the options ask for."""
    names = (
        "preterm_reference", "term_reference", "school_age_reference", "handover", "preterm_below",
        "correct_until",
    )  # fmt: skip
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    for name in ("preterm_reference", "term_reference", "school_age_reference", "handover"):
        if name in given and options.reference != DEFAULT:
            option = name.replace("_", "-")
            raise PolicyError(f"--{option}: --reference is one reference whatever the age")
    if given.get("school_age_reference") == "none":
        given["school_age_reference"] = None
    return Policy(**given, require_position=options.require_position)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add --json, the same on every command."""
    parser.add_argument("--json", action="store_true", help="for machines: one JSON object")


def print_json(about: dict[str, Any]) -> None:
    """Print one JSON object that says which command and version computed it."""
    from neocalc.references.catalogue import tables_digest

    head = _json_head(f"{_COMMAND.get()} answer") | {"tables": tables_digest()}
    text = json.dumps(head | about, indent=2, allow_nan=False)
    _ANSWERED.append(_COMMAND.get())
    print(text)


def print_rows(rows: list[list[str]]) -> None:
    """Print aligned columns, two spaces apart; the first row is the header."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip())
