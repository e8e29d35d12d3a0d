"""Size at birth: z-score and category by completed weeks of gestation.

References
----------
Fenton TR, Elmrayed S, Alshaikh BN. Paediatr Perinat Epidemiol 2025. doi:10.1111/ppe.70035, and its
size-at-birth workbook
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from neocalc.ages.policy import GESTATION, Resolved
from neocalc.errors import CODE, STATUSES, MissingError
from neocalc.growth.arguments import common_length, refuse, to_length, unit_of
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import score
from neocalc.growth.zscores import ZScore
from neocalc.reading.dates import NOT_STATED, stated_gestations
from neocalc.reading.units import Floats, figures_of
from neocalc.reading.words import Coded, code_words, sex_coder
from neocalc.references.catalogue import Reference, reference_for


class SizeAtBirth(ZScore):
    """Z-scores of size at birth, with `category`: "SGA", "AGA" or "LGA"; empty without a z."""

    @cached_property
    def category(self) -> Any:
        """SGA below the 10th centile, LGA above the 90th (Fenton 2025: at birth only)."""
        centile = np.atleast_1d(self.centile)
        code = np.where(centile < 10, 1, np.where(centile > 90, 3, 2))
        return self._words(("", "SGA", "AGA", "LGA"), np.where(np.isnan(centile), 0, code))


def size_at_birth(
    measure: str,
    value: Any,
    *,
    sex: Any,
    gestation: Any,
    reference: str = "fenton-2025-birth",
    sex_codes: Mapping[str, Any] | None = None,
) -> SizeAtBirth:
    """Z-score and category of size at birth, by gestation.

    The tables of size at birth are not those of growth after it: they are for the day of birth
    only. Those of Fenton 2025 go by completed week, those of INTERGROWTH-21st by day.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    value, sex, sex_codes
        As for `zscore`.
    gestation : str, pint.Quantity, or an array of them
        Gestational age at birth; its days are dropped where the reference goes by completed week.
    reference : str, default "fenton-2025-birth"
        A reference of size at birth.

    Returns
    -------
    SizeAtBirth
        A `ZScore` with `category`.

    References
    ----------
    doi:10.1111/ppe.70035 and its size-at-birth workbook.

    Examples
    --------
    >>> birth = size_at_birth("weight", "980 g", sex="male", gestation="27+3")
    >>> round(birth.z, 2), birth.category
    (-0.61, 'AGA')
    """
    ref = reference_for(reference, "size_at_birth")
    figures, status, single = figures_of(value, unit_of(measure), measure)
    weeks, one = stated_gestations(gestation)
    sexes, one_sex = code_words(sex, sex_coder(sex_codes), "sex")
    single = single and one and one_sex
    if single and weeks.codes[0] == NOT_STATED:
        raise MissingError("gestation", 'give it, as "27+3"', status="missing_gestation")
    figures, status, sexes, weeks = _same_length(figures, status, sexes, weeks)
    unstated = np.where(weeks.codes == NOT_STATED, CODE["missing_gestation"], 0).astype(np.uint8)
    if weeks.status is not None:
        unstated = np.where(weeks.status != 0, weeks.status, unstated)
    blank = np.zeros(len(figures), dtype=np.uint8)
    by_day = axis_of(ref, measure) == "gestational_age_days"
    completed = weeks.codes if by_day else weeks.codes // 7
    basis = blank + np.uint8(GESTATION)
    resolved = Resolved((ref,), blank, completed, basis, completed * 0, basis, unstated)
    scored = score(measure, Inputs(figures, sexes.codes, resolved, status, sexes.status))
    if single:
        refuse(STATUSES[scored.status[0]], measure, value)
    return SizeAtBirth(scored, single=single)


def axis_of(ref: Reference, measure: str) -> str:
    """The axis of a measure: completed weeks, or days of gestation; empty where it is lacking."""
    return ref.measures[measure].axis if measure in ref.measures else ""


def _same_length(figures: Floats, status: Any, sexes: Coded, weeks: Coded) -> Any:
    n = common_length(figures, sexes.codes, weeks.codes)
    coded = (Coded(to_length(c.codes, n), to_length(c.status, n)) for c in (sexes, weeks))
    return to_length(figures, n), to_length(status, n), *coded
