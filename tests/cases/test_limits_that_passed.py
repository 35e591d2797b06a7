"""A limit that has passed stays passed: no act that one person takes makes a late case punctual without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.cases.usecases.suggesting import PASSED
from server.people.store import people
from server.records.domain.case_facts import CaseFacts
from server.staffing.usecases import enrolment
from tests.case_land import Land, Refused, a_land

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
ASKED = {"body": "住建局", "reason": "属住建部门职责"}
HANDED_OVER = {"body": "住建局", "document": "函1号"}


@pytest.fixture
def land(tmp_path) -> Iterator[Land]:
    with a_land(tmp_path / "data") as land:
        yield land


def late_after(land: Land, days: int) -> str:
    """Return a case that the worker has, with seven days for it, so many days later."""
    id = land.report("neighbour")
    land.lead_to(id, ("register", "officer"), ("assign", "officer", {"assignee": "user:worker"}), ("accept", "worker"))
    land.clock.pass_by(days=days)
    return id


def facts(land: Land, id: str) -> CaseFacts:
    case = land.record(id).case
    assert case is not None
    return case.facts


def limits(land: Land, id: str) -> tuple[str | None, str | None, int]:
    """Return the limits of handling and closing, and how often the case was extended."""
    return facts(land, id).handle_due_at, facts(land, id).close_due_at, facts(land, id).extended


def counted(land: Land) -> dict[str, int]:
    """Return the counts of the county's summary from November on."""
    answer = land.valley.get(f"/summaries/closure?from=2026-11-01&to={land.clock.at.date().isoformat()}", "brigade")
    return answer.json["total"]["counts"]


def on_time(land: Land) -> tuple[int, int, int, int]:
    """Return how many were handled on time, handled late, closed on time and closed late."""
    n = counted(land)
    return n["handled_on_time"], n["handled_late"], n["closed_on_time"], n["closed_late"]


def leave(land: Land, name: str) -> None:
    """Let the only duty of somebody end."""
    [duty] = land.valley.do(people.duties_of, name)
    land.valley.do(enrolment.end_duty, name, duty.id, by="admin")


def test_transferring_a_late_case_and_taking_it_back_gives_no_time(land):
    id = late_after(land, 20)
    before = limits(land, id)

    land.lead_to(id, ("ask_transfer", "officer", ASKED), ("transfer", "town", HANDED_OVER), ("resume", "officer"))

    assert limits(land, id) == before


def test_the_days_of_a_transfer_are_told_as_an_extension(land):
    id = late_after(land, 2)
    land.lead_to(id, ("ask_transfer", "officer", ASKED), ("transfer", "town", HANDED_OVER))
    land.clock.pass_by(days=20)

    note = land.lead_to(id, ("resume", "officer")).office_note

    assert limits(land, id) == ("2026-12-21T16:00:00.000Z", "2026-12-24T16:00:00.000Z", 1)
    assert "算一次延期" in note


def test_what_a_leaver_had_goes_on_by_its_limit(land):
    id = late_after(land, 20)
    before = limits(land, id)
    leave(land, "worker")
    assert land.record(id).status == "registered"
    told = land.valley.get(f"/records/{id}/suggestion", "officer").json
    assert (told["due_on"], told["due_reason"]) == ("", PASSED)

    with pytest.raises(Refused) as refused:
        land.act(id, "assign", "officer", assignee="user:neighbour", due_on="2026-12-20")
    land.act(id, "assign", "officer", assignee="user:neighbour")

    assert refused.value.fields == ["fields.due_on"] and "不填就不变" in str(refused.value)
    assert limits(land, id) == before


def test_what_was_closed_late_is_late_however_often_it_is_reopened(land):
    id = late_after(land, 20)
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"))

    land.act(id, "reopen", "town", reason="又堆上了")
    assert facts(land, id).handle_due_at == "2026-12-21T16:00:00.000Z"  # its handler has time all the same
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"))

    assert facts(land, id).closed_at > facts(land, id).close_due_at


def test_what_was_closed_in_time_gets_a_limit_of_its_own_when_it_is_reopened(land):
    id = late_after(land, 1)
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"))
    land.clock.pass_by(days=20)

    land.act(id, "reopen", "town", reason="又堆上了")
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"))

    assert facts(land, id).closed_at < facts(land, id).close_due_at


def again(land: Land, id: str) -> None:
    """Let the worker feed back again within the new limit, and somebody else close the case."""
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"))


def test_what_was_handled_late_is_late_after_a_failed_check(land):
    id = late_after(land, 8)
    land.lead_to(id, ("feedback", "worker", FIXED), ("rework", "neighbour", {"reason": "partly"}))

    again(land, id)

    assert on_time(land) == (0, 1, 1, 0)  # its closing limit had not passed when it was sent back


def test_what_was_handled_late_is_late_after_a_reopening(land):
    id = late_after(land, 20)
    land.lead_to(id, ("feedback", "worker", FIXED), ("close", "neighbour"), ("reopen", "town", {"reason": "又堆上了"}))

    again(land, id)

    assert on_time(land) == (0, 1, 0, 1)


def test_what_was_in_time_is_in_time_after_a_failed_check_and_a_reopening(land):
    id = late_after(land, 2)
    land.lead_to(id, ("feedback", "worker", FIXED), ("rework", "neighbour", {"reason": "partly"}))
    again(land, id)
    land.clock.pass_by(days=20)
    land.lead_to(id, ("reopen", "town", {"reason": "又堆上了"}))

    again(land, id)

    assert on_time(land) == (1, 0, 1, 0)


def test_a_suspension_washes_no_lateness_off(land):
    asked = {
        "reason": "需要拆除", "plan": "明年拆除", "until": "2027-06-30", "leader": "张某", "milestones": "三月前腾空",
        "safeguard": "每日巡查",
    }  # fmt: skip
    granted = {name: asked[name] for name in ("reason", "plan", "leader", "safeguard")} | {"plan_due": "2027-06-30"}
    id = late_after(land, 20)
    land.lead_to(id, ("ask_suspension", "town", asked), ("suspend", "brigade", granted), ("resume", "brigade"))

    again(land, id)

    assert on_time(land) == (0, 1, 0, 1)


def test_an_extension_that_was_granted_late_counts_as_extended_and_on_time(land):
    id = late_after(land, 8)
    land.act(id, "ask_extension", "worker", reason="等配件", until="2026-12-20")
    land.act(id, "extend", "town", reason="等配件", due_on="2026-12-20")

    again(land, id)

    assert on_time(land) == (1, 0, 1, 0)
    assert counted(land)["handled_on_time_extended"] == 1
