"""Gestational, chronological, postmenstrual and corrected age, in whole days.

With the gestation at birth GA and the chronological age in days (day of birth = 0)::

    postmenstrual = GA + chronological
    corrected     = chronological - (280 - GA) = postmenstrual - 280

References
----------
Engle WA; American Academy of Pediatrics Committee on Fetus and Newborn. Age terminology during the
perinatal period. Pediatrics 2004;114:1362-4. doi:10.1542/peds.2004-1915
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from neocalc.errors import CODE, AgeError, InputError, StatusArray, first_status
from neocalc.reading.dates import (
    LONGEST_GESTATION,
    MONTH,
    NOT_STATED,
    SHORTEST_GESTATION,
    TERM,
    check_gestation,
    date_number,
    days_from_months,
    duration_days,
    gestation_days,
    stated_gestations,
    whole_gestation,
    whole_gestations,
)
from neocalc.reading.units import Floats, figures_of, numbers_of, quantity
from neocalc.reading.words import Ints, code_words

__all__ = [
    "LONGEST_GESTATION",
    "MONTH",
    "NOT_STATED",
    "SHORTEST_GESTATION",
    "TERM",
    "Age",
    "check_gestation",
    "date_number",
    "days_from_months",
    "duration_days",
    "gestation_days",
    "stated_gestations",
    "whole_gestation",
    "whole_gestations",
]


class Age:
    """Age of one child or of many, from dates.

    Parameters
    ----------
    born, on : str, datetime.date, numpy.datetime64, or an array of them
        Date of birth and date of measurement: calendar dates.
    gestation : str, pint.Quantity, None, or an array of them
        Gestational age at birth; None when not stated: then there is no postmenstrual and no
        corrected age.

    Raises
    ------
    InputError
        For one child: a date or gestation that cannot be used, or a measurement before birth. In
        arrays such elements carry a status instead.

    Examples
    --------
    >>> age = Age(born="2024-01-15", on="2024-07-15", gestation="26+3")
    >>> age.corrected.magnitude, age.postmenstrual.magnitude, str(age.expected_date)
    (87, 367, '2024-04-19')
    """

    def __init__(self, born: Any, on: Any, gestation: Any = None) -> None:
        first, one_birth = code_words(born, partial(date_number, argument="born"), "born")
        second, one_date = code_words(on, partial(date_number, argument="on"), "on")
        weeks, one_gestation = stated_gestations(gestation)
        try:
            days = second.codes - first.codes
        except ValueError as error:
            dates = f"{second.codes.size:,} dates"
            accepted = f"one, or as many as dates of birth ({first.codes.size:,})"
            raise InputError("on", dates, accepted) from error
        self._set(
            days,
            weeks.codes,
            _worst(first.status, second.status),
            weeks.status,
            single=one_birth and one_date and one_gestation,
        )
        self._born: Ints | None = first.codes

    @classmethod
    def from_days(cls, days: Any, gestation: Any = None) -> Age:
        """Age from whole days since birth (day of birth = 0).

        Parameters
        ----------
        days : int, pint.Quantity, or an array
            Chronological age [day]. NaN in an array is a missing age.
        gestation : str, pint.Quantity, None, or an array of them
            Gestational age at birth.

        Examples
        --------
        >>> Age.from_days(105, gestation="27w3d").corrected.magnitude
        17
        """
        whole = partial(AgeError, "days", days, "accepted: a whole number of days, 0 or more")
        if hasattr(days, "magnitude"):
            figures, _, single = figures_of(days, "day", "days")
            return cls._from_figures(figures, None, gestation, whole, single=single)
        figures, odd, single = numbers_of(days, "days", whole)
        return cls._from_figures(figures, odd, gestation, whole, single=single)

    @classmethod
    def from_months(cls, months: Any, gestation: Any = None) -> Age:
        """Age from months, as `days_from_months` converts them.

        Examples
        --------
        >>> Age.from_months(24).chronological.magnitude
        731
        """
        number = partial(AgeError, "months", months, "accepted: a number of months, 0 or more")
        figures, odd, single = numbers_of(months, "months", number)
        # So many months are more days than an age may have; what is missing stays so.
        days = [days_from_months(m) if abs(m) < 1e6 else m * math.inf for m in figures.tolist()]
        return cls._from_figures(
            np.array(days, dtype=np.float64), odd, gestation, number, single=single
        )

    @classmethod
    def _from_figures(
        cls,
        days: Floats,
        odd: Any,
        gestation: Any,
        error: Callable[..., AgeError],
        *,
        single: bool,
    ) -> Age:
        """Age from days as floats: NaN where missing, or `odd` where it is not a number at all."""
        usable = (np.rint(days) == days) & (np.abs(days) <= 1_000_000)
        missing = np.isnan(days) if odd is None else np.isnan(days) & ~odd
        if single and not (usable[0] and days[0] >= 0):
            raise error(status="missing_age") if missing[0] else error()
        status = np.where(missing, CODE["missing_age"], np.where(usable, 0, CODE["invalid_age"]))
        weeks, one_gestation = stated_gestations(gestation)
        age = cls.__new__(cls)
        age._set(
            np.where(usable, days, 0).astype(np.int32),
            weeks.codes,
            status.astype(np.uint8) if status.any() else None,
            weeks.status,
            single=single and one_gestation,
        )
        age._born = None
        return age

    @classmethod
    def from_codes(
        cls,
        days: Ints,
        gestation: Ints,
        status: StatusArray | None,
        gestation_status: StatusArray | None,
    ) -> Age:
        """Age of many from checked whole days and statuses: the way in for tables."""
        age = cls.__new__(cls)
        age._set(days, gestation, status, gestation_status, single=False)
        age._born = None
        return age

    def take(self, rows: npt.NDArray[np.intp]) -> Age:
        """The ages of some of many children, in any order."""
        status, gestation_status = self.status, self.gestation_status
        return Age.from_codes(
            self.days[rows],
            self.gestation_days[rows],
            None if status is None else status[rows],
            None if gestation_status is None else gestation_status[rows],
        )

    def _set(
        self,
        days: Ints,
        gestation: Ints,
        status: StatusArray | None,
        gestation_status: StatusArray | None,
        *,
        single: bool,
    ) -> None:
        try:
            days, gestation = np.broadcast_arrays(days, gestation)
        except ValueError as error:
            raise InputError(
                "gestation", f"{gestation.size} values", f"one, or as many as ages ({days.size})"
            ) from error
        if single and days[0] < 0:
            raise AgeError("on", f"{days[0]} days", "a measurement on or after the day of birth")
        if (days < 0).any():
            if status is None:
                status = np.zeros(days.shape, dtype=np.uint8)
            status = np.where((days < 0) & (status == 0), CODE["invalid_age"], status)
        self.single = single
        self.days: Ints = days
        self.gestation_days: Ints = gestation
        self.status = None if status is None else np.broadcast_to(status, days.shape)
        self.gestation_status = (
            None if gestation_status is None else np.broadcast_to(gestation_status, days.shape)
        )
        self.resolved: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.days)

    def __repr__(self) -> str:
        if not self.single:
            return f"<Age of {len(self):,}>"
        stated = self.gestation_days[0]
        text = f"<Age chronological {self.days[0]} days"
        if stated:
            text += f", corrected {self.days[0] + stated - TERM} days"
        return text + ">"

    @property
    def chronological(self) -> Any:
        """Chronological age [day]: from birth, whose day is 0. NaN in an array: no usable age."""
        return self._quantity(self.days, stated=False)

    @property
    def birth_days(self) -> Ints | None:
        """Dates of birth as days since 1970-01-01; None for an age that was given in days."""
        return self._born

    @property
    def postmenstrual(self) -> Any:
        """Postmenstrual age [day]: gestation at birth and chronological age; None if not stated."""
        return self._quantity(self.days + self.gestation_days, stated=True)

    @property
    def corrected(self) -> Any:
        """Corrected age [day]: chronological less what was missing to 40w0d; None if not stated."""
        return self._quantity(self.days + self.gestation_days - TERM, stated=True)

    @property
    def gestation(self) -> Any:
        """Gestational age at birth [day]; None when not stated."""
        return self._quantity(self.gestation_days, stated=True)

    @property
    def is_preterm(self) -> Any:
        """Whether born before 37w0d; None (in an array: False) when gestation is not stated."""
        stated = self.gestation_days != NOT_STATED
        preterm = stated & (self.gestation_days < 259)
        if self.single:
            return bool(preterm[0]) if stated[0] else None
        return preterm

    @cached_property
    def expected_date(self) -> Any:
        """The due date, on which corrected age is 0; None without dates or gestation."""
        if self._born is None:
            return None
        due = (self._born + TERM - self.gestation_days).astype("datetime64[D]")
        unknown = self.gestation_days == NOT_STATED
        if self.status is not None:  # a date that cannot be used has the code 0: it is not 1970
            unknown = unknown | (self.status != 0)
        due[np.broadcast_to(unknown, due.shape)] = np.datetime64("NaT", "D")
        return due[0].item() if self.single else due

    def _quantity(self, days: Ints, *, stated: bool) -> Any:
        if self.single:
            if stated and self.gestation_days[0] == NOT_STATED:
                return None
            return quantity(int(days[0]), "day")
        figures = days.astype(np.float64)
        if stated:
            figures[self.gestation_days == NOT_STATED] = np.nan
            if self.gestation_status is not None:
                figures[self.gestation_status != 0] = np.nan
        if self.status is not None:
            figures[self.status != 0] = np.nan
        return quantity(figures, "day")


def _worst(first: StatusArray | None, second: StatusArray | None) -> StatusArray | None:
    """The status of a difference of two dates: missing before invalid."""
    if first is None or second is None:
        return second if first is None else first
    return first_status(first, second)
