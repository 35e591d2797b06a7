"""The limits of this machine, beside which every other figure must be read."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Figure, latency
from bench.workbench import Workbench

TITLE = "what this machine can do at best"


def measure(bench: Workbench) -> Iterator[Figure]:
    yield Figure("fsync of 4 KB", bench.fsyncs_per_s, "/s", beside=f"in {bench.folder.parent}")
    yield Figure("SQLite transaction of one row", bench.transactions_per_s, "/s", beside="WAL, synchronous=FULL")
    bare = bench.bare
    yield Figure(
        "the same server with an empty application", bare.per_s, "/s", spread=bare.spread(), beside="16 connections"
    )
    yield latency("its answer on one connection", bench.bare_seconds)
