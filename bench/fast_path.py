"""Measures what the fast path saves: two servers, with it and without, by turns."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench import load, machine
from bench.environment import Environment, LoadResult, serving, submit
from bench.figures import Figure, number

TITLE = "submissions with FIREGRID_FAST_PATH=on and =off, by turns"
PAIRS = 5
PAYS_ABOVE = 1.2
"""The ratio of processor time below which the fast path no longer pays (docs/adr/0025-fast-path.md)."""


def measure(environment: Environment) -> Iterator[Figure]:
    folders = {value: environment.copy_of_county(f"fast path {value}") for value in ("on", "off")}
    runs: dict[str, list[LoadResult]] = {"on": [], "off": []}
    with (
        serving(folders["on"].folder, FIREGRID_FAST_PATH="on") as on,
        serving(folders["off"].folder, FIREGRID_FAST_PATH="off") as off,
    ):
        servers = {"on": on, "off": off}
        for value, server in servers.items():
            submit(server, folders[value], seconds=1)  # warms up
        for pair in range(PAIRS):
            # Each goes first in turn, so that a machine that slows down or speeds up favours neither.
            for value in ("on", "off") if pair % 2 else ("off", "on"):
                runs[value].append(submit(servers[value], folders[value], seconds=environment.seconds / 2))
    for value, submitted in runs.items():
        cost = f"{number(median(each.processor_ms for each in submitted))} ms of processor each"
        records = f"{sum(len(each.sent.accepted) for each in submitted):,} records"
        per_s = median(each.sent.per_s for each in submitted)
        yield Figure(value, per_s, "/s", None, f"{cost}, {records}", f"{load.CONNECTIONS} at once")
    ratios = sorted(off.processor_ms / on.processor_ms for on, off in zip(runs["on"], runs["off"], strict=True))
    yield Figure("processor time, off to on", median(ratios), "times", None,
                 f"{number(ratios[0])} to {number(ratios[-1])} in {PAIRS} pairs",
                 f"pays above {PAYS_ABOVE}; {machine.load_now()}")  # fmt: skip
