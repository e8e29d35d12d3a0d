"""docs/references.md: its figures are those of the tables, and its picture is drawn from them."""

from __future__ import annotations

import doctest
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from neocalc.references.catalogue import references

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "references.md"


def script() -> ModuleType:
    """scripts/compare_references.py as a module."""
    path = ROOT / "scripts" / "compare_references.py"
    spec = importlib.util.spec_from_file_location("compare_references", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("REQ-REF-10")
@pytest.mark.parametrize(("table", "count"), [("sizes", 12), ("differences", 12), ("joints", 12)])
def test_the_rows_are_those_of_the_tables(table: str, count: int) -> None:
    """Else: python scripts/compare_references.py."""
    rows, text = getattr(script(), table)(), PAGE.read_text(encoding="utf-8")
    assert len(rows) == count
    for row in rows:
        assert row in text


def test_the_examples_of_the_page() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert (found.failed, found.attempted > 5) == (0, True)


def test_every_growth_reference_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for ref in references():
        if ref.use != "velocity":
            assert f"| `{ref.id}` |" in text
            assert ref.doi in text


def test_the_picture_has_the_labels_of_its_references(tmp_path: Path) -> None:
    """The text in it is drawn as curves: the page says beside it what it shows."""
    drawn = tmp_path / "picture.svg"
    module = script()
    module.draw(drawn)
    assert drawn.read_text(encoding="utf-8").startswith("<?xml")
    shipped = (ROOT / "docs" / "images" / "preterm_references.svg").read_text(encoding="utf-8")
    for name in (*module.PRETERM, module.WHO):
        label = next(ref.chart_label for ref in references() if ref.id == name)
        assert f"<!-- {label} -->" in shipped
