"""Carries out an act that the rules allow: what it changes in the case, its clocks and its office note; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from server.cases.domain import case_labels, deadlines, holding, later_limits, registering, workflow
from server.cases.domain.acts import Act, ActContext
from server.cases.domain.calendars import Calendar
from server.cases.domain.case_columns import with_columns
from server.cases.domain.deadlines import Clock, close_due
from server.cases.domain.holding import Decision, requested_due, target_status
from server.cases.domain.workflow import Step
from server.records.domain import case_facts, case_steps
from server.records.domain.case import FAILED, PASSED, Case, Request
from server.records.domain.records import Record
from server.records.domain.status import Status

CATEGORY = "category"
"""Field of a case that the figures are split by."""
AFTER_PHOTO = "photo_after"
"""Field of a case that names the photo of what was put right on the spot."""

DISPATCHING = frozenset({"register", "assign", "reassign", "split"})
"""Acts by which somebody takes a report in as a case or gives it to somebody; reopening does where it names one."""


@dataclass(frozen=True, slots=True)
class CaseUpdate:
    """A case after one step, as its record, and the step as the figures keep it."""

    record: Record
    step: case_steps.Step


def create_case(
    record: Record, action: str, status: Status, *, village: str, case_no: str | None, calendar: Calendar
) -> CaseUpdate:
    """Return a record as the case that it is born as.

    village: short name of its village, for labels. case_no: for one that is a case at once, None for a report.
    calendar: the county's working days.
    """
    at = record.created_at
    check_by = deadlines.due_at(Clock.VERIFY, at, calendar) if status is Status.FEEDBACK else None
    found_at = registering.discovered_at(record)
    step = case_steps.Step(action, at, status, close_due_at=check_by, discovered_at=found_at)
    facts = case_facts.begun(record.id, record.path, record.fields.get(CATEGORY, ""), step)
    case = Case(facts, village)
    if status is not Status.REPORTED:
        missing = not record.fields.get(AFTER_PHOTO)
        closed_by = record.author if status is Status.SPOT_CLOSED else ""
        case = replace(case.with_processor(record.author), evidence_missing=missing, closed_by=closed_by)
    return CaseUpdate(with_columns(replace(record, case_no=case_no), case, status, at, calendar), step)


def carry_out(step: Step, record: Record, act: Act, context: ActContext, who: str) -> CaseUpdate:
    """Return the record after ``act``, which ``guards.check`` has let through. who: the role that acts, in Chinese."""
    case = _case_of(record)
    decision = _EFFECTS.get(act.action, _stay)(step, record, case, act, context)
    extends = later_limits.extends(record, act, context)
    limits = (decision.handle_due_at, decision.close_due_at)
    kept = case_steps.Step(
        _action_of_figures(act, context), act.at, decision.status, *limits, decision.result_code, extends=extends,
        recurs=context.recurrence_of != "", written_at=context.written_at,
    )  # fmt: skip
    moved = replace(decision.case, facts=case_facts.after(decision.case.facts, kept))
    if act.action in DISPATCHING or (act.action == "reopen" and act["assignee"]):
        moved = moved.with_dispatcher(act.author)
    if context.recurrence_of:
        moved = replace(moved, recurrence_of=context.recurrence_of)
    after = with_columns(record, moved, decision.status, act.at, context.calendar)
    if record.case_no is None and moved.facts.registered_at is not None:
        after = replace(after, case_no=context.case_no)
    if act.action == "draw_recheck":  # the reporter is still to read how the case ended
        return CaseUpdate(after, kept)
    dropped = [each for each in case.requests if each not in moved.requests]
    note = case_labels.office_note(step, act, context, who, after, extends=kept.extends)
    note += case_labels.dropped_requests(act, dropped)
    if act.action in workflow.TIME_TELLING:  # whoever has the case is still to read what they were told to do
        note = "；".join(each for each in (record.office_note, note) if each)
    return CaseUpdate(replace(after, office_note=note), kept)


def _action_of_figures(act: Act, context: ActContext) -> str:
    """Return the action as the figures tell it: how a re-check went, and whether a return was asked for too late."""
    if act.action == "recheck" and act.failed:
        return case_steps.RECHECK_FAILED
    return case_steps.RETURN_ASKED_LATE if context.return_late else act.action


def refreshed(record: Record) -> Record:
    """Return a case whose fields an edit has changed, with what follows from them: its category and its label."""
    case = _case_of(record)
    category = record.fields.get(CATEGORY, "")
    if category != case.facts.category:
        case = replace(case, facts=replace(case.facts, category=category))
    return replace(record, case=case, list_label=case_labels.list_label(record, case))


def _case_of(record: Record) -> Case:
    if record.case is None:
        raise RuntimeError(f"record {record.id} of kind {record.kind} has no case to act on")
    return record.case


def _stay(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The status goes where the table says, and nothing else happens."""
    return Decision(case, target_status(step, record))


def _end(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    return Decision(replace(case.without_requests(), merged_into=act["into"] or None), target_status(step, record))


def _split(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    return Decision(replace(case, merged_into=None), target_status(step, record))


def _assign(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The handler's limit runs on from hand to hand (T08, T20), unless the officer sets another."""
    assigned = case.assign_to(act["assignee"], act["helpers"].split(), act.at).without_handlers_requests()
    due = (
        requested_due(act)
        or case.facts.handle_due_at
        or deadlines.due_at(Clock.HANDLE, act.at, context.calendar, context.rect)
    )
    return Decision(assigned, target_status(step, record), due, close_due(due, context.calendar))


def _reassign(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """Somebody else has the case from now on; no clock and no status changes (T20)."""
    return Decision(case.assign_to(act["assignee"], act["helpers"].split(), act.at), target_status(step, record))


def _accept(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    return Decision(case.with_processor(act.author), target_status(step, record))


def _ask(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    request = Request(act.action, act.author, act.at, act["until"], context.level, context.return_late)
    return Decision(case.with_request(request), target_status(step, record))


def _take_back(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    returned = case.assign_to(None, (), act.at).without_handlers_requests()
    return Decision(replace(returned, returns=case.returns + (act.action == "return")), target_status(step, record))


def _keep_helpers(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    lead = None if case.lead is None else case.lead.mark
    return Decision(case.assign_to(lead, act["helpers"].split(), act.at), target_status(step, record))


def _decline(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The request is off the list, and nothing else changes: whoever has the case goes on with it."""
    return Decision(case.without_requests(workflow.DECLINES[act.action]), target_status(step, record))


def _extend(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    due = requested_due(act) or record.due_at or act.at
    return Decision(
        case.without_requests("ask_extension"), target_status(step, record), due, close_due(due, context.calendar)
    )


def _feed_back(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    processed = case.with_processor(act.author).with_part(context.own_marks, act.at)
    if not context.leads:
        return Decision(processed, Status(record.status or ""))  # a co-handler's part; the lead hands the case in
    missing = not (act["fixed_photo"] or act["fixed_photo_2"])
    fed_back = replace(
        processed.with_processors().without_handlers_requests(), evidence_missing=missing, reworked=False
    )
    return Decision(fed_back, target_status(step, record), result_code=act["result_code"])


def _file_reply(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    """The handler's reply came on paper: as if the handler had fed back; nor may whoever typed it check it."""
    filed = replace(
        case.with_processor(act.author).with_processors().without_handlers_requests(),
        evidence_missing=False,
        reworked=False,
    )
    return Decision(filed, target_status(step, record), result_code=act["result_code"])


def _close(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    return Decision(replace(case.without_requests(), closed_by=act.author), target_status(step, record))


def _recheck(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    if act.action == "draw_recheck":
        case = replace(
            case, recheck_due_at=deadlines.due_at(Clock.RECHECK, act.at, context.calendar), recheck_result=""
        )
    else:
        case = replace(case, recheck_result=FAILED if act.failed else PASSED)
    return Decision(case, target_status(step, record))


def _rework(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    if case.lead is None:  # put right on the spot and never assigned to anybody: whoever reported that goes on with it
        case = case.assign_to(f"user:{record.author}", (), act.at)
    due = requested_due(act) or max(
        case.facts.handle_due_at or "", deadlines.due_at(Clock.REWORK, act.at, context.calendar)
    )
    return Decision(replace(case, reworked=True), Status.HANDLING, due, close_due(due, context.calendar))


def _check_on_site(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    if act.failed:
        return _rework(step, record, case, act, context)
    missing = not (act["fixed_photo"] or act["fixed_photo_2"])
    closed = replace(
        case.with_processors().without_requests(), evidence_missing=missing, reworked=False, closed_by=act.author
    )
    return Decision(closed, target_status(step, record), result_code=act["result_code"])


def _reopen(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    last = next((each.mark for each in reversed(case.assignments) if each.lead), f"user:{record.author}")
    assigned = case.assign_to(act["assignee"] or last, (), act.at)
    due = requested_due(act) or deadlines.due_at(Clock.REOPEN, act.at, context.calendar)
    return Decision(
        replace(assigned.taken_up_again(), reworked=True),
        target_status(step, record),
        due,
        None if case.facts.closed_late else close_due(due, context.calendar),  # or closing it again would be on time
    )


def _supervise(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    due = requested_due(act)
    supervised = replace(case, supervised=int(act["level"]))
    return Decision(
        supervised, target_status(step, record), due, None if due is None else close_due(due, context.calendar)
    )


def _mark_major(step: Step, record: Record, case: Case, act: Act, context: ActContext) -> Decision:
    judged = replace(case.without_requests("ask_major"), major=act.action == "mark_major")
    return Decision(judged, target_status(step, record))


_EFFECTS: dict[str, Callable[[Step, Record, Case, Act, ActContext], Decision]] = {
    "reject": _end,
    "merge": _end,
    "void": _end,
    "withdraw": _end,
    "take_back": _end,
    "split": _split,
    "assign": _assign,
    "reassign": _reassign,
    "accept": _accept,
    "start": _accept,
    **dict.fromkeys(workflow.DECLINES.values(), _ask),
    "return": _take_back,
    "release": _take_back,
    "release_helpers": _keep_helpers,
    "extend": _extend,
    "suspend": holding.suspend,
    "review": holding.review,
    **dict.fromkeys(workflow.DECLINES, _decline),
    "resume": holding.resume,
    "transfer": holding.transfer,
    "feedback": _feed_back,
    "file_reply": _file_reply,
    "close": _close,
    **dict.fromkeys(("draw_recheck", "recheck"), _recheck),
    "rework": _rework,
    "site_check": _check_on_site,
    "reopen": _reopen,
    "supervise": _supervise,
    "mark_major": _mark_major,
    "unmark_major": _mark_major,
}
