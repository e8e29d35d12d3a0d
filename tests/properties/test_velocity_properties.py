"""Properties of velocity, gain and change in z."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.cohort import wholes
from neocalc.references.catalogue import reference
from neocalc.velocity.increment_tables import LAST_DAY, WHO_2009, increment_table, read_rows, row_at
from neocalc.velocity.intervals import METHODS, Rule, cells_of
from velocity_simulation import MONTH, WIDTHS

pytestmark = pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")
SEXES = st.sampled_from(["female", "male"])
MEASURES = st.sampled_from(sorted(WIDTHS))
BASES = {"weight": (4000.0, "g"), "length": (55.0, "cm"), "head_circumference": (38.0, "cm")}
SCALES = {"weight": 2000.0, "length": 8.0, "head_circumference": 4.0}


def velocity(
    measure: str, sex: str, first: int, days: int, increment: float, **options: Any
) -> nc.velocity.Velocity:
    """Velocity of a child born at term."""
    base, unit = BASES[measure]
    return nc.velocity.zscore(
        measure,
        first=nc.Q(base, unit),
        second=nc.Q(base + increment, unit),
        sex=sex,
        first_age=nc.Age.from_days(first),
        second_age=nc.Age.from_days(first + days),
        **options,
    )


@given(
    weights=st.tuples(*[st.floats(300, 20_000)] * 3),
    days=st.tuples(st.integers(1, 400), st.integers(1, 400)),
)
def test_exponential_rate_is_additive_over_adjacent_intervals(
    weights: tuple[float, float, float], days: tuple[int, int]
) -> None:
    def rate(first: float, second: float, interval: int) -> float:
        return float(
            nc.velocity.gain(
                "weight",
                first=nc.Q(first, "g"),
                second=nc.Q(second, "g"),
                days=interval,
                method="exponential",
            ).magnitude
        )

    one, two, three = weights
    whole = rate(one, three, sum(days)) * sum(days)
    parts = rate(one, two, days[0]) * days[0] + rate(two, three, days[1]) * days[1]
    assert whole == pytest.approx(parts, abs=1e-8)


@given(
    first=st.floats(0.6, 12), second=st.floats(0.6, 12), days=st.integers(1, 500), sex=SEXES,
    start=st.integers(0, 500),
)  # fmt: skip
def test_change_in_z_is_antisymmetric(
    first: float, second: float, days: int, sex: str, start: int
) -> None:
    """Of the z-scores: swapping what was measured at two visits with one z turns the sign."""

    def change(z1: float, z2: float) -> nc.velocity.Change:
        ages = nc.Age.from_days(start, "29+0"), nc.Age.from_days(start + days, "29+0")
        weights = [
            nc.measurement("weight", z, sex=sex, age=age)
            for z, age in zip((z1, z2), ages, strict=True)
        ]
        return nc.velocity.change(
            "weight", first=weights[0], second=weights[1], sex=sex,
            first_age=ages[0], second_age=ages[1],
        )  # fmt: skip

    z1, z2 = first / 4 - 1.5, second / 4 - 1.5
    forth, back = change(z1, z2), change(z2, z1)
    assert forth.change == pytest.approx(z2 - z1, abs=1e-9)
    assert forth.change == pytest.approx(-back.change, abs=1e-9)
    assert forth.per_week == pytest.approx(-back.per_week, abs=1e-9)


@given(
    measure=MEASURES, sex=SEXES, first=st.integers(0, 731), days=st.integers(20, 200),
    share=st.tuples(st.floats(-0.2, 1.5), st.floats(-0.2, 1.5)),
    restricted=st.sampled_from([None, True, False]),
    start=st.sampled_from(["interpolate", "nearest"]),
)  # fmt: skip
def test_velocity_increases_with_the_increment(
    measure: str, sex: str, first: int, days: int, share: tuple[float, float],
    restricted: bool | None, start: str,
) -> None:  # fmt: skip
    low, high = sorted(SCALES[measure] * s for s in share)
    assume(high - low > 1e-6 * SCALES[measure])
    one, two = (
        velocity(measure, sex, first, days, i, restricted=restricted, start=start)
        for i in (low, high)
    )
    if one.z == one.z and two.z == two.z:
        assert one.z < two.z
        assert one.z_floor <= one.z + 1e-9
    elif two.z != two.z:
        assert one.z != one.z  # a smaller increment has no z either
    assert one.nominal_months == two.nominal_months


@given(
    measure=MEASURES, sex=SEXES, first=st.integers(0, 731), days=st.integers(20, 200),
    z=st.floats(-4, 4),
)  # fmt: skip
def test_increment_is_the_inverse_of_velocity(
    measure: str, sex: str, first: int, days: int, z: float
) -> None:
    ages = {"first_age": nc.Age.from_days(first), "second_age": nc.Age.from_days(first + days)}
    call: Any = nc.velocity.increment
    try:
        gain = call(measure, z, sex=sex, **ages)
    except nc.InputError as error:
        assert error.status in (
            "invalid_value", "interval_not_nominal", "no_table", "above_velocity_reference",
        )  # fmt: skip
        return
    back = velocity(measure, sex, first, days, gain.magnitude)
    assert back.z == pytest.approx(z, abs=1e-6)


@given(measure=MEASURES, sex=st.integers(0, 1), data=st.data())
def test_at_a_nominal_interval_and_a_tabulated_start_nothing_is_done(
    measure: str, sex: int, data: st.DataObject
) -> None:
    """Whole months are rarely whole days: of the row itself, and of the days that are."""
    width = data.draw(st.sampled_from(WIDTHS[measure]))
    found = read_rows(reference(WHO_2009), measure)[width, sex]
    i = data.draw(st.integers(0, len(found) - 1))
    day = found[i].start_day if width == 1 else i * MONTH
    for start in ("interpolate", "nearest"):
        assert row_at(found, day if i != 1 else found[1].start_day, width, start) == found[i]
    whole = [r for r in found if r.start_day.is_integer()]
    row = data.draw(st.sampled_from(whole))
    codes = [np.array([n], dtype=np.int32) for n in (sex, int(row.start_day), round(row.width))]
    for between in ("interpolate", "scale"):
        cells, at = cells_of(measure, Rule("interpolate", between, 0.1), *codes)
        assert METHODS[cells.method[at[0]]] == "who-2009"
        used = [column[at[0]] for column in (cells.L, cells.M, cells.S, cells.delta, cells.width)]
        assert used == [row.L, row.M, row.S, row.delta, row.width]


@given(grams=st.floats(-350, 2500), sex=SEXES)
def test_28_days_from_birth_are_scored_as_they_are(grams: float, sex: str) -> None:
    v = velocity("weight", sex, 0, 28, grams)
    assert (v.scaled, v.start_age) == (1.0, 0.0)
    assert v.status == ("implausible" if abs(v.z) > 5 else "ok")
    assert v.z == v.z_unscaled


DAY = st.integers(0, 900)
ROW = st.tuples(
    st.sampled_from(["a", "b", "c", "d", ""]),  # the child
    DAY,
    st.one_of(st.none(), st.integers(500, 15_000)),
)


def table_of(rows: list[tuple[str, int, int | None]]) -> pl.DataFrame:
    """A table of visits; each child has one sex and gestation."""
    facts = {
        "a": ("f", "26+0"),
        "b": ("m", "41+0"),
        "c": ("f", ""),
        "d": ("m", "33+3"),
        "": ("f", ""),
    }
    return pl.DataFrame(
        {
            "row": list(range(len(rows))),
            "subject_id": [child for child, _, _ in rows],
            "sex": [facts[child][0] for child, _, _ in rows],
            "gestational_age": [facts[child][1] for child, _, _ in rows],
            "age_days": [day for _, day, _ in rows],
            "weight_g": [grams for _, _, grams in rows],
        },
        schema_overrides={"age_days": pl.Int64, "weight_g": pl.Float64, "subject_id": pl.String,
                          "sex": pl.String, "gestational_age": pl.String},
    )  # fmt: skip


@pytest.mark.requirement("REQ-FOLLOW-03")
@given(rows=st.lists(ROW, min_size=1, max_size=25), seed=st.integers(0, 99),
       against=st.sampled_from(["previous", "first"]))  # fmt: skip
def test_the_order_of_rows_does_not_matter(
    rows: list[tuple[str, int, int | None]], seed: int, against: str
) -> None:
    table = table_of(rows)
    shuffled = table.sample(fraction=1, shuffle=True, seed=seed)
    one = nc.velocity.score(table, against=against)
    two = nc.velocity.score(shuffled, against=against).sort("row")
    assert one.equals(two)
    assert one["row"].to_list() == table["row"].to_list()


@pytest.mark.requirement("REQ-FOLLOW-03")
@given(rows=st.lists(ROW, min_size=1, max_size=25), child=st.sampled_from(["a", "b", "c", "d"]))
def test_a_child_does_not_depend_on_the_others(
    rows: list[tuple[str, int, int | None]], child: str
) -> None:
    table = table_of(rows)
    own = table.filter(pl.col("subject_id") == child)
    assume(own.height)
    together = nc.velocity.score(table).filter(pl.col("subject_id") == child)
    assert together.equals(nc.velocity.score(own))


@pytest.mark.requirement("REQ-FOLLOW-03")
@given(rows=st.lists(ROW, min_size=1, max_size=25), size=st.integers(1, 7))
def test_chunks_do_not_matter(rows: list[tuple[str, int, int | None]], size: int) -> None:
    table = table_of(rows)
    scoring = followup_files_plan(table.columns)
    expected = nc.velocity.score(table)
    held = wholes.HELD
    try:
        for way in (wholes.IN_ORDER, wholes.IN_PARTS):
            given_rows = table.sort("subject_id", "row") if way == wholes.IN_ORDER else table
            wholes.HELD = 10  # type: ignore[misc]  # Final elsewhere
            parts = wholes.scored_tables(
                given_rows.iter_slices(size), scoring, lambda _: None, way=way, folder=None
            )
            assert pl.concat(parts).sort("row").equals(expected)
    finally:
        wholes.HELD = held  # type: ignore[misc]  # Final elsewhere


def followup_files_plan(columns: list[str]) -> Any:
    """The plan of a table."""
    from neocalc.cohort.followup import plan

    return plan(columns)


@given(
    z1=st.floats(-5, 5), z2=st.floats(-5, 5), r=st.floats(0, 0.99),
)  # fmt: skip
def test_conditional_gain_of_what_was_expected_is_none(z1: float, z2: float, r: float) -> None:
    assert nc.velocity.conditional_gain(z1, r * z1, r, "a test") == pytest.approx(0, abs=1e-9)
    found = nc.velocity.conditional_gain(z1, z2, r, "a test")
    assert found * math.sqrt(1 - r * r) == pytest.approx(z2 - r * z1, abs=1e-9)


@pytest.mark.requirement("REQ-FOLLOW-12")
@given(
    measure=MEASURES,
    sex=SEXES,
    days=st.lists(st.integers(0, 740), min_size=2, max_size=7, unique=True),
    interval=st.integers(28, 200),
    window=st.integers(0, 27),
)
def test_every_visit_with_an_earlier_one_within_the_widths_has_a_z(
    measure: str, sex: str, days: list[int], interval: int, window: int
) -> None:
    """Against the visit before, and against the one that is nearest to an interval."""
    base, _ = BASES[measure]
    days.sort()
    column = {"weight": "weight_g", "length": "length_cm"}.get(measure, f"{measure}_cm")
    table = pl.DataFrame(
        {
            "subject_id": ["1"] * len(days),
            "sex": [sex] * len(days),
            "age_days": days,
            column: [base + SCALES[measure] * day / 200 for day in days],
        }
    )
    prefix = {"weight": "w", "length": "l", "head_circumference": "hc"}[measure]
    widths = increment_table(measure, "interpolate").width[:, ["female", "male"].index(sex)]
    nearest: dict[str, Any] = {"interval": f"{interval} day", "window": f"{window} day"}
    for options in ({}, nearest):
        scored = nc.velocity.score(table, **options)
        for day, since, z in scored.select(
            "age_days", f"{prefix}_interval_days", f"{prefix}_velocity_z"
        ).iter_rows():
            if since is None:
                near = [d for d in days if abs(day - d - interval) <= window and d < day]
                assert not (near if options else [d for d in days if d < day])
                continue
            own = widths[:, min(day - since, LAST_DAY)]
            own = own[~np.isnan(own)]
            if day <= LAST_DAY and own.size and own.min() <= since <= own.max():
                assert z is not None
            if options:
                assert abs(since - interval) <= window
