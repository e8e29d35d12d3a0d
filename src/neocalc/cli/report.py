"""`neocalc report`: one self-contained HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from neocalc.cli import add_json, add_policy, print_json
from neocalc.cli.chart import (
    OPTION_OF,
    about,
    add_columns,
    add_output,
    add_picture,
    read_file,
    said,
    say_without_z,
    until_of,
)
from neocalc.cli.files import READ, failed
from neocalc.errors import FileError, InputError
from neocalc.files.outputs import output, refuse_existing, stopped_cleanly

__all__ = ["OPTION_OF", "configure_report", "run_report"]


def configure_report(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc report`."""
    parser.add_argument(
        "input", metavar="VISITS", help=f"{READ}, one row a visit; - for standard input"
    )
    add_output(parser, ".html")
    add_picture(parser)
    add_columns(parser)
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "One subject, or --subject: the infant's charts, z-scores and velocity. Several subjects:"
        "\nthe cohort by arm. The page needs no network; text from the data is escaped.\n\n"
        "examples:\n"
        "  neocalc report VISITS.csv -o REPORT.html\n"
        "  neocalc report COHORT.csv --subject 001-0001 --trial NCT03558334 -o REPORT.html"
    )


def run_report(options: argparse.Namespace) -> int:
    """Write a report."""
    from neocalc.report import Options, build

    if Path(options.output).suffix.lower() not in (".html", ".htm"):
        raise FileError(f"{options.output}: a report is written as .html")
    refuse_existing(Path(options.output), force=options.force, read=options.input)
    until = until_of(options)
    read = read_file(options)
    assert read.source is not None
    single = options.subject is not None or read.single
    of_one = ("administered_on", "trial", "trial_version", "sd")
    for name in ("arm",) if single else of_one:
        given = getattr(options, name)
        if given is not None and given is not False:
            raise InputError(name, given, "not for one infant" if single else "with --subject")
    summary = read.summary(options.subject, charted=True)
    chosen = Options(
        options.subject, options.arm, options.administered_on, options.trial,
        options.trial_version, "sd" if options.sd else "centiles", until,
    )  # fmt: skip
    with stopped_cleanly():
        page = build(read.table, read.scoring, read.source, chosen)
        with output(options.output, force=options.force) as part:
            part.write_text(page, encoding="utf-8")
    said(options, read, summary)
    say_without_z(summary)
    if options.json:
        print_json({"output": options.output, "subject": options.subject, **about(summary)})
    status = failed(summary, accepted=options.accept_failed_columns)
    return max(status, int(options.strict and summary.flagged > 0))
