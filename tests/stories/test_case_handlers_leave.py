"""A handler's duty ends: their cases go back to be given to others, a body's stay with it, nothing is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from server import instants
from server.admin.usecases import housekeeping
from server.people.store import people
from server.staffing.usecases import enrolment
from tests.case_land import FAR_UNIT, NEXT_UNIT, TOWN, UNIT, Land, as_listed

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
PLAN = {"reason": "engineering", "plan": "拆除", "plan_due": "2026-12-10", "leader": "王", "safeguard": "每日巡查"}


def assigned(land: Land, to: str = "user:worker", by: str = "officer", **more: str) -> str:
    id = land.report("worker", area=UNIT)
    land.act(id, "assign", by, assignee=to, **more)
    return id


def end(land: Land, name: str, after: timedelta | None = None) -> None:
    """End every duty of ``name``, now or after a while."""
    for duty in land.valley.do(people.duties_of, name):
        at = None if after is None else instants.text(land.clock.at + after)
        land.valley.do(enrolment.end_duty, name, duty.id, by="admin", at=at)


ENDINGS = {
    "ended": end,
    "moved": lambda land, name: land.valley.do(enrolment.move_user, name, area=FAR_UNIT, by="admin"),
    "revoked": lambda land, name: land.valley.do(enrolment.revoke_user, name, by="admin"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("acts", [(), (("accept", "worker"),), (("accept", "worker"), ("start", "worker"))])
def test_cases_of_who_leaves_go_back_to_be_given_to_others(land, ending, acts):
    id = assigned(land)
    land.lead_to(id, *acts)
    officer = land.phone("officer")

    ENDINGS[ending](land, "worker")

    record = land.record(id)
    assert (record.status, record.assignee, record.case.returns) == ("registered", None, 0)
    assert record.office_note == "11-24 系统 承办人离岗：承办人岗位已变动，案件退回，待重新派遣"
    officer.pull()
    assert officer.rows[id].fields["todo"] == "merge assign"
    assert officer.shown(id) == as_listed(land.listed("officer")[id])
    assert land.history(id)[-1]["author"] == "server"
    land.act(id, "assign", "officer", assignee="user:neighbour")
    assert land.record(id).case.marks == ("user:neighbour",)


def test_cases_of_a_body_stay_with_it(land):
    id = land.report("worker", area=UNIT)
    land.act(id, "assign", "town", assignee="body:city_mgmt")

    end(land, "clerk")

    assert (land.record(id).status, land.record(id).assignee) == ("assigned", "body:city_mgmt")


def test_cases_that_another_duty_of_theirs_covers_stay(land):
    id = assigned(land)
    land.valley.do(enrolment.add_duty, "worker", role="grid_worker", area=UNIT[:12], by="admin")
    [first, _] = land.valley.do(people.duties_of, "worker")

    land.valley.do(enrolment.end_duty, "worker", first.id, by="admin")

    assert land.record(id).assignee == "user:worker"


def test_who_was_given_work_beyond_their_places_keeps_it_while_on_duty(land):
    id = assigned(land, "user:stranger", "town")

    assert land.valley.do(housekeeping.round_of) == (0, 0, (), 0)
    assert land.record(id).assignee == "user:stranger"
    end(land, "stranger")
    assert land.record(id).assignee is None


def test_a_co_handler_who_leaves_leaves_the_case_where_it_is(land):
    id = assigned(land, "user:neighbour", helpers="user:worker body:shop")

    ENDINGS["moved"](land, "worker")

    record = land.record(id)
    assert (record.status, record.assignee) == ("assigned", "user:neighbour")
    assert record.case.marks == ("user:neighbour", "body:shop")
    assert record.office_note.endswith("协办人离岗：协办人岗位已变动，不再协办")
    assert id in land.listed("worker")  # who had it sees it for a while


def test_a_phone_that_was_offline_then_still_hands_its_work_in(land):
    id = assigned(land)
    phone = land.phone("worker")
    phone.act(id, "accept")
    phone.act(id, "feedback", **FIXED)
    ENDINGS["moved"](land, "worker")
    land.act(id, "assign", "officer", assignee="user:neighbour")

    phone.send()

    assert [row["verdict"] for row in land.history(id)[-2:]] == ["late", "late"]
    assert land.record(id).status == "feedback"


def test_a_duty_that_ends_on_a_day_to_come_lets_go_when_that_has_come(land):
    id = assigned(land)
    end(land, "worker", timedelta(days=3))
    assert land.valley.do(housekeeping.round_of) == (0, 0, (), 0)
    assert land.record(id).assignee == "user:worker"

    land.clock.pass_by(days=3, minutes=1)

    assert land.valley.do(housekeeping.round_of) == (1, 0, (), 0)
    assert (land.record(id).status, land.record(id).assignee) == ("registered", None)
    assert land.valley.do(housekeeping.round_of) == (0, 0, (), 0)


def test_a_case_that_could_not_be_taken_back_yet_is_when_it_comes_to_be_handled_again(land):
    id = assigned(land)
    land.act(id, "feedback", "worker", **FIXED)
    ENDINGS["moved"](land, "worker")
    assert (land.record(id).status, land.record(id).assignee) == ("feedback", "user:worker")
    land.act(id, "rework", "officer", reason="partly")

    assert land.valley.do(housekeeping.round_of).taken_back == 1

    assert (land.record(id).status, land.record(id).assignee) == ("registered", None)


def test_a_case_reopened_for_somebody_who_has_left_is_given_to_others(land):
    id = assigned(land)
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "officer"))
    end(land, "worker")
    land.act(id, "reopen", "officer", reason="又锁上了")
    assert land.record(id).assignee == "user:worker"

    land.valley.do(housekeeping.round_of)

    assert (land.record(id).status, land.record(id).assignee) == ("registered", None)


def test_a_row_leaves_the_list_of_who_once_had_it_in_the_same_round(land):
    id = assigned(land, "user:stranger", "town")
    land.act(id, "assign", "town", assignee="user:worker")
    land.clock.pass_by(days=31)

    assert land.valley.do(housekeeping.round_of) == (0, 1, (), 0)
    assert land.record(id).path.startswith(f"130630/{TOWN[6:9]}/{NEXT_UNIT[9:12]}")


def spoil(land: Land, id: str) -> None:
    """Leave a record that no program can read any more, as a broken disk or a slip by hand would."""
    land.valley.do(
        lambda tx: tx.sql.run("UPDATE record SET registers = '[[[', fields = '{' WHERE id = :id", {"id": id})
    )


def mend(land: Land, kept: dict) -> None:
    mended = "UPDATE record SET registers = :registers, fields = :fields WHERE id = :id"
    land.valley.do(lambda tx: tx.sql.run(mended, kept))


def kept_of(land: Land, id: str) -> dict:
    return land.valley.rows("SELECT id, registers, fields FROM record WHERE id = :id", id=id)[0]


def test_a_case_that_cannot_be_read_keeps_no_other_from_being_taken_back(land):
    spoilt, other = assigned(land), assigned(land)
    kept = kept_of(land, spoilt)
    spoil(land, spoilt)

    end(land, "worker")

    assert land.record(other).status == "registered"
    done = land.valley.do(housekeeping.round_of)
    assert [stuck.record for stuck in done.stuck] == [spoilt]
    mend(land, kept)
    assert land.valley.do(housekeeping.round_of) == (1, 0, (), 0)
    assert land.record(spoilt).status == "registered"
