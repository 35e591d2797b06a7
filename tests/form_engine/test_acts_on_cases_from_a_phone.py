"""Acts on cases: each offers only what the row allows, asks little, and saves what the server reads and no more."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from server.instants import BEIJING
from tests.form_engine.cases import (
    AT_A_SHOP,
    CLOSED,
    FED_BACK,
    MINE,
    REPORTED,
    SAME_ITEM,
    TO_DO,
    a_check,
    a_task,
    an_intake,
    purpose,
)
from tests.form_engine.phone import Misplayed, with_cells
from tests.forms.xforms import xform

HANDLING = "feedback ask_return ask_extension note"


def in_days(days: int) -> str:
    """Return a day so many days from today, as the engine counts them."""
    return (datetime.now(BEIJING).date() + timedelta(days=days)).isoformat()


A_PLAN = {
    "plan": "列入老旧管网改造", "milestones": "一月拆除，三月换管", "leader": "镇分管副镇长", "until": in_days(90),
    "safeguard": "每日巡查",
}  # fmt: skip


def answered(filled):
    """Return the required questions that this filling of the form showed, without notes."""
    binds = {bind.get("nodeset").rpartition("/")[2]: bind for bind in xform(filled.form).all("//x:bind[@required]")}
    notes = {name for name, bind in binds.items() if bind.get("readonly")}
    return [name for name in filled.asked if name in binds.keys() - notes - {"note", "reason_text", "safeguard"}]


# Each act saves what the server reads, and no more


@pytest.mark.parametrize(
    ("answers", "saved"),
    [
        ({"act": "accept"}, {"status": "accepted", "todo": HANDLING}),
        (
            {"act": "feedback", "result_code": "fixed", "fixed_photo": "1.jpg", "fixed_photo_2": "2.jpg"},
            {
                "status": "feedback",
                "todo": "",
                "result_code": "fixed",
                "note": "",
                "fixed_photo": "1.jpg",
                "fixed_photo_2": "2.jpg",
            },
        ),
        (
            {"act": "feedback", "result_code": "cannot", "no_photo_reason": "too_dark", "note": "要等房东"},
            {
                "status": "feedback",
                "todo": "",
                "result_code": "cannot",
                "note": "要等房东",
                "fixed_photo": "",
                "no_photo_reason": "too_dark",
            },
        ),
        (
            {"act": "ask_return", "return_reason": "not_my_duty"},
            {
                "status": "assigned",
                "todo": "accept feedback ask_extension note",
                "reason": "not_my_duty",
                "note": "",
            },
        ),
        (
            {"act": "ask_extension", "extension_reason": "other", "reason_text": "等配件", "until": "2026-12-20"},
            {
                "status": "assigned",
                "todo": "accept feedback ask_return note",
                "reason": "等配件",
                "note": "",
                "until": "2026-12-20",
                "safeguard": "",
            },
        ),
        (
            {"act": "ask_suspension", "suspension_reason": "engineering", **A_PLAN},
            {
                "status": "assigned",
                "todo": "accept feedback ask_return ask_extension note",
                "reason": "engineering",
                "note": "",
                **A_PLAN,
            },
        ),
        (
            {"act": "note", "note": "户主周末回来"},
            {
                "status": "assigned",
                "todo": "accept feedback ask_return ask_extension note",
                "note": "户主周末回来",
            },
        ),
    ],
)
def test_each_step_of_a_task_saves_its_own_answers_and_what_comes_next(phone, answers, saved):
    task = a_task(phone, **answers)

    assert (task.entity["update"], task.entity["id"], task.entity["baseVersion"]) == ("1", TO_DO, "3")
    assert task.label == ""
    assert task.saved == {"action": answers["act"], **saved}


@pytest.mark.parametrize(("why", "reason"), [({}, ""), ({"reason_text": "看错了"}, "看错了")])
def test_who_reported_by_mistake_withdraws_with_or_without_a_reason(phone, why, reason):
    task = a_task(phone, MINE, act="withdraw", **why)

    assert task.saved == {"action": "withdraw", "status": "void", "todo": "", "reason": reason}


@pytest.mark.parametrize(
    ("answers", "saved"),
    [
        ({"passed": "yes"}, {"action": "close", "status": "closed", "note": ""}),
        (
            {"passed": "no", "fail_reason": "partly", "note": "还差一根软管"},
            {"action": "rework", "status": "handling", "reason": "partly", "note": "还差一根软管"},
        ),
        (
            {"passed": "no", "fail_reason": "other", "reason_text": "门锁着"},
            {"action": "rework", "status": "handling", "reason": "门锁着", "note": ""},
        ),
    ],
)
def test_a_check_closes_the_case_or_sends_it_back_with_a_reason(phone, answers, saved):
    assert a_check(phone, **answers).saved == {"todo": "", **saved}


@pytest.mark.parametrize(
    ("answers", "saved"),
    [
        (
            {"passed": "yes", "result_code": "fixed", "no_photo_reason": "privacy"},
            {
                "pass": "yes",
                "status": "closed",
                "result_code": "fixed",
                "fixed_photo": "",
                "no_photo_reason": "privacy",
            },
        ),
        (
            {"passed": "yes", "result_code": "demolished", "fixed_photo": "1.jpg"},
            {"pass": "yes", "status": "closed", "result_code": "demolished", "fixed_photo": "1.jpg"},
        ),
        (
            {"passed": "no", "fail_reason": "not_fixed"},
            {"pass": "no", "status": "handling", "reason": "not_fixed", "fixed_photo": ""},
        ),
    ],
)
def test_one_visit_feeds_back_and_checks_where_the_party_responsible_has_no_account(phone, answers, saved):
    check = a_check(phone, AT_A_SHOP, **answers)

    assert check.saved == {"action": "site_check", "todo": "", "note": "", **saved}
    assert "site_note" in check.asked


@pytest.mark.parametrize(
    ("answers", "saved"),
    [
        ({"act": "register"}, {"status": "registered", "todo": "assign merge note"}),
        ({"act": "reject", "reject_reason": "not_fire"}, {"status": "rejected", "todo": "", "reason": "not_fire"}),
        (
            {"act": "reject", "reject_reason": "other", "reason_text": "村里已有专项"},
            {"status": "rejected", "todo": "", "reason": "村里已有专项"},
        ),
        ({"act": "merge", "into_pick": SAME_ITEM}, {"status": "merged", "todo": "", "into": SAME_ITEM}),
        (
            {"act": "assign", "assignee_pick": "body:shop-02"},
            {"status": "assigned", "todo": "", "assignee": "body:shop-02", "due_on": ""},
        ),
        (
            {"act": "assign", "assignee_pick": "user:gw0001", "due_on": in_days(7)},
            {"status": "assigned", "todo": "", "assignee": "user:gw0001", "due_on": in_days(7)},
        ),
    ],
)
def test_a_village_without_a_computer_takes_in_and_gives_out(phone, answers, saved):
    intake = an_intake(phone, **answers)

    assert (intake.entity["update"], intake.entity["id"]) == ("1", REPORTED)
    assert intake.saved == {"action": answers["act"], "note": "", **saved}


# Only what the row allows


def test_a_list_offers_the_cases_where_the_form_has_something_to_do(phone):
    task = a_task(phone, act="accept")
    watch = a_task(phone, MINE, act="note", note="补充两句")
    check = a_check(phone, passed="yes")
    intake = an_intake(phone, act="register")

    assert task.asked["hazard"] == (TO_DO,)
    assert watch.asked["hazard"] == (REPORTED, FED_BACK, MINE)
    assert check.asked["hazard"] == (FED_BACK, AT_A_SHOP)
    assert intake.asked["hazard"] == (REPORTED, AT_A_SHOP)


@pytest.mark.parametrize(
    ("form", "hazard", "acts"),
    [
        ("hazard_task", TO_DO, ("accept", "feedback", "ask_return", "ask_extension", "ask_suspension", "note")),
        ("hazard_task", REPORTED, ("note",)),
        ("hazard_task", MINE, ("note", "withdraw")),
        ("hazard_intake", REPORTED, ("register", "assign", "merge", "reject")),
        ("hazard_intake", AT_A_SHOP, ("assign",)),
    ],
)
def test_only_the_steps_that_the_row_names_are_offered(phone, form, hazard, acts):
    which = {"purpose": purpose(hazard)} if form == "hazard_task" else {}

    assert phone.fill(form, **which, hazard=hazard).asked["act"] == acts


# What is due first comes first


def due(phone, **days: int) -> None:
    """Put the deadlines of two cases of the worker ``days`` from today, as the engine's clock has it."""
    on = {name: (datetime.now(BEIJING).date() + timedelta(days=left)).isoformat() for name, left in days.items()}
    later = with_cells(CLOSED, todo="accept", due_on=on["second"])
    first = with_cells(TO_DO, due_on=on["first"])
    phone.change("hazards.csv", lambda rows: later(first(rows)))


@pytest.mark.parametrize(
    ("first", "second", "line", "offered"),
    [
        (-1, 2, "late", (TO_DO,)),
        (0, -40, "late", (CLOSED,)),
        (0, 4, "soon", (TO_DO,)),
        (3, 3, "soon", (TO_DO, CLOSED)),
        (4, 40, "do", (TO_DO, CLOSED)),
    ],
)
def test_what_is_overdue_is_offered_first_and_then_what_falls_due(phone, first, second, line, offered):
    due(phone, first=first, second=second)

    opened = phone.fill("hazard_task", hazard=offered[0], act="accept")

    assert (opened["purpose"], opened.asked["hazard"]) == (line, offered)


def test_the_lines_with_nothing_in_them_are_not_offered(phone):
    due(phone, first=4, second=40)
    calm = phone.fill("hazard_task", hazard=TO_DO, act="accept")
    due(phone, first=-4, second=1)
    pressed = phone.fill("hazard_task", hazard=TO_DO, act="accept")

    assert calm.asked["purpose"] == ("do", "watch", "outcome")
    assert pressed.asked["purpose"] == ("late", "soon", "do", "watch", "outcome")
    assert [pressed[name] for name in ("mine_count", "late_count", "soon_count")] == ["2", "1", "1"]


def test_a_draft_keeps_its_case_when_the_deadline_has_passed_meanwhile(phone):
    due(phone, first=2, second=40)
    draft = phone.fill("hazard_task", hazard=TO_DO, act="accept")
    due(phone, first=-1, second=40)

    sent = phone.fill("hazard_task", draft=draft)

    assert (sent["purpose"], sent.entity["id"], sent.saved["action"]) == ("soon", TO_DO, "accept")


def test_only_results_that_close_a_case_pass_a_visit(phone):
    check = a_check(phone, AT_A_SHOP, passed="yes", result_code="fixed", no_photo_reason="unsafe")
    task = a_task(phone, act="feedback", result_code="fixed", no_photo_reason="unsafe")

    assert not {"cannot", "fixed_partly"} & set(check.asked["result_code"])
    assert {"cannot", "fixed_partly"} < set(task.asked["result_code"])


def test_a_case_merges_into_an_open_one_of_the_same_village_or_kind(phone):
    assert an_intake(phone, act="merge").asked["into_pick"] == (TO_DO, SAME_ITEM, FED_BACK, AT_A_SHOP)


def test_an_extension_ends_after_the_day_that_stands(phone):
    with pytest.raises(Misplayed, match="until takes no"):
        a_task(phone, act="ask_extension", extension_reason="weather", until="2026-12-03")


def test_a_plan_lasts_a_year_at_most_and_says_what_keeps_it_safe(phone):
    asked = {"act": "ask_suspension", "suspension_reason": "budget_year"}

    with pytest.raises(Misplayed, match="until takes no"):
        a_task(phone, **asked, **(A_PLAN | {"until": in_days(400)}))
    unsafe = {name: answer for name, answer in A_PLAN.items() if name != "safeguard"}
    assert a_task(phone, **asked, **unsafe).refused_at == "safeguard"


@pytest.mark.parametrize(
    ("hazard", "latest"), [(REPORTED, in_days(7)), (AT_A_SHOP, "2026-12-09")], ids=["by its hazard", "as it runs"]
)
def test_no_day_later_than_the_rule_is_offered(phone, hazard, latest):
    assert an_intake(phone, hazard, act="assign", assignee_pick="user:gw0001")["latest_due"] == latest

    later = (date.fromisoformat(latest) + timedelta(days=1)).isoformat()
    with pytest.raises(Misplayed, match="due_on takes no"):
        an_intake(phone, hazard, act="assign", assignee_pick="user:gw0001", due_on=later)


def test_a_hazard_that_no_list_knows_has_the_general_limit(phone):
    phone.change("handling_limits.csv", lambda rows: rows[:1])

    intake = an_intake(phone, act="assign", assignee_pick="user:gw0001")

    assert intake["latest_due"] == in_days(7)


def test_work_is_not_given_out_for_yesterday(phone):
    with pytest.raises(Misplayed, match="due_on takes no"):
        an_intake(phone, act="assign", assignee_pick="user:gw0001", due_on="2020-01-01")


# What people see


def test_the_row_is_shown_before_anything_is_asked(phone):
    task = a_task(phone, act="accept")
    intake = an_intake(phone, act="register")

    assert list(task.asked)[:8] == [
        *("fire_first", "counts_note", "purpose", "hazard", "case_note", "where_note", "due_note", "office_words")
    ]
    assert task["hazard_status_label"] == "待签收"
    assert not {"due_note", "office_words"} & intake.asked.keys()


def test_a_reporter_reads_how_it_ended_and_sends_nothing(phone):
    look = a_task(phone, CLOSED, purpose="outcome")

    assert look.asked["hazard"] == (TO_DO, FED_BACK, CLOSED)
    assert {"case_note", "office_words", "outcome_only"} <= look.asked.keys()
    assert "act" not in look.asked
    assert look.refused_at == "outcome_only"


@pytest.mark.parametrize(
    ("form", "hazard", "answers", "required"),
    [
        ("hazard_task", TO_DO, {"act": "accept"}, ["act"]),
        ("hazard_task", TO_DO, {"act": "feedback"}, ["act", "result_code", "no_photo_reason"]),
        ("hazard_task", TO_DO, {"act": "feedback", "fixed_photo": "1.jpg"}, ["act", "result_code"]),
        ("hazard_task", TO_DO, {"act": "ask_return"}, ["act", "return_reason"]),
        ("hazard_task", TO_DO, {"act": "ask_extension"}, ["act", "extension_reason", "until"]),
        (
            "hazard_task",
            TO_DO,
            {"act": "ask_suspension"},
            ["act", "suspension_reason", "plan", "milestones", "leader", "until"],
        ),
        ("hazard_check", FED_BACK, {"passed": "yes"}, ["passed"]),
        ("hazard_check", FED_BACK, {"passed": "no"}, ["passed", "fail_reason"]),
        ("hazard_check", AT_A_SHOP, {"passed": "yes"}, ["passed", "result_code", "no_photo_reason"]),
        ("hazard_intake", REPORTED, {"act": "register"}, ["act"]),
        ("hazard_intake", REPORTED, {"act": "reject"}, ["act", "reject_reason"]),
    ],
)
def test_no_step_but_a_plan_needs_more_than_three_answers(phone, form, hazard, answers, required):
    assert answered(phone.fill(form, hazard=hazard, **answers)) == required


@pytest.mark.parametrize(
    ("form", "answers", "missing"),
    [
        ("hazard_task", {}, "hazard_first"),
        ("hazard_check", {}, "hazard_first"),
        ("hazard_intake", {}, "hazard_first"),
        ("hazard_task", {"hazard": TO_DO}, "act"),
        ("hazard_task", {"hazard": TO_DO, "act": "note"}, "note"),
        ("hazard_task", {"hazard": TO_DO, "act": "ask_return", "return_reason": "other"}, "reason_text"),
        ("hazard_check", {"hazard": FED_BACK, "passed": "no", "fail_reason": "other"}, "reason_text"),
        ("hazard_intake", {"hazard": REPORTED, "act": "merge"}, "into_first"),
        ("hazard_intake", {"hazard": REPORTED, "act": "assign"}, "assignee_first"),
        ("hazard_intake", {"hazard": REPORTED, "act": "reject", "reject_reason": "other"}, "reason_text"),
    ],
)
def test_a_step_is_not_finished_without_what_the_server_needs(phone, form, answers, missing):
    assert phone.fill(form, **answers).refused_at == missing
