"""Today: what waits for a person, how their area stands, and of every number the list behind it."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.office.desk import Desk, with_passwords

SPOT = "39.36010 114.69430 0 8"
WORKER = {"assignee": "user:worker"}


@pytest.fixture
def desk(land) -> Desk:
    return Desk(with_passwords(land.valley))


def numbers(page) -> dict[str, tuple[str, str]]:
    """Return the numbers beside what waits, each with its address, by what they are called."""
    found = re.findall(r'<li[^>]*><a href="([^"]+)">([^<]+)<b>(\d+)</b></a></li>', page.text)
    return {word.strip(): (html.unescape(address), number) for address, word, number in found}


def counted(page) -> str:
    """Return how many cases the list of a page has, by its own tab."""
    return re.search(r'aria-current="page">[^<]*<b>(\d+)', page.text.partition('<nav class="tabs"')[2])[1]


def test_every_number_of_the_stock_leads_to_the_cases_that_it_counts(land, desk):
    late, untaken, fresh = (land.report("neighbour", place=place) for place in ("甲", "乙", "丙"))
    land.lead_to(untaken, ("assign", "officer", {**WORKER}))
    land.clock.pass_by(hours=49)
    tomorrow = (land.clock.at + timedelta(days=1)).date().isoformat()
    land.lead_to(fresh, ("assign", "officer", {**WORKER, "due_on": tomorrow}))
    desk.sign_in("town")

    found = numbers(desk.open("/office/"))

    assert {word: number for word, (_, number) in found.items() if "board" in found[word][0]} == {
        "▲ 已超期": "1",
        "今明到期": "1",
        "超期未签收": "1",
        "疑似重大": "0",
    }
    for word, (address, number) in found.items():
        if address.startswith("/office/board"):
            assert counted(desk.open(address)) == number, word
    assert late in desk.open(found["▲ 已超期"][0]).text
    assert untaken in desk.open(found["超期未签收"][0]).text
    assert fresh in desk.open(found["今明到期"][0]).text


def test_lists_are_narrowed_to_what_is_due_soon_not_taken_or_placed_over_the_api_too(land):
    placed, bare = land.report("neighbour", spot=SPOT, place="甲"), land.report("neighbour", place="乙")
    land.lead_to(placed, ("assign", "officer", {**WORKER}))

    def ids(query: str) -> set[str]:
        items = land.valley.get(f"/records?{query}", "town").json["items"]
        return {each["id"] for each in items}

    assert ids("type=hazards&placed=true") == {placed}
    assert ids("type=hazards&placed=false") == {bare}
    assert ids("untaken=true") == set()
    land.clock.pass_by(hours=49)
    assert ids("untaken=true") == {placed}
    assert ids("soon=true") == set()


def test_who_is_given_a_case_before_the_weekend_has_the_whole_of_the_next_working_day_to_take_it(land):
    land.clock.at = datetime(2026, 4, 3, 1, 0, tzinfo=UTC)  # the Friday before 清明节, whose Monday is off
    land.lead_to(land.report("neighbour"), ("assign", "officer", {**WORKER}))

    def count() -> int:
        return len(land.valley.get("/records?untaken=true", "town").json["items"])

    land.clock.at = datetime(2026, 4, 7, 15, 59, tzinfo=UTC)  # 23:59 of Tuesday in Beijing
    assert count() == 0
    land.clock.pass_by(minutes=1)
    assert count() == 1


@pytest.mark.parametrize(("name", "is_told"), [("town", True), ("admin", True), ("officer", False), ("brigade", False)])
def test_vacant_villages_and_unused_cards_are_told_to_those_who_fill_duties(desk, name, is_told):
    desk.sign_in(name)

    assert ({"村干部空岗", "从未连接"} <= set(numbers(desk.open("/office/")))) is is_told


def test_whoever_has_nothing_to_do_is_told_so(desk):
    desk.sign_in("officer")

    page = desk.open("/office/").text

    assert "今天没有等您办的事" in page and "看全部在办" in page


def test_what_waits_is_read_again_alone_and_not_when_nothing_has_changed(land, desk):
    land.report("neighbour", place="甲")
    desk.sign_in("officer")
    page = desk.open("/office/")

    first = desk.open("/office/?poll=1")
    same = desk.open("/office/?poll=1", **{"If-None-Match": first.headers["ETag"]})
    land.report("neighbour", place="乙")
    changed = desk.open("/office/?poll=1", **{"If-None-Match": first.headers["ETag"]})

    assert 'data-poll="/office/?poll=1"' in page.text and "<html" not in first.text
    assert (first.status_code, same.status_code, changed.status_code) == (200, 304, 200)
