"""Doses of many infants: the same figures as one by one, and nothing where one would be stopped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pint
import pytest

import neocalc as nc
from neocalc.dose import Limits, dose_columns, prepare
from neocalc.errors import CODE, status_words

PRODUCT: dict[str, Any] = {"concentration": "5 million cells/mL", "viability": "92%"}


@pytest.mark.requirement("REQ-DOSE-17")
def test_the_same_as_one_by_one() -> None:
    weights = np.linspace(0.4, 15, 50)
    columns = dose_columns(weights, "1 million cells/kg", **PRODUCT)
    for weight, cells, volume in zip(weights.tolist(), columns.cells, columns.volume, strict=True):
        plan = prepare(weight=f"{weight!r} kg", dose="1 million cells/kg", **PRODUCT)
        assert plan.amounts.cells == cells
        assert plan.amounts.volume == volume
    assert not columns.status.any()


@pytest.mark.requirement("REQ-DOSE-17")
def test_each_row_has_its_status() -> None:
    weights = [2.0, np.nan, 0.0, -1.0, np.inf, 850.0, 0.2, 3.0]
    columns = dose_columns(weights, "1 million cells/kg", **PRODUCT)
    assert status_words(columns.status).tolist() == [
        "ok", "missing_value", "invalid_value", "invalid_value", "invalid_value", "implausible",
        "implausible", "ok",
    ]  # fmt: skip
    assert np.isnan(columns.cells).tolist() == [False, *[True] * 6, False]
    assert np.isnan(columns.volume).tolist() == [False, *[True] * 6, False]


@pytest.mark.requirement("REQ-DOSE-17")
def test_a_row_that_a_soft_stop_would_stop_has_no_dose() -> None:
    columns = dose_columns(
        [2.0] * 5, "1 million cells/kg", **PRODUCT, z=[0.0, 3.1, -3.1, 7.0, np.nan]
    )
    assert (columns.status == CODE["implausible"]).tolist() == [False, True, True, True, False]
    assert np.isnan(columns.cells).tolist() == [False, True, True, True, False]


def test_a_row_whose_share_of_the_median_would_stop_has_no_dose() -> None:
    columns = dose_columns([2.0] * 3, "1 million cells/kg", **PRODUCT, stops=[0, 1, 2])
    assert (columns.status == CODE["implausible"]).tolist() == [False, True, True]
    for stops in ([0], ["0", "1", "2"], [0.0, 1.0, 2.0]):
        with pytest.raises(nc.InputError, match="stops"):
            dose_columns([2.0] * 3, "1 million cells/kg", **PRODUCT, stops=stops)


def test_the_status_of_a_weight_takes_precedence() -> None:
    given = np.array([0, CODE["invalid_value"], CODE["oedema"]], dtype=np.uint8)
    columns = dose_columns([2.0, 2.0, 850.0], "1 million cells/kg", **PRODUCT, status=given)
    assert columns.status.tolist() == given.tolist()
    assert np.isnan(columns.cells).tolist() == [False, True, True]


def test_a_protocol_that_asks_for_measured_weights_says_what_a_column_lacks() -> None:
    limits = Limits(require_measured_weight=True)
    with pytest.raises(nc.DoseRefused) as caught:
        dose_columns([2.0], "1 million cells/kg", **PRODUCT, limits=limits)
    assert str(caught.value) == (
        "no dose for any row: the protocol asks for weights stated as measured, each with its date "
        "(require_measured_weight), and a column of weights states neither: prepare each dose by "
        "itself, with neocalc dose"
    )
    assert {c.name for c in caught.value.checks if c.outcome == "hard stop"} == {
        "measured weight", "age of weight",
    }  # fmt: skip


def test_most_cells() -> None:
    limits = Limits(max_cells="2 million cells")
    columns = dose_columns([2.0, 2.01], "1 million cells/kg", **PRODUCT, limits=limits)
    assert columns.status.tolist() == [0, CODE["implausible"]]


def test_without_a_concentration_there_are_cells_alone() -> None:
    columns = dose_columns([2.0], nc.Q(1e6, "cell/kg"))
    assert columns.cells.tolist() == [2e6]
    assert np.isnan(columns.volume).all()


def test_an_arm_of_a_trial() -> None:
    arm = nc.trials.load("NCT03558334").arm("B")
    columns = dose_columns([2.0], arm.dose, limits=arm.limits)
    assert columns.cells.tolist() == [1e7]


@pytest.mark.requirement("REQ-DOSE-17")
def test_what_a_mask_hides_is_missing() -> None:
    weights = np.ma.masked_array([2.0, 3.0], mask=[False, True])
    columns = dose_columns(weights, "1 million cells/kg", **PRODUCT)
    assert columns.status.tolist() == [0, CODE["missing_value"]]
    nothing = dose_columns([2, None], "1 million cells/kg", **PRODUCT)
    assert nothing.cells[0] == 2e6
    assert nothing.status.tolist() == [0, CODE["missing_value"]]


def test_no_rows() -> None:
    assert all(len(column) == 0 for column in dose_columns([], "1 million cells/kg", **PRODUCT))


@pytest.mark.parametrize(
    "changes",
    [
        {"viability": "60%"},
        {"viability": "0%"},
        {"concentration": "50,000 cells/mL"},
        {"dose": "500 million cells/kg"},
        {"limits": Limits(max_volume_per_kg="0.1 mL/kg")},
        {"limits": Limits(dose="5 million cells/kg")},
        {"limits": Limits(min_viability="95%")},
    ],
)
def test_what_stops_every_row_is_refused(changes: dict[str, Any]) -> None:
    arguments = {"dose": "1 million cells/kg"} | PRODUCT | changes
    with pytest.raises(nc.DoseRefused, match="for any row"):
        dose_columns([2.0], **arguments)


@pytest.mark.requirement("REQ-DOSE-17")
@pytest.mark.parametrize(
    "changes",
    [
        {"viability": None},
        {"viability": 92},
        {"viable_concentration": "4 million cells/mL"},
        {"dose": 1e6},
        {"dose": "1 million cells/mL"},
        {"weight_kg": [[2.0]]},
        {"limits": Limits(counts="total")},
        {"weight_kg": nc.Q([2350.0], "g")},  # as plain numbers they would be kilograms
        {"weight_kg": pint.UnitRegistry().Quantity([5.2], "lb")},
        {"weight_kg": ["2.0 kg"]},
        {"weight_kg": ["2.0"]},
        {"weight_kg": [True]},
        {"weight_kg": [2 + 0j]},
        {"weight_kg": 2.0},
        {"weight_kg": [2.0, 3.0], "z": [0.0]},  # one z-score is not that of every row
        {"weight_kg": [2.0, 3.0], "z": 0.0},
        {"weight_kg": [2.0], "z": ["0"]},
        {"weight_kg": [2.0, 3.0], "status": np.zeros(1, dtype=np.uint8)},
        {"weight_kg": [2.0], "status": [0.0]},
        {"weight_kg": [2.0, object()]},
    ],
)
def test_wrong_inputs(changes: dict[str, Any]) -> None:
    arguments = {"weight_kg": [2.0], "dose": "1 million cells/kg"} | PRODUCT | changes
    with pytest.raises(nc.InputError):
        dose_columns(**arguments)
