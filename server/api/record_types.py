"""Serve what is known of record types (台账): which forms write which field, and which villages have no record."""

from __future__ import annotations

from typing import Any

from flask import Response

from schemas.lists import page_of
from schemas.record_types import CoverageQuery, CoveredVillageSchema, FieldWritersSchema
from server import instants
from server.api import responses
from server.api.blueprints import create_blueprint
from server.db.transactions import Reading
from server.errors import NotFound
from server.forms.domain.record_types import RecordType
from server.forms.store import forms
from server.forms.usecases import ledger_forms
from server.records.usecases import coverage
from server.web import context

blueprint = create_blueprint("record-types", "台账的表单和覆盖 · forms and coverage of record types")


@blueprint.route("/record-types/<type_name>/fields")
@blueprint.response(200, page_of(FieldWritersSchema))
@blueprint.alt_response(404, success=False, description="no such record type")
def list_fields(type_name: str) -> Response:
    """List the fields of a record type, as its main form orders them, with the forms in use that write each."""
    with context.database().reading() as reading:
        type = _type(reading, type_name)
        listed = ledger_forms.layout(reading, type).fields
        items = [
            {
                "name": each.name,
                "label": type.label_of(each.name),
                "forms": [{"id": form.form_id, "title": form.title, "creates": form.creates} for form in each.writers],
            }
            for each in listed
        ]
    return responses.single_page(items)


@blueprint.route("/record-types/<type_name>/villages")
@blueprint.arguments(CoverageQuery, location="query")
@blueprint.response(200, page_of(CoveredVillageSchema))
@blueprint.alt_response(404, success=False, description="no such record type")
def list_villages(query: dict[str, Any], type_name: str) -> Response:
    """List the villages that the caller is shown, with how many records of the type each has, by code.

    `without=true` leaves out those that have one; `from` counts only what came in on that local day or later.
    """
    since = query.get("from_")
    with context.database().reading() as reading:
        type = _type(reading, type_name)
        first = None if since is None else instants.text(instants.parse(since.isoformat()))
        found = coverage.villages(reading, context.caller(), type.name, first)
    shown = [each for each in found if not (query.get("without") and each.records)]
    return responses.single_page(
        {
            "area": each.code,
            "name": each.name,
            "town": each.town_code,
            "town_name": each.town,
            "records": each.records,
        }
        for each in shown
    )


def _type(reading: Reading, name: str) -> RecordType:
    found = forms.catalogue(reading).types.get(name) if context.caller().current else None
    if found is None:
        raise NotFound(f"没有“{name}”这个台账。", type=name)
    return found
