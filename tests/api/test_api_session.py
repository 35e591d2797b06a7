"""People sign in to the API with a password, stay signed in, and are out when they leave or are sent away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from itertools import islice

import pytest
from flask_jwt_extended import create_access_token, create_refresh_token, decode_token

from schemas.people import RefreshedSessionSchema, SessionSchema
from server.people.usecases import password_hashing, passwords
from server.staffing.usecases import enrolment
from tests.api_county import COUNTY, PASSWORD, UNIT
from tests.passwords import hash_of


def begin(county, name="officer", password=PASSWORD):
    return county.client.post("/api/v1/session", json={"username": name, "password": password})


def ask(county, token, path="/records", scheme="Bearer"):
    return county.client.get(f"/api/v1{path}", headers={"Authorization": f"{scheme} {token}"})


def test_signing_in_gives_two_tokens_and_says_who_one_is(office):
    answer = begin(office)

    assert answer.status_code == 200
    assert SessionSchema().validate(answer.json) == {}
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["user"]["name"] == "officer"
    assert [(duty["role"], duty["role_label"]) for duty in answer.json["user"]["duties"]] == [
        ("village_officer", "村/社区干部")
    ]
    assert ask(office, answer.json["access_token"]).status_code == 200


@pytest.mark.parametrize(("name", "password"), [("officer", "wrong"), ("nobody", PASSWORD), ("OFFICER", PASSWORD)])
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(office, name, password):
    answer = begin(office, name, password)

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/sign-in-failed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert PASSWORD not in answer.text


def test_repeated_failures_lock_the_account_and_say_until_when(office):
    for _ in range(4):
        begin(office, password="wrong")

    answer = begin(office, password="wrong")
    right = begin(office)

    assert (answer.status_code, right.status_code) == (429, 429)
    assert answer.json["type"] == "/problems/locked-out"
    assert answer.json["until"].endswith("Z")
    assert "北京时间" in answer.json["detail"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"username", "password"}),
        ({"username": "officer"}, {"password"}),
        ({"username": 1, "password": None, "colour": "red"}, {"username", "password", "colour"}),
        ({"username": "x" * 65, "password": "x" * 201}, {"username", "password"}),
        (["officer"], {""}),
    ],
)
def test_every_wrong_field_of_a_sign_in_is_named_at_once(office, body, named):
    answer = office.client.post("/api/v1/session", json=body)

    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == named


@pytest.mark.parametrize("body", [b"{", b"[" * 5_000, b'{"username": "\xff"}', b"NaN"])
def test_a_body_that_is_no_json_is_refused(office, body):
    answer = office.client.post("/api/v1/session", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_form_instead_of_json_is_refused_with_the_cure(office):
    answer = office.client.post("/api/v1/session", data={"username": "officer", "password": PASSWORD})

    assert answer.status_code == 400
    assert "application/json" in answer.json["detail"]


def test_a_huge_body_is_not_read(office):
    body = b'"' + b"x" * 100_000 + b'"'

    assert office.client.post("/api/v1/session", data=body, content_type="application/json").status_code == 413


def test_refreshing_gives_another_access_token(office):
    session = begin(office).json

    answer = office.client.post(
        "/api/v1/session/refresh", headers={"Authorization": f"Bearer {session['refresh_token']}"}
    )

    assert answer.status_code == 200
    assert RefreshedSessionSchema().validate(answer.json) == {}
    assert answer.json["access_token"] != session["access_token"]
    assert answer.json["refresh_token"] != session["refresh_token"]
    assert ask(office, answer.json["access_token"]).status_code == 200


def refresh(county, token):
    return county.client.post("/api/v1/session/refresh", headers={"Authorization": f"Bearer {token}"})


def test_a_refresh_token_works_once_and_again_only_while_its_answer_may_be_lost(office):
    first = begin(office).json["refresh_token"]
    refresh(office, first)
    again = refresh(office, first)
    ask(office, again.json["access_token"])

    late = refresh(office, first)

    assert (again.status_code, late.status_code) == (200, 401)
    assert late.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(office, again.json["access_token"]).status_code == 401
    assert refresh(office, again.json["refresh_token"]).status_code == 401


def change(county, token, old, new):
    return county.client.post(
        "/api/v1/session/password",
        json={"old_password": old, "new_password": new},
        headers={"Authorization": f"Bearer {token}"},
    )


def test_a_given_password_opens_nothing_but_its_change_and_signing_out(office):
    given = office.post("/users/officer/password", "admin").json["password"]
    session = begin(office, password=given).json
    token = session["access_token"]

    assert session["must_change_password"]
    shown = {"Authorization": f"Bearer {token}"}
    for answer in (
        ask(office, token),
        ask(office, token, "/forms"),
        office.client.post("/api/v1/sync/pull", json={"device": "laptop", "unsent": 0}, headers=shown),
        refresh(office, session["refresh_token"]),
    ):
        assert answer.status_code == 403
        assert answer.json["type"] == "/problems/password-change-required"
        assert "改" in answer.json["detail"]
    assert change(office, token, given, "chosen-one-77").status_code == 204
    assert ask(office, token).status_code == 200
    assert not begin(office, password="chosen-one-77").json["must_change_password"]


def test_who_has_to_change_their_password_may_sign_out_instead(office):
    given = office.post("/users/officer/password", "admin").json["password"]
    token = begin(office, password=given).json["access_token"]

    ended = office.client.delete("/api/v1/session?everywhere=true", headers={"Authorization": f"Bearer {token}"})

    assert ended.status_code == 204
    assert change(office, token, given, "chosen-one-77").status_code == 401


def test_a_change_names_the_field_that_is_wrong_and_no_password(office):
    token = begin(office).json["access_token"]

    wrong, weak = change(office, token, "wrong-word-77", "chosen-one-77"), change(office, token, PASSWORD, "short")

    assert (wrong.status_code, weak.status_code) == (422, 422)
    assert [error["field"] for error in wrong.json["errors"]] == ["old_password"]
    assert [error["field"] for error in weak.json["errors"]] == ["new_password"]
    assert "wrong-word-77" not in wrong.text
    assert change(office, "", PASSWORD, "chosen-one-77").status_code == 401


def test_signing_out_everywhere_ends_every_session_of_this_person_alone(office):
    sessions, other = [begin(office).json for _ in range(2)], begin(office, "town").json
    shown = {"Authorization": f"Bearer {sessions[0]['access_token']}"}

    ended = office.client.delete("/api/v1/session?everywhere=true", headers=shown)

    assert ended.status_code == 204
    for session in sessions:
        assert ask(office, session["access_token"]).status_code == 401
        assert refresh(office, session["refresh_token"]).status_code == 401
    assert ask(office, other["access_token"]).status_code == 200


def test_the_two_tokens_are_not_taken_for_each_other(office):
    session = begin(office).json

    swapped = office.client.post(
        "/api/v1/session/refresh", headers={"Authorization": f"Bearer {session['access_token']}"}
    )

    assert swapped.status_code == 401
    assert ask(office, session["refresh_token"]).status_code == 401


@pytest.mark.parametrize("shown", ["access_token", "refresh_token"])
def test_signing_out_ends_both_tokens_of_this_session_alone(office, shown):
    session, other = begin(office).json, begin(office).json

    ended = office.client.delete("/api/v1/session", headers={"Authorization": f"Bearer {session[shown]}"})

    refreshed = office.client.post(
        "/api/v1/session/refresh", headers={"Authorization": f"Bearer {session['refresh_token']}"}
    )
    assert (ended.status_code, ended.data) == (204, b"")
    assert ask(office, session["access_token"]).status_code == 401
    assert refreshed.status_code == 401
    assert ask(office, other["access_token"]).status_code == 200


def test_another_password_ends_the_sessions_before_it(office):
    session = begin(office).json
    changed = hash_of("another-horse-8")

    office.store.write(lambda tx: passwords.reset(tx, "officer", changed, by="admin"))

    assert ask(office, session["access_token"]).status_code == 401
    assert begin(office, password="another-horse-8").status_code == 200


def test_a_revoked_person_is_out_at_once(office):
    session = begin(office).json

    office.store.write(lambda tx: enrolment.revoke_user(tx, "officer", by="admin"))

    assert ask(office, session["access_token"]).status_code == 401
    assert ask(office, office.keys["officer"], scheme="Key").status_code == 403
    assert begin(office).status_code == 401


def test_a_token_that_has_run_out_asks_to_sign_in_again(office):
    claims = _claims(office, begin(office).json["access_token"])
    with office.app.app_context():
        late = create_access_token("officer", expires_delta=timedelta(seconds=-1), additional_claims=claims)
        good = create_access_token("officer", additional_claims=claims)

    answer = ask(office, late)

    assert ask(office, good).status_code == 200
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json["detail"] == "登录已过期或无效，请重新登录。"


def _claims(office, token):
    with office.app.app_context():
        claims = decode_token(token)
    return {name: claims[name] for name in ("session", "pair", "stamp")}


def test_a_token_without_our_claims_is_none_of_ours(office):
    with office.app.app_context():
        foreign = create_access_token("officer")
        odd = create_refresh_token("officer", additional_claims={"session": 1, "pair": 2, "stamp": None})

    assert ask(office, foreign).status_code == 401
    assert office.client.delete("/api/v1/session", headers={"Authorization": f"Bearer {odd}"}).status_code == 401


def test_a_token_that_would_never_run_out_is_none_of_ours(office):
    claims = _claims(office, begin(office).json["access_token"])
    with office.app.app_context():
        endless = create_access_token("officer", expires_delta=False, additional_claims=claims)

    assert ask(office, endless).status_code == 401


def test_a_token_signed_by_another_installation_is_refused(office):
    token = begin(office).json["access_token"]
    office.app.config["JWT_SECRET_KEY"] = "another installation's secret, long enough to sign"

    assert ask(office, token).status_code == 401


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Bearer é", "Basic b2ZmaWNlcjp4", "Key", "key "]
)
def test_what_shows_nobody_is_asked_to_sign_in(office, shown):
    answer = office.client.get("/api/v1/records", headers={"Authorization": shown} if shown else {})

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Firegrid", Key realm="Firegrid"'


def test_a_phone_key_opens_the_api_too(office):
    assert ask(office, office.keys["worker"], scheme="Key").status_code == 200
    assert ask(office, office.keys["worker"] + "x", scheme="Key").status_code == 403


def test_a_duty_that_ended_leaves_empty_lists(office):
    session = begin(office, "gone").json

    assert session["user"]["duties"] == []
    for path in ("/records", "/areas", "/forms", "/submissions", "/problems", "/bodies", "/record-types"):
        assert ask(office, session["access_token"], path).json == {"items": [], "next": None}
    assert ask(office, session["access_token"], f"/areas/{UNIT}").status_code == 404
    assert ask(office, session["access_token"], f"/records?area={COUNTY}").status_code == 404


def test_of_many_who_sign_in_at_once_a_few_wait_and_the_others_are_asked_to_come_again(office):
    """As many at once as one likes hold a few of the threads that answer everybody, and no more."""
    at_once = 40
    with ThreadPoolExecutor(at_once) as people:
        with password_hashing.QUEUE.turn():
            asking = [people.submit(begin, office, "nobody", f"wrong-{n}") for n in range(at_once)]
            turned_away = [
                each.result() for each in islice(as_completed(asking), at_once - password_hashing.WAITING_MAX)
            ]
        answers = [each.result() for each in asking]

    assert {answer.status_code for answer in turned_away} == {429}
    assert {answer.status_code for answer in answers if answer not in turned_away} == {401}
    assert turned_away[0].json["type"] == "/problems/too-many-sign-ins"
    assert turned_away[0].headers["Retry-After"] == str(password_hashing.RETRY_AFTER_S)
    assert begin(office).status_code == 200
