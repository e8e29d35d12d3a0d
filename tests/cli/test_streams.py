"""Standard streams that are closed, full or left: the exit status tells whether the work was done.

Every command through a shell with every stream in turn, as cron, systemd and a pipe give them: no
traceback, nothing from Python's own end, and a file that is complete.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from neocalc.cli import COMMANDS, main, streams
from neocalc.files.supervised import fill
from shell import HEADER, ROW

pytestmark = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full, or no shell of this kind"
)
DOSE = "dose --dose '1 million cells/kg' --weight {} --viable-concentration 5e6cells/mL"
OUTCOME = "outcome visits.csv -o out.csv --trial NCT03558334 --baseline day0"
SHOWN = {
    "age": "age --gestation 27+3 --born 2026-05-01 --on 2026-08-14",
    "growth": "growth --sex f --age-days 30 --weight 4100g",
    "velocity": "velocity --sex f --first-days 60 --second-days 91 --weight 5kg 5.6kg",
    "dose": DOSE.format("2kg"),
    "dose, json": DOSE.format("2kg") + " --json",
    "references": "references",
    "verify": "verify",
    "score": "score in.csv -o -",
    "score, json": "score in.csv -o out.csv --json",
    "version": "--version",
    "help": "score --help",
    "commands": "--help",
}
"""Commands whose result is on standard output."""
WRITTEN = {
    "score": ("score in.csv -o out.csv", "out.csv"),
    "score, parquet": ("score in.csv -o out.parquet", "out.parquet"),
    "velocity": ("velocity in.csv -o out.csv", "out.csv"),
    "chart": ("chart in.csv -o out.svg", "out.svg"),
    "report": ("report in.csv -o out.html", "out.html"),
}
"""Commands whose result is a file, with its name."""
BOTH = {
    "verify": ("verify --html out.html", "out.html"),
    "dose": (SHOWN["dose"] + " --worksheet out.txt", "out.txt"),
    "outcome": (OUTCOME, "out.csv"),
    "inspect": ("inspect in.csv -o out.toml", "out.toml"),
}
"""Commands whose result is in a file and on standard output too."""
WRONG = {
    "hard stop": (DOSE.format("900kg"), 1),
    "hard stop, json": (DOSE.format("900kg") + " --json", 1),
    "strict": ("score implausible.csv -o out.csv --strict", 1),
    "wrong input": ("growth --sex x --age-days 30 --weight 4100g", 2),
    "no file": ("score none.csv -o out.csv", 2),
    "no option": ("score --nonsense", 2),
    "no command": ("nonsense", 2),
}
"""Commands that end with 1 or 2, whatever becomes of what they say."""
QUIET = ("2>&-", "2>/dev/full", "<&-")
"""Streams that no result needs."""
ALL = ">&- 2>&- <&-"
SLOW = ("verify", "chart", "report")
"""Commands of some seconds, which are tried with fewer streams."""


def run(folder: Path, command: str, stream: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command in a shell."""
    (folder / "in.csv").write_text(HEADER + ROW + ROW.replace("105", "135"), encoding="utf-8")
    (folder / "visits.csv").write_text(
        "subject_id,sex,age_days,gestational_age,weight_g,birth_date,measured_on,day0\n"
        "1,f,105,27+3,3100,2026-05-01,2026-08-14,2026-08-14\n",
        encoding="utf-8",
    )
    (folder / "implausible.csv").write_text(HEADER + ROW.replace("3100", "31000"), "utf-8")
    line = f"{shlex.quote(sys.executable)} -m neocalc {command}"
    if stream.startswith("|"):  # the reader has left before anything is written
        line = f"{{ sleep 0.2; {line}; echo $? >status; }} {stream}"
    else:
        line = f"{line} {stream}; echo $? >status"
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, capture_output=True, timeout=120, check=False
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    for said in (out, err):
        for word in ("Traceback", "Exception ignored", "Error:", "lost sys.std"):
            assert word not in said, said
    return int((folder / "status").read_text()), out, err


def whole(path: Path) -> bool:
    """Whether an output is there, complete, and nothing else was written into it."""
    content = path.read_bytes()
    ends = {".csv": b"\n", ".parquet": b"PAR1", ".svg": b"</svg>\n", ".html": b"</html>\n"}
    return content.endswith(ends.get(path.suffix, b"\n")) and b"neocalc: " not in content


def test_every_command_is_tried() -> None:
    tried = {*SHOWN, *WRITTEN, *BOTH}
    assert set(COMMANDS) <= tried


@pytest.mark.requirement("REQ-CMD-09")
@pytest.mark.parametrize("command", list(SHOWN))
def test_a_result_that_is_shown(tmp_path: Path, command: str) -> None:
    typed = SHOWN[command]
    typed = f"{typed} --force" if " -o " in typed else typed
    for stream in (">&-", ">/dev/full"):
        status, out, err = run(tmp_path, typed, stream)
        assert (status, out) == (2, ""), (stream, err)
        said = "No space left on device" if "full" in stream else "is closed"
        assert err.splitlines()[-1] == f"neocalc: standard output: {said}"
    if command not in SLOW:
        assert run(tmp_path, typed, ALL) == (2, "", "")


@pytest.mark.requirement("REQ-CMD-09")
@pytest.mark.parametrize("command", list(SHOWN))
def test_a_result_that_is_shown_needs_no_other_stream(tmp_path: Path, command: str) -> None:
    typed = SHOWN[command]
    typed = f"{typed} --force" if " -o " in typed else typed
    for stream in ("2>&- <&-",) if command in SLOW else QUIET:
        status, out, _ = run(tmp_path, typed, stream)
        assert status == 0, stream
        assert out, stream
    status, _, err = run(tmp_path, typed, "| true")
    assert (status, [line for line in err.splitlines() if line.startswith("neocalc")]) == (0, [])
    if command not in SLOW:
        assert run(tmp_path, typed, "| head -1")[0] == 0


@pytest.mark.requirement("REQ-CMD-09")
@pytest.mark.parametrize("command", [*WRITTEN, *BOTH])
def test_a_result_in_a_file_needs_no_stream(tmp_path: Path, command: str) -> None:
    typed, name = (WRITTEN | BOTH)[command]
    for stream in (ALL, "2>&-") if command in SLOW else (ALL, ">&-", *QUIET, "| true"):
        status, _, err = run(tmp_path, f"{typed} --force", stream)
        assert status == 0, (stream, err)
        assert whole(tmp_path / name), stream
        (tmp_path / name).unlink()


@pytest.mark.parametrize("command", list(WRITTEN))
def test_nothing_is_said_on_standard_output_beside_a_file(tmp_path: Path, command: str) -> None:
    typed, name = WRITTEN[command]
    assert run(tmp_path, typed, ">/dev/full")[0] == 0
    assert whole(tmp_path / name)


@pytest.mark.parametrize("command", list(BOTH))
def test_a_full_standard_output_is_an_error_though_there_is_a_file(
    tmp_path: Path, command: str
) -> None:
    typed, name = BOTH[command]
    assert run(tmp_path, typed, ">/dev/full")[0] == 2
    assert whole(tmp_path / name)


@pytest.mark.requirement("REQ-CMD-09")
@pytest.mark.parametrize("command", list(WRONG))
def test_a_failure_is_told_by_the_exit_status_alone(tmp_path: Path, command: str) -> None:
    typed, expected = WRONG[command]
    for stream in (">&-", ">/dev/full", *QUIET, "| true", ALL):
        status, _, err = run(tmp_path, typed, stream)
        assert status == expected, (stream, err)
        (tmp_path / "out.csv").unlink(missing_ok=True)
        (tmp_path / "out.csv.json").unlink(missing_ok=True)


@pytest.mark.requirement("REQ-CMD-09")
@pytest.mark.parametrize(
    "typed", ["score - -o out.csv", "velocity - -o out.csv", "chart - -o x.svg"]
)
def test_standard_input_that_is_closed_is_one_line(tmp_path: Path, typed: str) -> None:
    status, out, err = run(tmp_path, typed, "<&-")
    assert (status, out) == (2, "")
    assert err == "neocalc: standard input: cannot be read: is closed\n"
    assert not (tmp_path / "out.csv").exists()


# -------------------------------------------------------------------------------------- the pieces


class Failing(io.BytesIO):
    """Takes some bytes, then fails."""

    def __init__(self, code: int, room: int = 3) -> None:
        super().__init__()
        self.code, self.room = code, room

    def write(self, data: Any, /) -> int:
        if not self.room:
            raise OSError(self.code, os.strerror(self.code))
        taken = bytes(data)[: self.room]
        self.room -= len(taken)
        return super().write(taken)


def test_the_first_error_is_kept_and_the_rest_is_taken() -> None:
    guard = streams.Guarded(Failing(errno.ENOSPC))
    assert guard.write(b"abcd") == 3
    assert guard.error is None
    assert guard.write(b"d") == 1
    assert guard.error is not None
    first = guard.error
    assert guard.write(memoryview(b"efgh")) == 4
    assert guard.error is first
    assert first.errno == errno.ENOSPC


def test_a_stream_that_was_closed_from_the_start() -> None:
    guard = streams.Guarded()
    assert guard.writable()
    assert not guard.isatty()
    with pytest.raises(io.UnsupportedOperation):
        guard.fileno()
    assert guard.write(b"ab") == 2
    assert str(guard.error) == f"[Errno {errno.EBADF}] is closed"


def test_a_stream_that_is_one_is_as_before() -> None:
    with Path(os.devnull).open("wb", buffering=0) as raw:
        guard = streams.Guarded(raw)
        assert guard.fileno() == raw.fileno()
        assert guard.isatty() is False


@pytest.mark.parametrize(("code", "status"), [(errno.EPIPE, 0), (errno.ENOSPC, 2)])
def test_the_exit_status_in_this_process(
    monkeypatch: pytest.MonkeyPatch, code: int, status: int
) -> None:
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    failing: Any = Failing(code)
    output = io.TextIOWrapper(io.BufferedWriter(failing), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", said)
    assert main(["references"]) == status
    assert sys.stdout is output
    said.seek(0)
    told = "" if status == 0 else f"neocalc: standard output: {os.strerror(code)}\n"
    assert said.read() == told


def test_streams_that_are_none_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As under pythonw, or with every descriptor closed."""
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    (tmp_path / "in.csv").write_text(HEADER + ROW, encoding="utf-8")
    out = tmp_path / "out.csv"
    assert main(["score", str(tmp_path / "in.csv"), "-o", str(out)]) == 0
    assert main(["references"]) == 2
    sheet = ["--worksheet", str(tmp_path / "sheet.txt")]
    assert main([*shlex.split(SHOWN["dose"]), *sheet]) == 0
    assert whole(tmp_path / "sheet.txt")
    assert main([*shlex.split(SHOWN["dose"]), *sheet, "--force", "--json"]) == 2
    assert main(["score", "-", "-o", str(tmp_path / "x.csv")]) == 2
    assert (sys.stdin, sys.stdout, sys.stderr) == (None, None, None)
    assert capfd.readouterr() == ("", "")
    assert whole(out)


def test_a_stream_of_another_kind_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["--version"]) == 0
    assert output.getvalue().startswith("neocalc ")


def test_only_numbers_that_are_free_are_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = os.fstat

    def fstat(number: int) -> os.stat_result:
        if number in (0, 2):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return real(number)

    monkeypatch.setattr(os, "fstat", fstat)
    monkeypatch.setattr(os, "open", lambda path, _: opened.append(path))
    fill()
    assert opened == [os.devnull] * 2


def test_a_number_that_is_free_is_filled() -> None:
    code = (
        "import os, sys\n"
        "from neocalc.files.supervised import fill\n"
        "os.close(0); os.close(2)\n"
        "fill()\n"
        "null = os.stat(os.devnull).st_rdev\n"
        "print([os.fstat(n).st_rdev == null for n in (0, 2)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.PIPE,
    )
    assert done.stdout == "[True, True]\n"


@pytest.mark.requirement("REQ-CMD-10")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, é, 体重, 3\u00a0100\n", "plain, é, 体重, 3\u00a0100\n"),
        ("two\nlines\n", "two\nlines\n"),
        ("\r  3 rows", "\r  3 rows"),  # a bar of progress
        ("a\rb", "a\\rb"),
        ("\x1b[2J\u202e\x9b\x7f\udcff", "\\u001b[2J\\u202e\\u009b\\u007f\\udcff"),
        ("\U000e0001", "\\udb40\\udc01"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_text(
    monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    monkeypatch.setattr(sys, "stderr", said)
    with streams.Streams():
        sys.stderr.write(text)
    said.seek(0)
    assert said.read() == shown


@pytest.mark.requirement("REQ-CMD-10")
def test_json_with_such_characters_is_still_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", said)
    text = "".join(map(chr, [*range(0x300), 0x200B, 0x202E, 0x2028, 0xFEFF, 0xE0001, 0x1F600]))
    with streams.Streams():
        sys.stdout.write(json.dumps({"x": text}, ensure_ascii=False, indent=2))
    said.seek(0)
    assert json.loads(said.read()) == {"x": text}
