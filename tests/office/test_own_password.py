"""People change their password on a page, which whoever was given one by somebody else comes to first."""

from __future__ import annotations

import pytest

from server.people.usecases import passwords
from tests.api_county import PASSWORD
from tests.office.desk import Desk, Reader
from tests.passwords import hash_of

GIVEN, NEW = "kolmi-tarre-55", "chosen-by-li-26"
PAGE = "/office/password"


@pytest.fixture
def desk(county_to_change):
    return Desk(county_to_change)


def change(desk, old=PASSWORD, new=NEW, again=None):
    form = desk.form(desk.open(PAGE), PAGE)
    return desk.submit(form, old_password=old, new_password=new, again=new if again is None else again)


def test_a_changed_password_signs_in_and_the_page_goes_on(desk):
    desk.sign_in("town")

    done = change(desk)

    assert (done.status_code, done.headers["Location"]) == (303, "/office/")
    assert desk.open("/office/").status_code == 200
    assert desk.client.post("/api/v1/session", json={"username": "town", "password": NEW}).status_code == 200


def test_the_menu_of_every_page_leads_there(desk):
    desk.sign_in("town")

    assert PAGE in Reader(desk.open("/office/").text).links


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ({"old": "wrong-word-77"}, 422, "原密码不对"),
        ({"new": "short"}, 422, "至少10个字符"),
        ({"again": "another-one-77"}, 422, "两次输入的新密码不一样"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_that_was_typed(desk, values, status, said):
    desk.sign_in("town")

    refused = change(desk, **values)

    assert refused.status_code == status
    assert said in refused.text
    assert not any(word in refused.text for word in (PASSWORD, NEW, *values.values()))
    assert desk.open("/office/").status_code == 200


def test_guessing_the_old_password_on_the_page_is_locked_out(desk):
    desk.sign_in("town")

    statuses = [change(desk, old=f"wrong-word-{number}").status_code for number in range(20)]

    assert statuses[:19] == [422] * 19
    assert statuses[19] == 429


def test_who_was_given_a_password_comes_to_the_page_first_from_everywhere(desk, county_to_change):
    hashed = hash_of(GIVEN)
    county_to_change.do(passwords.reset, "town", hashed, by="admin")
    desk.sign_in("town", GIVEN)

    for path in ("/", "/office/", "/office/board"):
        led = desk.open(path)
        assert (led.status_code, led.headers["Location"]) == (303, PAGE)
    by_script = desk.open("/office/board", **{"HX-Request": "true"})
    assert by_script.headers["HX-Redirect"] == PAGE
    assert "别人设的" in desk.open(PAGE).text
    assert change(desk, old=GIVEN).headers["Location"] == "/office/"
    assert desk.open("/office/").status_code == 200


def test_who_was_given_a_password_may_sign_out_instead(desk, county_to_change):
    hashed = hash_of(GIVEN)
    county_to_change.do(passwords.reset, "town", hashed, by="admin")
    desk.sign_in("town", GIVEN)

    gone = desk.submit(desk.form(desk.open(PAGE), "/office/sign-out"))

    assert gone.headers["Location"] == "/"
    assert desk.open(PAGE).status_code == 401


def test_nobody_changes_a_password_without_signing_in_or_from_another_page(desk):
    assert desk.open(PAGE).status_code == 401
    desk.sign_in("town")

    bare = desk.client.post(PAGE, data={"old_password": PASSWORD, "new_password": NEW, "again": NEW})

    assert bare.status_code == 401
    assert desk.client.post("/api/v1/session", json={"username": "town", "password": PASSWORD}).status_code == 200
