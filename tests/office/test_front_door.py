"""Signing in at a page leads to one's work; signing out, time and another password end it; no other site gets in."""

from __future__ import annotations

import gzip

import pytest

from server.app import close
from server.people.usecases import passwords
from server.settings import OfferedSignIn
from tests.api_county import PASSWORD, PEOPLE, lay_people
from tests.county import Clock, open_county
from tests.office.desk import Desk, Reader
from tests.passwords import hash_of

FIRST = {
    "grid_worker": "/office/",
    "village_officer": "/office/",
    "town_station": "/office/",
    "dept_handler": "/office/",
    "brigade": "/office/figures",
    "county_admin": "/office/admin",
    "viewer": "/office/board",
}


@pytest.fixture
def desk(county):
    return Desk(county)


def test_the_front_door_is_a_sign_in_page(desk):
    page = desk.open("/")

    assert page.status_code == 200
    assert page.content_type == "text/html; charset=utf-8"
    assert "涞源县" in page.text and "发现火情，先打119" in page.text


@pytest.mark.parametrize(("name", "role"), [(name, role) for name, role, *_ in PEOPLE])
def test_signing_in_leads_each_role_to_where_its_work_is(desk, name, role):
    answer = desk.sign_in(name)

    assert (answer.status_code, answer.headers["Location"]) == (303, FIRST[role])
    assert desk.open("/").headers["Location"] == FIRST[role]
    assert desk.open(FIRST[role]).status_code == (303 if FIRST[role] == "/office/admin" else 200)


def test_a_wrong_password_says_so_keeps_the_name_and_never_which_of_both_was_wrong(desk):
    wrong, unknown = desk.sign_in("town", "not-the-password"), desk.sign_in("nobody", PASSWORD)

    assert wrong.status_code == unknown.status_code == 401
    for page in (wrong, unknown):
        assert "用户名或密码不对；请核对后再试，忘记密码请联系管理员重设。" in page.text
    assert desk.form(wrong, "/office/sign-in").fields["username"] == "town"
    assert desk.cookie("firegrid_office") is None


def test_too_many_wrong_passwords_say_until_when_one_waits(county_to_change):
    desk = Desk(county_to_change)

    pages = [desk.sign_in("town", f"wrong-{number}") for number in range(6)]

    assert pages[-1].status_code == 429
    assert "之后再试" in pages[-1].text


def test_a_link_that_somebody_sent_opens_after_signing_in(desk):
    asked = desk.open("/office/board?tab=feedback&overdue=1")
    answer = desk.submit(desk.form(asked, "/office/sign-in"), username="town", password=PASSWORD)

    assert asked.status_code == 401
    assert answer.headers["Location"] == "/office/board?tab=feedback&overdue=1"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.org/", "//example.org/", "/office\\..", "/api/v1/records", "/officex"]
)
def test_signing_in_leads_to_no_place_but_our_pages(desk, elsewhere):
    form = desk.form(desk.open("/"), "/office/sign-in")
    answer = desk.submit(form, username="town", password=PASSWORD, next=elsewhere)

    assert answer.headers["Location"] == "/office/"


def test_the_cookie_is_for_this_site_and_for_no_script(desk):
    desk.sign_in("town")
    cookie = desk.cookie("firegrid_office")

    assert cookie.http_only and cookie.same_site == "Lax" and not cookie.secure


def test_over_https_the_cookie_goes_over_nothing_else(county):
    client = county.app.test_client()
    form = Reader(client.get("/", base_url="https://localhost").text).forms[-1]
    values = {**form.fields, "username": "town", "password": PASSWORD}
    answer = client.post("/office/sign-in", data=values, base_url="https://localhost")

    assert all("Secure" in each for each in answer.headers.getlist("Set-Cookie") if "Max-Age=0" not in each)


def test_signing_out_ends_the_session_even_for_who_kept_its_cookie(county_to_change):
    desk = Desk(county_to_change)
    desk.sign_in("town")
    kept = desk.cookie("firegrid_office").value

    gone = desk.submit(desk.form(desk.open("/office/"), "/office/sign-out"))
    desk.client.set_cookie("firegrid_office", kept)

    assert (gone.status_code, gone.headers["Location"]) == (303, "/")
    assert desk.open("/office/").status_code == 401


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def timed(tmp_path, clock):
    """A desk in a county whose clock the test sets."""
    made = open_county(tmp_path / "timed", lay_people, clock=clock)
    yield Desk(made)
    close(made.app)


def test_who_does_nothing_for_half_an_hour_is_signed_out_and_who_works_stays(timed, clock):
    desk = timed
    desk.sign_in("town")
    for _ in range(3):
        clock.pass_by(minutes=20)
        assert desk.open("/office/").status_code == 200

    clock.pass_by(minutes=31)
    away = desk.open("/office/board")

    assert away.status_code == 401
    assert "您已退出，请重新登录：30分钟没有操作。" in away.text


def test_what_a_page_polls_for_keeps_nobody_signed_in(timed, clock):
    timed.sign_in("town")
    for _ in range(2):
        clock.pass_by(minutes=20)
        last = timed.open("/office/board?poll=1")

    assert last.status_code == 401


def test_another_password_ends_the_session(county_to_change):
    desk = Desk(county_to_change)
    desk.sign_in("town")
    other = hash_of("another-horse-8")
    county_to_change.do(passwords.reset, "town", other, by="admin")

    assert desk.open("/office/").status_code == 401


def test_a_part_of_a_page_that_is_asked_for_signed_out_leaves_asking_to_the_page(desk):
    answer = desk.open("/office/board", **{"HX-Request": "true"})

    assert (answer.status_code, answer.text) == (401, "")


def test_signing_out_everywhere_ends_the_sessions_of_other_browsers_too(county_to_change):
    here, there = Desk(county_to_change), Desk(county_to_change)
    for each in (here, there):
        each.sign_in("town")

    here.submit(here.form(here.open("/office/password"), "/office/sign-out/everywhere"))

    assert [each.open("/office/").status_code for each in (here, there)] == [401, 401]


def test_pages_are_compressed_and_hold_no_secret_that_stays_the_same(county):
    desk = Desk(county)
    desk.sign_in("town")
    plain = desk.open("/office/board")
    packed = desk.open("/office/board", **{"Accept-Encoding": "gzip"})
    tokens = {desk.form(desk.open("/office/board"), "/office/sign-out").fields["form_token"] for _ in range(2)}

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip" and "Accept-Encoding" in packed.headers["Vary"]
    assert "案件看板" in gzip.decompress(packed.data).decode()
    assert len({part for token in tokens for part in token.split(".")[:1]}) == 2


@pytest.mark.parametrize("cookie", ["", "x", "eyJ4IjoxfQ.AAAA", "W10.x" * 100])
def test_a_cookie_that_is_none_of_ours_is_nobodys(desk, cookie):
    desk.client.set_cookie("firegrid_office", cookie)

    assert desk.open("/office/").status_code == 401
    assert desk.open("/").status_code == 200


def test_a_form_without_its_token_or_with_that_of_another_session_does_nothing(county_to_change):
    desk, other = Desk(county_to_change), Desk(county_to_change)
    desk.sign_in("town")
    other.sign_in("town")
    form = other.form(other.open("/office/password"), "/office/password")

    taken = desk.submit(form)
    bare = desk.client.post("/office/sign-out")

    assert taken.status_code == bare.status_code == 401
    assert desk.open("/office/").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.org"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_that_another_site_sends_does_nothing(desk, headers):
    desk.sign_in("town")
    form = desk.form(desk.open("/office/"), "/office/sign-out")

    answer = desk.submit(form, headers=headers)

    assert answer.status_code == 403
    assert desk.open("/office/").status_code == 200


def test_nobody_is_signed_in_by_a_form_of_another_site(desk):
    form = desk.form(desk.open("/"), "/office/sign-in")
    desk.client.delete_cookie("firegrid_form")

    answer = desk.submit(form, username="town", password=PASSWORD)

    assert answer.status_code == 400
    assert "请在浏览器的设置里允许本站的 Cookie" in answer.text
    assert desk.open("/office/").status_code == 401


def test_a_sign_in_page_that_was_open_while_somebody_signed_in_elsewhere_asks_again(desk):
    form = desk.form(desk.open("/"), "/office/sign-in")
    desk.sign_in("town")

    assert "这一页放得太久了" in desk.submit(form, username="town", password=PASSWORD).text


def test_who_has_no_duty_any_more_sees_an_empty_day(desk):
    desk.sign_in("gone")
    page = desk.open("/office/")

    assert page.status_code == 200
    assert "今天没有等您办的事" in page.text


def test_the_language_is_chosen_on_any_page_and_leads_back_to_it(desk):
    desk.sign_in("town")
    form = desk.form(desk.open("/office/board?tab=feedback"), "/office/language")

    answer = desk.submit(form, language="en")
    page = desk.open(answer.headers["Location"])

    assert answer.headers["Location"] == "/office/board?tab=feedback"
    assert "To check" in page.text and '<html lang="en">' in page.text


@pytest.fixture
def demonstration(tmp_path):
    """A desk in a county that offers sign-ins to anybody, as a demonstration does."""
    offered = (OfferedSignIn("town_station", "town", PASSWORD), OfferedSignIn("town_station", "othertown", PASSWORD))
    made = open_county(tmp_path / "demonstration", lay_people, sign_ins=offered)
    yield Desk(made)
    close(made.app)


def test_a_demonstration_offers_one_sign_in_of_each_role(demonstration):
    page = demonstration.open("/")
    chips = [link for link in Reader(page.text).links if "as=" in link]
    answer = demonstration.submit(demonstration.form(demonstration.open(chips[0]), "/office/sign-in"))

    assert chips == ["/office/sign-in?as=town"]
    assert answer.headers["Location"] == "/office/"


def test_nobody_elses_sign_in_page_offers_any(desk):
    assert "as=" not in desk.open("/").text
    assert PASSWORD not in desk.open("/office/sign-in?as=town").text


@pytest.mark.parametrize(("origin", "status"), [("https://fire.example.org", 303), ("https://evil.example", 403)])
def test_a_proxy_that_passes_its_own_name_on_keeps_nobody_out(tmp_path, origin, status):
    made = open_county(tmp_path / "proxied", lay_people, public_url="https://fire.example.org/grid")
    desk = Desk(made)
    form = desk.form(desk.client.get("/", base_url="https://localhost:8600"), "/office/sign-in")
    values = {**form.fields, "username": "town", "password": PASSWORD}
    base = {"base_url": "https://localhost:8600", "headers": {"Origin": origin}}
    answer = desk.client.post("/office/sign-in", data=values, **base)
    close(made.app)

    assert answer.status_code == status


def test_who_signs_in_without_https_where_the_system_has_it_is_told_the_address(tmp_path):
    made = open_county(tmp_path / "https", lay_people, public_url="https://fire.example.org")
    desk = Desk(made)
    form = desk.form(desk.open("/"), "/office/sign-in")
    desk.client.delete_cookie("firegrid_form")  # as browsers do with one that is for https alone
    answer = desk.submit(form, username="town", password=PASSWORD)
    close(made.app)

    assert answer.status_code == 400
    assert "请改从 https://fire.example.org 打开本系统" in answer.text


@pytest.mark.parametrize(("second", "status"), [("town", 401), ("worker", 200)])
def test_signing_out_on_a_page_of_an_earlier_session_ends_the_present_one_of_the_same_person(
    county_to_change, second, status
):
    desk = Desk(county_to_change)
    desk.sign_in("town")
    old = desk.form(desk.open("/office/"), "/office/sign-out")
    desk.sign_in(second, at="/office/sign-in")

    desk.submit(old)

    assert desk.open("/office/").status_code == status
