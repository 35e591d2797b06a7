"""Turns records, their revisions and the outcomes of changes into JSON objects of the API."""

from __future__ import annotations

from server.api.responses import Json
from server.cases.domain import workflow
from server.changes.usecases.recording import Outcome
from server.records.domain.records import Record, Revision
from server.records.store.record_lists import Listed


def record(found: Record | Listed) -> Json:
    """Return a record as lists and single answers show it."""
    return {
        "id": found.id,
        "type": found.type,
        "kind": found.kind,
        "area": found.area,
        "label": found.label,
        "version": found.version,
        "status": found.status,
        "stage": found.stage,
        "case_no": found.case_no,
        "assignee": found.assignee,
        "due_at": found.due_at,
        "closed_at": found.closed_at,
        "author": found.author,
        "fields": found.fields,
        "conflicts": found.conflicts,
        "flags": found.flags,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
    }


def outcome(found: Outcome) -> Json:
    """Return what became of a change."""
    return {
        "id": found.id,
        "verdict": found.verdict.value,
        "version": found.version,
        "record": None if found.record is None else record(found.record),
        "conflicts": found.conflicts,
        "problem": found.problem,
    }


def revision(found: Revision) -> Json:
    """Return a revision as a record's history shows it."""
    return {
        "version": found.version,
        "change": found.change,
        "action": found.action,
        "author": found.author,
        "verdict": found.verdict.value,
        "diff": dict(found.diff),
        "inputs": workflow.inputs_of(found.action, {name: write.new for name, write in found.received.items()}),
        "base_version": found.base_version,
        "origin": found.origin,
        "made_at": found.made_at,
        "observed_at": found.observed_at,
        "received_at": found.received_at,
        "form": found.form,
        "form_version": found.form_version,
        "submission": found.submission,
        "attachments": [each._asdict() for each in found.attachments],
    }
