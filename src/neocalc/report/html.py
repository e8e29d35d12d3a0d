"""The parts of a report as HTML: every text is escaped here, and nothing is loaded from anywhere.

The page forbids itself every request (its content security policy allows inline style and images
that are part of it, and no script), so that it can be opened and sent on without a second thought.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from neocalc.chart.style import Chart

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The content security policy of the page."""
STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, "DejaVu Sans", Arial, sans-serif; color: #000;
  background: #fff; margin: 0 auto; padding: 1.5rem; max-width: 60rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #000; }
p { margin: .4rem 0; }
figure { margin: 1.5rem 0; border: 1px solid #bbb; }
figure svg { display: block; width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .2rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .18rem .45rem; text-align: left;
  vertical-align: top; overflow-wrap: break-word; max-width: 14rem; }
th { border-bottom: 2px solid #000; vertical-align: bottom; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
td:first-child { white-space: nowrap; }
.dense { font-size: .74rem; }
.dense th, .dense td { padding: .18rem .22rem; max-width: 6.6rem; }
td.n, .dense td.n { max-width: none; }
.dense th:last-child, .dense td:last-child { padding-left: .6rem; }
td b { color: #a33f00; }
pre { font-size: .75rem; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid #bbb; padding: .6rem; }
.small { font-size: .82rem; }
@media print {
  @page { size: A4; margin: 14mm; }
  @page chart { size: A4; margin: 0; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  figure { page: chart; margin: 0; border: 0; break-before: page; break-after: page; }
  figure svg { width: 210mm; height: 296mm; }
  h2 { break-after: avoid; }
  pre { font-size: 7pt; columns: 2; }
  table { font-size: 8pt; }
  table.dense { font-size: 7pt; }
  th, td { padding: .3mm .8mm; max-width: 40mm; }
  .dense th, .dense td { max-width: 26mm; padding: .3mm .55mm; }
  td.n, .dense td.n { max-width: none; }
  .dense th:last-child, .dense td:last-child { padding-left: 1.4mm; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
"""


def text(value: object) -> str:
    """A text as it may stand anywhere in the page.

    >>> text('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    return html.escape(str(value), quote=True)


def paragraph(value: object, *, small: bool = False) -> str:
    """A paragraph of plain text."""
    start = '<p class="small">' if small else "<p>"
    return f"{start}{text(value)}</p>\n"


def heading(value: object) -> str:
    """The heading of a section."""
    return f"<h2>{text(value)}</h2>\n"


def preformatted(value: object) -> str:
    """A text that keeps its lines."""
    return f"<pre>{text(value)}</pre>\n"


_LONG: Final = re.compile("post(?=menstrual)|circum(?=ference)")
"""Where a long word may break, as a name may after each "_": so a table fits on the paper."""


class Bold(str):
    """A cell that stands out."""

    __slots__ = ()


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Iterable[int] = (),
    dense: bool = False,
) -> str:
    """A table of plain texts; the columns in `numbers` are aligned to the right.

    A dense one has so many columns that it is printed in the smallest type.
    """
    right = set(numbers)

    def cells(row: Sequence[str], tag: str) -> str:
        parts = []
        for i, cell in enumerate(row):
            shown = text(cell)
            if tag == "th" or isinstance(cell, Bold):
                shown = _LONG.sub(r"\g<0>&shy;", shown.replace("_", "_<wbr>"))
                shown = shown if tag == "th" else f"<b>{shown}</b>"
            start = f'<{tag} class="n">' if i in right else f"<{tag}>"
            parts.append(f"{start}{shown}</{tag}>")
        return f"<tr>{''.join(parts)}</tr>\n"

    body = "".join(cells(row, "td") for row in rows)
    head = cells(header, "th")
    start = '<table class="dense">' if dense else "<table>"
    return (
        f'<div class="wide">{start}\n<thead>{head}</thead>\n<tbody>{body}</tbody>\n</table></div>\n'
    )


_IDS: Final = re.compile(r'(\bid="|url\(#|href="#)')
_PARTS: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", re.DOTALL)


def figure(chart: Chart, name: str) -> str:
    """A chart inline, with ids of its own: those of two charts on one page must differ.

    Parameters
    ----------
    chart : Chart
        The picture.
    name : str
        A word in front of its ids: letters.
    """
    svg = chart.to_bytes("svg").decode()
    svg = _PARTS.sub("", svg[svg.index("<svg") :])
    svg = _IDS.sub(rf"\g<1>{name}-", svg)
    label = f'<svg role="img" aria-label="{text(chart.title)}"'
    return f"<figure>{label}{svg.removeprefix('<svg').rstrip()}</figure>\n"


def page(title: str, parts: Iterable[str]) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{''.join(parts)}</body>\n</html>\n"
    )
