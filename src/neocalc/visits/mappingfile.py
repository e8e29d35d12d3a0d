"""A mapping file as `neocalc inspect` proposes it: what is certain as lines, the rest as questions.

The lines that stand there are what `neocalc score --columns` reads. A question is a comment, with
its answers as lines to take the mark off.
"""

from __future__ import annotations

import json
from typing import Final

from neocalc.cohort.canonical import CANONICAL, CONVERTED
from neocalc.visits.inspection import Column, is_value

_MEANINGS: Final = {
    "sex_codes": ("male", "female"),
    "oedema_codes": ("yes", "no"),
    "position_codes": ("recumbent", "standing"),
}


def mapping_file(columns: list[Column], asked: list[str], where: str, rows: int) -> str:
    """The text of the mapping file.

    Parameters
    ----------
    columns : list of Column
        What the columns seem to be.
    asked : list of str
        What is asked of the table as a whole.
    where : str
        The file.
    rows : int
        How many of its rows were looked at.
    """
    lines = [
        f"# Proposed by neocalc inspect, from {rows:,} rows of {where}.",
        "# Nothing has been scored. Check each line, answer each question (take the # off the line",
        "# that is right), and then: neocalc score FILE --columns THIS_FILE -o SCORED.csv",
    ]
    lines += [f"# Question: {one}" for one in asked]
    if any(column.canonical in CONVERTED for column in columns):
        lines += ["", "# Pounds and inches are converted.", "convert = true"]
    lines += ["", *_words(columns), "", "[columns]", *_columns(columns)]
    for setting, meanings in _MEANINGS.items():
        for column in columns:
            if setting in column.codes:
                lines += ["", f"# Question: {_name(column)}: {column.question}",
                          f"# It holds {column.seen}.", f"# [{setting}]"]  # fmt: skip
                lines += [f"# {meaning} = " for meaning in meanings]
    return "\n".join(lines) + "\n"


def _words(columns: list[Column]) -> list[str]:
    """The settings before the first table: forms of dates, and words for a missing value."""
    lines = []
    forms = {c.codes["date_format"] for c in columns if "date_format" in c.codes}
    for column in columns:
        if "date_formats" in column.codes:
            lines.append(f"# Question: {_name(column)}: {column.question}")
            lines += [f"# date_format = {_quoted(form)}" for form in column.codes["date_formats"]]
    lines += [f"date_format = {_quoted(form)}" for form in forms if len(forms) == 1]
    lines += [f"# Question: are these dates in one form? {' and '.join(sorted(forms))}"
              for _ in range(len(forms) > 1)]  # fmt: skip
    words = list(dict.fromkeys(w for c in columns if c.canonical or c.choices for w in c.missing))
    if words:
        lines.append("# Question: do these words stand for no value? They are of no child, as it")
        lines.append("# seems. A number may be said of one column: [missing] weight_g = [999]")
        lines.append(f"# missing = [{', '.join(_quoted(word) for word in words)}]")
    others = [c for c in columns if c.question and not c.canonical and not is_value(c.own)]
    if others:
        named = ", ".join(_quoted(c.own) for c in others)
        lines.append("# Question: which of these are left out on purpose?")
        lines.append(f"# ignore = [{named}]")
    return lines


def _columns(columns: list[Column]) -> list[str]:
    """The lines of the mapping, in the order of the canonical columns, and the questions."""
    order = {name: place for place, name in enumerate(CANONICAL)}
    sure = [c for c in columns if c.canonical and not is_value(c.own)]
    lines = []
    for column in sorted(sure, key=lambda c: order[c.canonical]):
        seen = f"; {column.seen}" if column.seen else ""
        lines.append(
            f"{column.canonical} = {_quoted(column.own)}  # {_plain(column.why)}{_plain(seen)};"
            f" {column.empty:.0%} empty"
        )
    for column in columns:
        if column.question and not column.canonical and not is_value(column.own):
            seen = f" ({column.seen})" if column.seen else ""
            lines.append(f"# Question: {_name(column)}{seen}: {_plain(column.question)}")
            lines += [f"# {choice} = {_quoted(column.own)}" for choice in column.choices]
    return lines


def _name(column: Column) -> str:
    return _plain(column.name)


def _plain(text: str) -> str:
    """A text that may stand in a comment: on one line."""
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """A text as TOML has it; JSON writes it alike but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
