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


@pytest.mark.requirement("REQ-REPORT-01")
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
    assert latest[1][:3] == ["Weight", "2026-05-22", "9.330 kg"]
    assert latest[2][2] == "81.2 cm", "as measured standing, as in the list; scored as 81.9 cm"
    assert statuses[0][1] == "weight (waz)"
    assert ["ok", "12", "13", "13", "5", "5", "ok"] in statuses
    assert seen[0][:5] == ["Date", "Age (days)", "Postmenstrual", "Corrected (days)", "Weight (g)"]
    assert len(seen) == 14
    swollen = next(row for row in seen if "oedema" in row[-1])
    assert swollen[:8] == ["2024-05-10", "71", "36w0d", "−28", "2,025", "–", "–", "42.5"]
    assert swollen[-1] == "weight: oedema"
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


@pytest.mark.requirement("REQ-REPORT-01", "REQ-REPORT-04")
def test_a_cohort(shell: Shell) -> None:
    done = shell.run("report", VISITS, "-o", "out.html", "--json")
    assert done.code == 0
    assert json.loads(done.out)["rows"] == 430
    page = Page(shell.read("out.html"))
    assert page.elements["svg"] == 3
    assert "39 subjects, 430 visits" in page.words
    statuses, medians, flagged, seen = page.tables
    assert statuses[1] == ["ok", "420", "424", "425", "216", "216", "ok"]
    assert medians[0] == ["z of", "Arm", "Mean age (months)", "Subjects", "Median", "Quartiles"]
    assert {row[1] for row in medians[1:]} == {"Arm: A", "Arm: B", "Arm: control"}
    assert len(seen) == 431
    assert [row[-1] for row in seen if "oedema" in row[-1]] == ["weight: oedema"]
    reasons = {row[0]: row[-1] for row in flagged[1:]}
    every = "weight, length or height and head circumference: "
    assert reasons == {
        "001-0001": "weight: value not usable (8210,5)",
        "001-0002": f"{every}gestation not usable (27.3)",
        "001-0014": "length or height: implausible",
        "001-0020": "weight: value not usable (0)",
        "002-0011": f"{every}sex not usable (X)",
        "002-0021": "weight: implausible",
        "003-0005": f"{every}age not usable (birth_date 2023-06-11, measured_on 28/02/2024)",
        "003-0028": f"{every}gestation not usable (28+7)",
        "003-0030": f"{every}age not usable (birth_date 2023-06-18, measured_on 2023-06-15)",
    }, "what could not be used, and nothing beside it"
    slip = next(row for row in flagged if row[0] == "002-0021")
    assert slip[5] == "2.35", "a slip stands as in the file"
    assert {row[5] for row in seen[1:] if "." in row[5]} == {"2.35"}, "and sets no decimals"


@pytest.mark.requirement("REQ-REPORT-01")
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


@pytest.mark.requirement("REQ-REPORT-02")
@pytest.mark.parametrize("subject", [None, HOSTILE])
def test_text_from_the_data_is_escaped(subject: str | None) -> None:
    page = Page(hostile_content(subject))
    assert page.elements["script"] == 0
    assert page.elements["img"] == 0
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert "<script>alert(2)</script>" in page.words
    assert HOSTILE in page.words


@pytest.mark.requirement("REQ-REPORT-02")
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


@pytest.mark.requirement("REQ-REPORT-04")
def test_the_values_of_a_column_have_one_number_of_decimals() -> None:
    """-3.6 stood beside -2.89; what could not be read stands as in the file."""
    weights = ["5.5", "5.63333333333333", "6,2", "06.5000"]
    table = pl.DataFrame({"sex": ["f"] * 4, "age_days": [90, 100, 110, 120], "weight_kg": weights})
    seen = Page(report.page(table)).tables[2]
    column = seen[0].index("Weight (kg)")
    assert [row[column] for row in seen[1:]] == ["5.500", "5.633", "6,2", "6.500"]
    for at in (column + 1, column + 2):
        decimals = {len(row[at].partition(".")[2]) for row in seen[1:] if row[at] != "–"}
        assert len(decimals) == 1


@pytest.mark.requirement("REQ-REPORT-04")
def test_a_column_of_another_name_keeps_its_unit() -> None:
    """The heading was "WT", and nobody could tell whether 4100 are grams."""
    table = pl.DataFrame({"sex": ["f"] * 2, "age_days": [30, 60], "WT": [4100, 5000]})
    for name, unit in (("weight_g", "g"), ("weight_kg", "kg")):
        own = table if unit == "g" else table.with_columns(WT=pl.col("WT") / 1000)
        page = Page(report.page(own, columns={"weight_kg": "WT"} if unit == "kg" else {name: "WT"}))
        seen = page.tables[2]
        assert f"Weight ({unit})" in seen[0]
        column = seen[0].index(f"Weight ({unit})")
        shown = ["4,100", "5,000"] if unit == "g" else ["4.1", "5.0"]
        assert [row[column] for row in seen[1:]] == shown
        assert f"Columns of the file: {name} is WT" in page.words


@pytest.mark.requirement("REQ-REPORT-04")
def test_a_measure_that_was_never_taken_is_said_once() -> None:
    """Every row was red for it, and there was "no interval that the WHO has"."""
    visits = COHORT.with_columns(head_circumference_cm=pl.lit(None, dtype=pl.String))
    content = report.page(visits, subject=GIRL_24_WEEKS)
    page = Page(content)
    assert page.words.count("Head circumference: not measured.") == 1
    assert "Head circumference: no velocity z-score: not measured." in page.words
    assert not [name for name in page.tables[2][0] if name.startswith("Head")]
    assert {row[-1] for row in page.tables[2][1:]} == {"ok"}
    assert "<b>" not in content
    flagged = Page(report.page(visits)).tables[2]
    assert {row[0] for row in flagged[1:]} == {row[0] for row in page_of(None).tables[2][1:]}


@pytest.mark.requirement("REQ-REPORT-04")
def test_no_word_of_a_page_is_broken() -> None:
    """ "CIRCUMFERENC E" stood in a heading: only a word of the data that is longer may be."""
    for subject in (None, GIRL_24_WEEKS):
        content = content_of(subject)
        style = content[content.index("<style>") : content.index("</style>")]
        rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style)
        breaking = [
            name.strip() for name, rule in rules if "anywhere" in rule or "break-all" in rule
        ]
        assert sorted(breaking) == [".long", "pre"]
        assert 'class="long"' not in content
        assert "\xad" not in content


@pytest.mark.requirement("REQ-REPORT-04")
def test_the_facts_that_were_refused_are_shown_also_where_another_row_states_them() -> None:
    table = pl.DataFrame(
        {
            "subject_id": ["a", "a", "b"],
            "sex": ["f"] * 3,
            "age_days": [30, 60, 30],
            "gestational_age": ["27.3", None, "28+1"],
            "weight_kg": [1.4, 2.2, 1.5],
            "length_cm": ["40", "44", "41"],
            "length_position": ["lying", "recumbent", "standing"],
            "oedema": ["no", "no", "perhaps"],
        }
    )
    seen = Page(report.page(table)).tables[-1]
    assert [row[-1] for row in seen[1:]] == [
        "weight and length or height: gestation not usable (27.3)",
        "weight and length or height: gestation not usable (27.3)",
        "weight: value not usable (perhaps)",
    ]
    wrong = table.with_columns(gestational_age=pl.lit("28+1"))
    seen = Page(report.page(wrong, subject="a")).tables[2]
    assert seen[1][-1] == "length or height: value not usable (lying)"


def test_a_cohort_without_rows_is_a_cohort() -> None:
    page = Page(report.page(COHORT.head(0)))
    assert "0 subjects, 0 visits" in page.words
    assert len(page.tables) == 2
    assert "There is no median: it needs 3 subjects at one age." in page.words


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
    assert "There is no median: it needs 3 subjects at one age." in page.words
    page = Page(report.page(table, subject="a"))
    assert page.tables[0][1][:3] == ["Weight", "400 days", "9.0 kg"]
    assert "Weight: no velocity z-score: no chart for this interval (1)." in page.words
    assert record_of(page)["input"] == {"name": "table", "sha256": ""}
    nothing = table.with_columns(weight_kg=pl.lit(None, dtype=pl.Float64))
    page = Page(report.page(nothing, subject="a"))
    assert page.tables[0][1] == ["Weight", *["–"] * 5, "not measured"]
    assert "Weight: not measured." in page.words


@pytest.mark.requirement("REQ-REPORT-05")
@pytest.mark.parametrize("rows", [(0, 1, 2, 3), (1, 0, 3, 2), (3, 2, 1, 0)])
def test_rows_of_one_day_that_differ_have_no_z_anywhere_on_the_page(
    shell: Shell, rows: tuple[int, ...]
) -> None:
    """The pictures had no z of them, the list of visits and the statuses said ok."""
    lines = ["7,f,60,4.9", "7,f,60,4.2", "7,f,121,6.4", "7,f,121,5.7"]
    text = "\n".join(["subject_id,sex,age_days,weight_kg", *(lines[i] for i in rows)])
    (shell.folder / "in.csv").write_text(text, encoding="utf-8")
    done = shell.run("report", "in.csv", "-o", "out.html", "--strict")
    assert done.code == 1
    assert "  waz: duplicate_visit 4" in done.lines
    assert "No z-score to draw: weight: rows of one day differ (4)." in done.lines
    page = Page(shell.read("out.html"))
    latest, statuses, seen = page.tables
    assert latest[1][-1] == "no z-score: rows of one day differ (4)"
    assert statuses[1:] == [["rows of one day differ", "4", "duplicate_visit"]]
    assert [row[2:] for row in seen[1:]] == [["–", "–", "weight: rows of one day differ"]] * 4
    assert "There is no z-score." in page.words, "no reference is cited"
    for kind in ("growth", "velocity", "z", "waterfall", "statuses"):
        done = shell.run("chart", "in.csv", "--kind", kind, "-o", f"{kind}.svg", "--strict")
        assert (done.code, done.lines[2]) == (1, "  waz: duplicate_visit 4")


@pytest.mark.requirement("REQ-REPORT-05")
def test_rows_that_repeat_each_other_are_one_visit() -> None:
    table = pl.DataFrame({"sex": ["f"] * 3, "age_days": [30, 30, 60], "weight_kg": [4.1, 4.1, 5.0]})
    page = Page(report.page(table))
    assert "2 visits in 3 rows." in page.words
    assert page.tables[1][1][:2] == ["ok", "3"]


def test_a_table_that_was_scored_before_is_drawn(shell: Shell) -> None:
    """Its own columns waz, waz_status were refused, with an option that there is not."""
    assert shell.run("score", VISITS, "-o", "scored.csv").code == 0
    assert shell.run("report", "scored.csv", "-o", "out.html").code == 0
    assert shell.run("chart", "scored.csv", "-o", "out.svg").code == 0
    done = shell.run("chart", "scored.csv", "-o", "arm.svg", "--arm", "waz_status")
    assert "scored.csv: it has the columns waz_status already" in done.problem


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
        (("--until", "12mo"), "--until: '12mo' is not accepted; a whole number of months"),
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
