"""How late a case was before: what was late once is late for good, whatever limit a later act sets (ADR 0070).

A case is handled on time when each of its handlings was, and closed on time when each of its closings was. An approved
extension alone sets a limit that counts as if it had always been.
"""

from __future__ import annotations

from typing import NamedTuple

from server.instants import Instant

NOT_LATE, RECEIVED_LATE, WRITTEN_LATE = 0, 1, 2
"""How late a handling was: in time, written in time and received late, late altogether."""


class Clock(NamedTuple):
    """A limit that ran when an act was taken.

    due_at: None where there was none. new_due_at: the one that the act sets, None where it sets none. ran_until: the
    act, or when the case was suspended or transferred. is_extended: the act extends the case.
    """

    due_at: Instant | None
    new_due_at: Instant | None
    ran_until: Instant
    is_extended: bool

    @property
    def gives_way(self) -> bool:
        """Whether the act sets a later limit."""
        return self.due_at is not None and self.new_due_at is not None and self.new_due_at > self.due_at

    @property
    def is_missed(self) -> bool:
        """Whether the limit had passed and gives way to a later one that is no extension."""
        return self.gives_way and not self.is_extended and self.ran_until > (self.due_at or "")


def of_feedback(due_at: Instant | None, fed_back_at: Instant | None, written_at: Instant | None) -> int:
    """Return how late a feedback was. written_at: as its device says, None for the receipt."""
    if due_at is None or fed_back_at is None or fed_back_at <= due_at:
        return NOT_LATE
    return RECEIVED_LATE if written_at is not None and written_at <= due_at else WRITTEN_LATE


def of_handling(clock: Clock, fed_back_at: Instant | None, written_at: Instant | None, *, is_undone: bool) -> int:
    """Return how late the handling was that an act ends; ``NOT_LATE`` where it ends none.

    It ends one whose feedback it undoes, and one whose limit gives way to a later one.
    """
    if fed_back_at is None:
        return WRITTEN_LATE if clock.is_missed else NOT_LATE
    is_over = is_undone or clock.gives_way
    return of_feedback(clock.due_at, fed_back_at, written_at) if is_over else NOT_LATE


def of_closing(clock: Clock, closed_at: Instant | None, *, is_undone: bool) -> bool:
    """Return whether an act undoes a closing that was late, or gives an open case time that it had missed."""
    if closed_at is None:
        return clock.is_missed
    return is_undone and clock.due_at is not None and closed_at > clock.due_at
