"""Write docs/commands.md: the help of every command.

::

    python scripts/commands_help.py
    python scripts/commands_help.py --check     exit status 1 when the page is not current
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Final

from neocalc import cli

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
WIDTH: Final = 100
"""Characters of a line of help, whatever the terminal."""
INTRODUCTION: Final = """\
# Commands

The help of every command, as it prints it. `neocalc` and `python -m neocalc` are the same. This
page is made by `python scripts/commands_help.py`.

Exit status: 0 done; 1 a check failed (a hard stop, a failed verification, `--strict` with flagged
rows); 2 wrong input, or a run that could not be completed, named in one line on standard error;
128 and the number of the signal (130 for Ctrl-C) when it was stopped.

The exit status is that of the work, whatever becomes of the standard streams: without them (cron,
`>&- 2>&-`) a file is written as with them, and a reader that leaves early (`| head -1`) is no
error. A result that standard output could not take (a full disk, or `>&-` where there is no file)
is exit status 2.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, _section("neocalc", [])]
    parts += [_section(f"neocalc {command}", [command]) for command in cli.COMMANDS]
    return "\n".join(parts)


def help_of(arguments: list[str]) -> str:
    """What a command prints for --help."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(WIDTH)
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            status = cli.main([*arguments, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    if status != 0:
        raise SystemExit(f"{' '.join(arguments)} --help left with status {status}")
    return out.getvalue().rstrip()


def _section(title: str, arguments: list[str]) -> str:
    return f"## {title}\n\n```text\n{help_of(arguments)}\n```\n"


if __name__ == "__main__":
    made = page()
    if "--check" in sys.argv[1:]:
        sys.exit(int(PAGE.read_text(encoding="utf-8") != made))
    PAGE.write_text(made, encoding="utf-8")
