"""Laptops that push and pull without a pause, at whichever server answers; they push by the same ids until told."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

from tests.stories.child_server import PATIENCE_S

POLL_S = 0.003
AGAIN_S = 0.05
PAGE = 2_000
COUNTY = "county"
"""The bucket of what is no record."""
WAITING_S = 45
"""How long a laptop waits for one answer: longer than any lock and any failover here."""

MADE_AT = "2026-11-23T09:12:33.120+08:00"

Change = dict[str, Any]


class Line:
    """One laptop's connection; where a server is gone, it goes on at the next. ports: of the servers of the county."""

    def __init__(self, ports: Sequence[int], key: str, first: int) -> None:
        self._ports = ports
        self._key = key
        self._at = first
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: object) -> tuple[int, Any]:
        """Return status and content of an answer. Raises OSError and HTTPException where none came."""
        if self._connection is None:
            port = self._ports[self._at % len(self._ports)]
            self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAITING_S)
        headers = {"Authorization": f"Key {self._key}", "Content-Type": "application/json"}
        try:
            self._connection.request("POST", f"/api/v1/sync/{path}", json.dumps(body), headers)
            with self._connection.getresponse() as answer:
                return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            self._at += 1
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Load:
    """Writers that create records in batches, and pollers that pull them.

    told: record to the id of its change, of all that were answered as applied. held: of each poller, the records that
    it has been sent. rounds: how often each has pulled. again: how often a batch had to be sent once more. odd: answers
    that no laptop should ever get.
    """

    def __init__(self, ports: Sequence[int], key: str, *, writers: int = 4, pollers: int = 2, batch: int = 20) -> None:
        self.told: dict[str, str] = {}
        self.held: list[set[str]] = [set() for _ in range(pollers)]
        self.rounds = [0] * pollers
        self.again = 0
        self.odd: list[object] = []
        self._ports, self._key, self._batch = ports, key, batch
        self._changed = threading.Condition()
        self._writing, self._polling = threading.Event(), threading.Event()
        self._writing.set()
        self._polling.set()
        self._writers = [threading.Thread(target=self._write, args=(at,), daemon=True) for at in range(writers)]
        self._pollers = [threading.Thread(target=self._poll, args=(at,), daemon=True) for at in range(pollers)]

    def __enter__(self) -> Load:
        for thread in (*self._writers, *self._pollers):
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._writing.clear()
        for thread in self._writers:
            thread.join(PATIENCE_S)
        self._polling.clear()
        for thread in self._pollers:
            thread.join(2 * PATIENCE_S)
        assert not any(thread.is_alive() for thread in (*self._writers, *self._pollers)), "a laptop waits for ever"

    def wait_for(self, number: int, patience_s: float = PATIENCE_S) -> None:
        """Wait until ``number`` more records were told kept, from now on."""
        with self._changed:
            wanted = len(self.told) + number
            is_told = self._changed.wait_for(lambda: len(self.told) >= wanted, patience_s)
        assert is_told, f"{len(self.told)} of {wanted}"

    def _write(self, number: int) -> None:
        line, seq, device = Line(self._ports, self._key, number), 0, str(uuid4())
        while self._writing.is_set():
            changes = [_creation(seq + at + 1) for at in range(self._batch)]
            seq += self._batch
            self._until_told(line, {"device": device, "epoch": None, "changes": changes})
        line.close()

    def _until_told(self, line: Line, body: dict[str, Any]) -> None:
        """Send a batch until it is answered; a writer that stops does not leave one half told."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException, ValueError):
                status, content = line.post("push", body)
                if status == 200:
                    self._note(body["changes"], content["outcomes"])
                    return
                if status not in (429, 503):
                    self.odd.append((status, content))
            self.again += 1
            time.sleep(AGAIN_S)
        self.odd.append("a batch was never told kept")

    def _note(self, changes: list[Change], outcomes: list[dict[str, Any]]) -> None:
        verdicts = {each["id"]: each["verdict"] for each in outcomes}
        with self._changed:
            for change in changes:
                if verdicts.get(change["id"]) == "applied":
                    self.told[change["record"]] = change["id"]
                else:
                    self.odd.append((change["id"], verdicts.get(change["id"])))
            self._changed.notify_all()

    def _poll(self, number: int) -> None:
        """Pull every few milliseconds, and once more when the writers have ended."""
        line, cursor, is_last = Line(self._ports, self._key, number), None, False
        until = float("inf")
        while time.monotonic() < until:
            was_polling = self._polling.is_set()
            if not was_polling:
                until = min(until, time.monotonic() + PATIENCE_S)
            try:
                status, content = line.post("pull", {"cursor": cursor, "limit": PAGE})
            except (OSError, http.client.HTTPException, ValueError):
                time.sleep(AGAIN_S)
                continue
            if status != 200:
                if status not in (429, 503):
                    self.odd.append((status, content))
                time.sleep(AGAIN_S)
                continue
            cursor = content["cursor"]
            self.rounds[number] += 1
            self.held[number] |= {
                op["record"]["id"] for op in content["ops"] if op["op"] == "put" and op["bucket"] != COUNTY
            }
            is_last = not was_polling and not content["more"]
            if is_last:
                break
            time.sleep(POLL_S)
        if not is_last:
            self.odd.append("a poller never came to the end")
        line.close()


def _creation(seq: int) -> Change:
    fields = {"place": [None, f"民宿{seq}"], "label": [None, f"民宿{seq}"]}
    asked = {"type": "reports", "action": "create", "seq": seq, "base_version": 0, "made_at": MADE_AT}
    return {"id": str(uuid4()), "record": str(uuid4()), "fields": fields} | asked
