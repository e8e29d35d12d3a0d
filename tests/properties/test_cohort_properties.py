"""What holds for every table: a row's result is its own, in whatever company and container."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from random import Random
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
from neocalc.cohort.run import score_file
from neocalc.cohort.table import plan
from neocalc.errors import STATUSES
from neocalc.files import csvrows
from neocalc.files import sources as files
from neocalc.files.sources import Source

pytestmark = pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")
DATES = ["2024-01-01", "2024-03-01", "2024-04-15", "2024-12-31", "2026-02-28"]
CELLS = {
    "id": st.sampled_from(["007", "", "é", 'a "b"', "x,y", " ", "two\nlines", "NA"]),
    "sex": st.sampled_from(["f", "m", "female", "MALE", "f", "m", "", "X"]),
    "birth_date": st.sampled_from([*DATES[:3], "2024-01-01", "", "01/02/2024"]),
    "measured_on": st.sampled_from([*DATES, "", "2024-02-30"]),
    "gestational_age": st.sampled_from(["23+0", "27+3", "36w6d", "37+0", "41 0/7", "", "27.3"]),
    "weight_g": st.one_of(
        st.integers(300, 20_000).map(str), st.sampled_from(["", "0", "3,1", "1e9", " 3100 "])
    ),
    "length_cm": st.one_of(
        st.integers(250, 1_100).map(lambda mm: f"{mm / 10}"), st.sampled_from(["", "x", "120.1"])
    ),
    "length_position": st.sampled_from(["l", "standing", "", "?"]),
    "oedema": st.sampled_from(["", "n", "n", "y", "perhaps"]),
}
FEW = settings(max_examples=settings().max_examples // 4)
FEWER = settings(max_examples=settings().max_examples // 8)
ROW = st.tuples(*CELLS.values())
BAD = st.sampled_from(
    [
        ("",) * len(CELLS),
        ("1", "X", "x", "x", "x", "x", "x", "x", "x"),
        ("1", "f", "2024-01-01", "1999-01-01", "27+3", "-1", "0", "l", "y"),
    ]
)


def table(rows: list[tuple[str, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(CELLS, pl.String), orient="row")


def added(rows: list[tuple[str, ...]]) -> pl.DataFrame:
    scored: pl.DataFrame = nc.score(table(rows), centiles=True, uncorrected=True)
    return scored.drop(list(CELLS))


@pytest.mark.requirement("REQ-STAT-03")
@FEW
@given(st.lists(ROW, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_permuting_rows_permutes_results(rows: list[tuple[str, ...]], random: Random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    assert added([rows[i] for i in order]).equals(added(rows)[order])


@pytest.mark.requirement("REQ-STAT-03")
@FEW
@given(st.lists(ROW, min_size=1, max_size=8), BAD, st.data())
def test_adding_a_bad_row_changes_no_other_row(
    rows: list[tuple[str, ...]], bad: tuple[str, ...], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows)))
    with_bad = added([*rows[:at], bad, *rows[at:]])
    assert pl.concat([with_bad[:at], with_bad[at + 1 :]]).equals(added(rows))
    assert with_bad["waz"][at] is None


@pytest.mark.requirement("REQ-FILE-01")
@FEW
@given(st.lists(ROW, max_size=8), st.integers(0, 8))
def test_a_table_is_its_parts(rows: list[tuple[str, ...]], at: int) -> None:
    assert pl.concat([added(rows[:at]), added(rows[at:])]).equals(added(rows))


@pytest.mark.requirement("REQ-STAT-04")
@FEW
@given(st.lists(ROW, min_size=1, max_size=8))
def test_every_row_has_a_status_that_says_whether_there_is_a_z(rows: list[tuple[str, ...]]) -> None:
    scored = added(rows)
    assert scored.height == len(rows)
    for index in ("waz", "laz", "baz", "wlz"):
        status = scored[f"{index}_status"]
        assert set(status.to_list()) <= set(STATUSES[:16])
        kept = status.is_in(["ok", "implausible"])
        assert (scored[index].is_not_null() == kept).all()
        assert (scored[f"{index}_centile"].is_not_null() == kept).all()
        assert not (kept & scored[f"{index}_reference"].is_null()).any()
        assert scored[index].is_finite().fill_null(True).all()


@pytest.mark.requirement("REQ-TAB-08")
@FEW
@given(st.lists(ROW, min_size=1, max_size=8))
def test_missing_words_are_the_same_as_nothing(rows: list[tuple[str, ...]]) -> None:
    marked = table(rows).with_columns(
        pl.when(pl.col(pl.String) == "")
        .then(pl.lit("-99"))
        .otherwise(pl.col(pl.String))
        .name.keep()
    )
    scored = nc.score(marked, missing=["-99"])
    assert scored.drop(list(CELLS)).equals(nc.score(table(rows)).drop(list(CELLS)))
    assert scored.select(list(CELLS)).equals(marked)


def scored_bytes(folder: Path, source: str, target: str) -> bytes:
    """A file scored into another."""
    with Source(str(folder / source)) as opened:
        scoring = plan(opened.columns, centiles=True, uncorrected=True, where=opened.name)
        score_file(opened, str(folder / target), scoring, force=True)
    return (folder / target).read_bytes()


@pytest.mark.requirement("REQ-STAT-06")
@FEWER
@given(
    st.lists(ROW, min_size=1, max_size=8),
    st.integers(1, 300),
    st.integers(1, 9),
    st.integers(1, 90),
)
def test_chunks_and_containers_do_not_change_a_byte(
    rows: list[tuple[str, ...]], piece: int, most: int, cells: int
) -> None:
    given_table = table(rows)
    frame = nc.score(given_table, centiles=True, uncorrected=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given_table.write_csv(folder / "in.csv")
        given_table.write_parquet(folder / "in.parquet", row_group_size=3)
        whole = scored_bytes(folder, "in.csv", "out.csv")
        with (
            mock.patch.object(csvrows, "PIECE", piece),
            mock.patch.object(files, "MOST_ROWS", most),
            mock.patch.object(files, "CELLS", cells),
        ):
            assert scored_bytes(folder, "in.csv", "again.csv") == whole
            assert scored_bytes(folder, "in.parquet", "from_parquet.csv") == whole
            content = scored_bytes(folder, "in.csv", "out.parquet")
    assert frame.write_csv().encode() == whole
    assert pl.read_parquet(io.BytesIO(content)).equals(frame)
