"""FHIR R4: Patient and Observation resources, as a Bundle or as lines (NDJSON), as visits.

References
----------
HL7 FHIR Release 4 (4.0.1): Bundle, Patient, Observation. LOINC codes of body measurements.
Unified Code for Units of Measure (UCUM).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from neocalc.errors import FileError, InputError, warn_of_column
from neocalc.visits.frames import KINDS, made
from neocalc.visits.gathering import Gathered, gathered, keys
from neocalc.visits.jsonfiles import read_json
from neocalc.visits.measures import IMPERIAL, unit_word

if TYPE_CHECKING:
    import polars as pl

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
GESTATION: Final = "76516-4"
"""Gestational age at birth."""


class Code(NamedTuple):
    """What a LOINC code says: the measure, how it was taken, and whether it is of the birth."""

    measure: str
    method: str | None = None
    position: str | None = None
    at_birth: bool = False


CODES: Final = {
    "29463-7": Code("weight"),
    "3141-9": Code("weight", "measured"),
    "8351-9": Code("weight", "measured"),
    "8335-2": Code("weight", "estimated"),
    "3142-7": Code("weight", "stated"),
    "8302-2": Code("length"),
    "8306-3": Code("length", position="recumbent"),
    "8308-9": Code("length", position="standing"),
    "89269-5": Code("length", at_birth=True),
    "9843-4": Code("head_circumference"),
    "8287-5": Code("head_circumference"),
}
"""The codes that are read."""
_FINAL: Final = ("final", "amended", "corrected")
_BIRTH_SEX: Final = "us-core-birthsex"
WEEKS: Final = ("exact", "start", "middle")
"""How whole weeks of gestation may be read."""


def from_fhir(
    source: Any,
    *,
    kind: str = "polars",
    sex: str = "gender",
    gestation_weeks: str | None = None,
    convert: bool = False,
) -> Any:
    """Visits from FHIR resources.

    Parameters
    ----------
    source : str, path, dict or list of dict
        The path of a Bundle or of an NDJSON file, or a Bundle or resources that were parsed.
    kind : {"polars", "pandas", "pyarrow"}
        The kind of table that is given back.
    sex : {"gender", "birthsex"}
        The administrative gender of a Patient, or the US Core extension of the sex at birth. Where
        both are there and differ, the sex is invalid.
    gestation_weeks : {"exact", "start", "middle"}, optional
        How gestations in whole weeks are read: as they stand (27 is 27w0d), or as completed weeks,
        from their start or their middle (27w3d). Without, they are refused: up to 6 days are open.
    convert : bool, default False
        Whether figures in pounds and inches are converted. They are refused without.

    Returns
    -------
    table
        One row a child and day: `subject_id` (the id of the Patient), `sex`, `birth_date`,
        `measured_on`, the measures, `length_position`, `weight_method` (estimated and stated
        weights are never dosed), the gestation at birth, and `source_rows` with
        `source_observations`: from which Observations each figure came.

    Raises
    ------
    FileError
        When it is not FHIR, or has no body measurement.

    Warns
    -----
    ColumnWarning
        Of resources that are no body measurements, that are not final, or contradict themselves.

    Examples
    --------
    >>> from_fhir([
    ...     {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "2026-05-01"},
    ...     {"resourceType": "Observation", "status": "final",
    ...      "subject": {"reference": "Patient/p1"},
    ...      "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
    ...      "effectiveDateTime": "2026-05-29T09:00:00+02:00",
    ...      "valueQuantity": {"value": 3900, "system": "http://unitsofmeasure.org", "code": "g"}},
    ... ]).select("subject_id", "measured_on", "weight_g").row(0)
    ('p1', '2026-05-29', 3900.0)
    """
    table, notes = fhir_visits(
        source, sex=sex, gestation_weeks=gestation_weeks, convert=convert
    )  # fmt: skip
    if kind not in KINDS:
        raise InputError("kind", kind, f"one of {', '.join(KINDS)}")
    for note in notes:
        warn_of_column(note)
    return made(table.get_columns(), kind)


def fhir_visits(
    source: Any,
    *,
    sex: str = "gender",
    gestation_weeks: str | None = None,
    convert: bool = False,
    where: str = "FHIR",
) -> tuple[pl.DataFrame, list[str]]:
    """The same in polars, and what there is to say of it."""
    if sex not in ("gender", "birthsex"):
        raise InputError("sex", sex, "gender or birthsex")
    if gestation_weeks not in (None, *WEEKS):
        raise InputError("gestation_weeks", gestation_weeks, f"one of {', '.join(WEEKS)}")
    content = read_json(source) if isinstance(source, (str, os.PathLike)) else source
    reading = _Reading(sex, where)
    for resource, url in _resources(content, reading, where):
        reading.take(resource, url)
    return reading.table(gestation_weeks, convert), reading.notes()


def _resources(
    content: Any, reading: _Reading, where: str, depth: int = 0
) -> Iterator[tuple[dict[str, Any], str]]:
    """The resources of a Bundle, of lines, or of a list, each with its full address."""
    items = content if isinstance(content, list) else [content]
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("resourceType"), str):
            raise FileError(f"{where}: is not FHIR: a resource has no resourceType")
        if item["resourceType"] != "Bundle":
            yield item, ""
            continue
        if depth > 2:
            raise FileError(f"{where}: Bundles are nested more than 3 deep")
        links = item.get("link")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("relation") == "next":
                reading.left["the Bundle has a next page that is not in the file"] += 1
        entries = item.get("entry", [])
        for entry in entries if isinstance(entries, list) else []:
            if not isinstance(entry, dict) or not isinstance(entry.get("resource"), dict):
                continue  # an entry may be no more than a request
            url = entry.get("fullUrl")
            if entry["resource"].get("resourceType") == "Bundle":
                yield from _resources(entry["resource"], reading, where, depth + 1)
            else:
                yield from (
                    (one, url if isinstance(url, str) else "")
                    for one, _ in _resources(entry["resource"], reading, where, depth + 1)
                )


class _Reading:
    """Patients and measurements of resources.

    Parameters
    ----------
    sex : str
        Which sex of a Patient is read.
    where : str
        For messages.
    """

    def __init__(self, sex: str, where: str) -> None:
        self.left: Counter[str] = Counter()
        self._sex = sex
        self._where = where
        self._patients: dict[str, dict[str, list[str]]] = {}
        self._addresses: dict[str, str] = {}
        self._rows: list[dict[str, Any]] = []
        self._gestations: list[tuple[str | None, float, str]] = []

    def take(self, resource: dict[str, Any], url: str) -> None:
        """One resource."""
        kind = resource["resourceType"]
        if kind == "Patient":
            self._patient(resource, url)
        elif kind == "Observation":
            self._observation(resource, url)
        else:
            self.left["resources of other types"] += 1

    def _patient(self, resource: dict[str, Any], url: str) -> None:
        own = _text(resource.get("id")) or url
        if not own:
            self.left["Patients without an id"] += 1
            return
        if url:
            self._addresses[url] = own
        facts = self._patients.setdefault(own, {"sex": [], "birth_date": []})
        for name, value in (
            ("sex", self._sex_of(resource)),
            ("birth_date", _text(resource.get("birthDate"))),
        ):
            if value and value not in facts[name]:
                facts[name].append(value)

    def _sex_of(self, resource: dict[str, Any]) -> str | None:
        """The sex of a Patient; both words where its gender and its sex at birth differ."""
        gender = _text(resource.get("gender"))
        extensions = resource.get("extension")
        born = None
        for one in extensions if isinstance(extensions, list) else []:
            if isinstance(one, dict) and str(one.get("url", "")).endswith(_BIRTH_SEX):
                born = _text(one.get("valueCode"))
        words = {"M": "male", "F": "female"}
        first, second = gender, words.get(born or "", born)
        if self._sex == "birthsex":
            return second
        known = {"male", "female"}
        if first in known and second in known and first != second:
            return f"{first}, at birth {second}"
        return first

    def _observation(self, resource: dict[str, Any], url: str) -> None:
        codes = _codes(resource.get("code"))
        gestation = GESTATION in codes
        known = [CODES[code] for code in codes if code in CODES]
        if not gestation and not known:
            self.left["Observations of other codes"] += 1
            return
        if resource.get("status") not in _FINAL:
            self.left["Observations that are not final"] += 1
            return
        if resource.get("modifierExtension"):
            self.left["Observations with a modifier that is not understood"] += 1
            return
        patient = self._reference(resource.get("subject"))
        value, unit = _quantity(resource.get("valueQuantity"))
        if gestation:
            if isinstance(value, float) and unit in ("d", "wk"):
                self._gestations.append((patient, value, unit))
            else:
                self.left["gestations without a figure in d or wk"] += 1
            return
        measures = {code.measure for code in known}
        if len(measures) > 1:
            self.left["Observations with codes of two measures"] += 1
            return
        methods = [code.method for code in known if code.method in ("estimated", "stated")]
        self._rows.append(
            {
                "patient": patient,
                "day": _day(resource),
                "measure": known[0].measure,
                "value": value,
                "unit": unit,
                "position": next((code.position for code in known if code.position), None),
                "method": methods[0] if methods else known[0].method,
                "at_birth": any(code.at_birth for code in known),
                "id": _text(resource.get("id")) or url or None,
            }
        )

    def _reference(self, subject: Any) -> str | None:
        """What a reference points at, as it is written; found when all Patients are known."""
        return _text(subject.get("reference")) if isinstance(subject, dict) else None

    def _patient_of(self, reference: str | None) -> str | None:
        """The id of a Patient."""
        if reference is None:
            return None
        if reference in self._addresses:
            return self._addresses[reference]
        plain = reference.partition("/_history/")[0]
        head, slash, last = plain.rpartition("/")
        if slash and (head == "Patient" or head.endswith("/Patient")):
            return last
        if plain.startswith("urn:") and plain.rpartition(":")[2] in self._patients:
            return plain.rpartition(":")[2]
        return None

    def table(self, weeks: str | None, convert: bool) -> pl.DataFrame:
        """The visits."""
        import polars as pl

        self._of_birth()
        if not self._rows:
            raise FileError(
                f"{self._where}: no Observation is a body measurement that is final, by LOINC:"
                f" {', '.join(CODES)}"
            )
        for row in self._rows:
            row["patient"] = self._patient_of(row["patient"])
        unknown = sum(row["patient"] not in self._patients for row in self._rows)
        if unknown:
            self.left["Observations of a Patient who is not there"] += unknown
        measured = self._measured(convert)
        found = gathered(measured)
        patients = [self._rows[row]["patient"] for row in found.first.to_list()]
        new = [
            pl.Series("subject_id", patients, dtype=pl.String),
            *(self._fact(patients, name) for name in ("sex", "birth_date")),
            pl.Series(
                "measured_on",
                [self._rows[r]["day"] for r in found.first.to_list()],
                dtype=pl.String,
            ),
            *self._gestation(patients, weeks),
            *found.columns[:-1],
        ]
        for name, measure, key in (
            ("length_position", "length", "position"), ("weight_method", "weight", "method"),
        ):  # fmt: skip
            values = self._of(found, measure, key)
            if any(value is not None for value in values):
                new.append(pl.Series(name, values, dtype=pl.String))
        sources = [
            " ".join(
                f"{self._rows[r]['measure']}={self._rows[r]['id']}"
                for r in rows
                if self._rows[r]["id"]
            )
            or None
            for rows in found.of_visits()
        ]
        new += [found.columns[-1], pl.Series("source_observations", sources, dtype=pl.String)]
        return pl.DataFrame(new)

    def _of_birth(self) -> None:
        """Lengths at birth are of the day of birth, or left out where another day is stated."""
        kept = []
        for row in self._rows:
            if row["at_birth"]:
                patient = self._patient_of(row["patient"])
                born = self._patients.get(patient or "", {}).get("birth_date", [])
                if len(born) != 1 or row["day"] not in (None, born[0]):
                    self.left["lengths at birth on another day than that of birth"] += 1
                    continue
                row["day"] = born[0]
            kept.append(row)
        self._rows = kept

    def _measured(self, convert: bool) -> pl.DataFrame:
        import polars as pl

        units = [unit_word(row["unit"], row["measure"]) for row in self._rows]
        if not convert and any(unit in IMPERIAL for unit in units):
            unit = next(unit for unit in units if unit in IMPERIAL)
            raise FileError(
                f"{self._where}: figures in {unit}: they are converted only where that is asked for"
                " (convert)"
            )
        values = [row["value"] for row in self._rows]
        if any(isinstance(value, str) for value in values):
            figure = pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
        else:
            figure = pl.Series(values, dtype=pl.Float64)
        said = pl.DataFrame(
            {
                "patient": pl.Series([row["patient"] for row in self._rows], dtype=pl.String),
                "day": pl.Series([row["day"] for row in self._rows], dtype=pl.String),
            }
        )
        without = sum(u is None and v is not None for u, v in zip(units, values, strict=True))
        if without:
            self.left["figures without a unit of the measure, which are invalid"] += without
        return pl.DataFrame(
            {
                "row": pl.int_range(len(values), dtype=pl.Int64, eager=True),
                "key": keys(said, ["patient", "day"], [["patient"], ["day"]]),
                "measure": pl.Series([row["measure"] for row in self._rows], dtype=pl.String),
                "figure": figure,
                "unit": pl.Series(units, dtype=pl.String),
            }
        )

    def _of(self, found: Gathered, measure: str, key: str) -> list[str | None]:
        """Something that the row of a measure says, for each visit."""
        values: list[str | None] = [None] * len(found.first)
        for visit, row, own in found.measured.select("visit", "row", "measure").iter_rows():
            if own == measure:
                values[visit] = self._rows[row][key]
        return values

    def _fact(self, patients: list[str | None], name: str) -> pl.Series:
        """A fact of each child; all of them where the resources contradict each other."""
        import polars as pl

        said = [" and ".join(self._patients.get(p or "", {}).get(name, [])) for p in patients]
        return pl.Series(name, [one or None for one in said], dtype=pl.String)

    def _gestation(self, patients: list[str | None], weeks: str | None) -> list[pl.Series]:
        """The gestation at birth of each child [day]; all of them where they differ."""
        import polars as pl

        if not self._gestations:
            return []
        days: dict[str | None, list[str]] = {}
        for reference, value, unit in self._gestations:
            day = value if unit == "d" else float(int(7 * value + 0.5))
            if unit == "wk" and value.is_integer():
                if weeks is None:
                    raise FileError(
                        f"{self._where}: gestations in whole weeks leave up to 6 days open; say"
                        " whether they are exact (27 is 27w0d), or completed weeks that are taken"
                        " from their start or their middle (gestation_weeks)"
                    )
                day += 3 if weeks == "middle" else 0
            text = str(int(day)) if day.is_integer() else str(day)
            own = days.setdefault(self._patient_of(reference), [])
            if text not in own:
                own.append(text)
        said = [" and ".join(days.get(p, [])) if p is not None else "" for p in patients]
        return [pl.Series("gestational_age_days", [one or None for one in said], dtype=pl.String)]

    def notes(self) -> list[str]:
        """What was left out, counted."""
        return [f"{self._where}: {what}: {n:,}" for what, n in self.left.items()]


def _text(value: Any) -> str | None:
    """A text that is not empty."""
    return value.strip() or None if isinstance(value, str) else None


def _codes(concept: Any) -> list[str]:
    """The LOINC codes of a concept."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return [
        coding["code"]
        for coding in (codings if isinstance(codings, list) else [])
        if isinstance(coding, dict)
        and coding.get("system") == LOINC
        and isinstance(coding.get("code"), str)
    ]


def _quantity(quantity: Any) -> tuple[float | str | None, str | None]:
    """Figure and unit; a text that is no number where it is more or less than something."""
    if not isinstance(quantity, dict):
        return None, None
    value = quantity.get("value")
    unit = quantity.get("code") if quantity.get("system") == UCUM else quantity.get("unit")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return (None if value is None else f"{value!r}"), _text(unit)
    try:
        figure = float(value)
    except OverflowError:
        return "too large a number", _text(unit)
    comparator = _text(quantity.get("comparator"))
    return (figure if comparator is None else f"{comparator} {figure}"), _text(unit)


def _day(resource: dict[str, Any]) -> str | None:
    """The calendar date of an Observation, at the place where it was made, as it is written."""
    when = _text(resource.get("effectiveDateTime")) or _text(resource.get("effectiveInstant"))
    if when is not None:
        return when.partition("T")[0]
    period = resource.get("effectivePeriod")
    if not isinstance(period, dict):
        return None
    ends = {(_text(period.get(end)) or "").partition("T")[0] for end in ("start", "end")}
    return ends.pop() or None if len(ends) == 1 else None
