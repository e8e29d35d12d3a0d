"""Rates of the neonatal unit: gain in g/kg/day, g/day, cm/week and cm/year, and conditional gain.

The kilogram that a gain is divided by is the choice that changes the figure most, and most papers
do not name theirs (Fenton et al. 2017): no method is the default.

References
----------
Patel AL, Engstrom JL, Meier PP, Kimura RE. Accuracy of methods for calculating postnatal growth
velocity for extremely low birth weight infants. Pediatrics 2005;116:1466-73.
doi:10.1542/peds.2004-2699

Patel AL, et al. Calculating postnatal growth velocity in very low birth weight premature infants.
J Perinatol 2009;29:618-22. doi:10.1038/jp.2009.55

Cole TJ. Conditional reference charts to assess weight gain in British infants. Arch Dis Child
1995;73:8-16.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from neocalc.arrays import emptied
from neocalc.errors import CODE, InputError, MissingError, StatusArray, first_status, status_where
from neocalc.growth.results import Result
from neocalc.reading.units import MEASURABLE, Floats, figures_of, measurable, numbers_of, quantity
from neocalc.references.lookup import Bools
from neocalc.velocity.limits import change_limits as limits_of

if TYPE_CHECKING:
    import pint

    from neocalc.velocity.visits import Pairs

GAINS: Final = {
    "weight": {
        "exponential": "g/kg/day",
        "average": "g/kg/day",
        "early": "g/kg/day",
        "g/day": "g/day",
    },
    "length": {"cm/week": "cm/week", "cm/year": "cm/year"},
    "head_circumference": {"cm/week": "cm/week", "cm/year": "cm/year"},
}
"""For each measure its methods, each with the unit of the rate."""
SHORTEST_STABLE: Final = 5
"""Below this a rate is mostly error of measurement: `short_interval`; the value is kept [day]."""
YEAR: Final = 365.25
"""Twelve months of the WHO's 30.4375 days [day]."""


def gain_rate(method: str, first: Floats, second: Floats, days: Any) -> Floats:
    """Rates of gain from prepared columns.

    With weights W1 and W2 in g, d days apart: exponential 1000 ln(W2/W1) / d; average
    1000 (W2 - W1) / (d (W1 + W2) / 2); early 1000 (W2 - W1) / (d W1), which overestimates.

    Parameters
    ----------
    method : str
        exponential, average, early, g/day, cm/week or cm/year.
    first, second : numpy.ndarray
        Weights [kg], or lengths or head circumferences [cm]; above 0, or NaN.
    days : numpy.ndarray
        Interval [day].

    Returns
    -------
    numpy.ndarray
        In the unit that `GAINS` names; NaN where the interval is not above 0.

    References
    ----------
    doi:10.1542/peds.2004-2699; doi:10.1038/jp.2009.55

    Examples
    --------
    >>> gain_rate("exponential", np.array([1.0]), np.array([2.0]), np.array([28])).round(4).tolist()
    [24.7553]
    """
    with np.errstate(all="ignore"):
        days = emptied(np.asarray(days, dtype=np.float64), np.less_equal(days, 0))
        if method == "exponential":
            return np.asarray(1000 * np.log(second / first) / days)
        gained = second - first
        if method == "average":
            return np.asarray(1000 * gained / ((first + second) / 2 * days))
        if method == "early":
            return np.asarray(1000 * gained / (first * days))
        per = {"g/day": 1000, "cm/week": 7, "cm/year": YEAR}[method]
        return np.asarray(per * gained / days)


def gain_status(days: Any, implausible: Bools | None) -> StatusArray:
    """Statuses of rates between usable values: of the interval, and of what no child can do."""
    status = first_status(
        status_where(days < 1, "interval_not_positive"),
        status_where(days < SHORTEST_STABLE, "short_interval"),
    )
    if implausible is not None:
        np.putmask(status, implausible & (days >= 1), np.uint8(CODE["implausible"]))
    return status


class Gain(Result):
    """Rates of gain: plain values for one pair of measurements, arrays for many.

    Attributes
    ----------
    rate : pint.Quantity
        [g/kg/day], [g/day], [cm/week] or [cm/year]; NaN where `status` says why there is none.
    magnitude : float or numpy.ndarray
        The same without its unit.
    unit, method, measure : str
        What was computed.
    interval_days : float or numpy.ndarray
        Between the measurements [day].
    status : str or numpy.ndarray
        "ok", "short_interval" (under 5 days; value kept), "implausible" (beyond what a child can
        do in that time; value kept), or the reason why there is no rate.
    """

    def __init__(
        self, measure: str, method: str, figures: Floats, days: Floats, status: StatusArray,
        *, single: bool,
    ) -> None:  # fmt: skip
        super().__init__(status, single=single)
        self.measure = measure
        self.method = method
        self.unit = GAINS[measure][method]
        self._figures = figures
        self._days = days

    def __repr__(self) -> str:
        if self.single:
            how = "" if self.method == self.unit else f"{self.method}, "
            return f"<Gain {self.magnitude:.2f} {self.unit} ({how}{self.status})>"
        return f"<Gain of {len(self._figures):,}>"

    @property
    def magnitude(self) -> Any:
        """The rate in `unit`, without it."""
        return self._one(self._figures)

    @cached_property
    def rate(self) -> pint.Quantity[Any]:
        """The rate with its unit."""
        return quantity(self.magnitude, self.unit)

    @property
    def interval_days(self) -> Any:
        """Interval [day]."""
        return self._one(self._days)

    def to(self, unit: str) -> pint.Quantity[Any]:
        """The rate in another unit of its dimension."""
        return self.rate.to(unit)


def gain_between(measure: str, method: str, pairs: Pairs) -> Gain:
    """The rate of one infant, from columns of one usable value."""
    days: Any = pairs.days
    status = gain_status(days, pairs.implausible)
    rate = gain_rate(method, pairs.first, pairs.second, days)
    return Gain(measure, method, rate, days, status, single=True)


def gain(
    measure: str,
    *,
    first: Any,
    second: Any,
    days: Any,
    method: str,
    change_limits: Any = None,
) -> Gain:
    """Rate of gain between two measurements, for one infant or for many. Loss is negative.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    first, second : str, pint.Quantity, or an array of them
        The measurements with their units [kg], [g] or [cm].
    days : int, pint.Quantity, or an array
        Interval between them [day].
    method : str
        There is no default. For weight: "exponential", "average" or "early" (per kilogram of the
        weight as it grows, of the mean of the two weights, of the first weight) or "g/day". For
        length and head circumference: "cm/week" or "cm/year".
    change_limits : str or path, optional
        A file with a site's own limits of what a child can do in that time. They know no age: a
        first value that is wrong may not be noticed over months, as another child could begin so.

    Returns
    -------
    Gain
        With rate, unit and status.

    Raises
    ------
    InputError
        For one infant: a wrong input, or an interval under one day. In arrays such elements have a
        status.

    References
    ----------
    doi:10.1542/peds.2004-2699; doi:10.1038/jp.2009.55

    Examples
    --------
    >>> gain("weight", first="1000 g", second="1150 g", days=7, method="exponential")
    <Gain 19.97 g/kg/day (exponential, ok)>
    >>> gain("weight", first="700 g", second="650 g", days=7, method="g/day").rate.magnitude
    -7.1428571428571335
    """
    if not isinstance(measure, str) or measure not in GAINS:
        raise InputError("measure", measure, f"accepted: {', '.join(GAINS)}")
    if not isinstance(method, str) or method not in GAINS[measure]:
        accepted = ", ".join(GAINS[measure])
        raise InputError("method", method, f"for {measure}: {accepted}; there is no default")
    limits = limits_of(change_limits)
    target = "kg" if measure == "weight" else "cm"
    before, before_status, one = figures_of(first, target, "first")
    after, after_status, also_one = figures_of(second, target, "second")
    interval, odd, one_interval = interval_of(days)
    single = one and also_one and one_interval
    try:
        before, after, interval = np.broadcast_arrays(before, after, interval)
    except ValueError as error:
        raise InputError("days", days, "one interval, or as many as measurements") from error
    status = gain_status(interval, limits.implausible(measure, before, after, interval))
    for argument, figures, given, value in (
        ("first", before, before_status, first),
        ("second", after, after_status, second),
    ):
        invalid = ~measurable(figures)
        if single and invalid[0]:
            raise InputError(argument, value, MEASURABLE)
        words = np.where(invalid, CODE["invalid_value"], 0)
        words = np.where(np.isnan(figures), CODE["missing_value"], words).astype(np.uint8)
        if given is not None:
            words = np.where(given != 0, given, words)
        status = first_status(status, words)
    if single and (status[0] == CODE["interval_not_positive"] or np.isinf(interval[0])):
        accepted = "an interval of one day or more"
        raise InputError("days", days, accepted, status="interval_not_positive")
    odd = odd | np.isinf(interval)
    unknown = np.where(odd, CODE["invalid_age"], CODE["missing_age"])
    unknown = np.where(odd | np.isnan(interval), unknown, 0).astype(np.uint8)
    status = first_status(status, unknown)
    kept = (status == 0) | (status == CODE["short_interval"]) | (status == CODE["implausible"])
    rate = np.where(kept, gain_rate(method, before, after, interval), np.nan)
    return Gain(measure, method, rate, interval, status, single=single)


def interval_of(days: Any) -> tuple[Floats, Any, bool]:
    """Intervals [day], NaN where there is none; which are not numbers; whether one was given."""
    accepted = "a number of days, or a quantity of time"
    if isinstance(days, str) or hasattr(days, "magnitude"):
        figures, _, single = figures_of(days, "day", "days")
        return figures, False, single
    figures, odd, single = numbers_of(days, "days", partial(InputError, "days", days, accepted))
    if single and np.isnan(figures[0]):
        raise MissingError("days", accepted, status="missing_age")
    return figures, False if odd is None else odd, single


def conditional_gain(z1: Any, z2: Any, r: Any, source: str) -> Any:
    """Conditional gain: how far z2 is from what z1 leads one to expect.

    (z2 - r z1) / sqrt(1 - r^2). Children with a low z tend to gain and those with a high z to lose
    (regression to the mean): z2 - z1 judges the first too well and the second too badly, this
    does not. It needs the correlation of z at that pair of ages in a population like the infant's;
    none has been published for preterm infants.

    Parameters
    ----------
    z1, z2 : float or array_like
        Z-scores at the first and the second age [unitless].
    r : float or array_like
        Correlation of z between these ages [unitless], from 0 to below 1. There is no default.
    source : str
        Citation of `r`.

    Returns
    -------
    float or numpy.ndarray
        Z-score of the gain [unitless].

    References
    ----------
    Cole TJ. Arch Dis Child 1995;73:8-16.

    Examples
    --------
    >>> round(conditional_gain(-1, -1.5, 0.9, "an example, not a published value"), 6)
    -1.376494
    """
    if not isinstance(source, str) or not source.strip():
        raise MissingError("source", "give the citation of r; there is no default")
    if r is None:
        raise MissingError("r", "give the correlation and its source; there is no default")
    correlation, single = correlation_of(r)
    figures = []
    for argument, z in (("z1", z1), ("z2", z2)):
        one, only = _plain_numbers(z, argument, "a z-score")
        if only and np.isnan(one[0]):
            raise MissingError(argument, "give a z-score")
        figures.append(one)
        single = single and only
    try:
        before, after, correlation = np.broadcast_arrays(*figures, correlation)
    except ValueError as error:
        raise InputError("z2", z2, "as many z-scores as z1 has") from error
    result = conditional(before, after, correlation)
    return float(result[0]) if single else result


def conditional(z1: Floats, z2: Floats, r: Floats) -> Floats:
    """(z2 - r z1) / sqrt(1 - r^2), with an r below 1."""
    gain, spread = np.multiply(r, z1), np.multiply(r, r)
    gain, spread = z2 - gain, 1 - spread
    return np.asarray(gain / np.sqrt(spread))


def correlation_of(r: Any) -> tuple[Floats, bool]:
    """Correlations, each from 0 to below 1, and whether one was given."""
    accepted = "a correlation from 0 to below 1"
    correlation, single = _plain_numbers(r, "r", accepted)
    if not ((correlation >= 0) & (correlation < 1)).all():
        raise InputError("r", r, accepted)
    return correlation, single


def _plain_numbers(value: Any, argument: str, accepted: str) -> tuple[Floats, bool]:
    """Numbers without a unit, and whether one was given; every element must be one, or missing."""
    error = partial(InputError, argument, value, accepted)
    figures, odd, single = numbers_of(value, argument, error)
    if odd is not None:
        raise error()
    return figures, single
