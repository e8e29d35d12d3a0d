"""Pages of HTML, for reports, the dose worksheet and the qualification of an installation.

A page forbids itself every request (its content security policy allows inline style and images
that are part of it, and no script), so that it can be opened and sent on without a second thought.
Every text is escaped here; one from the data is isolated too (`<bdi>`), so that its direction of
writing changes nothing around it, and a character that nobody sees stands as its code point.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from neocalc.text import visible

if TYPE_CHECKING:
    from neocalc.chart.style import Chart

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The content security policy of a page."""
LONGEST: Final = 24
"""Letters of a word of the data that is never broken; only a longer one is."""
BREAKS: Final = ".long { overflow-wrap: anywhere; }\n"
"""Of all pages: where a word of the data may be broken."""


class Safe(str):
    """A text that is HTML already: what a function of this module returned."""

    __slots__ = ()


def text(value: object) -> Safe:
    """A text as it may stand anywhere in a page.

    >>> text('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    if isinstance(value, Safe):
        return value
    return Safe(html.escape(visible(str(value)), quote=True))


def free(value: object) -> Safe:
    """A text from the data or typed by a user: an id, a name, a value that is not a number.

    >>> free("001-0001")
    '<bdi>001-0001</bdi>'
    """
    found = str(value)
    kind = ' class="long"' if any(len(word) > LONGEST for word in found.split()) else ""
    return Safe(f"<bdi{kind}>{text(found)}</bdi>")


def bold(value: object) -> Safe:
    """A text that stands out."""
    return Safe(f"<b>{text(value)}</b>")


def joined(parts: Iterable[object], between: str = "") -> Safe:
    """Texts one after the other."""
    return Safe(text(between).join(map(text, parts)))


def paragraph(value: object, kind: str = "") -> Safe:
    """A paragraph, of a class of the page's style."""
    return Safe(f"<p{_class(kind)}>{text(value)}</p>\n")


def title(value: object) -> Safe:
    """The heading of a page."""
    return Safe(f"<h1>{text(value)}</h1>\n")


def heading(value: object) -> Safe:
    """The heading of a section."""
    return Safe(f"<h2>{text(value)}</h2>\n")


def preformatted(value: object) -> Safe:
    """A text that keeps its lines."""
    return Safe(f"<pre>{text(value)}</pre>\n")


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def table(
    header: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Iterable[int] = (),
    kind: str = "",
    marked: Collection[int] = (),
) -> Safe:
    """A table.

    Parameters
    ----------
    header : sequence
        The names of the columns; none without any.
    rows : iterable of sequences
        The cells.
    numbers : iterable of int
        The columns that are aligned to the right.
    kind : str
        A class of the page's style.
    marked : collection of int
        The rows that have the class "marked".
    """
    right = set(numbers)

    def cells(row: Sequence[object], tag: str) -> str:
        return "".join(
            f"<{tag}{_class('n' if i in right else '')}>{text(cell)}</{tag}>"
            for i, cell in enumerate(row)
        )

    head = f"<thead><tr>{cells(header, 'th')}</tr></thead>\n" if header else ""
    body = "".join(
        f"<tr{_class('marked' if i in marked else '')}>{cells(row, 'td')}</tr>\n"
        for i, row in enumerate(rows)
    )
    return Safe(f"<table{_class(kind)}>\n{head}<tbody>{body}</tbody>\n</table>\n")


def wide(part: Safe) -> Safe:
    """A part that is moved sideways where the window is narrower than it."""
    return Safe(f'<div class="wide">{part}</div>\n')


_IDS: Final = re.compile(r'(\bid="|url\(#|href="#)')
_PARTS: Final = re.compile(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", re.DOTALL)


def figure(chart: Chart, name: str) -> Safe:
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
    return Safe(f"<figure>{label}{svg.removeprefix('<svg').rstrip()}</figure>\n")


def page(title: str, parts: Iterable[Safe], style: str) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Of the window.
    parts : iterable of Safe
        What it holds.
    style : str
        Its style sheet.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{style}{BREAKS}</style>\n</head>\n<body>\n"
        f"{''.join(parts)}</body>\n</html>\n"
    )
