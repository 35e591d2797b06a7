"""What one case contributes to every figure, and how each step of the case changes that.

One definition for all readers: the live columns of a case are ``after`` applied at each write, a past as-of is
``as_of`` over the steps until then. So a live figure cannot differ from a recount of history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from server.instants import Instant
from server.records.domain import lateness
from server.records.domain.case_steps import (
    CHECKS,
    CLOSED,
    DROPPED,
    HELD,
    RECHECK_FAILED,
    RETURN_ASKED_LATE,
    UNREGISTERED,
    Dispatch,
    Ending,
    Step,
)
from server.records.domain.status import WITH_HANDLER, Status
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
        return max(0, _seconds(self.discovered_at, self.received_at))

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
        return _seconds(self.dispatches[0].at, self.fed_back_at) - self.held_s


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


def _played(facts: CaseFacts, steps: Iterable[Step]) -> CaseFacts:
    """Return ``facts``, which nobody else holds yet, after these steps: they are not made anew for each of them."""
    for step in steps:
        for name, value in _changes(facts, step).items():
            setattr(facts, name, value)
    return facts


def after(facts: CaseFacts, step: Step) -> CaseFacts:
    """Return what a case contributes once it has taken one more step; pure, whether the step is legal is not asked."""
    return replace(facts, **_changes(facts, step))


def _changes(facts: CaseFacts, step: Step) -> dict[str, Any]:
    """Return what a step changes of facts, by field; what stays as it is may be left out, and is not looked into."""
    status, at, action = step.status, step.at, step.action
    changed: dict[str, Any] = {"status": status, **(_COUNTED[action](facts) if action in _COUNTED else {})}
    if facts.decided_at is None and status is not Status.REPORTED:
        changed["decided_at"] = at
    if facts.registered_at is None and status not in UNREGISTERED:
        changed["registered_at"] = at
    if status in CLOSED:
        changed["closed_at"] = facts.closed_at or at
        changed["site_closed"] = facts.site_closed or action == "site_check"
    elif facts.closed_at is not None or facts.site_closed:
        changed["closed_at"], changed["site_closed"] = None, False
    _note(changed, facts, step)
    # A failed check or a reopening undoes the feedback: the hazard is there again.
    undoes = status not in CLOSED and (action in CHECKS or facts.status in CLOSED)
    reopens = status not in CLOSED and facts.closed_at is not None
    if status in HELD or facts.held_since is not None:
        changed |= _held(facts, step)
    if status in WITH_HANDLER or action == "return":
        changed |= _handed_on(facts, step)
    if undoes or action in CHECKS or status is Status.FEEDBACK:
        changed |= _handled(facts, step, undoes=undoes)
    if reopens or facts.endings or status in DROPPED:
        changed |= _ended(facts, step)
    if undoes or reopens or step.handle_due_at is not None or step.close_due_at is not None:
        changed |= _late(facts, step, undoes=undoes, reopens=reopens)
    return changed


def _note(changed: dict[str, Any], facts: CaseFacts, step: Step) -> None:
    """Add to what is changed what a step itself says: limits, result, category, marks."""
    if step.handle_due_at:
        changed["handle_due_at"] = step.handle_due_at
    if step.close_due_at:
        changed["close_due_at"] = step.close_due_at
    if step.result_code:
        changed["result_code"] = step.result_code
    if step.category is not None:
        changed["category"] = step.category
    if step.extends and step.action != "extend":
        changed["extended"] = facts.extended + 1
    if step.recurs:
        changed["recurrent"] = True
    if step.relaxes:
        changed["relaxed"] = True
    if step.discovered_at is not None and facts.discovered_at is None:
        changed["discovered_at"] = step.discovered_at


_COUNTED: Mapping[str, Callable[[CaseFacts], dict[str, Any]]] = {
    "extend": lambda facts: {"extended": facts.extended + 1},
    "draw_recheck": lambda facts: {"drawn": facts.drawn + 1},
    "recheck": lambda facts: {"rechecked": facts.rechecked + 1},
    RECHECK_FAILED: lambda facts: {"rechecked": facts.rechecked + 1, "recheck_failed": facts.recheck_failed + 1},
    "supervise": lambda facts: {"supervised": True},
    "reopen": lambda facts: {"reopened": facts.reopened + 1},
    "file_reply": lambda facts: {"filed": True},
    "carry_over": lambda facts: {"carried": True},
    RETURN_ASKED_LATE: lambda facts: {"late_returns": facts.late_returns + 1},
}
"""What is counted of a case, or noted, by the act alone."""


def _held(facts: CaseFacts, step: Step) -> dict[str, Any]:
    if step.status in HELD:
        return {"held_since": facts.held_since or step.at}
    if facts.held_since is None:
        return {}
    # What was held before the first dispatch was never on the handler's clock.
    held_s = _seconds(facts.held_since, step.at) if facts.dispatches else 0
    return {"held_since": None, "held_s": facts.held_s + held_s}


def _handed_on(facts: CaseFacts, step: Step) -> dict[str, Any]:
    if step.action == "return" and facts.dispatches:
        *earlier, last = facts.dispatches
        return {"dispatches": (*earlier, last._replace(returned_at=last.returned_at or step.at))}
    # Given on from hand to hand (改派, from any later status) is no second dispatch: no clock starts. But whichever way
    # a case first comes to a handler starts the clock: what was said to be fixed on the spot and was not goes back to
    # its reporter by a failed check or a reopening, and would else never be late.
    from_intake = step.status is Status.ASSIGNED and facts.status in (Status.REPORTED, Status.REGISTERED)
    if from_intake or (step.status in WITH_HANDLER and not facts.dispatches):
        return {"dispatches": (*facts.dispatches, Dispatch(step.at))}
    return {}


def _handled(facts: CaseFacts, step: Step, *, undoes: bool) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if step.action in CHECKS:
        changed = {"checked": facts.checked + 1, "reworked": facts.reworked + (step.status not in CLOSED)}
    handed_in = step.status is Status.FEEDBACK and facts.status is not Status.FEEDBACK
    if handed_in or step.action == "site_check":
        changed |= {"fed_back_at": step.at, "first_fed_back_at": facts.first_fed_back_at or step.at}
        changed["written_at"] = step.written_at
    if undoes:
        changed["fed_back_at"] = changed["written_at"] = None
    return changed


def _late(facts: CaseFacts, step: Step, *, undoes: bool, reopens: bool) -> dict[str, Any]:
    ran_until, is_extended = facts.held_since or step.at, step.extends or step.action == "extend"
    found: dict[str, Any] = {}
    if facts.dispatches:
        clock = lateness.Clock(facts.handle_due_at, step.handle_due_at, ran_until, is_extended)
        late = lateness.of_handling(clock, facts.fed_back_at, facts.written_at, is_undone=undoes)
        found["late_handling"] = max(facts.late_handling, late)
    if facts.registered_at is not None:
        clock = lateness.Clock(facts.close_due_at, step.close_due_at, ran_until, is_extended)
        found["late_closing"] = facts.late_closing or lateness.of_closing(clock, facts.closed_at, is_undone=reopens)
    return found


def _ended(facts: CaseFacts, step: Step) -> dict[str, Any]:
    if facts.registered_at is None or step.status is facts.status:
        return {}
    endings = facts.endings
    if facts.closed_at is not None and step.status not in CLOSED:
        endings = (*endings, Ending(facts.closed_at, step.at, facts.status))
    elif endings and endings[-1].undone_at is None:
        endings = (*endings[:-1], endings[-1]._replace(undone_at=step.at))
    if step.status in DROPPED:
        endings = (*endings, Ending(step.at, None, step.status))
    return {"endings": endings} if endings is not facts.endings else {}


def _seconds(since: Instant, until: Instant) -> int:
    span = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return span.days * 86_400 + span.seconds
