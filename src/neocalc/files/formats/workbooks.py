"""What is inside an Excel workbook, looked at before a library reads it.

A workbook is a zip file of XML. It says in a few bytes what unpacks to gigabytes, names a cell in
the last row of the last column, or repeats one long text a million times. So its parts are unpacked
here first, with a bound on each of the three, and what no table can hold is refused: formulas whose
values the file does not have, and macros. Cells with an error (#DIV/0!) are found too, as the
library leaves them empty.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from typing import Final, NamedTuple
from xml.etree import ElementTree

import numpy as np

from neocalc.errors import FileError, shown

LARGEST: Final = 1 << 28
"""Bytes of the largest workbook that is read."""
UNPACKED: Final = 1 << 29
"""Bytes that its parts may have, unpacked."""
MOST_CELLS: Final = 12_000_000
"""Cells of the rectangle that holds all that is written in a sheet."""
TEXTS: Final = 1 << 29
"""Bytes of all texts in a sheet, each as often as it stands there."""
MOST_NAMED: Final = 20
"""Sheets, or cells, that a message names."""
MOST_FAULTY: Final = 10_000
"""Cells with an error, beyond which the sheet is refused."""
PARTS: Final = 20_000
UNREADABLE: Final = "not a readable Excel workbook (.xlsx)"
_SMALL: Final = 1 << 24
_BOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_TEXTS: Final = "xl/sharedStrings.xml"
_NAME: Final = rb"(?:\w+:)?"
_ROW: Final = re.compile(rb"<" + _NAME + rb'row\b[^>]*?\br="([0-9]{1,9})"')
_LETTERS: Final = re.compile(rb"<" + _NAME + rb'c\b[^>]*?\br="([A-Z]{1,4})')
_REFERENCE: Final = re.compile(
    rb"<" + _NAME + rb'c\b[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*?(/?)>'
)
_FAULTY: Final = re.compile(
    rb"<" + _NAME + rb'c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>'
    rb"(?:(?!</" + _NAME + rb"c>).)*?<" + _NAME + rb"v[^>]*>([^<]*)<",
    re.DOTALL,
)  # fmt: skip
_FORMULA: Final = re.compile(
    rb"<" + _NAME + rb'c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<' + _NAME + rb"f\b"
    rb"(?:[^>]*/>|[^>]*>[^<]*</" + _NAME + rb"f>)\s*"
    rb"(?:<" + _NAME + rb"v\s*/>|<" + _NAME + rb"v>\s*</" + _NAME + rb"v>)?\s*</" + _NAME + rb"c>"
)
_SHARED: Final = re.compile(rb't="s"[^>]*>\s*<' + _NAME + rb"v>([0-9]{1,9})<")
_TEXT: Final = re.compile(
    rb"<" + _NAME + rb"si\b[^>]*/>|<" + _NAME + rb"si\b.*?</" + _NAME + rb"si>", re.DOTALL
)


class Faulty(NamedTuple):
    """A cell with an error: its row and column in the rectangle of what is written, and it."""

    row: int
    column: int
    word: str


class Workbook:
    """The parts of a workbook.

    Parameters
    ----------
    packed : bytes
        The file.
    name : str
        For messages.

    Attributes
    ----------
    sheets : dict of str to str
        The names of its sheets with cells, in order, and their parts.

    Raises
    ------
    FileError
        When it is damaged, larger than is read, has macros, or is not an .xlsx.
    """

    def __init__(self, packed: bytes, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(packed))
            self._check_parts()
            self.sheets = self._find_sheets()
        except FileError:
            raise
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError,
                RuntimeError, ElementTree.ParseError, ValueError) as error:  # fmt: skip
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> FileError:
        said = str(error).strip().partition("\n")[0][:120]
        return FileError(f"{self._name}: {UNREADABLE}: {said}")

    def _check_parts(self) -> None:
        """Unpack all parts once, as far as the bound goes."""
        parts = self._zip.infolist()
        names = {part.filename.lower() for part in parts}
        if any(name.endswith("vbaproject.bin") for name in names):
            raise FileError(f"{self._name}: a workbook with macros is not read; save it as .xlsx")
        if "xl/workbook.bin" in names:
            raise FileError(f"{self._name}: is a binary workbook (.xlsb); save it as .xlsx")
        if _BOOK not in names:
            raise FileError(f"{self._name}: is a zip file and no Excel workbook; unpack it first")
        if len(parts) > PARTS:
            raise FileError(f"{self._name}: a workbook of {len(parts):,} parts; at most {PARTS:,}")
        total = 0
        for part in parts:
            with self._zip.open(part) as stream:
                while piece := stream.read(1 << 20):
                    total += len(piece)
                    if total > UNPACKED:
                        raise FileError(
                            f"{self._name}: unpacks to more than {UNPACKED >> 20} MiB;"
                            " save its sheet as CSV (UTF-8)"
                        )

    def _small(self, part: str) -> ElementTree.Element:
        """A part that says what there is, as XML."""
        text = self._zip.read(part)
        if len(text) > _SMALL or b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise ValueError(f"{part} is not such as Excel writes")
        return ElementTree.fromstring(text)  # noqa: S314 - it is small and defines no entities

    def _find_sheets(self) -> dict[str, str]:
        targets = {
            relation.get("Id"): relation.get("Target", "")
            for relation in self._small(_RELATIONS)
            if str(relation.get("Type")).endswith("/worksheet")
        }
        found = {}
        for element in self._small(_BOOK).iter():
            if element.tag.rpartition("}")[2] != "sheet":
                continue
            key = next((v for k, v in element.items() if k.rpartition("}")[2] == "id"), None)
            if key in targets:  # else a sheet of a chart
                target = targets[key]
                inside = target[1:] if target.startswith("/") else f"xl/{target}"
                found[element.get("name", "")] = posixpath.normpath(inside)
        return found

    def chosen(self, sheet: str | None) -> str:
        """The name of the sheet that is read: the one that is asked for, or the only one."""
        names = list(self.sheets)
        if sheet is None and len(names) == 1:
            return names[0]
        listed = ", ".join(map(shown, names[:MOST_NAMED]))
        if len(names) > MOST_NAMED:
            listed += f" and {len(names) - MOST_NAMED:,} more"
        if sheet is None:
            said = f"has {len(names):,} sheets: {listed}; say which one is read: --sheet NAME"
            raise FileError(f"{self._name}: {said if names else 'has no sheet with cells'}")
        if sheet not in self.sheets:
            raise FileError(f"{self._name}: there is no sheet {shown(sheet)}; there are: {listed}")
        return sheet

    def faults(self, sheet: str) -> list[Faulty]:
        """The cells of a sheet that have an error.

        Raises
        ------
        FileError
            When the sheet is too large to be read, or has formulas without values.
        """
        try:
            text = self._zip.read(self.sheets[sheet])
        except (KeyError, zipfile.BadZipFile) as error:
            raise self._unreadable(error) from error
        where = f"{self._name}: sheet {shown(sheet)}"
        last = max(map(int, _ROW.findall(text)), default=0)
        widest = max((number_of(letters) for letters in set(_LETTERS.findall(text))), default=0)
        if last * widest > MOST_CELLS:
            raise FileError(
                f"{where}: something is written as far as row {last:,} and column {widest:,};"
                f" at most {MOST_CELLS:,} cells are read: save it as CSV (UTF-8)"
            )
        self._check_texts(text, where)
        formulas = [match[1].decode() for match in _FORMULA.finditer(text)]
        if formulas:
            cells = ", ".join(formulas[:5]) + (" and others" if len(formulas) > 5 else "")
            raise FileError(
                f"{where}: the file holds no value of the formula in {cells}; open it in a"
                " spreadsheet program, and save it"
            )
        if b't="e"' not in text:
            return []
        return _faulty(text, where)

    def _check_texts(self, text: bytes, where: str) -> None:
        """Refuse a sheet whose texts, each as often as it stands there, are too long."""
        if _TEXTS not in self._zip.namelist():
            return
        lengths = np.array([len(one[0]) for one in _TEXT.finditer(self._zip.read(_TEXTS))])
        used = text.count(b't="s"')
        if not len(lengths) or used * int(lengths.max()) <= TEXTS:
            return
        places = np.array(list(map(int, _SHARED.findall(text))), dtype=np.int64)
        total = int(lengths[places[places < len(lengths)]].sum())
        if total > TEXTS:
            said = f"its texts have more than {TEXTS >> 20} MiB; save it as CSV (UTF-8)"
            raise FileError(f"{where}: {said}")


def _faulty(text: bytes, where: str) -> list[Faulty]:
    """Cells with an error, by their places in the rectangle of cells that are not empty."""
    held = [(number_of(a), int(b)) for a, b, empty in _REFERENCE.findall(text) if not empty]
    left, top = (min(numbers) for numbers in zip(*held, strict=True))
    found = [
        Faulty(int(match[2]) - top, number_of(match[1]) - left, match[3].decode(errors="replace"))
        for match in _FAULTY.finditer(text)
    ]
    if len(found) > MOST_FAULTY:
        raise FileError(f"{where}: {len(found):,} cells have an error such as {found[0].word}")
    return found


def number_of(letters: bytes) -> int:
    """The number of a column, from 1.

    >>> number_of(b"A"), number_of(b"AB"), number_of(b"XFD")
    (1, 28, 16384)
    """
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number
