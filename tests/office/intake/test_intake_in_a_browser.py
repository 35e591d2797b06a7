"""Intake and acts on several cases in Chromium: by keyboard alone, on a phone, without script."""

from __future__ import annotations

import pytest

from tests.office.browser import browser_window, listening
from tests.office.desk import with_passwords

pytestmark = pytest.mark.browser


@pytest.fixture
def address(land):
    with_passwords(land.valley)
    with listening(land.valley.app) as found:
        yield found


def test_by_keyboard_alone_a_duplicate_is_merged_the_next_report_assigned_and_focus_goes_along(land, address):
    one, two, three = land.report("neighbour"), land.report(), land.report(place="别处")
    land.act(one, "register", "officer")
    with browser_window(address) as window:
        window.sign_in("officer")
        window.open(f"/office/intake?report={two}")
        faults = window.faults()
        window.page.keyboard.press("m")
        window.page.wait_for_url("**done=merge**")
        focus = window.page.evaluate("document.activeElement.id")
        window.page.focus("textarea[name=note]")
        window.page.keyboard.type("am")
        typed = window.page.input_value("textarea[name=note]")
        window.page.keyboard.press("Shift+Tab")
        window.page.keyboard.press("a")
        window.page.wait_for_url("**done=assign**")
        faults += window.faults()

    assert (land.record(two).status, land.record(three).status) == ("merged", "assigned")
    assert (focus, typed) == ("report-title", "am")
    assert faults == [] and window.said == [] and window.left == []


def test_on_a_phone_today_is_one_row_a_group_with_the_report_of_a_hazard_below(land, address):
    land.report("neighbour")
    with browser_window(address, "phone") as window:
        window.sign_in("officer")
        window.open("/office/")
        page = window.page
        buttons, rows = page.locator(".group header .button:visible"), page.locator(".group li:visible")
        assert (buttons.count(), rows.count()) == (1, 0)
        work, report = buttons.bounding_box(), page.locator(".today > .way .button").bounding_box()

    assert work is not None and report is not None and report["y"] > work["y"]


def test_on_a_phone_one_report_is_a_page_and_a_touch_sets_the_limit(land, address):
    land.report("neighbour")
    id = land.report()
    with browser_window(address, "phone") as window:
        window.sign_in("officer")
        window.open("/office/intake")
        alone = not window.page.is_visible(".decide")
        window.page.click(f"#queue a[href*='{id}']")
        window.page.wait_for_selector(".twice")
        faults = window.faults()
        width = window.page.evaluate("document.documentElement.scrollWidth")
        window.page.click("text=3天")
        day = window.page.input_value("#assign-due_on")
        window.page.click("text=立项并派遣")
        window.page.wait_for_url("**done=assign**")

    assert alone and width <= 390 and faults == []
    assert land.record(id).case.facts.handle_due_at[:10] == day


def test_several_are_picked_and_assigned_with_script_and_without(land, address):
    for script in (True, False):
        ids = [land.report(place=f"场所{script}{number}") for number in range(2)]
        with browser_window(address, script=script) as window:
            window.sign_in("officer")
            window.open("/office/board?tab=reported")
            faults = window.faults() if script else []
            for box in window.page.locator("[name=pick]").all():
                box.check()
            if script:
                window.page.click("#bulk-acts button[value=assign]")
            else:
                window.page.select_option("#bulk-act", "assign")
                window.page.click("#bulk button")
            window.page.wait_for_url("**/office/board/bulk?**")
            window.page.select_option("[name=assignee]", "user:worker")
            window.page.click(".go button")
            window.page.wait_for_url("**bulk=assign.2**")

        assert [land.record(id).assignee for id in ids] == ["user:worker", "user:worker"]
        assert faults == [] and window.said == []
