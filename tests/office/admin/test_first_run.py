"""A new county is led through four steps, one page at a time; once they are done they are gone for good."""

from __future__ import annotations

import re

import pytest

from server.office import layout
from tests.api_county import UNIT
from tests.office.desk import Desk, Reader

ADMIN = "/office/admin"


@pytest.fixture
def desk(county_to_change) -> Desk:
    """The administrator of a county in which nobody else was ever on duty, and no card was ever made."""
    county_to_change.do(lambda tx: tx.sql.run("DELETE FROM phone_key"))
    county_to_change.do(lambda tx: tx.sql.run("DELETE FROM duty WHERE role <> 'county_admin'"))
    desk = Desk(county_to_change)
    desk.sign_in("admin")
    return desk


def steps_of(page: str) -> list[tuple[str, bool]]:
    """Return the heading of each step, and whether it is done."""
    items = re.findall(r'<li class="card.*?</li>', page, re.S)
    return [(re.search("<h3>(.*?)</h3>", each)[1], "number done" in each) for each in items]


def post(desk: Desk, page: str, action: str, **values: str):
    form = next(each for each in Reader(desk.open(page).text).forms if (each.action, each.method) == (action, "post"))
    return desk.submit(form, **values)


def rail_of(page: str) -> list[str]:
    return re.findall(r'data-place="(\w+)"', page)


def test_the_next_step_stands_open_and_the_rail_shows_administration_alone(desk):
    page = desk.open(ADMIN).text

    assert steps_of(page) == [("管理员账号", True), ("网格", True), ("人员", False), ("手机卡片", False)]
    assert page.count('aria-current="step"') == 1 and "人员" in page.split('aria-current="step"')[1].split("</h3>")[0]
    assert rail_of(page) == ["admin"]
    assert "开始使用：四步" in desk.open(f"{ADMIN}/people").text


def test_once_all_are_done_the_steps_are_gone_for_good(desk):
    added = post(
        desk, f"{ADMIN}/people?add=1", f"{ADMIN}/people", display="刘一", name="liu-1", role="grid_worker", area=UNIT
    )
    between = desk.open(ADMIN).text
    desk.county.found_at("http://fire.example.org")
    sheet = post(desk, f"{ADMIN}/cards?names=liu-1", f"{ADMIN}/cards", names="liu-1")
    after = desk.open(ADMIN)

    assert added.status_code == 303 and steps_of(between)[2:] == [("人员", True), ("手机卡片", False)]
    assert sheet.text.count('<article class="phone-card"') == 1
    assert after.location == f"{ADMIN}/areas"
    page = desk.open(after.location).text
    assert "四步" not in page and rail_of(page) == [place.key for place in layout.RAIL[layout.Role.COUNTY_ADMIN]]
    post(desk, f"{ADMIN}/people/liu-1", f"{ADMIN}/people/liu-1/revoke")
    assert desk.open(ADMIN).location == f"{ADMIN}/areas"


def test_nobody_else_is_led_through_them(county):
    desk = Desk(county)
    desk.sign_in("town")

    assert desk.open(ADMIN).location == f"{ADMIN}/people"


def test_the_tab_of_areas_is_called_so_in_english_where_one_area_is_an_area(county):
    desk = Desk(county)
    desk.sign_in("admin")
    desk.client.set_cookie(layout.LANGUAGE_COOKIE, "en")

    page = desk.open(f"{ADMIN}/people").text

    assert '<a href="/office/admin/areas">Areas</a>' in page and '<th scope="col">Area</th>' in page
    assert "<title>Admin · Areas" in desk.open(f"{ADMIN}/areas").text
