"""Distributions of a reference: LMS, normal, lognormal and skew t; published values and properties.

The references are those of INTERGROWTH-21st, the WHO's of 5 to 19 years, and a user's own.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
import oracle
import own_references
from neocalc.references import st3
from neocalc.references.catalogue import open_folder, reference
from neocalc.references.files import COLUMNS, METHODS

PRETERM, NEWBORN, SCHOOL = "intergrowth-21st-preterm", "intergrowth-21st-newborn", "who-2007"
MEASURES = {"weight": "kg", "length": "cm", "head_circumference": "cm"}


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    """Folders are read once: a test must not see those of another."""
    open_folder.cache_clear()
    yield
    open_folder.cache_clear()


def at_pma(days: Any) -> nc.Age:
    """Ages at postmenstrual days, of infants born at 26w0d."""
    days = np.asarray(days)
    return nc.Age.from_days(days - 182, gestation=["26+0"] * len(days))


# ------------------------------------------------------------------- postnatal growth, INTERGROWTH

PUBLISHED = {
    # Boys at z -2, 0 and 2, in kg and cm: computed from the published equations elsewhere.
    ("weight", 196): (0.5593, 0.8295, 1.2302),
    ("length", 196): (30.44, 34.57, 39.26),
    ("head_circumference", 196): (22.71, 25.90, 29.10),
    ("weight", 280): (2.5927, 3.4326, 4.5447),
    ("length", 280): (47.30, 50.91, 54.81),
    ("head_circumference", 280): (33.06, 35.03, 37.01),
    ("weight", 448): (6.0246, 7.7875, 10.0662),
    ("length", 448): (62.26, 66.75, 71.57),
    ("head_circumference", 448): (40.64, 43.02, 45.40),
}


@pytest.mark.requirement("REQ-REF-10")
@pytest.mark.parametrize(("measure", "day"), list(PUBLISHED))
def test_values_of_the_postnatal_standards(measure: str, day: int) -> None:
    values = PUBLISHED[measure, day]
    call: Any = nc.measurement
    found = call(
        measure, z=np.array([-2.0, 0.0, 2.0]), sex=["m"] * 3, age=at_pma([day] * 3),
        reference=PRETERM,
    )  # fmt: skip
    digits = 4 if measure == "weight" else 2
    np.testing.assert_allclose(found.magnitude, values, rtol=0, atol=0.51 * 10**-digits)
    score: Any = nc.zscore
    z = score(
        measure, nc.Q(np.array(values), MEASURES[measure]), sex=["m"] * 3, age=at_pma([day] * 3),
        reference=PRETERM,
    )  # fmt: skip
    np.testing.assert_allclose(z.z, [-2, 0, 2], atol=0.005)
    assert set(z.method) == {"normal" if measure == "head_circumference" else "lognormal"}
    assert set(z.status) == {"ok"}


JOINTS = {
    # z by the WHO less z by INTERGROWTH-21st of one infant at 64w0d and 50w0d, at z -2, 0 and 2.
    ("weight", "m", 448): (-0.24, 0.06, 0.43),
    ("weight", "f", 448): (-0.12, -0.01, 0.08),
    ("length", "m", 448): (-0.15, -0.03, 0.23),
    ("length", "f", 448): (-0.05, -0.11, -0.03),
    ("head_circumference", "m", 448): (0.07, 0.04, 0.00),
    ("head_circumference", "f", 448): (0.44, 0.28, 0.12),
    ("weight", "m", 350): (-0.43, -0.36, -0.18),
    ("weight", "f", 350): (-0.39, -0.39, -0.35),
}


@pytest.mark.requirement("REQ-POL-14", "REQ-REF-10")
@pytest.mark.parametrize(("measure", "sex", "day"), list(JOINTS))
def test_joint_with_the_who(measure: str, sex: str, day: int) -> None:
    """It is smaller at 64w0d than at 50w0d: so that is where this reference is handed over."""
    z, where = np.array([-2.0, 0.0, 2.0]), {"sex": [sex] * 3, "age": at_pma([day] * 3)}
    call: Any = nc.measurement
    y = call(measure, z=z, reference=PRETERM, **where)
    score: Any = nc.zscore
    who = score(measure, y, reference="who-2006", **where)
    assert set(who.age_basis) == {"corrected"}
    assert (who.z - z).tolist() == pytest.approx(JOINTS[measure, sex, day], abs=0.0051)
    policy = nc.Policy(preterm_reference=PRETERM)
    over = score(measure, y, policy=policy, **where)
    assert set(over.reference) == {PRETERM}
    later = score(measure, y, policy=policy, sex=[sex] * 3, age=at_pma([449] * 3))
    assert set(later.reference) == {"who-2006"}


def test_range_of_the_postnatal_standards() -> None:
    found = nc.zscore(
        "weight", ["2.9 kg"] * 4, sex=["f"] * 4, age=at_pma([188, 189, 448, 449]), reference=PRETERM
    )
    words = ["age_below_reference", "implausible", "implausible", "age_above_reference"]
    assert found.status.tolist() == words
    assert np.isnan(found.z).tolist() == [True, False, False, True]


# ---------------------------------------------------------------------- size at birth, INTERGROWTH


def born(measure: str, values: Any, sex: str, day: int) -> Any:
    """Sizes at birth at one day of gestation."""
    n = len(values)
    call: Any = nc.size_at_birth
    return call(
        measure, nc.Q(np.asarray(values), MEASURES[measure]), sex=[sex] * n,
        gestation=nc.Q(np.full(n, day), "day"), reference=NEWBORN,
    )  # fmt: skip


def test_small_and_large_for_gestation_by_day() -> None:
    """A day of gestation counts: Fenton 2025 goes by completed week."""
    found = born("weight", [2.0, 3.4, 5.0], "m", 280)
    assert found.category.tolist() == ["SGA", "AGA", "LGA"]
    assert found.status.tolist() == ["ok"] * 3
    same = [nc.size_at_birth("weight", "2.6 kg", sex="f", gestation=f"38+{d}", reference=NEWBORN).z
            for d in range(7)]  # fmt: skip
    assert (np.diff(same) < 0).all()
    week = [nc.size_at_birth("weight", "2.6 kg", sex="f", gestation=f"38+{d}").z for d in range(7)]
    assert len(set(week)) == 1
    for day, status in ((167, "age_below_reference"), (301, "age_above_reference")):
        outside = born("weight", [3.0], "f", day)
        assert (outside.status.tolist(), outside.category.tolist()) == ([status], [""])
        assert np.isnan(outside.z).all()


@pytest.mark.parametrize("measure", list(MEASURES))
def test_the_categories_are_those_of_the_10th_and_90th_centile(measure: str) -> None:
    for sex, day in itertools.product("fm", (168, 200, 230, 231, 250, 280, 300)):
        first, second = reference(NEWBORN).tables(measure)
        table = first if day <= 230 else second
        at = "fm".index(sex), day - table.first
        lines = table.measurement(np.array([-1.2815515655446004, 1.2815515655446004]), at)
        beside = np.concatenate([lines * (1 - 1e-9), lines * (1 + 1e-9)])
        assert born(measure, beside, sex, day).category.tolist() == ["SGA", "AGA", "AGA", "LGA"]


STEPS = {
    # z at 33w0d of newborns at -2, 0 and 2 SD of 32w6d: another form follows, from other infants.
    ("weight", "f"): (0.22, -0.09, 0.04),
    ("weight", "m"): (0.41, -0.07, -0.09),
    ("length", "f"): (-0.74, -0.20, 0.54),
    ("length", "m"): (-0.43, -0.17, 0.15),
    ("head_circumference", "f"): (-0.60, -0.39, -0.16),
    ("head_circumference", "m"): (-0.63, -0.49, -0.31),
}


@pytest.mark.requirement("REQ-REF-10")
@pytest.mark.parametrize(("measure", "sex"), list(STEPS))
def test_the_two_forms_do_not_join_at_33_weeks(measure: str, sex: str) -> None:
    """The size of the step, with the growth of that day; it is stated in docs/references.md."""
    early, late = reference(NEWBORN).tables(measure)
    z, code = np.array([-2.0, 0.0, 2.0]), "fm".index(sex)
    y = early.measurement(z, (code, -1))
    assert (born(measure, y, sex, 230).z - z).tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    step = born(measure, y, sex, 231).z - z
    assert step.tolist() == pytest.approx(STEPS[measure, sex], abs=0.0051)
    assert late.first == early.last + 1 == 231


@pytest.mark.parametrize("measure", list(MEASURES))
def test_a_day_of_gestation_in_either_form_moves_no_line_far(measure: str) -> None:
    """Within a form the SD lines are continuous: a day is less than 0.35 SD."""
    for table in reference(NEWBORN).tables(measure):
        z = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])[:, np.newaxis]
        for sex in (0, 1):
            y = table.measurement(z, (sex,))
            sd = (y[3] - y[1]) / 2
            assert (np.abs(np.diff(y, axis=1)) < 0.35 * sd[1:]).all()


# ----------------------------------------------------------------------------------- the skew t

CHARTS = [
    oracle.st3_table(measure)["male" if sex else "female", day]
    for measure, sex, day in itertools.product(MEASURES, (0, 1), (231, 252, 280, 300))
]


@pytest.mark.requirement("REQ-REF-09")
@pytest.mark.parametrize("row", CHARTS)
def test_both_tails_are_exact(row: oracle.ST3) -> None:
    """To 1e-9 from z -8 to 8, against the incomplete beta function, and there and back."""
    z = np.linspace(-8, 8, 129)
    y = st3.measurement_from_zscore(z, *row)
    there = ~np.isnan(y)
    assert there[z > -4].all()
    assert (np.diff(y[there]) > 0).all()
    np.testing.assert_allclose(st3.zscore_from_measurement(y, *row)[there], z[there], atol=1e-9)
    own = [oracle.st3_z(float(one), row) for one in y[there]]
    np.testing.assert_allclose(own, z[there], rtol=0, atol=1e-9)


def test_what_no_one_measures_has_no_z() -> None:
    row = CHARTS[0]
    values = [0.0, -1.0, math.nan, math.inf]
    assert np.isnan(st3.zscore_from_measurement(values, *row)).all()
    assert np.isnan(st3.measurement_from_zscore([math.nan, -40.0], *row)).all()
    assert st3.zscore_from_measurement(row.mu, *row) == pytest.approx(
        oracle.st3_z(row.mu, row), abs=1e-12
    )


@pytest.mark.requirement("REQ-REF-09")
@settings(max_examples=200, deadline=None)
@given(
    mu=st.floats(0.5, 60),
    spread=st.floats(0.02, 0.2),
    nu=st.floats(0.5, 2),
    tau=st.floats(3, 200),
    z=st.floats(-5, 8),
)
def test_there_and_back(mu: float, spread: float, nu: float, tau: float, z: float) -> None:
    """Whatever the parameters: the inverse, and more is a larger z."""
    row = mu, mu * spread, nu, tau
    y = float(st3.measurement_from_zscore(z, *row))
    if math.isnan(y):  # a heavy lower tail reaches 0 before this z
        assert z < 0
        return
    back = float(st3.zscore_from_measurement(y, *row))
    assert back == pytest.approx(z, abs=1e-9)
    assert float(st3.zscore_from_measurement(y * 1.001, *row)) > back


def test_z_and_measurement_of_one_and_of_many_are_the_same() -> None:
    """The stack of tables and a table by itself: one place for each distribution."""
    for measure, table in ((m, t) for m in MEASURES for t in reference(NEWBORN).tables(m)):
        days = np.arange(table.first, table.last + 1)
        for sex, z in itertools.product((0, 1), (-4.5, -3.0, 0.3, 3.1)):
            y = table.measurement(np.full(len(days), z), (sex,))
            n = len(days)
            call: Any = nc.size_at_birth
            many = call(
                measure, nc.Q(y, table.unit), sex=["fm"[sex]] * n, gestation=nc.Q(days, "day"),
                reference=NEWBORN,
            ).z  # fmt: skip
            there = ~np.isnan(y)
            assert there.all() or z == -4.5, "3 SD below 0 is no size"
            np.testing.assert_array_equal(many, table.zscore(y, (sex,)))
            np.testing.assert_allclose(many[there], z, atol=1e-9)


# ------------------------------------------------------------------------------- WHO, 5 to 19 years


@pytest.mark.requirement("REQ-REF-10")
def test_rows_of_the_who_between_and_at_whole_months() -> None:
    """Age in months is days / 30.4375, not rounded: 487 days are 16 months."""
    table = reference(SCHOOL).table("weight")
    assert (table.first, table.last, table.axis) == (1827, 3652, "age_days")
    rows = oracle.table(SCHOOL, "weight")
    for sex, name in enumerate(("female", "male")):
        whole = 487 * 4  # 64 months
        assert table.M[sex, whole - 1827] == rows[name, 64].M
        low, high = rows[name, 64], rows[name, 65]
        share = 10 / 30.4375
        assert table.M[sex, whole + 10 - 1827] == pytest.approx(
            low.M + share * (high.M - low.M), abs=1e-12
        )
        assert table.L[sex, whole + 10 - 1827] == pytest.approx(
            low.L + share * (high.L - low.L), abs=1e-12
        )


def test_methods_and_limits_of_the_who_from_5_years() -> None:
    """As of the WHO before 5 years; there is no weight for length."""
    measures = reference(SCHOOL).measures
    assert {name: m.method for name, m in measures.items()} == {
        "weight": "lms-restricted", "length": "lms", "bmi": "lms-restricted",
    }  # fmt: skip
    assert {name: m.flag for name, m in measures.items()} == {
        "weight": (-6, 5), "length": (-6, 6), "bmi": (-5, 5),
    }  # fmt: skip
    tall = nc.zscore("length", "118 cm", sex="f", age=nc.Age.from_days(2100))
    lying = nc.zscore("length", "118.7 cm", sex="f", age=nc.Age.from_days(2100), position="l")
    assert tall.z == pytest.approx(lying.z, abs=1e-9), "height is standing"


@pytest.mark.requirement("REQ-POL-13")
def test_there_is_no_gap_at_5_years() -> None:
    """The two references of the WHO were made to join: weight, height and BMI within 0.2 SD."""
    ages = nc.Age.from_days([1826, 1827])
    for measure, value in (("weight", "18 kg"), ("length", "110 cm"), ("bmi", "15 kg/m2")):
        found = nc.zscore(measure, [value] * 2, sex=["m"] * 2, age=ages)
        assert found.reference.tolist() == ["who-2006", SCHOOL]
        assert abs(found.z[1] - found.z[0]) < 0.2


# ------------------------------------------------------------------------ a reference of your own

FORMS = {
    "lms": ("0.5", "3.0", "0.1"),
    "lms-restricted": ("0.5", "3.0", "0.1"),
    "normal": ("3.0", "0.3"),
    "lognormal": ("3.0", "0.1"),
    "st3": ("3.0", "0.3", "1.1", "18.0"),
}


def csv_of(method: str, keys: range, figures: tuple[str, ...] = ()) -> str:
    """A table of one distribution with the same figures in every row."""
    cells = ",".join(figures or FORMS[method])
    lines = [f"sex,age_days,{COLUMNS[method]}"]
    lines += [f"{sex},{key},{cells}" for sex in ("female", "male") for key in keys]
    return "\n".join(lines) + "\n"


def own(folder: Path, method: str, more: str = "flag = [-6, 6]") -> Path:
    table = own_references.OwnTable(
        csv_of(method, range(11)), "age_days", "kg", 0, 10, method, more
    )
    return own_references.write(folder, {"weight": table})


def by_hand(method: str, y: float) -> float:
    """z by the formula of each distribution."""
    if method == "normal":
        return (y - 3) / 0.3
    if method == "lognormal":
        return math.log(y / 3) / 0.1
    if method == "st3":
        return oracle.st3_z(y, oracle.ST3(3.0, 0.3, 1.1, 18.0))
    return oracle.z_of(y, oracle.LMS(0.5, 3.0, 0.1), method)


def test_every_form_is_tried_here() -> None:
    assert set(FORMS) == set(METHODS) == set(COLUMNS)


@pytest.mark.requirement("REQ-REF-09")
@pytest.mark.parametrize("method", list(FORMS))
def test_a_reference_of_your_own_in_each_distribution(tmp_path: Path, method: str) -> None:
    folder = str(own(tmp_path / "mine", method))
    values = [1.9, 2.4, 3.0, 3.3, 4.4]
    age = nc.Age.from_days([5] * 5)
    found = nc.zscore("weight", nc.Q(values, "kg"), sex=["f"] * 5, age=age, reference=folder)
    assert found.z.tolist() == pytest.approx([by_hand(method, y) for y in values], abs=1e-9)
    assert set(found.method) == {method}
    back = nc.measurement("weight", z=found.z, sex=["f"] * 5, age=age, reference=folder)
    assert back.magnitude.tolist() == pytest.approx(values, abs=1e-9)
    one = nc.zscore("weight", "2.4 kg", sex="f", age=nc.Age.from_days(5), reference=folder)
    assert one.z == found.z[1]
    lines = nc.curves("weight", sex="f", reference=folder, z=[float(found.z[1]), 0.0])
    if abs(found.z[1]) < 3:
        assert lines.lines.magnitude[0] == pytest.approx([2.4] * 11, abs=1e-9)
    import polars as pl

    table = pl.DataFrame({"sex": ["f"] * 5, "age_days": [5] * 5, "weight_kg": values})
    assert nc.score(table, reference=folder)["waz"].to_list() == found.z.tolist()


def test_in_grams_and_in_kilograms_the_skew_t_is_the_same(tmp_path: Path) -> None:
    grams = own_references.OwnTable(
        csv_of("st3", range(11), ("3000", "300", "1.1", "18")), "age_days", "g", 0, 10, "st3"
    )
    folder = str(own_references.write(tmp_path / "grams", {"weight": grams}))
    one = nc.zscore("weight", "2.4 kg", sex="f", age=nc.Age.from_days(5), reference=folder)
    assert one.z == pytest.approx(by_hand("st3", 2.4), abs=1e-9)


def test_a_skew_t_by_length_lies_between_its_rows(tmp_path: Path) -> None:
    lines = ["sex,length_cm,mu,sigma,nu,tau"]
    for sex in ("female", "male"):
        lines += [f"{sex},60.0,6.0,0.6,1.0,10", f"{sex},60.1,6.2,0.5,1.2,20"]
    table = own_references.OwnTable(
        "\n".join(lines) + "\n", "length_cm", "kg", 60.0, 60.1, "st3", "flag_small = 4"
    )
    folder = str(own_references.write(tmp_path / "mine", {"weight_for_length": table}))
    row = oracle.ST3(6.05, 0.575, 1.05, 12.5)
    limit = 6.05 * math.exp(-4 * 0.575 / 6.05)
    for y, word in ((5.5, "ok"), (limit * 1.001, "ok"), (limit * 0.999, "implausible")):
        where: dict[str, Any] = {
            "length": nc.Q([60.025], "cm"), "age": nc.Age.from_days([100]), "sex": ["f"],
            "reference": folder,
        }  # fmt: skip
        found = nc.zscore("weight_for_length", nc.Q([y], "kg"), **where)
        assert found.z.tolist() == pytest.approx([oracle.st3_z(y, row)], abs=1e-9)
        assert found.status.tolist() == [word]
        back = nc.measurement("weight_for_length", z=found.z, **where)
        assert back.magnitude.tolist() == pytest.approx([y], abs=1e-9)


@pytest.mark.requirement("REQ-REF-09")
@pytest.mark.parametrize(
    ("method", "figures", "message"),
    [
        ("normal", ("3.0", "0"), "mean and SD must be above 0"),
        ("lognormal", ("-3.0", "0.1"), "median and S must be above 0"),
        ("lms", ("0.5", "3", "-1"), "M and S must be above 0"),
        ("st3", ("3", "0.3", "0", "18"), "mu and sigma and nu and tau must be above 0"),
        ("st3", ("3", "0.3", "1", "-1"), "must be above 0"),
    ],
)
def test_figures_that_are_none(
    tmp_path: Path, method: str, figures: tuple[str, ...], message: str
) -> None:
    table = own_references.OwnTable(
        csv_of(method, range(11), figures), "age_days", "kg", 0, 10, method
    )
    folder = own_references.write(tmp_path / "mine", {"weight": table})
    with pytest.raises(nc.TableError, match=message):
        reference(folder).table("weight")


def test_columns_of_another_distribution_are_refused(tmp_path: Path) -> None:
    table = own_references.OwnTable(csv_of("normal", range(11)), "age_days", "kg", 0, 10, "st3")
    folder = own_references.write(tmp_path / "mine", {"weight": table})
    with pytest.raises(nc.TableError, match="the header must be sex,age_days,mu,sigma,nu,tau"):
        reference(folder).table("weight")
    unknown = own_references.OwnTable(csv_of("lms", range(11)), "age_days", "kg", 0, 10, "gamma")
    folder = own_references.write(tmp_path / "other", {"weight": unknown})
    with pytest.raises(nc.TableError, match="method lms or lms-restricted or normal or lognormal"):
        reference(folder)


def parts(folder: Path, second: str = "[5, 10]", unit: str = "kg") -> Path:
    """A reference whose weight is normal to day 4 and of the skew t from day 5."""
    own_references.write(folder)
    text = (folder / "reference.toml").read_text(encoding="utf-8").split("[measures.weight]")[0]
    forms = (("early.csv", "normal", range(5), "[0, 4]", "kg"),
             ("late.csv", "st3", range(5, 11), second, unit))  # fmt: skip
    for file, method, days, limits, of in forms:
        content = csv_of(method, days)
        (folder / file).write_bytes(content.encode())
        digest = hashlib.sha256(content.encode()).hexdigest()
        text += (
            f'\n[[measures.weight]]\nfile = "{file}"\naxis = "age_days"\nunit = "{of}"\n'
            f'range = {limits}\nmethod = "{method}"\nsha256 = "{digest}"\n'
        )
    (folder / "reference.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.requirement("REQ-REF-09")
def test_a_measure_in_parts(tmp_path: Path) -> None:
    """One distribution follows another along the axis: z, inverse, curves and the end of each."""
    folder = parts(tmp_path / "mine")
    ref = reference(folder)
    assert ref.measures["weight"].range == (0, 10)
    assert ref.measures["weight"].methods == "normal, st3"
    assert [part.file for part in ref.measures["weight"].files] == ["early.csv", "late.csv"]
    assert list(ref.files) == ["early", "late"]
    with pytest.raises(nc.InputError, match="mine has 2 tables of it"):
        ref.table("weight")
    days = np.arange(12)
    age = nc.Age.from_days(days)
    found = nc.zscore("weight", ["2.4 kg"] * 12, sex=["m"] * 12, age=age, reference=str(folder))
    expected = [by_hand("normal", 2.4)] * 5 + [by_hand("st3", 2.4)] * 6
    assert found.z[:11].tolist() == pytest.approx(expected, abs=1e-9)
    assert found.method[:11].tolist() == ["normal"] * 5 + ["st3"] * 6
    assert found.status.tolist() == ["ok"] * 11 + ["age_above_reference"]
    lines = nc.curves("weight", sex="m", reference=str(folder), z=[0.0])
    assert lines.x.tolist() == list(range(11))


@pytest.mark.requirement("REQ-REF-09")
@pytest.mark.parametrize(
    ("second", "unit"), [("[6, 10]", "kg"), ("[4, 10]", "kg"), ("[5, 10]", "g")]
)
def test_parts_that_do_not_join_are_refused(tmp_path: Path, second: str, unit: str) -> None:
    folder = parts(tmp_path / "mine", second, unit)
    with pytest.raises(nc.TableError, match="a part begins one step after the one before ends"):
        reference(folder)
