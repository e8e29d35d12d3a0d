"""What a run has to say of its columns as a whole: facts completed, ids trimmed, faults of columns.

It is counted over all tables of a run, and said once: by a command on standard error, by a Python
call as a `neocalc.ColumnWarning`, and in the record beside an output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from neocalc.cohort.canonical import GESTATION_COLUMNS
from neocalc.cohort.failures import (
    SAMPLED,
    Failure,
    completed_weeks,
    dropped,
    failures,
    remarks,
    said_of_numbers,
)
from neocalc.cohort.findings import Found, combined
from neocalc.cohort.mapping import Mapped
from neocalc.errors import warn_of_column
from neocalc.reading.dates import NOT_STATED

if TYPE_CHECKING:
    from neocalc.cohort.table import Rows


@dataclass
class Notes:
    """Counts over the rows of a run.

    Attributes
    ----------
    rows : int
        All rows.
    completed : int
        Rows of which a fact was taken from another row of the child.
    conflicting : int
        Rows of children of whom two rows state different facts.
    repeated : int
        Rows that repeat another row of the child and day.
    trimmed : int
        Ids that had blanks around them.
    gestations : int
        Rows that state a gestation, usable or not.
    found : dict of str to Found
        What was found in each column.
    sample : Rows or None
        Some of the rows of the first table.
    counts : Counter or None
        What else is counted, by `Rows.counted`; None: it is not asked for.
    """

    rows: int = 0
    completed: int = 0
    conflicting: int = 0
    repeated: int = 0
    trimmed: int = 0
    gestations: int = 0
    found: dict[str, Found] = field(default_factory=dict)
    sample: Rows | None = None
    counts: Counter[Any] | None = None

    def add(self, rows: Rows) -> None:
        """Count the rows of a table."""
        children, gestation = rows.children, rows.stated["gestation"]
        self.rows += len(rows.age)
        self.completed += children.completed
        if children.conflict is not None:
            self.conflicting += int(np.count_nonzero(children.conflict))
        self.repeated += rows.repeated
        self.trimmed += children.trimmed
        stated = gestation.codes != NOT_STATED
        if gestation.status is not None:
            stated = stated | (gestation.status != 0)
        self.gestations += int(np.count_nonzero(stated))
        combined(self.found, rows.found)
        if self.counts is not None and rows.counted is not None:
            self.counts.update(rows.counted())
        if self.sample is None and len(rows.age):
            places = np.linspace(0, len(rows.age) - 1, min(SAMPLED, len(rows.age)))
            self.sample = rows.take(places.astype(np.intp))

    def record(self) -> dict[str, int]:
        """The counts that a record has."""
        return {
            "completed_rows": self.completed,
            "conflicting_rows": self.conflicting,
            "repeated_rows": self.repeated,
            "trimmed_ids": self.trimmed,
        }

    def notices(self, mapped: Mapped, *, command: bool = True) -> list[str]:
        """What a user has to know of the columns, a sentence each."""
        said = dropped(self.found, mapped, command=command)
        said += completed_weeks(self.found, mapped)
        if self.trimmed:
            ids = "1 id" if self.trimmed == 1 else f"{self.trimmed:,} ids"
            verb = "was" if self.trimmed == 1 else "were"
            said.append(f"{mapped.names['subject_id']}: blanks around {ids} {verb} removed")
        named = [mapped.names[name] for name in GESTATION_COLUMNS if name in mapped.names]
        if named and self.rows and not self.gestations:
            said.append(f"The column {named[0]} is empty: every age is chronological")
        return said

    def said(self, mapped: Mapped) -> list[str]:
        """The notices, and how words, dates and ages were taken."""
        taken = said_of_numbers(self.found, mapped) + remarks(self.found, mapped, command=True)
        return self.notices(mapped) + taken

    def lines(self, mapped: Mapped) -> list[str]:
        """The notices, and how many rows were completed, repeated or contradicted."""
        said = self.said(mapped)
        if self.completed:
            said.append(f"Rows with a fact taken from another row of the child: {self.completed:,}")
        if self.repeated:
            said.append(f"Rows that repeat another of the child and day: {self.repeated:,}")
        if self.conflicting:
            said.append(
                f"Rows of children of whom two rows state different facts: {self.conflicting:,}"
                " (subject_conflict)"
            )
        return said

    def failures(
        self, mapped: Mapped, statuses: Mapping[str, Mapping[str, int]] | None = None
    ) -> list[Failure]:
        """The columns that failed as a whole: of a command, where the statuses are counted."""
        return failures(self.found, self.sample, mapped, statuses, command=statuses is not None)

    def warn(self, mapped: Mapped) -> None:
        """Say the notices to a Python caller."""
        for notice in self.notices(mapped, command=False):
            warn_of_column(notice)
        for failure in self.failures(mapped):
            warn_of_column(failure.text)


def noted(added: Any, mapped: Mapped, *, whole: bool = True) -> Any:
    """A function that adds columns to a table, with its notices as warnings.

    Parameters
    ----------
    added : callable
        From a table and what watches its prepared rows to the added columns.
    mapped : Mapped
        The columns.
    whole : bool
        Whether it is given the whole table at once; of a part nothing is said.
    """
    if not whole:
        return added

    def made(table: Any) -> Any:
        notes = Notes()
        series = added(table, notes.add)
        notes.warn(mapped)
        return series

    return made
