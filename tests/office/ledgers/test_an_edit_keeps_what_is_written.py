"""An edit on a page in Chromium keeps what is typed: one leaves it, the line fails, the session ends, others write."""

from __future__ import annotations

import pytest

from server.app import close
from tests.api_county import PASSWORD, UNIT, add_record, edit, lay_people, uuid_of
from tests.county import open_county
from tests.office.browser import browser_window, listening
from tests.office.ledgers.test_lists_of_ledgers import BOATS, HULLS, LIST

pytestmark = pytest.mark.browser

TITLE, BERTH = "[name='q.title']", "[name='q.berth']"
TYPED = "船名写了很久"
KEPT = "Object.keys(sessionStorage).filter(each => each.startsWith('draft '))"


@pytest.fixture(scope="module")
def harbour(tmp_path_factory):
    made = open_county(tmp_path_factory.mktemp("harbour") / "data", lay_people)
    made.publish(BOATS, hulls_csv=HULLS.encode())
    yield made
    close(made.app)


@pytest.fixture(scope="module")
def address(harbour):
    with listening(harbour.app) as found:
        yield found


@pytest.fixture
def boat(harbour, request):
    """A boat of the test's own; return where it is edited."""
    name = request.node.name
    add_record(harbour, name, "worker", {"title": name, "label": name}, type="boats", area=UNIT)
    return f"{LIST}/{uuid_of(name)}/edit"


@pytest.fixture
def window(address, boat):
    with browser_window(address) as window:
        window.sign_in("officer")
        window.open(boat)
        yield window


def test_who_leaves_an_edit_and_comes_back_finds_it_and_who_cancels_it_does_not(window, boat):
    page = window.page
    page.fill(TITLE, TYPED)
    page.fill(BERTH, "39.1 114.7")
    page.click(".rail a[data-place=board]")
    page.go_back()
    page.wait_for_load_state("networkidle")
    back = page.input_value(TITLE), page.input_value(BERTH)
    page.click("[data-gives-up]")
    window.open(boat)

    assert back == (TYPED, "39.1 114.7")
    assert page.input_value(TITLE) != TYPED
    assert page.evaluate(KEPT) == []


def test_a_line_that_fails_leaves_the_edit_and_what_was_saved_is_kept_no_more(window, boat):
    page = window.page
    page.fill(TITLE, TYPED)
    page.route(f"**{boat}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.click("main button.primary")
    page.wait_for_url("chrome-error://**")
    page.unroute_all()
    window.open("/office/board")
    window.open(boat)
    back = page.input_value(TITLE)
    page.click("main button.primary")
    page.wait_for_url(f"**{boat.removesuffix('/edit')}?done=saved")
    kept = page.evaluate(KEPT)
    window.open(boat)

    assert back == TYPED
    assert (page.input_value(TITLE), kept) == (TYPED, [])


def test_a_session_that_ends_and_a_refusal_lose_nothing(window, boat):
    page = window.page
    page.fill(TITLE, TYPED)
    page.fill(BERTH, "nirgends")
    page.context.clear_cookies()
    page.click("main button.primary")
    page.fill("#password", PASSWORD)
    page.click("main button.primary")
    page.wait_for_selector(TITLE)
    behind_the_door = page.input_value(TITLE)
    page.click("main button.primary")
    page.wait_for_selector("#refused")
    page.fill(BERTH, "39.1 114.7")
    page.click(".rail a[data-place=board]")
    page.wait_for_url("**/office/board")
    window.open(boat)

    assert behind_the_door == TYPED
    assert (page.input_value(TITLE), page.input_value(BERTH)) == (TYPED, "39.1 114.7")


def test_what_others_wrote_while_an_edit_lay_is_not_written_over(harbour, window, boat, request):
    page, name = window.page, request.node.name
    page.fill(TITLE, TYPED)
    window.open("/office/board")
    edit(harbour, name, "worker", "phone-x", {"title": name}, {"title": "别人写的"}, 1, "boats")
    window.open(boat)
    back = page.input_value(TITLE)
    page.click("main button.primary")
    page.wait_for_url("**?done=both")

    assert back == TYPED
    assert window.left == []
