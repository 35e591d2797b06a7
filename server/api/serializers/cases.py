"""Turns what the workflow remembers of a case, beside its record, into JSON objects."""

from __future__ import annotations

from urllib.parse import quote

from server.api.responses import Json
from server.records.domain.case import Assignment, Case, Request
from server.records.domain.records import Record
from server.submissions.usecases.case_details import Photo


def case(found: Case, actions: tuple[str, ...], similar: list[tuple[Record, str]]) -> Json:
    """Return a case as a record's single answer shows it.

    actions: what the caller may do with it now. similar: open cases that may be about the same hazard, each with its
    label as the caller sees it.
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
        "merged_into": found.merged_into,
        "similar": [{"id": each.id, "label": label, "status": each.status} for each, label in similar],
    }


def photo(found: Photo) -> Json:
    """Return a file that the history names; ``href`` is null while its bytes are under way (照片待补传)."""
    href = f"/api/v1/submissions/{found.submission}/attachments/{quote(found.name)}" if found.is_here else None
    return {"version": found.version, "field": found.field, "name": found.name, "href": href}


def _given(given: Assignment) -> Json:
    return {"assignee": given.mark, "lead": given.lead, "since": given.since, "until": given.until}


def _request(request: Request) -> Json:
    return {
        "action": request.action,
        "author": request.author,
        "at": request.at,
        "until": request.until or None,
    }
