"""Turns problems, and what one needs to settle them, into JSON objects."""

from __future__ import annotations

from urllib.parse import quote

from server.api.blueprints import PREFIX
from server.api.responses import Json
from server.api.serializers.grid import area_at
from server.problems.domain.settlements import Settlement
from server.problems.store.problems import StoredProblem
from server.settlement.usecases.details import ConflictedField, ProblemDetails, Value
from server.staffing.store.sent_items import ProblemNotice
from server.submissions.usecases.masked_answers import ShownFile
from sync.changes import Change


def problem(found: StoredProblem) -> Json:
    """Return something to settle."""
    return {
        "id": found.id,
        "kind": found.kind,
        "area": area_at(found.path),
        "message": found.message,
        "record": found.record,
        "type": found.type,
        "submission": found.submission,
        "kept_body": found.kept_body,
        "change": found.change,
        "author": found.author,
        "detail": dict(found.detail),
        "created_at": found.created_at,
        "settled_at": found.settled_at,
        "settled_by": found.settled_by,
        "settlement": None if found.settlement is None else _settlement(found.settlement),
    }


def in_full(view: ProblemDetails) -> Json:
    """Return a problem with all that one needs to settle it."""
    return {
        **problem(view.problem),
        "author_display": view.author_display,
        "ways": [how.value for how in view.ways],
        "label": None if view.record is None else view.record.label,
        "version": None if view.record is None else view.record.version,
        "verdict": None if view.verdict is None else view.verdict.value,
        "fields": [_field(each) for each in view.fields],
        "asked": None if view.unapplied_change is None else _change(view.unapplied_change),
    }


def decision(notice: ProblemNotice) -> Json:
    """Return what an officer decided about a problem; ``how`` is null while nobody did."""
    decided = notice.settlement
    return {
        "how": None if decided is None else decided.how.value,
        "reason": "" if decided is None else decided.reason,
    }


def _settlement(found: Settlement) -> Json:
    return {
        "how": found.how.value,
        "by": found.by,
        "at": found.at,
        "reason": found.reason,
        "choices": dict(found.choices),
        "version": found.version,
    }


def _field(found: ConflictedField) -> Json:
    return {
        "name": found.name,
        "label": found.label,
        "open": found.is_open,
        "values": [_value(each) for each in found.values],
        "apart_m": _metres(found.apart_m),
    }


def _value(found: Value) -> Json:
    return {
        "version": found.head.version,
        "value": found.head.value,
        "shown": found.is_shown,
        "author": found.author,
        "display": found.display,
        "origin": found.head.origin,
        "device": found.device,
        "made_at": found.made_at,
        "observed_at": found.head.observed_at,
        "received_at": found.received_at,
        "submission": found.submission,
        "form": found.form,
        "position": None if found.position is None else found.position._asdict(),
        "from_record_m": _metres(found.from_record_m),
        "photos": [_photo(found.submission, file) for file in found.photos],
    }


def _photo(submission: str | None, photo: ShownFile) -> Json:
    url = f"{PREFIX}/submissions/{submission}/attachments/{quote(photo.address, safe='')}"
    return {"name": photo.name, "media_type": photo.file.media_type, "url": url}


def _change(change: Change) -> Json:
    return {
        "action": change.action,
        "fields": {name: list(write) for name, write in change.fields.items()},
        "base_version": change.base_version,
        "made_at": None if change.made_at is None else change.made_at.isoformat(),
    }


def _metres(distance: float | None) -> float | None:
    """Return metres to a tenth: a phone knows its place no better than that."""
    return None if distance is None else round(distance, 1)
