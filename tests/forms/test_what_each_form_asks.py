"""What a worker is asked, form by form: little, in the field's words, and nothing that a phone may not decide."""

from __future__ import annotations

import pytest

import kobo_forms
from server.people.domain import rights
from tests.forms.xforms import FIREGRID, xform

NOW = "2026-11-25T00:00:00.000Z"
GROUP, MERGE = f"{{{FIREGRID}}}group", f"{{{FIREGRID}}}merge"


def texts(name: str, identifier: str) -> str:
    return xform(name).one(f"//x:translation[@lang = '中文 (zh)']/x:text[@id = '{identifier}']/x:value").text


def asked(name: str) -> list[str]:
    """Return the paths of questions and notes in the order of the screen."""
    controls = "self::x:input or self::x:select or self::x:select1 or self::x:upload"
    return xform(name).all(f"/h:html/h:body//*[{controls}]/@ref")


def test_a_hazard_report_needs_at_most_five_answers():
    required = xform("hazard_report").all("//x:bind[@required]/@nodeset")

    assert [path.rpartition("/")[2] for path in required] == [
        "place",
        "item",
        "description",
        "fixed_now",
        "no_photo_reason",
    ]


def test_a_hazard_report_opens_with_the_call_for_119():
    first = asked("hazard_report")[0]

    assert first == "/data/where/fire_first"
    assert "发现火情先打119" in texts("hazard_report", "/data/where/fire_first:label")


@pytest.mark.parametrize("name", ["hazard_task", "hazard_check"])
def test_work_on_the_spot_opens_with_the_call_for_119_and_spares_faces_and_papers(name):
    assert asked(name)[0] == "/data/which/fire_first"
    assert "发现火情先打119" in texts(name, "/data/which/fire_first:label")
    assert "人脸、证件" in texts(name, next(path for path in asked(name) if path.endswith("photo_care")) + ":label")


def test_taking_in_and_giving_out_is_for_those_who_may():
    def roles(name):
        return set(xform(name).one("//x:instance/x:data").get(f"{{{FIREGRID}}}roles").split())

    assert roles("hazard_intake") == {role.value for role in rights.holders_of("case", "assign", NOW)}
    assert roles("hazard_check") == {role.value for role in rights.holders_of("case", "close", NOW)}


def test_a_hazard_report_raises_suspicion_and_never_decides():
    form = xform("hazard_report")

    assert form.all("//x:instance[@id = 'severities']//x:name/text()") == ["general", "suspected_major"]
    assert texts("hazard_report", "severities-1") == "疑似，待大队研判"
    assert "'major'" not in form.xml


def test_a_hazard_report_claims_an_action_and_a_reason_stands_in_for_the_photo():
    form = xform("hazard_report")

    assert form.saved()["action"].get("calculate").replace("  ", " ") == (
        "if( /data/what_was_done/fixed_now = 'yes', 'spot_close', 'report')"
    )
    assert form.bind("what_was_done/photo_after").get("required") is None
    assert "fixed_now" in form.bind("what_was_done/no_photo_reason").get("required")
    assert "人脸、证件" in texts("hazard_report", "/data/what_was_done/photo_care:label")


def test_category_item_and_severity_of_a_hazard_merge_as_one():
    saved = xform("hazard_report").saved()

    grouped = {name for name, bind in saved.items() if bind.get(GROUP) == "classification"}
    assert grouped == {"category", "item", "severity", "spot_ok"}
    assert not any(bind.get(MERGE) for bind in saved.values())


def test_a_hazard_report_saves_what_the_office_needs():
    assert set(xform("hazard_report").saved()) == {
        *("action", "area", "category", "item", "place", "description", "severity", "fixed_now", "told"),
        *("discovered_at", "geometry", "photo", "photo_after", "no_photo_reason", "spot_ok"),
        *("source", "informant", "informant_phone", "order_no", "reply_by", "premises"),
    }


@pytest.mark.parametrize(("name", "group"), [("hazard_report", "where"), ("patrol", "round")])
def test_the_place_of_the_last_report_is_asked_about_and_never_filled_in(name, group):
    values = {node.get("ref"): node.get("value") for node in xform(name).all("//x:setvalue")}

    assert "__last-saved" in values[f"/data/{group}/last_place"]
    assert f"/data/{group}/place" not in values


def test_the_grid_of_the_last_report_is_offered_again():
    values = {node.get("ref"): node.get("value") for node in xform("hazard_report").all("//x:setvalue")}

    assert values["/data/where/area_pick"].startswith("instance('areas')/root/item[name")


def test_a_patrol_is_three_questions_and_nothing_found_is_an_answer():
    required = xform("patrol").all("//x:bind[@required]/@nodeset")

    questions = [path.rpartition("/")[2] for path in asked("patrol")]
    assert questions == ["fire_first", "area_pick", "same_place", "place", "premises_count", "result", "report_note"]
    assert required == ["/data/round/place", "/data/round/premises_count", "/data/round/result"]
    assert kobo_forms.codes("patrol_results")[0]["label"] == "没有发现隐患"


def test_a_station_is_either_registered_or_updated():
    form = xform("micro_station")

    create = form.bind("meta/entity/@create").get("calculate").split()
    update = form.bind("meta/entity/@update").get("calculate").split()
    assert create == ["/data/which/task", "=", "'register'"]
    assert update == ["/data/which/task", "=", "'update'"]


def test_an_updated_station_keeps_the_parts_that_nobody_touched():
    form = xform("micro_station")

    for part in ("base", "people", "kit"):
        assert f"selected( /data/which/parts , '{part}')" in form.bind(part).get("relevant")


def test_the_pick_of_a_station_outlives_the_row_it_was_picked_from():
    for name, path in (("micro_station", "which/station"), ("station_check", "check/station")):
        frozen = xform(name).bind("station_id").get("calculate")

        assert frozen.split() == f"if( /data/{path} != '', /data/{path} , once(''))".split()
        assert xform(name).bind(path).get("required") is None


def test_a_station_check_starts_with_all_in_order_and_asks_for_a_photo_only_on_no():
    form = xform("station_check")

    assert form.bind("check/photo").get("relevant").split() == ["/data/check/all_ok", "=", "'no'"]
    assert form.bind("check/failed").get("relevant").split() == ["/data/check/all_ok", "=", "'no'"]


def test_the_last_check_observed_wins_and_readiness_goes_with_its_reasons():
    saved = xform("station_check").saved()

    assert {bind.get(MERGE) for bind in saved.values()} == {"latest"}
    grouped = {name for name, bind in saved.items() if bind.get(GROUP) == "readiness"}
    assert grouped == {"checked_at", "last_check", "readiness", "failed_items", "check_note"}


def test_the_level_of_readiness_comes_from_the_list_and_not_from_the_form():
    rule = xform("station_check").saved()["readiness"].get("calculate")

    assert "instance('check_items')/root/item[level = 'unready'" in rule
    assert "phone_works" not in xform("station_check").xml
