"""Files of visits: in memory, in order, and in any order give the same; memory stays bounded."""

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

import neocalc as nc
from neocalc.cohort import run as batch
from neocalc.cohort import wholes
from neocalc.cohort.followup import plan
from neocalc.cohort.followup_files import score_file
from neocalc.cohort.wholes import IN_ORDER, IN_PARTS, Again, scored_tables
from neocalc.errors import FileError
from neocalc.files import spill
from neocalc.files.inputs import can_be_read_again
from neocalc.files.sources import Source


def cohort(children: int = 60, seed: int = 5) -> pl.DataFrame:
    """Simulated visits, by child and date; some rows without a child, a date or a weight."""
    rng = np.random.default_rng(seed)
    visits = rng.integers(1, 9, children)
    n = int(visits.sum())
    subject = np.repeat(np.arange(children), visits)
    days = np.concatenate([np.sort(rng.choice(700, k, replace=False)) for k in visits])
    born = np.datetime64("2024-01-01") + rng.integers(0, 300, children)
    weights = np.round(3000 + 12 * days + rng.normal(0, 300, n))
    frame = pl.DataFrame(
        {
            "subject_id": [f"S{i:04d}" for i in subject],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, children)][subject],
            "gestational_age": np.array(["26+0", "33+4", "40+1", ""])[rng.integers(0, 4, children)][
                subject
            ],
            "birth_date": born[subject],
            "measured_on": born[subject] + days,
            "administered_on": (born + np.timedelta64(60, "D"))[subject],
            "weight_g": weights,
            "length_cm": np.round(48 + 0.05 * days, 1),
            "note": [f'a "note", {i}' for i in range(n)],
        }
    )
    at = pl.int_range(pl.len())
    return frame.with_columns(
        pl.when(at % 41 == 7).then(None).otherwise("subject_id").alias("subject_id"),
        pl.when(at % 37 == 5).then(None).otherwise("weight_g").alias("weight_g"),
        pl.when(at % 43 == 9).then(None).otherwise("measured_on").alias("measured_on"),
    )


def run(source: Path, target: Path, **options: Any) -> pl.DataFrame:
    """Score a file and read what came of it."""
    with Source(str(source)) as opened:
        score_file(opened, str(target), plan(opened.columns, **options))
    if target.suffix == ".parquet":
        return pl.read_parquet(target)
    return pl.read_csv(target, infer_schema=False)


@pytest.fixture(params=[2_000, 120, 10**9], ids=["held-2000", "held-120", "in-memory"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many cells are held; batches are of a few rows."""
    monkeypatch.setattr(wholes, "HELD", request.param)
    monkeypatch.setattr(spill, "PARTS", 5)
    monkeypatch.setattr(spill, "BUFFERED", 6)
    monkeypatch.setattr(wholes, "SLICE", 50)
    monkeypatch.setattr("neocalc.files.sources.MOST_ROWS", 11)
    return int(request.param)


@pytest.mark.requirement("REQ-FOLLOW-03", "REQ-FOLLOW-10")
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("shuffled", [False, True], ids=["in-order", "shuffled"])
@pytest.mark.parametrize(
    "options",
    [{}, {"against": "first"}, {"baseline": "administered_on"}, {"interval": "2 month"}],
    ids=str,
)
def test_any_way_through_a_file_gives_what_the_table_gives(
    tmp_path: Path, held: int, suffix: str, shuffled: bool, options: dict[str, Any]
) -> None:
    frame = cohort()
    if shuffled:
        frame = frame.sample(fraction=1, shuffle=True, seed=2)
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    if suffix == ".csv":
        frame.write_csv(source)
    else:
        frame.write_parquet(source)
    found = run(source, target, **options)
    expected = nc.velocity.score(frame, **options)
    if suffix == ".csv":
        text = io.BytesIO()
        expected.write_csv(text)
        assert target.read_bytes() == text.getvalue()
    else:
        assert found.equals(expected)
        assert found.schema == expected.schema
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_standard_input_is_read_once(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = cohort()
    text = frame.write_csv()

    class Standard:
        buffer = io.BytesIO(text.encode())

    monkeypatch.setattr(sys, "stdin", Standard)
    target = tmp_path / "out.csv"
    with Source("-") as opened:
        score_file(opened, str(target), plan(opened.columns))
    scored = io.BytesIO()
    nc.velocity.score(frame).write_csv(scored)
    assert target.read_bytes() == scored.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_pipe_is_read_once(tmp_path: Path, held: int, suffix: str) -> None:
    """A pipe that is not in order cannot be opened again: that would wait for ever."""
    frame = cohort().sample(fraction=1, shuffle=True, seed=2)
    written, pipe, target = tmp_path / f"in{suffix}", tmp_path / "pipe", tmp_path / f"out{suffix}"
    frame.write_csv(written) if suffix == ".csv" else frame.write_parquet(written)
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(written.read_bytes()), daemon=True)
    writer.start()
    found = run(pipe, target)
    writer.join(10)
    assert found.equals(run(written, tmp_path / f"again{suffix}"))
    records = [json.loads((tmp_path / f"{n}{suffix}.json").read_text()) for n in ("out", "again")]
    assert records[0]["input"] == records[1]["input"] | {"name": "pipe"}


def test_what_can_be_read_again(tmp_path: Path) -> None:
    plain, link, pipe = tmp_path / "in.csv", tmp_path / "link.csv", tmp_path / "pipe"
    plain.write_text("a\n")
    link.symlink_to(plain)
    os.mkfifo(pipe)
    assert can_be_read_again(str(plain))
    assert can_be_read_again(str(link))
    for path in (str(pipe), "-", "/dev/stdin", "/dev/null", str(tmp_path / "absent")):
        assert not can_be_read_again(path), path


def tables(frame: pl.DataFrame, way: str, rows: int = 7) -> pl.DataFrame:
    """A table by way of batches."""
    scoring = plan(frame.columns)
    batches = frame.iter_slices(rows)
    return pl.concat(scored_tables(batches, scoring, lambda _: None, way=way, folder=None))


def renamed(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The same with other subjects, in the order of their first visit."""
    old = frame["subject_id"].drop_nulls().unique(maintain_order=True)
    return frame.with_columns(pl.col("subject_id").replace_strict(old, names[: len(old)]))


def in_order(monkeypatch: pytest.MonkeyPatch, frame: pl.DataFrame) -> bool:
    """Whether a file is taken to be in order; what comes of it is right."""
    monkeypatch.setattr(wholes, "HELD", 100)
    try:
        found = tables(frame, IN_ORDER)
    except Again as again:
        assert again.way == IN_PARTS
        return False
    assert found.equals(nc.velocity.score(frame))
    return True


def test_what_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = cohort(30)
    assert in_order(monkeypatch, frame)
    assert in_order(monkeypatch, renamed(frame, [str(i) for i in range(1, 90)]))  # 9, 10
    numbers = frame.with_columns(pl.col("subject_id").str.slice(1).cast(pl.Int64))
    assert in_order(monkeypatch, numbers)
    assert not in_order(monkeypatch, numbers.reverse())
    assert not in_order(monkeypatch, renamed(frame, [str(90 - i) for i in range(1, 60)]))
    # 1, 01 and 1 again are in the order of numbers, and the first has come back
    assert not in_order(monkeypatch, renamed(frame, ["1", "01", *(str(i) for i in range(1, 60))]))
    assert in_order(monkeypatch, frame.with_columns(subject_id=pl.lit("")))
    assert in_order(monkeypatch, frame.with_columns(subject_id=pl.lit("one")))


@pytest.mark.requirement("REQ-FOLLOW-03")
def test_large_and_not_in_order_is_read_again(
    tmp_path: Path, held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = cohort(40).sample(fraction=1, shuffle=True, seed=1)
    source = tmp_path / "in.csv"
    frame.write_csv(source)
    ways: list[str] = []
    real = wholes.scored_tables

    def spy(*given: Any, way: str, folder: Path | None) -> Iterator[pl.DataFrame]:
        ways.append(way)
        return real(*given, way=way, folder=folder)

    monkeypatch.setattr(batch, "scored_tables", spy)
    run(source, tmp_path / "out.csv")
    assert ways == ([IN_ORDER, IN_PARTS] if held < 1000 else [IN_ORDER])
    record = json.loads((tmp_path / "out.csv.json").read_text())
    assert record["rows"] == frame.height


def test_batches_that_are_not_all_taken_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As garbage inside a lock of the threads, the thread that reads ahead never ended."""
    frame = cohort().sample(fraction=1, shuffle=True, seed=2)
    frame.write_csv(tmp_path / "in.csv")
    monkeypatch.setattr(wholes, "HELD", 120)
    monkeypatch.setattr("neocalc.files.sources.MOST_ROWS", 11)
    kept: list[Any] = []
    given = Source.batches

    def spy(source: Source, **options: Any) -> Any:
        kept.append(given(source, **options))
        return kept[-1]

    monkeypatch.setattr(Source, "batches", spy)
    run(tmp_path / "in.csv", tmp_path / "out.csv")
    assert len(kept) == 2, "in order, which does not serve, and in parts"
    assert [batches.gi_frame for batches in kept] == [None, None]


@pytest.mark.requirement("REQ-FOLLOW-11")
def test_what_another_choice_would_give_is_the_same_whichever_way_a_file_goes(
    tmp_path: Path, held: int
) -> None:
    """It is counted batch by batch, of visits that are all there."""
    del held
    frame = cohort().sample(fraction=1, shuffle=True, seed=2)
    frame.write_csv(tmp_path / "in.csv")
    run(tmp_path / "in.csv", tmp_path / "out.csv")
    told = json.loads((tmp_path / "out.csv.json").read_text())["alternatives"]
    scored = nc.velocity.score(frame)
    without = scored["l_velocity_status"].is_in(["no_table", "interval_not_nominal"])
    assert sum(one["visits"] for one in told if one["measure"] == "length") == without.sum() > 0
    (short,) = (o for o in told if (o["measure"], o["why"]) == ("length", "interval_too_short"))
    other = nc.velocity.score(frame, interval=f"{short['interval_months']} month")
    gained = other["l_velocity_z"].is_not_null() & without & (scored["l_interval_days"] < 122)
    assert short["z"] == gained.sum() > 0


def test_record(tmp_path: Path) -> None:
    frame = cohort(20)
    source = tmp_path / "in.csv"
    frame.write_csv(source)
    run(source, tmp_path / "out.csv", baseline="administered_on")
    record = json.loads((tmp_path / "out.csv.json").read_text())
    assert (record["against"], record["baseline"]) == ("baseline", "administered_on")
    assert record["velocity"]["reference"] == "who-2009-velocity"
    assert set(record["velocity"]["tables"]) == {"weight", "length", "head_circumference"}
    assert record["velocity"]["tolerance"] == 0.1
    assert record["rows"] == frame.height
    assert record["added"][:3] == ["days_since_baseline", "w_from", "w_interval_days"]
    assert record["children"]["conflicting_rows"] == 0
    scored = nc.velocity.score(frame, baseline="administered_on")
    for index, words in record["statuses"].items():
        assert words == dict(sorted(scored[f"{index}_status"].value_counts().iter_rows()))


def test_header_alone(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    cohort().clear().write_csv(source)
    found = run(source, tmp_path / "out.csv")
    assert found.height == 0
    assert found.columns[-1] == "l_standardised_status"


def test_a_fault_leaves_nothing_behind(tmp_path: Path, held: int) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    text = cohort().sample(fraction=1, shuffle=True, seed=3).write_csv()
    source.write_text(text + "one,field,too,few\n")
    with pytest.raises(FileError, match="fields"):
        run(source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_existing_output_is_kept(tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    cohort().write_csv(source)
    target.write_text("before")
    with pytest.raises(FileError, match="exists already"):
        run(source, target)
    assert target.read_text() == "before"
