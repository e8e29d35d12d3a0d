"""Growth velocity of files: `neocalc velocity` on a cohort, without its command line.

A visit is compared with another of its child, so that all visits of a child have to be together.

- A file of up to `HELD` cells is held in memory; its rows may be in any order.
- A larger file is read in batches. As long as the subjects come in order, a batch ends between two
  of them, and memory is bounded by a batch and the visits of one child.
- A larger file whose subjects do not come in order is read into temporary files beside the output:
  its rows as they are, and the columns that are needed in parts of whole subjects. Part by part is
  scored, what is added is put in the place of its row in a file for each column, and the rows are
  read again. Memory is bounded by one part, a 64th of the needed columns.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.errors import NeocalcError
from neocalc.references import reference
from neocalc.tables.batch import Summary
from neocalc.tables.batch import score_file as score_batches
from neocalc.tables.columns import column_of
from neocalc.tables.files import Source
from neocalc.tables.outputs import STANDARD
from neocalc.velocity.followup_store import Added, Parts
from neocalc.velocity.followup_tables import FollowUp, added_series, score_table
from neocalc.velocity.increment_tables import WHO_2009

if TYPE_CHECKING:
    import polars as pl

HELD: Final = 8_000_000
"""Cells that are held in memory whatever the order of their rows."""
SLICE: Final = 100_000
"""Rows that are passed on at a time."""
_ROW: Final = "neocalc row"


class _NotInOrder(NeocalcError):
    """A subject came back after another one."""


def score_file(
    source: Source,
    path: str,
    scoring: FollowUp,
    *,
    reopen: str | None = None,
    delimiter: str = ",",
    force: bool = False,
    progress: bool = False,
) -> Summary:
    """Velocity, gain and change in z of a file into another, with its record beside it.

    Parameters
    ----------
    source : Source
        The input.
    path : str
        The output: .parquet, else CSV; "-" for CSV on standard output, which has no record.
    scoring : FollowUp
        What is computed.
    reopen : str, optional
        Path of the input: where it can be read again it is first taken to be in order. What comes
        through a pipe is read once.
    delimiter : str
        Of the input, for reading it again.
    force : bool
        Whether existing files are replaced.
    progress : bool
        Whether a terminal shows how far it is.

    Raises
    ------
    FileError
        When the input cannot be read or the output not written; then there is no output.
    """
    more = {
        "against": scoring.against,
        "baseline": scoring.baseline,
        "velocity": {
            "reference": WHO_2009,
            "tables": {m.name: m.sha256 for m in reference(WHO_2009).measures.values()},
            "start": scoring.rules.start,
            "tolerance": scoring.rules.tolerance,
            "restricted": scoring.rules.restricted,
        },
    }
    beside = None if path == STANDARD else Path(path).resolve().parent

    def run(opened: Source, *, ordered: bool) -> Summary:
        def through(batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
            return scored_tables(batches, scoring, ordered=ordered, folder=beside)

        return score_batches(
            opened,
            path,
            scoring,
            force=force,
            progress=progress,
            through=through,
            kind="velocity",
            more=more,
        )

    if reopen is None or not can_be_read_again(reopen):
        return run(source, ordered=False)
    with contextlib.suppress(_NotInOrder):
        return run(source, ordered=True)
    with Source(reopen, delimiter=delimiter) as again:
        return run(again, ordered=False)


def can_be_read_again(path: str) -> bool:
    """Whether opening a path again gives the same rows: a pipe, and all in /dev, is read once."""
    real = Path(path).resolve()  # of /dev/stdin what is behind it
    return path != STANDARD and real.is_file() and Path("/dev") not in real.parents


def scored_tables(
    batches: Iterator[pl.DataFrame], scoring: FollowUp, *, ordered: bool, folder: Path | None
) -> Iterator[pl.DataFrame]:
    """Scored tables of the batches of a file, every row once and in order.

    Parameters
    ----------
    batches : iterator of polars.DataFrame
        Of all its columns.
    scoring : FollowUp
        What is computed.
    ordered : bool
        Whether a large file is taken to have its subjects in order; one that does not raises.
    folder : pathlib.Path or None
        Where temporary files may be put; None: where the system does.
    """
    import polars as pl

    held: list[pl.DataFrame] = []
    cells = 0
    for batch in batches:
        held.append(batch)
        cells += batch.height * batch.width
        if cells > HELD:
            rest = _chained(held, batches)
            if ordered:
                yield from _in_order(rest, scoring)
            else:
                yield from _in_parts(rest, scoring, folder)
            return
    if held:
        scored = score_table(pl.concat(held), scoring)
        for start in range(0, max(scored.height, 1), SLICE):
            yield scored.slice(start, SLICE)


def _chained(held: list[pl.DataFrame], batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """What is held, and let go of as it goes, then the rest."""
    while held:
        yield held.pop(0)
    yield from batches


def _in_order(batches: Iterator[pl.DataFrame], scoring: FollowUp) -> Iterator[pl.DataFrame]:
    """Scored tables of whole subjects, from batches whose subjects come in order."""
    import polars as pl

    order = _Order()
    kept = None
    for batch in batches:
        order.check(column_of(batch, scoring.mapped, "subject_id"))
        table = batch if kept is None else pl.concat([kept, batch])
        ids = column_of(table, scoring.mapped, "subject_id")
        start = table.height
        if order.last is not None:  # not yet those of the last subject, of whom more may come
            start = (ids == order.last).fill_null(False).arg_max() or 0
        kept = table.slice(start)
        if start:
            yield score_table(table.slice(0, start), scoring)
    if kept is not None and kept.height:
        yield score_table(kept, scoring)


class _Order:
    """Whether subjects come in order: as texts, or as whole numbers; then none comes back.

    Attributes
    ----------
    last : object
        The last subject so far; None before the first.
    """

    def __init__(self) -> None:
        self.last: Any = None
        self._as_text = self._as_number = True

    def check(self, ids: pl.Series) -> None:
        """Go on with more subjects.

        Raises
        ------
        _NotInOrder
            When they are in neither order.
        """
        import polars as pl

        ids = ids.drop_nulls()
        if ids.dtype == pl.String:
            ids = ids.filter(ids != "")
        if not len(ids):
            return
        if self.last is not None:
            ids = pl.concat([pl.Series([self.last], dtype=ids.dtype).alias(ids.name), ids])
        self._as_text = self._as_text and ids.is_sorted()
        if self._as_number and ids.dtype == pl.String:
            numbers = ids.cast(pl.Int64, strict=False)
            plain = (numbers.cast(pl.String) == ids).fill_null(False).all()  # 01 and 1 are two
            self._as_number = bool(plain) and numbers.is_sorted()
        elif self._as_number:
            self._as_number = self._as_text
        if not (self._as_text or self._as_number):
            raise _NotInOrder(f"subject {ids[-1]!r} and those before it are not in order")
        self.last = ids[-1]


def _in_parts(
    batches: Iterator[pl.DataFrame], scoring: FollowUp, folder: Path | None
) -> Iterator[pl.DataFrame]:
    """Scored tables from batches in any order, by way of temporary files."""
    import polars as pl

    with tempfile.TemporaryDirectory(prefix=".neocalc-", dir=folder) as name:
        place = Path(name)
        files = []
        rows = 0
        with Parts(place) as parts:
            for number, batch in enumerate(batches):
                files.append(place / f"rows-{number}.arrow")
                batch.write_ipc(files[-1], compression="zstd")
                ids = column_of(batch, scoring.mapped, "subject_id")
                needed = batch.select(scoring.needed)
                index = pl.Series(_ROW, np.arange(rows, rows + batch.height))
                parts.add(needed.with_columns(index), ids)
                rows += batch.height
        added = Added(place, rows)
        for part in parts.tables():
            added.put(part[_ROW].to_numpy(), added_series(part.drop(_ROW), scoring))
        added.write()
        start = 0
        for file in files:
            batch = pl.read_ipc(file)
            file.unlink()
            yield batch.hstack(added.get(start, batch.height))
            start += batch.height
