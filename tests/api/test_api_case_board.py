"""The board of an officer: every filter it needs, and pages that miss nothing while cases move under the reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api_county import UNIT, VILLAGE
from tests.cases.case_county import Cases, a_peopled_county


@pytest.fixture(scope="module")
def board(tmp_path_factory) -> Iterator[tuple[Cases, dict[str, str]]]:
    """One case in each status, by status; all that anybody has, or had to the end, is the hand's."""
    statuses = ("reported", "registered", "assigned", "handling", "suspended", "feedback", "closed", "void")
    with a_peopled_county(tmp_path_factory.mktemp("board") / "data") as cases:
        yield cases, {status: cases.bring(status) for status in statuses}


def found(cases: Cases, query: str, name: str = "village_officer-plain") -> set[str]:
    return set(cases.county.ids(f"/records?{query}", name)) - {cases.main}


@pytest.mark.parametrize(
    ("query", "statuses"),
    [
        ("status=feedback", {"feedback"}),
        ("stage=handle", {"handling", "suspended"}),
        ("stage=close", {"closed", "void"}),
        ("assignee=user:hand", {"assigned", "handling", "suspended", "feedback", "closed"}),
        ("assignee=user:hand&stage=close", {"closed"}),
        ("assignee=body:held", set()),
        ("overdue=true", set()),
        ("conflict=true", set()),
        ("q=占道&status=assigned", {"assigned"}),
        (f"type=hazards&area={VILLAGE}&status=void", {"void"}),
        (f"area={UNIT}&overdue=false&conflict=false&status=closed", {"closed"}),
        ("type=stations", set()),
    ],
)
def test_a_board_is_narrowed_by_what_an_officer_asks(board, query, statuses):
    cases, made = board

    assert found(cases, query) == {made[status] for status in statuses}


def test_a_case_is_found_by_its_number(board):
    cases, made = board
    number = cases.county.get(f"/records/{made['closed']}", "chief").json["case_no"]

    assert found(cases, f"q={number}") == {made["closed"]}


def test_pages_show_every_case_once_while_cases_move_and_more_come(board):
    cases, _ = board
    standing = cases.county.ids("/records?limit=500", "village_officer-plain")
    seen, cursor = [], ""
    while cursor is not None:
        answer = cases.county.get(f"/records?limit=2{cursor and '&cursor='}{cursor}", "village_officer-plain").json
        seen += [item["id"] for item in answer["items"]]
        cursor = answer["next"]
        cases.report("reporter")
        cases.do(seen[-1], "chief", "note")

    assert seen == standing


def test_a_filtered_page_goes_on_where_it_stood_although_what_it_showed_no_longer_fits(board):
    cases, _ = board
    waiting = [cases.bring("reported") for _ in range(4)]
    first = cases.county.get("/records?status=reported&limit=2", "village_officer-plain").json
    for item in first["items"]:
        cases.do(item["id"], "chief", "register")

    second = cases.county.get(f"/records?status=reported&limit=2&cursor={first['next']}", "village_officer-plain").json

    assert [item["id"] for item in first["items"] + second["items"]] == waiting[::-1]
