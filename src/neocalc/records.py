"""What every record begins with: its kind and form, when, and by which code and tables.

Records stand beside scored files, in reports and in a dose's audit trail. The same input, policy
and version give the same record, apart from the time. Their forms are published as JSON Schema in
``docs/schemas``.

References
----------
21 CFR 11.10(e): secure, computer-generated, time-stamped audit trails. The record is what such a
trail stores; who may write and sign it is for the system around it.

ICH E6(R3), Annex 1, 4.2: time stamps are unambiguous, such as UTC.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from neocalc._version import __version__
from neocalc.errors import InputError
from neocalc.references.catalogue import tables_digest

FORMAT: Final = 1
"""The version of the records' form."""


def utc_time(at: dt.datetime | None = None) -> str:
    """A time in UTC, to the second: now, or one with a time zone.

    Examples
    --------
    >>> import datetime as dt
    >>> utc_time(dt.datetime(2026, 8, 14, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    '2026-08-14T01:30:00Z'
    """
    if at is None:
        at = dt.datetime.now(dt.UTC)
    if not isinstance(at, dt.datetime) or at.tzinfo is None:
        raise InputError("at", at, "a datetime with a time zone: a record's time is unambiguous")
    return at.astimezone(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def head(kind: str, at: dt.datetime | None = None) -> dict[str, Any]:
    """The first fields of every record.

    Examples
    --------
    >>> list(head("score"))
    ['record', 'format', 'time_utc', 'neocalc', 'tables']
    """
    return {
        "record": f"neocalc {kind}",
        "format": FORMAT,
        "time_utc": utc_time(at),
        "neocalc": __version__,
        "tables": tables_digest(),
    }
