"""The checks of the promises of sync, a module for those that need the same."""

from __future__ import annotations

from server.simulate.checks import device_rows, edits, entitlement, fairness, figures, saved_work, server_state
from server.simulate.invariants import Findings
from server.simulate.world import World


def check(world: World, findings: Findings) -> None:
    """Check every promise once things are quiet, and add what breaks one to ``findings``."""
    for each in (saved_work, device_rows, entitlement, edits, fairness, figures, server_state):
        each.check(world, findings)


def check_holdings(world: World, findings: Findings) -> None:
    """Check what devices hold, and nothing else: much later, when those who have had a case have lost it."""
    for each in (device_rows, entitlement):
        each.check(world, findings)
