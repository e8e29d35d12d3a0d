"""Running the command: in this process, where it is quick, or as a process of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from neocalc.cli import main

HEADER = "subject_id,sex,age_days,gestational_age,weight_g\n"
ROW = "001,f,105,27+3,3100\n"
ADDED = (
    "chronological_age_days,postmenstrual_age_days,corrected_age_days,waz,waz_reference,waz_status"
)
SCORED = "105,297,17,-1.5619738166171258,fenton-2013,ok"


class Finished(NamedTuple):
    """How a command ended: exit status, standard output and standard error."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The lines on standard error."""
        return self.err.splitlines()

    @property
    def problem(self) -> str:
        """The one line of a refusal."""
        assert self.code == 2, (self.code, self.err)
        assert len(self.lines) == 1, self.err
        assert "Traceback" not in self.err
        assert self.out == ""
        return self.lines[0]


class Shell:
    """A folder in which neocalc is run."""

    def __init__(
        self, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.folder = folder
        self._capture = capture
        self._patch = patch

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file as it is, without any translation of line ends."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(self, name: str) -> str:
        """A file as it is."""
        return (self.folder / name).read_bytes().decode()

    def names(self) -> list[str]:
        """What is in the folder, hidden files too."""
        return sorted(path.name for path in self.folder.iterdir())

    def run(self, *arguments: str, stdin: bytes | None = None) -> Finished:
        """Run a command in this process."""
        self._patch.chdir(self.folder)
        if stdin is not None:
            self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self._capture.readouterr()
        code = main(arguments)
        out, err = self._capture.readouterr()
        return Finished(code, out, err)

    def score(self, content: str | bytes, *options: str, output: str = "out.csv") -> Finished:
        """Score `content` as in.csv; the input is afterwards what it was before."""
        path = self.write("in.csv", content)
        before = path.read_bytes()
        finished = self.run("score", "in.csv", "-o", output, *options)
        assert path.read_bytes() == before
        if finished.code == 2:
            assert output not in self.names()
        return finished

    def spawn(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: dict[str, str] | None = None,
        prefix: Iterable[str] = (),
    ) -> Finished:
        """Run a command as a process of its own."""
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "neocalc", *arguments],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            env={**os.environ, **(environment or {})},
            timeout=60,
            check=False,
        )
        return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def scored_rows(text: str) -> list[list[str]]:
    """The rows of a scored CSV without quotes, below the header."""
    return [line.split(",") for line in text.splitlines()[1:]]
