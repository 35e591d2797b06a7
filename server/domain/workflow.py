"""The life of a case as data: statuses, the card's five stages, and how a case may be born."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Stage(StrEnum):
    """The five stages (环节): 采集、派遣、处置、反馈、办结."""

    COLLECT = "collect"
    ASSIGN = "assign"
    HANDLE = "handle"
    FEEDBACK = "feedback"
    CLOSE = "close"


class Status(StrEnum):
    """Where a case stands (``domain.md`` section 2.2; ``assigned`` is its *dispatched*)."""

    REPORTED = "reported"
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    HANDLING = "handling"
    SUSPENDED = "suspended"
    TRANSFERRED = "transferred"
    FEEDBACK = "feedback"
    CLOSED = "closed"
    SPOT_CLOSED = "spot_closed"
    REJECTED = "rejected"
    MERGED = "merged"
    VOID = "void"


STAGE_OF = {
    Status.REPORTED: Stage.COLLECT,
    Status.REGISTERED: Stage.ASSIGN,
    Status.ASSIGNED: Stage.ASSIGN,
    Status.ACCEPTED: Stage.HANDLE,
    Status.HANDLING: Stage.HANDLE,
    Status.SUSPENDED: Stage.HANDLE,
    Status.TRANSFERRED: Stage.HANDLE,
    Status.FEEDBACK: Stage.FEEDBACK,
    Status.CLOSED: Stage.CLOSE,
    Status.SPOT_CLOSED: Stage.CLOSE,
    Status.REJECTED: Stage.CLOSE,
    Status.MERGED: Stage.CLOSE,
    Status.VOID: Stage.CLOSE,
}


class Birth(NamedTuple):
    """How a case comes into being: the action, whether its item may be fixed on the spot, and the first status."""

    action: str
    spot_ok: bool
    status: Status


BIRTHS = (
    Birth("report", False, Status.REPORTED),
    Birth("report", True, Status.REPORTED),
    Birth("create", False, Status.REPORTED),
    Birth("create", True, Status.REPORTED),
    Birth("spot_close", True, Status.SPOT_CLOSED),
    Birth("spot_close", False, Status.FEEDBACK),
)
"""T01 and T02 of ``domain.md`` section 2.3. What may not be fixed on the spot is fed back, for someone to check."""

CREATING = frozenset(birth.action for birth in BIRTHS)
"""Actions that bring a record into being."""


def born(action: str, *, spot_ok: bool) -> Status:
    """Return the first status of a case that ``action`` creates.

    spot_ok: whether the code table lets this item be closed on the spot.
    """
    return next(birth.status for birth in BIRTHS if (birth.action, birth.spot_ok) == (action, spot_ok))
