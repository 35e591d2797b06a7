"""Simulated officers: they decide on cases and settle problems by the API, which has the use cases of the pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, NamedTuple

from server.simulate.county import VILLAGE_DIGITS
from server.simulate.network import Lost, Network, Request
from server.simulate.server import Answer

PAGE = 50


class Officer(NamedTuple):
    """An officer at a desk. ids: makes the ids of their changes."""

    name: str
    key: str
    network: Network
    ids: Callable[[], str]

    def get(self, path: str) -> Any:
        """Return the JSON below ``/api/v1``, None where no answer came."""
        answer = self._send("GET", path, None)
        return json.loads(answer.body) if answer is not None and answer.status == 200 else None

    def post(self, path: str, body: Mapping[str, Any]) -> int:
        """Post JSON; return the status, 0 where no answer came."""
        answer = self._send("POST", path, body)
        return 0 if answer is None else answer.status

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Answer | None:
        headers = {"Authorization": f"Key {self.key}"}
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        try:
            return self.network.send(Request(self.name, method, f"/api/v1{path}", headers, content))
        except Lost:
            return None


def take_in(officer: Officer, handlers: Mapping[str, list[str]], chance: Random) -> str:
    """Give a reported case to somebody, or turn it down. handlers: assignees by code of the area."""
    case = _pick(officer, "reported", chance) or _pick(officer, "registered", chance)
    if case is None:
        return "no report"
    draw = chance.random()
    if draw < 0.1:
        return _act(officer, case, "reject", {"reason": "not_found"})
    if draw < 0.2:
        return _act(officer, case, "register", {})
    place = case["area"] if draw < 0.7 else case["area"][:VILLAGE_DIGITS]
    assignee = chance.choice((handlers.get(place) or []) + handlers[""])
    return _act(officer, case, "assign", {"assignee": assignee})


def check(officer: Officer, chance: Random) -> str:
    """Check what was fed back: close it or send it back."""
    case = _pick(officer, "feedback", chance)
    if case is None:
        return "nothing to check"
    if chance.random() < 0.75:
        return _act(officer, case, "close", {})
    return _act(officer, case, "rework", {"reason": "partly", "note": "还有一处（演示）"})


def decide(officer: Officer, chance: Random) -> str:
    """Do something with a case that somebody has: take it back, note, supervise, reopen, void."""
    status, action, inputs = chance.choice(
        (
            ("assigned", "assign", None),
            ("accepted", "note", {"note": "请抓紧（演示）"}),
            ("accepted", "return", {"reason": "not_my_duty"}),
            ("closed", "reopen", {"reason": "又出现了（演示）"}),
            ("registered", "void", {"reason": "duplicate"}),
        )
    )
    case = _pick(officer, status, chance)
    if case is None:
        return f"nothing {status}"
    return _act(officer, case, action, inputs if inputs is not None else {"assignee": "body:dept-gas"})


def edit_station(officer: Officer, chance: Random, value_of: Callable[[str, Random], str]) -> str:
    """Correct a field of a station."""
    listed = officer.get(f"/records?type=micro_stations&limit={PAGE}")
    items = sorted(listed["items"], key=lambda item: str(item["id"])) if listed else []
    if not items:
        return "no station"
    station, field = chance.choice(items), chance.choice(("head", "place"))
    whole = officer.get(f"/records/{station['id']}")
    if whole is None:
        return "no answer"
    seen, new = whole["fields"].get(field), value_of(field, chance)
    body = {"id": officer.ids(), "action": "edit", "fields": {field: [seen, new]}, "base_version": whole["version"]}
    status = officer.post(f"/records/{station['id']}/changes", body)
    return f"edit {station['id']} {status}"


def settle(officer: Officer, chance: Random) -> str:
    """Settle a problem: a conflict by one of its values, what is quarantined by releasing it, others by a word."""
    listed = officer.get(f"/problems?limit={PAGE}")
    items = sorted(listed["items"], key=lambda item: str(item["id"])) if listed else []
    if not items:
        return "no problem"
    problem = chance.choice(items)
    whole = officer.get(f"/problems/{problem['id']}")
    if whole is None:
        return "no answer"
    record = officer.get(f"/records/{whole['record']}") if whole.get("record") else None
    body = _settlement(whole, record or {}, chance)
    status = officer.post(f"/problems/{problem['id']}/settlement", body)
    return f"{body['how']} {problem['kind']} {problem['id']} {status}"


def _settlement(problem: Mapping[str, Any], record: Mapping[str, Any], chance: Random) -> dict[str, Any]:
    fields = record.get("conflicts") or []
    if problem["kind"] == "conflict" and fields:
        values = record["fields"]
        choices = {name: {"value": values.get(name, "")} for name in fields}
        return {"how": "choose", "choices": choices, "base_version": record["version"]}
    if problem["kind"] == "quarantined" and chance.random() < 0.6:
        return {"how": "release"}
    return {"how": "dismiss", "reason": "已核实，不需处理（演示）"}


def _act(officer: Officer, case: Mapping[str, Any], action: str, fields: Mapping[str, str]) -> str:
    body = {
        "id": officer.ids(), "action": action, "fields": dict(fields),
        "base_version": case["version"], "seen_status": case["status"],
    }  # fmt: skip
    status = officer.post(f"/records/{case['id']}/changes", body)
    return f"{action} {case['id']} {status}"


def _pick(officer: Officer, status: str, chance: Random) -> Any:
    listed = officer.get(f"/records?type=hazards&status={status}&limit={PAGE}")
    items = sorted(listed["items"], key=lambda item: str(item["id"])) if listed else []
    return chance.choice(items) if items else None
