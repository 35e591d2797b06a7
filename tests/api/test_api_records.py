"""An officer reads the records through the API: the ones in their area, narrowed, page by page, with their history."""

from __future__ import annotations

import pytest

from schemas.records import STAGES, STATUSES, ListedRecordSchema, RecordDetailSchema, RevisionSchema, StatusCountsSchema
from server.records.domain.status import Stage, Status
from tests.api_county import FAR_VILLAGE, NEXT_UNIT, TOWN, UNIT, VILLAGE, uuid_of

ONE, TWO, FAR, CASE, FAR_CASE = map(uuid_of, ("station one", "station two", "station far", "case one", "case far"))


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("brigade", {ONE, TWO, FAR, CASE, FAR_CASE}),
        ("town", {ONE, TWO, CASE}),
        ("officer", {ONE, CASE}),
        ("worker", {ONE, CASE}),
        ("stranger", {FAR, FAR_CASE}),
        ("gas", {CASE}),
        ("gone", set()),
    ],
)
def test_everyone_sees_the_records_of_their_area_and_those_given_to_them(county, name, seen):
    assert set(county.ids("/records", name)) == seen


def test_a_record_has_the_shape_that_the_document_describes(county):
    for item in county.get("/records", "brigade").json["items"]:
        assert ListedRecordSchema().validate(item) == {}
        assert set(item) == {field.data_key or name for name, field in ListedRecordSchema().fields.items()}


def test_a_list_says_in_words_where_a_record_is_who_wrote_and_who_has_it(county):
    item = next(each for each in county.get("/records?type=hazards", "brigade").json["items"] if each["id"] == CASE)

    assert item["area_name"] and item["area_name"] != item["area"]
    assert (item["assignee_name"], item["author_name"]) == ("燃气主管部门", "worker")
    assert (item["photos"], item["requests"]) == (0, [])


def test_cases_come_by_their_limits_page_by_page(county):
    first = county.get("/records?sort=due&limit=1", "brigade").json
    second = county.get(f"/records?sort=due&limit=1&cursor={first['next']}", "brigade").json

    assert [each["id"] for each in (*first["items"], *second["items"])] == [CASE, FAR_CASE]
    assert second["next"] is None
    assert county.get(f"/records?sort=due&cursor={'MQ'}", "brigade").status_code == 422


def test_the_counts_are_those_of_the_lists_and_come_once(county):
    answer = county.get("/records/counts", "brigade")
    few = county.get("/records/counts?status=reported,closed&overdue=true", "brigade").json
    again = county.get("/records/counts", "brigade", **{"If-None-Match": answer.headers["ETag"]})

    assert StatusCountsSchema().validate(answer.json) == {}
    assert answer.json["counts"] == {"reported": 1, "assigned": 1}
    assert few["counts"] == {}
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=stations", {ONE, TWO, FAR}),
        (f"area={VILLAGE}", {ONE, CASE}),
        (f"area={TOWN[:9]}", {ONE, TWO, CASE}),
        (f"area={NEXT_UNIT}&type=stations", {TWO}),
        ("status=reported", {FAR_CASE}),
        ("status=reported,assigned", {CASE, FAR_CASE}),
        ("category=none", set()),
        ("item=none", set()),
        ("flag=reworked", set()),
        ("requested=true", set()),
        ("stage=assign", {CASE}),
        ("stage=close", set()),
        ("assignee=body:dept-gas", {CASE}),
        ("overdue=true", {CASE}),
        ("overdue=false", {ONE, TWO, FAR, FAR_CASE}),
        ("conflict=true", {ONE}),
        ("conflict=false", {TWO, FAR, CASE, FAR_CASE}),
        ("q=号站", {ONE, TWO}),
        ("q=100%25", {TWO}),
        ("q=1%25", set()),
        ("q=_", set()),
        ("q=LY-2026-0007", {CASE}),
        ("q=CASE%20ONE", {CASE}),
        (f"q={FAR.upper()}", {FAR}),
        (f"type=hazards&overdue=true&area={FAR_VILLAGE}", set()),
    ],
)
def test_filters_narrow_the_list(county, query, found):
    assert set(county.ids(f"/records?{query}", "brigade")) == found


def test_pages_show_every_record_once_newest_first(county):
    whole = county.ids("/records", "brigade")

    seen, cursor = [], ""
    while cursor is not None:
        page = county.get(f"/records?limit=2{cursor and f'&cursor={cursor}'}", "brigade").json
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]

    assert seen == whole == [FAR_CASE, CASE, FAR, TWO, ONE]


def test_a_page_that_is_exactly_full_has_no_next(county):
    assert county.get("/records?limit=5", "brigade").json["next"] is None


def test_every_wrong_parameter_is_named_at_once(county):
    answer = county.get("/records?limit=0&status=lost&overdue=maybe&assignee=me&area=12&colour=red", "brigade")

    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    named = {error["field"] for error in answer.json["errors"]}
    assert named == {"limit", "status", "overdue", "assignee", "area", "colour"}
    assert "limit：应为1至10000的整数" in answer.json["detail"]


@pytest.mark.parametrize("query", ["cursor=!!", "cursor=abc", "cursor=LTE", "type=unknown", "q=", "limit=1e3"])
def test_what_cannot_be_asked_is_refused(county, query):
    assert county.get(f"/records?{query}", "brigade").status_code == 422


def test_an_area_out_of_scope_is_not_found(county):
    assert county.get(f"/records?area={FAR_VILLAGE}", "officer").status_code == 404
    assert county.get(f"/records?area={VILLAGE}", "officer").status_code == 200


def test_an_area_above_shows_only_what_is_in_scope(county):
    assert set(county.ids(f"/records?area={TOWN}", "officer")) == {ONE, CASE}


def test_one_record_shows_every_value_of_a_field_in_conflict(county):
    answer = county.get(f"/records/{ONE}", "officer")

    assert RecordDetailSchema().validate(answer.json) == {}
    assert answer.json["conflicts"] == ["hoses"]
    assert [(head["value"], head["author"]) for head in answer.json["heads"]["hoses"]] == [
        ("4", "worker"),
        ("5", "officer"),
    ]
    assert answer.json["fields"]["hoses"] == answer.json["heads"]["hoses"][0]["value"]


def test_a_record_in_peace_has_no_heads(county):
    assert county.get(f"/records/{TWO}", "town").json["heads"] == {}


def test_a_record_that_has_not_changed_is_not_sent_again(county):
    tag = county.get(f"/records/{ONE}", "officer").headers["ETag"]

    again = county.get(f"/records/{ONE}", "officer", **{"If-None-Match": tag})
    stale = county.get(f"/records/{ONE}", "officer", **{"If-None-Match": '"1"'})

    assert tag.startswith('"3-')
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert stale.status_code == 200


@pytest.mark.parametrize("path", [f"/records/{FAR}", f"/records/{FAR}/history", f"/records/{uuid_of('nothing')}"])
def test_a_record_out_of_scope_is_not_told_apart_from_none(county, path):
    answer = county.get(path, "officer")

    assert answer.status_code == 404
    assert answer.json["detail"] == "没有这条记录，或它不在您的管辖范围内。"


def test_history_tells_every_revision_oldest_first(county):
    page = county.get(f"/records/{ONE}/history", "worker").json

    assert all(RevisionSchema().validate(item) == {} for item in page["items"])
    told = [(item["version"], item["author"], item["action"], item["diff"].get("hoses")) for item in page["items"]]
    assert told == [
        (1, "worker", "create", [None, "6"]),
        (2, "officer", "edit", ["6", "5"]),
        (3, "worker", "edit", ["5", "4"]),
    ]
    assert page["next"] is None


def test_the_case_of_another_village_shows_to_the_body_that_has_it(county):
    assert county.get(f"/records/{CASE}", "gas").json["area"] == UNIT


def test_the_wire_knows_every_status_and_stage():
    assert set(STATUSES) == {status.value for status in Status}
    assert set(STAGES) == {stage.value for stage in Stage}
