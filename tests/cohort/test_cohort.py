"""A table of visits: every row in its place, with a z, a reference and a status for each index."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import neocalc as nc
import own_references
from neocalc.cohort.canonical import AGE_COLUMNS, INDICES
from neocalc.cohort.counts import count_statuses
from neocalc.cohort.table import plan, score_table
from neocalc.errors import STATUSES

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "cohort.csv"

GIRL = {
    "sex": "f",
    "birth_date": "2026-05-01",
    "measured_on": "2026-08-14",
    "gestational_age": "27+3",
    "weight_g": "3100",
    "length_cm": "49.5",
    "head_circumference_cm": "35.2",
}


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """A table of texts; a column that a row lacks is empty in it."""
    names = list(dict.fromkeys(itertools.chain.from_iterable(rows)))
    return pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)


def one(options: dict[str, Any] | None = None, /, **cells: Any) -> dict[str, Any]:
    """The girl with other cells, scored."""
    row: dict[str, Any] = nc.score(table(GIRL | cells), **(options or {})).row(0, named=True)
    return row


@pytest.mark.requirement("REQ-TAB-09")
def test_the_added_columns_and_their_order() -> None:
    given = table(GIRL)
    scored = nc.score(given)
    indices = ["waz", "laz", "hcz", "baz", "wlz"]
    added = [f"{index}{part}" for index in indices for part in ("", "_reference", "_status")]
    assert scored.columns == [*given.columns, *AGE_COLUMNS, *added]
    assert scored.select(given.columns).equals(given)
    assert [scored[name].dtype for name in AGE_COLUMNS] == [pl.Int32] * 3
    assert scored["waz"].dtype == pl.Float64
    assert scored["waz_status"].dtype == pl.Enum(STATUSES)
    assert scored["waz_reference"].dtype == pl.Enum(["fenton-2013", "who-2006", "who-2007"])


@pytest.mark.requirement("REQ-TAB-09")
def test_options_add_columns_beside_each_index() -> None:
    scored = nc.score(table(GIRL).drop("length_cm"), centiles=True, uncorrected=True)
    parts = ("", "_reference", "_status", "_centile", "_uncorrected")
    assert scored.columns[-10:] == [f"{index}{p}" for index in ("waz", "hcz") for p in parts]


@pytest.mark.requirement("REQ-TAB-09")
def test_every_index_has_its_column() -> None:
    cells = {
        "arm_circumference_cm": "12.5",
        "triceps_skinfold_mm": "8.2",
        "subscapular_skinfold_mm": "7.1",
        "measured_on": "2026-12-24",
        "weight_g": "6500",
        "length_cm": "62",
        "head_circumference_cm": "41",
    }
    row = one(**cells)
    assert [row[f"{index}_status"] for index in INDICES] == ["ok"] * 8
    assert row["acz_reference"] == "who-2006"


@pytest.mark.requirement("REQ-TAB-09")
@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_ages_of_a_row() -> None:
    row = one()
    assert [row[name] for name in AGE_COLUMNS] == [105, 297, 17]
    assert [one(gestational_age=None)[name] for name in AGE_COLUMNS] == [105, None, None]
    assert [one(gestational_age="27.3")[name] for name in AGE_COLUMNS] == [105, None, None]
    assert [one(measured_on="")[name] for name in AGE_COLUMNS] == [None] * 3
    assert [one(measured_on="2026-04-30")[name] for name in AGE_COLUMNS] == [None] * 3


@pytest.mark.requirement("REQ-POL-11")
def test_reference_and_z_of_a_row() -> None:
    row = one()
    assert row["waz_reference"] == "fenton-2013"
    assert row["waz"] == pytest.approx(-1.5619738, abs=1e-7)
    assert row["baz_reference"] == "who-2006"
    later = one(measured_on="2026-12-24")
    assert {later[f"{i}_reference"] for i in ("waz", "laz", "hcz", "baz", "wlz")} == {"who-2006"}
    assert one(sex="")["waz_reference"] == "fenton-2013"
    assert one(measured_on="")["waz_reference"] is None


@pytest.mark.requirement("REQ-STAT-03")
@pytest.mark.parametrize(
    ("cells", "waz", "laz", "baz", "wlz"),
    [
        ({}, "ok", "ok", "ok", "ok"),
        ({"weight_g": ""}, "missing_value", "ok", "missing_value", "missing_value"),
        ({"length_cm": None}, "ok", "missing_value", "missing_value", "missing_value"),
        ({"sex": ""}, *["missing_sex"] * 4),
        ({"sex": "F "}, *["ok"] * 4),
        ({"sex": "girl"}, *["invalid_sex"] * 4),
        ({"sex": "1"}, *["invalid_sex"] * 4),
        ({"birth_date": None}, *["missing_age"] * 3, "ok"),
        ({"measured_on": "28/02/2024"}, *["invalid_age"] * 4),
        ({"measured_on": "2026-04-30"}, *["invalid_age"] * 4),
        ({"gestational_age": "27.3"}, *["invalid_gestation"] * 4),
        ({"gestational_age": "28w7d"}, *["invalid_gestation"] * 4),
        ({"weight_g": "0"}, "invalid_value", "ok", "invalid_value", "invalid_value"),
        ({"weight_g": "-99"}, "invalid_value", "ok", "invalid_value", "invalid_value"),
        ({"weight_g": "3,1"}, "invalid_value", "ok", "invalid_value", "invalid_value"),
        ({"weight_g": "<1"}, "invalid_value", "ok", "invalid_value", "invalid_value"),
        ({"length_cm": "0"}, "ok", "invalid_value", "invalid_value", "invalid_value"),
        ({"length_position": "upright"}, "ok", *["invalid_value"] * 3),
        ({"oedema": "maybe"}, "invalid_value", "ok", "invalid_value", "invalid_value"),
        ({"oedema": "yes"}, "oedema", "ok", "oedema", "oedema"),
        ({"oedema": "n"}, *["ok"] * 4),
        ({"measured_on": "2026-05-02", "gestational_age": "22+0"}, *["age_below_reference"] * 2,
         *["no_reference"] * 2),
        ({"measured_on": "2046-05-02"}, *["age_above_reference"] * 4),
        ({"length_cm": "44.9"}, "ok", "ok", "ok", "length_out_of_range"),
        ({"measured_on": "2026-05-02"}, "implausible", "implausible", *["no_reference"] * 2),
        ({"weight_g": "15000"}, "implausible", "ok", "implausible", "implausible"),
    ],
)  # fmt: skip
def test_each_kind_of_bad_row_has_its_status(
    cells: dict[str, str], waz: str, laz: str, baz: str, wlz: str
) -> None:
    row = one(**cells)
    assert [row[f"{i}_status"] for i in ("waz", "laz", "baz", "wlz")] == [waz, laz, baz, wlz]
    for index in ("waz", "laz", "baz", "wlz"):
        kept = row[f"{index}_status"] in ("ok", "implausible")
        assert (row[index] is not None) == kept


FAULTS: dict[str, dict[str, str]] = {
    "missing_value": {"weight_g": ""},
    "missing_sex": {"sex": ""},
    "missing_age": {"birth_date": ""},
    "invalid_sex": {"sex": "X"},
    "invalid_gestation": {"gestational_age": "27.3"},
    "invalid_age": {"measured_on": "1999-01-01"},
    "invalid_value": {"weight_g": "0"},
    "oedema": {"oedema": "y"},
}


@pytest.mark.requirement("REQ-STAT-01")
@pytest.mark.parametrize(("first", "second"), [*itertools.combinations(FAULTS, 2)])
def test_of_two_faults_the_first_in_the_order_of_the_words_is_given(
    first: str, second: str
) -> None:
    assert STATUSES.index(first) < STATUSES.index(second)
    if not FAULTS[first].keys() & FAULTS[second].keys():
        assert one(**(FAULTS[second] | FAULTS[first]))["waz_status"] == first


@pytest.mark.requirement("REQ-GA-05")
@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_a_missing_gestation_matters_only_to_a_reference_by_postmenstrual_age() -> None:
    assert one(gestational_age="")["waz_status"] == "ok"
    fixed = {"reference": "fenton-2013"}
    assert one(fixed, gestational_age="")["waz_status"] == "missing_gestation"
    assert one(fixed, gestational_age="27.3")["waz_status"] == "invalid_gestation"


def test_grams_and_kilograms_give_the_same_bits() -> None:
    grams = [f"{g}" for g in range(700, 12_000, 37)]
    kilograms = [f"{int(g) // 1000}.{int(g) % 1000:03}" for g in grams]
    first = nc.score(table(*(GIRL | {"weight_g": g} for g in grams)))
    second = nc.score(table(*(GIRL | {"weight_kg": kg} for kg in kilograms)).drop("weight_g"))
    for index in ("waz", "baz", "wlz"):
        assert first[index].equals(second[index])


@pytest.mark.requirement("REQ-TAB-05")
def test_gestation_in_its_three_columns_gives_the_same_bits() -> None:
    rows = [
        GIRL | {"gestational_age": f"{week}+{day}"} for week in (23, 36, 41) for day in range(7)
    ]
    plain = table(*rows)
    days = [7 * week + day for week in (23, 36, 41) for day in range(7)]
    for name, column in (
        ("gestational_age_days", days),
        ("gestational_age_weeks_decimal", [round(d / 7, 2) for d in days]),
    ):
        other = plain.drop("gestational_age").with_columns(pl.Series(name, column))
        added = nc.score(plain).columns[len(plain.columns) :]
        assert nc.score(plain).select(added).equals(nc.score(other).select(added))


@pytest.mark.requirement("REQ-TAB-06")
def test_days_and_dates_give_the_same_bits() -> None:
    plain = table(GIRL)
    by_days = plain.drop("birth_date", "measured_on").with_columns(age_days=pl.lit("105"))
    both = plain.with_columns(age_days=pl.lit(105))
    added = nc.score(plain).columns[len(plain.columns) :]
    first = nc.score(plain).select(added)
    assert first.equals(nc.score(by_days).select(added))
    assert first.equals(nc.score(both).select(added))
    assert one(age_days="104")["waz_status"] == "invalid_age"


@pytest.mark.requirement("REQ-TAB-09")
def test_centiles_are_those_of_the_z() -> None:
    row = one({"centiles": True})
    z = row["waz"]
    assert row["waz_centile"] == pytest.approx(50 * math.erfc(-z / math.sqrt(2)), rel=1e-12)
    assert one({"centiles": True}, weight_g="")["waz_centile"] is None


def test_uncorrected_by_a_reference_of_ones_own_was_the_term_references(tmp_path: Path) -> None:
    folder = str(own_references.write(tmp_path / "mine"))
    options = {"reference": folder, "uncorrected": True}
    row = one(options, measured_on="2026-05-06")
    age = nc.Age.from_days(5)
    alone = nc.zscore("weight", "3100 g", sex=row["sex"], age=age, reference=folder)
    assert row["waz_uncorrected"] == alone.z
    assert row["waz_uncorrected"] != nc.zscore("weight", "3100 g", sex=row["sex"], age=age).z


@pytest.mark.requirement("REQ-POL-12")
@pytest.mark.filterwarnings("ignore:The column gestational_age is empty")
def test_uncorrected_is_the_z_at_chronological_age() -> None:
    row = one({"uncorrected": True})
    plain = one(gestational_age="")
    for index in ("waz", "laz", "hcz", "baz", "wlz"):
        assert row[f"{index}_uncorrected"] == plain[index]
        assert row[index] != plain[index] or index == "wlz"
    assert one({"uncorrected": True}, gestational_age="27.3")["waz_uncorrected"] == plain["waz"]


@pytest.mark.requirement("REQ-TAB-11")
def test_one_reference_whatever_the_age() -> None:
    row = one({"reference": "who-2006"})
    age = nc.Age.from_days(105, gestation="27+3")
    assert row["waz_reference"] == "who-2006"
    assert row["waz"] == nc.zscore("weight", "3100 g", sex="f", age=age, reference="who-2006").z
    with pytest.raises(nc.InputError, match="reference"):
        nc.score(table(GIRL), reference="who-1977")
    with pytest.raises(nc.InputError, match="size_at_birth"):
        nc.score(table(GIRL), reference="fenton-2025-birth")


def test_what_is_no_policy_raised_an_error_of_python() -> None:
    for wrong in ("fenton-2025", {"handover": "40 week"}, nc.Policy, 0):
        with pytest.raises(nc.InputError, match=r"^policy: .* is not accepted; a neocalc\.Policy$"):
            nc.score(table(GIRL), policy=wrong)  # type: ignore[arg-type]


@pytest.mark.requirement("REQ-TAB-11")
def test_the_policy_is_applied() -> None:
    policy = nc.Policy(preterm_reference="fenton-2025", handover="40 week")
    assert one({"policy": policy})["waz_reference"] == "who-2006"
    assert one({"policy": policy}, measured_on="2026-07-28")["waz_reference"] == "fenton-2025"
    asks = nc.Policy(require_position=True)
    late = {"measured_on": "2028-04-14", "length_cm": "85"}
    assert one({"policy": asks}, **late)["laz_status"] == "missing_value"
    assert one({"policy": asks}, length_position="l", **late)["laz_status"] == "ok"


def test_position_and_height() -> None:
    late = {"measured_on": "2028-04-14", "weight_g": "11000", "length_cm": "85"}
    lying, standing = one(length_position="l", **late), one(length_position="H", **late)
    assert standing["laz"] > lying["laz"]
    assert standing["baz"] < lying["baz"]
    assert one(**late)["laz"] == lying["laz"]


@pytest.mark.requirement("REQ-TAB-10")
def test_columns_that_are_there_already_are_refused() -> None:
    with pytest.raises(nc.FileError, match="it has the columns corrected_age_days, waz already"):
        nc.score(table(GIRL | {"waz": "1", "corrected_age_days": "2"}))
    nc.score(table(GIRL | {"waz_centile": "1"}))
    with pytest.raises(nc.FileError, match="waz_centile already"):
        nc.score(table(GIRL | {"waz_centile": "1"}), centiles=True)


@pytest.mark.requirement("REQ-TAB-08")
def test_declared_words_are_missing_in_every_column() -> None:
    rows = [GIRL | {name: "NA"} for name in GIRL]
    scored = nc.score(table(*rows), missing=["NA"])
    assert scored["hcz_status"].to_list() == [
        "missing_sex", "missing_age", "missing_age", "ok", "ok", "ok", "missing_value",
    ]  # fmt: skip
    assert scored["sex"].to_list()[0] == "NA"
    undeclared = nc.score(table(*rows))["waz_status"].to_list()
    assert undeclared == [
        "invalid_sex", "invalid_age", "invalid_age", "invalid_gestation", "invalid_value", "ok",
        "ok",
    ]  # fmt: skip


@pytest.mark.requirement("REQ-CMD-05")
def test_counts_of_statuses() -> None:
    given = table(GIRL, GIRL, GIRL | {"sex": ""}, GIRL | {"weight_g": "0"})
    scoring = plan(given.columns)
    counts = count_statuses(score_table(given, scoring), scoring)
    assert counts["waz"] == {"ok": 2, "missing_sex": 1, "invalid_value": 1}
    assert counts["laz"] == {"ok": 3, "missing_sex": 1}
    assert all(sum(words.values()) == 4 for words in counts.values())


def test_no_rows() -> None:
    scored = nc.score(table(GIRL).head(0))
    assert scored.height == 0
    assert scored.schema == nc.score(table(GIRL)).schema


def test_columns_of_the_wrong_type_are_refused_by_name() -> None:
    with pytest.raises(nc.FileError, match=r"column weight_g: values of type Boolean"):
        nc.score(table(GIRL | {"weight_g": True}))
    with pytest.raises(nc.FileError, match=r"column sex: values of type List"):
        nc.score(table(GIRL | {"sex": ["f"]}))


MEASURES = {
    "waz": ("weight", "weight_g", "g"),
    "laz": ("length", "length_cm", "cm"),
    "hcz": ("head_circumference", "head_circumference_cm", "cm"),
    "baz": ("bmi", "weight_g", "g"),
    "wlz": ("weight_for_length", "weight_g", "g"),
}


def scalar(row: dict[str, Any], index: str) -> tuple[float | None, str]:
    """The z and status of one cell, by the call for one child."""
    measure, column, unit = MEASURES[index]
    if not row[column]:
        return None, "missing_value"
    more: dict[str, Any] = {}
    if index in ("baz", "wlz"):
        if not row["length_cm"]:
            return None, "missing_value"
        more = {"length": f"{row['length_cm']} cm"}
    try:
        age = nc.Age(row["birth_date"], row["measured_on"], row["gestational_age"])
        result = nc.zscore(
            measure, f"{row[column]} {unit}", sex=row["sex"], age=age,
            position=row["length_position"], oedema=row["oedema"], **more,
        )  # fmt: skip
    except nc.InputError as error:
        return None, error.status
    return None if math.isnan(result.z) else result.z, result.status


@pytest.mark.requirement("REQ-STAT-06")
def test_the_table_is_what_the_calls_for_one_child_give_to_the_last_bit() -> None:
    spoilt = pl.col("note").str.starts_with("simulated").fill_null(False)
    given = pl.read_csv(EXAMPLE, infer_schema=False).with_row_index("row")
    given = given.filter(spoilt | (pl.col("row") % 8 == 0))
    # Each row alone: with its id, what another row of the child states would hold for it too.
    scored = nc.score(given.drop("subject_id"))
    assert scored.height == given.height > 60
    for index in MEASURES:
        rows = zip(given.rows(named=True), scored[index], scored[f"{index}_status"], strict=True)
        for row, z, status in rows:
            expected, word = scalar(row, index)
            assert z == expected, (row, index)
            # The text "8210,5" is a unit error for one child, an invalid value in a table.
            assert status == word, (row, index)


@pytest.mark.requirement("REQ-STAT-06")
def test_the_table_is_what_arrays_give_to_the_last_bit() -> None:
    given = pl.read_csv(EXAMPLE, infer_schema=False).filter(
        pl.col("note").str.starts_with("simulated").fill_null(False).not_()
    )
    scored = nc.score(given)
    age = nc.Age(
        given["birth_date"].to_numpy(), given["measured_on"].to_numpy(),
        given["gestational_age"].to_numpy(),
    )  # fmt: skip
    for index, (measure, column, unit) in MEASURES.items():
        more: dict[str, Any] = {}
        if index in ("baz", "wlz"):
            more = {"length": nc.Q(given["length_cm"].cast(pl.Float64).to_numpy(), "cm")}
        result = nc.zscore(
            measure, nc.Q(given[column].cast(pl.Float64).to_numpy(), unit),
            sex=given["sex"].to_numpy(), age=age, position=given["length_position"].to_numpy(),
            **more,
        )  # fmt: skip
        z = scored[index].fill_null(math.nan).to_numpy()
        assert np.array_equal(z, result.z, equal_nan=True)
        assert scored[f"{index}_status"].to_list() == result.status.tolist()
        references = [word or "" for word in scored[f"{index}_reference"].to_list()]
        assert references == result.reference.tolist()
