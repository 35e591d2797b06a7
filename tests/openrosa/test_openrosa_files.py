"""What stands in a manifest: files, and lists of the rows of its caller (``openrosa.md`` section 7, 19 to 29)."""

from __future__ import annotations

import csv
import io

from server.forms.usecases import publish
from server.people.store import people
from server.staffing.usecases import enrolment
from tests import field_forms as forms
from tests.field_forms import settings_of
from tests.filled_forms import Entity, Filled, a_hazard, a_station, a_visit, new_uuid
from tests.odk_collect import is_chinese, md5, message_of
from tests.valley import NEXT_UNIT, UNIT, a_valley

XFORMS_LIST = "{http://openrosa.org/xforms/xformsList}"
EXTRA_NOTE = "| | text | note | 备注 | note | | |\n"


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

    assert phone.manifest("pictured") == phone.manifest("round") == {}
    assert phone.get("forms/round/attachments/streets.csv").status_code == 404
    assert phone.get(file["downloadUrl"]).status_code == 404


def test_no_browser_runs_a_form_or_a_file_beside_it(valley, phone):
    survey = "| survey |\n| | type | name | label | media::image |\n| | note | look | 看图 | legend.png |\n"
    valley.publish(survey + settings_of("pictured"), legend_png=b"<html><script>alert(1)</script></html>")
    file = phone.get(phone.manifest("pictured")["legend.png"]["downloadUrl"])
    form = phone.get(phone.form("pictured")["downloadUrl"])

    assert file.content_type == "application/octet-stream"
    for answer in (file, form):
        assert any("sandbox" in policy for policy in answer.headers.getlist("Content-Security-Policy"))


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

    valley.do(enrolment.move_user, "worker", area=NEXT_UNIT, by="admin")

    assert set(phone.list()) == {new}
    assert phone.list_hash() != before
    assert phone.integrity(old, new) == {old: "true", new: "false"}


def test_a_phone_whose_holder_left_keeps_its_forms_for_thirty_days_and_its_lists_are_empty(valley, phone):
    phone.send(a_station(new_uuid()))
    with valley.store.reading() as reading:
        duty = people.duties_of(reading, "worker")[0]
    valley.do(enrolment.end_duty, "worker", duty.id, by="admin")

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
