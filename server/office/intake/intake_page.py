"""The page of intake: the queue, a report with what may be the same beside it, and the decision, which opens the next.

Its acts are those of every case. What the next page is follows from the queue as it stands when the act is done, so
that a form that is sent twice leads on as the first time did.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Response, request

from server.cases.domain import registering
from server.cases.usecases import todo_column
from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    ShortOfMemory,
    StaleVersion,
    Unavailable,
)
from server.instants import last_day
from server.office import drafts, layout, pages
from server.office.cases import act_forms, acting, assigning, case_rows
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.intake import completing, queue, reports
from server.office.intake.queue import Queue
from server.office.layout import signed_in
from server.people.store import display_names
from server.records.domain.records import Record
from server.records.domain.status import Status
from server.records.store import records
from server.records.usecases.disclosing import RecordMask
from server.web import context, observability, repeatable
from server.web.problem_details import set_retry_after, status_of

blueprint = layout.create_blueprint("office-intake", __name__)

ADDRESS = layout.INTAKE.address
DECISIONS = {
    "assign": Status.ASSIGNED,
    "register": Status.REGISTERED,
    "reject": Status.REJECTED,
    "merge": Status.MERGED,
    "note": Status.REPORTED,
}
"""The acts of this page, each with the status that it leads to; which of them somebody may take the table says."""

KEPT = ("area", "like", "apart")
"""What an address says that stays when a form comes back."""

AGAIN = Sent("", {}, {}, "您已重新登录；写的内容还在，看过再提交。")


@blueprint.get("/office/intake")
@signed_in
def intake() -> Response:
    """Show the queue, and the report that the address names; of none, the first."""
    return _page(acting.read_uuid(request.args.get("report", "")) or "")


@blueprint.get("/office/intake/queue")
@signed_in
def waiting() -> Response:
    """Show the queue alone as it is now, for a page that asks from time to time."""
    with context.database().reading() as reading:
        found = queue.read(reading, context.caller(), request.args)
    values = {"queue": found, "opened": "", **_ways(request.args)}
    return pages.respond("intake/queue.html", layout.language(), values)


@blueprint.post("/office/intake/<uuid:record_id>/<action>")
@signed_in
def decide(record_id: UUID, action: str) -> Response:
    """Carry out a decision and lead on to the next report; one that is refused comes back with all that was typed."""
    if action not in DECISIONS:
        raise NotFound(f"受理没有“{action}”这一步。", action=action)
    id, form = str(record_id), assigning.with_handler(request.form)
    fields = acting.inputs_sent(action, form, {"helpers": request.form.getlist("helpers")})
    change, by = acting.asked(action, fields, form), context.caller()
    try:
        acting.require_storable(fields)
        more = completing.sent(request.form)
        acting.require_storable(more)
        context.write(lambda tx: completing.change(tx, id, change, more, by))
    except NotFound as refusal:
        return acting.gone(fields, refusal)
    except (Invalid, NotAllowed, StaleVersion, IllegalStep, Conflict) as refusal:
        return _page(id, acting.refused(action, fields, refusal), status_of(refusal))
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        page = _page(id, acting.refused(action, fields, refusal), status_of(refusal))
        set_retry_after(refusal, page)
        return page
    return pages.see_other(_next(id, action, request.form.get("next", "")))


@drafts.replays("/office/intake/<record_id>/<action>")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show a report again with what was typed into its form before its author had to sign in."""
    typed = assigning.with_handler(fields)
    try:
        return _page(arguments["record_id"], AGAIN._replace(action=arguments["action"], fields=typed))
    except NotFound as refusal:
        return acting.gone(typed, refusal)


def _next(decided: str, action: str, following: str) -> str:
    """Return the address of the report after the one that was decided, with what has been done."""
    with context.database().reading() as reading:
        if layout.opens_next(reading, context.caller().name) == "off":
            return _address(request.args, report=decided, done=action, of=decided)
        ids = [id for id in queue.ids(reading, context.caller(), request.args) if id != decided]
    report = decided if action == "note" else following if following in ids else next(iter(ids), "")
    return _address(request.args, report=report, done=action, of=decided)


def _address(said: Mapping[str, str], **values: str) -> str:
    shown = {"area": said.get("area", ""), **values}
    return f"{ADDRESS}?{urlencode({name: value for name, value in shown.items() if value})}"


def _ways(said: Mapping[str, str]) -> dict[str, Any]:
    """Return how the page addresses its reports, and itself as it asks what is new; ``said`` is its own address."""

    def report_address(id: str, **more: str) -> str:
        return _address(said, report=id, **more)

    poll = _address(said, poll="1").replace(ADDRESS, f"{ADDRESS}/queue", 1)
    return {"report_address": report_address, "poll": poll}


def _page(asked: str, sent: Sent = NOTHING_SENT, status: int = 200) -> Response:
    """Show the page. asked: id of a report, empty for the first one."""
    by, said = context.caller(), request.args
    with context.database().reading() as reading:
        waiting, mask = queue.read(reading, by, said), RecordMask(reading, by)
        id = asked or next(iter(waiting.ids), "")
        record = records.get(reading, id, by.scope) if id else None
        if record is not None and record.case is None:
            raise NotFound("没有这个案件，或不在您的辖区。", record=id)
        values = {
            "queue": waiting,
            "areas": queue.choices(reading, by),
            **_ways(said),
            "opened": id,
            "is_picked": bool(asked),
            "done": _done(reading, mask, said),
            "sent": sent,
            "report": None,
            **({} if record is None else _report(reading, record, mask, waiting, sent)),
        }
        shown = layout.show(reading, "intake/intake.html", layout.INTAKE.key, values, status)
    if record is not None and mask.shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    return shown


def _report(reading: Reading, record: Record, mask: RecordMask, waiting: Queue, sent: Sent) -> dict[str, Any]:
    """Return what the page shows of one report, and what may be decided about it."""
    alike, status = reports.duplicates(reading, record, mask), Status(record.status or "")
    wanted = acting.read_uuid(request.args.get("like", ""))
    place = waiting.place_of(record.id)
    return {
        "record": record,
        "report": reports.report(reading, record, mask),
        "facts": reports.facts(reading, record, mask),
        "photos": reports.photos(reading, record, mask),
        "same_place": reports.same_place(reading, record, mask),
        "clock": case_rows.clock_of(status, record.due_at, reading.now),
        "hours_left": queue.hours_left(record.due_at, reading.now) if status is Status.REPORTED else None,
        "alike": alike,
        "other": next((each for each in alike if each.case.id == wanted), alike[0] if alike else None),
        "is_apart": request.args.get("apart") == "1",
        "number": None if place is None else place + 1,
        "before": waiting.ids[place - 1] if place else "",
        "behind": waiting.ids[place + 1] if place is not None and place + 1 < len(waiting.ids) else "",
        "next": waiting.after(record.id),
        **_decision(reading, record, sent, status),
    }


def _decision(reading: Reading, record: Record, sent: Sent, status: Status) -> dict[str, Any]:
    """Return the forms of what the caller may decide; of a report that is none any more, what they had typed."""
    by = context.caller()
    is_waiting = status is Status.REPORTED
    actions = [each for each in todo_column.actions(reading, record, by) if each in DECISIONS] if is_waiting else []
    offers = act_forms.Offers(reading, by, {}, layout.language())
    said = {**sent.fields, **request.form} if sent.action in registering.REGISTERS else {}
    return {
        "actions": actions,
        "assign": assigning.form_of(reading, record, by, sent) if "assign" in actions else None,
        "completing": completing.of(reading, record, by, offers, said) if registering.REGISTERS & {*actions} else None,
        "reasons": offers.choices("reject", "reason") if "reject" in actions else (),
        "kept": [] if sent.action in actions else act_forms.not_offered((), offers, sent),
        "change_id": repeatable.sent_once_more("change") or str(uuid4()),
        "kept_query": urlencode({name: request.args[name] for name in KEPT if name in request.args}),
    }


def _done(reading: Reading, mask: RecordMask, said: Mapping[str, str]) -> dict[str, str] | None:
    """Return what was decided last, in the words of the case, as it stands now; None for nothing that is so."""
    action, id = said.get("done", ""), acting.read_uuid(said.get("of", ""))
    if request.method != "GET" or id is None or action not in DECISIONS:
        return None
    record = _find(reading, id)
    if record is None or record.case is None or record.status != DECISIONS[action]:
        return None
    handlers = display_names.of_assignees(reading, [record.assignee] if record.assignee else [])
    main = _find(reading, record.case.merged_into or "")
    return {
        "action": action,
        "place": mask.label(record).partition("｜")[0],
        "handler": handlers.get(record.assignee or "", ""),
        "due": "" if record.due_at is None else pages.day(last_day(record.due_at), reading.now),
        "into": "" if main is None else main.case_no or mask.label(main),
        "address": f"/office/cases/{record.id}",
    }


def _find(reading: Reading, id: str) -> Record | None:
    try:
        return records.get(reading, id, context.caller().scope)
    except NotFound:
        return None
