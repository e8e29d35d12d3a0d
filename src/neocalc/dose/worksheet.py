"""The printable sheet of one dose: one page with all that two people need.

What to do, of whom and of what, the working and the checks, and room for the second person's own
figures and for what was given. Two people calculate apart from each other; a second look at the
same sheet is not an independent check. So the sheet carries all that is needed to do it again.

References
----------
Institute for Safe Medication Practices. Independent double checks.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Final

from neocalc import html as pages
from neocalc._version import __version__
from neocalc.ages.moments import birth_date
from neocalc.ages.policy import DEFAULT, weeks_and_days
from neocalc.dose.answer import box, framed, not_checked
from neocalc.dose.inputs import DoseInputs, default_policy
from neocalc.dose.notation import COMPUTED, Figure, amount, spoken
from neocalc.dose.plan import Plan
from neocalc.dose.stops import PASSED, SOFT
from neocalc.dose.working import as_given, figures_as_given, steps
from neocalc.reading.dates import NOT_STATED, TERM
from neocalc.records import utc_time
from neocalc.references.catalogue import tables_digest
from neocalc.references.shipped import SHIPPED
from neocalc.text import visible

WIDTH: Final = 96
"""Characters in a line of the text."""
NOTICE: Final = (
    "neocalc calculates; it does not prescribe. Two people calculate separately; a second look at "
    "this sheet is not an independent check."
)
SIGNATURES: Final = ("Calculated by", "Checked independently by")
SECOND: Final = (
    "weight",
    "cells in each mL",
    "viability",
    "cells",
    "volume",
    "pump rate",
    "initials",
)
"""What the second person works out apart, and writes down before looking at the first's figures."""
GIVEN: Final = ("started at", "ended at", "volume given", "rate", "filter", "given by", "seen by")
"""What is written down of the infusion itself."""
WITH_WORDS: Final = (
    "arm dose", "eligibility", "age at the dose", "cohort gate", "age of weight",
    "weight for age and sex", "change from last weight", "second check", "filter",
    "number of doses", "planned course",
)  # fmt: skip
"""Checks that passed whose words are on the sheet."""
BLANK: Final = "________"
_HALF: Final = 46
"""Characters of an input that has room in half the width of the page."""


def rows(plan: Plan) -> list[tuple[str, str]]:
    """Infant, protocol, product and infusion as label and text.

    A figure stands as it was given too, where that was in another unit. What the sheet must say
    and nobody typed is a line to write on.
    """
    inputs = plan.inputs
    return [
        *_infant(inputs), *_protocol(plan), *_product(plan), *_infusion(plan), *_people(plan),
    ]  # fmt: skip


def _infant(inputs: DoseInputs) -> Iterator[tuple[str, str]]:
    yield "subject", inputs.subject or BLANK
    yield "second identifier", inputs.identifier or BLANK
    age = inputs.age
    born = None if age is None else birth_date(age, inputs.on)
    yield "date of birth", BLANK if born is None else str(born)
    if inputs.sex is not None:
        yield "sex", inputs.sex
    if age is not None:
        days, gestation = int(age.days[0]), int(age.gestation_days[0])
        text = f"{Figure(days, 'day')} chronological"
        if gestation == NOT_STATED:
            yield "age", text
        else:
            weeks, rest = divmod(gestation, 7)
            yield "age", f"{text}, {Figure(days + gestation - TERM, 'day')} corrected"
            yield "gestation at birth", f"{weeks} weeks {rest} days"
            yield "postmenstrual age", weeks_and_days(days + gestation)
    figures = figures_as_given(inputs)
    for name in ("weight", "weighed_on", "weight_source", "last_weight", "last_weighed_on"):
        if name in figures:
            yield name.replace("_", " "), _figure(inputs, name, figures[name])
        elif getattr(inputs, name) is not None:
            yield name.replace("_", " "), str(getattr(inputs, name))
    for policy, reference in inputs.policies:
        if (policy, reference) != (default_policy(), DEFAULT):
            yield "weight is checked by", policy.describe(reference)


def _figure(inputs: DoseInputs, name: str, figure: Figure) -> str:
    return f"{figure}{as_given(inputs.texts.get(name), figure)}"


def _protocol(plan: Plan) -> Iterator[tuple[str, str]]:
    inputs = plan.inputs
    yield "protocol", plan.arm.label if plan.arm is not None else "no trial named"
    if plan.arm is not None:
        ours = plan.arm.origin == SHIPPED
        yield "protocol file", "ships with neocalc" if ours else plan.arm.origin
        yield "protocol file, SHA-256", plan.arm.sha256
    if plan.request.site is not None:
        yield "defaults of the unit", plan.request.site.label
    counts = plan.limits.counts
    yield "dose", f"{Figure(inputs.dose, 'cell/kg')}, of {counts} cells"
    if inputs.given is not None:
        doses = [f"{dose.on}: {Figure(dose.dose, 'cell/kg')}" for dose in inputs.given]
        yield "doses given before", "; ".join(doses) or "none"
    if inputs.planned_doses is not None:
        yield "planned doses", str(inputs.planned_doses)
    if inputs.gate is not None:
        yield "gate", inputs.gate


def _product(plan: Plan) -> Iterator[tuple[str, str]]:
    inputs, stated = plan.inputs, None if plan.arm is None else plan.arm.conditions
    yield "product", (stated.product if stated is not None else "") or BLANK
    yield "lot", inputs.lot or BLANK
    yield "donor", inputs.donor or BLANK
    figures = figures_as_given(inputs)
    for name in (
        "concentration", "viable_concentration", "viability", "release_viability",
        "cells_per_vial", "viable_cells_per_vial", "recovery", "dmso",
    ):  # fmt: skip
        if name in figures:
            yield name.replace("_", " "), _figure(inputs, name, figures[name])
    for number, one in enumerate(inputs.vials or (), 1):
        kind = "viable cells" if one.viable else "cells"
        share = "" if one.viability is None else f", {Figure(one.viability, 'fraction')} viable"
        cells = amount(one.cells, "cell").replace("cells", kind)
        yield f"vial {number}", f"{cells}{share}, {amount(one.volume, 'mL')}"
    for name in ("thawed_on", "expires"):
        if getattr(inputs, name) is not None:
            yield name.replace("_", " "), str(getattr(inputs, name))
    limit = plan.limits["max_time_after_thaw"]
    usual = plan.limits["usual_time_after_thaw"]
    if limit is not None:
        yield "end after the thaw", f"within {spoken(limit)}, as the protocol states"
    elif inputs.thawed_on is not None and usual is not None:
        yield "end after the thaw", f"within {spoken(usual)}, as is usual"
    diluent = figures.get("diluent_volume")
    if diluent is not None:
        yield "diluent", str(diluent)
    if inputs.vehicle is not None or inputs.vehicle_volume is not None:
        volume = figures.get("vehicle_volume")
        said = f"{volume or ''} {inputs.vehicle or ''}".strip()
        yield "vehicle", said
    if "flush_volume" in figures:
        yield "flush", str(figures["flush_volume"])


def _infusion(plan: Plan) -> Iterator[tuple[str, str]]:
    inputs, amounts = plan.inputs, plan.amounts
    figures, stated = figures_as_given(inputs), None if plan.arm is None else plan.arm.conditions
    yield "route", (stated.route if stated is not None else "") or BLANK
    yield "date of the dose", BLANK if inputs.on is None else str(inputs.on)
    if inputs.enrolled_on is not None:
        yield "enrolled on", str(inputs.enrolled_on)
    for name in ("graduation", "syringe_capacity", "dead_volume", "duration", "rate", "pump_step"):
        if name in figures:
            yield name.replace("_", " "), _figure(inputs, name, figures[name])
    strength = amounts.strength
    if strength is not None:
        final = amounts.final_concentration or strength.concentration * strength.viable
        cells = str(Figure(final, "cell/mL", COMPUTED))
        yield "final concentration", cells.replace("cells", f"{plan.limits.counts} cells")
        total = amounts.total_volume_per_kg or amounts.volume_per_kg or 0.0
        yield "total mL for each kg", str(Figure(total, "mL/kg", 3))
    there = {None: BLANK, True: "yes", False: "no"}[inputs.line_filter]
    asked = plan.limits.line_filter
    yield "filter in the line", there if asked is None else f"{there} (protocol: {asked})"


def _people(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.inputs.prepared_by is not None:
        yield "prepared by", plan.inputs.prepared_by
    if plan.request.second is not None:
        yield "second check by", plan.request.second.person


def text(plan: Plan, *, at: dt.datetime | None = None) -> str:
    """The worksheet as plain text, for a printer or a file.

    Parameters
    ----------
    plan : Plan
        What `neocalc.dose.prepare` returned.
    at : datetime.datetime, optional
        The time of printing, with a time zone; by default now.

    Returns
    -------
    str
        Lines of at most `WIDTH` characters.
    """
    lines = ["DOSE WORKSHEET", *_wrapped(_head(at)), *_box_lines(plan)]
    lines += [line for said in _stops(plan) for line in _wrapped(said)]
    lines += ["INFANT, PROTOCOL, PRODUCT, INFUSION", *_columns(rows(plan))]
    lines += ["WORKING"]
    for step in steps(plan):
        lines += _wrapped(f"{step.label} = {step.formula} = {step.figures} = {step.result}")
    lines += ["CHECKS PASSED", *_wrapped(_passed(plan))]
    lines += _wrapped(not_checked(plan))
    for title, fields in _blanks():
        lines += ["", title, *_wrapped("   ".join(f"{name}: {BLANK}" for name in fields))]
    for who in SIGNATURES:
        lines += ["", f"{who + ':':<26}{'_' * 40}  Date, time: {'_' * 16}"]
    return visible("\n".join([*lines, "", *textwrap.wrap(NOTICE, WIDTH)])) + "\n"


def html(plan: Plan, *, at: dt.datetime | None = None) -> str:
    """The worksheet as one self-contained page, for A4 or Letter paper.

    Parameters
    ----------
    plan : Plan
        What `neocalc.dose.prepare` returned.
    at : datetime.datetime, optional
        The time of printing, with a time zone; by default now.

    Returns
    -------
    str
        HTML without scripts or anything loaded from elsewhere; every text in it is escaped.
    """
    found = rows(plan)
    short = _table([(name, pages.free(said)) for name, said in found if len(said) <= _HALF])
    long = [(name, pages.free(said)) for name, said in found if len(said) > _HALF]
    working = [(one.label, f"{one.formula} = {one.figures}", one.result) for one in steps(plan)]
    parts = [
        pages.title("Dose worksheet"), pages.paragraph(f"{_head(at)}. {NOTICE}"),
        _table([(word, pages.free(said)) for word, said in box(plan)], "box"),
        *(pages.paragraph(pages.bold(pages.free(said))) for said in _stops(plan)),
        pages.Safe(f"<div>{short}</div>\n"), *([_table(long)] if long else []),
        pages.heading("Working"), _table(working, "working"),
        pages.heading("Checks passed"), pages.paragraph(pages.free(_passed(plan)), "checks"),
        *([pages.paragraph(not_checked(plan), "checks")] if not_checked(plan) else []),
        *(_to_write_on(title, fields) for title, fields in _blanks()),
        *(
            pages.Safe(
                f"<p class=sign>{pages.text(who)}: <span class=line></span> "
                "Date, time: <span class='line short'></span></p>\n"
            )
            for who in SIGNATURES
        ),
    ]  # fmt: skip
    return pages.page("Dose worksheet", parts, _STYLE)


def _head(at: dt.datetime | None) -> str:
    return f"Printed {utc_time(at)} by neocalc {__version__}, tables {tables_digest()[:16]}"


def _stops(plan: Plan) -> list[str]:
    """The soft stops that were passed, by whom and why, and the limits that are looser."""
    found = [f"{one.outcome}, {one.name}: {one.message}" for one in plan.checks
             if one.outcome == SOFT]  # fmt: skip
    return [*found, *filter(None, (plan.passed, plan.loosened))]


def _passed(plan: Plan) -> str:
    """The checks that passed by their names, with what was found where the sheet says it nowhere.

    The limits of the others stand in the protocol, and their figures in the working.
    """
    said = [f"{one.name} ({one.message})" if one.name in WITH_WORDS else one.name
            for one in plan.checks if one.outcome == PASSED]  # fmt: skip
    return "; ".join(said)


def _blanks() -> tuple[tuple[str, Sequence[str]], ...]:
    return (
        ("Second person: your own figures, from scale and certificate", SECOND),
        ("Given", GIVEN),
    )


def _to_write_on(title: str, fields: Sequence[str]) -> pages.Safe:
    """A row of empty fields, each under its name."""
    empty = [pages.Safe("&nbsp;")] * len(fields)
    return pages.Safe(
        f"{pages.heading(title)}{pages.table((), [tuple(fields), tuple(empty)], kind='fields')}"
    )


def _box_lines(plan: Plan) -> list[str]:
    """The box, its lines broken where they are longer than the page."""
    lines = []
    for word, said in box(plan):
        for i, part in enumerate(textwrap.wrap(said, WIDTH - 14)):
            lines.append(("" if i else word, part))
    return framed(lines)


def _columns(pairs: list[tuple[str, str]]) -> Iterator[str]:
    """Two beside each other where both are short."""
    width = max(len(label) for label, _ in pairs)
    half = WIDTH // 2 - 2
    said = [f"  {label:<{width}} {text}" for label, text in pairs]
    short = [line for line in said if len(line) <= half]
    middle = (len(short) + 1) // 2
    for left, right in zip_longest(short[:middle], short[middle:], fillvalue=""):
        yield f"{left:<{half}}{right}".rstrip()
    for line in said:
        if len(line) > half:
            yield from textwrap.wrap(line, WIDTH, subsequent_indent=" " * (width + 3))


def _wrapped(said: str) -> list[str]:
    return textwrap.wrap(said, WIDTH, initial_indent="  ", subsequent_indent="      ")


def _table(cells: Sequence[tuple[str, ...]], kind: str = "list") -> pages.Safe:
    """The first column names the row and is never broken."""
    return pages.table((), cells, kind=kind)


_STYLE: Final = """
@page { margin: 6mm 8mm }
body { font: 10pt/1.02 "Liberation Sans Narrow", "Arial Narrow", Arial, sans-serif }
body { max-width: 194mm; margin: auto }
h1 { font-size: 13pt; margin: 0 }
h2 { font-size: 10pt; margin: 0.5mm 0 0 }
p { margin: 0.4mm 0 }
table { border-collapse: collapse; width: 100% }
td { border-bottom: 0.2mm solid #999; padding: 0 1.5mm 0 0; vertical-align: top }
td:first-child { white-space: nowrap; width: 1%; padding-right: 3mm }
.box { border: 0.6mm solid #000; margin: 1mm 0 }
.box td { font-size: 12pt; font-weight: bold; border: 0; padding: 0 2mm }
.working td:last-child { font-weight: bold; white-space: nowrap; text-align: right }
.fields td { border: 0.2mm solid #000; padding: 0 1mm; white-space: normal; width: 14% }
.fields tr:last-child td { height: 6mm }
div { columns: 2; column-gap: 6mm }
tr { break-inside: avoid }
.line { display: inline-block; min-width: 60mm; border-bottom: 0.3mm solid #000 }
.line { max-width: 100% }
.short { min-width: 35mm }
.sign { margin-top: 2mm }
"""
