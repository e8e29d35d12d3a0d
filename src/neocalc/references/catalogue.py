"""Reference tables: what a reference is, and how one is loaded.

A reference is a folder: ``reference.toml`` says what it is and holds the SHA-256 of each of its
CSVs of L, M and S. A folder added to ``reference_tables/`` is a reference added; a user's own is
given by its path, or by its id when its folder is on the path list ``NEOCALC_REFERENCES``. A table
whose checksum differs from its reference.toml is refused, and so is a reference.toml of neocalc's
own that differs from the manifest (`neocalc.references.shipped`). Those whose terms of use a site
cannot accept are left out by their ids in ``NEOCALC_EXCLUDE``, separated by commas or spaces.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Final

from neocalc.errors import InputError, TableError
from neocalc.references.files import (
    AXES,
    LARGEST,
    MEASURES,
    METHODS,
    SEXES,
    Measure,
    Table,
    load_table,
    measure_facts,
    parse_rows,
    parse_toml,
    read_checked,
    text_of,
)
from neocalc.references.shipped import read_small, refuse_altered

__all__ = [
    "AGES",
    "AXES",
    "BY_LENGTH",
    "ENVIRONMENT",
    "EXCLUDE",
    "LARGEST",
    "MEASURES",
    "METHODS",
    "SEXES",
    "USES",
    "Measure",
    "Reference",
    "Table",
    "excluded",
    "nothing_excluded",
    "open_folder",
    "own_folders",
    "parse_rows",
    "parse_toml",
    "read_checked",
    "reference",
    "references",
    "shipped_folders",
    "tables_digest",
    "tables_folder",
]

AGES: Final = {
    ("growth", "chronological"): ("age_days", "age_months"),
    ("growth", "postmenstrual"): ("postmenstrual_age_days",),
    ("size_at_birth", "gestation"): ("completed_weeks", "gestational_age_days"),
    ("velocity", "chronological"): ("start_months",),
}
"""The axes of the tables by age, for each use and age basis that go together."""
BY_LENGTH: Final = ("weight_for_length", "weight_for_height")
"""The measures whose tables go by length, not by age."""

TERM_DAY: Final = 280
HANDOVER_DAY: Final = 350
"""Last postmenstrual day of a preterm reference under a policy, where it states no other."""
LARGEST_DAY: Final = 100_000
USES: Final = ("growth", "size_at_birth", "velocity")
ENVIRONMENT: Final = "NEOCALC_REFERENCES"
EXCLUDE: Final = "NEOCALC_EXCLUDE"


class Reference:
    """A folder of tables and what its reference.toml says of them.

    Attributes
    ----------
    id, title, citation, doi, isbn, publisher, licence, source, chart_label : str
        Provenance; `chart_label` must stand on every chart that is drawn from the tables.
    age_basis : str
        "chronological", "postmenstrual" or "gestation": what the tables' age means.
    use : str
        "growth", "size_at_birth" or "velocity": the calls that may use it.
    handover_day : int
        Last postmenstrual age at which a policy uses it, unless told otherwise [day].
    measures : dict of str to Measure
        Unit, axis, range, method, flag limits (of z, and the `flag_small` below whose multiple of
        S a value is too small) and checksum of each table.
    folder : pathlib.Path
        Where the tables were read from.
    sha256 : str
        Checksum of the reference.toml.
    """

    def __init__(self, folder: Path, *, ours: bool = False) -> None:
        self.folder = folder
        path = folder / "reference.toml"
        try:
            content = read_small(path)
        except FileNotFoundError as error:
            raise TableError(f"{path}: there is no reference.toml in this folder") from error
        except OSError as error:
            raise TableError(f"{path}: {error.strerror}") from error
        self.sha256 = hashlib.sha256(content).hexdigest()
        if ours:
            refuse_altered(folder.parent, path, self.sha256)
        try:
            about = parse_toml(content)
        except ValueError as error:
            raise TableError(f"{path}: {error}") from error
        text = {
            name: text_of(about, name, path, required=name not in ("doi", "isbn", "age_basis"))
            for name in (
                "id", "title", "citation", "doi", "isbn", "publisher", "licence", "source",
                "age_basis", "use", "chart_label",
            )
        }  # fmt: skip
        self.id = text["id"]
        self.title = text["title"]
        self.citation = text["citation"]
        self.doi = text["doi"]
        self.isbn = text["isbn"]
        self.publisher = text["publisher"]
        self.licence = text["licence"]
        self.source = text["source"]
        self.age_basis = text["age_basis"]
        self.use = text["use"]
        self.chart_label = text["chart_label"]
        if self.use not in USES:
            raise TableError(f"{path}: use is {self.use!r}; accepted: {', '.join(USES)}")
        axes = AGES.get((self.use, self.age_basis))
        if axes is None:
            accepted = " or ".join(basis for use, basis in AGES if use == self.use)
            raise TableError(
                f"{path}: age_basis is {self.age_basis!r}; for the use {self.use}: {accepted}"
            )
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", self.id) or self.id == "auto":
            raise TableError(f"{path}: id {self.id!r}; accepted: a-z, 0-9 and -, and not auto")
        self.handover_day = about.get("handover_day", HANDOVER_DAY)
        if type(self.handover_day) is not int or not TERM_DAY <= self.handover_day <= LARGEST_DAY:
            raise TableError(f"{path}: handover_day must be a whole number of days from {TERM_DAY}")
        measures = about.get("measures")
        if not isinstance(measures, dict) or not measures:
            raise TableError(f"{path}: no [measures.NAME] section")
        self.measures = {
            name: measure_facts(name, facts, ("length_cm",) if name in BY_LENGTH else axes, path)
            for name, facts in measures.items()
        }
        self._tables: dict[str, tuple[Table, ...]] = {}

    def __repr__(self) -> str:
        return f"<Reference {self.id}: {', '.join(self.measures)}>"

    def tables(self, measure: str) -> tuple[Table, ...]:
        """The tables of a measure in the order of their keys: one, or one for each of its parts.

        Each is checked against its checksum when it is first read.

        Raises
        ------
        InputError
            When the reference has no such measure.
        TableError
            When a file is missing, altered or malformed; the message says which and how.
        """
        if measure not in self.measures:
            raise InputError("measure", measure, f"{self.id} has: {', '.join(self.measures)}")
        if measure not in self._tables:
            parts = self.measures[measure].files
            self._tables[measure] = tuple(load_table(p, self.folder, self.use) for p in parts)
        return self._tables[measure]

    def table(self, measure: str) -> Table:
        """The table of a measure that has one distribution along its whole axis.

        Raises
        ------
        InputError
            When the measure has several tables, one for each part of its axis: see `tables`.
        """
        found = self.tables(measure)
        if len(found) > 1:
            raise InputError("measure", measure, f"{self.id} has {len(found)} tables of it")
        return found[0]

    def has_small(self, measure: str) -> bool:
        """Whether it has a table of the measure with a limit `flag_small`."""
        facts = self.measures.get(measure)
        return facts is not None and any(part.flag_small is not None for part in facts.files)

    @property
    def files(self) -> dict[str, Measure]:
        """Every table of the reference by the name of its file, without the suffix."""
        return {Path(p.file).stem: p for m in self.measures.values() for p in m.files}

    @cached_property
    def citation_line(self) -> str:
        """The citation with its DOI or ISBN."""
        identifier = f" doi:{self.doi}" if self.doi else f" ISBN {self.isbn}" if self.isbn else ""
        return self.citation + identifier


def tables_folder() -> Path:
    """The folder of the tables: inside the installed package, or beside src/ in a checkout."""
    here = Path(__file__).resolve().parents[1]
    installed = here / "reference_tables"
    return installed if installed.is_dir() else here.parents[1] / "reference_tables"


@cache
def open_folder(folder: Path) -> Reference:
    """The reference in a folder; read once, and of neocalc's own only as it was published."""
    return Reference(folder, ours=folder.parent == tables_folder())


def reference(name: str | os.PathLike[str]) -> Reference:
    """A reference by its id, or a user's own by the path of its folder.

    Parameters
    ----------
    name : str or path
        An id such as "who-2006", or the path of a folder with a reference.toml.

    Returns
    -------
    Reference
        What it is and where it comes from; its tables are read when they are needed.

    Raises
    ------
    InputError
        When there is none of that name.
    TableError
        When the folder is not a valid reference, or none of that name is found while a folder on
        ``NEOCALC_REFERENCES`` cannot be read.

    Examples
    --------
    >>> reference("fenton-2013").doi
    '10.1186/1471-2431-13-59'
    """
    text = os.fsdecode(name) if isinstance(name, (str, os.PathLike)) else ""
    added, faults = added_references()
    found = [folder for folder in shipped_folders() if folder.name == text]
    found += [ref.folder for ref in added if ref.id == text]
    if len(found) > 1:
        raise _second(found[1], text)
    if found and text not in excluded():
        return open_folder(found[0])
    if found:
        raise _unknown(name, [ref.id for ref in references()])
    path = Path(text)
    if text and _is_there(path):
        ref = open_folder((path.parent if path.suffix == ".toml" else path).resolve())
        ours = next((folder for folder in shipped_folders() if folder.name == ref.id), ref.folder)
        if ref.folder != ours:
            raise _second(ref.folder, ref.id)
        if ref.folder in shipped_folders() and ref.id in excluded():
            raise _unknown(ref.id, [ref.id for ref in references()])
        return ref
    if faults:  # what is asked for may be what cannot be read
        raise faults[0]
    raise _unknown(name, [ref.id for ref in references()])


def reference_for(
    name: str | os.PathLike[str], *uses: str, also: tuple[str, ...] = ()
) -> Reference:
    """A reference that a call can use; a message offers those that fit, and no others."""
    try:
        ref = reference(name)
    except InputError as error:
        raise _unknown(name, [*also, *ids_of(*uses)]) from error
    if ref.use not in uses:
        fit = ", ".join([*also, *ids_of(*uses)])
        why = f"{ref.id} is for {ref.use}"
        raise InputError("reference", name, f"{why}; accepted: {fit}, or the path of a folder")
    return ref


def ids_of(*uses: str, basis: str = "") -> list[str]:
    """The ids of the references for any of these uses, and of one age basis if it is given."""
    refs = [*map(open_folder, own_folders()), *added_references()[0]]
    return [ref.id for ref in refs if ref.use in uses and basis in ("", ref.age_basis)]


def _second(folder: Path, id_: str) -> TableError:
    """An id names one reference: results and records give it alone."""
    ours = any(own.name == id_ for own in shipped_folders())
    whose = ", which ships with neocalc; give yours another id" if ours else ""
    return TableError(f"{folder}: a second reference with the id {id_!r}{whose}")


def _unknown(name: object, known: list[str]) -> InputError:
    accepted = f"{why_not(name)}accepted: {', '.join(known)}, or the path of a folder"
    return InputError("reference", name, accepted)


def why_not(name: object) -> str:
    """Why a reference that ships is none, for a message; empty where it is not left out."""
    left_out = isinstance(name, str) and name in excluded()
    return f"this site leaves it out ({EXCLUDE}); " if left_out else ""


def _is_there(path: Path) -> bool:
    """Whether a path is that of a folder or of a reference.toml; not what cannot be a path."""
    try:
        return path.is_dir() or (path.suffix == ".toml" and path.is_file())
    except (OSError, ValueError):
        return False


def references() -> tuple[Reference, ...]:
    """Every reference there is: neocalc's own and those on ``NEOCALC_REFERENCES``.

    Returns
    -------
    tuple of Reference
        With title, citation, licence, source, and for each measure its range, unit and checksum.

    Raises
    ------
    TableError
        When one that was added is not valid, or has the id of another.

    Examples
    --------
    >>> [ref.id for ref in references()][:2]
    ['fenton-2013', 'fenton-2025']
    """
    added, faults = added_references()
    if faults:
        raise faults[0]
    found: dict[str, Reference] = {}
    for ref in (*map(open_folder, own_folders()), *added):
        if ref.id in found or (ref.id in excluded() and ref in added):
            raise _second(ref.folder, ref.id)
        found[ref.id] = ref
    return tuple(found.values())


def tables_digest() -> str:
    """One digest of all of neocalc's own tables: it changes when any figure does.

    It covers every reference.toml (which holds the checksum of each CSV) and trial definition.
    """
    root = tables_folder()
    digest = hashlib.sha256()
    for path in sorted(root.glob("*/*.toml")):
        digest.update(f"{path.parent.name}/{path.name}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def shipped_folders() -> tuple[Path, ...]:
    """The folders of the references that ship with neocalc, by name; also of those left out."""
    return tuple(sorted(path.parent for path in tables_folder().glob("*/reference.toml")))


def own_folders() -> tuple[Path, ...]:
    """The folders of neocalc's own references, by name, without those left out."""
    out = excluded()
    return tuple(folder for folder in shipped_folders() if folder.name not in out)


def is_there(name: str) -> bool:
    """Whether one of neocalc's own references is there, and is not left out."""
    return any(folder.name == name for folder in own_folders())


_everything: Final = ContextVar("everything", default=False)


@contextmanager
def nothing_excluded() -> Iterator[None]:
    """Every reference that ships, whatever the site leaves out: to check the installation."""
    token = _everything.set(True)
    try:
        yield
    finally:
        _everything.reset(token)


def excluded() -> frozenset[str]:
    """The ids of neocalc's own references that ``NEOCALC_EXCLUDE`` leaves out.

    Raises
    ------
    TableError
        When a name there is none of them: a slip of a letter would leave a table in use.
    """
    text = os.environ.get(EXCLUDE, "")
    return frozenset() if _everything.get() or not text else _excluded(text, shipped_folders())


@lru_cache(maxsize=8)
def _excluded(text: str, folders: tuple[Path, ...]) -> frozenset[str]:
    names = frozenset(text.replace(",", " ").split())
    known = [folder.name for folder in folders]
    for name in sorted(names.difference(known)):
        raise TableError(
            f"{EXCLUDE}: {name!r} is no reference that ships; accepted: {', '.join(known)}"
        )
    return names


def added_references() -> tuple[list[Reference], list[TableError]]:
    """The references that ``NEOCALC_REFERENCES`` adds, and what is wrong with the others.

    A fault there matters to a call that may need what is at fault, and to a listing. It does not
    stop a call for one of neocalc's own tables, nor for another that was added.
    """
    found: list[Reference] = []
    faults: list[TableError] = []
    entries = os.environ.get(ENVIRONMENT, "").split(os.pathsep)
    for entry in dict.fromkeys(filter(None, entries)):
        try:
            root = Path(entry).resolve()
            folders = [root] if (root / "reference.toml").exists() else []
            folders += sorted(path.parent for path in root.glob("*/reference.toml"))
            if not folders:
                raise TableError(f"{ENVIRONMENT}: {root} holds no reference.toml")
        except TableError as error:
            faults.append(error)
            continue
        except (OSError, RuntimeError) as error:  # a RuntimeError: a loop of links
            faults.append(TableError(f"{ENVIRONMENT}: {entry}: {error}"))
            continue
        for folder in folders:
            try:
                found.append(open_folder(folder))
            except TableError as error:
                faults.append(error)
    return list(dict.fromkeys(found)), faults
