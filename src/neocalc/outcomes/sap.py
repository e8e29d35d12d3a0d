"""The text of a statistical analysis plan: the choices of an outcome in sentences, with citations.

Every sentence is made from the options that were used, so that the text says what was done. What
no source states is named as a decision.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from neocalc._version import __version__
from neocalc.ages.policy import DEFAULT
from neocalc.outcomes.statistics import EXACT_UP_TO, FEWEST_FOR_P, LEVEL
from neocalc.references.catalogue import reference, tables_digest
from neocalc.text import NAMES

if TYPE_CHECKING:
    from neocalc.outcomes.plan import OutcomePlan

WIDTH: Final = 100
"""Characters of a line."""
LITERATURE: Final = (
    "WHO Child Growth Standards: growth velocity based on weight, length and head circumference. "
    "Geneva: WHO; 2009 (ISBN 978 92 4 154763 5).",
    "Cole TJ. Conditional reference charts to assess weight gain in British infants. Arch Dis "
    "Child 1995;73:8-16.",
    "Welch BL. Biometrika 1947;34:28-35. doi:10.1093/biomet/34.1-2.28.",
    "Hodges JL, Lehmann EL. Ann Math Stat 1963;34:598-611. doi:10.1214/aoms/1177704172.",
    "Bauer DF. J Am Stat Assoc 1972;67:687-90. doi:10.1080/01621459.1972.10481279.",
)


def analysis_plan(
    scoring: OutcomePlan, control: str | None, *, sensitivity: tuple[str, ...] = ()
) -> str:
    """The text.

    Parameters
    ----------
    scoring : OutcomePlan
        What was computed.
    control : str or None
        The control arm.
    sensitivity : tuple of str
        The names of the analyses beside the main one.

    Returns
    -------
    str
        Paragraphs of plain text in Markdown.
    """
    parts = ["# Statistical analysis of growth"]
    for title, sentences in (
        ("Scores", _scores(scoring)),
        ("Baseline and visits", _visits(scoring)),
        ("Endpoints", _endpoints(scoring)),
        ("Populations and missing data", _populations(scoring)),
        ("Comparison", _comparison(scoring, control)),
        ("Sensitivity", _sensitivity(sensitivity)),
    ):
        text = " ".join(sentences)
        if text:
            parts.append(f"## {title}\n\n{textwrap.fill(text, WIDTH)}")
    listed = "\n".join(
        textwrap.fill(one, WIDTH, initial_indent="- ", subsequent_indent="  ")
        for one in [*LITERATURE, *_references(scoring)]
    )
    parts.append(f"## References\n\n{listed}")
    return "\n\n".join(parts) + "\n"


def _scores(scoring: OutcomePlan) -> Iterator[str]:
    measures = [NAMES[measure] for measure in scoring.measures]
    yield (
        f"Z-scores of {_listed(measures)} were computed with neocalc {__version__} (tables "
        f"{tables_digest()[:12]})."
    )
    yield f"Policy: {scoring.policy.describe(scoring.reference)}."
    yield (
        "Values, and changes between two visits, beyond the limits of what is plausible were kept "
        "in the data, left out of means and comparisons, as the WHO does in surveys, and counted "
        "with that reason (implausible)."
    )


def _visits(scoring: OutcomePlan) -> Iterator[str]:
    plan = scoring.plan
    yield (
        f"The baseline of each measure was the last visit on or before the date in the column "
        f"{scoring.baseline} at which it was measured."
    )
    yield f"Targets were {_listed(plan.labels)} after that date, by the calendar."
    for source in dict.fromkeys(target.source for target in plan.targets):
        own = [str(target.after) for target in plan.targets if target.source == source]
        yield f"Source of {_listed(own)}: {source}."
    stated = [t for t in plan.targets if t.earliest is not None]
    for target in stated:
        yield (
            f"The window of {target.after} was from {target.earliest} to {target.latest} "
            f"({target.source})."
        )
    if len(stated) < len(plan.targets):
        whose = "the other windows" if stated else "windows"
        yield (
            f"No source states {whose}: each reached half the way to the neighbouring target, at "
            f"most {100 * plan.share:g} % of the time since administration (a decision of this "
            f"analysis)."
        )
    yield (
        "Of the visits in a window at which the measure was taken, the nearest to the target was "
        "used, of two the earlier; no visit served two targets."
    )
    yield (
        "Days of which two records differ were left out (a missing value with the reason "
        "duplicate_visit)."
    )


def _endpoints(scoring: OutcomePlan) -> Iterator[str]:
    yield (
        "Endpoints at each target were the attained z; the change in z since baseline; the "
        "standardised change, (z2 - z1) / sqrt(2 (1 - r)); the conditional gain, "
        "(z2 - r z1) / sqrt(1 - r^2), which allows for regression to the mean (Cole 1995); and the "
        "velocity z of the increment since the target before (WHO 2009)."
    )
    yield (
        "The correlation r between two ages is that which the WHO's tables of increments imply; it "
        "exists from term to 36 months, at one reference."
    )
    yield (
        "Intervals between two tabulated widths were scored by L, M and S interpolated between "
        "them; shorter and longer ones were scaled to the nearest width within "
        f"{100 * scoring.rules.tolerance:g} % (decisions of this analysis)."
    )
    yield "A change across two references was kept, flagged and counted (reference_changed)."


def _populations(scoring: OutcomePlan) -> Iterator[str]:
    yield (
        "All subjects were analysed in the arm in which the data state them (intention to treat)."
    )
    if scoring.population is not None:
        yield (
            f"The analysis was repeated in the per-protocol population (column "
            f"{scoring.population})."
        )
    yield "A missing visit was missing: nothing was imputed or carried forward."
    yield "The number of missing values is given with the reasons."
    if scoring.disposition is not None:
        yield (
            "Visits not made because of death, withdrawal or loss to follow-up were counted as "
            f"such (column {scoring.disposition})."
        )


def _comparison(scoring: OutcomePlan, control: str | None) -> Iterator[str]:
    yield "Each arm is described by number, mean, SD, median and quartiles."
    if scoring.blind:
        yield "The analysis was blinded: all arms were described together and none compared."
        return
    if control is None:
        yield "Arms stand side by side; no difference was computed, as no control arm is named."
        return
    yield (
        f"Each arm was compared with arm {control}: the difference of means with its "
        f"{100 * LEVEL:g} % confidence interval by Welch's method (Welch 1947), and the shift of "
        "Hodges and Lehmann (1963) with its interval from the exact distribution of the ranks "
        f"(Bauer 1972) up to {EXACT_UP_TO} subjects in both arms, beyond that by the normal "
        "approximation."
    )
    yield (
        f"P-values are two-sided, not adjusted for multiple comparisons, and not given where an "
        f"arm has fewer than {FEWEST_FOR_P} values."
    )


def _sensitivity(names: tuple[str, ...]) -> Iterator[str]:
    if names:
        yield (
            "The same table was computed under other choices, each changing one: "
            f"{_listed(list(names), '; ')}."
        )


def _references(scoring: OutcomePlan) -> Iterator[str]:
    used = list(scoring.policy.references)
    if scoring.reference != DEFAULT:
        used = [scoring.reference]
    yield from (reference(name).citation_line for name in dict.fromkeys(used))


def _listed(texts: list[str], between: str = ", ") -> str:
    """Texts as a sentence lists them.

    >>> _listed(["weight", "length", "head"])
    'weight, length and head'
    """
    return " and ".join([*([between.join(texts[:-1])] if texts[1:] else []), *texts[-1:]])
