"""Z-scores of attained growth, their inverse, chart curves and size at birth.

References
----------
WHO Multicentre Growth Reference Study Group. WHO Child Growth Standards: methods and development.
Geneva: WHO; 2006 (ISBN 92 4 154693 X).

Fenton TR, Kim JH. BMC Pediatrics 2013;13:59. doi:10.1186/1471-2431-13-59

Fenton TR, Elmrayed S, Alshaikh BN. Paediatr Perinat Epidemiol 2025. doi:10.1111/ppe.70035
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.age import NOT_STATED, Age, stated_gestations
from neocalc.coding import Coded, code_words, oedema_code, position_code, sex_code, sex_coder
from neocalc.errors import CODE, STATUSES, AgeError, InputError, MissingError, status_words
from neocalc.lms import centile_from_zscore, measurement_from_zscore, zscore_from_centile
from neocalc.policy import AGE_BASES, DEFAULT, GESTATION, Policy, Resolved, resolve
from neocalc.references import MEASURES
from neocalc.references import reference as find_reference
from neocalc.scoring import Inputs, Scored, body_mass_index, score, unscore
from neocalc.units import Floats, figures_of, numbers_of, quantity

if TYPE_CHECKING:
    import pint

PUBLIC_MEASURES: Final = tuple(name for name in MEASURES if name != "weight_for_height")
"""The measures by their public names; weight_for_length chooses between length and height."""
CENTILES: Final = (3, 10, 50, 90, 97)
"""The lines that `curves` draws unless others are named."""
NO_AGE: Final = Age.from_codes(
    np.zeros(1, dtype=np.int32),
    np.zeros(1, dtype=np.int32),
    np.array([CODE["missing_age"]], dtype=np.uint8),
    None,
)


class ZScore:
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
        self.codes = scored
        self.single = single

    def __repr__(self) -> str:
        if self.single:
            return f"<ZScore {self.z:.2f} {self.reference} {self.age_basis} {self.status}>"
        return f"<ZScore of {len(self.codes.z):,}>"

    @cached_property
    def z(self) -> Any:
        """Z-score [unitless]."""
        return float(self.codes.z[0]) if self.single else self.codes.z

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

    @cached_property
    def status(self) -> Any:
        """The status word."""
        return STATUSES[self.codes.status[0]] if self.single else status_words(self.codes.status)

    def _words(self, words: Sequence[str], codes: Any) -> Any:
        return words[int(codes[0])] if self.single else np.array(words, dtype=object)[codes]


class SizeAtBirth(ZScore):
    """Z-scores of size at birth, with `category`: "SGA", "AGA" or "LGA"; empty without a z."""

    @cached_property
    def category(self) -> Any:
        """SGA below the 10th centile, LGA above the 90th (Fenton 2025: at birth only)."""
        centile = np.atleast_1d(self.centile)
        code = np.where(centile < 10, 1, np.where(centile > 90, 3, 2))
        return self._words(("", "SGA", "AGA", "LGA"), np.where(np.isnan(centile), 0, code))


class Curves(NamedTuple):
    """Lines of a growth chart.

    Attributes
    ----------
    measure, sex, reference, chart_label : str
        What is drawn; `chart_label` must stand on every chart drawn from these lines.
    axis : str
        "age_days", "postmenstrual_age_days", "length_cm" or "completed_weeks".
    x : numpy.ndarray
        Positions along the axis, in the unit that its name ends with.
    z, centiles : numpy.ndarray
        Of each line.
    lines : pint.Quantity
        One row for each line, one column for each position.
    """

    measure: str
    sex: str
    reference: str
    chart_label: str
    axis: str
    x: Floats
    z: Floats
    centiles: Floats
    lines: pint.Quantity[Any]


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
    target = _unit(measure, weight=length is not None)
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
            _refuse_length(length)
        _refuse(STATUSES[scored.status[0]], measure, value)
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
    unit = _unit(measure, weight=measure != "bmi")
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
    if word != "ok":
        raise InputError("z", z, f"there is no {measure} at this z: {word}", status=word)
    return quantity(float(values[0]), unit)


def curves(
    measure: str,
    *,
    sex: str,
    reference: str,
    centiles: Sequence[float] | None = None,
    z: Sequence[float] | None = None,
) -> Curves:
    """Lines of a growth chart, drawn as the publishers draw them: by the plain LMS method.

    The WHO's charts draw their outer lines without the restriction beyond +-3 SD, so that a line
    and the inverse (`measurement`) differ there.

    Parameters
    ----------
    measure : str
        A measure of the reference; also weight_for_height, the standing table of the WHO.
    sex : str
        male, female, m or f.
    reference : str
        Id of the reference or path of a folder.
    centiles, z : sequence of float, optional
        Lines to draw [%] or [unitless]: one of the two; by default centiles 3, 10, 50, 90, 97.

    Returns
    -------
    Curves
        The lines, and the label that must stand on a chart of them.

    Examples
    --------
    >>> chart = curves("weight", sex="female", reference="fenton-2013", centiles=[50])
    >>> chart.axis, float(chart.x[0]), round(float(chart.lines.magnitude[0, 0]), 4)
    ('postmenstrual_age_days', 158.0, 0.5129)
    """
    ref = find_reference(reference)
    if not isinstance(measure, str) or measure not in ref.measures or ref.use == "velocity":
        raise InputError("measure", measure, f"{ref.id} has: {', '.join(ref.measures)}")
    if centiles is not None and z is not None:
        raise InputError("z", z, "give centiles or z, not both")
    name, given, accepted = "z", z, "a list of numbers of SD"
    if z is None:
        name, given, accepted = "centiles", centiles, "a list of numbers above 0 and below 100"
    wrong = partial(InputError, name, given, accepted)
    figures, odd, single = numbers_of(CENTILES if given is None else given, name, wrong)
    lines = figures if z is not None else np.asarray(zscore_from_centile(figures))
    if single or odd is not None or not np.isfinite(lines).all():
        raise wrong()
    table = ref.table(measure)
    code = sex_code(sex)
    values = measurement_from_zscore(
        lines[:, np.newaxis], table.L[code], table.M[code], table.S[code]
    )
    keys = np.arange(table.first, table.last + 1, dtype=np.float64)
    return Curves(
        measure,
        ("female", "male")[code],
        ref.id,
        ref.chart_label,
        table.axis,
        keys / 10 if table.axis == "length_cm" else keys,
        lines,
        np.asarray(centile_from_zscore(lines)) if centiles is None else figures,
        quantity(values, table.unit),
    )


def size_at_birth(
    measure: str,
    value: Any,
    *,
    sex: Any,
    gestation: Any,
    reference: str = "fenton-2025-birth",
    sex_codes: Mapping[str, Any] | None = None,
) -> SizeAtBirth:
    """Z-score and category of size at birth, by completed weeks of gestation.

    The tables of size at birth are not those of growth after it: they are by completed week, and
    only for the day of birth.

    Parameters
    ----------
    measure : str
        weight, length or head_circumference.
    value, sex, sex_codes
        As for `zscore`.
    gestation : str, pint.Quantity, or an array of them
        Gestational age at birth; its days are dropped.
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
    ref = find_reference(reference)
    if ref.use != "size_at_birth":
        raise InputError("reference", reference, "a reference of size at birth, by completed week")
    figures, status, single = figures_of(value, _unit(measure), measure)
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
    completed = weeks.codes // 7
    basis = blank + np.uint8(GESTATION)
    resolved = Resolved((ref,), blank, completed, basis, completed * 0, basis, unstated)
    scored = score(measure, Inputs(figures, sexes.codes, resolved, status, sexes.status))
    if single:
        _refuse(STATUSES[scored.status[0]], measure, value)
    return SizeAtBirth(scored, single=single)


def _unit(measure: str, *, weight: bool = False) -> str:
    """The canonical unit of a measure; of the weight that a BMI is computed from."""
    if not isinstance(measure, str) or measure not in PUBLIC_MEASURES:
        raise InputError("measure", measure, f"accepted: {', '.join(PUBLIC_MEASURES)}")
    return "kg" if measure == "bmi" and weight else MEASURES[measure]


def inputs_of(
    measure: str,
    figures: Floats,
    status: Any,
    single: bool,
    sex: Any,
    age: Age | None,
    length: Any,
    position: Any,
    oedema: Any,
    reference: str,
    policy: Policy | None,
    sex_codes: Mapping[str, Any] | None,
) -> tuple[Inputs, bool]:
    """Everything parsed, coded and of one length; and whether it is one child."""
    policy = Policy() if policy is None else policy
    if not isinstance(policy, Policy):
        raise InputError("policy", policy, "a neocalc.Policy")
    if age is None and measure != "weight_for_length":
        raise MissingError("age", "give a neocalc.Age", status="missing_age")
    if age is not None and not isinstance(age, Age):
        raise AgeError("age", age, "a neocalc.Age, such as neocalc.Age(born=..., on=...)")
    if length is None and measure == "weight_for_length":
        raise MissingError("length", "give the length or height with its unit")
    if length is not None and measure not in ("weight_for_length", "bmi"):
        raise InputError("length", length, "only for weight_for_length and bmi")
    lengths, length_status, one_length = (
        (None, None, True) if length is None else figures_of(length, "cm", "length")
    )
    sexes, one_sex = code_words(sex, sex_coder(sex_codes), "sex")
    positions, one_position = code_words(position, position_code, "position")
    swollen, one_oedema = code_words(oedema, oedema_code, "oedema")
    age = NO_AGE if age is None else age
    single = single and one_length and one_sex and one_position and one_oedema
    single = single and (age.single or age is NO_AGE)
    resolved = resolve(age, policy, reference)
    if single and resolved.status is not None and age is not NO_AGE:
        word = STATUSES[resolved.status[0]]
        if word == "missing_gestation":
            name = resolved.references[0].id
            raise MissingError("gestation", f"{name} goes by postmenstrual age", status=word)
    n = _length(figures, sexes.codes, positions.codes, swollen.codes, lengths, age.days)
    bad = _first_fault(positions, swollen, n)
    if bad is not None:
        status = bad if status is None else np.where(status == 0, bad, status)
    return Inputs(
        _to(figures, n),
        _to(sexes.codes, n),
        resolved.broadcast(n),
        _to(status, n),
        _to(sexes.status, n),
        None if position is None else _to(positions.codes, n),
        None if oedema is None else _to(swollen.codes, n),
        _to(lengths, n),
        _to(length_status, n),
        policy.require_position,
    ), single


def _first_fault(positions: Coded, swollen: Coded, n: int) -> Any:
    """`invalid_value` where a position or oedema is not one of the words."""
    given = [s for s in (positions.status, swollen.status) if s is not None]
    if not given:
        return None
    bad = np.zeros(n, dtype=bool)
    for status in given:
        bad |= status != 0
    return np.where(bad, CODE["invalid_value"], 0).astype(np.uint8)


def _same_length(figures: Floats, status: Any, sexes: Coded, weeks: Coded) -> Any:
    n = _length(figures, sexes.codes, weeks.codes)
    coded = (Coded(_to(c.codes, n), _to(c.status, n)) for c in (sexes, weeks))
    return _to(figures, n), _to(status, n), *coded


def _length(*columns: Any) -> int:
    """The common length of columns, where those of one element serve all."""
    lengths = {len(column) for column in columns if column is not None}
    if len(lengths - {1}) > 1:
        shown = " and ".join(f"{n:,}" for n in sorted(lengths - {1}))
        raise InputError("value", f"arrays of {shown} elements", "arrays of one length")
    return max(lengths - {1}, default=1)


def _to(column: Any, n: int) -> Any:
    """A column of n elements: itself, or its one element n times."""
    return column if column is None or len(column) == n else np.broadcast_to(column, (n,))


def _refuse_length(length: Any) -> None:
    """Raise for one child whose length cannot be used."""
    if not 0 < figures_of(length, "cm", "length")[0][0] < np.inf:
        raise InputError("length", length, "a length above 0")


def _refuse(word: str, measure: str, value: Any) -> None:
    """Raise for one child whose value cannot be used; other statuses are answers."""
    if word == "missing_value":
        raise MissingError(measure, "give a measurement with its unit")
    if word == "invalid_value":
        raise InputError(measure, value, "a value above 0")
