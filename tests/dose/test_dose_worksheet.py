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
from neocalc.dose.answer import box
from neocalc.dose.notation import parse
from neocalc.dose.stops import PASSED, SOFT
from neocalc.dose.working import steps

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
    for plan in (fullest(), pooled()):
        lines = worksheet.text(plan, at=AT).splitlines()
        assert len(lines) <= 92  # A4 at 8 points
        assert max(map(len, lines)) <= worksheet.WIDTH


def test_nothing_on_it_is_smaller_than_10_points() -> None:
    page = worksheet.html(fullest(), at=AT)
    assert min(map(int, re.findall(r"(\d+)pt", page))) == 10


@pytest.mark.requirement("REQ-DOSE-31", "REQ-SAFE-11")
def test_every_input_result_and_check_is_on_it() -> None:
    plan = fullest()
    for said in both(plan):
        for figure in (*plan.inputs.figures.values(), *plan.results.values()):
            assert str(figure) in said
        for check in plan.checks:
            assert check.name in said
            if check.outcome == SOFT or (
                check.outcome == PASSED and check.name in worksheet.WITH_WORDS
            ):
                assert check.message in said
        for word, line in box(plan):
            assert word in said
            assert all(part in said for part in line.split())  # broken where it is long
        for part in ("001-0004", "NCT03558334", "2026-08-14 09:30", "27 weeks 3 days", "measured",
                     "2026-07-28: 1 million cells/kg", "2026-05-01", "42w3d",
                     "17 days corrected", "intravenous", "within 90 minutes, as is usual",
                     "4.6 million viable cells/mL", "0.217 mL/kg", "started at", "ended at",
                     "volume given", "Second person: your own figures",
                     "given: 2,350 g", "given: 30 minutes", "Calculated by",
                     "Checked independently by", "Printed 2026-08-14T09:30:00Z",
                     "Soft stops passed (weight for age and sex, dose interval)",
                     "second person AB", "prepared by", "CD", "does not prescribe",
                     "of viable cells"):  # fmt: skip
            assert part in said, part


def test_the_sheet_of_a_product_of_several_vials() -> None:
    for said in both(pooled(expires=None, thawed_on="2026-08-14T09:00", duration="30 min")):
        for part in ("hospital number 4711", "L-17", "D-3", "4,000,000 cells, 92% viable, 0.8 mL",
                     "4,000,000 cells, 88% viable, 0.8 mL", "1 mL saline", "umbilical cord cells",
                     "within 120 minutes, as the protocol states", "yes (protocol: in-line, 200",
                     "1,852,941 viable cells/mL", "CD, 2026-08-01",
                     "all that are pooled = 0.8 mL + 0.8 mL = 1.6 mL"):  # fmt: skip
            assert part in said, part


def test_what_nobody_typed_is_a_line_to_write_on() -> None:
    plan = prepare(weight="2 kg", dose="1 million cells/kg", viable_concentration="4e6 cells/mL")
    named = dict(worksheet.rows(plan))
    for label in ("subject", "second identifier", "date of birth", "product", "lot", "donor",
                  "route", "date of the dose", "filter in the line"):  # fmt: skip
        assert named[label] == worksheet.BLANK
    assert "prepared by" not in named


def test_another_policy_of_the_weight_check_is_on_it() -> None:
    policy = nc.Policy(preterm_reference="fenton-2025")
    named = dict(worksheet.rows(plan_of(policy=policy)))
    assert named["weight is checked by"] == policy.of_infants.describe("auto")
    assert "weight is checked by" not in dict(worksheet.rows(plan_of()))


@pytest.mark.requirement("REQ-SAFE-11")
def test_the_working_can_be_done_again_from_what_is_printed() -> None:
    """Each step is read back from print and computed again by its own arithmetic."""
    for plan in (
        fullest(),
        pooled(),
        prepare(weight="2 kg", dose="1 million cells/kg", viable_concentration="4 million cells/mL",
                rate="1 mL/h", viable_cells_per_vial="3 million cells/vial"),
        prepare(weight="2 kg", dose="5 million cells/kg", concentration="4 million cells/mL",
                limits=Limits(counts="total"), cells_per_vial="3 million cells/vial",
                recovery="75%"),
        prepare(weight="2 kg", dose="5 million cells/kg", viability="90%", recovery="75%",
                cells_per_vial="3 million cells/vial"),
    ):  # fmt: skip
        done = steps(plan)
        assert [step.label for step in done] == [
            label for label in plan.results
            if not (label == "duration" and plan.inputs.rate is None)
            and not (label == "rate" and plan.inputs.duration is None)
        ]  # fmt: skip
        for step in done:
            result = parse(step.result).value
            if step.label in ("syringe volume", "pump rate"):  # a line, a step
                continue
            if step.label == "vials" and plan.inputs.pool is not None:
                assert step.figures == "0.8 mL + 0.8 mL = 1.6 mL"
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
                digits = 1e-3 if step.label == "DMSO per kg" else 1e-5
                assert result == pytest.approx(value, rel=digits), step


def test_minutes_have_no_sixteen_digits() -> None:
    """47 minutes were once printed as 0.7833333333333333 hours, and divided by as that."""
    for said in both(plan_of(duration="47 min")):
        assert "0.783333 hours (given: 47 minutes)" in said
        assert "0.67 mL / 0.783333 hours" in said
        assert "0.7833333" not in said


@pytest.mark.requirement("REQ-SAFE-11")
def test_what_a_user_typed_is_escaped() -> None:
    hostile = "<script>alert('1')</script>&\"{x}"
    plan = plan_passing(subject=hostile, weighed_on="2026-08-12T06:00", last_weight=None,
                        reason=f"because {hostile}")  # fmt: skip
    page = worksheet.html(plan, at=AT)
    assert "<script" not in page
    assert hostile in both(plan)[1]
    assert hostile in both(plan)[0]


@pytest.mark.requirement("REQ-SAFE-11")
def test_nothing_is_loaded_or_run() -> None:
    page = worksheet.html(fullest(), at=AT)
    assert not re.search(r"https?:|src=|href=|@import|url\(|\bon\w+=", page)
    assert set(Page(page).tags) <= {
        "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "b", "br", "span",
        "table", "thead", "tbody", "tr", "td", "bdi",
    }  # fmt: skip


def test_without_a_subject_there_is_a_line_to_write_on() -> None:
    plan = plan_of(subject=None)
    for said in both(plan):
        assert "subject ________" in said


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
    assert "(given:" not in worksheet.text(plan_of(weight=nc.Q(3.1, "kg"), duration="0.5 h"))


@pytest.mark.requirement("REQ-DOSE-31", "REQ-SAFE-11")
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


def test_without_a_concentration_there_is_none_on_the_sheet() -> None:
    vials = "2 million cells/vial"
    plan = prepare(weight="2.35 kg", dose="1 million cells/kg", viable_cells_per_vial=vials)
    assert "final concentration" not in dict(worksheet.rows(plan))
    assert "total mL for each kg" not in dict(worksheet.rows(plan))
