"""The office adds, moves and ends people and organisations over the API, as the commands do, and asks twice safely."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from schemas.people import BodySchema, DutySchema, UserSchema
from schemas.staffing import KeySchema
from server.audit.store import chain
from server.grid.domain.areas import Area, Level
from server.grid.store import areas
from server.staffing.usecases import enrolment
from tests.api_county import COUNTY, FAR_UNIT, FAR_VILLAGE, NEXT_UNIT, OTHER_TOWN, PASSWORD, TOWN, UNIT, VILLAGE

LIU = {"name": "gw-07", "role": "grid_worker", "area": UNIT, "display": "刘某"}
GAS = {"code": "dept-heat", "name": "供热主管部门", "kind": "department", "area": COUNTY, "contact": "值班 13800000002"}


def done_to(county, subject: str) -> list[tuple[str, str]]:
    with county.store.reading() as reading:
        return [(entry.actor, entry.event) for entry in chain.list_about(reading, subject)]


def refused(answer, status: int, *words: str) -> None:
    """Check that an answer is a refusal in problem+json whose Chinese sentence holds ``words``."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    for word in words:
        assert word in answer.json["detail"]


def test_an_administrator_adds_a_person_who_then_signs_in(office):
    answer = office.post("/users", "admin", {**LIU, "from": "2026-11-01", "password": "long-enough-7"})

    assert answer.status_code == 201
    assert UserSchema().validate(answer.json) == {}
    assert (answer.json["name"], answer.json["display"]) == ("gw-07", "刘某")
    [duty] = answer.json["duties"]
    assert (duty["role"], duty["area"], duty["from"], duty["to"]) == (
        "grid_worker", UNIT, "2026-10-31T16:00:00.000Z", None,
    )  # fmt: skip
    signed = office.client.post("/api/v1/session", json={"username": "gw-07", "password": "long-enough-7"})
    assert signed.status_code == 200
    assert done_to(office, "gw-07")[:2] == [("admin", "user.add"), ("admin", "duty.add")]


def test_asking_again_for_the_same_person_adds_nobody(office):
    asked = {**LIU, "password": "long-enough-7"}
    first = office.post("/users", "admin", asked)
    before = office.every_row()

    again = office.post("/users", "admin", asked)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json == first.json
    assert office.every_row() == before


@pytest.mark.parametrize(
    "other",
    [{"display": "李某"}, {"area": NEXT_UNIT}, {"role": "grid_leader", "area": VILLAGE}, {"password": "another-one-7"}],
)
def test_a_name_that_somebody_has_is_a_conflict_and_changes_nothing(office, other):
    office.post("/users", "admin", {**LIU, "password": "long-enough-7"})
    before = office.every_row()

    answer = office.post("/users", "admin", {**LIU, "password": "long-enough-7", **other})

    refused(answer, 409, "gw-07", "请换一个用户名")
    assert office.every_row() == before


def test_a_name_that_somebody_out_of_sight_has_is_taken_and_nothing_of_them_is_told(office):
    def lay(tx):
        areas.add(tx, [Area("130631000000", "邻县", Level.COUNTY, None)])
        enrolment.add_user(tx, "gw-07", role="brigade", area="130631000000", display="邻县某", by="test")

    office.store.write(lay)
    before = office.every_row()

    answer = office.post("/users", "admin", LIU)

    refused(answer, 409, "gw-07", "请换一个用户名")
    assert "邻县" not in answer.text
    assert office.every_row() == before


def test_a_person_of_an_organisation_is_added_where_it_works(office):
    post = {"name": "gas-2", "role": "dept_handler", "area": COUNTY, "body": "dept-gas", "display": "值班员"}

    answer = office.post("/users", "admin", post)

    assert answer.status_code == 201, answer.text
    assert [(duty["area"], duty["body"]) for duty in answer.json["duties"]] == [(COUNTY, "dept-gas")]


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"name": "刘某"}, 422, "只用英文字母"),
        ({"name": "13800000001"}, 422, "手机号"),
        ({"display": "刘\n某"}, 422, "控制字符"),
        ({"display": "刘\0某"}, 422, "控制字符"),
        ({"role": "king"}, 422, "可选：grid_worker"),
        ({"role": "town_station"}, 422, "应设在"),
        ({"area": "130630199999"}, 404, "核对代码"),
        ({"area": "nowhere"}, 422, "网格代码"),
        ({"body": "dept-none"}, 404, "dept-none"),
        ({"from": "2026-13-40"}, 422, "应为时间"),
        ({"to": "9999-99"}, 422, "应为时间"),
        ({"from": "2026-12-02", "to": "2026-12-01"}, 422, "起止时间"),
        ({"password": "short"}, 422, "至少10个字符"),
        ({"password": "密码密码密码密码密码"}, 422, "英文字母"),
        ({"age": "7"}, 422, "没有这个参数"),
    ],
)
def test_what_is_wrong_with_a_person_is_said_and_nothing_is_written(office, change, status, words):
    before = office.every_row()

    answer = office.post("/users", "admin", {**LIU, **change})

    refused(answer, status, words)
    assert office.every_row() == before


def test_every_bad_field_is_named_at_once(office):
    answer = office.post("/users", "admin", {"name": "刘某", "area": "x", "from": "soon", "to": 7})

    assert {each["field"] for each in answer.json["errors"]} == {
        "name",
        "role",
        "area",
        "from",
        "to",
    }


@pytest.mark.parametrize("name", ["brigade", "officer", "worker", "viewer"])
def test_who_may_only_propose_or_nothing_at_all_is_not_allowed(office, name):
    before = office.every_row()

    refused(office.post("/users", name, LIU | {"area": COUNTY if name == "viewer" else UNIT}), 403, "县级管理员")

    assert office.every_row() == before


def test_an_area_out_of_reach_is_not_found(office):
    refused(office.post("/users", "othertown", LIU), 404)


def test_a_duty_is_given_once_and_ends_when_the_office_says(office):
    asked = {"role": "grid_worker", "area": NEXT_UNIT, "from": "2026-11-01T08:00:00+08:00"}

    first = office.post("/users/worker/duties", "admin", asked)
    again = office.post("/users/worker/duties", "admin", asked)
    ended = office.post(f"/users/worker/duties/{first.json['id']}/end", "admin", {"at": "2027-01-01"})
    once_more = office.post(f"/users/worker/duties/{first.json['id']}/end", "admin", {"at": "2027-01-01"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert DutySchema().validate(first.json) == {}
    assert again.json == first.json
    assert ended.json == {**first.json, "to": "2026-12-31T16:00:00.000Z"}
    assert once_more.json == ended.json
    assert [action for _, action in done_to(office, "worker")].count("duty.end") == 1
    assert len(office.get("/users/worker/duties", "admin").json["items"]) == 2


def test_a_duty_that_has_ended_stays_ended_and_an_unknown_one_is_not_found(office):
    [duty] = office.get("/users/gone/duties", "admin").json["items"]

    assert office.post(f"/users/gone/duties/{duty['id']}/end", "admin").json == duty
    refused(office.post(f"/users/gone/duties/{duty['id']}/end", "admin", {"at": "2027-01-01"}), 422, "更早")
    refused(office.post("/users/worker/duties/none/end", "admin"), 404, "没有这个岗位")


def test_a_like_duty_at_an_overlapping_time_is_a_conflict(office):
    answer = office.post("/users/worker/duties", "admin", {"role": "grid_worker", "area": UNIT, "to": "2027-01-01"})

    refused(answer, 409, "已有同样的岗位")


def test_a_move_ends_the_duty_here_and_begins_one_there(office):
    answer = office.post("/users/worker/move", "admin", {"area": FAR_UNIT, "from": "2027-05-15"})

    assert answer.status_code == 200
    assert (answer.json["area"], answer.json["from"]) == (FAR_UNIT, "2027-05-14T16:00:00.000Z")
    before, after = office.get("/users/worker/duties", "admin").json["items"]
    assert before["to"] == after["from"]
    assert office.post("/users/worker/move", "admin", {"area": UNIT}).json == before  # there already
    refused(office.post("/users/worker/move", "admin", {"area": TOWN[:6] + "999000"}), 404)
    refused(office.post("/users/worker/move", "worker", {"area": NEXT_UNIT}), 403)


def test_a_closed_account_is_refused_at_every_door_and_closing_it_twice_is_closing_it_once(office):
    first = office.post("/users/worker/revocation", "admin")
    again = office.post("/users/worker/revocation", "admin")

    assert first.json["revoked_at"] is not None
    assert again.json == first.json
    refused(office.get("/records", "worker"), 403, "停用")
    refused(office.post("/users/worker/key", "admin"), 409, "停用")
    refused(office.post("/users/worker/password", "admin"), 409, "停用")
    refused(office.post("/users/worker/duties", "admin", {"role": "grid_worker", "area": NEXT_UNIT}), 409, "停用")


def test_nobody_closes_their_own_account(office):
    refused(office.post("/users/admin/revocation", "admin"), 409, "自己")

    assert office.get("/users", "admin").status_code == 200


def test_a_made_password_is_told_once_and_a_chosen_one_never(office):
    made = office.post("/users/worker/password", "admin")
    chosen = office.post("/users/officer/password", "admin", {"password": "chosen-one-77"})

    assert made.headers["Cache-Control"] == "no-store"
    assert chosen.json == {"password": None}
    for name, password in (("worker", made.json["password"]), ("officer", "chosen-one-77")):
        signed = office.client.post("/api/v1/session", json={"username": name, "password": password})
        assert signed.status_code == 200
    old = office.client.post("/api/v1/session", json={"username": "worker", "password": PASSWORD})
    assert old.status_code == 401
    refused(office.post("/users/worker/password", "admin", {"password": "short"}), 422, "至少")


@pytest.mark.parametrize(
    ("asked", "status"), [({}, 200), ({"phone_keys": "keep"}, 200), ({"phone_keys": "revoke"}, 403)]
)
def test_a_reset_leaves_the_phone_keys_unless_it_says_otherwise(office, asked, status):
    reset = office.post("/users/worker/password", "admin", asked)

    assert reset.status_code == 200
    assert office.get("/areas", "worker").status_code == status


def test_what_else_should_become_of_the_phone_keys_is_refused(office):
    refused(office.post("/users/worker/password", "admin", {"phone_keys": "perhaps"}), 422, "keep、revoke")


def test_a_phone_key_is_shown_once_with_what_the_code_for_collect_holds(office):
    answer = office.post("/users/worker/key", "admin")

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert KeySchema().validate(answer.json) == {}
    scanned = json.loads(zlib.decompress(base64.b64decode(answer.json["payload"])))
    assert scanned == answer.json["settings"]
    assert scanned["general"]["server_url"] == answer.json["url"]
    token = answer.json["url"].rpartition("/key/")[2]
    assert office.client.get("/api/v1/users", headers={"Authorization": f"Key {token}"}).status_code == 200
    assert office.get("/records", "worker").status_code == 200
    assert token not in office.get("/users/worker", "admin").text
    assert "FIREGRID_PUBLIC_URL" in answer.json["warning"]


def test_a_key_at_an_address_that_phones_reach_brings_no_warning(office):
    office.found_at("https://fire.example.org/grid")

    answer = office.post("/users/worker/key", "admin")

    assert answer.json["url"].startswith("https://fire.example.org/grid/key/")
    assert answer.json["warning"] is None


def test_a_lost_phone_gets_a_new_key_and_the_old_one_is_refused(office):
    answer = office.post("/users/worker/key", "admin", {"replace": True})

    assert answer.status_code == 201
    refused(office.get("/records", "worker"), 403, "更换")


@pytest.mark.parametrize("replace", ["true", 1, None])
def test_a_wish_that_is_no_yes_or_no_gives_no_key(office, replace):
    refused(office.post("/users/worker/key", "admin", {"replace": replace}), 422, "true 或 false")


def test_a_body_that_is_not_json_is_not_taken_for_none(office):
    answer = office.client.post(
        "/api/v1/users/worker/key",
        data={"replace": "true"},
        headers={"Authorization": f"Key {office.keys['admin']}"},
    )

    refused(answer, 400, "application/json")


@pytest.mark.parametrize("path", ["key", "password", "revocation", "move", "duties"])
def test_managing_a_person_takes_sight_and_right(office, path):
    body = {"move": {"area": UNIT}, "duties": {"role": "grid_worker", "area": UNIT}}.get(path)
    before = office.every_row()

    refused(office.post(f"/users/town/{path}", "town", body), 403, "县级管理员")
    refused(office.post(f"/users/officer/{path}", "worker", body), 403)
    refused(office.post(f"/users/worker/{path}", "worker", body), 403)
    refused(office.post(f"/users/nobody/{path}", "admin", body), 404)
    assert office.every_row() == before


def test_an_organisation_is_registered_once_renamed_and_ended(office):
    first = office.post("/bodies", "admin", GAS)
    again = office.post("/bodies", "admin", GAS)
    other = office.post("/bodies", "admin", {**GAS, "name": "热力公司"})
    renamed = office.send("PATCH", "/bodies/dept-heat", "admin", {"name": "城管局", "contact": "13800000003"})
    same = office.send("PATCH", "/bodies/dept-heat", "admin", {"name": "城管局"})
    ended = office.post("/bodies/dept-heat/end", "admin")

    assert (first.status_code, again.status_code) == (201, 200)
    assert BodySchema().validate(first.json) == {}
    assert again.json == first.json
    refused(other, 409, "请换一个代码")
    assert (renamed.json["name"], renamed.json["contact"]) == ("城管局", "13800000003")
    assert same.json == renamed.json
    assert ended.json == renamed.json
    refused(office.post("/bodies/dept-heat/end", "admin"), 404)
    assert done_to(office, "dept-heat") == [("admin", f"body.{what}") for what in ("add", "rename", "end")]


def test_a_contact_stays_out_of_the_audit(office):
    office.send("PATCH", "/bodies/dept-gas", "admin", {"contact": "13800000003"})

    with office.store.reading() as reading:
        [*_, entry] = chain.list_about(reading, "dept-gas")
    assert entry.event == "body.contact"
    assert "13800000003" not in str(entry.details)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"code": "a b"}, 422),
        ({"kind": "club"}, 422),
        ({"name": "\0"}, 422),
        ({"contact": "a\0"}, 422),
        ({"area": "1"}, 422),
    ],
)
def test_what_is_wrong_with_an_organisation_is_said(office, change, status):
    before = office.every_row()

    refused(office.post("/bodies", "admin", {**GAS, **change}), status)
    assert office.every_row() == before


def test_managing_an_organisation_takes_sight_and_right(office):
    refused(office.send("PATCH", "/bodies/dept-gas", "brigade", {"name": "x"}), 403)
    refused(office.send("PATCH", "/bodies/dept-gas", "officer", {"name": "x"}), 403)
    refused(office.post("/bodies", "officer", {**GAS, "area": FAR_VILLAGE}), 403)
    refused(office.post("/bodies", "officer", {**GAS, "area": VILLAGE}), 403)
    refused(office.send("PATCH", "/bodies/dept-none", "admin", {"name": "x"}), 404)
    assert office.post("/bodies", "admin", {**GAS, "area": OTHER_TOWN}).status_code == 201


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b'"x"', b"[1]", b"\xff", b'{"name": "\\ud800"}', b"null", b"7"])
def test_what_is_no_json_object_is_refused(office, body):
    headers = {"Authorization": f"Key {office.keys['admin']}", "Content-Type": "application/json"}

    answer = office.client.post("/api/v1/users", data=body, headers=headers)

    assert answer.status_code in (400, 413, 422)
    assert answer.json["detail"]
