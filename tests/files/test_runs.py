"""The folder of a run: its outputs take their places together, whatever ends it, or none does."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from neocalc.errors import FileError
from neocalc.files import runs
from neocalc.files.outputs import output, outputs
from neocalc.files.runs import PREFIX, Busy, Run, outcome, settle, sweep

PLACES = ("out.csv", "out.csv.json")
OLD = {"out.csv": "old", "out.csv.json": "old"}
NEW = {"out.csv": "new", "out.csv.json": "new"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    runs.NOTES.clear()
    yield tmp_path
    runs.NOTES.clear()


@pytest.fixture(params=[{}, OLD, {"out.csv": "old"}, {"out.csv.json": "old"}])
def before(folder: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """What is there before a run."""
    there: dict[str, str] = request.param
    for name, text in there.items():
        (folder / name).write_text(text)
    return there


def begun(folder: Path, *names: str) -> Run:
    """A run that has written its parts."""
    names = names or PLACES
    run = Run([folder / name for name in names], names)
    for part in run.parts:
        part.write_text("new")
    return run


def left(folder: Path) -> dict[str, str]:
    """The files in a folder, hidden ones too; a folder is a line."""
    return {p.name: p.read_text() if p.is_file() else "/" for p in folder.iterdir()}


def failing(monkeypatch: pytest.MonkeyPatch, name: str, *at: int) -> list[int]:
    """Let some calls of a function of `os` or of a path fail, by their number from 1."""
    calls = [0]
    of: Any = os if hasattr(os, name) and name != "replace" else Path
    real = getattr(of, name)

    def called(*given: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] in at:
            raise OSError(5, "Input/output error")
        return real(*given, **more)

    monkeypatch.setattr(of, name, called)
    return calls


def dies(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Let a run be ended at a renaming, as by SIGKILL: nothing after it is done."""
    calls = [0]
    real = Path.replace

    def called(path: Path, target: Any) -> Any:
        calls[0] += 1
        if calls[0] == at:
            raise SystemExit
        return real(path, target)

    monkeypatch.setattr(Path, "replace", called)
    monkeypatch.setattr(Run, "_undo", lambda *_: (_ for _ in ()).throw(SystemExit))


def over(run: Run) -> None:
    """The system lets go of the locks of a process that is over."""
    for lock in run._locks:
        os.close(lock)


# All or nothing


def test_outputs_take_their_places_together(folder: Path, before: dict[str, str]) -> None:
    run = begun(folder)
    assert {p.name: p.read_text() for p in folder.iterdir() if p.is_file()} == before
    run.commit()
    run.drop()
    assert left(folder) == NEW
    assert runs.NOTES[-1] == ("wrote", list(PLACES))


def test_a_run_that_is_dropped_leaves_nothing(folder: Path, before: dict[str, str]) -> None:
    begun(folder).drop()
    assert left(folder) == before


@pytest.mark.requirement("REQ-FILE-07")
@pytest.mark.parametrize("call", ["link", "fsync", "chmod", "replace", "rename"])
def test_after_an_error_everything_is_as_before_or_new(
    folder: Path, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    for at in range(1, 12):
        for name in PLACES:
            (folder / name).unlink(missing_ok=True)
            if name in before:
                (folder / name).write_text(before[name])
        run = begun(folder)
        with monkeypatch.context() as patch:
            calls = failing(patch, call, at)
            try:
                run.commit()
            except OSError as error:
                assert error.errno == 5
                wanted = before
            else:
                wanted = NEW
        run.drop()
        assert left(folder) == wanted, at
        if calls[0] < at:
            break
    else:
        raise AssertionError("more calls than were tried")


def test_where_there_are_no_second_names_a_small_file_is_copied(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in OLD.items():
        (folder / name).write_text(text)
    run = begun(folder)
    failing(monkeypatch, "link", 1, 2)
    failing(monkeypatch, "replace", 3)  # the journal, the record, the table
    with pytest.raises(OSError, match="Input/output error"):
        run.commit()
    run.drop()
    assert left(folder) == OLD


@pytest.mark.requirement("REQ-FILE-07")
def test_what_can_neither_be_completed_nor_put_back_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in OLD.items():
        (folder / name).write_text(text)
    with monkeypatch.context() as patch:
        failing(patch, "replace", *range(3, 99))
        with (
            pytest.raises(
                FileError,
                match=r"^out.csv: cannot be written: Input/output error; out.csv.json had been rep",
            ),
            outputs(*PLACES, force=True) as parts,
        ):
            for part in parts:
                part.write_text("new")
    assert len(list(folder.glob(f"{PREFIX}*"))) == 1  # for the next run
    assert (folder / "out.csv").read_text() == "old"
    assert (folder / "out.csv.json").read_text() == "new"
    sweep(folder)
    assert left(folder) in (OLD, NEW)


def test_what_cannot_be_put_back_is_completed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in OLD.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(runs, "SMALL", 0)
    run = begun(folder)
    failing(monkeypatch, "link", 1, 2)
    failing(monkeypatch, "replace", 3)
    run.commit()
    run.drop()
    assert left(folder) == NEW


# A run that is over


@pytest.mark.requirement("REQ-FILE-07")
@pytest.mark.parametrize("at", [1, 2, 3, 99])
def test_a_run_that_was_killed_is_brought_to_its_end_by_the_next(
    folder: Path, before: dict[str, str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    run = begun(folder)
    with monkeypatch.context() as patch:
        dies(patch, at)
        with contextlib.suppress(SystemExit):
            run.commit()
    assert sweep(folder) == list(run._folders.values())  # it is not over
    over(run)
    assert sweep(folder) == []
    assert left(folder) == (before if at < 3 else NEW)


@pytest.mark.parametrize("there", [{}, OLD])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_run_that_was_killed_while_it_put_things_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, there: dict[str, str], at: int
) -> None:
    for name, text in there.items():
        (folder / name).write_text(text)
    run = begun(folder)
    calls = [0]
    real = Path.replace

    def replace(path: Path, target: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:  # the table
            raise OSError(5, "Input/output error")
        if calls[0] == 3 + at:
            raise SystemExit
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises((SystemExit, OSError)):
            run.commit()
    over(run)
    sweep(folder)
    assert left(folder) in (there, NEW)


@pytest.mark.requirement("REQ-FILE-07")
def test_what_somebody_else_put_there_meanwhile_is_not_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(folder)
    with monkeypatch.context() as patch:
        dies(patch, 3)
        with pytest.raises(SystemExit):
            run.commit()
    over(run)
    (folder / "out.csv").write_text("mine")
    sweep(folder)
    assert left(folder) == {"out.csv": "mine", "out.csv.json": "new"}


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"moves": 1}', b'{"moves": [{}]}'])
def test_a_note_that_was_not_completed_is_none(folder: Path, content: bytes) -> None:
    run = begun(folder)
    (hidden,) = run._folders.values()
    (hidden / "journal").write_bytes(content)
    (hidden / "lock").write_bytes(content)
    over(run)
    sweep(folder)
    assert left(folder) == {}


def test_a_folder_without_a_lock_was_never_used(folder: Path) -> None:
    (folder / f"{PREFIX}0").mkdir(mode=0o700)
    assert settle(folder / f"{PREFIX}0") == []
    assert left(folder) == {}


def test_what_is_no_folder_of_a_run_is_left_alone(folder: Path) -> None:
    (folder / f"{PREFIX}file").write_text("mine")
    (folder / f"{PREFIX}link").symlink_to(folder)
    (folder / f"{PREFIX}open").mkdir(mode=0o755)
    (folder / f"{PREFIX}open").chmod(0o755)  # of a run it would be its user's alone
    before = sorted(p.name for p in folder.iterdir())
    assert sweep(folder) == []
    assert sorted(p.name for p in folder.iterdir()) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_folder_of_another_user_is_not_believed(folder: Path) -> None:
    run = begun(folder)
    (hidden,) = run._folders.values()
    over(run)
    os.chown(hidden, 12345, 12345)
    assert sweep(folder) == []
    assert hidden.is_dir()


def test_a_folder_that_cannot_be_looked_into_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(folder)
    (hidden,) = run._folders.values()
    over(run)
    failing(monkeypatch, "open", 1)
    assert settle(hidden) is None
    failing(monkeypatch, "scandir", 1)
    assert sweep(folder) == []


def test_an_entry_that_vanishes_while_it_is_looked_at(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        name = f"{PREFIX}0"

        def stat(self, *, follow_symlinks: bool) -> Any:
            raise FileNotFoundError(2, "No such file or directory")

    assert not runs._is_own(Gone())  # type: ignore[arg-type]


# Two runs


@pytest.mark.requirement("REQ-FILE-11")
def test_two_runs_do_not_write_the_same_file(folder: Path) -> None:
    first = begun(folder)
    for names in (PLACES, ("out.csv",), ("other", "out.csv.json")):
        with pytest.raises(Busy, match=r"out.csv"):
            begun(folder, *names)
    with (
        pytest.raises(FileError, match=r"out.csv: another run of neocalc is writing it$"),
        output("out.csv", force=True),
    ):
        raise AssertionError
    begun(folder, "other.csv").drop()
    first.commit()
    first.drop()
    begun(folder).drop()
    assert left(folder) == NEW


@pytest.mark.requirement("REQ-FILE-11")
def test_processes_that_begin_together_write_one_after_the_other(folder: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from neocalc.errors import FileError\n"
        "from neocalc.files.outputs import outputs\n"
        "for i in range(30):\n"
        "    try:\n"
        "        with outputs('out.csv', 'out.csv.json', force=True) as parts:\n"
        "            for part in parts: part.write_text(f'{sys.argv[1]} {i}')\n"
        "    except FileError as error:\n"
        "        assert 'another run of neocalc is writing it' in str(error), error\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], cwd=folder) for n in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    found = left(folder)
    assert set(found) == set(PLACES)
    assert found["out.csv"] == found["out.csv.json"]


def test_whoever_holds_the_folder_is_not_waited_for_without_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "WAIT", 0.05)
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    begun(folder).drop()
    os.close(handle)


def test_where_there_are_no_locks_a_folder_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refused)
    run = begun(folder)
    (hidden,) = run._folders.values()
    over(run)
    assert sweep(folder) == [hidden]
    assert settle(hidden, over=True) == []
    assert left(folder) == {}


# Links


@pytest.fixture
def linked(folder: Path) -> Path:
    """An output that is a link into another folder, with its record beside the link."""
    (folder / "there").mkdir()
    (folder / "out.csv").symlink_to("there/real.csv")
    return folder


def places(folder: Path) -> list[Path]:
    return [folder / "there" / "real.csv", folder / "out.csv.json"]


def test_outputs_in_two_folders_are_one(linked: Path) -> None:
    with outputs(*PLACES, force=True) as parts:
        for part in parts:
            part.write_text("new")
    assert [path.read_text() for path in places(linked)] == ["new", "new"]
    assert sorted(left(linked)) == ["out.csv", "out.csv.json", "there"]
    assert sorted(left(linked / "there")) == ["real.csv"]


@pytest.mark.parametrize("first", ["there", "."])
@pytest.mark.parametrize("at", [2, 3])
def test_a_run_in_two_folders_that_was_killed(
    linked: Path, monkeypatch: pytest.MonkeyPatch, first: str, at: int
) -> None:
    run = Run(places(linked), PLACES)
    for part in run.parts:
        part.write_text("new")
    with monkeypatch.context() as patch:
        dies(patch, at)
        with pytest.raises(SystemExit):
            run.commit()
    second = {"there": ".", ".": "there"}[first]
    sweep(linked / first)
    sweep(linked / second)
    assert len(list(linked.rglob(f"{PREFIX}*"))) == 2  # it is not over
    over(run)
    sweep(linked / first)
    sweep(linked / second)
    found = [path.exists() for path in places(linked)]
    assert found == ([True, True] if at == 3 else [False, False])
    assert list(linked.rglob(f"{PREFIX}*")) == []


# Words


def test_what_a_run_left_in_words() -> None:
    assert outcome([("folder", ["x"])]) == "no output was written"
    assert outcome([("began", ["standard output"])]) == "standard output may have been written to"
    assert outcome([("began", ["a"]), ("wrote", ["a"])]) == "a had been written"
    assert outcome([("wrote", ["a", "b"])]) == "a and b had been written"


def test_what_is_told_is_heard(folder: Path) -> None:
    heard, told = os.pipe()
    runs.listen(told)
    try:
        begun(folder).drop()
    finally:
        runs._LISTENER.clear()
    (line,) = os.read(heard, 4096).splitlines()
    assert json.loads(line)[0] == "folder"
    os.close(heard)
    runs.listen(told)
    runs.tell("wrote", ["x"])  # nobody hears it
    runs._LISTENER.clear()
    os.close(told)


# Protection


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.requirement("REQ-FILE-09")
def test_nobody_else_can_read_what_is_being_written(folder: Path) -> None:
    run = begun(folder)
    (hidden,) = run._folders.values()
    assert mode(hidden) == 0o700
    assert {mode(path) for path in hidden.iterdir()} == {0o600}
    run.drop()


@pytest.mark.requirement("REQ-FILE-09")
@pytest.mark.parametrize("wanted", [0o600, 0o640, 0o444, 0o666])
def test_what_is_replaced_keeps_its_permissions(folder: Path, wanted: int) -> None:
    (folder / "out.csv").write_text("old")
    (folder / "out.csv").chmod(wanted)
    run = begun(folder)
    run.commit()
    run.drop()
    assert mode(folder / "out.csv") == wanted
    assert (folder / "out.csv").read_text() == "new"


@pytest.mark.requirement("REQ-FILE-09")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_is_replaced_keeps_its_owner(folder: Path) -> None:
    (folder / "out.csv").write_text("old")
    os.chown(folder / "out.csv", 12345, 54321)
    run = begun(folder)
    run.commit()
    run.drop()
    about = (folder / "out.csv").stat()
    assert (about.st_uid, about.st_gid) == (12345, 54321)


def test_a_group_that_cannot_be_kept_gets_no_more_than_everybody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "out.csv"
    path.write_text("old")
    path.chmod(0o664)
    failing(monkeypatch, "chown", *range(1, 9))
    real = Path.stat

    def of_another_group(given: Path, **more: Any) -> os.stat_result:
        about = real(given, **more)
        return os.stat_result((*about[:5], about.st_gid + (given == path), *about[6:]))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", of_another_group)
        run = begun(folder)
        run.commit()
    run.drop()
    assert mode(path) == 0o644


LIST = (  # version 2: the user, the user 12345, the group, the mask, all others
    b"\x02\0\0\0" b"\x01\0\x06\0\xff\xff\xff\xff" b"\x02\0\x04\0\x39\x30\0\0"
    b"\x04\0\0\0\xff\xff\xff\xff" b"\x10\0\x04\0\xff\xff\xff\xff" b"\x20\0\0\0\xff\xff\xff\xff"
)  # fmt: skip
NAME = "system.posix_acl_access"


def with_list(path: Path, name: str = NAME) -> None:
    try:
        os.setxattr(path, name, LIST)
    except OSError as error:
        pytest.skip(f"no access lists here: {error}")


@pytest.mark.requirement("REQ-FILE-09")
@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no access lists")
def test_what_is_replaced_keeps_its_access_list(folder: Path) -> None:
    (folder / "out.csv").write_text("old")
    with_list(folder / "out.csv")
    run = begun(folder)
    run.commit()
    run.drop()
    assert os.getxattr(folder / "out.csv", NAME) == LIST


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no access lists")
def test_an_access_list_that_cannot_be_kept_gives_nothing_to_the_group(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "out.csv").write_text("old")
    with_list(folder / "out.csv")
    assert mode(folder / "out.csv") == 0o640  # the mask, not what the group may
    failing(monkeypatch, "setxattr", 1)
    run = begun(folder)
    run.commit()
    run.drop()
    assert mode(folder / "out.csv") == 0o600


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no access lists")
def test_the_access_list_of_a_folder_is_that_of_new_files_only(folder: Path) -> None:
    (folder / "out.csv").write_text("old")
    (folder / "out.csv").chmod(0o600)
    with_list(folder, "system.posix_acl_default")
    run = begun(folder)
    run.commit()
    run.drop()
    assert mode(folder / "out.csv") == 0o600
    with pytest.raises(OSError, match="No data available"):
        os.getxattr(folder / "out.csv", NAME)
    (folder / "usual").touch()
    usual = os.getxattr(folder / "usual", NAME)
    assert os.getxattr(folder / "out.csv.json", NAME) == usual


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_folder_that_cannot_be_made_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fails(*_: object) -> int:
        raise error

    for name in ("created", "_locked"):
        with monkeypatch.context() as patch:
            patch.setattr(runs, name, fails)
            with pytest.raises(error):
                begun(folder)
        assert left(folder) == {}
    with monkeypatch.context() as patch:
        patch.setattr(json, "dumps", fails)
        with pytest.raises(error):
            begun(folder)
    assert left(folder) == {}
