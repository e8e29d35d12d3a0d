"""The dosing weight: its range, source, age, z-score, change from the last, and slips by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import neocalc as nc
from dose_arguments import message, outcomes, plan_of, refusal_of, stops
from neocalc.dose import Limits, Override, prepare
from neocalc.dose.stops import stop_codes
from neocalc.dose.weight import change_codes, weight_codes
from neocalc.lms import zscore_from_measurement
from neocalc.scoring import Place

GIRL: dict[str, Any] = {
    "dose": "1 million cells/kg",
    "viable_concentration": "5 million cells/mL",
    "sex": "female",
    "age": nc.Age.from_days(105, gestation="27+3"),
}
"""42w3d; the median of her age is 3.9 kg."""
BARE: dict[str, Any] = {key: GIRL[key] for key in ("dose", "viable_concentration")}


def tried(**arguments: Any) -> Any:
    """The plan, or the refusal."""
    try:
        return prepare(**arguments)
    except nc.DoseRefused as error:
        return error


class TestRange:
    @pytest.mark.parametrize("weight", ["0.4 kg", "400 g", "15 kg"])
    def test_the_ends_are_inside(self, weight: str) -> None:
        assert outcomes(prepare(**BARE, weight=weight))["weight range"] == "passed"

    @pytest.mark.parametrize("weight", ["399 g", "15.01 kg", "850 kg", "2350 kg"])
    def test_outside_is_a_hard_stop_without_sex_and_age_too(self, weight: str) -> None:
        assert stops(tried(**BARE, weight=weight)) == {"weight range": "hard stop"}

    def test_the_protocol_can_be_narrower(self) -> None:
        limits = Limits(min_weight="2 kg")
        assert stops(tried(**BARE, weight="1.99 kg", limits=limits)) == {
            "weight range": "hard stop"
        }


class TestZ:
    @pytest.mark.parametrize(
        ("z", "outcome"),
        [(0.0, "passed"), (2.99, "passed"), (-2.99, "passed"), (3.01, "soft stop"),
         (-3.01, "soft stop"), (5.99, "soft stop"), (6.01, "hard stop"), (-6.01, "hard stop")],
    )  # fmt: skip
    def test_two_sided(self, z: float, outcome: str) -> None:
        weight = nc.measurement("weight", z=z, sex="female", age=GIRL["age"])
        found = tried(**GIRL, weight=weight, limits=Limits(max_weight="20 kg"))
        assert outcomes(found)["weight for age and sex"] == outcome

    def test_limits_can_be_set(self) -> None:
        weight = nc.measurement("weight", z=2.5, sex="female", age=GIRL["age"])
        found = tried(**GIRL, weight=weight, limits=Limits(z_soft=2))
        assert stops(found) == {"weight for age and sex": "soft stop"}

    def test_an_age_outside_the_reference_is_said(self) -> None:
        old = tried(**(GIRL | {"age": nc.Age.from_days(2000)}), weight="14 kg")
        assert message(old, "weight for age and sex") == (
            "there is no z-score: age_above_reference"
        )

    @pytest.mark.parametrize("missing", ["sex", "age"])
    def test_it_needs_both_sex_and_age(self, missing: str) -> None:
        found = prepare(**{k: v for k, v in GIRL.items() if k != missing}, weight="3.1 kg")
        assert outcomes(found)["weight for age and sex"] == "not made"

    def test_sex_has_no_default(self) -> None:
        with pytest.raises(nc.SexError):
            prepare(**(GIRL | {"sex": "unknown"}), weight="3.1 kg")

    def test_codes(self) -> None:
        assert stop_codes([np.nan, 3, -3, 3.1, 6, -6.1], 3, 6).tolist() == [0, 0, 0, 1, 1, 2]


class TestShareOfTheMedian:
    """Where no z-score reaches the limits, however light the infant: 24 to 34 weeks."""

    def weighed(self, weight: str, weeks: str = "30+0", sex: str = "male") -> Any:
        age = nc.Age.from_days(0, gestation=weeks)
        return tried(**(GIRL | {"age": age, "sex": sex}), weight=weight)

    @pytest.mark.parametrize("weeks", ["30+0", "30+3", "30+6"])
    @pytest.mark.parametrize("sex", ["female", "male"])
    def test_410_g_for_an_infant_of_30_weeks(self, weeks: str, sex: str) -> None:
        """It passed, with a z-score of -2.75."""
        found = self.weighed("0.41 kg", weeks, sex)
        assert stops(found) == {"weight for age and sex": "hard stop"}

    def test_what_is_said(self) -> None:
        assert message(self.weighed("0.41 kg"), "weight for age and sex").startswith(
            "29.5% of the median of 1.39 kg by fenton-2013 at postmenstrual age (z-score -2.75): "
            "below 33.3%"
        )
        soft = next(c for c in self.weighed("0.55 kg").checks if c.name.startswith("weight for"))
        assert soft.outcome == "soft stop"
        assert str(soft.limit) == "42.9% of the median"
        assert str(soft.value) == "39.6%"

    @pytest.mark.parametrize("reference", ["fenton-2013", "fenton-2025"])
    def test_the_lighter_the_more_it_stops_at_every_age(self, reference: str) -> None:
        """From the median down: passed, asked about, refused, and never again less."""
        table = nc.reference(reference).table("weight")
        for sex in (0, 1):
            M, S = table.M[sex], table.S[sex]
            place = Place(M, S, np.full(len(M), 6.0))
            worst = np.zeros(len(M), dtype=np.uint8)
            for share in np.arange(100, 0, -1) / 100:
                z = zscore_from_measurement(
                    share * M, table.L[sex], M, S, restricted=table.restricted
                )
                codes = weight_codes(share * M, z, place, Limits())
                assert (codes >= worst).all(), share
                worst = codes
                if share < 1 / 3:
                    assert (codes == 2).all()
                assert (codes[share < np.exp(-4 * S)] > 0).all()
                if share > 0.75:
                    assert not codes.any()
            assert (worst == 2).all()

    def test_without_a_limit_of_the_reference_a_third_of_the_median_holds(self) -> None:
        place = Place(np.full(3, 3.0), np.full(3, 0.1), np.full(3, np.nan))
        weight = np.array([1.01, 0.99, 3.0])
        assert weight_codes(weight, np.zeros(3), place, Limits()).tolist() == [0, 2, 0]
        nowhere = Place(*(np.full(3, np.nan) for _ in range(3)))
        assert weight_codes(weight, np.full(3, np.nan), nowhere, Limits()).tolist() == [0, 0, 0]

    def test_a_slip_that_would_be_stopped_itself_is_not_named(self) -> None:
        """Of 4.1 kg a tenth is 0.41 kg, for a boy of 30 weeks as impossible."""
        found = message(self.weighed("4.1 kg"), "weight for age and sex")
        assert "0.41 kg" not in found
        assert "1.86 kg (pounds taken for kilograms)" in found


@pytest.mark.parametrize(
    ("weight", "meant"),
    [
        ("3100 kg", "3,100 g (grams taken for kilograms)"),
        ("3.1 g", "3.1 kg (kilograms taken for grams)"),
        ("31 kg", "3.1 kg (a factor of ten)"),
        ("0.31 kg", "3.1 kg (a factor of ten)"),
        ("6.83 kg", "3.098 kg (pounds taken for kilograms)"),
        ("1.406 kg", "3.1 kg (kilograms taken for pounds)"),
    ],
)
def test_slips_are_named(weight: str, meant: str) -> None:
    error = tried(**GIRL, weight=weight)
    assert isinstance(error, nc.DoseRefused)
    assert f"did you mean {meant}?" in str(error)


def test_a_slip_is_named_by_the_hard_limit_where_nothing_else_fits() -> None:
    small = nc.measurement("weight", z=-4, sex="female", age=GIRL["age"]).to("kg").magnitude
    assert "(a factor of ten)" in str(tried(**GIRL, weight=f"{small * 10!r} kg"))


def test_without_a_fitting_slip_none_is_named() -> None:
    assert "did you mean" not in str(tried(**GIRL, weight="850 kg"))
    assert "did you mean 850 g" in str(tried(**BARE, weight="850 kg"))
    near = {"last_weight": "3 kg", "last_weighed_on": "2026-08-13", "weighed_on": "2026-08-14"}
    assert "did you mean" not in str(tried(**BARE, weight="850 kg", **near))
    assert "did you mean 3.1 kg" in str(tried(**BARE, weight="31 kg", **near))


class TestMeasured:
    def test_an_estimate_is_a_hard_stop(self) -> None:
        for source in ("estimated", "stated", "historical", "8335-2", "3142-7"):
            assert stops(refusal_of(weight_source=source)) == {"measured weight": "hard stop"}

    def test_not_stated(self) -> None:
        assert stops(refusal_of(weight_source=None)) == {"measured weight": "hard stop"}
        plan = plan_of(weight_source=None, limits=None)
        assert outcomes(plan)["measured weight"] == "not made"


class TestAge:
    def aged(self, weighed_on: str | None, on: str = "2026-08-14T09:30", **more: Any) -> str:
        arguments = GIRL | {"weight": "3.1 kg", "weighed_on": weighed_on, "on": on} | more
        found: str = outcomes(tried(**arguments))["age of weight"]
        return found

    @pytest.mark.parametrize(
        ("weighed_on", "outcome"),
        [
            ("2026-08-14T09:30", "passed"),
            ("2026-08-13T09:30", "passed"),
            ("2026-08-13T09:29", "soft stop"),
            ("2026-08-07T09:30", "soft stop"),
            ("2026-08-07T09:29", "hard stop"),
            ("2026-08-13", "passed"),
            ("2026-08-12", "soft stop"),
            ("2026-08-06", "hard stop"),
            ("2026-08-15", "hard stop"),
            (None, "not made"),
        ],
    )
    def test_before_44_weeks(self, weighed_on: str | None, outcome: str) -> None:
        assert self.aged(weighed_on) == outcome

    @pytest.mark.parametrize(
        ("weighed_on", "outcome"),
        [("2026-08-11", "passed"), ("2026-08-10", "soft stop"), ("2026-08-06", "hard stop")],
    )
    def test_later(self, weighed_on: str, outcome: str) -> None:
        older = nc.Age.from_days(116, gestation="27+3")  # 44w0d
        assert self.aged(weighed_on, age=older) == outcome
        assert self.aged("2026-08-11", age=nc.Age.from_days(115, gestation="27+3")) == "soft stop"

    def test_where_gestation_is_not_stated_the_infant_may_be_early(self) -> None:
        assert self.aged("2026-08-11", age=nc.Age.from_days(167)) == "soft stop"
        assert self.aged("2026-08-11", age=nc.Age.from_days(168)) == "passed"  # 20w0d at birth
        assert self.aged("2026-08-11", age=None, sex=None) == "soft stop"

    def test_a_missing_date_is_a_hard_stop_where_the_protocol_asks(self) -> None:
        for missing in ("weighed_on", "on"):
            error = refusal_of(**{missing: None, "age": None, "sex": None})
            assert stops(error)["age of weight"] == "hard stop"


class TestChange:
    @pytest.mark.parametrize(
        ("change", "hours", "settled", "code"),
        [
            (0.10, 24, True, 0), (0.11, 24, True, 1), (-0.11, 12, True, 1), (0.31, 24, True, 2),
            (0.06, 48, True, 0), (0.061, 48, True, 1), (-0.061, 48, True, 1),
            (-0.061, 48, False, 0), (-0.11, 24, False, 1), (-0.31, 48, False, 2),
            (0.40, 24 * 20, True, 0), (0.40, 24 * 10, True, 2), (-0.40, 24 * 20, True, 2),
            (0.0, 0, True, 0),
        ],
    )  # fmt: skip
    def test_codes(self, change: float, hours: float, settled: bool, code: int) -> None:
        assert int(change_codes(change, hours, settled, Limits())) == code

    def changed(self, weight: str, last_on: str = "2026-08-13", **more: Any) -> Any:
        arguments = GIRL | {"weight": weight, "weighed_on": "2026-08-14", "last_weight": "3.1 kg"}
        return tried(**(arguments | {"last_weighed_on": last_on} | more))

    def test_stops(self) -> None:
        for weight, outcome in (("3.4 kg", "passed"), ("3.42 kg", "soft stop"),
                                ("4.04 kg", "hard stop")):  # fmt: skip
            assert outcomes(self.changed(weight))["change from last weight"] == outcome

    def test_messages_name_the_limit_that_was_passed(self) -> None:
        said = message(self.changed("3.42 kg"), "change from last weight")
        assert "10.3% in 1 day, from 3.1 kg: more than 10% in up to 24 hours" in said
        said = message(self.changed("3.42 kg", "2026-08-12"), "change from last weight")
        assert "more than 3% a day" in said
        said = message(self.changed("2.1 kg", "2026-08-04"), "change from last weight")
        assert "more than 30%" in said

    def test_the_first_two_weeks(self) -> None:
        newborn = nc.Age.from_days(5, gestation="40+0")
        found = self.changed("2.9 kg", "2026-08-12", age=newborn)
        assert outcomes(found)["change from last weight"] == "passed"
        assert next(c for c in found.checks if c.name == "change from last weight").limit == "30%"

    def test_without_dates_it_is_not_made(self) -> None:
        for missing in ("weighed_on", "last_weighed_on"):
            found = self.changed("3.2 kg", **({missing: None} if missing == "weighed_on" else {}),
                                 last_on=None if missing != "weighed_on" else "2026-08-13")  # type: ignore[arg-type]  # fmt: skip
            assert outcomes(found)["change from last weight"] == "not made"

    @pytest.mark.parametrize(
        ("last", "outcome"),
        [("31 kg", "hard stop"), ("4.5 kg", "hard stop"), ("4.4 kg", "not made"),
         ("2.4 kg", "not made"), ("2.38 kg", "soft stop"), ("310 g", "soft stop")],
    )  # fmt: skip
    def test_without_dates_a_large_change_still_stops(self, last: str, outcome: str) -> None:
        """A third is not lost in any time; a third more may have grown over weeks."""
        arguments = GIRL | {"weight": "3.1 kg", "last_weight": last}
        for dates in ({}, {"weighed_on": "2026-08-14"}, {"last_weighed_on": "2026-08-13"}):
            found = tried(**arguments, **dates)
            assert outcomes(found)["change from last weight"] == outcome, dates

    def test_the_last_weighing_is_before_this_one(self) -> None:
        found = self.changed("3.1 kg", "2026-08-15")
        assert stops(found) == {"change from last weight": "hard stop"}
        assert "did you mean" not in str(found)  # it is a date that is wrong

    def test_no_slip_is_named_that_would_not_fit_the_last_weight(self) -> None:
        """3.1 kg as pounds would be in the range of this girl, and as far from a wrong 31 kg."""
        found = self.changed("3.1 kg", last_weight="31 kg")
        assert "did you mean" not in message(found, "change from last weight")

    def test_a_slip_is_named_once(self) -> None:
        for weight in ("31 kg", "4.1 kg"):
            assert str(self.changed(weight)).count("did you mean") <= 1

    def test_an_override_passes_a_soft_change(self) -> None:
        override = Override("diuretics stopped, weighed twice", "AB")
        assert self.changed("3.42 kg", override=override).override == override
