"""z-scores that a file carries already, beside ours: how far apart, and why."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

import neocalc as nc
from neocalc.errors import FileError, InputError
from shell import Shell

FRAME = pl.DataFrame(
    {
        "sex": ["f"] * 3,
        "age_days": [105, 200, 700],
        "gestational_age": ["27+3"] * 3,
        "weight_g": [3100, 6100, 10_500],
        "length_cm": [50.0, 62.0, 82.0],
        "length_position": ["l", "l", "h"],
    }
)


def theirs(index: str, values: list[Any], **options: Any) -> pl.DataFrame:
    """Our table with values of theirs, scored and compared."""
    frame = FRAME.with_columns(pl.Series("THEIRS", values, strict=False))
    scored: pl.DataFrame = nc.score(frame, compare={index: "THEIRS"}, **options)
    return scored


def words(index: str, values: list[Any], **options: Any) -> list[str]:
    """What explains each difference."""
    return list(theirs(index, values, **options)[f"{index}_compared"])


def z(index: str = "waz", **options: Any) -> list[float]:
    """Our z-scores."""
    return list(nc.score(FRAME, **options)[index])


@pytest.mark.requirement("REQ-TAB-23")
def test_the_same_and_the_rounded() -> None:
    assert words("waz", z()) == ["same"] * 3
    assert words("waz", [round(one, 2) for one in z()]) == ["rounding"] * 3
    assert words("waz", [f"{one:.2f}" for one in z()]) == ["rounding"] * 3
    compared = theirs("waz", [one + 0.004 for one in z()])
    assert compared["waz_difference"].to_list() == pytest.approx([-0.004] * 3)


@pytest.mark.requirement("REQ-TAB-23")
def test_theirs_is_at_chronological_age() -> None:
    ours = nc.score(FRAME, uncorrected=True)
    for places in (2, 12):
        values = [round(one, places) for one in ours["waz_uncorrected"]]
        assert words("waz", values) == ["uncorrected"] * 3


@pytest.mark.requirement("REQ-TAB-23")
@pytest.mark.parametrize("reference", ["fenton-2025", "who-2006"])
def test_theirs_is_of_another_reference(reference: str) -> None:
    other = nc.zscore(
        "weight", "3100 g", sex="f", age=nc.Age.from_days(105, gestation="27+3"),
        reference=reference,
    ).z  # fmt: skip
    assert words("waz", [other, None, None])[0] == "other_reference"


def test_beside_one_reference_whatever_the_age() -> None:
    ours = z(reference="who-2006")
    values = [ours[0], ours[1] + 1.5, z()[2]]
    assert words("waz", values, reference="who-2006") == ["same", "unexplained", "same"]


@pytest.mark.requirement("REQ-TAB-23")
def test_theirs_is_of_the_other_position() -> None:
    flipped = FRAME.with_columns(length_position=pl.Series(["h", "h", "l"]))
    values = [None, None, nc.score(flipped)["laz"][2]]  # below nine months it does not matter
    assert words("laz", values) == ["theirs_missing", "theirs_missing", "position"]


@pytest.mark.requirement("REQ-TAB-23")
def test_what_nothing_explains_and_what_is_missing() -> None:
    ours = z()
    assert words("waz", [ours[0] + 3, None, ours[2] - 0.02]) == [
        "unexplained", "theirs_missing", "unexplained",
    ]  # fmt: skip
    frame = FRAME.with_columns(
        weight_g=pl.Series([None, None, 10_500], dtype=pl.Int64), T=pl.Series(["1.0", "", "NA"])
    )
    compared = nc.score(frame, compare={"waz": "T"}, missing="NA")
    assert compared["waz_compared"].to_list() == [
        "ours_missing", "both_missing", "theirs_missing",
    ]  # fmt: skip
    assert compared["waz_difference"].to_list() == [None] * 3


@pytest.mark.requirement("REQ-TAB-23")
def test_the_command_counts_them(shell: Shell) -> None:
    values = z()
    FRAME.with_columns(
        waz=pl.Series([round(values[0], 2), values[1], 9.0]), HAZ=pl.Series(z("laz"))
    ).write_csv(shell.folder / "in.csv")
    done = shell.run(
        "score", "in.csv", "-o", "out.csv", "--prefix", "nc_", "--compare", "waz=waz",
        "--compare", "laz=HAZ", "--json",
    )  # fmt: skip
    assert done.code == 0
    assert "waz beside theirs: rounding 1, same 1, unexplained 1" in done.err
    assert "laz beside theirs: same 3" in done.err
    assert json.loads(done.out)["compared"]["laz"] == {"same": 3}
    scored = pl.read_csv(shell.folder / "out.csv")
    assert scored["nc_waz_compared"].to_list() == ["rounding", "same", "unexplained"]
    assert scored["waz"].to_list() == [round(values[0], 2), values[1], 9.0]
    record = json.loads(shell.read("out.csv.json"))
    assert record["compare"] == {"waz": "waz", "laz": "HAZ"}
    assert record["compared"]["waz"] == {"rounding": 1, "same": 1, "unexplained": 1}
    assert record["added"] == [name for name in scored.columns if name.startswith("nc_")]


@pytest.mark.requirement("REQ-TAB-23")
def test_what_cannot_be_compared_is_refused(shell: Shell) -> None:
    FRAME.write_csv(shell.folder / "in.csv")
    for pair, said in (
        ("hcz=WAZ", "--compare: 'hcz' is not accepted; an index that is computed: waz, laz"),
        ("waz=WAZ", "in.csv: there is no column 'WAZ' (to be compared)"),
        ("waz", "--compare: 'waz' is not accepted; such as waz=WAZ"),
    ):
        assert said in shell.run("score", "in.csv", "-o", "out.csv", "--compare", pair).problem
    with pytest.raises(InputError, match="a dict of index to column"):
        nc.score(FRAME, compare=["waz"])  # type: ignore[arg-type]
    with pytest.raises(FileError, match="it has the columns waz already"):
        nc.score(FRAME.with_columns(waz=1.0), compare={"waz": "waz"})


@pytest.mark.requirement("REQ-TAB-23")
def test_pandas_and_arrow_too() -> None:
    for frame in (FRAME.with_columns(T=1.0).to_pandas(), FRAME.with_columns(T=1.0).to_arrow()):
        scored = nc.score(frame, compare={"waz": "T"})
        assert list(map(str, scored["waz_compared"])) == ["unexplained"] * 3
