"""Writes a user's own reference, sound or spoilt, for tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

Change = tuple[str, str]

ABOUT = {
    "id": "mine",
    "title": "A reference of our own",
    "citation": "Nobody, 2026.",
    "publisher": "Nobody",
    "licence": "CC0-1.0",
    "source": "Invented for a test",
    "age_basis": "chronological",
    "use": "growth",
    "chart_label": "Our own chart",
}


class OwnTable(NamedTuple):
    """One table: its CSV and what reference.toml says of it."""

    csv: str
    axis: str
    unit: str
    first: float
    last: float
    method: str = "lms"
    more: str = ""


def rows(axis: str, keys: Iterable[str], L: float = 0.5, M: float = 3.0, S: float = 0.1) -> str:
    """A CSV with the same L and S in every row, and an M that grows by 1 % a row."""
    lines = [f"sex,{axis},L,M,S"]
    for sex, shift in (("female", 0.0), ("male", 0.1)):
        lines += [f"{sex},{key},{L},{M * 1.01**i + shift!r},{S}" for i, key in enumerate(keys)]
    return "\n".join(lines) + "\n"


DAYS = [str(day) for day in range(11)]
WEIGHT = OwnTable(rows("age_days", DAYS), "age_days", "kg", 0, 10, more="flag = [-6, 5]")


def write(
    folder: Path,
    measures: dict[str, OwnTable] | None = None,
    *,
    toml: Sequence[Change] = (),
    csv: Sequence[Change] = (),
    altered: Sequence[Change] = (),
    **about: str,
) -> Path:
    """Write a reference and return its folder.

    `toml` and `csv` are changes made before the checksums are taken, so that they agree; `altered`
    are changes of the CSVs made after it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f'{name} = "{value}"' for name, value in (ABOUT | about).items()]
    for name, table in (measures or {"weight": WEIGHT}).items():
        content = changed(table.csv, csv)
        digest = hashlib.sha256(content.encode()).hexdigest()
        (folder / f"{name}.csv").write_bytes(changed(content, altered).encode())
        lines += [
            "",
            f"[measures.{name}]",
            f'file = "{name}.csv"',
            f'axis = "{table.axis}"',
            f'unit = "{table.unit}"',
            f"range = [{table.first}, {table.last}]",
            f'method = "{table.method}"',
            f'sha256 = "{digest}"',
            table.more,
        ]
    text = changed("\n".join(lines) + "\n", toml)
    (folder / "reference.toml").write_text(text, encoding="utf-8")
    return folder


def changed(text: str, changes: Sequence[Change]) -> str:
    """The text with each change made once; every change must find its place."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text
