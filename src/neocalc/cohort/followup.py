"""Growth velocity of a table of visits: every row in its place, compared with another of its child.

`score` takes a pandas, polars or pyarrow table and gives back the same kind with columns added;
`added_series` is the same on a polars table, and what files go through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Unpack

import numpy as np

from neocalc.ages.age import Age
from neocalc.ages.policy import DEFAULT, Policy, policy_or_default, resolve
from neocalc.cohort.alternatives import Key, count, described, sentences, without_z
from neocalc.cohort.columns import column_of, dates
from neocalc.cohort.comparisons import Children, Compared, Line, Taken
from neocalc.cohort.findings import note
from neocalc.cohort.identities import Ids
from neocalc.cohort.mapping import Words, checked_prefix, map_columns, mapping_of
from neocalc.cohort.notes import noted
from neocalc.cohort.table import Rows, Scoring, ids_of
from neocalc.cohort.velocity_columns import (
    PREFIXES,
    SINCE,
    added_columns,
    link,
    measured,
    score_measure,
)
from neocalc.errors import STATUSES, FileError, InputError, MissingError, StatusArray
from neocalc.growth.placement import Inputs
from neocalc.reading.words import Coded, Ints
from neocalc.references.lookup import Bools
from neocalc.velocity.correlations import SOURCES
from neocalc.velocity.increments import DEFAULT_RULES, Rules
from neocalc.velocity.intervals import METHODS
from neocalc.velocity.visits import AGAINST, interval_and_window

if TYPE_CHECKING:
    import polars as pl

RESULTS: Final = ("velocity", "gain", "change", "standardised")
"""What is added for each measure, each with its own status."""
WORDS: Final = {"_velocity_method": METHODS, "_change_r_source": SOURCES}
"""The words of other columns of codes, by the ends of their names."""


@dataclass(frozen=True)
class FollowUp(Scoring):
    """What is done to each visit: columns, policy, and with which visit it is compared.

    Parameters
    ----------
    against : str
        "previous", "first", "baseline" or "interval".
    baseline : str, optional
        The column with the date of the baseline.
    interval, window : int
        How long before the other visit was, and how far from that it may be, where each is
        compared against an interval; else 0 [day].
    rules : Rules
        Of the velocity z-scores.
    """

    against: str = "previous"
    baseline: str | None = None
    interval: int = 0
    window: int = 0
    rules: Rules = DEFAULT_RULES

    @property
    def measures(self) -> list[str]:
        """The measures that the columns allow."""
        return [measure for measure in PREFIXES if self.mapped.measure(measure)]

    @property
    def indices(self) -> dict[str, str]:
        """Everything that has a status column of its own, with its measure."""
        return {f"{PREFIXES[m]}_{result}": m for m in self.measures for result in RESULTS}

    @property
    def added(self) -> list[str]:
        """The names of the added columns."""
        return [self.prefix + name for name in added_columns(self.measures)]

    @property
    def needed(self) -> list[str]:
        """The columns that are read."""
        return list(dict.fromkeys([*super().needed, *([self.baseline] if self.baseline else [])]))

    @property
    def compares(self) -> bool:
        """Whether a row's result depends on the other rows of its child: it does."""
        return True

    def told(self, counts: Counter[Any]) -> dict[str, Any]:
        """What else a record says: what another choice of the earlier visit would give."""
        return {"alternatives": described(counts, self.against, self.interval)}

    def said(self, counts: Counter[Any]) -> list[str]:
        """The same for people."""
        return sentences(described(counts, self.against, self.interval))

    def compared(self, line: Line, measure: str, age_status: StatusArray | None) -> Compared:
        """With which visit each of a line is compared, of those at which a measure was taken."""
        found = line.compare(measure, self.against, self.interval, self.window)
        return link(found, age_status)

    def columns(
        self,
        table: pl.DataFrame,
        watch: Callable[[Rows], None] | None = None,
        ids: Ids | None = None,
    ) -> list[pl.Series]:
        """The added columns of a table that holds all visits of its children: `added_series`."""
        return added_series(table, self, watch, ids)


def plan(
    present: list[str],
    *,
    against: str | None = None,
    baseline: str | None = None,
    interval: Any = None,
    window: Any = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    rules: Rules = DEFAULT_RULES,
    prefix: str = "",
    where: str = "table",
    command: bool = False,
    **words: Unpack[Words],
) -> FollowUp:
    """Check the columns and options once, before any row is read."""
    mapped = map_columns(
        present, columns, sex_codes, missing, where=where, command=command, **words
    )
    against = _against(against, baseline, interval)
    days, near = interval_and_window(against, interval, window)
    if against == "baseline" and baseline is None:
        raise MissingError(
            "baseline", "name the column with the date that visits are compared from"
        )
    if "subject_id" not in mapped.names:
        how = mapping_of("subject_id", "NAME", where)
        raise FileError(f"{where}: there is no column subject_id; map it: {how}")
    if baseline is not None:
        if baseline not in present:
            raise FileError(f"{where}: there is no column {baseline!r} (the baseline)")
        if not (mapped.has("birth_date") or mapped.has("measured_on")):
            raise FileError(f"{where}: a baseline needs birth_date or measured_on")
    chosen = policy_or_default(policy)
    scoring = FollowUp(
        mapped, chosen, reference, against=against, baseline=baseline, interval=days, window=near,
        rules=rules, prefix=checked_prefix(prefix),
    )  # fmt: skip
    if not scoring.measures:
        raise FileError(f"{where}: there is no weight, length or head circumference")
    resolve(Age.from_days(0, "30+0"), scoring.policy, reference)  # an unknown reference, now
    scoring.check(present, where)
    return scoring


def _against(against: str | None, baseline: str | None, interval: Any) -> str:
    """With which visit each is compared: as asked for, else as what else is given says."""
    if against is None:
        if baseline is not None and interval is not None:
            raise MissingError("against", "there are a baseline and an interval; name one of them")
        if interval is not None:
            return "interval"
        return "previous" if baseline is None else "baseline"
    if against not in AGAINST:
        raise InputError("against", against, f"accepted: {', '.join(AGAINST)}")
    return against


def score(
    frame: Any,
    *,
    against: str | None = None,
    baseline: str | None = None,
    interval: Any = None,
    window: Any = None,
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
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
    between: str = "interpolate",
    change_limits: Any = None,
    prefix: str = "",
) -> Any:
    """Velocity, gain and change in z of every visit in a table.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with the canonical columns or mapped ones, and `subject_id`. It is not
        changed; its rows may be in any order.
    against : str, optional
        With which visit each is compared: "previous"; "first"; "baseline", the last at or before
        the baseline; or "interval", the earlier one that is nearest to an interval before. By
        default the baseline or the interval where one is given, else the previous.
    baseline : str, optional
        The column with the date of the baseline, such as administered_on.
    interval : str or pint.Quantity, optional
        How long before the other visit was, such as "2 month". Of two visits that are equally near
        to it the earlier one is taken; of each measure, those at which it was taken.
    window : str or pint.Quantity, optional
        How far from the interval the other visit may be, such as "15 day", and less than the
        interval; by default a quarter of it.
    columns : dict, optional
        Canonical name to the name in the table, such as ``{"weight_kg": "WT"}``.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.
    missing, ignore, oedema_codes, position_codes, date_format, decimal, completed_weeks, convert,
    prefix
        As for `neocalc.score`.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    reference : str, default "auto"
        For the change in z: one reference whatever the age.
    start, tolerance, restricted, between, change_limits
        As for `neocalc.velocity.zscore`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The kind that was given: every row once and in order, every column untouched, and the
        added columns of `neocalc.cohort.velocity_columns`. Of a LazyFrame all rows are read when
        it is collected.

    Raises
    ------
    FileError
        When columns are missing, appear twice, or have no unit in their name. A bad row never
        raises: it has a status.

    Warns
    -----
    ColumnWarning
        As for `neocalc.score`.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame({"subject_id": ["01", "01", "02"], "sex": ["f", "f", "m"],
    ...                            "age_days": [152, 213, 30], "weight_g": [6900, 7400, 4000]})
    >>> scored = score(visits)
    >>> scored["w_velocity_status"].to_list(), scored["w_velocity_z"].round(2).to_list()
    (['first_visit', 'ok', 'first_visit'], [None, -0.92, None])
    """
    from neocalc.cohort import frames

    scoring = plan(
        frames.kind_of(frame).columns(frame),
        against=against,
        baseline=baseline,
        interval=interval,
        window=window,
        columns=columns,
        sex_codes=sex_codes,
        missing=missing,
        ignore=ignore,
        oedema_codes=oedema_codes,
        position_codes=position_codes,
        date_format=date_format,
        decimal=decimal,
        completed_weeks=completed_weeks,
        convert=convert,
        policy=policy,
        reference=reference,
        rules=Rules(start, tolerance, restricted, between=between, change_limits=change_limits),
        prefix=prefix,
    )
    return frames.with_added(
        frame,
        scoring.needed,
        noted(scoring.columns, scoring.mapped),
        by_row=False,
        ids=scoring.mapped.names["subject_id"],
    )


def added_series(
    table: pl.DataFrame,
    scoring: FollowUp,
    watch: Callable[[Rows], None] | None = None,
    ids: Ids | None = None,
) -> list[pl.Series]:
    """The added columns of a table that holds all visits of its children.

    Parameters
    ----------
    table : polars.DataFrame
        The visits.
    scoring : FollowUp
        What is computed.
    watch : callable, optional
        It is shown the prepared rows once they are compared.
    ids : Ids, optional
        Whose the rows are, where it is not the column subject_id that says so.
    """
    import polars as pl

    ids = ids_of(table, scoring) if ids is None else ids
    assert ids is not None
    ids.numbers  # noqa: B018 - the children are told apart once, for their facts too
    rows = Rows(table, scoring, ids)
    born = born_of(table, rows, scoring)
    inputs = {measure: rows.inputs(measure, rows.resolved) for measure in scoring.measures}
    line = line_of(rows, inputs, baseline_ages(table, rows, scoring, born))
    rows.repeated = line.repeated
    since = pl.Series([None], dtype=pl.Int32).new_from_index(0, table.height)
    if line.since is not None:
        days, known = line.since
        since = pl.Series(days).set(pl.Series(~known), None)
    series = [since.alias(SINCE)]
    counts: list[Callable[[], Counter[Key]]] = []
    for measure in scoring.measures:
        compared = scoring.compared(line, measure, rows.age.status)
        of = measured(measure, inputs[measure])
        found = score_measure(of, compared, scoring.policy, scoring.rules)
        if watch is not None:
            without = without_z(found, measure, compared)
            counts.append(
                partial(
                    count, of, line, without, rows.age.status, against=scoring.against,
                    interval=scoring.interval, rules=scoring.rules,
                )
            )  # fmt: skip
        series += _from(PREFIXES[measure], compared, rows.age, born)
        series += [as_series(name, values) for name, values in found.items()]
    if watch is not None:
        rows.counted = lambda: sum((one() for one in counts), Counter())
        watch(rows)
    named = {scoring.prefix + one.name: one for one in series}
    return [named[name].alias(name) for name in scoring.added]


def _from(prefix: str, compared: Compared, age: Age, born: Dates | None) -> list[pl.Series]:
    """The other visit of each, as a date or an age [day], and the days since it."""
    import polars as pl

    lacking = compared.status != 0
    if born is None:
        seen = pl.Series(age.days.take(compared.other))
    else:
        lacking_date = lacking | ~born.known.take(compared.other)
        seen = pl.Series((born.days + age.days).take(compared.other)).cast(pl.Date)
        seen = seen.set(pl.Series(lacking_date), None)
    none = pl.Series(lacking)
    days = pl.Series(compared.days).set(none, None)
    return [seen.set(none, None).alias(f"{prefix}_from"), days.alias(f"{prefix}_interval_days")]


def as_series(name: str, values: Any) -> pl.Series:
    """An added column: numbers, nominal months, or words."""
    import polars as pl

    column = pl.Series(name, values, nan_to_null=True)
    if name.endswith("_status"):
        return column.cat.to(pl.Enum(STATUSES))
    for end, words in WORDS.items():
        if name.endswith(end):  # the first word is that there is none
            codes = pl.Series(name, values - (values != 0))
            return codes.set(column == 0, None).cat.to(pl.Enum(words[1:]))
    if name.endswith("_months"):
        return column.set(column == 0, None)
    return column


class Dates(NamedTuple):
    """Days since 1970-01-01, and where they are known."""

    days: Ints
    known: Bools


def line_of(
    rows: Rows, inputs: Mapping[str, Inputs], baseline: tuple[Ints, Bools] | None = None
) -> Line:
    """The visits of the rows, in line: which rows are of one visit, and which comes before which.

    Parameters
    ----------
    rows : neocalc.cohort.table.Rows
        The prepared columns.
    inputs : dict of str to Inputs
        For each measure that is compared its columns.
    baseline : (numpy.ndarray, numpy.ndarray), optional
        Age at the baseline [day], and where it is stated.
    """
    age, n = rows.age, len(rows.age)
    # The facts of a child are those of all its rows, but for what cannot be used in one of them.
    facts = [one for one in (rows.sex.status, age.gestation_status) if one is not None]
    children = Children(
        rows.children.subject,
        age.days,
        _stated(age.status, n),
        rows.children.conflict,
        tuple(facts),
        baseline,
    )
    return Line(children, {measure: _taken(rows, measure, own) for measure, own in inputs.items()})


def _taken(rows: Rows, measure: str, inputs: Inputs) -> Taken:
    """Where a measure was taken, and what two rows of one day must have in common."""
    value, status = rows.measures[measure]
    taken = ~np.isnan(value) if status is None else ~np.isnan(value) | (status != 0)
    about: list[Any] = [] if inputs.value_status is None else [inputs.value_status]
    if measure == "length" and inputs.position is not None:
        about.append(inputs.position)
    marks = None
    if measure == "weight" and rows.oedema is not None:
        marks = rows.oedema.codes
        if rows.oedema.status is not None:
            marks = np.where(rows.oedema.status != 0, 2, marks)
    return Taken(value, taken, tuple(about), marks)


def baseline_ages(
    table: pl.DataFrame, rows: Rows, scoring: FollowUp, born: Dates | None
) -> tuple[Ints, Bools] | None:
    """The age at the baseline, and where it is stated."""
    if scoring.baseline is None:
        return None
    assert born is not None  # plan has refused a baseline without dates
    name, mapped = scoring.baseline, scoring.mapped
    column = column_of(table, mapped._replace(names={name: name}), name)
    coded = dates(column, mapped.date_format)
    if name not in mapped.names.values():
        note(rows.found, name, column, coded.status)
    at = Dates(coded.codes, _stated(coded.status, len(coded.codes)))
    return at.days - born.days, at.known & born.known


def born_of(table: pl.DataFrame, rows: Rows, scoring: FollowUp) -> Dates | None:
    """Dates of birth, as stated or from the date of the visit; None where there are no dates."""
    if scoring.mapped.has("birth_date"):
        born = rows.children.facts["birth_date"]
        return Dates(born.codes, _stated(born.status, len(born.codes)))
    if scoring.mapped.has("measured_on"):
        on = _dates(column_of(table, scoring.mapped, "measured_on"), scoring.mapped.date_format)
        return Dates(on.days - rows.age.days, on.known & _stated(rows.age.status, len(rows.age)))
    return None


def _dates(column: pl.Series, form: str | None) -> Dates:
    coded: Coded = dates(column, form)
    return Dates(coded.codes, _stated(coded.status, len(coded.codes)))


def _stated(status: Any, n: int) -> Bools:
    return np.ones(n, dtype=bool) if status is None else status == 0
