"""The statuses of a case, the five stages they belong to, and which of them are terminal."""

from __future__ import annotations

from enum import StrEnum


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

ENDED = frozenset({Status.CLOSED, Status.SPOT_CLOSED, Status.REJECTED, Status.MERGED, Status.VOID})
"""Statuses in which nothing more is to be done (``domain.md`` section 2.2, terminal)."""
OPEN = frozenset(Status) - ENDED
WITH_HANDLER = frozenset({Status.ASSIGNED, Status.ACCEPTED, Status.HANDLING})

STATUS_LABELS = {
    Status.REPORTED: "待受理",
    Status.REGISTERED: "已立项",
    Status.ASSIGNED: "待签收",
    Status.ACCEPTED: "已签收",
    Status.HANDLING: "处置中",
    Status.SUSPENDED: "挂账",
    Status.TRANSFERRED: "已移交",
    Status.FEEDBACK: "待核查",
    Status.CLOSED: "已办结",
    Status.SPOT_CLOSED: "当场整改办结",
    Status.REJECTED: "不予立项",
    Status.MERGED: "重复并案",
    Status.VOID: "作废",
}
"""What people call each status (``domain.md`` section 2.2)."""

STAGE_LABELS = {
    Stage.COLLECT: "采集",
    Stage.ASSIGN: "派遣",
    Stage.HANDLE: "处置",
    Stage.FEEDBACK: "反馈",
    Stage.CLOSE: "办结",
}
