"""The table of visits of a report: values in the unit of the file, z, centiles, and statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from neocalc import html
from neocalc.ages.policy import weeks_and_days
from neocalc.chart.text import count, fixed, fixed_centile
from neocalc.chart.visits import CHARTED
from neocalc.cohort.canonical import CONVERTED, GESTATION_COLUMNS, INDICES
from neocalc.cohort.identities import NO_SUBJECT
from neocalc.errors import CODE
from neocalc.html import Safe
from neocalc.reading.dimensions import convert, find_unit
from neocalc.references.files import MEASURES
from neocalc.text import NAMES, QUIET, TITLES, listed, plain

if TYPE_CHECKING:
    import polars as pl

    from neocalc.cohort.table import Rows, Scoring
    from neocalc.errors import StatusArray
    from neocalc.reading.units import Floats
    from neocalc.references.lookup import Bools
    from neocalc.references.lookup import Rows as Places

MOST_ROWS: Final = 1_000
"""Rows of visits that a page shows: a page of more is not read, and slow to open."""
NOTHING: Final = "–"
MOST_DECIMALS: Final = 3
"""Decimals of a measured value: more are those of a mean, or of a conversion."""
_OF_SEX: Final = ("sex",)
_OF_AGE: Final = ("birth_date", "measured_on", "age_days")
REFUSED: Final = {
    "invalid_sex": _OF_SEX,
    "invalid_gestation": GESTATION_COLUMNS,
    "invalid_age": _OF_AGE,
}
"""For each status of a fact that could not be used, the columns that it may stand in."""
SLIPS: Final = ("implausible", "invalid_value")
"""Statuses of a value that stands in the page as in the file, and does not set the decimals."""


class Column(NamedTuple):
    """A measure of the table: the column of its z, that of its values, and these in its unit.

    `usable` are those that are written with `decimals`; the others stand as in the file.
    """

    key: str
    measure: str
    name: str
    unit: str
    figures: Floats
    usable: Bools
    decimals: int


class Visits(NamedTuple):
    """A scored table with its prepared rows.

    Attributes
    ----------
    scored : polars.DataFrame
        The table with the added columns.
    rows : Rows
        The same rows prepared.
    scoring : Scoring
        How it was scored.
    """

    scored: pl.DataFrame
    rows: Rows
    scoring: Scoring

    @property
    def indices(self) -> list[str]:
        """The indices of what a chart shows."""
        return [i for i, measure in self.scoring.indices.items() if measure in CHARTED]

    def words(self, index: str) -> pl.Series:
        """The status words of an index."""
        import polars as pl

        return self.scored[f"{index}_status"].cast(pl.String)

    @property
    def never(self) -> list[str]:
        """The measures that have a column and no value in it."""
        return [
            INDICES[index]
            for index in self.indices
            if len(self.scored) and (self.words(index) == "missing_value").all()
        ]

    @property
    def to_look_at(self) -> Places:
        """The rows of which a measure has a status that asks somebody to look again."""
        odd = np.zeros(len(self.scored), dtype=bool)
        for index in self.indices:
            odd |= ~self.words(index).is_in(sorted(QUIET)).to_numpy()
        return np.flatnonzero(odd)

    def columns(self) -> list[Column]:
        """The measures that were taken at all."""
        found = []
        for index in self.indices:
            measure = INDICES[index]
            column = self.scoring.mapped.measure(measure)
            if column is None or measure in self.never:
                continue
            canonical, unit = column
            if canonical in CONVERTED:
                unit = MEASURES[measure]
            source, target = find_unit(MEASURES[measure]), find_unit(unit)
            assert source is not None and target is not None
            values, _ = self.rows.measures[measure]
            usable = ~np.isnan(values) & ~self.words(index).is_in(SLIPS).to_numpy()
            figures = convert(values, source, target)
            name = self.scoring.mapped.names[canonical]
            needed = decimals(figures[usable])
            found.append(Column(index, measure, name, unit, figures, usable, needed))
        return found


def decimals(values: Floats) -> int:
    """How many decimals values need, all of them the same number; at most three.

    Examples
    --------
    >>> decimals(np.array([5.5, 6.25])), decimals(np.array([2100.0])), decimals(np.array([1 / 3]))
    (2, 0, 3)
    """
    shown = np.round(values, MOST_DECIMALS)
    return next(
        (n for n in range(MOST_DECIMALS) if np.allclose(np.round(shown, n), shown, 0, 1e-9)),
        MOST_DECIMALS,
    )


def table(visits: Visits, *, subjects: bool, which: Places | None = None) -> Safe:
    """Visits with their ages, values, z-scores, centiles and statuses.

    Parameters
    ----------
    visits : Visits
        The scored table.
    subjects : bool
        Whether the subject stands in each row.
    which : numpy.ndarray, optional
        Which rows; by default all.
    """
    places = np.arange(len(visits.scored)) if which is None else which
    shown = visits.scored[places[:MOST_ROWS]]
    names = visits.scoring.mapped.names
    texts = {"subject_id": "Subject", "measured_on": "Date"}
    texts = {n: t for n, t in texts.items() if n in names and (subjects or n != "subject_id")}
    columns, aged = visits.columns(), visits.scored["postmenstrual_age_days"].null_count()
    corrected = aged < len(visits.scored)
    header = [*texts.values(), "Age (days)"]
    header += ["Postmenstrual", "Corrected (days)"] if corrected else []
    for column in columns:
        header += [f"{TITLES[column.measure]} ({column.unit})", "z", "Centile"]
    right = range(len(texts), len(header))
    stated = _Stated(visits)
    rows = []
    for place, row in zip(places.tolist(), shown.iter_rows(named=True), strict=False):
        cells: list[object] = [_text(row[names[name]]) for name in texts]
        cells += _ages(row, corrected=corrected)
        for column in columns:
            cells += _measured(column, row, place)
        rows.append([*cells, _status(visits, row, place, stated)])
    made = html.wide(html.table([*header, "Status"], rows, numbers=right, kind="dense"))
    if len(places) > MOST_ROWS:
        more = f"The first {MOST_ROWS:,} of {count(len(places), 'row')}. neocalc score writes all."
        return html.joined([made, html.paragraph(more)])
    return made


def _text(value: Any) -> Safe:
    """A cell of the table as it is."""
    return html.text(NOTHING) if value is None or value == "" else html.free(value)


def _ages(row: dict[str, Any], *, corrected: bool) -> list[object]:
    days, postmenstrual = row["chronological_age_days"], row["postmenstrual_age_days"]
    cells: list[object] = [NOTHING if days is None else fixed(days, 0)]
    if corrected and postmenstrual is None:
        cells += [NOTHING, NOTHING]
    elif corrected:
        cells += [weeks_and_days(postmenstrual), fixed(row["corrected_age_days"], 0)]
    return cells


def _measured(column: Column, row: dict[str, Any], place: int) -> list[object]:
    """Value, z and centile; a value that is a slip, or could not be used, as in the file."""
    z = row[column.key]
    value: object = _text(row[column.name])
    if column.usable[place]:
        value = fixed(float(column.figures[place]), column.decimals)
    return [value, *((NOTHING, NOTHING) if z is None else (fixed(z, 2), fixed_centile(z)))]


def _status(visits: Visits, row: dict[str, Any], place: int, stated: _Stated) -> Safe:
    """The statuses of a row in plain words, with what could not be used; bold: to look at."""
    words: dict[str, list[str]] = {}
    for index in visits.indices:
        words.setdefault(row[f"{index}_status"], []).append(index)
    parts = []
    for word, indices in words.items():
        if word in ("ok", "missing_value"):
            continue
        said = html.text(f"{listed(NAMES[INDICES[index]] for index in indices)}: {plain(word)}")
        refused = stated.refused(word, indices, row, place)
        if refused:
            said = html.joined([said, " (", html.joined(refused, ", "), ")"])
        parts.append(said if word in QUIET else html.bold(said))
    if parts:
        return html.joined(parts, "; ")
    return html.text("ok" if "ok" in words else plain("missing_value"))


class _Stated:
    """What could not be used, as it stands in the file."""

    def __init__(self, visits: Visits) -> None:
        self.mapped = visits.scoring.mapped
        self.names = visits.scoring.mapped.names
        self.table = visits.scored
        self.rows = visits.rows

    def refused(
        self, word: str, indices: Sequence[str], row: dict[str, Any], place: int
    ) -> list[Safe]:
        """The texts that a status is about; each with its column where there are several."""
        columns = [name for name in REFUSED.get(word, ()) if name in self.names]
        if word == "invalid_value":
            columns = self._invalid([INDICES[index] for index in indices], place)
        own = {name: row[self.names[name]] for name in columns}
        if not any(map(_said, own.values())):  # it stands in another row of the child
            own = {name: self._of_child(self.names[name], place) for name in columns}
        found = {self.names[name]: value for name, value in own.items() if _said(value)}
        if len(found) > 1:
            return [html.joined([html.free(n), " ", html.free(v)]) for n, v in found.items()]
        return [html.free(value) for value in found.values()]

    def _invalid(self, measures: Sequence[str], place: int) -> list[str]:
        """The columns of the values, positions and words of oedema that could not be used."""

        def bad(status: StatusArray | None) -> bool:
            return status is not None and status[place] == CODE["invalid_value"]

        found = []
        for measure in measures:
            column = self.mapped.measure(measure)
            values, status = self.rows.measures[measure]
            if column is not None and (bad(status) or not 0 < values[place] < np.inf):
                found.append(column[0])
        position, oedema = self.rows.position, self.rows.oedema
        if "length" in measures and position is not None and bad(position.status):
            found.append("length_position")
        if "weight" in measures and oedema is not None and bad(oedema.status):
            found.append("oedema")
        return found

    def _of_child(self, name: str, place: int) -> Any:
        import polars as pl

        subject = self.rows.children.subject
        child = subject[place]
        if child == NO_SUBJECT:
            return None
        stated = self.table[name].filter(pl.Series(subject == child)).drop_nulls()
        return next(filter(_said, stated.to_list()), None)


def _said(value: Any) -> bool:
    return value is not None and str(value).strip() != ""


def never_measured(measures: Sequence[str]) -> list[Safe]:
    """That measures have no value in any row."""
    return [html.paragraph(f"{TITLES[measure]}: not measured.") for measure in measures]
