"""The three zones of a preterm trial."""

from __future__ import annotations

from typing import Any

import pytest

import neocalc as nc
from neocalc.velocity.trial_zones import NOT_STANDARDISED, WHY


def found(
    measure: str, values: tuple[str, str], corrected: tuple[int, int], **options: Any
) -> nc.velocity.Zones:
    """What exists for a boy born at 30 weeks."""
    first, second = (nc.Age.from_days(day + 70, gestation="30+0") for day in corrected)
    return nc.velocity.zones(
        measure, first=values[0], second=values[1], sex="m", first_age=first, second_age=second,
        **options,
    )  # fmt: skip


@pytest.mark.requirement("REQ-GAIN-08")
def test_zone_a() -> None:
    zones = found("weight", ("1600 g", "1800 g"), (-49, -42))
    assert zones.zone == "A"
    assert zones.velocity is None
    assert zones.change is not None
    assert list(zones.gains) == ["exponential", "g/day"]
    assert zones.absent == {
        "velocity z": WHY["start_below_term"],
        "standardised change": NOT_STANDARDISED["start_below_term"],
    }
    length = found("length", ("40 cm", "41 cm"), (-49, -42))
    assert list(length.gains) == ["cm/week"]
    assert length.absent["cm/year"].startswith("it is for zone C")
    across = found("weight", ("3000 g", "3400 g"), (-1, 13))
    assert across.zone == "A"


@pytest.mark.requirement("REQ-GAIN-08")
def test_zone_b() -> None:
    zones = found("weight", ("6000 g", "7000 g"), (91, 152))
    assert zones.zone == "B"
    assert zones.velocity is not None
    assert zones.velocity.status == "ok"
    assert list(zones.gains) == ["exponential", "g/day"]
    assert zones.absent == {}
    off = found("weight", ("9000 g", "12000 g"), (365, 731))
    assert (off.zone, off.velocity) == ("B", None)
    assert off.absent["velocity z"] == WHY["interval_not_nominal"]
    edge = found("length", ("60 cm", "62 cm"), (0, 61))
    assert edge.zone == "B"


@pytest.mark.requirement("REQ-GAIN-08")
def test_zone_c() -> None:
    zones = found("length", ("82 cm", "87 cm"), (700, 900))
    assert zones.zone == "C"
    assert zones.velocity is None
    assert list(zones.gains) == ["cm/year"]
    assert zones.gains["cm/year"].magnitude == pytest.approx(5 / 200 * 365.25)
    assert zones.absent["velocity z"] == WHY["above_velocity_reference"]
    weight = found("weight", ("12 kg", "13 kg"), (700, 900))
    assert list(weight.gains) == ["exponential", "g/day"]


def test_lengths_are_compared_lying() -> None:
    zones = found("length", ("82 cm", "87 cm"), (700, 900), first_position="l", second_position="h")
    assert zones.gains["cm/year"].magnitude == pytest.approx(5.7 / 200 * 365.25)


def test_oedema() -> None:
    zones = found("weight", ("1600 g", "1800 g"), (-49, -42), oedema=True)
    assert (zones.velocity, zones.change, zones.gains) == (None, None, {})
    assert set(zones.absent.values()) == {WHY["oedema"]}
    assert zones.describe().splitlines() == [
        "Zone A: a visit before 40w0d",
        "no velocity z: there was oedema",
        "no change in z: there was oedema",
        "no g/kg/day: there was oedema",
        "no g/day: there was oedema",
    ]


def test_description() -> None:
    lines = found("weight", ("6000 g", "7000 g"), (91, 147)).describe().splitlines()
    assert lines[:2] == [
        "Zone B: both visits from 40w0d to 24 months of corrected age",
        "velocity z -0.23 over 56 days (interval_interpolated)",
    ]
    assert lines[2].startswith("change in z ")
    assert lines[3] == (
        "standardised change -0.08, conditional gain -0.18 (r 0.927, who-2009-interpolated)"
    )
    early = found("weight", ("900 g", "1000 g"), (-49, -42)).describe().splitlines()
    assert early[0] == "Zone A: a visit before 40w0d"
    assert early[2:] == [
        "gain 15.1 g/kg/day, exponential (ok)",
        "gain 14.3 g/day (ok)",
        "no velocity z: the WHO's increments begin at 40w0d",
        "no standardised change: the correlation of z is known from 40w0d on",
    ]


@pytest.mark.requirement("REQ-GAIN-08")
def test_every_status_without_a_z_has_words() -> None:
    found("weight", ("350 g", "400 g"), (-130 + 60, -60))  # below the table of the preterm chart
    zones = found("length", ("20 cm", "21 cm"), (-70, -63))
    assert zones.change is not None or zones.absent["change in z"]


def test_tables_and_wrong_input_are_refused() -> None:
    with pytest.raises(nc.InputError, match=r"velocity\.score"):
        nc.velocity.zones(
            "weight", first=["5 kg"], second=["6 kg"], sex="m",
            first_age=nc.Age.from_days(91), second_age=nc.Age.from_days(152),
        )  # fmt: skip
    with pytest.raises(nc.InputError, match="measure"):
        found("bmi", ("5 kg", "6 kg"), (91, 152))
    with pytest.raises(nc.AgeError, match="after the first"):
        found("weight", ("5 kg", "6 kg"), (91, 91))


def test_corrected_age_is_not_said_where_nothing_is_corrected() -> None:
    age = [nc.Age.from_days(days) for days in (123, 184)]
    zones = nc.velocity.zones(
        "weight", first="6000 g", second="6500 g", sex="f", first_age=age[0], second_age=age[1]
    )
    assert zones.describe().splitlines()[0] == "Zone B: both visits from birth to 24 months"
    assert "corrected" not in zones.describe()
