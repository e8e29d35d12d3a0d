"""Every requirement has a test, every mark names one that is stated, and the matrix is current."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.requirement("REQ-REC-05")
def test_requirements_and_tests_agree() -> None:
    assert SCRIPT.faults(*SCRIPT.read()) == []


@pytest.mark.requirement("REQ-REC-05")
def test_the_matrix_is_current() -> None:
    """Else: python scripts/traceability.py."""
    made = SCRIPT.page(*SCRIPT.read())
    assert SCRIPT.PAGE.read_text(encoding="utf-8") == made


ONE = SCRIPT.Requirement("REQ-A-01", "One.", "here", "A")
TWO = SCRIPT.Requirement("REQ-A-02", "Two.", "here", "A")


@pytest.mark.parametrize(
    ("stated", "tests", "fault"),
    [
        ([ONE, TWO], {"test_a.py::test_one": ["REQ-A-01"]}, "REQ-A-02 has no test"),
        ([ONE], {"test_a.py::test_one": []}, "REQ-A-01 has no test"),
        (
            [ONE],
            {"test_a.py::test_one": ["REQ-A-01", "REQ-B-01"]},
            "test_a.py::test_one is marked with REQ-B-01, which is not stated",
        ),
        ([ONE, ONE], {"test_a.py::test_one": ["REQ-A-01"]}, "REQ-A-01 is stated twice"),
        (
            [ONE],
            {"test_a.py::test_one": ["REQ-A-01"] * 2},
            "test_a.py::test_one is marked with REQ-A-01 twice",
        ),
        (
            [ONE],
            {"test_a.py::test_one": ["REQ-A-01"], "deep/test_b.py::test_two": []},
            "deep/test_b.py shows no requirement",
        ),
    ],
)
def test_a_fault_is_named(stated: list[object], tests: dict[str, list[str]], fault: str) -> None:
    assert fault in SCRIPT.faults(stated, tests)


def test_tests_are_found_in_functions_and_classes_with_their_marks(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "test_x.py").write_text(
        '@pytest.mark.requirement("REQ-A-01", "REQ-A-02")\n@other\ndef test_one(): ...\n'
        "def helper(): ...\nclass TestTwo:\n    def test_three(self): ...\n",
        encoding="utf-8",
    )
    (tmp_path / "other.py").write_text("def test_four(): ...\n", encoding="utf-8")
    assert SCRIPT.tests_of(tmp_path) == {
        "deep/test_x.py::test_one": ["REQ-A-01", "REQ-A-02"],
        "deep/test_x.py::TestTwo::test_three": [],
    }


def test_requirements_are_read_with_their_section() -> None:
    header = "# R\n\n## A\n\n| id | requirement | source |\n|---|---|---|\n"
    text = f"{header}| REQ-A-01 | One. | here |\n"
    assert SCRIPT.requirements(text) == [ONE]
    with pytest.raises(SystemExit, match="line 1"):
        SCRIPT.requirements("| REQ-A-1 | One. | here |")
