"""The arguments of a call as columns: parsed, coded, and of one length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.lengths import POSITION_MATTERS
from neocalc.ages.policy import Policy, policy_or_default, resolve
from neocalc.errors import CODE, STATUSES, AgeError, InputError, MissingError
from neocalc.growth.placement import Inputs
from neocalc.reading.units import MEASURABLE, Floats, figures_of, measurable
from neocalc.reading.words import Coded, code_words, oedema_code, position_code, sex_coder
from neocalc.references.files import MEASURES

PUBLIC_MEASURES: Final = tuple(name for name in MEASURES if name != "weight_for_height")
"""The measures by their public names; weight_for_length chooses between length and height."""
NO_AGE: Final = Age.from_codes(
    np.zeros(1, dtype=np.int32),
    np.zeros(1, dtype=np.int32),
    np.array([CODE["missing_age"]], dtype=np.uint8),
    None,
)


def unit_of(measure: str, *, weight: bool = False) -> str:
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
    policy = policy_or_default(policy)
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
    n = common_length(figures, sexes.codes, positions.codes, swollen.codes, lengths, age.days)
    bad = _first_fault(positions, swollen, n)
    if bad is not None:
        status = bad if status is None else np.where(status == 0, bad, status)
    return Inputs(
        to_length(figures, n),
        to_length(sexes.codes, n),
        resolved.broadcast(n),
        to_length(status, n),
        to_length(sexes.status, n),
        None if position is None else to_length(positions.codes, n),
        None if oedema is None else to_length(swollen.codes, n),
        to_length(lengths, n),
        to_length(length_status, n),
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


def common_length(*columns: Any) -> int:
    """The common length of columns, where those of one element serve all."""
    lengths = {len(column) for column in columns if column is not None}
    if len(lengths - {1}) > 1:
        shown = " and ".join(f"{n:,}" for n in sorted(lengths - {1}))
        raise InputError("value", f"arrays of {shown} elements", "arrays of one length")
    return max(lengths - {1}, default=1)


def to_length(column: Any, n: int) -> Any:
    """A column of n elements: itself, or its one element n times."""
    return column if column is None or len(column) == n else np.broadcast_to(column, (n,))


def refuse_length(length: Any) -> None:
    """Raise for one child whose length cannot be used."""
    if not measurable(figures_of(length, "cm", "length")[0])[0]:
        raise InputError("length", length, MEASURABLE)


def refuse(word: str, measure: str, value: Any) -> None:
    """Raise for one child whose value cannot be used; other statuses are answers."""
    if word == "missing_value":  # a missing measurement has been refused: it is the position
        first, last = POSITION_MATTERS
        needs = f"the policy needs it at {first} to {last} days corrected: recumbent or standing"
        raise MissingError("position", needs)
    if word == "invalid_value":
        raise InputError(measure, value, MEASURABLE)
