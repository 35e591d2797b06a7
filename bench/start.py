"""Measures the cold start of the server, up to its first good answer."""

from __future__ import annotations

from collections.abc import Iterator

from bench.environment import Environment, serving, serving_empty_application
from bench.figures import Figure, Target

TITLE = "cold start until /readyz"
TARGET_S = 2
STARTS = 3


def measure(environment: Environment) -> Iterator[Figure]:
    filled = environment.copy_of_county("start")
    took = []
    for _ in range(STARTS):
        with serving(filled.folder) as server:
            took.append(server.started_s)
    with serving_empty_application() as empty_application:
        reference = f"web server alone {empty_application.started_s:.2f} s"
    median = sorted(took)[STARTS // 2]
    yield Figure("cold start", median, "s", Target(TARGET_S), f"worst {max(took):.2f} s of {STARTS}", reference)
