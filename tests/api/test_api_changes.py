"""The office writes over the API: once for each change id, merged or refused by what it looked at, never by halves."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest

from schemas.changes import OutcomeSchema
from server.grid.domain.areas import path_of
from tests.api_county import FAR_UNIT, NEXT_UNIT, TOWN, UNIT, VILLAGE, add_record, edit, uuid_of

ONE = f"/records/{uuid_of('station one')}"
TWO = f"/records/{uuid_of('station two')}"
CASE = f"/records/{uuid_of('case one')}"


@pytest.fixture
def county(county_to_change):
    """A county of one's own, with records in it; what ``fill`` sets by hand, past the workflow, may stay broken."""
    by_hand = county_to_change.broken()
    yield county_to_change
    assert county_to_change.broken() == by_hand


def refused(answer, status: int, code: str, *words: str) -> None:
    """Check that an answer is this refusal in problem+json, whose Chinese sentence holds ``words``."""
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{code}"), answer.text
    assert answer.content_type == "application/problem+json"
    for word in words:
        assert word in answer.json["detail"]


def change(county, name: str, record: str = TWO, action: str = "edit", headers=None, **asked):
    return county.post(f"{record}/changes", name, {"action": action, **asked}, **(headers or {}))


def test_an_edit_answers_the_outcome_and_the_new_version(county):
    answer = change(county, "town", fields={"head": "乙"})

    assert answer.status_code == 200
    assert OutcomeSchema().validate(answer.json) == {}
    assert (answer.json["verdict"], answer.json["version"], answer.json["conflicts"]) == ("applied", 2, [])
    assert answer.json["record"]["fields"]["head"] == "乙"
    assert answer.headers["ETag"] == '"2"'
    seen = county.get(TWO, "town").json
    assert answer.json["record"] == {name: seen[name] for name in answer.json["record"]}
    [*_, revision] = county.get(f"{TWO}/history", "town").json["items"]
    assert (revision["author"], revision["action"], revision["origin"]) == ("town", "edit", "office")
    assert revision["diff"] == {"head": ["=HYPERLINK(1)", "乙"]}


def test_the_same_change_again_gets_the_same_outcome_and_is_carried_out_once(county):
    id = str(uuid4())
    first = change(county, "town", id=id, fields={"head": "乙"}, headers={"If-Match": '"1"'})
    change(county, "neighbour", fields={"hoses": "9"})
    before = county.every_row()

    again = change(county, "town", id=id, fields={"head": "乙"}, headers={"If-Match": '"1"'})

    assert (again.json["id"], again.json["verdict"], again.json["version"]) == (id, "applied", 2)
    assert first.json["record"]["version"] == 2
    assert again.json["record"]["version"] == 3
    assert county.every_row() == before


def test_the_same_change_sent_twice_at_once_is_carried_out_once(county):
    id, answers = str(uuid4()), []
    sending = [
        threading.Thread(target=lambda: answers.append(change(county, "town", id=id, fields={"head": "乙"})))
        for _ in range(6)
    ]

    for each in sending:
        each.start()
    for each in sending:
        each.join()

    assert {(answer.status_code, answer.json["version"]) for answer in answers} == {(200, 2)}
    assert len(answers) == 6
    assert county.get(TWO, "town").json["version"] == 2


@pytest.mark.parametrize("other", [{"fields": {"head": "丙"}}, {"base_version": 1}])
def test_a_change_id_with_another_content_is_a_conflict(county, other):
    id = str(uuid4())
    change(county, "town", id=id, fields={"head": "乙"})
    before = county.every_row()

    refused(change(county, "town", id=id, **{"fields": {"head": "乙"}, **other}), 409, "conflict", "UUID")
    assert county.every_row() == before


def test_an_edit_of_an_older_version_is_merged_and_what_nobody_touched_since_is_taken(county):
    change(county, "town", fields={"head": "乙"})

    answer = change(county, "neighbour", base_version=1, fields={"hoses": "7"})

    assert (answer.json["verdict"], answer.json["version"]) == ("applied", 3)
    assert (answer.json["record"]["fields"]["head"], answer.json["record"]["fields"]["hoses"]) == ("乙", "7")


def test_two_desks_on_one_field_keep_both_values_and_ask_the_office(county):
    change(county, "town", base_version=1, fields={"head": "乙"})

    answer = change(county, "neighbour", base_version=1, fields={"head": ["=HYPERLINK(1)", "丙"]})

    assert (answer.json["verdict"], answer.json["conflicts"]) == ("merged", ["head"])
    assert answer.json["record"]["fields"]["head"] == "丙"
    heads = county.get(TWO, "town").json["heads"]["head"]
    assert [(head["value"], head["author"]) for head in heads] == [("丙", "neighbour"), ("乙", "town")]
    problem = county.get(f"/problems/{answer.json['problem']}", "town").json
    assert (problem["kind"], problem["record"]) == ("conflict", uuid_of("station two"))


def test_a_value_that_was_seen_and_left_is_no_write(county):
    change(county, "town", fields={"head": "乙"})

    answer = change(county, "neighbour", base_version=1, fields={"head": "=HYPERLINK(1)", "hoses": "7"})

    assert (answer.json["verdict"], answer.json["record"]["fields"]["head"]) == ("applied", "乙")


def test_who_saw_the_newest_version_replaces_what_they_saw(county):
    for head in ("乙", "丙"):
        answer = change(county, "town", fields={"head": head})

    assert (answer.json["verdict"], answer.json["record"]["fields"]["head"]) == ("applied", "丙")
    assert county.get(TWO, "town").json["heads"] == {}


@pytest.mark.parametrize("tag", ['"2"', "2, 3", '"x"', 'W/"1"'])
def test_if_match_that_names_another_version_is_a_failed_precondition(county, tag):
    before = county.every_row()

    refused(
        change(county, "town", fields={"head": "乙"}, headers={"If-Match": tag}), 412, "precondition-failed", "刷新"
    )
    assert county.every_row() == before


@pytest.mark.parametrize("tag", ['"1"', "*", '"7", "1"'])
def test_if_match_that_names_the_version_lets_the_edit_through(county, tag):
    assert change(county, "town", fields={"head": "乙"}, headers={"If-Match": tag}).status_code == 200


def test_a_version_that_never_was_is_stale(county):
    refused(change(county, "town", base_version=2, fields={"head": "乙"}), 409, "stale-version", "刷新")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"hoses": "many", "nothing": "x", "geometry": "here", "head": "甲"}, {"hoses", "nothing", "geometry"}),
        ({"area": VILLAGE}, {"area"}),
        ({"head": "a\0b"}, {"head"}),
        ({"head": "a\ud800b".encode("utf-16", "surrogatepass").decode("utf-16", "ignore"), "hoses": "\x0b"}, {"hoses"}),
        ({"head": 7, "hoses": None, "label": ["a"], "geometry": ["a", None]}, {"head", "hoses", "label", "geometry"}),
        ({"head": [1, "x"]}, {"head"}),
    ],
)
def test_every_wrong_field_is_named_at_once_and_nothing_is_saved(county, fields, wrong):
    before = county.every_row()

    answer = change(county, "town", fields=fields)

    refused(answer, 422, "invalid")
    assert {error["field"] for error in answer.json["errors"]} == {f"fields.{name}" for name in wrong}
    assert all(error["message"] for error in answer.json["errors"])
    assert county.every_row() == before


@pytest.mark.parametrize("fields", [{"status": "closed"}, {"assignee": "user:town"}, {"case_no": "1"}, {"todo": "x"}])
def test_what_only_rules_decide_is_no_field_to_edit(county, fields):
    refused(change(county, "worker", CASE, fields=fields), 422, "invalid", "由系统管理")


@pytest.mark.parametrize(
    "asked",
    [
        {"fields": {}},
        {},
        {"fields": "x"},
        {"fields": [1]},
        {"fields": {"head": "乙"}, "base_version": -1},
        {"fields": {"head": "乙"}, "base_version": "1"},
        {"fields": {"head": "乙"}, "base_version": 1e300},
        {"fields": {"head": "乙"}, "base_version": True},
        {"fields": {"head": "乙"}, "id": "7"},
        {"fields": {"head": "乙"}, "id": 7},
        {"fields": {"head": "乙"}, "seen_status": "lost"},
        {"fields": {"head": "乙"}, "verdict": "applied"},
        {"action": 7},
        {"action": "EDIT"},
        {"fields": {str(number): "x" for number in range(501)}},
    ],
)
def test_what_is_no_change_is_refused_in_words(county, asked):
    before = county.every_row()

    answer = change(county, "town", **asked)

    refused(answer, 422, "invalid")
    assert county.every_row() == before


def test_a_refused_change_leaves_its_id_free(county):
    id = str(uuid4())
    refused(change(county, "town", id=id, fields={"hoses": "many"}), 422, "invalid")

    assert change(county, "town", id=id, fields={"hoses": "5"}).json["verdict"] == "applied"


@pytest.mark.parametrize("name", ["viewer", "gone", "stranger", "worker", "officer"])
def test_who_has_no_right_or_no_sight_changes_nothing(county, name):
    before = county.every_row()

    answer = change(county, name, fields={"head": "乙"})

    refused(answer, *((403, "not-allowed") if name in ("viewer", "gone") else (404, "not-found")))
    assert county.every_row() == before


def test_a_brigade_corrects_no_fact_of_a_case_that_it_did_not_report(county):
    refused(change(county, "brigade", CASE, fields={"item": "其他"}), 403, "not-allowed", "自己上报")
    assert change(county, "officer", CASE, fields={"item": "其他"}).json["record"]["fields"]["item"] == "其他"


def test_in_a_village_without_an_officer_the_town_corrects_a_case(county):
    refused(change(county, "town", CASE, fields={"item": "其他"}), 403, "not-allowed")
    [duty] = county.get("/users/officer/duties", "admin").json["items"]
    county.post(f"/users/officer/duties/{duty['id']}/end", "admin")

    assert change(county, "town", CASE, fields={"item": "其他"}).status_code == 200


def test_a_desk_and_a_phone_on_one_field_keep_both_values(county):
    change(county, "town", fields={"hoses": "8"})

    outcome = edit(county, "station two", "neighbour", "phone-x", {"hoses": "-3"}, {"hoses": "9"}, 1)

    assert outcome.verdict == "merged"
    assert {head["value"] for head in county.get(TWO, "town").json["heads"]["hoses"]} == {"8", "9"}


def create(county, name: str, **asked):
    return county.post("/records", name, {"type": "stations", "action": "create", "area": UNIT, **asked})


def test_a_record_comes_into_being_where_its_author_says(county):
    answer = create(county, "officer", fields={"head": "丁", "label": "三号站"})

    assert answer.status_code == 201
    assert OutcomeSchema().validate(answer.json) == {}
    assert answer.headers["ETag"] == '"1"'
    made = answer.json["record"]
    assert (made["area"], made["label"], made["author"]) == (UNIT, "三号站", "officer")
    assert answer.json["problem"] is None
    assert county.get(f"/records/{made['id']}", "worker").status_code == 200


def test_a_record_without_a_label_is_named_for_its_ledger_and_day_and_nobody_is_bothered(county):
    answer = create(county, "worker", area=None, fields={"head": "丁"})

    assert answer.json["record"]["label"].startswith("微型消防站 20")
    assert (answer.json["record"]["area"], answer.json["problem"]) == (UNIT, None)


def test_a_hazard_is_reported_from_a_desk(county):
    answer = create(county, "officer", type="hazards", action="report", fields={"item": "占道", "label": "占道"})

    assert (answer.json["record"]["status"], answer.json["record"]["stage"]) == ("reported", "collect")


def test_the_same_record_asked_for_again_is_made_once(county):
    asked = {"id": str(uuid4()), "fields": {"head": "丁"}}
    first = create(county, "officer", **asked)
    before = county.every_row()

    again = create(county, "officer", **asked)
    other = create(county, "officer", **asked | {"fields": {"head": "戊"}})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    refused(other, 409, "conflict", "UUID")
    assert county.every_row() == before


def test_a_record_asked_for_again_by_the_id_of_its_author_s_choice_is_made_once(county):
    asked = {"record": str(uuid4()), "fields": {"head": "丁"}}
    first = create(county, "officer", **asked)
    before = county.every_row()

    again = create(county, "officer", **asked)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    refused(create(county, "officer", **asked | {"fields": {"head": "戊"}}), 409, "conflict", "UUID")
    assert county.every_row() == before
    others = create(county, "worker", **asked)
    assert others.status_code == 201
    assert others.json["record"]["id"] != first.json["record"]["id"]


@pytest.mark.parametrize("first", ["worker", "stranger"])
def test_nobody_learns_which_ids_the_changes_of_others_have(county, first):
    id = str(uuid4())
    asked = {"id": id, "area": None, "fields": {"head": "丁", "label": "三号站"}}
    taken = create(county, first, **asked)

    answers = [create(county, "neighbour", **asked) for _ in range(2)]
    edits = [change(county, "town", id=id, fields={"head": "乙"}) for _ in range(2)]

    assert taken.status_code == 201
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json == answers[1].json
    assert (answers[0].json["id"], answers[0].json["verdict"]) == (id, "applied")
    assert answers[0].json["record"]["id"] != taken.json["record"]["id"]
    assert [answer.status_code for answer in edits] == [200, 200]
    assert edits[0].json == edits[1].json
    assert (edits[0].json["id"], edits[0].json["record"]["fields"]["head"]) == (id, "乙")
    refused(change(county, "town", id=id, fields={"head": "丙"}), 409, "conflict", "UUID")
    assert create(county, first, **asked).json == taken.json


@pytest.mark.parametrize("record", [uuid_of("station one"), uuid_of("station far"), uuid_of("nobody's")])
def test_nobody_chooses_the_id_of_a_record_and_so_finds_out_which_there_are(county, record):
    answer = create(county, "officer", record=record, fields={"head": "x"})

    assert (answer.status_code, answer.json["verdict"], answer.json["record"]["version"]) == (201, "applied", 1)
    assert answer.json["record"]["id"] != record


@pytest.mark.parametrize(
    ("name", "asked", "status", "code"),
    [
        ("officer", {"type": "ghosts"}, 422, "invalid"),
        ("officer", {"type": "hazards"}, 422, "invalid"),
        ("officer", {"action": "report"}, 422, "invalid"),
        ("officer", {"action": "assign"}, 422, "invalid"),
        ("officer", {"area": None}, 422, "invalid"),
        ("officer", {"area": "here"}, 422, "invalid"),
        ("officer", {"area": FAR_UNIT}, 404, "not-found"),
        ("officer", {"area": "130630100201999"}, 404, "not-found"),
        ("officer", {"area": TOWN}, 403, "not-allowed"),
        ("officer", {"fields": {}}, 422, "invalid"),
        ("officer", {"fields": {"hoses": "x", "what": "y"}}, 422, "invalid"),
        ("worker", {"area": NEXT_UNIT}, 404, "not-found"),
        ("viewer", {}, 403, "not-allowed"),
        ("gone", {}, 403, "not-allowed"),
        ("gone", {"area": None}, 403, "not-allowed"),
        ("admin", {"type": "hazards", "action": "report", "fields": {"item": "x"}}, 403, "not-allowed"),
    ],
)
def test_what_is_wrong_with_a_new_record_is_said_and_none_is_made(county, name, asked, status, code):
    before = county.every_row()

    answer = create(county, name, **{"fields": {"head": "丁"}, **asked})

    refused(answer, status, code)
    assert county.every_row() == before


def test_an_area_that_has_ended_takes_no_new_record(county):
    county.store.write(
        lambda tx: tx.sql.run(
            "UPDATE area SET valid_to = :now, successor = :next WHERE path = :path",
            {"now": tx.now, "next": NEXT_UNIT, "path": path_of(UNIT)},
        )
    )

    refused(create(county, "officer", fields={"head": "丁"}), 422, "invalid", "不在用", NEXT_UNIT)


def test_what_waited_for_a_record_joins_it_when_a_desk_makes_it(county):
    fields = {"hoses": "4"}
    waiting = add_record(county, "late", "worker", fields, action="edit", base_version=None, seen_stated=False)
    assert waiting.verdict == "waiting"

    made = add_record(county, "late", "officer", {"head": "丁"}, area=UNIT).record

    assert (made.version, made.fields) == (2, {"head": "丁", "hoses": "4"})
