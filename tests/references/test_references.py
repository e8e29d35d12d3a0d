"""References: neocalc's own, a user's own, and every way in which one is refused."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neocalc as nc
from neocalc.references.catalogue import (
    ENVIRONMENT,
    EXCLUDE,
    open_folder,
    reference,
    references,
    shipped_folders,
    tables_digest,
    tables_folder,
)
from neocalc.references.files import MEASURES
from own_references import DAYS, WEIGHT, Change, OwnTable, changed, rows, write

OWN = [
    "fenton-2013", "fenton-2025", "fenton-2025-birth", "intergrowth-21st-newborn",
    "intergrowth-21st-preterm", "who-2006", "who-2007", "who-2009-velocity",
]  # fmt: skip


GROWTH = "fenton-2013, fenton-2025, intergrowth-21st-preterm, who-2006, who-2007"


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    """Folders are read once: a test must not see those of another."""
    open_folder.cache_clear()
    yield
    open_folder.cache_clear()


# ------------------------------------------------------------------------------------ our own


@pytest.mark.requirement("REQ-REF-01")
def test_what_is_there() -> None:
    assert [ref.id for ref in references()] == OWN
    for ref in references():
        assert reference(ref.id) is ref
        assert ref.folder.name == ref.id
        for text in (ref.title, ref.citation, ref.publisher, ref.licence, ref.source):
            assert text.strip()
        assert ref.doi or ref.isbn
        assert ref.citation_line.startswith(ref.citation)
        assert ref.doi in ref.citation_line
        assert repr(ref).startswith(f"<Reference {ref.id}: ")
        for name, measure in ref.measures.items():
            assert measure.name == name
            assert name in MEASURES
            assert len(measure.sha256) == 64
            if ref.use != "velocity":
                tables = ref.tables(name)
                assert tables is ref.tables(name)
                assert [t.method for t in tables] == [part.method for part in measure.files]
                assert {t.unit for t in tables} == {MEASURES[name]}


@pytest.mark.requirement("REQ-REF-01")
def test_labels_and_licences_that_must_be_shown() -> None:
    assert reference("fenton-2025").chart_label == "Fenton 2025 Preterm Growth Chart"
    assert reference("fenton-2025").licence == "CC BY-NC-ND 4.0"
    assert reference("fenton-2025").citation_line.endswith("doi:10.1111/ppe.70035")
    assert "CC BY-NC-SA 3.0 IGO" in reference("who-2006").licence
    assert reference("who-2006").citation_line.endswith("ISBN 92 4 154693 X")


@pytest.mark.requirement("REQ-LMS-06")
def test_methods_are_those_of_the_publishers() -> None:
    plain = {"length", "head_circumference"}
    for ref in (reference("who-2006"), reference("fenton-2025"), reference("fenton-2025-birth")):
        for name, measure in ref.measures.items():
            assert measure.method == ("lms" if name in plain else "lms-restricted")
    assert {m.method for m in reference("fenton-2013").measures.values()} == {"lms"}


@pytest.mark.requirement("REQ-FEN-04", "REQ-WHO-13")
def test_flag_limits() -> None:
    flags = {name: measure.flag for name, measure in reference("who-2006").measures.items()}
    assert flags["weight"] == (-6, 5)
    assert flags["length"] == (-6, 6)
    assert {flags[name] for name in flags if name not in ("weight", "length")} == {(-5, 5)}
    for ref in (reference("fenton-2013"), reference("fenton-2025"), reference("fenton-2025-birth")):
        assert {measure.flag for measure in ref.measures.values()} == {(-6, 6)}


@pytest.mark.requirement("REQ-REF-06")
def test_checksums_and_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = tables_digest()
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    for ref in references():
        content = (ref.folder / "reference.toml").read_bytes()
        assert ref.sha256 == hashlib.sha256(content).hexdigest()
        for measure in ref.files.values():
            data = (ref.folder / measure.file).read_bytes()
            assert hashlib.sha256(data).hexdigest() == measure.sha256
            assert measure.sha256 in content.decode()
    # A user's reference is not one of neocalc's tables.
    monkeypatch.setenv(ENVIRONMENT, str(write(tmp_path / "mine")))
    assert tables_digest() == digest


def test_installed_tables_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the package where it is installed; beside src/ in a checkout."""
    package = tmp_path / "site-packages" / "neocalc"
    monkeypatch.setattr(
        tables_folder.__globals__["Path"], "resolve", lambda _: package / "references" / "x.py"
    )
    assert tables_folder() == tmp_path / "reference_tables"
    (package / "reference_tables").mkdir(parents=True)
    assert tables_folder() == package / "reference_tables"


@pytest.mark.requirement("REQ-REF-01")
def test_tables_can_be_taken_out_for_their_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else changes, and a call that asks for one is told what there is."""
    shutil.copytree(tables_folder(), tmp_path / "tables")
    for ref in references():
        if "NC-ND" in ref.licence or ref.id == "who-2007":
            shutil.rmtree(tmp_path / "tables" / ref.id)
    before = nc.zscore("weight", "3 kg", sex="f", age=age())
    monkeypatch.setitem(reference.__globals__, "tables_folder", lambda: tmp_path / "tables")
    shipped_folders.cache_clear()
    try:
        assert [ref.id for ref in references()] == [
            name for name in OWN if not name.startswith(("fenton-2025", "who-2007"))
        ]
        preterm = nc.Age.from_days(5, gestation="27+3")
        assert nc.zscore("weight", "1 kg", sex="f", age=preterm).reference == "fenton-2013"
        assert nc.zscore("weight", "3 kg", sex="f", age=age()).z == before.z
        with pytest.raises(
            nc.InputError, match=r"preterm_reference: .* accepted: fenton-2013, inter"
        ):
            nc.Policy(preterm_reference="fenton-2025")
        with pytest.raises(nc.InputError, match="reference: 'fenton-2025-birth'"):
            nc.size_at_birth("weight", "1 kg", sex="f", gestation="27+3")
    finally:
        shipped_folders.cache_clear()


@pytest.mark.requirement("REQ-REF-11")
@pytest.mark.parametrize("between", [",", " ", ", "])
def test_a_site_leaves_out_what_it_cannot_accept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], between: str
) -> None:
    """Named in the environment: not listed, not offered, not opened by its path."""
    out = ["fenton-2025", "intergrowth-21st-preterm", "who-2007"]
    kept = [name for name in OWN if name not in out]
    folder = reference("fenton-2025").folder
    monkeypatch.setenv(EXCLUDE, between.join(out))
    assert [ref.id for ref in references()] == kept
    for name in ("fenton-2025", folder, folder / "reference.toml"):
        with pytest.raises(
            nc.InputError, match=r"leaves it out \(NEOCALC_EXCLUDE\); accepted: .*,"
        ):
            reference(name)
    with pytest.raises(
        nc.InputError, match=r"^preterm_reference: .*EXCLUDE\); accepted: fenton-20"
    ):
        nc.Policy(preterm_reference="intergrowth-21st-preterm")
    with pytest.raises(
        nc.InputError, match=r"leaves it out .* accepted: auto, fenton-2013, who-2006,"
    ):
        nc.zscore("weight", "3 kg", sex="f", age=age(), reference="fenton-2025")
    policy = nc.Policy()
    assert policy.references == ("fenton-2013", "who-2006")
    assert "who-2007" not in policy.describe()
    late = nc.zscore("weight", ["20 kg"], sex="f", age=nc.Age.from_days([2000]))
    assert late.status.tolist() == ["age_above_reference"]
    from neocalc.cli import main

    assert main(["references"]) == 0
    said = capsys.readouterr().out
    assert f"Left out by NEOCALC_EXCLUDE: {', '.join(out)}\n" in said
    assert "\nfenton-2025: " not in said
    assert main(["references", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == out
    argv = ["growth", "--sex", "f", "--weight", "3kg", "--age-days", "70", "--gestation", "30+0"]
    assert main([*argv, "--preterm-reference", "fenton-2025"]) == 2
    assert "this site leaves it out (NEOCALC_EXCLUDE)" in capsys.readouterr().err
    monkeypatch.setenv(EXCLUDE, "")
    assert [ref.id for ref in references()] == OWN


@pytest.mark.requirement("REQ-REF-11")
def test_a_name_that_is_none_would_leave_a_table_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXCLUDE, "fenton2025")
    for call in (references, nc.Policy, lambda: reference("who-2006")):
        with pytest.raises(nc.TableError, match=r"^NEOCALC_EXCLUDE: 'fenton2025' is no reference"):
            call()


@pytest.mark.requirement("REQ-REF-11")
def test_a_site_without_the_who_has_no_term_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXCLUDE, "who-2006")
    with pytest.raises(nc.InputError, match=r"^term_reference: 'who-2006' .* leaves it out"):
        nc.Policy()
    assert nc.Policy(term_reference="who-2007").term_reference == "who-2007"


@pytest.mark.requirement("REQ-REF-11")
def test_an_id_that_is_left_out_is_not_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that names fenton-2025 is by Fenton's tables, whatever a site leaves out."""
    monkeypatch.setenv(EXCLUDE, "fenton-2025")
    own = write(tmp_path / "own", id="fenton-2025")
    with pytest.raises(nc.TableError, match="a second reference with the id 'fenton-2025'"):
        reference(own)
    monkeypatch.setenv(ENVIRONMENT, str(own))
    with pytest.raises(nc.TableError, match="a second reference with the id 'fenton-2025'"):
        reference("fenton-2025")
    with pytest.raises(nc.TableError, match="a second reference with the id 'fenton-2025'"):
        references()


@pytest.mark.requirement("REQ-REF-07")
def test_no_table_of_increments_is_one_of_attained_growth() -> None:
    with pytest.raises(nc.TableError, match="increments"):
        reference("who-2009-velocity").table("weight")
    with pytest.raises(
        nc.InputError, match="who-2009-velocity is for velocity; accepted: auto, fenton-2013, "
    ):
        nc.zscore("weight", "4 kg", sex="f", age=age(), reference="who-2009-velocity")
    with pytest.raises(nc.InputError, match="fenton-2025-birth is for size_at_birth; accepted"):
        nc.zscore("weight", "4 kg", sex="f", age=age(), reference="fenton-2025-birth")


def test_a_measure_that_a_reference_lacks_raised_a_key_error() -> None:
    with pytest.raises(nc.InputError, match="fenton-2013 has: weight, length, head_circumference"):
        reference("fenton-2013").table("bmi")


@pytest.mark.parametrize(
    "name",
    ["", "who", "WHO-2006", "auto", "no/such/folder", "no.toml", "./", " who-2006", "who-2006/",
     "x" * 10_000, "x" * 300 + "/", "a\x00b/", "\ud800", None, 5, 5.0, b"who-2006", ["who-2006"],
     {}, object()],
)  # fmt: skip
def test_unknown_names(name: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "./":  # a folder, but not a reference
        with pytest.raises(nc.TableError, match=r"there is no reference\.toml in this folder"):
            reference(name)
        return
    with pytest.raises(nc.InputError) as caught:
        reference(name)
    message = str(caught.value)
    assert message.startswith("reference: ")
    assert ", ".join(OWN) in message
    assert "path of a folder" in message
    assert len(message) < 400
    if name != "auto":
        with pytest.raises(nc.InputError):
            nc.zscore("weight", "4 kg", sex="f", age=age(), reference=name)
    with pytest.raises(nc.InputError):
        nc.curves("weight", sex="f", reference=name)
    with pytest.raises(nc.InputError):
        nc.size_at_birth("weight", "1 kg", sex="f", gestation="27+3", reference=name)
    with pytest.raises(nc.InputError):
        nc.Policy(preterm_reference=name)


@pytest.mark.requirement("REQ-REF-07")
def test_an_unknown_name_was_answered_with_references_that_cannot_score(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The velocity and birth tables were offered where only growth references are taken."""
    monkeypatch.setenv(ENVIRONMENT, str(write(tmp_path / "mine")))
    calls: dict[str, Callable[[str], Any]] = {
        f"auto, {GROWTH}, mine": lambda name: nc.zscore(
            "weight", "4 kg", sex="f", age=age(), reference=name
        ),
        f"auto, {GROWTH}, mine ": lambda name: nc.measurement(
            "weight", z=0, sex="f", age=age(), reference=name
        ),
        f"{', '.join(name for name in OWN if name != 'who-2009-velocity')}, mine": (
            lambda name: nc.curves("weight", sex="f", reference=name)
        ),
        "fenton-2025-birth, intergrowth-21st-newborn": lambda name: nc.size_at_birth(
            "weight", "1 kg", sex="f", gestation="27+3", reference=name
        ),
    }
    for fit, call in calls.items():
        for name in ("who-1977", "who-2009-velocity"):
            with pytest.raises(nc.InputError) as caught:
                call(name)
            accepted = caught.value.accepted
            assert accepted.endswith(f"accepted: {fit.strip()}, or the path of a folder")


# ------------------------------------------------------------------------------- a user's own


def age(day: int = 5) -> nc.Age:
    return nc.Age.from_days(day)


@pytest.mark.requirement("REQ-REF-05")
def test_by_path(tmp_path: Path) -> None:
    folder = write(tmp_path / "some where")
    by_folder = reference(str(folder))
    assert by_folder.id == "mine"
    assert by_folder.doi == by_folder.isbn == ""
    assert by_folder.citation_line == "Nobody, 2026."
    for name in (folder, f"{folder}/", folder / "reference.toml", str(folder / "reference.toml")):
        assert reference(name) is by_folder
    M = 3 * 1.01**5
    result = nc.zscore("weight", "3.5 kg", sex="f", age=age(), reference=str(folder))
    assert result.z == pytest.approx(((3.5 / M) ** 0.5 - 1) / (0.5 * 0.1), rel=1e-12)
    assert (result.reference, result.method, result.status) == ("mine", "lms", "ok")
    assert result.age_basis == "chronological"
    y = nc.measurement("weight", z=result.z, sex="f", age=age(), reference=str(folder))
    assert y.magnitude == pytest.approx(3.5, rel=1e-12)
    chart = nc.curves("weight", sex="f", reference=str(folder), z=[0])
    assert chart.reference == "mine"
    assert chart.chart_label == "Our own chart"
    assert chart.x.tolist() == list(range(11))


@pytest.mark.requirement("REQ-REF-07")
def test_results_of_other_tables_were_named_as_the_whos(tmp_path: Path) -> None:
    """A folder given by its path, with the id of one of ours: results name the id alone."""
    folder = write(tmp_path / "mine", id="who-2006")
    said = "mine: a second reference with the id 'who-2006', which ships with neocalc; give yours"
    with pytest.raises(nc.TableError, match=said):
        nc.zscore("weight", "3 kg", sex="f", age=age(), reference=str(folder))
    ours = tables_folder() / "who-2006"
    assert reference(ours) is reference("who-2006")
    link = tmp_path / "link"
    link.symlink_to(ours)
    assert reference(link) is reference("who-2006")


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert reference("mine").id == reference("./mine").id == "mine"


@pytest.mark.requirement("REQ-REF-05")
@pytest.mark.parametrize("inside", [True, False])
def test_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """The folder itself, or one that holds several."""
    folder = write(tmp_path / "any name")
    monkeypatch.setenv(ENVIRONMENT, str(folder if inside else tmp_path))
    assert [ref.id for ref in references()] == [*OWN, "mine"]
    result = nc.zscore("weight", "3.5 kg", sex="f", age=age(), reference="mine")
    assert (result.reference, result.status) == ("mine", "ok")
    with pytest.raises(nc.InputError, match="who-2009-velocity, mine, or the path"):
        reference("any name")


def test_several_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = write(tmp_path / "1"), write(tmp_path / "2", id="other")
    monkeypatch.setenv(ENVIRONMENT, os.pathsep.join(["", str(first), str(second), ""]))
    assert [ref.id for ref in references()] == [*OWN, "mine", "other"]


@pytest.mark.requirement("REQ-REF-05")
def test_a_fault_in_one_added_folder_made_every_look_up_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It matters to what may be in it and to a listing; not to the WHO's tables at a cot side."""
    good, bad = write(tmp_path / "good"), write(tmp_path / "bad", id="My Own")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    many = tmp_path / "many"
    write(many / "1", id="one")
    write(many / "2", id="other", toml=[('unit = "kg"', 'unit = "cm"')])
    for fault, said in (
        (tmp_path / "nowhere", "nowhere holds no reference.toml"),
        (bad, "id 'My Own'"),
        (loop, "loop"),
        (many, "a unit of their dimension"),
    ):
        for order in ((fault, good), (good, fault)):
            monkeypatch.setenv(ENVIRONMENT, os.pathsep.join(map(str, order)))
            for name in ("who-2006", "mine", str(good)):
                assert (
                    nc.zscore("weight", "3 kg", sex="f", age=age(), reference=name).status == "ok"
                )
            assert nc.Policy(preterm_reference="fenton-2025").handover_day == 350
            for ask in (references, lambda: reference("yours")):
                with pytest.raises(nc.TableError, match=said):
                    ask()
    assert reference("one").id == "one"
    with pytest.raises(nc.InputError, match=r"auto, .*, who-2007, mine, one, or the path"):
        nc.zscore("weight", "3 kg", sex="f", age=age(), reference="who-2009-velocity")


def test_a_folder_listed_twice_was_its_own_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "mine")
    link = tmp_path / "link"
    link.symlink_to(folder)
    monkeypatch.setenv(ENVIRONMENT, os.pathsep.join(map(str, (folder, folder, link))))
    assert [ref.id for ref in references()] == [*OWN, "mine"]
    assert reference("mine").folder == folder


def test_a_reference_with_others_inside_it_was_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, id="outer")
    write(tmp_path / "inside", id="inner")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    assert [ref.id for ref in references()] == [*OWN, "outer", "inner"]


def test_an_empty_place_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        monkeypatch.setenv(ENVIRONMENT, str(place))
        with pytest.raises(nc.TableError, match=f"{ENVIRONMENT}: .* holds no reference.toml"):
            references()


@pytest.mark.requirement("REQ-REF-05")
@pytest.mark.parametrize("other", ["who-2006", "mine"])
def test_a_second_reference_with_the_same_id_was_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """Whichever came first answered, and nobody learnt that there were two."""
    write(tmp_path / "1")
    write(tmp_path / "2", id=other)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path))
    for ask in (references, lambda: reference(other)):
        with pytest.raises(nc.TableError, match=f"2: a second reference with the id '{other}'"):
            ask()


def test_an_invalid_one_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "mine", toml=[('unit = "kg"', 'unit = "cm"')])
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    for ask in (references, lambda: reference("mine")):
        with pytest.raises(nc.TableError, match=re.escape(str(folder / "reference.toml"))):
            ask()


def test_units_of_its_own(tmp_path: Path) -> None:
    grams = OwnTable(rows("age_days", DAYS, M=3000.0), "age_days", "g", 0, 10)
    table = reference(write(tmp_path, {"weight": grams})).table("weight")
    assert table.unit == "kg"
    assert table.M[0, 0] == 3.0
    assert table.flag == (-math.inf, math.inf)


def test_rows_outside_the_stated_range_are_not_used(tmp_path: Path) -> None:
    folder = write(tmp_path, toml=[("range = [0, 10]", "range = [2, 7]")])
    table = reference(folder).table("weight")
    assert (table.first, table.last, table.M.shape) == (2, 7, (2, 6))
    result = nc.zscore(
        "weight", ["3 kg"] * 4, sex="f", age=nc.Age.from_days([1, 2, 7, 8]), reference=str(folder)
    )
    assert result.status.tolist() == ["age_below_reference", "ok", "ok", "age_above_reference"]


LENGTHS = [f"{tenths / 10}" for tenths in range(450, 471)]
BY_LENGTH = OwnTable(rows("length_cm", LENGTHS), "length_cm", "kg", 45.0, 47.0, "lms-restricted")


def test_a_table_by_length_alone(tmp_path: Path) -> None:
    """Without weight_for_height: nothing for a child of 731 days."""
    folder = str(write(tmp_path, {"weight_for_length": BY_LENGTH}))
    result = nc.zscore(
        "weight_for_length",
        ["3 kg"] * 3,
        sex="f",
        length=["45.55 cm", "45.55 cm", "47.01 cm"],
        age=nc.Age.from_days([10, 731, 10]),
        reference=folder,
    )
    assert result.status[0] == "ok"
    assert result.status[2] == "length_out_of_range"
    M = 3 * (1.01**5 + 1.01**6) / 2
    assert result.z[0] == pytest.approx(((3 / M) ** 0.5 - 1) / (0.5 * 0.1), rel=1e-9)
    assert np.isnan(result.z[1:]).all()


def test_no_z_where_the_power_crosses_zero_between_two_rows(tmp_path: Path) -> None:
    """Half way from L = -0.25 to 0.25 it is 0, though no row of the table has 0."""
    csv = "sex,length_cm,L,M,S\n" + "".join(
        f"{sex},{key},{L},3.0,0.1\n"
        for sex in ("female", "male")
        for key, L in (("45.0", -0.25), ("45.1", 0.25))
    )
    table = OwnTable(csv, "length_cm", "kg", 45.0, 45.1)
    folder = str(write(tmp_path, {"weight_for_length": table}))
    for z in (-2.0, 0.0, 1.5):
        weight = nc.Q(3 * math.exp(0.1 * z), "kg")
        result = nc.zscore(
            "weight_for_length", weight, sex="f", length="45.05 cm", age=age(), reference=folder
        )
        assert result.status == "ok"
        assert result.z == pytest.approx(z, abs=1e-9)


PRETERM_DAYS = [str(day) for day in range(160, 351)]
PRETERM = OwnTable(
    rows("postmenstrual_age_days", PRETERM_DAYS, M=0.5), "postmenstrual_age_days", "kg", 160, 350
)


def test_as_preterm_and_term_reference_of_a_policy(tmp_path: Path) -> None:
    preterm = write(tmp_path / "p", {"weight": PRETERM}, id="my-preterm", age_basis="postmenstrual")
    days = [str(day) for day in range(1827)]
    table = OwnTable(rows("age_days", days, M=3.0), "age_days", "kg", 0, 1826)
    # Growing by 1 % a day ends far beyond a float's reach of weights; the figures do not matter.
    term = write(tmp_path / "t", {"weight": table}, id="my-term")
    policy = nc.Policy(preterm_reference=str(preterm), term_reference=str(term))
    assert str(preterm) in policy.describe()
    ages = nc.Age.from_days([10, 200, 10], gestation=["28+0", "28+0", "40+0"])
    result = nc.zscore("weight", ["1 kg", "5 kg", "3 kg"], sex="m", age=ages, policy=policy)
    assert result.reference.tolist() == ["my-preterm", "my-term", "my-term"]
    assert result.age_basis.tolist() == ["postmenstrual", "corrected", "chronological"]
    assert result.status[0] == "ok"


def test_term_children_were_scored_on_the_preterm_tables_of_what_the_term_one_lacks(
    tmp_path: Path,
) -> None:
    """A day of 200 after birth was looked up as 28w4d of postmenstrual age."""
    table = OwnTable(rows("age_days", [str(d) for d in range(401)]), "age_days", "kg", 0, 400)
    term = write(tmp_path, {"weight": table})
    policy = nc.Policy(term_reference=str(term))
    ages = nc.Age.from_days([200, 30, 200], gestation=[None, "28+0", "28+0"])
    result = nc.zscore("head_circumference", ["27 cm"] * 3, sex="f", age=ages, policy=policy)
    assert result.status.tolist() == ["no_reference", "ok", "no_reference"]
    assert result.reference.tolist() == ["", "fenton-2013", ""]
    with pytest.raises(nc.InputError, match="no_reference"):
        nc.measurement("head_circumference", z=0, sex="f", age=nc.Age.from_days(200), policy=policy)


def test_a_preterm_reference_by_length_replaced_the_term_one(tmp_path: Path) -> None:
    both = {"weight": PRETERM, "weight_for_length": BY_LENGTH}
    folder = write(tmp_path, both, id="my-preterm", age_basis="postmenstrual")
    policy = nc.Policy(preterm_reference=str(folder))
    given: dict[str, Any] = {"sex": "f", "length": "46 cm", "age": age()}
    result = nc.zscore("weight_for_length", "2.6 kg", policy=policy, **given)
    assert result.reference == "who-2006"
    assert result.z == nc.zscore("weight_for_length", "2.6 kg", **given).z


# ----------------------------------------------------------------------- what is refused, and why


def refused(folder: Path, *, file: str = "reference.toml") -> str:
    """The message with which a reference is refused when it is used."""
    with pytest.raises(nc.TableError) as caught:
        nc.zscore("weight", "3 kg", sex="f", age=age(), reference=str(folder))
    message = str(caught.value)
    assert message.startswith(str(folder / file)), message
    assert "\n" not in message
    return message.removeprefix(str(folder / file))


@pytest.mark.requirement("REQ-REF-02")
def test_an_altered_figure(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", altered=[("female,3,0.5,", "female,3,0.6,")])
    message = refused(folder, file="weight.csv")
    assert "altered" in message
    actual = hashlib.sha256((folder / "weight.csv").read_bytes()).hexdigest()
    assert f"its SHA-256 is {actual}, reference.toml states" in message


@pytest.mark.requirement("REQ-REF-02")
@pytest.mark.parametrize("change", [("\n", "\r\n"), ("0.5", "0.50"), ("sex", "\ufeffsex")])
def test_another_byte_with_the_same_figures(tmp_path: Path, change: Change) -> None:
    assert "altered" in refused(write(tmp_path, altered=[change]), file="weight.csv")


@pytest.mark.requirement("REQ-REF-02")
def test_each_of_our_own_tables_refuses_a_changed_digit(tmp_path: Path) -> None:
    for ref in references():
        if ref.use == "velocity":
            continue
        folder = tmp_path / ref.id
        folder.mkdir()
        for path in ref.folder.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        about = (folder / "reference.toml").read_text(encoding="utf-8")
        (folder / "reference.toml").write_text(
            changed(about, [(f'id = "{ref.id}"', 'id = "copy"')]), encoding="utf-8"
        )
        parts = [(name, p) for name, m in ref.measures.items() for p in m.files]
        for name, measure in parts:
            path = folder / measure.file
            data = path.read_bytes()
            at = len(data) // 2
            while data[at : at + 1] not in b"12345678":
                at += 1
            path.write_bytes(data[:at] + bytes([data[at] + 1]) + data[at + 1 :])
            open_folder.cache_clear()
            with pytest.raises(nc.TableError, match=f"{measure.file}: this table has been altered"):
                reference(folder).tables(name)
            path.write_bytes(data)
            open_folder.cache_clear()
            assert reference(folder).tables(name)[0].measure == name


def test_missing_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    (folder / "weight.csv").unlink()
    assert "No such file" in refused(folder, file="weight.csv")
    (folder / "weight.csv").mkdir()
    assert "directory" in refused(folder, file="weight.csv")
    (folder / "reference.toml").unlink()
    open_folder.cache_clear()
    assert "no reference.toml" in refused(folder)


@pytest.mark.requirement("REQ-REF-05")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("[measures.weight]", "[measures.weight")], "line"),
        ([("id = ", "id = mine #")], "Invalid value"),
        ([('id = "mine"', "")], "id must be a text"),
        ([('id = "mine"', "id = 5")], "id must be a text"),
        ([('id = "mine"', 'id = "auto"')], "id 'auto'"),
        ([('id = "mine"', 'id = "My Own"')], "id 'My Own'"),
        ([('id = "mine"', 'id = "../who"')], "id '../who'"),
        ([('title = "A reference of our own"', 'title = " "')], "title must be a text"),
        ([('licence = "CC0-1.0"', "")], "licence must be a text"),
        ([('use = "growth"', 'use = "charts"')], "use is 'charts'; accepted: growth"),
        ([("[measures.weight]", "[other.weight]")], r"no [measures.NAME] section"),
        ([("[measures.weight]", "[measures.wheight]")], "measures weight, length"),
        ([("[measures.weight]", "[measures.length]")], "a unit of their dimension"),
        ([('unit = "kg"', 'unit = "lb"')], "a unit of their dimension"),
        ([('unit = "kg"', "unit = 5")], "a unit of their dimension"),
        ([('axis = "age_days"', 'axis = "months"')], "axis must be age_days"),
        ([('axis = "age_days"', 'axis = ["age_days"]')], "axis must be age_days"),
        ([('axis = "age_days"', "")], "missing axis; not known: nothing"),
        ([("range = ", "ranges = ")], "missing range; not known: ranges"),
        ([('method = "lms"', 'method = "lmst"')], "method lms or lms-restricted"),
        ([('method = "lms"', "method = {}")], "method lms or lms-restricted"),
        ([('file = "weight.csv"', 'file = "../weight.csv"')], "in the same folder"),
        ([('file = "weight.csv"', 'file = "/etc/passwd"')], "in the same folder"),
        ([('file = "weight.csv"', 'file = "sub/weight.csv"')], "in the same folder"),
        ([("range = [0, 10]", "range = [10, 0]")], "range: two ascending numbers"),
        ([("range = [0, 10]", "range = [0]")], "range: two ascending numbers"),
        ([("range = [0, 10]", "range = [0, 5, 10]")], "range: two ascending numbers"),
        ([("range = [0, 10]", 'range = "0-10"')], "range: two ascending numbers"),
        ([("range = [0, 10]", 'range = ["0", "10"]')], "range: two ascending numbers"),
        ([("range = [0, 10]", "range = [0, nan]")], "range: two ascending numbers"),
        ([("range = [0, 10]", "range = [0, inf]")], "range: two finite numbers"),
        ([("range = [0, 10]", "range = [-inf, 10]")], "range: two finite numbers"),
        ([("range = [0, 10]", f"range = [0, {10**400}]")], "range: two ascending numbers"),
        ([("range = [0, 10]", "range = [false, true]")], "range: two ascending numbers"),
        ([("flag = [-6, 5]", "note = " + "[" * 10_000 + "]" * 10_000)], "nested too deeply"),
        ([("flag = [-6, 5]", "flag = [6, 5]")], "flag: two ascending numbers"),
        ([("flag = [-6, 5]", "flag = 5")], "flag: two ascending numbers"),
        ([("flag = [-6, 5]", "age_range = [5, 5]")], "age_range: two ascending numbers"),
        ([("flag = [-6, 5]", "intervals = 5")], "intervals must be whole numbers"),
        ([("flag = [-6, 5]", 'intervals = ["1"]')], "intervals must be whole numbers"),
        ([("flag = [-6, 5]", "note = 5")], "not known: note"),
    ],
)
def test_reference_toml(tmp_path: Path, changes: Sequence[Change], said: str) -> None:
    assert said in refused(write(tmp_path / "mine", toml=changes))


def test_reference_toml_that_is_not_text(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    (folder / "reference.toml").write_bytes(b'id = "\xff"\n')
    assert "decode" in refused(folder)


def test_a_measure_that_is_not_a_section(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine")
    text = (folder / "reference.toml").read_text().partition("[measures")[0]
    (folder / "reference.toml").write_text(text + "[measures]\nweight = 5\n")
    assert "[measures.weight] must be a section" in refused(folder)


@pytest.mark.parametrize(
    ("use", "basis"),
    [
        ("growth", ""),
        ("growth", "corrected"),
        ("growth", "gestation"),
        ("size_at_birth", "chronological"),
        ("velocity", "postmenstrual"),
    ],
)
def test_any_word_was_taken_for_an_age_basis(tmp_path: Path, use: str, basis: str) -> None:
    """And an unknown one was then scored at chronological age."""
    folder = write(tmp_path / "mine", use=use, age_basis=basis)
    assert f"age_basis is {basis!r}; for the use {use}: " in refused(folder)


@pytest.mark.requirement("REQ-REF-07")
@pytest.mark.parametrize("basis", ["chronological", "postmenstrual"])
def test_a_table_by_another_age_than_its_reference_was_scored_all_the_same(
    tmp_path: Path, basis: str
) -> None:
    """A table by postmenstrual age, looked up at days since birth; a weight by its length."""
    by_age = "age_days" if basis == "postmenstrual" else "postmenstrual_age_days"
    for axis in (by_age, "length_cm", "completed_weeks", "start_months"):
        table = OwnTable(rows(axis, DAYS), axis, "kg", 0, 10)
        folder = write(tmp_path / axis, {"weight": table}, age_basis=basis)
        assert "axis must be " in refused(folder)
    table = OwnTable(rows("age_days", DAYS), "age_days", "kg", 0, 10)
    folder = write(tmp_path / "wfl", {"weight_for_length": table})
    assert "axis must be length_cm" in refused(folder)


@pytest.mark.requirement("REQ-REF-05")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([("sex,age_days,L,M,S", "sex,age_days,l,m,s")], "the header must be sex,age_days,L,M,S"),
        ([("sex,age_days,L,M,S", "sex,age_days,M,L,S")], "the header must be"),
        ([("sex,", "\ufeffsex,")], "ascii"),
        ([("female,3,", "Female,3,")], "sex must be female or male"),
        ([("female,3,", "f,3,")], "sex must be female or male"),
        ([("female,3,", ",3,")], "sex must be female or male"),
        ([("female,3,", "\nfemale,3,")], "sex must be female or male"),
        ([("female,3,", "female,2,")], "age_days repeats, skips or goes back after 2"),
        ([("female,3,", "female,4,")], "age_days repeats, skips or goes back after 2"),
        ([("female,3,", "female,1,")], "age_days repeats, skips or goes back after 2"),
        ([("male,10,", "male,12,")], "age_days repeats, skips or goes back after 9"),
        ([("female,3,", "female,3.5,")], "age_days must be in whole steps of 1"),
        ([("female,3,", "female,x,")], "could not convert"),
        ([("female,3,", "female,,")], "could not convert"),
        ([("female,3,0.5,", "female,3,nan,")], "a figure that is not finite"),
        ([("female,3,0.5,", "female,3,inf,")], "a figure that is not finite"),
        ([("female,3,0.5,", "female,nan,0.5,")], "a figure that is not finite"),
        ([("female,0,0.5,3.0,", "female,0,0.5,-3.0,")], "M and S must be above 0"),
        ([("female,0,0.5,3.0,", "female,0,0.5,0,")], "M and S must be above 0"),
        ([("3.0,0.1\n", "3.0,-0.1\n")], "M and S must be above 0"),
        ([("3.0,0.1\n", "3.0,0\n")], "M and S must be above 0"),
        ([("3.0,0.1\n", "3.0\n")], "column"),
        ([("3.0,0.1\n", "3.0,0.1,7\n")], "column"),
        ([("3.0,0.1\n", "3.0,0.1,\n")], "column"),
        ([("3.0,0.1\n", "3.0;0.1\n")], ""),
        ([("3.0,0.1\n", "3,0,0.1\n")], ""),
        ([("3.0,0.1\n", "3.0,0.1 # x\n")], "could not convert"),
        ([("3.0,0.1\n", "3.0,0.l\n")], "could not convert"),
        ([("3.0,0.1\n", "3.0,é\n")], "ascii"),
    ],
)
def test_csv(tmp_path: Path, changes: Sequence[Change], said: str) -> None:
    """With checksums that agree: it is what the figures say that is refused."""
    assert said in refused(write(tmp_path / "mine", csv=changes), file="weight.csv")


@pytest.mark.parametrize("csv", ["", "\n", "sex,age_days,L,M,S", "sex,age_days,L,M,S\n"])
def test_csv_without_rows(tmp_path: Path, csv: str) -> None:
    folder = write(tmp_path / "mine", {"weight": WEIGHT._replace(csv=csv)})
    assert "the header must be sex,age_days,L,M,S, with rows below it" in refused(
        folder, file="weight.csv"
    )


def test_csv_without_a_last_line_end(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {"weight": WEIGHT._replace(csv=WEIGHT.csv.rstrip("\n"))})
    assert reference(folder).table("weight").last == 10


def test_csv_with_one_column_more_in_every_row(tmp_path: Path) -> None:
    csv = WEIGHT.csv.replace(",0.1\n", ",0.1,7\n")
    folder = write(tmp_path / "mine", {"weight": WEIGHT._replace(csv=csv)})
    assert "another number of columns" in refused(folder, file="weight.csv")


@pytest.mark.parametrize("sex", ["female", "male"])
def test_csv_without_a_sex(tmp_path: Path, sex: str) -> None:
    kept = [line for line in WEIGHT.csv.splitlines() if not line.startswith(sex)]
    folder = write(tmp_path / "mine", {"weight": WEIGHT._replace(csv="\n".join(kept) + "\n")})
    assert refused(folder, file="weight.csv")


@pytest.mark.parametrize("limits", ["[0, 11]", "[-1, 10]", "[20, 30]", "[0, 1e300]"])
def test_range_that_is_not_covered(tmp_path: Path, limits: str) -> None:
    folder = write(tmp_path / "mine", toml=[("range = [0, 10]", f"range = {limits}")])
    message = refused(folder, file="weight.csv")
    assert "is not covered for female" in message


def test_a_file_name_that_no_file_can_have(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", toml=[('"weight.csv"', '"weight\\u0000.csv"')])
    with pytest.raises(nc.TableError, match="null"):
        reference(folder).table("weight")


def test_keys_by_length_are_whole_tenths(tmp_path: Path) -> None:
    odd = OwnTable(
        BY_LENGTH.csv.replace("45.1,", "45.15,"), "length_cm", "kg", 45.0, 47.0, "lms-restricted"
    )
    with pytest.raises(nc.TableError, match=r"length_cm must be in whole steps of 0\.1"):
        reference(write(tmp_path, {"weight_for_length": odd})).table("weight_for_length")
