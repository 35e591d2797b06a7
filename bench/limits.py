"""Measures the limits of this machine, to which every other figure is to be compared."""

from __future__ import annotations

from collections.abc import Iterator

from bench.environment import Environment
from bench.figures import Figure, latency

TITLE = "what this machine can do at best"


def measure(environment: Environment) -> Iterator[Figure]:
    yield Figure("fsync of 4 KB", environment.fsyncs_per_s, "/s", reference=f"in {environment.folder.parent}")
    yield Figure(
        "SQLite transaction of one row", environment.transactions_per_s, "/s", reference="WAL, synchronous=FULL"
    )
    empty_application = environment.empty_application
    yield Figure(
        "the same server with an empty application",
        empty_application.sent.per_s,
        "/s",
        spread=f"{empty_application.cost()}, {empty_application.sent.spread()}",
        reference="16 connections",
    )
    yield latency("its answer on one connection", environment.empty_application_seconds)
