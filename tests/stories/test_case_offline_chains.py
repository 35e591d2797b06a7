"""A village with two phones and no computer carries a case to its end; what was done offline arrives in any order."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.case_land import UNIT, CasePhone, Land, as_listed
from tests.filled_forms import photo

BOTH, THREE = list(permutations(range(2))), list(permutations(range(3)))
FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}


def sent(phone: CasePhone, order: tuple[int, ...], *, lost: str = "") -> None:
    """Send a chain in some order. lost: which answers get lost, so that what they answer is sent again."""
    chain, phone.unsent = phone.unsent, []
    for place in order:
        answers = [phone.phone.send(chain[place]) for _ in range(2 if lost == "each" else 1)]
        assert {answer.status_code for answer in answers} <= {201, 202}
    if lost == "all":
        assert {phone.phone.send(chain[place]).status_code for place in reversed(order)} == {202}


def assert_same_on_phone_and_server(land: Land, phone: CasePhone, id: str) -> None:
    phone.pull()
    assert phone.shown(id) == as_listed(land.listed(phone.phone.name)[id])


def outcome(land: Land, id: str) -> tuple[object, ...]:
    """Return all that the order of arrival must not change.

    That a request ended undecided is said where it came before what ended it, and was open until then.
    """
    record = land.record(id)
    note = record.office_note.partition("；未决定的")[0]
    requests = sorted(request.action for request in record.case.requests)
    return (
        *(record.status, record.version, record.assignee, note, record.flags, record.list_label),
        *(record.case.processed_by, requests, [given.mark for given in record.case.assignments], record.fields),
        *(land.valley.problems(), sorted(land.valley.verdicts(id))),
    )


@pytest.mark.parametrize("lost", ["", "each", "all"])
@pytest.mark.parametrize("second", BOTH)
@pytest.mark.parametrize("first", BOTH)
def test_a_case_goes_from_report_to_closed_on_two_phones(land, first, second, lost):
    worker, officer = land.phone("worker"), land.phone("officer")
    id = worker.report(area=UNIT)
    sent(worker, (0,), lost=lost)

    officer.pull()
    officer.act(id, "register", status="registered", todo="assign merge")
    officer.act(id, "assign", assignee="user:worker", due_on="2026-11-30", status="assigned", todo="")
    sent(officer, first, lost=lost)
    assert land.record(id).status == "assigned"
    assert_same_on_phone_and_server(land, officer, id)

    worker.pull()
    assert worker.rows[id].label == "限11-30｜荆山口村｜演示民宿07｜燃气软管老化"
    assert worker.rows[id].fields["todo"] == "accept feedback ask_return ask_extension note"
    worker.act(id, "accept", status="accepted", todo="feedback ask_return ask_extension note")
    worker.act(id, "feedback", status="feedback", todo="", **FIXED)
    sent(worker, second, lost=lost)
    assert land.record(id).status == "feedback"
    assert_same_on_phone_and_server(land, worker, id)

    officer.pull()
    assert officer.rows[id].fields["todo"] == "check"
    officer.act(id, "close", status="closed", todo="")
    sent(officer, (0,), lost=lost)

    record = land.record(id)
    assert (record.status, record.version) == ("closed", 6)
    assert land.valley.problems() == []
    assert land.valley.verdicts(id) == ["applied"] * 6
    for phone in (worker, officer):
        assert_same_on_phone_and_server(land, phone, id)
        assert (phone.rows[id].fields["todo"], phone.rows[id].fields["status"]) == ("", "closed")


CHAINS = {
    "accept, ask for time": (("accept", {}), ("ask_extension", {"reason": "weather"})),
    "ask for time, accept": (("ask_extension", {"reason": "weather"}), ("accept", {})),
    "accept, ask to return": (("accept", {}), ("ask_return", {"reason": "not_my_duty"})),
    "accept, remark, feed back": (("accept", {}), ("note", {"note": "配件到了"}), ("feedback", FIXED)),
    "remark, accept, feed back": (("note", {"note": "配件到了"}), ("accept", {}), ("feedback", FIXED)),
    "accept, ask for time, feed back": (
        ("accept", {}),
        ("ask_extension", {"reason": "weather"}),
        ("feedback", FIXED),
    ),
    "accept, feed back, remark": (("accept", {}), ("feedback", FIXED), ("note", {"note": "钥匙在村委会"})),
}


@pytest.mark.parametrize("named", CHAINS)
def test_every_order_of_arrival_ends_alike(land, named):
    ends = []
    for order in permutations(range(len(CHAINS[named]))):
        id = land.report()
        land.act(id, "assign", "officer", assignee="user:worker")
        worker = land.phone("worker")
        for action, inputs in CHAINS[named]:
            worker.act(id, action, **inputs)

        sent(worker, order)

        assert_same_on_phone_and_server(land, worker, id)
        ends.append(outcome(land, id))

    assert ends == [ends[0]] * len(ends)
    assert land.valley.problems() == []


def test_a_handler_asks_for_a_long_term_plan_without_signal(land):
    id = land.report()
    land.act(id, "assign", "officer", assignee="user:worker")
    worker = land.phone("worker")
    plan = {"plan": "列入老旧管网改造", "milestones": "一月拆除，三月换管", "leader": "镇分管副镇长"}
    said = {"reason": "budget_year", "until": "2027-03-31", "safeguard": "每日巡查", **plan}

    worker.act(id, "accept", status="accepted", todo="feedback ask_return ask_extension note")
    worker.act(id, "ask_suspension", status="accepted", todo="feedback ask_return ask_extension note", **said)
    sent(worker, (0, 1))

    assert land.valley.verdicts(id)[-2:] == ["applied", "applied"]
    assert [request.action for request in land.record(id).case.requests] == ["ask_suspension"]
    assert_same_on_phone_and_server(land, worker, id)


@pytest.mark.parametrize("order", THREE)
def test_what_was_reported_and_taken_back_offline_is_void_in_every_order(land, order):
    worker = land.phone("worker")
    id = worker.report(area=UNIT)
    worker.act(id, "note", note="看错门牌了")
    worker.act(id, "withdraw")

    sent(worker, order)

    record = land.record(id)
    assert (record.status, record.version) == ("void", 3)
    assert land.valley.problems() == []
    assert_same_on_phone_and_server(land, worker, id)


@pytest.mark.parametrize("order", BOTH)
def test_a_late_step_of_a_chain_does_not_undo_what_the_office_decided_since(land, order):
    id = land.report()
    land.act(id, "assign", "officer", assignee="user:worker")
    worker = land.phone("worker")
    worker.act(id, "accept")
    worker.act(id, "feedback", **FIXED)
    chain = worker.unsent
    worker.phone.send(chain[1])
    land.act(id, "rework", "officer", reason="partly")
    if order == (1, 0):
        land.act(id, "assign", "officer", assignee="user:worker")
    before = land.record(id)

    worker.phone.send(chain[0])

    after = land.record(id)
    assert (after.status, after.office_note, after.version) == (before.status, before.office_note, before.version + 1)
    assert land.valley.problems() == []


def test_a_photo_that_comes_later_belongs_to_the_same_feedback(land):
    id = land.report()
    land.act(id, "assign", "officer", assignee="user:worker")
    worker = land.phone("worker")
    filled = worker.act(id, "feedback", result_code="fixed", fixed_photo="1.jpg", fixed_photo_2="2.jpg")

    worker.phone.send(filled, photo("1.jpg"), incomplete=True)
    worker.phone.send(filled, photo("1.jpg"), photo("2.jpg", b"\xff\xd8 another"), incomplete=True)
    worker.phone.send(filled, photo("2.jpg", b"\xff\xd8 another"))

    assert (land.record(id).status, land.record(id).version) == ("feedback", 3)
    assert land.valley.verdicts(id) == ["applied"] * 3
    assert len(land.valley.blobs()) == 2
