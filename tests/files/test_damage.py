"""Damaged files: refused, or the same rows, or a cell that no checksum covers; never other rows.

Here some bytes of each kind of file are changed. `make faults` changes each of them
(`scripts/try_faults.py`); docs/validation.md has the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from damage import (
    CELLS,
    REFUSED,
    SAME,
    Flip,
    Worker,
    contents,
    every_byte,
    kind_of,
    named,
    scored,
    tried,
)

KINDS = (
    "CSV",
    "Parquet, no checksums",
    "Parquet, compressed",
    "Parquet, with checksums",
    "Parquet, pages of version 2",
    "CSV, packed",
    "Excel",
)
"""Of each kind that is read; another one that is read one day joins them in `contents`."""


def test_each_kind_is_tried(tmp_path: Path) -> None:
    assert tuple(contents(tmp_path)) == KINDS


@pytest.mark.requirement("REQ-FILE-06")
@pytest.mark.parametrize("kind", KINDS)
def test_some_bytes_of_a_file_are_changed(tmp_path: Path, kind: str) -> None:
    content, covered = contents(tmp_path)[kind]
    result = tried(tmp_path, named(kind), content, every_byte(content, len(content) // 90), covered)
    assert result.wrong == []
    assert result.kinds.total() >= 90
    assert result.kinds[REFUSED] > 10
    if "checksums" in kind:
        assert bool(covered) == ("with" in kind)


def test_a_process_that_a_file_ends_is_tried_again_as_the_command_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, _ = contents(tmp_path)["CSV"]
    answers: list[Any] = []
    real = Worker.score

    def score(worker: Worker, name: str) -> dict[str, Any] | None:
        answers.append(None)
        if len(answers) == 2:
            assert worker._process is not None
            worker._process.kill()
            worker._process.wait()
        return real(worker, name)

    monkeypatch.setattr(Worker, "score", score)
    result = tried(tmp_path, "in.csv", content, [Flip(0, 255), Flip(1, 0)])
    assert result.wrong == []
    assert result.kinds == {REFUSED: 1, SAME: 1}


def test_the_harness_notices_what_is_wrong(tmp_path: Path) -> None:
    content, _ = contents(tmp_path)["CSV"]
    (tmp_path / "in.csv").write_bytes(content)
    right = scored(tmp_path, "in.csv")
    assert kind_of(right, right) == SAME
    for change, kind in (
        ({"rows": 3}, "other rows"),
        ({"sha256": ""}, CELLS),
        ({"code": 2, "err": "a\nb\n"}, "no one line"),
        ({"code": 2, "err": "neocalc: in.csv: row 2\n"}, REFUSED),
        ({"code": 1}, "an exit status that nothing explains"),
        ({"seconds": 11}, "too much time or memory"),
        ({"memory": 600}, "too much time or memory"),
        ({"left": [".neocalc-0"]}, "something was left behind"),
    ):
        assert kind_of({**right, **change}, right) == kind
