"""`neocalc report`: one page that holds everything, escapes everything and asks for nothing."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from neocalc import report, trials
from neocalc.html import POLICY
from neocalc.report.visits import MOST_ROWS
from shell import Shell
from test_chart_layout import COHORT, GIRL_24_WEEKS, HOSTILE, ROOT, TERM_BOY

VISITS = str(ROOT / "examples" / "cohort.csv")
VOID = {"meta", "wbr", "br"}


class Page(HTMLParser):
    """A page taken apart: its elements, attributes, tables and texts; every tag must be closed."""

    def __init__(self, content: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.open: list[str] = []
        self.feed(content)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        data = data.replace("\xad", "")  # where a word may break
        self.texts.append(data)
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    @property
    def words(self) -> str:
        """All text in one line."""
        return " ".join(" ".join(self.texts).split())


@cache
def content_of(subject: str | None) -> str:
    """The report on the example cohort or on one of its subjects; made once."""
    return report.page(COHORT, subject=subject)


@cache
def hostile_content(subject: str | None) -> str:
    """The same of the hostile table."""
    return report.page(hostile(), subject=subject, columns=NAMES)


@cache
def page_of(subject: str | None) -> Page:
    """That report taken apart."""
    return Page(content_of(subject))


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shell]:
    """A folder in which the command is run."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    yield Shell(tmp_path, capsys, monkeypatch)


def record_of(page: Page) -> dict[str, object]:
    """The audit record at the foot of a page."""
    text = "".join(page.texts)
    found: dict[str, object] = json.loads(text[text.index('{\n  "record"') :])
    return found


def test_one_subject(shell: Shell) -> None:
    done = shell.run(
        "report", VISITS, "--subject", "001-0009", "--trial", "NCT03558334", "-o", "out.html"
    )
    assert (done.code, done.out) == (0, "")
    assert done.lines[-1] == "Written: out.html"
    page = Page(shell.read("out.html"))
    assert page.elements["svg"] == 2
    assert "001-0009 · Girl, born at 25w6d" in page.words
    assert "24 hours: infusion reactions" in page.words
    latest, statuses, seen, velocity = page.tables
    assert latest[1][:2] == ["Weight", "2026-05-22"]
    assert statuses[0][1] == "weight (waz)"
    assert ["ok", "12", "13", "13", "5", "5"] in statuses
    assert seen[0][:3] == ["measured_on", "age (days)", "postmenstrual"]
    assert len(seen) == 14
    swollen = next(row for row in seen if "oedema" in row[-1])
    assert swollen[:8] == ["2024-05-10", "71", "36w0d", "−28", "2025", "–", "–", "42.5"]
    assert swollen[-1] == "waz: oedema"
    assert len(velocity) == 13
    assert velocity[0][0] == "Measure"
    about = record_of(page)
    assert about["time_utc"] == "2026-01-01T00:00:00Z"
    assert about["rows"] == 13
    content = (ROOT / "examples" / "cohort.csv").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert about["input"] == {"name": "cohort.csv", "sha256": digest}
    trial = trials.load("NCT03558334").definition
    assert about["report"] == {"subject": "001-0009", "trial": trial, "lines": "centiles"}


def test_a_cohort(shell: Shell) -> None:
    done = shell.run("report", VISITS, "-o", "out.html", "--json")
    assert done.code == 0
    assert json.loads(done.out)["rows"] == 430
    page = Page(shell.read("out.html"))
    assert page.elements["svg"] == 3
    assert "39 subjects, 430 visits" in page.words
    statuses, medians, flagged, seen = page.tables
    assert statuses[1] == ["ok", "420", "424", "425", "216", "216"]
    assert medians[0][:3] == ["z of", "Arm", "Mean age (corrected months)"]
    assert {row[1] for row in medians[1:]} == {"arm A", "arm B", "arm control"}
    assert len(seen) == 431
    assert [row[0] for row in flagged[1:]] == [
        "001-0001", "001-0002", "001-0009", "001-0014", "001-0020", "002-0011",
        "002-0021", "003-0005", "003-0028", "003-0030",
    ]  # fmt: skip
    assert "8210,5" in page.words, "as it stands in the file"


def test_the_same_input_gives_the_same_page_at_the_same_time(shell: Shell) -> None:
    for name in ("one.html", "two.html"):
        assert shell.run("report", VISITS, "--subject", TERM_BOY, "-o", name).code == 0
    assert shell.read("one.html") == shell.read("two.html")


def test_without_the_variable_the_record_has_the_time(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert shell.run("report", VISITS, "--subject", TERM_BOY, "-o", "out.html").code == 0
    about = record_of(Page(shell.read("out.html")))
    assert str(about["time_utc"]).endswith("Z")
    assert about["time_utc"] != "2026-01-01T00:00:00Z"


def hostile() -> pl.DataFrame:
    """The example cohort, with text everywhere that would be active if it were not escaped."""
    row = pl.int_range(pl.len())
    return COHORT.with_columns(
        subject_id=pl.when(pl.col("subject_id") == TERM_BOY)
        .then(pl.lit(HOSTILE))
        .otherwise(pl.col("subject_id")),
        arm=pl.lit("<img src=x onerror=alert(1)>") + pl.col("arm"),
        weight_g=pl.when(row % 50 == 3)
        .then(pl.lit('"><svg onload=alert(1)>'))
        .otherwise(pl.col("weight_g")),
    ).rename({"weight_g": "<script>alert(2)</script>", "measured_on": "' onmouseover='x"})


NAMES = {"weight_g": "<script>alert(2)</script>", "measured_on": "' onmouseover='x"}


@pytest.mark.parametrize("subject", [None, HOSTILE])
def test_text_from_the_data_is_escaped(subject: str | None) -> None:
    page = Page(hostile_content(subject))
    assert page.elements["script"] == 0
    assert page.elements["img"] == 0
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert "<script>alert(2)</script>" in page.words
    assert HOSTILE in page.words


@pytest.mark.parametrize("subject", [None, GIRL_24_WEEKS])
def test_nothing_is_asked_for(subject: str | None) -> None:
    content, page = content_of(subject), page_of(subject)
    assert not {"script", "link", "iframe", "object", "base", "a"} & set(page.elements)
    for _, name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "srcset", "action", "data"):
            assert value.startswith(("#", "data:image/png;base64,"))
        assert "url(" not in value or "url(#" in value
    policy = [v for tag, name, v in page.attributes if (tag, name) == ("meta", "content")]
    assert policy[0] == POLICY
    assert "@import" not in content
    assert "://" not in re.sub(r'xmlns(:xlink)?="[^"]*"', "", content)


@pytest.mark.parametrize("subject", [None, GIRL_24_WEEKS])
def test_ids_are_unique_and_what_is_referred_to_is_there(subject: str | None) -> None:
    page = page_of(subject)
    ids = Counter(value for _, name, value in page.attributes if name == "id")
    assert not [name for name, n in ids.items() if n > 1]
    used = {v[1:] for _, name, v in page.attributes if name.endswith("href") and v[0] == "#"}
    used |= {m for _, _, v in page.attributes for m in re.findall(r"url\(#([^)]*)\)", v)}
    assert used
    assert used <= set(ids)


def test_pictures_have_a_name() -> None:
    page = page_of(GIRL_24_WEEKS)
    names = [v for tag, name, v in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert names == [
        "Growth chart: 001-0037 · Girl, born at 24w6d",
        "Growth velocity: 001-0037 · Girl, born at 24w6d",
    ]


def test_of_a_large_cohort_as_many_rows_are_shown_as_are_read() -> None:
    table = pl.concat([COHORT] * 4)
    page = Page(report.page(table))
    assert len(page.tables[-1]) == MOST_ROWS + 1
    assert "The first 1,000 of 1,720 rows. neocalc score writes all." in page.words


def test_values_are_as_they_stand_but_for_long_decimals() -> None:
    weights = ["5.5", "5.63333333333333", "6,2", "06.5000"]
    table = pl.DataFrame({"sex": ["f"] * 4, "age_days": [90, 100, 110, 120], "weight_kg": weights})
    seen = Page(report.page(table)).tables[2]
    column = seen[0].index("weight_kg")
    assert [row[column] for row in seen[1:]] == ["5.5", "5.633", "6,2", "06.5000"]


def test_a_cohort_without_rows_is_a_cohort() -> None:
    page = Page(report.page(COHORT.head(0)))
    assert "0 subjects, 0 visits" in page.words
    assert len(page.tables) == 3


def test_a_cohort_of_which_nobody_has_a_length() -> None:
    page = Page(report.page(COHORT.with_columns(length_cm=pl.lit(""))))
    assert "39 subjects, 430 visits" in page.words


def test_a_table_without_flags_without_dates_and_without_arms() -> None:
    table = pl.DataFrame(
        {
            "subject_id": ["a", "a", "b", "b"],
            "sex": ["f", "f", "m", "m"],
            "age_days": [30, 400, 60, 500],
            "weight_kg": [4.1, 9.0, 5.5, None],
        }
    )
    page = Page(report.page(table))
    assert "None." in page.words
    assert "Arm" in page.tables[1][0]
    page = Page(report.page(table, subject="a"))
    assert page.tables[0][1][:3] == ["Weight", "–", "9 kg"]
    assert "No two visits with an interval for which the WHO has a table." in page.words
    assert record_of(page)["input"] == {"name": "table", "sha256": ""}
    nothing = table.with_columns(weight_kg=pl.lit(None, dtype=pl.Float64))
    page = Page(report.page(nothing, subject="a"))
    assert page.tables[0][1] == ["Weight", *["–"] * 6]


def test_strict_force_and_the_ending(shell: Shell) -> None:
    one = ("report", VISITS, "-o", "out.html", "--subject")
    assert shell.run(*one, "001-0009", "--strict").code == 1
    before = shell.read("out.html")
    assert "exists already" in shell.run(*one, TERM_BOY).problem
    assert shell.read("out.html") == before
    assert shell.run(*one, TERM_BOY, "--strict", "--force", "--sd").code == 0
    assert shell.read("out.html") != before
    done = shell.run("report", VISITS, "-o", "out.pdf")
    assert done.problem == "neocalc: out.pdf: a report is written as .html"
    assert shell.names() == ["out.html"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--trial", "NCT03558334"), "--trial: 'NCT03558334' is not accepted; with --subject"),
        (("--sd",), "--sd: True is not accepted; with --subject"),
        (("--until", "12"), "--until: '12' is not accepted; with --subject"),
        (("--subject", TERM_BOY, "--arm", "arm"), "--arm: 'arm' is not accepted; not for one"),
        (("--subject", "nobody"), "--subject: 'nobody' is not accepted"),
    ],
)
def test_a_wrong_input_is_one_line(shell: Shell, arguments: tuple[str, ...], problem: str) -> None:
    assert problem in shell.run("report", VISITS, *arguments, "-o", "out.html").problem
    assert shell.names() == []


def test_without_matplotlib_the_extra_is_named(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = shell.run("report", VISITS, "-o", "out.html")
    assert done.problem == (
        'neocalc: drawing a chart needs the extra "chart": pip install "neocalc[chart]"'
    )
    assert shell.names() == []


def test_no_page_is_left_when_it_fails(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("neocalc.report.build", fail)
    assert shell.run("report", VISITS, "-o", "out.html").code == 130
    assert shell.names() == []


def test_help_has_an_example(shell: Shell) -> None:
    done = shell.run("report", "--help")
    assert "neocalc report VISITS.csv -o REPORT.html" in done.out
