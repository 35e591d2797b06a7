"""Measures a county in PostgreSQL beside one in SQLite, and what its queue of statements saves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from bench import county, load, machine
from bench.county import County
from bench.environment import Environment, Server, serving
from bench.figures import Figure, number, percentile
from bench.load import Sent

if TYPE_CHECKING:
    from bench.postgres.cluster import Cluster

TITLE = "SQLite, PostgreSQL, two processes, two counties, by turns; the queue of statements (needs PostgreSQL)"
ROUNDS = 4
SQLITE = "SQLite"
FIRST, SECOND = "130630", "130631"
"""The counties in PostgreSQL."""


class _Way(NamedTuple):
    """One way to serve. servers: each with the county that it serves. cluster: None for SQLite."""

    name: str
    servers: list[tuple[Server, str]]
    filled: County
    cluster: Cluster | None


class _Round(NamedTuple):
    """per_s: submissions a second. seconds: of each. server_ms, postgres_ms: processor time for each of them."""

    per_s: float
    seconds: list[float]
    server_ms: float
    postgres_ms: float


def measure(environment: Environment) -> Iterator[Figure]:
    """Yield nothing where there is no PostgreSQL or no driver, and say so."""
    try:
        from bench.postgres.cluster import Cluster, free_port, programs
    except ImportError:
        print("  not measured: the extra firegrid[postgres] is not installed")
        return
    if programs() is None:
        print("  not measured: no PostgreSQL server is installed (Debian: postgresql-15)")
        return
    cluster = Cluster(environment.folder / "postgres", free_port())
    try:
        cluster.create()
        yield from _measured(environment, cluster)
    finally:
        cluster.stop()


def _measured(environment: Environment, cluster: Cluster) -> Iterator[Figure]:
    from bench.postgres import works
    from server.db import copying
    from server.db.postgres.engine import PostgresEngine
    from server.db.sqlite.engine import SqliteEngine

    filled = environment.copy_of_county("postgres photos")
    engines = {code: PostgresEngine(cluster.url, code, filled.folder) for code in (FIRST, SECOND)}
    for engine in engines.values():
        copying.copy(SqliteEngine(filled.folder), engine)
    with ExitStack() as stack:
        ways = _ways(environment, cluster, filled, stack)
        for way in ways:
            _round(way, 1)  # warms up
        rounds: dict[str, list[_Round]] = {way.name: [] for way in ways}
        for at in range(ROUNDS):
            # Each goes first in turn, so that a machine that slows down or speeds up favours none.
            for way in ways[at % len(ways) :] + ways[: at % len(ways)]:
                rounds[way.name].append(_round(way, environment.seconds / 2))
    yield from _figures(rounds)
    yield from works.measure(engines[FIRST], cluster)


def _ways(environment: Environment, cluster: Cluster, filled: County, stack: ExitStack) -> list[_Way]:
    def served(code: str | None) -> Server:
        if code is None:
            return stack.enter_context(serving(of_sqlite.folder))
        return stack.enter_context(serving(filled.folder, FIREGRID_DATABASE=cluster.url, FIREGRID_COUNTY=code))

    of_sqlite = environment.copy_of_county("postgres beside SQLite")
    first, again, other = served(FIRST), served(FIRST), served(SECOND)
    return [
        _Way(SQLITE, [(served(None), "")], of_sqlite, None),
        _Way("PostgreSQL, one process", [(first, FIRST)], filled, cluster),
        _Way("  two processes on one county", [(first, FIRST), (again, FIRST)], filled, cluster),
        _Way("  two counties, a process each", [(first, FIRST), (other, SECOND)], filled, cluster),
    ]


def _round(way: _Way, seconds: float) -> _Round:
    """Send for ``seconds`` from as many phones, whatever number of servers they are spread over."""
    before = _processor_s(way)
    each = load.CONNECTIONS // len(way.servers)
    with ThreadPoolExecutor(len(way.servers)) as pool:
        loads = [
            pool.submit(
                load.send, server.port, f"{way.filled.phone_path}/submission", seconds=seconds, connections=each
            )
            for server, _ in way.servers
        ]
        sent = [found.result() for found in loads]
    server_s, postgres_s = (now - then for now, then in zip(_processor_s(way), before, strict=True))
    for (_, code), found in zip(way.servers, sent, strict=True):
        _require_records(way, code, found)
    number = sum(len(found.seconds) for found in sent)
    took = [second for found in sent for second in found.seconds]
    return _Round(sum(found.per_s for found in sent), took, server_s / number * 1000, postgres_s / number * 1000)


def _processor_s(way: _Way) -> tuple[float, float]:
    """Return the processor time so far of all servers of a way, and of PostgreSQL."""
    of_servers = sum(machine.processor_s(server.pid) for server, _ in way.servers)
    return of_servers, 0.0 if way.cluster is None else way.cluster.processor_s()


def _require_records(way: _Way, code: str, sent: Sent) -> None:
    """Raise RuntimeError unless every submission that was sent was new, and is stored with its record."""
    if way.cluster is None:
        county.require_records(way.filled.folder, sent)
        return
    import psycopg

    if set(sent.statuses) != {"201"}:
        raise RuntimeError(f"not every submission was taken as new, but answered {sent.statuses}")
    instances, entities = [f"uuid:{instance}" for instance, _ in sent.accepted], [id for _, id in sent.accepted]
    with psycopg.connect(way.cluster.url, options=f"-c search_path=c{code}") as connection:
        for table, column, ids in (("submission", "instance_id", instances), ("record", "id", entities)):
            query = f"SELECT COUNT(*) FROM {table} WHERE {column} = ANY(%s)"
            found = connection.execute(query, (ids,)).fetchone()
            if found is None or found[0] != len(ids):
                raise RuntimeError(f"{code}: of {len(ids):,} submissions {found} are in {table}")


def _figures(rounds: Mapping[str, list[_Round]]) -> Iterator[Figure]:
    for name, found in rounds.items():
        seconds = [second for each in found for second in each.seconds]
        late_ms = number(percentile(seconds, 99) * 1000)
        cost = f"processor: server {number(median(each.server_ms for each in found))} ms each"
        ratios = sorted(each.per_s / beside.per_s for each, beside in zip(found, rounds[SQLITE], strict=True))
        reference = f"{load.CONNECTIONS} phones, {ROUNDS} rounds by turns, {machine.load_now()}"
        if name != SQLITE:
            cost += f", PostgreSQL {number(median(each.postgres_ms for each in found))} ms"
            reference = f"{number(ratios[0])} to {number(ratios[-1])} of SQLite's rate in the same round"
        yield Figure(name, median(each.per_s for each in found), "/s", None, f"p99 {late_ms} ms, {cost}", reference)
