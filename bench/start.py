"""How long the server takes from nothing to its first good answer."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Figure, Target
from bench.workbench import Workbench, serving, serving_bare

TITLE = "from nothing to /readyz"
TARGET_S = 2
STARTS = 3


def measure(bench: Workbench) -> Iterator[Figure]:
    filled = bench.copy_of_county("start")
    took = []
    for _ in range(STARTS):
        with serving(filled.folder) as server:
            took.append(server.started_s)
    with serving_bare() as bare:
        beside = f"web server alone {bare.started_s:.2f} s"
    median = sorted(took)[STARTS // 2]
    yield Figure("cold start", median, "s", Target(TARGET_S), f"worst {max(took):.2f} s of {STARTS}", beside)
