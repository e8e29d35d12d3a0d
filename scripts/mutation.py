"""Mutation testing: does a test notice each small fault in the code that makes the numbers?

::

    python scripts/mutation.py                    every module, in a copy, resumed where it stopped
    python scripts/mutation.py dose/weight lms    some modules
    python scripts/mutation.py --again            the survivors once more, by more tests
    python scripts/mutation.py --keep             docs/mutation.json from what was found

Works on a copy of a committed revision in the temporary folder; the checkout is never changed. The
tests of a group run once with coverage, so that a mutant is tried by those that reach its line, the
fastest first, in a process of its own and with a limit of time. A changed function gets its new
code in a process that has collected the tests already; what is changed outside of a function, and
what survived and is tried again, in a process that imports the changed module. Survivors that
change nothing that can be observed are listed with the reason in docs/mutants.toml. `mutants.py`
makes the mutants. Needs the packages of the tests.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import sys
import time
import tomllib
from collections import Counter
from typing import Any, Final

from mutants import Mutant, mutants
from mutation_trials import (
    ROOT,
    WORK,
    Group,
    baseline,
    copy_revision,
    digest,
    outcome_of,
    record,
    results,
    source,
    tests_of,
    try_changed,
    warm_up,
)  # fmt: skip

KEPT: Final = ROOT / "docs" / "mutation.json"
LISTED: Final = ROOT / "docs" / "mutants.toml"
SEED: Final = 20261122
ALIVE: Final = ("survived", "uncovered")
GROUPS: Final = {
    "velocity": Group(
        tuple(
            f"velocity/{name}"
            for name in ("increments", "increment_tables", "intervals", "correlations", "rates",
                         "declines", "scores", "scored", "implied_correlation", "changes",
                         "trial_zones", "visits", "inputs")
        ),
        ("test_velocity_scores", "test_velocity_tables", "test_velocity_rates",
         "test_velocity_changes", "test_velocity_zones", "test_velocity_followup",
         "test_mutants_velocity", "test_velocity_correlations",
         "published/test_velocity_cases", "published/test_nicu_cases"),
    ),
    "dose": Group(
        (
            *(
                f"dose/{name}"
                for name in ("amounts", "arithmetic", "checks", "dosing", "figures", "inputs",
                             "limits", "notation", "plan", "protocol", "stops", "weight")
            ),
            "moments",
        ),
        ("test_dose", "test_dose_checks", "test_dose_inputs", "test_dose_limits",
         "test_dose_weight", "test_dose_adversarial", "test_dose_columns", "test_dose_audit",
         "test_mutants_dose", "test_mutants_dose_weight", "test_notation", "test_dose_score",
         "published/test_dose_cases"),
    ),
    "lms": Group(("lms",), ("test_lms", "published/test_attained_cases")),
    "growth": Group(
        ("age", "dates", "growth", "birth", "chartlines", "lengths", "placement", "scoring",
         "policy", "stacks", "arguments"),
        ("test_age", "test_growth", "test_policy", "test_scoring", "test_against_oracle",
         "test_mutants_growth",
         "published/test_attained_cases", "published/test_age_and_fenton_cases"),
    ),
}  # fmt: skip


def try_group(
    group: Group, modules: list[str], found: dict[str, Any], *, again: bool, sample: int | None,
    limit: float,
) -> None:  # fmt: skip
    """Try every mutant of some modules whose outcome is not known, or the survivors again."""
    drawn: dict[str, list[Mutant]] = {}
    equivalent = listed()
    for module in modules:
        drawn[module] = mutants(module, source(module).read_text(encoding="utf-8"))
        if sample is not None and sample < len(drawn[module]):
            drawn[module] = random.Random(SEED).sample(drawn[module], sample)

    def pending() -> list[tuple[str, Mutant, list[str]]]:
        known, left = results(), []
        for module, of_module in drawn.items():
            state = digest([source(module)])
            for mutant in of_module:
                one = known.get(mutant.key, {})
                outcome = one.get("outcome") if one.get("state") == state else None
                if outcome is None or (again and outcome in ALIVE and mutant.key not in equivalent):
                    tests = tests_of(mutant, module, found, again=again)
                    left.append((module, mutant, tests))
        return left

    started = time.monotonic()
    try_changed(group, pending(), found, again=again)
    slow = pending()
    print(f"{len(slow)} to import, after {time.monotonic() - started:.0f} s", flush=True)
    for module, mutant, tests in slow:
        if time.monotonic() > limit:
            break
        seconds = sum(found["seconds"][test] for test in tests)
        record(module, mutant, outcome_of(module, mutant, tests, seconds))
    known = results()
    for module, of_module in drawn.items():
        count = Counter(
            known.get(mutant.key, {}).get("outcome", "not tried") for mutant in of_module
        )
        print(f"{module}: {dict(count)}", flush=True)
    print(f"{time.monotonic() - started:.0f} s", flush=True)


def listed() -> dict[str, str]:
    """The mutants that no test can notice, each with the reason."""
    if not LISTED.exists():
        return {}
    entries = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("equivalent", [])
    return {key: entry["reason"] for entry in entries for key in entry["mutants"]}


def summary(revision: str, sample: int | None) -> dict[str, Any]:
    """The outcome of a run, by module, as it is kept."""
    known, equivalent = results(), listed()
    modules = {}
    for module in (module for group in GROUPS.values() for module in group.modules):
        state = digest([source(module)])
        made = {m.key for m in mutants(module, source(module).read_text(encoding="utf-8"))}
        of_module = {
            key: one["outcome"]
            for key, one in known.items()
            if key in made and one["state"] == state
        }
        if not of_module:
            continue
        alive = sorted(k for k, out in of_module.items() if out in ALIVE)
        modules[module] = {
            "sha256": state,
            "mutants": len(made),
            "tried": len(of_module),
            "killed": sum(out == "killed" for out in of_module.values()),
            "timeout": sum(out == "timeout" for out in of_module.values()),
            "equivalent": [key for key in alive if key in equivalent],
            "survived": [key for key in alive if key not in equivalent],
        }
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return {"date": today, "revision": revision, "seed": SEED, "sample": sample, "modules": modules}


def main() -> None:
    """Try the mutants; print the survivors that are not listed as equivalent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="below src/neocalc, such as dose/weight")
    parser.add_argument("--revision", default="HEAD", help="committed state that is tried")
    parser.add_argument("--again", action="store_true", help="survivors, by more tests")
    parser.add_argument("--sample", type=int, help="so many mutants of each module, drawn by seed")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    parser.add_argument("--keep", action="store_true", help=f"write {KEPT.relative_to(ROOT)}")
    options = parser.parse_args()
    sys.dont_write_bytecode = False
    WORK.mkdir(parents=True, exist_ok=True)
    revision = copy_revision(options.revision)
    if not options.keep:
        warm_up()
        limit = time.monotonic() + 60 * options.minutes
        for name, group in GROUPS.items():
            chosen = [m for m in group.modules if not options.modules or m in options.modules]
            if chosen:
                try_group(
                    group, chosen, baseline(name, group), again=options.again,
                    sample=options.sample, limit=limit,
                )  # fmt: skip
    found = summary(revision, options.sample)
    if options.keep:
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for module, one in found["modules"].items():
        if not options.modules or module in options.modules:
            print(*one["survived"], sep="\n")


if __name__ == "__main__":
    main()
