"""Write docs/traceability.md: which tests show each requirement.

::

    python scripts/traceability.py
    python scripts/traceability.py --check      exit status 1 when the page is not current

docs/requirements.md states the requirements, one a line; docs/requirements.toml names the tests of
each. Both are checked: a requirement without a test, a test that does not exist and a file of tests
that shows nothing are errors.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
STATED: Final = ROOT / "docs" / "requirements.md"
NAMED: Final = ROOT / "docs" / "requirements.toml"
PAGE: Final = ROOT / "docs" / "traceability.md"
TESTS: Final = ROOT / "tests"

_LINE: Final = re.compile(r"\| (REQ-[A-Z]+-[0-9]{2}) \| (.+?) \| (.+?) \|")
INTRODUCTION: Final = """\
# Traceability

Which tests show each [requirement](requirements.md). A test is named `file::function` below
`tests/`; `python -m pytest tests/FILE::FUNCTION` runs it alone. This page is made by
`python scripts/traceability.py` from requirements.md and requirements.toml; a test fails when it is
not current, when a requirement has no test, and when a file of tests shows no requirement.
"""


class Requirement(NamedTuple):
    """One requirement: its id, what is required, where that is from, and its section."""

    id: str
    text: str
    source: str
    section: str


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


def tests_of(folder: Path) -> dict[str, list[str]]:
    """The test functions of every file of tests, by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): list(_functions(ast.parse(path.read_text("utf-8"))))
        for path in sorted(folder.rglob("test_*.py"))
    }


def _functions(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            yield node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}"


def faults(
    stated: list[Requirement], named: dict[str, list[str]], tests: dict[str, list[str]]
) -> list[str]:
    """What is wrong between requirements and tests."""
    ids = [requirement.id for requirement in stated]
    there = {f"{file}::{name}" for file, names in tests.items() for name in names}
    used = {test.partition("::")[0] for names in named.values() for test in names}
    return [
        *(f"{id_} is stated twice" for id_ in sorted({i for i in ids if ids.count(i) > 1})),
        *(f"{id_} is named in requirements.toml, and not stated" for id_ in set(named) - set(ids)),
        *(f"{id_} has no test" for id_ in ids if not named.get(id_)),
        *(
            f"{id_} names {test} twice"
            for id_, names in named.items()
            for test in sorted({t for t in names if names.count(t) > 1})
        ),
        *(
            f"{id_}: there is no test {test}"
            for id_, names in named.items()
            for test in names
            if test not in there
        ),
        *(f"{file} shows no requirement" for file in tests if file not in used),
    ]


def page(
    stated: list[Requirement], named: dict[str, list[str]], tests: dict[str, list[str]]
) -> str:
    """The matrix, both ways."""
    shown = {test for names in named.values() for test in names}
    parts = [
        INTRODUCTION,
        f"{len(stated)} requirements, shown by {len(shown)} test functions.",
    ]
    section = ""
    for requirement in stated:
        if requirement.section != section:
            section = requirement.section
            parts.append(f"\n## {section}\n\n| requirement | | tests |\n|---|---|---|")
        listed = "<br>".join(f"`{name}`" for name in named.get(requirement.id, []))
        parts.append(f"| {requirement.id} | {requirement.text} | {listed} |")
    parts.append("\n## From tests to requirements\n\n| file | requirements |\n|---|---|")
    for file in tests:
        ids = [r.id for r in stated if any(t.startswith(f"{file}::") for t in named.get(r.id, []))]
        parts.append(f"| `{file}` | {', '.join(ids)} |")
    return "\n".join(parts) + "\n"


def read() -> tuple[list[Requirement], dict[str, list[str]], dict[str, list[str]]]:
    """Requirements, the tests named for each, and the tests there are."""
    named: dict[str, list[str]] = tomllib.loads(NAMED.read_text(encoding="utf-8"))
    return requirements(STATED.read_text(encoding="utf-8")), named, tests_of(TESTS)


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
