"""What the columns of a case follow from: its stage, its handler, its label, and the limit of the clock that runs."""

from __future__ import annotations

from dataclasses import replace

from server import instants
from server.cases.domain import case_labels, deadlines
from server.cases.domain.calendars import Calendar
from server.cases.domain.deadlines import Clock
from server.instants import FOREVER, Instant
from server.records.domain import severity as severities
from server.records.domain.case import Case
from server.records.domain.records import Record
from server.records.domain.status import ENDED, STAGE_OF, WITH_HANDLER, Status
from sync.flags import FLAGS_OF_ANY_RECORD


def with_columns(record: Record, case: Case, status: Status, at: Instant, calendar: Calendar) -> Record:
    """Return ``record`` with every column that follows from its case.

    status: where the step leads. at: when. calendar: the county's working days.
    """
    ended = status in ENDED
    registered_at = case.facts.registered_at
    lead = case.lead
    made = replace(
        record,
        case=case,
        status=status,
        stage=STAGE_OF[status],
        assignee=None if lead is None else lead.mark,
        due_at=_running_due(record, case, status, at, calendar),
        closed_at=(record.closed_at or at) if ended else None,
        month=None if registered_at is None else instants.local_day(registered_at)[:7],
        flags=(*case.flags, *(flag for flag in record.flags if flag in FLAGS_OF_ANY_RECORD)),
    )
    return replace(made, list_label=case_labels.list_label(made, case))


def _running_due(before: Record, case: Case, status: Status, at: Instant, calendar: Calendar) -> Instant | None:
    """Return the limit of the clock that runs in ``status``, None where none runs.

    before: the record before the step, whose limit stands while the status does.
    """
    facts, severity = case.facts, _severity(before, case)
    if status is Status.REPORTED:
        return deadlines.due_at(Clock.INTAKE, facts.received_at, calendar, severity)
    if status is Status.REGISTERED:
        # A remark on a registered case starts no clock anew. One that was assigned back has its handler's limit still.
        if before.status == status:
            return before.due_at
        return min(deadlines.due_at(Clock.DISPATCH, at, calendar, severity), facts.handle_due_at or FOREVER)
    if status in WITH_HANDLER:
        return facts.handle_due_at
    if status is Status.FEEDBACK:
        return deadlines.due_at(Clock.VERIFY, facts.fed_back_at or at, calendar)
    return case.plan_due_at if status is Status.SUSPENDED else None


def _severity(record: Record, case: Case) -> str:
    """Return the severity that the limits of intake and dispatch go by (``domain.md`` section 2.4: urgent)."""
    return severities.of_case(record.fields.get(severities.FIELD), is_major=case.major) or ""
