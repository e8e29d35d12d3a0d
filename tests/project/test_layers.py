"""Imports run one way: from a room to those below it, also inside functions, and in no circle."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
ORDER = (
    "_version", "errors", "arrays", "text", "files", "reading", "references", "ages", "records",
    "growth", "velocity", "html", "dose", "trials", "cohort", "visits", "chart",
    "verify", "spark", "report", "outcomes", "cli",
)  # fmt: skip
"""The rooms from the bottom up: each imports only from those that stand before it."""


def script() -> ModuleType:
    """scripts/structure.py as a module."""
    path = ROOT / "scripts" / "structure.py"
    spec = importlib.util.spec_from_file_location("structure", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


STRUCTURE = script()
FOUND = STRUCTURE.measured()


@pytest.mark.requirement("REQ-PKG-04")
def test_every_room_imports_from_those_below_it() -> None:
    assert set(FOUND.rooms) - {"__init__", "__main__"} == set(ORDER)
    for at, room in enumerate(ORDER):
        above = FOUND.rooms[room] - set(ORDER[:at]) - {"__init__"}
        assert not above, f"{room} imports {above}, which stand above it"


@pytest.mark.requirement("REQ-PKG-04")
def test_there_is_no_circle() -> None:
    assert STRUCTURE.circle(FOUND.rooms) == []
    assert STRUCTURE.circle(FOUND.modules) == []


def test_the_house_has_few_rooms_floors_and_stairs() -> None:
    assert len(set(FOUND.rooms) - set(STRUCTURE.FACE)) <= 22
    floors = [floor for room, floor in FOUND.floors.items() if room not in STRUCTURE.FACE]
    assert max(floors) <= 12
    assert FOUND.arrows <= 140


def write(folder: Path, **modules: str) -> Path:
    """A package of these modules."""
    root = folder / "neocalc"
    for name, text in {"__init__": "", **modules}.items():
        path = root.joinpath(*name.split("__of__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_an_import_inside_a_function_counts_and_one_for_types_does_not(tmp_path: Path) -> None:
    code = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from neocalc.types import X\nelse:\n    import neocalc.low\n"
        "def f():\n    from neocalc.deep import part\n"
    )
    root = write(tmp_path, high=code, types="", low="", deep__of__part="", deep__of____init__="")
    found = STRUCTURE.measured(root)
    assert found.rooms["high"] == {"low", "deep"}
    assert found.modules["high"] == {"low", "deep.part"}
    assert found.floors["high"] == 2


def test_a_circle_is_found(tmp_path: Path) -> None:
    root = write(tmp_path, one="import neocalc.two", two="def f():\n    from neocalc import one\n")
    found = STRUCTURE.measured(root)
    assert set(STRUCTURE.circle(found.rooms)) == {"one", "two"}


def test_the_picture_leaves_out_what_is_reached_through_another_room() -> None:
    rooms: dict[str, set[str]] = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert STRUCTURE.nearest(rooms, "a") == {"b"}
    assert STRUCTURE.nearest(rooms, "b") == {"c"}


def test_the_picture_is_of_these_rooms() -> None:
    """Else: python scripts/structure.py --draw."""
    picture = STRUCTURE.PICTURE.read_text(encoding="utf-8")
    for room in set(FOUND.rooms) - set(STRUCTURE.FACE):
        assert f">{room}<" in picture, room
