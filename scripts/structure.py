"""The structure of the package, measured from its own imports, and the picture of it.

::

    python scripts/structure.py                  rooms, floors, imports, circles
    python scripts/structure.py --folder DIR     of another package, to compare
    python scripts/structure.py --draw           docs/images/architecture.svg anew

A room is a folder or a file of the package's root. An import inside a function counts as one at the
top does; one that only a type checker sees does not. The floor of a room is one above the highest
room that it imports. Nothing of the package is run.
"""

from __future__ import annotations

import argparse
import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = ROOT / "src" / "neocalc"
PICTURE: Final = ROOT / "docs" / "images" / "architecture.svg"
FACE: Final = ("__init__", "__main__", "_version")
"""What hands on or starts the others, and no topic lives in."""


class Structure(NamedTuple):
    """Which module imports which, and what follows for the rooms.

    Attributes
    ----------
    modules : dict of str to set of str
        Each module with those of the package that it imports.
    rooms : dict of str to set of str
        Each room with those that it imports.
    lines : dict of str to int
        Lines of each room.
    """

    modules: dict[str, set[str]]
    rooms: dict[str, set[str]]
    lines: dict[str, int]

    @property
    def floors(self) -> dict[str, int]:
        """The floor of each room; rooms in a circle stand on the highest of theirs."""
        found: dict[str, int] = {}

        def floor(room: str, above: tuple[str, ...] = ()) -> int:
            if room not in found:
                below = [floor(o, (*above, room)) for o in self.rooms[room] if o not in above]
                found[room] = 1 + max(below, default=0)
            return found[room]

        for room in sorted(self.rooms):
            floor(room)
        return found

    @property
    def arrows(self) -> int:
        """Imports between rooms: pairs of rooms."""
        return sum(map(len, self.rooms.values()))


def module_name(path: Path, root: Path) -> str:
    """The dotted name of a file below the package; "" for its own __init__."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def room_of(module: str) -> str:
    """The room of a module: the first part of its name."""
    return module.partition(".")[0] or "__init__"


def measured(root: Path = PACKAGE) -> Structure:
    """The structure of a package."""
    paths = {module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    modules = {
        name: set(_imports(ast.parse(path.read_text(encoding="utf-8")), root.name, set(paths)))
        - {name}
        for name, path in paths.items()
    }
    rooms: dict[str, set[str]] = {room_of(name): set() for name in modules}
    lines: dict[str, int] = defaultdict(int)
    for name, others in modules.items():
        rooms[room_of(name)] |= {room_of(other) for other in others} - {room_of(name)}
        lines[room_of(name)] += len(paths[name].read_text(encoding="utf-8").splitlines())
    return Structure(modules, rooms, dict(lines))


def _imports(node: ast.AST, package: str, modules: set[str]) -> Iterator[str]:
    """The modules that a piece of code imports, wherever the import stands."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        for child in node.orelse:
            yield from _imports(child, package, modules)
        return
    names: Iterable[str] = ()
    inside: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.ImportFrom):
        names = (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Import):
        names = (alias.name for alias in node.names)
    for name in names:
        first, _, inner = name.partition(".")
        if first == package:
            while inner and inner not in modules:
                inner = inner.rpartition(".")[0]
            yield inner
    for part in inside:
        yield from _imports(part, package, modules)


def circle(edges: Mapping[str, set[str]]) -> list[str]:
    """One circle, from a node back to it; empty where there is none."""
    try:
        tuple(TopologicalSorter(edges).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def nearest(rooms: Mapping[str, set[str]], room: str) -> set[str]:
    """What a room imports, without what it reaches through another room as well."""

    def reached(start: str) -> set[str]:
        return rooms[start].union(*(reached(other) for other in rooms[start]))

    return rooms[room] - set().union(*(reached(other) for other in rooms[room]))


def draw(structure: Structure, path: Path = PICTURE) -> None:
    """The picture: a room above all that it imports, with lines to the nearest of them."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [room for room in structure.rooms if room not in FACE]
    by_floor: dict[int, list[str]] = defaultdict(list)
    for room in sorted(shown, key=lambda name: (structure.floors[name], name)):
        by_floor[structure.floors[room]].append(room)
    place = {
        room: (at + 0.5 - len(rooms) / 2, floor)
        for floor, (_, rooms) in enumerate(sorted(by_floor.items()))
        for at, room in enumerate(rooms)
    }
    with mpl.rc_context({"svg.hashsalt": "neocalc", "svg.fonttype": "none"}):
        figure = Figure(figsize=(9, 1.05 * len(by_floor)))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.axis("off")
        wide = max(map(len, by_floor.values())) / 2
        axes.set_xlim(-wide - 0.1, wide + 0.1)
        axes.set_ylim(-0.6, len(by_floor) - 0.4)
        for room in shown:
            for other in nearest(structure.rooms, room) & set(place):
                _line(axes, place[room], place[other])
        for room, (x, y) in place.items():
            box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": "#1f4e79"}
            text = f"{room}\n{structure.lines[room]:,} lines"
            axes.text(x, y, text, ha="center", va="center", fontsize=9, bbox=box, linespacing=1.3)
        figure.savefig(path, metadata={"Date": None, "Creator": None})


def _line(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.plot((start[0], end[0]), (start[1], end[1]), color="#9db7d1", linewidth=0.8, zorder=0)


def main() -> None:
    """Print what was measured, and draw it where that is asked for."""
    parser = argparse.ArgumentParser(description="Measure and draw the structure of a package.")
    parser.add_argument("--folder", type=Path, default=PACKAGE, help="of the package")
    parser.add_argument("--draw", action="store_true", help=f"write {PICTURE.relative_to(ROOT)}")
    options = parser.parse_args()
    found = measured(options.folder.resolve())
    print(f"Rooms                  {len(set(found.rooms) - set(FACE))}")
    floors = (floor for room, floor in found.floors.items() if room not in FACE)
    print(f"Floors                 {max(floors)}")
    print(f"Imports between rooms  {found.arrows}")
    print(f"Circle of rooms        {' > '.join(circle(found.rooms)) or 'none'}")
    print(f"Circle of modules      {' > '.join(circle(found.modules)) or 'none'}")
    for room, floor in sorted(found.floors.items(), key=lambda item: (item[1], item[0])):
        below = ", ".join(sorted(found.rooms[room])) or "nothing"
        print(f"{floor:>3}  {room:<12} {found.lines[room]:>6,} lines; imports {below}")
    if options.draw:
        draw(found)


if __name__ == "__main__":
    main()
