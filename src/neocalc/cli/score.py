"""`neocalc score`: a cohort file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cli import add_json, add_policy, one_line, policy_of, print_json
from neocalc.cli.dose import typed_fraction
from neocalc.cli.files import add_files, add_prefix, failed, pairs, refuse_output, report
from neocalc.cli.laid import opened, refuse_unrestored, restored, write_fhir
from neocalc.cli.layouts import add_layout
from neocalc.cohort.run import score_file
from neocalc.cohort.table import plan
from neocalc.errors import DoseRefused, FileError, InputError, MissingError
from neocalc.files.outputs import is_parquet, write_batches

if TYPE_CHECKING:
    import polars as pl

    from neocalc.ages.policy import Policy
    from neocalc.dose.dosing import Dosing
    from neocalc.files.sources import Source

DOSE_VALUES: Final = {
    "concentration": "of all cells after thaw and wash, 5e6cells/mL; without it no volume",
    "viable-concentration": "of viable cells; instead of --concentration and --viability",
    "viability": "92%% or 0.92",
    "release-viability": "for the check alone, where no viability is applied",
}
"""The product of `--dose`, with the options of `neocalc dose`."""
OPTION_OF: Final = {"version": "protocol_version"}
"""Arguments of the call that are typed under another name."""


def configure_score(parser: argparse.ArgumentParser) -> None:
    """Options of `neocalc score`."""
    add_files(parser)
    parser.add_argument("--centiles", action="store_true", help="add the centile of each index")
    parser.add_argument(
        "--uncorrected", action="store_true", help="add the z at chronological age of each index"
    )
    add_prefix(parser)
    parser.add_argument(
        "--compare", metavar="INDEX=COLUMN", action="append", default=[],
        help="z-scores that the file has already, waz=WAZ: the difference of ours and what explains"
        " it; may be repeated",
    )  # fmt: skip
    add_layout(parser)
    parser.add_argument(
        "--restore", action="store_true",
        help="with --layout: write the table as it was read, with the results beside its rows",
    )  # fmt: skip
    parser.add_argument(
        "--observations", action="store_true",
        help="write the results as a FHIR Bundle of Observations, .json",
    )  # fmt: skip
    _add_dose(parser)
    add_policy(parser)
    add_json(parser)
    parser.epilog = (
        "examples:\n"
        "  neocalc score COHORT.csv -o SCORED.csv\n"
        "  neocalc score EXPORT.csv -o SCORED.parquet --column weight_kg=WT "
        "--sex-codes male=1,female=2\n"
        "  cat COHORT.csv | neocalc score - -o - > SCORED.csv\n"
        "  neocalc score COHORT.csv -o DOSES.csv --dose NCT03558334:A --arm-column arm "
        "--dosed-on administered_on \\\n      --concentration 5e6cells/mL --viability 92%\n"
        "  neocalc score VS.xpt --layout sdtm --dm DM.xpt -o SCORED.csv\n"
        "  neocalc score BUNDLE.json -o SCORED.csv"
    )


def _add_dose(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "dose of each row, for planning (a dose is prepared one by one: neocalc dose)"
    )
    about = "NCT03558334:A, or the path of a definition and an arm"
    group.add_argument("--dose", metavar="TRIAL:ARM", help=about)
    group.add_argument("--protocol-version", metavar="NAME", help="where a trial has several")
    group.add_argument(
        "--arm-column", metavar="COLUMN",
        help="with the arm of each row; COLUMN=WORD where the table calls the arm by another word",
    )  # fmt: skip
    group.add_argument("--dosed-on", metavar="COLUMN", help="with the day of the row's dose")
    group.add_argument(
        "--every-row", action="store_true",
        help="instead of the two: a dose for each row, whatever its arm and day, for planning",
    )  # fmt: skip
    for option, text in DOSE_VALUES.items():
        group.add_argument(f"--{option}", metavar="VALUE", help=text)


def _dosing(options: argparse.Namespace) -> Dosing | None:
    """The dose that the options ask for, checked before any row is read."""
    names = [option.replace("-", "_") for option in DOSE_VALUES]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.dose is None:
        of_dose = ("protocol_version", "arm_column", "dosed_on", "every_row")
        for name in [*given, *(one for one in of_dose if getattr(options, one))]:
            raise MissingError("dose", f"--{name.replace('_', '-')} is that of a dose: TRIAL:ARM")
        return None
    from neocalc.dose.dosing import Dosing
    from neocalc.trials import load

    trial, _, arm = options.dose.rpartition(":")
    if not trial or not arm:
        raise InputError("dose", options.dose, "TRIAL:ARM, such as NCT03558334:A")
    for name in ("viability", "release_viability"):
        if name in given:
            given[name] = typed_fraction(given[name])
    column, _, word = (options.arm_column or "").partition("=")
    rows = {
        "arm_column": column or None,
        "arm_word": word or None,
        "dosed_on": options.dosed_on,
        "every_row": options.every_row,
    }
    return Dosing(arm=load(trial, options.protocol_version).arm(arm), **rows, **given)


def _writer(
    options: argparse.Namespace, source: Source, policy: Policy
) -> Callable[[pl.DataFrame, Path], None] | None:
    """How the results are written that do not stand in one row a visit."""
    prefix = options.prefix or ""
    if options.observations:
        if options.restore or Path(options.output).suffix.lower() != ".json":
            raise FileError("--observations: are written to -o FILE.json, without --restore")
        return lambda scored, path: write_fhir(scored, path, options, policy)
    if not options.restore:
        return None
    refuse_unrestored(source)
    parquet = is_parquet(options.output)

    def write(scored: pl.DataFrame, path: Path) -> None:
        table = restored(source, scored, prefix)
        schema = dict(table.schema)
        write_batches([table], schema, path, parquet=parquet, delimiter=source.delimiter)

    return write


def run_score(options: argparse.Namespace) -> int:
    """Score a file; print what came of it."""
    policy = policy_of(options)
    try:
        dose = _dosing(options)
    except DoseRefused as error:
        print(f"neocalc score: {one_line(str(error))}", file=sys.stderr)
        return 1
    refuse_output(options)
    with opened(options) as (source, reading):
        write = _writer(options, source, policy)
        scoring = plan(
            source.columns,
            **reading,
            policy=policy,
            reference=options.reference,
            centiles=options.centiles,
            uncorrected=options.uncorrected,
            dose=dose,
            prefix=options.prefix or "",
            compare=pairs("--compare", options.compare, "waz=WAZ"),
            where=source.name,
            command=True,
        )
        summary = score_file(
            source, options.output, scoring, force=options.force, progress=True,
            more={"dose": None if dose is None else dose.record()}, write=write,
        )  # fmt: skip
    if dose is not None:
        print(f"Dose: {dose.describe()}", file=sys.stderr)
    report(summary.describe(), scoring.mapped.names, options.output)
    status = failed(summary, accepted=options.accept_failed_columns)
    if options.json:
        about: dict[str, Any] = {
            "rows": summary.rows,
            "seconds": round(summary.seconds, 3),
            "children": summary.notes.record(),
            "notices": summary.notes.notices(scoring.mapped),
            "statuses": summary.counts,
            "compared": summary.explained,
            "columns": scoring.mapped.names,
            "failed_columns": {one.column: one.status for one in summary.failures},
        }
        print_json(about)
    if options.strict and summary.flagged:
        flagged = f"{summary.flagged:,}"
        print(f"--strict: statuses other than ok and missing_value: {flagged}", file=sys.stderr)
        return 1
    return status
