"""Cohort tables: every row scored, in its place, with a status for each index.

`score` takes a pandas, polars or pyarrow table and gives back the same kind with columns added;
`score_table` is the same on a polars table, and what files and Spark go through.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Unpack

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT, TERM_SLOT, Policy, Resolved, policy_or_default, resolve
from neocalc.cohort.canonical import (
    AGE_COLUMNS,
    DOSE_COLUMNS,
    IN_MEMORY,
    INDICES,
    MEASURE_COLUMNS,
    TABLE,
)
from neocalc.cohort.children import alone, completed
from neocalc.cohort.columns import (
    ages,
    births,
    column_of,
    gestations,
    measured,
    oedemas,
    positions,
    sexes,
)
from neocalc.cohort.doserows import check_policy, check_rows
from neocalc.cohort.findings import Found
from neocalc.cohort.identities import Ids, identified
from neocalc.cohort.mapping import Mapped, Words, checked_prefix, map_columns
from neocalc.cohort.notes import noted
from neocalc.errors import CODE, FileError, StatusArray, combined
from neocalc.growth.placement import Inputs
from neocalc.growth.scoring import Scored, body_mass_index
from neocalc.growth.scoring import score as score_column
from neocalc.reading.dates import NOT_STATED
from neocalc.reading.units import Floats
from neocalc.reading.words import Coded
from neocalc.references.files import MEASURES
from neocalc.references.lookup import Rows as Places

if TYPE_CHECKING:
    import polars as pl

    from neocalc.dose.dosing import Dosing

COMPARED: Final = ("difference", "compared")
"""What is added for an index that a table has already."""


@dataclass(frozen=True)
class Scoring:
    """What is done to each row: columns, policy and options.

    Parameters
    ----------
    mapped : Mapped
        The columns.
    policy : Policy
        The correction policy.
    reference : str
        "auto", or one reference whatever the age.
    centiles, uncorrected : bool
        Whether to add the centile and the z at chronological age of each index.
    dose : Dosing, optional
        The dose that is worked out for each row.
    prefix : str
        What stands before the name of every added column.
    compare : dict of str to str
        For an index the column of the table that has it already.
    """

    mapped: Mapped
    policy: Policy = field(default_factory=Policy)
    reference: str = DEFAULT
    centiles: bool = False
    uncorrected: bool = False
    dose: Dosing | None = None
    prefix: str = ""
    compare: Mapping[str, str] = field(default_factory=dict)

    @property
    def indices(self) -> dict[str, str]:
        """The indices that the columns allow, with their measures."""
        has = {measure for measure in MEASURE_COLUMNS if self.mapped.measure(measure)}
        if {"weight", "length"} <= has:
            has |= {"bmi", "weight_for_length"}
        return {index: measure for index, measure in INDICES.items() if measure in has}

    @property
    def added(self) -> list[str]:
        """The names of the added columns."""
        names = list(AGE_COLUMNS)
        for index in self.indices:
            names += [index, f"{index}_reference", f"{index}_status"]
            names += [f"{index}_centile"] if self.centiles else []
            names += [f"{index}_uncorrected"] if self.uncorrected else []
            names += [f"{index}_{part}" for part in COMPARED if index in self.compare]
        names += DOSE_COLUMNS if self.dose is not None else ()
        return [self.prefix + name for name in names]

    @property
    def needed(self) -> list[str]:
        """The columns that are read, under their names in the table."""
        own = () if self.dose is None else (self.dose.arm_column, self.dose.dosed_on)
        named = [*self.mapped.names.values(), *self.compare.values(), *filter(None, own)]
        return list(dict.fromkeys(named))

    @property
    def by_child(self) -> bool:
        """Whether the rows of a child belong together: the table says whose they are."""
        return self.mapped.has("subject_id")

    @property
    def compares(self) -> bool:
        """Whether a row's result depends on the other rows of its child, beside their facts."""
        return False

    @property
    def apart(self) -> Scoring:
        """The same for rows that each stand alone."""
        names = {name: own for name, own in self.mapped.names.items() if name != "subject_id"}
        return replace(self, mapped=self.mapped._replace(names=names))

    def told(self, counts: Counter[Any]) -> dict[str, Any]:
        """What else a record says, from what `Rows.counted` counted in all tables of a run."""
        return {}

    def said(self, counts: Counter[Any]) -> list[str]:
        """What else the summary of a run says, a line each."""
        return []

    def columns(
        self,
        table: pl.DataFrame,
        watch: Callable[[Rows], None] | None = None,
        ids: Ids | None = None,
    ) -> list[pl.Series]:
        """The added columns of a table that holds all rows of its children: `added_columns`."""
        return added_columns(table, self, watch, ids)

    def check(self, present: list[str], where: str) -> None:
        """Refuse a table that has a column of the name of an added one."""
        both = [name for name in self.added if name in set(present)]
        if both:
            option = "prefix='nc_'" if where in IN_MEMORY else "--prefix nc_"
            raise FileError(
                f"{where}: it has the columns {', '.join(both)} already; to add ours beside them"
                f" under other names: {option}"
            )


def plan(
    present: list[str],
    *,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    centiles: bool = False,
    uncorrected: bool = False,
    dose: Dosing | None = None,
    prefix: str = "",
    compare: Mapping[str, str] | None = None,
    where: str = TABLE,
    command: bool = False,
    adds: bool = True,
    **words: Unpack[Words],
) -> Scoring:
    """Check the columns and options once, before any row is read.

    Where columns are added (`adds`), their names have to be free.
    """
    mapped = map_columns(
        present, columns, sex_codes, missing, where=where, command=command, **words
    )
    chosen = policy_or_default(policy)
    if dose is not None:
        check_rows(dose, present, mapped, where)
        check_policy(dose, chosen, reference)
    scoring = Scoring(
        mapped, chosen, reference, centiles, uncorrected, dose, checked_prefix(prefix)
    )
    resolve(Age.from_days(0, "30+0"), scoring.policy, reference)  # an unknown reference, now
    if compare:
        from neocalc.cohort.comparing import checked

        scoring = replace(scoring, compare=checked(compare, scoring.indices, present, where))
    if adds:
        scoring.check(present, where)
    return scoring


def score(
    frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    ignore: Iterable[str] = (),
    oedema_codes: Mapping[str, Any] | None = None,
    position_codes: Mapping[str, Any] | None = None,
    date_format: str | None = None,
    decimal: str = ".",
    completed_weeks: str | None = None,
    convert: bool = False,
    policy: Policy | None = None,
    reference: str = DEFAULT,
    centiles: bool = False,
    uncorrected: bool = False,
    dose: Dosing | None = None,
    prefix: str = "",
    compare: Mapping[str, str] | None = None,
) -> Any:
    """Score a table of visits.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with the canonical columns (docs/columns.md) or mapped ones; not changed.
    columns : dict, optional
        Canonical name to the name in the table, such as ``{"weight_kg": "WT"}``.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.
    missing : str, number, iterable of them, or dict, optional
        Words for a missing value beside an empty field, such as ``["NA", -99]``; in a dict for
        single columns, ``{"weight_g": [999], "all": ["NA"]}``. A number is never a missing id.
    ignore : iterable of str, optional
        Columns that look like one that is read and are left out on purpose.
    oedema_codes, position_codes : dict, optional
        Declared codings, ``{"yes": 1, "no": 0}`` and ``{"recumbent": 1, "standing": 2}``.
    date_format : str, optional
        The form of dates in texts whose order is in doubt, such as "%d/%m/%Y".
    decimal : str, default "."
        The mark between whole and decimals in texts, "." or ",".
    completed_weeks : str, optional
        What weeks without days stand for: "start" (27 is 27+0) or "middle" (27 is 27+3).
    convert : bool
        Read `weight_lb` [lb] and `length_in` [in], which are refused else.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    reference : str, default "auto"
        One reference whatever the age.
    centiles, uncorrected : bool
        Add the centile, and the z at chronological age, of each index.
    dose : neocalc.dose.Dosing, optional
        Add the cells and volume of a dose for each weight, with a status.
    prefix : str
        Before the name of every added column, such as ``"nc_"``.
    compare : dict, optional
        z-scores that the table has already (``{"waz": "WAZ"}``): adds the difference and why.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The kind that was given: every row in order, every column untouched, and the added columns:
        ages [day], for each index its z [unitless], reference and status, and of a dose its cells
        [cell], volume [mL] and status. Of a LazyFrame nothing is read before it is collected.

    Raises
    ------
    FileError
        When columns are missing, appear twice, or have no unit in their name. A bad row never
        raises: it has a status.

    Warns
    -----
    ColumnWarning
        When a column looks like one that is read and is not, nearly all of a column has one fault,
        or a word for a missing value may be a child's. Of a LazyFrame names alone are looked at.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame(
    ...     {"sex": ["f", ""], "age_days": [105, 105], "gestational_age": ["27+3", "27+3"],
    ...      "weight_g": [3100, 3100]})
    >>> score(visits)["waz_status"].to_list()
    ['ok', 'missing_sex']
    """
    from neocalc.cohort import frames

    scoring = plan(
        frames.kind_of(frame).columns(frame), columns=columns, sex_codes=sex_codes,
        missing=missing, ignore=ignore, oedema_codes=oedema_codes, position_codes=position_codes,
        date_format=date_format, decimal=decimal, completed_weeks=completed_weeks,
        convert=convert, policy=policy, reference=reference,
        centiles=centiles, uncorrected=uncorrected, dose=dose, prefix=prefix,
        compare=compare,
    )  # fmt: skip
    return frames.with_added(
        frame,
        scoring.needed,
        noted(scoring.columns, scoring.mapped, whole=scoring.by_child or not frames.is_lazy(frame)),
        by_row=not scoring.by_child,
        ids=scoring.mapped.names.get("subject_id"),
    )


def score_table(
    table: pl.DataFrame,
    scoring: Scoring,
    watch: Callable[[Rows], None] | None = None,
    ids: Ids | None = None,
) -> pl.DataFrame:
    """A polars table with the added columns."""
    return table.hstack(scoring.columns(table, watch, ids))


def added_columns(
    table: pl.DataFrame,
    scoring: Scoring,
    watch: Callable[[Rows], None] | None = None,
    ids: Ids | None = None,
) -> list[pl.Series]:
    """The added columns of a table: where there is a subject_id, of all rows of its children.

    `watch` is shown the prepared rows before they are scored; `ids` says whose the rows are, where
    it is not the column subject_id that does.
    """
    from neocalc.cohort.added import age_series, dose_series, floats, index_series

    rows = Rows(table, scoring, ids)
    if watch is not None:
        watch(rows)
    series = age_series(rows.age)
    doses: list[pl.Series] = []
    for index, measure in scoring.indices.items():
        scored = rows.score(measure)
        series += index_series(index, scored, centiles=scoring.centiles)
        if scoring.uncorrected:
            z = rows.score(measure, uncorrected=True).z
            series.append(floats(f"{index}_uncorrected", z))
        if index in scoring.compare:
            from neocalc.cohort.comparing import compared_series

            series += compared_series(table, rows, scoring, index, scored.z)
        if scoring.dose is not None and measure == "weight":
            infants = rows.of_infants()
            weighed = scored if infants is rows else infants.score(measure)
            inputs = infants.inputs("weight", infants.resolved)
            doses = dose_series(table, infants.age, weighed, inputs, scoring.mapped, scoring.dose)
    return [one.alias(scoring.prefix + one.name) for one in series + doses]


def ids_of(table: pl.DataFrame, scoring: Scoring) -> Ids | None:
    """Whose the rows of a table are; None where it does not say."""
    if not scoring.mapped.has("subject_id"):
        return None
    return identified(column_of(table, scoring.mapped, "subject_id"))


class Rows:
    """The prepared columns of a table, each read once and shared by all indices.

    Parameters
    ----------
    table : polars.DataFrame
        The rows.
    scoring : Scoring
        Its columns and the policy.
    ids : Ids, optional
        Whose the rows are; by default as the column subject_id says, and without it each row
        stands alone.

    Attributes
    ----------
    stated : dict of str to Coded
        Sex, gestation and date of birth as each row states them.
    children : neocalc.cohort.children.Children
        The same as they hold for the child.
    repeated : int
        Rows that repeat another of the child and day, where visits are compared.
    counted : callable or None
        It counts, when it is asked to, what the summary of a run says of results beside statuses.
    found : dict of str to Found
        What was found in each column.
    """

    counted: Callable[[], Counter[Any]] | None = None

    def __init__(self, table: pl.DataFrame, scoring: Scoring, ids: Ids | None = None) -> None:
        self.found: dict[str, Found] = {}
        mapped = scoring.mapped._replace(seen=self.found)
        self.policy, self.reference = scoring.policy, scoring.reference
        self.repeated = 0
        born = births(table, mapped)
        self.stated = {"sex": sexes(table, mapped), "gestation": gestations(table, mapped, born)}
        if born is not None:
            self.stated["birth_date"] = born
        ids = ids_of(table, scoring) if ids is None else ids
        if ids is None:
            self.children = alone(self.stated)
        else:
            self.children = completed(ids, self.stated)
        facts = self._facts()
        self.sex = facts["sex"]
        self.age = ages(table, mapped, facts["gestation"], facts.get("birth_date"))
        self.position = positions(table, mapped)
        self.oedema = oedemas(table, mapped)
        self.measures: dict[str, tuple[Floats, StatusArray | None]] = {}
        for measure in MEASURE_COLUMNS:
            found = measured(table, mapped, measure, MEASURES[measure])
            if found is not None:
                self.measures[measure] = found
        self._resolve()

    def _facts(self) -> dict[str, Coded]:
        """The facts that are used: none of those that two rows of a child contradict.

        A conflict of whatever fact leaves the sex of the child unusable, so that it has no z.
        """
        facts = dict(self.children.facts)
        for name, rows in self.children.conflicts.items():
            if name in facts:
                own = facts[name].status
                word = rows * np.uint8(CODE["subject_conflict"])
                codes = np.where(rows, NOT_STATED, facts[name].codes).astype(np.int32)
                facts[name] = Coded(codes, word if own is None else np.where(rows, word, own))
        facts["sex"] = Coded(
            facts["sex"].codes, combined(facts["sex"].status, self.children.status)
        )
        return facts

    def _resolve(self) -> None:
        self.resolved = resolve(self.age, self.policy, self.reference)
        self.uncorrected = self.policy.uncorrected_reference(self.reference)

    def aged(self, age: Age) -> Rows:
        """The same rows at other ages."""
        rows = copy.copy(self)
        rows.age = age
        rows._resolve()
        return rows

    def of_infants(self) -> Rows:
        """The rows as a dose is checked: who is scored by a reference of school age has no z."""
        if not (self.resolved.slot > TERM_SLOT).any():
            return self
        rows = copy.copy(self)
        rows.policy = self.policy.of_infants
        rows._resolve()
        return rows

    def take(self, places: Places) -> Rows:
        """Some of the rows, in any order; the facts stay those of all rows of their children."""
        rows = copy.copy(self)
        rows.counted = None
        rows.stated = {name: _taken(fact, places) for name, fact in self.stated.items()}
        children = self.children
        rows.children = children._replace(
            ids=None if children.ids is None else children.ids.take(places),
            facts={name: _taken(fact, places) for name, fact in children.facts.items()},
            conflicts={name: at[places] for name, at in children.conflicts.items()},
        )
        rows.sex = _taken(self.sex, places)
        rows.age = self.age.take(places)
        rows.position = None if self.position is None else _taken(self.position, places)
        rows.oedema = None if self.oedema is None else _taken(self.oedema, places)
        rows.measures = {
            measure: tuple(_taken(column, places)) for measure, column in self.measures.items()
        }
        rows._resolve()
        return rows

    def inputs(self, measure: str, resolved: Resolved) -> Inputs:
        """The columns that a measure is scored from."""
        source = "weight" if measure in ("bmi", "weight_for_length") else measure
        value, status = self.measures[source]
        length, length_status = None, None
        if source != measure:
            length, length_status = self.measures["length"]
        if self.position is not None and measure in ("length", "bmi", "weight_for_length"):
            status = combined(status, self.position.status)
        if self.oedema is not None and source == "weight":
            status = combined(status, self.oedema.status)
        return Inputs(
            value,
            self.sex.codes,
            resolved,
            status,
            self.sex.status,
            None if self.position is None else self.position.codes,
            None if self.oedema is None else self.oedema.codes,
            length,
            length_status,
            self.policy.require_position,
        )

    def score(self, measure: str, *, uncorrected: bool = False) -> Scored:
        """Score one measure, at the policy's age or at chronological age."""
        resolved = self.resolved
        if uncorrected:
            nothing = np.zeros_like(self.age.gestation_days)
            plain = Age.from_codes(self.age.days, nothing, self.age.status, None)
            name = DEFAULT if self.reference == DEFAULT else self.uncorrected
            resolved = resolve(plain, self.policy, name)
        inputs = self.inputs(measure, resolved)
        if measure == "bmi":
            inputs = body_mass_index(inputs)
        return score_column(measure, inputs)


def _taken(column: Any, places: Places) -> Any:
    """Some rows of a column with statuses."""
    codes, status = column
    return Coded(codes[places], None if status is None else status[places])
