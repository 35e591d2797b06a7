"""A report says how the hazard was found, and of a call or a visit who told of it; that is nobody else's business."""

from __future__ import annotations

import re

import pytest

from server.web import context
from tests.office.ledgers.test_ledgers_of_any_form import at_desk, id_in, reporting

__all__ = ["reporting"]

TYPED = {"q.where/place": "路口小店", "q.what/item": "ebike_in_evac", "q.what_was_done/fixed_now": "no"}
CALLED = {"q.where/source": "phone_call", "q.where/informant": "张三丰", "q.where/informant_phone": "13800000201"}


def reported(county, name: str, answers: dict[str, str]) -> str:
    """Report a hazard on a page, answering what it asks besides, and return the id of the case."""
    desk = at_desk(county, name)
    answers = {**TYPED, **answers}
    asked = desk.submit(desk.form(desk.open("/office/report"), "/office/report"), **answers)
    return id_in(desk.submit(desk.form(asked, "/office/report"), **answers))


def test_whoever_told_of_it_is_asked_for_where_somebody_did(reporting):
    desk = at_desk(reporting, "officer")
    form = desk.form(desk.open("/office/report"), "/office/report")

    patrol, call = (desk.submit(form, look="1", **{"q.where/source": each}).text for each in ("patrol", "phone_call"))

    assert "怎么发现的？" in patrol and "谁反映的" not in patrol
    assert "谁反映的（可以不填）" in call and "反映人电话（可以不填）" in call


@pytest.mark.parametrize(
    ("name", "seen"), [("officer", ("张三丰", "13800000201")), ("viewer", ("张**", "138****0201"))]
)
def test_a_case_tells_how_it_was_found_and_masks_who_told_of_it(reporting, name, seen):
    id = reported(reporting, "officer", CALLED)

    page = at_desk(reporting, name).open(f"/office/cases/{id}").text
    facts = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)", page))

    assert facts["来源"] == "群众来电"
    assert (facts["反映人"], facts["反映人电话"]) == seen
    assert seen[0] == "张三丰" or "张三丰" not in page


def test_the_board_is_narrowed_to_how_cases_were_found(reporting):
    called, seen = reported(reporting, "officer", CALLED), reported(reporting, "worker", {"q.where/place": "别处"})
    desk = at_desk(reporting, "officer")

    by_phone, on_patrol = (desk.open(f"/office/board?source={each}").text for each in ("phone_call", "patrol"))

    assert called in by_phone and seen not in by_phone and "来源 群众来电" in by_phone
    assert seen in on_patrol and called not in on_patrol
    assert "筛选条件“rumour”不认识" in desk.open("/office/board?source=rumour").text


def test_the_audit_is_told_of_the_cases_that_name_somebody_and_of_no_other(reporting, monkeypatch):
    called, _ = reported(reporting, "officer", CALLED), reported(reporting, "worker", {"q.where/place": "别处"})
    desk, told = at_desk(reporting, "officer"), []
    monkeypatch.setattr(context, "audit_read", lambda event, _, details, ids: told.append((event, [*ids])))

    for path in ("/office/board", "/office/board/points?tab=open"):
        assert desk.open(path).status_code == 200

    assert told == [("personal.read", [called])] * 2


@pytest.mark.parametrize(("day", "past"), [("2099-12-31", False), ("2026-01-05", True)])
def test_an_order_of_the_hotline_has_its_number_and_the_day_by_which_it_is_to_be_answered(reporting, day, past):
    order = {"q.where/source": "hotline_12345", "q.where/order_no": "LY2026112900017", "q.where/reply_by": day}
    id = reported(reporting, "officer", order)

    page = at_desk(reporting, "officer").open(f"/office/cases/{id}").text
    facts = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]+)", page))

    assert (facts["来源"], facts["12345工单号"]) == ("12345热线转办", "LY2026112900017")
    assert facts["12345答复期限"].strip().endswith(day[5:]) and ("已过答复期限" in page) is past
    assert reporting.get(f"/records/{id}", "officer").json["fields"]["reply_by"] == day


def test_only_an_order_of_the_hotline_is_asked_for_its_number(reporting):
    desk = at_desk(reporting, "officer")
    form = desk.form(desk.open("/office/report"), "/office/report")

    order, visit = (
        desk.submit(form, look="1", **{"q.where/source": each}).text for each in ("hotline_12345", "visitor")
    )

    assert "12345工单号" in order and "12345答复期限" in order
    assert "12345工单号" not in visit and "12345答复期限" not in visit
