"""What a protocol allows: the limits against which a dose is checked.

Limits of the dose itself come from the protocol alone. A limit that it does not state stays absent
and is listed with the checks as not made. Only what tells a slip of the pen from an infant has a
default: it is a decision of neocalc, and each can be set. One that is looser than the default is
shown as loosened on every answer, sheet and record; some cannot be loosened beyond a bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cache
from typing import Any, Final, NamedTuple

from neocalc.dose.figures import COUNTS, fraction, metric_weight, one_figure
from neocalc.dose.notation import Figure
from neocalc.errors import InputError, PolicyError

UNITS: Final = {
    "dose": "cell/kg",
    "max_volume_per_kg": "mL/kg",
    "max_total_volume_per_kg": "mL/kg",
    "max_dmso_per_kg": "g/kg",
    "max_rate": "mL/h",
    "max_rate_per_kg": "mL/kg/h",
    "max_cell_rate": "cell/kg/min",
    "min_duration": "h",
    "max_duration": "h",
    "max_time_after_thaw": "h",
    "min_concentration": "cell/mL",
    "max_concentration": "cell/mL",
    "most_concentration": "cell/mL",
    "max_cells": "cell",
    "max_total_dose": "cell/kg",
    "min_interval": "day",
    "max_interval": "day",
    "min_viability": "fraction",
    "usual_age_low": "day",
    "usual_age_high": "day",
    "min_weight": "kg",
    "max_weight": "kg",
    "rounding_tolerance": "fraction",
    "weight_age_early": "h",
    "weight_age_later": "h",
    "weight_age_hard": "day",
    "early_until": "week",
    "change_per_day": "fraction",
    "change_in_a_day": "fraction",
    "change_hard": "fraction",
    "newborn_loss": "fraction",
    "usual_dose_low": "cell/kg",
    "usual_dose_high": "cell/kg",
    "usual_concentration_low": "cell/mL",
    "usual_concentration_high": "cell/mL",
    "usual_volume_per_kg": "mL/kg",
    "most_volume_per_kg": "mL/kg",
    "usual_rate_per_kg": "mL/kg/h",
    "usual_cell_rate": "cell/kg/min",
    "usual_min_duration": "h",
    "usual_duration": "h",
    "usual_time_after_thaw": "h",
    "usual_dead_volume": "mL",
    "usual_viability": "fraction",
    "least_viability": "fraction",
}
"""The canonical unit of each limit that has one."""
ROUNDINGS: Final = ("nearest", "down")
"""To which line of the syringe a dose can be rounded."""
_LARGEST: Final = 1_000_000
"""Of a limit without a unit: a whole number may be too large for a float."""
_PLAIN: Final = ("z_soft", "z_hard", "max_doses", "max_vials", "usual_vials")
_WHOLE: Final = ("max_doses", "max_vials", "usual_vials")
_ORDERED: Final = (
    ("min_concentration", "max_concentration"),
    ("min_interval", "max_interval"),
    ("min_duration", "max_duration"),
    ("min_weight", "max_weight"),
    ("z_soft", "z_hard"),
    ("weight_age_early", "weight_age_later"),
    ("usual_dose_low", "usual_dose_high"),
    ("usual_age_low", "usual_age_high"),
    ("usual_concentration_low", "usual_concentration_high"),
    ("least_viability", "usual_viability"),
    ("usual_volume_per_kg", "most_volume_per_kg"),
    ("usual_concentration_high", "most_concentration"),
)
BOUNDS: Final = {
    "most_volume_per_kg": ("100 mL/kg", "an infant has 80 to 100 mL of blood for each kilogram"),
    "most_concentration": (
        "1000 million cells/mL",
        "a millilitre of nothing but cells of 12 micrometres holds no more",
    ),
    "least_viability": ("10%", "less is no living product"),
    "min_weight": ("0.2 kg", "no infant lighter than that has been reported to live"),
    "max_weight": ("45 kg", "the WHO's weight 6 SD above the median at 5 years is 43 kg"),
    "z_hard": (8, "beyond 8 SD the Royal College's growth charts refuse a measurement as wrong"),
}
"""Limits that no protocol and no site can loosen beyond a bound, each with the reason."""
LOOSER_BELOW: Final = frozenset({
    "min_weight", "early_until", "usual_min_duration", "usual_dose_low", "usual_age_low",
    "usual_concentration_low",
    "usual_viability", "least_viability",
})  # fmt: skip
"""The limits with a default that are looser where they are smaller; all others where larger."""


class Loosened(NamedTuple):
    """A limit that is looser than neocalc's default.

    Attributes
    ----------
    name : str
        Of the limit.
    default, holds : Figure
        Neocalc's default, and what holds instead.
    by : str
        "the protocol", or "the call" where it was typed or given in Python.
    """

    name: str
    default: Figure
    holds: Figure
    by: str

    def __str__(self) -> str:
        name = self.name.replace("_", " ")
        return f"{name} {self.holds} instead of {self.default} (by {self.by})"


@dataclass(frozen=True)
class Limits:
    """The limits of a protocol, each as a text or quantity with its unit.

    Parameters
    ----------
    dose : str or pint.Quantity, optional
        The dose of the arm [cell/kg]: any other is a hard stop.
    counts : str, default "viable"
        Whether the dose counts "viable" or "total" cells.
    max_volume_per_kg, max_rate, max_rate_per_kg, max_duration : str or pint.Quantity, optional
        [mL/kg], [mL/h], [mL/kg/h], [h]; above is a hard stop.
    max_total_volume_per_kg : str or pint.Quantity, optional
        Of the dose with its vehicle and the flush [mL/kg]; above is a hard stop.
    max_dmso_per_kg : str or pint.Quantity, optional
        Dimethyl sulfoxide in the dose [g/kg]; above is a hard stop.
    rounding : str, default "nearest"
        To which line of the syringe the dose is rounded: the "nearest", or "down", never above it.
    max_cell_rate, min_duration : str or pint.Quantity, optional
        Speed of the cells [cell/kg/min], above is a hard stop, and the shortest duration [h].
    max_time_after_thaw : str or pint.Quantity, optional
        From the thaw to the end of the infusion [h]; later is a hard stop.
    line_filter : str, optional
        The filter that the protocol asks for, in words, or "none" where there must be none.
    min_concentration, max_concentration : str or pint.Quantity, optional
        [cell/mL]; outside is a hard stop.
    max_cells : str or pint.Quantity, optional
        Most cells in one dose [cell].
    max_total_dose : str or pint.Quantity, optional
        Most cells per body weight over all doses [cell/kg].
    max_doses, max_vials : int, optional
        Most doses to one infant, and most vials for one dose.
    min_interval, max_interval : str or pint.Quantity, optional
        Between two doses [day]; sooner is a hard stop, later a soft one.
    min_viability : float, str or pint.Quantity, optional
        The product's specification [fraction]; below is a hard stop.
    min_weight, max_weight : str or pint.Quantity, default "0.4 kg" and "15 kg"
        Outside is a hard stop [kg].
    rounding_tolerance : float or str, default "5%"
        Largest error of the syringe's graduation [fraction].
    require_measured_weight : bool, default False
        Whether a weight without a date, or not stated to be measured, is a hard stop.
    weight_age_early, weight_age_later : str or pint.Quantity, default "24 h" and "72 h"
        An older weight is a soft stop before `early_until` and after it [h].
    weight_age_hard : str or pint.Quantity, default "7 day"
        An older weight is a hard stop [day].
    early_until : str or pint.Quantity, default "44 week"
        Postmenstrual age at which the later limit begins [week].
    z_soft, z_hard : float, default 3 and 6
        Weight-for-age z-score beyond which there is a soft and a hard stop [unitless].
    change_in_a_day, change_per_day, change_hard : float or str, default "10%", "3%", "30%"
        Change from the last weight [fraction]: in up to 24 hours and per day beyond, soft stops;
        of a loss, and of a gain that is also beyond the daily limit, a hard stop.
    newborn_loss : float or str, default "11%"
        Loss from a weight of the first 5 days of life, in more than 24 hours; more is a soft stop
        [fraction]. Rochow 2016 (doi:10.1038/pr.2016.15).
    usual_dose_low, usual_dose_high : default "1 million cells/kg" and "50 million cells/kg"
        Range of the published protocols; outside is a soft stop where `dose` is not stated.
    usual_age_low, usual_age_high : default "28 day" and "366 day"
        Age at a dose of a trial whose protocol states none; outside is a soft stop. NCT03601416
        enrols at 28 days to 1 year; bronchopulmonary dysplasia is at least 28 days of oxygen.
    usual_concentration_low, usual_concentration_high : default "1 million cells/mL" and 20 of them
        Published products have 5 to 7; outside is a soft stop where the protocol states no limit.
    most_concentration : default "1000 million cells/mL"
        Above is always a hard stop: a millilitre of nothing but cells of 12 micrometres.
    usual_vials : int, default 20
        More is a soft stop where `max_vials` is not stated: the content of a vial is wrong.
    usual_volume_per_kg, most_volume_per_kg : default "10 mL/kg" and "100 mL/kg"
        Above is a soft stop where `max_volume_per_kg` is not stated, and always a hard stop: an
        infant has 80 to 100 mL of blood for each kilogram.
    usual_rate_per_kg, usual_duration : default "20 mL/kg/h" and "4 h"
        Above is a soft stop where no rate, and no duration, is stated [mL/kg/h], [h].
    usual_cell_rate, usual_min_duration : default "35,000 cells/kg/min" and "30 min"
        Faster and shorter is a soft stop where the protocol states no such limit: 1 million
        cells/kg in 30 minutes, with 5 % for the lines of the syringe (Lim 2018).
    usual_time_after_thaw : default "90 min"
        Later at the end of the infusion is a soft stop where the protocol states no such limit:
        the viability of thawed cells was 94 %, after 90 minutes 81 % and after 385 minutes 59 %
        (Biomed Res Ther 2024;11(9), doi:10.15419/bmrat.v11i9.917) [h].
    usual_dead_volume : default "1 mL"
        Above is a soft stop: syringes keep up to 0.1 mL and lines up to about 1 mL [mL].
    usual_viability, least_viability : default "70%" and "10%"
        Below is a soft stop where `min_viability` is not stated, and always a hard stop.
    own : sequence of str, optional
        Names of the limits that the protocol's definition states itself; an arm's are filled in. A
        usual limit is replaced by one of these, and otherwise only by a tighter one.

    Raises
    ------
    InputError
        For a limit without a unit or of another dimension.
    PolicyError
        For limits that contradict each other, or are looser than `BOUNDS` allow.

    References
    ----------
    Lim R et al. Stem Cells Transl Med 2018;7:628-35. doi:10.1002/sctm.18-0079: 1 million cells/kg
    by hand caused what looked like a pulmonary embolism in a preterm infant; none in five infants
    with a filter, an eighth of the concentration and 30 minutes.

    Examples
    --------
    >>> limits = Limits(max_volume_per_kg="2 mL/kg", min_viability="70%")
    >>> str(limits["max_volume_per_kg"]), limits["max_rate"] is None
    ('2 mL/kg', True)
    """

    dose: Any = None
    counts: str = "viable"
    max_volume_per_kg: Any = None
    max_total_volume_per_kg: Any = None
    max_dmso_per_kg: Any = None
    max_rate: Any = None
    max_rate_per_kg: Any = None
    max_cell_rate: Any = None
    min_duration: Any = None
    max_duration: Any = None
    max_time_after_thaw: Any = None
    line_filter: str | None = None
    min_concentration: Any = None
    max_concentration: Any = None
    max_cells: Any = None
    max_total_dose: Any = None
    max_doses: int | None = None
    max_vials: int | None = None
    min_interval: Any = None
    max_interval: Any = None
    min_viability: Any = None
    min_weight: Any = "0.4 kg"
    max_weight: Any = "15 kg"
    rounding_tolerance: Any = "5%"
    rounding: str = "nearest"
    require_measured_weight: bool = False
    weight_age_early: Any = "24 h"
    weight_age_later: Any = "72 h"
    weight_age_hard: Any = "7 day"
    early_until: Any = "44 week"
    z_soft: float = 3.0
    z_hard: float = 6.0
    change_in_a_day: Any = "10%"
    change_per_day: Any = "3%"
    change_hard: Any = "30%"
    newborn_loss: Any = "11%"
    usual_dose_low: Any = "1 million cells/kg"
    usual_dose_high: Any = "50 million cells/kg"
    usual_age_low: Any = "28 day"
    usual_age_high: Any = "366 day"
    usual_concentration_low: Any = "1 million cells/mL"
    usual_concentration_high: Any = "20 million cells/mL"
    most_concentration: Any = "1000 million cells/mL"
    usual_vials: int = 20
    usual_volume_per_kg: Any = "10 mL/kg"
    most_volume_per_kg: Any = "100 mL/kg"
    usual_rate_per_kg: Any = "20 mL/kg/h"
    usual_cell_rate: Any = "35,000 cells/kg/min"
    usual_min_duration: Any = "30 min"
    usual_duration: Any = "4 h"
    usual_time_after_thaw: Any = "90 min"
    usual_dead_volume: Any = "1 mL"
    usual_viability: Any = "70%"
    least_viability: Any = "10%"
    own: Sequence[str] = field(default=(), repr=False, compare=False)
    figures: Mapping[str, Figure] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.counts not in COUNTS:
            raise InputError("counts", self.counts, f"accepted: {' or '.join(COUNTS)}")
        if self.rounding not in ROUNDINGS:
            raise InputError("rounding", self.rounding, f"accepted: {' or '.join(ROUNDINGS)}")
        text = self.line_filter
        if text is not None and not (isinstance(text, str) and text.strip() and text.isprintable()):
            raise InputError("line_filter", text, 'a text of one line, or "none"')
        if not isinstance(self.require_measured_weight, bool):
            raise InputError("require_measured_weight", self.require_measured_weight, "true, false")
        figures = {}
        for name in (*UNITS, *_PLAIN):
            value = getattr(self, name)
            if value is not None:
                figures[name] = _limit(name, value)
            elif name not in OPTIONAL:
                raise InputError(name, None, "a value: this limit cannot be left out")
        for low, high in _ORDERED:
            if low in figures and high in figures and figures[low].value > figures[high].value:
                raise PolicyError(f"{low} {figures[low]} is above {high} {figures[high]}")
        for name, (bound, why) in BOUNDS.items():
            if _is_looser(name, figures[name], _limit(name, bound)):
                raise PolicyError(
                    f"{name} {figures[name]} is looser than {_limit(name, bound)}, which nothing "
                    f"can loosen: {why}"
                )
        object.__setattr__(self, "figures", figures)
        object.__setattr__(self, "own", tuple(self.own))

    def __getitem__(self, name: str) -> Figure | None:
        """A limit in its canonical unit; None when the protocol does not state it."""
        return self.figures.get(name)

    def at(self, name: str) -> float:
        """The figure of a limit that always has one, in its canonical unit."""
        return self.figures[name].value

    def also(self, other: Limits) -> Limits:
        """These limits together with others; where both state one they must agree.

        Raises
        ------
        PolicyError
            When they state different figures for the same limit.
        """
        stated = {}
        for name in DEFAULTS:
            here, there, neutral = self._key(name), other._key(name), DEFAULT_KEYS[name]
            if here != there and neutral not in (here, there):
                raise PolicyError(
                    f"{name}: the protocol states {getattr(self, name)}, another is given: "
                    f"{getattr(other, name)}"
                )
            stated[name] = getattr(other if here == neutral else self, name)
        return replace(self, **stated, own=tuple(dict.fromkeys((*self.own, *other.own))))

    def stated(self) -> tuple[str, ...]:
        """The names of the limits that are not neocalc's defaults."""
        return tuple(name for name in DEFAULTS if self._key(name) != DEFAULT_KEYS[name])

    def loosened(self) -> tuple[Loosened, ...]:
        """The limits that are looser than neocalc's defaults, and by whom.

        Examples
        --------
        >>> [str(one) for one in Limits(z_hard=7.5, max_weight="12 kg").loosened()]
        ['z hard 7.5 instead of 6 (by the call)']
        """
        found = []
        for name, default in _default_figures().items():
            holds = self.figures[name]
            if _is_looser(name, holds, default):
                by = "the protocol" if name in self.own else "the call"
                found.append(Loosened(name, default, holds, by))
        return tuple(found)

    def _key(self, name: str) -> Any:
        figure = self.figures.get(name)
        return getattr(self, name) if figure is None else figure.value


def _limit(name: str, value: Any) -> Figure:
    """A limit in its canonical unit; above 0 and finite."""
    if name in _PLAIN:
        whole = name in _WHOLE
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise InputError(name, value, "a whole number" if whole else "a number")
        if not 0 < value <= _LARGEST:
            raise InputError(name, value, "a limit above 0 and up to 1,000,000")
        figure = Figure(value, "")
    elif UNITS[name] == "fraction":
        figure = Figure(fraction(value, name), "fraction")
    elif UNITS[name] == "kg":
        figure = Figure(metric_weight(value, name), "kg")
    else:
        figure = Figure(one_figure(value, UNITS[name], name), UNITS[name])
    if not 0 < figure.value < math.inf:
        raise InputError(name, value, "a limit above 0")
    return figure


def _is_looser(name: str, holds: Figure, than: Figure) -> bool:
    """Whether a limit with a default is looser than another figure of it."""
    if name in LOOSER_BELOW:
        return holds.value < than.value
    return holds.value > than.value


DEFAULTS: Final = {
    item.name: item.default for item in fields(Limits) if item.init and item.name != "own"
}
"""Each limit with its default."""
OPTIONAL: Final = frozenset(name for name, default in DEFAULTS.items() if default is None)
"""The limits that only a protocol can state."""
DEFAULT_KEYS: Final = {name: Limits()._key(name) for name in DEFAULTS}


@cache
def _default_figures() -> dict[str, Figure]:
    """The defaults in canonical units."""
    return {name: figure for name, figure in Limits().figures.items() if name not in OPTIONAL}
