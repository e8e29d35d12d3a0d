"""Temporary files of a table whose children do not come in order: see `wholes`.

They have no names: no other user can open them, and they are gone when the process is, however it
ends. They are written and read, never mapped into memory: a full disk is an error and not a signal.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from neocalc.errors import FileError
from neocalc.files.inputs import read_at, write_all

if TYPE_CHECKING:
    import polars as pl

PARTS: Final = 64
"""Parts of whole children that an unordered file is divided into."""
BUFFERED: Final = 8_192
"""Rows of a part that are written at a time."""
TOGETHER: Final = 256
"""Batches that are kept in one file."""
ROW: Final = "neocalc row"
"""The column with the number of each row."""
_PART: Final = "neocalc part"


class Place(NamedTuple):
    """Where a table stands in a file: its position and size [byte]."""

    at: int
    size: int


class Spill:
    """Tables in a temporary file without a name.

    Parameters
    ----------
    folder : pathlib.Path or None
        Where it takes its room; None: where the system has its temporary files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder or Path(tempfile.gettempdir())
        self._end = 0
        with self._named_errors():
            self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, *exception: object) -> None:
        """Give its room back."""
        with contextlib.suppress(OSError):
            self._file.close()

    def put(self, table: pl.DataFrame) -> Place:
        """Write a table."""
        made = io.BytesIO()
        table.write_ipc(made, compression="zstd")
        place = Place(self._end, made.tell())
        with self._named_errors():
            os.lseek(self._file.fileno(), place.at, os.SEEK_SET)
            write_all(self._file.fileno(), made.getbuffer())
        self._end += place.size
        return place

    def get(self, place: Place) -> pl.DataFrame:
        """Read a table."""
        import polars as pl

        with self._named_errors():
            data = read_at(self._file.fileno(), *place)
        return pl.read_ipc(io.BytesIO(data))

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = error.strerror or error
            raise FileError(f"{self._folder}: a temporary file there failed: {why}") from error


class Rows:
    """The batches of a file, to be read once more in their order.

    Attributes
    ----------
    starts : list of int
        The number of the first row of each batch, and of the row after the last.
    """

    def __init__(self, folder: Path | None, opened: contextlib.ExitStack) -> None:
        self._folder, self._opened = folder, opened
        self._spills: list[Spill] = []
        self._places: list[Place] = []
        self.starts = [0]

    def put(self, batch: pl.DataFrame) -> None:
        """Keep the next batch, if it has any rows."""
        if not batch.height:
            return
        if len(self._places) % TOGETHER == 0:
            self._spills.append(self._opened.enter_context(Spill(self._folder)))
        self._places.append(self._spills[-1].put(batch))
        self.starts.append(self.starts[-1] + batch.height)

    def tables(self) -> Iterator[pl.DataFrame]:
        """The batches; the room of those that have been read is given back."""
        for number, place in enumerate(self._places):
            spill = self._spills[number // TOGETHER]
            yield spill.get(place)
            if number % TOGETHER == TOGETHER - 1:
                spill.__exit__()


class Parts:
    """The needed columns of a file, in parts of whole children."""

    def __init__(self, folder: Path | None, opened: contextlib.ExitStack) -> None:
        self._spills = [opened.enter_context(Spill(folder)) for _ in range(PARTS)]
        self._places: list[list[Place]] = [[] for _ in range(PARTS)]
        self._waiting: list[list[pl.DataFrame]] = [[] for _ in range(PARTS)]

    def add(self, table: pl.DataFrame, ids: pl.Series) -> None:
        """Put each row into the part of its child."""
        own = (ids.hash() % PARTS).alias(_PART)
        for rows in table.with_columns(own).partition_by(_PART):
            part = int(rows[_PART][0])
            self._waiting[part].append(rows.drop(_PART))
            if sum(waiting.height for waiting in self._waiting[part]) >= BUFFERED:
                self._write(part)

    def _write(self, part: int) -> None:
        import polars as pl

        if self._waiting[part]:
            self._places[part].append(self._spills[part].put(pl.concat(self._waiting[part])))
            self._waiting[part] = []

    def tables(self) -> Iterator[pl.DataFrame]:
        """The parts, each once, with their rows in order."""
        import polars as pl

        for part, spill in enumerate(self._spills):
            self._write(part)
            if self._places[part]:
                yield pl.concat([spill.get(place) for place in self._places[part]])
            spill.__exit__()


class Added:
    """The added columns of the parts, put together for the batches of the file.

    Parameters
    ----------
    folder : pathlib.Path or None
        Where they take their room.
    opened : contextlib.ExitStack
        It gives it back.
    starts : sequence of int
        The number of the first row of each batch, and of the row after the last.
    """

    def __init__(
        self, folder: Path | None, opened: contextlib.ExitStack, starts: Sequence[int]
    ) -> None:
        self._spill = opened.enter_context(Spill(folder))
        self._starts = starts
        self._places: list[list[Place]] = [[] for _ in starts[1:]]

    def put(self, rows: pl.Series, series: list[pl.Series]) -> None:
        """Keep the columns of a part, whose rows have these numbers and come in their order."""
        import polars as pl

        table = pl.DataFrame([rows.alias(ROW), *series])
        cuts = np.searchsorted(rows.to_numpy(), self._starts)
        for batch, (start, end) in enumerate(itertools.pairwise(cuts)):
            if start < end:
                self._places[batch].append(self._spill.put(table.slice(start, end - start)))

    def tables(self) -> Iterator[list[pl.Series]]:
        """The added columns of each batch."""
        import polars as pl

        for places in self._places:
            table = pl.concat([self._spill.get(place) for place in places])
            yield table.sort(ROW).drop(ROW).get_columns()
