"""What a phone is told to download: its forms, their files, and its own rows (``openrosa.md`` section 7, 1 to 29)."""

from __future__ import annotations

import csv
import gzip
import io
from xml.etree import ElementTree as ET

import field_forms as forms
import pytest
from builders import NEXT_UNIT, UNIT, a_valley
from field_forms import settings_of
from filled_forms import Entity, Filled, a_hazard, a_station, a_visit, new_uuid
from phones import is_chinese, md5, message_of, path_of_url

from server.openrosa import routes
from server.store import people
from server.usecases import enrol, publish

XFORMS_LIST = "{http://openrosa.org/xforms/xformsList}"
EXTRA_NOTE = "| | text | note | 备注 | note | | |\n"


def test_the_form_list_is_what_collect_demands(phone):
    # 1, 18
    answer = phone.get("formList")

    assert answer.status_code == 200
    assert "text/xml" in answer.content_type
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) > 0
    assert "no-cache" in answer.headers["Cache-Control"]
    assert answer.headers["Date"]
    root = ET.fromstring(answer.data)
    assert root.tag == f"{XFORMS_LIST}xforms"
    assert len(root) == 8
    assert all(element.tag.startswith(XFORMS_LIST) for element in root.iter())
    assert all(form.findtext(f"{XFORMS_LIST}hash", "").startswith("md5:") for form in root)


@pytest.mark.parametrize("path", ["formList", "submission"])
def test_a_caller_that_is_no_phone_is_told_so(phone, path):
    # 2, 31
    answer = phone.get(path, X_OpenRosa_Version="")

    assert answer.status_code == 400
    assert is_chinese(message_of(answer))
    assert phone.head(X_OpenRosa_Version="").status_code == 400


def test_a_person_without_forms_gets_an_empty_list(valley):
    # 6
    assert valley.phone("viewer").listed() == []


def test_one_form_is_listed_by_its_id(phone):
    # 7
    assert [form["formID"] for form in phone.listed("?formID=hazard")] == ["hazard"]
    assert phone.listed("?formID=nope") == []


def test_parameters_that_nobody_knows_change_nothing(phone):
    # 8
    assert phone.get("formList?deviceID=collect%3Aabc&foo=1&verbose=true").data == phone.get("formList").data


def test_the_listed_hash_is_that_of_the_bytes_at_the_address(phone):
    # 9
    for form in phone.listed():
        answer = phone.get(form["downloadUrl"])

        assert answer.status_code == 200
        assert f"md5:{md5(answer.data)}" == form["hash"]


def test_addresses_are_absolute_and_keep_the_key(phone):
    # 10
    for form in phone.listed():
        assert form["downloadUrl"].startswith(f"http://localhost{phone.base}/forms/")
        assert form.get("manifestUrl", form["downloadUrl"]).startswith(f"http://localhost{phone.base}/forms/")
    entry = phone.manifest("station_edit")["stations.csv"]
    assert entry["downloadUrl"].startswith(f"http://localhost{phone.base}/")
    assert entry["integrityUrl"] == f"http://localhost{phone.base}/lists/stations/integrity"


def test_a_form_id_with_a_space_and_chinese_has_an_address_that_works(phone):
    # 11
    url = phone.form("巡查 表1")["downloadUrl"]

    assert path_of_url(url).endswith("/forms/%E5%B7%A1%E6%9F%A5%20%E8%A1%A81.xml")
    assert phone.get(url).status_code == 200


def test_a_title_of_signs_is_escaped(phone):
    # 12
    assert phone.form("round")["name"] == '巡查 <A> & "B"'


@pytest.mark.parametrize("ending", [publish.close, publish.wind_down])
def test_a_form_that_winds_down_is_listed_no_more_until_it_opens_again(valley, phone, ending):
    # 13
    valley.do(ending, "hazard", by="admin")
    assert "hazard" not in [form["formID"] for form in phone.listed()]

    valley.do(publish.reopen, "hazard", by="admin")
    assert "hazard" in [form["formID"] for form in phone.listed()]


def test_a_form_for_another_role_is_not_listed_and_not_readable(valley, phone):
    assert "town_only" not in [form["formID"] for form in phone.listed()]
    assert phone.get("forms/town_only.xml").status_code == 403
    assert "town_only" in [form["formID"] for form in valley.phone("town").listed()]


def test_a_manifest_is_offered_exactly_for_forms_that_need_files(phone):
    # 14
    offered = {form["formID"] for form in phone.listed() if "manifestUrl" in form}

    assert offered == {"round", "station_new", "station_edit", "station_any", "hazard", "hazard_step"}


@pytest.mark.parametrize("path", ["formList", "forms/station_edit/manifest", "lists/stations/integrity"])
def test_a_failure_of_ours_is_never_an_empty_list(phone, monkeypatch, path):
    # 15
    def fail(*_: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(routes.phone_forms, "listed", fail)
    monkeypatch.setattr(routes.phone_lists, "files_of", fail)
    monkeypatch.setattr(routes.phone_lists, "integrity", fail)

    answer = phone.get(path)

    assert answer.status_code == 500
    assert "内部错误" in message_of(answer)
    assert b"fire" not in answer.data


@pytest.mark.parametrize("path", ["/formList", "/formList/", "//formList", "/formList//"])
def test_slashes_at_the_end_of_the_server_address_do_no_harm(phone, path):
    # 16
    answer = phone.valley.app.test_client().get(f"{phone.base}{path}", headers={"X-OpenRosa-Version": "1.0"})

    assert answer.status_code == 200
    assert answer.data == phone.get("formList").data


def test_a_compressed_answer_holds_the_same_bytes(phone):
    # 17
    plain, packed = phone.get("formList"), phone.get("formList", Accept_Encoding="gzip")

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("weak", ["", "W/"])
def test_what_a_phone_holds_already_is_answered_by_304(phone, weak):
    # 17, 24
    entry = phone.manifest("station_edit")["stations.csv"]
    form = phone.form("station_edit")
    for url in ("formList", form["downloadUrl"], form["manifestUrl"], entry["downloadUrl"]):
        etag = phone.get(url).headers["ETag"]

        again = phone.get(url, If_None_Match=f"{weak}{etag}")

        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert phone.get(url, If_None_Match='"another"').status_code == 200


def test_a_manifest_marks_entity_lists_and_nothing_else(phone):
    # 19, 22
    files = phone.manifest("round") | phone.manifest("station_edit")

    assert files["stations.csv"]["type"] == "entityList"
    assert files["stations.csv"]["integrityUrl"]
    assert "type" not in files["streets.csv"]
    assert "integrityUrl" not in files["streets.csv"]
    for name, file in files.items():
        answer = phone.get(file["downloadUrl"])
        assert "/" not in name
        assert file["hash"] == f"md5:{md5(answer.data)}"
        assert answer.content_type.startswith("text/csv")


def test_a_file_that_the_server_does_not_have_is_left_out(valley, phone):
    # 21
    survey = "| survey |\n| | type | name | label | media::image |\n| | note | look | 看图 | legend.png |\n"
    valley.publish(survey + settings_of("pictured"), legend_png=b"\x89PNG")
    file = phone.manifest("pictured")["legend.png"]
    answer = phone.get(file["downloadUrl"])
    assert (answer.data, answer.content_type) == (b"\x89PNG", "image/png")
    assert phone.get(file["downloadUrl"], If_None_Match=f'"{md5(answer.data)}"').status_code == 304

    valley.do(_lose_files)

    assert phone.manifest("pictured") == {}
    assert phone.get(file["downloadUrl"]).status_code == 404


def _lose_files(tx):
    tx.sql.run("DELETE FROM form_media")
    tx.configuration_changed()


def test_a_lists_hash_changes_with_what_it_shows_and_only_then(valley, phone):
    # 23, 24
    seen = [phone.list_hash()]

    def is_new() -> bool:
        seen.append(phone.list_hash())
        return seen[-1] not in seen[:-1]

    id = new_uuid()
    phone.send(a_station(id))
    assert is_new()
    phone.send(a_visit(id, 1, hoses="7"))
    assert is_new()
    valley.publish(forms.station_new("2", EXTRA_NOTE))
    assert is_new()
    phone.send(a_hazard(new_uuid()))
    valley.phone("stranger").send(a_station(new_uuid()))
    assert not is_new()


def test_a_manifest_or_file_is_refused_when_its_form_is_closed_or_unknown(valley, phone):
    # 25
    url = phone.form("hazard_step")["manifestUrl"]
    valley.do(publish.close, "hazard_step", by="admin")

    assert phone.get(url).status_code == 403
    assert phone.get("forms/hazard_step.xml").status_code == 403
    assert phone.get("forms/hazard_step/attachments/hazards.csv").status_code == 403
    for path in ("forms/nope/manifest", "forms/nope.xml", "forms/nope/attachments/a.csv"):
        answer = phone.get(path)
        assert answer.status_code == 404
        assert is_chinese(message_of(answer))
    assert valley.phone("viewer").get("forms/hazard.xml").status_code == 403


def test_a_list_without_rows_still_names_its_columns(phone):
    # 26
    content = phone.get("forms/station_edit/attachments/stations.csv").data.decode()

    assert content == "name,label,__version,head,hoses,kit,level,lack,checked_on,geometry,area\n"


def test_each_caller_gets_their_own_rows(valley, phone):
    # 27, 28
    mine, theirs = new_uuid(), new_uuid()
    phone.send(a_station(mine))
    valley.phone("stranger").send(a_station(theirs))

    assert set(phone.list()) == {mine}
    assert set(valley.phone("stranger").list()) == {theirs}
    assert set(valley.phone("officer").list()) == {mine}
    assert set(valley.phone("brigade").list()) == {mine, theirs}
    assert valley.phone("neighbour").list() == {}


def test_any_text_comes_back_out_of_a_list(phone):
    # 29
    id, head = new_uuid(), '甲, "队长"\n；= 👩‍🚒'
    phone.send(a_station(id, head=head))

    row = phone.list()[id]

    assert (row["head"], row["label"]) == (head, head)


def test_a_ledgers_own_due_date_is_not_taken_for_a_cases(valley, phone):
    valley.publish(forms.BEES)
    id = new_uuid()
    values = {"keeper": "乙", "hives": "3", "due_on": "2026-12-01"}
    phone.send(Filled("apiary", values, (Entity("apiaries", id, create="1", label="乙"),)))

    row = phone.list("apiary", "apiaries.csv")[id]

    assert (row["keeper"], row["due_on"]) == ("乙", "2026-12-01")


def test_areas_are_the_units_of_the_caller_and_a_way_out(valley):
    valley.publish(
        "| survey |\n| | type | name | label |\n| | select_one_from_file areas.csv | area | 网格 |\n"
        + settings_of("where")
    )

    def offered(name: str) -> list[list[str]]:
        answer = valley.phone(name).get("forms/where/attachments/areas.csv")
        return list(csv.reader(io.StringIO(answer.data.decode())))

    unknown = ["unknown", "不确定/其他网格"]
    assert offered("worker") == [["name", "label"], [UNIT, "白石山镇 荆山口村 第1单元"], unknown]
    assert [row[0] for row in offered("officer")] == ["name", UNIT, NEXT_UNIT, "unknown"]
    assert "type" not in valley.phone("worker").manifest("where")["areas.csv"]


def test_a_file_that_the_form_does_not_name_is_not_served(valley, phone):
    assert phone.get("forms/round/attachments/stations.csv").status_code == 404
    assert phone.get("forms/round/attachments/..%2F..%2Fsecret").status_code == 404


def test_a_moved_worker_holds_the_rows_of_the_new_area_and_drops_the_others(valley, phone):
    # 23, 93
    old, new = new_uuid(), new_uuid()
    valley.phone("town").send(a_station(old, area=UNIT))
    valley.phone("neighbour").send(a_station(new))
    before = phone.list_hash()
    assert set(phone.list()) == {old}

    valley.do(enrol.move_user, "worker", area=NEXT_UNIT, by="admin")

    assert set(phone.list()) == {new}
    assert phone.list_hash() != before
    assert phone.integrity(old, new) == {old: "true", new: "false"}


def test_a_phone_whose_holder_left_keeps_its_forms_for_thirty_days_and_its_lists_are_empty(valley, phone):
    phone.send(a_station(new_uuid()))
    with valley.store.reading() as reading:
        duty = people.duties_of(reading, "worker")[0]
    valley.do(enrol.end_duty, "worker", duty.id, by="admin")

    assert phone.listed() != []
    assert phone.list() == {}
    valley.clock.pass_by(days=31)
    assert phone.listed() == []
    assert phone.head().status_code == 204


def test_two_servers_in_one_process_do_not_mix_their_lists_up(tmp_path):
    contents = set()
    for name in ("甲", "乙"):
        with a_valley(tmp_path / name) as valley:
            valley.phone().send(a_station("7c9e6679-7425-40de-944b-e07fc1f90ae7", head=name))
            file = valley.phone().manifest("station_new")["stations.csv"]

            content = valley.phone().get(file["downloadUrl"]).data

            assert file["hash"] == f"md5:{md5(content)}"
            contents.add(content)
    assert len(contents) == 2
