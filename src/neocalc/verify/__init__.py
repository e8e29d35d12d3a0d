"""Qualification of an installation: everything that shows that it is, and computes, as published.

Nothing is read from the network, and nothing outside the package: the published values ship with
the tables. What is checked, section by section:

- the files of the package and its tables, by their checksums;
- a site's own trial definitions and references, as far as they can be checked;
- the environment, and that its numerical functions still give the digits they should;
- the SD columns that the WHO prints, and published values and worked cases of every calculation;
- from z to measurement and back, on every row of every table.

References
----------
ISPE GAMP 5, 2nd ed. 2022: verification of an installation and of its operation. 21 CFR 11.10(a):
validation of systems to ensure accuracy and the ability to discern altered records.
"""

from __future__ import annotations

import datetime as dt
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from neocalc._version import __version__
from neocalc.errors import TrialWarning
from neocalc.references.catalogue import nothing_excluded, tables_digest, tables_folder
from neocalc.references.shipped import MANIFEST
from neocalc.verify.checks import FAILED, Check, Report, told
from neocalc.verify.environment import facts
from neocalc.verify.files import VERIFICATION

__all__ = ["Check", "Report", "verify"]

STEPS: Final = {
    "files.package_checks": "Files of the package",
    "files.table_checks": "Tables",
    "sites.site_checks": "This site's own definitions and references",
    "environment.environment_checks": "Environment",
    "tables.back_checks": "From z to measurement and back",
    "tables.increment_checks": "From z to increment and back",
}
"""The checks that need no data of their own, with the title of their section."""
CONTENTS: Final = {
    "probes": "environment.probe_checks",
    "attained": "tables.printed_checks",
    "cases": "cases.case_checks",
}
"""What a file of published values may hold, with what checks it."""


def verify() -> Report:
    """Check this installation.

    Returns
    -------
    Report
        With every check; a check that fails, or cannot be made, never ends the run.
    """
    start = time.perf_counter()
    now = dt.datetime.now(dt.UTC)
    steps = [_checks(step, section) for step, section in STEPS.items()]
    values = sorted((tables_folder() / VERIFICATION).glob("*.toml"))
    steps += [_published(path) for path in values if path.name != Path(MANIFEST).name]
    # What they tell is a check of its own; and what a site leaves out is installed all the same.
    with warnings.catch_warnings(), nothing_excluded():
        warnings.simplefilter("ignore", TrialWarning)
        checks = tuple(check for step in steps for check in step)
    return Report(
        __version__,
        tables_digest(),
        f"{now:%Y-%m-%dT%H:%M:%SZ}",
        time.perf_counter() - start,
        facts(),
        checks,
    )


def _published(path: Path) -> Iterator[Check]:
    """The checks of a file of published values."""
    try:
        about = tomllib.loads(path.read_text(encoding="utf-8"))
        title = about["title"]
        step = next(step for kind, step in CONTENTS.items() if kind in about)
    except Exception as error:
        yield _broken(path.name, "a file of published values", error)
        return
    yield from _checks(step, title, about)


def _checks(step: str, section: str, *given: Any) -> Iterator[Check]:
    """The checks of a step; one that breaks off is a failure, and the others go on.

    Modules are loaded here, so that a damaged one is reported and not the end of the report.
    """
    module, _, function = step.partition(".")
    try:
        make: Callable[..., Iterator[Check]] = getattr(
            import_module(f"neocalc.verify.{module}"), function
        )
        yield from make(*given, section)
    except Exception as error:
        yield _broken(section, "checks that can be made", error)


def _broken(section: str, expected: str, error: Exception) -> Check:
    return Check(section, "the whole section", FAILED, expected, told(error))
