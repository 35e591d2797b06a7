"""Measures push and pull of field clients: pushes that merge, first, idle and large pulls, many clients at once."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

import orjson

from bench import county, machine
from bench.environment import ROUNDS, Answer, Environment, Server, ask, expect, serving
from bench.figures import Figure, Target, latency, number
from bench.lists import sign_in
from bench.load import uuid4
from bench.machine import processor_s
from bench.memory import memory_mb, reset_peak_memory
from bench.push_requests import Wire, creation, edit, headers, push
from schemas.sync import CHANGES_MAX, ROWS_MAX

TITLE = "push and pull of field clients"
PUSHED_PER_S, FIRST_PULL_S, IDLE_MS = 2_000, 1, 5
FIRST_MB, AGAIN_MB = 60, 10
"""A page and SQLite's cache at first; hardly anything the second time, or memory would grow with the bucket."""

RECORDS, FEW, MANY = 2_000, 10, 100_000
CLIENTS, ITEMS, CONCURRENT = 1_000, 30, 32
TRIES_MAX = 20
TIMEOUT_S = 60


def measure(environment: Environment) -> Iterator[Figure]:
    yield from _pushes(environment)
    yield from _idle_with_few(environment)
    yield from _with_many(environment)
    yield from _concurrent_pushes(environment)


def _pushes(environment: Environment) -> Iterator[Figure]:
    """Two devices edit every record from the same version: the second of them is merged, one field in conflict."""
    filled = environment.copy_of_county("sync")
    ids = [uuid4() for _ in range(RECORDS)]
    reference = f"SQLite {number(environment.transactions_per_s)} transactions/s, {machine.load_now()}"
    with serving(filled.folder) as server, server.connection() as connection:
        for name, device, changes in (
            ("creates, in batches of 200", "first", [creation(id, seq) for seq, id in enumerate(ids, 1)]),
            (
                "edits on their base",
                "first",
                [edit(id, seq, "已清理", ("severity", "general", "major")) for seq, id in enumerate(ids, RECORDS + 1)],
            ),
            (
                "edits that merge",
                "second",
                [edit(id, seq, "又堆放", ("unit", None, "u-1")) for seq, id in enumerate(ids, 1)],
            ),
        ):
            used, began, verdicts = processor_s(server.pid), time.perf_counter(), Counter[str]()
            for start in range(0, RECORDS, CHANGES_MAX):
                answer = expect(push(connection, filled.key, device, changes[start : start + CHANGES_MAX]), 200)
                verdicts.update(each["verdict"] for each in orjson.loads(answer.body)["outcomes"])
            if set(verdicts) - {"applied", "merged"}:
                raise RuntimeError(f"not every change was applied: {dict(verdicts)}")
            per_s = RECORDS / (time.perf_counter() - began)
            cost = f"{number((processor_s(server.pid) - used) / RECORDS * 1000)} ms of processor each"
            counted = ", ".join(f"{verdict}: {count:,}" for verdict, count in sorted(verdicts.items()))
            yield Figure(name, per_s, "/s", Target(PUSHED_PER_S, is_floor=True), f"{cost}, {counted}", reference)
        first = _pull(connection, f"Key {filled.key}", None)
        yield Figure(f"first pull of {RECORDS:,} records", first.seconds, "s", Target(FIRST_PULL_S),
                     reference=f"{len(first.body) / 1e6:.1f} MB")  # fmt: skip


def _idle_with_few(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("sync few")
    with serving(filled.folder) as server, server.connection() as connection:
        expect(push(connection, filled.key, "first", [creation(uuid4(), seq) for seq in range(1, FEW + 1)]), 200)
        yield _idle(environment, server, connection, f"Key {filled.key}", f"idle pull, worker who holds {FEW}")


def _with_many(environment: Environment) -> Iterator[Figure]:
    """One bucket of a hundred thousand records, read page by page by a worker and by an officer of the county."""
    filled = environment.copy_of_county("sync many")
    county.copy_record(filled.folder, creation(uuid4()), MANY)
    with serving(filled.folder) as server, server.connection() as connection:
        worker, officer = f"Key {filled.key}", sign_in(connection, filled)["Authorization"]
        _pull(connection, worker, None)
        yield _reading(server, connection, worker, f"memory to read a bucket of {MANY:,}", FIRST_MB)
        yield _reading(server, connection, worker, "  more to read it once again", AGAIN_MB)
        yield _idle(environment, server, connection, worker, f"idle pull, worker who holds {MANY:,}")
        yield _idle(environment, server, connection, officer, f"idle pull, officer of the county who holds {MANY:,}")


def _reading(
    server: Server, connection: http.client.HTTPConnection, authorization: str, name: str, most_mb: int
) -> Figure:
    """Read every bucket whole; return by how many MB the server's memory rose at most."""
    before_mb = memory_mb(server, "VmRSS")
    reset_peak_memory(server)
    began = time.perf_counter()
    rows = _read_all(connection, authorization)
    reference = f"{rows:,} rows in {time.perf_counter() - began:.1f} s, in pages of {ROWS_MAX:,}"
    growth_mb = memory_mb(server, "VmHWM") - before_mb
    return Figure(name, growth_mb, "MB", Target(most_mb), f"from {number(before_mb)} MB", reference)


def _concurrent_pushes(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("sync concurrent")
    with serving(filled.folder) as server:
        used = processor_s(server.pid)
        result = _all_push(server.port, filled.key)
        cost = f"{number((processor_s(server.pid) - used) / result.items * 1000)} ms of processor each"
    name = f"{CLIENTS:,} clients with {ITEMS} items each"
    yield Figure(
        name,
        result.items / result.seconds,
        "items/s",
        None,
        cost,
        f"{CONCURRENT} at once, {machine.load_now()}",
    )
    yield Figure("  clients with an error", result.errors, "", Target(1), f"{result.delays} answers to retry later")


def _idle(
    environment: Environment, server: Server, connection: http.client.HTTPConnection, authorization: str, name: str
) -> Figure:
    cursor = None
    while (answer := orjson.loads(_pull(connection, authorization, cursor).body))["more"]:
        cursor = answer["cursor"]
    used_s = processor_s(server.pid)
    answers = [_pull(connection, authorization, answer["cursor"]) for _ in range(ROUNDS)]
    cost = f"{number((processor_s(server.pid) - used_s) / ROUNDS * 1000)} ms of processor each"
    reference = f"{cost}, empty application {_empty_application_ms(environment)} ms"
    return latency(name, [each.seconds for each in answers], IDLE_MS, reference)


def _read_all(connection: http.client.HTTPConnection, authorization: str) -> int:
    """Return how many rows came, keeping none of them."""
    cursor, rows, more = None, 0, True
    while more:
        answer = orjson.loads(_pull(connection, authorization, cursor).body)
        cursor, more = answer["cursor"], answer["more"]
        rows += sum(op["op"] == "put" for op in answer["ops"])
    return rows


def _pull(connection: http.client.HTTPConnection, authorization: str, cursor: str | None) -> Answer:
    body = orjson.dumps({"cursor": cursor, "limit": ROWS_MAX})
    return expect(ask(connection, "/api/v1/sync/pull", method="POST", headers=headers(authorization), body=body), 200)


def _empty_application_ms(environment: Environment) -> str:
    return number(sorted(environment.empty_application_seconds)[len(environment.empty_application_seconds) // 2] * 1000)


class EveningResult(NamedTuple):
    """What a thousand clients got that each push a batch, as in the evening when everybody is back on a network.

    items: that got a verdict. errors: clients that gave up. delays: answers to retry later."""

    items: int
    seconds: float
    errors: int
    delays: int


class _ClientResult(NamedTuple):
    items: int
    is_done: bool
    delays: int


def _all_push(port: int, key: str) -> EveningResult:
    """Let every client push once over a connection of its own, and retry when the server says so."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENT) as pool:
        results = list(pool.map(lambda number: _client(port, key, f"device {number}"), range(CLIENTS)))
    seconds = time.perf_counter() - began
    items, delays = sum(each.items for each in results), sum(each.delays for each in results)
    return EveningResult(items, seconds, sum(not each.is_done for each in results), delays)


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
