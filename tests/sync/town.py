"""An honest server of the sync protocol in memory, and devices that talk to it: what the field client's tests need."""

from __future__ import annotations

import copy
import json
import random
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import requests
from requests.adapters import BaseAdapter

from sync.changes import CREATING, Dot, FieldWrite
from sync.client import records, synchronization, wire
from sync.client.backoff import Backoff
from sync.client.connection import Connection
from sync.client.credentials import Credentials
from sync.client.device import Device
from sync.client.overlay import RecordView
from sync.client.synchronization import PullResult, PushResult
from sync.merge import merge

ADDRESS = "http://town.test"
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)
STEPS = {"accept": "accepted", "feedback": "feedback", "close": "closed"}

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]


@dataclass
class State:
    """All that a backup of the server holds."""

    epoch: str = "epoch-1"
    seq: int = 0
    records: dict[str, Json] = field(default_factory=dict)
    registers: dict[str, Any] = field(default_factory=dict)
    buckets: dict[str, dict[str, int]] = field(default_factory=dict)  # rows by the seq of their last change
    gone: dict[str, dict[str, int]] = field(default_factory=dict)
    verdicts: dict[str, tuple[str, Json]] = field(default_factory=dict)
    waiting: dict[str, list[Json]] = field(default_factory=dict)


class Town:
    """The server. entitled: buckets by key. names: whose a key is, where it is not called so.

    durable: None for "everything committed". received: each change as it came, text by text, in the order of arrival.
    faults: what befalls the next requests, one each: called with the request's work, which it may carry out or not.
    limits: of a push.
    """

    def __init__(self) -> None:
        self.state = State()
        self.entitled: dict[str, list[str]] = {"worker": ["area:unit1", "county", "person:worker"]}
        self.names: dict[str, str] = {}
        self.durable: int | None = None
        self.received: list[tuple[str, str]] = []
        self.requests: list[tuple[str, Json]] = []
        self.faults: list[Callable[[Callable[[], Answer]], Answer]] = []
        self.limits = {"changes": 200, "bytes": 1_000_000}
        self.now = NOON
        self.decoder = json.JSONDecoder()

    # What a test does at the office.

    def put(self, id: str, bucket: str = "area:unit1", **fields: str) -> Json:
        """Write a record at the office, or a shared list's row; one that exists moves to ``bucket``."""
        before = self.state.records.get(id)
        record = before or {
            "id": id, "type": "stations", "kind": "profile", "area": bucket.partition(":")[2], "label": "",
            "version": 0, "status": None, "fields": {}, "conflicts": [],
        }  # fmt: skip
        merged = merge(
            self.state.registers.get(id, {}),
            {name: FieldWrite(record["fields"].get(name), value) for name, value in fields.items()},
            {}, dot=Dot(f"office{record['version'] + 1}", 1), base_version=record["version"],
            observed_at=self.now.isoformat(), version=record["version"] + 1,
        )  # fmt: skip
        return self._write(record, merged, bucket)

    def take_away(self, id: str, bucket: str = "area:unit1") -> None:
        self.state.seq += 1
        self.state.buckets[bucket].pop(id)
        self.state.gone.setdefault(bucket, {})[id] = self.state.seq

    def restore(self, backup: State) -> None:
        """Go back to a backup: a new epoch, and versions that never were."""
        self.state = copy.deepcopy(backup)
        self.state.epoch = f"{backup.epoch}-restored"
        for record in self.state.records.values():
            record["version"] += 1000
        self.state.seq += 10_000

    def backup(self) -> State:
        return copy.deepcopy(self.state)

    # The door.

    def answer(self, path: str, headers: dict[str, str], body: str) -> Answer:
        """Answer one POST."""
        work = lambda: self._answer(path, headers, body)  # noqa: E731 - a work is handed to a fault
        return self.faults.pop(0)(work) if self.faults else work()

    def _answer(self, path: str, headers: dict[str, str], body: str) -> Answer:
        user = headers.get("Authorization", "").removeprefix("Key ")
        if user not in self.entitled:
            return 403, {}, {"title": "密钥无效。", "status": 403}
        asked = json.loads(body)
        self.requests.append((path, asked))
        if path == "/api/v1/sync/pull":
            return 200, {}, self._pull(asked, user, self.names.get(user, user))
        if len(asked["changes"]) > self.limits["changes"] or len(body.encode()) > self.limits["bytes"]:
            return 413, {}, {"title": "太大。", "status": 413, "limits": self.limits}
        self._note(asked["device"], body)
        outcomes = [self._take(change, asked["device"], user) for change in asked["changes"]]
        return 200, {}, {**self._told(), "outcomes": outcomes}

    def _note(self, device: str, body: str) -> None:
        text, at = body, body.index('"changes": [') + len('"changes": [')
        while text[at] == "{":
            _, end = self.decoder.raw_decode(text, at)
            self.received.append((device, text[at:end]))
            at = end + (text[end] == ",")

    def _told(self) -> Json:
        return {
            "epoch": self.state.epoch,
            "durable": self.state.seq if self.durable is None else self.durable,
            "now": self.now.isoformat(),
            "limits": self.limits,
        }

    # Push.

    def _take(self, change: Json, device: str, user: str) -> Json:
        content = json.dumps({**change, "clock_offset_s": None, "device": device}, sort_keys=True)
        known = self.state.verdicts.get(change["id"])
        if known is None:
            outcome = self._judge(change, device, user)
            self.state.verdicts[change["id"]] = (content, outcome)
        elif known[0] != content:
            raise AssertionError(f"sent twice with different content: {known[0]} {content}")
        outcome = self.state.verdicts[change["id"]][1]
        return {**outcome, "record": self._visible(change["record"], user), "conflicts": []}

    def _judge(self, change: Json, device: str, user: str) -> Json:
        record = self.state.records.get(change["record"])
        if change["type"] == "forbidden":
            return _outcome(change, "quarantined", problem={"id": "p1", "message": "不归您管。"})
        if record is None and change["action"] not in CREATING:
            self.state.waiting.setdefault(change["record"], []).append({"change": change, "device": device})
            return _outcome(change, "waiting")
        if record is None:
            record = {
                "id": change["record"], "type": change["type"], "kind": "profile", "label": "", "version": 0,
                "area": change.get("area"), "fields": {}, "conflicts": [],
                "status": "reported" if change["action"] == "report" else None,
            }  # fmt: skip
        verdict = self._apply(record, change, device, user)
        for late in self.state.waiting.pop(change["record"], []):
            self._apply(self.state.records[change["record"]], late["change"], late["device"], user)
            content, _ = self.state.verdicts[late["change"]["id"]]
            self.state.verdicts[late["change"]["id"]] = (
                content,
                _outcome(late["change"], "applied", self.state.records[change["record"]]["version"], self.state.seq),
            )
        return _outcome(change, verdict, self.state.records[change["record"]]["version"], self.state.seq)

    def _apply(self, record: Json, change: Json, device: str, user: str) -> str:
        is_write = change["action"] in (*CREATING, "edit")
        writes = {name: FieldWrite(seen, new) for name, (seen, new) in change["fields"].items() if seen != new}
        merged = merge(
            self.state.registers.get(record["id"], {}), writes if is_write else {}, {},
            dot=Dot(device, change["seq"]), base_version=change["base_version"],
            observed_at=change["made_at"], version=record["version"] + 1,
        )  # fmt: skip
        if not is_write:
            record["status"] = STEPS.get(change["action"], record["status"])
        bucket = next((name for name, rows in self.state.buckets.items() if record["id"] in rows), None)
        self._write(record, merged, bucket or (f"area:{change['area']}" if change.get("area") else f"person:{user}"))
        return "merged" if merged.conflicts else "applied"

    def _write(self, record: Json, merged: Any, bucket: str) -> Json:
        self.state.seq += 1
        id = record["id"]
        for name, rows in self.state.buckets.items():
            if name != bucket and rows.pop(id, None) is not None:
                self.state.gone.setdefault(name, {})[id] = self.state.seq
        record |= {
            "version": record["version"] + 1,
            "fields": dict(merged.values),
            "label": merged.values.get("label", ""),
            "conflicts": sorted(merged.conflicts),
        }
        self.state.records[id] = record
        self.state.registers[id] = merged.registers
        self.state.buckets.setdefault(bucket, {})[id] = self.state.seq
        self.state.gone.get(bucket, {}).pop(id, None)
        return copy.deepcopy(record)

    def _visible(self, id: str, user: str) -> Json | None:
        held = any(id in self.state.buckets.get(bucket, {}) for bucket in self.entitled[user])
        return copy.deepcopy(self.state.records[id]) if held and id in self.state.records else None

    # Pull.

    def _pull(self, asked: Json, user: str, name: str) -> Json:
        cursor = json.loads(asked["cursor"]) if asked["cursor"] else {}
        is_known = cursor.get("epoch") == self.state.epoch and cursor.get("user") == zlib.crc32(name.encode())
        at = dict(cursor["at"]) if is_known else {}
        for bucket in asked.get("forget", ()):
            at.pop(bucket, None)
        ops: list[Json] = [{"op": "leave", "bucket": name} for name in sorted(at.keys() - {*self.entitled[user]})]
        at = {name: seq for name, seq in at.items() if name in self.entitled[user]}
        checks, more, left = {}, False, asked["limit"]
        for bucket in sorted(self.entitled[user]):
            if left <= 0:
                more = True
                break
            if bucket not in at:
                ops.append({"op": "enter", "bucket": bucket})
            events = self._events(bucket, at.get(bucket, 0))
            ops += [op for _, op in events[:left]]
            at[bucket] = events[:left][-1][0] if events else at.get(bucket, 0)
            more |= len(events) > left
            left -= len(events)
            if left >= 0:
                checks[bucket] = self._check(bucket)
        told = json.dumps({"epoch": self.state.epoch, "user": zlib.crc32(name.encode()), "at": at})
        is_fresh = bool(asked["cursor"]) and not is_known
        return {**self._told(), "cursor": told, "more": more, "ops": ops, "checks": checks, "fresh": is_fresh}

    def _events(self, bucket: str, after: int) -> list[tuple[int, Json]]:
        rows = self.state.buckets.get(bucket, {}).items()
        gone = self.state.gone.get(bucket, {}).items()
        puts = [(seq, {"op": "put", "bucket": bucket, "record": self.state.records[id]}) for id, seq in rows]
        removes = [(seq, {"op": "remove", "bucket": bucket, "id": id}) for id, seq in gone]
        return sorted((each for each in (*puts, *removes) if each[0] > after), key=lambda each: each[0])

    def _check(self, bucket: str) -> Json:
        held = [(id, self.state.records[id]["version"]) for id in self.state.buckets.get(bucket, {})]
        return {"count": len(held), "hash": wire.hash_of(held)}


def _outcome(change: Json, verdict: str, version: int | None = None, seq: int | None = None, **more: Any) -> Json:
    return {"id": change["id"], "verdict": verdict, "version": version, "seq": seq, "problem": None, **more}


# Faults of the way.


def lost_request(work: Callable[[], Answer]) -> Answer:
    raise requests.ConnectionError("no signal")


def lost_answer(work: Callable[[], Answer]) -> Answer:
    work()
    raise requests.ConnectionError("the signal went while the answer was under way")


def says(status: int, headers: dict[str, str] | None = None, body: Any = None) -> Callable[..., Answer]:
    """Return a fault that answers without doing anything."""
    return lambda work: (status, headers or {}, body if body is not None else {"title": "稍后再试。", "status": status})


class Way(BaseAdapter):
    """Carries requests to something that answers, without a network."""

    def __init__(self, answer: Callable[[str, dict[str, str], str], Answer]) -> None:
        super().__init__()
        self._answer = answer

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        body = request.body or b""
        status, headers, content = self._answer(
            request.path_url, dict(request.headers), body.decode() if isinstance(body, bytes) else body
        )
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = BytesIO(content if isinstance(content, bytes) else json.dumps(content).encode())
        response.request, response.url = request, request.url
        return response

    def close(self) -> None: ...


class Ids:
    """UUIDs in a row, so that a failing example reads well."""

    def __init__(self, hand: int = 0) -> None:
        self._made = hand << 64

    def __call__(self) -> str:
        self._made += 1
        return str(UUID(int=self._made))


class Phone:
    """A device of a person of the town. pauses: the seconds that it waited between tries, instead of waiting."""

    def __init__(self, town: Town, folder: Path, user: str = "worker", hand: int = 1, **options: Any) -> None:
        self.town = town
        self.folder = folder
        self.user = user
        self.pauses: list[float] = []
        self.at = NOON.astimezone()
        self.ids = Ids(hand)
        self.device = Device(folder, clock=self.clock, ids=self.ids, **options)
        self.way = self.connect()

    def connect(self) -> Connection:
        session = requests.Session()
        session.mount(ADDRESS, Way(self.town.answer))
        backoff = Backoff(tries=3, sleep=self.pauses.append, jitter=random.Random(1))
        return Connection(Credentials(ADDRESS, key=self.user), backoff=backoff, session=session)

    def clock(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def push(self) -> PushResult:
        return synchronization.push(self.device, self.way)

    def pull(self) -> PullResult:
        return synchronization.pull(self.device, self.way)

    def create(self, type: str = "stations", area: str | None = "unit1", **values: str) -> str:
        with self.device.writing():
            return records.create(self.device, type, values, area=area)

    def edit(self, id: str, **values: str) -> bool:
        with self.device.writing():
            return records.edit(self.device, records.get(self.device, id), values)

    def act(self, id: str, action: str, **inputs: str) -> None:
        with self.device.writing():
            records.act(self.device, records.get(self.device, id), action, inputs)

    def see(self, id: str) -> RecordView | None:
        return records.find(self.device, id)

    def fields(self, id: str) -> dict[str, str]:
        seen = self.see(id)
        assert seen is not None, id
        return dict(seen.fields)

    def held(self) -> dict[str, int]:
        """Return id and version of each row on the device."""
        return {each["id"]: each["version"] for each in self.device.rows("SELECT id, version FROM row ORDER BY id")}

    def changes(self) -> list[Json]:
        return self.device.rows("SELECT * FROM change ORDER BY device, seq")

    def close(self) -> None:
        with suppress(Exception):
            self.device.close()
