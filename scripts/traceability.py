"""Write docs/traceability.md: which tests show each requirement.

::

    python scripts/traceability.py
    python scripts/traceability.py --check      exit status 1 when the page is not current

docs/requirements.md states the requirements, one a line. A test says which of them it shows, by its
mark: ``@pytest.mark.requirement("REQ-DOSE-01")``. A requirement without a test, a mark of one that
is not stated and a file of tests that shows nothing are errors.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
STATED: Final = ROOT / "docs" / "requirements.md"
PAGE: Final = ROOT / "docs" / "traceability.md"
TESTS: Final = ROOT / "tests"
MARK: Final = "requirement"

_LINE: Final = re.compile(r"\| (REQ-[A-Z]+-[0-9]{2}) \| (.+?) \| (.+?) \|")
INTRODUCTION: Final = """\
# Traceability

Which tests show each [requirement](requirements.md). A test is named `file::function` below
`tests/`; `python -m pytest tests/FILE::FUNCTION` runs it alone, and
`python -m pytest -m requirement` all of them. This page is made by `python scripts/traceability.py`
from requirements.md and the marks on the tests; a test fails when it is not current, when a
requirement has no test, and when a file of tests shows no requirement.
"""


class Requirement(NamedTuple):
    """One requirement: its id, what is required, where that is from, and its section."""

    id: str
    text: str
    source: str
    section: str


Tests = dict[str, list[str]]
"""Each test, as file::function, with the requirements that it shows."""


def requirements(page: str) -> list[Requirement]:
    """The requirements of the page, in order."""
    found: list[Requirement] = []
    section = ""
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| REQ-"):
            match = _LINE.fullmatch(line)
            if match is None:
                raise SystemExit(f"requirements.md, line {number}: | REQ-X-01 | text | source |")
            found.append(Requirement(match[1], match[2], match[3], section))
    return found


def tests_of(folder: Path) -> Tests:
    """Every test below a folder, with the requirements that its marks name."""
    return {
        f"{path.relative_to(folder).as_posix()}::{name}": list(_marked(function))
        for path in sorted(folder.rglob("test_*.py"))
        for name, function in _functions(ast.parse(path.read_text("utf-8")))
    }


def _functions(module: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", inner


def _marked(function: ast.FunctionDef) -> Iterator[str]:
    for mark in function.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == f"pytest.mark.{MARK}":
            yield from (ast.literal_eval(argument) for argument in mark.args)


def faults(stated: list[Requirement], tests: Tests) -> list[str]:
    """What is wrong between requirements and tests."""
    ids = [requirement.id for requirement in stated]
    shown = {id_ for named in tests.values() for id_ in named}
    files = {test.partition("::")[0]: False for test in tests}
    for test, named in tests.items():
        files[test.partition("::")[0]] |= bool(named)
    return [
        *(f"{id_} is stated twice" for id_ in sorted({i for i in ids if ids.count(i) > 1})),
        *(f"{id_} has no test" for id_ in ids if id_ not in shown),
        *(
            f"{test} is marked with {id_}, which is not stated"
            for test, named in tests.items()
            for id_ in named
            if id_ not in ids
        ),
        *(
            f"{test} is marked with {id_} twice"
            for test, named in tests.items()
            for id_ in sorted({i for i in named if named.count(i) > 1})
        ),
        *(f"{file} shows no requirement" for file, shows in files.items() if not shows),
    ]


def page(stated: list[Requirement], tests: Tests) -> str:
    """The matrix, both ways."""
    shown = sum(bool(named) for named in tests.values())
    parts = [INTRODUCTION, f"{len(stated)} requirements, shown by {shown} test functions."]
    section = ""
    for requirement in stated:
        if requirement.section != section:
            section = requirement.section
            parts.append(f"\n## {section}\n\n| requirement | | tests |\n|---|---|---|")
        listed = "<br>".join(
            f"`{test}`" for test, named in tests.items() if requirement.id in named
        )
        parts.append(f"| {requirement.id} | {requirement.text} | {listed} |")
    parts.append("\n## From tests to requirements\n\n| file | requirements |\n|---|---|")
    by_file: dict[str, set[str]] = {}
    for test, named in tests.items():
        by_file.setdefault(test.partition("::")[0], set()).update(named)
    for file, ids in by_file.items():
        parts.append(f"| `{file}` | {', '.join(r.id for r in stated if r.id in ids)} |")
    return "\n".join(parts) + "\n"


def read() -> tuple[list[Requirement], Tests]:
    """Requirements, and the tests with their marks."""
    return requirements(STATED.read_text(encoding="utf-8")), tests_of(TESTS)


def main() -> int:
    """Write the page, or check it; and say what is wrong between requirements and tests."""
    found = read()
    made = page(*found)
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(made, encoding="utf-8")
    wrong = faults(*found)
    if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != made:
        wrong.append("docs/traceability.md is not current: python scripts/traceability.py")
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
