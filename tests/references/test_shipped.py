"""What ships beside the code is refused when it is loaded and is not as it was published."""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import neocalc as nc
from neocalc.references import shipped
from neocalc.references.catalogue import open_folder, shipped_folders, tables_folder
from neocalc.references.shipped import MANIFEST, manifest, read_small, refuse_altered
from neocalc.trials import files as trial_files
from neocalc.velocity import correlations, limits
from own_references import changed

ROOT = Path(__file__).resolve().parents[2]
VISITS = str(ROOT / "examples" / "cohort.csv")
TRIAL = "trials/NCT03558334.toml"
INFANT = ("--sex", "f", "--gestation", "27+3", "--born", "2026-05-01")


class Site(NamedTuple):
    """A copy of the package as it is installed, and the folder in which it is run."""

    folder: Path

    @property
    def tables(self) -> Path:
        """The tables inside the package."""
        return self.folder / "site" / "neocalc" / "reference_tables"

    def change(self, name: str, old: str, new: str) -> tuple[str, str]:
        """Change one place of a table's file: its SHA-256 now, and before."""
        path = self.tables / name
        before = path.read_bytes()
        path.write_text(changed(before.decode(), [(old, new)]), encoding="utf-8")
        after = hashlib.sha256(path.read_bytes()).hexdigest()
        return after, hashlib.sha256(before).hexdigest()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in a process of its own."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder / "site")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def refuses(self, arguments: list[str], *said: str) -> None:
        """A command leaves with one line and status 2, and no output."""
        done = self.run("-m", "neocalc", *arguments)
        assert done.returncode == 2, (arguments, done.stdout, done.stderr)
        (line,) = done.stderr.splitlines()
        for words in said:
            assert words in line, (arguments, line)
        assert done.stdout == ""
        assert not list(self.folder.glob("out.*"))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    shutil.copytree(ROOT / "src" / "neocalc", tmp_path / "site" / "neocalc")
    shutil.copytree(tables_folder(), tmp_path / "site" / "neocalc" / "reference_tables")
    return Site(tmp_path)


# ----------------------------------------------------------------------------- a trial's definition


@pytest.mark.requirement("REQ-REF-08")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('dose = "1 million cells/kg"', 'dose = "10 million cells/kg"'),
        ("[[eligibility]]", '[limits]\nmax_weight = "20 kg"\n\n[[eligibility]]'),
        ("participants = 12", "participants = 13"),
    ],
    ids=["a dose", "a limit", "a fact"],
)
def test_a_changed_definition_is_refused_wherever_it_is_used(
    site: Site, old: str, new: str
) -> None:
    after, before = site.change(TRIAL, old, new)
    said = (f"{site.tables / TRIAL}: this file has been altered", after, before)
    product = ["--concentration", "5e6cells/mL", "--viability", "92%"]
    marked = [VISITS, "--subject", "001-0037", "--trial", "NCT03558334"]
    for command in (
        ["dose", "--trial", "NCT03558334", "--arm", "A", "--weight", "2.35kg", *product],
        ["dose", "--trial", str(site.tables / TRIAL), "--arm", "A", "--weight", "2.35kg", *product],
        ["score", VISITS, "-o", "out.csv", "--dose", "NCT03558334:A", "--every-row"],
        ["chart", *marked, "-o", "out.svg"],
        ["report", *marked, "-o", "out.html"],
    ):
        site.refuses(command, *said)
    done = site.run("-c", "import neocalc as nc; nc.trials.load('NCT03558334')")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("neocalc.errors.TableError: ")
    assert after in done.stderr


def test_another_trial_is_not_touched(site: Site) -> None:
    site.change(TRIAL, '"1 million', '"10 million')
    done = site.run(
        "-m", "neocalc", "dose", "--trial", "NCT03601416", "--protocol-version", "protocol-2020",
        "--arm", "low", "--weight", "2.35kg", "--concentration", "5e6cells/mL",
        "--viability", "92%",
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.startswith("Notice: passed over: ")
    assert "has been altered" in done.stderr


def test_a_definition_put_among_those_that_ship_is_none_of_them(site: Site) -> None:
    text = (site.tables / TRIAL).read_text("utf-8")
    (site.tables / "trials" / "NCT1.toml").write_text(text.replace("NCT03558334", "NCT1"), "utf-8")
    site.refuses(
        ["dose", "--trial", "NCT1", "--arm", "A", "--weight", "2.35kg"],
        "NCT1.toml: this file is not one of those that ship", "NEOCALC_TRIALS",
    )  # fmt: skip


# ------------------------------------------------------------------------------- a reference.toml


@pytest.mark.requirement("REQ-REF-08")
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("who-2006", "flag = [-6, 5]", "flag = [-60, 50]"),
        ("who-2006", 'method = "lms-restricted"', 'method = "lms"'),
        ("who-2006", "range = [0, 1826]", "range = [0, 1800]"),
        ("fenton-2013", 'age_basis = "postmenstrual"', 'age_basis = "chronological"'),
        ("fenton-2013", 'title = "', 'title = "x'),
    ],
    ids=["limits of the flags", "method", "range", "age basis", "title"],
)
def test_a_changed_reference_is_refused_wherever_it_is_used(
    site: Site, name: str, old: str, new: str
) -> None:
    """The figures still agree with their checksums: it is reference.toml that does not."""
    path = f"{name}/reference.toml"
    after, before = site.change(path, old, new)
    said = (f"{site.tables / path}: this file has been altered", after, before)
    two = ["--first", "2026-08-01", "--second", "2026-09-01"]
    for command in (
        ["growth", *INFANT, "--on", "2026-08-14", "--weight", "3100g"],
        ["velocity", *INFANT, *two, "--weight", "3100g", "3500g"],
        ["score", VISITS, "-o", "out.csv"],
        ["velocity", VISITS, "-o", "out.csv"],
        ["chart", VISITS, "--subject", "001-0037", "-o", "out.svg"],
        ["report", VISITS, "-o", "out.html"],
        ["references"],
    ):
        site.refuses(command, *said)
    code = f"import neocalc as nc; nc.reference({name!r}).table('weight')"
    assert after in site.run("-c", code).stderr


@pytest.mark.requirement("REQ-REF-08")
def test_a_reference_put_among_those_that_ship_is_none_of_them(site: Site) -> None:
    shutil.copytree(site.tables / "who-2006", site.tables / "mine")
    (site.tables / "mine" / "reference.toml").write_text(
        (site.tables / "mine" / "reference.toml").read_text("utf-8").replace("who-2006", "mine"),
        encoding="utf-8",
    )
    growth = ["growth", "--sex", "f", "--age-days", "30", "--weight", "3100g"]
    site.refuses([*growth, "--reference", "mine"], "not one of those", "NEOCALC_REFERENCES")
    assert site.run("-m", "neocalc", *growth).returncode == 0


@pytest.mark.requirement("REQ-REF-08")
def test_without_the_manifest_nothing_is_computed(site: Site) -> None:
    (site.tables / MANIFEST).unlink()
    said = f"{site.tables / MANIFEST}: the checksums of the tables cannot be read: No such file"
    site.refuses(["growth", *INFANT, "--on", "2026-08-14", "--weight", "3100g"], said)
    site.refuses(["dose", "--trial", "NCT03558334", "--arm", "A", "--weight", "2kg"], said)


# --------------------------------------------------------------------- every file, and its reading


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tables, which takes the place of those that ship."""
    folder = Path(shutil.copytree(tables_folder(), tmp_path / "tables"))
    for module in (
        "neocalc.references.catalogue", "neocalc.trials.files", "neocalc.velocity.limits",
        "neocalc.velocity.correlations",
    ):  # fmt: skip
        monkeypatch.setattr(sys.modules[module], "tables_folder", lambda: folder)
    caches = (open_folder, shipped_folders, limits._own, correlations.models)
    for read in caches:
        read.cache_clear()
    yield folder
    for read in caches:
        read.cache_clear()


@pytest.mark.requirement("REQ-REF-08")
@pytest.mark.parametrize(
    "name", [name for name in manifest(tables_folder()) if not name.startswith("verification/")]
)
def test_one_byte_more_in_any_file_is_refused(tables: Path, name: str) -> None:
    path = tables / name
    trial, version = trial_files._named(path)

    def load() -> object:
        if path.name == "reference.toml":
            return nc.reference(path.parent.name)
        if path.name == "changes.toml":
            return limits.change_limits()
        if path.name == "correlation.toml":
            return correlations.models()
        return nc.trials.load(trial, version)

    assert load()
    for read in (open_folder, limits._own, correlations.models):
        read.cache_clear()
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(nc.TableError, match=r"altered: its SHA-256 is .*manifest\.toml states"):
        load()


@pytest.mark.parametrize("text", ["", "[files", "files = 3", "x = 1", "[files]\n"])
def test_a_manifest_that_is_none(tables: Path, text: str) -> None:
    (tables / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(nc.TableError, match=r"checksums of the tables cannot be read|not one of"):
        nc.reference("who-2006")
    with pytest.raises(nc.TableError):
        nc.trials.load("NCT03558334")


def test_tables_that_are_links_are_those_that_ship(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some installers leave them: each file a link into a store."""
    shutil.copytree(tables / "trials", tmp_path / "store")
    for path in (tables / "trials").iterdir():
        path.unlink()
        path.symlink_to(tmp_path / "store" / path.name)
    assert nc.trials.load("NCT03558334").origin == "shipped"
    assert nc.trials.load(tables / "trials" / "NCT03558334.toml").origin == "shipped"


def test_an_altered_file_says_what_is_expected_and_what_is_there(tables: Path) -> None:
    with pytest.raises(nc.TableError) as caught:
        refuse_altered(tables, tables / TRIAL, "0" * 64)
    assert str(caught.value) == (
        f"{tables / TRIAL}: this file has been altered: its SHA-256 is {'0' * 64}, manifest.toml "
        f"states {manifest(tables)[TRIAL]}"
    )


def test_small_files_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"a\r\n\xff")
    assert read_small(path) == b"a\r\n\xff"
    assert read_small(path, 4) == b"a\r\n\xff"
    with pytest.raises(OSError, match="is larger than 3 bytes"):
        read_small(path, 3)


@pytest.mark.requirement("REQ-CMD-11")
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_nothing_but_a_file_is_read_and_nothing_is_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, said in (
        (pipe, "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        ("a\0b", "null"),
    ):
        with pytest.raises(OSError, match=said):
            read_small(path)


def test_the_script_writes_the_manifest_that_is_there(
    tables: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    tables_manifest = importlib.import_module("tables_manifest")
    before = (tables / MANIFEST).read_bytes()
    (tables / MANIFEST).write_bytes(b"")
    monkeypatch.setattr(tables_manifest, "tables_folder", lambda: tables)
    tables_manifest.main()
    assert (tables / MANIFEST).read_bytes() == before
    assert str(tables / MANIFEST) in capsys.readouterr().out
    assert shipped.manifest_text(tables).encode() == before
