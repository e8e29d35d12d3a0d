"""Results as FHIR R4 Observations: each z-score with its reference, its policy and its source."""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from typing import Any, Final

from neocalc.ages.policy import DEFAULT, Policy, policy_or_default
from neocalc.cohort.canonical import INDICES
from neocalc.errors import FileError
from neocalc.visits.back import scored_indices
from neocalc.visits.fhir import UCUM
from neocalc.visits.frames import polars_of, refuse_absent, texts

SYSTEM: Final = "urn:neocalc:z-score"
"""The code system of the indices: no LOINC code of a z-score names its reference."""
_NAMESPACE: Final = uuid.UUID("5b0f7c0e-3f0f-5b52-8a43-5a0b5a4a7c11")
_SCORE: Final = "{score}"
_ABSENT: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def to_fhir(
    scored: Any, *, policy: Policy | None = None, reference: str = DEFAULT, prefix: str = ""
) -> dict[str, Any]:
    """A Bundle of Observations with the z-scores of visits.

    Parameters
    ----------
    scored : pandas.DataFrame, polars.DataFrame, polars.LazyFrame or pyarrow.Table
        Scored visits with `subject_id` and `measured_on`.
    policy : Policy, optional
        The policy by which they were scored, for the note; by default `Policy()`.
    reference : str
        The reference by which they were scored.
    prefix : str
        What stands before the names of the columns that scoring added.

    Returns
    -------
    dict
        A Bundle of type collection: an Observation for each z-score, with its centile as a
        component where there is one, the reference as its method, the policy as a note, and
        `derivedFrom` where the visits came from Observations. A value without a z-score has one
        too, whose reason is the status; what was not measured has none.

    Examples
    --------
    >>> import neocalc, polars
    >>> visits = polars.DataFrame({
    ...     "subject_id": ["p1"], "sex": ["f"], "birth_date": ["2026-05-01"],
    ...     "measured_on": ["2026-05-29"], "weight_g": [3900]})
    >>> bundle = to_fhir(neocalc.score(visits))
    >>> bundle["entry"][0]["resource"]["method"]["text"]
    'who-2006'
    """
    from neocalc._version import __version__

    table = polars_of(scored, "subject_id")
    refuse_absent(table.columns, {"whose it is": "subject_id", "when": "measured_on"}, "scored")
    indices = scored_indices(table.columns, prefix)
    if not indices:
        raise FileError("scored: there is no z-score in it, such as waz with waz_status")
    said = f"neocalc {__version__}; {policy_or_default(policy).describe(reference)}"
    subject, day = texts(table["subject_id"]), texts(table["measured_on"])
    sources = (
        table["source_observations"].to_list() if "source_observations" in table.columns else []
    )
    entries = []
    for index in indices:
        own = {
            part: table[f"{prefix}{index}{part}"].to_list()
            for part in ("", "_reference", "_status", "_centile")
            if f"{prefix}{index}{part}" in table.columns
        }
        for row in range(table.height):
            values = {part: column[row] for part, column in own.items()}
            if values["_status"] == "missing_value" or subject[row] is None:
                continue
            one = _observation(index, values, subject[row], day[row], said)
            if sources and sources[row]:
                one["derivedFrom"] = _derived(INDICES[index], str(sources[row]))
            text = json.dumps([row, one], sort_keys=True)
            name = str(uuid.uuid5(_NAMESPACE, text))
            entries.append({"fullUrl": f"urn:uuid:{name}", "resource": {**one, "id": name}})
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _observation(
    index: str, values: dict[str, Any], subject: str, day: str | None, said: str
) -> dict[str, Any]:
    """The Observation of one z-score."""
    measure = INDICES[index].replace("_", "-")
    z, status = values[""], str(values["_status"])
    one: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {
            "coding": [{"system": SYSTEM, "code": index, "display": f"z-score of {measure}"}],
            "text": f"z-score of {measure}",
        },
        "subject": {"reference": f"Patient/{subject}"},
    }
    if day is not None and _is_date(day):
        one["effectiveDateTime"] = day
    if z is None or math.isnan(z):
        one["dataAbsentReason"] = {
            "coding": [{"system": _ABSENT, "code": "unknown"}],
            "text": status,
        }
    else:
        one["valueQuantity"] = {
            "value": z, "unit": "z-score", "system": UCUM, "code": _SCORE,
        }  # fmt: skip
    if values.get("_reference") is not None:
        one["method"] = {"text": str(values["_reference"])}
    one["note"] = [{"text": f"{said}; status {status}"}]
    centile = values.get("_centile")
    if centile is not None and not math.isnan(centile):
        one["component"] = [
            {
                "code": {"coding": [{"system": SYSTEM, "code": f"{index}-centile"}]},
                "valueQuantity": {"value": centile, "unit": "%", "system": UCUM, "code": "%"},
            }
        ]
    return one


def _derived(measure: str, sources: str) -> list[dict[str, str]]:
    """The Observations of the measures that an index was computed from."""
    several = {"bmi", "weight_for_length"}
    used = {"weight", "length"} if measure in several else {measure}
    pairs = (part.partition("=") for part in sources.split())
    return [
        {"reference": name if ":" in name else f"Observation/{name}"}
        for own, _, name in pairs
        if own in used
    ]


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-05-01")
