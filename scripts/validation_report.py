"""Write docs/validation.md: how far neocalc agrees with everything it can be compared with.

::

    python scripts/validation_report.py
    python scripts/validation_report.py --peers OTHER/bin/python --peers ANOTHER/bin/python
    python scripts/validation_report.py --kept-peers

The other packages live in environments of their own (benchmarks/requirements-peers.txt says how
they are made); `--peers` names the Python of each, and without it those that are installed here are
compared. `--kept-peers` takes the last comparison again: docs/validation_peers.json.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from validation_compare import ask_peers, compare, peer_rows, reason
from validation_grid import LIMIT, Agreement, whole_grid
from validation_plots import grid_figure, length_figure, peers_figure, save
from validation_velocity import section as velocity_section

import neocalc as nc
from neocalc.references.catalogue import tables_digest, tables_folder
from neocalc.verify import Report, verify
from neocalc.verify.report import COVERED, NOT_COVERED

ROOT: Final = Path(__file__).resolve().parents[1]
DOCS: Final = ROOT / "docs"
PAGE: Final = DOCS / "validation.md"
KEPT: Final = DOCS / "validation_peers.json"
FAULTS: Final = DOCS / "faults.json"
DRAWN: Final = 0.001
"""A package whose z for weight is nowhere further off has no panel in the figure."""
PEERS_ARE: Final = (
    "Packages from PyPI, each called through its public functions with the same measurements: "
    "both sexes, every 7th day and days 730, 731 and 1,826, nine z from -4.9 to 4.9, rounded "
    "as they would be written down (1 g, 0.1 cm); three weights at every 0.1 cm, and (off the "
    "grid) at 0.05 cm beside every third; Fenton 2013 on every day. pedgrowth, which downloads "
    "its tables, was given neocalc's. Rounding is the package's own, up to a half of its last "
    "decimal. Each reason was tried: *left* is the largest difference that remains from neocalc's "
    "z when it does the same as they do: no more than their rounding, with pygrowup that of the "
    "WHO's tables by month too. How single inputs are treated is in "
    "[differences](differences.md)."
)


def figures(
    grid: Sequence[Agreement], rows: dict[str, list[list[Any]]], z: dict[str, Any],
    said: dict[str, Any] | None,
) -> None:  # fmt: skip
    """Draw the figures; those of the other packages only when they were asked."""
    shown = [(f"{a.reference}  {a.measure.replace('_', ' ')}", a.within, a.beyond) for a in grid]
    charts = {"oracle": grid_figure(shown, LIMIT)}
    panels: dict[str, Any] = {}
    lengths: dict[str, Any] = {}
    for name, one in sorted((said or {}).items()):
        for task, theirs in one.get("z", {}).items():
            there = np.array([math.nan if v is None else v for v in theirs])
            difference = there - np.asarray(z[task], dtype=np.float64)
            if task == "weight":
                days = np.array([row[1] for row in rows[task]])
                if np.nanmax(np.abs(difference)) > DRAWN:
                    panels[f"{name} {one['version']}"] = days, z[task], difference
            elif task == "weight_for_length off the grid":
                near = np.abs(z[task]) <= 3
                length = np.array([row[3] for row in rows[task]])
                lengths[f"{name} {one['version']}"] = length[near], difference[near]
    if panels:
        charts["peers"] = peers_figure(panels)
    if lengths:
        charts["length"] = length_figure(lengths)
    for name, chart in charts.items():
        save(chart, DOCS / "images" / f"validation_{name}.svg")


# ----------------------------------------------------------------------------------------- the page


def power(value: float) -> str:
    """A small number as it is written here.

    >>> power(2.13e-14), power(0.0), power(0.0251)
    ('2e-14', '0', '0.025')
    """
    return "0" if value == 0 else f"{value:.2g}" if value >= 0.001 else f"{value:.0e}"


def grid_section(grid: Sequence[Agreement]) -> list[str]:
    """Agreement with the simple implementation."""
    largest = max(max(a.within, a.beyond) for a in grid)
    lines = [
        "## 1. The simple implementation, over the whole grid", "",
        "`tests/oracle.py` and `tests/velocity_oracle.py` do the same sums one child at a time, in "
        "plain Python, and share with neocalc only the published tables. Both scored every sex, "
        "every day, completed week or 0.1 cm of each table, and increments over 13 intervals, at "
        "and between the tabulated widths, from every day on which they may start, at z from -8 to "
        "8 (steps of 0.5; of 1 for increments), as far as there is such a measurement.", "",
        f"{sum(a.values for a in grid):,} values; largest difference {power(largest)} (accepted: "
        f"{power(LIMIT)}); {sum(a.statuses for a in grid)} different statuses. The differences are "
        "largest where the power L is near 0, as in the increments of weight over 4 and 6 months: "
        "there the simple implementation's (y/M)^L - 1 loses digits, which neocalc keeps by "
        "expm1.", "",
        "![Agreement with the simple implementation](images/validation_oracle.svg)", "",
        "| reference | measure | values | abs(z) up to 3 | beyond | largest at |",
        "|---|---|--:|--:|--:|---|",
    ]  # fmt: skip
    return lines + [
        f"| {a.reference} | {a.measure.replace('_', ' ')} | {a.values:,} | {power(a.within)} | "
        f"{power(a.beyond)} | {a.where} |"
        for a in grid
    ]


def published_section(report: Report) -> list[str]:
    """Agreement with what was published, as it ships with the tables."""
    lines = [
        "## 2. Published tables and worked cases", "",
        "What `neocalc verify` checks on every installation; the values are "
        "`reference_tables/verification/`, each with its source. A: printed by the publisher, or "
        "exact arithmetic; B: computed from the publisher's table with an independent program; "
        "C: as B, from a copy of the table; D: depends on a decision of neocalc.", "",
        "| what | values | agree | A | B | C | D |", "|---|--:|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for section in dict.fromkeys(c.section for c in report.checks if c.source):
        checks = [c for c in report.checks if c.section == section]
        passed = sum(c.outcome == "passed" for c in checks)
        kinds = Counter(c.confidence for c in checks)
        counts = " | ".join(str(kinds[k] or "") for k in "ABCD")
        lines.append(f"| {section} | {len(checks)} | {passed} | {counts} |")
    lines += ["", "What a run of `neocalc verify` covers, and what it cannot:", ""]
    lines += [f"- {said}" for said in (COVERED, NOT_COVERED)]
    cells, rows = _printed()
    page = (DOCS / "velocity.md").read_text(encoding="utf-8")
    misprints = page.split("## Printed by the WHO otherwise")[1].split("\n## ")[0]
    return [
        *lines, "",
        f"The SD columns are {cells:,} printed cells in {rows} rows of the WHO's tables, of "
        "attained growth and of increments; all 486 rows of increments are also held against their "
        "own SD lines. Workbook rows of Fenton 2025 are among the ages and the Fenton charts.", "",
        "Six cells of the WHO's printed increments are off by a unit of rounding. They are listed "
        "and not followed:", "",
        *(line for line in misprints.splitlines() if line.startswith("|")),
    ]  # fmt: skip


def _printed() -> tuple[int, int]:
    path = tables_folder() / "verification" / "printed_sd.toml"
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [r for kind in ("attained", "increments") for t in found[kind] for r in t["rows"]]
    return sum(len(row) - 1 for row in rows), len(rows)


def peers_section(kept: dict[str, Any]) -> list[str]:
    """Who disagrees, where, by how much, and why."""
    lines = [
        "## 3. Other packages", "",
        PEERS_ARE,
        "",
        f"Compared on {kept['date']} with neocalc {kept['neocalc']}, Python {kept['python']}.", "",
        "| package | index | rows | no z | abs(z) up to 3 | beyond | differ | why | left | "
        "largest at (neocalc, there) |",
        "|---|---|--:|--:|--:|--:|--:|---|--:|---|",
    ]  # fmt: skip
    for one in kept["table"]:
        if "status" in one:
            lines.append(f"| {one['name']} | {one['status']} | | | | | | | | |")
            continue
        name = f"{one['name']} {one['version']}"
        far = "" if one["beyond"] < 0 else power(one["beyond"])
        none = f"{one['none']:,}" if one["none"] else ""
        lines.append(
            f"| {name} | {one['index'].replace('_', ' ')} | {one['rows']:,} | {none} | "
            f"{power(one['within'])} | {far} | {one['share']:.1%} | {reason(one)} | "
            f"{'' if one['left'] is None else power(one['left'])} | {one['where']} |"
        )
    agreeing = [
        one["name"]
        for one in kept["table"]
        if one.get("index") == "weight" and max(one["within"], one["beyond"]) <= DRAWN
    ]
    if any("index" in one for one in kept["table"]):
        lines += [
            "", "![Weight for age: other packages less neocalc](images/validation_peers.svg)", "",
            "*From the largest difference below neocalc to the largest above, of each two months; "
            f"the grey band is the rounding to two decimals. Nowhere further off than {DRAWN:g}, "
            f"and not drawn: {', '.join(agreeing)}.*", "",
            "![Weight for length between two rows](images/validation_length.svg)", "",
            "*Lengths half-way between two rows of the table: the largest differences of each two "
            "centimetres, abs(z) up to 3.*",
        ]  # fmt: skip
    return lines


def mutation_section() -> list[str]:
    """How mutation testing is done."""
    return [
        "## 4. Mutation testing", "",
        "`make mutants` puts a small fault into the code that makes the numbers, one at a time, "
        "and looks whether a test fails ([mutmut](https://mutmut.readthedocs.io)). "
        "`make mutants ONLY='neocalc.references.lms*'` does so for one module; `mutmut results` "
        "lists what no test noticed. Each of these gets a test, unless it changes nothing that can "
        "be seen.",
    ]  # fmt: skip


def environment_section(report: Report) -> list[str]:
    """What it was made with."""
    facts = {k: v for k, v in report.environment.items() if k != "Installed in"}
    return [
        "## 5. Environment", "", "| | |", "|---|---|",
        f"| neocalc | {nc.__version__} |", f"| tables digest | {tables_digest()} |",
        f"| date | {report.time_utc[:10]} |",
        *(f"| {name} | {value} |" for name, value in facts.items()),
    ]  # fmt: skip


def page(grid: Sequence[Agreement], kept: dict[str, Any]) -> str:
    """The whole page."""
    report = verify()
    parts = [
        [
            "# Validation", "",
            "How far neocalc agrees with everything that it can be compared with. This page is "
            "made from the run itself; a test fails when it is not that of the tables and the "
            "version it stands beside. To make it again:", "",
            "```sh",
            "python scripts/validation_report.py --peers PEERS/bin/python "
            "--peers PYGROWUP/bin/python",
            "```", "",
            "PEERS and PYGROWUP are the two environments of `benchmarks/requirements-peers.txt`; "
            "with `--kept-peers` in their place, section 3 stays as it was compared last. The "
            "cohorts of section 6 are compared by `scripts/validation_velocity.py --visits`.",
        ],
        grid_section(grid), published_section(report), peers_section(kept), mutation_section(),
        environment_section(report), velocity_section(),
    ]  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def main() -> None:
    """Compare, draw and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", action="append", metavar="PYTHON", help="of an environment")
    parser.add_argument("--kept-peers", action="store_true", help="as they were compared last")
    options = parser.parse_args()
    rows, z = peer_rows()
    if options.kept_peers:
        said, kept = None, json.loads(KEPT.read_text(encoding="utf-8"))
    else:
        said = ask_peers(options.peers or [sys.executable], rows)
        kept = {
            "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
            "neocalc": nc.__version__,
            "python": sys.version.partition(" ")[0],
            "table": compare(rows, z, said),
        }
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    grid = whole_grid()
    figures(grid, rows, z, said)
    text = page(grid, kept)
    PAGE.write_text(text, encoding="utf-8")
    if FAULTS.exists():
        from try_faults import write_page

        write_page(json.loads(FAULTS.read_text(encoding="utf-8")))
    if "NOT EXPLAINED" in text:
        print("validation.md: differences without a reason", file=sys.stderr)


if __name__ == "__main__":
    main()
