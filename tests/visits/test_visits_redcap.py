"""REDCap exports: events, repeating instruments, labels, checkboxes, one row a field."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import neocalc as nc

EXPORT: dict[str, list[Any]] = {
    "record_id": ["1", "1", "1", "2", "2"],
    "redcap_event_name": ["birth_arm_1", "v1_arm_1", "v1_arm_1", "birth_arm_1", "v1_arm_1"],
    "redcap_repeat_instrument": ["", "", "growth", "", ""],
    "redcap_repeat_instance": ["", "", "1", "", ""],
    "sex": ["2", "", "", "1", ""],
    "dob": ["2026-01-01", "", "", "2026-02-01", ""],
    "bw": ["3100", "", "", "", ""],
    "wt": ["", "", "3900", "", "-99"],
    "vdate": ["2026-01-01", "2026-02-01", "", "", "2026-03-01"],
    "oed___1": ["0", "", "1", "0", "0"],
    "site": ["a", "a", "a", "b", "b"],
}
FIELDS = {"weight_g": ["bw", "wt"], "birth_date": "dob", "measured_on": "vdate"}
DICTIONARY = pl.DataFrame(
    {
        "Variable / Field Name": ["record_id", "sex", "wt", "bw", "dob", "vdate", "swollen"],
        "Field Label": [
            "Record ID", "Sex of infant", "Weight", "Birth weight", "Date of birth", "Visit", "Oed",
        ],
        "Field Type": ["text", "radio", "text", "text", "text", "text", "yesno"],
        "Choices, Calculations, OR Slider Labels": [
            "", "1, Male | 2, Female", "", "", "", "", "",
        ],
    }
)  # fmt: skip


def export(**changed: Any) -> pl.DataFrame:
    return pl.DataFrame({name: column for name, column in (EXPORT | changed).items() if column})


def quiet(frame: Any, **options: Any) -> Any:
    with pytest.warns(nc.ColumnWarning):
        return nc.visits.from_redcap(frame, **({"columns": FIELDS} | options))


def refusal(frame: Any, **options: Any) -> str:
    with pytest.raises(nc.NeocalcError) as caught:
        nc.visits.from_redcap(frame, **({"columns": FIELDS} | options))
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    return text


@pytest.mark.requirement("REQ-LAY-03")
def test_facts_of_one_event_hold_for_the_visits_of_the_record() -> None:
    visits = quiet(export(), dictionary=DICTIONARY)
    names = ["subject_id", "sex", "birth_date", "measured_on", "weight_g", "source_rows"]
    assert visits.select(names).rows() == [
        ("1", "Female", "2026-01-01", "2026-01-01", "3100", "1"),
        ("1", "Female", "2026-01-01", "2026-02-01", "3900", "3"),
        ("2", "Male", "2026-02-01", "2026-03-01", "-99", "5"),
    ]


@pytest.mark.requirement("REQ-LAY-03")
def test_a_repeating_instrument_is_of_the_day_of_its_event() -> None:
    visits = quiet(export())
    assert visits["redcap_repeat_instance"].to_list() == ["", "1", ""]
    scored = nc.score(visits, sex_codes={"male": 1, "female": 2}, missing=-99)
    assert scored["waz_status"].to_list() == ["ok", "ok", "missing_value"]


def test_codes_are_not_guessed_without_the_data_dictionary() -> None:
    with pytest.warns(nc.ColumnWarning):
        scored = nc.score(quiet(export()), missing=-99)
    assert scored["waz_status"].to_list()[:2] == ["invalid_sex"] * 2


def test_rows_without_a_measurement_are_counted() -> None:
    with pytest.warns(nc.ColumnWarning, match="2 rows hold no measurement and are no visits"):
        nc.visits.from_redcap(export(), columns=FIELDS)


@pytest.mark.requirement("REQ-LAY-03")
def test_a_checkbox_is_yes_or_no() -> None:
    visits = quiet(export(), columns=FIELDS | {"oedema": "oed___1"}, dictionary=DICTIONARY)
    assert visits["oedema"].to_list() == ["no", "yes", "no"]
    labels = export(oed___1=["Unchecked", "", "Checked", "Unchecked", "Unchecked"])
    visits = quiet(labels, columns=FIELDS | {"oedema": "oed___1"}, dictionary=DICTIONARY)
    assert visits["oedema"].to_list() == ["no", "yes", "no"]


def test_a_yes_or_no_field_is_read_by_the_data_dictionary() -> None:
    frame = export(swollen=["0", "", "1", "0", "0"])
    visits = quiet(frame, columns=FIELDS | {"oedema": "swollen"}, dictionary=DICTIONARY)
    assert visits["oedema"].to_list() == ["no", "yes", "no"]


@pytest.mark.requirement("REQ-LAY-03")
def test_a_label_export_is_mapped_by_fields_or_by_labels() -> None:
    """Headers and values are labels: Sex of infant, Female."""
    names = {
        "record_id": "Record ID", "redcap_event_name": "Event Name", "sex": "Sex of infant",
        "redcap_repeat_instrument": "Repeat Instrument", "wt": "Weight", "bw": "Birth weight",
        "redcap_repeat_instance": "Repeat Instance", "dob": "Date of birth", "vdate": "Visit",
    }  # fmt: skip
    frame = export(sex=["Female", "", "", "Male", ""]).rename(names)
    by_field = quiet(frame, columns=FIELDS | {"sex": "sex"}, dictionary=DICTIONARY)
    by_label = {
        "weight_g": ["Birth weight", "Weight"], "birth_date": "Date of birth",
        "measured_on": "Visit", "sex": "Sex of infant",
    }  # fmt: skip
    again = quiet(frame, columns=by_label)
    for visits in (by_field, again):
        assert visits.select("sex", "weight_g", "measured_on").rows()[:2] == [
            ("Female", "3100", "2026-01-01"), ("Female", "3900", "2026-02-01"),
        ]  # fmt: skip


def test_a_value_that_is_no_choice_is_refused_with_those_that_are() -> None:
    text = refusal(export(sex=["3", "", "", "1", ""]), dictionary=DICTIONARY)
    assert "the field sex holds '3', which is no choice of the data dictionary: 1 (Male)" in text


@pytest.mark.requirement("REQ-LAY-03")
def test_a_record_that_contradicts_itself_is_a_conflict() -> None:
    """The rows that say so have no measurement, and are kept for it."""
    frame = export().vstack(export(sex=["1", "", "", "1", ""]).head(1).with_columns(
        bw=pl.lit(""), vdate=pl.lit("")))  # fmt: skip
    visits = quiet(frame)
    scored = nc.score(visits, sex_codes={"male": 1, "female": 2}, missing=-99)
    of_child = scored.filter(pl.col("subject_id") == "1")
    assert of_child["waz_status"].to_list() == ["subject_conflict"] * 3


def test_a_row_that_fills_two_fields_of_one_column() -> None:
    text = refusal(export(wt=["3200", "", "3900", "", ""]))
    assert "1 rows (the first is row 1) fill more than one of bw, wt with different values" in text
    same = quiet(export(wt=["3100", "", "3900", "", ""]))
    assert same["weight_g"].to_list() == ["3100", "3900"]


@pytest.mark.requirement("REQ-LAY-03")
def test_one_row_a_field() -> None:
    rows = [
        ("1", "birth", "sex", "f"), ("1", "birth", "age_days", "0"), ("1", "birth", "wt", "3100"),
        ("1", "birth", "record_id", "1"), ("1", "birth", "signs", "1"),
        ("1", "birth", "signs", "2"),
        ("1", "v1", "age_days", "28"), ("1", "v1", "wt", "3900"), ("1", "v1", "signs", "2"),
    ]  # fmt: skip
    names = ["record", "redcap_event_name", "field_name", "value"]
    table = pl.DataFrame(rows, schema=names, orient="row")
    for frame in (table, table.to_pandas(), table.to_arrow()):
        visits = nc.visits.from_redcap(frame, columns={"weight_g": "wt", "oedema": "signs___1"})
        assert type(visits) is type(frame)
        whole = nc.visits.frames.polars_of(visits)
        names = ["subject_id", "sex", "age_days", "weight_g", "oedema"]
        assert whole.select(names).rows() == [
            ("1", "f", "0", "3100", "yes"), ("1", "f", "28", "3900", "no"),
        ]  # fmt: skip
        with pytest.raises(nc.FileError, match="does not name rows"):
            nc.visits.restore(nc.score(visits), frame, layout="redcap")


@pytest.mark.parametrize(
    ("changed", "options", "said"),
    [
        ({"record_id": []}, {}, "no record_id; name the field of the record (record)"),
        ({}, {"record": "id"}, "there is no column 'id' (record)"),
        ({}, {"columns": {"weight": "wt"}}, "a canonical column"),
        ({}, {"columns": {"weight_g": "weight"}}, "no column 'weight' (mapped to weight_g)"),
        ({}, {"columns": {}}, "no field is one of our measures"),
        ({}, {"dictionary": pl.DataFrame({"a": [1]})}, "data dictionary: there is no column"),
        ({"study_id": ["1"] * 5}, {}, "record_id and study_id are both there"),
    ],
)
def test_what_cannot_be_known_is_one_line(
    changed: dict[str, Any], options: dict[str, Any], said: str
) -> None:
    assert said in refusal(export(**changed), **options)


def test_fields_without_a_record() -> None:
    with pytest.raises(nc.FileError, match="no column record beside field_name"):
        nc.visits.from_redcap(pl.DataFrame({"field_name": ["a"], "value": ["1"]}))


def test_the_record_may_be_mapped() -> None:
    frame = export().rename({"record_id": "infant"})
    assert quiet(frame, columns=FIELDS | {"subject_id": "infant"})["subject_id"][0] == "1"
    assert quiet(frame, record="infant")["subject_id"][0] == "1"


@pytest.mark.requirement("REQ-LAY-07")
@pytest.mark.parametrize("to", [lambda t: t, lambda t: t.to_pandas(), lambda t: t.to_arrow()])
def test_results_go_back_into_the_rows_of_the_export(to: Any) -> None:
    table = to(export())
    visits = quiet(table, dictionary=DICTIONARY)
    assert type(visits) is type(table)
    back = nc.visits.restore(nc.score(visits, missing=-99), table, layout="redcap")
    assert type(back) is type(table)
    whole = nc.visits.frames.polars_of(back)
    assert whole.columns[: len(EXPORT)] == list(EXPORT)
    assert whole["waz_status"].to_list() == ["ok", None, "ok", None, "missing_value"]


def test_numbers_of_a_typed_table_stay_numbers() -> None:
    frame = pl.DataFrame({"record_id": [1, 1], "sex": ["f", None], "age_days": [0, 28],
                          "bw": [3100.5, None], "wt": [None, 3900.5]})  # fmt: skip
    visits = nc.visits.from_redcap(frame, columns={"weight_g": ["bw", "wt"]})
    assert visits["weight_g"].to_list() == [3100.5, 3900.5]
    assert visits["subject_id"].to_list() == [1, 1]
