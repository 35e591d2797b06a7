"""Whom the phones' door lets in, and how it answers the others (``openrosa.md`` section 7, 3 to 5, 96 to 100)."""

from __future__ import annotations

import base64
import io
import json
import zlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from ipaddress import ip_network

import orjson
import pytest
import structlog

from server.people.domain.passwords import PasswordState
from server.people.usecases import password_hashing, passwords, phone_keys, setup_qr
from server.staffing.usecases import enrolment
from server.web import observability
from tests.filled_forms import a_station, new_uuid
from tests.odk_collect import HEADERS, Phone, is_chinese, message_of
from tests.passwords import hash_of
from tests.valley import UNIT, a_valley

HTTPS = "https://fire.example.org"
PASSWORD = "correct-horse-7"
PATHS = ("formList", "submission", "forms/hazard.xml", "forms/hazard/manifest", "lists/hazards/integrity")


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.fixture
def keeper(valley) -> str:
    """A worker who signs in with a password."""
    hashed = hash_of(PASSWORD)
    own = {"password_hash": hashed, "password_state": PasswordState.OWN}
    valley.do(enrolment.add_user, "keeper", role="grid_worker", area=UNIT, by="test", **own)
    return "keeper"


def ask(valley, path: str = "/formList", root: str = HTTPS, address: str = "127.0.0.1", **headers: str):
    """Ask without a key in the path."""
    shown = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return valley.app.test_client().get(
        path, base_url=root, headers=shown, environ_base={"REMOTE_ADDR": address}, buffered=True
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_caller_without_a_key_is_asked_for_a_password_over_https(valley, path):
    # 3, 97
    answer = ask(valley, f"/{path}")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert is_chinese(message_of(answer))


def test_a_password_is_neither_asked_for_nor_taken_over_http(valley, keeper):
    # 98
    for headers in ({}, {"Authorization": basic(keeper, PASSWORD)}):
        answer = ask(valley, root="http://fire.example.org", **headers)

        assert answer.status_code == 401
        assert "WWW-Authenticate" not in answer.headers
        assert "二维码" in message_of(answer)


def test_name_and_password_open_the_door_over_https(valley, keeper):
    # 97
    login = basic(keeper, PASSWORD)

    answer = ask(valley, Authorization=login)

    assert answer.status_code == 200
    assert b"https://fire.example.org/forms/hazard.xml" in answer.data
    xml = a_station(new_uuid()).xml()
    parts = {"xml_submission_file": (io.BytesIO(xml), "a.xml", "text/xml")}
    sent = valley.app.test_client().post(
        "/submission", base_url=HTTPS, data=parts, headers={**HEADERS, "Authorization": login}
    )
    assert sent.status_code == 201
    assert valley.rows("SELECT author FROM submission") == [{"author": keeper}]


@pytest.mark.parametrize(
    "login", [basic("keeper", "wrong-horse-8"), basic("nobody", PASSWORD), "Basic ???", "Bearer x"]
)
def test_a_wrong_login_is_challenged_again(valley, keeper, login):
    answer = ask(valley, Authorization=login)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert is_chinese(message_of(answer))


def test_too_many_wrong_passwords_are_answered_in_a_status_that_phones_know(valley, keeper):
    statuses = {ask(valley, Authorization=basic(keeper, f"wrong-{n}")).status_code for n in range(12)}

    assert statuses == {400, 401}


@pytest.mark.parametrize("key", ["unknown", "%FF%FE", "..", "a" * 5000])
def test_an_unknown_key_is_refused_without_asking_for_a_password(valley, key):
    # 4
    stranger = Phone(valley, "nobody", f"/key/{key}")
    answers = [stranger.get("formList"), stranger.send(a_station(new_uuid()))]

    for answer in answers:
        assert answer.status_code == 403
        assert "WWW-Authenticate" not in answer.headers
        assert is_chinese(message_of(answer))
    assert stranger.head().status_code == 403
    assert valley.count("submission") == 0


def test_a_replaced_key_and_a_revoked_person_are_refused_at_once(valley, phone):
    # 5
    newer = valley.do(phone_keys.replace, "worker", by="admin")
    assert phone.get("formList").status_code == 403
    fresh = Phone(valley, "worker", f"/key/{newer}")
    assert fresh.get("formList").status_code == 200

    valley.do(enrolment.revoke_user, "worker", by="admin")

    for answer in (fresh.get("formList"), fresh.send(a_station(new_uuid())), fresh.get("forms/hazard.xml")):
        assert answer.status_code == 403
        assert "停用" in message_of(answer)


def test_a_new_key_leaves_the_old_one_good(valley, phone):
    valley.do(phone_keys.issue, "worker", by="admin")

    assert phone.get("formList").status_code == 200


def test_who_only_looks_may_not_send(valley):
    # 52
    viewer = valley.phone("viewer")

    assert viewer.head().status_code == 403
    answer = viewer.send(a_station(new_uuid()))
    assert answer.status_code == 403
    assert "不能提交" in message_of(answer)
    assert valley.holdings()["submission"] == 0


@pytest.mark.parametrize("path", PATHS)
def test_a_password_that_somebody_else_has_set_opens_nothing_on_a_phone_until_it_is_changed(valley, keeper, path):
    given = "kolmi-tarre-55"
    valley.do(passwords.reset, keeper, hash_of(given), by="admin")

    answers = [ask(valley, f"/{path}", Authorization=basic(keeper, given)) for _ in range(2)]  # the second is cached

    for answer in answers:
        assert answer.status_code == 403
        assert "浏览器" in message_of(answer)
    passwords.change_own(valley.store, keeper, "", given, PASSWORD)
    assert ask(valley, Authorization=basic(keeper, PASSWORD)).status_code == 200


@pytest.mark.one_process  # each process has a queue of its own
def test_a_phone_that_signs_in_while_too_many_do_is_told_to_come_again(valley, keeper):
    login = basic(keeper, PASSWORD)
    with ThreadPoolExecutor(password_hashing.WAITING_MAX + 1) as phones:
        with password_hashing.QUEUE.turn():
            asking = [phones.submit(ask, valley, Authorization=login) for _ in range(password_hashing.WAITING_MAX + 1)]
            answer = next(as_completed(asking)).result()
        statuses = sorted(each.result().status_code for each in asking)

    assert statuses == [200] * password_hashing.WAITING_MAX + [503]
    assert "登录的人太多" in message_of(answer)
    assert answer.headers["Retry-After"] == str(password_hashing.RETRY_AFTER_S)


def test_the_address_on_the_card_works_with_no_other_credentials(valley):
    # 95, 96
    key = valley.keys["worker"]
    settings = setup_qr.settings(f"http://localhost/key/{key}", "worker", "荆山口村")
    scanned = json.loads(zlib.decompress(base64.b64decode(setup_qr.payload(settings))))
    server_url = scanned["general"]["server_url"]

    assert valley.phone().get(f"{server_url}/formList").status_code == 200


def test_the_key_beats_a_wrong_authorization(valley, keeper):
    # 99
    answer = valley.phone().get("formList", Authorization=basic(keeper, "wrong"))

    assert answer.status_code == 200


def test_no_answer_sets_a_cookie(valley, phone):
    # 100
    answers = [phone.get(path) for path in (*PATHS, "forms/hazard/attachments/hazards.csv", "nowhere")]
    answers += [phone.head(), phone.send(a_station(new_uuid())), ask(valley)]

    assert not [answer for answer in answers if "Set-Cookie" in answer.headers]


FORWARDED = {"X_Forwarded_Proto": "https", "X_Forwarded_Host": "fire.example.org", "X_Forwarded_For": "203.0.113.9"}


def test_forwarded_headers_are_believed_from_a_trusted_proxy_alone(tmp_path):
    with a_valley(tmp_path / "data", trusted_proxies=(ip_network("10.0.0.0/8"),)) as valley:
        path = f"{valley.phone().base}/formList"

        def first_url(address: str) -> bytes:
            answer = ask(valley, path, "http://inner:8600", address, **FORWARDED)
            return answer.data.partition(b"<downloadUrl>")[2].partition(b"/key")[0]

        assert first_url("10.1.2.3") == b"https://fire.example.org"
        assert first_url("192.168.1.1") == b"http://inner:8600"
        assert first_url("") == b"http://inner:8600"
        assert ask(valley, "/formList", "http://inner:8600", "10.1.2.3", **FORWARDED).headers["WWW-Authenticate"]


@pytest.mark.one_process  # the balancer is trusted
def test_without_a_trusted_proxy_nobody_is_believed(phone):
    answer = phone.get("formList", **FORWARDED)

    assert b"http://localhost/key/" in answer.data
    assert b"fire.example.org" not in answer.data


def test_a_public_address_stands_in_every_list(tmp_path):
    with a_valley(tmp_path / "data", public_url="https://fire.example.org/laiyuan") as valley:
        phone = valley.phone()

        assert phone.form("hazard")["downloadUrl"] == f"https://fire.example.org/laiyuan{phone.base}/forms/hazard.xml"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "submission", 405),
        ("DELETE", "formList", 405),
        ("OPTIONS", "submission", 405),
        ("POST", "formList", 405),
        ("GET", "nowhere", 404),
        ("POST", "forms", 404),
        ("GET", "formlist", 404),
    ],
)
def test_what_the_door_does_not_know_is_answered_in_the_envelope(phone, method, path, status):
    answer = phone.valley.app.test_client().open(f"{phone.base}/{path}", method=method, headers=HEADERS)

    assert answer.status_code == status
    assert is_chinese(message_of(answer))


def test_a_phone_that_keeps_asking_is_written_down_once_a_minute(valley, phone):
    phone.get("formList?deviceID=collect%3Aabc")
    first = valley.rows("SELECT last_seen_at, device, app_version FROM phone_key WHERE person = 'worker'")[0]
    phone.get("formList?deviceID=collect%3Aabc")
    again = valley.rows("SELECT last_seen_at FROM phone_key WHERE person = 'worker'")[0]
    valley.clock.pass_by(minutes=2)
    phone.get("formList")
    later = valley.rows("SELECT last_seen_at, device FROM phone_key WHERE person = 'worker'")[0]

    assert (first["device"], first["app_version"]) == ("collect:abc", HEADERS["User-Agent"])
    assert again["last_seen_at"] == first["last_seen_at"] < later["last_seen_at"]
    assert later["device"] == "collect:abc"


def test_neither_key_nor_answer_is_ever_logged(valley, phone, monkeypatch):
    written = io.BytesIO()
    renderer = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    log = structlog.wrap_logger(structlog.BytesLogger(written), processors=[renderer])
    monkeypatch.setattr(observability, "log", log)
    phone.get("formList")
    phone.get("nowhere")
    phone.send(a_station(new_uuid(), head="13812345678"))

    said = written.getvalue()
    assert said.count(b"\n") >= 3
    assert valley.keys["worker"].encode() not in said
    assert b"13812345678" not in said


PUBLIC = "https://fire.example.org/laiyuan"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:443", "fire.example.org.evil.example", "10.9.9.9", "[::1"]
)
def test_where_a_public_address_is_set_another_host_is_answered_400(tmp_path, host):
    with a_valley(tmp_path / "data", public_url=PUBLIC) as valley:
        client, form_list = valley.app.test_client(), f"{valley.phone().base}/formList"

        phones = client.get(form_list, headers={**HEADERS, "Host": host})
        others = client.get("/api/v1/records", headers={"Host": host})

    assert (phones.status_code, others.status_code) == (400, 400)
    assert "FIREGRID_HOSTS" in message_of(phones)
    assert others.json["type"] == "/problems/host-unknown"
    assert PUBLIC in others.json["detail"]


@pytest.mark.parametrize(
    "host", ["fire.example.org", "FIRE.example.org.:8443", "localhost:8600", "old.example.org", "10.1.2.3:8600"]
)
def test_the_names_of_this_installation_and_its_own_address_are_answered(tmp_path, host):
    with a_valley(tmp_path / "data", public_url=PUBLIC, hosts=("old.example.org",)) as valley:
        answer = valley.app.test_client().get(
            f"{valley.phone().base}/formList",
            headers={**HEADERS, "Host": host},
            environ_overrides={"SERVER_NAME": "10.1.2.3"},
        )

    assert answer.status_code == 200


def test_behind_a_trusted_proxy_the_host_is_the_one_that_it_forwards(tmp_path):
    trusted = (ip_network("10.0.0.0/8"),)
    with a_valley(tmp_path / "data", public_url=PUBLIC, trusted_proxies=trusted) as valley:

        def status(forwarded: str, address: str) -> int:
            return (
                valley.app.test_client()
                .get(
                    f"{valley.phone().base}/formList",
                    headers={**HEADERS, "Host": "inner:8600", "X-Forwarded-Host": forwarded},
                    environ_overrides={"REMOTE_ADDR": address, "SERVER_NAME": "10.0.0.1"},
                )
                .status_code
            )

        assert status("fire.example.org", "10.1.2.3") == 200
        assert status("evil.example, fire.example.org", "10.1.2.3") == 200
        assert status("fire.example.org, evil.example", "10.1.2.3") == 400
        assert status("fire.example.org", "192.168.1.1") == 400


def test_without_a_public_address_any_host_is_answered(phone):
    assert phone.get("formList", Host="whatever.example").status_code == 200
