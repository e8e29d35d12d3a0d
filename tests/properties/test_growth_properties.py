"""Properties of z-scores, their inverse, ages and results, for every method, table and input."""

from __future__ import annotations

import datetime as dt
import math
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import neocalc as nc
from neocalc.references.catalogue import reference
from neocalc.references.files import Table
from neocalc.references.lms import (
    centile_from_zscore,
    measurement_from_zscore,
    zscore_from_centile,
    zscore_from_measurement,
)

# -------------------------------------------------------------------------------- the LMS kernel

powers = st.one_of(st.just(0.0), st.floats(-2, 3), st.floats(-1e-9, 1e-9))
medians = st.floats(0.1, 100)
spreads = st.floats(0.01, 0.3)
methods = st.booleans()


def reaches(z: float, L: float, S: float) -> bool:
    """Whether the lines up to 3 SD and at z exist, by a margin."""
    return min(1 + L * S * z, 1 + 3 * L * S, 1 - 3 * L * S) > 0.02


@pytest.mark.requirement("REQ-LMS-03")
@given(st.floats(-8, 8), powers, medians, spreads, methods)
def test_z_of_the_measurement_at_z_is_z(
    z: float, L: float, M: float, S: float, restricted: bool
) -> None:
    assume(reaches(z, L, S))
    y = measurement_from_zscore(z, L, M, S, restricted=restricted)
    assume(not math.isnan(y))
    assert y > 0
    assert zscore_from_measurement(y, L, M, S, restricted=restricted) == pytest.approx(z, abs=1e-8)


@pytest.mark.requirement("REQ-LMS-03")
@given(st.floats(0.05, 20), powers, medians, spreads, methods)
def test_measurement_at_the_z_of_a_measurement_is_the_measurement(
    share: float, L: float, M: float, S: float, restricted: bool
) -> None:
    y = share * M
    z = zscore_from_measurement(y, L, M, S, restricted=restricted)
    assume(abs(z) < 20 and reaches(z, L, S))
    back = measurement_from_zscore(z, L, M, S, restricted=restricted)
    assert back == pytest.approx(y, rel=1e-9)


@pytest.mark.requirement("REQ-LMS-08")
@given(st.floats(0.05, 20), st.floats(1e-6, 1), powers, medians, spreads, methods)
def test_z_strictly_increases_with_the_measurement(
    share: float, more: float, L: float, M: float, S: float, restricted: bool
) -> None:
    assume(reaches(0, L, S))
    low, high = share * M, share * (1 + more) * M
    z = zscore_from_measurement([low, high], L, M, S, restricted=restricted)
    # With L far from 0 a curve approaches a bound, where neighbours are one float.
    assume(abs(L) * abs(math.log(share)) < 4)
    assert z[0] < z[1]


@pytest.mark.requirement("REQ-LMS-08")
@given(powers, medians, spreads, methods)
def test_z_of_the_median_is_0(L: float, M: float, S: float, restricted: bool) -> None:
    assert zscore_from_measurement(M, L, M, S, restricted=restricted) == 0
    assert measurement_from_zscore(0, L, M, S, restricted=restricted) == M


@pytest.mark.requirement("REQ-LMS-05")
@given(st.sampled_from([-3.0, 3.0]), powers, medians, spreads)
def test_the_restriction_is_continuous_at_three_sd(z: float, L: float, M: float, S: float) -> None:
    assume(reaches(z, L, S))
    y = measurement_from_zscore(z, L, M, S)
    step = 1e-9 * y
    around = zscore_from_measurement([y - step, y, y + step], L, M, S, restricted=True)
    assert np.abs(around - z).max() < 1e-5
    assert (np.diff(around) > 0).all()
    assert measurement_from_zscore(z, L, M, S, restricted=True) == y
    outer = measurement_from_zscore(np.nextafter(z, 2 * z), L, M, S, restricted=True)
    assert outer == pytest.approx(y, rel=1e-9)


@pytest.mark.requirement("REQ-LMS-04")
@given(st.floats(-8, 8))
def test_centile_there_and_back(z: float) -> None:
    centile = centile_from_zscore(z)
    assert 0 <= centile <= 100
    assert centile + centile_from_zscore(-z) == pytest.approx(100, rel=1e-14)
    if abs(z) < 5:
        assert zscore_from_centile(centile) == pytest.approx(z, abs=1e-9)


# -------------------------------------------------------------------------- every table, by Python

UNITS = {
    "weight": "kg", "length": "cm", "head_circumference": "cm", "bmi": "kg/m2",
    "weight_for_length": "kg", "arm_circumference": "cm", "triceps_skinfold": "mm",
    "subscapular_skinfold": "mm",
}  # fmt: skip
SEXES = st.sampled_from(["female", "male", "F", "m"])
POSITIONS = st.sampled_from([None, "l", "h", "standing", "recumbent"])


@st.composite
def children(draw: st.DrawFn) -> dict[str, Any]:
    """A child, and what is asked for, such that there is an answer."""
    gestation = draw(st.one_of(st.none(), st.integers(158, 314)))
    measure = draw(st.sampled_from(sorted(UNITS)))
    name = draw(st.sampled_from(["auto", "who-2006", "fenton-2013", "fenton-2025"]))
    days = st.integers(0, 1826)
    if name.startswith("fenton"):
        assume(measure in ("weight", "length", "head_circumference"))
        assume(gestation is not None and gestation <= 300)
        days = st.integers(max(0, 165 - (gestation or 0)), 350 - (gestation or 0))
    elif gestation is not None and gestation < 259:
        fenton = measure in ("weight", "length", "head_circumference") and name == "auto"
        first = max(0, 165 - gestation) if fenton else 280 - gestation
        days = st.integers(first, 1826)
    day = draw(days)
    if measure in ("arm_circumference", "triceps_skinfold", "subscapular_skinfold"):
        assume(day - max(0, 280 - (gestation or 280)) >= 91)
    child = {
        "measure": measure,
        "sex": draw(SEXES),
        "age": nc.Age.from_days(day, None if gestation is None else nc.Q(gestation, "day")),
        "reference": name,
    }
    if measure in ("length", "weight_for_length"):
        child["position"] = draw(POSITIONS)
    if measure == "weight_for_length":
        on_grid = st.integers(660, 1090).map(lambda tenths: tenths / 10)
        child["length"] = nc.Q(draw(st.one_of(on_grid, st.floats(66, 109))), "cm")
    return child


@given(children(), st.floats(-3.5, 6))
def test_the_inverse_of_every_measure(child: dict[str, Any], z: float) -> None:
    """On and off the 0.1 cm grid, lying and standing, restricted or not."""
    y = nc.measurement(z=z, **child)
    assert y.magnitude > 0
    found = nc.zscore(value=y, **child)
    assert found.z == pytest.approx(z, abs=1e-8)
    assert found.status in ("ok", "implausible")
    assert found.method in ("lms", "lms-restricted")
    assert found.centile == centile_from_zscore(found.z)


@pytest.mark.requirement("REQ-LMS-08")
@given(children(), st.floats(-3.4, 5), st.floats(0.001, 1))
def test_more_is_a_greater_z(child: dict[str, Any], z: float, more: float) -> None:
    y = nc.measurement(z=[z, z + more], **child)
    found = nc.zscore(value=y, **child)
    assert found.z[0] < found.z[1]


@pytest.mark.requirement("REQ-LMS-08")
@given(children())
def test_the_median_of_every_table_has_a_z_of_0(child: dict[str, Any]) -> None:
    y = nc.measurement(z=0, **child)
    assert nc.zscore(value=y, **child).z == pytest.approx(0, abs=1e-10)


@pytest.mark.requirement("REQ-LMS-05")
@given(st.data())
def test_every_table_is_continuous_at_three_sd(data: st.DataObject) -> None:
    name = data.draw(
        st.sampled_from(["who-2006", "fenton-2013", "fenton-2025", "fenton-2025-birth"])
    )
    table: Table = reference(name).table(
        data.draw(st.sampled_from(sorted(reference(name).measures)))
    )
    at = data.draw(st.integers(0, table.last - table.first))
    sex, side = data.draw(st.integers(0, 1)), data.draw(st.sampled_from([-3.0, 3.0]))
    row = [column[sex, at] for column in (table.L, table.M, table.S)]
    y = measurement_from_zscore(side, *row)
    around = zscore_from_measurement(
        [y * (1 - 1e-9), y, y * (1 + 1e-9)], *row, restricted=table.restricted
    )
    assert np.abs(around - side).max() < 1e-6
    assert (np.diff(around) > 0).all()


# --------------------------------------------------------------- one, many and a table are the same

rows = st.fixed_dictionaries(
    {
        "sex": st.sampled_from(["f", "m", "female", "MALE"]),
        "age_days": st.integers(0, 1900),
        "gestational_age": st.one_of(
            st.none(), st.builds(lambda w, d: f"{w}+{d}", st.integers(20, 43), st.integers(0, 6))
        ),
        "weight_g": st.one_of(st.integers(300, 25_000).map(float), st.floats(300, 25_000)),
        "length_cm": st.one_of(
            st.integers(300, 1250).map(lambda tenths: tenths / 10), st.floats(30, 125)
        ),
        "length_position": st.sampled_from([None, "l", "h", "standing"]),
        "head_circumference_cm": st.floats(20, 60),
        "arm_circumference_cm": st.floats(5, 30),
        "triceps_skinfold_mm": st.floats(2, 30),
        "oedema": st.sampled_from([None, "yes", "n"]),
    }
)
tables = st.lists(rows, min_size=1, max_size=6)
POLICIES = st.sampled_from(
    [
        nc.Policy(),
        nc.Policy(preterm_reference="fenton-2025", handover="40 week"),
        nc.Policy(preterm_below="32+0", correct_until="24 month"),
        nc.Policy(require_position=True),
    ]
)
INDICES = {
    "waz": ("weight", "weight_g", "g"),
    "laz": ("length", "length_cm", "cm"),
    "hcz": ("head_circumference", "head_circumference_cm", "cm"),
    "baz": ("bmi", "weight_g", "g"),
    "wlz": ("weight_for_length", "weight_g", "g"),
    "acz": ("arm_circumference", "arm_circumference_cm", "cm"),
    "tsz": ("triceps_skinfold", "triceps_skinfold_mm", "mm"),
}


def given_of(index: str, row: Any) -> dict[str, Any]:
    """What of a row, or of the columns of a table, a z-score is asked with."""
    measure, _, _ = INDICES[index]
    more: dict[str, Any] = {"sex": row["sex"]}
    if measure in ("length", "bmi", "weight_for_length"):
        more["position"] = row["length_position"]
    if measure in ("weight", "bmi", "weight_for_length"):
        more["oedema"] = row["oedema"]
    return more


@pytest.mark.requirement("REQ-STAT-06")
@pytest.mark.filterwarnings("ignore::neocalc.ColumnWarning")
@given(tables, POLICIES)
def test_one_many_and_a_table_agree_to_the_last_bit(
    table: list[dict[str, Any]], policy: nc.Policy
) -> None:
    columns = {name: [row[name] for row in table] for name in table[0]}
    frame = pl.DataFrame(
        columns, schema_overrides={"length_position": pl.String, "oedema": pl.String}
    )
    scored = nc.score(frame, policy=policy)
    ages = nc.Age.from_days(columns["age_days"], gestation=columns["gestational_age"])
    for index, (measure, column, unit) in INDICES.items():
        more = given_of(index, columns)
        if measure in ("bmi", "weight_for_length"):
            more["length"] = nc.Q(columns["length_cm"], "cm")
        many = nc.zscore(measure, nc.Q(columns[column], unit), age=ages, policy=policy, **more)
        z = scored[index].fill_null(math.nan).to_numpy()
        np.testing.assert_array_equal(many.z, z)
        assert many.status.tolist() == scored[f"{index}_status"].to_list()
        references = scored[f"{index}_reference"].cast(pl.String).fill_null("").to_list()
        assert many.reference.tolist() == references
        for i, row in enumerate(table):
            more = given_of(index, row)
            if measure in ("bmi", "weight_for_length"):
                more["length"] = f"{row['length_cm']!r} cm"
            age = nc.Age.from_days(row["age_days"], gestation=row["gestational_age"])
            value = f"{row[column]!r} {unit}"
            if many.status[i] == "missing_value":  # a length without the position it was taken in
                with pytest.raises(nc.MissingError):
                    nc.zscore(measure, value, age=age, policy=policy, **more)
                continue
            one = nc.zscore(measure, value, age=age, policy=policy, **more)
            np.testing.assert_array_equal(one.z, many.z[i])
            shown = (one.status, one.reference, one.age_basis, one.method)
            assert shown == (many.status[i], many.reference[i], many.age_basis[i], many.method[i])


@pytest.mark.requirement("REQ-STAT-03")
@given(tables, st.randoms(use_true_random=False))
def test_permuting_rows_permutes_results(table: list[dict[str, Any]], random: Any) -> None:
    order = list(range(len(table)))
    random.shuffle(order)

    def score(rows: list[dict[str, Any]]) -> list[Any]:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        ages = nc.Age.from_days(columns["age_days"], gestation=columns["gestational_age"])
        return [
            nc.zscore(
                measure,
                nc.Q(columns[column], unit),
                age=ages,
                length=nc.Q(columns["length_cm"], "cm") if index in ("baz", "wlz") else None,
                **given_of(index, columns),
            )
            for index, (measure, column, unit) in INDICES.items()
        ]

    for before, after in zip(score(table), score([table[i] for i in order]), strict=True):
        for name in ("z", "centile", "status", "reference", "age_basis", "method"):
            np.testing.assert_array_equal(getattr(before, name)[order], getattr(after, name))


@cache
def neighbours() -> tuple[list[str], list[str], list[int], list[str]]:
    return ["3 kg", "4 kg", "5 kg"], ["f", "m", "f"], [10, 100, 200], ["30+0", "40+0", "36+6"]


@pytest.mark.requirement("REQ-STAT-03")
@given(
    st.sampled_from([None, "", "0 kg", "x", "3", math.nan, 5, "3 cm"]),
    st.sampled_from([None, "", "x", 1, math.nan, True]),
    st.sampled_from([None, -1, 0.5, math.nan, 1e9, "x", 9000]),
    st.sampled_from(["", "27.3", 27, (1, 2, 3), math.nan, "19+6"]),
    st.integers(0, 3),
)
def test_a_bad_row_changes_no_other(value: Any, sex: Any, day: Any, weeks: Any, at: int) -> None:
    columns = [list(column) for column in neighbours()]
    alone = scored_rows(columns)
    for column, bad in zip(columns, (value, sex, day, weeks), strict=True):
        column.insert(at, bad)
    among = scored_rows(columns)
    assert math.isnan(among.z[at])
    assert among.status[at] != "ok"
    rest = [i for i in range(4) if i != at]
    np.testing.assert_array_equal(among.z[rest], alone.z)
    assert among.status[rest].tolist() == alone.status.tolist() == ["ok"] * 3


def scored_rows(columns: list[list[Any]]) -> nc.ZScore:
    values, sexes, days, weeks = columns
    return nc.zscore("weight", values, sex=sexes, age=nc.Age.from_days(days, gestation=weeks))


# ------------------------------------------------------------------------- refused, never clamped

anything = st.one_of(
    st.floats(),
    st.floats(0.1, 60),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e300]),
)


@pytest.mark.requirement("REQ-STAT-04")
@given(
    st.lists(
        st.tuples(
            anything,
            anything,
            st.one_of(st.integers(-10, 2100), st.sampled_from([-(10**6), 10**6])),
            st.one_of(st.just(math.nan), st.integers(100, 330).map(float)),
            st.sampled_from(["f", "m", None, "x"]),
            st.sampled_from([None, "l", "h"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["auto", "who-2006", "fenton-2013", "fenton-2025"]),
)
def test_a_refusal_is_nan_and_a_word(table: list[Any], measure: str, name: str) -> None:
    """A z, or a word that says why there is none: never that of the end of a table."""
    values, lengths, days, weeks, sexes, positions = (
        list(column) for column in zip(*table, strict=True)
    )
    age = nc.Age.from_days(days, gestation=nc.Q(weeks, "day"))
    found = nc.zscore(
        measure,
        nc.Q(values, UNITS[measure]),
        sex=sexes,
        age=age,
        length=nc.Q(lengths, "cm") if measure == "weight_for_length" else None,
        position=positions,
        reference=name,
    )
    has = ~np.isnan(found.z)
    kept = np.isin(found.status, ["ok", "implausible"])
    np.testing.assert_array_equal(has, kept)
    assert np.isfinite(found.z[has]).all()
    assert (np.isnan(found.centile) == ~has).all()
    assert ((found.method == "") == ~has).all()
    assert (found.reference[has] != "").all()
    for i in np.flatnonzero(has):
        day, week = days[i], weeks[i]
        assert 0 < values[i] < math.inf
        assert sexes[i] in ("f", "m")
        assert day >= 0
        basis = found.age_basis[i]
        corrected = day if math.isnan(week) else day + week - 280
        at = {"chronological": day, "corrected": corrected, "postmenstrual": corrected + 280}[basis]
        if measure == "weight_for_length":
            assert 0 <= at <= 1826
            assert 44.29 < lengths[i] < 120.71
        else:
            table_used = reference(found.reference[i]).table(measure)
            assert table_used.first <= at <= table_used.last


# -------------------------------------------------------------------------------------------- ages

days_of_gestation = st.integers(140, 314)


@pytest.mark.requirement("REQ-AGE-01", "REQ-AGE-02", "REQ-AGE-03")
@given(st.integers(0, 5000), days_of_gestation)
def test_ages_hold_together(day: int, gestation: int) -> None:
    age = nc.Age.from_days(day, gestation=f"{gestation // 7}+{gestation % 7}")
    chronological, corrected = age.chronological.magnitude, age.corrected.magnitude
    assert chronological == day
    assert age.postmenstrual.magnitude == 280 + corrected
    assert age.postmenstrual.magnitude == gestation + chronological
    assert (corrected < chronological) == (gestation < 280)
    assert (corrected == chronological) == (gestation == 280)
    assert age.is_preterm == (gestation < 259)


@pytest.mark.requirement("REQ-AGE-11")
@given(
    st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)),
    st.integers(0, 5000),
    days_of_gestation,
)
def test_dates_and_days_are_the_same_age(born: dt.date, day: int, gestation: int) -> None:
    on = born + dt.timedelta(days=day)
    stated = nc.Q(gestation, "day")
    age = nc.Age(born=born, on=on.isoformat(), gestation=stated)
    same = nc.Age.from_days(day, gestation=stated)
    for name in ("chronological", "corrected", "postmenstrual", "gestation"):
        assert getattr(age, name).magnitude == getattr(same, name).magnitude
    assert age.expected_date == born + dt.timedelta(days=280 - gestation)
    many = nc.Age(
        born=[born, born], on=np.array([on, on], dtype="datetime64[ns]"), gestation=stated
    )
    assert many.corrected.magnitude.tolist() == [age.corrected.magnitude] * 2


@pytest.mark.requirement("REQ-AGE-11")
@given(
    st.lists(st.tuples(st.integers(-5, 3000), st.one_of(st.none(), days_of_gestation)), min_size=1)
)
def test_ages_of_one_and_of_many_agree(table: list[tuple[int, int | None]]) -> None:
    days = [day for day, _ in table]
    weeks = [None if g is None else f"{g // 7}w{g % 7}d" for _, g in table]
    many = nc.Age.from_days(days, gestation=weeks)
    for i, (day, week) in enumerate(zip(days, weeks, strict=True)):
        if day < 0:
            with pytest.raises(nc.AgeError):
                nc.Age.from_days(day, gestation=week)
            assert math.isnan(many.chronological.magnitude[i])
            continue
        one = nc.Age.from_days(day, gestation=week)
        for name in ("chronological", "corrected", "postmenstrual", "gestation"):
            quantity = getattr(one, name)
            expected = math.nan if quantity is None else quantity.magnitude
            np.testing.assert_equal(getattr(many, name).magnitude[i], expected)
        assert many.is_preterm[i] == bool(one.is_preterm)


@pytest.mark.requirement("REQ-AGE-05")
@given(st.floats(0, 200))
def test_months_never_go_back(months: float) -> None:
    day = nc.Age.from_months(months).chronological.magnitude
    assert abs(day - months * 30.4375) <= 0.5 or (months >= 60 and day == 1827)
    assert nc.Age.from_months(months + 0.1).chronological.magnitude >= day


# --------------------------------------------------------------------------------- size at birth

birth_weeks = st.tuples(st.integers(23, 41), st.integers(0, 6))


@pytest.mark.requirement("REQ-FEN-07")
@given(birth_weeks, st.sampled_from(["f", "m"]), st.floats(0.5, 99.5))
def test_size_at_birth_and_its_category(week: tuple[int, int], sex: str, centile: float) -> None:
    assume(abs(centile - 10) > 1e-6 and abs(centile - 90) > 1e-6)
    for measure in ("weight", "length", "head_circumference"):
        chart = nc.curves(measure, sex=sex, reference="fenton-2025-birth", centiles=[centile])
        value = chart.lines[0, int(week[0] - chart.x[0])]
        found = nc.size_at_birth(measure, value, sex=sex, gestation=f"{week[0]}+{week[1]}")
        assert found.centile == pytest.approx(centile, rel=1e-9)
        assert found.category == ("SGA" if centile < 10 else "LGA" if centile > 90 else "AGA")
