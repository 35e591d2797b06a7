"""Answers which forms there are, in which versions, and what the records are made of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from flask import Response, request

from schemas.forms import FormDetailSchema, FormQuery, FormSchema
from schemas.lists import PageQuery, page_of
from schemas.records import RecordTypeSchema
from server import context
from server.api import answers, shapes
from server.api.door import door as make_door
from server.domain.errors import FormUnknown
from server.store import forms
from server.store.database import Reading
from server.store.forms import Catalogue, Form

door = make_door("forms", "表单与台账 · forms and record types")


@door.route("/forms")
@door.arguments(FormQuery, location="query")
@door.response(200, page_of(FormSchema))
def list_forms(query: dict[str, Any]) -> Response:
    """List forms by id."""
    with context.database().reading() as reading:
        known = _shown(reading)
    wanted = [form for id, form in sorted(known.forms.items()) if query.get("state") in (None, form.state.value)]
    return _page(query, wanted, [form.id for form in wanted], shapes.form)


@door.route("/forms/<form_id>")
@door.response(200, FormDetailSchema)
@door.alt_response(404, success=False, description="unknown")
def get_form(form_id: str) -> Response:
    """Get one form with every version ever published."""
    with context.database().reading() as reading:
        return answers.json(shapes.form_in_full(_form(reading, form_id)))


@door.route("/forms/<form_id>/versions/<version>.xml")
@door.response(200, {"type": "string"}, content_type="text/xml")
@door.alt_response(404, success=False, description="unknown")
def get_form_xml(form_id: str, version: str) -> Response:
    """Get the XForm of one version, as phones are given it."""
    with context.database().reading() as reading:
        form = _form(reading, form_id)
        content = forms.xml(reading, form_id, version)
        tag = form.versions[version].md5
    response = answers.as_sent(content, f"{form_id}.xml")
    response.set_etag(tag)
    response.make_conditional(request)
    return response


@door.route("/record-types")
@door.arguments(PageQuery, location="query")
@door.response(200, page_of(RecordTypeSchema))
def list_record_types(query: dict[str, Any]) -> Response:
    """List record types with their fields, by name."""
    with context.database().reading() as reading:
        types = _shown(reading).types
    names = sorted(types)
    return _page(query, [types[name] for name in names], names, shapes.record_type)


def _shown(reading: Reading) -> Catalogue:
    """Return the catalogue for callers with a duty in force; who has left is shown nothing."""
    return forms.catalogue(reading) if context.caller().current else Catalogue({}, {}, {})


def _form(reading: Reading, form_id: str) -> Form:
    form = _shown(reading).forms.get(form_id)
    if form is None:
        raise FormUnknown(f"没有表单“{form_id}”；请检查表单编号 (form_id)。", form=form_id)
    return form


def _page(query: dict[str, Any], items: Sequence[Any], marks: Sequence[str], shape: Any) -> Response:
    after = answers.mark_of(query.get("cursor")) or ""
    left = ((mark, item) for mark, item in zip(marks, items, strict=True) if mark > after)
    found = list(islice(left, query["limit"] + 1))
    return answers.page(found, query["limit"], lambda each: shape(each[1]), lambda each: each[0])
