"""Z-scores of attained growth and their inverse.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: methods and development.
Geneva: WHO; 2006 (ISBN 92 4 154693 X).

Fenton TR, Kim JH. BMC Pediatrics 2013;13:59. doi:10.1186/1471-2431-13-59

Fenton TR, Elmrayed S, Alshaikh BN. Paediatr Perinat Epidemiol 2025. doi:10.1111/ppe.70035
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import AGE_BASES, DEFAULT, Policy
from neocalc.errors import CODE, STATUSES, InputError, MissingError
from neocalc.growth.arguments import inputs_of, refuse, refuse_length, unit_of
from neocalc.growth.results import Result
from neocalc.growth.scoring import Scored, body_mass_index, score, unscore
from neocalc.reading.units import figures_of, measurable, numbers_of, quantity
from neocalc.references.lms import centile_from_zscore

if TYPE_CHECKING:
    import pint


class ZScore(Result):
    """Z-scores with where each came from: plain values for one child, arrays for many.

    Attributes
    ----------
    z : float or numpy.ndarray
        Z-score [unitless], unrounded; NaN where `status` says why there is none.
    centile : float or numpy.ndarray
        100 Phi(z) [%]. Beyond +-3 the WHO gives no centile; print "<0.1" or ">99.9" there.
    reference : str or numpy.ndarray
        Id of the reference; empty where none applies.
    age_basis : str or numpy.ndarray
        "chronological", "corrected", "postmenstrual" or "gestation"; empty where no age was used.
    method : str or numpy.ndarray
        "lms" or "lms-restricted"; empty where there is no z.
    status : str or numpy.ndarray
        "ok", "implausible" (z kept), or the reason why there is no z.

    Examples
    --------
    >>> zscore("weight", "10 kg", sex="male", age=Age.from_days(365))
    <ZScore 0.33 who-2006 chronological ok>
    """

    def __init__(self, scored: Scored, *, single: bool) -> None:
        super().__init__(scored.status, single=single)
        self.codes = scored

    def __repr__(self) -> str:
        if self.single:
            return f"<ZScore {self.z:.2f} {self.reference} {self.age_basis} {self.status}>"
        return f"<ZScore of {len(self.codes.z):,}>"

    @cached_property
    def z(self) -> Any:
        """Z-score [unitless]."""
        return self._one(self.codes.z)

    @cached_property
    def centile(self) -> Any:
        """Centile [%]."""
        return centile_from_zscore(self.z)

    @cached_property
    def reference(self) -> Any:
        """Id of the reference."""
        return self._words(["", *(ref.id for ref in self.codes.references)], self.codes.reference)

    @cached_property
    def age_basis(self) -> Any:
        """What the age is counted from."""
        return self._words(AGE_BASES, self.codes.basis)

    @cached_property
    def method(self) -> Any:
        """The LMS method of the table."""
        names = ["" if table is None else table.method for table in self.codes.tables]
        table = np.where(np.isnan(self.codes.z), len(names), self.codes.table)
        return self._words([*names, ""], table)


def zscore(
    measure: str,
    value: Any,
    *,
    sex: Any,
    age: Age | None = None,
    length: Any = None,
    position: Any = None,
    oedema: Any = None,
    reference: str = DEFAULT,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> ZScore:
    """Z-score of a measurement, for one child or for many.

    Parameters
    ----------
    measure : str
        weight, length, head_circumference, bmi, weight_for_length, arm_circumference,
        triceps_skinfold or subscapular_skinfold.
    value : str, pint.Quantity, or an array of them
        The measurement with its unit [kg], [g], [cm], [mm], [kg/m2]. For weight_for_length the
        weight; for bmi the BMI, or the weight when `length` is given.
    sex : str or array of str
        male, female, m or f, in any case; there is no default.
    age : Age, optional
        Needed for all but weight_for_length, which goes by position without it.
    length : str, pint.Quantity, or an array, optional
        Length or height [cm], for weight_for_length and bmi.
    position : str or array of str, optional
        "recumbent" or "standing" (l or h): how the length was measured.
    oedema : bool, str or array, optional
        With oedema there is no z that contains weight (WHO).
    reference : str, default "auto"
        "auto": the policy chooses. An id or a folder's path: that one, whatever the age.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.

    Returns
    -------
    ZScore
        With z, centile, reference, age_basis, method and status.

    Raises
    ------
    InputError
        For one child: an input that is wrong or missing. In arrays such elements have a status.
        Where the inputs are right but there is no answer (an age outside the table, oedema), z is
        NaN and `status` says why.

    References
    ----------
    WHO 2006 (ISBN 92 4 154693 X); doi:10.1186/1471-2431-13-59; doi:10.1111/ppe.70035.

    Examples
    --------
    A girl born at 27w3d, 105 days later:

    >>> age = Age.from_days(105, gestation="27+3")
    >>> r = zscore("weight", "3.1 kg", sex="female", age=age)
    >>> round(r.z, 2), r.reference, r.age_basis, r.status
    (-1.56, 'fenton-2013', 'postmenstrual', 'ok')
    """
    target = unit_of(measure, weight=length is not None)
    figures, status, single = figures_of(value, target, measure)
    inputs, single = inputs_of(
        measure, figures, status, single, sex, age, length, position, oedema, reference, policy,
        sex_codes,
    )  # fmt: skip
    if measure == "bmi" and inputs.length is not None:
        inputs = body_mass_index(inputs)
    scored = score(measure, inputs)
    if single:
        if length is not None:
            refuse_length(length)
            wrong = scored.status[0] == CODE["invalid_value"]
            if wrong and measure == "bmi" and measurable(figures)[0]:
                raise InputError("length", length, "a length with which there is a BMI")
        refuse(STATUSES[scored.status[0]], measure, value)
    return ZScore(scored, single=single)


def measurement(
    measure: str,
    z: Any,
    *,
    sex: Any,
    age: Age | None = None,
    length: Any = None,
    position: Any = None,
    reference: str = DEFAULT,
    policy: Policy | None = None,
    sex_codes: Mapping[str, Any] | None = None,
) -> pint.Quantity[Any]:
    """Measurement at a z-score: the inverse of `zscore`, by the same reference and method.

    Parameters
    ----------
    measure, sex, age, length, position, reference, policy, sex_codes
        As for `zscore`; with a `position`, the length as it would be measured so.
    z : float or array_like
        Z-score [unitless].

    Returns
    -------
    pint.Quantity
        [kg], [cm], [mm] or [kg/m2], for one child or for many; NaN in an array where there is none.

    Raises
    ------
    InputError
        For one child: a wrong input, or no measurement at this z, age or length.

    Examples
    --------
    >>> age = Age.from_days(365)
    >>> round(measurement("weight", z=4, sex="male", age=age).magnitude, 6)
    14.699589
    """
    unit = unit_of(measure, weight=measure != "bmi")
    figures, odd, single = numbers_of(z, "z", partial(InputError, "z", z, "a number of SD"))
    status = None if odd is None else odd * np.uint8(CODE["invalid_value"])
    inputs, single = inputs_of(
        measure, figures, status, single, sex, age, length, position, None, reference, policy,
        sex_codes,
    )  # fmt: skip
    values, status = unscore(measure, inputs.value, inputs)
    if not single:
        return quantity(values, unit)
    word = STATUSES[status[0]]
    if word == "missing_value":
        if np.isnan(figures[0]):
            raise MissingError("z", "a number of SD")
        refuse(word, measure, z)
    if word == "invalid_value":
        raise InputError("z", z, f"there is no {measure} at this z")
    if word != "ok":
        where, given = ("length", length) if age is None else ("age", age)
        none = f"there is no {measure} at this {where}: {word}"
        raise InputError(where, given, none, status=word)
    return quantity(float(values[0]), unit)
