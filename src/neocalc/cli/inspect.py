"""`neocalc inspect`: what the columns of a file seem to be, and a mapping file to confirm."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cli import add_json, one_line, print_json, print_rows
from neocalc.cli.files import add_file_kinds, source_of
from neocalc.errors import FileError, printable
from neocalc.files.inputs import STANDARD
from neocalc.files.outputs import output, refuse_existing, stopped_cleanly

if TYPE_CHECKING:
    import polars as pl

    from neocalc.files.sources import Source
    from neocalc.visits.inspection import Column

DEFAULT: Final = "mapping.toml"


def configure_inspect(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc inspect`."""
    parser.add_argument("input", metavar="FILE", help="of a cohort; - for standard input")
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=DEFAULT,
        help=f"the mapping file, .toml; default {DEFAULT}; - for standard output",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace an existing mapping file")
    parser.add_argument(
        "--delimiter", metavar="CHARACTER", default=",", help="of a CSV: one character, or tab"
    )
    add_file_kinds(parser)
    add_json(parser)
    parser.epilog = (
        "Nothing is scored, and no id, date or name is shown.\n\n"
        "examples:\n"
        "  neocalc inspect EXPORT.csv\n"
        "  neocalc score EXPORT.csv --columns mapping.toml -o SCORED.csv"
    )


def run_inspect(options: argparse.Namespace) -> int:
    """Look at a file, say what its columns seem to be, and write the mapping."""
    from neocalc.visits.inspection import columns_of, refuse_headless
    from neocalc.visits.layoutsigns import layout_of
    from neocalc.visits.mappingfile import mapping_file
    from neocalc.visits.suspicions import suspicions

    to_terminal = options.output == STANDARD
    if to_terminal and options.json:
        raise FileError("--json: standard output is the mapping file already; give -o FILE")
    if not to_terminal:
        if Path(options.output).suffix.lower() != ".toml":
            raise FileError(f"{options.output}: a mapping file is written as .toml")
        refuse_existing(Path(options.output), force=options.force, read=options.input)
    with source_of(options) as source:
        refuse_headless(source.columns, source.name)
        table, more = _first_rows(source)
        labels = dict(getattr(source, "labels", None) or {})
        columns = columns_of(table, labels, source.name)
        layout = layout_of(table)
        asked = ([layout] if layout else []) + suspicions(table, columns)
        refused = _refused(source, columns)
    text = mapping_file(columns, asked, source.name, table.height)
    if to_terminal:
        sys.stdout.write(text)
    else:
        with stopped_cleanly(), output(options.output, force=options.force) as part:
            part.write_text(text, encoding="utf-8")
    about = {
        "rows": table.height,
        "all_rows": not more,
        "columns": [_record(column) for column in columns],
        "questions": asked,
        "refused": refused,
    }
    if options.json:
        print_json(about)
    else:
        _print(columns, asked, refused, table.height, more=more, rows_to=sys.stderr)
    if not to_terminal:
        print(printable(f"Written: {options.output}"), file=sys.stderr)
    return 0


def _first_rows(source: Source) -> tuple[pl.DataFrame, bool]:
    """The first rows of a file, and whether it has more."""
    import polars as pl

    from neocalc.visits.inspection import ROWS

    held, rows = [], 0
    more = False
    for batch in source.batches():
        held.append(batch.head(ROWS - rows))
        more = batch.height > ROWS - rows
        rows += held[-1].height
        if more:
            break
    table = pl.concat(held) if held else pl.DataFrame(schema=source.schema())
    return table, more


def _refused(source: Source, columns: list[Column]) -> str:
    """What scoring would say of the mapping as it stands; empty: it would score."""
    from neocalc.cohort.mapping import map_columns
    from neocalc.visits.inspection import is_value

    if any(is_value(name) for name in source.columns):
        return ""  # the message would repeat what stands in the first row
    try:
        map_columns(
            source.columns,
            {c.canonical: c.own for c in columns if c.canonical},
            where=source.name,
            command=True,
        )
    except FileError as error:
        return str(error)
    return ""


def _record(column: Column) -> dict[str, Any]:
    """A column for machines."""
    return {
        "column": column.name,
        "proposed": column.canonical or None,
        "why": column.why,
        "seen": column.seen or None,
        "empty": round(column.empty, 4),
        "question": column.question or None,
        "choices": column.choices,
    }


def _print(
    columns: list[Column], asked: list[str], refused: str, rows: int, *, more: bool, rows_to: Any
) -> None:
    """Everything at once, for people."""
    said = "the first " if more else ""
    print(f"{said}{rows:,} rows were looked at; nothing was scored")
    table = [["column", "seems to be", "why", "values", "empty"]]
    for column in columns:
        seems = column.canonical or ("?" if column.question else "-")
        table.append([column.name, seems, column.why, column.seen, f"{column.empty:.0%}"])
    print_rows([[one_line(cell) for cell in row] for row in table])
    questions = [f"{c.name}: {c.question}" for c in columns if c.question] + asked
    words = [f"{c.name}: {', '.join(c.missing)}" for c in columns if c.missing and c.kind]
    questions += [f"{one}: does that stand for no value?" for one in words]
    if questions:
        print("\nQuestions:")
        for question in questions:
            print(f"  {one_line(question)}")
    if refused:
        print(f"\nAs it stands it is not scored: {one_line(refused)}", file=rows_to)
