"""Which rows of a cohort table are given a dose: of its arm, on the day of the dose, and eligible.

A dose is that of one arm and one day. A control infant, another arm and every other visit have a
status and no dose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neocalc.ages.age import Age
from neocalc.ages.policy import Policy, weeks_and_days
from neocalc.cohort.columns import column_of, dates, dates_of
from neocalc.cohort.mapping import Mapped
from neocalc.errors import CODE, FileError, InputError, MissingError, PolicyError, StatusArray
from neocalc.trials.files import same

if TYPE_CHECKING:
    import polars as pl

    from neocalc.dose.dosing import Dosing

Bools = npt.NDArray[np.bool_]
EPOCH = np.datetime64("1970-01-01", "D")


def check_rows(dosing: Any, present: list[str], mapped: Mapped, where: str) -> None:
    """Refuse a table that has no weights, or whose rows are not told apart.

    Raises
    ------
    MissingError
        Without the columns of the arm and of the day of the dose, unless every row is asked for.
    FileError
        For a column that is not there, or a date that no other can be compared with.
    """
    from neocalc.dose.dosing import Dosing

    if not isinstance(dosing, Dosing):
        accepted = 'a neocalc.dose.Dosing, such as Dosing(dose="5e6 cells/kg")'
        raise InputError("dose", dosing, accepted)
    if mapped.has("weight_lb"):
        raise FileError(f"{where}: no dose is worked out from pounds; give weight_kg or weight_g")
    if mapped.measure("weight") is None:
        raise FileError(f"{where}: a dose by body weight needs the column weight_kg or weight_g")
    if dosing.every_row:
        for name in ("arm_column", "dosed_on"):
            if getattr(dosing, name) is not None:
                raise InputError(name, getattr(dosing, name), "this or every_row, not both")
        return
    if dosing.arm is None:
        raise MissingError("every_row", "a dose without a trial is that of every row: say so")
    for name, what in (("arm_column", "arm of each row"), ("dosed_on", "day of its dose")):
        column = getattr(dosing, name)
        if column is None:
            accepted = f"name the column with the {what}, or ask for every_row: for planning"
            raise MissingError(name, accepted)
        if column not in present:
            raise FileError(f"{where}: there is no column {column!r} ({what})")
    if not mapped.has("measured_on"):
        raise FileError(f"{where}: the day of a dose needs measured_on, the day of each row")


def check_policy(dosing: Dosing, policy: Policy, reference: str) -> None:
    """Refuse to check the weights by another policy than the protocol's.

    Raises
    ------
    PolicyError
        When the protocol fixes the policy of the weight check, and it is not this one.
    """
    fixed = None if dosing.arm is None else dosing.arm.conditions.weight_policy()
    if fixed is None:
        return
    if (policy.of_infants.key, reference) != (fixed[0].of_infants.key, fixed[1]):
        assert dosing.arm is not None
        raise PolicyError(
            f"{dosing.arm.label} checks the weight by another policy: {fixed[0].describe(fixed[1])}"
        )


def row_codes(table: pl.DataFrame, mapped: Mapped, dosing: Dosing) -> StatusArray:
    """Why a row is given no dose, whatever its weight: another arm, or another day."""
    nothing = np.zeros(table.height, dtype=np.uint8)
    if dosing.every_row:
        return nothing
    assert dosing.arm is not None and dosing.arm_column is not None and dosing.dosed_on is not None
    word = dosing.arm.name if dosing.arm_word is None else dosing.arm_word
    arm_codes = np.array(
        [_arm_code(value, word) for value in _own(table, mapped, dosing.arm_column).to_list()],
        dtype=np.uint8,
    )
    given = dates(_own(table, mapped, dosing.dosed_on), mapped.date_format)
    found = nothing if given.status is None else given.status
    blank = found == CODE["missing_age"]
    elsewhere = (found == 0) & (given.codes != dates_of(table, mapped, "measured_on").codes)
    day_codes = np.where(elsewhere, CODE["other_day"], found)
    day_codes = np.where(blank, CODE["missing_dose_date"], day_codes)
    return np.where(arm_codes != 0, arm_codes, day_codes).astype(np.uint8)


def _own(table: pl.DataFrame, mapped: Mapped, name: str) -> pl.Series:
    """A column of the user's own, empty where a declared word for a missing value stands."""
    return column_of(table, mapped._replace(names={name: name}, seen=None), name)


def _arm_code(value: Any, word: str) -> int:
    text = "" if value is None else str(value).strip()
    if not text:
        return CODE["missing_arm"]
    return 0 if same(text, word) else CODE["other_arm"]


def not_eligible(
    table: pl.DataFrame, age: Age, rows: Bools, mapped: Mapped, dosing: Dosing
) -> Bools:
    """Which of some rows the trial does not take at their age, or cannot be told to take.

    Rows of one age are judged once, by the same checks as a single dose.
    """
    found = np.zeros(table.height, dtype=bool)
    at = np.flatnonzero(rows)
    if dosing.arm is None or not at.size:
        return found
    from neocalc.dose.conditions import stopped_by_age

    days, gestation = age.days[at].astype(np.int64), age.gestation_days[at].astype(np.int64)
    born = np.full(at.size, np.iinfo(np.int64).min)
    if mapped.has("measured_on"):
        on = dates_of(table, mapped._replace(seen=None), "measured_on")
        dated = np.ones(at.size, bool) if on.status is None else on.status[at] == 0
        born = np.where(dated, on.codes[at] - days, born)
    keys, place = np.unique(np.stack([days, gestation, born]), axis=1, return_inverse=True)
    stopped = [stopped_by_age(dosing.arm, _age(*key)) for key in keys.T.tolist()]
    found[at] = np.array(stopped)[place.ravel()]
    return found


def _age(days: int, gestation: int, born: int) -> Age:
    """The age of one infant; from dates where there are any: birthdays are those of a calendar."""
    stated = weeks_and_days(gestation) if gestation else None
    if born == np.iinfo(np.int64).min:
        return Age.from_days(days, gestation=stated)
    birth, on = (EPOCH + np.timedelta64(day, "D") for day in (born, born + days))
    return Age(born=birth.astype(object), on=on.astype(object), gestation=stated)
