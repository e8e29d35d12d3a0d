"""Dates as texts: the forms that are read, those that are declared, those that are only named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.reading.dateforms import (
    SERIAL,
    declared,
    fitting,
    has_time,
    has_zone,
    read_date,
    spoken,
)
from neocalc.reading.dates import date_number, date_reader

DATES = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
UNAMBIGUOUS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d%b%Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y",
    "%B %d %Y", "%Y-%b-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%d%b%Y:%H:%M:%S",
)  # fmt: skip
DECLARED = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d%m%Y", "%m%d%Y", "%Y-%d-%m", "%d-%b-%y",
    "%y%m%d", "%d/%m/%y", "%d %b %Y", "%B %d %Y", "on %d/%m/%Y", "%d/%m/%Y %H:%M", "(%Y) %d.%m.",
)  # fmt: skip
RECENT = st.dates(dt.date(1969, 1, 1), dt.date(2068, 12, 31))


@pytest.mark.requirement("REQ-AGE-07")
@given(date=DATES, form=st.sampled_from(UNAMBIGUOUS), shout=st.booleans())
def test_a_date_without_doubt_is_read_as_it_is(date: dt.date, form: str, shout: bool) -> None:
    text = dt.datetime.combine(date, dt.time(23, 59)).strftime(form)
    text = text.upper() if shout else text
    assert read_date(text) == date
    assert has_time(text) == ("%H" in form)
    assert not has_zone(text)


@given(date=RECENT, form=st.sampled_from(DECLARED))
def test_a_declared_form_reads_what_it_writes(date: dt.date, form: str) -> None:
    text = dt.datetime.combine(date, dt.time(23, 59)).strftime(form)
    assert declared(form)(text) == date
    assert date_reader(form)(f" {text} ") == date_number(date)


@pytest.mark.requirement("REQ-AGE-07")
@given(date=RECENT, form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%m-%d-%y"]))
def test_an_order_is_never_guessed(date: dt.date, form: str) -> None:
    text = date.strftime(form)
    assert read_date(text) is None
    assert form in fitting(text)
    for other in fitting(text):
        assert declared(other)(text) is not None


@pytest.mark.requirement("REQ-TAB-17")
@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("%d/%m/%Y", "1/5/2026", "2026-05-01"),
        ("%d/%m/%Y", "2026-05-01", "2026-05-01"),
        ("%d/%m/%Y", "2026/05/01", None),
        ("%d/%m/%Y", "05/13/2026", None),
        ("%d/%m/%Y", "31/02/2026", None),
        ("%d/%m/%Y", "01/05/26", None),
        ("%d/%m/%Y", "01/05/2026 10:30", None),
        ("%d/%m/%Y", "1 May 2026", None),
        ("%d/%m/%Y", "٠١/05/2026", None),
        ("%d.%m.%Y", "01x05x2026", None),
        ("%Y-%d-%m", "2026-05-01", "2026-01-05"),
        ("%Y-%d-%m", "2026-01-13", None),
        ("%d%m%Y", "1052026", None),
        ("%d/%m/%y", "01/05/69", "1969-05-01"),
        ("%d/%m/%y", "01/05/68", "2068-05-01"),
        ("%d-%b-%Y", "01-SEP-2026", "2026-09-01"),
        ("%d-%b-%Y", "01-Sept-2026", "2026-09-01"),
        ("%d-%b-%Y", "01-Mai-2026", None),
        ("%d/%m/%Y", "01/05/2026" + "0" * 10_000_000, None),
    ],
)
def test_a_declared_form_is_strict(form: str, text: str, expected: str | None) -> None:
    found = declared(form)(text)
    assert (None if found is None else str(found)) == expected
    if expected is None:
        with pytest.raises(nc.AgeError, match="accepted: dates of the form %"):
            date_reader(form)(text)


@pytest.mark.parametrize(
    "form",
    ["", "%d", "%d/%m", "%m/%Y", "d/m/Y", "%d/%m/%Y/%y", "%d/%d/%m/%Y", "%b/%m/%d/%Y", "%D",
     "%j %Y", "%d/%m/%Y %Z", "%d/%m/%Y %%", 5, None, b"%d/%m/%Y"],
)  # fmt: skip
def test_what_is_no_form_of_a_date_is_refused(form: Any) -> None:
    with pytest.raises(nc.InputError, match=r"^date_format: .* as in %d/%m/%Y"):
        declared(form)


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("25/12/2023", ("%d/%m/%Y",)),
        ("12/25/2023", ("%m/%d/%Y",)),
        ("01/05/2023", ("%d/%m/%Y", "%m/%d/%Y")),
        ("25.12.23", ("%d.%m.%y", "%y.%m.%d")),
        ("31-12-99", ("%d-%m-%y",)),
        ("5/1/2023 10:30", ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")),
        ("25/12/2023 10:30:59", ("%d/%m/%Y %H:%M:%S",)),
        ("25122023", ("%d%m%Y",)),
        ("991231", ("%y%m%d",)),
        ("15-May-15", ("%d-%b-%y", "%y-%b-%d")),
        ("31May99", ("%d%b%y",)),
        ("45291", (SERIAL,)),
        ("45291.75", (SERIAL,)),
        ("31/31/2023", ()),
        ("105", ()),
        ("2023-13-01", ()),
        ("9" * 10_000, ()),
    ],
)
def test_the_forms_that_would_fit_are_named(text: str, forms: tuple[str, ...]) -> None:
    assert fitting(text) == forms


def test_forms_as_people_say_them() -> None:
    assert spoken("%d/%m/%Y %H:%M") == "25/12/2023 10:30, day/month/year"
    assert spoken("%m%d%Y") == "12252023, month day year"


@pytest.mark.parametrize(
    ("text", "zone"),
    [("2026-05-01T10:30Z", True), ("2026-05-01 10:30:00+08:00", True), ("10:30 UTC", True),
     ("2026-05-01T10:30-0500", True), ("2026-05-01T10:30:00.5-05", True), ("2026-05-01", False),
     ("2026-05-01T10:30", False), ("10:30Z" + "x" * 100, False)],
)  # fmt: skip
def test_zones(text: str, zone: bool) -> None:
    assert has_zone(text) == zone
