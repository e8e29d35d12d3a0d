"""What there is for a pair of visits of a preterm child: three zones of age.

A: either visit before 40w0d. B: both from 40w0d to 24 months of corrected age. C: either above 24
months. The WHO's increments are of zone B alone, and were made from children born at term: their
use at corrected age is a convention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from neocalc.ages.age import Age
from neocalc.ages.policy import AGE_BASES, Policy
from neocalc.errors import InputError
from neocalc.velocity.changes import Change, change
from neocalc.velocity.gains import GAINS, Gain, gain_between
from neocalc.velocity.increment_tables import LAST_DAY
from neocalc.velocity.inputs import check_measure
from neocalc.velocity.scored import Velocity
from neocalc.velocity.zscores import zscore

ZONES: Final = {
    "A": "a visit before 40w0d",
    "B": "both visits from 40w0d to 24 months of corrected age",
    "C": "a visit above 24 months",
}
"""Each zone in words; for a child born at term the ages are chronological."""
RATES: Final = {
    "weight": {"exponential": "ABC", "g/day": "ABC"},
    "length": {"cm/week": "A", "cm/year": "C"},
    "head_circumference": {"cm/week": "A", "cm/year": "C"},
}
"""The rates of each measure, each with the zones in which it is given."""
WHY: Final = {
    "start_below_term": "the WHO's increments begin at 40w0d",
    "above_velocity_reference": "the WHO's increments end at 24 months",
    "interval_not_nominal": "the interval is not near enough to the WHO's, of 1 to 6 months",
    "no_table": "the WHO has no increments of this measure for this interval at this age",
    "non_positive_increment": "the increment is too small for the WHO's table",
    "oedema": "there was oedema",
    "age_below_reference": "the reference has no value at so young an age",
    "age_above_reference": "the reference has no value at so old an age",
    "no_reference": "the reference has no table of this measure",
}
"""Why there is no z, for people."""
NOT_STANDARDISED: Final = {
    "reference_changed": "the two z-scores are by different references",
    "start_below_term": "the correlation of z is known from 40w0d on",
    "above_velocity_reference": "the correlation of z is known to 36 months",
}
"""Why there is a change in z and no standardised change, for people."""
SOURCE_WORDS: Final = {
    "who-2009": "from a row of the WHO's increments",
    "who-2009-interpolated": "from the WHO's increments, between two widths",
    "who-2009-model": "from a model of the WHO's increments",
    "who-2009-model-extrapolated": (
        "from a model of the WHO's increments, extrapolated beyond 24 months"
    ),
}
"""Where a correlation is from, for people; a caller's own source stands for itself."""


@dataclass(frozen=True, eq=False)
class Zones:
    """What exists for a pair of visits of one child, and why the rest does not.

    Attributes
    ----------
    zone : str
        "A", "B" or "C".
    velocity : Velocity or None
        By the WHO's increments, in zone B.
    change : Change or None
        Change in z, in every zone.
    gains : dict of str to Gain
        By method; those of a weight in every zone.
    absent : dict of str to str
        What does not exist, each with the reason in words.
    corrected : bool
        Whether the ages are corrected; False for a child born at term or of unstated gestation.
    """

    zone: str
    velocity: Velocity | None
    change: Change | None
    gains: dict[str, Gain]
    absent: dict[str, str]
    corrected: bool = True

    @property
    def words(self) -> str:
        """The zone in words."""
        if self.zone == "B" and not self.corrected:
            return "both visits from birth to 24 months"
        return ZONES[self.zone]

    def describe(self) -> str:
        """What there is, in lines of text."""
        lines = [f"Zone {self.zone}: {self.words}"]
        if self.velocity is not None:
            lines.append(
                f"velocity z {self.velocity.z:.2f} over {self.velocity.interval_days} days"
                f" ({self.velocity.status})"
            )
        if self.change is not None:
            c = self.change
            lines.append(f"change in z {c.change:+.2f} ({c.status})")
            if c.r_source:
                lines.append(
                    f"standardised change {c.standardised:+.2f}, conditional gain"
                    f" {c.conditional:+.2f} (r {c.r:.3f}, {c.r_source})"
                )
        for method, rate in self.gains.items():
            how = f"{rate.unit}, {method}" if method != rate.unit else rate.unit
            lines.append(f"gain {rate.magnitude:.1f} {how} ({rate.status})")
        lines += [f"no {name}: {reason}" for name, reason in self.absent.items()]
        return "\n".join(lines)


def zones(
    measure: str,
    *,
    first: Any,
    second: Any,
    sex: Any,
    first_age: Age,
    second_age: Age,
    first_position: Any = None,
    second_position: Any = None,
    oedema: Any = None,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    between: str = "interpolate",
    r: float | None = None,
    r_source: str | None = None,
    change_limits: Any = None,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> Zones:
    """Everything that exists for a pair of visits of one child, and why the rest does not.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    first, second : str or pint.Quantity
        The measurements with their units [kg], [g] or [cm].
    sex, first_age, second_age, first_position, second_position, oedema, start, tolerance, \
restricted, between, change_limits, policy, sex_codes
        As for `zscore`, of one child.
    r, r_source : float and str, optional
        As for `change`.

    Returns
    -------
    Zones
        With velocity, change and gains, and the reasons for what is absent.

    Raises
    ------
    InputError
        For a wrong or missing input, or arrays: tables of visits have `score`.

    Examples
    --------
    >>> ages = Age.from_days(21, "26+0"), Age.from_days(28, "26+0")
    >>> found = zones("weight", first="900 g", second="1000 g", sex="f",
    ...               first_age=ages[0], second_age=ages[1])
    >>> print(found.describe())
    Zone A: a visit before 40w0d
    change in z -0.06 (ok)
    gain 15.1 g/kg/day, exponential (ok)
    gain 14.3 g/day (ok)
    no velocity z: the WHO's increments begin at 40w0d
    no standardised change: the correlation of z is known from 40w0d on
    """
    check_measure(measure)
    child = {"sex": sex, "first_age": first_age, "second_age": second_age, "oedema": oedema,
             "first_position": first_position, "second_position": second_position,
             "policy": policy, "sex_codes": sex_codes,
             "change_limits": change_limits}  # fmt: skip
    velocity = zscore(
        measure, first=first, second=second, start=start, tolerance=tolerance,
        restricted=restricted, between=between, **child,
    )  # fmt: skip
    if not velocity.single:
        raise InputError("first", first, "two visits of one child; tables have velocity.score")
    difference = change(measure, first=first, second=second, r=r, r_source=r_source, **child)
    pairs = velocity.codes.pairs
    zone = "A" if pairs.start[0] < 0 else "C" if pairs.end[0] > LAST_DAY else "B"
    absent = {}
    if velocity.z != velocity.z:
        absent["velocity z"] = WHY[velocity.status]
    if difference.change != difference.change:
        absent["change in z"] = WHY[difference.status]
    elif not difference.r_source:
        absent["standardised change"] = NOT_STANDARDISED[difference.standardised_status]
    gains = {}
    for method, where in RATES[measure].items():
        if zone not in where:
            absent[GAINS[measure][method]] = f"it is for zone {where}: {ZONES[where]}"
        elif velocity.status == "oedema":
            absent[GAINS[measure][method]] = WHY["oedema"]
        else:
            gains[method] = gain_between(measure, method, pairs)
    return Zones(
        zone,
        None if "velocity z" in absent else velocity,
        None if "change in z" in absent else difference,
        gains,
        absent,
        AGE_BASES[int(pairs.basis[0])] == "corrected",
    )
