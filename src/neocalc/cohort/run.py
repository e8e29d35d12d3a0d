"""Scoring whole files: `neocalc score` without its command line."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.ages.policy import DEFAULT
from neocalc.cohort.comparing import count_words
from neocalc.cohort.counts import count_statuses
from neocalc.cohort.failures import Failure
from neocalc.cohort.mapping import Mapped
from neocalc.cohort.notes import Notes
from neocalc.cohort.table import Scoring, score_table
from neocalc.cohort.wholes import IN_ORDER, Again, scored_tables
from neocalc.errors import FileError
from neocalc.files.formats.writers import suffix_of
from neocalc.files.inputs import STANDARD, file_digest
from neocalc.files.outputs import is_parquet, scored_output, stopped_cleanly, write_batches
from neocalc.files.sources import Source
from neocalc.records import head
from neocalc.references.catalogue import reference

if TYPE_CHECKING:
    import polars as pl

NOT_FLAGGED: Final = frozenset({"ok", "missing_value", "other_arm", "other_day"})
"""The statuses of a row of which there is nothing to ask: a value, none measured, none due."""


@dataclass
class Summary:
    """Result of a run: rows, statuses of each index, the time that it took [s], and notes.

    `compared` counts, for each index that the table had already, what explains the differences.
    `notes` is what was found of the columns as a whole, under their names in `mapped`; `said` what
    the summary says of the results beside their statuses, and `told` the same in the record.
    """

    rows: int = 0
    seconds: float = 0.0
    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    compared: dict[str, Counter[str]] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)
    mapped: Mapped = field(default_factory=lambda: Mapped({}))
    said: list[str] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    def add(self, rows: int, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Count a batch."""
        self.rows += rows
        for index, words in counts.items():
            self.statuses.setdefault(index, Counter()).update(words)

    def add_compared(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Count what explains the differences in a batch."""
        for index, words in counts.items():
            self.compared.setdefault(index, Counter()).update(words)

    @property
    def explained(self) -> dict[str, dict[str, int]]:
        """How many rows of each index that is compared have each explanation, by name."""
        return {index: dict(sorted(words.items())) for index, words in self.compared.items()}

    @property
    def flagged(self) -> int:
        """How many z-scores have a status other than ok and missing_value."""
        return sum(
            n for words in self.statuses.values() for w, n in words.items() if w not in NOT_FLAGGED
        )

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows of each index have each status, by name."""
        return {index: dict(sorted(words.items())) for index, words in self.statuses.items()}

    @property
    def failures(self) -> list[Failure]:
        """The columns that failed as a whole."""
        return self.notes.failures(self.mapped, self.counts)

    def describe(self) -> str:
        """The summary for people."""
        rate = self.rows / self.seconds if self.seconds else 0
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        lines = [f"{rows} in {self.seconds:.2f} s ({rate:,.0f} rows per second)"]
        for index, words in self.statuses.items():
            counts = ", ".join(f"{word} {n:,}" for word, n in sorted(words.items(), key=_ok_first))
            lines.append(f"  {index}: {counts}")
        for index, words in self.compared.items():
            counts = ", ".join(f"{word} {n:,}" for word, n in sorted(words.items(), key=_ok_first))
            lines.append(f"  {index} beside theirs: {counts}")
        lines += [*self.said, *self.notes.lines(self.mapped)]
        return "\n".join(lines)


def _ok_first(item: tuple[str, int]) -> tuple[bool, int, str]:
    return item[0] != "ok", -item[1], item[0]


def score_file(
    source: Source,
    path: str,
    scoring: Scoring,
    *,
    force: bool = False,
    progress: bool = False,
    kind: str = "score",
    more: Mapping[str, Any] | None = None,
    write: Callable[[pl.DataFrame, Path], None] | None = None,
) -> Summary:
    """Score a file into another, with its record beside it.

    Parameters
    ----------
    source : Source
        The input.
    path : str
        The output, by its suffix: .csv, .csv.gz, .parquet, .xlsx, .sav or .dta; "-" for CSV on
        standard output, which has no record.
    scoring : Scoring
        What is computed.
    force : bool
        Whether existing files are replaced.
    progress : bool
        Whether a terminal shows how far it is.
    kind : str
        What is computed, as the record names it.
    more : dict, optional
        What else the record says.
    write : callable, optional
        It is given all scored rows at once and the path of the file to write, instead of the rows
        being written as they come.

    Raises
    ------
    FileError
        When the input cannot be read or the output not written; then there is no output.
    """
    start = time.perf_counter()
    way = IN_ORDER
    with contextlib.ExitStack() as opened:
        while True:
            try:
                summary = _score_file(
                    source, path, scoring, way, force=force, progress=progress, kind=kind,
                    more=more or {}, write=write,
                )  # fmt: skip
            except Again as again:  # what has been written so far is gone
                way, source = again.way, opened.enter_context(source.again())
            else:
                summary.seconds = time.perf_counter() - start
                return summary


def _score_file(
    source: Source,
    path: str,
    scoring: Scoring,
    way: str,
    *,
    force: bool,
    progress: bool,
    kind: str,
    more: Mapping[str, Any],
    write: Callable[[pl.DataFrame, Path], None] | None,
) -> Summary:
    """The same by one way to read the rows, which may turn out not to serve."""
    notes = Notes(counts=Counter())
    summary = Summary(notes=notes, mapped=scoring.mapped)
    beside = None if path == STANDARD else Path(path).resolve().parent
    tables = source.batches(again=scoring.by_child)  # which are read from now on

    def batches() -> Iterator[pl.DataFrame]:
        with _progress(progress) as advance:
            for scored in scored_tables(tables, scoring, notes.add, way=way, folder=beside):
                summary.add(scored.height, count_statuses(scored, scoring))
                if scoring.compare:
                    summary.add_compared(count_words(scored, scoring))
                advance(scored.height)
                yield scored

    empty = score_table(_empty(source), scoring)
    parquet = write is None and is_parquet(path)
    output_of = scored_output(path, force=force)
    with contextlib.closing(tables), stopped_cleanly(), output_of as (part, note):
        if write is None:
            write_batches(
                batches(), dict(empty.schema), part, parquet=parquet, delimiter=source.delimiter,
                other=suffix_of(path),
            )  # fmt: skip
        else:
            write(together(batches(), empty), part)
        if summary.rows != source.rows:
            raise FileError(f"{source.name}: of {source.rows:,} rows {summary.rows:,} were scored")
        counts = notes.counts or Counter()
        summary.said, summary.told = scoring.said(counts), scoring.told(counts)
        if path != STANDARD:
            output = {
                "name": Path(path).name,
                "sha256": file_digest(part),
                "bytes": part.stat().st_size,
            }
            text = record(kind, source, scoring, summary, more, output)
            note.write_text(text, encoding="utf-8")
    return summary


def together(tables: Iterator[pl.DataFrame], empty: pl.DataFrame) -> pl.DataFrame:
    """All rows of tables in one."""
    import polars as pl

    held = list(tables)
    return pl.concat(held) if held else empty


def _empty(source: Source) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=source.schema())


def record(
    kind: str,
    source: Source,
    scoring: Scoring,
    summary: Summary,
    more: Mapping[str, Any],
    output: Mapping[str, Any] | None = None,
) -> str:
    """The record beside an output, as JSON: what it takes to compute it again.

    With name, size and checksum of the output: that they belong to each other can be seen.
    """
    policy = scoring.policy
    used = list(policy.references)
    if scoring.reference != DEFAULT:
        used = [scoring.reference]
        if scoring.uncorrected:
            used.append(policy.uncorrected_reference(scoring.reference))
    about: dict[str, Any] = {
        **head(kind),
        "policy": policy.describe(scoring.reference),
        "settings": {
            name: getattr(policy, name)
            for name in (
                "preterm_reference",
                "term_reference",
                "school_age_reference",
                "school_age_from_day",
                "handover_day",
                "preterm_below_day",
                "correct_until_day",
                "require_position",
            )
        },
        "reference": scoring.reference,
        "columns": scoring.mapped.names,
        "sex_codes": scoring.mapped.sex_codes,
        "missing": scoring.mapped.missing,
        "missing_in": scoring.mapped.missing_in,
        "ignored": scoring.mapped.ignored,
        "oedema_codes": scoring.mapped.oedema_codes,
        "position_codes": scoring.mapped.position_codes,
        "date_format": scoring.mapped.date_format,
        "decimal": scoring.mapped.decimal,
        "completed_weeks": scoring.mapped.completed_weeks,
        "convert": scoring.mapped.convert,
        "prefix": scoring.prefix,
        **more,
        **({"compare": dict(scoring.compare)} if kind == "score" else {}),
        "added": scoring.added,
        "references": {
            ref.id: {name: m.sha256 for name, m in ref.files.items()}
            for ref in dict.fromkeys(map(reference, used))
        },
        "input": source.about(),
        **({} if output is None else {"output": dict(output)}),
        "rows": summary.rows,
        "children": summary.notes.record(),
        "notices": summary.notes.said(scoring.mapped),
        "failed_columns": {one.column: one.status for one in summary.failures},
        "statuses": summary.counts,
        **summary.told,
        **({"compared": summary.explained} if kind == "score" else {}),
    }
    return json.dumps(about, indent=2) + "\n"


class _progress:  # noqa: N801 - a context manager, read as a verb
    """Rows done so far, on a terminal."""

    def __init__(self, shown: bool) -> None:
        self._bar: Any = None
        if shown and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(unit=" rows", unit_scale=True, file=sys.stderr, leave=False)

    def __enter__(self) -> Callable[[int], None]:
        return self._advance

    def _advance(self, rows: int) -> None:
        if self._bar is not None:
            self._bar.update(rows)

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()
