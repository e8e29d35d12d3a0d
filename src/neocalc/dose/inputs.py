"""What a dose is prepared from, parsed and in canonical units: the edge of the dose modules.

A value that has no unit, the wrong unit or an unclear meaning is refused here. A value that is
clear and yet impossible (a concentration of 0) is left to the checks, where it is a hard stop.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple

from neocalc.ages.age import Age
from neocalc.ages.moments import Moment, birth_date, day_of_age, hours_between, moment
from neocalc.ages.policy import DEFAULT, Policy
from neocalc.dose.figures import COUNTS, counted_cells, fraction, metric_weight, one_figure
from neocalc.dose.notation import Figure
from neocalc.dose.vials import Pool, Vial, read_vials
from neocalc.errors import AgeError, InputError, MissingError
from neocalc.reading.words import sex_code
from neocalc.references.catalogue import reference
from neocalc.references.files import SEXES

WEIGHT_SOURCES: Final = {
    "measured": "measured",
    "estimated": "estimated",
    "stated": "stated",
    "historical": "historical",
    "3141-9": "measured",
    "8351-9": "measured",
    "8335-2": "estimated",
    "3142-7": "stated",
}
"""Where a weight comes from, in words or as the LOINC code of the observation."""

POSITIVE: Final = {
    "dose": "cell/kg",
    "concentration": "cell/mL",
    "viable_concentration": "cell/mL",
    "cells_per_vial": "cell/vial",
    "viable_cells_per_vial": "cell/vial",
    "graduation": "mL",
    "syringe_capacity": "mL",
    "duration": "h",
    "rate": "mL/h",
    "last_weight": "kg",
    "pump_step": "mL/h",
}
"""Inputs that must be above 0, with their canonical unit; `weight` besides."""
OR_NONE: Final = ("dead_volume", "diluent_volume", "vehicle_volume", "flush_volume")
"""Volumes that may be 0 [mL]."""
FRACTIONS: Final = ("viability", "release_viability", "recovery", "dmso")
MOST_DOSES: Final = 100
"""Of a course; more is no plan."""
SMALLEST: Final = 1e-9
LARGEST: Final = 1e18
"""Beyond these a figure in its canonical unit is not a measurement."""
MOMENTS: Final = ("on", "weighed_on", "last_weighed_on", "expires", "thawed_on", "enrolled_on")
AFTER_BIRTH: Final = ("weighed_on", "last_weighed_on", "thawed_on", "enrolled_on")
"""Moments that cannot be before birth; that of the dose is held to the age itself."""
TEXTS: Final = ("subject", "identifier", "prepared_by", "lot", "donor", "vehicle", "gate")


class Given(NamedTuple):
    """A dose that the infant has already had: when, and how much [cell/kg]."""

    on: Moment
    dose: float


@cache
def default_policy() -> Policy:
    """The correction policy where none is given; made once, as it looks its references up.

    It has no reference of school age: a child who is older than the charts of infants has no z,
    which stops the dose. A slip of the year would else be weighed as a child of six.
    """
    return Policy().of_infants


@dataclass(frozen=True)
class DoseInputs:
    """The inputs of a dose in canonical units; None where not given.

    Attributes
    ----------
    weight, last_weight : float
        [kg]
    dose : float
        [cell/kg]; NaN in a refusal, where the arm states none and none was given.
    concentration, viable_concentration : float
        Of all cells and of viable cells after thaw and wash [cell/mL]; one of them or neither.
    viability, release_viability, recovery : float
        [fraction]
    dmso : float
        Share of dimethyl sulfoxide in the product, by volume [fraction].
    cells_per_vial, viable_cells_per_vial : float
        All cells at freezing; viable cells after thaw [cell/vial].
    vials : tuple of Vial
        Vials that are pooled, each with its own count and viability; None where they are not given.
    graduation, syringe_capacity, dead_volume : float
        [mL]
    diluent_volume, vehicle_volume, flush_volume : float
        Added to the pooled vials, to the dose in the syringe, and after it [mL].
    split_syringes : bool
        Whether more than one syringe may be filled.
    duration, rate, pump_step : float
        [h], [mL/h], [mL/h]
    planned_doses : int
        Of the whole course.
    on, weighed_on, last_weighed_on, expires, thawed_on, enrolled_on : Moment
        Of the administration, the two weighings, the product's expiry and thaw, and enrolment.
    line_filter : bool
        Whether a filter is in the line; None where that is not stated.
    given : tuple of Given
        Doses already given; empty when there were none, None when that is not stated.
    fixed : tuple of (Policy, str)
        The policy and reference that the protocol states for the check of the weight.
    counts : str
        Whether the dose was typed as one of "viable" or "total" cells.
    identifier, lot, donor, vehicle, gate : str
        A second identifier of the infant, the lot and donor of the product, what it is diluted
        with, and who confirmed that the arm is open, as typed.
    texts : dict of str to str
        Each input as it was given.
    """

    weight: float
    dose: float
    concentration: float | None = None
    viable_concentration: float | None = None
    viability: float | None = None
    release_viability: float | None = None
    cells_per_vial: float | None = None
    viable_cells_per_vial: float | None = None
    recovery: float | None = None
    graduation: float | None = None
    syringe_capacity: float | None = None
    dead_volume: float | None = None
    vials: tuple[Vial, ...] | None = None
    diluent_volume: float | None = None
    vehicle_volume: float | None = None
    flush_volume: float | None = None
    dmso: float | None = None
    split_syringes: bool = False
    pump_step: float | None = None
    planned_doses: int | None = None
    duration: float | None = None
    rate: float | None = None
    last_weight: float | None = None
    on: Moment | None = None
    weighed_on: Moment | None = None
    last_weighed_on: Moment | None = None
    expires: Moment | None = None
    thawed_on: Moment | None = None
    enrolled_on: Moment | None = None
    line_filter: bool | None = None
    weight_source: str | None = None
    given: tuple[Given, ...] | None = None
    sex: str | None = None
    age: Age | None = None
    policy: Policy = field(default_factory=default_policy)
    reference: str = DEFAULT
    fixed: tuple[Policy, str] | None = None
    counts: str | None = None
    subject: str | None = None
    identifier: str | None = None
    prepared_by: str | None = None
    lot: str | None = None
    donor: str | None = None
    vehicle: str | None = None
    gate: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def pool(self) -> Pool | None:
        """The pooled vials with their diluent; None without."""
        return None if self.vials is None else Pool(self.vials, self.diluent_volume or 0.0)

    @property
    def policies(self) -> list[tuple[Policy, str]]:
        """The policies and references by which the weight is checked: the protocol's, and another.

        A policy that is typed is added to the protocol's and takes nothing from it.
        """
        usual, typed = (default_policy(), DEFAULT), (self.policy, self.reference)
        if self.fixed is None:
            return [typed]
        return [self.fixed] if typed in (usual, self.fixed) else [self.fixed, typed]

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure that there is, by its name, in canonical units."""
        units = (
            {"weight": "kg"} | POSITIVE | dict.fromkeys(FRACTIONS, "fraction")
            | dict.fromkeys(OR_NONE, "mL")
        )  # fmt: skip
        return {
            name: Figure(getattr(self, name), unit)
            for name, unit in units.items()
            if getattr(self, name) is not None and not math.isnan(getattr(self, name))
        }


def read_inputs(values: Mapping[str, Any], arm_dose: float | None = None) -> DoseInputs:
    """Parse the arguments of `neocalc.dose.prepare`; those that are None were not given.

    `arm_dose` [cell/kg] is the dose where none is given.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if "weight" not in given:
        raise MissingError("weight", "give the dosing weight with its unit")
    if "dose" not in given and arm_dose is None:
        raise MissingError("dose", "give the dose per body weight with its unit")
    read: dict[str, Any] = {"weight": metric_weight(given["weight"], "weight"), "dose": arm_dose}
    for name, unit in POSITIVE.items():
        if name in given:
            _refuse_other_cells(name, given[name])
            read[name] = one_figure(given[name], unit, name)
    if "last_weight" in given:
        read["last_weight"] = metric_weight(given["last_weight"], "last_weight")
    read |= {name: one_figure(given[name], "mL", name) for name in OR_NONE if name in given}
    if "vials" in given:
        read["vials"] = read_vials(given["vials"])
    if "split_syringes" in given:
        read["split_syringes"] = _yes_or_no(given["split_syringes"], "split_syringes")
    if "planned_doses" in given:
        read["planned_doses"] = _planned(given["planned_doses"])
    read |= {name: fraction(given[name], name) for name in FRACTIONS if name in given}
    read |= {name: moment(given[name], name) for name in MOMENTS if name in given}
    read |= {name: _text(given[name], name) for name in TEXTS if name in given}
    if "weight_source" in given:
        read["weight_source"] = _weight_source(given["weight_source"])
    read["counts"] = _counts(given)
    if "line_filter" in given:
        read["line_filter"] = _yes_or_no(given["line_filter"], "line_filter")
    if "sex" in given:
        read["sex"] = SEXES[sex_code(given["sex"])]
    if not isinstance(given.get("policy", default_policy()), Policy):
        raise InputError("policy", given["policy"], "a neocalc.Policy")
    if "policy" in given:
        read["policy"] = given["policy"].of_infants
    if "reference" in given:
        read["reference"] = _known_reference(given["reference"])
    if "age" in given:
        read["age"] = _one_age(given["age"])
        on = day_of_age(read["age"], read.get("on"))
        read |= {} if on is None else {"on": on}
    enrolled, on = read.get("enrolled_on"), read.get("on")
    if enrolled and on and hours_between(enrolled, on, "enrolled_on") < 0:
        raise AgeError("enrolled_on", str(enrolled), f"a date up to that of the dose ({on})")
    if "doses_given" in given:
        read["given"] = _doses_given(given["doses_given"], read.get("on"))
    _refuse_before_birth(read)
    texts = {name: _shown(value) for name, value in given.items() if name in _SHOWN}
    return DoseInputs(**read, texts=texts)


def _refuse_other_cells(name: str, value: Any) -> None:
    """Refuse a figure that says it counts other cells than the argument does."""
    counted, meant = counted_cells(value), _COUNTS.get(name)
    if counted is not None and meant is not None and counted != meant[0]:
        raise InputError(name, value, f"it counts {meant[0]} cells; for {counted} cells {meant[1]}")


def _refuse_before_birth(read: Mapping[str, Any]) -> None:
    """Refuse a weighing or a dose before the day of birth."""
    born = None if "age" not in read else birth_date(read["age"], read.get("on"))
    if born is None:
        return
    dated = [(name, read[name]) for name in AFTER_BIRTH if read.get(name) is not None]
    dated += [("doses_given", dose.on) for dose in read.get("given") or ()]
    for name, when in dated:
        if when.date < born:
            raise AgeError(name, str(when), f"a date on or after the day of birth ({born})")


_COUNTS: Final = {
    "concentration": ("total", "give viable_concentration"),
    "viable_concentration": ("viable", "give concentration, with viability"),
    "cells_per_vial": ("total", "give viable_cells_per_vial"),
    "viable_cells_per_vial": ("viable", "give cells_per_vial, with recovery"),
}
"""Which cells an argument counts, and which argument counts the others."""
_SHOWN: Final = ("weight", *OR_NONE, *POSITIVE, *FRACTIONS, *MOMENTS, "weight_source")


def _known_reference(name: Any) -> str:
    """The reference's id or path as a text; refused where there is none, also without an age."""
    if not isinstance(name, (str, os.PathLike)):
        raise InputError("reference", name, "a reference's id, or the path of a folder")
    text = str(os.fspath(name))
    if text != DEFAULT:
        reference(text)
    return text


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InputError(name, value, "a text of one line")
    return value.strip()


def _counts(given: Mapping[str, Any]) -> str | None:
    """What the dose counts, as it was typed by itself or with the dose."""
    typed, said = given.get("counts"), counted_cells(given.get("dose"))
    if typed is not None and typed not in COUNTS:
        raise InputError("counts", typed, f"accepted: {' or '.join(COUNTS)}")
    if typed is not None and said is not None and typed != said:
        raise InputError("counts", typed, f"the dose was typed as {said} cells")
    return typed if typed is not None else said


def _planned(value: Any) -> int:
    whole = value.isascii() and value.isdigit() if isinstance(value, str) else type(value) is int
    if not whole or not 0 < int(value) <= MOST_DOSES:
        raise InputError("planned_doses", value, f"a whole number of doses, 1 to {MOST_DOSES}")
    return int(value)


def _yes_or_no(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in ("yes", "no"):
        raise InputError(name, value, "yes or no")
    return word == "yes"


def _weight_source(value: Any) -> str:
    word = WEIGHT_SOURCES.get(value.strip().lower()) if isinstance(value, str) else None
    if word is None:
        raise InputError("weight_source", value, f"accepted: {', '.join(WEIGHT_SOURCES)}")
    return word


def _doses_given(value: Any, on: Moment | None) -> tuple[Given, ...]:
    accepted = 'a list of (date, dose), such as [("2026-08-07", "1 million cells/kg")]; [] for none'
    quantity = hasattr(value, "magnitude")  # it can be iterated over only as a type
    if isinstance(value, (str, Mapping)) or quantity or not isinstance(value, Iterable):
        raise InputError("doses_given", value, accepted)
    doses: list[Given] = []
    for item in value:
        if not isinstance(item, tuple) or len(item) != 2:
            raise InputError("doses_given", item, accepted)
        when = moment(item[0], "doses_given")
        if on is not None and hours_between(when, on, "doses_given") < 0:
            raise AgeError("doses_given", str(when), f"a date up to that of this dose ({on})")
        size = one_figure(item[1], "cell/kg", "doses_given")
        if not SMALLEST <= size <= LARGEST:
            raise InputError("doses_given", item[1], "a dose above 0 that can be one")
        if any(_may_be_the_same(when, other.on) for other in doses):
            accepted = "each dose once; two doses of one day, each with its time"
            raise InputError("doses_given", f"{when}, twice", accepted)
        doses.append(Given(when, size))
    return tuple(sorted(doses, key=lambda dose: (dose.on.date, str(dose.on))))


def _may_be_the_same(one: Moment, other: Moment) -> bool:
    """Whether two entries may be one dose that was typed twice."""
    if one.timed and other.timed:
        return hours_between(one, other, "doses_given") == 0
    return one.date == other.date


def _one_age(value: Any) -> Age:
    if not isinstance(value, Age) or not value.single:
        raise AgeError("age", value, "the neocalc.Age of one infant")
    return value


def _shown(value: Any) -> str:
    """An input as it was given, on one line."""
    return " ".join(str(value).split())
