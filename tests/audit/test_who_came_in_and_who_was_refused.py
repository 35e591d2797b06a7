"""The audit has who signed in and out, from where sign-ins failed, and what people who are signed in were refused."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from server.app import close
from server.audit.domain.entries import Recorded
from server.audit.store import chain
from server.audit.usecases import refusals, rounds
from server.people.usecases import passwords
from server.web import observability
from tests.api_county import PASSWORD, UNIT, lay_people
from tests.county import Clock, County, open_county
from tests.passwords import hash_of

FROM_OUTSIDE = {"REMOTE_ADDR": "203.0.113.9"}
STATION = "0194a1b2-0000-4000-8000-000000000001"


@pytest.fixture
def county(tmp_path) -> Iterator[County]:
    made = open_county(tmp_path / "data", lay_people, clock=Clock())
    yield made
    close(made.app)


def begin(county: County, name: str = "officer", password: str = PASSWORD, **environ: str) -> Any:
    body = {"username": name, "password": password}
    return county.client.post("/api/v1/session", json=body, environ_base=FROM_OUTSIDE | environ)


def ask(county: County, path: str, credential: str, method: str = "GET") -> int:
    headers = {"Authorization": credential}
    return county.client.open(f"/api/v1{path}", method=method, headers=headers, environ_base=FROM_OUTSIDE).status_code


def token(county: County, name: str = "officer") -> str:
    return f"Bearer {begin(county, name).json['access_token']}"


def about(county: County, object: str, event: str) -> list[Recorded]:
    """Return the entries of an event about ``object``, once all that was to be written later has been."""
    county.do(lambda tx: None)
    with county.store.reading() as reading:
        assert list(chain.broken(reading)) == []
        return [entry for entry in chain.list_about(reading, object) if entry.event == event]


def test_who_signs_in_and_out_is_recorded_with_role_place_and_address(county):
    shown = token(county)
    assert ask(county, "/session", shown, "DELETE") == 204

    [came] = about(county, "officer", "session.begin")
    [left] = about(county, "officer", "session.end")

    assert (came.actor, came.role, came.place, came.address, came.result) == (
        "officer", "village_officer", "130630100201", "203.0.113.9", "done",
    )  # fmt: skip
    assert (left.actor, left.role, left.address) == ("officer", "village_officer", "203.0.113.9")


def test_failed_sign_ins_are_counted_by_minute_and_address_and_no_name_that_nobody_has_is_kept(county):
    for name in ("officer", "officer", "town", "correct-horse-battery"):
        begin(county, name, "wrong-password")
    begin(county, "officer", "wrong-password", REMOTE_ADDR="203.0.113.10")
    rounds.every_minute(county.store)
    assert about(county, "203.0.113.9", "session.failed") == []

    county.clock.pass_by(minutes=1)
    rounds.every_minute(county.store)
    rounds.every_minute(county.store)

    [one] = about(county, "203.0.113.9", "session.failed")
    [other] = about(county, "203.0.113.10", "session.failed")
    assert (one.actor, one.role, one.address, one.result) == ("server", "", "203.0.113.9", "refused")
    assert one.details["minute"] == "2026-11-24T04:00Z"
    assert (one.details["tries"], one.details["unknown"]) == (4, 1)
    assert one.details["accounts"] == {"officer": 2, "town": 1}
    assert other.details["accounts"] == {"officer": 1}
    assert [entry.address for entry in about(county, "officer", "session.failed")] == ["203.0.113.10", "203.0.113.9"]
    assert "correct-horse-battery" not in str(county.rows("SELECT * FROM audit"))


def test_a_lock_is_told_as_the_servers_own_act(county):
    for _ in range(6):
        begin(county, password="wrong-password")

    [entry] = about(county, "officer", "session.lock")

    assert (entry.actor, entry.role, entry.address) == ("server", "", "203.0.113.9")


def test_what_is_out_of_reach_or_not_allowed_is_recorded_with_what_was_asked(county):
    shown = token(county, "worker")

    assert ask(county, f"/records/{STATION}", shown) == 404
    assert ask(county, "/users/neighbour/key", shown, "POST") == 403
    assert ask(county, "/records.csv", shown) == 403
    assert ask(county, "/no-such-address", shown) == 404

    [record] = about(county, STATION, "access.refused")
    [key] = about(county, "neighbour", "access.refused")
    [export] = about(county, "api-exports.export_csv", "access.refused")
    assert (record.actor, record.role, record.place, record.address, record.result) == (
        "worker", "grid_worker", UNIT, "203.0.113.9", "404",
    )  # fmt: skip
    assert record.details == {"view": "api-records.get_record", "method": "GET"}
    assert key.details["method"] == "POST"
    assert export.result == "403"
    assert len(county.rows("SELECT id FROM audit WHERE action = 'access.refused'")) == 3


def test_what_a_phone_key_or_a_stranger_is_refused_is_not_in_the_audit(county):
    before = county.rows("SELECT id FROM audit")

    assert ask(county, f"/records/{STATION}", f"Key {county.keys['worker']}") == 404
    assert ask(county, f"/records/{STATION}", "Key nobody-has-this") == 403
    assert ask(county, f"/records/{STATION}", "Bearer nonsense") == 401
    county.do(lambda tx: None)

    assert county.rows("SELECT id FROM audit") == before


def test_somebody_who_tries_ids_by_the_thousand_is_told_by_the_first_tries_and_their_number(county):
    shown = token(county, "worker")
    for number in range(refusals.EACH_MAX + 7):
        ask(county, f"/records/0194a1b2-0000-4000-8000-{number:012d}", shown)

    rounds.every_minute(county.store)
    rounds.every_minute(county.store)

    [more] = about(county, "worker", "audit.more")
    assert (more.actor, more.details) == ("worker", {"event": "access.refused", "entries": 7})
    assert len(county.rows("SELECT id FROM audit WHERE action = 'access.refused'")) == refusals.EACH_MAX
    ask(county, f"/records/{STATION}", shown)
    assert len(about(county, STATION, "access.refused")) == 2


def test_a_phone_that_signs_in_by_password_is_recorded_once_a_day(county):
    for hours in (0, 3, 3, 20):
        county.clock.pass_by(hours=hours)
        answer = county.client.get(
            "/formList",
            auth=("worker", PASSWORD),
            headers={"X-OpenRosa-Version": "1.0"},
            base_url="https://localhost",
            environ_base=FROM_OUTSIDE,
        )
        assert answer.status_code == 200

    entries = about(county, "worker", "session.begin")
    assert [entry.details for entry in entries] == [{"door": "openrosa"}] * 2


def test_a_given_password_opens_nothing_to_a_phone_and_the_audit_says_so(county):
    county.do(passwords.reset, "worker", hash_of("another-one-77"), by="admin")

    answer = county.client.get(
        "/formList", auth=("worker", "another-one-77"), headers={"X-OpenRosa-Version": "1.0"},
        base_url="https://localhost", environ_base=FROM_OUTSIDE,
    )  # fmt: skip

    assert answer.status_code in (401, 403)
    assert [entry.result for entry in about(county, "worker", "session.begin")] == ["to_change"]


def test_the_request_log_has_address_and_object_but_no_key_and_no_phone_number(county, monkeypatch):
    lines: list[dict[str, Any]] = []
    monkeypatch.setattr(observability, "log", SimpleNamespace(info=lambda event, **told: lines.append(told)))
    shown, key = token(county), county.keys["worker"]

    ask(county, f"/records/{STATION}", shown)
    ask(county, "/users/13800000001", shown)
    ask(county, "/records", shown)
    county.client.get(f"/key/{key}/formList", headers={"X-OpenRosa-Version": "1.0"}, environ_base=FROM_OUTSIDE)
    county.client.get(f"/key/{key}/forms/report.xml", environ_base=FROM_OUTSIDE)

    told = [(line["address"], line["object"]) for line in lines[1:]]
    assert told == [("203.0.113.9", object) for object in (STATION, "***", None, None, "report")]
    assert key not in str(lines)
