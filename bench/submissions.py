"""Measures submissions a second, each with its entity applied and durable before the answer."""

from __future__ import annotations

from collections.abc import Iterator

from bench import load, machine
from bench.environment import Environment, serving, submit
from bench.figures import Figure, Target, number, percentile

TITLE = "sixteen phones that send without a pause, one new record each"
TARGET_PER_S, TARGET_P99_MS = 1_000, 60


def measure(environment: Environment) -> Iterator[Figure]:
    reference = (
        f"empty application {number(environment.empty_application.sent.per_s)}/s, "
        f"SQLite {number(environment.transactions_per_s)} transactions/s, fsync {number(environment.fsyncs_per_s)}/s"
    )
    filled = environment.copy_of_county("submissions")
    with serving(filled.folder) as server:
        submit(server, filled, seconds=1)  # warms up
        submitted = submit(server, filled, seconds=environment.seconds)
    sent = submitted.sent
    spread = f"{submitted.cost()}, {len(sent.accepted):,} records"
    yield Figure("submissions", sent.per_s, "/s", Target(TARGET_PER_S, is_floor=True), spread, reference)
    yield Figure("  median", percentile(sent.seconds, 50) * 1000, "ms", reference=f"{load.CONNECTIONS} at once")
    yield Figure(
        "  p99", percentile(sent.seconds, 99) * 1000, "ms", Target(TARGET_P99_MS), reference=machine.load_now()
    )
