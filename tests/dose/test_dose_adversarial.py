"""Slips of the pen on plausible infants: which share is stopped, and how far the others go.

`python tests/dose/test_dose_adversarial.py` prints the table of docs/hazards.md. A slip of the
weight is judged for many infants at once, by the rules of the checks themselves; a sample of them
is prepared one by one and must come out the same. Slips of everything else are prepared one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

import neocalc as nc
from neocalc.dose import Limits, prepare
from neocalc.dose.formulas import exact_volume, fitting_syringe
from neocalc.dose.weight import POUND, change_codes
from neocalc.dose.weight import weight_codes as codes_for_age
from neocalc.growth.arguments import inputs_of
from neocalc.growth.scoring import place_of

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint8]

INFANTS = 4000
EACH = 150
"""Slips of a kind that are prepared one by one."""
ONE_BY_ONE = 25
"""Slips of the weight of each kind that are also prepared one by one."""
HAZARDS = Path(__file__).resolve().parents[2] / "docs" / "hazards.md"

DOSE, CONCENTRATION, VIABILITY = 1e6, 5e6, 0.92
BARE = Limits(dose="1 million cells/kg")
"""What the registry states: a dose."""
FULL = Limits(
    dose="1 million cells/kg",
    max_volume_per_kg="1 mL/kg",
    max_rate_per_kg="2 mL/kg/h",
    max_duration="2 h",
    min_concentration="3 million cells/mL",
    max_concentration="8 million cells/mL",
    min_viability="80%",
    require_measured_weight=True,
)
"""What a site's own protocol can state."""
PROTOCOLS = {"bare": BARE, "full": FULL}


@dataclass(frozen=True)
class Ward:
    """Preterm infants of 30 to 60 weeks, z-score -1 +- 1.2 but within 3, weighed yesterday too.

    None is so small a share of the median that it is asked about for that.
    """

    sex: npt.NDArray[np.str_]
    gestation: npt.NDArray[np.int64]
    days: npt.NDArray[np.int64]
    z: Floats
    weight: Floats
    last: Floats

    def age(self, back: Any = 0) -> nc.Age:
        return nc.Age.from_days(self.days - back, gestation=nc.Q(self.gestation, "day"))

    def weight_at(self, back: Any) -> Floats:
        """The weight some days before, at the same z-score [kg]; NaN before birth."""
        figures = nc.measurement("weight", z=self.z, sex=self.sex, age=self.age(back)).magnitude
        return np.asarray(np.round(figures, 3), dtype=np.float64)

    def codes(self, weight: Floats, limits: Limits) -> Codes:
        """Stop codes of weights for age and sex."""
        z = nc.zscore("weight", nc.Q(weight, "kg"), sex=self.sex, age=self.age()).z
        columns, _ = inputs_of(
            "weight", weight, None, False, self.sex, self.age(), None, None, None, "auto", None,
            None,
        )  # fmt: skip
        return codes_for_age(weight, z, place_of("weight", columns), limits)

    def only(self, kept: npt.NDArray[np.intp]) -> Ward:
        """Some of the infants."""
        return Ward(
            self.sex[kept], self.gestation[kept], self.days[kept], self.z[kept],
            self.weight[kept], self.last[kept],
        )  # fmt: skip


@cache
def ward() -> Ward:
    rng = np.random.default_rng(20260814)
    many = 2 * INFANTS
    gestation = rng.integers(24 * 7, 37 * 7, many)
    days = np.maximum(rng.integers(30 * 7, 60 * 7, many) - gestation, 15)
    z = rng.normal(-1, 1.2, 10 * many)
    z = z[np.abs(z) < 3][:many]
    sex = rng.choice(["female", "male"], many)
    empty = np.zeros(many)
    infants = Ward(sex, gestation, days, z, empty, empty)
    infants = infants.only(np.flatnonzero(infants.codes(infants.weight_at(0), BARE) == 0)[:INFANTS])
    sex, gestation, days, z = infants.sex, infants.gestation, infants.days, infants.z
    # Of yesterday's weight the scale shows one that is off by up to 1 %.
    last = infants.weight_at(1) * (1 + rng.uniform(-0.01, 0.01, INFANTS))
    return Ward(sex, gestation, days, z, infants.weight_at(0), np.round(last, 3))


class Result(NamedTuple):
    """Of one kind of slip: how many, the shares stopped, and the dose of those that are not.

    `least` and `most` are the delivered dose as a part of the intended one, of slips not stopped.
    """

    slips: int
    hard: float
    soft: float
    least: float
    most: float

    @property
    def missed(self) -> float:
        return 1 - self.hard - self.soft


def summed(codes: Codes, ratio: Floats) -> Result:
    passed = ratio[codes == 0]
    least, most = (passed.min(), passed.max()) if passed.size else (np.nan, np.nan)
    hard, soft = (float((codes == code).mean()) for code in (2, 1))
    return Result(len(codes), hard, soft, float(least), float(most))


# --- Slips of the weight -------------------------------------------------------------------------


def transposed(weight: Floats) -> Floats:
    """Two neighbouring digits of the weight in grams change places."""
    rng = np.random.default_rng(1)
    return np.array([_swap(f"{w * 1000:.0f}", rng) for w in weight.tolist()]) / 1000


def _swap(digits: str, rng: np.random.Generator) -> float:
    at = int(rng.integers(len(digits) - 1))
    return float(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])


def one_digit(weight: Floats) -> Floats:
    """One digit of the weight in grams is another."""
    rng = np.random.default_rng(2)
    found = []
    for w in weight.tolist():
        digits = list(f"{w * 1000:.0f}")
        at = int(rng.integers(len(digits)))
        digits[at] = str(rng.integers(1 if at == 0 else 0, 10))
        found.append(float("".join(digits)))
    return np.array(found) / 1000


def other_infant(weight: Floats) -> Floats:
    return np.random.default_rng(3).permutation(weight)


def stale(_: Floats) -> Floats:
    """A weight of 8 to 28 days ago, given as that of today."""
    back = np.random.default_rng(4).integers(8, 29, INFANTS)
    infants = ward()
    before = infants.weight_at(np.minimum(back, infants.days))
    return np.where(np.isnan(before), infants.weight, before)


WEIGHT_SLIPS: dict[str, Callable[[Floats], Floats]] = {
    "weight: tenfold up": lambda w: w * 10,
    "weight: tenfold down": lambda w: w / 10,
    "weight: grams as kilograms": lambda w: w * 1000,
    "weight: kilograms as grams": lambda w: w / 1000,
    "weight: pounds as kilograms": lambda w: w / POUND,
    "weight: kilograms as pounds": lambda w: w * POUND,
    "weight: two digits transposed": transposed,
    "weight: one digit wrong": one_digit,
    "weight: another infant's": other_infant,
    "weight: 8 to 28 days old, undated": stale,
}


def weight_codes(weight: Floats, limits: Limits, *, last: bool) -> Codes:
    """Stop codes of weights, by the same rules as the checks of one."""
    infants = ward()
    outside = (weight < limits.at("min_weight")) | (weight > limits.at("max_weight"))
    codes = np.where(outside, 2, 0).astype(np.uint8)
    codes = np.maximum(codes, infants.codes(weight, limits))
    if last:
        change = weight / infants.last - 1
        codes = np.maximum(codes, change_codes(change, 24.0, True, limits))
    return codes


def weight_result(kind: str, protocol: str) -> Result:
    infants = ward()
    slipped = np.round(WEIGHT_SLIPS[kind](infants.weight), 6)
    real = np.abs(slipped / infants.weight - 1) > 1e-9
    codes = weight_codes(slipped, PROTOCOLS[protocol], last=protocol == "full")
    return summed(codes[real], (slipped / infants.weight)[real])


# --- Slips of everything else --------------------------------------------------------------------


def arguments(i: int, protocol: str) -> dict[str, Any]:
    """The dose of one infant, with everything that the protocol asks for."""
    infants = ward()
    rng = np.random.default_rng(i)
    asked: dict[str, Any] = {
        "weight": f"{float(infants.weight[i])!r} kg",
        "dose": "1 million cells/kg",
        "concentration": f"{rng.uniform(4, 7):.1f} million cells/mL",
        "viability": f"{rng.uniform(82, 98):.0f}%",
        "sex": str(infants.sex[i]),
        "age": nc.Age.from_days(
            int(infants.days[i]), gestation=nc.Q(int(infants.gestation[i]), "day")
        ),
        "duration": "30 min",
        "limits": PROTOCOLS[protocol],
    }
    if protocol == "full":
        asked |= {
            "on": "2026-08-14", "weighed_on": "2026-08-14", "weight_source": "measured",
            "last_weight": f"{infants.last[i]:.3f} kg", "last_weighed_on": "2026-08-13",
        }  # fmt: skip
    return asked


def figure(text: str) -> float:
    return float(re.split(r"[ %]", text)[0])


def with_syringe(asked: dict[str, Any]) -> dict[str, Any]:
    """The syringe that is taken for the volume that was worked out, whatever slipped before."""
    try:
        amounts = prepare(**asked | {"duration": None, "limits": None}).amounts
    except nc.NeocalcError:
        return asked | {"graduation": "0.01 mL"}
    assert amounts.volume is not None and amounts.strength is not None
    volume = exact_volume(1e6, figure(asked["weight"]), *amounts.strength)
    lines = fitting_syringe(volume, volume, 0.05)  # such as "a syringe of 1 mL with lines of ..."
    return asked | {"graduation": f"{lines.split()[-2] if lines else 0.01} mL"}


def scaled(name: str, factor: float) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    """A slip of the power of ten in a figure."""

    def slip(asked: dict[str, Any], _: int) -> dict[str, Any]:
        value, unit = figure(asked[name]), asked[name].lstrip("0123456789.")
        return {name: f"{value * factor:.10g}{unit}"}

    return slip


def viability_twice(asked: dict[str, Any], _: int) -> dict[str, Any]:
    """The viable concentration is given as that of all cells."""
    viable = figure(asked["concentration"]) * figure(asked["viability"]) / 100
    return {"concentration": f"{viable:.6g} million cells/mL"}


def viability_never(asked: dict[str, Any], _: int) -> dict[str, Any]:
    """The concentration of all cells is given as the viable one."""
    return {"concentration": None, "viability": None, "release_viability": asked["viability"],
            "viable_concentration": asked["concentration"]}  # fmt: skip


def swapped_digits(asked: dict[str, Any], _: int) -> dict[str, Any]:
    digits = asked["viability"].rstrip("%")
    return {"viability": f"{digits[::-1]}%"}


def fixed(**changes: Any) -> Callable[[dict[str, Any], int], dict[str, Any]]:
    return lambda asked, i: changes


SLIPS: dict[str, Callable[[dict[str, Any], int], dict[str, Any]]] = {
    "dose: tenfold up": scaled("dose", 10),
    "dose: tenfold down": scaled("dose", 0.1),
    "dose: thousandfold": scaled("dose", 1000),
    "dose: that of the other arm": fixed(dose="5 million cells/kg"),
    "dose: without its unit": fixed(dose="1 million"),
    "dose: 1 M, 1e6, or a bare number": fixed(dose="1 M cells/kg"),
    "dose: in another dimension (pmol/kg)": fixed(dose="1 pmol/kg"),
    "concentration: tenfold up": scaled("concentration", 10),
    "concentration: tenfold down": scaled("concentration", 0.1),
    "concentration: thousandfold up": scaled("concentration", 1000),
    "concentration: thousandfold down": scaled("concentration", 0.001),
    "concentration: a half": scaled("concentration", 0.5),
    "concentration: that of a vial": fixed(concentration="5 million cells/vial"),
    "viability: 92 for 92%": lambda asked, i: {"viability": figure(asked["viability"])},
    "viability: 0.92% for 92%": scaled("viability", 0.01),
    "viability: 9.2% for 92%": scaled("viability", 0.1),
    "viability: digits transposed": swapped_digits,
    "viability: applied twice": viability_twice,
    "viability: never applied": viability_never,
    "weight: in pounds": lambda asked, i: {"weight": f"{figure(asked['weight']) / POUND:.4f} lb"},
    "weight: 8 to 28 days old, dated": lambda asked, i: {
        "on": "2026-08-29", "weighed_on": f"2026-08-{1 + i % 21:02d}",
        "last_weight": None, "last_weighed_on": None,
    },
    "weight: estimated": fixed(weight_source="estimated"),
    "swapped: dose and concentration": lambda asked, i: {
        "dose": asked["concentration"], "concentration": asked["dose"]},
    "swapped: weight and dose": lambda asked, i: {
        "dose": asked["weight"], "weight": asked["dose"]},
    "swapped: the two weights": lambda asked, i: {
        "weight": f"{ward().last[i]:.3f} kg", "last_weight": asked["weight"]},
    "swapped: sex": lambda asked, i: {"sex": "male" if asked["sex"] == "female" else "female"},
    "infusion: hours for minutes": fixed(duration="30 h"),
    "infusion: a tenth of the time": fixed(duration="3 min"),
    "syringe: graduation of 1 mL": fixed(graduation="1 mL"),
}  # fmt: skip


def prepared(asked: dict[str, Any]) -> tuple[int, float]:
    """The stop code of a dose, and the cells for each kilogram that its volume would hold."""
    try:
        plan = prepare(**asked)
    except nc.DoseRefused as error:
        return 2 if "hard stop" in str(error) else 1, np.nan
    except nc.InputError:
        return 2, np.nan
    assert plan.amounts.given_volume is not None
    return 0, plan.amounts.given_volume


def slip_result(kind: str, protocol: str) -> Result:
    codes, ratios = [], []
    for i in range(EACH):
        asked = arguments(i, protocol)
        changes = SLIPS[kind](asked, i)
        if all(asked.get(name) == value for name, value in changes.items()):
            continue
        slipped = asked | changes
        code, volume = prepared(slipped if "graduation" in changes else with_syringe(slipped))
        # What the syringe really holds, by the true concentration, viability and weight.
        true = figure(asked["concentration"]) * 1e6 * figure(asked["viability"]) / 100
        codes.append(code)
        ratios.append(volume * true / figure(asked["weight"]) / DOSE)
    return summed(np.array(codes, dtype=np.uint8), np.array(ratios))


@cache
def results(protocol: str) -> dict[str, Result]:
    """Every kind of slip under a protocol."""
    found = {kind: weight_result(kind, protocol) for kind in WEIGHT_SLIPS}
    return found | {kind: slip_result(kind, protocol) for kind in SLIPS}


def percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def table() -> list[str]:
    """The rows of docs/hazards.md."""
    rows = []
    for kind in [*WEIGHT_SLIPS, *SLIPS]:
        cells = [kind]
        for protocol in PROTOCOLS:
            found = results(protocol)[kind]
            cells += [percent(found.hard), percent(found.soft), percent(found.missed)]
            doses = f"{found.least:.2f} to {found.most:.2f}"
            cells.append("" if np.isnan(found.least) else doses)
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def documented() -> dict[str, list[str]]:
    """The rows of the table in docs/hazards.md, by the kind of slip."""
    found = {}
    for line in HAZARDS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in WEIGHT_SLIPS or cells[0] in SLIPS:
            found[cells[0]] = cells[1:]
    return found


# --- The tests -----------------------------------------------------------------------------------

ALWAYS_STOPPED = (
    "weight: tenfold up", "weight: tenfold down", "weight: grams as kilograms",
    "weight: kilograms as grams", "dose: tenfold up", "dose: tenfold down", "dose: thousandfold",
    "dose: that of the other arm", "dose: without its unit", "dose: 1 M, 1e6, or a bare number",
    "dose: in another dimension (pmol/kg)", "concentration: that of a vial",
    "viability: 92 for 92%", "viability: 0.92% for 92%", "viability: 9.2% for 92%",
    "concentration: thousandfold up", "concentration: thousandfold down",
    "weight: in pounds", "weight: estimated", "swapped: dose and concentration",
    "swapped: weight and dose", "weight: 8 to 28 days old, dated", "infusion: hours for minutes",
    "infusion: a tenth of the time",
)  # fmt: skip
"""Stopped every time, even by a protocol that states a dose alone."""
ALWAYS_STOPPED_IN_FULL = (
    "weight: pounds as kilograms", "weight: kilograms as pounds", "concentration: tenfold up",
    "concentration: tenfold down",
)  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_there_are_tens_of_thousands(protocol: str) -> None:
    assert sum(found.slips for found in results(protocol).values()) > 40_000


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize("kind", ALWAYS_STOPPED)
def test_always_stopped(kind: str) -> None:
    for protocol in PROTOCOLS:
        assert results(protocol)[kind].missed == 0, protocol


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize("kind", ALWAYS_STOPPED_IN_FULL)
def test_always_stopped_by_a_protocol_that_states_its_limits(kind: str) -> None:
    assert results("full")[kind].missed == 0


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize("kind", [*WEIGHT_SLIPS, *SLIPS])
def test_what_the_hazards_page_says_is_what_is_measured(kind: str) -> None:
    said = documented()[kind]
    for protocol, cells in zip(PROTOCOLS, (said[:4], said[4:]), strict=True):
        found = results(protocol)[kind]
        measured = found.hard, found.soft, found.missed
        for share, text in zip(measured, cells[:3], strict=True):
            assert abs(100 * share - float(text.rstrip("%"))) <= 1, (kind, said)
        if found.missed == 0:
            assert not cells[3]
        else:
            doses = [float(figure) for figure in cells[3].split(" to ")]
            assert doses == pytest.approx([found.least, found.most], abs=0.02)


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize("kind", [*WEIGHT_SLIPS, *SLIPS])
def test_what_is_left_is_put_into_words(kind: str) -> None:
    page = " ".join(HAZARDS.read_text(encoding="utf-8").split("## What is left")[1].split())
    missed = any(results(protocol)[kind].missed > 0 for protocol in PROTOCOLS)
    assert (f"*{kind}*" in page) == missed


@pytest.mark.requirement("REQ-SAFE-08")
def test_a_missed_slip_is_no_tenfold_one() -> None:
    """By a protocol that states its limits, what gets through stays near the dose."""
    for kind, found in results("full").items():
        if not np.isnan(found.least):
            assert found.least > 0.45, kind
            assert found.most < 2.1, kind


@pytest.mark.requirement("REQ-SAFE-08")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_a_slip_nothing_is_stopped(protocol: str) -> None:
    codes = weight_codes(ward().weight, PROTOCOLS[protocol], last=protocol == "full")
    assert not codes.any()
    assert all(prepared(with_syringe(arguments(i, protocol)))[0] == 0 for i in range(60))


@pytest.mark.parametrize("kind", WEIGHT_SLIPS)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_by_one_comes_out_the_same(kind: str, protocol: str) -> None:
    infants = ward()
    slipped = np.round(WEIGHT_SLIPS[kind](infants.weight), 6)
    codes = weight_codes(slipped, PROTOCOLS[protocol], last=protocol == "full")
    for i in range(ONE_BY_ONE):
        asked = arguments(i, protocol) | {"weight": f"{slipped[i]:.6f} kg"}
        # No lines, and time enough: no check of the volume stands before that of the weight.
        asked |= {"graduation": None, "duration": "1 h"}
        assert prepared(asked)[0] == codes[i], (kind, i)


if __name__ == "__main__":
    print("\n".join(table()))  # noqa: T201
