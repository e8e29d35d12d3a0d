"""The wheel holds everything: installed elsewhere it scores without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "reference_tables"
HEADER = "sex,age_days,gestational_age,weight_g\n"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Standard output of a command that must end well."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT,
        cwd=folder,
    )  # fmt: skip
    (path,) = folder.glob("neocalc-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed into; its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    run(
        sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target",
        folder, wheel, cwd=folder, PIP_DISABLE_PIP_VERSION_CHECK="1",
    )  # fmt: skip
    return folder


@pytest.mark.requirement("REQ-PKG-03")
def test_the_wheel_holds_every_table_and_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    tables = [path for path in TABLES.rglob("*") if path.suffix in (".csv", ".toml")]
    assert len(tables) > 10
    for path in tables:
        name = f"neocalc/reference_tables/{path.relative_to(TABLES).as_posix()}"
        assert held[name] == path.read_bytes()
    for path in (ROOT / "src").rglob("*.py"):
        assert path.relative_to(ROOT / "src").as_posix() in held
    assert "neocalc/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)
    assert not [name for name in held if not name.startswith(("neocalc/", "neocalc-"))]


@pytest.mark.requirement("REQ-PKG-03")
def test_the_installed_command_scores_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    def neocalc(*arguments: str) -> str:
        return run(sys.executable, "-m", "neocalc", *arguments, cwd=tmp_path, PYTHONPATH=places)

    places = str(installed)
    code = (
        "import neocalc; from neocalc.references.catalogue import tables_folder;"
        "print(neocalc.__file__); print(tables_folder())"
    )
    found = run(sys.executable, "-c", code, cwd=tmp_path, PYTHONPATH=places).split()
    package = installed / "neocalc"
    assert found == [str(package / "__init__.py"), str(package / "reference_tables")]

    growth = neocalc(
        "growth", "--sex", "f", "--gestation", "27+3", "--born", "2026-05-01", "--on",
        "2026-08-14", "--weight", "3100g", "--length", "49.5cm", "--head", "35.2cm",
    )  # fmt: skip
    assert "-1.56" in growth
    assert "fenton-2013" in growth
    assert "who-2006" in neocalc("references")

    (tmp_path / "in.csv").write_text(HEADER + "f,105,27+3,3100\n")
    neocalc("score", "in.csv", "-o", "out.csv")
    assert "-1.5619738166171258,fenton-2013,ok" in (tmp_path / "out.csv").read_text()
    neocalc("score", "in.csv", "-o", "out.parquet")
    assert (tmp_path / "out.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.requirement("REQ-PKG-03")
def test_the_installed_script_is_the_same_command(installed: Path, tmp_path: Path) -> None:
    (script,) = [path for path in (installed / "bin").iterdir() if path.stem == "neocalc"]
    by_script = run(script, "--version", cwd=tmp_path, PYTHONPATH=str(installed))
    by_module = run(
        sys.executable, "-m", "neocalc", "--version", cwd=tmp_path, PYTHONPATH=str(installed)
    )
    assert by_script == by_module
    assert by_script.startswith("neocalc ")
