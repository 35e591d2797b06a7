"""What the server does by itself is done once, however many processes serve and however long none did."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from server.changes.usecases.automatic_steps import AutomaticSteps
from server.db import database
from server.db.transactions import Transaction
from server.instants import Instant
from server.scheduler.domain import occurrences
from server.scheduler.usecases import running
from server.scheduler.usecases.running import Timer
from tests.case_land import UNIT, Land

PLAN = {"reason": "engineering", "plan": "拆除", "plan_due": "2026-12-10", "leader": "王", "safeguard": "每日巡查"}


def seen_by(found: list[Instant], *, is_continuous: bool = False) -> Timer:
    """Return a weekly timer that notes when it was due."""

    def run(tx: Transaction, due_at: Instant) -> AutomaticSteps:
        found.append(due_at)
        return AutomaticSteps(1, ())

    return Timer("test", occurrences.weekly, run, is_continuous)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        (occurrences.minutely, "2026-11-24T04:00:00.000Z", "2026-11-24T04:01:00.000Z"),
        (occurrences.weekly, "2026-11-24T04:00:00.000Z", "2026-11-29T16:00:00.000Z"),
        (occurrences.weekly, "2026-11-29T15:59:59.999Z", "2026-11-29T16:00:00.000Z"),
        (occurrences.weekly, "2026-11-29T16:00:00.000Z", "2026-12-06T16:00:00.000Z"),
        (occurrences.monthly, "2026-11-24T04:00:00.000Z", "2026-11-30T16:00:00.000Z"),
        (occurrences.monthly, "2026-11-30T16:00:00.000Z", "2026-12-31T16:00:00.000Z"),
        (occurrences.monthly, "2027-01-31T16:00:00.000Z", "2027-02-28T16:00:00.000Z"),
    ],
)
def test_a_rule_names_the_next_time_in_beijing(rule: Callable[[Instant], Instant], after: str, expected: str):
    assert rule(after) == expected


def test_every_week_that_nobody_served_is_made_up_for_in_order(land):
    found: list[Instant] = []
    timer = seen_by(found)
    assert land.valley.do(running.run_due, [timer]) == []
    land.clock.pass_by(days=20)

    ran = land.valley.do(running.run_due, [timer])

    assert found == ["2026-11-29T16:00:00.000Z", "2026-12-06T16:00:00.000Z", "2026-12-13T16:00:00.000Z"]
    assert [each.due_at for each in ran] == found
    assert land.valley.do(running.run_due, [timer]) == []


def test_what_looks_for_what_is_due_now_runs_once_however_long_nobody_served(land):
    found: list[Instant] = []
    timer = seen_by(found, is_continuous=True)
    land.valley.do(running.run_due, [timer])
    land.clock.pass_by(days=20)

    land.valley.do(running.run_due, [timer])

    assert len(found) == 2
    assert found[-1][:10] == "2026-12-14"


def test_of_two_processes_one_does_what_is_due(land):
    found: list[Instant] = []
    timer = seen_by(found)
    land.valley.do(running.run_due, [timer])
    land.clock.pass_by(days=7)
    other = database.open_inline(land.valley.store.folder, clock=land.clock)

    running.round_of(other, [timer])
    running.round_of(land.valley.store, [timer])
    other.close()

    assert found == ["2026-11-29T16:00:00.000Z"]


def test_who_finds_the_row_moved_by_another_process_leaves_the_work_to_it(land):
    """Where two look at the same time, the second one's move finds another instant than it read."""
    found: list[Instant] = []
    timer = seen_by(found)
    land.valley.do(running.run_due, [timer])
    land.clock.pass_by(days=7)

    def work(tx: Transaction) -> running.Ran | None:
        def next_after(after: Instant) -> Instant:
            tx.sql.run("UPDATE timer SET done_until = :at WHERE name = 'test'", {"at": tx.now})
            return occurrences.weekly(after)

        return running.run_next(tx, timer._replace(next_after=next_after))

    assert land.valley.do(work) is None
    assert found == []


def test_a_timer_that_fails_is_tried_again_and_keeps_no_other_waiting(land):
    found: list[Instant] = []
    fine = seen_by(found)
    land.valley.do(running.run_due, [fine, fine._replace(name="broken")])
    land.clock.pass_by(days=7)

    def break_off(tx: Transaction, due_at: Instant) -> AutomaticSteps:
        tx.sql.run("DELETE FROM timer")
        raise OSError("the disk is full")

    running.round_of(land.valley.store, [fine._replace(name="broken", run=break_off), fine])
    assert found == ["2026-11-29T16:00:00.000Z"]

    running.round_of(land.valley.store, [fine._replace(name="broken")])
    assert found == ["2026-11-29T16:00:00.000Z"] * 2


# Suspended cases


def suspended(land: Land) -> str:
    id = land.report("worker", area=UNIT)
    land.act(id, "assign", "officer", assignee="user:worker")
    land.act(id, "suspend", "brigade", **PLAN)
    return id


def resumed(land: Land) -> int:
    return sum(ran.done for ran in land.valley.do(running.run_due) if ran.timer == "suspensions")


def test_a_suspended_case_is_taken_up_again_when_its_plan_should_be_done(land):
    id = suspended(land)
    phone = land.phone("worker")
    land.clock.pass_by(days=16)
    assert resumed(land) == 0

    land.clock.pass_by(days=1)

    assert resumed(land) == 1
    record = land.record(id)
    assert (record.status, record.assignee, record.case.plan_due_at) == ("handling", "user:worker", None)
    assert record.office_note == "12-11 系统 恢复处置：整治计划到期（2026-12-10），自动恢复处置；限12-18"
    assert land.history(id)[-1]["author"] == "server"
    phone.pull()
    assert phone.rows[id].fields["todo"] == "feedback ask_extension note"
    land.clock.pass_by(minutes=2)
    assert resumed(land) == 0


def test_suspended_cases_that_cannot_be_read_do_not_use_up_the_round(land, monkeypatch):
    monkeypatch.setattr(running, "SUSPENDED_AT_ONCE", 1)
    ids = [suspended(land) for _ in range(3)]
    [kept] = land.valley.rows("SELECT id, registers, fields FROM record WHERE id = :id", id=ids[0])
    spoil = "UPDATE record SET registers = '[[[', fields = '{' WHERE id = :id"
    land.valley.do(lambda tx: tx.sql.run(spoil, {"id": ids[0]}))
    land.clock.pass_by(days=30)

    rounds = []
    for _ in range(3):
        rounds += [ran for ran in land.valley.do(running.run_due) if ran.timer == "suspensions"]
        land.clock.pass_by(minutes=1)

    assert [ran.done for ran in rounds] == [1, 1, 0]
    assert all([stuck.record for stuck in ran.stuck] == [ids[0]] for ran in rounds)
    assert {land.record(id).status for id in ids[1:]} == {"handling"}
    mend = "UPDATE record SET registers = :registers, fields = :fields WHERE id = :id"
    land.valley.do(lambda tx: tx.sql.run(mend, kept))
