"""Checks of the dosing weight: its range, source, age, z-score and change, and the slips named.

A wrong weight is the main hazard of a dose by body weight. Each rule here is a decision of neocalc
(no rule of the two trials was found); the limits are those of `neocalc.dose.limits.Limits`.

References
----------
Doherty C, McDonnell C. Tenfold medication errors. Pediatrics 2012;129:916-24.

Garner SS et al. J Perinatol 2015;35:631 (wrong weights in decision support).

Institute for Safe Medication Practices: patients are weighed at each encounter, in metric units; a
stated, estimated or historical weight is not used.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.age import NOT_STATED, SHORTEST_GESTATION
from neocalc.dose.inputs import DoseInputs
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure, amount, number
from neocalc.dose.stops import HARD, NOT_MADE, OUTCOMES, PASSED, SOFT, Check, stop_codes
from neocalc.growth import inputs_of, zscore
from neocalc.lms import small_line
from neocalc.moments import hours_between
from neocalc.scoring import Place, place_of
from neocalc.units import Floats

POUND: Final = 0.45359237
"""The international pound [kg]."""
SETTLED: Final = 14
"""Weight is lost and regained in the first two weeks of life [day]."""
LEAST_SHARE: Final = 1 / 3
"""Of the median weight for age and sex: less is a hard stop, whatever its z-score [fraction]."""
SOFT_PART: Final = 2 / 3
"""Of the S by which a table calls a value too small: from there on it is a soft stop."""
_SLIPS: Final = (
    (1.0, 1000.0, "grams taken for kilograms"),
    (1000.0, 1.0, "kilograms taken for grams"),
    (1.0, 10.0, "a factor of ten"),
    (10.0, 1.0, "a factor of ten"),
    (POUND, 1.0, "pounds taken for kilograms"),
    (1.0, POUND, "kilograms taken for pounds"),
)
"""Each slip, with what the weight is multiplied and divided by to undo it."""


def change_codes(change: Any, hours: Any, settled: Any, limits: Limits) -> npt.NDArray[np.uint8]:
    """Stop codes of changes of weight between two weighings.

    Up to 24 hours apart more than `change_in_a_day`, and otherwise more than `change_per_day` for
    each day (not in the first two weeks of life), is a soft stop. More than `change_hard` is a
    hard stop for a loss, and for a gain that is beyond the daily limit too: over weeks an infant
    grows by more.

    Parameters
    ----------
    change : float or numpy.ndarray
        Weight / last weight - 1 [fraction].
    hours : float or numpy.ndarray
        Between the weighings, 0 or more [h].
    settled : bool or numpy.ndarray
        Whether the infant is older than two weeks.
    limits : Limits
        The protocol's.

    Examples
    --------
    A gain of 28 % in 14 days, of 28 % in 7, of 40 % in 7, and a loss of 31 % in 60:

    >>> change_codes([0.28, 0.28, 0.4, -0.31], [336, 168, 168, 1440], True, Limits()).tolist()
    [0, 1, 2, 2]
    """
    change, hours = np.asarray(change, dtype=np.float64), np.asarray(hours, dtype=np.float64)
    size = np.abs(change)
    daily = limits.at("change_per_day") * hours / 24
    fast = np.where(hours <= 24, size > limits.at("change_in_a_day"), (size > daily) & settled)
    large = (size > limits.at("change_hard")) & ((change < 0) | (size > daily))
    return np.where(large, 2, np.where(fast, 1, 0)).astype(np.uint8)


def light_shares(place: Place) -> tuple[Floats, Floats]:
    """Shares of the median weight below which there is a soft and a hard stop [fraction].

    Where L S of a chart is large no z-score reaches the limits, however light the infant: on Fenton
    2013 at 30 weeks none is below -3.4. There the share of the median decides. The hard limit is a
    third of the median. The soft limit is at two thirds of the S below which the reference calls a
    weight too small (`flag_small`), and nowhere below the hard one.

    Examples
    --------
    A girl of 30w0d (Fenton 2013):

    >>> place = Place(*(np.array([x]) for x in (1.306, 0.2313, 6.0)))
    >>> [share.round(3).tolist() for share in light_shares(place)]
    [[0.396], [0.333]]
    """
    one = np.ones(len(place.median))
    soft = small_line(SOFT_PART * place.flag_small, one, place.S)
    return np.fmax(soft, LEAST_SHARE), one * LEAST_SHARE


def weight_codes(weight: Floats, z: Floats, place: Place, limits: Limits) -> npt.NDArray[np.uint8]:
    """Stop codes of weights by z-score and by share of the median; 0 where there is neither.

    Parameters
    ----------
    weight : numpy.ndarray
        [kg]
    z : numpy.ndarray
        Their weight-for-age z-scores [unitless].
    place : Place
        Where each stands in its table, the median in kg.
    limits : Limits
        The protocol's.
    """
    soft, hard = light_shares(place)
    with np.errstate(invalid="ignore"):
        share = weight / place.median
        light = (share < soft).astype(np.uint8) + (share < hard).astype(np.uint8)
    return np.maximum(stop_codes(z, limits.z_soft, limits.z_hard), light)


class WeightZ(NamedTuple):
    """The z-score of a weight with where it came from; NaN with the status word where none.

    `weight` is in kg and `place` where the infant stands in the table; None where it has none.
    """

    z: float
    reference: str
    age_basis: str
    status: str
    weight: float = math.nan
    place: Place | None = None

    def code(self, limits: Limits) -> int:
        """The stop code of the weight."""
        place = self.place or Place(*(np.array([math.nan]) for _ in range(3)))
        weight, z = np.array([self.weight]), np.array([self.z])
        return int(weight_codes(weight, z, place, limits)[0])


def weight_zscore(inputs: DoseInputs, weight: float) -> WeightZ | None:
    """Weight-for-age z-score on the policy's reference; None without sex and age."""
    if inputs.sex is None or inputs.age is None:
        return None
    found = zscore(
        "weight",
        f"{weight!r} kg",
        sex=inputs.sex,
        age=inputs.age,
        policy=inputs.policy,
        reference=inputs.reference,
    )
    columns, _ = inputs_of(
        "weight", np.array([weight]), None, True, inputs.sex, inputs.age, None, None, None,
        inputs.reference, inputs.policy, None,
    )  # fmt: skip
    place = place_of("weight", columns)
    return WeightZ(found.z, found.reference, found.age_basis, found.status, weight, place)


def weight_checks(inputs: DoseInputs, limits: Limits) -> list[Check]:
    """Every check of the dosing weight; the first that stops a figure names likely slips."""
    scored = weight_zscore(inputs, inputs.weight)
    figures = [_range(inputs, limits), _plausible(limits, scored), _change(inputs, limits)]
    for i, check in enumerate(figures):
        if check.outcome in (SOFT, HARD) and check.value is not None:
            # Where the change alone stops, another weight must fit the last one too.
            slips = named_slips(inputs, limits, near_last=i == len(figures) - 1)
            figures[i] = check._replace(message=check.message + slips)
            break
    weight_range, plausible, change = figures
    return [
        weight_range, _measured(inputs, limits), _weight_age(inputs, limits), plausible, change,
    ]  # fmt: skip


def _range(inputs: DoseInputs, limits: Limits) -> Check:
    low, high, weight = limits["min_weight"], limits["max_weight"], Figure(inputs.weight, "kg")
    limit = f"{low} to {high}"
    if limits.at("min_weight") <= inputs.weight <= limits.at("max_weight"):
        return Check("weight range", PASSED, f"{weight} is within {limit}", limit, weight)
    return Check("weight range", HARD, f"{weight} is outside {limit}", limit, weight)


def _measured(inputs: DoseInputs, limits: Limits) -> Check:
    """A weight that is stated, estimated or historical is not for dosing."""
    name, source = "measured weight", inputs.weight_source
    if source is None:
        outcome = HARD if limits.require_measured_weight else NOT_MADE
        return Check(name, outcome, "it is not stated whether the weight was measured")
    if source != "measured":
        return Check(name, HARD, f"the weight is {source}; a dose needs a measured one", "", source)
    return Check(name, PASSED, "the weight was measured", "measured", source)


def _weight_age(inputs: DoseInputs, limits: Limits) -> Check:
    name = "age of weight"
    if inputs.on is None or inputs.weighed_on is None:
        missing = "the date of the " + ("dose" if inputs.on is None else "weighing")
        outcome = HARD if limits.require_measured_weight else NOT_MADE
        return Check(name, outcome, f"{missing} is not given")
    hours = hours_between(inputs.weighed_on, inputs.on, "on")
    shown = Figure(hours, "h", 3) if abs(hours) < 48 else Figure(hours / 24, "day", 3)
    if hours < 0:
        return Check(name, HARD, f"the weighing ({inputs.weighed_on}) is after the dose")
    hardest, early = limits["weight_age_hard"], _is_early(inputs, limits)
    allowed = limits["weight_age_early" if early else "weight_age_later"]
    assert hardest is not None and allowed is not None
    if hours > hardest.value * 24:
        return Check(name, HARD, f"{shown} old: more than {hardest}", hardest, shown)
    if hours > allowed.value:
        until = limits["early_until"]
        when = f"before {until} of postmenstrual age" if early else "at this age"
        return Check(name, SOFT, f"{shown} old: more than {allowed} {when}", allowed, shown)
    return Check(name, PASSED, f"{shown} old", allowed, shown)


def _is_early(inputs: DoseInputs, limits: Limits) -> bool:
    """Whether the infant may be under the postmenstrual age at which the later limit begins.

    Where gestation is not stated the shortest is taken, and without an age the infant is early:
    what is not known shortens the time for which a weight serves.
    """
    if inputs.age is None:
        return True
    stated = int(inputs.age.gestation_days[0])
    gestation = SHORTEST_GESTATION if stated == NOT_STATED else stated
    return int(inputs.age.days[0]) + gestation < limits.at("early_until") * 7


def _plausible(limits: Limits, scored: WeightZ | None) -> Check:
    """Weight for age and sex, two-sided."""
    name = "weight for age and sex"
    if scored is None:
        return Check(name, NOT_MADE, "it needs both sex and age")
    if math.isnan(scored.z):
        return Check(name, NOT_MADE, f"there is no z-score: {scored.status}")
    z = _to_two_decimals(scored.z)
    code = int(stop_codes(scored.z, limits.z_soft, limits.z_hard))
    by = f"by {scored.reference} at {scored.age_basis} age"
    if scored.code(limits) > code:
        return _light(scored, by, scored.code(limits))
    limit = f"-{number(limits.z_soft)} to {number(limits.z_soft)}"
    if code == 0:
        return Check(name, PASSED, f"z-score {z} {by}", limit, z)
    if code == 2:
        limit = f"-{number(limits.z_hard)} to {number(limits.z_hard)}"
    return Check(name, OUTCOMES[code], f"z-score {z} {by} is outside {limit}", limit, z)


def _light(scored: WeightZ, by: str, code: int) -> Check:
    """A weight that no z-score stops, and that is too small a share of the median."""
    assert scored.place is not None
    limit = Figure(float(light_shares(scored.place)[code - 1][0]), "fraction", 3)
    median = float(scored.place.median[0])
    share = Figure(scored.weight / median, "fraction", 3)
    said = (
        f"{share} of the median of {amount(median, 'kg', 3)} {by} (z-score"
        f" {_to_two_decimals(scored.z)}): below {limit}"
    )
    return Check("weight for age and sex", OUTCOMES[code], said, f"{limit} of the median", share)


def _to_two_decimals(z: float) -> Figure:
    whole = int(abs(z))
    return Figure(z, "", 2 + (len(str(whole)) if whole else 0))


def _change(inputs: DoseInputs, limits: Limits) -> Check:
    """Change from the last known weight."""
    name = "change from last weight"
    if inputs.last_weight is None:
        return Check(name, NOT_MADE, "the last weight is not given")
    change = inputs.weight / inputs.last_weight - 1
    if inputs.weighed_on is None or inputs.last_weighed_on is None:
        return _undated(inputs, limits, change)
    hours = hours_between(inputs.last_weighed_on, inputs.weighed_on, "weighed_on")
    if hours < 0:
        return Check(name, HARD, "the last weighing is after this one")
    settled = inputs.age is None or int(inputs.age.days[0]) >= SETTLED
    code = int(change_codes(change, hours, settled, limits))
    value = Figure(change, "fraction", 3)
    limit = _change_limit(hours, settled, code, limits)
    shown = f"{value} in {Figure(hours / 24, 'day', 3)}, from {amount(inputs.last_weight, 'kg')}"
    if code == 0:
        return Check(name, PASSED, shown, limit, value)
    return Check(name, OUTCOMES[code], f"{shown}: more than {limit}", limit, value)


def _undated(inputs: DoseInputs, limits: Limits, change: float) -> Check:
    """Without dates: a large loss is too much in any time, a large gain may be that of weeks."""
    name, missing = "change from last weight", "the dates of the two weighings are not given"
    limit = limits["change_hard"]
    assert limit is not None and inputs.last_weight is not None
    if abs(change) <= limit.value:
        return Check(name, NOT_MADE, missing)
    value = Figure(change, "fraction", 3)
    shown = f"{value} from {amount(inputs.last_weight, 'kg')}: more than {limit}, and {missing}"
    return Check(name, HARD if change < 0 else SOFT, shown, str(limit), value)


def _change_limit(hours: float, settled: bool, code: int, limits: Limits) -> str:
    if code == 2 or (hours > 24 and not settled):
        return str(limits["change_hard"])
    if hours <= 24:
        return f"{limits['change_in_a_day']} in up to 24 hours"
    return f"{limits['change_per_day']} a day"


def named_slips(inputs: DoseInputs, limits: Limits, *, near_last: bool = False) -> str:
    """Which slips of the pen would make the weight plausible: named, never corrected.

    `near_last`: only those that the last weight does not contradict.

    Examples
    --------
    >>> named_slips(DoseInputs(weight=2350.0, dose=1e6), Limits())
    '; did you mean 2,350 g (grams taken for kilograms)?'
    """
    for worst in (0, 1):  # what no check stops, else what a soft one does
        found = []
        for times, by, slip in _SLIPS:
            weight = inputs.weight * times / by
            if _fits(inputs, limits, weight, worst, near_last):
                grams = slip == "grams taken for kilograms"
                shown = amount(inputs.weight, "g") if grams else amount(weight, "kg", 4)
                found.append(f"{shown} ({slip})")
        if found:
            return f"; did you mean {' or '.join(found)}?"
    return ""


def _fits(inputs: DoseInputs, limits: Limits, weight: float, worst: int, near_last: bool) -> bool:
    """Whether another weight would do: in range, and for age and sex, else near the last weight.

    `worst` is the highest stop code that it may have for age and sex.
    """
    if not limits.at("min_weight") <= weight <= limits.at("max_weight"):
        return False
    last = inputs.last_weight
    near = last is None or abs(weight / last - 1) <= limits.at("change_hard")
    scored = weight_zscore(inputs, weight)
    if scored is not None and not math.isnan(scored.z):
        return scored.code(limits) <= worst and (near or not near_last)
    return near
