"""A change together with what the server knows when it is applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta

from server import instants
from server.forms.domain.record_types import RecordType
from server.instants import Instant
from sync.changes import Change
from sync.hands import NOT_SHARED, Shared
from sync.merge import FieldRule
from sync.values import frozen


@frozen
class WriteContext:
    """A change together with what the server knows when it is applied.

    type, rules: of the record. author: user name. received_at: the transaction's clock. seq: the number that the
    revision will have. late: the author's relation to the record is recent, not present. submission: id, where it
    came in one. base: what the record showed at the change's ``base_version``, where the server knows it.
    seen_members: fields that the author looked at, for the members of merge groups that they left alone. arrived_at:
    when it came in, where it has waited for its record since. observed_at: when the author saw what they wrote. shared:
    device ids under which more than one hand writes, as ``sync.hands`` tells them apart.
    """

    change: Change
    type: RecordType
    rules: Mapping[str, FieldRule]
    author: str
    received_at: Instant
    seq: int
    late: bool = False
    submission: str | None = None
    base: Mapping[str, str] | None = None
    seen_members: Mapping[str, str] = field(default_factory=dict)
    arrived_at: Instant | None = None
    shared: Shared = field(default_factory=lambda: NOT_SHARED)
    observed_at: Instant = field(init=False, default="")
    claimed_at: Instant | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        claimed, arrived_at = _claimed(self.change), self.arrived_at or self.received_at
        object.__setattr__(self, "claimed_at", claimed)
        object.__setattr__(self, "observed_at", arrived_at if claimed is None else min(claimed, arrived_at))

    @property
    def is_clock_suspect(self) -> bool:
        """Whether the device's clock was off (``domain.md`` S07): by its own last comparison, or as its claim shows.

        A claim that lies ahead of its arrival shows it; one that lies behind may just have been long under way.
        """
        change, claimed = self.change, self.claimed_at
        if change.made_at is not None and abs(change.clock_offset_s or 0.0) > CLOCK_OFF_MAX.total_seconds():
            return True
        if claimed is None or claimed == self.observed_at:
            return False
        return claimed > instants.later(self.arrived_at or self.received_at, CLOCK_OFF_MAX)


CLOCK_OFF_MAX = timedelta(minutes=10)
"""How far off a device's clock may be before what it says is marked; phones off the network drift by minutes."""


def observed_at(change: Change, received_at: Instant) -> Instant:
    """Return when the author saw what they wrote: device time corrected by its offset, never after receipt."""
    claimed = _claimed(change)
    return received_at if claimed is None else min(claimed, received_at)


def _claimed(change: Change) -> Instant | None:
    """Return the instant that the device claims, corrected by its offset; None where it is none of any year."""
    if change.made_at is None:
        return None
    try:
        offset_s = change.clock_offset_s
        return instants.text(change.made_at + timedelta(seconds=offset_s) if offset_s else change.made_at)
    except OverflowError:
        return None
