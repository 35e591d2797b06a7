"""Turns forms and record types into JSON objects."""

from __future__ import annotations

from server.api.responses import Json
from server.forms.domain.fields import Field
from server.forms.domain.record_types import RecordType
from server.forms.store.forms import Form
from server.forms.usecases.publish import Published


def form(found: Form) -> Json:
    """Return a form as lists show it."""
    definition = found.current.definition
    return {
        "id": found.id,
        "title": found.title,
        "state": found.state.value,
        "version": found.version,
        "record_type": next(iter(definition.datasets), None),
        "record_types": list(definition.datasets),
        "roles": list(definition.roles),
        "draft_of": None if found.draft is None else found.draft.live,
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


def record_type(found: RecordType) -> Json:
    """Return a record type with its fields."""
    return {
        "name": found.name,
        "title": found.title,
        "kind": found.kind.value,
        "fields": [_field(field) for field in found.fields.values()],
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
