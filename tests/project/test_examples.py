"""The example cohort is what its script makes, and holds the bad rows its README lists."""

from __future__ import annotations

import csv
import datetime
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
COHORT = EXAMPLES / "cohort.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    """All rows, as text."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def readme_table() -> list[list[str]]:
    """Subject, visit, column, value of the rows that the README lists."""
    lines = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    table = [
        [cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines if "|" in line
    ]
    return [cells[:4] for cells in table[2:]]


ROWS = rows_of(COHORT)


def find(subject: str, visit: str) -> list[dict[str, str]]:
    """The rows of one visit."""
    return [row for row in ROWS if (row["subject_id"], row["visit"]) == (subject, visit)]


def is_spoilt(row: dict[str, str]) -> bool:
    """Whether the note says that the row was made so on purpose."""
    return row["note"].startswith("simulated")


@pytest.mark.requirement("REQ-TAB-14")
def test_the_script_makes_the_same_bytes(tmp_path: Path) -> None:
    again = tmp_path / "again.csv"
    subprocess.run(
        [sys.executable, str(EXAMPLES / "make_cohort.py"), str(again)],
        check=True,
        capture_output=True,
        cwd=tmp_path,
    )
    assert again.read_bytes() == COHORT.read_bytes()


def test_size_and_columns() -> None:
    assert len(ROWS) == 430
    assert len({row["subject_id"] for row in ROWS}) == 39
    assert list(ROWS[0]) == [
        "subject_id",
        "arm",
        "site",
        "visit",
        "sex",
        "birth_date",
        "gestational_age",
        "administered_on",
        "measured_on",
        "weight_g",
        "length_cm",
        "length_position",
        "head_circumference_cm",
        "oedema",
        "note",
    ]


@pytest.mark.requirement("REQ-TAB-01")
def test_ids_keep_their_zeros_and_notes_their_commas_and_quotes() -> None:
    assert all(row["subject_id"][:3] == row["site"] and len(row["site"]) == 3 for row in ROWS)
    ordinary = [row["note"] for row in ROWS if not is_spoilt(row)]
    assert any("," in note for note in ordinary)
    assert any('"' in note for note in ordinary)


@pytest.mark.requirement("REQ-TAB-14")
@pytest.mark.parametrize(("subject", "visit", "column", "value"), readme_table())
def test_bad_row_of_the_readme(subject: str, visit: str, column: str, value: str) -> None:
    found = find(subject, visit)
    assert found
    assert all(is_spoilt(row) for row in found)
    if column:
        assert [row[column] for row in found] == [value]
    else:
        assert len(found) == 2
        assert found[0] == found[1]


@pytest.mark.requirement("REQ-TAB-14")
def test_the_readme_lists_all_bad_rows() -> None:
    listed = {(subject, visit) for subject, visit, _, _ in readme_table()}
    assert len(listed) == 13
    assert {(row["subject_id"], row["visit"]) for row in ROWS if is_spoilt(row)} == listed
    assert sum(is_spoilt(row) for row in ROWS) == 14  # the duplicate is two rows


def test_measured_before_birth() -> None:
    early = [
        (row["subject_id"], row["visit"])
        for row in ROWS
        if row["measured_on"][2] != "/" and row["measured_on"] < row["birth_date"]
    ]
    assert early == [("003-0030", "birth")]


def test_the_other_rows_are_in_order_and_sound() -> None:
    sound = [row for row in ROWS if not is_spoilt(row)]
    keys = [(row["subject_id"], row["measured_on"]) for row in sound]
    assert keys == sorted(set(keys))
    for row in sound:
        assert row["sex"] in ("female", "male")
        weeks, days = row["gestational_age"].split("+")
        assert 24 <= int(weeks) <= 41
        assert 0 <= int(days) <= 6
        measured = datetime.date.fromisoformat(row["measured_on"])
        assert datetime.date.fromisoformat(row["birth_date"]) <= measured
        assert 2023 <= measured.year <= 2026
        assert 400 <= int(row["weight_g"]) <= 15000
        assert 25 <= float(row["length_cm"]) <= 95
        assert 18 <= float(row["head_circumference_cm"]) <= 52
        assert row["length_position"] in ("recumbent", "standing")
        assert row["oedema"] == "no"
