"""What README.md and docs/*.md show is what happens: Python, commands and their output, TOML.

Each page is followed in a folder of its own that holds a copy of the examples, from top to bottom:
a command may use what one above it wrote. Where output is shown it is compared, and `...` stands
for anything. Commands other than neocalc (pip, make) are not run.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ANYTHING = doctest.ELLIPSIS
PROGRAMS = ("neocalc ", "python -m neocalc ")


class Block(NamedTuple):
    """A fenced block of a page: what it is, its text, and the line it starts on."""

    kind: str
    text: str
    line: int


class Shown(NamedTuple):
    """A command as it is shown, and the output below it."""

    command: str
    output: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Every fenced block."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[2].strip(), match[3], text.count("\n", 0, match.start()) + 1)
        for match in re.finditer(r"^(`{3,})([^\n]*)\n(.*?)^\1[ ]*$", text, re.MULTILINE | re.DOTALL)
    ]


def commands_of(block: Block) -> list[Shown]:
    """The commands of a console block; a backslash at the end of a line continues it."""
    shown: list[Shown] = []
    lines = iter(enumerate(block.text.splitlines(), block.line + 1))
    for number, line in lines:
        if line.startswith("$ "):
            command = line[2:]
            while command.endswith("\\"):
                command = command[:-1] + next(lines)[1].lstrip("> ")
            shown.append(Shown(command, "", number))
        elif shown:
            shown[-1] = shown[-1]._replace(output=f"{shown[-1].output}{line}\n")
        else:
            pytest.fail(f"line {number}: output without a command")
    return shown


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program neocalc of this Python."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "neocalc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m neocalc "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return folder


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder to follow a page in."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "build").mkdir()
    return tmp_path


def having(kind: str) -> list[object]:
    """The pages that have a block of a kind."""
    return [
        pytest.param(page, id=page.name)
        for page in PAGES
        if any(block.kind == kind for block in blocks_of(page))
    ]


@pytest.mark.requirement("REQ-CMD-03")
@pytest.mark.parametrize("page", having("python"))
def test_python(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    examples = []
    for block in blocks_of(page):
        if block.kind == "python":
            found = doctest.DocTestParser().get_examples(block.text, page.name)
            if not found:
                compile(block.text, f"{page.name}, line {block.line}", "exec")
            for example in found:
                example.lineno += block.line
            examples += found
    test = doctest.DocTest(examples, {}, page.name, str(page), 0, None)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=ANYTHING)
    runner.run(test, out=said.append)
    if said and "needs the extra" in "".join(said):
        pytest.skip(f"{page.name}: an extra is not installed")
    assert not said, "".join(said)


@pytest.mark.requirement("REQ-CMD-03")
@pytest.mark.parametrize("page", having("console"))
def test_commands(page: Path, desk: Path, bench: Path) -> None:
    for block in blocks_of(page):
        for shown in commands_of(block) if block.kind == "console" else []:
            if shown.command.startswith(PROGRAMS):
                check_command(page, shown, desk, bench)


def check_command(page: Path, shown: Shown, desk: Path, bench: Path) -> None:
    """Run one command: it is done, or prints what is shown."""
    paths = [str(bench), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        shown.command,
        shell=True,
        cwd=desk,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PATH": os.pathsep.join(paths), "COLUMNS": "100", "NO_COLOR": "1"},
    )
    where = f"{page.name}, line {shown.line}: {shown.command}"
    if done.returncode == 2 and "needs the extra" in done.stderr:
        pytest.skip(f"{where}: {done.stderr.strip()}")
    wanted = shown.output.strip("\n")
    if not wanted:
        assert done.returncode == 0, f"{where}\n{done.stderr}"
        return
    got = [text.strip("\n") for text in (done.stdout, done.stderr, done.stdout + done.stderr)]
    assert any(doctest.OutputChecker().check_output(wanted, text, ANYTHING) for text in got), (
        f"{where} (exit status {done.returncode})\n{done.stdout}{done.stderr}"
    )


@pytest.mark.requirement("REQ-CMD-03")
@pytest.mark.parametrize("page", having("toml"))
def test_toml(page: Path) -> None:
    for block in blocks_of(page):
        if block.kind == "toml":
            tomllib.loads(block.text)


@pytest.mark.requirement("REQ-CMD-03")
def test_blocks_are_found() -> None:
    """A page whose blocks are not seen would pass unread."""
    readme = blocks_of(ROOT / "README.md")
    assert {"python", "console"} <= {block.kind for block in readme}
    first = commands_of(next(block for block in readme if block.kind == "console"))[0]
    assert first.command.startswith("neocalc growth")
    assert "Corrected age      17 days (2w3d)" in first.output


def test_continued_lines_are_one_command() -> None:
    block = Block("console", "$ neocalc age \\\n>     --age-days 1\nout\n\n$ neocalc\n", 10)
    assert commands_of(block) == [
        Shown("neocalc age --age-days 1", "out\n\n", 11),
        Shown("neocalc", "", 15),
    ]
