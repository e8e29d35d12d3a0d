"""`neocalc references`: what tables there are."""

from __future__ import annotations

import argparse
from typing import Any, Final

from neocalc.cli import add_json, print_json, print_rows
from neocalc.references.catalogue import EXCLUDE, Reference, excluded, references, tables_digest
from neocalc.references.files import Measure

AXES: Final = {"": "length", "gestation": "gestation"}
"""What a reference goes by, where that is not an age."""


def configure_references(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc references`."""
    add_json(parser)
    parser.epilog = (
        "A user's own references: folders on the path list NEOCALC_REFERENCES.\n"
        "Those whose terms of use a site cannot accept: their ids in NEOCALC_EXCLUDE, with commas"
        " between.\n\n"
        "example:\n  neocalc references --json"
    )


def run_references(options: argparse.Namespace) -> int:
    """Print every reference with its tables."""
    found = references()
    if options.json:
        out = {"left_out": sorted(excluded())} if excluded() else {}
        print_json({"references": [_facts(ref) for ref in found]} | out)
        return 0
    for ref in found:
        print(f"{ref.id}: {ref.title}")
        print(f"  Citation   {ref.citation_line}")
        print(f"  Licence    {ref.licence}")
        print(f"  Source     {ref.source}")
        axis = AXES.get(ref.age_basis, f"{ref.age_basis} age")
        print(f"  Used for   {ref.use.replace('_', ' ')}, by {axis}")
        print(f"  On charts  {ref.chart_label}")
        rows = [["  Measure", "Unit", "Axis", "Range", "Method", "Implausible", "SHA-256"]]
        rows += [_cells(part) for measure in ref.measures.values() for part in measure.files]
        print_rows(rows)
        print()
    if excluded():
        print(f"Left out by {EXCLUDE}: {', '.join(sorted(excluded()))}")
    print(f"All tables: {tables_digest()}")
    return 0


def _cells(measure: Measure) -> list[str]:
    first, last = measure.range
    return [
        f"  {measure.name}", measure.unit, measure.axis, f"{first:g} to {last:g}", measure.method,
        _implausible(measure), measure.sha256[:16],
    ]  # fmt: skip


def _implausible(measure: Measure) -> str:
    """Beyond which limits a value of a table is implausible.

    >>> from neocalc.references.catalogue import reference
    >>> _implausible(reference("fenton-2013").measures["weight"])
    'z < -6, z > 6, y < M exp(-6 S)'
    """
    limits = []
    if measure.flag is not None:
        limits = [f"z < {measure.flag[0]:g}", f"z > {measure.flag[1]:g}"]
    if measure.flag_small is not None:
        limits.append(f"y < M exp(-{measure.flag_small:g} S)")
    return ", ".join(limits) or "no limits"


def _facts(ref: Reference) -> dict[str, Any]:
    names = (
        "id", "title", "citation", "doi", "isbn", "publisher", "licence", "source", "age_basis",
        "use", "chart_label",
    )  # fmt: skip
    about: dict[str, Any] = {name: getattr(ref, name) for name in names}
    about["measures"] = {
        name: {
            "unit": measure.unit,
            "axis": measure.axis,
            "range": measure.range,
            "method": measure.methods,
            "flag": measure.flag,
            "flag_small": measure.flag_small,
            "sha256": measure.sha256,
        }
        | ({"parts": [_part(part) for part in measure.parts]} if measure.parts else {})
        for name, measure in ref.measures.items()
    }
    return about


def _part(part: Measure) -> dict[str, Any]:
    return {"file": part.file, "range": part.range, "method": part.method, "sha256": part.sha256}
