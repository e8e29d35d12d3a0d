"""What a run has to say of its columns as a whole: completed facts, ids with blanks around them.

It is counted over all tables of a run, and said once: by a command on standard error, by a Python
call as a `neocalc.ColumnWarning`, and in the record beside an output.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neocalc.age import NOT_STATED
from neocalc.errors import ColumnWarning
from neocalc.tables.mapping import GESTATION_COLUMNS, Mapped

if TYPE_CHECKING:
    from neocalc.cohort import Rows


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
    """

    rows: int = 0
    completed: int = 0
    conflicting: int = 0
    repeated: int = 0
    trimmed: int = 0
    gestations: int = 0

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

    def record(self) -> dict[str, int]:
        """The counts that a record has."""
        return {
            "completed_rows": self.completed,
            "conflicting_rows": self.conflicting,
            "repeated_rows": self.repeated,
            "trimmed_ids": self.trimmed,
        }

    def notices(self, mapped: Mapped) -> list[str]:
        """What a user has to know of the columns, a sentence each."""
        said = []
        if self.trimmed:
            ids = "1 id" if self.trimmed == 1 else f"{self.trimmed:,} ids"
            verb = "was" if self.trimmed == 1 else "were"
            said.append(f"{mapped.names['subject_id']}: blanks around {ids} {verb} removed")
        named = [mapped.names[name] for name in GESTATION_COLUMNS if name in mapped.names]
        if named and self.rows and not self.gestations:
            said.append(f"The column {named[0]} is empty: every age is chronological")
        return said

    def lines(self, mapped: Mapped) -> list[str]:
        """The notices, and how many rows were completed, repeated or contradicted."""
        said = self.notices(mapped)
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

    def warn(self, mapped: Mapped) -> None:
        """Say the notices to a Python caller."""
        for notice in self.notices(mapped):
            warnings.warn(notice, ColumnWarning, stacklevel=_caller())


def _caller() -> int:
    """How many calls up from `Notes.warn` the code stands that called neocalc."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals["__name__"].partition(".")[0] == "neocalc":
        level, frame = level + 1, frame.f_back
    return level


def noted(added: Any, mapped: Mapped) -> Any:
    """A function that adds columns to a table, with its notices as warnings.

    Parameters
    ----------
    added : callable
        From a table and what watches its prepared rows to the added columns.
    mapped : Mapped
        The columns.
    """

    def made(table: Any) -> Any:
        notes = Notes()
        series = added(table, notes.add)
        notes.warn(mapped)
        return series

    return made
