"""Figures are printed so that none can be misread, and what is printed is read back."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

import neocalc as nc
from dose_arguments import plan_of, refusal_of
from neocalc.dose import worksheet
from neocalc.dose.notation import Figure, amount, number, parse

FORBIDDEN = {
    "a trailing zero": r"\d\.\d*0(?!\d)",
    "no leading zero": r"(?<![\d,])\.\d",
    "an exponent": r"(?<![0-9a-f])\d[\d.]*[eE][+-]?\d+(?![0-9a-f])",
    "M for million": r"\d ?M\b",
    "U or IU": r"\d ?I?U\b",
    "cc": r"\d ?cc\b",
    "micro": r"[µμ]",
    "no space before the unit": r"\d(?:mL|kg|g|cells?|vials?|hours?|million)\b",
    "no commas in thousands": r"(?<![\d.,a-z-])\d{5,}(?![\d,a-f])",
    "of one word too many": r"million million|cells cells",
}


def faults(text: str) -> list[str]:
    """What must not stand in print and does."""
    return [f"{what}: {m[0]}" for what, rule in FORBIDDEN.items() for m in re.finditer(rule, text)]


@pytest.mark.requirement("REQ-SAFE-09")
@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        (0.5, "mL", "0.5 mL"),
        (Decimal("1.50"), "mL", "1.5 mL"),
        (Decimal("0.850"), "kg", "0.85 kg"),
        (1e6, "cell/kg", "1 million cells/kg"),
        (2.5e6, "cell/kg", "2.5 million cells/kg"),
        (999_999, "cell/kg", "999,999 cells/kg"),
        (1_234_567, "cell/mL", "1,234,567 cells/mL"),
        (1e9, "cell/vial", "1,000 million cells/vial"),
        (2_350_000, "cell", "2,350,000 cells"),
        (1, "cell", "1 cell"),
        (0, "mL", "0 mL"),
        (-0.0, "mL", "0 mL"),
        (-0.5, "fraction", "-50%"),
        (0.92, "fraction", "92%"),
        (0.29, "fraction", "29%"),
        (1e-7, "mL", "0.0000001 mL"),
        (1e21, "cell", "1,000,000,000,000,000,000,000 cells"),
        (1, "vial", "1 vial"),
        (1, "cell/kg", "1 cell/kg"),
        (3, "vial", "3 vials"),
        (0.5, "h", "0.5 hours"),
        (1, "h", "1 hour"),
        (1, "day", "1 day"),
        (30, "min", "30 minutes"),
        (-0.93, "", "-0.93"),
        (1.2, "mL/kg/h", "1.2 mL/kg/h"),
    ],
)
def test_amount(value: float, unit: str, printed: str) -> None:
    assert amount(value, unit) == printed
    assert faults(printed) == []
    assert parse(printed).value == float(value)


def test_significant_digits_never_drop_digits_before_the_point() -> None:
    assert number(0.923913043, 6) == "0.923913"
    assert number(1_021_276.5957, 6) == "1,021,277"
    assert number(12_345_678, 2) == "12,345,678"
    assert number(0.5, 6) == "0.5"
    assert number(2.5, 1) == "2"
    assert number(3.5, 1) == "4"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_not_printed(value: float | Decimal) -> None:
    with pytest.raises(nc.InputError):
        amount(value, "cell/kg")


@pytest.mark.requirement("REQ-SAFE-10")
@pytest.mark.parametrize(
    "text",
    ["5 M cells/kg", "5e6 cells/kg", "0.5mL", ".5 mL", "1,5 mL", "5 cc", "5 U", "05 mL", "1.2.3",
     "1000,000 cells", "5 furlong", "5 cm", "", "million cells"],
)  # fmt: skip
def test_only_print_is_read_back(text: str) -> None:
    with pytest.raises(nc.UnitError):
        parse(text)


@pytest.mark.requirement("REQ-SAFE-09")
def test_a_typed_trailing_zero_is_the_value_without_it() -> None:
    assert str(parse("1.50 mL")) == "1.5 mL"
    assert "1 million viable cells/kg at 3.1 kg;" in plan_of(weight="3.10 kg").describe()


def test_a_figure_is_its_print_and_a_quantity() -> None:
    figure = Figure(1.175, "mL")
    assert f"{figure}" == str(figure) == "1.175 mL"
    assert figure.quantity.to("mL").magnitude == 1.175


@pytest.mark.requirement("REQ-SAFE-09")
def test_everything_printed_is_in_safe_notation() -> None:
    plan = plan_of()
    checksum = re.compile(r"[0-9a-f]{16,}|2026-\S+|NCT\d+|\d+w\dd|neocalc \S+")
    for text in (plan.describe(), worksheet.text(plan), worksheet.html(plan).split("<body>")[1]):
        assert faults(checksum.sub("", text)) == []
    assert faults(checksum.sub("", str(refusal_of(weight="3100 kg")))) == []


def test_the_test_finds_faults() -> None:
    for text in ("1.0 kg", "0.50 mL", ".5 mL", "1e6 cells", "5 M", "5U", "2 cc", "µg", "5mL"):
        assert faults(text), text
    assert faults("1000000 cells")
