"""Growth velocity of a table of visits: every row in its place, compared with another of its child.

`score` takes a pandas, polars or pyarrow table and gives back the same kind with columns added;
`added_series` is the same on a polars table, and what files go through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc.age import NOT_STATED, Age
from neocalc.coding import Coded, Ints
from neocalc.cohort import Rows, Scoring
from neocalc.errors import STATUSES, FileError, InputError, MissingError
from neocalc.policy import DEFAULT, Policy, policy_or_default, resolve
from neocalc.stacks import Bools
from neocalc.tables.columns import column_of, dates
from neocalc.tables.mapping import map_columns, mapping_of
from neocalc.velocity.comparisons import NO_SUBJECT, Children, compare
from neocalc.velocity.followup import PAIR_COLUMNS, PREFIXES, added_columns, score_measures
from neocalc.velocity.increments import DEFAULT_RULES, Rules
from neocalc.velocity.visits import AGAINST

if TYPE_CHECKING:
    import polars as pl

RESULTS: Final = ("velocity", "gain", "change")
"""What is added for each measure, each with its own status."""


@dataclass(frozen=True)
class FollowUp(Scoring):
    """What is done to each visit: columns, policy, and with which visit it is compared.

    Parameters
    ----------
    against : str
        "previous", "first" or "baseline".
    baseline : str, optional
        The column with the date of the baseline.
    rules : Rules
        Of the velocity z-scores.
    """

    against: str = "previous"
    baseline: str | None = None
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
        return added_columns(self.measures)

    @property
    def needed(self) -> list[str]:
        """The columns that are read."""
        names = [*self.mapped.names.values(), *([self.baseline] if self.baseline else [])]
        return list(dict.fromkeys(names))


def plan(
    present: list[str],
    *,
    against: str | None = None,
    baseline: str | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Iterable[str] = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    rules: Rules = DEFAULT_RULES,
    where: str = "table",
) -> FollowUp:
    """Check the columns and options once, before any row is read."""
    mapped = map_columns(present, columns, sex_codes, missing, where=where)
    if against is None:
        against = "previous" if baseline is None else "baseline"
    if against not in AGAINST:
        raise InputError("against", against, f"accepted: {', '.join(AGAINST)}")
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
    scoring = FollowUp(mapped, chosen, reference, against=against, baseline=baseline, rules=rules)
    if not scoring.measures:
        raise FileError(f"{where}: there is no weight, length or head circumference")
    resolve(Age.from_days(0, "30+0"), scoring.policy, reference)  # an unknown reference, now
    scoring.check(present, where)
    return scoring


def score(
    frame: Any,
    *,
    against: str | None = None,
    baseline: str | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Iterable[str] = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    start: str = "interpolate",
    tolerance: float = 0.10,
    restricted: bool | None = None,
) -> Any:
    """Velocity, gain and change in z of every visit in a table.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        One row a visit, with the canonical columns or mapped ones, and `subject_id`. It is not
        changed; its rows may be in any order.
    against : str, optional
        With which visit each is compared: "previous", "first", or "baseline", the last at or before
        the baseline. By default the baseline where one is named, else the previous.
    baseline : str, optional
        The column with the date of the baseline, such as administered_on.
    columns : dict, optional
        Canonical name to the name in the table, such as ``{"weight_kg": "WT"}``.
    sex_codes : dict, optional
        A declared coding of sex, such as ``{"male": 1, "female": 2}``.
    missing : iterable of str, optional
        The words that stand for a missing value beside an empty one, such as NA and -99.
    policy : Policy, optional
        The correction policy; by default `Policy()`.
    reference : str, default "auto"
        For the change in z: one reference whatever the age.
    start, tolerance, restricted
        As for `neocalc.velocity.zscore`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        The kind that was given: every row once and in order, every column untouched, and the
        added columns of `neocalc.velocity.followup`. Of a LazyFrame all rows are read when it is
        collected.

    Raises
    ------
    FileError
        When columns are missing, appear twice, or have no unit in their name. A bad row never
        raises: it has a status.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame({"subject_id": ["01", "01", "02"], "sex": ["f", "f", "m"],
    ...                            "age_days": [152, 213, 30], "weight_g": [6900, 7400, 4000]})
    >>> scored = score(visits)
    >>> scored["w_velocity_status"].to_list(), scored["w_velocity_z"].round(2).to_list()
    (['first_visit', 'ok', 'first_visit'], [None, -0.92, None])
    """
    from neocalc.tables import frames

    scoring = plan(
        frames.kind_of(frame).columns(frame),
        against=against,
        baseline=baseline,
        columns=columns,
        sex_codes=sex_codes,
        missing=missing,
        policy=policy,
        reference=reference,
        rules=Rules(start, tolerance, restricted),
    )
    return frames.with_added(
        frame, scoring.needed, lambda table: added_series(table, scoring), by_row=False
    )


def score_table(table: pl.DataFrame, scoring: FollowUp) -> pl.DataFrame:
    """A polars table with the added columns."""
    return table.hstack(added_series(table, scoring))


def added_series(table: pl.DataFrame, scoring: FollowUp) -> list[pl.Series]:
    """The added columns of a table that holds all visits of its children."""
    import polars as pl

    rows = Rows(table, scoring)
    born = _born(table, rows, scoring)
    compared = compare(children(table, rows, scoring, born), scoring.against)
    none = pl.Series(compared.status != 0)
    if born is None:
        seen = pl.Series(rows.age.days.take(compared.other))
    else:
        seen = pl.Series((born.days + rows.age.days).take(compared.other)).cast(pl.Date)
        seen = seen.set(pl.Series(~born.known.take(compared.other)), None)
    since = pl.Series([None], dtype=pl.Int32).new_from_index(0, table.height)
    if compared.baseline is not None:
        days, known = compared.baseline
        since = pl.Series(days).set(pl.Series(~known), None)
    pairs = seen.set(none, None), pl.Series(compared.days).set(none, None), since
    series = [values.alias(name) for name, values in zip(PAIR_COLUMNS, pairs, strict=True)]
    inputs = {measure: rows.inputs(measure, rows.resolved) for measure in scoring.measures}
    found = score_measures(inputs, compared, scoring.policy, scoring.rules)
    return series + [as_series(name, found[name]) for name in scoring.added[len(series) :]]


def as_series(name: str, values: Any) -> pl.Series:
    """An added column: numbers, nominal months, or status words."""
    import polars as pl

    column = pl.Series(name, values)
    if name.endswith("_status"):
        return column.cat.to(pl.Enum(STATUSES))
    if name.endswith("_months"):
        return column.set(column == 0, None)
    return column.fill_nan(None)


class _Dates(NamedTuple):
    """Days since 1970-01-01, and where they are known."""

    days: Ints
    known: Bools


def children(table: pl.DataFrame, rows: Rows, scoring: FollowUp, born: _Dates | None) -> Children:
    """Whose visits the rows are."""
    age, mapped = rows.age, scoring.mapped
    gestation = _stated(age.gestation_status, len(age)) & (age.gestation_days != NOT_STATED)
    constants = [
        (rows.sex.codes, _stated(rows.sex.status, len(age))),
        (age.gestation_days, gestation),
    ]
    if born is not None and mapped.has("birth_date"):
        constants.append(born)
    baseline = None
    if scoring.baseline is not None:
        assert born is not None  # plan has refused a baseline without dates
        at = _dates(table[scoring.baseline])
        baseline = at.days - born.days, at.known & born.known
    subject = subjects(column_of(table, mapped, "subject_id"))
    return Children(subject, age.days, _stated(age.status, len(age)), tuple(constants), baseline)


def _born(table: pl.DataFrame, rows: Rows, scoring: FollowUp) -> _Dates | None:
    """Dates of birth, as stated or from the date of the visit; None where there are no dates."""
    if scoring.mapped.has("birth_date"):
        return _dates(column_of(table, scoring.mapped, "birth_date"))
    if scoring.mapped.has("measured_on"):
        on = _dates(column_of(table, scoring.mapped, "measured_on"))
        return _Dates(on.days - rows.age.days, on.known & _stated(rows.age.status, len(rows.age)))
    return None


def subjects(column: pl.Series) -> Ints:
    """A number for each subject, `NO_SUBJECT` for none: texts are compared as they stand."""
    import polars as pl

    if column.dtype.is_nested() or column.dtype == pl.Object:
        raise FileError(f"column {column.name}: values of type {column.dtype} are not accepted")
    if column.dtype.is_float():
        column = column.fill_nan(None)
    runs = column.rle_id().to_numpy()  # visits of a child mostly stand together
    starts = np.flatnonzero(np.diff(runs, prepend=-1))
    first = column.gather(starts)
    if first.null_count() == 0 and first.is_sorted():
        codes = pl.Series(np.arange(len(first), dtype=np.int32))
    elif first.dtype == pl.String:
        codes = first.cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.Int32)
    else:
        codes = first.rank("dense").cast(pl.Int32)
    if first.dtype == pl.String and (first < "!").any():  # they begin with a space, or are empty
        codes = codes.set((first.str.strip_chars() == "").fill_null(False), None)
    return codes.fill_null(NO_SUBJECT).to_numpy().take(runs)


def _dates(column: pl.Series) -> _Dates:
    coded: Coded = dates(column)
    return _Dates(coded.codes, _stated(coded.status, len(coded.codes)))


def _stated(status: Any, n: int) -> Bools:
    return np.ones(n, dtype=bool) if status is None else status == 0
