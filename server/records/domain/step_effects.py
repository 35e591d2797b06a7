"""How each step changes what a case contributes: the one definition that live figures and past ones share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
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


def take(facts: Any, step: Step) -> None:
    """Change facts (``CaseFacts``), which nobody else holds yet, as a step does.

    Each part of it asks how things stood before the step. So what others ask for is changed after they have asked:
    limits, closing and registration late, the status last.
    """
    status, action = step.status, step.action
    # A failed check or a reopening undoes the feedback: the hazard is there again.
    undoes = status not in CLOSED and (action in CHECKS or facts.status in CLOSED)
    reopens = status not in CLOSED and facts.closed_at is not None
    if undoes or reopens or step.handle_due_at is not None or step.close_due_at is not None:
        _note_lateness(facts, step, undoes=undoes, reopens=reopens)
    if reopens or facts.endings or status in DROPPED:
        _end(facts, step)
    if status in HELD or facts.held_since is not None:
        _hold(facts, step)
    if status in WITH_HANDLER or action == "return":
        _hand_on(facts, step)
    if undoes or action in CHECKS or status is Status.FEEDBACK:
        _handle(facts, step, undoes=undoes)
    _decide(facts, step)
    _note(facts, step)
    if action in _COUNTED:
        _COUNTED[action](facts)
    facts.status = status


def _decide(facts: Any, step: Step) -> None:
    status = step.status
    if facts.decided_at is None and status is not Status.REPORTED:
        facts.decided_at = step.at
    if facts.registered_at is None and status not in UNREGISTERED:
        facts.registered_at = step.at
    if status in CLOSED:
        facts.closed_at = facts.closed_at or step.at
        facts.site_closed = facts.site_closed or step.action == "site_check"
    elif facts.closed_at is not None or facts.site_closed:
        facts.closed_at, facts.site_closed = None, False


def _note(facts: Any, step: Step) -> None:
    """Note what a step itself says: limits, result, category, marks."""
    if step.handle_due_at:
        facts.handle_due_at = step.handle_due_at
    if step.close_due_at:
        facts.close_due_at = step.close_due_at
    if step.result_code:
        facts.result_code = step.result_code
    if step.category is not None:
        facts.category = step.category
    if step.extends and step.action != "extend":
        facts.extended += 1
    if step.recurs:
        facts.recurrent = True
    if step.relaxes:
        facts.relaxed = True
    if step.discovered_at is not None and facts.discovered_at is None:
        facts.discovered_at = step.discovered_at


def _one_more(*names: str) -> Callable[[Any], None]:
    def count(facts: Any) -> None:
        for name in names:
            setattr(facts, name, getattr(facts, name) + 1)

    return count


def _marked(name: str) -> Callable[[Any], None]:
    return lambda facts: setattr(facts, name, True)


_COUNTED: Mapping[str, Callable[[Any], None]] = {
    "extend": _one_more("extended"),
    "draw_recheck": _one_more("drawn"),
    "recheck": _one_more("rechecked"),
    RECHECK_FAILED: _one_more("rechecked", "recheck_failed"),
    "supervise": _marked("supervised"),
    "reopen": _one_more("reopened"),
    "file_reply": _marked("filed"),
    "carry_over": _marked("carried"),
    RETURN_ASKED_LATE: _one_more("late_returns"),
}
"""What is counted of a case, or noted, by the act alone."""


def _hold(facts: Any, step: Step) -> None:
    if step.status in HELD:
        facts.held_since = facts.held_since or step.at
    elif facts.held_since is not None:
        # What was held before the first dispatch was never on the handler's clock.
        facts.held_s += seconds(facts.held_since, step.at) if facts.dispatches else 0
        facts.held_since = None


def _hand_on(facts: Any, step: Step) -> None:
    if step.action == "return" and facts.dispatches:
        *earlier, last = facts.dispatches
        facts.dispatches = (*earlier, last._replace(returned_at=last.returned_at or step.at))
        return
    # Given on from hand to hand (改派, from any later status) is no second dispatch: no clock starts. But whichever way
    # a case first comes to a handler starts the clock: what was said to be fixed on the spot and was not goes back to
    # its reporter by a failed check or a reopening, and would else never be late.
    from_intake = step.status is Status.ASSIGNED and facts.status in (Status.REPORTED, Status.REGISTERED)
    if from_intake or (step.status in WITH_HANDLER and not facts.dispatches):
        facts.dispatches = (*facts.dispatches, Dispatch(step.at))


def _handle(facts: Any, step: Step, *, undoes: bool) -> None:
    if step.action in CHECKS:
        facts.checked += 1
        facts.reworked += step.status not in CLOSED
    handed_in = step.status is Status.FEEDBACK and facts.status is not Status.FEEDBACK
    if handed_in or step.action == "site_check":
        facts.fed_back_at, facts.written_at = step.at, step.written_at
        facts.first_fed_back_at = facts.first_fed_back_at or step.at
    if undoes:
        facts.fed_back_at = facts.written_at = None


def _note_lateness(facts: Any, step: Step, *, undoes: bool, reopens: bool) -> None:
    ran_until, is_extended = facts.held_since or step.at, step.extends or step.action == "extend"
    if facts.dispatches:
        clock = lateness.Clock(facts.handle_due_at, step.handle_due_at, ran_until, is_extended)
        late = lateness.of_handling(clock, facts.fed_back_at, facts.written_at, is_undone=undoes)
        facts.late_handling = max(facts.late_handling, late)
    if facts.registered_at is not None:
        clock = lateness.Clock(facts.close_due_at, step.close_due_at, ran_until, is_extended)
        facts.late_closing = facts.late_closing or lateness.of_closing(clock, facts.closed_at, is_undone=reopens)


def _end(facts: Any, step: Step) -> None:
    if facts.registered_at is None or step.status is facts.status:
        return
    if facts.closed_at is not None and step.status not in CLOSED:
        facts.endings = (*facts.endings, Ending(facts.closed_at, step.at, facts.status))
    elif facts.endings and facts.endings[-1].undone_at is None:
        facts.endings = (*facts.endings[:-1], facts.endings[-1]._replace(undone_at=step.at))
    if step.status in DROPPED:
        facts.endings = (*facts.endings, Ending(step.at, None, step.status))


def seconds(since: Instant, until: Instant) -> int:
    """Return the whole seconds from one instant to another."""
    span = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    return span.days * 86_400 + span.seconds
