"""A month in a village of two people and two phones, one of them out of signal half the time: no case is stalled."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.case_land import CasePhone, Land, a_land

pytestmark = pytest.mark.slow

FIXED = {"result_code": "fixed", "no_photo_reason": "too_dark"}
DAYS = 30


@pytest.fixture
def land(tmp_path) -> Iterator[Land]:
    with a_land(tmp_path / "data") as land:
        yield land


class Villager:
    """One of the two: works off what their own phone offers them, with signal or without."""

    def __init__(self, land: Land, name: str, chance: Random) -> None:
        self.phone: CasePhone = land.phone(name)
        self.chance = chance
        self.done: set[str] = set()

    def connect(self) -> None:
        self.phone.send()
        self.phone.pull()
        self.done.clear()

    def work(self) -> None:
        """Do one thing about each case on the phone for which it offers something; once until it is online again."""
        for id, row in list(self.phone.rows.items()):
            words = row.fields.get("todo", "").split()
            found = next((each for each in self.choices(words)), None)
            if found is None or id in self.done:
                continue
            action, inputs = found
            self.phone.act(id, action, **inputs)
            self.done.add(id)

    def choices(self, words: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield what one would do with a row that offers these words, the first thing first."""
        if "accept" in words and self.chance.random() < 0.5:
            yield "accept", {}
        if "ask_return" in words and self.chance.random() < 0.1:
            yield "ask_return", {"reason": "not_my_duty"}
        if "feedback" in words:
            yield "feedback", FIXED
        if "check" in words:
            yield ("close", {}) if self.chance.random() < 0.8 else ("rework", {"reason": "partly"})
        if "site_check" in words:
            yield "site_check", {"pass": "yes", **FIXED}
        if "assign" in words and "site_check" not in words and "register" in words:
            yield (
                "assign",
                {"assignee": self.chance.choice(["user:worker", "user:worker", "user:officer", "body:shop"])},
            )
        if "assign" in words and "merge" in words and "register" not in words:  # given back
            yield "assign", {"assignee": self.chance.choice(["user:worker", "user:officer"])}


@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_two_people_leaves_no_case_behind(land, seed):
    chance = Random(seed)
    worker, officer = Villager(land, "worker", chance), Villager(land, "officer", chance)
    reported: list[str] = []
    asked_the_town: set[str] = set()

    for day in range(DAYS + 14):
        land.clock.pass_by(hours=20)
        if day < DAYS and day % 2 == 0:
            reported.append(worker.phone.report(place=f"{day}号"))
        if day % 2 or day >= DAYS:
            worker.connect()
        worker.work()
        land.clock.pass_by(hours=4)
        officer.connect()
        asked_the_town |= decide(land)
        officer.work()
        officer.connect()

    stands = {id: land.record(id).status for id in reported}
    assert len(stands) == DAYS // 2
    assert {id: status for id, status in stands.items() if status != "closed"} == {}
    assert set(land.valley.problems()) <= {"recorded"}  # what came too late for its case is kept, and shown
    assert {land.record(id).case.closed_by for id in reported} - asked_the_town == {"worker", "officer"}
    for id in reported:
        case = land.record(id).case
        assert case.closed_by not in case.processed_by or case.facts.site_closed


def decide(land: Land) -> set[str]:
    """Let the officer decide what was asked to be given back, and the town what neither of the two may.

    That is what the officer asks for, and the check of what both had a hand in: the one gave it back, the other had it
    next, and then a feedback of the first came in late. Returns who of the town closed a case.
    """
    for row in land.valley.rows("SELECT id FROM record WHERE kind = 'case' AND flags LIKE '%return_pending%'"):
        assignee = land.record(row["id"]).assignee
        land.act(row["id"], "return", "town" if assignee == "user:officer" else "officer", reason="not_my_duty")
    asked: set[str] = set()
    for row in land.valley.rows("SELECT id FROM record WHERE status = 'feedback'"):
        if {"worker", "officer"} <= set(land.record(row["id"]).case.processed_by):
            land.act(row["id"], "close", "town")
            asked.add("town")
    return asked
