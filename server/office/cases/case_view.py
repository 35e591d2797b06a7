"""What the page of one case shows: how it stands, its evidence, what the reader may do now, its facts and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from server.cases.domain import papers, workflow
from server.cases.usecases import group_text, requests, todo_column
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import Kind
from server.forms.store import codes
from server.grid.store import areas
from server.office import layout, pages
from server.office import problem_kinds as kinds
from server.office.cases import act_forms, act_photos, acting, assigning, case_facts, case_history, case_rows, faster
from server.office.cases.act_forms import NOTHING_SENT, Sent
from server.office.cases.case_history import Entry
from server.office.photos import thumbnail
from server.people.domain import rights
from server.people.domain.actors import Actor
from server.people.store import display_names
from server.problems.domain.problems import ProblemKind
from server.problems.store import problems
from server.records.domain import severity
from server.records.domain.case_steps import CHECKS
from server.records.domain.records import Record, Revision
from server.records.domain.status import ENDED, STAGE_LABELS, STAGE_OF, STATUS_LABELS, Stage, Status
from server.records.store import records, revisions
from server.records.usecases import reveal
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases import case_details
from server.submissions.usecases.case_details import Photo
from server.web import context, record_exports, repeatable
from sync.changes import CREATING, Verdict
from sync.flags import LABELS

NOTHING_REVEALED: Mapping[str, str] = {}
PROBLEMS_MOST = 20
AFTER = frozenset({*act_forms.FILES, "photo_after"})
"""Fields whose photos show a hazard put right."""


def find(reading: Reading, record_id: str, by: Actor) -> Record:
    """Return a case that ``by`` may see. Raises NotFound, also for a record that is no case."""
    found = records.get(reading, record_id, by.scope)
    if found.kind is not Kind.CASE:
        raise NotFound("没有这个案件，或不在您的辖区。", record=record_id)
    return found


def shown(
    reading: Reading, record_id: str, sent: Sent = NOTHING_SENT, revealed: Mapping[str, str] = NOTHING_REVEALED
) -> dict[str, Any]:
    """Return what a case shows the caller, and let the audit know what of persons that was. Raises NotFound.

    sent: a form that was not carried out. revealed: masked fields that the caller has just asked to see whole.
    """
    record = find(reading, record_id, context.caller())
    mask = RecordMask(reading, context.caller())
    if mask.shows_persons_of(record):
        context.audit_read("personal.read", record.id, {"types": [record.type]}, [record.id])
    return {
        "done": "",
        "done_before": "",
        "undo": "",
        **_head(reading, record, mask),
        **_evidence(reading, record, mask, sent),
        **_choices(reading, record, mask, sent),
        "facts": list(case_facts.told(reading, record, mask, revealed)),
        "may_reveal": reveal.may_reveal(context.caller(), record),
        "papers": _papers(record),
        "around": _around(reading, record, mask),
        "problems": _problems(reading, record),
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
        "severity": _severity(record, seen["fields"]),
        "area": areas.full_names(reading, [record.area]).get(record.area, record.area),
        "clock": case_rows.clock_of(status, record.due_at, reading.now),
        "group_text": group_text.of_case(reading, record),
    }


def _severity(record: Record, fields: Mapping[str, str]) -> str:
    is_major = record.case is not None and record.case.major
    return case_facts.SEVERITIES.get(severity.of_case(fields.get(severity.FIELD), is_major=is_major) or "", "")


def _evidence(reading: Reading, record: Record, mask: RecordMask, sent: Sent) -> dict[str, Any]:
    """Return photos and what was done, as the reader may see them."""
    history = mask.history(record, list(revisions.list_of(reading, record.id)))
    entries = case_history.entries(reading, record, history, mask, layout.language())
    made, told = {each.version: each for each in history}, {each.version: each for each in entries}
    photos = case_details.photos(reading, record, mask)
    return {
        "stages": _stages(reading, record, history),
        "photos": [_photo(record, each, made[each.version], told[each.version]) for each in photos],
        "may_export": record_exports.may_export(context.caller()) and any(each.is_here for each in photos),
        "no_photo": _no_photo(reading, record),
        "faster": _faster(reading, record, history, sent),
        "history": entries,
        "late": next((each for each in entries if each.is_late), None),
    }


def _faster(reading: Reading, record: Record, history: list[Revision], sent: Sent) -> faster.Faster | None:
    """Return who was faster than a form that came too late; None where something else is wrong with it."""
    if sent.faults or sent.said == acting.SENT_BEFORE:
        return None
    return faster.told(reading, record, history, sent.base, sent.action)


def _choices(reading: Reading, record: Record, mask: RecordMask, sent: Sent) -> dict[str, Any]:
    """Return the forms of what the reader may do now, with what was typed into one of them."""
    by = context.caller()
    alike = {each.record.id: mask.label(each.record) for each in case_details.similar(reading, record, by)}
    offers = act_forms.Offers(reading, by, alike, layout.language())
    actions = todo_column.actions(reading, record, by)
    grants = {
        action: {name: mask.text_of(record, value) for name, value in asked.items()}
        for action, asked in requests.grants_of(reading, record).items()
    }
    acts = act_forms.forms_of(record, actions, offers, sent, grants)
    handled = _handled_by(record)
    called = display_names.of_assignees(reading, handled)
    return {
        "checks": "、".join(called[mark] for mark in handled),
        "cannot_check": "close" not in actions and not handled.keys().isdisjoint(by.scope.assignees),
        "acts": acts,
        "assign": assigning.form_of(reading, record, by, sent) if _has(acts, assigning.ACTION) else None,
        "sent": sent,
        "kept_photos": act_photos.shown(sent.photos, by.name),
        "kept": act_forms.not_offered(acts, offers, sent),
        "change_id": repeatable.sent_once_more("change") or str(uuid4()),
        "similar": [{"label": label, "address": f"/office/cases/{id}"} for id, label in alike.items()],
    }


def _handled_by(record: Record) -> dict[str, None]:
    """Return the marks of those who may not check what was fed back, in their order; nobody while nothing is."""
    if record.case is None or record.status != Status.FEEDBACK:
        return {}
    hands = (name if name.startswith("body:") else f"user:{name}" for name in record.case.processed_by)
    return dict.fromkeys((*hands, *record.case.marks))


def _has(acts: Iterable[act_forms.ActForm], action: str) -> bool:
    return any(form.action == action for form in acts)


def _papers(record: Record) -> list[tuple[str, str]]:
    """Return the title and the address of each paper that the reader may issue about a case."""
    issued = papers.issued_by(context.caller(), record)
    return [(each.title, f"/office/cases/{record.id}/print/{each.key}") for each in issued]


def _around(reading: Reading, record: Record, mask: RecordMask) -> list[dict[str, Any]]:
    """Return the other cases of the same place: those that are open, and those of the last 90 days."""
    return [
        {
            "label": mask.label(each),
            "address": f"/office/cases/{each.id}",
            "status": STATUS_LABELS[Status(each.status or "")],
            "day": pages.moment(each.created_at, reading.now),
            "is_open": each.status not in ENDED,
            "is_again": case_details.is_recurrence(record, each),
        }
        for each in case_details.at_same_place(reading, record, context.caller())
    ]


def _problems(reading: Reading, record: Record) -> list[dict[str, str]]:
    """Return the open problems about a case that the reader may settle, the oldest first."""
    scope = rights.scope_for(context.caller(), "problem", "settle")
    if not scope.places:
        return []
    found = problems.list_filed(
        reading, scope, filters={"record": record.id}, settled="open", bounds=None, before=None, limit=PROBLEMS_MOST,
        oldest_first=True,
    )  # fmt: skip
    return [
        {
            "word": kinds.WORDS[ProblemKind(each.kind)].title,
            "kind": each.kind,
            "address": f"/office/problems?problem={each.id}",
        }
        for each in found
    ]


def _seen(record: Record, mask: RecordMask) -> dict[str, Any]:
    return mask.record({"label": record.label, "fields": dict(record.fields)}, record)


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


def _photo(record: Record, photo: Photo, revision: Revision, entry: Entry) -> dict[str, Any]:
    at = f"/office/cases/{record.id}/photos/{photo.version}"
    address = f"{at}/{quote(photo.address, safe='')}" if photo.is_here else ""
    return {
        "tag": _tag(photo, revision),
        "address": address,
        "thumbnail": thumbnail(address),
        "is_damaged": photo.is_damaged,
        "version": photo.version,
        "came": f"{entry.at} {entry.who}",
        "verb": entry.verb,
        "original": f"/office/cases/{record.id}/submissions/{entry.version}" if entry.submission else "",
    }


def _tag(photo: Photo, revision: Revision) -> str:
    """Return what a photo shows, by what it came with."""
    if revision.verdict in (Verdict.RECORDED, Verdict.QUARANTINED):
        return "迟到"
    if revision.action in CHECKS:
        return "核查"
    scan = revision.received.get(workflow.SCAN)
    if scan is not None and scan.new == photo.name:
        return "回复件"
    if photo.field in AFTER or revision.action in ("feedback", "file_reply"):
        return "整改后"
    return "整改前" if revision.action in CREATING else "补充"


def _no_photo(reading: Reading, record: Record) -> str:
    """Return why who reported a hazard sent no photo of it, empty where they do not say."""
    code = record.fields.get("no_photo_reason", "")
    entry = codes.current(reading, act_forms.NO_PHOTO_REASONS, code) if code else None
    return code if entry is None else pages.code_label(entry, layout.language())
