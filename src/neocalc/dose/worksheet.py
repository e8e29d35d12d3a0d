"""The printable sheet of one dose: inputs, formulas with figures, checks, room for two signatures.

Two people calculate apart from each other; a second look at the same sheet is not an independent
check. So the sheet carries all that the second person needs to do it again.

References
----------
Institute for Safe Medication Practices. Independent double checks.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from neocalc import html as pages
from neocalc._version import __version__
from neocalc.age import NOT_STATED, TERM
from neocalc.dose.arithmetic import up_to_graduation
from neocalc.dose.inputs import MOMENTS, DoseInputs
from neocalc.dose.notation import COMPUTED, SPELLED, Figure, amount
from neocalc.dose.plan import Plan
from neocalc.dose.stops import SOFT, Check
from neocalc.errors import UnitError
from neocalc.plain import visible
from neocalc.records import utc_time
from neocalc.references import tables_digest
from neocalc.shipped import SHIPPED
from neocalc.units import split_quantity

WIDTH: Final = 96
"""Characters in a line of the text."""
NOTICE: Final = (
    "neocalc calculates; it does not prescribe. Two people calculate separately; a second look at "
    "this sheet is not an independent check."
)
SIGNATURES: Final = ("Calculated by", "Checked independently by")


_HALF: Final = 40
"""Characters of an input that has room in half the width of the page."""


class Step(NamedTuple):
    """One line of the working: what, by which formula, with which figures, and the result."""

    label: str
    formula: str
    figures: str
    result: str


def steps(plan: Plan) -> list[Step]:
    """The working of a dose, in order.

    Examples
    --------
    >>> from neocalc.dose import prepare
    >>> plan = prepare(weight="2.35 kg", dose="1 million cells/kg",
    ...                viable_concentration="2 million cells/mL")
    >>> for step in steps(plan)[:2]:
    ...     print(step.label, "=", step.figures, "=", step.result)
    cells = 1 million cells/kg x 2.35 kg = 2,350,000 cells
    volume = 2,350,000 cells / 2 million cells/mL = 1.175 mL
    """
    return list(_steps(plan))


def _steps(plan: Plan) -> Iterator[Step]:
    inputs, amounts, shown = plan.inputs, plan.amounts, _results(plan)
    given = {name: str(figure) for name, figure in _figures(inputs).items()}
    weight = given["weight"]
    yield Step("cells", "dose x weight", f"{given['dose']} x {weight}", shown["cells"])
    strength = ""
    if amounts.strength is not None:
        name = "concentration" if inputs.concentration is not None else "viable concentration"
        formula, strength = name, str(Figure(amounts.strength.concentration, "cell/mL"))
        if name == "concentration" and plan.limits.counts == "viable":
            formula = "(concentration x viability)"
            strength = f"({strength} x {given['viability']})"
        figures = f"{shown['cells']} / {strength}"
        yield Step("volume", f"cells / {formula}", figures, shown["volume"])
    administered, volume = "volume", shown.get("volume", "")
    if "syringe volume" in shown:
        administered = "syringe volume"
        rule, figures = "nearest line, half to even", f"lines of {given['graduation']}"
        yield Step("syringe volume", rule, figures, shown["syringe volume"])
        figures = f"{shown['syringe volume']} / {volume} - 1"
        yield Step(
            "rounding error", "syringe volume / volume - 1", figures, shown["rounding error"]
        )
        volume = shown["syringe volume"]
    if "draw-up volume" in shown:
        left = up_to_graduation(inputs.dead_volume or 0.0, inputs.graduation)
        figures = f"{volume} + {amount(left, 'mL')}"
        formula = f"{administered} + dead volume"
        yield Step("draw-up volume", formula, figures, shown["draw-up volume"])
    if "volume per kg" in shown:
        figures = f"{volume} / {weight}"
        yield Step("volume per kg", f"{administered} / weight", figures, shown["volume per kg"])
    if amounts.per_vial is not None:
        yield _vials(plan, given, shown)
    if inputs.duration is not None:
        figures = f"{volume} / {given['duration']}"
        yield Step("rate", f"{administered} / duration", figures, shown["rate"])
    if inputs.rate is not None:
        figures = f"{volume} / {given['rate']}"
        yield Step("duration", f"{administered} / rate", figures, shown["duration"])
    if "rate per kg" in shown:
        figures = f"{shown['rate']} / {weight}"
        yield Step("rate per kg", "rate / weight", figures, shown["rate per kg"])
    if "speed of cells" in shown:
        minutes = Figure((amounts.duration or 0.0) * 60, "min", COMPUTED)
        figures = f"{shown['delivered dose']} / {minutes}"
        formula = "delivered dose / minutes"
        yield Step("speed of cells", formula, figures, shown["speed of cells"])
    if amounts.strength is not None:
        figures = f"{volume} x {strength.strip('()')} / {weight}"
        yield Step(
            "delivered dose", f"in reverse, from the {administered}", figures,
            shown["delivered dose"],
        )  # fmt: skip


def _vials(plan: Plan, given: dict[str, str], shown: dict[str, str]) -> Step:
    per_vial = Figure(plan.amounts.per_vial or 0.0, "cell/vial", COMPUTED)
    formula = "cells drawn up / viable cells per vial"
    if plan.inputs.cells_per_vial is not None:
        formula = "cells drawn up / (cells per vial x recovery"
        formula += " x viability)" if plan.limits.counts == "viable" else ")"
    drawn = plan.amounts.draw_volume or plan.amounts.given_volume
    cells = shown["cells"]
    if drawn is not None and plan.amounts.strength is not None:
        concentration, viable = plan.amounts.strength
        most = max(plan.amounts.cells, drawn * concentration * viable)
        cells = str(Figure(most, "cell", 1))
    return Step("vials", f"{formula}, rounded up", f"{cells} / {per_vial}", shown["vials"])


def _results(plan: Plan) -> dict[str, str]:
    return {label: str(figure) for label, figure in plan.results.items()}


def rows(plan: Plan) -> list[tuple[str, str]]:
    """Every input as label and text: as it was given, and in the unit it was computed in."""
    inputs = plan.inputs
    found = [("protocol", plan.arm.label if plan.arm is not None else "no trial named")]
    if plan.arm is not None:
        ours = plan.arm.origin == SHIPPED
        found.append(("protocol file", "ships with neocalc" if ours else plan.arm.origin))
        found.append(("protocol file, SHA-256", plan.arm.sha256))
    found.append(("the dose counts", f"{plan.limits.counts} cells"))
    for name, figure in _figures(inputs).items():
        found.append(
            (name.replace("_", " "), f"{figure}{_as_given(inputs.texts.get(name), figure)}")
        )
    found += _infant(inputs)
    if inputs.prepared_by is not None:
        found.append(("prepared by", inputs.prepared_by))
    if inputs.given is not None:
        doses = [f"{dose.on}: {Figure(dose.dose, 'cell/kg')}" for dose in inputs.given]
        found.append(("doses given before", "; ".join(doses) or "none"))
    return found


def _figures(inputs: DoseInputs) -> dict[str, Figure]:
    """The inputs; minutes need not end as hours, and stand beside them as they were given."""
    found = inputs.figures
    hours = found.get("duration")
    if hours is not None and _as_given(inputs.texts.get("duration"), hours):
        found["duration"] = hours._replace(digits=COMPUTED)
    return found


def _as_given(typed: str | None, figure: Figure) -> str:
    """The figure in the unit it was typed in, where that is another; in safe notation too."""
    try:
        value, unit = split_quantity(typed or "", "", "kg")
    except UnitError:
        return ""
    if unit.name == figure.unit or unit.name not in SPELLED:
        return ""
    return f" (given: {amount(value, unit.name)})"


def _infant(inputs: DoseInputs) -> Iterator[tuple[str, str]]:
    for name in ("weight_source", *sorted(MOMENTS), "sex"):
        value = getattr(inputs, name)
        if value is not None:
            label = "date of the dose" if name == "on" else name.replace("_", " ")
            yield label, str(value)
    if inputs.line_filter is not None:
        yield "filter in the line", "yes" if inputs.line_filter else "no"
    if inputs.age is not None:
        days, gestation = int(inputs.age.days[0]), int(inputs.age.gestation_days[0])
        text = f"{Figure(days, 'day')} chronological"
        if gestation != NOT_STATED:
            weeks, rest = divmod(gestation, 7)
            corrected = Figure(days + gestation - TERM, "day")
            text += f", {corrected} corrected; born at {weeks} weeks {rest} days"
        yield "age", text
        for policy, reference in inputs.policies:
            yield "policy", policy.describe(reference)


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
    lines = ["DOSE WORKSHEET", *_wrapped(f"Subject: {plan.inputs.subject or '_' * 24}")]
    lines += _wrapped(_head(at))
    lines += ["", "INPUTS", *_aligned(rows(plan))]
    lines += ["", "WORKING"]
    for step in steps(plan):
        lines += _wrapped(f"{step.label} = {step.formula} = {step.figures} = {step.result}")
    lines += ["", "CHECKS"]
    for check in plan.checks:
        lines += _wrapped(str(check))
    lines += ["", *_wrapped(plan.passed), *_wrapped(plan.loosened)]
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
    blank = pages.Safe("&nbsp;" * 40)
    subject = pages.free(plan.inputs.subject) if plan.inputs.subject else blank
    short = _table([(name, pages.free(said)) for name, said in rows(plan) if len(said) <= _HALF])
    long = _table([(name, pages.free(said)) for name, said in rows(plan) if len(said) > _HALF])
    parts = [
        pages.title("Dose worksheet"),
        pages.Safe(
            f"<p><b>Subject:</b> <span class=line>{subject}</span><br>{pages.text(_head(at))}</p>"
        ),
        pages.heading("Inputs"),
        _halves(short), long,
        pages.heading("Working"), _table([tuple(step) for step in steps(plan)], "working"),
        pages.heading("Checks"), _halves(_table([_cells(check) for check in plan.checks])),
        *(
            pages.paragraph(pages.bold(pages.free(said)))
            for said in (plan.passed, plan.loosened)
            if said
        ),
        *(
            pages.Safe(
                f"<p class=sign>{pages.text(who)}: <span class=line></span> "
                "Date, time: <span class='line short'></span></p>\n"
            )
            for who in SIGNATURES
        ),
        pages.paragraph(NOTICE),
    ]  # fmt: skip
    return pages.page("Dose worksheet", parts, _STYLE)


def _halves(table: pages.Safe) -> pages.Safe:
    """A table whose rows go on in a second column: the sheet is one page."""
    return pages.Safe(f"<div>{table}</div>\n")


def _head(at: dt.datetime | None) -> str:
    return f"Printed {utc_time(at)} by neocalc {__version__}, tables {tables_digest()[:16]}"


def _cells(check: Check) -> tuple[str, ...]:
    return check.outcome, check.name, pages.free(check.message)


def _wrapped(said: str) -> list[str]:
    return textwrap.wrap(said, WIDTH, initial_indent="  ", subsequent_indent="      ")


def _aligned(pairs: list[tuple[str, str]]) -> Iterator[str]:
    width = max(len(label) for label, _ in pairs)
    for label, said in pairs:
        first = f"  {label:<{width}}  "
        yield from textwrap.wrap(
            said, WIDTH, initial_indent=first, subsequent_indent=" " * len(first)
        )


def _table(cells: Sequence[tuple[str, ...]], kind: str = "list") -> pages.Safe:
    """The first column names the row and is never broken; a soft stop that was passed is bold."""
    stops = [i for i, row in enumerate(cells) if row[0] == SOFT]
    return pages.table((), cells, kind=kind, marked=stops)


_STYLE: Final = """
@page { margin: 8mm }
body { font: 7pt/1.18 sans-serif; max-width: 194mm; margin: auto }
h1 { font-size: 12pt; margin: 0 }
h2 { font-size: 9pt; margin: 1.5mm 0 0.5mm }
p { margin: 1mm 0 }
table { border-collapse: collapse; width: 100% }
td { border-bottom: 0.2mm solid #999; padding: 0.1mm 1.5mm 0.1mm 0; vertical-align: top }
td:first-child { white-space: nowrap; width: 1%; padding-right: 2.5mm }
.working td:last-child, .marked td { font-weight: bold }
div { columns: 2; column-gap: 6mm }
tr { break-inside: avoid }
.line { display: inline-block; min-width: 60mm; border-bottom: 0.3mm solid #000 }
.line { max-width: 100% }
.short { min-width: 35mm }
.sign { margin-top: 4mm }
"""
