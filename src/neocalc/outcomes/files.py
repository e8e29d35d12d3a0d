"""The outcome of a file: the table, the page, the summary, the plan and the record, together.

All of them appear when all are complete, or none does.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort.run import Summary, record
from neocalc.cohort.velocity_columns import PREFIXES
from neocalc.errors import FileError
from neocalc.files.inputs import STANDARD, file_digest
from neocalc.files.outputs import is_parquet, outputs, scored_output, stopped_cleanly, write_batches
from neocalc.outcomes.analysis import Outcome, analyse
from neocalc.outcomes.endpoints import ENDPOINTS
from neocalc.outcomes.plan import OutcomePlan
from neocalc.outcomes.summary import finite
from neocalc.references.catalogue import reference
from neocalc.velocity.increment_tables import WHO_2009

if TYPE_CHECKING:
    import polars as pl

    from neocalc.files.sources import Source

PAGES: Final = (".html", ".htm")
"""Suffixes of a page."""


@dataclass(frozen=True)
class Wanted:
    """The files that are written.

    Parameters
    ----------
    output : str
        The table of the subjects (.csv, .parquet; "-" for CSV on standard output), or the page
        (.html). Its record is beside it, with .json added.
    summary : str, optional
        The table of the summary: .csv or .parquet.
    sap : str, optional
        The text of the statistical analysis plan.
    adam : str, optional
        The ADaM data set: .xpt, .json or .parquet.
    """

    output: str
    summary: str | None = None
    sap: str | None = None
    adam: str | None = None

    @property
    def others(self) -> list[str]:
        """The files beside the output and its record."""
        return [path for path in (self.summary, self.sap, self.adam) if path is not None]

    @property
    def every(self) -> list[str]:
        """All files."""
        own = [] if self.output == STANDARD else [self.output, f"{self.output}.json"]
        return [*own, *self.others]

    def check(self) -> None:
        """Refuse names whose suffix is not one that is written, and one name for two files."""
        if not is_page(self.output):
            is_parquet(self.output)
        if self.summary is not None:
            if self.summary == STANDARD:
                raise FileError("--summary: a file, .csv or .parquet")
            is_parquet(self.summary)
        if self.adam is not None:
            from neocalc.outcomes.adam import form_of

            form_of(self.adam)
        places = [str(Path(path).resolve()) for path in self.every]
        twice = [path for path, n in Counter(places).items() if n > 1]
        if twice:
            raise FileError(f"{twice[0]}: is the name of two outputs")


def is_page(path: str) -> bool:
    """Whether an output is a page, by its suffix."""
    return path != STANDARD and Path(path).suffix.lower() in PAGES


def write_file(
    source: Source,
    table: pl.DataFrame,
    scoring: OutcomePlan,
    wanted: Wanted,
    *,
    sensitivity: bool = False,
    force: bool = False,
) -> tuple[Outcome, Summary]:
    """The outcome of a file's rows, written; and the counts of its rows and statuses.

    Raises
    ------
    FileError
        When an output cannot be written; then there is none.
    """
    wanted.check()
    start = time.perf_counter()
    summary = Summary(mapped=scoring.mapped)
    found = analyse(table, scoring, sensitivity=sensitivity, watch=summary.notes.add)
    summary.add(table.height, statuses(found.table, scoring))
    with stopped_cleanly(), contextlib.ExitStack() as opened:
        part, note = opened.enter_context(_output(wanted.output, force=force))
        others = opened.enter_context(outputs(*wanted.others, force=force)) if wanted.others else []
        parts = dict(zip(wanted.others, others, strict=True))
        _write_others(found, wanted, parts, source)
        if is_page(wanted.output):
            from neocalc.outcomes.page import page

            about = json.loads(record_of(found, source, summary))
            part.write_text(page(found, about), encoding="utf-8")
        else:
            _write_table(found.table, part, wanted.output, source.delimiter)
        if wanted.output != STANDARD:
            output = {
                "name": Path(wanted.output).name,
                "sha256": file_digest(part),
                "bytes": part.stat().st_size,
            }
            note.write_text(record_of(found, source, summary, output), encoding="utf-8")
    summary.seconds = time.perf_counter() - start
    return found, summary


@contextlib.contextmanager
def _output(path: str, *, force: bool) -> Any:
    """Where the output and its record are written; a page has a record too."""
    if not is_page(path):
        with scored_output(path, force=force) as both:
            yield both
        return
    with outputs(path, f"{path}.json", force=force) as (part, note):
        yield part, note


def _write_table(table: pl.DataFrame, part: Path, name: str, delimiter: str) -> None:
    parquet = is_parquet(name)
    write_batches([table], dict(table.schema), part, parquet=parquet, delimiter=delimiter)


def _write_others(found: Outcome, wanted: Wanted, parts: dict[str, Path], source: Source) -> None:
    if wanted.summary is not None:
        _write_table(found.summary_table, parts[wanted.summary], wanted.summary, source.delimiter)
    if wanted.sap is not None:
        parts[wanted.sap].write_text(found.sap(), encoding="utf-8")
    if wanted.adam is not None:
        from neocalc.outcomes.adam import write

        write(found, parts[wanted.adam], wanted.adam)


def statuses(table: pl.DataFrame, scoring: OutcomePlan) -> dict[str, dict[str, int]]:
    """How many targets of each measure have each status, for each endpoint; not the baselines."""
    import polars as pl

    counts: dict[str, dict[str, int]] = {}
    late = table.filter(pl.col("target_number") > 0)
    for measure in scoring.measures:
        of_it = late.filter(pl.col("measure") == measure)
        for status in dict.fromkeys(ENDPOINTS.values()):
            words = of_it[status].cast(pl.String).to_list()
            counts[f"{PREFIXES[measure]}_{status}"] = dict(Counter(words))
    return counts


def record_of(
    found: Outcome, source: Source, summary: Summary, output: dict[str, Any] | None = None
) -> str:
    """The record of an outcome, as JSON: every choice, and the summary."""
    scoring = found.plan
    rules = scoring.rules
    more = {
        "trial": None if scoring.trial is None else scoring.trial.definition,
        "arm": scoring.arm,
        "control": found.control,
        "baseline": scoring.baseline,
        "population": scoring.population,
        "disposition": scoring.disposition,
        "ended": scoring.ended,
        "blind": scoring.blind,
        "targets": scoring.plan.about(),
        "window": scoring.plan.share,
        "velocity": {
            "reference": WHO_2009,
            "tables": {m.name: m.sha256 for m in reference(WHO_2009).measures.values()},
            "start": rules.start,
            "tolerance": rules.tolerance,
            "restricted": rules.restricted,
            "change_limits": rules.limits.sha256,
        },
        "analyses": found.analyses,
        "subjects": found.table["subject_id"].n_unique(),
        "remarks": found.notices,
        "summary": [finite(row) for row in found.summary_table.iter_rows(named=True)],
    }
    return record("outcome", source, scoring, summary, more, output)
