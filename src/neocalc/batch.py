"""Scoring whole files: `neocalc score` without its command line."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort import Scoring, count_statuses, score_table
from neocalc.files import STANDARD, Digest, Source, output, stopped_cleanly, write_batches
from neocalc.references import reference, tables_digest

if TYPE_CHECKING:
    import polars as pl

NOT_FLAGGED: Final = frozenset({"ok", "missing_value"})
"""The statuses of a row about which there is nothing to ask: a value, or none measured."""


@dataclass
class Summary:
    """What came of a run: rows, statuses of each index, and the time that it took [s]."""

    rows: int = 0
    seconds: float = 0.0
    statuses: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, rows: int, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Count a batch."""
        self.rows += rows
        for index, words in counts.items():
            self.statuses.setdefault(index, Counter()).update(words)

    @property
    def flagged(self) -> int:
        """How many z-scores have a status other than ok and missing_value."""
        return sum(
            n for words in self.statuses.values() for w, n in words.items() if w not in NOT_FLAGGED
        )

    def describe(self) -> str:
        """The summary for people."""
        rate = self.rows / self.seconds if self.seconds else 0
        lines = [f"{self.rows:,} rows in {self.seconds:.2f} s ({rate:,.0f} rows per second)"]
        for index, words in self.statuses.items():
            counts = ", ".join(f"{word} {n:,}" for word, n in sorted(words.items(), key=_ok_first))
            lines.append(f"  {index}: {counts}")
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
) -> Summary:
    """Score a file into another, with its record beside it.

    Parameters
    ----------
    source : Source
        The input.
    path : str
        The output: .parquet, else CSV; "-" for CSV on standard output, which has no record.
    scoring : Scoring
        What is computed.
    force : bool
        Whether existing files are replaced.
    progress : bool
        Whether a terminal shows how far it is.

    Raises
    ------
    FileError
        When the input cannot be read or the output not written; then there is no output.
    """
    summary = Summary()
    start = time.perf_counter()

    def batches() -> Iterator[pl.DataFrame]:
        with _progress(progress) as advance:
            for batch in source.batches():
                scored = score_table(batch, scoring)
                summary.add(scored.height, count_statuses(scored, scoring))
                advance(scored.height)
                yield scored

    empty = score_table(_empty(source), scoring)
    schema = dict(empty.schema)
    if path == STANDARD:
        with stopped_cleanly():
            write_batches(
                batches, schema, sys.stdout.buffer, parquet=False, delimiter=source.delimiter
            )
    else:
        parquet = Path(path).suffix.lower() in (".parquet", ".pq")
        digest = Digest(source.path)
        with (
            stopped_cleanly(),
            output(path, force=force) as part,
            output(f"{path}.json", force=force) as note,
        ):
            write_batches(batches, schema, part, parquet=parquet, delimiter=source.delimiter)
            text = record(source, digest.hexdigest(), scoring, summary)
            note.write_text(text, encoding="utf-8")
    summary.seconds = time.perf_counter() - start
    return summary


def _empty(source: Source) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=source.schema())


def record(source: Source, digest: str, scoring: Scoring, summary: Summary) -> str:
    """The record beside an output, as JSON: what it takes to compute it again."""
    import neocalc

    used = [scoring.policy.preterm_reference, scoring.policy.term_reference]
    if scoring.reference != "auto":
        used = [scoring.reference]
    about: dict[str, Any] = {
        "neocalc": neocalc.__version__,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "policy": scoring.policy.describe() if scoring.reference == "auto" else None,
        "reference": scoring.reference,
        "columns": scoring.mapped.names,
        "sex_codes": scoring.mapped.sex_codes,
        "added": scoring.added,
        "tables": {
            "digest": tables_digest(),
            "references": {
                ref.id: {m.name: m.sha256 for m in ref.measures.values()}
                for ref in map(reference, dict.fromkeys(used))
            },
        },
        "input": {"name": source.name, "sha256": digest},
        "rows": summary.rows,
        "statuses": {index: dict(sorted(w.items())) for index, w in summary.statuses.items()},
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
