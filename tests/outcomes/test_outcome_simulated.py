"""Simulated trials: the intervals of an outcome hold the true effect as often as they say."""

from __future__ import annotations

import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED: list[dict[str, Any]] = json.loads(
    (ROOT / "docs" / "validation_outcome.json").read_text("utf-8")
)


def script() -> ModuleType:
    """scripts/outcome_coverage.py as a module."""
    path = ROOT / "scripts" / "outcome_coverage.py"
    spec = importlib.util.spec_from_file_location("outcome_coverage", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["outcome_coverage"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("REQ-OUT-07")
@pytest.mark.parametrize(("effect", "size"), [(0.3, 57), (0.6, 12)])
def test_the_intervals_hold_the_effect(effect: float, size: int) -> None:
    """A small version: with 100 trials four standard errors are 9 points."""
    for row in script().coverage(effect, size, 100, seed=3):
        error = math.sqrt(0.95 * 0.05 / row["intervals"])
        assert row["coverage"] > 0.95 - 4 * error, row


@pytest.mark.requirement("REQ-OUT-07")
def test_the_published_figures_are_within_sampling_error() -> None:
    assert len(PUBLISHED) == 24
    for row in PUBLISHED:
        assert row["trials"] == 2000
        error = math.sqrt(row["level"] * (1 - row["level"]) / row["intervals"])
        assert row["coverage"] == pytest.approx(row["held"] / row["intervals"], abs=5e-5)
        assert abs(row["coverage"] - row["level"]) < 4 * error, row
        assert row["coverage"] > 0.95 - 3.5 * error, row
        spread = (1.2 if row["endpoint"] == "z" else 1.1) * math.sqrt(4 / (0.7 * row["children"]))
        assert abs(row["bias"]) < 4 * spread / math.sqrt(2000), row


def test_the_page_shows_them() -> None:
    page = (ROOT / "docs" / "outcome.md").read_text("utf-8")
    for row in PUBLISHED:
        line = script().line(row)
        assert line in page, f"python scripts/outcome_coverage.py; {line}"
