"""Build the packages twice, and try them where they may be installed.

The wheel and the source distribution are built twice and must be the same bytes; the wheel that is
built from the source distribution is the same too. The wheel is then installed into new
environments: with the lowest dependencies that pyproject.toml allows on this Python, and with the
newest on every other Python from 3.11 to 3.14 that is found here. In each, `pip check`,
`neocalc verify` and the tests of the published values must pass.

    python scripts/packages.py                 everything
    python scripts/packages.py --build-only    the packages alone, into dist/
"""

from __future__ import annotations

import argparse
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
TESTS = ("tests/published", "tests/growth/test_against_oracle.py", "tests/references/test_lms.py")
WITH = ("pytest", "hypothesis", "pandas", "pyarrow")
"""Of the group `test`, what these tests and their settings need."""


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Standard output of a command that must end well."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def build(source: Path, folder: Path, *kinds: str) -> list[Path]:
    """Packages of a source tree, as if built when its last commit was made."""
    when = run("git", "log", "-1", "--format=%ct").strip()
    run(
        sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", folder, source,
        SOURCE_DATE_EPOCH=when,
    )  # fmt: skip
    return sorted(folder.glob("neocalc-*"))


def same(first: Iterable[Path], second: Iterable[Path]) -> None:
    """Whether packages are the same bytes."""
    for one, other in zip(first, second, strict=True):
        if not filecmp.cmp(one, other, shallow=False):
            sys.exit(f"{one.name}: not the same bytes when it is built again")
        print(f"{one.name}: {one.stat().st_size:,} bytes, built twice the same")


def build_twice(folder: Path) -> Path:
    """The wheel, after every way of building it gave the same bytes."""
    first = build(ROOT, folder / "first", "--sdist", "--wheel")
    same(first, build(ROOT, folder / "second", "--sdist", "--wheel"))
    (sdist,) = (path for path in first if path.name.endswith(".tar.gz"))
    (wheel,) = (path for path in first if path.suffix == ".whl")
    shutil.unpack_archive(sdist, folder / "unpacked", filter="data")
    (tree,) = (folder / "unpacked").iterdir()
    same([wheel], build(tree, folder / "third", "--wheel"))
    (ROOT / "dist").mkdir(exist_ok=True)
    for path in first:
        shutil.copy2(path, ROOT / "dist")
    return wheel


def lowest() -> list[str]:
    """The lowest release of each dependency that pyproject.toml allows, as constraints."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*about["project"]["dependencies"], *about["dependency-groups"]["test"]]
    found = (re.match(r"([\w-]+)(?:\[[^]]*])?>=([\d.]+)", line) for line in needed)
    return [f"{name}=={release}" for name, release in (m.groups() for m in found if m)]


def try_out(python: str, wheel: Path, folder: Path, constraints: list[str]) -> str:
    """Install the wheel into a new environment, and use it there; what came of it."""
    folder.mkdir()
    environment = folder / "environment"
    run(python, "-m", "venv", environment)
    limits = folder / "constraints.txt"
    limits.write_text("\n".join(constraints), encoding="utf-8")
    own = environment / "bin" / "python"
    run(own, "-m", "pip", "install", "--quiet", "--constraint", limits, wheel, cwd=folder)
    run(own, "-m", "pip", "check", cwd=folder)
    verified = run(environment / "bin" / "neocalc", "verify", cwd=folder).splitlines()[-1]
    run(own, "-m", "pip", "install", "--quiet", "--constraint", limits, wheel, *WITH, cwd=folder)
    tested = run(
        own, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", ROOT, "-c",
        ROOT / "pyproject.toml", *(ROOT / test for test in TESTS), cwd=folder,
    ).splitlines()[-1]  # fmt: skip
    names = "numpy", "scipy", "pint", "polars", "tqdm"
    asked = f"from importlib.metadata import version as v; print(*map(v, {names}))"
    releases = zip(names, run(own, "-c", asked, cwd=folder).split(), strict=True)
    version = run(own, "-c", "import platform; print(platform.python_version())").strip()
    kind = "lowest" if constraints else "newest"
    return (
        f"Python {version}, {kind}: {', '.join(f'{n} {r}' for n, r in releases)}\n"
        f"  pip check: clean. verify: {verified}. Tests: {tested}"
    )


def pythons() -> list[str]:
    """The other Pythons that are found here, on the path or installed by pyenv, and work."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = []
    for version in (v for v in PYTHONS if v != own):
        places = [shutil.which(f"python{version}"), *pyenv.glob(f"{version}.*/bin/python")]
        working = [str(place) for place in places if place and works(place)]
        found += working[:1]
        if not working:
            print(f"Python {version}: not found here, not tried")
    return found


def works(python: str | Path) -> bool:
    """Whether environments can be made with it."""
    asked = [python, "-c", "import venv, ensurepip"]
    return not subprocess.run(asked, capture_output=True, check=False).returncode


def main() -> None:
    """Build, and try out."""
    parser = argparse.ArgumentParser(description="Build the packages twice, and try them.")
    parser.add_argument("--build-only", action="store_true", help="do not install them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="neocalc-packages-") as name:
        wheel = build_twice(Path(name))
        if options.build_only:
            return
        trials = [(sys.executable, lowest()), *((path, []) for path in pythons())]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # they wait for the network half the time
            tried = [
                pool.submit(try_out, python, wheel, Path(name) / str(number), constraints)
                for number, (python, constraints) in enumerate(trials)
            ]
            for one in tried:
                print(one.result(), flush=True)


if __name__ == "__main__":
    main()
