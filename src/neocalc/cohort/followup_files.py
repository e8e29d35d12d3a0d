"""Growth velocity of files: `neocalc velocity` on a cohort, without its command line.

A visit is compared with another of its child, so that all visits of a child have to be together:
`neocalc.cohort.wholes` says how, whatever the order and the size of the file.
"""

from __future__ import annotations

from neocalc.cohort.followup import FollowUp
from neocalc.cohort.run import Summary
from neocalc.cohort.run import score_file as score_batches
from neocalc.files.sources import Source
from neocalc.references.catalogue import reference
from neocalc.velocity.increment_tables import WHO_2009


def score_file(
    source: Source, path: str, scoring: FollowUp, *, force: bool = False, progress: bool = False
) -> Summary:
    """Velocity, gain and change in z of a file into another, with its record beside it.

    Parameters
    ----------
    source : Source
        The input.
    path : str
        The output: .parquet, else CSV; "-" for CSV on standard output, which has no record.
    scoring : FollowUp
        What is computed.
    force : bool
        Whether existing files are replaced.
    progress : bool
        Whether a terminal shows how far it is.

    Raises
    ------
    FileError
        When the input cannot be read or the output not written; then there is no output.
    """
    more = {
        "against": scoring.against,
        "baseline": scoring.baseline,
        "interval_days": scoring.interval or None,
        "window_days": scoring.window if scoring.interval else None,
        "velocity": {
            "reference": WHO_2009,
            "tables": {m.name: m.sha256 for m in reference(WHO_2009).measures.values()},
            "start": scoring.rules.start,
            "tolerance": scoring.rules.tolerance,
            "restricted": scoring.rules.restricted,
            "between": scoring.rules.between,
            "change_limits": scoring.rules.limits.sha256,
        },
    }
    return score_batches(
        source, path, scoring, force=force, progress=progress, kind="velocity", more=more
    )
