"""`neocalc velocity` of a cohort file: the follow-up of a trial."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from neocalc.cli import policy_of, print_json
from neocalc.cli.files import VISITS_UNFLAGGED, failed, refuse_output, report
from neocalc.cli.laid import opened
from neocalc.cohort.followup import plan
from neocalc.cohort.followup_files import score_file
from neocalc.cohort.run import NOT_FLAGGED
from neocalc.errors import MissingError
from neocalc.velocity.increments import Rules

EXPECTED: Final = NOT_FLAGGED | {"first_visit"}
"""The statuses of `VISITS_UNFLAGGED`."""


def run_file(options: argparse.Namespace, rules: Rules) -> int:
    """Velocity of the visits in a file; print what came of it."""
    if options.output is None:
        raise MissingError("--output", "give -o FILE")
    policy = policy_of(options)
    refuse_output(options)
    with opened(options) as (source, reading):
        scoring = plan(
            source.columns,
            against=options.against,
            baseline=options.baseline,
            interval=options.interval,
            window=options.window,
            **reading,
            policy=policy,
            reference=options.reference,
            rules=rules,
            prefix=options.prefix or "",
            where=source.name,
            command=True,
        )
        summary = score_file(source, options.output, scoring, force=options.force, progress=True)
    report(summary.describe(), scoring.mapped.names, options.output)
    status = failed(summary, accepted=options.accept_failed_columns)
    if options.json:
        print_json(
            {
                "rows": summary.rows,
                "seconds": round(summary.seconds, 3),
                "against": scoring.against,
                "baseline": scoring.baseline,
                "interval_days": scoring.interval or None,
                "window_days": scoring.window if scoring.interval else None,
                "children": summary.notes.record(),
                "notices": summary.notes.notices(scoring.mapped),
                "statuses": summary.counts,
                **summary.told,
                "columns": scoring.mapped.names,
                "failed_columns": {one.column: one.status for one in summary.failures},
            }
        )
    asked = sum(
        n for words in summary.counts.values() for word, n in words.items() if word not in EXPECTED
    )
    if options.strict and asked:
        print(f"--strict: statuses other than {VISITS_UNFLAGGED}: {asked:,}", file=sys.stderr)
        return 1
    return status
