"""The same step sent many times at once is taken once, and of two officers who decide at once one is told to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest

from tests.cases.case_county import Cases, a_peopled_county


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> Iterator[Cases]:
    """The cases of a county whose writer is a thread of its own, as it is when served."""
    with a_peopled_county(tmp_path_factory.mktemp("at-once") / "data") as cases:
        yield cases


def at_once(*asks: Callable[[], Any]) -> list[Any]:
    """Ask everything in threads that start together; return the answers in order."""
    barrier = Barrier(len(asks))

    def ask(each: Callable[[], Any]) -> Any:
        barrier.wait(timeout=30)
        return each()

    with ThreadPoolExecutor(len(asks)) as pool:
        return list(pool.map(ask, asks))


def versions(cases: Cases, case: str) -> list[int]:
    return [each["version"] for each in cases.county.get(f"/records/{case}/history", "chief").json["items"]]


def test_a_step_that_is_sent_twenty_times_at_once_is_taken_once(cases):
    case, id = cases.bring("reported"), str(uuid4())
    given = {"assignee": "user:near"}

    answers = at_once(*[lambda: cases.take(case, "chief", "assign", given, id=id, base_version=1)] * 20)

    assert Counter(answer.status_code for answer in answers) == {200: 20}
    assert {(answer.json["id"], answer.json["verdict"], answer.json["version"]) for answer in answers} == {
        (id, "applied", 2)
    }
    assert len({answer.json["record"]["case_no"] for answer in answers}) == 1
    assert versions(cases, case) == [1, 2]


def test_a_report_that_is_sent_twenty_times_at_once_is_one_record(cases):
    asked = {
        "id": str(uuid4()), "type": "hazards", "action": "report", "area": "130630100201001",
        "fields": {"item": "blocked", "label": "占道"},
    }  # fmt: skip

    answers = at_once(*[lambda: cases.county.post("/records", "reporter", asked)] * 20)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 19}
    [made] = {answer.json["record"]["id"] for answer in answers}
    assert versions(cases, made) == [1]


@pytest.mark.parametrize("named", ["base_version", "seen_status", "If-Match"])
def test_of_two_officers_who_assign_at_once_one_is_told_to_look_again(cases, named):
    case = cases.bring("registered")
    stated = {"base_version": {"base_version": 2}, "seen_status": {"seen_status": "registered"}, "If-Match": {}}[named]
    headers = {"If-Match": '"2"'} if named == "If-Match" else {}
    refusal = (412, "precondition-failed") if named == "If-Match" else (409, "stale-version")

    def assign(name: str, assignee: str):
        body = {"action": "assign", "fields": {"assignee": assignee}, **stated}
        return cases.county.post(f"/records/{case}/changes", name, body, **headers)

    answers = at_once(
        lambda: assign("village_officer-plain", "user:near"), lambda: assign("town_station-plain", "user:hand")
    )

    won, lost = sorted(answers, key=lambda answer: answer.status_code)
    assert won.status_code == 200
    assert (lost.status_code, lost.json["type"]) == (refusal[0], f"/problems/{refusal[1]}")
    assert "刷新" in lost.json["detail"]
    record = cases.county.get(f"/records/{case}", "chief").json
    assert (record["version"], record["assignee"]) == (3, won.json["record"]["assignee"])
    assert versions(cases, case) == [1, 2, 3]


def test_twenty_cases_that_are_registered_at_once_get_twenty_numbers(cases):
    reported = [cases.bring("reported") for _ in range(20)]

    answers = at_once(*[lambda case=case: cases.take(case, "chief", "register", {}) for case in reported])

    assert len({answer.json["record"]["case_no"] for answer in answers}) == 20


@pytest.mark.parametrize(
    ("tag", "status"), [('"2"', 200), ('"1", "2"', 200), ("*", 200), ('"1"', 412), ('W/"2"', 412), ('"x"', 412)]
)
def test_if_match_names_the_version_that_was_looked_at(cases, tag, status):
    case = cases.bring("registered")

    answer = cases.county.post(
        f"/records/{case}/changes", "chief", {"action": "note", "fields": {"note": "看过"}}, **{"If-Match": tag}
    )

    assert answer.status_code == status, answer.text
    assert versions(cases, case) == ([1, 2, 3] if status == 200 else [1, 2])
    if status == 200:
        assert answer.headers["ETag"] == '"3"'
