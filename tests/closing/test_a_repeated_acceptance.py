"""A phone that sends 签收 twice tells the office nothing; a late one that somebody has to look at still does."""

from __future__ import annotations

from tests.case_land import Land

ASSIGN = ("assign", "officer", {"assignee": "user:worker"})


def problems(land: Land, id: str) -> list[str]:
    return [row["kind"] for row in land.valley.rows("SELECT kind FROM problem WHERE record = :id", id=id)]


def test_a_second_acceptance_by_the_same_handler_is_kept_and_no_problem(land: Land):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN)
    first, second = land.phone("worker"), land.phone("worker")
    for phone in (first, second):
        phone.act(id, "accept")
        phone.send()

    record = land.record(id)
    assert record.status == "accepted" and "现场送来" not in record.office_note
    assert [(row["action"], row["verdict"]) for row in land.history(id)][-2:] == [
        ("accept", "applied"),
        ("accept", "recorded"),
    ]
    assert problems(land, id) == []


def test_an_acceptance_by_somebody_who_has_the_case_no_more_is_a_problem(land: Land):
    id = land.report("neighbour")
    land.lead_to(id, ASSIGN)
    phone = land.phone("worker")
    land.lead_to(
        id, ("accept", "worker"), ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "too_dark"})
    )
    land.lead_to(id, ("close", "officer"))

    phone.act(id, "accept")
    phone.send()

    assert problems(land, id) == ["recorded"]
