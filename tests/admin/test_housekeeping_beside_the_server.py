"""Beside a running server somebody keeps house: at once, again and again, whatever goes wrong, until told to stop."""

from __future__ import annotations

import threading
from queue import Queue

from server import outages
from server.admin.usecases import housekeeping
from server.admin.usecases.housekeeping import Housekeeper, RoundResult
from server.changes.usecases.automatic_steps import Stuck
from server.errors import Unavailable

NOTHING = RoundResult(0, 0)


def test_the_first_round_is_at_once_and_leaving_ends_it_for_good():
    rounds: Queue[RoundResult] = Queue()

    def turn() -> RoundResult:
        rounds.put(NOTHING)
        return NOTHING

    with Housekeeper(turn, every_s=3600):
        assert rounds.get(timeout=30) == NOTHING

    assert rounds.empty()
    assert "housekeeping" not in {thread.name for thread in threading.enumerate()}


class Told(list):
    """A log that can be read back."""

    def error(self, event: str, **more: object) -> None:
        self.append((event, more["problem"]))

    def info(self, event: str, **more: object) -> None:
        self.append((event, more))


def test_a_round_that_fails_is_told_and_the_next_one_comes(monkeypatch):
    told = Told()
    monkeypatch.setattr(housekeeping, "log", told)
    monkeypatch.setattr(outages, "log", told)
    answers: Queue[RoundResult | OSError] = Queue()
    for answer in (OSError("disk full"), RoundResult(2, 0)):
        answers.put(answer)
    third = threading.Event()

    def turn() -> RoundResult:
        if answers.empty():
            third.set()
            return NOTHING
        answer = answers.get()
        if isinstance(answer, OSError):
            raise answer
        return answer

    with Housekeeper(turn, every_s=0.001):
        assert third.wait(30)

    done = {"taken_back": 2, "left": 0, "renewed": 0}
    assert told == [("housekeeping failed", "OSError"), ("housekeeping", done)]


def test_leaving_waits_for_the_round_that_is_under_way():
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def turn() -> RoundResult:
        begun.set()
        may_end.wait(30)
        ended.set()
        return NOTHING

    with Housekeeper(turn):
        assert begun.wait(30)
        threading.Timer(0.05, may_end.set).start()

    assert ended.is_set()


def test_a_record_that_could_not_be_written_is_named_each_time_beside_what_was_done(monkeypatch):
    told, named = [], threading.Event()

    class Log:
        def error(self, event: str, **more: object) -> None:
            told.append((event, more))

        def info(self, event: str, **more: object) -> None:
            told.append((event, more))
            named.set()

    monkeypatch.setattr(housekeeping, "log", Log())
    with Housekeeper(lambda: RoundResult(1, 0, (Stuck("r1", "JSONDecodeError"),)), every_s=3600):
        assert named.wait(30)

    assert told == [
        ("housekeeping left a record as it was", {"record": "r1", "problem": "JSONDecodeError"}),
        ("housekeeping", {"taken_back": 1, "left": 0, "renewed": 0}),
    ]


def test_an_outage_is_told_once_and_when_it_is_over_and_an_unknown_error_each_time_with_its_trace(monkeypatch):
    told: list[tuple[str, dict[str, object]]] = []

    class Log:
        def error(self, event: str, **more: object) -> None:
            told.append((event, more))

        info = error

    monkeypatch.setattr(outages, "log", Log())
    away, wrong = Unavailable("数据库暂时连不上"), KeyError("x")
    answers: list[Exception | None] = [away, away, wrong, wrong, away, None, None]
    over = threading.Event()

    def turn() -> None:
        answer = answers.pop(0) if answers else None
        if not answers:
            over.set()
        if answer is not None:
            raise answer

    with Housekeeper(turn, every_s=0.001, task="timers"):
        assert over.wait(30)

    assert [event for event, _ in told] == ["timers failed"] * 3 + ["timers goes on"]
    assert [more.get("exc_info") for _, more in told[:3]] == [None, wrong, wrong]
    assert told[-1][1] == {"missed": 3}
