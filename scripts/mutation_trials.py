"""Trying mutants: the copy, the processes, the tests of each line, and the two ways to try one.

Used by `mutation.py`; POSIX only.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import resource
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final, NamedTuple

import pytest
from _pytest.main import pytest_runtestloop
from mutants import Mutant

ROOT: Final = Path(__file__).resolve().parents[1]
WORK: Final = Path(tempfile.gettempdir()) / "neocalc-mutation"
TREE: Final = WORK / "tree"
RESULTS: Final = WORK / "results.jsonl"
MEMORY: Final = 8 * 1024**3
"""What a mutant may take [byte]."""
LONGEST: Final = 15
"""Seconds of computing that any mutant may take, beside five times what its tests take."""
QUICK: Final = 0.25
"""Longer tests try only what is tried again [s]."""
LONGEST_TEST: Final = 2.0
"""No mutant is tried by a longer test [s]."""
FEW: Final = 2
"""What so few tests reach is kept by a cache, and may have served others: all tests try it."""
IMPORTED_ONCE: Final = (
    "coverage", "hypothesis", "numpy", "pandas", "polars", "pyarrow", "scipy.special",
)  # fmt: skip


class Group(NamedTuple):
    """Modules that the same tests try; names below src/neocalc and tests, without .py."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


def copy_revision(revision: str) -> str:
    """The tree of a revision in the work folder; its full name."""
    git = ("git", "-C", str(ROOT))
    name = subprocess.run(
        [*git, "rev-parse", revision], check=True, capture_output=True, text=True
    ).stdout.strip()
    packed = subprocess.run([*git, "archive", name], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(TREE, filter="data")
    return name


def source(module: str) -> Path:
    """The file of a module in the copy."""
    return TREE / "src" / "neocalc" / f"{module}.py"


def digest(paths: Iterable[Path]) -> str:
    """Of the bytes of files, in order."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def forked(work: Callable[[], int], seconds: float | None) -> int | None:
    """What work returns, in a process of its own; None when it takes too long.

    The limit is of the seconds that it computes: how busy the machine is plays no part. One that
    only waits is ended after ten times as long.
    """
    child = os.fork()
    if child == 0:
        code = 3
        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            if seconds is not None:
                most = math.ceil(seconds)
                resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
            code = work()
        except BaseException:  # a mutant may raise whatever it likes: it was noticed
            traceback.print_exc()
            code = 4
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    until = math.inf if seconds is None else time.monotonic() + 10 * seconds
    pause = 0.001
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def in_the_copy() -> None:
    """Let this process work in the copy, and say nothing."""
    said = os.open(WORK / "last.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.chdir(TREE)
    sys.path.insert(0, str(TREE / "src"))


def warm_up() -> None:
    """Import what takes long once, and nothing of the package under test."""
    for name in IMPORTED_ONCE:
        import_module(name)
    pint = import_module("pint")
    usual, made = pint.UnitRegistry, [pint.UnitRegistry(on_redefinition="ignore")]

    def registry(*arguments: Any, **options: Any) -> Any:
        """The registry that was made here, for the first that asks for one like it."""
        alike = options == {"on_redefinition": "ignore"} and made
        return made.pop() if alike else usual(*arguments, **options)

    pint.UnitRegistry = registry  # type: ignore[attr-defined]
    assert not any(name.partition(".")[0] == "neocalc" for name in sys.modules)


class Chosen:
    """A pytest plugin: runs the chosen tests in the given order; all without a choice."""

    def __init__(self, nodes: list[str] | None) -> None:
        self.nodes = None if nodes is None else {node: i for i, node in enumerate(nodes)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Keep the chosen."""
        if self.nodes is not None:
            order = self.nodes
            items[:] = sorted(
                (i for i in items if i.nodeid in order), key=lambda i: order[i.nodeid]
            )


class Traced:
    """A pytest plugin: which lines each test runs, and how long it takes."""

    def __init__(self, measured: Any) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """From here on the lines are those of this test."""
        self.measured.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Sum the seconds of setup, call and teardown."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def run_tests(paths: list[str], plugin: object) -> int:
    """The exit status of pytest."""
    options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:doctest", "-o", "addopts=",
               "--import-mode=importlib", "--capture=sys", "--tb=no",
               "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip
    return int(pytest.main([*options, *paths], [plugin]))


def baseline(name: str, group: Group) -> dict[str, Any]:
    """For each module of a group the tests of each line, and the seconds of each test; kept."""
    tests = [TREE / "tests" / f"{test}.py" for test in group.tests]
    state = digest([*map(source, group.modules), *tests])
    kept = WORK / f"lines-{name}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if found["state"] == state:
            return found

    def work() -> int:
        in_the_copy()
        coverage = import_module("coverage")
        measured = coverage.Coverage(
            data_file=None, config_file=False, include=[str(source(m)) for m in group.modules]
        )
        traced = Traced(measured)
        measured.start()
        code = run_tests([str(test) for test in tests], traced)
        measured.stop()
        data = measured.get_data()
        lines = {
            module: data.contexts_by_lineno(str(source(module).resolve()))
            for module in group.modules
        }
        result = {
            "state": state, "code": code, "failed": traced.failed,
            "seconds": traced.seconds, "lines": lines,
        }  # fmt: skip
        kept.write_text(json.dumps(result), encoding="utf-8")
        return code

    started = time.monotonic()
    code = forked(work, None)
    if code != 0:
        why = json.loads(kept.read_text(encoding="utf-8"))["failed"] if kept.exists() else ""
        raise SystemExit(f"{name}: the tests do not pass without a fault ({code}): {why}")
    print(f"{name}: baseline in {time.monotonic() - started:.0f} s", flush=True)
    again: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return again


def tests_of(mutant: Mutant, module: str, found: dict[str, Any], *, again: bool) -> list[str]:
    """The quick tests that reach a mutant's lines: all for what runs at import.

    Those of the module's own file come first, and the fastest before others.

    Again: also the others that reach them, but for the longest, and then all quick ones.
    """
    of_lines: dict[str, list[str]] = found["lines"].get(module, {})
    reached = {test for line in mutant.lines for test in of_lines.get(str(line), [])}
    seconds: dict[str, float] = found["seconds"]
    quick = {test for test, took in seconds.items() if took < QUICK}
    if "" in reached or not len(mutant.lines) or len(reached) <= FEW:
        reached = quick
    longest = LONGEST_TEST if again else QUICK
    chosen = {test for test in reached & set(seconds) if seconds[test] < longest}
    own = module.rpartition("/")[2], "mutants"

    def order(test: str) -> tuple[bool, float, str]:
        file = Path(test.partition("::")[0]).stem
        return not any(name in file for name in own), seconds[test], test

    first = sorted(chosen, key=order)
    return first + sorted(quick - chosen) if again else first


def outcome_of(module: str, mutant: Mutant, tests: list[str], seconds: float) -> str:
    """Killed, timeout or survived; uncovered when no test reaches the line."""
    if not tests:
        return "uncovered"
    path = source(module)
    original, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)

    def work() -> int:
        in_the_copy()
        sys.dont_write_bytecode = True
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        return run_tests(files, Chosen(tests))

    try:
        path.write_text(mutant.text, encoding="utf-8")
        code = forked(work, LONGEST + 5 * seconds)
    finally:
        path.write_bytes(original)
        os.utime(path, ns=times)
    return {None: "timeout", 0: "survived"}.get(code, "killed")


def function_of(module: Any, within: str) -> Any:
    """The outermost function around a place in a module; None where there is none."""
    thing = module
    for name in within.split("."):
        thing = vars(thing).get(name) if hasattr(thing, "__dict__") else None
        if not isinstance(thing, type):
            break
    for inside in ("fget", "func", "__func__", "__wrapped__"):  # property, cached_property, ...
        thing = getattr(thing, inside, thing)
    return thing if isinstance(thing, FunctionType) else None


def code_named(code: CodeType, name: str) -> CodeType | None:
    """The code of a function in a compiled module."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_qualname == name:
                return inner
            found = code_named(inner, name)
            if found is not None:
                return found
    return None


def change(module: str, mutant: Mutant) -> bool:
    """Give the function of a mutant its new code, in this process; whether that can be done."""
    imported = sys.modules["neocalc." + module.replace("/", ".")]
    function = function_of(imported, mutant.within) if mutant.within and mutant.lines else None
    if function is None:
        return False
    whole = compile(mutant.text, str(source(module)), "exec", dont_inherit=True)
    code = code_named(whole, function.__qualname__)
    if code is None or code.co_freevars != function.__code__.co_freevars:
        return False
    function.__code__ = code
    return True


UNDECIDED: Final = 77
"""Exit status of a mutant that has to be tried by importing the module."""


class Changed:
    """A pytest plugin: tries mutants on the collected tests, each in a process of its own."""

    def __init__(
        self, pending: list[tuple[str, Mutant, list[str]]], found: dict[str, Any], again: bool
    ) -> None:
        self.pending = pending
        self.again = again
        self.seconds: dict[str, float] = found["seconds"]

    def pytest_runtestloop(self, session: Any) -> bool:
        """In place of pytest's own loop."""
        items = {item.nodeid: item for item in session.items}

        def passed(chosen: list[Any]) -> int:
            session.items = chosen
            with suppress(session.Failed):
                pytest_runtestloop(session)
            return int(session.testsfailed > 0)

        quick = [item for node, item in items.items() if self.seconds.get(node, 0) < QUICK]
        if forked(lambda: passed(quick), None) != 0:
            raise RuntimeError("the collected tests do not pass without a fault")
        for module, mutant, tests in self.pending:
            chosen = [items[test] for test in tests if test in items]

            def work(module: str = module, mutant: Mutant = mutant, chosen: Any = chosen) -> int:
                if not chosen or not change(module, mutant):
                    return UNDECIDED
                return passed(chosen)

            code = forked(work, LONGEST + 5 * sum(self.seconds[test] for test in tests))
            if code != UNDECIDED and not (code == 0 and self.again):
                words = {None: "timeout", 0: "survived"}
                record(module, mutant, words.get(code, "killed"))
        return True


def try_changed(
    group: Group, pending: list[tuple[str, Mutant, list[str]]], found: Any, *, again: bool
) -> None:
    """Try mutants of a group the fast way; tried again, a survivor is left for the other way."""

    def work() -> int:
        in_the_copy()
        paths = [str(TREE / "tests" / f"{test}.py") for test in group.tests]
        return run_tests(paths, Changed(pending, found, again))

    if pending and forked(work, None) != 0:
        raise SystemExit(f"see {WORK / 'last.log'}")


def record(module: str, mutant: Mutant, outcome: str) -> None:
    """Keep an outcome."""
    with RESULTS.open("a", encoding="utf-8") as file:
        one = {"key": mutant.key, "state": digest([source(module)]), "outcome": outcome}
        file.write(json.dumps(one) + "\n")


def results() -> dict[str, dict[str, str]]:
    """What is known of each mutant, by its key: the last word counts."""
    known: dict[str, dict[str, str]] = {}
    with suppress(FileNotFoundError), RESULTS.open(encoding="utf-8") as file:
        for line in file:
            one = json.loads(line)
            known[one["key"]] = one
    return known
