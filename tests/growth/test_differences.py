"""docs/differences.md: the values that it gives for neocalc are those that neocalc computes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import neocalc as nc

PAGE = Path(__file__).resolve().parents[2] / "docs" / "differences.md"
MEASURES = {
    "WAZ": "weight", "LAZ": "length", "BAZ": "bmi", "WLZ": "weight_for_length",
    "HCZ": "head_circumference",
}  # fmt: skip


class Row(NamedTuple):
    """One row of a table of a package: what is given, and what neocalc makes of it."""

    given: str
    said: str

    @property
    def measure(self) -> str:
        """The measure that the row is about."""
        for index, measure in MEASURES.items():
            if index in self.said:
                return measure
        if "kg" in self.given and "cm" in self.given:
            return "weight_for_length"
        return "length" if "cm" in self.given else "weight"

    def age(self) -> nc.Age | None:
        """The age that the row gives."""
        born = re.search(r'born "?([0-9]{2}(?:w[0-9]d|\+[0-9]))"?', self.given)
        gestation = born[1] if born else None
        if at := re.search(r"\bd (-?[0-9][0-9,.]*[0-9]|[0-9])(?=[ ,;]|$)", self.given):
            return nc.Age.from_days(float(at[1].replace(",", "")), gestation)
        if at := re.search(r"([0-9]+) months", self.given):
            return nc.Age.from_months(int(at[1]))
        if at := re.search(r"[MF] ([0-9.]+) d\b", self.given):  # postmenstrual
            return nc.Age.from_days(float(at[1]) - 150, "21+3")
        if at := re.search(r"corrected age ([0-9]+) d", self.given):
            return nc.Age.from_days(int(at[1]))
        return None

    def result(self) -> nc.ZScore:
        """What neocalc makes of it."""
        given = [f"{n} {unit}" for n, unit in re.findall(r"(-?[0-9.]+) (kg|g|cm)\b", self.given)]
        weight = next((value for value in given if value.endswith("g")), None)
        length = next((value for value in given if value.endswith("cm")), None)
        # The page compares the standards of 2006, which end at 5 years.
        policy = nc.Policy(school_age_reference=None)
        more: dict[str, Any] = {"sex": self.given[0], "age": self.age(), "policy": policy}
        for word, position in (("lying", "recumbent"), ("standing", "standing")):
            more |= {"position": position} if f" {word}" in self.given else {}
        more |= {"oedema": True} if "oedema" in self.given else {}
        if bmi := re.search(r"BMI ([0-9.]+)", self.given):
            return nc.zscore("bmi", f"{bmi[1]} kg/m2", **more)
        if self.measure == "length":
            return nc.zscore("length", length, **more)
        if self.measure in ("bmi", "weight_for_length"):
            more |= {"length": length}
        if re.search(r"[MF] [0-9.]+ d\b", self.given) and "WHO" not in self.said:
            more |= {"reference": "fenton-2013"}
        return nc.zscore(self.measure, weight, **more)


def table_rows() -> list[Row]:
    """The rows of the tables whose columns are the input, neocalc, and the other package."""
    found, inside = [], False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| Input |"):
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and "---" not in line:
            found.append(Row(cells[0], cells[1]))
    return found


ROWS = table_rows()
WITH_A_Z = [row for row in ROWS if re.search(r"-?[0-9]+\.[0-9]{4}|AZ 0$", row.said)]
REFUSED = [
    row
    for row in ROWS
    if row not in WITH_A_Z
    and re.match(r"`[a-z_]+`", row.said)
    and re.search(r"[0-9] (kg|g|cm)", row.given)
]


def test_the_tables_were_read() -> None:
    assert len(ROWS) > 100
    assert len(WITH_A_Z) > 55
    assert len(REFUSED) > 20


@pytest.mark.requirement("REQ-CMD-03")
@pytest.mark.parametrize("row", WITH_A_Z, ids=lambda row: row.given)
def test_a_z_of_the_page(row: Row) -> None:
    if row.given == "M d 365, weight at z 4; at z -4":
        found = [
            nc.measurement("weight", z=z, sex="m", age=nc.Age.from_days(365)).magnitude
            for z in (4, -4)
        ]
        assert "; ".join(f"{kg:.4f}" for kg in found) in row.said
        return
    if row.given == "M, weight-for-length without an age":
        row = row._replace(given="M, 60 cm, 7 kg")
    said = re.findall(r"-?[0-9]+\.[0-9]{4}", row.said) or ["0"]
    assert row.result().z == pytest.approx(float(said[0]), abs=5.1e-5)
    if row.given == "F 210 d, 1000 g":
        age = nc.Age.from_days(60, "21+3")
        other = nc.zscore("weight", "1000 g", sex="f", age=age, reference="fenton-2025")
        assert other.z == pytest.approx(float(said[1]), abs=5.1e-5)


@pytest.mark.requirement("REQ-CMD-03")
@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.given)
def test_a_status_of_the_page(row: Row) -> None:
    given = {"length 0, 9 kg": "M d 100, 0 cm, 9 kg", "44.9 cm": "M d 10, 44.9 cm, 3 kg"}
    row = row._replace(given=given.get(row.given, row.given))
    try:
        found = row.result().status
    except nc.InputError as error:
        found = error.status
    assert f"`{found}`" in row.said


def test_words_of_the_page() -> None:
    refused = [row for row in ROWS if row.said == "refused"]
    assert len(refused) >= 4
    for row in refused:
        with pytest.raises(nc.InputError):
            row.result()
    for months, day in ((8, 244), (9, 274), (24, 731), (60, 1827)):
        assert nc.Age.from_months(months).chronological.magnitude == day
    child = nc.zscore("weight", "5733 g", sex="m", age=nc.Age.from_days(201, "21+3"))
    assert (child.reference, child.age_basis) == ("who-2006", "corrected")
    for measure, value, day in (("weight", "1 kg", 157), ("length", "30 cm", 164)):
        age = nc.Age.from_days(day - 150, "21+3")
        assert nc.zscore(measure, value, sex="m", age=age).status == "age_below_reference"
    many = nc.zscore("weight", ["9 kg", "0 kg"], sex="m", age=nc.Age.from_days(365))
    assert many.status.tolist() == ["ok", "invalid_value"]
