"""Doses of a cohort file: each row has what one infant would get, or a status and nothing."""

from __future__ import annotations

import csv
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import neocalc as nc
from neocalc.cohort.table import plan
from neocalc.dose import Dosing, Limits, prepare
from neocalc.errors import STATUSES
from neocalc.files import csvrows
from neocalc.files import sources as files
from neocalc.spark import tasks
from shell import HEADER, ROW, SCORED, Shell

ARM = nc.trials.load("NCT03558334").arm("A")
REGISTRY = ["--protocol-version", "registry"]
PRODUCT: dict[str, Any] = {"concentration": "5 million cells/mL", "viability": "92%"}
ADDED = ["dose_cells", "dose_volume_ml", "dose_status"]
EVERY = ["--every-row"]
STRENGTH = ["--concentration", "5e6cells/mL", "--viability", "92%"]
OPTIONS = ["--dose", "NCT03558334:A", *EVERY, *STRENGTH]
ROWS = (
    ("001", "f", "105", "27+3", "3100", "ok"),
    ("002", "f", "105", "27+3", "2350", "implausible"),  # a soft stop: z is below -3
    ("003", "f", "105", "27+3", "31000", "implausible"),
    ("004", "f", "105", "27+3", "", "missing_value"),
    ("005", "f", "105", "27+3", "x", "invalid_value"),
    ("006", "f", "105", "27+3", "-3100", "invalid_value"),
    ("007", "", "105", "27+3", "3100", "missing_sex"),
    ("008", "f", "", "27+3", "3100", "missing_age"),
    ("009", "f", "105", "27.3", "3100", "invalid_gestation"),
    ("010", "m", "5000", "40+0", "14000", "age_above_reference"),
    ("011", "m", "200", "36+6", "7234.7", "ok"),
    ("012", "m", "28", "24+0", "399", "implausible"),  # below the weight range
    ("013", "m", "60", "24+0", "1500.3", "ok"),
    ("014", "m", "28", "26+0", "410", "implausible"),  # 30 % of the median, at a z of -2.75
    ("015", "m", "28", "26+0", "550", "implausible"),  # 40 %: a soft stop
    ("016", "m", "28", "26+0", "650", "ok"),
    ("017", "m", "27", "30+0", "1300", "not_eligible"),  # younger than any published trial takes
    ("018", "m", "105", "37+0", "6000", "not_eligible"),  # born at term
    ("019", "m", "105", "", "6000", "not_eligible"),  # nobody can tell
)
CONTENT = HEADER + "".join(f"{','.join(row[:5])}\n" for row in ROWS)


@pytest.fixture
def shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def one_infant(row: tuple[str, ...], **more: Any) -> Any:
    """The dose of one row by itself."""
    _, sex, days, gestation, grams, _ = row
    age = nc.Age.from_days(int(days), gestation=gestation or None)
    asked = {"arm": ARM} | PRODUCT | more
    return prepare(weight=f"{grams} g", sex=sex, age=age, **asked)


@pytest.mark.requirement("REQ-DOSE-18", "REQ-SAFE-04")
def test_every_row_is_as_for_one_infant(shell: Shell) -> None:
    assert shell.score(CONTENT, *OPTIONS).code == 0
    found = rows_of(shell.read("out.csv"))
    for given, row in zip(ROWS, found, strict=True):
        assert row["dose_status"] == given[5], given
        if given[5] == "ok":
            plan = one_infant(given)
            assert float(row["dose_cells"]) == plan.amounts.cells
            assert float(row["dose_volume_ml"]) == plan.amounts.volume
            continue
        assert row["dose_cells"] == row["dose_volume_ml"] == ""
        if given[5] in ("implausible", "invalid_value", "missing_value", "invalid_gestation",
                        "not_eligible"):  # fmt: skip
            with pytest.raises((nc.DoseRefused, nc.InputError)):
                one_infant(given)


@pytest.mark.requirement("REQ-REF-13")
def test_a_child_of_school_age_is_scored_and_not_dosed(shell: Shell) -> None:
    """A reference of school age has a z for a child of six; the charts of infants have none."""
    rows = HEADER + "1,m,2200,36+0,14500\n2,m,200,36+0,7000\n"
    assert shell.score(rows, *OPTIONS).code == 0
    old, infant = rows_of(shell.read("out.csv"))
    assert (old["waz_reference"], old["waz_status"]) == ("who-2007", "ok")
    assert (old["dose_status"], old["dose_cells"]) == ("age_above_reference", "")
    assert infant["dose_status"] == "ok"


@pytest.mark.requirement("REQ-DOSE-18")
def test_the_last_bit_of_a_weight_in_grams() -> None:
    """Divided as a float, 2350.1 g would be 2.3500999999999999 kg, and typed it is 2.3501."""
    rng = np.random.default_rng(4)
    grams = np.round(rng.uniform(3000, 3500, 400), 1)
    table = pl.DataFrame(
        {"sex": "f", "age_days": 105, "gestational_age": "27+3", "weight_g": grams}
    )
    assert (grams / 1000 != [float(f"{g!r}e-3") for g in grams.tolist()]).any()
    scored = nc.score(table, dose=Dosing(arm=ARM, every_row=True, **PRODUCT))
    for g, cells, volume in scored.select("weight_g", *ADDED[:2]).iter_rows():
        plan = prepare(weight=f"{g!r} g", arm=ARM, **PRODUCT)
        assert (cells, volume) == (plan.amounts.cells, plan.amounts.volume)


def test_the_columns_and_their_types() -> None:
    table = pl.DataFrame(
        {"sex": ["f"], "age_days": [200], "gestational_age": ["30+0"], "weight_kg": [6.0]}
    )
    scored = nc.score(table, dose=Dosing(arm=ARM, every_row=True, **PRODUCT), centiles=True)
    assert scored.columns[-3:] == ADDED
    assert scored.dtypes[-3:] == [pl.Float64, pl.Float64, pl.Enum(STATUSES)]
    assert scored.row(0)[-3:] == (6e6, 6e6 / (5e6 * 0.92), "ok")
    assert plan(table.columns, dose=Dosing(arm=ARM, every_row=True)).added[-3:] == ADDED
    assert nc.score(table).columns[-3:] == ["waz", "waz_reference", "waz_status"]


def test_every_kind_of_table() -> None:
    table = pl.DataFrame(
        {
            "sex": ["f", "m", ""],
            "age_days": [200] * 3,
            "gestational_age": ["30+0"] * 3,
            "weight_kg": [6.0, 60, 6],
        }
    )
    dosing = Dosing(arm=ARM, every_row=True, **PRODUCT)
    expected = nc.score(table, dose=dosing).select(ADDED)
    assert expected["dose_status"].to_list() == ["ok", "implausible", "missing_sex"]
    assert nc.score(table.lazy(), dose=dosing).select(ADDED).collect().equals(expected)
    of_pandas = nc.score(table.to_pandas(), dose=dosing)
    assert of_pandas["dose_cells"].tolist()[0] == 6e6
    assert of_pandas["dose_cells"].isna().tolist() == [False, True, True]
    of_arrow = nc.score(table.to_arrow(), dose=dosing)
    assert of_arrow["dose_status"].to_pylist() == expected["dose_status"].to_list()


@pytest.mark.requirement("REQ-DOSE-18")
def test_on_a_spark_executor() -> None:
    table = pl.DataFrame(
        {
            "sex": ["f", "m", ""],
            "age_days": [200] * 3,
            "gestational_age": ["30+0"] * 3,
            "weight_g": [6000, 60, 6],
        }
    )
    dosing = Dosing(arm=ARM, every_row=True, **PRODUCT)
    order = tasks.order_of(plan(table.columns, dose=dosing), table.columns)
    found = pa.Table.from_batches(tasks.added_batches(iter(table.to_arrow().to_batches()), order))
    for name in ADDED:
        assert found[name].to_pylist() == nc.score(table, dose=dosing)[name].to_list()


def test_without_a_concentration_there_are_cells_and_no_volume(shell: Shell) -> None:
    assert shell.score(CONTENT, "--dose", "NCT03558334:B", *EVERY).code == 0
    first = rows_of(shell.read("out.csv"))[0]
    assert [first[name] for name in ADDED] == ["15500000.0", "", "ok"]
    record = json.loads(shell.read("out.csv.json"))
    assert record["dose"]["concentration"] is None


@pytest.mark.requirement("REQ-DOSE-18")
def test_parquet_and_parts_are_the_same(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.score(CONTENT, *OPTIONS).code == 0
    whole = shell.read("out.csv")
    assert shell.score(CONTENT, *OPTIONS, output="out.parquet").code == 0
    table = pl.read_parquet(shell.folder / "out.parquet")
    for row, expected in zip(table.select(ADDED).iter_rows(), rows_of(whole), strict=True):
        assert ["" if cell is None else str(cell) for cell in row] == [expected[n] for n in ADDED]
    monkeypatch.setattr(csvrows, "PIECE", 64)
    monkeypatch.setattr(files, "MOST_ROWS", 2)
    assert shell.score(CONTENT, *OPTIONS, "--force").code == 0
    assert shell.read("out.csv") == whole


@pytest.mark.requirement("REQ-DOSE-18")
def test_the_record_says_which_dose(shell: Shell) -> None:
    assert shell.score(CONTENT, *OPTIONS).code == 0
    record = json.loads(shell.read("out.csv.json"))
    assert record["dose"] == {
        "trial": "NCT03558334",
        "version": "registry",
        "arm": "A",
        "origin": "shipped",
        "sha256": ARM.sha256,
        "counts": "viable",
        "arm_column": None,
        "arm_word": None,
        "dosed_on": None,
        "every_row": True,
        "dose": {"value": 1e6, "unit": "cell/kg"},
        "concentration": {"value": 5e6, "unit": "cell/mL"},
        "viable_concentration": None,
        "viability": {"value": 0.92, "unit": "fraction"},
        "release_viability": None,
    }
    assert record["added"][-3:] == ADDED
    assert record["statuses"]["dose"]["ok"] == 4
    assert sum(record["statuses"]["dose"].values()) == record["rows"] == len(ROWS)


def test_without_a_dose_nothing_is_added(shell: Shell) -> None:
    assert shell.score(HEADER + ROW).code == 0
    assert shell.read("out.csv").splitlines()[1] == f"{ROW.strip()},{SCORED}"
    record = json.loads(shell.read("out.csv.json"))
    assert record["dose"] is None
    assert "dose" not in record["statuses"]


def test_the_summary_and_strict(shell: Shell) -> None:
    done = shell.score(HEADER + ROW, *OPTIONS, "--strict")
    assert done.code == 0
    assert "  dose: ok 1" in done.lines
    assert done.lines[0].startswith(
        "Dose: 1 million viable cells/kg, NCT03558334, version registry"
    )
    bad = HEADER + ROW.replace("3100", "2350")
    assert shell.score(bad, *OPTIONS, "--strict", "--force").code == 1


def test_a_version_of_the_protocol(shell: Shell) -> None:
    version = ["--dose", "NCT03601416:low", "--protocol-version", "protocol-2020", *EVERY]
    assert shell.score(HEADER + ROW, *version).code == 0
    assert rows_of(shell.read("out.csv"))[0]["dose_cells"] == "7750000.0"


def test_a_sites_own_definition(shell: Shell) -> None:
    shell.write(
        "site.toml",
        'id = "SITE"\nversion = "2"\ntitle = "A site"\nsource = "its protocol"\n'
        '[limits]\nmax_cells = "3 million cells"\n'
        '[[arms]]\nname = "A"\ndose = "1 million cells/kg"\n',
    )
    content = HEADER + ROW + ROW.replace("3100", "3000")
    done = shell.score(content, "--dose", "site.toml:A", *OPTIONS[2:])
    assert done.code == 0, done.err
    found = [row["dose_status"] for row in rows_of(shell.read("out.csv"))]
    assert found == ["implausible", "ok"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dose", "NCT03558334"], "--dose"),
        (["--dose", "NCT03558334:"], "--dose"),
        (["--dose", ":A"], "--dose"),
        (["--dose", "NCT03558334:C"], "arm"),
        (["--dose", "NCT1:A"], "trial"),
        (["--dose", "NCT03558334:A", "--protocol-version", "9"], "version"),
        (["--dose", "NCT03558334:A", "--concentration", "5e6"], "--concentration"),
        (["--dose", "NCT03558334:A", "--concentration", "5e6cells/mL"], "--viability: missing"),
        (["--dose", "NCT03558334:A", "--viability", "92%"], "--concentration: missing"),
        ([*OPTIONS[:5], "--viability", "92"], "--viability"),
        ([*OPTIONS, "--viable-concentration", "5e6cells/mL"], "--viable-concentration"),
        (STRENGTH, "--dose: missing"),
        (EVERY, "--dose: missing"),
        (["--arm-column", "arm"], "--dose: missing"),
        (["--dosed-on", "day"], "--dose: missing"),
        (["--protocol-version", "registry"], "--dose: missing"),
        (["--viability", "92%"], "--dose: missing"),
        (["--viable-concentration", "5e6cells/mL"], "--dose: missing"),
        (["--release-viability", "92%"], "--dose: missing"),
        ([*OPTIONS, "--viability", "93%"], "--viability is given twice"),
        ([*OPTIONS, "--dose", "NCT03558334:B"], "--dose is given twice"),
    ],
)
def test_wrong_options(shell: Shell, options: list[str], said: str) -> None:
    assert said in shell.score(HEADER + ROW, *options).problem


@pytest.mark.requirement("REQ-DOSE-18")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([*REGISTRY, "--dose", "NCT03601416:MSC"], "states no dose"),
        ([*REGISTRY, "--dose", "NCT03601416:control"], "receives no cells"),
        ([*OPTIONS[:5], "--viability", "0.92%"], "Read the certificate again"),
        ([*OPTIONS[:5], "--viability", "65%"], "for any row"),
        (["--dose", "NCT03558334:A", "--viable-concentration", "90000 cells/mL"], "for any row"),
    ],
)
def test_what_would_stop_every_dose_writes_nothing(
    shell: Shell, options: list[str], said: str
) -> None:
    done = shell.score(HEADER + ROW, *options)
    assert done.code == 1
    assert len(done.lines) == 1
    assert said in done.err
    assert "3100000" not in done.err
    assert shell.names() == ["in.csv"]


def test_a_table_without_weights_has_no_doses(shell: Shell) -> None:
    done = shell.score("sex,age_days,length_cm\nf,105,49.5\n", *OPTIONS)
    assert "weight_kg" in done.problem
    taken = shell.score(HEADER.replace("subject_id", "dose_status") + ROW, *OPTIONS)
    assert "dose_status" in taken.problem


def test_a_file_to_itself_and_a_refused_dose_leave_no_trace(shell: Shell) -> None:
    done = shell.run("score", "none.csv", "-o", "out.csv", *OPTIONS)
    assert done.code == 2
    assert shell.names() == []


class TestWhichRows:
    """A control infant, an infant of another arm and every other visit were once given the dose."""

    HEAD = "subject_id,treatment,dosed_on,sex,birth_date,measured_on,gestational_age,weight_g\n"
    ROWS = (
        ("A", "2026-08-14", "2026-08-14", "27+3", "3100", "ok"),
        ("a", "2026-08-14", "2026-08-14", "27+3", "3100", "ok"),
        ("A", "2026-08-14", "2026-08-21", "27+3", "3300", "other_day"),
        ("A", "", "2026-08-14", "27+3", "3100", "missing_dose_date"),
        ("A", "soon", "2026-08-14", "27+3", "3100", "invalid_age"),
        ("B", "2026-08-14", "2026-08-14", "27+3", "3100", "other_arm"),
        ("control", "", "2026-08-14", "27+3", "3100", "other_arm"),
        ("", "2026-08-14", "2026-08-14", "27+3", "3100", "missing_arm"),
        ("A", "2026-08-14", "2026-08-14", "37+0", "6000", "not_eligible"),
        ("A", "2026-08-14", "2026-08-14", "", "6000", "not_eligible"),
        ("A", "2026-08-14", "2026-08-14", "27+3", "", "missing_value"),
        ("A", "2026-05-20", "2026-05-20", "27+3", "1000", "not_eligible"),
        ("A", "2026-08-14", "2026-08-14", "27+3", "31000", "implausible"),
    )
    COLUMNS = ("--arm-column", "treatment", "--dosed-on", "dosed_on")

    def content(self) -> str:
        lines = [
            f"{i},{arm},{dosed},f,2026-05-01,{on},{weeks},{grams}\n"
            for i, (arm, dosed, on, weeks, grams, _) in enumerate(self.ROWS)
        ]
        return self.HEAD + "".join(lines)

    @pytest.mark.requirement("REQ-DOSE-32")
    def test_each_has_a_dose_or_a_status(self, shell: Shell) -> None:
        done = shell.score(self.content(), "--dose", "NCT03558334:A", *self.COLUMNS, *STRENGTH)
        assert done.code == 0, done.err
        for given, row in zip(self.ROWS, rows_of(shell.read("out.csv")), strict=True):
            assert row["dose_status"] == given[5], given
            assert (row["dose_cells"] != "") == (given[5] == "ok")
            assert (row["dose_volume_ml"] != "") == (given[5] == "ok")
        dose = json.loads(shell.read("out.csv.json"))["dose"]
        assert (dose["arm_column"], dose["arm_word"], dose["dosed_on"], dose["every_row"]) == (
            "treatment", None, "dosed_on", False,
        )  # fmt: skip

    def test_the_word_of_the_table(self, shell: Shell) -> None:
        content = self.content().replace(",A,", ",1,").replace(",B,", ",2,")
        columns = ["--arm-column", "treatment=1", "--dosed-on", "dosed_on"]
        assert shell.score(content, "--dose", "NCT03558334:A", *columns).code == 0
        found = [row["dose_status"] for row in rows_of(shell.read("out.csv"))]
        expected = [row[5] for row in self.ROWS]
        assert found == ["ok", "other_arm", *expected[2:]]

    def test_numbers_and_dates_of_a_table_in_memory(self) -> None:
        table = pl.read_csv(self.content().encode(), infer_schema=False).with_columns(
            pl.col("treatment").replace_strict({"A": 1, "B": 2}, default=None),
            pl.col("dosed_on").str.to_date(strict=False),
            pl.col("measured_on").str.to_date(),
        )
        dosing = Dosing(arm=ARM, arm_column="treatment", arm_word="1", dosed_on="dosed_on")
        found = nc.score(table, dose=dosing)["dose_status"].to_list()
        assert found[:2] == ["ok", "missing_arm"]
        assert found[2:6] == ["other_day", "missing_dose_date", "missing_dose_date", "other_arm"]
        lazily = nc.score(table.lazy(), dose=dosing).select("dose_status").collect()
        assert lazily["dose_status"].to_list() == found

    def test_on_a_spark_executor(self) -> None:
        table = pl.read_csv(self.content().encode(), infer_schema=False).drop("subject_id")
        dosing = Dosing(arm=ARM, arm_column="treatment", dosed_on="dosed_on")
        order = tasks.order_of(plan(table.columns, dose=dosing), table.columns)
        batches = tasks.added_batches(iter(table.to_arrow().to_batches()), order)
        found = pa.Table.from_batches(batches)["dose_status"].to_pylist()
        assert found == [row[5] for row in self.ROWS]

    @pytest.mark.requirement("REQ-DOSE-32")
    @pytest.mark.parametrize("missing", ["--arm-column", "--dosed-on"])
    def test_both_are_needed(self, shell: Shell, missing: str) -> None:
        at = self.COLUMNS.index(missing)
        left = [*self.COLUMNS[:at], *self.COLUMNS[at + 2 :]]
        done = shell.score(self.content(), "--dose", "NCT03558334:A", *left)
        assert f"{missing}: missing; name the column with the " in done.problem
        assert shell.names() == ["in.csv"]

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--arm-column", "arm", "--dosed-on", "dosed_on"], "there is no column 'arm'"),
            (["--arm-column", "treatment", "--dosed-on", "day"], "there is no column 'day'"),
            ([*COLUMNS, "--every-row"], "this or every_row, not both"),
        ],
    )
    def test_what_cannot_be(self, shell: Shell, options: list[str], said: str) -> None:
        done = shell.score(self.content(), "--dose", "NCT03558334:A", *options)
        assert said in done.problem

    def test_a_day_is_compared_with_that_of_the_row(self, shell: Shell) -> None:
        content = "treatment,dosed_on,sex,age_days,gestational_age,weight_g\nA,2026-08-14,f,105,"
        done = shell.score(f"{content}27+3,3100\n", "--dose", "NCT03558334:A", *self.COLUMNS)
        assert "needs measured_on, the day of each row" in done.problem

    def test_a_dose_without_a_trial_is_that_of_every_row(self) -> None:
        table = pl.DataFrame({"sex": ["f"], "age_days": [200], "weight_kg": [6.0]})
        with pytest.raises(nc.MissingError, match="every_row"):
            nc.score(table, dose=Dosing(dose="1 million cells/kg"))
        scored = nc.score(table, dose=Dosing(dose="1 million cells/kg", every_row=True))
        assert scored["dose_cells"].to_list() == [6e6]

    @pytest.mark.requirement("REQ-DOSE-32")
    @pytest.mark.parametrize(
        ("birth", "day", "status"),
        [
            ("2024-02-29", "2025-02-28", "ok"), ("2024-02-29", "2025-03-01", "ok"),
            ("2024-02-29", "2025-03-02", "not_eligible"), ("2024-03-15", "2025-03-15", "ok"),
            ("2024-03-15", "2025-03-16", "not_eligible"),
        ],
    )  # fmt: skip
    def test_the_first_birthday(self, birth: str, day: str, status: str) -> None:
        conditions = nc.trials.load("NCT03601416", "registry").arm("MSC").conditions
        arm = replace(ARM, name="low", conditions=conditions)
        table = pl.DataFrame({
            "arm": ["low"], "dosed_on": [day], "measured_on": [day], "birth_date": [birth],
            "sex": ["f"], "gestational_age": ["27+3"], "weight_kg": [9.0],
        })  # fmt: skip
        dosing = Dosing(arm=arm, arm_column="arm", dosed_on="dosed_on")
        assert nc.score(table, dose=dosing)["dose_status"].to_list() == [status]

    @pytest.mark.requirement("REQ-DOSE-32")
    def test_a_protocol_that_fixes_the_policy_of_the_weight_check(self, shell: Shell) -> None:
        shell.write(
            "site.toml",
            'id = "SITE"\nversion = "2"\ntitle = "A site"\nsource = "its protocol"\n'
            '[weight_check]\npreterm_reference = "fenton-2025"\n'
            '[[arms]]\nname = "A"\ndose = "1 million cells/kg"\n',
        )
        asked = ["--dose", "site.toml:A", "--every-row"]
        assert "checks the weight by another policy" in shell.score(HEADER + ROW, *asked).problem
        done = shell.score(HEADER + ROW, *asked, "--preterm-reference", "fenton-2025")
        assert done.code == 0, done.err

    @pytest.mark.parametrize(
        "given",
        [
            {"arm_column": ""}, {"dosed_on": 3}, {"arm_word": "1"}, {"every_row": "yes"},
            {"arm_column": "arm", "every_row": True},
        ],
    )  # fmt: skip
    def test_what_is_no_column(self, given: dict[str, Any]) -> None:
        table = pl.DataFrame({"arm": ["A"], "sex": ["f"], "age_days": [200], "weight_kg": [6.0]})
        with pytest.raises(nc.InputError):
            nc.score(table, dose=Dosing(arm=ARM, **given))

    def test_other_rows_are_not_flagged(self, shell: Shell) -> None:
        content = "".join(self.content().splitlines(keepends=True)[i] for i in (0, 1, 3, 6))
        done = shell.score(content, "--dose", "NCT03558334:A", *self.COLUMNS, "--strict")
        assert "  dose: ok 1, other_arm 1, other_day 1" in done.lines
        assert done.code == 0


class TestDosing:
    def test_it_is_read_once_and_can_be_sent(self) -> None:
        dosing = Dosing(
            arm=ARM, concentration=nc.Q(5, "million cells/mL"), viability=nc.Q(92, "percent")
        )
        again = pickle.loads(pickle.dumps(dosing))
        assert again == dosing
        found = again.columns([2.35], z=[0.0])
        expected = prepare(weight="2.35 kg", arm=ARM, **PRODUCT)
        assert found.cells.tolist() == [expected.amounts.cells]
        assert found.volume.tolist() == [expected.amounts.volume]

    def test_without_an_arm(self) -> None:
        dosing = Dosing(dose="1 million cells/kg", viable_concentration="2 million cells/mL")
        assert dosing.columns([2.35]).volume.tolist() == [1.175]
        assert dosing.record()["trial"] is None
        assert dosing.describe().startswith("1 million viable cells/kg, no trial named")

    def test_the_limits_of_the_protocol_and_others(self) -> None:
        dosing = Dosing(arm=ARM, limits=Limits(max_cells="2 million cells"))
        assert dosing.columns([1.9, 2.1]).status.tolist() == [0, STATUSES.index("implausible")]
        total = Dosing(arm=ARM, limits=Limits(counts="total"), concentration="5e6 cells/mL")
        assert total.columns([2.0]).volume.tolist() == [0.4]
        assert total.record()["counts"] == "total"

    @pytest.mark.parametrize(
        ("arguments", "kind"),
        [
            ({}, nc.MissingError),
            ({"dose": 1e6}, nc.UnitError),
            ({"dose": "1 million cells"}, nc.UnitError),
            ({"arm": "A"}, nc.InputError),
            ({"arm": ARM, "limits": {"max_cells": "1 cell"}}, nc.InputError),
            ({"arm": ARM, "viability": "92%"}, nc.MissingError),
            ({"arm": ARM, "dose": "5 million cells/kg"}, nc.DoseRefused),
            ({"arm": nc.trials.load("NCT03601416", "registry").arm("MSC")}, nc.DoseRefused),
        ],
    )
    def test_what_is_wrong_is_refused_at_once(
        self, arguments: dict[str, Any], kind: type[Exception]
    ) -> None:
        with pytest.raises(kind):
            Dosing(**arguments)

    def test_a_table_takes_nothing_else(self) -> None:
        table = pl.DataFrame(
            {"sex": ["f"], "age_days": [200], "gestational_age": ["30+0"], "weight_kg": [6.0]}
        )
        with pytest.raises(nc.InputError, match=r"neocalc\.dose\.Dosing"):
            nc.score(table, dose="NCT03558334:A")  # type: ignore[arg-type]
