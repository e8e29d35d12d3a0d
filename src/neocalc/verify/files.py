"""Whether the files of an installation are those that were published.

Every CSV of L, M and S against its reference.toml; every TOML of the tables against the manifest,
``verification/manifest.toml``; and every file of the package against the RECORD of the wheel it was
installed from. The manifest itself is covered by the RECORD and by the digest of all tables.

References
----------
The RECORD of a wheel: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

import base64
import csv
import hashlib
import tomllib
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Final

import neocalc
from neocalc.references.catalogue import Reference, tables_folder
from neocalc.references.files import read_checked
from neocalc.references.shipped import MANIFEST
from neocalc.verify.checks import NOT_MADE, PASSED, Check, Found, attempt

VERIFICATION: Final = "verification"
"""The folder of published values and worked cases, among the tables."""


def table_checks(section: str) -> Iterator[Check]:
    """Every table and every TOML file against the checksum that is stated for it."""
    root = tables_folder()

    def stated() -> Found:
        about = tomllib.loads((root / MANIFEST).read_text(encoding="utf-8"))
        manifest.update(about["files"])
        return Found(bool(manifest), "the checksums of files", f"{len(manifest)} files")

    manifest: dict[str, str] = {}
    yield attempt(section, "manifest", stated, expected="a manifest that can be read")
    there = {f"{path.parent.name}/{path.name}" for path in root.glob("*/*.toml")} - {MANIFEST}
    for name in sorted(there | set(manifest)):
        yield attempt(
            section, name, partial(_listed, root / name, manifest.get(name, "not in the manifest")),
            expected=f"SHA-256 {manifest.get(name)}",
        )  # fmt: skip
    folders = {Path(name).parent for name in manifest if name.endswith("/reference.toml")}
    for folder in sorted(folders | {path.parent.relative_to(root) for path in _references(root)}):
        yield from _of_reference(root / folder, section)
    for name in sorted(there | set(manifest)):
        if name.endswith("/correlation.toml"):
            folder = root / Path(name).parent
            yield attempt(
                section, f"{folder.name} model", partial(_model, folder),
                expected="the table whose SHA-256 correlation.toml states",
            )  # fmt: skip


def _references(root: Path) -> Iterator[Path]:
    return root.glob("*/reference.toml")


def _listed(path: Path, stated: str) -> Found:
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    return Found(actual == stated, f"SHA-256 {stated}", f"SHA-256 {actual}")


def _of_reference(folder: Path, section: str) -> Iterator[Check]:
    """Each CSV of a reference: its checksum, and that it is a table."""
    measures: list[str] = []

    def described() -> Found:
        measures.extend(Reference(folder).measures)
        return Found(True, "a reference", f"{len(measures)} measures")

    yield attempt(section, folder.name, described, expected="a reference")
    for measure in measures:
        yield attempt(
            section, f"{folder.name} {measure}", partial(_table, folder, measure),
            expected="the table whose SHA-256 reference.toml states",
        )  # fmt: skip


def checked_table(ref: Reference, measure: str) -> Found:
    """The table of a measure, or those of its parts: their checksums, and that they are tables."""
    files = ref.measures[measure].files
    for facts in files:
        read_checked(ref.folder / facts.file, facts.sha256)
    if ref.use == "velocity":
        from neocalc.velocity.increment_tables import read_rows

        read_rows(ref, measure)
    else:
        ref.tables(measure)
    found = f"SHA-256 {' and '.join(facts.sha256 for facts in files)}"
    return Found(True, found, found)


def _model(folder: Path) -> Found:
    """The parameters of the correlations: their checksum, and that they are parameters."""
    from neocalc.velocity.correlations import read_models

    found = read_models(folder)
    return Found(bool(found), "parameters of measures", ", ".join(found) or "none")


def _table(folder: Path, measure: str) -> Found:
    return checked_table(Reference(folder), measure)


def package_checks(section: str) -> Iterator[Check]:
    """Every installed file against the RECORD of its wheel; one line where all are right."""
    here = Path(neocalc.__file__).resolve().parent
    recorded = _recorded(here)
    if not recorded:
        reason = "not installed from a wheel: there is no RECORD of the files"
        yield Check(section, "RECORD", NOT_MADE, "the files that the wheel states", reason)
        return
    checks = [
        attempt(section, name, partial(_as_recorded, path, sha), expected=f"SHA-256 {sha}")
        for name, (path, sha) in recorded.items()
    ]
    wrong = [check for check in checks if check.outcome != PASSED]
    right = len(checks) - len(wrong)
    stated = f"{len(checks)} files as the wheel states them"
    if right:
        yield Check(section, "RECORD", PASSED, stated, f"{right} files agree")
    yield from wrong


def _recorded(here: Path) -> dict[str, tuple[Path, str]]:
    """The files of this package with their checksums, where a wheel's RECORD states them.

    RECORD is read as it stands: from Python 3.12 the list of a distribution's files leaves out
    those that are missing.
    """
    for distribution in metadata.distributions(name="neocalc"):
        found = {}
        for name, stated, _ in csv.reader((distribution.read_text("RECORD") or "").splitlines()):
            path = Path(str(distribution.locate_file(name))).resolve()
            kind, _, digest = stated.partition("=")
            if kind == "sha256" and path.is_relative_to(here):
                sha256 = base64.urlsafe_b64decode(digest + "=").hex()
                found[path.relative_to(here).as_posix()] = path, sha256
        if found:
            return found
    return {}


def _as_recorded(path: Path, sha256: str) -> Found:
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    return Found(actual == sha256, f"SHA-256 {sha256}", f"SHA-256 {actual}")
