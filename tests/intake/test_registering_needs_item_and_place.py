"""A report that says neither which hazard nor where stays a report: it is taken in, and registered once it says so."""

from __future__ import annotations

import pytest

from server.cases.domain import registering
from tests.case_land import Land, Refused, a_report
from tests.office.desk import Desk, with_passwords

ASSIGN = {"assignee": "user:worker"}
KNOWN = ("item", "category", "place", "geometry")
UNIT, VILLAGE, TOWN = "130630/106/201/001", "130630/106/201", "130630/106"


def silent(land: Land) -> str:
    """Return a report from a phone that does not say what it is about."""
    return land.report("neighbour", item="", category="")


def refused(land: Land, id: str, action: str, **inputs: str) -> Refused:
    before = land.record(id)
    with pytest.raises(Refused) as refusal:
        land.act(id, action, "officer", **inputs)
    assert land.record(id) == before
    return refusal.value


@pytest.mark.parametrize(
    ("fields", "path", "lacks"),
    [
        ({"item": "hose_aged"}, UNIT, ()),
        ({"category": "gas"}, VILLAGE, ()),
        ({"item": " "}, VILLAGE, ("item",)),
        ({"item": "hose_aged"}, TOWN, ("place",)),
        ({"item": "hose_aged", "place": "演示民宿07"}, TOWN, ()),
        ({"item": "hose_aged", "geometry": "39.3 114.6"}, TOWN, ()),
        ({}, "130630", ("item", "place")),
    ],
)
def test_a_report_lacks_what_neither_its_fields_nor_its_area_say(fields, path, lacks):
    assert registering.lacking(fields, path, KNOWN) == lacks


def test_what_no_form_asks_for_is_not_missing():
    assert registering.lacking({}, "130630", ("label",)) == ()


@pytest.mark.parametrize(("action", "inputs"), [("register", {}), ("assign", ASSIGN)])
def test_a_report_without_its_hazard_is_kept_and_not_registered(land, action, inputs):
    id = silent(land)
    assert land.record(id).status == "reported"

    refusal = refused(land, id, action, **inputs)

    assert (refusal.status, refusal.fields) == (422, ["fields.item"])
    assert "edit" in str(refusal) and "不予立项" in str(refusal)


def test_once_it_says_what_it_is_about_it_is_registered(land):
    id = silent(land)

    land.lead_to(id, ("edit", "officer", {"item": "corridor_blocked"}), ("register", "officer"))

    assert land.record(id).status == "registered"


def test_it_is_rejected_and_merged_without_that(land):
    main = land.report("neighbour")

    assert land.lead_to(silent(land), ("reject", "officer", {"reason": "insufficient"})).status == "rejected"
    assert land.lead_to(silent(land), ("merge", "officer", {"into": main})).status == "merged"


def test_a_phone_that_registers_it_loses_nothing(land):
    id = silent(land)
    phone = land.phone("officer")

    phone.act(id, "register", status="registered")
    phone.send()

    assert land.record(id).status == "reported"
    [problem] = land.valley.rows("SELECT kind, message FROM problem WHERE record = :id", id=id)
    assert "没有写是什么隐患" in problem["message"]


def test_intake_completes_and_registers_in_one_step_that_is_done_once(land):
    id = silent(land)
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("officer")
    page = desk.open(f"/office/intake?report={id}")
    form = desk.form(page, f"/office/intake/{id}/assign?")
    assert "补上才能立项" in page.text and 'id="complete-item"' in page.text

    empty = desk.submit(form, other="user:worker", note="请尽快")
    assert empty.status_code == 422 and "没有写是什么隐患" in empty.text and "请尽快" in empty.text
    answers = [desk.submit(form, other="user:worker", item="corridor_blocked") for _ in range(2)]

    record = land.record(id)
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (record.status, record.assignee) == ("assigned", "user:worker")
    assert (record.fields["item"], record.fields["category"]) == ("corridor_blocked", "evac")
    assert record.label.startswith("演示民宿07｜")
    assert [row["action"] for row in land.history(id)] == ["report", "edit", "assign"]


def test_intake_says_whom_to_ask_where_the_reader_may_not_correct_a_report(land):
    id = silent(land)
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("town")

    page = desk.open(f"/office/intake?report={id}").text

    assert "请上报人或村干部更正" in page and 'name="item"' not in page


def test_intake_asks_nothing_of_a_report_that_says_it_all(land):
    filled = a_report()
    assert land.valley.phone("neighbour").send(filled).status_code == 201
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("officer")

    page = desk.open(f"/office/intake?report={filled.entities[0].id}").text

    assert "补上才能立项" not in page and 'name="item"' not in page
