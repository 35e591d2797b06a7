"""Who is told what of an act on a case: handlers, who gave it out, who asked, who reported, a level above."""

from __future__ import annotations

import pytest

from server import dated
from server.cases.domain import workflow
from server.notices.domain import kinds
from server.notices.store import notices
from server.people.store import people
from server.scheduler.usecases import running
from tests.case_land import Land


def told(land: Land, *names: str) -> list[tuple[str, str, str]]:
    """Return who was told what of which act, in the order in which they were; of some people, or of all."""
    rows = land.valley.rows("SELECT person, kind, action FROM notice ORDER BY seq")
    return [(row["person"], row["kind"], row["action"]) for row in rows if not names or row["person"] in names]


def unread(land: Land, name: str) -> int:
    with land.valley.store.reading() as reading:
        return notices.count_unread(reading, name, people.actor(reading, name).scope, 100)


@pytest.fixture
def assigned(land: Land) -> str:
    id = land.report()
    land.lead_to(id, ("register", "officer"), ("assign", "town", {"assignee": "user:leader"}))
    return id


def test_a_report_alone_tells_nobody(land):
    land.report()
    land.report("worker", action="spot_close", item="corridor_blocked", photo_after="1.jpg")

    assert told(land) == []


def test_a_handler_is_told_of_what_they_are_given_and_nobody_of_what_they_do_themselves(land, assigned):
    assert told(land) == [("leader", "assigned", "assign")]

    land.act(assigned, "assign", "town", assignee="user:officer", helpers="user:leader")

    assert told(land, "officer") == [("officer", "assigned", "assign")]
    assert len(told(land, "leader")) == 1


def test_of_a_body_everybody_who_acts_for_it_is_told(land):
    id = land.report()
    land.lead_to(id, ("register", "officer"), ("assign", "town", {"assignee": "body:city_mgmt"}))

    assert told(land) == [("clerk", "assigned", "assign")]


def test_an_act_on_the_case_reads_what_its_author_was_told_of_it(land, assigned):
    assert unread(land, "leader") == 1

    land.act(assigned, "accept", "leader")

    assert unread(land, "leader") == 0


def test_a_request_that_is_decided_is_told_to_whoever_asked_and_a_return_to_whoever_gave_it_out(land, assigned):
    land.lead_to(
        assigned,
        ("ask_extension", "leader", {"reason": "parts_ordered", "until": "2026-12-20", "safeguard": "每日巡查"}),
        ("decline_extension", "town", {"reason": "not_justified"}),
    )
    assert told(land, "leader")[-1] == ("leader", "decided", "decline_extension")

    land.lead_to(assigned, ("ask_return", "leader", {"reason": "not_duty"}), ("return", "brigade", {"reason": "ok"}))

    assert set(told(land)[-3:]) == {
        ("town", "returned", "return"), ("officer", "returned", "return"), ("leader", "decided", "return")
    }  # fmt: skip


def test_a_failed_check_goes_back_to_the_handler_and_a_passed_one_tells_the_reporter(land, assigned):
    land.lead_to(
        assigned,
        ("feedback", "leader", {"result_code": "fixed", "no_photo_reason": "dark"}),
        ("rework", "officer", {"reason": "still_there"}),
    )
    assert told(land)[-1] == ("leader", "returned", "rework")

    land.lead_to(
        assigned,
        ("feedback", "leader", {"result_code": "fixed", "no_photo_reason": "dark"}),
        ("close", "officer"),
    )

    assert told(land)[-1] == ("worker", "decided", "close")


def test_one_case_acted_on_often_is_one_notice_of_each_kind(land, assigned):
    for to in ("user:officer", "user:leader") * 3:
        land.act(assigned, "assign", "town", assignee=to)

    assert [each for each in told(land) if each[1] == "assigned"].count(("leader", "assigned", "assign")) == 1
    assert len(told(land, "leader")) == 1


def test_a_case_that_falls_due_is_told_once_to_its_handler_and_its_phone_shows_it(land, assigned):
    land.valley.do(running.run_due)
    assert told(land, "leader") == [("leader", "assigned", "assign")]
    land.clock.pass_by(days=6)

    for _ in range(3):
        land.valley.do(running.run_due)
        land.clock.pass_by(minutes=5)

    assert told(land, "leader")[-1] == ("leader", "overdue_soon", "remind")
    assert [each["action"] for each in land.history(assigned)].count("remind") == 1
    note = land.listed("leader")[assigned]["office_note"]
    assert "到期提醒：限12-01" in note
    assert "派遣" in note


def test_a_limit_that_has_passed_goes_to_the_town_and_whoever_gave_it_out(land, assigned):
    land.clock.pass_by(days=9)

    land.valley.do(running.run_due)
    land.clock.pass_by(minutes=5)
    land.valley.do(running.run_due)

    assert {each for each in told(land) if each[1] == "escalated"} == {
        ("officer", "escalated", "escalate"), ("town", "escalated", "escalate")
    }  # fmt: skip
    assert [each["action"] for each in land.history(assigned)].count("escalate") == 1
    assert land.record(assigned).status == "assigned"


def test_what_was_late_for_long_before_the_server_told_of_limits_stays_in_lists_alone(land, assigned):
    land.clock.pass_by(days=60)

    land.valley.do(running.run_due)

    assert [each for each in told(land) if each[1] == "escalated"] == []


def test_a_request_that_nobody_decides_goes_a_level_up_and_stays_open(land, assigned):
    land.act(assigned, "ask_extension", "leader", reason="parts_ordered", until="2026-12-20", safeguard="每日巡查")
    land.clock.pass_by(days=3)

    for _ in range(2):
        land.valley.do(running.run_due)
        land.clock.pass_by(minutes=5)

    assert [each for each in told(land) if each[2] == "escalate_request"] == [
        ("brigade", "escalated", "escalate_request")
    ]
    assert [each["action"] for each in land.history(assigned)].count("escalate_request") == 1
    assert [each.action for each in land.record(assigned).case.requests] == ["ask_extension"]


def test_once_a_case_has_ended_only_its_result_is_left_to_be_read(land, assigned):
    land.act(assigned, "assign", "town", assignee="user:officer")
    land.clock.pass_by(days=9)
    land.valley.do(running.run_due)
    assert (unread(land, "leader"), unread(land, "town")) == (0, 1)

    land.lead_to(
        assigned, ("feedback", "officer", {"result_code": "fixed", "no_photo_reason": "dark"}), ("close", "leader")
    )

    assert (unread(land, "leader"), unread(land, "town"), unread(land, "worker")) == (0, 0, 1)


def test_supervision_is_told_to_whoever_has_the_case(land, assigned):
    land.act(assigned, "supervise", "town", level="1")

    assert told(land, "leader")[-1] == ("leader", "escalated", "supervise")


def test_who_has_no_duty_any_more_is_told_nothing(land, assigned):
    land.valley.do(leaves, "officer")
    land.lead_to(assigned, ("ask_return", "leader", {"reason": "not_duty"}), ("return", "brigade", {"reason": "ok"}))

    assert told(land, "officer") == []
    assert ("town", "returned", "return") in told(land)


def leaves(tx, name: str) -> None:
    tx.sql.run("UPDATE duty SET ends_at = :now WHERE person = :name", {"name": name, "now": tx.now})
    tx.configuration_changed()


def test_every_kind_of_the_table_is_known_and_every_act_is_one_of_the_workflow():
    rows = dated.table("notices")

    assert {row["kind"] for row in rows} == set(kinds.KINDS)
    assert {row["act"] for row in rows} - set(workflow.ACTIONS) == {"site_check_failed"}
