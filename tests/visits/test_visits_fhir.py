"""FHIR R4: Patient and Observation in, Observations with z-scores out, and hostile JSON."""

from __future__ import annotations

import contextlib
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neocalc as nc
from neocalc.visits import jsonfiles

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def patient(**changed: Any) -> dict[str, Any]:
    own = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "2026-05-01"}
    return {name: value for name, value in (own | changed).items() if value is not None}


def observation(
    code: str, value: Any, unit: str, day: str = "2026-05-29T08:00:00+02:00", **more: Any
) -> dict[str, Any]:
    own = {
        "resourceType": "Observation", "id": f"o{code}", "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": "Patient/p1"}, "effectiveDateTime": day,
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }  # fmt: skip
    return {name: value for name, value in (own | more).items() if value is not None}


def bundle(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:uuid:{r.get('id')}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}


WEIGHT = observation("29463-7", 3900, "g")
LENGTH = observation("8306-3", 52.5, "cm")


def refusal(source: Any, **options: Any) -> str:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.visits.from_fhir(source, **options)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


def warned(source: Any, **options: Any) -> tuple[Any, list[str]]:
    with pytest.warns(nc.ColumnWarning) as said:
        table = nc.visits.from_fhir(source, **options)
    return table, [str(one.message) for one in said]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings that other tests look at."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nc.ColumnWarning)
        yield


@pytest.mark.requirement("REQ-LAY-05")
def test_observations_of_a_child_and_day_are_one_visit() -> None:
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT, LENGTH, observation("9843-4", 360, "mm")))
    assert table.to_dicts() == [
        {
            "subject_id": "p1", "sex": "female", "birth_date": "2026-05-01",
            "measured_on": "2026-05-29", "weight_g": 3900.0, "length_cm": 52.5,
            "head_circumference_mm": 360.0, "length_position": "recumbent",
            "source_rows": "weight=1 length=2 head_circumference=3",
            "source_observations":
                "weight=o29463-7 length=o8306-3 head_circumference=o9843-4",
        }
    ]  # fmt: skip
    assert nc.score(table)["waz_status"].to_list() == ["ok"]


def test_lines_and_lists_and_nested_bundles_are_the_same(tmp_path: Path) -> None:
    expected = nc.visits.from_fhir(bundle(patient(), WEIGHT))
    lines = tmp_path / "all.ndjson"
    lines.write_text(f"{json.dumps(patient())}\n{json.dumps(WEIGHT)}\n", encoding="utf-8")
    one = tmp_path / "bundle.json"
    one.write_text("\ufeff" + json.dumps(bundle(patient(), WEIGHT), indent=2), encoding="utf-8")
    for source in (lines, str(one), [patient(), WEIGHT], bundle(bundle(patient(), WEIGHT))):
        assert nc.visits.from_fhir(source).equals(expected)


@pytest.mark.parametrize(
    "reference",
    ["Patient/p1", "urn:uuid:p1", "https://example.org/fhir/Patient/p1", "Patient/p1/_history/2"],
)
def test_references_to_a_patient(reference: str) -> None:
    one = observation("29463-7", 3.9, "kg", subject={"reference": reference})
    assert nc.visits.from_fhir(bundle(patient(), one))["sex"].to_list() == ["female"]


@pytest.mark.parametrize("subject", [None, {}, {"reference": "Group/p1"}, {"reference": "#p1"},
                                     {"reference": "Patient/p2"}, "Patient/p1"])  # fmt: skip
def test_an_observation_of_nobody_has_no_sex(subject: Any) -> None:
    table, said = warned(bundle(patient(), observation("29463-7", 3.9, "kg", subject=subject)))
    assert table["sex"].to_list() == [None]
    assert said == ["FHIR: Observations of a Patient who is not there: 1"]


@pytest.mark.requirement("REQ-LAY-06")
@pytest.mark.parametrize(("code", "method"), [("8335-2", "estimated"), ("3142-7", "stated")])
def test_an_estimated_weight_has_a_z_and_never_a_dose(code: str, method: str) -> None:
    both = [observation(code, 3.9, "kg"), observation("3141-9", 3.8, "kg", "2026-05-30")]
    table = nc.visits.from_fhir(bundle(patient(), *both))
    assert table["weight_method"].to_list() == [method, "measured"]
    dose = nc.dose.Dosing(dose="1 million cells/kg", every_row=True)
    for frame in (table, table.to_pandas(), table.to_arrow()):
        scored = nc.visits.frames.polars_of(nc.score(frame, dose=dose))
        assert scored["waz_status"].to_list() == ["ok", "ok"]
        assert scored["dose_status"].to_list() == ["invalid_value", "ok"]
        assert scored["dose_cells"].to_list() == [None, 3.8e6]


@pytest.mark.requirement("REQ-LAY-06")
def test_a_code_of_both_kinds_is_the_doubtful_one() -> None:
    code = {"coding": [{"system": LOINC, "code": c} for c in ("29463-7", "8335-2")]}
    table = nc.visits.from_fhir(bundle(patient(), {**WEIGHT, "code": code}))
    assert table["weight_method"].to_list() == ["estimated"]


@pytest.mark.requirement("REQ-LAY-05")
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": "entered-in-error"}, "Observations that are not final"),
        ({"status": "preliminary"}, "Observations that are not final"),
        ({"modifierExtension": [{"url": "x"}]}, "Observations with a modifier"),
        ({"code": {"coding": [{"system": LOINC, "code": "8867-4"}]}}, "of other codes"),
        ({"code": {"coding": [{"system": "urn:x", "code": "29463-7"}]}}, "of other codes"),
        ({"code": {"text": "weight"}}, "of other codes"),
        ({"code": None}, "of other codes"),
        (
            {"code": {"coding": [{"system": LOINC, "code": c} for c in ("29463-7", "8302-2")]}},
            "codes of two measures",
        ),
        ({"resourceType": "Condition"}, "resources of other types"),
    ],
)
def test_what_is_no_measurement_is_counted(changed: dict[str, Any], said: str) -> None:
    table, notes = warned(bundle(patient(), LENGTH, {**WEIGHT, **changed}))
    assert "weight_g" not in table.columns
    assert len(notes) == 1
    assert said in notes[0]


@pytest.mark.requirement("REQ-LAY-05")
def test_units_are_those_of_ucum() -> None:
    quantity: dict[str, Any]
    for quantity in ({"value": 3.9, "unit": "kg"}, {"value": 3.9, "system": UCUM, "code": "kg"}):
        table = nc.visits.from_fhir(bundle(patient(), {**WEIGHT, "valueQuantity": quantity}))
        assert table["weight_kg"].to_list() == [3.9]
    for quantity in ({"value": 3.9}, {"value": 3.9, "system": UCUM, "unit": "kg"},
                     {"value": 3.9, "unit": "cm"}):  # fmt: skip
        table, said = warned(bundle(patient(), {**WEIGHT, "valueQuantity": quantity}))
        assert said == ["FHIR: figures without a unit of the measure, which are invalid: 1"]
        assert nc.score(table)["waz_status"].to_list() == ["invalid_value"]
    pounds = bundle(patient(), observation("29463-7", 8.6, "[lb_av]"))
    assert "converted only where that is asked for (convert)" in refusal(pounds)
    assert nc.visits.from_fhir(pounds, convert=True)["weight_kg"].to_list() == [8.6 * 0.45359237]


@pytest.mark.parametrize(
    ("quantity", "status"),
    [
        ({"value": 4000, "comparator": "<", "unit": "g"}, "invalid_value"),
        ({"value": "4000", "unit": "g"}, "invalid_value"),
        ({"value": True, "unit": "g"}, "invalid_value"),
        ({"value": 10**400, "unit": "g"}, "invalid_value"),
        ({"value": -4, "unit": "g"}, "invalid_value"),
        (None, "missing_value"),
        ("4000 g", "missing_value"),
    ],
)
def test_a_figure_that_is_none(quantity: Any, status: str) -> None:
    one = {**WEIGHT, "valueQuantity": quantity}
    table = nc.visits.from_fhir(
        bundle(patient(), one, observation("29463-7", 3900, "g", "2026-06-01"))
    )
    assert nc.score(table)["waz_status"].to_list() == [status, "ok"]


@pytest.mark.parametrize(
    ("when", "status"),
    [
        ({"effectiveDateTime": "2026-05"}, "invalid_age"),
        ({"effectiveDateTime": None}, "missing_age"),
        ({"effectiveDateTime": None, "effectiveInstant": "2026-05-29T23:59:00Z"}, "ok"),
        (
            {"effectiveDateTime": None,
             "effectivePeriod": {"start": "2026-05-29T01:00:00Z", "end": "2026-05-29"}}, "ok",
        ),
        (
            {"effectiveDateTime": None, "effectivePeriod": {"start": "2026-05-29"}}, "missing_age",
        ),
        ({"effectiveDateTime": None, "effectivePeriod": []}, "missing_age"),
    ],
)  # fmt: skip
def test_the_day_of_an_observation(when: dict[str, Any], status: str) -> None:
    one = {name: value for name, value in (WEIGHT | when).items() if value is not None}
    other = observation("29463-7", 3900, "g", "2026-06-01")
    scored = nc.score(nc.visits.from_fhir(bundle(patient(), one, other)))
    assert scored["waz_status"].to_list() == [status, "ok"]


@pytest.mark.parametrize(
    ("facts", "options", "status"),
    [
        ({"gender": "other"}, {}, "invalid_sex"),
        ({"gender": None}, {}, "missing_sex"),
        ({"birthDate": "2026"}, {}, "invalid_age"),
        ({"birthDate": None}, {}, "missing_age"),
        ({"extension": [{"url": "x/us-core-birthsex", "valueCode": "M"}]}, {}, "invalid_sex"),
        ({"extension": [{"url": "x/us-core-birthsex", "valueCode": "F"}]}, {}, "ok"),
        (
            {"gender": "other", "extension": [{"url": "x/us-core-birthsex", "valueCode": "M"}]},
            {"sex": "birthsex"},
            "ok",
        ),
        ({}, {"sex": "birthsex"}, "missing_sex"),
    ],
)
def test_the_facts_of_a_patient(facts: Any, options: Any, status: str) -> None:
    other = patient(id="p2")
    of_other = observation("29463-7", 3900, "g", subject={"reference": "Patient/p2"})
    source = bundle(patient(**facts), WEIGHT, other, of_other)
    with quiet():
        scored = nc.score(nc.visits.from_fhir(source, **options))
    assert scored["waz_status"][0] == status


def test_a_patient_who_is_there_twice_and_differs() -> None:
    source = bundle(patient(), patient(gender="male"), WEIGHT)
    table = nc.visits.from_fhir(source)
    assert table["sex"].to_list() == ["female and male"]
    assert nc.visits.from_fhir(bundle(patient(), patient(), WEIGHT))["sex"][0] == "female"


@pytest.mark.parametrize(
    ("value", "unit", "weeks", "days"),
    [
        (192, "d", None, "192"),
        (27.43, "wk", None, "192"),
        (27, "wk", "exact", "189"),
        (27, "wk", "start", "189"),
        (27, "wk", "middle", "192"),
        (192.5, "d", None, "192.5"),
    ],
)
def test_gestations(value: float, unit: str, weeks: str | None, days: str) -> None:
    gestation = observation("76516-4", value, unit)
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT, gestation), gestation_weeks=weeks)
    assert table["gestational_age_days"].to_list() == [days]


def test_gestations_that_are_not_known() -> None:
    whole = bundle(patient(), WEIGHT, observation("76516-4", 27, "wk"))
    assert "gestations in whole weeks leave up to 6 days open" in refusal(whole)
    two = [observation("76516-4", days, "d") for days in (192, 195)]
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT, *two))
    assert nc.score(table)["waz_status"].to_list() == ["invalid_gestation"]
    _, said = warned(bundle(patient(), WEIGHT, observation("76516-4", 27, "mo")))
    assert said == ["FHIR: gestations without a figure in d or wk: 1"]
    _, said = warned(bundle(patient(), WEIGHT, observation("11884-4", 27, "wk")))
    assert said == ["FHIR: Observations of other codes: 1"]


def test_a_length_at_birth_is_of_the_day_of_birth() -> None:
    birth = observation("89269-5", 50, "cm", day="2026-05-01")
    for one in (birth, {k: v for k, v in birth.items() if k != "effectiveDateTime"}):
        assert nc.visits.from_fhir(bundle(patient(), one))["measured_on"][0] == "2026-05-01"
    later = observation("89269-5", 50, "cm", day="2026-05-29")
    table, said = warned(bundle(patient(), WEIGHT, later))
    assert "length_cm" not in table.columns
    assert said == ["FHIR: lengths at birth on another day than that of birth: 1"]


def test_a_page_of_a_search_is_said_to_be_one() -> None:
    link = [{"relation": "next", "url": "https://example.org"}]
    _, said = warned(bundle(patient(), WEIGHT, link=link))
    assert said == ["FHIR: the Bundle has a next page that is not in the file: 1"]


@pytest.mark.parametrize("kind", ["polars", "pandas", "pyarrow"])
def test_the_kind_of_table_that_is_asked_for(kind: str) -> None:
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT), kind=kind)
    assert type(table).__module__.startswith(kind)


@pytest.mark.parametrize(
    ("source", "options", "said"),
    [
        ({}, {}, "a resource has no resourceType"),
        ([1], {}, "a resource has no resourceType"),
        ([patient()], {}, "no Observation is a body measurement"),
        ({"resourceType": "Bundle"}, {}, "no Observation is a body measurement"),
        ({"resourceType": "Bundle", "entry": [1, {}]}, {}, "no Observation is a body"),
        ([patient(), WEIGHT], {"sex": "x"}, "gender or birthsex"),
        ([patient(), WEIGHT], {"gestation_weeks": "end"}, "one of exact, start, middle"),
        ([patient(), WEIGHT], {"kind": "spark"}, "one of polars, pandas, pyarrow"),
        (bundle(bundle(bundle(bundle(WEIGHT)))), {}, "nested more than 3 deep"),
    ],
)
def test_what_is_not_fhir_is_one_line(source: Any, options: Any, said: str) -> None:
    assert said in refusal(source, **options)


def test_a_patient_without_an_id_is_counted() -> None:
    source = [patient(id=None), patient(), WEIGHT]
    assert warned(source)[1] == ["FHIR: Patients without an id: 1"]


# ------------------------------------------------------------------------------------ hostile JSON


@pytest.mark.requirement("REQ-LAY-05")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[" * 100_000, "brackets are nested more than 64 deep"),
        (b'{"a":' * 100_000, "brackets are nested more than 64 deep"),
        (b'{"a": 1, "a": 2}', "an object says 'a' twice"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": 1', "line 1, character 8: is not JSON"),
        (b"", "is not JSON"),
        (b"\xff\xfe", "byte 1 is not UTF-8"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "is not JSON that can be read"),
        (b'{"a": 1}\n{"a": 1', "line 2, character 8: is not JSON"),
    ],
)
def test_hostile_json_is_refused_in_one_line(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "bundle.json"
    path.write_bytes(text)
    message = refusal(path)
    assert said in message
    assert message.startswith("bundle.json: ")
    assert len(message) < 300


def test_brackets_in_a_text_are_no_levels() -> None:
    assert jsonfiles.parsed(json.dumps({"a": "[" * 500 + '"\\'}), "x") == {"a": "[" * 500 + '"\\'}
    assert jsonfiles.parsed("[" + "[]," * 500 + "[]]", "x") == [[]] * 501


def test_a_file_that_is_too_large_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfiles, "MOST_BYTES", 10)
    path = tmp_path / "a.json"
    path.write_text("[1,2,3,4,5,6,7,8]", encoding="utf-8")
    assert "is larger than 10 bytes" in refusal(path)
    assert "cannot be read" in refusal(tmp_path)
    assert "cannot be read" in refusal(tmp_path / "none.json")
    with pytest.raises(nc.FileError, match="is larger than 10 bytes"):
        jsonfiles.parsed("[1,2,3,4,5,6,7]", "x")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.requirement("REQ-LAY-05")
@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["id", "status", "code", "subject", "effectiveDateTime", "valueQuantity",
                         "modifierExtension", "effectivePeriod", "gender", "birthDate", "extension",
                         "resourceType"]),
        anything,
        max_size=4,
    ),
    st.booleans(),
)  # fmt: skip
def test_whatever_stands_in_a_resource_is_read_or_refused(
    changed: dict[str, Any], of_patient: bool
) -> None:
    changed = dict(changed)
    one = patient() | changed if of_patient else patient()
    two = WEIGHT if of_patient else {**WEIGHT, **changed}
    with quiet():
        try:
            table = nc.visits.from_fhir([one, two, LENGTH, patient()])
            scored = nc.score(table)
        except nc.NeocalcError as error:
            assert len(str(error).splitlines()) == 1
        else:
            assert scored.height == table.height


# ---------------------------------------------------------------------------------------- results


@pytest.mark.requirement("REQ-LAY-05")
def test_observations_with_z_scores() -> None:
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT, LENGTH))
    scored = nc.score(table, centiles=True)
    result = nc.visits.to_fhir(scored)
    json.dumps(result, allow_nan=False)
    found = {e["resource"]["code"]["coding"][0]["code"]: e["resource"] for e in result["entry"]}
    assert set(found) == {"waz", "laz", "baz", "wlz"}
    weight = found["waz"]
    assert weight["status"] == "final"
    assert weight["subject"] == {"reference": "Patient/p1"}
    assert weight["effectiveDateTime"] == "2026-05-29"
    assert weight["valueQuantity"] == {
        "value": scored["waz"][0], "unit": "z-score", "system": UCUM, "code": "{score}",
    }  # fmt: skip
    assert weight["method"] == {"text": "who-2006"}
    assert weight["derivedFrom"] == [{"reference": "Observation/o29463-7"}]
    assert len(found["baz"]["derivedFrom"]) == 2
    assert "who-2006 at chronological age" in weight["note"][0]["text"]
    assert weight["component"][0]["valueQuantity"]["value"] == scored["waz_centile"][0]
    assert result == nc.visits.to_fhir(scored)
    assert len({entry["fullUrl"] for entry in result["entry"]}) == 4


def test_a_value_without_a_z_has_its_reason() -> None:
    table = nc.visits.from_fhir(bundle(patient(gender="other"), WEIGHT))
    with quiet():
        result = nc.visits.to_fhir(nc.score(table))
    (entry,) = result["entry"]
    assert entry["resource"]["dataAbsentReason"]["text"] == "invalid_sex"
    assert "valueQuantity" not in entry["resource"]


def test_rows_of_nobody_and_of_no_day() -> None:
    table = nc.visits.from_fhir(bundle(patient(), WEIGHT)).drop("source_observations")
    scored = nc.score(table).to_pandas()
    scored["measured_on"] = "2026-05"
    (entry,) = nc.visits.to_fhir(scored)["entry"]
    assert "effectiveDateTime" not in entry["resource"]
    scored["measured_on"] = None
    (entry,) = nc.visits.to_fhir(scored)["entry"]
    scored["subject_id"] = None
    assert nc.visits.to_fhir(scored)["entry"] == []
    with pytest.raises(nc.FileError, match="no z-score in it"):
        nc.visits.to_fhir(table)
    with pytest.raises(nc.FileError, match="no column 'subject_id'"):
        nc.visits.to_fhir(table.drop("subject_id"))
