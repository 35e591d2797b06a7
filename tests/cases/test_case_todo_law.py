"""What a phone is offered (``todo``) is what the server really lets its owner do, for every role and every status."""

from __future__ import annotations

import pytest

from server.cases.usecases.todo_column import OFFERED
from server.errors import Refusal
from server.people.store import people
from server.phones.usecases import entity_lists, handler_list
from tests.case_land import NAMES, Land, act, rows_of

SHOP, COMMITTEE, OFFICE = "body:shop", "body:committee", "body:city_mgmt"
MAJOR = {"person_1": "甲", "person_2": "乙", "person_3": "丙", "document": "函1号", "rules": "GB35181-2025"}
FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
PLAN = {
    "reason": "engineering",
    "plan": "明年拆除",
    "plan_due": "2027-10-31",
    "leader": "王副镇长",
    "safeguard": "每日巡查",
}

ASSIGNED = ("assign", "officer", {"assignee": "user:worker"})
FED_BACK = (ASSIGNED, ("feedback", "worker", FIXED))
STANDING = {
    "reported": (),
    "registered": (("register", "officer"),),
    "assigned": (ASSIGNED,),
    "assigned to a shop": (("assign", "officer", {"assignee": SHOP}),),
    "assigned to the committee": (("assign", "officer", {"assignee": COMMITTEE}),),
    "assigned to a department": (("assign", "town", {"assignee": OFFICE}),),
    "assigned to the officer": (("assign", "officer", {"assignee": "user:officer"}),),
    "assigned to another village": (("assign", "town", {"assignee": "user:stranger"}),),
    "assigned to two": (("assign", "officer", {"assignee": "user:worker", "helpers": "user:neighbour body:shop"}),),
    "given on": (ASSIGNED, ("assign", "officer", {"assignee": "user:neighbour"})),
    "given on after work": (*FED_BACK, ("rework", "officer", {"reason": "partly"}), ASSIGNED),
    "accepted": (ASSIGNED, ("accept", "worker")),
    "begun": (ASSIGNED, ("accept", "worker"), ("start", "worker")),
    "fed back": FED_BACK,
    "fed back in part": (ASSIGNED, ("feedback", "worker", FIXED | {"result_code": "fixed_partly"})),
    "fed back by the committee": (
        ("assign", "officer", {"assignee": COMMITTEE}),
        ("feedback", "secretary", FIXED),
    ),
    "fed back by the department": (("assign", "town", {"assignee": OFFICE}), ("feedback", "clerk", FIXED)),
    "sent back": (*FED_BACK, ("rework", "officer", {"reason": "partly"})),
    "asked for": (
        ASSIGNED,
        ("ask_extension", "worker", {"reason": "weather"}),
        ("ask_return", "worker", {"reason": "not_my_duty"}),
    ),
    "given back": (ASSIGNED, ("return", "officer", {"reason": "not_my_duty"})),
    "suspended": (ASSIGNED, ("suspend", "brigade", PLAN)),
    "transferred": (
        ASSIGNED,
        ("ask_transfer", "officer", {"body": "县住建局", "reason": "属其职责"}),
        ("transfer", "town", {"body": "县住建局", "document": "函12号"}),
    ),
    "closed": (*FED_BACK, ("close", "officer")),
    "reopened": (*FED_BACK, ("close", "officer"), ("reopen", "officer", {"reason": "又锁上了"})),
    "rejected": (("reject", "officer", {"reason": "not_fire"}),),
    "void asked for": (ASSIGNED, ("ask_void", "officer", {"reason": "test_data"})),
    "void": (("ask_void", "officer", {"reason": "test_data"}), ("void", "town", {"reason": "test_data"})),
    "withdrawn": (("withdraw", "worker"),),
    "major": (("register", "officer"), ("mark_major", "brigade", MAJOR), ASSIGNED),
}


class Tried(Exception):
    """Undoes an act that was only tried."""


def may(land: Land, id: str, action: str, by: str, inputs: dict[str, str]) -> bool:
    """Say whether the server lets ``by`` take an act with good inputs; nothing stays of the trial."""

    def trial(tx):
        act(tx, id, action, by, **inputs)
        raise Tried

    try:
        land.valley.store.write(trial)
    except Tried:
        return True
    except Refusal:
        return False
    raise AssertionError("a trial ends in one way or the other")


def good_inputs(taker: str, into: str) -> dict[str, dict[str, str]]:
    """Return inputs with which each act is complete; taker: somebody whom the author's own phone lists."""
    return {
        "reject": {"reason": "not_fire"},
        "merge": {"into": into},
        "assign": {"assignee": taker},
        "ask_return": {"reason": "not_my_duty"},
        "ask_extension": {"reason": "weather"},
        "feedback": FIXED,
        "rework": {"reason": "partly"},
        "site_check": {"pass": "yes", **FIXED},
        "note": {"note": "看过了"},
    }


def assert_offers_what_is_allowed(land: Land, id: str, into: str) -> dict[str, str]:
    """Compare every word on everybody's phone with what the server allows; return the words by name."""
    told: dict[str, str] = {}
    for name in NAMES:
        with land.valley.store.reading() as reading:
            caller = people.actor(reading, name)
            served = entity_lists.content(reading, entity_lists.ListHashes(), "case_act", "hazards.csv", caller)
            takers = [each.name for each in handler_list.rows(reading, caller)]
        told[name] = rows_of(served).get(id, {"todo": ""})["todo"]
        inputs = good_inputs(next(iter(takers), "user:worker"), into)
        for word, actions in OFFERED.items():
            allowed = {action for action in actions if may(land, id, action, name, inputs.get(action, {}))}
            offered = word in told[name].split()
            if word == "note" or land.record(id).closed_at is not None:
                assert not offered or allowed, (name, word)
            else:
                assert offered == bool(allowed), (name, word, allowed)
    return told


@pytest.mark.parametrize("standing", STANDING)
def test_what_is_offered_is_allowed_and_what_is_not_offered_is_refused(land, standing):
    id, other = land.report(), land.report("neighbour")
    land.act(other, "register", "officer")
    land.lead_to(id, *STANDING[standing])

    assert_offers_what_is_allowed(land, id, other)


@pytest.mark.parametrize(
    ("item", "action", "words"),
    [
        ("wiring_messy", "spot_close", {}),
        ("hose_aged", "spot_close", {"officer": "check", "neighbour": "", "worker": "note", "clerk": ""}),
    ],
)
def test_what_was_put_right_on_the_spot_is_checked_by_others_or_by_nobody(land, item, action, words):
    id, other = land.report(item=item, action=action), land.report("neighbour")

    told = assert_offers_what_is_allowed(land, id, other)

    assert {name: told[name] for name in words} == words
    assert words or set(told.values()) == {""}


TABLE = [
    # standing, worker (reporter), officer, town, clerk
    ("reported", "withdraw note", "register reject merge assign", "register reject merge assign", None),
    ("registered", "note", "merge assign", "merge assign", None),
    ("assigned", "accept feedback ask_return ask_extension note", "assign", "assign", None),
    ("assigned to a shop", "note", "site_check assign", "assign", None),
    ("assigned to a department", "note", "assign", "assign", "accept feedback ask_return ask_extension note"),
    ("accepted", "feedback ask_return ask_extension note", "assign", "assign", None),
    ("sent back", "feedback ask_extension note", "assign", "assign", None),
    ("fed back", "note", "check", "check", None),
    ("suspended", "note", "", "", None),
    ("transferred", "note", "", "", None),
    ("closed", "", "", "", None),
    ("rejected", "", "", "", None),
]


@pytest.mark.parametrize(("standing", "worker", "officer", "town", "clerk"), TABLE)
def test_each_role_reads_on_its_phone_what_is_to_be_done(land, standing, worker, officer, town, clerk):
    id = land.report()
    land.lead_to(id, *STANDING[standing])

    rows = {name: land.listed(name).get(id) for name in ("worker", "officer", "town", "clerk")}

    told = {name: None if row is None else row["todo"] for name, row in rows.items()}
    assert told == {"worker": worker, "officer": officer, "town": town, "clerk": clerk}


def test_every_status_of_the_workflow_is_looked_at(land):
    found = set()
    for acts in STANDING.values():
        found.add(land.lead_to(land.report(), *acts).status)

    assert found == set(_STATUSES)


_STATUSES = [
    *("reported", "registered", "assigned", "accepted", "handling", "suspended", "transferred", "feedback"),
    *("closed", "rejected", "void"),
]
