"""The style of a report: on a screen, and on A4 with each chart on a page of its own."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, "DejaVu Sans", Arial, sans-serif; color: #000;
  background: #fff; margin: 0 auto; padding: 1.5rem; max-width: 60rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: break-word; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #000; }
p { margin: .4rem 0; overflow-wrap: break-word; }
figure { margin: 1.5rem 0; border: 1px solid #bbb; }
figure svg { display: block; width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #ccc; padding: .18rem .45rem; text-align: left;
  vertical-align: top; }
th { border-bottom: 2px solid #000; vertical-align: bottom; }
td.n, th.n { text-align: right; }
td.n { white-space: nowrap; }
.dense { font-size: .74rem; }
.dense th, .dense td { padding: .18rem .22rem; }
.dense td:first-child, .dense td:nth-child(2) { white-space: nowrap; }
.dense th:last-child, .dense td:last-child { padding-left: .6rem; }
td .long { display: inline-block; max-width: 10rem; white-space: normal; }
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
  th, td { padding: .3mm .8mm; }
  .dense th, .dense td { padding: .3mm .55mm; }
  .dense th:last-child, .dense td:last-child { padding-left: 1.4mm; }
  td .long { max-width: 26mm; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
"""
"""No word of a heading or a cell is broken; only one of the data that is longer than any word."""
