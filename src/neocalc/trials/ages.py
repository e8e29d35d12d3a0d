"""What an age decides of a trial's eligibility, and the dates that follow from a dose."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from neocalc.ages.age import Age
from neocalc.ages.moments import Moment
from neocalc.errors import AgeError, InputError

MET: Final = "met"
NOT_MET: Final = "not met"
UNDECIDED: Final = "not decidable from age"

_PERIOD: Final = re.compile(r"([1-9][0-9]{0,3}) (hour|day|week|month|year)s?")


@dataclass(frozen=True)
class Period:
    """A time after administration, in the unit in which the source states it.

    Months and years are those of the calendar; a day that a month lacks is its last day.

    Examples
    --------
    >>> Period.read("2 years", "within")
    Period(count=2, unit='year')
    """

    count: int
    unit: str

    @classmethod
    def read(cls, text: object, where: str) -> Period:
        """The period that a text such as "24 hours" or "1 month" states."""
        match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InputError(where, text, 'a period such as "24 hours", "3 days", "2 years"')
        return cls(int(match[1]), match[2])

    @classmethod
    def of_calendar(cls, text: object) -> Period | None:
        """The months or years that a text states; None for anything else.

        Examples
        --------
        >>> Period.of_calendar("12 month"), Period.of_calendar("28 day")
        (Period(count=12, unit='month'), None)
        """
        match = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if match is None or match[2] not in ("month", "year"):
            return None
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count:,} {self.unit}{'' if self.count == 1 else 's'}"

    def after(self, start: Moment) -> dt.date | dt.datetime:
        """The date after it, or the date and time where the start has a time."""
        try:
            if self.unit in ("month", "year"):
                months = self.count * (12 if self.unit == "year" else 1)
                end = _months_after(start.stamp, months)
            else:
                end = start.stamp + dt.timedelta(**{f"{self.unit}s": self.count})
        except (ValueError, OverflowError) as error:  # beyond the years of the calendar
            accepted = f"a date {self} before the year 10000"
            raise AgeError("administered_on", str(start), accepted) from error
        return end if start.timed else end.date()


def _months_after(start: dt.datetime, months: int) -> dt.datetime:
    """The same day some months later; the last of the month where it has no such day."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last))


class Window(NamedTuple):
    """When an outcome is to be observed: from the dose up to and with `end`."""

    outcome: str
    within: str
    start: dt.date | dt.datetime
    end: dt.date | dt.datetime


class Visit(NamedTuple):
    """A visit: how long after the dose, and when."""

    after: str
    on: dt.date | dt.datetime


@dataclass(frozen=True)
class Criterion:
    """A criterion of eligibility, with what an age can decide of it.

    Parameters
    ----------
    text : str
        As the source states it.
    preterm : bool, optional
        Whether the infant must have been born before 37w0d (the WHO's definition), or not before.
    min_age, max_age : int, optional
        Chronological age, both days included [day].
    outcome, reason : str
        For one infant: "met", "not met" or "not decidable from age", and why.
    min_period, max_period : Period, optional
        The same ages where they are stated in months or years: for an infant whose dates are known
        the calendar decides, so that the first birthday is within 1 year also after a leap day.
    """

    text: str
    preterm: bool | None = None
    min_age: int | None = None
    max_age: int | None = None
    outcome: str = UNDECIDED
    reason: str = ""
    min_period: Period | None = None
    max_period: Period | None = None

    @property
    def by_age(self) -> bool:
        """Whether an age, with the gestation at birth, can decide it."""
        return (self.preterm, self.min_age, self.max_age) != (None, None, None)

    def judged(self, age: Age) -> Criterion:
        """The same with its outcome for one infant."""
        found = list(self._found(age))
        outcomes = [outcome for outcome, _ in found]
        outcome = next((word for word in (NOT_MET, UNDECIDED) if word in outcomes), MET)
        reason = "; ".join(said for word, said in found if word == outcome)
        return replace(self, outcome=outcome, reason=reason)

    def _found(self, age: Age) -> Iterator[tuple[str, str]]:
        if not self.by_age:
            yield UNDECIDED, "an age does not tell"
        if self.preterm is not None:
            if age.is_preterm is None:
                yield UNDECIDED, "gestation is not stated"
            else:
                born = "before 37 weeks" if age.is_preterm else "at 37 weeks or later"
                yield MET if age.is_preterm is self.preterm else NOT_MET, f"born {born}"
        if self.min_age is not None or self.max_age is not None:
            inside = self._old_enough(age) and self._young_enough(age)
            yield MET if inside else NOT_MET, f"{int(age.days[0]):,} days old"

    def _old_enough(self, age: Age) -> bool:
        birth, day = _dates(age)
        if birth is not None and self.min_period is not None:
            return self.min_period.after(birth) <= day
        return (self.min_age or 0) <= int(age.days[0])

    def _young_enough(self, age: Age) -> bool:
        birth, day = _dates(age)
        if birth is not None and self.max_period is not None:
            end = self.max_period.after(birth)
            # The birthday of 29 February is the day before or after, by the law of the place.
            end += dt.timedelta(days=int(end.day < birth.date.day))
            return day <= end
        return self.max_age is None or int(age.days[0]) <= self.max_age


def _dates(age: Age) -> tuple[Moment | None, dt.date]:
    """The day of birth, and the day of the age; no birth for an age in days."""
    if age.birth_days is None:
        return None, dt.date.min
    birth = dt.date(1970, 1, 1) + dt.timedelta(days=int(age.birth_days[0]))
    day = birth + dt.timedelta(days=int(age.days[0]))
    return Moment(dt.datetime.combine(birth, dt.time()), timed=False), day


class Eligibility:
    """The criteria of a trial with their outcome for one infant.

    Its truth value is that of the criteria that an age can decide: all of them are met. Whether an
    infant is eligible is for a person to say.

    Attributes
    ----------
    criteria : tuple of Criterion
        Each with `text`, `outcome` and `reason`.
    outcome : str
        "not met" where one is not, else "not decidable from age" where one is that, else "met".
    """

    def __init__(self, criteria: tuple[Criterion, ...]) -> None:
        self.criteria = criteria

    @property
    def outcome(self) -> str:
        """That of all criteria together."""
        outcomes = [criterion.outcome for criterion in self.criteria] or [UNDECIDED]
        return next((word for word in (NOT_MET, UNDECIDED) if word in outcomes), MET)

    def __bool__(self) -> bool:
        outcomes = [criterion.outcome for criterion in self.criteria if criterion.by_age]
        return bool(outcomes) and set(outcomes) == {MET}

    def __iter__(self) -> Iterator[Criterion]:
        return iter(self.criteria)

    def __len__(self) -> int:
        return len(self.criteria)

    def __repr__(self) -> str:
        return f"<Eligibility {self.outcome}: {len(self)} criteria>"


def judge(criteria: tuple[Criterion, ...], age: Age) -> Eligibility:
    """Every criterion with its outcome for one infant."""
    if not isinstance(age, Age) or not age.single:
        raise AgeError("age", age, "the neocalc.Age of one infant")
    return Eligibility(tuple(criterion.judged(age) for criterion in criteria))
