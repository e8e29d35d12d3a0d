"""Files larger than memory: by whatever way they are read, facts hold for all rows of a child."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.cohort import wholes
from neocalc.cohort.children import Seen
from neocalc.cohort.run import Summary, score_file
from neocalc.cohort.table import plan
from neocalc.cohort.wholes import APART, IN_ORDER, IN_PARTS, Again, Order, scored_tables
from neocalc.files import sources as files
from neocalc.files import spill
from neocalc.files.sources import Source


def cohort(children: int = 40, seed: int = 3, *, gaps: float = 0.0) -> pl.DataFrame:
    """Simulated visits by child and date; facts are left out in a share of the rows."""
    rng = np.random.default_rng(seed)
    visits = rng.integers(1, 7, children)
    n = int(visits.sum())
    subject = np.repeat(np.arange(children), visits)
    days = np.concatenate([np.sort(rng.choice(700, k, replace=False)) for k in visits])
    born = np.datetime64("2024-01-01") + rng.integers(0, 300, children)
    frame = pl.DataFrame(
        {
            "row": range(n),
            "subject_id": [f"S{i:04d}" for i in subject],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, children)][subject],
            "gestational_age": np.array(["26+0", "33+4", "40+1"])[rng.integers(0, 3, children)][
                subject
            ],
            "birth_date": born[subject].astype(str),
            "measured_on": (born[subject] + days).astype(str),
            "weight_g": np.round(3000 + 12 * days).astype(int).astype(str),
            "note": [f'a "note", {i}' for i in range(n)],
        }
    )
    for fact in ("sex", "gestational_age", "birth_date"):
        left_out = pl.Series(rng.random(n) < gaps)
        frame = frame.with_columns(pl.when(left_out).then(pl.lit("")).otherwise(fact).alias(fact))
    return frame


def spoilt(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with some rows of nobody, unusable facts, and children in conflict."""
    at = pl.int_range(pl.len())
    return frame.with_columns(
        pl.when(at % 41 == 7).then(pl.lit("")).otherwise("subject_id").alias("subject_id"),
        pl.when(at % 37 == 5).then(pl.lit("x")).otherwise("sex").alias("sex"),
        pl.when(at % 43 == 9).then(pl.lit("24+0")).otherwise("gestational_age")
        .alias("gestational_age"),
        pl.when(at % 29 == 3).then(pl.lit("")).otherwise("measured_on").alias("measured_on"),
    )  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of a few rows, and little that is held."""
    monkeypatch.setattr(wholes, "HELD", 60)
    monkeypatch.setattr(wholes, "SLICE", 13)
    monkeypatch.setattr(spill, "PARTS", 5)
    monkeypatch.setattr(spill, "BUFFERED", 6)
    monkeypatch.setattr(files, "MOST_ROWS", 11)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ways that are taken, as they are taken."""
    taken: list[str] = []
    for name, way in (("_in_order", IN_ORDER), ("_apart", APART), ("_in_parts", IN_PARTS)):
        real = getattr(wholes, name)

        def spy(*given: Any, real: Any = real, way: str = way) -> Iterator[pl.DataFrame]:
            taken.append(way)
            return real(*given)  # type: ignore[no-any-return]

        monkeypatch.setattr(wholes, name, spy)
    return taken


def run(source: Path, target: Path) -> Summary:
    """Score a file."""
    with Source(str(source)) as opened:
        return score_file(opened, str(target), plan(opened.columns))


def as_csv(frame: pl.DataFrame) -> bytes:
    """A table as the file that it is written to."""
    text = io.BytesIO()
    frame.write_csv(text)
    return text.getvalue()


TABLES = {
    "whole": (cohort(), [IN_ORDER]),
    "with gaps": (cohort(gaps=0.5), [IN_ORDER]),
    "spoilt": (spoilt(cohort(gaps=0.3)), [IN_ORDER]),
    "shuffled": (cohort().sample(fraction=1, shuffle=True, seed=2), [APART]),
    "shuffled with gaps": (
        cohort(gaps=0.5).sample(fraction=1, shuffle=True, seed=2), [APART, IN_PARTS],
    ),
    "shuffled and spoilt": (
        spoilt(cohort(gaps=0.3)).sample(fraction=1, shuffle=True, seed=2), [APART, IN_PARTS],
    ),
    "twice": (pl.concat([cohort(), cohort()]), [IN_ORDER, APART]),
    "a gap at the end": (
        pl.concat([cohort(), cohort().head(1).with_columns(sex=pl.lit(""))]),
        [IN_ORDER, APART, IN_PARTS],
    ),
    "an id in two Unicode forms": (
        pl.concat(
            [cohort(), cohort().head(1).with_columns(subject_id=pl.lit("S0000\u200b"))]
        ),
        [IN_ORDER, APART, IN_PARTS],
    ),
    "nobody": (cohort().with_columns(subject_id=pl.lit("")), [IN_ORDER]),
    "one child": (
        cohort().with_columns(subject_id=pl.lit("1"), birth_date=pl.lit("2024-01-01"),
                              sex=pl.lit("f"), gestational_age=pl.lit("30+0")),
        [IN_ORDER],
    ),
}  # fmt: skip
"""Tables of visits, each with the ways that are taken through a file of it."""


@pytest.mark.requirement("REQ-CHILD-04")
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", list(TABLES))
def test_any_way_through_a_file_gives_what_the_table_gives(
    tmp_path: Path, ways: list[str], name: str, suffix: str
) -> None:
    frame, expected_ways = TABLES[name]
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    frame.write_csv(source) if suffix == ".csv" else frame.write_parquet(source)
    summary = run(source, target)
    assert ways == expected_ways if suffix == ".csv" else set(ways) <= {*expected_ways}
    expected = nc.score(frame)
    if suffix == ".csv":
        # An empty text of a CSV that was read and one that was not are written alike.
        assert target.read_bytes() == as_csv(nc.score(pl.read_csv(source, infer_schema=False)))
    else:
        assert pl.read_parquet(target).equals(expected)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    record = json.loads(Path(f"{target}.json").read_text())
    conflicts = int((expected["waz_status"] == "subject_conflict").sum())
    assert record["children"]["conflicting_rows"] == summary.notes.conflicting == conflicts
    assert record["rows"] == frame.height
    assert record["statuses"]["waz"] == dict(
        sorted(expected["waz_status"].value_counts().iter_rows())
    )


@pytest.mark.requirement("REQ-CHILD-06")
@pytest.mark.usefixtures("small")
def test_completed_rows_are_counted_once(tmp_path: Path) -> None:
    """Also where the file was read three times."""
    frame = cohort(gaps=0.5).sample(fraction=1, shuffle=True, seed=2)
    facts = ("sex", "gestational_age", "birth_date")
    some = pl.any_horizontal(
        (pl.col(fact) == "") & (pl.col(fact) != "").any().over("subject_id") for fact in facts
    )
    frame.write_csv(tmp_path / "in.csv")
    summary = run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert summary.notes.completed == frame.select(some.sum()).item() > 50
    said = summary.describe().splitlines()[-1]
    assert (
        said == f"Rows with a fact taken from another row of the child: {summary.notes.completed}"
    )


@pytest.mark.requirement("REQ-CHILD-04")
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", ["shuffled with gaps", "a gap at the end", "whole"])
def test_a_pipe_is_read_once_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    frame, _ = TABLES[name]
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    written, pipe = tmp_path / f"in{suffix}", tmp_path / "pipe"
    frame.write_csv(written) if suffix == ".csv" else frame.write_parquet(written)
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(written.read_bytes()), daemon=True)
    writer.start()
    run(pipe, tmp_path / f"out{suffix}")
    writer.join(10)
    run(written, tmp_path / f"again{suffix}")
    names = (tmp_path / f"out{suffix}", tmp_path / f"again{suffix}")
    assert names[0].read_bytes() == names[1].read_bytes()
    records = [json.loads(Path(f"{name}.json").read_text()) for name in names]
    assert [record["input"]["sha256"] for record in records] == [records[0]["input"]["sha256"]] * 2
    assert records[0]["input"]["name"] == "pipe"
    assert list(private.iterdir()) == []


@pytest.mark.usefixtures("small")
def test_standard_input_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _ = TABLES["a gap at the end"]

    class Standard:
        buffer = io.BytesIO(as_csv(frame))

    monkeypatch.setattr(sys, "stdin", Standard)
    target = tmp_path / "out.csv"
    with Source("-") as opened:
        score_file(opened, str(target), plan(opened.columns))
    given = pl.read_csv(io.BytesIO(as_csv(frame)), infer_schema=False)
    assert target.read_bytes() == as_csv(nc.score(given))
    assert json.loads(Path(f"{target}.json").read_text())["input"]["name"] == "standard input"


def test_nothing_is_copied_that_nobody_asks_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ids each row stands alone: one reading is enough."""
    monkeypatch.setattr("neocalc.files.csvrows.PIECE", 1 << 10)
    for names, most in ((["subject_id"], 4096), ([], 10**9)):
        text = as_csv(cohort(400).drop(names))
        assert len(text) > 20_000

        class Standard:
            buffer = io.BytesIO(text)

        monkeypatch.setattr(sys, "stdin", Standard)
        with Source("-") as opened:
            scoring = plan(opened.columns)
            sizes = [
                os.fstat(opened._data._copy.fileno()).st_size
                for _ in opened.batches(again=scoring.by_child)
            ]
        assert max(sizes) <= most
        assert (max(sizes) > 4096) == (not names)


def test_a_fault_leaves_nothing_behind(tmp_path: Path, small: None) -> None:
    for frame, _ in TABLES.values():
        source, target = tmp_path / "in.csv", tmp_path / "out.csv"
        source.write_bytes(as_csv(frame) + b"one,field,too,few\n")
        with pytest.raises(nc.FileError, match="fields"):
            run(source, target)
        assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_header_alone(tmp_path: Path) -> None:
    cohort().clear().write_csv(tmp_path / "in.csv")
    assert run(tmp_path / "in.csv", tmp_path / "out.csv").rows == 0


def test_one_batch_in_no_order_is_read_once(tmp_path: Path, ways: list[str]) -> None:
    """It is all there is, so it is scored as a whole."""
    frame, _ = TABLES["shuffled with gaps"]
    frame.write_csv(tmp_path / "in.csv")
    run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert ways == [APART]
    given = pl.read_csv(tmp_path / "in.csv", infer_schema=False)
    assert (tmp_path / "out.csv").read_bytes() == as_csv(nc.score(given))


def test_a_child_with_more_rows_than_can_be_held(
    tmp_path: Path, small: None, ways: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a column that says the same in every row: memory does not grow with it."""
    frame, _ = TABLES["one child"]
    frame.write_csv(tmp_path / "in.csv")
    given = pl.read_csv(tmp_path / "in.csv", infer_schema=False)
    for most, expected in ((30 * given.width, [IN_ORDER, APART]), (10**9, [IN_ORDER])):
        ways.clear()
        monkeypatch.setattr(wholes, "LONGEST", most)
        target = tmp_path / f"out-{most}.csv"
        run(tmp_path / "in.csv", target)
        assert ways == expected
        assert target.read_bytes() == as_csv(nc.score(given))


def test_no_rows_at_all() -> None:
    scoring = plan(cohort().columns)
    for way in (IN_ORDER, APART, IN_PARTS):
        found = scored_tables(iter([]), scoring, lambda _: None, way=way, folder=None)
        assert list(found) == []


def test_a_way_that_does_not_serve_names_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    scoring = plan(cohort().columns)
    frame = pl.concat([cohort(), cohort()])
    with pytest.raises(Again, match="not in order") as raised:
        list(
            scored_tables(frame.iter_slices(9), scoring, lambda _: None, way=IN_ORDER, folder=None)
        )
    assert raised.value.way == APART
    frame = cohort(gaps=0.5)
    with pytest.raises(Again, match="do not all state the same") as raised:
        list(scored_tables(frame.iter_slices(9), scoring, lambda _: None, way=APART, folder=None))
    assert raised.value.way == IN_PARTS


# --- what is remembered of each child -------------------------------------------------------------


@pytest.mark.requirement("REQ-CHILD-04")
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 0, 0, 0, 1])), max_size=12),
        max_size=6,
    ),
    st.integers(3, 9),
)
def test_seen_agrees_as_a_dictionary_does(
    batches: list[list[tuple[int, int]]], places: int
) -> None:
    """Whatever the size that it begins with, and however it grows."""
    seen, known = Seen(1 << places), dict[int, int]()
    for rows in batches:
        ids = pl.Series([child for child, _ in rows], dtype=pl.Int64)
        said = np.array([what for _, what in rows], dtype=np.uint64)
        expected = True
        for child, what in rows:
            expected &= known.setdefault(child, what) == what
        assert seen.agree(ids, said) == expected
        if not expected:
            return


def test_seen_grows_and_forgets_nothing() -> None:
    seen = Seen(1 << 4)
    ids = pl.Series(range(5_000))
    said = (ids.to_numpy() % 7).astype(np.uint64)
    order = np.random.default_rng(1).permutation(5_000)
    for start in range(0, 5_000, 333):
        at = order[start : start + 333]
        assert seen.agree(ids.gather(at), said[at])
    assert seen.agree(ids, said)
    for row in range(0, 5_000, 97):
        assert not seen.agree(ids.slice(row, 1), said[row : row + 1] + np.uint64(1))


def test_rows_of_nobody_state_nothing_of_anyone() -> None:
    seen = Seen()
    assert seen.agree(pl.Series([None, "1", None]), np.array([1, 2, 3], dtype=np.uint64))
    assert seen.agree(pl.Series([None, "1"]), np.array([4, 2], dtype=np.uint64))
    assert not seen.agree(pl.Series(["1"]), np.array([3], dtype=np.uint64))


def test_the_order_of_ids() -> None:
    for ids in (["a", "a", "b"], ["1", "2", "10"], ["01", "02", "10"], [1, 2, 10], [], [None, "a"]):
        assert Order().goes_on(pl.Series(ids))
    for odd in (["b", "a"], ["1", "10", "2", "01"], [2, 1], ["1", "01", "1"]):
        assert not Order().goes_on(pl.Series(odd))
    order = Order()
    assert order.goes_on(pl.Series(["9"]))
    assert order.goes_on(pl.Series(["10"]))
    assert not order.goes_on(pl.Series(["9"]))
