"""A site's own trial definitions and references, as far as they can be checked.

Nobody has published what they should be: each must be readable, valid and no second of one that
ships, and its tables must be those of its reference.toml. The report says their SHA-256.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from neocalc.errors import NeocalcError
from neocalc.references.catalogue import added_references, shipped_folders
from neocalc.references.shipped import SHIPPED
from neocalc.verify.checks import FAILED, PASSED, Check, attempt, told
from neocalc.verify.files import checked_table

TRIAL = "a definition that can be used"
REFERENCE = "a reference that can be used"


def site_checks(section: str) -> Iterator[Check]:
    """What ``NEOCALC_TRIALS`` and ``NEOCALC_REFERENCES`` name; nothing where they are not set."""
    from neocalc.trials.files import definitions

    found, faults = definitions()
    for one in found:
        if one.origin != SHIPPED:
            name = f"{one.id}, version {one.version}"
            actual = f"{one.origin}, SHA-256 {one.sha256}"
            yield Check(section, name, PASSED, TRIAL, actual)
    for fault in faults:
        if not fault.ours:
            yield _failed(section, fault.path, TRIAL, fault.error)
    references, errors = added_references()
    ours = {folder.name for folder in shipped_folders()}
    for ref in references:
        taken = ref.id in ours
        actual = f"{ref.id}, which ships with neocalc" if taken else f"SHA-256 {ref.sha256}"
        yield Check(section, str(ref.folder), FAILED if taken else PASSED, REFERENCE, actual)
        for measure in ref.measures:
            yield attempt(
                section, f"{ref.id} {measure}", partial(checked_table, ref, measure),
                expected="the table whose SHA-256 reference.toml states",
            )  # fmt: skip
    for error in errors:
        yield _failed(section, "NEOCALC_REFERENCES", REFERENCE, error)


def _failed(section: str, name: str, expected: str, error: NeocalcError) -> Check:
    return Check(section, name, FAILED, expected, told(error))
