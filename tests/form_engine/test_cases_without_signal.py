"""Work on cases without signal: step after step on one phone, and drafts that outlive the rows they came from."""

from __future__ import annotations

import pytest

from tests.form_engine.cases import AT_A_SHOP, FED_BACK, MINE, REPORTED, SAME_ITEM, TO_DO, a_task, an_intake, took
from tests.form_engine.phone import with_cells, without

# Chains


def test_accepting_and_reporting_back_needs_no_signal_between_them(phone):
    accepted = a_task(phone, act="accept")
    took(phone, accepted)

    asked = a_task(phone, act="ask_extension", extension_reason="material", until="2026-12-20")
    took(phone, asked)
    fed_back = a_task(phone, act="feedback", result_code="fixed", no_photo_reason="no_battery")
    took(phone, fed_back)

    assert asked.asked["act"] == ("feedback", "ask_return", "ask_extension", "ask_suspension", "note")
    assert asked.saved["status"] == "accepted"
    assert fed_back.asked["act"] == ("feedback", "ask_return", "note")
    assert TO_DO not in phone.fill("hazard_task").asked["hazard"]


def test_registering_and_assigning_needs_no_signal_between_them(phone):
    took(phone, an_intake(phone, act="register"))

    assigned = an_intake(phone, act="assign", assignee_pick="user:village")
    took(phone, assigned)

    assert assigned.asked["act"] == ("assign", "merge")
    assert assigned.saved["status"] == "assigned"
    assert REPORTED not in phone.fill("hazard_intake").asked["hazard"]


def test_a_case_sent_back_and_done_again_is_a_new_step_of_the_same_row(phone):
    phone.change("hazards.csv", with_cells(TO_DO, status="handling", todo="feedback ask_extension"))

    again = a_task(phone, act="feedback", result_code="fixed", fixed_photo="1.jpg")

    assert (again.saved["status"], again.saved["todo"]) == ("feedback", "")


# Drafts


DRAFTS = [
    ("hazard_task", TO_DO, {"act": "feedback", "result_code": "fixed", "fixed_photo": "1.jpg"}),
    ("hazard_task", TO_DO, {"act": "ask_return", "return_reason": "wrong_place"}),
    ("hazard_task", TO_DO, {"act": "ask_extension", "extension_reason": "funds", "until": "2026-12-20"}),
    ("hazard_task", MINE, {"purpose": "watch", "act": "withdraw"}),
    ("hazard_check", FED_BACK, {"passed": "no", "fail_reason": "partly"}),
    ("hazard_check", AT_A_SHOP, {"passed": "yes", "result_code": "fixed", "fixed_photo": "1.jpg"}),
    ("hazard_intake", REPORTED, {"act": "register"}),
    ("hazard_intake", REPORTED, {"act": "merge", "into_pick": SAME_ITEM}),
    ("hazard_intake", REPORTED, {"act": "assign", "assignee_pick": "user:gw0001"}),
]


@pytest.mark.parametrize(("form", "hazard", "answers"), DRAFTS)
def test_a_draft_outlives_the_row_it_was_picked_from(phone, form, hazard, answers):
    draft = phone.fill(form, hazard=hazard, **answers)
    phone.change("hazards.csv", lambda rows: [row for row in rows if row["name"] not in {hazard, SAME_ITEM}])
    phone.change("handlers.csv", without("user:gw0001"))

    opened_once = phone.fill(form, draft=draft)
    sent = phone.fill(form, draft=opened_once)

    assert opened_once["hazard"] == ""
    assert sent.entity["id"] == hazard
    assert sent.saved == draft.saved
    assert sent["hazard_label"] == draft["hazard_label"] != ""


@pytest.mark.parametrize(("form", "hazard", "answers"), DRAFTS)
def test_a_draft_outlives_a_decision_that_took_the_step_away(phone, form, hazard, answers):
    draft = phone.fill(form, hazard=hazard, **answers)
    phone.change("hazards.csv", with_cells(hazard, status="handling", todo="", __version="9"))

    opened_once = phone.fill(form, draft=draft)
    sent = phone.fill(form, draft=opened_once)

    assert sent.saved == draft.saved


def test_a_pick_that_empties_itself_takes_nothing_along(phone):
    draft = a_task(phone, act="ask_return", return_reason="wrong_place")
    phone.change("hazards.csv", without(TO_DO))

    sent = phone.fill("hazard_task", draft=draft, hazard="")

    assert sent.entity["id"] == TO_DO
    assert sent.saved == draft.saved
    assert sent["hazard_due_on"] == "2026-12-03"


def test_another_pick_takes_nothing_over_from_the_first(phone):
    draft = a_task(phone, act="accept")

    moved = phone.fill("hazard_task", draft=draft, purpose="watch", hazard=MINE, act="withdraw")

    assert moved.entity["id"] == MINE
    assert (moved["hazard_due_on"], moved["hazard_office_note"]) == ("", "")
    assert moved.asked["act"] == ("note", "withdraw")


def test_a_step_that_the_second_pick_does_not_allow_is_asked_again(phone):
    draft = a_task(phone, act="accept")

    assert phone.fill("hazard_task", draft=draft, purpose="watch", hazard=MINE).refused_at == "act"
