"""Charts of a cohort: z by arm, changes as waterfalls, statuses; with 12 subjects and 5,000."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from neocalc import (
    Age,
    ColumnWarning,
    FileError,
    InputError,
    Q,
    chart,
    measurement,
    report,
    velocity,
    zscore,
)
from neocalc.chart.cohorts import MANY, shown
from neocalc.chart.medians import AROUND, BIN_EDGES, TERM_SPAN, binned
from neocalc.chart.style import Chart, style
from neocalc.chart.subjects import Cohort, cohort_of
from neocalc.chart.text import fixed
from neocalc.chart.visits import scored_table
from neocalc.chart.waterfall import areas_of, changes_of, draw_statuses
from neocalc.reading.words import Ints
from test_chart_layout import COHORT, FENTON_2025, SVG, groups, overlaps, vertices
from test_chart_layout import cohort as drawn_of

SUBJECTS = COHORT["subject_id"].unique(maintain_order=True).to_list()
TWELVE = COHORT.filter(pl.col("subject_id").is_in(SUBJECTS[:12]))


def simulated(subjects: int, visits: int = 6, seed: int = 3) -> pl.DataFrame:
    """A cohort in two arms, of which arm B gains 1 z in weight."""
    rng = np.random.default_rng(seed)
    n = subjects * visits
    subject = np.repeat(np.arange(subjects), visits)
    days = np.tile([0, 30, 120, 200, 400, 800], subjects)[:n]
    age = Age.from_days(days, ["28+0"] * n)
    z = np.repeat(rng.normal(-1, 1, subjects), visits) + rng.normal(0, 0.1, n)
    z += np.where(subject % 2, days / 800, 0)
    # At 28 weeks a z of -2.9 is a quarter of the median weight, which no chart believes.
    weight = measurement("weight", np.clip(z, -2.5, 4), sex=["f"] * n, age=age)
    return pl.DataFrame(
        {
            "subject_id": [f"s{i:05d}" for i in subject],
            "group": np.where(subject % 2, "B", "A"),
            "sex": ["f"] * n,
            "age_days": days,
            "gestational_age": ["28+0"] * n,
            "weight_kg": weight.magnitude,
        }
    )


@pytest.fixture(scope="module")
def many() -> Iterator[pl.DataFrame]:
    """5,000 subjects."""
    yield simulated(5_000)


def prepared(table: pl.DataFrame, arm: str | None = None) -> Cohort:
    """The cohort of a table."""
    extra = ("arm", "administered_on", *([arm] if arm else ()))
    return cohort_of(*scored_table(table, extra=extra), arm=arm)


def texts(drawn: Chart) -> list[str]:
    """Every text of a chart."""
    found = (t for t in drawn.figure.findobj(Text) if isinstance(t, Text) and t.get_visible())
    return [text.get_text() for text in found]


def said(drawn: Chart) -> str:
    """All of them in one line."""
    return " ".join(" ".join(texts(drawn)).split())


@pytest.mark.requirement("REQ-CHART-04")
@pytest.mark.parametrize("kind", ["z", "waterfall", "statuses"])
def test_no_label_overlaps_another(kind: str) -> None:
    assert overlaps(chart.cohort(TWELVE, kind=kind)) == []
    assert overlaps(drawn_of(kind)) == []


@pytest.mark.parametrize("arms", [2, 3, 4, 12])
@pytest.mark.parametrize("kind", ["z", "waterfall"])
def test_no_figure_of_an_axis_reaches_the_panel_beside_it(kind: str, arms: int) -> None:
    """The minus of -0.5 lay on the frame of the panel to the left."""
    number = (pl.col("subject_id").rank("dense") % arms).cast(str)
    drawn = chart.cohort(COHORT.with_columns(arm=number), kind=kind)
    with style():
        canvas: Any = FigureCanvasAgg(drawn.figure)
        drawn.figure.draw_without_rendering()
        renderer = canvas.get_renderer()
        for ax in drawn.figure.axes:
            for other in drawn.figure.axes:
                for label in ax.get_yticklabels():
                    box = label.get_window_extent(renderer).padded(2)  # half a millimetre
                    reached = box.overlaps(other.bbox) and other is not ax
                    assert not reached or not label.get_text(), label.get_text()


@pytest.mark.requirement("REQ-CHART-09")
def test_no_chronological_age_is_negative() -> None:
    """The arm of children who are not corrected had a tick at -2 months."""
    panels = drawn_of("z").figure.axes[-3:]
    ticks = [[text.get_text() for text in ax.get_xticklabels()] for ax in panels]
    titles = [ax.get_xlabel() for ax in panels]
    assert titles == [*["Corrected age (months)"] * 2, "Chronological age (months)"]
    assert ["−2" in found for found in ticks] == [True, True, False]


@pytest.mark.requirement("REQ-CHART-10")
def test_the_hand_over_does_not_cross_the_figures_below() -> None:
    """It stood before a figure as if it were a 1."""
    for ax in drawn_of("z").figure.axes:
        found = [ln for ln in ax.lines if np.ptp(x := np.asarray(ln.get_xdata())) == 0 < len(x) - 1]
        (line,) = found
        top = max(text.get_window_extent().y1 for text in ax.texts)
        assert line.get_window_extent().y0 >= top


@pytest.mark.parametrize("kind", ["z", "waterfall", "statuses"])
def test_5000_subjects_make_a_file_of_bounded_size(kind: str, many: pl.DataFrame) -> None:
    drawn = chart.cohort(many, kind=kind, arm="group" if kind != "statuses" else None)
    assert overlaps(drawn) == []
    content = drawn.to_bytes("svg")
    assert len(content) < 2_000_000
    assert (b"data:image/png;base64" in content) == (kind == "z")


def test_every_subject_is_a_line_of_its_own_in_the_vector_file() -> None:
    found = groups(drawn_of())
    cohort = prepared(COHORT)
    assert len(COHORT) <= MANY
    assert cohort.arms == ["Arm: A", "Arm: B", "Arm: control"]
    for arm, n in enumerate((21, 14, 4)):
        assert len(found[f"subjects-weight-{arm}"]) == n


@pytest.mark.requirement("REQ-CHART-01")
def test_the_median_is_that_of_the_subjects() -> None:
    rows = [(3, 0, 1.0), (3, 5, 3.0), (4, 2, 0.0), (5, 3, 4.0), (5, 400, 9.0)]
    subject, day, z = (np.array(column) for column in zip(*rows, strict=True))
    found = binned(subject, day, z)
    assert len(found) == 1, "one span has three subjects, the other one"
    mean, n, quartiles = found[6]
    assert (mean, n) == (2.5, 3)
    assert quartiles.tolist() == [1.0, 2.0, 3.0], "of the means 2, 0 and 4 of the subjects"


def test_the_spans_of_age_ascend() -> None:
    assert list(BIN_EDGES) == sorted(set(BIN_EDGES))
    for month in (1, 3, 6, 9, 12, 18, 24, 30, 36):
        at = np.digitize(month * 30.4375, BIN_EDGES)
        assert np.digitize(month * 30.4375 - 7, BIN_EDGES) == at
        assert np.digitize(month * 30.4375 + 7, BIN_EDGES) == at


def test_the_median_line_is_drawn_where_it_is(many: pl.DataFrame) -> None:
    drawn = chart.cohort(many, arm="group")
    cohort = prepared(many, "group")
    at = (cohort.arm == 1) & (cohort.measures["weight"].status == 0)
    spans = binned(cohort.subject[at], cohort.day[at], cohort.measures["weight"].z[at])
    line = vertices(groups(drawn)["median-weight-1"])
    assert len(line) == len(spans)
    heights = [y for _, y in line]
    medians = [q[1] for _, _, q in spans.values()]
    slope = (heights[-1] - heights[0]) / (medians[-1] - medians[0])
    assert np.allclose([heights[0] + slope * (m - medians[0]) for m in medians], heights, atol=1e-3)
    assert medians[-1] - medians[0] == pytest.approx(1, abs=0.15)


@pytest.mark.requirement("REQ-CHART-06")
def test_the_hand_over_and_the_labels() -> None:
    words = " ".join(" ".join(texts(drawn_of())).split())
    assert "Fenton preterm growth chart (2013) to 50w0d, then WHO Child Growth Standards" in words
    assert "stretched before the hand-over" in words
    assert "Visits left out: weight: gestation not usable (2), value not usable (2)" in words
    assert "length or height: gestation not usable (2), implausible (1), sex not" in words
    assert "2 rows left out: no usable age or no subject." in words
    words = " ".join(texts(chart.cohort(COHORT, reference="who-2006")))
    assert "stretched" not in words
    assert "fenton" not in words.lower()


@pytest.mark.parametrize("kind", ["z", "waterfall"])
def test_the_label_that_the_licence_asks_for_is_a_heading(kind: str) -> None:
    drawn = chart.cohort(TWELVE, kind=kind, policy=FENTON_2025)
    (label,) = (
        t for t in drawn.figure.findobj(Text)
        if isinstance(t, Text) and t.get_text().startswith("Fenton 2025 Preterm Growth Chart to")
    )  # fmt: skip
    assert label.get_fontweight() == "bold"
    assert float(label.get_fontsize()) >= 9.5
    assert overlaps(drawn) == []


def numbers(n: int) -> Ints:
    """Of n subjects."""
    return np.arange(n, dtype=np.int32)


def test_the_median_does_not_follow_who_is_seen_at_the_ends() -> None:
    """150 infants, five of whom were born early and large: the line began with those five."""
    days = np.array([0, 90], dtype=np.int32)
    subject, day = np.repeat(numbers(150), 2), np.tile(days, 150)
    z = np.full(300, -1.0)
    early = numbers(5)
    found = binned(
        np.concatenate([subject, early]),
        np.concatenate([day, np.full(5, -70, dtype=np.int32)]),
        np.concatenate([z, np.full(5, 4.0)]),
    )
    assert [n for _, n, _ in found.values()] == [150, 150]
    few = binned(numbers(12), np.repeat(days, [9, 3]), np.zeros(12))
    assert [n for _, n, _ in few.values()] == [9, 3], "three, and a quarter of them"
    many = binned(numbers(400), np.repeat(days, [380, 20]), np.zeros(400))
    assert [n for _, n, _ in many.values()] == [380, 20], "twenty are enough of any number"


def test_one_arm_and_arms_not_stated() -> None:
    assert {"All", "39 subjects"} <= set(texts(chart.cohort(COHORT.drop("arm"))))
    empty = COHORT.with_columns(arm=pl.when(pl.col("arm") == "A").then(pl.lit("A")))
    assert {"Arm: not stated", "18 subjects"} <= set(texts(chart.cohort(empty)))


def test_four_arms_with_long_names() -> None:
    number = (pl.col("subject_id").rank("dense") % 4).cast(str)
    long = COHORT.with_columns(arm=pl.lit("a dose of so many million cells per kg, ") + number)
    for kind in ("z", "waterfall"):
        drawn = chart.cohort(long, kind=kind)
        assert overlaps(drawn) == []
        named = {text for text in texts(drawn) if text.startswith("Arm: a dose")}
        assert len(named) == 4, "told apart by the end of their names"


def test_arms_of_which_there_are_too_many_or_none() -> None:
    with pytest.raises(FileError, match="39 different arms; a chart has at most 12"):
        chart.cohort(COHORT, arm="subject_id")
    with pytest.raises(FileError, match="there is no column 'group'"):
        chart.cohort(COHORT, arm="group")
    with pytest.raises(FileError, match="no column subject_id"):
        chart.cohort(COHORT.drop("subject_id"))
    with pytest.raises(InputError, match="arm: 'arm' is not accepted; not for the counts"):
        chart.cohort(COHORT, kind="statuses", arm="arm")
    with pytest.raises(InputError, match="kind: 'growth'"):
        chart.cohort(COHORT, kind="growth")


def test_a_change_is_that_of_velocity_from_the_visit_before_administration() -> None:
    cohort = prepared(COHORT)
    found = changes_of(cohort, "weight")
    assert len(found.change) == 39
    rows = COHORT.filter(pl.col("subject_id") == "001-0001")
    before = rows.filter(pl.col("measured_on") <= pl.col("administered_on")).tail(1)
    last = rows.filter(pl.col("weight_g").str.contains(r"^\d+$")).tail(1)
    ages = [Age(r["birth_date"][0], r["measured_on"][0], "26+3") for r in (before, last)]
    expected = velocity.change(
        "weight",
        first=f"{before['weight_g'][0]} g",
        second=f"{last['weight_g'][0]} g",
        sex="f",
        first_age=ages[0],
        second_age=ages[1],
    )
    at = [cohort.subjects[i] for i in found.subject].index("001-0001")
    assert found.change[at] == pytest.approx(expected.change)
    assert bool(found.crossed[at]) == (expected.status == "reference_changed")


def test_a_measure_without_any_z_has_no_change() -> None:
    """With days of administration the waterfall ended in an error of the program."""
    visits = TWELVE.with_columns(head_circumference_cm=pl.lit("none"))
    with pytest.warns(ColumnWarning, match="head_circumference_cm: all 132 rows are not numbers"):
        drawn = chart.cohort(visits, kind="waterfall")
    reasons = [text for text in texts(drawn) if text.startswith("no z-score: value not usable")]
    assert len(reasons) == 3, "one for each arm"
    assert "head circumference: 0 changes, 12 subjects without two z-scores" in said(drawn)
    assert overlaps(drawn) == []


def test_without_administration_from_the_first_visit() -> None:
    visits = pl.DataFrame(
        {
            "subject_id": ["a", "a", "b", "c", "c"],
            "sex": ["m"] * 5,
            "age_days": [200, 60, 30, 400, 400],
            "length_cm": [66.0, 57.0, 54.0, 75.0, 76.0],
        }
    )
    found = changes_of(prepared(visits), "length")
    first, last = (
        zscore("length", Q(y, "cm"), sex="m", age=Age.from_days(day)).z
        for y, day in ((57.0, 60), (66.0, 200))
    )
    assert found.change.tolist() == [pytest.approx(last - first)]
    assert found.without == 2, "one visit; two on the same day"
    assert found.crossed.tolist() == [False]
    drawn = chart.cohort(visits, kind="waterfall")
    assert "from the first z to the last z" in " ".join(texts(drawn))


@pytest.mark.requirement("REQ-CHART-02")
def test_a_change_across_references_is_hatched() -> None:
    drawn = chart.cohort(TWELVE, kind="waterfall")
    bars = [c for ax in drawn.figure.axes for c in ax.containers if isinstance(c, BarContainer)]
    hatched = [bar for container in bars for bar in container if bar.get_hatch()]
    plain = [bar for container in bars for bar in container if not bar.get_hatch()]
    assert len(hatched) == 30
    assert len(plain) == 6
    assert "10 of them from one reference to another" in " ".join(texts(drawn))


def test_an_area_is_hatched_where_the_bars_would_be(many: pl.DataFrame) -> None:
    """It was solid, which the key of a chart with a smaller arm calls one reference."""
    drawn = chart.cohort(many, kind="waterfall", arm="group")
    areas = [p for ax in drawn.figure.axes for p in ax.patches if isinstance(p, PathPatch)]
    assert len(areas) >= 3, "falls and rises in arm A, rises in arm B"
    assert all(area.get_hatch() for area in areas)
    assert "Each step one subject" in said(drawn)
    (legend,) = drawn.figure.legends
    (mark,) = legend.get_patches()
    assert mark.get_hatch(), "the key shows the hatching"
    runs = areas_of(np.array([0, 1, 3]), np.array([-2.0, -1.0, -0.5, -0.2]))
    assert [run.tolist() for run in runs] == [
        [[-0.5, 0], [-0.5, -2], [0.5, -2], [0.5, -1], [1.5, -1], [1.5, 0]],
        [[2.5, 0], [2.5, -0.2], [3.5, -0.2], [3.5, 0]],
    ]


def test_the_axis_of_a_waterfall_says_what_it_counts() -> None:
    lowest = drawn_of("waterfall").figure.axes[-3:]
    assert [ax.get_xlabel() for ax in lowest] == ["Subjects, by change in z"] * 3


def test_no_bar_reaches_the_text_in_the_corner() -> None:
    drawn = chart.cohort(TWELVE, kind="waterfall")
    with style():
        canvas: Any = FigureCanvasAgg(drawn.figure)
        drawn.figure.draw_without_rendering()
        for ax in drawn.figure.axes:
            corner = next(t for t in ax.texts if t.get_text().startswith("median"))
            foot = ax.transData.inverted().transform(
                corner.get_window_extent(canvas.get_renderer())
            )[0, 1]
            assert foot >= 1, "the scale goes to 1 at least"


def test_long_names_of_bars_are_told_apart() -> None:
    """They were cut at their ends, where names differ."""
    long = TWELVE.with_columns(subject_id="centre of the north " + pl.col("subject_id"))
    drawn = chart.cohort(long, kind="waterfall")
    names = {text for text in texts(drawn) if text.startswith("centre")}
    assert overlaps(drawn) == []
    assert len(names) == 12
    assert max(map(len, names)) == 12


def test_a_subject_seen_once_is_a_dot() -> None:
    """A line of one point is nothing."""
    found = groups(chart.cohort(simulated(7, visits=1)))
    assert len(found["once-weight-0"].findall(f".//{SVG}use")) == 7
    assert "once-weight-0" not in groups(chart.cohort(simulated(7)))


def test_how_many_subjects_a_median_has_is_said_at_the_last_visit(many: pl.DataFrame) -> None:
    """There was no room for the last figure, of the visit that trials are about."""
    drawn = chart.cohort(many, arm="group")
    for ax in drawn.figure.axes:
        figures = [text for text in ax.texts if text.get_text() == "2,500"]
        assert len(figures) >= 5, "of six visits"
        assert max(text.get_position()[0] for text in figures) > 0.9


def test_without_a_measure_to_draw() -> None:
    """The chart of a table of arm circumferences was an empty page."""
    table = COHORT.drop("weight_g", "length_cm", "head_circumference_cm")
    table = table.with_columns(arm_circumference_cm=pl.lit("13.5"))
    problem = "no column to draw; accepted: weight_kg, weight_g, "
    with pytest.raises(FileError, match=problem):
        chart.cohort(table)
    with pytest.raises(FileError, match=problem):
        chart.infant(table, subject="001-0006")
    with pytest.raises(FileError, match=problem):
        chart.velocity(table, subject="001-0006")
    assert "Arm circumference (acz)" in said(chart.cohort(table, kind="statuses"))


def test_bars_have_names_where_there_is_room() -> None:
    assert "001-0001" in texts(chart.cohort(TWELVE, kind="waterfall"))
    assert "001-0001" not in texts(drawn_of("waterfall"))


def test_nothing_to_compare() -> None:
    one = COHORT.group_by("subject_id", maintain_order=True).head(1)
    drawn = chart.cohort(one, kind="waterfall")
    assert said(drawn).count("no change: no subject has two z-scores") == 9
    assert overlaps(drawn) == []
    assert overlaps(chart.cohort(one)) == []


def test_no_rows() -> None:
    for kind in ("z", "waterfall", "statuses"):
        drawn = chart.cohort(COHORT.head(0), kind=kind)
        assert overlaps(drawn) == []
        assert drawn.to_bytes("svg")


@pytest.mark.requirement("REQ-CHART-07")
def test_statuses_are_counted() -> None:
    words = texts(drawn_of("statuses"))
    assert "Weight (waz): 420 of 430 ok (97.6%)" in words
    assert "Head circumference (hcz): 425 of 430 ok (98.8%)" in words
    assert "BMI (baz): 216 of 430 ok (50.2%)" in words
    assert "gestation not usable" in words
    clean = simulated(3)
    words = texts(chart.cohort(clean, kind="statuses"))
    assert "Weight (waz): 18 of 18 ok (100%)" in words


def test_a_share_of_100_per_cent_is_all_of_them() -> None:
    drawn = draw_statuses({"waz": {"ok": 29_999, "oedema": 1}}, [])
    assert "Weight (waz): 29,999 of 30,000 ok (99.9%)" in texts(drawn)


def weights(days: dict[int, int], **more: Any) -> pl.DataFrame:
    """A table in which so many infants are seen on each day, those of the first number first."""
    rows = [(f"{i:03d}", day) for day, n in days.items() for i in range(n)]
    ages = [day for _, day in rows]
    age = Age.from_days(np.minimum(ages, 3000))
    median = measurement("weight", [0.0] * len(rows), sex=["f"] * len(rows), age=age)
    data: dict[str, Any] = {
        "subject_id": [name for name, _ in rows],
        "sex": ["f"] * len(rows),
        "age_days": ages,
        "weight_kg": median.magnitude,
    }
    return pl.DataFrame(data | more)


def months(drawn: Chart) -> list[int]:
    """The ticks of the axes of age [month]."""
    found = {text.get_text() for ax in drawn.figure.axes for text in ax.get_xticklabels()}
    return sorted(int(text.replace("−", "-")) for text in found if text)


@pytest.mark.requirement("REQ-CHART-10")
def test_one_visit_at_69_years_does_not_stretch_the_axis() -> None:
    drawn = chart.cohort(weights({0: 10, 91: 10, 183: 10, 25_200: 1}))
    assert months(drawn)[-1] == 6
    assert "Visits left out: weight: older than the chart (1)." in said(drawn)


@pytest.mark.requirement("REQ-CHART-10")
@pytest.mark.parametrize("late", [1, 2, 3])
def test_few_visits_after_the_last_median_do_not_stretch_the_axis(late: int) -> None:
    """One visit at five years made a strip of those of the first half year."""
    drawn = chart.cohort(weights({0: 40, 91: 40, 183: 40, 1800: late}))
    counted = "1 visit" if late == 1 else f"{late} visits"
    note = f"{counted} with a z not drawn: after the end of the axis."
    many = late > 2  # of 123: more than two in a hundred
    assert months(drawn)[-1] == (48 if many else 6)
    assert (note in said(drawn)) == (not many)
    until = chart.cohort(weights({0: 40, 91: 40, 183: 40, 1800: late}), until=60)
    assert months(until)[-1] == 48, "the visit at 59 months is within"
    assert "not drawn" not in said(until)


@pytest.mark.requirement("REQ-CHART-10")
def test_an_axis_is_as_long_as_the_data() -> None:
    """Half a year of visits had an axis of 24 months."""
    drawn = chart.cohort(weights({0: 5, 91: 5, 198: 5}))
    assert months(drawn) == [0, 1, 2, 3, 6]
    (ax,) = drawn.figure.axes
    assert ax.get_xlim()[1] < 8 * 30.4375


@pytest.mark.requirement("REQ-CHART-10")
def test_medians_stand_where_the_note_says() -> None:
    """They stood at 48 and 60 months, where the note ended at 36."""
    drawn = chart.cohort(weights({0: 5, 365: 5, 1096: 5, 1461: 5, 1800: 5}))
    assert "around birth and around 12, 36, 48 and 60 months" in said(drawn)
    line = next(ln for ln in drawn.figure.axes[0].lines if ln.get_gid() == "median-weight-0")
    assert [round(day / 30.4375) for day in np.asarray(line.get_xdata())] == [0, 12, 36, 48, 59]


@pytest.mark.requirement("REQ-CHART-10")
def test_visits_of_school_age_have_medians() -> None:
    """387 visits at seven years were drawn without one."""
    spans = np.digitize([30.4375 * month for month in AROUND], BIN_EDGES)
    assert spans.tolist() == list(range(TERM_SPAN + 1, len(BIN_EDGES)))
    drawn = chart.cohort(weights({0: 5, 1461: 5, 2557: 5}))
    assert "around birth and around 48 and 84 months" in said(drawn)
    assert months(drawn)[-1] == 84


@pytest.mark.requirement("REQ-CHART-10")
@pytest.mark.parametrize("kind", ["z", "waterfall"])
def test_until_is_for_cohorts_too(kind: str) -> None:
    """It was refused."""
    table = weights({0: 5, 91: 5, 365: 5, 730: 4})
    drawn = chart.cohort(table, kind=kind, until=12)
    if kind == "z":
        assert months(drawn)[-1] == 12
        assert "4 visits with a z not drawn: after the end of the axis." in said(drawn)
    else:
        assert "from the first z to the last z up to the visits around 12 months." in said(drawn)
        cohort = prepared(table)
        found = changes_of(cohort, "weight", 12)
        assert set(cohort.rows.age.days[found.last].tolist()) == {365}
    assert overlaps(drawn) == []
    with pytest.raises(InputError, match="until: 0 is not accepted"):
        chart.cohort(table, kind=kind, until=0)
    with pytest.raises(InputError, match="until: 12 is not accepted; not for the counts"):
        chart.cohort(table, kind="statuses", until=12)


@pytest.mark.requirement("REQ-CHART-10")
@pytest.mark.parametrize("arms", [1, 2, 4, 7, 12])
def test_how_many_subjects_stands_at_every_median(arms: int, many: pl.DataFrame) -> None:
    """The figure at birth was left out where labels crowd."""
    group = (pl.col("subject_id").rank("dense") % arms).cast(str)
    days = many["age_days"].to_numpy() + np.repeat(np.arange(5_000) % 200, 6)
    age = Age.from_days(days, ["28+0"] * len(days))
    median = measurement("weight", [0.0] * len(days), sex=["f"] * len(days), age=age)
    crowded = many.with_columns(group=group, age_days=days, weight_kg=median.magnitude)
    for table in (COHORT.with_columns(group=group), crowded):
        drawn = chart.cohort(table, arm="group")
        assert overlaps(drawn) == []
        for ax in drawn.figure.axes:
            figures = [text.get_text() for text in ax.texts if text.get_text()[:1].isdigit()]
            bold = [ln for ln in ax.lines if str(ln.get_gid()).startswith("median-")]
            points = len(np.asarray(bold[0].get_xdata())) if bold else 0
            assert len(figures) == points


@pytest.mark.requirement("REQ-CHART-10")
def test_the_table_of_a_report_has_the_medians_of_its_chart() -> None:
    cohort = prepared(COHORT)
    for until in (None, 3):
        found = shown(cohort, until)
        rows = [at for medians in found.medians.values() for at in medians.values()]
        page = report.page(COHORT, until=until)
        table = page[page.index("z by arm and age") : page.index("Visits with a status")]
        assert table.count("<tr>") == len(rows) + 1
        for _, n, quartiles in rows:
            assert f'<td class="n">{n}</td><td class="n">{fixed(quartiles[1], 2)}</td>' in table


@pytest.mark.requirement("REQ-CHART-09")
def test_arms_are_named_by_what_the_codes_mean() -> None:
    """They were titled "preterm 0.0" and "sex 1" although codes are declared."""
    table = weights({0: 6, 91: 6}, sex=[1.0, 2.0, 1.0] * 4).with_columns(
        preterm=pl.Series([0.0, 1.0, 0.0] * 4), treated=pl.Series([True, False, True] * 4)
    )
    codes = {"female": 1, "male": 2}
    for arm, names in (
        ("sex", ["Sex: female", "Sex: male"]),
        ("preterm", ["Preterm: 0", "Preterm: 1"]),
        ("treated", ["Treated: no", "Treated: yes"]),
    ):
        drawn = chart.cohort(table, arm=arm, sex_codes=codes)
        assert [text for text in texts(drawn) if ": " in text and text in names] == names
