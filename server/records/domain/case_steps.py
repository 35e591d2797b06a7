"""The steps that a case takes, as its history keeps them, and what the figures tell apart among them."""

from __future__ import annotations

from typing import NamedTuple

from server.instants import Instant
from server.records.domain.status import Status

CLOSED = frozenset({Status.CLOSED, Status.SPOT_CLOSED})
HELD = frozenset({Status.SUSPENDED, Status.TRANSFERRED})
DROPPED = frozenset({Status.VOID, Status.MERGED})
UNREGISTERED = frozenset({Status.REPORTED, Status.REJECTED, Status.MERGED, Status.VOID})
"""Statuses that a report reaches without ever having been registered; every other one implies a case."""

CHECKS = frozenset({"close", "rework", "site_check"})
"""Actions by which a verifier judges what the handler says; ``site_check`` is feedback and check in one visit."""


RECHECK_FAILED = "recheck_failed"
"""Action of the step by which a re-check found the hazard there again; one that found it gone is ``recheck``."""

RETURN_ASKED_LATE = "ask_return_late"
"""Action of the step by which a handler asked to give a case back after the time for that was over (超窗)."""


class Dispatch(NamedTuple):
    """A case given to a handler, and when the handler's return was granted; None while it stands."""

    at: Instant
    returned_at: Instant | None = None


class Ending(NamedTuple):
    """How a registered case left the stock: closed, void or merged into another.

    status: the one it was left in. undone_at: when it was reopened or split off; None while it stands.
    """

    at: Instant
    undone_at: Instant | None
    status: Status


class Step(NamedTuple):
    """One step of a case as its history keeps it.

    action: its name (``design.md`` section 5). at: server instant of its commit. status: where it left the case.
    handle_due_at, close_due_at: the limits it set, None where it left them as they were.
    result_code: what the handler says came of it, None where the step says nothing.
    category: the one that it gave the case, None where it left that as it was.
    extends: it set a later limit than its rule, which is an extension whatever the act.
    recurs: it registered a hazard that is back after it was closed. written_at: when it was written, as its
    device says, None where that was not asked. relaxes: a correction of the hazard left it more time than its rule.
    discovered_at: of a report, when the hazard was found, as a device with a sound clock says.
    """

    action: str
    at: Instant
    status: Status
    handle_due_at: Instant | None = None
    close_due_at: Instant | None = None
    result_code: str | None = None
    category: str | None = None
    extends: bool = False
    recurs: bool = False
    written_at: Instant | None = None
    relaxes: bool = False
    discovered_at: Instant | None = None
