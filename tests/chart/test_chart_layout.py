"""What all charts share: paper, labels that do not overlap, files, and what is said without
matplotlib. The other tests of charts use its functions."""

from __future__ import annotations

import gc
import hashlib
import itertools
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from neocalc import ExtraMissing, FileError, Policy, chart
from neocalc.chart.layout import levels, round_step, spread, text_spans
from neocalc.chart.style import A4, FORMATS, INCH, Chart, Key, Page, drawable, style

gc.freeze()  # what has been imported stays: it need not be looked at again with each chart
ROOT = Path(__file__).resolve().parents[2]
COHORT = pl.read_csv(ROOT / "examples" / "cohort.csv", infer_schema=False)
GIRL_24_WEEKS, TERM_BOY = "001-0037", "001-0016"
FENTON_2025 = Policy(preterm_reference="fenton-2025")
PRINTABLE = 5.0
"""Most printers leave a margin of this width white [mm]."""
SVG = "{http://www.w3.org/2000/svg}"


@lru_cache(maxsize=32)
def infant(subject: str = GIRL_24_WEEKS, **more: Any) -> Chart:
    """The growth chart of an infant of the example cohort; drawn once."""
    return chart.infant(COHORT, subject=subject, **more)


@lru_cache(maxsize=32)
def velocity(subject: str, **more: Any) -> Chart:
    """The velocity chart of an infant of the example cohort; drawn once."""
    return chart.velocity(COHORT, subject=subject, **more)


@lru_cache(maxsize=32)
def cohort(kind: str = "z") -> Chart:
    """A chart of the example cohort; drawn once."""
    return chart.cohort(COHORT, kind=kind)


def overlaps(drawn: Chart) -> list[tuple[str, ...]]:
    """Texts of a chart that lie over each other or where a printer does not print."""
    with style():
        canvas: Any = FigureCanvasAgg(drawn.figure)
        drawn.figure.draw_without_rendering()
        renderer = canvas.get_renderer()
        boxes = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in drawn.figure.findobj(Text)
            if isinstance(text, Text) and text.get_visible() and text.get_text().strip()
        ]
    inner = drawn.figure.bbox.padded(-PRINTABLE / INCH * drawn.figure.dpi)
    found: list[tuple[str, ...]] = []
    for text, box in boxes:
        beyond = not (inner.contains(box.x0, box.y0) and inner.contains(box.x1, box.y1))
        if box.width > 0 and beyond:
            found.append((text,))
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        if wide > 1 and high > 1:  # a pixel at 100 dots per inch: 0.25 mm
            found.append((one, other))
    return found


@lru_cache(maxsize=32)
def content(drawn: Chart, form: str = "svg") -> bytes:
    """A chart as a file; written once."""
    return drawn.to_bytes(form)


def gids(drawn: Chart) -> set[str]:
    """What is on a chart, by the ids that the SVG will have."""
    return {artist.get_gid() or "" for artist in drawn.figure.findobj()}


@lru_cache(maxsize=32)
def groups(drawn: Chart) -> dict[str, ET.Element]:
    """The groups of the SVG by id."""
    tree = ET.fromstring(content(drawn))
    return {group.get("id", ""): group for group in tree.iter(f"{SVG}g")}


def vertices(group: ET.Element) -> list[tuple[float, float]]:
    """The vertices of the path in a group."""
    path = group.find(f"{SVG}path")
    assert path is not None
    words = path.get("d", "").split()
    assert set(words[0::3]) <= {"M", "L"}, "a path of straight lines"
    return [(float(x), float(y)) for x, y in zip(words[1::3], words[2::3], strict=True)]


@pytest.mark.requirement("REQ-CHART-04")
def test_a_label_over_another_is_found() -> None:
    with style():
        page = Page()
        page.text(50, 50, "one")
        page.text(52, 50, "other")
        page.text(208, 100, "beyond the edge")
    found = overlaps(Chart(page.figure, "", ""))
    assert found == [("beyond the edge",), ("one", "other")]


def test_the_page_is_a4() -> None:
    width, height = infant().figure.get_size_inches() * INCH
    assert (round(width, 6), round(height, 6)) == A4


@pytest.mark.requirement("REQ-CHART-04")
def test_labels_are_moved_apart_as_little_as_needed() -> None:
    assert spread([], 1) == []
    assert spread([1.0, 5.0], 1) == [1.0, 5.0]
    moved = spread([0.0, 0.1, 0.2, 0.3, 5.0, 5.1], 1)
    assert all(b - a >= 1 - 1e-9 for a, b in itertools.pairwise(moved))
    assert sum(moved[:4]) / 4 == pytest.approx(0.15)


def test_spans_stay_within_the_axis_and_take_levels() -> None:
    spans = text_spans([0.0, 100.0], ["at the start", "at the end"], 0.0, 100.0, 1.0)
    assert spans[0][0] == 0
    assert spans[1][1] == pytest.approx(100)
    assert levels([(0, 5), (1, 6), (2, 7), (6, 9)], 0.5) == [0, 1, 2, 0]


def test_steps_are_round() -> None:
    assert [round_step(0, high, 8) for high in (0.5, 3, 16, 95, 40_000)] == [
        0.1, 0.5, 2.0, 20.0, 5000.0,
    ]  # fmt: skip
    assert round_step(0, 100_000, 8) == 100_000


def test_a_text_that_cannot_be_drawn_is_made_drawable() -> None:
    assert drawable("a\tb\nc\x00\x1b") == "a b c[U+0000][U+001B]"
    assert drawable("a" * 500 + "1") == "a" * 24 + "…" + "a" * 22 + "1"
    assert drawable("$\\frac{1}{2}$") == "$\\frac{1}{2}$"


def test_a_heading_is_made_to_fit() -> None:
    with style():
        page = Page()
        for i, text in enumerate(
            ("short", "w" * 30, "W" * 300, "X" * 33, "重庆医科大学附属儿童医院")
        ):
            page.heading(20, 20 + 20 * i, text, 13, 60)
        drawn = Chart(page.figure, "", "")
        assert overlaps(drawn) == []
        texts = [t for t in page.figure.findobj(Text) if isinstance(t, Text)]
        sizes = [float(text.get_fontsize()) for text in texts]
    assert sizes[0] == 13
    assert all(size >= 7 for size in sizes)
    assert "W…W" in texts[2].get_text()


def test_an_empty_key_takes_no_room() -> None:
    with style():
        assert Key().draw(Page(), 10, 20) == 20


def digests() -> list[str]:
    """Of one chart in each format."""
    drawn = infant(TERM_BOY)
    return [hashlib.sha256(content(drawn, form)).hexdigest() for form in FORMATS]


@pytest.mark.requirement("REQ-CHART-03")
def test_the_same_input_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import sys; sys.path[:0] = ['tests', 'tests/chart']\n"
        "from test_chart_layout import digests\n"
        "print(*digests())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Shanghai", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.split() == digests()


def test_a_users_settings_of_matplotlib_change_nothing_and_are_kept() -> None:
    import matplotlib as mpl

    before = content(infant(TERM_BOY))
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "none"}):
        assert chart.infant(COHORT, subject=TERM_BOY).to_bytes("svg") == before
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.requirement("REQ-CHART-03")
def test_metadata_has_no_time_and_names_what_is_shown() -> None:
    drawn = infant(TERM_BOY)
    svg, pdf, png = (content(drawn, form) for form in FORMATS)
    assert b"<dc:date>" not in svg
    assert b"/CreationDate" not in pdf
    assert b"Growth chart: 001-0016" in svg
    assert b"Growth chart: 001-0016" in png
    assert b"WHO Child Growth Standards" in svg


@pytest.mark.requirement("REQ-CHART-05")
def test_another_ending_is_refused(tmp_path: Path) -> None:
    drawn = infant(TERM_BOY)
    with pytest.raises(FileError, match=r"a chart is written as \.svg, \.pdf or \.png"):
        drawn.save(tmp_path / "chart.jpg")
    with pytest.raises(FileError, match="format 'jpg'"):
        drawn.to_bytes("jpg")


@pytest.mark.requirement("REQ-CHART-05")
def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    path = tmp_path / "chart.SVG"
    drawn = infant(TERM_BOY)
    drawn.save(path)
    with pytest.raises(FileError, match="exists already"):
        drawn.save(path)
    drawn.save(path, force=True)
    assert path.read_bytes() == content(drawn)
    assert [p.name for p in tmp_path.iterdir()] == ["chart.SVG"]


def test_notebooks_show_it() -> None:
    drawn = infant(TERM_BOY)
    assert drawn._repr_svg_().encode() == content(drawn)
    assert repr(drawn) == "<Chart 'Growth chart: 001-0016 · Boy, born at 39w5d'>"


@pytest.mark.requirement("REQ-PKG-02")
def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraMissing, match=r'the extra "chart": pip install "neocalc\[chart\]"'):
        chart.infant(COHORT, subject=TERM_BOY)


def test_matplotlib_is_imported_only_to_draw() -> None:
    code = (
        "import sys, neocalc.chart, neocalc.report, neocalc.cli.chart, neocalc.cli.report\n"
        "import neocalc.chart.infants, neocalc.chart.velocities, neocalc.chart.waterfall\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


HOSTILE = "</title>--><script>alert(1)</script>&\"' $x^2$ ]]>"


@pytest.mark.requirement("REQ-CHART-04")
def test_a_hostile_subject_stays_text() -> None:
    visits = COHORT.filter(pl.col("subject_id") == TERM_BOY)
    visits = visits.with_columns(subject_id=pl.lit(HOSTILE))
    drawn = chart.infant(visits)
    assert overlaps(drawn) == []
    assert overlaps(chart.velocity(visits)) == []
    tree = ET.fromstring(drawn.to_bytes("svg"))
    assert not [e for e in tree.iter() if e.tag.lower().endswith("script")]
    title = tree.find(".//{http://purl.org/dc/elements/1.1/}title")
    assert title is not None
    assert title.text is not None
    assert "<script>" in title.text
