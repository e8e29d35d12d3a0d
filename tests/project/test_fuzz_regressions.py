"""What fuzzing found, as tests; and every seed and finding through its target, without a fuzzer."""

from __future__ import annotations

import importlib.util
import io
import sys
from contextlib import redirect_stderr
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

import neocalc as nc
from neocalc import cli
from neocalc.dose import Limits
from neocalc.dose.notation import amount
from neocalc.errors import InputError, PolicyError, TableError
from neocalc.references.catalogue import reference
from own_references import write

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"


def module(name: str) -> ModuleType:
    """A file of fuzz/ as a module."""
    spec = importlib.util.spec_from_file_location(f"fuzz_{name}", FUZZ / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


TARGETS = module("targets").TARGETS
INPUTS = [
    pytest.param(name, path, id=f"{name}/{path.name}")
    for name in TARGETS
    for folder in ("corpus", "findings")
    for path in sorted((FUZZ / folder / name).glob("*"))
]


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")
@pytest.mark.parametrize(("name", "path"), INPUTS)
def test_input(name: str, path: Path) -> None:
    TARGETS[name].run(path.read_bytes())


@pytest.mark.requirement("REQ-STAT-07")
def test_every_target_has_seeds_and_a_dictionary() -> None:
    for name in TARGETS:
        assert list((FUZZ / "corpus" / name).iterdir()), name
        assert (FUZZ / "dictionaries" / f"{name}.dict").exists(), name
    for folder in ("corpus", "findings"):
        assert {path.name for path in (FUZZ / folder).iterdir()} <= set(TARGETS)
    for path in (FUZZ / "dictionaries").iterdir():
        for line in path.read_text(encoding="ascii").splitlines():
            assert line.startswith('"'), (path, line)
            assert line.endswith('"'), (path, line)


def test_without_atheris_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = module("fuzzer")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "argv", ["fuzzer.py", "--list"])
    assert run.main() == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(TARGETS)
    monkeypatch.setattr(sys, "argv", ["fuzzer.py", "dates"])
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None)
    assert run.main() == 2
    assert "pip install atheris" in capsys.readouterr().err


AGE = nc.Age.from_days(105, gestation="27+3")


@pytest.mark.requirement("REQ-WHO-15")
@pytest.mark.parametrize("measure", ["weight", "bmi", "weight_for_length"])
def test_unreadable_oedema_was_scored_as_none(measure: str) -> None:
    length = None if measure == "weight" else "50 cm"
    one = nc.zscore(
        measure, nc.Q([3.0, 3.0], "kg"), sex="f", age=AGE, length=length, oedema=["maybe", "no"]
    )
    assert one.status.tolist() == ["invalid_value", "ok"]
    assert np.isnan(one.z).tolist() == [True, False]


@pytest.mark.requirement("REQ-WHO-15")
def test_unreadable_position_was_scored_as_unknown() -> None:
    r = nc.zscore("length", nc.Q([50.0, 50.0], "cm"), sex="f", age=AGE, position=["upright", "l"])
    assert r.status.tolist() == ["invalid_value", "ok"]
    assert np.isnan(r.z).tolist() == [True, False]
    y = nc.measurement("length", z=[0.0, 0.0], sex="f", age=AGE, position=["upright", "l"])
    assert np.isnan(y.magnitude).tolist() == [True, False]


@pytest.mark.requirement("REQ-WHO-15")
def test_unreadable_oedema_and_position_in_a_table() -> None:
    visits = pl.DataFrame(
        {"sex": ["f"], "age_days": [105], "gestational_age": ["27+3"], "weight_kg": [3.1],
         "length_cm": [50.0], "length_position": ["upright"], "oedema": ["maybe"]}
    )  # fmt: skip
    scored = nc.score(visits)
    for index in ("waz", "laz", "baz", "wlz"):
        assert scored[index].to_list() == [None], index
        assert scored[f"{index}_status"].to_list() == ["invalid_value"], index


@pytest.mark.requirement("REQ-CMD-01")
def test_control_characters_of_a_header_reached_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "visits.csv"
    path.write_bytes(b"sex,age_days,weight_kg\x1b\nf,1,3\n")
    said = io.StringIO()
    with redirect_stderr(said):
        assert cli.main(["score", str(path), "-o", str(tmp_path / "scored.csv")]) == 2
    assert said.getvalue().rstrip("\n").isprintable()
    assert r"=weight_kg\x1b" in said.getvalue()


@pytest.mark.requirement("REQ-STAT-07")
def test_a_figure_of_many_digits_in_millions() -> None:
    """decimal.InvalidOperation: the context has 28 digits."""
    assert amount(5e62, "cell/mL") == f"500{',000' * 18} million cells/mL"
    assert amount(1_234_567.0, "cell/kg") == "1,234,567 cells/kg"


DEEP = "a = " + "[" * 5_000 + "\n"
DIGITS = "a = " + "1" * 5_000 + "\n"


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize(
    ("text", "said"), [(DEEP, "nested too deeply"), (DIGITS, "4300 digits")], ids=["deep", "digits"]
)
def test_toml_that_python_cannot_hold(text: str, said: str, tmp_path: Path) -> None:
    """RecursionError and ValueError, where tomllib raises nothing of its own."""
    folder = write(tmp_path / "mine")
    about = folder / "reference.toml"
    about.write_text(text + about.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(TableError, match=said):
        reference(folder)
    definition = tmp_path / "trial.toml"
    definition.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=said):
        nc.trials.load(definition)
    (tmp_path / "visits.csv").write_text("sex,age_days,weight_kg\nf,1,3\n", encoding="utf-8")
    heard = io.StringIO()
    with redirect_stderr(heard):
        visits, scored = str(tmp_path / "visits.csv"), str(tmp_path / "scored.csv")
        assert cli.main(["score", visits, "-o", scored, "--columns", str(definition)]) == 2
    assert said in heard.getvalue()


@pytest.mark.requirement("REQ-REF-05")
@pytest.mark.parametrize("value", [f"[0, 1{'0' * 400}]", f"[-1{'0' * 400}, 10]"])
def test_range_of_a_whole_number_beyond_floats(value: str, tmp_path: Path) -> None:
    """OverflowError."""
    folder = write(tmp_path / "mine", toml=[("range = [0, 10]", f"range = {value}")])
    with pytest.raises(TableError, match="range: two"):
        reference(folder)


@pytest.mark.requirement("REQ-REF-05")
def test_flag_of_a_whole_number_beyond_floats(tmp_path: Path) -> None:
    """It made an array of objects, which compares otherwise than one of numbers."""
    folder = write(tmp_path / "mine", toml=[("flag = [-6, 5]", f"flag = [-1{'0' * 400}, 5]")])
    with pytest.raises(TableError, match="flag"):
        reference(folder)


@pytest.mark.requirement("REQ-DOSE-10")
@pytest.mark.parametrize("name", ["z_soft", "z_hard", "max_doses"])
def test_limit_of_a_whole_number_beyond_floats(name: str) -> None:
    """OverflowError."""
    values: dict[str, Any] = {name: 10**400}
    with pytest.raises(InputError, match=name):
        Limits(**values)


@pytest.mark.requirement("REQ-STAT-07")
@pytest.mark.parametrize(
    ("within", "dosed_on"),
    [("9999 years", "2026-08-14"), ("24 hours", "9999-12-31"), ("1 month", "9999-12-31T09:30")],
)
def test_window_that_ends_after_the_calendar(within: str, dosed_on: str, tmp_path: Path) -> None:
    """ValueError and OverflowError of datetime."""
    definition = tmp_path / "trial.toml"
    definition.write_text(
        'id = "X"\nversion = "1"\ntitle = "t"\nsource = "s"\n[[arms]]\nname = "A"\n'
        f'[[outcomes]]\noutcome = "o"\nwithin = "{within}"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="before the year 10000"):
        nc.trials.load(definition).windows(dosed_on)
