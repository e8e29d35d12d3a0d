"""The error tree and the status words.

::

    NeocalcError                    everything that neocalc raises on purpose
    ├── InputError (ValueError)     an argument is not usable: which, what was given, what is
    │   │                           accepted
    │   ├── MissingError            a value that is needed was not given
    │   ├── UnitError               no unit, an unknown unit, or a unit of another dimension
    │   ├── SexError
    │   ├── GestationError
    │   └── AgeError
    ├── PolicyError (ValueError)    a policy, trial or protocol that contradicts itself
    ├── TableError                  a reference table that is missing, altered or malformed
    ├── FileError                   an input file that cannot be used, with row and column
    ├── DoseRefused                 a hard stop: no dose is given
    └── ExtraMissing (ImportError)  an optional dependency is not installed
    ColumnWarning (UserWarning)     a column of a table is not what it seems

    TrialWarning (UserWarning)      a site's file of another trial cannot be used

For one value a wrong input raises. In arrays and tables each row carries its own status word and
the others go on; the words and their order are `STATUSES`. Where several apply to one row the
first in that order is given.
"""

from __future__ import annotations

import sys
import unicodedata
import warnings
from typing import Any, Final

import numpy as np
import numpy.typing as npt

STATUSES: Final = (
    "ok",
    "subject_conflict",
    "missing_value",
    "missing_sex",
    "missing_age",
    "missing_gestation",
    "invalid_sex",
    "invalid_gestation",
    "invalid_age",
    "invalid_value",
    "age_below_reference",
    "age_above_reference",
    "length_out_of_range",
    "no_reference",
    "oedema",
    "implausible",
    "interval_not_positive",
    "interval_not_nominal",
    "interval_interpolated",
    "interval_scaled",
    "short_interval",
    "non_positive_increment",
    "start_below_term",
    "above_velocity_reference",
    "no_table",
    "reference_changed",
    "missing_subject",
    "duplicate_visit",
    "first_visit",
    "no_baseline",
    "no_visit_in_window",
    "mixed_age_basis",
    "died",
    "withdrawn",
    "lost_to_follow_up",
    "missing_arm",
    "other_arm",
    "missing_dose_date",
    "other_day",
    "not_eligible",
)
"""The status words, in the order in which they take precedence."""

CODE: Final = {word: code for code, word in enumerate(STATUSES)}
"""Status word to its small integer, for arrays of statuses."""

StatusArray = npt.NDArray[np.uint8]


def status_words(codes: StatusArray) -> npt.NDArray[np.object_]:
    """The status words of an array of status codes."""
    return np.array(STATUSES, dtype=object)[codes]


def status_where(mask: npt.NDArray[np.bool_], word: str) -> StatusArray:
    """The status `word` where the mask is true, ``ok`` elsewhere."""
    return mask * np.uint8(CODE[word])


def first_status(*codes: StatusArray) -> StatusArray:
    """Element by element, the status that takes precedence; ``ok`` where none speaks.

    ``ok`` is 0: one less wraps it to 255, so that the smallest of the rest is the first word.
    """
    result = codes[0]
    for other in codes[1:]:
        result = np.minimum(result - np.uint8(1), other - np.uint8(1)) + np.uint8(1)
    return result


def combined(*statuses: StatusArray | None) -> StatusArray | None:
    """The statuses that take precedence among those given; None where there are none."""
    given = [status for status in statuses if status is not None]
    return first_status(*given) if given else None


class NeocalcError(Exception):
    """Base of every error that neocalc raises on purpose."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross from worker processes: what they hold, not the call that made them.
        return _again, (type(self), self.args, self.__dict__)


class InputError(NeocalcError, ValueError):
    """An argument that cannot be used.

    Parameters
    ----------
    argument : str
        Name of the argument, column or option.
    given : object
        What was given.
    accepted : str
        What is accepted instead.
    status : str, optional
        The status word that a row of a table gets for the same fault.
    """

    status: str = "invalid_value"

    def __init__(
        self, argument: str, given: object, accepted: str, *, status: str | None = None
    ) -> None:
        self.argument = argument
        self.given = given
        self.accepted = accepted
        if status is not None:
            self.status = status
        super().__init__(f"{argument}: {shown(given)} is not accepted; {accepted}")


class MissingError(InputError):
    """A value that is needed was not given."""

    status = "missing_value"

    def __init__(self, argument: str, accepted: str, *, status: str | None = None) -> None:
        super().__init__(argument, None, accepted, status=status)
        self.args = (f"{argument}: missing; {accepted}",)


class UnitError(InputError):
    """A quantity without a unit, with an unknown unit, or of another dimension."""


class SexError(InputError):
    """A sex that is not one of the accepted words or declared codes."""

    status = "invalid_sex"


class GestationError(InputError):
    """A gestational age that is ambiguous, malformed or out of range."""

    status = "invalid_gestation"


class AgeError(InputError):
    """A date or an age that is malformed or impossible."""

    status = "invalid_age"


class PolicyError(NeocalcError, ValueError):
    """A correction policy, trial or protocol that contradicts itself."""


class TableError(NeocalcError):
    """A reference table or a shipped trial definition that is missing, altered or malformed."""


class FileError(NeocalcError):
    """An input file that cannot be used; the message names file, row and column."""


class ColumnWarning(UserWarning):
    """A column of a table is not what it seems: unread, empty, faulty as a whole, or trimmed ids.

    The table is scored. To have it refused instead:
    ``warnings.simplefilter("error", neocalc.ColumnWarning)``.
    """


def warn_of_column(message: str) -> None:
    """Warn of a column, at the line outside neocalc from which it was called."""
    level, frame = 2, sys._getframe(1)
    while (
        frame.f_back is not None
        and frame.f_globals.get("__name__", "").partition(".")[0] == "neocalc"
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ColumnWarning, stacklevel=level)


class DoseRefused(NeocalcError):
    """A hard stop: no dose is given. `checks` lists every check with its outcome.

    `request` is what was asked for, for the record of the refusal; None where it was not read.
    `seen` is the code of soft stops, with which an override passes them; empty at a hard stop.
    """

    def __init__(
        self,
        message: str,
        checks: tuple[Any, ...] = (),
        request: object = None,
        *,
        seen: str = "",
    ) -> None:
        self.checks = checks
        self.request = request
        self.seen = seen
        super().__init__(message)


class ExtraMissing(NeocalcError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, extra: str, what: str) -> None:
        super().__init__(f'{what} needs the extra "{extra}": pip install "neocalc[{extra}]"')


class TrialWarning(UserWarning):
    """A file on ``NEOCALC_TRIALS`` that cannot be used, and is not of the trial asked for.

    Examples
    --------
    To have such a file refused:

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", TrialWarning)
    """


def _again(kind: type[NeocalcError], args: tuple[Any, ...], held: dict[str, Any]) -> NeocalcError:
    """An error as it was when it was pickled."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(held)
    return error


def printable(text: str) -> str:
    r"""A name or a message without control characters, which a terminal would obey.

    >>> printable("a\x1b[31m\u202eb")
    'a\\x1b[31m\\u202eb'
    """
    return "".join(c if is_shown(c) else repr(c)[1:-1] for c in text)


def is_shown(character: str) -> bool:
    """Whether a character is shown as itself: every letter, sign and space, and no line break."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def shown(value: object) -> str:
    """A value as it may stand in a one-line message: short, and on one line."""
    text = repr(value) if isinstance(value, str) else " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text):,} characters)"
