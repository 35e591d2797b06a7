"""Answers which forms there are, in which versions, and what the records are made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from flask import Response, request

from schemas.forms import FormDetailSchema, FormQuery, FormSchema, FormStateRequestSchema, PublicationSchema
from schemas.lists import PageQuery, page_of
from schemas.records import RecordTypeSchema
from server.api import responses, serializers, uploads
from server.api.blueprints import door as make_door
from server.db.transactions import Reading
from server.forms.store import forms
from server.forms.store.forms import Catalogue, State
from server.forms.usecases import management
from server.web import context

door = make_door("forms", "表单与台账 · forms and record types")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD_BYTES_MAX = 50_000_000
"""Of one upload with all of its files, in bytes; each file has a limit of its own."""

UPLOAD = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["form"],
                "properties": {
                    "form": {
                        "type": "string",
                        "format": "binary",
                        "description": "XLSForm (.xlsx, .xls, .csv, .md) or XForm (.xml), told by the file's name",
                    },
                    "media": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "lists, pictures and other files that the form needs, under their own names",
                    },
                },
            }
        }
    },
}


@door.route("/forms")
@door.arguments(FormQuery, location="query")
@door.response(200, page_of(FormSchema))
def list_forms(query: dict[str, Any]) -> Response:
    """List forms by id."""
    with context.database().reading() as reading:
        known = _shown(reading)
    wanted = [form for id, form in sorted(known.forms.items()) if query.get("state") in (None, form.state.value)]
    return _page(query, wanted, [form.id for form in wanted], serializers.forms.form)


@door.route("/forms/<form_id>")
@door.response(200, FormDetailSchema)
@door.alt_response(404, success=False, description="unknown")
def get_form(form_id: str) -> Response:
    """Get one form with every version ever published."""
    with context.database().reading() as reading:
        return responses.json(
            serializers.forms.form_in_full(management.get_visible(reading, form_id, context.caller()))
        )


@door.route("/forms/<form_id>/versions/<version>.xml")
@door.response(200, {"type": "string"}, content_type="text/xml")
@door.alt_response(404, success=False, description="unknown")
def get_form_xml(form_id: str, version: str) -> Response:
    """Get the XForm of one version, as phones are given it."""
    with context.database().reading() as reading:
        form = management.get_visible(reading, form_id, context.caller())
        content = forms.xml(reading, form_id, version)
        tag = form.versions[version].md5
    response = responses.as_sent(content, f"{form_id}.xml")
    response.set_etag(tag)
    response.make_conditional(request)
    return response


@door.route("/forms/<form_id>/versions/<version>.xlsx")
@door.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
@door.alt_response(404, success=False, description="unknown, or published from something else than a spreadsheet")
def get_form_workbook(form_id: str, version: str) -> Response:
    """Get one version as an Excel workbook, to go on from."""
    with context.database().reading() as reading:
        content = management.workbook(reading, form_id, version, by=context.caller())
    return responses.download(content, XLSX, f"{form_id}.xlsx")


@door.route("/forms", methods=("POST",))
@door.doc(requestBody=UPLOAD)
@door.response(201, PublicationSchema)
@door.alt_response(200, schema=PublicationSchema, description="this very version is there already")
@door.alt_response(403, success=False, description="only who configures the county may publish")
@door.alt_response(422, success=False, description="refused; `errors` lists sheet, row, column, message and cure")
def publish_form() -> Response:
    """Publish a version of a form with the files beside it; no form is half published."""
    by = context.caller()
    management.require_right(by)  # before the body is read
    request.max_content_length = UPLOAD_BYTES_MAX
    name, source, media = uploads.form_of(request.files)
    done = management.publish(context.database(), source, name, media, by=by)
    return responses.json(serializers.forms.published(done), 201 if done.added else 200)


@door.route("/forms/<form_id>", methods=("PATCH",))
@door.arguments(FormStateRequestSchema)
@door.response(200, FormSchema)
@door.alt_response(404, success=False, description="unknown")
def turn_form(asked: dict[str, str], form_id: str) -> Response:
    """List a form, wind it down, or close it; what is sent to a closed form is kept for the office."""
    state, by = State(asked["state"]), context.caller()
    form = context.write(lambda tx: management.set_state(tx, form_id, state, by=by))
    return responses.json(serializers.forms.form(form))


@door.route("/record-types")
@door.arguments(PageQuery, location="query")
@door.response(200, page_of(RecordTypeSchema))
def list_record_types(query: dict[str, Any]) -> Response:
    """List record types with their fields, by name."""
    with context.database().reading() as reading:
        types = _shown(reading).types
    names = sorted(types)
    return _page(query, [types[name] for name in names], names, serializers.forms.record_type)


def _shown(reading: Reading) -> Catalogue:
    """Return the catalogue for callers with a duty in force; who has left is shown nothing."""
    return forms.catalogue(reading) if context.caller().current else Catalogue({}, {}, {})


def _page(query: dict[str, Any], items: Sequence[Any], marks: Sequence[str], shape: Any) -> Response:
    after = responses.mark_of(query.get("cursor")) or ""
    left = ((mark, item) for mark, item in zip(marks, items, strict=True) if mark > after)
    found = list(islice(left, query["limit"] + 1))
    return responses.page(found, query["limit"], lambda each: shape(each[1]), lambda each: each[0])
