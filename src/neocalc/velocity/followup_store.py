"""Temporary files of a follow-up whose subjects do not come in order: see `followup_files`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import polars as pl

PARTS: Final = 64
"""Parts of whole subjects that an unordered file is divided into."""
BUFFERED: Final = 8_192
"""Rows of a part that are written at a time."""
SCATTERED: Final = 500_000
"""Rows of what is added that wait to be put in their places together."""
_NONE: Final = -(2**31)
_PART: Final = "neocalc part"


class Parts:
    """The needed columns of a file, in parts of whole subjects, on disk."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._files: list[list[Path]] = [[] for _ in range(PARTS)]
        self._waiting: list[list[pl.DataFrame]] = [[] for _ in range(PARTS)]

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *exception: object) -> None:
        for part in range(PARTS):
            self._write(part)

    def add(self, table: pl.DataFrame, ids: pl.Series) -> None:
        """Put each row into the part of its subject."""
        own = (ids.hash() % PARTS).alias(_PART)
        for rows in table.with_columns(own).partition_by(_PART):
            part = int(rows[_PART][0])
            self._waiting[part].append(rows.drop(_PART))
            if sum(waiting.height for waiting in self._waiting[part]) >= BUFFERED:
                self._write(part)

    def _write(self, part: int) -> None:
        import polars as pl

        if self._waiting[part]:
            file = self._place / f"part-{part}-{len(self._files[part])}.arrow"
            pl.concat(self._waiting[part]).write_ipc(file, compression="zstd")
            self._files[part].append(file)
            self._waiting[part] = []

    def tables(self) -> Iterator[pl.DataFrame]:
        """The parts, each once."""
        import polars as pl

        for files in self._files:
            if files:
                yield pl.concat([pl.read_ipc(file) for file in files])
                for file in files:
                    file.unlink()


class Added:
    """The added columns of a file, each a file of fixed-width values in the order of the rows.

    Values wait until there are `SCATTERED` rows of them, and a file is mapped only while it is
    written to or read: so its pages do not add up to all of it in the memory of the process.
    """

    def __init__(self, place: Path, rows: int) -> None:
        self._place, self._rows = place, rows
        self._types: dict[str, Any] = {}
        self._waiting: list[tuple[Any, list[pl.Series]]] = []

    def put(self, rows: Any, series: list[pl.Series]) -> None:
        """Put values in the places of their rows, now or with those that follow."""
        self._waiting.append((rows, series))
        if sum(len(waiting) for waiting, _ in self._waiting) >= SCATTERED:
            self.write()

    def write(self) -> None:
        """Put what waits in its place."""
        import polars as pl

        if not self._waiting:
            return
        rows = np.concatenate([waiting for waiting, _ in self._waiting])
        columns = zip(*(series for _, series in self._waiting), strict=True)
        self._waiting = []
        for column in map(pl.concat, columns):
            physical = column.to_physical()
            if physical.dtype == pl.Float64:
                values = physical.fill_null(float("nan")).to_numpy()
            else:
                values = physical.cast(pl.Int32).fill_null(_NONE).to_numpy()
            path = self._place / f"{column.name}.npy"
            if column.name not in self._types:
                self._types[column.name] = column.dtype
                np.lib.format.open_memmap(path, "w+", values.dtype, (self._rows,))
            np.lib.format.open_memmap(path, "r+")[rows] = values

    def get(self, start: int, height: int) -> list[pl.Series]:
        """The added columns of some rows."""
        import polars as pl

        series = []
        for name, dtype in self._types.items():
            values = np.lib.format.open_memmap(self._place / f"{name}.npy", "r")
            column = pl.Series(name, np.array(values[start : start + height]))
            if dtype == pl.Float64:
                series.append(column.fill_nan(None))
                continue
            column = column.set(column == _NONE, None)
            if isinstance(dtype, pl.Enum):
                column = column.cast(pl.UInt8).cat.to(dtype)
            series.append(column.cast(dtype))
        return series
