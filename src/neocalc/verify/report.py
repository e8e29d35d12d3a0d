"""The report of a qualification: for a terminal, for machines, and as a page to print and sign."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, Final

from neocalc import html as pages
from neocalc.errors import printable
from neocalc.verify.checks import FAILED, NOT_MADE, OUTCOMES, PASSED, Check, Report

TITLE: Final = "Qualification of a neocalc installation"
NOTICE: Final = "neocalc calculates; it does not prescribe. A clinician decides."
WIDTH: Final = 96
"""Characters in a line of what is said of the whole."""
SIGNATURES: Final = ("Performed by", "Reviewed by")
COVERED: Final = (
    "Covered: every table, reference.toml (ranges, limits, flags, methods), trial definition and "
    "published value, by SHA-256 (tables, reference.toml and definitions also whenever they are "
    "loaded); every file of the package, by the RECORD of its wheel; what this Python, NumPy and "
    "SciPy compute, by published values; a site's own definitions and references, that they can be "
    "used."
)
NOT_COVERED: Final = (
    "Not covered: Python and its packages beyond those values; compiled copies (.pyc), which "
    "Python may run in place of the code that was checked; what is changed after this run; and "
    "whoever can write to this installation: manifest, RECORD and this command could be changed "
    "with the rest. Compare version and digest with those of the release, on another machine."
)
CONFIDENCE: Final = (
    "Confidence: A printed by the publisher, or exact arithmetic; B computed from the official"
    " tables with an independent program; C as B, from a table read in two independent copies;"
    " D follows from a decision of neocalc."
)


def about(report: Report) -> dict[str, Any]:
    """The report as plain values, for JSON."""
    return {
        "passed": report.passed,
        "time_utc": report.time_utc,
        "seconds": round(report.seconds, 3),
        "environment": report.environment,
        "counts": report.counts,
        "sections": report.sections,
        "checks": [check._asdict() for check in report.checks],
        "covered": COVERED,
        "not_covered": NOT_COVERED,
    }


def verdict(report: Report) -> str:
    """What came of it, in one line.

    Examples
    --------
    >>> checks = (Check("sums", "1 + 1", "passed", "2", "2"),)
    >>> verdict(Report("0.1.0", "abc", "2026-11-22T09:00:00Z", 0.1, {}, checks))
    'PASSED: 1 passed, 0 failed, 0 not made'
    """
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in report.counts.items())
    return f"{'PASSED' if report.passed else 'FAILED'}: {counts}"


def text(report: Report) -> str:
    """The report for people: what was checked, the counts, then what did not pass."""
    lines = [*_aligned(_facts(report)), ""]
    head, counted = _counted(report)
    rows = [head, *counted]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for name, *counts in rows:
        cells = [f"{count:>{width}}" for count, width in zip(counts, widths[1:], strict=True)]
        lines.append("  ".join([f"{name:<{widths[0]}}", *cells]))
    for said in (COVERED, NOT_COVERED):
        lines += ["", *textwrap.wrap(said, WIDTH)]
    for outcome in (NOT_MADE, FAILED):
        for check in report.having(outcome):
            lines += ["", f"{outcome.upper()}  {check.section}: {check.name}"]
            lines += _aligned(_found(check), "    ")
    return "\n".join(map(printable, [*lines, "", verdict(report)])) + "\n"


def _facts(report: Report) -> list[tuple[str, str]]:
    return [
        ("neocalc", report.version),
        ("Tables", report.digest),
        ("Time (UTC)", report.time_utc),
        ("Took", f"{report.seconds:.1f} seconds"),
        *report.environment.items(),
    ]


def _counted(report: Report) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A header, and for each section how many checks have each outcome."""
    head = "Section", *(outcome.capitalize() for outcome in OUTCOMES)
    rows = [(name, *map(str, counts.values())) for name, counts in report.sections.items()]
    return head, rows


def _found(check: Check) -> list[tuple[str, str]]:
    if check.outcome == NOT_MADE:
        return [("wanted", check.expected), ("reason", check.actual)]
    found = [("expected", check.expected), ("found", check.actual), ("source", check.source)]
    return [pair for pair in found if pair[1]]


def _aligned(pairs: Sequence[tuple[str, str]], indent: str = "") -> list[str]:
    width = max(len(label) for label, _ in pairs)
    return [f"{indent}{label:<{width}}  {said}" for label, said in pairs]


def html(report: Report) -> str:
    """The report as one self-contained page, for the trial master file.

    Returns
    -------
    str
        HTML without scripts or anything loaded from elsewhere; every text in it is escaped.
    """
    parts = [
        pages.title(TITLE),
        pages.paragraph(verdict(report), "pass" if report.passed else "fail"),
        pages.heading("Installation"), _table([], _facts(report)),
        pages.heading("Sections"), _table(*_counted(report)),
        pages.heading("Signatures"), *(_signature(who) for who in SIGNATURES),
    ]  # fmt: skip
    others = [check for check in report.checks if check.outcome != PASSED]
    if others:
        parts += [pages.heading("Not passed"), _checks(others)]
    for section in report.sections:
        parts.append(pages.heading(section))
        parts.append(_checks(check for check in report.checks if check.section == section))
    said = (COVERED, NOT_COVERED, CONFIDENCE, NOTICE)
    parts += [pages.paragraph(one) for one in said]
    return pages.page(TITLE, parts, _STYLE)


def _checks(checks: Iterable[Check]) -> pages.Safe:
    rows = [
        (
            check.outcome, check.name, check.expected, check.actual,
            f"{check.source} [{check.confidence}]" if check.confidence else check.source,
        )
        for check in checks
    ]  # fmt: skip
    return _table(("Result", "Check", "Expected", "Found", "Source"), rows, kind="checks")


def _signature(who: str) -> pages.Safe:
    lines = " ".join(f"{what}: <span class=line></span>" for what in ("name", "date", "signature"))
    return pages.Safe(f"<p class=sign>{pages.bold(who)}<br>{lines}</p>\n")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "facts") -> pages.Safe:
    """A table whose first column is of our own words, and the others of what was found."""
    cells = [(row[0], *map(pages.free, row[1:])) for row in rows]
    return pages.table(head, cells, kind=kind)


_STYLE: Final = """
@page { margin: 12mm }
body { font: 8pt/1.3 sans-serif; max-width: 190mm; margin: auto }
h1 { font-size: 13pt; margin: 0 }
h2 { font-size: 10pt; margin: 3mm 0 1mm; break-after: avoid }
p { margin: 1mm 0 }
table { border-collapse: collapse; width: 100% }
tr { break-inside: avoid }
th, td { border-bottom: 0.2mm solid #999; padding: 0.3mm 2mm 0.3mm 0; vertical-align: top }
th, td { text-align: left }
.checks { table-layout: fixed; font-size: 7pt }
.checks th:nth-child(1) { width: 13mm }
.checks th:nth-child(2) { width: 36mm }
.checks th:nth-child(5) { width: 38mm }
.checks td { overflow-wrap: break-word }
.pass, .fail { font-size: 11pt; font-weight: bold; border: 0.4mm solid #000; padding: 1mm }
.fail { background: #000; color: #fff }
.line { display: inline-block; min-width: 48mm; border-bottom: 0.3mm solid #000 }
.sign { margin-top: 4mm; line-height: 3 }
"""
