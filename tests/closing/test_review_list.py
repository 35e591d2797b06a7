"""The review list (线索清单): what is seen through phones and pages, by whom, and that nobody is named."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from tests.case_land import Land, a_report
from tests.filled_forms import photo
from tests.office.desk import Desk, with_passwords

API = "/summaries/closure/review?from=2026-11-01&to=2027-02-28"
PAGE = "/office/figures/review?from=2026-11-01&to=2027-02-28"
HERE, THERE, BESIDE = "39.3500 114.6900 0 5", "39.3600 114.6900 0 5", "39.3501 114.6900 0 5"


def seen(land: Land, by: str = "town", more: str = "") -> list[tuple[str, set[str]]]:
    answer = land.valley.get(f"{API}{more}", by)
    assert answer.status_code == 200, answer.text
    return [(each["sign"], {case["id"] for case in each["cases"]}) for each in answer.json["items"]]


def pictured(land: Land, by: str, content: bytes, spot: str | None) -> str:
    """Report a hazard with a photo, at a position or none."""
    filled = a_report(photo=f"{by}.jpg", **({} if spot is None else {"spot": spot}))
    assert land.valley.phone(by).send(filled, photo(f"{by}.jpg", content)).status_code == 201
    return filled.entities[0].id


def closed(land: Land, *, after: int, clock_off: int = 0, **values: str) -> str:
    """Lead a case to its feedback from a phone, and close it so many seconds later. values: of its report."""
    id = land.report("neighbour", **values)
    land.lead_to(id, ("assign", "officer", {"assignee": "user:worker"}))
    phone = land.phone("worker")
    end = (land.clock.at + timedelta(seconds=clock_off)).isoformat(timespec="milliseconds")
    phone.act(id, "feedback", result_code="fixed", no_photo_reason="too_dark", end=end)
    phone.send()
    land.clock.pass_by(seconds=after)
    land.lead_to(id, ("close", "officer"))
    return id


def a_desk(land: Land) -> Desk:
    desk = Desk(with_passwords(land.valley))
    desk.sign_in("town")
    return desk


@pytest.mark.parametrize(("spot", "is_seen"), [(THERE, True), (BESIDE, False), (None, False)])
def test_one_photo_is_seen_at_two_places_alone(land, spot, is_seen):
    one, other = pictured(land, "worker", b"\xff\xd8 one", HERE), pictured(land, "neighbour", b"\xff\xd8 one", spot)
    pictured(land, "neighbour", b"\xff\xd8 another", THERE)

    assert seen(land) == ([("same_photo", {one, other})] if is_seen else [])


def test_both_cases_of_a_pair_lie_where_the_reader_may_see_them(land):
    one, far = pictured(land, "worker", b"\xff\xd8 one", HERE), pictured(land, "stranger", b"\xff\xd8 one", THERE)

    assert seen(land, "brigade") == [("same_photo", {one, far})]
    assert seen(land, "officer") == []
    assert seen(land, "brigade", "&area=130630106201") == []


@pytest.mark.parametrize(("after", "clock_off", "is_seen"), [(5, 0, True), (300, 0, False), (5, 7_200, False)])
def test_a_closing_at_once_is_seen_where_the_clocks_are_sound(land, after, clock_off, is_seen):
    id = closed(land, after=after, clock_off=clock_off)

    assert seen(land) == ([("quick_close", {id})] if is_seen else [])


def test_a_check_on_the_spot_is_apart(land):
    id = land.report("neighbour")
    land.act(id, "assign", "officer", assignee="body:shop")
    land.act(id, "site_check", "officer", **{"pass": "yes", "result_code": "fixed", "no_photo_reason": "too_dark"})

    assert land.record(id).status == "closed" and seen(land) == []


@pytest.mark.parametrize(("wait", "is_seen"), [(5, True), (0, False)], ids=["its last days", "before them"])
def test_closings_at_the_end_of_a_month_are_seen_once_it_is_over(land, wait, is_seen):
    land.clock.pass_by(days=wait)  # from the 24th of November
    ids = set()
    for _ in range(10):
        id = land.report("neighbour")
        land.lead_to(
            id,
            ("assign", "officer", {"assignee": "user:worker"}),
            ("feedback", "worker", {"result_code": "fixed", "no_photo_reason": "too_dark"}),
            ("close", "officer"),
        )
        ids.add(id)
    assert seen(land) == []

    land.clock.pass_by(days=10)
    assert seen(land) == ([("month_end", ids)] if is_seen else [])


def test_an_overdue_case_that_is_made_void_is_seen_and_one_in_time_is_not(land):
    late, in_time = land.report("neighbour"), land.report("neighbour")
    for id in (late, in_time):
        land.act(id, "assign", "officer", assignee="user:worker")
    for id, days in ((in_time, 0), (late, 40)):
        land.clock.pass_by(days=days)
        land.act(id, "ask_void", "officer", reason="test_data")
        land.act(id, "void", "town", reason="test_data")

    assert seen(land) == [("overdue_void", {late})]


def test_the_page_the_file_and_the_list_say_the_same_and_name_nobody(land):
    id = closed(land, after=5)
    [line] = land.valley.get(API, "town").json["items"]
    file = land.valley.get(f"{API}&format=csv", "town")
    desk = a_desk(land)
    page, taken = desk.open(PAGE), desk.open(PAGE.replace("review?", "review.csv?"))

    [_, row] = csv.reader(io.StringIO(file.data.decode("utf-8-sig")))
    assert row[1] == line["note"] and row[4] == "1" and line["count"] == 1
    assert taken.data == file.data
    assert line["note"] in page.text and f"/office/cases/{id}" in page.text and "不是结论" in page.text
    for told in (str(line), file.text):
        assert not {"worker", "officer", "neighbour"} & set(told.replace(":", " ").split())
    land.valley.do(lambda tx: None)
    exports = land.valley.rows("SELECT action, subject FROM audit WHERE action = 'summaries.export'")
    assert len(exports) >= 2


def test_labels_are_masked_as_in_lists(land):
    closed(land, after=5, place="报警人 13800000009")

    [line] = land.valley.get(API, "town").json["items"]
    assert "138****0009" in line["cases"][0]["label"]
    assert "13800000009" not in land.valley.get(f"{API}&format=csv", "town").text


def test_nothing_to_look_at_is_said(land):
    desk = a_desk(land)

    assert land.valley.get(API, "town").json == {"items": [], "next": None}
    assert "没有线索" in desk.open(PAGE).text


def test_a_page_of_the_list_goes_on(land):
    ids = {closed(land, after=5) for _ in range(3)}
    first = land.valley.get(f"{API}&limit=2", "town").json
    rest = land.valley.get(f"{API}&limit=2&cursor={first['next']}", "town").json

    assert len(first["items"]) == 2 and rest["next"] is None
    assert {each["cases"][0]["id"] for each in first["items"] + rest["items"]} == ids


def test_who_sees_no_summaries_sees_no_signs(land):
    assert land.valley.get(API, "police").status_code == 403
    assert land.valley.get(f"{API}&area=130630100000", "town").status_code == 404
    assert land.valley.get("/summaries/closure/review?from=2026-11-01", "town").status_code == 422
