"""A suspension is asked for with its plan, lasts a year at most, and is looked at again each quarter by one tap."""

from __future__ import annotations

import pytest

from tests.case_land import Land, Refused
from tests.office.desk import Desk, with_passwords

ASKED = {
    "reason": "engineering", "plan": "改造管线", "until": "2027-08-31", "leader": "王某", "milestones": "三月完成设计",
    "safeguard": "每日巡查",
}  # fmt: skip


def suspended(land: Land) -> str:
    """Return a case that its town asked to suspend, and the brigade did as it was asked."""
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="user:worker")
    land.act(id, "ask_suspension", "town", **ASKED)
    [found] = land.valley.get("/requests?kind=suspension", "brigade").json["items"]
    assert found["level"] == "brigade"
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("brigade")
    page = desk.open("/office/approvals")
    assert desk.submit(desk.form(page, f"/office/approvals/{id}/suspend")).status_code == 303
    return id


def waiting_for(land: Land, name: str) -> str:
    desk = Desk(with_passwords(land.valley))
    desk.sign_in(name)
    return desk.open("/office/").text


def test_what_was_asked_for_is_granted_by_one_click_with_all_of_its_plan(land):
    id = suspended(land)

    assert land.record(id).status == "suspended"
    received = land.valley.rows("SELECT received FROM revision WHERE record = :id AND action = 'suspend'", id=id)
    assert all(ASKED[name] in received[0]["received"] for name in ("plan", "leader", "milestones", "safeguard"))


def test_a_suspension_is_looked_at_again_each_quarter_by_one_tap(land):
    id = suspended(land)
    with pytest.raises(Refused) as refused:
        land.act(id, "review", "town")
    assert (refused.value.status, refused.value.code) == (409, "illegal-step")
    assert "件挂账、移交该核查了" not in waiting_for(land, "town")

    land.clock.pass_by(days=85)
    assert "件挂账、移交该核查了" in waiting_for(land, "town")
    land.act(id, "review", "town")

    assert "件挂账、移交该核查了" not in waiting_for(land, "town")
    assert "无变化" in land.record(id).office_note
    assert (land.record(id).status, land.record(id).case.review_due_at > land.clock.at.isoformat()) == (
        "suspended",
        True,
    )


def test_the_county_suspends_as_well(land):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="user:worker")
    land.act(id, "ask_suspension", "worker", **ASKED)
    granted = {name: value for name, value in ASKED.items() if name != "until"}

    land.act(id, "suspend", "admin", **granted, plan_due="2027-08-31")

    assert land.record(id).status == "suspended"
