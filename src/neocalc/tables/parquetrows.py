"""The rows of a Parquet file, in batches."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from neocalc.errors import FileError

if TYPE_CHECKING:
    import polars as pl


class ParquetRows:
    """The rows of a Parquet file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    name : str
        For messages.

    Attributes
    ----------
    columns : list of str
    schema : dict of str to polars.DataType
    """

    def __init__(self, path: Path, name: str) -> None:
        import polars as pl

        self._path = path
        self._name = name
        with self._named_errors():
            self._scan = pl.scan_parquet(path, glob=False)
            self.schema: dict[str, pl.DataType] = dict(self._scan.collect_schema())
        self.columns = list(self.schema)

    def digest(self) -> str:
        """SHA-256 of the file."""
        with self._path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def batches(self, most: int) -> Iterator[pl.DataFrame]:
        """The rows in order, in tables of at most so many rows."""
        with self._named_errors():
            yield from self._scan.collect_batches(chunk_size=most, maintain_order=True)

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        import polars as pl

        try:
            yield
        except pl.exceptions.PolarsError as error:
            raise FileError(f"{self._name}: not a readable Parquet file: {brief(error)}") from error


def brief(error: BaseException) -> str:
    """The first line of a library's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
