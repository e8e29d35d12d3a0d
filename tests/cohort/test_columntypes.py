"""Columns of every type that Parquet and the frames know: they pass through, or are one line."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import neocalc as nc
from neocalc.files.polarslimits import has_csv_form
from shell import Shell

pytestmark = pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")
D = decimal.Decimal
VISITS: dict[str, Any] = {
    "subject_id": pa.array(["a", "a", "b"]),
    "sex": pa.array(["f", "f", "m"]),
    "birth_date": pa.array(["2026-01-01"] * 3),
    "measured_on": pa.array(["2026-02-01", "2026-03-01", "2026-03-01"]),
    "weight_kg": pa.array([4.0, 5.0, 5.5]),
}
PLAIN: dict[str, pa.Array] = {
    "decimal128": pa.array([D("1.23"), None, D(2)], pa.decimal128(38, 10)),
    "time": pa.array([1000, None, 3000], pa.time64("ns")),
    "null": pa.nulls(3),
    "half": pa.array(np.array([1, 2, 3], "f2")),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "uint64": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "timestamp": pa.array([1, None, 3], pa.timestamp("ns", tz="Asia/Shanghai")),
    "date64": pa.array([dt.date(2026, 1, 1), None, None], pa.date64()),
}
"""Types that have a form in a CSV."""
PARQUET_ALONE: dict[str, pa.Array] = {
    "duration": pa.array([1, None, 3], pa.duration("ns")),
    "struct": pa.array([{"a": 1}, None, {"a": 2}]),
    "list": pa.array([[1], None, [2, 3]]),
    "fixed list": pa.array([[1, 2], None, [2, 3]], pa.list_(pa.int64(), 2)),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "binary": pa.array([b"ab", None, b"\xff"]),
    "fixed binary": pa.array([b"ab", None, b"cd"], pa.binary(2)),
    "list of nothing": pa.array([[None], None, []], pa.list_(pa.null())),
}
"""Types that pass through to Parquet alone."""
WIDE: dict[str, pa.Array] = {
    "decimal256": pa.array([D("1" * 60), None, D(2)], pa.decimal256(70, 2)),
    "a small decimal256": pa.array([D("1.5"), None, D(2)], pa.decimal256(50, 10)),
}
"""Types that polars cannot read."""
FRAMES_ALONE: dict[str, pa.Array] = {
    "interval": pa.array([(1, 2, 3), None, (0, 0, 1)], pa.month_day_nano_interval()),
    "run ends": pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), pa.array([5, 6])),
    "negative scale": pa.array([D(1200), None, D(200)], pa.decimal128(5, -2)),
    "offset": pa.array([1, None, 3], pa.timestamp("us", tz="+05:30")),
}
"""Types of frames that polars cannot read."""
ALL = PLAIN | PARQUET_ALONE | WIDE | FRAMES_ALONE


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def written(folder: Path, name: str, values: pa.Array) -> pa.Table:
    """Visits with a column of that type, as in.parquet; what pyarrow reads of it."""
    pq.write_table(pa.table(VISITS | {name: values}), folder / "in.parquet")
    return pq.read_table(folder / "in.parquet")


@pytest.mark.requirement("REQ-TAB-20")
@pytest.mark.parametrize("command", ["score", "velocity"])
@pytest.mark.parametrize("kind", [*PLAIN, *PARQUET_ALONE])
def test_what_is_not_read_passes_through_to_parquet(shell: Shell, command: str, kind: str) -> None:
    before = written(shell.folder, kind, ALL[kind])
    assert shell.run(command, "in.parquet", "-o", "out.parquet").code == 0
    after = pq.read_table(shell.folder / "out.parquet")[kind]
    if kind == "date64":  # the same days, as times
        after = after.cast(pa.date32())
    assert after.to_pylist() == before[kind].to_pylist()


@pytest.mark.parametrize("kind", list(PLAIN))
def test_what_has_a_text_is_written_to_a_csv(shell: Shell, kind: str) -> None:
    written(shell.folder, kind, ALL[kind])
    assert shell.run("score", "in.parquet", "-o", "out.csv").code == 0
    assert shell.read("out.csv").count("\n") == 4


@pytest.mark.requirement("REQ-TAB-20")
@pytest.mark.parametrize("kind", list(PARQUET_ALONE))
def test_what_has_no_text_is_one_line_and_nothing_is_written(shell: Shell, kind: str) -> None:
    written(shell.folder, kind, ALL[kind])
    problem = shell.run("score", "in.parquet", "-o", "out.csv").problem
    assert problem.startswith(f"neocalc: column {kind}: ")
    assert problem.endswith(" has no form in a CSV; write .parquet")
    assert shell.names() == ["in.parquet"]


@pytest.mark.requirement("REQ-TAB-20")
@pytest.mark.parametrize("kind", list(WIDE))
@pytest.mark.parametrize(
    "command",
    ["score in.parquet -o out.parquet", "score in.parquet -o out.csv",
     "velocity in.parquet -o out.parquet", "chart in.parquet -o out.svg",
     "report in.parquet -o out.html"],
)  # fmt: skip
def test_numbers_of_too_many_digits_are_one_line(shell: Shell, command: str, kind: str) -> None:
    """InvalidOperationError, from polars."""
    digits = written(shell.folder, kind, ALL[kind]).schema.field(kind).type.precision
    assert shell.run(*command.split()).problem == (
        f"neocalc: in.parquet: column {kind}: decimal numbers of {digits} digits; at most 38 can "
        "be read"
    )
    assert shell.names() == ["in.parquet"]


# --------------------------------------------------------------------------------------- in frames


def frames(values: pa.Array, name: str) -> dict[str, Any]:
    """Visits with a column of that type, in every kind of frame that can hold it."""
    table = pa.table(VISITS | {name: values})
    found: dict[str, Any] = {"pyarrow": table}
    if values.type not in (array.type for array in (WIDE | FRAMES_ALONE).values()):
        found["polars"] = pl.from_arrow(table)
    found["pandas of Arrow"] = table.to_pandas(types_mapper=pd.ArrowDtype)
    if not isinstance(values, pa.RunEndEncodedArray):
        found["pandas"] = table.to_pandas()
    return found


CALLS: dict[str, Callable[[Any], Any]] = {
    "score": nc.score,
    "velocity": nc.velocity.score,
    "chart": nc.chart.cohort,
    "report": nc.report.page,
}


@pytest.mark.parametrize("kind", list(ALL))
def test_a_column_that_is_not_read_does_not_matter(kind: str) -> None:
    for name, frame in frames(ALL[kind], "x").items():
        for call in (nc.score, nc.velocity.score):
            assert len(call(frame)) == 3, (name, call)


@pytest.mark.requirement("REQ-TAB-20")
@pytest.mark.parametrize("column", ["weight_kg", "sex", "birth_date", "subject_id", "arm"])
@pytest.mark.parametrize("kind", list(ALL))
def test_a_column_that_is_read_has_statuses_or_is_one_line(kind: str, column: str) -> None:
    for name, frame in frames(ALL[kind], column).items():
        for call in (nc.score, nc.velocity.score, nc.chart.cohort):
            try:
                assert call(frame) is not None
            except nc.NeocalcError as error:
                assert "\n" not in str(error), (name, call)


@pytest.mark.parametrize("kind", [*WIDE, *FRAMES_ALONE])
def test_the_column_and_its_type_are_named(kind: str) -> None:
    found = frames(ALL[kind], "weight_kg")
    for name in ("pyarrow", "pandas of Arrow"):
        with pytest.raises(nc.FileError, match=r"column weight_kg: .*: this type cannot be read"):
            nc.score(found[name])


@pytest.mark.parametrize("kind", list(PARQUET_ALONE))
def test_ids_and_arms_without_a_text_are_refused_on_charts(kind: str) -> None:
    for column in ("subject_id", "arm"):
        frame = frames(ALL[kind], column)["polars"]
        for call in (nc.chart.cohort, nc.report.page):
            with pytest.raises(nc.FileError, match=f"column {column}: values of type .* are not"):
                call(frame)


def test_an_error_that_no_column_alone_explains_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from neocalc.files.polarslimits import readable

    def select(_: Any, names: list[str]) -> pl.DataFrame:
        if len(names) > 1:
            raise RuntimeError("together")
        return pl.DataFrame()

    with pytest.raises(RuntimeError, match="together"):
        readable(select)(pa.table(VISITS), ["sex", "weight_kg"])


def test_types_with_a_form_in_a_csv() -> None:
    plain = (
        pl.String(),
        pl.Float64(),
        pl.Date(),
        pl.Time(),
        pl.Datetime(),
        pl.Boolean(),
        pl.Null(),
    )
    assert all(map(has_csv_form, plain))
    others = (pl.List(pl.Int8), pl.Struct({}), pl.Binary(), pl.Object(), pl.Duration())
    assert not any(map(has_csv_form, others))
