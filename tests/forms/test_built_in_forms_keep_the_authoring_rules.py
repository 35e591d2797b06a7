"""Every built-in form can be used for years by phones that are offline, old, or shared by careful people."""

from __future__ import annotations

import re
import shutil

import pytest
from pyxform.xls2xform import convert

import kobo_forms
from tests.forms.xforms import ENTITIES, FIREGRID, xform

MADE_BY_THE_SERVER = {
    "areas.csv", "handlers.csv", "handling_limits.csv", "hazards.csv", "micro_stations.csv", "patrols.csv",
    "premises.csv",
}  # fmt: skip
WRITTEN_BY_THE_SERVER = {"status", "stage", "case_no", "assignee", "due_on", "office_note", "todo"}
CLAIMS = {
    "hazard_task": {"status", "todo"},
    "hazard_check": {"status", "todo"},
    "hazard_intake": {"status", "todo", "assignee", "due_on"},
}
"""What an act saves of the server's own columns, so that the next act on the same phone knows of it."""

every_form = pytest.mark.parametrize("name", kobo_forms.names())


@every_form
def test_a_form_converts_without_a_warning(name):
    assert xform(name).warnings == ()


@every_form
@pytest.mark.skipif(shutil.which("java") is None, reason="ODK Validate needs Java, and there is no java on the PATH")
def test_a_form_passes_odk_validate(name):
    convert(kobo_forms.source(name), file_type=".md", validate=True)


@every_form
def test_the_form_id_is_the_file_name_and_the_version_says_the_day(name):
    root = xform(name).one("//x:instance/x:data")

    assert root.get("id") == name
    assert re.fullmatch(r"20\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{2}", root.get("version"))


@every_form
def test_chinese_is_the_default_and_english_says_as_much(name):
    spoken = {node.get("lang"): node for node in xform(name).all("//x:translation")}
    said = {
        language: {text.get("id"): "".join(text.itertext()).strip() for text in node}
        for language, node in spoken.items()
    }

    assert spoken["中文 (zh)"].get("default") == "true()"
    assert said["中文 (zh)"].keys() == said["English (en)"].keys()
    assert all(words for texts in said.values() for words in texts.values())
    assert all(re.search(r"[\u4e00-\u9fff]", words) for words in said["中文 (zh)"].values())
    assert not any(re.search(r"[\u4e00-\u9fff]", words) for words in said["English (en)"].values())


@every_form
def test_whatever_is_saved_has_a_name_for_people(name):
    form = xform(name)

    for bind in form.saved().values():
        label = f"x:text[@id = '{bind.get('nodeset')}:label']/x:value"
        assert form.one(f"//x:translation[@lang = '中文 (zh)']/{label}").text


@every_form
def test_a_form_writes_to_one_ledger_by_the_entity_spec_that_every_phone_in_use_knows(name):
    form = xform(name)

    assert form.one("//x:model").get(f"{{{ENTITIES}}}entities-version") == "2024.1.0"
    assert len(form.all("//x:instance/x:data//x:entity")) == 1
    assert len(form.all("/h:html/h:head/x:model/x:instance/x:data/x:meta/x:entity")) == 1


@every_form
def test_names_of_questions_and_properties_are_ascii(name):
    form = xform(name)
    names = {node.tag.rpartition("}")[2] for node in form.all("//x:instance/x:data//*")}

    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", word) for word in names | set(form.saved()))


@every_form
def test_every_list_is_shipped_or_made_by_the_server(name):
    assert xform(name).files() == set(kobo_forms.sources(name)) | (xform(name).files() & MADE_BY_THE_SERVER)


@every_form
def test_no_shipped_file_bears_the_name_of_a_list_that_the_server_makes(name):
    assert not set(kobo_forms.sources(name)) & MADE_BY_THE_SERVER


@pytest.mark.parametrize("name", ["hazard_report", *CLAIMS, "micro_station", "station_check", "premises"])
def test_a_form_whose_records_are_met_again_carries_its_own_list(name):
    form = xform(name)
    dataset = form.one("//x:instance/x:data/x:meta/x:entity/@dataset")

    assert f"{dataset}.csv" in form.files()


@every_form
def test_a_form_asks_nothing_of_the_phone_that_people_would_mind(name):
    form = xform(name)

    assert not form.all("//x:submission")
    assert not form.all("//x:data//*[local-name() = 'audit']")
    assert not {"phonenumber", "simserial", "deviceid", "email"} & set(form.all("//x:bind/@jr:preloadParams"))
    assert not [word for word in form.all("//@appearance") if "map" in word]
    assert not form.all("//*[local-name() = 'setgeopoint' or local-name() = 'recordaudio']")


@every_form
def test_there_are_at_most_two_photos_and_they_are_small(name):
    photos = xform(name).all("//x:bind[@type = 'binary']")

    assert len(photos) <= 2
    assert all(photo.get("{http://openrosa.org/xforms}max-pixels") == "1600" for photo in photos)
    assert all(photo.get("required") is None for photo in photos)


@every_form
def test_a_pick_from_a_dated_list_keeps_a_retired_code_and_offers_no_other(name):
    form = xform(name)
    dated = {file_name.removesuffix(".csv") for file_name in kobo_forms.sources(name)}

    for nodeset in form.all("//x:itemset/@nodeset"):
        if re.match(r"instance\('(\w+)'\)", nodeset)[1] in dated:
            assert "active = '1'" in nodeset
            assert re.search(r"\bor active = '1'|or \(active = '1'|active = '1' or selected\(", nodeset)


@every_form
def test_the_area_is_asked_only_of_those_who_have_several_and_is_never_required(name):
    asked = xform(name).all("//x:bind[contains(@nodeset, '/area_pick')]")

    assert all("count(instance('areas')" in bind.get("relevant") for bind in asked)
    assert all(bind.get("required") is None for bind in asked)


@every_form
def test_what_the_server_writes_on_a_case_is_saved_only_as_the_claim_of_an_act(name):
    assert WRITTEN_BY_THE_SERVER & set(xform(name).saved()) == CLAIMS.get(name, set())


@pytest.mark.parametrize("name", CLAIMS)
def test_an_act_updates_one_case_and_never_makes_or_names_one(name):
    form = xform(name)
    entity = form.one("//x:instance/x:data/x:meta/x:entity")

    assert (entity.get("dataset"), entity.get("update"), entity.get("create")) == ("hazards", "1", None)
    assert not form.all("//x:instance/x:data/x:meta/x:entity/x:label")
    assert "hazard_id" in form.bind("meta/entity/@id").get("calculate")


@pytest.mark.parametrize("name", CLAIMS)
def test_whatever_the_row_told_is_kept_when_it_is_picked_and_not_looked_up_again(name):
    form = xform(name)

    looked_up = [bind.get("nodeset") for bind in form.all("//x:bind[contains(@calculate, 'which/hazard')]")]
    kept = [node.get("ref") for node in form.all("//x:setvalue[@event = 'xforms-value-changed']")]
    assert looked_up == ["/data/hazard_id"]
    assert {"/data/hazard_label", "/data/hazard_status", "/data/hazard_todo"} <= set(kept)
    assert form.bind("which/hazard").get("required") is None


@every_form
def test_the_label_of_a_record_names_no_person_and_no_phone(name):
    labels = xform(name).all("//x:bind[@nodeset = '/data/meta/entity/label']/@calculate")

    assert not re.search(r"/(head|duty_phone|description|told|username|note_pick)\b", " ".join(labels))


@every_form
def test_where_people_write_a_place_a_mobile_number_is_turned_away(name):
    places = xform(name).all("//x:bind[contains(@nodeset, '/place')]")

    assert all("1[3-9][0-9]{9}" in bind.get("constraint") for bind in places)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("hazard_report", "case"), ("patrol", "event"), ("micro_station", "profile"), ("premises", "profile")],
)
def test_a_form_that_creates_records_says_how_they_live(name, kind):
    assert xform(name).one("//x:instance/x:data").get(f"{{{FIREGRID}}}kind") == kind


def test_two_forms_that_save_one_property_say_the_same_of_it():
    said: dict[tuple[str, str], set[tuple[str | None, ...]]] = {}
    for name in kobo_forms.names():
        dataset = xform(name).one("//x:instance/x:data/x:meta/x:entity/@dataset")
        for saved, bind in xform(name).saved().items():
            words = tuple(bind.get(word) for word in ("type", f"{{{FIREGRID}}}group", f"{{{FIREGRID}}}merge"))
            said.setdefault((dataset, saved), set()).add(words)

    assert {key: words for key, words in said.items() if len(words) > 1} == {}
    assert {("micro_stations", "kit_missing"), ("hazards", "reason"), ("hazards", "no_photo_reason")} <= said.keys()


def test_an_unknown_form_is_refused_by_name():
    with pytest.raises(LookupError, match="没有名为 weather 的内置表单"):
        kobo_forms.source("weather")
