"""How many submissions a second, each with its entity applied and durable before the answer."""

from __future__ import annotations

from collections.abc import Iterator

from bench import county, load, machine
from bench.figures import Figure, Target, number, percentile
from bench.workbench import Workbench, serving

TITLE = "sixteen phones that send without a pause, one new record each"
TARGET_PER_S, TARGET_P99_MS = 1_000, 60


def measure(bench: Workbench) -> Iterator[Figure]:
    beside = (
        f"empty application {number(bench.bare.per_s)}/s, "
        f"SQLite {number(bench.transactions_per_s)} transactions/s, fsync {number(bench.fsyncs_per_s)}/s"
    )
    filled = bench.copy_of_county("submissions")
    with serving(filled.folder) as server:
        warming = load.send(server.port, f"{filled.door}/submission", seconds=1)
        sent = load.send(server.port, f"{filled.door}/submission", seconds=bench.seconds)
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(sent.statuses.items()))
    yield Figure("submissions", sent.per_s, "/s", Target(TARGET_PER_S, is_floor=True), statuses, beside)
    yield Figure("  median", percentile(sent.seconds, 50) * 1000, "ms", beside=f"{load.CONNECTIONS} at once")
    yield Figure("  p99", percentile(sent.seconds, 99) * 1000, "ms", Target(TARGET_P99_MS), beside=machine.load_now())
    kept = [*warming.kept, *sent.kept]
    lost = county.missing(filled.folder, kept)
    yield Figure("  answered 201 without its record", lost, "", Target(1), beside=f"of {len(kept):,}, looked up after")
