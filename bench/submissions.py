"""Measures submissions a second, each with its entity applied and durable before the answer."""

from __future__ import annotations

from collections.abc import Iterator

from bench import county, load, machine
from bench.environment import Environment, serving
from bench.figures import Figure, Target, number, percentile

TITLE = "sixteen phones that send without a pause, one new record each"
TARGET_PER_S, TARGET_P99_MS = 1_000, 60


def measure(environment: Environment) -> Iterator[Figure]:
    reference = (
        f"empty application {number(environment.empty_application.per_s)}/s, "
        f"SQLite {number(environment.transactions_per_s)} transactions/s, fsync {number(environment.fsyncs_per_s)}/s"
    )
    filled = environment.copy_of_county("submissions")
    with serving(filled.folder) as server:
        warming = load.send(server.port, f"{filled.phone_path}/submission", seconds=1)
        sent = load.send(server.port, f"{filled.phone_path}/submission", seconds=environment.seconds)
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(sent.statuses.items()))
    yield Figure("submissions", sent.per_s, "/s", Target(TARGET_PER_S, is_floor=True), statuses, reference)
    yield Figure("  median", percentile(sent.seconds, 50) * 1000, "ms", reference=f"{load.CONNECTIONS} at once")
    yield Figure(
        "  p99", percentile(sent.seconds, 99) * 1000, "ms", Target(TARGET_P99_MS), reference=machine.load_now()
    )
    accepted = [*warming.accepted, *sent.accepted]
    lost = county.missing(filled.folder, accepted)
    yield Figure(
        "  answered 201 without its record", lost, "", Target(1), reference=f"of {len(accepted):,}, looked up after"
    )
