"""A case takes its steps over the API; a step that a rule turns down is named in words and changes nothing at all."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from schemas.changes import OutcomeSchema
from server.app import close
from server.forms.store import codes
from server.forms.store.codes import Code
from tests.api_county import FAR_UNIT, NEXT_UNIT, UNIT, add_record, lay, uuid_of
from tests.county import open_county

RESULTS = (
    Code("result_codes", "fixed", "已整改", "Fixed", "2026-01-01", "", {"closable": "1"}),
    Code("result_codes", "fixed_partly", "部分整改", "Partly", "2026-01-01", "", {"closable": "0"}),
)
CASE = f"/records/{uuid_of('a case')}"
IN_TIME = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
SOON = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
FIXED = {"result_code": "fixed", "no_photo_reason": "夜间"}


@pytest.fixture
def county(tmp_path):
    """A county with one case, reported by the worker."""
    made = open_county(tmp_path / "data", lay, report)
    yield made
    broken = made.broken()
    close(made.app)
    assert broken == []


def report(county) -> None:
    county.do(codes.replace_list, "result_codes", RESULTS)
    fields = {"item": "占道", "label": "占道"}
    asked = {"type": "hazards", "action": "report", "area": UNIT}
    assert add_record(county, "a case", "worker", fields, **asked).verdict == "applied"


def take(county, name: str, action: str, fields=None, headers=None, **asked):
    """Ask for a step, as ``name``."""
    return county.post(f"{CASE}/changes", name, {"action": action, "fields": fields or {}, **asked}, **(headers or {}))


def status_after(county, name: str, action: str, fields=None) -> str:
    answer = take(county, name, action, fields)
    assert answer.status_code == 200, answer.text
    assert OutcomeSchema().validate(answer.json) == {}
    return answer.json["record"]["status"]


def until_fed_back(county) -> None:
    take(county, "officer", "assign", {"assignee": "user:worker"})
    take(county, "worker", "accept")
    assert status_after(county, "worker", "feedback", FIXED) == "feedback"


def refused(answer, status: int, code: str, *words: str) -> None:
    """Check that an answer is this refusal in problem+json, whose Chinese sentence holds ``words``."""
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{code}"), answer.text
    for word in words:
        assert word in answer.json["detail"]


def ledger_line(county) -> dict[str, str]:
    answer = county.get("/records/ledger.csv", "brigade")
    (line,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    return line


def test_the_ledger_says_what_is_to_be_done_and_beside_it_how_far_it_is(county):
    assert ledger_line(county)["措施"] == ""

    take(county, "officer", "assign", {"assignee": "user:worker", "note": "三天内清出通道"})
    take(county, "worker", "accept")
    accepted = ledger_line(county)
    plan = {"plan": "拆除重建", "plan_due": SOON, "leader": "王", "safeguard": "每日巡查", "reason": "工程量大"}
    take(county, "brigade", "suspend", plan)

    assert accepted["措施"] == "限期整改：三天内清出通道"
    assert accepted["进展"].endswith("签收")
    assert ledger_line(county)["措施"] == "挂账整治：拆除重建；临时防范：每日巡查"


def test_a_case_goes_from_report_to_closed(county):
    assert status_after(county, "officer", "register") == "registered"
    assert status_after(county, "officer", "assign", {"assignee": "user:worker", "due_on": IN_TIME}) == "assigned"
    assert status_after(county, "worker", "accept") == "accepted"
    assert status_after(county, "worker", "feedback", FIXED) == "feedback"
    assert status_after(county, "officer", "rework", {"reason": "还有杂物"}) == "handling"
    assert status_after(county, "worker", "feedback", FIXED) == "feedback"
    assert status_after(county, "officer", "close") == "closed"
    assert status_after(county, "town", "reopen", {"reason": "又堆上了"}) == "handling"

    record = county.get(CASE, "officer").json
    assert (record["version"], record["assignee"], record["stage"]) == (9, "user:worker", "handle")
    assert record["case_no"]
    assert record["fields"] == {"item": "占道"}
    [_, *history] = county.get(f"{CASE}/history", "officer").json["items"]
    assert {each["verdict"] for each in history} == {"applied"}
    assert {each["origin"] for each in history} == {"office"}


def test_the_same_step_again_gets_the_same_outcome_whatever_came_after(county):
    asked = {"id": str(uuid4()), "base_version": 1, "seen_status": "reported"}
    first = take(county, "officer", "register", **asked)
    take(county, "officer", "assign", {"assignee": "user:worker"})
    before = county.every_row()

    again = take(county, "officer", "register", **asked)

    assert (first.json["version"], first.json["record"]["status"]) == (2, "registered")
    assert (again.json["version"], again.json["verdict"], again.json["record"]["status"]) == (2, "applied", "assigned")
    assert county.every_row() == before


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"base_version": 1}, 409, "stale-version"),
        ({"base_version": 9}, 409, "stale-version"),
        ({"seen_status": "reported"}, 409, "stale-version"),
        ({"headers": {"If-Match": '"1"'}}, 412, "precondition-failed"),
    ],
)
def test_a_step_by_who_looked_at_an_older_version_is_refused(county, asked, status, code):
    take(county, "officer", "register")
    before = county.every_row()

    refused(take(county, "officer", "assign", {"assignee": "user:worker"}, **asked), status, code, "刷新")
    assert county.every_row() == before
    assert take(county, "officer", "assign", {"assignee": "user:worker"}, base_version=2).status_code == 200


@pytest.mark.parametrize(
    ("name", "action", "fields", "status", "code", "words"),
    [
        ("officer", "close", {}, 409, "illegal-step", "待受理"),
        ("officer", "rework", {"reason": "还有杂物"}, 409, "illegal-step", "请刷新"),
        ("worker", "accept", {}, 409, "illegal-step", "签收"),
        ("officer", "reject", {}, 422, "invalid", "原因"),
        ("officer", "reject", {"reason": " "}, 422, "invalid", "原因"),
        ("officer", "merge", {}, 422, "invalid", "into"),
        ("officer", "merge", {"into": "7"}, 422, "invalid", "主案件"),
        ("officer", "merge", {"into": uuid_of("a case")}, 422, "invalid", "自己"),
        ("officer", "assign", {}, 422, "invalid", "承办人"),
        ("officer", "assign", {"assignee": "user:nobody"}, 422, "invalid", "没有您能派遣的承办人“user:nobody”"),
        ("officer", "assign", {"assignee": "worker"}, 422, "invalid", "user:用户名"),
        ("officer", "assign", {"assignee": "user:gone"}, 422, "invalid", "没有岗位"),
        ("officer", "assign", {"assignee": "user:stranger"}, 422, "invalid", "范围"),
        ("officer", "assign", {"assignee": "body:dept-gas"}, 422, "invalid", "范围"),
        ("officer", "assign", {"assignee": "user:worker user:officer"}, 422, "invalid", "只能有一个"),
        ("officer", "assign", {"assignee": "user:worker", "due_on": "2026-02-30"}, 422, "invalid", "不是日期"),
        ("officer", "assign", {"assignee": "user:worker", "due_on": "下周"}, 422, "invalid", "不是日期"),
        ("officer", "assign", {"assignee": "user:worker", "due_on": "2020-01-01"}, 422, "invalid", "已经过去"),
        ("officer", "assign", {"assignee": "user:worker", "due_on": "9999-12-30"}, 422, "invalid", "太远"),
        ("officer", "assign", {"assignee": "user:worker", "due_on": "9999-12-31"}, 422, "invalid", "不是日期"),
        ("officer", "register", {"item": "改了"}, 422, "invalid", "没有这一项"),
        ("officer", "register", {"status": "closed"}, 422, "invalid", "没有这一项"),
        ("officer", "register", {"note": "a\0"}, 422, "invalid", "控制字符"),
        ("brigade", "mark_major", {"note": "研判"}, 409, "illegal-step", "待受理"),
        ("officer", "mark_major", {"note": "研判"}, 403, "not-allowed", "消防救援大队"),
        ("officer", "supervise", {"level": "1"}, 403, "not-allowed", "大队"),
        ("officer", "void", {"reason": "重复"}, 403, "not-allowed", "乡镇"),
        ("officer", "dance", {}, 422, "invalid", "没有“dance”"),
        ("officer", "release", {}, 422, "invalid", "没有“release”"),
        ("officer", "create", {"item": "x"}, 422, "invalid", "没有“create”"),
        ("worker", "register", {}, 403, "not-allowed", "社区干部"),
        ("viewer", "register", {}, 403, "not-allowed", "可以办理的有"),
        ("viewer", "note", {"note": "看过"}, 403, "not-allowed", ""),
        ("stranger", "register", {}, 404, "not-found", ""),
        ("gone", "note", {"note": "x"}, 403, "not-allowed", ""),
        ("gas", "accept", {}, 404, "not-found", ""),
    ],
)
def test_a_step_that_a_rule_turns_down_is_named_and_changes_nothing(county, name, action, fields, status, code, words):
    before = county.every_row()

    refused(take(county, name, action, fields), status, code, words)
    assert county.every_row() == before


def test_every_wrong_input_is_named_at_once(county):
    answer = take(county, "officer", "assign", {"assignee": "user:nobody", "due_on": "soon", "helpers": "body:none"})

    assert {error["field"] for error in answer.json["errors"]} == {"fields.assignee", "fields.due_on", "fields.helpers"}


def test_who_handled_a_case_does_not_check_their_own_work(county):
    until_fed_back(county)
    before = county.every_row()

    refused(take(county, "worker", "close"), 403, "not-allowed", "请由他人核查")
    refused(take(county, "worker", "rework", {"reason": "不好"}), 403, "not-allowed")
    assert county.every_row() == before
    assert status_after(county, "officer", "close") == "closed"


def test_what_is_not_mended_is_not_closed(county):
    take(county, "officer", "assign", {"assignee": "user:worker"})
    take(county, "worker", "feedback", {"result_code": "fixed_partly", "no_photo_reason": "夜间"})

    refused(take(county, "officer", "close"), 422, "invalid", "部分整改")


@pytest.mark.parametrize("fields", [{"result_code": "fixed"}, {"no_photo_reason": "夜间"}, {"result_code": "gone"}])
def test_feedback_without_result_or_evidence_is_refused(county, fields):
    take(county, "officer", "assign", {"assignee": "user:worker"})
    before = county.every_row()

    refused(take(county, "worker", "feedback", fields), 422, "invalid")
    assert county.every_row() == before


def test_a_department_that_has_the_case_sees_it_and_may_act_on_it(county):
    take(county, "brigade", "assign", {"assignee": "body:dept-gas"})

    assert status_after(county, "gas", "accept") == "accepted"
    refused(take(county, "worker", "feedback", FIXED), 403, "not-allowed")
    refused(take(county, "gas", "edit", {"item": "别的"}), 403, "not-allowed")


def test_a_refused_step_leaves_its_id_free_and_no_number_spent(county):
    id = str(uuid4())
    refused(take(county, "officer", "assign", {"assignee": "user:stranger"}, id=id), 422, "invalid")

    taken = take(county, "officer", "assign", {"assignee": "user:worker"}, id=id)

    assert (taken.status_code, taken.json["id"], taken.json["version"]) == (200, id, 2)
    assert taken.json["record"]["case_no"].endswith("0001")


def test_only_a_case_takes_steps(county):
    made = county.post(
        "/records", "officer", {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "甲"}}
    )

    answer = county.post(f"/records/{made.json['record']['id']}/changes", "officer", {"action": "register"})

    refused(answer, 422, "invalid", "不是案件")


def test_a_case_is_merged_into_one_that_its_author_can_see(county):
    def report(name, area):
        fields = {"item": "占道", "label": "占道"}
        asked = {"type": "hazards", "action": "report", "area": area, "fields": fields}
        return county.post("/records", name, asked).json["record"]["id"]

    near, far = report("neighbour", NEXT_UNIT), report("stranger", FAR_UNIT)

    refused(take(county, "town", "merge", {"into": far}), 422, "invalid", "管辖范围")
    assert status_after(county, "town", "merge", {"into": near}) == "merged"


def test_a_case_tells_who_has_it_what_is_due_and_what_the_caller_may_do(county):
    until_fed_back(county)

    seen = {name: county.get(CASE, name).json for name in ("worker", "officer")}

    case = seen["officer"]["case"]
    assert [(each["assignee"], each["until"]) for each in case["given"]] == [("user:worker", None)]
    assert (case["result_code"], case["handled_by"], case["requests"]) == ("fixed", ["worker"], [])
    assert case["handle_due_at"] < case["close_due_at"]
    assert {"close", "rework"} <= set(case["actions"])
    assert not {"close", "rework", "accept", "assign"} & set(seen["worker"]["case"]["actions"])


def test_what_came_with_a_step_stands_in_the_history(county):
    until_fed_back(county)

    steps = {each["action"]: each["inputs"] for each in county.get(f"{CASE}/history", "officer").json["items"]}

    assert steps["feedback"] == FIXED
    assert steps["assign"] == {"assignee": "user:worker"}
    assert steps["report"] == steps["accept"] == {}
