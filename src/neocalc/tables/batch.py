"""Scoring whole files: `neocalc score` without its command line."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from neocalc.cohort import Scoring, count_statuses, score_table
from neocalc.policy import DEFAULT
from neocalc.records import head
from neocalc.references import reference
from neocalc.tables.files import Source
from neocalc.tables.outputs import is_parquet, scored_output, stopped_cleanly, write_batches

if TYPE_CHECKING:
    import polars as pl

Through = Callable[["Iterator[pl.DataFrame]"], "Iterator[pl.DataFrame]"]

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

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many rows of each index have each status, by name."""
        return {index: dict(sorted(words.items())) for index, words in self.statuses.items()}

    def describe(self) -> str:
        """The summary for people."""
        rate = self.rows / self.seconds if self.seconds else 0
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        lines = [f"{rows} in {self.seconds:.2f} s ({rate:,.0f} rows per second)"]
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
    through: Through | None = None,
    kind: str = "score",
    more: Mapping[str, Any] | None = None,
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
    through : callable, optional
        From the batches of the input to scored tables; by default each batch by itself.
    kind : str
        What is computed, as the record names it.
    more : dict, optional
        What else the record says.

    Raises
    ------
    FileError
        When the input cannot be read or the output not written; then there is no output.
    """
    summary = Summary()
    start = time.perf_counter()
    score: Through = through or (lambda tables: (score_table(t, scoring) for t in tables))

    tables = source.batches()

    def batches() -> Iterator[pl.DataFrame]:
        with _progress(progress) as advance:
            for scored in score(tables):
                summary.add(scored.height, count_statuses(scored, scoring))
                advance(scored.height)
                yield scored

    schema = dict(next(score(iter([_empty(source)]))).schema)
    parquet = is_parquet(path)
    with stopped_cleanly(), scored_output(path, force=force) as (part, note):
        write_batches(batches(), schema, part, parquet=parquet, delimiter=source.delimiter)
        text = record(kind, source, scoring, summary, more or {})
        note.write_text(text, encoding="utf-8")
    summary.seconds = time.perf_counter() - start
    return summary


def _empty(source: Source) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(schema=source.schema())


def record(
    kind: str, source: Source, scoring: Scoring, summary: Summary, more: Mapping[str, Any]
) -> str:
    """The record beside an output, as JSON: what it takes to compute it again."""
    policy = scoring.policy
    used = [policy.preterm_reference, policy.term_reference]
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
        **more,
        "added": scoring.added,
        "references": {
            ref.id: {name: m.sha256 for name, m in ref.files.items()}
            for ref in dict.fromkeys(map(reference, used))
        },
        "input": {"name": source.name, "sha256": source.digest()},
        "rows": summary.rows,
        "statuses": summary.counts,
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
