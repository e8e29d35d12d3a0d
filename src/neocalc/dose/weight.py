"""Checks of the dosing weight: its range, source, age, z-score and change, and the slips named.

A wrong weight is the main hazard of a dose by body weight. Each rule here is a decision of neocalc
(no rule of the two trials was found); the limits are those of `neocalc.dose.limits.Limits`.

References
----------
Doherty C, McDonnell C. Tenfold medication errors. Pediatrics 2012;129:916-24.

Rochow N et al. Pediatr Res 2016;79:870-9. doi:10.1038/pr.2016.15 (healthy preterm infants lose up
to 11 % of their weight by day 5 and have their birth weight again by day 15).

Garner SS et al. J Perinatol 2015;35:631 (wrong weights in decision support).

Institute for Safe Medication Practices: patients are weighed at each encounter, in metric units; a
stated, estimated or historical weight is not used.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from neocalc.ages.moments import days_between, hours_between, span_between
from neocalc.ages.policy import DEFAULT, Policy, weeks_and_days
from neocalc.dose.bounds import lacking
from neocalc.dose.inputs import DoseInputs, default_policy
from neocalc.dose.limits import Limits
from neocalc.dose.notation import Figure, amount, number
from neocalc.dose.stops import HARD, OUTCOMES, PASSED, SOFT, Check, stop_codes
from neocalc.growth.arguments import inputs_of
from neocalc.growth.scoring import Place, place_of
from neocalc.growth.zscores import zscore
from neocalc.reading.dates import NOT_STATED, SHORTEST_GESTATION
from neocalc.reading.units import Floats
from neocalc.references.lms import small_line

POUND: Final = 0.45359237
"""The international pound [kg]."""
SETTLED: Final = 5
"""Until this day a newborn loses weight (Rochow 2016); from it on weight is gained [day]."""
LEAST_SHARE: Final = 1 / 3
"""Of the median weight for age and sex: less is a hard stop, whatever its z-score [fraction]."""
SOFT_PART: Final = 2 / 3
"""Of the S by which a table calls a value too small: from there on it is a soft stop."""
FROM_TERM: Final = 50
"""From this postmenstrual age on an infant's age is said in days since birth [week]."""
CHRONOLOGICAL: Final = "chronological"
"""The age basis without correction."""
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
    each day, is a soft stop. A newborn that was first weighed before day 5 may lose up to
    `newborn_loss` instead, in however many days. More than `change_hard` is a hard stop for a loss,
    and for a gain that is beyond the daily limit too: over weeks an infant grows by more.

    Parameters
    ----------
    change : float or numpy.ndarray
        Weight / last weight - 1 [fraction].
    hours : float or numpy.ndarray
        Between the weighings, 0 or more [h].
    settled : bool or numpy.ndarray
        Whether the infant was at least 5 days old at the first of the two weighings.
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
    lost = np.where(settled, daily, np.maximum(daily, limits.at("newborn_loss")))
    fast = np.where(
        hours <= 24, size > limits.at("change_in_a_day"), size > np.where(change < 0, lost, daily)
    )
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
    """Weight-for-age z-score by the protocol's policy; None without sex and age.

    Another policy that is typed is tried beside it, and the one that is further out counts. Where
    the protocol states none the typed policy holds, unless it scores at another kind of age than
    neocalc's own: without correction a doubled weight of a preterm infant is a usual one.
    """
    if inputs.sex is None or inputs.age is None:
        return None
    scored = [_scored(inputs, weight, *one) for one in inputs.policies]
    if inputs.fixed is None:
        usual = _scored(inputs, weight, default_policy(), DEFAULT)
        uncorrected = scored[0].age_basis == CHRONOLOGICAL != usual.age_basis
        scored += [usual] if uncorrected else []
    return max(scored, key=lambda one: math.inf if math.isnan(one.z) else abs(one.z))


def _scored(inputs: DoseInputs, weight: float, policy: Policy, reference: str) -> WeightZ:
    assert inputs.sex is not None and inputs.age is not None
    found = zscore(
        "weight",
        f"{weight!r} kg",
        sex=inputs.sex,
        age=inputs.age,
        policy=policy,
        reference=reference,
    )
    columns, _ = inputs_of(
        "weight", np.array([weight]), None, True, inputs.sex, inputs.age, None, None, None,
        reference, policy, None,
    )  # fmt: skip
    place = place_of("weight", columns)
    return WeightZ(found.z, found.reference, found.age_basis, found.status, weight, place)


def weight_checks(inputs: DoseInputs, limits: Limits) -> list[Check]:
    """Every check of the dosing weight; the first of those that stop it asks to weigh again."""
    scored = weight_zscore(inputs, inputs.weight)
    figures = [_range(inputs, limits), _plausible(inputs, limits, scored), _change(inputs, limits)]
    for outcome in (HARD, SOFT):
        stops = [i for i, check in enumerate(figures) if check.outcome == outcome]
        if stops:
            first = figures[stops[0]]
            if first.value is not None:  # it is the weight that is unlikely, not a date
                said = first.message + weigh_again(inputs, limits)
                figures[stops[0]] = first._replace(message=said)
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
        said = "it is not typed whether the weight was measured"
        return Check(name, HARD, said) if limits.require_measured_weight else lacking(name, said)
    if source != "measured":
        return Check(name, HARD, f"the weight is {source}; a dose needs a measured one", "", source)
    return Check(name, PASSED, "the weight was measured", "measured", source)


def _weight_age(inputs: DoseInputs, limits: Limits) -> Check:
    name = "age of weight"
    if inputs.on is None or inputs.weighed_on is None:
        missing = "the date of the " + ("dose" if inputs.on is None else "weighing")
        said = f"{missing} is not typed"
        return Check(name, HARD, said) if limits.require_measured_weight else lacking(name, said)
    hours = hours_between(inputs.weighed_on, inputs.on, "on")
    if hours < 0:
        return Check(name, HARD, f"the weighing ({inputs.weighed_on}) is after the dose")
    oldest = span_between(inputs.weighed_on, inputs.on, "on").most
    shown, old = _how_old(hours), f"the weight is {_how_old(hours)} old"
    hardest, early = limits["weight_age_hard"], _is_early(inputs, limits)
    allowed = limits["weight_age_early" if early else "weight_age_later"]
    assert hardest is not None and allowed is not None
    if hours > hardest.value * 24:
        return Check(name, HARD, f"{old}: more than {hardest}. Weigh again", hardest, shown)
    if oldest > allowed.value:
        if hours <= allowed.value:
            old = f"by its date alone the weight may be up to {_how_old(oldest)} old"
        until = limits["early_until"]
        when = f"under {until} of postmenstrual age" if early else "at this age"
        said = f"{old}. {when.capitalize()} it must be from the last {allowed}"
        timed = "" if hours > allowed.value else ", or type the times"
        return Check(name, SOFT, f"{said}. Weigh again{timed}", allowed, shown)
    today = days_between(inputs.weighed_on, inputs.on) == 0
    return Check(name, PASSED, "weighed on the day of the dose" if today else old, allowed, shown)


def _how_old(hours: float) -> Figure:
    """Hours, or days from two days on."""
    return Figure(hours, "h", 3) if hours < 48 else Figure(hours / 24, "day", 3)


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


def _plausible(inputs: DoseInputs, limits: Limits, scored: WeightZ | None) -> Check:
    """Weight for age and sex, two-sided."""
    name = "weight for age and sex"
    if scored is None:
        return lacking(name, "sex, and date of birth or age, are not both typed")
    if math.isnan(scored.z):
        said = _NO_Z.get(scored.status, f"there is no z-score ({scored.status})")
        return Check(name, HARD, f"{said}: check the dates and the gestation")
    z = _to_two_decimals(scored.z)
    code = int(stop_codes(scored.z, limits.z_soft, limits.z_hard))
    if scored.code(limits) > code:
        return _light(inputs, scored, scored.code(limits))
    most = limits.z_hard if code == 2 else limits.z_soft
    limit = f"-{number(most)} to {number(most)}"
    found = f"(z {z}; allowed {limit}; {scored.reference}, {scored.age_basis} age)"
    if code == 0:
        return Check(name, PASSED, f"fits {_infant(inputs)} {found}", limit, z)
    odd = "low" if scored.z < 0 else "high"
    said = f"this weight is very {odd} for {_infant(inputs)} {found}"
    return Check(name, OUTCOMES[code], said, limit, z)


_NO_Z: Final = {
    "age_above_reference": "the infant is older than the chart",
    "age_below_reference": "the infant is younger than the chart",
    "no_reference": "no chart has a weight at this age",
}
"""Why there is no z-score, by its status word: an age that no chart has is rarely the true one."""


def _infant(inputs: DoseInputs) -> str:
    """The infant by sex and age, as a message names it: "a girl of 42w3d"."""
    assert inputs.age is not None
    days, gestation = int(inputs.age.days[0]), int(inputs.age.gestation_days[0])
    who = "a girl" if inputs.sex == "female" else "a boy"
    early = gestation != NOT_STATED and days + gestation < FROM_TERM * 7
    return f"{who} of {weeks_and_days(days + gestation) if early else f'{days:,} days'}"


def _light(inputs: DoseInputs, scored: WeightZ, code: int) -> Check:
    """A weight that no z-score stops, and that is too small a share of the median."""
    assert scored.place is not None
    limit = Figure(float(light_shares(scored.place)[code - 1][0]), "fraction", 3)
    median = float(scored.place.median[0])
    share = Figure(scored.weight / median, "fraction", 3)
    said = (
        f"this weight is very low for {_infant(inputs)} ({share} of the median of"
        f" {amount(median, 'kg', 3)}; allowed from {limit}; z {_to_two_decimals(scored.z)} by"
        f" {scored.reference}, {scored.age_basis} age)"
    )
    return Check("weight for age and sex", OUTCOMES[code], said, f"{limit} of the median", share)


def _to_two_decimals(z: float) -> Figure:
    whole = int(abs(z))
    return Figure(z, "", 2 + (len(str(whole)) if whole else 0))


def _change(inputs: DoseInputs, limits: Limits) -> Check:
    """Change from the last known weight."""
    name = "change from last weight"
    if inputs.last_weight is None:
        return lacking(name, "the last weight is not typed")
    change = inputs.weight / inputs.last_weight - 1
    if inputs.weighed_on is None or inputs.last_weighed_on is None:
        return _undated(inputs, limits, change)
    hours = hours_between(inputs.last_weighed_on, inputs.weighed_on, "weighed_on")
    if hours < 0:
        return Check(name, HARD, "the last weighing is after this one")
    settled = inputs.age is None or int(inputs.age.days[0]) - hours / 24 >= SETTLED
    code = int(change_codes(change, hours, settled, limits))
    value = Figure(change, "fraction", 3)
    newborn = not settled and change < 0
    limit = _change_limit(hours, newborn, code, limits)
    shown = f"{value} in {Figure(hours / 24, 'day', 3)}, from {amount(inputs.last_weight, 'kg')}"
    if code == 0:
        return Check(name, PASSED, shown, limit, value)
    return Check(name, OUTCOMES[code], f"{shown}: more than {limit}", limit, value)


def _undated(inputs: DoseInputs, limits: Limits, change: float) -> Check:
    """Without dates: a large loss is too much in any time, a large gain may be that of weeks."""
    name, missing = "change from last weight", "the dates of the two weighings are not typed"
    limit = limits["change_hard"]
    assert limit is not None and inputs.last_weight is not None
    if abs(change) <= limit.value:
        return lacking(name, missing)
    value = Figure(change, "fraction", 3)
    shown = f"{value} from {amount(inputs.last_weight, 'kg')}: more than {limit}, and {missing}"
    return Check(name, HARD if change < 0 else SOFT, shown, str(limit), value)


def _change_limit(hours: float, newborn: bool, code: int, limits: Limits) -> str:
    if code == 2:
        return str(limits["change_hard"])
    if hours > 24 and newborn:
        return f"the {limits['newborn_loss']} that a newborn loses"
    if hours <= 24:
        return f"{limits['change_in_a_day']} in up to 24 hours"
    return f"{limits['change_per_day']} a day"


def weigh_again(inputs: DoseInputs, limits: Limits) -> str:
    """What a message on an unlikely weight ends with.

    Another weight is named only where the last weight agrees with it: an infant with chronic lung
    disease is often far below the chart, and 2.2 times its weight would "fit" it.

    Examples
    --------
    >>> weigh_again(DoseInputs(weight=2350.0, dose=1e6), Limits())
    '. Weigh again, and check the unit'
    >>> weigh_again(DoseInputs(weight=2350.0, dose=1e6, last_weight=2.34), Limits())
    '. Weigh again. The last weight, 2.34 kg, agrees with 2,350 g (grams taken for kilograms)'
    """
    if inputs.last_weight is None:
        return ". Weigh again, and check the unit"
    for times, by, slip in _SLIPS:
        weight = inputs.weight * times / by
        if _agrees_with_last(inputs, limits, weight):
            grams = slip == "grams taken for kilograms"
            shown = amount(inputs.weight, "g") if grams else amount(weight, "kg", 4)
            last = amount(inputs.last_weight, "kg")
            return f". Weigh again. The last weight, {last}, agrees with {shown} ({slip})"
    return ". Weigh again"


def _agrees_with_last(inputs: DoseInputs, limits: Limits, weight: float) -> bool:
    """Whether another weight would be stopped neither by its range nor by the last weight."""
    assert inputs.last_weight is not None
    if not limits.at("min_weight") <= weight <= limits.at("max_weight"):
        return False
    return abs(weight / inputs.last_weight - 1) <= limits.at("change_in_a_day")
