"""Every requirement has a test, every test that is named exists, and the matrix is current."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def script() -> ModuleType:
    """scripts/traceability.py as a module."""
    path = ROOT / "scripts" / "traceability.py"
    spec = importlib.util.spec_from_file_location("traceability", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SCRIPT = script()


def test_requirements_and_tests_agree() -> None:
    assert SCRIPT.faults(*SCRIPT.read()) == []


def test_the_matrix_is_current() -> None:
    """Else: python scripts/traceability.py."""
    made = SCRIPT.page(*SCRIPT.read())
    assert SCRIPT.PAGE.read_text(encoding="utf-8") == made


ONE = SCRIPT.Requirement("REQ-A-01", "One.", "here", "A")
TWO = SCRIPT.Requirement("REQ-A-02", "Two.", "here", "A")
TESTS = {"test_a.py": ["test_one", "test_two"]}


@pytest.mark.parametrize(
    ("stated", "named", "fault"),
    [
        ([ONE, TWO], {"REQ-A-01": ["test_a.py::test_one"]}, "REQ-A-02 has no test"),
        ([ONE], {"REQ-A-01": []}, "REQ-A-01 has no test"),
        (
            [ONE],
            {"REQ-A-01": ["test_a.py::test_one", "test_a.py::test_three"]},
            "REQ-A-01: there is no test test_a.py::test_three",
        ),
        (
            [ONE],
            {"REQ-A-01": ["test_a.py::test_one"], "REQ-B-01": ["test_a.py::test_two"]},
            "REQ-B-01 is named in requirements.toml, and not stated",
        ),
        ([ONE, ONE], {"REQ-A-01": ["test_a.py::test_one"]}, "REQ-A-01 is stated twice"),
        (
            [ONE],
            {"REQ-A-01": ["test_a.py::test_one"] * 2},
            "REQ-A-01 names test_a.py::test_one twice",
        ),
    ],
)
def test_a_fault_is_named(stated: list[object], named: dict[str, list[str]], fault: str) -> None:
    assert fault in SCRIPT.faults(stated, named, TESTS)


def test_a_file_of_tests_that_shows_nothing_is_named() -> None:
    named = {"REQ-A-01": ["test_a.py::test_one"]}
    tests = TESTS | {"published/test_b.py": ["test_three"]}
    assert SCRIPT.faults([ONE], named, tests) == ["published/test_b.py shows no requirement"]


def test_tests_are_found_in_functions_and_classes(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_x.py").write_text(
        "def test_one(): ...\ndef helper(): ...\nclass TestTwo:\n    def test_three(self): ...\n",
        encoding="utf-8",
    )
    (tmp_path / "other.py").write_text("def test_four(): ...\n", encoding="utf-8")
    assert SCRIPT.tests_of(tmp_path) == {"deep/test_x.py": ["test_one", "TestTwo::test_three"]}


def test_requirements_are_read_with_their_section() -> None:
    header = "# R\n\n## A\n\n| id | requirement | source |\n|---|---|---|\n"
    text = f"{header}| REQ-A-01 | One. | here |\n"
    assert SCRIPT.requirements(text) == [ONE]
    with pytest.raises(SystemExit, match="line 1"):
        SCRIPT.requirements("| REQ-A-1 | One. | here |")
