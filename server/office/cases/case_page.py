"""The page of one case: evidence, then what one may do now, then facts and what was done; and the acts themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from flask import Response, request

from server.cases.domain import workflow
from server.cases.usecases import group_text, todo_column
from server.changes.usecases import interactive
from server.db.transactions import Reading
from server.errors import (
    Busy,
    Conflict,
    IllegalStep,
    Invalid,
    NotAllowed,
    NotFound,
    Refusal,
    ShortOfMemory,
    StaleVersion,
    Unavailable,
)
from server.forms.domain.record_types import Kind
from server.forms.store import forms
from server.grid.store import areas
from server.office import drafts, layout, pages, photos
from server.office.cases import act_forms, acting, assigning, case_facts, case_history, case_rows, faster
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.layout import signed_in
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.records.domain.records import Record
from server.records.domain.status import STAGE_LABELS, STAGE_OF, STATUS_LABELS, Stage, Status
from server.records.store import records, revisions
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.submissions.usecases.case_details import Photo
from server.web import context, observability
from server.web.problem_details import set_retry_after, status_of
from sync.flags import LABELS

blueprint = layout.create_blueprint("office-case", __name__)


@blueprint.get("/office/cases/<uuid:record_id>")
@signed_in
def case_page(record_id: UUID) -> Response:
    """Show a case. Raises NotFound, also for one out of the caller's scope, and for a record that is no case."""
    return _page(str(record_id))


@blueprint.get("/office/cases/<uuid:record_id>/panel")
@signed_in
def panel(record_id: UUID) -> Response:
    """Show a case beside a list, to a script that puts it there; anybody else gets its page."""
    if "HX-Request" not in request.headers:
        return pages.see_other(f"/office/cases/{record_id}")
    return _page(str(record_id))


@blueprint.post("/office/cases/<uuid:record_id>/acts/<action>")
@signed_in
def act(record_id: UUID, action: str) -> Response:
    """Carry out an act, and show the case as it then is; one that is refused comes back with all that was typed."""
    return _carry_out(str(record_id), action)


@blueprint.get("/office/cases/<uuid:record_id>/photos/<int:version>/<name>")
@signed_in
def photo(record_id: UUID, version: int, name: str) -> Response:
    """Show a photo of one version of a case."""
    with context.database().reading() as reading:
        return photos.send(reading, _case(reading, str(record_id), context.caller()), version, name)


@drafts.replays("/office/cases/<record_id>/acts/<action>")
def replay(arguments: Mapping[str, str], fields: Mapping[str, str]) -> Response:
    """Show the case again with what was typed into the form of an act before its author had to sign in."""
    action = arguments["action"]
    typed = assigning.with_handler(fields) if action == assigning.ACTION else fields
    sent = Sent(action, typed, {}, "您已重新登录；写的内容还在，看过再提交。")
    try:
        return _page(arguments["record_id"], sent)
    except NotFound as refusal:
        return acting.gone(fields, refusal)


def _carry_out(record_id: str, form: str) -> Response:
    """Carry out what a form asks for. form: the act, or the check, whose outcome is the act."""
    action = request.form.get(act_forms.OUTCOME, "") if form == act_forms.CHECK else form
    if form == act_forms.CHECK and action not in act_forms.OUTCOMES:
        fields = acting.inputs_sent("rework", request.form, {})
        faults = {act_forms.OUTCOME: act_forms.NOT_CHOSEN}
        return _page(record_id, Sent(form, fields, faults, act_forms.NOT_CHOSEN), 422)
    said = assigning.with_handler(request.form) if action == assigning.ACTION else request.form
    fields = acting.inputs_sent(action, said, {"helpers": request.form.getlist("helpers")})
    change = acting.asked(action, fields, request.form)
    by = context.caller()

    def back(refusal: Refusal) -> Response:
        typed = {**fields, act_forms.OUTCOME: action} if form == act_forms.CHECK else fields
        sent = acting.refused(form, typed, refusal, change.base_version)
        return _page(record_id, sent, status_of(refusal))

    try:
        acting.require_storable(fields)
        context.write(lambda tx: interactive.change(tx, record_id, change, by=by))
    except NotFound as refusal:
        return acting.gone(fields, refusal)
    except (Invalid, NotAllowed, StaleVersion, IllegalStep, Conflict) as refusal:
        return back(refusal)
    except (Unavailable, Busy, ShortOfMemory) as refusal:  # another time; what was typed stays
        observability.log_failure(refusal)
        page = back(refusal)
        set_retry_after(refusal, page)
        return page
    if "HX-Request" in request.headers:
        return _acted(record_id, action)
    return pages.see_other(f"/office/cases/{record_id}?done={action}")


def _acted(record_id: str, action: str) -> Response:
    """Answer a script with the case as it is now, and tell it what was done; gone from sight, with that alone."""
    try:
        response = _page(record_id)
    except NotFound as refusal:
        response = acting.gone({}, refusal)
        response.status_code = 200
    act = pages.say(layout.language(), workflow.STEP_OF[action].label)
    said = pages.say(layout.language(), "“{act}”已办好。", act=act)
    response.headers["HX-Trigger"] = json.dumps({"acted": {"id": record_id, "said": said}})  # in ASCII, as headers are
    return response


def _page(record_id: str, sent: Sent = NOTHING_SENT, status: int = 200) -> Response:
    """Answer with the page of a case, or, to a script that shows it beside a list or has sent a form, its body."""
    done = workflow.STEP_OF.get(request.args.get("done", "") if request.method == "GET" else "")
    with context.database().reading() as reading:
        values = {**shown(reading, record_id, sent), "done": "" if done is None else done.label}
        if "HX-Request" in request.headers:
            frame = {**layout.bare(), "is_panel": _is_beside_list()}
            return pages.respond("cases/body.html", layout.language(), {**frame, **values}, status)
        return layout.show(reading, "cases/case.html", layout.BOARD.key, {**values, "is_panel": False}, status)


def _is_beside_list() -> bool:
    return request.path.endswith("/panel") or "/office/board" in request.headers.get("HX-Current-URL", "")


def shown(reading: Reading, record_id: str, sent: Sent = NOTHING_SENT) -> dict[str, Any]:
    """Return what a case shows the caller, and let the audit know what of persons that was. Raises NotFound."""
    record = _case(reading, record_id, context.caller())
    mask = RecordMask(reading, context.caller())
    if mask.shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    return {
        "done": "",
        **_head(reading, record, mask),
        **_evidence(reading, record, mask, sent),
        **_choices(reading, record, mask, sent),
    }


def _head(reading: Reading, record: Record, mask: RecordMask) -> dict[str, Any]:
    """Return what a case is, and how it stands."""
    seen, status = _seen(record, mask), Status(record.status or "")
    place, hazard, _ = case_rows.told(reading, seen["label"], seen["fields"], layout.language())
    return {
        "record": record,
        "place": place,
        "hazard": hazard,
        "number": record.case_no or "",
        "pills": [LABELS[flag] for flag in record.flags if flag in LABELS],
        "status": STATUS_LABELS[status],
        "severity": case_facts.SEVERITIES.get(seen["fields"].get("severity", ""), ""),
        "area": areas.full_names(reading, [record.area]).get(record.area, record.area),
        "clock": case_rows.clock_of(status, record.due_at, reading.now),
        "group_text": group_text.of_case(reading, record),
    }


def _evidence(reading: Reading, record: Record, mask: RecordMask, sent: Sent) -> dict[str, Any]:
    """Return photos, facts and what was done, as the reader may see them."""
    history = mask.history(record, list(revisions.list_of(reading, record.id)))
    type = forms.catalogue(reading).types[record.type]
    people = display_names.of_people(reading, {each.author for each in history})
    came = {each.version: (pages.moment(each.received_at, reading.now), people[each.author]) for each in history}
    entries = case_history.entries(reading, type, history, layout.language())
    return {
        "stages": _stages(reading, record, history),
        "photos": [
            {**_photo(record, each), "came": " ".join(came[each.version])}
            for each in case_details.photos(reading, record)
        ],
        "faster": faster.told(reading, record, history, sent.base, sent.action) if not sent.faults else None,
        "facts": list(case_facts.told(reading, record, _seen(record, mask)["fields"])),
        "history": entries,
        "late": next((each for each in entries if each.is_late), None),
    }


def _choices(reading: Reading, record: Record, mask: RecordMask, sent: Sent) -> dict[str, Any]:
    """Return the forms of what the reader may do now, with what was typed into one of them."""
    by = context.caller()
    alike = {each.record.id: mask.label(each.record) for each in case_details.similar(reading, record, by)}
    offers = act_forms.Offers(reading, by, alike, layout.language())
    acts = act_forms.forms_of(record, todo_column.actions(reading, record, by), offers, sent)
    handled = record.case.processed_by if record.case is not None and record.status == Status.FEEDBACK else ()
    people = display_names.of_people(reading, handled)
    return {
        "checks": "、".join(people[name] for name in handled),
        "cannot_check": by.name in handled,
        "acts": acts,
        "assign": assigning.form_of(reading, record, by, sent) if _has(acts, assigning.ACTION) else None,
        "sent": sent,
        "kept": act_forms.not_offered(acts, offers, sent),
        "change_id": str(uuid4()),
        "similar": [{"label": label, "address": f"/office/cases/{id}"} for id, label in alike.items()],
    }


def _has(acts: Iterable[act_forms.ActForm], action: str) -> bool:
    return any(form.action == action for form in acts)


def _seen(record: Record, mask: RecordMask) -> dict[str, Any]:
    return mask.record({"label": record.label, "fields": dict(record.fields)}, record)


def _case(reading: Reading, record_id: str, by: Actor) -> Record:
    found = records.get(reading, record_id, by.scope)
    if found.kind is not Kind.CASE:
        raise NotFound("没有这个案件，或不在您的辖区。", record=record_id)
    return found


def _stages(reading: Reading, record: Record, history: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the five stages with the time at which each was first reached, and which is the present one."""
    reached: dict[Stage, str] = {}
    for revision in history:
        status = revision.diff.get("status", (None, None))[1]
        if status:
            reached.setdefault(STAGE_OF[Status(status)], revision.received_at)
    present = Stage(record.stage or Stage.COLLECT)
    return [
        {
            "word": STAGE_LABELS[stage],
            "at": pages.moment(reached[stage], reading.now) if stage in reached else "",
            "is_present": stage is present,
            "is_done": stage in reached,
        }
        for stage in Stage
    ]


def _photo(record: Record, photo: Photo) -> dict[str, Any]:
    is_after = photo.field in act_forms.FILES
    return {
        "tag": "整改后" if is_after else "整改前",
        "address": f"/office/cases/{record.id}/photos/{photo.version}/{quote(photo.name, safe='')}"
        if photo.is_here
        else "",
        "version": photo.version,
    }
