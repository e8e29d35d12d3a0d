"""The public names: what there is, that it is documented, and that importing it costs nothing."""

from __future__ import annotations

import inspect
import pickle
import runpy
import subprocess
import sys
import types
from typing import Any

import numpy as np
import pytest

import neocalc as nc

ERRORS = {
    "NeocalcError": (Exception,),
    "InputError": (nc.NeocalcError, ValueError),
    "MissingError": (nc.InputError,),
    "UnitError": (nc.InputError,),
    "SexError": (nc.InputError,),
    "GestationError": (nc.InputError,),
    "AgeError": (nc.InputError,),
    "PolicyError": (nc.NeocalcError, ValueError),
    "TableError": (nc.NeocalcError,),
    "FileError": (nc.NeocalcError,),
    "DoseRefused": (nc.NeocalcError,),
    "ExtraMissing": (nc.NeocalcError, ImportError),
    "ColumnWarning": (UserWarning,),
}
FUNCTIONS = [
    "Q",
    "curves",
    "measurement",
    "outcome",
    "reference",
    "references",
    "score",
    "size_at_birth",
    "zscore",
]
CLASSES = ["Age", "Policy", "TrialWarning", "ZScore"]
MODULES = ["chart", "dose", "report", "spark", "trials", "velocity", "verify", "visits"]


def run(code: str) -> str:
    """What a new interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_python_m_neocalc_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    said = []
    for options, code in ((["--version"], 0), (["age", "--born", "soon"], 2)):
        monkeypatch.setattr(sys, "argv", ["neocalc", *options])
        with pytest.raises(SystemExit) as left:
            runpy.run_module("neocalc", run_name="__main__")
        assert left.value.code == code
        said.append(capfd.readouterr())
    assert said[0].out.startswith(f"neocalc {nc.__version__}")
    assert "soon" in said[1].err


@pytest.mark.requirement("REQ-PKG-01")
def test_the_names() -> None:
    expected = {*ERRORS, *FUNCTIONS, *CLASSES, *MODULES, "__version__"}
    assert set(nc.__all__) == expected
    assert sorted(nc.__all__) == list(nc.__all__)
    assert dir(nc) == sorted(expected)


def test_every_name_is_there_and_what_it_is() -> None:
    for name in FUNCTIONS:
        assert isinstance(getattr(nc, name), types.FunctionType), name
    for name in CLASSES:
        assert isinstance(getattr(nc, name), type), name
    for name in MODULES:
        assert isinstance(getattr(nc, name), types.ModuleType), name
    assert nc.__version__.count(".") == 2


def test_a_star_import_gives_the_same() -> None:
    names: dict[str, Any] = {}
    exec("from neocalc import *", names)
    assert set(names) - {"__builtins__"} == set(nc.__all__)


@pytest.mark.parametrize("name", ["nothing", "_nothing", "zscores", "np", "Reference"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'neocalc' has no attribute '{name}'"):
        getattr(nc, name)
    assert not hasattr(nc, name)


def test_references_became_a_module_once_anything_had_been_scored() -> None:
    """The submodule of that name took the place of the function."""
    code = "import neocalc as nc; {}; print(type(nc.references).__name__, len(nc.references()))"
    for before in (
        "nc.zscore",
        "nc.references",
        "nc.reference",
        "import neocalc.references.catalogue",
        "from neocalc.references.catalogue import reference",
        "from neocalc.references.catalogue import references",
    ):
        assert run(code.format(before)) == "function 8", before


@pytest.mark.requirement("REQ-PKG-01")
@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import neocalc", "numpy pint polars pandas scipy pyarrow tqdm json argparse dataclasses"),
        ("import neocalc; neocalc.__version__; dir(neocalc)", "numpy pint polars pandas scipy"),
        ("import neocalc; neocalc.InputError", "pint polars pandas scipy"),
        ("import neocalc; neocalc.zscore; neocalc.Age", "pint polars pandas scipy pyarrow"),
        (
            "import neocalc as nc; nc.zscore('weight', '3 kg', sex='f', age=nc.Age.from_days(3)).z",
            "pint polars pandas scipy pyarrow",
        ),
        (
            "import neocalc as nc; nc.measurement('weight', z=1, sex='f', age=nc.Age.from_days(3))",
            "polars pandas scipy.special pyarrow",
        ),
    ],
)
def test_imports_happen_where_they_are_used(statement: str, forbidden: str) -> None:
    code = f"{statement}\nimport sys; print(*(m for m in {forbidden.split()} if m in sys.modules))"
    assert run(code) == ""


def test_names_of_velocity_are_loaded_when_they_are_used() -> None:
    assert set(nc.velocity.__all__) <= set(dir(nc.velocity))
    assert {name: callable(getattr(nc.velocity, name)) for name in nc.velocity.__all__} == (
        dict.fromkeys(nc.velocity.__all__, True)
    )
    with pytest.raises(AttributeError, match="has no attribute 'speed'"):
        nc.velocity.speed  # type: ignore[attr-defined]  # noqa: B018
    code = "import neocalc.velocity, sys; print('numpy' in sys.modules)"
    assert run(code) == "False"


# ------------------------------------------------------------------------------------ documented


@pytest.mark.requirement("REQ-PKG-01")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_documented(name: str) -> None:
    """numpydoc: every parameter, what is returned, an example that the doctests run."""
    function = getattr(nc, name)
    text = inspect.getdoc(function)
    assert text is not None
    parameters = list(inspect.signature(function).parameters)
    assert ("Parameters\n---" in text) == bool(parameters)
    if parameters:
        section = text.split("Parameters\n", 1)[1].split("Returns\n", 1)[0]
        for parameter in parameters:
            assert parameter in section, parameter
    assert "Returns\n-------\n" in text
    assert "Examples\n--------\n" in text
    assert ">>> " in text.split("Examples\n", 1)[1]
    assert text.splitlines()[0].endswith(".")


@pytest.mark.requirement("REQ-PKG-01")
@pytest.mark.parametrize("name", CLASSES)
def test_classes_are_documented(name: str) -> None:
    kind = getattr(nc, name)
    text = inspect.getdoc(kind)
    assert text is not None
    assert ">>> " in text.split("Examples\n--------\n", 1)[1]
    for member, value in vars(kind).items():
        if not member.startswith("_") and (callable(value) or isinstance(value, property)):
            assert inspect.getdoc(value), member


@pytest.mark.parametrize("name", ["from_days", "from_months"])
def test_other_ways_to_an_age_have_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(getattr(nc.Age, name)) or "")


# ---------------------------------------------------------------------------------------- errors


@pytest.mark.requirement("REQ-STAT-05")
@pytest.mark.parametrize(("name", "bases"), list(ERRORS.items()))
def test_the_tree_of_errors(name: str, bases: tuple[type, ...]) -> None:
    kind = getattr(nc, name)
    assert kind.__bases__ == bases
    assert inspect.getdoc(kind)


def example(name: str) -> nc.NeocalcError:
    """An error of each kind."""
    kind = getattr(nc, name)
    if name == "MissingError":
        error: nc.NeocalcError = kind("sex", "give it", status="missing_sex")
    elif name == "DoseRefused":
        error = kind("no dose")
    elif name == "ExtraMissing":
        error = kind("chart", "a chart")
    elif issubclass(kind, nc.InputError):
        error = kind("sex", "x", "male or female")
    else:
        error = kind("a message")
    return error


@pytest.mark.requirement("REQ-STAT-05")
@pytest.mark.parametrize("name", list(ERRORS))
def test_errors_that_could_not_be_pickled(name: str) -> None:
    """An error in a worker process, of a pool or of Spark, has to come back whole."""
    error = example(name)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert vars(again) == vars(error)


@pytest.mark.requirement("REQ-STAT-05")
def test_statuses_of_errors() -> None:
    statuses = {
        "InputError": "invalid_value",
        "UnitError": "invalid_value",
        "SexError": "invalid_sex",
        "GestationError": "invalid_gestation",
        "AgeError": "invalid_age",
        "MissingError": "missing_sex",
    }
    for name, status in statuses.items():
        error = example(name)
        assert isinstance(error, nc.InputError)
        assert error.status == status
        assert error.argument == "sex"
    assert nc.MissingError("weight", "give it").status == "missing_value"


@pytest.mark.requirement("REQ-STAT-05")
def test_messages_are_one_line_and_short_whatever_was_given() -> None:
    """An array was shown over several lines."""
    given: Any
    for given in (
        "x" * 10_000_000,
        "a\nb\r\nc\u2028d",
        "a  b",
        np.arange(1000.0),
        np.ones((3, 3)),
        list(range(1000)),
        {"a": "\n"},
        nc.Q(np.arange(1000.0), "kg"),
    ):
        message = str(nc.InputError("weight", given, "a quantity"))
        assert len(message.splitlines()) == 1
        assert len(message) < 200
        assert message.startswith("weight: ")
        assert message.endswith(" is not accepted; a quantity")
    assert "'a  b'" in str(nc.InputError("weight", "a  b", "a quantity"))
    assert "(10,000,002 characters)" in str(nc.InputError("weight", "x" * 10_000_000, "a quantity"))


@pytest.mark.requirement("REQ-PKG-02")
def test_a_missing_extra_says_how_to_install_it() -> None:
    assert str(nc.ExtraMissing("chart", "a chart")) == (
        'a chart needs the extra "chart": pip install "neocalc[chart]"'
    )


@pytest.mark.requirement("REQ-SAFE-01")
def test_a_refused_dose_holds_its_checks() -> None:
    error = nc.DoseRefused("no dose")
    assert str(error) == "no dose"
    assert isinstance(error.checks, tuple)
