"""One hazard all the way: reported from a phone, taken in and assigned on pages, fed back, checked, and counted."""

from __future__ import annotations

import re

import pytest

from tests.office.browser import SIZES, browser_window, listening
from tests.office.desk import with_passwords

pytestmark = pytest.mark.browser

PAGES = ("/office/", "/office/board?tab=open&map=1", "/office/intake", "/office/report")


@pytest.fixture
def address(land):
    with_passwords(land.valley)
    with listening(land.valley.app) as found:
        yield found


def closed(window) -> int:
    """Return how many cases the figures of this quarter say are closed."""
    window.open("/office/figures?period=quarter")
    found = re.search(r"已办结\s*(\d+)", window.page.inner_text("main"))
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(("size", "script"), [("desk", True), ("phone", False)])
def test_a_report_becomes_a_closed_case_and_the_figure_moves_by_one(land, address, size, script):
    first = land.report("neighbour")
    with browser_window(address, size, script=script) as window:
        window.sign_in("town")
        before = closed(window)

    with browser_window(address, size, script=script) as window:
        window.sign_in("officer")
        window.open(f"/office/intake?report={first}")
        window.page.click("text=立项并派遣")
        window.page.wait_for_url("**done=assign**")
        again = land.report()  # the same hazard, seen by another worker meanwhile
        window.open(f"/office/intake?report={again}")
        window.page.click(".twice button.primary")
        window.page.wait_for_url("**done=merge**")

    with browser_window(address, size, script=script) as window:
        window.sign_in(str(land.record(first).assignee).removeprefix("user:"))  # who was suggested
        window.open(f"/office/cases/{first}")
        form = "form[action$='/acts/feedback']"
        if not window.page.is_visible(f"{form} button"):
            window.page.click("[data-act=feedback] summary")
        window.page.select_option(f"{form} [name=result_code]", "fixed")
        window.page.select_option(f"{form} [name=no_photo_reason]", index=1)
        window.page.click(f"{form} button:not([type=button])")
        window.page.wait_for_selector("text=待核查")

    with browser_window(address, size, script=script) as window:
        window.sign_in("officer")
        window.open(f"/office/cases/{first}")
        reason = window.page.locator("form[action$='/acts/check'] [name=reason]")
        asked = [reason.is_visible()]
        for outcome in ("rework", "close"):
            window.page.click(f"label[for=outcome-{outcome}]")
            asked.append(reason.is_visible())
        assert asked == [False, True, False]
        window.page.click("form[action$='/acts/check'] button:not([type=button])")
        window.page.wait_for_selector("text=已办结")

    with browser_window(address, size, script=script) as window:
        window.sign_in("town")
        after = closed(window)

    assert (land.record(first).status, land.record(again).status) == ("closed", "merged")
    assert after == before + 1


@pytest.mark.parametrize("size", SIZES)
def test_today_board_intake_and_report_fit_the_window(land, address, size):
    land.report(place="长得没有尽头的名字" * 6, spot="39.36010 114.69430 0 8")
    land.report("neighbour")
    found = {}
    with browser_window(address, size) as window:
        window.sign_in("officer")
        for path in PAGES:
            window.open(path)
            window.page.wait_for_load_state("networkidle")
            beyond = window.page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            if beyond > 0 or window.faults() or window.said or window.left:
                found[path] = (beyond, window.faults(), window.said, window.left)

    assert found == {}
