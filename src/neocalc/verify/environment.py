"""What an installation computes with: Python, its packages, and whether they still give the digits.

The functions that z-scores are made of are held against values that were computed with 60 digits.
They must agree to the last few bits: a library that was built or patched differently is found.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final

import neocalc
from neocalc.verify.checks import Check, Found, attempt, plain

REQUIRED: Final = {
    "numpy": "NumPy", "scipy": "SciPy", "pint": "Pint", "polars": "polars", "tqdm": "tqdm",
}  # fmt: skip
"""The packages that neocalc needs, with the names they go by."""
PREFIX: Final = "NEOCALC_"
"""Of the environment variables that change what is read."""
LANES: Final = 33
"""Elements computed at once: NumPy takes other paths for whole vectors and for what is left."""
FUNCTIONS: Final = (
    "numpy.log", "numpy.log1p", "numpy.exp", "numpy.expm1", "math.erfc", "scipy.special.ndtri",
)  # fmt: skip
"""The functions that are probed; no other is called, whatever the file says."""


def facts() -> dict[str, str]:
    """Python, platform, packages with their versions, and what is set for neocalc.

    Examples
    --------
    >>> list(facts())[:3]
    ['Python', 'Platform', 'NumPy']
    """
    found = {
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Platform": f"{platform.platform()}, {sys.byteorder}-endian",
    }
    found |= {title: _version(name) or "not installed" for name, title in REQUIRED.items()}
    set_here = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    found["Installed in"] = str(Path(neocalc.__file__).resolve().parent)
    found |= dict(sorted(set_here.items()))
    return {name: os.fsencode(said).decode("utf-8", "replace") for name, said in found.items()}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def environment_checks(section: str) -> Iterator[Check]:
    """Whether Python computes in IEEE doubles and the packages that are needed are there."""

    def doubles() -> Found:
        about = sys.float_info
        return Found(
            (about.mant_dig, about.max_exp, about.radix) == (53, 1024, 2),
            "53 bits", f"{about.mant_dig} bits",
        )  # fmt: skip

    yield attempt(section, "double precision", doubles)
    for name, title in REQUIRED.items():
        yield attempt(section, title, partial(_installed, name), expected="installed")


def _installed(name: str) -> Found:
    version = _version(name)
    return Found(version is not None, "installed", version or "not installed")


def probe_checks(about: dict[str, Any], section: str) -> Iterator[Check]:
    """Functions of the numerical libraries against values of many digits."""
    for probe in about["probes"]:
        yield attempt(
            section, f"{probe.get('function')}({plain(repr(probe.get('argument')))})",
            partial(_probed, probe, about["relative_tolerance"]),
            expected=plain(repr(probe.get("expected"))), source=about["source"], confidence="A",
        )  # fmt: skip


def _probed(probe: dict[str, Any], tolerance: float) -> Found:
    import numpy as np

    name, argument, expected = probe["function"], probe["argument"], probe["expected"]
    if name not in FUNCTIONS:
        return Found(False, f"one of {', '.join(FUNCTIONS)}", name)
    module, _, function = name.rpartition(".")
    call = getattr(import_module(module), function)
    if module == "math":
        values = np.array([call(argument)])
    else:
        values = np.asarray(call(np.full(LANES, argument)))
    error = np.abs(values - expected)
    worst = values[int(np.argmax(np.where(np.isnan(error), np.inf, error)))].item()
    right = bool((error <= tolerance * abs(expected)).all())
    return Found(right, plain(repr(expected)), plain(repr(worst)))
