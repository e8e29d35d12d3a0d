"""The curves on the chart are those of `neocalc.curves`, read back from the SVG.

The grid lines carry their values in their ids: two of each axis tell where a path lies, in days
and in kg or cm, without any help of the program that drew it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from neocalc import Policy, curves
from neocalc.chart.style import Chart
from neocalc.reading.dates import MONTH
from test_chart_layout import COHORT, FENTON_2025, GIRL_24_WEEKS, TERM_BOY, groups, infant, vertices

CURVE = re.compile(
    r"curve-(weight|length|head_circumference)-(preterm|term)-([a-z0-9-]+)"
    r"-(postmenstrual|corrected|chronological)-(centiles|sd)(-?[0-9]+)"
)
TOLERANCE = 2e-6
"""Of the height of a panel: SVG coordinates have six decimals."""


class Curve(NamedTuple):
    """A curve of a chart: what it says it is, ages [day] and values [kg] or [cm]."""

    measure: str
    reference: str
    basis: str
    lines: str
    level: float
    x: np.ndarray
    y: np.ndarray
    height: float


def curves_of(drawn: Chart) -> list[Curve]:
    """Every curve of a growth chart."""
    found = groups(drawn)
    result = []
    for name, group in found.items():
        match = CURVE.fullmatch(name)
        if match is None:
            continue
        measure, column, reference, basis, lines, level = match.groups()
        panel = f"{measure}-{column}"
        days = 7.0 if column == "preterm" else MONTH
        x = scale(found, f"x-{panel}-", 0)
        y = scale(found, f"y-{panel}-", 1)
        points = np.array(vertices(group))
        values = y[0] + y[1] * points[:, 1]
        ticks = [float(n[len(f"y-{panel}-") :]) for n in found if n.startswith(f"y-{panel}-")]
        result.append(
            Curve(
                measure, reference, basis, lines, float(level),
                (x[0] + x[1] * points[:, 0]) * days, values, max(ticks) - min(ticks),
            )
        )  # fmt: skip
    return result


def scale(found: dict[str, ET.Element], start: str, axis: int) -> tuple[float, float]:
    """Offset and factor from SVG coordinates to the values in the ids of the grid lines."""
    lines = {
        float(name[len(start) :].replace("−", "-")): vertices(group)[0][axis]
        for name, group in found.items()
        if name.startswith(start)
    }
    low, high = min(lines), max(lines)
    factor = (high - low) / (lines[high] - lines[low])
    return low - factor * lines[low], factor


def check(curve: Curve, sex: str) -> None:
    """A curve of the chart against `neocalc.curves`."""
    level = [curve.level]
    expected = (
        curves(curve.measure, sex=sex, reference=curve.reference, centiles=level)
        if curve.lines == "centiles"
        else curves(curve.measure, sex=sex, reference=curve.reference, z=level)
    )
    days = np.rint(curve.x).astype(int)
    assert np.abs(curve.x - days).max() < 1e-3, "vertices are at whole days"
    row = expected.lines.magnitude[0]
    at = days - int(expected.x[0])
    assert np.abs(curve.y - row[at]).max() <= TOLERANCE * curve.height
    # Between vertices the curve is a straight line: nowhere off by what could be seen (0.1 mm).
    whole = np.arange(days[0], days[-1] + 1)
    off = np.abs(np.interp(whole, curve.x, curve.y) - row[whole - int(expected.x[0])])
    assert off.max() < 0.001 * curve.height


@pytest.mark.requirement("REQ-CHART-01")
@pytest.mark.parametrize(
    ("policy", "preterm"), [(Policy(), "fenton-2013"), (FENTON_2025, "fenton-2025")]
)
def test_a_preterm_girl(policy: Policy, preterm: str) -> None:
    found = curves_of(infant(GIRL_24_WEEKS, policy=policy, until=24))
    assert len(found) == 3 * 2 * 5
    for curve in found:
        check(curve, "female")
        first, last = round(curve.x[0]), round(curve.x[-1])
        if curve.reference == preterm:
            assert (curve.basis, first, last) == ("postmenstrual", 24 * 7 + 6, 350)
        else:
            assert (curve.reference, curve.basis, first) == ("who-2006", "corrected", 71)
            assert last == 730
    assert {curve.level for curve in found} == {3, 10, 50, 90, 97}


@pytest.mark.requirement("REQ-CHART-01")
def test_a_term_boy_on_sd_lines() -> None:
    found = curves_of(infant(TERM_BOY, lines="sd"))
    assert len(found) == 3 * 7
    for curve in found:
        check(curve, "male")
        assert (curve.reference, curve.basis, round(curve.x[0])) == ("who-2006", "chronological", 0)


@pytest.mark.requirement("REQ-CHART-01")
def test_one_reference_whatever_the_age() -> None:
    found = curves_of(infant(reference="who-2006"))
    assert {(c.reference, c.basis, round(c.x[0])) for c in found} == {("who-2006", "corrected", 0)}
    for curve in found:
        check(curve, "female")


@pytest.mark.requirement("REQ-CHART-02")
def test_an_early_hand_over_moves_the_joint() -> None:
    found = curves_of(infant(policy=Policy(handover="40 week")))
    assert {round(c.x[-1]) for c in found if c.basis == "postmenstrual"} == {280}
    assert {round(c.x[0]) for c in found if c.basis == "corrected"} == {1}


@pytest.mark.requirement("REQ-CHART-02")
def test_where_correction_ends_the_curves_step() -> None:
    found = curves_of(infant(policy=Policy(correct_until="12 month")))
    corrected = [c for c in found if c.basis == "corrected" and c.measure == "weight"]
    later = [c for c in found if c.basis == "chronological" and c.measure == "weight"]
    assert {round(c.x[-1]) for c in corrected} == {365}
    assert {round(c.x[0]) for c in later} == {366}  # on the axis of corrected age
    early = 280 - (24 * 7 + 6)
    row = curves("weight", sex="female", reference="who-2006", centiles=[50]).lines.magnitude[0]
    median = next(c for c in later if c.level == 50)
    assert median.y[0] == pytest.approx(row[366 + early], abs=1e-5)


@pytest.mark.requirement("REQ-CHART-01")
def test_the_points_are_the_visits() -> None:
    drawn = infant(policy=FENTON_2025)
    found = groups(drawn)
    rows = COHORT.filter(pl.col("subject_id") == GIRL_24_WEEKS)
    weights = rows["weight_g"].cast(pl.Float64, strict=False).drop_nulls().to_numpy() / 1000
    x, y = scale(found, "x-weight-preterm-", 0), scale(found, "y-weight-preterm-", 1)
    points = np.array(vertices(found["visits-weight-preterm"]))
    days = (x[0] + x[1] * points[:, 0]) * 7 - (24 * 7 + 6)
    here = days <= 350 - (24 * 7 + 6)  # what lies outside a panel is cut off there
    assert here.sum() == 11
    assert np.abs(days[here] - np.rint(days[here])).max() < 1e-3
    values = y[0] + y[1] * points[:, 1]
    assert np.allclose(values[here], weights[: here.sum()], atol=1e-5)


def test_another_curve_is_told_apart() -> None:
    """The comparison can fail: a day, a part of a line, a level, a child or a table differs."""
    found = curves_of(infant(GIRL_24_WEEKS))
    seen = [c for c in found if c.measure == "weight" and c.level == 10]
    assert [c.reference for c in seen] == ["fenton-2013", "who-2006"]
    for curve in seen:
        check(curve, "female")
        for other in (
            curve._replace(x=curve.x + 1),
            curve._replace(y=curve.y + 1e-5 * curve.height),
            curve._replace(y=curve.y * 1.001),
            curve._replace(level=3),
            curve._replace(reference="fenton-2025"),
            curve._replace(x=curve.x[::20], y=curve.y[::20]),
        ):
            with pytest.raises((AssertionError, IndexError)):
                check(other, "female")
        with pytest.raises(AssertionError):
            check(curve, "male")
