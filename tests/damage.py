"""Trials of damaged input: each byte of a file is changed in turn, and the file is scored.

After each trial the file was refused in one line, or its rows are the same as before, or one or
more cells differ where the file has no checksum that covers them. Never are there other rows, a
traceback, more than `LONGEST` seconds or more than `MOST` MiB.

The files are scored one after the other in a process that stays (`python tests/damage.py`), which
is fast. What ends that process is tried again as the command is used.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import hashlib
import io
import json
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LONGEST: Final = 10
"""How long a small file may take [s]."""
MOST: Final = 500
"""The most memory [MiB]."""
REFUSED, SAME, CELLS = "refused", "the same rows", "other cells, no checksum there"


@dataclass(frozen=True)
class Flip:
    """A byte that is changed: its place, and which bits."""

    at: int
    mask: int

    def of(self, content: bytes) -> bytes:
        """The content with the byte changed."""
        return content[: self.at] + bytes([content[self.at] ^ self.mask]) + content[self.at + 1 :]


def every_byte(content: bytes, step: int = 1) -> Iterator[Flip]:
    """One bit of each byte, in turn another one; and every byte as a whole, at each other place."""
    for at in range(0, len(content), step):
        yield Flip(at, 1 << at // step % 8 if at // step % 3 else 255)


@dataclass
class Result:
    """Results of the trials of a file: how many of each kind, and what must not be."""

    kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory: float = 0.0


class Worker:
    """A process that scores one file after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Any = None

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait()
            self._process.stdout.close()

    def score(self, name: str) -> dict[str, Any] | None:
        """Score a file; None when the process ended over it."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__)), str(self._folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": str(ROOT / "src"), "RUST_BACKTRACE": "0"}, text=True,
            )  # fmt: skip
        line = ""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{name}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            self.__exit__()
            self._process = None
            return None
        found: dict[str, Any] = json.loads(line)
        return found


def scored(folder: Path, name: str) -> dict[str, Any]:
    """Score a file as the command does, in a process of its own that is watched."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "neocalc", "score", name, "-o", "out.csv", "--force"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={"PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    return about(folder, done.returncode, done.stderr, time.monotonic() - start)


def about(folder: Path, code: int, err: str, seconds: float) -> dict[str, Any]:
    """What a run left."""
    out, note = folder / "out.csv", folder / "out.csv.json"
    found: dict[str, Any] = {"code": code, "err": err, "seconds": seconds}
    if code == 0:
        content = out.read_bytes()
        found["rows"] = sum(1 for _ in csv.reader(io.StringIO(content.decode(), newline="")))
        found["sha256"] = hashlib.sha256(content).hexdigest()
        found["checksums"] = json.loads(note.read_bytes())["input"].get("page_checksums")
    for path in (out, note):
        path.unlink(missing_ok=True)
    found["left"] = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    return found


def tried(
    folder: Path, name: str, content: bytes, flips: Iterable[Flip], covered: Iterable[range] = ()
) -> Result:
    """Score a file with each of these bytes changed.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is written.
    name : str
        Of the file.
    content : bytes
        Undamaged.
    flips : iterable of Flip
        The changes.
    covered : iterable of range
        The bytes that have a checksum.
    """
    path, places = folder / name, list(covered)
    result = Result()
    with Worker(folder) as worker:
        path.write_bytes(content)
        right = worker.score(name)
        assert right is not None, name
        assert right["code"] == 0, right
        for flip in flips:
            path.write_bytes(flip.of(content))
            found = worker.score(name) or scored(folder, name)
            kind = kind_of(found, right)
            has_checksum = any(flip.at in place for place in places)
            if kind == CELLS and has_checksum:
                kind = "other cells, in spite of a checksum"
            result.kinds[kind] += 1
            result.seconds = max(result.seconds, found["seconds"])
            result.memory = max(result.memory, found.get("memory", 0))
            if kind not in (REFUSED, SAME, CELLS):
                result.wrong.append(f"{name}, byte {flip.at} with {flip.mask}: {kind}: {found}")
    path.unlink()
    return result


def kind_of(found: dict[str, Any], right: dict[str, Any]) -> str:
    """The kind of result, or what is wrong with it."""
    if found["left"]:
        return "something was left behind"
    if found["seconds"] > LONGEST or found.get("memory", 0) > MOST:
        return "too much time or memory"
    if found["code"] == 2:
        lines = found["err"].splitlines()
        return REFUSED if len(lines) == 1 and lines[0].startswith("neocalc: ") else "no one line"
    if found["code"]:
        return "an exit status that nothing explains"
    if found["rows"] != right["rows"]:
        return "other rows"
    return SAME if found["sha256"] == right["sha256"] else CELLS


def named(kind: str) -> str:
    """The name of a file of a kind."""
    packed = {"CSV": "in.csv", "CSV, packed": "in.csv.gz", "Excel": "in.xlsx"}
    return packed.get(kind, "in.parquet")


def contents(folder: Path) -> dict[str, tuple[bytes, list[range]]]:
    """Small files of each kind that is read, and the bytes of each that have a checksum."""
    import polars as pl
    import pyarrow.parquet as pq

    names = ["subject_id", "sex", "birth_date", "measured_on", "gestational_age", "weight_g"]
    visits = pl.read_csv(ROOT / "examples" / "cohort.csv", infer_schema=False)
    visits = visits.select(names).head(40)
    typed = visits.with_columns(pl.col("weight_g").cast(pl.Float64, strict=False))
    made: dict[str, Callable[[Path], object]] = {
        "CSV": visits.write_csv,
        "Parquet, no checksums": partial(
            typed.write_parquet, compression="uncompressed", row_group_size=20
        ),
        "Parquet, compressed": partial(typed.write_parquet, row_group_size=20),
        "Parquet, with checksums": lambda path: pq.write_table(
            typed.to_arrow(), path, write_page_checksum=True, row_group_size=20
        ),
        "Parquet, pages of version 2": lambda path: pq.write_table(
            typed.to_arrow(), path, write_page_checksum=True, data_page_version="2.0",
            use_dictionary=False, compression="none",
        ),
        "CSV, packed": lambda path: path.write_bytes(
            gzip.compress(visits.write_csv().encode(), mtime=0)
        ),
        "Excel": lambda path: typed.write_excel(str(path.with_suffix(".xlsx"))),
    }  # fmt: skip
    found = {}
    for name, write in made.items():
        path = folder / "made"
        write(path)
        if name == "Excel":
            path.with_suffix(".xlsx").rename(path)
        found[name] = path.read_bytes(), bodies(path) if "Parquet" in name else []
        path.unlink()
    return found


def bodies(path: Path) -> list[range]:
    """The bytes of a Parquet file that have a checksum: those of its pages, without headers."""
    from neocalc.files.inputs import read_at
    from neocalc.files.parquetpages import Layout
    from neocalc.files.thrift import Reader

    content = path.read_bytes()
    found = []
    with path.open("rb") as stream:
        layout = Layout(partial(read_at, stream.fileno()), len(content))
        for group in layout.groups:
            layout.walk(group)
            for chunk in group.chunks:
                pages = [chunk.dictionary[:2], *zip(chunk.at, chunk.stored, strict=True)]
                for at, size in pages:
                    if size:
                        reader = Reader(content, at)
                        header = reader.struct()
                        found += [range(reader.at, at + size)] if 4 in header else []
    return found


def peak() -> float:
    """The most memory that this process has held [MiB]; not that of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(folder: Path) -> None:
    """Score the files whose names are read, and say what came of each."""
    import os

    from neocalc.cli import main as command

    os.chdir(folder)
    for line in sys.stdin:
        err = io.StringIO()
        start = time.monotonic()
        with contextlib.redirect_stderr(err):
            try:
                code = command(["score", line.strip(), "-o", "out.csv", "--force"])
            except BaseException as error:
                code, text = 2, f"neocalc: {type(error).__name__}"
                err.write(text)
        found = about(Path(), code, err.getvalue(), time.monotonic() - start)
        found["memory"] = peak()
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
