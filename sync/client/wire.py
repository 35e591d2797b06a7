"""Reads the server's responses, so that nothing invalid reaches the device's store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]

OPS = frozenset({"enter", "put", "remove", "leave"})


class InvalidResponse(ValueError):
    """A response does not follow the protocol; nothing of it may be used."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one change.

    seq: of its revision; None where it made none. record: as it is now, None where it is out of scope. problem: message
    of the problem that was filed, None without one. problem_id: to ask later how it was settled.
    """

    id: str
    verdict: str
    version: int | None
    seq: int | None
    record: Json | None
    problem: str | None
    problem_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about a problem. how: a word of the protocol, empty when it settled itself."""

    problem: str
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class ServerState:
    """The state of the server, as every response names it.

    epoch: changes when the server was restored. durable: everything up to this seq is in a finished backup. now: the
    server's time. user: name of the signed-in user, mark: how far the server has got, to be shown to it next time; None
    when it does not say. device: the id that this device is to use from now on, None to keep its own.
    """

    epoch: str
    durable: int
    now: datetime
    limits: Mapping[str, int]
    user: str | None
    mark: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a pull. is_fresh: the server did not know the cursor and begins anew."""

    server: ServerState
    cursor: str
    more: bool
    ops: tuple[Json, ...]
    checks: Mapping[str, tuple[int, str]]
    is_fresh: bool
    settled: tuple[Decision, ...] = ()


def read_push(response: object) -> tuple[ServerState, tuple[Outcome, ...]]:
    """Return the state of the server and the outcomes of a push. Raises InvalidResponse."""
    body = _object(response)
    return read_server_state(body), tuple(_outcome(each) for each in _list(body, "outcomes"))


def read_page(response: object) -> Page:
    """Return the page of a pull. Raises InvalidResponse."""
    body = _object(response)
    checks = {
        name: (_number(_object(check), "count"), _text(_object(check), "hash"))
        for name, check in _object(body.get("checks") or {}).items()
    }
    ops = tuple(_op(each) for each in _list(body, "ops"))
    more, fresh = body.get("more"), body.get("fresh", False)
    if not isinstance(more, bool) or not isinstance(fresh, bool):
        raise InvalidResponse("more")
    settled = tuple(_decision(each) for each in _list({"settled": [], **body}, "settled"))
    return Page(read_server_state(body), _text(body, "cursor"), more, ops, checks, fresh, settled)


def read_server_state(body: Json) -> ServerState:
    """Return the state of the server that a response names. Raises InvalidResponse."""
    try:
        now = datetime.fromisoformat(_text(body, "now"))
    except ValueError as error:
        raise InvalidResponse("now") from error
    if now.tzinfo is None:
        raise InvalidResponse("now")
    return ServerState(
        _text(body, "epoch"),
        _number(body, "durable"),
        now,
        read_limits(body),
        _text_or_none(body, "user"),
        _text_or_none(body, "mark"),
        _text_or_none(body, "device"),
    )


def read_limits(body: Mapping[str, Any]) -> dict[str, int]:
    """Return the valid limits that a response or a problem names."""
    limits = body.get("limits")
    if not isinstance(limits, dict):
        return {}
    return {name: limits[name] for name in ("changes", "bytes") if _is_number(limits.get(name)) and limits[name] > 0}


def hash_of(rows: Iterable[tuple[str, int]]) -> str:
    """Return the order-free hash of (id, version) by which both sides compare a bucket."""
    total = sum(int(hashlib.sha256(f"{id}:{version}".encode()).hexdigest()[:12], 16) for id, version in rows)
    return f"{total % 2**48:012x}"


def _outcome(each: object) -> Outcome:
    body = _object(each)
    record, problem = body.get("record"), body.get("problem")
    return Outcome(
        # What could not be read as a change at all may come back without an id: it is none of ours then.
        id=body["id"] if isinstance(body.get("id"), str) else "",
        verdict=_text(body, "verdict"),
        version=_number_or_none(body, "version"),
        seq=_number_or_none(body, "seq"),
        record=None if record is None else _record(record),
        problem=None if problem is None else _problem(problem),
        problem_id=_text(problem, "id") if isinstance(problem, dict) and "id" in problem else None,
    )


def _decision(each: object) -> Decision:
    body = _object(each)
    how, reason = body.get("how"), body.get("reason")
    return Decision(_text(body, "id"), how if isinstance(how, str) else "", reason if isinstance(reason, str) else "")


def _problem(problem: object) -> str:
    return str(problem.get("message") or "") if isinstance(problem, dict) else str(problem)


def _op(each: object) -> Json:
    op = _object(each)
    if op.get("op") not in OPS:
        raise InvalidResponse("op")
    _text(op, "bucket")
    if op["op"] == "put":
        _record(op.get("record"))
    if op["op"] == "remove":
        _text(op, "id")
    return op


def _record(value: object) -> Json:
    record = _object(value)
    _text(record, "id")
    _text(record, "type")
    _number(record, "version")
    _object(record.get("fields"))
    return record


def _object(value: object) -> Json:
    if not isinstance(value, dict):
        raise InvalidResponse("not an object")
    return value


def _list(body: Json, name: str) -> list[object]:
    value = body.get(name)
    if not isinstance(value, list):
        raise InvalidResponse(name)
    return value


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidResponse(name)
    return value


def _text_or_none(body: Json, name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(body: Json, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidResponse(name)
    return value


def _number_or_none(body: Json, name: str) -> int | None:
    return None if body.get(name) is None else _number(body, name)
