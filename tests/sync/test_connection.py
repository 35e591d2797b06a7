"""How the client waits, tries again and gives up; and that what shows who it is goes nowhere else."""

from __future__ import annotations

import json
import random
import sqlite3
import ssl
from contextlib import nullcontext

import pytest
import requests
from requests.exceptions import SSLError

from sync.client import credentials
from sync.client.backoff import Backoff, retry_after_s
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device_file import exchange_lock
from sync.client.failures import NoConnection, NotSignedIn, Refused
from tests.sync.town import ADDRESS, Way, lost_answer, lost_request, says


class Server:
    """Answers from a list, and remembers what it was shown."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.shown = []

    def __call__(self, path, headers, body):
        self.shown.append((path, headers.get("Authorization"), body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def way(self, shown=None, **more):
        session = requests.Session()
        session.mount(ADDRESS, Way(self))
        self.pauses, self.kept = [], []
        return Connection(
            shown or Credentials(ADDRESS, key="secret-key"),
            backoff=Backoff(tries=4, sleep=self.pauses.append, jitter=random.Random(7)),
            session=session,
            on_renewed=self.kept.append,
            **more,
        )


OK = (200, {}, {"fine": True})
BUSY = (503, {"Retry-After": "7"}, {"title": "Service Unavailable", "detail": "忙", "status": 503})


def test_it_tries_again_with_growing_pauses_that_differ_from_phone_to_phone():
    server = Server(requests.ConnectionError(), requests.Timeout(), (502, {}, b"<html>"), OK)

    assert server.way().post("/x", "{}") == {"fine": True}

    assert len(server.pauses) == 3
    assert all(0 <= pause <= 0.5 * 2**tried for tried, pause in enumerate(server.pauses))
    other = Backoff(jitter=random.Random(8))
    assert other.pause_s(1, None) != server.pauses[0]


def test_it_waits_as_long_as_the_server_asks():
    server = Server(BUSY, OK)

    server.way().post("/x", "{}")

    assert 7 <= server.pauses[0] <= 7.5


def test_it_gives_up_at_once_when_asked_to_stay_away_for_long():
    server = Server(
        (429, {"Retry-After": "900"}, {"title": "Too Many Requests", "detail": "请十五分钟后再试。", "status": 429})
    )

    with pytest.raises(NoConnection, match="请十五分钟后再试"):
        server.way().post("/x", "{}")
    assert server.pauses == []


def test_it_gives_up_after_so_many_tries():
    server = Server(*[requests.ConnectionError()] * 4)

    with pytest.raises(NoConnection):
        server.way().post("/x", "{}")
    assert len(server.pauses) == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "Wed, 25 Nov 2026 04:00:30 GMT", "Date": "Wed, 25 Nov 2026 04:00:00 GMT"}, 30),
        ({"Retry-After": "Wed, 25 Nov 2026 04:00:00 GMT", "Date": "Wed, 25 Nov 2026 04:00:30 GMT"}, 0),
    ],
)
def test_a_date_is_held_against_the_servers_own_clock(headers, seconds):
    assert retry_after_s(headers) == seconds


def test_a_sign_in_that_has_run_out_is_renewed_and_kept():
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    server = Server(gone, (200, {}, {"access_token": "second"}), OK)
    way = server.way(Credentials(ADDRESS, "town", access="first", refresh="renewal"))

    way.post("/x", "{}")

    assert [shown for _, shown, _ in server.shown] == ["Bearer first", "Bearer renewal", "Bearer second"]
    assert server.kept == [Credentials(ADDRESS, "town", access="second", refresh="renewal")]


def test_each_renewal_is_shown_the_token_that_the_one_before_gave():
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    pairs = [(200, {}, {"access_token": f"access-{n}", "refresh_token": f"renewal-{n}"}) for n in (2, 3)]
    server = Server(gone, pairs[0], OK, gone, pairs[1], OK)
    way = server.way(Credentials(ADDRESS, "town", access="access-1", refresh="renewal-1"))

    way.post("/x", "{}")
    way.post("/x", "{}")

    assert [shown for path, shown, _ in server.shown if path.endswith("/refresh")] == [
        "Bearer renewal-1",
        "Bearer renewal-2",
    ]
    assert server.kept[-1] == Credentials(ADDRESS, "town", access="access-3", refresh="renewal-3")


def test_a_renewal_whose_answer_was_lost_is_asked_for_again_with_the_same_token():
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    pair = (200, {}, {"access_token": "access-2", "refresh_token": "renewal-2"})
    server = Server(gone, requests.ConnectionError(), pair, OK)
    way = server.way(Credentials(ADDRESS, "town", access="access-1", refresh="renewal-1"))

    way.post("/x", "{}")

    assert [shown for _, shown, _ in server.shown] == [
        "Bearer access-1",
        *["Bearer renewal-1"] * 2,
        "Bearer access-2",
    ]


def test_what_another_program_has_renewed_meanwhile_is_taken_and_renewed_in_turn_where_it_has_run_out():
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    pair = (200, {}, {"access_token": "access-3", "refresh_token": "renewal-3"})
    server = Server(gone, gone, pair, OK)
    others = Credentials(ADDRESS, "town", access="access-2", refresh="renewal-2")
    way = server.way(Credentials(ADDRESS, "town", access="access-1", refresh="renewal-1"), reload=lambda: others)

    way.post("/x", "{}")

    assert [shown for _, shown, _ in server.shown] == [
        "Bearer access-1",
        "Bearer access-2",
        "Bearer renewal-2",
        "Bearer access-3",
    ]


def test_a_sign_in_that_cannot_be_renewed_says_so():
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    server = Server(gone, gone)

    with pytest.raises(NotSignedIn, match="请重新登录"):
        server.way(Credentials(ADDRESS, "town", access="first", refresh="renewal")).post("/x", "{}")


def test_signing_in_with_a_wrong_password_is_told():
    server = Server((401, {}, {"title": "Unauthorized", "detail": "用户名或密码不对。", "status": 401}))

    with pytest.raises(NotSignedIn, match="用户名或密码不对"):
        server.way(Credentials(ADDRESS, "town")).sign_in("town", "wrong")
    assert server.shown[0][1] is None


def test_a_rule_that_says_no_is_told_in_the_servers_words():
    server = Server((422, {}, {"title": "Unprocessable Entity", "detail": "填写内容有误。", "status": 422}))

    with pytest.raises(Refused, match="填写内容有误"):
        server.way().post("/x", "{}")


@pytest.mark.parametrize(
    "answer",
    [(200, {}, b"<html>welcome</html>"), (404, {}, b"<html>no such page</html>"), (307, {}, b"")],
    ids=["a page", "no page", "another page"],
)
@pytest.mark.parametrize("asked", ["work", "sign in", "renewal"])
def test_whatever_a_network_says_in_the_servers_place_is_no_answer(answer, asked):
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})
    server = Server(*([gone] if asked == "renewal" else []), answer)
    way = server.way(Credentials(ADDRESS, "town", access="first", refresh="renewal"))

    with pytest.raises(NoConnection, match="无线网络"):
        way.sign_in("town", "secret") if asked == "sign in" else way.post("/x", "{}")
    assert server.kept == []


@pytest.mark.parametrize("answer", [{"fine": True}, [], {"access_token": 7, "refresh_token": "r"}])
def test_json_that_lets_nobody_in_is_no_sign_in(answer):
    gone = (401, {}, {"title": "Unauthorized", "detail": "请重新登录。", "status": 401})

    with pytest.raises(NoConnection, match="无线网络"):
        Server((200, {}, answer)).way().sign_in("town", "secret")
    with pytest.raises(NoConnection, match="无线网络"):
        Server(gone, (200, {}, answer)).way(Credentials(ADDRESS, "town", access="a", refresh="b")).post("/x", "{}")


def test_an_address_that_leads_nowhere_asks_for_a_new_sign_in():
    with pytest.raises(Refused, match="重新登录"):
        Server(requests.exceptions.InvalidURL()).way().post("/x", "{}")


def test_an_untrusted_certificate_is_not_tried_again():
    error = SSLError("urllib3's words")
    error.__cause__ = ssl.SSLCertVerificationError(1, "self-signed certificate")
    error.__cause__.verify_code, error.__cause__.verify_message = 18, "self-signed certificate"
    server = Server(error)

    with pytest.raises(NoConnection, match="证书不被信任"):
        server.way().post("/x", "{}")
    assert len(server.shown) == 1


def test_a_handshake_that_breaks_off_is_a_weak_signal_and_tried_again():
    server = Server(SSLError("EOF occurred in violation of protocol"), (200, {}, b"{}"))

    assert server.way().post("/x", "{}") == {}


def test_a_redirect_is_not_followed_so_the_key_goes_nowhere_else():
    server = Server((307, {"Location": "http://elsewhere.test/"}, b""))

    with pytest.raises(NoConnection):
        server.way().post("/x", "{}")
    assert len(server.shown) == 1


def test_a_netrc_of_the_user_does_not_replace_the_key(tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine town.test login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = Server(OK)

    server.way().post("/x", "{}")

    assert server.shown[0][1] == "Key secret-key"


def test_what_shows_who_one_is_is_for_the_owners_eyes_and_in_no_message(tmp_path):
    shown = Credentials(ADDRESS, "town", access="token-1", refresh="token-2")

    credentials.save(tmp_path, shown)

    assert (tmp_path / credentials.FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert credentials.load(tmp_path) == shown
    assert "token" not in repr(shown)
    assert [each.name for each in tmp_path.iterdir()] == [credentials.FILE_NAME]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"server": 1, "x": 2}', "null"])
def test_damaged_credentials_ask_for_a_new_sign_in(tmp_path, content):
    (tmp_path / credentials.FILE_NAME).write_text(content)

    with pytest.raises(NotSignedIn, match="重新"):
        credentials.load(tmp_path)


@pytest.mark.parametrize(
    ("address", "server", "key"),
    [
        ("https://fire.example.org", "https://fire.example.org", None),
        ("http://10.0.0.5:8600/", "http://10.0.0.5:8600", None),
        ("http://10.0.0.5:8600/key/abc", "http://10.0.0.5:8600", "abc"),
        (" https://fire.example.org/grid/key/abc/formList ", "https://fire.example.org/grid", "abc"),
    ],
)
def test_the_address_of_a_card_holds_server_and_key(address, server, key):
    assert credentials.server_and_key(address) == (server, key)


@pytest.mark.parametrize("address", ["", "fire", "ftp://x/key/abc", "http://", "https://me:abc@x", "http://[abc"])
def test_what_is_no_address_is_refused_without_repeating_what_may_be_a_key(address):
    with pytest.raises(Refused) as refusal:
        credentials.server_and_key(address)
    assert "abc" not in str(refusal.value)


def test_one_process_at_a_time_talks_to_the_server(phone, phones, town):
    phone.create(head="甲")

    with exchange_lock(phone.folder), pytest.raises(Refused, match="另一个"), exchange_lock(phone.folder, wait_s=0):
        raise AssertionError("two at once")
    with exchange_lock(phone.folder, wait_s=0):
        assert sqlite3.connect(phone.folder / "turn.db").close() is None


def test_a_turn_that_the_disk_does_not_give_is_no_turn_of_another(phone, monkeypatch):
    class Broken(sqlite3.Connection):
        def execute(self, *_):
            failure = sqlite3.OperationalError("disk I/O error")
            failure.sqlite_errorcode = sqlite3.SQLITE_IOERR_LOCK
            raise failure

    whole = sqlite3.connect
    monkeypatch.setattr(
        "sync.client.device.sqlite3.connect", lambda *words, **more: whole(*words, **more, factory=Broken)
    )

    with pytest.raises(sqlite3.OperationalError, match="I/O"), exchange_lock(phone.folder):
        raise AssertionError("no turn was given")


def test_two_processes_that_both_send_do_no_harm(phone, town, monkeypatch):
    """Even without turns: the second sends while the answer to the first is under way."""
    record = phone.create(head="甲")
    monkeypatch.setattr("sync.client.synchronization.exchange_lock", lambda folder: nullcontext())

    def meanwhile(work):
        answer = work()
        phone.push()
        return answer

    town.faults = [meanwhile]
    phone.push()

    assert len({text for _, text in town.received}) == 1
    assert town.state.records[record]["version"] == 1
    assert json.loads(phone.changes()[0]["body"] or "{}") == {}


def test_lost_requests_and_lost_answers_in_any_mixture_end_well(phone, town):
    chance = random.Random(4711)
    ids = [phone.create(head=str(number)) for number in range(10)]
    for each in ids:
        phone.edit(each, head="x")
    town.limits = {"changes": 3, "bytes": 10**6}
    for _ in range(40):
        town.faults = [chance.choice([lost_request, lost_answer, lambda work: work(), says(503)]) for _ in range(9)]
        try:
            phone.push()
            phone.pull()
        except NoConnection:
            continue
    town.faults = []
    phone.push()

    assert {record["fields"]["head"] for record in town.state.records.values()} == {"x"}
    assert {record["version"] for record in town.state.records.values()} == {2}
