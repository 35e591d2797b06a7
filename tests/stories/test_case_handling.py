"""Who may do what with a case that is being handled, and what the others see of it afterwards."""

from __future__ import annotations

import pytest

from server.people.store import people
from server.staffing.usecases import enrolment
from tests.case_land import TOWN, VILLAGE, Refused, as_listed
from tests.filled_forms import photo

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}


def assigned(land, to: str = "user:worker", by: str = "officer", **more: str) -> str:
    """Report a hazard and give it to somebody; return its id."""
    id = land.report("neighbour")
    land.act(id, "assign", by, assignee=to, **more)
    return id


def fed_back(land, by: str = "worker", to: str = "user:worker") -> str:
    id = assigned(land, to)
    land.act(id, "feedback", by, **FIXED)
    return id


def test_whoever_feeds_back_at_once_has_accepted_by_that(land):
    id = assigned(land)

    land.act(id, "feedback", "worker", **FIXED)

    record = land.record(id)
    assert (record.status, record.stage, record.case.processed_by) == ("feedback", "feedback", ("worker",))
    with pytest.raises(Refused) as refused:
        land.act(id, "accept", "worker")
    assert (refused.value.status, refused.value.code) == (409, "illegal-step")


# A shop without account


def test_one_visit_closes_the_case_of_a_shop_without_account(land):
    id = assigned(land, "body:shop")
    phone = land.phone("officer")
    assert phone.rows[id].fields["todo"] == "site_check assign"
    phone.act(id, "site_check", **{"pass": "yes"}, result_code="fixed", fixed_photo="1.jpg")

    phone.send(photo("1.jpg"))

    record = land.record(id)
    assert (record.status, record.case.facts.result_code, record.flags) == ("closed", "fixed", ())
    assert (record.case.facts.checked, record.case.facts.reworked) == (1, 0)
    assert land.valley.problems() == []


def test_a_visit_that_finds_the_hazard_there_still_gives_the_shop_more_time(land):
    id = assigned(land, "body:shop")
    phone = land.phone("officer")
    phone.act(id, "site_check", **{"pass": "no"}, reason="partly")

    phone.send()
    phone.pull()

    record = land.record(id)
    assert (record.status, record.assignee, record.case.facts.reworked) == ("handling", "body:shop", 1)
    assert phone.rows[id].label.startswith("【返工】限12-01｜")
    phone.act(id, "site_check", **{"pass": "yes"}, **FIXED)
    phone.send()
    assert land.record(id).status == "closed"


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({}, "fields.pass"),
        ({"pass": "maybe"}, "fields.pass"),
        ({"pass": "yes", "no_photo_reason": "too_dark"}, "fields.result_code"),
        ({"pass": "yes", "result_code": "cannot", "no_photo_reason": "too_dark"}, "fields.result_code"),
        ({"pass": "yes", "result_code": "fixed"}, "fields.no_photo_reason"),
        ({"pass": "no"}, "fields.reason"),
    ],
)
def test_a_visit_says_what_was_found_and_shows_it(land, inputs, field):
    id = assigned(land, "body:shop")

    with pytest.raises(Refused) as refused:
        land.act(id, "site_check", "officer", **inputs)

    assert (refused.value.status, refused.value.code) == (422, "invalid")
    assert refused.value.fields == [field]


def test_a_shop_whose_manager_has_an_account_reports_back_itself(land):
    id = assigned(land, "body:shop")
    land.valley.do(enrolment.add_duty, "manager", role="unit_manager", area=VILLAGE, body="shop", by="admin")

    assert land.listed("neighbour")[id]["todo"] == "note"
    with pytest.raises(Refused) as refused:
        land.act(id, "site_check", "neighbour", **{"pass": "no"}, reason="partly")
    assert (refused.value.status, refused.value.code) == (409, "illegal-step")
    land.act(id, "feedback", "manager", **FIXED)
    assert land.record(id).status == "feedback"


# What people learn


@pytest.mark.parametrize(
    ("ended", "word"),
    [
        ([("reject", "officer", {"reason": "not_fire"})], "不予立项：不属于消防隐患"),
        (
            [
                ("assign", "officer", {"assignee": "user:worker"}),
                ("feedback", "worker", FIXED),
                ("close", "officer", {"note": "现场看过"}),
            ],
            "核查通过：现场看过",
        ),
        (
            [("ask_void", "officer", {"reason": "test_data"}), ("void", "town", {"reason": "test_data"})],
            "作废：测试数据",
        ),
    ],
)
def test_a_reporter_reads_the_outcome_on_the_phone_for_thirty_days(land, ended, word):
    id = land.report("neighbour")
    phone = land.phone("neighbour")
    land.lead_to(id, *ended)

    phone.pull()

    assert phone.rows[id].fields["office_note"].endswith(word)
    assert phone.rows[id].fields["todo"] == ""
    assert phone.rows[id].label.startswith("【")
    land.clock.pass_by(days=30)
    assert id in land.listed("neighbour")
    land.clock.pass_by(days=2)
    assert id not in land.listed("neighbour")
    assert phone.phone.integrity(id, name="hazards") == {id: "true"}


def test_a_former_handler_keeps_the_row_for_thirty_days(land):
    id = assigned(land, "user:stranger", "town")
    phone = land.phone("stranger")
    assert phone.rows[id].fields["todo"] == "accept feedback ask_return ask_extension note"

    land.act(id, "assign", "town", assignee="user:worker")
    phone.pull()

    assert phone.rows[id].fields["todo"] == ""
    land.clock.pass_by(days=29)
    assert id in land.listed("stranger")
    land.clock.pass_by(days=3)
    assert land.listed("stranger") == {}
    phone.pull()
    assert phone.rows == {}


def test_a_list_that_has_lost_a_row_has_another_hash(land):
    id = assigned(land, "user:stranger", "town")
    land.act(id, "assign", "town", assignee="user:worker")
    phone = land.valley.phone("stranger")

    for _ in range(70):
        land.clock.pass_by(hours=12)
        hash_before = phone.list_hash("case_act", "hazards.csv")
        rows_before = phone.list("case_act", "hazards.csv")
        land.clock.pass_by(hours=1)
        same = phone.list_hash("case_act", "hazards.csv") == hash_before
        assert not same or phone.list("case_act", "hazards.csv") == rows_before


# Re-assigned while a phone is offline


def test_work_of_a_former_handler_counts_late(land):
    id = assigned(land)
    phone = land.phone("worker")
    phone.act(id, "feedback", **FIXED)
    land.act(id, "assign", "officer", assignee="user:neighbour")

    phone.send()

    assert land.history(id)[-1]["verdict"] == "late"
    record = land.record(id)
    assert (record.status, record.assignee) == ("feedback", "user:neighbour")
    assert record.case.processed_by == ("worker", "neighbour")  # who did it, and who had it
    phone.pull()
    assert phone.shown(id) == as_listed(land.listed("worker")[id])
    with pytest.raises(Refused, match="您办理过这件事"):
        land.act(id, "close", "neighbour")  # it was given to them
    with pytest.raises(Refused, match="请由他人核查"):
        land.act(id, "close", "worker")  # they did it


def test_what_no_longer_fits_is_kept_with_its_submission_for_the_office(land):
    id = assigned(land)
    phone = land.phone("worker")
    phone.act(id, "feedback", result_code="fixed", fixed_photo="1.jpg")
    land.act(
        id,
        "suspend",
        "brigade",
        reason="engineering",
        plan="拆除",
        plan_due="2027-05-01",
        leader="王",
        safeguard="巡查",
    )

    phone.send(photo("1.jpg"))
    phone.pull()

    assert land.record(id).status == "suspended"
    [problem] = land.valley.rows("SELECT kind, record, submission, message FROM problem WHERE settled_at IS NULL")
    assert (problem["kind"], problem["record"]) == ("recorded", id)
    [kept] = land.valley.rows("SELECT name FROM submission_file WHERE submission = :id", id=problem["submission"])
    assert kept["name"] == "1.jpg"
    assert phone.shown(id) == as_listed(land.listed("worker")[id])
    assert "已留存" in phone.rows[id].fields["office_note"]


# Who checks


def test_a_co_handlers_part_does_not_hand_the_case_in(land):
    id = assigned(land, helpers="user:officer user:neighbour")

    land.act(id, "feedback", "neighbour", **FIXED)

    record = land.record(id)
    assert (record.status, record.case.processed_by) == ("assigned", ("neighbour",))
    land.act(id, "feedback", "worker", **FIXED)
    with pytest.raises(Refused, match="不能核查自己的处置"):
        land.act(id, "close", "neighbour")
    land.act(id, "close", "leader")
    assert land.record(id).status == "closed"


def test_who_handled_it_does_not_check_it_and_the_phone_is_told_why(land):
    id = fed_back(land)
    phone = land.phone("worker")
    phone.act(id, "close")

    phone.send()
    phone.pull()

    assert land.record(id).status == "feedback"
    assert land.valley.problems(record=id) == ["recorded"]
    assert "不能核查自己的处置" in phone.rows[id].fields["office_note"]
    with pytest.raises(Refused) as refused:
        land.act(id, "close", "worker")
    assert (refused.value.status, refused.value.code) == (403, "not-allowed")


def test_who_once_handled_it_does_not_check_it_after_it_was_given_on(land):
    id = assigned(land)
    land.lead_to(id, ("accept", "worker"), ("assign", "officer", {"assignee": "user:neighbour"}))
    land.act(id, "feedback", "neighbour", **FIXED)

    with pytest.raises(Refused, match="不能核查自己的处置"):
        land.act(id, "close", "worker")


def test_nobody_of_the_handling_body_checks_its_work(land):
    land.valley.do(enrolment.add_duty, "leader", role="grid_leader", area=VILLAGE, body="committee", by="admin")
    id = fed_back(land, "secretary", "body:committee")

    with pytest.raises(Refused, match="承办或协办单位的人员"):
        land.act(id, "close", "leader")
    land.act(id, "close", "officer")
    assert land.record(id).status == "closed"


@pytest.mark.parametrize("checker", ["leader", "town"])
def test_a_village_committees_work_is_checked_by_the_reporter_of_its_own_or_by_the_town(land, checker):
    land.valley.do(enrolment.add_duty, "leader", role="grid_leader", area=VILLAGE, body="committee", by="admin")
    id = land.report("leader", area=f"{VILLAGE}001")
    land.lead_to(id, ("assign", "officer", {"assignee": "body:committee"}), ("feedback", "secretary", FIXED))

    land.act(id, "close", checker)

    assert land.record(id).status == "closed"


def test_the_town_does_what_the_officer_of_a_vacant_village_would(land):
    id = land.report("worker")
    with pytest.raises(Refused):
        land.act(id, "edit", "town", place="村口")
    for name in ("officer", "secretary"):
        [duty] = land.valley.do(lambda tx, n=name: people.duties_of(tx, n))
        land.valley.do(enrolment.end_duty, name, duty.id, by="admin")

    land.act(id, "edit", "town", place="村口")

    assert land.record(id).fields["place"] == "村口"
    assert land.record(id).area.startswith(TOWN[:9])
