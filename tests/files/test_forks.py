"""A process that was forked after polars had been used gets an error, and does not hang."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

import neocalc as nc
from neocalc.files import forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

HEAD = """
import os, signal, sys
import neocalc as nc
import pandas as pd

FRAME = pd.DataFrame({"sex": ["m"] * 2000, "age_days": range(2000), "weight_kg": ["4.0"] * 2000})

def in_child(work):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)  # it hung
        try:
            work()
        except nc.NeocalcError as error:
            print(error, flush=True)
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""
SAID = 'start worker processes with multiprocessing.get_context("spawn"), or use threads'


def run(code: str) -> tuple[str, str]:
    """Standard output and error of a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", HEAD + textwrap.dedent(code)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout, done.stderr


@pytest.mark.requirement("REQ-TAB-19")
@pytest.mark.parametrize(
    "use",
    [
        "nc.score(FRAME)",
        "import polars as pl; pl.from_pandas(FRAME).lazy().sort('age_days').collect()",
        "import polars as pl; pl.read_csv(b'a,b\\n1,2\\n')",
    ],
)
@pytest.mark.parametrize(
    "work",
    [
        "nc.score(FRAME)",
        "nc.velocity.score(FRAME.assign(subject_id='1'))",
        "nc.chart.cohort(FRAME.assign(subject_id='1'))",
        "nc.report.page(FRAME)",
    ],
)
def test_a_forked_process_is_refused_in_one_line(use: str, work: str) -> None:
    out, err = run(f"{use}\nprint(in_child(lambda: {work}))")
    message, code = out.splitlines()
    assert message.startswith("this process was forked after polars had been used, and would hang;")
    assert message.endswith(SAID)
    assert code == "3"
    assert err == ""


def test_a_command_in_a_forked_process_is_refused() -> None:
    out, err = run(
        """
        from neocalc.cli import main
        nc.score(FRAME)
        print(in_child(lambda: sys.exit(main(["score", "in.csv", "-o", "out.csv"])) or 1))
        """
    )
    assert SAID in err
    assert "Traceback" not in err.partition("SystemExit")[0]
    assert out


def test_a_child_of_a_forked_process_is_refused_too() -> None:
    out, _ = run(
        """
        nc.score(FRAME)
        print(in_child(lambda: print(in_child(lambda: nc.score(FRAME)), flush=True)))
        """
    )
    assert SAID in out.splitlines()[0]
    assert out.splitlines()[1:] == ["3", "0"]


@pytest.mark.requirement("REQ-TAB-19")
def test_what_does_not_hang_is_not_refused() -> None:
    out, err = run("import polars\nprint(in_child(lambda: nc.score(FRAME)))")
    assert (out, err) == ("0\n", "")
    out, err = run(
        """
        nc.score(FRAME)
        age = nc.Age.from_days(105, gestation="27+3")
        print(in_child(lambda: nc.zscore("weight", "3100 g", sex="f", age=age)))
        """
    )
    assert (out, err) == ("0\n", "")


def test_a_spawned_process_computes() -> None:
    out, err = run(
        """
        import multiprocessing
        nc.score(FRAME)
        if __name__ == "__main__":
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                print(len(pool.map(nc.score, [FRAME])[0]))
        """
    )
    assert (out.strip(), err) == ("2000", "")


def test_where_the_system_does_not_name_threads_the_own_use_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forks._Polars, "used", False)
    monkeypatch.setattr(forks._Polars, "lost", False)
    monkeypatch.setattr(forks, "has_threads", lambda: None)
    forks._before()
    assert not forks._Polars.used
    forks.use_polars()
    forks._before()
    assert forks._Polars.used
    forks._in_child()
    with pytest.raises(nc.NeocalcError, match="was forked"):
        forks.use_polars()
    monkeypatch.setattr(forks._Polars, "lost", False)


def test_threads_of_polars_are_known_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    import polars as pl

    pl.DataFrame({"a": [2, 1]}).lazy().sort("a").collect()
    if sys.platform == "linux":
        assert forks.has_threads() is True

    def nowhere(path: str) -> list[str]:
        raise OSError(path)

    monkeypatch.setattr(os, "listdir", nowhere)
    assert forks.has_threads() is None
