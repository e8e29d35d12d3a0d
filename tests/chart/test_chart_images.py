"""The charts look as they did when somebody looked at them last.

Each chart is drawn without its texts, in grey and at 50 dots per inch (a pixel is a square of half
a millimetre), and compared with tests/chart/reference_images. Tolerance: the
root mean square of the differences is at most 0.001 of the range from black to white, and no pixel
differs by more than 0.1. With matplotlib 3.9 and with 3.11 there is no difference at all; a curve,
a mark or a joint that is missing or moved differs by more, as the last tests show. Texts are left
out because every version of matplotlib rasterises them in its own way, and because they name the
version of neocalc; what they say, and that none overlaps, is tested with each chart.

After a change on purpose, look at the new pictures, and then write them and those of the docs:

    python tests/chart/test_chart_images.py
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from neocalc import Policy, chart
from neocalc.chart.style import Chart, style
from test_chart_layout import COHORT, FENTON_2025, GIRL_24_WEEKS, TERM_BOY

DOCS = Path(__file__).resolve().parents[2] / "docs"
FOLDER = Path(__file__).resolve().parent / "reference_images"
MOST_RMS = 0.001
MOST = 0.1
MOST_FROM_AFAR = 0.03
"""A picture of the documentation made before panels moved by some millimetres is off by 0.09."""

CHARTS: dict[str, Callable[[], Chart]] = {
    "preterm_girl_fenton_2025": lambda: chart.infant(
        COHORT, subject=GIRL_24_WEEKS, policy=FENTON_2025, trial="NCT03558334"
    ),
    "term_boy_sd": lambda: chart.infant(COHORT, subject=TERM_BOY, lines="sd"),
    "flagged_weight": lambda: chart.infant(COHORT, subject="001-0009"),
    "velocity": lambda: chart.velocity(COHORT, subject=GIRL_24_WEEKS),
    "cohort_z": lambda: chart.cohort(COHORT),
    "cohort_waterfall": lambda: chart.cohort(COHORT, kind="waterfall"),
    "cohort_statuses": lambda: chart.cohort(COHORT, kind="statuses"),
}

SHOWN: dict[str, Callable[[], Chart]] = {
    "infant": CHARTS["preterm_girl_fenton_2025"],
    "velocity": CHARTS["velocity"],
    "cohort": CHARTS["cohort_z"],
    "waterfall": CHARTS["cohort_waterfall"],
    "statuses": CHARTS["cohort_statuses"],
}
"""The pictures of docs/charts.md."""


def picture(drawn: Chart, dpi: int) -> Image.Image:
    """A chart as an image."""
    content = io.BytesIO()
    with style():
        drawn.figure.savefig(content, format="png", dpi=dpi)
    with Image.open(content) as image:
        return image.convert("RGB")


def reduced(drawn: Chart) -> Image.Image:
    """A chart without its texts, in grey, at 50 dots per inch."""
    for artist in [*drawn.figure.findobj(Text), *drawn.figure.legends]:
        artist.set_visible(False)
    return picture(drawn, 100).convert("L").reduce(2)


def differences(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """Root mean square and largest of the differences, as shares of the range of grey."""
    a, b = (np.asarray(picture, dtype=np.float64) / 255 for picture in (one, other))
    assert a.shape == b.shape
    off = np.abs(a - b)
    return float(np.sqrt((off**2).mean())), float(off.max())


def alike(one: Image.Image, other: Image.Image) -> bool:
    """Whether they differ by no more than the tolerance."""
    rms, most = differences(one, other)
    return rms <= MOST_RMS and most <= MOST


@pytest.mark.requirement("REQ-CHART-08")
@pytest.mark.parametrize("name", sorted(CHARTS))
def test_a_chart_looks_as_it_did(name: str) -> None:
    with Image.open(FOLDER / f"{name}.png") as expected:
        rms, most = differences(reduced(CHARTS[name]()), expected)
    assert rms <= MOST_RMS
    assert most <= MOST


def test_there_is_a_picture_for_each_chart_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(CHARTS)
    assert sum(path.stat().st_size for path in FOLDER.glob("*")) < 300_000


def expected(name: str) -> Image.Image:
    """A reference image."""
    with Image.open(FOLDER / f"{name}.png") as picture:
        return picture.copy()


@pytest.mark.requirement("REQ-CHART-08")
def test_a_missing_line_is_seen() -> None:
    drawn = CHARTS["preterm_girl_fenton_2025"]()
    axes = next(ax for ax in drawn.figure.axes if ax.get_ylabel() == "Weight (kg)")
    visits = next(line for line in axes.lines if line.get_gid() == "visits-weight-preterm")
    visits.set_visible(False)
    assert not alike(reduced(drawn), expected("preterm_girl_fenton_2025"))


@pytest.mark.requirement("REQ-CHART-08")
def test_a_missing_mark_is_seen() -> None:
    drawn = CHARTS["flagged_weight"]()
    lines = [line for ax in drawn.figure.axes for line in ax.lines]
    mark = next(ln for ln in lines if ln.get_gid() == "flagged-weight-preterm-oedema")
    mark.set_visible(False)
    assert not alike(reduced(drawn), expected("flagged_weight"))


@pytest.mark.requirement("REQ-CHART-08")
def test_another_hand_over_is_seen() -> None:
    policy = Policy(preterm_reference="fenton-2025", handover="48 week")
    drawn = chart.infant(COHORT, subject=GIRL_24_WEEKS, policy=policy, trial="NCT03558334")
    assert not alike(reduced(drawn), expected("preterm_girl_fenton_2025"))


def test_the_pictures_of_the_documentation_are_there() -> None:
    text = (DOCS / "charts.md").read_text(encoding="utf-8")
    for name in SHOWN:
        assert f"(images/{name}.png)" in text
        assert 10_000 < (DOCS / "images" / f"{name}.png").stat().st_size < 150_000


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_the_pictures_of_the_documentation_are_current(name: str) -> None:
    """Texts are in them, which every version of matplotlib draws in its own way: so from afar."""
    now = picture(SHOWN[name](), 110).convert("L").reduce(4)
    with Image.open(DOCS / "images" / f"{name}.png") as shown:
        rms, _ = differences(now, shown.convert("L").reduce(4))
    assert rms <= MOST_FROM_AFAR


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in CHARTS.items():
        reduced(draw()).save(FOLDER / f"{name}.png", optimize=True)
    (DOCS / "images").mkdir(exist_ok=True)
    for name, draw in SHOWN.items():
        shown = picture(draw(), 110).quantize(48, dither=Image.Dither.NONE)
        shown.save(DOCS / "images" / f"{name}.png", optimize=True)
