"""What is fuzzed: everything that a user types or feeds, as functions of bytes.

A target may let a `neocalc.NeocalcError` happen, with a message that is one line and not long, and
nothing else. Beyond that it checks what must hold of an input that is accepted, where that can be
said in a few lines. No fuzzer is needed here: the tests run the same functions on the seeds and on
every input that once failed.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import hashlib
import io
import json
import math
import os
import re
import shutil
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

import neocalc as nc
from neocalc import cli, trials
from neocalc.ages.moments import moment
from neocalc.cohort.canonical import AGE_COLUMNS
from neocalc.cohort.canonical import CANONICAL as COLUMNS
from neocalc.cohort.lookalikes import look
from neocalc.cohort.mapping import map_columns
from neocalc.cohort.missing import missing_words
from neocalc.dose import prepare
from neocalc.dose.figures import fraction, metric_weight
from neocalc.dose.notation import Figure, parse
from neocalc.errors import STATUSES, NeocalcError
from neocalc.files import csvrows
from neocalc.files.parquetpages import Damaged, Layout
from neocalc.reading.dateforms import SERIAL, declared, fitting
from neocalc.reading.dates import date_number, date_reader, duration_days, gestation_days
from neocalc.reading.dimensions import CANONICAL, find_unit, split_quantity
from neocalc.reading.units import figures_of
from neocalc.reading.words import SexCodes, code_words, oedema_code, position_code, sex_code
from neocalc.references.catalogue import Reference, open_folder, reference
from neocalc.references.files import MEASURES

LONGEST_MESSAGE: Final = 8_000
"""Characters of the longest message: it may quote a name and list what is accepted."""
VALUE_KEPT: Final = frozenset({"ok", "implausible"})
"""The statuses of a row of `neocalc score` that has a z-score."""


class Target(NamedTuple):
    """One target: the function, the most bytes of an input, and the seconds that it may take."""

    run: Callable[[bytes], None]
    longest: int = 256
    seconds: int = 10


class BrokenError(AssertionError):
    """Something that must hold does not."""


def ensure(holds: bool, what: object) -> None:
    """Fail unless something holds."""
    if not holds:
        raise BrokenError(what)


def text_of(data: bytes) -> str:
    """Bytes as a command line has them: what is not UTF-8 becomes lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


@contextlib.contextmanager
def refused() -> Iterator[None]:
    """Let neocalc refuse, with a message for people."""
    try:
        yield
    except NeocalcError as error:
        check_message(str(error))


def check_message(text: str) -> None:
    """A message says something, and is not long."""
    line = " ".join(text.split())
    ensure(0 < len(line) <= LONGEST_MESSAGE, f"a message of {len(line)} characters")


def gestation(data: bytes) -> None:
    """A gestation as typed, alone and in an array."""
    text = text_of(data)
    days = None
    with refused():
        days = gestation_days(text)
        if days:
            weeks, day = re.findall(r"[0-9]+", text)[:2]
            ensure(days == 7 * int(weeks) + int(day), days)
            ensure(140 <= days <= 314, days)
        nc.Policy(preterm_below=text).describe()
    many = nc.Age.from_days([300, 300, 300], gestation=[text, "27+3", None])
    faulty = many.gestation_status is not None and bool(many.gestation_status[0])
    ensure(faulty == (days is None), "an array does not judge as one value does")
    ensure(int(many.gestation_days[0]) == (days or 0), many.gestation_days)


def dates(data: bytes) -> None:
    """Two dates as typed: of birth and of measurement; and the moment of a dose."""
    born, _, on = text_of(data).partition("\n")
    for text in (born, on):
        with refused():
            shown = dt.date.fromordinal(date_number(text) + dt.date(1970, 1, 1).toordinal())
            iso = re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip())
            ensure(shown.isoformat() == text.strip() if iso else str(shown.year) in text, shown)
        with refused():
            ensure(str(moment(text, "on"))[:10] == text.strip()[:10], text)
    with refused():
        age = nc.Age(born=born, on=on, gestation="27+3")
        ensure(age.corrected.magnitude == age.chronological.magnitude + 192 - 280, age)
        str(age.expected_date)
        nc.zscore("weight", "3 kg", sex="f", age=age)
    nc.Age(born=[born, "2026-05-01"], on=[on, "2026-08-14"], gestation=["27+3", None]).corrected  # noqa: B018


def durations(data: bytes) -> None:
    """A duration as typed: the parts of a policy."""
    text = text_of(data)
    with refused():
        days = duration_days(text, "handover")
        ensure(type(days) is int and 0 <= days <= 40_000, days)
    for part in ("handover", "correct_until", "preterm_below"):
        with refused():
            parts: dict[str, Any] = {part: text}
            policy = nc.Policy(**parts)
            age = nc.Age.from_days(105, gestation="27+3")
            ensure(policy.describe().isprintable(), policy)
            nc.zscore("weight", "3100 g", sex="f", age=age, policy=policy)


def quantities(data: bytes) -> None:
    """A quantity as typed, for every dimension; a unit; and the figures that are printed."""
    text = text_of(data)
    with refused():
        figure, unit = split_quantity(text, "weight", "give a quantity in kg")
        ensure(not math.isnan(figure), text)
        target = find_unit(CANONICAL[unit.dimension]) if unit.dimension in CANONICAL else None
        if target is not None and math.isfinite(figure):
            found = float(figures_of(text, target.name, "weight")[0][0])
            exact = Fraction(figure) * unit.num * target.den / (unit.den * target.num)
            near = abs(Fraction(found) - exact) <= abs(exact) / 2**50 if found < math.inf else True
            ensure(near or abs(exact) < 1e-300, (text, found))
    for canonical in CANONICAL.values():
        with refused():
            found = float(figures_of(text, canonical, "value")[0][0])
            if math.isfinite(found) and canonical in ("kg", "mL", "cell", "cell/kg", "cell/mL"):
                printed = str(Figure(found, canonical))
                ensure("e" not in printed.split(maxsplit=1)[0].lower(), printed)
                ensure(parse(printed) == Figure(found, canonical), printed)
    for reader in (fraction, metric_weight):
        with refused():
            reader(text, "weight")
    with refused():
        nc.Q(1.5, text).to_base_units()
    with refused():
        parse(text)
    with refused():
        nc.zscore("weight", text, sex="f", age=nc.Age.from_days(100))
    nc.zscore("weight", [text, "3 kg"], sex="f", age=nc.Age.from_days(100))


def words(data: bytes) -> None:
    """Words for a sex, a position and oedema, alone and in arrays, and a declared coding."""
    first, _, rest = text_of(data).partition("\n")
    second, _, third = rest.partition("\n")
    for rule in (sex_code, position_code, oedema_code):
        code = None
        with refused():
            code = rule(first)
        for many in (np.array([first, "", second]), [first, None, second]):
            coded, _ = code_words(many, rule, "sex")
            faulty = coded.status is not None and bool(coded.status[0])
            # A NumPy array of texts cannot hold a NUL at the end of one.
            if not first.endswith("\0") or isinstance(many, list):
                ensure(faulty == (code is None), (first, coded))
                ensure(int(coded.codes[0]) == (code or 0), (first, coded))
    with refused():
        coding = SexCodes({"male": first, "female": second})
        ensure(first != second, first)
        coding(third)
    with refused():
        SexCodes({first: 1, second: 2})


def csv_rows(data: bytes) -> None:
    """The reader of CSV against the standard library's, with pieces of few bytes."""
    piece, content = (data[0] if data else 0) % 64 + 1, data[1:]
    before = csvrows.PIECE
    csvrows.PIECE = piece  # type: ignore[misc]
    try:
        with refused():
            stream = io.BytesIO(content)
            rows = csvrows.CsvRows(stream, stream.read(4), "fuzzed.csv", ",")
            if len(set(rows.columns)) < len(rows.columns):
                return  # refused with the names of the columns, before any row is read
            tables = list(rows.batches(3))
            ensure(rows.digest() == hashlib.sha256(content).hexdigest(), "digest")
            found = [rows.columns, *(list(row) for table in tables for row in table.rows())]
            width = len(rows.columns)
            text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
            expected = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            ensure(
                [[cell or "" for cell in row] for row in found]
                == [row or [""] * width for row in expected],
                (found, expected),
            )
    finally:
        csvrows.PIECE = before  # type: ignore[misc]


NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
"""A number as a table may hold it."""
_SPACES: Final = "".join(
    c for c in map(chr, range(0x3001)) if c.isspace() and c not in "\x1c\x1d\x1e\x1f"
)
"""Space by Unicode, which the four separators of ASCII are not; Python takes them for it."""
INDICES: Final = ("waz", "laz", "hcz", "baz", "wlz", "acz", "tsz", "ssz")
HEADER: Final = (
    "note", "sex", "birth_date", "measured_on", "gestational_age", "weight_g", "length_cm",
    "length_position", "head_circumference_cm", "oedema",
)  # fmt: skip


def cohort_cells(data: bytes) -> None:
    """Any text in the cells of a cohort table, one line a cell: as the child alone is scored."""
    cells = data.decode("utf-8", "replace").split("\n")[: 5 * len(HEADER)]
    rows = [cells[i : i + len(HEADER)] for i in range(0, len(cells), len(HEADER))]
    rows = [row + [""] * (len(HEADER) - len(row)) for row in rows]
    given = pl.DataFrame(rows, schema=dict.fromkeys(HEADER, pl.String), orient="row")
    scored = nc.score(given, centiles=True, uncorrected=True)
    ensure(scored.select(HEADER).equals(given), "a cell was changed")
    for row in scored.to_dicts():
        _statuses(row)
        _as_one_child(row)


def _statuses(row: dict[str, Any]) -> None:
    """A row has a finite z where its status says so, and only there."""
    for index in INDICES:
        status = row.get(f"{index}_status")
        if status is not None:
            z = row[index]
            ensure(status in STATUSES, status)
            ensure((z is not None) == (status in VALUE_KEPT), row)
            ensure(z is None or math.isfinite(float(z)), row)


def _as_one_child(row: dict[str, Any]) -> None:
    """A row of a table is scored as the same child alone is."""
    for name, index, unit in (
        ("weight_g", "waz", "g"),
        ("head_circumference_cm", "hcz", "cm"),
        ("length_cm", "laz", "cm"),
    ):
        text = row[name].strip(_SPACES)
        try:
            age = nc.Age(row["birth_date"], row["measured_on"], row["gestational_age"])
            one = nc.zscore(
                name.rpartition("_")[0],
                nc.Q(float(text) if NUMBER.fullmatch(text) else "", unit),
                sex=row["sex"],
                age=age,
                position=row["length_position"] if index == "laz" else None,
                oedema=row["oedema"] if index == "waz" else None,
            )
        except NeocalcError:
            ensure(row[f"{index}_status"] not in VALUE_KEPT, row)
            continue
        ensure(one.status == row[f"{index}_status"], row)
        ensure((None if math.isnan(one.z) else one.z) == row[index], row)


def cohort_file(data: bytes) -> None:
    """Any bytes as the CSV that is scored, and as the visits that are compared."""
    flags, content = (data[0] if data else 0), data[1:]
    options = ["--sex-codes", "male=1,female=2"] if flags & 1 else []
    options += ["--centiles"] if flags & 2 else []
    options += ["--delimiter", ";"] if flags & 4 else []
    command = "velocity" if flags & 8 else "score"
    if command == "velocity":
        options = [option for option in options if option != "--centiles"]
    _through(content, options, command)


def _through(content: bytes, options: list[str], command: str) -> None:
    """A file through a command, in a folder of its own: complete, or not there at all."""
    delimiter = ";" if ";" in options else ","
    with scratch() as folder:
        source, target = folder / "given.csv", folder / "scored.csv"
        source.write_bytes(content)
        status, _, said = call([command, str(source), "-o", str(target), *options])
        files = sorted(path.name for path in folder.iterdir())
        ensure(status in (0, 1, 2), status)  # 1: a column failed as a whole
        if status == 2:
            ensure(files == ["given.csv"], files)
            return
        ensure(files == ["given.csv", "scored.csv", "scored.csv.json"], files)
        record = json.loads((folder / "scored.csv.json").read_text(encoding="utf-8"))
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        given = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        made = target.read_bytes().decode("utf-8")
        scored = list(csv.reader(io.StringIO(made, newline=""), delimiter=delimiter))
        width = len(given[0])
        ensure(len(scored) == len(given), (len(scored), len(given), said))
        ensure(record["rows"] == len(given) - 1, record["rows"])
        for before, after in zip(given, scored, strict=True):
            ensure(after[:width] == (before or [""] * width), (before, after))
        if command == "score":
            for after in scored[1:]:
                row = dict(zip(scored[0][width:], after[width:], strict=True))
                _statuses({name: cell or None for name, cell in row.items()})


def mapping(data: bytes) -> None:
    """A mapping file of columns and sex codes."""
    with scratch() as folder:
        path = folder / "columns.toml"
        path.write_bytes(data)
        content = "SEX,BORN,SEEN,WT,GA\n1,2026-05-01,2026-08-14,3100,27+3\n"
        (folder / "given.csv").write_text(content, encoding="utf-8")
        given, made = str(folder / "given.csv"), str(folder / "scored.csv")
        status, _, _ = call(["score", given, "-o", made, "--columns", str(path)])
        ensure(status in (0, 1, 2), status)


def names(data: bytes) -> None:
    """The header of a table, one line a name: nothing of ours is left out without a word.

    What a command does not refuse, and a table in memory does not warn of, is read or is no name of
    ours; and whatever is ignored is left out.
    """
    header = [*dict.fromkeys(data.decode("utf-8", "replace").split("\n")), "sex", "age_days"]
    header = list(dict.fromkeys(header))
    with refused():
        mapped = map_columns(header, command=True)
        unread = [name for name in header if name not in mapped.names.values()]
        seen = [name for name in unread if name not in AGE_COLUMNS and look(name) is not None]
        kinds = {str(look(name)[0]) for name in seen}  # type: ignore[index]
        ensure(kinds <= {"measured_on"}, seen)
    with refused(), warnings.catch_warnings():
        warnings.simplefilter("ignore", nc.ColumnWarning)
        ignored = [name for name in header if look(name) is not None and name not in COLUMNS]
        mapped = map_columns(header, ignore=ignored)
        ensure(not set(ignored) & set(mapped.names.values()), mapped)


def date_forms(data: bytes) -> None:
    """A declared form of dates, a date, and whatever else is read of it."""
    form, _, text = text_of(data).partition("\n")
    with refused():
        found = date_reader(form)(text)
        ensure(isinstance(found, int), found)
    for fits in fitting(text[:100]):
        ensure(fits == SERIAL or declared(fits)(text[:100]) is not None, fits)
    with refused():
        words = missing_words({"all": form, "sex": [text]}, {"sex": "sex"}, ["sex"])
        ensure(all(isinstance(word, str) for word in words[0]), words)


def reference_file(data: bytes) -> None:
    """A user's own reference: its reference.toml and, after a NUL, its CSV.

    The word SHA256 in the first stands for the checksum of the second.
    """
    about, _, table = data.partition(b"\0")
    about = about.replace(b"SHA256", hashlib.sha256(table).hexdigest().encode())
    with scratch() as folder:
        (folder / "reference.toml").write_bytes(about)
        (folder / "table.csv").write_bytes(table)
        open_folder.cache_clear()
        with refused():
            ref = reference(folder)
            ref.citation_line.encode("utf-8", "surrogatepass")
            for measure in ref.measures:
                with refused():
                    _use_table(ref, measure, folder)


def _use_table(ref: Reference, measure: str, folder: Path) -> None:
    found = ref.table(measure)
    ensure(bool((found.M > 0).all() and (found.S > 0).all()), found)
    ensure(bool(np.isfinite([found.L, found.M, found.S]).all()), found)
    ages = nc.Age.from_days([0, 5, 10, 200, 5000], gestation="27+3")
    values = {"weight": nc.Q([3.0, 1e-9, 1e9, 4.0, 5.0], "kg")}
    lengths = nc.Q([30.0, 49.9, 50.05, 110.0, 1e9], "cm")
    value = values.get(measure, nc.Q([1e-9, 8.0, 12.0, 50.0, 1e9], MEASURES[measure]))
    name = "weight_for_length" if measure == "weight_for_height" else measure
    more: dict[str, Any] = {"length": lengths} if name == "weight_for_length" else {}
    with refused():
        scored = nc.zscore(name, value, sex="f", age=ages, reference=os.fspath(folder), **more)
        for z, status in zip(scored.z, scored.status, strict=True):
            ensure(math.isnan(z) == (status not in VALUE_KEPT), (z, status))
    with refused():
        nc.curves(measure, sex="m", reference=os.fspath(folder))


def trial_file(data: bytes) -> None:
    """A site's own trial definition, and what it answers."""
    with scratch() as folder:
        path = folder / "trial.toml"
        path.write_bytes(data)
        with refused():
            trial = trials.load(path)
            trial.eligible(nc.Age.from_days(40, gestation="27+3"))
            for when in ("2026-08-14", "2026-08-14T09:30"):
                with refused():
                    trial.windows(when)
                    trial.visits(when)
            for arm in trial.arms:
                with refused():
                    plan = prepare(
                        weight="2.35 kg", arm=arm, viable_concentration="2 million cells/mL",
                        graduation="0.1 mL", on="2026-08-14", duration="30 min",
                    )  # fmt: skip
                    ensure(0 < plan.cells.magnitude < math.inf, plan.cells)
                    plan.describe()


def fhir(data: bytes) -> None:
    """A Bundle or lines of FHIR, and a data set of Dataset-JSON: read, or refused in one line."""
    with scratch() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", nc.ColumnWarning)
        path = folder / "given.json"
        path.write_bytes(data)
        with refused():
            visits = nc.visits.from_fhir(path, gestation_weeks="start", convert=True)
            scored = nc.score(visits)
            ensure(scored.height == visits.height, scored)
            json.dumps(nc.visits.to_fhir(scored), allow_nan=False)
        with refused():
            nc.visits.read_domain(path)


def inspected(data: bytes) -> None:
    """A file that is looked at: what is written is TOML, and is read by score or refused."""
    with scratch() as folder:
        (folder / "given.csv").write_bytes(data)
        given, made = str(folder / "given.csv"), folder / "mapping.toml"
        status, _, _ = call(["inspect", given, "-o", str(made)])
        ensure(status in (0, 2), status)
        if status == 0:
            tomllib.loads(made.read_text(encoding="utf-8"))
            out = str(folder / "scored.csv")
            status, _, _ = call(["score", given, "-o", out, "--columns", str(made)])
            ensure(status in (0, 1, 2), status)


_POLICY: Final = (
    "preterm-reference", "handover", "preterm-below", "correct-until", "reference",
)  # fmt: skip
OPTIONS: Final = {
    "age": ("born", "on", "age-days", "gestation"),
    "growth": (
        "sex", "born", "on", "age-days", "gestation", "weight", "length", "head", "arm", "triceps",
        "subscapular", "position", *_POLICY,
    ),
    "velocity": (
        "sex", "gestation", "born", "first", "second", "first-days", "second-days", "weight",
        "length", "head", "first-position", "second-position", "start", "tolerance", *_POLICY,
    ),
    "dose": (
        "trial", "protocol-version", "arm", "weight", "dose", "concentration",
        "viable-concentration", "viability", "release-viability", "cells-per-vial", "recovery",
        "viable-cells-per-vial", "graduation", "syringe-capacity", "dead-volume", "duration",
        "rate", "expires", "weighed-on", "weight-source", "last-weight", "last-weighed-on",
        "subject", "prepared-by", "sex", "gestation", "born", "on", "given", "max-cells",
        "max-concentration", "max-doses", "max-interval", "max-rate", "max-rate-per-kg",
        "max-total-dose", "max-volume-per-kg", "min-concentration", "min-interval",
        "min-viability", "override-reason", "second-person", "soft-stop", *_POLICY,
    ),
}  # fmt: skip
"""The options of one infant that a value is typed for; none of them names an output."""
FLAGS: Final = ("json", "uncorrected", "oedema", "none-given")
PAIRED: Final = {("velocity", "weight"), ("velocity", "length"), ("velocity", "head")}
"""Options with two values."""


def commands(data: bytes) -> None:
    """The commands age, growth and velocity: a command, then lines of option=value."""
    command, _, rest = text_of(data).partition("\n")
    if command in ("age", "growth", "velocity"):
        _typed(command, rest.split("\n"))


def dose(data: bytes) -> None:
    """The command dose: lines of option=value."""
    _typed("dose", text_of(data).split("\n"))


def _typed(command: str, lines: list[str]) -> None:
    """A command with the options that are its own."""
    ensure(command in cli.COMMANDS, f"there is no command {command}")
    arguments = [command]
    for line in lines:
        option, _, value = line.partition("=")
        if option in FLAGS:
            arguments.append(f"--{option}")
        elif option in OPTIONS[command] and "\0" not in value:
            pair = value.split(" ", 1) if (command, option) in PAIRED else []
            if len(pair) == 2 and not any(part.startswith("-") for part in pair):
                arguments += [f"--{option}", *pair]  # what starts with - would be an option
            else:
                arguments.append(f"--{option}={value}")
    status, said, wrong = call(arguments)
    ensure(status in (0, 1, 2), status)
    ensure(bool(said) if status == 0 else bool(wrong), (status, said, wrong))
    ensure(status != 2 or not said or "--json" in arguments, said)
    if said and "--json" in arguments:
        json.loads(said, parse_constant=_no_constant)


def _no_constant(word: str) -> Any:
    raise BrokenError(f"{word} is not JSON")


def call(arguments: list[str]) -> tuple[int, str, str]:
    """A command in this process: exit status, standard output and standard error.

    Where it refuses, standard error is one line.
    """
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.main(arguments)
        except SystemExit as stop:  # argparse
            status = int(stop.code or 0)
    said = err.getvalue()
    if status == 2:
        ensure(said.count("\n") == 1 and said.endswith("\n"), said)
        ensure(said.removesuffix("\n").isprintable(), said)  # a terminal would obey it
        check_message(said)
    return status, out.getvalue(), said


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place."""
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="neocalc-fuzz-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def parquet_layout(data: bytes) -> None:
    """What a Parquet file says of itself: refused in one line, or it adds up."""
    try:
        layout = Layout(lambda at, size: data[at : at + size], len(data))
        for group in layout.groups:
            layout.walk(group)
    except Damaged as error:
        ensure(str(error).isprintable() and len(str(error)) < LONGEST_MESSAGE, str(error))
        return
    ensure(layout.rows == sum(group.rows for group in layout.groups), "rows")
    for group in layout.groups:
        for chunk in group.chunks:
            ends = [at + size for at, size in zip(chunk.at, chunk.stored, strict=True)]
            ensure(all(4 <= end <= layout.end for end in ends), "pages outside")
            ensure(not chunk.column.is_flat or chunk.values == group.rows, "values")


TARGETS: Final = {
    "gestation": Target(gestation),
    "dates": Target(dates),
    "durations": Target(durations),
    "quantities": Target(quantities),
    "words": Target(words),
    "csv_rows": Target(csv_rows, 512),
    "parquet_layout": Target(parquet_layout, 4096),
    "cohort_cells": Target(cohort_cells, 1024, seconds=20),
    "cohort_file": Target(cohort_file, 4096, seconds=20),
    "mapping": Target(mapping, 4096, seconds=20),
    "names": Target(names, 1024),
    "date_forms": Target(date_forms),
    "reference_file": Target(reference_file, 16384, seconds=20),
    "trial_file": Target(trial_file, 16384, seconds=20),
    "fhir": Target(fhir, 4096, seconds=20),
    "inspected": Target(inspected, 2048, seconds=20),
    "commands": Target(commands, 1024, seconds=20),
    "dose": Target(dose, 1024, seconds=20),
}
"""Every target by its name."""
