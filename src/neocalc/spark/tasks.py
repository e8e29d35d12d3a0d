"""What a Spark executor does: agree with the driver, then add the columns to Arrow batches.

With the task travel the version, the digest of the tables, the references and the policy of the
driver; an executor that comes to something else raises instead of scoring. Each worker process
checks, and reads its tables, once.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neocalc.ages.policy import DEFAULT
from neocalc.cohort.table import Scoring
from neocalc.errors import PolicyError, TableError
from neocalc.references.catalogue import reference, tables_digest
from neocalc.spark.orders import read, written

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

Batches = Iterator["pa.RecordBatch"]


class Order(NamedTuple):
    """What an executor is to do, and what it must find there: plain values.

    Attributes
    ----------
    version : str
        Of neocalc.
    digest : str
        Of neocalc's own tables.
    references : tuple of (str, str)
        The SHA-256 of the reference.toml of each reference in use, a user's own among them.
    policy : tuple
        What the policy comes to: `Policy.key`.
    columns : tuple of str
        The names of the columns; Spark may hand them over under others.
    scoring : str
        The `Scoring`, as `orders.written` writes it.
    """

    version: str
    digest: str
    references: tuple[tuple[str, str], ...]
    policy: tuple[Any, ...]
    columns: tuple[str, ...]
    scoring: str


def order_of(scoring: Scoring, columns: list[str]) -> Order:
    """What the executors are told."""
    from neocalc._version import __version__

    policy = scoring.policy
    used = dict.fromkeys((*policy.references, scoring.reference))
    return Order(
        __version__,
        tables_digest(),
        tuple((name, reference(name).sha256) for name in used if name != DEFAULT),
        policy.key,
        tuple(columns),
        written(scoring),
    )


@lru_cache(maxsize=16)
def checked(order: Order) -> Scoring:
    """What is to be done, once this process is found to agree with the driver.

    Raises
    ------
    TableError
        When the tables here are not those of the driver.
    PolicyError
        When the policy comes to something else here.
    """
    here = f"the Spark executor on {socket.gethostname()}"
    digest = tables_digest()
    if digest != order.digest:
        raise TableError(
            f"{here} has tables with the digest {digest}, the driver {order.digest};"
            " install the same neocalc"
        )
    for name, sha256 in order.references:
        found = reference(name).sha256
        if found != sha256:
            raise TableError(
                f"{here} has a reference {name} with the SHA-256 {found}, the driver {sha256}"
            )
    scoring = read(order.scoring)
    key = scoring.policy.key
    if key != order.policy:
        raise PolicyError(f"{here} takes the policy as {key}, the driver as {order.policy}")
    return scoring


def added_batches(batches: Batches, order: Order) -> Batches:
    """Batches with the added columns: every row once, every column as it came."""
    import polars as pl
    import pyarrow as pa

    scoring = checked(order)
    if scoring.by_child:
        batches = whole_children(batches)
    for given in batches:
        batch = given.rename_columns(list(order.columns))
        table = pl.from_arrow(batch.select(scoring.needed))
        assert isinstance(table, pl.DataFrame)
        added = added_arrays(table, scoring)
        new = [pa.field(name, column.type) for name, column in added.items()]
        schema = pa.schema([*batch.schema, *new], metadata=batch.schema.metadata)
        yield pa.RecordBatch.from_arrays([*batch.columns, *added.values()], schema=schema)


def added_arrays(table: pl.DataFrame, scoring: Scoring) -> dict[str, pa.Array]:
    """The added columns as Spark takes them: long, double, string, or as a date came."""
    import polars as pl
    import pyarrow as pa

    arrays = {}
    for column in scoring.columns(table):
        kind = column.dtype
        if kind.is_integer():
            arrays[column.name] = column.cast(pl.Int64).to_arrow()
        elif kind.is_numeric():
            arrays[column.name] = column.cast(pl.Float64).to_arrow()
        elif kind.is_temporal():
            arrays[column.name] = column.to_arrow()
        else:
            arrays[column.name] = column.cast(pl.String).to_arrow().cast(pa.string())
    return arrays


def whole_children(batches: Batches) -> Batches:
    """The same rows in batches that no child crosses, without their last column.

    Rows that do not say whose they are belong to nobody: between them is cut anywhere, so that no
    number of them has to be held.

    Parameters
    ----------
    batches : iterator of pyarrow.RecordBatch
        Their last column is the same for all rows of a child and empty for those of nobody; they
        come in its order.
    """
    held: list[pa.RecordBatch] = []
    last = None
    for keyed in batches:
        if not keyed.num_rows:
            continue
        cut, first, following = _last_child(keyed.column(keyed.num_columns - 1))
        batch = keyed.select(range(keyed.num_columns - 1))
        if cut or first != last:
            done = [*held, *([batch.slice(0, cut)] if cut else [])]
            if done:
                yield _joined(done)
            held = []
        if cut < batch.num_rows:
            held.append(batch.slice(cut))
        last = following
    if held:
        yield _joined(held)


def _last_child(keys: Any) -> tuple[int, Any, Any]:
    """Where the rows of the last child begin, and the first and the last child; None: nobody."""
    import pyarrow.compute as pc

    first, last = keys[0].as_py() or None, keys[-1].as_py() or None
    if last is None:
        return len(keys), first, None
    others = np.flatnonzero(~pc.equal(keys, keys[-1]).fill_null(False).to_numpy(False))
    return int(others[-1]) + 1 if others.size else 0, first, last


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    import pyarrow as pa

    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
