"""Plays field clients against a real server: rows, buckets and cursor as ``sync.md`` says, and nothing cleverer."""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from uuid import uuid4

from tests.county import County
from tests.valley import UNIT


class Client:
    """A field client's rows and cursor, kept as ``sync.md`` says; it merges nothing."""

    def __init__(self, valley: County, name: str, device: str | None = None) -> None:
        self._valley = valley
        self.name = name
        self.device = device or f"tablet-{name}"
        self.cursor: str | None = None
        self.buckets: dict[str, dict[str, dict[str, Any]]] = {}
        self._seq = 0

    def post(self, path: str, body: Any, **headers: str):
        shown = {"Authorization": f"Key {self._valley.keys[self.name]}"} | headers
        return self._valley.app.test_client().post(f"/api/v1/sync/{path}", json=body, headers=shown)

    def change(self, record: str, action: str = "create", **more: Any) -> dict[str, Any]:
        self._seq += 1
        fields = {name: list(value) for name, value in more.pop("fields", {}).items()}
        asked = {"type": "stations", "base_version": 0, "seq": self._seq}
        return {"id": str(uuid4()), "record": record, "action": action, "fields": fields} | asked | more

    def push(self, *changes: Any) -> list[dict[str, Any]]:
        answer = self.post("push", {"device": self.device, "epoch": None, "changes": list(changes)})
        assert answer.status_code == 200, answer.text
        return answer.json["outcomes"]

    def page(self, limit: int = 500, **more: Any) -> dict[str, Any]:
        answer = self.post("pull", {"cursor": self.cursor, "limit": limit} | more)
        assert answer.status_code == 200, answer.text
        self._play(answer.json["ops"])
        self.cursor = answer.json["cursor"]
        for bucket, check in answer.json["checks"].items():
            assert (len(self.buckets[bucket]), self.hash(bucket)) == (check["count"], check["hash"])
        return answer.json

    def pull(self, limit: int = 500) -> list[dict[str, Any]]:
        """Pull until there is no more; return every op."""
        ops: list[dict[str, Any]] = []
        for _ in range(1000):
            page = self.page(limit)
            ops += page["ops"]
            if not page["more"]:
                return ops
        raise AssertionError("the pull has no end")

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return every record that the client holds, by id, shared lists aside."""
        held = (rows for bucket, rows in self.buckets.items() if bucket != "county")
        return {id: row for rows in held for id, row in rows.items()}

    def hash(self, bucket: str) -> str:
        total = sum(
            int(sha256(f"{id}:{row['version']}".encode()).hexdigest()[:12], 16)
            for id, row in self.buckets[bucket].items()
        )
        return f"{total % 2**48:012x}"

    def _play(self, ops: list[dict[str, Any]]) -> None:
        for op in ops:
            if op["op"] == "enter":
                self.buckets[op["bucket"]] = {}
            elif op["op"] == "leave":
                del self.buckets[op["bucket"]]
            elif op["op"] == "put":
                self.buckets[op["bucket"]][op["record"]["id"]] = op["record"]
            else:
                del self.buckets[op["bucket"]][op["id"]]


def a_station(client: Client, record: str | None = None, area: str = UNIT, **fields: str) -> dict[str, Any]:
    values = {"label": "一号站", "head": "甲"} | fields
    return client.change(
        record or str(uuid4()), area=area, fields={name: (None, value) for name, value in values.items()}
    )
