"""Who closes a case: nobody who had a hand in it, and in a village of two people always one of the two."""

from __future__ import annotations

import pytest

from server.people.store import people
from server.staffing.usecases import enrolment
from tests.case_land import UNIT, VILLAGE, Land, Refused

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}


def fed_back(land, lead: str, by: str, *, reporter: str = "neighbour", helpers: str = "") -> str:
    """Report a hazard, let the town give it to somebody, and feed back; return its id."""
    id = land.report(reporter)
    land.act(id, "assign", "town", assignee=lead, **({"helpers": helpers} if helpers else {}))
    land.act(id, "feedback", by, **FIXED)
    return id


def refused(land, id: str, action: str, by: str, **inputs: str) -> tuple[int, str]:
    with pytest.raises(Refused) as found:
        land.act(id, action, by, **inputs)
    return found.value.status, found.value.code


@pytest.mark.parametrize("action", ["close", "rework"])
@pytest.mark.parametrize("helper", ["officer", "police"])
def test_a_co_handler_does_not_check_even_if_he_never_did_anything(land, helper, action):
    id = fed_back(land, "user:worker", "worker", helpers=f"user:{helper} body:committee")

    inputs = {"reason": "partly"} if action == "rework" else {}
    assert refused(land, id, action, helper, **inputs) == (403, "not-allowed")
    assert "check" not in land.listed(helper)[id]["todo"]
    land.act(id, "close", "leader")
    assert land.record(id).status == "closed"


def test_who_holds_a_duty_in_a_co_handling_body_does_not_check(land):
    id = fed_back(land, "user:worker", "worker", helpers="body:committee")

    assert refused(land, id, "close", "secretary") == (403, "not-allowed")
    land.act(id, "close", "officer")


def test_giving_a_case_on_once_it_is_fed_back_makes_nobody_its_checker(land):
    id = fed_back(land, "body:committee", "secretary", helpers="user:police")
    land.act(id, "reassign", "town", assignee="user:leader")

    for name in ("secretary", "police", "leader"):
        assert refused(land, id, "close", name) == (403, "not-allowed")
    land.act(id, "close", "officer")


def test_a_co_handler_does_not_close_by_a_visit_to_whoever_has_no_account(land):
    id = land.report("neighbour")
    land.act(id, "assign", "town", assignee="body:shop", helpers="user:officer")

    assert refused(land, id, "site_check", "officer", **{"pass": "yes"}, **FIXED) == (403, "not-allowed")
    land.act(id, "site_check", "town", **{"pass": "yes"}, **FIXED)


VISIT = {"pass": "yes", **FIXED}


def at_the_shop(land: Land) -> str:
    id = land.report("neighbour")
    land.lead_to(id, ("register", "town"), ("assign", "officer", {"assignee": "body:shop"}))
    return id


@pytest.mark.parametrize("name", ["neighbour", "police", "leader", "secretary", "brigade"])
def test_a_visit_closes_for_nobody_but_whoever_registered_the_case_or_gave_it_out(land, name):
    id = at_the_shop(land)

    with pytest.raises(Refused) as no:
        land.act(id, "site_check", name, **VISIT)
    assert (no.value.status, no.value.code) == (403, "not-allowed")
    assert "“说明”" in str(no.value) and "重新派遣后核验" in str(no.value) and "回访" in str(no.value)

    land.act(id, "site_check", name, **{"pass": "no"}, reason="partly")
    assert land.record(id).status == "handling"


@pytest.mark.parametrize("name", ["officer", "town"])
def test_a_visit_of_whoever_registered_the_case_or_gave_it_out_closes_it(land, name):
    id = at_the_shop(land)

    land.act(id, "site_check", name, **VISIT)

    assert land.record(id).status == "closed"


def test_the_town_closes_by_a_visit_what_a_village_committee_without_account_did(land):
    [duty] = land.valley.do(people.duties_of, "secretary")
    land.valley.do(enrolment.end_duty, "secretary", duty.id, by="admin")
    id = land.report("neighbour")
    land.lead_to(id, ("register", "officer"), ("assign", "officer", {"assignee": "body:committee"}))
    assert refused(land, id, "site_check", "neighbour", **VISIT) == (403, "not-allowed")

    land.act(id, "site_check", "town", **VISIT)

    assert land.record(id).status == "closed"


def test_who_comes_after_whoever_gave_it_out_gives_it_out_again_and_checks(land):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="body:shop")
    due = land.record(id).due_at
    [duty] = land.valley.do(people.duties_of, "officer")
    land.valley.do(enrolment.end_duty, "officer", duty.id, by="admin")
    assert refused(land, id, "site_check", "secretary", **VISIT) == (403, "not-allowed")

    land.lead_to(id, ("assign", "secretary", {"assignee": "body:shop"}), ("site_check", "secretary", VISIT))

    assert land.record(id).status == "closed"
    assert land.record(id).case.facts.handle_due_at == due  # no new time by that


def test_a_visit_that_a_phone_made_before_it_heard_of_that_is_kept(land):
    id = at_the_shop(land)
    phone = land.phone("neighbour")
    phone.act(id, "site_check", **VISIT)

    phone.send()

    record = land.record(id)
    assert (record.status, land.history(id)[-1]["verdict"]) == ("assigned", "recorded")
    assert "“现场核查”已留存" in record.office_note
    assert land.valley.problems() == ["recorded"]


def test_a_reporter_of_the_village_committee_checks_its_work_unless_he_had_a_hand_in_it(land):
    land.valley.do(enrolment.add_duty, "neighbour", role="grid_worker", area=UNIT, body="committee", by="admin")
    id = fed_back(land, "body:committee", "secretary")
    land.act(id, "close", "neighbour")

    own = land.report("neighbour")
    land.act(own, "assign", "town", assignee="body:committee")
    land.act(own, "feedback", "neighbour", **FIXED)
    assert refused(land, own, "close", "neighbour") == (403, "not-allowed")
    land.act(own, "close", "town")


def test_who_stands_in_for_the_vacant_post_is_no_second_level_for_the_committee(land):
    """The town checks a committee's work; not the one of the town who holds a post of the committee meanwhile."""
    land.valley.do(enrolment.add_duty, "town", role="village_officer", area=VILLAGE, body="committee", by="admin")
    id = fed_back(land, "body:committee", "secretary")

    assert refused(land, id, "close", "town") == (403, "not-allowed")
    land.act(id, "close", "brigade")


@pytest.mark.parametrize(
    ("reporter", "assignee", "handler", "checker"),
    [
        ("worker", "user:worker", "worker", "secretary"),
        ("worker", "user:secretary", "secretary", "worker"),
        ("worker", "body:committee", "secretary", "worker"),
        ("secretary", "user:worker", "worker", "secretary"),
        ("secretary", "body:committee", "worker", "secretary"),
    ],
)
def test_two_people_of_a_village_close_all_their_cases_without_anybody_else(land, reporter, assignee, handler, checker):
    """Both hold a duty in the committee; whoever reports, and whichever of them does the work, the other one checks."""
    land.valley.do(enrolment.add_duty, "worker", role="grid_worker", area=UNIT, body="committee", by="admin")
    id = land.report(reporter)
    land.act(id, "assign", "secretary", assignee=assignee)
    land.act(id, "feedback", handler, **FIXED)

    land.act(id, "close", checker)

    assert land.record(id).status == "closed"
