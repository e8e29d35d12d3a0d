"""Pages of HTML: whatever stands in the data, a page asks for nothing, runs nothing and hides
nothing; the report, the dose worksheet and the qualification alike."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dose_arguments import plan_of
from neocalc import html, report
from neocalc.dose import Plan, worksheet
from neocalc.errors import InputError
from neocalc.text import hidden, visible
from neocalc.verify import report as verify_report
from neocalc.verify.checks import Check, Report

OVERRIDE = "\u202e"
"""Right-to-left override: what follows is read backwards."""
NAME = f"<b onclick=x>{OVERRIDE}4000-100&\"'\u200b"
SHOWN = "<b onclick=x>[U+202E]4000-100&\"'[U+200B]"
VOID = {"meta", "br"}


class Page(HTMLParser):
    """A page taken apart: elements, attributes, and each text with the elements that it is in."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[tuple[str, tuple[str, ...]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((data, tuple(self.open)))


def a_report() -> str:
    """The report on one infant of a hostile name."""
    table = pl.DataFrame(
        {
            "subject_id": [NAME] * 2,
            "sex": ["f"] * 2,
            "age_days": [30, 60],
            "weight_kg": ["4.1", NAME],
        }
    )
    return report.page(table, subject=NAME)


def a_cohort() -> str:
    """The report on a cohort whose ids, arms and values are hostile."""
    table = pl.DataFrame(
        {
            "subject_id": [NAME, NAME, "b"],
            "sex": ["f"] * 3,
            "age_days": [30, 60, 30],
            "weight_kg": ["4.1", NAME, "5"],
            "arm": [NAME] * 3,
        }
    )
    return report.page(table)


def a_plan() -> Plan:
    """The plan of a dose for a hostile name; typed, the name is refused before anything is made."""
    plan = plan_of()
    inputs = dataclasses.replace(plan.inputs, subject=NAME)
    return dataclasses.replace(plan, request=plan.request._replace(inputs=inputs))


def a_worksheet() -> str:
    """The sheet of that dose."""
    return worksheet.html(a_plan(), at=dt.datetime(2026, 8, 14, tzinfo=dt.UTC))


def a_qualification() -> str:
    """The page of an installation in a folder of a hostile name."""
    check = Check("files", "folder", "failed", "none", NAME, NAME, "A")
    made = Report("0.1.0", "f" * 64, "2026-11-22T09:00:00Z", 0.25, {"Folder": NAME}, (check,))
    return verify_report.html(made)


PAGES: dict[str, Callable[[], str]] = {
    "report": a_report, "cohort": a_cohort, "worksheet": a_worksheet,
    "qualification": a_qualification,
}  # fmt: skip


@pytest.fixture(scope="module", params=sorted(PAGES))
def content(request: pytest.FixtureRequest) -> str:
    """A page with hostile texts."""
    return PAGES[request.param]()


@pytest.mark.requirement("REQ-REPORT-02")
def test_a_page_allows_itself_nothing(content: str) -> None:
    page = Page(content)
    assert ("http-equiv", "Content-Security-Policy") in page.attributes
    assert ("content", html.POLICY) in page.attributes
    assert html.POLICY.startswith("default-src 'none'; ")
    assert not set(page.elements) & {"script", "link", "iframe", "object", "base", "a", "form"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert content.index("Content-Security-Policy") < content.index("<style>")


@pytest.mark.requirement("REQ-REPORT-02")
def test_a_text_of_the_data_is_isolated_and_hides_nothing(content: str) -> None:
    assert not [one for one in content if hidden(one)]
    places = [inside for text, inside in Page(content).texts if SHOWN in text]
    shown = [inside for inside in places if "title" not in inside and "pre" not in inside]
    assert shown
    assert all("bdi" in inside for inside in shown), shown


@pytest.mark.requirement("REQ-REPORT-02")
def test_the_text_of_a_worksheet_hides_nothing() -> None:
    sheet = worksheet.text(a_plan(), at=dt.datetime(2026, 8, 14, tzinfo=dt.UTC))
    assert SHOWN in sheet
    assert not [one for one in sheet if hidden(one)]


@pytest.mark.requirement("REQ-REPORT-02")
def test_a_dose_is_not_prepared_for_a_name_with_a_hidden_character() -> None:
    with pytest.raises(InputError, match=r"subject: .* a text of one line"):
        plan_of(subject=NAME)


@pytest.mark.requirement("REQ-REPORT-02")
@given(st.text())
@example("\ud800")
@example("\u2028\u2029\x00\x1b[31m")
@example("</bdi><script>alert(1)</script>")
def test_any_text_comes_out_of_a_page_as_it_is_seen(value: str) -> None:
    for made in (html.text(value), html.free(value), html.bold(value), html.paragraph(value)):
        assert "".join(text for text, _ in Page(made).texts).removesuffix("\n") == visible(
            value
        ).removesuffix("\n")
        assert set(Page(made).elements) <= {"bdi", "b", "p"}
        made.encode("utf-8")


@given(st.text())
def test_what_is_visible_once_stays_as_it_is(value: str) -> None:
    assert visible(visible(value)) == visible(value)
    assert not [one for one in visible(value) if hidden(one)]


def test_what_people_write_is_not_changed() -> None:
    for written in ("Zoë", "重庆 001", "بهار", "n° 4\tB\n", "−2,5 ≤ z ½", "👶🏽"):
        assert visible(written) == written


def test_what_is_html_already_is_not_escaped_again() -> None:
    assert html.joined([html.bold("a"), "<"], " & ") == "<b>a</b> &amp; &lt;"
    assert html.text(html.text("<")) == "&lt;"


def test_only_a_word_that_no_page_holds_may_be_broken() -> None:
    assert "long" not in html.free("circumference of the upper arm")
    assert 'class="long"' in html.free("x" * 25)


def test_a_table_without_a_header_and_with_marked_rows() -> None:
    made = html.table((), [["a", "1"], ["b", "2"]], numbers=[1], kind="list", marked=[1])
    assert made == (
        '<table class="list">\n<tbody><tr><td>a</td><td class="n">1</td></tr>\n'
        '<tr class="marked"><td>b</td><td class="n">2</td></tr>\n</tbody>\n</table>\n'
    )
