"""What all charts share: paper, type, colours, and a file that is the same bytes each time.

Nothing is told by colour alone: lines differ in weight and dashes and marks in shape, so that a
chart reads the same in black and white. The colours are those of Okabe and Ito, which readers
with any of the common colour vision deficiencies tell apart.

References
----------
Okabe M, Ito K. Color Universal Design (CUD): how to make figures and presentations that are
friendly to colorblind people. 2008. https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

import contextlib
import io
import logging
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from neocalc.chart.layout import shortened
from neocalc.errors import ExtraMissing, FileError
from neocalc.text import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

A4: Final = (210.0, 297.0)
"""Width and height of the page, upright [mm]."""
INCH: Final = 25.4
POINT: Final = INCH / 72
FORMATS: Final = ("svg", "pdf", "png")
DPI: Final = 200
"""Of PNG files, and of what is drawn as an image inside SVG and PDF [dots per inch]."""

INK: Final = "#000000"
LINE: Final = "#6a6a6a"
FAINT: Final = "#dddddd"
BAND: Final = "#f1f1f1"
DATA: Final = "#00466f"
BLUE: Final = "#0072b2"
VERMILION: Final = "#d55e00"
GREEN: Final = "#009e73"

TITLE: Final = 13.0
HEADING: Final = 10.0
TEXT: Final = 8.0
SMALL: Final = 7.0
"""Sizes of type [point]: the smallest is legible on paper at arm's length."""
ROW: Final = 1.32 * SMALL * POINT
"""From row to row of small type [mm]."""

_RC: dict[str, Any] = {
    "font.size": TEXT,
    "axes.linewidth": 0.7,
    "axes.edgecolor": INK,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "text.parse_math": False,  # a text from the data is not a formula
    "path.simplify": False,  # every vertex of a curve is in the file
    "svg.hashsalt": "neocalc",
    "svg.fonttype": "path",  # looks the same wherever it is opened
    "pdf.fonttype": 42,
    "hatch.linewidth": 0.5,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
}
_OTHER_SCRIPTS: Final = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Arial Unicode MS",
)  # fmt: skip
"""Fonts for scripts that matplotlib's own has no glyphs for, where one is installed."""
_LONGEST: Final = 48
"""Characters of a text from the data that are drawn: a longer one is cut."""


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Draw or save in the style of all charts.

    Raises
    ------
    ExtraMissing
        Without matplotlib.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ExtraMissing("chart", "drawing a chart") from error
    with mpl.rc_context(), _without_remarks():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)  # type: ignore[arg-type]  # a closed list
        mpl.rcParams["font.family"] = ["DejaVu Sans", *_installed()]
        yield


@contextlib.contextmanager
def _without_remarks() -> Iterator[None]:
    """Without what matplotlib says of fonts: another weight of a font is no news to a reader."""
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


@cache
def _installed() -> tuple[str, ...]:
    """The fonts for other scripts that are there."""
    from matplotlib import font_manager

    names = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(name for name in _OTHER_SCRIPTS if name in names)


@cache
def _glyphs() -> frozenset[int]:
    """The characters that can be drawn."""
    from matplotlib import font_manager

    found: set[int] = set()
    for name in ("DejaVu Sans", *_installed()):
        found.update(font_manager.get_font(font_manager.findfont(name)).get_charmap())
    return frozenset(found)


def drawable(text: object) -> str:
    """A text from the data as it can be drawn: one line, not too long, in glyphs that exist.

    Examples
    --------
    >>> drawable("  001  0001 ")
    '001 0001'
    """
    return with_glyphs(shortened(visible(" ".join(str(text).split())), _LONGEST))


def with_glyphs(text: str) -> str:
    """A text with a question mark for each character that no font has."""
    return "".join(one if ord(one) in _glyphs() or one == "\n" else "?" for one in text)


def text_width(text: str, size: float) -> float:
    """The width of a bold text [mm]: of its outlines, which no screen has rounded to pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(weight="bold", size=size)
    width: float = text_to_path.get_text_width_height_descent(text, font, False)[0]
    return max(width * POINT, 0.1)


class Chart:
    """A picture, to be saved or shown.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        To draw more on.
    title, description : str
        What it shows, in one line and in some sentences: a reader that cannot see it hears them.
    """

    def __init__(self, figure: Figure, title: str, description: str) -> None:
        self.figure = figure
        self.title = title
        self.description = description

    def __repr__(self) -> str:
        return f"<Chart {self.title!r}>"

    def _repr_svg_(self) -> str:
        """How notebooks show it."""
        return self.to_bytes("svg").decode()

    def to_bytes(self, form: str = "svg") -> bytes:
        """The picture as a file's content, the same bytes each time.

        Parameters
        ----------
        form : str
            "svg", "pdf" or "png".
        """
        from neocalc._version import __version__

        if form not in FORMATS:
            raise FileError(f"format {form!r}; accepted: {', '.join(FORMATS)}")
        program = f"neocalc {__version__}"
        about: dict[str, Any] = {
            "svg": {
                "Title": self.title,
                "Description": self.description,
                "Creator": program,
                "Date": None,
            },
            "pdf": {
                "Title": self.title,
                "Subject": self.description,
                "Creator": program,
                "CreationDate": None,
            },
            "png": {"Title": self.title, "Description": self.description, "Software": program},
        }
        content = io.BytesIO()
        with style():
            self.figure.savefig(content, format=form, metadata=about[form])
        return content.getvalue()

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the picture; the file appears only when it is complete.

        Parameters
        ----------
        path : str or pathlib.Path
            A file that ends with .svg, .pdf or .png.
        force : bool, default False
            Whether an existing file is replaced.

        Raises
        ------
        FileError
            When the ending is another one, or the file exists or cannot be written.
        """
        from neocalc.files.outputs import output

        form = format_of(path)
        with output(str(path), force=force) as part:
            part.write_bytes(self.to_bytes(form))


def format_of(path: str | Path) -> str:
    """The format that the name of a file asks for."""
    form = Path(path).suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise FileError(f"{path}: a chart is written as .svg, .pdf or .png")
    return form


class Page:
    """A sheet on which things are placed in millimetres from the top left corner."""

    def __init__(self, width: float = A4[0], height: float = A4[1]) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width / INCH, height / INCH))

    def axes(self, left: float, top: float, width: float, height: float, **more: Any) -> Axes:
        """Axes with their frame at this place."""
        bottom = self.height - top - height
        place = (
            left / self.width, bottom / self.height, width / self.width, height / self.height
        )  # fmt: skip
        return self.figure.add_axes(place, **more)

    def text(self, left: float, top: float, text: str, size: float = TEXT, **more: Any) -> None:
        """A text whose top left corner is at this place, unless aligned otherwise."""
        place = {"va": "top", "ha": "left"} | more
        place_on = left / self.width, 1 - top / self.height
        self.figure.text(*place_on, with_glyphs(text), fontsize=size, **place)

    def heading(self, left: float, top: float, text: str, size: float, width: float) -> None:
        """A bold text that is made smaller, and at last shorter, to fit into a width [mm]."""
        width *= 0.98  # in a PNG each letter is as wide as whole pixels
        text = with_glyphs(text)
        whole, most = text, len(text)
        while text_width(text, SMALL) > width and most > 1:
            most -= 1
            text = shortened(whole, most)
        size = min(size, SMALL * width / text_width(text, SMALL))
        self.text(left, top, text, size, weight="bold")

    def paragraph(self, left: float, top: float, rows: Sequence[str]) -> None:
        """Small type, one row below the other."""
        for i, row in enumerate(rows):
            self.text(left, top + i * ROW, row, SMALL)


def wrapped(lines: Iterable[str], width: float) -> list[str]:
    """Lines of small type, broken into rows of a width [mm]."""
    characters = int(width / (0.56 * SMALL * POINT))
    return [row for line in lines for row in textwrap.wrap(line, characters)]


class Key:
    """The legend of a page: the marks that are on it, and no others."""

    def __init__(self, columns: int = 3) -> None:
        self.columns = columns
        self.entries: dict[str, dict[str, Any]] = {}

    def add(self, words: str, **look: Any) -> None:
        """A mark that is on the page, with what it means."""
        self.entries.setdefault(words, look)

    def draw(self, page: Page, left: float, top: float) -> float:
        """Draw it; the place below it is returned [mm]."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        if not self.entries:
            return top
        page.figure.legend(
            handles=[
                Patch(label=words, **look) if "facecolor" in look
                else Line2D([], [], label=words, **look)
                for words, look in self.entries.items()
            ],
            loc="upper left", bbox_to_anchor=(left / page.width, 1 - top / page.height),
            ncols=self.columns, frameon=False, fontsize=SMALL, handlelength=2.4,
            columnspacing=1.8, borderaxespad=0, borderpad=0, labelspacing=0.4,
        )  # fmt: skip
        return top + self.height

    @property
    def height(self) -> float:
        """Of what has been added [mm]."""
        return -(-len(self.entries) // self.columns) * ROW * 1.06


def corner(ax: Axes, text: str, *, width: float | None = None, **more: Any) -> None:
    """A text in the top left corner of a panel, on white, clear of marks on the upper edge.

    A long one is broken into rows of a width [mm].
    """
    if width is not None:
        text = "\n".join(textwrap.wrap(text, max(int(width / (0.68 * TEXT * POINT)), 8)))
    ax.annotate(
        text, (0.015, 1), xycoords="axes fraction", xytext=(0, -6), textcoords="offset points",
        va="top", fontsize=TEXT, weight="bold", zorder=6.5,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0}, **more,
    )  # fmt: skip
