"""The audit record of a dose or of its refusal, as one line of JSON.

It holds the inputs with their units and as they were given, the limits, every check, the result,
and the versions of code, tables and protocol. Apart from the time it is the same for the same call.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Any

from neocalc.dose.inputs import MOMENTS, TEXTS, DoseInputs
from neocalc.dose.limits import Loosened
from neocalc.dose.notation import Figure
from neocalc.dose.plan import Plan, Request
from neocalc.dose.stops import Check
from neocalc.errors import DoseRefused, FileError
from neocalc.files import runs
from neocalc.reading.dates import NOT_STATED
from neocalc.records import head


def record(result: Plan | DoseRefused, *, at: dt.datetime | None = None) -> dict[str, Any]:
    """The audit record of a dose that was prepared or refused.

    Parameters
    ----------
    result : Plan or DoseRefused
        What `neocalc.dose.prepare` returned or raised.
    at : datetime.datetime, optional
        The time of the record, with a time zone; by default now.

    Returns
    -------
    dict
        Of plain values; ``result`` is None for a refusal.

    Examples
    --------
    >>> from neocalc.dose import prepare
    >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
    ...                viable_concentration="2 million cells/mL")
    >>> record(plan)["result"]["volume"]
    {'value': 1.175, 'unit': 'mL'}
    """
    refused = isinstance(result, DoseRefused)
    request = result.request
    asked = request if isinstance(request, Request) else None
    override = asked.override if asked is not None else None
    return {
        **head("dose", at),
        "outcome": "refused" if refused else "prepared",
        "protocol": None if asked is None or asked.arm is None else asked.arm.definition,
        "site": None
        if asked is None or asked.site is None
        else {"name": asked.site.name, "sha256": asked.site.sha256},
        "inputs": None if asked is None else _inputs(asked.inputs),
        "limits": None if asked is None else _limits(asked),
        "loosened": [] if asked is None else [_loosened(one) for one in asked.limits.loosened()],
        "checks": [_check(check) for check in result.checks],
        "override": None
        if override is None
        else {
            "reason": override.reason,
            "second_person": override.second_person,
            "seen": override.seen,
            "passed": [c.name for c in result.soft_stops] if isinstance(result, Plan) else [],
        },
        "second_check": None
        if asked is None or asked.second is None
        else {
            "person": asked.second.person,
            "figures": {name: _figure(figure) for name, figure in asked.second.figures.items()},
        },
        "result": {name: _figure(f) for name, f in result.results.items()}
        if isinstance(result, Plan)
        else None,
        "syringes": list(result.amounts.syringes) if isinstance(result, Plan) else [],
        "refusal": str(result) if refused else None,
        "seen": (result.seen or None) if isinstance(result, DoseRefused) else None,
    }


def line(about: dict[str, Any]) -> str:
    """A record as one line of JSON, without its end of line."""
    return json.dumps(about, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def append(path: str | os.PathLike[str], about: dict[str, Any]) -> None:
    """Add a record to a file of JSON lines, which is only ever added to.

    Raises
    ------
    FileError
        When the file cannot be written to.
    """
    data = f"{line(about)}\n".encode()
    if Path(path).is_fifo():  # nobody may be there to read it
        raise FileError(f"{os.fspath(path)}: is a pipe; an audit trail is a file")
    try:
        with contextlib.ExitStack() as stack:
            file = FileIO(os.fspath(path), "a")
            stack.callback(_close, file)
            stack.enter_context(_alone(file))
            if _was_cut_short(path):
                data = b"\n" + data
            runs.tell("began", [os.fspath(path)])
            _write(file, data, Path(path).resolve().parent)
            runs.tell("wrote", [os.fspath(path)])
    except OSError as error:
        raise FileError(f"{os.fspath(path)}: {error.strerror or error}") from error


def _write(file: FileIO, data: bytes, folder: Path) -> None:
    """Have all of the bytes at the end of the file and on the disk, or none of them."""
    before = os.fstat(file.fileno()).st_size
    try:
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file.fileno())
        if not before:
            runs.sync(folder)  # the name of the file too
    except OSError:
        with contextlib.suppress(OSError):  # a file may be set to be added to and nothing else
            os.ftruncate(file.fileno(), before)
        raise


def _close(file: FileIO) -> None:
    """Close a file whose content is on the disk, whatever the system says to that."""
    with contextlib.suppress(OSError):
        file.close()


@contextlib.contextmanager
def _alone(file: FileIO) -> Iterator[None]:
    """While one process adds its line the others wait, where the system can lock a file."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover - not on Windows, where one write is all there is
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _was_cut_short(path: str | os.PathLike[str]) -> bool:
    """Whether the last line of the file lacks its end: the next record needs a line of its own."""
    where = Path(path)
    if not where.is_file() or not where.stat().st_size:
        return False
    with where.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _inputs(inputs: DoseInputs) -> dict[str, Any]:
    """Every input: figures with unit and text as given, moments, words."""
    found: dict[str, Any] = {}
    for name, figure in inputs.figures.items():
        found[name] = _figure(figure) | {"given": inputs.texts.get(name)}
    for name in MOMENTS:
        stamp = getattr(inputs, name)
        found[name] = None if stamp is None else str(stamp)
    for name in ("weight_source", "line_filter", "sex", "counts", *TEXTS):
        found[name] = getattr(inputs, name)
    found["doses_given"] = (
        None
        if inputs.given is None
        else [{"on": str(d.on), "value": d.dose, "unit": "cell/kg"} for d in inputs.given]
    )
    found["vials"] = None if inputs.vials is None else [one._asdict() for one in inputs.vials]
    found["split_syringes"] = inputs.split_syringes
    found["planned_doses"] = inputs.planned_doses
    found["age"] = _age(inputs)
    found["policy"] = "; and ".join(
        policy.describe(reference) for policy, reference in inputs.policies
    )
    found["reference"] = inputs.reference
    return found


def _age(inputs: DoseInputs) -> dict[str, int | None] | None:
    if inputs.age is None:
        return None
    gestation = int(inputs.age.gestation_days[0])
    return {
        "chronological_days": int(inputs.age.days[0]),
        "gestation_days": None if gestation == NOT_STATED else gestation,
    }


def _limits(asked: Request) -> dict[str, Any]:
    return {
        "counts": asked.limits.counts,
        "require_measured_weight": asked.limits.require_measured_weight,
        "line_filter": asked.limits.line_filter,
        "rounding": asked.limits.rounding,
    } | {name: _figure(figure) for name, figure in asked.limits.figures.items()}


def _loosened(one: Loosened) -> dict[str, Any]:
    about = {"name": one.name, "default": _figure(one.default), "holds": _figure(one.holds)}
    return about | {"by": one.by}


def _figure(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "unit": figure.unit}


def _check(check: Check) -> dict[str, Any]:
    def plain(value: Figure | str | None) -> Any:
        return _figure(value) if isinstance(value, Figure) else value

    return {
        "name": check.name,
        "outcome": check.outcome,
        "message": check.message,
        "lacks": check.lacks or None,
        "limit": plain(check.limit),
        "value": plain(check.value),
    }
