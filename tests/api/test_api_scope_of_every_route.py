"""No route of the API answers without a caller, and none answers out of scope: every route of the map is tried."""

from __future__ import annotations

import re

import orjson
import pytest
from werkzeug.routing import Rule

from server.api.blueprints import PREFIX
from tests.api_county import FAR_VILLAGE, MONTH, UNIT, VILLAGE, uuid_of

UNSCOPED = {
    "/api/v1/forms",
    "/api/v1/forms/<form_id>",
    "/api/v1/forms/<form_id>/phones",
    "/api/v1/forms/<form_id>/release",
    "/api/v1/forms/<form_id>/bring-back",
    "/api/v1/forms/<form_id>/versions/<version>.xml",
    "/api/v1/forms/<form_id>/versions/<version>.xlsx",
    "/api/v1/forms/<form_id>/answers.csv",
    "/api/v1/forms/<form_id>/answers.xlsx",
    "/api/v1/forms/<form_id>/answers.zip",
    "/api/v1/record-types",
    "/api/v1/record-types/<type_name>/fields",
    "/api/v1/record-types/<type_name>/villages",
    "/api/v1/record-types/<type_name>/unvisited",
    "/api/v1/users/import",
    "/api/v1/areas/import",
    "/api/v1/carried/import",
    "/api/v1/carried/import/<token>/undo",
    "/api/v1/premises/import",
    "/api/v1/premises/import/<token>/undo",
}
"""What is the same for everyone with a duty in force, or names no place; who has none is shown nothing, tried here."""

OF_CASES = ("/body", "/suggestion", "/text")
"""Ends of routes that need a case, or a body that could not be taken; the record of this test is a station."""

WRITES = {
    "/users": {"name": "gw-07", "role": "grid_worker", "area": UNIT},
    "/users/<name>/duties": {"role": "grid_worker", "area": UNIT, "from": "2026-12-01"},
    "/users/<name>/duties/<duty_id>/end": {},
    "/users/<name>/move": {"area": VILLAGE},
    "/users/<name>/revocation": None,
    "/users/<name>/password": {},
    "/users/<name>/key": {},
    "/users/<name>/swap": {"with": "neighbour"},
    "/users/import": None,
    "/areas/import": None,
    "/carried/import": None,
    "/carried/import/<token>/undo": None,
    "/premises/import": None,
    "/premises/import/<token>/undo": None,
    "/users/cards": {"names": ["worker"]},
    "/areas/<code>/merger": {"into": VILLAGE, "from": "2027-01-01"},
    "/areas/<code>/closing": {"from": "2027-01-01"},
    "/areas/<code>/name": {"name": "另一个单元"},
    "/areas/<code>/units": {},
    "/bodies": {"code": "vc-201", "name": "村委会", "kind": "village_committee", "area": VILLAGE},
    "/bodies/<body_code>": {"name": "另一个部门"},
    "/bodies/<body_code>/end": {},
    "/records": {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}},
    "/records/<record_id>/changes": {"action": "edit", "fields": {"head": "丁"}},
    "/records/<record_id>/reveal": {"field": "head", "reason": "回访店主"},
    "/forms": None,
    "/forms/<form_id>": {"state": "closed"},
    "/forms/<form_id>/release": None,
    "/forms/<form_id>/bring-back": None,
    "/monthly-reports/<month>/freeze": {},
    "/monthly-reports/<month>/corrections": {
        "previous": "0",
        "reason": "漏",
        "signer": "某某",
        "cells": [{"row": UNIT, "figure": "reports", "is": 1}],
    },
    "/webhooks": {"url": "https://dispatch.example.org/"},
    "/webhooks/<webhook_id>/end": None,
    "/webhooks/<webhook_id>/replay": {"after": 0},
    "/webhooks/<webhook_id>/secret": None,
    "/webhooks/<webhook_id>/secret/finish": None,
    "/problems/<problem_id>/settlement": {"how": "choose", "choices": {"hoses": {"value": "5"}}},
}
"""What to ask of each writing route, so that whoever has the right would change something of the worker's village."""


STRANGER_MAY = {
    "/records",
    "/records/<record_id>/changes",
    "/records/<record_id>/reveal",
}
"""What the worker of another village has a right to do, though not here."""


def plain(rule: Rule) -> str:
    """Return a rule without its prefix and the types of its arguments: the key of ``WRITES``."""
    return re.sub(r"<\w+:", "<", rule.rule.removeprefix(PREFIX))


def rules_of(app) -> list[tuple[Rule, str]]:
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.fixture(scope="module")
def every_call(county) -> list[tuple[Rule, str, str]]:
    """Every route and method with an address that names something of the worker's village."""
    named = {
        "code": UNIT,
        "name": "worker",
        "form_id": "station",
        "version": "1",
        "record_id": uuid_of("station one"),
        "submission_id": county.ids("/submissions", "worker")[0],
        "body_code": "dept-gas",
        "type_name": "stations",
        "duty_id": county.get("/users/worker/duties", "worker").json["items"][0]["id"],
        "problem_id": county.ids("/problems?kind=conflict", "officer")[0],
        "month": MONTH,
        "list_code": "responsibility",
        "upload_id": uuid_of("nobody's upload"),
        "token": "nothing",
        "seq": 1,
        "webhook_id": uuid_of("nobody's webhook"),
    }
    adapter = county.app.url_map.bind("localhost")
    calls = []
    for rule, method in rules_of(county.app):
        values = {name: named[name] for name in rule.arguments}
        if "attachments" in rule.rule:
            values = {**values, "name": "photo.jpg"} if "name" in values else values
        calls.append((rule, method, adapter.build(rule.endpoint, values, method=method)))
    return calls


@pytest.fixture(scope="module")
def readings(every_call) -> list[tuple[Rule, str]]:
    """Every route that is read, sessions aside."""
    return [(rule, path) for rule, method, path in every_call if method == "GET"]


@pytest.fixture(scope="module")
def writings(every_call) -> list[tuple[Rule, str, str]]:
    """Every route that writes to what it names; what is the caller's own is left out (``test_api_sync``).

    A hand-over answers for each case by itself (``test_api_reassign``).
    """
    own = ("/api/v1/session", "/api/v1/sync", "/api/v1/handovers", "/api/v1/uploads", "/api/v1/inbox")
    return [call for call in every_call if call[1] != "GET" and not call[0].rule.startswith(own)]


def reader_of(path: str) -> str:
    """Return who may read a route that names something of the worker's village."""
    of_admin = ("/webhooks", "/audit", "/users/import", f"/areas/{UNIT}/change-preview")
    return "admin" if path.removeprefix(PREFIX).startswith(of_admin) else "brigade"


def call(county, method, path, **headers):
    return county.client.open(path, method=method, headers=headers, buffered=True)


def test_there_are_routes_to_try(every_call):
    assert len(every_call) >= 23


def test_without_a_caller_every_route_asks_to_sign_in(county, every_call):
    for rule, method, path in every_call:
        if (rule.rule, method) == ("/api/v1/session", "POST"):
            continue

        answer = call(county, method, path)

        assert answer.status_code == 401, (method, path)
        assert answer.content_type == "application/problem+json"
        assert "WWW-Authenticate" in answer.headers
        assert orjson.loads(answer.data)["detail"]


def test_with_a_bad_key_every_route_refuses(county, every_call):
    for rule, method, path in every_call:
        if rule.rule.startswith("/api/v1/session"):
            continue

        assert call(county, method, path, Authorization="Key nobody").status_code == 403, (method, path)


def test_inside_the_scope_every_route_that_is_read_answers(county, readings):
    for rule, path in readings:
        if rule.rule.endswith(OF_CASES):
            continue

        answer = call(county, "GET", path, Authorization=f"Key {county.keys[reader_of(path)]}")

        assert answer.status_code == 200, (path, answer.data)
        assert "Authorization" in answer.headers["Vary"]


@pytest.mark.parametrize("name", ["stranger", "gone"])
def test_out_of_scope_every_route_says_not_found_or_nothing_of_the_village(county, readings, name):
    for rule, path in readings:
        if rule.rule in UNSCOPED and name != "gone":
            continue

        answer = call(county, "GET", path, Authorization=f"Key {county.keys[name]}")

        if rule.arguments and "list_code" not in rule.arguments:  # which lists there are is no secret
            assert answer.status_code == 404, (path, answer.data)
            continue
        assert answer.status_code in (200, 403), (path, answer.data)
        if (name, path) == ("gone", "/api/v1/users"):
            continue  # who has left still sees themself, and so where they once worked
        for word in (VILLAGE, UNIT, uuid_of("station one"), "荆山口", "一号站"):
            assert word not in answer.text, (path, word)


def test_there_is_something_to_ask_of_every_route_that_writes(writings):
    assert {plain(rule) for rule, _, _ in writings} == set(WRITES)


@pytest.mark.parametrize("name", ["stranger", "gone"])
def test_out_of_scope_every_route_that_writes_says_not_found_and_changes_nothing(county, writings, name):
    before = county.every_row()
    for rule, method, path in writings:
        asked = WRITES[plain(rule)]

        answer = county.send(method, path.removeprefix(PREFIX), name, asked)

        # Who has no right to it anywhere is told that, whatever is named (``tests/rights``).
        expected = 404 if plain(rule) in STRANGER_MAY and name == "stranger" else 403
        assert answer.status_code == expected, (path, answer.data)
    assert county.every_row() == before


@pytest.mark.parametrize("name", ["worker", "viewer"])
def test_without_the_right_no_route_changes_anything(county, writings, name):
    before = county.every_row()
    for rule, method, path in writings:
        if name == "worker" and rule.rule.startswith("/api/v1/records"):
            continue  # which a worker writes to
        asked = WRITES[plain(rule)]

        answer = county.send(method, path.removeprefix(PREFIX), name, asked)

        assert answer.status_code == 403, (method, path, answer.data)
    assert county.every_row() == before


@pytest.mark.parametrize("name", ["stranger", "gone"])
def test_a_filter_by_an_area_out_of_scope_is_not_found_wherever_there_is_one(county, readings, name):
    tried = 0
    for rule, path in readings:
        if rule.arguments:
            continue
        answer = call(county, "GET", f"{path}?area={VILLAGE}", Authorization=f"Key {county.keys[name]}")
        if answer.status_code == 422:
            continue  # this list has no such filter
        tried += 1
        assert answer.status_code in (404, 403), (path, answer.data)

    assert tried == 29


def test_the_filter_answers_where_one_is_in_scope(county):
    for list_name in ("records", "submissions", "problems", "users", "bodies"):
        assert county.get(f"/{list_name}?area={FAR_VILLAGE}", "stranger").status_code == 200


def test_head_answers_as_get_does_without_a_body(county, readings):
    for rule, path in readings:
        if rule.rule.endswith(OF_CASES):
            continue

        answer = call(county, "HEAD", path, Authorization=f"Key {county.keys[reader_of(path)]}")

        assert (answer.status_code, answer.data) == (200, b""), path


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/api/v1/records", 405), ("GET", "/api/v1/nothing", 404), ("GET", "/api/v1/records/7", 404)],
)
def test_what_is_no_route_is_refused_in_the_same_envelope(county, method, path, status):
    answer = call(county, method, path)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert set(answer.json) >= {"type", "title", "status", "detail", "errors"}
