"""The velocity chart: increments on the WHO's bands, and nothing where there is no reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.lines import Line2D
from matplotlib.text import Text

from neocalc import Age, Q, chart, report, velocity
from neocalc.chart.increments import BANDS, chain_of
from neocalc.chart.style import Chart
from neocalc.chart.visits import Infant, infant_of, scored_table
from test_chart_layout import (
    COHORT,
    FENTON_2025,
    GIRL_24_WEEKS,
    TERM_BOY,
    gids,
    groups,
    overlaps,
    vertices,
)
from test_chart_layout import velocity as drawn_for


def visits_of(subject: str) -> Infant:
    """An infant of the example cohort."""
    table, scoring = scored_table(COHORT, extra=("administered_on",))
    return infant_of(table, scoring, subject=subject)


def said(drawn: Chart) -> str:
    """Every text of a chart."""
    texts = (t.get_text() for t in drawn.figure.findobj(Text) if isinstance(t, Text))
    return " ".join(" ".join(texts).split())


def text_of(artist: Any) -> str:
    """What a text says."""
    return str(artist.get_text())


def headings(drawn: Chart) -> list[str]:
    """The texts in bold type that can be read from afar."""
    found = (t for t in drawn.figure.findobj(Text) if isinstance(t, Text))
    bold = [t for t in found if t.get_fontweight() == "bold" and float(t.get_fontsize()) >= 10]
    return [t.get_text() for t in bold]


def key_of(drawn: Chart) -> list[str]:
    """The words of the key."""
    (legend,) = drawn.figure.legends
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.requirement("REQ-CHART-04")
@pytest.mark.parametrize("subject", [GIRL_24_WEEKS, "003-0030"])
def test_no_label_overlaps_another(subject: str) -> None:
    assert overlaps(drawn_for(subject)) == []


@pytest.mark.requirement("REQ-CHART-01")
@pytest.mark.parametrize("measure", ["weight", "length", "head_circumference"])
def test_increments_are_those_of_velocity(measure: str) -> None:
    infant = visits_of(GIRL_24_WEEKS)
    chain = chain_of(infant, measure)
    assert len(chain.increments) >= 3
    values = dict(zip(infant.days.tolist(), infant.series[measure].value, strict=True))
    unit = "kg" if measure == "weight" else "cm"
    for increment in chain.increments:
        first, last = (
            Age.from_days(day, Q(infant.gestation, "day"))
            for day in (increment.first, increment.last)
        )
        expected = velocity.zscore(
            measure,
            first=Q(values[increment.first], unit),
            second=Q(values[increment.last], unit),
            sex="female",
            first_age=first,
            second_age=last,
        )
        assert increment.z == expected.z
        assert increment.months == expected.nominal_months
        days = increment.last - increment.first
        assert increment.rate == pytest.approx(expected.increment.magnitude / days * 30.4375)
        for z, rate in zip(BANDS, increment.band, strict=True):
            line = velocity.increment(
                measure, z, sex="female", first_age=first, second_age=last
            ).magnitude
            assert rate == pytest.approx(line / days * 30.4375)


@pytest.mark.requirement("REQ-FOLLOW-07")
def test_each_visit_is_compared_with_the_one_before() -> None:
    """As `neocalc.velocity.score` does it: no z where the table has none."""
    age = Age.from_days([0, 7, 14, 28, 35, 61, 122, 400, 461])
    weights = ["3.3 kg", "3.4 kg", "3.7 kg", "4.3 kg", "4.5 kg", "5.4 kg", "7 kg", "10 kg", "11 kg"]
    drawn = chart.velocity(sex="m", age=age, weight=weights)
    lines = {n: vertices(g) for n, g in groups(drawn).items() if n.startswith("increment-weight")}
    assert len(lines) == 2
    spans = [(line[0][0], line[-1][0]) for line in lines.values()]
    assert spans[0][1] < spans[1][0], "from 61 to 122 days, and from 400 to 461"
    assert "Visits without a velocity z-score: weight: no chart for this interval (6)." in said(
        drawn
    )
    table = pl.DataFrame(
        {"subject_id": ["1"] * 9, "sex": ["m"] * 9, "age_days": age.days, "weight_kg": [
            float(text.split()[0]) for text in weights]}
    )  # fmt: skip
    scored = velocity.score(table)
    assert scored["w_velocity_status"].value_counts(sort=True)["count"].to_list() == [6, 2, 1]
    assert scored["w_velocity_z"].is_not_null().to_list() == [False] * 6 + [True, False, True]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 1, 3, 2), (1, 0, 2, 3), (3, 2, 1, 0)])
def test_two_weights_of_one_day_have_no_velocity_in_any_order(order: tuple[int, ...]) -> None:
    """They had a z of 0.51, -1.70 or 2.25, by the order of the rows."""
    table = pl.DataFrame(
        {
            "subject_id": ["7"] * 4,
            "sex": ["f"] * 4,
            "age_days": [60, 60, 121, 121],
            "weight_kg": [4.9, 4.2, 6.4, 5.7],
        }
    )[list(order)]
    assert velocity.score(table)["w_velocity_status"].to_list() == ["duplicate_visit"] * 4
    infant = infant_of(*scored_table(table))
    series = infant.series["weight"]
    assert series.words == ["duplicate_visit"] * 4
    assert np.isnan(series.z).all()
    assert chain_of(infant, "weight").increments == []
    assert "weight: rows of one day differ (4)." in said(chart.velocity(table))
    assert "rows of one day differ" in key_of(chart.infant(table))
    page = report.page(table)
    assert "<th>Velocity z</th>" not in page
    assert "Weight: no velocity z-score: rows of one day differ (4)." in page


def test_no_increment_of_a_table_that_the_who_does_not_have() -> None:
    """A month of length: `no_table`, in the chart as in the file."""
    age = Age.from_days([61, 91, 122])
    drawn = chart.velocity(sex="m", age=age, length=["58 cm", "60 cm", "62 cm"])
    assert "length or height: no velocity chart for this age and interval (2)" in said(drawn)
    assert not [name for name in gids(drawn) if name.startswith("increment-length")]


@pytest.mark.requirement("REQ-CHART-02")
def test_zones_without_a_reference_are_empty() -> None:
    drawn = drawn_for(GIRL_24_WEEKS, until=36)
    words = said(drawn)
    assert words.count("no WHO velocity before 40 weeks") == 4
    assert words.count("no WHO velocity after 24 months") == 4
    infant = visits_of(GIRL_24_WEEKS)
    for measure in infant.series:
        for increment in chain_of(infant, measure).increments:
            assert increment.first >= infant.to_term
            assert increment.last - infant.to_term <= 731


def test_a_zone_too_narrow_for_its_name_is_in_the_key() -> None:
    drawn = drawn_for("002-0022")  # born at 36w4d
    assert "no WHO velocity before 40 weeks" in key_of(drawn)
    assert overlaps(drawn) == []
    assert "no WHO velocity before 40 weeks" not in key_of(drawn_for(GIRL_24_WEEKS))


def test_a_term_boy_has_no_zone_before_birth() -> None:
    assert "before 40 weeks" not in said(drawn_for(TERM_BOY))


def test_attained_z_has_no_line_where_there_is_no_reference() -> None:
    drawn = drawn_for(GIRL_24_WEEKS, reference="who-2006")
    assert "no reference" in said(drawn)
    path = vertices(groups(drawn)["z-length"])
    infant = visits_of(GIRL_24_WEEKS)
    assert len(path) == int((infant.days >= infant.to_term).sum())


def test_two_visits_that_cannot_be_compared() -> None:
    drawn = chart.velocity(sex="f", age=Age.from_days([0, 3]), weight=["3 kg", "2.9 kg"])
    assert "no velocity z-score: no chart for this interval (1)" in said(drawn)
    assert overlaps(drawn) == []


def test_missing_lines_of_a_band_end_at_zero() -> None:
    age = Age.from_days([609, 731])
    drawn = chart.velocity(sex="f", age=age, head_circumference=["46 cm", "46.4 cm"])
    assert "increment-head_circumference-0" in gids(drawn)
    lines = velocity.increment(
        "head_circumference",
        np.array(BANDS),
        sex="female",
        first_age=Age.from_days([609] * 5),
        second_age=Age.from_days([731] * 5),
    )
    assert np.isnan(lines.magnitude[0])
    assert overlaps(drawn) == []


def test_the_trial_is_marked_here_too() -> None:
    drawn = drawn_for(GIRL_24_WEEKS, trial="NCT03558334")
    assert "Windows of NCT03558334, version registry: 24 hours: " in said(drawn)
    assert "day of administration" in said(drawn)
    assert "end of a trial's window" in said(drawn)
    drawn = drawn_for(GIRL_24_WEEKS, trial="NCT03601416", version="protocol-2020")
    assert "visit due by the protocol" in said(drawn)
    assert overlaps(drawn) == []


def test_the_references_of_attained_z_are_a_heading() -> None:
    drawn = drawn_for(GIRL_24_WEEKS, policy=FENTON_2025)
    assert "Fenton 2025 Preterm Growth Chart to 50w0d, then WHO Child Growth Standards" in headings(
        drawn
    )
    assert "WHO Child Growth Standards: growth velocity" in headings(drawn)
    nothing = chart.velocity(
        sex="f", age=Age.from_days([0, 30], "30+0"), weight=["1.4 kg", "2 kg"],
        reference="who-2006", until=1,
    )  # fmt: skip
    assert "No reference: there is no z-score" in headings(nothing)


def test_a_panel_without_increments_has_no_scale() -> None:
    age = Age.from_days([0, 28], "41+0")
    drawn = chart.velocity(sex="m", age=age, weight=["3 kg", "4 kg"], length=["50 cm", "54 cm"])
    scales = {ax.get_ylabel(): len(ax.get_yticks()) for ax in drawn.figure.axes}
    assert scales["Length\n(cm per month)"] == 0, "the WHO has length from 2 months on"
    assert scales["Weight\n(g per month)"] > 3
    words = "no velocity z-score: no velocity chart for this age and interval (1)"
    assert said(drawn).count(words) == 1
    assert overlaps(drawn) == []


def test_short_intervals_beside_each_other_both_have_their_figure() -> None:
    age = Age.from_days([61, 92, 122, 153, 183])
    weights = ["5 kg", "5.9 kg", "6.5 kg", "7 kg", "7.4 kg"]
    drawn = chart.velocity(sex="f", age=age, weight=weights)
    chain = [name for name in gids(drawn) if name.startswith("increment-weight")]
    figures = [w for t in drawn.figure.findobj(Text) if (w := text_of(t)).startswith("z ")]
    assert len(chain) == len(figures) == 4
    assert overlaps(drawn) == []


def test_a_figure_without_room_is_left_out_and_its_bar_stays() -> None:
    """Increments of a month on an axis of five years: two rows of figures, and every bar."""
    days = [61, 92, 122, 153, 183, 213, 244]
    weights = [f"{5 + 0.5 * i:.1f} kg" for i in range(len(days))]
    drawn = chart.velocity(sex="f", age=Age.from_days(days), weight=weights, until=60)
    bars = [name for name in gids(drawn) if name.startswith("increment-weight")]
    figures = [w for t in drawn.figure.findobj(Text) if (w := text_of(t)).startswith("z ")]
    assert len(bars) == 6
    assert 2 <= len(figures) < 6
    assert overlaps(drawn) == []


def test_velocities_are_not_joined_over_a_gap() -> None:
    age = Age.from_days([0, 61, 400, 461])
    weights = ["3.3 kg", "5.4 kg", "10 kg", "11 kg"]
    drawn = chart.velocity(sex="m", age=age, weight=weights)
    (line,) = (ln for ln in drawn.figure.findobj(Line2D) if ln.get_gid() == "velocity-weight")
    assert isinstance(line, Line2D)
    assert np.isnan(line.get_ydata()).tolist() == [False, True, False]


def test_a_visit_after_the_end_of_the_chart_has_no_mark() -> None:
    age = Age.from_days([0, 30, 400])
    drawn = chart.velocity(sex="m", age=age, weight=["3 kg", "4 kg", "9 kg"], until=6)
    assert overlaps(drawn) == []
    marks = [ln for ln in drawn.figure.axes[0].lines if ln.get_marker() == "o"]
    assert [np.size(ln.get_xdata()) for ln in marks] == [2]


def test_a_slip_of_the_pen_does_not_set_the_scale() -> None:
    """A length of 554 cm, whose z is 243, made flat lines of all the others."""
    drawn = drawn_for("001-0014")
    assert drawn.figure.axes[0].get_ylim() == (-3, 3)
    assert "1 implausible z-score not drawn." in said(drawn)


@pytest.mark.requirement("REQ-VEL-13")
def test_oedema_has_no_weight_velocity() -> None:
    infant = visits_of("001-0009")
    swollen = infant.series["weight"].words.index("oedema")
    day = int(infant.days[swollen])
    ends = {d for i in chain_of(infant, "weight").increments for d in (i.first, i.last)}
    assert day not in ends
    rows = COHORT.filter(pl.col("subject_id") == "001-0009")
    assert rows["oedema"].to_list().count("yes") == 1


def marks_of(drawn: Chart, start: str) -> dict[str, list[tuple[float, float]]]:
    """The marks of lines whose name begins so, each with its middle and height."""
    lines = (ln for ln in drawn.figure.findobj(Line2D) if str(ln.get_gid()).startswith(start))
    return {
        str(line.get_gid()): list(zip(*map(np.asarray, line.get_data()), strict=True))
        for line in lines
        if isinstance(line, Line2D)
    }


@pytest.mark.requirement("REQ-FOLLOW-13")
def test_each_velocity_has_the_mark_of_its_method() -> None:
    """At a width of the tables, between two of them, and a little below the shortest."""
    age = Age.from_days([61, 122, 190, 218])
    drawn = chart.velocity(sex="m", age=age, weight=["5.4 kg", "7 kg", "8 kg", "8.3 kg"])
    chain = chain_of(drawn_infant(age, [5.4, 7, 8, 8.3]), "weight")
    assert [i.method for i in chain.increments] == [
        "who-2009", "who-2009-interpolated", "who-2009-scaled",
    ]  # fmt: skip
    for increment in chain.increments:
        found = marks_of(drawn, f"velocity-weight-{increment.method}")
        ((middle, z),) = found[f"velocity-weight-{increment.method}"]
        assert (middle, z) == ((increment.first + increment.last) / 2, increment.z)
    words = {
        "at a WHO interval",
        "between two WHO intervals",
        "scaled to a WHO interval",
    }
    assert words <= set(key_of(drawn))
    assert "standardised change" not in key_of(drawn)
    assert len(marks_of(drawn, "velocity-weight")["velocity-weight"]) == 3, "one line through all"
    assert overlaps(drawn) == []


def drawn_infant(age: Age, kilograms: list[float]) -> Infant:
    """A boy who was weighed on these days."""
    n = len(kilograms)
    table = pl.DataFrame(
        {"subject_id": ["1"] * n, "sex": ["m"] * n, "age_days": age.days, "weight_kg": kilograms}
    )
    return infant_of(*scored_table(table))


@pytest.mark.requirement("REQ-FOLLOW-13")
def test_where_there_is_no_velocity_z_the_standardised_change_is_shown() -> None:
    """Eight months apart, and across 24 months: no increments, but a change that has a measure."""
    age = Age.from_days([61, 122, 365, 800])
    kilograms = [5.4, 7.0, 10.0, 12.9]
    drawn = chart.velocity(sex="m", age=age, weight=[f"{kg} kg" for kg in kilograms])
    found = marks_of(drawn, "standardised-weight")
    table = pl.DataFrame(
        {"subject_id": ["1"] * 4, "sex": ["m"] * 4, "age_days": age.days, "weight_kg": kilograms}
    )
    scored = velocity.score(table)
    assert scored["w_velocity_z"].is_not_null().to_list() == [False, True, False, False]
    for at, points in zip((2, 3), found.values(), strict=True):
        first, last = int(age.days[at - 1]), int(age.days[at])
        z = scored["w_change_standardised"][at]
        assert points == [(first, z), ((first + last) / 2, z), (last, z)]
    assert "standardised change" in key_of(drawn)
    assert "Dotted: where the WHO has no increments over an interval" in said(drawn)
    assert overlaps(drawn) == []
    alone = chart.velocity(sex="m", age=Age.from_days([0, 365]), weight=["3.3 kg", "9 kg"])
    assert len(marks_of(alone, "standardised-weight")) == 1
    assert "Attained z-score" in said(alone)


@pytest.mark.requirement("REQ-FOLLOW-13")
def test_the_report_has_the_standardised_change_of_every_pair() -> None:
    age = Age.from_days([61, 122, 365, 800])
    table = pl.DataFrame(
        {
            "subject_id": ["1"] * 4, "sex": ["m"] * 4, "age_days": age.days,
            "weight_kg": [5.4, 7.0, 10.0, 12.9],
        }
    )  # fmt: skip
    page = report.page(table)
    scored = velocity.score(table)
    for title in ("Standardised", "Conditional gain", "r"):
        assert f">{title}</th>" in page
    for at in (1, 2, 3):
        row = scored.row(at, named=True)
        for name in ("w_change_standardised", "w_conditional_gain"):
            assert f">{row[name]:.2f}".replace("-", "\N{MINUS SIGN}") in page, (at, name)
        assert f">{row['w_change_r']:.3f}<" in page
    assert (
        "by the correlation r of z between the ages, from a row of the WHO's increments (1), from a"
        " model of the WHO's increments (1), from a model of the WHO's increments, extrapolated"
        " beyond 24 months (1)." in page.replace("&#x27;", "'")
    )
