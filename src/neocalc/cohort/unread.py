"""Columns that would be left out unnoticed: what each seems to hold, and what to type.

Every hint can be followed as it stands: the command then takes the column that it names, or leaves
out the one that is named as ignored.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from neocalc.cohort.canonical import AGE_COLUMNS, CONVERTED, DAYS_OLD, GROUPS, PART, UNITS, WEEKS
from neocalc.cohort.lookalikes import KINDS, Look, look
from neocalc.errors import shown

FORMS: Final = {
    "gestational_age": "27+3",
    "gestational_age_days": "192",
    "gestational_age_weeks_decimal": "27.43",
}
"""Examples of what stands in columns that are easily mistaken for one another."""
MOST: Final = 20
"""Columns that one message describes."""
_COMPUTED: Final = {
    "corrected_age": "it is computed from the gestation at birth and the age",
    "last_period": "the gestation at birth is the days from it to birth: give gestational_age_days",
}
"""What is not read, and what to give instead."""
_LIFE: Final = {"dol", "dayoflife", "daysoflife", "lifeday", "dayofage"}
"""Words of a day that may be counted from 1."""


class Entry(NamedTuple):
    """What to type: canonical names to columns, columns to leave out, and when that is right.

    `more` is what is typed beside it, to a command and in Python.
    """

    columns: Mapping[str, str] = {}
    ignore: tuple[str, ...] = ()
    when: str = ""
    more: tuple[str, str] = ("", "")

    def typed(self, *, command: bool) -> str:
        """The entry as it is typed to a command, or written in Python."""
        text = typed(self.columns, self.ignore, command=command)
        more = self.more[not command]
        mark = " " if command else ", "
        return f"{mark.join(part for part in (text, more) if part)} {self.when}".strip()


def typed(columns: Mapping[str, str], ignore: Iterable[str] = (), *, command: bool) -> str:
    """A mapping and columns to leave out, as they are typed.

    >>> typed({"weight_kg": "WT"}, ["Height (cm)"], command=True)
    "--column weight_kg=WT --ignore 'Height (cm)'"
    >>> typed({"weight_kg": "WT"}, ["Height (cm)"], command=False)
    "columns={'weight_kg': 'WT'}, ignore=['Height (cm)']"
    """
    if command:
        options = [f"--column {shlex.quote(f'{ours}={name}')}" for ours, name in columns.items()]
        return " ".join([*options, *(f"--ignore {shlex.quote(name)}" for name in ignore)])
    parts = [f"columns={dict(columns)}"] if columns else []
    return ", ".join(parts + ([f"ignore={list(ignore)}"] if ignore else []))


@dataclass
class Unread:
    """A column that is not read although it looks like one of ours.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        What it looks like.
    said : str
        The same for people.
    entries : list of Entry
        What to type instead.
    note : str
        What else there is to say.
    refused : bool
        Whether a table in memory is refused for it too.
    """

    name: str
    kind: str
    said: str
    entries: list[Entry] = field(default_factory=list)
    note: str = ""
    refused: bool = False

    def text(self, verb: str, *, command: bool) -> str:
        """The column, what it looks like, and what to type."""
        ways = ", or ".join(entry.typed(command=command) for entry in self.entries)
        said = "; ".join(part for part in (self.note, ways) if part)
        return f"{shown(self.name)}{verb} ({self.said}): {said}"


class Table(NamedTuple):
    """Which columns of a table are read, and which are not.

    Attributes
    ----------
    header : list of str
        All names.
    names : dict of str to str
        Canonical name to the name in the table, of what is read.
    left : dict of str to str
        The same of canonical columns that are not read, as others of their group are.
    ignored : frozenset of str
        Names of columns that are left out on purpose.
    convert : bool
        Whether pounds and inches are read.
    """

    header: list[str]
    names: Mapping[str, str]
    left: Mapping[str, str]
    ignored: frozenset[str]
    convert: bool = False

    def looks(self) -> dict[str, Look]:
        """What each column seems to hold that is neither read nor ignored."""
        known = {*self.names.values(), *self.ignored, *AGE_COLUMNS}
        found = {name: _own(ours) for ours, name in self.left.items()}
        for name in self.header:
            seems = None if name in known or name in found else look(name)
            if seems is not None:
                found[name] = seems
        return found

    def read(self, kind: str) -> list[str]:
        """The columns of a kind that are read, by their names in the table."""
        ours = list(GROUPS.get(kind, ()))
        if kind == "age" and "birth_date" in self.names and "measured_on" in self.names:
            ours = ["birth_date", "measured_on", *ours]
        return [self.names[name] for name in ours if name in self.names]


def _own(canonical: str) -> Look:
    """What a canonical column holds that is not read."""
    kind = next(kind for kind, columns in GROUPS.items() if canonical in columns)
    unit = {WEEKS: "week", PART: "day", "gestational_age_days": "day"}.get(canonical)
    unit = UNITS.get(canonical, unit)
    return Look(kind, () if unit is None else (unit,), frozenset({canonical}), False)


def unread(table: Table) -> list[Unread]:
    """The columns of a table that would be left out unnoticed, in its order."""
    looks = {name: seems for name, seems in table.looks().items() if seems.kind != "measured_on"}
    found = []
    for name, seems in looks.items():
        if seems.kind == "gestation":
            one = _gestation(table, name, seems, looks)
        elif seems.kind == "due_date" and table.read("gestation"):
            said = f"a second gestation beside {shown(table.read('gestation')[0])}"
            one = Unread(name, seems.kind, said, [Entry({}, (name,))])
        elif seems.kind == "due_date" and "birth_date" not in table.names:
            said, note = KINDS[seems.kind].said, "it gives a gestation beside a birth_date alone"
            one = Unread(name, seems.kind, said, [Entry({}, (name,))], note)
        elif seems.kind in _COMPUTED:
            said = KINDS[seems.kind].said
            one = Unread(name, seems.kind, said, [Entry({}, (name,))], _COMPUTED[seems.kind])
        else:
            one = _other(table, name, seems)
        if one is not None:
            found.append(one)
    return found


def _other(table: Table, name: str, seems: Look) -> Unread:
    """A column of a kind that has columns of its own."""
    kind, said = seems.kind, KINDS[seems.kind].said
    read = table.read(kind)
    fitting = [ours for ours in GROUPS[kind] if _fits(ours, seems)]
    ways = [
        Entry(_mapped(ours, name), (), _if(ours, fitting), _conversion(ours, table))
        for ours in fitting
    ]
    note = "" if fitting else f"none of ours is in its unit ({seems.units[0]}); convert it"
    if read:
        second = f"a second {said.partition(' ')[2]} beside {' and '.join(map(shown, read))}"
        if kind == "age" and "birth_date" in read:  # dates go before an age that is stated
            ways = []
        instead = [
            Entry(way.columns, tuple(read), f"to read it {way.when}".strip(), way.more)
            for way in ways
        ]
        return Unread(name, kind, second, [Entry({}, (name,)), *instead], note)
    refused = seems.plain and kind not in ("sex", "birth_date", "age")
    return Unread(name, kind, said, [*ways, Entry({}, (name,))], note, refused)


def _mapped(ours: str, name: str) -> dict[str, str]:
    """The mapping of a column; what has its canonical name needs none."""
    return {} if ours == name else {ours: name}


def _fits(ours: str, seems: Look) -> bool:
    """Whether a column of that unit may be one of ours."""
    if ours in CONVERTED:
        return UNITS[ours] in seems.units
    return not seems.units or UNITS.get(ours) in seems.units


def _conversion(ours: str, table: Table) -> tuple[str, str]:
    """What is typed beside the mapping of a column in pounds or inches."""
    return ("--convert", "convert=True") if ours in CONVERTED and not table.convert else ("", "")


def _if(ours: str, fitting: list[str]) -> str:
    """When a column is the right one of several."""
    plural = "s" if ours in DAYS_OLD else ""
    return f"if it is in {UNITS[ours]}{plural}" if len(fitting) > 1 else ""


def _gestation(table: Table, name: str, seems: Look, looks: Mapping[str, Look]) -> Unread | None:
    """A column of a gestation: alone, or weeks and days in two columns."""
    said = KINDS["gestation"].said
    weeks = [n for n, one in looks.items() if one.kind == "gestation" and one.units == ("week",)]
    days = [n for n, one in looks.items() if one.kind == "gestation" and one.units == ("day",)]
    read = {ours: table.names[ours] for ours in GROUPS["gestation"] if ours in table.names}
    part, whole = "where the days are 0 to 6", "where they are all days (192)"
    ours = read.get("gestational_age_days")
    if ours is not None and name in weeks:
        both = Entry(_pair(name, ours), (), part)
        return Unread(name, "gestation", said, [both, Entry({}, (name,), whole)])
    ours = read.get("gestational_age_weeks_decimal")
    if ours is not None and name in days:
        both = Entry(_pair(ours, name), (), "where its days are 0 to 6")
        note = f"the weeks in {shown(ours)} are then without their days"
        other = Entry({}, (name,), "where the weeks are decimal (27.43)")
        return Unread(name, "gestation", said, [both, other], note, refused=True)
    if read:
        second = f"a second gestation beside {shown(next(iter(read.values())))}"
        return Unread(name, "gestation", second, [Entry({}, (name,))])
    if name == table.left.get(PART) and not weeks:
        note = f"days without their weeks: {WEEKS} is needed beside them"
        return Unread(name, "gestation", said, [Entry({}, (name,))], note)
    if weeks and days and name in (weeks[0], days[0]):
        if name == days[0]:
            return None  # it stands with its weeks
        said = f"a gestation with {shown(days[0])}"
        ways = [Entry(_pair(weeks[0], days[0]), (), part)]
        if days[0] != table.left.get(PART):
            ways.append(Entry({"gestational_age_days": days[0]}, (weeks[0],), whole))
        ways.append(Entry({}, (weeks[0], days[0])))
        refused = any(looks[n].plain or n == table.left.get(WEEKS) for n in (weeks[0], days[0]))
        return Unread(name, "gestation", said, ways, "", refused)
    note = ""
    if seems.units == ("week",):
        note = (
            f"completed weeks alone leave up to 6 days open, {PART} beside them says which, or what"
            " they stand for is declared"
        )
    refused = seems.plain or name == table.left.get(WEEKS)
    ways = [*_forms(name, seems), Entry({}, (name,))]
    if seems.units == ("week",):
        for word, said_of in (("start", "27 is 27+0"), ("middle", "27 is 27+3")):
            more = (f"--completed-weeks {word}", f"completed_weeks={word!r}")
            ways.insert(-1, Entry(_mapped(WEEKS, name), (), f"({said_of})", more))
    return Unread(name, "gestation", said, ways, note, refused)


def _pair(weeks: str, days: str) -> dict[str, str]:
    """The mapping of a gestation in two columns."""
    return _mapped(WEEKS, weeks) | _mapped(PART, days)


def _forms(name: str, seems: Look) -> list[Entry]:
    """How a gestation that stands in one column is mapped, by what its name says of the unit."""
    forms = {
        ("day",): ["gestational_age_days"],
        ("week",): ["gestational_age_weeks_decimal"],
        ("week", "day"): ["gestational_age"],
    }.get(seems.units, list(FORMS))
    return [Entry({ours: name}, (), f"({FORMS[ours]})") for ours in forms]


def described(found: list[Unread], verb: str, *, command: bool) -> str:
    """All columns in one message, each with what to type; `verb`: "would not be", or "is not"."""
    if len(found) == 1:
        return f"the column {found[0].text(f' {verb} read', command=command)}"
    texts = [one.text("", command=command) for one in found[:MOST]]
    more = f"; and {len(found) - MOST:,} more" if len(found) > MOST else ""
    verb = verb.replace("is not", "are not")
    return f"{len(found):,} columns {verb} read: {'; '.join(texts)}{more}"


def lacking(table: Table, *, command: bool) -> list[str]:
    """The columns that a table cannot do without and does not have, with what to type."""
    looks = table.looks()
    by_kind: dict[str, list[str]] = {}
    for name, seems in looks.items():
        by_kind.setdefault(seems.kind, []).append(name)
    said = []
    if "sex" not in table.names:
        name = by_kind.get("sex", ["NAME"])[0]
        said.append(f"there is no column sex; map it: {typed({'sex': name}, command=command)}")
    dates = {"birth_date", "measured_on"}
    if not dates <= table.names.keys() and not set(DAYS_OLD) & table.names.keys():
        ways = _ages(table, by_kind, looks)
        said.append(
            "no age: it needs birth_date and measured_on, or age_days; map it: "
            + ", or ".join(way.typed(command=command) for way in ways)
        )
    return said


def _ages(table: Table, by_kind: Mapping[str, list[str]], looks: Mapping[str, Look]) -> list[Entry]:
    """How the columns of a table that look like dates or ages can be read."""
    lacks = {
        ours: by_kind[ours][0] if ours in by_kind else "NAME"
        for ours in ("birth_date", "measured_on")
        if ours not in table.names
    }
    ways = []
    for name in by_kind.get("age", ())[:1]:
        fitting = [ours for ours in DAYS_OLD if _fits(ours, looks[name])]
        zero = "where the day of birth counts as 0, not 1" if looks[name].words & _LIFE else ""
        ways += [Entry({ours: name}, (), zero or _if(ours, fitting)) for ours in fitting]
        if not fitting:
            ways.append(Entry({"age_days": "NAME"}, (), f"once {shown(name)} is in days"))
    if "NAME" not in lacks.values():
        return [Entry(lacks), *ways]
    if len(lacks) == 1 or "birth_date" in by_kind:
        return [*ways, Entry(lacks)]
    neither = {"birth_date": "NAME", "measured_on": "NAME"}
    return ways or [Entry(neither), Entry({"age_days": "NAME"})]
