"""Turns what the workflow remembers of a case, beside its record, into JSON objects."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from server.api.responses import Json
from server.cases.domain import similarity
from server.cases.usecases.suggesting import Suggestion
from server.records.domain import positions, premises
from server.records.domain.case import Assignment, Case, Request
from server.records.domain.records import Record
from server.records.usecases.disclosing import RecordMask
from server.submissions.usecases.case_details import Photo, SimilarCase


def case(found: Case, actions: tuple[str, ...], similar: list[Json], at: Json | None) -> Json:
    """Return a case as a record's single answer shows it.

    actions: what the caller may do with it now. similar: open cases that may be about the same hazard, as ``similar``
    has them. at: the premises that it is about, as ``premises_of`` has them; None for none.
    """
    facts = found.facts
    return {
        "actions": actions,
        "received_at": facts.received_at,
        "registered_at": facts.registered_at,
        "handle_due_at": facts.handle_due_at,
        "close_due_at": facts.close_due_at,
        "fed_back_at": facts.fed_back_at,
        "result_code": facts.result_code,
        "given": [_given(each) for each in found.assignments],
        "requests": [_request(each) for each in found.requests],
        "handled_by": found.processed_by,
        "checked": facts.checked,
        "reworked": facts.reworked,
        "extended": facts.extended,
        "returns": found.returns,
        "supervised": found.supervised,
        "major": found.major,
        "plan_due_at": found.plan_due_at,
        "review_due_at": found.review_due_at,
        "merged_into": found.merged_into,
        "recurrence_of": found.recurrence_of or None,
        "similar": similar,
        "premises": at,
    }


def premises_of(found: Record | None, mask: RecordMask) -> Json | None:
    """Return the premises that a case is about, as the caller sees them; None for none."""
    if found is None:
        return None
    return {
        "id": found.id,
        "label": mask.label(found),
        "state": found.fields.get(premises.STATE, ""),
        "closed_down": premises.is_closed_down(found.type, found.fields),
    }


def similar(found: SimilarCase, mask: RecordMask, handlers: Mapping[str, str]) -> Json:
    """Return an open case that may be about the same hazard, as the caller sees it.

    handlers: what each assignee is called. A position that is masked is not told by its distance either.
    """
    record = found.record
    seen = mask.record({"label": record.label, "fields": dict(record.fields)}, record)
    position = positions.read(seen["fields"].get(similarity.GEOMETRY, ""))
    return {
        "id": record.id,
        "label": seen["label"],
        "status": record.status,
        "case_no": record.case_no,
        "assignee": record.assignee,
        "handler": None if record.assignee is None else handlers.get(record.assignee, record.assignee),
        "due_at": record.due_at,
        "created_at": record.created_at,
        "same_place": found.is_same_place,
        "position": None if position is None else position._asdict(),
        "distance_m": None if position is None or found.distance_m is None else round(found.distance_m),
        "photo": None if found.photo is None else photo(found.record.id, found.photo),
    }


def suggestion(found: Suggestion) -> Json:
    """Return who might handle a case and until when, with the reasons."""
    return {
        "handlers": [
            {
                "assignee": each.candidate.mark,
                "name": each.candidate.name,
                "kind": each.candidate.kind,
                "area": each.candidate.area,
                "rule": each.why.name.lower(),
                "reason": each.reason,
                "in_hand": each.load,
            }
            for each in found.handlers
        ],
        "unreached": found.unreached or None,
        "due_on": found.due.day,
        "due_reason": found.due.reason,
    }


def photo(record: str, found: Photo) -> Json:
    """Return a file that the history of a record names; ``href`` is null while its bytes are under way (待补传)."""
    name = quote(found.address, safe="")
    address = f"records/{record}/attachments/{found.version}/{name}"
    if found.submission is not None:
        address = f"submissions/{found.submission}/attachments/{name}"
    href = f"/api/v1/{address}" if found.is_here else None
    return {
        "version": found.version,
        "field": found.field,
        "name": found.shown,
        "href": href,
        "damaged": found.is_damaged,
    }


def _given(given: Assignment) -> Json:
    return {
        "assignee": given.mark,
        "lead": given.lead,
        "since": given.since,
        "until": given.until,
        "fed_back_at": given.fed_back_at,
    }


def _request(request: Request) -> Json:
    return {
        "action": request.action,
        "author": request.author,
        "at": request.at,
        "until": request.until or None,
    }
