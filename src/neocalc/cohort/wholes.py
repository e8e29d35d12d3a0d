"""The rows of a file, scored so that what one row of a child says holds for the others.

A file may be larger than memory, and the rows of a child may stand anywhere in it. There are three
ways, and the first that serves is taken; the result is the same to the byte:

- In order: as long as the subjects come in order, as texts or as whole numbers, a batch ends
  between two of them, and memory is bounded by a batch and the rows of one child. Where only facts
  are needed, and one child has too many rows to be held, the next way is taken.
- Apart: each row is scored by itself, and beside it is remembered what it states of its child.
  As long as no two rows of a child state different things, and none leaves empty what another
  states, that is right. It needs no more than 32 bytes a child (`Seen`).
- In parts: the rows are read into temporary files beside the output, as they are, and the columns
  that are needed in parts of whole children. Part by part is scored, what is added is put in the
  place of its row, and the rows are read again. Memory is bounded by a part, a 64th of these
  columns.

A way that turns out not to serve raises `Again`, and the file is read again by the next.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.cohort.children import Seen, stated
from neocalc.cohort.table import Rows, Scoring, ids_of, score_table
from neocalc.errors import NeocalcError
from neocalc.files.spill import ROW, Added, Parts
from neocalc.files.spill import Rows as Kept

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.identities import Ids

HELD: Final = 8_000_000
"""Cells that are held in memory whatever the order of their rows, where whole children are."""
LONGEST: Final = 2_000_000
"""Cells of one child that are held in order, where no more than its facts are needed."""
SLICE: Final = 100_000
"""Rows that are passed on at a time."""
IN_ORDER, APART, IN_PARTS = "in order", "apart", "in parts"
"""The ways to read a file; the first is tried first."""

Tables = Iterator["pl.DataFrame"]
Watch = Callable[[Rows], None]


class Again(NeocalcError):
    """The rows have to be read again, by another way.

    Parameters
    ----------
    message : str
        Why.
    way : str
        That way.
    """

    def __init__(self, message: str, way: str) -> None:
        self.way = way
        super().__init__(message)


def scored_tables(
    batches: Tables, scoring: Scoring, watch: Watch, *, way: str, folder: Path | None
) -> Tables:
    """Scored tables of the batches of a file, every row once and in order.

    Parameters
    ----------
    batches : iterator of polars.DataFrame
        Of all its columns.
    scoring : Scoring
        What is computed.
    watch : callable
        It is shown the prepared rows of each table.
    way : str
        In order, apart or in parts.
    folder : pathlib.Path or None
        Where temporary files may be put; None: where the system does.

    Raises
    ------
    Again
        When this way does not serve.
    """
    import polars as pl

    if not scoring.by_child:
        yield from (score_table(batch, scoring, watch) for batch in batches)
        return
    if scoring.compares or way == IN_PARTS:
        held, batches = _held(batches)
        first = next(batches, None)
        if first is None:  # all there is
            if held:
                yield from _sliced(pl.concat(held), scoring, watch)
            return
        batches = itertools.chain(_let_go(held), [first], batches)
        del held, first
        if way == IN_PARTS:
            yield from _in_parts(batches, scoring, watch, folder)
        else:
            yield from _in_order(batches, scoring, watch)
        return
    first = next(batches, None)
    if first is None:
        return
    batches = itertools.chain([first], batches)
    if way == IN_ORDER and _begins_in_order(first, scoring):
        yield from _in_order(batches, scoring, watch)
    else:
        yield from _apart(batches, scoring, watch)


def _held(batches: Tables) -> tuple[list[pl.DataFrame], Tables]:
    """The first batches, more than `HELD` cells or all there are; and the rest."""
    held: list[pl.DataFrame] = []
    cells = 0
    for batch in batches:
        held.append(batch)
        cells += batch.height * batch.width
        if cells > HELD:
            break
    return held, batches


def _let_go(held: list[pl.DataFrame]) -> Tables:
    """What is held, and let go of as it goes."""
    while held:
        yield held.pop(0)


def _sliced(table: pl.DataFrame, scoring: Scoring, watch: Watch) -> Tables:
    """A whole file that is held, scored and passed on in parts."""
    scored = score_table(table, scoring, watch)
    for start in range(0, max(scored.height, 1), SLICE):
        yield scored.slice(start, SLICE)


def _begins_in_order(batch: pl.DataFrame, scoring: Scoring) -> bool:
    """Whether the subjects of the first batch come in order."""
    ids = ids_of(batch, scoring)
    return ids is not None and Order().goes_on(ids.key)


def _in_order(batches: Tables, scoring: Scoring, watch: Watch) -> Tables:
    """Scored tables of whole children, from batches whose subjects come in order."""
    import polars as pl

    order = Order()
    kept: list[Any] = []
    for batch in batches:
        ids = ids_of(batch, scoring)
        assert ids is not None
        if not order.goes_on(ids.key):
            why = f"subject {ids.key[-1]!r} and those before it are not in order"
            raise Again(why, IN_PARTS if scoring.compares else APART)
        table = pl.concat([kept[0], batch]) if kept else batch
        key = pl.concat([kept[1], ids.key]) if kept else ids.key
        start = table.height
        if order.last is not None:  # not yet those of the last child, of whom more may come
            start = (key == order.last).fill_null(False).arg_max() or 0
        kept = [table.slice(start), key.slice(start)]
        if not scoring.compares and kept[0].height * table.width > LONGEST:
            raise Again("there are too many rows of one child to hold", APART)
        if start:
            yield score_table(table.slice(0, start), scoring, watch)
    if kept and kept[0].height:
        yield score_table(kept[0], scoring, watch)


class Order:
    """Whether subjects come in order: as texts, or as whole numbers; then none comes back.

    Attributes
    ----------
    last : object
        The last subject so far; None before the first.
    """

    def __init__(self) -> None:
        self.last: Any = None
        self._as_text = self._as_number = True

    def goes_on(self, ids: pl.Series) -> bool:
        """Go on with more subjects; whether they are still in one of the orders."""
        import polars as pl

        ids = ids.drop_nulls()
        if not len(ids):
            return True
        if self.last is not None:
            ids = pl.concat([pl.Series([self.last], dtype=ids.dtype).alias(ids.name), ids])
        self._as_text = self._as_text and ids.is_sorted()
        if self._as_number and ids.dtype == pl.String:
            ids = ids.gather(np.flatnonzero(np.diff(ids.rle_id().to_numpy(), prepend=-1)))
            numbers = ids.cast(pl.Int64, strict=False)
            plain = (numbers.cast(pl.String) == ids).fill_null(False).all()  # 01 and 1 are two
            self._as_number = bool(plain) and numbers.is_sorted()
        elif self._as_number:
            self._as_number = self._as_text
        self.last = ids[-1]
        return self._as_text or self._as_number


def _apart(batches: Tables, scoring: Scoring, watch: Watch) -> Tables:
    """Scored tables of rows that each stand alone, as long as no row says more of another."""
    seen, alone = Seen(), scoring.apart
    for number, batch in enumerate(batches):
        ids = ids_of(batch, scoring)
        assert ids is not None

        def look(rows: Rows, ids: Ids = ids) -> None:
            if ids.spelling is not None or not seen.agree(ids.key, stated(rows.stated)):
                raise Again("the rows of a child do not all state the same", IN_PARTS)
            rows.children = rows.children._replace(trimmed=ids.trimmed)
            watch(rows)

        try:
            scored = score_table(batch, alone, look)
        except Again:
            if number or next(batches, None) is not None:
                raise
            yield from _sliced(batch, scoring, watch)  # it is all there is
        else:
            yield scored


def _in_parts(batches: Tables, scoring: Scoring, watch: Watch, folder: Path | None) -> Tables:
    """Scored tables from batches in any order, by way of temporary files."""
    import polars as pl

    with contextlib.ExitStack() as opened:
        kept, parts = Kept(folder, opened), Parts(folder, opened)
        for batch in batches:
            ids = ids_of(batch, scoring)
            assert ids is not None
            index = pl.int_range(kept.starts[-1], kept.starts[-1] + batch.height, eager=True)
            parts.add(batch.select(scoring.needed).with_columns(index.alias(ROW)), ids.key)
            kept.put(batch)
        added = Added(folder, opened, kept.starts)
        for part in parts.tables():
            added.put(part[ROW], scoring.columns(part.drop(ROW), watch))
        for batch, more in zip(kept.tables(), added.tables(), strict=True):
            yield batch.hstack(more)
