"""Makes changes as a field client does, and pushes them."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any

import orjson

from bench import county
from bench.environment import Answer, ask
from bench.load import uuid4

Wire = dict[str, Any]
"""A change as it is on the wire."""

_DESCRIPTION = "楼道内堆放纸箱与电动自行车，占用疏散通道"
_MADE_AT = "2026-11-23T09:12:33.120+08:00"


def creation(record: str, seq: int = 1) -> Wire:
    """Return a change that creates a record. seq: the device's own counter, which no two of its changes share."""
    fields = {
        "severity": "general",
        "category": "exit_blocked",
        "description": _DESCRIPTION,
        "label": f"hazard {record[:8]}",
    }
    return _change(record, "create", seq, 0, {name: (None, value) for name, value in fields.items()})


def push(connection: http.client.HTTPConnection, key: str, device: str, changes: list[Wire]) -> Answer:
    """Push one batch and return the answer, whatever it is."""
    body = orjson.dumps({"device": device, "epoch": None, "changes": changes})
    return ask(connection, "/api/v1/sync/push", method="POST", headers=headers(f"Key {key}"), body=body)


def headers(authorization: str) -> Mapping[str, str]:
    """Return the headers of a field client's request."""
    return {"Authorization": authorization, "Content-Type": "application/json"}


def edit(record: str, seq: int, description: str, other: tuple[str, str | None, str]) -> Wire:
    """Return a change that edits what ``creation`` made, from its first version: the description, and one other field.

    other: the field's name, its value before, and its new value.
    """
    name, seen, new = other
    return _change(
        record, "edit", seq, 1, {"description": (_DESCRIPTION, f"{description} {record[:4]}"), name: (seen, new)}
    )


def _change(record: str, action: str, seq: int, base: int, fields: Mapping[str, tuple[str | None, str]]) -> Wire:
    return {"id": uuid4(), "record": record, "type": county.TYPE, "action": action, "seq": seq, "base_version": base,
            "fields": fields, "made_at": _MADE_AT}  # fmt: skip
