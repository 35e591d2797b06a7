"""What the server's rows must be like (promises 4, 5 and 11)."""

from __future__ import annotations

from server.admin.store import invariants
from server.simulate.invariants import Findings
from server.simulate.store import stored_rows
from server.simulate.world import World

PATH = "the status history of a case is a path in the table"


def check(world: World, findings: Findings) -> None:
    """Ask what ``firegrid check`` asks, and repeat what arrived."""
    for path in world.server.failures:
        findings.add(11, f"500 for {path}")
    with world.server.store.reading() as reading:
        for promise, subject in invariants.broken(reading):
            findings.add(4 if promise == PATH else 11, f"{promise}: {subject}")
    _check_repeats(world, findings)


def _check_repeats(world: World, findings: Findings) -> None:
    """Let what arrived arrive again, the last first: nothing may change."""
    with world.server.store.reading() as reading:
        before = stored_rows.state(reading)
    for request in reversed(list(world.network.kept)):
        world.network.repeat(request)
    with world.server.store.reading() as reading:
        after = stored_rows.state(reading)
    for name, rows in before.items():
        if rows != after[name]:
            findings.add(5, f"{name} changed when requests were repeated")
