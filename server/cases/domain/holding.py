"""What an act decides about a case, and the effects of putting one on hold: suspended, transferred, taken up again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from server.cases.domain import deadlines, later_limits
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.deadlines import Clock, close_due
from server.cases.domain.workflow import Step
from server.instants import Instant
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import Status


@dataclass(frozen=True, slots=True)
class Decision:
    """What an effect decides: the case, its status, and the limits that it sets (None leaves them as they are)."""

    case: Case
    status: Status
    handle_due_at: Instant | None = None
    close_due_at: Instant | None = None
    result_code: str | None = None


def target_status(step: Step, record: Record) -> Status:
    """Return where the table says that a step leads."""
    return Status(record.status or "") if step.target is None else step.target


def handle_due(act: Act, context: ActContext) -> Instant:
    """Return the limit of handling that begins with ``act``, by the kind of repair of the hazard."""
    return deadlines.due_at(Clock.HANDLE, act.at, context.calendar, context.rect)


def requested_due(act: Act) -> Instant | None:
    """Return the limit that an act names, the end of that day; None where it names none."""
    return deadlines.end_of(date.fromisoformat(act["due_on"])) if act["due_on"] else None


def transfer(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The case leaves its handler, whose open requests are closed with that; how it stands is asked each month."""
    left = case.without_handlers_requests().without_requests("ask_transfer")
    return Decision(
        replace(left, review_due_at=_next_review(Status.TRANSFERRED, act, context)), target_status(step, record)
    )


def suspend(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The clock stops until the plan should be done, and the case is looked at each quarter."""
    plan_due = deadlines.end_of(date.fromisoformat(act["plan_due"]))
    return Decision(
        replace(
            case.without_handlers_requests(),
            plan_due_at=plan_due,
            review_due_at=_next_review(Status.SUSPENDED, act, context),
        ),
        target_status(step, record),
    )


def review(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """Nothing has changed: it stays where it is, and is looked at again after a quarter or a month."""
    due = _next_review(record.status or "", act, context)
    return Decision(replace(case, review_due_at=due), target_status(step, record))


def _next_review(status: str, act: Act, context: ActContext) -> Instant:
    return deadlines.due_at(Clock.REVIEW, act.at, context.calendar, status)


def resume(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The clock runs again: by the day that was named, for what was away by its limit and those days, else anew."""
    due = requested_due(act) or later_limits.after_transfer(record, act.at) or handle_due(act, context)
    resumed = replace(case, plan_due_at=None, review_due_at=None)
    return Decision(resumed, target_status(step, record), due, close_due(due, context.calendar))
