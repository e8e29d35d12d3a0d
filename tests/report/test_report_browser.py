"""The report in a real browser: it renders, has no console error, and no request leaves the page.

A headless Chromium is driven through chromedriver, which speaks HTTP and JSON. Without them these
tests are skipped.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from neocalc import report
from test_chart_layout import COHORT, GIRL_24_WEEKS, HOSTILE
from test_report import content_of, hostile_content

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="there is no Chromium with its chromedriver here"
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--window-size=1000,1400",
)  # fmt: skip


class Browser:
    """A browser that says what it logged and what it asked for."""

    def __init__(self, address: str, profile: Path) -> None:
        self.address = address
        options = {
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": CHROMIUM,
                "args": [*FLAGS, f"--user-data-dir={profile}"],
                "perfLoggingPrefs": {"enableNetwork": True},
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": options}})
        self.session = f"/session/{session['sessionId']}"
        self.page = ""

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One command of the WebDriver protocol."""
        request = urllib.request.Request(
            self.address + path,
            method=method,
            data=None if method != "POST" else json.dumps(body or {}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, page: Path) -> None:
        """Open a file; what was logged before is forgotten."""
        self.logged("browser")
        self.logged("performance")
        self.page = page.as_uri()
        self.call("POST", f"{self.session}/url", {"url": self.page})

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        body = {"script": f"return {script}", "args": []}
        return self.call("POST", f"{self.session}/execute/sync", body)

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """What has been logged since the last call."""
        found: list[dict[str, Any]] = self.call("POST", f"{self.session}/se/log", {"type": kind})
        return found

    def requests(self) -> list[str]:
        """Every address that the page asked for, its own and inline data left out."""
        events = [json.loads(entry["message"])["message"] for entry in self.logged("performance")]
        asked = [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["documentURL"] == self.page
        ]
        return [a for a in asked if a != self.page and not a.startswith("data:")]

    @contextlib.contextmanager
    def on_paper(self) -> Iterator[int]:
        """The page as it is laid out for printing, and its width between the margins of A4."""

        def ask(command: str, **parameters: object) -> None:
            body = {"cmd": f"Emulation.{command}", "params": parameters}
            self.call("POST", f"{self.session}/goog/cdp/execute", body)

        width = round((210 - 2 * 14) * 96 / 25.4)
        ask("setEmulatedMedia", media="print")
        ask("setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
        try:
            yield width
        finally:
            ask("setEmulatedMedia", media="")
            ask("clearDeviceMetricsOverride")

    def pages(self) -> int:
        """How many pages it prints, on A4 as the page itself says."""
        body = {"page": {"width": 21.0, "height": 29.7}, "background": True}
        content = base64.b64decode(self.call("POST", f"{self.session}/print", body))
        return content.count(b"/Type /Page\n") + content.count(b"/Type/Page\n")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests, ended by its own session and process."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder, "driver.log")
        with log.open("w") as out:
            driver = subprocess.Popen([str(DRIVER), "--port=0"], stdout=out, stderr=out)
        try:
            opened = Browser(f"http://127.0.0.1:{_port(log)}", Path(folder, "profile"))
            try:
                yield opened
            finally:
                opened.call("DELETE", opened.session)
        finally:
            driver.terminate()
            driver.wait(20)


def _port(log: Path) -> int:
    """The port that chromedriver says it has."""
    for _ in range(300):
        words = log.read_text().split("started successfully on port ")
        if len(words) == 2 and words[1].strip().rstrip("."):
            return int(words[1].split(".")[0])
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def test_what_is_wrong_with_a_page_is_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<!DOCTYPE html><img src="http://127.0.0.1:9/x.png"><script>console.error("no")</script>'
    )
    browser.open(page)
    assert "no" in " ".join(entry["message"] for entry in browser.logged("browser"))
    assert browser.requests() == ["http://127.0.0.1:9/x.png"]


@pytest.mark.requirement("REQ-REPORT-03")
@pytest.mark.parametrize("subject", [GIRL_24_WEEKS, None])
def test_the_report_renders_and_stays_by_itself(
    browser: Browser, tmp_path: Path, subject: str | None
) -> None:
    page = tmp_path / "report.html"
    page.write_text(content_of(subject), encoding="utf-8")
    browser.open(page)
    assert browser.logged("browser") == []
    assert browser.requests() == []
    assert browser.run("document.title").startswith("Growth report: ")
    boxes = browser.run(
        "[...document.querySelectorAll('figure svg')].map(s => {"
        "const b = s.getBoundingClientRect(); return [b.width, b.height]})"
    )
    assert len(boxes) == (3 if subject is None else 2)
    for width, height in boxes:
        assert width > 600
        assert height / width == pytest.approx(297 / 210, rel=0.01)
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run("document.querySelectorAll('table').length") == 4
    assert browser.run("document.compatMode") == "CSS1Compat"


@pytest.mark.parametrize("subject", [GIRL_24_WEEKS, None])
def test_the_statuses_are_on_the_screen(
    browser: Browser, tmp_path: Path, subject: str | None
) -> None:
    """They are the last column, which lay beyond the edge of a window of common width."""
    page = tmp_path / "report.html"
    page.write_text(content_of(subject), encoding="utf-8")
    browser.open(page)
    wide = "[...document.querySelectorAll('.wide')].filter(w => w.scrollWidth > w.clientWidth)"
    assert browser.run(f"{wide}.map(w => w.textContent.slice(0, 80))") == []


@pytest.mark.parametrize("subject", [GIRL_24_WEEKS, None])
def test_no_figure_lies_over_the_next_one(
    browser: Browser, tmp_path: Path, subject: str | None
) -> None:
    content = content_of(None)
    if subject is not None:
        table = COHORT.filter(pl.col("subject_id") == subject)
        table = table.with_columns(length_cm=pl.col("length_cm") + "34567890123")
        content = report.page(table)
    page = tmp_path / "report.html"
    page.write_text(content, encoding="utf-8")
    browser.open(page)
    over = "[...document.querySelectorAll('td')].filter(c => c.scrollWidth > c.clientWidth + 1)"
    assert browser.run("document.querySelectorAll('td').length") > 250
    assert browser.run(f"{over}.map(c => c.textContent)") == []
    with browser.on_paper() as width:
        assert browser.run("matchMedia('print').matches")
        assert browser.run(f"{over}.map(c => c.textContent)") == []
        widths = browser.run("[...document.querySelectorAll('table')].map(t => t.scrollWidth)")
        assert max(widths) <= width, "a wider one would be printed smaller"
    assert not browser.run("matchMedia('print').matches")


def test_curves_are_on_the_screen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(content_of(GIRL_24_WEEKS), encoding="utf-8")
    browser.open(page)
    width = browser.run(
        "document.querySelector('#growth-visits-weight-preterm path').getBoundingClientRect().width"
    )
    assert width > 100
    shot = base64.b64decode(browser.call("GET", f"{browser.session}/screenshot"))
    assert shot.startswith(b"\x89PNG")
    assert len(shot) > 30_000


@pytest.mark.requirement("REQ-REPORT-03")
def test_one_infant_prints_on_a_few_pages_a_chart_on_each(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(content_of(GIRL_24_WEEKS), encoding="utf-8")
    browser.open(page)
    assert 4 <= browser.pages() <= 6, "summary, two charts, tables, audit record"


@pytest.mark.requirement("REQ-REPORT-02")
@pytest.mark.parametrize("subject", [HOSTILE, None])
def test_hostile_text_does_nothing(browser: Browser, tmp_path: Path, subject: str | None) -> None:
    page = tmp_path / "report.html"
    page.write_text(hostile_content(subject), encoding="utf-8")
    browser.open(page)
    with pytest.raises(urllib.error.HTTPError):  # there is no dialogue
        browser.call("GET", f"{browser.session}/alert/text")
    assert browser.run("document.scripts.length") == 0
    assert browser.run("document.images.length") == 0
    assert "<script>alert(2)</script>" in browser.run("document.body.textContent")
    assert browser.logged("browser") == []
    assert browser.requests() == []
