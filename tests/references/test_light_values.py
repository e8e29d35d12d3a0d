"""Values that are too small to be a child's, where no z can say so: flagged everywhere alike.

Where L and S of a chart are large no z-score is below -1 / (L S): on Fenton 2013 at 29 weeks none
is below -3.4, so that 1.02 g had the status ok.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
import own_references
from neocalc import chart, report
from neocalc.errors import TableError
from neocalc.references.catalogue import open_folder, reference
from neocalc.references.files import Table
from neocalc.references.lookup import Stack
from shell import Shell

ROOT = Path(__file__).resolve().parents[2]
OUNCE = 28.349523125
LIGHT = {"kg as g": 1 / 1000, "oz as g": 1 / OUNCE, "a tenth": 1 / 10}
HEAVY = {"g as kg": 1000, "g as oz": OUNCE, "tenfold": 10}
CHILDREN = (-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)
TABLES = [
    (ref.id, measure)
    for ref in nc.references()
    if ref.use != "velocity"
    for measure in ref.measures
]
SKINFOLDS = {"triceps_skinfold": 3.2, "subscapular_skinfold": 3.8}
"""The z from which a tenth of a skinfold is within the WHO's limits, which are left as they are."""


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def script() -> ModuleType:
    """scripts/plausibility.py as a module."""
    path = ROOT / "scripts" / "plausibility.py"
    spec = importlib.util.spec_from_file_location("plausibility", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class EveryRow:
    """Every row of a table, both sexes, as calls of the library take them."""

    def __init__(self, ref: str, measure: str) -> None:
        self.ref, self.measure = ref, measure
        self.tables = reference(ref).tables(measure)
        keys = np.arange(self.tables[0].first, self.tables[-1].last + 1)
        self.sex = np.repeat(["female", "male"], len(keys))
        self.keys = np.tile(keys, 2)
        self.unit = self.tables[0].unit

    def measurement(self, z: float) -> Any:
        """The measurement of a child at a z, in every row; NaN where there is none."""
        if reference(self.ref).use == "size_at_birth":
            return self.flat([table.measurement(z, ...) for table in self.tables])
        call: Any = nc.measurement
        return call(self.measure_name, z=z, **self.where).magnitude

    @staticmethod
    def flat(parts: list[Any]) -> Any:
        """Figures of the parts of a table, by sex and key, in the order of the rows."""
        return np.concatenate(parts, axis=1).reshape(-1)

    @property
    def measure_name(self) -> str:
        return self.measure.replace("_height", "_length")

    @property
    def where(self) -> dict[str, Any]:
        about: dict[str, Any] = {"sex": self.sex, "reference": self.ref}
        axis = reference(self.ref).measures[self.measure].axis
        if axis == "length_cm":
            age = nc.Age.from_days(400 if self.measure == "weight_for_length" else 800)
            return about | {"length": nc.Q(self.keys / 10, "cm"), "age": age}
        if axis == "postmenstrual_age_days":
            born = np.minimum(self.keys, 250)
            age = nc.Age.from_days(self.keys - born, gestation=nc.Q(born, "day"))
            return about | {"age": age}
        return about | {"age": nc.Age.from_days(self.keys)}

    def status(self, values: Any) -> Any:
        """The statuses of values, one in each row."""
        quantity = nc.Q(values, self.unit)
        call: Any = nc.zscore
        if reference(self.ref).use == "size_at_birth":
            by_day = self.tables[0].axis == "gestational_age_days"
            weeks = nc.Q(self.keys if by_day else self.keys * 7, "day")
            call = nc.size_at_birth
            about = {"sex": self.sex, "gestation": weeks, "reference": self.ref}
            return call(self.measure, quantity, **about).status
        return call(self.measure_name, quantity, **self.where).status


@pytest.mark.requirement("REQ-FEN-10")
@pytest.mark.parametrize(("ref", "measure"), TABLES)
def test_a_slip_of_the_unit_is_flagged_in_every_row(ref: str, measure: str) -> None:
    """Of every child at a z from -4 to 4, whatever the sex and age."""
    every = EveryRow(ref, measure)
    for z in CHILDREN:
        y = every.measurement(z)
        there = y > 0
        for name, by in LIGHT.items():
            status = every.status(np.where(there, y * by, np.nan))[there]
            if measure in SKINFOLDS and name == "a tenth" and z >= SKINFOLDS[measure]:
                continue
            assert (status == "implausible").all(), (z, name)


@pytest.mark.requirement("REQ-FEN-10")
@pytest.mark.parametrize(("ref", "measure"), TABLES)
def test_the_same_slips_upwards_are_flagged_by_z(ref: str, measure: str) -> None:
    """Of every child who is not flagged himself: there is no ceiling of z that hides them."""
    every = EveryRow(ref, measure)
    for z in CHILDREN:
        y = every.measurement(z)
        believed = every.status(y) == "ok"
        for name, by in HEAVY.items():
            if measure == "subscapular_skinfold" and name == "tenfold" and z <= -3.5:
                continue
            status = every.status(y * by)[believed]
            assert (status == "implausible").all(), (z, name)


@pytest.mark.requirement("REQ-FEN-10")
@pytest.mark.parametrize(("ref", "measure"), TABLES)
def test_hardly_a_true_value_is_flagged(ref: str, measure: str) -> None:
    """At most 0.1 % of the children within 4 SD, and in no row more than 0.23 %."""
    for table in reference(ref).tables(measure):
        average, most = script().measured(ref, measure, table).flagged
        assert average <= 0.001
        assert most <= (0.0023 if (ref, measure) == ("fenton-2013", "weight") else 0.001)


@pytest.mark.requirement("REQ-FEN-10")
def test_the_page_says_what_is_measured() -> None:
    """Else: python scripts/plausibility.py."""
    text = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    for row in script().rows():
        assert row in text


# ------------------------------------------------------------------------------- the limit itself


@pytest.mark.requirement("REQ-FEN-09")
@pytest.mark.parametrize("ref", ["fenton-2013", "fenton-2025", "intergrowth-21st-newborn"])
@pytest.mark.parametrize("measure", ["weight", "length", "head_circumference"])
def test_flagged_below_m_exp_minus_6_s_in_every_row(ref: str, measure: str) -> None:
    """Of the skew t the S of the line is sigma / mu; the other forms of newborns need no line."""
    every = EveryRow(ref, measure)
    limit = every.flat(
        [t.M * np.exp(-6 * (t.S if t.nu is None else t.S / t.M)) for t in every.tables]
    )
    has = every.flat([np.full(t.M.shape, t.flag_small is not None) for t in every.tables])
    above, below = every.status(limit * (1 + 1e-9)), every.status(limit * (1 - 1e-9))
    assert has.any()
    assert (above[has] == "ok").all()
    assert (below[has] == "implausible").all()


def test_the_limits_that_ship() -> None:
    for ref in nc.references():
        for measure in ref.measures.values():
            for part in measure.files:
                floor = ref.id.startswith("fenton") or part.method == "st3"
                assert part.flag_small == (6 if floor else None), ref.id


@pytest.mark.requirement("REQ-FEN-09")
@pytest.mark.parametrize(
    ("weight", "gestation", "sex"), [("1.02 g", "28+0", "f"), ("1.45 g", "31+0", "m"),
                                     ("122 g", "29+0", "m"), ("36 g", "29+0", "f")],
)  # fmt: skip
def test_one_child(weight: str, gestation: str, sex: str) -> None:
    found = nc.zscore("weight", weight, sex=sex, age=nc.Age.from_days(0, gestation))
    assert found.status == "implausible"
    assert -4 < found.z < -3, "the value is kept, and no z could have said so"
    many = nc.zscore(
        "weight", [weight, "1.1 kg"], sex=[sex] * 2, age=nc.Age.from_days([0, 0], [gestation] * 2)
    )
    assert many.status.tolist() == ["implausible", "ok"]
    assert many.z[0] == found.z


@pytest.mark.requirement("REQ-FEN-09")
def test_size_at_birth() -> None:
    found = nc.size_at_birth("weight", "410 g", sex="f", gestation="29+0")
    assert (found.status, round(found.z, 2)) == ("implausible", -5.53)
    assert nc.size_at_birth("weight", "700 g", sex="f", gestation="29+0").status == "ok"
    assert nc.size_at_birth("length", "25 cm", sex="f", gestation="29+0").status == "implausible"


@pytest.mark.requirement("REQ-FEN-09")
@pytest.mark.parametrize("measure", sorted(reference("who-2006").measures))
def test_on_the_who_tables_z_alone_decides_as_in_the_whos_program(measure: str) -> None:
    every = EveryRow("who-2006", measure)
    facts = reference("who-2006").measures[measure]
    assert facts.flag is not None
    low, high = facts.flag
    call: Any = nc.zscore
    for z in (-6.2, -5.9, -5.2, -4.9, 4.9, 5.2, 5.9, 6.2):
        y = every.measurement(z)
        found = call(every.measure_name, nc.Q(y, every.unit), **every.where)
        there = ~np.isnan(found.z)
        rounded = np.round(found.z[there], 2)
        beyond = (rounded < low) | (rounded > high)
        assert ((found.status[there] == "implausible") == beyond).all()


# --------------------------------------------------------------------- what is computed from them

LATE: dict[str, Any] = {"sex": "f", "age": nc.Age.from_days(70, "30+0")}
"""A girl at 40w0d: BMI and weight-for-length are the WHO's, weight and length Fenton's."""


@pytest.mark.requirement("REQ-FEN-09")
def test_a_bmi_and_a_weight_for_length_of_a_light_weight() -> None:
    """At 36 cm a BMI of 10.8 is usual, and 1.4 kg is no weight at 40 weeks."""
    child: dict[str, Any] = LATE
    assert nc.zscore("weight", "1.4 kg", **child).status == "implausible"
    bmi = nc.zscore("bmi", "1.4 kg", length="36 cm", **child)
    assert (round(bmi.z, 2), bmi.status) == (-2.29, "implausible")
    assert nc.zscore("bmi", bmi_of("1.4 kg", "36 cm"), **child).status == "ok", "nobody weighed it"
    of_length = nc.zscore("weight_for_length", "1.5 kg", length="45 cm", **child)
    assert of_length.status == "implausible"
    light = nc.zscore("weight_for_length", ["1.5 kg", "2.4 kg"], length="46 cm", sex=["f"] * 2,
                      age=nc.Age.from_days([70, 70], ["30+0"] * 2))  # fmt: skip
    assert light.status.tolist() == ["implausible", "ok"]


@pytest.mark.requirement("REQ-FEN-09")
def test_a_bmi_of_a_length_that_is_too_small() -> None:
    """38 cm and 2 kg: the BMI of 13.9 is a median one."""
    child: dict[str, Any] = LATE
    assert nc.zscore("length", "38 cm", **child).status == "implausible"
    bmi = nc.zscore("bmi", "2 kg", length="38 cm", **child)
    assert (round(bmi.z, 2), bmi.status) == (0.41, "implausible")
    assert nc.zscore("bmi", "2 kg", length="44 cm", **child).status == "ok"


def test_of_a_child_on_the_who_tables_each_z_stands_for_itself() -> None:
    """As in the WHO's program: 4.4 kg at a year is flagged, the BMI of it is not."""
    child: dict[str, Any] = {"sex": "m", "age": nc.Age.from_days(365)}
    assert nc.zscore("weight", "4.4 kg", **child).status == "implausible"
    assert nc.zscore("bmi", "4.4 kg", length="55 cm", **child).status == "ok"


def test_another_reason_goes_before() -> None:
    child: dict[str, Any] = LATE
    swollen = nc.zscore("bmi", "1.4 kg", length="36 cm", oedema="y", **child)
    assert swollen.status == "oedema"
    early = nc.zscore("bmi", "20 g", length="36 cm", sex="f", age=nc.Age.from_days(0, "30+0"))
    assert early.status == "no_reference"


def bmi_of(weight: str, length: str) -> str:
    """A BMI as it would be typed."""
    kilograms, centimetres = (float(text.split()[0]) for text in (weight, length))
    return f"{kilograms / (centimetres / 100) ** 2:.4f} kg/m2"


# -------------------------------------------------------------------------- files, frames, pictures

VISITS = pl.DataFrame(
    {
        "subject_id": ["1", "1", "1", "1"],
        "sex": ["f"] * 4,
        "gestational_age": ["28+0"] * 4,
        "age_days": [0, 21, 42, 84],
        "weight_g": [1020.0, 1.31, 1750.0, 1350.0],
        "length_cm": [36.0, 38.0, 41.0, 36.0],
    }
)


def test_a_file(shell: Shell) -> None:
    """The weights of a column in grams were typed in kilograms."""
    rows = "1,f,0,28+0,1.02\n2,m,7,30+0,1.45\n3,m,0,29+0,122\n4,m,0,29+0,1220\n"
    text = "subject_id,sex,age_days,gestational_age,weight_g\n" + rows
    done = shell.score(text, "--strict")
    assert done.code == 1
    found = pl.read_csv(shell.folder / "out.csv")["waz_status"].to_list()
    assert found == ["implausible"] * 3 + ["ok"]


def test_a_frame() -> None:
    found = nc.score(VISITS)
    assert found["waz_status"].to_list() == ["ok", "implausible", "ok", "implausible"]
    assert found["baz_status"].to_list() == ["no_reference"] * 3 + ["implausible"]
    assert found["wlz_status"][3] == "length_out_of_range"
    assert found["waz"].null_count() == 0


def test_a_chart_marks_it_and_a_report_names_it() -> None:
    drawn = chart.infant(VISITS).to_bytes("svg").decode()
    assert "flagged-weight-preterm-implausible" in drawn
    page = report.page(VISITS)
    assert "weight and length or height: implausible" in page


@pytest.mark.requirement("REQ-FEN-09")
def test_the_command_shows_the_limits(capsys: pytest.CaptureFixture[str]) -> None:
    from neocalc.cli import main

    assert main(["references"]) == 0
    out = capsys.readouterr().out
    assert "z < -6, z > 6, y < M exp(-6 S)" in out
    assert "z < -6, z > 5  " in out
    assert "z < -5, z > 5" in out, "increments have no second limit"
    assert main(["references", "--json"]) == 0
    about = json.loads(capsys.readouterr().out)["references"]
    small = {ref["id"]: ref["measures"]["weight"]["flag_small"] for ref in about}
    assert small["fenton-2013"] == 6
    assert small["who-2006"] is None


# ------------------------------------------------------------------------- a reference of your own


def own(folder: Path, more: str, **lms: float) -> Any:
    """A reference with the same L and S in every row."""
    csv = own_references.rows("age_days", own_references.DAYS, **lms)
    table = own_references.OwnTable(csv, "age_days", "kg", 0, 10, more=more)
    return open_folder(own_references.write(folder, {"weight": table}))


def test_a_reference_may_state_none(tmp_path: Path) -> None:
    ref = own(tmp_path / "mine", "flag = [-6, 5]", L=1.2, S=0.23)
    assert ref.measures["weight"].flag_small is None
    assert ref.table("weight").largest_small == 0
    found = nc.zscore("weight", "3 g", sex="f", age=nc.Age.from_days(5), reference=str(ref.folder))
    assert found.status == "ok"


@pytest.mark.parametrize("value", ["0", "-6", '"6"', "[6]", "true", "101", "nan", "inf"])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(TableError, match="flag_small: a number above 0 and up to 100"):
        own(tmp_path / "mine", f"flag_small = {value}")


def expected(table: Table, y: float, at: int) -> bool:
    """Whether a value of a girl is flagged, by the rule itself."""
    L, M, S = (float(column[0, at]) for column in (table.L, table.M, table.S))
    z = math.log(y / M) / S if abs(L) < 1e-12 else math.expm1(L * math.log(y / M)) / (L * S)
    low, high = table.flag
    small = table.flag_small is not None and y < M * math.exp(-table.flag_small * S)
    return not low <= round(z, 2) <= high or small


@pytest.mark.requirement("REQ-FEN-09")
@settings(max_examples=150, deadline=None)
@given(
    L=st.sampled_from([-3.0, -0.3, 0.0, 0.005, 0.3, 1.0, 1.4, 4.0]),
    S=st.sampled_from([0.03, 0.13, 0.23, 0.6]),
    k=st.sampled_from([0.2, 1.0, 3.0, 6.0, 40.0, 100.0]),
    flag=st.sampled_from(["flag = [-6, 5]", "flag = [-2, 2]", ""]),
)
def test_whatever_a_reference_states_no_small_value_is_missed(
    tmp_path_factory: pytest.TempPathFactory, L: float, S: float, k: float, flag: str
) -> None:
    """Rows are not looked at one by one: the bounds by which they are found must leave none out."""
    folder = tmp_path_factory.mktemp("own")
    ref = own(folder / "mine", f"{flag}\nflag_small = {k}", L=L, S=S)
    table = ref.table("weight")
    limit = float(table.M[0, 5]) * math.exp(-k * S)
    sizes = [limit * by for by in (0.01, 0.5, 0.99, 1.01, 2.0)]
    sizes += [float(table.M[0, 5]) * math.exp(S * z) for z in np.linspace(-9, 9, 37)]
    sizes = [y for y in sizes if 1e-9 < y < 1e9]
    found = nc.zscore(
        "weight", nc.Q(np.array(sizes), "kg"), sex=["f"] * len(sizes), age=nc.Age.from_days(5),
        reference=str(ref.folder),
    )  # fmt: skip
    for y, z, status in zip(sizes, found.z, found.status, strict=True):
        if math.isfinite(z):
            assert (status == "implausible") == expected(table, y, 5), (y, z)


def test_between_two_rows_of_a_table_by_length(tmp_path: Path) -> None:
    """Between 60.0 and 60.1 cm L and S go from one to the other, and so does the limit."""
    lines = ["sex,length_cm,L,M,S"]
    for sex in ("female", "male"):
        lines += [f"{sex},60.0,0.1,6.0,0.4", f"{sex},60.1,1.4,6.0,0.1"]
    table = own_references.OwnTable(
        "\n".join(lines) + "\n", "length_cm", "kg", 60.0, 60.1, more="flag_small = 4"
    )
    folder = own_references.write(tmp_path / "mine", {"weight_for_length": table})
    grid = np.linspace(60, 60.1, 11)
    limit = 6 * np.exp(-4 * np.linspace(0.4, 0.1, 11))
    for by, word in ((1.001, "ok"), (0.999, "implausible")):
        found = nc.zscore(
            "weight_for_length", nc.Q(limit * by, "kg"), sex=["f"] * 11,
            length=nc.Q(grid, "cm"), reference=str(folder), age=nc.Age.from_days(100),
        )  # fmt: skip
        assert found.status.tolist() == [word] * 11


def test_only_tables_that_are_needed_are_read(tmp_path: Path) -> None:
    """A damaged preterm table does not stop the BMI of a child who is not on it."""
    csv = own_references.rows("postmenstrual_age_days", [str(day) for day in range(200, 300)])
    table = own_references.OwnTable(
        csv, "postmenstrual_age_days", "kg", 200, 299, more="flag_small = 6"
    )
    folder = own_references.write(
        tmp_path / "mine", {"weight": table}, age_basis="postmenstrual",
        altered=[("female,200,", "female,200, ")],
    )  # fmt: skip
    policy = nc.Policy(preterm_reference=str(folder), handover="40 week")
    grown = nc.zscore(
        "bmi", "8 kg", length="70 cm", sex="f", age=nc.Age.from_days(300, "40+0"), policy=policy
    )
    assert grown.status == "ok"
    with pytest.raises(TableError, match="altered"):
        nc.zscore(
            "bmi", "3 kg", length="50 cm", sex="f", age=nc.Age.from_days(70, "30+0"), policy=policy
        )


def test_on_a_clean_column_nothing_more_is_looked_at() -> None:
    """The kernel stays as fast as it was: on Fenton 2013 only rows beyond 3 SD are seen again."""
    stack = Stack([[reference("fenton-2013").table("weight")]])
    assert stack.usual == 3
    table = stack.tables[0]
    assert table is not None
    y = (table.M * np.exp(-2.9 * table.S)).reshape(-1)
    n = table.M.shape[1]
    sex, keys = np.repeat([0, 1], n), np.tile(np.arange(n) + table.first, 2)
    rows = stack.rows(np.zeros(2 * n, np.uint8), sex.astype(np.int8), keys.astype(np.int32), None)
    out = np.empty(2 * n)
    assert not len(stack.zscores(y, rows, None, np.zeros(2 * n, np.uint8), out))


def test_before_term_the_weeks_where_z_has_a_floor() -> None:
    """From 24w4d to 34w6d no z can be below -6 (Fenton 2013)."""
    table = reference("fenton-2013").table("weight")
    floor = np.where(table.L > 0, -1 / (table.L * table.S), -np.inf).max(axis=0)
    days = np.flatnonzero(floor > -6) + table.first
    assert (days.min(), days.max()) == (24 * 7 + 4, 34 * 7 + 6)
    assert round(floor.max(), 2) == -3.33
