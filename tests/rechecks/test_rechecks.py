"""Closed cases that the week's draw chose are checked again by somebody who had no hand in them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from server.changes.usecases import recheck_draws, recording
from server.grid.domain.areas import Place
from server.grid.domain.scope import Scope
from server.scheduler.usecases import running
from server.summaries.domain.periods import Named, named
from server.summaries.usecases import closure_summary
from server.summaries.usecases.closure_summary import Query
from tests.case_land import Land, Refused

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
CALLED = {"pass": "yes", "method": "phone"}
WEEK, MONDAY = "2026-W48", date(2026, 11, 23)


def spot_fixed(land: Land, by: str = "worker") -> str:
    return land.report(by, action="spot_close", item="corridor_blocked", photo_after="1.jpg")


def closed(land: Land, checker: str = "officer") -> str:
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="user:worker")
    land.act(id, "feedback", "worker", **FIXED)
    land.act(id, "close", checker)
    return id


def closed_on_site(land: Land, by: str = "officer") -> str:
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="body:shop")
    land.act(id, "site_check", by, **{"pass": "yes"}, **FIXED)
    return id


def week_passes(land: Land) -> list[running.Ran]:
    land.valley.do(running.run_due)
    land.clock.pass_by(days=7)
    return [ran for ran in land.valley.do(running.run_due) if ran.timer == "rechecks"]


def drawn(land: Land, *flags: str) -> set[str]:
    wanted = set(flags or ["recheck_due"])
    rows = land.valley.rows("SELECT id FROM record ORDER BY born_seq")
    return {row["id"] for row in rows if wanted & set(land.record(row["id"]).flags)}


def a_draw(land: Land) -> Any:
    [found] = land.valley.do(recheck_draws.draws_of, MONDAY)
    return found


@pytest.fixture
def spot(land) -> str:
    """The first of five spot fixes of a week that was drawn: one fifth of them."""
    for _ in range(5):
        spot_fixed(land)
    week_passes(land)
    [id] = drawn(land)
    return id


def refused(land: Land, id: str, action: str, by: str, **inputs: str) -> tuple[int, str, list[str]]:
    with pytest.raises(Refused) as found:
        land.act(id, action, by, **inputs)
    return found.value.status, found.value.code, found.value.fields


def test_each_week_the_share_of_what_was_closed_in_the_town_is_drawn(land):
    spots = {spot_fixed(land) for _ in range(5)}
    sites = {closed_on_site(land) for _ in range(5)}
    checked = {closed(land) for _ in range(10)}
    open_ = land.report()

    [ran] = week_passes(land)

    assert ran.done == 3
    found = drawn(land)
    assert [len(found & among) for among in (spots, sites, checked, {open_})] == [1, 1, 1, 0]
    assert {each.record for each in a_draw(land).drawn} == found
    for id in found:
        assert land.history(id)[-1]["author"] == "server"
        assert land.record(id).case.recheck_due_at == "2026-12-31T16:00:00.000Z"


def test_the_draw_is_the_same_whenever_it_is_repeated_whatever_became_of_the_cases(land):
    for _ in range(10):
        spot_fixed(land)
    week_passes(land)
    before = a_draw(land)
    for each in before.drawn:
        land.act(each.record, "reopen", "officer", reason="又堆上了")

    land.clock.pass_by(days=20)

    assert a_draw(land) == before
    assert len(before.pool) == 10


def test_weeks_that_nobody_served_are_drawn_when_somebody_does(land):
    land.valley.do(running.run_due)
    for _ in range(5):
        spot_fixed(land)
    land.clock.pass_by(days=7)
    later = {spot_fixed(land) for _ in range(5)}
    land.clock.pass_by(days=14)

    land.valley.do(running.run_due)

    rows = land.valley.rows("SELECT week, record FROM recheck ORDER BY week")
    assert [row["week"] for row in rows] == [WEEK, "2026-W49"]
    assert rows[1]["record"] in later


def test_what_was_taken_up_again_before_the_draw_is_not_marked(land):
    ids = [spot_fixed(land) for _ in range(5)]
    for id in ids:
        land.act(id, "reopen", "officer", reason="又堆上了")

    assert [ran.done for ran in week_passes(land)] == [0]
    assert drawn(land) == set()


# Who checks again


def test_whoever_fixed_it_does_not_check_it_again_and_a_call_of_the_town_will_do(land, spot):
    assert refused(land, spot, "recheck", "worker", **CALLED)[:2] == (403, "not-allowed")

    land.act(spot, "recheck", "town", **CALLED)

    record = land.record(spot)
    assert (record.status, record.case.recheck_result, record.flags) == ("spot_closed", "passed", ())
    assert record.office_note == "12-01 乡镇综治中心/消防工作站 回访：电话回访"
    assert refused(land, spot, "recheck", "officer", **CALLED)[:2] == (409, "illegal-step")


@pytest.mark.parametrize(("by", "status"), [("officer", 403), ("worker", 403), ("neighbour", 200), ("town", 200)])
def test_neither_who_handled_nor_who_closed_it_checks_it_again(land, by, status):
    id = closed(land)
    record = land.record(id)
    land.valley.do(recording.apply_by_server, record, "draw_recheck", "2026-W48 抽查")

    if status == 200:
        land.act(id, "recheck", by, **CALLED)
        assert land.record(id).case.recheck_result == "passed"
    else:
        assert refused(land, id, "recheck", by, **CALLED)[0] == status


def test_what_was_not_drawn_is_not_checked_again(land):
    assert refused(land, spot_fixed(land), "recheck", "town", **CALLED)[:2] == (409, "illegal-step")


@pytest.mark.parametrize(
    ("inputs", "fields"),
    [
        ({"pass": "yes"}, ["fields.method"]),
        ({"pass": "yes", "method": "telepathy"}, ["fields.method"]),
        ({"method": "phone"}, ["fields.pass"]),
        ({"pass": "no", "method": "visit"}, ["fields.note"]),
    ],
)
def test_a_recheck_says_how_and_what_was_found(land, spot, inputs, fields):
    assert refused(land, spot, "recheck", "town", **inputs) == (422, "invalid", fields)


def test_what_is_found_wanting_is_reopened_by_a_person_and_never_by_itself(land, spot):
    land.act(spot, "recheck", "town", **{"pass": "no"}, method="visit", note="又堆满了")

    assert (land.record(spot).status, land.record(spot).flags) == ("spot_closed", ("recheck_failed",))
    land.act(spot, "reopen", "officer", reason="又堆上了")
    assert (land.record(spot).status, land.record(spot).flags) == ("handling", ("reworked",))


@pytest.mark.parametrize(("found", "passed"), [("yes", 1), ("no", 0)])
def test_the_pass_rate_counts_what_rechecks_found(land, spot, found, passed):
    land.act(spot, "recheck", "town", **{"pass": found}, method="visit", note="看过了")

    with land.valley.store.reading() as reading:
        month = named(Named.MONTH, date(2026, 11, 30))
        query = Query(Scope(places=(Place("130630"),)), None, None, month)
        total = closure_summary.summarise(reading, query).summary.total
    rate = total.rates["recheck_pass_rate"]
    assert (rate.n, rate.d, total.counts["recheck_failed"]) == (passed, 1, 1 - passed)


def test_silence_decides_nothing(land, spot):
    land.clock.pass_by(days=60)

    land.valley.do(running.run_due)

    assert (land.record(spot).status, land.record(spot).flags) == ("spot_closed", ("recheck_due",))


def test_a_drawn_case_may_be_reopened_until_its_recheck_is_due(land, spot):
    [other, *_] = [id for id in (row["id"] for row in land.valley.rows("SELECT id FROM record")) if id != spot]
    land.clock.pass_by(days=27)  # 34 days after it was closed, 27 after the draw

    assert refused(land, other, "reopen", "officer", reason="又堆上了")[:2] == (409, "illegal-step")
    land.act(spot, "reopen", "officer", reason="又堆上了")

    assert land.record(spot).status == "handling"
    assert land.valley.rows("SELECT waits FROM recheck") == [{"waits": 0}]
