"""Growth charts: one infant on the curves of its policy, growth velocity, and cohorts.

matplotlib draws them: ``pip install "neocalc[chart]"``. What is returned is a `Chart`: notebooks
show it, and `Chart.save` writes SVG, PDF or PNG, the same bytes each time.

- `infant`: weight, length and head circumference on the curves, from birth on.
- `velocity`: z over time, and increments on the WHO's bands.
- `cohort`: z over age by arm, changes in z as a waterfall, or counts of statuses.

docs/charts.md shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Unpack

from neocalc.ages.policy import DEFAULT, Policy
from neocalc.chart.style import Chart
from neocalc.cohort.notes import Notes
from neocalc.errors import InputError

if TYPE_CHECKING:
    import polars as pl

    from neocalc.ages.age import Age
    from neocalc.chart.visits import Infant
    from neocalc.cohort.mapping import Words
    from neocalc.cohort.table import Rows, Scoring

__all__ = ["Chart", "cohort", "infant", "velocity"]

KINDS: Final = ("growth", "velocity", "z", "waterfall", "statuses")
"""Every chart there is: the first two are of one infant, the others of a cohort."""
OF_ONE: Final = KINDS[:2]


def infant(
    visits: Any = None,
    *,
    subject: str | None = None,
    sex: Any = None,
    age: Age | None = None,
    weight: Any = None,
    length: Any = None,
    head_circumference: Any = None,
    position: Any = None,
    oedema: Any = None,
    administered_on: Any = None,
    trial: Any = None,
    version: str | None = None,
    lines: str = "centiles",
    until: int | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    **words: Unpack[Words],
) -> Chart:
    """Growth chart of one infant: its visits on the curves of the policy.

    Parameters
    ----------
    visits : pandas.DataFrame, polars.DataFrame or pyarrow.Table, optional
        A table of visits with the canonical columns (docs/columns.md), and `administered_on`.
        Without it, the values below.
    subject : str, optional
        Which subject, where the table has several.
    sex : str, optional
        male, female, m or f.
    age : Age, optional
        Ages at the visits.
    weight, length, head_circumference : array of str or pint.Quantity, optional
        A value for each age [kg], [g] or [cm].
    position, oedema : str or array of str, optional
        As for `neocalc.zscore`.
    administered_on : str or datetime.date, optional
        The day on which the cells were given, marked on the chart.
    trial, version : optional
        A trial of `neocalc.trials` or its id, and the version of its protocol: its visits and
        windows after administration are marked.
    lines : str, default "centiles"
        "centiles" (3, 10, 50, 90, 97) or "sd" (-3 to 3).
    until : int, optional
        Corrected age at which the chart ends [month]; by default as long as the visits need.
    columns, sex_codes, missing, policy, reference
        As for `neocalc.score`; and so `ignore`, `oedema_codes`, `position_codes`, `date_format` and
        `decimal`.

    Returns
    -------
    Chart
        One upright A4 page.

    Raises
    ------
    FileError
        When the table has several subjects and none is named, or says two things of one infant.
    InputError
        When a value cannot be used.
    ExtraMissing
        Without matplotlib.

    Examples
    --------
    >>> from neocalc import Age
    >>> chart = infant(sex="f", age=Age.from_days([0, 30, 60], "27+3"),
    ...                weight=["980 g", "1400 g", "2300 g"])
    >>> chart.title
    'Growth chart: Girl, born at 27w3d'
    """
    from neocalc.chart import events as chart_events
    from neocalc.chart import infants as chart_infant

    found = _infant(
        visits, subject, _typed(sex, age, weight, length, head_circumference, position, oedema),
        administered_on, columns, sex_codes, missing, policy, reference, words,
    )  # fmt: skip
    events = chart_events.events_of(found, trial, version)
    return chart_infant.draw(found, lines=lines, until=until, events=events)


def velocity(
    visits: Any = None,
    *,
    subject: str | None = None,
    sex: Any = None,
    age: Age | None = None,
    weight: Any = None,
    length: Any = None,
    head_circumference: Any = None,
    position: Any = None,
    oedema: Any = None,
    administered_on: Any = None,
    trial: Any = None,
    version: str | None = None,
    until: int | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    **words: Unpack[Words],
) -> Chart:
    """Velocity chart of one infant: z over time, and increments on the WHO's bands.

    Before 40 weeks and after 24 months, where there is no reference of velocity, it is empty.

    Parameters
    ----------
    visits, subject, sex, age, weight, length, head_circumference, position, oedema
        As for `infant`.
    administered_on, trial, version, until, columns, sex_codes, missing, policy, reference
        As for `infant`; `reference` is for the attained z.

    Returns
    -------
    Chart
        One upright A4 page.

    Examples
    --------
    >>> from neocalc import Age
    >>> chart = velocity(sex="m", age=Age.from_days([61, 122]), weight=["5.6 kg", "7.0 kg"])
    >>> chart.title
    'Growth velocity: Boy, gestation not stated'
    """
    from neocalc.chart import events as chart_events
    from neocalc.chart import velocities as chart_velocity

    found = _infant(
        visits, subject, _typed(sex, age, weight, length, head_circumference, position, oedema),
        administered_on, columns, sex_codes, missing, policy, reference, words,
    )  # fmt: skip
    events = chart_events.events_of(found, trial, version)
    return chart_velocity.draw(found, until=until, events=events)


def cohort(
    visits: Any,
    *,
    kind: str = "z",
    arm: str | None = None,
    until: int | None = None,
    columns: Mapping[str, str] | None = None,
    sex_codes: Mapping[str, Any] | None = None,
    missing: Any = (),
    policy: Policy | None = None,
    reference: str = DEFAULT,
    **words: Unpack[Words],
) -> Chart:
    """Chart of a cohort, arm beside arm; it reads as well with 12 subjects as with 5,000.

    Parameters
    ----------
    visits : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        A table of visits with the canonical columns (docs/columns.md), and `administered_on`.
    kind : str, default "z"
        "z": z over corrected age, every subject thin, median and quartiles bold. "waterfall": the
        change in z of each subject, from the last visit on or before administration to the last.
        "statuses": how many rows have each status.
    arm : str, optional
        The column of the arms, of at most 12; by default "arm", where there is one. Not for
        "statuses".
    until : int, optional
        The age around which the last visits are that are shown [month]; by default the axis is as
        long as the data, but for few visits after the last median. Not for "statuses".
    columns, sex_codes, missing, policy, reference
        As for `neocalc.score`; and so `ignore`, `oedema_codes`, `position_codes`, `date_format` and
        `decimal`.

    Returns
    -------
    Chart
        One upright A4 page; a longer one where there are more than eight arms.

    Examples
    --------
    >>> import polars
    >>> visits = polars.DataFrame(
    ...     {"subject_id": ["1", "1", "2"], "sex": ["f", "f", "m"], "age_days": [105, 166, 90],
    ...      "gestational_age": ["27+3", "27+3", "28+0"], "weight_g": [3100, 4100, 2900]})
    >>> cohort(visits).title
    'Z-scores over corrected age by arm'
    """
    from neocalc.chart.visits import ADMINISTERED, scored_table

    if kind not in KINDS[2:]:
        raise InputError("kind", kind, f"accepted: {', '.join(KINDS[2:])}")
    table, scoring = scored_table(
        visits, columns=columns, sex_codes=sex_codes, missing=missing, policy=policy,
        reference=reference, extra=(ADMINISTERED, "arm", *([arm] if arm else ())), **words,
    )  # fmt: skip
    notes = Notes()
    drawn = cohort_chart(table, scoring, kind, arm, until, notes.add)
    notes.warn(scoring.mapped)
    return drawn


def cohort_chart(
    table: pl.DataFrame,
    scoring: Scoring,
    kind: str,
    arm: str | None,
    until: int | None = None,
    watch: Callable[[Rows], None] | None = None,
) -> Chart:
    """The chart of a prepared table; `watch` is shown its prepared rows."""
    from neocalc.chart import cohorts as chart_cohort
    from neocalc.chart import waterfall as chart_changes
    from neocalc.chart.subjects import cohort_of

    if kind == "statuses":
        for name, given in (("arm", arm), ("until", until)):
            if given is not None:
                raise InputError(
                    name, given, "not for the counts of statuses, which are of all rows"
                )
        return _statuses(table, scoring, watch)
    found = cohort_of(table, scoring, arm=arm, watch=watch)
    draw = chart_cohort.draw_z if kind == "z" else chart_changes.draw_waterfall
    return draw(found, until)


def _statuses(table: pl.DataFrame, scoring: Scoring, watch: Callable[[Rows], None] | None) -> Chart:
    """The counts of statuses, and what the rows with a z were scored by."""
    from neocalc.chart.used import caption, used_by, with_any_z
    from neocalc.chart.visits import score_visits
    from neocalc.chart.waterfall import draw_statuses
    from neocalc.cohort.counts import count_statuses

    scored, rows = score_visits(table, scoring, watch)
    used = used_by(rows, with_any_z(scored, scoring.indices), scoring)
    return draw_statuses(count_statuses(scored, scoring), caption(used))


def _typed(
    sex: Any, age: Any, weight: Any, length: Any, head: Any, position: Any, oedema: Any
) -> dict[str, Any]:
    """The arguments of `typed_table`, where any of them is given."""
    given = {
        "sex": sex, "age": age, "weight": weight, "length": length, "head_circumference": head,
        "position": position, "oedema": oedema,
    }  # fmt: skip
    return given if any(value is not None for value in given.values()) else {}


def _infant(
    visits: Any,
    subject: str | None,
    typed: dict[str, Any],
    administered_on: Any,
    columns: Mapping[str, str] | None,
    sex_codes: Mapping[str, Any] | None,
    missing: Any,
    policy: Policy | None,
    reference: str,
    words: Words,
) -> Infant:
    """One infant, from a table or from typed values."""
    from neocalc.chart.typed import typed_table
    from neocalc.chart.visits import ADMINISTERED, infant_of, scored_table

    if visits is not None and typed:
        raise InputError("visits", "a table and typed values", "one of the two")
    table, scoring = scored_table(
        typed_table(**(typed or {"sex": None, "age": None})) if visits is None else visits,
        columns=columns, sex_codes=sex_codes, missing=missing, policy=policy, reference=reference,
        extra=(ADMINISTERED,), **words,
    )  # fmt: skip
    notes = Notes()
    found = infant_of(
        table, scoring, subject=subject, administered=administered_on, watch=notes.add
    )
    notes.warn(scoring.mapped)
    return found
