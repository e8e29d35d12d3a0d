"""What a check of an installation is, and how a number is held against what was expected."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_MADE: Final = "not made"
OUTCOMES: Final = (PASSED, FAILED, NOT_MADE)


class Check(NamedTuple):
    """One check of an installation.

    Parameters
    ----------
    section, name : str
        What it belongs to, and what was checked.
    outcome : str
        "passed", "failed" or "not made".
    expected, actual : str
        What should be there, and what is; of a check that was not made, why.
    source : str
        Where the expected value is from.
    confidence : str
        A, B, C or D, as the files of published values say; empty where it is not a value.
    """

    section: str
    name: str
    outcome: str
    expected: str
    actual: str
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Report:
    """Everything that was checked of an installation, and what it is.

    Attributes
    ----------
    version, digest : str
        Of the package and of all its tables.
    time_utc : str
        When it was checked, in ISO 8601.
    seconds : float
        How long it took [s].
    environment : dict of str to str
        Python, platform and the packages that compute.
    checks : tuple of Check
        In the order in which they were made.
    """

    version: str
    digest: str
    time_utc: str
    seconds: float
    environment: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many checks have each outcome."""
        found = Counter(check.outcome for check in self.checks)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def sections(self) -> dict[str, dict[str, int]]:
        """The same for each section."""
        names = dict.fromkeys(check.section for check in self.checks)
        found = Counter((check.section, check.outcome) for check in self.checks)
        return {name: {outcome: found[name, outcome] for outcome in OUTCOMES} for name in names}

    @property
    def passed(self) -> bool:
        """Whether there are checks and none failed."""
        return bool(self.checks) and not self.having(FAILED)

    def having(self, outcome: str) -> list[Check]:
        """The checks with an outcome."""
        return [check for check in self.checks if check.outcome == outcome]


class Found(NamedTuple):
    """What a check found."""

    right: bool
    expected: str
    actual: str


def attempt(
    section: str,
    name: str,
    find: Callable[[], Found],
    *,
    expected: str = "",
    source: str = "",
    confidence: str = "",
) -> Check:
    """Make a check. Whatever is raised is a failure to be reported, and the others go on.

    Parameters
    ----------
    section, name, source, confidence : str
        As for `Check`.
    find : callable
        Makes the check.
    expected : str
        What is reported where it raises.

    Examples
    --------
    >>> attempt("sums", "one and one", lambda: Found(1 + 1 == 2, "2", str(1 + 1))).outcome
    'passed'
    >>> attempt("sums", "one by zero", lambda: Found(True, "", str(1 / 0))).actual
    'ZeroDivisionError: division by zero'
    """
    try:
        found = find()
    except Exception as error:
        found = Found(False, expected, told(error))
    outcome = PASSED if found.right else FAILED
    return Check(section, name, outcome, found.expected, found.actual, source, confidence)


def told(error: Exception) -> str:
    """An error in one line, with its kind.

    >>> told(ValueError("of two", "texts")), told(StopIteration())
    ("ValueError: ('of two', 'texts')", 'StopIteration')
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def agrees(actual: Any, expected: Any, tolerance: float) -> bool:
    """Whether a result is what was expected.

    Parameters
    ----------
    actual, expected : float, str, bool, None or a list of them
        Numbers agree within the tolerance, NaN with NaN, everything else when it is the same.
    tolerance : float
        Absolute [unit of the number].

    Examples
    --------
    >>> agrees(0.2400381, 0.240038, 1e-6), agrees("ok", "implausible", 1e-6)
    (True, False)
    """
    if isinstance(expected, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(expected)
            and all(map(agrees, actual, expected, [tolerance] * len(expected)))
        )
    if not _is_number(expected):
        return type(actual) is type(expected) and bool(actual == expected)
    if not _is_number(actual):
        return False
    if math.isnan(expected):
        return math.isnan(actual)
    return bool(abs(actual - expected) <= tolerance)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """A value in a report: a number with up to ten digits.

    >>> shown([0.1 + 0.2, 0.000023, True, "ok", float("nan")])
    '0.3, 0.000023, true, ok, none'
    """
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "none" if math.isnan(value) else plain(f"{value:.10g}")
    return "none" if value is None else str(value)


def plain(number: str) -> str:
    """A number without an exponent.

    >>> plain("1e-09"), plain("2.5"), plain("nan")
    ('0.000000001', '2.5', 'nan')
    """
    return f"{Decimal(number):f}" if "e-" in number or "e+" in number else number
