"""The printable sheet: everything a second person needs, on one page, and nothing that runs."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import neocalc as nc
from dose_arguments import of_trial, plan_of, plan_passing, pooled
from neocalc.dose import Limits, Plan, prepare, worksheet
from neocalc.dose.notation import parse

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
AT = dt.datetime(2026, 8, 14, 9, 30, tzinfo=dt.UTC)


def fullest() -> Plan:
    """A plan with every input and two soft stops."""
    arm = nc.trials.load("NCT03558334").arm("A")
    limits = Limits(max_volume_per_kg="2 mL/kg", min_interval="7 day", max_interval="10 day")
    return plan_passing(
        reason="small for gestation, weighed twice",
        arm=arm,
        limits=limits,
        weight="2350 g",
        last_weight="2340 g",
        doses_given=[("2026-07-28", "1 million cells/kg")],
    )


class Page(HTMLParser):
    """The text of a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[str] = []
        self.opened: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def both(plan: Plan) -> tuple[str, str]:
    page = Page(worksheet.html(plan, at=AT))
    assert page.opened == []
    text = re.sub(r"\s+", " ", worksheet.text(plan, at=AT))
    return text, re.sub(r"\s+", " ", " ".join(page.said))


def test_it_is_one_page() -> None:
    lines = worksheet.text(fullest(), at=AT).splitlines()
    assert len(lines) <= 88  # A4 at 9 points
    assert max(map(len, lines)) <= worksheet.WIDTH


def test_every_input_result_and_check_is_on_it() -> None:
    plan = fullest()
    for said in both(plan):
        for figure in (*plan.inputs.figures.values(), *plan.results.values()):
            assert str(figure) in said
        for check in plan.checks:
            assert check.name in said
            assert check.message in said
        for part in ("001-0004", "NCT03558334", "2026-08-14 09:30", "27 weeks 3 days", "measured",
                     "2026-07-28: 1 million cells/kg", plan.inputs.policy.describe(),
                     "given: 2,350 g", "given: 30 minutes", "Calculated by",
                     "Checked independently by", "Printed 2026-08-14T09:30:00Z",
                     "Soft stops passed (weight for age and sex, dose interval)",
                     "second person AB", "prepared by", "CD", "does not prescribe",
                     "viable cells"):  # fmt: skip
            assert part in said, part


def test_the_working_can_be_done_again_from_what_is_printed() -> None:
    """Each step is read back from print and computed again by its own arithmetic."""
    for plan in (
        fullest(),
        prepare(weight="2 kg", dose="1 million cells/kg", viable_concentration="4 million cells/mL",
                rate="1 mL/h", viable_cells_per_vial="3 million cells/vial"),
        prepare(weight="2 kg", dose="5 million cells/kg", concentration="4 million cells/mL",
                limits=Limits(counts="total"), cells_per_vial="3 million cells/vial",
                recovery="75%"),
        prepare(weight="2 kg", dose="5 million cells/kg", viability="90%", recovery="75%",
                cells_per_vial="3 million cells/vial"),
    ):  # fmt: skip
        done = worksheet.steps(plan)
        assert [step.label for step in done] == [
            label for label in plan.results
            if not (label == "duration" and plan.inputs.rate is None)
            and not (label == "rate" and plan.inputs.duration is None)
        ]  # fmt: skip
        for step in done:
            result = parse(step.result).value
            if step.label == "syringe volume":
                continue
            terms = re.split(r" ([x/+-]) ", step.figures.replace("(", "").replace(")", ""))
            value, factor = parse(terms[0]).value, 1.0
            bracket = "(" in step.figures
            for sign, term in zip(terms[1::2], terms[2::2], strict=True):
                figure = parse(term).value
                if sign == "x" or (sign == "/" and bracket):
                    factor *= figure
                elif sign == "/":
                    value /= figure
                else:
                    value += figure if sign == "+" else -figure
            value = value / factor if bracket else value * factor
            if step.label == "vials":
                assert 0 <= result - value < 1
            elif step.label == "rounding error":
                assert result == pytest.approx(value, abs=1e-5)
            else:
                assert result == pytest.approx(value, rel=1e-5), step


def test_minutes_have_no_sixteen_digits() -> None:
    """47 minutes were once printed as 0.7833333333333333 hours, and divided by as that."""
    for said in both(plan_of(duration="47 min")):
        assert "0.783333 hours (given: 47 minutes)" in said
        assert "0.67 mL / 0.783333 hours" in said
        assert "0.7833333" not in said


def test_what_a_user_typed_is_escaped() -> None:
    hostile = "<script>alert('1')</script>&\"{x}"
    plan = plan_passing(subject=hostile, weighed_on="2026-08-12T06:00", last_weight=None,
                        reason=f"because {hostile}")  # fmt: skip
    page = worksheet.html(plan, at=AT)
    assert "<script" not in page
    assert hostile in both(plan)[1]
    assert hostile in both(plan)[0]


def test_nothing_is_loaded_or_run() -> None:
    page = worksheet.html(fullest(), at=AT)
    assert not re.search(r"https?:|src=|href=|@import|url\(|\bon\w+=", page)
    assert set(Page(page).tags) <= {
        "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "b", "br", "span",
        "table", "thead", "tbody", "tr", "td", "bdi",
    }  # fmt: skip


def test_without_a_subject_there_is_a_line_to_write_on() -> None:
    plan = plan_of(subject=None)
    assert "Subject: ____" in worksheet.text(plan)
    assert "&nbsp;&nbsp;" in worksheet.html(plan)


def test_the_same_plan_gives_the_same_sheet() -> None:
    assert worksheet.html(plan_of(), at=AT) == worksheet.html(plan_of(), at=AT)


def test_an_age_whose_gestation_is_not_stated_and_no_age() -> None:
    arguments: dict[str, Any] = {
        "weight": "4 kg", "dose": "1 million cells/kg",
        "viable_concentration": "5 million cells/mL",
    }  # fmt: skip
    plan = prepare(**arguments, sex="f", age=nc.Age.from_days(60), doses_given=[])
    said = both(plan)[0]
    assert "60 days chronological" in said
    assert "corrected;" not in said
    assert "doses given before none" in said
    assert "chronological" not in both(prepare(**arguments))[0]


def test_quantities_need_no_second_unit() -> None:
    assert "given:" not in worksheet.text(plan_of(weight=nc.Q(3.1, "kg"), duration="0.5 h"))


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("made", [fullest, pooled, lambda: prepare(**of_trial())])
def test_it_prints_on_one_page(made: Callable[[], Plan], paper: str, tmp_path: Path) -> None:
    sheet, pdf = tmp_path / "sheet.html", tmp_path / "sheet.pdf"
    page = worksheet.html(made(), at=AT).replace("@page {", f"@page {{ size: {paper};")
    sheet.write_text(page, encoding="utf-8")
    assert CHROMIUM is not None
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer",
         f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}", sheet.as_uri()],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert re.findall(rb"/Count (\d+)", pdf.read_bytes()) == [b"1"]
