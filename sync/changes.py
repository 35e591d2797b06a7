"""The Change: every write, through every door, has this shape (``sync.md`` section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from sync.values import frozen

CREATING = frozenset({"create", "report", "spot_close"})
"""Actions that create a record."""


DESKS = frozenset({"office", "server"})
"""Origins of what is written at a desk, and by the server itself; no device is called so."""


class Verdict(StrEnum):
    """The outcome of a change (``sync.md`` section 4). There is no ``lost`` and no ``rejected``."""

    APPLIED = "applied"
    MERGED = "merged"
    LATE = "late"
    RECORDED = "recorded"
    WAITING = "waiting"
    QUARANTINED = "quarantined"


class Dot(NamedTuple):
    """Which write of which origin this is.

    origin: the device, branch or instance that wrote; two people never share one.
    seq: the origin's own counter, from 1, rising with each write to one record.
    """

    origin: str
    seq: int


class FieldWrite(NamedTuple):
    """One field of a Change: the value that the author saw, and the new one.

    Values are strings, as in ODK. ``seen`` is None where the author's device held no value.
    """

    seen: str | None
    new: str


class AttachmentName(NamedTuple):
    """A file that belongs to a change; its bytes follow separately."""

    name: str
    sha256: str
    size: int
    media_type: str


_NO_FIELDS: Mapping[str, FieldWrite] = MappingProxyType({})


@frozen
class Change:
    """A requested write.

    id: UUID made on the device before the first send; the idempotency key.
    record: UUID of the record, lower case without prefix.
    type: name of its record type, which is the name of its entity list.
    action: ``create``, ``edit``, or a workflow action.
    dot: its origin and counter.
    fields: only what was touched; ``label`` is a reserved entry.
    base_version: version of the server's record that the device held; 0 when made here; None when the
        device did not say (then values alone decide).
    seen_stated: False where the device did not say what it saw (OpenRosa), so that every ``seen`` is None and
        the server derives it from ``base_version`` and from what the same origin sent before.
    made_at: device time as an instant; None when the device did not say.
    clock_offset_s: server minus device clock in seconds at last contact, where known.
    device: id of the device whose counter ``dot`` has, over all records, on our own protocol; None elsewhere.
    """

    id: str
    record: str
    type: str
    action: str
    dot: Dot
    fields: Mapping[str, FieldWrite] = field(default_factory=lambda: _NO_FIELDS)
    base_version: int | None = 0
    seen_stated: bool = True
    area: str | None = None
    after: str | None = None
    seen_status: str | None = None
    form: str | None = None
    form_version: str | None = None
    made_at: datetime | None = None
    clock_offset_s: float | None = None
    attachments: tuple[AttachmentName, ...] = ()
    device: str | None = None
