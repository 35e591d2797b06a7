"""The pages in Chromium, at the sizes of desks and phones, with and without script, by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.app import close
from tests.api_county import PASSWORD, fill, lay, uuid_of
from tests.county import open_county
from tests.office.browser import SIZES, browser_window, listening

pytestmark = pytest.mark.browser

CASE = f"/office/cases/{uuid_of('case one')}"
PATHS = ("/office/", "/office/board", "/office/board?tab=ended", CASE, "/office/password", "/office/nowhere",
         "/office/approvals", "/office/problems", "/office/problems/devices")  # fmt: skip


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    county = open_county(tmp_path_factory.mktemp("served") / "data", lay, fill)
    with listening(county.app) as found:
        yield found
    close(county.app)


@pytest.mark.parametrize(
    ("size", "language"), [*((size, "zh") for size in SIZES), ("small desk", "en"), ("phone", "en")]
)
def test_a_page_fits_is_accessible_and_asks_nobody_else(address, size, language):
    with browser_window(address, size) as window:
        window.open("/")
        with window.page.expect_navigation():
            window.page.click(f"button[value={language}]")
        faults = {"/": window.faults()}
        window.sign_in("town")
        for path in PATHS:
            window.open(path)
            faults[path] = window.faults()
            assert window.page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], path

    assert {path: found for path, found in faults.items() if found} == {}
    assert window.left == []
    assert [said for said in window.said if "404" not in said] == []


def test_without_script_one_signs_in_filters_and_signs_out(address):
    with browser_window(address, script=False) as window:
        window.sign_in("town")
        window.open("/office/board")
        window.page.check("input[name=overdue]")
        window.page.click(".filters button")
        filtered = window.page.url
        window.page.click(".who summary")
        window.page.click("text=退出")
        window.page.wait_for_selector("#username")

    assert "overdue=1" in filtered


def test_without_script_what_to_do_with_the_chosen_cases_can_be_read(address):
    with browser_window(address, script=False) as window:
        window.sign_in("town")
        window.open("/office/board")
        ink, ground = window.page.locator("#bulk-act").evaluate(
            "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        )

    assert (ink, ground) == ("rgb(23, 33, 46)", "rgb(255, 255, 255)")


def test_nothing_behind_a_case_that_covers_the_list_is_reached_by_keys(address):
    with browser_window(address, "enlarged") as window:
        window.sign_in("town")
        window.open(f"/office/board?case={uuid_of('case one')}")
        window.page.wait_for_selector("#panel[aria-modal=true]")
        assert window.page.locator(".skip, .rail, .top, #list").count() == 4
        assert window.page.evaluate("[...document.querySelectorAll('.skip, .rail, .top, #list')].every(e => e.inert)")
        window.page.keyboard.press("Escape")
        window.page.wait_for_selector("#panel", state="hidden")
        assert not window.page.evaluate("document.querySelector('.skip').inert")


def test_a_filter_that_is_ticked_is_applied_and_back_takes_it_off(address):
    with browser_window(address) as window:
        window.sign_in("town")
        window.open("/office/board")
        window.page.check("input[name=overdue]")
        window.page.wait_for_url("**overdue=1**")
        window.page.go_back()
        window.page.wait_for_selector("input[name=overdue]:not(:checked)")
        back = window.page.url

    assert "overdue" not in back


def test_a_tab_changes_the_list_alone_and_its_address_can_be_sent_to_others(address):
    with browser_window(address) as window:
        window.sign_in("town")
        window.open("/office/board")
        window.page.evaluate("document.querySelector('.rail').dataset.same = 'yes'")
        window.page.click("#tabs >> text=已结束")
        window.page.wait_for_selector("#tabs a[aria-current=page] >> text=已结束")
        kept = window.page.evaluate("document.querySelector('.rail').dataset.same")
        tab = window.page.url
        window.page.go_back()
        window.page.wait_for_selector("#tabs a[aria-current=page] >> text=全部在办")

    assert kept == "yes"
    assert "tab=ended" in tab
    assert window.said == []


def test_a_server_that_does_not_answer_leaves_the_page_and_says_so(address):
    with browser_window(address) as window:
        window.sign_in("town")
        window.open("/office/board")
        window.page.route("**/office/board?*", lambda route: route.abort())
        window.page.click("#tabs >> text=已结束")
        window.page.wait_for_selector("#no-link:not([hidden])")
        shown = window.page.inner_text("#tabs a[aria-current=page]")

    assert shown.startswith("全部在办")


def test_an_act_is_taken_by_mouse_and_pressed_twice_is_taken_once(address):
    with browser_window(address) as window:
        window.sign_in("officer")
        window.open(CASE)
        window.page.click(".acts summary >> text=说明")
        window.page.fill("#note-note", "已电话通知店主")
        window.page.dblclick("form[action$='/acts/note'] button")
        window.page.wait_for_selector("#toast:not([hidden])")
        told = window.page.locator(".history li", has_text="已电话通知店主").count()

    assert told == 1


def test_by_keyboard_alone_one_signs_in_and_gets_to_the_board(address):
    with browser_window(address) as window:
        window.open("/")
        window.page.keyboard.type("town")
        window.page.keyboard.press("Tab")
        window.page.keyboard.type(PASSWORD)
        window.page.keyboard.press("Enter")
        window.page.wait_for_url("**/office/")
        window.page.keyboard.press("Tab")
        skips = window.page.evaluate("document.activeElement.className")
        window.page.keyboard.press("Tab")
        window.page.keyboard.press("Tab")
        window.page.keyboard.press("Enter")
        window.page.wait_for_url("**/office/board")

    assert skips == "skip"


def test_a_case_opens_beside_the_list_and_back_and_escape_close_it(address):
    with browser_window(address) as window:
        window.sign_in("town")
        window.open("/office/board")
        window.page.click("#list .c-place a")
        window.page.wait_for_selector("#panel #case-title")
        opened = window.page.url
        focused = window.page.evaluate("document.activeElement.id")
        faults = window.faults()
        window.page.go_back()
        window.page.wait_for_selector("#panel", state="hidden")
        window.page.go_forward()
        window.page.wait_for_selector("#panel #case-title")
        window.page.keyboard.press("Escape")
        window.page.wait_for_selector("#panel", state="hidden")

    assert "case=" in opened and focused == "case-title"
    assert faults == [] and window.said == []


def test_the_map_follows_the_list_and_a_point_of_it_opens_its_case_beside_the_list(address):
    point = {"id": uuid_of("case one"), "at": [39.3, 114.7], "label": "甲", "state": "over"}
    words = {"placed": "有定位", "unplaced": "无定位", "close": "关闭", "none": "没有", "states": {"over": "超期"}}
    answer = {"items": [point], "placed": 1, "unplaced": 0, "more": False, "words": words}
    with browser_window(address) as window:
        asked: list[str] = []
        window.page.route(
            "**/office/board/points*", lambda route: (asked.append(route.request.url), route.fulfill(json=answer))
        )
        window.sign_in("town")
        window.open("/office/board")
        window.page.click("[data-map]")
        window.page.click("#map .leaflet-marker-icon")
        window.page.wait_for_selector("#panel #case-title")
        opened = window.page.url
        window.page.keyboard.press("Escape")
        with window.page.expect_response("**/points?tab=ended*"):
            window.page.click("#tabs >> text=已结束")
        window.page.keyboard.press("g")
        window.page.keyboard.press("p")
        window.page.wait_for_url("**/office/problems")
        window.page.keyboard.press("g")
        window.page.keyboard.press("t")
        window.page.wait_for_url("**/office/")

    assert "/office/board?" in opened and f"case={point['id']}" in opened
    assert len(asked) == 2 and window.said == []


def test_a_map_that_an_address_opens_stays_open_while_the_list_is_clicked(address):
    with browser_window(address) as window:
        window.sign_in("town")
        window.open("/office/board?map=1")
        window.page.wait_for_selector("#map:not([hidden])")
        window.page.click("#list .tabs", position={"x": 2, "y": 2})
        window.page.click("#list thead th >> nth=1")

        assert window.page.locator("#map").is_visible()


def test_who_was_slower_is_led_to_what_happened_wherever_the_case_beside_the_list_stands(address):
    form = "form[action$='/acts/supervise']"
    with browser_window(address) as window:
        window.sign_in("brigade")
        window.open(f"/office/board?case={uuid_of('case one')}")
        seen = window.page.input_value(f"{form} [name=change]")

        def somebody_else_first(route):
            route.fetch(post_data=route.request.post_data.replace(seen, uuid_of("faster")))
            route.continue_()

        window.page.route("**/acts/supervise", somebody_else_first)
        window.page.click("details[data-act=supervise] summary")
        window.page.select_option(f"{form} select", "2")
        window.page.click(f"{form} button:not([type=button])")
        window.page.wait_for_selector("#refused:focus")
        told = window.page.inner_text("#refused")

    assert "没有执行" in told


def test_on_a_phone_five_pages_stand_at_the_foot_the_others_and_the_filters_behind_a_button(address):
    with browser_window(address, "phone") as window:
        window.sign_in("town")
        window.open("/office/board")
        at_foot = window.page.locator(".rail a:visible").count()
        folded = window.page.locator("#category").is_visible()
        window.page.click("label.unfold")
        unfolded = window.page.locator("#category").is_visible()
        edge = window.page.evaluate("document.getElementById('tabs').getBoundingClientRect().x")
        window.page.click(".who summary")
        window.page.click(".menu .rest >> text=台账")
        window.page.wait_for_url("**/office/ledgers**")

    assert (at_foot, folded, unfolded, edge) == (5, False, True, 0)


def test_a_session_that_runs_out_is_begun_anew_over_the_page_and_what_was_typed_is_sent(address):
    with browser_window(address) as window:
        window.sign_in("officer")
        window.open(CASE)
        window.page.click(".acts summary >> text=说明")
        window.page.fill("#note-note", "写了很久的话")
        window.page.context.clear_cookies()
        window.page.click("form[action$='/acts/note'] button")
        window.page.wait_for_selector("#session[open]")
        window.page.fill("#again-password", PASSWORD)
        window.page.click("#session button.primary")
        window.page.wait_for_selector("#toast:not([hidden])")
        told = window.page.locator(".history li", has_text="写了很久的话").count()
        kept = window.page.evaluate("Object.keys(sessionStorage).filter(each => each.startsWith('draft '))")

    assert (told, kept) == (1, [])
