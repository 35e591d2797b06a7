"""Requests have a clock of their own: silence decides nothing and shows, and what is granted late counts as asked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from server.instants import last_day
from tests.case_land import Land, Refused
from tests.office.desk import Desk, with_passwords


def asked(land: Land) -> tuple[str, str]:
    """Return a case whose worker has asked for three days more, and the day asked for."""
    id = land.report("neighbour")
    due = land.lead_to(id, ("assign", "officer", {"assignee": "user:worker"})).due_at
    until = str(date.fromisoformat(last_day(due)) + timedelta(days=3))
    land.act(id, "ask_extension", "worker", reason="material", until=until)
    return id, until


def requests(land: Land, query: str = "") -> list[dict]:
    return land.valley.get(f"/requests{query}", "town").json["items"]


def test_silence_decides_nothing_and_is_told_as_late(land):
    id, _ = asked(land)
    [open_request] = requests(land)

    assert (open_request["level"], last_day(open_request["decide_by"])) == ("town", "2026-11-25")
    assert requests(land, "?overdue=true") == []
    land.clock.pass_by(days=2)

    desk = Desk(with_passwords(land.valley))
    desk.sign_in("town")
    page = desk.open("/office/approvals").text
    assert [each["case"]["id"] for each in requests(land, "?overdue=true")] == [id]
    assert "乡镇应在11-25前决定，已超期" in page
    assert land.record(id).status == "assigned"


def test_what_is_granted_after_the_limit_has_passed_counts_from_the_request(land):
    id, until = asked(land)
    land.clock.pass_by(days=9)  # past the limit that ran, before the one asked for

    land.act(id, "extend", "town", reason="material", due_on=until)
    land.act(id, "feedback", "worker", result_code="fixed", no_photo_reason="too_dark")

    facts = land.record(id).case.facts
    assert last_day(facts.handle_due_at) == until
    assert facts.fed_back_at <= facts.handle_due_at


def test_a_level_above_decides_when_the_one_that_is_asked_stays_silent(land):
    id, until = asked(land)
    land.clock.pass_by(days=9)

    land.act(id, "extend", "brigade", reason="material", due_on=until)

    assert land.record(id).case.facts.extended == 1


def test_who_asked_does_not_decide(land):
    id = land.report("neighbour")
    land.act(id, "assign", "brigade", assignee="user:town")
    land.act(id, "ask_extension", "town", reason="material", until="2026-12-04")

    with pytest.raises(Refused) as refused:
        land.act(id, "extend", "town", reason="material", due_on="2026-12-04")

    assert (refused.value.status, refused.value.code) == (403, "not-allowed")
