"""`neocalc verify`: what is right passes, and whatever is damaged in an installed copy is found.

The copies are the wheel of this checkout, unpacked as an installation is, with one thing wrong.
"""

from __future__ import annotations

import hashlib
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import neocalc as nc
import own_references
from neocalc import verify
from neocalc.references import shipped
from neocalc.references.catalogue import (
    EXCLUDE,
    excluded,
    reference,
    references,
    tables_digest,
    tables_folder,
)
from neocalc.velocity.increment_tables import Row
from neocalc.verify import cases as verify_cases
from neocalc.verify import checks as verify_checks
from neocalc.verify import environment as verify_environment
from neocalc.verify import files as verify_files
from neocalc.verify import report as verify_report
from neocalc.verify import sites as verify_sites
from neocalc.verify import tables as verify_tables
from neocalc.verify.checks import Check, Found, Report, agrees, attempt, shown
from shell import Shell

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "reference_tables" / "verification"
FILES = sorted(path for path in VALUES.glob("*.toml") if path.name != "manifest.toml")
CASES = [
    pytest.param(case, id=f"{path.stem}-{case['id']}")
    for path in FILES
    for case in tomllib.loads(path.read_text(encoding="utf-8")).get("cases", [])
]


# ------------------------------------------------------------------------------ an installed copy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


class Installed(NamedTuple):
    """A copy of the installed package, and what `python -m neocalc verify` says of it."""

    site: Path

    @property
    def package(self) -> Path:
        """The folder of the package."""
        return self.site / "neocalc"

    @property
    def tables(self) -> Path:
        """The folder of its tables."""
        return self.package / "reference_tables"

    def change(self, name: str, old: str, new: str) -> None:
        """Change one place of a file in the package."""
        path = self.package / name
        path.write_text(own_references.changed(path.read_text("utf-8"), [(old, new)]), "utf-8")

    def start(self, code: str) -> None:
        """Let every Python that starts here run some code."""
        (self.site / "sitecustomize.py").write_text(code, encoding="utf-8")

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "neocalc", "verify", *options],
            cwd=self.site,
            env=os.environ | {"PYTHONPATH": str(self.site), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def failed(self) -> dict[tuple[str, str], dict[str, str]]:
        """The checks that fail, by section and name; there must be some."""
        done = self.run("--json")
        assert done.returncode == 1, done.stderr
        assert done.stderr == ""
        about = json.loads(done.stdout)
        assert about["passed"] is False
        return {
            (check["section"], check["name"]): check
            for check in about["checks"]
            if check["outcome"] == "failed"
        }


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Installed:
    """A copy of the installed package, to be damaged."""
    return Installed(Path(shutil.copytree(wheel, tmp_path / "site")))


@pytest.mark.requirement("REQ-REC-04")
def test_an_installed_wheel_passes(installed: Installed) -> None:
    done = installed.run("--json")
    about = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert (about["neocalc"], about["passed"]) == (nc.__version__, True)
    assert about["counts"]["failed"] == about["counts"]["not made"] == 0
    record = next(check for check in about["checks"] if check["name"] == "RECORD")
    files = [path for path in installed.package.rglob("*") if path.is_file()]
    assert record["actual"] == f"{len(files)} files agree"
    assert about["environment"]["Installed in"] == str(installed.package)


def test_a_copy_without_the_record_of_a_wheel_says_so(installed: Installed) -> None:
    for folder in installed.site.glob("*.dist-info"):
        shutil.rmtree(folder)
    done = installed.run()
    assert done.returncode == 0
    assert "NOT MADE  Files of the package: RECORD" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed, 1 not made")


@pytest.mark.requirement("REQ-REC-04")
def test_one_digit_of_a_table(installed: Installed) -> None:
    installed.change("reference_tables/who-2006/weight.csv", "male,365,0.0645", "male,365,0.0646")
    failed = installed.failed()
    said = failed["Tables", "who-2006 weight"]["actual"]
    assert "this table has been altered" in said
    assert ("Files of the package", "reference_tables/who-2006/weight.csv") in failed
    assert ("Attained growth, WHO Child Growth Standards", "W17") in failed


@pytest.mark.requirement("REQ-REC-04")
@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("who-2006/bmi.csv", ("Tables", "who-2006 bmi")),
        ("who-2009-velocity/length.csv", ("Tables", "who-2009-velocity length")),
        ("who-2009-correlation/model.csv", ("Tables", "who-2009-correlation model")),
        ("who-2009-correlation/correlation.toml", ("Tables", "who-2009-correlation model")),
        ("fenton-2013/reference.toml", ("Tables", "fenton-2013/reference.toml")),
        ("trials/NCT03558334.toml", ("Tables", "trials/NCT03558334.toml")),
        ("verification/attained.toml", ("Tables", "verification/attained.toml")),
        ("verification/manifest.toml", ("Tables", "manifest")),
    ],
)
def test_a_missing_file_of_the_tables(
    installed: Installed, name: str, check: tuple[str, str]
) -> None:
    (installed.tables / name).unlink()
    failed = installed.failed()
    assert check in failed
    missing = failed["Files of the package", f"reference_tables/{name}"]
    assert "No such file" in missing["actual"]


def test_no_tables_at_all(installed: Installed) -> None:
    shutil.rmtree(installed.tables)
    failed = installed.failed()
    assert ("Tables", "manifest") in failed
    assert ("From z to increment and back", "the whole section") in failed


def test_a_missing_module(installed: Installed) -> None:
    (installed.package / "velocity" / "gains.py").unlink()
    failed = installed.failed()
    assert ("Files of the package", "velocity/gains.py") in failed
    gain = failed["Rates of the neonatal unit, conditional gain and falls in z", "N1 exponential"]
    assert gain["actual"] == "ModuleNotFoundError: No module named 'neocalc.velocity.gains'"


def test_a_missing_module_of_the_checks_themselves(installed: Installed) -> None:
    (installed.package / "verify" / "cases.py").unlink()
    failed = installed.failed()
    assert ("Doses of cells", "the whole section") in failed


@pytest.mark.requirement("REQ-REC-04")
def test_a_changed_line_of_code(installed: Installed) -> None:
    installed.change(
        "references/lms.py", "np.divide(z, LS, out=z)", "np.divide(z, LS * (1 + 1e-9), out=z)"
    )
    failed = installed.failed()
    assert ("Files of the package", "references/lms.py") in failed
    assert ("From z to measurement and back", "who-2006 weight") in failed


def test_a_method_changed_in_a_toml(installed: Installed) -> None:
    """The checksum of the table still agrees: it is the manifest that does not."""
    installed.change("reference_tables/who-2006/reference.toml", '"lms-restricted"', '"lms"')
    failed = installed.failed()
    assert ("Tables", "who-2006/reference.toml") in failed
    assert ("Tables", "who-2006 weight") not in failed
    assert ("Attained growth, WHO Child Growth Standards", "W2") in failed


@pytest.mark.requirement("REQ-REC-04")
def test_a_dose_changed_in_a_trial(installed: Installed) -> None:
    name = "trials/NCT03558334.toml"
    installed.change(f"reference_tables/{name}", '"5 million', '"50 million')
    failed = installed.failed()
    assert ("Tables", name) in failed
    assert ("Files of the package", f"reference_tables/{name}") in failed


def test_a_toml_that_is_none_and_one_that_nobody_knows(installed: Installed) -> None:
    installed.change("reference_tables/verification/dose.toml", "[[cases]]", "[[cases")
    (installed.tables / "trials" / "NCT0.toml").write_text("id = 1\n", encoding="utf-8")
    failed = installed.failed()
    assert failed["dose.toml", "the whole section"]["actual"].startswith("TOMLDecodeError: ")
    assert "not in the manifest" in failed["Tables", "trials/NCT0.toml"]["expected"]


@pytest.mark.requirement("REQ-REC-04")
def test_numpy_with_other_last_digits(installed: Installed) -> None:
    installed.start(
        "import numpy\n"
        "exact = numpy.expm1\n"
        "def expm1(x, out=None):\n"
        "    return numpy.multiply(exact(x), 1 + 4e-15, out=out)\n"
        "numpy.expm1 = expm1\n"
    )
    failed = installed.failed()
    assert {section for section, _ in failed} == {"Numerical functions"}
    assert all(name.startswith("numpy.expm1(") for _, name in failed)
    assert len(failed) == 4


def test_numpy_with_another_logarithm(installed: Installed) -> None:
    installed.start(
        "import numpy\n"
        "exact = numpy.log\n"
        "numpy.log = lambda x, out=None: numpy.add(exact(x), 1e-5, out=out)\n"
    )
    failed = installed.failed()
    assert ("Numerical functions", "numpy.log(0.5)") in failed
    assert ("Attained growth, WHO Child Growth Standards", "W1") in failed


def test_a_package_that_is_not_installed(installed: Installed) -> None:
    installed.start(
        "import importlib.metadata, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'scipy':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}')\n"
        "sys.meta_path.insert(0, Finder())\n"
        "exact = importlib.metadata.version\n"
        "def version(name):\n"
        "    if name == 'scipy':\n"
        "        raise importlib.metadata.PackageNotFoundError(name)\n"
        "    return exact(name)\n"
        "importlib.metadata.version = version\n"
    )
    failed = installed.failed()
    assert failed["Environment", "SciPy"]["actual"] == "not installed"
    assert ("Numerical functions", "scipy.special.ndtri(0.03)") in failed


# ------------------------------------------------------------------------------------ this checkout


@pytest.fixture(scope="module")
def report() -> Iterator[Report]:
    """The report of this checkout, made without a network."""

    def no_network(*_: object, **__: object) -> None:
        raise OSError("there is no network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", no_network)
        patch.setenv("NEOCALC_SITE", "7")
        yield verify.verify()


@pytest.mark.requirement("REQ-REF-06")
def test_the_manifest_is_that_of_the_tables() -> None:
    text = (tables_folder() / shipped.MANIFEST).read_text(encoding="utf-8")
    assert text == shipped.manifest_text(tables_folder()), "python scripts/tables_manifest.py"


def test_everything_passes(report: Report) -> None:
    assert [check for check in report.checks if check.outcome == "failed"] == []
    assert report.passed
    assert report.version == nc.__version__
    assert report.digest == tables_digest()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report.time_utc)
    assert report.environment["NumPy"] == np.__version__
    assert report.environment["NEOCALC_SITE"] == "7"


def test_it_takes_seconds() -> None:
    """About one, of the processor's time; more where coverage is measured."""
    start = time.process_time()
    verify.verify()
    assert time.process_time() - start < 5


def test_every_table_and_every_published_value_is_there(report: Report) -> None:
    named = {(check.section, check.name) for check in report.checks}
    for ref in references():
        for measure in ref.measures:
            assert ("Tables", f"{ref.id} {measure}") in named
            if ref.use != "velocity":
                assert ("From z to measurement and back", f"{ref.id} {measure}") in named
    increments = [c for c in report.checks if c.section == "From z to increment and back"]
    assert sum(int(check.expected.split(" rows")[0]) for check in increments) == 486
    printed = [c for c in report.checks if c.section == "SD columns printed by the WHO"]
    assert len(printed) == 46 + 138
    assert len([c for c in report.checks if c.confidence]) >= 390


def test_the_values_are_no_reference() -> None:
    assert (VALUES / "manifest.toml").is_file()
    assert "verification" not in [ref.folder.name for ref in references()]
    with pytest.raises(nc.InputError):
        nc.reference("verification")


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_complete(case: dict[str, Any]) -> None:
    keys = {"id", "call", "inputs", "expected", "tolerance", "source", "confidence"}
    assert set(case) == keys
    assert case["call"] in verify_cases.CALLS
    assert case["expected"]
    assert case["confidence"] in "ABCD"
    # A value may be stated to as many digits as its source has: a length to 0.01 cm.
    assert 0 <= case["tolerance"] <= (0.006 if "cm" in case["expected"] else 5e-4)


def test_every_call_has_a_case_and_no_case_is_there_twice() -> None:
    cases = [param.values[0] for param in CASES]
    assert {case["call"] for case in cases} == set(verify_cases.CALLS)  # type: ignore[index]
    names = [param.id for param in CASES]
    assert len(set(names)) == len(names)


def test_the_published_values_of_the_methods_are_there() -> None:
    """W1-W32, F1-F20, V1-V24 (V6-V9 are printed SD columns), N1-N7 and D1-D14."""
    found = {str(param.id).partition("-")[2].split()[0] for param in CASES}
    for letter, last in (("F", 20), ("V", 24), ("N", 7), ("D", 14)):
        wanted = {f"{letter}{i}" for i in range(1, last + 1)} - {"V6", "V7", "V8", "V9"}
        assert wanted <= found
    assert {f"W{i}" for i in range(1, 33)} <= found


# ----------------------------------------------------------------------- what is wrong is a failure


def copied_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tables, which the checks of files look at."""
    folder = Path(shutil.copytree(tables_folder(), tmp_path / "tables"))
    for module in (verify, verify_files, verify_tables):
        monkeypatch.setattr(module, "tables_folder", lambda: folder)
    return folder


def failing(checks: Iterator[Check]) -> dict[str, Check]:
    """The checks that fail, by name."""
    return {check.name: check for check in checks if check.outcome == "failed"}


def test_tables_that_are_altered_missing_or_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied_tables(tmp_path, monkeypatch)
    assert not failing(verify_files.table_checks("section"))
    (folder / "fenton-2025" / "reference.toml").unlink()
    (folder / "who-2006" / "bmi.csv").write_text("sex\n", encoding="utf-8")
    (folder / "trials" / "new.toml").write_text("", encoding="utf-8")
    failed = failing(verify_files.table_checks("section"))
    assert set(failed) == {
        "fenton-2025/reference.toml", "fenton-2025", "who-2006 bmi", "trials/new.toml",
    }  # fmt: skip
    assert failed["fenton-2025/reference.toml"].actual.startswith("FileNotFoundError: ")
    assert set(failing(verify_tables.back_checks("section"))) == {"who-2006 bmi"}
    (folder / "who-2006" / "reference.toml").write_text("id = ", encoding="utf-8")
    assert not failing(verify_tables.back_checks("section"))  # told by the section of the tables
    (folder / "verification" / "manifest.toml").write_text("[files]\n", encoding="utf-8")
    assert "manifest" in failing(verify_files.table_checks("section"))


@pytest.mark.requirement("REQ-TRIAL-09")
def test_a_sites_own_files_are_named_right_or_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (tables_folder() / "trials" / "NCT03558334.toml").read_text("utf-8")
    trials = tmp_path / "trials"
    trials.mkdir()
    own = text.replace('"registry"', '"2.1"')
    (trials / "own.toml").write_text(own, encoding="utf-8")
    (trials / "taken.toml").write_text(text, encoding="utf-8")
    (trials / "broken.toml").write_text("[[[", encoding="utf-8")
    monkeypatch.setenv("NEOCALC_TRIALS", f"{trials}{os.pathsep}{tmp_path / 'nowhere'}")
    right = own_references.write(tmp_path / "references" / "right")
    own_references.write(tmp_path / "references" / "taken", id="who-2006")
    own_references.write(tmp_path / "references" / "altered", id="b", altered=[("3.03", "3.04")])
    (tmp_path / "references" / "none").mkdir()
    (tmp_path / "references" / "none" / "reference.toml").write_text("[", encoding="utf-8")
    monkeypatch.setenv("NEOCALC_REFERENCES", str(tmp_path / "references"))
    checks = list(verify_sites.site_checks("section"))
    passed = {check.name: check.actual for check in checks if check.outcome == "passed"}
    sha256 = hashlib.sha256((trials / "own.toml").read_bytes()).hexdigest()
    assert passed["NCT03558334, version 2.1"] == f"own.toml, SHA-256 {sha256}"
    sha256 = hashlib.sha256((right / "reference.toml").read_bytes()).hexdigest()
    assert passed[str(right)] == f"SHA-256 {sha256}"
    assert "mine weight" in passed
    failed = failing(iter(checks))
    assert set(failed) == {
        str(trials / "taken.toml"), str(trials / "broken.toml"), str(tmp_path / "nowhere"),
        str(tmp_path / "references" / "taken"), "b weight", "NEOCALC_REFERENCES",
    }  # fmt: skip
    assert "ships with neocalc" in failed[str(trials / "taken.toml")].actual
    assert "who-2006, which ships" in failed[str(tmp_path / "references" / "taken")].actual
    assert "altered" in failed["b weight"].actual
    report = verify.verify()
    assert not report.passed
    assert "This site's own definitions and references" in verify_report.text(report)


def test_without_a_site_there_is_no_such_section(report: Report) -> None:
    assert "This site's own definitions and references" not in report.sections


def test_an_altered_definition_that_ships_is_not_the_sites_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(tables_folder(), tmp_path / "tables"))
    monkeypatch.setattr(sys.modules["neocalc.trials.files"], "tables_folder", lambda: folder)
    (folder / "trials" / "NCT03558334.toml").write_text("", encoding="utf-8")
    assert list(verify_sites.site_checks("section")) == []


def test_what_it_covers_and_what_it_cannot_is_said(report: Report) -> None:
    page, text = verify_report.html(report), " ".join(verify_report.text(report).split())
    about = verify_report.about(report)
    for said in (verify_report.COVERED, verify_report.NOT_COVERED):
        assert said in text
        assert said in html.unescape(page)
        assert said in (about["covered"], about["not_covered"])
    docs = (ROOT / "docs" / "qualify.md").read_text("utf-8").split("## What it does not show")[1]
    for word in (".pyc", "Python", "can write", "RECORD"):
        assert word in verify_report.NOT_COVERED
        assert word in docs


@pytest.mark.requirement("REQ-CMD-10")
def test_names_that_a_terminal_would_obey_are_escaped() -> None:
    checks = (Check("a\x1b[2J", "b\u202e", "failed", "c\x07", "d\udcff"),)
    text = verify_report.text(Report("0.1.0", "f" * 64, "", 0.1, {}, checks))
    assert all(line.isprintable() for line in text.splitlines())
    assert "a\\x1b[2J: b\\u202e" in text


def test_files_that_differ_from_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right, wrong = tmp_path / "a.py", tmp_path / "b.py"
    right.write_bytes(b"")
    wrong.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    recorded = {"a.py": (right, empty), "b.py": (wrong, "0" * 64), "c.py": (tmp_path / "c", empty)}
    monkeypatch.setattr(verify_files, "_recorded", lambda _: recorded)
    agree, differs, missing = verify_files.package_checks("section")
    assert (agree.outcome, agree.actual) == ("passed", "1 files agree")
    assert (differs.outcome, differs.actual) == ("failed", f"SHA-256 {empty}")
    assert missing.actual.startswith("FileNotFoundError: ")
    del recorded["a.py"]
    assert [check.outcome for check in verify_files.package_checks("section")] == [
        "failed",
        "failed",
    ]


def test_a_record_is_read_from_the_wheel(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(wheel))
    found = verify_files._recorded((wheel / "neocalc").resolve())
    assert "references/lms.py" in found
    assert "reference_tables/who-2006/weight.csv" in found
    assert all(path.is_file() and len(sha) == 64 for path, sha in found.values())


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [
        ({"function": "numpy.exp", "argument": 0.0, "expected": 1.0}, "passed"),
        ({"function": "math.erfc", "argument": 0.0, "expected": 1.0}, "passed"),
        ({"function": "numpy.exp", "argument": 0.0, "expected": 1.0 + 4e-15}, "failed"),
        ({"function": "numpy.log", "argument": -1.0, "expected": 1.0}, "failed"),
        ({"function": "os.getpid", "argument": 0.0, "expected": 1.0}, "failed"),
        ({"argument": 0.0, "expected": 1.0}, "failed"),
        ({"function": "numpy.exp"}, "failed"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_probes(probe: dict[str, Any], outcome: str) -> None:
    about = {"probes": [probe], "relative_tolerance": 1e-15, "source": "here"}
    (check,) = verify_environment.probe_checks(about, "section")
    assert check.outcome == outcome


def test_a_package_without_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(verify_environment.REQUIRED, "neocalc-nowhere", "Nowhere")
    assert set(failing(verify_environment.environment_checks("section"))) == {"Nowhere"}
    assert verify_environment.facts()["Nowhere"] == "not installed"


def test_what_is_set_is_said_in_letters_that_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEOCALC_REFERENCES", "/a\udcff")
    assert verify_environment.facts()["NEOCALC_REFERENCES"] == "/a\ufffd"


def test_another_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    class Single:
        mant_dig, max_exp, radix = 24, 128, 2

    monkeypatch.setattr(sys, "float_info", Single)
    assert set(failing(verify_environment.environment_checks("section"))) == {"double precision"}


ATTAINED: dict[str, Any] = {
    "reference": "who-2006", "measure": "weight", "sex": "male", "axis": "age_days", "unit": "g",
    "decimals": 0, "z": [0], "source": "", "confidence": "A", "rows": [[0, 3346.0]],
}  # fmt: skip
INCREMENTS: dict[str, Any] = {
    "measure": "weight", "sex": "male", "interval_months": 1, "unit": "g", "decimals": 0,
    "z": [0], "source": "", "confidence": "A", "rows": [[0, 1023.0]],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changes", "outcome"),
    [
        ("attained", {}, "passed"),
        ("attained", {"rows": [[0, 3347.0]]}, "failed"),
        ("attained", {"rows": [[0, 3346.0, 3347.0]]}, "failed"),
        ("attained", {"axis": "length_cm"}, "failed"),
        ("attained", {"rows": [[2000, 3346.0]]}, "failed"),
        ("attained", {"reference": "nowhere"}, "failed"),
        ("increments", {}, "passed"),
        ("increments", {"rows": [[0, 1024.0]]}, "failed"),
        ("increments", {"rows": [[12, 1023.0]]}, "failed"),
        ("increments", {"rows": [[11.5, 1023.0]]}, "failed"),
    ],
)
def test_printed_columns(kind: str, changes: dict[str, Any], outcome: str) -> None:
    about: dict[str, list[dict[str, Any]]] = {"attained": [], "increments": []}
    about[kind] = [(ATTAINED if kind == "attained" else INCREMENTS) | changes]
    (check,) = verify_tables.printed_checks(about, "section")
    assert check.outcome == outcome, check


def test_a_table_without_a_third_line(tmp_path: Path) -> None:
    wide = own_references.WEIGHT._replace(
        csv=own_references.rows("age_days", own_references.DAYS, L=1.0, S=0.4)
    )
    ref = nc.reference(own_references.write(tmp_path / "wide", {"weight": wide}))
    assert verify_tables._back(ref, "weight").actual == "none in some row"


def test_increments_that_do_not_rise(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(0.0, 28.0, 1.0, 1.0, -0.1, 0.0)
    monkeypatch.setattr(verify_tables, "_increments", lambda _: {(1, 0): [row]})
    assert verify_tables._lines("weight", 1, 0).actual == "they do not"


CASE: dict[str, Any] = {
    "id": "X", "call": "zscore", "tolerance": 1e-6, "source": "", "confidence": "A",
    "inputs": {"measure": "weight", "value": "17 kg", "sex": "female", "age_days": 1522},
    "expected": {"z": 0.240038, "printed_z": "0.24", "status": "ok"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "outcome", "actual"),
    [
        ({}, "passed", "z 0.2400377946; printed_z 0.24; status ok"),
        ({"expected": {"z": 0.24004}}, "failed", "z 0.2400377946"),
        ({"expected": {"printed_z": "0.25"}}, "failed", "printed_z 0.24"),
        ({"expected": {"printed_status": "0.25"}}, "failed", "printed_status ok"),
        ({"expected": {"nothing": 1.0}}, "failed", "nothing none"),
        ({"expected": {"error": "InputError"}}, "failed", "error none"),
        ({"call": "exec"}, "failed", "KeyError: 'exec'"),
        (
            {"inputs": CASE["inputs"] | {"value": "17"}},
            "failed",
            "UnitError: weight: '17' is not accepted; ",
        ),
        (
            {"inputs": CASE["inputs"] | {"value": "17"}, "expected": {"error": "UnitError"}},
            "passed",
            "error UnitError",
        ),
    ],
)
def test_cases(changes: dict[str, Any], outcome: str, actual: str) -> None:
    (check,) = verify_cases.case_checks({"cases": [CASE | changes]}, "section")
    assert check.outcome == outcome, check
    assert check.actual.startswith(actual)


def test_a_step_that_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copied_tables(tmp_path, monkeypatch) / "verification"
    for path in folder.glob("*.toml"):
        path.unlink()
    (folder / "a.toml").write_text('title = "A"\n[[cases]]\nid = "X"\n', encoding="utf-8")
    (folder / "b.toml").write_text("[[cases]]\n", encoding="utf-8")
    (folder / "c.toml").write_text('title = "C"\n', encoding="utf-8")
    steps = {"files.package_checks": "Files", "nowhere.no_checks": "Nowhere"}
    monkeypatch.setattr(verify, "STEPS", steps)
    report = verify.verify()
    said = {check.section: check.actual for check in report.checks}
    assert said["A"] == "KeyError: 'expected'"
    assert said["b.toml"] == "KeyError: 'title'"
    assert said["c.toml"] == "StopIteration"
    assert said["Nowhere"] == "ModuleNotFoundError: No module named 'neocalc.verify.nowhere'"
    assert report.counts == {"passed": 0, "failed": 4, "not made": 1}
    assert not report.passed


NAN = float("nan")


@pytest.mark.parametrize(
    ("actual", "expected", "tolerance", "right"),
    [
        (1.0, 1, 0.0, True),
        (1.1, 1.0, 0.1 + 1e-12, True),
        (1.1, 1.0, 0.09, False),
        (NAN, NAN, 0.0, True),
        (NAN, 1.0, 1.0, False),
        (1.0, NAN, 1.0, False),
        (None, NAN, 1.0, False),
        (True, 1, 1.0, False),
        (1, True, 1.0, False),
        (True, True, 0.0, True),
        ("ok", "ok", 0.0, True),
        ("ok", "oedema", 0.0, False),
        (None, None, 0.0, True),
        ([1.0, "a"], [1.0, "a"], 0.0, True),
        ([1.0], [1.0, 2.0], 0.0, False),
        (1.0, [1.0], 0.0, False),
        (float("inf"), 1e308, 1e-6, False),
    ],
)
def test_agreement(actual: Any, expected: Any, tolerance: float, right: bool) -> None:
    assert agrees(actual, expected, tolerance) is right


def test_what_is_shown() -> None:
    assert shown([1.0, 0.25, NAN, None, True, "x", 3]) == "1, 0.25, none, none, true, x, 3"
    assert shown([]) == "none"


def test_an_error_is_one_line_of_a_failure() -> None:
    def raises() -> Found:
        raise ValueError("two\n  lines")

    check = attempt("s", "n", raises, expected="none")
    assert (check.outcome, check.expected, check.actual) == (
        "failed", "none", "ValueError: two lines",
    )  # fmt: skip


# -------------------------------------------------------------------------------------- the report

EVIL = "<script src='http://example.org/x.js'>&\"</script>"


def small(*outcomes: str) -> Report:
    """A report with one check of each outcome."""
    checks = tuple(
        Check(EVIL, f"{EVIL} {i}", outcome, EVIL, EVIL, EVIL, "A")
        for i, outcome in enumerate(outcomes)
    )
    return Report("0.1.0", "f" * 64, "2026-11-22T09:00:00Z", 0.25, {"Python": EVIL}, checks)


def test_no_checks_are_no_pass() -> None:
    assert not small().passed
    assert small("passed", "not made").passed


def test_the_text() -> None:
    text = verify_report.text(small("passed", "failed", "not made"))
    lines = text.splitlines()
    assert lines[0] == "neocalc     0.1.0"
    assert f"FAILED  {EVIL}: {EVIL} 1" in lines
    assert f"    reason  {EVIL}" in lines
    assert f"    expected  {EVIL}" in lines
    assert lines[-1] == "FAILED: 1 passed, 1 failed, 1 not made"
    assert verify_report.text(small("passed")).endswith(
        "\n\nPASSED: 1 passed, 0 failed, 0 not made\n"
    )


def test_the_page_can_be_printed_and_signed() -> None:
    page = verify_report.html(small("passed", "failed"))
    assert page.startswith("<!DOCTYPE html>")
    for said in ("0.1.0", "f" * 64, "2026-11-22T09:00:00Z", "FAILED: 1 passed, 1 failed"):
        assert said in page
    for who in ("Performed by", "Reviewed by"):
        assert who in page
    assert page.count("signature: <span") == page.count("date: <span") == 2


def test_the_page_is_escaped_and_loads_nothing() -> None:
    page = verify_report.html(small("passed", "failed", "not made"))
    assert "<script" not in page
    assert "&lt;script" in page
    assert not re.search(r"<(link|img|iframe|script)|url\(|@import", page)
    assert not re.search(r"(src|href)\s*=\s*[\"']?http", page.replace("&#x27;", "&"))


def test_every_check_is_on_the_page(report: Report) -> None:
    page = verify_report.html(report)
    others = [check for check in report.checks if check.outcome != "passed"]
    assert page.count("<td>passed</td>") == report.counts["passed"]
    assert page.count("<td>not made</td>") == 2 * len(others)


# ------------------------------------------------------------------------------------- the command


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the command report something small."""

    def report(*outcomes: str) -> None:
        monkeypatch.setattr(verify, "verify", lambda: small(*outcomes))

    report("passed")
    return report


def test_the_command(shell: Shell) -> None:
    done = shell.run("verify")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1].startswith("PASSED: ")
    assert ["Tables", tables_digest()] in [line.split() for line in done.out.splitlines()]


@pytest.mark.requirement("REQ-CMD-01")
def test_the_exit_status_of_a_failure(shell: Shell, quick: Callable[..., None]) -> None:
    quick("passed", "failed")
    assert shell.run("verify").code == 1
    done = shell.run("verify", "--json")
    assert done.code == 1
    about = json.loads(done.out)
    assert about["counts"] == {"passed": 1, "failed": 1, "not made": 0}
    assert about["sections"] == {EVIL: about["counts"]}
    assert about["checks"][1] == {
        "section": EVIL, "name": f"{EVIL} 1", "outcome": "failed", "expected": EVIL,
        "actual": EVIL, "source": EVIL, "confidence": "A",
    }  # fmt: skip


def test_the_page_is_written_once(shell: Shell, quick: Callable[..., None]) -> None:
    done = shell.run("verify", "--html", "q.html")
    assert (done.code, done.out.splitlines()[-1]) == (0, "Written: q.html")
    assert shell.read("q.html").startswith("<!DOCTYPE html>")
    assert "exists already" in shell.run("verify", "--html", "q.html").problem
    assert shell.run("verify", "--html", "q.html", "--force", "--json").code == 0
    quick("failed")
    assert shell.run("verify", "--html", "q.html", "--force").code == 1
    assert "FAILED: 0 passed, 1 failed" in shell.read("q.html")


def test_a_page_that_is_no_page(shell: Shell, quick: Callable[..., None]) -> None:
    assert "ends in .html" in shell.run("verify", "--html", "q.pdf").problem
    assert "no folder" in shell.run("verify", "--html", "nowhere/q.html").problem


def test_outcomes_are_those_of_the_checks() -> None:
    assert verify_checks.OUTCOMES == ("passed", "failed", "not made")


def test_the_page_of_the_documentation_shows_this_report(report: Report) -> None:
    """docs/qualify.md shows an installed wheel, which has one check more and none not made."""
    page = (ROOT / "docs" / "qualify.md").read_text(encoding="utf-8")
    for name, counts in report.sections.items():
        if name != "Files of the package":
            row = rf"^{re.escape(name)} +{counts['passed']} +0 +0$"
            assert re.search(row, page, re.MULTILINE), name


@pytest.mark.requirement("REQ-REF-11")
def test_an_installation_is_checked_whatever_a_site_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left out is installed all the same; after the check it is left out as before."""
    monkeypatch.setenv(EXCLUDE, "fenton-2025,intergrowth-21st-newborn,who-2007")
    found = verify.verify()
    assert [check for check in found.checks if check.outcome == "failed"] == []
    section = found.sections["INTERGROWTH-21st, and the WHO from 5 to 19 years"]
    assert section["passed"] == 35
    assert "who-2007" in excluded()
    with pytest.raises(nc.InputError, match="leaves it out"):
        reference("who-2007")
