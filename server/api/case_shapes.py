"""Shows what the workflow remembers of a case, beside the record that it is."""

from __future__ import annotations

from server.api.shapes import Json
from server.domain.cases import Case, Given, Request


def case(found: Case, actions: tuple[str, ...]) -> Json:
    """Return a case as a record's single answer shows it. actions: what the caller may do with it now."""
    facts = found.facts
    return {
        "actions": actions,
        "received_at": facts.received_at,
        "registered_at": facts.registered_at,
        "handle_due_at": facts.handle_due_at,
        "close_due_at": facts.close_due_at,
        "fed_back_at": facts.fed_back_at,
        "result_code": facts.result_code,
        "given": [_given(each) for each in found.given],
        "requests": [_request(each) for each in found.requests],
        "handled_by": found.hands,
        "checked": facts.checked,
        "reworked": facts.reworked,
        "extended": facts.extended,
        "returns": found.returns,
        "supervised": found.supervised,
        "major": found.major,
        "plan_due_at": found.plan_due_at,
        "merged_into": found.into,
    }


def _given(given: Given) -> Json:
    return {"assignee": given.mark, "lead": given.lead, "since": given.since, "until": given.until}


def _request(request: Request) -> Json:
    return {
        "action": request.action,
        "author": request.author,
        "at": request.at,
        "until": request.until or None,
    }
