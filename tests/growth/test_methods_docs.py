"""docs/methods.md: its examples run, and its tables say what the references and the policy hold."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import neocalc as nc
from neocalc.ages.lengths import HEIGHT_ABOVE, HEIGHT_FROM, LYING_IS_LONGER, STANDING_FROM
from neocalc.ages.policy import weeks_and_days
from neocalc.references.lms import zscore_from_measurement
from neocalc.velocity.correlations import models
from neocalc.velocity.limits import change_limits

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "methods.md"
TEXT = PAGE.read_text(encoding="utf-8")


def rows(header: str) -> list[list[str]]:
    """The cells of the table with this header."""
    lines = TEXT.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(header))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


@pytest.mark.requirement("REQ-CMD-03")
def test_every_example_of_the_page() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted >= 15


@pytest.mark.requirement("REQ-CMD-03")
def test_formulas_are_numbered_once_and_in_order() -> None:
    numbers = [int(n) for n in re.findall(r" {2,}\((\d+)\)$", TEXT, re.MULTILINE)]
    assert numbers == list(range(1, 17))
    assert {int(n) for n in re.findall(r"\((\d{1,2})\)", TEXT)} == set(numbers)


def test_methods_of_the_references() -> None:
    said = {row[0]: row[1] for row in rows("| reference | restricted")}
    for ref in nc.references():
        if ref.use == "velocity":
            continue
        if not any(m.method.startswith("lms") for m in ref.measures.values()):
            continue
        restricted = {m.name for m in ref.measures.values() if m.method == "lms-restricted"}
        text = next(text for names, text in said.items() if f"`{ref.id}`" in names)
        assert (text == "-") == (not restricted)
        assert ("weight" in text) == ("weight" in restricted)
        assert ("BMI" in text) == ("bmi" in restricted)


def test_defaults_of_the_policy() -> None:
    policy = nc.Policy()
    said = {row[0].strip("`"): row[1] for row in rows("| part | default | why |")}
    assert said["preterm_below"] == weeks_and_days(policy.preterm_below_day)
    assert said["preterm_reference"] == "Fenton 2013 [D]"
    assert f": {weeks_and_days(policy.handover_day)}, day" in said["handover"]
    later = nc.reference("intergrowth-21st-preterm").handover_day
    assert f"INTERGROWTH-21st {weeks_and_days(later)}" in said["handover"]
    assert f"day {policy.school_age_from_day} on" in said["school_age_reference"]
    assert f"day {policy.handover_day} its last day" in said["handover"]
    assert f"day {policy.correct_until_day:,} included" in said["correct_until"]


def test_rules_of_length() -> None:
    for figure in (
        f"d < {HEIGHT_FROM} | y + {LYING_IS_LONGER} cm",
        f"d < {STANDING_FROM} (9 months)",
        f"from {HEIGHT_ABOVE:g} cm on weight-for-height",
    ):
        assert figure in TEXT


def test_flags() -> None:
    said = {row[0]: row[1] for row in rows("| | flagged beyond | source |")}
    who = nc.reference("who-2006").measures
    for name, measure in {
        "WHO weight": "weight",
        "WHO length or height": "length",
        "WHO weight-for-length, BMI, head and arm circumference, skinfolds": "bmi",
    }.items():
        low, high = who[measure].flag or (0, 0)
        assert said[name] == f"{low}, +{high}"
    assert nc.reference("fenton-2025").measures["weight"].flag == (-6, 6)


def test_limits_of_change() -> None:
    """The table is of the file that ships."""
    limits = change_limits()
    head = "| days | weight gained, the lesser of | weight lost | length gained | lost |"
    said = rows(f"{head} head gained | lost |")
    assert len(said) == 9
    for row in said:
        days = np.array([int(row[0].replace(",", ""))])
        times, kilograms, share, *centimetres = (
            float(figure) for figure in re.findall(r"[0-9.]+", " ".join(row[1:]))
        )
        gained, grown = centimetres[0], centimetres[2]
        for measure, first, second, at_most in (
            ("weight", 1e-3, 1e-3 * times, 1e-5),
            ("weight", 1e3, 1e3 + kilograms, 0.05),
            ("weight", 1.0, 1 - share / 100, -0.005),
            ("length", 50.0, 50 + gained, 0.05),
            ("length", 50.0, 50 - centimetres[1], -0.05),
            ("head_circumference", 30.0, 30 + grown, 0.05),
            ("head_circumference", 30.0, 30 - centimetres[3], -0.05),
        ):
            one, two = np.array([first]), np.array([second])
            assert not limits.implausible(measure, one, two - at_most, days).any(), (row, measure)
            assert limits.implausible(measure, one, two + 1.1 * at_most, days).all(), (row, measure)


def test_centiles_and_chart_line_of_the_text() -> None:
    line = nc.curves("weight", sex="m", reference="who-2006", z=[4]).lines.magnitude[0, 365]
    assert f"{line:.4f} kg" in TEXT
    table = nc.reference("fenton-2025").table("weight")
    for day, said in ((189, "-0.03"), (195, "-0.77")):
        L, M, S = (float(column[1, day - table.first]) for column in (table.L, table.M, table.S))
        assert f"{zscore_from_measurement(1.0, L, M, S):.2f}" == said
        assert f"{said} " in TEXT
    week = nc.size_at_birth("weight", "1000 g", sex="male", gestation="27+0")
    assert f"and {week.z:.2f} by completed week" in TEXT


@pytest.mark.requirement("REQ-REF-01")
@pytest.mark.parametrize("page", [PAGE])
def test_licences_of_every_table_are_shown(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for ref in nc.references():
        assert f"`{ref.id}`" in text
        terms = r"CC BY[A-Z0-9. -]* [0-9.]+(?: IGO)?|terms: see \S+; check before use"
        licence = re.search(terms, ref.licence)
        assert licence is not None
        if page == PAGE or ref.id != "fenton-2013":
            assert licence[0] in text
        if ref.publisher == "University of Calgary":
            assert f'"{ref.chart_label}"' in text


def test_the_parameters_of_the_correlations() -> None:
    said = {row[0]: tuple(map(float, row[1:])) for row in rows("| measure | n | p | c | q | tau |")}
    assert said == {name: tuple(model) for name, model in models().items()}
