"""What each act does to a case: where it goes, who has it, which limit runs, what is shown and said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.cases.domain import effects
from server.cases.domain.acts import Act, ActContext, CodeEntry
from server.cases.domain.calendars import shipped
from server.cases.domain.workflow import STEP_OF, leads_to
from server.forms.domain.record_types import Kind
from server.records.domain.case_facts import as_of, begun
from server.records.domain.records import Record
from server.records.domain.status import ENDED, STAGE_OF, Status

PATH = "130630/106/201/001"
BORN = "2026-11-24T04:00:00.000Z"
WORDS = {"result_code": CodeEntry("fixed", "已整改", {})}


def a_report(action: str = "report", status: Status = Status.REPORTED, **fields: str) -> Record:
    plain = Record(
        *("id", "hazards", Kind.CASE, "130630106201001", PATH, "演示民宿07", 1, 1, 1, "reporter", fields, ""),
        created_at=BORN,
        updated_at=BORN,
    )
    number = None if status is Status.REPORTED else "2026-000001"
    return effects.create_case(plain, action, status, village="荆山口村", case_no=number, calendar=shipped()).record


def after(record: Record, *acts: tuple[str, dict[str, str]], by: str = "worker", **known: object) -> Record:
    """Return the record after acts, one a day from the day after its birth."""
    for number, (action, inputs) in enumerate(acts, start=25):
        act = Act(action, inputs, by, f"2026-11-{number}T04:00:00.000Z")
        what = ActContext(**({"leads": True, "code_entries": WORDS, "case_no": "2026-000001"} | known))
        record = effects.carry_out(STEP_OF[action], record, act, what, "网格员").record
    return record


ASSIGN = ("assign", {"assignee": "user:worker", "helpers": "user:neighbour"})
FEED = ("feedback", {"result_code": "fixed", "fixed_photo": "1.jpg"})
SUSPEND = ("suspend", {"plan_due": "2027-10-31", "plan": "拆除", "reason": "工程量大"})

ROWS = [
    # acts, status, assignee, last day, flags, label
    ([("register", {})], "registered", None, "2026-11-26T16:00", (), "荆山口村｜演示民宿07"),
    (
        [("register", {}), ("note", {"note": "看过"})],
        "registered",
        None,
        "2026-11-26T16:00",
        (),
        "荆山口村｜演示民宿07",
    ),
    ([("reject", {"reason": "x"})], "rejected", None, None, (), "【不予立项】｜荆山口村｜演示民宿07"),
    ([("merge", {"into": "other"})], "merged", None, None, (), "【重复并案】｜荆山口村｜演示民宿07"),
    ([("merge", {"into": "other"}), ("split", {})], "registered", None, "2026-11-27T16:00", (), "荆山口村｜演示民宿07"),
    ([ASSIGN], "assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ([ASSIGN, ("accept", {})], "accepted", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("assign", {"assignee": "body:shop"})],
        *("assigned", "body:shop", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("reassign", {"assignee": "user:neighbour"})],
        *("feedback", "user:neighbour", "2026-12-01T16:00", (), "荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, SUSPEND, ("reassign", {"assignee": "body:shop"}), ("resume", {})],
        *("handling", "body:shop", "2026-12-05T16:00", (), "限12-05｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_extension", {"reason": "weather", "until": "2026-12-20"})],
        *("assigned", "user:worker", "2026-12-02T16:00", ("extension_pending",), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_extension", {}), ("ask_return", {}), ("extend", {"due_on": "2026-12-20"})],
        *("assigned", "user:worker", "2026-12-20T16:00", ("return_pending",), "限12-20｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_extension", {}), ("ask_return", {}), ("decline_extension", {"reason": "请按期完成"})],
        *("assigned", "user:worker", "2026-12-02T16:00", ("return_pending",), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_return", {}), ("decline_return", {"reason": "就是本村的"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_suspension", {}), ("decline_suspension", {"reason": "请先整改"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, ("ask_return", {}), ("return", {})], "registered", None, "2026-11-30T16:00", (), "荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("return", {}), ASSIGN, ("return", {})],
        *("registered", None, "2026-11-30T16:00", ("joint_meeting",), "荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, ("release", {})], "registered", None, "2026-11-27T16:00", (), "荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("release_helpers", {})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, SUSPEND], "suspended", "user:worker", "2027-10-31T16:00", (), "荆山口村｜演示民宿07"),
    (
        [ASSIGN, SUSPEND, ("resume", {})],
        *("handling", "user:worker", "2026-12-04T16:00", (), "限12-04｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_suspension", {}), ("transfer", {"body": "住建局", "document": "函12号"})],
        *("transferred", "user:worker", None, (), "荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, FEED], "feedback", "user:worker", "2026-12-01T16:00", (), "荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("feedback", {"result_code": "fixed", "no_photo_reason": "too_dark"})],
        *("feedback", "user:worker", "2026-12-01T16:00", ("evidence_missing",), "荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, FEED, ("close", {})], "closed", "user:worker", None, (), "【已办结】｜荆山口村｜演示民宿07"),
    (
        [ASSIGN, FEED, ("rework", {"reason": "partly"})],
        *("handling", "user:worker", "2026-12-02T16:00", ("reworked",), "【返工】限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("rework", {"reason": "partly", "due_on": "2026-11-28"})],
        *("handling", "user:worker", "2026-11-28T16:00", ("reworked",), "【返工】限11-28｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("rework", {}), FEED],
        *("feedback", "user:worker", "2026-12-02T16:00", (), "荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("site_check", {"pass": "yes", "result_code": "fixed", "fixed_photo": "1.jpg"})],
        *("closed", "user:worker", None, (), "【已办结】｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("site_check", {"pass": "no", "reason": "partly"})],
        *("handling", "user:worker", "2026-12-02T16:00", ("reworked",), "【返工】限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("close", {}), ("reopen", {"reason": "又锁上了"})],
        *("handling", "user:worker", "2026-12-05T16:00", ("reworked",), "【返工】限12-05｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("close", {}), ("reopen", {"assignee": "body:shop", "due_on": "2026-12-24"})],
        *("handling", "body:shop", "2026-12-24T16:00", ("reworked",), "【返工】限12-24｜荆山口村｜演示民宿07"),
    ),
    *(
        (
            [ASSIGN, (told, {"note": "限12-02"})],
            "assigned",
            "user:worker",
            "2026-12-02T16:00",
            (),
            "限12-02｜荆山口村｜演示民宿07",
        )
        for told in ("remind", "escalate", "escalate_request")
    ),
    (
        [ASSIGN, FEED, ("close", {}), ("draw_recheck", {})],
        *("closed", "user:worker", None, ("recheck_due",), "【已办结】｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("close", {}), ("draw_recheck", {}), ("recheck", {"pass": "yes", "method": "phone"})],
        *("closed", "user:worker", None, (), "【已办结】｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, FEED, ("close", {}), ("draw_recheck", {}), ("recheck", {"pass": "no", "method": "visit"})],
        *("closed", "user:worker", None, ("recheck_failed",), "【已办结】｜荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, ("void", {"reason": "x"})], "void", "user:worker", None, (), "【作废】｜荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("ask_void", {"reason": "x"}), FEED],
        *("feedback", "user:worker", "2026-12-02T16:00", ("void_pending",), "荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_void", {"reason": "x"}), ("ask_extension", {"reason": "x"}), ASSIGN],
        *("assigned", "user:worker", "2026-12-02T16:00", ("void_pending",), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_void", {"reason": "x"}), ("decline_void", {"reason": "x"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_major", {"reason": "x"}), ("decline_major", {"reason": "x"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_major", {"reason": "x"}), ("mark_major", {"note": "集体研判"})],
        *("assigned", "user:worker", "2026-12-02T16:00", ("major",), "【重大】限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("mark_major", {}), ("unmark_major", {"reason": "x"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_transfer", {"reason": "x"}), ("ask_extension", {"reason": "x"}), FEED],
        *("feedback", "user:worker", "2026-12-02T16:00", ("transfer_pending",), "荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("ask_transfer", {"reason": "x"}), ("decline_transfer", {"reason": "x"})],
        *("assigned", "user:worker", "2026-12-02T16:00", (), "限12-02｜荆山口村｜演示民宿07"),
    ),
    ([ASSIGN, SUSPEND, ("review", {})], "suspended", "user:worker", "2027-10-31T16:00", (), "荆山口村｜演示民宿07"),
    ([("withdraw", {})], "void", None, None, (), "【作废】｜荆山口村｜演示民宿07"),
    (
        [ASSIGN, ("supervise", {"level": "2", "due_on": "2026-11-30"})],
        *("assigned", "user:worker", "2026-11-30T16:00", ("supervised_2",), "【督办】限11-30｜荆山口村｜演示民宿07"),
    ),
    (
        [("register", {}), ("supervise", {"level": "1"})],
        *("registered", None, "2026-11-26T16:00", ("supervised_1",), "【督办】｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("mark_major", {"note": "集体研判"})],
        *("assigned", "user:worker", "2026-12-02T16:00", ("major",), "【重大】限12-02｜荆山口村｜演示民宿07"),
    ),
    (
        [ASSIGN, ("file_reply", {"result_code": "fixed", "scan": "1.jpg", "in_name_of": "user:worker"})],
        *("feedback", "user:worker", "2026-12-01T16:00", (), "荆山口村｜演示民宿07"),
    ),
    ([("carry_over", {"note": "上年结转"})], "registered", None, "2026-11-26T16:00", (), "荆山口村｜演示民宿07"),
    (
        [("carry_over", {}), ("take_back", {"note": "导入有误"})],
        "void",
        None,
        None,
        (),
        "【作废】｜荆山口村｜演示民宿07",
    ),
]


@pytest.mark.parametrize(("acts", "status", "assignee", "due", "flags", "label"), ROWS)
def test_each_act_leaves_the_case_as_the_table_says(acts, status, assignee, due, flags, label):
    record = after(a_report(), *acts)

    assert (record.status, record.assignee, record.flags, record.list_label) == (status, assignee, flags, label)
    assert record.due_at == (None if due is None else f"{due}:00.000Z")
    assert record.stage == STAGE_OF[Status(status)]
    assert (record.closed_at is not None) == (status in ENDED)


def test_every_action_is_in_the_table_above():
    assert {action for acts, *_ in ROWS for action, _ in acts} == set(STEP_OF) - {"start"}


@pytest.mark.parametrize(("acts", "status", "assignee", "due", "flags", "label"), ROWS)
def test_no_effect_leads_where_the_workflow_does_not(acts, status, assignee, due, flags, label):
    record = a_report()
    for number, act in enumerate(acts):
        came_from = Status(record.status)
        record = after(a_report(), *acts[: number + 1])
        assert Status(record.status) in leads_to(STEP_OF[act[0]], came_from)


def test_what_a_case_is_told_to_the_figures_adds_up_to_what_it_remembers():
    record, steps = a_report(), []
    for number, (action, inputs) in enumerate([ASSIGN, FEED, ("rework", {"reason": "partly"}), FEED, ("close", {})]):
        act = Act(action, inputs, "worker", f"2026-11-{25 + number}T04:00:00.000Z")
        moved = effects.carry_out(STEP_OF[action], record, act, ActContext(leads=True, code_entries=WORDS), "网格员")
        record = moved.record
        steps.append(moved.step)

    birth = effects.create_case(
        a_report(), "report", Status.REPORTED, village="荆山口村", case_no=None, calendar=shipped()
    ).step
    assert record.case.facts == as_of(begun("id", PATH, "", birth), steps, "9999")
    assert (record.case.facts.reworked, record.case.facts.checked) == (1, 2)


@pytest.mark.parametrize("action", ["register", "assign"])
def test_a_report_gets_its_number_once(action):
    record = after(a_report(), (action, {"assignee": "user:worker"}))
    assert (record.case_no, record.month) == ("2026-000001", "2026-11")

    again = after(record, ("note", {"note": "看过"}), case_no="2026-000002")
    assert again.case_no == "2026-000001"


def test_who_only_helps_does_not_hand_the_case_in():
    record = after(a_report(), ASSIGN)

    told = after(record, FEED, by="neighbour", leads=False)

    assert (told.status, told.case.processed_by, told.case.facts.fed_back_at) == ("assigned", ("neighbour",), None)


@pytest.mark.parametrize(("fields", "flags"), [({}, ("evidence_missing",)), ({"photo_after": "1.jpg"}, ())])
@pytest.mark.parametrize("status", [Status.SPOT_CLOSED, Status.FEEDBACK])
def test_what_was_put_right_on_the_spot_was_handled_by_its_reporter(status, fields, flags):
    record = a_report("spot_close", status, **fields)

    assert (record.status, record.case.processed_by, record.flags) == (status, ("reporter",), flags)


def test_what_was_not_put_right_on_the_spot_after_all_goes_on_with_its_reporter():
    record = after(a_report("spot_close", Status.FEEDBACK), ("rework", {"reason": "partly"}))

    assert (record.status, record.assignee, record.due_at) == ("handling", "user:reporter", "2026-11-28T16:00:00.000Z")


def test_what_was_put_right_on_the_spot_is_reopened_for_its_reporter():
    record = after(a_report("spot_close", Status.SPOT_CLOSED), ("reopen", {"reason": "又锁上了"}))

    assert (record.status, record.assignee) == ("handling", "user:reporter")


def test_the_figures_are_split_by_what_the_category_has_become():
    record = a_report(category="gas")

    moved = effects.refreshed(replace(record, fields={"category": "wiring"}, label="四号楼"))

    assert (moved.case.facts.category, moved.list_label) == ("wiring", "荆山口村｜四号楼")
    assert effects.refreshed(record) == record


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (("register", {}), "11-25 网格员 立项"),
        (("assign", {"assignee": "user:worker", "note": "入冬前"}), "11-25 网格员 派遣：入冬前；限12-02"),
        (("reject", {"reason": "自己看错"}), "11-25 网格员 不予立项：自己看错"),
    ],
)
def test_the_next_person_reads_what_was_said(act, said):
    assert after(a_report(), act).office_note == said


def test_who_asked_in_vain_reads_why_and_that_the_limit_stands():
    asked = ("ask_extension", {"reason": "weather", "until": "2026-12-20"})
    declined = ("decline_extension", {"reason": "开工令已下，请按原期限完成"})

    told = after(a_report(), ASSIGN, asked, declined).office_note

    assert told == "11-27 网格员 不同意延期：开工令已下，请按原期限完成；限12-02"


def test_a_result_is_told_in_words():
    assert after(a_report(), ASSIGN, FEED).office_note == "11-26 网格员 反馈：已整改"


def test_a_record_that_is_no_case_takes_no_step():
    with pytest.raises(RuntimeError, match="no case"):
        after(replace(a_report(), case=None), ("register", {}))


@pytest.mark.parametrize(
    ("severity", "as_report", "as_case"),
    [
        ("suspected_major", "2026-11-24T06:00:00.000Z", "2026-11-25T06:00:00.000Z"),
        ("general", "2026-11-25T16:00:00.000Z", "2026-11-26T16:00:00.000Z"),
    ],
)
def test_a_hazard_that_may_be_major_is_taken_in_and_given_away_within_two_hours(severity, as_report, as_case):
    report = a_report(severity=severity)

    assert (report.due_at, after(report, ("register", {})).due_at) == (as_report, as_case)


@pytest.mark.parametrize(("repair", "due"), [("0", "12-02"), ("1", "12-02"), ("2", "12-25"), ("3", "02-23")])
def test_the_handler_has_as_long_as_the_kind_of_repair_takes(repair, due):
    assert after(a_report(), ASSIGN, rect=repair).due_at[5:10] == due
