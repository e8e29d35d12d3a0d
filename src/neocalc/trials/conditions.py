"""What a protocol states about giving a dose: to whom, when, what must be known, and by which band.

It is a part of a trial's definition, beside its limits::

    [dosing]
    min_age = "28 day"              # on the day of the dose
    max_age = "12 month"
    min_pma = "36 week"
    max_pma = "60 week"
    within = "14 day"               # of enrolment
    required = ["sex", "age", "gestation", "weighed_on"]

    [weight_check]                  # the correction policy of the check of the weight
    preterm_reference = "fenton-2025"

    [[arms]]
    name = "B"
    gate = "cohort 2 opens after the review of dose-limiting toxicity of 3 infants"
    bands = [{ from = "2 kg", below = "4 kg", cells = "5 million cells" }]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Final, NamedTuple

from neocalc.ages.policy import DEFAULT, Policy
from neocalc.dose.figures import metric_weight, one_figure
from neocalc.dose.requirements import required_of
from neocalc.errors import InputError, PolicyError
from neocalc.reading.dates import duration_days
from neocalc.trials.ages import Criterion

_AGES: Final = ("min_age", "max_age", "min_pma", "max_pma", "within")
_POLICY: Final = (
    "preterm_reference", "term_reference", "handover", "preterm_below", "correct_until",
    "reference",
)  # fmt: skip


class Band(NamedTuple):
    """A band of weights with its dose: from a weight on, and below another.

    Attributes
    ----------
    low, high : float
        [kg]
    cells : float
        [cell]
    """

    low: float
    high: float
    cells: float


@dataclass(frozen=True)
class Conditions:
    """What a protocol states about giving the dose of an arm.

    Attributes
    ----------
    criteria : tuple of Criterion
        Of eligibility.
    min_age, max_age : int, optional
        Chronological age on the day of the dose, both days included [day].
    min_pma, max_pma : int, optional
        Postmenstrual age on that day, both days included [day].
    within : int, optional
        Days from enrolment to the dose [day].
    required : tuple of str
        Inputs without which there is no dose.
    counts : str, optional
        Whether the dose counts "viable" or "total" cells; None where that is not stated.
    policy : dict of str to str
        Options of the correction policy by which the weight is checked; empty where none is stated.
    product, route : str
        As the source names them; empty where it does not.
    gate : str
        What must have happened before this arm is open; empty where nothing is stated.
    bands : tuple of Band
        Doses by bands of weight, instead of one by body weight.
    """

    criteria: tuple[Criterion, ...] = ()
    min_age: int | None = None
    max_age: int | None = None
    min_pma: int | None = None
    max_pma: int | None = None
    within: int | None = None
    required: tuple[str, ...] = ()
    counts: str | None = None
    policy: Mapping[str, str] = field(default_factory=dict)
    product: str = ""
    route: str = ""
    gate: str = ""
    bands: tuple[Band, ...] = ()

    @property
    def states_age(self) -> bool:
        """Whether an age is stated, at enrolment or at the dose."""
        by_age = any((one.min_age, one.max_age) != (None, None) for one in self.criteria)
        ages = (self.min_age, self.max_age, self.min_pma, self.max_pma)
        return by_age or ages != (None,) * 4

    @property
    def preterm_only(self) -> bool:
        """Whether only infants born before 37 weeks take part."""
        return any(one.preterm for one in self.criteria)

    def weight_policy(self) -> tuple[Policy, str] | None:
        """The policy and the reference of the check of the weight; None where none is stated."""
        if not self.policy:
            return None
        options: dict[str, Any] = dict(self.policy)
        reference = options.pop("reference", DEFAULT)
        return Policy(**options).of_infants, reference

    def band(self, weight: float) -> Band | None:
        """The band of a weight [kg]; None where no band has it."""
        return next((one for one in self.bands if one.low <= weight < one.high), None)


def read_conditions(
    about: Mapping[str, Any], criteria: tuple[Criterion, ...], facts: Mapping[str, Any]
) -> Conditions:
    """The conditions that a definition states for all of its arms.

    Raises
    ------
    PolicyError
        With the section and the key that are wrong.
    """
    dosing = _section(about, "dosing", (*_AGES, "required"))
    ages: dict[str, Any] = {name: _days(dosing[name], name) for name in _AGES if name in dosing}
    for low, high in (("min_age", "max_age"), ("min_pma", "max_pma")):
        if ages.get(low, 0) > ages.get(high, math.inf):
            raise PolicyError(f"[dosing]: {low} is above {high}")
    policy = _section(about, "weight_check", _POLICY)
    found = Conditions(
        criteria,
        **ages,
        required=required_of(dosing.get("required", []), "[dosing] required"),
        policy=policy,
        product=str(facts.get("product", "")),
        route=str(facts.get("route", "")),
    )
    try:
        found.weight_policy()
    except (TypeError, InputError, PolicyError) as error:
        raise PolicyError(f"[weight_check]: {error}") from error
    return found


def of_arm(
    shared: Conditions, arm: Mapping[str, Any], counts: str | None, where: str
) -> Conditions:
    """The conditions of one arm: those of all, with its gate, bands and what its dose counts."""
    gate = arm.get("gate", "")
    if not isinstance(gate, str) or not gate.isprintable() or gate != gate.strip():
        raise PolicyError(f"{where}: gate must be a text of one line")
    bands = arm.get("bands", [])
    if not isinstance(bands, list) or not all(isinstance(band, dict) for band in bands):
        raise PolicyError(f"{where}: bands must be a list of sections")
    read = tuple(_band(band, where) for band in bands)
    for one, other in pairwise(read):
        if one.high > other.low:
            raise PolicyError(f"{where}: bands must be in order and not overlap")
    return replace(shared, gate=gate, bands=read, counts=counts)


def _band(band: Mapping[str, Any], where: str) -> Band:
    _known(band, ("from", "below", "cells"), f"{where} bands")
    try:
        low = metric_weight(band.get("from"), "from")
        high = metric_weight(band.get("below"), "below")
        cells = one_figure(band.get("cells"), "cell", "cells")
    except InputError as error:
        raise PolicyError(f"{where} bands: {error}") from error
    if not 0 < low < high or not 0 < cells < math.inf:
        raise PolicyError(f"{where} bands: from must be below below, and cells above 0")
    return Band(low, high, cells)


def _section(about: Mapping[str, Any], name: str, known: Iterable[str]) -> dict[str, Any]:
    section = about.get(name, {})
    if not isinstance(section, dict):
        raise PolicyError(f"{name}: must be a section")
    _known(section, known, f"[{name}]")
    return section


def _known(section: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(section) - set(known))
    if unknown:
        raise PolicyError(f"{where}: not known: {', '.join(unknown)}; known: {', '.join(known)}")


def _days(value: Any, name: str) -> int:
    try:
        return duration_days(value, f"[dosing] {name}")
    except InputError as error:
        raise PolicyError(str(error)) from error
