"""The growth chart of one infant: what is drawn, what is marked, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from matplotlib.lines import Line2D
from matplotlib.text import Text

from neocalc import (
    Age,
    AgeError,
    ColumnWarning,
    FileError,
    InputError,
    MissingError,
    Policy,
    Q,
    chart,
    trials,
)
from neocalc.chart.events import Events, Window, events_of
from neocalc.chart.style import Chart, style
from neocalc.chart.typed import typed_table
from neocalc.chart.visits import infant_of, scored_table
from own_references import write
from test_chart_layout import (
    COHORT,
    FENTON_2025,
    GIRL_24_WEEKS,
    TERM_BOY,
    content,
    gids,
    groups,
    infant,
    overlaps,
)

PROTOCOL = {"trial": "NCT03601416", "version": "protocol-2020"}


def marker_of(artist: Any) -> str:
    """The mark of a line."""
    return str(artist.get_marker())


def text_of(artist: Any) -> str:
    """What a text says."""
    return str(artist.get_text())


def texts(drawn: Chart) -> list[str]:
    """Every text of a chart."""
    found = (t for t in drawn.figure.findobj(Text) if isinstance(t, Text) and t.get_visible())
    return [text.get_text() for text in found]


def said(drawn: Chart) -> str:
    """All of them in one line, as they are read."""
    return " ".join(" ".join(texts(drawn)).split())


def rows_of(subject: str, **columns: Any) -> pl.DataFrame:
    """The rows of a subject, with other columns."""
    return COHORT.filter(pl.col("subject_id") == subject).with_columns(**columns)


def without_dates(table: pl.DataFrame) -> pl.DataFrame:
    """The same with ages in days."""
    age = (pl.col("measured_on").str.to_date() - pl.col("birth_date").str.to_date()).dt.total_days()
    return table.with_columns(age_days=age).drop("measured_on", "birth_date")


@pytest.mark.requirement("REQ-CHART-04")
@pytest.mark.parametrize(
    ("subject", "options"),
    [
        (GIRL_24_WEEKS, {"policy": FENTON_2025}),
        (GIRL_24_WEEKS, {"trial": "NCT03558334", "lines": "sd"}),
        (GIRL_24_WEEKS, {**PROTOCOL, "until": 36}),
        (GIRL_24_WEEKS, {"reference": "fenton-2013"}),
        (GIRL_24_WEEKS, {"policy": Policy(handover="40 week", correct_until="12 month")}),
        (TERM_BOY, {"lines": "sd"}),
        ("001-0009", {}),  # oedema
        ("001-0014", {"lines": "sd"}),  # a length of 554 cm
        ("002-0021", {"until": 6}),  # a weight of 2.35 g
    ],
)
def test_no_label_overlaps_another(subject: str, options: dict[str, Any]) -> None:
    assert overlaps(infant(subject, **options)) == []


@pytest.mark.requirement("REQ-CHART-06")
def test_the_label_that_the_licence_asks_for_is_a_heading() -> None:
    drawn = infant(policy=FENTON_2025)
    headings = [
        t for t in drawn.figure.findobj(Text)
        if isinstance(t, Text) and t.get_fontweight() == "bold" and float(t.get_fontsize()) >= 10
    ]  # fmt: skip
    shown = [heading.get_text() for heading in headings]
    assert "Fenton 2025 Preterm Growth Chart" in shown
    assert "WHO Child Growth Standards" in shown


@pytest.mark.requirement("REQ-REF-10")
def test_intergrowth_to_64_weeks_with_its_label_and_terms() -> None:
    """Its own hand-over, its label as a heading, the terms of use, and ticks to the end."""
    drawn = infant(policy=Policy(preterm_reference="intergrowth-21st-preterm"), until=36)
    assert "INTERGROWTH-21st preterm postnatal growth standards" in texts(drawn)
    assert {"60", "62"} <= set(texts(drawn))
    assert "hand-over after 64w0d" in texts(drawn)
    assert "Licence: University of Oxford; terms: see https://intergrowth21.com" in said(drawn)
    assert overlaps(drawn) == []


@pytest.mark.requirement("REQ-REF-10")
def test_the_reference_of_school_age_has_its_label() -> None:
    days = [0, 400, 1000, 1820, 1850]
    table = pl.DataFrame(
        {
            "subject_id": ["1"] * 5, "sex": ["m"] * 5, "gestational_age": ["30+0"] * 5,
            "age_days": days, "weight_kg": [1.4, 9.0, 13.0, 18.0, 18.2],
        }
    )  # fmt: skip
    drawn = chart.infant(table)
    assert "WHO Child Growth Standards · WHO 5 to 19 years (2007)" in texts(drawn)
    assert "(who-2007): de Onis M" in said(drawn)
    none = chart.infant(table, policy=Policy(school_age_reference=None))
    assert "2007" not in " ".join(texts(none)).replace("(2007). Geneva", "")


@pytest.mark.requirement("REQ-REF-10")
def test_a_chart_goes_on_to_school_age_where_the_references_do() -> None:
    """To 7, 10, 14 or 19 years, whatever holds the visits; without such a reference to 5 years."""
    table = pl.DataFrame(
        {
            "subject_id": ["1"] * 3, "sex": ["m"] * 3, "age_days": [1000, 2600, 3400],
            "weight_kg": [14.0, 23.0, 30.0], "length_cm": [95.0, 121.0, 134.0],
        }
    )  # fmt: skip

    def points(drawn: Chart) -> list[float]:
        (line,) = (
            ln for ln in drawn.figure.findobj(Line2D) if ln.get_gid() == "points-length-term"
        )
        assert isinstance(line, Line2D)
        return list(np.ravel(line.get_xdata()))

    drawn = chart.infant(table)
    assert points(drawn) == [1000, 2600, 3400]
    assert "not drawn" not in said(drawn)
    assert {"96", "120"} <= set(texts(drawn))
    none = chart.infant(table, policy=Policy(school_age_reference=None))
    assert points(none) == [1000]
    assert "2 visits not drawn: outside the ages of this chart" in said(none)
    assert points(chart.infant(table, until=84)) == [1000]
    with pytest.raises(InputError, match="1 to 228 months"):
        chart.infant(table, until=229)


def test_a_visit_on_the_day_of_birth_is_drawn_whole() -> None:
    drawn = infant(TERM_BOY)
    (dots,) = (ln for ln in drawn.figure.findobj(Line2D) if ln.get_gid() == "points-weight-term")
    assert isinstance(dots, Line2D)
    assert np.ravel(dots.get_xdata())[0] == 0, "on the edge of the panel"
    assert not dots.get_clip_on()


def test_a_mark_on_the_upper_edge_does_not_cover_the_latest_z() -> None:
    drawn = infant("001-0014")  # a length of 554 cm in the corner of the panel
    with style():
        drawn.figure.draw_without_rendering()
    (latest,) = (t for t in drawn.figure.findobj(Text) if text_of(t).startswith("latest z −1.99"))
    assert isinstance(latest, Text)
    assert latest.axes is not None
    above = latest.axes.get_window_extent().y1 - latest.get_window_extent().y1
    assert above * 72 / 100 > 3.5 + 1.3, "half of the mark, and its edge [point]"


def test_a_latest_z_with_a_flag_is_said_to_have_one() -> None:
    age = Age.from_days([100, 130], "39+0")
    drawn = chart.infant(sex="m", age=age, weight=["6.2 kg", "15 kg"])
    (latest,) = (text for text in texts(drawn) if text.startswith("latest z"))
    assert latest.endswith(": implausible")


def test_the_step_from_length_to_height_is_said_where_it_is_drawn() -> None:
    step = "At 2 years the curves of length step by 0.7 cm"
    assert step in said(infant(TERM_BOY)), "a visit on day 731"
    assert step in said(infant(until=36))
    assert step not in said(infant())
    assert step not in said(infant(reference="fenton-2013"))


@pytest.mark.requirement("REQ-CHART-06")
def test_the_caption_names_reference_policy_and_version() -> None:
    words = said(infant(policy=FENTON_2025))
    assert "doi:10.1111/ppe.70035" in words
    assert "CC BY-NC-ND 4.0" in words
    assert (
        "References and ages: fenton-2025 at postmenstrual age to 50w0d; who-2006 at corrected age"
        " to 36 months." in words
    )
    assert "neocalc 0.1.0" in words
    assert "neocalc calculates; it does not prescribe" in words


@pytest.mark.requirement("REQ-CHART-06")
def test_units_and_both_ages_are_on_the_axes() -> None:
    words = texts(infant())
    for unit in ("Weight (kg)", "Length or height (cm)", "Head circumference (cm)"):
        assert words.count(unit) == 2
    for age in ("Postmenstrual age (weeks)", "Chronological age (weeks)"):
        assert age in words
    for age in ("Corrected age (months)", "Chronological age (months)"):
        assert age in words


@pytest.mark.requirement("REQ-CHART-02")
def test_the_hand_over_is_named() -> None:
    words = texts(infant())
    assert words.count("hand-over after 50w0d") == 3
    assert "by postmenstrual age, to 50w0d" in words
    assert "at corrected age, from 50w1d" in words


def test_a_term_boy_has_one_column_of_chronological_age() -> None:
    drawn = infant(TERM_BOY)
    words = texts(drawn)
    assert "at chronological age: not corrected" in words
    assert "Corrected age (months)" not in words
    assert not [name for name in gids(drawn) if "preterm" in name]


@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_gestation_not_stated() -> None:
    words = said(chart.infant(rows_of(TERM_BOY, gestational_age=pl.lit(""))))
    assert "Boy, gestation not stated" in words
    assert "at chronological age: gestation is not stated" in words


@pytest.mark.requirement("REQ-CHART-07")
def test_flagged_visits_are_marked_and_explained() -> None:
    drawn = infant("001-0009")
    assert "flagged-weight-preterm-oedema" in gids(drawn)
    assert "oedema" in texts(drawn)
    drawn = infant("001-0002")
    assert "flagged-weight-preterm-invalid_gestation" in gids(drawn)
    assert "gestation not usable" in texts(drawn)
    drawn = infant("001-0001")
    assert "unusable-weight-term" in gids(drawn)
    assert "value that cannot be used" in texts(drawn)


@pytest.mark.requirement("REQ-CHART-07")
def test_a_value_beyond_the_scale_is_told_at_its_edge() -> None:
    drawn = infant("001-0014")
    assert "554 cm ↑" in texts(drawn)
    visits = rows_of("001-0014").with_columns(
        weight_g=pl.when(pl.col("visit") == "month 3")
        .then(pl.lit("900"))
        .otherwise(pl.col("weight_g"))
    )
    words = texts(chart.infant(visits))
    assert "0.9 kg ↓" in words
    assert "implausible" in words


def test_many_values_beyond_the_scale_do_not_overlap() -> None:
    age = Age.from_days(list(range(100, 130)), "30+0")
    with pytest.warns(ColumnWarning, match="length_cm: nearly every z is implausible"):
        drawn = chart.infant(sex="f", age=age, length=Q(np.linspace(400, 600, 30), "cm"))
    assert overlaps(drawn) == []
    assert "flagged-length-preterm-implausible" in gids(drawn)


def test_visits_before_and_after_the_reference() -> None:
    words = texts(infant(reference="who-2006"))
    assert "younger than the chart" in words
    words = texts(infant(reference="fenton-2013"))
    assert "older than the chart" in words
    assert "No reference" in words
    assert "no curves at these ages" in words
    assert "no reference after 50w0d" in words


def test_only_preterm_ages_have_one_column() -> None:
    words = texts(infant("001-0001", reference="fenton-2013", until=1))
    assert "Postmenstrual age (weeks)" in words
    visits = rows_of("001-0001").head(8)
    drawn = chart.infant(visits, reference="fenton-2013")
    assert "Corrected age (months)" not in texts(drawn)


@pytest.mark.requirement("REQ-CHART-07")
def test_what_is_not_drawn_is_counted() -> None:
    assert "1 visit not drawn: no usable age." in said(infant("003-0030"))
    assert "1 visit not drawn: outside the ages of this chart." in said(
        infant("001-0001", until=20)
    )


@pytest.mark.requirement("REQ-CHART-01")
def test_lengths_are_drawn_as_they_are_scored() -> None:
    assert "1 length drawn as scored by the WHO's rule: 0.7 cm longer" in said(infant("001-0001"))


@pytest.mark.requirement("REQ-CHART-02")
def test_where_correction_ends_is_said() -> None:
    words = said(infant(policy=Policy(correct_until="12 month")))
    assert "age is no longer corrected: the curves step there" in words


def test_later_visits_lengthen_the_chart() -> None:
    age = Age.from_days([0, 400, 1500], "39+0")
    drawn = chart.infant(sex="m", age=age, weight=["3 kg", "9 kg", "16 kg"])
    assert "48" in texts(drawn)
    age = Age.from_days([0, 400, 740], "39+0")
    drawn = chart.infant(sex="m", age=age, weight=["3 kg", "9 kg", "12 kg"])
    assert "26" not in texts(drawn), "a visit a week after two years is one at two years"


def test_one_measure_alone_is_not_stretched() -> None:
    drawn = chart.infant(sex="f", age=Age.from_days([0], "30+0"), weight=["1.4 kg"])
    assert overlaps(drawn) == []
    assert drawn.figure.axes[0].get_position().height * 297 < 100


def test_the_day_of_administration_is_marked() -> None:
    words = said(infant())
    assert "cells given" in words
    assert "Cells given on 2024-08-04, 84 days after birth." in words
    assert "day of administration" in words
    words = said(infant(administered_on="2024-07-01"))
    assert "Cells given on 2024-07-01, 50 days after birth." in words


def test_the_windows_of_a_trial_are_shown() -> None:
    words = said(infant(trial="NCT03558334"))
    assert "2 years: growth velocity (z-score), chest CT" in words
    assert "24 hours: infusion reactions (to 2024-08-05)" in words
    words = said(chart.infant(rows_of(GIRL_24_WEEKS), trial=trials.load("NCT03558334")))
    assert "24 hours: infusion reactions (to 2024-08-05)" in words


def test_the_visits_of_a_protocol_are_shown() -> None:
    words = texts(infant(**PROTOCOL))
    assert {"1 month", "3 months", "6 months", "12 months", "24 months"} <= set(words)
    assert "visit due by the protocol" in words
    assert "end of a trial's window" not in words
    assert "end of a trial's window" in texts(infant(trial="NCT03558334"))


def test_a_window_wholly_in_one_column() -> None:
    table, scoring = scored_table(COHORT, extra=("administered_on",))
    found = infant_of(table, scoring, subject=GIRL_24_WEEKS)
    assert found.administered == 84
    assert events_of(found) == Events(84)
    from neocalc.chart import infants as chart_infant

    events = Events(84, (), (Window("a very long name of a window " * 3, 90, 120),))
    drawn = chart_infant.draw(found, events=events)
    assert overlaps(drawn) == []
    assert any("…" in text for text in texts(drawn))


def test_a_name_without_room_is_left_out_and_its_mark_stays() -> None:
    """Visits of one month on an axis of years: two rows of names at most, a mark on each day."""
    table, scoring = scored_table(COHORT, extra=("administered_on",))
    found = infant_of(table, scoring, subject=GIRL_24_WEEKS)
    from neocalc.chart import infants as chart_infant

    visits = tuple((f"visit {i}", 84 + 5 * i) for i in range(1, 7))
    drawn = chart_infant.draw(found, events=Events(84, visits))
    named = {name for name, _ in visits} & set(texts(drawn))
    marks = [line for line in drawn.figure.findobj(Line2D) if marker_of(line) == "v"]
    days = [line.get_xdata()[0] for line in marks if isinstance(line, Line2D)]  # type: ignore[index]
    assert 1 <= len(named) < 6
    assert days == [84, *(day for _, day in visits)]
    assert overlaps(drawn) == []


def test_a_trial_needs_the_day_of_administration() -> None:
    with pytest.raises(MissingError, match="need the day of administration"):
        chart.infant(rows_of(GIRL_24_WEEKS).drop("administered_on"), trial="NCT03558334")


def test_a_version_is_that_of_a_trial() -> None:
    with pytest.raises(MissingError, match=r"trial: missing; the version 'registry' is one of a"):
        infant(version="registry")


def test_a_mark_at_the_end_of_a_column_is_drawn_whole() -> None:
    drawn = infant(**PROTOCOL)  # the visit at 3 months is due on the day of the hand-over
    marks = [ln for ln in drawn.figure.findobj(Line2D) if marker_of(ln) == "v"]
    assert len(marks) == 6
    assert not any(mark.get_clip_on() for mark in marks)


def test_administration_needs_the_date_of_birth() -> None:
    visits = without_dates(rows_of(GIRL_24_WEEKS))
    with pytest.raises(AgeError, match="needs the date of birth"):
        chart.infant(visits)
    with pytest.raises(AgeError, match="on or after the day of birth"):
        infant(administered_on="2020-01-01")


def test_a_day_of_administration_that_is_no_date() -> None:
    visits = rows_of(GIRL_24_WEEKS, administered_on=pl.lit("28/02/2024"))
    with pytest.raises(FileError, match=r"column administered_on: '28/02/2024' is not a date"):
        chart.infant(visits)
    missing = rows_of(GIRL_24_WEEKS, administered_on=pl.lit("NA"))
    assert "cells given" not in texts(chart.infant(missing, missing=["NA"]))


@pytest.mark.requirement("REQ-CHART-01")
def test_days_and_dates_give_the_same_chart() -> None:
    with_days = without_dates(rows_of(TERM_BOY)).drop("administered_on")
    drawn = chart.infant(with_days)
    assert "born 2023-06-03" in said(infant(TERM_BOY))
    assert "born 20" not in said(drawn)
    for name in ("visits-weight-term", "visits-length-term"):
        path = groups(drawn)[name][0].get("d")
        assert path == groups(infant(TERM_BOY))[name][0].get("d")


def test_pandas_and_pyarrow_tables() -> None:
    visits = rows_of(TERM_BOY)
    expected = content(infant(TERM_BOY))
    assert chart.infant(pd.DataFrame(visits.to_dict(as_series=False))).to_bytes() == expected
    assert chart.infant(pa.table(visits.to_dict(as_series=False))).to_bytes() == expected


def test_typed_values_give_the_chart_of_the_table() -> None:
    visits = rows_of("001-0007")
    age = Age(visits["birth_date"].to_numpy(), visits["measured_on"].to_numpy(), "26+6")
    stated = visits["gestational_age"][0]
    age = Age(visits["birth_date"].to_list(), visits["measured_on"].to_list(), stated)
    typed = chart.infant(
        sex=visits["sex"][0],
        age=age,
        weight=[f"{w} g" for w in visits["weight_g"]],
        length=[f"{v} cm" for v in visits["length_cm"]],
        head_circumference=[f"{v} cm" for v in visits["head_circumference_cm"]],
        position=visits["length_position"].to_list(),
        oedema=visits["oedema"].to_list(),
        administered_on=visits["administered_on"][0],
    )
    table = chart.infant(visits.drop("subject_id"))
    assert typed.to_bytes() == table.to_bytes()


def test_a_typed_value_that_is_missing_or_wrong() -> None:
    age = Age.from_days([0, 30], "30+0")
    assert chart.infant(sex="f", age=age, weight=["1.4 kg", None], position="recumbent")
    for wrong, message in (
        (["1.4 kg", "2"], "weight: '2'"),
        (["1.4 kg"], "weight: '1 value' is not accepted; one for each age"),
        (["1.4 kg", "2 cm"], "weight: '2 cm'"),
        (None, "measurement: missing"),
    ):
        with pytest.raises(InputError, match=message):
            chart.infant(sex="f", age=age, weight=wrong)
    with pytest.raises(InputError, match="sex"):
        chart.infant(sex="x", age=age, weight=["1.4 kg", "2 kg"])
    with pytest.raises(AgeError, match="an age for each visit"):
        chart.infant(sex="f", age=Age.from_days([0, float("nan")]), weight=["3 kg", "4 kg"])
    with pytest.raises(AgeError, match=r"a neocalc\.Age of the visits"):
        chart.infant(sex="f", weight=["1.4 kg"])
    with pytest.raises(InputError, match="one of the two"):
        chart.infant(COHORT, sex="f")
    with pytest.raises(InputError, match="measure: 'bmi'"):
        typed_table("f", age, bmi=["15 kg/m2", "16 kg/m2"])


def test_nothing_at_all() -> None:
    with pytest.raises(AgeError, match="age"):
        chart.infant()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"sex": pl.Series(["f"] + ["m"] * 14)}, "the sex differs between rows (female and male)"),
        ({"sex": pl.lit("")}, "no row has a usable sex"),
        ({"gestational_age": pl.Series(["24+6"] * 14 + ["25+6"])}, "the gestational age differs"),
        ({"birth_date": pl.Series(["2024-05-12"] * 14 + ["2024-05-11"])}, "date of birth differs"),
        (
            {"administered_on": pl.Series(["2024-08-04"] * 14 + ["2024-08-05"])},
            "the administered_on differs",
        ),
    ],
)
def test_two_answers_for_one_infant_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(FileError) as caught:
        chart.infant(rows_of(GIRL_24_WEEKS, **columns))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"subject {GIRL_24_WEEKS}: ")


def test_which_subject() -> None:
    with pytest.raises(FileError, match=r"there are 39 subjects .*name one: --subject"):
        chart.infant(COHORT)
    with pytest.raises(FileError, match="there is no 'nobody'"):
        infant("nobody")
    with pytest.raises(FileError) as caught:  # not an infant with two sexes
        chart.infant(COHORT.drop("subject_id"))
    assert str(caught.value) == (
        "there is no column subject_id, so all rows are of one infant: the sex differs between"
        " rows (female and male); map it: subject_id=NAME"
    )
    with pytest.raises(FileError, match="no column subject_id"):
        chart.infant(rows_of(TERM_BOY).drop("subject_id"), subject="x")
    assert chart.infant(rows_of(TERM_BOY)).title.startswith("Growth chart: 001-0016")


def test_options_that_are_not_known() -> None:
    with pytest.raises(InputError, match="lines: 'quartiles'"):
        infant(lines="quartiles")
    with pytest.raises(InputError, match="until: 0"):
        infant(until=0)
    with pytest.raises(InputError, match="accepted: NCT"):
        infant(trial="NCT0")


def test_a_users_own_reference(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    with pytest.raises(InputError, match="reference"):
        infant(TERM_BOY, reference=str(tmp_path / "nothing"))
    drawn = infant(TERM_BOY, reference=str(folder))
    assert "Our own chart" in texts(drawn)


def test_daily_visits_are_small_dots_on_their_line() -> None:
    """Their white edges covered each other, and left a pale band."""

    def sizes(days: list[int]) -> tuple[float, float]:
        age = Age.from_days(days, "25+0")
        weights = [f"{700 + 14 * day} g" for day in days]
        drawn = chart.infant(sex="f", age=age, weight=weights)
        lines = [line for ax in drawn.figure.axes for line in ax.lines]
        dots = next(line for line in lines if line.get_gid() == "points-weight-preterm")
        return dots.get_markersize(), dots.get_markeredgewidth()

    assert sizes(list(range(140))) == (2.0, 0.0)
    assert sizes(list(range(0, 140, 7))) == (4.4, 0.5)


def test_one_visit_is_not_joined() -> None:
    drawn = chart.infant(sex="m", age=Age.from_days([42]), weight=["4.1 kg"])
    (legend,) = drawn.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["visit"]


def test_a_value_off_the_scale_is_given_as_it_is() -> None:
    """Half a gram was said to be 0.001 kg."""
    age = Age.from_days([60, 120])
    drawn = chart.infant(sex="m", age=age, weight=["0.5 g", "7 kg"])
    assert "0.0005 kg ↓" in texts(drawn)


def test_a_table_without_rows_of_use() -> None:
    with pytest.raises(FileError, match=r"^there are no visits to draw$"):
        chart.infant(rows_of(TERM_BOY).head(0))
    with pytest.raises(FileError, match="no row has a usable sex"):
        chart.infant(rows_of(TERM_BOY, sex=pl.lit("")))
    visits = rows_of(TERM_BOY, measured_on=pl.lit("2020-01-01"))
    with pytest.warns(ColumnWarning, match="all 6 rows are before the date of birth"):
        drawn = chart.infant(visits)
    assert "6 visits not drawn: no usable age." in said(drawn)
    assert overlaps(drawn) == []
