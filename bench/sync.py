"""What field clients cost: pushes that truly merge, first, idle and very large pulls, and an evening's rush."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Iterator

import orjson

from bench import county, machine, rush
from bench.figures import Figure, Target, latency, number
from bench.lists import sign_in
from bench.load import uuid4
from bench.machine import processor_s
from bench.memory import forget_peak, held_mb
from bench.pushing import creation, edit, headers, push
from bench.workbench import ROUNDS, Answer, Server, Workbench, ask, expect, serving
from schemas.sync import CHANGES_MAX, ROWS_MAX

TITLE = "push and pull of field clients"
PUSHED_PER_S, FIRST_PULL_S, IDLE_MS = 2_000, 1, 5
FIRST_MB, AGAIN_MB = 60, 10
"""A page and what SQLite keeps of the file at first; hardly anything again, or memory would grow with the bucket."""

RECORDS, FEW, MANY = 2_000, 10, 100_000


def measure(bench: Workbench) -> Iterator[Figure]:
    yield from _pushes(bench)
    yield from _idle_with_few(bench)
    yield from _with_many(bench)
    yield from _evening(bench)


def _pushes(bench: Workbench) -> Iterator[Figure]:
    """Two devices edit every record from the same version: the second of them is merged, one field in conflict."""
    filled = bench.copy_of_county("sync")
    ids = [uuid4() for _ in range(RECORDS)]
    beside = f"SQLite {number(bench.transactions_per_s)} transactions/s, {machine.load_now()}"
    with serving(filled.folder) as server, server.line() as line:
        for name, device, changes in (
            ("creates, in batches of 200", "first", [creation(id) for id in ids]),
            ("edits on their base", "first", [edit(id, 2, "已清理", ("severity", "general", "major")) for id in ids]),
            ("edits that merge", "second", [edit(id, 1, "又堆放", ("unit", None, "u-1")) for id in ids]),
        ):
            used, began, verdicts = processor_s(server.pid), time.perf_counter(), Counter[str]()
            for start in range(0, RECORDS, CHANGES_MAX):
                answer = expect(push(line, filled.key, device, changes[start : start + CHANGES_MAX]), 200)
                verdicts.update(each["verdict"] for each in orjson.loads(answer.body)["outcomes"])
            per_s = RECORDS / (time.perf_counter() - began)
            cost = f"{number((processor_s(server.pid) - used) / RECORDS * 1000)} ms of processor each"
            told = ", ".join(f"{verdict}: {count:,}" for verdict, count in sorted(verdicts.items()))
            yield Figure(name, per_s, "/s", Target(PUSHED_PER_S, is_floor=True), f"{cost}, {told}", beside)
        first = _pull(line, f"Key {filled.key}", None)
        yield Figure(f"first pull of {RECORDS:,} records", first.seconds, "s", Target(FIRST_PULL_S),
                     beside=f"{len(first.body) / 1e6:.1f} MB")  # fmt: skip


def _idle_with_few(bench: Workbench) -> Iterator[Figure]:
    filled = bench.copy_of_county("sync few")
    with serving(filled.folder) as server, server.line() as line:
        expect(push(line, filled.key, "first", [creation(uuid4()) for _ in range(FEW)]), 200)
        yield _idle(bench, line, f"Key {filled.key}", f"idle pull, worker who holds {FEW}")


def _with_many(bench: Workbench) -> Iterator[Figure]:
    """One bucket of a hundred thousand records, read page by page by a worker and by an officer of the county."""
    filled = bench.copy_of_county("sync many")
    county.multiply(filled.folder, creation(uuid4()), MANY)
    with serving(filled.folder) as server, server.line() as line:
        worker, officer = f"Key {filled.key}", sign_in(line, filled)["Authorization"]
        _pull(line, worker, None)
        yield _reading(server, line, worker, f"memory to read a bucket of {MANY:,}", FIRST_MB)
        yield _reading(server, line, worker, "  more to read it once again", AGAIN_MB)
        yield _idle(bench, line, worker, f"idle pull, worker who holds {MANY:,}")
        yield _idle(bench, line, officer, f"idle pull, officer of the county who holds {MANY:,}")


def _reading(server: Server, line: http.client.HTTPConnection, authorization: str, name: str, most_mb: int) -> Figure:
    """Read every bucket whole; return by how much the server's memory rose at most."""
    held = held_mb(server, "VmRSS")
    forget_peak(server)
    began = time.perf_counter()
    rows = _read_all(line, authorization)
    beside = f"{rows:,} rows in {time.perf_counter() - began:.1f} s, in pages of {ROWS_MAX:,}"
    rose = held_mb(server, "VmHWM") - held
    return Figure(name, rose, "MB", Target(most_mb), f"from {number(held)} MB", beside)


def _evening(bench: Workbench) -> Iterator[Figure]:
    filled = bench.copy_of_county("sync evening")
    with serving(filled.folder) as server:
        used = processor_s(server.pid)
        came = rush.run(server.port, filled.key)
        cost = f"{number((processor_s(server.pid) - used) / came.items * 1000)} ms of processor each"
    name = f"rush of {rush.CLIENTS:,} clients with {rush.ITEMS} items each"
    yield Figure(
        name, came.items / came.seconds, "items/s", None, cost, f"{rush.AT_ONCE} at once, {machine.load_now()}"
    )
    yield Figure("  clients with an error", came.errors, "", Target(1), f"{came.delays} told to come back later")


def _idle(bench: Workbench, line: http.client.HTTPConnection, authorization: str, name: str) -> Figure:
    cursor = None
    while (told := orjson.loads(_pull(line, authorization, cursor).body))["more"]:
        cursor = told["cursor"]
    asked = [_pull(line, authorization, told["cursor"]) for _ in range(ROUNDS)]
    return latency(name, [each.seconds for each in asked], IDLE_MS, f"empty application {_bare_ms(bench)} ms")


def _read_all(line: http.client.HTTPConnection, authorization: str) -> int:
    """Return how many rows came, keeping none of them."""
    cursor, rows, more = None, 0, True
    while more:
        told = orjson.loads(_pull(line, authorization, cursor).body)
        cursor, more = told["cursor"], told["more"]
        rows += sum(op["op"] == "put" for op in told["ops"])
    return rows


def _pull(line: http.client.HTTPConnection, authorization: str, cursor: str | None) -> Answer:
    body = orjson.dumps({"cursor": cursor, "limit": ROWS_MAX})
    return expect(ask(line, "/api/v1/sync/pull", method="POST", headers=headers(authorization), body=body), 200)


def _bare_ms(bench: Workbench) -> str:
    return number(sorted(bench.bare_seconds)[len(bench.bare_seconds) // 2] * 1000)
