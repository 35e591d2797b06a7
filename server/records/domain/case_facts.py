"""What one case contributes to every figure, and how each step of the case changes that.

One definition for all readers: the live columns of a case are ``after`` applied at each write, a past as-of is
``as_of`` over the steps until then. So a live figure cannot differ from a recount of history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter

from server.instants import Instant
from server.records.domain import lateness, step_effects
from server.records.domain.case_steps import CLOSED, HELD, Dispatch, Ending, Step
from server.records.domain.status import Status
from sync.values import frozen


@frozen
class CaseFacts:
    """What one case contributes, as of an instant (``domain.md`` section 2.7); all instants are the server's.

    path: of the area as recorded. category: of the hazard, as coded. decided_at: end of intake: registered, rejected,
    merged, void or fixed on the spot. registered_at: first became a case, fixed on the spot when received.
    fed_back_at: the feedback that stands, undone by no later check or reopening; first_fed_back_at: the first. checked,
    reworked, extended: how many checks, failed checks, extensions. site_closed: closed by a check on the spot. drawn,
    rechecked, recheck_failed: how often it was drawn to be checked again, was so, and failed. supervised: it ever was.
    written_at: when the feedback that stands was written, as its device says. reopened, late_returns: how often it was
    reopened, and was asked to be given back too late. recurrent: registered as a hazard that is back after its closing.
    late_handling, late_closing: how late those were that a later act undid or gave a later limit (``lateness``).
    relaxed: a correction of its hazard left it a longer limit than its rule. discovered_at: as a device with a sound
    clock says. filed: a feedback of its handler came on paper. carried: of last year, taken over by a list.
    endings: every ending in order, save the closing that stands. held_since: begin of the suspension or transfer that
    lasts. held_s: seconds of those ended, since dispatch.
    """

    id: str
    path: str
    category: str
    received_at: Instant
    status: Status
    decided_at: Instant | None = None
    registered_at: Instant | None = None
    dispatches: tuple[Dispatch, ...] = ()
    first_fed_back_at: Instant | None = None
    fed_back_at: Instant | None = None
    handle_due_at: Instant | None = None
    close_due_at: Instant | None = None
    closed_at: Instant | None = None
    held_since: Instant | None = None
    held_s: int = 0
    checked: int = 0
    reworked: int = 0
    extended: int = 0
    result_code: str | None = None
    endings: tuple[Ending, ...] = ()
    site_closed: bool = False
    drawn: int = 0
    rechecked: int = 0
    recheck_failed: int = 0
    supervised: bool = False
    reopened: int = 0
    recurrent: bool = False
    late_returns: int = 0
    written_at: Instant | None = None
    late_handling: int = lateness.NOT_LATE
    late_closing: bool = False
    relaxed: bool = False
    discovered_at: Instant | None = None
    filed: bool = False
    carried: bool = False

    @property
    def lag_s(self) -> int | None:
        """Seconds from the discovery to the receipt; None where no sound clock says when it was discovered."""
        if self.discovered_at is None or self.carried:
            return None
        return max(0, step_effects.seconds(self.discovered_at, self.received_at))

    @property
    def closed(self) -> bool:
        """Whether it is closed, on the spot or after a check."""
        return self.status in CLOSED

    @property
    def spot(self) -> bool:
        """Whether it was fixed on the spot and has not been reopened."""
        return self.status is Status.SPOT_CLOSED

    @property
    def closed_late(self) -> bool:
        """Whether it stands closed since an instant later than its limit."""
        return self.closed_at is not None and self.close_due_at is not None and self.closed_at > self.close_due_at

    @property
    def handling_lateness(self) -> int:
        """How late its handlings were, that of the feedback that stands included; the worst of them."""
        standing = lateness.of_feedback(self.handle_due_at, self.fed_back_at, self.written_at)
        return max(self.late_handling, standing)

    @property
    def filled_in_time(self) -> bool:
        """Whether its feedback stands, and all that came in late was written in time, as the devices say."""
        return self.fed_back_at is not None and self.handling_lateness == lateness.RECEIVED_LATE

    @property
    def held(self) -> bool:
        """Whether its clocks stand still: suspended, or handed over to an outside body."""
        return self.status in HELD

    @property
    def void(self) -> bool:
        return self.status is Status.VOID

    @property
    def merged(self) -> bool:
        return self.status is Status.MERGED

    @property
    def handled_s(self) -> int | None:
        """Seconds from first dispatch to the feedback that stands, less those held; None while there is no such."""
        if not self.dispatches or self.fed_back_at is None:
            return None
        return step_effects.seconds(self.dispatches[0].at, self.fed_back_at) - self.held_s


_values = attrgetter(*(each.name for each in fields(CaseFacts)))


def begun(id: str, path: str, category: str, birth: Step) -> CaseFacts:
    """Return the facts of a case as its first step leaves it."""
    return after(CaseFacts(id, path, category, birth.at, Status.REPORTED), birth)


def as_of(facts: CaseFacts, steps: Iterable[Step], at: Instant) -> CaseFacts:
    """Return ``facts`` after those ``steps`` (in order of commit) that were taken by ``at``."""
    return _played(CaseFacts(*_values(facts)), [step for step in steps if step.at <= at])


def of_history(id: str, path: str, category: str, steps: Sequence[Step]) -> CaseFacts:
    """Return the facts of a case as its steps leave it, which are in order of commit. category: that it began with."""
    return _played(CaseFacts(id, path, category, steps[0].at, Status.REPORTED), steps)


def after(facts: CaseFacts, step: Step) -> CaseFacts:
    """Return what a case contributes once it has taken one more step; pure, whether the step is legal is not asked."""
    return _played(CaseFacts(*_values(facts)), (step,))


def _played(facts: CaseFacts, steps: Iterable[Step]) -> CaseFacts:
    """Return ``facts``, which nobody else holds yet, after these steps: they are not made anew for each of them."""
    for step in steps:
        step_effects.take(facts, step)
    return facts
