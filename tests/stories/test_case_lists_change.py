"""What changes a case on a phone changes the hash of its list, its ETag and its row's version, and nothing else."""

from __future__ import annotations

import pytest

from tests.case_land import UNIT, Land, as_listed

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
LIFE = [
    ("register", "officer", {}),
    ("assign", "officer", {"assignee": "user:worker", "due_on": "2026-11-30"}),
    ("ask_extension", "worker", {"reason": "weather", "until": "2026-12-20"}),
    ("extend", "town", {"reason": "weather", "due_on": "2026-12-20"}),
    ("supervise", "brigade", {"level": "2"}),
    ("assign", "town", {"assignee": "body:shop"}),
    ("note", "officer", {"note": "店主周末回来"}),
    ("assign", "town", {"assignee": "user:stranger"}),
    ("feedback", "stranger", FIXED),
    ("rework", "officer", {"reason": "partly"}),
    ("feedback", "stranger", FIXED),
    ("close", "officer", {}),
    ("reopen", "officer", {"reason": "又锁上了"}),
]
SEEING = ("worker", "officer", "town", "leader", "police")


def state(land: Land, name: str) -> tuple[str, str]:
    """Return hash and ETag of somebody's list of cases."""
    phone = land.valley.phone(name)
    entry = phone.manifest("case_act")["hazards.csv"]
    return entry["hash"], phone.get(entry["downloadUrl"]).headers["ETag"]


def test_every_step_of_a_life_reaches_every_phone_that_shows_the_case(land):
    id = land.report("worker", area=UNIT)
    phones = {name: land.phone(name) for name in SEEING}
    before = {name: state(land, name) for name in (*SEEING, "east")}

    for action, by, inputs in LIFE:
        version = land.record(id).version
        land.act(id, action, by, **inputs)
        after = {name: state(land, name) for name in (*SEEING, "east")}

        assert land.record(id).version == version + 1
        assert after["east"] == before["east"], "another town's list has nothing to do with it"
        for name, phone in phones.items():
            assert after[name][0] != before[name][0], (action, name)
            assert after[name][1] != before[name][1], (action, name)
            phone.pull()
            assert phone.shown(id) == as_listed(land.listed(name)[id]), (action, name)
        before = after


def test_a_list_in_which_nothing_happened_stays_the_same_until_the_day_is_over(land):
    land.report("worker", area=UNIT)
    before = state(land, "officer")

    land.clock.pass_by(hours=2)

    assert state(land, "officer") == before


@pytest.mark.parametrize(
    ("acts", "due_on"),
    [
        ([], "2026-11-25"),
        ([("register", "officer", {})], "2026-11-25"),
        ([("assign", "officer", {"assignee": "user:worker"})], "2026-12-01"),
        ([("assign", "officer", {"assignee": "user:worker", "due_on": "2026-11-30"})], "2026-11-30"),
        (
            [("assign", "officer", {"assignee": "user:worker", "due_on": "2026-11-30"}), ("feedback", "worker", FIXED)],
            "2026-11-27",
        ),
        (
            [
                ("assign", "officer", {"assignee": "user:worker"}),
                ("feedback", "worker", FIXED),
                ("close", "officer", {}),
            ],
            "",
        ),
        ([("reject", "officer", {"reason": "not_fire"})], ""),
    ],
)
def test_a_phone_is_told_the_last_day_of_the_limit_that_runs(land, acts, due_on):
    id = land.report("worker", area=UNIT)

    land.lead_to(id, *acts)

    assert land.listed("officer")[id]["due_on"] == due_on
