"""What a check of a dose is: its outcome, limit and value, and what is beyond a limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.dose.notation import Figure

PASSED: Final = "passed"
SOFT: Final = "soft stop"
HARD: Final = "hard stop"
NOT_MADE: Final = "not made"
OUTCOMES: Final = (PASSED, SOFT, HARD, NOT_MADE)
LACKS_LIMIT: Final = "limit"
LACKS_INPUT: Final = "input"
"""Why a check was not made: the protocol states no limit, or nobody typed what it needs."""
INPUT: Final = (
    "possible values", "required inputs", "arm dose", "cells counted", "eligibility",
    "age at the dose", "cohort gate", "weight range", "measured weight", "age of weight",
    "weight for age and sex", "change from last weight", "second check", "concentration",
    "viability",
    "filter", "cumulative dose", "number of doses", "planned course", "dose interval",
    "product expiry",
)  # fmt: skip
"""The checks that are made before anything is computed."""
DERIVED: Final = (
    "cells per dose", "volume per kg", "total volume per kg", "DMSO per kg", "rounding error",
    "dead volume", "syringe capacity", "number of vials", "yield of the vials", "rate",
    "rate per kg", "speed of cells", "pump", "duration", "time after thaw", "end of infusion",
    "reverse calculation",
)  # fmt: skip
"""The checks of what is computed."""
LAST_BITS: Final = 1e-12
"""A relative difference that is the arithmetic's, not the dose's."""


class Check(NamedTuple):
    """One check of a dose.

    Parameters
    ----------
    name : str
        What is checked; the names and their order are the same for every dose.
    outcome : str
        "passed", "soft stop", "hard stop" or "not made".
    message : str
        What was found, or what is missing.
    limit, value : Figure or str, optional
        The limit and what was compared with it.
    derived : bool, default False
        Whether the value is a result of the calculation: a refusal does not show it.
    lacks : str, default ""
        Of a check that was not made: "limit" where the protocol states none, "input" where what it
        needs was not typed, and empty where a stop came before it.
    """

    name: str
    outcome: str
    message: str
    limit: Figure | str | None = None
    value: Figure | str | None = None
    derived: bool = False
    lacks: str = ""

    def withheld(self) -> Check:
        """The same without a value from which a dose could be read."""
        return self._replace(value=None) if self.derived else self

    def __str__(self) -> str:
        return f"{self.outcome:<9}  {self.name}: {self.message}"


def every_check(made: Iterable[Check]) -> list[Check]:
    """Every check in its order; those that a hard stop came before are not made.

    Examples
    --------
    >>> found = every_check([Check("arm dose", HARD, "the arm states none")])
    >>> [str(check) for check in found[1:3]]
    ['not made   required inputs: stopped before it', 'hard stop  arm dose: the arm states none']
    """
    found = {check.name: check for check in made}
    return [
        found.get(name, Check(name, NOT_MADE, "stopped before it", derived=name in DERIVED))
        for name in (*INPUT, *DERIVED)
    ]


def stop_codes(value: Any, soft: float, hard: float) -> npt.NDArray[np.uint8]:
    """0 inside the limits, 1 beyond the soft one, 2 beyond the hard one; NaN is beyond neither.

    Parameters
    ----------
    value : float or numpy.ndarray
        A z-score or a change, of either sign [unitless].
    soft, hard : float
        Limits of its size; a value on a limit is inside [unitless].

    Examples
    --------
    >>> stop_codes([-0.93, 3.0, -3.1, 41.4], 3, 6).tolist()
    [0, 0, 1, 2]
    """
    with np.errstate(invalid="ignore"):
        size = np.abs(np.asarray(value, dtype=np.float64))
        return (size > soft).astype(np.uint8) + (size > max(soft, hard)).astype(np.uint8)


def above(value: Any, limit: float) -> Any:
    """Whether a value is above a limit by more than the last bits of a float.

    >>> above(0.1 + 0.2, 0.3), above(2.0, 2.0), above(2.01, 2.0)
    (False, False, True)
    """
    return value > limit * (1 + LAST_BITS)
