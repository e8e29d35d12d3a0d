"""docs/hazards.md names tests that exist, and scores each hazard by its own matrix."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / "docs" / "hazards.md").read_text(encoding="utf-8")
SEVERITIES = ("Minor", "Significant", "Considerable", "Major", "Catastrophic")


def section(title: str) -> list[list[str]]:
    """The rows of the table of a section, without its header."""
    text = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    return rows[2:]


HAZARDS = section("Hazards")
NAMED = [(row[0], name) for row in HAZARDS for name in re.findall(r"`([^`]+)`", row[6])]


@cache
def names_in(file: Path) -> frozenset[str]:
    """The tests of a file: FUNCTION, and CLASS::FUNCTION."""
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{f.name}" for f in node.body if isinstance(f, ast.FunctionDef)}
    return frozenset(name for name in found if name.split("::")[-1].startswith("test_"))


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize(("hazard", "name"), NAMED)
def test_every_test_that_is_named_exists(hazard: str, name: str) -> None:
    file, _, function = name.partition("::")
    assert (TESTS / file).is_file(), f"{hazard}: there is no {file}"
    assert function in names_in(TESTS / file), f"{hazard}: there is no {name}"


@pytest.mark.parametrize("row", HAZARDS, ids=[row[0] for row in HAZARDS])
def test_every_hazard_is_whole(row: list[str]) -> None:
    assert len(row) == 7
    assert all(row)
    assert re.findall(r"`([^`]+)`", row[6]), "no test is named"


def test_ids_are_numbered_without_a_gap() -> None:
    assert [row[0] for row in HAZARDS] == [f"N{i}" for i in range(1, len(HAZARDS) + 1)]
    assert len(HAZARDS) >= 12


@pytest.mark.parametrize("row", HAZARDS, ids=[row[0] for row in HAZARDS])
def test_the_risk_is_that_of_the_matrix(row: list[str]) -> None:
    matrix = {line[0]: line[1:] for line in section("Scale")}
    assert row[4] == matrix[row[3]][SEVERITIES.index(row[2])]


def test_the_matrix_is_that_of_the_source() -> None:
    assert section("Scale") == [
        ["Very High", "3", "4", "4", "5", "5"],
        ["High", "2", "3", "3", "4", "5"],
        ["Medium", "2", "2", "3", "3", "4"],
        ["Low", "1", "2", "2", "3", "4"],
        ["Very Low", "1", "1", "2", "2", "3"],
    ]


def test_the_highest_risks_are_those_that_the_page_says() -> None:
    assert [row[0] for row in HAZARDS if row[4] == "4"] == ["N13", "N19", "N48"]
    assert not [row[0] for row in HAZARDS if row[4] == "5"]


def test_it_is_said_once_that_neocalc_does_not_prescribe() -> None:
    assert PAGE.count("prescribe") == 1
    assert "neocalc calculates; it does not prescribe." in PAGE


def test_the_test_of_names_finds_a_missing_one() -> None:
    assert "test_there_is_no_such_test" not in names_in(Path(__file__))
    assert "test_ids_are_numbered_without_a_gap" in names_in(Path(__file__))
