"""Every route of the API that writes answers a repeat as before and carries it out once: all of them are tried."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from server.app import close
from tests.api.test_api_scope_of_every_route import plain, rules_of
from tests.api_county import (
    MONTH,
    NEXT_UNIT,
    NEXT_VILLAGE,
    PASSWORD,
    STATION_FORM,
    TOWN,
    UNIT,
    VILLAGE,
    fill,
    lay,
    uuid_of,
)
from tests.county import County, open_county
from tests.source_tree import ROOT
from tests.web import repeating_client

URL = "https://dispatch.example.org/"
ROSTER = "姓名,用户名,岗位,网格\n赵六,gw-08,网格员,{area}\n"
GRID = f"代码,名称\n{VILLAGE},荆山口新村\n"

ELSEWHERE = {
    "POST /carried/import": "tests/staffing/test_carried_import.py",
    "POST /carried/import/<token>/undo": "tests/staffing/test_carried_import.py",
    "POST /inbox/<seq>/read": "tests/notices/test_the_inbox.py",
    "POST /premises/import": "tests/staffing/test_premises_import.py",
    "POST /premises/import/<token>/undo": "tests/staffing/test_premises_import.py",
}
"""What needs forms that this county has not, and where it is sent by the client that sends all twice."""


@pytest.fixture
def county(tmp_path) -> Iterator[County]:
    made = open_county(tmp_path / "data", lay, fill, webhook_hosts=("dispatch.example.org",))
    yield made
    close(made.app)


def sent(county: County, path: str, name: str, **parts: object) -> object:
    """Post a form with files; return what was answered."""
    headers = {"Authorization": f"Key {county.keys[name]}"}
    answer = county.client.post(f"/api/v1{path}", headers=headers, data=parts)
    assert answer.status_code < 300, (path, answer.text)
    return answer.json


def written(county: County, method: str, path: str, name: str, body: object = None) -> dict:
    answer = county.send(method, path, name, body)
    assert answer.status_code < 300, (method, path, answer.text)
    return answer.json


def people(county: County) -> None:
    def post(path: str, body: object = None, by: str = "admin") -> dict:
        return written(county, "POST", path, by, body)

    post("/users", {"name": "gw-07", "role": "grid_worker", "area": UNIT})
    duty = post("/users/gw-07/duties", {"role": "village_officer", "area": VILLAGE, "from": "2027-01-01"})
    post(f"/users/gw-07/duties/{duty['id']}/end", {})
    post("/users/gw-07/move", {"area": NEXT_UNIT})
    post("/users/gw-07/key", {"replace": True})
    post("/users/gas/password", {})
    post("/users/worker/swap", {"with": "neighbour"})
    post("/users/cards", {"names": ["worker"]})
    post("/users/gw-07/revocation")
    _own_password(county)
    sent(county, "/users/import", "admin", file=(io.BytesIO(ROSTER.format(area=UNIT).encode()), "roster.csv"))
    post("/handovers", {"from": "user:worker", "to": "user:neighbour"}, "town")


def _own_password(county: County) -> None:
    named = {"username": "othertown", "password": PASSWORD}
    token = county.client.post("/api/v1/session", json=named).json["access_token"]
    asked = {"old_password": PASSWORD, "new_password": "another-horse-8"}
    headers = {"Authorization": f"Bearer {token}"}
    assert county.client.post("/api/v1/session/password", json=asked, headers=headers).status_code == 204


def grid(county: County) -> None:
    def post(path: str, body: object = None) -> dict:
        return written(county, "POST", path, "admin", body)

    post(f"/areas/{VILLAGE}/units", {"name": "东头"})
    post(f"/areas/{UNIT}/name", {"name": "西头"})
    post(f"/areas/{NEXT_VILLAGE}/merger", {"into": VILLAGE, "from": "2027-01-01"})
    post(f"/areas/{UNIT}/closing", {"from": "2027-01-01"})
    post("/bodies", {"code": "vc-201", "name": "村委会", "kind": "village_committee", "area": VILLAGE})
    written(county, "PATCH", "/bodies/vc-201", "admin", {"name": "另一个村委会"})
    post("/bodies/vc-201/end", {})
    sent(county, "/areas/import", "admin", file=(io.BytesIO(GRID.encode()), "grid.csv"))


def forms(county: County) -> None:
    newer = STATION_FORM.replace("| station | 1 |", "| station | 2 |").encode()
    trial = STATION_FORM.replace("| station | 1 |", "| station | 3 |").encode()
    sent(county, "/forms", "admin", form=(io.BytesIO(newer), "station.md"))
    sent(county, "/forms", "admin", form=(io.BytesIO(trial), "station.md"), tester="worker")
    written(county, "POST", "/forms/station/release", "admin")
    written(county, "POST", "/forms/station/bring-back", "admin")
    written(county, "PATCH", "/forms/station", "admin", {"state": "closed"})


def records(county: County) -> None:
    def post(path: str, body: object = None, by: str = "admin") -> dict:
        return written(county, "POST", path, by, body)

    made = post("/records", {"type": "stations", "action": "create", "area": UNIT, "fields": {"head": "丁"}})
    record = made["record"]["id"]
    post(f"/records/{record}/changes", {"action": "edit", "fields": {"head": "戊"}})
    post(f"/records/{uuid_of('station one')}/reveal", {"field": "head", "reason": "回访店主"})
    problem = county.ids("/problems?kind=conflict", "officer")[0]
    post(f"/problems/{problem}/settlement", {"how": "choose", "choices": {"hoses": {"value": "5"}}})
    post("/inbox/read", {"until": 10}, "worker")
    post("/monthly-reports/2026-05/freeze", {}, "brigade")
    cells = [{"row": TOWN, "figure": "reports", "is": 1}]
    filed = county.get(f"/monthly-reports/{MONTH}", "brigade").json
    said = {"previous": filed["frozen"]["sha256"], "reason": "漏", "signer": "某某", "cells": cells}
    post(f"/monthly-reports/{MONTH}/corrections", said, "brigade")


def webhooks(county: County) -> None:
    made = written(county, "POST", "/webhooks", "admin", {"url": URL})
    for path, body in (("secret", None), ("secret/finish", None), ("replay", {"after": 0}), ("end", None)):
        answer = county.post(f"/webhooks/{made['id']}/{path}", "admin", body)
        assert answer.status_code < 300, answer.text


@pytest.mark.slow
def test_every_route_that_writes_is_answered_again_and_carried_out_once(county):
    repeating_client.tried.clear()

    for part in (records, webhooks, forms, people, grid):
        part(county)

    tried = {each.replace("/api/v1", "").replace("uuid:", "").replace("int:", "") for each in repeating_client.tried}
    writes = {
        f"{method} {plain(rule)}"
        for rule, method in rules_of(county.app)
        if method != "GET" and not repeating_client.OWN_WAY.match(rule.rule)
    }
    assert writes - tried == set(ELSEWHERE)


@pytest.mark.parametrize(("route", "file"), ELSEWHERE.items())
def test_what_is_tried_elsewhere_is_sent_there(route, file):
    path = route.split()[1].partition("<")[0]

    assert path in (ROOT / file).read_text(encoding="utf-8")
