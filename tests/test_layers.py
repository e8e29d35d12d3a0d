"""Data flows one way: no module imports one that stands above it."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "src" / "neocalc"
CORE = (
    "errors", "shipped", "coding", "dimensions", "units", "lms", "tablefiles", "references",
    "dateforms", "dates", "age", "lengths", "policy", "stacks", "placement", "scoring", "arguments",
    "results", "growth", "birth", "chartlines", "cohort",
)  # fmt: skip
"""From the bottom up: what an importer of one of these may need stands before it."""
MIDDLE = {"velocity", "dose", "trials", "tables"}
TOP = {"chart", "report", "verify", "spark", "cli"}


def imported(path: Path) -> set[str]:
    """The modules of neocalc that a module loads with itself, not later and not for its types."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("neocalc."):
            module = str(node.module).removeprefix("neocalc.")
            room = ROOT.joinpath(*module.split("."))
            for alias in node.names:
                inner = (room / f"{alias.name}.py").exists()
                found.add(f"{module}.{alias.name}" if inner else module)
    return found


def name_of(path: Path) -> str:
    """A module's name below neocalc."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


LOADED = {name_of(path): imported(path) for path in sorted(ROOT.rglob("*.py"))}


def test_no_module_loads_itself_again_through_others() -> None:
    assert len(LOADED) > 80
    order = tuple(graphlib.TopologicalSorter(LOADED).static_order())
    assert set(CORE) < set(order)


def test_the_core_imports_downwards() -> None:
    for at, name in enumerate(CORE):
        above = LOADED[name] & set(CORE[at:])
        assert not above, f"{name} imports {above}, which stand above it"
        rooms = {module.partition(".")[0] for module in LOADED[name]}
        assert not rooms & TOP, f"{name} imports {rooms & TOP}"
        assert name == "cohort" or not rooms & MIDDLE, f"{name} imports {rooms & MIDDLE}"


def test_the_rooms_import_downwards() -> None:
    for module, loads in LOADED.items():
        if module.partition(".")[0] in MIDDLE:
            rooms = {name.partition(".")[0] for name in loads}
            assert not rooms & TOP, f"{module} imports {rooms & TOP}"
