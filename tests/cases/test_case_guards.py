"""What forbids an act on a case: whatever status, person, input or circumstance says no, in words that say why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.cases.domain import effects, guards, workflow
from server.cases.domain.acts import Act, ActContext, CodeEntry, MergeTarget, Merging, Party
from server.cases.domain.calendars import shipped
from server.errors import IllegalStep, Invalid, NotAllowed
from server.forms.domain.record_types import Kind
from server.people.domain.actors import Role
from server.people.domain.rights import Grant, Mark
from server.records.domain.case import Request
from server.records.domain.records import Record
from server.records.domain.status import Status

NOW, DUE = "2026-11-24T04:00:00.000Z", "2026-12-03T16:00:00.000Z"
PATH = "130630/106/201/001"
OPEN = MergeTarget("other", "hazards", "handling", "二号")
FIXED, CANNOT = CodeEntry("fixed", "已整改", {"closable": "1"}), CodeEntry("cannot", "无法整改", {"closable": "0"})
WORKER = Party("user:worker", "甲", NOW, ((Role.GRID_WORKER, PATH),))
POLICE = Party("user:police", "民警", NOW, ((Role.POLICE, "130630/106"),))
OFFICE = Party("body:city_mgmt", "城管局", NOW, kind="department", path="130630")
SHOP = Party("body:shop", "小卖部", NOW, kind="premises", path="130630/106/201")
STATION = Party("body:station", "派出所", NOW, kind="police_station", path="130630/106")
FAR = Party("user:far", "乙", NOW, ((Role.GRID_WORKER, "130630/100/400/001"),))
VIEWER = Party("user:viewer", "丙", NOW, ((Role.VIEWER, PATH),))
PARTIES = {party.mark: party for party in (WORKER, POLICE, OFFICE, SHOP, STATION, FAR, VIEWER)}
FEEDBACK = {"result_code": "fixed", "no_photo_reason": "too_dark"}
ASKED_PLAN = {
    "reason": "工程量大", "plan": "拆除", "until": "2027-10-31", "leader": "王", "milestones": "先拆后建",
    "safeguard": "每日巡查",
}  # fmt: skip
MAJOR = {"person_1": "甲", "person_2": "乙", "person_3": "丙", "document": "函1号", "rules": "GB35181-2025"}
PLAN = {"reason": "工程量大", "plan": "拆除", "plan_due": "2027-10-31", "leader": "王", "safeguard": "每日巡查"}


def a_case(status: str, **more: object) -> Record:
    """Return a case in a status that nobody has touched; more: columns of the record."""
    plain = Record(
        *("id", "hazards", Kind.CASE, "130630106201001", PATH, "演示民宿07", 1, 1, 1, "reporter", {}, ""),
        created_at=NOW,
        updated_at=NOW,
    )
    born = effects.create_case(
        plain, "report", Status.REPORTED, village="荆山口村", case_no=None, calendar=shipped()
    ).record
    return replace(born, **({"status": status, "due_at": DUE} | more))


def judged(action: str, inputs: dict[str, str], record: Record, known: ActContext, author: str = "somebody") -> Grant:
    return guards.check(workflow.STEP_OF[action], record, Act(action, inputs, author, NOW), known)


def by(role: Role = Role.TOWN_STATION, *limits: str, **more: object) -> ActContext:
    """Return what is known of an author who decides in this role, within these limits."""
    known = ActContext(
        (Grant(role, Mark.DECIDE, frozenset(limits)),), parties=PARTIES, code_entries={"result_code": FIXED}
    )
    return replace(known, **more)


def of_bodies(*kinds: str) -> ActContext:
    """Return what is known of somebody who holds a duty in bodies of these kinds that handle the case."""
    return by(Role.POLICE, "not_handler", own_body_kinds=frozenset(kinds))


def with_facts(record: Record, **more: object) -> Record:
    return replace(record, case=replace(record.case, facts=replace(record.case.facts, **more)))


GOOD = [
    ("register", {}, "reported"),
    ("reject", {"reason": "not_fire"}, "reported"),
    ("merge", {"into": "other"}, "registered"),
    ("split", {"reason": "不是一件"}, "merged"),
    ("assign", {"assignee": "user:worker", "helpers": "body:shop", "due_on": "2026-11-24"}, "handling"),
    ("return", {"reason": "not_my_duty"}, "accepted"),
    ("extend", {"reason": "天气", "due_on": "2026-12-20"}, "handling"),
    ("ask_extension", {"reason": "天气", "until": "2026-12-04"}, "handling"),
    ("suspend", PLAN, "assigned"),
    ("suspend", PLAN | {"plan_due": "2027-11-25"}, "assigned"),
    ("ask_suspension", ASKED_PLAN, "handling"),
    ("review", {}, "suspended"),
    ("resume", {"due_on": "2026-12-01"}, "transferred"),
    ("ask_transfer", {"body": "住建局", "reason": "属其职责"}, "handling"),
    ("review", {}, "transferred"),
    ("feedback", FEEDBACK, "assigned"),
    ("feedback", {"result_code": "fixed", "fixed_photo_2": "1.jpg"}, "handling"),
    ("close", {}, "feedback"),
    ("rework", {"reason": "partly"}, "feedback"),
    ("site_check", {"pass": "yes", **FEEDBACK}, "assigned"),
    ("site_check", {"pass": "no", "reason": "partly"}, "handling"),
    ("reopen", {"reason": "又锁上了"}, "closed"),
    ("ask_void", {"reason": "test_data"}, "suspended"),
    ("ask_major", {"reason": "出口不足"}, "handling"),
    ("supervise", {"level": "1"}, "registered"),
    ("mark_major", MAJOR, "feedback"),
    ("note", {"note": "看过了"}, "closed"),
]


@pytest.mark.parametrize(("action", "inputs", "status"), GOOD)
def test_a_complete_act_of_who_may_is_let_through(action, inputs, status):
    known = by(merging=Merging(OPEN, by_higher_level=True), has_account=False)

    assert judged(action, inputs, a_case(status, closed_at=NOW), known).role is Role.TOWN_STATION


BAD = [
    ("reject", {}, "reported", {}, "reason", "请填写原因"),
    ("reject", {"reason": "x"}, "reported", {}, "reason", "原因太短"),
    ("merge", {"into": "id"}, "reported", {}, "into", "不能并入自己"),
    ("merge", {"into": "gone"}, "reported", {}, "into", "没有这个主案件"),
    ("assign", {}, "registered", {}, "assignee", "请填写承办人"),
    ("assign", {"assignee": "user:nobody"}, "registered", {}, "assignee", "没有您能派遣的承办人“user:nobody”"),
    ("assign", {"assignee": "user:worker", "helpers": "x"}, "registered", {}, "helpers", "没有您能派遣的承办人“x”"),
    ("assign", {"assignee": "user:worker body:shop"}, "registered", {}, "assignee", "只能有一个"),
    ("assign", {"assignee": "user:far"}, "registered", {}, "assignee", "没有您能派遣的承办人“user:far”"),
    ("assign", {"assignee": "user:viewer"}, "registered", {}, "assignee", "没有您能派遣的承办人“user:viewer”"),
    ("assign", {"assignee": "user:worker", "due_on": "昨天"}, "registered", {}, "due_on", "不是日期"),
    ("assign", {"assignee": "user:worker", "due_on": "2026-13-45"}, "registered", {}, "due_on", "不是日期"),
    ("assign", {"assignee": "user:worker", "due_on": "2026-11-23"}, "registered", {}, "due_on", "已经过去"),
    ("assign", {"assignee": "user:worker", "due_on": "2036-11-23"}, "registered", {}, "due_on", "太远了"),
    ("extend", {"reason": "天气", "due_on": "2026-12-03"}, "handling", {}, "due_on", "应晚于"),
    (
        "ask_extension",
        {"reason": "天气", "until": "2026-12-03"},
        "handling",
        {},
        "until",
        "应晚于现在的期限 2026-12-03",
    ),
    ("ask_extension", {"reason": "天气", "until": "2020-01-01"}, "assigned", {}, "until", "已经过去"),
    ("ask_suspension", ASKED_PLAN | {"until": "2036-01-01"}, "handling", {}, "until", "太远了"),
    ("ask_suspension", ASKED_PLAN | {"until": "2027-11-26"}, "handling", {}, "until", "最长12个月，到 2027-11-25"),
    ("suspend", PLAN | {"plan_due": "2027-11-26"}, "handling", {}, "plan_due", "最长12个月，到 2027-11-25"),
    ("suspend", PLAN | {"plan_due": "2026-11-01"}, "handling", {}, "plan_due", "已经过去"),
    ("feedback", {"result_code": "fixed"}, "handling", {}, "no_photo_reason", "请附整改后照片"),
    ("feedback", FEEDBACK | {"result_code": "gone"}, "handling", {"code_entries": {}}, "result_code", "没有“gone”"),
    ("close", {}, "feedback", {"last_result": CANNOT}, "result_code", "还不能办结"),
    ("site_check", {}, "assigned", {}, "pass", "请填写是否通过"),
    ("site_check", {"pass": "maybe"}, "assigned", {}, "pass", "yes 或 no"),
    ("site_check", {"pass": "no"}, "assigned", {}, "reason", "请填写原因"),
    ("site_check", {"pass": "yes", "no_photo_reason": "x"}, "assigned", {}, "result_code", "请填写处置结果"),
    ("site_check", {"pass": "yes", "result_code": "fixed"}, "assigned", {}, "no_photo_reason", "请附整改后照片"),
    (
        "site_check",
        {"pass": "yes", **FEEDBACK, "result_code": "cannot"},
        "assigned",
        {"code_entries": {"result_code": CANNOT}},
        "result_code",
        "不能算通过",
    ),
    ("mark_major", MAJOR | {"rules": "GB35181-2017"}, "feedback", {}, "rules", "2026-11-24 不适用GB 35181-2017"),
    (
        "mark_major",
        MAJOR | {"determined_on": "2025-10-31"},
        "feedback",
        {},
        "rules",
        "2025-10-31 不适用GB 35181-2025",
    ),
    ("mark_major", MAJOR | {"rules": "GB1"}, "feedback", {}, "rules", "没有“GB1”这个判定标准，请选 GB35181-2025"),
    ("mark_major", MAJOR | {"determined_on": "2026-12-24"}, "feedback", {}, "determined_on", "还没有到"),
    ("supervise", {"level": "9"}, "handling", {}, "level", "1、2 或 3"),
]


@pytest.mark.parametrize(("action", "inputs", "status", "more", "field", "words"), BAD)
def test_an_act_that_is_not_complete_is_told_which_input_and_why(action, inputs, status, more, field, words):
    with pytest.raises(Invalid) as refused:
        judged(action, inputs, a_case(status), by(has_account=False, **more))

    told = {error["field"]: error["message"] for error in refused.value.data["errors"]}
    assert set(told) == {f"fields.{field}"}
    assert words in told[f"fields.{field}"] and words in refused.value.message


def test_all_wrong_inputs_are_told_at_once():
    with pytest.raises(Invalid) as refused:
        judged("suspend", {"reason": "x", "plan_due": "?"}, a_case("handling"), by())

    fields = {error["field"] for error in refused.value.data["errors"]}
    assert fields == {f"fields.{name}" for name in ("reason", "plan", "plan_due", "leader", "safeguard")}


@pytest.mark.parametrize(
    ("into", "words"),
    [
        (MergeTarget("other", "stations", "handling", "二号"), "没有这个主案件"),
        (MergeTarget("other", "hazards", "closed", "二号"), "已经结束"),
    ],
)
def test_a_case_merges_into_an_open_one_of_its_own_kind(into, words):
    with pytest.raises(Invalid, match=words):
        judged("merge", {"into": "other"}, a_case("reported"), by(merging=Merging(into)))


# Persons


def test_a_step_is_refused_where_the_table_does_not_have_it():
    with pytest.raises(IllegalStep, match="案件现在是“待受理”，不能“核查通过”；只有待核查的案件可以"):
        judged("close", {}, a_case("reported"), by())


@pytest.mark.parametrize(
    ("action", "status", "known", "author", "words"),
    [
        ("register", "reported", ActContext(), "somebody", "您的岗位不能在这里“立项”；可以办理的有："),
        ("register", "reported", ActContext((Grant(Role.POLICE, Mark.PROPOSE),)), "somebody", "可以办理的有："),
        ("accept", "assigned", by(Role.POLICE, "handler"), "somebody", "不是派给您的"),
        ("withdraw", "reported", by(Role.POLICE, "author"), "somebody", "只有上报人本人"),
        ("note", "reported", by(Role.UNIT_MANAGER, "own"), "somebody", "自己上报或承办"),
        ("close", "feedback", by(Role.POLICE, "not_handler"), "worker", "您办理过这件事"),
        ("close", "feedback", by(Role.POLICE, "not_handler"), "holder", "由您承办或协办"),
        ("close", "feedback", by(Role.POLICE, "not_handler"), "helper", "由您承办或协办"),
        ("rework", "feedback", by(Role.POLICE, "not_handler"), "helper", "由您承办或协办"),
        ("site_check", "handling", by(Role.POLICE, "not_handler", has_account=False), "helper", "由您承办或协办"),
        ("site_check", "handling", by(Role.POLICE, "dispatcher", has_account=False), "somebody", "只由立项或派遣"),
        ("close", "feedback", of_bodies("department"), "somebody", "协办单位的人员"),
        ("close", "feedback", of_bodies("department"), "reporter", "协办单位的人员"),
        ("close", "feedback", of_bodies("village_committee", "property"), "reporter", "协办单位的人员"),
        ("close", "feedback", of_bodies("village_committee"), "somebody", "协办单位的人员"),
        ("close", "feedback", of_bodies("village_committee"), "worker", "您办理过这件事"),
    ],
)
def test_who_may_not_is_told_why(action, status, known, author, words):
    record = a_case(status, assignee="user:holder")
    record = replace(record, case=record.case.assign_to("user:holder", ["user:helper"], NOW).with_processor("worker"))

    with pytest.raises(NotAllowed, match=words):
        judged(action, {"note": "看过了"}, record, known, author)
    assert not guards.permits(workflow.STEP_OF[action], record, Act(action, {}, author, NOW), known)


@pytest.mark.parametrize(
    ("action", "status", "known", "author"),
    [
        ("accept", "assigned", by(Role.POLICE, "handler", handles=True), "somebody"),
        ("withdraw", "reported", by(Role.POLICE, "author"), "reporter"),
        ("note", "reported", by(Role.UNIT_MANAGER, "own"), "reporter"),
        ("note", "reported", by(Role.UNIT_MANAGER, "own", handles=True), "somebody"),
        ("close", "feedback", by(Role.POLICE, "not_handler"), "reporter"),
        (
            "close",
            "feedback",
            of_bodies("village_committee"),
            "reporter",
        ),
    ],
)
def test_who_may_is_let_through(action, status, known, author):
    record = a_case(status)

    assert judged(action, {"note": "看过了"}, record, known, author)
    assert guards.permits(workflow.STEP_OF[action], record, Act(action, {}, author, NOW), known)


@pytest.mark.parametrize(("limit", "allowed", "refused"), [("level_1", "1", "2"), ("level_2_3", "23", "1")])
def test_each_office_supervises_at_its_own_levels(limit, allowed, refused):
    for level in allowed:
        assert judged("supervise", {"level": level}, a_case("handling"), by(Role.BRIGADE, limit))
    for level in refused:
        with pytest.raises(NotAllowed, match="级督办"):
            judged("supervise", {"level": level}, a_case("handling"), by(Role.BRIGADE, limit))


def test_the_first_right_without_an_objection_is_the_one_taken():
    known = by(Role.GRID_WORKER, "handler")
    known = replace(known, grants=(*known.grants, Grant(Role.POLICE, Mark.DECIDE)))

    assert judged("accept", {}, a_case("assigned"), known).role is Role.POLICE


REACH = [
    ("village", Role.GRID_LEADER, {"user:worker"}),
    ("local", Role.VILLAGE_OFFICER, {"user:worker", "user:police", "body:shop", "body:station"}),
    ("", Role.TOWN_STATION, {"user:worker", "user:police", "body:shop", "body:station", "body:city_mgmt"}),
    ("", Role.BRIGADE, {*PARTIES} - {"user:viewer"}),
]


@pytest.mark.parametrize(("limit", "role", "within"), REACH)
def test_each_office_gives_work_to_whom_it_reaches(limit, role, within):
    reached = set()
    for mark in PARTIES:
        try:
            judged("assign", {"assignee": mark}, a_case("registered"), by(role, *filter(None, [limit])))
            reached.add(mark)
        except Invalid:
            continue

    assert reached == within


# Circumstances


def test_a_handler_with_an_account_reports_back_before_anybody_checks():
    step, act = workflow.STEP_OF["site_check"], Act("site_check", {"pass": "no", "reason": "没改"}, "somebody", NOW)

    with pytest.raises(IllegalStep, match="承办人有账号"):
        guards.check(step, a_case("assigned"), act, by())
    assert not guards.permits(step, a_case("assigned"), act, by())
    assert guards.permits(step, a_case("assigned"), act, by(has_account=False))
    assert not guards.permits(step, a_case("feedback"), act, by(has_account=False))


def test_a_case_is_reopened_within_thirty_days_of_its_end():
    step, act = workflow.STEP_OF["reopen"], Act("reopen", {"reason": "又锁上了"}, "somebody", NOW)

    assert guards.check(step, a_case("closed", closed_at="2026-10-25T00:00:00.000Z"), act, by())
    with pytest.raises(IllegalStep, match="已过重开期限"):
        guards.check(step, a_case("closed", closed_at="2026-10-20T00:00:00.000Z"), act, by())
    assert not guards.permits(step, a_case("closed", closed_at="2026-10-20T00:00:00.000Z"), act, by())


# Extensions

LONGER = {"reason": "天气", "due_on": "2026-12-20"}


def test_a_case_is_extended_twice_at_most():
    assert judged("extend", LONGER, with_facts(a_case("handling"), extended=1), by())
    with pytest.raises(Invalid, match="已经延期2次"):
        judged("extend", LONGER, with_facts(a_case("handling"), extended=2), by())


@pytest.mark.parametrize(("role", "allowed"), [(Role.TOWN_STATION, False), (Role.BRIGADE, True)])
def test_a_major_hazard_is_extended_by_the_brigade_alone(role, allowed):
    record = a_case("handling")
    record = replace(record, case=replace(record.case, major=True))

    if allowed:
        assert judged("extend", LONGER, record, by(role))
    else:
        with pytest.raises(Invalid, match="须由大队批准"):
            judged("extend", LONGER, record, by(role))


# Declining what a handler asked for

NO = {"reason": "开工令已下"}
ASKED = {
    "decline_return": "ask_return",
    "decline_extension": "ask_extension",
    "decline_suspension": "ask_suspension",
    "decline_void": "ask_void",
    "decline_major": "ask_major",
    "void": "ask_void",
}


def asked_for(action: str) -> Record:
    record = a_case("accepted")
    return replace(record, case=record.case.with_request(Request(action, "worker", NOW)))


@pytest.mark.parametrize("decline", ASKED)
def test_only_what_was_asked_for_can_be_declined(decline):
    assert judged(decline, NO, asked_for(ASKED[decline]), by())
    for other in {*ASKED.values()} - {ASKED[decline]}:
        with pytest.raises(IllegalStep, match="没有等待决定的"):
            judged(decline, NO, asked_for(other), by())


@pytest.mark.parametrize("decline", ASKED)
def test_whoever_declines_says_why(decline):
    with pytest.raises(Invalid, match="请填写原因"):
        judged(decline, {}, asked_for(ASKED[decline]), by())


@pytest.mark.parametrize(("role", "allowed"), [(Role.TOWN_STATION, False), (Role.BRIGADE, True)])
def test_more_time_for_a_major_hazard_is_declined_by_the_brigade_alone(role, allowed):
    record = asked_for("ask_extension")
    record = replace(record, case=replace(record.case, major=True))

    assert (
        guards.permits(workflow.STEP_OF["decline_extension"], record, Act("decline_extension", {}, "x", NOW), by(role))
        is allowed
    )


@pytest.mark.parametrize(
    ("limits", "due_at", "day", "allowed"),
    [
        (["days_30"], DUE, "2027-01-02", True),
        (["days_30"], DUE, "2027-01-03", False),
        (["days_30"], None, "2027-01-03", True),
        ([], DUE, "2027-03-03", True),
    ],
)
def test_a_town_extends_by_thirty_days_at_once(limits, due_at, day, allowed):
    asked = {"reason": "天气", "due_on": day}
    record = a_case("handling", due_at=due_at)

    if allowed:
        assert judged("extend", asked, record, by(Role.TOWN_STATION, *limits))
    else:
        with pytest.raises(Invalid, match="一次最多延期30天"):
            judged("extend", asked, record, by(Role.TOWN_STATION, *limits))


def test_an_extension_without_a_day_is_told_only_that():
    with pytest.raises(Invalid) as refused:
        judged("extend", {"reason": "天气", "due_on": "?"}, a_case("handling"), by(Role.TOWN_STATION, "days_30"))

    assert [error["field"] for error in refused.value.data["errors"]] == ["fields.due_on"]


def test_each_guard_that_a_step_names_is_a_rule_that_there_is():
    missing = {(step.action, name) for step in workflow.STEPS for name in step.guards if name not in guards.NAMES}

    assert missing == set()


# Major hazards


def test_the_old_rules_hold_for_what_was_found_before_they_were_replaced():
    for day, rules in (("2025-10-31", "GB35181-2017"), ("2025-11-01", "GB35181-2025")):
        assert judged("mark_major", MAJOR | {"determined_on": day, "rules": rules}, a_case("handling"), by())


def test_a_major_hazard_is_found_by_three_people_and_not_by_one_who_is_named_twice():
    with pytest.raises(Invalid, match="三个不同的人"):
        judged("mark_major", MAJOR | {"person_3": "甲"}, a_case("handling"), by())


def test_only_what_was_found_to_be_major_is_struck_off():
    record, off = a_case("handling"), {"reason": "已整改", "document": "函2号"}
    major = replace(record, case=replace(record.case, major=True))

    for status in ("handling", "closed"):
        assert judged("unmark_major", off, replace(major, status=status), by())
    with pytest.raises(IllegalStep, match="没有认定"):
        judged("unmark_major", off, record, by())
