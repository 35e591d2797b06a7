"""A browser on which somebody signed in rightly before is locked out by nobody else, not even from the same address."""

from __future__ import annotations

import pytest

from server.app import close
from server.office import sessions
from tests.api_county import PASSWORD, lay_people
from tests.county import open_county
from tests.office.desk import Desk, with_passwords

WRONG = "wrong-horse-77"


@pytest.fixture
def county(tmp_path):
    """A county of its own: locks outlast a test."""
    made = with_passwords(open_county(tmp_path / "county", lay_people))
    yield made
    close(made.app)


@pytest.fixture
def browser(county):
    """A browser on which a town's officer signed in once."""
    desk = Desk(county)
    assert desk.sign_in("town").status_code == 303
    sign_out(desk)
    return desk


def sign_out(desk):
    desk.submit(desk.form(desk.open("/office/"), "/office/sign-out"))


def fresh(county):
    desk = Desk(county)
    desk.client = county.app.test_client()
    return desk


def guess(county, name, times):
    """Try wrong passwords from a browser that nobody signed in on, at the address that all share here."""
    stranger = fresh(county)
    return [stranger.sign_in(name, WRONG).status_code for _ in range(times)]


def test_others_behind_the_same_address_lock_out_only_browsers_that_nobody_signed_in_on(county, browser):
    assert guess(county, "town", 21)[-1] == 429

    assert fresh(county).sign_in("town").status_code == 429
    assert browser.sign_in("town").status_code == 303


def test_a_known_browser_may_not_guess_without_end_either_and_locks_out_itself_alone(county, browser):
    assert [browser.sign_in("town", WRONG).status_code for _ in range(21)][-1] == 429

    assert browser.sign_in("town").status_code == 429
    assert fresh(county).sign_in("town").status_code == 303


def test_it_is_known_for_those_who_signed_in_on_it_alone(county, browser):
    guess(county, "brigade", 21)

    assert browser.sign_in("brigade").status_code == 429


def test_people_who_share_a_browser_are_all_remembered(county, browser):
    assert browser.sign_in("brigade").status_code == 303
    sign_out(browser)
    guess(county, "town", 21)

    assert browser.sign_in("town").status_code == 303


@pytest.mark.parametrize("cookie", ["", "x", "W10.x", "eyJhIjoxfQ.abc"])
def test_a_cookie_that_is_not_ours_is_worth_nothing(county, browser, cookie):
    guess(county, "town", 21)
    browser.client.set_cookie(sessions.DEVICE_COOKIE, cookie, path=sessions.SIGN_IN_PATH)

    assert browser.sign_in("town", PASSWORD).status_code == 429


def test_what_the_browser_keeps_names_nobody_and_goes_to_the_sign_in_alone(county):
    desk = Desk(county)
    answer = desk.sign_in("town")

    kept = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(sessions.DEVICE_COOKIE))
    assert "Path=/office/sign-in" in kept and "HttpOnly" in kept and "SameSite=Lax" in kept
    assert "town" not in kept
