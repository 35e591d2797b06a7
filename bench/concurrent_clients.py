"""Runs a thousand field clients that each push a batch, as in the evening when everybody is back on a network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import orjson

from bench.load import uuid4
from bench.push_requests import Wire, creation, push

CLIENTS, ITEMS, CONCURRENT = 1_000, 30, 32
TRIES_MAX = 20
TIMEOUT_S = 60


class Result(NamedTuple):
    """items: that got a verdict. errors: clients that gave up. delays: answers to retry later."""

    items: int
    seconds: float
    errors: int
    delays: int


class _ClientResult(NamedTuple):
    items: int
    is_done: bool
    delays: int


def run(port: int, key: str) -> Result:
    """Let every client push once over a connection of its own, and retry when the server says so."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENT) as pool:
        results = list(pool.map(lambda number: _client(port, key, f"device {number}"), range(CLIENTS)))
    seconds = time.perf_counter() - began
    items, delays = sum(each.items for each in results), sum(each.delays for each in results)
    return Result(items, seconds, sum(not each.is_done for each in results), delays)


def _client(port: int, key: str, device: str) -> _ClientResult:
    changes = [creation(uuid4(), seq) for seq in range(1, ITEMS + 1)]
    delays = 0
    for wait_s in _retry_delays(port, key, device, changes):
        if wait_s is None:
            return _ClientResult(ITEMS, True, delays)
        delays += 1
        time.sleep(wait_s)
    return _ClientResult(0, False, delays)


def _retry_delays(port: int, key: str, device: str, changes: list[Wire]) -> Iterator[float | None]:
    """Yield how long to wait before the next try, in seconds; None when everything was applied. Ends on an error."""
    for _ in range(TRIES_MAX):
        try:
            with closing(HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)) as connection:
                answer = push(connection, key, device, changes)
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
