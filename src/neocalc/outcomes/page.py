"""The page of an outcome: tables, pictures, the plan and the record; self-contained, no script."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from neocalc import html
from neocalc.errors import CODE, STATUSES
from neocalc.html import Safe
from neocalc.outcomes.endpoints import ENDPOINTS
from neocalc.outcomes.pictures import draw_means, draw_subjects
from neocalc.outcomes.summary import ALL, ITT, MAIN, NOT_STATED, arms_of
from neocalc.report.style import STYLE
from neocalc.text import TITLES, hidden, plain

if TYPE_CHECKING:
    import polars as pl

    from neocalc.outcomes.analysis import Outcome

NAMES: Final = {
    "z": "Attained z", "change_z": "Change in z since baseline",
    "change_standardised": "Standardised change", "conditional_gain": "Conditional gain",
    "velocity_z": "Velocity z since the target before",
}  # fmt: skip
MINUS: Final = "\N{MINUS SIGN}"


def page(found: Outcome, record: dict[str, Any] | None = None) -> str:
    """The whole page.

    Parameters
    ----------
    found : Outcome
        The outcome.
    record : dict, optional
        What stands beside the file, shown at the end.
    """
    subjects = found.table["subject_id"].n_unique()
    trial = found.plan.trial
    title = "Outcome" if trial is None else f"Outcome of {trial.label}"
    parts = [html.title(title), *_about(found, subjects)]
    parts += [html.heading("Visits at each target"), html.wide(_flow(found))]
    if subjects:
        parts += [html.figure(draw_means(found), "means"),
                  html.figure(draw_subjects(found), "lines")]  # fmt: skip
    parts += list(_tables(found))
    if len(found.analyses) > 1:
        parts += list(_sensitivity(found))
    parts += [html.heading("Text for a statistical analysis plan"), html.preformatted(found.sap())]
    if record is not None:
        kept = {name: value for name, value in record.items() if name != "summary"}
        text = json.dumps(kept, indent=2, ensure_ascii=False)
        text = "".join(json.dumps(one)[1:-1] if hidden(one) else one for one in text)
        parts += [html.heading("Audit record"), html.preformatted(text)]
    return html.page(title, parts, STYLE)


def _about(found: Outcome, subjects: int) -> list[Safe]:
    """What was computed, in sentences."""
    plan = found.plan.plan
    arms = [arm for arm in arms_of(found.table) if arm not in (ALL, NOT_STATED)]
    whose = "1 subject" if subjects == 1 else f"{subjects:,} subjects"
    said: list[object] = [f"{whose}."]
    if found.plan.blind:
        said.append(" Blinded: no arm is shown.")
    elif arms:
        listed = html.joined([html.free(arm) for arm in arms], ", ")
        said += [" Arms: ", listed, "."]
        if found.control is None:
            said.append(" No control arm: the arms stand side by side.")
        else:
            said += [" Each is compared with ", html.free(found.control), "."]
    lines = [html.joined(said), html.joined(["Policy: ", _policy(found), "."])]
    for source in dict.fromkeys(target.source for target in plan.targets):
        own = [str(target.after) for target in plan.targets if target.source == source]
        lines.append(html.joined(["Targets ", ", ".join(own), ": ", html.free(source), "."]))
    for source in dict.fromkeys(map(plan.window_source, plan.targets)):
        own = [str(t.after) for t in plan.targets if plan.window_source(t) == source]
        lines.append(html.joined(["Windows of ", ", ".join(own), ": ", html.free(source), "."]))
    lines += [html.joined([html.free(notice), "."]) for notice in found.notices]
    return [html.paragraph(line) for line in lines]


def _policy(found: Outcome) -> str:
    return found.plan.policy.describe(found.plan.reference)


def flow(found: Outcome) -> list[dict[str, Any]]:
    """At each target and arm the subjects, those seen, and why the others were not.

    A subject is seen at a target when any measure was taken at a visit in its window.
    """
    import polars as pl

    table = found.table
    arm = pl.col("arm").fill_null(NOT_STATED) if "arm" in table.columns else pl.lit(ALL)
    table = table.with_columns(arm.alias("arm"))
    rows = []
    for target, label in enumerate(["baseline", *found.plan.plan.labels]):
        here = table.filter(pl.col("target_number") == target)
        for name in arms_of(found.table):
            seen, why = 0, Counter[str]()
            own = here.filter(pl.col("arm") == name)
            for _, one in own.group_by("subject_id", maintain_order=True):
                if one["visit_on"].is_not_null().any():
                    seen += 1
                else:
                    codes = [CODE[word] for word in one["status"].to_list()]
                    why[STATUSES[min(codes)]] += 1
            rows.append(
                {"target": label, "arm": name, "subjects": seen + why.total(), "seen": seen,
                 "why": why}
            )  # fmt: skip
    return rows


def _flow(found: Outcome) -> Safe:
    """The count of visits, as a table."""
    rows = flow(found)
    words = sorted({word for row in rows for word in row["why"]}, key=CODE.__getitem__)
    armed = any(row["arm"] != ALL for row in rows)
    head = ["Target", *(["Arm"] if armed else []), "Subjects", "Seen", *map(plain, words)]
    cells = [
        [row["target"], *([html.free(row["arm"])] if armed else []), row["subjects"], row["seen"],
         *(row["why"][word] for word in words)]
        for row in rows
    ]  # fmt: skip
    return html.table(head, cells, numbers=range(1 + armed, len(head)))


def _tables(found: Outcome) -> Iterator[Safe]:
    """The summary: a table a population, measure and endpoint."""
    import polars as pl

    main = found.summary_table.filter(pl.col("analysis") == MAIN)
    for population in main["population"].unique(maintain_order=True):
        of_it = main.filter(pl.col("population") == population)
        for measure in found.plan.measures:
            yield html.heading(_title(TITLES[measure], population, found))
            for endpoint in ENDPOINTS:
                rows = of_it.filter(
                    (pl.col("measure") == measure) & (pl.col("endpoint") == endpoint)
                )
                yield html.paragraph(html.bold(NAMES[endpoint]))
                yield html.wide(_summary(rows, found))


def _title(text: str, population: str, found: Outcome) -> str:
    several = found.plan.population is not None
    return f"{text}: {population}" if several or population != ITT else text


def _summary(rows: pl.DataFrame, found: Outcome) -> Safe:
    armed = found.plan.arm is not None and not found.plan.blind
    compared = found.control is not None
    head = ["Target", *(["Arm"] if armed else []), "n", "Mean (SD)", "Median (quartiles)"]
    head += ["Difference (95 % CI)", "p", "Shift (CI)", "p"] if compared else []
    head += ["Missing", "Flagged"]
    cells = []
    for row in rows.iter_rows(named=True):
        line: list[object] = [row["target"], *([html.free(row["arm"])] if armed else []), row["n"]]
        line += [spread(row["mean"], row["sd"]), ranged(row["median"], row["q1"], row["q3"])]
        if compared:
            for name in ("difference", "shift"):
                ends = row[f"{name}_lower"], row[f"{name}_upper"]
                line += [ranged(row[name], *ends), small(row[f"{name}_p"])]
        line += [reasons(row["missing"]), reasons(row["flagged"])]
        cells.append(line)
    return html.table(head, cells, numbers=range(1 + armed, len(head) - 2), kind="dense")


def _sensitivity(found: Outcome) -> Iterator[Safe]:
    """The same figures under each analysis side by side."""
    import polars as pl

    compared = found.control is not None
    what = "Difference of means (95 % CI)" if compared else "n and mean (SD)"
    yield html.heading(f"Sensitivity: {what} under each choice")
    keys = ["population", "measure", "endpoint", "target", "arm"]
    armed = found.plan.arm is not None and not found.plan.blind
    table = found.summary_table.filter(pl.col("target_number") > 0)
    if compared:
        table = table.filter(pl.col("control").is_not_null())
    for measure in found.plan.measures:
        rows: dict[tuple[Any, ...], dict[str, str]] = {}
        of_it = table.filter((pl.col("measure") == measure) & (pl.col("population") == ITT))
        for row in of_it.iter_rows(named=True):
            ends = row["difference_lower"], row["difference_upper"]
            cell = ranged(row["difference"], *ends) if compared else (
                f"{row['n']}: {spread(row['mean'], row['sd'])}"
            )  # fmt: skip
            rows.setdefault(tuple(row[key] for key in keys), {})[row["analysis"]] = cell
        yield html.paragraph(html.bold(TITLES[measure]))
        head = ["Endpoint", "Target", *(["Arm"] if armed else []), *found.analyses]
        cells = [
            [NAMES[key[2]], key[3], *([html.free(key[4])] if armed else []),
             *(found_cells.get(name, "") for name in found.analyses)]
            for key, found_cells in rows.items()
        ]  # fmt: skip
        yield html.wide(html.table(head, cells, numbers=range(2 + armed, len(head)), kind="dense"))


def two(value: float | None) -> str:
    """A figure with two decimals and a true minus sign; empty without one.

    >>> two(0.5), two(-0.001), two(None)
    ('0.50', '0.00', '')
    """
    if value is None:
        return ""
    text = f"{value:.2f}".replace("-0.00", "0.00")
    return text.replace("-", MINUS)


def spread(mean: float | None, sd: float | None) -> str:
    """Mean and SD.

    >>> spread(0.5, None), spread(None, None)
    ('0.50', '')
    """
    return two(mean) if sd is None else f"{two(mean)} ({two(sd)})"


def ranged(middle: float | None, low: float | None, high: float | None) -> str:
    """An estimate with what it lies between.

    >>> ranged(0.5, 0.1, 0.9), ranged(0.5, None, None)
    ('0.50 (0.10 to 0.90)', '0.50')
    """
    return two(middle) if low is None else f"{two(middle)} ({two(low)} to {two(high)})"


def small(p: float | None) -> str:
    """A p-value.

    >>> small(0.0004), small(0.2), small(None)
    ('<0.001', '0.200', '')
    """
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def reasons(counted: str | None) -> str:
    """Counts of statuses in plain words.

    >>> reasons("no_visit_in_window 2, died 1"), reasons(None)
    ('no visit in the window: 2; died before: 1', '')
    """
    parts = [part.rsplit(" ", 1) for part in (counted or "").split(", ") if part]
    return "; ".join(f"{plain(word)}: {n}" for word, n in parts)
