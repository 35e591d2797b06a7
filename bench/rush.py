"""An evening when everybody comes home to a network: a thousand clients that each push what they carry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import orjson

from bench.load import uuid4
from bench.pushing import Wire, creation, push

CLIENTS, ITEMS, AT_ONCE = 1_000, 30, 32
TRIES_MAX = 20
PATIENCE_S = 60


class Came(NamedTuple):
    """What a rush came to. items: that got a verdict. errors: clients that gave up. delays: answers to come later."""

    items: int
    seconds: float
    errors: int
    delays: int


class _Client(NamedTuple):
    items: int
    is_done: bool
    delays: int


def run(port: int, key: str) -> Came:
    """Let every client push once over a connection of its own; who is told to come back later does so."""
    began = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        came = list(pool.map(lambda number: _client(port, key, f"device {number}"), range(CLIENTS)))
    seconds = time.perf_counter() - began
    items, delays = sum(each.items for each in came), sum(each.delays for each in came)
    return Came(items, seconds, sum(not each.is_done for each in came), delays)


def _client(port: int, key: str, device: str) -> _Client:
    changes = [creation(uuid4()) for _ in range(ITEMS)]
    delays = 0
    for wait_s in _waits(port, key, device, changes):
        if wait_s is None:
            return _Client(ITEMS, True, delays)
        delays += 1
        time.sleep(wait_s)
    return _Client(0, False, delays)


def _waits(port: int, key: str, device: str, changes: list[Wire]) -> Iterator[float | None]:
    """Yield how long to wait before the next try, in seconds; None when everything was applied. Ends on an error."""
    for _ in range(TRIES_MAX):
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as line:
                answer = push(line, key, device, changes)
        except (OSError, HTTPException):
            return
        if answer.status == 200:
            outcomes = orjson.loads(answer.body)["outcomes"]
            if all(each["verdict"] == "applied" for each in outcomes) and len(outcomes) == len(changes):
                yield None
            return
        if answer.status not in (429, 503):
            return
        yield float(answer.headers.get("retry-after", "1"))
