"""JSON that others wrote: read once, bounded in size and depth, and refused in one line."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from neocalc.errors import FileError, printable, shown
from neocalc.references.shipped import read_small

MOST_BYTES: Final = 256 * 2**20
"""Bytes of the largest file of JSON: what is read from it takes several times as much memory."""
DEEPEST: Final = 64
"""Levels of brackets: FHIR and Dataset-JSON need no more than twenty."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
"""Brackets, and texts in which a bracket is a letter."""


def read_json(path: str | os.PathLike[str]) -> Any:
    """The content of a file: one JSON text, or a list of those of its lines (NDJSON).

    Raises
    ------
    FileError
        When it cannot be read, is too large or too deep, is not JSON, or says a name twice.
    """
    name = printable(Path(path).name)
    try:
        data = read_small(path, MOST_BYTES)
    except OSError as error:
        raise FileError(f"{name}: cannot be read: {error.strerror}") from error
    return parsed(data, name)


def parsed(data: bytes | str, name: str) -> Any:
    """The same of what was read already."""
    if len(data) > MOST_BYTES:
        raise FileError(f"{name}: is larger than {MOST_BYTES:,} bytes")
    if isinstance(data, bytes):
        try:
            data = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        except UnicodeDecodeError as error:
            raise FileError(f"{name}: byte {error.start + 1:,} is not UTF-8") from error
    lines = [line for line in data.splitlines() if line.strip()] if _is_lines(data) else [data]
    found = [_text(line, name, number) for number, line in enumerate(lines, 1)]
    return found if len(found) > 1 else found[0]


def _is_lines(data: str) -> bool:
    """Whether each line is a JSON text of its own: the first one ends on its line."""
    first, _, rest = data.lstrip().partition("\n")
    if not rest.strip():
        return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _text(text: str, name: str, line: int) -> Any:
    """One JSON text."""
    _refuse_deep(text, name)
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except _Refused as error:
        raise FileError(f"{name}: {error}") from error
    except json.JSONDecodeError as error:
        at = f"line {error.lineno + line - 1:,}, character {error.colno:,}"
        raise FileError(f"{name}: {at}: is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of more digits than are read
        raise FileError(f"{name}: is not JSON that can be read: {error}") from error


def _refuse_deep(text: str, name: str) -> None:
    """Refuse brackets within brackets beyond all need, before they are read."""
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > DEEPEST:
                raise FileError(f"{name}: brackets are nested more than {DEEPEST} deep")
        elif mark in "]}":
            depth -= 1


class _Refused(ValueError):
    """What JSON can say and a record cannot."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"an object says {shown(twice)} twice")
    return found


def _constant(word: str) -> Any:
    raise _Refused(f"{word} is no number of JSON")
