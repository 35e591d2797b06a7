"""Turns what the store keeps into the shapes of the wire, as plain dicts that orjson writes at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from server.cases.domain import workflow
from server.changes.usecases.recording import Outcome
from server.forms.domain.fields import Field
from server.forms.domain.record_types import RecordType
from server.forms.store.forms import Form
from server.forms.usecases.publish import Published
from server.grid.domain.areas import Area, code_of
from server.instants import BEGINNING, FOREVER, Instant
from server.people.domain import roles
from server.people.domain.actors import Actor, Duty
from server.people.domain.people import Body, FieldClient, Person, Phone
from server.records.domain.records import Record, Revision
from server.records.store.record_lists import Listed
from server.staffing.store.sent_items import Word
from server.submissions.store.submissions import Kept, KeptFile

Json = dict[str, Any]

_PHONE_NUMBER = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
_LONG_NUMBER = re.compile(r"(?<!\d)(\d{3})[\d -]*(\d{2})(?!\d)")


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


def record_type(found: RecordType) -> Json:
    """Return a record type with its fields."""
    return {
        "name": found.name,
        "title": found.title,
        "kind": found.kind.value,
        "fields": [_field(field) for field in found.fields.values()],
    }


def area(found: Area, at: Instant) -> Json:
    """Return a node of the grid, and whether it is in force at ``at``."""
    return {
        "code": found.code,
        "name": found.name,
        "level": found.level.value,
        "parent": found.parent,
        "path": found.path,
        "valid_from": _start(found.valid_from),
        "valid_to": _end(found.valid_to),
        "successor": found.successor,
        "in_force": found.in_force(at),
    }


def user(found: Person, at: Instant) -> Json:
    """Return a person with duties and phones. at: whose names of roles count."""
    return {
        "name": found.name,
        "display": found.display,
        "created_at": found.created_at,
        "revoked_at": found.revoked_at,
        "locked_until": found.locked_until,
        "duties": [duty(each, at) for each in found.duties],
        "phones": [phone(each) for each in found.phones],
    }


def caller(actor: Actor) -> Json:
    """Return who has signed in, with the duties in force."""
    duties = [duty(each, actor.at) for each in actor.current]
    return {"name": actor.name, "display": actor.display, "duties": duties}


def duty(found: Duty, at: Instant) -> Json:
    """Return a duty. at: whose name of the role counts."""
    return {
        "id": found.id,
        "role": found.role.value,
        "role_label": roles.label(found.role, at),
        "area": found.area,
        "body": found.body,
        "from": _start(found.starts_at),
        "to": _end(found.ends_at),
    }


def body(found: Body, contact: Callable[[str], str]) -> Json:
    """Return an organisation. contact: shows its contact in full or masked."""
    return {
        "code": found.code,
        "name": found.name,
        "kind": found.kind,
        "area": found.area,
        "contact": contact(found.contact),
    }


def masked(text: str) -> str:
    """Return ``text`` with its phone numbers masked: 13800000001 becomes 138****0001."""
    return _PHONE_NUMBER.sub(r"\1****\2", text)


def masked_contact(text: str) -> str:
    """Return a contact with every long number masked, landlines and numbers with blanks too."""
    return _LONG_NUMBER.sub(r"\1****\2", masked(text))


def form(found: Form) -> Json:
    """Return a form as lists show it."""
    definition = found.current.definition
    return {
        "id": found.id,
        "title": found.title,
        "state": found.state.value,
        "version": found.version,
        "record_type": None if definition.entity is None else definition.entity.dataset,
        "roles": list(definition.roles),
    }


def form_in_full(found: Form) -> Json:
    """Return a form with its versions and the files beside it."""
    versions = [
        {
            "version": each.version,
            "title": each.definition.title,
            "md5": each.md5,
            "published_at": each.published_at,
            "languages": list(each.definition.languages),
        }
        for each in found.versions.values()
    ]
    media = [{"name": each.name, "md5": each.md5, "size": each.size} for each in found.media.values()]
    return {**form(found), "versions": versions, "media": media}


def published(done: Published) -> Json:
    """Return what came of publishing a form."""
    return {
        "id": done.form_id,
        "version": done.version,
        "title": done.title,
        "added": done.added,
        "warnings": list(done.warnings),
    }


def submission(found: Kept) -> Json:
    """Return one version of a submission."""
    return {
        "id": found.id,
        "form": found.form,
        "form_version": found.form_version,
        "instance_id": found.instance_id,
        "root": found.root,
        "deprecates": found.deprecates,
        "current": bool(found.current),
        "receipt": found.receipt,
        "author": found.author,
        "area": area_at(found.path),
        "received_at": found.received_at,
        "device": found.device,
        "user_agent": found.user_agent,
        "instance_name": found.instance_name,
        "review_state": found.review_state,
        "files_expected": found.files_expected,
        "files_present": found.files_present,
    }


def attachment(found: KeptFile, served: KeptFile) -> Json:
    """Return a file of a submission. served: the content that the plain address of its name gives."""
    return {
        "name": found.name,
        "sha256": found.sha256,
        "size": found.size,
        "media_type": found.media_type,
        "expected": bool(found.expected),
        "carried": bool(found.carried),
        "served": found == served,
        "received_at": found.received_at,
    }


def _field(field: Field) -> Json:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "group": field.group,
        "merge": field.merge.value,
        "set_valued": field.set_valued,
    }


def phone(found: Phone) -> Json:
    """Return a phone key as the office sees it."""
    return {
        "id": found.id,
        "created_at": found.created_at,
        "revoked_at": found.revoked_at,
        "last_seen_at": found.last_seen_at,
        "device": found.device,
        "app_version": found.app_version,
    }


def field_client(found: FieldClient) -> Json:
    """Return a client of ours as the office sees it."""
    return {
        "device": found.device,
        "program": found.program,
        "seen_at": found.seen_at,
        "unsent": found.unsent,
    }


def decision(word: Word) -> Json:
    """Return what an officer decided about a problem; ``how`` is null while nobody did."""
    decided = word.settlement
    return {
        "how": None if decided is None else decided.how.value,
        "reason": "" if decided is None else decided.reason,
    }


def area_at(path: str) -> str | None:
    """Return the code of the area at ``path``; what a person without any duty sent belongs nowhere."""
    return code_of(path) if path else None


def _start(instant: Instant) -> Instant | None:
    return None if instant == BEGINNING else instant


def _end(instant: Instant) -> Instant | None:
    return None if instant == FOREVER else instant
