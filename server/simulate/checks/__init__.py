"""The checks of the promises of sync, a module for those that need the same."""

from __future__ import annotations

from server.simulate.checks import device_rows, edits, entitlement, figures, saved_work, server_state
from server.simulate.invariants import Findings
from server.simulate.world import World


def check(world: World, findings: Findings) -> None:
    """Check every promise once things are quiet, and add what breaks one to ``findings``."""
    for each in (saved_work, device_rows, entitlement, edits, figures, server_state):
        each.check(world, findings)
