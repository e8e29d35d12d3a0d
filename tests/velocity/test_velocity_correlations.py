"""The correlation of z between two ages, the standardised change and the conditional gain."""

from __future__ import annotations

import hashlib
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neocalc as nc
import velocity_oracle as oracle
from neocalc.errors import TableError
from neocalc.references.catalogue import tables_folder
from neocalc.references.files import parse_toml
from neocalc.velocity import correlations, intervals
from neocalc.velocity.correlations import FOLDER, SOURCES, Model, models, read_models
from velocity_simulation import SEXES, WIDTHS

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))

import fit_correlations

MEASURES = tuple(WIDTHS)


def days(first: int, second: int) -> dict[str, Any]:
    """Two ages of a child of unstated gestation."""
    return {"first_age": nc.Age.from_days(first), "second_age": nc.Age.from_days(second)}


def preterm(first: int, second: int) -> dict[str, Any]:
    """Two corrected ages of a child born at 30 weeks."""
    ages = (nc.Age.from_days(day + 70, gestation="30+0") for day in (first, second))
    return dict(zip(("first_age", "second_age"), ages, strict=True))


def boy(first: int, second: int, *kg: float, **options: Any) -> nc.velocity.Change:
    """A boy's change in weight."""
    values: dict[str, Any] = {"first": f"{kg[0]} kg", "second": f"{kg[1]} kg"}
    return nc.velocity.change("weight", sex="m", **values, **(days(first, second) | options))


# --- r ------------------------------------------------------------------------------------------


@pytest.mark.requirement("REQ-GAIN-09")
@pytest.mark.parametrize(
    ("measure", "sex", "start", "r"),
    [
        ("weight", "male", 0, 0.468),
        ("weight", "male", 6, 0.864),
        ("weight", "male", 18, 0.945),
        ("weight", "female", 0, 0.591),
        ("weight", "female", 6, 0.874),
        ("weight", "female", 18, 0.933),
        ("length", "male", 6, 0.857),
        ("length", "male", 18, 0.952),
    ],
)
def test_r_of_rows_over_6_months(measure: str, sex: str, start: int, r: float) -> None:
    first, second = (math.floor(month * 30.4375 + 0.5) for month in (start, start + 6))
    found = nc.velocity.correlation(measure, sex=sex, **days(first, second))
    assert found.r == pytest.approx(r, abs=0.002)  # in whole days; the rows are of 182.625
    assert found.status == "ok"
    rows = fit_correlations.implied_by_rows(measure)
    here = (rows.sex == SEXES.index(sex)) & (rows.width == 6) & (np.rint(rows.first) == start)
    assert rows.r[here].tolist() == pytest.approx([r], abs=6e-4)


@pytest.mark.requirement("REQ-GAIN-09")
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize("few", [0, intervals.FEW])
def test_every_kind_of_pair_against_the_plain_implementation(
    measure: str, sex: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (intervals, correlations):
        monkeypatch.setattr(module, "FEW", few)
    rng = np.random.default_rng(11)
    first = np.concatenate([rng.integers(-20, 1100, 500), rng.integers(0, 731, 500), [18, 0, 913]])
    second = first + np.concatenate(
        [rng.integers(-5, 1100, 500), rng.integers(25, 190, 500), [713, 1096, 183]]
    )
    found = nc.velocity.correlation(
        measure,
        sex=sex,
        first_age=nc.Age.from_days(first + 140, gestation="20+0"),
        second_age=nc.Age.from_days(second + 140, gestation="20+0"),
        policy=nc.Policy(correct_until="84 month"),
    )
    for i in range(len(first)):
        r, word = oracle.correlation(measure, sex, int(first[i]), int(second[i]))
        if math.isnan(r):
            assert (found.status[i], found.source[i]) == (word, ""), (first[i], second[i])
            assert math.isnan(found.r[i])
        else:
            assert (found.status[i], found.source[i]) == ("ok", word), (first[i], second[i])
            assert found.r[i] == pytest.approx(r, abs=1e-12)
    assert set(SOURCES) <= set(found.source)


def test_one_pair_and_many_agree() -> None:
    one = nc.velocity.correlation("weight", sex="f", **days(91, 400))
    many = nc.velocity.correlation(
        "weight", sex=["f", "x", None, "m"], first_age=nc.Age.from_days(91),
        second_age=nc.Age.from_days([400, 400, 400, 60]),
    )  # fmt: skip
    assert many.r[0] == one.r
    assert many.source[0] == one.source == "who-2009-model"
    assert many.status.tolist() == ["ok", "invalid_sex", "missing_sex", "interval_not_positive"]
    assert np.isnan(many.r[1:]).all()
    assert (one.interval_days, many.interval_days.tolist()) == (309, [309, 309, 309, -31])
    assert (repr(one), repr(many)) == (
        f"<Correlation {one.r:.3f} who-2009-model>", "<Correlation of 4>",
    )  # fmt: skip


@pytest.mark.requirement("REQ-GAIN-09")
def test_ages_are_corrected_and_there_is_none_below_term() -> None:
    below = nc.velocity.correlation("weight", sex="f", **preterm(-1, 60))
    assert (below.status, below.source) == ("start_below_term", "")
    assert math.isnan(below.r)
    assert repr(below) == "<Correlation nan start_below_term>"
    term = nc.velocity.correlation("weight", sex="f", **preterm(0, 60))
    assert term.r == nc.velocity.correlation("weight", sex="f", **days(0, 60)).r
    late = nc.velocity.correlation("weight", sex="f", **days(600, 1097))
    assert late.status == "above_velocity_reference"
    assert nc.velocity.correlation("weight", sex="f", **days(600, 1096)).status == "ok"


def test_ages_that_cannot_be_compared() -> None:
    with pytest.raises(nc.AgeError, match="an age after the first"):
        nc.velocity.correlation("weight", sex="f", **days(60, 60))
    with pytest.raises(nc.AgeError, match="two visits of one child"):
        nc.velocity.correlation(
            "weight", sex="f", first_age=nc.Age.from_days(100, "30+0"),
            second_age=nc.Age.from_days(200, "31+0"),
        )  # fmt: skip
    with pytest.raises(nc.AgeError, match="both ages corrected"):
        nc.velocity.correlation(
            "weight", sex="f", first_age=nc.Age.from_days(100, "30+0"),
            second_age=nc.Age.from_days(200),
        )  # fmt: skip
    with pytest.raises(nc.InputError, match="measure: 'bmi'"):
        nc.velocity.correlation("bmi", sex="f", **days(60, 90))
    with pytest.raises(nc.SexError):
        nc.velocity.correlation("weight", sex="x", **days(60, 90))


@given(
    measure=st.sampled_from(MEASURES), sex=st.sampled_from(SEXES), first=st.integers(0, 1095),
    later=st.integers(1, 1096),
)  # fmt: skip
def test_r_is_a_correlation_at_every_pair_of_ages(
    measure: str, sex: str, first: int, later: int
) -> None:
    second = min(first + later, 1096)
    found = nc.velocity.correlation(measure, sex=sex, **days(first, second))
    assert 0.2 < found.r < 1
    assert found.status == "ok"
    extrapolated = found.source == "who-2009-model-extrapolated"
    assert extrapolated == (second > 731)


@pytest.mark.parametrize("measure", MEASURES)
def test_r_by_the_model_falls_with_the_interval_and_rises_with_age(measure: str) -> None:
    model = models()[measure]
    months = np.arange(0, 36.0)
    for first in months[:-1]:
        assert (np.diff(model.between(first, months[months > first])) < 0).all()
    for interval in (1, 3, 6, 12):
        assert (np.diff(model.between(months, months + interval)) > 0).all()
    assert model.between(5.0, 5.0) == pytest.approx(1 - model.n)


LARGEST = {"weight": 0.08, "length": 0.05, "head_circumference": 0.04}
"""Between r of a row, or between two, and the model: found 0.078, 0.048 and 0.040."""


@pytest.mark.requirement("REQ-GAIN-09")
@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("sex", SEXES)
def test_the_model_is_near_the_tables_where_both_are(measure: str, sex: str) -> None:
    first, later = (axis.ravel() for axis in np.meshgrid(np.arange(0, 672, 3), np.arange(61, 183)))
    inside = first + later <= 731
    first, later = first[inside], later[inside]
    found = nc.velocity.correlation(
        measure, sex=sex, first_age=nc.Age.from_days(first),
        second_age=nc.Age.from_days(first + later),
    )  # fmt: skip
    of_rows = np.isin(found.source, ["who-2009", "who-2009-interpolated"])
    model = models()[measure].between(first / 30.4375, (first + later) / 30.4375)
    assert of_rows.sum() > 10_000
    assert np.abs(model - found.r)[of_rows].max() < LARGEST[measure]


# --- the stored model ---------------------------------------------------------------------------


@pytest.mark.requirement("REQ-GAIN-09")
@pytest.mark.parametrize("measure", MEASURES)
def test_the_stored_model_is_what_the_script_fits(measure: str) -> None:
    fitted = fit_correlations.fitted(fit_correlations.implied_by_rows(measure))
    first, second = np.meshgrid(np.arange(0.0, 36), np.arange(0.0, 37))
    there = second > first
    one, two = (m.between(first[there], second[there]) for m in (models()[measure], fitted))
    assert np.abs(one - two).max() < 1e-3
    assert tuple(models()) == fit_correlations.MEASURES


def test_the_stored_model_names_the_tables_that_it_was_fitted_to() -> None:
    folder = tables_folder() / FOLDER
    about = parse_toml((folder / "correlation.toml").read_bytes())
    assert len(about["fitted_to"]) == 6
    for name, sha256 in about["fitted_to"].items():
        path = tables_folder() / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, name
    csv = (folder / "model.csv").read_text(encoding="ascii")
    assert fit_correlations.table_text(models()) == csv
    assert fit_correlations.about_text(csv) == (folder / "correlation.toml").read_text()


def copied(tmp_path: Path) -> Path:
    """The folder of the model, to be spoilt."""
    return Path(shutil.copytree(tables_folder() / FOLDER, tmp_path / FOLDER))


@pytest.mark.requirement("REQ-GAIN-09")
def test_a_model_that_was_altered_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert read_models(folder) == models()
    text = (folder / "model.csv").read_text()
    (folder / "model.csv").write_text(text.replace("0.0253", "0.0254"))
    with pytest.raises(TableError, match=r"model\.csv: this table has been altered"):
        read_models(folder)
    (folder / "model.csv").unlink()
    with pytest.raises(TableError, match=r"model\.csv: No such file"):
        read_models(folder)
    (folder / "correlation.toml").unlink()
    with pytest.raises(TableError, match=r"there is no correlation\.toml in this folder"):
        read_models(folder)


@pytest.mark.parametrize(
    "text",
    [
        "measure,n,p\nweight,0.1,0.2\n",
        "measure,n,p,c,q,tau\nweight,0.1,0.2\n",
        "measure,n,p,c,q,tau\nweight,0.1,0.2,1,1,1,1\n",
        "measure,n,p,c,q,tau\nweight,0.1,0.2,1,x,1\n",
        "",
    ],
)
def test_a_malformed_model_is_refused(tmp_path: Path, text: str) -> None:
    folder = copied(tmp_path)
    about = (folder / "correlation.toml").read_text()
    old = hashlib.sha256((folder / "model.csv").read_bytes()).hexdigest()
    (folder / "model.csv").write_text(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    (folder / "correlation.toml").write_text(about.replace(old, sha256))
    with pytest.raises(TableError, match=r"model\.csv: "):
        read_models(folder)


@pytest.mark.parametrize("about", ["file = 1 =", 'sha256 = ""', 'file = "model.csv"'])
def test_a_malformed_description_is_refused(tmp_path: Path, about: str) -> None:
    folder = copied(tmp_path)
    (folder / "correlation.toml").write_text(about)
    with pytest.raises(TableError, match=r"correlation\.toml: "):
        read_models(folder)


# --- standardised change and conditional gain ---------------------------------------------------


@pytest.mark.requirement("REQ-GAIN-10")
def test_a_change_with_the_correlation_of_the_tables() -> None:
    c = boy(183, 548, 7.9, 10.0)
    r = nc.velocity.correlation("weight", sex="m", **days(183, 548)).r
    assert (c.r, c.r_source) == (r, "who-2009-model")
    expected = oracle.standardised(c.first_z, c.second_z, r)
    assert (c.standardised, c.conditional) == pytest.approx(expected, abs=1e-12)
    assert c.conditional == nc.velocity.conditional_gain(c.first_z, c.second_z, r, "a test")
    assert c.standardised_status == "ok"


@pytest.mark.requirement("REQ-GAIN-10")
def test_a_callers_own_correlation_goes_first() -> None:
    c = boy(183, 548, 7.9, 10.0, r=0.7, r_source="a cohort")
    assert (c.r, c.r_source, c.standardised_status) == (0.7, "a cohort", "ok")
    assert c.standardised == c.change / math.sqrt(2 * (1 - 0.7))
    below = nc.velocity.change(
        "weight", first="1200 g", second="1500 g", sex="f", r=0.9, r_source="a cohort",
        **preterm(-50, -30),
    )  # fmt: skip
    assert below.standardised_status == "ok"
    assert below.conditional == nc.velocity.conditional_gain(
        below.first_z, below.second_z, 0.9, "a cohort"
    )


@pytest.mark.requirement("REQ-GAIN-10")
@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"r": 0.9}, "r_source: missing; give the citation of r"),
        ({"r": 0.9, "r_source": " "}, "r_source: missing"),
        ({"r_source": "a cohort"}, "r: missing; give the correlation that r_source"),
        ({"r": 1.0, "r_source": "a cohort"}, "a correlation from 0 to below 1"),
        ({"r": -0.1, "r_source": "a cohort"}, "a correlation from 0 to below 1"),
        ({"r": math.nan, "r_source": "a cohort"}, "a correlation from 0 to below 1"),
        ({"r": "x", "r_source": "a cohort"}, "a correlation from 0 to below 1"),
        ({"r": [0.9, 0.8], "r_source": "a cohort"}, r"as many as pairs of visits \(1\)"),
    ],
)
def test_a_correlation_that_cannot_be_used_is_refused(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(nc.InputError, match=problem):
        boy(183, 548, 7.9, 10.0, **options)


@pytest.mark.requirement("REQ-GAIN-10")
def test_below_term_across_references_and_other_measures_there_is_none() -> None:
    below = nc.velocity.change(
        "weight", first="2.5 kg", second="3.0 kg", sex="f", **preterm(-20, 5)
    )
    assert (below.status, below.standardised_status) == ("ok", "start_below_term")
    assert not math.isnan(below.change)
    across = nc.velocity.change(
        "weight", first="3.5 kg", second="6.0 kg", sex="f", **preterm(5, 120)
    )
    assert (across.status, across.standardised_status) == ("reference_changed",) * 2
    other = nc.velocity.change(
        "arm_circumference", first="13 cm", second="14 cm", sex="f", **days(120, 300)
    )
    assert (other.status, other.standardised_status) == ("ok", "no_table")
    late = boy(600, 1100, 11, 14)
    assert (late.status, late.standardised_status) == ("ok", "above_velocity_reference")
    swollen = boy(183, 548, 7.9, 10.0, oedema=True)
    assert swollen.standardised_status == "oedema"
    for c in (below, across, other, late, swollen):
        assert math.isnan(c.standardised)
        assert math.isnan(c.conditional)
        assert math.isnan(c.r)
        assert c.r_source == ""


def test_an_own_correlation_does_not_reach_across_references() -> None:
    across = nc.velocity.change(
        "weight", first="3.5 kg", second="6.0 kg", sex="f", r=0.8, r_source="a cohort",
        **preterm(5, 120),
    )  # fmt: skip
    assert (across.standardised_status, across.r_source) == ("reference_changed", "")
    assert math.isnan(across.conditional)


def test_both_visits_on_the_preterm_chart_after_term() -> None:
    c = nc.velocity.change("weight", first="3.5 kg", second="4.4 kg", sex="f", **preterm(2, 40))
    assert c.first_reference == c.second_reference == "fenton-2013"
    assert (c.standardised_status, c.r_source) == ("ok", "who-2009-interpolated")
    assert c.r == nc.velocity.correlation("weight", sex="f", **preterm(2, 40)).r


def test_an_implausible_z_is_kept_and_said() -> None:
    c = boy(183, 548, 7.9, 25.0)
    assert (c.status, c.standardised_status) == ("implausible", "implausible")
    assert not math.isnan(c.standardised)


def test_arrays() -> None:
    ages: dict[str, Any] = {
        "first_age": nc.Age.from_days([183, -5, 183, 183, 183], gestation=[None] * 5),
        "second_age": nc.Age.from_days([548, 548, 100, 548, 1096], gestation=[None] * 5),
    }
    kg: dict[str, Any] = {"first": nc.Q([7.9, 7.9, 7.9, math.nan, 7.9], "kg"), "second": "10 kg"}
    many = nc.velocity.change("weight", sex="m", **kg, **ages)
    one = boy(183, 548, 7.9, 10.0)
    assert many.standardised[0] == one.standardised
    assert many.conditional[0] == one.conditional
    assert many.r_source.tolist() == ["who-2009-model", "", "", "", "who-2009-model-extrapolated"]
    assert many.standardised_status.tolist() == [
        "ok", "invalid_age", "interval_not_positive", "missing_value", "ok",
    ]  # fmt: skip
    assert np.isnan(many.r).tolist() == [False, True, True, True, False]
    own = nc.velocity.change(
        "weight", sex="m", r=[0.5, 0.6, 0.7, 0.8, 0.9], r_source="a cohort", **kg, **ages
    )
    assert own.r[[0, 4]].tolist() == [0.5, 0.9]
    assert own.r_source.tolist() == ["a cohort", "", "", "", "a cohort"]
    none = nc.velocity.change(
        "weight", first=nc.Q(np.array([]), "kg"), second=nc.Q(np.array([]), "kg"),
        sex=np.array([], dtype=object), first_age=nc.Age.from_days([]),
        second_age=nc.Age.from_days([]),
    )  # fmt: skip
    assert len(none.standardised) == len(none.standardised_status) == 0


@pytest.mark.requirement("REQ-GAIN-10")
@given(
    r=st.floats(0, 0.999), first=st.floats(5.5, 10), second=st.floats(7, 14),
)  # fmt: skip
def test_the_two_z_are_those_of_their_formulas(r: float, first: float, second: float) -> None:
    c = boy(183, 548, first, second, r=r, r_source="a test")
    expected = oracle.standardised(c.first_z, c.second_z, r)
    assert (c.standardised, c.conditional) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    # The change that was expected is none, by the conditional gain.
    assert math.copysign(1, c.conditional) == math.copysign(1, c.second_z - r * c.first_z)


def test_the_parameters_of_a_model() -> None:
    model = Model(0.1, 0.2, 1.0, 2.0, 3.0)
    assert model.at(0.0) == 0.9
    assert model.at(100.0) == pytest.approx(0.18)
    assert model.between(0, 3) == pytest.approx(0.9 * (0.2 + 0.8 * math.exp(-(math.log(2) ** 2))))
