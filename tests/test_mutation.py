"""The makers of small faults, and the list of those that no test can notice."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "scripts"))

from mutants import mutants  # noqa: E402

CODE = '''
"""Text."""
LIMIT: Final = 3

def f(a: int, b: int = 2):
    """Sum, 1 + 1."""
    if a <= LIMIT and not b:
        raise ValueError(f"{a + 1} is 5")
    check(a)
    return min(a, b) + xs[0]
'''


def changes(code: str) -> set[str]:
    """The changed line of every mutant."""
    return {one.key.partition("::")[2].partition(" -> ")[2] for one in mutants("m", code)}


def test_what_is_changed_and_what_is_left_alone() -> None:
    assert changes(CODE) == {
        "LIMIT: Final = 4",
        "LIMIT: Final = (2)",
        "def f(a: int, b: int = 3):",
        "def f(a: int, b: int = (1)):",
        "if a < LIMIT and not b:",
        "if a > LIMIT and not b:",
        "if a <= LIMIT or not b:",
        "if a <= LIMIT and b:",
        "if (not (a <= LIMIT and not b)):",
        "pass",
        "return None",
        "return max(a, b) + xs[0]",
        "return min(a, b) - xs[0]",
        "return min(a, b) + xs[1]",
    }


def test_each_mutant_is_a_module_of_its_own() -> None:
    made = mutants("m", CODE)
    assert len({one.key for one in made}) == len(made) == 15  # `pass` twice: raise and check
    for one in made:
        compile(one.text, "m", "exec")
        assert one.text != CODE


def test_the_key_holds_when_other_lines_move() -> None:
    moved = CODE.replace("LIMIT: Final = 3\n", "LIMIT: Final = 3\nOTHER = 'x'\n\n")
    assert [one.key for one in mutants("m", moved)] == [one.key for one in mutants("m", CODE)]


def test_the_same_line_twice_has_a_number() -> None:
    keys = [one.key for one in mutants("m", "x = 1\nx = 1\n")]
    assert keys == ["m::::x = 1 -> x = (0)", "m::::x = 1 -> x = 2",
                    "m::::x = 1 -> x = (0) #2", "m::::x = 1 -> x = 2 #2"]  # fmt: skip


def test_every_equivalent_mutant_is_listed_once_with_its_reason() -> None:
    """In docs/mutants.toml; those of the last run that was kept, and no others."""
    entries = tomllib.loads((ROOT / "docs" / "mutants.toml").read_text("utf-8"))["equivalent"]
    listed = [key for entry in entries for key in entry["mutants"]]
    assert len(set(listed)) == len(listed)
    assert all(len(entry["reason"]) > 20 for entry in entries)
    kept = json.loads((ROOT / "docs" / "mutation.json").read_text("utf-8"))["modules"]
    assert set(listed) == {key for one in kept.values() for key in one["equivalent"]}
