"""The exports of docs/files.md: the same visits, whatever program wrote them."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import polars as pl
import pytest

from shell import Shell

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CODES = ("--sex-codes", "male=1,female=2")
OPTIONS = {
    "sav": (),
    "dta": ("--missing", "Not weighed"),
    "xpt": CODES,
    "xlsx": ("--sheet", "Visits", "--missing", "weight_g=9999", *CODES),
}


def test_the_script_makes_the_same_tables(tmp_path: Path) -> None:
    """SPSS and Stata write the time into their files, so the bytes differ."""
    spec = importlib.util.spec_from_file_location("make_exports", EXAMPLES / "make_exports.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path / "exports")
    made = sorted(path.name for path in (tmp_path / "exports").iterdir())
    assert made == ["visits.dta", "visits.sav", "visits.xlsx", "visits.xpt"]
    for name in made:
        size = (EXAMPLES / "exports" / name).stat().st_size
        assert abs((tmp_path / "exports" / name).stat().st_size - size) < 100
    one, two = tmp_path / "exports" / "visits.xlsx", EXAMPLES / "exports" / "visits.xlsx"
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.requirement("REQ-FILE-16")
@pytest.mark.parametrize("suffix", OPTIONS)
def test_every_export_gives_the_same_z(shell: Shell, suffix: str) -> None:
    shutil.copytree(EXAMPLES / "exports", shell.folder, dirs_exist_ok=True)
    cohort = pl.read_csv(EXAMPLES / "cohort.csv", infer_schema=False).head(60)
    meant = [  # what is wrong on purpose there
        pl.col("gestational_age").replace("27.3", "27+3"),
        pl.col("weight_g").replace("8210,5", ""),
    ]
    cohort.drop("length_position", "oedema").with_columns(meant).write_csv(
        shell.folder / "cohort.csv"
    )
    assert shell.run("score", "cohort.csv", "-o", "csv.csv").code == 0
    done = shell.run(
        "score", f"visits.{suffix}", "--columns", "visits.toml", "-o", "out.csv", *OPTIONS[suffix]
    )
    assert done.code == 0, done.err
    ours, theirs = (pl.read_csv(shell.folder / name) for name in ("out.csv", "csv.csv"))
    for index in ("waz", "laz", "hcz", "baz", "wlz"):
        assert ours[index].to_list() == theirs[index].to_list()
        assert ours[f"{index}_status"].to_list() == theirs[f"{index}_status"].to_list()
