"""Carries out the works of submissions in commits of sixteen, the queue beside plain round trips."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from bench import county, load, machine
from bench.figures import Figure, Target, number
from bench.postgres.cluster import Cluster
from server.db import database
from server.db.commits import Begin, Job, WithLookups, commit
from server.db.postgres.connections import PostgresConnection
from server.db.postgres.engine import PostgresEngine
from server.openrosa.submission_xml import read_submission
from server.people.domain.actors import Actor
from server.people.store import people
from server.submissions.domain.submissions import PostedSubmission
from server.submissions.usecases import lookups, receiving

WORKS, COMMITS, ROUNDS = 16, 40, 5
"""How many works share a commit, how many commits are one round of a kind, and how many rounds there are."""

ONE_BY_ONE, QUEUED = "one by one", "queued"
TARGET_TIMES = 2
_XML = b"Content-Type: text/xml\r\n\r\n"


class _OneByOne(PostgresConnection):
    """A connection on which each statement waits for its answer."""

    def begin(self, *, queued: bool = False) -> None:
        super().begin(queued=False)


class _Round(NamedTuple):
    """per_s: works a second. own_ms, postgres_ms: processor time for each work, of this process and of PostgreSQL."""

    per_s: float
    own_ms: float
    postgres_ms: float


def measure(engine: PostgresEngine, cluster: Cluster) -> Iterator[Figure]:
    """Yield works a second one by one and queued, by turns, and their ratio.

    engine: of a county that ``bench.county`` has made, which is filled. cluster: in which it is.
    """
    store = database.open_inline(engine.folder, engine=engine)
    by = store.write(lambda tx: people.actor(tx, county.WORKER))
    store.close()
    rounds: dict[str, list[_Round]] = {ONE_BY_ONE: [], QUEUED: []}
    begin = database.beginning(database.system_clock, {}, database.new_uuid)
    with ExitStack() as stack:
        kinds = {ONE_BY_ONE: _OneByOne(engine, engine.open), QUEUED: engine.connect()}
        for connection in kinds.values():
            stack.callback(connection.close)
            _round(connection, cluster, begin, by)  # statements are prepared
        for at in range(ROUNDS):
            # Each goes first in turn, so that a machine that slows down or speeds up favours neither.
            for kind in (ONE_BY_ONE, QUEUED) if at % 2 else (QUEUED, ONE_BY_ONE):
                rounds[kind].append(_round(kinds[kind], cluster, begin, by))
    for kind, found in rounds.items():
        own_ms = number(median(each.own_ms for each in found))
        postgres_ms = number(median(each.postgres_ms for each in found))
        yield Figure(f"works, {kind}", median(each.per_s for each in found), "/s", None,
                     f"{own_ms} ms of processor each, PostgreSQL {postgres_ms} ms",
                     f"{WORKS} to a commit, no web server")  # fmt: skip
    ratios = sorted(queued.per_s / plain.per_s for plain, queued in zip(*rounds.values(), strict=True))
    yield Figure("  queued, to one by one", median(ratios), "times", Target(TARGET_TIMES, is_floor=True),
                 f"{number(ratios[0])} to {number(ratios[-1])} in {ROUNDS} pairs", machine.load_now())  # fmt: skip


def _round(connection: PostgresConnection, cluster: Cluster, begin: Begin, by: Actor) -> _Round:
    """Carry out the commits of one round. Raises what kept a work from being stored."""
    batches = [[Job(_work(_posted(), by)) for _ in range(WORKS)] for _ in range(COMMITS)]
    turn, works = connection.engine.turn(), WORKS * COMMITS
    own_s, postgres_s, began = time.process_time(), cluster.processor_s(), time.perf_counter()
    for jobs in batches:
        commit(connection, jobs, begin, turn)
    took_s = time.perf_counter() - began
    own_ms = (time.process_time() - own_s) / works * 1000
    postgres_ms = (cluster.processor_s() - postgres_s) / works * 1000
    for jobs in batches:
        for job in jobs:
            job.outcome()
    return _Round(works / took_s, own_ms, postgres_ms)


def _work(posted: PostedSubmission, by: Actor) -> WithLookups[object]:
    return WithLookups(lambda tx: receiving.receive(tx, posted, by=by), lambda: lookups.of_submission(posted))


def _posted() -> PostedSubmission:
    """Return what a phone's POST of ``bench.load`` is read as."""
    request = load.submission("/", load.uuid4(), load.uuid4())
    raw = request.partition(_XML)[2].partition(f"\r\n--{load.BOUNDARY}".encode())[0]
    return PostedSubmission(raw=raw, xml=read_submission(raw), files=(), device=None, user_agent=None)
