"""`neocalc verify`: whether this installation computes what was published."""

from __future__ import annotations

import argparse
from pathlib import Path

from neocalc.cli import add_json, print_json
from neocalc.errors import FileError, printable

PAGES = (".html", ".htm")


def configure_verify(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc verify`."""
    parser.add_argument(
        "--html", metavar="FILE", help="the report as one page, to print, sign and file"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing report")
    add_json(parser)
    parser.epilog = (
        "Nothing is read from the network and nothing is changed. Exit status: 0 everything that\n"
        "could be checked is right, 1 a check failed, 2 wrong input.\n\n"
        "examples:\n"
        "  neocalc verify\n"
        "  neocalc verify --html qualification.html"
    )


def run_verify(options: argparse.Namespace) -> int:
    """Check the installation; print the report."""
    from neocalc.verify import report as verify_report
    from neocalc.verify import verify

    if options.html is not None:
        from neocalc.files.outputs import refuse_existing

        path = Path(options.html)
        if path.suffix.lower() not in PAGES:
            raise FileError(f"--html: {path}: accepted: a file name that ends in .html")
        refuse_existing(path, force=options.force)
    report = verify()
    if options.html is not None:
        from neocalc.files.outputs import output

        with output(options.html, force=options.force) as part:
            part.write_text(verify_report.html(report), encoding="utf-8")
    if options.json:
        print_json(verify_report.about(report))
    else:
        print(verify_report.text(report), end="")
        if options.html is not None:
            print(printable(f"Written: {options.html}"))
    return int(not report.passed)
