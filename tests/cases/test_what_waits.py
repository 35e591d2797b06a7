"""What waits for a person is what the rules let them do next, the most overdue first; lists by limit lose nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.cases.usecases import waiting
from server.people.store import people
from server.records.store import record_lists
from server.records.store.record_lists import Filters

WORKER = "user:worker"
OPEN = ("reported", "registered", "assigned", "accepted", "handling", "feedback")


def waits(land, name: str) -> dict[str, list[str]]:
    with land.valley.store.reading() as reading:
        found = waiting.for_person(reading, people.actor(reading, name))
    return {each.task.name: [row["id"] for row in each.rows] for each in found}


@pytest.fixture
def cases(land) -> dict[str, str]:
    """A case for each kind of work, by its name."""
    made = {name: land.report("neighbour") for name in ("intake", "assign", "check", "accept", "handle", "decide")}
    land.lead_to(made["assign"], ("register", "officer"))
    for name in ("check", "accept", "handle", "decide"):
        land.lead_to(made[name], ("assign", "officer", {"assignee": WORKER}))
    land.lead_to(made["handle"], ("accept", "worker"))
    land.lead_to(made["check"], ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "no_battery"}))
    land.lead_to(made["decide"], ("ask_return", "worker", {"reason": "not_my_duty"}))
    return made


def test_an_officer_has_what_is_to_be_taken_in_decided_assigned_and_checked_in_that_order(land, cases):
    found = waits(land, "town")

    assert list(found) == ["intake", "decide", "assign", "check"]
    assert found == {name: [cases[name]] for name in found}


def test_a_handler_has_what_is_theirs_to_take_and_to_handle(land, cases):
    found = waits(land, "worker")

    assert list(found) == ["accept", "handle"]
    assert sorted(found["accept"]) == sorted([cases["accept"], cases["decide"]])
    assert found["handle"] == [cases["handle"]]


@pytest.mark.parametrize("name", ["viewer", "stranger", "city"])
def test_nothing_waits_for_who_may_do_nothing_about_these(land, cases, name):
    assert waits(land, name) == {}


def test_what_waits_is_what_each_may_do(land, cases):
    acts = {
        "intake": {"register"},
        "decide": {"decline_return", "decline_extension", "decline_suspension"},
        "assign": {"assign"},
    }
    acts |= {"check": {"close", "rework"}, "accept": {"accept"}, "handle": {"feedback"}}
    for name in ("worker", "neighbour", "leader", "officer", "town", "brigade", "clerk", "viewer"):
        for task, ids in waits(land, name).items():
            for id in ids:
                assert acts[task] & set(land.file(id, name)["case"]["actions"]), (name, task)


def test_page_by_page_each_case_comes_once_the_one_due_first_before_all_others(land, cases):
    with land.valley.store.reading() as reading:
        scope = people.actor(reading, "town").scope
        whole = record_lists.page_by_due(reading, scope, Filters(statuses=OPEN), after=None, limit=100)
        paged, after = [], None
        while rows := record_lists.page_by_due(reading, scope, Filters(statuses=OPEN), after=after, limit=1):
            paged += rows
            after = record_lists.due_position(rows[-1])

    assert [row["id"] for row in paged] == [row["id"] for row in whole]
    assert {row["id"] for row in whole} == set(cases.values())
    assert [row["due_at"] for row in whole] == sorted(row["due_at"] for row in whole)


def test_the_counts_of_statuses_are_those_of_the_lists(land, cases):
    with land.valley.store.reading() as reading:
        scope = people.actor(reading, "town").scope
        counts = record_lists.count_by_status(reading, scope, Filters(statuses=OPEN), 100)
        most = record_lists.count_by_status(reading, scope, Filters(statuses=OPEN), 1)
        asked = record_lists.count_by_status(reading, scope, Filters(statuses=OPEN, has_request=True), 100)

    assert counts == {"reported": 1, "registered": 1, "assigned": 2, "accepted": 1, "feedback": 1}
    assert most["assigned"] == 1
    assert asked == {"assigned": 1}


def test_the_count_of_ended_cases_is_that_of_the_list_and_none_of_them_is_late_or_has_a_request(land, cases):
    for name in ("intake", "decide", "accept"):
        reason = {"reason": "created_by_mistake"}
        land.lead_to(cases[name], ("ask_void", "town", reason), ("void", "brigade", reason))
    land.clock.pass_by(days=60)
    with land.valley.store.reading() as reading:
        scope = people.actor(reading, "town").scope
        narrowed = (
            Filters(),
            Filters(q="演示"),
            Filters(q="没有这个"),
            Filters(overdue=True),
            Filters(has_request=True),
        )
        counts = [record_lists.count_ended(reading, scope, each, 100) for each in narrowed]
        lists = [
            record_lists.page(reading, scope, replace(each, statuses=("void",)), before=None, limit=100)
            for each in narrowed
        ]
        most = record_lists.count_ended(reading, scope, Filters(), 2)

    assert counts == [len(each) for each in lists]
    assert counts[0] == 3 and counts[2:] == [0, 0, 0]
    assert most == 2


def test_what_waits_behind_many_cases_of_others_is_found_too(land, monkeypatch):
    monkeypatch.setattr(waiting, "LISTED_MOST", 2)
    theirs = [land.report("neighbour") for _ in range(5)]
    for each in theirs:
        land.lead_to(each, ("assign", "officer", {"assignee": WORKER}))
        land.lead_to(each, ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "no_battery"}))
    with land.valley.store.reading() as reading:
        monkeypatch.setattr(waiting, "_is_theirs", lambda todo, row, task: row["id"] == last(reading))
        found = waiting.for_person(reading, people.actor(reading, "town"))

    assert [(len(each.rows), each.more) for each in found] == [(1, False)]


def last(reading):
    rows = record_lists.page_by_due(
        reading, people.actor(reading, "town").scope, Filters(statuses=OPEN), after=None, limit=10
    )
    return rows[-1]["id"]
